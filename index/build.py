"""One finished build of the derived indexes: the Chroma store and the keyword index of a library's chunks.

A generation is a folder. It is built beside the others, from a copy of the last where that is less work,
checked, brought to the disk, and never changed once the library points to it. Readers hold it by a
shared lock; one that somebody holds is never removed. Where a server keeps the vectors, they are not in the
folder, and while the server is away they are searched row by row.
"""

import fcntl
import json
import logging
import shutil
import sqlite3
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
from article_assistant.index.disk import to_disk
from article_assistant.index.flat import Flat
from article_assistant.index.fresh import Statistics
from article_assistant.index.keyword import Keyword
from article_assistant.index.library import Library
from article_assistant.index.remote import Away, Elsewhere, Lacking, Remote
from article_assistant.index.schema import Row
from article_assistant.index.types import Groups, Matrix, Vector
from article_assistant.index.vectors import Vectors
from numpy.typing import NDArray

log = logging.getLogger(__name__)
FORMAT = 3
"""Changes whenever a build of the same chunks would be another one."""
WORN = 0.25
"""Share of a generation's chunks that may be dropped from copies of it before one is built from nothing."""
ASKED, FOUND = 200, 0.98
"""So many sentences are asked for their ten nearest chunks, and so many of these an exact search must confirm."""
SPARE = 1.3
"""So many times as much is asked for as should be enough, where some of what is found may not be seen."""
ROWS = 8
"""So many rows are looked at one by one in the time in which the graph finds one more neighbour (1.3 and 10 µs)."""
HERE = "into its folder"
"""Where the vectors of a generation are put when no server keeps them."""
TOLD = 0.1
"""Seconds between two calls of `Tell` while rows are read."""
CHECKED = 5_000
"""Chunks that are looked for together when a build is checked."""
HELD = "held"
_CHROMA = "chroma.sqlite3"

Tell = Callable[[str, int, int], None]
"""Called while a build is made with what is done now, how many of its chunks, and of how many; 0 of 0 where nothing
is counted. What it raises ends the build, and a folder that is not whole stays until the next one is made."""


class Damaged(ValueError):
    """A generation is missing, not whole, or answers wrongly."""


class Generation:
    """A build, held open. `covered` is the highest number of a chunk that it knows of."""

    def __init__(self, folder: Path, remote: Remote | None = None) -> None:
        """With `remote`, the vectors are expected there. Raises Damaged where the build is missing or not whole."""
        self.folder = folder
        self.number = int(folder.name.removeprefix("gen-"))
        self.readers = 0
        self.lacks = False
        """Whether vectors were found missing, so that it is searched exactly and to be built anew."""
        try:
            self._lock = (folder / HELD).open()
        except OSError as error:
            raise Damaged(f"no generation in {folder}") from error
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        try:
            facts = json.loads((folder / HELD).read_text())
            if facts["format"] != FORMAT:
                raise Damaged(f"{folder} is of another format")
            self.covered: int = facts["covered"]
            self.dropped: int = facts["dropped"]
            self.place: str = facts.get("place", HERE)
            self._words: float = facts["words"]
            self._stamps = {name: _stamp(folder / name) for name in facts["files"]}
            if wrong := [name for name, known in facts["files"].items() if _digest(folder / name) != known]:
                raise Damaged(f"{', '.join(wrong)} in {folder} is gone or not whole")
            self.keyword = Keyword.open(folder / "keyword")
            self.flat = Flat(folder / "flat")
            self.vectors: Vectors | Remote | Elsewhere
            if self.place != (remote.place if remote else HERE):
                self.vectors = Elsewhere(self.place)
            elif remote:
                remote.least = len(self.flat)
                self.vectors = remote
            else:
                self.vectors = Vectors.open(folder / "vectors")
        except (ValueError, KeyError, TypeError, OSError) as error:
            self._lock.close()
            raise error if isinstance(error, Damaged) else Damaged(f"{folder} is not whole ({error})") from error

    @property
    def whole(self) -> bool:
        """Whether no file of it was touched since it was opened; some microseconds."""
        return all(_stamp(self.folder / name) == known for name, known in self._stamps.items())

    @property
    def count(self) -> int:
        """Chunks in it."""
        return len(self.flat)

    @property
    def complete(self) -> bool:
        """Whether its vectors are where they should be, and no fewer. Raises Away where that cannot be asked."""
        return self.vectors.count >= self.count

    def statistics(self, words: Sequence[str]) -> Statistics:
        """What these words (stems) are worth among its chunks."""
        return Statistics(self.keyword.count, self._words, self.keyword.holding(words))

    def nearest(self, vector: Vector, groups: Groups, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks that `groups` may see, as numbers with cosines, best first.

        They are looked at one by one where that is less work, or vectors are missing or out of reach. Raises
        Damaged where the store fails, or answers less than it holds.
        """
        seen = self.flat.seen(groups)
        # Of the nearest, only the share that may be seen is of use: so many more are asked for.
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
        if seen < len(self.flat) / 2:
            return self.keyword.best(question, groups, k)
        # Most may be seen: to look at what is found is less work than at who may see what.
        ask = k if seen == len(self.flat) else int(SPARE * k * len(self.flat) / seen)
        whole = self.keyword.best(question, None, ask)
        found = self.flat.only(whole, groups)[:k]
        return found if len(found) == k or len(whole) < ask else self.keyword.best(question, groups, k)

    def close(self) -> None:
        """Let go of the build, so that it may be removed."""
        self.vectors.close()
        self.flat.close()
        self._lock.close()

    # --- building ------------------------------------------------------------------------------------

    @classmethod
    def build(
        cls,
        folder: Path,
        library: Library,
        last: "Generation | None",
        to: int,
        gone: Sequence[int],
        remote: Remote | None = None,
        anew: bool = False,
        tell: Tell = lambda *_: None,
    ) -> None:
        """Write the chunks up to number `to`, less those that are `gone`, into a new `folder`, and check them.

        Begins with a copy of `last` unless too much of that is gone. The vectors go to `remote` where one is
        given, which is only completed, unless all is to be made `anew`; what is gone stays there until it
        is pruned. Raises Damaged where the result does not hold what it should or finds too little of what
        an exact search finds, Away where `remote` cannot be asked.
        """
        dropped = [number for number in gone if last is not None and number <= last.covered]
        worn = (last.dropped if last else 0) + len(dropped)
        if last is not None and worn > WORN * last.count:
            last, dropped, worn, anew = None, [], 0, True
        after = last.covered if last else 0

        def rows(what: str, after: int) -> Iterator[Row]:
            count = int((library.numbers(after) <= to).sum())
            return _told(library.rows(after, to), what, count, tell)

        if remote:
            _complete(remote, library, to, anew, tell)
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted build left
        folder.mkdir(parents=True, mode=0o700)
        copied = not remote and last is not None and last.place == HERE
        if last is not None:
            _copy(last.folder, folder, copied, tell)
        if not remote:
            known = after if copied else 0
            vectors = ((row.number, row.vector) for row in rows("vectors", known))
            count = int((library.numbers(known) <= to).sum())
            Vectors.extend(folder / "vectors", vectors, dropped if copied else (), count)
        Flat.extend(
            folder / "flat",
            ((row.number, row.vector, row.groups) for row in rows("rights", after)),
            last.flat if last else None,
            dropped,
        )
        Keyword.extend(
            folder / "keyword", ((row.number, row.words, row.groups) for row in rows("words", after)), dropped
        )
        paths = sorted(path for path in folder.rglob("*") if path.is_file())
        files = {}
        for path in filter(_is_still, paths):
            tell("checking", 0, 0)
            files[path.relative_to(folder).as_posix()] = _digest(path)
        facts = {
            "format": FORMAT, "covered": to, "dropped": worn, "words": library.words_a_chunk(), "files": files,
            "place": remote.place if remote else HERE,
        }  # fmt: skip
        (folder / HELD).write_text(json.dumps(facts))
        for path in [*paths, folder / HELD, *(path for path in folder.rglob("*") if path.is_dir()), folder]:
            to_disk(path)
        to_disk(folder.parent)
        built = cls(folder, remote)
        try:
            built._check(library, dropped, tell)
        except Lacking as error:
            raise Damaged(str(error)) from error
        finally:
            built.close()

    def _check(self, library: Library, gone: Sequence[int], tell: Tell = lambda *_: None) -> None:
        """Count, numbers, and the share of the true nearest chunks that are found. Raises Damaged."""
        numbers = library.numbers()
        numbers = numbers[numbers <= self.covered]
        vectors = self.vectors.count
        apart = isinstance(self.vectors, Remote)  # there may be more: what is gone
        whole = vectors >= self.count if apart else vectors == self.count
        if not whole or not self.count == self.keyword.count == len(numbers):
            raise Damaged(
                f"{self.folder} holds {vectors} vectors, {self.count} rows and {self.keyword.count} texts "
                f"of {len(numbers)} chunks"
            )
        if not apart and (stayed := self.vectors.holds(gone)):
            raise Damaged(f"{self.folder} still holds {len(stayed)} chunks that are gone")
        for first in range(0, len(numbers), CHECKED):
            tell("checking", first, len(numbers))
            asked = numbers[first : first + CHECKED].tolist()
            if len(self.vectors.holds(asked)) != len(asked):
                raise Damaged(f"{self.folder} holds other chunks than the library")
        if len(numbers):
            share = recall(self, library, numbers)
            if share < FOUND:
                raise Damaged(f"{self.folder} finds {share:.1%} of the nearest chunks, {FOUND:.0%} are wanted")

    @staticmethod
    def remove(folder: Path) -> bool:
        """Remove a generation that nobody holds; False where somebody does."""
        try:
            with (folder / HELD).open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
        except BlockingIOError:
            return False
        except FileNotFoundError:
            shutil.rmtree(folder, ignore_errors=True)
        return True


def recall(generation: Generation, library: Library, numbers: NDArray[np.int64], k: int = 10) -> float:
    """The share of the true `k` nearest chunks that a generation finds, asked with sentences of the articles."""
    chance = np.random.default_rng(7)
    drawn = chance.choice(numbers, min(ASKED, len(numbers)), replace=False)
    candidates = library.candidates([int(number) for number in drawn], None)
    asked = np.stack([found.sentences[0] for found in candidates if len(found.sentences)])
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)  # they are kept in half precision
    return found_of_nearest(generation, library, asked, min(k, len(numbers)))


def found_of_nearest(generation: Generation, library: Library, asked: Matrix, k: int) -> float:
    """The share of the true `k` nearest chunks to each of some vectors that a generation finds."""
    best = np.full((len(asked), k), -np.inf, np.float32)
    for block in library.vectors(generation.covered):
        cosines = np.concatenate([best, asked @ block.T], axis=1)
        best = -np.partition(-cosines, k - 1, axis=1)[:, :k]
    least = best.min(axis=1) - 1e-5  # of equal ones any will do
    found = [generation.vectors.nearest(vector, k) for vector in asked]
    return float(np.mean([[cosine >= low for _, cosine in one] for one, low in zip(found, least, strict=True)]))


def _told(rows: Iterable[Row], what: str, count: int, tell: Tell) -> Iterator[Row]:
    """The same rows, and now and then it is told how many of the `count` there were."""
    told = -TOLD
    for done, row in enumerate(rows):
        if time.monotonic() >= told + TOLD:
            told = time.monotonic()
            tell(what, done, count)
        yield row


def _complete(remote: Remote, library: Library, to: int, anew: bool, tell: Tell) -> None:
    """Put the chunks up to number `to` there that are not there yet."""
    if anew:
        remote.clear()
    remote.begin()
    numbers = [number for number in library.numbers().tolist() if number <= to]
    lacking = set(numbers) - remote.holds(numbers)
    if lacking:
        rows = (row for row in library.rows(min(lacking) - 1, max(lacking)) if row.number in lacking)
        remote.extend((row.number, row.vector) for row in _told(rows, "vectors", len(lacking), tell))


def _copy(last: Path, folder: Path, vectors: bool, tell: Tell) -> None:
    """A copy of a generation, of Chroma's database by the means of SQLite: its readers write into it."""

    def copy(source: str, target: str) -> None:
        tell("copying", 0, 0)
        shutil.copy2(source, target)

    ignored = shutil.ignore_patterns(HELD, "flat", f"{_CHROMA}*" if vectors else "vectors")
    shutil.copytree(last, folder, dirs_exist_ok=True, ignore=ignored, copy_function=copy)
    if not vectors:
        return
    with (
        closing(sqlite3.connect(last / "vectors" / _CHROMA)) as old,
        closing(sqlite3.connect(folder / "vectors" / _CHROMA)) as new,
    ):
        old.backup(new)


def _is_still(path: Path) -> bool:
    """Whether readers leave this file as it is.

    Chroma writes into its database at every opening, and below a thousand rows, all of which are in the
    database then, it begins the files of its index anew.
    """
    if path.name.startswith(_CHROMA):
        return False
    return "vectors" not in path.parts[-3:] or (path.parent / "index_metadata.pickle").exists()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when somebody touches a file; None where it is gone."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_ino, facts.st_size, facts.st_mtime_ns


def _digest(path: Path) -> int:
    """CRC-32 of a file's content; raises OSError where it is gone."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            found = zlib.crc32(block, found)
    return found
