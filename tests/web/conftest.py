"""Pages of other sites, the assistant beside them, and a browser whose every request stays on this machine."""

import http.server
import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import served as web


class Wiki:
    """A page of some other site, at any name under lab.test or other.test; `answers` are those at other paths.

    It comes with a Content-Security-Policy where one is given.
    """

    def __init__(self, body: str, policy: str = "", **answers: Callable[[], str]) -> None:
        page = body if body.startswith("<!") else f"<!doctype html><title>A wiki</title><h1>A wiki</h1>{body}"

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                named = self.path.strip("/").partition("?")[0]
                self.send_response(200)
                kind = "application/json" if named in answers else "text/html"
                self.send_header("content-type", f"{kind}; charset=utf-8")
                if policy:
                    self.send_header("content-security-policy", policy)
                self.end_headers()
                self.wfile.write((answers[named]() if named in answers else page).encode())

            def log_message(self, *_: object) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = int(self._server.server_address[1])
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def wiki() -> Iterator[Callable[..., Wiki]]:
    """Serves pages of another site until the test ends."""
    running: list[Wiki] = []

    def served(body: str, policy: str = "", **answers: Callable[[], str]) -> Wiki:
        running.append(Wiki(body, policy, **answers))
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
