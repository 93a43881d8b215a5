"""Lists and code are found whole, from any line of theirs and from what introduces them."""

import pytest
from article_assistant.answering.blocks import (
    answer_below,
    as_code,
    as_list,
    asked_before,
    in_full,
    whole_code,
    whole_list,
)
from article_assistant.answering.cite import gap
from article_assistant.answering.rank import Contender

from tests.answering.told import hits
from tests.parts import article

STEPS = "# Rollback\n\nDo this:\n\n1. Stop the queue.\n2. Copy the log.\n3. Start it again.\n\nThen tell the team.\n"


@pytest.mark.parametrize("sentence", ["1. Stop the queue.", "2. Copy the log.", "3. Start it again.", "Do this:"])
def test_a_list_is_found_whole(sentence: str) -> None:
    """From any of its items, or from the line that introduces it: opening and all items, in order, verbatim."""
    at = STEPS.index(sentence)
    found = whole_list(article(STEPS), at, at + len(sentence))
    assert found is not None
    assert (
        STEPS[found.quote.start : found.quote.end]
        == "Do this:\n\n1. Stop the queue.\n2. Copy the log.\n3. Start it again."
    )
    assert found[1:] == ("Do this:", ["Stop the queue.", "Copy the log.", "Start it again."])
    assert [piece.text for piece in as_list(found)][:2] == ["Do this:", "- Stop the queue."]


def test_what_is_no_list_gives_none() -> None:
    """A paragraph, a heading, a single item, a list that is too long, and the sentence after a list."""
    long = "\n".join(f"- item {number}" for number in range(40))
    for text, sentence in [
        ("One. Two.", "Two."), ("# Head\n\n- one\n- two", "# Head"), ("- only one\n\nText.", "- only one"),
        (long, "- item 3"), (STEPS, "Then tell the team."), ("Ends with a colon:", "Ends with a colon:"),
    ]:  # fmt: skip
        at = text.index(sentence)
        assert whole_list(article(text), at, at + len(sentence)) is None, text


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


RUNBOOK = (
    "# Failover\n\nAsk first. The failover is started by hand:\n\n    dbctl stop\n    dbctl failover \\\n"
    "      --to site-b\n\nThen wait.\n\n## Undo\n\n    dbctl undo"
)


@pytest.mark.parametrize(
    "sentence", ["The failover is started by hand:", "    dbctl stop", "--to site-b", "dbctl failover"]
)
def test_code_is_found_whole(sentence: str) -> None:
    """From any of its lines, or from the sentence above it: that sentence and every line, in order, verbatim."""
    at = RUNBOOK.index(sentence)
    found = whole_code(article(RUNBOOK), at, at + len(sentence))
    assert found is not None
    said = RUNBOOK[found.quote.start : found.quote.end]
    assert said.startswith("The failover is started by hand:\n\n    dbctl stop\n")
    assert said.endswith("      --to site-b")
    assert found.entries == RUNBOOK.splitlines()[4:7]
    (piece,) = as_code(found)
    assert (piece.text, piece.after) == ("The failover is started by hand:", "\n" + "\n".join(found.entries))


def test_code_right_below_a_heading_is_introduced_by_it() -> None:
    """The heading is in the quote; a sentence that is not right above code introduces none."""
    at = RUNBOOK.index("    dbctl undo")
    found = whole_code(article(RUNBOOK), at, len(RUNBOOK))
    assert found is not None
    assert (found.intro, found.entries) == ("Undo", ["    dbctl undo"])
    assert whole_code(article(RUNBOOK), *_span("Then wait.")) is None
    assert whole_code(article(RUNBOOK), *_span("Ask first.")) is None


def _span(sentence: str) -> tuple[int, int]:
    return RUNBOOK.index(sentence), RUNBOOK.index(sentence) + len(sentence)


STEPS_WITH_CODE = "To restart:\n\n1. Stop it:\n\n    ctl stop\n\n2. Wait.\n3. Start it:\n\n    ctl start\n\nDone."


@pytest.mark.parametrize("sentence", ["To restart:", "Stop it:", "ctl stop", "Wait.", "Start it:", "ctl start"])
def test_steps_with_code_between_them_are_one_list(sentence: str) -> None:
    """The code below an item goes with it, from wherever the list was met."""
    at = STEPS_WITH_CODE.index(sentence)
    found = whole_list(article(STEPS_WITH_CODE), at, at + len(sentence))
    assert found is not None
    assert found.entries == ["Stop it:\n    ctl stop", "Wait.", "Start it:\n    ctl start"]
    assert STEPS_WITH_CODE[found.quote.start : found.quote.end] == STEPS_WITH_CODE.removesuffix("\n\nDone.")
    assert [piece.after for piece in as_list(found)] == ["", "\n    ctl stop", "", "\n    ctl start"]


def test_two_lists_that_follow_one_another_are_two() -> None:
    """A blank line without code ends a list."""
    found = whole_list(article("- one\n- two\n\n- three\n- four"), 0, 5)
    assert found is not None
    assert found.entries == ["one", "two"]


FAQ = (
    "# Badges\n\n## Which doors does a badge open?\n\nAll but one. Ask Mia.\n\n"
    "1. Who pays for it? Your team does.\n2. Is it red? No."
)


def found_at(words: str) -> Contender:
    """The sentence of the FAQ that begins with these words."""
    start = FAQ.index(words)
    for hit in hits(article(FAQ)):
        for begin, end in hit.chunk.sentences:
            if begin == start:
                return Contender(hit, begin, end, begin, end, 9.0, True)
    raise AssertionError(words)


@pytest.mark.parametrize(
    ("question", "whole"),
    [("Which doors does a badge open?", True), ("What doors open by badge?", True), ("Who opens the gate?", False)],
)
def test_the_answer_stands_below_the_question(question: str, whole: bool) -> None:
    """All of its paragraph, where the heading is the question that was asked."""
    said = answer_below(question, found_at("All but one.")) or []
    assert [piece.text for piece in said] == (["All but one. Ask Mia."] if whole else [])


def test_the_answer_stands_behind_the_question() -> None:
    """On the same line, as in a numbered FAQ; another question has none."""
    said = asked_before("Who pays for it?", hits(article(FAQ)))
    assert said
    assert [piece.text for piece in said] == ["Your team does."]
    assert asked_before("Who pays for the door?", hits(article(FAQ))) is None
    assert asked_before("Your team does.", hits(article(FAQ))) is None


def test_a_sentence_that_ends_with_a_colon_is_never_left_alone() -> None:
    """With its list or its code, said once though a line of it was chosen, too."""
    text = "Stop it by hand:\n\n    ctl stop\n\nThen:\n\n- wait\n- start it"
    (hit,) = hits(article(text))
    chosen = [Contender(hit, a, b, a, b, 9.0, True) for a, b in hit.chunk.sentences]
    said = in_full(chosen, "reason")
    assert [piece.text for piece in said] == ["Stop it by hand:", "Then:", "- wait", "- start it"]
    assert said[0].after == "\n    ctl stop"


def test_what_follows_a_list_or_code_has_a_line_of_its_own() -> None:
    """Else it would be read, and drawn, as part of the last item or of the command."""
    (hit,) = hits(article("Stop it by hand:\n\n    ctl stop\n\nTell them.\n\nThen:\n\n- wait\n- start it\n\nDone."))
    chosen = [Contender(hit, a, b, a, b, 9.0, True) for a, b in hit.chunk.sentences]
    text = ""
    for piece in in_full(chosen, "reason"):
        text += f"{gap(text, piece.text)}{piece.text} [1]{piece.after}"
    assert text == (
        "Stop it by hand: [1]\n    ctl stop\nTell them. [1] Then: [1]\n- wait [1]\n- start it [1]\nDone. [1]"
    )
