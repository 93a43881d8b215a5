"""When to refuse, and the words of a refusal: what was looked for, and what comes nearest."""

import re
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from article_assistant import prompts
from article_assistant.answering.cite import resolve
from article_assistant.answering.rank import Contender
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.types import Hit
from article_assistant.types import Answer, Citation

MOST_NEAREST = 3
"""Articles that a refusal names at most."""
NEAR_ENOUGH = 0.38
"""Least similarity (cosine, -1 to 1) of a question with the nearest sentence of a passage that a refusal shows.

At 0.38 the samples' own 120 questions keep it but for 6, and of 600 on other matters 61 do."""
MOST_WORDS = 8
"""Words of the question that it names at most."""


def least_confidence(accepted: Sequence[tuple[float, float]], wrong: float) -> float:
    """The confidence below which to refuse, so that at most `wrong` of the answers given are wrong.

    `accepted` holds pairs of (share of wrong answers, confidence), the shares falling.
    """
    shares = [share for share, _ in accepted]
    return float(np.interp(wrong, shares[::-1], [confidence for _, confidence in accepted][::-1]))


def near_ones(in_order: Iterable[Contender]) -> list[Contender]:
    """Those whose passage is about what was asked: to be shown what has nothing to do with it helps nobody."""
    return [sentence for sentence in in_order if max(sentence.hit.cosines) >= NEAR_ENOUGH]


def refusal(question: str, in_order: Sequence[Contender], confidence: float) -> Answer:
    """What was looked for, and the best sentence of each of the first articles, marked as such."""
    best = {sentence.hit.article.id: sentence for sentence in reversed(in_order)}
    order = sorted(best.values(), key=in_order.index)[:MOST_NEAREST]
    nearest: tuple[Citation, ...] = resolve(sentence.quote for sentence in order)
    asked = ", ".join(f"“{word}”" for word in _words(question)[:MOST_WORDS]) or f"“{question}”"
    if nearest:
        text = _prompt("refused").format(asked=asked, nearest="; ".join(citation.title for citation in nearest))
    else:
        text = _prompt("refused_empty").format(asked=asked)
    return Answer(question, False, None, text, "refused", round(confidence, 3), (), nearest)


_prompt = cache(prompts.load_prompt)


def _words(question: str) -> list[str]:
    """The words of a question that say what it is about, as they are written."""
    words = re.findall(r"[\w’'-]+", question)
    return list(dict.fromkeys(word for word in words if not set(stems(word)) <= UNASKED))


def unread(hits: Sequence[Hit]) -> list[Contender]:
    """The sentence of each hit that is nearest to the question, which the reader did not look at."""
    best = [(hit, hit.chunk.sentences[int(np.argmax(hit.cosines))]) for hit in hits]
    return [Contender(hit, start, end, start, end, 0.0, False) for hit, (start, end) in best]
