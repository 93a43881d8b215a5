"""The page in the language of whoever reads it."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from article_assistant.types import Recourse
from article_assistant.web.words import catalogue, language_for
from axe_playwright_python.sync_playwright import Axe

from tests import served as web
from tests.web.conftest import picture
from tests.web.test_page import Open, open_page, serve

__all__ = ["open_page", "serve"]

OWN = """() => [...document.querySelectorAll('[data-say], #new, #send, #stop')].flatMap(one => [
    ...[...one.childNodes].filter(node => node.nodeType === 3).map(node => node.data.replace(/\\s+/g, ' ').trim()),
    ...['aria-label', 'placeholder', 'title'].map(name => one.getAttribute(name) || '')
]).filter(text => /\\p{L}/u.test(text))"""
"""Whatever the page says itself: texts, labels, placeholders and tooltips."""


def test_every_language_says_everything() -> None:
    """Each text of English is there in each language, with its number or name."""
    words = catalogue()
    assert sorted(words) == ["ar", "de", "en", "es", "fr", "kk", "ru", "tr"]
    said = {language: texts for language, texts in words.items() if language != "en"}
    for texts in said.values():
        assert texts.keys() == said["de"].keys()
        for english, text in texts.items():
            assert text.strip() == text
            assert text
            assert text.count("{n}") == english.count("{n}")


@pytest.mark.parametrize(
    ("asked", "always", "shown"),
    [
        ("de-CH, en;q=0.5", "", "de"), ("en, de", "", "en"), ("ja, ru;q=0.3, kk;q=0.4", "", "kk"), ("", "", "en"),
        ("de;q=0", "", "en"), ("de;q=x,;;,\x00", "", "en"), ("de", "tr", "tr"), ("DE", "", "de"),
    ],
)  # fmt: skip
def test_the_language_is_the_settings_else_the_browsers(asked: str, always: str, shown: str) -> None:
    """The one that the browser likes best of those there are; English for nonsense; a setting goes first."""
    assert language_for(asked, always) == shown


def asked_in(page: Any, question: str) -> None:
    page.locator("#question textarea").fill(question)
    page.locator("#question textarea").press("Enter")


@pytest.mark.parametrize(("locale", "scheme"), [("de-DE", "light"), ("ar", "dark")])
def test_all_that_the_page_says_is_in_one_language(
    open_page: Open, serve: Callable[..., web.Served], tmp_path: Path, locale: str, scheme: str
) -> None:
    """No word of English is left of the page's own; `lang` and direction are true of the page and of the answer."""
    unsure = replace(web.good(), confidence=0.6, short="Logs")
    refused = replace(web.refused("Why?", web.citation(web.article(), web.QUOTE)), offers=(Recourse("Ask us"),))
    served = serve(unsure, refused)
    language = locale[:2]
    context = {"viewport": {"width": 1280, "height": 800}, "locale": locale, "color_scheme": scheme}
    page = open_page(served.url, **context)
    assert page.evaluate("[document.documentElement.lang, document.documentElement.dir]") == [
        language, "rtl" if language == "ar" else "ltr",
    ]  # fmt: skip
    picture(page, f"words-start-{language}", tmp_path)
    asked_in(page, "What did we change?")
    page.locator(".actions").wait_for()
    assert page.locator(".answer").get_attribute("lang") == "en"
    direction = "getComputedStyle(document.querySelector('.log')).direction"
    assert page.evaluate(direction) == ("rtl" if language == "ar" else "ltr")
    asked_in(page, "Why?")
    page.locator("#log .offers").wait_for()
    page.locator(".actions").nth(1).wait_for()
    known = [re.escape(text).replace(re.escape("{n}"), ".+") for text in catalogue()[language].values()]
    said = page.evaluate(OWN)
    assert len(said) > 30
    assert [text for text in said if not re.fullmatch("|".join(known), text)] == []
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    picture(page, f"words-answers-{language}", tmp_path)
