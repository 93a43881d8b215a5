"""The page in frames of other pages: of listed and unlisted sites, and the login in a frame."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests import served as web
from tests.ports import free_port
from tests.web.conftest import Wiki, picture

PASSWORD = "correct horse"


def ask(frame: Any, question: str = "What did we change?") -> None:
    box = frame.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")


def framing(chat_port: int, host: str = "chat.lab.test", path: str = "/", width: int = 400) -> str:
    """The plain line of HTML that shows the chat in a page."""
    return f'<iframe src="http://{host}:{chat_port}{path}" width="{width}" height="520" title="Assistant"></iframe>'


def test_plain_iframe_on_a_listed_site(page: Any, chat: Callable[..., web.Served], wiki: Callable[[str], Wiki]) -> None:
    """A listed site shows the chat with one line of HTML; it answers, remembers, and opens the quote in the frame."""
    port = free_port()
    other = wiki(framing(port))
    served = chat(web.good(), web.good(), port=port, embed_origins=(f"http://wiki.lab.test:{other.port}",))
    page.goto(f"http://wiki.lab.test:{other.port}/")
    frame = page.frame_locator("iframe")
    ask(frame)
    frame.locator("a.mark").click()
    frame.frame_locator("iframe[name=article]").locator("mark#quote").wait_for()
    frame.locator("#close-article").click()
    ask(frame, "And then?")
    frame.locator("a.mark").nth(1).wait_for()
    first, second = (conversation for _, _, conversation in served.assistant.asked)
    assert first == second
    box = frame.get_by_role("textbox", name="Your question").bounding_box()
    place = page.locator("iframe").bounding_box()
    assert box["y"] + box["height"] <= place["y"] + place["height"]


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (390, "dark"), (600, "light"), (600, "dark"), (1000, "light")]
)
def test_slim_in_a_frame(
    browser: Any, chat: Callable[..., web.Served], wiki: Callable[[str], Wiki], tmp_path: Path, width: int, scheme: str
) -> None:
    """Without head and columns: the answer has all of the frame's width, its sources stand below, the article above."""
    port = free_port()
    other = wiki(f"<style>* {{ margin: 0; border: 0 }}</style>{framing(port, path='/?embed=1', width=width)}")
    chat(web.good(), port=port, embed_origins=(f"http://wiki.lab.test:{other.port}",))
    context = browser.new_context(viewport={"width": width, "height": 640}, color_scheme=scheme)
    context.set_default_timeout(60_000)
    page = context.new_page()
    page.goto(f"http://wiki.lab.test:{other.port}/")
    frame = page.frame_locator("iframe")
    frame.locator(".example").first.wait_for()
    assert not frame.get_by_role("button", name="New conversation").is_visible()
    assert frame.locator("#examples").bounding_box()["y"] <= page.locator("iframe").bounding_box()["y"] + 10
    picture(page, f"slim-start-{width}-{scheme}", tmp_path)
    ask(frame)
    frame.locator("a.mark").wait_for()
    frame.locator(".evidence summary").click()
    assert frame.locator(".evidence blockquote").is_visible()
    assert frame.locator("#log").bounding_box()["width"] >= width - 2
    assert [frame.locator(what).is_visible() for what in ("#side", "#shelf", "#open-history")] == [False] * 3
    assert Axe().run(page.frames[1]).response["violations"] == []
    picture(page, f"slim-answer-{width}-{scheme}", tmp_path)
    frame.locator("a.mark").click()
    frame.frame_locator("iframe[name=article]").locator("mark#quote").wait_for()
    assert frame.locator("#pane").bounding_box()["width"] == width
    assert frame.locator("#talk").evaluate("one => one.inert")
    assert Axe().run(page.frames[1]).response["violations"] == []
    picture(page, f"slim-article-{width}-{scheme}", tmp_path)
    frame.locator("#close-article").click()
    frame.get_by_role("button", name="New conversation").click()
    frame.locator(".example").first.wait_for()
    context.close()


def test_signed_out_in_a_slim_frame_it_stays_slim(
    page: Any, chat: Callable[..., web.Served], wiki: Callable[[str], Wiki]
) -> None:
    """The login leads to the slim page, and so does the next one after signing out."""
    port = free_port()
    other = wiki(framing(port, path="/?embed=1"))
    chat(port=port, password=PASSWORD, embed_origins=(f"http://wiki.lab.test:{other.port}",))
    page.goto(f"http://wiki.lab.test:{other.port}/")
    frame = page.frame_locator("iframe")
    for _ in range(2):
        frame.get_by_label("Password").fill(PASSWORD)
        frame.get_by_role("button", name="Sign in").click()
        frame.get_by_role("button", name="Sign out").wait_for()
        assert not frame.locator("#open-history").is_visible()
        frame.get_by_role("button", name="Sign out").click()


def test_unlisted_site_shows_nothing(page: Any, chat: Callable[..., web.Served], wiki: Callable[[str], Wiki]) -> None:
    """A site that is not listed cannot frame the chat, nor an article of it."""
    port = free_port()
    other = wiki(framing(port) + f'<iframe src="http://chat.lab.test:{port}/article/ops/incident.md"></iframe>')
    chat(port=port, embed_origins=("http://wiki.lab.test:1",))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.goto(f"http://wiki.lab.test:{other.port}/")
    page.wait_for_timeout(1500)
    assert sum("frame-ancestors" in line for line in said) == 2
    assert not [frame for frame in page.frames if frame.url.startswith(f"http://chat.lab.test:{port}/")]


def test_login_in_a_frame_on_the_same_site(
    page: Any, chat: Callable[..., web.Served], wiki: Callable[[str], Wiki]
) -> None:
    """With a password the chat at chat.x works in a page of wiki.x: sign in, ask, sign out, all in the frame."""
    port = free_port()
    other = wiki(framing(port))
    chat(web.good(), port=port, password=PASSWORD, embed_origins=(f"http://wiki.lab.test:{other.port}",))
    page.goto(f"http://wiki.lab.test:{other.port}/")
    frame = page.frame_locator("iframe")
    frame.get_by_label("Password").fill("not the password")
    frame.get_by_role("button", name="Sign in").click()
    frame.get_by_text("That is not the password.").wait_for()
    frame.get_by_label("Password").fill(PASSWORD)
    frame.get_by_role("button", name="Sign in").click()
    ask(frame)
    frame.locator("a.mark").click()
    frame.frame_locator("iframe[name=article]").locator("mark#quote").wait_for()
    frame.locator("#close-article").click()
    frame.get_by_role("button", name="Sign out").click()
    frame.get_by_label("Password").wait_for()


def test_login_in_a_frame_on_a_foreign_site(
    page: Any, chat: Callable[..., web.Served], wiki: Callable[[str], Wiki]
) -> None:
    """There browsers keep no session: after the right password it is said that a tab of its own is needed."""
    port = free_port()
    other = wiki(framing(port))
    chat(port=port, password=PASSWORD, embed_origins=(f"http://wiki.other.test:{other.port}",))
    page.goto(f"http://wiki.other.test:{other.port}/")
    frame = page.frame_locator("iframe")
    frame.get_by_label("Password").fill(PASSWORD)
    frame.get_by_role("button", name="Sign in").click()
    frame.get_by_text("Signing in does not work within this page.").wait_for()
    with page.context.expect_page() as opened:
        frame.get_by_role("link").click()
    opened.value.get_by_label("Password").fill(PASSWORD)
    opened.value.get_by_role("button", name="Sign in").click()
    opened.value.locator("#question textarea").wait_for()


@pytest.fixture
def blocking_page(playwright: Any, browser_path: str, browser_flags: list[str], tmp_path: Path) -> Iterator[Any]:
    """A page in a browser whose settings block cookies and storage of third parties."""
    profile = tmp_path / "profile" / "Default"
    profile.mkdir(parents=True)
    (profile / "Preferences").write_text('{"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": true}}')
    context = playwright.chromium.launch_persistent_context(
        str(profile.parent),
        executable_path=browser_path,
        args=[*browser_flags, "--host-resolver-rules=MAP *.lab.test 127.0.0.1, MAP *.other.test 127.0.0.1"],
    )
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("host", ["chat.lab.test", "localhost"])
def test_foreign_site_with_storage_blocked(
    blocking_page: Any, chat: Callable[..., web.Served], wiki: Callable[[str], Wiki], host: str
) -> None:
    """On a foreign site, where the browser keeps nothing for the frame, the chat answers and keeps its thread."""
    port = free_port()
    other = wiki(framing(port, host))
    served = chat(web.good(), web.good(), port=port, embed_origins=(f"http://wiki.other.test:{other.port}",))
    blocking_page.goto(f"http://wiki.other.test:{other.port}/")
    frame = blocking_page.frame_locator("iframe")
    ask(frame)
    frame.locator("a.mark").click()
    frame.frame_locator("iframe[name=article]").locator("mark#quote").wait_for()
    frame.locator("#close-article").click()
    ask(frame, "And then?")
    frame.locator("a.mark").nth(1).wait_for()
    first, second = (conversation for _, _, conversation in served.assistant.asked)
    assert first == second
