"""The library: one SQLite file that is the truth about sources, articles, chunks, vectors and groups.

Write-ahead log with `synchronous=FULL`: what a transaction acknowledged survives a power cut.
"""

import fcntl
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TextIO

import numpy as np
from article_assistant.index.types import Article, Chunk, Groups, LibraryBusy, LibraryError, Matrix, Terms, Vector
from numpy.typing import NDArray

SCHEMA = 4
"""Version of the tables below; a library of a newer one is refused, one of an older one is brought forward."""

FILE = "library.sqlite3"
LOCK = "writer.lock"
GIVES_WAY = "gives way"
"""Stands in the lock behind the number of a process that ends what it does when another wants to write."""
PATIENCE = 60.0
"""Seconds that such a process is given to end."""

_TABLES = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (
    id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, label TEXT NOT NULL UNIQUE, synced TEXT
);
CREATE TABLE article (
    id TEXT PRIMARY KEY, source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE, title TEXT NOT NULL,
    url TEXT NOT NULL, revision TEXT NOT NULL, updated TEXT, groups TEXT NOT NULL, fingerprint TEXT NOT NULL,
    text TEXT NOT NULL
);
CREATE INDEX article_source ON article (source);
CREATE TABLE chunk (
    number INTEGER PRIMARY KEY AUTOINCREMENT, article TEXT NOT NULL REFERENCES article ON DELETE CASCADE,
    start INTEGER NOT NULL, "end" INTEGER NOT NULL, heading TEXT NOT NULL, vector BLOB NOT NULL,
    terms BLOB
);
CREATE INDEX chunk_article ON chunk (article);
CREATE TABLE sentence (
    chunk INTEGER PRIMARY KEY REFERENCES chunk ON DELETE CASCADE, spans BLOB NOT NULL, vectors BLOB NOT NULL
);
CREATE TABLE gone (number INTEGER PRIMARY KEY);
CREATE TRIGGER chunk_gone AFTER DELETE ON chunk BEGIN INSERT OR IGNORE INTO gone VALUES (OLD.number); END;
CREATE TABLE failure (
    article TEXT PRIMARY KEY, source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE, reason TEXT NOT NULL,
    fingerprint TEXT NOT NULL DEFAULT ''
) WITHOUT ROWID;
INSERT INTO fact VALUES ('changes', '0'), ('generation', '0'), ('published', '0'), ('covered', '0');
INSERT INTO fact VALUES ('library', lower(hex(randomblob(16))));
"""

_FORWARD = {
    # From schema 1: sentences leave the chunks and text goes behind what is read without it, so that all
    # vectors, with who may see them, are read in one short pass.
    1: """
ALTER TABLE article ADD COLUMN body TEXT NOT NULL DEFAULT '';
UPDATE article SET body = text;
ALTER TABLE article DROP COLUMN text;
ALTER TABLE article RENAME COLUMN body TO text;
CREATE TABLE sentence (
    chunk INTEGER PRIMARY KEY REFERENCES chunk ON DELETE CASCADE, spans BLOB NOT NULL, vectors BLOB NOT NULL
);
INSERT INTO sentence SELECT number, spans, sentences FROM chunk;
ALTER TABLE chunk DROP COLUMN spans;
ALTER TABLE chunk DROP COLUMN sentences;
ALTER TABLE chunk ADD COLUMN terms BLOB;
CREATE TABLE gone (number INTEGER PRIMARY KEY);
CREATE TRIGGER chunk_gone AFTER DELETE ON chunk BEGIN INSERT OR IGNORE INTO gone VALUES (OLD.number); END;
INSERT OR REPLACE INTO fact VALUES ('covered', '0'), ('published', '-1');
""",
    # From schema 2: a library has a name of its own, which no other one ever had.
    2: """
INSERT INTO fact VALUES ('library', lower(hex(randomblob(16))));
""",
    # From schema 3: what could not be read is known again.
    3: """
ALTER TABLE failure ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
""",
}
"""What brings the tables of a schema to the next one."""


@dataclass(frozen=True, slots=True)
class State:
    """Where the library stands: how many changes there were, and what the generation it points to holds.

    That one was built after `published` changes and holds the chunks up to number `covered`, less those
    that are gone. `encoder` made the vectors; None before there are any.
    """

    changes: int
    generation: int
    published: int
    covered: int
    encoder: str | None


@dataclass(frozen=True, slots=True)
class Source:
    """Where articles come from. `label` begins the ids of its articles; `synced` is a UTC time or None."""

    id: int
    address: str
    label: str
    synced: str | None


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an article could not be read, and the fingerprint of what was tried; empty where it is to be tried again."""

    reason: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One article revision on its way into the library: its chunks, and the vectors of each.

    Row i of `vectors` is chunk i's; `sentences[i]` has a row for each of its sentences, `terms[i]` are its
    words as numbers (`index.keyword.terms`).
    """

    article: Article
    fingerprint: str
    chunks: Sequence[Chunk]
    vectors: Matrix
    sentences: Sequence[Matrix]
    terms: Sequence[Terms]


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
    """A chunk as a generation is built from it; `words` begins with its title and headings."""

    number: int
    words: str
    groups: frozenset[str]
    vector: Vector


def worded(title: str, heading: str, text: str) -> str:
    """The text of a chunk that is searched for words: its title and headings come first."""
    return "\n".join(part for part in (title, heading, text) if part)


def private(path: str, flags: int) -> int:
    """Opens a file for `open`; a new one may be read by its owner only."""
    return os.open(path, flags, 0o600)


def hold(home: Path, *, alone: bool = False) -> ExitStack:
    """Keep the library in the folder `home` from being replaced, or hold it `alone`, to replace it; close to let go.

    Raises LibraryBusy where another one keeps it from that, OSError where there is no such folder.
    """
    held = ExitStack()
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise LibraryBusy(
            f"another process has the library in {home} open; end it (a running `assistant serve` or `assistant "
            "index`), type the command again, and start it anew after that"
            if alone
            else f"the library in {home} is being replaced by a backup; try again when that is done"
        ) from None
    return held


class Library:
    """Reads from any thread; writes inside `with library.writing():`, one process at a time."""

    def __init__(self, home: Path, connection: sqlite3.Connection) -> None:
        self.home = home
        self._connection = connection
        self._opened = ExitStack()  # what is to be closed
        self._one_at_a_time = threading.RLock()

    @classmethod
    def open(cls, home: Path) -> "Library":
        """Open the library in the folder `home`, or begin an empty one.

        Raises LibraryError where it cannot be used: no rights, damaged, or written by a newer version.
        """
        path = home / FILE
        if any(home.glob("generations/gen-*")) and not any(_filled(path.with_name(FILE + end)) for end in ("", "-wal")):
            raise LibraryError(
                f"the library {path} is gone or empty, though indexes made from it are there; put a backup in its "
                f"place (assistant restore FILE), or remove {home / 'generations'} to begin anew"
            )
        with ExitStack() as opened:
            try:
                home.mkdir(mode=0o700, parents=True, exist_ok=True)
                opened.enter_context(hold(home))
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
            if version == 0:
                library._begin()
            elif version < SCHEMA:
                with library.writing():
                    library._forward()
            library._opened = opened.pop_all()
        return library

    def _begin(self) -> None:
        """Make the tables, in one transaction; another process may have been faster."""
        with self._transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            if version == 0:
                _run(connection, _TABLES)
                connection.execute(f"PRAGMA user_version={SCHEMA}")

    def _forward(self) -> None:
        """Bring the tables of an older version to this one's, in one transaction."""
        with self._transaction() as connection:
            (version,) = connection.execute("PRAGMA user_version").fetchone()
            for number in range(version, SCHEMA):
                _run(connection, _FORWARD[number])
            connection.execute(f"PRAGMA user_version={SCHEMA}")

    def close(self) -> None:
        """Close the file; the library cannot be used afterwards."""
        with self._one_at_a_time:
            self._opened.close()

    # --- one writer -------------------------------------------------------------------------------

    @contextmanager
    def writing(self, gives_way: bool = False) -> Iterator[Callable[[], bool]]:
        """Hold the writer's lock; what is given tells whether another process waits for it.

        Who `gives_way` is asked to by each that comes meanwhile, and must look now and then. Raises LibraryBusy
        where one that does not give way holds it, naming that process.
        """
        with open(self.home / LOCK, "a+", opener=private) as lock:
            self._wait_for(lock)
            own = f"{os.getpid()} {GIVES_WAY}\n" if gives_way else f"{os.getpid()}\n"
            lock.truncate(0)
            lock.write(own)
            lock.flush()
            try:
                yield lambda: os.fstat(lock.fileno()).st_size > len(own)
            finally:
                lock.truncate(0)

    def _wait_for(self, lock: TextIO) -> None:
        """Lock this file. One that gives way is asked to, by a word behind its own, and waited for."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                lock.seek(0)
                holder, _, others = lock.read().partition("\n")
                # Nothing stands there yet when it was locked just now.
                if (holder and GIVES_WAY not in holder) or time.monotonic() > until:
                    process = holder.partition(" ")[0] or "unknown"
                    raise LibraryBusy(
                        f"process {process} is writing to {self.home}; try again when it is done"
                    ) from None
                if not others:
                    lock.write(f"{os.getpid()} waits\n")
                    lock.flush()
                time.sleep(0.05)
            else:
                return

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
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
        """Reads inside see the library as it was when the first of them began."""
        with self._one_at_a_time:
            self._connection.execute("BEGIN")
            try:
                yield
            finally:
                self._connection.execute("COMMIT")

    def _all(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        with self._one_at_a_time:
            return self._connection.execute(query, values).fetchall()

    # --- facts: encoder, generation, number of changes ----------------------------------------------

    def fact(self, name: str) -> str | None:
        """A named fact about the library, or None."""
        rows = self._all("SELECT value FROM fact WHERE name = ?", (name,))
        return str(rows[0][0]) if rows else None

    def state(self) -> State:
        """Where the library stands, all of it at one moment."""
        facts = dict(self._all("SELECT name, value FROM fact"))
        changes, generation, published, covered = (
            int(facts.get(name, 0)) for name in ("changes", "generation", "published", "covered")
        )
        return State(changes, generation, published, covered, facts.get("encoder"))

    def pending(self) -> tuple[State, int, tuple[int, ...]]:
        """What the next generation takes in: the state, the highest number of a chunk, the numbers that are gone."""
        with self._snapshot():
            state = self.state()
            highest = int(self._all("SELECT coalesce(max(number), 0) FROM chunk")[0][0])
            gone = tuple(int(number) for (number,) in self._all("SELECT number FROM gone"))
        return state, highest, gone

    def changed(self) -> int:
        """How many chunks came or went since the generation was built."""
        # The index is read, which is narrow, and not the rows, which hold vectors.
        since = (
            "SELECT count(*) FROM chunk INDEXED BY chunk_article "
            "WHERE number > (SELECT CAST(value AS INTEGER) FROM fact WHERE name = 'covered')"
        )
        return int(self._all(f"SELECT ({since}) + (SELECT count(*) FROM gone)")[0][0])

    def publish(self, generation: int, changes: int, covered: int, gone: Sequence[int]) -> None:
        """Point to a finished generation, and forget which chunks are gone that it doesn't hold any more."""
        with self._transaction() as connection:
            connection.executemany(
                "INSERT OR REPLACE INTO fact VALUES (?, ?)",
                [("generation", str(generation)), ("published", str(changes)), ("covered", str(covered))],
            )
            connection.executemany("DELETE FROM gone WHERE number = ?", [(number,) for number in gone])

    def become_another(self) -> None:
        """Take a name that no library had, and point to no generation: to be done when a backup was put in place.

        Numbers of chunks are given again from where the backup was made, so what was derived from
        later ones would name the wrong chunks.
        """
        with self._transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO fact VALUES ('generation', '0'), ('published', '-1'), ('covered', '0'), "
                "('library', lower(hex(randomblob(16))))"
            )
            connection.execute("DELETE FROM gone")

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

    def synced(self, source: Source, failures: Mapping[str, Failure], place: str = "") -> None:
        """Note that a source was brought up to date now, and which articles at or below `place` failed why."""
        now = datetime.now(UTC).isoformat(timespec="seconds")
        with self._transaction() as connection:
            connection.execute("UPDATE source SET synced = ? WHERE id = ?", (now, source.id))
            connection.execute(
                "DELETE FROM failure WHERE source = ? AND (article = ? OR substr(article, 1, ?) = ?)",
                (source.id, place, *_below(place)),
            )
            connection.executemany(
                "INSERT OR REPLACE INTO failure VALUES (?, ?, ?, ?)",
                [(article, source.id, failed.reason, failed.fingerprint) for article, failed in failures.items()],
            )

    def failures(self) -> dict[str, str]:
        """What could not be read when its source was last brought up to date, and why."""
        return {str(a): str(b) for a, b in self._all("SELECT article, reason FROM failure ORDER BY article")}

    def failed(self, source: Source) -> dict[str, Failure]:
        """The same for one source, with the fingerprints of what was tried."""
        query = "SELECT article, reason, fingerprint FROM failure WHERE source = ?"
        return {str(article): Failure(reason, tried) for article, reason, tried in self._all(query, (source.id,))}

    # --- mending --------------------------------------------------------------------------------------

    def drop_orphans(self) -> int:
        """Drop chunks, sentences and failures of what is not there; how many rows that were."""
        with self._transaction() as connection:
            dropped = sum(
                connection.execute(query).rowcount
                for query in (
                    "DELETE FROM chunk WHERE article NOT IN (SELECT id FROM article)",
                    "DELETE FROM sentence WHERE chunk NOT IN (SELECT number FROM chunk)",
                    "DELETE FROM failure WHERE source NOT IN (SELECT id FROM source)",
                )
            )
            _count_change(connection)
        return dropped

    def doubt(self, articles: Sequence[str]) -> None:
        """Have these articles (ids) read and embedded again when their source is next brought up to date."""
        with self._transaction() as connection:
            connection.executemany("UPDATE article SET fingerprint = '' WHERE id = ?", [(one,) for one in articles])

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
                        article.id, source.id, article.title, article.url, article.revision, article.updated,
                        json.dumps(sorted(article.groups)), entry.fingerprint, article.text,
                    ),
                )  # fmt: skip
                parts = zip(entry.chunks, entry.vectors, entry.sentences, entry.terms, strict=True)
                for chunk, vector, sentences, terms in parts:
                    number = connection.execute(
                        'INSERT INTO chunk (article, start, "end", heading, vector, terms) VALUES (?, ?, ?, ?, ?, ?)',
                        (
                            article.id, chunk.start, chunk.end, chunk.heading,
                            np.asarray(vector, "<f4").tobytes(), np.asarray(terms, "<u4").tobytes(),
                        ),
                    ).lastrowid  # fmt: skip
                    # Half precision costs a sentence's cosine at most 0.001, and saves half of the file.
                    spans, rows = np.asarray(chunk.sentences, "<i4"), np.asarray(sentences, "<f2")
                    connection.execute(
                        "INSERT INTO sentence VALUES (?, ?, ?)", (number, spans.tobytes(), rows.tobytes())
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
            'SELECT number, article, revision, start, "end", heading, spans, vectors, groups FROM chunk '
            f"JOIN article ON article.id = article JOIN sentence ON chunk = number WHERE number IN ({marks})"
        )
        found = []
        for number, article, revision, start, end, heading, spans, sentences, shown in self._all(query, numbers):
            if _visible(frozenset(json.loads(shown)), groups):
                pairs = np.frombuffer(spans, "<i4").reshape(-1, 2)
                vectors = np.frombuffer(sentences, "<f2").reshape(len(pairs), -1).astype(np.float32)
                offsets = tuple((int(a), int(b)) for a, b in pairs)
                found.append(Candidate(number, article, revision, start, end, heading, offsets, vectors))
        return found

    def numbers(self, after: int = 0) -> NDArray[np.int64]:
        """The numbers of all chunks above `after`, rising."""
        found = self._all("SELECT number FROM chunk WHERE number > ? ORDER BY number", (after,))
        return np.fromiter((number for (number,) in found), np.int64, len(found))

    def fresh(self, after: int) -> list[tuple[int, frozenset[str], Vector, Terms]]:
        """Number, groups, vector and words of every chunk above `after`, in the order of numbers."""
        shown: dict[str, frozenset[str]] = {}
        found = []
        for number, groups, vector, terms in self._all(
            "SELECT number, groups, vector, terms FROM chunk JOIN article ON article.id = article "
            "WHERE number > ? ORDER BY number",
            (after,),
        ):
            seen = shown.setdefault(groups, frozenset(json.loads(groups)))
            found.append((number, seen, np.frombuffer(vector, "<f4"), np.frombuffer(terms or b"", "<u4")))
        return found

    def rows(self, after: int = 0, to: int | None = None) -> Iterator[Row]:
        """The chunks above number `after` and up to `to`, in the order of numbers."""
        query = (
            'SELECT number, article, heading, title, start, "end", groups, vector FROM chunk '
            "JOIN article ON article.id = article WHERE number > ? AND number <= ? ORDER BY number LIMIT 2000"
        )
        last, highest = after, _MOST if to is None else to
        # Chunks of one article follow each other: its text is read once, not once a chunk.
        known, whole = "", ""
        while page := self._all(query, (last, highest)):
            for number, article, heading, title, start, end, groups, vector in page:
                if article != known:
                    known, found = article, self._all("SELECT text FROM article WHERE id = ?", (article,))
                    whole = str(found[0][0]) if found else ""
                words = worded(title, heading, whole[start:end])
                yield Row(number, words, frozenset(json.loads(groups)), np.frombuffer(vector, "<f4"))
                last = number

    def vectors(self, to: int) -> Iterator[Matrix]:
        """The vectors of all chunks up to number `to`, in blocks of up to 10,000."""
        query = "SELECT number, vector FROM chunk WHERE number > ? AND number <= ? ORDER BY number LIMIT 10000"
        last = 0
        while page := self._all(query, (last, to)):
            yield np.frombuffer(b"".join(vector for _, vector in page), "<f4").reshape(len(page), -1)
            last = page[-1][0]

    def words_a_chunk(self) -> float:
        """The mean number of words of a chunk."""
        return float(self._all("SELECT coalesce(avg(length(terms)), 0) / 4 FROM chunk")[0][0])

    def counts(self) -> dict[str, int]:
        """How many sources, articles and chunks there are."""
        return {
            f"{table}s": int(self._all(f"SELECT count(*) FROM {table}")[0][0])
            for table in ("source", "article", "chunk")
        }


_MOST = 2**63 - 1
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


def _filled(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0


def _run(connection: sqlite3.Connection, statements: str) -> None:
    """Run statements that each end with a line; unlike `executescript` it stays in the transaction."""
    for statement in statements.split(";\n"):
        if statement.strip():
            connection.execute(statement)


def _count_change(connection: sqlite3.Connection) -> None:
    connection.execute("UPDATE fact SET value = value + 1 WHERE name = 'changes'")
