"""Real wikis on loopback, booted by the shared lab; without it, tests that need one are skipped."""

import json
import shutil
import socket
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.parts import until

PAGES = {
    "Travel policy": "Trips are paid by [[Finance]].\n\n== Approval ==\nTobias approves trips."
    "{{Note|Keep the receipts.}}\n\n{| class=wikitable\n! City !! Limit\n|-\n| Oslo || 180 EUR\n|}\n",
    "Finance": "Finance sits in room 12.",
    "Template:Note": "'''Note:''' {{{1}}} Zephyr.",
    "Travel rules": "#REDIRECT [[Travel policy]]",
    "Help:Printing": "Printers are on floor two.\n\n== Paper ==\nPaper is in the cupboard.",
    "Diary": "Nobody else's business. __NOINDEX__",
    **{f"Page {n}": f"Number{n} stands alone." for n in range(30)},
}


@dataclass
class MediaWikiLab:
    """A running MediaWiki: its address, its accounts, and what an administrator does in it."""

    url: str
    folder: Path
    accounts: dict[str, dict[str, str]]

    def __post_init__(self) -> None:
        self._client = httpx.Client(trust_env=False, timeout=120)
        login = self.ask(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
        who = self.accounts["admin"]
        self.ask(action="login", lgname=who["user"], lgpassword=who["password"], lgtoken=login)

    def ask(self, **form: str) -> Any:
        return self._client.post(f"{self.url}/api.php", data={"format": "json", "formatversion": "2"} | form).json()

    def do(self, action: str, **form: str) -> None:
        token = self.ask(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]
        answer = self.ask(action=action, token=token, **form)
        assert "error" not in answer, answer

    def upload(self, name: str, content: bytes) -> None:
        """A file, in place of the one before; the wiki writes it into its changes a moment after it has answered."""
        log = {"action": "query", "list": "recentchanges", "rctype": "log", "rctitle": f"File:{name}", "rclimit": "max"}
        told = len(self.ask(**log)["query"]["recentchanges"])
        token = self.ask(action="query", meta="tokens")["query"]["tokens"]["csrftoken"]
        form = {"action": "upload", "filename": name, "ignorewarnings": "1", "token": token, "format": "json"}
        answer = self._client.post(f"{self.url}/api.php", data=form, files={"file": (name, content)}).json()
        assert answer.get("upload", {}).get("result") == "Success", answer
        until(lambda: len(self.ask(**log)["query"]["recentchanges"]) > told)

    def settings(self, php: str) -> None:
        """Settings of the wiki, instead of those given before."""
        (self.folder / "extra.php").write_text(f"<?php\n{php}\n")

    def close(self) -> None:
        self._client.close()


def _port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="session")
def lab(shared: Path) -> Path:
    """The shared lab of wikis, or the test is skipped."""
    if shutil.which("php") is None:
        pytest.skip("no php on the PATH, which the wikis of the shared lab need")
    return shared / "wikilab"


def _up(command: list[str | Path]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, timeout=900, check=False)
    if done.returncode:
        pytest.skip(f"the lab's wiki does not start: {done.stderr.strip()[-200:]}")


def _down(lab: Path, folder: Path) -> None:
    subprocess.run(["bash", lab / "mediawiki-down", folder], check=True, capture_output=True)  # any kind of wiki


@pytest.fixture(scope="module")
def mediawiki(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[MediaWikiLab]:
    """A MediaWiki with the pages above."""
    folder = tmp_path_factory.mktemp("mediawiki")
    pages = folder / "pages"
    pages.mkdir()
    for title, text in PAGES.items():
        (pages / f"{title}.wiki").write_text(text)
    _up([lab / "mediawiki-up", str(_port()), folder / "wiki", "--pages", pages, "--workers", "2"])
    accounts = json.loads((folder / "wiki" / "credentials.json").read_text())
    running = MediaWikiLab((folder / "wiki" / "url").read_text().strip(), folder / "wiki", accounts)
    yield running
    running.close()
    _down(lab, folder / "wiki")


@dataclass
class DokuWikiLab:
    """A running DokuWiki: its address, its folder and its accounts."""

    url: str
    folder: Path
    accounts: dict[str, dict[str, str]]

    def rules(self, text: str) -> None:
        """Rules of who may read, instead of those before."""
        (self.folder / "conf" / "acl.auth.php").write_text(text)


@pytest.fixture(scope="module")
def dokuwiki(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DokuWikiLab]:
    """A DokuWiki with the lab's pages and rules: what is below `hr:` is for the group hr."""
    folder = tmp_path_factory.mktemp("dokuwiki") / "wiki"
    samples = lab / "samples"
    _up([lab / "dokuwiki-up", str(_port()), folder, "--pages", samples / "dokuwiki", "--acl", samples / "dokuwiki.acl"])
    accounts = json.loads((folder / "credentials.json").read_text())
    yield DokuWikiLab((folder / "url").read_text().strip(), folder, accounts)
    _down(lab, folder)
