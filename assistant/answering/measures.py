"""The figures of a table's column made comparable: 1.5 GiB is more than 75 MiB, and 3 March 2024 is later than 2023."""

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from itertools import takewhile
from typing import NamedTuple

from article_assistant.answering.numbers import UNITS, canonical
from article_assistant.index.keyword import stems

EXTREMES = re.compile(
    r"(?<!\bat )\b(?:most|highest|largest|biggest|longest|latest|newest|"
    r"(?P<low>least|fewest|lowest|smallest|shortest|earliest|oldest)|(?P<fast>fastest)|(?P<slow>slowest))\b",
    re.IGNORECASE,
)
LIMITS = re.compile(
    r"\b(?:(?P<sign>more than|over|above|at least|less than|fewer than|under|below|at most|up to|before|after|since)|"
    r"(?P<comparative>\w{2,}er) than) "
    r"(?P<number>\d{4}-\d\d-\d\d|\d\d? [A-Z][a-z]+ \d{4}|(?P<money>[$€£¥])?(?P<figure>\d+(?:\.\d+)?)"
    r"(?: ?(?P<unit>%|[$€£¥]|[^\W\d]+(?:/\w)?))?)",
    re.IGNORECASE,
)
"""A comparison with a number, or with a day or a year."""
_FACTORS = {
    "": 1.0, "k": 1e3, "K": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "Ki": 2.0**10, "Mi": 2.0**20, "Gi": 2.0**30,
    "Ti": 2.0**40, "c": 1e-2, "m": 1e-3, "µ": 1e-6,
}  # fmt: skip
_IS_YEAR = re.compile(r"1\d{3}|20\d\d")
_PREFIXED = re.compile(r"(?P<prefix>[kKMGT]i?|[cmµ]|)(?P<base>B|b|bit|Hz|W|Wh|V|A|g|l|L|m|s|Pa|J)(?P<per>/\w+|ps)?")
_ALONE = re.compile(r"[^\d\w<>≤≥]*?(-?\d+(?:\.\d+)?)\s*([^\d.,:]*)")
_BEHIND = re.compile(r"(?<=\S)\s*\([^()]*\)$")
_TIMES = frozenset({"s", "min", "h", "day", "week", "month", "year"})
_RISING = frozenset({"more than", "over", "above", "after"})
_FALLING = frozenset({"less than", "fewer than", "under", "below", "before"})


class Column(NamedTuple):
    """The figures of a column, and the one unit that they are all in; of dates these are days, in no unit."""

    figures: list[float]
    base: str
    written: str
    """The unit as all cells write it, "" where they differ or have none."""
    dates: bool = False

    def lowest(self, most: re.Match[str]) -> bool | None:
        """Whether a superlative means the lowest figure; None where it is not known.

        The fastest have the most bytes in a second, but the fewest seconds.
        """
        rate, time = "/" in self.base or self.base in {"x", "×"}, self.base in _TIMES
        if not (most["fast"] or most["slow"]):
            return bool(most["low"])
        return (rate if most["slow"] else time) if rate or time else None

    def outermost(self, rows: Sequence[int], *, lowest: bool) -> list[int] | None:
        """The rows with the highest figure, or the lowest; None of no rows."""
        best = (min if lowest else max)((self.figures[i] for i in rows), default=None)
        return [i for i in rows if self.figures[i] == best] or None

    def within(self, limit: re.Match[str]) -> set[int] | None:
        """The rows within a limit; None where its number is in another unit, or in none of many, or no day is meant.

        What is after a year began behind it, what is since a year began with it or later.
        """
        sign = (limit["sign"] or "").lower()
        if limit["comparative"]:
            most = EXTREMES.fullmatch(f"{limit['comparative'][:-2]}est")
            lowest = self.lowest(most) if most else None
            if lowest is None:
                return None
            sign = "under" if lowest else "over"
        of_time = bool(limit["comparative"]) or sign in {"before", "after", "since"}
        than = self._figure(limit, sign) if not self.dates else self._days(limit, sign) if of_time else None
        if than is None:
            return None
        if sign in _RISING:
            return {i for i, value in enumerate(self.figures) if value > than}
        if sign in _FALLING:
            return {i for i, value in enumerate(self.figures) if value < than}
        up_to = sign in {"at most", "up to"}
        return {i for i, value in enumerate(self.figures) if (value <= than if up_to else value >= than)}

    def _days(self, limit: re.Match[str], sign: str) -> float | None:
        """The day that a limit names, of a year its first, or its last where later ones are meant."""
        if day := _day_of(limit["number"]):
            return float(day)
        if not limit["figure"] or limit["unit"] or not _IS_YEAR.fullmatch(limit["figure"]):
            return None
        return float(date(int(limit["figure"]), *((12, 31) if sign in _RISING else (1, 1))).toordinal())

    def _figure(self, limit: re.Match[str], sign: str) -> float | None:
        """The number of a limit in the unit of the column; years only where all figures look like some."""
        years = [limit["figure"] or "", *map("{:g}".format, self.figures)]
        if not limit["figure"] or (sign in {"before", "after", "since"} and not all(map(_IS_YEAR.fullmatch, years))):
            return None
        number, unit = float(limit["figure"]), limit["money"] or limit["unit"] or ""
        base, than = _scaled(number, unit)
        if base == self.base:
            return than
        if _PREFIXED.fullmatch(self.written):
            return _scaled(number, self.written)[1]
        return number if not self.base or self.written else None


def column(cells: Sequence[str], unit: str = "") -> Column | None:
    """The figures of cells that each hold one, with a unit or not, or a date; None where one is in another unit.

    The `unit` is that of cells of which none has any.

    >>> column(["75 MiB", "1.5 GiB"]).figures
    [78643200.0, 1610612736.0]
    >>> column(["12 seats", "9"]).figures, column(["2 h", "30 min"]), column(["3 March 2024", "n/a"])
    ([12.0, 9.0], None, None)
    """
    days = [float(day) for day in takewhile(bool, map(_day_of, cells)) if day]
    if cells and len(days) == len(cells):
        return Column(days, "", "", dates=True)
    figures, bases, written = [], set[str](), set[str]()
    for cell in (_BEHIND.sub("", cell) for cell in cells):
        found = _ALONE.fullmatch(cell) or _ALONE.fullmatch(canonical(cell))
        if not found:
            return None
        own = found[2].strip() or "".join(sign for sign in cell[: found.start(1)] if sign in UNITS)
        base, value = _scaled(float(found[1]), own.split()[0] if own else "")
        figures.append(value)
        bases.add(base)
        written.add(own)
    units = bases - {""}
    # A number alone has the unit of the others, unless that would have to be guessed.
    if not figures or len(units) > 1 or (len(written) > 2 and "" in bases):
        return None
    if not units and unit and (unit in UNITS or _PREFIXED.fullmatch(unit)):
        return Column([_scaled(value, unit)[1] for value in figures], base_of(unit), unit)
    return Column(figures, min(units, default=""), min(written) if len(written) == 1 else "")


def sum_at(columns: Iterable[Column]) -> int | None:
    """The place of the last row, where in some column it is nearly the sum of three others or more; else None."""
    for one in columns:
        *figures, last = one.figures
        rest = sum(figures)
        if len(figures) > 2 and rest and not one.dates and abs(last - rest) <= 0.005 * abs(rest):
            return len(figures)
    return None


def base_of(unit: str) -> str:
    """A unit without its prefix: bytes of gigabytes."""
    return _scaled(0.0, unit)[0]


def _scaled(number: float, unit: str) -> tuple[str, float]:
    """The unit without its prefix, and the number in that."""
    unit = UNITS.get(unit, unit)
    found = _PREFIXED.fullmatch(unit)
    if not found:
        return unit if unit in UNITS else "".join(stems(unit)) or unit, number
    return f"{found['base']}{found['per'] or ''}", number * _FACTORS[found["prefix"]]


def _day_of(cell: str) -> int | None:
    """The day that a cell names and nothing else, counted from the year 1."""
    try:
        return datetime.strptime(canonical(cell.strip()), "%d %B %Y").toordinal()
    except ValueError:
        return None
