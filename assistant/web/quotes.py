"""A quote as it is drawn: rows of a table as a table, items as a list, and the words of the answer in bold."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Literal

Parts = tuple[str, str, str]
"""The text before some words, the words, "" if they are not in it, and the text after them."""
_NAMED_CELL = re.compile(r"([^:|]{1,60}): (.*)")
_BULLET = "- "


@dataclass(frozen=True, slots=True)
class Drawn:
    """Consecutive lines of a quote of one form: text, the items of a list, or rows of a table under these `names`."""

    form: Literal["text", "item", "row"]
    names: tuple[str, ...]
    lines: list[list[Parts]]


def drawn(quote: str, words: str = "") -> Iterator[Drawn]:
    """A quote's text, lists and tables in order; the first place of the `words` is told, wherever spaces differ.

    None is told in rows that have them several times: which of these answers is not known here."""
    sought = re.compile(r"\s+".join(map(re.escape, words.split()))) if words.strip() else None
    if sought and " | " in quote and len(sought.findall(quote)) > 1:
        sought = None

    def parted(text: str) -> Parts:
        nonlocal sought
        found = sought.search(text) if sought else None
        if not found:
            return text, "", ""
        sought = None
        return text[: found.start()], found[0], text[found.end() :]

    for (form, names), lines in groupby(quote.split("\n"), key=_form_of):
        if form == "row":
            yield Drawn(form, names, [[parted(cell) for _, cell in cells_of(line)] for line in lines])
        elif form == "item":
            yield Drawn(form, names, [[parted(line.strip().removeprefix(_BULLET))] for line in lines])
        else:
            yield Drawn("text", names, [[parted("\n".join(lines))]])


def columns_of(words: str) -> tuple[str, ...]:
    """The names of the columns of an answer's items that are rows of one table; none where they are of several."""
    items = [line.removeprefix(_BULLET) for line in words.split("\n") if line.startswith(_BULLET)]
    named = {tuple(name for name, _ in cells_of(item)) for item in items} - {()}
    return named.pop() if len(named) == 1 else ()


def cells_of(line: str) -> list[tuple[str, str]]:
    """The names and contents of the cells of a table's row, as `Name: content | …`; none of any other line."""
    cells = [_NAMED_CELL.fullmatch(cell) for cell in line.strip().split(" | ")]
    return [(cell[1], cell[2]) for cell in cells if cell] if len(cells) > 1 and all(cells) else []


def _form_of(line: str) -> tuple[Literal["text", "item", "row"], tuple[str, ...]]:
    if cells := cells_of(line):
        return "row", tuple(name for name, _ in cells)
    return ("item" if line.lstrip().startswith(_BULLET) else "text"), ()
