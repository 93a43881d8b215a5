"""The styles of a Word document."""

from collections.abc import Iterator

from article_assistant.index.reading.ooxml import W, is_on, is_shaded, value_of
from lxml.etree import _Element as Element


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
