"""What one can do with answers and conversations, in a real browser: keep, find, copy, judge, export, delete."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from article_assistant.types import Answer
from article_assistant.web import render

from tests import served as web
from tests.web.conftest import picture
from tests.web.test_page import Open, ask, box, open_page, serve

__all__ = ["open_page", "serve"]

QUESTION = "What did we change?"


@pytest.fixture
def talked(open_page: Open, serve: Callable[..., web.Served]) -> tuple[Any, web.Served]:
    """A page on which one question was answered, and its server."""
    served = serve(web.good())
    page = open_page(served.url)
    ask(page, QUESTION)
    page.locator(".actions").wait_for()  # the answer is drawn before the end of its stream, and kept at its end
    return page, served


def done(page: Any) -> str:
    """Wait for what a button of an answer says when it has worked."""
    page.wait_for_function("() => [...document.querySelectorAll('.said')].some(one => one.textContent)")
    return str(page.locator(".said").last.inner_text())


def test_a_conversation_outlives_reload_and_restart(talked: tuple[Any, web.Served]) -> None:
    """Reload, a second tab and a new server show the conversation again, and it goes on where it was."""
    page, served = talked
    page.reload()
    page.locator("a.mark").wait_for()
    second = page.context.new_page()
    second.goto(served.url)
    second.locator("a.mark").wait_for()
    second.close()
    served.stop()
    again = web.Served(served.assistant, port=served.port)
    try:
        page.goto(again.url)
        page.locator("a.mark").wait_for()
        ask(page, "And then?")
        page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
        asked = served.assistant.asked
        assert asked[0][2] == asked[1][2]
        assert page.get_by_text("has ended").count() == 0
    finally:
        page.goto("about:blank")
        again.stop()


def test_a_new_conversation_stays_new_and_the_old_one_is_in_the_list(talked: tuple[Any, web.Served]) -> None:
    """After "New conversation" a reload shows nothing; the list finds the old one by a word, renames and opens it."""
    page, _ = talked
    page.get_by_role("button", name="New conversation").click()
    page.locator(".turn").wait_for(state="detached")
    page.reload()
    box(page).wait_for()
    page.get_by_role("button", name="History").click()
    dialog = page.get_by_role("dialog", name="Your conversations")
    dialog.get_by_role("searchbox").fill("nothing like it")
    dialog.get_by_text("There is nothing here yet.").wait_for()
    dialog.get_by_role("searchbox").fill("WE CHANGE")
    dialog.get_by_role("button", name=f"Rename {QUESTION}").click()
    dialog.get_by_role("textbox", name="New title").fill("After the incident we change")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="After the incident we change", exact=True).click()
    page.locator("a.mark").wait_for()
    assert page.locator(".question").inner_text() == QUESTION


def test_what_is_deleted_is_gone_here_and_there(talked: tuple[Any, web.Served]) -> None:
    """A deleted conversation is in no list, on no server and not on the page."""
    page, served = talked
    page.get_by_role("button", name="History").click()
    with page.expect_navigation():
        page.get_by_role("button", name=f"Delete {QUESTION}").click()
    page.locator(".turn").wait_for(state="detached")
    assert served.assistant.kept == {}
    box(page).wait_for()
    page.get_by_role("button", name="History").click()
    page.get_by_text("There is nothing here yet.").wait_for()


@pytest.mark.parametrize("form", ["as text", "as Markdown", "as wiki text", "a link to it"])
def test_an_answer_is_copied_with_its_sources(talked: tuple[Any, web.Served], form: str) -> None:
    """What is copied names the question, the words with their marks, and each source with its quote and link."""
    page, served = talked
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.locator(".copy summary").click()
    page.get_by_role("button", name=form).click()
    assert done(page) == "Copied."
    copied = page.evaluate("navigator.clipboard.readText()")
    if form == "a link to it":
        assert copied == f"{served.url}/?q=What%20did%20we%20change%3F"
        return
    assert QUESTION in copied
    assert "Logs are now rotated every night. [1]" in copied
    assert "Incident of 21 November" in copied
    assert "“" + " ".join(web.QUOTE.split()) + "”" in copied
    assert f"{served.url}/article/ops/incident.md?start=" in copied


def test_rows_that_answer_are_a_table_and_copied_as_rows(
    open_page: Open, serve: Callable[..., web.Served], tmp_path: Path
) -> None:
    """An answer of several rows stands under the names of their columns; copied, each says what it has of which."""
    rows = "City: Oslo | Per diem: €84\nCity: Bern | Per diem: €92"
    said = "Flat sums: [1]\n- City: Oslo | Per diem: €84 [1]\n- City: Bern | Per diem: €92 [1]"
    page = open_page(serve(web.answered(QUESTION, said, web.citation(web.article(text=rows), rows))).url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    ask(page, QUESTION)
    page.locator(".turn .actions").wait_for()
    assert page.locator(".answer tr").all_inner_texts() == ["City\tPer diem", "Oslo\t€84", "Bern\t€92\xa01"]
    picture(page, "rows", tmp_path)
    page.locator(".copy summary").click()
    page.get_by_role("button", name="as text").click()
    assert done(page) == "Copied."
    copied = page.evaluate("navigator.clipboard.readText()")
    assert "Flat sums:\n- City: Oslo | Per diem: €84\n- City: Bern | Per diem: €92 [1]\n" in copied


def test_code_is_copied_alone_and_with_its_answer(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Its own button copies code as it is; in a whole answer it stands apart, indented."""
    words = "By hand: [1]\n    if a:\n      b[1]"
    page = open_page(serve(web.answered(QUESTION, words, web.citation(web.article(), web.QUOTE))).url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    box(page).fill(QUESTION)
    box(page).press("Enter")
    page.locator(".turn .actions").wait_for()  # an answer in the making is drawn anew, and what was said at it with it
    page.locator(".turn .code").get_by_role("button", name="Copy").click()
    assert done(page) == "Copied."
    assert page.evaluate("navigator.clipboard.readText()") == "if a:\n  b[1]"
    page.locator(".copy summary").click()
    page.get_by_role("button", name="as text").click()
    page.wait_for_function(
        "navigator.clipboard.readText().then((text) => text.includes('By hand: [1]\\n\\n    if a:\\n      b[1]\\n'))"
    )


def test_a_link_asks_its_question(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """The address of an answer asks its question anew, once, with the rights of whoever opens it."""
    served = serve(web.good())
    page = open_page(f"{served.url}/?q=What%20did%20we%20change%3F")
    page.locator("a.mark").wait_for()
    assert page.url == f"{served.url}/"
    page.reload()
    page.locator("a.mark").wait_for()
    assert [asked[0] for asked in served.assistant.asked] == [QUESTION]


def test_a_question_is_asked_again_or_edited(talked: tuple[Any, web.Served]) -> None:
    """Ask again asks it; Edit and ArrowUp bring it back into the box."""
    page, served = talked
    page.get_by_role("button", name="Edit").click()
    assert box(page).input_value() == QUESTION
    box(page).fill("")
    box(page).press("ArrowUp")
    assert box(page).input_value() == QUESTION
    box(page).fill("")
    page.get_by_role("button", name="Ask again").click()
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
    assert [asked[0] for asked in served.assistant.asked] == [QUESTION] * 2


def test_what_somebody_thinks_is_kept(talked: tuple[Any, web.Served]) -> None:
    """Helpful, not helpful with a word, and taking it back reach the server, and are still seen after a reload."""
    page, served = talked
    page.get_by_role("button", name="Helpful", exact=True).click()
    assert done(page) == "Thank you."
    page.get_by_role("button", name="Not helpful").click()
    page.get_by_role("textbox", name="What was wrong?").fill("another incident")
    page.keyboard.press("Enter")
    page.locator(".word").wait_for(state="detached")
    page.reload()
    page.locator("[data-do=down][aria-pressed=true]").wait_for()
    page.get_by_role("button", name="Not helpful").click()
    page.locator("[data-do=down][aria-pressed=false]").wait_for()
    said = [(thumb, word) for _, thumb, word in served.assistant.judged]
    assert said == [("up", ""), ("down", ""), ("down", "another incident"), ("", "")]


@pytest.mark.parametrize("kind", ["Markdown", "JSON"])
def test_a_conversation_is_exported(talked: tuple[Any, web.Served], kind: str) -> None:
    """The file that is downloaded has each question with its answer and sources."""
    page, _ = talked
    page.get_by_role("button", name="History").click()
    with page.expect_download() as waited:
        page.get_by_role("button", name=f"Export this as {kind}").click()
    text = Path(waited.value.path()).read_text()
    if kind == "JSON":
        (turn,) = json.loads(text)
        assert turn["question"] == QUESTION
        assert turn["citations"][0]["quote"] == web.QUOTE
    else:
        assert f"**{QUESTION}**" in text
        assert "](http://127.0.0.1" in text


def test_back_closes_the_article(talked: tuple[Any, web.Served]) -> None:
    """With the article open, Back closes it and leaves the conversation; the button leaves no step behind."""
    page, served = talked
    page.locator("a.mark").click()
    page.locator("#close-article").wait_for()
    page.go_back()
    page.locator("#reading").wait_for(state="hidden")
    assert page.url == f"{served.url}/"
    assert page.locator(".turn").count() == 1


def test_a_probably_wrong_answer_is_not_bold() -> None:
    """Below one half the page says that this is probably not the answer, and no words stand out in it."""
    answer = Answer(QUESTION, True, "every night", "every night [1]", "extractive", 0.49, web.good().citations)
    page = render.conversation([render.Shown(QUESTION, answer=answer)])
    assert "This is probably not the answer" in page
    assert "<strong>" not in page
    likely = Answer(QUESTION, True, "every night", "every night [1]", "extractive", 0.5, web.good().citations)
    page = render.conversation([render.Shown(QUESTION, answer=likely)])
    assert "probably not" not in page
    assert "<strong>every night</strong>" in page


def test_only_its_owner_judges_and_forgets(serve: Callable[..., web.Served]) -> None:
    """Another session gets a 404 for a thumb, and deletes nothing; nonsense is said to be nonsense."""
    served = serve(web.good())
    with httpx.Client(base_url=served.url) as owner, httpx.Client(base_url=served.url) as thief:
        with web.asking(owner, "tab1", QUESTION) as stream:
            stream.read()
        name = served.assistant.asked[0][2]
        thumb = {"conversation": name, "question": QUESTION, "thumb": "up"}
        thief.get("/")
        assert thief.post("/conversation/judge", json=thumb).status_code == 404
        assert thief.post("/conversation/forget", json={"conversations": [name]}).status_code == 200
        assert served.assistant.forgotten == []
        assert owner.post("/conversation/judge", json={**thumb, "thumb": "sideways"}).status_code == 422
        assert owner.post("/conversation/judge", json={**thumb, "question": "Never asked?"}).status_code == 404
        assert owner.post("/conversation/judge", json=thumb).status_code == 200
        foreign = {"origin": "http://evil.test"}
        forget = owner.post("/conversation/forget", json={"conversations": [name]}, headers=foreign)
        assert forget.status_code == 403
        assert owner.post("/conversation/forget", json={"conversations": [name]}).status_code == 200
        assert served.assistant.kept == {}


def test_signing_out_leaves_no_list_behind(browser: Any, serve: Callable[..., web.Served]) -> None:
    """Whoever signs out takes along the browser's list of what was asked, and which conversation was shown last."""
    served = serve(web.good(), password="correct horse")
    context = browser.new_context()
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(served.url)
    page.get_by_label("Password").fill("correct horse")
    page.get_by_label("Password").press("Enter")
    ask(page, QUESTION)
    page.locator("a.mark").wait_for()
    page.wait_for_function("() => Object.keys(localStorage).some(key => key.endsWith('.conversations'))")
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("Password").wait_for()
    left = page.evaluate("[...Object.entries(localStorage), ...Object.entries(sessionStorage)].join()")
    assert "article-assistant" not in left
    context.close()


def test_who_has_signed_in_finds_conversations_in_every_browser(
    open_page: Open, serve: Callable[..., web.Served]
) -> None:
    """The list is the server's, and the page says so; another browser of the same person opens what is in it."""
    served = serve(web.good(), proxy={"addresses": ["127.0.0.1"], "user": "Remote-User"})
    first, second = (open_page(served.url, extra_http_headers={"Remote-User": "mia"}) for _ in range(2))
    ask(first, QUESTION)
    first.locator(".turn .actions").wait_for()
    second.get_by_role("button", name="History").click()
    dialog = second.get_by_role("dialog", name="Your conversations")
    dialog.get_by_text("They are kept under your name for 30 days, and are here in every browser.").wait_for()
    assert not dialog.get_by_text("This browser keeps the list").is_visible()
    dialog.get_by_role("button", name=QUESTION, exact=True).click()
    second.locator(".turn a.mark").wait_for()


def test_the_list_of_somebody_else_is_not_shown(serve: Callable[..., web.Served]) -> None:
    """Whoever has not signed in gets no list from the server: it knows only their browser."""
    served = serve(web.good(), proxy={"addresses": ["127.0.0.1"], "user": "Remote-User"}, guests=True)
    served.assistant.kept["a" * 43] = [web.good()]
    with httpx.Client(base_url=served.url) as guest:
        guest.get("/")
        assert guest.get("/conversations").json() == {"signed_in": False, "conversations": []}
    with httpx.Client(base_url=served.url, headers={"Remote-User": "mia"}) as mia:
        mia.get("/")
        (own,) = mia.get("/conversations").json()["conversations"]
        assert (own["name"], own["title"]) == ("a" * 43, QUESTION)
