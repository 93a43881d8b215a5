"""A small real server of the page over scripted answers, for the tests of what is served."""

import asyncio
import re
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
import uvicorn
from article_assistant.examples import Offer
from article_assistant.index.instep import InStep
from article_assistant.index.types import EVERYONE, EVERYTHING, Article, Chunk, Hit, Scope
from article_assistant.memory import Opinion
from article_assistant.settings import Settings
from article_assistant.types import Answer, Citation, Event, Found, Thumb, Turn, User, Waiting, Words
from article_assistant.web import server as api
from article_assistant.web.wanting import Meanings

from tests.ports import free_port

TEXT = (
    """# Incident of 21 November

The ingest queue stood still for two hours.

## What happened

Disk /dev/sdb was full. The cause was a log file that nobody rotated.

- First, alerts were muted.
- Then the queue grew to 40,000 messages.

Name: queue | Size: 40,000
Name: disk | Size: 200 GB

## Filler

"""
    + "\n\n".join(
        f"Paragraph {number} of the filler, which makes the page long enough to scroll." for number in range(60)
    )
    + """

## What we changed

Logs are now rotated every night, and the alert can no longer be muted.
It took two people three days.
"""
)
QUOTE = "Logs are now rotated every night, and the alert can no longer be muted.\nIt took two people"
HOSTILE = """# Hostile <script>alert(1)</script>

<script>fetch('http://evil.other.test/')</script> <img src=http://evil.other.test/a.png onerror=alert(1)>

<form action="http://evil.other.test/"><input name=a></form>

![picture](http://evil.other.test/b.png) [link](javascript:alert(1)) {{constructor}} ${alert(1)} \u202eevil\u202c

The hostile fact is forty-two.
"""
HOSTILE_QUOTE = "The hostile fact is forty-two."


def article(
    identifier: str = "ops/incident.md", text: str = TEXT, url: str = "", updated: str | None = "2023-11-22"
) -> Article:
    """An article with the defaults of these tests."""
    title = text.split("\n", 1)[0].removeprefix("# ")
    return Article(identifier, title, text, url or f"/article/{identifier}", "r1", updated, frozenset({EVERYONE}))


def hostile() -> Article:
    """An article that tries to be more than text."""
    return article("hostile.md", HOSTILE, "https://wiki.example.org/hostile")


def citation(of: Article, quote: str, number: int = 1) -> Citation:
    """The citation of a quote that stands in the article."""
    start = of.text.index(quote)
    heading = "What we changed"
    return Citation(number, of.id, of.title, of.url, heading, quote, start, start + len(quote), of.revision, of.updated)


def answered(question: str, words: str, *citations: Citation) -> Answer:
    """An answer with citations."""
    return Answer(question, True, None, words, "extractive", None, citations)


def refused(question: str, *nearest: Citation) -> Answer:
    """A refusal that names what is nearest."""
    words = f"The articles do not answer this. Looked for: {question}"
    return Answer(question, False, None, words, "refused", None, (), nearest)


@dataclass
class Scripted:
    """An assistant that plays answers from a queue; an exception in it is raised, a list of events is played.

    A number in such a list is a pause in seconds, a threading.Event one until it is set; Waiting lasts until it is
    stopped.
    """

    articles: dict[str, Article]
    script: deque[Any] = field(default_factory=deque)
    asked: list[tuple[str, User, str | None]] = field(default_factory=list)
    forgotten: list[tuple[User, str]] = field(default_factory=list)
    kept: dict[str, list[Answer]] = field(default_factory=dict)
    judged: list[tuple[str, Thumb, str]] = field(default_factory=list)
    scopes: list[Scope] = field(default_factory=list)
    before: list[Sequence[Turn]] = field(default_factory=list)
    offers: list[Offer | None] = field(
        default_factory=lambda: [
            Offer(question, "Incident of 21 November")
            for question in ("What did we change after the incident?", "How large was the queue?")
        ]
    )
    pause: float = 0.01

    def ask(
        self,
        question: str,
        user: User,
        conversation: str | None = None,
        stop: threading.Event | None = None,
        before: Sequence[Turn] = (),
        explain: bool = False,
        scope: Scope = EVERYTHING,
    ) -> Iterator[Event]:
        self.scopes.append(scope)
        self.before.append(before)
        self.asked.append((question, user, conversation))
        step = self.script.popleft() if self.script else refused(question)
        if isinstance(step, Answer) and not explain:
            step = replace(step, explanation=None)
        some = next(iter(self.articles.values()))
        hit = Hit(Chunk(some.id, 0, 5, "", some.text[:5], ()), some, 1, 1.0, 0.0, ())
        yield Found((hit,) * 6)
        time.sleep(self.pause * 5)
        if isinstance(step, Exception):
            raise step
        if isinstance(step, list):
            for event in step:
                if isinstance(event, float):
                    time.sleep(event)
                    continue
                if isinstance(event, threading.Event):
                    event.wait(600)
                    continue
                while isinstance(event, Waiting) and not (stop and stop.is_set()):
                    yield event
                    time.sleep(0.1)
                if isinstance(event, Answer):
                    self._keep(conversation, replace(event, scope=scope))
                yield event
                time.sleep(self.pause * 10)
            return
        for piece in step.answer.split(" "):
            yield Words(piece + " ")
            time.sleep(self.pause)
        yield from step.citations
        self._keep(conversation, replace(step, question=question, scope=scope))
        yield step

    def _keep(self, conversation: str | None, answer: Answer) -> None:
        if conversation is not None:
            self.kept.setdefault(conversation, []).append(replace(answer, explanation=None))

    def article(self, identifier: str, user: User) -> Article | None:
        assert user.groups == frozenset({EVERYONE})
        return self.articles.get(identifier)

    def passages(self, question: str, user: User, k: int) -> list[Hit]:  # noqa: ARG002
        raise AssertionError(f"these tests search for nothing: {question!r}")

    def titles(self, user: User) -> list[tuple[str, str, str | None]]:
        assert user.groups == frozenset({EVERYONE})
        return [(one.id, one.title, one.updated) for one in self.articles.values()]

    def categories(self, user: User) -> dict[str, int]:
        assert user.groups == frozenset({EVERYONE})
        return dict(sorted(Counter(name for one in self.articles.values() for name in one.categories).items()))

    def conversation(self, user: User, name: str, most: int) -> list[Answer]:
        assert EVERYONE in (user.groups or ())
        return self.kept.get(name, [])[-most:]

    def conversations(self, user: User, most: int) -> list[tuple[str, str, float]]:  # noqa: ARG002
        return [(name, answers[0].question, float(number)) for number, (name, answers) in enumerate(self.kept.items())]

    def judge(self, user: User, conversation: str, question: str, thumb: Thumb, word: str) -> bool:  # noqa: ARG002
        self.judged.append((question, thumb, word))
        return any(answer.question == question for answer in self.kept.get(conversation, []))

    def forget(self, user: User, conversation: str) -> None:
        self.kept.pop(conversation, None)
        self.forgotten.append((user, conversation))

    def examples(self, user: User) -> list[Offer | None]:
        assert user.groups == frozenset({EVERYONE})
        return list(self.offers)


def scripted(*steps: Any) -> Scripted:
    """An assistant over the two articles of these tests."""
    held = [article(), hostile()]
    return Scripted({one.id: one for one in held}, deque(steps))


def good(question: str = "What did we change?") -> Answer:
    """The answer most of these tests want."""
    return answered(question, "Logs are now rotated every night. [1]", citation(article(), QUOTE))


@contextmanager
def asking(person: httpx.Client, tab: str, question: Any, name: Any = "") -> Iterator[httpx.Response]:
    """Ask as the page's own script does, without a browser: the stream of what comes of it.

    `tab` is Gradio's name of a tab, `name` the conversation's.
    """
    event = re.search(r'"id":(\d+),"targets":\[\[\d+,"submit"\]', person.get("/").text)
    assert event
    body = {"data": [question, name, ""], "fn_index": int(event[1]), "session_hash": tab, "trigger_id": None}
    joined = person.post("/gradio_api/queue/join", json=body)
    assert joined.status_code == 200, joined.text
    with person.stream("GET", "/gradio_api/queue/data", params={"session_hash": tab}) as stream:
        yield stream


class Served:
    """The page of an assistant, served in a thread until `stop`."""

    def __init__(
        self,
        assistant: Any,
        port: int | None = None,
        kept: InStep | None = None,
        judged: Callable[[], Iterable[Opinion]] = tuple,
        meanings: Meanings | None = None,
        **given: Any,
    ) -> None:
        self._kept = kept
        self._judged = judged
        self._meanings = meanings
        self.port = port or free_port()
        self.assistant = assistant
        self.url = f"http://127.0.0.1:{self.port}"
        self._settings = Settings(port=self.port, **given)
        self._server: uvicorn.Server | None = None
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        deadline = time.monotonic() + 20
        while not (self._server and self._server.started) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert self._server
        assert self._server.started

    async def _serve(self) -> None:
        app = api.create_app(
            self.assistant,
            self._settings,
            getattr(self.assistant, "examples", lambda _: []),
            self._kept,
            self._judged,
            self._meanings,
        )
        config = uvicorn.Config(
            app,
            host="127.0.0.1",
            port=self.port,
            log_config=None,
            lifespan="on",
            ws="none",
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
        self._server = uvicorn.Server(config)
        await self._server.serve()

    def at(self, host: str) -> str:
        """The address under another host name."""
        return f"http://{host}:{self.port}"

    def stop(self) -> None:
        assert self._server
        self._server.should_exit = True
        self._thread.join(10)
