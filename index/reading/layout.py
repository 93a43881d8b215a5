"""Words with places become lines and tables in the order in which a person reads them.

Words of one base line are a row; a row is cut into lines where a gap goes on above or below it (a gutter), where
a rule stands in it, or where it is very wide. Lines close to each other in one column are a block. The order of
blocks is that of T. Breuel, "High performance document layout analysis" (2003): what stands above comes first, and
what stands left does unless something that spans both lies between. Drawn lines that cross are a table's; rows of
short lines in columns are a table without them. Places are in points from the upper left corner of a page.
"""

import re
import statistics
import unicodedata
from bisect import bisect
from collections import Counter, defaultdict
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

WIDE = 2.0
"""A gap of so many times the size of the type ends a line, whatever is around it."""
GUTTER = 0.75
"""One of so many ends it where the rows above or below have it too."""
ROWS = 3
"""Rows, one above the other, that must have a gap for it to be a gutter."""
APART = 6.0
"""Rows that are farther apart, in sizes of the type, are in no column together."""
BAND = 2.0
"""White space of so many times the size of the type, through all the page's width, parts what is read first."""
SNAP = 3.0
"""Points that two rules may be apart and still touch, or be one."""
CELLS_MOST = 20_000
"""Cells of a table's grid; with more it is a drawing."""
PROSE = 60
"""Words that the fullest cells of a page's frame hold where it is a table; with more they are columns of text."""

LABEL = re.compile(r"[•‣◦▪●■○–\-*\ue000-\uf8ff\x7f]|\(?(\d{1,3}|[A-Za-z]|[ivxIVX]{2,4})[.)]|\d{1,3}(\.\d{1,3})+\.?")
"""What stands before an item or a numbered heading."""
_LETTER = r"[^\W\d_]"
_BROKEN = re.compile(rf"((?:{_LETTER}|-)*{_LETTER})-$")
_WORD = re.compile(rf"{_LETTER}(?:{_LETTER}|-)*")
_EAST = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff，。、：；（）"
_NO_SPACE = (re.compile(rf"\d[–-]$|[{_EAST}]$"), re.compile(rf"[\d{_EAST}]"))
_DIGITS = re.compile(r"\d")
_FIGURE = re.compile(r"[\d.,%()$€£/+-]+")
_OPEN = re.compile(r"[^.!?:;)]$")


@dataclass(slots=True)
class Word:
    """A word: its left and right edge, its base line, and the size of its type, all in points."""

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool

    @property
    def top(self) -> float:
        return self.base - 0.8 * self.size

    @property
    def bottom(self) -> float:
        return self.base + 0.2 * self.size


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; one without a width or a height is a line."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(slots=True)
class Sheet:
    """A page: its words in the order of the file, drawn lines, coloured areas, small
    ones (dots), and lines that run another way.

    `pictured` is the share of the page that pictures cover, 0 to 1 or a little more.
    """

    width: float
    height: float
    words: list[Word] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)
    areas: list[Box] = field(default_factory=list)
    dots: list[Box] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)
    pictured: float = 0.0


@dataclass(slots=True)
class Line:
    """Words beside one another. `right_to_left` where most letters of it are of such a script."""

    words: list[Word]
    left: float = 0.0
    right: float = 0.0
    base: float = 0.0
    size: float = 0.0
    bold: bool = False

    def __post_init__(self) -> None:
        words = self.words
        self.left, self.right = words[0].left, max(word.right for word in words)
        self.size, self.base, self.bold = round(words[0].size, 1), words[0].base, words[0].bold
        if any(word.size != words[0].size or word.bold != words[0].bold for word in words):
            sizes = Counter[float]()
            for word in words:
                sizes[round(word.size, 1)] += len(word.text)
            self.size = sizes.most_common(1)[0][0]
            self.base = max(words, key=lambda word: (round(word.size, 1), len(word.text))).base
            self.bold = all(word.bold for word in words if any(map(str.isalnum, word.text)))

    @property
    def top(self) -> float:
        return self.base - 0.8 * self.size

    @property
    def bottom(self) -> float:
        return self.base + 0.2 * self.size

    @property
    def text(self) -> str:
        words = [word.text for word in self.words]
        if not "".join(words).isascii():
            letters = [letter for word in words for letter in word if letter.isalpha()]
            if sum(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in letters) * 2 > len(letters):
                words.reverse()
        return " ".join(words)


@dataclass(slots=True)
class Table:
    """Rows of cells, all of the same length; the first `headers` of them name the columns. `edges`: left edges."""

    rows: list[list[str]]
    headers: int
    box: Box
    edges: list[float]
    names: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Text:
    """Lines of one column, from top to bottom. `foot`: they are footnotes."""

    lines: list[Line]
    box: Box = field(init=False)
    foot: bool = False
    reach: float = 0.0
    """The right edge of the column: where a line ends there, the next may go on with its sentence."""

    def __post_init__(self) -> None:
        self.box = _around(self.lines)
        self.reach = self.box.right


Block = Text | Table
_Placed = tuple[Box, list[Block]]


def blocks(sheet: Sheet) -> list[Block]:
    """The blocks of a page in reading order, footnotes last."""
    words = [word for word in sheet.words if word.text.strip()]
    found: list[_Placed] = []
    for grid in _grids(sheet.rules):
        inside = [word for word in words if _inside(word, grid.box)]
        if not inside:
            continue
        if len(grid.xs) < 3 and len(grid.ys) < 3:
            continue  # a frame around a text
        held = grid.fill(inside)
        fullest = sorted((len(cell) for cell in held.values()), reverse=True)
        if len(fullest) < 2:
            continue
        words = [word for word in words if not _inside(word, grid.box)]
        if len(grid.xs) < 3 or statistics.median(fullest[: max(len(fullest) // 4, 2)]) > PROSE:
            # Cells that hold columns of text, or boxes one above the other.
            for (i, j), cell in held.items():
                box = Box(grid.xs[j], grid.ys[i], grid.xs[j + 1], grid.ys[i + 1])
                found.append((box, _region(cell, [], [rule for rule in sheet.rules if _within(rule, box)])))
        else:
            found.append((grid.box, [grid.table(held, sheet.areas)]))
    return _feet(_region(words, found, sheet.rules))


def _region(words: list[Word], tables: list[_Placed], rules: Sequence[Box], depth: int = 0) -> list[Block]:
    """The blocks of a part of a page in reading order; where columns go through it, each column is a part."""
    columns = _columns_of(base_rows(words), [box for box, _ in tables]) if depth < 20 else None
    if columns:
        between = (columns.left + columns.right) / 2

        def part(x: float, y: float) -> int:
            return 0 if y < columns.top else 3 if y > columns.bottom else 1 if x < between else 2

        split: list[tuple[list[Word], list[_Placed]]] = [([], []) for _ in range(4)]
        for word in words:
            split[part((word.left + word.right) / 2, word.base)][0].append(word)
        for box, held in tables:
            split[part((box.left + box.right) / 2, (box.top + box.bottom) / 2)][1].append((box, held))
        if sum(bool(inside or placed) for inside, placed in split) > 1:
            return [block for inside, placed in split for block in _region(inside, placed, rules, depth + 1)]
    found = _with_tables([*tables, *((block.box, [block]) for block in _loose(words, rules))])
    return [block for band in _bands(found, words) for i in _order([box for box, _ in band]) for block in band[i][1]]


def _columns_of(rows: list[list[Word]], tables: Sequence[Box]) -> Box | None:
    """The white space between two columns of text, from their first row to their last; None where there are none."""
    gaps = [_gaps(row) for row in rows]
    size = statistics.median(word.size for row in rows for word in row) if rows else 0.0
    best: tuple[int, Box] | None = None
    tried: set[tuple[int, int]] = set()
    for at, row in enumerate(gaps):
        for low, high in row[1:-1]:
            if high - low < GUTTER * size or (at, round(low)) in tried:
                continue
            first, last, begin, end = at, at, low, high
            for step in (-1, 1):
                near = at
                while 0 <= near + step < len(rows):
                    a, b = sorted((rows[near][0].base, rows[near + step][0].base))
                    if b - a > APART * size:
                        break
                    if any(t.left < end and t.right > begin and t.top < b and t.bottom > a for t in tables):
                        break
                    shared = [(max(begin, x), min(end, y)) for x, y in gaps[near + step]]
                    shared = [(x, y) for x, y in shared if y - x >= GUTTER * size]
                    if not shared:
                        break
                    begin, end = max(shared, key=lambda pair: pair[1] - pair[0])
                    near += step
                first, last = min(first, near), max(last, near)
            tried.update((k, round(x)) for k in range(first, last + 1) for x, y in gaps[k] if x <= begin and y >= end)
            found = _both_sides(rows, first, last, begin, end, size)
            if found and (best is None or found[0] > best[0]):
                best = found
    return best[1] if best else None


def _both_sides(
    rows: list[list[Word]], first: int, last: int, begin: float, end: float, size: float
) -> tuple[int, Box] | None:
    """How many rows stand beside a white space, and where, if they are columns of text."""
    between = (begin + end) / 2
    sides = [
        ([word for word in row if word.right <= between], [word for word in row if word.left >= between])
        for row in rows[first : last + 1]
    ]
    both = [k for k, (left, right) in enumerate(sides) if left and right]
    if not both:
        return None
    # What stands on one side alone belongs to its column where it is as close as its lines are.
    low, high = 0, both[-1]
    bases = [row[0].base for row in rows[first : last + 1]]
    while high + 1 < len(bases) and bases[high + 1] - bases[high] < 2.5 * size:
        high += 1
    left = [line for line, _ in sides[low : high + 1] if line]
    right = [line for _, line in sides[low : high + 1] if line]
    if min(len(left), len(right)) < ROWS or high - low < 4:
        return None
    if any(
        max(line[-1].right for line in side) - min(line[0].left for line in side) < 8 * size for side in (left, right)
    ):
        return None  # too narrow for a column: numbers or bullets before a list
    prose = [_is_prose(left), _is_prose(right)]
    if not any(prose):
        return None
    if not all(prose):
        # A table whose last column says much has its first lines beside the cells of the other.
        some, full = (left, right) if prose[1] else (right, left)
        beside = [[line for line in full if abs(line[0].base - one[0].base) < 1.5] for one in some]
        starts = [lines[0] for lines in beside if lines]
        if len(starts) > 0.85 * len(some) and sum(line[0].text[:1].islower() for line in starts) < 0.3 * len(starts):
            return None
    return high - low, Box(begin, bases[low] - size, end, bases[high] + 0.4 * size)


def _is_prose(lines: Sequence[Sequence[Word]]) -> bool:
    """Whether many lines of a column are several words that fill it."""
    wide = max(line[-1].right for line in lines) - min(line[0].left for line in lines)
    full = sum(
        len(line) >= 4
        and line[-1].right - line[0].left > 0.6 * wide
        and all(b.left - a.right < 1.5 * b.size for a, b in pairwise(line))
        for line in lines
    )
    return full > 0.4 * len(lines)


def _bands(found: list[_Placed], words: Sequence[Word]) -> list[list[_Placed]]:
    """What stands on a page, parted where white space goes through all its width."""
    wide = BAND * statistics.median(word.size for word in words) if words else 0.0
    bands: list[list[_Placed]] = []
    bottom = 0.0
    for one in sorted(found, key=lambda one: one[0].top):
        if not bands or one[0].top - bottom > wide:
            bands.append([])
        bands[-1].append(one)
        bottom = max(bottom, one[0].bottom)
    return bands


def _with_tables(found: list[_Placed]) -> list[_Placed]:
    """The same, where text that stands beside a table and is no taller goes with the table."""
    for at, (box, held) in enumerate(found):
        if not held or not isinstance(held[0], Table):
            continue
        beside = [
            i
            for i, (other, texts) in enumerate(found)
            if i != at
            and texts
            and isinstance(texts[0], Text)
            and box.top - 12 <= other.top
            and other.bottom <= box.bottom + 12
            and (other.left >= box.right or other.right <= box.left)
        ]
        if not beside:
            continue
        boxes = [box, *(found[i][0] for i in beside)]
        whole = Box(
            min(b.left for b in boxes),
            min(b.top for b in boxes),
            max(b.right for b in boxes),
            max(b.bottom for b in boxes),
        )
        if any(
            i != at and i not in beside and texts
            and min(other.right, whole.right) > max(other.left, whole.left)
            and min(other.bottom, whole.bottom) > max(other.top, whole.top) + 2
            for i, (other, texts) in enumerate(found)
        ):  # fmt: skip
            continue
        group = [found[i] for i in (at, *beside)]
        found[at] = (whole, [block for i in _order([b for b, _ in group]) for block in group[i][1]])
        for i in beside:
            found[i] = (found[i][0], [])
    return [one for one in found if one[1]]


# ---------------------------------------------------------------- rows, lines, blocks


def base_rows(words: Iterable[Word]) -> list[list[Word]]:
    """Words by their base lines, from top to bottom, each row from left to right."""
    found: list[list[Word]] = []
    reference: Word | None = None
    for word in sorted(words, key=lambda word: word.base):
        if reference and word.base - reference.base <= 0.4 * max(word.size, reference.size):
            found[-1].append(word)
            if word.size > 1.2 * reference.size:
                reference = word
        else:
            found.append([word])
            reference = word
    for row in found:
        row.sort(key=lambda word: word.left)
    return found


def _loose(words: Sequence[Word], rules: Sequence[Box]) -> list[Block]:
    """The blocks of words that stand in no drawn table, in no order."""
    rows = _cut(base_rows(words), [rule for rule in rules if rule.left == rule.right])
    found: list[Block] = []
    rest: list[list[Line]] = []
    at = 0
    while at < len(rows):
        end = _table_end(rows, at)
        made = _columns(rows[at:end]) if end - at >= 2 else None
        if made:
            found.append(made[0])
            rest += [[line] for line in made[1]]
        else:
            end = max(end, at + 1)
            rest += rows[at:end]
        at = end
    lines = [line for row in rest for line in _labelled(row)]
    found += _chains(lines)
    return found


def _cut(rows: list[list[Word]], upright: Sequence[Box]) -> list[list[Line]]:
    """Rows cut into lines at gutters, rules and wide gaps."""
    gaps = [_gaps(row) for row in rows]
    found = []
    for i, row in enumerate(rows):
        lines, begin = list[Line](), 0
        # In a narrow column all words of a line may stand far apart, so that it fills the column.
        wide = 1.8 * statistics.median(b.left - a.right for a, b in pairwise(row)) if len(row) > 3 else 0.0
        for k, (a, b) in enumerate(pairwise(row), 1):
            size = max(min(a.size, b.size), 1.0)
            gap = b.left - a.right
            if gap < 0.2 * size:
                continue
            ruled = any(a.right - 1 <= r.left <= b.left + 1 and r.top <= a.base <= r.bottom + 1 for r in upright)
            if (
                ruled
                or gap >= max(WIDE * size, wide)
                or (gap >= GUTTER * size and _goes_on(rows, gaps, i, a.right, b.left))
            ):
                lines.append(Line(row[begin:k]))
                begin = k
        lines.append(Line(row[begin:]))
        found.append(lines)
    return found


def _gaps(row: Sequence[Word]) -> list[tuple[float, float]]:
    inner = [(a.right, b.left) for a, b in pairwise(row) if b.left - a.right > 0.4 * a.size]
    return [(-1e9, row[0].left), *inner, (max(word.right for word in row), 1e9)]


def _goes_on(rows: list[list[Word]], gaps: list[list[tuple[float, float]]], at: int, low: float, high: float) -> bool:
    """Whether a gap of a row is a gutter: free of words in the rows above or below it, with words on both sides."""
    seen = 1
    for step in (-1, 1):
        near, begin, end = at, low, high
        while seen < ROWS and 0 <= near + step < len(rows):
            size = rows[near][0].size
            if abs(rows[near + step][0].base - rows[near][0].base) > 3 * size:
                break
            near += step
            shared = [(max(begin, a), min(end, b)) for a, b in gaps[near] if min(end, b) - max(begin, a) > 0.55 * size]
            if not shared:
                break
            begin, end = max(shared, key=lambda pair: pair[1] - pair[0])
            if rows[near][0].left < begin and rows[near][-1].right > end:
                seen += 1
    return seen >= ROWS


def _labelled(row: list[Line]) -> list[Line]:
    """Lines of a row, a number or a bullet joined to what it stands before."""
    joined: list[Line] = []
    for line in row:
        last = joined[-1] if joined else None
        if last and line.left - last.right < 5 * line.size and LABEL.fullmatch(last.text):
            joined[-1] = Line([*last.words, *line.words])
        else:
            joined.append(line)
    return joined


def _chains(lines: list[Line]) -> list[Block]:
    """Lines that stand close below one another, each with no other neighbour."""
    lines = sorted(lines, key=lambda line: line.base)
    below: dict[int, list[int]] = defaultdict(list)
    above: dict[int, list[int]] = defaultdict(list)
    for i, line in enumerate(lines):
        for j in range(i + 1, len(lines)):
            other = lines[j]
            if other.top - line.bottom > 1.2 * max(line.size, other.size):
                break
            if other.base - line.base < 0.5 * line.size or min(line.right, other.right) <= max(line.left, other.left):
                continue
            if any(
                min(lines[k].right, other.right) > max(lines[k].left, other.left)
                and other.base - lines[k].base >= 0.5 * other.size
                for k in below[i]
            ):
                continue  # one that stands between them
            below[i].append(j)
            above[j].append(i)
    found = []
    for i, line in enumerate(lines):
        before = above[i]
        if len(before) == 1 and len(below[before[0]]) == 1:
            continue  # goes on with a block
        chain = [line]
        at = i
        while len(below[at]) == 1 and len(above[below[at][0]]) == 1:
            at = below[at][0]
            chain.append(lines[at])
        found.append(Text(chain))
    # A block of few lines does not know how wide its column is.
    for block in found:
        if len(block.lines) < 3:
            same = [
                other.box.right
                for other in found
                if abs(other.box.left - block.box.left) < 1.5 * block.lines[0].size
                and abs(other.lines[0].size - block.lines[0].size) < 0.1 * block.lines[0].size
            ]
            block.reach = max(same)
    return list(found)


# ---------------------------------------------------------------- order


def _order(boxes: Sequence[Box]) -> list[int]:
    """Indices of boxes in reading order."""
    count = len(boxes)
    after: list[set[int]] = [set() for _ in boxes]
    waits = [0] * count

    def beside(a: Box, b: Box) -> bool:
        return min(a.right, b.right) - max(a.left, b.left) <= 1

    for i, a in enumerate(boxes):
        for j, b in enumerate(boxes):
            if i == j:
                continue
            first = False
            if not beside(a, b):
                first = (a.top, a.left, i) < (b.top, b.left, j)
            elif a.right <= b.left + 1:
                low, high = min(a.top, b.top), max(a.bottom, b.bottom)
                first = not any(
                    not beside(a, c) and not beside(b, c) and low < (c.top + c.bottom) / 2 < high
                    and max(a.top, b.top) > (c.top + c.bottom) / 2 > min(a.bottom, b.bottom)
                    for k, c in enumerate(boxes)
                    if k not in (i, j)
                )  # fmt: skip
            if first:
                after[i].add(j)
                waits[j] += 1
    left = set(range(count))
    done = []
    while left:
        # Where they wait for each other, the uppermost of those that wait for the fewest comes first.
        at = min(left, key=lambda i: (waits[i], boxes[i].top, boxes[i].left))
        left.remove(at)
        done.append(at)
        for j in after[at]:
            waits[j] -= 1
    return done


def _feet(ordered: list[Block]) -> list[Block]:
    """The same with footnotes last: small type at the end of a column, that begins with a number or a sign."""
    sizes = Counter[float]()
    for block in ordered:
        if isinstance(block, Text):
            for line in block.lines:
                sizes[line.size] += len(line.text)
    if not sizes:
        return ordered
    body = sizes.most_common(1)[0][0]
    texts = [block for block in ordered if isinstance(block, Text)]
    for block in texts:
        small = all(line.size < 0.93 * body for line in block.lines)
        begins = re.match(r"(\d{1,3}|[*†‡§])(?!\d*[.)])", block.lines[0].text)
        first = block.lines[0].words[0]
        raised = first.size < 0.9 * block.lines[0].size or (len(block.lines[0].words) > 1 and len(first.text) < 3)
        block.foot = bool(small and begins and raised) and not any(
            other.box.top > block.box.bottom
            and other.lines[0].size > 0.93 * body
            and min(other.box.right, block.box.right) > max(other.box.left, block.box.left)
            and any(map(str.isalpha, other.lines[0].text))
            and len(other.lines) > 1
            for other in texts
        )
    # What goes on below a footnote in the same small type belongs to it.
    for above, block in pairwise(ordered):
        if isinstance(above, Text) and isinstance(block, Text) and above.foot and not block.foot:
            near = block.box.top > above.box.top and abs(block.box.left - above.box.left) < 3 * body
            block.foot = near and all(line.size < 0.93 * body for line in block.lines)
    feet = [block for block in ordered if isinstance(block, Text) and block.foot]
    return [block for block in ordered if not (isinstance(block, Text) and block.foot)] + list(feet)


# ---------------------------------------------------------------- tables with drawn lines


@dataclass(slots=True)
class _Grid:
    """A grid of drawn lines; `owner` gives for a cell the first of those that no line parts it from."""

    xs: list[float]
    ys: list[float]
    owner: dict[tuple[int, int], tuple[int, int]]

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def fill(self, words: Sequence[Word]) -> dict[tuple[int, int], list[Word]]:
        """The words of each cell that has any."""
        held: dict[tuple[int, int], list[Word]] = defaultdict(list)
        for word in words:
            middle = word.base - 0.3 * word.size
            i = min(max(bisect(self.ys, middle) - 1, 0), len(self.ys) - 2)
            j = min(max(bisect(self.xs, (word.left + word.right) / 2) - 1, 0), len(self.xs) - 2)
            held[self.owner[i, j]].append(word)
        return dict(sorted(held.items()))

    def table(self, held: dict[tuple[int, int], list[Word]], areas: Sequence[Box]) -> Table:
        texts = {
            place: joined([line.text for row in _cut(base_rows(words), []) for line in row])
            for place, words in held.items()
        }
        height, width = len(self.ys) - 1, len(self.xs) - 1
        rows, bold, shaded = [], [], []
        for i in range(height):
            row = []
            for j in range(width):
                owner = self.owner[i, j]
                # A cell over several rows counts in each of them; one over several columns is said once.
                said = owner[1] == j or i < _headed(self, height)
                row.append(texts.get(owner, "") if said else "")
            if not any(row):
                continue
            words = [word for j in range(width) if self.owner[i, j][0] == i for word in held.get(self.owner[i, j], [])]
            rows.append(row)
            bold.append(bool(words) and all(word.bold for word in words))
            middle = (self.ys[i] + self.ys[i + 1]) / 2
            shaded.append(
                sum(a.right - a.left for a in areas if a.top <= middle <= a.bottom) > self.xs[-1] - self.xs[0] - 9
            )
        if len(rows) > 1 and rows[0] == rows[1]:
            del rows[0], bold[0], shaded[0]
        spanned = sum(1 for i in range(height) if any(rows)) and _headed(self, height)
        return _table(rows, bold, shaded, max(spanned, 1), self.box, self.xs[:-1])


def _headed(grid: _Grid, height: int) -> int:
    """Rows of the head: as many as the tallest cell that begins in the first one takes, where others take fewer."""
    width = len(grid.xs) - 1
    tall = [sum(grid.owner[i, j] == grid.owner[0, j] for i in range(height)) for j in range(width)]
    wide = any(grid.owner[0, j] != (0, j) for j in range(width))
    return max(tall) if wide and max(tall) <= 3 else 1


def _grids(rules: Sequence[Box]) -> list[_Grid]:
    """The grids that drawn lines make, where they cross or touch."""
    flat = _merged([rule for rule in rules if rule.top == rule.bottom], upright=False)
    upright = _merged([rule for rule in rules if rule.left == rule.right], upright=True)
    group = list(range(len(flat) + len(upright)))

    def root(i: int) -> int:
        while group[i] != i:
            group[i] = group[group[i]]
            i = group[i]
        return i

    for i, h in enumerate(flat):
        for j, v in enumerate(upright, len(flat)):
            if (
                h.left - SNAP <= v.left <= h.right + SNAP
                and v.top - SNAP <= h.top <= v.bottom + SNAP
            ):  # fmt: skip
                group[root(i)] = root(j)
    members: dict[int, tuple[list[Box], list[Box]]] = defaultdict(lambda: ([], []))
    for i, rule in enumerate([*flat, *upright]):
        members[root(i)][i >= len(flat)].append(rule)
    found = []
    for hs, vs in members.values():
        ys, xs = _places(h.top for h in hs), _places(v.left for v in vs)
        if len(xs) >= 2 and len(ys) >= 2 and len(xs) * len(ys) <= CELLS_MOST:
            found.append(_Grid(xs, ys, _owners(xs, ys, hs, vs)))
    return found


def _owners(
    xs: list[float], ys: list[float], flat: list[Box], upright: list[Box]
) -> dict[tuple[int, int], tuple[int, int]]:
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    walls = {(i, j) for v in upright for j in [_nearest(xs, v.left)] for i in _covered(ys, v.top, v.bottom)}
    floors = {(i, j) for h in flat for i in [_nearest(ys, h.top)] for j in _covered(xs, h.left, h.right)}
    for i in range(len(ys) - 1):
        for j in range(len(xs) - 1):
            if j and (i, j) not in walls:
                owner[i, j] = owner[i, j - 1]
            elif i and (i, j) not in floors:
                owner[i, j] = owner[i - 1, j]
            else:
                owner[i, j] = (i, j)
    return owner


def _nearest(values: list[float], value: float) -> int:
    return min(range(len(values)), key=lambda i: abs(values[i] - value))


def _covered(values: list[float], low: float, high: float) -> list[int]:
    """Between which neighbouring values a stretch lies."""
    return [i for i, (a, b) in enumerate(pairwise(values)) if low <= (a + b) / 2 <= high]


def _places(values: Iterable[float]) -> list[float]:
    """Values that are closer than `SNAP` become one."""
    found: list[float] = []
    for value in sorted(values):
        if not found or value - found[-1] > SNAP:
            found.append(value)
    return found


def _merged(rules: list[Box], upright: bool) -> list[Box]:
    """Lines that go on one another become one."""
    found: list[Box] = []
    if upright:
        for rule in sorted(rules, key=lambda r: (round(r.left), r.top)):
            last = found[-1] if found else None
            if last and abs(rule.left - last.left) <= 1.5 and rule.top <= last.bottom + SNAP:
                found[-1] = Box(last.left, last.top, last.left, max(last.bottom, rule.bottom))
            else:
                found.append(rule)
        return [rule for rule in found if rule.bottom - rule.top > 5]
    for rule in sorted(rules, key=lambda r: (round(r.top), r.left)):
        last = found[-1] if found else None
        if last and abs(rule.top - last.top) <= 1.5 and rule.left <= last.right + SNAP:
            found[-1] = Box(last.left, last.top, max(last.right, rule.right), last.top)
        else:
            found.append(rule)
    return [rule for rule in found if rule.right - rule.left > 5]


# ---------------------------------------------------------------- tables without drawn lines


def _spans(stretches: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The columns that lines stand in: stretches of the page's width that they cover together."""
    found: list[tuple[float, float]] = []
    for left, right in sorted(stretches):
        if found and left <= found[-1][1] + 2:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def _table_end(rows: list[list[Line]], at: int) -> int:
    """Behind the last row of what may be a table that begins at row `at`."""
    if len(rows[at]) < 2 or (len(rows[at]) == 2 and LABEL.fullmatch(rows[at][0].text)):
        return at
    end, last, columns = at + 1, at + 1, _spans((line.left, line.right) for line in rows[at])
    while end < len(rows):
        row, before = rows[end], rows[end - 1]
        if row[0].top - max(line.bottom for line in before) > 1.5 * row[0].size or (
            len(row) == 2 and LABEL.fullmatch(row[0].text)
        ):
            break
        now = _spans([*columns, *((line.left, line.right) for line in row)])
        if len(now) < max(len(columns), 2) or (len(row) == 1 and row[0].left < columns[1][0] - 2 and len(columns) < 3):
            break
        columns = now
        end += 1
        if len(row) >= 2:
            last = end
    # A cell of the last row may take more lines.
    while last < end and rows[last][0].left >= columns[1][0] - 2:
        last += 1
    return last


def _columns(rows: list[list[Line]]) -> tuple[Table, list[Line]] | None:
    """A table of these rows and the lines of a text beside it; None where they are columns of text or too few."""
    spans = _spans((line.left, line.right) for row in rows for line in row)
    several = [row for row in rows if len(row) >= 2]
    figures = all(_FIGURE.fullmatch(row[-1].text) for row in several)
    if len(spans) < 2 or len(several) < (2 if len(spans) > 2 or figures else 3):
        return None
    cells: list[list[list[Line]]] = []
    for each in rows:
        placed = [list[Line]() for _ in spans]
        for line in each:
            placed[max(bisect([left for left, _ in spans], line.left + 0.01) - 1, 0)].append(line)
        cells.append(placed)
    beside = [line for each in cells for line in each[-1]]
    if len(spans) > 2 and _runs(beside):
        made = _columns([row for each in cells if (row := [line for cell in each[:-1] for line in cell])])
        return (made[0], made[1] + beside) if made else None
    # Where lines that stand beside one another go on below, each in its column, they are columns of text.
    pairs = [(a[j][0], b[j][0]) for a, b in pairwise(cells) for j in range(len(spans)) if a[j] and b[j] and several]
    running = sum(
        bool(_OPEN.search(a.text)) and b.text[:1].islower() and len(a.words) > 2 and len(b.words) > 1 for a, b in pairs
    )
    if pairs and running > 0.2 * len(pairs):
        return None
    prose = []
    for j in range(len(spans)):
        lines = [line for row in cells for line in row[j]]
        wide = max(line.right - line.left for line in lines)
        words = statistics.mean(len(line.words) for line in lines)
        full = statistics.mean((line.right - line.left) / wide for line in lines)
        prose.append(len(lines) > 1 and words >= 3.5 and (full > 0.72 or words > 6))
    if all(prose) or any(prose[:-1]) or (prose[-1] and len(spans) == 2 and len(several) > 0.8 * len(rows)):
        return None
    texts_of: list[list[str]] = []
    bold = []
    gaps = [b[0].base - a[0].base for a, b in pairwise(rows)]
    usual = statistics.median(gaps) if gaps else 0.0
    for i, placed in enumerate(cells):
        texts = [joined([line.text for line in cell]) for cell in placed]
        close = i > 0 and gaps[i - 1] < 0.85 * usual
        goes_on = i > 0 and not texts[0] and (close or all(text[:1].islower() for text in texts if text))
        if goes_on and texts_of:
            texts_of[-1] = [joined([a, b]) if a and b else a or b for a, b in zip(texts_of[-1], texts, strict=True)]
            continue
        texts_of.append(texts)
        bold.append(all(line.bold for cell in placed for line in cell))
    lines = [line for row in rows for line in row]
    return _table(texts_of, bold, [False] * len(texts_of), 1, _around(lines), [left for left, _ in spans]), []


def _runs(lines: Sequence[Line]) -> bool:
    """Whether lines, one below the other, are a text that runs on from each to the next."""
    pairs = list(pairwise(lines))
    on = sum(bool(_OPEN.search(a.text)) and b.text[:1].islower() and len(a.words) > 2 for a, b in pairs)
    return len(pairs) > 0 and on >= max(len(pairs) / 3, 1) and statistics.mean(len(line.words) for line in lines) >= 3.5


def _table(
    rows: list[list[str]], bold: list[bool], shaded: list[bool], tall: int, box: Box, edges: list[float]
) -> Table:
    """A table of rows, and how many of them are its head: those that look otherwise, or hold no figures."""
    headers = 0
    if len(rows) > 1:
        width = len(rows[0])
        other = (bold[0] and not all(bold)) or (shaded[0] and not all(shaded))
        named = sum(bool(cell) for cell in rows[0])
        figures = any(
            rows[0][j] and not _DIGITS.search(rows[0][j])
            and all(_DIGITS.search(row[j]) for row in rows[tall:] if row[j]) and any(row[j] for row in rows[tall:])
            for j in range(1, width)
        )  # fmt: skip
        if named >= max(2, width // 2) and (other or figures or (width > 2 and not any(map(_DIGITS.search, rows[0])))):
            headers = min(tall, len(rows) - 1)
    return Table(rows, headers, box, edges)


# ---------------------------------------------------------------- small things


def joined(lines: Iterable[str], known: Container[str] = ()) -> str:
    """Lines as one, a word that was broken at the end of one whole again.

    A hyphen stays where the word is among the `known` ones with it, and not without.

    >>> joined(["a con-", "tract of", "2018–", "2019"])
    'a contract of 2018–2019'
    """
    text = ""
    for line in lines:
        begin, end = _BROKEN.search(text), _WORD.match(line)
        if begin and end and begin[1][-1].islower() and end[0][0].islower():
            whole, parted = f"{begin[1]}{end[0]}".lower(), f"{begin[1]}-{end[0]}".lower()
            text = text + line if parted in known and whole not in known else text[:-1] + line
        elif not text or (_NO_SPACE[0].search(text) and _NO_SPACE[1].match(line)):
            text += line
        else:
            text += f" {line}"
    return text


def _around(lines: Sequence[Line]) -> Box:
    return Box(
        min(line.left for line in lines),
        min(line.top for line in lines),
        max(line.right for line in lines),
        max(line.bottom for line in lines),
    )


def _inside(word: Word, box: Box) -> bool:
    middle = word.base - 0.3 * word.size
    return box.left - 1 <= (word.left + word.right) / 2 <= box.right + 1 and box.top - 1 <= middle <= box.bottom + 1


def _within(rule: Box, box: Box) -> bool:
    return rule.left >= box.left and rule.right <= box.right and rule.top >= box.top and rule.bottom <= box.bottom
