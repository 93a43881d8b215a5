"""Why an answer is that one, in the page and for programs: on demand, to its owner, as far as it may be read now; and
what programs may keep a question to."""

import json
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest
from article_assistant.index.types import EVERYTHING, Scope
from article_assistant.types import Answer, Considered, Explanation

from tests import served as web
from tests.web.test_page import Open, ask, open_page, serve

__all__ = ["open_page", "serve"]

QUESTION = "What did we change?"


def explained() -> Answer:
    """The usual answer with an explanation of two passages, one of them in the hostile article."""
    found = []
    for of, quote, verdict in ((web.article(), web.QUOTE, "cited"), (web.hostile(), web.HOSTILE_QUOTE, "less likely")):
        start = of.text.index(quote)
        place = (of.id, of.title, "", start, start + len(quote), of.revision)
        found.append(Considered(*place, 0.7, 0.6, 1, 11.3, 1, quote, quote[:4], 12.3, None, 0.9, verdict))  # type: ignore[arg-type]
    why = Explanation("words", "sentences", 0.22, "", found, ["<b>The moon is made of cheese.</b>"])
    return replace(web.good(), confidence=0.94, seconds={"find": 0.1, "read": 0.2, "total": 0.3}, explanation=why)


def test_one_click_shows_why(open_page: Open, serve: Callable[..., web.Served]) -> None:
    """The button under an answer opens a dialog with each passage, its verdict and its figures; Escape closes it."""
    served = serve(explained())
    page = open_page(served.url)
    ask(page, QUESTION)
    page.get_by_role("button", name="Why this?").click()
    dialog = page.get_by_role("dialog", name="Why this answer")
    dialog.locator(".found > li").first.wait_for()
    assert dialog.locator(".verdict").all_inner_texts() == ["cited", "less likely"]
    said = dialog.inner_text()
    for part in ("94 % sure", "22 % are needed", "by words: no. 1 (11.3)", "reader: yes (+12.3)", "chance: 90.0 %"):
        assert part in said
    assert "<b>The moon is made of cheese.</b>" in said
    page.keyboard.press("Escape")
    assert not dialog.is_visible()
    assert page.evaluate("document.activeElement.dataset.do") == "why"


def test_only_its_owner_sees_why_and_only_what_may_be_read_now(serve: Callable[..., web.Served]) -> None:
    """A stranger gets a 404, and so does who asks for what is not kept; an article that is gone, or that changed, is
    left out of what is shown."""
    served = serve(explained())
    with httpx.Client(base_url=served.url) as owner, httpx.Client(base_url=served.url) as thief:
        with web.asking(owner, "tab1", QUESTION) as stream:
            assert "moon" not in stream.read().decode()
        wanted = {"conversation": served.assistant.asked[0][2], "question": QUESTION}
        thief.get("/")
        assert thief.post("/conversation/why", json=wanted).status_code == 404
        assert owner.post("/conversation/why", json={**wanted, "question": "Never?"}).status_code == 404
        shown = owner.post("/conversation/why", json=wanted).text
        assert "forty-two" in shown
        del served.assistant.articles["hostile.md"]
        changed = served.assistant.articles["ops/incident.md"]
        shown = owner.post("/conversation/why", json=wanted).text
        assert "forty-two" not in shown
        assert "cited" in shown
        served.assistant.articles["ops/incident.md"] = replace(changed, revision="r2")
        assert "cited" not in owner.post("/conversation/why", json=wanted).text


def test_a_program_is_told_why_where_it_asks(serve: Callable[..., web.Served]) -> None:
    """`"explain": true` reaches the assistant, whole and streamed; nothing else in the answer depends on it."""
    served = serve(explained(), explained(), explained())
    plain = httpx.post(f"{served.url}/v1/ask", json={"question": QUESTION}).json()
    told = httpx.post(f"{served.url}/v1/ask", json={"question": QUESTION, "explain": True}).json()
    assert "explanation" not in plain
    assert told.pop("explanation")["passages"][0]["verdict"] == "cited"
    assert told == plain
    body = {"question": QUESTION, "explain": True, "stream": True}
    last = httpx.post(f"{served.url}/v1/ask", json=body).text.split("data: ")[-1]
    assert json.loads(last)["explanation"]["needed"] == 0.22


def test_a_program_keeps_a_question_to_a_place_and_a_time(serve: Callable[..., web.Served]) -> None:
    """`place`, `since`, `until` and `category` reach the search; without them everything is searched."""
    served = serve()
    span = {"place": "ops/reports", "since": "2016-01-01", "until": "2016-12-31", "category": "Visas"}
    assert httpx.post(f"{served.url}/v1/ask", json={"question": QUESTION, **span}).status_code == 200
    assert httpx.post(f"{served.url}/v1/ask", json={"question": QUESTION}).status_code == 200
    assert served.assistant.scopes == [Scope("ops/reports", "2016-01-01", "2016-12-31", category="Visas"), EVERYTHING]


@pytest.mark.parametrize("day", ["yesterday", "2016-1-1", "2016-01-01T10:00"])
def test_a_day_is_a_day(serve: Callable[..., web.Served], day: str) -> None:
    """Anything but a day is said to be none."""
    assert httpx.post(f"{serve().url}/v1/ask", json={"question": QUESTION, "since": day}).status_code == 422
