"""What stands in the pages of MediaWiki and DokuWiki, between their marks."""

import html
import re
from collections.abc import Callable
from typing import Any

from article_assistant.index.reading.page import TextBuilder, squeeze
from article_assistant.index.reading.table import Cell, grid, write_table

NAMESPACES = {
    "category", "kategorie", "catégorie", "categoría", "категория", "kategori", "カテゴリ", "分类",
}  # fmt: skip
"""What MediaWiki calls categories in its larger languages."""
FILES = {"file", "image", "datei", "bild", "fichier", "archivo", "файл", "dosya", "ファイル", "文件"}
"""What it calls files there."""

_HEADING = re.compile(r"^(={1,6})\s*([^=\s].*?)\s*\1\s*$", re.MULTILINE)
_MEDIAWIKI = re.compile(r"'''|^\{\||^\|\}|\{\{[^{}\n]+\||<ref\b|\[\[(?:Category|File|Image):|^#REDIRECT", re.MULTILINE)
_DOKUWIKI = re.compile(
    r"^={5,6} |^\^ .+ \^\s*$|\(\(.+?\)\)|\\\\\s|^ {2,}\* .*\[\[|\{\{ ?[\w:.-]+\.\w{3}|^~~\w+~~|\*\*.+?\*\*|<code",
    re.MULTILINE,
)
_OPTION = re.compile(r"thumb|frame|frameless|border|left|right|center|none|upright|\d*x?\d+px|[a-z]+=.*")
_BREAK = "\u2028"
"""A space that does not make code of the line that it begins."""
_PLACE = re.compile("\x01(\\d+)\x02")


Reader = Callable[[str], tuple[str, str]]
"""From a source to a title ("" where there is none) and a text."""


def wiki_of(text: str) -> Reader | None:
    """The reader of a text with the marks of a wiki, None for a plain text.

    >>> wiki_of("== Beans ==\\nOrdered by '''Ann'''.").__name__
    'mediawiki'
    >>> wiki_of("One === two, or [[brackets]].")
    """
    headings = [len(found[1]) for found in _HEADING.finditer(text)] if "= " in text or "=\n" in text else []
    if headings and headings[0] >= max(5, headings[-1] - 1):
        return dokuwiki
    if not any(sign in text for sign in ("'''", "[[", "{{", "{|", "<ref", "#REDIRECT", "**")):
        return None
    media = len(_MEDIAWIKI.findall(text))
    if not headings:
        return mediawiki if media > 1 else None
    doku = len(_DOKUWIKI.findall(text))
    if media + doku + text.count("[[") == 0:
        return None
    return dokuwiki if doku > media else mediawiki


def _title(text: str) -> str:
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def mediawiki(source: str) -> tuple[str, str]:
    """Title ("" where there is none) and text of wikitext, without categories, pictures and comments.

    What a template makes is not known: its words stand in their place, and named ones over several lines are rows.
    """
    text = _Wikitext().page(source)
    return _title(text), text


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
        if len(named) > 1 and "\n" in str(template):
            rows = [[Cell(name, True), Cell(_one_line(value))] for name, value in named if value.strip()]
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
                    cell = Cell(_one_line(self._inner(tag.contents)), name == "th")
                    rows[-1].append((cell, _span(tag, "colspan"), _span(tag, "rowspan")))

        cells(table.contents)
        rows = [row for row in rows if row]
        heads = 0
        while heads < len(rows) and all(cell.is_name for cell, _, _ in rows[heads]):
            heads += 1

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
            held = _PLACE.findall(line)
            rest = _PLACE.sub("", line)
            heading = _HEADING.fullmatch(rest)
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


def _one_line(text: str) -> str:
    """What stands on several lines, on one."""
    pieces = [squeeze(re.sub(r"^\s*(?:[*#]+|-) ?", "", line)) for line in text.splitlines()]
    said = ""
    for piece in filter(None, pieces):
        said += (" " if said.endswith((".", ":", ";", ",", "!", "?")) else "; " if said else "") + piece
    return said


def _span(tag: Any, name: str) -> int:
    value = str(tag.get(name).value).strip() if tag.has(name) else "1"
    return int(value) if value.isdigit() and 0 < len(value) < 3 and int(value) > 0 else 1


_VERBATIM = re.compile(r"<(code|file)\b[^>]*>\n?(.*?)\n?</\1>|%%(.*?)%%|<nowiki>(.*?)</nowiki>", re.DOTALL)
_ITEM = re.compile(r"( {2,}|\t+)([*-])\s?(.*)")


def dokuwiki(source: str) -> tuple[str, str]:
    """Title ("" where there is none) and text of a page of DokuWiki."""
    builder = TextBuilder()
    held: list[tuple[str, bool]] = []

    def hold(text: str, is_block: bool) -> str:
        held.append((text, is_block))
        mark = f"\x01{len(held) - 1}\x02"
        return f"\n{mark}\n" if is_block else mark

    source = re.sub("[\x01\x02]", "", source)

    def verbatim(found: re.Match[str]) -> str:
        if found[1]:
            return hold(found[2], "\n" in found[0] or found[1] == "file")
        return hold(found[3] or found[4] or "", False)

    source = _VERBATIM.sub(verbatim, source)
    source = re.sub(r"~~[\w:!]+~~|<html>.*?</html>|<php>.*?</php>", "", source, flags=re.DOTALL)

    def shown(text: str) -> str:
        return _PLACE.sub(lambda found: held[int(found[1])][0], _dokuwiki_inline(text))

    loose: list[str] = []
    rows: list[list[str]] = []
    numbers: dict[int, int] = {}
    code = False

    def flush() -> None:
        builder.paragraph(shown("\n".join(loose)))
        loose.clear()
        if rows:
            _dokuwiki_table(builder, [[shown(part) for part in row] for row in rows])
            rows.clear()

    for line in source.split("\n"):
        place, heading, item = _PLACE.fullmatch(line.strip()), _HEADING.fullmatch(line), _ITEM.fullmatch(line)
        is_row = line.startswith(("^", "|"))
        ends = not line.strip() or place or heading or item or line.startswith("  ")
        if ends or (rows and not is_row) or (loose and is_row):
            flush()
        if not item:
            numbers.clear()
        if place and held[int(place[1])][1]:
            builder.code(held[int(place[1])][0])
        elif heading:
            builder.heading(7 - len(heading[1]), shown(heading[2]))
        elif item:
            depth = max(len(item[1].expandtabs(2)) // 2 - 1, 0)
            for deeper in [one for one in numbers if one > depth]:
                del numbers[deeper]
            numbers[depth] = numbers.get(depth, 0) + 1 if item[2] == "-" else 0
            builder.item(shown(item[3]), depth, numbers[depth] if item[2] == "-" else None)
        elif is_row:
            rows.append(_dokuwiki_cells(line))
        elif line.startswith("  ") and line.strip():
            builder.code(line[2:], goes_on=code)
        elif line.strip() and not re.fullmatch("-{4,}", line.strip()):
            loose.append(re.sub("^>+ ?", "", line))
        code = line.startswith("  ") and not item
    flush()
    text = builder.text()
    return _title(text), text


def _dokuwiki_inline(text: str) -> str:
    text = re.sub(r"\(\((.+?)\)\)", r" [\1]", text, flags=re.DOTALL)
    text = re.sub(r"\[\[([^\]|]+)(?:\|([^\]]*))?\]\]", _dokuwiki_link, text)
    text = re.sub(r"\{\{[^}|]*(?:\|([^}]*))?\}\}", lambda found: (found[1] or "").strip(), text)
    text = re.sub(r"\\\\(?:\s|$)", " ", text)
    for _ in range(4):  # marks inside marks
        text = re.sub(r"(?<!:)//(?=\S)(.+?)(?<=[^\s:])//", r"\1", text)
        text = re.sub(r"(\*\*|__|'')(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    return re.sub(r"</?(?:sub|sup|del|wrap|WRAP)\b[^>]*>", "", text)


def _dokuwiki_link(found: re.Match[str]) -> str:
    if shown := (found[2] or "").strip():
        return shown
    target = found[1].strip()
    if "/" in target or "@" in target:
        return target
    return re.split("[:>]", target)[-1].replace("_", " ").lstrip("#")


def _dokuwiki_cells(line: str) -> list[str]:
    """The cells of a row, each behind the mark that it begins with; bars inside links part none."""
    inside = r"(?:\[\[.*?\]\]|\{\{.*?\}\}|[^|^])*"
    return [found[0] for found in re.finditer(rf"[|^]{inside}", line.rstrip()) if found.end() < len(line.rstrip())]


def _dokuwiki_table(builder: TextBuilder, rows: list[list[str]]) -> None:
    made: list[list[Cell]] = []
    for row in rows:
        line: list[Cell] = []
        for part in row:
            above = made[-1][len(line)] if made and len(line) < len(made[-1]) else None
            if part[1:].strip() == ":::" and above:
                line.append(above)
            elif len(part) == 1 and line:
                line.append(line[-1])  # two marks side by side: the cell before spans two columns
            else:
                line.append(Cell(part[1:].strip(), part[0] == "^"))
        made.append(line)
    heads = 0
    while heads < len(made) and all(cell.is_name for cell in made[heads]):
        heads += 1
    write_table(builder, [line for line in made if line], heads or None)
