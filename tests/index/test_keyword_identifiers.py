"""Identifiers are told by their shape, and are the same however they are written."""

import pytest
from article_assistant.index.keyword import family, identifiers, names_in


@pytest.mark.parametrize(
    ("question", "keys"),
    [
        ("What does E1353 mean?", ["e1353"]),
        ("On which shelf is PN-43481?", ["pn43481"]),
        ("on which shelf is “pn_43481”", ["pn43481"]),
        ("Who owns 10.0.12.0?", ["10.0.12.0"]),
        ("Who owns 192.168.1.10/24?", ["192.168.1.10/24"]),
        ("What is new in v3.2.10 and 3.2.9?", ["3.2.10", "3.2.9"]),
        ("Where is 4711-3-12 kept?", ["4711-3-12"]),
        ("Where is 1584-1-44 kept?", ["1584-1-44"]),
        ("Is C# or C++ or .NET used?", ["c#", "c++", ".net"]),
        ("What is T-1042's state?", ["t1042"]),
        ("Who has 00:1A:2B:3C:4D:5E?", ["00:1a:2b:3c:4d:5e"]),
        ("Whose is order 48211 or #77?", ["48211", "77"]),
        ("What does SLUICE_LAG mean on db.example.org?", ["sluice_lag", "db.example.org"]),
        ("Where is /etc/depot/app.conf?", ["/etc/depot/app.conf"]),
        ("Where is PN 43481?", ["pn43481"]),
    ],
)
def test_an_identifier_is_told_by_its_shape(question: str, keys: list[str]) -> None:
    """Letters with digits, digits with signs, names with signs, long numbers: whole, in the order of the question."""
    assert identifiers(question) == keys


@pytest.mark.parametrize(
    "question",
    [
        "How many of 1,200.50 or 5,678,901 or 1.200.000?",
        "Who came on 2016-06-09, 09.06.2016, 9/6/16 or in 1990-1995 at 14:30 or 14:30:05?",
        "Is a 20-year-old 10GB disk of the mid-1990s the 21st?",
        "Does it cost $10,000 or 10000 euros, or 5pm, e.g. in the U.S. or for the well-known A-team?",
        "Who is in room 114 on floor 2, and why?",
    ],
)
def test_numbers_dates_and_words_are_none(question: str) -> None:
    """What counts, measures or dates is no identifier, nor is a word with a hyphen."""
    assert identifiers(question) == []


def test_a_text_is_asked_for_in_every_way_its_identifiers_are_written() -> None:
    """The number without its letters finds the row, and so does the whole with its label."""
    assert {"pn43481", "43481"} <= names_in("| PN-43481 | bolt |")
    assert "4711-3-12" in names_in("SN:4711-3-12")
    assert "43481" in identifiers("Where is part 43481?")


def test_a_family_is_what_identifiers_of_one_kind_share() -> None:
    """A shelf number is of another kind than a part number."""
    assert family("pn43481") == family("pn7") != family("s10")
    assert family("4711-3-12") == family("1-22-3")
