"""Words with places become lines and tables in the order in which a person reads them.

Words of one base line are a row; a row is cut into lines where a gap goes on above or below it (a gutter), where
a rule stands in it, or where it is very wide. Lines close to each other in one column are a block. The order of
blocks is that of T. Breuel, "High performance document layout analysis" (2003): what stands above comes first, and
what stands left does unless something that spans both lies between.
"""

import re
import statistics
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise

from article_assistant.index.reading.aligned import aligned_table, table_end
from article_assistant.index.reading.columns import column_gap
from article_assistant.index.reading.placed import (
    Box,
    PageBlock,
    PageLine,
    PageWord,
    Sheet,
    Table,
    Text,
    box_around,
    stands_in,
)
from article_assistant.index.reading.rows import base_rows, chains, cut, labelled
from article_assistant.index.reading.ruled import grids

BAND = 2.0
"""White space of so many times the size of the type, through all the page's width, parts what is read first."""
MEANING_INDENT = 6.0
"""Sizes of the type that what a term of a list means stands to the right of the term at most."""
PROSE = 60
"""Words that the fullest cells of a page's frame hold where it is a table; with more they are columns of text."""


_Placed = tuple[Box, list[PageBlock]]


def blocks(sheet: Sheet, gaps: list[Box]) -> list[PageBlock]:
    """The blocks of a page in reading order, footnotes last.

    `gaps` is the white space between the columns of the page before, and becomes that of this one if it has some.
    """
    known, now = [*gaps], list[Box]()
    words = [word for word in sheet.words if word.text.strip()]
    found: list[_Placed] = []
    for grid in grids(sheet.rules):
        inside = [word for word in words if stands_in(word, grid.box)]
        if not inside:
            continue
        if len(grid.xs) < 3 and len(grid.ys) < 3:
            continue  # a frame around a text
        held = grid.fill(inside)
        fullest = sorted((len(cell) for cell in held.values()), reverse=True)
        if len(fullest) < 2:
            continue
        words = [word for word in words if not stands_in(word, grid.box)]
        if len(grid.xs) < 3 or statistics.median(fullest[: max(len(fullest) // 4, 2)]) > PROSE:
            # Cells that hold columns of text, or boxes one above the other.
            for (i, j), cell in held.items():
                box = Box(grid.xs[j], grid.ys[i], grid.xs[j + 1], grid.ys[i + 1])
                found.append((box, _region(cell, [], [rule for rule in sheet.rules if _within(rule, box)], [], [])))
        else:
            grid = grid.parted(held)
            found.append((grid.box, [grid.table(grid.fill(inside), sheet.areas)]))
    edges = [Box(area.left, y, area.right, y) for area in sheet.areas for y in (area.top, area.bottom)]
    made = _region(words, found, [*sheet.rules, *edges], known, now)
    gaps[:] = now or known
    return _feet(made)


def _region(
    words: list[PageWord],
    tables: list[_Placed],
    rules: Sequence[Box],
    known: Sequence[Box],
    gaps: list[Box],
    depth: int = 0,
) -> list[PageBlock]:
    """The blocks of a part of a page in reading order; where columns go through it, each column is a part.

    The white space between them is put to `gaps`.
    """
    columns = column_gap(base_rows(words), [box for box, _ in tables], rules, known) if depth < 20 else None
    if columns:
        between = (columns.left + columns.right) / 2

        def part(x: float, y: float) -> int:
            return 0 if y < columns.top else 3 if y > columns.bottom else 1 if x < between else 2

        split: list[tuple[list[PageWord], list[_Placed]]] = [([], []) for _ in range(4)]
        for word in words:
            split[part((word.left + word.right) / 2, word.base)][0].append(word)
        for box, held in tables:
            split[part((box.left + box.right) / 2, (box.top + box.bottom) / 2)][1].append((box, held))
        if sum(bool(inside or placed) for inside, placed in split) > 1:
            gaps.append(columns)
            return [
                block for inside, placed in split for block in _region(inside, placed, rules, known, gaps, depth + 1)
            ]
    loose = _loose(words, rules)
    texts = [block for block in loose if isinstance(block, Text)]
    for block in texts:
        size = block.lines[-1].size
        block.column = max(line.right for one in texts for line in one.lines if abs(line.size - size) < 0.3)
    found = _with_tables([*tables, *((block.box, [block]) for block in loose)])
    size = statistics.median(word.size for word in words) if words else 0.0
    bands = _bands(found, BAND * size)
    return [block for band in bands for i in _order([box for box, _ in band], size) for block in band[i][1]]


def _bands(found: list[_Placed], wide: float) -> list[list[_Placed]]:
    """What stands on a page, parted where white space, so wide, goes through all its width."""
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
        whole = box_around([box, *(found[i][0] for i in beside)])
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


def _loose(words: Sequence[PageWord], rules: Sequence[Box]) -> list[PageBlock]:
    """The blocks of words that stand in no drawn table, in no order."""
    rows = cut(base_rows(words), rules)
    flat = [rule for rule in rules if rule.top == rule.bottom]
    found: list[PageBlock] = []
    rest: list[list[PageLine]] = []
    at = 0
    while at < len(rows):
        end = table_end(rows, at)
        made = aligned_table(rows[at:end], flat) if end - at >= 2 else None
        if made:
            found.append(made[0])
            rest += [[line] for line in made[1]]
        else:
            end = max(end, at + 1)
            rest += rows[at:end]
        at = end
    lines = [line for row in rest for line in labelled(row)]
    found += chains(lines)
    return found


def _order(boxes: Sequence[Box], size: float = 0.0) -> list[int]:
    """Indices of boxes in reading order; lines of this size that are near one another are in one column."""
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
            elif _is_outdented(a, b, size, boxes):
                after[j].add(i)
                waits[i] += 1
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


def _is_outdented(a: Box, b: Box, size: float, boxes: Sequence[Box]) -> bool:
    """Whether a short line is right below others, farther to the left where none is beside them, as a next term is."""
    inward = a.right <= b.left + 1 and b.left - a.left < MEANING_INDENT * size
    beside = any(c.right <= b.left and c.top < b.bottom - 1 and c.bottom > b.top + 1 for c in boxes)
    return inward and not beside and -0.3 * size < a.top - b.bottom < 0.75 * size


def _feet(ordered: list[PageBlock]) -> list[PageBlock]:
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


def _within(rule: Box, box: Box) -> bool:
    return rule.left >= box.left and rule.right <= box.right and rule.top >= box.top and rule.bottom <= box.bottom
