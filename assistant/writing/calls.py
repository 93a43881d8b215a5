"""Calls an LLM: its words as they arrive, or one plain sentence saying why there are none.

Whatever the provider does, a call ends in time, keeps what was said so far, and closes its connection as soon as
nobody reads it.
"""

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from article_assistant.index.http import Breaker
from article_assistant.writing import errors
from article_assistant.writing.budget import Budget
from article_assistant.writing.hearing import ENDLESS, Arriving, Failed, end_calls, hear, hear_awaited, run_loop

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage
    from llama_index.core.llms.llm import LLM

log = logging.getLogger(__name__)
WHOLE = 5
"""Time limit for a whole answer, as a multiple of the limit for one word."""
TICK = 0.25
"""Seconds between empty pieces while no word arrives, so that the reader can stop."""
FAILURES, PAUSE = 3, 30.0
"""Consecutive failures after which no call is made, and for how many seconds."""

AWAY = "The language model is not available right now."
LATE = "The language model did not answer in time."
SILENT = "The language model gave no answer."
BROKEN = "The language model broke off."
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
            asyncio.run_coroutine_threadsafe(end_calls(loop), loop).result()
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
                        raise Failed(BROKEN if said else LATE, f"no word in {seconds:g} s")
                    raise Failed(ENDLESS if said else LATE, f"no end in {whole:g} s")
                try:
                    arrived = arriving.get(timeout=min(left, TICK))
                except queue.Empty:
                    yield ""
                    continue
                if arrived is None:
                    if not said:
                        raise Failed(SILENT, "it ended without a word")
                    if told:
                        usage.prompt_tokens, usage.completion_tokens, usage.estimated = *told, False
                    self.breaker.worked()
                    return
                if isinstance(arrived, Failed):
                    raise arrived
                if isinstance(arrived, Exception):
                    sent = bool(said)
                    raise Failed(BROKEN if said else AWAY, errors.reason_of(arrived), errors.status_of(arrived))
                told = arrived.tokens or told
                if arrived.text:
                    said += len(arrived.text)
                    yield arrived.text
                    limit = time.monotonic() + seconds  # not before: the reader may be the slow one
        except Failed as failed:
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

    def _begin(self, messages: "Sequence[ChatMessage]", within: float) -> "tuple[Arriving, Callable[[], object]]":
        """Start reading an answer, with retries `within` seconds; returns its queue and a function that cancels it."""
        from llama_index.core.llms.custom import CustomLLM

        arriving = Arriving()
        own = next(kind for kind in type(self._llm).__mro__ if "astream_chat" in vars(kind))
        if own is CustomLLM:  # its astream_chat blocks the event loop
            stop = threading.Event()
            threading.Thread(target=hear, args=(self._llm, messages, arriving, within, stop), daemon=True).start()
            return arriving, stop.set
        with self._lock:
            if self._closed:
                return arriving, lambda: None  # nothing will come
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(target=run_loop, args=(self._loop,), name="llm", daemon=True)
                self._thread.start()
            hearing = hear_awaited(self._llm, messages, arriving, within)
            return arriving, asyncio.run_coroutine_threadsafe(hearing, self._loop).cancel
