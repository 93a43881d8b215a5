"""Who may use a library: one writer at a time, and nobody while a backup is put in its place.

The locks are advisory (`flock`) and end with the process that holds them.
"""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TextIO

from article_assistant.index.disk import private
from article_assistant.index.types import LibraryBusy

WRITER_LOCK = "writer.lock"
"""File in the home that the writer locks; its first line is the writer's process number, the second who waits."""
GIVES_WAY = "gives way"
"""Follows the process number of a writer that stops when another process wants to write."""
PATIENCE = 60.0
"""Seconds that such a writer has to stop."""


def hold(home: Path, *, alone: bool = False) -> ExitStack:
    """Keep the library in the folder `home` from being replaced, or hold it `alone` to replace it; close to let go.

    Raises LibraryBusy where another process prevents that, OSError where there is no such folder.
    """
    held = ExitStack()
    descriptor = os.open(home, os.O_RDONLY | os.O_DIRECTORY)
    held.callback(os.close, descriptor)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_EX if alone else fcntl.LOCK_SH) | fcntl.LOCK_NB)
    except BlockingIOError:
        held.close()
        raise LibraryBusy(
            f"another process has the library in {home} open; end it (a running `assistant serve` or `assistant "
            "index`), type the command again, and start it anew after that"
            if alone
            else f"the library in {home} is being replaced by a backup; try again when that is done"
        ) from None
    return held


@contextmanager
def writing(home: Path, gives_way: bool = False, waits: bool = True) -> Iterator[Callable[[], bool]]:
    """Hold the writer's lock of the folder `home`; yields a function that tells whether another process waits for it.

    A writer that `gives_way` is asked to by whoever comes next, and must call that function now and then.
    Raises LibraryBusy, with its process number, where a writer that does not give way holds the lock, or any writer
    does and one never `waits`.
    """
    with open(home / WRITER_LOCK, "a+", opener=private) as lock:
        _acquire(lock, home, PATIENCE if waits else 0.0)
        own = f"{os.getpid()} {GIVES_WAY}\n" if gives_way else f"{os.getpid()}\n"
        lock.truncate(0)
        lock.write(own)
        lock.flush()
        try:
            yield lambda: os.fstat(lock.fileno()).st_size > len(own)
        finally:
            lock.truncate(0)


def _acquire(lock: TextIO, home: Path, patience: float) -> None:
    """Lock the file; ask a writer that gives way to stop, and wait for it for so many seconds."""
    until = time.monotonic() + patience
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder, _, waiting = lock.read().partition("\n")
            # The file is still empty if it was locked an instant ago.
            if (holder and GIVES_WAY not in holder) or time.monotonic() >= until:
                process = holder.partition(" ")[0] or "unknown"
                raise LibraryBusy(f"process {process} is writing to {home}; try again when it is done") from None
            if not waiting:
                lock.write(f"{os.getpid()} waits\n")
                lock.flush()
            time.sleep(0.05)
        else:
            return
