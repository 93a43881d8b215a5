"""A table becomes rows that make sense alone: each cell behind the name of its column, or of its row."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from article_assistant.index.reading.lines import LABEL
from article_assistant.index.reading.page import TextBuilder, squeeze


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """What stands in a cell, and whether it is shown as a name: a header cell, or bold or shaded.

    A cell that spans several rows or columns stands in each of them, as the same object.
    """

    text: str
    is_name: bool = False


Rows = Sequence[Sequence[Cell]]


def grid(rows: Iterable[Iterable[tuple[Cell, int, int]]]) -> list[list[Cell]]:
    """The cells of each row, each as often as it has columns and rows; given are a cell, its columns and its rows.

    >>> [[cell.text for cell in row] for row in grid([[(Cell("a"), 1, 2), (Cell("b"), 2, 1)], [(Cell("c"), 2, 1)]])]
    [['a', 'b', 'b'], ['a', 'c', 'c']]
    """
    made: list[list[Cell]] = []
    falling: dict[int, tuple[Cell, int]] = {}  # by column: a cell from above, and in how many rows it still stands
    for row in rows:
        line: list[Cell] = []
        begun: dict[int, tuple[Cell, int]] = {}
        for cell, across, down in row:
            _fall(line, falling)
            for _ in range(across):
                if down > 1:
                    begun[len(line)] = cell, down - 1
                line.append(cell)
                if len(line) in falling:
                    break  # two cells claim one place
        _fall(line, falling)
        falling = {column: (cell, more - 1) for column, (cell, more) in falling.items() if more > 1} | begun
        made.append(line)
    return [line for line in made if line]


def span_of(value: object) -> int:
    """Columns or rows that a cell takes by its attribute, 1 to 99; more is a page that wants to fill memory.

    >>> span_of("2"), span_of(None), span_of("4000")
    (2, 1, 1)
    """
    text = str(value).strip()
    return int(text) if text.isdigit() and 0 < len(text) < 3 and int(text) > 0 else 1


def _fall(line: list[Cell], falling: dict[int, tuple[Cell, int]]) -> None:
    while len(line) in falling:
        line.append(falling[len(line)][0])


def write_table(builder: TextBuilder, rows: Rows, heads: int | None = None) -> None:
    """Write the rows of a table through `builder`, its titles as paragraphs before them.

    `heads` is how many rows the file calls the header; None where it has no way to say so.
    """
    titles, lines = table_lines(rows, heads)
    builder.end_list()
    for title in titles:
        builder.paragraph(title)
    for line in lines:
        builder.row([], [line])
    builder.end_list()


def table_lines(rows: Rows, heads: int | None = None) -> tuple[list[str], list[str]]:
    """The titles over a table, and a line for each of its rows but the header.

    >>> table_lines([[Cell("City"), Cell("Hotel")], [Cell("Oslo"), Cell("180")]], heads=1)
    ([], ['City: Oslo | Hotel: 180'])
    >>> table_lines([[Cell("Owner"), Cell("Dana")], [Cell("Approved by"), Cell("Ravi")]])
    ([], ['Owner: Dana', 'Approved by: Ravi'])
    """
    filled = [any(cell.text.strip() for cell in row) for row in rows]
    rows, heads = [row for row, one in zip(rows, filled, strict=True) if one], heads and sum(filled[:heads])
    if not rows:
        return [], []
    if all(cell.is_name for row in rows for cell in row):  # then no cell is called a name by it
        plain = {id(cell): replace(cell, is_name=False) for row in rows for cell in row}
        rows, heads = [[plain[id(cell)] for cell in row] for row in rows], None
    titles = []
    while len(rows) > 1 and _spans_all(rows[0]) and not _heads_alone(rows, heads):
        titles.append(squeeze(rows[0][0].text))
        rows, heads = rows[1:], max(heads - 1, 0) if heads else heads
    if heads is None:
        heads = _leading_names(rows) or int(_looks_named(rows))
    heads = next((number for number in range(1, heads) if _spans_all(rows[number])), heads)
    if heads >= len(rows):
        heads = 0
    return titles, list(filter(None, _body_lines(_column_names(rows[:heads]), rows[heads:])))


def _body_lines(names: Sequence[str], rows: Rows) -> Iterator[str]:
    """A line for each row; a name over all columns is said with each row below it, as a row must make sense alone."""
    section = ""
    for row, below in zip(rows, [*rows[1:], None], strict=True):
        if not _spans_all(row):
            line = _row_line(names, row)
            yield f"{section} | {line}" if section and line else line
        elif row[0].is_name and below and not _spans_all(below):
            section = squeeze(row[0].text)
        else:
            yield squeeze(row[0].text)


def _spans_all(row: Sequence[Cell]) -> bool:
    """Whether one cell takes all of several columns."""
    return len(row) > 1 and len({id(cell) for cell in row}) == 1


def _heads_alone(rows: Rows, heads: int | None) -> bool:
    """Whether a cell over all columns is the only header that the file names, and no row has a name of its own."""
    return heads == 1 and not any(cell.is_name for row in rows[1:] for cell in row)


def _leading_names(rows: Rows) -> int:
    """How many rows, from the first, are all names, where the rest is not; a last row may be a bold total."""
    named = [all(cell.is_name or not cell.text.strip() for cell in row) and not _spans_all(row) for row in rows]
    many = next((number for number, one in enumerate(named) if not one), 0)
    return many if many and not any(named[many:-1]) else 0


def _looks_named(rows: Rows) -> bool:
    """Whether the first row of three or more columns are words over figures, or leave a corner free over names.

    csv.Sniffer tells a header by the figures too. Two columns are a form where the file does not say otherwise:
    `Owner | Dana`.
    """
    first, columns = rows[0], list(zip(*rows[1:], strict=False))
    if len(first) < 3 or any(cell.is_name for row in rows for cell in row):
        return False
    if any(not cell.text.strip() or re.search(r"\d", cell.text) for cell in first[1:]):
        return False
    if not first[0].text.strip():
        return bool(columns) and all(cell.text.strip() for cell in columns[0])
    texts = ([cell.text for cell in column if cell.text.strip()] for column in columns)
    figures = (len(said) >= max(2, len(rows) / 2) and all(re.search(r"\d", text) for text in said) for said in texts)
    return len(rows) > 2 and not re.search(r"\d", first[0].text) and any(figures)


def _column_names(rows: Rows) -> list[str]:
    """What stands over each column, from all rows of the header."""
    width = max(map(len, rows), default=0)
    names = []
    for column in range(width):
        texts = [squeeze(row[column].text) for row in rows if column < len(row)]
        names.append(" ".join(dict.fromkeys(text.rstrip(":") for text in texts if text)))
    return names


def _row_line(names: Sequence[str], row: Sequence[Cell]) -> str:
    if names:
        named = zip([*names, *[""] * len(row)], (squeeze(cell.text) for cell in row), strict=False)
        return " | ".join(f"{name}: {text}" if name and name != text else text for name, text in named if text)
    cells = [cell for number, cell in enumerate(row) if cell.text.strip() and cell not in row[:number]]
    texts = [squeeze(cell.text) for cell in cells]
    if len(cells) == 2 and len(row) == 2 and not cells[1].is_name:
        return f"{texts[0]} {texts[1]}" if LABEL.fullmatch(texts[0]) else f"{texts[0].rstrip(':')}: {texts[1]}"
    parts = texts[:1]
    for (before, text), (last, cell) in zip(pairwise(texts), pairwise(cells), strict=True):
        name = (last.is_name and not cell.is_name) or before.endswith(":")
        parts.append(f"{': ' if name else ' | '}{text}")
        if name:
            parts[-2] = parts[-2].rstrip(":")
    return "".join(parts)
