"""How fresh the sources are, over HTTP and on the page, and the door by which a wiki says that it changed."""

import json
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from article_assistant.examples import Offer
from article_assistant.index.instep import Freshness, InStep
from article_assistant.index.library import Library
from article_assistant.index.sync import SyncReport
from article_assistant.web.freshness import line
from article_assistant.web.keys import issue

from tests import served as web
from tests.parts import until, write
from tests.ports import free_port
from tests.web.test_page import Open, open_page, serve

__all__ = ["open_page", "serve"]

NOON = datetime(2026, 11, 29, 12, tzinfo=UTC)


class Told(InStep):
    """Sources that nobody keeps in step; it notes who asked and who pulled, and tells once it `may` what there is."""

    def __init__(self, library: Library) -> None:
        super().__init__(library, [], 0, lambda *_: SyncReport())
        self.asked: list[frozenset[str] | None] = []
        self.pulls = 0
        self.may = threading.Event()
        self.may.set()
        self.known = [Freshness("wiki.example", 949, "2026-11-29T11:58:00+00:00", None)]

    def told(self, groups: frozenset[str] | None) -> list[Freshness]:
        self.asked.append(groups)
        self.may.wait(600)
        return self.known

    def pull(self) -> None:
        self.pulls += 1


@pytest.fixture
def kept(tmp_path: Path) -> Iterator[Told]:
    library = Library.open(tmp_path / "library")
    yield Told(library)
    library.close()


def test_the_doors_need_a_key_and_obey_its_groups(tmp_path: Path, kept: Told) -> None:
    """`/v1/sources` tells what the key may see; `/v1/sources/pull` has them asked at once; neither without a key."""
    served = web.Served(web.scripted(), home=tmp_path, password="long enough", kept=kept)
    key = {"Authorization": f"Bearer {issue(tmp_path, 'hook', ['staff'])}"}
    try:
        assert httpx.get(f"{served.url}/v1/sources", timeout=60).status_code == 401
        assert httpx.post(f"{served.url}/v1/sources/pull", timeout=60).status_code == 401
        assert (kept.asked, kept.pulls) == ([], 0)
        told = httpx.get(f"{served.url}/v1/sources", headers=key, timeout=60).json()
        assert told == {"sources": [
            {"label": "wiki.example", "articles": 949, "read": "2026-11-29T11:58:00+00:00", "failing": None},
        ]}  # fmt: skip
        assert kept.asked == [frozenset({"staff"})]
        pulled = httpx.post(f"{served.url}/v1/sources/pull", headers=key, content=b'{"ref": "any"}', timeout=60)
        assert (pulled.status_code, pulled.json(), kept.pulls) == (202, {"pulling": True}, 1)
    finally:
        served.stop()


def test_a_server_without_sources_says_so() -> None:
    """Where nothing is kept in step, there is nothing to tell and nothing to pull."""
    served = web.Served(web.scripted())
    try:
        assert httpx.get(f"{served.url}/v1/sources", timeout=60).json() == {"sources": []}
        assert httpx.post(f"{served.url}/v1/sources/pull", timeout=60).status_code == 404
    finally:
        served.stop()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ([], ""),
        ([("w", 0, None)], ""),
        ([("w", 1, "2026-11-29T11:59:30+00:00")], "1 article from w, read just now"),
        ([("<b>", 2, "2026-11-29T10:59:00+00:00"), ("w", 1000, "2026-11-29T11:59:00+00:00")],
         "1,002 articles from &lt;b&gt;, w, read 1 hour ago"),
        ([(name, 1, "2026-11-26T11:59:00+00:00") for name in "abcd"], "4 articles from 4 sources, read 3 days ago"),
    ],
)  # fmt: skip
def test_the_line_of_the_page(told: list[tuple[str, int, str | None]], said: str) -> None:
    """It counts what everyone may read, names up to three sources, and tells when the stalest was read."""
    made = line([Freshness(label, articles, read, None) for label, articles, read in told], NOON)
    assert re.sub(r"</?span[^>]*>", "", made) == (f"<p>{said}</p>" if said else "")


@pytest.mark.parametrize("width", [390, 768, 1440])
def test_the_line_comes_into_its_place(
    open_page: Open, serve: Callable[..., web.Served], kept: Told, width: int
) -> None:
    """However late and long it is, nothing on the page moves for it; and all of it can be seen."""
    kept.may.clear()
    kept.known = [Freshness(f"{name}.wiki.example.org", 949, "2026-11-29T11:58:00+00:00", None) for name in "abc"]
    served = serve(kept=kept)
    served.assistant.offers[:] = [Offer("Why?", "A")] * 4
    page = open_page(served.url, viewport={"width": width, "height": 800})
    page.locator(".coming").nth(3).wait_for()
    until(lambda: bool(kept.asked))

    def places() -> list[dict[str, float]]:
        return [page.locator(one).bounding_box() for one in (".welcome h2", "#start", "#question textarea")]

    before = places()
    kept.may.set()
    line = page.get_by_text("2,847 articles from a.wiki.example.org").locator("xpath=..")
    line.wait_for()
    assert places() == before
    box = line.bounding_box()
    hit = page.evaluate("([x, y]) => document.elementFromPoint(x, y).closest('#told p') !== null",
                        [box["x"] + 5, box["y"] + box["height"] - 3])  # fmt: skip
    assert hit


def test_the_line_comes_with_suggestions_that_come_later(
    open_page: Open, serve: Callable[..., web.Served], kept: Told
) -> None:
    """What the page did not get as it opened, it gets when it looks again for suggestions: these and the line."""
    known, kept.known = kept.known, []
    served = serve(kept=kept)
    served.assistant.offers[:] = [None] * 4
    page = open_page(served.url)
    until(lambda: bool(kept.asked))
    kept.known = known
    page.locator("#told").get_by_text("949 articles from wiki.example").wait_for()
    served.assistant.offers[:] = [Offer("Why?", "A")] * 4
    page.locator(".example").nth(3).wait_for()
    assert page.locator("#told").get_by_text("949 articles from wiki.example").is_visible()


def test_a_served_page_keeps_its_sources_in_step(tmp_path: Path) -> None:
    """`assistant serve` reads a new file without a command, says so at its door, and names a wiki that is not there;
    `assistant status` says why; and the server ends at once when it is told to."""
    folder = write(tmp_path / "docs", {"trips.md": "# Trips\n\nTobias approves trips."})
    address, port = f"dokuwiki+file://{tmp_path}/wiki", free_port()
    write(tmp_path, {"assistant.toml": f'follow_seconds = 2\nport = {port}\nsources."{address}" = {{}}\n'})
    home = ["--home", str(tmp_path / "home")]
    command = str(Path(sys.executable).parent / "assistant")

    def run(*arguments: str) -> str:
        done = subprocess.run([command, *home, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True)
        return done.stdout

    run("index", str(folder))
    with subprocess.Popen([command, *home, "serve"], cwd=tmp_path, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert str(port) in server.stdout.readline()
            write(folder, {"leave.md": "# Leave\n\nAsk Mia."})

            def told() -> list[dict[str, object]]:
                found: list[dict[str, object]] = httpx.get(f"http://127.0.0.1:{port}/v1/sources", timeout=60).json()[
                    "sources"
                ]
                return found

            until(lambda: [one["articles"] for one in told()] == [2])

            def never_read() -> list[tuple[str, bool]]:
                return [(one["source"], one["lasts"]) for one in json.loads(run("status", "--json"))["never_read"]]

            until(lambda: never_read() == [(address, True)])  # its turn may come after the folder's
            assert f"{address} is not in step" in run("status")
            server.send_signal(signal.SIGTERM)
            assert server.wait(60) == 0
        finally:
            server.kill()
