"""The HTTP doors: the page behind its gate, the articles it cites, the widget, those for programs; and the server."""

import asyncio
import errno
import importlib
import ipaddress
import logging
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import uvicorn
from article_assistant.index.types import UserFacingError
from article_assistant.settings import Settings
from article_assistant.types import Answering, User
from article_assistant.web import ask, gate, page, render
from article_assistant.web.queue import Asking
from fastapi import FastAPI, Request
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

import gradio as gr  # isort: skip  (after ui, which sets what Gradio reads while it is imported)

STATIC = Path(__file__).parent / "static"
PROGRAMS_AT_ONCE = page.AT_ONCE // 2
"""Questions of programs that are answered at the same time: beside those of the page, so that people go first."""
STOP_SECONDS = 3
"""How long open streams may take to end when the server stops."""


class ServeError(UserFacingError):
    """The page cannot be served: the address is taken or unusable, or it would be open to everybody."""


def create_app(assistant: Answering, settings: Settings) -> ASGIApp:
    """The whole of what is served, as an ASGI app: the page, `/article/…`, `/health`, `/widget.js`, `/v1/…`, `/mcp`.

    Best called while an event loop runs: where none does, Gradio makes one and leaves it open.
    """
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    # Where the outer app brings its own rules for other origins, Gradio leaves out its lax ones.
    app.add_middleware(CORSMiddleware, allow_origins=[])

    @app.api_route("/health", methods=["GET", "HEAD"])
    def health() -> Response:
        return JSONResponse({"status": "ok"})

    @app.api_route("/article/{identifier:path}", methods=["GET", "HEAD"])
    def article(identifier: str, request: Request) -> Response:
        found = assistant.article(identifier, page.READER)
        if found is None:
            return HTMLResponse(render.notice_page("Not found", "There is no such article, or not any more."), 404)
        query = request.query_params
        shown = render.article_page(found, _offset(query.get("start")), _offset(query.get("end")))
        return HTMLResponse(shown.encode("utf-8", "replace"))

    @app.api_route("/widget.js", methods=["GET", "HEAD"])
    def widget() -> Response:
        return FileResponse(
            STATIC / "widget.js", media_type="text/javascript", headers={"cache-control": "max-age=300"}
        )

    @app.api_route("/files/{name}", methods=["GET", "HEAD"])
    def file(name: str) -> Response:
        # The gate lets through plain names only, so nothing here leads out of the folder.
        path = STATIC / name
        if name not in {"page.css", "page.js"}:
            return HTMLResponse(render.notice_page("Not found", "There is nothing at this address."), 404)
        return FileResponse(path, headers={"cache-control": "no-cache"})

    @app.api_route("/favicon.ico", methods=["GET", "HEAD"])
    def icon() -> Response:
        kept = {"cache-control": "max-age=86400"}
        return FileResponse(STATIC / "icon.svg", media_type="image/svg+xml", headers=kept)

    @app.api_route("/static/js/iframeResizer.contentWindow.min.js", methods=["GET", "HEAD"])
    def nothing() -> Response:
        # Gradio's page asks for a script that lets whoever frames it drive its size; it gets an empty one.
        return Response("", media_type="text/javascript")

    def asks(request: Request) -> User:
        return gate.user_of(request) or page.READER

    asking = Asking(PROGRAMS_AT_ONCE)
    app.router.routes.extend(ask.routes(assistant, asks, asking))
    app.router.routes.append(Route("/mcp", _Tools(assistant, asks, asking), methods=["POST"]))

    def who(request: Request) -> str | None:
        # The same for everybody: Gradio writes it into the page, so it must not be the session's name.
        return page.READER.name if settings.password is None or gate.session_of(request) else None

    gr.mount_gradio_app(
        app,
        page.build(assistant, settings, gate.session_of),
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
    return gate.Gate(app, settings)


class _Tools:
    """The door of the tools; loads the package that they need with the first request, and is closed without it."""

    def __init__(self, assistant: Answering, asks: Callable[[Request], User], asking: Asking) -> None:
        self._given = assistant, asks, asking
        self._door: ASGIApp | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._door is None:
            try:
                tools = await asyncio.to_thread(importlib.import_module, "article_assistant.web.mcp")
            except ModuleNotFoundError as missing:
                sentence = f"The tools need a package that is not installed ({missing.name}): article-assistant[mcp]."
                await gate.error(404, sentence)(scope, receive, send)
                return
            assistant, asks, asking = self._given
            self._door = tools.door(tools.server(assistant, lambda call: asks(call.request), asking))
        await self._door(scope, receive, send)


def serve(assistant: Answering, settings: Settings, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or Ctrl-C; calls `announce(address)` once the page answers.

    Raises ServeError where the address cannot be had, or would let in everybody.
    """
    if settings.password is None and not _is_loopback(settings.host):
        raise ServeError(
            f"{settings.host} can be reached from other machines: set a password that the page asks for "
            "(ASSISTANT_PASSWORD=…, 8 characters or more), or serve on 127.0.0.1"
        )
    # When all is closed the server raises the signal that ended it once more. SIGTERM would then kill the
    # process on the spot; as a KeyboardInterrupt it lets whoever called us tidy up too.
    with _listen(settings) as listener, _as_interrupt(signal.SIGTERM), suppress(KeyboardInterrupt):
        asyncio.run(_serve(assistant, settings, announce, listener))


@contextmanager
def _as_interrupt(number: signal.Signals) -> Iterator[None]:
    """While this lasts, a signal raises KeyboardInterrupt; only the main thread can have it so."""
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


async def _serve(
    assistant: Answering, settings: Settings, announce: Callable[[str], None], listener: socket.socket
) -> None:
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    config = uvicorn.Config(
        create_app(assistant, settings),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
        lifespan="on",
        ws="none",
    )
    reports = logging.getLogger("uvicorn.error")
    reports.setLevel(logging.WARNING)
    # Streams stay open until the end, so that they are cut off at the end is no error.
    reports.addFilter(lambda record: "timeout graceful shutdown exceeded" not in record.getMessage())
    server = _Server(config, lambda: announce(f"http://{host}:{settings.port}/"))
    await server.serve(sockets=[listener])
    if not server.started:
        raise ServeError("the page could not be started; the lines above say why")


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            self._ready()


def _listen(settings: Settings) -> socket.socket:
    """A socket at the address to serve; bound before anything is loaded, so that a mistake shows at once."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ServeError(f"there is no address {settings.host} to listen on: {error.strerror or error}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            other = settings.port + 1 if settings.port < 65535 else settings.port - 1
            raise ServeError(f"port {settings.port} is in use; type: assistant serve --port {other}") from None
        raise ServeError(
            f"{settings.host} port {settings.port} cannot be listened on: {error.strerror}; "
            "choose others with --host and --port"
        ) from None
    listener.setblocking(False)
    return listener


def _is_loopback(host: str) -> bool:
    """Whether only this machine reaches a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _offset(value: str | None) -> int:
    """A number of characters from an address; 0 for anything else."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 12 else 0
