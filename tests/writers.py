"""Scripted parts of answering: an answerer and a language model that play a queue, and a check by words."""

import re
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from article_assistant.answering.cite import Quote, resolve
from article_assistant.index.types import Hit
from article_assistant.types import Answer, Context, Event, Turn, Words
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseGen,
    LLMMetadata,
)
from llama_index.core.llms import CustomLLM
from pydantic import PrivateAttr


class Scripted:
    """An answerer that quotes what it is told to, from a queue; None refuses, an exception is raised."""

    def __init__(self, *quotes: str | Exception | None) -> None:
        self.quotes = deque(quotes)
        self.turns: list[list[Turn]] = []
        self.read: list[tuple[str, list[str]]] = []

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        self.turns.append(list(turns))
        return f"{question} {turns[-1].question}" if turns else question

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:  # noqa: ARG002
        self.read.append((question, [hit.article.id for hit in hits]))
        quote = self.quotes.popleft() if self.quotes else None
        if isinstance(quote, Exception):
            raise quote
        if quote is None:
            yield Answer(question, False, None, "Not answered.", "refused", None, ())
            return
        article = next(hit.article for hit in hits if quote in hit.article.text)
        start = article.text.index(quote)
        citations = resolve([Quote(article, start, start + len(quote))])
        yield Words(f"{quote} [1]")
        yield citations[0]
        yield Answer(question, True, quote, f"{quote} [1]", "extractive", None, citations)


class Told(CustomLLM):
    """A language model that says the texts of a queue word by word and keeps what it was asked; an exception is raised.

    An Event in the queue holds it up until that is set.
    """

    _script: deque[Any] = PrivateAttr()
    _asked: list[list[ChatMessage]] = PrivateAttr(default_factory=list)

    def __init__(self, *script: Any) -> None:
        super().__init__()
        self._script = deque(script)

    @property
    def asked(self) -> list[str]:
        """The last message of each call."""
        return [messages[-1].content or "" for messages in self._asked]

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(model_name="told")

    def stream_chat(self, messages: Sequence[ChatMessage], **_: Any) -> ChatResponseGen:
        self._asked.append(list(messages))
        step = self._script.popleft()
        for part in step if isinstance(step, list) else [step]:
            if isinstance(part, Exception):
                raise part
            if isinstance(part, threading.Event):
                part.wait(60)
                continue
            for word in re.findall(r"\S+\s*|\s+", part):
                yield ChatResponse(message=ChatMessage(content=word), delta=word)

    def complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponse:
        raise NotImplementedError

    def stream_complete(self, prompt: str, formatted: bool = False, **_: Any) -> CompletionResponseGen:
        raise NotImplementedError


@dataclass
class ByWords:
    """A check that takes a sentence for carried when one of the passage has all of its words."""

    judged: list[str] = field(default_factory=list)

    def carries(self, sentence: str, hit: Hit) -> tuple[Quote, ...]:
        """The first sentence with all the words."""
        self.judged.append(sentence)
        words = set(re.findall(r"\w+", sentence.lower()))
        for start, end in hit.chunk.sentences:
            if words <= set(re.findall(r"\w+", hit.article.text[start:end].lower())):
                return (Quote(hit.article, start, end),)
        return ()
