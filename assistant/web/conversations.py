"""The conversations of the page, and how a question is answered, one rendered state after another."""

import logging
import re
import secrets
import threading
import time
from collections.abc import Callable, Generator
from contextlib import closing
from dataclasses import dataclass, field, replace

from article_assistant.index.types import EVERYONE, UserFacingError
from article_assistant.types import (
    Answer,
    Answering,
    Citation,
    Considered,
    Event,
    Found,
    Ready,
    Sentence,
    User,
    Waiting,
    Words,
)
from article_assistant.web import render
from article_assistant.web.errors import UNAVAILABLE
from article_assistant.web.places import scope_of
from article_assistant.web.queue import MAX_QUESTION, answered
from cachetools import LRUCache

log = logging.getLogger(__name__)

ANYONE = User(name="reader", groups=frozenset({EVERYONE}))
"""Whoever asks on the page without having said who they are."""
PERSON = "login:"
"""What the name of somebody begins with who signs in to the page, and so has conversations of their own."""
MAX_TURNS = 30
"""Maximum turns shown of a conversation; older ones are dropped."""
MAX_LISTED = 200
"""Maximum conversations in the list of somebody who has signed in, the latest."""
MAX_EXPLAINED = 300
"""Maximum explanations of answers kept for the page, those of the latest answers."""
MAX_CONVERSATIONS = 2000
"""Maximum conversations kept for the page; the least recently used is dropped."""
_NAME = re.compile(r"[A-Za-z0-9_-]{43}")
LEAVE_SECONDS = 2.0
"""Maximum seconds for which a new conversation waits for the end of an unfinished answer."""
OVER_SECONDS = 5.0
"""Maximum seconds for which a question waits for the end of the one before it, whose answer is complete."""
FRAME_SECONDS = 0.1
"""Minimum seconds between two states of an unfinished answer."""


@dataclass(slots=True)
class Conversation:
    """The conversation of one tab. `name` is its secret name, `owner` the session that began it.

    `over` is set once another conversation takes its place in the tab, and ends an unfinished answer; `deleted` when
    nothing of it is to be kept either; `stop` ends the language model's writing.
    """

    name: str
    owner: str
    over: bool = False
    deleted: bool = False
    turns: list[render.Shown] = field(default_factory=list)
    busy: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)


class Conversations:
    """The conversations of the page, by secret names that the server makes.

    The tab that began a conversation gets its name, and sends it with each question. The browser keeps the name, so
    that the conversation is there again after a reload, a new login or a restart of the server: its turns are then
    read from the assistant's memory, with the rights of today. Gradio's own session name is chosen by the browser, so
    it identifies nothing here. A conversation begun in a browser with our cookie needs that cookie too for as long as
    its session lasts (`lasts`), or that of another browser of the same person; without cookies (a frame on a foreign
    site) the name alone is enough. `who(owner)` is the user of a session, whose rights apply and whose conversations
    these are.
    """

    def __init__(
        self,
        assistant: Answering,
        lasts: Callable[[str], bool] = lambda _: True,
        most: int = MAX_CONVERSATIONS,
        who: Callable[[str], User] = lambda _: ANYONE,
    ) -> None:
        self._assistant = assistant
        self._lasts = lasts
        self.who = who
        self._held = LRUCache[str, Conversation](most)
        self._explained = LRUCache[tuple[str, str], Answer](MAX_EXPLAINED)
        self._lock = threading.Lock()

    def begin(self, owner: str) -> Conversation:
        """A new, empty conversation."""
        conversation = Conversation(secrets.token_urlsafe(32), owner)
        with self._lock:
            self._held[conversation.name] = conversation
        return conversation

    def get(self, name: object, owner: str) -> Conversation | None:
        """The conversation of that name if this owner may go on with it, else None."""
        if not isinstance(name, str) or not _NAME.fullmatch(name):
            return None
        with self._lock:
            held = self._held.get(name)
        free = "" if self.who(owner) == ANYONE else owner
        if held is not None and held.owner in (free, owner):
            return held
        user = self.who(owner)
        theirs = held is not None and user.name.startswith(PERSON) and self.who(held.owner).name == user.name
        if held is not None and self._lasts(held.owner) and not theirs:
            return None
        answers = self._assistant.conversation(user, name, MAX_TURNS)
        if not answers:
            return None
        kept = Conversation(name, owner, turns=[self.shown(answer, owner) for answer in answers])
        with self._lock:
            if self._held.get(name) is held:
                self._held[name] = kept
            return self._held[name]

    def shown(self, answer: Answer, owner: str) -> render.Shown:
        """A turn of the page with this answer, whose language is that of the first article it cites."""
        cited = self._assistant.article(answer.citations[0].article, self.who(owner)) if answer.citations else None
        language = cited.language if cited else "en"
        return render.Shown(answer.question, answer=answer, within=answer.scope, language=language)

    def leave(self, name: object, owner: str) -> None:
        """The tab turns to another conversation: an unfinished answer ends; finished ones are kept.

        Waits for that end, LEAVE_SECONDS at most: what the tab shows next would be overwritten by a state of the
        answer that is still on its way to it.
        """
        conversation = self.get(name, owner)
        if conversation is not None:
            conversation.over = True
            conversation.stop.set()
            with self._lock:
                self._held.pop(conversation.name, None)
            if conversation.busy.acquire(timeout=LEAVE_SECONDS):
                conversation.busy.release()

    def explained(self, conversation: Conversation, answer: Answer) -> Answer:
        """The answer without its explanation, which is kept apart, to be shown on demand."""
        with self._lock:
            self._explained[conversation.name, answer.question] = answer
        return replace(answer, explanation=None)

    def explanation(self, name: object, question: str, owner: str) -> Answer | None:
        """The last answer to a question with its explanation, of which passages that may not be read any more are left
        out; None where it is not kept."""
        conversation = self.get(name, owner)
        if conversation is None:
            return None
        with self._lock:
            kept = self._explained.get((conversation.name, question))
        if kept is None or kept.explanation is None:
            return None
        passages = [one for one in kept.explanation.passages if self._stands(one, owner)]
        return replace(kept, explanation=replace(kept.explanation, passages=passages))

    def _stands(self, passage: Considered, owner: str) -> bool:
        article = self._assistant.article(passage.article, self.who(owner))
        return article is not None and article.revision == passage.revision

    def own(self, owner: str) -> list[tuple[str, str, float]] | None:
        """Name, first question and last time of the conversations of who has signed in; None for anybody else.

        The others of a shared password are not told apart: what is theirs only their browser knows.
        """
        user = self.who(owner)
        return self._assistant.conversations(user, MAX_LISTED) if user.name.startswith(PERSON) else None

    def delete(self, name: object, owner: str) -> None:
        """Keep nothing of a conversation, if this owner may go on with it."""
        conversation = self.get(name, owner)
        if conversation is not None:
            conversation.deleted = True
            self.leave(name, owner)
            self._assistant.forget(self.who(owner), conversation.name)


def respond(
    assistant: Answering, conversations: Conversations, question: object, name: object, owner: str, chosen: object = ""
) -> Generator[tuple[str, str, str], None, None]:
    """Answer one question: yields (conversation name, conversation, sources), the latter two as HTML.

    Only what the page has `chosen` is searched. Yields nothing for an empty question, or while the previous one is
    still being answered. An error becomes one plain sentence in the conversation; the reason goes to the server's log.
    """
    asked = question.strip() if isinstance(question, str) else ""
    scope = scope_of(chosen)
    if not asked or scope is None:
        return
    user = conversations.who(owner)
    conversation = found(conversations, name, owner)
    ended = bool(name) and conversation is None
    if conversation is None:
        conversation = conversations.begin(owner)
    # The page knows that an answer is complete a moment before it is over.
    if not conversation.busy.acquire(timeout=OVER_SECONDS):
        return
    before = conversation.turns[-MAX_TURNS:]

    def picture(turn: render.Shown) -> tuple[str, str, str]:
        # Until there is a card, those of the answer before stay: else the column would go and come at each question.
        has_come = turn.answer or turn.citations or turn.notice or not before
        sources = render.sources(turn if has_come else before[-1])
        return conversation.name, render.conversation([*before, turn], ended), sources

    try:
        if len(asked) > MAX_QUESTION:
            notice = f"A question can have at most {MAX_QUESTION:,} characters; this one has {len(asked):,}. "
            yield picture(render.Shown(f"{asked[:200]}…", notice=f"{notice}Please ask it in fewer words."))
            return
        turn = render.Shown(asked, status="Searching the articles…", within=scope)
        yield picture(turn)
        drawn = 0.0
        try:
            conversation.stop.clear()
            asking = assistant.ask(asked, user, conversation.name, conversation.stop, explain=True, scope=scope)
            with closing(answered(asking)) as events:
                for event in events:
                    if conversation.over:
                        return
                    if isinstance(event, Answer):
                        event = conversations.explained(conversation, event)
                        turn = replace(_with(turn, event), language=conversations.shown(event, owner).language)
                        # Here and at the end: drawn at the end alone, it did not reach the browser twice in a run of
                        # the tests; it is not known why.
                        yield picture(turn)
                        break  # the next question need not wait for what comes after it
                    turn = _with(turn, event)
                    if time.monotonic() - drawn >= FRAME_SECONDS:
                        drawn = time.monotonic()
                        yield picture(turn)
        except UserFacingError as error:
            log.warning("a question could not be answered: %s", error)
            turn = replace(turn, notice=UNAVAILABLE)
        except Exception:
            # No caller handles this, and readers have no use for a stack trace.
            log.exception("a question could not be answered")
            turn = replace(turn, notice="Something went wrong while answering. Please ask again.")
        conversation.turns.append(turn)
        del conversation.turns[:-MAX_TURNS]
        yield picture(turn)
    finally:
        if conversation.deleted:  # the answer was stored after its conversation had been forgotten
            assistant.forget(user, conversation.name)
        conversation.busy.release()


def found(conversations: Conversations, name: object, owner: str) -> Conversation | None:
    """The conversation of that name; None, with a line in the log, where what is kept of it cannot be read."""
    try:
        return conversations.get(name, owner)
    except Exception:
        log.exception("a conversation cannot be read")
        return None


def _with(turn: render.Shown, event: Event) -> render.Shown:
    """The turn after one more event."""
    if isinstance(event, Found):
        count = len(event.hits)
        return replace(turn, status=f"Reading {count} passage{'' if count == 1 else 's'}…")
    if isinstance(event, Words):
        return replace(turn, words=turn.words + event.text)
    if isinstance(event, Citation):
        return replace(turn, citations=(*turn.citations, event))
    if isinstance(event, Ready):
        return replace(turn, ready=event.answer, status="The language model reads the passages…")
    if isinstance(event, Sentence):
        written = [*turn.written[: event.number], event, *turn.written[event.number + 1 :]]
        return replace(turn, written=tuple(written), status="The language model writes…")
    if isinstance(event, Waiting):
        return turn
    return replace(turn, answer=event, status="")
