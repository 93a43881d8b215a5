"""EPUB: a book is its chapters, in the order in which they are turned over."""

import posixpath
from urllib.parse import unquote

from article_assistant.index.reading.archive import parts, xml
from article_assistant.index.reading.html import html_page
from article_assistant.index.reading.page import Page, iso_date, squeeze
from article_assistant.index.types import ArticleError


def epub_page(data: bytes) -> Page:
    """The chapters of a book, one after the other. Raises ArticleError where it is locked or names none."""
    with parts(data, "book") as archive:
        names = set(archive.namelist())
        if "META-INF/rights.xml" in names or "META-INF/sinf.xml" in names:
            raise ArticleError("the book is locked to a reader")
        container = xml(archive.read("META-INF/container.xml"))
        place = next((str(at) for at in container.xpath("//*[local-name()='rootfile']/@full-path")), "")
        book = xml(archive.read(place))
        items = {str(item.get("id")): item for item in book.xpath("//*[local-name()='manifest']/*")}
        texts = []
        for ref in book.xpath("//*[local-name()='spine']/*"):
            item = items.get(str(ref.get("idref")))
            if item is None or "nav" in str(item.get("properties") or "").split():
                continue
            name = posixpath.normpath(posixpath.join(posixpath.dirname(place), unquote(str(item.get("href") or ""))))
            if name in names and (content := archive.read(name)).strip():
                texts.append(html_page(content).text)
        title = next((squeeze(str(at)) for at in book.xpath("//*[local-name()='title']/text()")), "")
        dates = book.xpath("//*[@property='dcterms:modified']/text()") + book.xpath("//*[local-name()='date']/text()")
    updated = next((day for at in dates if (day := iso_date(at))), None)
    return Page(title or None, "\n\n".join(text for text in texts if text.strip()), updated)
