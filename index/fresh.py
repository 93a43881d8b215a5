"""Chunks that no generation holds yet, searched exactly, so that a change is found as soon as it is committed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from article_assistant.index.types import Groups, Matrix, Terms, Vector
from numpy.typing import NDArray

K1, B = 1.2, 0.75
"""BM25's constants, as in tantivy: scores of both kinds of chunks must compare."""

FreshChunk = tuple[int, frozenset[str], Vector, Terms]
"""A chunk's number, the groups that may see it, its vector and its words as numbers."""


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 takes from a generation: its number of chunks, their mean length in words, and for each word
    (as a number) how many of them contain it."""

    chunks: int
    mean: float
    holding: Mapping[int, int]


class Fresh:
    """Chunks in memory, by ascending number; immutable, `moved` makes the next one."""

    def __init__(self, dimension: int) -> None:
        """Empty, for vectors of this dimension."""
        self.numbers = np.zeros(0, np.int64)
        self._vectors: Matrix = np.zeros((0, dimension), np.float32)
        self._terms = np.zeros(0, np.uint32)
        self._ends = np.zeros(0, np.int64)  # chunk i has the terms [_ends[i - 1], _ends[i])
        self._shown = np.zeros(0, np.int32)  # for each chunk an index into _groups
        self._groups: list[frozenset[str]] = []

    def __len__(self) -> int:
        return len(self.numbers)

    def moved(self, alive: NDArray[np.int64], rows: Iterable[FreshChunk]) -> "Fresh":
        """Those of these chunks that are still `alive`, followed by `rows`."""
        rows = list(rows)
        kept = np.isin(self.numbers, alive, assume_unique=True)
        if kept.all() and not rows:
            return self
        found = Fresh(self._vectors.shape[1])
        lengths = np.diff(self._ends, prepend=0)
        found.numbers = np.concatenate([self.numbers[kept], np.array([row[0] for row in rows], np.int64)])
        found._vectors = np.concatenate([self._vectors[kept], *(row[2][None, :] for row in rows)])
        found._terms = np.concatenate([self._terms[np.repeat(kept, lengths)], *(row[3] for row in rows)])
        found._ends = np.cumsum(np.concatenate([lengths[kept], np.array([len(row[3]) for row in rows], np.int64)]))
        places = {groups: place for place, groups in enumerate(self._groups)}
        shown = [places.setdefault(row[1], len(places)) for row in rows]
        found._shown = np.concatenate([self._shown[kept], np.array(shown, np.int32)])
        found._groups = list(places)
        return found

    def nearest(self, vector: Vector, groups: Groups, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks that `groups` may see, as numbers with cosines, best first."""
        return self._first(self._vectors @ vector, groups, k)

    def best(self, asked: Iterable[int], groups: Groups, k: int, others: Statistics) -> list[tuple[int, float]]:
        """The best `k` chunks for the words `asked`, as numbers with BM25 scores (above 0), best first.

        BM25 (Robertson and Zaragoza 2009) with statistics of these chunks and those of `others` together.
        """
        if not len(self):
            return []
        lengths = np.diff(self._ends, prepend=0)
        count = len(self) + others.chunks
        mean = (float(lengths.sum()) + others.chunks * others.mean) / count
        scores = np.zeros(len(self))
        for term in asked:
            at = np.flatnonzero(self._terms == term)
            times = np.bincount(np.searchsorted(self._ends, at, side="right"), minlength=len(self))
            holding = int((times > 0).sum()) + others.holding.get(term, 0)
            rare = np.log(1 + (count - holding + 0.5) / (holding + 0.5))
            scores += rare * times * (K1 + 1) / (times + K1 * (1 - B + B * lengths / max(mean, 1.0)))
        return [(number, score) for number, score in self._first(scores, groups, k) if score > 0]

    def _first(self, scores: NDArray[np.floating], groups: Groups, k: int) -> list[tuple[int, float]]:
        if groups is not None:
            seen = np.array([bool(shown & groups) for shown in self._groups], dtype=bool)
            rows = np.flatnonzero(seen[self._shown]) if len(seen) else np.zeros(0, np.int64)
        else:
            rows = np.arange(len(scores))
        if len(rows) > k:
            rows = rows[np.argpartition(-scores[rows], k)[:k]]
        rows = rows[np.lexsort((self.numbers[rows], -scores[rows]))]  # ties by number
        return list(zip(self.numbers[rows].tolist(), scores[rows].tolist(), strict=True))
