"""Vectors in plain files: what a search row by row finds, and for whom."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import article_assistant.index.scan
import numpy as np
import pytest
from article_assistant.index.scan import Flat, VisibleVector
from article_assistant.index.types import Groups
from hypothesis import given, settings
from hypothesis import strategies as st

NAMES = ("everyone", "board", "guests")
some_groups = st.frozensets(st.sampled_from(NAMES))


def rows(shown: Sequence[frozenset[str]], first: int = 1) -> Iterator[VisibleVector]:
    vectors = np.random.default_rng(first).normal(size=(len(shown), 6)).astype(np.float32)
    for row, groups in enumerate(shown):
        yield first + 2 * row, vectors[row] / np.linalg.norm(vectors[row]), groups


def reference(known: list[VisibleVector], vector: np.ndarray, groups: Groups, k: int) -> list[int]:
    """Sorted by cosine, in the precision in which rows are kept."""
    seen = [row for row in known if groups is None or row[2] & groups]
    return [row[0] for row in sorted(seen, key=lambda row: -float(row[1].astype(np.float16) @ vector))[:k]]


@settings(max_examples=60, deadline=None)
@given(
    st.lists(some_groups, max_size=40),
    st.lists(some_groups, max_size=10),
    st.none() | some_groups,
    st.sets(st.integers(1, 80)),
    st.integers(1, 12),
)
def test_all_that_may_be_seen_and_nothing_else(
    tmp_path_factory: pytest.TempPathFactory,
    old: list[frozenset[str]],
    new: list[frozenset[str]],
    groups: Groups,
    gone: set[int],
    k: int,
) -> None:
    """Written, and written on from the last with some gone: the nearest visible ones, as by sorting all of them."""
    folder = tmp_path_factory.mktemp("flat")
    was, more = list(rows(old)), list(rows(new, 101))
    Flat.extend(folder / "one", was)
    Flat.extend(folder / "two", more, Flat(folder / "one"), sorted(gone))
    found = Flat(folder / "two")
    known = [row for row in was if row[0] not in gone] + more
    assert len(found) == len(known)
    assert found.seen(groups) == sum(groups is None or bool(row[2] & groups) for row in known)
    vector = np.random.default_rng(5).normal(size=6).astype(np.float32)
    numbers = [number for number, _ in found.nearest(vector, groups, k)]
    assert numbers == reference(known, vector, groups, k)
    everything = [(number, 0.0) for number in range(1, 130)]
    assert {number for number, _ in found.only(everything, groups)} == (
        {row[0] for row in known if row[2] & groups} if groups is not None else set(range(1, 130))
    )


def test_blocks_make_no_difference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """More rows than are looked at together, more than are few: the same result."""
    shown = [frozenset({NAMES[row % 3]}) for row in range(300)]
    Flat.extend(tmp_path, rows(shown))
    vector = np.ones(6, np.float32)
    asked = [None, frozenset({"board"}), frozenset({"board", "guests"})]
    whole = [Flat(tmp_path).nearest(vector, groups, 20) for groups in asked]
    monkeypatch.setattr(article_assistant.index.scan, "BLOCK", 32)
    monkeypatch.setattr(article_assistant.index.scan, "FEW", 10)
    Flat.extend(tmp_path / "again", rows(shown))
    assert [Flat(tmp_path / "again").nearest(vector, groups, 20) for groups in asked] == whole


def test_files_that_do_not_fit_together_are_refused(tmp_path: Path) -> None:
    """One of them cut short is an error, not another answer."""
    Flat.extend(tmp_path, rows([frozenset({"board"})] * 9))
    (tmp_path / "numbers").write_bytes((tmp_path / "numbers").read_bytes()[:-8])
    with pytest.raises(ValueError, match="different numbers"):
        Flat(tmp_path)
