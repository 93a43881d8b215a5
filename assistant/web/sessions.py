"""Sessions of the page: whose they are, which tabs are theirs, and the limit on guessing."""

import hmac
import ipaddress
import json
import secrets
import threading
import time
from collections import deque
from collections.abc import Callable
from urllib.parse import parse_qs

from article_assistant.types import User
from article_assistant.web import routes
from article_assistant.web.conversations import ANYONE
from article_assistant.web.keys import sha256
from cachetools import LRUCache, TTLCache
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
        self._held = TTLCache[str, User](MAX_SESSIONS, SESSION_HOURS * 3600, clock)
        self._lock = threading.Lock()

    def begin(self, user: User = ANYONE) -> str:
        """The name of a new session of this user's."""
        name = secrets.token_urlsafe(32)
        with self._lock:
            self._held[sha256(name)] = user
        return name

    def user(self, name: str) -> User | None:
        """Whose session of this name is, None where there is none."""
        with self._lock:
            held = self._held.get(sha256(name))
            if held and self._sliding:
                self._held[sha256(name)] = held
            return held

    def holds(self, name: str) -> bool:
        """Whether there is a session of this name."""
        return self.user(name) is not None

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
