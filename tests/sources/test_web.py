"""The client that asks a wiki: what it waits for, and what it will not do."""

import gzip
import json
import logging
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import article_assistant.index.sources.web as web
import pytest
from article_assistant.index.sources import kinds
from article_assistant.index.sources.source import Access
from article_assistant.index.types import SourceError

Play = Callable[[BaseHTTPRequestHandler], None]


class Server:
    """A server on loopback that plays, request by request, what it is told; the last act is repeated."""

    def __init__(self) -> None:
        self.acts: list[Play] = []
        self.asked: list[tuple[str, str, dict[str, str]]] = []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                size = int(self.headers.get("Content-Length") or 0)
                text = self.rfile.read(size).decode()
                outer.asked.append((self.path, text, {name.lower(): value for name, value in self.headers.items()}))
                (outer.acts.pop(0) if len(outer.acts) > 1 else outer.acts[0])(self)

            do_POST = do_HEAD = do_GET

            def log_message(self, *_: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"
        self.thread = Thread(target=self.http.serve_forever, args=(0.02,))
        self.thread.start()

    def close(self) -> None:
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


def say(body: bytes | object, status: int = 200, **headers: str) -> Play:
    """Answer with these bytes, or with this as JSON."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(content)))
        handler.send_header("Connection", "close")
        handler.end_headers()
        handler.wfile.write(content)

    return act


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    """End the connection in the middle."""
    handler.send_response(200)
    handler.send_header("Content-Length", "100")
    handler.end_headers()
    handler.wfile.write(b"only this")
    handler.close_connection = True


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


@pytest.fixture
def client(server: Server) -> Iterator[web.Web]:
    opened = web.Web(server.url, pauses=(0.01,) * 5)
    yield opened
    opened.close()


def test_what_passes_is_tried_again(server: Server, client: web.Web) -> None:
    """503, 429, a broken connection: the request is repeated until it is answered."""
    server.acts = [hang_up, say(b"", 503), say(b"", 429, Retry_After="0"), say(b"", 500), say(b"yes")]
    assert client.ask("/") == b"yes"
    assert len(server.asked) == 5


def test_a_pause_that_is_too_long_is_an_error(server: Server, client: web.Web) -> None:
    """Where the server asks to come back in an hour, it is not asked again, and the line says so."""
    server.acts = [say(b"", 503, Retry_After="3600")]
    with pytest.raises(SourceError, match="try again later"):
        client.ask("/")
    assert len(server.asked) == 1


def test_a_server_that_stays_away_is_named(server: Server, client: web.Web) -> None:
    """In the end it is one line; where nobody ever answered, soon."""
    server.acts = [say(b"", 502)]
    with pytest.raises(SourceError, match=r"fails \(HTTP 502\); try again later"):
        client.ask("/")
    assert len(server.asked) == 6
    nobody = web.Web("http://127.0.0.1:9", pauses=(0.01,) * 5)
    with pytest.raises(SourceError, match="cannot be reached"):
        nobody.ask("/")
    assert nobody.requests == web.FIRST
    nobody.close()


@pytest.mark.parametrize(
    "to",
    ["https://elsewhere.example/", "http://169.254.169.254/latest/", "//other.example/x", "http://127.0.0.1:9/", "/x"],
)
def test_no_redirect_is_followed(server: Server, client: web.Web, to: str) -> None:
    """Neither to another host nor to a private one: the line names where it would lead."""
    server.acts = [say(b"", 302, Location=to)]
    with pytest.raises(web.NotThere, match="leads to"):
        client.ask("/")
    assert len(server.asked) == 1


def test_refusals_and_absence_are_told_apart(server: Server, client: web.Web) -> None:
    """401 and 403 are about rights, 404 about the address, and a page where data is wanted about both."""
    for status, error in ((401, web.Refused), (403, web.Refused), (404, web.NotThere), (410, web.NotThere)):
        server.acts = [say(b"", status)]
        with pytest.raises(error):
            client.ask("/")
    server.acts = [say(b"<html>Please log in</html>")]
    with pytest.raises(web.NotThere, match="log in"):
        client.json("/")


def test_answers_have_a_size(server: Server, client: web.Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also one that is small until it is unpacked, and one packed in a way that was not asked for."""
    monkeypatch.setattr(web, "LARGEST_ANSWER", 1_000_000)
    bomb = gzip.compress(b"\0" * 30_000_000)
    assert len(bomb) < 100_000
    for act in (say(b"x" * 2_000_000), say(bomb, Content_Encoding="gzip"), say(b"x", Content_Encoding="br")):
        server.acts = [act]
        with pytest.raises(SourceError):
            client.ask("/")


def test_an_answer_has_a_time(server: Server, client: web.Web, monkeypatch: pytest.MonkeyPatch) -> None:
    """A body that comes drop by drop is cut off, though each drop is in time."""
    monkeypatch.setattr(web, "ANSWER_SECONDS", 0.0)

    def drip(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", "3")
        handler.end_headers()
        handler.wfile.write(b"abc")

    server.acts = [drip]
    with pytest.raises(SourceError, match="for one answer"):
        client.ask("/")


def test_a_password_goes_nowhere_else(
    server: Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not into a log, not into an error, not into an address, and not over the network in the clear."""
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(web, "PAUSES", ())
    access = Access(user="Mia@reader", password="sesame-open")
    assert "sesame" not in repr(access)
    token = say({"query": {"tokens": {"logintoken": "t"}}})
    server.acts = [token, token, say({"login": {"result": "Failed", "reason": "no"}})]
    wiki = kinds.remote(f"mediawiki+{server.url}/api.php", access)
    assert wiki
    with pytest.raises(SourceError, match="does not let Mia@reader in") as told:
        wiki.changes("")
    assert [("sesame" in path, "sesame" in text) for path, text, _ in server.asked] == [(False, False)] * 2 + [
        (False, True)
    ]
    assert "sesame" not in caplog.text + str(told.value)
    for address in ("mediawiki+http://wiki.example/", "dokuwiki+http://192.0.2.1/"):
        with pytest.raises(SourceError, match="https:// only"):
            kinds.remote(address, access)
    with pytest.raises(SourceError, match="holds a password") as told:
        kinds.remote("mediawiki+https://Mia:sesame-open@wiki.example/", Access())
    assert "sesame" not in str(told.value)


@pytest.mark.parametrize(
    ("address", "line"),
    [
        ("https://wiki.example/", "put its kind before it"),
        ("nowiki+https://wiki.example/", "put its kind before it"),
        ("mediawiki+ftp://wiki.example/", "is no address like"),
        ("mediawiki+https:///", "is no address like"),
        ("mediawiki+https://wiki.example:banana/", "is no address"),
    ],
)
def test_a_wrong_address_is_one_line(address: str, line: str) -> None:
    """What is wrong with it, and what to write instead."""
    with pytest.raises(SourceError, match=line) as told:
        kinds.remote(address, Access())
    assert "\n" not in str(told.value)


def test_what_is_no_wiki_says_so(server: Server) -> None:
    """A server that is something else: one line for each kind, and nothing is stored."""
    server.acts = [say(b"<html>Hello</html>")]
    for kind, line in (("mediawiki", "is no MediaWiki"), ("dokuwiki", "is no DokuWiki")):
        wiki = kinds.remote(f"{kind}+{server.url}/", Access())
        assert wiki
        with pytest.raises(SourceError, match=line):
            wiki.changes("")


def test_a_listing_that_goes_in_circles_is_an_error(server: Server) -> None:
    """A paging loop ends, and is not taken for the end of the list."""
    facts = {
        "curtimestamp": "2026-11-29T10:00:00Z",
        "query": {"recentchanges": [], "namespaces": {}, "usergroups": [], "extensions": [], "statistics": {}},
        "continue": {"rccontinue": "1|1", "continue": "-||"},
    }
    server.acts = [say({"query": {"tokens": {}}}), say(facts)]
    wiki = kinds.remote(f"mediawiki+{server.url}/api.php", Access())
    assert wiki
    with pytest.raises(SourceError, match="go in circles"):
        wiki.changes("")
    assert len(server.asked) < 6
