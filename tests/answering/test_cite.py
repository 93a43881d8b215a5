"""Quotes become citations that hold: verbatim, numbered, linked; and the text of an answer rests on them."""

from dataclasses import replace
from urllib.parse import unquote

import pytest
from article_assistant.answering.cite import (
    Quote,
    day,
    disagreement,
    heading_at,
    in_sentences,
    original_at,
    resolve,
    short_answer,
    short_text,
    unmarked,
)
from article_assistant.index.types import EVERYONE, Article
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import article, lines, modest

TEXT = "Begin.\n\n# Travel\n\nTobias approves trips.\n\n## Abroad\n\nMia does.\n\n# Leave\n\nAsk."
ONE = replace(article(TEXT, "Rules", "docs/travel & more?.md"), updated="2024-02-01")


@modest
@given(lines.filter(bool), st.data())
def test_a_quote_is_what_stands_there(text: str, data: st.DataObject) -> None:
    """`quote == text[start:end]` for any text and any place in it."""
    start = data.draw(st.integers(0, len(text) - 1))
    end = data.draw(st.integers(start + 1, len(text)))
    (citation,) = resolve([Quote(article(text), start, end)])
    assert citation.quote == text[citation.start : citation.end] == text[start:end]


def test_a_citation_says_where_it_is_from() -> None:
    """Number, title, heading path, revision, date, and an address that leads back to the article's id."""
    at = TEXT.index("Mia")
    (citation,) = resolve([Quote(ONE, at, at + 9)], first=3)
    assert (citation.number, citation.title, citation.heading) == (3, "Rules", "Travel › Abroad")
    assert (citation.quote, citation.revision, citation.updated) == ("Mia does.", "r1", "2024-02-01")
    assert citation.url == "/article/docs/travel%20%26%20more%3F.md"
    assert unquote(citation.url).removeprefix("/article/") == ONE.id
    (wiki,) = resolve([Quote(replace(ONE, url="https://wiki.example.org/Travel"), 0, 6)])
    assert (wiki.url, wiki.heading) == ("https://wiki.example.org/Travel", "")


def test_a_citation_of_a_file_with_pages_says_on_which() -> None:
    """The page that the quote begins on, which an original on the web is opened at; none where there are no pages."""
    paged = replace(ONE, pages=((0, 1), (18, 2), (25, 1), (30, 3)))
    assert [citation.page for citation in resolve([Quote(paged, at, at + 5) for at in (0, 17, 18, 26, 40)])] == [
        1, 1, 2, 1, 3,
    ]  # fmt: skip
    away = replace(paged, url="https://wiki.example.org/rules.pdf")
    assert resolve([Quote(away, 18, 24)])[0].url == "https://wiki.example.org/rules.pdf#page=2"
    assert resolve([Quote(ONE, 0, 6)])[0].page is None


def test_the_same_quote_is_cited_once() -> None:
    """Numbers follow the order in which quotes come, without a gap."""
    quotes = [Quote(ONE, 0, 6), Quote(ONE, 18, 24), Quote(ONE, 0, 6), Quote(article(TEXT), 0, 6)]
    assert [(c.number, c.start, c.article) for c in resolve(quotes)] == [
        (1, 0, ONE.id),
        (2, 18, ONE.id),
        (3, 0, "a.md"),
    ]
    assert resolve([]) == ()


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (5, 5), (6, 2), (0, len(TEXT) + 1), (len(TEXT), len(TEXT) + 1)])
def test_what_is_no_piece_of_the_article_never_leaves(start: int, end: int) -> None:
    """An empty quote or one beyond the text is an error, not a citation."""
    with pytest.raises(ValueError, match="is no piece of"):
        resolve([Quote(ONE, start, end)])


def test_the_heading_above_a_place() -> None:
    """The path ends with the nearest heading above; a heading stands under itself."""
    assert heading_at(TEXT, 0) == ""
    assert heading_at(TEXT, TEXT.index("# Travel")) == "Travel"
    assert heading_at(TEXT, TEXT.index("Tobias") + 4) == "Travel"
    assert heading_at(TEXT, TEXT.index("Ask")) == "Leave"
    assert heading_at("", 0) == ""


# --- the text of an answer


def dated(text: str, updated: str | None = None, name: str = "a.md") -> Article:
    return Article(name, "A title", text, "", "1", updated, frozenset({EVERYONE}))


def quote(text: str, words: str, updated: str | None = None, name: str = "a.md") -> Quote:
    at = text.index(words)
    return Quote(dated(text, updated, name), at, at + len(words))


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


COMMANDS = """Take it out with sluicectl drain slu-N. Restart with sluicectl restart --gentle.

    $ tar xf all.tar
    git push origin main"""


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("sluicectl", "sluicectl."),
        ("sluicectl, then tar", "sluicectl, then tar."),
        ("tar", "tar."),
        ("git", "git."),
        ("main", "Main."),
        ("macOS or iOS", "macOS or iOS."),
        ("drain", "Drain."),
    ],
)
def test_a_command_keeps_its_small_letter(words: str, text: str) -> None:
    """What the article shows as one: first in a line of code, or before an option; so does a name with capitals."""
    assert [piece.text for piece in short_answer(words, [quote(COMMANDS, "Take")])] == [text]


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


def test_sentences_lose_only_their_marks() -> None:
    """List and heading marks and line breaks go, words stay."""
    assert unmarked("- **Steady** red:\n  water") == "**Steady** red: water"
    assert [piece.text for piece in in_sentences([quote("## Two heads\n", "## Two heads")])] == ["Two heads"]


def test_days_are_written_for_people() -> None:
    """ISO dates are spelt out, anything else stays."""
    assert (day("2016-06-09"), day("spring 2016"), day(None)) == ("9 June 2016", "spring 2016", "")


def test_without_words_to_mark_an_address_ends_with_its_heading() -> None:
    """A heading's own anchor, and nothing about words where none are named."""
    page = replace(article(TEXT, "Rules"), url="https://w.example/P", anchors=("travel", "abroad", "leave"))
    assert original_at(page, TEXT.index("Mia")) == "https://w.example/P#abroad"
    assert original_at(page, TEXT.index("Mia"), TEXT.index("Mia") + 9).startswith(
        "https://w.example/P#abroad:~:text=Mia"
    )


def test_of_a_moment_the_day_is_told() -> None:
    """The day of an ISO time, too, is written as people write it."""
    assert day("2024-02-01T10:30:00+00:00") == "1 February 2024"
