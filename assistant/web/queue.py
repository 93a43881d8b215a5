"""Runs programs' questions: each in its own thread, a few at a time, ended when the client leaves."""

import asyncio
import threading
import time
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import closing, suppress
from functools import partial
from typing import cast

from article_assistant.types import Answer, Event, Ready

MAX_QUESTION = 2000
"""Maximum characters of a question."""
WAIT = 5.0
"""Maximum seconds that a question may have to wait for its turn, as far as can be told when it comes."""
LATEST = 15.0
"""Seconds after which it is refused where that was told wrongly."""
MOST = 400
"""Maximum questions at work, most of them waiting for a language model; each is a thread."""
IN_LINE = 100
"""Maximum questions that wait; the next is refused at once."""
GUESSED = 0.25
"""Seconds that a question takes, as long as none has been answered: without it, a burst right after the start would
be let in that waits too long."""
RECENT = 0.2
"""What the last question counts in the mean of how much work one is."""
QUIET = 0.5
"""Seconds without an event after which None is yielded."""
AHEAD = 32
"""Maximum events buffered for a slow client; then the thread waits."""
THREAD = "question"
"""The name of the threads of programs' questions; the page's are AnyIO's."""
STALLED = 60.0
"""Seconds without the client taking an event after which its question is ended."""


class Busy(Exception):
    """Too many questions are running."""


def answered(events: Iterator[Event]) -> Generator[Event, None, None]:
    """The same events. Raises RuntimeError if the last is not an Answer; closing it closes them."""
    event = None
    try:
        for event in events:
            yield event
    finally:
        cast(Generator[Event, None, None], events).close()
    if not isinstance(event, Answer):
        raise RuntimeError("the events ended without an answer")


def ended(seconds: float) -> bool:
    """Whether all threads of questions have ended, after at most so many seconds; to be called after the loop's end.

    One that is inside a library of C++ while Python ends aborts the process.
    """
    until = time.monotonic() + seconds
    running = [one for one in threading.enumerate() if one.name in (THREAD, "AnyIO worker thread")]
    for one in running:
        one.join(max(until - time.monotonic(), 0))
    return not any(one.is_alive() for one in running)


class Asking:
    """Runs up to `at_once` questions at a time, for one event loop."""

    def __init__(self, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._at_once = at_once
        self._clock = clock
        self._places = asyncio.Semaphore(at_once)
        self._lasts = GUESSED  # seconds of work on a question, a running mean
        self._held = 0
        self._waiting = 0
        self._at_work = threading.Semaphore(MOST)

    def full(self) -> bool:
        """Whether the next question is refused: as many wait as will be answered in time."""
        return self._waiting >= IN_LINE or self._waiting * self._lasts > WAIT

    async def begin(self, ask: Callable[[], Iterator[Event]]) -> AsyncGenerator[Event | None, None]:
        """Start a question as soon as fewer than `at_once` run; returns its events, and None while there are none.

        `ask` is called in a thread. Closing the generator ends the question at its next event, within about a second.
        Its place is free again as soon as only a language model is waited for. Raises Busy where it is
        `full`, and after LATEST seconds.
        """
        if self.full() or not self._at_work.acquire(blocking=False):
            raise Busy
        self._waiting += 1
        try:
            async with asyncio.timeout(LATEST):
                await self._places.acquire()
        except BaseException as error:
            self._at_work.release()
            if isinstance(error, TimeoutError):
                raise Busy from None
            raise
        finally:
            self._waiting -= 1
        self._held += 1
        running = _Running(partial(self._free, self._clock(), self._held), self._at_work)
        threading.Thread(target=running.run, args=(ask,), name=THREAD, daemon=True).start()
        return running.events()

    def _free(self, since: float, beside: int) -> None:
        """Give a place that is held since then to the next question; so many were held when it was taken."""
        # Questions at work side by side share the cores, so each has only its part of that time.
        taken = (self._clock() - since) / ((beside + self._held) / 2)
        self._held -= 1
        self._lasts += RECENT * (taken - self._lasts)
        self._places.release()


class _Running:
    """One question: a thread produces its events, an event loop consumes them."""

    def __init__(self, free: Callable[[], None], at_work: threading.Semaphore) -> None:
        self._free = free
        self._at_work = at_work
        self._loop = asyncio.get_running_loop()
        self._came: asyncio.Queue[Event | Exception | None] = asyncio.Queue()
        self._room = threading.Semaphore(AHEAD)
        self._gone = threading.Event()
        self._holds = True

    def run(self, ask: Callable[[], Iterator[Event]]) -> None:
        """Produce the events. Only this thread may close the iterator, which may be running at any time."""
        try:
            with closing(answered(ask())) as events:
                for event in events:
                    # A client that stays but takes no events must not block others.
                    if not self._room.acquire(timeout=STALLED) or self._gone.is_set():
                        break
                    self._tell(event)
                    if isinstance(event, Ready):
                        self._leave()
            self._tell(None)
        except Exception as error:
            self._tell(error)
        finally:
            self._leave()
            self._at_work.release()

    def _leave(self) -> None:
        """Give the place to the next question, once."""
        if self._holds:
            self._holds = False
            with suppress(RuntimeError):  # the loop is closed, the server has stopped
                self._loop.call_soon_threadsafe(self._free)

    def _tell(self, item: Event | Exception | None) -> None:
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._came.put_nowait, item)

    async def events(self) -> AsyncGenerator[Event | None, None]:
        """The events, and None for every QUIET seconds without one. Raises whatever the question raised."""
        try:
            while True:
                try:
                    async with asyncio.timeout(QUIET):
                        item = await self._came.get()
                except TimeoutError:
                    yield None
                    continue
                if isinstance(item, Exception):
                    raise item
                if item is None:
                    return
                self._room.release()
                yield item
        finally:
            self._gone.set()
            self._room.release()
