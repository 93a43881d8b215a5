"""The widget in further real wikis, by what `assistant embed` prints for them."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from article_assistant.cli.embed import piece
from article_assistant.cli.wikicheck import lacks
from article_assistant.settings import Settings

from tests import served as web
from tests.ports import free_port
from tests.web.conftest import picture, watch

pytestmark = pytest.mark.lab
Served = Callable[..., web.Served]


@contextmanager
def running(lab: Path, name: str, port: int, folder: Path, *more: str) -> Iterator[str]:
    """A wiki of the lab at this port, or a skipped test where it cannot be started; stopped in the end."""
    command = [str(lab / f"{name}-up"), str(port), str(folder), *more]
    started = subprocess.run(command, capture_output=True, text=True, timeout=600, check=False)
    if started.returncode:
        pytest.skip(f"the wiki does not start: {started.stderr.strip().splitlines()[-1:]}")
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        subprocess.run(["bash", lab / "mediawiki-down", folder], capture_output=True, check=False)


def answers(page: Any, address: str) -> None:
    """Ask in the page at this address, until the answer with its mark is there."""
    page.goto(address)
    page.get_by_role("button", name="Ask the articles").click()
    box = page.get_by_role("textbox", name="Your question")
    box.fill("What did we change?")
    box.press("Enter")
    page.locator(".text a.mark").wait_for()


@pytest.mark.parametrize("name", ["otterwiki", "tiddlywiki"])
def test_real_wiki(page: Any, chat: Served, shared: Path, tmp_path: Path, name: str) -> None:
    """A reader of a real Otter Wiki or TiddlyWiki asks within its page, and the check finds nothing missing there."""
    port, at = free_port(), free_port()
    home = f"http://127.0.0.1:{at}"
    settings = Settings(port=port, embed_origins=(home,))
    chat(web.good(), port=port, embed_origins=(home,))
    (tmp_path / "pages").mkdir()
    text = piece(name, settings)
    if name == "tiddlywiki":
        (tmp_path / "pages" / "assistant.tid").write_text(text)
        more = ["--pages", str(tmp_path / "pages")]
    else:
        # The lab's script puts an address into the setting; the piece has to be what it makes of it.
        (tmp_path / "pages" / "Home.md").write_text("# Home\n\nWelcome.\n")
        address = f"{settings.site}/widget.js"
        assert f'<script src="{address}" async></script>' in text
        more = ["--pages", str(tmp_path / "pages"), "--widget", address]
    with running(shared / "wikilab", name, at, tmp_path / "wiki", *more):
        with httpx.Client(follow_redirects=True, timeout=60) as client:
            assert lacks(f"{home}/", settings, client) == []
            assert "embed_origins" in " ".join(lacks(f"http://localhost:{at}/", settings, client))
        hosts = watch(page)
        answers(page, f"{home}/")
        picture(page, name, tmp_path)
        assert hosts == {"127.0.0.1"}
