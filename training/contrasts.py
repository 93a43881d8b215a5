"""Made-up pairs: passages in which the nearest number, name or date is not the one that was asked for.

Crowd-written questions seldom need the difference between "eleven were killed" and "seven captured".
Here frames (a sentence or a table with places to fill, and questions about each place) make such
passages by the thousand: heads that are shared or left out, two numbers or names in one sentence,
before and after, he and she, not and except, units, tables and lists. A share of the questions asks for
what the passage does not tell. The words of a frame are drawn anew each time, and the made-up text
stands among the sentences of a real paragraph.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from article_assistant.index import embed
from article_assistant.index.chunk import passage, split
from article_assistant.index.types import Article

from training.pairs import Pair, paragraphs

COUNT = 30_000
"""Pairs that are made."""
SEED = 23

ONES = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "- - twenty thirty forty fifty sixty seventy eighty ninety".split()

FIRST = {
    "she": "Anna Maria Elena Ruth Ingrid Yuki Amara Leila Sofia Carmen Beatrice Nadia Olga Priya Hannah Marta Astrid "
    "Claire Fatima Rosa Greta Helen Irene Joan Keiko Lucia".split(),
    "he": "Peter Paul Juan Ahmed Viktor Henrik Kofi David Marco Samuel Oskar Tariq Daniel Erik Felix George Hugo Ivan "
    "James Karl Luis Martin Nils Otto Pedro Rahul".split(),
}
LAST = (
    "Weber Lopez Tanaka Okafor Novak Lindqvist Costa Haddad Petrov Müller Silva Rossi Dubois Jensen Kowalski Brandt "
    "Moreau Nkosi Varga Horvat Bianchi Larsen Meyer Quinn Harris Walker Bauer Sato Ferrari Mensah Ortega Stone Vance "
    "Whitfield Ashdown Kerr Doyle Marsh Holt Finch"
).split()
PLACES = (
    "Lisbon Bergen Krakow Nairobi Osaka Valparaiso Trieste Antwerp Leeds Tampere Graz Izmir Porto Quito Malmo Utrecht "
    "Bilbao Cardiff Durban Halifax Kyoto Lyon Mumbai Perth Riga Seville Tunis Vilnius Zagreb Aarhus"
).split()
MONTHS = "January February March April May June July August September October November December".split()
DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
THINGS = (
    "museum library bridge mill station theatre school harbour hospital observatory tower market factory garden hotel "
    "archive stadium chapel brewery laboratory warehouse"
).split()
NAMES = (
    "Heliotrope Bramble Tamarind Osprey Juniper Cobalt Meridian Halcyon Thistle Lark Saffron Quartz Basil Falcon Amber "
    "Willow Granite Kestrel Orchid Sable Sparrow Topaz Umber Violet Walnut Zephyr"
).split()

ACTS: list[tuple[str, list[tuple[str, str]]]] = [
    # who; what was done to them, and other words for it
    ("attackers/gunmen/raiders/rebels/fighters/militants", [
        ("killed", "killed/shot dead/slain"), ("captured", "captured/caught/taken prisoner/seized"),
        ("wounded", "wounded/injured/hurt"), ("arrested", "arrested/detained/taken into custody"),
        ("released", "released/set free/let go")]),
    ("passengers/sailors/hikers/miners/tourists", [
        ("rescued", "rescued/saved/brought to safety"), ("injured", "injured/hurt"), ("drowned", "drowned"),
        ("evacuated", "evacuated/flown out"), ("missing", "missing/still missing/unaccounted for")]),
    ("trees/hedges/saplings", [
        ("planted", "planted/put in the ground"), ("felled", "felled/cut down"), ("pruned", "pruned/cut back"),
        ("replanted", "replanted/moved")]),
    ("houses/barns/cottages/buildings", [
        ("built", "built/put up/erected"), ("demolished", "demolished/torn down/pulled down"),
        ("repaired", "repaired/mended/restored"), ("sold", "sold")]),
    ("students/pupils/candidates/applicants", [
        ("admitted", "admitted/accepted"), ("rejected", "rejected/turned down/refused"),
        ("promoted", "promoted/moved up"), ("expelled", "expelled/thrown out")]),
    ("servers/machines/laptops/routers/printers", [
        ("replaced", "replaced/swapped"), ("repaired", "repaired/fixed"), ("retired", "retired/taken out of service"),
        ("upgraded", "upgraded"), ("stolen", "stolen")]),
    ("tickets/requests/complaints/claims", [
        ("opened", "opened/filed"), ("closed", "closed/resolved"), ("rejected", "rejected/turned down"),
        ("reopened", "reopened")]),
    ("books/letters/parcels/documents", [
        ("sold", "sold"), ("returned", "returned/sent back/brought back"), ("lost", "lost/mislaid"),
        ("donated", "donated/given away"), ("scanned", "scanned/digitised")]),
    ("ships/boats/trains/trucks/planes", [
        ("sunk", "sunk/sent to the bottom"), ("damaged", "damaged"), ("captured", "captured/taken/seized"),
        ("scrapped", "scrapped/broken up")]),
    ("members/delegates/councillors", [
        ("elected", "elected/voted in"), ("dismissed", "dismissed/removed"), ("appointed", "appointed/named")]),
]  # fmt: skip
MEASURES: list[tuple[str, str, str, list[str]]] = [
    # how it is asked, the verb, what stands behind the number, things that have it
    ("high", "is", "metres", ["tower", "wall", "chimney", "dam", "mast", "arch"]),
    ("long", "is", "kilometres", ["trail", "tunnel", "canal", "cable", "road", "fence"]),
    ("deep", "is", "metres", ["lake", "well", "pool", "shaft", "harbour", "trench"]),
    ("heavy", "is", "kilograms", ["probe", "pump", "drone", "bell", "battery", "anchor"]),
    ("wide", "is", "metres", ["gate", "river", "street", "stage", "door", "ditch"]),
    ("old", "is", "years", ["oak", "chapel", "bridge", "clock", "organ", "map"]),
]
PERIODS: list[tuple[str, str]] = [
    ("backups", "kept"), ("log files", "stored"), ("invoices", "archived"), ("recordings", "kept"),
    ("samples", "stored"), ("passwords", "valid"), ("permits", "valid"), ("badges", "valid"), ("tokens", "accepted"),
]  # fmt: skip
ROLES = (
    "founded/directed designed/built wrote/illustrated discovered/named opened/ran composed/performed "
    "invented/patented proposed/approved tested/reviewed drew/coloured"
).split()


@dataclass(frozen=True, slots=True)
class Made:
    """A made-up text and its questions, each with the answer's characters in it, None where it is not told."""

    text: str
    asked: tuple[tuple[str, tuple[int, int] | None], ...]


class Draw:
    """Draws words; every draw of one frame differs from those before it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self._drawn: set[str] = set()

    def one(self, among: Sequence[str]) -> str:
        """One of the words that were not drawn yet."""
        word = self.chance.choice([word for word in among if word not in self._drawn] or list(among))
        self._drawn.add(word)
        return word

    def number(self, low: int = 2, high: int = 90) -> str:
        """A number, as a word or in figures."""
        value = self.chance.randint(low, high)
        if str(value) in self._drawn:
            return self.number(low, high + 1)
        self._drawn.add(str(value))
        if value >= 100 or (value >= 13 and self.chance.random() < 0.5):
            return f"{value:,}"
        return ONES[value] if value < 20 else TENS[value // 10] + (f"-{ONES[value % 10]}" if value % 10 else "")

    def figure(self, low: int, high: int) -> str:
        """A number in figures."""
        text = f"{self.chance.randint(low, high):,}"
        return self.figure(low, high + 1) if text in self._drawn else self.one([text])

    def year(self) -> str:
        return self.one([str(self.chance.randint(1790, 2024))])

    def date(self) -> str:
        return self.one([f"{self.chance.randint(1, 28)} {self.chance.choice(MONTHS)}"])

    def person(self, pronoun: str | None = None) -> str:
        first = self.one(FIRST[pronoun or self.chance.choice(["he", "she"])])
        return f"{first} {self.one(LAST)}"


Frame = Callable[[Draw], tuple[str, dict[str, str], list[tuple[str, str | None]]]]
"""A template with `{places}`, what stands in each, and questions with the place that answers (None: no place)."""


def _ask(draw: Draw, *ways: str) -> str:
    return draw.chance.choice(ways)


def counts(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """Two or three numbers of the same things; the noun is left out or stands once."""
    nouns, acts = draw.chance.choice(ACTS)
    noun, other = draw.one(nouns.split("/")), draw.one(nouns.split("/"))
    told = draw.chance.sample(acts, 3)
    a, b, c = (name for name, _ in told)
    slots = {"n": draw.number(), "m": draw.number(), "k": draw.number(100, 400)}
    place, day = draw.one(PLACES), draw.one(DAYS)
    template, keys = draw.chance.choice([
        (f"{{n}} {noun} were {a} and {{m}} {b}.", "nm"),
        (f"On {day} {{n}} {noun} were {a} near {place}, and another {{m}} {b}.", "nm"),
        (f"According to the report, {{n}} of the {noun} were {a} and {{m}} more {b}.", "nm"),
        (f"By the evening {{n}} of the {noun} had been {a}, {{m}} others {b}.", "nm"),
        (f"In {place} {{n}} {noun} were {a}; {{m}} were {b}.", "nm"),
        (f"Of the {{k}} {noun} in {place}, {{n}} were {a} and a further {{m}} {b}.", "nmk"),
        (f"{{n}} {noun} were {a}. {{m}} more were {b} the same day.", "nm"),
        (f"The count for {place}: {{n}} {noun} {a}, {{m}} {b}, {{k}} {c}.", "nmc"),
        (f"While {{n}} of the {noun} were {a}, {{m}} were {b} and {{k}} {c}.", "nmc"),
        (f"There were {{k}} {noun} that year. {{n}} were {a}, {{m}} {b}.", "nmk"),
    ])  # fmt: skip
    asked: list[tuple[str, str | None]] = []
    for key, (_, words) in zip("nmc", told, strict=True):
        way = draw.chance.choice(words.split("/"))
        question = _ask(
            draw,
            f"How many {noun} were {way}?",
            f"How many {other} were {way}?",
            f"How many of the {noun} were {way}?",
            f"How many were {way}?",
            f"What number of {noun} were {way}?",
            f"What was the number of {noun} {way}?",
        )
        place_of = {"n": "n", "m": "m", "c": "k"}[key] if key in keys else None
        asked.append((question, place_of))
    if "k" in keys:
        asked.append((_ask(draw, f"How many {noun} were there?", f"How many {noun} were there in all?"), "k"))
    return template, slots, asked


def values(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """Two things with a measure each, the unit left out at the second."""
    how, verb, unit, things = draw.chance.choice(MEASURES)
    one, two = draw.one(NAMES), draw.one(NAMES)
    thing = draw.one(things)
    first, second = draw.chance.choice([
        (f"the {one} {thing}", f"the {two} {thing}"), (f"the northern {thing}", f"the southern {thing}"),
        (f"the old {thing}", f"the new {thing}"), (f"the first {thing}", f"the second {thing}"),
        (f"the {thing} of {draw.one(PLACES)}", f"the {thing} of {draw.one(PLACES)}"),
    ])  # fmt: skip
    slots = {"n": draw.figure(3, 400), "m": draw.figure(3, 400)}
    whole = f"{{n {unit}}}"
    template = draw.chance.choice([
        f"{first[0].upper()}{first[1:]} {verb} {whole} {how}, {second} {{m}}.",
        f"{first[0].upper()}{first[1:]} {verb} {whole} {how} and {second} only {{m}}.",
        f"At {whole}, {first} {verb} not as {how} as {second} with its {{m {unit}}}.",
        f"{first[0].upper()}{first[1:]} {verb} {whole} {how}. {second[0].upper()}{second[1:]} {verb} {{m {unit}}} {how}.",
    ])  # fmt: skip
    third = _ask(draw, f"the western {thing}", f"the {draw.one(NAMES)} {thing}")
    return template, slots, [
        (f"How {how} {verb} {first}?", "n"), (f"How {how} {verb} {second}?", "m"),
        (f"How many {unit} {how} {verb} {second}?", "m"), (f"How {how} {verb} {third}?", None),
    ]  # fmt: skip


def years(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """Two things, or two doings, and a year each."""
    thing = draw.one(THINGS)
    one, two, three = draw.one(PLACES), draw.one(PLACES), draw.one(PLACES)
    slots = {"n": draw.year(), "m": draw.year()}
    kind = draw.chance.randrange(3)
    if kind == 0:
        template = draw.chance.choice([
            f"The {thing} in {one} opened in {{n}}, the one in {two} in {{m}}.",
            f"{one} got its {thing} in {{n}} and {two} in {{m}}.",
            f"The {thing} of {one} opened its doors in {{n}}; {two} followed in {{m}}.",
        ])  # fmt: skip
        return template, slots, [
            (_ask(draw, f"When did the {thing} in {one} open?", f"In what year did {one} get its {thing}?"), "n"),
            (_ask(draw, f"When did the {thing} in {two} open?", f"In which year did {two} get a {thing}?"), "m"),
            (f"When did the {thing} in {three} open?", None),
        ]  # fmt: skip
    started, ended = draw.chance.choice([
        ("built", "demolished"), ("opened", "closed"), ("founded", "dissolved"), ("planned", "finished"),
        ("bought", "sold"), ("damaged", "restored"), ("launched", "withdrawn")])  # fmt: skip
    name = f"The {thing}" if kind == 1 else f"The {draw.one(NAMES)} {thing}"
    template = draw.chance.choice([
        f"{name} was {started} in {{n}} and {ended} in {{m}}.",
        f"{name}, {started} in {{n}}, was {ended} in {{m}}.",
        f"{name} was {started} in {{n}}. It was {ended} in {{m}}.",
    ])  # fmt: skip
    lower = name[0].lower() + name[1:]
    return template, slots, [
        (_ask(draw, f"When was {lower} {started}?", f"In what year was {lower} {started}?"), "n"),
        (_ask(draw, f"When was {lower} {ended}?", f"In which year was {lower} {ended}?"), "m"),
        (_ask(draw, f"When was {lower} painted?", f"When was {lower} insured?"), None),
    ]  # fmt: skip


def before_after(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """What it was and what it became."""
    thing, event = draw.one(THINGS), draw.one("renovation/fire/move/merger/reform/flood/upgrade/war".split("/"))
    kind = draw.chance.randrange(4)
    if kind == 0:
        noun, verb = draw.chance.choice([
            ("seats", "have"), ("rooms", "have"), ("workers", "employ"), ("visitors", "receive"), ("exhibits", "show"),
            ("beds", "have")])  # fmt: skip
        past = {"have": "had", "employ": "employed", "receive": "received", "show": "showed"}[verb]
        slots = {"n": draw.figure(20, 2000), "m": draw.figure(20, 2000)}
        template = draw.chance.choice([
            f"Before the {event} the {thing} {past} {{n}} {noun}; after it, {{m}}.",
            f"The {thing} {past} {{n}} {noun} before the {event} and {{m}} afterwards.",
            f"After the {event} the {thing} {past} {{m}} {noun}, where it had {{n}} before.",
        ])  # fmt: skip
        return template, slots, [
            (f"How many {noun} did the {thing} {verb} before the {event}?", "n"),
            (f"How many {noun} did the {thing} {verb} after the {event}?", "m"),
        ]  # fmt: skip
    if kind == 1:
        old, new = draw.one(NAMES), draw.one(NAMES)
        slots = {"n": old, "m": new, "y": draw.year()}
        template = draw.chance.choice([
            f"The {thing} was called {{n}} until {{y}}, when it became {{m}}.",
            f"In {{y}} the {thing} was renamed from {{n}} to {{m}}.",
            f"What is now the {{m}} {thing} bore the name {{n}} until {{y}}.",
        ])  # fmt: skip
        return template, slots, [
            (_ask(draw, f"What was the {thing} called before {slots['y']}?", f"What was the {thing} called at first?",
                  f"What was the old name of the {thing}?"), "n"),
            (_ask(draw, f"What is the {thing} called today?", f"What is the {thing} called since {slots['y']}?",
                  f"What is the new name of the {thing}?"), "m"),
            (_ask(draw, f"When was the {thing} renamed?", f"In what year did the {thing} change its name?"), "y"),
        ]  # fmt: skip
    what = draw.one("price/fee/limit/rent/speed/rate/threshold".split("/"))
    unit = draw.one("euros/dollars/percent/points/pounds".split("/"))
    slots = {"n": draw.figure(2, 300), "m": draw.figure(2, 300), "y": draw.year()}
    of = f"of the {thing}" if kind == 2 else f"for {draw.one(NAMES)}"
    template = draw.chance.choice([
        f"The {what} {of} went from {{n}} to {{m {unit}}} in {{y}}.",
        f"In {{y}} the {what} {of} was changed from {{n {unit}}} to {{m}}.",
        f"The {what} {of} is {{m {unit}}}; until {{y}} it was {{n}}.",
        f"The {what} {of}, {{n {unit}}} until {{y}}, is now {{m}}.",
    ])  # fmt: skip
    return template, slots, [
        (_ask(draw, f"What was the {what} {of} before {slots['y']}?", f"What was the old {what} {of}?"), "n"),
        (_ask(draw, f"What is the {what} {of} now?", f"What is the new {what} {of}?", f"What is the {what} {of}?"), "m"),
        (f"When did the {what} {of} change?", "y"),
    ]  # fmt: skip


def people(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """Two people and what each of them did: named both, or he and she."""
    she, he = draw.person("she"), draw.person("he")
    first, second = draw.one(ROLES).split("/")
    third = draw.one([role.split("/")[0] for role in ROLES])
    thing, place = draw.one(THINGS), draw.one(PLACES)
    kind = draw.chance.randrange(3)
    if kind == 0:  # he and she
        slots = {"n": she, "m": he}
        tie = draw.one("her husband/her brother/her colleague/her neighbour/her assistant".split("/"))
        template = draw.chance.choice([
            f"{{n}} and {tie} {{m}} came to {place} together. She {first} the {thing}, he {second} it.",
            f"{{n}} worked with {tie} {{m}}. He {second} the {thing}, which she had {_done(first)}.",
            f"The {thing} is the work of {{n}} and {{m}}: she {first} it and he {second} it.",
        ])  # fmt: skip
    else:
        one, two = draw.person(), draw.person()
        slots = {"n": one, "m": two}
        template = draw.chance.choice([
            f"{{n}} {first} the {thing}, and {{m}} {second} it.",
            f"The {thing} in {place} was {_done(first)} by {{n}} but {_done(second)} by {{m}}.",
            f"It was {{n}} who {first} the {thing}; {{m}} {second} it.",
            f"{{m}} {second} the {thing} that {{n}} had {_done(first)}.",
        ])  # fmt: skip
    return template, slots, [
        (f"Who {first} the {thing}?", "n"), (f"Who {second} the {thing}?", "m"), (f"Who {third} the {thing}?", None),
    ]  # fmt: skip


def _done(past: str) -> str:
    """The participle of a past tense: most are alike."""
    return {"drew": "drawn", "wrote": "written", "ran": "run"}.get(past, past)


def exceptions(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """All but one; not this but that."""
    thing, place = draw.one(THINGS), draw.one(PLACES)
    kind = draw.chance.randrange(6)
    if kind == 0:
        slots = {"n": draw.one(DAYS)}
        template = draw.chance.choice([
            f"The {thing} is open every day except {{n}}.", f"The {thing} opens daily, but not on {{n}}.",
            f"On all days but {{n}} the {thing} is open.", f"The {thing} is closed on {{n}} and open on all other days.",
        ])  # fmt: skip
        return template, slots, [
            (_ask(draw, f"On which day is the {thing} closed?", f"When is the {thing} closed?",
                  f"On what day is the {thing} not open?"), "n"),
        ]  # fmt: skip
    if kind == 1:
        slots = {"n": draw.person(), "m": draw.person()}
        prize = draw.one("prize/award/contract/medal/post/grant".split("/"))
        template = draw.chance.choice([
            f"The {prize} went not to {{n}} but to {{m}}.", f"It was {{m}}, not {{n}}, who received the {prize}.",
            f"{{n}} was named for the {prize}, but {{m}} got it.", f"{{m}} received the {prize} instead of {{n}}.",
        ])  # fmt: skip
        return template, slots, [
            (_ask(draw, f"Who received the {prize}?", f"Who got the {prize}?", f"Who was given the {prize}?"), "m"),
            (_ask(draw, f"Who did not get the {prize}?", f"Who missed out on the {prize}?"), "n"),
        ]  # fmt: skip
    if kind == 2:
        a, b = draw.chance.choice([("by card", "in cash"), ("by post", "by e-mail"), ("in writing", "by telephone"),
                                   ("on paper", "online"), ("with a badge", "with a key"), ("by bus", "by car")])  # fmt: skip
        if draw.chance.random() < 0.5:
            a, b = b, a
        slots = {"n": a, "m": b}
        verb, how = draw.chance.choice([
            ("Fees are paid", "are fees paid"), ("Requests are made", "are requests made"), ("Visitors come", "do visitors come"),
            ("Entry is", "is entry possible"), ("Orders are placed", "are orders placed")])  # fmt: skip
        template = draw.chance.choice([
            f"{verb} {{n}}, not {{m}}.", f"{verb} {{n}} and never {{m}}.", f"{verb} not {{m}} but {{n}}.",
        ])  # fmt: skip
        return template, slots, [(f"How {how}?", "n")]
    if kind == 3:
        slots = {"n": draw.one(PLACES), "m": draw.figure(3, 90)}
        verb = draw.one("voted for the plan/signed the treaty/sent a team/paid the fee/joined the union".split("/"))
        base = {"voted": "vote", "signed": "sign", "sent": "send", "paid": "pay", "joined": "join"}[verb.split()[0]]
        rest = verb.split(" ", 1)[1]
        template = draw.chance.choice([
            f"All {{m}} cities except {{n}} {verb}.", f"Every one of the {{m}} cities {verb}, with the exception of {{n}}.",
            f"Apart from {{n}}, all {{m}} cities {verb}.", f"Only {{n}}, of {{m}} cities, did not {base} {rest}.",
        ])  # fmt: skip
        return template, slots, [
            (_ask(draw, f"Which city did not {base} {rest}?", f"Who did not {base} {rest}?"), "n"),
        ]  # fmt: skip
    parts = draw.chance.sample("kitchen cellar attic hall garage lounge office bathroom workshop balcony".split(), 2)
    slots = {"n": f"the {parts[0]}"}
    has, question = draw.chance.choice([
        ("has a window", "has no window"), ("is heated", "is not heated"), ("was painted", "was not painted"),
        ("has a smoke alarm", "has no smoke alarm"), ("was cleaned", "was not cleaned"),
    ])  # fmt: skip
    template = draw.chance.choice([
        f"Every room of the {thing} in {place} {has} except {{n}}.", f"Except for {{n}}, every room {has}.",
        f"Each room but {{n}} {has}.",
    ])  # fmt: skip
    return template, slots, [(f"Which room {question}?", "n")]


def units(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """One thing, two measures in units of their own; answers carry the unit."""
    name = draw.one(NAMES)
    thing = draw.one("pump/boat/drone/tent/trailer/battery/tank/lamp/sensor/rucksack/projector".split("/"))
    options = draw.chance.sample([
        ("weighs", "kilograms/grams/kg/tons", "How much does {it} weigh?", "What is the weight of {it}?"),
        ("costs", "euros/dollars/pounds", "How much does {it} cost?", "What is the price of {it}?"),
        ("holds", "litres/gallons", "How much does {it} hold?", "How many {unit} does {it} hold?"),
        ("measures", "metres/centimetres/feet", "How large is {it}?", "How many {unit} does {it} measure?"),
        ("runs for", "hours/minutes/days", "How long does {it} run?", "How many {unit} does {it} run for?"),
        ("needs", "watts/volts/amperes", "How much power does {it} need?", "How many {unit} does {it} need?"),
        ("reaches", "knots/km/h/metres per second", "How fast is {it}?", "What speed does {it} reach?"),
    ], 3)  # fmt: skip
    it = f"the {name} {thing}"
    picked = [
        (verb, draw.one(us.split("/") if "km/h" not in us else ["knots", "km/h"]), asks) for verb, us, *asks in options
    ]
    slots = {"n": f"{draw.figure(2, 500)} {picked[0][1]}", "m": f"{draw.figure(2, 500)} {picked[1][1]}"}
    a, b = (verb for verb, _, _ in picked[:2])
    template = draw.chance.choice([
        f"{it[0].upper()}{it[1:]} {a} {{n}} and {b} {{m}}.", f"{it[0].upper()}{it[1:]} {a} {{n}}; it {b} {{m}}.",
        f"{it[0].upper()}{it[1:]} {b} {{m}}, although it {a} {{n}}.",
    ])  # fmt: skip
    asked: list[tuple[str, str | None]] = []
    for place, (_, unit, asks) in zip(("n", "m", None), picked, strict=True):
        asked.append((draw.chance.choice(asks).format(it=it, unit=unit), place))
    return template, slots, asked


def periods(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """Two things and how long each is kept or valid; who is to be asked."""
    (one, kept), (two, _) = draw.chance.sample(PERIODS, 2)
    two_kept = dict(PERIODS)[two]
    unit = draw.one("days/weeks/months/years".split("/"))
    slots = {
        "n": f"{draw.number(2, 60)} {unit}",
        "m": f"{draw.number(2, 60)} {draw.one('days/weeks/months/hours'.split('/'))}",
    }
    template = draw.chance.choice([
        f"{one.capitalize()} are {kept} for {{n}}, {two} for {{m}}.",
        f"We keep {one} for {{n}} but {two} for only {{m}}." if kept == "kept" else f"{one.capitalize()} stay {kept} for {{n}}; {two} for {{m}}.",
        f"{one.capitalize()}: {{n}}. {two.capitalize()}: {{m}}.",
        f"{two.capitalize()} are {two_kept} for {{m}}. For {one} the period is {{n}}.",
    ])  # fmt: skip
    (three, three_kept) = draw.chance.choice([p for p in PERIODS if p[0] not in (one, two)])
    return template, slots, [
        (_ask(draw, f"How long are {one} {kept}?", f"For how long are {one} {kept}?"), "n"),
        (_ask(draw, f"How long are {two} {two_kept}?", f"For how long do we keep {two}?"), "m"),
        (f"How long are {three} {three_kept}?", None),
    ]  # fmt: skip


def steps_in_time(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """Two events, dates or times of day, and who did them."""
    one, two = draw.person(), draw.person()
    slots = {"n": draw.date(), "m": draw.date(), "p": one, "q": two}
    if draw.chance.random() < 0.4:
        slots |= {key: f"{draw.chance.randint(0, 23):02}:{draw.chance.randint(0, 59):02}" for key in "nm"}
    a, b = draw.chance.sample([
        "the pump was switched off/switched off the pump", "the alarm was raised/raised the alarm",
        "the report was sent/sent the report", "the door was locked/locked the door",
        "the contract was signed/signed the contract", "the leak was found/found the leak",
        "the site was inspected/inspected the site", "the update was installed/installed the update",
    ], 2)  # fmt: skip
    (was_a, did_a), (was_b, did_b) = a.split("/"), b.split("/")
    on = "at" if ":" in slots["n"] else "on"
    template = draw.chance.choice([
        f"{{p}} {did_a} {on} {{n}}, and {{q}} {did_b} {on} {{m}}.",
        f"{on.capitalize()} {{n}} {{p}} {did_a}. {{q}} {did_b} {on} {{m}}.",
        f"{{n}} | {was_a[4:].capitalize()} | {{p}}\n{{m}} | {was_b[4:].capitalize()} | {{q}}",
        f"- {{n}}: {{p}} {did_a}\n- {{m}}: {{q}} {did_b}",
    ])  # fmt: skip
    noun_a, noun_b = was_a.split(" was ")[0], was_b.split(" was ")[0]
    when = "At what time" if on == "at" else _ask(draw, "When", "On what day")
    return template, slots, [
        (f"{when} was {noun_a} {was_a.split(' was ')[1]}?", "n"), (f"{when} was {noun_b} {was_b.split(' was ')[1]}?", "m"),
        (f"Who {did_a}?", "p"), (f"Who {did_b}?", "q"),
    ]  # fmt: skip


def tables(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """Rows and columns: the answer stands where the row and the column that are asked for meet."""
    rows = draw.chance.choice([
        [draw.one(PLACES) for _ in range(4)], [draw.one(NAMES) for _ in range(3)],
        [f"{draw.one(THINGS).capitalize()}" for _ in range(4)],
    ])  # fmt: skip
    kinds = draw.chance.sample([
        ("Price", "What is the price of {row}?", "How much does {row} cost?", lambda: f"€{draw.figure(5, 900)}"),
        ("Weight", "How heavy is {row}?", "What does {row} weigh?", lambda: f"{draw.figure(2, 90)} kg"),
        ("Opened", "When was {row} opened?", "In what year did {row} open?", draw.year),
        ("Staff", "How many staff does {row} have?", "How many people work at {row}?", lambda: draw.figure(2, 300)),
        ("Contact", "Who is the contact for {row}?", "Whom do I ask about {row}?", draw.person),
        ("Owner", "Who owns {row}?", "Who is responsible for {row}?", draw.person),
        ("Limit", "What is the limit for {row}?", "What limit applies to {row}?", lambda: draw.figure(10, 9000)),
        ("Deadline", "When is the deadline for {row}?", "By when must {row} be done?", draw.date),
        ("Hotel", "How much may a hotel in {row} cost?", "What is the hotel limit in {row}?", lambda: f"€{draw.figure(60, 260)}"),
        ("Population", "What is the population of {row}?", "How many people live in {row}?", lambda: draw.figure(900, 900_000)),
        ("Size", "How large is {row}?", "What is the size of {row}?", lambda: f"{draw.figure(2, 900)} MB"),
    ], draw.chance.choice([2, 3]))  # fmt: skip
    slots: dict[str, str] = {}
    first, bare = _ask(draw, "Name", "Place", "Item", "Site", "What"), draw.chance.random() < 0.2
    for r in range(len(rows)):
        for c, (_, *_asks, fill_in) in enumerate(kinds):
            slots[f"{chr(97 + r)}{chr(97 + c)}"] = fill_in()
    names = [kind[0] for kind in kinds]
    if draw.chance.random() < 0.35:  # rows and columns the other way round
        table = [[name, *(f"{{{chr(97 + r)}{chr(97 + c)}}}" for r in range(len(rows)))] for c, name in enumerate(names)]
        names, first = rows, _ask(draw, "Property", "What", "Figure")
    else:
        table = [[row, *(f"{{{chr(97 + r)}{chr(97 + c)}}}" for c in range(len(kinds)))] for r, row in enumerate(rows)]
    if bare:
        lines = [" | ".join(line) for line in [[first, *names], *table]]
    else:  # as tables stand in the text of an article: each cell with its column's name
        heads = [first, *names]
        lines = [" | ".join(f"{head}: {cell}" for head, cell in zip(heads, line, strict=True)) for line in table]
    asked: list[tuple[str, str | None]] = []
    for _ in range(3):
        r, c = draw.chance.randrange(len(rows)), draw.chance.randrange(len(kinds))
        asked.append((draw.chance.choice(kinds[c][1:3]).format(row=rows[r]), f"{chr(97 + r)}{chr(97 + c)}"))
    stranger = draw.one(PLACES)
    asked.append((kinds[0][1].format(row=stranger), None))
    return "\n".join(lines), slots, asked


def entries(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """A list whose items begin with what they are about; one holds the answer."""
    topics = draw.chance.sample([
        ("{x} leave", "How many days of {x} leave are there?", "How long is {x} leave?", lambda: f"{draw.number(2, 40)} days"),
        ("The {x} door", "What is the code of the {x} door?", "How do I open the {x} door?", lambda: f"code {draw.figure(100, 999)}"),
        ("{x} light", "What does the {x} light mean?", "What is the meaning of a {x} light?",
         lambda: _ask(draw, "the battery is low", "the disk is full", "a part is missing", "the door is open", "no signal")),
        ("{x} team", "Who leads the {x} team?", "Who is in charge of the {x} team?", draw.person),
        ("{x} meeting", "When is the {x} meeting?", "On which day does the {x} meeting take place?", lambda: f"every {draw.one(DAYS)}"),
        ("{x} key", "Where is the {x} key?", "Where do I find the {x} key?",
         lambda: _ask(draw, "in the red cabinet", "at the front desk", "on the second floor", "with the porter")),
        ("{x} room", "How many people fit into the {x} room?", "How many seats has the {x} room?", lambda: f"{draw.number(4, 90)}"),
    ], draw.chance.choice([1, 2]))  # fmt: skip
    words = "red green blue yellow annual parental spare upper lower main northern small large second".split()
    slots: dict[str, str] = {}
    lines, asked = [], list[tuple[str, str | None]]()
    for number in range(draw.chance.choice([3, 4])):
        subject, *asks, fill_in = topics[number % len(topics)]
        word, place = draw.one(words), chr(97 + number)
        slots[place] = fill_in()
        tie = _ask(draw, ": ", ": ", ", ", " – ")
        line = f"{subject.format(x=word)}{tie}{{{place}}}."
        lines.append(f"- {line[0].upper()}{line[1:]}")
        asked.append((draw.chance.choice(asks).format(x=word), place))
    subject, *asks, _ = topics[0]
    asked.append((asks[0].format(x=draw.one(words)), None))
    return "\n".join(lines), slots, asked


def series(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """A list in a sentence: the whole list answers."""
    items = [draw.one(NAMES) for _ in range(draw.chance.choice([2, 3, 4]))]
    listed = f"{', '.join(items[:-1])} and {items[-1]}"
    thing, other = draw.one(THINGS), draw.one(THINGS)
    slots = {"n": listed, "m": draw.one(NAMES), "k": draw.number(2, 12)}
    noun = draw.one("rooms/pumps/teams/boats/servers/products/towers".split("/"))
    template = draw.chance.choice([
        f"The {noun} of the {thing} are {{n}}; that of the {other} is {{m}}.",
        f"The {thing} has the {noun} {{n}}, the {other} only {{m}}.",
        f"Besides {{m}}, which belongs to the {other}, there are the {noun} {{n}} at the {thing}.",
    ])  # fmt: skip
    single = noun[:-1].replace("boe", "bo")
    return template, slots, [
        (f"Which {noun} does the {thing} have?", "n"), (f"What are the {noun} of the {thing} called?", "n"),
        (f"Which {single} does the {other} have?", "m"),
    ]  # fmt: skip


def circumstances(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """The same thing under two circumstances; the unit stands once."""
    one, two, three = draw.one(PLACES), draw.one(PLACES), draw.one(PLACES)
    here, there, nowhere = draw.chance.choice([
        (f"in {one}", f"in {two}", f"in {three}"), ("in summer", "in winter", "in spring"),
        ("on a weekday", "at the weekend", "on a holiday"), ("by day", "by night", "at dawn"),
        ("for members", "for guests", "for children"), ("on a dry day", "in a storm", "in snow"),
        ("for the first time", "for the second time", "for the third time"), ("at the front", "at the back", "on the roof"),
        (f"under {draw.person()}", f"under {draw.person()}", f"under {draw.person()}"),
    ])  # fmt: skip
    thing = draw.one(
        "pump/generator/battery/ferry/lift/library/shop/ticket/room/course/heating/alarm/service/system".split("/")
    )
    verb, base, unit, how = draw.chance.choice([
        ("runs for", "run", "minutes", "How long"), ("costs", "cost", "euros", "How much"), ("lasts", "last", "hours", "How long"),
        ("takes", "take", "days", "How long"), ("serves", "serve", "people", "How many people"),
        ("handles", "handle", "requests", "How many requests"), ("needs", "need", "litres", "How much"),
        ("holds", "hold", "people", "How many people"),
    ])  # fmt: skip
    whole = f"{{n}} {unit}" if unit in {"people", "requests"} else f"{{n {unit}}}"
    slots = {"n": draw.number(2, 900), "m": draw.number(2, 900)}
    template = draw.chance.choice([
        f"The {thing} {verb} {whole} {here} and {{m}} {there}.",
        f"{here[0].upper()}{here[1:]} the {thing} {verb} {whole}, {there} {{m}}.",
        f"The {thing} {verb} {whole} {here} but only {{m}} {there}.",
        f"The {thing} {verb} about {whole} {here}, and as many as {{m}} {there}.",
    ])  # fmt: skip
    return template, slots, [
        (f"{how} does the {thing} {base} {here}?", "n"), (f"{how} does the {thing} {base} {there}?", "m"),
        (f"{how} does the {thing} {base} {nowhere}?", None),
    ]  # fmt: skip


def instead(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """The new number instead of the old one; the first time and the second; from the one on, elsewhere from the other."""
    noun = draw.one("seats/users/stations/alarms/cards/tables/copies/languages/accounts/visits/lamps/keys".split("/"))
    thing = draw.one("hall/plan/station/account/team/licence/school/club/site/library".split("/"))
    when = draw.chance.choice(
        [
            f"version {draw.chance.randint(2, 9)}.{draw.chance.randint(0, 9)}",
            f"{draw.chance.randint(1950, 2024)}",
            draw.date(),
            "the reform",
        ]
    )
    slots = {"n": draw.number(2, 90), "m": draw.number(2, 90)}
    kind = draw.chance.randrange(3)
    if kind == 0:
        template = draw.chance.choice([
            f"Since {when} a {thing} may have up to {{m}} {noun} instead of {{n}}.",
            f"From {when} on, a {thing} has {{m}} {noun}, no longer {{n}}.",
            f"With {when} the number of {noun} of a {thing} grew from {{n}} to {{m}}.",
            f"A {thing} had {{n}} {noun}; since {when} it has {{m}}.",
        ])  # fmt: skip
        return template, slots, [
            (_ask(draw, f"How many {noun} could a {thing} have before {when}?", f"How many {noun} did a {thing} have until {when}?"), "n"),
            (_ask(draw, f"How many {noun} may a {thing} have since {when}?", f"How many {noun} does a {thing} have now?"), "m"),
        ]  # fmt: skip
    unit = draw.one("weeks/days/months/hours".split("/"))
    who = draw.one("the coach/the manager/the doctor/the inspector/the auditor/the teacher".split("/"))
    verb, base = draw.chance.choice(
        [("calls", "call"), ("visits", "visit"), ("writes", "write"), ("reports", "report"), ("looks in", "look in")]
    )
    if kind == 1:
        template = draw.chance.choice([
            f"{who[0].upper()}{who[1:]} {verb} after {{n {unit}}} and again after {{m}}.",
            f"After {{n {unit}}} {who} {verb} for the first time, after {{m}} once more.",
        ])  # fmt: skip
        return template, slots, [
            (f"After how many {unit} does {who} {base} for the first time?", "n"),
            (f"After how many {unit} does {who} {base} for the second time?", "m"),
            (_ask(draw, f"When does {who} {base} again?", f"After how long does {who} {base} once more?"), "m"),
        ]  # fmt: skip
    nth = "second third fourth fifth sixth seventh eighth ninth tenth".split()
    slots = {"n": f"the {draw.one(nth)}", "m": f"the {draw.one(nth)}"}
    one, two, paper = draw.one(PLACES), draw.one(PLACES), draw.one("certificate/form/permit/receipt/note".split("/"))
    template = f"A {paper} is needed from {{n}} day on, in {one} from {{m}}."
    return template, {"n": slots["n"] + " day", "m": slots["m"]} if draw.chance.random() < 0.5 else slots, [
        (f"From which day on is a {paper} needed in {one}?", "m"), (f"From which day is a {paper} needed in {two}?", "n"),
    ]  # fmt: skip


def parts(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """A total and its parts, or this period and the one before."""
    noun, did, causes = draw.chance.choice([
        ("bicycles", "lost", ["theft", "fire", "flood", "accident"]), ("sensors", "replaced", ["rust", "theft", "frost", "lightning"]),
        ("days", "missed", ["illness", "strikes", "storms", "training"]), ("flights", "cancelled", ["fog", "strikes", "ice", "repairs"]),
        ("trees", "lost", ["storms", "drought", "beetles", "fire"]), ("calls", "lost", ["noise", "repairs", "outages", "error"]),
    ])  # fmt: skip
    a, b, c = draw.chance.sample(causes, 3)
    slots = {"k": draw.number(40, 99), "n": draw.number(2, 39), "m": draw.number(2, 39), "j": draw.number(100, 199)}
    since = _ask(draw, "last year", "in the spring", f"in {draw.one(MONTHS)}", "since the autumn")
    if draw.chance.random() < 0.5:
        template = draw.chance.choice([
            f"{{k}} {noun} were {did} {since}, {{n}} through {a} and {{m}} through {b}.",
            f"Of the {{k}} {noun} that were {did} {since}, {a} accounts for {{n}} and {b} for {{m}}.",
            f"{{k}} {noun} were {did} {since}: {{n}} because of {a}, {{m}} because of {b}.",
        ])  # fmt: skip
        return template, slots, [
            (f"How many {noun} were {did} through {a}?", "n"), (f"How many {noun} were {did} because of {b}?", "m"),
            (f"How many {noun} were {did} {since}?", "k"), (f"How many {noun} were {did} through {c}?", None),
        ]  # fmt: skip
    now, before, other = draw.chance.choice([("this year", "the year before", "next year"), ("this quarter", "the last quarter", "the next quarter"),
                                      ("in the second half", "in the first half", "in the year after"), ("this winter", "the winter before", "next winter")])  # fmt: skip
    template = draw.chance.choice([
        f"{{k}} {noun} were {did} {now}, {{n}} of them at night; {before} it had been {{j}} and {{m}}.",
        f"{now[0].upper()}{now[1:]} {{k}} {noun} were {did} ({{n}} of them at night), {before} {{j}} ({{m}}).",
    ])  # fmt: skip
    return template, slots, [
        (f"How many {noun} were {did} {now}?", "k"), (f"How many {noun} were {did} at night {now}?", "n"),
        (f"How many {noun} were {did} {before}?", "j"), (f"How many {noun} were {did} at night {before}?", "m"),
        (f"How many {noun} were {did} {other}?", None),
    ]  # fmt: skip


def currencies(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """One thing in two units; the question names the one."""
    (sign, name), (other, other_name) = draw.chance.sample([("£", "pounds"), ("€", "euros"), ("$", "dollars")], 2)
    what = draw.one("fee/fine/deposit/ticket/bonus/deduction/rent/toll".split("/"))
    if draw.chance.random() < 0.5:
        slots = {"n": f"{sign}{draw.figure(3, 900)}", "m": f"{other}{draw.figure(3, 900)}"}
        template = draw.chance.choice([
            f"The {what} is {{n}} or {{m}}.", f"The {what} comes to {{n}} ({{m}}).", f"For the {what} we reckon {{n}}, that is {{m}}.",
        ])  # fmt: skip
        return template, slots, [
            (f"How many {name} is the {what}?", "n"), (f"How many {other_name} is the {what}?", "m"),
            (f"What is the {what} in {other_name}?", "m"), (f"How high is the {what} in {name}?", "n"),
        ]  # fmt: skip
    metric, imperial, how = draw.chance.choice([("kilometres", "miles", "long"), ("metres", "feet", "high"), ("kilograms", "pounds", "heavy"),
                                                ("°C", "°F", "hot"), ("litres", "gallons", "big"), ("centimetres", "inches", "wide")])  # fmt: skip
    thing = draw.one("path/wall/anchor/oven/tank/shelf/track/mast".split("/"))
    slots = {"n": f"{draw.figure(3, 900)} {metric}", "m": f"{draw.figure(3, 900)} {imperial}"}
    template = draw.chance.choice([f"The {thing} is {{n}} ({{m}}) {how}.", f"The {thing} is {how}: {{n}}, or {{m}}."])
    return template, slots, [
        (f"How many {metric} is the {thing}?", "n"), (f"How many {imperial} is the {thing}?", "m"),
        (f"How {how} is the {thing} in {imperial}?", "m"), (f"How {how} is the {thing} in {metric}?", "n"),
    ]  # fmt: skip


def two_of_us(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """Two people with first names and pronouns, and what each of them did, gave or had."""
    she, he, third = draw.one(FIRST["she"]), draw.one(FIRST["he"]), draw.one(FIRST["he"])
    name_she, name_he = f"{she} {draw.one(LAST)}", f"{he} {draw.one(LAST)}"
    kind = draw.chance.randrange(3)
    if kind == 0:
        slots = {
            "n": f"{draw.chance.choice('£€$')}{draw.figure(2, 90)},000",
            "m": f"{draw.chance.choice('£€$')}{draw.figure(2, 90)},000",
        }
        verb, base = draw.chance.choice([("lent", "lend"), ("gave", "give"), ("left", "leave"), ("paid", "pay")])
        what = draw.one("the firm/the club/the school/the museum/the family".split("/"))
        template = draw.chance.choice([
            f"{name_she} {verb} {what} {{n}}, {he} a further {{m}}.", f"{she} {verb} {what} {{n}} and {he} {{m}}.",
            f"{name_she} and {name_he} helped {what}. She {verb} it {{n}}, he {{m}}.",
        ])  # fmt: skip
        return template, slots, [
            (f"How much did {she} {base} {what}?", "n"), (f"How much did {he} {base} {what}?", "m"), (f"How much did {third} {base} {what}?", None),
        ]  # fmt: skip
    doings = draw.chance.sample([
        ("built the boat", "built the boat"), ("kept the books", "kept the books"), ("wrote the letters", "wrote the letters"),
        ("measured the field", "measured the field"), ("paid the workers", "paid the workers"), ("sold the cows", "sold the cows"),
        ("was in the workshop by six", "was in the workshop by six"), ("brought a stove", "brought a stove"), ("spoke to the banks", "spoke to the banks"),
    ], 3)  # fmt: skip
    a, b, c = (did for did, _ in doings)
    slots = {"n": name_she, "m": name_he}
    if kind == 1:
        template = draw.chance.choice([
            f"{{n}} met {{m}} in {draw.one(PLACES)}. She {a}, he {b}.", f"{{n}} and {{m}} shared the work: he {b} and she {a}.",
            f"In the first years {{n}} and {{m}} did everything alone. He {b}. She {a}.",
        ])  # fmt: skip
    else:
        slots = {"n": she, "m": he}
        template = draw.chance.choice([
            f"{{n}} {a}, while {{m}} {b}.", f"It was {{m}} who {b}; {{n}} {a}.", f"{{n}} {a} and {{m}} {b}.",
        ])  # fmt: skip
    return template, slots, [
        (_ask(draw, f"Who {a}?", f"Which of the two {a}?", f"Which founder {a}?"), "n"),
        (_ask(draw, f"Who {b}?", f"Which of the two {b}?", f"Which founder {b}?"), "m"), (f"Who {c}?", None),
    ]  # fmt: skip


def but_not(draw: Draw) -> tuple[str, dict[str, str], list[tuple[str, str | None]]]:
    """What it does and what it does not."""
    subject = draw.one(
        "The blue key/The guest card/The standard plan/The old licence/The basic course/The day ticket/The master password".split(
            "/"
        )
    )
    verb, base = draw.chance.choice(
        [("covers", "cover"), ("opens", "open"), ("includes", "include"), ("allows", "allow")]
    )
    things = draw.chance.sample(
        "the cellar/the archive/the car park/breakfast/the pool/the workshop/repairs/the north wing/travel/the sauna".split(
            "/"
        ),
        3,
    )
    slots = {"n": things[0], "m": things[1]}
    template = draw.chance.choice([
        f"{subject} {verb} {{n}} but not {{m}}.", f"{subject} {verb} {{n}}, though not {{m}}.", f"{subject} does not {base} {{m}}; it {verb} {{n}}.",
    ])  # fmt: skip
    lower = subject[0].lower() + subject[1:]
    return template, slots, [
        (f"What does {lower} {base}?", "n"), (_ask(draw, f"What does {lower} not {base}?", f"What is it that {lower} does not {base}?"), "m"),
    ]  # fmt: skip


FRAMES: tuple[Frame, ...] = (
    counts, counts, counts, values, years, before_after, before_after, people, people, exceptions, exceptions, units,
    periods, steps_in_time, tables, tables, tables, entries, entries, series,
    circumstances, circumstances, instead, instead, parts, parts, currencies, two_of_us, two_of_us, but_not,
)  # fmt: skip


def fill(template: str, slots: dict[str, str]) -> tuple[str, dict[str, tuple[int, int]]]:
    """The text of a template and where each place came to stand; `{n metres}` is a number with its unit.

    >>> fill("{n kg} and {m}.", {"n": "7", "m": "9"})
    ('7 kg and 9.', {'n': (0, 4), 'm': (9, 10)})
    """
    text, places, at = "", {}, 0
    for found in re.finditer(r"\{(\w+)( [^}]*)?\}", template):
        text += template[at : found.start()]
        word = slots[found[1]] + (found[2] or "")
        if not text:
            word = word[0].upper() + word[1:]
        places[found[1]] = (len(text), len(text) + len(word))
        text += word
        at = found.end()
    return text + template[at:], places


def make_one(chance: random.Random, frame: Frame) -> Made:
    """One made-up text with its questions."""
    template, slots, asked = frame(Draw(chance))
    text, places = fill(template, slots)
    return Made(text, tuple((question, places[place] if place else None) for question, place in asked))


def pairs(shared: Path, embedder: embed.Embedder) -> Iterator[Pair]:
    """COUNT pairs, each made-up text in a real paragraph; a third of the time beside a second one."""
    chance = random.Random(SEED)
    real = [(p["article"], p["context"]) for p in paragraphs(shared / "squad-train.jsonl.gz")]
    made = 0
    while made < COUNT:
        title, context = chance.choice(real)
        told = [make_one(chance, frame) for frame in chance.sample(FRAMES, chance.choice([1, 1, 2]))]
        text = _among(chance, context, [one.text for one in told])
        for chunk in split(Article("", title, text, "", "", None, frozenset()), embedder):
            shown, _ = passage(title, chunk)
            flat = shown.replace("\n", " ")
            for one in told:
                at = flat.find(re.sub(r"(^|\n)- ", r"\1", one.text).replace("\n", " "))
                if at < 0:
                    continue
                for question, place in chance.sample(one.asked, min(len(one.asked), 3)):
                    marks = 0 if place is None else 2 * len(re.findall(r"(?:^|\n)- ", one.text[: place[0]]))
                    yield Pair(
                        question, shown, () if place is None else ((at + place[0] - marks, at + place[1] - marks),)
                    )
                    made += 1


def _among(chance: random.Random, context: str, texts: Sequence[str]) -> str:
    """The made-up texts, in random places between some of a paragraph's sentences; tables in lines of their own."""
    sentences = re.split(r"(?<=[.!?]) (?=[A-Z])", context.replace("\n", " "))
    kept = sentences[: chance.randint(1, max(1, min(len(sentences), 5)))]
    for text in texts:
        at = chance.randint(0, len(kept))
        kept.insert(at, f"\n\n{text}\n\n" if "\n" in text else text)
    return re.sub(r" ?\n\n ?", "\n\n", " ".join(kept)).strip()
