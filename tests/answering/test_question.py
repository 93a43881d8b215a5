"""What a question asks for, and what can be an answer to it."""

import pytest
from article_assistant.answering.question import fits, kind_of, meaning, names_days, own_part, parts_of, with_unit
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How many assailants were captured?", "number"),
        ("And how many were killed?", "number"),
        ("number of attackers captured", "number"),
        ("What is the number of stations in Ghent?", "number"),
        ("How much does the S3 weigh?", "amount"),
        ("For how long are backups kept?", "amount"),
        ("When was the bridge opened?", "date"),
        ("Since when is Ghent open?", "date"),
        ("In which year did the firm move?", "date"),
        ("At what time did the alarm go off?", "date"),
        ("Who approves a trip?", "name"),
        ("To whom do I report a leak?", "name"),
        ("Why was the release delayed?", "reason"),
        ("How do I reset my password?", "way"),
        ("How to restart Sluice", "way"),
        ("Which tools do newcomers get?", "list"),
        ("What are the steps of a rollback?", "way"),
        ("Is the office open on Sunday?", "yes or no"),
        ("May I take the car home?", "yes or no"),
        ("Which town is it in?", "words"),
        ("What happened when the pump failed?", "words"),
        ("Is it red or green?", "words"),
        ("Wer war dabei?", "words"),
    ],
)
def test_the_kind_of_a_question(question: str, kind: str) -> None:
    """Its opening tells what it asks for; a question word in a side clause does not."""
    assert kind_of(question) == kind


@pytest.mark.parametrize(
    ("kind", "yes", "no"),
    [
        ("number", ["seven", "17", "a further seven", "none", "about half", "XII", "½"], ["captured", "assailants"]),
        ("amount", ["30 days", "daily", "€58", "until Friday", "two weeks"], ["the mayor", "Oslo"]),
        (
            "date",
            [
                "5 April",
                "Monday",
                "1990",
                "after the war",
                "every Sunday at 02:00",
                "half past two",
                "at nine",
                "Mon–Fri",
                "the Jurassic",
                "if a pallet is damaged",
            ],
            ["Oslo", "the mayor", "electric", "with the music", "plastic"],
        ),
        ("name", ["Tobias Okonjo", "the duty engineer", "volunteers"], ["1990", "5 April", "seven", "it"]),
        ("words", ["anything", "7"], []),
    ],
)
def test_words_that_can_be_an_answer(kind: str, yes: list[str], no: list[str]) -> None:
    """A "how many" gets a number, a "when" a date, a "who" a name."""
    assert all(fits(kind, words) for words in yes)  # type: ignore[arg-type]
    assert not any(fits(kind, words) for words in no)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "found", "whole"),
    [
        ("Copies are kept for 30 days.", "30", "30 days"),
        ("It costs €58 a night.", "58", "€58"),
        ("It takes five working days.", "five", "five working days"),
        ("A speed of 31 km/h is allowed.", "31", "31 km/h"),
        ("It holds 2.5 million litres.", "2.5", "2.5 million litres"),
        ("About 30 people came.", "30", "30"),
        ("A 5 metre mast", "5", "5 metre"),
        ("Model 5 meters", "Model", "Model"),
    ],
)
def test_a_number_is_given_with_its_unit(text: str, found: str, whole: str) -> None:
    """Where the text puts a unit or a currency at a number, the answer has it."""
    at = text.index(found)
    start, end = with_unit("amount", text, at, at + len(found))
    assert text[start:end] == whole
    assert with_unit("name", text, at, at + len(found)) == (at, at + len(found))


@pytest.mark.parametrize("found", ["6", "50", ".5", "0 eur"])
def test_a_number_is_never_cut(found: str) -> None:
    """Whatever the reader points at inside of 6.50 is 6.50, of whatever kind; so are thousands, times and words."""
    text = "Entry is 6.50 euros."
    at = text.index(found)
    start, end = with_unit("words", text, at, at + len(found))
    assert text[start:end] in {"6.50", "6.50 euros"}
    for whole in ("1,200", "10:30", "3.2.10", "PN4711"):
        start, end = with_unit("name", f"At {whole}, or.", 4, 5)
        assert f"At {whole}, or."[start:end] == whole


@pytest.mark.parametrize(
    ("question", "parts"),
    [
        ("When does it open and who runs it?", ["When does it open?", "Who runs it?"]),
        ("Where is the depot? Who runs it?", ["Where is the depot?", "Who runs it?"]),
        ("Which rooms have beds, and on which floor is A?", ["Which rooms have beds?", "On which floor is A?"]),
        ("Who wrote about when and how it was built?", None),
        ("What lies between when it began and when it ended?", None),
        ("When it stops, who is called and what is done?", None),
        ("Who and what is it about?", None),
        ("Which dishes have no gluten and no milk?", None),
        ("How much?", None),
    ],
)  # fmt: skip
def test_two_questions_in_one_are_two(question: str, parts: list[str] | None) -> None:
    """Each begins with a question word and can be asked; what only lists question words is one."""
    assert parts_of(question) == (parts or [question])


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("The S2 has a white lid with four screws and the S3 a black one.", "S3 a black one."),
        ("S1: red; S3: blue; S4: green.", "S3: blue; "),
        ("The S2 weighs 3 kg, the S3 4 kg.", "S3 4 kg."),
        ("The S2 and the S3 have a white lid.", None),
        ("The S3 has replaced the old S2 in 2019.", None),
        ("A black lid for the S3 and a white one for the S2.", None),
        ("The S3 has a lid.", None),
        ("The S3 is red, and the S2 is like the S3.", None),
    ],
)
def test_of_what_is_told_in_turn_only_the_part_asked_for_is_read(text: str, part: str | None) -> None:
    """Where each thing is named before what is said of it; else all of the sentence."""
    begin, end = own_part("What colour is the lid of the S3?", f"# {text}", 2, 2 + len(text))
    assert f"# {text}"[begin:end] == (part or text)


def test_days_are_known_by_their_names() -> None:
    """In full, with a plural, or by three letters; not inside other words."""
    assert all(map(names_days, ["Monday", "on Sundays", "Mon–Fri", "Sat"]))
    assert not any(map(names_days, ["month", "Satellite", "sunny", "saturday1", ""]))


@given(st.text(max_size=60), st.integers(0, 60), st.integers(0, 60))
def test_a_unit_only_widens(text: str, one: int, other: int) -> None:
    """Whatever the text, the words found stay inside, and the text is not left."""
    start, end = sorted((min(one, len(text)), min(other, len(text))))
    if start == end:
        return
    first, last = with_unit("number", text, start, end)
    assert 0 <= first <= start < end <= last <= len(text)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("seven", "7", True),
        ("a further seven", "seven", True),
        ("9 June 2016", "June 9, 2016", True),
        ("about 440,000", "440000", True),
        ("17 killed", "25 killed", False),
        ("the Mayor", "mayor", True),
        ("€58", "£58", False),
    ],
)
def test_what_says_the_same(one: str, other: str, same: bool) -> None:
    """Numbers in words and figures, dates in any order and articles make no difference; anything else does."""
    assert (meaning(one) == meaning(other)) is same
