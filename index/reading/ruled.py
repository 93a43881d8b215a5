"""Tables with drawn lines: rules that cross make a grid, and its cells hold words."""

from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from article_assistant.index.reading.aligned import FIGURE, with_head
from article_assistant.index.reading.lines import joined
from article_assistant.index.reading.placed import Box, PageWord, Table
from article_assistant.index.reading.rows import base_rows, cut

SNAP = 3.0
"""Points that two rules may be apart and still touch, or be one."""
LEVEL = 1.5
"""Points that pieces of one rule may be aside from each other."""
CELLS_MOST = 20_000
"""Cells of a table's grid; with more it is a drawing."""


@dataclass(slots=True)
class Grid:
    """A grid of drawn lines; `owner` gives for a cell the first of those that no line parts it from."""

    xs: list[float]
    ys: list[float]
    owner: dict[tuple[int, int], tuple[int, int]]
    unclosed: frozenset[int] = frozenset()
    """Columns without a line below, where there is one below others."""

    @property
    def box(self) -> Box:
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def fill(self, words: Sequence[PageWord]) -> dict[tuple[int, int], list[PageWord]]:
        """The words of each cell that has any."""
        held: dict[tuple[int, int], list[PageWord]] = defaultdict(list)
        for word in words:
            middle = word.base - 0.3 * word.size
            i = min(max(bisect(self.ys, middle) - 1, 0), len(self.ys) - 2)
            j = min(max(bisect(self.xs, (word.left + word.right) / 2) - 1, 0), len(self.xs) - 2)
            held[self.owner[i, j]].append(word)
        return dict(sorted(held.items()))

    def parted(self, held: dict[tuple[int, int], list[PageWord]]) -> "Grid":
        """The same with rows parted that hold several rows of figures, with no line between them."""
        ys = list[float]()
        cells: dict[int, list[list[list[PageWord]]]] = defaultdict(list)
        for (i, _), words in held.items():
            cells[i].append(base_rows(words))
        for i, top in enumerate(self.ys[:-1]):
            ys.append(top)
            lines = cells[i]
            most = max(map(len, lines), default=0)
            figures = [each for each in lines if len(each) == most and all(map(_is_figure, each))]
            if most > 1 and len(figures) > 1 and all(len(each) in {1, most} for each in lines):
                bases = [row[0].base for row in figures[0]]
                if all(abs(row[0].base - base) < 2 for each in figures for row, base in zip(each, bases, strict=True)):
                    ys += [base + 0.25 * (below - base) for base, below in pairwise(bases)]
        if len(ys) + 1 == len(self.ys):
            return self
        ys.append(self.ys[-1])
        owner, first = dict[tuple[int, int], tuple[int, int]](), dict[tuple[int, int], tuple[int, int]]()
        for i, y in enumerate(ys[:-1]):
            row = bisect(self.ys, y + 0.01) - 1
            for j in range(len(self.xs) - 1):
                whole = self.owner[row, j]
                single = whole[0] != row or len(base_rows(held.get(whole, []))) < 2
                key = whole if single else (len(ys) + i, whole[1])  # a cell of one line stands in all of the rows
                owner[i, j] = first.setdefault(key, (i, whole[1]))
        return Grid(self.xs, ys, owner, self.unclosed)

    def table(self, held: dict[tuple[int, int], list[PageWord]], areas: Sequence[Box]) -> Table:
        texts = {
            place: joined([line.text for row in cut(base_rows(words), []) for line in row])
            for place, words in held.items()
        }
        height, width = len(self.ys) - 1, len(self.xs) - 1
        heads = _head_rows(self, height)
        rows, bold, shaded = [], [], []
        for i in range(height):
            row, owners = [], [self.owner[i, j] for j in range(width)]
            for j, owner in enumerate(owners):
                # A cell over several rows or columns counts in each of them; one over all columns is said once.
                said = owner[1] == j or i < heads or owners.count(owner) < width
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
        made = with_head(rows, bold, shaded, heads, self.box, self.xs[:-1])
        made.unclosed = self.unclosed
        return made


def _is_figure(row: Sequence[PageWord]) -> bool:
    """Whether a line of a cell is a figure alone."""
    return len(row) == 1 and FIGURE.fullmatch(row[0].text) is not None


def _head_rows(grid: Grid, height: int) -> int:
    """Rows of the head: as many as the tallest cell that begins in the first one takes, where others take fewer."""
    width = len(grid.xs) - 1
    tall = [sum(grid.owner[i, j] == grid.owner[0, j] for i in range(height)) for j in range(width)]
    wide = any(grid.owner[0, j] != (0, j) for j in range(width))
    return max(tall) if wide and max(tall) <= 3 else 1


def grids(rules: Sequence[Box]) -> list[Grid]:
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
            if h.left - SNAP <= v.left <= h.right + SNAP and v.top - SNAP <= h.top <= v.bottom + SNAP:
                group[root(i)] = root(j)
    members: dict[int, tuple[list[Box], list[Box]]] = defaultdict(lambda: ([], []))
    for i, rule in enumerate([*flat, *upright]):
        members[root(i)][i >= len(flat)].append(rule)
    found = []
    for hs, vs in members.values():
        ys, xs = _places(h.top for h in hs), _places(v.left for v in vs)
        # A table without lines at its sides reaches as far as its level lines.
        left, right = sorted(h.left for h in hs), sorted((h.right for h in hs), reverse=True)
        if len(xs) > 1 and len(hs) > 2:
            xs = [left[1]] * (left[1] < xs[0] - 2 * SNAP) + xs + [right[1]] * (right[1] > xs[-1] + 2 * SNAP)
        # One that a page or a column breaks has no line at its end there, and reaches as far as its uprights.
        tops, bottoms = sorted(v.top for v in vs), sorted((v.bottom for v in vs), reverse=True)
        if len(vs) > 2 and ys:
            ys = [tops[1]] * (tops[1] < ys[0] - 2 * SNAP) + ys + [bottoms[1]] * (bottoms[1] > ys[-1] + 2 * SNAP)
        if len(xs) >= 2 and len(ys) >= 2 and len(xs) * len(ys) <= CELLS_MOST:
            under = [j for h in hs if abs(h.top - ys[-1]) <= SNAP for j in _covered(xs, h.left, h.right)]
            unclosed = frozenset(range(len(xs) - 1)) - {*under} if under else frozenset()
            found.append(Grid(xs, ys, _owners(xs, ys, hs, vs), unclosed))
    return found


def _owners(
    xs: list[float], ys: list[float], flat: list[Box], upright: list[Box]
) -> dict[tuple[int, int], tuple[int, int]]:
    owner: dict[tuple[int, int], tuple[int, int]] = {}
    walls = {(i, j) for v in upright for j in [_nearest_index(xs, v.left)] for i in _covered(ys, v.top, v.bottom)}
    floors = {(i, j) for h in flat for i in [_nearest_index(ys, h.top)] for j in _covered(xs, h.left, h.right)}
    for i in range(len(ys) - 1):
        for j in range(len(xs) - 1):
            if j and (i, j) not in walls:
                owner[i, j] = owner[i, j - 1]
            elif i and (i, j) not in floors:
                owner[i, j] = owner[i - 1, j]
            else:
                owner[i, j] = (i, j)
    return owner


def _nearest_index(values: list[float], value: float) -> int:
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
    if upright:
        return [_mirrored(rule) for rule in _merged([_mirrored(rule) for rule in rules], False)]
    levels: list[list[Box]] = []
    for rule in sorted(rules, key=lambda rule: rule.top):
        if not levels or rule.top - levels[-1][0].top > LEVEL:
            levels.append([])
        levels[-1].append(rule)
    found: list[Box] = []
    for level in levels:
        joined_up: list[Box] = []
        for rule in sorted(level, key=lambda rule: rule.left):
            last = joined_up[-1] if joined_up else None
            if last and rule.left <= last.right + SNAP:
                joined_up[-1] = Box(last.left, last.top, max(last.right, rule.right), last.top)
            else:
                joined_up.append(rule)
        found += joined_up
    return [rule for rule in found if rule.right - rule.left > 5]


def _mirrored(box: Box) -> Box:
    return Box(box.top, box.left, box.bottom, box.right)
