"""What a question means that is not in a table's own words, by the encoder: a column, a row, a verb that says "have".

"The cheapest room" is the one with the lowest price, and "how long does it take" asks for the time. Its borders were
chosen on 43 superlatives (half of them of no column), 17 questions about a row, and 40 verbs.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np
from article_assistant.answering.measures import Column
from article_assistant.index.embed import Embedder
from numpy.typing import NDArray

MEASURES, QUICK, ASKS_FOR, SAYS, ROW = 0.77, 0.74, 0.74, 0.6, 0.4
"""Least cosines: of a superlative and what it measures, of one of speed, of a question and the column that it asks for,
of a verb and the column that it says ("cost" and "price"), and of a noun that means a row of any table."""
NEXT_BELOW, END_BELOW = 0.1, 0.02
"""By how much another column must be less alike, and the other end ("lowest" for "highest")."""
HAVE, LACK = 0.925, 0.985
"""Least mean cosine of a verb and "have" in its place, and from which one of "lack" on it says that."""
_FRAMES = (
    "Which rooms {} a projector?", "Which APIs {} an apiKey?", "Which services {} UDP?", "How many dishes {} nuts?",
    "Which models {} 75 MiB of disk?",
)  # fmt: skip

Alike = Callable[[str, Sequence[str]], NDArray[np.float32]]
"""How alike a text is to each of others: cosines, -1 to 1."""


def alike_by(encoder: Embedder) -> Alike:
    """The cosines of an encoder's vectors."""

    def alike(text: str, others: Sequence[str]) -> NDArray[np.float32]:
        vectors, _ = encoder.passages([text, *others])
        cosines: NDArray[np.float32] = vectors[1:] @ vectors[0]
        return cosines

    return alike


def extreme(
    question: str, noun: str, figures: Mapping[str, Column], quick: bool, alike: Alike
) -> list[tuple[str, bool | None]]:
    """The columns that a superlative may measure, and whether the lowest figure of each is meant (None: not known).

    Empty where no column is meant. `quick`: it is about speed, which is a matter of times and rates.
    """
    names = list(figures)
    ends = [("latest", "earliest") if found.dates else ("highest", "lowest") for found in figures.values()]
    said = [f"Which {noun} has the {end} {name}?" for name, both in zip(names, ends, strict=True) for end in both]
    if not said:
        return []
    cosines = alike(question, said).reshape(-1, 2)
    tops = cosines.max(axis=1)
    if tops.max() < (QUICK if quick else MEASURES):
        return []
    near = [i for i in np.argsort(tops)[::-1] if tops.max() - tops[i] < NEXT_BELOW]
    ends_of = [(names[i], *map(float, cosines[i])) for i in near]
    return [(name, low > high if abs(high - low) >= END_BELOW else None) for name, high, low in ends_of]


def asked_of(question: str, row: str, columns: Sequence[str], alike: Alike) -> str | None:
    """The column of which a question asks for the cell of a row; None where that is not clear."""
    if not columns:
        return None
    best = _clear(alike(question, [f"What is the {name} of {row}?" for name in columns]), ASKS_FOR)
    return None if best is None else columns[best]


def joins(verb: str, columns: Sequence[str], alike: Alike) -> bool:
    """Whether a verb only joins a thing and what it has: "need", "use", "contain", but not "lack" or "reject".

    So does one that says one of the `columns`, as "weigh" says the weight.
    """
    if columns and alike(verb, columns).max() >= SAYS:
        return True
    cosines = [alike(frame.format(verb), [frame.format("have"), frame.format("lack")]) for frame in _FRAMES]
    have, lack = np.mean(cosines, axis=0)
    return bool(have >= HAVE and lack < LACK)


def means_a_row(noun: str, alike: Alike) -> bool:
    """Whether a noun means a row of any table, as "entry" does."""
    return bool(alike(noun, ["entry of a table", "row of a list"]).max() >= ROW)


def means_the_sum(label: str, alike: Alike) -> bool:
    """Whether a row's name means all other rows, as "Total" does."""
    return bool(alike(label, ["total", "sum of all"]).max() >= SAYS)


def _clear(cosines: NDArray[np.float32], least: float) -> int | None:
    """The place of the highest, where it is high enough and clearly ahead of the next."""
    order = np.argsort(cosines)[::-1]
    ahead = len(order) == 1 or cosines[order[0]] - cosines[order[1]] >= NEXT_BELOW
    return int(order[0]) if cosines[order[0]] >= least and ahead else None
