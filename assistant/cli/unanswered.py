"""The command `unanswered`: what was asked and not answered, or not well, for those who keep the articles."""

import sys
from contextlib import closing
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer
from article_assistant.cli.console import AsJson, Home, count, out, print_json, settings_of
from rich.markup import escape

if TYPE_CHECKING:
    from article_assistant.index.embed import Embedder
    from article_assistant.web.wanting import Wanting


def unanswered(
    context: typer.Context,
    home: Home = None,
    as_json: AsJson = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print one line of CSV for each question.")] = False,
) -> None:
    """Show the questions that the articles did not answer, and those whose answers were judged not helpful.

    The most frequent come first, and questions that ask the same in other words are one. They are kept for as many
    days as the setting keep_days says.
    """
    from article_assistant.memory import Memory
    from article_assistant.web import wanting

    def encoder() -> "Embedder":
        from article_assistant.index import embed

        return embed.load(settings.encoder, settings.threads)

    settings = settings_of(context, home)
    with closing(Memory(settings.home, settings.keep_days)) as memory:
        found = wanting.grouped(memory.judged(), wanting.Meanings(encoder))
    if as_json:
        print_json({"unanswered": [asdict(one) for one in found]})
    elif as_csv:
        sys.stdout.write(wanting.as_csv(found))
    elif not found:
        out.print("Nothing is wanting: every question that is kept was answered, and none judged not helpful.")
    else:
        _print(found)


def _print(found: "list[Wanting]") -> None:
    from rich.table import Table

    table = Table("question", "asked", "not answered", "not helpful", "last")
    for column in table.columns[1:4]:
        column.justify = "right"
    table.columns[0].overflow = "fold"
    for one in found:
        said = "".join(f"\n  = {escape(wording)}" for wording in one.wordings)
        said += "".join(f"\n  “{escape(word)}”" for word in one.words)
        table.add_row(escape(one.question) + said, f"{one.asked:,}", f"{one.refused:,}", f"{one.disliked:,}", one.last)
    out.print(table)
    out.print(f"{count(len(found), 'question')} that the articles could answer better.")
