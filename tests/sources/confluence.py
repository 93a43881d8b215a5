"""A stand-in for Confluence that tests fill: spaces, pages, restrictions, permissions, groups and attachments.

It speaks as the Cloud or as a Data Center does, by their published documentation, and was not compared with either.
Whoever asks sees what they may: the rest is left out of lists, and is 404 by its number.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs, quote, unquote, urlencode, urlsplit

from tests.sources.test_web import Server, say

JSON = dict[str, Any]


@dataclass
class Sheet:
    """A page, or with a `file` an attachment of the page `above`; `only` are users and `@groups` that it is kept to."""

    id: int
    space: str
    title: str
    body: str = ""
    above: int = 0
    only: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    version: int = 1
    file: bytes = b""


@dataclass
class Stand:
    """One Confluence. `spaces` tells who may see each; `admins` may see and ask everything."""

    cloud: bool
    sheets: list[Sheet]
    spaces: dict[str, tuple[str, ...]]
    groups: dict[str, tuple[str, ...]] = field(default_factory=dict)
    admins: tuple[str, ...] = ("ann",)
    tells: bool = True
    folders: dict[int, tuple[int, tuple[str, ...]]] = field(default_factory=dict)
    media: str = ""
    part: int = 2

    def __post_init__(self) -> None:
        self.server = Server()
        self.server.acts = [self._answer]
        self.url = self.server.url

    @property
    def asked(self) -> list[str]:
        """The paths that were asked for."""
        return [urlsplit(path).path for path, _, _ in self.server.asked]

    # --- who sees what

    def may(self, user: str, who: Iterable[str]) -> bool:
        return any(one in {user, "everyone"} or user in self.groups.get(one.removeprefix("@"), ()) for one in who)

    def sees(self, user: str, sheet: Sheet) -> bool:
        if user in self.admins:
            return True
        above = next((one for one in self.sheets if one.id == sheet.above), None)
        if sheet.above in self.folders:
            up, only = self.folders[sheet.above]
            above = Sheet(sheet.above, sheet.space, "", above=up, only=only)
        inside = self.sees(user, above) if above else self.may(user, self.spaces[sheet.space])
        return inside and (not sheet.only or self.may(user, sheet.only))

    # --- what it answers

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        kind, _, sent = handler.headers.get("Authorization", "").partition(" ")
        user = {"Basic": lambda: base64.b64decode(sent).decode(), "Bearer": lambda: sent}.get(kind, str)()
        user, _, secret = user.partition(":")
        if kind and (secret or user) != "secret":
            say({"message": "Unauthorized"}, 401)(handler)
            return
        user = "ann" if kind == "Bearer" else user
        parts = urlsplit(handler.path)
        path, query = unquote(parts.path), {name: values[0] for name, values in parse_qs(parts.query).items()}
        if self.cloud and path.startswith("/wiki/"):
            path = path.removeprefix("/wiki")
        elif self.cloud or path.startswith("/api/v2"):
            say(b"<html>Not here</html>", 404)(handler)
            return
        answer = self._file(path, user) or self._found(path, query, user)
        act = answer if callable(answer) else say({"statusCode": 404}, 404) if answer is None else say(answer)
        act(handler)

    def _file(self, path: str, user: str) -> Any:
        if not path.startswith("/download/"):
            return None
        above, title = path.split("/")[-2:]
        for one in self._seen(user):
            if one.file and one.title == title and str(one.above) == above:
                if self.media:
                    return say(b"", 302, Location=f"{self.media}/file/{one.id}?token=t%3D1")
                return say(one.file)
        return None

    def _seen(self, user: str) -> list[Sheet]:
        return [one for one in self.sheets if self.sees(user, one)]

    def _found(self, path: str, query: dict[str, str], user: str) -> Any:
        steps = path.strip("/").split("/")
        match steps:
            case ["rpc", _, _] if not self.cloud and self.tells and user in self.admins:
                asked = json.loads(self.server.asked[-1][1])
                return {
                    "result": [
                        {"type": "EDITSPACE", "spacePermissions": [{"userName": "eve"}]},
                        {"type": "VIEWSPACE", "spacePermissions": [*map(_set, self.spaces[asked["params"][0]])]},
                    ]
                }
            case ["rest", "api", "space"] if not self.cloud:
                return self._list(path, query, self._spaces(user))
            case ["rest", "api", "group"] if self.cloud:
                return self._list(path, query, [{"id": f"g-{name}", "name": name} for name in self.groups])
            case ["rest", "api", "group", name, "member" | "membersByGroupId"] if (
                name.removeprefix("g-") in self.groups
            ):
                return self._list(path, query, [self._user(one) for one in self.groups[name.removeprefix("g-")]])
            case ["rest", "api", "content", *_]:
                return self._content(path, steps[3:], query, user)
            case ["api", "v2", "spaces"]:
                return self._list(path, query, self._spaces(user))
            case ["api", "v2", "spaces", number, "pages"]:
                return self._list(
                    path,
                    query,
                    [self._page(one, {}) for one in self._seen(user) if not one.file and f"s{one.space}" == number],
                )
            case ["api", "v2", "spaces", number, "permissions"]:
                if not self.tells:
                    return say({}, 403)
                rights = [_principal(one) for one in self.spaces[number[1:]]] + [None]
                return self._list(
                    path,
                    query,
                    [
                        {
                            "principal": one or {"type": "user", "id": "eve"},
                            "operation": {"key": "read" if one else "delete", "targetType": "space"},
                        }
                        for one in rights
                    ],
                )
            case ["api", "v2", "pages", number]:
                return next((self._page(one, {}, True) for one in self._seen(user) if str(one.id) == number), None)
            case ["api", "v2", "folders", number] if int(number) in self.folders:
                up = self.folders[int(number)][0]
                return {"id": number, "parentId": str(up) if up else None, "parentType": "page" if up else None}
        return None

    def _content(self, path: str, steps: list[str], query: dict[str, str], user: str) -> Any:
        asked = query.get("expand", "")
        if steps == ["search"] or not steps:
            wanted = query.get("cql", "")
            files = "type=attachment" in wanted
            space = query.get("spaceKey") or wanted.split('"')[1]
            found = [one for one in self._seen(user) if one.space == space and bool(one.file) == files]
            found = [one for one in found if query.get("title") in {None, one.title}]
            return self._list(path, query, [self._page(one, {"v1": asked}) for one in found])
        if len(steps) > 1:
            only = self.folders.get(int(steps[0]), (0, None))[1]
            for one in self._seen(user):
                only = one.only if str(one.id) == steps[0] else only
            return None if only is None else {"operation": "read", "restrictions": self._walls(only)}
        return next((self._page(one, {"v1": asked}) for one in self._seen(user) if str(one.id) == steps[0]), None)

    def _spaces(self, user: str) -> list[JSON]:
        seen = {one.space for one in self._seen(user)}
        return [
            {"id": f"s{key}", "key": key, "type": "personal" if key.startswith("~") else "global"}
            for key in self.spaces
            if key in seen
        ]

    def _page(self, one: Sheet, asked: JSON, body: bool = False) -> JSON:
        when = "2026-11-02T09:30:00.000Z"
        page: JSON = {"id": str(one.id), "title": one.title, "_links": {"webui": f"/spaces/{one.space}/pages/{one.id}"}}
        if one.file:
            page["_links"]["download"] = f"/download/attachments/{one.above}/{quote(one.title)}?version=1"
        if "v1" not in asked:
            page |= {
                "version": {"number": one.version, "createdAt": when},
                "parentId": str(one.above) if one.above else None,
            }
            page["parentType"] = "folder" if one.above in self.folders else "page"
            return page | ({"body": {"view": {"value": one.body}}} if body else {})
        parts = asked["v1"].split(",")
        if "version" in parts:
            page["version"] = {"number": one.version, "when": when, "by": {"displayName": "Mia"}}
        if "ancestors" in parts:
            page["ancestors"] = [{"id": str(one.above)}] if one.above else []
        if "container" in parts:
            page["container"] = {"id": str(one.above), "type": "page"}
        if "metadata.labels" in parts:
            page["metadata"] = {"labels": {"results": [{"name": name} for name in one.labels]}}
        if "restrictions.read.restrictions.user" in parts:
            page["restrictions"] = {"read": {"restrictions": self._walls(one.only)}}
        return page | ({"body": {"view": {"value": one.body}}} if "body.view" in parts else {})

    def _walls(self, only: Iterable[str]) -> JSON:
        return {
            "user": {"results": [self._user(one) for one in only if one[0] != "@"]},
            "group": {"results": [{"name": one[1:], "id": f"g-{one[1:]}"} for one in only if one[0] == "@"]},
        }

    def _user(self, name: str) -> JSON:
        return {"accountId": name, "email": f"{name.title()}@corp.example"} if self.cloud else {"username": name}

    def _list(self, path: str, query: dict[str, str], items: list[JSON]) -> JSON:
        """A part of a list; what follows is told by a number, or in the Cloud by a word that only it understands."""
        begin = int(query.get("cursor", query.get("start", "0")).removeprefix("c"))
        size = min(int(query.get("limit", 25)), self.part)
        links = {}
        if begin + size < len(items):
            more = {"cursor": f"c{begin + size}"} if self.cloud else {"start": str(begin + size)}
            links["next"] = f"{path}?{urlencode(query | more)}"
        return {"results": items[begin : begin + size], "_links": links}


def _set(who: str) -> JSON:
    """One right of a space as a Data Center tells it; a guest has no name."""
    if who == "everyone":
        return {"type": "VIEWSPACE"}
    return {"groupName": who[1:]} if who.startswith("@") else {"userName": who}


def _principal(who: str) -> JSON:
    if who == "everyone":
        return {"type": "role", "id": "anonymous-users"}
    return {"type": "group", "id": f"g-{who[1:]}"} if who.startswith("@") else {"type": "user", "id": who}
