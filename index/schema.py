"""The tables of a library, how those of an older version are brought forward, and the records of their rows."""

import json
import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from article_assistant.index.types import Article, Chunk, Matrix, Terms, Vector

SCHEMA = 9
"""Version of the tables, kept as SQLite's `user_version`: a newer one is refused, an older one brought forward."""

_TABLES = """
CREATE TABLE fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE source (
    id INTEGER PRIMARY KEY, address TEXT NOT NULL UNIQUE, label TEXT NOT NULL UNIQUE, synced TEXT,
    groups TEXT NOT NULL DEFAULT '[]', state TEXT NOT NULL DEFAULT '', waiting INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE article (
    id TEXT PRIMARY KEY, source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE, title TEXT NOT NULL,
    url TEXT NOT NULL, revision TEXT NOT NULL, updated TEXT, groups TEXT NOT NULL, fingerprint TEXT NOT NULL,
    text TEXT NOT NULL, pages TEXT NOT NULL DEFAULT '[]', language TEXT NOT NULL DEFAULT 'en',
    anchors TEXT NOT NULL DEFAULT '[]', names TEXT NOT NULL DEFAULT '[]', editor TEXT NOT NULL DEFAULT ''
);
CREATE INDEX article_source ON article (source);
CREATE TABLE category (
    article TEXT NOT NULL REFERENCES article ON DELETE CASCADE, name TEXT NOT NULL, folded TEXT NOT NULL,
    PRIMARY KEY (article, name)
) WITHOUT ROWID;
CREATE INDEX category_folded ON category (folded);
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
CREATE TABLE other (
    folder TEXT, source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE, kind TEXT, files INTEGER NOT NULL,
    PRIMARY KEY (folder, kind)
) WITHOUT ROWID;
CREATE TABLE trouble (
    address TEXT PRIMARY KEY, since TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
INSERT INTO fact VALUES ('changes', '0'), ('generation', '0'), ('published', '0'), ('covered', '0');
INSERT INTO fact VALUES ('library', lower(hex(randomblob(16))));
"""

_FORWARD = {
    # Sentences get a table of their own and text becomes the last column: all vectors and groups are then
    # read in one short pass.
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
    # A library has a name that no other ever had.
    2: """
INSERT INTO fact VALUES ('library', lower(hex(randomblob(16))));
""",
    # What could not be read is recognised.
    3: """
ALTER TABLE failure ADD COLUMN fingerprint TEXT NOT NULL DEFAULT '';
""",
    # From schema 4: pages of a file are known, and how many files of other kinds a source holds.
    4: """
ALTER TABLE article ADD COLUMN pages TEXT NOT NULL DEFAULT '[]';
CREATE TABLE other (
    folder TEXT, source INTEGER NOT NULL REFERENCES source ON DELETE CASCADE, kind TEXT, files INTEGER NOT NULL,
    PRIMARY KEY (folder, kind)
) WITHOUT ROWID;
""",
    # An article has a language; what was read before there were any counts as English until it is read again.
    5: """
ALTER TABLE article ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
""",
    # A source may be a wiki, which remembers how far it was read and who may read it.
    6: """
ALTER TABLE source ADD COLUMN groups TEXT NOT NULL DEFAULT '[]';
ALTER TABLE source ADD COLUMN state TEXT NOT NULL DEFAULT '';
ALTER TABLE source ADD COLUMN waiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE article ADD COLUMN anchors TEXT NOT NULL DEFAULT '[]';
ALTER TABLE article ADD COLUMN names TEXT NOT NULL DEFAULT '[]';
ALTER TABLE article ADD COLUMN editor TEXT NOT NULL DEFAULT '';
""",
    # Why a source could not be read, also one that never was.
    7: """
CREATE TABLE trouble (
    address TEXT PRIMARY KEY, since TEXT NOT NULL, at TEXT NOT NULL, reason TEXT NOT NULL
) WITHOUT ROWID;
""",
    # Categories; in a table of their own, as a search by one shall not read past every text.
    8: """
CREATE TABLE category (
    article TEXT NOT NULL REFERENCES article ON DELETE CASCADE, name TEXT NOT NULL, folded TEXT NOT NULL,
    PRIMARY KEY (article, name)
) WITHOUT ROWID;
CREATE INDEX category_folded ON category (folded);
""",
}
"""For each older schema, the statements that lead to the next one."""


@dataclass(frozen=True, slots=True)
class LibraryState:
    """How many changes the library has seen, and which generation it points to.

    That generation was built after `published` changes, from the chunks up to number `covered` that were
    there. `encoder` is the version of what made the vectors, None before there are any.
    """

    changes: int
    generation: int
    published: int
    covered: int
    encoder: str | None


class Pending(NamedTuple):
    """What the next generation takes in: chunks up to number `highest`, without those that are `gone`."""

    state: LibraryState
    highest: int
    gone: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """Where articles come from. `label` begins the ids of its articles; `synced` is a UTC time or None.

    `groups` are those that somebody gave to all its articles; empty where nobody did. `state` is how far it was
    read, in words of its own, and `waiting` how many articles wait for a confirmation that they are gone.
    """

    id: int
    address: str
    label: str
    synced: str | None
    groups: frozenset[str] = frozenset()
    state: str = ""
    waiting: int = 0


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a source could not be read the last time that it failed, `at` a UTC time; it has failed `since` another."""

    since: str
    at: str
    reason: str


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an article could not be read, and the fingerprint of what was tried; "" to try it again in any case."""

    reason: str
    fingerprint: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One article revision to be stored, with its chunks.

    Row i of `vectors` belongs to chunk i; `sentences[i]` has one row for each of its sentences, and `terms[i]`
    holds its words as numbers (`index.keyword.terms`).
    """

    article: Article
    fingerprint: str
    chunks: Sequence[Chunk]
    vectors: Matrix
    sentences: Sequence[Matrix]
    terms: Sequence[Terms]


@dataclass(frozen=True, slots=True)
class Candidate:
    """A chunk that a search put forward; row i of `sentences` is the vector of the sentence at `spans[i]`."""

    number: int
    article: str
    revision: str
    start: int
    end: int
    heading: str
    spans: tuple[tuple[int, int], ...]
    sentences: Matrix


@dataclass(frozen=True, slots=True)
class ChunkRow:
    """What a generation is built from: a chunk, its words (title and headings first), groups and vector."""

    number: int
    words: str
    groups: frozenset[str]
    vector: Vector


def counts_of(connection: sqlite3.Connection) -> dict[str, int]:
    """How many sources, articles and chunks there are."""
    tables = "source", "article", "chunk"
    return {f"{table}s": int(connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]) for table in tables}


def bring_forward(connection: sqlite3.Connection) -> None:
    """Make the tables, or bring those of an older version up to this one; inside a transaction, which it stays in."""
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version < SCHEMA:  # another process may have been faster
        for statements in [_FORWARD[number] for number in range(version, SCHEMA)] if version else [_TABLES]:
            for statement in filter(str.strip, statements.split(";\n")):  # `executescript` would commit
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version={SCHEMA}")


def insert(connection: sqlite3.Connection, source: Source, entry: Entry) -> None:
    """Put an article of a source in place of an earlier revision, with its chunks and their sentences."""
    article = entry.article
    connection.execute("DELETE FROM article WHERE id = ?", (article.id,))
    connection.execute(
        "INSERT INTO article VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            article.id, source.id, article.title, article.url, article.revision, article.updated,
            json.dumps(sorted(article.groups)), entry.fingerprint, article.text, json.dumps(article.pages),
            article.language, json.dumps(article.anchors), json.dumps(article.names), article.editor,
        ),
    )  # fmt: skip
    connection.executemany(
        "INSERT INTO category VALUES (?, ?, ?)", [(article.id, name, folded(name)) for name in article.categories]
    )
    for chunk, vector, sentences, terms in zip(entry.chunks, entry.vectors, entry.sentences, entry.terms, strict=True):
        number = connection.execute(
            'INSERT INTO chunk (article, start, "end", heading, vector, terms) VALUES (?, ?, ?, ?, ?, ?)',
            (
                article.id, chunk.start, chunk.end, chunk.heading,
                np.asarray(vector, "<f4").tobytes(), np.asarray(terms, "<u4").tobytes(),
            ),
        ).lastrowid  # fmt: skip
        # Half precision changes a sentence's cosine by at most 0.001 and halves the file.
        spans, rows = np.asarray(chunk.sentences, "<i4"), np.asarray(sentences, "<f2")
        connection.execute("INSERT INTO sentence VALUES (?, ?, ?)", (number, spans.tobytes(), rows.tobytes()))


def folded(category: str) -> str:
    """A category in the form that one is found by: case, underscores and further spaces make no other of it.

    >>> folded("Human_Resources ")
    'human resources'
    """
    return " ".join(category.replace("_", " ").split()).casefold()


def count_change(connection: sqlite3.Connection) -> None:
    """Count one more change of the library."""
    connection.execute("UPDATE fact SET value = value + 1 WHERE name = 'changes'")


def drop_orphans(connection: sqlite3.Connection) -> None:
    """Drop chunks, categories, sentences and failures whose article, chunk or source is missing."""
    connection.execute("DELETE FROM chunk WHERE article NOT IN (SELECT id FROM article)")
    connection.execute("DELETE FROM category WHERE article NOT IN (SELECT id FROM article)")
    connection.execute("DELETE FROM sentence WHERE chunk NOT IN (SELECT number FROM chunk)")
    connection.execute("DELETE FROM failure WHERE source NOT IN (SELECT id FROM source)")
    count_change(connection)
