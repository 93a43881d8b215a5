"""BM25 on disk: any question is only words, and who asks is all that a score depends on."""

from collections.abc import Iterable
from math import log
from pathlib import Path

import numpy as np
import pytest
from article_assistant.index.keyword import Postings, asked_terms, asked_words, stems, terms
from article_assistant.index.postings import extend
from article_assistant.index.scan import Statistics
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import modest

ROWS = [
    (1, "Travel policy\nTobias Okonjo approves trips."),
    (2, "Leave policy\nThe board approves leave of absence."),
    (3, "Salaries\nTobias earns a lot."),
    (4, "Nobody\nTobias is shown to nobody."),
    (5, "Café “naïve” AND OR NOT words:* ^2 ~1 \\ / () [] {}"),
]


def made(folder: Path, rows: Iterable[tuple[int, str]], gone: Iterable[int] = ()) -> Postings:
    extend(folder, [(number, terms(text)) for number, text in rows], list(gone))
    return Postings(folder)


def best(postings: Postings, question: str, seen: set[int] | None = None, k: int = 9) -> list[tuple[int, float]]:
    """What those find who may see the chunks `seen`, or all."""
    rows = postings.alive & np.isin(postings.numbers, list(seen) if seen is not None else postings.numbers)
    asked = asked_terms(question)
    held = {word: int(rows[postings.holding(word)[0]].sum()) for word in asked}
    total = Statistics(int(rows.sum()), int(postings.lengths[rows].sum()), held)
    return postings.best([(word, total.rare(word)) for word in asked], total.mean, rows, k)


@pytest.fixture(scope="module")
def postings(tmp_path_factory: pytest.TempPathFactory) -> Postings:
    return made(tmp_path_factory.mktemp("postings") / "new", ROWS)


def numbers(found: list[tuple[int, float]]) -> list[int]:
    return [number for number, _ in found]


def test_words_are_found_in_any_form(postings: Postings) -> None:
    """Case, accents and English endings make no difference; scores fall and are above 0."""
    assert numbers(best(postings, "APPROVED trip")) == [1, 2]
    assert numbers(best(postings, "cafe naive")) == [5]
    scores = [score for _, score in best(postings, "Tobias approves trips")]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0


def test_a_score_is_that_of_the_formula(postings: Postings) -> None:
    """BM25 as it is written down, for a word that two of three chunks hold."""
    ((_, score), _) = best(postings, "approves", {1, 2, 3})
    lengths = [len(terms(text)) for _, text in ROWS[:3]]
    rare = log(1 + (3 - 2 + 0.5) / (2 + 0.5))
    longest = max(lengths[:2]) if lengths[0] > lengths[1] else min(lengths[:2])
    assert score == pytest.approx(rare * 2.2 / (1 + 1.2 * (0.25 + 0.75 * longest / (sum(lengths) / 3))))


def test_only_what_may_be_seen_and_as_if_there_were_nothing_else(tmp_path: Path, postings: Postings) -> None:
    """Who may see some chunks finds these, with the scores that they have where there are no others."""
    assert numbers(best(postings, "Tobias", {1, 2, 5})) == [1]
    assert best(postings, "Tobias", set()) == []
    alone = made(tmp_path, [row for row in ROWS if row[0] in {1, 2, 5}])
    for question in ("Tobias approves", "policy of the board", "trips"):
        assert best(postings, question, {1, 2, 5}) == best(alone, question)


@modest
@given(st.text(max_size=80) | st.sampled_from(["AND", "NOT OR", '"', "words:", "*", "a^9", "[a TO z]", "-", "\\"]))
def test_no_question_is_an_error_or_an_operator(postings: Postings, question: str) -> None:
    """Any text is a question; nothing in it means anything but its words."""
    assert set(numbers(best(postings, question, {1, 2, 5}))) <= {1, 2, 5}


def test_a_question_of_nothing_finds_nothing(postings: Postings) -> None:
    """No word, or a word that no chunk has: nothing."""
    assert [best(postings, question) for question in ("", "?!", "zeppelin")] == [[], [], []]


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    """Question words don't count, except where the question has no other."""
    assert asked_words("Who approves the trips, and who the trip?") == ["approv", "trip"]
    assert asked_words("Who was it?") == ["who", "was", "it"]
    assert stems("") == []


@modest
@given(st.lists(st.integers(0, 12), max_size=5), st.sets(st.integers(0, 40)))
def test_written_on_is_as_written_at_once(
    tmp_path_factory: pytest.TempPathFactory, steps: list[int], gone: set[int]
) -> None:
    """Rows that come in parts, and some that go in between, leave what they would have left in one."""
    texts = [(number, f"word{number % 7} word{number % 11} {'filler ' * (number % 5)}text") for number in range(60)]
    folder, done = tmp_path_factory.mktemp("postings"), 0
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("article_assistant.index.postings.SEGMENT", 7)
        for step in [*steps, 0]:
            found = made(folder / "parts", texts[done : done + step], [one for one in gone if one < done])
            done += step
        at_once = made(folder / "once", [row for row in texts[:done] if row[0] not in gone or row[0] >= done - step])
    left = set(found.numbers[found.alive].tolist())
    whole = made(folder / "whole", [row for row in texts[:done] if row[0] in left])
    assert found.count == len(left) <= at_once.count
    for question in ("word3 word5 filler", "text"):
        assert best(found, question, k=60) == best(whole, question, k=60)


def test_what_is_not_an_index_is_refused(tmp_path: Path) -> None:
    """A folder that is missing, empty or cut short is an error, so that the build counts as damaged."""
    for folder in (tmp_path, tmp_path / "missing"):
        with pytest.raises(OSError, match=r"."):
            Postings(folder)
    made(tmp_path / "cut", ROWS)
    (tmp_path / "cut" / "0.postings").write_bytes(b"")
    with pytest.raises(ValueError, match="fit together"):
        Postings(tmp_path / "cut")


def test_an_index_of_nothing_is_whole(tmp_path: Path) -> None:
    """An empty library has a keyword index too."""
    found = made(tmp_path, [])
    assert (found.count, best(found, "anything")) == (0, [])
