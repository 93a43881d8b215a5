"""What the reader makes, alone and with the judge, of a question and its paragraph.

    python -m training.given --questions 300    (8 min on two quiet cores)

Prints, for the reader and for the mean of reader and judge, how well the best words are those that people marked, and
of a set with near misses, which share of these is answered where so many of the answerable questions are refused by
the score of the best words, or by what the judge alone makes of their passage. Articles that a network learned from are
left out.
"""

import argparse
import math
import random
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from article_assistant.answering.judge import GRAPH
from article_assistant.answering.question import fits, kind_of, with_unit
from article_assistant.answering.reader import READER, Reader, Reading, SentenceSpans
from article_assistant.evaluation.questions import f1, normal
from article_assistant.index import embed
from article_assistant.index.chunk import passage, split
from article_assistant.index.types import Article
from numpy.typing import NDArray

from training import misses, pairs

SETS = ("squad-dev", "nq-dev", "squad2-dev-a")
REFUSED = (0.05, 0.08, 0.1)
"""Shares of the answerable questions that are refused."""
SEED = 7

Read = Callable[[str, list[tuple[str, SentenceSpans]], Callable[[str], bool]], list[list[Reading]]]
Judged = Callable[[str, tuple[str, SentenceSpans]], float]


class Asked(NamedTuple):
    """A question, the answers that people marked, none for a near miss, and the passages of its paragraph."""

    question: str
    answers: list[str]
    shown: list[tuple[str, SentenceSpans]]


def questions(shared: Path, name: str, most: int) -> Iterator[Asked]:
    """So many questions of a set."""
    embedder, learned = embed.load(), misses.written_of(shared)
    asked = [
        (paragraph, question)
        for paragraph in pairs.paragraphs(shared / f"{name}.jsonl.gz")
        if paragraph["article"] not in learned
        for question in paragraph["questions"]
    ]
    random.Random(SEED).shuffle(asked)
    for paragraph, question in asked[:most]:
        article = Article("", paragraph["article"], paragraph["context"], "", "", None, frozenset())
        answers = [answer["text"] for answer in question["answers"]]
        yield Asked(
            question["question"], answers, [passage(article.title, chunk) for chunk in split(article, embedder)]
        )


def best(read: Read, asked: Asked, judged: Judged | None = None) -> tuple[str, float]:
    """The best words of the paragraph, and their score or what their passage is `judged` to be worth."""
    kind = kind_of(asked.question)
    found = read(asked.question, asked.shown, lambda words: fits(kind, words))
    reading, shown = max(
        ((reading, one) for one, own in zip(asked.shown, found, strict=True) for reading in own),
        key=lambda pair: (pair[0].fits, pair[0].score),
    )
    words = shown[0][slice(*with_unit(kind, shown[0], reading.start, reading.end))]
    return words, judged(asked.question, shown) if judged else reading.score


class Scored(NamedTuple):
    """Of each question: whether it has an answer, the F1 of the best words with it (0 without one), their score."""

    answerable: NDArray[np.bool_]
    overlap: NDArray[np.float64]
    score: NDArray[np.float64]

    def refused(self, share: float) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Which near misses are answered where this share of the answerable questions is refused by the score alone,
        and the F1 of all questions then, a near miss that is refused counting 1."""
        least = np.quantile(self.score[self.answerable], share)
        given = self.score >= least
        return given[~self.answerable], np.where(self.answerable, self.overlap * given, ~given)


def scored(asked: Sequence[Asked], found: Sequence[tuple[str, float]]) -> Scored:
    """How good the best words of each question are."""
    overlap = [f1(words, one.answers) if one.answers else 0.0 for (words, _), one in zip(found, asked, strict=True)]
    return Scored(
        np.array([bool(one.answers) for one in asked]), np.array(overlap), np.array([score for _, score in found])
    )


def reach(values: NDArray[np.float64]) -> float:
    """Half of the 95 % interval of a mean."""
    return 1.96 * float(values.std()) / math.sqrt(len(values))


def measure(asked: list[Asked], read: Read, judged: Judged | None = None) -> str:
    """Exact match and F1 of the answerable questions; of a set with near misses, how many of these are answered."""
    words = [best(read, one, judged) for one in asked]
    found = scored(asked, words)
    exact = np.array([normal(said) in map(normal, one.answers) for (said, _), one in zip(words, asked, strict=True)])
    own = found.overlap[found.answerable]
    lines = [f"exact match {exact[found.answerable].mean():.3f}, F1 {own.mean():.3f} (95 % interval ±{reach(own):.3f})"]
    for share in () if found.answerable.all() else REFUSED:
        answered, right = found.refused(share)
        lines.append(
            f"  {share:.0%} refused: near misses answered {answered.mean():.3f}, F1 with refusals {right.mean():.3f}"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--reader", type=Path, default=READER)
    parser.add_argument("--judge", type=Path, default=GRAPH)
    parser.add_argument("--questions", type=int, default=1_000, help="questions of each set")
    given = parser.parse_args()
    reader = Reader(graph=given.reader, judged=given.judge)
    for name in SETS:
        asked = list(questions(given.shared, name, given.questions))
        print(f"{name}, {len(asked):,} questions")
        print(f" reader: {measure(asked, reader.read)}", flush=True)
        print(f" both: {measure(asked, reader.verify)}", flush=True)
        if name == SETS[-1]:
            print(f" both, refused by the judge: {measure(asked, reader.verify, reader.judged)}", flush=True)
