"""The page inside other pages: frames of listed and unlisted sites, the login in a frame, a real MediaWiki."""

import http.server
import os
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import served as web
from tests.ports import free_port

PASSWORD = "correct horse"


class Wiki:
    """A page of some other site, at any name under lab.test or other.test."""

    def __init__(self, body: str) -> None:
        page = f"<!doctype html><title>A wiki</title><h1>A wiki</h1>{body}".encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                self.send_header("content-type", "text/html; charset=utf-8")
                self.end_headers()
                self.wfile.write(page)

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def wiki() -> Iterator[Callable[[str], Wiki]]:
    """Serves pages of another site until the test ends."""
    running: list[Wiki] = []

    def served(body: str) -> Wiki:
        running.append(Wiki(body))
        return running[-1]

    yield served
    for one in running:
        one.stop()


@pytest.fixture
def chat() -> Iterator[Callable[..., web.Served]]:
    """Serves the assistant until the test ends, also under chat.lab.test."""
    running: list[web.Served] = []

    def served(*steps: Any, **given: Any) -> web.Served:
        running.append(web.Served(web.scripted(*steps), hosts=("chat.lab.test",), **given))
        return running[-1]

    yield served
    for one in running:
        one.stop()


def ask(frame: Any, question: str = "What did we change?") -> None:
    box = frame.get_by_role("textbox", name="Your question")
    box.fill(question)
    box.press("Enter")


def picture(page: Any, name: str, folder: Path) -> None:
    """Save what the page looks like, where somebody wants to see it."""
    shots = Path(os.environ.get("ASSISTANT_SHOTS", folder))
    shots.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=str(shots / f"{name}.png"))


def watch(page: Any) -> set[str]:
    """The host names that a page asks, from now on."""
    hosts: set[str] = set()
    page.on("request", lambda request: hosts.add(urlsplit(request.url).hostname or ""))
    return hosts


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page in a context of its own, where everything asked stayed on names that lead to this machine."""
    context = browser.new_context(viewport={"width": 1200, "height": 800})
    context.set_default_timeout(60_000)
    opened = context.new_page()
    hosts = watch(opened)
    yield opened
    context.close()
    assert all(host in ("", "127.0.0.1", "localhost") or host.endswith((".lab.test", ".other.test")) for host in hosts)


def framing(chat_port: int, host: str = "chat.lab.test") -> str:
    """The plain line of HTML that shows the chat in a page."""
    return f'<iframe src="http://{host}:{chat_port}/" width="400" height="520" title="Assistant"></iframe>'


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


def test_widget(page: Any, chat: Callable[..., web.Served], wiki: Callable[[str], Wiki]) -> None:
    """One line brings a button, once; it opens the chat when it is wanted, Escape closes it, focus comes back."""
    port = free_port()
    line = f'<script src="http://chat.lab.test:{port}/widget.js" async data-label="Ask us"></script>'
    other = wiki(f"{line}{line}<p>Some words.</p>")
    chat(web.good(), port=port, embed_origins=(f"http://wiki.lab.test:{other.port}",))
    hosts = watch(page)
    page.goto(f"http://wiki.lab.test:{other.port}/")
    button = page.get_by_role("button", name="Ask us")
    button.wait_for()
    assert page.locator("button").count() == 1
    assert page.locator("iframe").count() == 0
    assert button.get_attribute("aria-expanded") == "false"
    button.press("Enter")
    toggle = page.locator("#article-assistant-button")
    assert toggle.get_attribute("aria-expanded") == "true"
    frame = page.frame_locator("#article-assistant-frame")
    ask(frame)
    frame.locator("a.mark").wait_for()
    frame.get_by_role("textbox", name="Your question").press("Escape")  # pressed inside the chat
    page.locator("#article-assistant-frame").wait_for(state="hidden")
    assert toggle.get_attribute("aria-expanded") == "false"
    assert page.evaluate("document.activeElement.id") == "article-assistant-button"
    toggle.click()
    assert frame.locator("a.mark").count() == 1  # the conversation is still there
    assert hosts == {"wiki.lab.test", "chat.lab.test"}


@pytest.mark.parametrize("mode", ["commonjs", "hook"])
def test_real_mediawiki(page: Any, chat: Callable[..., web.Served], shared: Path, tmp_path: Path, mode: str) -> None:
    """On a page of a real MediaWiki the widget's button opens the chat, which answers with its quote."""
    lab = shared / "wikilab"
    up = lab / "mediawiki-up"
    if not up.exists():
        pytest.skip(f"no wiki lab at {lab}")
    port, at = free_port(), free_port()
    served = chat(web.good(), port=port, embed_origins=(f"http://127.0.0.1:{at}",))
    command = [str(up), str(at), str(tmp_path / "mw"), "--pages", str(lab / "samples" / "mediawiki")]
    command += ["--widget", f"http://127.0.0.1:{port}/widget.js", "--widget-mode", mode]
    started = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if started.returncode:
        pytest.skip(f"the wiki does not start: {started.stderr.strip().splitlines()[-1:]}")
    try:
        page.goto(f"http://127.0.0.1:{at}/wiki/Team/Onboarding")
        page.get_by_role("button", name="Ask the articles").click()
        frame = page.frame_locator("#article-assistant-frame")
        ask(frame)
        frame.locator("a.mark").click()
        frame.frame_locator("iframe[name=article]").locator("mark#quote").wait_for()
        picture(page, f"mediawiki-{mode}-article", tmp_path)
        frame.locator("#close-article").click()
        picture(page, f"mediawiki-{mode}", tmp_path)
        assert "Logs are now rotated" in frame.locator(".answer").inner_text()
        assert len(served.assistant.asked) == 1
    finally:
        subprocess.run([str(lab / "mediawiki-down"), str(tmp_path / "mw")], capture_output=True, check=False)
