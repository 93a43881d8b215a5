"""Each quote is shown once: in the conversation or on its card; and a mark shows on demand what it rests on."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from article_assistant.types import Answer
from article_assistant.web.evidence import told
from axe_playwright_python.sync_playwright import Axe

from tests import served as web
from tests.web.conftest import picture
from tests.web.test_page import Open, ask, open_page, serve

__all__ = ["open_page", "serve"]

CITED = web.citation(web.article(), web.QUOTE)
SHORT = replace(web.answered("q", "Two people. [1]", CITED), short="two people", confidence=0.9)
DOUBTFUL = replace(SHORT, confidence=0.3)
WHOLE = web.answered("q", f"{' '.join(web.QUOTE.split())} [1]", CITED)
SEEN = """() => ['#log .turn:last-child blockquote', '#shelf blockquote'].map(
    what => [...document.querySelectorAll(what)].filter(one => one.checkVisibility()).length)"""


@pytest.mark.parametrize(
    ("answer", "where"),
    [
        (SHORT, {1: "narrow"}),
        (DOUBTFUL, {1: "always"}),
        (WHOLE, {1: "always"}),
        (replace(WHOLE, answer="- Logs are now rotated every night. [1]"), {}),
        (web.refused("q", CITED), {}),
        (None, {}),
    ],
)
def test_where_a_quote_is_told(answer: Answer | None, where: dict[int, str]) -> None:
    """Under short words where there is no card, before doubtful ones always; whole sentences are their own quotes."""
    assert told(answer) == where


def test_a_list_is_its_own_quote() -> None:
    """What an answer draws as a list, with a mark at each item, is the quote of all of it."""
    text = "Bring:\n- a pass\n- two photos, 35 × 45 mm"
    cited = web.citation(web.article(text=text), text)
    assert told(web.answered("q", "Bring: [1]\n- a pass [1]\n- two photos, 35 × 45 mm [1]", cited)) == {1: "always"}


@pytest.mark.parametrize("width", [390, 768, 1280, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_quote_is_seen_once(
    open_page: Open, serve: Callable[..., web.Served], tmp_path: Path, width: int, scheme: str
) -> None:
    """Beside short words on the card where there is one, else below them; before doubtful words; never twice.

    So it is for whole sentences, and with what is nearest to a refused question, which folds in where it is narrow.
    """
    steps = {"short": SHORT, "doubtful": DOUBTFUL, "whole": WHOLE, "refused": web.refused("q", CITED)}
    page = open_page(serve(*steps.values()).url, viewport={"width": width, "height": 800}, color_scheme=scheme)
    wide = width > 900
    wanted = {"short": [0, 1] if wide else [1, 0], "doubtful": [1, 0], "whole": [0, 0], "refused": [0, int(wide)]}
    for number, name in enumerate(steps, start=1):
        ask(page, f"What did we change, {name}?")
        page.locator(f".turn:nth-of-type({number}) .actions").wait_for()
        picture(page, f"evidence-{name}-{width}-{scheme}", tmp_path)
        assert page.evaluate(SEEN) == wanted[name], name
        assert Axe().run(page).response["violations"] == []
    page.locator(".turn:nth-of-type(1) .evidence summary").click()
    cards = page.locator(".turn:nth-of-type(1) .card")
    assert cards.count() == 1
    assert cards.locator("blockquote").is_visible() == wide


def test_the_cards_of_before_stay_until_there_are_others(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """While the next question is answered the column neither goes nor empties."""
    page = open_page(serve(SHORT, [1.0, web.good()]).url)
    ask(page, "What did we change?")
    page.locator("#shelf .card").wait_for()
    ask(page, "And then?")
    page.locator(".status").wait_for()
    assert page.locator("#shelf .card").is_visible()
    page.locator(".turn:nth-of-type(2) a.mark").wait_for()


def test_a_mark_shows_what_it_rests_on(open_page: Open, serve: Callable[..., web.Served], tmp_path: Path) -> None:
    """Pointed at or reached by keyboard, its card stands out; where that is not in view, one shows until Escape."""
    page = open_page(serve(SHORT, web.refused("q")).url)
    ask(page, "What did we change?")
    page.locator(".turn .actions").wait_for()
    page.locator("a.mark").hover()
    page.locator("#shelf .card.lit").wait_for()
    page.mouse.move(5, 5)
    page.locator("#shelf .card.lit").wait_for(state="detached")
    ask(page, "And then?")
    page.locator(".turn:nth-of-type(2) .actions").wait_for()
    page.locator("a.mark").hover()
    page.get_by_role("tooltip").wait_for()
    page.locator("#peek blockquote").hover()
    assert page.locator("#peek blockquote").inner_text().startswith("Logs are now rotated")
    picture(page, "peek", tmp_path)
    assert Axe().run(page).response["violations"] == []
    page.keyboard.press("Escape")
    assert page.get_by_role("tooltip").count() == 0
    page.mouse.move(5, 5)
    page.locator("#log .log").focus()
    page.keyboard.press("Tab")
    page.get_by_role("tooltip").wait_for()
    assert page.locator("a.mark").get_attribute("aria-describedby") == "peek"
    page.keyboard.press("Tab")
    assert page.get_by_role("tooltip").count() == 0


def test_a_frame_has_the_quote_in_the_conversation(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """In another page's frame there is no column, however wide it is."""
    page = open_page(f"{serve(SHORT).url}/?embed=1")
    ask(page, "What did we change?")
    page.locator(".turn .actions").wait_for()
    assert page.evaluate(SEEN) == [1, 0]
