"""`web.mcp`: a client of the Model Context Protocol searches, asks and reads, over HTTP and over pipes."""

import asyncio
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import article_assistant
import httpx
import httpx2
import pytest
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Article, Hit, LibraryError
from article_assistant.pipeline import Assistant
from article_assistant.settings import Settings
from article_assistant.types import Event, Found, User, Waiting
from article_assistant.web import keys
from article_assistant.web import mcp as tools
from article_assistant.web.queue import MAX_QUESTION
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from tests import parts
from tests import served as web
from tests.parts import SEEDS, article, update

ASSAILANTS = "How many assailants were captured?"
SECRET = "staff/plans.md"
LONG = "staff/long.md"
MODES = ["auto", "legacy"]
"""How a client agrees on a version: the newest way, and the one of all versions before 2026."""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def assistant(home: Path) -> Iterator[Assistant]:
    """The whole assistant over the sample articles, one that the staff alone may read, and a long one."""
    index = Index.open(home, embed.load())
    update(index, SEEDS)
    secret = article("The next office will be in Reykjavik.", "Plans", SECRET, frozenset({"staff"}))
    long = article("Herons stand. " * 4000, "Herons", LONG)
    with index.library.writing():
        source = index.library.ledger.add("/staff", "staff")
        index.replace(source, [(one, "r1", split(one, index.embedder)) for one in (secret, long)])
    with article_assistant.open(Settings(home=home), index=index) as opened:
        yield opened
    index.close()


@pytest.fixture(scope="module")
def served(assistant: Assistant, home: Path) -> Iterator[web.Served]:
    running = web.Served(assistant, home=home, password="correct horse")
    yield running
    running.stop()


@pytest.fixture(scope="module")
def key(served: web.Served, home: Path) -> str:  # noqa: ARG001
    """A key that is made while the server runs."""
    return keys.issue(home, "agent")


@asynccontextmanager
async def over_http(url: str, key: str, mode: Any = "auto") -> AsyncIterator[Client]:
    """A client at the server's door, with a key."""
    headers = {"authorization": f"Bearer {key}"} if key else {}
    async with (
        httpx2.AsyncClient(headers=headers, timeout=60) as http,
        Client(streamable_http_client(f"{url}/mcp", http_client=http), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def over_pipes(home: Path, *arguments: str) -> AsyncIterator[Client]:
    """A client that starts `assistant mcp` and talks to it over its standard input and output."""
    command = str(Path(sys.executable).parent / "assistant")
    started = StdioServerParameters(command=command, args=["mcp", "--home", str(home), *arguments])
    async with Client(started) as client:
        yield client


async def call(client: Client, tool: str, **arguments: Any) -> dict[str, Any]:
    """What a tool gives; its text is the same as its structure."""
    result = await client.call_tool(tool, arguments)
    assert not result.is_error, result.content
    (text,) = result.content
    assert text.type == "text"
    assert json.loads(text.text) == result.structured_content
    found: dict[str, Any] = result.structured_content
    return found


async def refusal(client: Client, tool: str, **arguments: Any) -> str:
    """Why a tool gives nothing."""
    result = await client.call_tool(tool, arguments)
    assert result.is_error
    (text,) = result.content
    assert text.type == "text"
    assert "\n" not in text.text
    return str(text.text)


async def uses_all(client: Client, assistant: Assistant) -> None:
    """Find a passage, read around it, and ask: each says the same of the article."""
    listed = await client.list_tools()
    assert [tool.name for tool in listed.tools] == ["search", "ask", "read"]
    for tool in listed.tools:
        assert tool.description
        assert tool.annotations
        assert tool.annotations.read_only_hint

    passages = (await call(client, "search", question=ASSAILANTS, k=3))["passages"]
    assert len(passages) == 3
    first = passages[0]
    assert first["article"] == "seeds/news/aktobe.txt"
    assert first["url"] == "/article/seeds/news/aktobe.txt"
    assert first["title"].startswith("Aktobe")
    stands = assistant.article(first["article"], User("x", frozenset({EVERYONE})))
    assert stands
    for passage in passages:
        piece = await call(client, "read", article=passage["article"], start=passage["start"], end=passage["end"])
        assert piece["text"] == passage["text"]
    whole = await call(client, "read", article=first["article"])
    assert (whole["text"], whole["start"], whole["end"]) == (stands.text, 0, len(stands.text))
    assert whole["length"] == len(stands.text)

    answer = await call(client, "ask", question=ASSAILANTS)
    assert (answer["answered"], answer["answer"]) == (True, "Seven. [1]")
    (citation,) = answer["citations"]
    piece = await call(client, "read", article=citation["article"], start=citation["start"], end=citation["end"])
    assert piece["text"] == citation["quote"]


async def refuses(client: Client) -> None:
    """What cannot be is said in one sentence that a model can act on."""
    assert "no tool 'write'" in await refusal(client, "write")
    assert "question" in await refusal(client, "ask")
    assert "empty" in await refusal(client, "ask", question="  ")
    assert "question" in await refusal(client, "ask", question="x" * (MAX_QUESTION + 1))
    for k in (0, tools.MOST + 1, "many"):
        assert await refusal(client, "search", question="herons", k=k)
    assert "no such article" in await refusal(client, "read", article="../etc/passwd")
    assert "56,000" in await refusal(client, "read", article=LONG, start=56_000)
    assert await refusal(client, "read", article=LONG, start=-1)


async def reads_on(client: Client) -> None:
    """A long article comes in bounded pieces that put together are its text."""
    text, start = "", 0
    while start < 56_000:
        piece = await call(client, "read", article=LONG, start=start)
        assert len(piece["text"]) <= tools.PIECE
        assert piece["start"] == start
        text, start = text + piece["text"], piece["end"]
    assert text == "Herons stand. " * 4000
    assert (await call(client, "read", article=LONG, start=10, end=5))["text"] == ""


@pytest.mark.parametrize("mode", MODES)
def test_a_client_uses_the_tools_over_http(served: web.Served, key: str, assistant: Assistant, mode: str) -> None:
    """With a key a client finds, reads and asks; what cannot be is a plain sentence."""

    async def talk() -> None:
        async with over_http(served.url, key, mode) as client:
            await uses_all(client, assistant)
            await refuses(client)
            await reads_on(client)

    parts.run(talk())


def test_a_client_uses_the_tools_over_pipes(home: Path, assistant: Assistant) -> None:
    """`assistant mcp` serves the same to a client that starts it."""

    async def talk() -> None:
        async with over_pipes(home) as client:
            await uses_all(client, assistant)
            await refuses(client)

    parts.run(talk())


def test_tools_show_what_their_groups_may_read(served: web.Served, key: str, home: Path) -> None:
    """An article of a group is found, quoted and read by keys and commands of that group only."""
    staff = keys.issue(home, "staff-agent", ["staff"])
    question = "Where will the next office be?"

    async def looks(client: Client, sees: bool) -> None:
        found = (await call(client, "search", question=question))["passages"]
        assert (SECRET in [passage["article"] for passage in found]) == sees
        answer = await call(client, "ask", question=question)
        cited = [citation["article"] for citation in (*answer["citations"], *answer["nearest"])]
        assert (SECRET in cited) == sees
        result = await client.call_tool("read", {"article": SECRET})
        assert result.is_error != sees
        assert ("Reykjavik" in str(result.content)) == sees

    async def talk() -> None:
        async with over_http(served.url, key) as client:
            await looks(client, sees=False)
        async with over_http(served.url, staff) as client:
            await looks(client, sees=True)
        async with over_pipes(home) as client:
            await looks(client, sees=False)
        async with over_pipes(home, "--group", "staff", "--group", EVERYONE) as client:
            await looks(client, sees=True)

    parts.run(talk())


def test_no_client_comes_in_without_a_key(served: web.Served, key: str) -> None:
    """Without a key, with a wrong one, from another site's page or by another method there is nothing to be had."""
    hello = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    accepts = {"accept": "application/json, text/event-stream"}
    for headers in ({}, {"authorization": f"Bearer {key}x"}, {"cookie": "assistant=x"}):
        assert httpx.post(f"{served.url}/mcp", json=hello, headers=accepts | headers, timeout=60).status_code == 401
    right = accepts | {"authorization": f"Bearer {key}"}
    assert httpx.post(f"{served.url}/mcp", json=hello, headers=right, timeout=60).status_code == 200
    elsewhere = right | {"origin": "https://evil.test"}
    assert httpx.post(f"{served.url}/mcp", json=hello, headers=elsewhere, timeout=60).status_code == 403
    for method in ("GET", "DELETE", "OPTIONS"):
        assert httpx.request(method, f"{served.url}/mcp", headers=right, timeout=60).status_code == 405

    async def talk() -> None:
        async with over_http(served.url, "") as client:
            await client.list_tools()

    with pytest.raises(Exception, match=r".") as refused:
        parts.run(talk())
    assert not isinstance(refused.value, AssertionError)


@dataclass
class Fails:
    """An assistant whose library cannot be read, or whose writer is waited for until the question is ended."""

    error: Exception
    ended: threading.Event = field(default_factory=threading.Event)

    def ask(self, _question: str, _user: User, *_: Any, **_more: Any) -> Iterator[Event]:
        try:
            yield Found(())
            while True:
                time.sleep(0.2)
                yield Waiting()
        finally:
            self.ended.set()

    def passages(self, _question: str, _user: User, _k: int) -> list[Hit]:
        raise self.error

    def article(self, _identifier: str, _user: User) -> Article | None:
        raise self.error


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("error", [LibraryError("the secret reason"), ValueError("the secret reason")])
def test_what_goes_wrong_inside_stays_inside(
    error: Exception, mode: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A client is told that something went wrong, and the log why."""
    running = web.Served(Fails(error), home=tmp_path)

    async def talk() -> None:
        async with over_http(running.url, "", mode) as client:
            for tool, arguments in (("search", {"question": "a"}), ("read", {"article": "a"})):
                assert "secret" not in await refusal(client, tool, **arguments)

    try:
        parts.run(talk())
    finally:
        running.stop()
    assert "the secret reason" in caplog.text


@pytest.mark.parametrize("mode", MODES)
def test_who_leaves_ends_the_work(mode: str, tmp_path: Path) -> None:
    """When a client goes away or gives up, the question it asked is ended."""
    fails = Fails(ValueError())
    running = web.Served(fails, home=tmp_path)

    async def talk() -> None:
        async with over_http(running.url, "", mode) as client:
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(1.5):
                    await client.call_tool("ask", {"question": "Why?"})

    try:
        parts.run(talk())
        assert fails.ended.wait(60)
    finally:
        running.stop()


def test_without_their_package_there_are_no_tools(tmp_path: Path) -> None:
    """Where mcp is not installed the rest is served, /mcp is a 404 that says so, and the command says what to type."""
    hidden = "import sys; sys.modules['mcp'] = None; "
    program = hidden + (
        "import httpx; from tests import served as web; running = web.Served(web.scripted());"
        "client = httpx.Client(base_url=running.url, timeout=60);"
        "print(client.post('/mcp').text, client.get('/v1/models').status_code);"
        "running.stop()"
    )
    env = os.environ | {"ASSISTANT_HOME": str(tmp_path)}
    ran = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", program], capture_output=True, text=True, check=False, env=env
    )
    assert "article-assistant[mcp]" in ran.stdout, ran.stderr
    assert '"not_found_error"' in ran.stdout
    assert ran.stdout.endswith(" 200\n")
    command = hidden + "sys.argv = ['assistant', 'mcp']; from article_assistant.cli.main import main; main()"
    ran = subprocess.run([sys.executable, "-c", command], capture_output=True, text=True, check=False, env=env)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "pip install 'article-assistant[mcp]'" in ran.stderr
    assert "Traceback" not in ran.stderr
