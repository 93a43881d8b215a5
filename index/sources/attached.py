"""Files that hang at the pages of a wiki: which of them are read."""

from pathlib import PurePosixPath

from article_assistant.index.reading.files import READERS

MOST_BYTES = 30_000_000
"""Bytes that such a file may have: packed for its way it has a third more, and one answer may have 50 MB."""


def ending(name: str) -> str:
    """The kind of a file by its name, as `READERS` has it.

    >>> ending("Plan.PDF")
    '.pdf'
    """
    return PurePosixPath(name).suffix.lower()


def left_unread(name: str, size: int) -> str:
    """Why a file of so many bytes is left out; "" where it is read.

    >>> left_unread("photo.heic", 9), left_unread("plan.pdf", 9)
    ('attachments of kinds that are not read', '')
    """
    if ending(name) not in READERS:
        return "attachments of kinds that are not read"
    return f"attachments of more than {MOST_BYTES / 1e6:.0f} MB" if size > MOST_BYTES else ""
