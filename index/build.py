"""One finished build of the derived indexes, called a generation: made, checked, opened, removed.

A generation is a folder with the keyword index of a library's chunks, their vectors for an exact search, and a
Chroma store of these vectors unless a server keeps them. It is built beside the others, from a copy of the last
where that is less work, and never changed once the library points to it. Readers hold it by a shared lock, and
one that is held is not removed.
"""

import fcntl
import json
import logging
import shutil
import sqlite3
import time
import zlib
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from article_assistant.index.disk import to_disk
from article_assistant.index.flat import Flat
from article_assistant.index.fresh import Statistics
from article_assistant.index.keyword import Keyword
from article_assistant.index.library import Library
from article_assistant.index.neighbours import Away, Elsewhere, Lacking, Neighbours, recall
from article_assistant.index.remote import Remote
from article_assistant.index.schema import Pending, Row
from article_assistant.index.types import Groups, Tell, Vector
from article_assistant.index.vectors import Vectors

log = logging.getLogger(__name__)
BUILD_FORMAT = 3
"""Changes whenever a build of the same chunks would look different."""
WORN = 0.25
"""Share of a generation's chunks that copies of it may drop; beyond that the next one starts from nothing."""
MIN_RECALL = 0.98
"""Share of the true ten nearest chunks that a build must find."""
SPARE = 1.3
"""Over-fetch factor where the asker may not see every chunk."""
ROWS = 8
"""Cost of one more neighbour from the graph, in rows of a linear scan (10 µs and 1.3 µs)."""
HERE = "into its folder"
"""Where a generation's vectors were put, when no server keeps them."""
TELL_SECONDS = 0.1
"""Seconds between two calls of `Tell` while rows are read."""
CHECKED = 5_000
"""Chunks looked up together when a build is checked."""
HELD = "held"
_CHROMA = "chroma.sqlite3"


class Damaged(ValueError):
    """A generation is missing, not whole, or answers wrongly."""


class Generation:
    """A build, held open. `covered` is the highest chunk number that it took in."""

    def __init__(self, folder: Path, remote: Remote | None = None) -> None:
        """With `remote`, the vectors are expected there. Raises Damaged where the build is missing or not whole."""
        self.folder = folder
        self.number = int(folder.name.removeprefix("gen-"))
        self.readers = 0
        self.lacks = False
        """Whether vectors were found missing: it is then searched exactly, and should be built anew."""
        try:
            self._lock = (folder / HELD).open()
        except OSError as error:
            raise Damaged(f"no generation in {folder}") from error
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        try:
            facts = json.loads((folder / HELD).read_text())
            if facts["format"] != BUILD_FORMAT:
                raise Damaged(f"{folder} is of another format")
            self.covered: int = facts["covered"]
            self.dropped: int = facts["dropped"]
            self.place: str = facts.get("place", HERE)
            self._words: float = facts["words"]
            self._stamps = {name: _stamp(folder / name) for name in facts["files"]}
            if wrong := [name for name, known in facts["files"].items() if _crc(folder / name) != known]:
                raise Damaged(f"{', '.join(wrong)} in {folder} is gone or not whole")
            self.keyword = Keyword.open(folder / "keyword")
            self.flat = Flat(folder / "flat")
            self.vectors = self._vectors(remote)
        except (ValueError, KeyError, TypeError, OSError) as error:
            self._lock.close()
            raise error if isinstance(error, Damaged) else Damaged(f"{folder} is not whole ({error})") from error

    def _vectors(self, remote: Remote | None) -> Neighbours:
        if self.place != (remote.place if remote else HERE):
            return Elsewhere(self.place)
        if remote is None:
            return Vectors.open(self.folder / "vectors")
        remote.least = len(self.flat)
        return remote

    @property
    def whole(self) -> bool:
        """Whether none of its files was touched since it was opened; takes microseconds."""
        return all(_stamp(self.folder / name) == known for name, known in self._stamps.items())

    @property
    def count(self) -> int:
        """Number of chunks."""
        return len(self.flat)

    @property
    def complete(self) -> bool:
        """Whether the store of its vectors holds all of them. Raises Away."""
        return self.vectors.count >= self.count

    def statistics(self, words: Sequence[str]) -> Statistics:
        """What BM25 needs to know of these words (stems) in its chunks."""
        return Statistics(self.keyword.count, self._words, self.keyword.holding(words))

    def nearest(self, vector: Vector, groups: Groups, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks that `groups` may see, as numbers with cosines, best first.

        The search is exact where that is less work, or the store of vectors is incomplete or out of reach.
        Raises Damaged where the store fails or returns fewer than it holds.
        """
        seen = self.flat.seen(groups)
        ask = k if seen == self.count else int(SPARE * k * self.count / max(seen, 1))
        if not self.lacks and (seen == self.count or seen > ROWS * ask):
            try:
                found = self.flat.only(self._neighbours(vector, ask), groups)
            except Lacking as error:
                self.lacks = True
                log.warning("search index %d is searched exactly, until it is built anew: %s", self.number, error)
            except Away:
                pass
            else:
                if len(found) >= min(k, self.count):
                    return found[:k]
        return self.flat.nearest(vector, groups, k)

    def _neighbours(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks, whoever may see them."""
        try:
            found = self.vectors.nearest(vector, k)
        except Away:
            raise
        except Exception as error:  # Chroma raises whatever its database or its index does
            raise Damaged(f"the vectors in {self.folder} cannot be searched ({error})") from error
        if len(found) < min(k, self.count):
            raise Damaged(f"the vectors in {self.folder} answer {len(found)} of {min(k, self.count)}")
        return found

    def best(self, question: str, groups: Groups, k: int) -> list[tuple[int, float]]:
        """The best `k` chunks for a question's words that `groups` may see, as numbers with BM25 scores, best first."""
        seen = self.flat.seen(groups)
        if seen < self.count / 2:
            return self.keyword.best(question, groups, k)
        # Where most may be seen, it is cheaper to filter what is found than to search with a filter.
        ask = k if seen == self.count else int(SPARE * k * self.count / seen)
        whole = self.keyword.best(question, None, ask)
        found = self.flat.only(whole, groups)[:k]
        return found if len(found) == k or len(whole) < ask else self.keyword.best(question, groups, k)

    def close(self) -> None:
        """Let go of the build, so that it may be removed."""
        self.vectors.close()
        self.flat.close()
        self._lock.close()

    def check(self, library: Library, gone: Sequence[int], tell: Tell = lambda *_: None) -> None:
        """Compare it with the library: number of rows, their numbers, and recall. Raises Damaged, Away.

        None of the chunks `gone` may be left in its own folder; at a server they may.
        """
        numbers, vectors = library.numbers(to=self.covered), self.vectors.count
        own = self.place == HERE
        enough = vectors == self.count if own else vectors >= self.count
        if not enough or not self.count == self.keyword.count == len(numbers):
            raise Damaged(
                f"{self.folder} holds {vectors} vectors, {self.count} rows and {self.keyword.count} texts "
                f"of {len(numbers)} chunks"
            )
        if own and (stayed := self.vectors.holds(gone)):
            raise Damaged(f"{self.folder} still holds {len(stayed)} chunks that are gone")
        for first in range(0, len(numbers), CHECKED):
            tell("checking", first, len(numbers))
            asked = numbers[first : first + CHECKED].tolist()
            if len(self.vectors.holds(asked)) != len(asked):
                raise Damaged(f"{self.folder} holds other chunks than the library")
        if len(numbers) and (share := recall(self.vectors, library, numbers)) < MIN_RECALL:
            raise Damaged(f"{self.folder} finds {share:.1%} of the nearest chunks, {MIN_RECALL:.0%} are wanted")

    @staticmethod
    def remove(folder: Path) -> bool:
        """Remove a generation; False where somebody holds it."""
        try:
            with (folder / HELD).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
        except BlockingIOError:
            return False
        except FileNotFoundError:
            shutil.rmtree(folder, ignore_errors=True)
        return True


@dataclass(frozen=True, slots=True)
class Builder:
    """Makes generations of a library; their vectors go to `remote` where one is given.

    `tell` is called often while one is made. What it raises ends the build and leaves an unfinished folder,
    which the next build removes.
    """

    library: Library
    remote: Remote | None = None
    tell: Tell = lambda *_: None

    def build(self, folder: Path, pending: Pending, last: Generation | None, anew: bool = False) -> None:
        """Write the pending chunks into a new `folder`, bring it to the disk and check it.

        It starts from a copy of `last`, unless too many chunks of that are gone. A server's vectors are only
        completed, unless all are to be made `anew`; chunks that are gone stay there until they are pruned.
        Raises Damaged where the result is incomplete or its recall too low, Away where the server is.
        """
        gone = [number for number in pending.gone if last is not None and number <= last.covered]
        dropped = last.dropped + len(gone) if last else 0
        if last and dropped > WORN * last.count:
            self.build(folder, pending, None, anew=True)
            return
        if self.remote:
            self._complete(self.remote, pending.highest, anew)
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted build left
        folder.mkdir(parents=True, mode=0o700)
        copied = last.covered if last else 0  # chunks up to this number are in the copy
        vectors_copied = copied if last and last.place == HERE and not self.remote else 0
        if last:
            self._copy(last.folder, folder, vectors=bool(vectors_copied))
        to = pending.highest
        if not self.remote:
            vectors = ((row.number, row.vector) for row in self._rows("vectors", vectors_copied, to))
            count = len(self.library.numbers(vectors_copied, to))
            Vectors.extend(folder / "vectors", vectors, gone if vectors_copied else (), count)
        shown = ((row.number, row.vector, row.groups) for row in self._rows("rights", copied, to))
        Flat.extend(folder / "flat", shown, last.flat if last else None, gone)
        words = ((row.number, row.words, row.groups) for row in self._rows("words", copied, to))
        Keyword.extend(folder / "keyword", words, gone)
        self._seal(folder, to, dropped)
        with closing(Generation(folder, self.remote)) as built:
            try:
                built.check(self.library, gone, self.tell)
            except Lacking as error:
                raise Damaged(str(error)) from error

    def _rows(self, what: str, after: int, to: int) -> Iterator[Row]:
        """The library's rows in `(after, to]`; says now and then how many have been read."""
        count, said = len(self.library.numbers(after, to)), -TELL_SECONDS
        for done, row in enumerate(self.library.rows(after, to)):
            if time.monotonic() >= said + TELL_SECONDS:
                said = time.monotonic()
                self.tell(what, done, count)
            yield row

    def _complete(self, remote: Remote, to: int, anew: bool) -> None:
        """Put the chunks up to number `to` there that are missing."""
        if anew:
            remote.clear()
        remote.begin()
        numbers = self.library.numbers(to=to).tolist()
        lacking = set(numbers) - remote.holds(numbers)
        if lacking:
            rows = self._rows("vectors", min(lacking) - 1, max(lacking))
            remote.extend((row.number, row.vector) for row in rows if row.number in lacking)

    def _copy(self, last: Path, folder: Path, vectors: bool) -> None:
        """Copy a generation; Chroma's database through SQLite, as its readers write into it."""

        def copy(source: str, target: str) -> None:
            self.tell("copying", 0, 0)
            shutil.copy2(source, target)

        ignored = shutil.ignore_patterns(HELD, "flat", f"{_CHROMA}*" if vectors else "vectors")
        shutil.copytree(last, folder, dirs_exist_ok=True, ignore=ignored, copy_function=copy)
        if vectors:
            with (
                closing(sqlite3.connect(last / "vectors" / _CHROMA)) as old,
                closing(sqlite3.connect(folder / "vectors" / _CHROMA)) as new,
            ):
                old.backup(new)

    def _seal(self, folder: Path, to: int, dropped: int) -> None:
        """Write what the build is and what its files hold, and wait until all of it has reached the disk."""
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {}
        for path in filter(_is_still, paths):
            self.tell("checking", 0, 0)
            files[path.relative_to(folder).as_posix()] = _crc(path)
        facts = {
            "format": BUILD_FORMAT, "covered": to, "dropped": dropped, "words": self.library.words_a_chunk(),
            "files": files, "place": self.remote.place if self.remote else HERE,
        }  # fmt: skip
        (folder / HELD).write_text(json.dumps(facts))
        for path in [*folder.rglob("*"), folder, folder.parent]:
            to_disk(path)


def _is_still(path: Path) -> bool:
    """Whether readers leave this file alone.

    Chroma writes into its database whenever it is opened. Below a thousand rows, which are all in the database
    then, it also starts the files of its graph afresh.
    """
    if path.name.startswith(_CHROMA):
        return False
    return "vectors" not in path.parts[-3:] or (path.parent / "index_metadata.pickle").exists()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when somebody touches a file; None where there is no file."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _crc(path: Path) -> int:
    """CRC-32 of a file's content; raises OSError where there is no file."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            found = zlib.crc32(block, found)
    return found
