"""BM25 on disk: any question is only words, and groups filter inside the search."""

from pathlib import Path

import pytest
from article_assistant.index.keyword import Keyword, asked_words, stems
from article_assistant.index.types import EVERYONE
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import modest

ALL = frozenset({EVERYONE})
ROWS = [
    (1, "Travel policy\nTobias Okonjo approves trips.", ALL),
    (2, "Leave policy\nThe board approves leave of absence.", ALL),
    (3, "Salaries\nTobias earns a lot.", frozenset({"board"})),
    (4, "Nobody\nTobias is shown to nobody.", frozenset[str]()),
    (5, "Café “naïve” AND OR NOT words:* ^2 ~1 \\ / () [] {}", ALL),
]


@pytest.fixture(scope="module")
def keyword(tmp_path_factory: pytest.TempPathFactory) -> Keyword:
    folder = tmp_path_factory.mktemp("keyword") / "new"
    Keyword.extend(folder, ROWS)
    return Keyword.open(folder)


def numbers(found: list[tuple[int, float]]) -> list[int]:
    return [number for number, _ in found]


def test_words_are_found_in_any_form(keyword: Keyword) -> None:
    """Case, accents and English endings make no difference; scores fall and are above 0."""
    assert numbers(keyword.best("APPROVED trip", ALL, 9)) == [1, 2]
    assert numbers(keyword.best("cafe naive", ALL, 9)) == [5]
    scores = [score for _, score in keyword.best("Tobias approves trips", None, 9)]
    assert scores == sorted(scores, reverse=True)
    assert min(scores) > 0


def test_only_chunks_of_the_groups_asked_for(keyword: Keyword) -> None:
    """A chunk is found by those of its groups, by the operator, and without groups by nobody else."""
    assert numbers(keyword.best("Tobias", ALL, 9)) == [1]
    assert numbers(keyword.best("Tobias", frozenset({"board"}), 9)) == [3]
    assert sorted(numbers(keyword.best("Tobias", frozenset({"board", EVERYONE}), 9))) == [1, 3]
    assert sorted(numbers(keyword.best("Tobias", None, 9))) == [1, 3, 4]
    assert keyword.best("Tobias", frozenset(), 9) == []
    assert keyword.best("Tobias", frozenset({"Board", "boar", "board*"}), 9) == []


def test_the_filter_does_not_change_a_score(keyword: Keyword) -> None:
    """Who asks changes what is found, not how well it fits."""
    seen = dict(keyword.best("Tobias approves", None, 9))
    assert dict(keyword.best("Tobias approves", ALL, 9)) == {number: seen[number] for number in (1, 2)}


@modest
@given(
    st.text(max_size=80)
    | st.sampled_from(["AND", "NOT OR", '"', "words:", "group:board", "*", "a^9", "[a TO z]", "-", "\\"])
)
def test_no_question_is_an_error_or_an_operator(keyword: Keyword, question: str) -> None:
    """Any text is a question; nothing in it means anything but its words, least of all another group."""
    assert set(numbers(keyword.best(question, ALL, 9))) <= {1, 2, 5}
    assert keyword.best(question, frozenset({"group:board"}), 9) == []


def test_a_question_of_nothing_finds_nothing(keyword: Keyword) -> None:
    """No word, or a word that no chunk has: nothing."""
    assert keyword.best("", ALL, 9) == []
    assert keyword.best("?!", ALL, 9) == []
    assert keyword.best("zeppelin", ALL, 9) == []


def test_words_that_say_nothing_are_left_out_unless_there_are_no_others() -> None:
    """Question words don't count, except where the question has no other."""
    assert asked_words("Who approves the trips, and who the trip?") == ["approv", "trip"]
    assert asked_words("Who was it?") == ["who", "was", "it"]
    assert stems("") == []


def test_the_same_rows_give_the_same_scores(tmp_path: Path) -> None:
    """Two builds of the same rows rank alike to the last digit."""
    rows = [(number, f"word{number % 7} word{number % 11} filler text", ALL) for number in range(300)]
    found = []
    for name in ("a", "b"):
        Keyword.extend(tmp_path / name, rows)
        found.append(Keyword.open(tmp_path / name).best("word3 word5 filler", ALL, 60))
    assert found[0] == found[1]


def test_what_is_not_an_index_is_refused(tmp_path: Path) -> None:
    """A folder that is missing or empty is a ValueError, so that the build counts as damaged."""
    with pytest.raises(ValueError, match=r"."):
        Keyword.open(tmp_path)
    with pytest.raises(ValueError, match=r"."):
        Keyword.open(tmp_path / "missing")


def test_an_index_of_nothing_is_whole(tmp_path: Path) -> None:
    """An empty library has a keyword index too."""
    Keyword.extend(tmp_path, [])
    assert Keyword.open(tmp_path).count == 0
    assert Keyword.open(tmp_path).best("anything", None, 9) == []
