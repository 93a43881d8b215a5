"""How an answer and its quotes are shown: each quote once, in the conversation or on the cards beside it."""

import re
from collections.abc import Mapping
from typing import Literal

from article_assistant.answering.cite import DISAGREE, day
from article_assistant.types import Answer

LIKELY = 0.5
"""Confidence, 0 to 1, below which an answer is more likely wrong than right, and is said to be so."""
SURE_ENOUGH = 0.75
"""Confidence, 0 to 1, below which an answer says how often answers like it are right."""
ToldWhere = Literal["always", "narrow"]
"""Whether the conversation shows a quote at every width, or only where no card stands beside it."""
_NUMBER_MARK = re.compile(r"\[\d{1,3}\]")
REPEATED_MARK = r"^(?! {4})(.*) (\[\d{1,3}\])$(?=(?:\n {4}.*)*\n- .* \2$)"
"""A mark at the end of a line that is no code, which the next item of the list has too."""


def offline_of(ready: Answer | None, answer: Answer | None) -> Answer | None:
    """The answer in the articles' own words: what was `ready` before a language model wrote, or the `answer` itself."""
    offline = ready or answer
    if offline and answer and answer.mode == "generative" and not offline.answered:
        return None  # the model answered what it refused
    return offline


def is_doubtful(answer: Answer | None) -> bool:
    """Whether an answer is probably none."""
    return bool(answer and answer.answered and answer.confidence is not None and answer.confidence < LIKELY)


def often(answer: Answer | None) -> int | None:
    """How many in 10 of answers like this are right, if that is to be said: a doubtful one says so in other words."""
    sure = answer.confidence if answer and answer.answered else None
    return round(sure * 10) if sure is not None and LIKELY <= sure < SURE_ENOUGH else None


def as_drawn(words: str) -> str:
    """An answer's text as it is drawn: one mark after a list, and a line for each of what the articles say instead.

    >>> as_drawn("Bring: [1]\\n- a pass [1]\\n- photos [1]")
    'Bring:\\n- a pass\\n- photos [1]'
    >>> as_drawn("The articles disagree: 7 (1 May 2024) [1]; 5. [2]")
    'The articles disagree:\\n- 7 (1 May 2024) [1]\\n- 5 [2]'
    """
    if words.startswith(DISAGREE):
        said = re.sub(r"\.( \[\d+\])$", r"\1", words.removeprefix(DISAGREE).strip())
        return "\n- ".join([DISAGREE, *re.split(r"(?<=\]); ", said)])
    return re.sub(REPEATED_MARK, r"\1", words, flags=re.MULTILINE)


def shorts(answer: Answer | None) -> dict[int, str]:
    """By the numbers of an answer's citations, its short words; where articles disagree, those of each."""
    if answer is None or not answer.short:
        return {}
    if not answer.answer.startswith(DISAGREE):
        return {citation.number: answer.short for citation in answer.citations}
    lines = as_drawn(answer.answer).split("\n- ")[1:]
    return {
        one.number: line.removesuffix(f" [{one.number}]").removesuffix(f" ({day(one.updated)})")
        for line, one in zip(lines, answer.citations, strict=False)
    }


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
