"""Columns of text: the white space between two of them, from the first row beside it to the last."""

import statistics
from collections.abc import Sequence
from itertools import groupby, pairwise

from article_assistant.index.reading.placed import Box, PageWord
from article_assistant.index.reading.rows import GUTTER, GUTTER_ROWS, white_gaps
from article_assistant.index.reading.ruled import LEVEL, SNAP

APART = 6.0
"""Rows that are farther apart, in sizes of the type, are in no column together."""


def column_gap(
    rows: list[list[PageWord]], tables: Sequence[Box], rules: Sequence[Box], known: Sequence[Box]
) -> Box | None:
    """The white space between two columns of text, from their first row to their last; None where there are none.

    `known` are those of another page, which is set in the same columns.
    """
    levels = _levels(rules)
    gaps = [white_gaps(row) for row in rows]
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
                    tables_between = max((min(t.bottom, b) - max(t.top, a) for t in tables), default=0.0)
                    if b - a - max(tables_between, 0.0) > APART * size:
                        break
                    # A table may reach a little into the white space, but not through it.
                    met = [t for t in tables if t.left < end and t.right > begin and t.top < b and t.bottom > a]
                    low_side = max([begin, *(t.right for t in met if t.left < begin)])
                    high_side = min([end, *(t.left for t in met if t.left >= begin)])
                    shared = [(max(low_side, x), min(high_side, y)) for x, y in gaps[near + step]]
                    shared = [(x, y) for x, y in shared if y - x >= GUTTER * size]
                    if not shared:
                        break
                    begin, end = max(shared, key=lambda pair: pair[1] - pair[0])
                    near += step
                first, last = min(first, near), max(last, near)
            tried.update((k, round(x)) for k in range(first, last + 1) for x, y in gaps[k] if x <= begin and y >= end)
            found = _both_sides(rows, first, last, begin, end, size, tables, levels, known)
            if found and (best is None or found[0] > best[0]):
                best = found
    return best[1] if best else None


def _both_sides(
    rows: list[list[PageWord]],
    first: int,
    last: int,
    begin: float,
    end: float,
    size: float,
    tables: Sequence[Box],
    levels: Sequence[Box],
    known: Sequence[Box],
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
    # What stands on one side alone belongs to its column where it is as close as its lines are, or beside a table.
    low, high = 0, both[-1]
    bases = [row[0].base for row in rows[first : last + 1]]
    for base, below in pairwise(bases[high:]):
        if below - base >= 2.5 * size and not any(t.top < below < t.bottom for t in tables):
            break
        high += 1
    left = [line for line, _ in sides[low : high + 1] if line]
    right = [line for _, line in sides[low : high + 1] if line]
    top, bottom = bases[low] - size, bases[high] + 0.4 * size
    # A table at the end of a column belongs to it, though no row of the other is beside it.
    above = rows[first - 1][0].base if first else 0.0
    below = rows[first + high + 1][0].base - size if first + high + 1 < len(rows) else 1e9
    for table in tables:
        if (table.right < between or table.left > between) and table.top > above and table.bottom < below:
            top = min(top, table.top) if table.bottom > top - APART * size else top
            bottom = max(bottom, table.bottom) if table.top < bottom + APART * size else bottom
    whole = Box(begin, top, end, bottom)
    drawn = [one for one in levels if whole.top < one.top < whole.bottom + size]
    apart = not any(one.left < between < one.right for one in drawn) and (
        any(min(end, one.right) - max(begin, one.left) > 0.8 * (one.right - one.left) for one in known)
        or _ruled_apart(left, right, drawn, between)
    )
    if not apart and (min(len(left), len(right)) < GUTTER_ROWS or high - low < 4):
        return None
    if any(
        max(line[-1].right for line in side) - min(line[0].left for line in side) < 8 * size for side in (left, right)
    ):
        return None  # too narrow for a column: numbers or bullets before a list
    if apart:
        return high - low, whole
    prose = [_is_text_column(left), _is_text_column(right)]
    if not any(prose):
        return None
    if not all(prose):
        # A table whose last column says much has its first lines beside the cells of the other.
        some, full = (left, right) if prose[1] else (right, left)
        beside = [[line for line in full if abs(line[0].base - one[0].base) < 1.5] for one in some]
        starts = [lines[0] for lines in beside if lines]
        if len(starts) > 0.85 * len(some) and sum(line[0].text[:1].islower() for line in starts) < 0.3 * len(starts):
            return None
    return high - low, whole


def _levels(rules: Sequence[Box]) -> list[Box]:
    """Level lines, pieces that touch one another as one."""
    found: list[Box] = []
    for rule in sorted((one for one in rules if one.top == one.bottom), key=lambda one: (round(one.top), one.left)):
        last = found[-1] if found else None
        if last and abs(rule.top - last.top) < LEVEL and rule.left <= last.right + SNAP:
            found[-1] = Box(last.left, last.top, max(last.right, rule.right), last.top)
        else:
            found.append(rule)
    return found


def _ruled_apart(
    left: Sequence[Sequence[PageWord]], right: Sequence[Sequence[PageWord]], levels: Sequence[Box], between: float
) -> bool:
    """Whether the level lines of a table end at a white space, and what stands beside it is none of its rows."""
    sides = [one for one in levels if one.right <= between], [one for one in levels if one.left >= between]
    found = [_as_wide(side, lines) for side, lines in zip(sides, (left, right), strict=True)]
    if all(found):
        tops = [{round(one.top) for one in side} for side in found]
        return max(map(len, found)) > 1 or tops[0] != tops[1]  # else each is a line below a name over some columns
    table, rows, others = (found[0], left, right) if found[0] else (found[1], right, left)
    if len(table) < 2:
        return False
    inner = [row for row in rows if table[0].top < row[0].base < table[-1].top]
    return sum(any(abs(row[0].base - other[0].base) < 1.5 for other in others) for row in inner) < 0.5 * len(inner)


def _as_wide(levels: Sequence[Box], lines: Sequence[Sequence[PageWord]]) -> list[Box]:
    """The most level lines that are of one width, if they are those of a table, with cells and no words beyond them."""
    same = [
        [other for other in levels if max(abs(other.left - one.left), abs(other.right - one.right)) < SNAP]
        for one in levels
    ]
    found = max(same, key=len, default=[])
    if not found:
        return []
    left, right, size = found[0].left - SNAP, found[0].right + SNAP, lines[0][0].size
    near = [line for line in lines if found[0].top - 2 * size < line[0].base < found[-1].top + 3 * size]
    inner = [line for line in near if found[0].top < line[0].base < found[-1].top]
    cells = any(b.left - a.right > GUTTER * size for line in near for a, b in pairwise(line))
    return found if cells and all(left < word.left and word.right < right for line in inner for word in line) else []


def _is_text_column(lines: Sequence[Sequence[PageWord]]) -> bool:
    """Whether many lines of a column, or some that follow one another, are several words that fill it."""
    wide = max(line[-1].right for line in lines) - min(line[0].left for line in lines)
    full = []
    for line in lines:
        gaps = [b.left - a.right for a, b in pairwise(line)]
        # Words of a line are as far apart as one another, also where they fill it; cells are not.
        usual = statistics.median(gaps) if gaps else 0.0
        even = max(gaps, default=0.0) < max(GUTTER * line[0].size, min(1.6 * usual, 1.5 * line[0].size))
        full.append(len(line) >= 4 and line[-1].right - line[0].left > 0.6 * wide and even)
    longest = max((len(list(run)) for is_full, run in groupby(full) if is_full), default=0)
    size = statistics.median(line[0].size for line in lines)
    long = sum(one and len(line) > 5 and line[0].size > 0.9 * size for one, line in zip(full, lines, strict=True))
    return sum(full) > 0.4 * len(lines) or longest >= GUTTER_ROWS or long >= GUTTER_ROWS
