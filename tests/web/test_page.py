"""`web.page` in a real browser: asking, reading, keyboard, phone, dark mode, hostile text, who sees what."""

import re
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from article_assistant.types import Ready, Sentence, Waiting, Words
from article_assistant.web import render
from article_assistant.web.conversations import ANYONE, FRAME_SECONDS, Conversations, respond

from tests import served as web

Open = Callable[..., Any]


LIGHT = "(colour => { const [r, g, b] = colour.match(/[\\d.]+/g).map(Number); return (r * 3 + g * 6 + b) / 10; })"
"""How light a colour is, 0 to 255."""
GROUND = f"{LIGHT}(getComputedStyle(document.body).backgroundColor)"
INK = f"{LIGHT}(getComputedStyle(document.querySelector('#room') || document.body).color)"


@pytest.fixture
def open_page(browser: Any, serve: Callable[..., web.Served]) -> Iterator[Open]:  # noqa: ARG001
    """Opens a page in a context of its own; afterwards no host but loopback was asked and no script failed.

    It comes after `serve`, so that pages are closed before their servers stop.
    """
    contexts: list[Any] = []
    asked: set[str] = set()
    said: list[tuple[str, list[str]]] = []

    def failed() -> list[str]:
        # Gradio says these of its own stream when the page is left while the stream is open, and only then; it may
        # say so before the browser asks for the next page.
        ended = ("AbortError: signal is aborted", "Unexpected error Connection errored out")
        return [words for words, left in said if not (left and words.startswith(ended))]

    def opened(url: str, **given: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 800}, **given})
        context.set_default_timeout(60_000)
        contexts.append(context)
        page = context.new_page()
        page.on("request", lambda request: asked.add(urlsplit(request.url).hostname or ""))
        left: list[str] = []
        page.on("pageerror", lambda error: said.append((str(error), left)))
        page.on("console", lambda line: said.append((line.text, left)) if line.type == "error" else None)
        page.goto(url)
        page.locator("#question textarea").wait_for()
        page.on("request", lambda request: left.append(request.url) if request.is_navigation_request() else None)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert asked <= {"127.0.0.1", ""}
    assert not failed()


@pytest.fixture
def serve() -> Iterator[Callable[..., web.Served]]:
    """Serves the page over scripted answers until the test ends."""
    running: list[web.Served] = []

    def served(*steps: Any, **given: Any) -> web.Served:
        running.append(web.Served(web.scripted(*steps), **given))
        return running[-1]

    yield served
    for one in running:
        one.stop()


def box(page: Any) -> Any:
    return page.get_by_role("textbox", name="Your question")


def ask(page: Any, question: str) -> None:
    box(page).fill(question)
    box(page).press("Enter")


def assert_quote_in_view(page: Any) -> None:
    """The article is open beside the chat and its quote lies inside the frame's window, where it can be read."""
    frame = page.frame_locator("iframe[name=article]")
    mark = frame.locator("mark#quote")
    mark.wait_for()
    page.wait_for_function(
        """() => {
            const frame = document.querySelector('iframe[name=article]');
            const mark = frame.contentDocument.querySelector('mark#quote');
            if (!mark || !frame.offsetParent && getComputedStyle(frame).position !== 'fixed') { return false; }
            const seen = mark.getBoundingClientRect();
            const inner = frame.contentWindow;
            return inner.scrollY > 0 && seen.height > 0 && seen.top >= 0 && seen.bottom <= inner.innerHeight
                && frame.getBoundingClientRect().top >= 0 && frame.getBoundingClientRect().bottom <= innerHeight + 1;
        }"""
    )
    assert frame.locator("mark").all_inner_texts() == [web.QUOTE.replace("\n", " ")]


def test_question_to_quote(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """A question is answered piece by piece with [1]; a click opens the article at the quote, which is marked."""
    served = serve(web.good())
    served.assistant.pause = 0.15
    page = open_page(served.url)
    ask(page, "What did we change?")
    page.get_by_text("Reading 6 passages…").wait_for()
    page.wait_for_function("() => /^Logs are/.test((document.querySelector('.answer') || {}).innerText || '')")
    assert not page.locator("a.mark").count()  # still on its way
    page.locator("a.mark").wait_for()
    assert page.locator(".answer").inner_text().startswith("Logs are now rotated every night.")
    card = page.locator("#shelf .card")
    assert "What we changed · 22 November 2023" in card.inner_text()
    page.locator("a.mark").click()
    assert_quote_in_view(page)
    assert page.locator("#reading h2").inner_text() == "Incident of 21 November"
    page.locator("#close-article").click()
    assert page.evaluate("document.activeElement.className") == "mark"
    card.get_by_role("link", name="Open at the quote: Incident of 21 November").click()
    assert_quote_in_view(page)
    assert not page.locator("#examples").is_visible()


def test_keyboard_alone(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Typing, Enter and Tab are enough to ask, to open the quote, to read on, and to come back to the box."""
    page = open_page(serve(web.good(), web.good()).url)
    page.wait_for_function("() => document.activeElement.matches('#question textarea')")
    page.keyboard.type("What did we change?")
    page.keyboard.press("Enter")
    page.locator("a.mark").wait_for()
    assert page.evaluate("document.activeElement.matches('#question textarea')")
    assert box(page).input_value() == ""
    page.keyboard.press("Shift+Tab")  # what can be done with the answer is one stop, its parts are reached by arrows
    assert page.evaluate("document.activeElement.tagName") == "SUMMARY"
    for does in ("edit", "again", "why", "up", "down", "down"):
        page.keyboard.press("ArrowRight")
        assert page.evaluate("document.activeElement.dataset.do") == does
    page.keyboard.press("Home")
    page.keyboard.press("Shift+Tab")
    assert page.evaluate("document.activeElement.className") == "mark"
    ring = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert ring == "solid"
    page.keyboard.press("Enter")
    assert_quote_in_view(page)
    assert page.evaluate("document.activeElement.id") == "close-article"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "article"
    page.keyboard.press("Escape")  # pressed inside the article
    page.wait_for_function("() => document.activeElement.className === 'mark'")
    assert not page.locator("#reading").is_visible()
    # every stop from the top of the page, in the order in which one reads
    page.focus("#new")
    stops = []
    for _ in range(6):
        page.keyboard.press("Tab")
        stops.append(
            page.evaluate("(e => e.id || e.className || e.dataset.do || e.tagName)(document.activeElement)").split(" ")[
                0
            ]
        )
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    assert stops[:3] == ["log", "mark-1-1", "SUMMARY"]
    assert stops[4] == "send"
    assert stops[5].startswith("shelf-open-cited")


def test_examples_start_a_conversation(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """The example questions are buttons that ask; a new conversation brings them back, and knows nothing before it."""
    served = serve(web.good(), web.good())
    page = open_page(served.url)
    offered = page.get_by_role("button", name="How large was the queue?")
    assert "Incident of 21 November" in offered.inner_text()  # where it comes from
    offered.click()
    page.locator("a.mark").wait_for()
    assert page.locator(".question").inner_text() == "How large was the queue?"
    assert not page.get_by_role("button", name="How large was the queue?").is_visible()
    page.get_by_role("button", name="New conversation").click()
    page.get_by_role("button", name="How large was the queue?").wait_for()
    assert not page.locator(".turn").count()
    assert page.locator("#shelf .card").count() == 0
    ask(page, "And now?")
    page.locator("a.mark").wait_for()
    names = [conversation for _, _, conversation in served.assistant.asked]
    assert names[0]
    assert names[1]
    assert names[0] != names[1]


def test_new_conversation_ends_an_answer_on_its_way(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Begun while an answer streams, a new conversation stays empty, and can be asked at once."""
    served = serve(web.answered("q", "slow " * 40), web.good())
    served.assistant.pause = 0.1
    page = open_page(served.url)
    ask(page, "A slow one?")
    page.locator(".answer").wait_for()
    box(page).fill("typed meanwhile")
    box(page).press("Enter")
    page.locator("#line").get_by_text("typed meanwhile").wait_for()
    page.get_by_role("button", name="New conversation").click()
    assert box(page).input_value() == "typed meanwhile"  # not asked in the new conversation, and not lost
    page.locator(".turn").wait_for(state="detached")
    page.wait_for_timeout(500)
    assert not page.locator(".turn").count()
    ask(page, "What did we change?")
    page.locator("a.mark").wait_for()
    page.wait_for_timeout(500)
    assert page.locator(".question").all_inner_texts() == ["What did we change?"]
    ended, current = (conversation for _, _, conversation in served.assistant.asked)
    assert set(served.assistant.kept) == {current} != {ended}


def test_turns_share_a_conversation(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Questions of one tab belong to one conversation, those of another tab to another."""
    served = serve()
    page, other = open_page(served.url), open_page(served.url)
    for number in (1, 2):
        ask(page, f"Question {number}?")
        page.locator(".refusal").nth(number - 1).wait_for()
    ask(other, "Question 3?")
    other.locator(".refusal").wait_for()
    first, second, third = (conversation for _, _, conversation in served.assistant.asked)
    assert first == second != third
    assert {user.name for _, user, _ in served.assistant.asked} == {"reader"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_phone(open_page: Open, serve: Callable[..., web.Served], scheme: str) -> None:
    """At 360 px nothing is cut off sideways, the article covers the page, and closing leads back to the mark."""
    page = open_page(serve(web.good()).url, viewport={"width": 360, "height": 740}, color_scheme=scheme)
    ask(page, "What did we change, " + "unbreakable" * 12 + "?")
    page.locator("a.mark").click()
    assert_quote_in_view(page)
    assert page.evaluate("document.querySelector('#reading').getBoundingClientRect().width") == 360
    assert page.evaluate("document.querySelector('#talk').inert")
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.className") == "mark"
    page.get_by_text("1 source", exact=True).click()
    assert page.locator(".evidence blockquote").inner_text().startswith("Logs are now")
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    send = page.locator("#send").bounding_box()
    assert send["x"] + send["width"] <= 360
    assert send["y"] + send["height"] <= 740


def test_small_frame_keeps_the_box_in_view(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """In 400 by 520 pixels the box stays in view, before and after a long conversation, whose end is shown."""
    page = open_page(serve(*[web.good() for _ in range(4)]).url, viewport={"width": 400, "height": 520})
    for number in range(5):
        place = box(page).bounding_box()
        assert place["y"] > 300
        assert place["y"] + place["height"] <= 520
        if number < 4:
            ask(page, f"Question {number} that is a little longer than one line of the small frame?")
            page.locator("a.mark").nth(number).wait_for()
    last = page.locator("a.mark").last.bounding_box()
    assert last["y"] + last["height"] < box(page).bounding_box()["y"]


def test_dark_mode_is_one(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Where the system is dark, chat and article are dark both, and words stand out from their ground."""
    page = open_page(serve(web.good()).url, color_scheme="dark")
    ask(page, "What did we change?")
    page.locator("a.mark").click()
    assert_quote_in_view(page)
    for context in (page, page.frame(name="article")):
        assert context.evaluate(GROUND) < 60
        assert context.evaluate(INK) > 180


def test_chosen_theme_reaches_the_article(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """`?__theme=dark` on a light system makes the chat dark, and the article in it too."""
    page = open_page(f"{serve(web.good()).url}/?__theme=dark", color_scheme="light")
    ask(page, "What did we change?")
    page.locator("a.mark").click()
    assert_quote_in_view(page)
    page.frame(name="article").wait_for_function("() => document.documentElement.classList.contains('dark')")
    grounds = [context.evaluate(GROUND) for context in (page, page.frame(name="article"))]
    assert all(ground < 60 for ground in grounds)


def test_signed_out_is_said(browser: Any, serve: Callable[..., web.Served]) -> None:
    """Who is signed out meanwhile (after hours, after a restart) is told so; the question stays in the box."""
    served = serve(password="correct horse")
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    ended: list[str] = []
    for event in ("requestfinished", "requestfailed"):
        page.on(event, lambda request: ended.append(urlsplit(request.url).path))
    page.goto(served.url)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_label("Password").press("Enter")
    box(page).wait_for()
    # The page's own first call must have ended: cut off, Gradio says only that one. A quiet network does not tell:
    # on a slow machine it is quiet before that call, too. The stream of its answer is closed by the page.
    until = time.monotonic() + 60
    while "/gradio_api/queue/data" not in ended and time.monotonic() < until:
        page.wait_for_timeout(50)
    context.clear_cookies()
    ask(page, "What did we change?")
    page.get_by_text("You are signed out. Please reload the page and sign in.").wait_for()
    assert box(page).input_value() == "What did we change?"
    assert served.assistant.asked == []
    context.close()


def test_page_comes_back_after_a_restart(browser: Any, serve: Callable[..., web.Served]) -> None:
    """A page that lost its server finds it again by itself, asks what was left without an answer, and can be used."""
    served = serve()
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(served.url)
    box(page).wait_for()
    served.stop()
    ask(page, "Anybody there?")
    page.get_by_text("Connection to the server was lost").wait_for()
    with page.expect_navigation():
        again = serve(web.good("Anybody there?"), web.good(), port=served.port)
    page.locator(".actions").wait_for()
    assert page.locator(".question").all_inner_texts() == ["Anybody there?"]
    assert box(page).input_value() == ""
    ask(page, "What did we change?")
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
    assert [asked[0] for asked in again.assistant.asked] == ["Anybody there?", "What did we change?"]
    box(page).fill("Half a thou")
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
    page.wait_for_function("() => document.querySelector('#question textarea').value === 'Half a thou'")
    assert len(again.assistant.asked) == 2
    context.close()


def test_a_question_that_was_on_its_way_is_asked_again_in_its_conversation(
    open_page: Open, serve: Callable[..., web.Served]
) -> None:
    """Reloaded while it is answered, the page goes on with that question where it was asked; once."""
    served = serve(web.good("One?"), [Words("Slowly"), 1.0, web.good("Two?")], web.good("Two?"))
    page = open_page(served.url)
    ask(page, "One?")
    page.locator(".actions").wait_for()
    ask(page, "Two?")
    page.locator(".turn").nth(1).wait_for()
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
    assert page.locator(".question").all_inner_texts() == ["One?", "Two?"]
    assert len({asked[2] for asked in served.assistant.asked}) == 1
    page.reload()
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
    asked_before = len(served.assistant.asked)
    page.wait_for_timeout(1000)
    assert len(served.assistant.asked) == asked_before <= 3


def test_page_works_before_and_after_its_scripts_come(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """On a slow network the scripts come when the page has long been built: it answers without them, then goes on."""
    served = serve(web.good("One?"), web.good("Two?"))
    page, held = open_page(served.url), []
    ask(page, "One?")
    page.locator(".actions").wait_for()
    page.route("**/files/*.js", lambda script: held.append(script))
    page.reload()
    box(page).wait_for()
    page.wait_for_timeout(1000)
    assert len(held) == 6
    assert page.locator(".turn").count() == 0
    for script in held:
        script.continue_()
    page.locator(".actions").wait_for()
    assert page.locator(".question").all_inner_texts() == ["One?"]
    held.clear()
    page.get_by_role("button", name="New conversation").click()
    page.locator(".turn").wait_for(state="detached")
    page.reload()
    ask(page, "Two?")
    page.locator(".actions").wait_for()
    assert len(held) == 6
    for script in held:
        script.continue_()
    page.unroute("**/files/*.js")
    page.wait_for_function("() => window.articleAssistant?.name?.()")
    page.reload()
    page.locator(".actions").wait_for()
    assert page.locator(".question").all_inner_texts() == ["Two?"]


def written(*after: Any) -> list[Any]:
    """The offline answer, complete, and a language model that goes on beneath it."""
    ready = web.good()
    first = Sentence(0, "Logs are rotated nightly now.")
    judged = replace(first, text="Logs are rotated nightly now. [1]", state="supported")
    made_up = Sentence(1, "The moon is cheese.", "unsupported")
    last = replace(
        ready, answer=judged.text, mode="generative", extract=ready.answer, sentences=(judged, made_up),
        usage={"passages": 8, "prompt_tokens": 900, "completion_tokens": 100, "estimated": True},
    )  # fmt: skip
    return [Words(ready.answer), *ready.citations, Ready(ready), 0.5, first, 1.0, judged, made_up, *after, last]


def test_what_a_language_model_writes_stands_beneath(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """The offline answer above; each sentence pale until it is judged; what no article supports is said so, once."""
    page = open_page(serve(written()).url)
    ask(page, "What did we change?")
    page.locator(".written .unchecked").wait_for()
    page.locator('.log[aria-busy="false"]').wait_for()
    section = page.get_by_role("region", name="Worded by the language model")
    assert section.locator(".unchecked").count() == 0
    assert section.locator("a.mark").count() == 1
    assert section.locator(".unsupported").inner_text() == "The moon is cheese."
    assert section.get_by_text("not in the articles").count() == 1
    assert page.locator(".turn > .answer").inner_text().startswith("Logs are now rotated")
    assert page.get_by_text("8 passages sent, about 1,000 tokens used").is_visible()
    section.locator("a.mark").click()
    assert_quote_in_view(page)


def test_a_language_model_can_be_stopped(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Stop stands in the place of Send while the model writes, by mouse and keyboard; then Send is back."""
    page = open_page(serve(written(Waiting())).url)
    ask(page, "What did we change?")
    stop = page.get_by_role("button", name="Stop")
    stop.wait_for()
    page.locator(".written .unsupported").wait_for()
    assert not page.get_by_role("button", name="Send").is_visible()
    box(page).press("Tab")
    page.keyboard.press("Enter")
    page.locator('.log[aria-busy="false"]').wait_for()
    page.get_by_role("button", name="Send").wait_for()
    assert not stop.is_visible()


def test_a_question_worded_anew_can_be_read(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """How a follow-up was searched stands in line above its answer."""
    page = open_page(serve(replace(web.good(), standalone="What did we change after the incident?")).url)
    ask(page, "And after it?")
    page.get_by_text("Searched as: What did we change after the incident?").wait_for()
    assert page.locator(".searched").is_visible()


def test_refusal_is_marked(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """A refusal shows what it looked for and the nearest passages, said to be no answer, without a number."""
    page = open_page(serve(web.refused("Capital?", web.citation(web.article(), web.QUOTE))).url)
    ask(page, "Capital?")
    page.locator("#shelf").get_by_text("Not an answer").wait_for()
    assert "do not answer" in page.locator(".answer.refusal").inner_text()
    assert not page.locator("a.mark").count()
    page.locator("#shelf").get_by_role("link", name=re.compile("Open at the quote")).click()
    assert_quote_in_view(page)


def test_the_page_says_that_it_is_in_english(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """For a browser that prefers a language the page lacks, its words are English, and a screen reader is told so."""
    page = open_page(serve(web.good()).url, locale="ja-JP")
    ask(page, "What did we change?")
    page.locator("a.mark").wait_for()
    assert page.evaluate("document.documentElement.lang") == "en"


def test_the_sources_are_those_of_the_answer_that_was_followed(
    open_page: Open, serve: Callable[..., web.Served]
) -> None:
    """A mark of an earlier answer brings that answer's cards to the side, with their own links."""
    hostile = web.scripted().articles["hostile.md"]
    other = web.answered("q", "The hostile fact. [1]", web.citation(hostile, web.HOSTILE_QUOTE))
    page = open_page(serve(web.good(), other).url)
    for number, question in enumerate(["What did we change?", "What is the hostile fact?"], start=1):
        ask(page, question)
        page.wait_for_function(f"() => document.querySelectorAll('.actions').length === {number}")
    shelf = page.locator("#shelf")
    assert "Hostile" in shelf.inner_text()
    page.locator("a.mark").first.click()
    assert "Incident of 21 November" in shelf.inner_text()
    assert "Hostile" not in shelf.inner_text()
    shelf.get_by_role("link", name="Open at the quote: Incident").click()
    assert_quote_in_view(page)


def test_hostile_text_stays_text(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Scripts, images, forms, templates and markdown in articles, answers and questions are shown, not run."""
    hostile = web.article("hostile.md", web.HOSTILE, "javascript:alert(1)")
    cited = web.citation(hostile, web.HOSTILE[:-1])
    text = web.HOSTILE.replace("\n", " ") + " [1]"
    page = open_page(serve(web.answered("q", text, cited)).url)
    page.on("dialog", lambda dialog: pytest.fail(f"a script ran: {dialog.message}"))
    ask(page, "<img src=http://evil.other.test/q.png onerror=alert(2)> ${alert(3)} {{x}}")
    page.locator("a.mark").click()
    frame = page.frame_locator("iframe[name=article]")
    frame.get_by_text("The hostile fact is forty-two.").wait_for()
    assert "<img src=http://evil.other.test/q.png" in page.locator(".question").inner_text()
    assert "${alert(1)}" in page.locator(".answer").inner_text()
    assert "{{constructor}}" in page.locator(".answer").inner_text()
    for place in (page.locator("#log"), page.locator("#shelf"), frame.locator("body")):
        assert place.locator("img, script, form, svg, iframe, input, style").count() == 0
    links = page.eval_on_selector_all("a", "links => links.map(link => link.href)")
    assert all(urlsplit(link).hostname == "127.0.0.1" for link in links)
    page.wait_for_timeout(300)


def test_article_in_a_browser_holds_exactly_its_text(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """What a browser makes of an article's page is the article's text, character for character, and so is the mark."""
    served = serve()
    page = open_page(served.url)
    start, end = web.TEXT.index("cause was"), web.TEXT.index("Size: 200")
    page.goto(f"{served.url}/article/ops/incident.md?start={start}&end={end}#quote")
    seen = page.evaluate("document.querySelector('main').textContent")
    marked = page.evaluate("[...document.querySelectorAll('mark')].map(mark => mark.textContent).join('')")
    assert seen.replace("\n", "") == web.TEXT.replace("\n", "")
    assert marked.replace("\n", "") == web.TEXT[start:end].replace("\n", "")


def test_errors_are_one_sentence(
    open_page: Open, serve: Callable[..., web.Served], caplog: pytest.LogCaptureFixture
) -> None:
    """An error while answering is one plain sentence in the log; its reason is in the server's log only."""
    served = serve(RuntimeError("the secret reason"), web.good())
    page = open_page(served.url)
    ask(page, "What broke?")
    page.get_by_text("Something went wrong while answering. Please ask again.").wait_for()
    assert "secret" not in page.content()
    assert "the secret reason" in caplog.text
    ask(page, "What did we change?")
    page.locator("a.mark").wait_for()


def test_empty_and_endless_questions(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Nothing happens to an empty question; one over 2,000 characters is told so and stays in the box."""
    served = serve()
    page = open_page(served.url)
    ask(page, "   ")
    page.wait_for_timeout(500)
    assert not page.locator(".turn").count()
    ask(page, "a" * 2001)
    page.get_by_text("at most 2,000 characters").wait_for()
    assert len(box(page).input_value()) == 2001
    assert served.assistant.asked == []


def test_several_are_answered_at_once() -> None:
    """Questions of several people are answered side by side, not one after the other."""
    gathered = threading.Barrier(3)

    class Meeting(web.Scripted):
        def ask(self, *given: Any, **named: Any) -> Iterator[Any]:
            gathered.wait(10)  # passes only when three questions are here together
            yield from super().ask(*given, **named)

    running = web.Served(Meeting(web.scripted().articles))
    try:
        answers: list[str] = []

        def one() -> None:
            with httpx.Client(base_url=running.url, timeout=60) as person:
                answers.append(converse(person, "tab" + str(threading.get_ident()), "Question?", ""))

        people = [threading.Thread(target=one) for _ in range(3)]
        for person in people:
            person.start()
        for person in people:
            person.join()
        assert len(answers) == 3
        assert all("do not answer" in answer for answer in answers)
    finally:
        running.stop()


def converse(person: httpx.Client, tab: str, question: Any, name: Any) -> str:
    """Ask without a browser; returns the whole stream."""
    with web.asking(person, tab, question, name) as stream:
        return stream.read().decode()


def test_a_stolen_name_reads_nothing(serve: Callable[..., web.Served]) -> None:
    """Under another cookie neither a tab's name nor a conversation's name gives anything of the conversation."""
    served = serve()
    with httpx.Client(base_url=served.url, timeout=60) as owner, httpx.Client(base_url=served.url, timeout=60) as thief:
        converse(owner, "tab1", "My secret question?", "")
        name = served.assistant.asked[0][2]
        assert name
        again = converse(owner, "tab1", "Second?", name)
        assert "My secret question" in again
        assert served.assistant.asked[1][2] == name
        stolen = converse(thief, "tab2", "What was asked?", name)
        assert "My secret question" not in stolen
        assert served.assistant.asked[2][2] != name
        event = {"data": ["x", name], "fn_index": 0, "session_hash": "tab1"}
        assert thief.post("/gradio_api/queue/join", json=event).status_code == 403
        assert thief.get("/gradio_api/queue/data?session_hash=tab1").status_code == 403


@pytest.mark.parametrize("question", [None, 7, ["a"], {"a": 1}, True])
def test_nonsense_from_a_program_is_no_question(question: Any) -> None:
    """What is not text is treated like an empty question; what is no name of ours begins a new conversation."""
    assistant = web.scripted()
    conversations = Conversations(assistant)
    pictures = list(respond(assistant, conversations, question, question, "owner"))
    assert pictures == []
    assert assistant.asked == []


def test_one_question_at_a_time_in_a_conversation() -> None:
    """A second question while the first is being answered is not taken; afterwards the conversation goes on."""
    assistant = web.scripted()
    conversations = Conversations(assistant)
    name = conversations.begin("owner").name
    first = respond(assistant, conversations, "One?", name, "owner")
    next(first)
    assert list(respond(assistant, conversations, "Two?", name, "owner")) == []
    first.close()
    assert "do not answer" in list(respond(assistant, conversations, "Three?", name, "owner"))[-1][1]


def test_an_answer_to_a_deleted_conversation_is_forgotten() -> None:
    """A conversation that is deleted during an answer leaves no turn behind, and nobody else can delete one."""
    assistant = web.scripted()
    conversations = Conversations(assistant)
    name = conversations.begin("owner").name
    pictures = respond(assistant, conversations, "One?", name, "owner")
    next(pictures)
    conversations.delete(name, "thief")
    assert assistant.forgotten == []
    conversations.delete(name, "owner")
    assert list(pictures) == []
    assert assistant.forgotten == [(ANYONE, name)] * 2


def test_a_conversation_that_is_left_can_be_gone_on_with() -> None:
    """Leaving a conversation ends an answer on its way and keeps the turns before it, also for a later session."""
    assistant = web.scripted()
    alive = {"owner"}
    conversations = Conversations(assistant, alive.__contains__)
    *_, (name, _, _) = respond(assistant, conversations, "One?", "", "owner")
    pictures = respond(assistant, conversations, "Two?", name, "owner")
    next(pictures)
    conversations.leave(name, "owner")
    assert list(pictures) == []
    kept = conversations.get(name, "owner")
    assert kept
    assert [turn.question for turn in kept.turns] == ["One?"]
    assert conversations.get(name, "later") is None
    alive.clear()
    later = conversations.get(name, "later")
    assert later
    assert [turn.question for turn in later.turns] == ["One?"]
    assert assistant.forgotten == []


def test_an_ended_conversation_is_said_to_have_ended() -> None:
    """After a restart, or when it had to make room, the next question says that the earlier ones are forgotten."""
    conversations = Conversations(web.scripted(), most=1)
    name = conversations.begin("owner").name
    conversations.begin("other")
    *_, last = respond(web.scripted(), conversations, "And then?", name, "owner")
    assert "has ended" in last[1]
    assert last[0] != name


def test_answers_stream_in_pictures() -> None:
    """Words appear as they come, in few enough pictures to draw, and the last picture is the answer itself."""
    words = " ".join(f"word{number}" for number in range(200))
    answer = web.answered("q", f"{words} [1]", web.citation(web.article(), web.QUOTE))
    assistant = web.scripted(answer)
    assistant.pause = 0.002
    began = time.monotonic()
    pictures = [log for _, log, _ in respond(assistant, Conversations(assistant), "q", "", "")]
    most = (time.monotonic() - began) / FRAME_SECONDS + 5
    assert 3 < len(pictures) < most
    assert pictures[-1] == render.conversation([render.Shown("q", answer=answer, language="en")])


def test_a_second_question_waits_in_line(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Asked while an answer comes, questions leave the box, are seen to wait, can be taken back, and are answered in
    their order; what is typed meanwhile stays."""
    rest = threading.Event()
    slow = [Words("Slowly."), rest, web.refused("One?")]
    served = serve(slow, web.good(), web.good())
    page = open_page(served.url)
    ask(page, "One?")
    page.locator(".log[aria-busy=true]").wait_for()
    for question in ("Two?", "Not this one?", "Three?"):
        ask(page, question)
        assert box(page).input_value() == ""
    line = page.locator("#line li")
    assert line.count() == 3
    assert "Waits until the answer above is there." in line.first.inner_text()
    line.nth(1).get_by_role("button", name="Take back").click()
    assert box(page).input_value() == "Not this one?"
    assert [asked[0] for asked in served.assistant.asked] == ["One?"]
    rest.set()
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 3")
    assert page.locator(".question").all_inner_texts() == ["One?", "Two?", "Three?"]
    assert [asked[0] for asked in served.assistant.asked] == ["One?", "Two?", "Three?"]
    assert len({asked[2] for asked in served.assistant.asked}) == 1
    assert line.count() == 0
    assert box(page).input_value() == "Not this one?"


def test_a_question_is_heard_as_soon_as_the_answer_before_it_stands_there(
    open_page: Open, serve: Callable[..., web.Served]
) -> None:
    """Typed between the last word of an answer and the end of its stream, it is asked, and leaves the box."""
    served = serve([Words("Logs "), web.good("One?"), 600.0], web.good("Two?"))
    page = open_page(served.url)
    ask(page, "One?")
    page.locator(".actions").wait_for()
    ask(page, "Two?")
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
    assert page.locator(".question").all_inner_texts() == ["One?", "Two?"]
    assert box(page).input_value() == ""


def test_the_header_of_a_phone_has_room(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """At 390 pixels the name stands there whole beside the buttons, and each button still says what it does."""
    page = open_page(serve().url, viewport={"width": 390, "height": 844})
    heading = page.locator(".masthead h1")
    assert heading.evaluate("e => e.scrollWidth <= e.clientWidth")
    for name in ("History", "New conversation"):
        place = page.get_by_role("button", name=name, exact=True).bounding_box()
        assert place["x"] + place["width"] <= 390
        assert place["height"] >= 32


def test_what_hangs_is_said_to_be_on_its_way(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """A question that the server does not take up is shown within a moment, and after 3 s said not to be answered."""
    page = open_page(serve(web.good()).url)
    held: list[Any] = []
    page.route("**/gradio_api/queue/join*", lambda route: held.append(route))  # never sent on
    page.evaluate(
        """() => {
            window.said = [];
            const line = document.getElementById('line'), note = () => window.said.push(line.innerText);
            new MutationObserver(note).observe(line, {childList: true, subtree: true});
        }"""
    )
    ask(page, "What did we change?")
    page.locator("#line").get_by_text("has not answered yet").wait_for()
    first = page.evaluate("window.said[0]")
    assert "What did we change?" in first
    assert "On its way…" in first
    assert box(page).input_value() == "What did we change?"
    page.close()  # before its server ends, which would fail the request that is still held
