"""How often Gradio looks whether somebody asks: often while its page is used, seldom otherwise."""

import asyncio

from article_assistant.web import routes
from gradio.queueing import Queue
from starlette.types import ASGIApp, Receive, Scope, Send

OFTEN, SELDOM = 0.02, 0.25
"""Seconds between two looks. Its own thousand a second take a twentieth of a core."""
USED = 60.0
"""Seconds after an event of a page in which the next one is expected soon."""


class Attention:
    """Middleware that sees the events of pages begin and sets by them how often the queue of a page looks."""

    def __init__(self, app: ASGIApp, queue: Queue, used: float = USED) -> None:
        """Looks seldom until an event comes, and again once none has come for `used` seconds."""
        self._app = app
        self._queue = queue
        self._used = used
        self._end: asyncio.TimerHandle | None = None
        # The page tells no progress, for which Gradio looks a hundred times a second.
        queue.sleep_when_free, queue.progress_update_sleep_when_free = SELDOM, 1.0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == routes.EVENT.path:
            self._queue.sleep_when_free = OFTEN
            if self._end:
                self._end.cancel()
            self._end = asyncio.get_running_loop().call_later(self._used, self._rest)
        await self._app(scope, receive, send)

    def _rest(self) -> None:
        self._queue.sleep_when_free = SELDOM
