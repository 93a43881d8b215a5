"""Everything in the home is looked at: what can be made anew is mended, the rest is named with what to do."""

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
from article_assistant.index.build import MIN_RECALL, Damaged, Generation
from article_assistant.index.library import DATABASE, Library
from article_assistant.index.lock import WRITER_LOCK
from article_assistant.index.neighbours import Away, Lacking, recall
from article_assistant.index.remote import Remote, Server
from article_assistant.index.types import LibraryBusy, LibraryError

RESTORE = "put a backup in its place: assistant restore FILE --force"
NAMED = 5
"""Things of a kind that are named; the others are counted."""

Progress = Callable[[str, int, int], None]
"""Called with what is looked at, and how many of how many are done; 0 of 0 where that is not known."""


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at; `said` is what was found, what was done about it, and what is to be done."""

    name: str
    state: Literal["well", "mended", "broken"]
    said: str


def verify(
    library: Library,
    publish: Callable[[], None],
    progress: Progress = lambda *_: None,
    server: Server | None = None,
) -> Iterator[Check]:
    """Look at all there is in the library's home, one check after the other, and mend what can be.

    `publish` builds the search index of what the library holds (`index.search.Index.publish`); it is called
    with the writer's lock held. Where a `server` keeps the vectors, it is asked for them. Others may read and
    write meanwhile: the lock is taken only to mend, and where another process holds it that is said.
    """
    yield _permissions(library.home)
    whole = True
    for path in sorted(library.home.glob("*.sqlite3")):
        progress(path.name, 0, 0)
        found = _file(path)
        whole = whole and (found.state == "well" or path.name != DATABASE)
        yield found
    if whole:  # else nothing that is read from it can be relied on
        progress("references", 0, 0)
        yield _references(library)
        yield _articles(library, progress)
        progress("search index", 0, 0)
        try:
            yield from _searches(library, publish, server)
        except Away as error:
            said = f"{error}; questions are answered by a slower search, start the server and try again"
            yield Check("search index", "broken", said)
        yield _leftovers(library)


def _permissions(home: Path) -> Check:
    """Files and folders that others on the machine may read or write."""
    open_ones, refused = list[str](), list[str]()
    for path in _own(home):
        try:
            mode = path.lstat().st_mode
            if not stat.S_ISLNK(mode) and mode & 0o077:
                path.chmod(0o700 if stat.S_ISDIR(mode) else 0o600)
                open_ones.append(path.name)
        except FileNotFoundError:  # a server or a writer has removed it meanwhile
            pass
        except OSError as error:
            refused.append(f"{path} ({error.strerror})")
    if refused:
        said = f"others may read {_some(refused)}; whoever owns that must make it private: chmod -R go= {home}"
        return Check("permissions", "broken", said)
    if open_ones:
        return Check("permissions", "mended", f"others could read {_some(open_ones)}; now the owner only")
    return Check("permissions", "well", "the owner only")


def _own(home: Path) -> Iterator[Path]:
    """The home and what the product keeps there; other files that somebody put there are left alone."""
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
    """Rows that belong to what is not there."""
    with closing(_reading(library.home / DATABASE)) as database:
        tables = [str(table) for table, *_ in database.execute("PRAGMA foreign_key_check")]
    if not tables:
        return Check("references", "well", "every row belongs to one that is there")
    if "article" in tables:
        return Check("references", "broken", f"{tables.count('article')} articles belong to no source; {RESTORE}")
    said = f"{len(tables)} rows ({_some(sorted(set(tables)))}) belonged to nothing that is there"
    try:
        with library.writing():
            library.drop_orphans()
    except LibraryBusy as error:
        return Check("references", "broken", f"{said}; {error}")
    return Check("references", "mended", f"{said}; dropped")


def _articles(library: Library, progress: Progress) -> Check:
    """Articles whose chunks, sentences or vectors are not as they should be."""
    wrong = dict[str, str]()
    with closing(_reading(library.home / DATABASE)) as database:
        database.execute("BEGIN")  # all of it as it is at one moment
        count = int(database.execute("SELECT count(*) FROM article").fetchone()[0])
        chunks = int(database.execute("SELECT count(*) FROM chunk").fetchone()[0])
        # The length of most is right: who knows the encoder's dimension would have to load it.
        usual = "SELECT length(vector) FROM chunk GROUP BY 1 ORDER BY count(*) DESC LIMIT 1"
        dimension = int((database.execute(usual).fetchone() or (0,))[0]) // 4
        for done, (name, text, groups) in enumerate(database.execute("SELECT id, text, groups FROM article")):
            progress("articles", done, count)
            rows = database.execute(
                'SELECT start, "end", vector, terms, spans, vectors FROM chunk LEFT JOIN sentence '
                "ON chunk.number = sentence.chunk WHERE article = ? ORDER BY start",
                (name,),
            )
            if reason := _wrong(text, groups, rows.fetchall(), dimension):
                wrong[name] = reason
    if not wrong:
        return Check("articles", "well", f"{count:,} articles in {chunks:,} chunks, each with its text and vectors")
    said = _some([f"{name} ({reason})" for name, reason in wrong.items()])
    try:
        with library.writing():
            library.doubt(list(wrong))
    except LibraryBusy as error:
        return Check("articles", "broken", f"{said}; {error}")
    sources = [s.address for s in library.sources() if any(name.startswith(f"{s.label}/") for name in wrong)]
    again = f"assistant index {' '.join(sources)}"
    return Check("articles", "broken", f"{said}; to read and embed these again type: {again}")


def _wrong(text: str, groups: str, chunks: Sequence[Sequence[Any]], dimension: int) -> str | None:
    """What is wrong with an article's rows; None where nothing is. `chunks` are in the order of the text."""
    try:
        shown = json.loads(groups)
    except ValueError:
        return "nobody can tell who may see it"
    last = 0
    for start, end, vector, terms, spans, vectors in chunks:
        if not 0 <= start < end <= len(text):
            return "a chunk lies outside of its text"
        if text[last:start].strip():
            return "a part of its text is in no chunk"
        last = end
        if len(vector) != 4 * dimension or not _unit(np.frombuffer(vector, "<f4").reshape(1, -1)):
            return "a chunk's vector is none"
        if len(terms or b"") % 4:
            return "a chunk's words cannot be read"
        if not spans or len(spans) % 8:
            return "a chunk has no sentences"
        places = np.frombuffer(spans, "<i4").reshape(-1, 2)
        if not start <= places[:, 0].min() <= places[:, 1].max() <= end:
            return "a sentence lies outside of its chunk"
        size = 2 * dimension * len(places)
        if len(vectors) != size or not _unit(np.frombuffer(vectors, "<f2").reshape(len(places), -1)):
            return "a sentence's vector is none"
    if shown and text[last:].strip():
        return "a part of its text is in no chunk"
    return None


def _unit(rows: np.ndarray[Any, Any]) -> bool:
    """Whether all rows are of unit length, as far as half precision tells."""
    return bool(np.all(np.abs(np.linalg.norm(rows.astype(np.float32), axis=1) - 1) < 0.01))


def _searches(library: Library, publish: Callable[[], None], server: Server | None) -> Iterator[Check]:
    """The generation in use: whether it is whole, and holds the library's chunks and no others. Raises Away."""
    first = now = _compared(library, server)
    said = ""
    if not all(well for well, _ in first.values()):
        try:
            with library.writing():
                first = now = _compared(library, server)  # a writer may have published meanwhile
                if not all(well for well, _ in first.values()):
                    state = library.state()
                    # Else it would be taken for what was published after the last change.
                    library.publish(state.generation, -1, state.covered, ())
                    publish()
                    now = _compared(library, server)
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


def _compared(library: Library, server: Server | None) -> dict[str, tuple[bool, str]]:
    """For both searches of the generation in use, whether all is well, and what was found."""
    while True:
        number = library.state().generation
        found = _compared_now(library, server)
        if all(well for well, _ in found.values()) or library.state().generation == number:
            return found  # else a writer has published the next one meanwhile and removed this


def _compared_now(library: Library, server: Server | None) -> dict[str, tuple[bool, str]]:
    names = "search index", "keyword index"
    numbers = library.numbers()
    state, _, gone = library.pending()  # after the numbers: what goes in between is in both
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
    """What interrupted builds and restores left; what somebody still reads stays."""
    if not _left(library):
        return Check("leftovers", "well", "none")
    try:
        with library.writing():  # else what is being built would look like one
            found = _left(library)
            for path in found:
                if path.name == RESTORING:
                    shutil.rmtree(path, ignore_errors=True)
                else:
                    Generation.remove(path)
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
    """A connection that reads only."""
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=30)


def _some(names: Sequence[str]) -> str:
    """The first few of several, and how many others there are."""
    more = f" and {len(names) - NAMED:,} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
