"""A wiki that stumbles: what is read in the end is what is there."""

import json
import random
import xmlrpc.client
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import article_assistant.index.sources.web as web
import pytest
from article_assistant.index.search import Index
from article_assistant.index.sources import kinds
from article_assistant.index.sources.source import Access
from article_assistant.index.sync import sync
from article_assistant.index.types import SourceError

from tests.parts import MOST, Words, state
from tests.sources.test_web import Server, hang_up, say

PAGES = {f"Page {n}": f"<h2 id='part'>Part</h2><p>Number{n} stands alone.</p>" for n in range(60)}
SPACES = {str(n): {"id": n, "name": name} for n, name in ((0, ""), (4, "Project"), (12, "Help"), (14, "Category"))}


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def mediawiki(form: dict[str, str]) -> Any:
    """What a MediaWiki with these pages answers; a listing comes in parts of 25."""
    if form["action"] == "parse":
        return {"parse": {"text": PAGES[form["page"]], "revid": 7}}
    if "generator" in form:
        titles = sorted(PAGES) if form["gapnamespace"] == "0" else []
        at = int(form.get("gapcontinue", 0))
        listed = [
            {
                "title": title,
                "ns": 0,
                "lastrevid": 7,
                "revisions": [{"timestamp": "2026-11-29T10:00:00Z", "user": "Mia"}],
            }
            for title in titles[at : at + 25]
        ]
        more = {"continue": {"gapcontinue": at + 25}} if at + 25 < len(titles) else {}
        return {"query": {"pages": listed}} | more
    facts = {"recentchanges": [], "namespaces": SPACES, "usergroups": [], "extensions": []}
    return {"curtimestamp": "2026-11-29T10:00:00Z", "query": facts | {"statistics": {"pages": 60, "edits": 60}}}


def library_of(folder: Path, address: str) -> tuple[dict[str, object], int]:
    """What a library holds after a run over a wiki, and how many requests that took."""
    index = Index.open(folder, Words())
    try:
        remote = kinds.remote(address, Access())
        assert remote
        sync([remote], index, MOST)
        return state(index), remote.api.web.requests  # type: ignore[attr-defined]
    finally:
        index.close()


def test_a_fifth_of_all_requests_fails(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is the same as after a run without a fault."""
    monkeypatch.setattr(web, "PAUSES", (0.0,) * 12)
    chance = random.Random(5)
    faults = 0.0

    def act(handler: BaseHTTPRequestHandler) -> None:
        if chance.random() < faults:
            kind = chance.choice([hang_up, say(b"", 503), say(b"", 429, Retry_After="0"), say(b"", 500)])
            kind(handler)
            return
        form = {name: values[0] for name, values in parse_qs(urlsplit(handler.path).query).items()}
        say(mediawiki(form))(handler)

    server.acts = [act]
    address = f"mediawiki+{server.url}/api.php"
    whole, asked = library_of(tmp_path / "whole", address)
    assert len(whole["articles"]) == 60  # type: ignore[arg-type]
    faults = 0.2
    again, tried = library_of(tmp_path / "again", address)
    assert again == whole
    assert tried > 1.1 * asked


def test_dokuwiki_by_json(server: Server) -> None:
    """Newer than 2023 it is asked by JSON-RPC: pages, readers and texts; what it remembers is how to ask."""
    listed = [
        {"id": "hr:pay", "revision": 1795947199, "size": 9, "author": "mia"},
        {"id": "start", "revision": 1795947199},
    ]
    answers = {
        "core.getAPIVersion": 14,
        "core.listPages": listed,
        "core.listMedia": [],
        "core.login": True,
        "plugin.acl.listAcls": {"*": {"@ALL": 1}, "hr:*": {"@ALL": 0, "@hr": 1}},
        "core.getPageHTML": "<h1 id='pay'>Pay</h1><p>Band seven.</p>",
    }

    def act(handler: BaseHTTPRequestHandler) -> None:
        question = json.loads(server.asked[-1][1])
        assert handler.headers["Content-Type"] == "application/json"
        say({"jsonrpc": "2.0", "id": question["id"], "result": answers[question["method"]]})(handler)

    server.acts = [act]
    wiki = kinds.remote(f"dokuwiki+{server.url}", Access(user="admin", password="sesame-open"))
    assert wiki
    changes = wiki.changes("")
    assert {key: sorted(one.groups) for key, one in changes.pages.items()} == {
        "hr:pay": [f"{wiki.label}:@hr"],
        "start": ["everyone"],
    }
    page = wiki.page("hr:pay")
    assert page
    assert (page.editor, page.updated, b"Band seven." in page.body) == ("mia", "2026-11-29", True)
    before = len(server.asked)
    assert wiki.changes(changes.state).state == "json"
    assert len(server.asked) - before == 4


def test_dokuwiki_speaks_nonsense(server: Server) -> None:
    """A fault of the wiki and a page of HTML are one line each, and no deletion."""
    fault = xmlrpc.client.dumps(xmlrpc.client.Fault(1, "no such method"), encoding="utf-8").encode()
    for body in (fault, b"<html>maintenance</html>", b"<?xml version='1.0'?><methodResponse/>", b""):
        server.acts = [say(body)]
        wiki = kinds.remote(f"dokuwiki+{server.url}", Access())
        assert wiki
        with pytest.raises(SourceError, match="is no DokuWiki whose pages can be asked for") as told:
            wiki.changes("xml")
        assert "\n" not in str(told.value)
