"""The widget and the page it stands in: asked about that page, about words chosen on it, in a panel of any size."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from article_assistant.index.types import EVERYTHING, Scope
from article_assistant.types import Found, Recourse
from axe_playwright_python.sync_playwright import Axe

from tests import served as web
from tests.web.conftest import Wiki, picture
from tests.web.test_widget import ARTICLE, PHONE, ask, good, marked, on_wiki

Served = Callable[..., web.Served]
Wikis = Callable[..., Wiki]
WHOLE = f"<!doctype html><html lang=en><title>W</title>{ARTICLE}"
SELECT = """() => {
    const range = document.createRange();
    range.selectNodeContents(document.querySelector('#there b'));
    getSelection().removeAllRanges();
    getSelection().addRange(range);
}"""


def violations(page: Any) -> list[str]:
    """What axe has to say about the widget."""
    found = Axe().run(page, context={"include": [["article-assistant"]]}).response["violations"]
    return [f"{one['id']}: {node['html'][:200]} {node['failureSummary']}" for one in found for node in one["nodes"]]


def test_about_this_page(page: Any, chat: Served, wiki: Wikis) -> None:
    """Once the reader says so, here or on the page before, a question is about the page, by each of its addresses."""
    at, served = on_wiki(
        chat, wiki, web.good(), web.good(), web.good(),
        body="<link rel=canonical href='/w/Incident'><script>mw = {config: {get: name => ({wgPageName: 'Who_pays?',"
        " wgArticlePath: '/wiki/$1'})[name]}}; JSINFO = {id: 'ops:incident'}; DOKU_BASE = '/dw/'</script>" + ARTICLE,
    )  # fmt: skip
    home = at.removesuffix("/wiki/Incident")
    page.goto(f"{at}?action=view#What_we_changed")
    page.get_by_role("button", name="Ask the articles").click()
    about = page.get_by_role("button", name="About this page")
    ask(page)
    page.locator(".turn:nth-of-type(1) .tools").wait_for()
    about.press("Enter")
    assert about.get_attribute("aria-pressed") == "true"
    ask(page)
    page.locator(".turn:nth-of-type(2) .tools").wait_for()
    assert page.locator(".turn:nth-of-type(2) .asked").get_by_text("About this page").is_visible()
    page.goto(f"{home}/wiki/Other")
    page.locator(".turn:nth-of-type(2) .tools").wait_for()
    ask(page)
    page.locator(".turn:nth-of-type(3) .tools").wait_for()
    more = (f"{home}/w/Incident", f"{home}/wiki/Who_pays%3F", f"{home}/dw/doku.php?id=ops%3Aincident")
    assert served.assistant.scopes == [
        EVERYTHING,
        Scope(pages=(f"{at}?action=view", *more)),
        Scope(pages=(f"{home}/wiki/Other", *more)),
    ]


def test_a_page_that_does_not_tell(page: Any, chat: Served, wiki: Wikis) -> None:
    """A refusal about the page offers to ask all articles; that the page is none of them is said."""
    at, served = on_wiki(
        chat, wiki, web.refused("Who?"), web.good(), [Found(()), web.refused("Why?")], web.refused("How?")
    )
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    about = page.get_by_role("button", name="About this page")
    about.click()
    ask(page, "Who?")
    page.get_by_role("button", name="Ask all articles").click()
    page.locator(".turn:nth-of-type(2) a.mark").wait_for()
    ask(page, "Why?")
    page.get_by_text("This page is not among the articles that you can ask.").wait_for()
    about.click()
    ask(page, "How?")
    page.locator(".turn:nth-of-type(4) .tools").wait_for()
    assert page.locator(".turn:nth-of-type(4)").get_by_role("button", name="Ask all articles").count() == 0
    assert [(question, bool(scope.pages)) for (question, *_), scope in
            zip(served.assistant.asked, served.assistant.scopes, strict=True)] == [
        ("Who?", True), ("Who?", False), ("Why?", True), ("How?", False),
    ]  # fmt: skip


def test_the_next_question_need_not_wait(page: Any, chat: Served, wiki: Wikis) -> None:
    """Whoever asks on as soon as the answer stands there is heard, though its stream has not ended yet."""
    at, served = on_wiki(chat, wiki, [Found(()), good(), 30.0], web.refused("Why?"))
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".turn:nth-of-type(1) .tools").wait_for()
    ask(page, "Why?")
    page.locator(".turn:nth-of-type(2) .tools").wait_for()
    assert [question for question, *_ in served.assistant.asked] == ["What did we change?", "Why?"]


def test_what_is_no_article_cannot_be_asked_about(page: Any, chat: Served, wiki: Wikis) -> None:
    """On a special page of a MediaWiki nothing offers to ask about the page."""
    at, _ = on_wiki(chat, wiki, body="<script>mw = {config: {get: name => ({wgArticleId: 0})[name]}}</script>")
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    page.get_by_role("textbox", name="Your question").wait_for()
    assert page.get_by_role("button", name="About this page").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_a_selection_is_asked_about(
    page: Any, chat: Served, wiki: Wikis, scheme: str, width: int, tmp_path: Path
) -> None:
    """Beside selected words stands a button, for the keyboard too; the question goes with the words and the page."""
    dark = "<style>body { background: #14171c; color: #eee }</style>" if scheme == "dark" else ""
    at, served = on_wiki(chat, wiki, web.good(), web.good(), body=WHOLE.replace("<main>", f"{dark}<main>"))
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").wait_for()
    page.evaluate("document.querySelector('#there').scrollIntoView({block: 'center'})")
    page.evaluate(SELECT)
    offered = page.get_by_role("button", name="Ask about this")
    offered.wait_for()
    beside, words = offered.bounding_box(), page.locator("#there b").bounding_box()
    above, below = words["y"] - beside["y"] - beside["height"], beside["y"] - words["y"] - words["height"]
    assert 0 <= max(above, below) < 20
    assert beside["x"] >= 0
    picture(page, f"selection-{width}-{scheme}", tmp_path)
    assert violations(page) == []
    for _ in range(3):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.shadowRoot?.activeElement?.className") == "pick":
            break
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.nodeName") == "TEXTAREA"
    assert page.locator(".quoted blockquote").inner_text() == "Logs"
    assert page.get_by_role("button", name="About this page").get_attribute("aria-pressed") == "true"
    assert offered.count() == 0
    picture(page, f"selected-{width}-{scheme}", tmp_path)
    assert violations(page) == []
    ask(page, "Who rotates them?")
    page.locator(".turn:nth-of-type(1) .tools").wait_for()
    assert page.locator(".asked blockquote").inner_text() == "Logs"
    assert page.locator(".quoted blockquote").count() == 0
    picture(page, f"asked-{width}-{scheme}", tmp_path)
    ask(page)
    page.locator(".turn:nth-of-type(2) .tools").wait_for()
    assert served.assistant.scopes == [Scope(pages=(at,)), EVERYTHING]
    assert [[turn.question for turn in before] for before in served.assistant.before] == [["Logs"], []]


def test_a_selection_is_left_alone(page: Any, chat: Served, wiki: Wikis) -> None:
    """Chosen words are left out again; the site can do without the button, and words outside the page's have none."""
    at, served = on_wiki(chat, wiki, web.good(), body=WHOLE + "<p id=foot>The foot of the site.</p>")
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").wait_for()
    page.evaluate(SELECT.replace("#there b", "#foot"))
    page.wait_for_timeout(400)
    offered = page.get_by_role("button", name="Ask about this")
    assert offered.count() == 0
    page.evaluate(SELECT)
    offered.click()
    page.get_by_role("button", name="Leave out the selected words").click()
    ask(page)
    page.locator(".tools").wait_for()
    assert served.assistant.scopes == [EVERYTHING]
    without, _ = on_wiki(chat, wiki, body=WHOLE, more='data-selection="off"')
    page.goto(without)
    page.get_by_role("button", name="Ask the articles").wait_for()
    page.evaluate(SELECT)
    page.wait_for_timeout(400)
    assert offered.count() == 0


def test_the_panel_has_the_size_one_gives_it(page: Any, chat: Served, wiki: Wikis, tmp_path: Path) -> None:
    """Its edges are drawn, or moved with the arrow keys, within the window; the next page and tab have that size."""
    at, _ = on_wiki(chat, wiki, body=WHOLE)
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    panel, width = page.get_by_role("dialog"), page.get_by_role("separator", name="Width")
    was = panel.bounding_box()
    assert (was["width"], was["height"]) == (440, 680)
    page.mouse.move(was["x"] + 3, was["y"] + 300)
    page.mouse.down()
    page.mouse.move(was["x"] - 97, was["y"] + 300, steps=4)
    page.mouse.up()
    page.mouse.move(200, 200)
    height = page.get_by_role("separator", name="Height")
    height.press("ArrowUp")
    height.press("ArrowUp")
    height.press("ArrowDown")
    now = panel.bounding_box()
    assert (now["width"], now["height"]) == (540, 704)
    assert (now["x"] + now["width"], now["y"] + now["height"]) == (was["x"] + was["width"], was["y"] + was["height"])
    width.press("End")
    assert panel.bounding_box()["width"] == 1160
    assert width.get_attribute("aria-valuenow") == width.get_attribute("aria-valuemax") == "1160"
    width.press("Home")
    width.press("ArrowLeft")
    assert violations(page) == []
    page.reload()
    panel.wait_for()
    assert (panel.bounding_box()["width"], panel.bounding_box()["height"]) == (344, 704)
    page.set_viewport_size({"width": 700, "height": 500})
    page.wait_for_function("document.querySelector('article-assistant').shadowRoot.querySelector('.panel')"
                           ".getBoundingClientRect().height === 460")  # fmt: skip
    page.set_viewport_size({"width": 1200, "height": 800})
    picture(page, "sized", tmp_path)


def test_full_screen(page: Any, chat: Served, wiki: Wikis, tmp_path: Path) -> None:
    """The panel fills the window, keeps the focus there, and gives the window back."""
    at, _ = on_wiki(chat, wiki, web.good(), body=WHOLE)
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator(".tools").wait_for()
    page.get_by_role("button", name="Full screen").press("Enter")
    panel = page.get_by_role("dialog")
    box = panel.bounding_box()
    assert (box["x"], box["y"], box["width"], box["height"]) == (0, 0, 1200, 800)
    assert panel.get_attribute("aria-modal") == "true"
    picture(page, "full", tmp_path)
    assert violations(page) == []
    for _ in range(20):
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.nodeName") == "ARTICLE-ASSISTANT"
    page.get_by_role("button", name="Smaller").click()
    assert panel.bounding_box()["width"] == 440
    assert panel.get_attribute("aria-modal") == "false"


def test_the_sentence_is_seen_behind_a_full_screen(page: Any, chat: Served, wiki: Wikis) -> None:
    """A panel that covers the page steps aside for the sentence that is marked there."""
    at, served = on_wiki(chat, wiki)
    served.assistant.script.append(good(at))
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    page.get_by_role("button", name="Full screen").click()
    ask(page)
    page.locator("li a").click()
    page.get_by_role("dialog").wait_for(state="hidden")
    assert marked(page) == " ".join(web.QUOTE.split())


def test_on_the_right_of_a_leftward_page(browser: Any, chat: Served, wiki: Wikis) -> None:
    """In a page that is written leftward the panel stands left and is drawn at its right edge; a phone has no edges."""
    at, _ = on_wiki(chat, wiki, body=WHOLE.replace("<html lang=en", "<html lang=ar dir=rtl"))
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    page = context.new_page()
    page.goto(at)
    page.get_by_role("button", name="اسأل المقالات").click()
    page.get_by_role("separator", name="العرض").press("ArrowRight")
    box = page.get_by_role("dialog").bounding_box()
    assert (box["x"], box["width"]) == (20, 464)
    page.set_viewport_size(PHONE)
    page.wait_for_function("document.querySelector('article-assistant').shadowRoot.querySelector('.small')")
    assert page.get_by_role("separator").count() == 0
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_an_article_of_no_wiki_is_shown_in_the_panel(
    page: Any, chat: Served, wiki: Wikis, scheme: str, width: int, tmp_path: Path
) -> None:
    """The sentence stands among what is around it, read as who asks; Escape leads back to its link."""
    dark = "<style>body { background: #14171c; color: #eee }</style>" if scheme == "dark" else ""
    at, served = on_wiki(chat, wiki, web.good(), body=WHOLE.replace("<main>", f"{dark}<main>"))
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page)
    page.locator("li a").press("Enter")
    page.locator("mark").wait_for()
    assert page.locator("mark").text_content() == web.QUOTE
    shown = str(page.locator(".passage").text_content())
    assert shown.endswith(" three days.\n")
    assert "\nWhat we changed\n" in shown
    assert len(shown) < 2500
    seen, room = page.locator("mark").bounding_box(), page.locator(".view").bounding_box()
    assert room["y"] <= seen["y"] <= room["y"] + room["height"] - seen["height"]
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.textContent") == "Back"
    picture(page, f"passage-{width}-{scheme}", tmp_path)
    assert violations(page) == []
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.shadowRoot.activeElement.textContent") == "Incident of 21 November"
    served.assistant.articles.clear()
    page.keyboard.press("Enter")
    page.locator(".view .notice").get_by_text("This article is not there any more, or not for you to read.").wait_for()
    page.get_by_role("button", name="Back").click()
    assert page.locator("li a").is_visible()


@pytest.mark.parametrize(
    "policy",
    [
        "default-src 'none'; script-src CHAT; connect-src CHAT",
        "script-src 'unsafe-eval' blob: 'self' CHAT; default-src 'self' data: blob: CHAT; "
        "style-src 'self' data: blob:; object-src 'none'; require-trusted-types-for 'script'",
    ],
    ids=["nothing else", "as a MediaWiki's"],
)
def test_a_strict_policy(page: Any, chat: Served, wiki: Wikis, policy: str) -> None:
    """Where the site's policy allows the chat's origin to run and to be asked, and no more, nothing is reported."""
    at, served = on_wiki(chat, wiki, body=WHOLE, policy=policy)
    served.assistant.script.extend([good(at), web.good()])
    page.add_init_script(
        "window.broken = []; document.addEventListener('securitypolicyviolation', one => "
        "broken.push(`${one.violatedDirective} ${one.blockedURI} ${one.sourceFile}`))"
    )
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").wait_for()
    page.evaluate(SELECT)
    page.get_by_role("button", name="Ask about this").click()
    ask(page)
    page.locator("li a").click()
    page.wait_for_function("CSS.highlights.has('article-assistant')")
    page.get_by_role("separator", name="Width").press("ArrowLeft")
    panel = page.get_by_role("dialog")
    assert panel.bounding_box()["width"] == 464
    assert panel.evaluate("one => getComputedStyle(one).borderRadius") == "14px"
    ask(page)
    page.locator(".turn:nth-of-type(2) li a").click()
    page.locator("mark").wait_for()
    page.get_by_role("button", name="Full screen").click()
    page.reload()
    page.locator(".turn:nth-of-type(2) .tools").wait_for()
    assert page.evaluate("broken") == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_one_goes_on(page: Any, chat: Served, wiki: Wikis, scheme: str, width: int, tmp_path: Path) -> None:
    """Below an answer stand questions that its article answers; below a refusal what the team offers instead."""
    dark = "<style>body { background: #14171c; color: #eee }</style>" if scheme == "dark" else ""
    asked = "Who owns the ingest queue?"
    owned = web.article("ops/owners.md", f"# Owners\n\n## {asked}\n\nAnna Berg.\n")
    cited = web.citation(owned, "Anna Berg.")
    told = replace(web.answered(asked, "Anna Berg. [1]", cited), confidence=0.9)
    offers = (Recourse("Ask Anna", "mailto:anna@example.org"), Recourse("Edit it", "https://wiki.example.org/edit"),
              Recourse("Knock at room 3"), Recourse("Not a link", "javascript:window.ran=1"))  # fmt: skip
    refusal = replace(web.refused("And?", cited), offers=offers)
    at, served = on_wiki(chat, wiki, replace(told, question="Who?"), told, told, refusal,
                         body=WHOLE.replace("<main>", f"{dark}<main>"))  # fmt: skip
    served.assistant.articles[owned.id] = owned
    page.set_viewport_size({"width": width, "height": 700})
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    ask(page, "Who?")
    page.get_by_role("button", name=asked).wait_for()
    picture(page, f"further-{width}-{scheme}", tmp_path)
    assert violations(page) == []
    page.get_by_role("button", name=asked).press("Enter")
    page.locator(".turn:nth-of-type(2) .tools").wait_for()
    assert page.locator(".further").count() == 0
    assert page.locator(".asked").all_text_contents() == ["You asked: Who?", f"You asked: {asked}"]
    ask(page, "And?")
    page.get_by_role("heading", name="Where to turn").wait_for()
    assert page.locator(".turn:nth-of-type(3) ul li").all_inner_texts() == [offer.text for offer in offers]
    hrefs = page.locator(".turn:nth-of-type(3) ul a").evaluate_all("all => all.map(one => one.href)")
    assert hrefs == [offer.link for offer in offers[:2]]
    picture(page, f"offers-{width}-{scheme}", tmp_path)
    assert violations(page) == []


def test_what_the_assistant_says_itself_is_said_in_the_widgets_language(page: Any, chat: Served, wiki: Wikis) -> None:
    """A refusal and a notice are said in the language of the wiki's page, with the words and titles that they name."""
    words = "The articles don’t answer this. I looked for “Ada”. Nearest to it: Incident of 21 November."
    refused = replace(web.refused("Ada?", web.citation(web.article(), web.QUOTE)), answer=words)
    noticed = replace(web.good(), notice="The language model did not answer in time.")
    at, _ = on_wiki(chat, wiki, refused, noticed, more='data-lang="de"')
    page.goto(at)
    page.get_by_role("button", name="Artikel fragen").click()
    for question, place, said in (
        ("Ada?", ".text", "Gesucht wurde nach “Ada”. Am nächsten kommt: Incident of 21 November."),
        ("And then?", ".notice", "Das Sprachmodell hat nicht rechtzeitig geantwortet."),
    ):
        page.get_by_role("textbox", name="Ihre Frage").fill(question)
        page.get_by_role("textbox", name="Ihre Frage").press("Enter")
        page.locator(place).get_by_text(said).wait_for()
