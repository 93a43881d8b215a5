"""The text of the runs in a Word document: results of fields, notes at their marks, equations, symbols."""

import re
from collections.abc import Callable

from article_assistant.index.reading.ooxml import R_NAMES, Package, Styles, W, is_on, local_name, shown_in, value_of
from article_assistant.index.reading.page import squeeze
from lxml.etree import _Element as Element


class Runs:
    """Reads the text of runs; a field may begin in one paragraph and end in another."""

    def __init__(self, package: Package, main: str, styles: Styles) -> None:
        self._notes = {
            (local_name(note), note.get(W + "id")): note
            for kind in ("footnotes", "endnotes")
            for root in [package.beside(main, kind)]
            if root is not None
            for note in root
        }
        self._fields: list[bool] = []  # of each open field: whether its result has begun
        self._package, self._main, self._styles = package, main, styles

    def text(self, element: Element, boxes: list[Element]) -> str:
        """The text of the runs in an element, with its notes at their marks; text boxes are put to `boxes`."""
        parts: list[str] = []
        self._runs(element, parts.append, boxes)
        while self._fields and not self._fields[-1]:
            self._fields.pop()  # a damaged field would hide all that comes behind it
        return "".join(parts)

    def _runs(self, element: Element, add: Callable[[str], None], boxes: list[Element]) -> None:
        for child in shown_in(element):
            name = local_name(child)
            if name == "fldChar":
                if all(self._fields) and (form := child.find(W + "ffData")) is not None:
                    add(_filled_in(form))
                self._field(child.get(W + "fldCharType"))
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
                add(self._note(name.removesuffix("Reference"), child.get(W + "id"), boxes))
            elif name == "txbxContent":
                boxes.append(child)
            elif name == "relIds":
                add(self._diagram(child.get(R_NAMES + "dm")))
            elif name in {"oMath", "oMathPara"}:
                add(_equation(child))
            elif name == "r" and self._run_says(child, "vanish", None):
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
        said = squeeze(" ".join(self.text(paragraph, boxes) for paragraph in note.iter(W + "p")))
        return f" [{said}]" if said else ""

    def _diagram(self, relation: str | None) -> str:
        """The words in a diagram, which has a part of its own."""
        part = self._package.target(self._main, relation) if relation else None
        root = self._package.xml(part) if part else None
        points = (one for one in root.iter() if local_name(one) == "pt") if root is not None else ()
        texts = (squeeze("".join(one.text or "" for one in point.iter() if local_name(one) == "t")) for point in points)
        return "; ".join(text for text in texts if text)

    def _run_says(self, run: Element, name: str, style: str | None) -> bool:
        """Whether a property of runs is on: by the run itself, else its style, else that of its paragraph."""
        properties = run.find(W + "rPr")
        own = is_on(properties, name)
        named = value_of(properties, "rStyle")
        if own is None and named:
            own = self._styles.says(named, "rPr", name)
        return bool(self._styles.says(style, "rPr", name) if own is None else own)

    def is_bold(self, element: Element, style: str | None = None) -> bool:
        """Whether all text of a paragraph or cell is bold."""
        found = False
        for run in element.iter(W + "r"):
            if any((text.text or "").strip() for text in run.iter(W + "t")):
                above = next(run.iterancestors(W + "p"), None)
                own = value_of(above.find(W + "pPr"), "pStyle") if above is not None else style
                if not self._run_says(run, "b", own):
                    return False
                found = True
        return found


def _filled_in(form: Element) -> str:
    """What the field of a form shows beside the text in it: a box, ticked or not, or what was chosen of a list."""
    box, chosen = form.find(W + "checkBox"), form.find(W + "ddList")
    if box is not None:
        ticked = is_on(box, "checked")
        return "☒" if (is_on(box, "default") if ticked is None else ticked) else "☐"
    if chosen is None:
        return ""
    at = value_of(chosen, "result") or value_of(chosen, "default") or "0"
    entries = [entry.get(W + "val", "") for entry in chosen.findall(W + "listEntry")]
    return entries[int(at)] if at.isdecimal() and int(at) < len(entries) else ""


def _symbol(element: Element) -> str:
    """The character of a symbol; those of symbol fonts have no meaning in another font."""
    code = element.get(W + "char", "")
    number = int(code, 16) if re.fullmatch("[0-9A-Fa-f]{1,4}", code) else 0
    return chr(number) if 0x20 < number < 0xD800 else ""


def _equation(element: Element) -> str:
    """An equation as linear text: `(a+b)/2`, `x^2`, `√(x)`."""

    def part(name: str) -> str:
        found = [child for child in element if local_name(child) == name]
        return "".join(map(_equation, found))

    def apart(text: str) -> str:
        return text if len(text) < 2 or re.fullmatch(r"[\d.,]+|\w+|\(.*\)", text) else f"({text})"

    name = local_name(element)
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
        sign = next((one.attrib.values()[0] for one in element.iter() if local_name(one) == "chr" and one.attrib), "∫")
        below, above = part("sub"), part("sup")
        return f"{sign}{f'_{apart(below)}' if below else ''}{f'^{apart(above)}' if above else ''} {part('e')}"
    if name == "d":
        inner = ", ".join(_equation(child) for child in element if local_name(child) == "e")
        return f"({inner})"
    if name in {"m", "eqArr"}:
        return "; ".join(_equation(child) for child in element if local_name(child) in {"mr", "e"})
    if name == "mr":
        return ", ".join(_equation(child) for child in element)
    return "".join(_equation(child) for child in element if not local_name(child).endswith("Pr"))
