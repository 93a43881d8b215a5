"""MediaWiki 1.39 and newer: each page as the wiki renders it, and what changed since the last time.

Who may read is told by wiki: core knows no rights by page ("protect" limits editing), and an extension that adds some
is noticed. A page keeps itself out by `__NOINDEX__`.
"""

import html
import json
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from article_assistant.index.reading.page import iso_date
from article_assistant.index.sources.api import Api
from article_assistant.index.sources.attached import ending, left_unread
from article_assistant.index.sources.source import Access, Changes, Fetched, Listed, Place, Withdrawn
from article_assistant.index.sources.web import NotThere, Refused
from article_assistant.index.types import EVERYONE, ArticleError, SourceError

HIDING = {
    "AccessControl", "BlueSpicePermissionManager", "GroupBasedAccessControl", "HaloACL", "IntraACL", "Lockdown",
    "PagePermissions", "PageRestrictions", "PrivatePageProtection", "RestrictAccessByCategoryAndGroup", "SemanticACL",
    "SimpleSecurity", "WhitelistPages",
}  # fmt: skip
"""Extensions that let a page be read by some only of those who may read the wiki."""
READ_SPACES = {0, 4, 12, 14}
"""Read where nobody names others: articles, pages about the wiki, help, categories; and what a wiki adds, if text."""
CODE = {"Scribunto", "GadgetDefinition", "javascript", "css", "sanitized-css", "json"}
"""Content models of what is no text."""
FILE_SPACE = 6
"""The namespace of files; what is written about them is read only where somebody names it."""
TITLES = 50
"""Titles that the API takes in one request."""
WHOLE_AGAIN = timedelta(days=20)
"""Then all is listed once more: a wiki forgets its recent changes, by default after 90 days."""
OVERLAP = timedelta(minutes=3)
"""How long before the last time changes are looked at again: one may be seen later than its time says."""


class MediaWiki:
    """One MediaWiki; see `index.sources.source.RemoteSource`. Its keys are titles, its state is JSON."""

    def __init__(self, place: Place, access: Access) -> None:
        self.address = place.address
        self.label = re.sub(r"/(wiki/.+|(index|api)\.php.*)$", "", place.label)  # whichever of its pages is named
        self.api = Api(place, access)
        self._access = access
        self._details = dict[str, dict[str, Any]]()  # by title, what was listed of it
        self._anew = set[str]()  # titles whose rendering the wiki may have kept from before a template changed
        self._spaces = set[int]()  # what is read of it, and who may read that:
        self._groups = frozenset[str]()

    # --- what is there

    def changes(self, state: str) -> Changes:
        """See `RemoteSource.changes`. An unchanged wiki costs one request, or four with a user."""
        last = json.loads(state) if state else {}
        self.api.find(last.get("api", ""))
        facts, now, recent = self._facts(last.get("time"))
        self._spaces, self._groups = self._spaces_of(facts["namespaces"]), self._readers(facts)
        config = [sorted(self._spaces), sorted(self._groups), list(self._access.leave_out)]
        numbers = [facts["statistics"][name] for name in ("pages", "edits")]
        kept: dict[str, Any] = {"api": self.api.path, "time": now, "config": config, "numbers": numbers}
        kept |= {"seen": [one["rcid"] for one in recent]}
        if last and last["config"] == config:
            fresh = [one for one in recent if one["rcid"] not in last["seen"]]
            # What a script imports may leave no trace among the changes: it shows in the numbers.
            told = fresh or numbers == last["numbers"]
            if told and datetime.fromisoformat(now) - datetime.fromisoformat(last["whole"]) < WHOLE_AGAIN:
                names = dict(last["names"])
                pages, looked = self._look(fresh, names) if fresh else ({}, set[str]())
                kept |= {"whole": last["whole"], "names": names}
                return Changes(pages, json.dumps(kept), False, frozenset(looked - pages.keys()))
        names, left_out = dict[str, str](), dict[str, int]()
        pages = {}
        for space in sorted(self._spaces if self._access.namespaces else self._spaces | {FILE_SPACE}):
            listed = self._all(generator="allpages", gapnamespace=str(space), gaplimit="max",
                               gapfilterredir="nonredirects")  # fmt: skip
            pages |= self._listed(listed, names, left_out)
        kept |= {"whole": now, "names": names}
        return Changes(pages, json.dumps(kept), True, left_out=left_out)

    def _facts(self, since: str | None) -> tuple[dict[str, Any], str, list[dict[str, Any]]]:
        """What a wiki says of itself, its time, and its changes since a time, or else in the last minutes."""
        began = datetime.fromisoformat(since) if since else datetime.now(UTC)
        recent: list[dict[str, Any]] = []
        facts, now = dict[str, Any](), ""
        for answer in self.api.query(
            meta="siteinfo|userinfo",
            siprop="general|namespaces|usergroups|extensions|statistics",
            curtimestamp="1",
            list="recentchanges",
            rcstart=f"{began - OVERLAP:%Y-%m-%dT%H:%M:%SZ}",
            rcdir="newer",
            rctype="edit|new|log",
            rcprop="title|ids|timestamp|loginfo",
            rclimit="max",
        ):
            facts, now = facts | answer["query"], now or answer["curtimestamp"]
            recent += answer["query"].get("recentchanges", ())
        return facts, now, recent

    def _all(self, **asked: str) -> list[dict[str, Any]]:
        """The pages of a query, each with all that its parts tell of it."""
        found = dict[str, dict[str, Any]]()
        told = "info|revisions|redirects|pageprops|imageinfo" + ("|transcludedin" if "tilimit" in asked else "")
        props = {"prop": told, "inprop": "url", "rvprop": "ids|timestamp|user", "rdlimit": "max", "ppprop": "noindex",
                 "iiprop": "url|timestamp|user|size|sha1"}  # fmt: skip
        for answer in self.api.query(**props, **asked):
            for page in answer.get("query", {}).get("pages", ()):
                known = found.setdefault(page["title"], {})
                lists = {
                    name: known.get(name, []) + page[name] for name in ("redirects", "transcludedin") if name in page
                }
                known |= page | lists
        return list(found.values())

    def _look(self, fresh: Sequence[dict[str, Any]], names: dict[str, str]) -> tuple[dict[str, Listed], set[str]]:
        """The pages that recent changes touch, and all titles looked at.

        These are what changed, what shows it as a template, and where a redirect leads or led to.
        """
        looked = {one["title"] for one in fresh if "title" in one}
        for one in fresh:  # a page that was moved, or merged into another
            looked |= {str(value) for name, value in one.get("logparams", {}).items() if name.endswith("_title")}
        looked |= {names.pop(title) for title in looked & names.keys()}
        spaces = "|".join(map(str, sorted(self._spaces)))
        found: list[dict[str, Any]] = []
        for part in _batches(sorted(looked), TITLES):
            found += self._all(titles="|".join(part), redirects="1", tiprop="title", tilimit="max", tinamespace=spaces)
        shows = {one["title"] for page in found for one in page.get("transcludedin", ())}
        for part in _batches(sorted(shows - {page["title"] for page in found}), TITLES):
            found += self._all(titles="|".join(part))
        pages = self._listed(found, names, {})
        self._anew |= shows
        # A wiki may tell of an upload a moment before it tells the new file's digest.
        shows |= {page["title"] for page in found if page["ns"] == FILE_SPACE}
        for title in shows & pages.keys():
            pages[title] = Listed(pages[title].revision, self._groups, again=True)
        return pages, looked | shows | {page["title"] for page in found}

    def _listed(
        self, found: Iterable[dict[str, Any]], names: dict[str, str], left_out: dict[str, int]
    ) -> dict[str, Listed]:
        """Pages as they are listed; puts their redirects into `names`, and counts the others by the reason."""
        pages = {}
        for page in found:
            title = page["title"]
            file = page["ns"] == FILE_SPACE and page.get("imagerepository") == "local" and not self._access.namespaces
            if not (file or page["ns"] in self._spaces) or "revisions" not in page or "redirect" in page:
                continue
            if file and (reason := self._unread(page)):
                left_out[reason] = left_out.get(reason, 0) + 1
                continue
            why = "left out by name" if self._access.leaves_out(title) else "that keep themselves out (__NOINDEX__)"
            if self._access.leaves_out(title) or "noindex" in page.get("pageprops", {}):
                left_out[why] = left_out.get(why, 0) + 1
                continue
            page["names"] = sorted(one["title"] for one in page.get("redirects", ()))
            names |= dict.fromkeys(page["names"], title)
            self._details[title] = page
            revision = str(page["imageinfo"][0]["sha1"] if file else page["lastrevid"])
            pages[title] = Listed("\0".join([revision, *page["names"]]), self._groups)
        return pages

    def _unread(self, page: dict[str, Any]) -> str:
        """Why a file is left out; "" where it is read."""
        facts = page["imageinfo"][0]
        if urlsplit(facts["url"]).netloc != urlsplit(self.api.web.url).netloc:
            return "attachments at another address"
        return left_unread(page["title"], facts["size"])

    def _spaces_of(self, there: dict[str, dict[str, Any]]) -> set[int]:
        """The numbers of the namespaces that are read. Raises SourceError where one is not there."""
        spaces = [one for one in there.values() if one["id"] >= 0]
        if not self._access.namespaces:
            own = {
                one["id"]
                for one in spaces
                if one["id"] >= 100 and one["id"] % 2 == 0 and one.get("defaultcontentmodel") not in CODE
            }
            return own | READ_SPACES
        named = {str(one.get(word, "")).casefold(): one["id"] for one in spaces for word in ("id", "canonical", "name")}
        for name in self._access.namespaces:
            if name.casefold() not in named:
                known = ", ".join(one["name"] for one in spaces if one["name"])
                raise SourceError(f"{self.label} has no namespace {name!r}; it has {known}, and 0 for articles")
        return {named[name.casefold()] for name in self._access.namespaces}

    def _readers(self, facts: dict[str, Any]) -> frozenset[str]:
        """Who may read the wiki. Raises SourceError where that cannot be told and nobody says it."""
        if self._access.groups:
            return self._access.groups
        if not self.api.user:  # what nobody has to log in for
            return frozenset({EVERYONE})
        hiding = sorted(HIDING & {one.get("name", "") for one in facts["extensions"]})
        may = {one["name"] for one in facts["usergroups"] if "read" in one.get("rights", ())}
        if hiding or not may:
            why = f"has the extension {hiding[0]}, which may hide pages" if hiding else "does not tell who may read it"
            raise SourceError(f"{self.label} {why}; say who may read all that {self.api.user} reads: --group NAME")
        return frozenset({EVERYONE} if "*" in may else {f"{self.label}:{name}" for name in may})

    # --- one page

    def page(self, key: str) -> Fetched | None:
        """See `RemoteSource.page`. One request, as a wiki renders one page at a time; two where a template changed."""
        about = self._details[key]
        if about["ns"] == FILE_SPACE and FILE_SPACE not in self._spaces:
            return self._file(about)
        plain = {"disableeditsection": "1", "disabletoc": "1", "disablelimitreport": "1"}
        try:
            if key in self._anew:  # the wiki may have kept a rendering from before a template changed; not of a text
                answer = self.api.ask("parse", page=key, prop="wikitext|revid")["parse"]
                text = answer["wikitext"]
                asked = {"title": key, "text": text, "contentmodel": "wikitext", "prop": "text|categories"}
                answer |= self.api.ask("parse", **asked, **plain)["parse"]
            else:
                answer = self.api.ask("parse", page=key, prop="text|revid|categories", **plain)["parse"]
        except ArticleError as error:
            if str(error).startswith(("missingtitle", "nosuchrevid")):
                return None
            raise
        head = f'<head><meta charset="utf-8"><title>{html.escape(key)}</title></head>'
        body = f'<html>{head}<body><div id="mw-content-text">{answer["text"]}</div></body></html>'
        made = about["revisions"][0]
        # As rendered, so those that a template gives are there at once; a list of pages knows them later.
        inside = (one["category"].replace("_", " ") for one in answer.get("categories", ()) if not one.get("hidden"))
        return Fetched(
            key, body.encode(), str(about.get("canonicalurl", "")), str(answer.get("revid", "")),
            iso_date(made.get("timestamp")), str(made.get("user", "")), tuple(about["names"]),
            categories=tuple(inside),
        )  # fmt: skip

    def _file(self, about: dict[str, Any]) -> Fetched | None:
        """A file, which a private wiki hands out to who is logged in."""
        facts = about["imageinfo"][0]
        place = urlsplit(facts["url"])
        try:
            body = self.api.web.ask(place.path + (f"?{place.query}" if place.query else ""))
        except Refused as error:
            raise Withdrawn(f"{self.label} shows {about['title']} to others only") from error
        except NotThere:
            return None
        return Fetched(
            "", body, facts["url"], facts["sha1"], iso_date(facts["timestamp"]), facts.get("user", ""),
            tuple(about["names"]), ending(about["title"]), shown=False,
        )  # fmt: skip


def _batches(titles: Sequence[str], size: int) -> Iterable[Sequence[str]]:
    return (titles[at : at + size] for at in range(0, len(titles), size))
