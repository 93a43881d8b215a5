"""What stands in wikitext, the source of a page of MediaWiki, between its marks."""

import html
import re
from collections.abc import Callable
from itertools import takewhile
from typing import Any

from article_assistant.index.reading.page import TextBuilder, first_heading, one_line, squeeze
from article_assistant.index.reading.table import Cell, grid, span_of, write_table

NAMESPACES = {
    "category", "kategorie", "catégorie", "categoría", "категория", "kategori", "カテゴリ", "分类",
}  # fmt: skip
"""What MediaWiki calls categories in its larger languages."""
FILES = {"file", "image", "datei", "bild", "fichier", "archivo", "файл", "dosya", "ファイル", "文件"}
"""What it calls files there."""
WIKI_HEADING = re.compile(r"^(={1,6})\s*([^=\s].*?)\s*\1\s*$", re.MULTILINE)
HELD_PLACE = re.compile("\x01(\\d+)\x02")
"""What holds the place of a block while a text is read line by line."""
_OPTION = re.compile(r"thumb|frame|frameless|border|left|right|center|none|upright|\d*x?\d+px|[a-z]+=.*")
_BREAK = "\u2028"
"""A space that does not make code of the line that it begins."""


def mediawiki(source: str) -> tuple[str, str]:
    """Title ("" where there is none) and text of wikitext, without categories, pictures and comments.

    What a template makes is not known: its words stand in their place, and named ones of an infobox or over several
    lines are rows.
    """
    text = _Wikitext().page(source)
    return first_heading(text), text


class _Wikitext:
    """A walk through wikitext; blocks that are no lines are held back, with a mark in their place."""

    def __init__(self) -> None:
        self.builder = TextBuilder()
        self._held: list[Callable[[], None]] = []
        self._numbers: list[int] = []
        self._term = ""

    def page(self, source: str) -> str:
        import mwparserfromhell

        source = re.sub(r"[\x01\x02]|__[A-Z]+__", "", source)
        self._lines(self._text(mwparserfromhell.parse(source)))
        return self.builder.text()

    def _text(self, code: Any) -> str:
        from mwparserfromhell import nodes

        parts = []
        for node in code.nodes:
            if isinstance(node, nodes.Text):
                parts.append(str(node.value))
            elif isinstance(node, nodes.Heading):
                mark = "=" * node.level
                parts.append(f"\n{mark} {squeeze(self._text(node.title))} {mark}\n")
            elif isinstance(node, nodes.Wikilink):
                parts.append(self._link(node))
            elif isinstance(node, nodes.ExternalLink):
                parts.append(self._text(node.title) if node.title else str(node.url))
            elif isinstance(node, nodes.HTMLEntity):
                parts.append(html.unescape(str(node)))
            elif isinstance(node, nodes.Template):
                parts.append(self._template(node))
            elif isinstance(node, nodes.Tag):
                parts.append(self._tag(node))
        return "".join(parts)

    def _link(self, link: Any) -> str:
        target = str(link.title).strip()
        space, _, rest = target.partition(":")
        name = space.strip().lower()
        if rest and name in FILES:
            options = [squeeze(self._text(link.text))] if link.text else []
            said = [one for option in options for one in option.split("|") if not _OPTION.fullmatch(one.strip())]
            return f"\n\n{said[-1]}\n\n" if said else ""
        if rest and (name in NAMESPACES or (len(name) == 2 and name.isalpha() and not link.text)):
            return ""
        return self._text(link.text) if link.text else target.lstrip(":")

    def _template(self, template: Any) -> str:
        named = [
            (squeeze(str(one.name)).replace("_", " "), self._text(one.value)) for one in template.params if one.showkey
        ]
        said = [squeeze(self._text(one.value)) for one in template.params if not one.showkey]
        if len(named) > 1 and ("\n" in str(template) or str(template.name).lower().startswith("infobox")):
            rows = [[Cell(name, True), Cell(_cell_line(value))] for name, value in named if value.strip()]
            return self._hold(lambda: write_table(self.builder, rows, 0))
        return " ".join(filter(None, said)) or next((text for name, text in named if name == "title"), "")

    def _tag(self, tag: Any) -> str:
        name = str(tag.tag).strip().lower()
        if tag.wiki_markup and name in {"li", "dt", "dd"}:
            return str(tag.wiki_markup)
        if name == "table":
            return self._hold(self._table(tag))
        if name in {"pre", "syntaxhighlight", "source"}:
            code = html.unescape(str(tag.contents)).strip("\n")
            return self._hold(lambda: self.builder.code(code))
        if name in {"nowiki", "code", "math", "chem", "tt", "kbd", "samp", "var"}:
            inner = tag.contents if tag.contents is not None else ""
            return html.unescape(re.sub("</?nowiki/?>", "", str(inner)))
        if name in {"references", "templatestyles", "br", "hr", "wbr"} or tag.contents is None:
            return "\n\n" if name == "hr" else _BREAK if name == "br" else ""
        if name == "ref":
            words = "" if "{{" in str(tag.contents) else squeeze(self._text(tag.contents))
            return f"{_BREAK}[{words}]" if words else ""
        if name == "gallery":
            lines = [line.partition("|")[2] for line in self._text(tag.contents).splitlines()]
            return "\n\n" + "\n\n".join(filter(None, lines)) + "\n\n"
        inner = self._text(tag.contents)
        return f"\n\n{inner}\n\n" if name in {"div", "p", "blockquote", "center", "poem"} else inner

    def _hold(self, write: Callable[[], None]) -> str:
        self._held.append(write)
        return f"\n\x01{len(self._held) - 1}\x02\n"

    def _table(self, table: Any) -> Callable[[], None]:
        titles: list[str] = []
        rows: list[list[tuple[Cell, int, int]]] = [[]]

        def cells(code: Any) -> None:
            for tag in code.filter_tags(recursive=False):
                name = str(tag.tag).strip().lower()
                if name in {"tr", "tbody", "thead"}:
                    rows.append([])
                    cells(tag.contents)
                elif str(tag).startswith("|+") or name == "caption":
                    titles.append(self._text(tag.contents).lstrip("+"))
                elif name in {"td", "th"}:
                    cell = Cell(_cell_line(self._inner(tag.contents)), name == "th")
                    rows[-1].append((cell, _attribute(tag, "colspan"), _attribute(tag, "rowspan")))

        cells(table.contents)
        rows = [row for row in rows if row]
        heads = len(list(takewhile(lambda row: all(cell.is_name for cell, _, _ in row), rows)))

        def write() -> None:
            for title in titles:
                self.builder.paragraph(title)
            write_table(self.builder, grid(rows), heads or None)

        return write

    def _inner(self, code: Any) -> str:
        """The text of a cell; a table in it is told row by row."""
        inner = _Wikitext()
        inner._lines(inner._text(code))
        return inner.builder.text()

    def _lines(self, text: str) -> None:
        """Write the lines that are left: headings, items, code and paragraphs."""
        loose: list[str] = []
        code = False

        def flush() -> None:
            self.builder.paragraph(" ".join(loose))
            loose.clear()

        for line in text.split("\n"):
            held = HELD_PLACE.findall(line)
            rest = HELD_PLACE.sub("", line)
            heading = WIKI_HEADING.fullmatch(rest)
            marked = re.match(r"([*#:;]+)\s*(.*)", rest)
            if not rest.strip() or heading or marked or rest.startswith(" ") or set(rest.strip()) == {"-"}:
                flush()
            if heading:
                self.builder.heading(len(heading[1]), heading[2])
            elif marked:
                self._item(marked[1], marked[2])
            elif rest.startswith(" ") and rest.strip():
                self.builder.code(rest[1:], goes_on=code)
            elif rest.strip() and set(rest.strip()) != {"-"}:
                loose.append(rest)
            code = rest.startswith(" ")
            if not marked:
                self._numbers.clear()
                self._term = ""
            for number in held:
                flush()
                self._held[int(number)]()
        flush()

    def _item(self, marks: str, text: str) -> None:
        depth, kind = len(marks) - 1, marks[-1]
        del self._numbers[len(marks) :]
        self._numbers += [0] * (len(marks) - len(self._numbers))
        self._numbers[-1] += kind == "#"
        if kind == ";":
            term, told, meaning = (part.strip() for part in text.partition(":"))
            self._term = "" if told else term
            if told:
                self.builder.item(f"{term}: {meaning}", depth)
        elif kind == ":" and self._term:
            self.builder.item(f"{self._term}: {text}", depth)
        elif kind == ":":
            self.builder.paragraph(text)
        else:
            self.builder.item(text, depth, self._numbers[-1] if kind == "#" else None)


def _attribute(tag: Any, name: str) -> int:
    return span_of(tag.get(name).value if tag.has(name) else None)


def _cell_line(text: str) -> str:
    """What stands on several lines, on one."""
    return one_line(re.sub(r"^\s*(?:[*#]+|-) ?", "", line) for line in text.splitlines())
