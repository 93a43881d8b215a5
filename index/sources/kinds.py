"""Which source an address names, and whether a folder is what a wiki keeps its own pages in."""

import os
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from article_assistant.index.sources.confluence import Confluence
from article_assistant.index.sources.confluenceexport import ConfluenceExport
from article_assistant.index.sources.dokufolder import DokuFolder
from article_assistant.index.sources.dokuwiki import DokuWiki
from article_assistant.index.sources.dump import Dump
from article_assistant.index.sources.mediawiki import MediaWiki
from article_assistant.index.sources.site import Site
from article_assistant.index.sources.source import Access, Place, RemoteSource
from article_assistant.index.types import SourceError


def _repository(where: Path | Place, access: Access) -> RemoteSource:
    from article_assistant.index.sources.repository import Repository  # Dulwich is loaded where it is needed

    if isinstance(where, Path) and not access.groups:
        check_no_wiki(where)
    return Repository(where, access)


KINDS: dict[str, Callable[[Place, Access], RemoteSource]] = {
    "mediawiki": MediaWiki,
    "dokuwiki": DokuWiki,
    "confluence": Confluence,
    "git": _repository,
    "site": Site,
}
"""The class of each kind of wiki, by what stands before the `+` of an address."""
BY_FOLDER = "dokuwiki+file://"
BY_PATH: dict[str, Callable[[Path, Access], RemoteSource]] = {
    BY_FOLDER: DokuFolder,
    "dump+file://": Dump,
    "confluence+file://": ConfluenceExport,
    "git+file://": _repository,
}
"""The class of each kind of folder or file, by what stands before its path."""
THIS_MACHINE = {"127.0.0.1", "::1", "localhost"}


def address_of(address: str) -> str:
    """An address without the slash at its end, or a path from the root on."""
    if "://" in address:
        return address if address.endswith("://") else address.rstrip("/")
    return os.path.realpath(Path(address).expanduser())  # not Path.resolve: it raises for a link to itself


def host_of(address: str, user: str = "") -> str:
    """The host and port that an address leads to with a user; "" for a path, and where there is no user."""
    try:
        parts = urlsplit(address)
        return parts.netloc.rpartition("@")[2] if user or parts.username else ""
    except ValueError:  # no address at all, which whoever asks there is told
        return ""


def remote(address: str, access: Access) -> RemoteSource | None:
    """The source that an address names; None where that is a path. Nothing is asked yet.

    Raises SourceError for an address of no known kind, or where a password would be read on its way.
    """
    if "://" not in address:
        return None
    for before, made_of in BY_PATH.items():
        if address.startswith(before):
            return made_of(Path(address.removeprefix(before)), access)
    kind = address.partition("+")[0]
    if kind not in KINDS or "+" not in address:
        known = ", ".join(f"{name}+https://…" for name in KINDS)
        raise SourceError(f"{address} does not say what it is; put its kind before it: {known}")
    place = Place.of(address)
    parts = urlsplit(place.url)
    if (
        (place.user or access.user or access.password_file)
        and parts.scheme == "http"
        and parts.hostname not in THIS_MACHINE
    ):
        raise SourceError(f"a password goes to another machine by https:// only; name {parts.hostname} so")
    return KINDS[kind](place, access)


def check_no_wiki(path: Path) -> None:
    """Raises SourceError, with the source to name instead, where a folder is a wiki's own data."""
    for folder in (path, *path.parents, path / "data"):
        data = folder.parent if folder.name == "pages" else folder
        if all((data / name).is_dir() for name in ("pages", "meta", "attic")):
            raise SourceError(
                f"{path} is where a DokuWiki keeps its pages, and who may read them is not written there; type: "
                f"assistant index {BY_FOLDER}{data.parent}, or say who may read all of it: --group NAME"
            )
    if path.is_dir() and (path / ".git").is_dir() and any(path.parent.glob("*.sqlite")):
        raise SourceError(
            f"{path} is where an Otter Wiki keeps its pages, and who may read them is not written there; say it: "
            f"assistant index {path} --group NAME, or --everyone"
        )
