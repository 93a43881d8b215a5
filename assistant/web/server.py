"""The application behind the gate (page, articles, widget, endpoints for programs), and its server."""

import asyncio
import importlib
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path

import uvicorn
from article_assistant.index.instep import InStep
from article_assistant.memory import Opinion
from article_assistant.settings import Settings
from article_assistant.types import Answering, User
from article_assistant.web import (
    ask,
    attention,
    branding,
    completions,
    forwarded,
    freshness,
    gate,
    history,
    keeper,
    page,
    places,
    render,
    routes,
    widget,
    words,
)
from article_assistant.web.article import article_page
from article_assistant.web.conversations import ANYONE, Conversations
from article_assistant.web.errors import error
from article_assistant.web.listening import ServeError, listen
from article_assistant.web.login import Login
from article_assistant.web.queue import Asking, ended
from article_assistant.web.visitors import Visitors
from article_assistant.web.wanting import Meanings
from fastapi import FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import BaseRoute
from starlette.types import ASGIApp, Receive, Scope, Send

import gradio as gr  # isort: skip  (after page, which sets what Gradio reads while it is imported)

log = logging.getLogger(__name__)

STATIC = Path(__file__).parent / "static"
PROGRAMS_AT_ONCE = 2
"""Programs' questions answered at the same time: one is looked up while another is read, which takes all cores. Fewer
than the page's, so that people come first."""
SWITCH = 0.0005
"""Seconds after which a thread that answers gives way to the one that takes requests; Python's own 0.005 are long where
thousands come at once."""
STOP_SECONDS = 3
"""Seconds that open streams may take to end when the server stops."""
READ_SECONDS = 20
"""Seconds that what is being read may take to end then, which is a fraction of one unless the machine is busy."""
NOTICES_AFTER = 0.5
"""Seconds after which the server notices at the latest that it has been told to end."""


def create_app(
    assistant: Answering,
    settings: Settings,
    examples: page.Offered = lambda _: [],
    kept: InStep | None = None,
    judged: Callable[[], Iterable[Opinion]] = tuple,
    meanings: Meanings | None = None,
) -> ASGIApp:
    """Everything that is served, as an ASGI app: the page, `/article/…`, `/health`, `/widget.js`, `/v1/…`, `/mcp`.

    It shows how fresh the sources `kept` in step are, and to keepers how questions were `judged`, grouped by
    `meanings`. Best called within a running event loop; otherwise Gradio makes one and leaves it open.
    """

    def article(request: Request) -> Response:
        found = assistant.article(request.path_params["identifier"], asks(request))
        if found is None:
            return HTMLResponse(
                render.notice_page("Not found", "There is no such article, or it has been removed."), 404
            )
        starts, ends = ([_offset(value) for value in request.query_params.getlist(name)] for name in ("start", "end"))
        (start, end), *others = zip(starts, ends, strict=False) if starts and ends else [(0, 0)]
        shown = article_page(found, start, end, others[: render.MOST_OTHERS])
        return HTMLResponse(shown.encode("utf-8", "replace"))

    def asks(request: Request) -> User:
        return gate.user_of(request) or ANYONE

    def said(request: Request) -> Response:
        language = words.language_for(request.headers.get("accept-language", ""), settings.language)
        kept = {"cache-control": "no-cache", "vary": "accept-language"}
        return Response(words.script(language), media_type="text/javascript", headers=kept)

    login, visitors = Login(settings), Visitors(settings)
    conversations = Conversations(assistant, login.sessions.holds, who=login.user)
    asking = Asking(PROGRAMS_AT_ONCE)
    script = widget.widget_script(STATIC)
    look = (STATIC / "page.css").read_text(encoding="utf-8") + branding.style(settings.accent)
    bound: list[BaseRoute] = [
        routes.ARTICLE.to(article),
        routes.HEALTH.to(lambda _: JSONResponse({"status": "ok"})),
        routes.WIDGET.to(
            lambda _: Response(script, media_type="text/javascript", headers={"cache-control": "max-age=300"})
        ),
        routes.STYLE.to(lambda _: Response(look, media_type="text/css", headers={"cache-control": "no-cache"})),
        routes.SLIM.to(_static("slim.css", "text/css", "no-cache")),
        routes.SCRIPT.to(_static("page.js", "text/javascript", "no-cache")),
        routes.HISTORY.to(_static("history.js", "text/javascript", "no-cache")),
        routes.LINE_SCRIPT.to(_static("line.js", "text/javascript", "no-cache")),
        routes.WORDS_SCRIPT.to(said),
        routes.WITHIN_SCRIPT.to(_static("within.js", "text/javascript", "no-cache")),
        routes.WHY_SCRIPT.to(_static("why.js", "text/javascript", "no-cache")),
        routes.ICON.to(lambda _: branding.logo(settings, STATIC / "icon.svg")),
        routes.LOGO.to(lambda _: branding.logo(settings, STATIC / "icon.svg")),
        # Gradio's page loads a script that lets a framing page control its size; it gets an empty one.
        routes.RESIZER.to(lambda _: Response("", media_type="text/javascript")),
        *history.history_doors(assistant, conversations, gate.session_of),
        *places.place_doors(assistant, asks),
        ask.door(assistant, asks, asking),
        *completions.doors(assistant, asks, asking),
        *widget.widget_doors(assistant, asks, asking, lambda request: visitors.leave(request.scope)),
        *freshness.freshness_doors(kept, asks),
        *keeper.keeper_doors(settings.keepers, judged, kept, asks, meanings),
        routes.TOOLS.to(_Tools(assistant, asks, asking)),
    ]
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None, routes=bound)
    # If the outer app has its own CORS rules, Gradio leaves out its lax ones.
    app.add_middleware(CORSMiddleware, allow_origins=[])
    chat = page.build(assistant, settings, gate.session_of, examples, conversations, kept)
    app.add_middleware(attention.Attention, queue=chat._queue)

    def who(request: Request) -> str | None:
        # The same for everyone: Gradio writes it into the page, so it must not be the session's name.
        return ANYONE.name if gate.user_of(request) else None

    gr.mount_gradio_app(
        app,
        chat,
        path="/",
        auth_dependency=who,
        footer_links=[],
        run_history=False,
        show_error=False,
        max_file_size=0,
        ssr_mode=False,
        enable_monitoring=False,
        pwa=False,
        mcp_server=False,
        theme=page.theme(),
        head=page.HEAD,
    )
    return gate.Gate(app, settings, login, visitors, asking.full)


class _Tools:
    """The endpoint of the tools, which loads their package at the first request; without it, a 404 says so."""

    def __init__(self, assistant: Answering, asks: Callable[[Request], User], asking: Asking) -> None:
        self._given = assistant, asks, asking
        self._door: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._door is None:
            try:
                tools = await asyncio.to_thread(importlib.import_module, "article_assistant.web.mcp")
            except ModuleNotFoundError as missing:
                sentence = f"The tools need a package that is not installed ({missing.name}): article-assistant[mcp]."
                await error(404, sentence)(scope, receive, send)
                return
            assistant, asks, asking = self._given
            self._door = tools.over_http(tools.server(assistant, lambda call: asks(call.request), asking))
        await self._door(scope, receive, send)


def serve_page(
    assistant: Answering,
    settings: Settings,
    announce: Callable[[str], None],
    examples: page.Offered = lambda _: [],
    kept: InStep | None = None,
    judged: Callable[[], Iterable[Opinion]] = tuple,
    meanings: Meanings | None = None,
) -> None:
    """Serve until SIGTERM or Ctrl-C; calls `announce(address)` once the page answers.

    Raises ServeError if the address is taken or unusable, or would be open to everyone.
    """
    if not (settings.login or settings.unsafe_open or forwarded.is_loopback(settings.host)):
        raise ServeError(
            f"{settings.host} can be reached from other machines: set a password that the page asks for "
            "(ASSISTANT_PASSWORD=…, 8 characters or more), another login (docs/signing-in.md), or serve on 127.0.0.1"
        )
    if settings.unsafe_open and not settings.login:
        log.warning("unsafe_open is set: whoever reaches %s may read what everyone may read", settings.host)
    sys.setswitchinterval(SWITCH)
    # Once closed, the server re-raises the signal that ended it. SIGTERM would then kill the process on the spot; a
    # KeyboardInterrupt lets our caller clean up too.
    with listen(settings) as listener, _as_interrupt(signal.SIGTERM), suppress(KeyboardInterrupt):
        app = partial(create_app, assistant, settings, examples, kept, judged, meanings)
        try:
            asyncio.run(_until_stopped(app, settings, announce, listener))
        finally:
            ended(READ_SECONDS)


@contextmanager
def _as_interrupt(number: signal.Signals) -> Iterator[None]:
    """Turns a signal into KeyboardInterrupt; only the main thread can."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(_number: int, _frame: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(number, interrupt)
    try:
        yield
    finally:
        signal.signal(number, before)


async def _until_stopped(
    app: Callable[[], ASGIApp], settings: Settings, announce: Callable[[str], None], listener: socket.socket
) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    config = uvicorn.Config(
        app(),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="on",
        ws="none",
        proxy_headers=False,  # the gate reads them, and has to know who really asks
    )
    reports = logging.getLogger("uvicorn.error")
    reports.setLevel(logging.WARNING)
    reports.addFilter(_is_error)
    server = _Server(config, lambda: announce(f"http://{host}:{settings.port}/"))
    await server.serve(sockets=[listener])
    if not server.started:
        raise ServeError("the page could not be started; the lines above say why")


def _is_error(record: logging.LogRecord) -> bool:
    """Whether a report of the web server's is one: streams stay open until the end, and cutting them off is none."""
    cut = record.exc_info and isinstance(record.exc_info[1], asyncio.CancelledError)
    return not cut and "timeout graceful shutdown exceeded" not in record.getMessage()


class _Server(uvicorn.Server):
    """A server that calls `ready` once it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()

    async def main_loop(self) -> None:
        # uvicorn's own loop ticks ten times a second, which is half of what an idle server costs.
        while not await self.on_tick(0):
            await asyncio.sleep(NOTICES_AFTER)


def _static(name: str, kind: str, kept: str) -> Callable[[Request], Response]:
    """An endpoint for one of our files; `kept` is its Cache-Control."""

    def answer(_: Request) -> Response:
        return FileResponse(STATIC / name, media_type=kind, headers={"cache-control": kept})

    return answer


def _offset(value: str | None) -> int:
    """A character offset from a query; 0 for anything else."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 12 else 0
