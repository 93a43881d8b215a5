"""Through no door do programs learn anything of what their key may not read."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from article_assistant.answering.extract import Extractor
from article_assistant.answering.kind import kinds_of
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.settings import ACCEPTED_WRONG
from article_assistant.web import keys

from bench.hidden import pairs
from tests import served as web
from tests.parts import Words, run
from tests.web.test_mcp import over_http

QUESTIONS = 10


@pytest.fixture(scope="module", params=[3, 5])
def two(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A reader's questions, and servers of a library that holds more than they may read and of one that does not."""
    home = tmp_path_factory.mktemp("home")
    extractor = Extractor(Reader(), ACCEPTED_WRONG, kinds_of(embed.load()))
    made = pairs(home, Words(), request.param, QUESTIONS, readers=1)
    pair = next(made)  # its libraries are open for as long as there may be a next one
    assert pair.forbidden
    key = keys.issue(home, "reader", sorted(pair.groups))
    with closing(Memory()) as memory:
        servers = [
            web.Served(Assistant(index, extractor, memory), home=home, password="correct horse")
            for index in (pair.whole, pair.alone)
        ]
        yield pair.questions, key, [server.url for server in servers]
        for server in servers:
            server.stop()
    made.close()


def without(answer: Any, *left: str) -> Any:
    """An answer without what no two answers share."""
    return {name: value for name, value in answer.items() if name not in left}


def test_ask(two: Any) -> None:
    """`/v1/ask` answers every byte but the seconds as a server does that never had the forbidden articles."""
    questions, key, urls = two
    for question in questions:
        one, other = (
            httpx.post(f"{url}/v1/ask", json={"question": question}, headers=bearer(key), timeout=60).json()
            for url in urls
        )
        assert one["question"] == question
        assert without(one, "seconds") == without(other, "seconds")


def test_completions(two: Any) -> None:
    """So does `/v1/chat/completions`, but for its name and time."""
    questions, key, urls = two
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


def test_tools(two: Any) -> None:
    """So do the tools at `/mcp`: what is found, and what an article is that may not be read."""
    questions, key, urls = two

    async def asked(url: str) -> list[Any]:
        async with over_http(url, key) as client:
            found = [await client.call_tool("search", {"question": question, "k": 20}) for question in questions]
            found += [await client.call_tool("read", {"article": f"wiki/{number}"}) for number in range(12)]
            return [(one.structured_content, [part.text for part in one.content]) for one in found]  # type: ignore[union-attr]

    one, other = (run(asked(url)) for url in urls)
    assert one == other


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}
