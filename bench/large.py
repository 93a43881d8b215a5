"""One question of a large library beside txtai's hybrid search: milliseconds, and how often the first passage is right.

The library is one that `python -m bench.growth --chunks 100000 --home DIR` left. Both systems get its first
chunks with the vectors that are stored with them, so that only the questions are encoded, by the same encoder. The
questions are those of the training sets; a passage is right when it is of the question's article, or of a
changed copy of it, and holds an answer.
"""

import random
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.evaluation.figures import percentile
from article_assistant.evaluation.questions import holds
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.embed import Embedder
from article_assistant.index.keyword import terms
from article_assistant.index.library import Library, worded
from article_assistant.index.schema import Entry
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Matrix
from article_assistant.pipeline import PASSAGES

from bench import data, peers, report
from bench.growth import SETS, TOGETHER
from bench.question import WARM, in_turns

COPY = re.compile(r" \(\d+\)$")


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "10 minutes for 100,000 chunks on two cores")
    parser.add_argument("library", type=Path, metavar="HOME", help="the library that bench.growth left")
    parser.add_argument("--chunks", type=report.positive, default=100_000, metavar="N", help="how many of its chunks")
    parser.add_argument("--questions", type=report.positive, default=400, metavar="N", help="questions to ask")
    given = parser.parse_args()
    report.offline()
    peers.load_modules("txtai")
    facts = report.machine()
    embedder = embed.load()
    asked = [
        (question, row.title, answers)
        for name in SETS[:2] for row in data.paragraphs(name) for question, answers in row.questions if answers
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        index = Index.open(Path(place) / "library", embedder)
        report.say(f"ours: storing and publishing {given.chunks:,} chunks")
        passages, vectors = _filled(index, given.library, given.chunks)
        there = {title for title, _ in passages}
        chosen = random.Random(1).sample([one for one in asked if one[1] in there], given.questions + WARM)
        report.say("txtai: indexing the same")
        txtai = _txtai(passages, vectors, embedder)
        systems: dict[str, Callable[[str], Sequence[tuple[str, str]]]] = {
            "Index.find": lambda question: [
                (hit.article.title, worded(hit.article.title, hit.chunk.heading, hit.chunk.text))
                for hit in index.find(question, None, PASSAGES)
            ],
            "txtai hybrid search": lambda question: [
                passages[int(found["id"])] for found in txtai.search(question, PASSAGES)
            ],
        }
        report.say(f"asking {given.questions:,} questions")
        times = in_turns(dict(systems), [question for question, _, _ in chosen])
        right = {
            name: [_right(ask(question), title, answers) for question, title, answers in chosen[WARM:]]
            for name, ask in systems.items()
        }
        index.close()
    rows, document = [], {}
    for name, seconds in times.items():
        p50, p95 = (percentile([one * 1000 for one in seconds], percent) for percent in (50, 95))
        first, most = (float(np.mean([0 <= place < k for place in right[name]])) for k in (1, PASSAGES))
        rows.append([name, f"{p50:.1f}", f"{p95:.1f}", f"{first:.3f}", f"{most:.3f}"])
        document[name] = {"p50 ms": p50, "p95 ms": p95, "hit@1": first, f"hit@{PASSAGES}": most}
    apart = np.array([(a == 0) - (b == 0) for a, b in zip(*right.values(), strict=True)], float)
    body = [
        f"{len(passages):,} chunks, {given.questions} questions.",
        report.table(["call", "p50 ms", "p95 ms", "hit@1", f"hit@{PASSAGES}"], rows),
        f"Difference in hit@1: {apart.mean():+.3f} ± {1.96 * apart.std() / len(apart) ** 0.5:.3f}.",
    ]
    report.write(given.out, "large", "One question of a large library", facts, body, {"systems": document})


def _filled(index: Index, home: Path, most: int) -> tuple[list[tuple[str, str]], Matrix]:
    """The first chunks of a library, put into an index; their titles with what is read of each, and their vectors."""
    old = Library.open(home)
    passages, vectors = list[tuple[str, str]](), list[Matrix]()
    with index.library.writing():
        index.library.for_encoder(index.embedder.version)
        source = index.library.ledger.add("/grown", "grown")
        waiting = list[Entry]()
        for entry in _entries(old, index.embedder):
            left = most - len(passages)
            kept = replace(
                entry, chunks=entry.chunks[:left], vectors=entry.vectors[:left], sentences=entry.sentences[:left],
                terms=entry.terms[:left],
            )  # fmt: skip
            waiting.append(kept)
            passages += [
                (kept.article.title, worded(kept.article.title, chunk.heading, chunk.text)) for chunk in kept.chunks
            ]
            vectors.append(kept.vectors)
            if len(waiting) == TOGETHER or len(passages) == most:
                index.library.replace(source, waiting)
                waiting = []
            if len(passages) == most:
                break
        index.publish()
    old.close()
    return passages, np.concatenate(vectors)


def _entries(old: Library, embedder: Embedder) -> Iterator[Entry]:
    """The articles of a library as they went in, in the order of their chunks."""
    rows = old.all("SELECT article, number FROM chunk ORDER BY number LIMIT 400000")
    for identifier, own in groupby(rows, key=lambda row: row[0]):
        article = old.article(str(identifier), None)
        assert article
        article = replace(article, groups=frozenset({EVERYONE}))
        numbers = [int(number) for _, number in own]
        found = {one.number: one for one in old.candidates(numbers, None)}
        chunks = split(article, embedder)
        if len(chunks) != len(numbers):
            continue  # the last article of a size is cut
        blob = {row.number: row.vector for row in old.rows(numbers[0] - 1, numbers[-1])}
        yield Entry(
            article, article.revision, chunks, np.stack([blob[number] for number in numbers]),
            [found[number].sentences for number in numbers],
            [terms(worded(article.title, chunk.heading, chunk.text)) for chunk in chunks],
        )  # fmt: skip


def _txtai(passages: Sequence[tuple[str, str]], vectors: Matrix, embedder: Embedder) -> Any:
    """txtai's index of the passages with these vectors; a question is encoded as ours are."""
    from txtai import Embeddings  # type: ignore[import-not-found,import-untyped,unused-ignore]

    known = {text: row for row, (_, text) in enumerate(passages)}

    def vector(texts: Sequence[str]) -> Matrix:
        return np.stack([vectors[known[text]] if text in known else embedder.question(text) for text in texts])

    embeddings: Any = Embeddings(method="external", transform=vector, hybrid=True, content=True, gpu=False)
    embeddings.index((number, text, None) for number, (_, text) in enumerate(passages))
    return embeddings


def _right(found: Sequence[tuple[str, str]], title: str, answers: Sequence[str]) -> int:
    """The place of the first passage that is right, from 0; -1 for none."""
    for place, (other, text) in enumerate(found):
        if COPY.sub("", other) == title and holds(text, answers):
            return place
    return -1


if __name__ == "__main__":
    report.run(main)
