"""Milliseconds of one question at a size of the library, and where they go.

The library is real text: paragraphs of the training sets until there are so many chunks. Beside ours
stand txtai's hybrid search over the same chunks and, as a yardstick for the machine, one pass of the
encoder over one chunk of about 200 tokens.
"""

import random
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import wraps
from pathlib import Path
from typing import Any
from unittest import mock

import article_assistant
from article_assistant.answering.reader import Reader
from article_assistant.evaluation.figures import percentile
from article_assistant.index import embed, search
from article_assistant.index.chunk import passage, split
from article_assistant.index.embed import Embedder
from article_assistant.index.keyword import Postings
from article_assistant.index.library import Library
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import Article, Hit
from article_assistant.index.vectors import Vectors
from article_assistant.pipeline import PASSAGES, Assistant
from article_assistant.settings import Settings
from article_assistant.types import Answerer, Context, Event, Turn, User

from bench import data, peers, report
from bench.systems import FILE_LIMIT

SETS = ("squad-train", "nq-train")
BLOCK = 25
"""Questions that one system is asked in a row, before the next has its turn."""
WARM = 10
"""Questions asked before the clock counts."""
OPERATOR = User("bench", None)


class Stopwatch:
    """Seconds by stage; a stage inside another one is taken off it, so that they add up to the whole."""

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._clock = clock
        self._inner: list[float] = []

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count the time of this block for the stage `name`."""
        began = self._clock()
        self._inner.append(0.0)
        try:
            yield
        finally:
            whole = self._clock() - began
            self.seconds[name] += whole - self._inner.pop()
            if self._inner:
                self._inner[-1] += whole

    def watching(self, owner: Any, name: str, stage: str) -> AbstractContextManager[Any]:
        """While it holds, calls of `owner.name` count for `stage`."""
        real = getattr(owner, name)

        @wraps(real)
        def timed(*arguments: Any, **named: Any) -> Any:
            with self.stage(stage):
                return real(*arguments, **named)

        return mock.patch.object(owner, name, timed)


class Watched:
    """An answerer whose work counts for the stage "answering"."""

    def __init__(self, answerer: Answerer, watch: Stopwatch) -> None:
        self._answerer = answerer
        self._watch = watch

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        with self._watch.stage("answering"):
            return self._answerer.standalone(question, turns)

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:
        with self._watch.stage("answering"):
            events = list(self._answerer.answer(question, hits, context))
        yield from events


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "10 to 15 minutes for 10,000 chunks on two cores, most of them indexing")
    parser.add_argument("--chunks", type=report.positive, default=10_000, metavar="N", help="chunks in the library")
    parser.add_argument("--questions", type=report.positive, default=300, metavar="N", help="questions to ask")
    parser.add_argument("--seed", type=int, default=0, help="which questions")
    parser.add_argument("--alone", action="store_true", help="without txtai beside it")
    given = parser.parse_args()
    report.offline()
    if not given.alone:
        peers.load_modules("txtai")
    facts = report.machine()
    embedder = embed.load()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        folder = Path(place)
        report.say(f"writing articles of {given.chunks:,} chunks")
        corpus, chunks = _corpus(folder / "articles", given.chunks, embedder)
        asked = [question.question for question in corpus.sample(given.questions + WARM, given.seed)]
        random.Random(given.seed).shuffle(asked)
        report.say(f"ours: indexing {len(chunks):,} chunks")
        index = Index.open(folder / "library", embedder)
        sync([str(corpus.folder)], index, FILE_LIMIT)
        typical = _typical(chunks, embedder)
        assistant = article_assistant.open(Settings(home=index.library.home), index=index)
        systems: dict[str, Callable[[str], object]] = {
            "Index.find": lambda question: index.find(question, None, PASSAGES),
            "encoder, one chunk (yardstick)": lambda _: embedder.passages([typical]),
        }
        if not given.alone:
            report.say("txtai: indexing the same")
            txtai = _txtai(chunks)
            systems["txtai hybrid search"] = lambda question: txtai.search(question, PASSAGES)
        reader = Reader()
        read = [(typical, [(0, len(typical))])]
        systems["reader, one chunk (yardstick)"] = lambda question: reader.read(question, read)
        systems["Assistant.answer"] = lambda question: assistant.answer(question, OPERATOR)
        report.say(f"asking {len(asked) - WARM:,} questions")
        times = {name: [one * 1000 for one in found] for name, found in in_turns(systems, asked).items()}
        watch, whole = _profile(assistant, asked[WARM:])
        assistant.close()
        index.close()
    yardstick = percentile(times["encoder, one chunk (yardstick)"], 50)
    passes = percentile(times["reader, one chunk (yardstick)"], 50)
    rows, calls = [], {}
    for name, found in times.items():
        p10, p50, p95 = (percentile(found, percent) for percent in (10, 50, 95))
        shares = (p50 / yardstick, p50 / passes, p95 / passes)
        rows.append([name, *(f"{ms:.1f}" for ms in (p10, p50, p95)), *(f"{share:.2f}" for share in shares)])
        calls[name] = {
            "p10 ms": round(p10, 2), "p50 ms": round(p50, 2), "p95 ms": round(p95, 2),
            "p50 in yardsticks": round(p50 / yardstick, 3),
            "p50 in passes of the reader": round(p50 / passes, 3),
            "p95 in passes of the reader": round(p95 / passes, 3),
        }  # fmt: skip
    many = len(asked) - WARM
    stages = [
        (name, seconds * 1000 / many) for name, seconds in sorted(watch.seconds.items(), key=lambda pair: -pair[1])
    ]
    total = whole * 1000 / many
    body = [
        f"{len(chunks):,} chunks of {len(corpus.texts):,} articles, {many:,} questions, {PASSAGES} passages each.",
        report.table(
            [
                "call",
                "p10 ms",
                "p50 ms",
                "p95 ms",
                "p50 in encoder passes",
                "p50 in reader passes",
                "p95 in reader passes",
            ],
            rows,
        ),
        f"The systems take turns, {BLOCK} questions each. An encoder pass is the median of one over "
        f"{len(embedder.tokens([typical])[0])} tokens in this run, a reader pass the median of one over a question and "
        "the same tokens: compare the last columns between machines. On a busy machine each system's threads wait in "
        "another way, so figures of one do not compare.",
        f"Where the time of Assistant.answer goes, as means of {many:,} questions:",
        report.table(["stage", "ms", "share"], [[name, f"{ms:.2f}", f"{ms / total:.0%}"] for name, ms in stages]),
    ]
    setup = {"chunks": len(chunks), "articles": len(corpus.texts), "questions": many, "seed": given.seed}
    profile = {name: round(ms, 3) for name, ms in stages}
    document = {**setup, "calls": calls, "stages, mean ms": profile}
    report.write(given.out, "question", "One question", facts, body, document)


def _corpus(folder: Path, most: int, embedder: Embedder) -> tuple[data.Corpus, list[str]]:
    """Articles of at most `most` chunks in all, the last one cut; and what the encoder reads of each chunk."""

    def read(title: str, own: Sequence[data.Paragraph]) -> list[str]:
        article = Article("", title, "\n\n".join(row.text for row in own), "", "", None, frozenset())
        return [passage(title, chunk)[0] for chunk in split(article, embedder)]

    by_title: dict[str, list[data.Paragraph]] = {}
    for row in (row for name in SETS for row in data.paragraphs(name)):
        by_title.setdefault(row.title, []).append(row)
    rows: list[data.Paragraph] = []
    chunks: list[str] = []
    for title, own in by_title.items():
        found = read(title, own)
        while len(chunks) + len(found) > most:
            own.pop()
            found = read(title, own)
        rows += own
        chunks += found
        if len(chunks) >= most - 1:  # the last paragraph that fits may leave one free
            break
    return data.write(rows, folder), chunks


def _txtai(chunks: Sequence[str]) -> Any:
    from txtai import Embeddings  # type: ignore[import-not-found,import-untyped,unused-ignore]

    embeddings: Any = Embeddings(path=str(embed.default_folder()), hybrid=True, content=True, gpu=False)
    embeddings.index((str(number), text, None) for number, text in enumerate(chunks))
    return embeddings


def _typical(chunks: Sequence[str], embedder: Embedder) -> str:
    """The chunk that comes nearest to 200 tokens."""
    counts = [len(spans) for spans in embedder.tokens(chunks)]
    return min(zip(counts, chunks, strict=True), key=lambda pair: abs(pair[0] - 200))[1]


def in_turns(systems: dict[str, Callable[[str], object]], asked: Sequence[str]) -> dict[str, list[float]]:
    """Seconds of each question, after some to warm up, the systems in turns."""
    for ask in systems.values():
        for question in asked[:WARM]:
            ask(question)
    found: dict[str, list[float]] = {name: [] for name in systems}
    for first in range(WARM, len(asked), BLOCK):
        for name, ask in systems.items():
            for question in asked[first : first + BLOCK]:
                began = time.perf_counter()
                ask(question)
                found[name].append(time.perf_counter() - began)
    return found


def _profile(assistant: Assistant, asked: Sequence[str]) -> tuple[Stopwatch, float]:
    """Seconds of all questions by stage, and in all."""
    watch = Stopwatch()
    assistant.answerer = Watched(assistant.answerer, watch)
    with ExitStack() as stack:
        for owner, name, stage in (
            (type(assistant.index.embedder), "question", "encoding the question"),
            (Postings, "best", "keyword search"),
            (Vectors, "nearest", "vector search"),
            (Library, "counts", "library: count"),
            (Library, "fact", "library: which generation"),
            (Library, "candidates", "library: chunks of the pool"),
            (Library, "article", "library: articles of the hits"),
            (search, "fuse", "fusing"),
        ):
            stack.enter_context(watch.watching(owner, name, stage))
        began = time.perf_counter()
        for question in asked:
            with watch.stage("the rest"):
                assistant.answer(question, OPERATOR)
        return watch, time.perf_counter() - began


if __name__ == "__main__":
    report.run(main)
