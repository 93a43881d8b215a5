"""Tables in files of their own: CSV and Excel workbooks, each row a record that names its columns."""

import csv
import datetime
import io
import re
from collections.abc import Iterable, Sequence

from article_assistant.index.reading.archive import parts
from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.reading.table import Cell, write_table
from article_assistant.index.types import ArticleError

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
    first = [cell.strip() for cell in rows[0]] if rows else []
    named = len(rows) > 1 and all(first) and len(set(first)) == len(first) and not any(map(_FIGURES.fullmatch, first))
    write_table(builder, [[Cell(text) for text in row] for row in rows], int(named))
    return Page(None, builder.text(), None)


def excel_page(data: bytes) -> Page:
    """A workbook, sheet by sheet; rows of a sheet that an empty one parts are tables of their own."""
    import openpyxl

    with parts(data, "workbook"):
        pass
    book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
    builder = TextBuilder()
    shown = [sheet for sheet in book.worksheets if sheet.sheet_state == "visible"]
    for sheet in shown:
        sheet.reset_dimensions()  # what a file claims of its size is not always so
        tables = list(_tables(sheet.iter_rows()))
        if tables and len(shown) > 1:
            builder.heading(2, sheet.title)
        for table in tables:
            _write_sheet_table(builder, table)
    facts = book.properties
    book.close()
    return Page(squeeze(facts.title or "") or None, builder.text(), iso_date(facts.modified or facts.created))


SheetRow = list[tuple[object, str, bool]]
"""Of each cell its value, how that is shown, and whether it is bold."""


def _tables(rows: Iterable[Sequence[object]]) -> Iterable[list[SheetRow]]:
    """Rows that follow one another, without empty columns at their sides."""
    table: list[SheetRow] = []
    for cells in rows:
        row = [_sheet_cell(cell) for cell in cells]
        while row and not row[-1][1]:
            row.pop()
        if row:
            table.append(row)
        elif table:
            yield table
            table = []
    if table:
        yield table


def _sheet_cell(cell: object) -> tuple[object, str, bool]:
    value = getattr(cell, "value", None)
    if value is None:
        return None, "", False
    form = str(getattr(cell, "number_format", "") or "")
    font = getattr(cell, "font", None)
    return value, displayed(value, form), bool(font and font.b)


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
    empty = (None, "", False)
    rows = [[*row, *[empty] * (width - len(row))] for row in table]
    kept = [j for j in range(width) if any(row[j][1] for row in rows)]
    rows = [[row[j] for j in kept] for row in rows]
    while len(rows) > 1 and len(kept) > 1 and sum(bool(cell[1]) for cell in rows[0]) == 1:
        builder.paragraph(next(cell[1] for cell in rows[0] if cell[1]))  # a title above the table
        del rows[0]
    first, rest = rows[0], rows[1:]
    words = all(isinstance(cell[0], str) and not _FIGURES.fullmatch(cell[1]) for cell in first)
    bold = all(cell[2] for cell in first) and not all(cell[2] for row in rest for cell in row if cell[1])
    figures = any(
        values and all(not isinstance(value, str) for value in values)
        for values in ([row[j][0] for row in rest if row[j][1]] for j in range(len(kept)))
    )
    heads = 1 if rest and words and (bold or figures) else None
    # Bold cells among others are a form's names.
    names = heads is None and not all(is_bold for row in rows for _, text, is_bold in row if text)
    write_table(builder, [[Cell(text, names and is_bold) for _, text, is_bold in row] for row in rows], heads)
