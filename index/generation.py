"""Finished builds of the derived indexes, called generations: one held open and searched, and which one answers.

A generation is a folder with the keyword index of a library's chunks, their vectors for an exact search, and a
Chroma store of these vectors unless a server keeps them. It never changes once the library points to it. Readers
hold it by a shared lock, and one that is held is not removed.
"""

import fcntl
import json
import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

import numpy as np
from article_assistant.index.disk import crc
from article_assistant.index.embed import Embedder
from article_assistant.index.keyword import Postings
from article_assistant.index.library import Library
from article_assistant.index.remote import Remote, Server
from article_assistant.index.scan import UNKNOWN, Flat, Fresh, Statistics
from article_assistant.index.schema import LibraryState
from article_assistant.index.types import Groups, LibraryError, Ranked, Vector, Within
from article_assistant.index.vectors import Away, Elsewhere, Lacking, Neighbours, Vectors
from numpy.typing import NDArray

log = logging.getLogger(__name__)
BUILD_FORMAT = 5
"""Changes whenever a build of the same chunks would look different."""
SPARE = 1.3
"""Over-fetch factor where the asker may not see every chunk."""
ROWS_A_NEIGHBOUR = 8
"""Cost of one more neighbour from the graph, in rows of a linear scan (10 µs and 1.3 µs)."""
EXACT = 10_000
"""Chunks that are compared with a question one by one where others are hidden from who asks: 13 ms at most."""
HERE = "into its folder"
"""Where a generation's vectors were put, when no server keeps them."""
HELD = "held"
"""A generation's file of facts, which its readers lock."""
SETTLED = 0.02
"""Share of the chunks that may be new or gone before the next generation is built."""
REST = 60.0
"""Seconds between two attempts to mend."""
Mend = Callable[["Generations"], None]
"""Builds a better generation, unless another process is writing."""


class Damaged(ValueError):
    """A generation is missing, not whole, or answers wrongly."""


class Generation:
    """A build of `count` chunks, held open. `covered` is the highest chunk number that it took in."""

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
            self._stamps = {name: _stamp(folder / name) for name in facts["files"]}
            if wrong := [name for name, known in facts["files"].items() if crc(folder / name) != known]:
                raise Damaged(f"{', '.join(wrong)} in {folder} is gone or not whole")
            self.keyword = Postings(folder / "keyword")
            self.flat = Flat(folder / "flat")
            self.count = len(self.flat)
            self._places = self.flat.places(self.keyword.numbers)
            self.vectors = self._vectors(remote)
        except (ValueError, KeyError, TypeError, OSError) as error:
            self._lock.close()
            raise error if isinstance(error, Damaged) else Damaged(f"{folder} is not whole ({error})") from error

    def _vectors(self, remote: Remote | None) -> Neighbours:
        if self.place != (remote.place if remote else HERE):
            return Elsewhere(self.place)
        if remote is None:
            return Vectors.open(self.folder / "vectors")
        remote.least = self.count
        return remote

    @property
    def whole(self) -> bool:
        """Whether none of its files was touched since it was opened; takes microseconds."""
        return all(_stamp(self.folder / name) == known for name, known in self._stamps.items())

    @property
    def complete(self) -> bool:
        """Whether the store of its vectors holds all of them. Raises Away."""
        return self.vectors.count >= self.count

    def statistics(self, words: Sequence[int], groups: Groups) -> Statistics:
        """What BM25 needs to know of these words in its chunks that `groups` may see."""
        seen = self._seen(groups)
        held = {word: int(seen[self.keyword.holding(word)[0]].sum()) for word in words}
        return Statistics(int(seen.sum()), int(self.keyword.lengths[seen].sum()), held)

    def _seen(self, groups: Groups) -> NDArray[np.bool_]:
        """Which rows of the postings `groups` may see."""
        visible = self.flat.visible(groups)
        return self.keyword.alive & visible[self._places] if self.count else np.zeros(len(self._places), bool)

    def nearest(self, vector: Vector, groups: Groups, k: int, within: Within = None) -> Ranked:
        """The nearest `k` chunks that `groups` may see, as numbers with cosines, best first; `within`, only of these.

        The search is exact where some are hidden from them and EXACT or fewer are not, so that none of the hidden
        stands in the way of others, where it is less work, and where the store of vectors is incomplete or out of
        reach. Raises Damaged where the store fails or returns fewer than it holds.
        """
        seen = self.flat.seen(groups)
        ask = k if seen == self.count else int(SPARE * k * self.count / max(seen, 1))
        whole = seen + self.flat.hidden == self.count
        if within is None and not self.lacks and seen and (whole or seen > max(EXACT, ROWS_A_NEIGHBOUR * ask)):
            try:
                found = self.flat.only(self._neighbours(vector, ask), groups)
            except Lacking as error:
                self.lacks = True
                log.warning("search index %d is searched exactly, until it is built anew: %s", self.number, error)
            except Away:
                pass
            else:
                if len(found) >= min(k, seen):
                    return found[:k]
        return self.flat.nearest(vector, groups, k, within)

    def _neighbours(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks, whoever may see them."""
        try:
            found = self.vectors.nearest(vector, k)
        except Exception as error:  # Chroma raises whatever its database or its index does
            if isinstance(error, Away):
                raise
            raise Damaged(f"the vectors in {self.folder} cannot be searched ({error})") from error
        if len(found) < min(k, self.count):
            raise Damaged(f"the vectors in {self.folder} answer {len(found)} of {min(k, self.count)}")
        return found

    def best(
        self,
        words: Sequence[int],
        groups: Groups,
        k: int,
        others: Statistics = UNKNOWN,
        holding: int | None = None,
        within: Within = None,
    ) -> Ranked:
        """As `Fresh.best`."""
        total = self.statistics(words, groups) + others
        rarities = [(word, total.rare(word)) for word in words]
        seen = self._seen(groups)
        if within is not None:
            seen &= np.isin(self.keyword.numbers, within)
        return self.keyword.best(rarities, total.mean, seen, k, holding)

    def close(self) -> None:
        """Let go of the build, so that it may be removed."""
        self.vectors.close()
        self.flat.close()
        self.keyword.close()
        self._lock.close()


def _stamp(path: Path) -> tuple[int, int, int] | None:
    """What changes when somebody touches a file; None where there is no file."""
    with suppress(OSError):
        facts = path.stat()
        return facts.st_ino, facts.st_size, facts.st_mtime_ns
    return None


class Generations:
    """The generations of a library, and the chunks that none holds yet; safe to use from several threads.

    `current` is the one that answers and is kept open, None where there is none or it is damaged. `rests_until`
    (monotonic clock) is when the next attempt to mend may begin; it ends early once `closing` is set.
    """

    def __init__(self, library: Library, embedder: Embedder, server: Server | None, mend: Mend | None) -> None:
        """For the vectors of this embedder, kept by `server` where one is given.

        `mend` is called in a thread of its own where the current generation is damaged or far behind.
        """
        self.library = library
        self.folder = library.home / "generations"
        self.current: Generation | None = None
        self.rests_until = 0.0
        self.closing = threading.Event()
        self._encoder, self._dimension = embedder.version, embedder.dimension
        self._server = server
        self._mend = mend
        self._lock = threading.Lock()  # guards the current generation and all below
        self._damaged = set[int]()  # numbers of generations that are not to be used
        self._fresh = Fresh(self._dimension)  # the chunks that the generation does not hold, after this many changes:
        self._known = -1
        self._work: threading.Thread | None = None

    def close(self) -> None:
        """Let go of all files: waits for a generation that is being opened, but abandons one that is being built."""
        self.closing.set()
        self.join()
        with self._lock:
            self._take(None)

    def join(self) -> None:
        """Wait for what is being opened or mended in the background."""
        if self._work:
            self._work.join()

    def open(self, number: int) -> Generation:
        """Open a generation, apart from the one that answers. Raises Damaged."""
        return Generation(self.folder / f"gen-{number}", self.remote())

    def remote(self) -> Remote | None:
        """This library's vectors at the server, for one generation; None without a server."""
        name = self.library.fact("library")
        return Remote(self._server, name, self._encoder) if self._server and name else None

    @contextmanager
    def reading(self) -> Iterator[tuple[Generation | None, Fresh]]:
        """A generation, which stays open inside, and all chunks that it does not hold. Raises LibraryError.

        The first generation is opened at once. A later one is opened in the background while the old one
        answers, since whatever that does not hold is searched exactly.
        """
        state = self.library.state()
        if state.encoder not in {None, self._encoder}:
            raise LibraryError(
                f"the library was made with the encoder {state.encoder}, the setting names {self._encoder}; "
                "type: assistant index SOURCE to make it anew, or set the encoder back"
            )
        with self._lock:
            generation, fresh = self._answering(state)
            if generation:
                generation.readers += 1
        try:
            yield generation, fresh
        finally:
            if generation:
                with self._lock:
                    generation.readers -= 1
                    if generation is not self.current and not generation.readers:
                        generation.close()

    def _answering(self, state: LibraryState) -> tuple[Generation | None, Fresh]:
        """What answers now; a later generation is opened, or a better one built, in the background. Needs the lock."""
        if self.current is None and state.generation and state.generation not in self._damaged:
            self._take(self._open(state.generation))
        generation = self.current
        if self._known != state.changes:
            covered = generation.covered if generation else 0
            last = int(self._fresh.numbers[-1]) if len(self._fresh) else covered
            if generation:
                generation.flat.hide([number for (number,) in self.library.all("SELECT number FROM gone")])
            self._fresh = self._fresh.moved(self.library.numbers(covered), self.library.fresh(last))
            self._known = state.changes
        usable = state.generation not in self._damaged
        count, lacks = (generation.count, generation.lacks) if generation else (0, False)
        behind = not usable or lacks or len(self._fresh) > SETTLED * count
        if generation and generation.number != state.generation and usable:
            self._start(self._open_beside, state.generation)
        elif self._mend and behind and time.monotonic() >= self.rests_until:
            self.rests_until = time.monotonic() + REST
            self._start(self._mend, self)
        return generation, self._fresh

    def drop(self, generation: Generation, error: Damaged) -> None:
        """Answer no more from a generation that turned out to be damaged."""
        with self._lock:
            self._refuse(generation.number, error)
            if generation is self.current:
                self._take(None)

    def _start(self, work: Callable[..., None], *given: object) -> None:
        """Do something in the background, unless something is being done there."""
        if self._work is None or not self._work.is_alive():
            self._work = threading.Thread(target=work, args=given, daemon=True)
            self._work.start()

    def _open(self, number: int) -> Generation | None:
        """A generation, or the one that a writer has replaced it with meanwhile; None where it is damaged."""
        while True:
            try:
                return self.open(number)
            except Damaged as error:
                now = self.library.state().generation
                if now == number:
                    self._refuse(number, error)
                    return None
                number = now

    def _open_beside(self, number: int) -> None:
        if found := self._open(number):
            with self._lock:
                self._take(found)
        self.rests_until = 0.0

    def _refuse(self, number: int, error: Damaged) -> None:
        """Do not use a generation any more, and log why."""
        if number not in self._damaged:
            log.warning("search index %d is not used, questions are searched exactly: %s", number, error)
        self._damaged.add(number)

    def _take(self, generation: Generation | None) -> None:
        """Answer from this generation from now on. The lock is held."""
        if self.current and not self.current.readers:
            self.current.close()  # else the last of its readers closes it
        self.current = generation
        self._fresh, self._known = Fresh(self._dimension), -1
