"""The parts of a Word document (ECMA-376, "Office Open XML"), and what their elements and properties say."""

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
