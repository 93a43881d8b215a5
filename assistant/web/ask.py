"""The endpoint of `/v1/ask` and its like: a complete answer, as one document or as a stream of events."""

from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Annotated

from article_assistant.index.types import Scope
from article_assistant.types import Answer, Answering, Citation, Event, Found, Ready, Sentence, Turn, User, Words
from article_assistant.web import errors
from article_assistant.web.queue import Asking
from article_assistant.web.replies import answer_of, document, frame, stream
from article_assistant.web.routes import ASK, Address
from pydantic import BaseModel, Field
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

Day = Annotated[str, Field(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
"""An ISO date, or ""."""


class ScopeBody(BaseModel):
    """Where somebody wants to be searched."""

    place: str = Field("", max_length=1000)
    since: Day = ""
    until: Day = ""
    category: str = Field("", max_length=1000)

    def scope(self) -> Scope:
        """What to search."""
        return Scope(self.place, self.since, self.until, category=self.category)


class AskBody(ScopeBody):
    """The body of a request."""

    question: str
    conversation: str | None = Field(None, min_length=1, max_length=200)
    stream: bool = False
    explain: bool = False

    def before(self) -> tuple[Turn, ...]:
        """What the question may look back on instead of the turns of its conversation; nothing for those."""
        return ()


def door(
    assistant: Answering,
    who: Callable[[Request], User],
    asking: Asking,
    address: Address = ASK,
    form: type[AskBody] = AskBody,
) -> Route:
    """The route; `who(request)` is the user whose rights apply."""

    @errors.plainly
    async def ask(request: Request) -> Response:
        body = errors.parsed(await request.body(), form)
        question, user = errors.checked(body.question), who(request)
        before, scope = body.before(), body.scope()
        events = await asking.begin(
            lambda: assistant.ask(question, user, body.conversation, before=before, explain=body.explain, scope=scope)
        )
        if body.stream or "text/event-stream" in request.headers.get("accept", ""):
            return stream(events, _frames)
        return document((await answer_of(events, request)).as_json())

    return address.to(ask)


def _frames(event: Event) -> Iterator[bytes]:
    if isinstance(event, Found):
        yield frame({"count": len(event.hits)}, "found")
    elif isinstance(event, Words):
        yield frame({"text": event.text}, "words")
    elif isinstance(event, Citation):
        yield frame(asdict(event), "citation")
    elif isinstance(event, Ready):
        yield frame(event.answer.as_json(), "ready")
    elif isinstance(event, Sentence):
        yield frame(asdict(event), "sentence")
    elif isinstance(event, Answer):
        yield frame(event.as_json(), "answer")
