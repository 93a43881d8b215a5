"""A question read against a table: the column that it asks for, and the rows that meet its conditions.

Each word of it is accounted for: by the table's place, a column, a value or a part of one, or a comparison.
"""

import re
from collections.abc import Callable, Iterator
from itertools import groupby

from article_assistant.answering.meant import Alike, extreme, joins, means_a_row
from article_assistant.answering.measures import EXTREMES, LIMITS, base_of, column
from article_assistant.answering.numbers import in_digits
from article_assistant.answering.question import NEGATIONS
from article_assistant.answering.records import NO, YES, Records, plain_sign
from article_assistant.index.keyword import UNASKED, stems

_NOTHING = frozenset({"n/a", "none", "not available", "not supported"})
_IN_YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
_ASKS = re.compile(
    r"(?i)(?:^|\b(?:in|on|at|for|to|from|of|by|and|,) )(?:which|what|how many)(?: of the)? |"
    r"^(?:please )?(?:list|name|show)(?: me)?(?: all)?(?: the)? "
)
_SUPERLATIVE = re.compile(r"(?i)\b(?:is|are|was|were) (?:the )?(?:most|least) [^\W\d]{4,}|\bthe \w{3,}est\b")
_WORD_ASKED = re.compile(r"[^\W_]+")
_BETWEEN_THINGS = re.compile(r"\s*[,;/]\s*|\s+and\s+")
_LONG = 12
"""Words from which on a cell is prose."""
_UNIT = re.compile(r"[^\W\d_]+|[%$€£¥]")
_IN_UNIT = re.compile(r"[(\[]([^()\[\]]+)[)\]]$")
_ASIDE = re.compile(r"\s*\([^)]*\)$")


class Asked:
    """What a question asks of one table."""

    def __init__(self, question: str, table: Records, alike: Alike | None = None) -> None:
        self.table = table
        self.alike = alike
        self.question = in_digits(question)
        self.words = stems(self.question)
        self.used = set[int]()  # places of words that are accounted for
        self.noun, self.behind = "", 0  # behind "which", and the place of the next word
        self.met = list[str]()  # the columns that rows are chosen by
        self.values = {name: [row.get(name, "") for row in table.rows] for name in table.columns}
        units = {name: table.units.get(name) or "".join(_IN_UNIT.findall(name)) for name in table.columns}
        self.figures = {name: found for name, cells in self.values.items() if (found := column(cells, units[name]))}
        self.names = {name: stems(_ASIDE.sub("", name)) for name in table.columns}
        self.mentions = self._mentions()

    def target(self) -> str | None:
        """The column whose values are asked for, named right behind "which", "what" or "how many"."""
        asks = _ASKS.search(self.question)
        if not asks:
            return None
        at = len(stems(self.question[: asks.end()]))
        self.used.update(range(len(stems(self.question[: asks.start()])), at))
        first, *others = self.table.columns
        what = "what" in asks[0].lower()  # "which" is behind the noun of a row where a table has no corner
        reach = 3 if first or what else 1
        near = [(place, name) for name, places in self.mentions.items() for place in places if at <= place < at + reach]
        end = min(near)[0] + len(self.names[min(near)[1]]) if near else at + 1
        self.behind = end
        self.noun = (
            "one" if {*self.words[at : at + 1]} <= UNASKED else " ".join(_WORD_ASKED.findall(self.question)[at:end])
        )
        if near:
            return min(near)[1]
        other = [name for name in self.mentions if name in others]
        row_named = any(self._places(stems(name)) for name in self.values[first])
        if what and self.noun == "one" and len(other) == 1 and row_named:
            return other[0]  # "what is the height of K2": a row is named, so a cell of it is asked for
        named = at < len(self.words) and self.words[at] in self.table.place | set(stems(self.table.columns[0]))
        named = named or bool(self.alike and self.noun.isalpha() and means_a_row(self.noun, self.alike))
        if named:
            self.used.add(at)
        return self.table.columns[0] if named or (at < len(self.words) and self.words[at] in UNASKED) else None

    def _mentions(self) -> dict[str, list[int]]:
        """Where the question names a column, or uses a word of the same root: "drive" for "Driver"."""
        found = {name: places for name, words in self.names.items() if (places := self._places(words))}
        taken = {i for name, places in found.items() for at in places for i in range(at, at + len(self.names[name]))}
        rows = {" ".join(stems(value)) for value in self.values[self.table.columns[0]]}
        for name, words in self.names.items():
            alike = [i for i, word in enumerate(self.words) if len(words) == 1 and same_root(word, words[0])]
            # "VRAM" for "Required VRAM", where no other column has the word
            others = rows | {word for other, own in self.names.items() if other != name for word in own}
            alike = alike or [i for i, word in enumerate(self.words) if word in words[-1:] and word not in others]
            if name not in found and (free := [i for i in alike if i not in taken]):
                found[name] = free
                self.names[name] = words[-1:]
        return found

    def _places(self, words: list[str]) -> list[int]:
        many = len(words)
        return [i for i in range(len(self.words) - many + 1) if many and self.words[i : i + many] == words]

    def kept(self, target: str, most: re.Match[str] | None) -> list[int] | None:
        """The rows that meet all conditions of the question; None where one is not understood."""
        for name, places in self.mentions.items():
            for place in places:
                self.used.update(range(place, place + len(self.names[name])))
        if most:
            self._use(most.start(), most.end())
        kept, met = set(range(len(self.table.rows))), set[str]()
        for some in LIMITS.finditer(self.question):
            near = self._nearest(some.start(), some["money"] or some["unit"] or "")
            those = self.figures[near].within(some) if near and self._is_in_its_unit(near, some) else None
            if near is None or those is None:
                return None
            self._use(some.start(), some.end("figure") if some["figure"] else some.end())
            unit = {
                *stems(f"{near} {self.values[near][0]} {self.table.units.get(near, '')}"),
                *stems(some["unit"] or "" if self.figures[near].base else ""),
            }
            after = len(stems(self.question[: some.end("figure")])) if some["figure"] else len(self.words)
            self.used.update(i for i, word in enumerate(self.words[after : after + 2], after) if word in unit)
            met.add(near)
            kept &= those
        for name, value in self._valued():
            met.add(name)
            kept &= {i for i, own in enumerate(self.values[name]) if own in value or any(map(_lists(own), value))}
        for name in self.mentions:
            if name in met or name == target or (most and name in self.figures):
                continue
            met.add(name)
            if (having := self._having(name)) is None:
                return None
            kept &= having
        for part in self._runs():
            if found := self._holding(part):
                met.add(" ".join(self.words[i] for i in part))
                self.used.update(part)
                kept &= found
        self.met = sorted(met)
        return sorted(kept)

    def superlative(self) -> re.Match[str] | None:
        """What asks for the first or the last in an order: "fewest", "the cheapest", "is most expensive"."""
        cells = {value.casefold() for values in self.values.values() for value in values}
        found, other = EXTREMES.search(self.question), _SUPERLATIVE.search(self.question)
        if found and found[0].casefold() in cells:
            return None  # "latest" as a status
        if other is None or EXTREMES.fullmatch(other[0].split()[-1]) or (found and found.start() >= other.end()):
            return found
        word = other[0].split()[-1].casefold()
        return found if any(word in cell for cell in cells) else other  # "the forest"

    def measured(self, target: str, most: re.Match[str]) -> list[tuple[str, bool]]:
        """The columns that a superlative may compare, and whether the lowest figure of each is meant.

        It is the one that the question names, else those that it may mean by the encoder; none where it is not known.
        """
        known = EXTREMES.fullmatch(most[0].split()[-1])
        named = next((name for name in self.mentions if name != target and name in self.figures), None)
        meant = [(named, None)] if named else list[tuple[str, bool | None]]()
        if not meant and self.alike:
            others = {name: found for name, found in self.figures.items() if name != target}
            quick = bool(known and (known["fast"] or known["slow"]))
            noun = target.lower() if self.noun == "one" else self.noun
            asked = self.question.replace(" ", f" {noun} ", 1) if self.noun == "one" else self.question
            meant = extreme(asked, noun, others, quick, self.alike)
        ends = [(name, self.figures[name].lowest(known) if known else lowest) for name, lowest in meant]
        found = [(name, lowest) for name, lowest in ends if lowest is not None]
        return found if len(found) == len(ends) else []

    def left(self) -> set[int]:
        """The places of words that are not accounted for."""
        asked = (i for i, word in enumerate(self.words) if word not in UNASKED and word not in self.table.place)
        return set(asked) - self.used

    def is_joined(self, left: set[int]) -> bool:
        """Whether one word is left over, the verb that joins what is asked for and what is said of it."""
        tokens = _WORD_ASKED.findall(self.question)
        if not self.alike or len(left) != 1 or len(tokens) != len(self.words):
            return False
        (place,) = left
        between = set(self.words[self.behind : place])
        return self.behind <= place and between <= UNASKED | NEGATIONS and joins(tokens[place], self.met, self.alike)

    def _runs(self) -> list[list[int]]:
        """What is left over, words that stand side by side together."""
        numbered = groupby(enumerate(sorted(self.left())), lambda one: one[1] - one[0])
        return [[place for _, place in run] for _, run in numbered]

    def _holding(self, places: list[int]) -> set[int]:
        """The rows that hold words as a part of a cell: a name, or one of the things that the cell lists.

        Empty where the columns that hold them do not agree, where a cell may deny them, and for figures.
        """
        tokens = list(_WORD_ASKED.finditer(self.question))
        if len(tokens) != len(self.words) or all(self.words[i].isdigit() for i in places):
            return set()
        said = self.question[tokens[places[0]].start() : tokens[places[-1]].end()]
        named = re.compile(rf"(?<!\w){re.escape(said)}(?!\w)") if places[0] and said != said.lower() else None
        found = dict[str, set[int]]()
        for name, values in self.values.items():
            for i, value in enumerate(values):
                if said[:3].casefold() not in value.casefold():  # most of a long table
                    continue
                if not (_lists(value)(said) or (named and named.search(value))):
                    continue
                if len(value.split()) > _LONG or not NEGATIONS.isdisjoint(stems(value)):
                    return set()
                found.setdefault(name, set()).add(i)
        every = set[int]().union(*found.values())
        return every if every in found.values() else set()

    def _having(self, name: str) -> set[int] | None:
        """The rows that have what a column is named after, or have it not; None where its cells do not say so."""
        signs = [plain_sign(value) for value in self.values[name]]
        if (years := _IN_YEAR.findall(self.question)) and all(map(_IN_YEAR.search, signs)):
            self.used.update(place for year in years for place in self._places([year]))
            return {i for i, sign in enumerate(signs) if any(year in sign for year in years)}
        nothing = NO | _NOTHING
        if not set(signs) & nothing or not (set(signs) & YES or set(signs) & _NOTHING):
            return None if not set(signs) <= YES else self._not(set(range(len(signs))), name)
        if set(signs) & YES and not set(signs) <= YES | nothing:
            return None
        return self._not({i for i, sign in enumerate(signs) if sign not in nothing}, name)

    def _not(self, rows: set[int], name: str) -> set[int]:
        return set(range(len(self.table.rows))) - rows if self._negated(name) else rows

    def _negated(self, name: str) -> bool:
        before = self.words[max(self.mentions[name][0] - 3, 0) : self.mentions[name][0]]
        found = [word for word in before if word in NEGATIONS]
        self.used.update(place for word in found for place in self._places([word]))
        return bool(found)

    def _use(self, start: int, end: int) -> None:
        self.used.update(range(len(stems(self.question[:start])), len(stems(self.question[:end]))))

    def _is_in_its_unit(self, name: str, limit: re.Match[str]) -> bool:
        """Whether a sign of a unit, which is no word of the question, is that of a column."""
        sign = limit["money"] or ("" if (limit["unit"] or "").isalpha() else limit["unit"] or "")
        known = {self.figures[name].base, *map(base_of, _UNIT.findall(f"{name} {self.table.units.get(name, '')}"))}
        return not sign or base_of(sign) in known or "/" in sign

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
                if value.strip().lower() not in YES | NO and not set(words) <= UNASKED:
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


def _lists(cell: str) -> Callable[[str], bool]:
    """Whether a cell names a thing among others: "tea" of "coffee, tea"."""
    things = [stems(one) for one in _BETWEEN_THINGS.split(cell)]
    return lambda thing: len(things) > 1 and stems(thing) in things


def same_root(one: str, other: str) -> bool:
    short = min(len(one), len(other))
    return short >= 5 and one[: short - 1] == other[: short - 1] and abs(len(one) - len(other)) <= 3
