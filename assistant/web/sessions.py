"""Sessions of the page: their cookie, the login, and the limit on guessing."""

import asyncio
import hmac
import ipaddress
import json
import re
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qs

from article_assistant.settings import Settings
from article_assistant.web import branding, render, routes
from article_assistant.web.keys import sha256
from cachetools import LRUCache, TTLCache
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

SESSION_HOURS = 12
"""Hours that a session lasts."""
MAX_SESSIONS = 50_000
"""Maximum sessions; the least recently used is dropped."""
TRIES = 5
"""Wrong passwords or keys allowed from one address within TRIES_SECONDS."""
TRIES_SECONDS = 60.0


class Sessions:
    """The sessions of this process, under random names of which only digests are kept.

    A session ends SESSION_HOURS after its start (after its last use, if `sliding`), on logout, and with the process.
    """

    def __init__(self, sliding: bool = False, clock: Callable[[], float] = time.monotonic) -> None:
        self._sliding = sliding
        self._held = TTLCache[str, bool](MAX_SESSIONS, SESSION_HOURS * 3600, clock)
        self._lock = threading.Lock()

    def begin(self) -> str:
        """The name of a new session."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._held[sha256(name)] = True
        return name

    def holds(self, name: str) -> bool:
        """Whether there is a session of this name."""
        with self._lock:
            held = self._held.get(sha256(name), False)
            if held and self._sliding:
                self._held[sha256(name)] = True
            return held

    def end(self, name: str) -> None:
        """End the session of this name, if any."""
        with self._lock:
            self._held.pop(sha256(name), None)


class Tabs:
    """The session that each of Gradio's tabs belongs to.

    In Gradio the browser chooses a tab's name, and anyone who knows it gets the tab's events. Here the first session
    to use a name owns it. A browser without cookies has no session; only random names protect its tabs.
    """

    def __init__(self) -> None:
        self._owners = LRUCache[str, str](MAX_SESSIONS)

    def admit(self, tab: str, session: str) -> bool:
        """Whether this session may act for that tab ("" for none); from then on it owns the tab."""
        owner = self._owners.get(tab)
        if owner is not None:
            return hmac.compare_digest(owner, sha256(session))
        if tab and session:
            self._owners[tab] = sha256(session)
        return True


class Tries:
    """Limits guessing of passwords and keys: after TRIES wrong ones an address has to wait."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._wrong = LRUCache[str, deque[float]](MAX_SESSIONS)

    def wait(self, address: str) -> float:
        """Seconds until this address may try again, 0 for now."""
        wrong = self._wrong.get(address)
        now = self._clock()
        while wrong and wrong[0] + TRIES_SECONDS <= now:
            wrong.popleft()
        return wrong[0] + TRIES_SECONDS - now if wrong and len(wrong) >= TRIES else 0.0

    def count(self, address: str) -> None:
        """Count a try as wrong until `forget` is called, so that trying in parallel gains nothing."""
        self._wrong.setdefault(address, deque(maxlen=TRIES)).append(self._clock())

    def forget(self, address: str) -> None:
        """Clear the count after a right password."""
        self._wrong.pop(address, None)


class Login:
    """Gives a browser its session: for the shared password if one is set, else to everyone."""

    def __init__(self, settings: Settings) -> None:
        self.password = settings.password.get_secret_value() if settings.password else None
        self._shown = branding.preview(settings)
        self.preview = render.fill("preview.html", **self._shown)
        # Cookies ignore the port: two assistants on one machine would end each other's sessions.
        self._cookie = f"assistant-{settings.port}"
        # A login ends after its hours in any case; without a password, a session lasts while it is used.
        self.sessions = Sessions(sliding=self.password is None)
        self._tries = Tries()

    def session(self, scope: Scope) -> str:
        """A request's session, "" for none."""
        wanted = self._cookie_name(scope)
        for header in Headers(scope=scope).getlist("cookie"):
            try:
                cookie = SimpleCookie(header)
            except CookieError:
                continue
            if wanted in cookie:
                given = cookie[wanted].value[:200]
                return given if given and self.sessions.holds(given) else ""
        return ""

    async def sign_in(self, scope: Scope, body: bytes, session: str) -> Response:
        """Show the login form, or check the password from it and begin a new session."""
        if self.password is None:
            return RedirectResponse("/", 303)
        if scope["method"] != "POST":
            follow = _follow(parse_qs(scope["query_string"].decode("latin-1")).get("next", ["/"])[0])
            return HTMLResponse(self._form(follow))
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10) if body.count(b"&") < 10 else {}
        follow = _follow(fields.get("next", ["/"])[0])
        client = network(scope)
        seconds = self._tries.wait(client)
        if seconds > 0:
            wait = str(int(seconds) + 1)
            sentence = f"Too many wrong passwords. Please wait {wait} seconds."
            return HTMLResponse(self._form(follow, sentence), 429, {"retry-after": wait})
        self._tries.count(client)
        if not hmac.compare_digest(sha256(fields.get("password", [""])[0]), sha256(self.password)):
            await asyncio.sleep(0.3)
            return HTMLResponse(self._form(follow, "That is not the password."), 403)
        self._tries.forget(client)
        # A new name at login makes one that was planted before worthless (session fixation).
        self.sessions.end(session)
        response = RedirectResponse(follow, 303)
        response.headers.append("set-cookie", self.cookie(scope, self.sessions.begin()))
        return response

    def _form(self, follow: str, problem: str = "") -> str:
        return render.fill("login.html", follow=follow, problem=problem, **self._shown)

    def sign_out(self, scope: Scope, session: str) -> Response:
        """End a session and delete its cookie."""
        self.sessions.end(session)
        response = RedirectResponse("/", 303)
        response.headers.append("set-cookie", self.cookie(scope, "", 0))
        return response

    def cookie(self, scope: Scope, session: str, seconds: int = SESSION_HOURS * 3600) -> str:
        """The Set-Cookie header.

        Lax cookies work in frames on the same site (chat.x in wiki.x), over http too. Without a password the page may
        be framed by any listed site, where browsers keep only partitioned cookies, which need https.
        """
        line = f"{self._cookie_name(scope)}={session}; Path=/; HttpOnly; Max-Age={seconds}"
        if scope["scheme"] != "https":
            return f"{line}; SameSite=Lax"
        if self.password is not None:
            return f"{line}; SameSite=Lax; Secure"
        return f"{line}; SameSite=None; Secure; Partitioned"

    def _cookie_name(self, scope: Scope) -> str:
        # With this prefix browsers accept the cookie only from this host, over https.
        return f"__Host-{self._cookie}" if scope["scheme"] == "https" else self._cookie


def network(scope: Scope) -> str:
    """Rate-limit key: the IPv4 address, or the /64 of an IPv6 address."""
    host = str((scope.get("client") or ("",))[0])
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return str(ipaddress.ip_network((address, 64), strict=False)) if address.version == 6 else host


def tab_of(scope: Scope, body: bytes) -> str:
    """The Gradio tab that a request is for, "" for none."""
    path = scope["path"]
    if path == routes.STREAM.path:
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


def _follow(path: str) -> str:
    """The path to go to after login: one of our own pages, never another site."""
    return path if re.fullmatch(r"/(?:article/[A-Za-z0-9_.~%/!$&'()*+,;:@-]+(?:\?[a-z0-9=&]*)?)?", path) else "/"
