"""Fits how certain it is that a cell of a table is the one asked for.

    python -m training.cells collect WORK    (6 to 16 min; the questions are asked once)
    python -m training.cells fit WORK        (2 min)

It learns from the tables of `bench/tables-*` and from questions about them: those that people wrote, and others by
templates, for a cell of a named row, for the row of a named cell, for rows that share a value, for sums and for the
highest. For the latter a row and a column are left out of each table and asked for, so that near misses are real
ones. Every question goes to the product, with all tables of a folder in one library, the reader's best cell taken for
certain; whether it was right is what `assistant/models/cells.json` learns. Printed is what becomes of the questions
that people wrote when those of each folder are judged with weights that were fitted on the other folders.
"""

import argparse
import json
import pickle
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
from article_assistant.answering.cells import CELL_WEIGHTS, ReadCell, Signs, cell_of, signs
from article_assistant.answering.extract import Extractor
from article_assistant.answering.kind import kinds_of
from article_assistant.answering.meant import Alike, alike_by
from article_assistant.answering.measures import column
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.index.reading.lines import CELLS
from article_assistant.index.reading.parse import Parser
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import ArticleError
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.settings import ACCEPTED_WRONG
from article_assistant.types import User
from numpy.typing import NDArray
from scipy.optimize import minimize

from bench.systems import FILE_LIMIT
from bench.tables import folder_of, judged

SEED = 14
ROWS, COLUMNS = (3, 60), (3, 12)
"""Rows and columns that a table has for which questions are made."""
PENALTY = 10.0
"""Weight of half the squared weights (of signs of unit variance) beside the summed log-loss."""
AGAINST = {"names_left", "says_nothing", "several", "summed"}
"""Signs that never speak for a cell; the others, but for its place, never speak against it."""
WRONG = 0.02
"""The share of the questions that people wrote that may be answered wrongly."""

FOLDERS = tuple(map(folder_of, ("asked", "found", "drawn", "kept", "fresh")))
_HEADING = re.compile(r"#{1,6} (.*)")
CELL = (
    "What is the {column} of {row}?", "What {column} does {row} have?", "{row}: what is its {column}?",
    "Tell me the {column} for {row}.", "What's the {column} for {row}?", "Which {column} is listed for {row}?",
)  # fmt: skip
FIGURE = ("How many {column} does {row} have?", "How much is the {column} of {row}?", "What is the {column} of {row}?")
ROW = ("Which {first} has the {column} {value}?", "What {first} has {value} as its {column}?",
       "Which {first} is {value}?", "For which {first} is the {column} {value}?")  # fmt: skip
ROWS_OF = ("Which {first}s have the {column} {value}?", "List the {first}s whose {column} is {value}.")
MOST = ("Which {first} has the highest {column}?", "Which {first} has the lowest {column}?",
        "What is the highest {column}?", "Which {first} has the most {column}?")  # fmt: skip
SUM = ("What is the total {column}?", "What is the average {column}?", "What is the sum of the {column}?")


class Table(NamedTuple):
    """A table, its rows in the order of its columns; `title` and `heading` are those that it stands below."""

    title: str
    heading: str
    columns: list[str]
    rows: list[list[str]]


class Case(NamedTuple):
    """A question, the values that answer it, none where none does, the folder of its table, and who wrote it."""

    question: str
    answers: list[str]
    folder: str
    by_hand: bool = False


class Example(NamedTuple):
    """A case, the best cell, and what `judged` says of the answer."""

    case: Case
    cell: ReadCell | None
    verdict: str


def tables_in(files: Sequence[Path]) -> Iterator[Table]:
    """The tables of files, none twice."""
    seen = set[tuple[str, ...]]()
    with Parser() as parser:
        for path in files:
            try:
                page = parser.read(path, path.read_bytes())
            except ArticleError:
                continue
            heading = ""
            for block in re.split(r"\n\s*\n", page.text):
                lines = block.split("\n")
                if match := _HEADING.match(lines[0]):
                    heading = match[1]
                rows = [[cell.partition(": ") for cell in line.split(CELLS)] for line in lines if CELLS in line]
                names = list(dict.fromkeys(name for row in rows for name, colon, _ in row if colon))
                if len(rows) < len(lines) - 1 or not names:
                    continue
                cells = [[{n: s for n, _, s in row}.get(name, "") for name in names] for row in rows]
                fits = ROWS[0] <= len(rows) <= ROWS[1] and COLUMNS[0] <= len(names) <= COLUMNS[1]
                plain = all(row[0] and len(row[0]) < 60 and CELLS not in " ".join(row) for row in cells)
                short = np.mean([len(cell) for row in cells for cell in row]) < 50
                if (
                    fits
                    and plain
                    and short
                    and all(len(name) < 40 and any(map(str.isalpha, name)) for name in names)
                    and tuple(names) not in seen
                ):
                    seen.add(tuple(names))
                    yield Table(page.title or path.stem, heading, names, cells)


def less(table: Table, chance: random.Random) -> tuple[Table, list[str] | None, str | None]:
    """A table without a row and a column, where it has enough, this row, and the name of this column."""
    columns, rows = list(table.columns), [list(row) for row in table.rows]
    gone: list[str] | None = None
    apart: str | None = None
    if len(rows) > 4:
        gone = rows.pop(chance.randrange(len(rows)))
        if gone[0] in {row[0] for row in rows}:
            gone = None
    if len(columns) > 3:
        at = chance.randrange(1, len(columns))
        apart, rows = columns.pop(at), [row[:at] + row[at + 1 :] for row in rows]
        if gone:
            gone.pop(at)
    return Table(table.title, table.heading, columns, rows), gone, apart


def cases(name: str, table: Table, gone: list[str] | None, apart: str | None) -> Iterator[Case]:
    """Questions about a table, and such as it does not answer for want of a row or a column that it once had."""
    chance = random.Random(f"{SEED} {name}")
    first, *others = [_spoken(one) for one in table.columns]
    first = first or "row"
    values = {one: [row[i] for row in table.rows] for i, one in enumerate(table.columns)}
    labels = values[table.columns[0]]

    def made(frames: Sequence[str], **said: str) -> str:
        return chance.choice(frames).format(first=first, **said)

    for _ in range(4):
        at, i = chance.randrange(len(labels)), chance.randrange(len(others))
        cell, own = table.rows[at][i + 1], table.columns[i + 1]
        if not cell or labels.count(labels[at]) > 1:
            continue
        frames = FIGURE if column(values[own]) and chance.random() < 0.5 else CELL
        yield Case(made(frames, column=others[i], row=labels[at]), [cell], name)
        if any(map(str.isalnum, cell)) and len(cell) < 40:
            those = [label for label, one in zip(labels, values[own], strict=True) if one == cell]
            yield Case(made(ROW if len(those) == 1 else ROWS_OF, column=others[i], value=cell), those, name)
    i = chance.randrange(len(others))
    if gone:
        yield Case(made(CELL, column=others[i], row=gone[0]), [], name)
        if gone[i + 1] and gone[i + 1] not in values[table.columns[i + 1]] and len(gone[i + 1]) < 40:
            yield Case(made(ROW, column=others[i], value=gone[i + 1]), [], name)
    if apart:
        own = _spoken(apart)
        yield Case(made(CELL, column=own, row=chance.choice(labels)), [], name)
        yield Case(made(MOST, column=own), [], name)
    figures = {one: found for one in table.columns[1:] if (found := column(values[one]))}
    if figures:
        own = chance.choice(list(figures))
        yield Case(made(SUM, column=_spoken(own)), [], name)
        frame = chance.choice(MOST)
        best = figures[own].outermost(range(len(labels)), lowest="lowest" in frame) or []
        most = [labels[k] if "{first}" in frame else values[own][k] for k in best]
        yield Case(frame.format(first=first, column=_spoken(own)), sorted(set(most), key=most.index), name)


def _spoken(name: str) -> str:
    """A column's name within a sentence: in small letters but for what is written in capitals."""
    return " ".join(word if word[1:] != word[1:].lower() else word.lower() for word in name.split())


def written(table: Table, turned: bool = False) -> str:
    """A table as a page of Markdown; `turned` with its columns as rows."""
    first, *rest = zip(table.columns, *table.rows, strict=True) if turned else (table.columns, *table.rows)
    lines = "\n".join(f"| {' | '.join(row)} |" for row in (first, ["---"] * len(first), *rest))
    heading = f"## {table.heading}\n\n" if table.heading and table.heading != table.title else ""
    return f"# {table.title}\n\n{heading}{lines}\n"


def asked(folder: Path, told: Sequence[Case]) -> Iterator[Example]:
    """What the product makes of questions to the files of a folder if every cell is certain."""
    embedder = embed.load()
    seen = list[ReadCell]()

    def certain(_question: str, cell: ReadCell, _alike: Alike | None) -> bool:
        seen.append(cell)
        return True

    extractor = Extractor(Reader(), ACCEPTED_WRONG, kinds_of(embedder), alike_by(embedder), certain)
    with (
        tempfile.TemporaryDirectory(prefix="cells-") as home,
        closing(Index.open(Path(home), embedder)) as index,
        closing(Memory()) as memory,
    ):
        sync([str(folder)], index, FILE_LIMIT)
        assistant = Assistant(index, extractor, memory)
        for case in told:
            seen.clear()
            answer = assistant.answer(case.question, User("training", None))
            verdict = judged(case.answers, answer)
            yield Example(case, seen[-1] if seen else None, ("" if answer.answered else "refused ") + verdict)


def examples(place: Path) -> list[Example]:
    """The examples of all folders: those by templates, over tables written below `place`, then those by hand."""
    found = list[Example]()
    for folder in FOLDERS:
        files = [path for path in sorted(folder.iterdir()) if path.name not in ("ORIGINS", "questions.jsonl")]
        library, told = place / folder.name, list[Case]()
        library.mkdir()
        for number, table in enumerate(tables_in(files)):
            name = f"{folder.name} {number}"
            rest, gone, apart = less(table, random.Random(f"{SEED} {name}"))
            labels = {row[0] for row in rest.rows}
            turned = number % 2 == 1 and len(labels) == len(rest.rows) < COLUMNS[1]
            (library / f"{number}.md").write_text(written(rest, turned), encoding="utf-8")
            made = cases(name, rest, gone, apart)
            # `judged` takes ", " for what parts two answers.
            told += [one._replace(folder=folder.name) for one in made if ", " not in "".join(one.answers)]
        found += asked(library, told)
        lines = map(json.loads, (folder / "questions.jsonl").read_text(encoding="utf-8").splitlines())
        found += asked(folder, [Case(line["question"], line["answers"], folder.name, by_hand=True) for line in lines])
        sys.stdout.write(f"{folder.name}: {len(told)} made\n")
    return found


def fit(x: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Weights and bias of a logistic regression of the signs as they are."""
    mean, scale = x.mean(0), x.std(0) + 1e-9
    z, sign = np.column_stack([(x - mean) / scale, np.ones(len(x))]), np.where(right, 1.0, -1.0)

    def loss(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = sign * (z @ w)
        kept = np.append(w[:-1], 0.0)
        slope = z.T @ (-sign / (1 + np.exp(margin))) + PENALTY * kept
        return float(np.logaddexp(0, -margin).sum() + PENALTY / 2 * (kept @ kept)), slope

    either = {"in_first_column"}
    bounds = [(None if name in AGAINST | either else 0, 0 if name in AGAINST else None) for name in Signs._fields]
    w = minimize(loss, np.zeros(z.shape[1]), jac=True, method="L-BFGS-B", bounds=[*bounds, (None, None)]).x
    return w[:-1] / scale, float(w[-1] - mean @ (w[:-1] / scale))


def seen_of(found: Sequence[Example]) -> tuple[NDArray[np.float64], list[int]]:
    """The signs of the examples whose answer is a cell, shape `(cells, signs)`, and the places of these examples."""
    alike, rows, at = alike_by(embed.load()), list[Signs](), list[int]()
    for i, one in enumerate(found):
        if one.cell is None or one.verdict.startswith("refused"):
            continue
        if seen := signs(one.case.question, one.cell, alike):
            rows.append(seen)
            at.append(i)
    return np.array(rows, np.float64), at


def is_right(one: Example) -> bool:
    """Whether the answer was right, or the cell that it stands in is; a mark never is."""
    if one.cell and not any(map(str.isalnum, one.cell.best.words)):
        return False
    return one.verdict == "right" or bool(one.cell and [cell_of(one.cell.best)] == one.case.answers)


def apart(x: NDArray[np.float64], right: NDArray[np.bool_], groups: Sequence[str]) -> NDArray[np.float64]:
    """Log odds of each cell, by weights that were fitted on the cells of all other folders."""
    odds, names = np.zeros(len(x)), np.array(groups)
    for name in set(groups):
        own = names == name
        weights, bias = fit(x[~own], right[~own])
        odds[own] = x[own] @ weights + bias
    return odds


def shares(found: Sequence[Example], at: Sequence[int], kept: NDArray[np.bool_]) -> tuple[float, float]:
    """Of the questions that people wrote, the shares right and wrong where only these cells are certain."""
    verdicts = ["right" if is_right(one) else one.verdict.removeprefix("refused ") for one in found]
    for i, certain in zip(at, kept, strict=True):
        if not certain:
            verdicts[i] = "missed" if found[i].case.answers else "right"
    many = Counter(verdict for verdict, one in zip(verdicts, found, strict=True) if one.case.by_hand)
    return many["right"] / many.total(), many["wrong"] / many.total()


def learn(found: Sequence[Example]) -> None:
    """Judge by cross-validation, fit and write."""
    x, at = seen_of(found)
    folders = [found[i].case.folder for i in at]
    right = np.array([is_right(found[i]) for i in at])
    odds = apart(x, right, folders)
    steps = np.arange(-3.0, 5.0, 0.1).round(1)
    judged_at = [shares(found, at, odds >= least) for least in steps]
    allowed = [i for i, (_, wrong) in enumerate(judged_at) if wrong <= WRONG] or [len(steps) - 1]
    chosen = max(allowed, key=lambda i: (judged_at[i][0], -judged_at[i][1]))
    sys.stdout.write(f"{len(found)} questions, {len(at)} cells\n")
    for least, (good, bad) in zip(steps, judged_at, strict=True):
        sys.stdout.write(f"{least:5} and more, other folders' weights: {good:.3f} right, {bad:.3f} wrong\n")
    weights, bias = fit(x, right)
    model = {
        "signs": Signs._fields,
        "weights": [round(float(one), 4) for one in weights],
        "bias": round(bias, 4),
        "least": round(float(steps[chosen]), 2),
    }
    CELL_WEIGHTS.write_text(json.dumps(model, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["collect", "fit"])
    parser.add_argument("work", type=Path)
    given = parser.parse_args()
    kept = given.work / "cells.pickle"
    if given.step == "collect":
        with tempfile.TemporaryDirectory(prefix="cells-") as made:
            kept.write_bytes(pickle.dumps(examples(Path(made))))
    else:
        learn(pickle.loads(kept.read_bytes()))
