"""How certain it is that a cell of a table is the one asked for: its row and its column are meant.

Reader and judge read the row by itself once more, since among many rows they mistake one for another. What they make of
its cells, and other signs, are weighed by a logistic regression, which `training/cells.py` fits.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import cache, partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from article_assistant.answering.asked import same_root
from article_assistant.answering.meant import Alike
from article_assistant.answering.numbers import in_digits
from article_assistant.answering.question import Kind, fits, kind_of
from article_assistant.answering.rank import PROPER, Contender, share
from article_assistant.answering.reader import NOT_READ, Reader
from article_assistant.answering.records import NO, YES, Records, plain_sign, row_named, table_at, views
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.reading.lines import CELLS, CellSpan, cells_in

CELL_WEIGHTS = Path(__file__).parents[1] / "models" / "cells.json"
WHOLE_CELL = 6
"""Words of a cell that is given whole."""
SUMMED = 0.2
"""How much more a question is like one for a sum than for this cell (cosines) for the sign to be 1."""
Row = Sequence[tuple[str, str]]
"""The cells of a row behind the names of their columns, "" where one has none."""
_SEVERAL = re.compile(r"(?i)^(?:which|what) (?!(?:does|has|was)\b)\w+[^s\W]s\b")


class ReadCell(NamedTuple):
    """A cell that may answer: its best words, and how surely they do by the reader and by reader and judge (logits)."""

    best: Contender
    reader: float
    both: float


class Signs(NamedTuple):
    """What is known of a question and a cell, each about -1 to 1."""

    reader: float
    both: float
    row_said_whole: float
    column_said_whole: float
    names_left: float
    says_nothing: float
    in_first_column: float
    several: float
    summed: float


Certain = Callable[[str, ReadCell, Alike | None], bool]
"""See `is_certain`."""


def is_certain(question: str, cell: ReadCell, alike: Alike | None) -> bool:
    """Whether a cell answers for sure, where its row names its columns; without `alike`, by words and readers alone."""
    seen, model = signs(question, cell, alike), _learned()
    return seen is None or bool(np.dot(seen, model["weights"]) + model["bias"] >= model["least"])


def read_alone(question: str, row: Contender, kind: Kind, reader: Reader) -> ReadCell:
    """The cell of a row that answers best where the row is read by itself, below the title and the heading.

    Where the question names another row of the table by its first cell, it is that one. Words of that `kind` come
    before others.
    """
    table = table_at(row.hit, row.first)
    if table and (at := row_named(question, table)) is not None:
        start, end = table.spans[at]
        row = row if start <= row.first < end else replace(row, start=start, end=end, first=start, last=end)
    cells, place = _own_row(row)
    text, above = row.hit.article.text, f"{row.hit.article.title}\n{row.hit.chunk.heading}\n"
    begin = text.rfind("\n", 0, row.first) + 1
    behind = len(above) - begin
    spans = [(cell.start + behind, cell.end + behind) for cell in cells]
    given = question, [(above + text[begin : cells[-1].end], spans)], partial(fits, kind)
    with reader.turn:
        (alone,), (both,) = reader.read(*given), reader.verify(*given)
    if both[place].score == NOT_READ:  # a long row, of which the passage held another part
        return ReadCell(row, row.logit, row.logit)
    at = max(range(len(spans)), key=lambda i: (both[i].fits, both[i].score))
    best = replace(row, first=both[at].start - behind, last=both[at].end - behind)
    return ReadCell(best, alone[at].score, both[at].score)


def asks_several(question: str) -> bool:
    """Whether a question asks for several rows, as "Which rooms …?" does."""
    return kind_of(question) == "list" or bool(_SEVERAL.search(question))


def cell_of(best: Contender) -> str:
    """All of the cell that the best words stand in, without the name of its column."""
    row, place = _own_row(best)
    return best.hit.article.text[row[place].start : row[place].end]


def whole_cell(best: Contender) -> Contender:
    """The best words with all of their cell, where it is not long: "48 WU" for "48", and "O(k)" for "O(k"."""
    row, place = _own_row(best)
    _, start, end = row[place]
    short = 0 < len(cell_of(best).split()) <= WHOLE_CELL
    return replace(best, first=start, last=end) if short and start <= best.first < best.last <= end else best


@cache
def _learned() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(CELL_WEIGHTS.read_text(encoding="utf-8"))
    if model["signs"] != list(Signs._fields):
        raise ValueError(f"{CELL_WEIGHTS} was made for other signs; make it anew with training/cells.py")
    return model


def signs(question: str, found: ReadCell, alike: Alike | None) -> Signs | None:
    """What tells whether a cell is the one that a question asks for; None where no column is named."""
    best, hit = found.best, found.best.hit
    cells, place = _own_row(best)
    row: Row = [(cell.column, hit.article.text[cell.start : cell.end]) for cell in cells]
    if not any(name for name, _ in row[1:]):
        return None
    table = table_at(hit, best.first)
    if place and table:
        row, place = _as_meant(question, table, row, place)
    name, cell = row[place]
    asked = [word for word in dict.fromkeys(stems(in_digits(question))) if word not in UNASKED]
    others = [said for i, (_, said) in enumerate(row) if i != place]
    value = max(others, key=lambda said: share(asked, set(stems(said))))
    sums = (f"What is the {sign} {name}?" for sign in ("sum of all", "average", "total"))
    asking = [f"What is the {name} of {value}?", *sums]
    one, *all_of_them = map(float, alike(question, asking)) if alike else [0.0] * len(asking)
    place_words = table.place if table else stems(f"{hit.article.title} {hit.chunk.heading}")
    known = {*place_words, *stems(" ".join([row[0][0], name, cell, *others]))}
    return Signs(
        reader=np.tanh(found.reader / 10),
        both=np.tanh(found.both / 10),
        row_said_whole=float(_is_said(value, asked)),
        column_said_whole=float(_is_said(name, asked)),
        names_left=float(bool({*stems(" ".join(PROPER.findall(question)))} - UNASKED - known)),
        says_nothing=float(not any(map(str.isalnum, best.words)) or plain_sign(best.words) in YES | NO),
        in_first_column=float(place == 0),
        several=float(asks_several(question)),
        summed=float(np.clip((max(all_of_them) - one) / SUMMED, 0, 1)),
    )


def _as_meant(question: str, table: Records, row: Row, place: int) -> tuple[Row, int]:
    """A row and the place of a cell in it; those of the turned table, where it stands on its side."""
    meant, label, column = views(question, table)[0], row[0][1], row[place][0]
    if meant is table or label not in meant.columns:  # a row of units is none of the turned table
        return row, place
    turned = list(meant.rows[table.columns[1:].index(column)].items())
    return turned, [name for name, _ in turned].index(label)


def _own_row(best: Contender) -> tuple[list[CellSpan], int]:
    """The cells of the row that the best words stand in, and the place of theirs among them."""
    text = best.hit.article.text
    begin = text.rfind("\n", 0, best.first) + 1
    return cells_in(text[begin:].partition("\n")[0], begin), text[begin : best.first].count(CELLS)


def _is_said(name: str, asked: Sequence[str]) -> bool:
    """Whether a question says each telling word of a name, or one of the same root."""
    words = [word for word in stems(name) if word not in UNASKED]
    return bool(words) and all(word in asked or any(same_root(word, one) for one in asked) for word in words)
