"""PowerPoint, slide by slide: its title as a heading, its shapes from top to bottom, and its notes."""

import io
import re
from collections.abc import Iterable, Iterator
from itertools import takewhile
from typing import Any

from article_assistant.index.reading.archive import parts, saved_on
from article_assistant.index.reading.numbering import counted
from article_assistant.index.reading.page import Page, TextBuilder, squeeze
from article_assistant.index.reading.table import Cell, grid, write_table

GROUPS_DEEPEST = 20
"""Groups of shapes inside one another that are followed."""
RUNNING = {"dt", "ftr", "hdr", "sldNum"}
"""Placeholders that are around a slide, as the running heads of a page are."""

_AUTOMATIC = re.compile(r"(alpha|arabic|roman)(Lc|Uc)?(Period|ParenR|ParenBoth|Plain)")


def slides_page(data: bytes) -> Page:
    """A presentation without its hidden slides; one without a title is named by its number."""
    import pptx

    with parts(data, "presentation") as archive:
        updated = saved_on(archive)
    deck = pptx.Presentation(io.BytesIO(data))
    builder = TextBuilder()
    shown = {number: slide for number, slide in enumerate(deck.slides, 1) if slide._element.get("show") != "0"}
    for number, slide in shown.items():
        title = slide.shapes.title
        name = squeeze(title.text_frame.text) if title is not None else ""
        builder.heading(2, name or f"Slide {number}")
        for shape in _shapes(slide.shapes):
            if title is None or shape.shape_id != title.shape_id:
                _write_shape(shape, builder)
        if slide.has_notes_slide and (notes := slide.notes_slide.notes_text_frame):
            builder.end_list()
            for k, line in enumerate(line for line in notes.text.splitlines() if line.strip()):
                builder.paragraph(f"Notes: {line}" if k == 0 else line)
    named = squeeze(deck.core_properties.title or "")
    first = next((slide.shapes.title.text_frame.text for slide in shown.values() if slide.shapes.title is not None), "")
    # PowerPoint's own word for a deck that nobody named.
    title_of = named if named not in {"", "PowerPoint Presentation"} else squeeze(first)
    return Page(title_of or None, builder.text(), updated)


def _shapes(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """What is shown of shapes, from top to bottom and left to right, those of a group together."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        placed = next(iter(shape._element.xpath("./*/p:nvPr/p:ph/@type")), "")
        if placed in RUNNING or shape._element.xpath("./*/p:cNvPr[@hidden='1' or @hidden='true']"):
            continue
        if hasattr(shape, "shapes") and depth < GROUPS_DEEPEST:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _write_shape(shape: Any, builder: TextBuilder) -> None:
    if getattr(shape, "has_table", False):
        table = shape.table
        rows = [
            [(Cell(cell.text, _in_bold(cell)), cell.span_width, cell.span_height)
             for cell in row.cells if not cell.is_spanned]
            for row in table.rows
        ]  # fmt: skip
        # The style names the first row only; further ones are set in bold by hand.
        bold = list(takewhile(lambda row: all(cell.is_name for cell, *_ in row), rows[1:]))
        write_table(builder, grid(rows), 1 + len(bold) if table.first_row and len(rows) > 1 else 0)
    elif getattr(shape, "has_chart", False):
        _chart(shape.chart, builder)
    elif getattr(shape, "has_text_frame", False):
        builder.end_list()
        _text_of(shape, builder)


def _in_bold(cell: Any) -> bool:
    return all(run.font.bold for line in cell.text_frame.paragraphs for run in line.runs if run.text.strip())


def _text_of(shape: Any, builder: TextBuilder) -> None:
    """Paragraphs and items; the text of a placeholder is a list, unless it says otherwise."""
    paragraphs = shape.text_frame.paragraphs
    listed = shape.is_placeholder and len(paragraphs) > 1
    counts: dict[int, tuple[str, int]] = {}  # by level: the form of its numbers, and the last one
    for paragraph in paragraphs:
        level, text = paragraph.level, paragraph.text.replace("\v", "\n")
        if not text.strip():
            continue
        mark = _mark_of(paragraph, shape)
        form = mark.get("type") if mark is not None else None
        counts = {depth: count for depth, count in counts.items() if depth < level or (depth == level and form)}
        if form and mark is not None:
            begin = int(mark.get("startAt", 1))
            last, number = counts.get(level, ("", 0))
            counts[level] = form, number + 1 if last == form else begin
            builder.item(text, level, _numbered(form, counts[level][1]))
        elif mark.tag.endswith("buChar") if mark is not None else listed or level:
            builder.item(text, level)
        else:
            for line in text.split("\n"):
                builder.paragraph(line)


def _mark_of(paragraph: Any, shape: Any) -> Any:
    """What stands before a paragraph as it says itself, or its placeholder, or the layouts behind that; else None."""
    marks = "/*[self::a:buNone or self::a:buChar or self::a:buAutoNum]"
    found = paragraph._p.xpath(f"./a:pPr{marks}")
    while not found and shape is not None and shape.is_placeholder:
        found = shape._element.xpath(f"./p:txBody/a:lstStyle/a:lvl{paragraph.level + 1}pPr{marks}")
        shape = getattr(shape, "_base_placeholder", None)
    return found[0] if found else None


def _numbered(form: str, number: int) -> str:
    """A number as `buAutoNum` writes it; in digits where the form is one of another script.

    >>> _numbered("alphaLcParenR", 2), _numbered("arabicPeriod", 2)
    ('b)', '2.')
    """
    kind, case, tail = found.groups() if (found := _AUTOMATIC.fullmatch(form)) else ("", "", "")
    signs = {"alpha": "Letter", "roman": "Roman"}.get(kind, "decimal")
    text = counted(number, {"Lc": "lower", "Uc": "upper"}.get(case or "", "") + signs)
    return {"ParenR": f"{text})", "ParenBoth": f"({text})", "Plain": text}.get(tail, f"{text}.")


def _chart(chart: Any, builder: TextBuilder) -> None:
    if chart.has_title and chart.chart_title.has_text_frame:
        builder.paragraph(chart.chart_title.text_frame.text)
    for plot in chart.plots:
        names = [str(name) for name in plot.categories]
        series = [(one.name or "", list(one.values)) for one in plot.series]
        head = [Cell(""), *(Cell(name) for name, _ in series)]
        rows = [
            [
                Cell(name),
                *(Cell("" if k >= len(values) or values[k] is None else f"{values[k]:.15g}") for _, values in series),
            ]
            for k, name in enumerate(names)
        ]
        if rows:
            write_table(builder, [head, *rows], 1)
