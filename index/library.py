"""The library: one SQLite file that is the truth about sources, articles, chunks, vectors and groups.

It is in write-ahead mode with `synchronous=FULL`, so a committed transaction survives a power cut.
"""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.index import lock, schema
from article_assistant.index.language import written
from article_assistant.index.ledger import Ledger
from article_assistant.index.schema import (
    SCHEMA,
    Candidate,
    ChunkRow,
    Entry,
    LibraryState,
    Pending,
    Source,
    count_change,
    insert,
)
from article_assistant.index.types import Article, Groups, LibraryError, Matrix, Terms, Vector
from numpy.typing import NDArray

DATABASE = "library.sqlite3"
"""The library's file in the home."""
_MOST = 2**63 - 1
"""The highest number that SQLite can give."""
_ARTICLE = (
    "article.id, title, article.text, url, revision, updated, groups, pages, language, anchors, names, editor, "
    "(SELECT json_group_array(name) FROM category WHERE article = article.id)"
)


def worded(title: str, heading: str, text: str, language: str = "en") -> str:
    """What the keyword search reads of a chunk: title, headings and text, a line each, as `written` in its language."""
    return written("\n".join(part for part in (title, heading, text) if part), language)


class Library:
    """Reads from any thread; writes inside `with library.writing():`, one process at a time.

    `ledger` keeps its sources.
    """

    def __init__(self, home: Path, connection: sqlite3.Connection) -> None:
        self.home = home
        self._connection = connection
        self.ledger = Ledger(self)
        self._opened = ExitStack()  # what `close` closes
        self._one_at_a_time = threading.RLock()

    @classmethod
    def open(cls, home: Path) -> "Library":
        """Open the library in the folder `home`, or create an empty one.

        Raises LibraryError where it cannot be used: no rights, damaged, or written by a newer version.
        """
        path = home / DATABASE
        files = (path, path.with_name(f"{DATABASE}-wal"))
        if any(home.glob("generations/gen-*")) and not any(f.is_file() and f.stat().st_size for f in files):
            raise LibraryError(
                f"the library {path} is gone or empty, though indexes made from it are there; put a backup in its "
                f"place (assistant restore FILE), or remove {home / 'generations'} to begin anew"
            )
        with ExitStack() as opened:
            try:
                home.mkdir(mode=0o700, parents=True, exist_ok=True)
                opened.enter_context(lock.hold(home))
                path.touch(mode=0o600)
                connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=30)
                opened.callback(connection.close)
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute("PRAGMA synchronous=FULL")
                connection.execute("PRAGMA foreign_keys=ON")
                (version,) = connection.execute("PRAGMA user_version").fetchone()
            except (OSError, sqlite3.Error) as error:
                raise LibraryError(
                    f"the library {path} cannot be opened ({error}); check the folder, set --home, or put a backup in "
                    "its place: assistant restore FILE --force"
                ) from error
            if version > SCHEMA:
                raise LibraryError(
                    f"the library {path} was written by a newer version (schema {version}, this one reads {SCHEMA}); "
                    "update article-assistant, or set another --home"
                )
            library = cls(home, connection)
            if version < SCHEMA:
                with ExitStack() as writing:
                    if version:
                        writing.enter_context(library.writing())
                    schema.bring_forward(writing.enter_context(library.transaction()))
            library._opened = opened.pop_all()
        return library

    def close(self) -> None:
        """Close the file; the library cannot be used afterwards."""
        with self._one_at_a_time:
            self._opened.close()

    def writing(self, gives_way: bool = False, waits: bool = True) -> AbstractContextManager[Callable[[], bool]]:
        """Be the one writer; see `index.lock.writing`."""
        return lock.writing(self.home, gives_way, waits)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written inside is committed, or none of it where an exception leaves it."""
        with self._one_at_a_time:
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:  # Ctrl-C may come between any two lines
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _snapshot(self) -> Iterator[None]:
        """All reads inside see the library at one moment."""
        with self._one_at_a_time:
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def all(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows that a query gives."""
        with self._one_at_a_time:
            return self._connection.execute(query, values).fetchall()

    # --- facts: encoder, generation, number of changes

    def fact(self, name: str) -> str | None:
        """A named fact about the library, or None."""
        rows = self.all("SELECT value FROM fact WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def state(self) -> LibraryState:
        """Where the library stands, all of it at one moment."""
        facts = dict(self.all("SELECT name, value FROM fact"))
        changes, generation, published, covered = (
            int(facts.get(name, 0)) for name in ("changes", "generation", "published", "covered")
        )
        return LibraryState(changes, generation, published, covered, facts.get("encoder"))

    def pending(self) -> Pending:
        """What the next generation takes in."""
        with self._snapshot():
            highest = int(self.all("SELECT coalesce(max(number), 0) FROM chunk")[0][0])
            gone = tuple(int(number) for (number,) in self.all("SELECT number FROM gone"))
            return Pending(self.state(), highest, gone)

    def changed(self) -> int:
        """How many chunks were added or removed since the generation was built."""
        # Counted by the narrow index: the rows hold vectors.
        since = (
            "SELECT count(*) FROM chunk INDEXED BY chunk_article "
            "WHERE number > (SELECT CAST(value AS INTEGER) FROM fact WHERE name = 'covered')"
        )
        return int(self.all(f"SELECT ({since}) + (SELECT count(*) FROM gone)")[0][0])

    def publish(self, generation: int, changes: int, covered: int, gone: Sequence[int]) -> None:
        """Point to a finished generation, and forget the removed chunks that it no longer holds."""
        with self.transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO fact VALUES (?, ?)",
                [("generation", str(generation)), ("published", str(changes)), ("covered", str(covered))],
            )
            connection.executemany("DELETE FROM gone WHERE number = ?", [(number,) for number in gone])

    def become_another(self) -> None:
        """Take a new name and point to no generation, as a library must that comes from a backup.

        It gives out chunk numbers that were used since the backup, so indexes built in between would name
        the wrong chunks.
        """
        with self.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO fact VALUES ('generation', '0'), ('published', '-1'), ('covered', '0'), "
                "('library', lower(hex(randomblob(16))))"
            )
            connection.execute("DELETE FROM gone")

    def for_encoder(self, version: str) -> None:
        """Note which encoder makes the vectors; where that is another one, drop all articles, to be indexed again."""
        if self.fact("encoder") == version:
            return
        with self.transaction() as connection:
            connection.execute("INSERT OR REPLACE INTO fact VALUES ('encoder', ?)", (version,))
            connection.execute("DELETE FROM article")
            count_change(connection)

    # --- articles

    def replace(self, source: Source, entries: Sequence[Entry]) -> None:
        """Store article revisions in place of the earlier ones, all in one transaction."""
        with self.transaction() as connection:
            for entry in entries:
                insert(connection, source, entry)
            count_change(connection)

    def remove(self, articles: Sequence[str]) -> None:
        """Drop articles by id, in one transaction; unknown ids are ignored."""
        if not articles:
            return
        with self.transaction() as connection:
            connection.executemany("DELETE FROM article WHERE id = ?", [(article,) for article in articles])
            count_change(connection)

    def article(self, identifier: str, groups: Groups) -> Article | None:
        """One article, where `groups` may see it."""
        rows = self.all(f"SELECT {_ARTICLE} FROM article WHERE id = ?", (identifier,))
        found = _article_of(rows[0]) if rows else None
        return found if found and _visible(found.groups, groups) else None

    def articles(self, groups: Groups) -> Iterator[Article]:
        """All articles that `groups` may see, in the order of their ids."""
        for (identifier,) in self.all("SELECT id FROM article ORDER BY id"):
            if found := self.article(str(identifier), groups):
                yield found

    def candidates(self, numbers: Sequence[int], groups: Groups) -> list[Candidate]:
        """The chunks with these numbers that still exist and that `groups` may see, in no particular order."""
        marks = ",".join("?" * len(numbers))
        query = (
            'SELECT number, article, revision, start, "end", heading, spans, vectors, groups FROM chunk '
            f"JOIN article ON article.id = article JOIN sentence ON chunk = number WHERE number IN ({marks})"
        )
        found = []
        for number, article, revision, start, end, heading, spans, sentences, shown in self.all(query, numbers):
            if _visible(frozenset(json.loads(shown)), groups):
                pairs = np.frombuffer(spans, "<i4").reshape(-1, 2)
                vectors = np.frombuffer(sentences, "<f2").reshape(len(pairs), -1).astype(np.float32)
                offsets = tuple((int(a), int(b)) for a, b in pairs)
                found.append(Candidate(number, article, revision, start, end, heading, offsets, vectors))
        return found

    def numbers(self, after: int = 0, to: int = _MOST) -> NDArray[np.int64]:
        """The numbers of all chunks in `(after, to]`, ascending."""
        found = self.all("SELECT number FROM chunk WHERE number > ? AND number <= ? ORDER BY number", (after, to))
        return np.fromiter((number for (number,) in found), np.int64, len(found))

    def fresh(self, after: int) -> list[tuple[int, frozenset[str], Vector, Terms]]:
        """Number, groups, vector and terms of every chunk above `after`, by number."""
        shown: dict[str, frozenset[str]] = {}
        found = []
        for number, groups, vector, terms in self.all(
            "SELECT number, groups, vector, terms FROM chunk JOIN article ON article.id = article "
            "WHERE number > ? ORDER BY number",
            (after,),
        ):
            seen = shown.setdefault(groups, frozenset(json.loads(groups)))
            found.append((number, seen, np.frombuffer(vector, "<f4"), np.frombuffer(terms or b"", "<u4")))
        return found

    def rows(self, after: int = 0, to: int = _MOST) -> Iterator[ChunkRow]:
        """The chunks with numbers in `(after, to]`, by number."""
        query = (
            'SELECT number, article, heading, title, names, start, "end", groups, vector, language FROM chunk '
            "JOIN article ON article.id = article WHERE number > ? AND number <= ? ORDER BY number LIMIT 2000"
        )
        last = after
        # An article's chunks follow each other, so its text is read only once.
        known, whole = "", ""
        while page := self.all(query, (last, to)):
            for number, article, heading, title, names, start, end, groups, vector, language in page:
                if article != known:
                    known, found = article, self.all("SELECT text FROM article WHERE id = ?", (article,))
                    whole = str(found[0][0]) if found else ""
                called = " ".join([title, *json.loads(names)])
                words = worded(called, heading, whole[start:end], language)
                yield ChunkRow(number, words, frozenset(json.loads(groups)), np.frombuffer(vector, "<f4"))
                last = number

    def vectors(self, to: int) -> Iterator[Matrix]:
        """The vectors of all chunks up to number `to`, in blocks of up to 10,000."""
        query = "SELECT number, vector FROM chunk WHERE number > ? AND number <= ? ORDER BY number LIMIT 10000"
        last = 0
        while page := self.all(query, (last, to)):
            yield np.frombuffer(b"".join(vector for _, vector in page), "<f4").reshape(len(page), -1)
            last = page[-1][0]

    def counts(self) -> dict[str, int]:
        """How many sources, articles and chunks there are."""
        with self._one_at_a_time:
            return schema.counts_of(self._connection)


def _article_of(row: Sequence[Any]) -> Article:
    identifier, title, text, url, revision, updated, groups, pages, language, anchors, names, editor, inside = row
    numbered = tuple((start, number) for start, number in json.loads(pages))
    shown = frozenset(json.loads(groups))
    lead, called, categories = tuple(json.loads(anchors)), tuple(json.loads(names)), tuple(sorted(json.loads(inside)))
    return Article(
        identifier, title, text, url, revision, updated, shown, numbered, language, lead, called, editor, categories
    )


def _visible(shown: frozenset[str], groups: Groups) -> bool:
    return groups is None or bool(shown & groups)
