"""Columns of text: the white space between two of them, from the first row beside it to the last."""

import statistics
from collections.abc import Sequence
from itertools import groupby, pairwise

from article_assistant.index.reading.placed import Box, PageWord
from article_assistant.index.reading.rows import GUTTER, GUTTER_ROWS, white_gaps

APART = 6.0
"""Rows that are farther apart, in sizes of the type, are in no column together."""


def column_gap(rows: list[list[PageWord]], tables: Sequence[Box]) -> Box | None:
    """The white space between two columns of text, from their first row to their last; None where there are none."""
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
            found = _both_sides(rows, first, last, begin, end, size, tables)
            if found and (best is None or found[0] > best[0]):
                best = found
    return best[1] if best else None


def _both_sides(
    rows: list[list[PageWord]], first: int, last: int, begin: float, end: float, size: float, tables: Sequence[Box]
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
    if min(len(left), len(right)) < GUTTER_ROWS or high - low < 4:
        return None
    if any(
        max(line[-1].right for line in side) - min(line[0].left for line in side) < 8 * size for side in (left, right)
    ):
        return None  # too narrow for a column: numbers or bullets before a list
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
    return high - low, Box(begin, bases[low] - size, end, bases[high] + 0.4 * size)


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
