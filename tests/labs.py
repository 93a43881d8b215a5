"""Real wikis on loopback, booted by the shared lab, and what an administrator does in them."""

import json
import subprocess
import xmlrpc.client
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.parts import until
from tests.ports import free_port

Accounts = dict[str, dict[str, str]]
FILES = (
    "$wgEnableUploads = true; $wgUploadDirectory = '{}/images'; $wgVerifyMimeType = false; $wgUploadPath = '/images';"
    "$wgFileExtensions = ['csv', 'md', 'png']; $wgCheckFileExtensions = false; $wgStrictFileExtensions = false;"
    "$wgMimeTypeExclusions = [];"
)
"""Settings by which a MediaWiki in this folder takes files."""


class MediaWikiLab:
    """A running MediaWiki: its address, its accounts, and what an administrator does in it."""

    def __init__(self, url: str, folder: Path, accounts: Accounts) -> None:
        self.url, self.folder, self.accounts = url, folder, accounts
        self._client = httpx.Client(trust_env=False, timeout=120)
        login = self.ask(action="query", meta="tokens", type="login")["query"]["tokens"]["logintoken"]
        who = self.accounts["admin"]
        self.ask(action="login", lgname=who["user"], lgpassword=who["password"], lgtoken=login)

    def ask(self, **form: str) -> Any:
        """The answer of the wiki's API."""
        return self._client.post(f"{self.url}/api.php", data={"format": "json", "formatversion": "2"} | form).json()

    def do(self, action: str, **form: str) -> None:
        """Change something, as the administrator."""
        answer = self.ask(action=action, token=self._token(), **form)
        assert "error" not in answer, answer

    def upload(self, name: str, content: bytes) -> None:
        """A file, in place of the one before; the wiki writes it into its changes a moment after it has answered."""
        log = {"action": "query", "list": "recentchanges", "rctype": "log", "rctitle": f"File:{name}", "rclimit": "max"}
        told = len(self.ask(**log)["query"]["recentchanges"])
        form = {"action": "upload", "filename": name, "ignorewarnings": "1", "token": self._token(), "format": "json"}
        answer = self._client.post(f"{self.url}/api.php", data=form, files={"file": (name, content)}).json()
        assert answer.get("upload", {}).get("result") == "Success", answer
        until(lambda: len(self.ask(**log)["query"]["recentchanges"]) > told)

    def takes_files(self, more: str = "") -> None:
        """From now on files can be uploaded; `more` are further settings."""
        (self.folder / "images").mkdir(exist_ok=True)
        self.settings(FILES.format(self.folder) + more)

    def settings(self, php: str) -> None:
        """Settings of the wiki, instead of those given before."""
        (self.folder / "extra.php").write_text(f"<?php\n{php}\n")

    def close(self) -> None:
        """Ask nothing more."""
        self._client.close()

    def _token(self) -> str:
        return str(self.ask(action="query", meta="tokens")["query"]["tokens"]["csrftoken"])


@dataclass
class DokuWikiLab:
    """A running DokuWiki: its address, its folder and its accounts."""

    url: str
    folder: Path
    accounts: Accounts

    def rules(self, text: str) -> None:
        """Rules of who may read, instead of those before."""
        (self.folder / "conf" / "acl.auth.php").write_text(text)

    @property
    def admin(self) -> xmlrpc.client.ServerProxy:
        """The wiki's API, as the administrator."""
        who = self.accounts["admin"]
        place = f"{who['user']}:{who['password']}@{urlsplit(self.url).netloc}"
        return xmlrpc.client.ServerProxy(f"http://{place}/lib/exe/xmlrpc.php")


@contextmanager
def mediawiki(lab: Path, folder: Path, pages: Path, workers: int = 2) -> Iterator[MediaWikiLab]:
    """A MediaWiki with the `.wiki` files of a folder. Raises CalledProcessError where it does not start."""
    options = ("--pages", pages, "--workers", str(workers))
    with (
        _running(lab, "mediawiki", folder, *options) as (url, accounts),
        closing(MediaWikiLab(url, folder, accounts)) as wiki,
    ):
        yield wiki


@contextmanager
def dokuwiki(lab: Path, folder: Path, pages: Path, rules: Path) -> Iterator[DokuWikiLab]:
    """A DokuWiki with the `.txt` files of a folder and a file of rules. Raises as above."""
    with _running(lab, "dokuwiki", folder, "--pages", pages, "--acl", rules) as (url, accounts):
        yield DokuWikiLab(url, folder, accounts)


@contextmanager
def _running(lab: Path, kind: str, folder: Path, *options: str | Path) -> Iterator[tuple[str, Accounts]]:
    up = [lab / f"{kind}-up", str(free_port()), folder, *options]
    subprocess.run(up, capture_output=True, text=True, timeout=900, check=True)
    try:
        yield (folder / "url").read_text().strip(), json.loads((folder / "credentials.json").read_text())
    finally:
        subprocess.run(["bash", lab / "mediawiki-down", folder], check=True, capture_output=True)  # any kind of wiki
