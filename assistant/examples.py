"""Questions to begin with, made from the articles themselves: theirs, their tables' and their definitions'."""

import re
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice

from article_assistant.index.types import Article, Groups
from article_assistant.pipeline import Assistant
from article_assistant.types import User

_HEADING_ASKED = re.compile(r"^#{1,6} (\S[^\n]{10,80}\?)$", re.MULTILINE)
# A row whose first cell is a name and whose second has a number under a heading of two plain words.
_ROW = re.compile(
    r"^[A-Z][\w ]{2,20}: (?P<name>[A-Z][\w-]+(?: [A-Z][\w-]+)?) \| "
    r"(?P<column>[A-Z]?[a-z]+ [a-z]+): [^|\n]{0,6}\d[^|\n]{0,12}",
    re.MULTILINE,
)
_DEFINED = re.compile(r"^- (?P<term>[A-Z][\w -]{2,24}): [A-Z][^\n]{40,}\.$", re.MULTILINE)
_PERSON = re.compile(r"(?<!the )\b((?:[A-Z][a-zà-þ]{2,} ){1,2}[A-Z][a-zà-þ]{3,}), (?:who|the \w+ (?:of|in|for))\b")
DEFINITIONS = 4
"""Definitions that a text has at least, if it is one that defines things."""
LOOKED_AT = 40
"""Articles that example questions are made from."""
TRIED_FIRST = 40
"""Example questions that are tried at most."""
MOST_OFFERS = 16
"""Example questions that are kept to choose from."""
A_VISIT = 2
"""Example questions that a visit adds to them."""
SURE = 0.75
"""Confidence, 0 to 1, that the answer to an example has at least: the page shows such a one without a caution."""


@dataclass(frozen=True, slots=True)
class Offer:
    """An example question, and the title of the article that it was made from and that answers it."""

    question: str
    title: str
    article: str = ""


class Examples:
    """Questions that an assistant answers, each tried before it is offered; known until the library changes."""

    def __init__(self, assistant: Assistant, most: int = 4) -> None:
        """Of at most this many questions for one visit."""
        self._assistant, self._most = assistant, most
        self._known: dict[tuple[Groups, str | None], tuple[list[Offer], Iterator[Offer]]] = {}
        self._trying = threading.Lock()
        self._closing = threading.Event()
        self._visits = 0
        self._warming: threading.Thread | None = None

    def __call__(self, user: User) -> list[Offer | None]:
        """A few questions that the articles which this user may read answer, others at each visit where there are.

        None stands for one that may still come, as questions are being tried: ask again in a moment.
        """
        key = (user.groups, self._assistant.index.library.fact("changes"))
        offers, ends = list[Offer](), True
        # While questions are tried, by `warm` or for somebody else, nobody waits for it: what is known is enough.
        if self._trying.acquire(blocking=False):
            try:
                if key not in self._known:
                    self._known = {key: ([], self._answered(user))}
                offers, more = self._known[key]
                for offer in islice(more, min(A_VISIT if offers else self._most, MOST_OFFERS - len(offers))):
                    offers.append(offer)  # one by one, so that others see those that there are
            finally:
                self._trying.release()
        else:
            offers, ends = list(self._known.get(key, ([],))[0]), False
        visit, self._visits = self._visits, self._visits + ends
        if len(offers) <= self._most:  # in the order in which they come, so that none that is shown moves
            return [*offers, *[None] * (0 if ends else self._most - len(offers))]
        first = visit * self._most % len(offers)
        return list(spread([*offers[first:], *offers[:first]], self._most))

    def warm(self, user: User) -> threading.Thread:
        """Try the first few in the background, so that the first visitor finds them."""
        self._warming = threading.Thread(target=self._tried, args=(user,), name="examples", daemon=True)
        self._warming.start()
        return self._warming

    def close(self, seconds: float = 5.0) -> None:
        """Try no more; waits for the question that is being tried, for at most so many seconds."""
        self._closing.set()
        if self._warming:
            self._warming.join(seconds)

    def _tried(self, user: User) -> None:
        with suppress(Exception):  # the first visitor's page says so then
            self(user)

    def _answered(self, user: User) -> Iterator[Offer]:
        known = across([identifier for identifier, *_ in self._assistant.titles(user)])
        library = self._assistant.index.library
        articles = (found for identifier in known if (found := library.article(identifier, user.groups)))
        for question, article in islice(propose(articles), TRIED_FIRST):
            if self._closing.is_set():
                return
            answer = self._assistant.answer(question, user)
            cited = {citation.article for citation in answer.citations}
            if answer.answered and (answer.confidence or 0.0) >= SURE and article.id in cited:
                yield Offer(question, article.title, article.id)


def across(identifiers: Sequence[str]) -> list[str]:
    """Of the ids of all articles, in order, at most LOOKED_AT, one of each folder before any second.

    >>> across(["news/a", "news/b", "team/c"])
    ['news/a', 'team/c', 'news/b']
    """
    some = identifiers[:: -(-len(identifiers) // LOOKED_AT) or 1]
    places = [sum(_folder(before) == _folder(one) for before in some[:at]) for at, one in enumerate(some)]
    return [one for _, one in sorted(zip(places, some, strict=True), key=lambda pair: pair[0])]


def spread(offers: Sequence[Offer], most: int) -> list[Offer]:
    """At most so many offers, in their order but that each is as unlike those before it as there are any."""
    left, chosen, traits = list(offers), list[Offer](), list[tuple[str, ...]]()
    while left and len(chosen) < most:
        chosen.append(min(left, key=lambda one: [traits.count(trait) for trait in _traits(one)]))
        left.remove(chosen[-1])
        traits += _traits(chosen[-1])
    return chosen


def _traits(offer: Offer) -> list[tuple[str, ...]]:
    """What two offers should not have in common, the worst first: the article, how they begin, the folder."""
    return [("of", offer.article), ("begins", *offer.question.split()[:2]), ("in", _folder(offer.article))]


def _folder(identifier: str) -> str:
    return identifier.rpartition("/")[0]


def propose(articles: Iterable[Article]) -> Iterator[tuple[str, Article]]:
    """Questions that the articles in English seem to answer, each with its article; of each one before any second.

    >>> trips = Article("a", "Trips", "City: Oslo | Per diem: €84", "", "", None, frozenset())
    >>> [question for question, _ in propose([trips])]
    ['What is the per diem for Oslo?']
    """
    waiting = [(iter(_of(article.text)), article) for article in articles if article.language == "en"]
    while waiting:
        going_on = []
        for questions, article in waiting:
            if question := next(questions, None):
                yield question, article
                going_on.append((questions, article))
        waiting = going_on


def _of(text: str) -> Iterator[str]:
    """Questions about one text, the likeliest to be answered well first."""
    for asked in _HEADING_ASKED.finditer(text):
        yield asked[1]
    rows = list(_ROW.finditer(text))
    for row in rows[len(rows) // 2 : len(rows) // 2 + 1]:
        yield f"What is the {_lower(row['column'])} for {row['name']}?"
    for person in _PERSON.finditer(text):
        yield f"Who is {person[1]}?"
    defined = [found["term"] for found in _DEFINED.finditer(text)]
    if len(defined) >= DEFINITIONS:
        yield from (f"What does {term} mean?" for term in defined if " " in term)


def _lower(name: str) -> str:
    """A column's name inside a sentence: `Per diem` becomes `per diem`, `VPN` stays."""
    return name if name[1:2].isupper() else name[:1].lower() + name[1:]
