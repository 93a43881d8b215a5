"""OpenAI's endpoints for chat clients: `/v1/chat/completions` and the list of models.

The text is that of `/v1/ask`. A stream never holds more than the final answer: a language model's sentences are sent
one by one, once each is found to be supported.
"""

import re
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from itertools import pairwise
from typing import Any

from article_assistant.types import Answer, Answering, Citation, Event, Found, Sentence, Turn, User
from article_assistant.web import errors, render, routes
from article_assistant.web.errors import Problem
from article_assistant.web.queue import MAX_QUESTION, Asking
from article_assistant.web.replies import Frames, answer_of, document, frame, stream
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MODEL_ID = "articles"
"""The only model."""


class Message(BaseModel):
    """A message of a chat; its content is text or a list of text parts."""

    role: str
    content: str | list[dict[str, Any]] | None = None

    @property
    def text(self) -> str:
        """All of its text. Raises Problem if it holds anything else."""
        if not isinstance(self.content, list):
            return self.content or ""
        if any(piece.get("type") != "text" or not isinstance(piece.get("text"), str) for piece in self.content):
            raise Problem(422, "A message can contain only text.")
        return "\n".join(piece["text"] for piece in self.content)


class StreamOptions(BaseModel):
    """What a stream adds to the message."""

    include_usage: bool = False


class Chat(BaseModel):
    """The body of `/v1/chat/completions`. Sampling parameters such as temperature are accepted and ignored."""

    model: str
    messages: list[Message]
    stream: bool = False
    stream_options: StreamOptions | None = None


def doors(assistant: Answering, who: Callable[[Request], User], asking: Asking) -> list[Route]:
    """The routes; `who(request)` is the user whose rights apply."""
    began = int(time.time())

    def model(name: str) -> dict[str, Any]:
        if name != MODEL_ID:
            sentence = f"There is no model {name[:100]!r}; the only one is {MODEL_ID}."
            raise Problem(404, sentence, "model_not_found")
        return {"id": name, "object": "model", "created": began, "owned_by": "article-assistant"}

    @errors.plainly
    async def complete(request: Request) -> Response:
        body, user = errors.parsed(await request.body(), Chat), who(request)
        model(body.model)
        turns, question = _turns(body.messages)
        events = await asking.begin(lambda: assistant.ask(question, user, before=turns))
        completion = Completion(str(request.base_url).rstrip("/"))
        if body.stream:
            with_usage = body.stream_options is not None and body.stream_options.include_usage
            return stream(events, completion.frames(with_usage), b"data: [DONE]\n\n")
        return document(completion.whole(await answer_of(events, request)))

    async def models(_: Request) -> Response:
        return document({"object": "list", "data": [model(MODEL_ID)]})

    @errors.plainly
    async def one_model(request: Request) -> Response:
        return document(model(request.path_params["name"]))

    return [routes.COMPLETIONS.to(complete), routes.MODELS.to(models), routes.ONE_MODEL.to(one_model)]


def _turns(messages: Sequence[Message]) -> tuple[list[Turn], str]:
    """The turns before a chat's last question, and that question. Raises Problem if there is none."""
    places = [place for place, message in enumerate(messages) if message.role == "user"]
    if not places:
        raise Problem(422, "There is no question: no message has the role user.")
    question = errors.checked(messages[places[-1]].text)
    turns: list[Turn] = []
    for place, following in pairwise(places):
        asked = messages[place].text.strip()
        if 0 < len(asked) <= MAX_QUESTION:
            said = [message.text for message in messages[place + 1 : following] if message.role == "assistant"]
            turns.append(Turn(asked, "\n".join(said), ()))
    return turns, question


class Completion:
    """An answer as an OpenAI chat completion; `site` is our own address without a trailing slash."""

    def __init__(self, site: str) -> None:
        self._site = site
        self._head = {"id": f"chatcmpl-{secrets.token_hex(16)}", "created": int(time.time()), "model": MODEL_ID}

    def whole(self, answer: Answer) -> dict[str, Any]:
        """The completion as one document."""
        message = {"role": "assistant", "content": answer.answer, "refusal": None, **self._extras(answer)}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return {**self._head, "object": "chat.completion", "choices": [choice], "usage": _usage(answer)}

    def frames(self, with_usage: bool) -> Frames:
        """A function from events to chunks: first the role, then the text in pieces, last the citations."""
        supported: dict[int, str] = {}
        said = ""

        def chunk(delta: dict[str, Any], finished: str | None = None) -> bytes:
            choice = {"index": 0, "delta": delta, "finish_reason": finished, "logprobs": None}
            made = {**self._head, "object": "chat.completion.chunk", "choices": [choice]}
            return frame(made | ({"usage": None} if with_usage else {}))

        def further(text: str) -> Iterator[bytes]:
            nonlocal said
            if not text.startswith(said):
                raise ValueError("the answer does not begin with what was streamed of it")
            if text != said:
                yield chunk({"content": text[len(said) :]})
            said = text

        def frames(event: Event) -> Iterator[bytes]:
            if isinstance(event, Found):
                yield chunk({"role": "assistant", "content": ""})
            elif isinstance(event, Sentence) and event.state == "supported":
                supported[event.number] = event.text
                yield from further("".join(supported.values()).strip())
            elif isinstance(event, Answer):
                yield from further(event.answer)
                yield chunk(self._extras(event), "stop")
                if with_usage:
                    made = {**self._head, "object": "chat.completion.chunk", "choices": [], "usage": _usage(event)}
                    yield frame(made)

        return frames

    def _extras(self, answer: Answer) -> dict[str, Any]:
        """OpenAI's annotations, and our own citations and notice."""
        by_number = {citation.number: citation for citation in answer.citations}
        annotations = [
            {
                "type": "url_citation",
                "url_citation": {
                    "start_index": mark.start(),
                    "end_index": mark.end(),
                    "url": self._url(citation),
                    "title": citation.title,
                },
            }
            for mark in re.finditer(r"\[(\d+)\]", answer.answer)
            if (citation := by_number.get(int(mark[1])))
        ]
        citations = [asdict(citation) for citation in answer.citations]
        return {"annotations": annotations, "citations": citations, "notice": answer.notice}

    def _url(self, citation: Citation) -> str:
        return render.original(citation.url) or f"{self._site}{render.address(citation)}"


def _usage(answer: Answer) -> dict[str, int]:
    """The language model's tokens, 0 if none was used."""
    sent, said = answer.usage.get("prompt_tokens", 0), answer.usage.get("completion_tokens", 0)
    return {"prompt_tokens": sent, "completion_tokens": said, "total_tokens": sent + said}
