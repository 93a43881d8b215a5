"""DokuWiki over JSON-RPC, or XML-RPC where it is older than 2023; who may read is told page by page.

A file is for whom its namespace is for, as in the wiki.

Without a user, what a guest is shown is for everyone. An administrator may read the wiki's rules; any other user may
not, so somebody has to say who may read what that user reads.
"""

import base64
import html
import json
import xmlrpc.client
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote
from xml.parsers.expat import ExpatError

from article_assistant.index.sources.acl import MEDIA, Rules, readers_of
from article_assistant.index.sources.attached import ending, left_unread
from article_assistant.index.sources.source import Access, Changes, Fetched, Listed, Place, Withdrawn
from article_assistant.index.sources.web import NotThere, Refused, Web
from article_assistant.index.types import EVERYONE, ArticleError, SourceError

GET_LIST = ("core.listPages", "dokuwiki.getPagelist")
GET_PAGE = ("core.getPageHTML", "wiki.getPageHTML")
GET_FILES = ("core.listMedia", "wiki.getAttachments")
GET_FILE = ("core.getMedia", "wiki.getAttachment")
LOG_IN = ("core.login", "dokuwiki.login")
GET_RULES = ("plugin.acl.listAcls", "plugin.acl.listAcls")


class DokuWiki:
    """One DokuWiki; see `index.sources.source.RemoteSource`. Its keys are `team:vpn`, of files `media/team:a.pdf`."""

    def __init__(self, place: Place, access: Access) -> None:
        self.address = place.address
        self.label = place.label.removesuffix("/doku.php")
        self._url = place.url.removesuffix("/doku.php")
        self._access = access
        self._user = access.user or place.user
        self.web = Web(self._url, (self._user, access.secret()) if self._user else None)
        self._speaks_json: bool | None = None
        self._listed = dict[str, dict[str, Any]]()

    def changes(self, state: str) -> Changes:
        """See `RemoteSource.changes`: two requests, and with a user two more."""
        self._speaks_json = {"json": True, "xml": False}.get(state)
        try:
            listed = self._call(GET_LIST, "", 0) if self._json_works() else self._call(GET_LIST, "", {"depth": 0})
        except NotThere as error:
            raise SourceError(
                f"{self._url} is no DokuWiki whose pages can be asked for: {error}; its administrator may have to "
                "switch on the setting remote"
            ) from error
        rules = self._rules()
        pages, left_out = {}, Counter[str]()
        for key, page in [*((str(page["id"]), page) for page in listed), *self._files()]:
            if self._access.leaves_out(key):
                left_out["left out by name"] += 1
            elif key.startswith(MEDIA) and (why := left_unread(key, int(page.get("size") or 0))):
                left_out[why] += 1
            else:
                self._listed[key] = page
                groups = readers_of(key, rules, self.label) if rules else self._access.groups or frozenset({EVERYONE})
                pages[key] = Listed(f"{_revision(page)} {page.get('size')}", groups)
        state = "json" if self._speaks_json else "xml"
        return Changes(pages, state, left_out=left_out)

    def _files(self) -> list[tuple[str, dict[str, Any]]]:
        """The files that may be seen, by key; none where nobody may list them."""
        how: tuple[Any, ...] = ("", "", 0) if self._speaks_json else ("", {})  # of the latter, without a depth, all
        try:
            listed = self._call(GET_FILES, *how)
        except Refused:  # as the top of the wiki is for others; what was seen is then asked for one by one
            return []
        return [(f"{MEDIA}{one['id']}", one) for one in listed]

    def _rules(self) -> Rules | None:
        """The rules of the wiki; None where all that is listed goes to the same readers."""
        if not self._user:
            return None
        if not self._call(LOG_IN, self._user, self._access.secret()):
            raise SourceError(f"{self.label} does not let {self._user} in; check the password")
        if self._access.groups:
            return None
        try:
            found = self._call(GET_RULES)
        except (Refused, NotThere) as error:
            raise SourceError(
                f"{self.label} does not tell {self._user} who may read its pages; name an administrator or the wiki's "
                "folder, or say who may read all that this user reads: --group NAME"
            ) from error
        rules = [(scope, who, int(level)) for scope, one in dict(found).items() for who, level in dict(one).items()]
        return Rules(tuple(rules))

    def page(self, key: str) -> Fetched | None:
        """See `RemoteSource.page`: one request."""
        name = key.removeprefix(MEDIA)
        try:
            answer = self._call(GET_PAGE if name == key else GET_FILE, name)
        except Refused as error:
            raise Withdrawn(f"{self.label} shows {key} to others only") from error
        except NotThere:
            return None
        about = self._listed.get(key, {})
        revision = _revision(about)
        day = datetime.fromtimestamp(revision, UTC).date().isoformat() if revision else None
        told = (str(revision), day, str(about.get("author") or ""))
        if name != key:
            link = f"{self._url}/lib/exe/fetch.php?media={quote(name, safe=':')}"
            return Fetched("", _file_of(answer), link, *told, kind=ending(name), shown=False)
        if not isinstance(answer, str):
            raise ArticleError("the wiki answers without its text")
        body = (
            f'<html><head><meta charset="utf-8"></head><body><div id="dokuwiki__content">{answer}</div></body></html>'
        )
        link = f"{self._url}/doku.php?id={quote(key, safe=':')}"
        return Fetched("", body.encode(), link, *told)

    def _json_works(self) -> bool:
        """Whether the wiki speaks JSON-RPC; found out once."""
        if self._speaks_json is None:
            self._speaks_json = True
            try:
                self._call(("core.getAPIVersion", ""))
            except (NotThere, Refused):
                self._speaks_json = False
        return self._speaks_json

    def _call(self, method: tuple[str, str], *arguments: Any) -> Any:
        """The result of a method, by its names in JSON-RPC and XML-RPC. Raises as `Web.ask` does."""
        if self._speaks_json:
            question = {"jsonrpc": "2.0", "id": "1", "method": method[0], "params": arguments}
            body = self.web.ask("/lib/exe/jsonrpc.php", content=json.dumps(question).encode(), kind="application/json")
            try:
                answer = json.loads(body)
            except ValueError:
                answer = None
            if not isinstance(answer, dict) or "result" not in answer:
                raise NotThere(f"{self._url}/lib/exe/jsonrpc.php does not answer as JSON-RPC")
            return answer["result"]
        content = xmlrpc.client.dumps(arguments, method[1], encoding="utf-8").encode()
        body = self.web.ask("/lib/exe/xmlrpc.php", content=content, kind="text/xml")
        try:
            return xmlrpc.client.loads(body)[0][0]  # without built-in types: Python does not read DokuWiki's dates
        except xmlrpc.client.Fault as error:
            raise NotThere(f"the wiki says {html.unescape(error.faultString)[:200]}") from error
        except (ExpatError, xmlrpc.client.Error, ValueError, IndexError, TypeError) as error:
            raise NotThere(f"{self._url}/lib/exe/xmlrpc.php does not answer as XML-RPC") from error


def _file_of(answer: Any) -> bytes:
    """A file as XML-RPC or JSON-RPC sends it."""
    try:
        return answer.data if isinstance(answer, xmlrpc.client.Binary) else base64.b64decode(answer, validate=True)
    except (ValueError, TypeError) as error:
        raise ArticleError("the wiki answers without the file") from error


def _revision(page: dict[str, Any]) -> int:
    """When a page was last changed, in seconds since 1970; 0 where that is not told."""
    return int(page.get("revision") or page.get("rev") or page.get("mtime") or 0)
