"""HTML becomes text: the article of a page as a browser shows it.

What is the article and what is around it is told by the elements and roles of HTML5 and ARIA, by the names that
MediaWiki and DokuWiki give to what they add, and, on a page that says nothing, by how much of a block is links.
"""

import re
from collections.abc import Iterable, Iterator

import lxml.etree
from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.reading.table import Cell, grid, write_table
from article_assistant.index.types import ArticleError
from lxml.etree import _Element as Element

SKIPPED = {
    "script", "style", "noscript", "template", "nav", "button", "svg", "iframe", "object", "select", "head", "audio",
    "video", "canvas", "dialog", "input", "textarea", "datalist", "map",
}  # fmt: skip
"""Elements that show no text of the article, with all that is in them."""
ROLES = {"navigation", "search", "menu", "menubar", "toolbar", "dialog", "alertdialog", "contentinfo", "doc-toc"}
"""ARIA roles of the same kind."""
NAMES = {
    # unseen by who can see
    "visually-hidden", "sr-only", "screen-reader-text", "a11y",
    # MediaWiki
    "mw-editsection", "mw-jump-link", "mw-cite-backlink", "mw-indicators", "mw-authority-control", "mw-portlet-lang",
    "printfooter", "catlinks", "noprint", "toc", "navbox", "siteSub", "contentSub", "p-lang-btn", "vector-page-toolbar",
    # DokuWiki
    "dw__toc", "secedit", "docInfo", "breadcrumbs", "pageId", "fn_top", "fn_bot", "tools",
    # Sphinx, MkDocs and their like
    "headerlink",
}  # fmt: skip
"""Ids and classes of what a wiki or a generator of pages adds to an article."""
BLOCKS = {
    "p", "div", "section", "article", "main", "header", "blockquote", "figure", "figcaption", "address", "details",
    "summary", "body", "html", "fieldset", "center", "hgroup", "td", "th", "aside", "form", "footer", "legend", "tr",
    "tbody", "thead", "tfoot", "caption", "li", "dd", "dt",
}  # fmt: skip
WIKIS = ("//*[@id='mw-content-text']", "//*[@id='dokuwiki__content']", "//*[@id='main-content']")
"""Where MediaWiki, DokuWiki and Confluence put the text of a page."""
MAIN = "//main | //*[@role='main']"
DATES = ("article:modified_time", "article:published_time", "last-modified", "dcterms.modified", "date", "dc.date")
DEEPEST = 200
"""Elements inside one another that are followed; crafted pages nest deeper than a stack holds."""
LINKED = 0.7
"""Share of a block's characters that are links where it is navigation; articles seldom reach a third (Kohlschütter
et al. 2010, "Boilerplate Detection using Shallow Text Features")."""

_HEADINGS = {"h1", "h2", "h3", "h4", "h5", "h6"}
_PARTS = {"ul", "ol", "dl", "table", "pre", "hr"}
_APART = BLOCKS | _PARTS | _HEADINGS | {"br"}
_BOLD = {"b", "strong"}
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_CHARSET = re.compile(rb"""<(?:meta[^>]*?charset|\?xml[^>]*?encoding)\s*=\s*["']?\s*([\w.:-]+)""", re.IGNORECASE)
_FILE = re.compile(r"\S+\.(?:png|jpe?g|gif|svg|webp|bmp|tiff?)", re.IGNORECASE)


def html_page(source: str | bytes) -> Page:
    """Title, text and date of an HTML page, without what surrounds the article.

    Raises ArticleError where there is no HTML in it.
    """
    root = _parsed(source.encode() if isinstance(source, str) else _utf8(source))
    headings = [squeeze(_inline(heading)) for heading in root.iter("h1")]
    title, updated = squeeze(root.findtext(".//title") or ""), _declared_date(root)
    # Pages put the name of the site behind their own: "Travel policy - Our wiki".
    own = next(
        (heading for heading in headings if heading and title.startswith(heading)), title or "".join(headings[:1])
    )
    return Page(own or None, _written(_article(root)), updated)


def html_text(source: str) -> str:
    """The text of HTML that is all article. Raises ArticleError where there is no HTML in it."""
    root = _parsed(source.encode())
    _drop(element for element in root.iter() if element.tag in SKIPPED or "hidden" in element.attrib)
    return _written([root])


def _parsed(data: bytes) -> Element:
    # Not lxml.html: its elements are made by Python, one by one.
    parser = lxml.etree.HTMLParser(encoding="utf-8", huge_tree=True, remove_comments=True, remove_pis=True)
    try:
        root = lxml.etree.fromstring(data, parser)
    except (lxml.etree.ParserError, lxml.etree.XMLSyntaxError, ValueError) as error:
        raise ArticleError(f"no HTML can be read from it: {error}") from error
    if root is None:
        raise ArticleError("no HTML can be read from it")
    return root


def _utf8(data: bytes) -> bytes:
    """The page in UTF-8: from what it declares, else from what its bytes are."""
    declared = _CHARSET.search(data[:4096])
    if declared and not data.startswith((b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")):
        name = declared[1].decode("ascii").lower()
        if name not in {"utf-8", "utf8"}:
            try:
                return data.decode("windows-1252" if name in {"iso-8859-1", "latin1"} else name).encode()
            except (LookupError, UnicodeDecodeError):
                pass  # a page may declare what it is not
    try:
        data.decode("utf-8")
        return data.removeprefix(b"\xef\xbb\xbf")
    except UnicodeDecodeError:
        return decode(data).encode()


def _declared_date(root: Element) -> str | None:
    found = {
        (meta.get("property") or meta.get("name") or meta.get("http-equiv") or "").lower(): meta.get("content")
        for meta in root.iter("meta")
    }
    dates = (iso_date(found[name]) for name in DATES if name in found)
    return next((value for value in dates if value), None)


def _article(root: Element) -> list[Element]:
    """The elements that hold the article, without what is not of it; changes the tree."""
    body = root.find("body")
    body = root if body is None else body
    _drop(body.iter(*SKIPPED))
    _drop(element for element in body.iter() if _is_around(element))
    for path in WIKIS:
        if found := [one for one in body.xpath(path) if _says(one)]:  # another system's empty anchor may be called so
            return found[:1]
    mains = [one for one in body.xpath(MAIN) if _says(one) and not _inside(one, {"main"}, "main")]
    if mains:
        articles = [one for one in body.iter("article") if not _inside(one, {"main", "article", "aside"}, "main")]
        held = {*mains, *articles}
        return [element for element in body.iter("article", *{one.tag for one in mains}) if element in held]
    if found := [one for one in body.xpath("//*[@id='content']") if _says(one)]:
        return found[:1]
    _drop(_menus(body))
    return [body]


def _says(element: Element) -> bool:
    return any(text.strip() for text in element.itertext())


def _drop(elements: Iterable[Element]) -> None:
    for element in list(elements):
        _take_out(element)


def _take_out(element: Element) -> None:
    """Take an element out of its tree, but not the text behind it."""
    parent, before = element.getparent(), element.getprevious()
    if parent is None:
        return
    if element.tail and before is not None:
        before.tail = (before.tail or "") + element.tail
    elif element.tail:
        parent.text = (parent.text or "") + element.tail
    element.tail = None
    parent.remove(element)


def _all_text(element: Element) -> str:
    return squeeze("".join(element.itertext()))


def _inside(element: Element, tags: set[str], role: str = "") -> bool:
    return any(one.tag in tags or (role and one.get("role") == role) for one in element.iterancestors())


def _is_around(element: Element) -> bool:
    """Whether an element is none of the article, or is not shown."""
    tag, attributes = element.tag, element.attrib
    if tag in {"footer", "header"}:
        if not _inside(element, {"main", "article", "section", "blockquote"}, "main"):
            return bool(tag == "footer" or (element.find(".//h1") is None and _linked(element)))
    elif tag == "aside" and _linked(element):
        return True
    if not attributes or tag == "img":
        return False
    names = attributes.get("class", "").split()
    if not NAMES.isdisjoint(names) or attributes.get("id") in NAMES or attributes.get("role") in ROLES:
        return element.find(".//main") is None
    if tag == "sup" and "reference" in names:
        return True
    if attributes.get("hidden", "until-found") != "until-found":
        return True
    if "style" in attributes and _UNSEEN.search(attributes["style"]):
        return bool(attributes.get("role") != "tabpanel")
    return attributes.get("aria-hidden") == "true" and tag in {"span", "a", "i"}


def _linked(element: Element) -> bool:
    """Whether an element is little more than two links or more."""
    links = [_all_text(link) for link in element.iter("a")]
    return len(links) > 1 and sum(map(len, links)) >= LINKED * len(_all_text(element))


def _menus(body: Element) -> list[Element]:
    """The blocks of links on a page that does not say where its article is; none where little else is left."""
    # Characters, those in links, and links of each open element; all are counted in one walk.
    open_: list[list[int]] = [[0, 0, 0]]
    found: dict[Element, int] = {}
    links = 0
    for event, element in lxml.etree.iterwalk(body, events=("start", "end")):
        if event == "start":
            links += element.tag == "a"
            own = len((element.text or "").strip())
            open_.append([own, own if links else 0, int(element.tag == "a")])
            continue
        words, linked, many = open_.pop()
        links -= element.tag == "a"
        after = len((element.tail or "").strip()) if element is not body else 0
        above = open_[-1]
        above[:] = above[0] + words + after, above[1] + linked + (after if links else 0), above[2] + many
        if element.tag in {"div", "ul", "ol", "table", "section"} and many > 2 and linked >= LINKED * words:
            found[element] = words
    outer = [one for one in found if not any(above in found for above in one.iterancestors())]
    return outer if sum(found[one] for one in outer) < open_[0][0] / 2 else []


def _written(roots: list[Element]) -> str:
    walk = _Walk(roots)
    for root in roots:
        walk.blocks(root)
    return walk.builder.text()


def _alt(image: Element) -> str:
    """What an image is said to show, unless that is said beside it or is a file's name."""
    text = squeeze(image.get("alt") or "")
    figure = next(image.iterancestors("figure"), None)
    return "" if _FILE.fullmatch(text) or (figure is not None and figure.find(".//figcaption") is not None) else text


def _inline(element: Element) -> str:
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
            for block in root.iter(*_APART - {"br"}):
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
                loose.append((_inline(child), child.tag in _BOLD))
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
            self.builder.heading(int(tag[1]), _inline(element))
        elif tag == "summary":
            self.builder.question(_inline(element))
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
            self.builder.code(_lines(element))
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
            inner = [child for child in item.iterdescendants("ul", "ol", "pre", "table") if _nearest(child, item)]
            for child in inner:
                # The text behind a list or a code block stays with the item that they belong to.
                _take_out(child)
            self.builder.item(_inline(item), depth, number if element.tag == "ol" else None)
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
                terms, told = [*([] if told else terms), squeeze(_inline(child))], False
                continue
            term, told = ", ".join(terms), True
            if term.endswith("?") or child.find(".//pre") is not None or child.find(".//table") is not None:
                self.builder.question(term)
                self.blocks(child, depth + 1)
            else:
                self.builder.item(f"{term}: {_inline(child)}" if term else _inline(child))
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
            self.builder.paragraph(_inline(caption))
        # A foot may stand before the body, and is shown behind it.
        rows = [row for part in ("thead", "", "tfoot") for row in rows if _part(row) == part]
        heads = 0
        for row in rows:
            cells = [cell for cell in row if cell.tag in {"td", "th"}]
            if not cells or not (_part(row) == "thead" or all(cell.tag == "th" for cell in cells)):
                break
            heads += 1
        write_table(self.builder, grid(map(_cells, rows)), heads or None)


def _lines(element: Element) -> str:
    """The lines of code."""
    for line in element.iter("br"):
        line.tail = "\n" + (line.tail or "")
    return "".join(element.itertext())


def _nearest(element: Element, item: Element) -> bool:
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


def _is_layout(table: Element, rows: list[Element]) -> bool:
    """Whether a table only places blocks beside or below one another."""
    if table.get("role") in {"presentation", "none"}:
        return True
    if table.find(".//th") is not None or table.find("caption") is not None:
        return False
    if any(table.find(f".//{tag}") is not None for tag in ("h1", "h2", "h3", "h4", "table", "pre")):
        return True
    return all(len(row) < 2 for row in rows)


def _cells(row: Element) -> Iterator[tuple[Cell, int, int]]:
    """The cells of a row with their columns and rows."""
    for element in row:
        if element.tag in {"td", "th"}:
            cell = Cell(_cell(element), element.tag == "th" or _is_bold(element))
            yield cell, _span(element, "colspan"), _span(element, "rowspan")


def _span(cell: Element, name: str) -> int:
    """Columns or rows that a cell takes; more than a table ever has is a page that wants to fill memory."""
    span = cell.get(name, "1")
    return int(span) if span.isdigit() and 0 < len(span) < 3 and int(span) > 0 else 1


def _is_bold(cell: Element) -> bool:
    """Whether all that a cell says is bold."""
    return (
        bool(len(cell))
        and not (cell.text or "").strip()
        and all(child.tag in _BOLD | {"br"} and not (child.tail or "").strip() for child in cell)
    )


def _cell(cell: Element) -> str:
    """All that a cell says, on one line: paragraphs and items parted as they are shown apart."""
    if not any(child.tag in {"p", "div", "ul", "ol"} for child in cell):
        return squeeze(_inline(cell))
    pieces = [cell.text or ""]
    for child in cell:
        if child.tag in {"ul", "ol"}:
            pieces += [_inline(item) for item in child]
            pieces.append(child.tail or "")
        elif child.tag in {"p", "div"}:
            pieces += [_inline(child), child.tail or ""]
        else:
            pieces[-1] += _inline(child) + (child.tail or "")
    text = ""
    for piece in filter(None, map(squeeze, pieces)):
        text += (" " if text.endswith((".", ":", ";", ",", "!", "?")) else "; " if text else "") + piece
    return text
