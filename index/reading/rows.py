"""Words become rows, rows are cut into lines, and lines that stand close below one another become blocks."""

import statistics
from bisect import bisect
from collections import defaultdict
from collections.abc import Iterable, Sequence
from itertools import pairwise

from article_assistant.index.reading.lines import LABEL
from article_assistant.index.reading.placed import Box, PageLine, PageWord, Text

WIDE = 2.0
"""A gap of so many times the size of the type ends a line, whatever is around it."""
GUTTER = 0.75
"""One of so many ends it where the rows above or below have it too."""
EVEN = 1.1
"""Size of the gaps between words up to which they may all be so wide that a line fills its column."""
EVEN_LEAST, EVENLY, STRETCHED = 3, 0.05, 4.0
"""Gaps that a line stretched to fill its column has at least, by how much of the type's size they differ, and how many
times as wide as it they are at most."""
NEAR_LABEL = 5.0
"""Sizes of the type that a number or a bullet stands at most before its item."""
EDGE_GAP = 1.2
"""One of so many ends it where the row above or below begins again at the same place."""
GUTTER_ROWS = 3
"""Rows, one above the other, that must have a gap for it to be a gutter."""


def base_rows(words: Iterable[PageWord]) -> list[list[PageWord]]:
    """Words by their base lines, from top to bottom, each row from left to right."""
    found: list[list[PageWord]] = []
    reference: PageWord | None = None
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


def cut(rows: list[list[PageWord]], rules: Sequence[Box]) -> list[list[PageLine]]:
    """Rows cut into lines at gutters, rules and wide gaps."""
    upright = [rule for rule in rules if rule.left == rule.right]
    flat = sorted((rule for rule in rules if rule.top == rule.bottom), key=lambda rule: rule.top)
    tops = [rule.top for rule in flat]
    gaps = [white_gaps(row) for row in rows]
    found = []
    for i, row in enumerate(rows):
        lines, begin = list[PageLine](), 0
        # In a narrow column all words of a line may stand far apart, so that it fills the column.
        usual = statistics.median(b.left - a.right for a, b in pairwise(row)) if len(row) > 3 else 0.0
        wide = 1.8 * usual if usual < WIDE * row[0].size else 0.0
        justified = _justified(row)
        evenly = 1.3 * usual if usual < EVEN * row[0].size else 0.0
        for k, (a, b) in enumerate(pairwise(row), 1):
            size = max(min(a.size, b.size), 1.0)
            gap = b.left - a.right
            if gap < 0.2 * size:
                continue
            ruled = any(a.right - 1 <= r.left <= b.left + 1 and r.top <= a.base <= r.bottom + 1 for r in upright)
            if not ruled and gap >= GUTTER * size:  # or a piece of a line below, as long as the cell
                near = flat[bisect(tops, a.base) : bisect(tops, a.base + 2 * size)]
                ruled = any(
                    (r.left < a.left and a.right - 1 <= r.right <= b.left + 1)
                    or (r.right > b.left and a.right - 1 <= r.left <= b.left + 1)
                    for r in near
                )
            if ruled or (
                k not in justified
                and (
                    gap >= max(WIDE * size, wide)
                    or (gap >= max(GUTTER * size, evenly) and _is_gutter(rows, gaps, i, a.right, b.left))
                    or (gap >= max(EDGE_GAP * size, evenly) and _is_edge(rows, i, b.left))
                )
            ):
                lines.append(PageLine(row[begin:k]))
                begin = k
        lines.append(PageLine(row[begin:]))
        found.append(lines)
    return found


def _justified(row: Sequence[PageWord]) -> set[int]:
    """Before which words of a row the white space is as wide as before their neighbours, though words are not.

    So is a line that is stretched to fill its column; cells that stand in columns are not.
    """
    found, run = set[int](), list[int]()
    for k in range(1, len(row)):
        gap = row[k].left - row[k - 1].right
        if gap > STRETCHED * row[k].size:
            run = []
            continue
        if run and abs(gap - row[run[0]].left + row[run[0] - 1].right) > EVENLY * row[k].size:
            run = []
        run.append(k)
        wide = [word.right - word.left for word in row[run[0] - 1 : k + 1]]
        if len(run) >= EVEN_LEAST and max(wide) - min(wide) > row[k].size:
            found.update(run)
    return found


def white_gaps(row: Sequence[PageWord]) -> list[tuple[float, float]]:
    inner = [(a.right, b.left) for a, b in pairwise(row) if b.left - a.right > 0.4 * a.size]
    return [(-1e9, row[0].left), *inner, (max(word.right for word in row), 1e9)]


def _is_gutter(
    rows: list[list[PageWord]], gaps: list[list[tuple[float, float]]], at: int, low: float, high: float
) -> bool:
    """Whether a gap of a row is a gutter: free of words in the rows above or below it, with words on both sides."""
    seen = 1
    for step in (-1, 1):
        near, begin, end = at, low, high
        while seen < GUTTER_ROWS and 0 <= near + step < len(rows):
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
    return seen >= GUTTER_ROWS


def _is_edge(rows: list[list[PageWord]], at: int, left: float) -> bool:
    """Whether a word of the row above or below begins at the same place, behind a gutter."""
    size = rows[at][0].size
    near = [row for row in rows[max(at - 1, 0) : at + 2] if 0 < abs(row[0].base - rows[at][0].base) < 3 * size]
    return any(abs(b.left - left) < 1 and b.left - a.right >= GUTTER * b.size for row in near for a, b in pairwise(row))


def labelled(row: list[PageLine]) -> list[PageLine]:
    """Lines of a row, a number or a bullet joined to what it stands before."""
    joined: list[PageLine] = []
    for line in row:
        last = joined[-1] if joined else None
        if last and line.left - last.right < NEAR_LABEL * line.size and LABEL.fullmatch(last.text):
            joined[-1] = PageLine([*last.words, *line.words])
        else:
            joined.append(line)
    return joined


def chains(lines: list[PageLine]) -> list[Text]:
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
    return found
