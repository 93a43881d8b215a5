"""AsciiDoc becomes text: sections, lists, tables, code and notes, without their marks."""

import re
from collections.abc import Iterator

from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.reading.table import Cell, grid, write_table

PLACES_MOST = 100
"""Columns or rows that a cell may take."""
_FENCE = re.compile(r"(-{4,}|\.{4,}|\+{4,}|/{4,}|={4,}|\*{4,}|_{4,}|--|`{3,}.*)$")
_BULLET_OR_NUMBER = re.compile(r"\s*(?:(\*{1,5}|-)|(\.{1,5})|(\d{1,3})\.)\s+(\S.*)")
_TERM = re.compile(r"\s*(\S.*?):{2,4}(?:\s+(\S.*))?$")
_SECTION = re.compile(r"(={1,6}|#{1,6})\s+(\S.*?)(?:\s+\1)?$")
_DIRECTIVE = re.compile(r"(?:include|ifdef|ifndef|ifeval|endif|toc)::?.*|(?!image|video|audio)[a-z][\w-]*::\S*\[.*\]")
_CELL = re.compile(r"(?:^|(?<=\s))(?:(\d+)?(?:\.(\d+))?([+*]))?[<^>.]*[aehlmsdv]?\|")
_INLINE = (
    (re.compile(r"\b(?:link|xref|mailto):[^\s\[]+\[([^\]]*)\]"), r"\1"),
    (re.compile(r"<<[^,>]*,\s*([^>]*)>>"), r"\1"),
    (re.compile(r"<<([^>]*)>>"), r"\1"),
    (re.compile(r"(?:https?|ftp)://[^\s\[\]]+\[([^\]^]+)\^?\]"), r"\1"),
    (re.compile(r"\bfootnote(?::\w*)?:?\[([^\]]*)\]"), r" (\1)"),
    (re.compile(r"\b(?:image|icon):[^\s\[:]+\[([^\],]*)[^\]]*\]"), r"\1"),
    (re.compile(r"\b(?:kbd|btn|menu|pass):[^\s\[]*\[([^\]]*)\]"), r"\1"),
    (re.compile(r"\{[\w-]{1,99}\}[^\s\[\]]{0,200}\[([^\]^=]+)\^?\]"), r"\1"),  # a link that begins elsewhere
    (re.compile(r"\b[a-z][\w-]{0,30}:(?!:)[^\s\[\]]{1,200}\[([^\]=]+)\]"), r"\1"),  # macros of one's own
    (re.compile(r"\b[a-z][\w-]{0,30}:(?!:)([^\s\[\]]{1,200})\[(?:\w+=[^\]]*)?\]"), r"\1"),
    (re.compile(r"\[\[[^\]]*\]\]|\[#[^\]]*\](?=[*_`#])|\(\(\([^)]*\)\)\)"), ""),
    (re.compile(r"(?<![\w*])\*\*?(\S(?:[^*\n]*?\S)?)\*\*?(?![\w*])"), r"\1"),
    (re.compile(r"(?<![\w_])__?(\S(?:[^_\n]*?\S)?)__?(?![\w_])"), r"\1"),
    (re.compile(r"(?<![\w`])``?\+?(\S(?:[^`\n]*?\S)?)\+?``?(?![\w`])"), r"\1"),
    (re.compile(r"(?<![\w#])#(\S(?:[^#\n]*?\S)?)#(?![\w#])"), r"\1"),
)


def asciidoc_page(data: bytes) -> Page:
    """An AsciiDoc file; other files that it includes are not read with it."""
    reader = _Reader(decode(data).expandtabs(4).split("\n"))
    reader.blocks()
    facts = reader.facts
    dated = next((day for name in ("revdate", "docdate", "date") if (day := iso_date(facts.get(name)))), None)
    return Page(squeeze(facts.get("doctitle", "")) or None, reader.builder.text(), dated)


class _Reader:
    """Reads lines from the first to the last, once."""

    def __init__(self, lines: list[str]) -> None:
        self.builder = TextBuilder()
        self.facts: dict[str, str] = {}
        self._lines = lines
        self._at = 0
        self._open: list[str] = []  # a paragraph, or an item
        self._item: tuple[int, int | None] | None = None
        self._numbers: dict[int, int] = {}

    def blocks(self) -> None:
        attributes, attached = "", False
        while self._at < len(self._lines):
            line = self._lines[self._at].rstrip()
            self._at += 1
            if not line:
                self._flush()
            elif line.startswith("//") and not line.startswith("////"):
                pass
            elif found := re.match(r":(!?[\w-]+!?):(?:\s+(.*))?$", line):
                self.facts[found[1].lower()] = found[2] or ""
            elif line == "+":
                self._flush()
                attached = True
            elif line in {"|===", "!===", ",===", ":==="}:
                attached = self._begin_block(attached)
                self._table(line, attributes)
                attributes = ""
            elif _FENCE.fullmatch(line):
                attached = self._begin_block(attached)
                self._fenced(line)
                attributes = ""
            elif re.fullmatch(r"\[\[.*\]\]|\[.*\]", line) and not self._open:
                attributes = line
            elif _DIRECTIVE.fullmatch(line) or re.fullmatch(r"<{3}|'{3,}|-{3}|\*{3}", line):
                self._flush()
            elif (found := _SECTION.fullmatch(line)) and not self._open:
                self._heading(found)
            elif found := re.fullmatch(r"(?:image|video|audio)::[^\[]+\[\"?([^\],\"]*).*\]", line):
                self._flush()
                self.builder.paragraph(self._inline(found[1]))
            elif (found := re.fullmatch(r"\.([^.\s].*)", line)) and not self._open:
                self.builder.paragraph(self._inline(found[1]))
            elif found := _BULLET_OR_NUMBER.fullmatch(line):
                self._flush()
                self._begin_item(found)
            elif (found := _TERM.fullmatch(line)) and (self._item or not self._open):
                self._flush()
                self._numbers.clear()
                self._item, self._open = (0, None), [f"{found[1]}:", *([found[2]] if found[2] else [])]
            elif line.startswith(" ") and not self._open and self._item is None:
                self._literal(line)
            else:
                self._open.append(line.removesuffix(" +"))
                attributes = ""
        self._flush()

    def _begin_block(self, attached: bool) -> bool:
        """End what is open; a block that is not attached to an item ends its list, too."""
        self._flush()
        if not attached:
            self._numbers.clear()
        return False

    def _heading(self, found: re.Match[str]) -> None:
        self._flush()
        self._numbers.clear()
        text = self._inline(found[2])
        if len(found[1]) == 1 and "doctitle" not in self.facts:
            self.facts["doctitle"] = text
        self.builder.heading(len(found[1]), text)

    def _begin_item(self, found: re.Match[str]) -> None:
        mark = found[1] or found[2] or "1"
        depth = len(mark) - 1 if mark != "-" else 0
        number = None
        if not found[1]:
            number = int(found[3]) if found[3] else self._numbers.get(depth, 0) + 1
            self._numbers = {level: n for level, n in self._numbers.items() if level < depth} | {depth: number}
        else:
            self._numbers = {level: n for level, n in self._numbers.items() if level < depth}
        self._item, self._open = (depth, number), [re.sub(r"^\[[ x*]\] ", "", found[4])]

    def _flush(self) -> None:
        if self._open:
            text = self._inline(" ".join(self._open))
            if self._item:
                self.builder.item(text, *self._item)
            else:
                self._numbers.clear()
                self.builder.paragraph(text)
        self._open, self._item = [], None

    def _until(self, end: str) -> list[str]:
        """The next lines up to one that is `end`, which is taken too."""
        begin = self._at
        while self._at < len(self._lines) and self._lines[self._at].rstrip() != end:
            self._at += 1
        self._at += 1
        return self._lines[begin : self._at - 1]

    def _literal(self, first: str) -> None:
        lines = [first, *self._until("")]
        least = min(len(line) - len(line.lstrip()) for line in lines)
        self.builder.code("\n".join(line[least:] for line in lines))

    def _fenced(self, fence: str) -> None:
        sign = fence[0]
        if fence == "--" or sign in "=*_":
            return  # what is inside is read like the rest, and so is the end
        end = "```" if sign == "`" else fence
        inside = [line for line in self._until(end) if not _DIRECTIVE.fullmatch(line)]
        if sign in "-.`" and any(inside):
            self.builder.code("\n".join(re.sub(r"\s*(?://|#|;;)?\s*<[\d.]{1,2}>\s*$", "", line) for line in inside))

    def _table(self, end: str, attributes: str) -> None:
        lines = [line.rstrip() for line in self._until(end)]
        cells: list[tuple[int, int, str]] = []  # how many columns and rows each takes
        first = 0
        for line in lines:
            cells += self._cells(line, cells)
            first = first or sum(width for width, _, _ in cells)
        spec = re.search(r"cols=\"?(\d+)\*|cols=\"([^\"]*)\"|cols=([\d,]+)", attributes)
        columns = first
        if spec:
            columns = int(spec[1]) if spec[1] else len(re.split("[,;]", (spec[2] or spec[3]).strip(",; ")))
        rows = list(self._rows(cells, max(columns, 1)))
        filled = [i for i, line in enumerate(lines) if line]
        # A first line with an empty one behind it is a header, too.
        implied = bool(filled) and filled[0] == 0 and len(lines) > 1 and not lines[1] and len(rows) > 1
        named = re.search(r"header|%header", attributes) is not None
        write_table(self.builder, grid(rows), int(named or implied))

    def _rows(self, cells: list[tuple[int, int, str]], columns: int) -> Iterator[list[tuple[Cell, int, int]]]:
        """Cells put to rows; one from above leaves fewer places free."""
        row: list[tuple[Cell, int, int]] = []
        room, taken = columns, [0] * PLACES_MOST
        for width, height, text in cells:
            row.append((Cell(self._inline(text)), min(width, columns), height))
            room -= width
            for below in range(min(height, PLACES_MOST) - 1):
                taken[below] += width
            if room <= 0:
                yield row
                row, room, taken = [], columns - taken[0], [*taken[1:], 0]
        if row:
            yield row

    def _cells(self, line: str, cells: list[tuple[int, int, str]]) -> Iterator[tuple[int, int, str]]:
        """The cells of a line: their columns, rows and text. What stands before the first belongs to the last one."""
        marks = list(_CELL.finditer(line))
        head = line[: marks[0].start()] if marks else line
        if cells and head.strip():
            width, height, text = cells.pop()
            yield width, height, f"{text.removesuffix(' +')} {head.strip()}"
        for mark, behind in zip(marks, [*marks[1:], None], strict=False):
            text = line[mark.end() : behind.start() if behind else len(line)].strip()
            times, tall, sign = min(int(mark[1] or 1), PLACES_MOST), min(int(mark[2] or 1), PLACES_MOST), mark[3]
            for _ in range(times if sign == "*" else 1):
                yield (times if sign == "+" else 1), (tall if sign == "+" else 1), text.replace("\\|", "|")

    def _inline(self, text: str) -> str:
        text = re.sub(r"\{([\w-]+)\}", lambda found: self.facts.get(found[1].lower(), found[0]), text)
        for pattern, instead in _INLINE:
            text = pattern.sub(instead, text)
        return text.replace("\\*", "*").replace("\\_", "_")
