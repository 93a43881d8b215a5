"""Word documents become text."""

import io
import re
import zipfile

from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.types import ArticleError

UNPACKED_MOST = 400_000_000
"""Bytes that a .docx may unpack to; a crafted one of a few KB unpacks to gigabytes."""


def docx_page(data: bytes) -> Page:
    """A .docx file: its headings, paragraphs, lists and tables in their order."""
    import docx
    from docx.table import Table

    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ArticleError("the document is encrypted, or of the old .doc kind")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > UNPACKED_MOST:
            raise ArticleError(f"the document unpacks to more than {UNPACKED_MOST / 1e6:.0f} MB")
    document = docx.Document(io.BytesIO(data))
    builder = TextBuilder()
    numbers: dict[int, int] = {}
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            builder.end_list()
            rows = [[cell.text for cell in row.cells] for row in block.rows]
            for row in rows[1:] or rows:
                builder.row(rows[0] if len(rows) > 1 else [], row)
            continue
        style = (block.style.name if block.style is not None else "") or ""
        depth = int(found[0]) - 1 if (found := re.search(r"\d$", style)) else 0
        if style == "Title":
            builder.heading(1, block.text)
        elif style.startswith("Heading"):
            builder.heading(depth + 1, block.text)
        elif style.startswith("List Number"):
            numbers[depth] = numbers.get(depth, 0) + 1
            builder.item(block.text, depth, numbers[depth])
            continue
        elif style.startswith("List") or (block._p.pPr is not None and block._p.pPr.numPr is not None):
            builder.item(block.text, depth)
            continue
        else:
            builder.paragraph(block.text)
        numbers.clear()
    facts = document.core_properties
    return Page(squeeze(facts.title or "") or None, builder.text(), iso_date(facts.modified or facts.created))
