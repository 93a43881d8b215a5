"""Questions over a whole table: which rows, how many of them, which has the most; and the one cell of a named row.

A table answers only where it is read with certainty, that is where each of its rows names the same columns, and where
each word of the question is accounted for: by the table's place, a column, a value, or a comparison.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from article_assistant.answering.blocks import ITEMS, LIST
from article_assistant.answering.cite import Quote, Said
from article_assistant.answering.measures import EXTREMES, LIMITS, base_of, column
from article_assistant.answering.numbers import in_digits
from article_assistant.answering.question import kind_of, names_days
from article_assistant.answering.rank import Contender
from article_assistant.answering.records import Records, table_at, tables_of
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.types import Hit

_NOTHING = frozenset({"n/a", "none", "not available", "not supported"})
_YES, _NO = frozenset({"yes", "true", "y", "x", "✓", "✔"}), frozenset({"no", "false", "n", "-", "–", "—", "✗", ""})
_COMPARES = re.compile(r"(?i)(?<!\bat )\b(?:most|least|best|worst|the \w{3,}est)\b")
_IN_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_ASKS = re.compile(
    r"(?i)(?:^|\b(?:in|on|at|for|to|from|of|by|and|,) )(?:which|what|how many)(?: of the)? |"
    r"^(?:please )?(?:list|name|show)(?: me)?(?: all)?(?: the)? "
)
_ALL = re.compile(r"(?i)(?:and )?(?:what (?:are|were)|when (?:is|are|was|were|do|does|did|can|may))\b")
_ASIDE = re.compile(r"\s*\([^)]*\)$")
_SEVERAL = re.compile(r"(?i)^(?:which|what) \w+[^s\W]s\b")
_COUNT = re.compile(r"(?i)\bhow many (?:of the )?(\w+(?: \w+)?)")


TableAnswer = tuple[str | None, list[Said]]
"""A short answer, None where all rows are the answer, and its text."""


def from_table(question: str, hits: Sequence[Hit], row: Contender | None = None) -> TableAnswer | None:
    """The short answer and its text, each row that it rests on cited; None where no table answers for sure.

    Where the reader has found a `row`, one word of a question that names values may be left over, as "use" in "Which
    services use UDP?": only rows among which that one is are then an answer.
    """
    for table in tables_of(hits):
        if found := _Asked(question, table, row).answer():
            return found
    return None


def asks_for_many(question: str, row: Contender) -> bool:
    """Whether a question asks for several rows or compares them, while this row is not named in it."""
    text = row.hit.article.text
    name, _, said = text[text.rfind("\n", 0, row.start) + 1 :].partition("\n")[0].partition(" | ")[0].rpartition(": ")
    if many := _COUNT.search(question):
        place = {*stems(name), *stems(f"{row.hit.article.title} {row.hit.chunk.heading}")}
        asked = not place.isdisjoint(stems(many[1]))
    else:
        asked = kind_of(question) == "list" or bool(_COMPARES.search(question) or _SEVERAL.search(question))
    return asked and set(stems(said)).isdisjoint(set(stems(question)) - UNASKED)


def shown_whole(best: Contender) -> Contender:
    """The table that a row stands in, as one quote, where it is not too long; else the row."""
    table = table_at(best.hit, best.start)
    if table is None or table.spans[-1][1] - table.spans[0][0] > LIST:
        return best
    return replace(best, start=table.spans[0][0], end=table.spans[-1][1])


class _Asked:
    """What a question asks of one table."""

    def __init__(self, question: str, table: Records, row: Contender | None) -> None:
        self.table = table
        self.row = row
        self.question = in_digits(question)
        self.words = stems(self.question)
        self.used = set[int]()  # places of words that are accounted for
        self.conditions = 0  # that rows are chosen by
        self.values = {name: [row.get(name, "") for row in table.rows] for name in table.columns}
        self.figures = {name: found for name, cells in self.values.items() if (found := column(cells))}
        self.names = {name: stems(_ASIDE.sub("", name)) for name in table.columns}
        self.mentions = self._mentions()

    def answer(self) -> TableAnswer | None:
        """See `from_table`."""
        if _ALL.match(self.question) and self._is_whole():
            return self._whole()
        most = EXTREMES.search(self.question)
        target = self._target()
        if target is None:
            return None
        kept = self._kept(target, most)
        measure = None
        if most and kept is not None:
            measure = next((name for name in self.mentions if name != target and name in self.figures), None)
            if measure is None or (kept := self.figures[measure].first(kept, most)) is None:
                return None
        left = {i for i, word in enumerate(self.words) if word not in UNASKED and word not in self.table.place}
        if kept is None or (left - self.used and not self._is_led_to(kept, left - self.used)):
            return None
        return self._extreme(kept, target, measure) if measure else self._said(kept, target)

    def _is_whole(self) -> bool:
        """Whether "what are the opening hours?" means all rows: values of a column say nothing without their row."""
        first, *others = self.names
        days = sum(map(names_days, self.values[first])) * 2 > len(self.table.rows)
        if first in self.mentions or not (days or any(name in self.mentions for name in others)):
            return False
        known = {word for name in self.mentions for word in self.names[name]} | self.table.place | UNASKED
        return all(word in known or any(_same_root(word, one) for one in known) for word in self.words)

    def _whole(self) -> TableAnswer | None:
        """All rows, each a line, resting on one quote of the table."""
        start, end = self.table.spans[0][0], self.table.spans[-1][1]
        if end - start > LIST or len(self.table.rows) > ITEMS:
            return None
        table = Quote(self.table.article, start, end)
        return None, [Said(f"- {self.table.article.text[a:b]}", table) for a, b in self.table.spans]

    def _is_led_to(self, kept: list[int], left: set[int]) -> bool:
        """Whether one word is left over, of a question with a condition, and the reader's row is among those kept."""
        if len(left) != 1 or not self.conditions or not self.row or self.row.hit.article.id != self.table.article.id:
            return False
        return any(start <= self.row.start < end for start, end in map(self.table.spans.__getitem__, kept))

    def _target(self) -> str | None:
        """The column whose values are asked for, named right behind "which", "what" or "how many"."""
        asks = _ASKS.search(self.question)
        if not asks:
            return None
        at = len(stems(self.question[: asks.end()]))
        self.used.update(range(len(stems(self.question[: asks.start()])), at))
        near = [(place, name) for name, places in self.mentions.items() for place in places if at <= place < at + 3]
        if near:
            return min(near)[1]
        named = at < len(self.words) and self.words[at] in self.table.place | set(stems(self.table.columns[0]))
        if named:
            self.used.add(at)
        return self.table.columns[0] if named or (at < len(self.words) and self.words[at] in UNASKED) else None

    def _mentions(self) -> dict[str, list[int]]:
        """Where the question names a column, or uses a word of the same root: "drive" for "Driver"."""
        found = {name: places for name, words in self.names.items() if (places := self._places(words))}
        taken = {i for name, places in found.items() for at in places for i in range(at, at + len(self.names[name]))}
        for name, words in self.names.items():
            alike = [i for i, word in enumerate(self.words) if len(words) == 1 and _same_root(word, words[0])]
            # "VRAM" for "Required VRAM", where no other column has the word
            others = {word for other, own in self.names.items() if other != name for word in own}
            alike = alike or [i for i, word in enumerate(self.words) if word in words[-1:] and word not in others]
            if name not in found and (free := [i for i in alike if i not in taken]):
                found[name] = free
                self.names[name] = words[-1:]
        return found

    def _places(self, words: list[str]) -> list[int]:
        many = len(words)
        return [i for i in range(len(self.words) - many + 1) if many and self.words[i : i + many] == words]

    def _kept(self, target: str, most: re.Match[str] | None) -> list[int] | None:
        """The rows that meet all conditions of the question; None where one is not understood."""
        for name, places in self.mentions.items():
            for place in places:
                self.used.update(range(place, place + len(self.names[name])))
        if most:
            self.used.update(self._places(stems(most[0])))
        kept, met = set(range(len(self.table.rows))), set[str]()
        for some in LIMITS.finditer(self.question):
            near = self._nearest(some.start(), some["unit"] or "")
            those = self.figures[near].within(some) if near else None
            if near is None or those is None:
                return None
            self._use(some.start(), some.end("number"))
            unit = {
                *stems(f"{near} {self.values[near][0]} {self.table.units.get(near, '')}"),
                *stems(some["unit"] or "" if self.figures[near].base else ""),
            }
            after = len(stems(self.question[: some.end("number")]))
            self.used.update(i for i, word in enumerate(self.words[after : after + 2], after) if word in unit)
            met.add(near)
            kept &= those
        for name, value in self._valued():
            met.add(name)
            kept &= {i for i, own in enumerate(self.values[name]) if own in value}
        for name in self.mentions:
            if name in met or name == target or (most and name in self.figures):
                continue
            met.add(name)
            if (having := self._having(name)) is None:
                return None
            kept &= having
        self.conditions = len(met)
        return sorted(kept)

    def _having(self, name: str) -> set[int] | None:
        """The rows that have what a column is named after, or have it not; None where its cells do not say so."""
        signs = [value.strip().lower() for value in self.values[name]]
        if (years := _IN_YEAR.findall(self.question)) and all(map(_IN_YEAR.search, signs)):
            self.used.update(place for year in years for place in self._places([year]))
            return {i for i, sign in enumerate(signs) if any(year in sign for year in years)}
        nothing = _NO | _NOTHING
        if not set(signs) & nothing or not (set(signs) & _YES or set(signs) & _NOTHING):
            return None if not set(signs) <= _YES else self._not(set(range(len(signs))), name)
        if set(signs) & _YES and not set(signs) <= _YES | nothing:
            return None
        return self._not({i for i, sign in enumerate(signs) if sign not in nothing}, name)

    def _not(self, rows: set[int], name: str) -> set[int]:
        return set(range(len(self.table.rows))) - rows if self._negated(name) else rows

    def _negated(self, name: str) -> bool:
        before = self.words[max(self.mentions[name][0] - 3, 0) : self.mentions[name][0]]
        found = [word for word in before if word in {"no", "not", "without"}]
        self.used.update(place for word in found for place in self._places([word]))
        return bool(found)

    def _use(self, start: int, end: int) -> None:
        self.used.update(range(len(stems(self.question[:start])), len(stems(self.question[:end]))))

    def _nearest(self, at: int, unit: str) -> str | None:
        """The column of figures that is named nearest to a place of the question, or the only one in this unit."""
        place = len(stems(self.question[:at]))
        far = [(abs(one - place), name) for name, places in self.mentions.items() for one in places]
        named = [one for one in far if one[0] <= 5 and one[1] in self.figures]
        alike = [name for name, found in self.figures.items() if found.base and found.base == base_of(unit)]
        return min(named)[1] if named else alike[0] if len(alike) == 1 else None

    def _valued(self) -> Iterator[tuple[str, set[str]]]:
        """The columns of which the question names values, with these; a value of several needs its column's name."""
        found: dict[tuple[int, int], list[tuple[str, str]]] = {}
        asked = self.question.casefold()
        for name, values in self.values.items():
            for value in filter(str.strip, dict.fromkeys(values)):
                if value.split()[0][:3].casefold() not in asked:  # most of a long table
                    continue
                words = stems(value)
                if value.strip().lower() not in _YES | _NO and not set(words) <= UNASKED:
                    for place in self._places(words):
                        found.setdefault((-len(words), place), []).append((name, value))
        wanted: dict[str, set[str]] = {}
        taken = set[int]()
        for (length, place), among in sorted(found.items()):
            own = set(range(place, place - length))
            if own & (taken | self.used):
                continue
            columns = {name for name, _ in among}
            if len(columns) > 1 or all(word.isdigit() for word in self.words[place : place - length]):
                columns &= {name for name in self.mentions if self._is_near(name, place)}
            if len(columns) == 1:
                taken |= own
                wanted.setdefault(min(columns), set()).update(value for name, value in among if name in columns)
        self.used |= taken
        yield from wanted.items()

    def _is_near(self, name: str, place: int) -> bool:
        """Whether a column is named at most two words before or after a place."""
        first = self.mentions[name][0]
        return first - 2 <= place <= first + len(self.names[name]) + 1

    def _extreme(self, first: list[int], target: str, measure: str) -> TableAnswer | None:
        if any(not self.values[target][i] for i in first):
            return None
        if len(first) > ITEMS:
            return None
        short = ", ".join(self.values[target][i] for i in first)
        said = [
            Said(f"{self.values[target][i]} ({measure}: {self.values[measure][i]})", self._row(i), "." if i == first[-1]
                 else ",")
            for i in first
        ]  # fmt: skip
        start, end = self.table.spans[0][0], self.table.spans[-1][1]
        return short, [*said, Said("", Quote(self.table.article, start, end))] if end - start <= LIST else said

    def _said(self, kept: list[int], target: str) -> TableAnswer | None:
        counted = kind_of(self.question) == "number"
        first: dict[str, int] = {}
        for i in kept:
            first.setdefault(self.values[target][i], i)
        if not first or "" in first or len(kept) > ITEMS:
            return None
        if counted and target != self.table.columns[0] and target in self.figures:
            # "How many seats …?" asks for the figure itself.
            if len(kept) > 1:
                return None
            counted = False
        short = str(len(first)) if counted else ", ".join(first)
        said = [Said(value, self._row(i), ",") for value, i in first.items()]
        said[-1] = Said(said[-1].text, said[-1].quote, ".")
        if counted:
            said[0] = Said(f"{short}: {said[0].text}", said[0].quote, said[0].after)
        return short, said

    def _row(self, i: int) -> Quote:
        return Quote(self.table.article, *self.table.spans[i])


def _same_root(one: str, other: str) -> bool:
    short = min(len(one), len(other))
    return short >= 5 and one[: short - 1] == other[: short - 1] and abs(len(one) - len(other)) <= 3
