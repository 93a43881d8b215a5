"""The page for those who keep the articles: what it shows, and to whom."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from article_assistant.index import embed
from article_assistant.index.library import Library
from article_assistant.memory import Opinion
from article_assistant.web.wanting import Meanings
from axe_playwright_python.sync_playwright import Axe

from tests import served as web
from tests.web.conftest import picture
from tests.web.test_freshness import Told
from tests.web.test_words import OURS_IN, texts_in

DAY = 86400.0
ASKED = [
    Opinion("Who <b>pays</b>?", DAY, False, "", ""),
    Opinion("who <b>pays</b>", 3 * DAY, True, "down", "the old <rule>"),
    Opinion("Who goes?", DAY, True, "up", ""),
]


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Told]:
    library = Library.open(tmp_path / "library")
    library.ledger.stumbled("https://wiki.example", "the wiki is <away>", "2026-11-29T12:00:00+00:00")
    yield Told(library)
    library.close()


@pytest.fixture
def serve() -> Iterator[Callable[..., web.Served]]:
    running: list[web.Served] = []

    def served(**given: Any) -> web.Served:
        running.append(web.Served(web.scripted(), **{"judged": lambda: ASKED} | given))
        return running[-1]

    yield served
    for one in running:
        one.stop()


@pytest.mark.parametrize("keepers", ["", "staff"])
def test_it_is_for_keepers_alone(serve: Callable[..., web.Served], keepers: str) -> None:
    """Who is not of the group sees no question, not in the table either; without a group that is everybody."""
    served = serve(keepers=keepers)
    for path in ("/keeper", "/keeper.csv"):
        refused = httpx.get(served.url + path, timeout=60)
        assert refused.status_code == 403
        assert "pays" not in refused.text


def test_it_is_closed_without_the_password(serve: Callable[..., web.Served]) -> None:
    """A group that everybody has opens nothing to whoever has not signed in."""
    served = serve(keepers="everyone", password="long enough")
    for path in ("/keeper", "/keeper.csv"):
        refused = httpx.get(served.url + path, timeout=60)
        assert refused.status_code in {303, 401}
        assert "pays" not in refused.text


@pytest.mark.parametrize("width", [390, 1280])
def test_keepers_see_what_was_asked_in_vain_and_how_the_sources_are(
    browser: Any, serve: Callable[..., web.Served], kept: Told, tmp_path: Path, width: int
) -> None:
    """Questions are grouped and counted with what was said of them; failures have their reason; all of it is text."""
    served = serve(keepers="everyone", kept=kept)
    for scheme in ("light", "dark"):
        context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page = context.new_page()
        page.goto(f"{served.url}/keeper")
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == ["en", "ltr"]
        rows = [row.split("\t") for row in page.locator("table").first.inner_text().strip().split("\n")[1:]]
        assert "who <b>pays</b>" in rows[0][0]
        assert page.get_by_text("the old <rule>").count() == 1
        assert [cell.inner_text() for cell in page.locator("table").first.locator("td.figure").all()] == ["2", "1", "1"]
        assert page.get_by_text("Who goes?").count() == 0
        assert page.get_by_role("region", name="Sources").get_by_text("wiki.example").count() == 1
        assert page.get_by_text("the wiki is <away>").count() == 1
        assert kept.asked[-1] is None
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert Axe().run(page).response["violations"] == []
        picture(page, f"keeper-{width}-{scheme}", tmp_path)
        context.close()
    table = httpx.get(f"{served.url}/keeper.csv", timeout=60)
    assert table.headers["content-type"].startswith("text/csv")
    assert "who <b>pays</b>,2,1,1,1970-01-04,the old <rule>," in table.text


@pytest.mark.parametrize(("locale", "direction"), [("de-DE", "ltr"), ("ar", "rtl")])
def test_keepers_read_it_in_their_language(
    browser: Any, serve: Callable[..., web.Served], kept: Told, tmp_path: Path, locale: str, direction: str
) -> None:
    """No word of English is left but the questions, what was said of them, and why a source failed."""
    page_words = f"() => ({OURS_IN})(document.documentElement, 'style, script, bdi, q, .figure, title')"
    for given in ({"keepers": "everyone", "kept": kept}, {"keepers": "everyone"}, {"keepers": "staff"}):
        served = serve(**given)
        context = browser.new_context(locale=locale, viewport={"width": 390, "height": 800})
        page = context.new_page()
        page.goto(f"{served.url}/keeper")
        page.locator("h1[data-say]").wait_for()
        assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [locale[:2], direction]
        said = [text for text in page.evaluate(page_words) if not re.fullmatch(r"(vor|قبل) .+", text)]
        assert said
        assert [text for text in said if not texts_in(locale[:2]).fullmatch(text) and "1970" not in text] == []
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
        assert Axe().run(page).response["violations"] == []
        picture(page, f"keeper-{locale[:2]}-{len(given)}-{given['keepers']}", tmp_path)
        context.close()


def test_wordings_stand_below_their_question(browser: Any, serve: Callable[..., web.Served], tmp_path: Path) -> None:
    """A question that was asked in other words too is one row, with each wording, on the page and in the file."""
    said = ["How do I reset my password?", "How do I reset my password?", "how to reset password", "Who goes?"]
    asked = [Opinion(question, DAY, False, "", "") for question in said]
    served = serve(keepers="everyone", meanings=Meanings(embed.load), judged=lambda: asked)
    page = browser.new_page()
    page.goto(f"{served.url}/keeper")
    assert [cell.inner_text() for cell in page.locator("td:first-child").all()] == [f"{said[0]}\n{said[2]}", said[3]]
    assert page.locator("td.figure").first.inner_text() == "3"
    picture(page, "keeper-wordings", tmp_path)
    page.close()
    assert f"{said[0]},3,3,0,1970-01-02,,{said[2]}" in httpx.get(f"{served.url}/keeper.csv", timeout=60).text
