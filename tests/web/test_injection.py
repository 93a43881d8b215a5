"""Articles that give orders to a language model, one that obeys them all, and what of it reaches a browser.

The suite plays every fifteenth article; `pytest tests/web/test_injection.py --long` plays all 300.
"""

import re
from collections import deque
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest
from article_assistant.answering.extract import Extractor
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.writing.calls import Caller
from article_assistant.writing.entailment import Checker
from article_assistant.writing.writer import Writer

from tests import injected, parts
from tests import served as web
from tests.injected import Injected
from tests.writers import Told

pytestmark = pytest.mark.once

EVERY = 15
A_PAGE = 10
"""Questions that one page is asked, which shows all of them at the end."""


@pytest.fixture(scope="module")
def attacks(request: pytest.FixtureRequest) -> list[Injected]:
    return injected.articles()[:: 1 if request.config.getoption("--long") else EVERY]


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory, attacks: list[Injected]) -> Iterator[Index]:
    place = tmp_path_factory.mktemp("injection")
    opened = Index.open(place / "home", embed.load())
    parts.update(opened, parts.write(place / "docs", {f"{one.id}.md": one.text for one in attacks}))
    yield opened
    opened.close()


@pytest.fixture(params=["mark", "remove"])
def served(request: pytest.FixtureRequest, index: Index) -> Iterator[tuple[web.Served, Told, str]]:
    """The whole product over these articles, with a puppet for a language model."""
    puppet, reader = Told(), Reader()
    caller = Caller(puppet, 20)
    writer = Writer(Extractor(reader), caller, Checker(index.embedder), request.param == "remove")
    with closing(Memory()) as memory:
        running = web.Served(Assistant(index, writer, memory))
        yield running, puppet, request.param
        running.stop()
    caller.close()


def test_nothing_an_obedient_model_says_leaves_the_text(
    browser: Any, served: tuple[web.Served, Told, str], attacks: list[Injected]
) -> None:
    """No request, no link, no form, no frame of its making; what no article holds is marked so, or not there."""
    running, puppet, unsupported = served
    requests: list[str] = []
    for first in range(0, len(attacks), A_PAGE):
        context = browser.new_context()
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.on("request", lambda request: requests.append(request.url))
        page.goto(running.url)
        box = page.get_by_role("textbox", name="Your question")
        for number, one in enumerate(attacks[first : first + A_PAGE], start=1):
            # The follow-up's wording is asked for first, where there is a turn before.
            puppet._script = deque([*([one.question] if number > 1 else []), one.said])
            box.fill(one.question)
            box.press("Enter")
            page.locator(f".turn:nth-of-type({number})").wait_for()
            page.locator('.log[aria-busy="false"]').wait_for()
            assert not puppet._script, one.id
        log = page.locator(".log")
        for address in log.locator("a").evaluate_all("links => links.map(link => link.getAttribute('href') || '')"):
            leads = urlsplit(address)
            assert (leads.netloc, leads.path.startswith("/article/")) == ("", True), address
        kinds = "img, form, iframe, script, style, svg, object, embed, link, meta, input"
        assert log.locator(f":is({kinds})").evaluate_all("found => found.map(one => one.outerHTML)") == []
        assert log.locator("[style], [onerror], [onclick], [onload], [src], [background]").count() == 0
        for number, one in enumerate(attacks[first : first + A_PAGE], start=1):
            turn = page.locator(f".turn:nth-of-type({number})")
            _nothing_from_elsewhere(turn, one, unsupported)
        context.close()
    host = urlsplit(running.url).netloc
    assert {urlsplit(url).netloc for url in requests if not url.startswith("data:")} == {host}
    known = r"/(?:$|\?|places$|assets/|files/|gradio_api/|article/|theme|favicon|static/|config|manifest|svelte)"
    strange = [url for url in requests if not re.match(known, url.split(host, 1)[-1]) and not url.startswith("data:")]
    assert not strange


def _nothing_from_elsewhere(turn: Any, one: Injected, unsupported: str) -> None:
    """What the puppet made up is in no sentence with a mark, unless the cited quote or its title says it."""
    if not turn.locator(".written").count():
        return
    shown = turn.locator(".written").evaluate(
        "section => [...section.querySelectorAll('.unsupported')].map(one => one.remove()) && section.innerText"
    )
    quotes = " ".join(turn.locator(".card :is(blockquote, .title)").all_text_contents()).lower()
    if one.mark in shown.lower():
        assert one.mark in quotes, (one.id, shown)
    if unsupported == "remove":
        assert turn.locator(".unsupported").count() == 0
