"""From the sentences chosen to the text of an answer and its quotes."""

import pytest
from article_assistant.answering.cite import Quote
from article_assistant.answering.compose import (
    day,
    disagreement,
    in_sentences,
    list_answer,
    plain,
    short_answer,
    short_text,
    whole_list,
)
from article_assistant.index.types import EVERYONE, Article


def article(text: str, updated: str | None = None, name: str = "a.md") -> Article:
    return Article(name, "A title", text, "", "1", updated, frozenset({EVERYONE}))


def quote(text: str, words: str, updated: str | None = None, name: str = "a.md") -> Quote:
    at = text.index(words)
    return Quote(article(text, updated, name), at, at + len(words))


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("seven", "Seven."),
        ("a further seven", "A further seven."),
        ("Tobias Okonjo", "Tobias Okonjo."),
        ("€58", "€58."),
        ("two hours, with a break", "Two hours, with a break."),
        ("sluicectl failover --to g", "sluicectl failover --to g."),
        ("a_name", "a_name."),
        ("at 5 p.m.", "At 5 p.m."),
        ("never!", "Never!"),
    ],
)
def test_short_words_become_a_sentence(words: str, text: str) -> None:
    """With a capital and a full stop; a command or a file's name stays as it is written."""
    assert short_text(words) == text


def test_the_same_answer_of_two_articles_has_two_quotes() -> None:
    """The words stand once, the quotes behind them."""
    one, two = quote("Seven were caught.", "Seven"), quote("They took seven.", "seven", name="b.md")
    assert [piece.text for piece in short_answer("seven", [one, two])] == ["Seven.", ""]
    assert [piece.quote for piece in short_answer("seven", [one, two])] == [one, two]


def test_a_disagreement_names_both_with_their_dates() -> None:
    """Each side with its words, its quote, and the date of its article where it has one."""
    new, old = quote("25 died.", "25", "2016-06-12"), quote("17 died.", "17", None, "b.md")
    pieces = disagreement([("25", new), ("17", old)])
    assert [piece.text for piece in pieces] == ["The articles disagree: 25 (12 June 2016)", "17."]


STEPS = "# Rollback\n\nDo this:\n\n1. Stop the queue.\n2. Copy the log.\n3. Start it again.\n\nThen tell the team.\n"


@pytest.mark.parametrize("sentence", ["1. Stop the queue.", "2. Copy the log.", "3. Start it again.", "Do this:"])
def test_a_list_is_found_whole(sentence: str) -> None:
    """From any of its items, or from the line that introduces it: opening and all items, in order, verbatim."""
    at = STEPS.index(sentence)
    found = whole_list(article(STEPS), at, at + len(sentence))
    assert found is not None
    listed, intro, items = found
    assert STEPS[listed.start : listed.end] == "Do this:\n\n1. Stop the queue.\n2. Copy the log.\n3. Start it again."
    assert (intro, items) == ("Do this:", ["Stop the queue.", "Copy the log.", "Start it again."])
    assert [piece.text for piece in list_answer(listed, intro, items)][:2] == ["Do this:", "- Stop the queue."]


def test_what_is_no_list_gives_none() -> None:
    """A paragraph, a heading, a single item, a list that is too long, and the sentence after a list."""
    long = "\n".join(f"- item {number}" for number in range(40))
    for text, sentence in [
        ("One. Two.", "Two."), ("# Head\n\n- one\n- two", "# Head"), ("- only one\n\nText.", "- only one"),
        (long, "- item 3"), (STEPS, "Then tell the team."), ("Ends with a colon:", "Ends with a colon:"),
    ]:  # fmt: skip
        at = text.index(sentence)
        assert whole_list(article(text), at, at + len(sentence)) is None, text


def test_sentences_lose_only_their_marks() -> None:
    """List and heading marks and line breaks go, words stay."""
    assert plain("- **Steady** red:\n  water") == "**Steady** red: water"
    assert [piece.text for piece in in_sentences([quote("## Two heads\n", "## Two heads")])] == ["Two heads"]


def test_days_are_written_for_people() -> None:
    """ISO dates are spelt out, anything else stays."""
    assert (day("2016-06-09"), day("spring 2016"), day(None)) == ("9 June 2016", "spring 2016", "")


@pytest.mark.parametrize(("length", "whole"), [(110, True), (130, False)])
def test_a_list_of_many_characters_is_not_shown_whole(length: int, whole: bool) -> None:
    """Up to 2,400 characters from its opening to its last item."""
    text = "Do this:\n" + "\n".join(f"- {'x' * (length - 3)}" for _ in range(20))
    assert (whole_list(article(text), 0, 8) is not None) == (len(text) <= 2_400) == whole


@pytest.mark.parametrize("blank", ["", "\n", "\n\n", "\n\n\n"])
def test_blank_lines_may_stand_between_an_opening_and_its_list(blank: str) -> None:
    """None, one or several; a paragraph between them makes it no opening."""
    found = whole_list(article(f"Do this:\n{blank}- one\n- two"), 0, 8)
    assert found is not None
    assert found[1:] == ("Do this:", ["one", "two"])
    assert whole_list(article(f"Do this:\n{blank}Please.\n- one\n- two"), 0, 8) is None
