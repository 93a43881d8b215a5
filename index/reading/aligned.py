"""Tables without drawn lines: rows of short lines that stand in columns."""

import re
import statistics
from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import pairwise

from article_assistant.index.reading.lines import LABEL, joined
from article_assistant.index.reading.placed import Box, PageLine, Table, box_around
from article_assistant.index.reading.rows import NEAR_LABEL

HEADS_MOST = 3
"""Rows of names that a table without lines may have."""
CLEAR = 0.3
"""Sizes of the type that the white space between rows is wider than that between the lines of a cell."""
LEADING = 1.75
"""Sizes of the type that the base lines of a cell are apart at most."""
_DIGITS = re.compile(r"\d")
FIGURE = re.compile(r"[\d.,%()$€£/+-]+")
_OPEN = re.compile(r"[^.!?:;)]$")


def table_end(rows: list[list[PageLine]], at: int) -> int:
    """Behind the last row of what may be a table that begins at row `at`."""
    if len(rows[at]) < 2 or _is_numbered(rows[at]):
        return at
    end, last, columns = at + 1, at + 1, _spans((line.left, line.right) for line in rows[at])
    while end < len(rows):
        row, before = rows[end], rows[end - 1]
        if row[0].top - max(line.bottom for line in before) > 1.5 * row[0].size or _is_numbered(row):
            break
        if len(row) == 1 and row[0].size > 1.15 * before[0].size:
            break  # a heading
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


def _is_numbered(row: Sequence[PageLine]) -> bool:
    """Whether a row is a number or a bullet, and near it what it stands before."""
    return (
        len(row) == 2 and bool(LABEL.fullmatch(row[0].text)) and row[1].left - row[0].right < NEAR_LABEL * row[0].size
    )


def aligned_table(rows: list[list[PageLine]], flat: Sequence[Box] = ()) -> tuple[Table, list[PageLine]] | None:
    """A table of these rows and the lines of a text beside it; None where they are columns of text or too few.

    `flat` are the level lines and edges of coloured areas on the page, which part rows.
    """
    over, spans = _columns_below(rows)
    several = [row for row in rows if len(row) >= 2]
    figures = all(FIGURE.fullmatch(row[-1].text) for row in several)
    if len(spans) < 2 or len(several) < (2 if len(spans) > 2 or figures else 3):
        return None
    cells = [_placed(row, spans, i < over) for i, row in enumerate(rows)]
    beside = [line for each in cells[over:] for line in each[-1]]
    if len(spans) > 2 and _runs(beside):
        rest = [row for each in cells if (row := [line for cell in each[:-1] for line in cell])]
        made = aligned_table(rest, flat)
        return (made[0], made[1] + beside) if made else None
    starts, drawn = _row_starts(cells, flat)
    if not drawn and (_go_on_below(cells) or _are_texts(cells, len(several) > 0.8 * len(rows))):
        return None
    texts_of: list[list[str]] = []
    bold = []
    base = 0.0
    for placed, start in zip(cells, starts, strict=True):
        texts = [joined([line.text for line in cell]) for cell in placed]
        above, base = base, next(line.base for cell in placed for line in cell)
        if start:
            if drawn and texts_of:
                between = [one for one in flat if above - 1 < one.top < base - 1]
                for j, (begin, end) in enumerate(spans):
                    if not texts[j] and not any(one.left < (begin + end) / 2 < one.right for one in between):
                        texts[j] = texts_of[-1][j]  # a cell over several rows, with no line through it
            texts_of.append(texts)
            bold.append(all(line.bold for cell in placed for line in cell))
        else:
            texts_of[-1] = [joined([a, b]) if a and b else a or b for a, b in zip(texts_of[-1], texts, strict=True)]
    tall = sum(starts[: over + 1])
    if not over and not all(bold):
        tall = min(max(bold.index(False), 1), HEADS_MOST)
    name_all_below(texts_of[:tall])
    box = box_around([line for row in rows for line in row])
    whole = with_head(texts_of, bold, [False] * len(texts_of), tall, box, [left for left, _ in spans])
    below = [one for one in flat if base < one.top < box.bottom + rows[-1][0].size]
    under = [
        j for j, (begin, end) in enumerate(spans) if any(one.left < (begin + end) / 2 < one.right for one in below)
    ]
    whole.unclosed = frozenset(range(len(spans))) - {*under} if under else frozenset()
    return whole, []


def name_all_below(heads: list[list[str]]) -> None:
    """Put a name that stands at the left of the columns which it is over into each of them."""
    for names, below in pairwise(heads):
        for j in range(1, len(names)):
            if below[j - 1] and below[j] and not names[j]:
                names[j] = names[j - 1]


def _columns_below(rows: list[list[PageLine]]) -> tuple[int, list[tuple[float, float]]]:
    """How many rows hold names over several columns, and the stretches of the columns below them."""
    best = 0, _spans((line.left, line.right) for row in rows for line in row)
    for over in range(1, min(HEADS_MOST, len(rows) - 2)):
        if any(_DIGITS.search(line.text) for line in rows[over - 1]):
            break
        spans = _spans((line.left, line.right) for row in rows[over:] for line in row)
        if len(spans) > len(best[1]) > 1:
            best = over, spans
    return best


def _placed(row: Sequence[PageLine], spans: Sequence[tuple[float, float]], is_over: bool) -> list[list[PageLine]]:
    """The lines of each column of a row; in a row of names, one stands in each column that it stands over."""
    placed = [list[PageLine]() for _ in spans]
    lefts = [left for left, _ in spans]
    for k, line in enumerate(row):
        at = max(bisect(lefts, line.left + 0.01) - 1, 0)
        if is_over:
            # A name may be narrower than what is below it: it reaches to the next name.
            end = row[k + 1].left if k + 1 < len(row) else line.right
            covered = [j for j, (left, right) in enumerate(spans) if left < end and right > line.left]
            for j in covered or [at]:
                placed[j].append(line)
        else:
            placed[at].append(line)
    return placed


def _row_starts(cells: list[list[list[PageLine]]], flat: Sequence[Box]) -> tuple[list[bool], bool]:
    """Whether each row of lines begins a row of the table, and whether drawn lines say so."""
    firsts = [next(line for cell in row for line in cell) for row in cells]
    lasts = [[line for cell in row for line in cell] for row in cells]
    size = statistics.median(line.size for line in firsts)
    gaps = [b.base - a.base for a, b in pairwise(firsts)]
    left, right = min(line.left for row in lasts for line in row), max(line.right for row in lasts for line in row)

    def is_drawn(top: float, row: list[PageLine]) -> bool:
        """Whether lines, or pieces of one, go through half of the width, or over all cells of the row below."""
        below = [one for one in flat if top < one.top < row[0].base - 0.4 * row[0].size]
        pieces = {(round(one.left), round(one.right)) for one in below}
        over = all(any(begin < line.left - 2 and line.right + 2 < end for begin, end in pieces) for line in row)
        wide = sum(max(min(end, right) - max(begin, left), 0) for begin, end in pieces)
        return wide > 0.5 * (right - left) or (over and len(row) > 1)

    drawn = [is_drawn(a.base - 1, b) for a, b in zip(firsts, lasts[1:], strict=False)]
    least, most = min(gaps, default=0.0), max(gaps, default=0.0)
    white = [gap > (least + most) / 2 for gap in gaps] if most - least > CLEAR * size else []
    if drawn and all(drawn):
        return [True] * len(cells), True
    for parts in (drawn, white):
        inner = [gap for gap, part in zip(gaps, parts, strict=False) if not part]
        outer = [gap for gap, part in zip(gaps, parts, strict=False) if part]
        if not inner or len(outer) < 2 or (parts is white and max(inner) > LEADING * size):
            continue
        starts = [True, *parts]
        if parts is white and (max(inner) - min(inner) > 0.1 * size or min(inner) < 0.9 * size):
            continue  # lines of what stands beside it
        if parts is drawn:  # a white row below white names has no edge
            starts = [True, *(part or gap > min(outer) - 0.15 * size for part, gap in zip(parts, gaps, strict=True))]
            inner = [gap for gap, start in zip(gaps, starts[1:], strict=True) if not start]
        if inner and max(inner) < min(outer) - 0.15 * size and _wraps(cells, starts):
            return starts, parts is drawn
    usual = statistics.median(gaps) if gaps else 0.0
    starts = [True]
    for row, gap in zip(cells[1:], gaps, strict=True):
        texts = [cell[0].text for cell in row if cell]
        starts.append(bool(row[0]) or not (gap < 0.85 * usual or all(text[:1].islower() for text in texts)))
    return starts, False


def _wraps(cells: list[list[list[PageLine]]], starts: Sequence[bool]) -> bool:
    """Whether lines that begin no row go on some cells of theirs, and leave others empty."""
    first: list[list[PageLine]] = []
    on = alone = 0
    for row, start in zip(cells, starts, strict=True):
        if start:
            first = row
        else:
            on += 1
            alone += any(a and not b for a, b in zip(first, row, strict=True))
    return alone > 0.5 * on


def _go_on_below(cells: list[list[list[PageLine]]]) -> bool:
    """Whether lines that stand beside one another go on below, each in its column: they are columns of text."""
    pairs = [(a[j][0], b[j][0]) for a, b in pairwise(cells) for j in range(len(a)) if a[j] and b[j]]
    running = sum(
        bool(_OPEN.search(a.text)) and b.text[:1].islower() and len(a.words) > 2 and len(b.words) > 1 for a, b in pairs
    )
    return running > 0.2 * len(pairs)


def _are_texts(cells: list[list[list[PageLine]]], is_full: bool) -> bool:
    """Whether columns hold lines of a text; the last one of a table may, where not all rows have it."""
    prose = []
    for column in zip(*cells, strict=True):
        lines = [line for cell in column for line in cell]
        wide = max(line.right - line.left for line in lines)
        words = statistics.mean(len(line.words) for line in lines)
        full = statistics.mean((line.right - line.left) / wide for line in lines)
        prose.append(len(lines) > 1 and words >= 3.5 and (full > 0.72 or words > 6))
    return all(prose) or any(prose[:-1]) or (prose[-1] and len(prose) == 2 and is_full)


def with_head(
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
        form = any(cell.endswith(":") for cell in rows[0])  # names of what stands beside them
        if (
            named >= max(2, width // 2)
            and not (form and not other)
            and (other or figures or (width > 2 and not any(map(_DIGITS.search, rows[0]))))
        ):
            headers = min(tall, len(rows) - 1)
    return Table(rows, headers, box, edges, bold=all(bold))


def _spans(stretches: Iterable[tuple[float, float]]) -> list[tuple[float, float]]:
    """The columns that lines stand in: stretches of the page's width that they cover together."""
    found: list[tuple[float, float]] = []
    for left, right in sorted(stretches):
        if found and left <= found[-1][1] + 2:
            found[-1] = (found[-1][0], max(found[-1][1], right))
        else:
            found.append((left, right))
    return found


def _runs(lines: Sequence[PageLine]) -> bool:
    """Whether lines, one below the other, are a text that runs on from each to the next."""
    pairs = list(pairwise(lines))
    on = sum(bool(_OPEN.search(a.text)) and b.text[:1].islower() and len(a.words) > 2 for a, b in pairs)
    return len(pairs) > 0 and on >= max(len(pairs) / 3, 1) and statistics.mean(len(line.words) for line in lines) >= 3.5


def as_form(row: Sequence[str]) -> tuple[list[str], list[str]]:
    """Names and values of a row without names of columns: of two cells, and of those that end with a colon."""
    cells = [cell for cell in row if cell]
    if len(cells) == len(row) == 2 and any(map(str.isalpha, cells[0])):
        return [cells[0].rstrip(":")], cells[1:]
    names, values = list[str](), list[str]()
    for cell in cells:
        if len(values) < len(names):
            values.append(cell)
        else:
            names.append(cell.rstrip(":") if cell.endswith(":") else "")
            values += [] if cell.endswith(":") else [cell]
    return ([*names[:-1], ""], [*values, cells[-1]]) if len(values) < len(names) else (names, values)
