"""A website by its sitemap (https://www.sitemaps.org/protocol.html): every page that it lists, as a guest reads it.

`robots.txt` says where the sitemaps are and what is not to be read. A page is read again when its `lastmod` changes,
or, where it has none, the ETag or the date that the server tells of it.
"""

import json
import threading
import time
import zlib
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit
from urllib.robotparser import RobotFileParser

import lxml.etree
from article_assistant.index.reading.files import READERS
from article_assistant.index.reading.page import iso_date
from article_assistant.index.sources.source import Access, Changes, Fetched, Listed, Place, Withdrawn
from article_assistant.index.sources.web import LARGEST_ANSWER, Moved, NotThere, Refused, Web
from article_assistant.index.types import EVERYONE, ArticleError, SourceError

AGENT = "article-assistant"
"""What rules in `robots.txt` call us."""
SITEMAPS = 1_000
"""Sitemaps that are read at most; a site with more goes in circles."""
LONGEST_PAUSE = 10.0
"""Seconds between two pages that a site may ask for; who asks for more gets these."""
LOOKED_AT = timedelta(hours=6)
"""How long what a server told of a page without `lastmod` is believed."""


class Site:
    """One website; see `index.sources.source.RemoteSource`. Its keys are paths, without the slashes around them."""

    def __init__(self, place: Place, access: Access) -> None:
        user = access.user or place.user
        if user and not access.groups:
            raise SourceError(
                f"{place.label} does not tell who may read what {user} reads; say who may read all of it: --group NAME"
            )
        self.address = place.address
        self.label = place.label.removesuffix("/sitemap.xml")
        self.web = Web(place.url, (user, access.secret()) if user else None)
        self._access = access
        self._origin = "{0.scheme}://{0.netloc}".format(urlsplit(place.url))
        self._urls = dict[str, str]()  # by key, what is asked for: path and query
        self._days = dict[str, str | None]()
        self._revisions = dict[str, str]()
        self._pause, self._one = 0.0, threading.Lock()

    def changes(self, state: str) -> Changes:
        """See `RemoteSource.changes`: `robots.txt`, the sitemaps, and of pages without `lastmod` what is new."""
        robots = self._robots()
        last = json.loads(state) if state else {}
        now = datetime.now(UTC)
        believed = bool(last) and now - datetime.fromisoformat(last["looked"]) < LOOKED_AT
        stamps, left_out, pages = dict[str, str](), Counter[str](), dict[str, Listed]()
        below = "" if self.web.path.endswith((".xml", ".gz")) else self.web.path
        for url, changed in self._listed(robots):
            parts = urlsplit(url)
            asked = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            key = unquote(asked).strip("/") or "index"
            if f"{parts.scheme}://{parts.netloc}" != self._origin or not f"{parts.path}/".startswith(f"{below}/"):
                left_out["on another host, or not below the address"] += 1
            elif not robots.can_fetch(AGENT, url):
                left_out["that robots.txt forbids"] += 1
            elif self._access.leaves_out(key):
                left_out["left out by name"] += 1
            else:
                if not changed:
                    stamps[key] = (last["stamps"].get(key) if believed else None) or self._stamp(asked)
                self._urls[key], self._days[key] = asked, iso_date(changed) if changed else None
                self._revisions[key] = changed or stamps[key]
                pages[key] = Listed(self._revisions[key], self._access.groups or frozenset({EVERYONE}))
        told = {"looked": last["looked"] if believed else now.isoformat(), "stamps": stamps}
        return Changes(pages, json.dumps(told), left_out=left_out)

    def page(self, key: str) -> Fetched | None:
        """See `RemoteSource.page`: one request."""
        with self._one:
            time.sleep(self._pause)
        asked = self._urls[key]
        try:
            body = self.web.ask(asked)
        except Refused as error:
            raise Withdrawn(f"{self.label} shows {key} to others only") from error
        except Moved as error:
            raise ArticleError(str(error)) from error
        except NotThere:
            return None
        ending = PurePosixPath(urlsplit(asked).path).suffix.lower()
        kind = ending if ending in READERS else ".html"
        return Fetched("", body, self._origin + asked, self._revisions[key], self._days[key], kind=kind)

    def _robots(self) -> RobotFileParser:
        """The rules for programs; none where no `robots.txt` is shown (RFC 9309)."""
        robots, rules = RobotFileParser(), b""
        with suppress(NotThere, Refused):
            rules = self.web.ask("/robots.txt")
        robots.parse(rules.decode("utf-8", "replace").splitlines())
        self._pause = min(float(robots.crawl_delay(AGENT) or 0), LONGEST_PAUSE)
        return robots

    def _listed(self, robots: RobotFileParser) -> list[tuple[str, str]]:
        """Each page of all sitemaps with its `lastmod`, which may be empty."""
        named = [self.web.url] if self.web.path.endswith((".xml", ".gz")) else robots.site_maps()
        waiting = list(named or [f"{self._origin}/sitemap.xml"])
        seen, found = set[str](), list[tuple[str, str]]()
        while waiting:
            url = waiting.pop(0)
            if url in seen or "{0.scheme}://{0.netloc}".format(urlsplit(url)) != self._origin:
                continue
            seen.add(url)
            if len(seen) > SITEMAPS:
                raise SourceError(f"{self.label} has more than {SITEMAPS:,} sitemaps; name one of them as the address")
            root = self._sitemap(url)
            entries = [[one.findtext(f"{{*}}{name}", "").strip() for name in ("loc", "lastmod")] for one in root]
            if lxml.etree.QName(root).localname == "sitemapindex":
                waiting += [address for address, _ in entries]
            else:
                found += [(address, day) for address, day in entries if address]
        return found

    def _sitemap(self, url: str) -> lxml.etree._Element:
        """The root of a sitemap, unpacked where it is packed. Raises SourceError where it is none."""
        hint = f"{url} is no sitemap; name the address of one: site+{self._origin}/sitemap.xml"
        try:
            body = self.web.ask(url.removeprefix(self._origin))
            if body.startswith(b"\x1f\x8b"):
                body = zlib.decompressobj(47).decompress(body, LARGEST_ANSWER)
            parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
            root = lxml.etree.fromstring(body, parser)
        except Refused as error:
            raise Withdrawn(f"{self.label} is shown to users only; name one, and who may read: --group") from error
        except (NotThere, zlib.error, lxml.etree.XMLSyntaxError) as error:
            raise SourceError(f"{error}; {hint}" if isinstance(error, NotThere) else hint) from error
        if lxml.etree.QName(root).localname not in {"sitemapindex", "urlset"}:
            raise SourceError(hint)
        return root

    def _stamp(self, asked: str) -> str:
        """What a server says of a page without sending it: its ETag, its date, or else the day of today."""
        try:
            told = self.web.told(asked)
        except (NotThere, Refused) as error:  # which reading the page will say
            return str(error)
        return told.get("etag") or told.get("last-modified") or datetime.now(UTC).date().isoformat()
