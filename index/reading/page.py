"""What every reader returns, and how its text is written.

The lines of a text (see `index.types.Article`):

    # Heading                          one to six marks, as deep as the heading
    A paragraph, on one line.
    - an item    1. a numbered one     two spaces more for each level of nesting
    City: Oslo | Hotel: 180 EUR        a table row, each cell behind the name of its column
        code, indented by four spaces

Blank lines stand between blocks. A row carries its column names because a quote of one row must
make sense alone.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from article_assistant.index.reading.lines import ANSWERS, ASKS

_QUESTION = re.compile(rf"{ASKS} (.{{1,300}}?\?)(?: ?{ANSWERS} | ?$)")
_ANSWER_MARK = re.compile(rf"{ANSWERS} ")
_INVISIBLE = re.compile("[\u00ad\u200b\u2060\ufeff]+")  # where a line may break, or not; nothing is shown


@dataclass(frozen=True, slots=True)
class Page:
    """What a reader of one file kind returns; None where the file does not say."""

    title: str | None
    text: str
    updated: str | None
    notice: str = ""
    """What was wrong with the file though it was read, and what to do."""
    pages: tuple[tuple[int, int], ...] = ()
    """On which page of the file a text stands; see `index.types.Article`."""
    anchors: tuple[str, ...] = ()
    """The fragment that leads to each heading of the text, or ""; see `index.types.Article`."""
    categories: tuple[str, ...] = ()
    """The categories or tags that the file names, as it names them."""


class TextBuilder:
    """Collects blocks and joins them into a text; every reader writes through it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._last = ""
        self._level = 0
        self._begins = ""
        self.anchors: list[str] = []

    def begins(self, mark: str) -> None:
        """Put `mark` before whatever comes next, at the beginning of its line."""
        self._begins = mark

    def _add(self, kind: str, lines: Iterable[str]) -> None:
        kept = [line for line in lines if line.strip()]
        if not kept:
            return
        # Items and rows of one list or table follow one another; any other block stands alone.
        if self._lines and not (kind == self._last and kind in {"item", "row", "more code"}):
            self._lines.append("")
        kept[0], self._begins = self._begins + kept[0], ""
        self._lines.extend(kept)
        self._last = kind

    def heading(self, level: int, text: str, anchor: str = "") -> None:
        """A heading of level 1 to 6, and the fragment that leads to it."""
        if squeezed := squeeze(text):
            self.anchors.append(anchor)
            self._level = min(max(level, 1), 6)
            self._add("heading", [f"{'#' * self._level} {squeezed}"])

    def question(self, text: str) -> None:
        """A question that is shown as one, in bold or to be opened: a heading beneath the last one."""
        if squeezed := squeeze(text):
            self.anchors.append("")
            self._add("question", [f"{'#' * min(self._level + 1, 6)} {squeezed}"])

    def paragraph(self, text: str) -> None:
        """A paragraph; its line breaks become spaces. "Q: … A: …" is a question and what is under it."""
        squeezed = squeeze(text)
        if asked := _QUESTION.match(squeezed):
            self.question(asked[1])
            squeezed = squeezed[asked.end() :]
        elif self._last == "question":
            squeezed = _ANSWER_MARK.sub("", squeezed)
        self._add("paragraph", [squeezed])

    def item(self, text: str, depth: int = 0, number: int | str | None = None) -> None:
        """A list item, `depth` levels in, with its number, or that as it is written, where the list is ordered."""
        if squeezed := squeeze(text):
            mark = f"{number}." if isinstance(number, int) else number or "-"
            self._add("item", [f"{'  ' * min(depth, 8)}{mark} {squeezed}"])

    def row(self, header: Sequence[str], cells: Sequence[str]) -> None:
        """A table row; a cell is named by its column where the header has a name for it."""
        names = [squeeze(name) for name in header] + [""] * len(cells)
        squeezed = [squeeze(cell) for cell in cells]
        parts = [f"{name}: {cell}" if name else cell for name, cell in zip(names, squeezed, strict=False) if cell]
        self._add("row", [" | ".join(parts)])

    def end_list(self) -> None:
        """What comes next is another list or table, even if it is of the same kind."""
        self._last = ""

    def code(self, text: str, goes_on: bool = False) -> None:
        """Lines that keep their spaces. The indent also keeps `# comment` from being a heading.

        They are a block of their own, unless they go on one that was begun so.
        """
        if goes_on and self._last == "code" and self._lines:
            self._last = "more code"
        kind = "more code" if goes_on and self._last == "more code" else "code"
        self._add(kind, [f"    {line.rstrip()}" for line in text.expandtabs(4).splitlines()])

    def text(self) -> str:
        """All blocks, without a line end after the last."""
        return "\n".join(self._lines)


def squeeze(text: str) -> str:
    """White space of any kind and length becomes one space; invisible characters go.

    >>> squeeze("  two\\n words ")
    'two words'
    """
    return " ".join((text if text.isascii() else _INVISIBLE.sub("", text)).split())


def one_line(pieces: Iterable[str]) -> str:
    """Pieces that are shown apart, such as the paragraphs and items of a cell, on one line.

    >>> one_line(["Note:", "red", "", "green"])
    'Note: red; green'
    """
    text = ""
    for piece in filter(None, map(squeeze, pieces)):
        text += (" " if text.endswith((".", ":", ";", ",", "!", "?")) else "; " if text else "") + piece
    return text


def first_heading(text: str) -> str:
    """What the first heading of level 1 in a text says; "" where there is none."""
    found = re.search(r"^# (.+)$", text, re.MULTILINE)
    return found[1] if found else ""


def iso_date(value: object) -> str | None:
    """The day that a property or a front matter names, as `2016-06-09`; None where it names none.

    >>> iso_date("2016-06-09T10:00:00Z"), iso_date("June"), iso_date(None)
    ('2016-06-09', None, None)
    """
    if isinstance(value, datetime | date):
        return value.isoformat()[:10]
    if value is None:
        return None
    try:
        return date.fromisoformat(str(value).strip()[:10]).isoformat()
    except ValueError:
        return None
