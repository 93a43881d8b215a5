"""A question's events as programs get them: as server-sent events, or only the final answer as one document."""

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
"""Seconds without an event after which a stream sends a comment, so that nobody takes it for dead."""
LOOKED = 0.5
"""Seconds between checks that the client is still connected."""

Events = AsyncGenerator[Event | None, None]
Frames = Callable[[Event], Iterator[bytes]]
"""Turns an event into what the stream sends of it."""


async def answer_of(events: Events, request: Request | None = None) -> Answer:
    """The final answer. Raises Problem if the client of this request has disconnected."""
    looked = time.monotonic()
    async with aclosing(events):
        async for event in events:
            if isinstance(event, Answer):
                break
            if request and time.monotonic() - looked >= LOOKED:
                looked = time.monotonic()
                if await request.is_disconnected():
                    raise Problem(400, "The client disconnected.")
    assert isinstance(event, Answer)
    return event


def stream(events: Events, frames: Frames, end: bytes = b"") -> Response:
    """The events as server-sent events; Starlette ends the stream as soon as the client disconnects."""

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
    """One server-sent event, with an optional name."""
    return (f"event: {name}\n" if name else "").encode() + b"data: " + _encoded(data) + b"\n\n"


def document(data: dict[str, Any]) -> Response:
    """One JSON document."""
    return Response(_encoded(data), media_type="application/json")


def _encoded(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
