"""Files that a power cut leaves whole, as they were or as they are to be, readable by their owner only."""

import os
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO


def private(path: str, flags: int) -> int:
    """An opener for `open`: a file that it creates has mode 0600."""
    return os.open(path, flags, 0o600)


def crc(path: Path) -> int:
    """CRC-32 of a file's content; raises OSError where there is no file."""
    found = 0
    with path.open("rb") as file:
        while block := file.read(1 << 22):
            found = zlib.crc32(block, found)
    return found


def to_disk(path: Path) -> None:
    """Wait until the content of a file, or the names in a folder, have reached the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def move(draft: Path, path: Path) -> None:
    """Put a finished file in place of `path`, in the same file system; on return both have reached the disk."""
    to_disk(draft)
    draft.replace(path)
    to_disk(path.parent)


@contextmanager
def replacing(path: Path) -> Iterator[IO[str]]:
    """A text file (UTF-8, mode 0600) that takes the place of `path` at the end, unless there was an error.

    Several may write at once: the last to finish wins.
    """
    file = NamedTemporaryFile("w", encoding="utf-8", dir=path.parent, prefix=f"{path.name}.", delete=False)  # noqa: SIM115
    draft = Path(file.name)
    try:
        with file:
            yield file
        move(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
