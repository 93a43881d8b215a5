"""PDF becomes text as a person reads it: column by column, without running heads, and page by page."""

import re
from typing import Any

from article_assistant.index.reading import recognition
from article_assistant.index.reading.page import Page, iso_date, squeeze
from article_assistant.index.reading.paragraphs import PAGE_MARK, PageWriter, SeenPage
from article_assistant.index.types import ArticleError

_SCANNED = 0.3
"""Share of a page that pictures cover where it is one that was scanned."""


def pdf_page(data: bytes, languages: str = "") -> Page:
    """A PDF by its layout: larger or bold short lines are headings, tables become rows.

    Pages that are pictures are recognised where `languages` are named (see `recognition`).
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        reason = str(error).partition("PDFium: ")[2].rstrip(").").removesuffix(" error")
        if "assword" in reason or "ecurity" in reason:
            raise ArticleError("the PDF is encrypted") from error
        raise ArticleError(f"the PDF is broken ({reason or error})") from error
    try:
        facts = document.get_metadata_dict()
        seen = [_looked_at(document, number, languages) for number in range(len(document))]
    finally:
        document.close()
    text = PageWriter(seen).text()
    if not PAGE_MARK.sub("", text).strip() and any(page.scanned for page in seen):
        raise ArticleError(recognition.why_unread(f"it is a scan ({len(seen)} pages that are pictures)", languages))
    text, pages = _unmarked(text)
    dates = (re.fullmatch(r"D:(\d{4})(\d\d)(\d\d).*", facts.get(name, "")) for name in ("ModDate", "CreationDate"))
    updated = next((iso_date("-".join(found.groups())) for found in dates if found), None)
    title = squeeze(facts.get("Title", ""))
    title = title if title.lower() not in {"", "untitled", "(anonymous)"} else ""
    unread = [str(number) for number, page in enumerate(seen, 1) if page.scanned and not page.recognised]
    which = (
        f"{len(unread)} of its {len(seen)} pages are pictures ({', '.join(unread[:10])}{', …' * (len(unread) > 10)})"
    )
    notice = recognition.why_unread(which, languages) if unread else ""
    return Page(title or None, text, updated, notice, pages)


def _looked_at(document: Any, number: int, languages: str) -> SeenPage:
    import pypdfium2.raw as c
    from article_assistant.index.reading.pdfium import sheet

    page = document[number]
    try:
        if c.FPDFPage_GetAnnotCount(page.raw) and document.get_formtype():
            # What was typed into a form, and notes on the page, become part of it.
            c.FPDFPage_Flatten(page.raw, c.FLAT_NORMALDISPLAY)
            page.close()
            page = document[number]
        found = sheet(page)
        if found.words or found.turned or found.pictured < _SCANNED:
            return SeenPage(found)
        if not languages or not recognition.installed():
            return SeenPage(found, scanned=True)
        scale = min(300 / 72, 5_000 / max(found.width, found.height, 1.0))
        picture = page.render(scale=scale, grayscale=True).to_pil()
        return SeenPage(found, recognition.recognised(picture, languages), scanned=True)
    finally:
        page.close()


def _unmarked(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text without marks, and where what stands on a page begins: offsets with numbers of pages."""
    parts = PAGE_MARK.split(text)
    clean, pages = parts[0], list[tuple[int, int]]()
    pieces, length = [clean], len(clean)
    for number, piece in zip(parts[1::2], parts[2::2], strict=True):
        if pages and pages[-1][0] == length:
            pages.pop()  # nothing stands on that one
        pages.append((length, int(number)))
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces), tuple(pages)
