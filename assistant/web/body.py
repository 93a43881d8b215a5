"""The body of a request: read whole, up to a limit, and given on."""

import asyncio

from starlette.types import Message, Receive

BODY_SECONDS = 30.0
"""Seconds that a request body may take to arrive."""


class TooLarge(Exception):
    """A request body over the limit."""


async def whole_body(receive: Receive, most: int) -> bytes:
    """The whole body. Raises TooLarge as soon as it exceeds `most` bytes, TimeoutError if it takes BODY_SECONDS."""
    async with asyncio.timeout(BODY_SECONDS):
        return await _read(receive, most)


async def _read(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise TooLarge
        if not message.get("more_body", False):
            break
    return b"".join(parts)


def replayed(body: bytes, receive: Receive) -> Receive:
    """A `receive` that returns the body already read, then whatever follows."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay
