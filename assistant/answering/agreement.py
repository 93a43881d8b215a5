"""Other articles beside the best sentence: which say the same, and which say something else instead."""

from collections.abc import Sequence

from article_assistant.answering.question import Kind, meaning
from article_assistant.answering.rank import Contender
from numpy import float64
from numpy.typing import NDArray

MOST_CITED = 3
"""Most articles that are cited for the same words."""
AGREES = 4.0
"""Logits by which a sentence that says the same may score below the best one and still be cited."""
AGAINST = 4.0
"""Largest gap in logits, in this score and in the reader's, at which a conflicting answer from another article is
shown as a disagreement."""


def beside(
    kind: Kind, sentences: Sequence[Contender], scores: NDArray[float64], order: Sequence[int]
) -> tuple[list[Contender], list[Contender]]:
    """Of the sentences in `order`, the best and those of other articles that say the same, and those that disagree.

    `scores` are the log odds of all `sentences`.
    """
    best = sentences[order[0]]
    same, against = [best], list[Contender]()
    for i in order[1:]:
        other = sentences[i]
        if not other.fits or other.logit < 0:
            continue
        behind = scores[order[0]] - scores[i]
        alike = _same(kind, best.words, other.words)
        elsewhere = all(other.hit.article.id != known.hit.article.id for known in [*same, *against])
        if alike and elsewhere and behind < AGREES and len(same) < MOST_CITED:
            same.append(other)
        elif (
            not alike
            and elsewhere
            and max(behind, best.logit - other.logit) < AGAINST
            and kind in {"number", "amount", "date"}
        ):
            against.append(other)
    return same, against


def _same(kind: Kind, one: str, other: str) -> bool:
    """Whether two short answers say the same thing; of names and numbers one may say more of it."""
    a, b = meaning(one), meaning(other)
    return a == b or (kind != "words" and bool(a & b) and (a <= b or b <= a))
