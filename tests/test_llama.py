"""llama-index both ways: our parts in its pipelines, its readers in ours; never its global settings."""

from collections.abc import Iterator
from pathlib import Path

import llama_index.core
import pytest
from article_assistant.index.chunk import Splitter, split
from article_assistant.index.embed import MiniLM
from article_assistant.index.reading.documents import articles
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE
from article_assistant.llama import QueryEngine
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.types import User
from llama_index.core import SimpleDirectoryReader, VectorStoreIndex
from llama_index.core.ingestion import IngestionPipeline
from llama_index.core.llms import MockLLM
from llama_index.core.query_engine import RetrieverQueryEngine
from llama_index.core.response_synthesizers import get_response_synthesizer
from llama_index.core.schema import Document, TextNode

from tests.parts import Words, update, write
from tests.writers import Scripted

ALL = frozenset({EVERYONE})
TEXT = "# Trips\n\nTobias approves trips.\n\n# Leave\n\nMia approves leave."


@pytest.fixture(autouse=True)
def global_settings_untouched(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A key in the environment would be an invitation; nothing may take it up."""
    monkeypatch.setenv("OPENAI_API_KEY", "not a key")
    yield
    settings = llama_index.core.Settings
    assert settings._llm is None
    assert settings._embed_model is None


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    update(opened, write(tmp_path / "docs", {"rules.md": TEXT}))
    yield opened
    opened.close()


def test_the_splitter_is_a_node_parser() -> None:
    """In an ingestion pipeline our splitter gives nodes of one chunk each, at their place."""
    document = Document(text=TEXT, metadata={"title": "Rules", "wiki": "ours"})
    nodes = IngestionPipeline(transformations=[Splitter(Words())]).run(documents=[document])
    assert [node.get_content() for node in nodes] == [
        "# Trips\n\nTobias approves trips.",
        "# Leave\n\nMia approves leave.",
    ]
    for node in nodes:
        assert isinstance(node, TextNode)
        assert TEXT[node.start_char_idx : node.end_char_idx] == node.text
        assert node.metadata["wiki"] == "ours"
        assert node.ref_doc_id == document.doc_id
    assert [node.metadata["heading"] for node in nodes] == ["Trips", "Leave"]


def test_the_embedder_is_an_embed_model() -> None:
    """A vector store index of llama-index finds with our encoder, without an LLM."""
    nodes = Splitter(Words()).get_nodes_from_documents([Document(text=TEXT)])
    store = VectorStoreIndex(nodes, embed_model=MiniLM())
    (found,) = store.as_retriever(similarity_top_k=1).retrieve("Who says yes to a journey?")
    assert "Tobias" in found.node.get_content()


def test_the_index_is_a_retriever(index: Index) -> None:
    """A query engine of llama-index reads from our index, with the LLM it was given, for the groups it was given."""
    llm = MockLLM()
    engine = RetrieverQueryEngine(index.as_retriever(ALL, k=2), get_response_synthesizer(llm=llm))
    response = engine.query("Who approves trips?")
    assert "Tobias approves trips." in str(response)
    first = response.source_nodes[0]
    assert first.metadata["article"] == "docs/rules.md"
    assert isinstance(first.node, TextNode)
    assert TEXT[first.node.start_char_idx : first.node.end_char_idx] == first.node.text
    assert index.as_retriever(frozenset()).retrieve("Who approves trips?") == []


def test_articles_come_from_any_reader(index: Index, tmp_path: Path) -> None:
    """What a llama-index reader reads is split, indexed and found like a file, for the groups named."""
    folder = write(tmp_path / "more", {"pears.txt": "Pears are green.", "figs.txt": "Figs are blue."})
    documents = [*SimpleDirectoryReader(str(folder)).load_data(), Document(text=" "), Document(text="Odd \0 one.")]
    read = list(articles(documents, "reader", frozenset({"cooks"})))
    assert [(article.title, article.text) for article in read] == [
        ("figs.txt", "Figs are blue."), ("pears.txt", "Pears are green."), ("", "Odd  one.")
    ]  # fmt: skip
    assert all(article.id.startswith("reader/") for article in read)
    with index.library.writing():
        source = index.library.ledger.add("llama-index", "reader")
        index.replace(source, [(article, article.revision, split(article, index.embedder)) for article in read])
        index.publish()
    assert index.find("Which are blue?", frozenset({"cooks"}), 1)[0].article.title == "figs.txt"
    assert not any(hit.article.title == "figs.txt" for hit in index.find("Which are blue?", ALL, 10))


def test_metadata_of_a_document_becomes_that_of_the_article() -> None:
    """Title, address and date as readers name them; an address that is no link is none."""
    facts = {
        "title": "Rules",
        "url": "https://wiki.example.org/Rules",
        "updated": "2024-02-01",
        "last_modified_date": "2025-01-01",
    }
    (one,) = articles([Document(text="Text.", metadata=facts, id_="7")], "wiki", ALL)
    assert (one.id, one.title, one.url, one.updated) == (
        "wiki/7",
        "Rules",
        "https://wiki.example.org/Rules",
        "2024-02-01",
    )
    assert one.groups == ALL
    (other,) = articles([Document(text="Text.", metadata={"source": "javascript:alert(1)"})], "wiki", ALL)
    assert (other.url, other.updated) == ("", None)


def test_the_assistant_is_a_query_engine(index: Index, memory: Memory) -> None:
    """A response has the answer's words, and the citations as source nodes; a refusal has none."""
    engine = QueryEngine(Assistant(index, Scripted("Tobias approves trips.", None), memory), User("mia", ALL))
    response = engine.query("Who approves trips?")
    assert str(response) == "Tobias approves trips. [1]"
    (node,) = response.source_nodes
    assert isinstance(node.node, TextNode)
    assert node.node.text == "Tobias approves trips." == TEXT[node.node.start_char_idx : node.node.end_char_idx]
    assert node.metadata["article"] == "docs/rules.md"
    refused = engine.query("Who approves zeppelins?")
    assert refused.source_nodes == []
    assert refused.metadata == {"answered": False, "short": None, "mode": "refused"}
