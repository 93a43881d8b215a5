"""From a question to its cited answer: remember, restate, find, answer, store."""

import time
from collections.abc import Iterator
from dataclasses import replace

from assistant.memory import Memory
from assistant.types import Answer, Answerer, Event, Found, Turn, User
from index.search import Index
from index.types import Article

PASSAGES = 10
"""Hits that an answerer gets to read."""


class Assistant:
    """Answers questions over an index; holds whichever answerer it was given."""

    def __init__(self, index: Index, answerer: Answerer, memory: Memory) -> None:
        self._index = index
        self._answerer = answerer
        self._memory = memory

    def ask(self, question: str, user: User, conversation: str | None = None) -> Iterator[Event]:
        """Yield events as they come: Found, Words, Citations, last the Answer.

        A `conversation` is any name that the caller keeps secret; turns under it are taken into
        account and the new one is added.
        """
        began = time.perf_counter()
        turns = self._memory.turns(user, conversation)
        standalone = self._answerer.standalone(question, turns)
        hits = self._index.find(standalone, user.groups, PASSAGES)
        found = time.perf_counter()
        yield Found(tuple(hits))
        for event in self._answerer.answer(standalone, hits):
            if not isinstance(event, Answer):
                yield event
                continue
            done = time.perf_counter()
            seconds = {"find": found - began, "read": done - found, "total": done - began}
            answer = replace(event, question=question, seconds={name: round(value, 4) for name, value in seconds.items()})
            self._memory.add(
                user, conversation, Turn(question, answer.answer, tuple(c.article for c in answer.citations))
            )
            yield answer

    def answer(self, question: str, user: User, conversation: str | None = None) -> Answer:
        """The answer alone, when the events on the way are of no interest."""
        *_, last = self.ask(question, user, conversation)
        assert isinstance(last, Answer)
        return last

    def article(self, identifier: str, user: User) -> Article | None:
        """An article that this user may read, as it stands in the library now; else None."""
        return self._index.article(identifier, user.groups)

    def examples(self, user: User) -> list[str]:
        """A few questions that the articles which this user may read answer."""
        return self._index.examples(user.groups)
