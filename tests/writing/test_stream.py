"""`writing.stream`: what a language model writes becomes plain sentences with the numbers it names."""

import random

import pytest
from article_assistant.writing.stream import MARKS, Worded, Wording
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import modest

TEXT = """Seven were captured. [1][2] Dr. Smith said “yes.” [3]
The steps are:
- **Open** the valve [2].
- Close it. [4, 5]

1. One [1]
2. Two ![x](http://e.test/p.png) see [here](http://e.test) [2-4]
Last one【3†source】. And an unfinished [12"""
WORDED = [
    Worded("Seven were captured.", (1, 2)),
    Worded("Dr. Smith said “yes.”", (3,), "\n"),
    Worded("The steps are:", (), "\n"),
    Worded("- Open the valve.", (2,), "\n"),
    Worded("- Close it.", (4, 5), "\n"),
    Worded("- One", (1,), "\n"),
    Worded("- Two see here", (2, 3, 4), "\n"),
    Worded("Last one.", (3,)),
    Worded("And an unfinished [12", ()),
]


def worded(pieces: list[str]) -> list[Worded]:
    """All sentences of a text that comes in these pieces."""
    wording = Wording()
    return [*(sentence for piece in pieces for sentence in wording.feed(piece)), *wording.rest()]


def test_sentences_and_their_marks_are_told_apart() -> None:
    """Marks before and behind the full stop, several in a pair of brackets, ranges; lists; formats, links, pictures."""
    assert worded([TEXT]) == WORDED


@pytest.mark.parametrize("seed", range(40))
def test_pieces_make_no_difference(seed: int) -> None:
    """However the text is cut on its way, the same sentences come of it."""
    chance = random.Random(seed)
    pieces, rest = list[str](), TEXT
    while rest:
        cut = chance.randint(1, 9)
        pieces.append(rest[:cut])
        rest = rest[cut:]
    assert worded(pieces) == WORDED


def test_a_sentence_comes_as_soon_as_the_next_begins() -> None:
    """Nobody waits for the end of the text to read its first sentence; what has begun can be seen too."""
    wording = Wording()
    assert list(wording.feed("Seven were captured. [1] Eight")) == [Worded("Seven were captured.", (1,))]
    assert wording.open == "Eight"
    list(wording.feed(" fled [2"))
    assert wording.open == "Eight fled"
    assert list(wording.rest()) == [Worded("Eight fled [2", ())]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_thoughts_are_not_part_of_the_answer(cut: int) -> None:
    """What a model thinks aloud before it answers is neither shown nor checked, finished or not."""
    text = "<think>\nMaybe [1]? No. Eight. </think>\n\nSeven. [2]"
    assert worded([text[:cut], text[cut:]]) == [Worded("Seven.", (2,))]
    assert worded(["<think>Maybe. I am not", " sure."]) == []
    wording = Wording()
    assert list(wording.feed("<thi")) == []
    assert wording.open == ""


def test_made_up_marks_are_read_as_numbers_only() -> None:
    """[0], [99] and a repeated [1] are what they are; a crowd of marks is cut short; other brackets are text."""
    assert worded(["It is so [0][99][1][1]. See [a] and [1234]."]) == [
        Worded("It is so.", (0, 99, 1)),
        Worded("See [a] and [1234].", ()),
    ]
    (found,) = worded(["It is so " + "".join(f"[{number}]" for number in range(1, 40))])
    assert len(found.marks) == MARKS


def test_what_cannot_be_seen_is_taken_out() -> None:
    """Characters without a picture of their own and those that turn the direction of writing are left out."""
    assert worded(["Se\u200bven\u202e were\x07 captured [1]."]) == [Worded("Seven were captured.", (1,))]


@given(st.lists(st.sampled_from([*"ab .[]12\n-*<>【】!", "</think>", "<think>", "![x](y)", "[1]"]), max_size=60))
@modest
def test_any_text_comes_through(pieces: list[str]) -> None:
    """No text is refused, no sentence is empty, and none holds a line break."""
    for sentence in worded(pieces):
        assert sentence.text.strip()
        assert "\n" not in sentence.text
        assert sentence.after in {" ", "\n"}
