"""HTML and Markdown become what a reader sees, and nothing in them is more than text."""

import time

import pytest
from article_assistant.index.reading.html import html_page
from article_assistant.index.reading.markdown import markdown
from article_assistant.index.reading.page import iso_date, squeeze
from article_assistant.index.types import ArticleError
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import check_reason, lines, modest

PIECES = """
    <p> </p> <div> <b> </b> <ul> <ol> <li> </ul> <table> <tr> <td> <th> </table> <dl> <dt> <dd> <h1> <h2> </h2> <pre>
    <script> </script> <!-- --> <![CDATA[ ]]> <?pi ?> &lt; &#x0; &#xD800; &nbsp; <br> <body> <html> <main> <a
    href='x'> colspan=9999999 <td colspan=99> hidden> <svg> <iframe> <template> \x00 <ol start=-9> <title>
"""
MARKUP = st.lists(st.sampled_from(PIECES.split()) | st.text(max_size=12), max_size=30).map(" ".join)


@modest
@given(MARKUP)
def test_any_text_is_a_page_or_an_article_error(source: str) -> None:
    """Whatever stands in a page, as text or bytes, it is read or refused; a text has no broken line."""
    for data in (source, source.encode("utf-8", "replace"), source.encode("utf-16", "replace")):
        try:
            page = html_page(data)
        except ArticleError:
            continue
        assert page.text == page.text.strip("\n")
        assert "\r" not in page.text


@modest
@given(lines)
def test_any_text_is_markdown(source: str) -> None:
    """Whatever stands in a file, Markdown never fails otherwise than with a reason."""
    try:
        text = markdown(source)
    except ArticleError:
        return
    assert text == text.strip("\n")


@pytest.mark.parametrize(
    "piece",
    [
        "<b>",
        "<div>",
        "<ul><li>",
        "<table><tr><td>",
        "<dl><dd>",
        "<dl><dt>a<dd>",
        "<p><b>x",
        "<p>",
        "<h1>",
        "<!--",
        "<a b='",
    ],
)
def test_crafted_pages_are_read_in_time(piece: str) -> None:
    """60 KB of one element inside another take a moment, not minutes."""
    began = time.process_time()
    try:
        html_page(piece * (60_000 // len(piece)) + "x")
    except ArticleError as error:
        check_reason(error)
    assert time.process_time() - began < 5


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("<h1>A</h1><p>One\n two</p>", "# A\n\nOne two"),
        ("<ul><li>a<ul><li>b</li></ul></li><li>c</li></ul>", "- a\n  - b\n- c"),
        ("<ol start=3><li>a</li><li>b</li></ol>", "3. a\n4. b"),
        (
            "<table><tr><th>City</th><th>Hotel</th></tr><tr><td>Oslo</td><td>180</td></tr></table>",
            "City: Oslo | Hotel: 180",
        ),
        ("<table><tr><td>a</td><td></td><td>b</td></tr></table>", "a | b"),
        ("<table><tr><th colspan=2>Both</th></tr><tr><td>1</td><td>2</td></tr></table>", "Both: 1 | Both: 2"),
        ("<dl><dt>Term</dt><dd>Meaning</dd></dl>", "- Term: Meaning"),
        ("<dl><dt>T</dt><dd>M<dl><dt>U</dt><dd>N</dd></dl></dd></dl>", "- T: M U N"),
        ("<pre># no heading\n  code</pre>", "    # no heading\n      code"),
        ("<p>a<br>b</p>", "a\n\nb"),
        ("<ul><li><p>a</p>b<br>c</li></ul>", "- a b c"),
        ("<div>a<p>b</p>c</div>", "a\n\nb\n\nc"),
        ("<p>a<script>evil()</script>b<span hidden>secret</span>c<!-- note -->d</p>", "abcd"),
        ("<nav>Menu</nav><main><p>Text</p></main><footer>Foot</footer>", "Text"),
        ("<p>&lt;b&gt; &amp;amp; &#8220;x&#8221;</p>", "<b> &amp; “x”"),
        ("<p>one<b> two</b><i>three</i></p>", "one twothree"),
    ],
)
def test_html_becomes_lines(source: str, text: str) -> None:
    """Headings, lists, tables, definitions and code as `index.types.Article` says; hidden things go."""
    assert html_page(f"<html><body>{source}</body></html>").text == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("# A #\n\nOne\ntwo", "# A\n\nOne two"),
        ("A\n=\n\nB\n-", "# A\n\n## B"),
        ("* a\n  * b\n* c", "- a\n  - b\n- c"),
        ("| City | Hotel |\n|-|-|\n| Oslo | 180 |", "City: Oslo | Hotel: 180"),
        ("[Trips](x.md) and `code` and **bold** and ~~gone~~", "Trips and code and bold and gone"),
        ("![picture](http://evil.example/a.png)", ""),
        ("```\n# comment\n```", "    # comment"),
        ("Term\n: Meaning", "- Term: Meaning"),
        ("a <b>b</b> <script>evil()</script> c", "a b c"),
        ("", ""),
    ],
)
def test_markdown_becomes_lines(source: str, text: str) -> None:
    """The same lines from Markdown: CommonMark with tables, strikethrough and definition lists."""
    assert markdown(source) == text


def test_title_and_date_of_a_page() -> None:
    """A page is called what it is called without the name of the site; its date is what it declares."""
    page = html_page(
        "<html><head><title>Travel policy - Our wiki</title><meta property='article:modified_time' "
        "content='2024-02-01T10:00Z'></head><body><h1>Travel policy</h1><p>x</p></body></html>"
    )
    assert (page.title, page.updated) == ("Travel policy", "2024-02-01")
    assert html_page("<p>x</p>").title is None
    assert html_page("<p>x</p>").updated is None


def test_the_encoding_that_a_page_declares() -> None:
    """Bytes are read as the page says."""
    page = b"<html><head><meta charset='iso-8859-1'></head><body><p>caf\xe9</p></body></html>"
    assert html_page(page).text == "café"


@modest
@given(st.text(max_size=40))
def test_squeezed_text_has_single_spaces(text: str) -> None:
    """No run of white space, none outside; squeezing twice changes nothing."""
    found = squeeze(text)
    assert found == " ".join(found.split())
    assert squeeze(found) == found


@modest
@given(st.text(max_size=12) | st.dates() | st.datetimes() | st.none() | st.integers())
def test_a_date_is_a_day_or_nothing(value: object) -> None:
    """Any property of any kind: an ISO day or None."""
    found = iso_date(value)
    assert found is None or len(found) == 10
