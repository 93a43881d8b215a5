"""The tables of an article's text, read back from their rows: `Room: Alder | Seats: 12`, a line each."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from article_assistant.answering.rank import is_row
from article_assistant.index.keyword import stems
from article_assistant.index.types import Article, Hit


@dataclass(frozen=True, slots=True)
class Records:
    """The rows of a table, each its cells by column and its characters `[start, end)` in the article's text.

    `place` are the words (stems) of the article's title, the headings and the line above. A row of units right below
    the names of the columns, which names nothing itself, is none of the `rows`; `units` has what it says, by column.
    """

    article: Article
    columns: tuple[str, ...]
    rows: tuple[dict[str, str], ...]
    spans: tuple[tuple[int, int], ...]
    place: frozenset[str]
    units: dict[str, str]


def table_at(hit: Hit, at: int) -> Records | None:
    """The table that a place in the text of a hit stands in; None where there is none, or it is not surely read.

    Each row names its columns, in one order; a first column without a name is called "".
    """
    return _records(hit, _lines_around(hit.article.text, at))


def _lines_around(text: str, at: int) -> list[tuple[int, int]]:
    """The rows, each its characters `[start, end)`, that stand together where one is."""
    lines = list[tuple[int, int]]()
    first = text.rfind("\n", 0, at) + 1
    while first and is_row(text, first - 1):
        first = text.rfind("\n", 0, first - 1) + 1
    while first < len(text) and is_row(text, first):
        end = text.find("\n", first) % (len(text) + 1)
        lines.append((first, end))
        first = end + 1
    return lines


def _records(hit: Hit, lines: list[tuple[int, int]]) -> Records | None:
    text = hit.article.text
    rows = [[cell.partition(": ")[::2] for cell in text[a:b].split(" | ")] for a, b in lines]
    rows = [[("", name) if not said and not i else (name, said) for i, (name, said) in enumerate(row)] for row in rows]
    widest = [name for name, _ in max(rows, key=len, default=[])]
    certain = len(rows) > 1 and len(set(widest)) == len(widest) > 1
    if not certain or not all(_ordered_as([name for name, _ in row], widest) for row in rows):
        return None
    if any(not said.strip() for row in rows for _, said in row):
        return None
    above = text[: lines[0][0]].rstrip().rpartition("\n")[2]
    units = dict[str, str]()
    if len(rows) > 2 and [name for name, _ in rows[0]] != widest and _are_units(rows, widest[0]):
        units, rows, lines = dict(rows[0]), rows[1:], lines[1:]
    place = frozenset(stems(f"{hit.article.title} {hit.chunk.heading} {above}"))
    return Records(hit.article, tuple(widest), tuple(map(dict, rows)), tuple(lines), place, units)


def _are_units(rows: Sequence[Sequence[tuple[str, str]]], first: str) -> bool:
    """Whether the first row alone lacks the first column and a digit, where the rows below it have figures."""
    lacks = [first not in dict(row) for row in rows]
    figures = [any(any(map(str.isdigit, said)) for _, said in row) for row in rows]
    return lacks == [True] + [False] * (len(rows) - 1) and figures == [False] + [True] * (len(rows) - 1)


def _ordered_as(names: list[str], among: list[str]) -> bool:
    left = iter(among)
    return all(name in left for name in names)


def tables_of(hits: Sequence[Hit]) -> Iterator[Records]:
    """The tables that the sentences of the hits stand in, each once."""
    seen = defaultdict[str, list[range]](list)  # where the tables of each article stand: to read a long one takes time
    for hit in hits:
        at = next((start for start, _ in hit.chunk.sentences if is_row(hit.article.text, start)), None)
        if at is None or any(at in table for table in seen[hit.article.id]):
            continue
        lines = _lines_around(hit.article.text, at)
        seen[hit.article.id].append(range(lines[0][0], lines[-1][1]))
        if found := _records(hit, lines):
            yield found
