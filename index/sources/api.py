"""MediaWiki's API: found, logged in to, asked, and followed to the end of a list."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

from article_assistant.index.sources.source import Access, Place, Withdrawn
from article_assistant.index.sources.web import NotThere, Web
from article_assistant.index.types import ArticleError, SourceError

FORM = {"format": "json", "formatversion": "2"}
FURTHER = 10_000
"""Parts of one list; a wiki with more goes in circles."""


class Api:
    """The API of one wiki, for everybody or for a user; safe to ask from several threads.

    `path` is where it was found. Raises SourceError, in one line, for whatever it cannot do.
    """

    def __init__(self, place: Place, access: Access) -> None:
        self.web = Web(place.url)
        self.path = ""
        self.user = access.user or place.user
        self._name = place.label
        self._access = access
        self._signing_in = threading.Lock()
        self._signed_in = 0  # how often

    def find(self, known: str = "") -> None:
        """Find the API below the address, first where it is `known` to have been, and log in; once is enough."""
        if self.path:
            return
        if known and not self.user:
            self.path = known
            return
        given = self.web.path.removesuffix("/api.php")
        folders = [given] if given != self.web.path else [given, given.rpartition("/")[0], "", "/w"]
        paths = dict.fromkeys([*([known] if known else []), *(f"{folder}/api.php" for folder in folders)])
        for path in paths:
            try:
                answer = self.web.json(path, FORM | {"action": "query", "meta": "tokens", "type": "login"})
            except NotThere:
                continue
            if isinstance(answer, dict) and ("query" in answer or "error" in answer):
                self.path = path
                if self.user:
                    self._sign_in(0)
                return
        raise SourceError(
            f"{self.web.url} is no MediaWiki: there is no {' or '.join(paths)}; if there is another, name its address"
        )

    def ask(self, action: str, **asked: str) -> dict[str, Any]:
        """The answer to one action. Raises ArticleError, beginning with its code, where the API tells of an error."""
        signed_in = self._signed_in
        form = FORM | {"action": action} | asked | ({"assert": "user"} if self.user else {})
        sent: dict[str, Any] = {"form" if "text" in asked else "query": form}  # a text is too long for an address
        answer = self._said(self.web.json(self.path, **sent))
        if answer.get("error", {}).get("code") in {"assertuserfailed", "assertnameduserfailed"}:
            self._sign_in(signed_in)  # a session ends in the middle of a long run
            answer = self._said(self.web.json(self.path, **sent))
        if error := answer.get("error"):
            code, info = error.get("code", ""), " ".join(str(error.get("info", "")).split())[:200]
            if code in {"readapidenied", "permissiondenied"}:
                raise Withdrawn(
                    f"{self._name} lets only users read who may; name one, like mediawiki+https://Mia%40reader@…, and "
                    "the password of that name from Special:BotPasswords in ASSISTANT_SOURCE_PASSWORD"
                )
            raise ArticleError(f"{code}: {info}")
        return answer

    def query(self, **asked: str) -> Iterator[dict[str, Any]]:
        """Each part of the answer to a query, to its end."""
        more: Mapping[str, str] = {}
        for _ in range(FURTHER):
            try:
                answer = self.ask("query", **asked, **{name: str(value) for name, value in more.items()})
            except ArticleError as error:
                raise SourceError(f"{self._name} does not tell what it holds ({error}); try again later") from error
            yield answer
            if "continue" not in answer:
                return
            if answer["continue"] == more:
                break
            more = answer["continue"]
        raise SourceError(f"the lists of {self._name} go in circles; nothing was changed, tell its administrator")

    def _said(self, answer: Any) -> dict[str, Any]:
        if not isinstance(answer, dict):
            raise SourceError(f"{self._name} answers with something else than MediaWiki does; check the address")
        return answer

    def _sign_in(self, signed_in: int) -> None:
        """Log in, unless another thread has since it was logged in for this many times."""
        with self._signing_in:
            if self._signed_in > signed_in:
                return
            password = self._access.secret()
            if not password:
                raise SourceError(
                    f"there is no password for {self.user} at {self._name}; put it into ASSISTANT_SOURCE_PASSWORD, or "
                    "name its file in assistant.toml"
                )
            asked = self.web.json(self.path, FORM | {"action": "query", "meta": "tokens", "type": "login"})
            token = self._said(asked).get("query", {}).get("tokens", {}).get("logintoken", "")
            form = FORM | {"action": "login", "lgname": self.user, "lgpassword": password, "lgtoken": token}
            answer = self._said(self.web.json(self.path, form=form)).get("login", {})
            if answer.get("result") != "Success":
                raise SourceError(
                    f"{self._name} does not let {self.user} in; the name is like Mia@reader, and the password the one "
                    "that Special:BotPasswords shows for it"
                )
            self._signed_in += 1
