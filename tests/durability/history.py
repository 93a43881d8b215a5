"""A small history of a library, step by step, with what must be found after each step; and the check of it.

Vectors are fixed by a mark in the text, so a step takes milliseconds. Each article has several chunks,
all of which carry the mark of its revision: one that is half visible is noticed.
"""

import re
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from article_assistant.index.chunk import split
from article_assistant.index.embed import Embedder, Spans
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Article, Matrix, UserFacingError, Vector

SECTIONS = 2
MARK = re.compile(r"mark\d+r\d+")
Expected = dict[int, int]
"""Number of an article to its revision."""


class Marks(Embedder):
    """An encoder that knows marks only: texts with the same mark have the same vector. It counts what it embeds."""

    embedded: int = 0

    def __init__(self) -> None:
        super().__init__(model_name="marks", limit=64, dimension=32, version="marks/1")

    def tokens(self, texts: Sequence[str]) -> list[Spans]:
        return [[match.span() for match in re.finditer(r"\S+", text)] for text in texts]

    def passages(self, texts: Sequence[str], spans: Sequence[Spans] | None = None) -> tuple[Matrix, list[Matrix]]:
        self.embedded += len(texts)
        rows = np.stack([self.question(text) for text in texts]) if texts else np.zeros((0, 32), np.float32)
        return rows, [np.repeat(row[None], len(own), axis=0) for row, own in zip(rows, spans or [], strict=False)]

    def question(self, text: str) -> Vector:
        mark = MARK.search(text)
        vector = np.random.default_rng(zlib.crc32((mark[0] if mark else text).encode())).normal(size=32)
        found: Vector = (vector / np.linalg.norm(vector)).astype(np.float32)
        return found


@dataclass(frozen=True, slots=True)
class Step:
    """What is done, and what must be found when it is done."""

    name: str
    do: Callable[[Index], None]
    after: Expected


def article(number: int, revision: int) -> Article:
    """An article whose every chunk carries its mark."""
    mark = f"mark{number}r{revision}"
    text = "\n\n".join(f"# Part {n}\n\n" + f"So says {mark} of {n}. " * 10 for n in range(SECTIONS))
    return Article(f"docs/{number}.md", mark, text, "", f"r{revision}", None, frozenset({EVERYONE}))


def history() -> list[Step]:
    """Commits of several articles, changes, deletions, and what publishes them in between."""
    steps: list[Step] = []
    now: Expected = {}

    def put(**articles: int) -> None:
        given = {int(name[1:]): revision for name, revision in articles.items()}
        now.update(given)
        steps.append(Step(f"put {given}", lambda index: _put(index, given), dict(now)))

    def drop(*numbers: int) -> None:
        for number in numbers:
            del now[number]
        names = [f"docs/{number}.md" for number in numbers]
        steps.append(Step(f"drop {numbers}", lambda index: index.library.remove(names), dict(now)))

    def publish() -> None:
        steps.append(Step("publish", lambda index: index.publish(), dict(now)))

    put(_0=0, _1=0, _2=0)
    publish()
    put(_3=0, _4=0)
    put(_1=1)
    drop(2)
    publish()
    put(_5=0, _0=1)
    drop(3, 4)
    put(_2=1)
    publish()
    put(_1=2, _5=1)
    publish()
    return steps


def _put(index: Index, given: Expected) -> None:
    index.library.for_encoder(index.embedder.version)
    source = index.library.ledger.add("/docs", "docs")
    articles = [article(number, revision) for number, revision in given.items()]
    index.replace(source, [(one, one.revision, split(one, index.embedder)) for one in articles])


due = 3.0
"""Seconds after an opening in which its first answer must be there; `--due` sets it."""


def play(home: Path, first: int, done: Callable[[int], object]) -> None:
    """Do the steps from number `first` on, and say after each that it is done."""
    index = Index.open(home, Marks())
    with index.library.writing():
        for number, step in enumerate(history()[first:], first):
            step.do(index)
            done(number)
    index.close()


def check(home: Path, acknowledged: int) -> list[str]:
    """What is wrong with a library after so many steps were acknowledged; nothing, if all is well.

    The step after the last acknowledged one may be there as well, whole.
    """
    began = time.monotonic()
    encoder = Marks()
    index = Index.open(home, encoder)
    try:
        return problems_of(index, encoder, acknowledged, began)
    except UserFacingError as error:
        return [f"refused: {error}"]
    finally:
        index.close()


def problems_of(index: Index, encoder: Marks, acknowledged: int, began: float) -> list[str]:
    """What is wrong with an index that was opened at the time `began`, by the monotonic clock; see `check`."""
    problems = []
    steps = history()
    states = [step.after for step in steps[max(acknowledged - 1, 0) : acknowledged + 1]]
    if not acknowledged:
        states.append({})
    found = {one.id: one for one in index.library.articles(None)}
    expected = next(
        (state for state in states if found == {one.id: one for one in (article(n, r) for n, r in state.items())}), None
    )
    if expected is None:
        return [f"articles {sorted((one.id, one.revision) for one in found.values())}, wanted one of {states}"]
    chunks = {f"mark{n}r{r}": len(split(article(n, r), encoder)) for n, r in expected.items()}
    ever = {f"mark{n}r{r}" for step in steps for n, r in step.after.items()}
    for mark in sorted(ever):
        hits = index.find(mark, frozenset({EVERYONE}), 20)
        if mark == min(ever) and time.monotonic() - began > due:
            problems.append(f"the first answer took {time.monotonic() - began:.1f} s")
        if stale := [hit.chunk.text for hit in hits if not set(MARK.findall(hit.chunk.text)) <= chunks.keys()]:
            problems.append(f"{mark}: gone, but found: {stale[0][:60]}")
        there = sum(mark in hit.chunk.text for hit in hits)
        if there != chunks.get(mark, 0):
            problems.append(f"{mark}: {there} chunks found, wanted {chunks.get(mark, 0)}")
    if encoder.embedded:
        problems.append(f"{encoder.embedded} texts were embedded again")
    return problems
