"""Small real parts for the tests of indexing: an encoder that counts, folders of files, text to try."""

import asyncio
import re
import threading
import zlib
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from article_assistant.index.chunk import split
from article_assistant.index.embed import Embedder, Spans
from article_assistant.index.search import Index
from article_assistant.index.sync import SyncReport, sync
from article_assistant.index.types import EVERYONE, Article, ArticleError, Matrix, Vector
from hypothesis import settings
from hypothesis import strategies as st

T = TypeVar("T")
SEEDS = Path(__file__).parents[1] / "seeds"
MOST = 1_000_000
"""Bytes that a file of these tests may have."""

modest = settings(max_examples=80)
"""Fewer examples, for what takes milliseconds each."""

lines = st.lists(
    st.sampled_from(
        [
            "# One\n",
            "## Two\n\n",
            "###### Six\n",
            "- item\n",
            "  - inner\n",
            "3. third\n",
            "\n",
            "\n\n",
            " ",
            "\t",
            "\r\n",
            "City: Oslo | Hotel: 180 EUR\n",
            "    code = 1\n",
            "Dr. Okonjo came at 10.30. He left!",
            " “Why?” No. ",
            "e.g. ",
            "word ",
            "and so on ",
            "The steps are:\n",
            "U.S. ",
            "他来了。我走了！",
            "ﷺ",
            "\u2028",
            "\x0b",
            "\x1c",
            "🜚 ",
            "é",
            "Ⅷ",
            "|a|b|\n|-|-|\n|1|2|\n",
            "**bold** `code` [link](x)",
            "---\n",
            "<b>",
            "</div>",
            "<table><tr><td>",
            "&#0;",
            "&amp;",
        ]
    )
    | st.text(max_size=30),
    max_size=40,
).map("".join)
"""Texts with whatever means something to a reader or a splitter, and with what means nothing."""


@cache
def _word(word: str) -> Vector:
    return np.random.default_rng(zlib.crc32(word.encode("utf-8", "replace"))).normal(size=24).astype(np.float32)


class Words(Embedder):
    """An encoder of the tests: a text's vector is the sum of its words', a token is a word; it counts."""

    embedded: int = 0
    longest: int = 0

    def __init__(self, version: str = "words/1", limit: int = 64) -> None:
        super().__init__(model_name="words", limit=limit, dimension=24, version=version)

    def tokens(self, texts: Sequence[str]) -> list[Spans]:
        return [[match.span() for match in re.finditer(r"\S+", text)] for text in texts]

    def passages(self, texts: Sequence[str], spans: Sequence[Spans] | None = None) -> tuple[Matrix, list[Matrix]]:
        self.embedded += len(texts)
        self.longest = max([self.longest, *(len(found) for found in self.tokens(texts))])
        pieces = [
            self._matrix([text[start:end] for start, end in parts])
            for text, parts in zip(texts, spans or [], strict=spans is not None)
        ]
        return self._matrix(texts), pieces

    def question(self, text: str) -> Vector:
        vector: Vector = self._matrix([text])[0]
        return vector

    def _matrix(self, texts: Sequence[str]) -> Matrix:
        rows = np.full((len(texts), self.dimension), 0.01, dtype=np.float32)
        for row, text in zip(rows, texts, strict=True):
            for word in re.findall(r"\w+", text.lower()):
                row += _word(word)
        unit: Matrix = rows / np.linalg.norm(rows, axis=1, keepdims=True)
        return unit


def article(
    text: str, title: str = "", identifier: str = "a.md", groups: frozenset[str] = frozenset({EVERYONE})
) -> Article:
    """An article that nothing but its text matters of."""
    return Article(identifier, title, text, "", "r1", None, groups)


def add_numbered(index: Index, numbers: range) -> None:
    """Commit articles of one chunk each, docs/7.md about Number7 and matter2; nothing is published."""
    with index.library.writing():
        index.library.for_encoder(index.embedder.version)
        source = index.library.ledger.add("/docs", "docs")
        articles = [article(f"Number{n} is about matter{n % 5}.", "", f"docs/{n}.md") for n in numbers]
        index.replace(source, [(one, one.revision, split(one, index.embedder)) for one in articles])


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """Put files with their contents below a folder."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def until(true: Callable[[], bool]) -> None:
    """Wait for something to become true, at most a minute."""
    waits = threading.Event()
    for _ in range(600):
        if true():
            return
        waits.wait(0.1)
    raise AssertionError("it did not happen within a minute")


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What a coroutine returns, in a thread of its own: in that of the tests Playwright keeps an event loop running."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


def update(index: Index, *sources: Path | str) -> SyncReport:
    """Bring sources up to date with the limits of these tests."""
    return sync([str(source) for source in sources], index, MOST)


def state(index: Index) -> dict[str, object]:
    """Everything that a library holds and that a reader could tell, without numbers that only count."""
    articles = list(index.library.articles(None))
    rows = [(row.words, sorted(row.groups), row.vector.tobytes()) for row in index.library.rows()]
    return {"articles": articles, "rows": sorted(rows), "failures": index.library.ledger.failures()}


def check_reason(error: ArticleError) -> None:
    """The reason why an article cannot be read is one line."""
    assert str(error)
    assert "\n" not in str(error)


def pdf(*texts: str, trailer: str = "") -> bytes:
    """A PDF with a page for each text, written by hand; `trailer` goes into its trailer."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for text in texts:
        stream = f"BT /F1 12 Tf 72 700 Td ({text}) Tj ET"
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects) + 2} 0 R "
            "/Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>"
        )
        objects.append(f"<< /Length {len(stream)} >>\nstream\n{stream}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    found, places = b"%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        places.append(len(found))
        found += f"{number} 0 obj\n{content}\nendobj\n".encode("latin-1")
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(objects) + 1
    end = f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R {trailer}>>\n"
    return found + f"{end}startxref\n{len(found)}\n%%EOF\n".encode("latin-1")


ENCRYPTED = (
    f"/ID [<{'00' * 16}> <{'00' * 16}>] "
    f"/Encrypt << /Filter /Standard /V 1 /R 2 /O <{'11' * 32}> /U <{'22' * 32}> /P -4 >> "
)
"""A trailer of a PDF that wants a password."""
