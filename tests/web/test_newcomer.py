"""What somebody new wants to do, each in at most four steps: a click, some words typed, or a key."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from article_assistant.types import Considered, Explanation

from tests import served as web
from tests.web.test_page import Open, box, open_page, serve

__all__ = ["open_page", "serve"]

POLICY = web.article(
    "handbook/policy.md", "# Travel policy\n\nThe policy was approved by Amara Nwosu.", updated="2024-05-01"
)
QUOTE = "The policy was approved by Amara Nwosu."
QUESTION = "Who approved the travel policy?"
MOST = 4
"""Steps that a task takes at most."""


class Newcomer:
    """Somebody at the page, whose steps are counted."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.steps = 0

    def click(self, name: str, role: str = "button") -> None:
        """Click what has this name."""
        self.steps += 1
        self.page.get_by_role(role, name=name, exact=True).last.click()

    def write(self, words: str) -> None:
        """Type into whatever has the focus."""
        self.steps += 1
        self.page.keyboard.type(words)

    def press(self, key: str) -> None:
        """Press a key."""
        self.steps += 1
        self.page.keyboard.press(key)

    def ask(self, question: str = QUESTION) -> None:
        """Ask, and wait for the answer."""
        self.write(question)
        self.press("Enter")
        self.page.locator(".turn .actions").last.wait_for()


@pytest.fixture
def served(serve: Callable[..., web.Served]) -> web.Served:
    """The page of a library with a travel policy."""
    passage = Considered(POLICY.id, POLICY.title, "", 0, 10, "r1", 1.0, 0.8, 1, 3.0, 1, QUOTE, verdict="cited")
    answer = web.answered(QUESTION, "Amara Nwosu. [1]", web.citation(POLICY, QUOTE))
    served = serve(
        replace(
            answer,
            seconds={"find": 0.1, "read": 0.2},
            explanation=Explanation(kind="person", needed=0.4, passages=[passage]),
        )
    )
    served.assistant.articles[POLICY.id] = POLICY
    return served


@pytest.fixture
def newcomer(open_page: Open, served: web.Served) -> Iterator[Newcomer]:
    """Somebody at that page, who takes four steps at most."""
    page = open_page(served.url)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.wait_for_function("() => document.activeElement.matches('#question textarea')")
    somebody = Newcomer(page)
    yield somebody
    page.close()  # before its server stops, which would break the page's stream
    assert 0 < somebody.steps <= MOST


def test_who_approved_it_and_when(newcomer: Newcomer) -> None:
    """Find who approved the travel policy, and when."""
    newcomer.ask()
    newcomer.page.get_by_text("Amara Nwosu").first.wait_for()
    assert "1 May 2024" in newcomer.page.locator("#shelf .card").inner_text()


def test_where_it_is_said(newcomer: Newcomer) -> None:
    """See the words where they stand."""
    newcomer.ask()
    newcomer.click("Source 1: Travel policy", "link")
    mark = newcomer.page.frame_locator("iframe[name=article]").locator("mark#quote")
    assert mark.inner_text() == QUOTE


def test_a_colleague_gets_the_answer_with_its_source(newcomer: Newcomer) -> None:
    """Send a colleague the answer with its source."""
    newcomer.ask()
    newcomer.steps += 1
    newcomer.page.locator(".copy summary").click()
    newcomer.click("as text")
    newcomer.page.get_by_text("Copied.").wait_for()
    copied = newcomer.page.evaluate("navigator.clipboard.readText()")
    assert all(part in copied for part in ("Amara Nwosu. [1]", QUOTE, "/article/handbook/policy.md"))


def test_what_was_asked_yesterday_is_found(newcomer: Newcomer) -> None:
    """Find what I asked yesterday."""
    newcomer.ask()
    newcomer.page.get_by_role("button", name="New conversation").click()
    newcomer.page.locator(".turn").wait_for(state="detached")
    newcomer.page.reload()
    newcomer.page.locator("#question textarea").wait_for()
    newcomer.steps = 0
    newcomer.click("History")
    newcomer.page.get_by_role("searchbox").focus()
    newcomer.write("travel")
    newcomer.click(QUESTION)
    newcomer.page.locator("a.mark").wait_for()


def test_it_says_what_it_does_not_know(newcomer: Newcomer, served: web.Served) -> None:
    """Make it say what it does not know, and whom to ask instead."""
    served.assistant.script.clear()
    newcomer.ask("What is the meaning of life?")
    newcomer.page.get_by_text("The articles do not answer this.").wait_for()


def test_why_it_said_that(newcomer: Newcomer) -> None:
    """See why it said that."""
    newcomer.ask()
    newcomer.click("Why this?")
    newcomer.page.get_by_role("dialog", name="Why this answer").get_by_text("cited").wait_for()


def test_a_wrong_answer_is_reported(newcomer: Newcomer) -> None:
    """Say that an answer is wrong."""
    newcomer.ask()
    newcomer.click("Not helpful")
    newcomer.page.get_by_text("Thank you.").wait_for()


def test_one_article_is_asked(newcomer: Newcomer) -> None:
    """Ask one article alone."""
    newcomer.write("@travel")
    newcomer.page.locator("#titles li").wait_for()
    newcomer.press("Enter")
    newcomer.ask()
    newcomer.page.get_by_text("Searched only: handbook/policy.md").wait_for()


def test_a_question_is_mended(newcomer: Newcomer) -> None:
    """Bring the last question back, to ask it better."""
    newcomer.ask()
    newcomer.press("ArrowUp")
    assert box(newcomer.page).input_value() == QUESTION


def test_a_conversation_is_taken_away(newcomer: Newcomer) -> None:
    """Take the whole conversation along as a file."""
    newcomer.ask()
    newcomer.click("History")
    with newcomer.page.expect_download() as taken:
        newcomer.click("Export this as Markdown")
    assert QUOTE in taken.value.path().read_text()
