"""Stores of vectors: what one is to the index, and the one of a generation, in a Chroma folder that is never edited."""

import warnings
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

import chromadb
import numpy as np
from article_assistant.index.types import LibraryError, Vector
from chromadb.config import Settings

HNSW: Any = {"space": "cosine", "ef_construction": 200, "ef_search": 200, "max_neighbors": 24}
"""How every store of Chroma builds and searches its graph."""
COLLECTION = "chunks"
SYNC_THRESHOLD = 1000
"""Least number of rows after which Chroma writes its index file."""
ROWS_AN_UPSERT = 5000
"""Chroma takes 5,461 at most."""

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


class Vectors:
    """The vectors of one generation, searched by approximate cosine similarity (HNSW)."""

    def __init__(self, client: Any, collection: Any) -> None:
        self._client = client
        self._collection = collection
        self.count: int = collection.count()

    @classmethod
    def extend(cls, folder: Path, rows: Iterable[NumberedVector], gone: Sequence[int] = (), count: int = 0) -> None:
        """Add rows to the Chroma store in `folder`, or create one there, and drop the chunks that are `gone`.

        `count`, the number of rows, only saves time: Chroma writes its whole index file every so many rows.
        """
        known = (folder / "chroma.sqlite3").is_file()
        client = _chroma(folder)
        try:
            # Written once, with the last row: rows that are not in the file are added again at each opening.
            written = {"hnsw": {"sync_threshold": max(count, SYNC_THRESHOLD)}}
            if known and count > SYNC_THRESHOLD:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)  # that it embeds nothing itself
                    client.get_collection(COLLECTION, embedding_function=None).modify(configuration=written)
                client.close()  # an open store keeps the threshold that it was opened with
                client = _chroma(folder)
            collection = client.get_or_create_collection(
                COLLECTION, embedding_function=None, configuration={"hnsw": HNSW | written["hnsw"]}
            )
            for first in range(0, len(gone), ROWS_AN_UPSERT):
                collection.delete(ids=[str(number) for number in gone[first : first + ROWS_AN_UPSERT]])
            rows = iter(rows)
            while batch := list(islice(rows, ROWS_AN_UPSERT)):
                collection.add(
                    ids=[str(number) for number, _ in batch], embeddings=np.stack([vector for _, vector in batch])
                )
        finally:
            client.close()

    @classmethod
    def open(cls, folder: Path) -> "Vectors":
        """The store that `extend` wrote into `folder`. Raises ValueError where it is not whole."""
        if not (folder / "chroma.sqlite3").is_file():  # Chroma would begin an empty store
            raise ValueError(f"no vectors in {folder}")
        client = None
        try:
            client = _chroma(folder)
            found = cls(client, client.get_collection(COLLECTION, embedding_function=None))
            if found.count:  # Chroma loads its index lazily, and answers nothing when a file is missing: ask it once
                one = found._collection.get(limit=1, include=["embeddings"])
                if not found.nearest(np.asarray(one["embeddings"][0], np.float32), 1):
                    raise ValueError(f"the vectors in {folder} answer nothing")
        except Exception as error:
            if client is not None:
                client.close()
            raise ValueError(f"the vectors in {folder} cannot be read: {error}") from error
        return found

    def nearest(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks, as numbers with cosines, best first."""
        if not self.count:
            return []
        found = self._collection.query(query_embeddings=[vector], n_results=min(k, self.count), include=["distances"])
        return near(found)

    def holds(self, numbers: Sequence[int]) -> set[int]:
        """Which of these chunks it holds."""
        found: set[int] = set()
        for first in range(0, len(numbers), ROWS_AN_UPSERT):
            asked = [str(number) for number in numbers[first : first + ROWS_AN_UPSERT]]
            found.update(map(int, self._collection.get(ids=asked, include=[])["ids"]))
        return found

    def close(self) -> None:
        """Close the store and its file descriptors."""
        self._client.close()


def _chroma(folder: Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))


def near(answer: Any) -> list[tuple[int, float]]:
    """What Chroma answers to a query of one vector, as numbers with cosines."""
    pairs = zip(answer["ids"][0], answer["distances"][0], strict=True)
    return [(int(number), 1.0 - float(distance)) for number, distance in pairs]
