"""PDF becomes text as a person reads it: column by column, without running heads, and page by page."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from article_assistant.index.reading import recognition
from article_assistant.index.reading.layout import (
    LABEL,
    WIDE,
    Line,
    Sheet,
    Table,
    Text,
    Word,
    base_rows,
    blocks,
    joined,
)
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.types import ArticleError

_ENDS = re.compile(r"[.!?:;…。！？：]['\"”’»)\]]*$")
_ITEM = re.compile(r"(?:[•‣◦▪●■○–\-*\ue000-\uf8ff\x7f]|(\d{1,3})[.)])\s+(?=\S)")
_NUMBER = re.compile(r"[\W_]*(\d{1,4}|[ivxlc]{1,6})[\W_]*", re.IGNORECASE)
_MARK = re.compile("\ufdd0(\\d+)\ufdd1 ?")  # such characters stand in no text; see `_marked`
EDGE = 0.13
"""Share of a page's height, above and below, in which running heads and numbers of pages stand."""
_SCANNED = 0.3
"""Share of a page that pictures cover where it is one that was scanned."""


def pdf_page(data: bytes, languages: str = "") -> Page:
    """A PDF by its layout: larger or bold short lines are headings, tables become rows.

    Pages that are pictures are recognised where `languages` are named (see `recognition`).
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        reason = str(error).partition("PDFium: ")[2].rstrip(").").removesuffix(" error")
        if "assword" in reason or "ecurity" in reason:
            raise ArticleError("the PDF is encrypted") from error
        raise ArticleError(f"the PDF is broken ({reason or error})") from error
    try:
        facts = document.get_metadata_dict()
        seen = [_seen(document, number, languages) for number in range(len(document))]
    finally:
        document.close()
    text = _Writer(seen).text()
    if not _MARK.sub("", text).strip() and any(page.scanned for page in seen):
        raise ArticleError(recognition.reason(f"it is a scan ({len(seen)} pages that are pictures)", languages))
    text, pages = _unmarked(text)
    dates = (re.fullmatch(r"D:(\d{4})(\d\d)(\d\d).*", facts.get(name, "")) for name in ("ModDate", "CreationDate"))
    updated = next((iso_date("-".join(found.groups())) for found in dates if found), None)
    title = squeeze(facts.get("Title", ""))
    title = title if title.lower() not in {"", "untitled", "(anonymous)"} else ""
    unread = [str(number) for number, page in enumerate(seen, 1) if page.scanned and not page.recognised]
    which = (
        f"{len(unread)} of its {len(seen)} pages are pictures ({', '.join(unread[:10])}{', …' * (len(unread) > 10)})"
    )
    notice = recognition.reason(which, languages) if unread else ""
    return Page(title or None, text, updated, notice, pages)


@dataclass(slots=True)
class _Seen:
    """A page: what stands on it, or what was recognised in its picture."""

    sheet: Sheet
    recognised: str = ""
    scanned: bool = False


def _seen(document: Any, number: int, languages: str) -> _Seen:
    import pypdfium2.raw as c
    from article_assistant.index.reading.pdfium import sheet

    page = document[number]
    try:
        if c.FPDFPage_GetAnnotCount(page.raw) and document.get_formtype():
            # What was typed into a form, and notes on the page, become part of it.
            c.FPDFPage_Flatten(page.raw, c.FLAT_NORMALDISPLAY)
            page.close()
            page = document[number]
        found = sheet(page)
        if found.words or found.turned or found.pictured < _SCANNED:
            return _Seen(found)
        if not languages or not recognition.installed():
            return _Seen(found, scanned=True)
        scale = min(300 / 72, 5_000 / max(found.width, found.height, 1.0))
        picture = page.render(scale=scale, grayscale=True).to_pil()
        return _Seen(found, recognition.recognised(picture, languages), scanned=True)
    finally:
        page.close()


def _unmarked(text: str) -> tuple[str, tuple[tuple[int, int], ...]]:
    """A text without marks, and where what stands on a page begins: offsets with numbers of pages."""
    parts = _MARK.split(text)
    clean, pages = parts[0], list[tuple[int, int]]()
    pieces, length = [clean], len(clean)
    for number, piece in zip(parts[1::2], parts[2::2], strict=True):
        if pages and pages[-1][0] == length:
            pages.pop()  # nothing stands on that one
        pages.append((length, int(number)))
        pieces.append(piece)
        length += len(piece)
    return "".join(pieces), tuple(pages)


# ---------------------------------------------------------------- running heads


def _without_running(sheets: Sequence[Sheet]) -> None:
    """Take away the head and foot lines that come again on other pages, and page numbers."""
    edges: list[list[tuple[tuple[str, int, int], list[Word]]]] = []
    times: dict[str, set[tuple[int, int, int]]] = defaultdict(set)  # the page, and where on it
    for number, one in enumerate(sheets):
        found = base_rows(one.words)
        upright = [rule for rule in one.rules if rule.left == rule.right]
        at_edge = []
        for row in {id(row): row for row in [*found[:2], *found[-2:]]}.values():
            if any(rule.top <= row[0].base <= rule.bottom for rule in upright):
                continue  # of a table
            if EDGE * one.height < row[0].base < (1 - EDGE) * one.height:
                continue
            for part in _parts(row):
                said = " ".join(word.text for word in part)
                # Of numbers alone, only those that count the pages run.
                page = _NUMBER.fullmatch(said)
                key = f"#{int(page[1]) - number}" if page and page[1].isdigit() else re.sub(r"\d+", "0", said)
                y, x = round(part[0].base / 8), round(part[0].left / 40)
                at_edge.append(((key, y, x), part))
                times[key].add((number, y, x))
        edges.append(at_edge)
    for one, at_edge in zip(sheets, edges, strict=True):
        gone = set(map(id, _page_number(one)))
        for (key, y, x), part in at_edge:
            again = len({page for page, v, u in times[key] if abs(v - y) < 2 and abs(u - x) < 2})
            if again > 1 and (again > 2 or again > len(sheets) / 2):
                gone.update(map(id, part))
        one.words = [word for word in one.words if id(word) not in gone]
    turned = Counter(said for one in sheets for said in set(one.turned))
    for one in sheets:
        one.turned = [said for said in one.turned if turned[said] < 3 or not one.words]


def _page_number(one: Sheet) -> list[Word]:
    """The words of a number that stands alone above or below all others of a page, or at its edge."""
    found = base_rows(one.words)
    if len(found) < 3:
        return []
    for row, near in ((found[0], found[1]), (found[-1], found[-2])):
        apart = abs(row[0].base - near[0].base) > 2.2 * row[0].size
        edge = not EDGE * one.height < row[0].base < (1 - EDGE) * one.height
        ruled = any(rule.left == rule.right and rule.top <= row[0].base <= rule.bottom for rule in one.rules)
        if (apart or edge) and not ruled and _NUMBER.fullmatch(" ".join(word.text for word in row)):
            return row
    return []


def _parts(row: Sequence[Word]) -> list[list[Word]]:
    """The words of a row, parted where the gap is wide."""
    parts = [[row[0]]]
    for a, b in pairwise(row):
        if b.left - a.right > WIDE * b.size:
            parts.append([])
        parts[-1].append(b)
    return parts


# ---------------------------------------------------------------- from blocks to text


class _Writer:
    """Writes the pages of a document: lines joined to headings, items and paragraphs by type, gap and edge."""

    def __init__(self, seen: Sequence[_Seen]) -> None:
        sheets = [page.sheet for page in seen]
        _without_running(sheets)
        self._words = {word.text.strip(".,;:!?()").lower() for one in sheets for word in one.words}
        self._builder = TextBuilder()
        self._pages = [(page, blocks(page.sheet)) for page in seen]
        texts = [block for _, found in self._pages for block in found if isinstance(block, Text)]
        sizes = Counter[float]()
        leading: dict[float, Counter[float]] = defaultdict(Counter)
        for block in texts:
            for line in block.lines:
                sizes[line.size] += len(line.text)
            for a, b in pairwise(block.lines):
                leading[round(b.size)][round((b.base - a.base) * 2) / 2] += 1
        body = sizes.most_common(1)[0][0] if sizes else 0.0
        self._larger = sorted({size for size in sizes if size > 1.1 * body}, reverse=True)
        self._leading = {size: gaps.most_common(1)[0][0] for size, gaps in leading.items()}
        self._open: list[str] = []
        self._first: Line | None = None
        self._bold = False
        self._last: tuple[Line, float, int] | None = None  # the last line, its column's edge, its page
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
                        (number, joined([line.text for line in group], self._words)) for group in self._groups(block)
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
                    self._builder.paragraph(joined(part.split("\n"), self._words))
            self._behind += [(number, said) for said in page.sheet.turned]
        self._flush()
        return self._builder.text()

    def _begin(self, fresh: bool) -> None:
        """End the paragraph; with a `fresh` page, what comes next is the first of it."""
        self._flush()
        if fresh:
            self._builder.begins(_marked(self._number))

    def _rows(self, table: Table, fresh: bool) -> None:
        self._builder.end_list()
        heads, last = table.rows[: table.headers], self._table
        names = [joined(dict.fromkeys(filter(None, column)), self._words) for column in zip(*heads, strict=True)]
        if last and not heads and len(last.edges) == len(table.edges) and (fresh or table.box.top < last.box.top):
            aside = table.edges[0] - last.edges[0]
            if all(abs(b - a - aside) < 6 for a, b in zip(last.edges, table.edges, strict=True)):
                names = last.names  # it goes on from the page or the column before
        table.names = names
        self._table = table
        body = table.rows[table.headers :]
        for row in body:
            self._builder.row(names, row)
        for name, cells in zip(names, zip(*body, strict=True), strict=False):
            if name and not any(cells):  # it names nothing, and is not to be lost
                self._builder.paragraph(name)

    def _lines(self, block: Text, fresh: bool) -> None:
        groups = self._groups(block)
        for k, group in enumerate(groups):
            if k == 0 and self._goes_on(block):
                if fresh and self._open[-1].endswith("-"):  # the rest of a word comes before the mark
                    rest, _, line = group[0].text.partition(" ")
                    self._open += [rest, _marked(self._number) + line]
                    self._open += [line.text for line in group[1:]]
                    self._last = (group[-1], block.reach, self._number)
                    continue
                if fresh:
                    self._open.append(_marked(self._number))
            else:
                self._begin(fresh and k == 0)
            if not self._open:
                self._first, self._bold = group[0], True
            self._open += [line.text for line in group]
            self._bold = self._bold and all(line.bold for line in group)
            self._last = (group[-1], block.reach, self._number)
        self._table = None

    def _goes_on(self, block: Text) -> bool:
        """Whether a block begins with what is left of the paragraph before, from another column or page."""
        if not self._open or not self._last or not self._first or block.foot:
            return False
        last, reach, number = self._last
        line = block.lines[0]
        if number == self._number and line.top > last.base:
            return False  # right below
        indented = len(block.lines) > 1 and line.left > block.lines[1].left + 0.5 * line.size
        return (
            abs(line.size - last.size) < 0.3
            and line.bold == last.bold
            and line.size not in self._larger
            and not indented
            and not _begins_item(line, last, False)
            and not _ENDS.search(self._open[-1])
            and (line.text[:1].islower() or not _fits(line, last, reach))
        )

    def _groups(self, block: Text) -> list[list[Line]]:
        """The lines of a block by paragraph."""
        lines = block.lines
        left = min(line.left for line in lines)
        inward = [line.left > left + 0.7 * line.size for line in lines]
        hanging = sum(inward) > len(lines) / 2 and not inward[0]
        forced = [_fits(b, a, block.reach) for a, b in pairwise(lines)]
        groups = [[lines[0]]]
        listed = (len(forced) > 1 and sum(forced) > len(forced) / 2) or _is_list(lines)
        for i, (a, b) in enumerate(pairwise(lines), 1):
            usual = self._leading.get(round(b.size), 1.2 * b.size)
            heading = a.size == b.size and a.size in self._larger
            label = _begins_item(groups[-1][0], None, True)
            starts = (
                abs(a.size - b.size) > 0.15 * max(a.size, b.size)
                or (a.bold != b.bold and not (a.words[-1].bold and b.words[0].bold))
                or b.base - a.base > 1.2 * usual + 1
                or (not heading and _begins_item(b, a, forced[i - 1]))
                or (block.foot and b.words[0].size < 0.9 * b.size)
                or (block.foot and len(b.words) > 1 and _is_mark(b.words[0].text) and len(b.words[0].text) < 4)
                or (forced[i - 1] and not heading and not (label and b.left > groups[-1][0].left + 2 and not listed))
                or (listed and not heading and not b.text[:1].islower() and not label)
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
            text, first = joined(self._open, self._words), self._first
            plain = _MARK.sub("", text)
            item = _ITEM.match(text)
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
            self._builder.begins(_marked(number))
            self._builder.paragraph(said)
        if behind and behind[-1][0] != self._number:
            self._builder.begins(_marked(self._number))


def _marked(number: int) -> str:
    """What stands in a text, while it is written, where page `number` begins."""
    return f"\ufdd0{number}\ufdd1"


def _fits(line: Line, before: Line, reach: float) -> bool:
    """Whether the first word of a line would have found room on the line before, so that its break was meant."""
    first = line.words[0]
    return first.right - first.left + 0.35 * line.size < reach - before.right


def _is_list(lines: Sequence[Line]) -> bool:
    """Whether each of some lines begins like a sentence or with a figure, as few lines of a paragraph do."""
    texts = [line.text for line in lines]
    least = 3 if max(map(len, texts)) < 30 else 4
    begins = all(text[:1].isupper() or text[:1].isdigit() for text in texts)
    return len(texts) >= least and begins and not all(text.isupper() for text in texts)


def _begins_item(line: Line, before: Line | None, meant: bool) -> bool:
    """Whether a line is the first of an item; a number that ends a sentence stands at the edge by chance."""
    first = line.words[0].text
    if len(line.words) < 2 or not LABEL.fullmatch(first):
        return False
    bullet = not any(map(str.isalnum, first))
    return bullet or before is None or meant or bool(_ENDS.search(before.text)) or line.left < before.left - 2


def _is_mark(text: str) -> bool:
    return not any(map(str.isalpha, text))
