"""Where to search, chosen on the page: places, categories, days, and titles completed behind an @."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from article_assistant.index.chunk import split
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Scope
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.types import User
from article_assistant.web.places import completed, places_of, scope_of
from axe_playwright_python.sync_playwright import Axe

from tests import parts
from tests import served as web
from tests.web.conftest import picture
from tests.web.test_page import Open, ask, box, open_page, serve
from tests.writers import Scripted

__all__ = ["open_page", "serve"]

TRAVEL = web.article("handbook/travel/policy.md", "# Travel policy\n\nTrips are by train.", updated="2024-05-01")
VISAS = web.article("handbook/travel/visas.md", "# Visas <b>\n\nAsk the desk.", updated="2025-05-01")
VISAS = replace(VISAS, categories=("Abroad", "Papers"))
LUNCH = web.article("handbook/lunch.md", "# Lunch\n\nLunch is at noon.", updated=None)


@pytest.fixture
def travels(serve: Callable[..., web.Served]) -> web.Served:
    """A page over three articles, two of them in a folder."""
    served = serve(web.good())
    served.assistant.articles |= {one.id: one for one in (TRAVEL, VISAS, LUNCH)}
    return served


@pytest.mark.parametrize("chosen", ["[]", "{", 5, '{"since": "yesterday"}', '{"place": 5}', '{"place": null}'])
def test_what_is_no_scope_is_none(chosen: object) -> None:
    """A scope that cannot be is never taken for everything, except for nothing at all."""
    if isinstance(chosen, str):
        assert scope_of(chosen) is None
    assert scope_of("") == Scope()
    assert scope_of('{"place": "a", "since": "2024-01-01"}') == Scope("a", "2024-01-01")


def test_places_leave_something_out() -> None:
    """A place that holds everything, or one article only, is nothing to choose."""
    titles = [(identifier, identifier, None) for identifier in ("a/x/1", "a/x/2", "a/y/1", "b/1", "b/2")]
    assert places_of(titles) == [("a", 3), ("a/x", 2), ("b", 2)]
    assert places_of([("a/x/1", "1", None)]) == []


def test_titles_are_completed_by_their_words() -> None:
    """Each word that was typed begins one of the title, in any case and order; a title that begins so comes first."""
    titles = [(name, name, None) for name in ("The Travel policy", "Travel policy", "Policy", "Straße", "Retravel")]
    assert [title for _, title, _ in completed(titles, "TRAV")] == ["Travel policy", "The Travel policy"]
    assert [title for _, title, _ in completed(titles, "pol trav")] == ["The Travel policy", "Travel policy"]
    assert [title for _, title, _ in completed(titles, "STRASSE")] == ["Straße"]
    assert completed(titles, "x") == []


def test_titles_and_categories_are_those_that_somebody_may_read(tmp_path: Path) -> None:
    """What a group may not read is in no list, and out of it as soon as it may not be read any more."""
    mia, memory = User("mia", frozenset({EVERYONE})), Memory()
    index = Index.open(tmp_path, parts.Words())
    assistant = Assistant(index, Scripted(), memory)

    def keep(identifier: str, title: str, *groups: str) -> None:
        with index.library.writing():
            source = index.library.ledger.add("/docs", "docs")
            one = replace(parts.article(f"# {title}", title, identifier, frozenset(groups)), categories=(title,))
            index.replace(source, [(one, one.revision, split(one, index.embedder))])

    with index.library.writing():
        index.library.for_encoder(index.embedder.version)
    keep("docs/a.md", "Open", EVERYONE)
    keep("docs/b.md", "Closed", "staff")
    assert [title for _, title, _ in assistant.titles(mia)] == ["Open"]
    assert [title for _, title, _ in assistant.titles(User("tom", frozenset({"staff"})))] == ["Closed"]
    assert assistant.categories(mia) == {"Open": 1}
    assert assistant.categories(User("operator", None)) == {"Closed": 1, "Open": 1}
    keep("docs/a.md", "Open no more", "staff")
    assert (assistant.titles(mia), assistant.categories(mia)) == ([], {})
    assert len(assistant.titles(User("operator", None))) == 2
    index.close()
    memory.close()


def test_the_doors_say_what_there_is(travels: web.Served) -> None:
    """Places with their numbers, the first and the last day; titles by what was typed."""
    there = httpx.get(f"{travels.url}/places", timeout=60).json()
    assert there["places"] == [{"place": "handbook", "articles": 3}, {"place": "handbook/travel", "articles": 2}]
    assert there["categories"] == [{"category": "Abroad", "articles": 1}, {"category": "Papers", "articles": 1}]
    assert (there["first"], there["last"]) == ("2023-11-22", "2025-05-01")
    found = httpx.get(f"{travels.url}/titles", params={"q": "vis"}, timeout=60).json()
    assert found == {"titles": [{"article": VISAS.id, "title": "Visas <b>"}]}


def test_a_place_and_days_are_searched_alone(open_page: Open, travels: web.Served, tmp_path: Path) -> None:
    """The control takes a folder and days, the question is asked there, and everywhere again after one click.

    Where it was asked is still said after a reload.
    """
    page = open_page(travels.url)
    page.get_by_text("All articles").first.click()
    page.get_by_label("Where").select_option("handbook/travel")
    page.get_by_label("From").fill("2024-01-01")
    page.get_by_text("Only: travel, from 2024-01-01").wait_for()
    assert Axe().run(page).response["violations"] == []
    picture(page, "within-open", tmp_path)
    ask(page, "What did we change?")
    page.get_by_text("Searched only: handbook/travel from 2024-01-01").wait_for()
    page.locator("a.mark").wait_for()
    page.reload()
    page.get_by_text("Searched only: handbook/travel from 2024-01-01").wait_for()
    page.get_by_text("All articles").first.click()
    page.get_by_label("Where").select_option("handbook/travel")
    page.get_by_label("From").fill("2024-01-01")
    page.get_by_role("button", name="Search everywhere").click()
    ask(page, "And then?")
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
    assert travels.assistant.scopes == [Scope("handbook/travel", "2024-01-01"), Scope()]


@pytest.mark.parametrize("given", [{}, {"viewport": {"width": 390, "height": 700}, "color_scheme": "dark"}])
def test_a_category_is_searched_alone(
    open_page: Open, travels: web.Served, tmp_path: Path, given: dict[str, Any]
) -> None:
    """Categories are offered, the question is asked in the one that is named, and a reload still says so."""
    page = open_page(travels.url, **given)
    page.get_by_text("All articles").first.click()
    page.wait_for_function("() => document.querySelectorAll('#categories option').length === 2")
    page.get_by_label("Category").fill("Papers")
    page.get_by_text("Only: category Papers").wait_for()
    assert Axe().run(page).response["violations"] == []
    picture(page, f"category-{len(given)}", tmp_path)
    ask(page, "What did we change?")
    page.get_by_text("Searched only: category Papers").wait_for()
    page.locator("a.mark").wait_for()
    page.reload()
    page.get_by_text("Searched only: category Papers").wait_for()
    picture(page, f"category-said-{len(given)}", tmp_path)
    assert travels.assistant.scopes == [Scope(category="Papers")]


@pytest.mark.parametrize("width", [390, 1440])
def test_the_control_comes_into_its_place(open_page: Open, travels: web.Served, tmp_path: Path, width: int) -> None:
    """However late the page learns what there is to choose, nothing moves for it; opened, it hides no last answer, and
    both days stand side by side."""
    page = open_page(travels.url, viewport={"width": width, "height": 700})
    waiting: list[Any] = []
    page.route("**/places", lambda route: waiting.append(route))
    page.reload()
    page.locator(".example").first.wait_for()

    def places() -> list[dict[str, float]]:
        return [page.locator(one).bounding_box() for one in (".welcome h2", "#start", "#question textarea")]

    before = places()
    assert not page.locator("#within").is_visible()
    waiting.pop().continue_()
    page.get_by_text("All articles").first.wait_for()
    assert places() == before
    for number in range(1, 6):
        ask(page, "What did we change?")
        page.locator(f".turn:nth-of-type({number}) .actions").wait_for()
    page.get_by_text("All articles").first.click()
    page.get_by_label("From").wait_for()
    page.wait_for_function("() => { const log = document.querySelector('#log'); "
                           "return log.scrollHeight - log.scrollTop - log.clientHeight < 2; }")  # fmt: skip
    assert page.get_by_label("From").bounding_box()["y"] == page.get_by_label("To", exact=True).bounding_box()["y"]
    picture(page, f"places-open-{width}", tmp_path)


def test_without_a_choice_there_is_no_control(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Where all articles lie in one place and have one date, nothing is offered."""
    page = open_page(serve().url)
    page.wait_for_load_state("networkidle")
    assert not page.locator("#within").is_visible()


@pytest.mark.parametrize("given", [{}, {"viewport": {"width": 390, "height": 700}, "color_scheme": "dark"}])
def test_a_title_is_completed_by_keys_alone(
    open_page: Open, travels: web.Served, tmp_path: Path, given: dict[str, Any]
) -> None:
    """Behind an @ titles are offered, told to a screen reader and chosen by keys; the question is asked of that one."""
    page = open_page(travels.url, **given)
    box(page).press_sequentially("When? @")
    page.locator("#titles li").nth(3).wait_for()
    box(page).press_sequentially("vi")
    option = page.get_by_role("option", name="Visas <b>")
    option.wait_for()
    page.wait_for_function("() => document.querySelectorAll('#titles li').length === 1")
    assert box(page).get_attribute("aria-activedescendant") == option.get_attribute("id")
    assert page.locator("#titles-told").inner_text().startswith("1 title")
    assert Axe().run(page).response["violations"] == []
    picture(page, f"titles-{len(given)}", tmp_path)
    page.keyboard.press("Enter")
    page.get_by_text("Only: Visas <b>").wait_for()
    assert box(page).input_value() == "When? "
    assert travels.assistant.asked == []
    page.keyboard.press("Enter")
    page.locator("a.mark").wait_for()
    assert (travels.assistant.asked[0][0], travels.assistant.scopes) == ("When?", [Scope(VISAS.id)])


def test_an_address_is_no_title(open_page: Open, travels: web.Served) -> None:
    """An @ inside a word offers nothing, and Escape closes the list and leaves what was typed."""
    page = open_page(travels.url)
    box(page).fill("me@vi")
    page.wait_for_timeout(400)
    assert page.locator("#titles li").count() == 0
    box(page).fill("")
    box(page).press_sequentially("@vi")
    page.locator("#titles li").wait_for()
    page.keyboard.press("Escape")
    assert page.locator("#titles li").count() == 0
    assert box(page).input_value() == "@vi"
