"""Texts become vectors: the default encoder equals its original, without torch."""

import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from article_assistant.index.embed import MiniLM, SentenceTransformersModel, default_folder, load
from article_assistant.index.types import EncoderError
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parts import modest

TEXTS = [
    "Who approves a trip?",
    "Tobias Okonjo approves trips. He answers within two days.",
    "word " * 600,
    "",
    "ﷺ 他来了 🜚 naïve café",
]


@pytest.fixture(scope="module")
def encoder() -> MiniLM:
    return MiniLM()


@pytest.fixture(scope="module")
def original() -> SentenceTransformersModel:
    return SentenceTransformersModel(str(default_folder()))


@pytest.mark.torch
def test_the_default_encoder_equals_the_original(encoder: MiniLM, original: SentenceTransformersModel) -> None:
    """Vectors are near those of sentence-transformers in single precision, also of long, empty and foreign text."""
    ours, theirs = encoder.passages(TEXTS)[0], original.passages(TEXTS)[0]
    assert ours.shape == theirs.shape == (5, 384)
    assert (ours * theirs).sum(axis=1).min() > 0.98
    assert (ours * theirs).sum(axis=1)[:3].min() > 0.995
    assert float(encoder.question(TEXTS[0]) @ original.question(TEXTS[0])) > 0.995
    assert (encoder.limit, encoder.dimension) == (original.limit, original.dimension) == (256, 384)
    assert encoder.tokens(TEXTS) == original.tokens(TEXTS)
    assert encoder.lengths(TEXTS) == original.lengths(TEXTS)


@pytest.mark.parametrize("name", ["encoder", pytest.param("original", marks=pytest.mark.torch)])
def test_every_encoder_keeps_the_contract(name: str, request: pytest.FixtureRequest) -> None:
    """Shapes and unit length of vectors and of those of pieces; nothing in, nothing out."""
    encoder = request.getfixturevalue(name)
    spans = [[(0, 3), (4, 12)], [(0, 30)], [(0, 4), (2000, 2004)], [], [(0, 1)]]
    whole, pieces = encoder.passages(TEXTS, spans)
    assert whole.dtype == np.float32
    assert [part.shape[0] for part in pieces] == [2, 1, 2, 0, 1]
    for rows in [whole, *(part for part in pieces if len(part))]:
        assert rows.shape[1] == 384
        assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-3)
    assert encoder.passages([])[0].shape == (0, 384)
    assert encoder.passages(TEXTS)[1] == []


def test_a_piece_is_about_what_it_says(encoder: MiniLM) -> None:
    """A sentence's vector is nearer to the question that it answers than its neighbour's."""
    text = "The pump stands in hall nine. Salaries are paid on Fridays."
    _, (pieces,) = encoder.passages([text], [[(0, 29), (30, len(text))]])
    pump, salary = pieces @ encoder.question("Where is the pump?")
    assert pump > salary


@settings(modest, max_examples=15)
@given(st.lists(st.text(max_size=60), min_size=1, max_size=5))
def test_a_vector_does_not_depend_on_its_neighbours(encoder: MiniLM, texts: list[str]) -> None:
    """Whatever stands in the same batch, a text keeps its vector; tokens lie inside the text, in order."""
    together = encoder.passages(texts)[0]
    for text, row in zip(texts, together, strict=True):
        assert float(row @ encoder.passages([text])[0][0]) > 0.9999
        for start, end in encoder.tokens([text])[0]:
            assert 0 <= start <= end <= len(text)


def test_llama_index_calls_the_same_things(encoder: MiniLM) -> None:
    """Under its names the vectors are the same."""
    text = TEXTS[1]
    ours = encoder.passages([text])[0][0].tolist()
    assert encoder.get_text_embedding(text) == pytest.approx(ours, abs=1e-6)
    assert encoder.get_text_embedding_batch([text])[0] == pytest.approx(ours, abs=1e-6)
    assert encoder.get_query_embedding(text) == pytest.approx(encoder.question(text).tolist(), abs=1e-6)


@pytest.mark.torch
def test_what_is_no_model_is_refused_in_one_line(tmp_path: Path) -> None:
    """A folder without a model is named, and the line says what to do."""
    with pytest.raises(EncoderError, match="cannot be loaded") as caught:
        load(str(tmp_path))
    assert "\n" not in str(caught.value)


@pytest.mark.torch
def test_another_model_has_another_version(encoder: MiniLM, original: SentenceTransformersModel) -> None:
    """Changing the setting is noticed by the library."""
    assert encoder.version != original.version


def test_the_default_path_never_imports_torch(tmp_path: Path) -> None:
    """Indexing and finding load neither torch nor sentence-transformers nor transformers."""
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "a.md").write_text("# Trips\n\nTobias approves trips.")
    code = """
        import sys
        from pathlib import Path
        from article_assistant.index import embed
        from article_assistant.index.search import Index
        from article_assistant.index.sync import sync
        place = Path(sys.argv[1])
        index = Index.open(place / "home", embed.load())
        sync([str(place / "docs")], index, 1000)
        assert index.find("Who approves trips?", None, 5)
        heavy = {"torch", "sentence_transformers", "transformers"} & set(sys.modules)
        sys.exit(f"loaded: {heavy}" if heavy else 0)
    """
    ran = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr


@pytest.mark.torch
def test_a_tokenizer_is_used_by_one_thread_at_a_time(
    original: SentenceTransformersModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While texts are encoded, which are cut, no others are counted, which are not: the tokenizer keeps which it is."""
    real, begun, go = original._model.encode_document, threading.Event(), threading.Event()

    def slow(*given: Any, **named: Any) -> Any:
        begun.set()
        go.wait(60)
        return real(*given, **named)

    monkeypatch.setattr(original._model, "encode_document", slow)
    with ThreadPoolExecutor(2) as pool:
        encoded = pool.submit(original.passages, ["pump " * 600])
        assert begun.wait(60)
        counted = pool.submit(original.lengths, ["pump " * 600])
        with pytest.raises(TimeoutError):
            counted.result(timeout=0.5)
        go.set()
        assert counted.result() == [600]
        assert encoded.result()[0].shape == (1, 384)
