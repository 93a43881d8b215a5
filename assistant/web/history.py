"""Requests of the page's own script: to list and forget conversations, to judge an answer, to see why it came."""

import asyncio
from collections.abc import Callable
from typing import Any

from article_assistant.types import Answering, Thumb
from article_assistant.web import errors, render, routes
from article_assistant.web.conversations import Conversations
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

MAX_WORD = 1000
"""Maximum characters of a comment on an answer."""
MAX_NAMES = 500
"""Maximum conversations that one request can forget."""


class JudgeBody(BaseModel):
    """A thumb up or down for the last answer to a question of a conversation, with an optional comment."""

    conversation: str
    question: str
    thumb: Thumb
    word: str = Field("", max_length=MAX_WORD)


class WhyBody(BaseModel):
    """Asks why the last answer to a question of a conversation was that one."""

    conversation: str
    question: str


class ForgetBody(BaseModel):
    """The names of the conversations to forget."""

    conversations: list[str] = Field(max_length=MAX_NAMES)


def history_doors(assistant: Answering, conversations: Conversations, owner: Callable[[Any], str]) -> list[Route]:
    """The routes; `owner(request)` is the session name of a request, "" for none."""

    @errors.plainly
    async def own(request: Request) -> Response:
        known = await asyncio.to_thread(conversations.own, owner(request))
        if known is None:
            return JSONResponse({"signed_in": False, "conversations": []})
        listed = [{"name": name, "title": title, "at": round(1000 * at)} for name, title, at in known]
        return JSONResponse({"signed_in": True, "conversations": listed})

    @errors.plainly
    async def judge(request: Request) -> Response:
        body = errors.parsed(await request.body(), JudgeBody)

        def judged() -> bool:
            conversation = conversations.get(body.conversation, owner(request))
            user, given = conversations.who(owner(request)), (body.question, body.thumb, body.word)
            return conversation is not None and assistant.judge(user, conversation.name, *given)

        if not await asyncio.to_thread(judged):
            raise errors.Problem(404, "This answer is not kept any more.")
        return JSONResponse({"kept": True})

    @errors.plainly
    async def why(request: Request) -> Response:
        body = errors.parsed(await request.body(), WhyBody)
        kept = await asyncio.to_thread(conversations.explanation, body.conversation, body.question, owner(request))
        if kept is None:
            raise errors.Problem(404, "The reasons are kept for the latest answers only. Ask again to see them.")
        return HTMLResponse(render.fill("why.html", answer=kept, why=kept.explanation))

    @errors.plainly
    async def forget(request: Request) -> Response:
        body = errors.parsed(await request.body(), ForgetBody)

        def forgotten() -> None:
            for name in body.conversations:
                conversations.delete(name, owner(request))

        await asyncio.to_thread(forgotten)
        return JSONResponse({"kept": False})

    return [routes.CONVERSATIONS.to(own), routes.JUDGE.to(judge), routes.WHY.to(why), routes.FORGET.to(forget)]
