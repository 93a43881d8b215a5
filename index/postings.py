"""BM25 on disk: for each word the chunks that hold it, in plain files mapped into memory.

Searched exactly, for those who ask: a word is as rare as it is among the chunks that they may see, and no other chunk
moves a score.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path

import numpy as np
from article_assistant.index.scan import in_order, mapped, scored, top_of
from article_assistant.index.types import Terms
from numpy.typing import NDArray

SEGMENT = 20_000
"""Chunks whose postings are sorted together, which bounds the memory of a build; below 65,536 twice over."""

NumberedWords = tuple[int, Terms]
"""A chunk's number and its words as numbers."""
_FACTS = {"words": "<u4", "ends": "<i8", "numbers": "<i8", "lengths": "<i4"}
"""What is read whole of a segment: its words, where the postings of each end, its chunks' numbers and lengths."""


class Postings:
    """Finished postings, which are only read. Row i is the chunk `numbers[i]`, of `lengths[i]` words."""

    def __init__(self, folder: Path) -> None:
        """Open what `extend` wrote into `folder`. Raises OSError or ValueError where that is not whole."""
        gone = np.fromfile(folder / "gone", "<i8")
        self._segments = [_Segment(folder, number) for number in range(_segments(folder))]
        self._firsts = np.cumsum([0, *(len(one.numbers) for one in self._segments)])
        self.numbers = np.concatenate([gone[:0], *(one.numbers for one in self._segments)])
        self.lengths = np.concatenate([np.zeros(0, np.int32), *(one.lengths for one in self._segments)])
        self.alive = ~np.isin(self.numbers, gone)

    @classmethod
    def extend(cls, folder: Path, rows: Iterable[NumberedWords], gone: Sequence[int] = ()) -> None:
        """Add rows, by ascending number, to the postings in `folder`, or begin there, and drop the chunks `gone`."""
        folder.mkdir(parents=True, exist_ok=True)
        before = np.fromfile(folder / "gone", "<i8") if (folder / "gone").is_file() else np.zeros(0, np.int64)
        dropped = np.unique(np.concatenate([before, np.array(gone, np.int64)]))
        count = _segments(folder)
        rows = iter(rows)
        if count and len((last := _Segment(folder, count - 1)).numbers) < SEGMENT:
            count -= 1
            batch = [*last.rows(dropped), *islice(rows, SEGMENT)]
        else:
            batch = list(islice(rows, SEGMENT))
        while batch:
            _Segment.write(folder, count, batch)
            count, batch = count + 1, list(islice(rows, SEGMENT))
        dropped.astype("<i8").tofile(folder / "gone")

    @property
    def count(self) -> int:
        """Chunks that are not gone."""
        return int(self.alive.sum())

    def holding(self, word: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that hold a word, gone ones too, and how many times."""
        found = [one.holding(word) for one in self._segments]
        rows = [rows + first for (rows, _), first in zip(found, self._firsts, strict=False)]
        none = np.zeros(0, np.int64)
        return np.concatenate([none, *rows]), np.concatenate([none, *(times for _, times in found)])

    def best(
        self,
        rarities: Iterable[tuple[int, float]],
        mean: float,
        seen: NDArray[np.bool_],
        k: int,
        holding: int | None = None,
    ) -> list[tuple[int, float]]:
        """The best `k` of the rows `seen`, as numbers with BM25 scores (above 0), best first.

        Each word asked for comes with its rarity, `mean` is the mean length. With `holding`, a word, only chunks that
        hold it.
        """
        scores = np.zeros(len(self.numbers))
        for word, rare in rarities:
            rows, times = self.holding(word)
            scores[rows] += scored(rare, times, self.lengths[rows], mean)
        wanted = seen & (scores > 0)
        if holding is not None:
            held = np.zeros(len(wanted), bool)
            held[self.holding(holding)[0]] = True
            wanted &= held
        rows = np.flatnonzero(wanted)
        rows = rows[top_of(scores[rows], k)]
        return in_order(self.numbers[rows], scores[rows])

    def close(self) -> None:
        """Close the files; each mapping holds a descriptor."""
        self._segments = []


class _Segment:
    """The postings of some chunks: of each a place among them in the lower 16 bits, and how many times above."""

    def __init__(self, folder: Path, number: int) -> None:
        facts = {name: np.fromfile(folder / f"{number}.{name}", kind) for name, kind in _FACTS.items()}
        self._words, self._ends, self.numbers, self.lengths = facts.values()
        self._postings = mapped(folder / f"{number}.postings", np.dtype("<u4"))
        ends = int(self._ends[-1]) if len(self._ends) else 0
        if len(self._words) != len(self._ends) or len(self.numbers) != len(self.lengths) or ends != len(self._postings):
            raise ValueError(f"the files in {folder} do not fit together")

    @staticmethod
    def write(folder: Path, number: int, rows: Sequence[NumberedWords]) -> None:
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

    def holding(self, word: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of the chunks that hold a word, and how many times."""
        at = int(np.searchsorted(self._words, word))
        if at == len(self._words) or self._words[at] != word:
            at_least = end = 0
        else:
            at_least, end = int(self._ends[at - 1]) if at else 0, int(self._ends[at])
        found = np.asarray(self._postings[at_least:end]).astype(np.int64)
        return found & 0xFFFF, found >> 16

    def rows(self, gone: NDArray[np.int64]) -> Iterator[NumberedWords]:
        """The chunks that are not gone, with their words in another order than they stand in the text."""
        found = np.asarray(self._postings).astype(np.int64)
        words = np.repeat(np.repeat(self._words, np.diff(self._ends, prepend=0)), found >> 16)
        order = np.argsort(np.repeat(found & 0xFFFF, found >> 16), kind="stable")
        parts = np.split(words[order], np.cumsum(self.lengths)[:-1]) if len(self.numbers) else []
        dropped = set(gone.tolist())
        for number, part in zip(self.numbers.tolist(), parts, strict=True):
            if number not in dropped:
                yield number, part


def _segments(folder: Path) -> int:
    """How many segments a folder holds."""
    return len(list(folder.glob("*.postings")))
