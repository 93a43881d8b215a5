"""Word documents become text as Word shows it, with all changes accepted.

The parts of a .docx are read as they stand in the package (ECMA-376, "Office Open XML"): converters drop in silence
what they don't know, such as the results of fields, equations and the numbers of headings.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import lxml.etree
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.reading.table import Cell, table_lines, write_table
from article_assistant.index.types import ArticleError
from lxml.etree import _Element as Element

UNPACKED_MOST = 400_000_000
"""Bytes that a .docx may unpack to; a crafted one of a few KB unpacks to gigabytes."""
SPAN_MOST = 100
"""Columns that a cell may take."""
LETTERS_MOST = 26 * 8
"""The number up to which items are counted in letters, `a` to `zzzzzzzz`."""

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_R = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", _W[1:-1].encode()),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", _R[1:-1].encode()),
)
"""Namespaces of the strict variant, and what all others write."""
_GONE = {"del", "moveFrom", "pPr", "rPr", "sdtPr", "sdtEndPr", "tblPr", "tblGrid", "trPr", "tcPr", "rt", "fldData"}
"""Elements without anything that is shown, deletions among them."""
_LABEL = re.compile(r"\d{1,3}[.)]|[A-Za-z][.)]")
_BLOCK = {"p", "tbl"}
_BOXES = "☐☑☒"
_CODE = {"source code", "html preformatted", "macro text", "plain text"}
"""Styles of code by the names that Word and other programs give them."""


def docx_page(data: bytes) -> Page:
    """A .docx file: its headings, paragraphs, lists, tables, notes and text boxes in their order."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ArticleError("the document is encrypted, or of the old .doc kind")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > UNPACKED_MOST:
            raise ArticleError(f"the document unpacks to more than {UNPACKED_MOST / 1e6:.0f} MB")
        package = _Package(archive)
        main = package.related("", "officeDocument") or "word/document.xml"
        body = package.xml(main)
        if body is None:
            raise ArticleError("no Word document is in it")
        document = _Document(package, main)
        core = package.xml(package.related("", "core-properties") or "docProps/core.xml")
        document.blocks(body)
    facts = {_name(fact): fact.text or "" for fact in core} if core is not None else {}
    updated = iso_date(facts.get("modified")) or iso_date(facts.get("created"))
    return Page(squeeze(facts.get("title", "")) or document.title, document.builder.text(), updated)


class _Package:
    """The parts of a package by name, and which part is related to which."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}

    def xml(self, name: str) -> Element | None:
        """The root of a part, None where there is no such part."""
        if not (real := self._names.get(name.lower())):
            return None
        data = self._archive.read(real)
        for strict, usual in _STRICT:
            data = data.replace(strict, usual)
        parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
        return lxml.etree.fromstring(data, parser)

    def related(self, part: str, kind: str) -> str | None:
        """The name of the part that `part` ("" for the package) is related to in this way."""
        return next((name for _, one, name in self._relations(part) if one.endswith(f"/{kind}")), None)

    def target(self, part: str, relation: str) -> str | None:
        """The name of the part that a relation of `part` leads to."""
        return next((name for one, _, name in self._relations(part) if one == relation), None)

    def _relations(self, part: str) -> Iterator[tuple[str, str, str]]:
        folder, base = posixpath.split(part)
        root = self.xml(posixpath.join(folder, "_rels", f"{base}.rels"))
        for one in root if root is not None else ():
            if (target := one.get("Target")) and one.get("TargetMode") != "External":
                path = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                yield one.get("Id", ""), one.get("Type", ""), path


def _name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _value(element: Element | None, name: str) -> str | None:
    """The value of a property `name` of an element of properties."""
    found = element.find(_W + name) if element is not None else None
    return found.get(_W + "val") if found is not None else None


def _on(element: Element | None, name: str) -> bool | None:
    """Whether a property is on or off; None where it is not named."""
    found = element.find(_W + name) if element is not None else None
    return None if found is None else found.get(_W + "val", "1").lower() not in {"0", "false", "off", "none"}


def _number(text: str | None, default: int = 0) -> int:
    return int(text) if text and re.fullmatch(r"-?\d{1,6}", text) else default


def _shaded(properties: Element | None) -> bool:
    found = properties.find(_W + "shd") if properties is not None else None
    if found is None:
        return False
    fill, theme = found.get(_W + "fill", "auto").lower(), found.get(_W + "themeFill", "")
    return fill not in {"auto", "ffffff"} or (bool(theme) and not theme.startswith("background"))


class _Styles:
    """The styles of a document; what one does not say, that which it is based on says."""

    def __init__(self, root: Element | None) -> None:
        styles = root.findall(_W + "style") if root is not None else []
        self._by_id = {style.get(_W + "styleId", ""): style for style in styles}
        self._default = next(
            (
                style.get(_W + "styleId", "")
                for style in styles
                if style.get(_W + "default") in {"1", "true"} and style.get(_W + "type") == "paragraph"
            ),
            "",
        )

    def chain(self, style: str | None) -> Iterator[Element]:
        """A style and those that it is based on; None is that of a paragraph that names none."""
        name = self._default if style is None else style
        for _ in range(20):  # a circle would have no end
            found = self._by_id.get(name)
            if found is None:
                return
            yield found
            name = _value(found, "basedOn") or ""

    def name(self, style: str | None) -> str:
        """What Word calls a style, in small letters: "heading 1" in every language."""
        return next(((_value(one, "name") or "").lower() for one in self.chain(style)), "")

    def says(self, style: str | None, properties: str, name: str) -> bool | None:
        """Whether a property is on in a style; None where none of them says so."""
        found = (_on(one.find(_W + properties), name) for one in self.chain(style))
        return next((value for value in found if value is not None), None)

    def paragraph(self, style: str | None, name: str) -> Element | None:
        """A property of paragraphs of a style."""
        found = (one.find(f"{_W}pPr/{_W}{name}") for one in self.chain(style))
        return next((one for one in found if one is not None), None)

    def shows_names(self, style: str | None, where: str) -> bool:
        """Whether a table's style makes its first row or column bold or shaded."""
        for one in self.chain(style or ""):
            for part in one.findall(_W + "tblStylePr"):
                if part.get(_W + "type") == where:
                    return bool(_on(part.find(_W + "rPr"), "b")) or _shaded(part.find(_W + "tcPr"))
        return False


@dataclass(slots=True)
class _Level:
    """One level of a numbering: how its number is written, from which on, and after which level it begins again."""

    form: str
    text: str
    start: int
    restart: int | None
    legal: bool
    style: str | None


@dataclass(slots=True)
class _Numbering:
    """The numbers of headings and items, as Word counts them."""

    root: Element | None
    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    own: dict[str, dict[int, int]] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in self.root.findall(_W + "abstractNum") if self.root is not None else ():
            self.levels[kind.get(_W + "abstractNumId", "")] = {
                _number(level.get(_W + "ilvl")): _Level(
                    _value(level, "numFmt") or "decimal",
                    _value(level, "lvlText") or "",
                    _number(_value(level, "start")),
                    None if _value(level, "lvlRestart") is None else _number(_value(level, "lvlRestart")),
                    bool(_on(level, "isLgl")),
                    _value(level, "pStyle"),
                )
                for level in kind.findall(_W + "lvl")
            }
        for one in self.root.findall(_W + "num") if self.root is not None else ():
            number = one.get(_W + "numId", "")
            self.kinds[number] = _value(one, "abstractNumId") or ""
            starts = ((other, _value(other, "startOverride")) for other in one.findall(_W + "lvlOverride"))
            self.own[number] = {
                _number(other.get(_W + "ilvl")): _number(start) for other, start in starts if start is not None
            }

    def level_of(self, number: str, style: str | None) -> int | None:
        """The level that a numbering links with a style."""
        found = self.levels.get(self.kinds.get(number, ""), {})
        return next((depth for depth, level in found.items() if style and level.style == style), None)

    def next(self, number: str, depth: int) -> str | None:
        """The next label of a numbering at a level: "3.1", "a)", "" for a bullet; None where nothing is shown."""
        kind = self.kinds.get(number, "")
        levels = self.levels.get(kind, {})
        if depth not in levels:
            return None
        counts = self.counts.setdefault(kind, {})
        if depth in (own := self.own.get(number, {})):
            counts[depth] = own.pop(depth)  # where a list of its own begins
        elif depth in counts:
            counts[depth] += 1
        else:
            counts[depth] = levels[depth].start
        for deeper, level in levels.items():
            if deeper > depth and (level.restart is None or depth < level.restart):
                counts.pop(deeper, None)

        def written(found: re.Match[str]) -> str:
            place = int(found[1]) - 1
            level = levels.get(place)
            if level is None:
                return ""
            form = "decimal" if levels[depth].legal else level.form
            return _counted(counts.setdefault(place, level.start), form)

        if levels[depth].form == "bullet":
            sign = levels[depth].text.strip()
            return sign if sign in _BOXES else "" if sign else None
        if levels[depth].form == "none":
            return re.sub("%[1-9]", "", levels[depth].text).strip()
        return squeeze(re.sub("%([1-9])", written, levels[depth].text))


def _counted(number: int, form: str) -> str:
    if form in {"lowerLetter", "upperLetter"} and 0 < number <= LETTERS_MOST:
        text = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
    elif form in {"lowerRoman", "upperRoman"} and 0 < number < 4_000:
        text = _roman(number)
    else:
        return f"{number:02}" if form == "decimalZero" else str(number)
    return text.upper() if form.startswith("upper") else text


def _roman(number: int) -> str:
    """A number from 1 to 3999 in Roman digits.

    >>> _roman(1994)
    'mcmxciv'
    """
    digits = "m 1000 cm 900 d 500 cd 400 c 100 xc 90 l 50 xl 40 x 10 ix 9 v 5 iv 4 i 1".split()
    text = ""
    for sign, worth in zip(digits[::2], map(int, digits[1::2]), strict=True):
        text += sign * (number // worth)
        number %= worth
    return text


class _Document:
    """A walk through a document, which writes what it meets through `builder`."""

    def __init__(self, package: _Package, main: str) -> None:
        def part(kind: str) -> Element | None:
            name = package.related(main, kind) or posixpath.join(posixpath.dirname(main), f"{kind}.xml")
            return package.xml(name)

        self.builder = TextBuilder()
        self.title: str | None = None
        self._styles = _Styles(part("styles"))
        self._numbering = _Numbering(part("numbering"))
        self._notes = {
            (_name(note), note.get(_W + "id")): note
            for kind in ("footnotes", "endnotes")
            for root in [part(kind)]
            if root is not None
            for note in root
        }
        self._fields: list[bool] = []  # of each open field: whether its result has begun
        self._carried = ""  # a paragraph whose end was deleted, or a large first letter, goes on in the next one
        self._package, self._main = package, main

    def blocks(self, element: Element) -> None:
        """Write all blocks in an element."""
        for child in _shown(element):
            name = _name(child)
            if name == "p":
                self._paragraph(child)
            elif name == "tbl":
                self._table(child)
            elif not (name == "sdt" and _is_contents(child)):
                self.blocks(child)

    def _paragraph(self, paragraph: Element) -> None:
        properties = paragraph.find(_W + "pPr")
        style = _value(properties, "pStyle")
        boxes: list[Element] = []
        text = self._carried + self._text(paragraph, boxes)
        self._carried = ""
        name = self._styles.name(style)
        frame = properties.find(_W + "framePr") if properties is not None else None
        drops = frame is not None and frame.get(_W + "dropCap") in {"drop", "margin"}
        if drops or (properties is not None and properties.find(f"{_W}rPr/{_W}del") is not None):
            self._carried = text
        elif name in _CODE:
            self.builder.code(text, goes_on=True)
        elif squeeze(text) and not re.match("toc( |$)", name):
            self._write(text, paragraph, style, name)
        for box in boxes:
            self.blocks(box)

    def _write(self, text: str, paragraph: Element, style: str | None, name: str) -> None:
        level, label = self._level(paragraph, style), self._label(paragraph, style)
        if self.title is None and (name == "title" or level == 1):
            self.title = squeeze(text)
        if name == "title":
            self.builder.heading(1, text)
        elif level is not None:
            self.builder.heading(level, f"{label[0]} {text}" if label and label[0] else text)
        elif label is not None:
            sign, depth = label
            self.builder.item(
                text if _LABEL.fullmatch(sign) or not sign else f"{sign} {text}",
                depth,
                sign if _LABEL.fullmatch(sign) else None,
            )
        elif name.startswith("list ") and name != "list paragraph":
            self.builder.item(text)
        elif self._is_bold(paragraph, style) and squeeze(text).endswith("?"):
            self.builder.question(text)
        else:
            self.builder.paragraph(text)

    def _level(self, paragraph: Element, style: str | None) -> int | None:
        """The level of a heading, from 1; None for other paragraphs."""
        own = paragraph.find(f"{_W}pPr/{_W}outlineLvl")
        found = own if own is not None else self._styles.paragraph(style, "outlineLvl")
        if found is not None and (level := _number(found.get(_W + "val"), 9)) < 9:
            return level + 1
        named = re.fullmatch("heading ([1-9])", self._styles.name(style))
        return int(named[1]) if named and found is None else None

    def _label(self, paragraph: Element, style: str | None) -> tuple[str, int] | None:
        """The number of a paragraph as it is written, and its depth; None where it has none."""
        own = paragraph.find(f"{_W}pPr/{_W}numPr")
        shared = self._styles.paragraph(style, "numPr")
        number = _value(own, "numId") or _value(shared, "numId")
        if number in {None, "0"}:
            return None
        assert number is not None
        linked = self._numbering.level_of(number, style)
        depth = _value(own, "ilvl") or (str(linked) if linked is not None else _value(shared, "ilvl"))
        label = self._numbering.next(number, _number(depth))
        return None if label is None else (label, _number(depth))

    def _text(self, element: Element, boxes: list[Element]) -> str:
        """The text of the runs in an element, with its notes at their marks; text boxes are put to `boxes`."""
        parts: list[str] = []
        self._runs(element, parts.append, boxes)
        while self._fields and not self._fields[-1]:
            self._fields.pop()  # a damaged field would hide all that comes behind it
        return "".join(parts)

    def _runs(self, element: Element, add: Callable[[str], None], boxes: list[Element]) -> None:
        for child in _shown(element):
            name = _name(child)
            if name == "fldChar":
                self._field(child.get(_W + "fldCharType"))
            elif not all(self._fields):
                if name == "r" or name in {"ins", "hyperlink", "smartTag", "sdt", "sdtContent"}:
                    self._runs(child, add, boxes)  # a field may end in there
            elif name == "t":
                add(child.text or "")
            elif name in {"tab", "br", "cr", "ptab"}:
                add("\t" if name.endswith("tab") else "\n")
            elif name == "noBreakHyphen":
                add("-")
            elif name == "sym":
                add(_symbol(child))
            elif name in {"footnoteReference", "endnoteReference"}:
                add(self._note(name.removesuffix("Reference"), child.get(_W + "id"), boxes))
            elif name == "txbxContent":
                boxes.append(child)
            elif name == "relIds":
                add(self._diagram(child.get(_R + "dm")))
            elif name in {"oMath", "oMathPara"}:
                add(_equation(child))
            elif name == "r" and self._is_hidden(child):
                continue
            elif name not in {"instrText", "delText", "delInstrText"}:
                self._runs(child, add, boxes)

    def _field(self, kind: str | None) -> None:
        if kind == "begin":
            self._fields.append(False)
        elif self._fields and kind == "separate":
            self._fields[-1] = True
        elif self._fields and kind == "end":
            self._fields.pop()

    def _note(self, kind: str, number: str | None, boxes: list[Element]) -> str:
        note = self._notes.get((kind, number))
        if note is None:
            return ""
        said = squeeze(" ".join(self._text(paragraph, boxes) for paragraph in note.iter(_W + "p")))
        return f" [{said}]" if said else ""

    def _diagram(self, relation: str | None) -> str:
        """The words in a diagram, which has a part of its own."""
        part = self._package.target(self._main, relation) if relation else None
        root = self._package.xml(part) if part else None
        points = (one for one in root.iter() if _name(one) == "pt") if root is not None else ()
        texts = (squeeze("".join(one.text or "" for one in point.iter() if _name(one) == "t")) for point in points)
        return "; ".join(text for text in texts if text)

    def _is_hidden(self, run: Element) -> bool:
        return self._run_says(run, "vanish", None)

    def _run_says(self, run: Element, name: str, style: str | None) -> bool:
        """Whether a property of runs is on: by the run itself, else its style, else that of its paragraph."""
        properties = run.find(_W + "rPr")
        own = _on(properties, name)
        named = _value(properties, "rStyle")
        if own is None and named:
            own = self._styles.says(named, "rPr", name)
        return bool(self._styles.says(style, "rPr", name) if own is None else own)

    def _is_bold(self, element: Element, style: str | None = None) -> bool:
        """Whether all text of a paragraph or cell is bold."""
        found = False
        for run in element.iter(_W + "r"):
            if any((text.text or "").strip() for text in run.iter(_W + "t")):
                above = next(run.iterancestors(_W + "p"), None)
                own = _value(above.find(_W + "pPr"), "pStyle") if above is not None else style
                if not self._run_says(run, "b", own):
                    return False
                found = True
        return found

    def _table(self, table: Element) -> None:
        rows = self._grid(table)
        cells = {id(cell): cell for row in rows for cell in row}.values()
        if all(len({id(cell) for cell in row}) <= 1 for row in rows) or any(map(self._has_heading, cells)):
            self.builder.end_list()  # a box around text, or a page in columns
            for cell in cells:
                self.blocks(cell)
            return
        write_table(self.builder, *self._named(table, rows))

    def _has_heading(self, cell: Element) -> bool:
        paragraphs = cell.iterfind(_W + "p")
        return any(self._level(one, _value(one.find(_W + "pPr"), "pStyle")) is not None for one in paragraphs)

    def _grid(self, table: Element) -> list[list[Element]]:
        """The cells of each row, each as often as it has columns and rows."""
        rows: list[list[Element]] = []
        for row in _descend(table, "tr", _BLOCK):
            properties = row.find(_W + "trPr")
            if properties is not None and properties.find(_W + "del") is not None:
                continue
            cells: list[Element] = []
            empty = lxml.etree.Element(_W + "tc")
            cells += [empty] * min(_number(_value(properties, "gridBefore")), SPAN_MOST)
            for cell in _descend(row, "tc", _BLOCK):
                about = cell.find(_W + "tcPr")
                if about is not None and about.find(_W + "cellDel") is not None:
                    continue
                merged = about.find(_W + "vMerge") if about is not None else None
                goes_on = merged is not None and merged.get(_W + "val") != "restart"
                above = rows[-1][len(cells)] if rows and len(cells) < len(rows[-1]) else cell
                span = min(max(_number(_value(about, "gridSpan"), 1), 1), SPAN_MOST)
                cells += [above if goes_on else cell] * span
            rows.append(cells)
        return [row for row in rows if row]

    def _named(self, table: Element, rows: list[list[Element]]) -> tuple[list[list[Cell]], int | None]:
        """The cells of a table with what is shown as a name, and how many rows are said to be its header."""
        about = table.find(_W + "tblPr")
        style, look = _value(about, "tblStyle"), about.find(_W + "tblLook") if about is not None else None
        bits = (
            int(look.get(_W + "val", "0"), 16)
            if look is not None and re.fullmatch("[0-9A-Fa-f]{1,8}", look.get(_W + "val", "0"))
            else 0
        )

        def looks(name: str, bit: int, where: str) -> bool:
            said = look.get(_W + name) if look is not None else None
            return (bool(bits & bit) if said is None else said in {"1", "true"}) and self._styles.shows_names(
                style, where
            )

        first_row, first_column = looks("firstRow", 0x20, "firstRow"), looks("firstColumn", 0x80, "firstCol")
        elements = {id(cell): cell for row in rows for cell in row}
        texts = {key: self._cell(cell) for key, cell in elements.items()}
        named = {key for key, cell in elements.items() if self._is_bold(cell)}
        if not named:
            named = {key for key, cell in elements.items() if _shaded(cell.find(_W + "tcPr"))}
        if first_row:
            named |= {id(cell) for cell in rows[0]}
        if first_column:
            named |= {id(row[0]) for row in rows}
        made = {key: Cell(text, key in named) for key, text in texts.items()}
        marked = list(_descend(table, "tr", _BLOCK))
        heads = 0
        while heads < len(marked) and _on(marked[heads].find(_W + "trPr"), "tblHeader"):
            heads += 1
        return [[made[id(cell)] for cell in row] for row in rows], heads or None

    def _cell(self, cell: Element) -> str:
        """All that a cell holds, on one line."""
        text = ""
        for piece in self._pieces(cell):
            if squeezed := squeeze(piece):
                text += (" " if text.endswith((".", ":", ";", ",", "!", "?")) else "; " if text else "") + squeezed
        return text

    def _pieces(self, element: Element) -> Iterator[str]:
        for child in _shown(element):
            name = _name(child)
            if name == "p":
                boxes: list[Element] = []
                text = self._text(child, boxes)
                label = self._label(child, _value(child.find(_W + "pPr"), "pStyle")) if squeeze(text) else None
                yield f"{label[0]} {text}" if label else text
                for box in boxes:
                    yield from self._pieces(box)
            elif name == "tbl":
                titles, lines = table_lines(*self._named(child, self._grid(child)))
                yield from [*titles, *lines]
            else:
                yield from self._pieces(child)


def _shown(element: Element) -> Iterator[Element]:
    """The children of an element that are shown; of alternatives the first."""
    for child in element:
        name = _name(child)
        if name == "AlternateContent":
            yield from list(child)[:1]
        elif name == "sdt" and _on(child.find(_W + "sdtPr"), "showingPlcHdr"):
            continue  # what a form says where nobody has filled it in
        elif name not in _GONE:
            yield child


def _descend(element: Element, wanted: str, beneath: set[str]) -> Iterator[Element]:
    """Elements called so, in whatever wrappers, but not inside another block."""
    for child in _shown(element):
        name = _name(child)
        if name == wanted:
            yield child
        elif name not in beneath:
            yield from _descend(child, wanted, beneath)


def _is_contents(control: Element) -> bool:
    """Whether a content control holds the table of contents."""
    gallery = control.find(f"{_W}sdtPr/{_W}docPartObj/{_W}docPartGallery")
    return gallery is not None and gallery.get(_W + "val") == "Table of Contents"


def _symbol(element: Element) -> str:
    """The character of a symbol; those of symbol fonts have no meaning in another font."""
    code = element.get(_W + "char", "")
    number = int(code, 16) if re.fullmatch("[0-9A-Fa-f]{1,4}", code) else 0
    return chr(number) if 0x20 < number < 0xD800 else ""


def _equation(element: Element) -> str:
    """An equation as linear text: `(a+b)/2`, `x^2`, `√(x)`."""

    def part(name: str) -> str:
        found = [child for child in element if _name(child) == name]
        return "".join(map(_equation, found))

    def apart(text: str) -> str:
        return text if len(text) < 2 or re.fullmatch(r"[\d.,]+|\w+|\(.*\)", text) else f"({text})"

    name = _name(element)
    if name == "t":
        return element.text or ""
    if name == "f":
        return f"{apart(part('num'))}/{apart(part('den'))}"
    if name == "rad":
        return f"{part('deg')}√{apart(part('e'))}"
    if name in {"sSup", "sSub", "sSubSup", "sPre"}:
        below, above = part("sub"), part("sup")
        return part("e") + (f"_{apart(below)}" if below else "") + (f"^{apart(above)}" if above else "")
    if name == "nary":
        sign = next((one.attrib.values()[0] for one in element.iter() if _name(one) == "chr" and one.attrib), "∫")
        below, above = part("sub"), part("sup")
        return f"{sign}{f'_{apart(below)}' if below else ''}{f'^{apart(above)}' if above else ''} {part('e')}"
    if name == "d":
        inner = ", ".join(_equation(child) for child in element if _name(child) == "e")
        return f"({inner})"
    if name in {"m", "eqArr"}:
        return "; ".join(_equation(child) for child in element if _name(child) in {"mr", "e"})
    if name == "mr":
        return ", ".join(_equation(child) for child in element)
    return "".join(_equation(child) for child in element if not _name(child).endswith("Pr"))
