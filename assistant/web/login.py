"""How people say who they are on the page: a shared password, a reverse proxy, a provider of identities, or not at all.

A browser gets a session, in a cookie of its own; whose it is stays on the server.
"""

import asyncio
import hmac
import re
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, quote, urlsplit

from article_assistant.settings import Settings
from article_assistant.types import User
from article_assistant.web import branding, errors, render
from article_assistant.web.conversations import ANYONE
from article_assistant.web.forwarded import Forwarded
from article_assistant.web.keys import sha256
from article_assistant.web.sessions import SESSION_HOURS, Sessions, Tries, network
from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import Scope

if TYPE_CHECKING:
    from article_assistant.web.provider import Provider

FRAMES = {"iframe", "frame", "embed", "object"}
"""Where a browser says that it shows a page within another one (Fetch Metadata)."""
NO_FRAME = "Signing in does not work within this page. Please open the chat in a tab of its own."


class Login:
    """Gives browsers their sessions, and says who asks."""

    def __init__(self, settings: Settings) -> None:
        self.kind = settings.login
        self._password = settings.password.get_secret_value() if settings.password else ""
        self._forwarded = Forwarded(settings.proxy) if settings.proxy else None
        self._provider = _provider(settings) if settings.oidc else None
        self._guests = settings.admits_guests
        self._shown = branding.preview(settings)
        self.preview = render.fill("preview.html", **self._shown)
        # Cookies ignore the port: two assistants on one machine would end each other's sessions.
        self._cookie = f"assistant-{settings.port}"
        # A login ends after its hours in any case; where the page gives out no login, a session lasts while it is used.
        self._asks = self.kind in ("password", "oidc")
        self.sessions = Sessions(sliding=not self._asks)
        self._tries = Tries()

    def user(self, session: str) -> User:
        """Whose rights apply to what is asked in a session, "" for none."""
        return self.sessions.user(session) or ANYONE

    def reader(self, scope: Scope, session: str) -> User | None:
        """Who sends a request of the page, None for somebody who has to sign in first."""
        if self._asks:
            return self.sessions.user(session)
        found = self._forwarded.user(scope) if self.kind == "proxy" and self._forwarded else None
        return found or (ANYONE if self._guests else None)

    def session(self, scope: Scope) -> str:
        """A request's session, "" for none; one that was begun as somebody else, or with other groups, ends here."""
        given = self._cookie_of(scope, self._cookie_name(scope))
        held = self.sessions.user(given) if given else None
        if held and not self._asks and held != self.reader(scope, given):
            self.sessions.end(given)
            return ""
        return given if held else ""

    def _cookie_of(self, scope: Scope, wanted: str) -> str:
        for header in Headers(scope=scope).getlist("cookie"):
            try:
                cookie = SimpleCookie(header)
            except CookieError:
                continue
            if wanted in cookie:
                return cookie[wanted].value[:200]
        return ""

    def turned_away(self, scope: Scope) -> Response:
        """What somebody sees who has to sign in to see a page: the way there, where we know it."""
        if not self._asks:
            sentence = "This page is for people who have signed in. Please open it at your team's usual address."
            return HTMLResponse(render.notice_page("Not signed in", sentence), 401)
        query = scope["query_string"].decode("latin-1")
        follow = quote(scope["path"]) + (f"?{query}" if query else "")
        return RedirectResponse("/login" + (f"?next={quote(follow, safe='')}" if follow != "/" else ""), 303)

    async def sign_in(self, scope: Scope, body: bytes, session: str) -> Response:
        """Show the way in: to the provider, or by the login form, whose password begins a new session."""
        if not self._asks:
            return RedirectResponse("/", 303)
        if scope["method"] != "POST" or self._provider:
            query = parse_qs(scope["query_string"].decode("latin-1"))
            follow = _follow(query.get("next", ["/"])[0])
            if "entered" in query and self.reader(scope, session):
                return RedirectResponse(follow, 303)
            # Who was let in and has no session is where the browser keeps none, whether it says it is a frame or not.
            if "entered" in query or self._in_a_foreign_frame(scope):
                return HTMLResponse(render.notice_page("Sign in", NO_FRAME, "/", tab=True), 403)
            return await self._leave(scope, follow) if self._provider else HTMLResponse(self._form(follow))
        fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=10) if body.count(b"&") < 10 else {}
        follow = _follow(fields.get("next", ["/"])[0])
        client = network(scope)
        seconds = self._tries.wait(client)
        if seconds > 0:
            wait = str(int(seconds) + 1)
            sentence = f"Too many wrong passwords. Please wait {wait} seconds."
            return HTMLResponse(self._form(follow, sentence), 429, {"retry-after": wait})
        self._tries.count(client)
        if not hmac.compare_digest(sha256(fields.get("password", [""])[0]), sha256(self._password)):
            await asyncio.sleep(0.3)
            return HTMLResponse(self._form(follow, "That is not the password."), 403)
        self._tries.forget(client)
        return self._entered(scope, session, ANYONE, f"/login?entered=1&next={quote(follow, safe='')}")

    def _entered(self, scope: Scope, before: str, user: User, follow: str) -> Response:
        # A new name at login makes one that was planted before worthless (session fixation).
        self.sessions.end(before)
        response = RedirectResponse(follow, 303)
        response.headers.append("set-cookie", self.cookie(scope, self.sessions.begin(user)))
        return response

    async def _leave(self, scope: Scope, follow: str) -> Response:
        """Send a browser to the provider, with a cookie that only it can bring back."""
        assert self._provider
        try:
            url, state = await self._provider.begin(follow)
        except Exception as wrong:
            return _not_signed_in(wrong, 502, "The way to the login is closed at the moment. Please try again shortly.")
        response = RedirectResponse(url, 303)
        response.headers.append("set-cookie", self._line(scope, f"{self._cookie_name(scope)}-state", state, 600))
        return response

    async def come_back(self, scope: Scope, session: str) -> Response:
        """Begin the session of somebody whom the provider sends back."""
        if not self._provider:
            return RedirectResponse("/", 303)
        state = f"{self._cookie_name(scope)}-state"
        try:
            query = scope["query_string"].decode("latin-1")
            user, follow = await self._provider.finish(query, self._cookie_of(scope, state))
        except Exception as wrong:
            return _not_signed_in(wrong, 403, "Signing in did not work. Please try again.")
        response = self._entered(scope, session, user, follow)
        response.headers.append("set-cookie", self._line(scope, state, "", 0))
        return response

    def _in_a_foreign_frame(self, scope: Scope) -> bool:
        """Whether signing in cannot work: providers refuse to be framed, and browsers keep no cookies there."""
        given = Headers(scope=scope)
        foreign = self._provider is not None or given.get("sec-fetch-site") == "cross-site"
        return foreign and given.get("sec-fetch-dest", "") in FRAMES

    def _form(self, follow: str, problem: str = "") -> str:
        return render.fill("login.html", follow=follow, problem=problem, **self._shown)

    def sign_out(self, scope: Scope, session: str) -> Response:
        """End a session and delete its cookie."""
        self.sessions.end(session)
        came = urlsplit(Headers(scope=scope).get("referer", ""))
        follow = _follow(f"{came.path}?{came.query}" if came.query else "/")
        response: Response = RedirectResponse(follow, 303)
        if self._provider:  # which would sign the browser in again at once
            said = render.notice_page("Signed out", "You are signed out here, though not where you signed in.", follow)
            response = HTMLResponse(said)
        response.headers.append("set-cookie", self.cookie(scope, "", 0))
        return response

    def cookie(self, scope: Scope, session: str, seconds: int = SESSION_HOURS * 3600) -> str:
        """The Set-Cookie header.

        Lax cookies work in frames on the same site (chat.x in wiki.x), over http too. Where nobody signs in, the page
        may be framed by any listed site, where browsers keep only partitioned cookies, which need https.
        """
        name = self._cookie_name(scope)
        if scope["scheme"] != "https" or self._asks:
            return self._line(scope, name, session, seconds)
        return f"{name}={session}; Path=/; HttpOnly; Max-Age={seconds}; SameSite=None; Secure; Partitioned"

    def _line(self, scope: Scope, name: str, value: str, seconds: int) -> str:
        secure = "; Secure" if scope["scheme"] == "https" else ""
        return f"{name}={value}; Path=/; HttpOnly; Max-Age={seconds}; SameSite=Lax{secure}"

    def _cookie_name(self, scope: Scope) -> str:
        # With this prefix browsers accept the cookie only from this host, over https.
        return f"__Host-{self._cookie}" if scope["scheme"] == "https" else self._cookie


def _follow(path: str) -> str:
    """The path to go to after login: one of our own pages, never another site."""
    return (
        path
        if re.fullmatch(r"/(?:\?[a-z0-9_=&]*|keeper|article/[A-Za-z0-9_.~%/!$&'()*+,;:@-]+(?:\?[a-z0-9=&]*)?)?", path)
        else "/"
    )


def _not_signed_in(wrong: Exception, status: int, sentence: str) -> Response:
    """The page for a sign-in that failed; why stands in the log."""
    identifier = errors.logged("a sign-in failed", wrong)
    return HTMLResponse(render.notice_page("Not signed in", f"{sentence} (Error {identifier})", "/login"), status)


def _provider(settings: Settings) -> "Provider":
    from article_assistant.web.provider import Provider  # loads what else nobody needs

    assert settings.oidc
    return Provider(settings.oidc, settings.site)
