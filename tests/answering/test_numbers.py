"""`answering.numbers`: a number is the same however it is written, and another number is another."""

import pytest
from article_assistant.answering.numbers import canonical, in_digits, in_unit_asked, numbers_of, other_units
from article_assistant.answering.question import fits, meaning
from article_assistant.writing.entailment import missing_numbers
from hypothesis import example, given
from hypothesis import strategies as st

from tests.quantities import NO_NUMBER, OTHER, SAME

BYSTANDER = " It made 2 trips, for the 4th year."


def pairs(table: dict[str, list[tuple[str, str]]]) -> list[object]:
    """The pairs of a table, each named by its kind."""
    return [pytest.param(*pair, id=f"{kind}-{pair[0]}-{pair[1]}") for kind in table for pair in table[kind]]


def holds(sentence: str, passage: str) -> bool:
    """Whether the numbers of a sentence, with their units, stand in a passage that has another number, too."""
    text = passage + BYSTANDER
    return not missing_numbers(sentence, text, passage) and not other_units(sentence, text)


@pytest.mark.parametrize(("one", "other"), pairs(SAME))
def test_a_number_is_the_same_however_it_is_written(one: str, other: str) -> None:
    """Each way of writing it is supported by the other, and says something that could be missing."""
    assert numbers_of(one)
    assert numbers_of(other)
    assert holds(f"{one}.", f"{other}.")
    assert holds(f"{other}.", f"{one}.")
    assert missing_numbers(f"{one}.", BYSTANDER, "for the 4th year")


@pytest.mark.parametrize(("sentence", "passage"), pairs(OTHER))
def test_another_number_is_not_supported(sentence: str, passage: str) -> None:
    """What shares only a word, a digit or a unit with the passage does not follow from it."""
    assert not holds(f"It was {sentence}.", f"It was {passage}.")


def test_the_table_is_large_enough() -> None:
    """It has a case for each kind, and 120 in all."""
    assert sum(map(len, [*SAME.values(), *OTHER.values()])) >= 120
    assert set(SAME) <= set(OTHER)


@pytest.mark.parametrize("text", NO_NUMBER)
def test_what_is_no_number_stays(text: str) -> None:
    """Words that do not count and the names of parts and models state no number."""
    assert in_digits(text) == text
    assert numbers_of(text) <= {"1st"}


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        ("number", "two thousand", "thoughtful"),
        ("number", "dozens", "does"),
        ("amount", "twenty-five", "the ferry"),
        ("date", "nineteen ninety-nine", "the ferry"),
        ("date", "Wednesdays", "weddings"),
        ("name", "Seven Sisters", "the twenty-first"),
    ],
)
def test_the_kind_of_an_answer_is_told_by_the_same_numbers(kind: str, yes: str, no: str) -> None:
    """A spelled number answers "how many", and no "who"."""
    assert fits(kind, yes)  # type: ignore[arg-type]
    assert not fits(kind, no)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("2016-06-09", "June 9, 2016", True),
        ("two thousand", "2,000", True),
        ("2 pm", "14:00", True),
        ("minus 5", "5", False),
        ("half", "0.5", True),
        ("1.200.000", "1,200,000", True),
    ],
)
def test_articles_disagree_by_the_same_numbers(one: str, other: str, same: bool) -> None:
    """Two notations of a number are no disagreement, and two numbers are one."""
    assert (meaning(one) == meaning(other)) is same


@given(st.integers(0, 10**6))
def test_short_words_mean_the_same(number: int) -> None:
    """Digits with and without separators mean the same."""
    assert meaning(f"{number:,} people") == meaning(f"{number} people")


@example("1" + 28 * "0")  # more digits than decimal reckons with
@given(st.text(max_size=80))
def test_any_text_is_read(text: str) -> None:
    """No text is an error, and reading it again finds the same numbers."""
    assert numbers_of(in_digits(text)) == numbers_of(text)
    canonical(text)


@pytest.mark.parametrize(
    ("question", "found", "asked"),
    [
        ("How cold was it in degrees Celsius?", "48 °F", "9 °C"),
        ("How many miles off was it?", "18 kilometres", "11 miles"),
        ("How many miles off was it?", "11", "11"),
        ("How cold was it?", "48 °F", "48 °F"),
        ("How many people came in a minute?", "48 °F", "48 °F"),
        ("How many tonnes was it?", "18 kilometres", "18 kilometres"),
        ("How many miles off was it?", "at sea", "at sea"),
    ],
)
def test_of_two_units_the_one_asked_for_is_taken(question: str, found: str, asked: str) -> None:
    """Only where the words are a number in another unit, and the sentence has the one asked for once."""
    text = "It was 9 °C (48 °F) at sea, 18 kilometres (11 miles) off."
    at = text.index(found)
    start, end = in_unit_asked(question, text, at, at + len(found))
    assert text[start:end] == asked
