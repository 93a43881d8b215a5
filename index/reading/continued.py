"""Tables that a column or a page breaks: a row that stands alone beside the break is one of the table beyond it."""

from collections.abc import Iterator, Sequence

from article_assistant.index.reading.aligned import HEADS_MOST, name_all_below
from article_assistant.index.reading.placed import PageBlock, PageLine, Table, Text, box_around
from article_assistant.index.reading.rows import GUTTER
from article_assistant.index.reading.ruled import LEVEL

MOVED = 6.0
"""Points by which the columns of two parts of a table may differ."""


def are_same_columns(edges: Sequence[float], others: Sequence[float]) -> bool:
    """Whether columns are as far apart as others."""
    aside = edges[0] - others[0]
    return len(edges) == len(others) and all(abs(a - b - aside) < MOVED for a, b in zip(edges, others, strict=True))


def join_broken(pages: Sequence[list[PageBlock]]) -> None:
    """Make rows of the lines that are cells of a table beyond the break beside them; changes the pages."""
    before: list[PageBlock] = []
    parted = [_columns(page) for page in pages]
    for columns in parted:
        for column in columns:
            last = before[-1] if before else None
            if isinstance(last, Table):
                _rows_behind(column, last)
                _names_behind(before, column, last)
            elif last and isinstance(column[0], Table):
                _rows_before(before, column[0])
            before = column
    for page, columns in zip(pages, parted, strict=True):
        feet = [one for one in page if isinstance(one, Text) and one.foot]
        page[:] = [*(block for column in columns for block in column), *feet]


def _columns(page: Sequence[PageBlock]) -> list[list[PageBlock]]:
    """The blocks of a page without footnotes, parted where one begins above the one before it, or beside a table."""
    columns: list[list[PageBlock]] = []
    for block in page:
        if not (isinstance(block, Text) and block.foot):
            above = columns[-1][-1] if columns else None
            with_table = isinstance(above, Table) or isinstance(block, Table)
            if above is None or block.box.top < (above.box.bottom if with_table else above.box.top) - LEVEL:
                columns.append([])
            columns[-1].append(block)
    return columns


def _rows_behind(column: list[PageBlock], table: Table) -> None:
    """Make rows of a table of the lines that a column begins with."""
    rows, used, edges = list[list[str]](), list[PageLine](), table.edges
    for lines in _outer_rows(column, 0):
        found = _row_of(lines, table.edges)
        if not found:
            break
        cells, edges = found
        rows.append(cells)
        used += lines
    if not rows:
        return
    _take(column, used)
    rest = column[0] if column else None
    if isinstance(rest, Table) and not rest.headers and are_same_columns(rest.edges, edges):
        rest.rows[:0] = rows
    else:
        column.insert(0, Table(rows, 0, box_around(used), edges))


def _names_behind(before: list[PageBlock], column: list[PageBlock], table: Table) -> None:
    """Give names that stand alone before a break to the rows behind it."""
    rest = column[0]
    if not isinstance(rest, Table) or rest.headers or rest.bold or not table.bold or len(table.rows) > HEADS_MOST:
        return
    if are_same_columns(rest.edges, table.edges):
        rest.rows[:0], rest.headers = table.rows, len(table.rows)
        before.remove(table)


def _rows_before(column: list[PageBlock], table: Table) -> None:
    """Make rows of a table, or names of its columns, of the lines that a column ends with."""
    rows: list[tuple[list[str], list[PageLine]]] = []
    for lines in _outer_rows(column, -1):
        found = _row_of(lines, table.edges)
        if not found:
            break
        rows.insert(0, (found[0], lines))
    heads = table.rows[: table.headers]
    if heads:
        used = rows[-len(heads) :]
        if [cells for cells, _ in used] != heads:
            return  # else the names are said again behind the break
    else:
        used = []
        for cells, lines in rows[: -HEADS_MOST - 1 : -1]:
            if all(line.bold for line in lines):
                used.insert(0, (cells, lines))
        names = [cells for cells, _ in used]
        name_all_below(names)
        if names and all(map(any, zip(*names, strict=True))):
            table.rows[:0], table.headers = names, len(names)
        else:
            used = rows
            column += [Table([cells], 0, box_around(lines), table.edges) for cells, lines in used[:]]
    for _, lines in used:
        _take(column, lines)


def _outer_rows(column: Sequence[PageBlock], end: int) -> Iterator[list[PageLine]]:
    """The lines of a column by base line, from its first (`end` 0) or last one (-1) to a table."""
    texts: list[list[PageLine]] = []
    for block in column[:: -1 if end else 1]:
        if isinstance(block, Table):
            break
        texts.append([*block.lines])
    while texts := [lines for lines in texts if lines]:
        base = texts[0][end].base
        yield [lines.pop(end) for lines in texts if abs(lines[end].base - base) < LEVEL]


def _take(column: list[PageBlock], lines: Sequence[PageLine]) -> None:
    """Take lines out of the texts of a column."""
    gone = set(map(id, lines))
    for block in [*column]:
        if isinstance(block, Text) and not gone.isdisjoint(map(id, block.lines)):
            block.lines = [line for line in block.lines if id(line) not in gone]
            if block.lines:
                block.box = box_around(block.lines)
            else:
                column.remove(block)


def _row_of(lines: Sequence[PageLine], edges: Sequence[float]) -> tuple[list[str], list[float]] | None:
    """The cells that lines on one base line are in columns with such edges, and where these are; None if they are not.

    Each of two cells or more begins at the edge of its column, behind white space, and ends before the next edge.
    """
    words = sorted((word for line in lines for word in line.words), key=lambda word: word.left)
    if max(line.size for line in lines) > 1.15 * min(line.size for line in lines):
        return None
    for edge in edges:
        moved = [other + words[0].left - edge for other in edges]
        cells = [list[str]() for _ in edges]
        at, right = -1, -1e9
        for word in words:
            apart = word.left - right
            begins = next((j for j, left in enumerate(moved) if abs(word.left - left) < LEVEL), None)
            if begins is not None and begins > at and apart > GUTTER * word.size:
                at = begins
            elif apart > GUTTER * word.size or any(left < word.right for left in moved[at + 1 :]):
                break
            cells[at].append(word.text)
            right = word.right
        else:
            if sum(map(bool, cells)) > 1:
                return [" ".join(cell) for cell in cells], moved
    return None
