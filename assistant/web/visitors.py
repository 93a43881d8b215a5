"""People who ask in the pages of wikis: which origins' scripts may ask, and in whose name.

Cookies play no part: a script of a listed origin may read what our doors for wikis answer, but a browser neither sends
nor keeps a cookie with it. Whoever brings no token of their wiki is a guest, if guests are let in.
"""

import logging
from contextlib import suppress

from article_assistant.index.types import EVERYONE
from article_assistant.settings import Settings
from article_assistant.types import User
from article_assistant.web import routes
from article_assistant.web.tokens import TokenError, Tokens
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Scope

log = logging.getLogger(__name__)

GUEST = User("guest", frozenset({EVERYONE}))
"""Everybody without a token; their conversations are told apart by names that cannot be guessed."""


class Visitors:
    """Who may come in at the doors for wikis. Raises SettingsError for a key that is none."""

    def __init__(self, settings: Settings) -> None:
        self._origins = frozenset(settings.embed_origins)
        self._guests = settings.admits_guests
        self._tokens = Tokens(settings.identities, settings.site)

    def origin(self, scope: Scope) -> str:
        """The listed origin that asks at one of the doors for wikis, "" for any other request."""
        if not routes.for_wikis(scope["path"]):
            return ""
        given = Headers(scope=scope).getlist("origin")
        return given[0] if len(given) == 1 and given[0] in self._origins else ""

    def preflight(self, scope: Scope) -> Response | None:
        """The answer to a browser that asks whether a script of a listed origin may ask, or None.

        What may be asked stands in the headers of every response to such a script (`web.headers`).
        """
        asked = Headers(scope=scope).get("access-control-request-method")
        if scope["method"] != "OPTIONS" or asked is None or not self.origin(scope):
            return None
        return Response(status_code=204)

    def user(self, scope: Scope) -> User | None:
        """Whose rights apply: those of the token, of a guest where there is none; None for nobody."""
        token = bearer(scope)
        if not token:
            return GUEST if self._guests else None
        try:
            return self._tokens.user(token)
        except TokenError as error:
            log.info("a token is refused: %s", error)
            return None

    def leave(self, scope: Scope) -> None:
        """Let the tokens that somebody has by now count no more; nothing for a guest."""
        if token := bearer(scope):
            with suppress(TokenError):  # it has come to its end since it was let in
                self._tokens.leave(token)

    def refused(self, scope: Scope) -> str:
        """What to tell nobody."""
        if bearer(scope):
            return "You are not signed in any more. Please reload the page."
        return "Please sign in to the wiki to ask."


def bearer(scope: Scope) -> str:
    """What stands in the header `Authorization: Bearer`, "" for nothing."""
    scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
    return given.strip() if scheme.lower() == "bearer" else ""
