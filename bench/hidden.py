"""Whether articles that somebody may not read move anything that they are shown.

A generator with a seed writes articles for groups of readers, those that a reader may not see repeating the words of
the questions, and copying what the reader may see. A case is a question of one reader, asked of a library that holds
all of it and of one that never held what is forbidden: the passages found, with their scores, and the answer have to
be the same to the last byte, but for the seconds they took.
"""

import json
import random
import tempfile
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from pathlib import Path

from article_assistant.answering.extract import Extractor
from article_assistant.answering.kind import kinds_of
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.embed import Embedder
from article_assistant.index.search import Encoded, Index
from article_assistant.index.types import EVERYONE, Article
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.settings import ACCEPTED_WRONG
from article_assistant.types import User

from bench import report

GROUPS = ("staff", "board", "wiki.example:@hr", "wiki.example:mia")
THINGS = "limit budget deadline fee quota rent speed weight".split()
PLACES = "Oslo Bergen Lisbon Turin Ghent Porto Malmo Graz Basel Krakow".split()
OTHERS = ("The owner is Tobias.|It was changed in May.|Ask the office.|See the other page.|It rarely changes.").split(
    "|"
)
LATEST = 7
"""Of so many articles, one gets its readers after it was read by others: a right that was withdrawn, or given."""


@dataclass(slots=True)
class Pair:
    """Libraries `whole` and without what a reader of these `groups` may not see, and what to ask them."""

    whole: Index
    alone: Index
    groups: frozenset[str]
    questions: list[str]
    forbidden: int


def pairs(
    folder: Path,
    embedder: Embedder,
    seed: int,
    questions: int,
    readers: int = 3,
    among: Sequence[str] = (EVERYONE, *GROUPS),
    always: frozenset[str] = frozenset(),
) -> Generator[Pair, None, None]:
    """A library and its readers, each with a library of their own; all are closed when the next is asked for.

    A reader is in one to three of the groups `among`, and in those of `always`.
    """
    chance = random.Random(seed)
    asked = [_question(chance) for _ in range(questions)]
    written = list(_articles(chance, chance.choice([12, 40, 120]), asked))
    before = _encoded(embedder, [one for one, _ in written])
    with ExitStack() as opened:
        whole = opened.enter_context(closing(Index.open(folder / "whole", embedder)))
        publishes = chance.random() < 0.5
        _store(whole, before, publishes)
        later = {now.id: now.groups for one, now in written if one.groups != now.groups}
        with whole.library.writing():
            whole.library.ledger.regroup(later)
        for number in range(readers):
            groups = always | frozenset(chance.sample(among, chance.randint(1, min(3, len(among)))))
            seen = {now.id: now for _, now in written if now.groups & groups}
            own = [
                ((replace(one[0][0], groups=seen[one[0][0].id].groups), *one[0][1:]), *one[1:])
                for one in before
                if one[0][0].id in seen
            ]
            alone = opened.enter_context(closing(Index.open(folder / f"alone-{number}", embedder)))
            _store(alone, own, publishes=publishes and chance.random() < 0.5)
            yield Pair(whole, alone, groups, asked, len(written) - len(seen))


def differs(pair: Pair, question: str, answer: Callable[[Index, str, User], str] | None = None) -> str:
    """What of a question's passages, and of its answer where that is given, differs; "" where nothing does."""
    one, two = (repr(index.find(question, pair.groups, 10)) for index in (pair.whole, pair.alone))
    if one != two:
        return f"passages of {question!r} for {sorted(pair.groups)}:\n{one}\n{two}"
    if answer:
        user = User("reader", pair.groups)
        one, two = (answer(index, question, user) for index in (pair.whole, pair.alone))
        if one != two:
            return f"answer to {question!r} for {sorted(pair.groups)}:\n{one}\n{two}"
    return ""


def answers(extractor: Extractor) -> Callable[[Index, str, User], str]:
    """A function of an index, a question and a user that gives the answer as JSON, without its seconds."""

    def answer(index: Index, question: str, user: User) -> str:
        with closing(Memory()) as memory:
            made = Assistant(index, extractor, memory).answer(question, user).as_json()
        return json.dumps({name: value for name, value in made.items() if name != "seconds"}, sort_keys=True)

    return answer


def _question(chance: random.Random) -> str:
    thing, place = chance.choice(THINGS), chance.choice(PLACES)
    forms = [
        f"What is the {thing} of {place}?", f"{thing} {place}",
        f"How high is the {thing} in {place} and who changed it?",
        f"Is PN-{chance.randrange(10_000, 10_040)} of {place}?", "Tell me about " + " ".join(chance.sample(PLACES, 3)),
    ]  # fmt: skip
    return chance.choice(forms)


def _articles(chance: random.Random, count: int, asked: Sequence[str]) -> Iterator[tuple[Article, Article]]:
    """Articles as they are first read, and as they are then."""
    told: list[str] = []
    for number in range(count):
        groups = frozenset(chance.sample([EVERYONE, EVERYONE, *GROUPS], chance.randint(1, 2)))
        text = _text(chance)
        if EVERYONE not in groups and chance.random() < 0.7:
            question = chance.choice(asked)
            text = chance.choice([
                " ".join([question] * chance.randint(1, 12)), chance.choice(told or [text]),
                f"{question} It is {chance.randrange(1, 900)}.",
                f"{question} {text}" + " and more" * chance.randint(0, 90),
            ])  # fmt: skip
        told.append(text)
        title = chance.choice([f"Page {number}", *PLACES])
        first = Article(f"wiki/{number}", title, text, "", f"r{number}", None, groups)
        changes = number % LATEST == 0
        then = frozenset(chance.sample([EVERYONE, *GROUPS], 1)) if changes else groups
        yield first, replace(first, groups=then)


def _text(chance: random.Random) -> str:
    sentences = [
        f"The {chance.choice(THINGS)} of {chance.choice(PLACES)} is {chance.randrange(1, 900)} EUR."
        for _ in range(chance.randint(1, 4))
    ]
    sentences += chance.sample(OTHERS, chance.randint(0, 3))
    if chance.random() < 0.2:
        sentences.append(f"PN-{chance.randrange(10_000, 10_040)} is kept in {chance.choice(PLACES)}.")
    return " ".join(chance.sample(sentences, len(sentences)))


def _encoded(embedder: Embedder, articles: Sequence[Article]) -> list[Encoded]:
    """The articles with their vectors, made once for all libraries."""
    with tempfile.TemporaryDirectory() as folder, closing(Index.open(Path(folder), embedder)) as index:
        return index.encode([(one, one.revision, split(one, embedder)) for one in articles])


def _store(index: Index, encoded: Sequence[Encoded], publishes: bool) -> None:
    with index.library.writing():
        index.library.for_encoder(index.embedder.version)
        index.store(index.library.ledger.add("/wiki", "wiki"), encoded)
        if publishes:
            index.publish()


def main() -> None:
    """Run the command."""
    parser = report.options((__doc__ or "").split("\n\n")[0], "hours: it says how many more as it goes")
    parser.add_argument("--cases", type=report.positive, default=10_000, metavar="N", help="questions of readers")
    parser.add_argument("--answers", type=report.positive, default=1, metavar="N", help="answer every Nth case too")
    parser.add_argument("--seed", type=int, default=0, help="which articles, readers and questions")
    given = parser.parse_args()
    report.offline()
    facts, embedder = report.machine(), embed.load()
    answer = answers(Extractor(Reader(), ACCEPTED_WRONG, kinds_of(embedder)))
    began, done, seed, wrong = time.perf_counter(), 0, given.seed, list[str]()
    while done < given.cases:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            for pair in pairs(Path(folder), embedder, seed, 25):
                for question in pair.questions[: given.cases - done]:
                    done += 1
                    if found := differs(pair, question, answer if done % given.answers == 0 else None):
                        wrong.append(found)
        seed += 1
        pace = (time.perf_counter() - began) / done
        left = f"{pace * (given.cases - done) / 60:.0f} min left"
        report.say(f"{done:,} cases, {len(wrong)} differ, {left}; others may go on from --seed {seed}")
    body = [f"{done:,} cases in {time.perf_counter() - began:,.0f} s: {len(wrong)} differ.", *wrong[:3]]
    report.write(given.out, "hidden", "What is hidden moves nothing", facts, body, {"cases": done, "wrong": wrong})


if __name__ == "__main__":
    main()
