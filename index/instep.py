"""Sources kept in step in the background: whose turn it is, and what became of it.

Several servers over one library take turns by its writer's lock, and each sees in the library what the others have
read. All of it runs at a low priority, with an index of its own, so that questions come first.
"""

import contextlib
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from article_assistant.index.library import Library
from article_assistant.index.sync import SyncReport
from article_assistant.index.types import Groups, LibraryBusy, UserFacingError

log = logging.getLogger(__name__)

ASKED_AFTER = 0.75
"""Part of the interval after which a source is asked again: what it says then is in the answers within the whole."""
SLICE = 10.0
"""Seconds that a source is read for at least, before the turn of another one."""
SHORTEST_WAIT = 5.0
"""Seconds between two looks at a source, however often somebody asks for one."""
LONGEST_WAIT = 3600.0
"""Seconds after which a source that fails is tried again at the latest."""
NICE = 10
"""How far the priority of all that is done here is below that of questions, as `nice` counts."""
Enough = Callable[[], bool]
"""Asked before each article: whether to leave the rest to the next turn."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """How fresh a source is: `articles` that somebody may see, when it was last `read`, since when it is `failing`.

    Times are ISO, UTC; None for never, and while it does not fail.
    """

    label: str
    articles: int
    read: str | None
    failing: str | None


class InStep:
    """Asks sources in turn what changed, in a thread of its own between `start` and `close`."""

    def __init__(
        self, library: Library, addresses: Iterable[str], every: float, bring: Callable[[str, Enough], SyncReport]
    ) -> None:
        """For the sources of a library and the further `addresses`, within `every` seconds; 0: only when `pull` says.

        `bring` brings one up to date, as `index.sync.sync` does with `enough`; it is only called in the thread.
        """
        self._library = library
        self._more = tuple(addresses)
        self._every = every
        self._bring = bring
        self._tried = dict[str, datetime]()  # of each address, when it had its last turn here
        self._again = set[str]()  # addresses whose last turn ended early
        self._pulled = set[str]()
        self._wake = threading.Event()
        self._closing = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._go_on, name="in step", daemon=True)
        self._thread.start()

    def close(self, seconds: float = 5.0) -> bool:
        """End, after the article that is being read; False where a source still does not answer after so long."""
        self._closing.set()
        self._wake.set()
        if self._thread:
            self._thread.join(seconds)
        return not (self._thread and self._thread.is_alive())

    def pull(self) -> None:
        """Have all sources asked now, those too that failed."""
        self._pulled.update(self.addresses())
        self._wake.set()

    def addresses(self) -> list[str]:
        """All that is kept in step."""
        return list(dict.fromkeys([*(one.address for one in self._library.ledger.sources()), *self._more]))

    def told(self, groups: Groups) -> list[Freshness]:
        """The sources of which `groups` may see something, by label."""
        counts = dict[int, int]()
        for number, shown, articles in self._library.ledger.shown():
            if groups is None or shown & groups:
                counts[number] = counts.get(number, 0) + articles
        troubles = self._library.ledger.troubles()
        found = []
        for source in self._library.ledger.sources():
            trouble = troubles.get(source.address)
            failing = trouble.since if trouble and trouble.at > (source.synced or "") else None
            if source.id in counts:
                found.append(Freshness(source.label, counts[source.id], source.synced, failing))
        return sorted(found, key=lambda one: one.label)

    def failures(self) -> dict[str, str]:
        """Why sources are out of step and articles could not be read, by their names; for those who may see all."""
        known = {one.address: one for one in self._library.ledger.sources()}
        found = {}
        for address, trouble in self._library.ledger.troubles().items():
            source = known.get(address)
            if not (source and trouble.at < (source.synced or "")):
                found[source.label if source else address] = trouble.reason
        return found | self._library.ledger.failures()

    # --- turns

    def due(self) -> dict[str, datetime]:
        """When each source is to be asked next.

        One that fails waits for as long as it has failed so far, so each time twice as long.
        """
        synced = {one.address: one.synced for one in self._library.ledger.sources()}
        troubles = self._library.ledger.troubles()
        found = {}
        for address in self.addresses():
            read, trouble = synced.get(address) or "", troubles.get(address)
            last = max(read, trouble.at if trouble else "")
            wait = ASKED_AFTER * self._every if self._every else float("inf")
            if trouble and trouble.at > read:
                wait = min(max(wait, _seconds_between(trouble.since, trouble.at)), max(LONGEST_WAIT, wait))
            if address in self._pulled:
                wait = SHORTEST_WAIT
            if wait == float("inf"):
                continue
            began = datetime.fromisoformat(last) if last else datetime.min.replace(tzinfo=UTC)
            found[address] = began if address in self._again or not last else _after(began, wait)
        return found

    def turn(self, now: datetime) -> str | None:
        """Bring the source up to date whose turn it is at a moment; its address, None where none is due."""
        due = [address for address, moment in self.due().items() if moment <= now]
        if not due:
            return None
        first = datetime.min.replace(tzinfo=UTC)
        address = min(due, key=lambda one: (one not in self._pulled, self._tried.get(one, first)))
        self._tried[address] = now
        pulled = address in self._pulled
        self._pulled.discard(address)  # now, so that a pull from here on has it asked once more
        try:
            report = self._bring(address, self._enough(address))
        except LibraryBusy:  # another server or command is at it
            if pulled:
                self._pulled.add(address)
            return None
        except UserFacingError as error:
            self._stumbled(address, " ".join(str(error).split()))
        except Exception:
            log.exception("%s could not be brought up to date", address)
            self._stumbled(address, "something went wrong; the log of the server says what")
        else:
            self._again.discard(address)
            if report.ended:
                self._again.add(address)
        return address

    def _stumbled(self, address: str, reason: str) -> None:
        self._again.discard(address)
        # Finer than what says when a source was read, so that a failure in the same second counts as later.
        now = datetime.now(UTC).isoformat()
        if self._library.ledger.stumbled(address, reason, now):
            log.warning("%s is not in step any more: %s", address, reason)

    def _enough(self, address: str) -> Enough:
        """When a turn is over: with its interval, and earlier where another source waits."""
        began: list[float] = []

        def enough() -> bool:
            if not began:  # so each turn reads something
                began.append(time.monotonic())
                return False
            taken = time.monotonic() - began[0]
            if self._closing.is_set() or taken > max(self._every, SLICE):
                return True
            return taken > SLICE and any(
                moment <= datetime.now(UTC) for one, moment in self.due().items() if one != address
            )

        return enough

    def _go_on(self) -> None:
        if sys.platform == "linux":  # elsewhere a thread has no priority of its own
            with contextlib.suppress(OSError):
                os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICE)
        while not self._closing.is_set():
            self._wake.clear()
            pause, now = SHORTEST_WAIT / 5, datetime.now(UTC)
            try:
                if self.turn(now):
                    continue
                pause = self.pause(now)
            except Exception:
                log.exception("sources are not kept in step for now")
            self._wake.wait(pause)

    def pause(self, now: datetime) -> float:
        """Seconds until a source is due, at most SHORTEST_WAIT, because other processes add sources; a fifth of that
        while another process is at one that is due."""
        waits = [(moment - now).total_seconds() for moment in self.due().values()]
        return max(SHORTEST_WAIT / 5, min([*waits, SHORTEST_WAIT]))


def _seconds_between(since: str, to: str) -> float:
    """Seconds from one ISO time to another."""
    return (datetime.fromisoformat(to) - datetime.fromisoformat(since)).total_seconds()


def _after(moment: datetime, seconds: float) -> datetime:
    return datetime.fromtimestamp(moment.timestamp() + seconds, UTC)
