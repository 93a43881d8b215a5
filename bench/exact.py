"""How exactly things are found that are asked for by their identifier: part numbers, codes, tickets, versions, names.

A generator with a seed writes the articles and asks for what stands in them and for what does not. Right is an answer
whose words are those of the thing asked for and whose quote stands beside its identifier, or a refusal where it does
not stand there; wrong is any other answer. A refusal of what stands there is neither.
"""

import random
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from article_assistant.answering.extract import Extractor
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.index.embed import Embedder
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.settings import ACCEPTED_WRONG
from article_assistant.types import Answer, User

from bench import report
from bench.systems import FILE_LIMIT

PEOPLE = "Ida Holm|Ole Brandt|Kaj Lund|Pia Sommer|Bo Ek|Eva Marsh|Ravi Menon|Dana Whitfield|Lena Opitz|Nils Berg".split(
    "|"
)
THINGS = "bolt nut washer seal bearing hinge valve gasket spring bracket".split()
FAULTS = "The belt slips.|The lamp blinks.|The pump stops.|The door stays shut.|The fan stops.|The motor is hot.".split(
    "|"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A question, the words that answer it (none: it is to be refused), and the identifier as it is written."""

    question: str
    words: str | None
    identifier: str


@dataclass(slots=True)
class Case:
    """A library: files by name, and what is asked of it."""

    name: str
    files: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "ten minutes on two cores")
    parser.add_argument("--questions", type=report.positive, default=60, metavar="N", help="questions of each library")
    parser.add_argument(
        "--only", nargs="+", metavar="CASE", default=[], help="libraries whose names begin so, else all"
    )
    parser.add_argument("--rows", type=report.positive, nargs="+", default=[30, 300, 3_000], help="rows of the tables")
    parser.add_argument("--seed", type=int, default=0, help="which articles and questions")
    given = parser.parse_args()
    report.offline()
    facts = report.machine()
    embedder, extractor = embed.load(), Extractor(Reader(), ACCEPTED_WRONG)
    rows, document, total = [], [], Counter[str]()
    for case in cases(given.seed, given.questions, given.rows):
        if given.only and not case.name.startswith(tuple(given.only)):
            continue
        report.say(case.name)
        judged = list(measured(case, embedder, extractor))
        many = Counter(verdict for _, _, verdict in judged)
        total += many
        rows.append([case.name, str(len(judged)), *(str(many[verdict]) for verdict in ("right", "missed", "wrong"))])
        document += [
            {"case": case.name, "question": asked.question, "expected": asked.words, "verdict": verdict,
             "answer": answer.answer, "confidence": answer.confidence}
            for asked, answer, verdict in judged
        ]  # fmt: skip
    asked = max(total.total(), 1)
    body = [
        report.table(["library", "questions", "right", "missed", "wrong"], rows),
        f"{total['right'] / asked:.1%} right, {total['wrong'] / asked:.1%} wrong.",
    ]
    report.write(given.out, "exact", "Asked for exactly", facts, body, {"cases": document, **total})


def measured(case: Case, embedder: Embedder, extractor: Extractor) -> Iterator[tuple[Asked, Answer, str]]:
    """Each question of a library, its answer, and whether that is `right`, `missed` or `wrong`."""
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        for name, text in case.files.items():
            path = Path(folder, "articles", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        with closing(Index.open(Path(folder, "home"), embedder)) as index, closing(Memory()) as memory:
            sync([str(Path(folder, "articles"))], index, FILE_LIMIT)
            assistant = Assistant(index, extractor, memory)
            for asked in case.asked:
                answer = assistant.answer(asked.question, User("bench", None))
                yield asked, answer, verdict_on(asked, answer)


def verdict_on(asked: Asked, answer: Answer) -> str:
    """Whether an answer is `right`, `missed` (refused, though it stands there) or `wrong`."""
    if not answer.answered or asked.words is None:
        return "wrong" if answer.answered else "missed" if asked.words else "right"
    cited = answer.citations[0]
    beside = " ".join([cited.quote, cited.heading, cited.title])
    whole = asked.words.endswith(".")  # a sentence, of which the short words may be a part
    said = cited.quote if whole else answer.short or answer.answer
    return "right" if _stands(asked.words, said) and _stands(asked.identifier, beside) else "wrong"


def _stands(words: str, text: str) -> bool:
    return bool(re.search(rf"(?<![\w#.-]){re.escape(words.rstrip('.'))}(?![\w#-]|\.\w)", text, re.IGNORECASE))


def cases(seed: int, many: int, table_rows: Sequence[int]) -> Iterator[Case]:
    """The libraries, each with `many` questions, a third of them for what is not there."""
    chance = random.Random(seed)
    kinds: list[tuple[str, Callable[[], str]]] = [
        ("PN", lambda: f"PN-{chance.randrange(10_000, 99_999)}"),
        ("digits", lambda: f"{chance.randrange(1000, 9999)}-{chance.randrange(1, 9)}-{chance.randrange(10, 99)}"),
        ("mixed", lambda: f"{chance.choice('ABXZ')}{chance.randrange(10, 99)}K-{chance.randrange(100, 999)}"),
    ]
    for number in table_rows:
        for name, make in kinds:
            yield _table(f"table of {number:,}, {name}", chance, make, number, many)
    yield _list(chance, kinds[0][1], many)
    yield _codes(chance, many)
    yield _tickets(chance, many)
    yield _addresses(chance, many)
    yield _names(chance)


def _some(chance: random.Random, make: Callable[[], str], number: int, many: int) -> tuple[list[str], list[str]]:
    """`number` distinct identifiers, and a third of `many` others, some of them one sign away from those."""
    there = list(dict.fromkeys(make() for _ in range(3 * number)))[:number]
    known, absent = set(there), list[str]()
    while len(absent) < many // 3:
        near = list(chance.choice(there))
        at = chance.choice([i for i, sign in enumerate(near) if sign.isdigit() and i])
        near[at] = str((int(near[at]) + chance.randrange(1, 9)) % 10)
        other = chance.choice(["".join(near), make()])
        if other not in known:
            known.add(other)
            absent.append(other)
    return there, absent


def _table(name: str, chance: random.Random, make: Callable[[], str], number: int, many: int) -> Case:
    there, absent = _some(chance, make, number, many)
    rows = [
        [one, chance.choice(THINGS), str(chance.randrange(100, 999)), f"S{chance.randrange(10, 99)}",
         chance.choice(PEOPLE)]
        for one in there
    ]  # fmt: skip
    lines = ["| Part | Name | Pieces | Shelf | Keeper |", "|---|---|---|---|---|"]
    text = "# Stock\n\n" + "\n".join(lines + ["| " + " | ".join(row) + " |" for row in rows])
    ways = [
        ("On which shelf is {}?", 3), ("How many pieces of {} are there?", 2), ("Who is the keeper of {}?", 4),
        ("What is the name of part {}?", 1), ("shelf of {}", 3),
    ]  # fmt: skip
    case = Case(name, {"stock.md": text})
    for row in chance.sample(rows, min(number, many - len(absent))):
        way, column = chance.choice(ways)
        case.asked.append(Asked(way.format(row[0]), row[column], row[0]))
    case.asked += [Asked(chance.choice(ways)[0].format(one), None, one) for one in absent]
    return case


def _list(chance: random.Random, make: Callable[[], str], many: int) -> Case:
    there, absent = _some(chance, make, 120, many)
    case, lines = Case("list of 120"), ["# Spare parts", ""]
    for one in there:
        shelf, person = f"S{chance.randrange(10, 99)}", chance.choice(PEOPLE)
        lines.append(f"- {one}: {chance.choice(THINGS)}, on shelf {shelf}, ordered by {person}")
        case.asked.append(chance.choice([Asked(f"On which shelf is {one}?", shelf, one),
                                         Asked(f"Who orders {one}?", person, one)]))  # fmt: skip
    case.files["parts.md"] = "\n".join(lines)
    case.asked = chance.sample(case.asked, many - len(absent))
    case.asked += [Asked(f"On which shelf is {one}?", None, one) for one in absent]
    return case


def _codes(chance: random.Random, many: int) -> Case:
    there, absent = _some(chance, lambda: f"E{chance.randrange(1000, 9999)}", 200, many)
    case, lines = Case("200 error codes"), ["# Error codes"]
    for one in there:
        person, fault = chance.choice(PEOPLE), chance.choice(FAULTS)
        lines.append(f"## {one}\n\n{fault} Call {person} at once.")
        case.asked.append(chance.choice([Asked(f"Who do I call at error {one}?", person, one),
                                         Asked(f"What does {one} mean?", fault, one)]))  # fmt: skip
    case.files["errors.md"] = "\n\n".join(lines)
    case.asked = chance.sample(case.asked, many - len(absent))
    case.asked += [Asked(f"Who do I call at error {one}?", None, one) for one in absent]
    return case


def _tickets(chance: random.Random, many: int) -> Case:
    there, absent = _some(chance, lambda: f"OPS-{chance.randrange(1000, 9999)}", 200, many)
    case = Case("200 tickets")
    for one in there:
        person, other, thing = *chance.sample(PEOPLE, 2), chance.choice(THINGS)
        case.files[f"{one}.md"] = (
            f"# {one}: a {thing} is broken\n\nReported by {person}. Assigned to {other}.\n\n"
            f"The {thing} of line {chance.randrange(1, 9)} was found broken by the night shift."
        )
        case.asked.append(chance.choice([Asked(f"Who reported {one}?", person, one),
                                         Asked(f"Who is {one} assigned to?", other, one)]))  # fmt: skip
    case.asked = chance.sample(case.asked, many - len(absent))
    case.asked += [Asked(f"Who reported {one}?", None, one) for one in absent]
    return case


def _addresses(chance: random.Random, many: int) -> Case:
    """Networks in a table and releases under headings."""
    nets, no_nets = _some(chance, lambda: f"10.{chance.randrange(99)}.{chance.randrange(99)}.0", 60, many // 2)
    releases, no_releases = _some(
        chance, lambda: f"3.{chance.randrange(1, 30)}.{chance.randrange(1, 30)}", 60, many // 2
    )
    case = Case("addresses and versions")
    lines = ["# Networks", "", "| Network | VLAN | Owner |", "|---|---|---|"]
    notes = ["# Releases"]
    for one in nets:
        lan, person = str(chance.randrange(100, 999)), chance.choice(PEOPLE)
        lines.append(f"| {one} | {lan} | {person} |")
        case.asked.append(chance.choice([Asked(f"Who owns the network {one}?", person, one),
                                         Asked(f"Which VLAN has {one}?", lan, one)]))  # fmt: skip
    for one in releases:
        person, day = chance.choice(PEOPLE), f"{chance.randrange(1, 28)} March {chance.randrange(2019, 2026)}"
        notes.append(f"## Version {one}\n\nReleased on {day}. The build was signed by {person}.")
        case.asked.append(chance.choice([Asked(f"When was version {one} released?", day, one),
                                         Asked(f"Who signed {one}?", person, one)]))  # fmt: skip
    case.files = {"networks.md": "\n".join(lines), "releases.md": "\n\n".join(notes)}
    absent = [Asked(f"Who owns the network {one}?", None, one) for one in no_nets]
    absent += [Asked(f"When was version {one} released?", None, one) for one in no_releases]
    case.asked = chance.sample(case.asked, many - len(absent)) + absent
    return case


def _names(chance: random.Random) -> Case:
    """Names with signs, beside names that differ in the sign alone."""
    case, lines = Case("names with signs"), ["# Languages", "", "The languages and who keeps their builds.", ""]
    for one in ("C", "C#", "C++", "F#", ".NET", "VB.NET", "Node.js", "ASP.NET"):
        person, year = chance.choice(PEOPLE), str(chance.randrange(2005, 2024))
        lines.append(f"- {one} builds are kept by {person} since {year}.")
        if len(one) > 1:
            case.asked.append(Asked(f"Who keeps the {one} builds?", person, one))
            case.asked.append(Asked(f"Since when are {one} builds kept?", year, one))
    case.asked += [Asked(f"Who keeps the {one} builds?", None, one) for one in ("J#", "D++", "Vue.js", ".COM")]
    case.files["languages.md"] = "\n".join(lines)
    return case


if __name__ == "__main__":
    report.run(main)
