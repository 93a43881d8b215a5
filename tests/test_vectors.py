"""A Chroma store of a generation: nearest neighbours, whole or refused."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from index.types import Matrix, Vector
from index.vectors import Row, Vectors

SIZE = 2300
"""Rows: Chroma writes its index files from about a thousand on."""


def unit(rows: int) -> Matrix:
    vectors = np.random.default_rng(7).normal(size=(rows, 32)).astype(np.float32)
    found: Matrix = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found


VECTORS = unit(SIZE)


def exact(vectors: Matrix, vector: Vector, k: int) -> list[tuple[int, float]]:
    """Rows of `vectors` nearest to `vector`, with cosines, best first: what `Vectors` approximates."""
    cosines = vectors @ vector
    best = np.argsort(-cosines, kind="stable")[:k]
    return [(int(row), float(cosines[row])) for row in best]


def rows(count: int = SIZE) -> Iterator[Row]:
    for number in range(count):
        yield number + 1, VECTORS[number]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("vectors") / "gen"
    Vectors.extend(folder, rows())
    return folder


@pytest.fixture
def opened(built: Path) -> Iterator[Vectors]:
    found = Vectors.open(built)
    yield found
    found.close()


def test_the_nearest_come_first_with_their_cosines(opened: Vectors) -> None:
    """A stored vector finds itself with cosine 1 and then mostly what an exact search finds."""
    assert opened.count == SIZE
    same = 0
    for number in range(0, SIZE, 100):
        found = opened.nearest(VECTORS[number], 10)
        cosines = [cosine for _, cosine in found]
        assert cosines == sorted(cosines, reverse=True)
        true = {row + 1 for row, _ in exact(VECTORS, VECTORS[number], 10)}
        same += len(true & {chunk for chunk, _ in found})
        assert found[0][0] == number + 1
        assert found[0][1] == pytest.approx(1, abs=1e-5)
    assert same / (SIZE // 100 * 10) > 0.95


def test_more_than_there_are_is_no_error(tmp_path: Path) -> None:
    """A small store gives all it has; an empty one is whole and gives nothing."""
    Vectors.extend(tmp_path / "three", rows(3))
    few = Vectors.open(tmp_path / "three")
    assert len(few.nearest(VECTORS[0], 60)) == 3
    few.close()
    Vectors.extend(tmp_path / "none", [])
    none = Vectors.open(tmp_path / "none")
    assert none.nearest(VECTORS[0], 5) == []
    none.close()


def test_a_store_that_is_broken_is_refused(built: Path, tmp_path: Path) -> None:
    """A store whose database is gone or no database says so instead of answering from nothing."""
    shutil.copytree(built, tmp_path / "gen")
    (tmp_path / "gen" / "chroma.sqlite3").write_bytes(b"no database at all" * 999)
    with pytest.raises(ValueError, match="vectors"):
        Vectors.open(tmp_path / "gen")
    (tmp_path / "gen" / "chroma.sqlite3").unlink()
    with pytest.raises(ValueError, match="vectors"):
        Vectors.open(tmp_path / "gen")


def test_a_folder_that_holds_nothing_is_refused(tmp_path: Path) -> None:
    """Opening never begins an empty store."""
    with pytest.raises(ValueError, match="no vectors"):
        Vectors.open(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_closing_gives_descriptors_back(built: Path) -> None:
    """A server that moves on to generation after generation doesn't run out of descriptors."""
    Vectors.open(built).close()
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        Vectors.open(built).close()
    # One that is not given back costs 11; servers of other tests may close or open one meanwhile.
    assert len(list(Path("/proc/self/fd").iterdir())) < before + 11


def test_exact_search_orders_by_cosine() -> None:
    """The reference: best first, ties in the order of rows."""
    vectors = np.array([[1, 0], [0, 1], [1, 0]], dtype=np.float32)
    assert exact(vectors, vectors[0], 2) == [(0, 1.0), (2, 1.0)]
