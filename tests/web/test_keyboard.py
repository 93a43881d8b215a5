"""A newcomer's way through the whole page by keyboard alone: no stop loses the focus, hides it or leads nowhere."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from article_assistant.types import Considered, Explanation

from tests import served as web
from tests.web.test_page import Open, box, open_page, serve

__all__ = ["open_page", "serve"]

FIRST = "Disk /dev/sdb was full."
SECOND = "Logs are now rotated every night"
HELD = """() => {
    const held = document.activeElement;
    if (held === document.body) { return 'nothing'; }
    if (held.localName === 'iframe') { return ''; }
    const seen = held.getBoundingClientRect(), style = getComputedStyle(held);
    if (!held.checkVisibility() || !seen.width || !seen.height) { return `${held.outerHTML} is not to be seen`; }
    if (seen.bottom < 0 || seen.top > innerHeight) { return `${held.outerHTML} is out of view`; }
    return held.matches(':focus-visible') && style.outlineStyle === 'none' && style.boxShadow === 'none'
        ? `${held.outerHTML} has no ring` : '';
}"""
"""What is wrong with what has the focus, "" for nothing."""
NAME = """() => {
    const held = document.activeElement;
    return held.getAttribute('aria-label') || held.innerText || held.title || held.id;
}"""


class Walker:
    """Somebody without a mouse."""

    def __init__(self, page: Any) -> None:
        self.page = page

    def press(self, *keys: str) -> None:
        """Press keys one by one; after each, something has the focus, is in view and shows it."""
        for key in keys:
            self.page.keyboard.press(key)
            for _ in range(50):
                wrong = self.page.evaluate(HELD)
                if not wrong:
                    break
                self.page.wait_for_timeout(100)
            assert not wrong

    def go(self, name: str, key: str = "Tab", most: int = 25) -> None:
        """Press a key until what has this name has the focus."""
        for _ in range(most):
            self.press(key)
            if self.page.evaluate(NAME).strip().startswith(name):
                return
        raise AssertionError(f"{name!r} is not reached; the last is {self.page.evaluate(NAME)!r}")

    def at(self) -> str:
        """The name of what has the focus."""
        return str(self.page.evaluate(NAME)).strip()


def answers() -> list[Any]:
    """Answers with two quotes of one article each, that say why they are given."""
    of = web.article()
    place = (of.id, of.title, "", 0, 10, "r1", 1.0, 0.8, 1, 3.0, 1)
    given = web.answered(
        "q", "A full disk. [1] Rotated logs. [2]", web.citation(of, FIRST), web.citation(of, SECOND, number=2)
    )
    why = Explanation(kind="reason", needed=0.4, passages=[Considered(*place, FIRST, verdict="cited")])
    asked = ["How large was the queue?"] * 2 + ["One?", "Two?"]
    return [replace(given, question=one, seconds={"find": 0.1, "read": 0.2}, explanation=why) for one in asked]


def test_the_whole_page_by_keyboard(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """From a suggestion to its answer, quotes, actions, conversations, filters, reasons and export, and back."""
    served = serve(*answers())
    served.assistant.articles["ops/later.md"] = web.article("ops/later.md", updated="2024-02-02")
    page = open_page(served.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.wait_for_function("() => document.activeElement.matches('#question textarea')")
    page.get_by_role("button", name="How large was the queue?").wait_for()
    walker = Walker(page)

    # a suggestion, which asks
    walker.go("How large was the queue?", "Shift+Tab")
    walker.press("Enter")
    page.locator(".turn .actions").wait_for()
    assert page.evaluate("document.activeElement.matches('#question textarea')")

    # a mark, its card, its article, and from quote to quote
    walker.go("Source 2", "Shift+Tab")
    page.locator("#shelf .card.lit").wait_for()
    walker.press("Enter")
    quote = page.frame_locator("iframe[name=article]").locator("mark#quote")
    quote.get_by_text(SECOND).wait_for()
    assert page.locator("#reading .at").inner_text() == "2 / 2"
    assert page.frame_locator("iframe[name=article]").locator("mark.also").inner_text() == FIRST
    assert walker.at() == "Close the article"
    walker.go("Previous quote", "Shift+Tab")
    walker.press("Enter")
    quote.get_by_text(FIRST).wait_for()
    walker.press("n")
    quote.get_by_text(SECOND).wait_for()
    walker.go("Close the article")
    walker.press("Tab")
    assert page.evaluate("document.activeElement.name") == "article"
    walker.press("n")  # within the article itself
    quote.get_by_text(FIRST).wait_for()
    assert page.locator("#reading .at").inner_text() == "1 / 2"
    walker.press("Escape")
    assert walker.at().startswith("Source 2")

    # what can be done with an answer
    walker.go("Copy")
    walker.press("Enter", "Tab", "Enter")
    page.get_by_text("Copied.").wait_for()
    assert walker.at() == "Copy"
    assert FIRST in page.evaluate("navigator.clipboard.readText()")
    walker.go("Why this?", "ArrowRight")
    walker.press("Enter")
    page.get_by_role("dialog", name="Why this answer").get_by_text("cited").wait_for()
    walker.press("Tab", "Escape")
    assert walker.at() == "Why this?"
    walker.go("Helpful", "ArrowRight")
    walker.press("Enter")
    page.locator("[data-do=up][aria-pressed=true]").wait_for()
    assert walker.at() == "Helpful"
    walker.go("Not helpful", "ArrowRight")
    walker.press("Enter")
    page.keyboard.type("too short")
    walker.press("Enter")
    page.locator(".word").wait_for(state="detached")
    assert walker.at() == "Not helpful"
    walker.go("Ask again", "ArrowLeft")
    walker.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('.actions').length === 2")
    assert page.evaluate("document.activeElement.matches('#question textarea')")
    walker.go("Copy", "Shift+Tab")
    walker.go("Edit", "ArrowRight")
    walker.press("Enter")
    assert box(page).input_value() == "How large was the queue?"
    box(page).fill("")

    # where to search
    walker.go("All articles", "Shift+Tab")
    walker.press("Enter", "Tab", "ArrowDown")
    page.get_by_text("Only: ops").wait_for()
    walker.go("Search everywhere")
    walker.press("Enter")
    assert page.evaluate("document.activeElement.matches('#question textarea')")

    # another conversation, and the list of them
    walker.go("New conversation", "Shift+Tab")
    walker.press("Enter")
    page.locator(".turn").first.wait_for(state="detached")
    assert page.evaluate("document.activeElement.matches('#question textarea')")
    for question in ("One?", "Two?"):
        page.keyboard.type(question)
        walker.press("Enter")
        page.locator(".turn .actions").wait_for()
        walker.go("New conversation", "Shift+Tab", 40)
        walker.press("Enter")
        page.locator(".turn").first.wait_for(state="detached")
    walker.go("History", "Shift+Tab")
    walker.press("Enter")
    dialog = page.get_by_role("dialog", name="Your conversations")
    dialog.wait_for()
    walker.go("Search your conversations")
    page.keyboard.type("o")
    assert dialog.locator("li").count() == 3
    walker.go("Rename Two?")
    walker.press("Enter")
    page.keyboard.type("The second")
    walker.press("Enter")
    assert walker.at() == "Rename The second"
    walker.press("Enter", "Escape")
    assert walker.at() == "Rename The second"
    walker.press("Enter")
    page.keyboard.type("The third")
    walker.press("Tab")
    assert walker.at() == "Rename The third"
    walker.press("Tab")
    assert walker.at() == "Delete The third"
    walker.press("Enter")
    page.wait_for_function("() => document.querySelectorAll('#history li').length === 2")
    assert walker.at() == "Delete One?"
    with page.expect_download() as taken:
        walker.go("Export this as Markdown")
        walker.press("Enter")
    assert taken.value.path()
    walker.press("Escape")
    assert walker.at() == "History"


def test_on_paper_is_the_whole_conversation(open_page: Open, serve: Callable[..., web.Served], tmp_path: Path) -> None:
    """Printed are all questions, answers and sources, dark on light, and nothing that one only clicks."""
    served = serve(*[replace(web.good(), answer=f"Answer {number}. [1]") for number in range(8)])
    page = open_page(served.url, color_scheme="dark", viewport={"width": 1280, "height": 500})
    for number in range(8):
        box(page).fill(f"Question {number}?")
        box(page).press("Enter")
        page.locator(f".turn:nth-of-type({number + 1}) .actions").wait_for()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for what in ("#ask", ".actions", "#side", "#past", "#new", ".evidence summary"):
        assert not page.locator(what).first.is_visible(), what
    assert page.locator(".turn .card .title:visible").count() == 8
    assert page.evaluate("document.documentElement.scrollHeight") > 1000
    ink = "getComputedStyle(document.querySelector('.answer')).color"
    assert page.evaluate(ink) == "rgb(0, 0, 0)"
    page.screenshot(path=str(tmp_path / "paper.png"), full_page=True)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.emulate_media(media="screen")
    assert page.locator(".evidence[open]").count() == 0


def test_who_speaks_is_heard(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """A screen reader is told what is the question and what the answer, in the page's language; nobody sees it."""
    page = open_page(serve(web.good()).url, locale="de-DE")
    page.locator("#question textarea").fill("What did we change?")
    page.locator("#question textarea").press("Enter")
    page.locator(".actions").wait_for()
    page.get_by_role("heading", name="Ihre Frage: What did we change?").wait_for()
    said = "one => getComputedStyle(one, '::before').content"
    assert page.locator(".answer").evaluate(said) == '"Die Antwort:"'
    assert page.locator(".question").inner_text() == "What did we change?"


def test_forced_colours_leave_edges(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """Where the system chooses all colours, what is told by its ground alone has an edge."""
    page = open_page(serve(web.good()).url, forced_colors="active")
    box(page).fill("What did we change?")
    box(page).press("Enter")
    page.locator(".actions").wait_for()
    for what in ("#send", ".question", "a.mark"):
        assert page.locator(what).first.evaluate("one => getComputedStyle(one).borderTopWidth") == "1px", what
    page.locator("[data-do=up]").click()
    page.locator("[data-do=up][aria-pressed=true]").wait_for()
    page.mouse.move(5, 5)
    assert page.locator("[data-do=up]").evaluate("one => getComputedStyle(one).outlineStyle") == "solid"


def test_a_long_quote_says_that_it_goes_on(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """A card shows the beginning of it and says that there is more, until one has come to its end."""
    long = "\n".join(f"Line {number} of a quote that is longer than a card." for number in range(40))
    of = web.article("long.md", f"# Long\n\n{long}")
    given = replace(web.answered("q", "Line 3. [1]", web.citation(of, long)), short="Line 3", confidence=0.9)
    page = open_page(serve(given, web.good()).url)
    box(page).fill("How long?")
    box(page).press("Enter")
    card = page.locator("#shelf .card.goes-on")
    card.wait_for()
    said = "one => getComputedStyle(one, '::before').content"
    assert card.locator(".links").evaluate(said) == '"The quote goes on."'
    card.locator("blockquote").evaluate("one => one.scrollTo(0, one.scrollHeight)")
    card.wait_for(state="detached")
    box(page).fill("And a short one?")
    box(page).press("Enter")
    page.locator(".turn:nth-of-type(2) .actions").wait_for()
    assert page.locator("#shelf .card.goes-on").count() == 0
