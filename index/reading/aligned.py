"""Tables without drawn lines: rows of short lines that stand in columns."""

import re
import statistics
from bisect import bisect
from collections.abc import Iterable, Sequence
from itertools import pairwise

from article_assistant.index.reading.lines import LABEL, joined
from article_assistant.index.reading.placed import Box, PageLine, Table, box_around

_DIGITS = re.compile(r"\d")
_FIGURE = re.compile(r"[\d.,%()$€£/+-]+")
_OPEN = re.compile(r"[^.!?:;)]$")


def table_end(rows: list[list[PageLine]], at: int) -> int:
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


def aligned_table(rows: list[list[PageLine]]) -> tuple[Table, list[PageLine]] | None:
    """A table of these rows and the lines of a text beside it; None where they are columns of text or too few."""
    spans = _spans((line.left, line.right) for row in rows for line in row)
    several = [row for row in rows if len(row) >= 2]
    figures = all(_FIGURE.fullmatch(row[-1].text) for row in several)
    if len(spans) < 2 or len(several) < (2 if len(spans) > 2 or figures else 3):
        return None
    cells: list[list[list[PageLine]]] = []
    for each in rows:
        placed = [list[PageLine]() for _ in spans]
        for line in each:
            placed[max(bisect([left for left, _ in spans], line.left + 0.01) - 1, 0)].append(line)
        cells.append(placed)
    beside = [line for each in cells for line in each[-1]]
    if len(spans) > 2 and _runs(beside):
        made = aligned_table([row for each in cells if (row := [line for cell in each[:-1] for line in cell])])
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
    return with_head(texts_of, bold, [False] * len(texts_of), 1, box_around(lines), [left for left, _ in spans]), []


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
        if named >= max(2, width // 2) and (other or figures or (width > 2 and not any(map(_DIGITS.search, rows[0])))):
            headers = min(tall, len(rows) - 1)
    return Table(rows, headers, box, edges)


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
