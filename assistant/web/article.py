"""An article's page, which keeps every character of the text in order and marks a quote in it."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from article_assistant.answering.cite import original_at
from article_assistant.index.types import Article
from article_assistant.web.render import ITEM_START, UNSHOWABLE, fill, original
from markupsafe import Markup, escape

_HEADING_START = re.compile(r"(#{1,6} +)(?=\S)")
CODE_INDENT = 4
"""Spaces before a line of code."""
_BAR = re.compile(r" \| ")
_COLUMN = re.compile(r"[^:|]{1,60}: ")


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """Consecutive lines of one kind; the content of `lines` depends on the kind (see article.html).

    `level` is a heading's, 1 to 6; `same` says that all rows of a table have the same columns, so that the first
    row's column names are enough.
    """

    kind: str
    lines: Any
    level: int = 0
    same: bool = False


def article_page(article: Article, start: int = 0, end: int = 0, others: Sequence[tuple[int, int]] = ()) -> str:
    """A whole HTML page of an article with characters `[start, end)` of its text marked, the first mark as `#quote`.

    Those of the `others` are marked less, as far as they are not within it.

    Offsets are clamped to the text. The page has every character of the text; the style sheet hides those that are
    only markup (`## `, `- `, ` | `).
    """
    length = len(article.text)
    start = min(max(start, 0), length)
    end = min(max(end, start), length)
    first = next((line for line in article.text.split("\n") if line.strip()), "")
    heading = _HEADING_START.match(first)
    # Most texts begin with their own title, which then serves as the page's heading.
    titled = heading is not None and first[heading.end() :].strip() == article.title.strip()
    return fill(
        "article.html",
        title=article.title,
        language=article.language,
        titled=titled,
        updated=article.updated,
        categories=article.categories,
        away=original(original_at(article, start, end if end > start else None)),
        quoted=end > start,
        blocks=_Text(article.text, [(start, end), *others]).blocks(titled),
    )


class _Text:
    """A text split into blocks, with places `[start, end)` marked, the first of them as the quote."""

    def __init__(self, text: str, places: Sequence[tuple[int, int]]) -> None:
        self._text = text
        self._shown = text.translate(UNSHOWABLE)
        self._quote = places[0]
        apart = [place for i, place in enumerate(places) if all(_are_apart(place, before) for before in places[:i])]
        self._places = sorted(apart)
        self._named = False  # whether a mark has the id `quote`

    def blocks(self, titled: bool) -> Iterator[ShownBlock]:
        """Headings, paragraphs, lists, tables and code in order; `titled` makes the first heading an h1."""
        lines = list(_lines_at(self._text))
        at = 0
        while at < len(lines):
            begin, line = lines[at]
            kind = _kind(line, False)
            after = at + 1
            if kind == "blank":
                yield ShownBlock(kind, escape(self._shown[begin : begin + len(line)]))
            elif kind == "heading":
                level = 1 if titled else min(line.index(" ") + 1, 6)
                yield ShownBlock(kind, self._after(_HEADING_START, begin, line), level)
                titled = False
            else:
                while after < len(lines) and _kind(lines[after][1], kind == "item") == kind:
                    after += 1
                yield self._block(kind, lines[at:after])
            at = after

    def _block(self, kind: str, lines: Sequence[tuple[int, str]]) -> ShownBlock:
        if kind == "plain":
            last, line = lines[-1]
            return ShownBlock(kind, self._piece(lines[0][0], last + len(line)))
        if kind == "item":
            return ShownBlock(kind, [self._item(begin, line) for begin, line in lines])
        if kind == "code":
            indents = [(begin, begin + CODE_INDENT, begin + len(line)) for begin, line in lines]
            return ShownBlock(kind, [(self._piece(a, b, False), self._piece(b, c)) for a, b, c in indents])
        rows = [list(_table_cells(begin, line)) for begin, line in lines]
        names = {tuple(self._text[begin:name] for begin, name, _, _ in row) for row in rows}
        return ShownBlock(kind, [[self._cell(*cell) for cell in row] for row in rows], same=len(names) == 1)

    def _piece(self, begin: int, end: int, seen: bool = True) -> Markup:
        """Characters `[begin, end)` of the text, with the parts in a quote marked."""
        parts, at = list[Markup](), begin
        for place in self._places:
            low, high = max(begin, place[0]), min(end, place[1])
            if low >= high:
                continue
            # An id may occur once, and must be on something visible.
            first = place == self._quote and seen and not self._named and not self._text[low:high].isspace()
            self._named = self._named or first
            kind = Markup(' id="quote"') if first else "" if place == self._quote else Markup(' class="also"')
            parts += escape(self._shown[at:low]), Markup("<mark{}>{}</mark>").format(kind, self._shown[low:high])
            at = high
        return Markup("").join([*parts, escape(self._shown[at:end])])

    def _after(self, pattern: re.Pattern[str], begin: int, line: str) -> tuple[Markup, Markup]:
        """A line's leading markup, and its words."""
        found = pattern.match(line)
        assert found
        middle = begin + found.end()
        return self._piece(begin, middle, seen=False), self._piece(middle, begin + len(line))

    def _item(self, begin: int, line: str) -> tuple[int | None, int, Markup, Markup]:
        """An item's number, depth (0 to 5), markup and words; a style shows the depth, so any order of depths works."""
        found = ITEM_START.match(line)
        assert found
        number = int(found[2]) if found[2] else None
        return number, min(len(found[1]) // 2, 5), *self._after(ITEM_START, begin, line)

    def _cell(self, begin: int, name: int, stop: int, over: int) -> tuple[Markup, Markup, Markup]:
        """A cell's column name, its words, and the bar after it."""
        return self._piece(begin, name), self._piece(name, stop), self._piece(stop, over, seen=False)


def _are_apart(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two places share no character."""
    return one[1] <= other[0] or other[1] <= one[0]


def _lines_at(text: str) -> Iterator[tuple[int, str]]:
    """Each line of a text with its start."""
    begin = 0
    for line in text.split("\n"):
        yield begin, line
        begin += len(line) + 1


def _table_cells(begin: int, line: str) -> Iterator[tuple[int, int, int, int]]:
    """Each cell's start, and the ends of its column name, of its words and of the bar after them."""
    at = 0
    for bar in [*_BAR.finditer(line), None]:
        stop, over = (bar.start(), bar.end()) if bar else (len(line), len(line))
        column = _COLUMN.match(line, at, stop)
        yield begin + at, begin + (column.end() if column else at), begin + stop, begin + over
        at = over


def _kind(line: str, in_list: bool) -> str:
    """The kind of a line: blank, heading, item, code, row or plain."""
    if not line.strip():
        return "blank"
    if _HEADING_START.match(line):
        return "heading"
    item = ITEM_START.match(line)
    # Four spaces mean code, unless the line is a nested item of a list.
    if item and (in_list or len(item[1]) < CODE_INDENT):
        return "item"
    if line.startswith(" " * CODE_INDENT):
        return "code"
    return "row" if _BAR.search(line) else "plain"
