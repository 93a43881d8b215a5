"""How certain it is that a cell of a table is the one asked for: its row and its column are meant, and nothing is left.

The signs of that are weighed by a logistic regression, which `training/cells.py` fits.
"""

import heapq
import json
import re
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from article_assistant.answering.asked import same_root
from article_assistant.answering.meant import Alike
from article_assistant.answering.numbers import in_digits
from article_assistant.answering.question import kind_of
from article_assistant.answering.rank import PROPER, Contender, share
from article_assistant.answering.records import NO, YES, Records, lines_around, plain_sign, table_at, views
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.reading.lines import CELLS

CELL_WEIGHTS = Path(__file__).parents[1] / "models" / "cells.json"
WHOLE_CELL = 6
"""Words of a cell that is given whole."""
RIVALS = 8
"""Other rows that a cell's own is compared with: those that share most words with the question."""
Row = Sequence[tuple[str, str]]
"""The cells of a row behind the names of their columns, "" where one has none."""
_SEVERAL = re.compile(r"(?i)^(?:which|what) (?!(?:does|has|was)\b)\w+[^s\W]s\b")


class Signs(NamedTuple):
    """What is known of a question and a cell, each about -1 to 1."""

    row_said: float
    row_said_whole: float
    row_ahead: float
    column_said: float
    column_said_whole: float
    column_meant: float
    left: float
    names_left: float
    confidence: float
    says_nothing: float
    in_first_column: float
    several: float
    summed: float


def is_certain(question: str, best: Contender, confidence: float, alike: Alike | None) -> bool:
    """Whether the best words answer for sure, where they stand in a row that names its columns.

    `confidence` is that of the answer, 0 to 1, by its text; without `alike`, it is known by its words only.
    """
    seen, model = signs(question, best, confidence, alike), _learned()
    return seen is None or bool(np.dot(seen, model["weights"]) + model["bias"] >= model["least"])


def asks_several(question: str) -> bool:
    """Whether a question asks for several rows, as "Which rooms …?" does."""
    return kind_of(question) == "list" or bool(_SEVERAL.search(question))


def cell_of(best: Contender) -> str:
    """All of the cell that the best words stand in, without the name of its column."""
    text, begin = best.hit.article.text, best.hit.article.text.rfind("\n", 0, best.first) + 1
    return _named_cells(text[begin:].partition("\n")[0])[text[begin : best.first].count(CELLS)][1]


def whole_cell(best: Contender) -> Contender:
    """The best words with all of their cell, where it is not long: "48 WU" for "48", and "O(k)" for "O(k"."""
    text, cell = best.hit.article.text, cell_of(best)
    start = text.rfind(cell, 0, best.first + len(cell))
    end = start + len(cell)
    short = 0 < len(cell.split()) <= WHOLE_CELL
    return replace(best, first=start, last=end) if short and start <= best.first < best.last <= end else best


@cache
def _learned() -> dict[str, Any]:
    model: dict[str, Any] = json.loads(CELL_WEIGHTS.read_text(encoding="utf-8"))
    if model["signs"] != list(Signs._fields):
        raise ValueError(f"{CELL_WEIGHTS} was made for other signs; make it anew with training/cells.py")
    return model


def signs(question: str, best: Contender, confidence: float, alike: Alike | None) -> Signs | None:
    """What tells whether the cell of the best words is the one that a question asks for; None where none is named."""
    text, hit = best.hit.article.text, best.hit
    spans = lines_around(text, best.first)
    rows: Sequence[Row] = [_named_cells(text[a:b]) for a, b in spans]
    at = next(i for i, (a, b) in enumerate(spans) if a <= best.first < b)
    begin, end = spans[at]
    place = text[begin : best.first].count(CELLS)
    if not any(name for name, _ in rows[at][1:]):
        return None
    if place and (table := table_at(hit, best.first)):
        rows, at, place = _as_meant(question, table, rows, at, place)
    row = rows[at]
    name, cell = row[place]
    columns = [one for one, _ in max(rows[:100], key=len)]
    others = [one for one in dict.fromkeys(columns) if one != name]
    above = text[: spans[0][0]].rstrip().rpartition("\n")[2]
    around = {*stems(f"{hit.article.title} {hit.chunk.heading} {above}"), *stems(columns[0])}
    asked = [word for word in dict.fromkeys(stems(in_digits(question))) if word not in UNASKED]

    def held(row: Row) -> set[str]:
        return {word for one, said in row if one != name for word in stems(said)}

    def shared(row: Row) -> int:
        text = " ".join(said for _, said in row).casefold()
        return sum(word in text for word in asked)

    own = held(row)
    rivals = heapq.nlargest(RIVALS, (one for i, one in enumerate(rows) if i != at), shared)
    value = max(
        [said for i, (_, said) in enumerate(row) if i != place],
        key=lambda said: share(asked, set(stems(said))),
    )
    asking = [f"What is the {one} of {value}?" for one in [name, *others]]
    asking += [f"What is the {sign} {name}?" for sign in ("sum of all", "average", "total")]
    cosines = list(map(float, alike(question, asking))) if alike else [0.0] * len(asking)
    other, sums = cosines[1 : 1 + len(others)], cosines[1 + len(others) :]
    said, named = _share_said(value, asked), _share_said(name, asked)
    known = {*around, *own, *stems(name)}
    left = [word for word in asked if word not in known and not any(same_root(word, one) for one in stems(name))]
    return Signs(
        row_said=said,
        row_said_whole=float(said == 1),
        row_ahead=share(asked, own) - max((share(asked, held(one)) for one in rivals), default=0.0),
        column_said=named,
        column_said_whole=float(named == 1),
        column_meant=cosines[0] - max(other, default=0.0),
        left=sum(map(len, left)) / max(sum(map(len, asked)), 1),
        names_left=float(bool(set(stems(" ".join(PROPER.findall(question)))) - UNASKED - known - set(stems(cell)))),
        confidence=float(np.clip(np.log(confidence / (1 - confidence + 1e-9) + 1e-9), -5, 5)) / 5,
        says_nothing=float(_says_nothing(best, cell, end)),
        in_first_column=float(place == 0),
        several=float(asks_several(question)),
        summed=max(sums) - cosines[0],
    )


def _as_meant(
    question: str, table: Records, rows: Sequence[Row], at: int, place: int
) -> tuple[Sequence[Row], int, int]:
    """The rows, that of a cell and its place in it; those of the turned table, where it stands on its side."""
    meant, label, column = views(question, table)[0], rows[at][0][1], rows[at][place][0]
    if meant is table or label not in meant.columns:  # a row of units is none of the turned table
        return rows, at, place
    at = table.columns[1:].index(column)
    return [list(row.items()) for row in meant.rows], at, list(meant.rows[at]).index(label)


def _named_cells(line: str) -> Row:
    pairs = [(name, said) for name, _, said in (cell.partition(": ") for cell in line.split(CELLS))]
    return [(name, said) if said else ("", name) for name, said in pairs]


def _share_said(name: str, asked: Sequence[str]) -> float:
    """The share of a name that a question says, a word of the same root counting, too."""
    words = stems(name)
    return share(words, {word for word in words if word in asked or any(same_root(word, one) for one in asked)})


def _says_nothing(best: Contender, cell: str, end: int) -> bool:
    """Whether the best words are a mark, a "yes" or the like, or stand in the name of the column."""
    behind = best.hit.article.text[best.first : end].partition(CELLS)[0]
    return not any(map(str.isalnum, best.words)) or plain_sign(best.words) in YES | NO or len(behind) > len(cell)
