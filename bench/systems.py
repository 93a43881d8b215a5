"""The systems that are measured: ours, and two ways people build the same thing today.

All use the same encoder, all-MiniLM-L6-v2, from the same folder, on the processor. None uses a
reranker. Making a system loads its modules and its model; only `index` and `search` are its work.
"""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from article_assistant.index import embed
from article_assistant.index.chunk import passage, split
from article_assistant.index.generation import Generation
from article_assistant.index.keyword import asked_terms
from article_assistant.index.schema import Candidate
from article_assistant.index.search import Index
from article_assistant.index.sync import Progress, sync

from bench.peers import load_modules
from bench.score import Passage, Piece

FILE_LIMIT = 50_000_000
"""Bytes of the largest file that ours reads, as its setting has it by default."""


class System(Protocol):
    """What is asked of each: index a folder once, then find."""

    limit: int
    """Tokens that the encoder reads of a passage in this system, its own two included."""

    def index(self, folder: Path, home: Path) -> None:
        """Read, split, embed and store the files of `folder` in the new folder `home`, ready to search."""

    def search(self, questions: Sequence[str], k: int) -> Iterator[list[Piece]]:
        """The best `k` pieces for each question, best first."""

    def passages(self) -> Iterator[Passage]:
        """What the encoder was given, article by article in the order of its text."""

    def close(self) -> None:
        """Let go of files and memory."""


def make(name: str) -> System:
    """The system of this name: ours, tutorial, tutorial 256, txtai, txtai titles; its model is loaded."""
    load_modules(name)
    match name:
        case "ours":
            return Ours()
        case "tutorial":
            return Tutorial(None)
        case "tutorial 256":
            return Tutorial(256)
        case "txtai":
            return Txtai(titles=False)
        case "txtai titles":
            return Txtai(titles=True)
    raise ValueError(f"no system is called {name!r}")


class Ours:
    """The index as the product uses it, and each of its two searches alone."""

    def __init__(self) -> None:
        self._embedder = embed.load()
        self._embedder.question("warm")
        self.limit = self._embedder.limit
        self.committed = 0.0
        """When all was committed, by `time.perf_counter`."""

    def index(self, folder: Path, home: Path) -> None:
        self.opened = Index.open(home / "library", self._embedder)

        def told(progress: Progress) -> None:
            if not progress.doing:  # a batch is stored
                self.committed = time.perf_counter()

        sync([str(folder)], self.opened, FILE_LIMIT, told)

    def search(self, questions: Sequence[str], k: int) -> Iterator[list[Piece]]:
        for question in questions:
            hits = self.opened.find(question, None, k)
            yield [Piece(hit.article.id, hit.article.title, hit.chunk.text) for hit in hits]

    def search_words(self, questions: Sequence[str], k: int) -> Iterator[list[Piece]]:
        """BM25 alone."""
        generation = self._generation()
        for question in questions:
            yield self._pieces([number for number, _ in generation.best(asked_terms(question), None, k)])
        generation.close()

    def search_vectors(self, questions: Sequence[str], k: int) -> Iterator[list[Piece]]:
        """The vectors of the chunks alone, as the nearest-neighbour index orders them."""
        generation = self._generation()
        for question in questions:
            near = generation.vectors.nearest(self._embedder.question(question), k)
            yield self._pieces([number for number, _ in near])
        generation.close()

    def passages(self) -> Iterator[Passage]:
        for article in self.opened.library.articles(None):
            for chunk in split(article, self._embedder):
                place, _, _ = passage(article.title, chunk)[0].partition("\n")
                yield Passage(Path(article.id).name, place, chunk.text)

    def encoder_alone(self) -> float:
        """Seconds that the encoder alone takes for the same chunks, given as tokens, the longest first."""
        encoder = self._embedder
        assert isinstance(encoder, embed.MiniLM)
        texts = [f"{one.before}\n{one.text}" for one in self.passages()]
        tokens = sorted((found.ids for found in encoder._tokenizer.encode_batch(texts)), key=len, reverse=True)
        inputs = [{"input_ids": np.array([ids])} for ids in tokens]
        began = time.perf_counter()
        list(encoder._pool.map(lambda one: encoder._session.run(None, one), inputs))
        return time.perf_counter() - began

    def close(self) -> None:
        self.opened.close()

    def _generation(self) -> Generation:
        library = self.opened.library
        return Generation(library.home / "generations" / f"gen-{library.fact('generation')}")

    def _pieces(self, numbers: Sequence[int]) -> list[Piece]:
        found: dict[int, Candidate] = {one.number: one for one in self.opened.library.candidates(numbers, None)}
        pieces = []
        for one in (found[number] for number in numbers):
            article = self.opened.article(one.article, None)
            assert article is not None
            pieces.append(Piece(article.id, article.title, article.text[one.start : one.end]))
        return pieces


class Tutorial:
    """llama-index with Chroma, as its tutorial writes it: read a folder, index it, ask a retriever.

    `chunk_size` is in tokens of the splitter's own tokenizer (tiktoken's cl100k_base, of which
    llama-index-core carries a copy); None leaves the default of 1,024. A splitter handed over is the
    same as the default one, without the global settings.
    """

    def __init__(self, chunk_size: int | None) -> None:
        from llama_index.core.node_parser import SentenceSplitter
        from llama_index.embeddings.huggingface import HuggingFaceEmbedding  # type: ignore[import-not-found,import-untyped,unused-ignore]

        # Its type is unknown where the package is not installed.
        self._encoder: Any = HuggingFaceEmbedding(str(embed.default_folder()), device="cpu")
        self._encoder.get_text_embedding("warm")
        self._splitter = SentenceSplitter(chunk_size=chunk_size, chunk_overlap=20) if chunk_size else SentenceSplitter()
        self._splitter.split_text("warm")
        self.limit = int(self._encoder.max_length)

    def index(self, folder: Path, home: Path) -> None:
        import chromadb
        from chromadb.config import Settings
        from llama_index.core import SimpleDirectoryReader, StorageContext, VectorStoreIndex
        from llama_index.vector_stores.chroma import ChromaVectorStore  # type: ignore[import-not-found,import-untyped,unused-ignore]

        self._documents = SimpleDirectoryReader(str(folder)).load_data()
        self._client: Any = chromadb.PersistentClient(str(home / "chroma"), Settings(anonymized_telemetry=False))
        collection = self._client.get_or_create_collection("articles")
        storage = StorageContext.from_defaults(vector_store=ChromaVectorStore(chroma_collection=collection))
        self._index = VectorStoreIndex.from_documents(
            self._documents, storage_context=storage, embed_model=self._encoder, transformations=[self._splitter]
        )

    def search(self, questions: Sequence[str], k: int) -> Iterator[list[Piece]]:
        from llama_index.core import QueryBundle

        retriever = self._index.as_retriever(similarity_top_k=k)
        # Encoded in batches: this encoder has no prompts, so a question is encoded like a text.
        vectors = self._encoder.get_text_embedding_batch(list(questions))
        for question, vector in zip(questions, vectors, strict=True):
            found = retriever.retrieve(QueryBundle(question, embedding=vector))
            yield [Piece(hit.node.metadata["file_path"], "", hit.node.get_content()) for hit in found]

    def passages(self) -> Iterator[Passage]:
        from llama_index.core.schema import MetadataMode

        for node in self._splitter.get_nodes_from_documents(self._documents):
            text = node.get_content()
            whole = node.get_content(metadata_mode=MetadataMode.EMBED)
            yield Passage(node.metadata["file_name"], whole[: -len(text)].rstrip("\n"), text)

    def close(self) -> None:
        self._client.close()


class Txtai:
    """txtai's hybrid search (vectors and BM25, half and half) over paragraphs, split by its Segmentation.

    Its Textractor, meant for HTML and office files, would join the paragraphs of plain text. With
    `titles` each paragraph is indexed behind the name of its file, which txtai leaves to its user.
    """

    def __init__(self, *, titles: bool) -> None:
        from txtai import Embeddings  # type: ignore[import-not-found,import-untyped,unused-ignore]
        from txtai.pipeline import Segmentation  # type: ignore[import-not-found,import-untyped,unused-ignore]

        self._titles = titles
        self._segment = Segmentation(paragraphs=True)
        self._embeddings = Embeddings(path=str(embed.default_folder()), hybrid=True, content=True, gpu=False)
        self._embeddings.transform("warm")
        # It takes the tokenizer's limit, 512, and not the 256 of the encoder's own configuration.
        self.limit = int(self._embeddings.model.model.maxlength)
        self._paragraphs: dict[str, str] = {}

    def index(self, folder: Path, home: Path) -> None:
        rows = []
        for path in sorted(folder.iterdir()):
            for number, text in enumerate(self._segment(path.read_text(encoding="utf-8"))):
                identifier = f"{path.name}/{number}"
                self._paragraphs[identifier] = text
                rows.append((identifier, f"{self._before(path.name)}\n{text}" if self._titles else text, None))
        self._embeddings.index(rows)
        self._embeddings.save(str(home / "txtai"))

    def search(self, questions: Sequence[str], k: int) -> Iterator[list[Piece]]:
        for first in range(0, len(questions), 100):
            for found in self._embeddings.batchsearch(list(questions[first : first + 100]), k):
                yield [Piece(hit["id"].rpartition("/")[0], "", self._paragraphs[hit["id"]]) for hit in found]

    def passages(self) -> Iterator[Passage]:
        for identifier, text in self._paragraphs.items():
            name = identifier.rpartition("/")[0]
            yield Passage(name, self._before(name) if self._titles else "", text)

    def close(self) -> None:
        self._embeddings.close()

    def _before(self, name: str) -> str:
        return Path(name).stem.replace("_", " ")
