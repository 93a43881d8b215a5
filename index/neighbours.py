"""What a store of vectors is to the index, and how well one finds the true nearest chunks."""

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np
from article_assistant.index.library import Library
from article_assistant.index.types import LibraryError, Matrix, Vector
from numpy.typing import NDArray

HNSW: Any = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}
"""How every store of Chroma builds and searches its graph."""
QUERIES = 200
"""Sentences of the library whose nearest chunks are looked up to measure recall."""

NumberedVector = tuple[int, Vector]
"""A chunk's number and its vector."""


class Away(LibraryError):
    """A store of vectors cannot be reached, or gives answers that make no sense."""


class Lacking(Away):
    """A store of vectors answers, but lacks rows that it should hold."""


class Neighbours(Protocol):
    """A store of vectors that can be searched; reading from a store elsewhere may raise Away."""

    @property
    def count(self) -> int:
        """Number of rows."""

    def nearest(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks, as numbers with cosines, best first; approximate."""

    def holds(self, numbers: Sequence[int]) -> set[int]:
        """Which of these chunks it holds."""

    def close(self) -> None:
        """Release what it holds open."""


class Elsewhere:
    """Stands for vectors that were put in another place than the settings name now."""

    count = 0

    def __init__(self, place: str) -> None:
        """`place` is where they were put, in words."""
        self._place = place

    def nearest(self, vector: Vector, k: int) -> list[tuple[int, float]]:  # noqa: ARG002
        """Raises Lacking."""
        raise Lacking(f"its vectors were put {self._place}, the settings name another place")

    def holds(self, numbers: Sequence[int]) -> set[int]:  # noqa: ARG002
        """None of them."""
        return set()

    def close(self) -> None:
        """Nothing is open."""


def near(answer: Any) -> list[tuple[int, float]]:
    """What Chroma answers to a query of one vector, as numbers with cosines."""
    pairs = zip(answer["ids"][0], answer["distances"][0], strict=True)
    return [(int(number), 1.0 - float(distance)) for number, distance in pairs]


def recall(store: Neighbours, library: Library, numbers: NDArray[np.int64], k: int = 10) -> float:
    """The share of the true `k` nearest chunks that a store finds, for sentences drawn from the chunks `numbers`.

    The store must hold the library's chunks up to the highest of `numbers`, which may not be empty.
    """
    drawn = np.random.default_rng(7).choice(numbers, min(QUERIES, len(numbers)), replace=False)
    candidates = library.candidates([int(number) for number in drawn], None)
    asked = np.stack([found.sentences[0] for found in candidates if len(found.sentences)])
    asked /= np.linalg.norm(asked, axis=1, keepdims=True)  # they are kept in half precision
    return found_of_nearest(store, library, int(numbers[-1]), asked, min(k, len(numbers)))


def found_of_nearest(store: Neighbours, library: Library, to: int, asked: Matrix, k: int) -> float:
    """The share of the true `k` nearest, of the chunks up to number `to`, that a store finds for these vectors."""
    best = np.full((len(asked), k), -np.inf, np.float32)
    for block in library.vectors(to):
        cosines = np.concatenate([best, asked @ block.T], axis=1)
        best = -np.partition(-cosines, k - 1, axis=1)[:, :k]
    least = best.min(axis=1) - 1e-5  # any of several equal ones will do
    found = [store.nearest(vector, k) for vector in asked]
    return float(np.mean([[cosine >= low for _, cosine in one] for one, low in zip(found, least, strict=True)]))
