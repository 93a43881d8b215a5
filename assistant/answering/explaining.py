"""Why an answer is that one: what reader, verifier and ranking thought of each passage; only where that is asked."""

from collections.abc import Sequence

import numpy as np
from article_assistant.answering.rank import Contender, Features
from article_assistant.index.types import Hit
from article_assistant.types import Explanation
from numpy.typing import NDArray

UNNAMED = "no passage holds all that the question names"
NO_KIND = "nothing that was read is of the kind that was asked for"
UNSURE = "the likeliest words are less sure than an answer has to be"
NO_TABLE = "the table does not surely answer this"


def unnamed(why: Explanation, hits: Sequence[Hit]) -> None:
    """Note that these passages, all that were found, lack an identifier that the question names."""
    why.refused = UNNAMED
    why.judge(hits, "without what was named")


def table_asked(why: Explanation, uncertain: bool, sure: bool) -> None:
    """Note that a table was asked as a whole, its best cell being `uncertain` although its words are `sure`."""
    if uncertain:
        why.way = "table"
        why.refused = NO_TABLE if sure else why.refused


def weighed(
    why: Explanation,
    hits: Sequence[Hit],
    sentences: Sequence[Contender],
    features: NDArray[np.float64],
    scores: NDArray[np.float64],
    order: Sequence[int],
    sure: bool,
) -> None:
    """Note the likeliest sentence of each of these hits, and whether the best of all was `sure` enough for an answer.

    `features` have the shape `(sentences, features)`, `scores` are log odds against "none of them", `order` are the
    sentences from the likeliest on.
    """
    chances = np.exp(scores - np.logaddexp.reduce(np.append(scores, 0.0)))
    meant = {(hit.article.id, hit.chunk.start) for hit in hits}
    left = {key: one for one in why.passages if (key := (one.article, one.start)) in meant}
    for i in order:
        sentence, known = sentences[i], Features(*features[i])
        passage = left.pop((sentence.hit.article.id, sentence.hit.chunk.start), None)
        if passage is None:
            continue
        passage.sentence, passage.words = sentence.text, sentence.words
        passage.reader, passage.chance = round(sentence.logit, 3), round(float(chances[i]), 4)
        if not known.not_verified:  # the feature is the tangent of a tenth of the logit, which it flattens far from 0
            passage.verifier = round(10 * float(np.arctanh(np.clip(known.verifier, -0.9999, 0.9999))), 3)
        passage.verdict = "less likely" if sentence.fits else "of another kind"
    for passage in left.values():
        passage.verdict = "without what was named"
    if not sure:
        best = sentences[order[0]] if order else None
        why.refused = UNSURE if best and best.fits else NO_KIND
        if best and best.fits:
            why.judge([best.hit], "too unsure")
