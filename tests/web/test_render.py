"""`web.render`: everything is escaped, only citations become links, the mark covers exactly the quote."""

import re
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from article_assistant.index.types import Article
from article_assistant.types import Citation, Sentence, State
from article_assistant.web import render
from article_assistant.web.article import article_page
from hypothesis import example, given
from hypothesis import strategies as st

from tests import served as web

VOID = {"meta", "link", "input", "br"}
ALLOWED = {
    *(
        "html",
        "head",
        "meta",
        "title",
        "link",
        "body",
        "main",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "span",
        "a",
        "button",
    ),
    *(
        "bdi",
        "time",
        "mark",
        "ul",
        "ol",
        "li",
        "pre",
        "code",
        "div",
        "table",
        "tbody",
        "tr",
        "td",
        "details",
        "summary",
    ),
    *("blockquote", "section", "nav", "thead", "th", "b"),
}


class Seen(HTMLParser):
    """What a browser would make of some HTML, as far as these tests ask."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.links: list[str] = []
        self.ids: list[str] = []
        self.open: list[str] = []
        self.text = ""  # all of <main>
        self.marked = ""  # of its <mark>s
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        self.links += [value or "" for name, value in attrs if name == "href" and tag == "a"]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "main" in self.open:
            self.text += data
            self.marked += data if "mark" in self.open else ""


def article(text: str, title: str = "Title", url: str = "") -> Article:
    return Article("a.md", title, text, url, "r1", "2024-02-29", frozenset())


LINES = st.lists(
    st.one_of(
        st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30),
        st.sampled_from(
            [
                "",
                "# Head",
                "###### Deep",
                "- item",
                "  - nested",
                "    - deeper",
                "3. third",
                "    code <b>",
                "a | b | c",
                "Name: x | Size: <y>",
                "<script>alert(1)</script>",
                '"><img src=x onerror=alert(1)>',
                "javascript:alert(1)",
                "\u202eevil\u202c \u2066x",
                "&amp; &lt; &#60;",
                "</main></body>",
                "#",
                "- ",
                " | ",
                "   ",
                "plain words here",
            ]
        ),
    ),
    max_size=12,
).map("\n".join)


@given(LINES, st.integers(-3, 200), st.integers(-3, 200))
@example("- one\n- two\n\nName: x | Size: y", 0, 99)
@example("# Title\n\n- one", 0, 3)
def test_mark_covers_exactly_the_quote(text: str, start: int, end: int) -> None:
    """Every character of an article is on its page, and the marked ones are `[start, end)`, wherever they lie.

    Line breaks between two blocks belong to no element and are left out of the comparison.
    """
    seen = Seen(article_page(article(text), start, end))
    low = min(max(start, 0), len(text))
    high = min(max(end, low), len(text))
    assert seen.text.replace("\n", "") == text.replace("\n", "")
    # a blank line has no element that could be marked; it can hold nothing but spaces
    solid = "".join(text[at] if low <= at < high else "" for at in range(len(text)) if _line(text, at).strip())
    assert seen.marked.replace("\n", "") == solid.replace("\n", "")
    assert seen.ids.count("quote") <= 1


def _line(text: str, at: int) -> str:
    begin = text.rfind("\n", 0, at) + 1
    stop = text.find("\n", at)
    return text[begin : stop if stop >= 0 else len(text)]


@given(LINES, LINES, st.text(max_size=40))
def test_nothing_unescaped_gets_through(text: str, title: str, url: str) -> None:
    """Whatever stands in an article, a page has only our elements, no handlers, and only http(s) links.

    The one script is our own, and stands before the article.
    """
    page = article_page(article(text, title, url), 0, len(text))
    head, ours, rest = page.partition('<script src="/files/words.js"></script>')
    assert ours
    assert "<body" not in head
    seen = Seen(head + rest)
    assert seen.tags <= ALLOWED
    assert seen.open == []
    assert not [name for name in seen.attributes if name.startswith("on") or name in {"src", "style", "action"}]
    home, *links = seen.links
    assert home == "/"
    assert all(re.match(r"(?i)https?://|/article/|#quote$", link) for link in links)


@given(LINES, LINES, LINES, st.text(max_size=40), st.text(min_size=1, max_size=20))
def test_conversation_is_escaped(question: str, words: str, quote: str, url: str, identifier: str) -> None:
    """Questions, answers, quotes, titles and addresses reach the log as text, whatever they hold."""
    cited = Citation(1, identifier, question or "t", url, words, quote, 0, len(quote), "r", None)
    turn = render.Shown(question, answer=web.answered(question, f"{words} [1]", cited))
    for html, own in ((render.conversation([turn]), {"button"}), (render.sources(turn), set())):
        seen = Seen(html)
        assert seen.tags <= ALLOWED | own
        assert seen.open == []
        assert not [name for name in seen.attributes if name.startswith("on") or name in {"src", "style", "action"}]
        assert all(re.match(r"(?i)https?://|/article/", link) for link in seen.links)


def test_what_html_cannot_carry_is_shown_one_for_one() -> None:
    """Control characters and halves of characters become replacement characters, wherever they come from."""
    strange, shown = "a\x00\x1b\ud800b", "a\ufffd\ufffd\ufffdb"
    cited = replace(web.citation(web.article(), web.QUOTE), quote=strange, title=strange)
    turn = render.Shown(strange, answer=web.answered("q", f"{strange} [1]", cited))
    for html in (
        render.conversation([turn]),
        render.sources(turn),
        article_page(replace(article(f"- {strange}", strange), categories=(strange,)), 3, 5),
    ):
        assert shown in html
        assert not set(html) & {"\x00", "\x1b", "\ud800"}
    assert '<mark id="quote">\ufffd\ufffd</mark>' in html


def test_an_article_says_its_categories() -> None:
    """As text, whatever they are called; without any, there is no word of them."""
    html = article_page(replace(article("Text."), categories=("A & B", "<i>Visas")))
    assert "Categories: A & B, <i>Visas" in " ".join(Seen(html.replace("body", "main")).text.split())
    assert "Categories" not in article_page(article("Text."))


def test_mark_is_a_link_only_with_its_citation() -> None:
    """[1] becomes a link when there is a citation 1; [2] without one, and [x], stay as they are."""
    turn = render.Shown("q", answer=web.answered("q", "Yes. [1] No. [2] [x]", web.citation(web.article(), web.QUOTE)))
    html = render.conversation([turn])
    assert len(re.findall(r'<a data-say class="mark"', html)) == 1
    assert "[2] [x]" in html
    assert 'target="article"' in html
    assert re.search(r'href="/article/ops/incident\.md\?start=\d+&amp;end=\d+#quote"', html)


def test_refusal_shows_the_nearest_as_no_answer() -> None:
    """A refusal shows its text and the nearest passages under words that say they are no answer."""
    turn = render.Shown("q", answer=web.refused("q", web.citation(web.article(), web.QUOTE)))
    for html in (render.conversation([turn]), render.sources(turn)):
        assert "Nearest passages" in html
        assert "Not an answer" in html
        assert 'class="number"' not in html
    assert "The articles do not answer this" in render.conversation([turn])


def where_of(html: str) -> str:
    """What the first card says of its quote's place, "" for nothing."""
    found = re.search(r'<p class="where" dir="auto">(.*?)</p>', html)
    return re.sub("<[^>]+>", "", found[1]) if found else ""


def test_card_says_where_the_quote_stands() -> None:
    """A card has the title, heading, date, quote and both links; without an address of its own only ours."""
    cited = web.citation(web.article(url="https://wiki.example.org/incident"), web.QUOTE)
    html = render.sources(render.Shown("q", answer=web.answered("q", "x [1]", cited)))
    for part in ("Incident of 21 November", "Logs are now", "Open at the quote"):
        assert part in html
    assert where_of(html) == "What we changed · 22 November 2023"
    assert 'href="https://wiki.example.org/incident"' in html
    ours = replace(cited, url="/article/ops/incident.md")
    assert "Original" not in render.sources(render.Shown("q", answer=web.answered("q", "x [1]", ours)))


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "JAVASCRIPT:alert(1)",
        "data:text/html,x",
        "//evil.test/",
        "ftp://x.test/",
        "http://",
        "",
        "https://x.test/a b",
        "https://x.test/\nfoo",
        "http:\\\\evil.test",
        " https://x.test",
        "file:///etc/passwd",
        "http://[",
    ],
)
def test_other_addresses_are_no_links(url: str) -> None:
    """Only http and https addresses with a host become links."""
    assert render.original(url) is None


@pytest.mark.parametrize(
    "identifier", ["a/../b.md", "a//b.md", "./a", "../b", "a?b#c.md", "ümlaut %2e.md", "https://x.test/wiki/A"]
)
def test_article_paths_survive_a_browser(identifier: str) -> None:
    """No identifier's path folds into another one when a browser resolves it."""
    from urllib.parse import unquote, urljoin, urlsplit

    path = render.article_path(identifier)
    resolved = urlsplit(urljoin("http://h.test/x/y", path))
    assert unquote(resolved.path) == f"/article/{identifier}"
    assert not resolved.query
    assert not resolved.fragment


def test_heading_levels_lists_tables_and_code() -> None:
    """The text format becomes headings, lists, tables and code."""
    html = article_page(
        article("# Title\n\n## Two\n- a\n  - b\n2. c\n\n    x = 1\n    - y\n\nA: 1 | B: 2\nA: 3 | B: 4")
    )
    assert "<h1" in html
    assert "<h3" in html  # two marks are the second level below the page's own heading
    assert html.count("<li ") == 3
    assert 'value="2"' in html
    assert html.count("<pre") == 1
    assert html.count("<tr>") == 2
    assert html.count("<td") == 4


def test_a_card_does_not_repeat_the_title() -> None:
    """The heading path on a card begins below the article's own title; a number in an answer stays."""
    article_of = web.article()
    cited = replace(web.citation(article_of, web.QUOTE), heading=f"{article_of.title} › Causes › Disk")
    turn = render.Shown("q", answer=web.answered("q", "2. Outage [1]\n- item [1]", cited))
    assert where_of(render.sources(turn)) == "Causes › Disk · 22 November 2023"
    html = render.conversation([turn])
    assert "2. Outage" in html
    assert html.count("<li dir") == 1


def test_the_exact_words_stand_out_once_and_never_inside_a_mark() -> None:
    """The short form is emphasised where the answer first says it, as text; a mark stays a link."""
    said = web.answered("q", "At 1 & 2 of 9. [1] Or 1 & 2.", web.citation(web.article(), web.QUOTE))
    html = render.conversation([render.Shown("q", answer=replace(said, short="1 & 2"))])
    assert "At <strong>1 &amp; 2</strong> of 9." in html
    assert html.count("<strong>") == 1
    html = render.conversation([render.Shown("q", answer=replace(said, answer="None here. [1]", short="1"))])
    assert "<strong>" not in html
    assert html.count('<a data-say class="mark"') == 1


def test_short_words_stand_over_the_sentence_they_come_from() -> None:
    """Under a short answer stands each quote, escaped, with the words in it standing out."""
    cited = web.citation(web.article(), web.QUOTE)
    said = replace(web.answered("q", "Two people. [1]", cited), short="two people")
    html = render.conversation([render.Shown("q", answer=said)])
    assert '<blockquote class="quoted" dir="auto">Logs are now rotated every night' in html
    assert "It took <b>two people</b></blockquote>" in html
    assert "<strong>Two people</strong>." in html


def test_what_is_probably_wrong_comes_after_its_quote() -> None:
    """Below one half the sentence of the article stands first, and then what was taken from it."""
    said = replace(web.answered("q", "Two. [1]", web.citation(web.article(), web.QUOTE)), short="two people")
    for confidence, order in ((0.3, ["doubtful", "quoted", "answer"]), (0.9, ["answer", "quoted"])):
        html = render.conversation([render.Shown("q", answer=replace(said, confidence=confidence))])
        assert re.findall(r'<(?:p data-say|blockquote|div) class="(doubtful|quoted|answer)"', html) == order


def test_a_quote_of_a_table_is_drawn_as_one() -> None:
    """Rows stand under the names of their columns, items in a list, and the answer's words stand out, once."""
    rows = "Destination: Oslo | Per diem: €84\nDestination: Zürich | Per diem: €92"
    quote = f"Flat sums:\n{rows}\nPlace: Oslo | Ceiling: €190\n- no alcohol\n- a: b"
    html = render.sources(
        render.Shown("q", answer=web.answered("q", "€92 [1]", web.citation(web.article(text=quote), quote)))
    )
    drawn = html.partition("<blockquote")[2].partition("</blockquote>")[0].partition(">")[2]
    table = '<div class="scroll" tabindex="0"><table><thead><tr>{}</tr></thead><tbody>{}</tbody></table></div>'
    assert drawn == (
        "Flat sums:"
        + table.format(
            "<th>Destination</th><th>Per diem</th>",
            "<tr><td>Oslo</td><td>€84</td></tr><tr><td>Zürich</td><td>€92</td></tr>",
        )
        + table.format("<th>Place</th><th>Ceiling</th>", "<tr><td>Oslo</td><td>€190</td></tr>")
        + "<ul><li>no alcohol</li><li>a: b</li></ul>"
    )
    said = replace(web.answered("q", "€92 [1]", web.citation(web.article(text=quote), quote)), short="€92")
    assert "<td><b>€92</b></td>" in render.conversation([render.Shown("q", answer=said)])


def test_a_list_has_one_mark() -> None:
    """What a list rests on is marked once, at its end; marks of other quotes, and signs in code, stay."""
    first = web.citation(web.article(), web.QUOTE)
    words = "Do: [1]\n- a [1]\n    x [1]\n- b [1]\n- c [2]\nThen: [1]\n    y [1]\nEnd. [1]"
    html = render.conversation(
        [render.Shown("q", answer=web.answered("q", words, first, replace(first, number=2, start=0)))]
    )
    lines = re.findall(r"<(?:p|li) dir=.*?>(.*?)</(?:p|li)>", html)
    assert [re.sub("<[^>]*>", "", line).replace("&nbsp;", " ") for line in lines] == [
        "Do:", "a", "b 1", "c 2", "Then: 1", "End. 1",
    ]  # fmt: skip
    assert "x [1]" in html
    assert "y [1]" in html


def test_what_articles_say_instead_of_one_another_is_set_alike() -> None:
    """One line for each, in bold, with its date and its mark; in each quote its own words stand out."""
    texts = {"a.md": "Captured: seven (in all).", "b.md": "Eight were captured."}
    first, second = (
        replace(web.citation(web.article(name, f"# A\n\n{text}", updated=None), text), number=number)
        for number, (name, text) in enumerate(texts.items(), start=1)
    )
    words = "The articles disagree: seven (in all) (2 May 2024) [1]; Eight. [2]"
    said = replace(
        web.answered("How many?", words, replace(first, updated="2024-05-02"), second), short="seven (in all)"
    )
    html = render.conversation([render.Shown("How many?", answer=said)])
    lines = re.findall(r"<li dir=.*?>(.*?)</li>", html)
    assert [re.sub("<a .*", "", line).replace("&nbsp;", "") for line in lines] == [
        "<strong>seven (in all)</strong> (2 May 2024)",
        "<strong>Eight</strong>",
    ]
    assert re.findall("<b>(.*?)</b>", render.sources(render.Shown("q", answer=said))) == ["seven (in all)", "Eight"]


def test_the_other_quotes_of_an_article_are_seen_in_it() -> None:
    """A link names them; in the article they are marked less than the one that it is opened at, once each."""
    text = "# A\n\nOne here. Two here. Three here."
    one, two, three = (
        replace(web.citation(web.article("a.md", text), f"{word} here."), number=number)
        for number, word in enumerate(("One", "Two", "Three"), start=1)
    )
    elsewhere = replace(web.citation(web.article(), web.QUOTE), number=4)
    assert render.address(two, [one, two, three, elsewhere]) == (
        "/article/a.md?start=15&end=24&start=5&end=14&start=25&end=36#quote"
    )
    html = article_page(article(text), two.start, two.end, [(one.start, one.end), (16, 20), (30, 99)])
    assert (
        '<mark class="also">One here.</mark> <mark id="quote">Two here.</mark> Three<mark class="also"> here.' in html
    )


def test_an_answer_that_is_not_sure_says_so() -> None:
    """In plain words below a confidence of three quarters; above it, and for a refusal, nothing is said."""
    answer = web.answered("q", "Yes. [1]", web.citation(web.article(), web.QUOTE))
    said = [
        render.conversation([render.Shown("q", answer=replace(answer, confidence=confidence))])
        for confidence in (0.63, 0.9, None)
    ]
    assert "about 6 in 10 are right" in said[0]
    assert "sure" not in said[1] + said[2]
    refused = replace(web.refused("q", web.citation(web.article(), web.QUOTE)), confidence=0.1)
    assert "in 10" not in render.conversation([render.Shown("q", answer=refused)])


def test_an_empty_conversation_waits_for_nothing() -> None:
    """With no turn nothing is being written; a turn without an answer is."""
    assert 'aria-busy="true"' not in render.conversation([])
    assert 'aria-busy="true"' in render.conversation([render.Shown("q")])


@pytest.mark.parametrize(("estimated", "said"), [(0, ", 1,200 tokens used"), (1, ", about 1,200 tokens used")])
def test_counted_and_estimated_tokens_are_told_apart(estimated: int, said: str) -> None:
    """What a provider counted is told as it is, what had to be guessed with an "about"."""
    usage = {"prompt_tokens": 1_000, "completion_tokens": 200, "passages": 3, "estimated": estimated}
    assert said in render._used(usage)
    assert "3 passages" in render._used(usage)


def test_exactly_these_characters_are_replaced() -> None:
    """Controls but tab and line feed, DEL, and halves of characters; nothing else, so that text stays what it is."""
    replaced = {code for code in range(0x110000) if chr(code).translate(render.UNSHOWABLE) != chr(code)}
    assert replaced == {*range(32), 127, *range(0xD800, 0xE000)} - {ord("\t"), ord("\n")}


def written(*sentences: tuple[str, State]) -> render.Blocks:
    """Lines of a language model's sentences, each with its state, in their order; [1] is a citation."""
    made = [Sentence(number, text, state) for number, (text, state) in enumerate(sentences)]
    return render._worded(made, render._marker([web.citation(web.article(), web.QUOTE)], "m"))


def shapes(blocks: render.Blocks) -> list[tuple[str, list[list[str]]]]:
    """What each block is, and the texts of its lines' pieces."""
    return [
        (form, [["".join(part.text for part in piece.parts) for piece in line] for line in lines])
        for form, lines in blocks
    ]


def test_code_in_an_answer_is_shown_as_code() -> None:
    """Line by line, without what indents it and with what indents it further; nothing in it is taken for a list."""
    words = "Start it by hand: [1]\n    for i in 1 2; do\n      echo $i\n    done\nThen wait."
    blocks = render._paragraphs(words, render._marker([], "m"), {})
    assert shapes(blocks) == [
        ("text", [["Start it by hand: [1]"]]),
        ("code", [["for i in 1 2; do"], ["  echo $i"], ["done"]]),
        ("text", [["Then wait."]]),
    ]


def test_code_is_verbatim() -> None:
    """No sign of a line of code is a citation's mark, an item's or in bold: it is there to be copied."""
    words = "So: [1]\n    hosts:\n      - name: argv[1]"
    blocks = render._paragraphs(words, render._marker([web.citation(web.article(), web.QUOTE)], "m"), {1: "argv"})
    assert shapes(blocks)[1:] == [("code", [["hosts:"], ["  - name: argv[1]"]])]
    assert not any(part.citation or part.strong for line in blocks[1][1] for piece in line for part in piece.parts)


def test_written_sentences_make_lines_lists_and_paragraphs() -> None:
    """A sentence follows the one before on its line until one ends with a break; items begin lines; empty ones go."""
    said: State = "supported"
    blocks = written(
        ("One. ", said), ("Two. ", said), ("Three.\n", said), ("Four. ", said), (" \n", said), ("- a", said),
        ("b\n", said), ("- c", said), ("Five.", said),
    )  # fmt: skip
    assert shapes(blocks) == [
        ("text", [["One.", "Two.", "Three."], ["Four."]]),
        ("item", [["a", "b"], ["c", "Five."]]),
    ]


def test_a_run_of_unsupported_sentences_is_cautioned_once_at_its_end() -> None:
    """Whatever follows it, or nothing; sentences that are not judged yet end no run of their own."""
    blocks = written(
        ("A. ", "unsupported"), ("B. ", "unsupported"), ("C. ", "supported"), ("D. ", "unsupported"),
        ("E. ", "unchecked"), ("F.", "unsupported"),
    )  # fmt: skip
    ((_, (line,)),) = blocks
    assert [piece.cautioned for piece in line] == [False, True, False, True, False, True]
    assert [piece.state for piece in line][-2:] == ["unchecked", "unsupported"]


def test_marks_are_cut_out_with_ids_in_their_order() -> None:
    """A mark whose number a citation has, also of three digits; others stay text; a space before it is kept apart."""
    first = web.citation(web.article(), web.QUOTE)
    far = replace(first, number=123)
    found = list(render._marker([first, far], "m")("a [1] b[123] [2] c [1]d [1234]"))
    assert [(one.text, one.citation and one.citation.number, one.spaced, one.id) for one in found] == [
        ("a", None, False, ""), ("", 1, True, "m-1"), (" b", None, False, ""), ("", 123, False, "m-2"),
        (" [2] c", None, False, ""), ("", 1, True, "m-3"), ("d [1234]", None, False, ""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("confidence", "said"), [(0.16, ""), (0.49, ""), (0.5, "5 in 10"), (0.66, "7 in 10"), (0.74, "7 in 10"), (0.75, "")]
)
def test_how_often_such_answers_are_right(confidence: float, said: str) -> None:
    """Rounded to tenths; from three quarters on nothing is said, and below one half it is said in other words, once."""
    answer = replace(web.answered("q", "Yes. [1]", web.citation(web.article(), web.QUOTE)), confidence=confidence)
    html = render.conversation([render.Shown("q", answer=answer)])
    assert (f"about {said} are right" in html) if said else ("in 10" not in html)
    assert ("probably not" in html) == (confidence < 0.5)


def test_an_offline_refusal_gives_way_to_what_is_written() -> None:
    """Where the model answers what was refused offline, the refusal is not shown above it; else both are."""
    cited = web.citation(web.article(), web.QUOTE)
    sentences = (Sentence(0, "It is so. [1]", "supported"),)
    model = replace(web.answered("q", "It is so. [1]", cited), mode="generative", sentences=sentences)
    refusal = web.refused("q", cited)
    assert render._turn(1, render.Shown("q", answer=model, ready=refusal))["answer"] is None
    offline = web.answered("q", "Offline. [1]", cited)
    both = render._turn(1, render.Shown("q", answer=replace(model, extract=offline.answer), ready=offline))
    assert both["answer"]
    assert both["written"]
    waiting = render._turn(1, render.Shown("q", ready=refusal, status="Reads…"))
    assert (waiting["refused"], waiting["status"]) == (True, "Reads…")


def test_a_question_is_shown_as_it_was_searched_where_that_differs() -> None:
    """Only then, and only with the answer."""
    answer = web.answered("And then?", "x")
    assert render._turn(1, render.Shown("And then?"))["searched"] == ""
    for standalone, shown in (("And then?", ""), ("", ""), ("What happened then?", "What happened then?")):
        turn = render.Shown("And then?", answer=replace(answer, standalone=standalone))
        assert render._turn(1, turn)["searched"] == shown


def test_only_a_whole_heading_path_below_the_title_is_shown() -> None:
    """The page of a PDF and the date stand behind it; what is not known is left out."""
    cited = replace(web.citation(web.article(), web.QUOTE), heading="A › B", page=7, updated="2016-06-09")

    def where(of: Citation) -> str:
        return where_of(render.sources(render.Shown("Where?", citations=(of,))))

    assert where(cited) == "A › B · page 7 · 9 June 2016"
    assert where(replace(cited, heading="", page=None, updated=None)) == ""
    assert where(replace(cited, heading=cited.title, page=None)) == "9 June 2016"


def test_turns_are_numbered_from_one() -> None:
    """The ids of the marks, which scripts and links name, begin with the first turn's number."""
    cited = (web.citation(web.article(), web.QUOTE),)
    shown = render.conversation([render.Shown("Who?", words="Mia. [1]", citations=cited)])
    assert 'id="mark-1-1"' in shown


@pytest.mark.parametrize(("confidence", "doubtful"), [(0.49, True), (0.5, False), (0.9, False)])
def test_below_one_half_an_answer_is_said_to_be_probably_none(confidence: float, doubtful: bool) -> None:
    """And its words are not bold, which stand out in an answer that is more likely right than wrong."""
    answer = replace(web.good(), short="every night", confidence=confidence)
    shown = render.conversation([render.Shown("Who?", answer=answer)])
    assert ("This is probably not the answer" in shown) == doubtful
    assert ("<strong>" in shown) != doubtful
