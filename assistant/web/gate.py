"""The outer ASGI layer: who may come in, by which route, with how much, and what a browser may do with it.

Everything that reaches Gradio has passed here. Gradio brings dozens of routes (uploads, a proxy for files,
an API, monitoring); the page needs few, and only those are let through.

Which host names are served. A page on the open web can point its own name at 127.0.0.1 and then talk to
whatever listens there as if it were its own site. So without a password only loopback names and the names
in the setting `hosts` are answered; behind a proxy that serves the page as chat.example.org, put that name
there. With a password any name is answered: a foreign name brings no session with it.

Programs have doors of their own, which ask for a key instead of a session (`web.keys`). Where the page is
open to everybody who reaches it, which is on loopback alone, they are as well. Pages of other sites get nothing
from them, whatever key they bring.
"""

import asyncio
import hashlib
import hmac
import ipaddress
import json
import logging
import re
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from article_assistant.settings import Settings
from article_assistant.types import User
from article_assistant.web import render
from article_assistant.web.keys import PREFIX, Keys
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = logging.getLogger(__name__)

SESSION = "assistant.session"
"""Where the gate leaves the session's secret name in the ASGI scope, "" where there is none."""
USER = "assistant.user"
"""Where the gate leaves the User of the key that a program brought, in the ASGI scope."""
HOURS = 12
"""How long a session lasts."""
MAX_SESSIONS = 50_000
"""Sessions remembered; the one unused for longest makes room."""
MAX_BODY = 64 * 1024
"""Bytes a request of the page may bring."""
MAX_PROGRAM = 1024 * 1024
"""Bytes a request of a program may bring: the messages of a long conversation."""
MAX_PATH = 4096
"""Bytes a path with its query may have."""
TRIES = 5
"""Wrong passwords, or keys, an address may send within TRIES_SECONDS before it has to wait."""
TRIES_SECONDS = 60.0

READ, SEND = frozenset({"GET", "HEAD"}), frozenset({"POST"})
OPEN, SESSIONS, KEYS = "open", "sessions", "keys"
# Those of the page were found by watching it in a browser. Each entry: path, methods, and what opens it: nothing is
# needed, a session (where there is a password), or a key (where one is needed).
ROUTES: tuple[tuple[re.Pattern[str], frozenset[str], str], ...] = tuple(
    (re.compile(pattern), methods, opened)
    for pattern, methods, opened in (
        (r"/", READ, SESSIONS),  # the page
        (r"/article/.+", READ, SESSIONS),  # an article with its quote
        (r"/health", READ, OPEN),
        (r"/widget\.js", READ, OPEN),
        (r"/files/[a-z]+\.(?:css|js)", READ, OPEN),  # our own style and script
        (r"/favicon\.ico", READ, OPEN),
        (r"/login", READ | SEND, OPEN),
        (r"/logout", SEND, OPEN),
        (r"/assets/[A-Za-z0-9_.-]+", READ, SESSIONS),  # Gradio's scripts and styles
        (r"/theme\.css", READ, SESSIONS),
        (r"/static/js/iframeResizer\.contentWindow\.min\.js", READ, OPEN),  # answered by us, with nothing
        (r"/gradio_api/app_id", READ, OPEN),  # when the connection was lost: is this still the same server?
        (r"/gradio_api/queue/join", SEND, SESSIONS),  # an event begins
        (r"/gradio_api/queue/data", READ, SESSIONS),  # what comes of it, streamed
        (r"/v1/ask", SEND, KEYS),
        (r"/v1/chat/completions", SEND, KEYS),
        (r"/v1/models(?:/[A-Za-z0-9_.-]+)?", READ, KEYS),
        (r"/mcp", SEND, KEYS),
    )
)


class Sessions:
    """Who has a session: random names in a cookie, remembered here, so that one can be ended.

    Only their digests are kept. They end HOURS after they began (after their last use, if `sliding`), on
    logout, and with the process.
    """

    def __init__(self, sliding: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._sliding = sliding
        self._clock = clock
        self._until: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()

    def begin(self) -> str:
        """A new session's name."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._until[_digest(name)] = self._clock() + HOURS * 3600
            while len(self._until) > MAX_SESSIONS:
                self._until.popitem(last=False)
        return name

    def holds(self, name: str) -> bool:
        """Whether this session was begun here and goes on."""
        key = _digest(name)
        with self._lock:
            until = self._until.get(key)
            if until is None:
                return False
            if until < self._clock():
                del self._until[key]
                return False
            if self._sliding:
                self._until[key] = self._clock() + HOURS * 3600
            self._until.move_to_end(key)
            return True

    def end(self, name: str) -> None:
        """End a session; one that is not there is no error."""
        with self._lock:
            self._until.pop(_digest(name), None)


class Tries:
    """Slows down whoever guesses a password or a key: TRIES wrong ones an address, then a wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wait(self, address: str) -> float:
        """Seconds until this address may try again, 0 when it may now."""
        wrong = self._wrong.get(address)
        now = self._clock()
        while wrong and wrong[0] + TRIES_SECONDS <= now:
            wrong.popleft()
        return wrong[0] + TRIES_SECONDS - now if wrong and len(wrong) >= TRIES else 0.0

    def count(self, address: str) -> None:
        """A try begins; it counts as wrong until `forget`, so that many at once gain nothing."""
        self._wrong.setdefault(address, deque(maxlen=TRIES)).append(self._clock())
        self._wrong.move_to_end(address)
        while len(self._wrong) > MAX_SESSIONS:
            self._wrong.popitem(last=False)

    def forget(self, address: str) -> None:
        """The password was right."""
        self._wrong.pop(address, None)


class Gate:
    """An ASGI app around another one; see the head of this module."""

    def __init__(self, app: ASGIApp, settings: Settings, sessions: Sessions | None = None) -> None:
        self._app = app
        self._name = settings.name
        self._hosts = frozenset(host.lower() for host in settings.hosts)
        self._password = settings.password.get_secret_value() if settings.password else None
        # Cookies do not know about ports: two assistants on one machine would end each other's sessions.
        self._cookie = f"assistant-{settings.port}"
        # A login ends after its hours whatever one does; without one a tab stays with its browser.
        self._sessions = sessions or Sessions(sliding=self._password is None)
        self._tries = Tries()
        self._keys = Keys(settings.home)
        self._needs_key = self._password is not None or not _is_loopback(settings.host)
        self._key_tries = Tries()
        self._tabs = Tabs()
        self._ancestors = " ".join(["'self'", *settings.embed_origins])

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        if scope["type"] != "http":
            # The page uses no websocket; closing before it is accepted is a refusal.
            await send({"type": "websocket.close", "code": 1008})
            return
        nonce = secrets.token_urlsafe(16)
        sender = self._guarded(scope, send, nonce)
        try:
            body = b""
            refusal = self._refusal(scope)
            if refusal is None and _for_programs(scope["path"]):
                refusal = await self._locked_door(scope)
            if refusal is None and scope["method"] == "POST":
                body = await _body(receive, _most(scope["path"]))
        except TooLarge:
            refusal = _too_large(scope["path"])
        if refusal is not None:
            await refusal(scope, receive, sender)
            return
        await self._admit(scope, body, receive, sender, nonce)

    def _refusal(self, scope: Scope) -> Response | None:
        """Why a request is turned away whoever sends it, or None."""
        headers = Headers(scope=scope)
        path = scope["path"]
        refused = error if _for_programs(path) else _refused
        host = _hostname(headers.get("host", ""))
        if self._password is None and not (_is_loopback(host) or host in self._hosts):
            return refused(421, "This host name is not served here; see the setting hosts.")
        if len(scope.get("raw_path") or b"") + len(scope["query_string"]) > MAX_PATH:
            return refused(414, "The address is too long.")
        route = _route(path)
        if route is None:
            if _for_programs(path):
                return error(404, "There is nothing at this address.")
            return HTMLResponse(render.notice_page("Not found", "There is nothing at this address."), 404)
        if scope["method"] not in route[1]:
            return refused(405, "Not possible here.", {"allow": ", ".join(sorted(route[1]))})
        if (scope["method"] == "POST" or route[2] == KEYS) and not self._is_own(headers):
            return refused(403, "This request comes from another site.")
        length = headers.get("content-length", "0")
        if not re.fullmatch(r"[0-9]{1,12}", length):
            return refused(400, "The length is no number.")
        return _too_large(path) if int(length) > _most(path) else None

    async def _locked_door(self, scope: Scope) -> Response | None:
        """Why a program may not come in, or None; then its User lies in the scope, where it brought a key.

        What does not look like a key counts as none: clients of other services cannot do without one, so they
        send just any word. A right key is never kept waiting by wrong ones: behind a proxy all have one address.
        """
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        given = given.strip() if scheme.lower() == "bearer" else ""
        user = self._keys.user(given) if given else None
        if user is not None:
            scope[USER] = user
            return None
        if not (self._needs_key or given.startswith(PREFIX)):
            return None
        asks = {"www-authenticate": "Bearer"}
        if not given:
            return error(401, "This needs a key in the header Authorization: Bearer …", asks)
        client = _network(scope)
        seconds = self._key_tries.wait(client)
        if seconds > 0:
            wait = str(int(seconds) + 1)
            return error(429, f"Too many wrong keys. Please wait {wait} seconds.", {"retry-after": wait})
        self._key_tries.count(client)
        await asyncio.sleep(0.3)
        return error(401, "This key is not known here, or not any more.", asks)

    def _is_own(self, headers: Headers) -> bool:
        """Whether a request that changes something comes from a page of ours, or from no page at all."""
        fetched = headers.get("sec-fetch-site")
        if fetched is not None and fetched not in {"same-origin", "none"}:
            return False
        origin = headers.get("origin")
        if origin is None:
            return True
        parts = urlsplit(origin)
        # A proxy that does not pass the name on shows us its own; `hosts` has the one the browser sees.
        return parts.netloc.lower() == headers.get("host", "").lower() or (parts.hostname or "") in self._hosts

    async def _admit(self, scope: Scope, body: bytes, receive: Receive, send: Send, nonce: str) -> None:
        """Let a request in as its session allows."""
        path = scope["path"]
        if _for_programs(path):
            await self._pass(scope, _replay(body, receive) if scope["method"] == "POST" else receive, send)
            return
        given = self._given(scope)
        session = given if given and self._sessions.holds(given) else ""
        if path == "/login":
            await (await self._login(scope, body, session))(scope, receive, send)
            return
        if path == "/logout":
            self._sessions.end(session)
            response = RedirectResponse("/", 303)
            response.headers.append("set-cookie", self._cookie_line(scope, "", 0))
            await response(scope, receive, send)
            return
        route = _route(path)
        assert route
        if self._password is not None and not session and route[2] != OPEN:
            await self._locked(scope)(scope, receive, send)
            return
        if not self._tabs.admit(_tab(scope, body), session):
            await _refused(403, "This tab belongs to another session. Please load the page again.")(
                scope, receive, send
            )
            return
        if path == "/":
            session = session or self._sessions.begin()
            if self._password is None:
                send = _with_header(send, "set-cookie", self._cookie_line(scope, session))
            # The body is read below to put the nonce in, so it must come as it is. What may stand behind a `?`
            # is for Gradio's own script in the browser (`__theme`), not for its server (`deep_link`).
            plain = [pair for pair in scope["headers"] if pair[0] != b"accept-encoding"]
            scope = {**scope, "headers": plain, "query_string": b""}
            send = _with_nonce(send, nonce)
        scope[SESSION] = session
        await self._pass(scope, _replay(body, receive) if scope["method"] == "POST" else receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand the request on; should the app fail, the server's log gets the reason and the browser none of it."""
        began = False

        async def noticing(message: Message) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await self._app(scope, receive, noticing)
        except Exception:
            # Gradio answers a stream for a tab that it does not know with an error after the beginning.
            if not (began and scope["path"] == "/gradio_api/queue/data"):
                log.exception("%s %s failed", scope["method"], scope["path"])
            if not began and _for_programs(scope["path"]):
                await error(500, "Something went wrong; the server's log says what.")(scope, receive, send)
            elif not began:
                page = render.notice_page("Something went wrong", "Please try again in a moment.")
                await HTMLResponse(page, 500)(scope, receive, send)
            else:
                await send({"type": "http.response.body", "body": b"", "more_body": False})

    def _locked(self, scope: Scope) -> Response:
        """What somebody without a session gets where one is needed."""
        path = scope["path"]
        if path == "/" or path.startswith(render.ARTICLE):
            query = scope["query_string"].decode("latin-1")
            follow = quote(path) + (f"?{query}" if query else "")
            return RedirectResponse("/login" + (f"?next={quote(follow, safe='')}" if follow != "/" else ""), 303)
        return _refused(401, "You are signed out. Please load the page again and sign in.")

    async def _login(self, scope: Scope, body: bytes, session: str) -> Response:
        if self._password is None:
            return RedirectResponse("/", 303)
        if scope["method"] != "POST":
            follow = _follow(parse_qs(scope["query_string"].decode("latin-1")).get("next", ["/"])[0])
            return HTMLResponse(render.login_page(self._name, follow))
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10) if body.count(b"&") < 10 else {}
        follow = _follow(fields.get("next", ["/"])[0])
        client = _network(scope)
        seconds = self._tries.wait(client)
        if seconds > 0:
            sentence = f"Too many wrong passwords. Please wait {int(seconds) + 1} seconds."
            return HTMLResponse(
                render.login_page(self._name, follow, sentence), 429, {"retry-after": str(int(seconds) + 1)}
            )
        self._tries.count(client)
        given = fields.get("password", [""])[0]
        if not hmac.compare_digest(_digest(given), _digest(self._password)):
            await asyncio.sleep(0.3)
            return HTMLResponse(render.login_page(self._name, follow, "That is not the password."), 403)
        self._tries.forget(client)
        # A new name at the moment of login: one that somebody planted before is worth nothing now.
        self._sessions.end(session)
        response = RedirectResponse(follow, 303)
        response.headers.append("set-cookie", self._cookie_line(scope, self._sessions.begin()))
        return response

    def _cookie_name(self, scope: Scope) -> str:
        # With this prefix a browser takes the cookie only from this very host, over https.
        return f"__Host-{self._cookie}" if scope["scheme"] == "https" else self._cookie

    def _cookie_line(self, scope: Scope, session: str, seconds: int = HOURS * 3600) -> str:
        """The Set-Cookie header.

        Lax reaches frames on the same site (chat.x in wiki.x), also over http. An open page may stand in
        a frame of any listed site, and there only a partitioned cookie survives, which https alone allows.
        """
        line = f"{self._cookie_name(scope)}={session}; Path=/; HttpOnly; Max-Age={seconds}"
        if scope["scheme"] != "https":
            return f"{line}; SameSite=Lax"
        if self._password is not None:
            return f"{line}; SameSite=Lax; Secure"
        return f"{line}; SameSite=None; Secure; Partitioned"

    def _given(self, scope: Scope) -> str:
        """The session that a request names, "" for none."""
        wanted = self._cookie_name(scope)
        for header in Headers(scope=scope).getlist("cookie"):
            try:
                cookie = SimpleCookie(header)
            except CookieError:
                continue
            if wanted in cookie:
                return cookie[wanted].value[:200]
        return ""

    def _guarded(self, scope: Scope, send: Send, nonce: str) -> Send:
        """A `send` whose every response carries our rules for the browser, and none of anybody else's."""
        is_page = scope["path"] == "/"
        # Gradio's own HTML component builds its template with Function(): hence unsafe-eval, on that page
        # alone. A script in the page runs only with this response's nonce or from a file of ours, so text
        # that slipped through as markup still could not run. Gradio sets styles on elements: unsafe-inline.
        script = f"'self' 'nonce-{nonce}' 'unsafe-eval'" if is_page else "'self'"
        base = "'self'" if is_page else "'none'"  # Gradio's page has a base element, no other one
        policy = (
            f"default-src 'self'; base-uri {base}; script-src {script}; style-src 'self' 'unsafe-inline'; "
            "img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-src 'self'; object-src 'none'; "
            f"form-action 'self'; frame-ancestors {self._ancestors}"
        )
        shareable = scope["path"] == "/widget.js"

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name in [name for name in headers if name.startswith("access-control-") or name == "server"]:
                    del headers[name]
                headers["content-security-policy"] = policy
                headers["x-content-type-options"] = "nosniff"
                # Not no-referrer: under that a browser sends "Origin: null" with our own login form.
                headers["referrer-policy"] = "same-origin"
                headers["permissions-policy"] = "camera=(), microphone=(), geolocation=(), payment=(), usb=()"
                # Other sites load the widget's script; everything else is for our own pages. Being framed
                # is not covered by this header but by frame-ancestors.
                headers["cross-origin-resource-policy"] = "cross-origin" if shareable else "same-origin"
                if scope["scheme"] == "https":  # elsewhere browsers ignore it, with an error in the console
                    headers["cross-origin-opener-policy"] = "same-origin"
                if scope["path"].startswith("/assets/") and message["status"] == 200:
                    # Their names change with their content.
                    headers["cache-control"] = "private, max-age=31536000, immutable"
                elif "cache-control" not in headers:
                    headers["cache-control"] = "no-store"
            await send(message)

        return guarded


class Tabs:
    """Which session each of Gradio's tabs belongs to.

    Gradio lets the browser choose the name of a tab and streams its events to whoever says that name. Here
    the first session that uses one owns it. A browser that keeps no cookie has no session; its tabs are
    protected by their random name alone.
    """

    def __init__(self) -> None:
        self._owners: OrderedDict[str, bytes] = OrderedDict()

    def admit(self, tab: str, session: str) -> bool:
        """Whether this session may act for that tab ("" for none), which it then owns."""
        if not tab:
            return True
        owner = self._owners.get(tab)
        if owner is not None:
            self._owners.move_to_end(tab)
            return hmac.compare_digest(owner, _digest(session))
        if session:
            self._owners[tab] = _digest(session)
            while len(self._owners) > MAX_SESSIONS:
                self._owners.popitem(last=False)
        return True


class TooLarge(Exception):
    """A body beyond what a request may bring."""


def session_of(request: Any) -> str:
    """The secret name of the session of a Starlette or Gradio request, "" for none."""
    return str(getattr(request, "request", request).scope.get(SESSION, ""))


def user_of(request: Any) -> User | None:
    """As whom the program asks that sent this request; None where it needed no key and brought none."""
    found: User | None = request.scope.get(USER)
    return found


def error(status: int, sentence: str, headers: dict[str, str] | None = None, code: str | None = None) -> Response:
    """What a program gets instead of an answer: one plain sentence, in the form that OpenAI's clients read."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    body = {"error": {"message": sentence, "type": kind, "param": None, "code": code}}
    return JSONResponse(body, status, headers)


def _digest(value: str) -> bytes:
    return hashlib.sha256(value.encode("utf-8", "surrogatepass")).digest()


def _refused(status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    # In this form Gradio's script shows the sentence to who sits before the page.
    return JSONResponse({"detail": sentence}, status, headers)


def _route(path: str) -> tuple[re.Pattern[str], frozenset[str], str] | None:
    return next((route for route in ROUTES if route[0].fullmatch(path)), None)


def _for_programs(path: str) -> bool:
    """Whether a path lies behind the doors of programs; of what lies there ROUTES has all that is let through."""
    return path.startswith("/v1/") or path == "/mcp"


def _most(path: str) -> int:
    """Bytes that a request to this path may bring."""
    return MAX_PROGRAM if _for_programs(path) else MAX_BODY


def _hostname(host: str) -> str:
    """The name in a Host header, without its port, in lower case."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _too_large(path: str) -> Response:
    return (error if _for_programs(path) else _refused)(413, f"A request may have up to {_most(path) // 1024} KB.")


def _network(scope: Scope) -> str:
    """Whose tries are counted together: an IPv4 address, or the /64 that one IPv6 customer has."""
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host


def _follow(path: str) -> str:
    """Where to go after the login: one of our own pages, never another site."""
    return path if re.fullmatch(r"/(?:article/[A-Za-z0-9_.~%/!$&'()*+,;:@-]+(?:\?[a-z0-9=&]*)?)?", path) else "/"


def _tab(scope: Scope, body: bytes) -> str:
    """The name of the Gradio tab that a request speaks for, "" for none."""
    path = scope["path"]
    if path == "/gradio_api/queue/data":
        query = parse_qs(scope["query_string"].decode("latin-1"))
        return str(query.get("session_hash", [""])[-1])
    if body and path.startswith("/gradio_api/"):
        try:
            named = json.loads(body)
        except (ValueError, RecursionError):
            return ""
        tab = named.get("session_hash") if isinstance(named, dict) else None
        return tab if isinstance(tab, str) else ""
    return ""


async def _body(receive: Receive, most: int) -> bytes:
    """The whole body, however it is sent; raises TooLarge as soon as it has more than `most` bytes."""
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


def _replay(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the body that was read, then what else comes."""
    sent = False

    async def replay() -> Message:
        nonlocal sent
        if not sent:
            sent = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return replay


def _with_header(send: Send, name: str, value: str) -> Send:
    async def with_header(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).append(name, value)
        await send(message)

    return with_header


def _with_nonce(send: Send, nonce: str) -> Send:
    """Puts the nonce on the page's own script elements.

    Gradio writes everything that varies into JSON with `<` escaped, so each `<script` in the page is one
    of its template.
    """
    start: Message | None = None
    parts: list[bytes] = []

    async def with_nonce(message: Message) -> None:
        nonlocal start
        if message["type"] == "http.response.start":
            start = message
            return
        if message["type"] != "http.response.body" or start is None:
            await send(message)
            return
        parts.append(message.get("body", b""))
        if message.get("more_body", False):
            return
        body = b"".join(parts).replace(b"<script", f'<script nonce="{nonce}"'.encode())
        if b"".join(parts):
            MutableHeaders(scope=start)["content-length"] = str(len(body))
        await send(start)
        await send({"type": "http.response.body", "body": body, "more_body": False})

    return with_nonce
