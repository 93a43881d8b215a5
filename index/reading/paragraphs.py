"""The blocks of pages become headings, items and paragraphs: lines are joined by type, gap and edge."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from article_assistant.index.reading.aligned import as_form
from article_assistant.index.reading.continued import are_same_columns, join_broken
from article_assistant.index.reading.layout import blocks
from article_assistant.index.reading.lines import BROKEN_WORD, ENDS, LABELLED, begins_item, fits, is_next_item, joined
from article_assistant.index.reading.page import TextBuilder
from article_assistant.index.reading.placed import Box, PageLine, Sheet, Table, Text
from article_assistant.index.reading.running import without_running

BY_HAND = 0.8
"""Share of a column that a line takes which was broken by hand within a sentence."""
LEADING_LEAST = 0.15
"""Share of the gaps between lines of one size that the usual one has at least."""
HYPHENS_LEAST = 0.04
"""Share of a text's lines that end with a hyphen where its words are hyphenated; a word of two ends few lines."""
WITH_HYPHEN = re.compile(r"[a-z]-(?=[a-z])")
PAGE_MARK = re.compile("\ufdd0(\\d+)\ufdd1 ?")  # such characters stand in no text; see `page_mark`


@dataclass(slots=True)
class SeenPage:
    """A page: what stands on it, or what was recognised in its picture."""

    sheet: Sheet
    recognised: str = ""
    scanned: bool = False


class PageWriter:
    """Writes the pages of a document: lines joined to headings, items and paragraphs by type, gap and edge."""

    def __init__(self, seen: Sequence[SeenPage]) -> None:
        sheets = [page.sheet for page in seen]
        without_running(sheets)
        self._words = {word.text.strip(".,;:!?()").lower() for one in sheets for word in one.words}
        self._builder = TextBuilder()
        gaps: list[Box] = []
        self._pages = [(page, blocks(page.sheet, gaps)) for page in seen]
        join_broken([found for _, found in self._pages])
        texts = [block for _, found in self._pages for block in found if isinstance(block, Text)]
        sizes = Counter[float]()
        leading: dict[float, Counter[float]] = defaultdict(Counter)
        for block in texts:
            for line in block.lines:
                sizes[line.size] += len(line.text)
            for a, b in pairwise(block.lines):
                leading[round(b.size)][round((b.base - a.base) * 2) / 2] += 1
        lines = [line for block in texts for line in block.lines]
        set_even = sum(len(line.text) for line in lines if line.mono)
        self._has_code = 0 < set_even < 0.5 * sum(len(line.text) for line in lines)
        broken = sum(bool(BROKEN_WORD.search(line.text)) for line in lines)
        within = sum(len(WITH_HYPHEN.findall(line.text)) for line in lines)
        self._hyphenates = broken > max(HYPHENS_LEAST * len(lines), within / 3)
        body = sizes.most_common(1)[0][0] if sizes else 0.0
        self._larger = sorted({size for size in sizes if size > 1.1 * body}, reverse=True)
        # In a text of short paragraphs the white space between them is more common than that between lines.
        self._leading = {
            size: min(
                (gap for gap, times in gaps.items() if times >= LEADING_LEAST * gaps.total()),
                default=gaps.most_common(1)[0][0],
            )
            for size, gaps in leading.items()
        }
        self._open: list[str] = []
        self._first: PageLine | None = None
        self._bold = False
        self._last: tuple[PageLine, Text, int] | None = None  # the last line, its block, its page
        self._lefts: list[float] = []
        self._behind: list[tuple[int, str]] = []  # footnotes and the like, with their page
        self._table: Table | None = None
        self._number = 0

    def text(self) -> str:
        for number, (page, found) in enumerate(self._pages, 1):
            self._number = number
            fresh = True
            for block in found:
                if isinstance(block, Text) and block.foot:
                    self._behind += [
                        (number, joined([line.text for line in group], self._words, self._hyphenates))
                        for group in self._groups(block)
                    ]
                    continue
                if isinstance(block, Table):
                    self._begin(fresh)
                    self._rows(block, fresh)
                else:
                    self._lines(block, fresh)
                fresh = False
            if page.recognised:
                self._begin(fresh)
                for part in page.recognised.split("\n\n"):
                    self._builder.paragraph(joined(part.split("\n"), self._words, self._hyphenates))
            self._behind += [(number, said) for said in page.sheet.turned]
        self._flush()
        return self._builder.text()

    def _begin(self, fresh: bool) -> None:
        """End the paragraph; with a `fresh` page, what comes next is the first of it."""
        self._flush()
        if fresh:
            self._builder.begins(page_mark(self._number))

    def _rows(self, table: Table, fresh: bool) -> None:
        self._builder.end_list()
        heads, last = table.rows[: table.headers], self._table
        names = [
            joined(dict.fromkeys(filter(None, column)), self._words, self._hyphenates)
            for column in zip(*heads, strict=True)
        ]
        body = table.rows[table.headers :]
        goes_on = (
            last is not None
            and (names == last.names or not heads)
            and (fresh or table.box.top < last.box.bottom)
            and are_same_columns(table.edges, last.edges)
        )
        if goes_on and last:  # from the page or the column before
            names = last.names
            if body and not any(body[0][j] for j in last.unclosed):
                for j in last.unclosed:
                    body[0][j] = last.rows[-1][j]
        table.names = names
        self._table = table
        for row in body:
            self._builder.row(*((names, row) if any(names) else as_form(row)))
        for name, cells in zip(names, zip(*body, strict=True), strict=False):
            if name and not any(cells) and not goes_on:  # it names nothing, and is not to be lost
                self._builder.paragraph(name)

    def _lines(self, block: Text, fresh: bool) -> None:
        groups = self._groups(block)
        for k, group in enumerate(groups):
            if self._is_code(group[0]):
                self._begin(fresh and k == 0)
                self._builder.code(_as_typed(group), goes_on=True)
                continue
            if k == 0 and self._goes_on(block):
                if fresh and self._open[-1].endswith("-"):  # the rest of a word comes before the mark
                    rest, _, line = group[0].text.partition(" ")
                    self._open += [rest, page_mark(self._number) + line]
                    self._open += [line.text for line in group[1:]]
                    self._last = (group[-1], block, self._number)
                    continue
                if fresh:
                    self._open.append(page_mark(self._number))
            else:
                self._begin(fresh and k == 0)
            if not self._open:
                self._first, self._bold = group[0], True
            self._open += [line.text for line in group]
            self._bold = self._bold and all(line.bold for line in group)
            self._last = (group[-1], block, self._number)
        self._table = None

    def _goes_on(self, block: Text) -> bool:
        """Whether a block begins with what is left of the paragraph before, from another column or page."""
        if not self._open or not self._last or not self._first or block.foot:
            return False
        last, before, number = self._last
        line = block.lines[0]
        beside = number == self._number and abs(line.base - last.base) < 0.5 * line.size
        if number == self._number and line.top > last.base:
            return False  # right below
        indented = len(block.lines) > 1 and line.left > block.lines[1].left + 0.5 * line.size
        return (
            abs(line.size - last.size) < 0.3
            and line.bold == last.bold
            and line.size not in self._larger
            and not indented
            and not begins_item(line, last, False)
            and not ENDS.search(self._open[-1])
            and (line.text[:1].islower() or not fits(line, last, before.reach if beside else before.column))
        )

    def _groups(self, block: Text) -> list[list[PageLine]]:
        """The lines of a block by paragraph."""
        runs = [[block.lines[0]]]
        for a, b in pairwise(block.lines):
            if b.base - a.base > 1.2 * self._usual(b) + 1:
                runs.append([])
            runs[-1].append(b)
        return [group for lines in runs for group in self._close_groups(lines, block)]

    def _is_code(self, line: PageLine) -> bool:
        """Whether a line is set like code in a text that is not."""
        return self._has_code and line.mono

    def _usual(self, line: PageLine) -> float:
        """How far lines of that size usually are below each other."""
        return self._leading.get(round(line.size), 1.2 * line.size)

    def _close_groups(self, lines: list[PageLine], block: Text) -> list[list[PageLine]]:
        """The same of lines without white space between them."""
        left = min(line.left for line in lines)
        inward = [line.left > left + 0.7 * line.size for line in lines]
        hanging = sum(inward) > len(lines) / 2 and not inward[0]
        forced = [fits(b, a, block.reach) for a, b in pairwise(lines)]
        groups = [[lines[0]]]
        listed = (len(forced) > 1 and sum(forced) > len(forced) / 2) or _is_list(lines)
        is_edge = sum(line.right > block.reach - 0.2 * line.size for line in block.lines) > 1
        for i, (a, b) in enumerate(pairwise(lines), 1):
            heading = a.size == b.size and a.size in self._larger
            label = begins_item(groups[-1][0], None, True)
            full = a.right > block.reach - 0.2 * a.size  # at an edge that several lines reach
            if self._is_code(a) and self._is_code(b):
                groups[-1].append(b)
                continue
            # Who breaks lines by hand leaves some room at their ends.
            ragged = b.text[:1].islower() and a.right - left > BY_HAND * (block.reach - left)
            # What a term means stands below it, farther to the right, and fills its lines.
            far = min(a.left, b.left) > left + 0.7 * a.size and a.right - left > BY_HAND * (block.column - left)
            below = far and abs(b.left - a.left) < 1 and not forced[i - 1] and not ENDS.search(a.text)
            meant = forced[i - 1] and (listed or not ragged or bool(ENDS.search(a.text)))
            starts = (
                self._is_code(a) != self._is_code(b)
                or abs(a.size - b.size) > 0.15 * max(a.size, b.size)
                or (a.bold != b.bold and not (a.words[-1].bold and b.words[0].bold))
                or (not heading and (begins_item(b, a, forced[i - 1]) or is_next_item(b, groups[-1][0])))
                or (block.foot and b.words[0].size < 0.9 * b.size)
                or (block.foot and len(b.words) > 1 and _is_mark(b.words[0].text) and len(b.words[0].text) < 4)
                or (meant and not heading and not (label and b.left > groups[-1][0].left + 2 and not listed))
                or (listed and not (heading or label or below or b.text[:1].islower() or (is_edge and full)))
                or (not label and not heading and (inward[i - 1] and not inward[i] if hanging else False))
                or (not label and not heading and not hanging and inward[i] and not inward[i - 1])
            )
            if starts:
                groups.append([b])
            else:
                groups[-1].append(b)
        return groups

    def _flush(self) -> None:
        if self._open and self._first:
            text, first = joined(self._open, self._words, self._hyphenates), self._first
            plain = PAGE_MARK.sub("", text)
            item = LABELLED.match(text)
            if first.size in self._larger and len(plain) < 200 and not _is_mark(plain):
                self._builder.heading(min(self._larger.index(first.size) + 1, 6), text)
            elif self._bold and len(plain) < 100 and not plain.endswith((".", ":", ",", ";")) and not _is_mark(plain):
                self._builder.heading(min(len(self._larger) + 1, 6), text)
            elif item:
                self._lefts = [left for left in self._lefts if left < first.left - 0.6 * first.size]
                depth = len(self._lefts)
                self._lefts.append(first.left)
                self._builder.item(text[item.end() :], depth, int(item[1]) if item[1] else None)
            else:
                self._lefts = []
                self._builder.paragraph(text)
        self._open, self._first, self._last = [], None, None
        behind, self._behind = self._behind, []
        for number, said in behind:
            self._builder.begins(page_mark(number))
            self._builder.paragraph(said)
        if behind and behind[-1][0] != self._number:
            self._builder.begins(page_mark(self._number))


def _as_typed(lines: Sequence[PageLine]) -> str:
    """Lines of code with the spaces before them."""
    left = min(line.left for line in lines)
    wide = max((line.right - line.left) / max(len(line.text), 1) for line in lines) or 1.0
    return "\n".join(f"{' ' * round((line.left - left) / wide)}{line.text}" for line in lines)


def page_mark(number: int) -> str:
    """What stands in a text, while it is written, where page `number` begins."""
    return f"\ufdd0{number}\ufdd1"


def _is_list(lines: Sequence[PageLine]) -> bool:
    """Whether each of some lines begins like a sentence or with a figure, as few lines of a paragraph do."""
    texts = [line.text for line in lines]
    least = 3 if max(map(len, texts)) < 30 else 4
    begins = all(text[:1].isupper() or text[:1].isdigit() for text in texts)
    return len(texts) >= least and begins and not all(text.isupper() for text in texts)


def _is_mark(text: str) -> bool:
    return not any(map(str.isalpha, text))
