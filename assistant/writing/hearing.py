"""An LLM's answer, heard in the thread or event loop that waits for it, and passed on to whoever reads it."""

import asyncio
import queue
import sys
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from article_assistant.index.http import retries
from article_assistant.writing import errors
from tenacity import AsyncRetrying, Retrying
from tenacity.nap import sleep_using_event

if TYPE_CHECKING:
    from llama_index.core.base.llms.types import ChatMessage, ChatResponse
    from llama_index.core.llms.llm import LLM

CHARACTERS = 12_000
"""Maximum characters of an answer; a longer one is taken to be endless."""
RETRIES = (0.5, 1.5)
"""Seconds before each retry, unless the server says otherwise."""
ENDLESS = "The language model did not come to an end."


class Failed(Exception):
    """A failed call: `notice` for the reader, the text for the log, and the HTTP status or 0."""

    def __init__(self, notice: str, reason: str, status: int = 0) -> None:
        super().__init__(reason)
        self.notice, self.status = notice, status


@dataclass(frozen=True, slots=True)
class Heard:
    """Words, and the tokens in and out if the provider reports them."""

    text: str
    tokens: tuple[int, int] | None


class Arriving:
    """An unbounded queue of pieces from the thread that receives an answer to the one that reads it."""

    def __init__(self) -> None:
        self._pieces = queue.SimpleQueue[Heard | Exception | None]()
        self._said = 0
        self.get = self._pieces.get
        """The next piece; finally None, or the error that ended the answer."""
        self.end = self._pieces.put

    def put(self, response: "ChatResponse") -> None:
        """Raises Failed after CHARACTERS."""
        piece = Heard(response.delta or "", _tokens_told(response))
        self._said += len(piece.text)
        if self._said > CHARACTERS:
            raise Failed(ENDLESS, f"it said more than {CHARACTERS} characters")
        if piece.text or piece.tokens:  # a model's thoughts have neither
            self._pieces.put(piece)

    def tries(self, within: float) -> dict[str, Any]:
        """Arguments for retrying while no word has arrived; see `index.http.retries`."""
        return retries(RETRIES, lambda error: not self._said and errors.is_passing(error), within, errors.retry_after)


_begun: ContextVar[list[AsyncGenerator[Any, Any]]] = ContextVar("_begun")
"""The asynchronous generators begun during one attempt, outermost first."""


async def hear_awaited(llm: "LLM", messages: "Sequence[ChatMessage]", arriving: Arriving, within: float) -> None:
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


def hear(
    llm: "LLM", messages: "Sequence[ChatMessage]", arriving: Arriving, within: float, stop: threading.Event
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


def _tokens_told(response: "ChatResponse") -> tuple[int, int] | None:
    """Tokens in and out, or None; packages differ in where they put them and what they call them."""
    said, raw = response.message.additional_kwargs, response.raw
    for told in (response.additional_kwargs, said, said.get("usage"), raw.get("usage") if isinstance(raw, dict) else 0):
        if isinstance(told, dict):
            taken, given = told.get("prompt_tokens", told.get("input_tokens")), told.get("completion_tokens")
            given = told.get("output_tokens") if given is None else given
            if isinstance(taken, int) and isinstance(given, int):
                return taken, given
    return None


def run_loop(loop: asyncio.AbstractEventLoop) -> None:
    """Run the loop that answers are received in, until it is stopped; then close it."""
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


async def end_calls(loop: asyncio.AbstractEventLoop) -> None:
    """From inside a loop, cancel all that runs in it and wait for it."""
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task()}
    for task in tasks:
        if not task.cancelling():  # cancelling again would keep it from closing its connection
            task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    await loop.shutdown_asyncgens()
