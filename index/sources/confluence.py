"""Confluence: each page as the wiki renders it and its attachments, with who may read them.

Somebody may read a page whom its space lets in, and the restrictions of the page and of every page above it: all of
these, each a list of users and groups. A page keeps itself out by the label `noindex`.
"""

import html
import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import PurePosixPath
from typing import Any

from article_assistant.index.reading.page import iso_date
from article_assistant.index.sources.atlassian import Atlassian, Wall, WikiPage, WikiSpace
from article_assistant.index.sources.attached import ending, left_unread
from article_assistant.index.sources.source import Access, Changes, Fetched, Listed, Place, Withdrawn
from article_assistant.index.sources.web import NotThere, Refused
from article_assistant.index.types import EVERYONE, SourceError

KEPT_OUT = "noindex"
NOBODY = Wall()
DEEPEST_PAGE = 100
"""Pages above one another; a wiki with more goes in circles."""


class Confluence:
    """One Confluence; see `index.sources.source.RemoteSource`. Its keys are `SPACE/title` and `SPACE/title/file`."""

    def __init__(self, place: Place, access: Access) -> None:
        self.address = place.address
        self.label = place.label.removesuffix("/wiki")
        self.api = Atlassian(place, access)
        self._access = access
        self._listed = dict[str, WikiPage]()

    def changes(self, state: str) -> Changes:
        """See `RemoteSource.changes`: everything is listed, 100 pages a request, as a right leaves no other trace.

        A page keeps its number when its title changes, so its old key is gone without doubt.
        """
        last: dict[str, Any] = json.loads(state) if state[:1] == "{" else {"api": state, "names": {}}
        known, api = last["api"], self.api.find(last["api"])
        pages, left_out = dict[str, Listed](), Counter[str]()
        for space in self.api.spaces():
            if space.key not in self._access.namespaces if self._access.namespaces else space.personal:
                left_out["spaces that are somebody's own, or not named"] += 1
                continue
            self._list(space, pages, left_out)
        missing = set(self._access.namespaces) - {key.partition("/")[0] for key in pages}
        if missing and not known:  # later on, what is shown no more is hidden or gone as any page
            raise SourceError(f"{self.label} shows no page of a space {min(missing)!r}; check its key, and the user")
        names = {self._listed[key].id: key for key in pages}
        moved = {key for id_, key in last["names"].items() if names.get(id_, key) != key}
        state = json.dumps({"api": api, "names": names})
        return Changes(pages, state, gone=frozenset(moved - pages.keys()), left_out=left_out)

    def _list(self, space: WikiSpace, pages: dict[str, Listed], left_out: Counter[str]) -> None:
        """Put what a space holds into `pages`, and count the rest."""
        found = {one.id: one for one in self.api.pages(space)}
        walls = self._walls(space, found)
        members = cache(self.api.members)
        groups = {id_: self._access.groups or self._names(readers(walls[id_], members)) for id_ in found}
        out = {one.id for one in found.values() if KEPT_OUT in one.labels}
        left_out["that keep themselves out (label noindex)"] += len(out)
        for one in [*found.values(), *self.api.attachments(space)]:
            page = found.get(one.above if one.file else one.id)
            if page is None or page.id in out:  # a file of a blog post, or of an earlier page
                continue
            key = f"{space.key}/{page.title}" + (f"/{one.title}" if one.file else "")
            if self._access.leaves_out(key):
                left_out["left out by name"] += 1
            elif one.file and (why := left_unread(one.title, one.bytes)):
                left_out[why] += 1
            elif key not in pages:
                self._listed[key] = one
                # A label is no revision of its page, and changes nothing else of it.
                pages[key] = Listed(" ".join([one.id, one.revision, *sorted(one.labels)]), groups[page.id])

    def _walls(self, space: WikiSpace, found: Mapping[str, WikiPage]) -> dict[str, list[Wall]]:
        """By page, all lists that its readers have to stand in."""
        if self._access.groups or not self.api.signed_in:
            return {id_: [Wall({EVERYONE})] for id_ in found}
        try:
            first = self.api.readers(space)
        except (Refused, NotThere) as error:
            raise SourceError(
                f"{self.label} does not tell who may read the space {space.key}; name a user who administers it, or "
                "say who may read all that this user reads: --group NAME"
            ) from error
        above = cache(self._above)

        def walls(id_: str, kind: str, depth: int = 0) -> list[Wall]:
            if not id_:
                return [first]
            if depth > DEEPEST_PAGE:
                raise SourceError(f"the pages of {self.label} go in circles; nothing was changed")
            page = found.get(id_)
            wall, up, kind = (page.wall, page.above, page.above_kind) if page else above(id_, kind)
            return [*walls(up, kind, depth + 1), *([] if wall is None else [wall])]

        return {id_: walls(id_, "page") for id_ in found}

    def _above(self, id_: str, kind: str) -> tuple[Wall | None, str, str]:
        """The wall of something that pages are inside of and that is none, such as a folder, and what is above it.

        Where that is not told, nobody is let through.
        """
        try:
            return (self.api.wall(id_), *self.api.inside(id_, kind))
        except (Refused, NotThere):
            return NOBODY, "", "page"

    def _names(self, who: Iterable[str]) -> frozenset[str]:
        """Groups of articles: `label:@group`, `label:user`, and of a user whose address is told `label:address` too."""
        named = {one for name in who for one in (name, self.api.mails.get(name, name))}
        return frozenset(one if one == EVERYONE else f"{self.label}:{one}" for one in named)

    def page(self, key: str) -> Fetched | None:
        """See `RemoteSource.page`: one request. What is hidden looks as if it were gone: both are withdrawn."""
        one = self._listed.get(key) or self._named(key)
        hidden = Withdrawn(f"{self.label} has no page {key}, or shows it to others only")
        if one is None:
            raise hidden
        try:
            if one.file:
                body, kind = self.api.file(one), ending(one.title)
                title = PurePosixPath(one.title).stem
            else:
                text = self.api.text(one.id)
                if text is None:
                    raise hidden
                title, kind = one.title, ".html"
                head = f'<head><meta charset="utf-8"><title>{html.escape(title)}</title></head>'
                body = f'<html>{head}<body><div id="main-content">{text}</div></body></html>'.encode()
        except (Refused, NotThere) as error:
            raise hidden from error
        return Fetched(
            title, body, one.link, one.revision, iso_date(one.updated), one.editor, kind=kind, shown=not one.file,
            categories=tuple(one.labels),
        )  # fmt: skip

    def _named(self, key: str) -> WikiPage | None:
        """What an earlier listing called so."""
        self.api.find()
        space, _, title = key.partition("/")
        if found := self.api.titled(space, title):
            return found
        page, _, file = title.rpartition("/")
        found = self.api.titled(space, page) if page else None
        return found and replace(found, file=f"/download/attachments/{found.id}/{file}", title=file)


def readers(walls: Iterable[Wall], members: Callable[[str], frozenset[str] | None]) -> frozenset[str]:
    """The users and `@groups` that stand in all of some lists; `members` tells who is in a group, None if it does not.

    A group is let through as a whole where it stands in each, or where each of its members does; others of its
    members by their own names.

    >>> readers([frozenset({"@staff"}), frozenset({"@hr"})], {"@hr": {"mia"}, "@staff": {"mia", "tom"}}.get)
    frozenset({'@hr'})
    >>> readers([frozenset({"everyone"}), frozenset({"bob"})], dict().get)
    frozenset({'bob'})
    """
    parted = [wall for wall in dict.fromkeys(walls) if EVERYONE not in wall]
    if not parted:
        return frozenset({EVERYONE})
    through = frozenset.intersection(*parted)
    if len(parted) == 1 or not all(parted):
        return through
    named = frozenset.union(*parted)
    known = {name: members(name) or frozenset() for name in named if name.startswith("@")}

    def passes(user: str) -> bool:
        mine = {user, *(group for group, inside in known.items() if user in inside)}
        return not any(mine.isdisjoint(wall) for wall in parted)

    may = {user for user in named.union(*known.values()) - known.keys() if passes(user)}
    whole = through | {group for group, inside in known.items() if inside and inside <= may}
    return frozenset(whole | {user for user in may if not any(user in known.get(group, ()) for group in whole)})
