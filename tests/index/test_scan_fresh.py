"""What no generation holds yet: the same vectors, words and rights, searched exactly."""

from pathlib import Path

import numpy as np
import pytest
from article_assistant.index.keyword import Postings, asked_terms, terms
from article_assistant.index.postings import extend
from article_assistant.index.scan import UNKNOWN, Fresh, FreshChunk, Statistics
from article_assistant.index.types import EVERYONE
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import modest

ALL = frozenset({EVERYONE})
BOARD = frozenset({"board"})
TEXTS = [f"{'trip ' * (n % 4)}word{n % 7} and {'longer ' * (n % 11)}text of {n}" for n in range(120)]


def rows(numbers: range) -> list[FreshChunk]:
    """A row a number, every third the board's."""
    chance = np.random.default_rng(numbers.start)
    vectors = chance.normal(size=(len(numbers), 8)).astype(np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    return [
        (number, BOARD if number % 3 == 0 else ALL, vector, terms(TEXTS[number % len(TEXTS)]))
        for number, vector in zip(numbers, vectors, strict=True)
    ]


def fresh(found: list[FreshChunk]) -> Fresh:
    return Fresh(8).moved(np.array([row[0] for row in found]), found)


def test_the_nearest_are_the_nearest() -> None:
    """Exactly those with the highest cosines, best first, of the groups asked for."""
    found = rows(range(1, 90))
    vector = found[4][2]
    for groups in (None, ALL, BOARD, ALL | BOARD, frozenset({"guests"}), frozenset[str]()):
        shown = [row for row in found if groups is None or row[1] & groups]
        expected = sorted(shown, key=lambda row: -float(row[2] @ vector))[:10]
        near = fresh(found).nearest(vector, groups, 10)
        assert [number for number, _ in near] == [row[0] for row in expected]
        assert [cosine for _, cosine in near] == pytest.approx([float(row[2] @ vector) for row in expected])


@pytest.mark.parametrize("question", ["trip of word3", "a longer text", "trip", "zeppelin", ""])
def test_words_count_as_they_do_in_a_generation(tmp_path: Path, question: str) -> None:
    """Here and there the scores of the same chunks are the same to the last digit, however the chunks are divided."""
    found = rows(range(len(TEXTS)))
    asked = asked_terms(question)
    whole = fresh(found).best(asked, ALL, 200, UNKNOWN)
    for part in (0, 50, len(found)):
        extend(tmp_path / str(part), [(row[0], row[3]) for row in found[:part]])
        older, newer = Postings(tmp_path / str(part)), fresh(found[part:])
        seen = np.array([bool(row[1] & ALL) for row in found[:part]], bool)
        held = {word: int(seen[older.holding(word)[0]].sum()) for word in asked}
        known = Statistics(int(seen.sum()), int(older.lengths[seen].sum()), held)
        total = known + newer.statistics(asked, ALL)
        both = older.best([(word, total.rare(word)) for word in asked], total.mean, seen, 200)
        assert sorted(both + newer.best(asked, ALL, 200, known), key=lambda one: (-one[1], one[0])) == whole


def test_what_nobody_may_see_moves_no_score() -> None:
    """Chunks of others count neither as chunks nor as holders of a word, nor for the mean length."""
    found = rows(range(1, 90))
    asked = asked_terms("trip of word3")
    alone = fresh([row for row in found if row[1] == ALL]).best(asked, ALL, 90, UNKNOWN)
    assert fresh(found).best(asked, ALL, 90, UNKNOWN) == alone


def test_a_word_is_worth_what_it_is_in_all_chunks() -> None:
    """One new chunk beside a generation of thousands: a rare word counts as rare, a common one as common."""
    one = fresh(rows(range(1, 2)))
    (term,) = terms("text").tolist()
    ((_, rare),) = one.best([term], ALL, 5, Statistics(10_000, 300_000, {term: 3}))
    ((_, common),) = one.best([term], ALL, 5, Statistics(10_000, 300_000, {term: 9_000}))
    assert rare > 5
    assert common < 0.5


@modest
@given(st.lists(st.sets(st.integers(1, 60)), max_size=6))
def test_moving_on_is_the_same_as_beginning_anew(steps: list[set[int]]) -> None:
    """However chunks come and go, the result is that of the chunks that are there now."""
    known = {row[0]: row for row in rows(range(1, 400))}
    now, used = Fresh(8), 0
    alive: list[int] = []
    for step in steps:
        new = [used + number for number in sorted(step)]
        used = max([used, *new])
        alive = [number for number in alive if number % 7 not in step] + new
        now = now.moved(np.array(alive, np.int64), [known[number] for number in new])
        anew = fresh([known[number] for number in alive])
        vector = known[1][2]
        asked = terms("trip text").tolist()
        for groups in (None, ALL, BOARD):
            assert now.nearest(vector, groups, 9) == anew.nearest(vector, groups, 9)
            assert now.best(asked, groups, 9, UNKNOWN) == anew.best(asked, groups, 9, UNKNOWN)


def test_of_nothing_nothing_is_found() -> None:
    """No chunk at all is no error."""
    assert Fresh(8).nearest(np.ones(8, np.float32), ALL, 3) == []
    assert Fresh(8).best([1], ALL, 3, UNKNOWN) == []
