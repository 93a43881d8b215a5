"""The Gradio page: a conversation, its sources, and the cited article with the quote marked."""

import logging
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

# Gradio reads these when imported. It must not report home or look for updates.
os.environ["GRADIO_ANALYTICS_ENABLED"] = "False"
# It would otherwise recompute statistics that nobody sees (with pandas) after each event.
os.environ["GRADIO_ANALYTICS_CACHE_FREQUENCY"] = "1000000000"
os.environ["GRADIO_ANALYTICS_MAX_EVENTS"] = "1"
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("HF_HUB_DISABLE_TELEMETRY", "1")

import gradio as gr
from article_assistant.examples import Offer
from article_assistant.index.instep import InStep
from article_assistant.settings import Settings
from article_assistant.types import Answering, User
from article_assistant.web import render
from article_assistant.web.conversations import Conversations, found, respond
from article_assistant.web.freshness import line
from article_assistant.web.queue import MAX_QUESTION

log = logging.getLogger(__name__)

QUESTIONS_AT_ONCE = 8
"""Questions of the page answered at the same time; others wait."""
Offered = Callable[[User], Sequence[Offer | None]]
"""Example questions for whoever opens the page; None is one that may still come."""
FIRST_OFFERS = 4
"""Places that are kept for them until it is known how many there are."""
WAITING = 100
"""Maximum waiting questions; beyond them the page says that it is busy."""

HEAD = '<meta name="color-scheme" content="light dark"><link rel="icon" href="/favicon.ico">' + "".join(
    ['<link rel="stylesheet" href="/files/page.css">']
    + [
        f'<script src="/files/{name}.js" defer></script>'
        for name in ("words", "page", "history", "why", "line", "within")
    ]
)

# Anyone can call an event by its number, so it must not offer more than the page does.
_PRIVATE: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# "multiple" because the browser may still wait for an answer that a new conversation has ended.
_ASKING: dict[str, Any] = {"concurrency_id": "ask", "trigger_mode": "multiple", **_PRIVATE}
_UNSTYLED: dict[str, Any] = {"apply_default_css": False, "js_on_load": None}


def theme() -> gr.themes.Base:
    """Gradio's plainest theme with system fonts: nothing to fetch, and our style sheet on top."""
    return gr.themes.Base(
        font=["system-ui", "-apple-system", "Segoe UI", "Roboto", "sans-serif"],
        font_mono=["ui-monospace", "Menlo", "Consolas", "monospace"],
    )


def build(
    assistant: Answering,
    settings: Settings,
    owner: Callable[[Any], str],
    examples: Offered,
    conversations: Conversations,
    kept: InStep | None = None,
) -> gr.Blocks:
    """The page; `owner(request)` is the session name of a Gradio request, "" for none."""

    def opened(request: gr.Request) -> list[str]:
        with suppress(Exception):  # the page must open even if the library cannot be read
            told = line(kept.told(conversations.who(owner(request)).groups)) if kept else ""
            return [events.offer(request), told]
        return [events.offer(request), ""]

    events = _Events(assistant, owner, examples, conversations)
    # Not ChatInterface: its browser state hangs in a foreign frame without storage. Not Chatbot: it renders answers
    # as Markdown and fetches the images in them.
    page: gr.Blocks
    with gr.Blocks(title=settings.name, analytics_enabled=False, fill_height=True, fill_width=True) as page:
        name = gr.Textbox(visible=False, elem_id="conversation")
        # What to search, as the browser's script says it with each question.
        chosen = gr.Textbox(visible=False)
        with gr.Row(elem_id="room"):
            with gr.Column(elem_id="talk"):
                with gr.Row(elem_id="top"):
                    leave = settings.login in ("password", "oidc")
                    masthead = render.fill("masthead.html", name=settings.name, logo=settings.logo, leave=leave)
                    gr.HTML(masthead, elem_id="masthead", **_UNSTYLED)
                    gr.HTML(render.fill("history.html", days=settings.keep_days), elem_id="past", **_UNSTYLED)
                    fresh = gr.Button("New conversation", elem_id="new", size="sm")
                talk = gr.HTML(render.conversation([]), elem_id="log", **_UNSTYLED)
                with gr.Column(elem_id="examples"):
                    gr.HTML(render.fill("welcome.html", welcome=settings.welcome), elem_id="welcome", **_UNSTYLED)
                    start = gr.HTML(render.start([None] * FIRST_OFFERS), elem_id="start", **_UNSTYLED)
                    told = gr.HTML("", elem_id="told", **_UNSTYLED)
                gr.HTML(
                    '<div data-say role="status" aria-label="Questions in line"><ol id="line"></ol></div>',
                    elem_id="lined",
                    **_UNSTYLED,
                )
                gr.HTML(render.fill("within.html"), elem_id="where", **_UNSTYLED)
                with gr.Row(elem_id="ask"):
                    box = _question_box()
                    send = gr.Button("Send", variant="primary", elem_id="send")
                    # The style sheet shows it in place of Send while a language model writes.
                    stop = gr.Button("Stop", elem_id="stop")
            with gr.Column(elem_id="side"):
                shelf = gr.HTML(render.sources(None), elem_id="shelf", **_UNSTYLED)
                gr.HTML(render.fill("reading.html"), elem_id="pane", **_UNSTYLED)
        shown = [name, talk, shelf]
        # One event: of two that end at the same time Gradio may lose one.
        page.load(opened, None, [start, told], **_PRIVATE)
        # The page's script presses it while there are places for questions that may still come: waiting for them here
        # would keep one of Gradio's threads. It brings all that `load` does, which Gradio may lose.
        gr.Button("", visible="hidden", elem_id="offer").click(opened, None, [start, told], **_PRIVATE)
        # The browser keeps the name of the conversation that a tab shows. Its script presses the button once the page
        # stands: an event of `load` with a function of the browser's is sometimes lost.
        resume = gr.Button("", visible="hidden", elem_id="resume")
        resume.click(events.resume, name, shown, js="() => [window.articleAssistant.current()]", **_PRIVATE)
        keep = "(name) => { const page = window.articleAssistant ??= {}; page.shown = name; page.keep?.(name); }"
        name.change(None, name, None, js=keep, **_PRIVATE)
        stop.click(events.halt, name, None, **_PRIVATE)
        fresh.click(events.begin, name, shown, **_PRIVATE)
        # The script may not be loaded yet. It knows the conversation even where Gradio lost what `resume` brought.
        where = "name || window.articleAssistant?.name?.(), window.articleAssistant?.chosen?.() || ''"
        asked = f"(question, name) => [question, {where}]"
        gr.on([box.submit, send.click], events.ask, [box, name, chosen], [*shown, box], js=asked, **_ASKING)
        # Questions from the page's script, which leave the box alone: offered ones, and those that waited in line.
        following = gr.Button("", visible="hidden", elem_id="next")
        waited = f"(_, name) => [window.articleAssistant.next(), {where}]"
        following.click(events.ask_beside, [box, name, chosen], shown, js=waited, **_ASKING)
    # Each question being answered holds one of Gradio's threads, and so does each small event.
    page.max_threads = QUESTIONS_AT_ONCE + 8
    page.queue(default_concurrency_limit=QUESTIONS_AT_ONCE, max_size=WAITING, api_open=False)
    return page


def _question_box() -> gr.Textbox:
    return gr.Textbox(
        label="Your question",
        show_label=False,
        container=False,
        placeholder="Ask about the articles",
        lines=1,
        max_lines=5,
        elem_id="question",
    )


class _Events:
    """The page's event handlers; each returns the new values of the components it changes."""

    def __init__(
        self, assistant: Answering, owner: Callable[[Any], str], examples: Offered, conversations: Conversations
    ) -> None:
        self._assistant = assistant
        self._examples = examples
        self._owner = owner
        self._conversations = conversations

    def resume(self, name: str, request: gr.Request) -> tuple[str, str, str]:
        """Show the conversation of this name again, as far as what it rests on may still be read."""
        conversation = found(self._conversations, name, self._owner(request))
        turns = conversation.turns if conversation else []
        name = conversation.name if turns and conversation else ""
        return name, render.conversation(turns), render.sources(turns[-1] if turns else None)

    def ask(self, question: str, name: str, chosen: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Answer the question in the box; yields the conversation's name, its HTML, its sources, and the box."""
        # The box is cleared only once, because the user may already be typing the next question; a question that is
        # too long stays, to be shortened.
        taken: Any = gr.skip() if len(str(question)) > MAX_QUESTION else ""
        for picture in respond(self._assistant, self._conversations, question, name, self._owner(request), chosen):
            yield *picture, taken
            taken = gr.skip()
        # When an event is done, Gradio repeats the last values, even over a new conversation.
        yield gr.skip(), gr.skip(), gr.skip(), gr.skip()

    def ask_beside(self, question: str, name: str, chosen: str, request: gr.Request) -> Iterator[tuple[Any, ...]]:
        """Answer a question that does not come from the box, and leave that alone."""
        for *picture, _ in self.ask(question, name, chosen, request):
            yield tuple(picture)

    def begin(self, name: str, request: gr.Request) -> tuple[str, str, str]:
        """Replace this conversation with a new one; it can be opened again."""
        self._conversations.leave(name, self._owner(request))
        return "", render.conversation([]), render.sources(None)

    def halt(self, name: str, request: gr.Request) -> None:
        """Stop the language model."""
        conversation = self._conversations.get(name, self._owner(request))
        if conversation is not None:
            conversation.stop.set()

    def offer(self, request: gr.Request) -> str:
        """Questions to begin with, as HTML."""
        try:
            return render.start(self._examples(self._conversations.who(self._owner(request))))
        except Exception:
            # The page must open even if the library cannot be read; the first question then says so.
            log.exception("no example questions")
            return ""
