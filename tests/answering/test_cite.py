"""Quotes become citations that hold: verbatim, numbered, linked."""

from dataclasses import replace
from urllib.parse import unquote

import pytest
from article_assistant.answering.cite import Quote, heading_at, resolve
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
