"""`answering.numbers`: a number is the same however it is written, and another number is another."""

import pytest
from article_assistant.answering.numbers import in_digits
from article_assistant.answering.question import meaning
from article_assistant.writing.entailment import missing_numbers, numbers_of
from hypothesis import given
from hypothesis import strategies as st

SAME = [
    ("two thousand people", "2,000 people"), ("five hundred", "500"), ("one hundred and twenty", "120"),
    ("five million euros", "5,000,000 euros"), ("5 million euros", "5,000,000 euros"), ("2.5 million", "2500000"),
    ("two hundred thousand", "200,000"), ("a thousand and one", "1001"), ("1.2 billion", "1,200,000,000"),
    ("twenty-five", "25"), ("twenty five", "25"), ("forty-two percent", "42 percent"), ("three point five", "3.5"),
    ("minus five degrees", "-5 degrees"), ("minus 5 degrees", "\u22125 degrees"), ("seven", "7"), ("nineteen", "19"),
    ("the twenty-first", "the 21st"), ("a further seven", "7"), ("Two thousand", "2000"), ("9 June 2016", "2016-06-09"),
    ("seven, eight and nine", "7, 8 and 9"), ("3 hundred", "300"), ("ninety-nine", "99"), ("twelve", "12.0"),
]  # fmt: skip
OTHER = [
    ("The ferry had two thousand people on board.", "The ferry had 2 people on board."),
    ("It had two hundred people.", "It had two people."), ("It cost five euros.", "It cost five million euros."),
    ("It was 5 degrees.", "It was minus 5 degrees."), ("It was minus 5 degrees.", "It was 5 degrees."),
    ("It took five hundred.", "It took 5 of 100."), ("It cost 2 million.", "It cost 2 thousand."),
    ("There were 1,200.", "There were 1.2."), ("It is 25.", "It is twenty. Five more came."),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_a_number_is_the_same_however_it_is_written(one: str, other: str) -> None:
    """Words and digits, thousands and scales, minus and sign; a trip that stands beside it changes nothing."""
    assert numbers_of(one) == numbers_of(other) != frozenset()
    bystander = " It made 2 trips."
    assert not missing_numbers(one, other + bystander, "")
    assert not missing_numbers(other, one + bystander, "")


@pytest.mark.parametrize(("sentence", "passage"), OTHER)
def test_another_number_is_missing(sentence: str, passage: str) -> None:
    """What only shares a word or a digit with the passage's number is not supported by it."""
    assert missing_numbers(sentence, passage + " It made 2 trips.", "")


def test_what_is_no_number_stays() -> None:
    """Words that do not count, and ranges, versions and part numbers, are left as they are."""
    for text in ("thousands of people", "No one came first", "in 10 seconds", "3.2.10", "PN-43481", "10-20", "half"):
        assert in_digits(text) == text
    assert "-20" not in numbers_of("10-20")


@given(st.integers(0, 10**6))
def test_short_words_mean_the_same(number: int) -> None:
    """Digits with and without separators mean the same."""
    assert meaning(f"{number:,} people") == meaning(f"{number} people")


@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    """No text is an error, and reading it again finds the same numbers."""
    assert numbers_of(in_digits(text)) == numbers_of(text)
