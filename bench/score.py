"""Ranked pieces of text become figures, defined as `assistant evaluate` defines them."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from article_assistant.evaluation.figures import RANKED_CHARACTERS, Figure, interval_of, resampled, wilson
from article_assistant.evaluation.questions import Question, holds, named
from article_assistant.index.embed import Spans

DEPTH = 10
"""Pieces that each system returns for a question."""
SPECIAL = 2
"""Tokens of its own that the encoder adds to a text, inside its limit."""


@dataclass(frozen=True, slots=True)
class Piece:
    """What a system returned at one rank: text, and the path and title of the article it is from."""

    article: str
    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Score:
    """How one question went.

    `rank` is that of the first hit, 0 where there is none; `in_window` tells whether an answer stands
    within the first RANKED_CHARACTERS characters of the ranked text.
    """

    rank: int
    in_window: bool


@dataclass(frozen=True, slots=True)
class Passage:
    """What a system gives its encoder: `before` (a title, a path), then `text`, a piece of `article`.

    `article` is the name of a file.
    """

    article: str
    before: str
    text: str


def score(question: Question, pieces: Sequence[Piece]) -> Score:
    """A hit holds an answer and is of the question's article; only the first DEPTH pieces count."""
    rank, left, in_window = 0, RANKED_CHARACTERS, False
    for place, piece in enumerate(pieces[:DEPTH], 1):
        if not named(piece.article, piece.title, question.article):
            left -= len(piece.text)
            continue
        if not rank and holds(piece.text, question.answers):
            rank = place
        if left > 0 and not in_window:
            in_window = holds(piece.text[:left], question.answers)
        left -= len(piece.text)
    return Score(rank, in_window)


def figures(scores: Sequence[Score]) -> dict[str, Figure]:
    """hit@1, hit@5, mrr@10 and the share with an answer in the window, each 0 to 1, with 95 % intervals."""
    return {
        "hit@1": _share([one.rank == 1 for one in scores]),
        "hit@5": _share([0 < one.rank <= 5 for one in scores]),
        "mrr@10": mean([1 / one.rank if one.rank else 0.0 for one in scores]),
        f"answer in first {RANKED_CHARACTERS:,} characters": _share([one.in_window for one in scores]),
    }


def against(ours: Sequence[Score], theirs: Sequence[Score]) -> Figure:
    """hit@1 of theirs minus ours, -1 to 1, with the 95 % interval over pairs of the same question."""
    return mean([float(b.rank == 1) - float(a.rank == 1) for a, b in zip(ours, theirs, strict=True)])


def mean(values: Sequence[float]) -> Figure:
    """The mean and its 95 % interval by bootstrap; the same every time."""
    array = np.asarray(values, dtype=np.float64)
    low, high = interval_of(resampled(len(array), lambda drawn: float(array[drawn].mean())))
    return Figure(float(array.mean()), low, high, len(array))


def share_read(
    texts: Mapping[str, str], passages: Iterable[Passage], tokens: Callable[[Sequence[str]], list[Spans]], limit: int
) -> float:
    """The share of all text, 0 to 1, that lies inside the first `limit` tokens of some passage.

    White space is not counted. `tokens` gives the spans of a text's tokens; the passages of an
    article come in the order of the text and may overlap. Raises ValueError for a passage that is
    not of its article's text.
    """
    bare = {name: _bare(text) for name, text in texts.items()}
    seen = {name: np.zeros(len(text), dtype=bool) for name, text in bare.items()}
    last: dict[str, int] = {}
    for passage in passages:
        own = _bare(passage.text)
        at = bare[passage.article].find(own, last.get(passage.article, 0))
        if at < 0:
            raise ValueError(f"a passage is not of the text of {passage.article}: {passage.text[:60]!r}")
        last[passage.article] = at
        whole = f"{passage.before}\n{passage.text}"
        spans = tokens([whole])[0][: limit - SPECIAL]
        end = max(spans[-1][1] if spans else 0, len(passage.before) + 1)
        seen[passage.article][at : at + len(_bare(whole[len(passage.before) + 1 : end]))] = True
    return sum(int(found.sum()) for found in seen.values()) / max(sum(map(len, bare.values())), 1)


def _share(values: Sequence[bool]) -> Figure:
    return Figure(sum(values) / len(values), *wilson(sum(values), len(values)), len(values))


def _bare(text: str) -> str:
    return "".join(text.split())
