"""Word documents become text as Word shows it, with all changes accepted.

The parts of a .docx are read as they stand in the package: converters drop in silence what they don't know, such as
the results of fields, equations and the numbers of headings.
"""

import re
from collections.abc import Iterator
from itertools import takewhile

import lxml.etree
from article_assistant.index.reading.archive import parts
from article_assistant.index.reading.numbering import Numbering
from article_assistant.index.reading.ooxml import (
    BLOCK_NAMES,
    Package,
    Styles,
    W,
    descend,
    is_on,
    is_shaded,
    local_name,
    shown_in,
    value_of,
    whole_number,
)
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, one_line, squeeze
from article_assistant.index.reading.runs import Runs
from article_assistant.index.reading.table import Cell, table_lines, write_table
from article_assistant.index.types import ArticleError
from lxml.etree import _Element as Element

SPAN_MOST = 100
"""Columns that a cell may take."""
_LABEL = re.compile(r"\d{1,3}[.)]|[A-Za-z][.)]")
_CODE_STYLES = {"source code", "html preformatted", "macro text", "plain text"}
"""Styles of code by the names that Word and other programs give them."""


def docx_page(data: bytes) -> Page:
    """A .docx file: its headings, paragraphs, lists, tables, notes and text boxes in their order."""
    with parts(data, "document") as archive:
        package = Package(archive)
        main = package.related("", "officeDocument") or "word/document.xml"
        body = package.xml(main)
        if body is None:
            raise ArticleError("no Word document is in it")
        document = _Document(package, main)
        core = package.xml(package.related("", "core-properties") or "docProps/core.xml")
        document.blocks(body)
    facts = {local_name(fact): fact.text or "" for fact in core} if core is not None else {}
    updated = iso_date(facts.get("modified")) or iso_date(facts.get("created"))
    return Page(squeeze(facts.get("title", "")) or document.title, document.builder.text(), updated)


class _Document:
    """A walk through a document, which writes what it meets through `builder`."""

    def __init__(self, package: Package, main: str) -> None:
        self.builder = TextBuilder()
        self.title: str | None = None
        self._styles = Styles(package.beside(main, "styles"))
        self._numbering = Numbering(package.beside(main, "numbering"))
        self._runs = Runs(package, main, self._styles)
        self._carried = ""  # a paragraph whose end was deleted, or a large first letter, goes on in the next one

    def blocks(self, element: Element) -> None:
        """Write all blocks in an element."""
        for child in shown_in(element):
            name = local_name(child)
            if name == "p":
                self._paragraph(child)
            elif name == "tbl":
                self._table(child)
            elif not (name == "sdt" and _is_contents(child)):
                self.blocks(child)

    def _paragraph(self, paragraph: Element) -> None:
        properties = paragraph.find(W + "pPr")
        style = value_of(properties, "pStyle")
        boxes: list[Element] = []
        text = self._carried + self._runs.text(paragraph, boxes)
        self._carried = ""
        name = self._styles.name(style)
        frame = properties.find(W + "framePr") if properties is not None else None
        drops = frame is not None and frame.get(W + "dropCap") in {"drop", "margin"}
        if drops or (properties is not None and properties.find(f"{W}rPr/{W}del") is not None):
            self._carried = text
        elif name in _CODE_STYLES:
            self.builder.code(text, goes_on=True)
        elif squeeze(text) and not re.match("toc( |$)", name):
            self._write(text, paragraph, style, name)
        for box in boxes:
            self.blocks(box)

    def _write(self, text: str, paragraph: Element, style: str | None, name: str) -> None:
        level, label = self._level(paragraph, style), self._label(paragraph, style)
        if self.title is None and (name == "title" or level == 1):
            self.title = squeeze(text)
        if name == "title":
            self.builder.heading(1, text)
        elif level is not None:
            self.builder.heading(level, f"{label[0]} {text}" if label and label[0] else text)
        elif label is not None:
            sign, depth = label
            numbered = bool(_LABEL.fullmatch(sign))
            self.builder.item(f"{sign} {text}" if sign and not numbered else text, depth, sign if numbered else None)
        elif name.startswith("list ") and name != "list paragraph":
            self.builder.item(text)
        elif self._runs.is_bold(paragraph, style) and squeeze(text).endswith("?"):
            self.builder.question(text)
        else:
            self.builder.paragraph(text)

    def _level(self, paragraph: Element, style: str | None) -> int | None:
        """The level of a heading, from 1; None for other paragraphs."""
        own = paragraph.find(f"{W}pPr/{W}outlineLvl")
        found = own if own is not None else self._styles.paragraph(style, "outlineLvl")
        if found is not None and (level := whole_number(found.get(W + "val"), 9)) < 9:
            return level + 1
        named = re.fullmatch("heading ([1-9])", self._styles.name(style))
        return int(named[1]) if named and found is None else None

    def _label(self, paragraph: Element, style: str | None) -> tuple[str, int] | None:
        """The number of a paragraph as it is written, and its depth; None where it has none."""
        own = paragraph.find(f"{W}pPr/{W}numPr")
        shared = self._styles.paragraph(style, "numPr")
        number = value_of(own, "numId") or value_of(shared, "numId")
        if number in {None, "0"}:
            return None
        assert number is not None
        linked = self._numbering.level_of(number, style)
        depth = value_of(own, "ilvl") or (str(linked) if linked is not None else value_of(shared, "ilvl"))
        label = self._numbering.next(number, whole_number(depth))
        return None if label is None else (label, whole_number(depth))

    def _table(self, table: Element) -> None:
        rows = self._grid(table)
        cells = {id(cell): cell for row in rows for cell in row}.values()
        if all(len({id(cell) for cell in row}) <= 1 for row in rows) or any(map(self._has_heading, cells)):
            self.builder.end_list()  # a box around text, or a page in columns
            for cell in cells:
                self.blocks(cell)
            return
        write_table(self.builder, *self._named(table, rows))

    def _has_heading(self, cell: Element) -> bool:
        paragraphs = cell.iterfind(W + "p")
        return any(self._level(one, value_of(one.find(W + "pPr"), "pStyle")) is not None for one in paragraphs)

    def _grid(self, table: Element) -> list[list[Element]]:
        """The cells of each row, each as often as it has columns and rows."""
        rows: list[list[Element]] = []
        for row in descend(table, "tr", BLOCK_NAMES):
            properties = row.find(W + "trPr")
            if properties is not None and properties.find(W + "del") is not None:
                continue
            cells = [lxml.etree.Element(W + "tc")] * min(whole_number(value_of(properties, "gridBefore")), SPAN_MOST)
            for cell in descend(row, "tc", BLOCK_NAMES):
                about = cell.find(W + "tcPr")
                if about is not None and about.find(W + "cellDel") is not None:
                    continue
                merged = about.find(W + "vMerge") if about is not None else None
                goes_on = merged is not None and merged.get(W + "val") != "restart"
                above = rows[-1][len(cells)] if rows and len(cells) < len(rows[-1]) else cell
                span = min(max(whole_number(value_of(about, "gridSpan"), 1), 1), SPAN_MOST)
                cells += [above if goes_on else cell] * span
            rows.append(cells)
        return [row for row in rows if row]

    def _named(self, table: Element, rows: list[list[Element]]) -> tuple[list[list[Cell]], int | None]:
        """The cells of a table with what is shown as a name, and how many rows are said to be its header."""
        about = table.find(W + "tblPr")
        style, look = value_of(about, "tblStyle"), about.find(W + "tblLook") if about is not None else None
        bits = look.get(W + "val", "") if look is not None else ""
        number = int(bits, 16) if re.fullmatch("[0-9A-Fa-f]{1,8}", bits) else 0

        def looks(name: str, bit: int, where: str) -> bool:
            said = look.get(W + name) if look is not None else None
            shown = bool(number & bit) if said is None else said in {"1", "true"}
            return shown and self._styles.shows_names(style, where)

        first_row, first_column = looks("firstRow", 0x20, "firstRow"), looks("firstColumn", 0x80, "firstCol")
        elements = {id(cell): cell for row in rows for cell in row}
        texts = {key: one_line(self._pieces(cell)) for key, cell in elements.items()}
        named = {key for key, cell in elements.items() if self._runs.is_bold(cell)}
        if not named:
            named = {key for key, cell in elements.items() if is_shaded(cell.find(W + "tcPr"))}
        if first_row:
            named |= {id(cell) for cell in rows[0]}
        if first_column:
            named |= {id(row[0]) for row in rows}
        made = {key: Cell(text, key in named) for key, text in texts.items()}
        marked = (is_on(row.find(W + "trPr"), "tblHeader") for row in descend(table, "tr", BLOCK_NAMES))
        return [[made[id(cell)] for cell in row] for row in rows], len(list(takewhile(bool, marked))) or None

    def _pieces(self, element: Element) -> Iterator[str]:
        for child in shown_in(element):
            name = local_name(child)
            if name == "p":
                boxes: list[Element] = []
                text = self._runs.text(child, boxes)
                label = self._label(child, value_of(child.find(W + "pPr"), "pStyle")) if squeeze(text) else None
                yield f"{label[0]} {text}" if label else text
                for box in boxes:
                    yield from self._pieces(box)
            elif name == "tbl":
                titles, lines = table_lines(*self._named(child, self._grid(child)))
                yield from [*titles, *lines]
            else:
                yield from self._pieces(child)


def _is_contents(control: Element) -> bool:
    """Whether a content control holds the table of contents."""
    gallery = control.find(f"{W}sdtPr/{W}docPartObj/{W}docPartGallery")
    return gallery is not None and gallery.get(W + "val") == "Table of Contents"
