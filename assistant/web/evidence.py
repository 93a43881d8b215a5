"""Where the quotes of an answer are shown: in the conversation or on the cards beside it, each once."""

import re
from collections.abc import Mapping
from typing import Literal

from article_assistant.types import Answer

LIKELY = 0.5
"""Confidence, 0 to 1, below which an answer is more likely wrong than right, and is said to be so."""
ToldWhere = Literal["always", "narrow"]
"""Whether the conversation shows a quote at every width, or only where no card stands beside it."""
_NUMBER_MARK = re.compile(r"\[\d{1,3}\]")


def offline_of(ready: Answer | None, answer: Answer | None) -> Answer | None:
    """The answer in the articles' own words: what was `ready` before a language model wrote, or the `answer` itself."""
    offline = ready or answer
    if offline and answer and answer.mode == "generative" and not offline.answered:
        return None  # the model answered what it refused
    return offline


def is_doubtful(answer: Answer | None) -> bool:
    """Whether an answer is probably none."""
    return bool(answer and answer.answered and answer.confidence is not None and answer.confidence < LIKELY)


def told(answer: Answer | None) -> Mapping[int, ToldWhere]:
    """By the numbers of an answer's citations, where the conversation shows the quote itself; others only cards show.

    An answer in whole sentences is its quotes. Under short words stand the sentences that they come from, and before
    words that are doubtful, always: there one has to see first what the article says.
    """
    if answer is None or not answer.answered:
        return {}
    words = _plain(_NUMBER_MARK.sub("", answer.answer))
    above: dict[int, ToldWhere] = {}
    if answer.short:
        above = {citation.number: "always" if is_doubtful(answer) else "narrow" for citation in answer.citations}
    return above | {citation.number: "always" for citation in answer.citations if _plain(citation.quote) in words}


def _plain(text: str) -> str:
    """The words of a text, whatever spaces, bullets and bars stand between them."""
    return " ".join(["", *re.findall(r"[\w%€$£]+", text), ""])
