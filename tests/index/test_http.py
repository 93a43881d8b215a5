"""Calls to other servers: bounded, retried where that makes sense, and held back where it does not."""

import asyncio
import math
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator

import article_assistant.index.http
import httpx
import pytest
from article_assistant.index.http import Breaker, abound, bound, careful, retries
from tenacity import Retrying


class Busy(Exception):
    """An error that is worth another try."""


def attempts(*errors: BaseException | None, pauses: tuple[float, ...] = (1.0, 2.0), **more: float) -> list[float]:
    """The pauses between attempts that fail with these errors; raises the last one where none succeeds."""
    waited = list[float]()
    coming = iter(errors)

    def attempt() -> None:
        if error := next(coming):
            raise error

    def asked(error: Exception) -> float | None:
        return float(error.args[0]) if error.args else None

    ladder = retries(pauses, lambda error: isinstance(error, Busy), asked=asked, **more)
    Retrying(sleep=lambda seconds: waited.append(float(seconds)), **ladder)(attempt)
    return waited


def test_the_ladder_of_retries() -> None:
    """A pause before each retry, the one that the server asks for where it asks; then the last error."""
    assert attempts(None) == []
    assert attempts(Busy(), Busy(), None) == [1.0, 2.0]
    assert attempts(Busy(7), Busy(), None) == [7.0, 2.0]
    with pytest.raises(Busy, match="3"):
        attempts(Busy(1), Busy(2), Busy(3))
    with pytest.raises(Busy):
        attempts(Busy(), pauses=())


def test_what_is_not_worth_it_is_not_retried() -> None:
    """Another kind of error, Ctrl-C, and a pause that would end too late are raised at once."""
    with pytest.raises(ValueError, match="no JSON"):
        attempts(ValueError("no JSON"), None)
    with pytest.raises(KeyboardInterrupt):
        attempts(KeyboardInterrupt(), None)
    with pytest.raises(Busy):
        attempts(Busy(100), None, within=90.0)
    assert attempts(Busy(), None, within=90.0) == [1.0]


def test_the_breaker_opens_after_failures_in_a_row() -> None:
    """A success in between starts the count again; one failure for good is enough."""
    breaker = Breaker(2, 1000.0)
    assert not breaker.failed()
    assert not breaker.worked()
    assert not breaker.failed()
    assert breaker.allows()
    assert breaker.failed()
    assert not breaker.allows()
    assert not breaker.failed()
    assert breaker.worked()
    assert breaker.allows()
    assert breaker.failed(for_good=True)
    assert not breaker.allows()


def test_one_of_many_tries_when_the_pause_is_over() -> None:
    """Of many threads that ask at once a single one may call."""
    breaker = Breaker(1, 1000.0)
    breaker.failed()
    breaker.again = 0.0
    may = list[bool]()
    threads = [threading.Thread(target=lambda: may.append(breaker.allows())) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(may) == [False] * 15 + [True]


class Endless(httpx.SyncByteStream, httpx.AsyncByteStream):
    """An answer that repeats a piece for ever."""

    def __init__(self, piece: bytes) -> None:
        self._piece = piece

    def __iter__(self) -> Iterator[bytes]:
        while True:
            yield self._piece

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield self._piece


@pytest.mark.parametrize("piece", [b"a line\n" * 1000, b"a word " * 1000])
def test_an_endless_answer_is_cut_off(monkeypatch: pytest.MonkeyPatch, piece: bytes) -> None:
    """Of many lines or of a single one, for both kinds of clients."""
    monkeypatch.setattr(article_assistant.index.http, "BYTES", 1_000_000 if b"\n" in piece else math.inf)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Endless(piece)))
    with (
        httpx.Client(transport=transport, event_hooks={"response": [bound]}, **careful()) as client,
        pytest.raises(ValueError, match="goes on"),
    ):
        client.get("http://server/")

    async def ask() -> None:
        async with httpx.AsyncClient(transport=transport, event_hooks={"response": [abound]}, **careful()) as client:
            await client.get("http://server/")

    failed = list[Exception | None]()
    thread = threading.Thread(target=lambda: failed.append(_raised(ask())))
    thread.start()
    thread.join()
    assert "goes on" in str(failed[0])


def _raised(asking: Coroutine[None, None, None]) -> Exception | None:
    try:
        asyncio.run(asking)
    except ValueError as error:
        return error
    return None


def test_no_redirect_is_followed() -> None:
    """What goes to one server, keys among it, is sent to no other one."""
    asked = list[str]()

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        return httpx.Response(302, headers={"Location": "http://other/"})

    with httpx.Client(transport=httpx.MockTransport(answer), **careful()) as client:
        assert client.get("http://server/").status_code == 302
    assert asked == ["server"]
