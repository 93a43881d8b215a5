"""Tables in files of their own: CSV and Excel workbooks, each row a record that names its columns."""

import csv
import datetime
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from article_assistant.index.reading.archive import parts, saved_on
from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.page import Page, TextBuilder, squeeze
from article_assistant.index.reading.table import Cell, write_table
from article_assistant.index.types import ArticleError

NAMES_MOST = 3
"""Rows that names of columns may take."""
MERGED_MOST = 1_000
"""Rows or columns of a merged cell that are filled."""
_FIGURES = re.compile(r"[\d.,:/%€$£+\s-]*\d[\d.,:/%€$£+\s-]*")


def csv_page(data: bytes) -> Page:
    """Comma-separated values, or separated by another sign; the first row names the columns where it can."""
    text = decode(data)
    try:
        dialect: csv.Dialect | type[csv.Dialect] = csv.Sniffer().sniff(text[:10_000], ",;\t|")
    except csv.Error:
        dialect = csv.excel
    csv.field_size_limit(10_000_000)
    try:
        rows = [row for row in csv.reader(io.StringIO(text), dialect) if any(map(str.strip, row))]
    except csv.Error as error:
        raise ArticleError(f"it is not made of rows and columns ({error})") from error
    builder = TextBuilder()
    while len(rows) > 1 and len(rows[0]) > 1 and sum(map(bool, map(str.strip, rows[0]))) == 1:
        builder.paragraph("".join(rows.pop(0)))  # a title above the names
    first = [cell.strip() for cell in rows[0]] if rows else []
    named = len(rows) > 1 and all(first) and len(set(first)) == len(first) and not any(map(_FIGURES.fullmatch, first))
    write_table(builder, [[Cell(text) for text in row] for row in rows], int(named))
    return Page(None, builder.text(), None)


def excel_page(data: bytes) -> Page:
    """A workbook, sheet by sheet; rows of a sheet that an empty one parts are tables of their own."""
    import openpyxl

    with parts(data, "workbook") as archive:
        held = {name: archive.read(name) for name in archive.namelist() if name.startswith("xl/worksheets/")}
        updated = saved_on(archive)
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    builder = TextBuilder()
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for sheet in shown:
        sheet.reset_dimensions()  # what a file claims of its size is not always so
        merged = _merged_places(held.get(sheet._worksheet_path.lstrip("/"), b""))
        tables = _with_heads(_tables(sheet.iter_rows(), merged))
        if tables and len(shown) > 1:
            builder.heading(2, sheet.title)
        for table in tables:
            _write_sheet_table(builder, table)
    book.close()
    return Page(squeeze(book.properties.title or "") or None, builder.text(), updated)


@dataclass(frozen=True, slots=True, eq=False)
class _Entry:
    """A cell: its value, how that is shown, and whether it is bold. A merged one stands in all of its places."""

    value: object = None
    text: str = ""
    bold: bool = False

    def is_name(self) -> bool:
        """Whether it holds words, which may name a column."""
        return isinstance(self.value, str) and any(map(str.isalpha, self.text)) and not _FIGURES.fullmatch(self.text)

    def is_figure(self) -> bool:
        """Whether it holds anything but words."""
        return bool(self.text) and not self.is_name()


_BLANK = _Entry()
SheetRow = list[_Entry]
_MERGED_CELL = re.compile(rb'<(?:\w+:)?mergeCell [^>]*?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"')


def _merged_places(part: bytes) -> dict[tuple[int, int], tuple[int, int]]:
    """For each place of merged cells but their first, that one; rows and columns count from 0."""
    from openpyxl.utils import column_index_from_string

    found: dict[tuple[int, int], tuple[int, int]] = {}
    for left, top, right, bottom in _MERGED_CELL.findall(part):
        rows = range(int(top) - 1, min(int(bottom), int(top) + MERGED_MOST))
        first = column_index_from_string(left.decode()) - 1
        columns = range(first, min(column_index_from_string(right.decode()), first + MERGED_MOST))
        found |= {(i, j): (rows[0], first) for i in rows for j in columns}
        if len(found) > 100 * MERGED_MOST:
            break
    return found


def _tables(
    rows: Iterable[Sequence[object]], merged: dict[tuple[int, int], tuple[int, int]]
) -> Iterable[list[SheetRow]]:
    """Rows that follow one another, without empty columns at their ends."""
    table: list[SheetRow] = []
    origins: dict[tuple[int, int], _Entry] = {}
    firsts, reach = set(merged.values()), dict(sorted(merged))  # the last column of each row with merged cells
    for i, cells in enumerate(rows):
        row = [_entry(cell) for cell in cells]
        row += [_BLANK] * (reach.get(i, -1) + 1 - len(row))  # an empty cell need not be written
        for j, entry in enumerate(row):
            if (i, j) in firsts:
                origins[i, j] = entry
            elif (i, j) in merged:
                row[j] = origins.get(merged[i, j], entry)
        while row and not row[-1].text:
            row.pop()
        if row:
            table.append(row)
        elif table:
            yield table
            table = []
    if table:
        yield table


def _with_heads(tables: Iterable[list[SheetRow]]) -> list[list[SheetRow]]:
    """Tables with the names that an empty row parts from them."""
    found: list[list[SheetRow]] = []
    for table in tables:
        last = found[-1] if found else []
        if last and len(last) <= NAMES_MOST and not any(entry.is_figure() for row in last for entry in row):
            names = {j for j, entry in enumerate(last[-1]) if entry.text}
            below = {j for row in table for j, entry in enumerate(row) if entry.is_figure()}
            if len(names) > 1 and names <= below:
                found[-1] = [*last, *table]
                continue
        found.append(table)
    return found


def _entry(cell: object) -> _Entry:
    value = getattr(cell, "value", None)
    if value is None:
        return _BLANK
    form = str(getattr(cell, "number_format", "") or "")
    font = getattr(cell, "font", None)
    return _Entry(value, displayed(value, form).strip(), bool(font and font.b))


def displayed(value: object, form: str) -> str:
    """A value as a person sees it, for the usual formats.

    >>> displayed(0.25, "0%"), displayed(3.0, "General"), displayed(datetime.date(2025, 3, 1), "dd/mm/yy")
    ('25%', '3', '2025-03-01')
    """
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(" ", "minutes")
    if isinstance(value, datetime.date | datetime.time):
        return value.isoformat()
    if isinstance(value, int | float):
        digits = re.search(r"0\.(0+)", form)
        if "%" in form:
            return f"{value * 100:.{len(digits[1]) if digits else 0}f}%"
        if digits:
            return f"{value:.{len(digits[1])}f}"
        return f"{value:.15g}"
    return str(value)


def _write_sheet_table(builder: TextBuilder, table: list[SheetRow]) -> None:
    width = max(map(len, table))
    rows = [[*row, *[_BLANK] * (width - len(row))] for row in table]
    kept = [j for j in range(width) if any(row[j].text for row in rows)]
    rows = [[row[j] for j in kept] for row in rows]
    while len(rows) > 1 and len(kept) > 1 and len({id(entry) for entry in rows[0] if entry.text}) == 1:
        builder.paragraph(next(entry.text for entry in rows[0] if entry.text))  # a title above the table
        del rows[0]
    heads = _heads(rows) or None
    # Bold cells among others are a form's names.
    names = heads is None and not all(entry.bold for row in rows for entry in row if entry.text)
    cells = {id(entry): Cell(entry.text, names and entry.bold) for row in rows for entry in row if entry.text}
    write_table(builder, [[cells.get(id(entry)) or Cell("") for entry in row] for row in rows], heads)


def _heads(rows: list[SheetRow]) -> int:
    """How many rows, from the first, name the columns: bold ones, words over figures, or a full row of words."""
    words = [all(entry.is_name() for entry in row if entry.text) for row in rows]
    leading = next((k for k, named in enumerate(words) if not named), len(rows))
    if leading == 0 or len(rows) < 2:
        return 0
    bold = [all(entry.bold for entry in row if entry.text) for row in rows]
    dark = next((k for k, one in enumerate(bold) if not one), len(rows))
    if 0 < dark <= min(leading, NAMES_MOST) and dark < len(rows):
        return dark
    several = leading <= NAMES_MOST and len({id(entry) for entry in rows[0] if entry.text}) < len(rows[0])
    heads = leading if several and leading < len(rows) else 1
    for column in zip(*rows, strict=True):
        filled = [entry for entry in column[heads:] if entry.text]
        if filled and all(entry.is_figure() for entry in filled):
            return heads
    first = [entry.text for entry in rows[0]]
    return int(len(rows) > 2 and len(first) > 2 and all(first) and len(set(first)) == len(first))
