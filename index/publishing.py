"""The generations of a library: when one is built, which one answers, and what it does not hold yet."""

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

from article_assistant.index.build import Builder, Damaged, Generation
from article_assistant.index.fresh import Fresh
from article_assistant.index.library import Library
from article_assistant.index.neighbours import Away
from article_assistant.index.remote import Remote, Server
from article_assistant.index.schema import LibraryState
from article_assistant.index.types import LibraryBusy, LibraryError, Tell

log = logging.getLogger(__name__)
SETTLED = 0.02
"""Share of the chunks that may be new or gone before the next generation is built."""
REST = 60.0
"""Seconds between two attempts to mend."""


class _Abandoned(Exception):
    """A build is abandoned, since the index is closed or another process wants to write."""


class Publisher:
    """Builds generations, and keeps the one open that answers; safe to use from several threads.

    `generation` is that one, None where there is none or it is damaged. `rests_until` (monotonic clock) is when
    it may next try to mend.
    """

    def __init__(
        self, library: Library, encoder: str, dimension: int, mends: bool = False, server: Server | None = None
    ) -> None:
        """For vectors of this encoder (its version) and dimension, kept by `server` where one is given.

        One that `mends` builds a generation beside its other work where the last is damaged or far behind.
        """
        self.generation: Generation | None = None
        self.rests_until = 0.0
        self._library = library
        self._encoder = encoder
        self._dimension = dimension
        self._mends = mends
        self._server = server
        self._folder = library.home / "generations"
        self._lock = threading.Lock()  # guards the generation and all below
        self._damaged = set[int]()  # numbers of generations that are not to be used
        self._fresh = Fresh(dimension)  # the chunks that the generation does not hold, after this many changes:
        self._known = -1
        self._work: threading.Thread | None = None
        self._closing = threading.Event()

    def close(self) -> None:
        """Let go of all files: waits for a generation that is being opened, but abandons one that is being built."""
        self._closing.set()
        self.join()
        with self._lock:
            self._take(None)

    def join(self) -> None:
        """Wait for what is being opened or mended in the background."""
        if self._work:
            self._work.join()

    # --- building

    def publish(self, tell: Tell = lambda *_: None) -> None:
        """Build a generation of what the library holds and point to it, unless that is done already.

        `tell` is called meanwhile. Raises LibraryError where none can be built, Away (a LibraryError) where the
        server of the vectors is.
        """
        pending, remote = self._library.pending(), self.remote()
        state = pending.state
        folder = self._folder / f"gen-{state.generation + 1}"
        builder = Builder(self._library, remote, tell)
        try:
            last: Generation | None = self.open(state.generation)
        except Damaged:
            last = None
        try:
            if last and state.changes == state.published and last.complete:
                return
            try:
                builder.build(folder, pending, last)
            except Damaged:
                if last is None and remote is None:
                    raise
                builder.build(folder, pending, None, anew=True)
        except Damaged as error:
            raise LibraryError(
                f"no search index could be built ({error}); questions are answered by a slower search, "
                "check the disk and type: assistant index SOURCE"
            ) from error
        finally:
            if last:
                last.close()
        self._library.publish(state.generation + 1, state.changes, pending.highest, pending.gone)
        if remote:
            with suppress(Away):  # surplus rows wait for the next time
                remote.prune(self._library.numbers(), pending.gone)
        for old in self._folder.glob("gen-*"):
            if old != folder:
                Generation.remove(old)

    def settle(self, least: int = 0, share: float = SETTLED, tell: Tell = lambda *_: None) -> bool:
        """Publish where nothing usable is published, or more than `share` of the chunks changed since.

        With `least`, nothing is done below that many changes, and a generation that cannot be used is left for
        later. Returns False where that has to wait because the server of the vectors is away; it is logged.
        """
        changed = self._library.changed()
        if changed < least:
            return True
        try:
            if changed > share * self._library.counts()["chunks"] or not (least or self._serves()):
                self.publish(tell)
        except Away as error:
            log.warning(
                "%s; all articles are kept and found, by a slower search. Their search index is built when a running "
                "`assistant serve` reaches the server, or when it answers and you type: assistant index SOURCE",
                error,
            )
            return False
        return True

    def _serves(self) -> bool:
        """Whether the published generation can be opened and has all of its vectors. Raises Away."""
        try:
            with closing(self.open(self._library.state().generation)) as generation:
                return generation.complete
        except Damaged:
            return False

    def open(self, number: int) -> Generation:
        """Open a generation, apart from the one that answers. Raises Damaged."""
        return Generation(self._folder / f"gen-{number}", self.remote())

    def remote(self) -> Remote | None:
        """This library's vectors at the server, for one generation; None without a server."""
        name = self._library.fact("library")
        return Remote(self._server, name, self._encoder) if self._server and name else None

    # --- answering

    @contextmanager
    def reading(self) -> Iterator[tuple[Generation | None, Fresh]]:
        """A generation, which stays open inside, and all chunks that it does not hold. Raises LibraryError.

        The first generation is opened at once. A later one is opened in the background while the old one
        answers, since whatever that does not hold is searched exactly.
        """
        state = self._library.state()
        if state.encoder not in {None, self._encoder}:
            raise LibraryError(
                f"the library was made with the encoder {state.encoder}, the setting names {self._encoder}; "
                "type: assistant index SOURCE to make it anew, or set the encoder back"
            )
        with self._lock:
            generation, fresh = self._current(state)
            if generation:
                generation.readers += 1
        try:
            yield generation, fresh
        finally:
            if generation:
                with self._lock:
                    generation.readers -= 1
                    if generation is not self.generation and not generation.readers:
                        generation.close()

    def _current(self, state: LibraryState) -> tuple[Generation | None, Fresh]:
        """What answers now; a later generation is opened, or a better one built, in the background. Needs the lock."""
        if self.generation is None and state.generation and state.generation not in self._damaged:
            self._open_now(state.generation)
        generation = self.generation
        if self._known != state.changes:
            covered = generation.covered if generation else 0
            last = int(self._fresh.numbers[-1]) if len(self._fresh) else covered
            self._fresh = self._fresh.moved(self._library.numbers(covered), self._library.fresh(last))
            self._known = state.changes
        usable = state.generation not in self._damaged
        count, lacks = (generation.count, generation.lacks) if generation else (0, False)
        behind = not usable or lacks or len(self._fresh) > SETTLED * count
        if generation and generation.number != state.generation and usable:
            self._start(self._open_beside, state.generation)
        elif self._mends and behind and time.monotonic() >= self.rests_until:
            self.rests_until = time.monotonic() + REST
            self._start(self._mend)
        return generation, self._fresh

    def drop(self, generation: Generation, error: Damaged) -> None:
        """Answer no more from a generation that turned out to be damaged."""
        with self._lock:
            self._refuse(generation.number, error)
            if generation is self.generation:
                self._take(None)

    def _start(self, work: Callable[..., None], *given: object) -> None:
        """Do something in the background, unless something is being done there."""
        if self._work is None or not self._work.is_alive():
            self._work = threading.Thread(target=work, args=given, daemon=True)
            self._work.start()

    def _open_now(self, number: int) -> None:
        """Open a generation, or the one that a writer has replaced it with meanwhile. The lock is held."""
        while True:
            try:
                return self._take(self.open(number))
            except Damaged as error:
                now = self._library.state().generation
                if now == number:
                    return self._refuse(number, error)
                number = now

    def _open_beside(self, number: int) -> None:
        try:
            found = self.open(number)
        except Damaged as error:
            if self._library.state().generation == number:  # else a writer has replaced and removed it
                self._refuse(number, error)
        else:
            with self._lock:
                self._take(found)
        self.rests_until = 0.0

    def _mend(self) -> None:
        try:
            with self._library.writing(gives_way=True) as wanted:

                def go_on(*_: object) -> None:
                    if self._closing.is_set() or wanted():
                        raise _Abandoned

                self.publish(go_on)
        except (LibraryBusy, Away, _Abandoned):
            pass  # another writer will publish; Away was logged when it began
        except LibraryError as error:
            log.warning("%s", error)

    def _refuse(self, number: int, error: Damaged) -> None:
        """Do not use a generation any more, and log why."""
        if number not in self._damaged:
            log.warning("search index %d is not used, questions are searched exactly: %s", number, error)
        self._damaged.add(number)

    def _take(self, generation: Generation | None) -> None:
        """Answer from this generation from now on. The lock is held."""
        if self.generation and not self.generation.readers:
            self.generation.close()  # else the last of its readers closes it
        self.generation = generation
        self._fresh, self._known = Fresh(self._dimension), -1
