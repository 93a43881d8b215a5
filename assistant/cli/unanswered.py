"""The command `unanswered`: what was asked and not answered, or not well, for those who keep the articles."""

import csv
import io
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from article_assistant.cli.console import AsJson, Home, count, out, print_json, settings_of
from rich.markup import escape

if TYPE_CHECKING:
    from article_assistant.memory import Opinion


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


def unanswered(
    context: typer.Context,
    home: Home = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print one line of CSV for each question.")] = False,
) -> None:
    """Show the questions that the articles did not answer, and those whose answers were judged not helpful.

    The most frequent come first. Questions are kept for as many days as the setting keep_days says.
    """
    from article_assistant.memory import Memory

    settings = settings_of(context, home)
    with closing(Memory(settings.home, settings.keep_days)) as memory:
        found = grouped(memory.judged())
    if as_json:
        print_json({"unanswered": [asdict(one) for one in found]})
    elif as_csv:
        table = io.StringIO()
        writer = csv.DictWriter(table, list(Wanting.__slots__), lineterminator="\n")
        writer.writeheader()
        writer.writerows({**asdict(one), "words": " | ".join(one.words)} for one in found)
        sys.stdout.write(table.getvalue())
    elif not found:
        out.print("Nothing is wanting: every question that is kept was answered, and none judged not helpful.")
    else:
        _print(found)


def grouped(judged: Iterable["Opinion"]) -> list[Wanting]:
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


def _print(found: list[Wanting]) -> None:
    from rich.table import Table

    table = Table("question", "asked", "not answered", "not helpful", "last")
    for column in table.columns[1:4]:
        column.justify = "right"
    table.columns[0].overflow = "fold"
    for one in found:
        said = "".join(f"\n  “{escape(word)}”" for word in one.words)
        table.add_row(escape(one.question) + said, f"{one.asked:,}", f"{one.refused:,}", f"{one.disliked:,}", one.last)
    out.print(table)
    out.print(f"{count(len(found), 'question')} that the articles could answer better.")
