"""Checks everything in the home, mends what can be rebuilt, and says what to do about the rest."""

import json
import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from article_assistant.index.backup import REPLACED, RESTORING
from article_assistant.index.build import MIN_RECALL, recall, remove
from article_assistant.index.generation import Damaged, Generation
from article_assistant.index.library import DATABASE, Library
from article_assistant.index.lock import WRITER_LOCK
from article_assistant.index.remote import Remote, Server
from article_assistant.index.schema import drop_orphans
from article_assistant.index.types import LibraryBusy, LibraryError, Tell
from article_assistant.index.vectors import Away, Lacking

RESTORE = "put a backup in its place: assistant restore FILE --force"
NAMED = 5
"""Items listed by name; the others are counted."""


@dataclass(frozen=True, slots=True)
class Check:
    """The result of one check; `said` tells what was found, what was done about it, and what to do."""

    name: str
    state: Literal["well", "mended", "broken"]
    said: str


def verify(
    library: Library, publish: Callable[[], None], tell: Tell = lambda *_: None, server: Server | None = None
) -> Iterator[Check]:
    """Check everything in the library's home, one thing after the other, and mend what can be mended.

    `publish` (`index.search.Index.publish`) is called with the writer's lock held. `server` keeps the vectors, if
    one does. Others may read and write meanwhile: the lock is taken only to mend, and a check says so where
    another process holds it.
    """
    yield _permissions(library.home)
    whole = True
    for path in sorted(library.home.glob("*.sqlite3")):
        tell(path.name, 0, 0)
        found = _file(path)
        whole = whole and (found.state == "well" or path.name != DATABASE)
        yield found
    if whole:  # otherwise nothing that is read from it can be relied on
        tell("references", 0, 0)
        yield _references(library)
        yield _articles(library, tell)
        tell("search index", 0, 0)
        try:
            yield from _searches(library, publish, server)
        except Away as error:
            said = f"{error}; questions are answered by a slower search, start the server and try again"
            yield Check("search index", "broken", said)
        yield _leftovers(library)


def _permissions(home: Path) -> Check:
    """Whether other users of the machine may read or write the files."""
    open_ones, refused = list[str](), list[str]()
    for path in _own(home):
        try:
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                path.chmod(0o700 if stat.S_ISDIR(mode) else 0o600)
                open_ones.append(path.name)
        except FileNotFoundError:  # a server or a writer has just removed it
            pass
        except OSError as error:
            refused.append(f"{path} ({error.strerror})")
    if refused:
        said = f"others may read {_some(refused)}; its owner must make it private: chmod -R go= {home}"
        return Check("permissions", "broken", said)
    if open_ones:
        return Check("permissions", "mended", f"others could read {_some(open_ones)}; now the owner only")
    return Check("permissions", "well", "the owner only")


def _own(home: Path) -> Iterator[Path]:
    """The home and what the product keeps in it, but no other files that somebody put there."""
    yield home
    for path in home.iterdir():
        if path.is_dir() and (path.name in {"generations", RESTORING} or path.name.startswith(REPLACED)):
            for folder, _, files in os.walk(path):
                yield Path(folder)
                yield from (Path(folder, name) for name in files)
        elif path.name == WRITER_LOCK or ".sqlite3" in path.name:
            yield path


def _file(path: Path) -> Check:
    """Whether a database is whole."""
    try:
        with closing(_reading(path)) as database:
            problems = [" ".join(line.split()) for (line,) in database.execute("PRAGMA integrity_check(1)")]
    except sqlite3.Error as error:
        problems = [str(error)]
    if problems == ["ok"]:
        return Check(path.name, "well", f"whole, {path.stat().st_size / 1e3:,.0f} kB")
    return Check(path.name, "broken", f"damaged ({problems[0]}); {RESTORE}")


def _references(library: Library) -> Check:
    """Whether every row belongs to one that exists."""
    with closing(_reading(library.home / DATABASE)) as database:
        tables = [str(table) for table, *_ in database.execute("PRAGMA foreign_key_check")]
    if not tables:
        return Check("references", "well", "every row belongs to one that is there")
    if "article" in tables:
        return Check("references", "broken", f"{tables.count('article')} articles belong to no source; {RESTORE}")
    said = f"{len(tables)} rows ({_some(sorted(set(tables)))}) belonged to nothing that is there"
    try:
        with library.writing(), library.transaction() as connection:
            drop_orphans(connection)
    except LibraryBusy as error:
        return Check("references", "broken", f"{said}; {error}")
    return Check("references", "mended", f"{said}; dropped")


def _articles(library: Library, tell: Tell) -> Check:
    """Whether the chunks, sentences and vectors of every article are as they should be."""
    wrong = dict[str, str]()
    with closing(_reading(library.home / DATABASE)) as database:
        database.execute("BEGIN")  # everything as of one moment
        count = int(database.execute("SELECT count(*) FROM article").fetchone()[0])
        chunks = int(database.execute("SELECT count(*) FROM chunk").fetchone()[0])
        # The commonest length is right; asking the encoder would mean loading it.
        usual = "SELECT length(vector) FROM chunk GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        dimension = int((database.execute(usual).fetchone() or (0,))[0]) // 4
        for done, (name, text, groups) in enumerate(database.execute("SELECT id, text, groups FROM article")):
            tell("articles", done, count)
            rows = database.execute(
                'SELECT start, "end", vector, terms, spans, vectors FROM chunk LEFT JOIN sentence '
                "ON chunk.number = sentence.chunk WHERE article = ? ORDER BY start",
                (name,),
            )
            if reason := _fault(text, groups, rows.fetchall(), dimension):
                wrong[name] = reason
    if not wrong:
        return Check("articles", "well", f"{count:,} articles in {chunks:,} chunks, each with its text and vectors")
    said = _some([f"{name} ({reason})" for name, reason in wrong.items()])
    try:
        with library.writing():
            library.ledger.doubt(list(wrong))
    except LibraryBusy as error:
        return Check("articles", "broken", f"{said}; {error}")
    sources = [s.address for s in library.ledger.sources() if any(name.startswith(f"{s.label}/") for name in wrong)]
    again = f"assistant index {' '.join(sources)}"
    return Check("articles", "broken", f"{said}; to read and embed these again type: {again}")


def _fault(text: str, groups: str, chunks: Sequence[Sequence[Any]], dimension: int) -> str | None:
    """What is wrong with an article's rows, or None. `chunks` are in the order of the text."""
    try:
        shown = json.loads(groups)
    except ValueError:
        return "it is unknown who may see it"
    last = 0
    for start, end, vector, terms, spans, vectors in chunks:
        if not 0 <= start < end <= len(text):
            return "a chunk lies outside of its text"
        if text[last:start].strip():
            return "a part of its text is in no chunk"
        last = end
        if len(vector) != 4 * dimension or not _is_unit(np.frombuffer(vector, "<f4").reshape(1, -1)):
            return "a chunk's vector is not a vector"
        if len(terms or b"") % 4:
            return "a chunk's words cannot be read"
        if not spans or len(spans) % 8:
            return "a chunk has no sentences"
        places = np.frombuffer(spans, "<i4").reshape(-1, 2)
        if not start <= places[:, 0].min() <= places[:, 1].max() <= end:
            return "a sentence lies outside of its chunk"
        size = 2 * dimension * len(places)
        if len(vectors) != size or not _is_unit(np.frombuffer(vectors, "<f2").reshape(len(places), -1)):
            return "a sentence's vector is not a vector"
    if shown and text[last:].strip():
        return "a part of its text is in no chunk"
    return None


def _is_unit(rows: np.ndarray[Any, Any]) -> bool:
    """Whether all rows have unit length, up to half precision."""
    return bool(np.all(np.abs(np.linalg.norm(rows.astype(np.float32), axis=1) - 1) < 0.01))


def _searches(library: Library, publish: Callable[[], None], server: Server | None) -> Iterator[Check]:
    """Whether the generation in use is whole and holds exactly the library's chunks. Raises Away."""
    first = now = _states(library, server)
    said = ""
    if not all(well for well, _ in first.values()):
        try:
            with library.writing():
                first = now = _states(library, server)  # a writer may have published meanwhile
                if not all(well for well, _ in first.values()):
                    state = library.state()
                    # Otherwise it would count as up to date.
                    library.publish(state.generation, -1, state.covered, ())
                    publish()
                    now = _states(library, server)
        except LibraryError as error:
            said = f"; {error}"
    for name, (well, found) in now.items():
        before, lacked = first[name]
        if well and before:
            yield Check(name, "well", found)
        elif well:
            yield Check(name, "mended", f"{lacked}; built anew: {found}")
        else:
            yield Check(name, "broken", f"{found}{said or '; check the disk, and type: assistant index SOURCE'}")


def _states(library: Library, server: Server | None) -> dict[str, tuple[bool, str]]:
    """For both searches of the generation in use, whether it is well, and what was found."""
    while True:
        number = library.state().generation
        found = _states_now(library, server)
        if all(well for well, _ in found.values()) or library.state().generation == number:
            return found  # otherwise a writer has just replaced and removed it


def _states_now(library: Library, server: Server | None) -> dict[str, tuple[bool, str]]:
    names = "search index", "keyword index"
    numbers = library.numbers()
    state, _, gone = library.pending()  # after the numbers, so that chunks removed in between are in both
    if not state.generation:
        said = f"none is built of {len(numbers):,} chunks" if len(numbers) else "none yet, nothing is indexed"
        return dict.fromkeys(names, (not len(numbers), said))
    try:
        remote = Remote(server, library.fact("library") or "", state.encoder or "") if server else None
        generation = Generation(library.home / "generations" / f"gen-{state.generation}", remote)
    except Damaged as error:
        return dict.fromkeys(names, (False, str(error)))
    try:
        there = numbers[numbers <= state.covered]
        wanted = sorted({int(number) for number in there}.union(number for number in gone if number <= state.covered))
        held = len(generation.vectors.holds(wanted))
        share = recall(generation.vectors, library, there) if len(there) else 1.0
        well = held == len(wanted) == generation.count and share >= MIN_RECALL
        words = generation.keyword.count
        return {
            "search index": (
                well,
                f"number {state.generation} holds {held:,} of {len(wanted):,} chunks"
                + (f" and {generation.count - held:,} others" if generation.count > held else "")
                + f", and finds {share:.1%} of the nearest",
            ),
            "keyword index": (words == len(wanted), f"holds {words:,} of {len(wanted):,} chunks"),
        }
    except (Damaged, Lacking) as error:
        return dict.fromkeys(names, (False, str(error)))
    finally:
        generation.close()


def _leftovers(library: Library) -> Check:
    """What interrupted builds and restores left; generations that are still read stay."""
    if not _left(library):
        return Check("leftovers", "well", "none")
    try:
        with library.writing():  # otherwise a build in progress would look like one
            found = _left(library)
            for path in found:
                if path.name == RESTORING:
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    remove(path)
    except LibraryBusy as error:
        return Check("leftovers", "well", f"not looked at: {error}")
    if stayed := [path.name for path in found if path.exists()]:
        return Check("leftovers", "well", f"{_some(stayed)}: still read by a server, and removed by the next build")
    return Check("leftovers", "mended", f"removed {_some([path.name for path in found])}")


def _left(library: Library) -> list[Path]:
    """Folders that nothing points to."""
    current = f"gen-{library.state().generation}"
    generations = [path for path in library.home.glob("generations/*") if path.name != current]
    return [*generations, *library.home.glob(RESTORING)]


def _reading(path: Path) -> sqlite3.Connection:
    """A read-only connection."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30)


def _some(names: Sequence[str]) -> str:
    """The first NAMED of several, and the number of the others."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
