"""A source of the tests: pages in a dictionary, and what a server may do wrong."""

from collections.abc import Callable
from dataclasses import dataclass, field

from article_assistant.index.sources.source import Changes, Fetched, Listed
from article_assistant.index.types import EVERYONE, SourceError

ALL = frozenset({EVERYONE})


@dataclass
class Shelf:
    """A source whose pages, readers and failures a test sets; it counts what is fetched."""

    pages: dict[str, str] = field(default_factory=dict)
    readers: dict[str, frozenset[str]] = field(default_factory=dict)
    broken: dict[str, Exception] = field(default_factory=dict)
    away: SourceError | None = None
    since: Callable[[str], Changes] | None = None
    fetched: list[str] = field(default_factory=list)
    address: str = "shelf+https://shelf.example"
    label: str = "shelf"

    def listed(self, key: str) -> Listed:
        return Listed(self.pages[key], self.readers.get(key, ALL))

    def changes(self, state: str) -> Changes:
        if self.away:
            raise self.away
        if self.since:
            return self.since(state)
        return Changes({key: self.listed(key) for key in self.pages}, "1")

    def page(self, key: str) -> Fetched | None:
        self.fetched.append(key)
        if key in self.broken:
            raise self.broken[key]
        if key not in self.pages:
            return None
        body = f"<h1 id='top'>{key}</h1><p>{self.pages[key]}</p>".encode()
        return Fetched(key, body, f"https://shelf.example/{key}", self.pages[key], "2026-11-29", "Mia")
