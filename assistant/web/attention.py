"""What a server does while it is used and once it rests: how often Gradio looks for events, and the memory it keeps."""

import asyncio
from collections.abc import Callable

from article_assistant.index import onnx
from article_assistant.web import routes
from gradio.queueing import Queue
from starlette.types import ASGIApp, Receive, Scope, Send

OFTEN, SELDOM = 0.02, 0.25
"""Seconds between two looks. Its own thousand a second take a twentieth of a core."""
USED = 60.0
"""Seconds after a POST began or ended in which the next one is expected soon."""


class Attention:
    """Middleware that sees what is sent to the server, by POST, and when nothing has been sent for a while.

    The queue of a page looks often after the events of one, else seldom. Once `used` seconds have passed without a
    POST that begins or ends, the server rests: `rest` is called, once and in a thread.
    """

    def __init__(
        self, app: ASGIApp, queue: Queue, used: float = USED, rest: Callable[[], None] = onnx.give_back
    ) -> None:
        """It looks seldom until an event comes."""
        self._app = app
        self._queue = queue
        self._used = used
        self._give_back = rest
        self._end: asyncio.TimerHandle | None = None
        # The page tells no progress, for which Gradio looks a hundred times a second.
        queue.sleep_when_free, queue.progress_update_sleep_when_free = SELDOM, 1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        if scope["path"] == routes.EVENT.path:
            self._queue.sleep_when_free = OFTEN
        self._is_used()
        try:
            await self._app(scope, receive, send)
        finally:
            self._is_used()  # what a long answer held is free only now

    def _is_used(self) -> None:
        if self._end:
            self._end.cancel()
        self._end = asyncio.get_running_loop().call_later(self._used, self._rest)

    def _rest(self) -> None:
        self._queue.sleep_when_free = SELDOM
        asyncio.get_running_loop().run_in_executor(None, self._give_back)
