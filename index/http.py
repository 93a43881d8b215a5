"""Calls to servers that may be slow, away or hostile: one careful client, one ladder of retries, one breaker."""

import math
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from typing import Any

import httpx
from tenacity import RetryCallState, retry_if_exception, stop_after_attempt, stop_before_delay

BYTES, LINE = 20_000_000, 1_000_000
"""Bytes that a server may answer in all, and in one line: clients buffer a line, or the body of an error."""


def careful() -> dict[str, Any]:
    """Arguments for `httpx.Client` and `httpx.AsyncClient`; to bound answers see `bound` and `abound`."""
    return {
        "follow_redirects": False,  # articles and keys are for this address and no other
        "trust_env": False,  # proxies in the environment are meant for other addresses
        "verify": httpx.create_ssl_context(),  # a company's own certificates: SSL_CERT_FILE
    }


def bound(response: httpx.Response) -> None:
    """A hook for responses: reading beyond BYTES or LINE raises ValueError."""
    response.stream = _Bounded(response.stream)


async def abound(response: httpx.Response) -> None:
    """The same hook for an `httpx.AsyncClient`."""
    bound(response)


class _Bounded(httpx.SyncByteStream, httpx.AsyncByteStream):
    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self._read = self._line = 0

    def _checked(self, content: bytes) -> bytes:
        self._read += len(content)
        self._line = len(content) - content.rfind(b"\n") - 1 + (self._line if b"\n" not in content else 0)
        if self._read > BYTES or self._line > LINE:
            raise ValueError(f"the server answered {self._read} bytes, {self._line} of them in one line, and goes on")
        return content

    def __iter__(self) -> Iterator[bytes]:
        yield from map(self._checked, self._stream)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for content in self._stream:
            yield self._checked(content)

    def close(self) -> None:
        self._stream.close()

    async def aclose(self) -> None:
        await self._stream.aclose()


def retries(
    pauses: Sequence[float],
    worth: Callable[[Exception], bool],
    within: float = math.inf,
    asked: Callable[[Exception], float | None] = lambda _: None,
) -> dict[str, Any]:
    """Arguments for `tenacity.Retrying` and `AsyncRetrying`: a retry after each of `pauses` (seconds).

    Only errors that are `worth` it are retried. The server may have `asked` for another pause. No retry begins
    `within` seconds or later after the first attempt began: the last error is raised at once instead.
    """

    def pause(state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        wanted = asked(error) if isinstance(error, Exception) else None
        return (*pauses, 0.0)[state.attempt_number - 1] if wanted is None else wanted

    return {
        "wait": pause,
        "stop": stop_after_attempt(len(pauses) + 1) | stop_before_delay(within),
        "retry": retry_if_exception(lambda error: isinstance(error, Exception) and worth(error)),
        "reraise": True,
    }


class Breaker:
    """A circuit breaker: after some failures in a row nobody calls, until one call may try every `pause` seconds.

    `again` is when the next may try, by the monotonic clock.
    """

    def __init__(self, failures: int, pause: float) -> None:
        self.pause = pause
        self.again = 0.0
        self._most = failures
        self._failures = 0
        self._lock = threading.Lock()

    @property
    def is_open(self) -> bool:
        """Whether calls are held back."""
        return self._failures >= self._most

    def allows(self) -> bool:
        """Whether a call may be made now; where it is the one that tries, the next may not for `pause` seconds."""
        with self._lock:
            if self.is_open:
                if time.monotonic() < self.again:
                    return False
                self.again = time.monotonic() + self.pause
            return True

    def failed(self, *, for_good: bool = False) -> bool:
        """Count a failure, one that is `for_good` as enough; whether this one opened the breaker."""
        with self._lock:
            was_open = self.is_open
            self._failures = self._most if for_good else self._failures + 1
            self.again = time.monotonic() + self.pause
            return self.is_open and not was_open

    def worked(self) -> bool:
        """Count a success, which closes the breaker; whether it was open."""
        with self._lock:
            was_open, self._failures = self.is_open, 0
            return was_open
