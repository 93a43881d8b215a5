"""The widget in wikis: its script, and its doors to ask, read a conversation or a passage, judge, forget, leave."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

from article_assistant.index.types import Scope
from article_assistant.types import Answering, Thumb, Turn, User
from article_assistant.web import errors, routes
from article_assistant.web.ask import AskBody, door
from article_assistant.web.conversations import MAX_TURNS
from article_assistant.web.evidence import LIKELY, REPEATED_MARK, SURE_ENOUGH
from article_assistant.web.further import Further
from article_assistant.web.history import MAX_WORD
from article_assistant.web.queue import Asking
from article_assistant.web.replies import document
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

AROUND = 2000
"""Characters of an article that are shown before and behind a quote."""
_UNGUESSED = r"^[A-Za-z0-9_-]{22,64}$"
"""A conversation's name has 128 random bits or more: among guests, who knows it may go on with it."""


class WidgetAsk(AskBody):
    """A question; always one of a conversation, whose name the browser makes.

    `pages` are the addresses of the page that it is about, in the forms that its wiki has for them; none: all articles.
    A `quote` are words that somebody chose on a page, to which their question may refer as "this".
    """

    conversation: str = Field(pattern=_UNGUESSED)
    pages: list[Annotated[str, Field(max_length=2000)]] = Field([], max_length=8)
    quote: str = Field("", max_length=1000)

    def scope(self) -> Scope:
        """What to search."""
        return replace(super().scope(), pages=tuple(self.pages))

    def before(self) -> tuple[Turn, ...]:
        """The words that were chosen, as if they had been asked."""
        return (Turn(self.quote, "", (), self.quote),) if self.quote.strip() else ()


class WidgetTurns(BaseModel):
    """Which conversation."""

    conversation: str = Field(pattern=_UNGUESSED)


class WidgetJudge(WidgetTurns):
    """A thumb for the last answer to a question of a conversation, with an optional comment."""

    question: str
    thumb: Thumb
    word: str = Field("", max_length=MAX_WORD)


class WidgetPassage(BaseModel):
    """Characters `[start, end)` of an article."""

    article: str = Field(max_length=1000)
    start: int = Field(ge=0)
    end: int = Field(ge=0)


def widget_script(folder: Path) -> str:
    """The script as browsers get it: one file, with its words in all languages, its style, what the page goes by."""
    script = (folder / "widget.js").read_text(encoding="utf-8")
    words = json.loads((folder / "texts.json").read_text(encoding="utf-8"))
    style = (folder / "widget.css").read_text(encoding="utf-8")
    shared = {"repeated": REPEATED_MARK, "likely": LIKELY, "sure": SURE_ENOUGH}
    for name, value in (("__TEXTS__", words), ("__STYLE__", style), ("__SHARED__", shared)):
        script = script.replace(name, json.dumps(value, ensure_ascii=False, separators=(",", ":")))
    return script


def widget_doors(
    assistant: Answering, who: Callable[[Request], User], asking: Asking, leave: Callable[[Request], None]
) -> list[Route]:
    """The routes; `who(request)` is the user whose rights apply and whose conversations these are.

    `leave(request)` logs them out.
    """

    further = Further(assistant)

    @errors.plainly
    async def turns(request: Request) -> Response:
        body = errors.parsed(await request.body(), WidgetTurns)
        kept = await asyncio.to_thread(assistant.conversation, who(request), body.conversation, MAX_TURNS)
        return document({"answers": [answer.as_json() for answer in kept]})

    @errors.plainly
    async def judge(request: Request) -> Response:
        body = errors.parsed(await request.body(), WidgetJudge)
        given = body.conversation, body.question, body.thumb, body.word
        if not await asyncio.to_thread(assistant.judge, who(request), *given):
            raise errors.Problem(404, "This answer is not kept any more.")
        return document({"kept": True})

    @errors.plainly
    async def passage(request: Request) -> Response:
        body = errors.parsed(await request.body(), WidgetPassage)
        found = await asyncio.to_thread(assistant.article, body.article, who(request))
        if found is None:
            raise errors.Problem(404, "There is no such article, or it has been removed.")
        text, start, end = found.text, body.start, max(body.start, body.end)
        parts = {"before": text[max(start - AROUND, 0) : start], "quote": text[start:end]}
        return document({**parts, "after": text[end : end + AROUND]})

    @errors.plainly
    async def goes_on(request: Request) -> Response:
        body = errors.parsed(await request.body(), WidgetTurns)
        questions = await asyncio.to_thread(further, who(request), body.conversation, MAX_TURNS)
        return document({"questions": questions})

    @errors.plainly
    async def forget(request: Request) -> Response:
        body = errors.parsed(await request.body(), WidgetTurns)
        await asyncio.to_thread(assistant.forget, who(request), body.conversation)
        return document({"kept": False})

    @errors.plainly
    async def left(request: Request) -> Response:
        errors.parsed(await request.body(), WidgetTurns)
        leave(request)
        return document({"left": True})

    return [
        door(assistant, who, asking, routes.WIDGET_ASK, WidgetAsk),
        routes.WIDGET_TURNS.to(turns),
        routes.WIDGET_JUDGE.to(judge),
        routes.WIDGET_PASSAGE.to(passage),
        routes.WIDGET_FURTHER.to(goes_on),
        routes.WIDGET_FORGET.to(forget),
        routes.WIDGET_LEAVE.to(left),
    ]
