"""Where the widget's panel stands: docked beside the page, or on a phone as half a sheet below it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import served as web
from tests.web.conftest import Wiki, picture
from tests.web.test_widget import ARTICLE, PHONE, ask, good, marked, on_wiki
from tests.web.test_widget_page import violations

Served = Callable[..., web.Served]
Wikis = Callable[..., Wiki]
DARK = "<style>body { background: #14171c; color: #eee }</style>"
PAGE = (
    "<!doctype html><html lang=en><meta name=viewport content='width=device-width'><title>W</title>"
    "<style>#top { position: absolute; top: 0; right: 0; margin: 0 }</style><p id=top>Account</p>"
)
WHOLE = PAGE + ARTICLE
HTML = "[document.documentElement.getAttribute('style'), document.adoptedStyleSheets.length]"
EDGE = "document.documentElement.getBoundingClientRect()"
SHIFTS = """window.shifts = 0; new PerformanceObserver(list => list.getEntries().forEach(one => {
    window.shifts += one.value; })).observe({type: 'layout-shift', buffered: true})"""
WORDS = """() => {
    const range = [...CSS.highlights.get('article-assistant')][0];
    const { top, bottom } = range.getBoundingClientRect();
    return { top, bottom };
}"""


def right(page: Any) -> float:
    """Where the page ends, and what stands at its right edge."""
    edge: float = page.evaluate(f"{EDGE}.right")
    top = page.locator("#top").bounding_box()
    assert top["x"] + top["width"] == edge
    return edge


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_docked_beside_the_page(page: Any, chat: Served, wiki: Wikis, scheme: str, tmp_path: Path) -> None:
    """Docked, the panel has the window's height, and the page ends where it begins; a sentence is marked beside it.

    So it is on the next page. Undocked, closed or in full screen, the page has all its room again, and nothing is left
    behind.
    """
    at, served = on_wiki(chat, wiki, body=WHOLE.replace("<main>", DARK + "<main>") if scheme == "dark" else WHOLE)
    served.assistant.script.append(good(at))
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    whole, before = right(page), page.evaluate(HTML)
    dock, panel = page.get_by_role("button", name="Dock to the side"), page.get_by_role("dialog")
    assert dock.get_attribute("aria-pressed") == "false"
    dock.press("Enter")
    assert dock.get_attribute("aria-pressed") == "true"
    assert panel.bounding_box() == {"x": whole - 440, "y": 0, "width": 440, "height": 800}
    assert right(page) == whole - 440
    page.get_by_role("separator", name="Width").press("ArrowLeft")
    assert right(page) == panel.bounding_box()["x"] == whole - 464
    assert page.get_by_role("separator", name="Height").count() == 0
    ask(page)
    page.locator("li a").click()
    page.wait_for_function("document.querySelector('#there').getBoundingClientRect().top < innerHeight")
    assert marked(page) == " ".join(web.QUOTE.split())
    picture(page, f"docked-{scheme}", tmp_path)
    assert violations(page) == []
    page.reload()
    panel.wait_for()
    assert right(page) == panel.bounding_box()["x"] == whole - 464
    page.get_by_role("button", name="Full screen").click()
    assert right(page) == whole
    page.get_by_role("button", name="Smaller").click()
    assert right(page) == whole - 464
    page.get_by_role("button", name="Close").click()
    assert (right(page), page.evaluate(HTML)) == (whole, before)
    page.get_by_role("button", name="Ask the articles").click()
    assert right(page) == whole - 464
    dock.click()
    assert (right(page), page.evaluate(HTML)) == (whole, before)
    assert panel.bounding_box()["height"] == 680


def test_docked_where_there_is_no_room_for_both(page: Any, chat: Served, wiki: Wikis) -> None:
    """The page keeps 400 px beside the panel; in a window too narrow for both it lies below, as wide as before."""
    at, _ = on_wiki(chat, wiki, body=WHOLE)
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    page.get_by_role("button", name="Dock to the side").click()
    panel, width = page.get_by_role("dialog"), page.get_by_role("separator", name="Width")
    width.press("End")
    assert panel.bounding_box()["width"] == 800
    assert right(page) == panel.bounding_box()["x"]
    width.press("Home")
    page.set_viewport_size({"width": 719, "height": 800})
    page.wait_for_function(f"{EDGE}.right === document.scrollingElement.clientWidth")
    box = panel.bounding_box()
    assert (box["y"], box["width"], box["height"]) == (0, 320, 800)
    page.set_viewport_size({"width": 721, "height": 800})
    page.wait_for_function(f"{EDGE}.right < 500")
    assert right(page) == panel.bounding_box()["x"]


def test_docked_left_of_a_leftward_page(page: Any, chat: Served, wiki: Wikis, tmp_path: Path) -> None:
    """In a page that is written leftward the panel is docked at the left, and the page stands right of it."""
    at, _ = on_wiki(chat, wiki, body=WHOLE.replace("<html lang=en", "<html lang=ar dir=rtl"))
    page.goto(at)
    page.get_by_role("button", name="اسأل المقالات").click()
    page.get_by_role("button", name="تثبيت على الجانب").click()
    panel = page.get_by_role("dialog").bounding_box()
    picture(page, "docked-left", tmp_path)
    assert panel["height"] == 800
    assert page.evaluate(f"{EDGE}.left") == panel["x"] + panel["width"]
    assert 440 <= panel["x"] + panel["width"] <= 456  # right of the scroll bar, where it stands left


def test_a_docked_panel_that_is_closed_shifts_nothing(page: Any, chat: Served, wiki: Wikis) -> None:
    """The next page moves for a panel that stands open there, and for nothing else."""
    at, _ = on_wiki(chat, wiki, body=WHOLE)
    page.goto(at)
    page.get_by_role("button", name="Ask the articles").click()
    page.get_by_role("button", name="Dock to the side").click()
    page.get_by_role("button", name="Close").click()
    page.add_init_script(SHIFTS)
    page.reload()
    page.get_by_role("button", name="Ask the articles").wait_for()
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifts") == 0


@pytest.fixture
def phone(browser: Any) -> Any:
    """A page on a phone."""
    context = browser.new_context(viewport=PHONE, screen=PHONE, is_mobile=True, has_touch=True, device_scale_factor=2)
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("viewport", ["width=device-width", "width=1120"])
def test_half_a_sheet(phone: Any, chat: Served, wiki: Wikis, viewport: str, scheme: str, tmp_path: Path) -> None:
    """A citation of the page one is on makes a full sheet half, and the sentence is seen above it.

    The page stands free down to its end, and the sheet stays half on the page that another citation leads to.
    """
    body = WHOLE.replace("<main>", DARK + "<main>") if scheme == "dark" else WHOLE
    at, served = on_wiki(chat, wiki, body=body.replace("width=device-width", viewport))
    served.assistant.script.extend([good(at), good(at.replace("Incident", "Other"))])
    phone.goto(at)
    phone.get_by_role("button", name="Ask the articles").tap()
    ask(phone)
    phone.locator(".text a.mark").wait_for()
    panel, scale = phone.get_by_role("dialog"), phone.evaluate("visualViewport.scale")
    assert panel.get_attribute("aria-modal") == "true"
    assert violations(phone) == []
    picture(phone, f"sheet-{scheme}-{viewport[6:10]}", tmp_path)
    phone.locator("li a").tap()
    phone.wait_for_function("CSS.highlights.has('article-assistant')")
    phone.wait_for_timeout(1000)  # the page scrolls smoothly
    picture(phone, f"half-{scheme}-{viewport[6:10]}", tmp_path)
    top, words = panel.bounding_box()["y"], phone.evaluate(WORDS)
    assert abs(top * scale - 400) < 12
    assert 0 <= words["top"] < words["bottom"] <= top
    assert panel.get_attribute("aria-modal") == "false"
    assert violations(phone) == []
    phone.evaluate("window.scrollTo(0, document.scrollingElement.scrollHeight)")
    assert phone.evaluate("document.querySelector('main').getBoundingClientRect().bottom") <= top
    ask(phone)
    phone.locator(".turn:nth-of-type(2) li a").tap()
    phone.wait_for_url("**/Other")
    phone.wait_for_function("CSS.highlights.has('article-assistant')")
    phone.locator(".turn:nth-of-type(2) .tools").wait_for()
    phone.wait_for_timeout(1000)
    words = phone.evaluate(WORDS)
    assert 0 <= words["top"] < words["bottom"] <= panel.bounding_box()["y"]
    phone.get_by_role("button", name="Close").tap()
    assert phone.evaluate(HTML) == [None, 1]  # the rule of the marked words


def test_the_grip_of_a_sheet(phone: Any, chat: Served, wiki: Wikis) -> None:
    """A tap, a key or a drawn finger makes the sheet half or full, and it stays as one left it."""
    at, _ = on_wiki(chat, wiki, body=WHOLE)
    phone.goto(at)
    phone.get_by_role("button", name="Ask the articles").tap()
    grip, panel = phone.get_by_role("button", name="Half height"), phone.get_by_role("dialog")

    def drawn(by: int) -> None:
        box = grip.bounding_box()
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        phone.mouse.move(x, y)
        phone.mouse.down()
        phone.mouse.move(x, y + by, steps=4)
        phone.mouse.up()

    def half() -> bool:
        height = panel.bounding_box()["height"]
        assert height in (400, 800)
        assert grip.get_attribute("aria-pressed") == ("true" if height == 400 else "false")
        return bool(height == 400)

    seen = [half()]
    for change in (
        grip.tap, grip.tap, lambda: grip.press("ArrowDown"), lambda: grip.press("ArrowUp"), lambda: grip.press("Enter"),
        lambda: drawn(-40), lambda: drawn(-200), lambda: drawn(30), lambda: drawn(200), grip.tap, grip.tap,
    ):  # fmt: skip
        change()
        seen.append(half())
    assert seen == [False, True, False, True, False, True, True, False, False, True, False, True]
    phone.evaluate("document.querySelector('main').scrollIntoView()")
    assert phone.evaluate("document.elementFromPoint(100, 100).closest('main') !== null")
    phone.reload()
    panel.wait_for()
    assert half()
    assert phone.get_by_role("button", name="Dock to the side").count() == 0


@pytest.mark.parametrize("language", ["en", "de", "fr", "es", "tr", "kk", "ru", "ar"])
def test_the_title_is_whole_at_the_least_width(
    page: Any, chat: Served, wiki: Wikis, language: str, tmp_path: Path
) -> None:
    """In each language, in a panel that is as narrow as it can be made, the head shows all of the title."""
    at, _ = on_wiki(chat, wiki, body=WHOLE.replace("<html lang=en", f"<html lang={language}"))
    page.goto(at)
    page.locator(".opener").click()
    for _ in range(5):
        page.locator(".handle.width").press("ArrowRight")
    panel = page.get_by_role("dialog")
    title = panel.locator("header h2")
    assert panel.bounding_box()["width"] == 320
    assert title.inner_text() == title.get_attribute("title")
    picture(page, f"least-{language}", tmp_path)
    inside = "one => [one.scrollWidth - one.clientWidth, one.scrollHeight - one.clientHeight]"
    assert title.evaluate(inside) == [0, 0]
