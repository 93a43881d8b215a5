"""Questions that want something of the articles: those that were refused, and those answered badly."""

import csv
import io
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import cache, lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from article_assistant.answering.numbers import numbers_of
from article_assistant.answering.question import kind_of
from article_assistant.index.keyword import asked_names, asked_words
from article_assistant.index.language import language_of
from article_assistant.index.types import Matrix, Vector
from article_assistant.memory import Opinion
from numpy.typing import NDArray

if TYPE_CHECKING:
    from article_assistant.index.embed import Embedder

ALIKE = 0.94
"""Least cosine of two questions that ask the same, for the default encoder.

Of people's own questions about one article, 60 pairs are this near and pass `_Sought.same`: 56 of them ask the same.
"""
SAME_WORDS = 0.85
"""That of two whose telling words are the same in another order or form: 26 of 26 such pairs ask the same."""
IN_COMMON = 0.4
"""Share of the telling words of two questions that both have: others are not compared, and seldom encoded."""
AT_A_TIME = 500
"""Questions that are compared with all before them in one matrix product."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula; and anybody may have asked these questions."""


@dataclass(frozen=True, slots=True)
class Wanting:
    """A question that was refused, or whose answers were judged not helpful.

    `asked` is how often it was asked, `refused` and `disliked` how often of these; `last` the day (UTC) of the last
    time; `words` what was written about the answers, `wordings` how else the same was asked.
    """

    question: str
    asked: int
    refused: int
    disliked: int
    last: str
    words: tuple[str, ...]
    wordings: tuple[str, ...] = ()


class Meanings:
    """What questions mean, as vectors, which are kept for the next time; nothing is encoded before it is wanted."""

    def __init__(self, encoder: "Callable[[], Embedder]") -> None:
        self._encoder = cache(encoder)
        self._known: dict[str, Vector] = {}

    def of(self, questions: Sequence[str]) -> Matrix:
        """The vectors, shape `(len(questions), dimension)`; forgets those of other questions."""
        known = self._known
        new = [question for question in dict.fromkeys(questions) if question not in known]
        known = known | dict(zip(new, self._encoder().passages(new)[0], strict=True)) if new else known
        self._known = {question: known[question] for question in questions}
        return np.stack([known[question] for question in questions])

    def reads(self, question: str) -> bool:
        """Whether the vector of a question means something: the encoder was made for its language."""
        return self._encoder().reads(language_of(question))


def grouped(judged: Iterable[Opinion], meanings: Meanings | None = None) -> list[Wanting]:
    """The questions that want something, most frequent first; those that differ in case and spaces only are one.

    With `meanings`, so are those that mean the same; they are called as they were asked most often.
    """
    groups: dict[str, list[Opinion]] = {}
    for one in judged:
        groups.setdefault(" ".join(one.question.casefold().split()).rstrip("?!. "), []).append(one)
    found = [
        Wanting(
            question=same[-1].question,
            asked=len(same),
            refused=sum(not one.answered for one in same),
            disliked=sum(one.thumb == "down" for one in same),
            last=datetime.fromtimestamp(max(one.at for one in same), UTC).date().isoformat(),
            words=tuple(one.word for one in same if one.thumb == "down" and one.word),
        )
        for same in groups.values()
        if any(not one.answered or one.thumb == "down" for one in same)
    ]
    if meanings and len(found) > 1:
        found = _by_meaning(sorted(found, key=lambda one: (-one.asked, one.question)), meanings)
    return sorted(found, key=lambda one: (-one.refused - one.disliked, one.question))


def _by_meaning(found: Sequence[Wanting], meanings: Meanings) -> list[Wanting]:
    """Each question with the nearest before it that asks the same and joined none itself: groups form no chain."""
    asked = [_sought(one.question) for one in found]
    there = np.flatnonzero(_with_others(asked)).tolist()
    groups: dict[int, list[Wanting]] = {i: [found[i]] for i in set(range(len(found))) - set(there)}
    worded: dict[_Sought, int] = {}  # the place in `there` of the first with these words
    vectors = meanings.of([found[i].question for i in there]) if there else np.empty((0, 0), np.float32)
    reads = cache(lambda i: meanings.reads(found[i].question))
    for begin in range(0, len(there), AT_A_TIME):
        for here, near in enumerate(vectors[begin : begin + AT_A_TIME] @ vectors.T, start=begin):
            i, other = there[here], worded.setdefault(asked[there[here]], here)
            names = [*np.flatnonzero(near >= ALIKE).tolist(), *([other] if near[other] >= SAME_WORDS else [])]
            others = (there[at] for at in sorted(names, key=lambda at: -near[at]) if there[at] in groups)
            name = next((j for j in others if asked[i].same(asked[j]) and reads(i) and reads(j)), i)
            groups.setdefault(name, []).append(found[i])
    return [_one(group) for group in groups.values()]


def _with_others(asked: Sequence["_Sought"]) -> NDArray[np.bool_]:
    """Of each question whether another one shares enough of its words, shape `(questions,)`."""
    holders: dict[object, list[int]] = {}
    for i, one in enumerate(asked):
        for word in one.words:
            holders.setdefault((one.exact, word), []).append(i)
    rows = {key: np.array(numbers) for key, numbers in holders.items()}
    sizes = np.array([len(one.words) for one in asked])
    shared = np.zeros(len(asked), int)
    found = np.zeros(len(asked), bool)
    for i, one in enumerate(asked):
        shared[:] = 0
        for word in one.words:
            shared[rows[one.exact, word]] += 1
        found[i] = (shared >= IN_COMMON * (sizes + len(one.words) - shared)).sum() > 1  # one is itself
    return found


def _one(group: Sequence[Wanting]) -> Wanting:
    """What wants something in several wordings, the most frequent first."""
    return Wanting(
        question=group[0].question,
        asked=sum(one.asked for one in group),
        refused=sum(one.refused for one in group),
        disliked=sum(one.disliked for one in group),
        last=max(one.last for one in group),
        words=tuple(word for one in group for word in one.words),
        wordings=tuple(one.question for one in group[1:]),
    )


class _Sought(NamedTuple):
    """What a question asks for besides its meaning."""

    exact: tuple[str, frozenset[str], frozenset[str]]
    """The kind of its answer, and the identifiers and numbers that it names."""
    words: frozenset[str]

    def same(self, other: "_Sought") -> bool:
        """Whether it may ask the same: none only adds words to the other, as a trip abroad is another than a trip."""
        both, either = self.words & other.words, self.words | other.words
        adds = self.words != other.words and either in (self.words, other.words)
        return self.exact == other.exact and not adds and len(both) >= IN_COMMON * len(either)


@lru_cache(20_000)
def _sought(question: str) -> _Sought:
    exact = kind_of(question), frozenset(asked_names(question)), numbers_of(question)
    return _Sought(exact, frozenset(asked_words(question)))


def as_csv(found: Sequence[Wanting]) -> str:
    """A table with a row for each question, its comments and its further wordings separated by ` | `."""
    table = io.StringIO()
    writer = csv.DictWriter(table, list(Wanting.__slots__), lineterminator="\n")
    writer.writeheader()
    for one in found:
        texts = {"question": one.question, "words": " | ".join(one.words), "wordings": " | ".join(one.wordings)}
        plain = {name: f"'{text}" if text.startswith(_FORMULA) else text for name, text in texts.items()}
        writer.writerow({**asdict(one), **plain})
    return table.getvalue()
