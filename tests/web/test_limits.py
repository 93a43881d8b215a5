"""`web.limits`: one person's surplus is refused in words, and nobody else notices."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import suppress
from functools import partial

import httpx
import pytest
from article_assistant.settings import Settings
from article_assistant.types import Answer, Event, Ready, Waiting
from article_assistant.web import body, gate, routes
from article_assistant.web.limits import Limits
from article_assistant.web.queue import IN_LINE, Asking, Busy
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from tests import parts
from tests import served as web

HERE = "http://127.0.0.1:7860"


async def fine(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands behind the gate."""
    await PlainTextResponse("fine")(scope, receive, send)


def test_a_minute_has_so_many() -> None:
    """A person may send so many in any minute, each on their own; what is refused does not count."""
    now = [0.0]
    limits = Limits(2, 0, lambda: now[0])
    assert [limits.wait("mia"), limits.wait("mia")] == [0, 0]
    now[0] = 20
    assert limits.wait("mia") == 40
    assert limits.wait("tom") == 0
    now[0] = 60
    assert [limits.wait("mia"), limits.wait("mia")] == [0, 0]
    assert all(Limits(0, 0).wait("mia") == 0 for _ in range(1000))


def test_who_stands_for_many_has_the_share_of_all() -> None:
    """An address with two people behind it may send twice as much, and have twice as much open."""
    limits = Limits(2, 1, lambda: 0.0)
    assert [limits.wait("office", 2) for _ in range(5)] == [0, 0, 0, 0, 60]
    with limits.held("tom"):
        assert limits.wait("tom", 2) == 0
        with limits.held("tom"):
            assert limits.wait("tom", 2) > 0


def test_so_many_at_the_same_time() -> None:
    """A person has so many open at once; one that ends, however it ends, makes room."""
    limits = Limits(0, 1)
    with suppress(ValueError), limits.held("mia"):
        assert limits.wait("mia") > 0
        assert limits.wait("tom") == 0
        raise ValueError
    assert limits.wait("mia") == 0


@pytest.mark.parametrize("path", [routes.WIDGET_ASK.path, routes.ASK.path, routes.EVENT.path])
def test_the_surplus_is_refused_in_words(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who asks too much gets 429, when to come again, and a sentence; from another address all is as before."""
    monkeypatch.setattr(gate, "SHARED", 1)
    origin = {"origin": "https://wiki.example.org"} if path == routes.WIDGET_ASK.path else {}
    app = gate.Gate(fine, Settings(asks_a_minute=3, embed_origins=("https://wiki.example.org",)))
    one, other = (TestClient(app, base_url=HERE, client=(peer, 1)) for peer in ("10.0.0.5", "10.0.0.6"))
    codes = [one.post(path, json={}, headers=origin).status_code for _ in range(4)]
    assert codes == [200, 200, 200, 429]
    refused = one.post(path, json={}, headers=origin)
    assert 0 < int(refused.headers["retry-after"]) <= 60
    assert "Please try again in" in refused.text
    assert one.get("/health").status_code == 200
    assert other.post(path, json={}, headers=origin).status_code == 200


def test_those_who_share_a_password_are_told_apart() -> None:
    """With one password for all, each session has its own share."""
    app = gate.Gate(fine, Settings(asks_a_minute=1, password="correct horse"))  # type: ignore[arg-type]
    codes = []
    for _ in range(2):
        person = TestClient(app, base_url=HERE)
        person.post("/login", data={"password": "correct horse"})
        codes += [person.post(routes.EVENT.path, json={}).status_code for _ in range(2)]
    assert codes == [200, 429, 200, 429]


def test_an_open_stream_counts_until_it_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that is being answered takes one of its person's places, and gives it back when the client leaves."""
    monkeypatch.setattr(gate, "SHARED", 1)
    served = web.Served(web.scripted([Waiting()], web.good()), asks_at_once=1)
    try:
        with httpx.Client(base_url=served.url, timeout=60) as person:
            question = {"question": "What did we change?", "stream": True}
            with person.stream("POST", "/v1/ask", json=question) as stream:
                lines = stream.iter_lines()
                next(lines)
                assert person.post("/v1/ask", json=question).status_code == 429
            codes = [429]
            while codes[-1] == 429 and len(codes) < 200:
                threading.Event().wait(0.1)
                codes.append(person.post("/v1/ask", json=question).status_code)
            assert codes[-1] == 200
    finally:
        served.stop()


def test_a_body_that_never_comes_holds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request whose body does not arrive is ended."""
    monkeypatch.setattr(body, "BODY_SECONDS", 0.05)

    async def asked() -> int:
        sent: list[Message] = []

        async def never() -> Message:
            await asyncio.Event().wait()
            raise AssertionError

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/ask", "query_string": b"", "scheme": "http",
                 "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1)}  # fmt: skip
        await gate.Gate(fine, Settings())(scope, never, send)
        return int(sent[0]["status"])

    assert parts.run(asked()) == 408


def test_a_place_is_free_while_a_language_model_writes() -> None:
    """Once only a language model is waited for, the next question begins; where too many wait, it is refused."""
    answer = web.good()
    written = threading.Event()

    def slow() -> Iterator[Event]:
        yield Ready(answer)
        written.wait(60)
        yield answer

    async def asked() -> None:
        asking = Asking(1)
        running = [await asking.begin(slow) for _ in range(3)]
        assert [await anext(one) for one in running] == [Ready(answer)] * 3
        written.set()
        for one in running:
            assert [event async for event in one if isinstance(event, Answer)] == [answer]

        begun = threading.Event()

        def stuck() -> Iterator[Event]:
            begun.wait(60)
            yield answer

        holder = await asking.begin(stuck)
        line = [asyncio.create_task(asking.begin(stuck)) for _ in range(IN_LINE)]
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await asking.begin(stuck)
        for waiting in line:
            waiting.cancel()
        await asyncio.gather(*line, return_exceptions=True)
        begun.set()
        assert [event async for event in holder if event] == [answer]

    parts.run(asked())


def test_who_would_wait_too_long_is_told_at_once() -> None:
    """Where a place is held for seconds, as many wait as will come to one in time; the next is refused at once."""
    answer, now = web.good(), [0.0]

    async def asked() -> None:
        asking = Asking(1, lambda: now[0])
        for _ in range(30):
            running = await asking.begin(lambda: (one for one in list[Event]([answer])))
            now[0] += 4.0
            assert [event async for event in running if event] == [answer]
            await asyncio.sleep(0)
        begun = threading.Event()

        def stuck() -> Iterator[Event]:
            begun.wait(60)
            yield answer

        holder = await asking.begin(stuck)
        line = [asyncio.create_task(asking.begin(stuck)) for _ in range(3)]
        await asyncio.wait(line, return_when=asyncio.FIRST_COMPLETED)
        assert [isinstance(one.exception(), Busy) if one.done() else None for one in line] == [None, None, True]
        begun.set()
        assert [event async for event in holder if event] == [answer]
        for one in line[:2]:
            assert [event async for event in await one if event] == [answer]

    parts.run(asked())


def test_a_burst_right_after_the_start_is_refused_too() -> None:
    """Before any question was answered, no more wait than a real one's time allows: the others are told at once."""
    answer, begun = web.good(), threading.Event()

    def stuck() -> Iterator[Event]:
        begun.wait(60)
        yield answer

    async def asked() -> None:
        asking = Asking(1)
        holder = await asking.begin(stuck)
        line = [asyncio.create_task(asking.begin(stuck)) for _ in range(IN_LINE)]
        await asyncio.sleep(0)
        refused = sum(isinstance(one.exception(), Busy) for one in line if one.done())
        assert 0 < IN_LINE - refused <= 30
        begun.set()
        assert [event async for event in holder if event] == [answer]
        for one in line:
            one.cancel()
        await asyncio.gather(*line, return_exceptions=True)

    parts.run(asked())


def test_the_surplus_is_refused_before_anything_is_read() -> None:
    """Where the line is full, a question gets 429 though its key was never looked at; other doors stay open."""
    line = [True]
    app = gate.Gate(fine, Settings(host="0.0.0.0", unsafe_open=True), full=lambda: line[0])
    client = TestClient(app, base_url=HERE)
    for door in (routes.ASK, routes.COMPLETIONS, routes.WIDGET_ASK):
        refused = client.post(door.path, content="{")
        assert (refused.status_code, refused.json()["error"]["type"]) == (429, "rate_limit_error")
        assert int(refused.headers["retry-after"]) > 0
    assert client.get(routes.HEALTH.path).status_code == 200
    line[0] = False
    assert client.post(routes.ASK.path, content="{").status_code == 401


def test_questions_side_by_side_share_their_time() -> None:
    """Two that run beside each other for 2 s are little more than 1 s of work each, so a fourth may wait in line."""
    answer, now = web.good(), [0.0]

    def until(released: threading.Event) -> Iterator[Event]:
        released.wait(60)
        yield answer

    async def asked() -> None:
        asking = Asking(2, lambda: now[0])
        for _ in range(30):
            released = threading.Event()
            both = [await asking.begin(partial(until, released)) for _ in range(2)]
            now[0] += 2.0
            released.set()
            for one in both:
                assert [event async for event in one if event] == [answer]
        released = threading.Event()
        holders = [await asking.begin(partial(until, released)) for _ in range(2)]
        line = [asyncio.create_task(asking.begin(partial(until, released))) for _ in range(3)]
        await asyncio.sleep(0)
        assert not asking.full()
        line += [asyncio.create_task(asking.begin(partial(until, released))) for _ in range(3)]
        await asyncio.sleep(0)
        assert asking.full()
        released.set()
        for one in (*holders, *await asyncio.gather(*line[:3])):
            assert [event async for event in one if event] == [answer]
        surplus = await asyncio.gather(*line[3:], return_exceptions=True)
        assert any(isinstance(one, Busy) for one in surplus)

    parts.run(asked())
