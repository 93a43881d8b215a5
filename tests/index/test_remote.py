"""Vectors at a server: found there while it answers, searched exactly while it does not, and never lost."""

import json
import logging
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import MappingProxyType

import article_assistant.index.remote
import httpx
import numpy as np
import pytest
from article_assistant.index.remote import Remote, Server
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE
from article_assistant.index.vectors import Away

from tests.chroma import Chroma
from tests.parts import Words, add_numbered

ALL = frozenset({EVERYONE})
TOKEN = "a-token-that-nobody-may-read"


def add(opened: Index, numbers: range) -> None:
    """Articles of one chunk each, brought in as a sync does it."""
    add_numbered(opened, numbers)
    with opened.library.writing():
        opened.settle()


def find(opened: Index, number: int) -> str:
    """The article found first for a question about one of `add`'s."""
    return opened.find(f"Number{number} is about matter{number % 5}", ALL, 3)[0].article.id


def wait(opened: Index) -> None:
    """Until what an index does beside the questions is done."""
    opened.generations.rests_until = 0.0
    opened.ready()
    opened.generations.join()


@pytest.fixture(autouse=True)
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody waits long in these tests."""
    monkeypatch.setattr(article_assistant.index.remote, "PAUSE", 0.0)
    monkeypatch.setattr(article_assistant.index.remote, "WAIT", 10.0)
    monkeypatch.setattr(article_assistant.index.remote, "BUILD_RETRIES", (0.01,))


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chroma]:
    """A server that the tests of this module may kill, so long as they start it again."""
    running = Chroma(tmp_path_factory.mktemp("own"))
    running.start()
    yield running
    running.kill()


def remote(opened: Index) -> Remote:
    found = opened.generations.remote()
    assert found
    return found


# --- a server that works ----------------------------------------------------------------------------


def test_what_is_gone_leaves_the_server(chroma: Chroma, tmp_path: Path) -> None:
    """After publishing, the server holds the chunks of the library and no others, whatever went wrong before."""
    opened = Index.open(tmp_path, Words(), server=chroma.server())
    add(opened, range(20))
    stray = -opened.embedder.question("Number is about matter")  # nobody's neighbour
    remote(opened).extend([(1_000_000 + number, stray) for number in range(400)])  # left by something interrupted
    assert find(opened, 7) == "docs/7.md"
    opened.library.remove(["docs/7.md", "docs/9.md"])
    add(opened, range(20, 24))
    assert remote(opened).count == 22
    assert remote(opened).holds(range(1, 60)) == set(opened.library.numbers().tolist())
    opened.close()


def test_what_the_server_lost_is_put_in_again(chroma: Chroma, tmp_path: Path) -> None:
    """Some rows or all of them are gone: exact search, and the next run puts them in without embedding anything."""
    loses: tuple[Callable[[Remote], None], ...] = (lambda there: there.extend((), [3, 4, 5]), Remote.clear)
    for lose in loses:
        encoder = Words()
        opened = Index.open(tmp_path, encoder, server=chroma.server())
        add(opened, range(20))
        embedded = encoder.embedded
        lose(remote(opened))
        again = Index.open(tmp_path, encoder, server=chroma.server())
        assert find(again, 3) == "docs/3.md"
        assert again.generations.current
        assert again.generations.current.lacks
        with again.library.writing():
            again.settle()
        assert (remote(again).count, encoder.embedded) == (20, embedded)
        wait(again)
        assert find(again, 3) == "docs/3.md"
        assert not again.generations.current.lacks
        again.close()
        opened.close()
        shutil.rmtree(tmp_path)


def test_libraries_at_one_server_do_not_see_each_other(chroma: Chroma, tmp_path: Path) -> None:
    """Two libraries whose chunks have the same numbers, and one with another encoder: each finds its own."""
    one = Index.open(tmp_path / "one", Words(), server=chroma.server())
    two = Index.open(tmp_path / "two", Words(), server=chroma.server())
    add(one, range(20))
    add(two, range(20, 45))
    assert len({remote(one).name, remote(two).name, Remote(chroma.server(), "one", "words/2").name}) == 3
    assert (remote(one).count, remote(two).count) == (20, 25)
    assert find(one, 3) == "docs/3.md"
    assert find(two, 23) == "docs/23.md"
    remote(two).clear()
    assert remote(one).count == 20
    one.close()
    two.close()


def test_vectors_move_to_a_server_and_back(chroma: Chroma, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Only the setting changes: the same answers at once, nothing is embedded again, the next run moves them."""
    encoder = Words()
    for step, server in enumerate((None, chroma.server(), None, chroma.server())):
        opened = Index.open(tmp_path, encoder, server=server)
        if step == 0:
            add(opened, range(20))
        embedded = encoder.embedded
        caplog.clear()
        assert find(opened, 7) == "docs/7.md"
        assert bool(step) == ("is searched exactly, until it is built anew" in caplog.text)
        add(opened, range(0))
        wait(opened)
        caplog.clear()
        assert find(opened, 7) == "docs/7.md"
        assert caplog.text == ""
        assert opened.generations.current
        assert opened.generations.current.complete
        assert encoder.embedded == embedded
        opened.close()


def test_one_who_mends_moves_the_vectors_by_itself(chroma: Chroma, tmp_path: Path) -> None:
    """A server that is named while the page is served: no command is needed."""
    opened = Index.open(tmp_path, Words())
    add(opened, range(20))
    opened.close()
    opened = Index.open(tmp_path, Words(), mends=True, server=chroma.server())
    assert find(opened, 7) == "docs/7.md"
    wait(opened)  # builds
    wait(opened)  # moves on
    assert opened.generations.current
    assert opened.generations.current.complete
    assert find(opened, 7) == "docs/7.md"
    opened.close()


# --- a server that dies -----------------------------------------------------------------------------


def test_a_server_that_is_killed_is_missed_once_and_used_again(
    own: Chroma, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Answers stay as right, one warning an outage, nothing is built anew, and the server is used when it is back."""
    caplog.set_level(logging.INFO)
    opened = Index.open(tmp_path, Words(), mends=True, server=own.server())
    add(opened, range(20))
    assert find(opened, 7) == "docs/7.md"
    for outage in range(2):
        caplog.clear()
        own.kill()
        for number in range(5):
            assert find(opened, number) == f"docs/{number}.md"
        warnings = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
        assert len(warnings) == 1, warnings
        assert "searched exactly until it answers" in warnings[0]
        assert "away" in opened.vectors
        own.start()
        assert find(opened, 7) == "docs/7.md"
        assert "answers again" in caplog.text
        assert "away" not in opened.vectors
        assert opened.library.state().generation == 1, outage
    opened.close()


def test_a_server_that_comes_back_empty_is_filled_again(own: Chroma, tmp_path: Path) -> None:
    """Its disk was lost: exact search, then a build from the library by the one who mends, without embedding."""
    encoder = Words()
    opened = Index.open(tmp_path, encoder, mends=True, server=own.server())
    add(opened, range(20))
    assert find(opened, 7) == "docs/7.md"
    own.kill()
    shutil.rmtree(own.folder / "data")
    own.start()
    assert find(opened, 7) == "docs/7.md"
    wait(opened)  # builds
    assert remote(opened).count == 20
    wait(opened)  # moves on
    assert opened.generations.current
    assert not opened.generations.current.lacks
    assert encoder.embedded == 20
    opened.close()


def test_indexing_goes_on_without_the_server(own: Chroma, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Articles are kept and found, a line says that publishing waits, and one who mends publishes when it is back."""
    own.kill()
    try:
        opened = Index.open(tmp_path, Words(), mends=True, server=own.server())
        add(opened, range(20))
        assert "all articles are kept and found" in caplog.text
        assert "type: assistant index SOURCE" in caplog.text
        assert find(opened, 7) == "docs/7.md"
        assert opened.library.state().generation == 0
    finally:
        own.start()
    wait(opened)
    assert opened.library.state().generation == 1
    assert remote(opened).count == 20
    opened.close()
    own.kill()
    try:
        opened = Index.open(tmp_path, Words(), server=own.server())
        add(opened, range(20, 30))
        assert find(opened, 27) == "docs/27.md"
        assert opened.library.state().generation == 1
    finally:
        own.start()
    add(opened, range(0))
    assert opened.library.state().generation == 2
    assert remote(opened).count == 30
    opened.close()


# --- a server that misbehaves -----------------------------------------------------------------------

Answer = Callable[[BaseHTTPRequestHandler, bytes], None]
"""What is done with a request and its body."""


class Odd:
    """An HTTP server on loopback that answers as it is told, and keeps what it was asked."""

    def __init__(self) -> None:
        self.answer: Answer = send(200, b"{}")
        self.asked: list[tuple[str, str | None]] = []
        """Paths, each with the token that came with it."""
        odd = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                odd.asked.append((self.path, self.headers["X-Chroma-Token"]))
                odd.answer(self, self.rfile.read(int(self.headers["Content-Length"] or 0)))

            do_POST = do_DELETE = do_GET

            def log_message(self, *_: object) -> None:
                """Nobody reads that."""

        self._serving = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.address = f"http://127.0.0.1:{self._serving.server_port}"
        threading.Thread(target=self._serving.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._serving.shutdown()
        self._serving.server_close()


JSON = {"Content-Type": "application/json"}


def send(status: int, body: bytes = b"", headers: Mapping[str, str] = MappingProxyType({})) -> Answer:
    def answer(handler: BaseHTTPRequestHandler, _: bytes) -> None:
        handler.send_response(status)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def forward(chroma: Chroma, status: int = 0) -> Answer:
    """Does what that server does, and answers as it does, or with another status."""
    plain = httpx.create_ssl_context()  # made once: it takes longer than a question

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        with httpx.Client(base_url=chroma.address, timeout=30, trust_env=False, verify=plain) as client:
            found = client.request(handler.command, handler.path, content=body)
        kind = {"Content-Type": found.headers["Content-Type"]} if "Content-Type" in found.headers else {}
        send(status or found.status_code, found.content, kind)(handler, b"")

    return answer


def hang(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    time.sleep(2.0)
    handler.close_connection = True


def cut(handler: BaseHTTPRequestHandler, _: bytes) -> None:
    """Promises more than it sends."""
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b'{"ids"')
    handler.close_connection = True


@pytest.fixture
def odd() -> Iterator[Odd]:
    running = Odd()
    yield running
    running.close()


NOT_FOUND = json.dumps({"error": "NotFoundError", "message": "Collection [x] does not exist"}).encode()
FEW = json.dumps({"id": "0", "ids": [["1"]], "distances": [[0.1]]}).encode()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (send(401, b"<html>"), "401 Unauthorized"), (send(403), "403 Forbidden"), (send(404), "404 Not Found"),
        (send(429), "429"),
        (send(400, b'{"error":"InvalidArgument","message":"no\\nsuch database"}', JSON), "400 Bad Request: no such"),
        (send(500, b"[]", JSON), "as a Chroma server"), (send(502, b"<html>"), "502"),
        (send(200, b"garbage"), "as a Chroma server"), (send(200, b"\xff\xfe"), "as a Chroma server"),
        (send(200, b"[]"), "as a Chroma server"), (send(200, b'{"id":null}'), "as a Chroma server"),
        (send(200, b"null"), "as a Chroma server"), (send(200, b"[" * 5_000), "as a Chroma server"),
        (send(200, b"1"), "as a Chroma server"), (cut, ""), (hang, "in time"),
        (send(302, headers={"Location": "http://127.0.0.1:1/"}), "302 Found"),
        (send(404, NOT_FOUND, JSON), "does not exist"), (send(200, FEW), "as a Chroma server"),
    ],
)  # fmt: skip
def test_whatever_a_server_answers_questions_are_answered(
    odd: Odd,
    chroma: Chroma,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    answer: Answer,
    said: str,
) -> None:
    """Refused, broken, garbage, silent or sent elsewhere: the same passages, one warning, no token anywhere else."""
    opened = Index.open(tmp_path, Words(), server=Server(odd.address, TOKEN))
    odd.answer = forward(chroma)
    add(opened, range(20))
    assert opened.library.state().generation == 1
    monkeypatch.setattr(article_assistant.index.remote, "WAIT", 0.5)
    monkeypatch.setattr(article_assistant.index.remote, "PATIENCE", 0.5)
    odd.answer = answer
    caplog.clear()
    for number in range(4):
        assert find(opened, number) == f"docs/{number}.md"
    warnings = [record.getMessage() for record in caplog.records]
    assert len(warnings) == 1, warnings
    assert said in warnings[0]
    opened.library.remove(["docs/7.md"])
    with opened.library.writing(), pytest.raises(Away) as caught:
        opened.publish()
    assert said in str(caught.value)
    assert opened.library.state().generation == 1
    assert TOKEN not in caplog.text + str(caught.value) + repr(opened.server) + opened.vectors
    assert {token for _, token in odd.asked} == {TOKEN}
    opened.close()


def test_a_redirect_is_not_followed(odd: Odd, tmp_path: Path) -> None:
    """Neither questions nor vectors nor the token go anywhere but to the address that was set."""
    elsewhere = Odd()
    odd.answer = send(307, headers={"Location": f"{elsewhere.address}/api/v2/"})
    opened = Index.open(tmp_path, Words(), server=Server(odd.address, TOKEN))
    add(opened, range(20))
    assert find(opened, 7) == "docs/7.md"
    assert odd.asked
    assert elsewhere.asked == []
    opened.close()
    elsewhere.close()


def test_no_proxy_of_the_environment_is_used(
    odd: Odd, chroma: Chroma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that is set for the world outside gets no question and no vector."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, odd.address)
    opened = Index.open(tmp_path, Words(), server=chroma.server())
    add(opened, range(20))
    assert remote(opened).count == 20
    assert odd.asked == []
    opened.close()


def test_only_one_question_waits_for_a_server_that_hangs(
    odd: Odd, chroma: Chroma, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While it is away it is asked once in PAUSE seconds, by one of many; the others are answered meanwhile."""
    opened = Index.open(tmp_path, Words(), server=Server(odd.address))
    odd.answer = forward(chroma)
    add(opened, range(20))
    assert find(opened, 7) == "docs/7.md"
    monkeypatch.setattr(article_assistant.index.remote, "WAIT", 0.5)
    assert opened.server
    opened.server.breaker.pause = 1000.0
    odd.answer = hang
    odd.asked.clear()
    assert find(opened, 7) == "docs/7.md"
    assert len(odd.asked) == 1
    opened.server.breaker.again = 0.0  # as if the time were over
    threads = [threading.Thread(target=find, args=(opened, number)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(odd.asked) == 2
    opened.close()


@pytest.mark.parametrize("packed", [True, False])
def test_batches_are_as_large_as_the_server_takes_and_may_come_twice(odd: Odd, chroma: Chroma, packed: bool) -> None:
    """What it says of its limits is kept; a batch that was taken although it answered an error is there once."""
    real, broken = forward(chroma), forward(chroma, 503)
    sizes = list[int]()

    def answer(handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if handler.path.endswith("/pre-flight-checks"):
            limits = {"max_batch_size": 7, "supports_base64_encoding": packed}
            send(200, json.dumps(limits).encode())(handler, b"")
        elif handler.path.endswith("/upsert"):
            rows = json.loads(body)
            assert isinstance(rows["embeddings"][0], str) == packed
            sizes.append(len(rows["ids"]))
            if len(sizes) % 2:
                broken(handler, body)
            else:
                real(handler, body)
        else:
            real(handler, body)

    odd.answer = answer
    server = Server(odd.address)
    found = Remote(server, f"batches-{packed}", "words")
    found.begin()
    vectors = np.eye(24, dtype=np.float32)[:20]
    found.extend((number, vectors[number - 1]) for number in range(1, 21))
    assert sizes == [7, 7, 7, 7, 6, 6]
    assert found.count == 20
    found.least = 20
    assert found.nearest(vectors[4], 1)[0] == (5, 1.0)
    server.close()


def test_the_command_starts_the_server_that_loads_no_code(chroma: Chroma) -> None:
    """`chroma run` is the server in Rust: the one in Python builds any function that a request names."""
    described = httpx.get(f"{chroma.address}/openapi.json", trust_env=False, timeout=60).json()
    assert described["info"]["title"] == "chroma-frontend"
