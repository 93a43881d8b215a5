"""The doors for programs: `/v1/ask` with all that an answer has, and the two of OpenAI's that chat clients know.

Both answer with the same text. A streamed completion holds nothing that the answer does not hold in the end:
what a language model writes is passed on sentence by sentence as each is found to be supported.
"""

import json
import logging
import re
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import asdict
from functools import wraps
from itertools import pairwise
from typing import Any, TypeVar

from article_assistant.answering import followup
from article_assistant.index.types import UserFacingError
from article_assistant.memory import TURNS
from article_assistant.types import Answer, Answering, Citation, Event, Found, Ready, Sentence, Turn, User, Words
from article_assistant.web import render
from article_assistant.web import routes as addresses
from article_assistant.web.errors import error
from article_assistant.web.queue import MAX_QUESTION, Asking, Busy
from pydantic import BaseModel, Field, ValidationError
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

log = logging.getLogger(__name__)

MODEL = "articles"
"""The one model of the completions."""
HEARTBEAT = 10.0
"""Seconds without an event after which a stream holds a comment, so that nobody takes it for dead."""
LOOKED = 0.5
"""Seconds between two looks whether who asked is still there."""

Body = TypeVar("Body", bound=BaseModel)
Frames = Callable[[Event], Iterator[bytes]]


class Question(BaseModel):
    """The body of `/v1/ask`."""

    question: str
    conversation: str | None = Field(None, min_length=1, max_length=200)
    stream: bool = False


class Message(BaseModel):
    """One message of a chat; its content is text, or pieces of text."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """All of its text. Raises Problem where it holds anything else."""
        if not isinstance(self.content, list):
            return self.content or ""
        if any(piece.get("type") != "text" or not isinstance(piece.get("text"), str) for piece in self.content):
            raise Problem(422, "A message holds text only.")
        return "\n".join(piece["text"] for piece in self.content)


class StreamOptions(BaseModel):
    """What a stream holds besides the message."""

    include_usage: bool = False


class Chat(BaseModel):
    """The body of `/v1/chat/completions`; all that steers a language model is taken and has no effect."""

    model: str
    messages: list[Message]
    stream: bool = False
    stream_options: StreamOptions | None = None


class Problem(Exception):
    """Why a request gets no answer: a status of HTTP and a plain sentence."""

    def __init__(self, status: int, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        self.response = error(status, sentence, {"retry-after": "5"} if status == 429 else None, code)


def routes(assistant: Answering, who: Callable[[Request], User], asking: Asking) -> list[Route]:
    """The doors. `who` tells as whom a request asks."""

    @_plainly
    async def ask(request: Request) -> Response:
        body = _read(await request.body(), Question)
        question, user = _question(body.question), who(request)
        events = await asking.begin(lambda: assistant.ask(question, user, body.conversation))
        if body.stream or "text/event-stream" in request.headers.get("accept", ""):
            return _stream(events, _frames)
        answer = await _answer(request, events)
        return _json(answer.as_json())

    @_plainly
    async def complete(request: Request) -> Response:
        body, user = _read(await request.body(), Chat), who(request)
        if body.model != MODEL:
            raise _no_model(body.model)
        turns, question = _turns(body.messages)
        events = await asking.begin(lambda: assistant.ask(question, user, before=turns))
        completion = Completion(str(request.base_url).rstrip("/"))
        if body.stream:
            with_usage = body.stream_options is not None and body.stream_options.include_usage
            return _stream(events, completion.frames(with_usage), b"data: [DONE]\n\n")
        return _json(completion.whole(await _answer(request, events)))

    began = int(time.time())

    def model(name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": began, "owned_by": "article-assistant"}

    async def models(_request: Request) -> Response:
        return _json({"object": "list", "data": [model(MODEL)]})

    @_plainly
    async def one_model(request: Request) -> Response:
        if request.path_params["name"] != MODEL:
            raise _no_model(request.path_params["name"])
        return _json(model(MODEL))

    return [
        addresses.ASK.to(ask),
        addresses.COMPLETIONS.to(complete),
        addresses.MODELS.to(models),
        addresses.MODEL.to(one_model),
    ]


# --- a chat that the client keeps ---------------------------------------------------------------------


def _turns(messages: Sequence[Message]) -> tuple[list[Turn], str]:
    """The turns that lie before the last question of a chat, and that question. Raises Problem without one."""
    places = [place for place, message in enumerate(messages) if message.role == "user"]
    if not places:
        raise Problem(422, "There is no message of the role user, whose text would be the question.")
    question = _question(messages[places[-1]].text)
    turns: list[Turn] = []
    for place, following in pairwise(places):
        asked = messages[place].text.strip()
        if 0 < len(asked) <= MAX_QUESTION:
            said = [message.text for message in messages[place + 1 : following] if message.role == "assistant"]
            turns.append(Turn(asked, "\n".join(said), (), followup.standalone(asked, turns[-1:])))
    return turns[-TURNS:], question


class Completion:
    """An answer in the form of OpenAI's chat completions. `site` is our own address, without a slash at its end."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._head = {"id": f"chatcmpl-{secrets.token_hex(16)}", "created": int(time.time()), "model": MODEL}

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The completion as one document."""
        message = {"role": "assistant", "content": answer.answer, "refusal": None, **self._extras(answer)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": _usage(answer)}

    def frames(self, with_usage: bool) -> Frames:
        """What turns events into the chunks of a stream: its role, its text in pieces, then what belongs to it."""
        supported: dict[int, str] = {}
        said = ""

        def chunk(delta: dict[str, Any], finished: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finished, "logprobs": None}
            made = {**self._head, "object": "chat.completion.chunk", "choices": [choice]}
            return _frame(made | ({"usage": None} if with_usage else {}))

        def further(text: str) -> Iterator[bytes]:
            nonlocal said
            if not text.startswith(said):
                raise ValueError("the answer does not begin with what was streamed of it")
            if text != said:
                yield chunk({"content": text[len(said) :]})
            said = text

        def frames(event: Event) -> Iterator[bytes]:
            if isinstance(event, Found):
                yield chunk({"role": "assistant", "content": ""})
            elif isinstance(event, Sentence) and event.state == "supported":
                supported[event.number] = event.text
                yield from further("".join(supported.values()).strip())
            elif isinstance(event, Answer):
                yield from further(event.answer)
                yield chunk(self._extras(event), "stop")
                if with_usage:
                    made = {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(event)}
                    yield _frame(made)

        return frames

    def _extras(self, answer: Answer) -> dict[str, Any]:
        """What of an answer OpenAI's form has a place for, and beside it our own citations and notice."""
        by_number = {citation.number: citation for citation in answer.citations}
        annotations = [
            {
                "type": "url_citation",
                "url_citation": {
                    "start_index": mark.start(),
                    "end_index": mark.end(),
                    "url": self._url(citation),
                    "title": citation.title,
                },
            }
            for mark in re.finditer(r"\[(\d+)\]", answer.answer)
            if (citation := by_number.get(int(mark[1])))
        ]
        citations = [asdict(citation) for citation in answer.citations]
        return {"annotations": annotations, "citations": citations, "notice": answer.notice}

    def _url(self, citation: Citation) -> str:
        return render.original(citation.url) or f"{self._site}{render.address(citation)}"


def _usage(answer: Answer) -> dict[str, int]:
    """Tokens of the language model; none where no such model was asked."""
    sent, said = answer.usage.get("prompt_tokens", 0), answer.usage.get("completion_tokens", 0)
    return {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said}


# --- what the doors share -----------------------------------------------------------------------------


def _read(body: bytes, form: type[Body]) -> Body:
    """A body as JSON of this form. Raises Problem: 400 for no JSON, 422 for what is missing or wrong in it."""
    try:
        return form.model_validate_json(body)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise Problem(400, "The body is no JSON.") from None
        place = ".".join(str(part) for part in first["loc"])
        raise Problem(422, f"{place or 'The body'}: {first['msg']}") from None


def _question(text: str) -> str:
    """A question as it is asked. Raises Problem for one that is empty or too long."""
    question = text.strip()
    if not question:
        raise Problem(422, "The question is empty.")
    if len(question) > MAX_QUESTION:
        raise Problem(422, f"A question may have up to {MAX_QUESTION:,} characters; this one has {len(question):,}.")
    return question


def _no_model(name: str) -> Problem:
    return Problem(404, f"There is no model {name[:100]!r}; the one there is has the name {MODEL}.", "model_not_found")


def _plainly(door: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """A door that tells in one sentence what goes wrong; the reason goes to the server's log."""

    @wraps(door)
    async def plain(request: Request) -> Response:
        try:
            return await door(request)
        except Exception as wrong:
            return _told(wrong).response

    return plain


def _told(wrong: Exception) -> Problem:
    """What whoever asked is told about an error."""
    if isinstance(wrong, Problem):
        return wrong
    if isinstance(wrong, Busy):
        return Problem(429, "Too many questions are being answered just now. Please try again in a moment.")
    if isinstance(wrong, UserFacingError):
        log.warning("a question could not be answered: %s", wrong)
        return Problem(503, "This question could not be answered just now. Please try again in a moment.")
    log.error("a question could not be answered", exc_info=wrong)
    return Problem(500, "Something went wrong while answering; the server's log says what.")


async def _answer(request: Request, events: AsyncGenerator[Event | None, None]) -> Answer:
    """The answer at the end of the events. Raises Problem when nobody waits for it any more."""
    looked = time.monotonic()
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answer):
                return event
            if time.monotonic() - looked >= LOOKED:
                looked = time.monotonic()
                if await request.is_disconnected():
                    raise Problem(400, "Whoever asked has left.")
    raise RuntimeError("the events ended without an answer")


def _stream(events: AsyncGenerator[Event | None, None], frames: Frames, end: bytes = b"") -> Response:
    """Events as server-sent events. Starlette ends it as soon as the client has left."""

    async def pieces() -> AsyncIterator[bytes]:
        last, event = time.monotonic(), None
        async with aclosing(events):
            try:
                async for event in events:
                    for piece in frames(event) if event is not None else ():
                        last = time.monotonic()
                        yield piece
                    if time.monotonic() - last >= HEARTBEAT:
                        last = time.monotonic()
                        yield b": still at work\n\n"
                if not isinstance(event, Answer):
                    raise RuntimeError("the events ended without an answer")
                if end:
                    yield end
            except Exception as wrong:
                yield _frame(json.loads(bytes(_told(wrong).response.body)), "error")

    return StreamingResponse(pieces(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def _frames(event: Event) -> Iterator[bytes]:
    """An event of a question as an event of the stream of `/v1/ask`."""
    if isinstance(event, Found):
        yield _frame({"count": len(event.hits)}, "found")
    elif isinstance(event, Words):
        yield _frame({"text": event.text}, "words")
    elif isinstance(event, Citation):
        yield _frame(asdict(event), "citation")
    elif isinstance(event, Ready):
        yield _frame(event.answer.as_json(), "ready")
    elif isinstance(event, Sentence):
        yield _frame(asdict(event), "sentence")
    elif isinstance(event, Answer):
        yield _frame(event.as_json(), "answer")


def _frame(data: dict[str, Any], name: str = "") -> bytes:
    return (f"event: {name}\n" if name else "").encode() + b"data: " + _bytes(data) + b"\n\n"


def _json(data: dict[str, Any]) -> Response:
    return Response(_bytes(data), media_type="application/json")


def _bytes(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
