"""Postings are written: for each word the chunks that hold it, in plain files (`index.keyword` reads them)."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from article_assistant.index.keyword import Segment, segments
from article_assistant.index.types import Terms
from numpy.typing import NDArray

SEGMENT = 20_000
"""Chunks whose postings are sorted together, which bounds the memory of a build; below 65,536 twice over."""
NumberedWords = tuple[int, Terms]
"""A chunk's number and its words as numbers."""


def extend(folder: Path, rows: Iterable[NumberedWords], gone: Sequence[int] = ()) -> None:
    """Add rows, by ascending number, to the postings in `folder`, or begin there, and drop the chunks `gone`."""
    folder.mkdir(parents=True, exist_ok=True)
    before = np.fromfile(folder / "gone", "<i8") if (folder / "gone").is_file() else np.zeros(0, np.int64)
    dropped = np.unique(np.concatenate([before, np.array(gone, np.int64)]))
    count = segments(folder)
    rows = iter(rows)
    if count and len((last := Segment(folder, count - 1)).numbers) < SEGMENT:
        count -= 1
        batch = [*_rows_of(last, dropped), *islice(rows, SEGMENT)]
    else:
        batch = list(islice(rows, SEGMENT))
    while batch:
        _write(folder, count, batch)
        count, batch = count + 1, list(islice(rows, SEGMENT))
    dropped.astype("<i8").tofile(folder / "gone")


def _write(folder: Path, number: int, rows: Sequence[NumberedWords]) -> None:
    lengths = np.array([len(words) for _, words in rows], "<i4")
    words = np.concatenate([np.zeros(0, np.uint32), *(words for _, words in rows)])
    keys = words.astype(np.uint64) << np.uint64(16) | np.repeat(np.arange(len(rows), dtype=np.uint64), lengths)
    keys, times = np.unique(keys, return_counts=True)
    unique, counts = np.unique((keys >> np.uint64(16)).astype("<u4"), return_counts=True)
    places = (keys & np.uint64(0xFFFF)).astype(np.uint32)
    postings = places | np.minimum(times, 0xFFFF).astype(np.uint32) << np.uint32(16)
    numbers = np.array([number for number, _ in rows], "<i8")
    facts = {"words": unique, "ends": np.cumsum(counts).astype("<i8"), "numbers": numbers, "lengths": lengths}
    for name, values in (facts | {"postings": postings.astype("<u4")}).items():
        values.tofile(folder / f"{number}.{name}")


def _rows_of(segment: Segment, gone: NDArray[np.int64]) -> Iterator[NumberedWords]:
    """The chunks that are not gone, with their words in another order than they stand in the text."""
    found = np.asarray(segment.postings).astype(np.int64)
    words = np.repeat(np.repeat(segment.words, np.diff(segment.ends, prepend=0)), found >> 16)
    order = np.argsort(np.repeat(found & 0xFFFF, found >> 16), kind="stable")
    parts = np.split(words[order], np.cumsum(segment.lengths)[:-1]) if len(segment.numbers) else []
    dropped = set(gone.tolist())
    for number, part in zip(segment.numbers.tolist(), parts, strict=True):
        if number not in dropped:
            yield number, part
