"""PowerPoint, slide by slide: its title as a heading, its shapes from top to bottom, and its notes."""

import io
from collections.abc import Iterable, Iterator
from typing import Any

from article_assistant.index.reading.archive import parts
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.reading.table import Cell, grid, write_table

GROUPS_DEEPEST = 20
"""Groups of shapes inside one another that are followed."""


def slides_page(data: bytes) -> Page:
    """A presentation; a slide without a title is named by its number."""
    import pptx

    with parts(data, "presentation"):
        pass
    deck = pptx.Presentation(io.BytesIO(data))
    builder = TextBuilder()
    for number, slide in enumerate(deck.slides, 1):
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
    facts = deck.core_properties
    named = squeeze(facts.title or "")
    first = next((slide.shapes.title.text_frame.text for slide in deck.slides if slide.shapes.title is not None), "")
    # PowerPoint's own word for a deck that nobody named.
    title_of = named if named not in {"", "PowerPoint Presentation"} else squeeze(first)
    return Page(title_of or None, builder.text(), iso_date(facts.modified or facts.created))


def _shapes(shapes: Iterable[Any], depth: int = 0) -> Iterator[Any]:
    """Shapes from top to bottom and left to right, those of a group together."""
    for shape in sorted(shapes, key=lambda shape: (shape.top or 0, shape.left or 0)):
        if hasattr(shape, "shapes") and depth < GROUPS_DEEPEST:
            yield from _shapes(shape.shapes, depth + 1)
        else:
            yield shape


def _write_shape(shape: Any, builder: TextBuilder) -> None:
    if getattr(shape, "has_table", False):
        table = shape.table
        rows = [
            [(Cell(cell.text), cell.span_width, cell.span_height) for cell in row.cells if not cell.is_spanned]
            for row in table.rows
        ]
        write_table(builder, grid(rows), int(table.first_row) if len(rows) > 1 else 0)
    elif getattr(shape, "has_chart", False):
        _chart(shape.chart, builder)
    elif getattr(shape, "has_text_frame", False):
        builder.end_list()
        listed = shape.is_placeholder and len(shape.text_frame.paragraphs) > 1
        for paragraph in shape.text_frame.paragraphs:
            text = paragraph.text.replace("\v", "\n")
            if listed or paragraph.level:
                builder.item(text, paragraph.level)
            else:
                for line in text.split("\n"):
                    builder.paragraph(line)


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
