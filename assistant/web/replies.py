"""How programs get the events of a question: as server-sent events, or the answer at their end as one document."""

import json
import time
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterator
from contextlib import aclosing
from typing import Any

from article_assistant.types import Answer, Event
from article_assistant.web.errors import Problem, problem
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

HEARTBEAT = 10.0
"""Seconds without an event after which a stream holds a comment, so that nobody takes it for dead."""
LOOKED = 0.5
"""Seconds between two looks whether the client is still there."""

Events = AsyncGenerator[Event | None, None]
Frames = Callable[[Event], Iterator[bytes]]
"""Makes of an event what a stream holds of it."""


async def answer_of(events: Events, request: Request | None = None) -> Answer:
    """The answer at the end of the events. Raises Problem when the client of this request has left."""
    looked = time.monotonic()
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answer):
                break
            if request and time.monotonic() - looked >= LOOKED:
                looked = time.monotonic()
                if await request.is_disconnected():
                    raise Problem(400, "The client has left.")
    assert isinstance(event, Answer)
    return event


def stream(events: Events, frames: Frames, end: bytes = b"") -> Response:
    """Events as server-sent events. Starlette ends it as soon as the client has left."""

    async def pieces() -> AsyncIterator[bytes]:
        last = time.monotonic()
        async with aclosing(events):
            try:
                async for event in events:
                    for piece in frames(event) if event is not None else ():
                        last = time.monotonic()
                        yield piece
                    if time.monotonic() - last >= HEARTBEAT:
                        last = time.monotonic()
                        yield b": still at work\n\n"
                if end:
                    yield end
            except Exception as wrong:
                yield frame(json.loads(bytes(problem(wrong).response.body)), "error")

    return StreamingResponse(pieces(), media_type="text/event-stream", headers={"x-accel-buffering": "no"})


def frame(data: dict[str, Any], name: str = "") -> bytes:
    """One server-sent event: data, and a name where it has one."""
    return (f"event: {name}\n" if name else "").encode() + b"data: " + _encoded(data) + b"\n\n"


def document(data: dict[str, Any]) -> Response:
    """One JSON document."""
    return Response(_encoded(data), media_type="application/json")


def _encoded(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
