"""Stores of vectors, in a folder and at a server: nearest neighbours, whole or refused."""

import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest
from article_assistant.index.remote import Remote
from article_assistant.index.types import Matrix, Vector
from article_assistant.index.vectors import NumberedVector, Vectors

from tests.chroma import Backend

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


def rows(count: int = SIZE) -> Iterator[NumberedVector]:
    for number in range(count):
        yield number + 1, VECTORS[number]


class Store:
    """A store of either kind under one name, made and opened as an index does it."""

    def __init__(self, backend: Backend, folder: Path) -> None:
        self._server = backend()
        self._folder = folder

    def extend(self, rows: Iterable[NumberedVector], gone: Sequence[int] = ()) -> None:
        if self._server is None:
            Vectors.extend(self._folder, rows, gone)
        else:
            remote = self._remote(0)
            remote.begin()
            remote.extend(rows, gone)

    def open(self, count: int) -> Vectors | Remote:
        """With `count` rows in it."""
        return Vectors.open(self._folder) if self._server is None else self._remote(count)

    def _remote(self, least: int) -> Remote:
        assert self._server
        return Remote(self._server, self._folder.parent.name, "words", least)

    def close(self) -> None:
        if self._server:
            self._server.close()


@pytest.fixture
def store(backend: Backend, tmp_path: Path) -> Iterator[Store]:
    """An empty one."""
    made = Store(backend, tmp_path / "gen")
    yield made
    made.close()


@pytest.fixture(scope="module")
def whole(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One with all rows."""
    made = Store(backend, tmp_path_factory.mktemp("whole") / "gen")
    made.extend(rows())
    yield made
    made.close()


@pytest.fixture
def opened(whole: Store) -> Iterator[Vectors | Remote]:
    found = whole.open(SIZE)
    yield found
    found.close()


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with all rows."""
    folder = tmp_path_factory.mktemp("vectors") / "gen"
    Vectors.extend(folder, rows())
    return folder


def test_the_index_file_is_written_once_and_whole(tmp_path: Path) -> None:
    """However many rows come at once, Chroma's file has all of them when the last is in, also in a later extension."""
    some = [(number + 1, vector) for number, vector in enumerate(VECTORS)]
    first, second = some[:1000], some[1000:]
    written = [0]

    def watched(rows: list[NumberedVector]) -> Iterator[NumberedVector]:
        yield from rows
        written.append(sum(path.stat().st_size for path in tmp_path.rglob("data_level0.bin")))

    Vectors.extend(tmp_path, watched(first), count=len(first))
    size = sum(path.stat().st_size for path in tmp_path.rglob("data_level0.bin"))
    Vectors.extend(tmp_path, watched(second), gone=[1, 2, 3], count=len(second))
    assert size > len(first) * VECTORS.shape[1] * 4
    assert written == [0, written[1], size]  # nothing was written amid the second
    assert sum(path.stat().st_size for path in tmp_path.rglob("data_level0.bin")) > size
    found = Vectors.open(tmp_path)
    assert found.count == len(first) + len(second) - 3
    found.close()


def test_the_nearest_come_first_with_their_cosines(opened: Vectors | Remote) -> None:
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


def test_more_than_there_are_is_no_error(store: Store) -> None:
    """An empty store is whole and gives nothing; a small one gives all it has."""
    store.extend([])
    none = store.open(0)
    assert none.nearest(VECTORS[0], 5) == []
    none.close()
    store.extend(rows(3))
    few = store.open(3)
    assert len(few.nearest(VECTORS[0], 60)) == 3
    few.close()


def test_a_store_knows_what_it_holds(opened: Vectors | Remote) -> None:
    """Of thousands of numbers exactly those that are there."""
    assert opened.holds(range(SIZE - 9, 2 * SIZE)) == set(range(SIZE - 9, SIZE + 1))
    assert opened.holds([]) == set()


def test_a_store_is_extended(store: Store) -> None:
    """New rows are found, those that are gone are not, and the others stay as they are."""
    store.extend(rows(400))
    store.extend(((number, vector) for number, vector in rows(420) if number > 400), [3, 5])
    found = store.open(418)
    assert found.count == 418
    assert found.holds(range(1, 500)) == set(range(1, 421)) - {3, 5}
    for number in (2, 3, 4, 420):
        nearest, cosine = found.nearest(VECTORS[number - 1], 1)[0]
        assert (nearest == number and cosine > 0.99) == (number != 3)
    found.close()


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
