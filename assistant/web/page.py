"""The Gradio page: a conversation, its sources, and beside them the article with the quote marked."""

import logging
import os
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

# Gradio reads these while it is imported: it must neither report home nor look for a newer self.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
# Its statistics, which nobody sees here, would otherwise be made anew (with pandas) after each event.
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gradio as gr
from article_assistant.index.types import EVERYONE, UserFacingError
from article_assistant.settings import Settings
from article_assistant.types import (
    Answer,
    Answering,
    Citation,
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
from article_assistant.web.queue import MAX_QUESTION, answered

log = logging.getLogger(__name__)

READER = User(name="reader", groups=frozenset({EVERYONE}))
"""Who asks through the page."""
MAX_TURNS = 30
"""Turns of a conversation that the page goes on showing; older ones scroll out of it."""
MAX_CONVERSATIONS = 2000
"""Conversations kept for the page; the one unused for longest makes room."""
EXAMPLES = 4
"""Example questions offered before the first question."""
AT_ONCE = 8
"""Questions answered at the same time; more wait their turn."""
WAITING = 100
"""Questions that may wait; more are told that the page is busy."""
FRAME_SECONDS = 0.1
"""Least time between two pictures of an answer that is on its way."""

HEAD = (
    '<meta name="color-scheme" content="light dark"><link rel="icon" href="/favicon.ico">'
    '<link rel="stylesheet" href="/files/page.css"><script src="/files/page.js" defer></script>'
)


def theme() -> gr.themes.Base:
    """Gradio's plainest theme with the fonts of the system: nothing to fetch, and our style sheet on top."""
    return gr.themes.Base(
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )


@dataclass(slots=True)
class Conversation:
    """What one tab has asked. `name` is its secret name, `owner` the session that began it.

    `over` is set when a new conversation takes its place, which also ends an answer on its way; `stop` when what a
    language model writes is to end as it is.
    """

    name: str
    owner: str
    over: bool = False
    turns: list[render.Shown] = field(default_factory=list)
    busy: threading.Lock = field(default_factory=threading.Lock)
    stop: threading.Event = field(default_factory=threading.Event)


class Conversations:
    """The conversations of the page, each under a name that only the server makes.

    The name travels to the tab that began it and back with each question. Gradio's own session name is
    chosen by the browser, so nothing is kept under that. A conversation begun in a browser that keeps our
    cookie answers to that cookie only; in one that keeps none (a frame on a foreign site) the name is all.
    """

    def __init__(self, most: int = MAX_CONVERSATIONS) -> None:
        self._most = most
        self._held: OrderedDict[str, Conversation] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self, owner: str) -> Conversation:
        """A new, empty conversation."""
        conversation = Conversation(secrets.token_urlsafe(32), owner)
        with self._lock:
            self._held[conversation.name] = conversation
            while len(self._held) > self._most:
                self._held.popitem(last=False)
        return conversation

    def get(self, name: object, owner: str) -> Conversation | None:
        """The conversation of that name if this owner began it, else None."""
        if not isinstance(name, str):
            return None
        with self._lock:
            conversation = self._held.get(name)
            if conversation is None or conversation.owner not in ("", owner):
                return None
            self._held.move_to_end(name)
            return conversation

    def end(self, name: object, owner: str) -> Conversation | None:
        """Let go of a conversation, if it is this owner's, and return it."""
        conversation = self.get(name, owner)
        if conversation is not None:
            conversation.over = True
            with self._lock:
                self._held.pop(conversation.name, None)
        return conversation


def respond(
    assistant: Answering, conversations: Conversations, question: object, name: object, owner: str
) -> Generator[tuple[str, str, str], None, None]:
    """Answer one question: yields (conversation name, log, sources), the latter two as HTML.

    Nothing is yielded for an empty question, nor while the question before it is still being answered.
    Whatever goes wrong becomes one plain sentence in the log; the reason goes to the server's own log.
    """
    asked = question.strip() if isinstance(question, str) else ""
    if not asked:
        return
    conversation = conversations.get(name, owner)
    ended = bool(name) and conversation is None
    if conversation is None:
        conversation = conversations.begin(owner)
    if not conversation.busy.acquire(blocking=False):
        return
    before = conversation.turns[-MAX_TURNS:]

    def picture(turn: render.Shown) -> tuple[str, str, str]:
        return conversation.name, render.conversation([*before, turn], ended), render.sources(turn)

    try:
        if len(asked) > MAX_QUESTION:
            notice = f"A question may have up to {MAX_QUESTION:,} characters; this one has {len(asked):,}. "
            yield picture(render.Shown(f"{asked[:200]}…", notice=f"{notice}Please ask it in fewer words."))
            return
        turn = render.Shown(asked, status="Searching the articles…")
        yield picture(turn)
        drawn = 0.0
        try:
            conversation.stop.clear()
            for event in answered(assistant.ask(asked, READER, conversation.name, conversation.stop)):
                if conversation.over:
                    return
                turn = _with(turn, event)
                if isinstance(event, Answer) or time.monotonic() - drawn >= FRAME_SECONDS:
                    drawn = time.monotonic()
                    yield picture(turn)
        except UserFacingError as error:
            log.warning("a question could not be answered: %s", error)
            turn = replace(turn, notice=UNAVAILABLE)
        except Exception:
            # This is the outermost place of a question; the reader of the page cannot use a stack trace.
            log.exception("a question could not be answered")
            turn = replace(turn, notice="Something went wrong while answering. Please ask again.")
        conversation.turns.append(turn)
        del conversation.turns[:-MAX_TURNS]
        yield picture(turn)
    finally:
        if conversation.over:  # the answer was remembered after its conversation had been forgotten
            assistant.forget(READER, conversation.name)
        conversation.busy.release()


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


def build(assistant: Answering, settings: Settings, owner: Callable[[Any], str]) -> gr.Blocks:
    """The page. `owner(request)` names the session that a Gradio request belongs to, "" for none."""
    conversations = Conversations()

    # An event that anyone may call by its number must not offer more than the page does.
    private: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}

    plain: dict[str, Any] = {"apply_default_css": False, "js_on_load": None}

    def ask(question: str, name: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        # The box is emptied once, and not again under the fingers of who already types the next question;
        # a question that is too long stays, to be shortened.
        taken: Any = gr.skip() if len(str(question)) > MAX_QUESTION else ""
        for picture in respond(assistant, conversations, question, name, owner(request)):
            yield *picture, taken
            taken = gr.skip()
        # Gradio repeats what came last when an event is done, over a new conversation too.
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()

    def ask_example(question: str, name: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        for *picture, _ in ask(question, name, request):
            yield tuple(picture)

    def begin(name: str, request: gr.Request) -> tuple[Any, ...]:
        ended = conversations.end(name, owner(request))
        if ended is not None:
            assistant.forget(READER, ended.name)
        return "", render.conversation([]), render.sources(None), *offered()

    def halt(name: str, request: gr.Request) -> None:
        conversation = conversations.get(name, owner(request))
        if conversation is not None:
            conversation.stop.set()

    def offered() -> list[Any]:
        try:
            found = assistant.examples(READER)[:EXAMPLES]
        except Exception:
            # The page must open even where the library cannot be read; the first question then says so.
            log.exception("no example questions")
            found = []
        shown = [gr.Button(question, visible=True) for question in found]
        return [*shown, *[gr.Button("", visible=False) for _ in range(EXAMPLES - len(shown))]]

    # Not ChatInterface: its browser state hangs where a foreign frame has no storage. Not Chatbot: it
    # reads answers as markdown and fetches the images in them.
    with gr.Blocks(title=settings.name, analytics_enabled=False, fill_height=True, fill_width=True) as blocks:
        name = gr.Textbox(visible=False, elem_id="conversation")
        with gr.Row(elem_id="room"):
            with gr.Column(elem_id="talk"):
                with gr.Row(elem_id="top"):
                    gr.HTML(
                        render.html("masthead.html", name=settings.name, leave=settings.password is not None),
                        elem_id="masthead",
                        **plain,
                    )
                    fresh = gr.Button("New conversation", elem_id="new", size="sm")
                talk = gr.HTML(render.conversation([]), elem_id="log", **plain)
                with gr.Column(elem_id="examples"):
                    gr.HTML(render.html("welcome.html"), elem_id="welcome", **plain)
                    examples = [gr.Button("", visible=False, elem_classes="example") for _ in range(EXAMPLES)]
                with gr.Row(elem_id="ask"):
                    box = gr.Textbox(
                        label="Your question",
                        show_label=False,
                        container=False,
                        placeholder="Ask about the articles",
                        lines=1,
                        max_lines=5,
                        elem_id="question",
                    )
                    send = gr.Button("Send", variant="primary", elem_id="send")
                    # The style sheet shows it in the place of Send while a language model writes.
                    stop = gr.Button("Stop", elem_id="stop")
            with gr.Column(elem_id="side"):
                shelf = gr.HTML(render.sources(None), elem_id="shelf", **plain)
                gr.HTML(render.html("reading.html"), elem_id="pane", **plain)
        shown = [name, talk, shelf]
        blocks.load(offered, None, examples, **private)
        stop.click(halt, name, None, **private)
        fresh.click(begin, name, [*shown, *examples], **private)
        # Never held back by the browser: an answer that a new conversation has ended may still be on its way.
        asking: dict[str, Any] = {"concurrency_id": "ask", "trigger_mode": "multiple", **private}
        gr.on([box.submit, send.click], ask, [box, name], [*shown, box], **asking)
        for example in examples:
            example.click(ask_example, [example, name], shown, **asking)
    # Each question that is being answered holds a thread of Gradio's, and so does each small event.
    blocks.max_threads = AT_ONCE + 8
    blocks.queue(default_concurrency_limit=AT_ONCE, max_size=WAITING, api_open=False)
    page: gr.Blocks = blocks
    return page
