"""HTML and Markdown become what a reader sees, and nothing in them is more than text."""

import time

import pytest
from article_assistant.index.reading.html import html_page
from article_assistant.index.reading.markdown import markdown, markdown_page
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


@pytest.mark.parametrize(
    "sign", ["\x1f", "&#31;", "&#x1F;", "\x0c", "\ufffe", "&#xffff;", "&#xd800;", "&#0;", "&#99999999;"]
)
def test_a_character_that_no_page_may_have_costs_itself_alone(sign: str) -> None:
    """Beside a script, which is taken out, and a line break in code, the words around it are read."""
    page = html_page(f"<p>{sign}One<script> </script>{sign} two</p><pre>{sign}a<br>{sign}b</pre>")
    assert page.text.translate({0xFFFD: " "}).split() == ["One", "two", "a", "b"]


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
        ("![picture](http://evil.example/a.png)", "picture"),
        ("```\n# comment\n```", "    # comment"),
        ("Term\n: Meaning", "- Term: Meaning"),
        ("a <b>b</b> <script>evil()</script> c", "a b c"),
        ("## Gate {#gate}\n\nRing {#x}.", "## Gate\n\nRing {#x}."),
        (":::tip\n\nRing.\n\n:::\n\n::: warning Dogs <2>\nRun.\n:::\n", "Ring.\n\nDogs <2>\n\nRun."),
        ("::::: {.note}\nRing.\n::::note[Cats]\nPurr.\n::::\n:::::\n\nA ::: b", "Ring.\n\nCats\n\nPurr.\n\nA ::: b"),
        (":::", ":::"),
        ("", ""),
    ],
)
def test_markdown_becomes_lines(source: str, text: str) -> None:
    """The same lines from Markdown: CommonMark with tables, strikethrough and definition lists."""
    assert markdown(source) == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ('[Overtime]({% page "/leave/overtime/" %}): yes.', "Overtime: yes."),
        ("[Home]({{ site.url }}/home) and [Keys]( {{< ref 'keys' >}} )", "Home and Keys"),
        ('<a href="{% link a.md %}">Home</a>', "Home"),
        ('Ask in {% channel "travel" %}.', "Ask in travel."),
        ('- {% channel "dev" "Developers" %}\n- B', "- dev\n- B"),
        ('Start {{< tooltip text="Pods" id="pod" >}}, then {{% param "x" %}}.', "Start Pods, then x."),
        ('A\n\n{% image "_img/a.png" "A picture" %}\n\n{{< figure src="b.png" title="B" >}}\n\nC', "A\n\nC"),
        ("{{< note >}}\nMind the gap.\n{{< /note >}}", "Mind the gap."),
        ("A\n{% comment %}\nB\n\n    C\n\n- D\n{% endcomment %}\nE", "A\n\nE"),
        ("A\n\n{% comment %}\n\nB\n\n```\n{% endcomment %}", "A\n\nB\n\n    {% endcomment %}"),
        ("A {{< comment >}}B{{< /comment >}}C\n\n{% comment %}\n\nD", "A C\n\nD"),
        ("{% raw %}{{ as it is }}{% endraw %}", "{{ as it is }}"),
        ("`[a]({{ x }})` is a link", "[a]({{ x }}) is a link"),
        ("{% highlight ruby %}\nif x\n\n  # y\nend\n{% endhighlight %}\n\nA", "    if x\n      # y\n    end\n\nA"),
        ("{% highlight ruby %}\nA", "A"),
        (
            "`{% if x %}` and\n\n```\n{% if x %}\n```\n\n    {% if y %}",
            "{% if x %} and\n\n    {% if x %}\n\n    {% if y %}",
        ),
        ("50 {% of it, {{ x }}", "50 {% of it, {{ x }}"),
    ],
)
def test_tags_of_templates_are_no_text(source: str, text: str) -> None:
    """What a site's generator replaces is left out, in code it stays; what a tag shows within a sentence is read."""
    assert markdown(source) == text


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("Logging in &amp; networks", "Logging in & networks"),
        ("Set up <em>before</em> `onboarding` *now*", "Set up before onboarding now"),
        ("1. Beginning", "1. Beginning"),
        ("AT&T, C# and a_b_c", "AT&T, C# and a_b_c"),
        ("<!-- -->", "<!-- -->"),
        ("", None),
    ],
)
def test_the_title_in_front_matter_is_read_as_it_is_shown(title: str, shown: str | None) -> None:
    """Marks of HTML and Markdown are not seen in it; a title that has nothing else stays."""
    assert markdown_page(f"---\ntitle: '{title}'\n---\nText.".encode()).title == shown


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<form><input value='x'><h1>A</h1><p>One.</p><button>Go</button></form>", "# A\n\nOne."),
        ("<main><p>One.</p><aside><p>Never restart C2.</p></aside></main>", "One.\n\nNever restart C2."),
        ("<main><p>One.</p><aside><a>Home</a> <a>News</a></aside></main>", "One."),
        ("<article><p>One.</p></article><article><p>Two.</p></article>", "One.\n\nTwo."),
        ("<main><p>One.</p></main><div>Menu</div><article><p>Two.</p></article>", "One.\n\nTwo."),
        ("<main></main><p>One.</p>", "One."),
        ("<a id='main-content'></a><main><p>One.</p></main>", "One."),
        ("<div role=navigation>Home</div><p>One.</p><div role=contentinfo>Us</div>", "One."),
        ("<div><a>Home</a> <a>News</a> <a>About</a></div><p>One is the first of all the numbers.</p>",
         "One is the first of all the numbers."),
        ("<p>a<span style='display: none'>b</span><i class=sr-only>c</i><i aria-hidden=true>d</i></p>", "a"),
        ("<table><thead><tr><th rowspan=2>Hall<th colspan=2>Gate<tr><th>in<th>out<tbody><tr><td rowspan=2>N<td>1<td>2"
         "<tr><td>3<td>4</table>", "Hall: N | Gate in: 1 | Gate out: 2\nHall: N | Gate in: 3 | Gate out: 4"),
        ("<table><tr><th>Owner<td>Dana<tr><th>Phone<td>12</table>", "Owner: Dana\nPhone: 12"),
        ("<table><tr><th colspan=2>Pump<tr><th>Owner<td>Dana</table>", "Pump\n\nOwner: Dana"),
        ("<table><tr><th>Tool<th>Ratio<th>Speed<tr><th>LZF<th>2.1<th>570<tr><th>LZO<th>2.2<th>600</table>",
         "Tool: LZF | Ratio: 2.1 | Speed: 570\nTool: LZO | Ratio: 2.2 | Speed: 600"),
        ("<table><tfoot><tr><td>Sum<td>3</tfoot><tbody><tr><td>A<td>3</tbody></table>", "A: 3\nSum: 3"),
        ("<table role=presentation><tr><td><h2>A</h2><p>One.</p><td><p>Two.</p></table>", "## A\n\nOne.\n\nTwo."),
        ("<table><tr><th>Day<th>Open<tr><td>Sat<td><p>9 to 12</p><p>1 to 5</p></table>",
         "Day: Sat | Open: 9 to 12; 1 to 5"),
        ("<h1>Help</h1><details><summary>How?</summary><p>So.</p></details>", "# Help\n\n## How?\n\nSo."),
        ("<h1>Help</h1><p><b>How?</b></p><p>So.</p><p><b>Why?</b> Thus.</p>",
         "# Help\n\n## How?\n\nSo.\n\n## Why?\n\nThus."),
        ("<p>Q: How? A: So.</p>", "# How?\n\nSo."),
        ("<dl><dt>a</dt><dt>b</dt><dd>Both.</dd></dl>", "- a, b: Both."),
        ("<dl><dt>How?<dd>So.</dl>", "# How?\n\nSo."),
        ("<ul><li>Run this: <pre>x --y\nz</pre></li><li>b</li></ul>", "- Run this:\n\n    x --y\n    z\n\n- b"),
        ("<p>It is started by hand:</p><pre><span>run</span> --now<br>end</pre>",
         "It is started by hand:\n\n    run --now\n    end"),
        ("<figure><img alt='x'><figcaption>The pump</figcaption></figure><img alt='The key is red'><img alt='a.png'>",
         "The pump\n\nThe key is red"),
        ("<ul><li><img alt='Home'> Home<li><img alt='Note:'> Mind it.</ul>", "- Home\n- Note: Mind it."),
        ("<table><tr><th>Size<th>Shelf<tr><th colspan=2>Bolts<tr><td>M4<td>A1<tr><td>M5<td>A2<tr><th colspan=2>Nuts"
         "<tr><td>M4<td>B1<tr><td colspan=2>Ask Ann.</table>",
         "Bolts | Size: M4 | Shelf: A1\nBolts | Size: M5 | Shelf: A2\nNuts | Size: M4 | Shelf: B1\nAsk Ann."),
        ("<table><tr><td>1.<td>Open it<tr><td>2.<td>Wait</table>", "1. Open it\n2. Wait"),
        ("<p><ruby>東京<rp>(</rp><rt>とうきょう</rt><rp>)</rp></ruby>に", "東京に"),
        ("<ol><li>a<li value=5>b</ol>", "1. a\n5. b"),
        ("<p>Fo\u00ado\u200bt</p>", "Foot"),
    ],
)  # fmt: skip
def test_html_is_read_as_a_browser_shows_it(body: str, text: str) -> None:
    """What is shown is read, where it is shown; what only leads elsewhere, or is not seen, is not."""
    assert html_page(f"<!DOCTYPE html><html><body>{body}</body></html>").text == text


MEDIAWIKI = """<body><main id="content" class="mw-body"><h1 id="firstHeading">Coffee</h1>
<div id="p-lang-btn"><label>3 languages</label><ul><li><a>Deutsch</a></li></ul></div><div id="siteSub">From Wiki</div>
<div id="mw-content-text"><div id="toc" class="toc"><h2>Contents</h2><ul><li><a>1 Beans</a></li></ul></div>
<h2><span class="mw-headline">Beans</span><span class="mw-editsection">[<a>edit</a>]</span></h2>
<p>Ordered by Ann.<sup class="reference">[1]</sup></p><div class="printfooter">Retrieved from "x"</div></div>
<div id="catlinks" class="catlinks"><a>Categories</a>: Pages that Omar should check</div></main></body>"""
DOKUWIKI = """<body><div id="dokuwiki__site"><div class="breadcrumbs">Trace: start</div><div id="dokuwiki__content">
<div class="pageId">coffee</div><div class="page"><div id="dw__toc"><h3>Table of Contents</h3></div>
<h2 class="sectionedit1">Beans</h2><div class="level2"><p>Ordered by Ann.<sup><a class="fn_top">1)</a></sup></p></div>
<div class="secedit editbutton_section"><form><button>Edit</button></form></div></div><div class="docInfo">Last modified
</div></div></div></body>"""


@pytest.mark.parametrize("page", [MEDIAWIKI, DOKUWIKI])
def test_a_wikis_own_page_is_its_text_alone(page: str) -> None:
    """No languages, categories, marks to edit, table of contents or marks of notes."""
    assert html_page(page).text == "## Beans\n\nOrdered by Ann."


def test_the_bytes_of_a_page_without_a_declaration() -> None:
    """UTF-8 is what it is, also where the page declares something else that its bytes cannot be."""
    assert html_page("<p>naïve</p>".encode()).text == "naïve"
    assert html_page("<meta charset=ascii><p>naïve</p>".encode()).text == "naïve"
    assert html_page("<meta charset=utf-8><p>naïve</p>".encode("windows-1252")).text == "naïve"


def test_title_and_date_of_a_page() -> None:
    """A page is called what it is called without the name of the site; its date is what it declares."""
    page = html_page(
        "<html><head><title>Travel policy - Our wiki</title><meta property='article:modified_time' "
        "content='2024-02-01T10:00Z'></head><body><h1>Travel policy</h1><p>x</p></body></html>"
    )
    assert (page.title, page.updated) == ("Travel policy", "2024-02-01")
    assert html_page("<title>vpn [Our wiki]</title><h1>VPN</h1><p>x</p>").title == "VPN"
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


def test_two_ends_of_a_line_part_paragraphs() -> None:
    """Also within what only sets the type; one end of a line there does not."""
    page = "<html><body><font>First of<br>all.<br><br>Then this.</font></body></html>"
    assert html_page(page).text.split("\n\n")[-1] == "Then this."
    assert html_page("<html><body><p><i>First of<br>all.</i></p></body></html>").text == "First of all."


def test_marks_of_footnotes_are_no_words() -> None:
    """Neither that in the sentence nor the way back; the note itself stays."""
    page = (
        '<html><body><p>Trips need approval<a href="#fn1" class="footnote-ref" role="doc-noteref"><sup>1</sup></a>.</p>'
        '<section role="doc-endnotes"><ol><li id="fn1"><p>Solveig does.<a href="#r" role="doc-backlink">↩︎</a></p></li>'
        "</ol></section></body></html>"
    )
    assert html_page(page).text == "Trips need approval.\n\n1. Solveig does."
