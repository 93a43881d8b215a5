"""Statements in the place of questions, so that the verifier learns whether a passage carries a sentence.

    python -m training.statements measure [--model PATH] [--half tune]

Of the questions that the passages answer, statements are made (`training.declared`), and sentences of the passages
themselves are taken. What is carried has its places; what is not is made of a carried statement: another number or
date, another name or the names swapped, denied or turned to its opposite, half made up, or beside a passage that
does not say it. Both kinds are shortened, merged and reworded in the same ways, so that their wording alone does
not tell which is which.

`measure` says how well a model tells the right sentences of seeds/written.jsonl from the wrong ones.
"""

import argparse
import json
import random
import re
from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import groupby, pairwise
from pathlib import Path

import numpy as np

from assistant.evaluate import normal
from assistant.reader import VERIFIER, Reader
from index import embed
from index.chunk import passage, split
from index.files import read
from index.keyword import UNASKED, stems
from index.types import Article
from training.declared import AUXILIARY, DONE, PREPOSITION, Declarer, several
from training.misses import without
from training.pairs import NAMED, OPPOSITE, PLACES, Pair
from training.reworded import NEAR, WordNet

CARRIED, SECOND = 0.72, 0.1
"""Chances of a statement to be told as it is, and to be made into a second one that is not carried."""
OWN = 0.75
"""Sentences of a passage that are taken as statements, to each passage that answers a question."""
TREATED = 0.45
"""Chance of a statement to be put in another form that says the same."""
MERGED = 0.2
"""Chance of a carried statement to be told together with another one."""
REWORDED = 0.25
"""Chance of a statement to be put in other words."""
BUFFER = 400
"""Statements that are reworded at a time."""
WRITTEN = Path(__file__).parents[1] / "seeds" / "written.jsonl"
FLAGGED = 0.05
"""Share of the right sentences that may be flagged."""
SEED = 61

_SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen twenty"
).split()
_TENS = dict(zip(range(20, 100, 10), "twenty thirty forty fifty sixty seventy eighty ninety".split(), strict=True))
_MONTHS = "January February March April May June July August September October November December".split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
_MONTH = "|".join(_MONTHS)
_AMOUNT = re.compile(
    rf"(?<![\w.,/-])(?:\d{{1,3}}(?:,\d{{3}})+|\d+)(?:\.\d+)?(?![\w/-]|,\d)|\b(?:{'|'.join(_SMALL[2:])}|{'|'.join(_TENS.values())})\b"
    rf"|\b(?:{_MONTH})\b(?= \d|,)|\b(?:{'|'.join(_DAYS)})\b"
)
_PLAIN = re.compile(
    r"(?<![\w.,$€£/:-])(?:\d[\d,]*\d|\d)(?![\w%-]|[.,:/]\d| ?(?:million|billion|percent|°|[aApP]\.?m))"
    rf"|\b(?:{'|'.join(_SMALL[2:])})\b(?!-)"
)
"""Numbers that may be told in words or in digits."""
_LAST = re.compile(
    rf"([^,;]*\w) (in (?:\d{{4}}|(?:{_MONTH}) \d{{4}})"
    rf"|on (?:(?:{_MONTH}) \d{{1,2}}, \d{{4}}|\d{{1,2}} (?:{_MONTH}) \d{{4}}))"
)
"""A statement with a date at its end."""
_UNITS = [
    one.split("/")
    for one in (
        "miles/kilometres/metres/yards feet/inches/metres/yards kilometers/miles/meters/feet km/m/mi/ft "
        "percent/thousand/hundred days/weeks/months/years/hours hours/minutes/seconds/days years/months/decades/weeks "
        "million/billion/thousand/hundred dollars/euros/pounds/francs pounds/kilograms/tons tonnes/kilograms/grams "
        "meters/kilometers/feet/miles degrees/percent acres/hectares weeks/days/months months/weeks/years "
        "minutes/hours/seconds centuries/decades/years decades/centuries/years"
    ).split()
]
_LISTED = re.compile(r"(?:[\s,;/&–-]++|\b(?:and|or|to)\b|[A-Z][\w'.-]*+|\d[\d,.]*+)*+")
"""Between two items of a list; possessive, as long digits would be tried in every division."""
_ALIKE = re.compile(
    r"[\s,]*(?:and|or|is|was|are|were|also|known|called|named|as|with|the|a|an|&|\(|\))?(?:[\s,]*(?:the|a|as|known|called))*\s*"
)
_DENIED = re.compile(r"\b(?:not|never|no|none|neither|without|cannot)\b|n['’]t\b", re.IGNORECASE)
_HELPER = re.compile(r"\b(?:is|are|was|were|can|could|will|would|should|must|has|have|had|may|might)\b")
_OTHERWISE = {
    one: other
    for left, right in (
        pair.split("/")
        for pair in (
            "all/some|every/no|always/never|before/after|more than/less than|at least/at most|first/last|can/cannot|"
            "until/from|only/also|most/few|many/few|usually/rarely|often/rarely|with/without|above/below|over/under|"
            "increased/decreased|rose/fell|grew/shrank|gained/lost|won/lost|began/ended|opened/closed|joined/left|"
            "accepted/rejected|allowed/banned|supported/opposed|north/south|east/west|northern/southern|eastern/western|"
            "early/late|largest/smallest|highest/lowest|higher/lower|larger/smaller|older/younger|oldest/youngest|"
            "public/private|male/female|success/failure|victory/defeat|up to/at least|during/before|same/different|"
            "both/neither|upper/lower|maximum/minimum|required/optional|legal/illegal|possible/impossible|"
            "common/uncommon|like/unlike|inside/outside|import/export|imported/exported|strong/weak|major/minor"
        ).split("|")
    )
    for one, other in ((left, right), (right, left))
} | OPPOSITE
_OTHER = re.compile(
    r"(?<![\w'-])(?:" + "|".join(sorted(map(re.escape, _OTHERWISE), key=len, reverse=True)) + r")(?![\w'-])"
)
_MIRRORED = re.compile(
    r"(met|married|borders|bordered|met with|resembles|is next to|is near|merged with|is different from)"
)
_PEOPLE = re.compile(r"^\w+(?:ian|ean|ish|ese|can)s?$|^(?:German|Greek|French|Dutch|Muslim|Jewish|Arab|All)s?$")
"""Words for a people or its language, which do not stand for a name."""
_FIRST = frozenset(
    "The A An In On At It He She They This These That His Her Its Their By For From With As After Before During When "
    "While Although However Many Some Most Other There Since Under One Two Both Such Also To Of And But If".split()
)
_CLAUSE = re.compile(
    r"(?:, which|, who| because| after| in order to| due to|, although| so that)\b[^,;.()]{12,90}(?=[.,;]|$)"
)
_MIDDLE = re.compile(
    r" \([^()]{3,60}\)|, (?:which|who|where|a|an|the|including|such as|especially|along with) [^,.;()]{5,70}(?=,)"
)

_TAILS = (
    ", which cost {n} {money}", ", at a cost of {n} {money}", ", which took {n} {time}", " because of bad weather",
    " because of a shortage of money", " after a complaint by a neighbour", " after a vote of the members",
    ", as {who} had asked", " at the request of {who}", ", and {n} people signed a petition against it",
    ", although {who} had warned against it", ", to the surprise of {who}", ", for the first time in {n} {time}",
    ", followed by a second one {n} {time} later", ", which {who} later regretted", " without telling {who}",
    ", in the presence of {n} guests", ", mostly to save money", ", and {who} paid for it", " despite a strike",
    ", which was then the largest of its kind", " on the advice of {who}", ", and the press praised it",
    " with the help of {n} volunteers", " in order to win back customers", ", which led to a court case",
    " after {n} {time} of preparation", ", a year earlier than planned", ", as was agreed in writing",
    ", which is why {who} resigned", " until {who} put an end to it", ", twice as many as expected",
)  # fmt: skip
_WHO = (
    "the mayor", "the owners", "the council", "a group of investors", "the local bishop", "the inspectors",
    "his brother", "the tenants", "the ministry", "the insurers", "two students", "the chief engineer",
    "the trade union", "the police", "her lawyer", "a rival firm", "the board", "the villagers", "the editors",
    "the accountants",
)  # fmt: skip
_FRONTS = (
    "According to {who}, ", "After {n} {time} of talks, ", "Because of a lack of space, ",
    "Under pressure from {who}, ", "Together with {who}, ", "To save money, ", "Against the wishes of {who}, ",
    "Thanks to a gift of {n} {money}, ",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Claim:
    """A statement without its full stop that a passage carries; its answer is `text[start:end]`, at `places` of the
    passage. `said` is the rest of it where the answer is its subject; `own` sentences are the passage's."""

    text: str
    start: int
    end: int
    passage: str
    places: tuple[tuple[int, int], ...]
    said: str = ""
    own: bool = False

    @property
    def answer(self) -> str:
        """The words of the answer."""
        return self.text[self.start : self.end]

    def other(self, answer: str) -> str:
        """The statement with another answer."""
        return self.text[: self.start] + answer + self.text[self.end :]

    def line(self) -> str:
        """The sentence of the passage that has the answer."""
        begin = self.passage.rfind("\n", 0, self.places[0][0]) + 1
        return self.passage[begin:].split("\n")[0]

    def near(self) -> str:
        """This sentence with those beside it."""
        lines = self.passage.split("\n")
        at = self.passage[: self.places[0][0]].count("\n")
        return "\n".join(lines[max(at - 1, 1) : at + 2])


class Maker:
    """Makes pairs of the statements of a few articles at a time, with those seen before at hand."""

    def __init__(self, words: WordNet, embedder: embed.Embedder, chance: random.Random) -> None:
        self.words, self.embedder, self.chance = words, embedder, chance
        self.declarer = Declarer(words.counts)
        self.made = Counter[str]()
        self.asked = self.turned = 0
        self._claims: deque[Claim] = deque(maxlen=600)
        self._passages: deque[tuple[str, frozenset[str]]] = deque(maxlen=400)
        self._makers: dict[str, Callable[[Claim, Sequence[Claim]], Pair | None]] = {
            "number": self._number, "name": self._name, "denied": self._denied, "made up": self._made_up,
            "elsewhere": self._elsewhere,
        }  # fmt: skip

    def claims(self, told: Sequence[Pair]) -> list[Claim]:
        """The statements of an article's answered questions, and some of its own sentences."""
        found = []
        for pair in dict.fromkeys(told):
            self.asked += 1
            start, end = pair.places[0]
            turned = self.declarer.statement(pair.question, pair.passage[start:end], pair.passage, start)
            if turned:
                self.turned += 1
                found.append(Claim(turned.text, turned.start, turned.end, pair.passage, pair.places, turned.said))
        for text in dict.fromkeys(pair.passage for pair in told):
            count = int(OWN) + (self.chance.random() < OWN % 1)
            lines = [(at, line) for at, line in _lines(text) if re.fullmatch(r"[A-Z\"“].{30,240}\.", line)]
            denied = [one for one in lines if _DENIED.search(one[1])]
            chosen = self.chance.sample(denied, 1) if denied and count and self.chance.random() < 0.6 else []
            for at, line in chosen or self.chance.sample(lines, min(count, len(lines))):
                if claim := self._own(text, at, line):
                    found.append(claim)
        return found

    def _own(self, text: str, at: int, line: str) -> Claim | None:
        """A sentence of the passage as a statement; one of its names or numbers stands for the answer."""
        hard = [m.span() for m in NAMED.finditer(line) if m.start() and m[0] not in _FIRST]
        hard += [m.span() for m in _AMOUNT.finditer(line) if not any(a <= m.start() < b for a, b in hard)]
        if not hard:
            return None
        self.chance.shuffle(hard)
        places = tuple((at + a, at + b) for a, b in hard[:PLACES])
        return Claim(line[:-1], *hard[0], text, places, own=True) if hard[0][1] < len(line) else None

    def reworded(self, claims: list[Claim]) -> list[Claim]:
        """Some of the statements in words that their passage does not use, where these stay near in meaning."""
        todo: list[tuple[int, list[Claim]]] = []
        for number, claim in enumerate(claims):
            if self.chance.random() < REWORDED:
                ways = [way for way in (self._other_words(claim) for _ in range(2)) if way.text != claim.text]
                if ways:
                    todo.append((number, ways))
        texts = [claim.text for number, ways in todo for claim in (claims[number], *ways)]
        if not texts:
            return claims
        vectors, _ = self.embedder.passages(texts, [[] for _ in texts])
        found, at = list(claims), 0
        for number, ways in todo:
            alike = vectors[at + 1 : at + 1 + len(ways)] @ vectors[at]
            at += 1 + len(ways)
            if alike.max() >= NEAR:
                found[number] = ways[int(alike.argmax())]
        return found

    def _other_words(self, claim: Claim) -> Claim:
        known = _stems(claim.passage)

        def other(match: re.Match[str]) -> str:
            word = match[0]
            if word in UNASKED or not _stems(word) <= known or self.chance.random() > 0.7:
                return word
            new = [one for one in self.words.others(word) if not _stems(one) & known]
            return self.chance.choice(new) if new else word

        front, back = (re.sub(r"(?<![\w'-])[a-z]{4,}(?![\w'-])", other, part) for part in
                       (claim.text[: claim.start], claim.text[claim.end :]))  # fmt: skip
        said = back.strip() if claim.said else ""
        return replace(
            claim, text=front + claim.answer + back, start=len(front), end=len(front) + len(claim.answer), said=said
        )

    def pairs(self, claims: Sequence[Claim]) -> Iterator[Pair]:
        """What an article's statements become: carried and not, each kind about as often as the others."""
        own: dict[str, list[Claim]] = defaultdict(list)
        for claim in claims:
            own[claim.passage].append(claim)
        for claim in claims:
            beside = [one for one in own[claim.passage] if one.text != claim.text]
            others = self.chance.sample(claims, min(len(claims), 16))
            beside += [one for one in others if one.passage != claim.passage]
            if self.chance.random() < CARRIED:
                yield self._count("carried", self._carried(claim, beside))
            for _ in range(1 + (self.chance.random() < SECOND)):
                order = sorted(self._makers, key=lambda kind: self.made[kind] * self.chance.uniform(0.9, 1.1))
                for kind in order:
                    if pair := self._makers[kind](claim, beside):
                        yield self._count(kind, pair)
                        break
        self._claims.extend(self.chance.sample(list(claims), min(len(claims), 12)))
        texts = list(dict.fromkeys(claim.passage for claim in claims))
        self._passages.extend((text, _stems(text)) for text in texts[:8])

    def _count(self, kind: str, pair: Pair) -> Pair:
        self.made[kind] += 1
        return pair

    def _pair(self, claim: Claim, text: str, places: tuple[tuple[int, int], ...] = ()) -> Pair:
        """A pair with its statement in some form: with or without its full stop, and some put otherwise."""
        if self.chance.random() < TREATED:
            ways = [_numbers_otherwise, _dates_otherwise, _fronted, _contracted, _shorter]
            self.chance.shuffle(ways)
            text = next((new for way in ways if (new := way(text, self.chance)) != text), text)
        text = text[0].upper() + text[1:]
        return Pair(text + "." if self.chance.random() < 0.85 else text, claim.passage, places[:PLACES])

    # -- carried

    def _carried(self, claim: Claim, beside: Sequence[Claim]) -> Pair:
        chance = self.chance.random()
        text, places = claim.text, claim.places
        same = [one for one in beside if one.passage == claim.passage and one.answer != claim.answer]
        if chance < MERGED and same:
            other = self.chance.choice(same)
            text, places = self._merged(text, other.text), (*places[:3], *other.places[:3])
        elif chance < MERGED + 0.06 and claim.own:
            after = self._next(claim)
            text = self._merged(text, after) if after else text
        elif chance < MERGED + 0.12:
            twins = [one for one in same if one.said] if claim.said else []
            twins += [one for one in beside if claim.said and one.said and one.passage == claim.passage
                      and one.answer == claim.answer]  # fmt: skip
            twins = [one for one in twins if one.answer == claim.answer]
            clause = _CLAUSE.search(claim.line())
            if twins:
                text = f"{claim.answer}, {self._who(claim)} {self.chance.choice(twins).said}, {claim.said}"
            elif clause and not claim.own and not _says(clause[0], claim.answer):
                text += clause[0]
        elif chance < MERGED + 0.22:
            text = self._denying(claim, beside, True) or text
        elif chance < MERGED + 0.38:
            text = self._passive(claim) or text
        elif mirrored := self._mirrored(claim):
            text = mirrored
        return self._pair(claim, text, places)

    def _next(self, claim: Claim) -> str | None:
        lines = [line for _, line in _lines(claim.passage)]
        at = next((i for i, line in enumerate(lines) if line == claim.line()), len(lines))
        return lines[at + 1].rstrip(".") if at + 1 < len(lines) and len(lines[at + 1]) < 160 else None

    def _merged(self, one: str, two: str) -> str:
        one, two = (one, two) if self.chance.random() < 0.5 else (two, one)
        small = two[0].lower() + two[1:] if two.split()[0] in _FIRST else two
        joint = self.chance.choice([", and {}", "; {}", ", while {}", " and {}", ". {}"])
        return one + joint.format(two if joint == ". {}" else small)

    def _who(self, claim: Claim) -> str:
        return "who" if NAMED.match(claim.answer) and self.chance.random() < 0.6 else "which"

    def _denying(self, claim: Claim, beside: Sequence[Claim], right: bool) -> str | None:
        """ "A, not B, founded X": right or the wrong way around."""
        others = self._names(claim, beside)
        if claim.own or not others:
            return None
        one, two = claim.answer, self.chance.choice(others)
        one, two = (one, two) if right else (two, one)
        comma = "," if claim.end < len(claim.text) else ""
        way = self.chance.choice([f"{one}, not {two}{comma}", f"{one} and not {two}", f"{one} rather than {two}"])
        return claim.other(way)

    def _parts(self, claim: Claim) -> tuple[str, str, str] | None:
        """Base of the verb, object, and what follows, where the answer did something to something."""
        words = claim.said.split()
        if len(words) < 2 or words[0].lower() in AUXILIARY:
            return None
        verb = next(
            (base for base, form, share in self.declarer.forms(words[0]) if form == "past" and share > 0.8), None
        )
        end = next(
            (i for i, word in enumerate(words) if i and word.lower() in PREPOSITION | {"and", "that", "to", "when"}),
            len(words),
        )
        if (
            not verb
            or not 2 <= end <= 7
            or words[1].lower() in PREPOSITION
            or not (words[1][0].isupper() or words[1] in {"the", "a", "an"})
        ):
            return None
        return (verb, " ".join(words[1:end]), " ".join(words[end:])) if verb != "become" else None

    def _passive(self, claim: Claim, swapped: bool = False) -> str | None:
        """ "X was founded by A in 1990"; swapped, "A was founded by X in 1990"."""
        parts = self._parts(claim)
        if not parts:
            return None
        verb, what, rest = parts
        done = DONE.get(verb) or claim.said.split()[0]
        who = claim.text[: len(claim.text) - len(claim.said)].strip()
        small = who[0].lower() + who[1:] if who.split()[0] in _FIRST else who
        if swapped:
            return f"{who} {'were' if several(who) else 'was'} {done} by {what} {rest}".strip()
        helper = "were" if several(what) else "was"
        return f"{what} {helper} {done} by {small} {rest}".strip()

    def _mirrored(self, claim: Claim) -> str | None:
        """ "B met A" for "A met B"."""
        found = _MIRRORED.match(claim.said)
        rest = claim.said[found.end() :].strip() if found else ""
        if not found or not re.fullmatch(r"[A-Z][\w'-]+(?: [A-Z][\w'-]+)*", rest):
            return None
        return f"{rest} {found[1]} {claim.answer}"

    # -- not carried

    def _number(self, claim: Claim, _: Sequence[Claim]) -> Pair | None:
        """Another number, date or unit: one of the passage, or one that is near."""
        found = list(_AMOUNT.finditer(claim.text))
        units = [(m, unit) for unit in _UNITS for m in re.finditer(rf"(?<=[\dn] ){unit[0]}\b", claim.text)]
        if units and self.chance.random() < 0.3:
            match, unit = self.chance.choice(units)
            new = self.chance.choice(unit[1:])
            return self._changed(claim, match, new) if new not in claim.near() else None
        if not found:
            return None
        match = self.chance.choice(found)
        value = _value(match[0])
        around = self.chance.choice([claim.line(), claim.near(), claim.near(), claim.passage])
        title = claim.passage.split("\n")[0]
        there = [m for m in _AMOUNT.finditer(around) if _kind(m[0]) == _kind(match[0]) and _value(m[0]) != value]
        there = [m for m in there if not _says(claim.text, m[0]) and not _says(title, m[0])]
        own = around.find(match[0])
        there = [
            m
            for m in there
            if own < 0 or not _LISTED.fullmatch(around[min(m.end(), own + len(match[0])) : max(m.start(), own)])
        ]
        if there and self.chance.random() < 0.75:
            return self._changed(claim, match, self.chance.choice(there)[0])
        near = _near(match[0], self.chance)
        if re.search(rf"(?:{_MONTH}) $", claim.text[: match.start()]) or re.match(
            rf" (?:{_MONTH})", claim.text[match.end() :]
        ):
            near = str(self.chance.randint(1, 28)) if _kind(match[0]) == "number" else near
        if near is None or _says(claim.near(), near) or _says(claim.text, near):
            return None
        return self._changed(claim, match, near)

    def _changed(self, claim: Claim, match: re.Match[str], new: str) -> Pair:
        return self._pair(claim, claim.text[: match.start()] + new + claim.text[match.end() :])

    def _names(self, claim: Claim, beside: Sequence[Claim]) -> list[str]:
        """What could stand in the answer's place and would be wrong: names of the passage, or other answers."""
        title, answer = claim.passage.split("\n")[0].lower(), claim.answer
        named = bool(NAMED.match(answer))
        words = {word.lower() for word in re.findall(r"\w+", answer)}

        def wrong(name: str) -> bool:
            own = {word.lower() for word in re.findall(r"\w+", name)}
            return not own & words and not _says(claim.text, name) and name.lower() not in title

        line, found = claim.line(), list[str]()
        if named and not answer[0].isdigit():
            at = line.find(answer)
            for match in NAMED.finditer(claim.passage[len(title) :]):
                name = match[0].removesuffix("'s")
                if name not in _within(claim.passage):
                    continue
                if (
                    name[0].isdigit()
                    or name.split()[0] in _FIRST
                    or name in _MONTHS
                    or name in _DAYS
                    or not wrong(name)
                ):
                    continue
                if _PEOPLE.search(name) and not _PEOPLE.search(answer):
                    continue
                if (len(name.split()) == 1) != (len(answer.split()) == 1) and len(name) < 6:
                    continue
                here = line.find(name)
                if (
                    at >= 0
                    and here >= 0
                    and _LISTED.fullmatch(line[min(at + len(answer), here + len(name)) : max(at, here)])
                ):
                    continue
                found.append(name)
        else:
            for one in beside:
                alike = bool(NAMED.match(one.answer)) == named and bool(re.search(r"\d", one.answer)) == bool(
                    re.search(r"\d", answer)
                )
                if one.passage == claim.passage and not one.own and alike and wrong(one.answer) and line != one.line():
                    found.append(one.answer)
        return sorted(set(found))

    def _name(self, claim: Claim, beside: Sequence[Claim]) -> Pair | None:
        """Another name in the answer's place, two names swapped, or doer and done swapped."""
        ways = [self._roles, self._swapped, self._replaced, self._replaced]
        self.chance.shuffle(ways)
        for way in ways:
            if text := way(claim, beside):
                return self._pair(claim, text)
        return None

    def _replaced(self, claim: Claim, beside: Sequence[Claim]) -> str | None:
        others = self._names(claim, beside)
        if not others or (claim.own and not claim.answer[0].isupper()):
            return None
        in_line = [name for name in others if name in claim.line()]
        new = self.chance.choice(in_line if in_line and self.chance.random() < 0.5 else others)
        if claim.said and self.chance.random() < 0.3:
            return self._passive(replace(claim, text=claim.other(new), end=claim.start + len(new)))
        return claim.other(new)

    def _swapped(self, claim: Claim, _: Sequence[Claim]) -> str | None:
        found = [m for m in NAMED.finditer(claim.text) if not m[0][0].isdigit() and m[0] not in _MONTHS + _DAYS]
        found = [m for m in found if m[0].split()[0] not in _FIRST and m[0] in _within(claim.passage)]
        both = [
            (one, two)
            for one, two in pairwise(found)
            if not _ALIKE.fullmatch(claim.text[one.end() : two.start()])
            and not re.search(
                r"\b(?:and|or|with|between|borders?|met|married)\b|['’(]", claim.text[one.end() : two.start()]
            )
            and not set(one[0].split()) & set(two[0].split())
        ]
        if not both or re.search(r"\bbetween\b", claim.text):
            return None
        one, two = self.chance.choice(both)
        text = claim.text
        return text[: one.start()] + two[0] + text[one.end() : two.start()] + one[0] + text[two.end() :]

    def _roles(self, claim: Claim, _: Sequence[Claim]) -> str | None:
        parts = self._parts(claim)
        if not parts or not parts[1].split()[-1][0].isupper() or not NAMED.match(claim.answer):
            return None
        if _MIRRORED.match(claim.said):
            return None
        if self.chance.random() < 0.5:
            return self._passive(claim, swapped=True)
        return f"{parts[1]} {claim.said.split()[0]} {claim.answer} {parts[2]}".strip()

    def _denied(self, claim: Claim, beside: Sequence[Claim]) -> Pair | None:
        """Denied, a denial dropped, or a word turned to its opposite."""
        more = [self._rival, self._negated, lambda one: self._denying(one, beside, False)]
        self.chance.shuffle(more)
        for way in (self._undone, self._opposite, *more):
            if text := way(claim):
                return self._pair(claim, text)
        return None

    def _opposite(self, claim: Claim) -> str | None:
        known = _stems(claim.line())
        found = [m for m in _OTHER.finditer(claim.text) if not claim.start <= m.start() < claim.end]
        found = [m for m in found if _stems(m[0]) <= known and not _stems(_OTHERWISE[m[0]]) <= known]
        if found:
            match = self.chance.choice(found)
            return claim.text[: match.start()] + _OTHERWISE[match[0]] + claim.text[match.end() :]
        return None

    def _rival(self, claim: Claim) -> str | None:
        """Another noun of the same kind, or an opposite, that the passage does not have."""
        known, whole = _stems(claim.line()), _stems(claim.passage)
        words = [
            m for m in re.finditer(r"(?<![\w'-])[a-z]{4,}(?![\w'-])", claim.text) if _stems(m[0]) <= known - UNASKED
        ]
        self.chance.shuffle(words)
        for match in words[:4]:
            new = [
                word for word in self.words.rivals(match[0]) if not _stems(word) & whole and word[:3] != match[0][:3]
            ]
            if new:
                return claim.text[: match.start()] + self.chance.choice(new) + claim.text[match.end() :]
        return None

    def _negated(self, claim: Claim) -> str | None:
        """The statement with "not" or "never"."""
        if _DENIED.search(claim.text) or _DENIED.search(claim.line()):
            return None
        helpers = [m for m in _HELPER.finditer(claim.text) if not claim.start <= m.start() < claim.end]
        if helpers:
            match = helpers[0]
            if re.match(r"['’-]", claim.text[match.end() :]):
                return None
            word = match[0] + self.chance.choice([" not", " never", " not"])
            return claim.text[: match.start()] + word + claim.text[match.end() :]
        words = claim.text.split()
        first = len(claim.text[: claim.end].split()) if claim.said else 1
        for i in range(first, min(len(words), first + 6)):
            past = [base for base, form, share in self.declarer.forms(words[i]) if form == "past" and share > 0.8]
            if past and words[i - 1].lower() not in PREPOSITION | {"the", "a", "an", "and"}:
                denied = self.chance.choice([["did", "not", past[0]], ["never", words[i]], ["did", "not", past[0]]])
                return " ".join([*words[:i], *denied, *words[i + 1 :]])
            if claim.said:
                break
        return None

    def _undone(self, claim: Claim) -> str | None:
        """The statement without its denial."""
        found = re.search(r"\b(?:not|never) (?!only|to\b)|(?<=can)not\b ?|n['’]t\b", claim.text)
        return claim.text[: found.start()] + claim.text[found.end() :].replace("  ", " ") if found else None

    def _made_up(self, claim: Claim, beside: Sequence[Claim]) -> Pair | None:
        """The statement with something that the passage does not say: behind, before or within."""
        if len(claim.text.split()) > 32:
            return None
        if self.chance.random() < 0.4:
            return self._pair(claim, self._invented(claim))
        others = [one for one in beside if one.passage != claim.passage]
        if not others or self.chance.random() < 0.25:
            others = self.chance.sample(list(self._claims), min(len(self._claims), 8))
        others = [one for one in others if not _says(claim.passage, one.answer) and len(one.text.split()) < 25]
        saying = [one for one in others if one.said] if claim.said else []
        if saying and self.chance.random() < 0.6:
            other = self.chance.choice(saying)
            text = self.chance.choice([
                f"{claim.answer}, {self._who(claim)} {other.said}, {claim.said}",
                f"{claim.answer} {claim.said} and {other.said}",
                f"{claim.answer} {claim.said} and also {other.said}",
            ])  # fmt: skip
            return self._pair(claim, text)
        if not others:
            return None
        other = self.chance.choice(others)
        clause = _CLAUSE.search(other.line())
        if clause and self.chance.random() < 0.35:
            return self._pair(claim, claim.text + clause[0])
        return self._pair(claim, self._merged(claim.text, other.text))

    def _invented(self, claim: Claim) -> str:
        number = self.chance.choice(
            [str(self.chance.randint(2, 90)), f"{self.chance.randint(1, 90)},000", self.chance.choice(_SMALL[2:])]
        )
        slots = {
            "n": number,
            "money": self.chance.choice(["euros", "dollars", "pounds"]),
            "who": self.chance.choice(_WHO),
            "time": self.chance.choice(["days", "weeks", "months", "years"]),
        }
        small = claim.text[0].lower() + claim.text[1:] if claim.text.split()[0] in _FIRST else claim.text
        where = self.chance.random()
        if where < 0.2:
            return self.chance.choice(_FRONTS).format(**slots) + small
        tail = self.chance.choice(_TAILS).format(**slots)
        if where < 0.45 and tail.startswith(",") and claim.said:
            return f"{claim.text[: len(claim.text) - len(claim.said)].strip()}{tail}, {claim.said}"
        return claim.text + tail

    def _elsewhere(self, claim: Claim, beside: Sequence[Claim]) -> Pair | None:
        """A passage that does not say it: the rest of this one, another of the article, or one with its words."""
        ways = [self._rest, self._article, self._like]
        self.chance.shuffle(ways)
        for way in ways:
            if text := way(claim, beside):
                return self._pair(replace(claim, passage=text), claim.text)
        return None

    def _rest(self, claim: Claim, _: Sequence[Claim]) -> str | None:
        rest = without(Pair(claim.text, claim.passage, claim.places))
        return rest if rest and len(rest.split("\n")) > 2 else None

    def _article(self, claim: Claim, beside: Sequence[Claim]) -> str | None:
        others = {one.passage for one in beside} - {claim.passage}
        return self._most_like(claim, [(text, _stems(text)) for text in sorted(others)[:20]])

    def _like(self, claim: Claim, _: Sequence[Claim]) -> str | None:
        return self._most_like(claim, list(self._passages))

    def _most_like(self, claim: Claim, passages: Sequence[tuple[str, frozenset[str]]]) -> str | None:
        about = _stems(claim.text) - UNASKED
        ranked = sorted(passages, key=lambda one: -len(about & one[1]))[:3]
        ranked = [one for one in ranked if not _says(one[0], claim.answer) and len(about & one[1]) > 1]
        return self.chance.choice(ranked)[0] if ranked else None


def pairs(told: Iterable[Pair], words: WordNet, embedder: embed.Embedder) -> Iterator[Pair]:
    """Statements of the answered pairs, article by article, with the passages that carry them or do not."""
    maker = Maker(words, embedder, random.Random(SEED))
    waiting: list[list[Claim]] = []
    for _, group in groupby((pair for pair in told if pair.places), key=lambda pair: pair.passage.split("\n")[0]):
        waiting.append(maker.claims(list(group)))
        if sum(map(len, waiting)) > BUFFER:
            yield from _released(maker, waiting)
            waiting = []
    yield from _released(maker, waiting)
    share = maker.turned / max(maker.asked, 1)
    print(f"{maker.asked:,} questions, {share:.2f} of them turned; {dict(maker.made)}", flush=True)


def _released(maker: Maker, waiting: Sequence[list[Claim]]) -> Iterator[Pair]:
    done = iter(maker.reworded([claim for claims in waiting for claim in claims]))
    for claims in waiting:
        yield from maker.pairs([next(done) for _ in claims])


_normal = lru_cache(20_000)(normal)


@lru_cache(20_000)
def _stems(text: str) -> frozenset[str]:
    return frozenset(stems(text))


def _says(text: str, words: str) -> bool:
    """Whether words stand in a text, as `assistant.evaluate.holds` has it, but faster for texts that come again."""
    return f" {_normal(words)} " in f" {_normal(text)} "


@lru_cache(2_000)
def _within(text: str) -> frozenset[str]:
    """Names that stand within a sentence of a text, where their capitals tell something."""
    found = ((text[max(m.start() - 3, 0) : m.start()], m[0]) for m in NAMED.finditer(text))
    return frozenset(name.removesuffix("'s") for before, name in found if re.search(r"[\w,;] \"?$", before))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """The sentences of a passage with where they begin; its first line, the title, is none."""
    at = text.find("\n") + 1
    for line in text[at:].split("\n"):
        yield at, line
        at += len(line) + 1


def _value(words: str) -> str:
    """A number in digits, without its commas."""
    low = words.lower()
    if low in _SMALL:
        return str(_SMALL.index(low))
    tens = {word: number for number, word in _TENS.items()}
    return str(tens.get(low, low.replace(",", "")))


def _kind(words: str) -> str:
    """Numbers of one kind may stand for one another: years, months, weekdays, and all others."""
    if words in _MONTHS:
        return "month"
    if words in _DAYS:
        return "day"
    return "year" if re.fullmatch(r"1\d{3}|20\d{2}", words) else "number"


def _near(words: str, chance: random.Random) -> str | None:
    """A number like this one: near by, with two digits swapped, or ten times as much."""
    kind = _kind(words)
    if kind in {"month", "day"}:
        return chance.choice([one for one in (_MONTHS if kind == "month" else _DAYS) if one != words])
    if words.lower() in _SMALL:
        number = _SMALL.index(words.lower())
        return _SMALL[chance.choice([n for n in range(max(2, number - 4), min(20, number + 5)) if n != number])]
    if not words[0].isdigit():
        return chance.choice([word for word in _TENS.values() if word != words.lower()])
    digits = words.replace(",", "")
    if "." in digits:
        whole, part = digits.split(".")
        other = (int(part) + chance.randint(1, 8)) % 10 ** len(part)
        return chance.choice([f"{int(whole) + chance.randint(1, 4)}.{part}", f"{whole}.{other:0{len(part)}d}"])
    number, way = int(digits), chance.random()
    if kind == "year":
        return str(number + chance.choice([-1, 1]) * chance.choice([1, 1, 2, 3, 4, 5, 8, 10, 20, 100]))
    if way < 0.3 and len(digits) > 1:
        at = chance.randrange(len(digits) - 1)
        new = int(digits[:at] + digits[at + 1] + digits[at] + digits[at + 2 :])
    elif way < 0.45:
        new = number * 10
    elif way < 0.65 and number > 30:
        new = int(number * chance.uniform(0.6, 1.5))
    else:
        new = number + chance.choice([-1, 1]) * chance.randint(1, max(3, min(number // 8, 12)))
    if new <= 0 or new == number:
        return None
    return f"{new:,}" if "," in words or (new > 9999 and chance.random() < 0.5) else str(new)


# -- other forms that say the same; each gives the text back where it does not apply


def _numbers_otherwise(text: str, chance: random.Random) -> str:
    """Numbers as words instead of digits or the other way around, with or without a comma."""

    def other(match: re.Match[str]) -> str:
        words = match[0]
        low = words.lower()
        if low in _SMALL or low in _TENS.values():
            return _value(words)
        digits = words.replace(",", "")
        if not digits.isdigit() or _kind(words) == "year":
            return words
        number = int(digits)
        if 1 < number <= 20:
            return _SMALL[number]
        if 20 < number < 100:
            return _TENS[number // 10 * 10] + (f"-{_SMALL[number % 10]}" if number % 10 else "")
        return digits if "," in words else f"{number:,}" if number > 999 else words

    if re.search(rf"\b(?:{_MONTH})\b", text):
        return text
    found = list(_PLAIN.finditer(text))
    if not found:
        return text
    match = chance.choice(found)
    return text[: match.start()] + other(match) + text[match.end() :]


def _dates_otherwise(text: str, chance: random.Random) -> str:
    """June 9, 2016, or 9 June 2016, or 2016-06-09."""
    found = re.search(rf"\b(?:({_MONTH}) (\d{{1,2}})|(\d{{1,2}}) ({_MONTH})),? (\d{{4}})\b", text)
    if not found:
        return text
    month, day, year = found[1] or found[4], found[2] or found[3], found[5]
    forms = [f"{month} {day}, {year}", f"{day} {month} {year}", f"{year}-{_MONTHS.index(month) + 1:02d}-{int(day):02d}"]
    new = chance.choice([form for form in forms if form != found[0]])
    return text[: found.start()] + new + text[found.end() :]


def _fronted(text: str, _: random.Random) -> str:
    """ "In 1990, …" instead of "… in 1990"."""
    found = _LAST.fullmatch(text)
    if not found or " and " in found[1]:
        return text
    rest = found[1][0].lower() + found[1][1:] if found[1].split()[0] in _FIRST else found[1]
    return f"{found[2][0].upper()}{found[2][1:]}, {rest}"


def _contracted(text: str, _: random.Random) -> str:
    """ "didn't" instead of "did not", "it's" instead of "it is"."""
    new = re.sub(r"\b(did|does|do|is|are|was|were|has|have|had|could|would|should) not\b", r"\1n't", text)
    new = re.sub(r"\b(?:cannot|can not)\b", "can't", new)
    return re.sub(r"\b(It|it|He|he|She|she|There|there) is\b", r"\1's", new)


def _shorter(text: str, chance: random.Random) -> str:
    """Without something in brackets or between commas."""
    found = list(_MIDDLE.finditer(text))
    if not found or len(text.split()) < 14:
        return text
    match = chance.choice(found)
    return text[: match.start()] + text[match.end() + (match[0][0] == "," and text[match.end() :][:1] == ",") :]


# -- measuring


def auc(right: Sequence[float], wrong: Sequence[float]) -> float:
    """How often a right one scores above a wrong one, a tie counting half."""
    one, two = np.array(right)[:, None], np.array(wrong)[None, :]
    return float((one > two).mean() + 0.5 * (one == two).mean())


def measure(reader: Reader, halves: Sequence[str], rows: Path = WRITTEN) -> None:
    """Print how well the best score of a sentence beside the passages of its quote tells right from wrong."""
    embedder = embed.load()
    shown: dict[str, list[tuple[int, int, tuple[str, list[tuple[int, int]]]]]] = {}
    scores: dict[str, list[float]] = {}
    for line in rows.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if row["half"] not in halves:
            continue
        path = rows.parent / row["article"]
        parsed = read(path, path.read_bytes())
        if row["article"] not in shown:
            article = Article("", parsed.title or "", parsed.text, "", "", None, frozenset())
            shown[row["article"]] = [(c.start, c.end, passage(article.title, c)) for c in split(article, embedder)]
        start = parsed.text.index(row["quote"])
        near = [own for a, b, own in shown[row["article"]] if a < start + len(row["quote"]) and b > start]
        best = max(reading.score for own in reader.verify(row["sentence"], near) for reading in own)
        scores.setdefault(row["kind"], []).append(best)
    right = scores.pop("right")
    least = float(np.quantile(right, FLAGGED))
    wrong = [score for kind in scores for score in scores[kind]]
    print(
        f"halves {' and '.join(halves)}: {len(right)} right, {len(wrong)} wrong; caught where {FLAGGED:.0%} are flagged"
    )
    for kind, found in [("all", wrong), *sorted(scores.items())]:
        print(f"{kind:10} AUC {auc(right, found):.3f}  caught {np.mean(np.array(found) < least):.2f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["measure"])
    parser.add_argument("--model", type=Path, default=VERIFIER, help="the graph to measure")
    parser.add_argument("--half", choices=["tune", "test"], default="tune", help="test is for the final figures only")
    given = parser.parse_args()
    measure(Reader(verifier=given.model), [given.half])
