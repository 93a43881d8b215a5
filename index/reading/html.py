"""HTML becomes text: the article of a page as a browser shows it."""

import re

import lxml.etree
import lxml.html
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.types import ArticleError
from lxml.html import HtmlElement

SKIPPED = {
    "script", "style", "noscript", "template", "nav", "footer", "aside", "form", "button", "svg", "iframe",
    "object", "select", "head", "audio", "video", "canvas", "dialog",
}  # fmt: skip
BLOCKS = {
    "p", "div", "section", "article", "main", "header", "blockquote", "figure", "figcaption", "address", "details",
    "summary", "body", "html", "fieldset", "center", "hgroup", "td", "th",
}  # fmt: skip
MAIN = (
    "//main", "//article", "//*[@role='main']", "//*[@id='mw-content-text']", "//*[@id='main-content']",
    "//*[@id='content']", "//body",
)  # fmt: skip
DATES = ("article:modified_time", "article:published_time", "last-modified", "dcterms.modified", "date", "dc.date")
DEEPEST = 200
"""Elements inside one another that are followed; crafted pages nest deeper than a stack holds."""


def html_page(source: str | bytes) -> Page:
    """Title, text and date of an HTML page, without what surrounds the article.

    Raises ArticleError where there is no HTML in it.
    """
    # lxml wants bytes where the page declares its own encoding, and refuses such a declaration in str.
    data = source.encode() if isinstance(source, str) else source
    declared = "utf-8" if isinstance(source, str) else None
    try:
        root = lxml.html.document_fromstring(data, parser=lxml.html.HTMLParser(encoding=declared, huge_tree=True))
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, ValueError) as error:
        raise ArticleError(f"no HTML can be read from it: {error}") from error
    builder = TextBuilder()
    _walk(next((found[0] for path in MAIN if (found := root.xpath(path))), root), builder)
    title, heading = squeeze(root.findtext(".//title") or ""), next(map(squeeze, map(_inline, root.iter("h1"))), "")
    # Pages put the name of the site behind their own: "Travel policy - Our wiki".
    own = heading if heading and title.startswith(heading) else title or heading
    return Page(own or None, builder.text(), _declared_date(root))


def _declared_date(root: HtmlElement) -> str | None:
    found = {
        (meta.get("property") or meta.get("name") or meta.get("http-equiv") or "").lower(): meta.get("content")
        for meta in root.iter("meta")
    }
    dates = (iso_date(found[name]) for name in DATES if name in found)
    return next((value for value in dates if value), None)


def _skipped(element: HtmlElement) -> bool:
    return not isinstance(element.tag, str) or element.tag in SKIPPED or "hidden" in element.attrib


def _inline(element: HtmlElement) -> str:
    """All text inside an element, as a browser would run it together."""
    parts = [element.text or ""]
    walk = lxml.etree.iterwalk(element, events=("start", "end", "comment", "pi"))
    for event, child in walk:
        if child is element:
            continue
        apart = " " if child.tag in BLOCKS or child.tag in {"br", "li", "dt", "dd", "tr"} else ""
        if event != "start":
            parts.append(apart + (child.tail or ""))
        elif _skipped(child):
            walk.skip_subtree()
        else:
            parts.append(apart + (child.text or ""))
    return "".join(parts)


def _walk(element: HtmlElement, builder: TextBuilder, depth: int = 0) -> None:
    """Write the blocks inside `element`; text between them is a paragraph of its own."""
    if depth > DEEPEST:
        raise ArticleError(f"more than {DEEPEST} elements stand inside one another")
    loose = [element.text or ""]

    def flush() -> None:
        builder.paragraph("".join(loose))
        loose.clear()

    for child in element:
        tag = child.tag
        if _skipped(child):
            pass
        elif re.fullmatch("h[1-6]", tag):
            flush()
            builder.heading(int(tag[1]), _inline(child))
        elif tag in {"ul", "ol"}:
            flush()
            builder.end_list()
            _list(child, builder, 0)
        elif tag == "dl":
            flush()
            builder.end_list()
            _definitions(child, builder)
        elif tag == "table":
            flush()
            builder.end_list()
            _table(child, builder)
        elif tag == "pre":
            flush()
            builder.code("".join(child.itertext()))
        elif tag in {"br", "hr"}:
            flush()
        elif tag in BLOCKS or _holds_blocks(child):
            flush()
            _walk(child, builder, depth + 1)
        else:
            loose.append(_inline(child))
        loose.append(child.tail or "")
    flush()


def _holds_blocks(element: HtmlElement) -> bool:
    tags = BLOCKS | {"ul", "ol", "dl", "table", "pre", "h1", "h2", "h3", "h4", "h5", "h6"}
    return any(inner.tag in tags for inner in element.iterdescendants())


def _list(element: HtmlElement, builder: TextBuilder, depth: int) -> None:
    start = element.get("start", "1")
    number = int(start) if start.lstrip("-").isdigit() and len(start) < 7 else 1
    for item in element:
        if _skipped(item):
            continue
        if item.tag in {"ul", "ol"}:  # not valid, and common: a list straight inside a list
            _list(item, builder, depth + 1)
            continue
        inner = [child for child in item if child.tag in {"ul", "ol"}]
        for child in inner:
            # Keep the text behind a nested list with the item it belongs to.
            item.text = f"{item.text or ''} {child.tail or ''}"
            child.tail = None
            item.remove(child)
        builder.item(_inline(item), depth, number if element.tag == "ol" else None)
        number += 1
        for child in inner:
            if depth < DEEPEST:
                _list(child, builder, depth + 1)


def _definitions(element: HtmlElement, builder: TextBuilder) -> None:
    term = ""
    for child in element.iter("dt", "dd"):
        if next(child.iterancestors("dl"), None) is not element:
            continue  # a list inside an item is read with the item
        if child.tag == "dt":
            term = squeeze(_inline(child))
        else:
            builder.item(f"{term}: {_inline(child)}" if term else _inline(child))


def _table(element: HtmlElement, builder: TextBuilder) -> None:
    for caption in element.iter("caption"):
        builder.paragraph(_inline(caption))
    header: list[str] = []
    for row in element.iter("tr"):
        if next(row.iterancestors("table"), None) is not element:
            continue
        cells = [cell for cell in row if cell.tag in {"td", "th"}]
        texts = [text for cell in cells for text in [_inline(cell)] * _span(cell)]
        if not header and cells and (all(cell.tag == "th" for cell in cells) or row.getparent().tag == "thead"):
            header = texts
        else:
            builder.row(header, texts)


def _span(cell: HtmlElement) -> int:
    """Columns that a cell takes; more than a table ever has is a page that wants to fill memory."""
    span = cell.get("colspan", "1")
    return int(span) if span.isdigit() and 0 < len(span) < 3 and int(span) > 0 else 1
