"""Where things stand on the page: one left edge, and a column of sources only where there are some."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from article_assistant.examples import Offer
from axe_playwright_python.sync_playwright import Axe

from tests import served as web
from tests.web.conftest import picture
from tests.web.test_page import Open, ask, open_page, serve

__all__ = ["open_page", "serve"]

WORDS = """one => {
    const range = document.createRange();
    range.selectNodeContents(one);
    return range.getBoundingClientRect().left;
}"""


def left(page: Any, what: str) -> float:
    """The left edge of the content of an element, in pixels."""
    return float(page.locator(what).first.evaluate("one => one.getBoundingClientRect().left"))


@pytest.mark.parametrize("width", [390, 768, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_one_left_edge_and_sources_only_where_there_are_some(
    open_page: Open, serve: Callable[..., web.Served], tmp_path: Path, width: int, scheme: str
) -> None:
    """Greeting, suggestions and box, then answer, its actions and the box, begin at one edge.

    The column comes with its first card.
    """
    page = open_page(serve(web.good()).url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    page.locator(".example").first.wait_for()
    edges = [left(page, what) for what in (".welcome h2", ".example", "#question textarea")]
    assert max(edges) - min(edges) <= 2, edges
    assert not page.locator("#side").is_visible()
    assert Axe().run(page).response["violations"] == []
    picture(page, f"layout-start-{width}-{scheme}", tmp_path)
    ask(page, "What did we change?")
    page.locator("a.mark").wait_for()
    page.locator(".actions").wait_for()
    edges = [left(page, what) for what in (".answer p", "#question textarea")]
    edges.append(page.locator(".actions :is(button, summary)").first.evaluate(WORDS))
    assert max(edges) - min(edges) <= 2, edges
    assert page.locator("#shelf .card").is_visible() == (width > 900)
    assert Axe().run(page).response["violations"] == []
    picture(page, f"layout-answer-{width}-{scheme}", tmp_path)


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_suggestions_are_alike_and_move_nothing(
    open_page: Open, serve: Callable[..., web.Served], tmp_path: Path, width: int
) -> None:
    """All are of one height; while some are still to come, places are kept for them, and what is there stays."""
    served = serve()
    found = [Offer("Why?", "A"), Offer("What did we change after the incident, and who did it?", "A long title " * 9)]
    served.assistant.offers[:] = [None] * 4
    page = open_page(served.url, viewport={"width": width, "height": 800})
    page.locator(".coming").nth(3).wait_for()
    before = [left(page, "#question textarea"), page.locator(".welcome h2").bounding_box()]
    served.assistant.offers[:] = [*found, None, None]
    page.locator(".example").nth(1).wait_for()
    assert page.locator(".coming").count() == 2
    assert page.locator(".welcome h2").bounding_box() == before[1]
    served.assistant.offers[:] = [*found, *found]
    page.locator(".example").nth(3).wait_for()
    assert page.locator(".coming").count() == 0
    heights = [page.locator(".example").nth(i).bounding_box()["height"] for i in range(4)]
    assert max(heights) - min(heights) < 1, heights
    assert [left(page, "#question textarea"), page.locator(".welcome h2").bounding_box()] == before
    assert Axe().run(page).response["violations"] == []
    picture(page, f"layout-suggestions-{width}", tmp_path)


def test_suggestions_stay_under_the_focus(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """While one of them has the focus none is drawn anew, though others have come; they are, once it has left."""
    served = serve()
    served.assistant.offers[:] = [Offer("Why?", "A"), None, None, None]
    page = open_page(served.url)
    page.clock.install()
    page.reload()
    page.locator(".example").focus()
    page.evaluate("document.activeElement.dataset.same = 'yes'")
    served.assistant.offers[:] = [Offer("Why?", "A")] * 4
    looks = "window.looks = 0; document.getElementById('offer').addEventListener('click', () => { window.looks += 1; })"
    page.evaluate(looks)
    page.clock.run_for(10_000)
    assert page.evaluate("[window.looks, document.activeElement.dataset.same]") == [0, "yes"]
    page.locator("#question textarea").focus()
    page.locator(".example").nth(3).wait_for()


def test_an_article_alone_leads_to_the_page(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """An article in a tab of its own has a link to where one asks; beside its answer it needs none."""
    page = open_page(serve(web.good()).url)
    ask(page, "What did we change?")
    page.locator("a.mark").click()
    shown = page.frame_locator("#reading iframe")
    shown.locator("mark").wait_for()
    assert not shown.locator(".home").is_visible()
    page.goto(page.locator("a.mark").evaluate("one => one.href"))
    page.get_by_role("link", name="Ask about the articles").click()
    page.locator("#question textarea").wait_for()
