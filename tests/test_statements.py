"""Questions become statements, and statements are carried by their passage or not."""

import random
from pathlib import Path

import pytest

from index import embed
from training import statements
from training.declared import Declarer
from training.pairs import Pair
from training.reworded import WordNet

COUNTS = {
    "found": {"v": 40}, "founded": {"v": 1}, "write": {"v": 60}, "belong": {"v": 20}, "move": {"v": 50, "n": 20},
    "bear": {"v": 30, "n": 2}, "locate": {"v": 10}, "paint": {"v": 20, "n": 9}, "bridge": {"n": 30, "v": 2},
    "attend": {"v": 20}, "cost": {"v": 9, "n": 30}, "open": {"v": 40, "a": 30}, "old": {"a": 50}, "long": {"a": 60},
    "student": {"n": 50}, "build": {"v": 60},
}  # fmt: skip
PASSAGE = (
    "Ada\nThe school was founded by Ada Berg in 1990.\nIn 2004 it moved to Lund.\nIts rules were written by Carl Holm."
)


@pytest.fixture
def declarer() -> Declarer:
    """Knows a few words."""
    return Declarer(lambda lemma: COUNTS.get(lemma, {}))


@pytest.mark.parametrize(
    ("question", "answer", "statement"),
    [
        ("Who founded the school?", "Ada Berg", "Ada Berg founded the school"),
        ("who wrote the rules of the school", "Carl Holm", "Carl Holm wrote the rules of the school"),
        ("When was the school founded?", "1990", "The school was founded in 1990"),
        ("When did the school open?", "June 9, 2016", "The school opened on June 9, 2016"),
        ("In what year did the school move to Lund?", "2004", "The school moved to Lund in 2004"),
        ("What did Ada Berg found in 1990?", "the school", "Ada Berg founded the school in 1990"),
        ("What party did Ada Berg belong to?", "the Greens", "Ada Berg belonged to the Greens"),
        ("How many students attended the school?", "seven", "Seven students attended the school"),
        ("How many students did the school have?", "almost 40", "The school had almost 40 students"),
        ("How long is the bridge?", "40 metres", "The bridge is 40 metres long"),
        ("Where was Ada Berg born?", "in Lund", "Ada Berg was born in Lund"),
        ("Why did the school move?", "because of the flood", "The school moved because of the flood"),
        ("The school moved to what city?", "Lund", "The school moved to Lund"),
        ("In Sweden, who wrote the rules?", "Carl Holm", "In Sweden, Carl Holm wrote the rules"),
        ("What is the name of the bridge?", "Long Arch", "The name of the bridge is Long Arch"),
    ],
)
def test_a_question_and_its_answer_become_a_statement(
    declarer: Declarer, question: str, answer: str, statement: str
) -> None:
    """The verb gets its form, the answer its place and its preposition."""
    passage = f"Ada\nSomething {answer} stands here."
    turned = declarer.statement(question, answer, passage, passage.index(answer))
    assert turned is not None
    assert turned.text == statement
    assert turned.answer.lower() == answer.lower()


@pytest.mark.parametrize(
    ("question", "answer"),
    [
        ("Who did not move?", "Ada"), ("average length of a bridge", "40 metres"), ("How did it move?", "slowly"),
        ("What did Ada Berg do?", "wrote rules"), ("When did it move?", "somewhere else"),
        ("Name the school that moved.", "the school"),
    ],
)  # fmt: skip
def test_what_cannot_be_turned_surely_is_dropped(declarer: Declarer, question: str, answer: str) -> None:
    """No verb, no place for the answer, or an answer of another kind."""
    passage = f"Ada\nSomething {answer} stands here."
    assert declarer.statement(question, answer, passage, passage.index(answer)) is None


@pytest.fixture
def words(tmp_path: Path) -> WordNet:
    """WordNet's files with three verbs."""
    files = {
        "index.sense": "found%2:35:00:: 00000010 1 9\nmove%2:35:00:: 00000020 1 9\nwrite%2:35:00:: 00000030 1 9\n",
        "index.verb": "  licence\nfound v 1 0 1 0 00000010\nmove v 1 0 1 0 00000020\nwrite v 1 0 1 0 00000030\n",
        "data.verb": "  licence\n00000010 35 v 01 found 0 000 | f\n00000020 35 v 01 move 0 000 | m\n"
        "00000030 35 v 01 write 0 000 | w\n",
        "index.noun": "", "data.noun1": "", "data.noun2": "", "index.adj": "", "data.adj": "",
    }  # fmt: skip
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    return WordNet(tmp_path)


def told() -> list[Pair]:
    """Questions that the passage answers."""
    asked = [("Who founded the school?", "Ada Berg"), ("When was the school founded?", "1990"),
             ("Who wrote its rules?", "Carl Holm"), ("In what year did the school move to Lund?", "2004")]  # fmt: skip
    return [
        Pair(question, PASSAGE, ((PASSAGE.index(answer), PASSAGE.index(answer) + len(answer)),))
        for question, answer in asked
    ]


def test_carried_statements_have_places_and_others_have_none(words: WordNet) -> None:
    """The same pairs come back for the same seed; a carried one's places are in its passage, and some of both come."""
    one, two = ([*statements.pairs(told() * 3, words, embed.load())] for _ in range(2))
    assert one == two
    assert any(pair.places for pair in one)
    assert any(not pair.places for pair in one)
    for pair in one:
        assert all(0 <= start < end <= len(pair.passage) for start, end in pair.places)
        assert "?" not in pair.question


def test_each_kind_of_change(words: WordNet) -> None:
    """Number, name, denial and made-up end differ from what the passage says; the passive says the same."""
    maker = statements.Maker(words, embed.load(), random.Random(5))
    claims = {claim.text: claim for claim in maker.claims(told()) if not claim.own}
    founded, moved = claims["Ada Berg founded the school"], claims["The school moved to Lund in 2004"]
    assert maker._passive(founded) == "the school was founded by Ada Berg"
    assert maker._negated(founded) in {"Ada Berg did not found the school", "Ada Berg never founded the school"}
    assert maker._replaced(founded, []) in {"Carl Holm founded the school", "the school was founded by Carl Holm"}
    number = maker._number(moved, [])
    assert number is not None
    assert "2004" not in number.question
    assert not number.places
    invented = maker._invented(founded)
    assert "the school" in invented
    assert len(invented) > len(founded.text)


def test_other_forms_say_the_same() -> None:
    """Numbers, dates, order and contractions change, the rest stays."""
    chance = random.Random(1)
    assert statements._numbers_otherwise("It has seven rooms", chance) == "It has 7 rooms"
    assert statements._numbers_otherwise("It has 42 rooms", chance) == "It has forty-two rooms"
    assert statements._numbers_otherwise("It opened in 1990", chance) == "It opened in 1990"
    assert statements._dates_otherwise("on June 9, 2016", chance) in {"on 9 June 2016", "on 2016-06-09"}
    assert statements._fronted("Ada founded it in 1990", chance) == "In 1990, Ada founded it"
    assert statements._contracted("It is open and was not closed", chance) == "It's open and wasn't closed"


def test_numbers_near_a_number_are_of_its_kind() -> None:
    """A year stays a year, a month a month, and none is the number itself."""
    for seed in range(50):
        chance = random.Random(seed)
        assert statements._near("March", chance) in set(statements._MONTHS) - {"March"}
        for number in ("1990", "7", "1,200", "3.5", "seven", "45"):
            assert statements._near(number, chance) != number
        assert len(statements._near("1990", chance) or "") == 4


def test_the_area_under_the_curve() -> None:
    """1 where every right one is above every wrong one, a half where they are alike."""
    assert statements.auc([3, 4], [1, 2]) == 1
    assert statements.auc([1, 2], [1, 2]) == 0.5


def test_long_numbers_are_no_list() -> None:
    """A number of thirty digits between two names is looked at once, not in every division."""
    assert statements._LISTED.fullmatch(", Ada, 12 and ")
    assert not statements._LISTED.fullmatch(f" {'6' * 30}♠ ")
