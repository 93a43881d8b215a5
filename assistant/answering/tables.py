"""Questions over a whole table: which rows, how many of them, which has the most; and the one cell of a named row.

A table answers only where it is read with certainty, that is where each of its rows names the same columns, and where
each word of the question is accounted for: by the table's place, a column, a value, or a comparison.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from article_assistant.answering.asked import Asked, same_root
from article_assistant.answering.blocks import ITEMS, LIST
from article_assistant.answering.cite import Quote, Said, short_answer, stopped
from article_assistant.answering.meant import Alike, asked_of, joins, means_the_sum
from article_assistant.answering.measures import EXTREMES, sum_at
from article_assistant.answering.question import NEGATIONS, Kind, fits, kind_of, names_days
from article_assistant.answering.rank import PROPER, Contender
from article_assistant.answering.records import NO, YES, Records, plain_sign, row_named, table_at, tables_of, views
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.types import Hit

_COMPARES = re.compile(r"(?i)(?<!\bat )\b(?:most|least|best|worst|fewest|the \w{3,}est)\b")
_ALL = re.compile(r"(?i)(?:and )?(?:what (?:are|were)|when (?:is|are|was|were|do|does|did|can|may))\b")


TableAnswer = tuple[str | None, list[Said]]
"""A short answer, None where all rows are the answer, and its text."""


def from_table(
    question: str, hits: Sequence[Hit], row: Contender | None = None, alike: Alike | None = None
) -> TableAnswer | None:
    """The short answer and its text, each row that it rests on cited; None where no table answers for sure.

    Where the reader has found a `row`, one word of a question that names values may be left over, as "use" in "Which
    services use UDP?": only rows among which that one is are then an answer. Where two tables of one article say
    something else, neither is sure.
    """
    found, article = None, ""
    for table in tables_of(hits):
        answers = (_Answered(question, view, row, alike).answer() for view in views(question, table))
        said = next(filter(None, answers), None)
        if said and found and table.article.id == article and (said[0] is None or said[0] != found[0]):
            return None
        if said and not found:
            found, article = said, table.article.id
    return found


def passed_over(question: str, hits: Sequence[Hit], best: Contender, alike: Alike | None) -> Contender | None:
    """The table of the things that a question compares, which has no answer, where the best words compare none.

    "Rooms are booked at the front desk" is no answer to "Which room is booked the most?". Nor is a mark one, as "*" of
    "* means that there is none", but where it says which rows of a table are meant.
    """
    mark = not any(map(str.isalnum, best.words))
    if not (mark or _COMPARES.search(question)) or _COMPARES.search(best.text) or EXTREMES.search(best.text):
        return None
    for table in tables_of(hits):
        asked = Asked(question, table, alike)
        marked = mark and any(best.words in row.values() for row in table.rows)
        if marked or (not mark and asked.superlative() and asked.target() is not None):
            hit = next(hit for hit in hits if hit.article == table.article)
            start, end = table.spans[0]
            return shown_whole(Contender(hit, start, end, start, end, 0.0, fits=False))
    return None


def named_cell(question: str, kind: Kind, hits: Sequence[Hit], alike: Alike | None) -> TableAnswer | None:
    """The cell of the one row that a question names by its first cell, in the column that it means by the encoder.

    "How long does it take?" means the time, and "Does it take coins?" a tick below "Coins". None where several cells
    may be meant, where the cell says nothing of that `kind`, or where the question has a name or a number of something
    else.
    """
    found, whether = dict[str, Quote](), kind == "yes or no"
    if not alike or (whether and not NEGATIONS.isdisjoint(stems(question))):
        return None
    for table in tables_of(hits):
        for view in views(question, table):
            if (at := row_named(question, view)) is None:
                continue
            label, *others = view.rows[at].get(view.columns[0], ""), *view.columns[1:]
            name = asked_of(question, label, others, alike)
            value = view.rows[at].get(name, "") if name else ""
            left = set(stems(" ".join(PROPER.findall(question)))) - UNASKED
            said = set(stems(f"{label} {name} {value}")) | view.place
            if not name or not value or (plain_sign(value) in YES | NO) != whether:
                continue
            if fits(kind, value) and left <= said and (not whether or _asks_if(question, said, alike)):
                line = at if view is table else [row.get(table.columns[0]) for row in table.rows].index(name)
                found.setdefault(value, Quote(table.article, *table.spans[line]))
    if len(found) != 1:
        return None
    ((value, quote),) = found.items()
    return value, short_answer(value, [quote])


def _asks_if(question: str, said: set[str], alike: Alike) -> bool:
    """Whether a yes-or-no question only joins what is `said` by a verb like "have"; "new" or "closed" asks for more."""
    left = [word for word in re.findall(r"\w+", question) if not set(stems(word)) <= said | UNASKED]
    return not left or (len(left) == 1 and joins(left[0], [], alike))


def shown_whole(best: Contender) -> Contender:
    """The table that a row stands in, as one quote, where it is not too long; else the row."""
    table = table_at(best.hit, best.start)
    if table is None or table.spans[-1][1] - table.spans[0][0] > LIST:
        return best
    return replace(best, start=table.spans[0][0], end=table.spans[-1][1])


class _Answered(Asked):
    """What a table says to what is asked of it."""

    def __init__(self, question: str, table: Records, row: Contender | None, alike: Alike | None) -> None:
        super().__init__(question, table, alike)
        self.row = row

    def answer(self) -> TableAnswer | None:
        """See `from_table`."""
        if _ALL.match(self.question) and self._is_whole():
            return self._whole()
        most = self.superlative()
        target = self.target()
        kept = self.kept(target, most) if target is not None else None
        if target is None or kept is None:
            return None
        total = sum_at(self.figures.values())
        if total and self.alike and means_the_sum(self.values[self.table.columns[0]][total], self.alike):
            kept = [i for i in kept if i != total] or kept  # it is none of the rows that it sums up
        measure = None
        if most:
            found = self.measured(target, most)
            first = [self.figures[name].outermost(kept, lowest=lowest) for name, lowest in found]
            if not first or not first[0] or first != first[:1] * len(first):
                return None
            measure, kept = found[0][0], first[0]
            self.met.append(measure)
        left = self.left()
        if left and not ((measure or self.met) and self.is_joined(left)) and not self._is_led_to(kept, left):
            return None
        return self._extreme(kept, target, measure) if measure else self._said(kept, target)

    def _is_whole(self) -> bool:
        """Whether "what are the opening hours?" means all rows: values of a column say nothing without their row."""
        first, *others = self.names
        days = sum(map(names_days, self.values[first])) * 2 > len(self.table.rows)
        if first in self.mentions or not (days or any(name in self.mentions for name in others)):
            return False
        known = {word for name in self.mentions for word in self.names[name]} | self.table.place | UNASKED
        return all(word in known or any(same_root(word, one) for one in known) for word in self.words)

    def _whole(self) -> TableAnswer | None:
        """All rows, each a line, resting on one quote of the table."""
        start, end = self.table.spans[0][0], self.table.spans[-1][1]
        if end - start > LIST or len(self.table.rows) > ITEMS:
            return None
        table = Quote(self.table.article, start, end)
        return None, [Said(f"- {self.table.article.text[a:b]}", table) for a, b in self.table.spans]

    def _is_led_to(self, kept: list[int], left: set[int]) -> bool:
        """Whether one word is left over, of a question with a condition, and the reader's row is among those kept."""
        if len(left) != 1 or not self.met or not self.row or self.row.hit.article.id != self.table.article.id:
            return False
        return any(start <= self.row.start < end for start, end in map(self.table.spans.__getitem__, kept))

    def _extreme(self, first: list[int], target: str, measure: str) -> TableAnswer | None:
        if len(first) > ITEMS or not all(self._is_said(target, self.values[target][i]) for i in first):
            return None
        short = ", ".join(dict.fromkeys(self.values[target][i] for i in first))
        said = [
            Said(f"{self.values[target][i]} ({measure}: {self.values[measure][i]})", self._row(i), ",") for i in first
        ]
        said[-1] = Said(stopped(said[-1].text), said[-1].quote)
        start, end = self.table.spans[0][0], self.table.spans[-1][1]
        return short, [*said, Said("", Quote(self.table.article, start, end))] if end - start <= LIST else said

    def _said(self, kept: list[int], target: str) -> TableAnswer | None:
        counted = kind_of(self.question) == "number"
        first: dict[str, int] = {}
        for i in kept:
            first.setdefault(self.values[target][i], i)
        named = {one for one in self.values[target] if set(stems(one) or [one]) <= set(self.words)}
        # None to choose from, or what is left over would choose: "Which is faster, Alder or Birch?"
        again = not counted and named == set(first) and (" or " not in self.question or bool(self.left()))
        if not first or not all(self._is_said(target, one) for one in first) or len(kept) > ITEMS or again:
            return None
        if counted and target != self.table.columns[0] and target in self.figures:
            # "How many seats …?" asks for the figure itself.
            if len(kept) > 1:
                return None
            counted = False
        short = str(len(first)) if counted else ", ".join(first)
        said = [Said(value, self._row(i), ",") for value, i in first.items()]
        said[-1] = Said(stopped(said[-1].text), said[-1].quote)
        if counted:
            said[0] = Said(f"{short}: {said[0].text}", said[0].quote, said[0].after)
        return short, said

    def _is_said(self, name: str, cell: str) -> bool:
        """Whether a cell is words; a sign alone is some only as the name of a row."""
        return any(map(str.isalnum, cell)) or bool(cell and name == self.table.columns[0])

    def _row(self, i: int) -> Quote:
        return Quote(self.table.article, *self.table.spans[i])
