"""The library: one SQLite file that is the truth about sources, articles, chunks, vectors and groups.

Write-ahead log with `synchronous=FULL`: what a transaction acknowledged survives a power cut.
"""

import fcntl
import json
import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from index.types import Article, Chunk, Groups, LibraryBusy, LibraryError, Matrix, Vector

SCHEMA = 1
"""Version of the tables below; a library of a newer one is refused."""

FILE = "library.sqlite3"
LOCK = "writer.lock"

_TABLES = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (
    id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, label TEXT NOT NULL UNIQUE, synced TEXT
);
CREATE TABLE article (
    id TEXT PRIMARY KEY, source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE, title TEXT NOT NULL,
    text TEXT NOT NULL, url TEXT NOT NULL, revision TEXT NOT NULL, updated TEXT, groups TEXT NOT NULL,
    fingerprint TEXT NOT NULL
);
CREATE INDEX article_source ON article (source);
CREATE TABLE chunk (
    number INTEGER PRIMARY KEY AUTOINCREMENT, article TEXT NOT NULL REFERENCES article ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, heading TEXT NOT NULL, vector BLOB NOT NULL,
    spans BLOB NOT NULL, sentences BLOB NOT NULL
);
CREATE INDEX chunk_article ON chunk (article);
CREATE TABLE failure (
    article TEXT PRIMARY KEY, source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE, reason TEXT NOT NULL
) WITHOUT ROWID;
"""


@dataclass(frozen=True, slots=True)
class Source:
    """Where articles come from. `label` begins the ids of its articles; `synced` is a UTC time or None."""

    id: int
    address: str
    label: str
    synced: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One article revision on its way into the library: its chunks, and the vectors of each.

    Row i of `vectors` is chunk i's; `sentences[i]` has a row for each of its sentences.
    """

    article: Article
    fingerprint: str
    chunks: Sequence[Chunk]
    vectors: Matrix
    sentences: Sequence[Matrix]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that a search put forward: the offsets and the vectors of its sentences, row by row."""

    number: int
    article: str
    revision: str
    start: int
    end: int
    heading: str
    spans: tuple[tuple[int, int], ...]
    sentences: Matrix


@dataclass(frozen=True, slots=True)
class Row:
    """A chunk as the derived indexes are built from it; `words` begins with its title and headings."""

    number: int
    words: str
    groups: frozenset[str]
    vector: Vector


class Library:
    """Reads from any thread; writes inside `with library.writing():`, one process at a time."""

    def __init__(self, home: Path, connection: sqlite3.Connection) -> None:
        self.home = home
        self._connection = connection
        self._one_at_a_time = threading.RLock()

    @classmethod
    def open(cls, home: Path) -> "Library":
        """Open the library in the folder `home`, or begin an empty one.

        Raises LibraryError where it cannot be used: no rights, damaged, or written by a newer version.
        """
        path = home / FILE
        try:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            path.touch(mode=0o600)
            connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
            connection.execute("PRAGMA journal_mode=WAL")
            connection.execute("PRAGMA synchronous=FULL")
            connection.execute("PRAGMA foreign_keys=ON")
            (version,) = connection.execute("PRAGMA user_version").fetchone()
        except (OSError, sqlite3.Error) as error:
            raise LibraryError(
                f"the library {path} cannot be opened ({error}); check the folder, or set --home"
            ) from error
        if version > SCHEMA:
            connection.close()
            raise LibraryError(
                f"the library {path} was written by a newer version (schema {version}, this one reads {SCHEMA}); "
                "update article-assistant, or set another --home"
            )
        library = cls(home, connection)
        if version == 0:
            library._begin()
        return library

    def _begin(self) -> None:
        """Make the tables, in one transaction; another process may have been faster."""
        with self._transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                for statement in _TABLES.split(";\n"):
                    if statement.strip():
                        connection.execute(statement)
                connection.execute("INSERT INTO fact VALUES ('changes', '0'), ('generation', '0'), ('published', '0')")
                connection.execute(f"PRAGMA user_version={SCHEMA}")

    def close(self) -> None:
        """Close the file; the library cannot be used afterwards."""
        with self._one_at_a_time:
            self._connection.close()

    # --- one writer -------------------------------------------------------------------------------

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Hold the writer's lock. Raises LibraryBusy, naming the process that holds it."""
        with (self.home / LOCK).open("a+") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                raise LibraryBusy(
                    f"process {lock.read().strip() or 'unknown'} is writing to {self.home}; try again when it is done"
                ) from None
            lock.truncate(0)
            lock.write(str(os.getpid()))
            lock.flush()
            yield

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._one_at_a_time:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _all(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._one_at_a_time:
            return self._connection.execute(query, values).fetchall()

    # --- facts: encoder, generation, number of changes ----------------------------------------------

    def fact(self, name: str) -> str | None:
        """A named fact about the library, or None."""
        rows = self._all("SELECT value FROM fact WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def publish(self, generation: int, changes: int) -> None:
        """Point to a finished generation that was built after so many changes."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO fact VALUES (?, ?)",
                [("generation", str(generation)), ("published", str(changes))],
            )

    def for_encoder(self, version: str) -> None:
        """Note which encoder makes the vectors; on another one all articles are to be indexed again."""
        if self.fact("encoder") == version:
            return
        with self._transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO fact VALUES ('encoder', ?)", (version,))
            connection.execute("DELETE FROM article")
            _count_change(connection)

    # --- sources --------------------------------------------------------------------------------------

    def sources(self) -> list[Source]:
        """All sources, oldest first."""
        return [Source(*row) for row in self._all("SELECT id, address, label, synced FROM source ORDER BY id")]

    def add_source(self, address: str, label: str) -> Source:
        """The source at `address`, with a label no other one has: `label`, or `label~2` and so on."""
        for source in self.sources():
            if source.address == address:
                return source
        taken = {source.label for source in self.sources()}
        free = next(name for name in [label, *(f"{label}~{n}" for n in range(2, len(taken) + 3))] if name not in taken)
        with self._transaction() as connection:
            connection.execute("INSERT INTO source (address, label) VALUES (?, ?)", (address, free))
        return next(source for source in self.sources() if source.address == address)

    def forget(self, source: Source) -> None:
        """Drop a source with its articles and failures."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM source WHERE id = ?", (source.id,))
            _count_change(connection)

    def synced(self, source: Source, failures: dict[str, str], place: str = "") -> None:
        """Note that a source was brought up to date now, and which articles at or below `place` failed why."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._transaction() as connection:
            connection.execute("UPDATE source SET synced = ? WHERE id = ?", (now, source.id))
            connection.execute(
                "DELETE FROM failure WHERE source = ? AND (article = ? OR substr(article, 1, ?) = ?)",
                (source.id, place, *_below(place)),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?)",
                [(article, source.id, reason) for article, reason in failures.items()],
            )

    def failures(self) -> dict[str, str]:
        """What could not be read when its source was last brought up to date, and why."""
        return {str(a): str(b) for a, b in self._all("SELECT article, reason FROM failure ORDER BY article")}

    # --- articles -------------------------------------------------------------------------------------

    def fingerprints(self, source: Source, place: str = "") -> dict[str, str]:
        """Article id to fingerprint, of a source's articles at or below `place`: an article's id or a folder's."""
        query = "SELECT id, fingerprint FROM article WHERE source = ? AND (id = ? OR substr(id, 1, ?) = ?)"
        return {str(a): str(b) for a, b in self._all(query, (source.id, place, *_below(place)))}

    def replace(self, source: Source, entries: Sequence[Entry]) -> None:
        """Put article revisions in place of what stood there, all in one transaction."""
        with self._transaction() as connection:
            for entry in entries:
                article = entry.article
                connection.execute("DELETE FROM article WHERE id = ?", (article.id,))
                connection.execute(
                    "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                    (
                        article.id, source.id, article.title, article.text, article.url, article.revision,
                        article.updated, json.dumps(sorted(article.groups)), entry.fingerprint,
                    ),
                )  # fmt: skip
                connection.executemany(
                    'INSERT INTO chunk (article, start, "end", heading, vector, spans, sentences) '
                    "VALUES (?, ?, ?, ?, ?, ?, ?)",
                    [
                        (
                            article.id,
                            chunk.start,
                            chunk.end,
                            chunk.heading,
                            np.asarray(vector, "<f4").tobytes(),
                            # Half precision costs a sentence's cosine at most 0.001, and saves half of the file.
                            np.asarray(chunk.sentences, "<i4").tobytes(),
                            np.asarray(sentences, "<f2").tobytes(),
                        )
                        for chunk, vector, sentences in zip(entry.chunks, entry.vectors, entry.sentences, strict=True)
                    ],
                )
            _count_change(connection)

    def remove(self, articles: Sequence[str]) -> None:
        """Drop articles by id, in one transaction; ids that are not there are passed over."""
        if not articles:
            return
        with self._transaction() as connection:
            connection.executemany("DELETE FROM article WHERE id = ?", [(article,) for article in articles])
            _count_change(connection)

    def article(self, identifier: str, groups: Groups) -> Article | None:
        """One article, where `groups` may see it."""
        rows = self._all(f"SELECT {_ARTICLE} FROM article WHERE id = ?", (identifier,))
        found = _article(rows[0]) if rows else None
        return found if found and _visible(found.groups, groups) else None

    def articles(self, groups: Groups) -> Iterator[Article]:
        """All articles that `groups` may see, in the order of their ids."""
        for (identifier,) in self._all("SELECT id FROM article ORDER BY id"):
            if found := self.article(str(identifier), groups):
                yield found

    def candidates(self, numbers: Sequence[int], groups: Groups) -> list[Candidate]:
        """The chunks of these numbers that exist now and that `groups` may see, in no order."""
        marks = ",".join("?" * len(numbers))
        query = (
            'SELECT number, article, revision, start, "end", heading, spans, sentences, groups '
            f"FROM chunk JOIN article ON article.id = article WHERE number IN ({marks})"
        )
        found = []
        for number, article, revision, start, end, heading, spans, sentences, shown in self._all(query, numbers):
            if _visible(frozenset(json.loads(shown)), groups):
                pairs = np.frombuffer(spans, "<i4").reshape(-1, 2)
                vectors = np.frombuffer(sentences, "<f2").reshape(len(pairs), -1).astype(np.float32)
                offsets = tuple((int(a), int(b)) for a, b in pairs)
                found.append(Candidate(number, article, revision, start, end, heading, offsets, vectors))
        return found

    def rows(self) -> Iterator[Row]:
        """Every chunk, as the derived indexes need it, in the order of numbers."""
        query = (
            'SELECT number, heading, title, substr(text, start + 1, "end" - start), groups, vector '
            "FROM chunk JOIN article ON article.id = article WHERE number > ? ORDER BY number LIMIT 2000"
        )
        last = 0
        while page := self._all(query, (last,)):
            for number, heading, title, text, groups, vector in page:
                words = "\n".join(part for part in (title, heading, text) if part)
                yield Row(number, words, frozenset(json.loads(groups)), np.frombuffer(vector, "<f4"))
                last = number

    def counts(self) -> dict[str, int]:
        """How many sources, articles and chunks there are."""
        return {
            f"{table}s": int(self._all(f"SELECT count(*) FROM {table}")[0][0])
            for table in ("source", "article", "chunk")
        }


_ARTICLE = "article.id, title, article.text, url, revision, updated, groups"


def _article(row: Sequence[Any]) -> Article:
    identifier, title, text, url, revision, updated, groups = row
    return Article(identifier, title, text, url, revision, updated, frozenset(json.loads(groups)))


def _below(place: str) -> tuple[int, str]:
    """With what, and that many characters, the ids of a folder's articles begin: `a.htm` is no folder of `a.html`."""
    begin = f"{place}/" if place else ""
    return len(begin), begin


def _visible(shown: frozenset[str], groups: Groups) -> bool:
    return groups is None or bool(shown & groups)


def _count_change(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE fact SET value = value + 1 WHERE name = 'changes'")
