"""What a source of articles other than a folder tells: what is there and who may read it, and each page as it is read.

A new kind is one class with the two methods of `RemoteSource`, and a line in `index.sources.kinds` where it shall have
an address of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Protocol
from urllib.parse import unquote, urlsplit

from article_assistant.index.types import SourceError


@dataclass(frozen=True, slots=True)
class Listed:
    """A page as its source lists it.

    `revision` changes whenever the page does (its names included). An article without `groups` is shown to nobody.
    A page is fetched `again` though its revision stands where something that it shows has changed, like a template.
    """

    revision: str
    groups: frozenset[str]
    again: bool = False


@dataclass(frozen=True, slots=True)
class Changes:
    """What a source lists, by key: the `whole` of it, or what changed since a state.

    Of a whole listing everything else is gone, and what is in `gone` without doubt, as it moved; otherwise the keys in
    `gone` are. `state` is handed in at the next time. `left_out` counts what is there and not read, by reason.
    """

    pages: Mapping[str, Listed]
    state: str = ""
    whole: bool = True
    gone: frozenset[str] = frozenset()
    left_out: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page as its readers see it: `body` is a file of this `kind`, an ending that `index.reading` knows.

    Where `title` is "", the body says it. `link` leads to the page on the web, or is "". `updated` is an ISO date or
    None. `names` lead to it besides its title, `categories` are what the source files it under. What hangs at a page is
    not `shown`: its link hands it out, or is of a page about it.
    """

    title: str
    body: bytes
    link: str
    revision: str
    updated: str | None = None
    editor: str = ""
    names: tuple[str, ...] = ()
    kind: str = ".html"
    shown: bool = True
    categories: tuple[str, ...] = ()


class Withdrawn(SourceError):
    """The source lets its reader read nothing, or this page, any more: nobody else shall read it here."""


class RemoteSource(Protocol):
    """A source. Its articles are `label/key`.

    Both methods raise SourceError, in one line, where it does not answer.
    """

    @property
    def address(self) -> str:
        """What names it, without a password."""

    @property
    def label(self) -> str:
        """What the ids of its articles and its groups begin with."""

    def changes(self, state: str) -> Changes:
        """What is there, or what changed since `state`, which an earlier listing ended with; "" for all."""

    def page(self, key: str) -> Fetched | None:
        """One page, None where it is not there any more; may be called by several threads at once.

        Raises ArticleError where this page alone cannot be read, Withdrawn where it may not be read.
        """


@dataclass(frozen=True, slots=True)
class Access:
    """What somebody says of a source besides its address; whatever is left empty, the source decides.

    `groups` may read all of it. `namespaces` are read and no others; keys that match one of `leave_out` (`Draft/*`)
    are not. `link` is where the pages of a folder are on the web.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - for settings, where a misspelt word is an error

    user: str = ""
    password: str = field(default="", repr=False)
    password_file: Path | None = None
    groups: frozenset[str] = frozenset()
    namespaces: tuple[str, ...] = ()
    leave_out: tuple[str, ...] = ()
    link: str = ""

    def secret(self) -> str:
        """The password, from its file where that is named. Raises SourceError where the file cannot be read."""
        if self.password_file is None:
            return self.password
        try:
            return self.password_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise SourceError(f"the password file {self.password_file} cannot be read ({error})") from error

    def leaves_out(self, key: str) -> bool:
        """Whether a page is not wanted."""
        return any(fnmatchcase(key, pattern) for pattern in self.leave_out)


@dataclass(frozen=True, slots=True)
class Place:
    """The parts of an address like `mediawiki+https://user@wiki.example/path`."""

    address: str
    url: str
    user: str
    label: str

    @classmethod
    def of(cls, address: str) -> "Place":
        """Raises SourceError where it is no such address, or holds a password.

        >>> Place.of("mediawiki+https://Mia@w.org/")
        Place(address='mediawiki+https://Mia@w.org', url='https://w.org', user='Mia', label='w.org')
        """
        kind, _, rest = address.partition("+")
        try:
            parts = urlsplit(rest)
            port = f":{parts.port}" if parts.port else ""
        except ValueError as error:
            raise SourceError(f"{address} is no address ({error})") from error
        if parts.password is not None:
            raise SourceError(
                f"the address of {parts.hostname} holds a password; it goes into the setting source_password (in the "
                "environment ASSISTANT_SOURCE_PASSWORD) or a file that assistant.toml names"
            )
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise SourceError(f"{address} is no address like {kind}+https://wiki.example/")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        path = parts.path.rstrip("/")
        return cls(
            address.rstrip("/"),
            f"{parts.scheme}://{host}{port}{path}",
            unquote(parts.username or ""),
            f"{host}{port}{path}",
        )
