"""A generation made, checked and removed.

It is built beside the others, from a copy of the last where that is less work.
"""

import fcntl
import json
import shutil
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from article_assistant.index import postings
from article_assistant.index.disk import crc, to_disk
from article_assistant.index.generation import BUILD_FORMAT, HELD, HERE, Damaged, Generation
from article_assistant.index.keyword import terms
from article_assistant.index.library import Library
from article_assistant.index.remote import Remote
from article_assistant.index.scan import Flat
from article_assistant.index.schema import ChunkRow, Pending
from article_assistant.index.types import Matrix, Tell
from article_assistant.index.vectors import Lacking, Neighbours, Vectors
from numpy.typing import NDArray

WORN = 0.25
"""Share of a generation's chunks that copies of it may drop; beyond that the next one starts from nothing."""
MIN_RECALL = 0.98
"""Share of the true ten nearest chunks that a build must find."""
QUERIES = 200
"""Sentences of the library whose nearest chunks are looked up to measure recall."""
TELL_SECONDS = 0.1
"""Seconds between two calls of `Tell` while rows are read."""
CHECKED = 5_000
"""Chunks looked up together when a build is checked."""
_CHROMA = "chroma.sqlite3"


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
        words = ((row.number, terms(row.words)) for row in self._rows("words", copied, to))
        postings.extend(folder / "keyword", words, gone)
        self._seal(folder, to, dropped)
        with closing(Generation(folder, self.remote)) as built:
            try:
                check_whole(built, self.library, gone, self.tell)
            except Lacking as error:
                raise Damaged(str(error)) from error

    def _rows(self, what: str, after: int, to: int) -> Iterator[ChunkRow]:
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
            files[path.relative_to(folder).as_posix()] = crc(path)
        facts = {
            "format": BUILD_FORMAT, "covered": to, "dropped": dropped, "files": files,
            "place": self.remote.place if self.remote else HERE,
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


def check_whole(built: Generation, library: Library, gone: Sequence[int], tell: Tell = lambda *_: None) -> None:
    """Compare a generation with the library: number of rows, their numbers, and recall. Raises Damaged, Away.

    None of the chunks `gone` may be left in its own folder; at a server they may.
    """
    numbers, vectors = library.numbers(to=built.covered), built.vectors.count
    own = built.place == HERE
    enough = vectors == built.count if own else vectors >= built.count
    if not enough or not built.count == built.keyword.count == len(numbers):
        raise Damaged(
            f"{built.folder} holds {vectors} vectors, {built.count} rows and {built.keyword.count} texts "
            f"of {len(numbers)} chunks"
        )
    if own and (stayed := built.vectors.holds(gone)):
        raise Damaged(f"{built.folder} still holds {len(stayed)} chunks that are gone")
    for first in range(0, len(numbers), CHECKED):
        tell("checking", first, len(numbers))
        asked = numbers[first : first + CHECKED].tolist()
        if len(built.vectors.holds(asked)) != len(asked):
            raise Damaged(f"{built.folder} holds other chunks than the library")
    if len(numbers) and (share := recall(built.vectors, library, numbers)) < MIN_RECALL:
        raise Damaged(f"{built.folder} finds {share:.1%} of the nearest chunks, {MIN_RECALL:.0%} are wanted")


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


def recall(store: Neighbours, library: Library, numbers: NDArray[np.int64], k: int = 10) -> float:
    """The share of the true `k` nearest chunks that a store finds, for sentences drawn from the chunks `numbers`.

    The store must hold the library's chunks up to the highest of `numbers`, which may not be empty.
    """
    drawn = np.random.default_rng(7).choice(numbers, min(QUERIES, len(numbers)), replace=False)
    candidates = library.candidates([int(number) for number in drawn], None)
    asked = np.stack([found.sentences[0] for found in candidates if len(found.sentences)])
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)  # they are kept in half precision
    return found_of_nearest(store, library, int(numbers[-1]), asked, min(k, len(numbers)))


def found_of_nearest(store: Neighbours, library: Library, to: int, asked: Matrix, k: int) -> float:
    """The share of the true `k` nearest, of the chunks up to number `to`, that a store finds for these vectors."""
    best = np.full((len(asked), k), -np.inf, np.float32)
    for block in library.vectors(to):
        cosines = np.concatenate([best, asked @ block.T], axis=1)
        best = -np.partition(-cosines, k - 1, axis=1)[:, :k]
    least = best.min(axis=1) - 1e-5  # any of several equal ones will do
    found = [store.nearest(vector, k) for vector in asked]
    return float(np.mean([[cosine >= low for _, cosine in one] for one, low in zip(found, least, strict=True)]))
