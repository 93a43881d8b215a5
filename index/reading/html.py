"""HTML becomes text: the article of a page as a browser shows it."""

import re
from collections.abc import Iterator
from itertools import takewhile

import lxml.etree
from article_assistant.index.reading.boilerplate import SKIPPED, article_of, drop, take_out
from article_assistant.index.reading.encoding import utf8_of, without_controls
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, one_line, squeeze
from article_assistant.index.reading.table import Cell, grid, span_of, write_table
from article_assistant.index.types import ArticleError
from lxml.etree import _Element as Element

BLOCKS = {
    "p", "div", "section", "article", "main", "header", "blockquote", "figure", "figcaption", "address", "details",
    "summary", "body", "html", "fieldset", "center", "hgroup", "td", "th", "aside", "form", "footer", "legend", "tr",
    "tbody", "thead", "tfoot", "caption", "li", "dd", "dt",
}  # fmt: skip
DATES = ("article:modified_time", "article:published_time", "last-modified", "dcterms.modified", "date", "dc.date")
DEEPEST = 200
"""Elements inside one another that are followed; crafted pages nest deeper than a stack holds."""

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_BLOCK_PARTS = {"ul", "ol", "dl", "table", "pre", "hr"}
_APART = BLOCKS | _BLOCK_PARTS | _HEADINGS | {"br"}
STRONG = {"b", "strong"}
_FILE = re.compile(r"\S+\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?)", re.IGNORECASE)


def html_page(source: str | bytes) -> Page:
    """Title, text and date of an HTML page, without what surrounds the article.

    Raises ArticleError where there is no HTML in it.
    """
    root = _parsed(source.encode() if isinstance(source, str) else utf8_of(source))
    headings = [squeeze(inline_text(heading)) for heading in root.iter("h1")]
    title, updated = squeeze(root.findtext(".//title") or ""), _declared_date(root)
    # Pages put the name of the site behind their own: "Travel policy - Our wiki".
    begins = (heading for heading in headings if heading and title.lower().startswith(heading.lower()))
    own = next(begins, title or "".join(headings[:1]))
    builder = _built(article_of(root))
    return Page(own or None, builder.text(), updated, anchors=tuple(builder.anchors))


def html_text(source: str) -> str:
    """The text of HTML that is all article. Raises ArticleError where there is no HTML in it."""
    root = _parsed(source.encode())
    drop(element for element in root.iter() if element.tag in SKIPPED or "hidden" in element.attrib)
    return _built([root]).text()


def _parsed(data: bytes) -> Element:
    # Not lxml.html: its elements are made by Python, one by one.
    parser = lxml.etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = lxml.etree.fromstring(without_controls(data), parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, ValueError) as error:
        raise ArticleError(f"no HTML can be read from it: {error}") from error
    if root is None:
        raise ArticleError("no HTML can be read from it")
    return root


def _declared_date(root: Element) -> str | None:
    found = {
        (meta.get("property") or meta.get("name") or meta.get("http-equiv") or "").lower(): meta.get("content")
        for meta in root.iter("meta")
    }
    dates = (iso_date(found[name]) for name in DATES if name in found)
    return next((value for value in dates if value), None)


def _built(roots: list[Element]) -> TextBuilder:
    walk = _Walk(roots)
    for root in roots:
        walk.blocks(root)
    return walk.builder


def _alt(image: Element) -> str:
    """What an image is said to show, unless that is said beside it or is a file's name."""
    text = squeeze(image.get("alt") or "")
    figure = next(image.iterancestors("figure"), None)
    beside = squeeze(image.tail or "") == text or (figure is not None and figure.find(".//figcaption") is not None)
    return "" if beside or _FILE.fullmatch(text) else text


def inline_text(element: Element) -> str:
    """All text inside an element, as a browser would run it together."""
    if not len(element):
        return element.text or (_alt(element) if element.tag == "img" else "")
    parts = [element.text or ""]
    for event, child in lxml.etree.iterwalk(element, events=("start", "end")):
        if child is element:
            continue
        apart = " " if child.tag in _APART else ""
        if event != "start":
            parts.append(apart + (child.tail or ""))
        elif child.tag == "img":
            parts.append(_alt(child))
        else:
            parts.append(apart + (child.text or ""))
    return "".join(parts)


class _Walk:
    """A walk through the blocks of elements, which writes what it meets through `builder`."""

    def __init__(self, roots: list[Element]) -> None:
        self.builder = TextBuilder()
        self._holders: set[Element] = set()  # elements with blocks in them, found once: to look each time is quadratic
        for root in roots:
            for block in root.iter(*_APART):
                if block.tag == "br" and not _ends_paragraph(block):
                    continue
                for one in block.iterancestors():
                    if one in self._holders:
                        break
                    self._holders.add(one)

    def blocks(self, element: Element, depth: int = 0) -> None:
        """Write the blocks inside `element`; text between them is a paragraph of its own."""
        if depth > DEEPEST:
            raise ArticleError(f"more than {DEEPEST} elements stand inside one another")
        loose: list[tuple[str, bool]] = []
        if text := element.text:
            loose.append((text, False))
        for child in element:
            if child.tag in _APART or child in self._holders:
                self._paragraph(loose)
                loose.clear()
                self._block(child, depth)
            else:
                loose.append((inline_text(child), child.tag in STRONG))
            if text := child.tail:
                loose.append((text, False))
        self._paragraph(loose)

    def _paragraph(self, pieces: list[tuple[str, bool]]) -> None:
        """Text between blocks; where it begins with a question in bold, that is a heading."""
        said = [(text, bold) for text, bold in pieces if text and not text.isspace()]
        if not said:
            return
        if said[0][1] and squeeze(said[0][0]).endswith("?"):
            self.builder.question(said[0][0])
            pieces = said[1:]
        self.builder.paragraph("".join(text for text, _ in pieces))

    def _block(self, element: Element, depth: int) -> None:
        tag = element.tag
        if tag in _HEADINGS:
            named = element if "id" in element.attrib else element.find(".//*[@id]")  # MediaWiki names a span inside
            self.builder.heading(int(tag[1]), inline_text(element), "" if named is None else named.get("id", ""))
        elif tag == "summary":
            self.builder.question(inline_text(element))
        elif tag in {"ul", "ol"}:
            self.builder.end_list()
            self._list(element, 0)
            self.builder.end_list()
        elif tag == "dl":
            self.builder.end_list()
            self._definitions(element, depth)
        elif tag == "table":
            self._table(element, depth)
        elif tag == "pre":
            self.builder.code(_code_lines(element))
        elif tag not in {"br", "hr"}:
            self.blocks(element, depth + 1)

    def _list(self, element: Element, depth: int) -> None:
        start = element.get("start", "1")
        number = int(start) if start.lstrip("-").isdigit() and len(start) < 7 else 1
        for item in element:
            if item.tag in {"ul", "ol"}:  # not valid, and common: a list straight inside a list
                if depth < DEEPEST:
                    self._list(item, depth + 1)
                continue
            value = item.get("value", "")
            number = int(value) if value.isdigit() and len(value) < 7 else number
            inner = [child for child in item.iterdescendants("ul", "ol", "pre", "table") if _is_own(child, item)]
            for child in inner:
                # The text behind a list or a code block stays with the item that they belong to.
                take_out(child)
            self.builder.item(inline_text(item), depth, number if element.tag == "ol" else None)
            number += 1
            for child in inner:
                if child.tag not in {"ul", "ol"}:
                    self._block(child, depth)
                elif depth < DEEPEST:
                    self._list(child, depth + 1)

    def _definitions(self, element: Element, depth: int) -> None:
        terms: list[str] = []
        told = False
        for child in element.iter("dt", "dd"):
            if next(child.iterancestors("dl"), None) is not element:
                continue  # a list inside an item is read with the item
            if child.tag == "dt":
                terms, told = [*([] if told else terms), squeeze(inline_text(child))], False
                continue
            term, told = ", ".join(terms), True
            if term.endswith("?") or child.find(".//pre") is not None or child.find(".//table") is not None:
                self.builder.question(term)
                self.blocks(child, depth + 1)
            else:
                self.builder.item(f"{term}: {inline_text(child)}" if term else inline_text(child))
        self.builder.end_list()

    def _table(self, element: Element, depth: int) -> None:
        rows = [row for row in element.iter("tr") if next(row.iterancestors("table"), None) is element]
        if _is_layout(element, rows):
            for row in rows:
                for cell in row:
                    self.blocks(cell, depth + 1)
            return
        self.builder.end_list()
        for caption in element.iterchildren("caption"):
            self.builder.paragraph(inline_text(caption))
        # A foot may stand before the body, and is shown behind it.
        rows = [row for part in ("thead", "", "tfoot") for row in rows if _part(row) == part]
        heads = len(list(takewhile(_is_head, rows)))
        write_table(self.builder, grid(map(_row_cells, rows)), heads or None)


def _ends_paragraph(line_end: Element) -> bool:
    """Whether an end of a line is the first of two, which part paragraphs."""
    behind = line_end.getnext()
    return behind is not None and behind.tag == "br" and not (line_end.tail or "").strip()


def _code_lines(element: Element) -> str:
    """The lines of code."""
    for line in element.iter("br"):
        line.tail = "\n" + (line.tail or "")
    return "".join(element.itertext())


def _is_own(element: Element, item: Element) -> bool:
    """Whether no list, table or code lies between an element and the item that it is in."""
    for one in element.iterancestors():
        if one is item:
            return True
        if one.tag in {"ul", "ol", "pre", "table"}:
            return False
    return False


def _part(row: Element) -> str:
    parent = row.getparent()
    return parent.tag if parent is not None and parent.tag in {"thead", "tfoot"} else ""


def _is_head(row: Element) -> bool:
    tags = [cell.tag for cell in row if cell.tag in {"td", "th"}]
    return bool(tags) and (_part(row) == "thead" or "td" not in tags)


def _is_layout(table: Element, rows: list[Element]) -> bool:
    """Whether a table only places blocks beside or below one another."""
    if table.get("role") in {"presentation", "none"}:
        return True
    if table.find(".//th") is not None or table.find("caption") is not None:
        return False
    if any(table.find(f".//{tag}") is not None for tag in ("h1", "h2", "h3", "h4", "table", "pre")):
        return True
    return all(len(row) < 2 for row in rows)


def _row_cells(row: Element) -> Iterator[tuple[Cell, int, int]]:
    """The cells of a row with their columns and rows."""
    for element in row:
        if element.tag in {"td", "th"}:
            cell = Cell(_cell_text(element), element.tag == "th" or _is_bold(element))
            yield cell, span_of(element.get("colspan")), span_of(element.get("rowspan"))


def _is_bold(cell: Element) -> bool:
    """Whether all that a cell says is bold."""
    return (
        bool(len(cell))
        and not (cell.text or "").strip()
        and all(child.tag in STRONG | {"br"} and not (child.tail or "").strip() for child in cell)
    )


def _cell_text(cell: Element) -> str:
    """All that a cell says, on one line: paragraphs and items parted as they are shown apart."""
    if not any(child.tag in {"p", "div", "ul", "ol"} for child in cell):
        return squeeze(inline_text(cell))
    pieces = [cell.text or ""]
    for child in cell:
        if child.tag in {"ul", "ol"}:
            pieces += [inline_text(item) for item in child]
            pieces.append(child.tail or "")
        elif child.tag in {"p", "div"}:
            pieces += [inline_text(child), child.tail or ""]
        else:
            pieces[-1] += inline_text(child) + (child.tail or "")
    return one_line(pieces)
