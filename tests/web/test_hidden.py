"""Through no door does anybody learn anything of what they may not read.

`--long` asks 200 questions at each door, of 20 libraries, instead of 20 of two (half an hour).
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from article_assistant.answering.extract import Extractor
from article_assistant.answering.kind import kinds_of
from article_assistant.answering.reader import Reader
from article_assistant.identity import TokenKey
from article_assistant.index import embed
from article_assistant.index.types import EVERYONE
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.settings import ACCEPTED_WRONG
from article_assistant.web import keys

from bench.hidden import GROUPS, Pair, pairs
from tests import served as web
from tests.parts import Words, run
from tests.web.test_mcp import over_http
from tests.web.test_tokens import SECRET, token

QUESTIONS = 10
WIKI = "wiki.example:"
"""What the names of a wiki's groups begin with."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """The seeds of the libraries."""
    seeds = range(3, 23) if metafunc.config.getoption("--long") else [3, 5]
    for name in {"program", "person"} & set(metafunc.fixturenames):
        metafunc.parametrize(name, seeds, indirect=True, scope="module")


@contextmanager
def two(home: Path, seed: int, **who: Any) -> Iterator[tuple[Pair, list[str]]]:
    """A reader, and servers of a library that holds more than they may read and of one that does not."""
    extractor = Extractor(Reader(), ACCEPTED_WRONG, kinds_of(embed.load()))
    (home / "secret").write_bytes(SECRET)
    given: dict[str, Any] = {
        "proxy": {"addresses": ["127.0.0.1"], "user": "x-forwarded-user", "groups": "x-forwarded-groups"},
        "identities": {"old": TokenKey("HS256", WIKI.rstrip(":"), home / "secret")},
        "embed_origins": ("https://wiki.example",),
        "asks_a_minute": 0,
    }
    with closing(pairs(home, Words(), seed, QUESTIONS, **who)) as made, ExitStack() as ends:
        pair = next(one for one in made if one.forbidden)  # its libraries are open for as long as there may be more
        urls = []
        for index in (pair.whole, pair.alone):
            memory = ends.enter_context(closing(Memory()))
            server = web.Served(Assistant(index, extractor, memory), home=home, **given)
            ends.callback(server.stop)
            urls.append(server.url)
        yield pair, urls


@pytest.fixture(scope="module")
def program(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The questions of a reader of any groups, their key, and the two servers."""
    home = tmp_path_factory.mktemp("home")
    with two(home, request.param) as (pair, urls):
        yield pair.questions, keys.issue(home, "reader", sorted(pair.groups)), urls


@pytest.fixture(scope="module")
def person(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """The questions of a wiki's reader, their groups there, and the two servers."""
    of_wiki = [name for name in GROUPS if name.startswith(WIKI)]
    home = tmp_path_factory.mktemp("home")
    with two(home, request.param, among=of_wiki, always=frozenset({EVERYONE})) as (pair, urls):
        yield pair.questions, sorted(pair.groups - {EVERYONE}), urls


def without(answer: Any, *left: str) -> Any:
    """An answer without what no two answers share."""
    return {name: value for name, value in answer.items() if name not in left}


def test_ask(program: Any) -> None:
    """`/v1/ask` answers every byte but the seconds as a server does that never had the forbidden articles."""
    questions, key, urls = program
    for question in questions:
        one, other = (
            httpx.post(f"{url}/v1/ask", json={"question": question}, headers=bearer(key), timeout=60).json()
            for url in urls
        )
        assert one["question"] == question
        assert without(one, "seconds") == without(other, "seconds")


def test_completions(program: Any) -> None:
    """So does `/v1/chat/completions`, but for its name and time."""
    questions, key, urls = program
    for question in questions:
        body = {"model": "articles", "messages": [{"role": "user", "content": question}]}
        one, other = (
            json.loads(
                httpx.post(f"{url}/v1/chat/completions", json=body, headers=bearer(key), timeout=60).text.replace(
                    url, ""
                )  # links begin with the server's own address
            )
            for url in urls
        )
        assert one["choices"]
        assert without(one, "id", "created", "seconds") == without(other, "id", "created", "seconds")


def test_tools(program: Any) -> None:
    """So do the tools at `/mcp`: what is found, and what an article is that may not be read."""
    questions, key, urls = program

    async def asked(url: str) -> list[Any]:
        async with over_http(url, key) as client:
            found = [await client.call_tool("search", {"question": question, "k": 20}) for question in questions]
            found += [await client.call_tool("read", {"article": f"wiki/{number}"}) for number in range(12)]
            return [(one.structured_content, [part.text for part in one.content]) for one in found]  # type: ignore[union-attr]

    one, other = (run(asked(url)) for url in urls)
    assert one == other


def test_widget(person: Any) -> None:
    """So does the widget, every event of it, to who brings a token of their wiki."""
    questions, groups, urls = person
    for question in questions:
        one, other = (told(url, question, groups) for url in urls)
        assert [name for name, _ in one][-1] == "answer"
        assert one == other


def told(url: str, question: str, groups: list[str]) -> list[tuple[str, Any]]:
    """What a widget's reader is told, by the names of events, without the seconds and the pieces of waiting."""
    now = int(time.time())
    claims = {"sub": "mia", "groups": [name.removeprefix(WIKI) for name in groups], "aud": url, "iat": now}
    headers = bearer(token(claims | {"exp": now + 60})) | {"origin": "https://wiki.example"}
    asked = {"question": question, "conversation": "a" * 32, "stream": True}
    httpx.post(f"{url}/widget/forget", json={"conversation": "a" * 32}, headers=headers).raise_for_status()
    text = httpx.post(f"{url}/widget/ask", json=asked, headers=headers, timeout=60).raise_for_status().text
    events = [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n", text)]
    return [(name, without(data, "seconds")) for name, data in events]


def test_page(person: Any) -> None:
    """So does the page, in all that it shows, to whom a proxy has signed in."""
    questions, groups, urls = person
    headers = {"x-forwarded-user": "mia", "x-forwarded-groups": ",".join(groups)}
    for question in questions:
        one, other = (shown(url, question, headers) for url in urls)
        assert question in one
        assert one == other


def shown(url: str, question: str, headers: dict[str, str]) -> str:
    """The conversation and its sources as the page shows them last, without the name of the conversation."""
    with (
        httpx.Client(base_url=url, headers=headers, timeout=60) as browser,
        web.asking(browser, uuid4().hex, question) as came,
    ):
        events = [json.loads(line[6:]) for line in came.iter_lines() if line.startswith("data: {")]
    steps = [event["output"]["data"] for event in events if event["msg"] == "process_generating"]
    name, *_ = steps[0]
    # Whatever comes after the first step replaces what stands there: `[["replace", [], "<div…"]]`.
    drawn = [step[place][0][2] for place in (1, 2) for step in steps[1:] if step[place]]
    talk, sources = (
        [one for one in drawn if isinstance(one, str) and begins in one[:60]] for begins in ("log", "sources")
    )
    return (talk[-1] + "".join(sources[-1:])).replace(name, "")


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
