"""The page in the language of whoever reads it."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import pytest
from article_assistant.answering import cite, courtesy, explaining, passage
from article_assistant.answering.question import Kind
from article_assistant.answering.refusal import refusal
from article_assistant.pipeline import GONE
from article_assistant.types import Considered, Context, Explanation, Recourse, Verdict
from article_assistant.web.errors import UNAVAILABLE
from article_assistant.web.login import NO_FRAME
from article_assistant.web.words import catalogue, language_for
from article_assistant.writing import calls, hearing, writer
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
OURS_IN = """(within, theirs) => {
    const walk = document.createTreeWalker(within, NodeFilter.SHOW_TEXT), said = [];
    while (walk.nextNode()) {
        const text = walk.currentNode.data.replace(/\\s+/g, ' ').trim();
        if (/\\p{L}/u.test(text) && !walk.currentNode.parentElement.closest(theirs)) { said.push(text); }
    }
    return said;
}"""
"""Every text in an element but what its articles say (`theirs`)."""


def texts_in(language: str) -> re.Pattern[str]:
    """What a text of the catalogue in this language looks like, or a date in German."""
    known = [re.sub(r"\\{\w+\\}", ".+", re.escape(text)) for text in catalogue()[language].values()]
    return re.compile("|".join([*known, r"\d+\. \w+ \d{4}"]))


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
            assert sorted(re.findall(r"\{\w*\}", text)) == sorted(set(re.findall(r"\{\w*\}", english)))


def test_what_the_assistant_says_itself_is_among_them() -> None:
    """Refusals, replies to courtesies, notices and reasons are found in the catalogue as they are said."""
    known = catalogue()["de"]
    patterns = [re.sub(r"\\{\w+\\}", ".+", re.escape(text)) for text in known]
    said = [refusal("Who is Ada?", [], 0.0).answer, refusal("What is it?", [], 0.0).answer]
    titles = Context("Hi", (), lambda _: (), titles=lambda: ["One", "Two"])
    said += [courtesy.reply("Hi", kind, context).answer for kind in courtesy.REPLIES for context in (None, titles)]
    said += [cite.DISAGREE, passage.NOTICE, passage.UNSUMMED, GONE, UNAVAILABLE, NO_FRAME, hearing.ENDLESS]
    said += [calls.AWAY, calls.LATE, calls.SILENT, calls.BROKEN, calls.SPENT]
    said += [writer.NOTHING_FOUND, writer.LEFT_OUT, writer.EMPTY, writer.STOPPED]
    said += [explaining.UNNAMED, explaining.NO_KIND, explaining.UNSURE, explaining.NO_TABLE, *get_args(Verdict)]
    said += [kind for kind in get_args(Kind) if kind != "words"]
    assert [text for text in said if not any(re.fullmatch(one, text) for one in patterns)] == []


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
    near = web.refused("Why?", web.citation(web.article(), web.QUOTE))
    refused = replace(near, answer=refusal("Why?", [], 0.0).answer, offers=(Recourse("Ask us"),))
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
    said = page.evaluate(OWN)
    assert len(said) > 30
    # The date of an article is written as in the language, its months in its letters.
    assert [text for text in said if not texts_in(language).fullmatch(text) and "2023" not in text] == []
    assert Axe().run(page).response["violations"] == []
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    picture(page, f"words-answers-{language}", tmp_path)


def test_a_refusal_its_reasons_and_its_article_are_in_german(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """A reader with a German browser reads no English but the articles'."""
    near = web.citation(web.article(), web.QUOTE)
    place = (near.article, near.title, "", near.start, near.end, near.revision)
    judged = [Considered(*place, 0.7, 0.6, 1, 11.3, 0, near.quote, "Logs", 12.3, -1.2, 0.9, "too unsure")]
    why = Explanation("date", "sentences", 0.22, explaining.UNSURE, judged)
    words = refusal("When did the alert ring?", [], 0.1).answer.replace(", and nothing in them comes near", "")
    said = f"{words.rstrip('.')}. Nearest to it: {near.title}."
    refused = replace(
        web.refused("When did the alert ring?", near),
        answer=said,
        confidence=0.1,
        explanation=why,
        seconds={"find": 0.1, "read": 0.2},
    )
    page = open_page(serve(refused).url, locale="de-DE")
    asked_in(page, "When did the alert ring?")
    page.locator(".actions").wait_for()
    told = "Die Artikel beantworten das nicht. Gesucht wurde nach “alert”, “ring”. Am nächsten kommt: "
    assert page.locator(".answer").inner_text() == f"{told}{near.title}."
    assert page.locator(".answer").get_attribute("lang") is None
    page.locator("[data-do=why]").click()
    page.locator("#why .found > li").wait_for()
    dialog = page.evaluate(f"({OURS_IN})(document.getElementById('why'), 'blockquote, bdi')")
    assert "zu unsicher" in dialog
    assert [text for text in dialog if not texts_in("de").fullmatch(text)] == []
    page.keyboard.press("Escape")
    page.locator("#shelf a[target=article]").first.click()
    frame = page.frame(name="article")
    frame.locator("mark#quote").wait_for()
    article = frame.evaluate(f"({OURS_IN})(document.body, 'main, h1')")
    assert article == ["Fragen Sie die Artikel", "22. November 2023", "Zur Stelle"]
    assert frame.evaluate("[document.documentElement.lang, document.querySelector('main').lang]") == ["de", "en"]


@pytest.mark.parametrize("short", [None, "Seven"])
def test_that_articles_disagree_is_said_in_german(
    open_page: Open, serve: Callable[..., web.Served], short: str | None
) -> None:
    """That sentence is ours, what follows is the articles', and each has its own language."""
    other = replace(web.citation(web.article("b.md", "# B\n\nEight rooms."), "Eight rooms."), number=2)
    words = f"{cite.DISAGREE} Seven (2 May 2024) [1]; eight. [2]"
    answer = replace(web.answered("How many?", words, web.citation(web.article(), web.QUOTE), other), short=short)
    page = open_page(serve(answer).url, locale="de-DE")
    asked_in(page, "How many?")
    page.locator(".actions").wait_for()
    shown = page.locator(".answer")
    lines = [line for line in shown.inner_text().replace("\xa0", " ").split("\n") if line]
    assert lines == ["Die Artikel sind sich uneinig:", "Seven (2 May 2024) 1", "eight 2"]
    assert (shown.get_attribute("lang"), shown.locator("span").get_attribute("lang")) == ("en", "de")
    assert shown.locator("strong").count() == (2 if short else 0)


def test_the_login_and_what_is_not_there_are_in_german(browser: Any, serve: Callable[..., web.Served]) -> None:
    """The login form says no word of English, nor what is wrong; nor does the page of an article that is gone."""
    served = serve(password="a good password")
    context = browser.new_context(locale="de-DE")
    page = context.new_page()
    said = f"() => ({OURS_IN})(document.documentElement, 'style, script, h1:not([data-say])')"
    page.goto(f"{served.url}/")
    page.get_by_label("Passwort").fill("a bad password")
    page.get_by_role("button", name="Anmelden").click()
    page.get_by_role("alert").wait_for()
    shown = page.evaluate(said)
    assert "Das ist nicht das Passwort." in shown
    assert [text for text in shown if not texts_in("de").fullmatch(text)] == []
    page.get_by_label("Passwort").fill("a good password")
    page.get_by_role("button", name="Anmelden").click()
    page.locator("#question textarea").wait_for()
    page.goto(f"{served.url}/article/gone.md")
    shown = page.evaluate(said)
    assert "Diesen Artikel gibt es nicht, oder er wurde entfernt." in shown
    assert [text for text in shown if not texts_in("de").fullmatch(text)] == []
    context.close()
