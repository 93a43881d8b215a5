"""Exact searches, row by row, of what the asker may see: a generation's vectors in files, and newer chunks in memory.

A graph (HNSW) also visits the rows that the asker may not see. Where few may be seen, a scan of just those is
faster, and exact; it also serves while the graph is out of reach. Chunks that no generation holds yet are scanned
too, by vectors and by words, so that a change is found as soon as it is committed.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
from article_assistant.index.types import Groups, Matrix, Ranked, Terms, Vector, Within
from numpy.typing import NDArray

FEW = 30_000
"""Most rows that are cached for a set of groups; those of larger sets are computed for each question."""
BLOCK = 20_000
"""Rows scanned at once, which bounds the memory."""
CACHED = 64
"""Sets of groups whose rows are cached."""
K1, B = 1.2, 0.75
"""BM25's constants, those that are usual."""

VisibleVector = tuple[int, Vector, frozenset[str]]
"""A chunk's number, its vector and the groups that may see it."""
FreshChunk = tuple[int, frozenset[str], Vector, Terms]
"""A chunk's number, the groups that may see it, its vector and its words as numbers."""
_NUMBERS, _VECTORS, _SHOWN, _GROUPS = "numbers", "vectors", "shown", "groups.json"


class Flat:
    """Rows by ascending number, mapped into memory; vectors are in half precision."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError or ValueError where files are missing or do not fit together."""
        facts = json.loads((folder / _GROUPS).read_text())
        self._groups = [frozenset(groups) for groups in facts["groups"]]
        self._numbers = mapped(folder / _NUMBERS, np.dtype("<i8"))
        self._shown = mapped(folder / _SHOWN, np.dtype("<i4"))  # for each row an index into _groups
        self._vectors = mapped(folder / _VECTORS, np.dtype("<f2")).reshape(-1, facts["dimension"])
        if not len(self._numbers) == len(self._shown) == len(self._vectors):
            raise ValueError(f"the files in {folder} hold different numbers of rows")
        self._hidden = np.zeros(len(self), bool)
        self._known: dict[Groups, tuple[int, NDArray[np.int64] | None]] = {}

    @classmethod
    def extend(
        cls, folder: Path, rows: Iterable[VisibleVector], last: "Flat | None" = None, gone: Sequence[int] = ()
    ) -> None:
        """Write the rows of `last` that are not `gone`, and `rows`, whose numbers are higher, into `folder`."""
        folder.mkdir(parents=True, exist_ok=True)
        known = {groups: place for place, groups in enumerate(last._groups if last else [])}
        dimension = last._vectors.shape[1] if last else 1
        with ExitStack() as files:
            numbers, vectors, shown = (
                files.enter_context((folder / name).open("wb")) for name in (_NUMBERS, _VECTORS, _SHOWN)
            )
            for first in range(0, len(last._numbers) if last else 0, BLOCK):
                assert last
                here = slice(first, first + BLOCK)
                kept = ~np.isin(last._numbers[here], gone)
                numbers.write(last._numbers[here][kept].tobytes())
                vectors.write(last._vectors[here][kept].tobytes())
                shown.write(last._shown[here][kept].tobytes())
            rows = iter(rows)
            while batch := list(islice(rows, BLOCK)):
                dimension = len(batch[0][1])
                numbers.write(np.array([row[0] for row in batch], "<i8").tobytes())
                vectors.write(np.array([row[1] for row in batch], "<f2").tobytes())
                shown.write(np.array([known.setdefault(row[2], len(known)) for row in batch], "<i4").tobytes())
        facts = {"dimension": dimension, "groups": [sorted(groups) for groups in known]}
        (folder / _GROUPS).write_text(json.dumps(facts))

    def __len__(self) -> int:
        return len(self._numbers)

    @property
    def hidden(self) -> int:
        """How many rows are hidden from everyone."""
        return int(self._hidden.sum())

    def hide(self, gone: Sequence[int]) -> None:
        """Hide these chunks from everyone, and no others."""
        self._hidden = np.isin(self._numbers, np.array(gone, np.int64))
        self._known = {}

    def visible(self, groups: Groups) -> NDArray[np.bool_]:
        """Which rows `groups` may see."""
        shown = ~self._hidden
        return shown if groups is None else shown & _may_see(self._groups, groups)[self._shown]

    def places(self, numbers: NDArray[np.int64]) -> NDArray[np.intp]:
        """The rows of these chunks; any row where there is none."""
        return np.searchsorted(self._numbers, numbers).clip(max=max(len(self) - 1, 0))

    def seen(self, groups: Groups) -> int:
        """How many rows `groups` may see."""
        return self._rows(groups)[0]

    def only(self, found: Sequence[tuple[int, float]], groups: Groups) -> list[tuple[int, float]]:
        """The items of `found`, numbers with scores, that `groups` may see."""
        if groups is None and not self.hidden:
            return list(found)
        asked = np.array([number for number, _ in found], np.int64)
        seen = asked < 0
        if len(self):
            at = self.places(asked)
            seen = self.visible(groups)[at] & (self._numbers[at] == asked)
        return [one for one, shown in zip(found, seen, strict=True) if shown]

    def nearest(self, vector: Vector, groups: Groups, k: int, within: Within = None) -> Ranked:
        """The nearest `k` chunks that `groups` may see, as numbers with cosines, best first; of those `within`."""
        seen, rows = self._rows(groups)
        if within is not None:
            rows = np.flatnonzero(self.visible(groups) & np.isin(self._numbers, within))
        elif rows is None and seen < len(self):
            rows = np.flatnonzero(self.visible(groups))
        count = len(self) if rows is None else len(rows)
        numbers, cosines = np.zeros(0, np.int64), np.zeros(0, np.float32)
        for first in range(0, count, BLOCK):
            here = slice(first, first + BLOCK) if rows is None else rows[first : first + BLOCK]
            near = self._vectors[here].astype(np.float32) @ vector
            best = top_of(near, k)
            numbers = np.concatenate([numbers, self._numbers[here][best]])
            cosines = np.concatenate([cosines, near[best]])
        return in_order(numbers, cosines)[:k]

    def close(self) -> None:
        """Close the files; each mapping holds a descriptor."""
        self._numbers, self._shown = np.zeros(0, np.int64), np.zeros(0, np.int32)
        self._vectors = np.zeros((0, self._vectors.shape[1]), np.float16)

    def _rows(self, groups: Groups) -> tuple[int, NDArray[np.int64] | None]:
        """The number of rows that `groups` may see, and the rows themselves where these are FEW, and not all."""
        found = self._known.get(groups)
        if found is None:
            if len(self._known) >= CACHED:
                self._known.clear()
            seen = self.visible(groups)
            count = int(seen.sum())
            found = self._known[groups] = (count, np.flatnonzero(seen) if count <= FEW and count < len(seen) else None)
        return found


@dataclass(frozen=True, slots=True)
class Statistics:
    """What BM25 knows of chunks: how many they are, how many words they have in all, and how many hold a word."""

    chunks: int
    words: int
    holding: Mapping[int, int]

    def __add__(self, others: "Statistics") -> "Statistics":
        """Those of both."""
        both = self.holding.keys() | others.holding.keys()
        held = {word: self.holding.get(word, 0) + others.holding.get(word, 0) for word in both}
        return Statistics(self.chunks + others.chunks, self.words + others.words, held)

    @property
    def mean(self) -> float:
        """The mean length of a chunk in words."""
        return max(self.words / max(self.chunks, 1), 1.0)

    def rare(self, word: int) -> float:
        """How much a word tells: the inverse document frequency of BM25."""
        many = self.holding.get(word, 0)
        return float(np.log(1 + (self.chunks - many + 0.5) / (many + 0.5)))


UNKNOWN = Statistics(0, 0, {})
"""Those of no chunks."""


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

    def nearest(self, vector: Vector, groups: Groups, k: int, within: Within = None) -> Ranked:
        """The nearest `k` chunks that `groups` may see, as numbers with cosines, best first; of those `within`."""
        return self._first(self._vectors @ vector, groups, k, within)

    def statistics(self, asked: Iterable[int], groups: Groups) -> Statistics:
        """What BM25 needs to know of these words in the chunks that `groups` may see."""
        seen = self._visible(groups)
        lengths = np.diff(self._ends, prepend=0)
        held = {word: int((seen & (self._times(word) > 0)).sum()) for word in asked}
        return Statistics(int(seen.sum()), int(lengths[seen].sum()), held)

    def best(
        self,
        asked: Iterable[int],
        groups: Groups,
        k: int,
        others: Statistics,
        holding: int | None = None,
        within: Within = None,
    ) -> Ranked:
        """The best `k` chunks for the words `asked`, as numbers with BM25 scores (above 0), best first.

        With `holding`, another word, only chunks that hold it; `within`, only of these. BM25 (Robertson and Zaragoza
        2009) with statistics of the chunks here that `groups` may see and of those of `others` together.
        """
        if not len(self):
            return []
        asked = list(asked)
        total = self.statistics(asked, groups) + others
        lengths = np.diff(self._ends, prepend=0)
        scores = np.zeros(len(self))
        for term in asked:
            scores += scored(total.rare(term), self._times(term), lengths, total.mean)
        if holding is not None:
            scores[self._times(holding) == 0] = 0.0
        return [(number, score) for number, score in self._first(scores, groups, k, within) if score > 0]

    def _times(self, word: int) -> NDArray[np.int64]:
        """How many times each chunk holds a word."""
        at = np.flatnonzero(self._terms == word)
        return np.bincount(np.searchsorted(self._ends, at, side="right"), minlength=len(self))

    def _visible(self, groups: Groups) -> NDArray[np.bool_]:
        if groups is None:
            return np.ones(len(self), bool)
        return _may_see(self._groups, groups)[self._shown] if len(self) else np.zeros(0, bool)

    def _first(self, scores: NDArray[np.floating], groups: Groups, k: int, within: Within) -> Ranked:
        seen = self._visible(groups)
        rows = np.flatnonzero(seen if within is None else seen & np.isin(self.numbers, within))
        rows = rows[top_of(scores[rows], k)]
        return in_order(self.numbers[rows], scores[rows])


def _may_see(shown: Iterable[frozenset[str]], groups: frozenset[str]) -> NDArray[np.bool_]:
    """For each set of groups in `shown`, whether it shares one with `groups`."""
    return np.array([bool(one & groups) for one in shown], dtype=bool)


def scored(rare: float, times: NDArray[np.int64], lengths: NDArray[np.integer], mean: float) -> NDArray[np.floating]:
    """What a word adds to the BM25 scores of chunks that hold it so many `times`, and have so many words.

    Lengths are rounded down to four bits beyond 24, as Lucene does.
    """
    over = np.maximum(lengths.astype(np.int64) - 24, 0)
    bits = np.maximum(np.frexp(over)[1] - 4, 0)
    rounded = np.minimum(lengths, 24) + (over >> bits << bits)
    score: NDArray[np.floating] = rare * times * (K1 + 1) / (times + K1 * (1 - B + B * rounded / mean))
    return score


def top_of(scores: NDArray[np.floating], k: int) -> NDArray[np.intp]:
    """Where the highest `k` of the scores stand, in no particular order."""
    return np.argpartition(-scores, k)[:k] if len(scores) > k else np.arange(len(scores))


def in_order(numbers: NDArray[np.int64], scores: NDArray[np.floating]) -> list[tuple[int, float]]:
    """Numbers with their scores, best first, ties by number."""
    order = np.lexsort((numbers, -scores))
    return list(zip(numbers[order].tolist(), scores[order].tolist(), strict=True))


def mapped(path: Path, kind: np.dtype[np.generic]) -> NDArray[np.generic]:
    """The values in a file, mapped into memory."""
    if not path.stat().st_size:  # an empty file cannot be mapped
        return np.zeros(0, kind)
    return np.memmap(path, kind, "r")
