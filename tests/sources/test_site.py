"""A website is read by its sitemap: what it lists, what it forbids, and what changed."""

import gzip
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest
from article_assistant.index.search import Index
from article_assistant.index.sources import kinds
from article_assistant.index.sources.site import Site
from article_assistant.index.sources.source import Access
from article_assistant.index.sync import SyncReport, sync
from article_assistant.index.types import EVERYONE, SourceError

from tests.parts import MOST, Words
from tests.sources.test_web import Server, say

ALL = frozenset({EVERYONE})
LONG_AGO = timedelta(0)


class Web(Server):
    """A website whose files and ETags a test sets; a page without an ETag answers without one."""

    def __init__(self) -> None:
        super().__init__()
        self.files: dict[str, bytes] = {}
        self.etags: dict[str, str] = {}
        self.acts = [self.act]

    def act(self, handler: BaseHTTPRequestHandler) -> None:
        if handler.path not in self.files:
            say(b"", 404)(handler)
        elif handler.command == "HEAD":
            handler.send_response(200)
            if tag := self.etags.get(handler.path):
                handler.send_header("ETag", tag)
            handler.end_headers()
        else:
            say(self.files[handler.path])(handler)

    def maps(self, *entries: tuple[str, str]) -> bytes:
        """A sitemap of paths, or whole addresses, with their `lastmod`."""
        urls = [
            f"<url><loc>{path if '://' in path else self.url + path}</loc><lastmod>{day}</lastmod></url>"
            for path, day in entries
        ]
        return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">{"".join(urls)}</urlset>'.encode()

    def asked_for(self) -> list[str]:
        """What was asked for since the last time."""
        paths = [path for path, _, _ in self.asked if path not in {"/robots.txt", "/sitemap.xml"}]
        self.asked.clear()
        return paths


@pytest.fixture
def web() -> Iterator[Web]:
    running = Web()
    for name in ("trips", "leave"):
        running.files[f"/{name}.html"] = f"<title>{name}</title><h1>{name}</h1><p>Tobias approves {name}.</p>".encode()
    running.files["/sitemap.xml"] = running.maps(("/trips.html", "2026-11-01"), ("/leave.html", ""))
    running.etags["/leave.html"] = '"one"'
    yield running
    running.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    yield opened
    opened.close()


def read(web: Web, index: Index, path: str = "", **said: object) -> SyncReport:
    remote = kinds.remote(f"site+{web.url}{path}", Access(**said))  # type: ignore[arg-type]
    assert isinstance(remote, Site)
    return sync([remote], index, MOST)


def test_pages_are_read_as_a_guest_reads_them(web: Web, index: Index) -> None:
    """Each page of the sitemap is an article for everyone, with its link and day."""
    report = read(web, index)
    host = web.url.removeprefix("http://")
    assert sorted(report.added) == [f"{host}/leave.html", f"{host}/trips.html"]
    article = index.article(f"{host}/trips.html", ALL)
    assert article
    assert (article.title, article.url, article.updated) == ("trips", f"{web.url}/trips.html", "2026-11-01")


def test_only_what_changed_is_read_again(web: Web, index: Index) -> None:
    """By `lastmod`, and without one by the ETag, which is asked for again after some hours only."""
    read(web, index)
    web.asked_for()
    assert (read(web, index).unchanged, web.asked_for()) == (2, [])
    web.files["/sitemap.xml"] = web.maps(("/trips.html", "2026-11-02"), ("/leave.html", ""))
    assert (len(read(web, index).changed), web.asked_for()) == (1, ["/trips.html"])
    web.etags["/leave.html"] = '"two"'
    with pytest.MonkeyPatch.context() as later:
        later.setattr("article_assistant.index.sources.site.LOOKED_AT", LONG_AGO)
        assert len(read(web, index).changed) == 1
        assert web.asked_for() == ["/leave.html", "/leave.html"]
    web.files["/sitemap.xml"] = web.maps(("/trips.html", "2026-11-02"))
    assert len(read(web, index).removed) == 1


def test_what_robots_forbid_and_other_hosts_are_left_out(web: Web, index: Index) -> None:
    """`robots.txt` is obeyed, and names the sitemaps, one of others, packed; pages elsewhere are counted, not asked."""
    web.files["/robots.txt"] = f"User-agent: *\nDisallow: /leave\nSitemap: {web.url}/maps.xml\n".encode()
    web.files["/maps.xml"] = (
        f'<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><sitemap><loc>{web.url}/a.xml.gz</loc></sitemap>'
        f"<sitemap><loc>{web.url}/maps.xml</loc></sitemap><sitemap><loc>http://other.example/b.xml</loc></sitemap>"
        "</sitemapindex>"
    ).encode()
    listed = web.maps(("/trips.html", "2026"), ("/leave.html", ""), ("http://169.254.169.254/x", ""), ("/secret", "1"))
    web.files["/a.xml.gz"] = gzip.compress(listed)
    report = read(web, index, leave_out=("secret*",))
    assert len(report.added) == 1
    assert report.left_out == {
        "that robots.txt forbids": 1, "on another host, or not below the address": 1, "left out by name": 1,
    }  # fmt: skip


def test_only_what_is_below_the_address(web: Web, index: Index) -> None:
    """An address with a path reads what is below it."""
    web.files["/sitemap.xml"] = web.maps(("/trips.html", "1"), ("/guide/a.html", "1"), ("/guidebook", "1"))
    web.files["/guide/a.html"] = b"<h1>A</h1><p>In the guide.</p>"
    assert [name.partition("/guide/")[2] for name in read(web, index, "/guide").added] == ["guide/a.html"]


def test_a_page_that_moved_is_named_and_one_that_is_gone_leaves(web: Web, index: Index) -> None:
    """A redirect is not followed and said; a page that is listed and not there is no article."""
    web.files["/sitemap.xml"] = web.maps(("/trips.html", "1"), ("/moved", "1"), ("/gone", "1"))
    plain = web.act
    web.acts = [
        lambda one: say(b"", 301, Location="http://other.example/")(one) if one.path == "/moved" else plain(one)
    ]
    report = read(web, index)
    assert len(report.added) == 1
    assert ["leads to http://other.example/" in reason for reason in report.failed.values()] == [True]


@pytest.mark.parametrize("body", [b"<html><body>Log in</body></html>", b"no XML", b"\x1f\x8bdamaged", b""])
def test_what_is_no_sitemap_is_one_line(web: Web, index: Index, body: bytes) -> None:
    """A page to log in, or nothing, deletes nothing."""
    web.files["/sitemap.xml"] = body
    with pytest.raises(SourceError, match="is no sitemap; name the address of one") as raised:
        read(web, index)
    assert "\n" not in str(raised.value)


def test_a_site_read_by_a_user_needs_a_group(web: Web, index: Index) -> None:
    """Nobody can tell who may read what a user reads."""
    with pytest.raises(SourceError, match="--group NAME"):
        read(web, index, user="mia", password="pw")
    report = read(web, index, user="mia", password="pw", groups=frozenset({"staff"}))
    assert len(report.added) == 2
    assert list(index.library.articles(ALL)) == []


def test_a_site_that_was_closed_shows_nothing_any_more(web: Web, index: Index) -> None:
    """Where only users may read the sitemap now, its pages hide at once."""
    read(web, index)
    web.acts = [say(b"", 401)]
    with pytest.raises(SourceError, match="to users only"):
        read(web, index)
    assert list(index.library.articles(ALL)) == []
