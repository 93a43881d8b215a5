"""The vectors of one generation in plain files, searched exactly, and the groups that may see each.

A graph (HNSW) also visits the rows that the asker may not see. Where few may be seen, a scan of just those is
faster, and exact; it also serves while the graph is out of reach.
"""

import json
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from itertools import islice
from pathlib import Path

import numpy as np
from article_assistant.index.types import Groups, Vector
from numpy.typing import NDArray

FEW = 30_000
"""Most rows that are cached for a set of groups; those of larger sets are computed for each question."""
BLOCK = 20_000
"""Rows scanned at once, which bounds the memory."""
CACHED = 64
"""Sets of groups whose rows are cached."""

VisibleVector = tuple[int, Vector, frozenset[str]]
"""A chunk's number, its vector and the groups that may see it."""
_NUMBERS, _VECTORS, _SHOWN, _GROUPS = "numbers", "vectors", "shown", "groups.json"


class Flat:
    """Rows by ascending number, mapped into memory; vectors are in half precision."""

    def __init__(self, folder: Path) -> None:
        """Raises OSError or ValueError where files are missing or do not fit together."""
        facts = json.loads((folder / _GROUPS).read_text())
        self._groups = [frozenset(groups) for groups in facts["groups"]]
        self._numbers = _mapped(folder / _NUMBERS, np.dtype("<i8"))
        self._shown = _mapped(folder / _SHOWN, np.dtype("<i4"))  # for each row an index into _groups
        self._vectors = _mapped(folder / _VECTORS, np.dtype("<f2")).reshape(-1, facts["dimension"])
        if not len(self._numbers) == len(self._shown) == len(self._vectors):
            raise ValueError(f"the files in {folder} hold different numbers of rows")
        self._known: dict[frozenset[str], tuple[int, NDArray[np.int64] | None]] = {}

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

    def seen(self, groups: Groups) -> int:
        """How many rows `groups` may see."""
        return len(self) if groups is None else self._rows(groups)[0]

    def only(self, found: Sequence[tuple[int, float]], groups: Groups) -> list[tuple[int, float]]:
        """The items of `found`, numbers with scores, that `groups` may see."""
        if groups is None:
            return list(found)
        asked = np.array([number for number, _ in found], np.int64)
        at = np.searchsorted(self._numbers, asked).clip(max=max(len(self) - 1, 0))
        seen = self._seen(groups)[self._shown[at]] & (self._numbers[at] == asked) if len(self) else asked < 0
        return [one for one, shown in zip(found, seen, strict=True) if shown]

    def nearest(self, vector: Vector, groups: Groups, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks that `groups` may see, as numbers with cosines, best first."""
        rows = None
        if groups is not None:
            rows = self._rows(groups)[1]
            rows = np.flatnonzero(self._seen(groups)[self._shown]) if rows is None else rows
        count = len(self) if rows is None else len(rows)
        numbers, cosines = np.zeros(0, np.int64), np.zeros(0, np.float32)
        for first in range(0, count, BLOCK):
            here = slice(first, first + BLOCK) if rows is None else rows[first : first + BLOCK]
            near = self._vectors[here].astype(np.float32) @ vector
            best = np.argpartition(-near, k)[:k] if len(near) > k else np.arange(len(near))
            numbers = np.concatenate([numbers, self._numbers[here][best]])
            cosines = np.concatenate([cosines, near[best]])
        order = np.lexsort((numbers, -cosines))[:k]  # ties by number
        return list(zip(numbers[order].tolist(), cosines[order].tolist(), strict=True))

    def close(self) -> None:
        """Close the files; each mapping holds a descriptor."""
        self._numbers, self._shown = np.zeros(0, np.int64), np.zeros(0, np.int32)
        self._vectors = np.zeros((0, self._vectors.shape[1]), np.float16)

    def _seen(self, groups: frozenset[str]) -> NDArray[np.bool_]:
        """For each entry of `_groups`, whether it shares a group with `groups`."""
        return np.array([bool(shown & groups) for shown in self._groups], dtype=bool)

    def _rows(self, groups: frozenset[str]) -> tuple[int, NDArray[np.int64] | None]:
        """The number of rows that `groups` may see, and the rows themselves where these are FEW."""
        found = self._known.get(groups)
        if found is None:
            if len(self._known) >= CACHED:
                self._known.clear()
            seen = self._seen(groups)
            count = int(np.bincount(self._shown, minlength=len(seen))[seen].sum())
            found = self._known[groups] = (count, np.flatnonzero(seen[self._shown]) if count <= FEW else None)
        return found


def _mapped(path: Path, kind: np.dtype[np.generic]) -> NDArray[np.generic]:
    """The values in a file, mapped into memory."""
    if not path.stat().st_size:  # an empty file cannot be mapped
        return np.zeros(0, kind)
    return np.memmap(path, kind, "r")
