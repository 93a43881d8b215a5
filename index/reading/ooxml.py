"""The parts of a Word document (ECMA-376, "Office Open XML"), and what their elements, properties and styles say."""

import posixpath
import re
import zipfile
from collections.abc import Iterator

from article_assistant.index.reading.archive import xml
from lxml.etree import _Element as Element

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
R_NAMES = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT_NAMES = (
    (b"http://purl.oclc.org/ooxml/wordprocessingml/main", W[1:-1].encode()),
    (b"http://purl.oclc.org/ooxml/officeDocument/relationships", R_NAMES[1:-1].encode()),
)
"""Namespaces of the strict variant, and what all others write."""
_GONE = {"del", "moveFrom", "pPr", "rPr", "sdtPr", "sdtEndPr", "tblPr", "tblGrid", "trPr", "tcPr", "rt", "fldData"}
"""Elements without anything that is shown, deletions among them."""
BLOCK_NAMES = {"p", "tbl"}


class Package:
    """The parts of a package by name, and which part is related to which."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self._archive = archive
        self._names = {name.lower(): name for name in archive.namelist()}

    def xml(self, name: str) -> Element | None:
        """The root of a part, None where there is no such part."""
        if not (real := self._names.get(name.lower())):
            return None
        data = self._archive.read(real)
        for strict, usual in _STRICT_NAMES:
            data = data.replace(strict, usual)
        return xml(data)

    def beside(self, part: str, kind: str) -> Element | None:
        """The root of the part that `part` is related to in this way, else of that which is usually called so."""
        return self.xml(self.related(part, kind) or posixpath.join(posixpath.dirname(part), f"{kind}.xml"))

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


def local_name(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def value_of(element: Element | None, name: str) -> str | None:
    """The value of a property `name` of an element of properties."""
    found = element.find(W + name) if element is not None else None
    return found.get(W + "val") if found is not None else None


def is_on(element: Element | None, name: str) -> bool | None:
    """Whether a property is on or off; None where it is not named."""
    found = element.find(W + name) if element is not None else None
    return None if found is None else found.get(W + "val", "1").lower() not in {"0", "false", "off", "none"}


def whole_number(text: str | None, default: int = 0) -> int:
    return int(text) if text and re.fullmatch(r"-?\d{1,6}", text) else default


def is_shaded(properties: Element | None) -> bool:
    found = properties.find(W + "shd") if properties is not None else None
    if found is None:
        return False
    fill, theme = found.get(W + "fill", "auto").lower(), found.get(W + "themeFill", "")
    return fill not in {"auto", "ffffff"} or (bool(theme) and not theme.startswith("background"))


def shown_in(element: Element) -> Iterator[Element]:
    """The children of an element that are shown; of alternatives the first."""
    for child in element:
        name = local_name(child)
        if name == "AlternateContent":
            yield from list(child)[:1]
        elif name == "sdt" and is_on(child.find(W + "sdtPr"), "showingPlcHdr"):
            continue  # what a form says where nobody has filled it in
        elif name not in _GONE:
            yield child


def descend(element: Element, wanted: str, beneath: set[str]) -> Iterator[Element]:
    """Elements called so, in whatever wrappers, but not inside another block."""
    for child in shown_in(element):
        name = local_name(child)
        if name == wanted:
            yield child
        elif name not in beneath:
            yield from descend(child, wanted, beneath)


class Styles:
    """The styles of a document; what one does not say, that which it is based on says."""

    def __init__(self, root: Element | None) -> None:
        styles = root.findall(W + "style") if root is not None else []
        self._by_id = {style.get(W + "styleId", ""): style for style in styles}
        self._default = next(
            (
                style.get(W + "styleId", "")
                for style in styles
                if style.get(W + "default") in {"1", "true"} and style.get(W + "type") == "paragraph"
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
            name = value_of(found, "basedOn") or ""

    def name(self, style: str | None) -> str:
        """What Word calls a style, in small letters: "heading 1" in every language."""
        return next(((value_of(one, "name") or "").lower() for one in self.chain(style)), "")

    def says(self, style: str | None, properties: str, name: str) -> bool | None:
        """Whether a property is on in a style; None where none of them says so."""
        found = (is_on(one.find(W + properties), name) for one in self.chain(style))
        return next((value for value in found if value is not None), None)

    def paragraph(self, style: str | None, name: str) -> Element | None:
        """A property of paragraphs of a style."""
        found = (one.find(f"{W}pPr/{W}{name}") for one in self.chain(style))
        return next((one for one in found if one is not None), None)

    def shows_names(self, style: str | None, where: str) -> bool:
        """Whether a table's style makes its first row or column bold or shaded."""
        for one in self.chain(style or ""):
            for part in one.findall(W + "tblStylePr"):
                if part.get(W + "type") == where:
                    return bool(is_on(part.find(W + "rPr"), "b")) or is_shaded(part.find(W + "tcPr"))
        return False
