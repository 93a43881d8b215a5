"""What of an HTML page is the article, and what is around it.

That is told by the elements and roles of HTML5 and ARIA, by the names that MediaWiki and DokuWiki give to what they
add, and, on a page that says nothing, by how much of a block is links.
"""

import re
from collections.abc import Iterable

import lxml.etree
from article_assistant.index.reading.page import squeeze
from lxml.etree import _Element as Element

SKIPPED = {
    "script", "style", "noscript", "template", "nav", "button", "svg", "iframe", "object", "select", "head", "audio",
    "video", "canvas", "dialog", "input", "textarea", "datalist", "map", "rt", "rp",
}  # fmt: skip
"""Elements that show no text of the article, with all that is in them."""
ROLES = {
    "navigation", "search", "menu", "menubar", "toolbar", "dialog", "alertdialog", "contentinfo", "doc-toc",
    "doc-noteref", "doc-backlink", "doc-pagebreak",
}  # fmt: skip
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
    "headerlink", "footnote-ref", "footnote-backref", "footnote-back",
}  # fmt: skip
"""Ids and classes of what a wiki or a generator of pages adds to an article."""
WIKIS = ("//*[@id='mw-content-text']", "//*[@id='dokuwiki__content']", "//*[@id='main-content']")
"""Where MediaWiki, DokuWiki and Confluence put the text of a page."""
MAIN = "//main | //*[@role='main']"
LINKED = 0.7
"""Share of a block's characters that are links where it is navigation; articles seldom reach a third (Kohlschütter
et al. 2010, "Boilerplate Detection using Shallow Text Features")."""


_HIDDEN_STYLE = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)


def article_of(root: Element) -> list[Element]:
    """The elements that hold the article, without what is not of it; changes the tree."""
    body = root.find("body")
    body = root if body is None else body
    drop(body.iter(*SKIPPED))
    drop(element for element in body.iter() if _is_around(element))
    for path in WIKIS:
        if found := [one for one in body.xpath(path) if _says(one)]:  # another system's empty anchor may be called so
            return found[:1]
    mains = [one for one in body.xpath(MAIN) if _says(one) and not _is_inside(one, {"main"}, "main")]
    if mains:
        articles = [one for one in body.iter("article") if not _is_inside(one, {"main", "article", "aside"}, "main")]
        held = {*mains, *articles}
        return [element for element in body.iter("article", *{one.tag for one in mains}) if element in held]
    if found := [one for one in body.xpath("//*[@id='content']") if _says(one)]:
        return found[:1]
    drop(_menus(body))
    return [body]


def _says(element: Element) -> bool:
    return any(text.strip() for text in element.itertext())


def drop(elements: Iterable[Element]) -> None:
    for element in list(elements):
        take_out(element)


def take_out(element: Element) -> None:
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


def _is_inside(element: Element, tags: set[str], role: str = "") -> bool:
    return any(one.tag in tags or (role and one.get("role") == role) for one in element.iterancestors())


def _is_around(element: Element) -> bool:
    """Whether an element is none of the article, or is not shown."""
    tag, attributes = element.tag, element.attrib
    if tag in {"footer", "header"}:
        if not _is_inside(element, {"main", "article", "section", "blockquote"}, "main"):
            return bool(tag == "footer" or (element.find(".//h1") is None and _linked(element)))
    elif tag == "aside" and _linked(element):
        return True
    if not attributes or tag == "img":
        return False
    names = attributes.get("class", "").split()
    if not NAMES.isdisjoint(names) or attributes.get("id") in NAMES or attributes.get("role") in ROLES:
        return element.find(".//main") is None
    if (tag == "sup" and "reference" in names) or attributes.get("epub:type") == "pagebreak":
        return True
    if attributes.get("hidden", "until-found") != "until-found":
        return True
    if "style" in attributes and _HIDDEN_STYLE.search(attributes["style"]):
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
