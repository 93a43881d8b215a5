"""The figures of a table's column made comparable: 1.5 GiB is more than 75 MiB, and 3 March 2024 is later than 2023."""

import re
from collections.abc import Sequence
from datetime import datetime
from itertools import takewhile
from typing import NamedTuple

from article_assistant.answering.numbers import canonical
from article_assistant.index.keyword import stems

EXTREMES = re.compile(
    r"(?<!\bat )\b(?:most|highest|largest|biggest|longest|latest|newest|"
    r"(?P<low>least|fewest|lowest|smallest|shortest|earliest|oldest)|(?P<fast>fastest)|(?P<slow>slowest))\b",
    re.IGNORECASE,
)
LIMITS = re.compile(
    r"\b(?P<sign>more than|over|above|at least|less than|fewer than|under|below|at most|up to) (?P<number>\d[\d.]*)"
    r"(?: ?(?P<unit>[^\W\d]+(?:/\w)?))?",
    re.IGNORECASE,
)
_FACTORS = {
    "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30,
    "Ti": 2.0**40, "c": 1e-2, "m": 1e-3, "µ": 1e-6,
}  # fmt: skip
_PREFIXED = re.compile(r"(?P<prefix>[kKMGT]i?|[cmµ]|)(?P<base>B|b|bit|Hz|W|Wh|V|A|g|l|L|m|s|Pa|J)(?P<per>/\w+|ps)?")
_ALONE = re.compile(r"[^\d\w]*?(-?\d+(?:\.\d+)?)\s*([^\d.,:]*)")


_TIMES = frozenset("s sec second min minut h hour day".split())


class Column(NamedTuple):
    """The figures of a column, and the one unit that they are all in; of dates these are days, in no unit."""

    figures: list[float]
    base: str
    written: str
    """The unit as all cells write it, "" where they differ or have none."""

    def first(self, rows: Sequence[int], most: re.Match[str]) -> list[int] | None:
        """The rows with the highest figure, or the lowest; None where it is not known which of them is meant.

        The fastest have the most bytes in a second, but the fewest seconds.
        """
        rate, time = "/" in self.base or self.base in {"x", "×"}, self.base in _TIMES
        if not rows or ((most["fast"] or most["slow"]) and not (rate or time)):
            return None
        lowest = bool(most["low"]) or (rate if most["slow"] else time and bool(most["fast"]))
        best = (min if lowest else max)(self.figures[i] for i in rows)
        return [i for i in rows if self.figures[i] == best]

    def within(self, limit: re.Match[str]) -> set[int] | None:
        """The rows within a limit; None where its number is in another unit, or in none of many."""
        base, than = _scaled(float(limit["number"]), limit["unit"] or "")
        if base != self.base and _PREFIXED.fullmatch(self.written):
            than = _scaled(float(limit["number"]), self.written)[1]
        elif base != self.base and self.base and not self.written:
            return None
        elif base != self.base:
            than = float(limit["number"])
        sign = limit["sign"].lower()
        if sign in {"more than", "over", "above"}:
            return {i for i, value in enumerate(self.figures) if value > than}
        if sign in {"less than", "fewer than", "under", "below"}:
            return {i for i, value in enumerate(self.figures) if value < than}
        return {i for i, value in enumerate(self.figures) if (value >= than if sign == "at least" else value <= than)}


def column(cells: Sequence[str]) -> Column | None:
    """The figures of cells that each hold one, with a unit or not, or a date; None where one is in another unit.

    >>> column(["75 MiB", "1.5 GiB"]).figures
    [78643200.0, 1610612736.0]
    >>> column(["12 seats", "9"]).figures, column(["2 h", "30 min"]), column(["3 March 2024", "n/a"])
    ([12.0, 9.0], None, None)
    """
    days = [float(day) for day in takewhile(bool, map(_day_of, cells)) if day]
    if cells and len(days) == len(cells):
        return Column(days, "", "")
    figures, bases, written = [], set[str](), set[str]()
    for cell in cells:
        found = _ALONE.fullmatch(cell) or _ALONE.fullmatch(canonical(cell))
        if not found:
            return None
        unit = found[2].strip()
        base, value = _scaled(float(found[1]), unit.split()[0] if unit else "")
        figures.append(value)
        bases.add(base)
        written.add(unit)
    units = bases - {""}
    # A number alone has the unit of the others, unless that would have to be guessed.
    if not figures or len(units) > 1 or (len(written) > 2 and "" in bases):
        return None
    return Column(figures, min(units, default=""), min(written) if len(written) == 1 else "")


def base_of(unit: str) -> str:
    """A unit without its prefix: bytes of gigabytes."""
    return _scaled(0.0, unit)[0]


def _scaled(number: float, unit: str) -> tuple[str, float]:
    """The unit without its prefix, and the number in that."""
    found = _PREFIXED.fullmatch(unit)
    if not found:
        return "".join(stems(unit)) or unit, number
    return f"{found['base']}{found['per'] or ''}", number * _FACTORS[found["prefix"]]


def _day_of(cell: str) -> int | None:
    """The day that a cell names and nothing else, counted from the year 1."""
    try:
        return datetime.strptime(canonical(cell.strip()), "%d %B %Y").toordinal()
    except ValueError:
        return None
