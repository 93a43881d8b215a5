"""The tables of an article's text, read back from their rows: `Room: Alder | Seats: 12`, a line each."""

import math
import re
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from article_assistant.answering.rank import is_row
from article_assistant.index.keyword import stems
from article_assistant.index.types import Article, Hit

YES, NO = frozenset({"yes", "true", "y", "x"}), frozenset({"no", "false", "n", "-", "–", "—", ""})
"""What cells say in small letters that only tell whether a row has what their column is named after."""
ALIKE, APART = 0.8, 0.3
"""The share of cells in a row that are alike in a table on its side, at least, and how much fewer are in a column."""
_FIGURE, _WORDS = re.compile(r"\d+(?:[.,]\d+)*"), re.compile(r"[^\W\d]+(?:\W+[^\W\d]+)*")
_NOTE_MARK = re.compile(r"(?<=.)(?:[¹²³⁰-⁹*†‡]+|\[\d+\])$")


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
    return _records(hit, lines_around(hit.article.text, at))


def lines_around(text: str, at: int) -> list[tuple[int, int]]:
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


def on_its_side(table: Records) -> Records | None:
    """A table with its columns as rows, each resting on all of it, where its first cells name what the columns have.

    None where they may not: the cells of a row are far more alike than those of a column, or all are ticks and crosses.
    """
    first, *others = table.columns
    labels = [row.get(first, "") for row in table.rows]
    if len(others) < 2 or len({"", first, *labels}) < len(labels) + 1 + bool(first):
        return None
    cells = [[row.get(name, "") for name in others] for row in table.rows]
    signs = all(plain_sign(cell) in YES | NO for row in cells for cell in row)
    across = _alike(cells)
    if not signs and (across < ALIKE or _alike(zip(*cells, strict=True)) > across - APART):
        return None
    rows = [
        {"": name, **{label: row[i] for label, row in zip(labels, cells, strict=True) if row[i]}}
        for i, name in enumerate(others)
    ]
    whole = (table.spans[0][0], table.spans[-1][1])
    return replace(table, columns=("", *labels), rows=tuple(rows), spans=(whole,) * len(rows), units={})


def views(question: str, table: Records) -> list[Records]:
    """A table as it stands, and turned where it may be on its side; as it stands then only if its corner is named."""
    turned, corner = on_its_side(table), set(stems(table.columns[0]))
    if turned and corner and not corner <= set(stems(question)):
        return [turned]
    return [table, turned] if turned else [table]


def row_named(question: str, table: Records) -> int | None:
    """The place of the one row whose first cell stands in a question, the longest where one holds another."""
    asked = f" {' '.join(stems(question))} "
    labels = [" ".join(stems(row.get(table.columns[0], ""))) for row in table.rows]
    named = [i for i, label in enumerate(labels) if label and f" {label} " in asked]
    named = [i for i in named if not any(f" {labels[i]} " in f" {labels[j]} " for j in named if j != i)]
    return named[0] if len(named) == 1 else None


def _alike(lines: Iterable[Sequence[str]]) -> float:
    """The share of pairs of cells in one line that look alike: figures, with the same signs between them, or words."""

    def shape(cell: str) -> str:
        return "yes" if plain_sign(cell) in YES | NO else _WORDS.sub("a", _FIGURE.sub("0", cell.strip("~≈ ")))

    same = pairs = 0
    for line in lines:
        shapes = Counter(map(shape, line))
        same += sum(math.comb(many, 2) for many in shapes.values())
        pairs += math.comb(shapes.total(), 2)
    return same / max(pairs, 1)


def plain_sign(cell: str) -> str:
    """A cell in small letters, a tick or a cross, of which there are many, as "yes" or "no"."""
    sign = _NOTE_MARK.sub("", cell.strip().lower()).removesuffix("\ufe0f")
    name = unicodedata.name(sign, "") if len(sign) == 1 else ""
    return "yes" if re.search(r"\bCHECK\b", name) else "no" if re.search("CROSS MARK|BALLOT X", name) else sign


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
        for at, _ in hit.chunk.sentences:
            if not is_row(hit.article.text, at) or any(at in table for table in seen[hit.article.id]):
                continue
            lines = lines_around(hit.article.text, at)
            seen[hit.article.id].append(range(lines[0][0], lines[-1][1]))
            if found := _records(hit, lines):
                yield found
