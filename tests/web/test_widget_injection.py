"""No text becomes markup in the widget, wherever it stands. `--long` plays all of more than 2,000 (five minutes)."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from article_assistant.types import Answer
from article_assistant.web.conversations import MAX_TURNS

from tests import served as web
from tests.hostile import hostile_texts
from tests.web.conftest import Wiki, watch
from tests.web.test_widget import on_wiki

SAMPLE = 7
"""Every which is played where not all are: a number that no count of forms or kinds shares a factor with."""
SELECT = "(main, text) => { main.textContent = text; getSelection().selectAllChildren(main); }"
KINDS = "img, script, iframe, object, embed, form, svg, math, style, link, meta, base, video, audio, input, details, x"
ATTRIBUTES = frozenset(
    "class dir href aria-label value type aria-pressed target rel title tabindex role hidden aria-busy".split()
)


def hostile(text: str) -> Answer:
    """An answer that says a hostile text wherever it can."""
    article = replace(web.article(text, f"{text}\n{web.TEXT}", text, text), title=text)
    cited = replace(web.citation(article, text), heading=f"{text} › {text}", quote=text)
    return Answer(text, True, text, f"{text} [1]", "extractive", None, (cited,), notice=text, extract=text)


def test_no_text_becomes_markup(page: Any, chat: Callable[..., web.Served], wiki: Callable[..., Wiki],
                                request: pytest.FixtureRequest) -> None:  # fmt: skip
    """Questions, answers, titles, headings, quotes, ids, addresses, passages and selections run nothing, ask nobody."""
    texts = hostile_texts()[:: 1 if request.config.getoption("--long") else SAMPLE]
    at, served = on_wiki(chat, wiki, body="<!doctype html><title>W</title><main></main>")
    served.assistant.pause = 0.0
    hosts = watch(page)
    page.goto(at)
    for number in range(0, len(texts), MAX_TURNS):
        some = texts[number : number + MAX_TURNS]
        served.assistant.kept[conversation := f"{number:032}"] = [hostile(text) for text in some]
        served.assistant.articles |= {text: web.article(text, f"{text}\n{text}\n{text}") for text in some}
        served.assistant.script.append(hostile(some[-1]))
        page.evaluate("kept => sessionStorage.setItem('article-assistant', JSON.stringify(kept))",
                      {"open": True, "conversation": conversation})  # fmt: skip
        page.reload()
        page.locator(f".turn:nth-of-type({len(some)}) .tools").wait_for()
        page.locator("li a").first.click()
        page.locator(".view mark").wait_for()
        nothing_runs(page)
        page.get_by_role("button", name="Back").click()
        page.locator("main").evaluate(SELECT, some[0])
        page.get_by_role("button", name="Ask about this").click()
        page.get_by_role("textbox", name="Your question").fill(some[-1])
        page.locator(".send").click()
        page.locator(f".turn:nth-of-type({len(some) + 1}) .tools").wait_for()
        nothing_runs(page)
        assert page.locator(".log a").count() >= len(some)
    assert hosts == {"wiki.lab.test", "chat.lab.test"}


def nothing_runs(page: Any) -> None:
    """No script ran; in the panel are our own elements alone, with our own attributes, and links to our own pages."""
    assert page.evaluate("window.ran") is None
    assert page.locator(f".panel :is({KINDS})").count() == 0
    assert set(page.locator(".panel a").evaluate_all("all => all.map(one => one.protocol)")) <= {"http:"}
    named = page.locator(".panel :is(.log, .view, .about) *").evaluate_all(
        "all => all.flatMap(one => one.getAttributeNames())"
    )
    assert set(named) <= ATTRIBUTES
