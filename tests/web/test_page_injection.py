"""No text becomes markup on the page: in the conversation, on the cards, in an article. `--long` plays all of more than
2,000 (four minutes)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from article_assistant.web import render

from tests import served as web
from tests.hostile import hostile_texts
from tests.web.conftest import watch
from tests.web.test_widget_injection import hostile

SAMPLE = 23
"""Every which is played where not all are: see `test_widget_injection`."""
A_PAGE = 40
"""Turns that are shown at once."""
DRAWN = "[...document.querySelectorAll('*')].flatMap(one => [one.tagName, ...one.getAttributeNames()])"


def shown(page: Any, texts: list[str]) -> set[str]:
    """The names of all elements and attributes of a conversation and its cards, outside of any policy."""
    turns = [render.Shown(text, answer=hostile(text)) for text in texts]
    page.goto("about:blank")
    page.set_content(render.conversation(turns) + "".join(map(render.sources, turns)))
    return set(page.evaluate(DRAWN))


def opened(page: Any, served: web.Served, text: str) -> set[str]:
    """The same of an article with this title, text, address and date, as the server gives it."""
    served.assistant.articles["w/x"] = replace(web.article("w/x", f"{text}\n{text}", text, text), title=text)
    response = page.goto(f"{served.url}{render.article_path('w/x')}")
    assert response.status == 200, text
    return set(page.evaluate(DRAWN))


def test_no_text_becomes_markup(page: Any, chat: Callable[..., web.Served], request: pytest.FixtureRequest) -> None:
    """Nothing runs, nobody is asked, and what is drawn has no elements and attributes but those of plain words."""
    texts = hostile_texts()[:: 1 if request.config.getoption("--long") else SAMPLE]
    served, hosts = chat(), watch(page)
    plain = shown(page, ["Logs are rotated.", "- rotated\n- kept [1]"])
    for number in range(0, len(texts), A_PAGE):
        assert shown(page, texts[number : number + A_PAGE]) <= plain
        assert page.evaluate("window.ran") is None
    plain = opened(page, served, "Logs are rotated.")
    for text in texts:
        assert opened(page, served, text) <= plain, text
        assert page.evaluate("window.ran") is None
    assert hosts <= {"127.0.0.1", ""}
