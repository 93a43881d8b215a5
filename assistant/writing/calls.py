"""Calls an LLM: its words as they arrive, or one plain sentence saying why there are none.

Whatever the provider does, a call ends in time, keeps what was said so far, and closes its connection as soon as
nobody reads it.
"""

import asyncio
import logging
import queue
import sys
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from article_assistant.index.http import Breaker, retries
from article_assistant.writing import errors
from article_assistant.writing.budget import Budget
from tenacity import AsyncRetrying, Retrying
from tenacity.nap import sleep_using_event

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms.llm import LLM

log = logging.getLogger(__name__)
CHARACTERS = 12_000
"""Maximum characters of an answer; a longer one is taken to be endless."""
WHOLE = 5
"""Time limit for a whole answer, as a multiple of the limit for one word."""
TICK = 0.25
"""Seconds between empty pieces while no word arrives, so that the reader can stop."""
RETRIES = (0.5, 1.5)
"""Seconds before each retry, unless the server says otherwise."""
FAILURES, PAUSE = 3, 30.0
"""Consecutive failures after which no call is made, and for how many seconds."""

AWAY = "The language model is not available right now."
LATE = "The language model did not answer in time."
SILENT = "The language model gave no answer."
BROKEN = "The language model broke off."
ENDLESS = "The language model did not come to an end."
SPENT = "Today's budget for the language model is used up; this is the offline answer."


class Unavailable(Exception):
    """No words, or no more of them; `notice` tells the reader why in one sentence."""

    def __init__(self, notice: str) -> None:
        super().__init__(notice)
        self.notice = notice


@dataclass(slots=True)
class Usage:
    """Tokens of a call, as the provider reports them, or `estimated` at four characters each."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    estimated: bool = True


class Call(Iterator[str]):
    """The words of one call, in pieces; empty pieces while no word arrives. May raise Unavailable after some words."""

    def __init__(self, pieces: Generator[str], usage: Usage, stopped: threading.Event) -> None:
        self.usage = usage
        """Tokens used, once the call has ended."""
        self._pieces, self._stopped = pieces, stopped
        self._reading = threading.Lock()

    def __next__(self) -> str:
        with self._reading:
            piece = next(self._pieces)
            if self._stopped.is_set():
                self._pieces.close()
            return piece

    def close(self) -> None:
        """End the call and its connection; if another thread is reading, at its next piece."""
        self._stopped.set()
        if self._reading.acquire(blocking=False):  # CPython 3.11 crashes when a running generator is closed
            try:
                self._pieces.close()
            finally:
                self._reading.release()


class Caller:
    """Calls one LLM, from any thread, several calls at once; `close` it at the end."""

    def __init__(self, llm: "LLM", seconds: float, tokens_a_day: int = 0, home: Path | None = None) -> None:
        """`seconds` is the time limit for each word, the first included.

        `tokens_a_day` (0: no limit) counts by UTC day, across restarts if there is a `home`. A call begun below the
        limit is completed.
        """
        self.usage = Usage()
        """Usage of the most recently finished call; concurrent calls keep their own in `Call.usage`."""
        self._llm = llm
        self._seconds = seconds
        self._budget = Budget(tokens_a_day, home)
        self.breaker = Breaker(FAILURES, PAUSE)
        self._lock = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def stream(self, messages: "Sequence[ChatMessage]") -> Call:
        """The LLM's reply; nothing is sent until the first piece is asked for."""
        return self._call(messages, self._seconds, self._seconds * WHOLE)

    def complete(self, messages: "Sequence[ChatMessage]", seconds: float) -> str:
        """The LLM's whole reply, within `seconds`. Raises Unavailable."""
        return "".join(self._call(messages, seconds, seconds))

    def close(self) -> None:
        """End running calls, and make no more."""
        with self._lock:
            loop, self._loop, self._closed = self._loop, None, True
        if loop and self._thread:
            asyncio.run_coroutine_threadsafe(_end(loop), loop).result()
            loop.call_soon_threadsafe(loop.stop)
            self._thread.join()

    def _call(self, messages: "Sequence[ChatMessage]", seconds: float, whole: float) -> Call:
        usage, stopped = Usage(), threading.Event()
        # The pieces hold no reference to their Call, so that a dropped Call is closed at once.
        return Call(self._pieces(messages, seconds, whole, usage, stopped), usage, stopped)

    def _pieces(
        self, messages: "Sequence[ChatMessage]", seconds: float, whole: float, usage: Usage, stopped: threading.Event
    ) -> Generator[str]:
        if self._budget.is_spent:
            raise Unavailable(SPENT)
        if not self.breaker.allows():
            raise Unavailable(AWAY)
        said, told, sent = 0, None, True
        end = time.monotonic() + whole
        limit = time.monotonic() + seconds
        arriving, cancel = self._begin(messages, min(seconds, whole))
        try:
            while not (stopped.is_set() or self._closed):
                left = min(limit, end) - time.monotonic()
                if left <= 0:
                    if limit <= end:
                        raise _Failed(BROKEN if said else LATE, f"no word in {seconds:g} s")
                    raise _Failed(ENDLESS if said else LATE, f"no end in {whole:g} s")
                try:
                    arrived = arriving.get(timeout=min(left, TICK))
                except queue.Empty:
                    yield ""
                    continue
                if arrived is None:
                    if not said:
                        raise _Failed(SILENT, "it ended without a word")
                    if told:
                        usage.prompt_tokens, usage.completion_tokens, usage.estimated = *told, False
                    self.breaker.worked()
                    return
                if isinstance(arrived, _Failed):
                    raise arrived
                if isinstance(arrived, Exception):
                    sent = bool(said)
                    raise _Failed(BROKEN if said else AWAY, errors.reason(arrived), errors.status(arrived))
                told = arrived.tokens or told
                if arrived.text:
                    said += len(arrived.text)
                    yield arrived.text
                    limit = time.monotonic() + seconds  # not before: the reader may be the slow one
        except _Failed as failed:
            self.breaker.failed(for_good=failed.status in errors.REFUSED)
            rest = f"; no further calls for {PAUSE:.0f} s" if self.breaker.is_open else ""
            log.warning("the language model failed: %s%s", failed, rest)
            raise Unavailable(failed.notice) from None
        except GeneratorExit:
            if said:
                self.breaker.worked()
            raise
        finally:
            cancel()
            if usage.estimated and sent:
                usage.prompt_tokens = sum(len(message.content or "") for message in messages) // 4
                usage.completion_tokens = said // 4
            self.usage = usage
            self._budget.add(usage.prompt_tokens + usage.completion_tokens)

    def _begin(self, messages: "Sequence[ChatMessage]", within: float) -> "tuple[_Arriving, Callable[[], object]]":
        """Start reading an answer, with retries `within` seconds; returns its queue and a function that cancels it."""
        from llama_index.core.llms.custom import CustomLLM

        arriving = _Arriving()
        own = next(kind for kind in type(self._llm).__mro__ if "astream_chat" in vars(kind))
        if own is CustomLLM:  # its astream_chat blocks the event loop
            stop = threading.Event()
            threading.Thread(target=_hear, args=(self._llm, messages, arriving, within, stop), daemon=True).start()
            return arriving, stop.set
        with self._lock:
            if self._closed:
                return arriving, lambda: None  # nothing will come
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=_run_loop, args=(self._loop,), name="llm", daemon=True)
                self._thread.start()
            hearing = _ahear(self._llm, messages, arriving, within)
            return arriving, asyncio.run_coroutine_threadsafe(hearing, self._loop).cancel


class _Failed(Exception):
    """A failed call: `notice` for the reader, the text for the log, and the HTTP status or 0."""

    def __init__(self, notice: str, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.notice, self.status = notice, status


@dataclass(frozen=True, slots=True)
class _Piece:
    """Words, and the tokens in and out if the provider reports them."""

    text: str
    tokens: tuple[int, int] | None


class _Arriving:
    """An unbounded queue of pieces from the thread that receives an answer to the one that reads it."""

    def __init__(self) -> None:
        self._pieces = queue.SimpleQueue[_Piece | Exception | None]()
        self._said = 0
        self.get = self._pieces.get
        """The next piece; finally None, or the error that ended the answer."""
        self.end = self._pieces.put

    def put(self, response: "ChatResponse") -> None:
        """Raises _Failed after CHARACTERS."""
        piece = _Piece(response.delta or "", _tokens(response))
        self._said += len(piece.text)
        if self._said > CHARACTERS:
            raise _Failed(ENDLESS, f"it said more than {CHARACTERS} characters")
        if piece.text or piece.tokens:  # a model's thoughts have neither
            self._pieces.put(piece)

    def tries(self, within: float) -> dict[str, Any]:
        """Arguments for retrying while no word has arrived; see `index.http.retries`."""
        return retries(RETRIES, lambda error: not self._said and errors.is_passing(error), within, errors.retry_after)


_begun: ContextVar[list[AsyncGenerator[Any, Any]]] = ContextVar("_begun")
"""The asynchronous generators begun during one attempt, outermost first."""


async def _ahear(llm: "LLM", messages: "Sequence[ChatMessage]", arriving: _Arriving, within: float) -> None:
    """Put an answer into `arriving`; cancelling this closes the connection."""

    async def attempt() -> None:
        begun: list[AsyncGenerator[Any, Any]] = []
        _begun.set(begun)
        try:
            async for response in await llm.astream_chat(messages):
                arriving.put(response)
        finally:
            for generator in begun:  # closing only the outer one leaves the connection to the garbage collector
                with suppress(Exception):
                    await generator.aclose()

    last: Exception | None = None
    try:
        await AsyncRetrying(**arriving.tries(within))(attempt)
    except Exception as error:
        last = error
    arriving.end(last)  # only now: whoever gets it cancels what still runs


def _hear(
    llm: "LLM", messages: "Sequence[ChatMessage]", arriving: _Arriving, within: float, stop: threading.Event
) -> None:
    """The same for a synchronous LLM; it stops between two pieces."""

    def attempt() -> None:
        for response in () if stop.is_set() else llm.stream_chat(messages):
            if stop.is_set():
                return
            arriving.put(response)

    try:
        Retrying(sleep=sleep_using_event(stop), **arriving.tries(within))(attempt)
        arriving.end(None)
    except Exception as error:
        arriving.end(error)


def _tokens(response: "ChatResponse") -> tuple[int, int] | None:
    """Tokens in and out, or None; packages differ in where they put them and what they call them."""
    said, raw = response.message.additional_kwargs, response.raw
    for told in (response.additional_kwargs, said, said.get("usage"), raw.get("usage") if isinstance(raw, dict) else 0):
        if isinstance(told, dict):
            taken, given = told.get("prompt_tokens", told.get("input_tokens")), told.get("completion_tokens")
            given = told.get("output_tokens") if given is None else given
            if isinstance(taken, int) and isinstance(given, int):
                return taken, given
    return None


def _run_loop(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(_note_generators)
    loop.run_forever()
    loop.close()


def _note_generators() -> None:
    """Record in `_begun` every asynchronous generator that this thread begins from now on."""
    known = sys.get_asyncgen_hooks().firstiter

    def first(generator: AsyncGenerator[Any, Any]) -> None:
        if known:
            known(generator)
        with suppress(LookupError):  # not part of an answer
            _begun.get().append(generator)

    sys.set_asyncgen_hooks(firstiter=first)


async def _end(loop: asyncio.AbstractEventLoop) -> None:
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in tasks:
        if not task.cancelling():  # cancelling again would keep it from closing its connection
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await loop.shutdown_asyncgens()
