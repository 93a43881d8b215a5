"""The real wikis of the lab, filled with generated pages, and the changes that benchmarks make in them."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Protocol
from urllib.parse import quote

from article_assistant.index.sources import kinds
from article_assistant.index.sources.acl import MEDIA
from article_assistant.index.sources.source import Access, RemoteSource
from article_assistant.index.sources.web import Web
from article_assistant.index.types import UserFacingError

from bench import wikireader
from bench.wikipages import MARKS, NOTE, written
from tests import labs

SHOWN = """() => {
    const page = document.querySelector('#dokuwiki__content .page, #mw-content-text');
    page.querySelectorAll('#dw__toc, .secedit, .docInfo, #toc, .mw-editsection').forEach(one => one.remove());
    page.querySelectorAll('tr').forEach(row => row.querySelector('td') || row.remove());
    return page.innerText;
}"""
"""What a page says in a browser, without contents, buttons and the names of columns."""


class LabWiki(Protocol):
    """A running wiki of the lab."""

    changes: Sequence[str]
    access: Access
    address: str

    def key(self, title: str) -> str:
        """What the id of a page's article ends with."""

    def link(self, title: str) -> str:
        """Where a browser finds a page."""

    def put(self, title: str, text: str) -> None:
        """Write a page."""

    def move(self, title: str, to: str) -> None:
        """Give a page another name."""

    def delete(self, title: str) -> None:
        """Delete a page."""

    def withdraw(self, title: str) -> None:
        """Let nobody but administrators read a page."""

    def attach(self, name: str, content: bytes) -> str:
        """Upload a file; the key of its article."""

    def source(self) -> RemoteSource:
        """The source that reads it, anew."""


class MediaWiki:
    """See `LabWiki`; it is read as a guest reads it."""

    changes: Sequence[str] = ("edit", "move", "delete")

    def __init__(self, lab: labs.MediaWikiLab) -> None:
        self._lab, self.access, self.address = lab, Access(), f"mediawiki+{lab.url}"
        lab.takes_files(wikireader.EXTENSION)

    def key(self, title: str) -> str:
        return title

    def link(self, title: str) -> str:
        return f"{self._lab.url}/wiki/{quote(title)}"

    def put(self, title: str, text: str) -> None:
        self._lab.do("edit", title=title, text=text)

    def move(self, title: str, to: str) -> None:
        self._lab.do("move", **{"from": title, "to": to})

    def delete(self, title: str) -> None:
        self._lab.do("delete", title=title)

    def withdraw(self, title: str) -> None:
        raise NotImplementedError("MediaWiki has no right to read one page")

    def attach(self, name: str, content: bytes) -> str:
        self._lab.upload(name, content)
        return f"File:{name}"

    def source(self) -> RemoteSource:
        return _source(self)


class DokuWiki:
    """See `LabWiki`; it is read as its administrator, who sees its rules. Its older API knows no moves."""

    changes: Sequence[str] = ("edit", "move", "delete", "withdraw")

    def __init__(self, lab: labs.DokuWikiLab) -> None:
        self._lab, self.address = lab, f"dokuwiki+{lab.url}"
        who = lab.accounts["admin"]
        self.access = Access(user=who["user"], password=who["password"])

    def key(self, title: str) -> str:
        return title.lower()

    def link(self, title: str) -> str:
        return f"{self._lab.url}/doku.php?id={self.key(title)}"

    def put(self, title: str, text: str) -> None:
        self._lab.admin.wiki.putPage(self.key(title), text, {"sum": "bench"})

    def move(self, title: str, to: str) -> None:
        self.put(to, str(self._lab.admin.wiki.getPage(self.key(title))))
        self.delete(title)

    def delete(self, title: str) -> None:
        self.put(title, "")

    def withdraw(self, title: str) -> None:
        with (self._lab.folder / "conf" / "acl.auth.php").open("a") as rules:
            rules.write(f"\n{self.key(title)} @ALL 0\n{self.key(title)} @user 0\n")

    def attach(self, name: str, content: bytes) -> str:
        (self._lab.folder / "data" / "media" / name.lower()).write_bytes(content)  # its door takes no CSV
        return f"{MEDIA}{name.lower()}"

    def source(self) -> RemoteSource:
        return _source(self)


def _source(wiki: LabWiki) -> RemoteSource:
    found = kinds.remote(wiki.address, wiki.access)
    if found is None:
        raise UserFacingError(f"{wiki.address} is no source")
    return found


def requests(source: RemoteSource) -> int:
    """How many requests a source has sent."""
    web: Web = getattr(getattr(source, "api", source), "web")  # noqa: B009 - a source need not have one
    return web.requests


@contextmanager
def running(kind: str, lab: Path, folder: Path, pages: Mapping[str, str]) -> Iterator[LabWiki]:
    """A wiki of this kind with these pages, in an empty folder. Raises UserFacingError where there is no lab."""
    if not (lab / f"{kind}-up").is_file():
        raise UserFacingError(f"{lab} holds no {kind}-up; name the folder of the lab of wikis")
    files, ending = folder / "pages", ".wiki" if kind == "mediawiki" else ".txt"
    files.mkdir()
    for title, text in pages.items():
        file = files / f"{title}{ending}"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
    with ExitStack() as ends:
        if kind == "mediawiki":
            (files / "Template:Note.wiki").write_text(NOTE)
            yield MediaWiki(ends.enter_context(labs.mediawiki(lab, folder / "wiki", files)))
        else:
            (folder / "rules").write_text("* @ALL 1\n* @user 8\n")
            yield DokuWiki(ends.enter_context(labs.dokuwiki(lab, folder / "wiki", files, folder / "rules")))


def generated(kind: str, chance: random.Random, number: int) -> dict[str, str]:
    """So many pages, by their titles."""
    return {f"Page{one}": written(MARKS[kind], chance, one) for one in range(number)}
