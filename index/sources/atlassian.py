"""Confluence's API, as the Cloud (version 2, and 1 where 2 lacks something) and a Data Center (version 1) speak it.

Lists are followed to their end, and what they tell becomes the same few records
(https://developer.atlassian.com/cloud/confluence/rest/v2, https://docs.atlassian.com/ConfluenceServer/rest).
Clients such as atlassian-python-api follow redirects to other hosts with what they are logged in with.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from article_assistant.index.sources.source import Access, Place
from article_assistant.index.sources.web import Moved, NotThere, Refused, Web
from article_assistant.index.types import EVERYONE, SourceError

CLOUD_FILES = "https://api.media.atlassian.com"
"""Where the Cloud keeps attachments: it leads there with a token in the address. It may lead nowhere else."""
PARTS = 10_000
"""Parts of one list; a wiki with more goes in circles."""
READERS_TOO = (
    "version,ancestors,metadata.labels,restrictions.read.restrictions.user,restrictions.read.restrictions.group"
)
"""What version 1 is asked to tell of each page: https://developer.atlassian.com/cloud/confluence/expansions."""

Wall = frozenset[str]
"""Who is let through: users, `@groups`, or `everyone`."""


@dataclass(frozen=True, slots=True)
class WikiSpace:
    """A space: a number, the key that its pages are named with, and whether it is somebody's own."""

    id: str
    key: str
    personal: bool


@dataclass(frozen=True, slots=True)
class WikiPage:
    """A page or an attachment as it is listed.

    `above` is what it is inside of, "" for the top of its space, and `above_kind` is what that is. `wall` is who may
    read it by restrictions of its own, None without any. `file` is where an attachment of so many `bytes` is to be had.
    """

    id: str
    title: str
    revision: str
    updated: str
    editor: str
    link: str
    above: str
    above_kind: str = "page"
    wall: Wall | None = None
    labels: frozenset[str] = frozenset()
    file: str = ""
    bytes: int = 0


class Atlassian:
    """The API of one wiki, for everybody or for a user; safe to ask from several threads once `find` is done."""

    def __init__(self, place: Place, access: Access) -> None:
        user, secret = access.user or place.user, access.secret()
        self.name = place.label
        self.signed_in = bool(secret)
        # Of a Data Center a personal token says who one is, without a name.
        self.web = Web(place.url, (user, secret) if user else None, bearer="" if user else secret)
        self.mails = dict[str, str]()  # by user, where it is told
        self.path, self.cloud = "", False
        self._found = ""
        self._groups: dict[str, str] | None = None

    def find(self, known: str = "") -> str:
        """Find the API at or below the address, first where it is `known` to be; returns what to know the next time.

        Raises SourceError where there is none.
        """
        if self._found:
            return self._found
        given = self.web.path.rstrip("/")
        tries = [(given, True), (f"{given}/wiki", True), (given, False), (f"{given}/wiki", False)]
        if known:
            tries.insert(0, (known[1:], known[0] == "2"))
        refused: Refused | None = None
        for path, cloud in dict.fromkeys(tries):
            try:
                answer = self.web.json(f"{path}{'/api/v2/spaces' if cloud else '/rest/api/space'}", {"limit": "1"})
            except Refused as error:
                refused = error
            except NotThere:
                pass
            else:
                if isinstance(answer, dict) and "results" in answer:
                    self.path, self.cloud = path, cloud
                    self._found = f"{'2' if cloud else '1'}{path}"
                    return self._found
        if refused:
            raise refused
        raise SourceError(
            f"{self.web.url} is no Confluence: neither {given}/rest/api/space nor {given}/wiki/api/v2/spaces answers; "
            "if it is elsewhere, name its address"
        )

    # --- what there is

    def spaces(self) -> list[WikiSpace]:
        """The spaces that may be seen."""
        path, query = ("/api/v2/spaces", {"limit": "250"}) if self.cloud else ("/rest/api/space", {"limit": "100"})
        return [
            WikiSpace(str(one["id"]), one["key"], one.get("type") == "personal")
            for one in self._all(path, query)
            if one.get("status", "current") == "current"
        ]

    def pages(self, space: WikiSpace) -> list[WikiPage]:
        """The pages of a space that may be seen, with who may read each by restrictions of its own."""
        if not self.cloud:
            asked = {"spaceKey": space.key, "type": "page", "status": "current", "expand": READERS_TOO, "limit": "100"}
            return [self._first(one) for one in self._all("/rest/api/content", asked)]
        asked = {"cql": f'space="{space.key}" and type=page', "expand": READERS_TOO, "limit": "100"}
        told = {str(one["id"]): self._first(one) for one in self._all("/rest/api/content/search", asked)}
        found = []
        for one in self._all(f"/api/v2/spaces/{space.id}/pages", {"limit": "250", "status": "current"}):
            more = told.get(str(one["id"]))  # the search comes a moment after the list
            version = one.get("version", {})
            page = WikiPage(
                str(one["id"]), one["title"], str(version.get("number", "")), version.get("createdAt", ""),
                more.editor if more else "", self._link(one), str(one.get("parentId") or ""),
                one.get("parentType") or "page", more.wall if more else self.wall(str(one["id"])),
                more.labels if more else frozenset(),
            )  # fmt: skip
            found.append(page)
        return found

    def attachments(self, space: WikiSpace) -> list[WikiPage]:
        """The files of a space that may be seen; each is `above` the page that it hangs at."""
        asked = {
            "cql": f'space="{space.key}" and type=attachment',
            "expand": "version,container,extensions",
            "limit": "100",
        }
        found = []
        for one in self._all("/rest/api/content/search", asked):
            page, version = one.get("container", {}), one.get("version", {})
            file = one.get("_links", {}).get("download", "").partition("?")[0]
            if page.get("type", "page") != "page" or not file:
                continue
            one_file = WikiPage(
                str(one["id"]), one["title"], str(version.get("number", "")), version.get("when", ""),
                version.get("by", {}).get("displayName", ""), self._link(one), str(page.get("id", "")), file=file,
                bytes=one.get("extensions", {}).get("fileSize") or 0,
            )  # fmt: skip
            found.append(one_file)
        return found

    def titled(self, space: str, title: str) -> WikiPage | None:
        """A page by its title; None where none may be seen."""
        asked = {"spaceKey": space, "title": title, "expand": "version"}
        return next((self._first(one) for one in self._all("/rest/api/content", asked)), None)

    def text(self, page: str) -> str | None:
        """A page as HTML; None where none may be seen."""
        asked = (
            ("/api/v2/pages", {"body-format": "view"}) if self.cloud else ("/rest/api/content", {"expand": "body.view"})
        )
        try:
            body = self.web.ask(f"{self.path}{asked[0]}/{page}", asked[1])
        except NotThere:
            return None
        try:
            return str(json.loads(body)["body"]["view"]["value"])
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError(f"{self.name} answers without the text of a page; try again later") from error

    def file(self, page: WikiPage) -> bytes:
        """An attachment. Raises NotThere or Refused where none may be seen."""
        try:
            return self.web.ask(self.path + page.file)
        except Moved as error:
            if not (self.cloud and error.to.startswith(f"{CLOUD_FILES}/")):
                raise
            parts = urlsplit(error.to)
            media = Web(CLOUD_FILES)  # without a password
            try:
                return media.ask(parts.path, dict(parse_qsl(parts.query)))
            finally:
                media.close()

    # --- who may read it

    def readers(self, space: WikiSpace) -> Wall:
        """Who may see a space. Raises Refused or NotThere where that is not told."""
        if self.cloud:
            told = self._all(f"/api/v2/spaces/{space.id}/permissions", {"limit": "250"})
            reading = [one["principal"] for one in told if one["operation"] == {"key": "read", "targetType": "space"}]
            return frozenset(map(self._principal, reading))
        question = {"jsonrpc": "2.0", "id": 1, "method": "getSpacePermissionSets", "params": [space.key]}
        path = f"{self.path}/rpc/json-rpc/confluenceservice-v2"
        try:
            answer = json.loads(self.web.ask(path, content=json.dumps(question).encode(), kind="application/json"))
            sets = [one for one in answer["result"] if one["type"] == "VIEWSPACE"]
        except (ValueError, KeyError, TypeError) as error:
            raise NotThere(f"{path} does not answer as the remote API does") from error
        found = set[str]()
        for one in (one for part in sets for one in part["spacePermissions"]):
            found.add(f"@{one['groupName']}" if one.get("groupName") else one.get("userName") or EVERYONE)
        return frozenset(found)

    def wall(self, content: str) -> Wall | None:
        """Who may read a page, or what else pages are inside of, by restrictions of its own; None without any."""
        answer = self.web.json(f"{self.path}/rest/api/content/{content}/restriction/byOperation/read")
        return self._walled(answer["restrictions"])

    def inside(self, content: str, kind: str) -> tuple[str, str]:
        """What a folder, a database or the like is inside of, and of which kind that is; "" at the top."""
        answer = self.web.json(f"{self.path}/api/v2/{kind}s/{content}")
        return str(answer.get("parentId") or ""), answer.get("parentType") or "page"

    def members(self, group: str) -> frozenset[str] | None:
        """The users of an `@group`; None where they are not told."""
        name = group.removeprefix("@")
        if self.cloud:
            ids = [id_ for id_, one in self._named().items() if one == name]
            path = f"/rest/api/group/{ids[0] if ids else name}/membersByGroupId"
        else:
            path = f"/rest/api/group/{name}/member"
        try:
            return frozenset(map(self._user, self._all(path, {"limit": "200"})))
        except (NotThere, Refused):
            return None

    # --- what it says

    def _all(self, path: str, query: Mapping[str, str]) -> Iterator[Any]:
        """Each entry of a list, to its end."""
        asked = dict(query)
        for _ in range(PARTS):
            answer = self.web.json(self.path + path, asked)
            if not isinstance(answer, dict) or not isinstance(answer.get("results"), list):
                raise SourceError(f"{self.name} answers with something else than Confluence does; check the address")
            yield from answer["results"]
            more = answer.get("_links", {}).get("next", "")
            if not more:
                return
            following = dict(query) | dict(parse_qsl(urlsplit(more).query))  # where it leads is not followed
            if following == asked or not answer["results"]:
                break
            asked = following
        raise SourceError(f"the lists of {self.name} go in circles; nothing was changed, tell its administrator")

    def _first(self, one: dict[str, Any]) -> WikiPage:
        """A page as version 1 tells it."""
        version, above = one.get("version", {}), one.get("ancestors") or [{}]
        restricted = one.get("restrictions", {}).get("read", {}).get("restrictions")
        known = restricted or not self.signed_in  # whom nobody asks about
        wall = self._walled(restricted or {}) if known else self.wall(str(one["id"]))
        labels = one.get("metadata", {}).get("labels", {}).get("results", ())
        return WikiPage(
            str(one["id"]), one["title"], str(version.get("number", "")), version.get("when", ""),
            version.get("by", {}).get("displayName", ""), self._link(one), str(above[-1].get("id", "")), wall=wall,
            labels=frozenset(label["name"] for label in labels),
        )  # fmt: skip

    def _link(self, one: dict[str, Any]) -> str:
        parts = urlsplit(self.web.url)
        return f"{parts.scheme}://{parts.netloc}{self.path}{one.get('_links', {}).get('webui', '')}"

    def _walled(self, restrictions: dict[str, Any]) -> Wall | None:
        users = {self._user(one) for one in restrictions.get("user", {}).get("results", ())}
        return (
            frozenset(users | {f"@{one['name']}" for one in restrictions.get("group", {}).get("results", ())}) or None
        )

    def _user(self, one: dict[str, Any]) -> str:
        """What a user is called: in the Cloud by number, in a Data Center by name."""
        user = str(one.get("accountId") or one.get("username") or one.get("email") or one.get("displayName"))
        if one.get("email"):
            self.mails[user] = str(one["email"]).lower()
        return user

    def _principal(self, one: dict[str, Any]) -> str:
        kind, id_ = str(one["type"]).lower(), str(one["id"])
        if kind == "user":
            return id_
        if kind == "group":
            return f"@{self._named().get(id_, id_)}"
        return EVERYONE if "anonymous" in id_.lower() else f"@{id_}"

    def _named(self) -> dict[str, str]:
        """The names of all groups, by number, as far as they are told."""
        if self._groups is None:
            try:
                self._groups = {str(one["id"]): one["name"] for one in self._all("/rest/api/group", {"limit": "200"})}
            except (NotThere, Refused):
                self._groups = {}
        return self._groups
