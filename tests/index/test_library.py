"""The truth on disk: whole transactions, one schema, private files."""

import os
import re
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from article_assistant.index.library import DATABASE, Library
from article_assistant.index.lock import WRITER_LOCK, hold
from article_assistant.index.schema import SCHEMA, Entry, Failure
from article_assistant.index.types import Chunk, LibraryBusy, LibraryError

from tests.parts import article


@pytest.fixture
def library(tmp_path: Path) -> Iterator[Library]:
    opened = Library.open(tmp_path / "home")
    yield opened
    opened.close()


def entry(identifier: str, text: str = "One. Two.") -> Entry:
    """An article of one chunk with two sentences."""
    one = article(text, "Title", identifier)
    chunk = Chunk(identifier, 0, len(text), "Title", text, ((0, 4), (5, 9)))
    vectors = np.eye(4, dtype=np.float32)
    return Entry(one, "f1", [chunk], vectors[:1], [vectors[1:3]], [np.array([7, 9], np.uint32)])


def test_what_goes_in_comes_out(library: Library) -> None:
    """Article, chunk, offsets, words and vectors are the same after a restart."""
    source = library.ledger.add("/docs", "docs")
    library.replace(source, [entry("docs/a.md")])
    library.close()
    again = Library.open(library.home)
    assert again.article("docs/a.md", None) == entry("docs/a.md").article
    (row,) = again.rows()
    assert row.words == "Title\nTitle\nOne. Two."
    assert row.vector.tolist() == [1, 0, 0, 0]
    ((number, groups, vector, terms),) = again.fresh(0)
    assert (number, groups, terms.tolist()) == (row.number, entry("docs/a.md").article.groups, [7, 9])
    assert vector.tolist() == row.vector.tolist()
    assert again.fresh(number) == []
    (candidate,) = again.candidates([row.number], None)
    assert (candidate.start, candidate.end, candidate.spans) == (0, 9, ((0, 4), (5, 9)))
    assert candidate.sentences.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
    assert again.ledger.fingerprints(source) == {"docs/a.md": "f1"}
    assert again.counts() == {"sources": 1, "articles": 1, "chunks": 1}
    again.close()


def test_a_replacement_is_whole_or_not_at_all(library: Library) -> None:
    """One bad entry of several: none of them is in the library, and what was there still is."""
    source = library.ledger.add("/docs", "docs")
    library.replace(source, [entry("docs/a.md", "Old. Old.")])
    before = library.fact("changes")
    bad = Entry(entry("docs/b.md").article, "f", entry("docs/b.md").chunks, np.empty((0, 4), np.float32), [], [])
    with pytest.raises(ValueError, match="zip"):
        library.replace(source, [entry("docs/a.md", "New. New."), bad])
    kept = library.article("docs/a.md", None)
    assert kept
    assert kept.text == "Old. Old."
    assert library.fact("changes") == before


def test_numbers_of_chunks_are_never_used_again(library: Library) -> None:
    """A stale generation may name a chunk that is gone; no later chunk answers to that number."""
    source = library.ledger.add("/docs", "docs")
    library.replace(source, [entry("docs/a.md")])
    (old,) = library.rows()
    library.remove(["docs/a.md", "docs/never-there.md"])
    library.replace(source, [entry("docs/a.md")])
    (new,) = library.rows()
    assert new.number > old.number
    assert library.candidates([old.number], None) == []


def test_what_changed_since_the_generation_is_counted(library: Library) -> None:
    """Chunks that came and chunks that went, until a generation takes them in."""
    source = library.ledger.add("/docs", "docs")
    library.replace(source, [entry(f"docs/{n}.md") for n in range(12)])
    assert library.changed() == 12
    state, highest, gone = library.pending()
    library.publish(1, state.changes, highest, gone)
    assert library.changed() == 0
    library.replace(source, [entry("docs/new.md")])
    library.remove(["docs/1.md", "docs/2.md"])
    assert library.changed() == 3


def test_a_newer_library_is_refused_in_one_line(library: Library) -> None:
    """A library of a later version is left alone, and the line says what to do."""
    library.close()
    path = library.home / DATABASE
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(f"PRAGMA user_version={SCHEMA + 1}")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(LibraryError, match=r"newer version.*update article-assistant") as caught:
        Library.open(library.home)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before


def test_what_is_no_library_is_refused(tmp_path: Path) -> None:
    """A file that is no database, or a home that is no folder: one line, nothing overwritten."""
    (tmp_path / DATABASE).write_bytes(b"my diary " * 500)
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library.open(tmp_path)
    assert (tmp_path / DATABASE).read_bytes() == b"my diary " * 500
    with pytest.raises(LibraryError, match="cannot be opened"):
        Library.open(tmp_path / DATABASE)


FIRST = """
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
INSERT INTO fact VALUES ('changes', '3'), ('generation', '2'), ('published', '3'), ('encoder', 'words/1');
INSERT INTO source VALUES (1, '/docs', 'docs', NULL);
INSERT INTO article VALUES ('docs/a.md', 1, 'Title', 'One. Two.', '', 'r1', NULL, '["everyone"]', 'f1');
INSERT INTO failure VALUES ('docs/b.md', 1, 'broken');
PRAGMA user_version=1;
"""


def test_a_library_of_the_first_schema_is_brought_forward(tmp_path: Path) -> None:
    """Nothing is lost or embedded again; the generation is to be built anew; a second opening changes nothing."""
    with closing(sqlite3.connect(tmp_path / DATABASE)) as connection, connection:
        connection.executescript(FIRST)
        blobs = (np.eye(4)[0].astype("<f4"), np.array([[0, 4], [5, 9]], "<i4"), np.eye(4)[1:3].astype("<f2"))
        connection.execute(
            "INSERT INTO chunk VALUES (5, 'docs/a.md', 0, 9, 'Title', ?, ?, ?)", [blob.tobytes() for blob in blobs]
        )
    connection.close()
    names = set[str | None]()
    for _ in range(2):
        library = Library.open(tmp_path)
        assert library.article("docs/a.md", None) == entry("docs/a.md").article
        (row,) = library.rows()
        assert (row.number, row.words, row.vector.tolist()) == (5, "Title\nTitle\nOne. Two.", [1, 0, 0, 0])
        (candidate,) = library.candidates([5], None)
        assert candidate.spans == ((0, 4), (5, 9))
        assert candidate.sentences.tolist() == [[0, 1, 0, 0], [0, 0, 1, 0]]
        state = library.state()
        assert (state.changes, state.generation, state.covered, state.encoder) == (3, 2, 0, "words/1")
        assert state.published != state.changes
        assert library.ledger.failed(library.ledger.sources()[0]) == {"docs/b.md": Failure("broken")}
        names.add(library.fact("library"))
        library.close()
    assert len(names) == 1
    assert re.fullmatch("[0-9a-f]{32}", str(*names))
    library = Library.open(tmp_path)
    library.remove(["docs/a.md"])
    assert library.pending()[2] == (5,)
    library.close()


def test_a_library_without_categories_gets_them(library: Library) -> None:
    """One of the schema before opens, its articles are in none, and what is stored from then on is in its own."""
    source = library.ledger.add("/docs", "docs")
    inside = replace(entry("docs/b.md"), article=replace(entry("docs/b.md").article, categories=("A & B", "Ä")))
    with library.writing():
        library.replace(source, [entry("docs/a.md")])
        with library.transaction() as connection:
            connection.execute("DROP TABLE category")
            connection.execute("PRAGMA user_version=8")
    with closing(Library.open(library.home)) as again, again.writing():
        assert again.article("docs/a.md", None) == entry("docs/a.md").article
        again.replace(source, [inside])
        assert again.article("docs/b.md", None) == inside.article
        assert again.ledger.categories(None) == {"A & B": 1, "Ä": 1}


def test_pages_and_files_of_other_kinds_are_kept(library: Library) -> None:
    """An article's pages come back; what is counted of a folder is counted anew with it, and goes with its source."""
    source = library.ledger.add("/docs", "docs")
    paged = replace(entry("docs/a.pdf"), article=replace(entry("docs/a.pdf").article, pages=((0, 1), (4, 2))))
    with library.writing():
        library.replace(source, [paged])
        library.ledger.synced(source, {}, "docs", {("docs", ".zip"): 2, ("docs/sub", ".zip"): 3, ("docs/sub", ""): 1})
        assert library.article("docs/a.pdf", None) == paged.article
        assert library.ledger.others(source) == {".zip": 5, "": 1}
        library.ledger.synced(source, {}, "docs/sub", {("docs/sub", ".odt"): 4})
        assert library.ledger.others(source) == {".odt": 4, ".zip": 2}
        library.ledger.forget(source)
    assert library.ledger.others(source) == {}


@pytest.mark.parametrize("empty", [True, False])
def test_a_library_that_is_gone_is_not_begun_anew_in_silence(library: Library, empty: bool) -> None:
    """Where indexes of it are left, an empty library would answer nothing to everything: it is refused."""
    (library.home / "generations" / "gen-1").mkdir(parents=True)
    library.close()
    path = library.home / DATABASE
    path.unlink()
    if empty:
        path.touch()
    with pytest.raises(LibraryError, match=r"gone or empty.*backup"):
        Library.open(library.home)


def test_nobody_else_on_the_machine_may_read_it(library: Library) -> None:
    """Folder and files are the owner's alone."""
    assert stat.S_IMODE(library.home.stat().st_mode) == 0o700
    with library.writing():
        library.ledger.add("/docs", "docs")
        found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in library.home.iterdir()}
    assert found == dict.fromkeys([DATABASE, f"{DATABASE}-wal", f"{DATABASE}-shm", WRITER_LOCK], 0o600)


def test_what_was_acknowledged_survives_a_power_cut(library: Library) -> None:
    """The write-ahead log is on and brought to the disk at every commit."""
    assert library.all("PRAGMA journal_mode") == [("wal",)]
    assert library.all("PRAGMA synchronous") == [(2,)]
    assert library.all("PRAGMA foreign_keys") == [(1,)]


def test_the_lock_is_given_back(library: Library) -> None:
    """Also after an error; a second holder in the same process is turned away meanwhile."""
    with library.writing(), pytest.raises(LibraryBusy, match="is writing"), library.writing():
        pass
    with pytest.raises(KeyboardInterrupt), library.writing():
        raise KeyboardInterrupt
    with library.writing():
        pass


def test_who_gives_way_is_waited_for(library: Library) -> None:
    """He learns that somebody waits, and leaves; who comes while that one writes is turned away. The next who gives
    way hears nothing of it."""
    begun, ended = threading.Event(), list[str]()

    def mend() -> None:
        with library.writing(gives_way=True) as wanted:
            begun.set()
            while not wanted():
                time.sleep(0.01)
            ended.append("mended")

    def write() -> None:
        with library.writing():
            ended.append("written")
            time.sleep(0.5)
            with pytest.raises(LibraryBusy, match=f"process {os.getpid()} is writing"), library.writing():
                pass

    for _ in range(2):
        begun.clear()
        ended.clear()
        mending = threading.Thread(target=mend)
        mending.start()
        assert begun.wait(60)
        time.sleep(0.2)
        assert not ended
        write()
        mending.join(60)
        assert ended == ["mended", "written"]


def test_each_library_has_a_name_of_its_own(library: Library, tmp_path: Path) -> None:
    """What is derived from it elsewhere is found by that name: it stays, and no other library has it."""
    other = Library.open(tmp_path / "other")
    name = library.fact("library")
    assert name
    assert other.fact("library") not in {None, name}
    other.close()
    library.close()
    again = Library.open(library.home)
    assert again.fact("library") == name
    again.become_another()
    assert again.fact("library") not in {None, name}
    again.close()


def test_a_library_is_held_from_its_opening_to_its_end(library: Library) -> None:
    """Several may have it open, then none can hold it alone; who holds it alone keeps others out; an error lets go."""
    second = Library.open(library.home)
    library.close()
    with pytest.raises(LibraryBusy, match="end it"):
        hold(library.home, alone=True)
    second.close()
    with hold(library.home, alone=True), pytest.raises(LibraryBusy, match="being replaced"):
        Library.open(library.home)
    (library.home / DATABASE).write_bytes(b"no library" * 500)
    with pytest.raises(LibraryError, match=r"restore FILE --force"):
        Library.open(library.home)
    hold(library.home, alone=True).close()


def test_many_threads_read_while_one_writes(library: Library) -> None:
    """A reader sees an article whole, before or after, never in between."""
    source = library.ledger.add("/docs", "docs")
    library.replace(source, [entry("docs/a.md")])
    problems: list[object] = []
    done = threading.Event()

    def read() -> None:
        while not done.is_set():
            counts = library.counts()
            if counts["articles"] != 1 or library.article("docs/a.md", None) is None:
                problems.append(counts)

    threads = [threading.Thread(target=read) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(30):
        library.replace(source, [entry("docs/a.md", f"{number}. Two.")])
    done.set()
    for thread in threads:
        thread.join()
    assert problems == []


def test_failures_are_those_of_the_last_run(library: Library) -> None:
    """A run notes its failures in place of the earlier ones, below the place it looked at and nowhere else."""
    source = library.ledger.add("/docs", "docs")
    broken = Failure("broken", "f1")
    library.ledger.synced(
        source, {"docs/a.md": Failure("empty"), "docs/sub/b.md": broken, "docs/sub.md": broken}, "docs"
    )
    library.ledger.synced(source, {}, "docs/sub")
    assert library.ledger.failures() == {"docs/a.md": "empty", "docs/sub.md": "broken"}
    assert library.ledger.failed(source) == {"docs/a.md": Failure("empty"), "docs/sub.md": broken}
    assert library.ledger.sources()[0].synced
    library.ledger.forget(source)
    assert library.ledger.failures() == {}
