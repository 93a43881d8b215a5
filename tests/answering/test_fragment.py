"""The words that a link names lead a browser to the quote, and to nothing else on its page."""

import pytest
from article_assistant.answering.fragment import fragment

PAGE = (
    "Ask Mia. The key is under the mat.\n\n"
    "## Keys\n\n"
    "The key is under the mat. It is green.\n\n"
    "- Office: 4400\n- The key is under the mat.\n  - Ask Mia.\n- Ask Mia.\n\n"
    "Room: A1 | Seats: 4 | Floor: 2\nRoom: B7 | Seats: 4 | Floor: 2\nRoom: B7 | Seats: 9 | Floor: 3\n\n"
    "Founded: 1998\nSeat: Oslo\n\n"
    "    - Ask Mia.\n      cp  a | b    c\n    cp a | b\n\n"
    "One sentence of many words goes on until nobody can say where it began, or why it did."
)


def words(quote: str, nth: int = 0, text: str = PAGE, title: str = "") -> str:
    """The directive of a quote, readable."""
    start = -1
    for _ in range(nth + 1):
        start = text.index(quote, start + 1)
    return fragment(text, start, start + len(quote), title).replace("%20", " ").replace("%7C", "|").replace("%3A", ":")


@pytest.mark.parametrize(
    ("quote", "nth", "said"),
    [
        ("Ask Mia.", 0, "Ask Mia."),
        ("It is green.", 0, "It is green."),
        ("Ask Mia.", 1, "under the mat.-,Ask Mia."),
        ("The key is under the mat.", 1, "The key is under the mat.,-It is green."),  # before it: a heading
        ("The key is under the mat.", 2, "Office: 4400-,The key is under the mat."),
        ("Ask Mia.", 2, "Ask Mia.-,Ask Mia."),
        ("Office: 4400", 0, "Office,4400"),  # an item, or a term and what it means
        ("Room: A1 | Seats: 4 | Floor: 2", 0, "A1,2"),
        ("Room: B7 | Seats: 4 | Floor: 2", 0, "B7,2"),
        ("Room: B7 | Seats: 9 | Floor: 3", 0, "9,3"),  # one cell, or two, say B7
        ("Founded: 1998", 0, "Founded,1998"),
        ("- Ask Mia.", 2, "%2D Ask Mia."),  # in code the mark is shown
        ("cp  a | b    c", 0, "cp,c"),
        ("cp a | b", 0, "cp a | b"),
        ("One sentence of many words goes on until nobody can say where it began, or why it did.", 0,
         "One sentence of many words goes,it began%2C or why it did."),
    ],
)  # fmt: skip
def test_a_quote_is_named_as_its_page_shows_it(quote: str, nth: int, said: str) -> None:
    """Without our marks; of the same words in several places what is beside them tells which."""
    assert words(quote, nth) == said


def test_what_the_page_shows_beside_the_text_is_counted() -> None:
    """The title and the names of columns, which our text has elsewhere, come first; contents may."""
    assert words("Travel", text="Go. Travel\n\nGo", title="Travel") == "Go.-,Travel"
    table = "A1 is a room.\n\nRoom: A1 | Seats: 4 | Floor: 2"
    assert words("Room: A1 | Seats: 4 | Floor: 2", text=table) == "Floor-,A1,2"
    assert words("Fees", text="Ask. Fees\n\n## Fees\n\nNone.") == "Ask.-,Fees"


def test_the_end_of_a_row_is_not_found_too_early() -> None:
    """Where a row ends with what stands in it before, what follows says which is meant."""
    assert words("Day: one | Night: two one", text="Day: one | Night: two one\nDay: six | Night: ten") == "one,two one"
    rows = "A: yes | B: no | C: yes\nA: no | B: no | C: no"
    assert words("A: yes | B: no | C: yes", text=rows) == "yes,yes"
    row = "A: x | B: yes | C: no | D: yes"
    assert words(row, text=f"{row}\nA: y | B: no | C: no | D: no") == "x,yes,-y"
    assert words(row, text=f"{row}\nA: no | B: no | C: no | D: no") == "x,yes"  # of the row, its first half


def test_rather_no_words_than_the_wrong_ones() -> None:
    """Where nothing that is known tells a sentence from another, the section has to do."""
    same = "Ask.\n\nYes.\n\nNo.\n\nAsk.\n\nYes.\n\nNo."
    assert words("Yes.", text=same) == "Yes."
    assert words("Yes.", 1, text=same) == ""
    assert fragment("", 0, 0) == ""
