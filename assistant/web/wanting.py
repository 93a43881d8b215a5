"""Questions that want something of the articles: those that were refused, and those answered badly."""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from article_assistant.memory import Opinion

_FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for the beginning of a formula; and anybody may have asked these questions."""


@dataclass(frozen=True, slots=True)
class Wanting:
    """A question that was refused, or whose answers were judged not helpful.

    `asked` is how often it was asked, `refused` and `disliked` how often of these; `last` the day (UTC) of the last
    time; `words` what was written about the answers.
    """

    question: str
    asked: int
    refused: int
    disliked: int
    last: str
    words: tuple[str, ...]


def grouped(judged: Iterable[Opinion]) -> list[Wanting]:
    """The questions that want something, most frequent first; those that differ in case and spaces only are one."""
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
    return sorted(found, key=lambda one: (-one.refused - one.disliked, one.question))


def as_csv(found: Sequence[Wanting]) -> str:
    """A table with a row for each question, its comments separated by ` | `."""
    table = io.StringIO()
    writer = csv.DictWriter(table, list(Wanting.__slots__), lineterminator="\n")
    writer.writeheader()
    for one in found:
        texts = {"question": one.question, "words": " | ".join(one.words)}
        plain = {name: f"'{text}" if text.startswith(_FORMULA) else text for name, text in texts.items()}
        writer.writerow({**asdict(one), **plain})
    return table.getvalue()
