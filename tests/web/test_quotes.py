"""Quotes as they are drawn."""

from article_assistant.web.quotes import drawn


def told(quote: str, words: str) -> list[str]:
    """The words of each cell or line that are in bold."""
    return [bold for one in drawn(quote, words) for line in one.lines for _, bold, _ in line if bold]


def test_words_that_a_row_has_several_times_are_not_in_bold() -> None:
    """Not the first "no" of another column than the one that answers; in a sentence the first place is."""
    row = "Siren control | Brook: no | Reach: no | Delta: yes"
    assert told(row, "no") == []
    assert told(row, "yes") == ["yes"]
    assert told("Room: Ash | Free: no\nRoom: Elm | Free: no", "no") == []
    assert told("Room: Ash | Seats: 12\nRoom: Elm | Seats: 9", "12") == ["12"]
    assert told("No dogs. There are no cats, no birds.", "no") == ["no"]
