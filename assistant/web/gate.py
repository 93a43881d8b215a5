"""The outer ASGI layer: who is admitted, under which host names, and how large a request may be.

Every request to Gradio passes here. Gradio serves dozens of addresses (uploads, a file proxy, an API, monitoring);
only those in `routes` are let through.

Host names: a page on the open web can point its own name at 127.0.0.1 and then talk to whatever listens there as if
it were its own site (DNS rebinding). So without a password only loopback names and the setting `hosts` are served;
behind a proxy that serves the page as chat.example.org, add that name. With a password any name is served, because
a foreign name brings no session with it.

Programs need a key instead of a session (`web.keys`). On loopback without a password the page is open to everyone,
and programs need no key either. Pages of other sites are refused, whatever key they bring; those of listed wikis have
doors of their own (`web.visitors`).
"""

import asyncio
import logging
import math
import re
import secrets
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from article_assistant.settings import Settings
from article_assistant.types import User
from article_assistant.web import body, errors, forwarded, headers, render, routes
from article_assistant.web.conversations import ANYONE
from article_assistant.web.errors import error
from article_assistant.web.keys import PREFIX, Keys
from article_assistant.web.limits import ASKING, QUEUED, SHARED, Limits
from article_assistant.web.login import Login
from article_assistant.web.queue import Busy
from article_assistant.web.sessions import Tabs, Tries, network, tab_of
from article_assistant.web.visitors import GUEST, Visitors, bearer
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

log = logging.getLogger(__name__)

SESSION = "assistant.session"
"""ASGI scope key of the session's secret name, "" for none."""
USER = "assistant.user"
"""ASGI scope key of the User whom a key, a token or a login stands for."""
MAX_BODY = 64 * 1024
"""Maximum bytes in a request body from the page."""
MAX_PROGRAM = 1024 * 1024
"""Maximum bytes in a request body from a program, enough for a long conversation."""
MAX_PATH = 4096
"""Maximum bytes in a path with its query."""


class Gate:
    """An ASGI app around another one; see the module's docstring."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        login: Login | None = None,
        visitors: Visitors | None = None,
        full: Callable[[], bool] = bool,
    ) -> None:
        """`full` tells whether a program's next question would be refused: then before anything is spent on it."""
        self._app, self._full = app, full
        self._hosts = frozenset(host.lower() for host in (*settings.hosts, urlsplit(settings.address).hostname) if host)
        self._visitors = visitors or Visitors(settings)
        self._login = login or Login(settings)
        self._tabs = Tabs()
        self._limits = Limits(settings.asks_a_minute, settings.asks_at_once)
        self._keys = Keys(settings.home)
        self._needs_key = bool(settings.login) or not forwarded.is_loopback(settings.host)
        self._key_tries = Tries()
        self._ancestors = " ".join(["'self'", *settings.embed_origins])
        listed = map(str, settings.proxy.addresses) if settings.proxy else ()
        self._behind_proxy: Any = ProxyHeadersMiddleware(self._enter, ["127.0.0.1", *listed])  # type: ignore[arg-type]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        peer = forwarded.peer(scope)
        client = (str(peer), scope["client"][1]) if peer else scope.get("client")
        await self._behind_proxy({**scope, forwarded.PEER: peer, "client": client}, receive, send)

    async def _enter(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            # The page uses no websockets; closing one before accepting it refuses it.
            await send({"type": "websocket.close", "code": 1008})
            return
        nonce = secrets.token_urlsafe(16)
        send = headers.guarded(scope, send, nonce, self._ancestors, self._visitors.origin(scope))
        programs = routes.for_programs(scope["path"])
        try:
            refusal = self._refusal(scope)
            if refusal is None and programs:
                refusal = self._visitor(scope) if routes.for_wikis(scope["path"]) else await self._locked_door(scope)
            sent = b""
            if refusal is None and scope["method"] == "POST":
                sent = await body.whole_body(receive, _most(scope["path"]))
                receive = body.replayed(sent, receive)
        except body.TooLarge:
            refusal = _too_large(scope["path"])
        except TimeoutError:
            refusal = (error if programs else _refused)(408, "The request took too long to arrive.")
        if refusal is None and not programs:
            session = self._login.session(scope)
            refusal = await self._page_closed(scope, sent, session)
            if refusal is None:
                scope, send = self._page(scope, send, session, nonce)
        person, people = self._person(scope) if refusal is None and scope["path"] in ASKING else ("", 1)
        seconds = self._limits.wait(person, people) if person else 0.0
        if seconds > 0:
            wait = str(math.ceil(seconds))
            sentence = f"That is a lot at once. Please try again in {wait} seconds."
            refusal = (error if programs else _refused)(429, sentence, {"retry-after": wait})
        if refusal is not None:
            await refusal(scope, receive, send)
            return
        with self._limits.held(person) if person else nullcontext():
            await self._pass(scope, receive, send)

    def _person(self, scope: Scope) -> tuple[str, int]:
        """Who sends a request, as the limits count: a user, one of those who share a password, or what may stand for
        many people, a program's key or an address; and for how many."""
        user = scope.get(USER)
        if user not in (None, GUEST, ANYONE):
            return str(user.name), SHARED if routes.for_programs(scope["path"]) else 1
        session = str(scope.get(SESSION) if self._login.kind == "password" else "")
        return (session, 1) if session else (network(scope), SHARED)

    def _refusal(self, scope: Scope) -> Response | None:
        """The refusal of a request that nobody may send, or None."""
        given = Headers(scope=scope)
        path = scope["path"]
        refused = error if routes.for_programs(path) else _refused
        if path in QUEUED and self._full():
            return errors.problem(Busy()).response
        host = forwarded.hostname_of(given.get("host", ""))
        if self._login.kind != "password" and not (forwarded.is_loopback(host) or host in self._hosts):
            return refused(421, "This host name is not served here; see the setting hosts.")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_PATH:
            return refused(414, "The address is too long.")
        route = routes.find(path)
        if route is None:
            sentence = "There is nothing at this address."
            if routes.for_programs(path):
                return error(404, sentence)
            return HTMLResponse(render.notice_page("Not found", sentence), 404)
        if route.opens == "token" and (preflight := self._visitors.preflight(scope)):
            return preflight
        if scope["method"] not in route.methods:
            allowed = ", ".join(sorted(route.methods))
            return refused(405, f"This address answers {allowed} only.", {"allow": allowed})
        invited = self._visitors.origin(scope)
        if (scope["method"] == "POST" or route.opens == "key") and not (invited or self._is_own(given)):
            return refused(403, "This request comes from another site.")
        length = given.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,12}", length):
            return refused(400, "The Content-Length header is not a number.")
        return _too_large(path) if int(length) > _most(path) else None

    async def _locked_door(self, scope: Scope) -> Response | None:
        """The refusal of a program, or None; puts the User of its key into the scope.

        What does not look like a key counts as none, because some clients always send one. Wrong keys never delay a
        right one, because behind a proxy all share one address.
        """
        given = bearer(scope)
        if given and (user := self._keys.user(given)):
            scope[USER] = user
            return None
        if not (self._needs_key or given.startswith(PREFIX)):
            return None
        asks = {"www-authenticate": "Bearer"}
        if not given:
            return error(401, "An API key is required in the header Authorization: Bearer …", asks)
        client = network(scope)
        seconds = self._key_tries.wait(client)
        if seconds > 0:
            wait = str(int(seconds) + 1)
            return error(429, f"Too many wrong keys. Please wait {wait} seconds.", {"retry-after": wait})
        self._key_tries.count(client)
        await asyncio.sleep(0.3)
        return error(401, "This key is unknown or no longer valid.", asks)

    def _visitor(self, scope: Scope) -> Response | None:
        """The refusal of somebody in a wiki's page, or None; puts their User into the scope."""
        user = self._visitors.user(scope)
        if user is None:
            return error(401, self._visitors.refused(scope), {"www-authenticate": "Bearer"})
        scope[USER] = user
        return None

    def _is_own(self, given: Headers) -> bool:
        """Whether a request that changes something comes from our own page, or from no page at all."""
        fetched = given.get("sec-fetch-site")
        if fetched is not None and fetched not in {"same-origin", "none"}:
            return False
        origin = given.get("origin")
        if origin is None:
            return True
        parts = urlsplit(origin)
        # A proxy that does not forward the host name sends its own; `hosts` has the one that the browser sees.
        return parts.netloc.lower() == given.get("host", "").lower() or (parts.hostname or "") in self._hosts

    async def _page_closed(self, scope: Scope, sent: bytes, session: str) -> Response | None:
        """The gate's own response to a request of the page, or None to pass it on."""
        route = routes.find(scope["path"])
        assert route
        if route is routes.LOGIN:
            return await self._login.sign_in(scope, sent, session)
        if route is routes.CALLBACK:
            return await self._login.come_back(scope, session)
        if route is routes.LOGOUT:
            return self._login.sign_out(scope, session)
        reader = self._login.reader(scope, session)
        if reader is None and route.opens != "all":
            if route in (routes.PAGE, routes.ARTICLE, routes.KEEPER):
                return self._login.turned_away(scope)
            return _refused(401, "You are signed out. Please reload the page and sign in.")
        bound = route.methods == routes.SEND or route is routes.STREAM
        if bound and not session and reader not in (None, ANYONE):
            # What somebody with rights asks is bound to their session.
            return _refused(401, "Your session is over, or your browser keeps no cookies here. Please reload the page.")
        scope[USER] = reader
        if not self._tabs.admit(tab_of(scope, sent), session):
            return _refused(403, "This tab belongs to another session. Please reload the page.")
        return None

    def _page(self, scope: Scope, send: Send, session: str, nonce: str) -> tuple[Scope, Send]:
        """The request with its session, and a `send` that turns Gradio's page into ours."""
        if scope["path"] == routes.PAGE.path:
            cookie = None
            if self._login.kind not in ("password", "oidc"):  # which begin sessions where people sign in
                session = session or self._login.sessions.begin(scope[USER])
                cookie = self._login.cookie(scope, session)
            # The nonce can only be put into an uncompressed body. A query is for Gradio's script in the browser
            # (`__theme`), not for its server (`deep_link`).
            plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            asked = scope["query_string"].decode("latin-1")
            scope = {**scope, "headers": plain, "query_string": b""}
            framed = parse_qs(asked).get("embed") == ["1"]
            slim = f'<link rel="stylesheet" href="{routes.SLIM.path}">' if framed else ""
            send = headers.with_nonce(send, nonce, cookie, self._login.preview + slim)
        scope[SESSION] = session
        return scope, send

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; if the app fails, the reason goes to the server's log and not to the client."""
        began = False

        async def noticing(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, noticing)
        except Exception as wrong:
            # For a tab that it does not know, Gradio begins a stream and then fails.
            if began and scope["path"] == routes.STREAM.path:
                identifier = ""
            else:
                identifier = errors.logged(f"{scope['method']} {scope['path']} failed", wrong)
            if began:
                await send({"type": "http.response.body", "body": b"", "more_body": False})
            elif routes.for_programs(scope["path"]):
                await error(500, errors.failed(identifier))(scope, receive, send)
            else:
                page = render.notice_page("Something went wrong", f"Please try again in a moment. (Error {identifier})")
                await HTMLResponse(page, 500)(scope, receive, send)


def session_of(request: Any) -> str:
    """The secret session name of a Starlette or Gradio request, "" for none."""
    return str(getattr(request, "request", request).scope.get(SESSION, ""))


def user_of(request: Any) -> User | None:
    """The User who sent this request; None for a program that needed no key and sent none."""
    return cast(User | None, request.scope.get(USER))


def _refused(status: int, sentence: str, given: dict[str, str] | None = None) -> Response:
    # Gradio's script shows the sentence in this form on the page.
    return JSONResponse({"detail": sentence}, status, given)


def _most(path: str) -> int:
    """Maximum bytes in a request body to this path."""
    return MAX_PROGRAM if routes.for_programs(path) else MAX_BODY


def _too_large(path: str) -> Response:
    refused = error if routes.for_programs(path) else _refused
    return refused(413, f"A request can have at most {_most(path) // 1024} KB.")
