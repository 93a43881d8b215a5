"""Pages of other sites, the assistant beside them, and a browser whose every request stays on this machine."""

import http.server
import os
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests import served as web
from tests.ports import free_port


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


@pytest.fixture
def lab_wiki(shared: Path, tmp_path: Path) -> Iterator[Callable[..., tuple[str, Path]]]:
    """Starts a real wiki of the lab with some pages: its address, and its folder; it ends with the test."""
    lab, folder = shared / "wikilab", tmp_path / "wiki"

    def started(kind: str, pages: dict[str, str], *more: str) -> tuple[str, Path]:
        if shutil.which("php") is None:
            pytest.skip("no php on the PATH, which the wikis of the shared lab need")
        for name, text in pages.items():
            path = tmp_path / "pages" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        port = str(free_port())
        given = [str(folder), "--pages", str(tmp_path / "pages"), "--workers", "2", *more]
        command = [str(lab / f"{kind}-up"), port, *given]
        begun = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
        if begun.returncode:
            pytest.skip(f"the wiki does not start: {begun.stderr.strip().splitlines()[-1:]}")
        return f"http://127.0.0.1:{port}", folder

    yield started
    subprocess.run(["bash", lab / "mediawiki-down", folder], capture_output=True, check=False)


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
