"""From a question to its cited answer: remember, restate, find, answer, store."""

import asyncio
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from typing import Self

from article_assistant.index.chunk import page_at
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYTHING, Article, Groups, Hit, Scope
from article_assistant.memory import TURNS, Memory, Opinion
from article_assistant.types import (
    Answer,
    Answerer,
    Citation,
    Context,
    Event,
    Explanation,
    Found,
    Recourse,
    Thumb,
    Turn,
    User,
)
from cachetools import LRUCache

PASSAGES = 10
"""Hits that an answerer gets to read."""
TITLES = 3
"""Articles that are named to whoever asks what there is."""
MAX_LISTS = 8
"""Lists of titles, and of categories, that are kept, each for those who may read the same."""
GONE = (
    "This answer rested on an article that has changed since or is no longer there to be read. "
    "Please ask again for what the articles say now."
)


class Assistant:
    """Answers questions over an `index`, in the words of whichever `answerer` it was given."""

    def __init__(self, index: Index, answerer: Answerer, memory: Memory, offers: Sequence[Recourse] = ()) -> None:
        """`offers` go with each refusal."""
        self.index = index
        self.answerer = answerer
        self._memory = memory
        self._offers = tuple(offers)
        self._titles = LRUCache[tuple[Groups, str | None], list[tuple[str, str, str | None]]](MAX_LISTS)
        self._categories = LRUCache[tuple[Groups, str | None], dict[str, int]](MAX_LISTS)
        self.closing = ExitStack()
        """What is closed with it; empty where the caller closes the index and the memory itself."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of what was opened with it."""
        self.closing.close()

    def ask(
        self,
        question: str,
        user: User,
        conversation: str | None = None,
        stop: threading.Event | None = None,
        before: Sequence[Turn] = (),
        explain: bool = False,
        scope: Scope = EVERYTHING,
    ) -> Iterator[Event]:
        """Yield events as they come: Found, Words, Citations, last the Answer.

        A `conversation` is any name that the caller keeps secret; turns under it are taken into
        account and the new one is added. A caller who keeps the turns itself gives them as `before`
        instead. Setting `stop` ends what a language model writes, within a second: the Answer is then
        what there is. To close the iterator ends it too, and nothing is remembered. To `explain` adds to the
        Answer why it is that one. Only articles in the `scope` are looked at.
        """
        began = time.perf_counter()
        question = question.encode("utf-8", "replace").decode()  # halves of characters, as JSON may hold them
        turns = self._restated(before)
        if conversation is not None and not turns:
            turns = self._memory.turns(user, conversation)
        if turns:
            turns[-1] = replace(turns[-1], cited=self._cited(turns[-1], user))
        standalone = self.answerer.standalone(question, turns)
        why = Explanation() if explain else None

        def find(text: str) -> list[Hit]:
            hits = self.index.find(text, user.groups, PASSAGES, scope)
            if why:
                why.add(hits)
            return hits

        def titles() -> list[str]:
            return [article.title for article in islice(self.index.library.articles(user.groups), TITLES)]

        hits = find(standalone)
        found = time.perf_counter()
        yield Found(tuple(hits))
        for event in self.answerer.answer(
            standalone, hits, Context(question, turns, find, stop or threading.Event(), titles, why)
        ):
            if not isinstance(event, Answer):
                yield event
                continue
            done = time.perf_counter()
            seconds = {"find": found - began, "read": done - found, "total": done - began}
            answer = replace(
                event,
                question=question,
                standalone=event.standalone or standalone,
                scope=scope,
                seconds={name: round(value, 4) for name, value in seconds.items()},
            )
            if conversation is not None:
                articles = tuple(dict.fromkeys(citation.article for citation in answer.citations))
                turn = Turn(question, answer.answer, articles, answer.standalone)
                # A courtesy names titles without citing them, so it cannot be shown again with the rights of then.
                self._memory.add(user, conversation, turn, None if answer.remark else answer)
            if why:
                why.settle(answer)
            yield replace(self._offering(answer), explanation=why)

    def answer(
        self,
        question: str,
        user: User,
        conversation: str | None = None,
        explain: bool = False,
        scope: Scope = EVERYTHING,
    ) -> Answer:
        """The answer alone, when the events on the way are of no interest."""
        *_, last = self.ask(question, user, conversation, explain=explain, scope=scope)
        assert isinstance(last, Answer)
        return last

    async def answer_async(self, question: str, user: User, conversation: str | None = None) -> Answer:
        """The answer alone, for an event loop, which goes on meanwhile: the work is done in a thread."""
        return await asyncio.to_thread(self.answer, question, user, conversation)

    def passages(self, question: str, user: User, k: int = PASSAGES) -> list[Hit]:
        """The best `k` passages for a question that this user may read, best first; nothing is answered or kept."""
        return self.index.find(question.encode("utf-8", "replace").decode(), user.groups, k)

    def conversation(self, user: User, name: str, most: int) -> list[Answer]:
        """The last `most` answers of a conversation, oldest first, as this user may read them now.

        A quote that moved in its article is cited where it stands today. An answer of which a quote is gone, or not
        this user's to read any more, becomes a refusal that says so; replies to courtesies are left out.
        """
        kept = self._memory.answers(user, name, most)
        return [self._offering(self._as_of_today(answer, user)) for answer in kept]

    def conversations(self, user: User, most: int) -> list[tuple[str, str, float]]:
        """Name, first question and last time (seconds since 1970) of this user's conversations, the last `most`."""
        return self._memory.conversations(user, most)

    def judge(self, user: User, conversation: str, question: str, thumb: Thumb, word: str = "") -> bool:
        """Keep what this user thinks of the last answer to a question; False where there is no such answer."""
        return self._memory.judge(user, conversation, question, thumb, word)

    def titles(self, user: User) -> list[tuple[str, str, str | None]]:
        """Id, title and date of each article that this user may read, by id."""
        key = user.groups, self.index.library.fact("changes")
        known = self._titles.get(key)
        if known is None:
            known = self._titles[key] = self.index.library.ledger.titles(user.groups)
        return known

    def categories(self, user: User) -> dict[str, int]:
        """How many of the articles that this user may read each category holds, sorted by name."""
        key = user.groups, self.index.library.fact("changes")
        known = self._categories.get(key)
        if known is None:
            known = self._categories[key] = self.index.library.ledger.categories(user.groups)
        return known

    def judged(self) -> Iterator[Opinion]:
        """Every question that is kept, whoever asked it, and how it went."""
        return self._memory.judged()

    def _offering(self, answer: Answer) -> Answer:
        return answer if answer.answered or answer.remark else replace(answer, offers=self._offers)

    def _as_of_today(self, answer: Answer, user: User) -> Answer:
        cited = [found for citation in answer.citations if (found := self._standing(citation, user))]
        near = [found for citation in answer.nearest if (found := self._standing(citation, user))]
        # The words of a refusal name what was nearest, so they are as private as a quote.
        if (len(cited), len(near)) == (len(answer.citations), len(answer.nearest)):
            return replace(answer, citations=tuple(cited), nearest=tuple(near))
        return Answer(
            answer.question, False, None, "", "refused", None, (),
            standalone=answer.standalone, notice=GONE, scope=answer.scope,
        )  # fmt: skip

    def _standing(self, citation: Citation, user: User) -> Citation | None:
        """The citation of the same words in the article as it is now; None where they are not to be read."""
        article = self.article(citation.article, user)
        if article is None:
            return None
        start = citation.start
        if article.text[start : citation.end] != citation.quote:
            start = article.text.find(citation.quote)
        if start < 0:
            return None
        end, page = start + len(citation.quote), page_at(article, start)
        return replace(citation, start=start, end=end, page=page, revision=article.revision, updated=article.updated)

    def forget(self, user: User, conversation: str) -> None:
        """Drop the turns of a conversation: nothing of it is taken into account again, nor kept."""
        self._memory.forget(user, conversation)

    def _restated(self, before: Sequence[Turn]) -> list[Turn]:
        """The last of a caller's own turns, with the standalone form of each question, which the caller cannot know."""
        turns: list[Turn] = []
        for turn in before:
            standalone = turn.standalone or self.answerer.standalone(turn.question, turns[-1:])
            turns.append(replace(turn, standalone=standalone))
        return turns[-TURNS:]

    def _cited(self, turn: Turn, user: User) -> tuple[Article, ...]:
        """The articles that a turn cited, those that this user may read now."""
        found = (self.article(identifier, user) for identifier in turn.articles)
        return tuple(article for article in found if article)

    def article(self, identifier: str, user: User) -> Article | None:
        """An article that this user may read, as it stands in the library now; else None."""
        return self.index.article(identifier, user.groups)
