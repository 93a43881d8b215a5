"""Milliseconds until the page is painted and takes questions, in headless Chromium, and its requests while idle.

The page is served over the articles of seeds/team, and opened once before the clock counts: what counts is a browser
that has been here before. Painted: the first text (first-contentful-paint). Interactive: Gradio hears a button, tried
at each frame. Both count from the navigation. Idle: requests that begin in `--idle` seconds after the page has settled;
the streams that stand open by then are none.
"""

import os
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from article_assistant.index.types import UserFacingError

from bench import report
from bench.cold import COMMAND, ROOT
from tests import browsers

LIMITS = {"painted": 300, "interactive": 600}
"""Milliseconds that are wanted at most."""
SETTLED = 5.0
"""Seconds after which nothing of the opening is on its way any more."""
STARTS = 300.0
"""Seconds that the server may take."""
HEARD = """
(function press() {
    const button = document.getElementById('resume'), ours = window.articleAssistant;
    if (window.heard) { return; }
    if (button && ours && ours.current) {
        if (!ours.current.watched) {
            const real = ours.current;
            ours.current = () => { window.heard = window.heard || performance.now(); return real(); };
            ours.current.watched = true;
        }
        button.click();
    }
    requestAnimationFrame(press);
}());
"""
PAINTED = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "a minute, and the seconds of --idle")
    parser.add_argument("--runs", type=report.positive, default=10, metavar="N", help="openings that count")
    parser.add_argument("--idle", type=int, default=300, metavar="S", help="seconds of doing nothing; 0: not tried")
    given = parser.parse_args()
    report.offline()
    facts = report.machine()
    with _served() as address, _browser() as browser:
        context = browser.new_context(viewport={"width": 1280, "height": 800})
        found = [_opened(context, address) for _ in range(given.runs + 1)][1:]
        asked = _idle(context, address, given.idle) if given.idle else []
        version = browser.version
    times = {name: [round(one[name]) for one in found] for name in LIMITS}
    rows = [
        [name, f"{statistics.median(times[name])}", f"{min(times[name])}–{max(times[name])}", f"{most}"]
        for name, most in LIMITS.items()
    ]
    body = [
        f"Chromium {version}, {given.runs} openings of a page that was opened before.",
        report.table(["", "ms, median", "lowest–highest", "wanted at most"], rows),
    ]
    if given.idle:
        body.append(f"Requests in {given.idle} idle seconds: {len(asked)}{''.join(f'; {one}' for one in asked)}.")
    document = {"browser": version, "milliseconds": times, "idle seconds": given.idle, "requests": asked}
    report.write(given.out, "page", "The page", facts, body, document)


def _opened(context: Any, address: str) -> dict[str, float]:
    """One opening, in a tab of its own."""
    page = context.new_page()
    page.add_init_script(HEARD)
    page.goto(address)
    page.wait_for_function("() => window.heard")
    found = {"painted": page.evaluate(PAINTED), "interactive": page.evaluate("window.heard")}
    page.close()
    return found


def _idle(context: Any, address: str, seconds: int) -> list[str]:
    """The requests that begin while nobody does anything."""
    report.say(f"{seconds} s of doing nothing")
    page, asked = context.new_page(), list[str]()
    page.goto(address)
    page.locator("#question textarea").wait_for()
    page.wait_for_timeout(1000 * SETTLED)
    page.on("request", lambda request: asked.append(f"{request.method} {request.url.removeprefix(address)}"))
    page.wait_for_timeout(1000 * seconds)
    return asked


@contextmanager
def _served() -> Iterator[str]:
    """The address of the page over a few sample articles, while it is served."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://127.0.0.1:{port}/"
    with tempfile.TemporaryDirectory(prefix="bench-") as home, (Path(home) / "log").open("w") as log:
        given = [str(ROOT / "seeds" / "team"), "--home", home, "--port", str(port)]
        command = [sys.executable, "-c", COMMAND, "chat", *given]
        server = subprocess.Popen(command, cwd=home, stdout=log, stderr=log)
        try:
            until = time.monotonic() + STARTS
            while not _answers(address):
                if server.poll() is not None or time.monotonic() > until:
                    raise UserFacingError(f"the page is not served: {(Path(home) / 'log').read_text()[-300:]}")
                time.sleep(0.2)
            yield address
        finally:
            server.terminate()
            server.wait()


def _answers(address: str) -> bool:
    try:
        return httpx.get(f"{address}health", trust_env=False).is_success
    except httpx.TransportError:
        return False


@contextmanager
def _browser() -> Iterator[Any]:
    """A Chromium or Chrome that is on the PATH."""
    from playwright.sync_api import sync_playwright

    path = browsers.installed()
    if path is None:
        raise UserFacingError("no chromium or google-chrome is on the PATH")
    with sync_playwright() as running:
        # Root can have no sandbox.
        flags = ["--no-sandbox"] if os.geteuid() == 0 else []
        browser = running.chromium.launch(executable_path=path, args=flags)
        yield browser
        browser.close()


if __name__ == "__main__":
    report.run(main)
