"""Text files are read as their authors meant them, whatever wiki or editor they come from."""

import textwrap

import pytest
from article_assistant.index.reading.dokuwiki import dokuwiki
from article_assistant.index.reading.encoding import decoded
from article_assistant.index.reading.frontmatter import categories_of, divide
from article_assistant.index.reading.mediawiki import mediawiki
from article_assistant.index.reading.text import plain_text, text_page
from article_assistant.index.reading.wiki import wiki_of
from article_assistant.index.types import ArticleError
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import modest

WORDS = st.lists(st.text("abcdefghij", min_size=1, max_size=9), min_size=30, max_size=120)
CELL = st.sampled_from(["Ann", "Bo", "Gate 4", "room 12", "North", "4471"])
MARKS = (
    """== = ' '' ''' [[ ]] {{ }} {| |} |- ! || | ^ ** // (( )) <ref> </ref> <code> </code> %% * # : ; ~~ a b""".split()
)


def test_questions_on_lines_of_their_own_are_headings() -> None:
    """Two or more, each right above its answer or a paragraph before it; a single one is a line as any other."""
    faq = "Printer\n\nWho orders paper?\nMarta does.\n\nWhy does it jam?\n\nThe paper is damp.\n\nIs that all?"
    assert plain_text(faq) == (
        "Printer\n\n## Who orders paper?\n\nMarta does.\n\n## Why does it jam?\n\nThe paper is damp.\n\nIs that all?"
    )
    one = "Who orders paper?\nMarta does.\n\nThe drum is dirty."
    assert plain_text(one) == one


@modest
@given(WORDS, st.integers(55, 90), st.integers(0, 3))
def test_what_was_broken_at_a_width_is_whole_again(words: list[str], width: int, indent: int) -> None:
    """A paragraph, wherever it stands, is one line with all its words in order."""
    lines = textwrap.wrap(" ".join(words), width, initial_indent=" " * indent, subsequent_indent=" " * indent)
    assert plain_text("\n".join(lines)).split() == words
    assert "\n" not in plain_text("\n".join(lines)).strip()


@modest
@given(st.lists(st.tuples(CELL, CELL, CELL), min_size=3, max_size=9))
def test_aligned_columns_are_a_table(rows: list[tuple[str, str, str]]) -> None:
    """Each cell is under its own head, whatever the widths."""
    table = [("Hall", "Warden", "Phone"), *rows]
    widths = [max(len(row[column]) for row in table) + 2 for column in range(3)]
    lines = ["".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in table]
    lines.insert(1, "".join("-" * (width - 2) + "  " for width in widths))
    want = [" | ".join(f"{name}: {cell}" for name, cell in zip(table[0], row, strict=True)) for row in rows]
    assert plain_text("\n".join(lines)).split("\n") == want


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("Kettner GmbH, Industriestrasse 14, Bremen, Germany\nLindqvist AB, Hamngatan 3, Malmoe, phone 4471\n"
         "Okafor Packaging Ltd, 22 Dock Road, Hull, phone 5560", None),
        ("2026-05-11 06:10 pressure normal, handed to Ingrid\n2026-05-12 06:05 valve 3 leaking, repaired by Tor Lie",
         None),
        ("Building  Warden        Phone\nNorth     Henrik Dahl   3311\nAnnex     Wanda Kroll   3367",
         "Building: North | Warden: Henrik Dahl | Phone: 3311\nBuilding: Annex | Warden: Wanda Kroll | Phone: 3367"),
        ("Henrik Dahl keeps the keys of northern building\nMaja Sobol keeps the keys of southern building", None),
        ("a\tb\nc\td", "a: b\nc: d"),
        ("| Hall | Key |\n|------|-----|\n| N    | red |", "Hall: N | Key: red"),
        ("Rules\n=====\n\nKeys\n----\nred", "# Rules\n\n## Keys\n\nred"),
        ("Q: How long?\nA: Four years.\n\nQ: Who?\nA: Ann.", "## How long?\n\nFour years.\n\n## Who?\n\nAnn."),
        ("* A long item that was broken at the width of a page,\n  And goes on there.",
         "* A long item that was broken at the width of a page, And goes on there."),
        ("Run this:\n\n    make clean\n    make", None),
        ("2. Contacts\n-----------\nRole       Name   Phone  Notes\nManager    Ada    555-1  on leave until\n"
         "                         the 4th of May\nFirst aid  Cara   555-2",
         "## 2. Contacts\n\nRole: Manager | Name: Ada | Phone: 555-1 | Notes: on leave until the 4th of May\n"
         "Role: First aid | Name: Cara | Phone: 555-2"),
        ("Item     Qty  Total\n----     ---  -----\nWidget     4  10.00\nNut       10  37.50\n              47.50",
         "Item: Widget | Qty: 4 | Total: 10.00\nItem: Nut | Qty: 10 | Total: 37.50\nTotal: 47.50"),
        ("* Opened    here  *\n* Closed    there *\n* Repaired  now   *", None),
        ("A notice\n\fPage 1 of\nOne.\n\fPage 2 of\nTwo.", "A notice\n\nOne.\n\nTwo."),
    ],
)  # fmt: skip
def test_lines_of_a_plain_text(source: str, text: str | None) -> None:
    """Records, columns, heads, questions, items and code; None: every line stays as it is."""
    assert plain_text(source) == (source if text is None else text)


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("== Beans ==\nOrdered by '''Ann''' and\n[[User:Bo|Bo]].<ref>Since May</ref> [[Category:Kitchen]]",
         "## Beans\n\nOrdered by Ann and Bo. [Since May]"),
        ("'''x'''\n* one\n** two\n# first\n# second\n; term : meaning",
         "x\n\n- one\n  - two\n1. first\n2. second\n- term: meaning"),
        ('{| class="wikitable"\n|+ Rooms\n! Hall !! Key\n|-\n| rowspan=2 | N || red\n|-\n| blue\n|}',
         "Rooms\n\nHall: N | Key: red\nHall: N | Key: blue"),
        ("{{Infobox room|owner=Ann|room=12}}\n'''Oak''' is {{dim|x=1|y=2}}big.", "owner: Ann\nroom: 12\n\nOak is big."),
        ("{{Infobox\n| owner = Ann\n| room = 12\n}}\nText {{convert|5|km}} '''on'''.",
         "owner: Ann\nroom: 12\n\nText 5 km on."),
        ("'''a''' <nowiki>'''b'''</nowiki> &amp; <!-- no -->c[[File:x.png|thumb|The pump]]",
         "a '''b''' & c\n\nThe pump"),
        ("'''a'''\n <code>run --x</code>\n\n<pre>\nx  y\n</pre>", "a\n\n    run --x\n\n    x  y"),
    ],
)  # fmt: skip
def test_wikitext(source: str, text: str) -> None:
    """What MediaWiki shows of its marks, without categories and comments."""
    assert wiki_of(source) is mediawiki
    assert mediawiki(source)[1] == text


@pytest.mark.parametrize(
    ("source", "text"),
    [
        ("====== Coffee ======\n===== Beans =====\nOrdered by **Ann** and\n//[[user:bo|Bo]]// ((since May)).",
         "# Coffee\n\n## Beans\n\nOrdered by Ann and Bo [since May]."),
        ("====== A ======\n  * one\n    * two\n  - first\n  - second\n", "# A\n\n- one\n  - two\n1. first\n2. second"),
        ("====== A ======\n^ Hall ^ Key ^\n| N | [[red|Red one]] |\n| ::: | blue |",
         "# A\n\nHall: N | Key: Red one\nHall: N | Key: blue"),
        ("====== A ======\n^ Owner | Ann |\n^ Room | 12 |", "# A\n\nOwner: Ann\nRoom: 12"),
        ("====== A ======\n<code bash>\nrun --x\n  ''y''\n</code>\n%%**b**%% http://c.de/d",
         "# A\n\n    run --x\n      ''y''\n\n**b** http://c.de/d"),
        ("====== A ======\n~~NOTOC~~\n{{wiki:logo.png?50|The pump}} {{a.png}}<del>old</del>", "# A\n\nThe pump old"),
    ],
)  # fmt: skip
def test_dokuwikis_marks(source: str, text: str) -> None:
    """What DokuWiki shows of its marks."""
    assert wiki_of(source) is dokuwiki
    assert dokuwiki(source)[1] == text


def test_marks_within_dokuwikis_code_are_code() -> None:
    """What stands two spaces in is shown as it is typed, with what would part text from marks elsewhere."""
    source = "====== Marks ======\n\nUse %%**%%.\n\n  <nowiki>\n  **a** b\n  </nowiki>\n  so %%//c//%%."
    said = "# Marks\n\nUse **.\n\n    <nowiki>\n    **a** b\n    </nowiki>\n    so %%//c//%%."
    assert dokuwiki(source)[1] == said


@modest
@given(st.lists(st.sampled_from([*MARKS, "\n"]), max_size=40).map(" ".join))
def test_no_marks_break_a_reader(source: str) -> None:
    """Whatever stands in a page, it is read, and its text has no mark of ours in it."""
    for reader in (mediawiki, dokuwiki):
        assert not set(reader(source)[1]) & {"\x01", "\x02"}


@pytest.mark.parametrize(
    ("source", "facts", "broken"),
    [
        ("---\ntitle: Queue: restart\nupdated: 2025-03-11\n---\n", {"title": "Queue: restart"}, False),
        ("---\ntitle:\tTab\n# a comment\n---\n", {"title": "Tab"}, False),
        ("---\ntitle: Tab\ntags: [a, b\n---\n", {"title": "Tab"}, True),
        ("---\ntitle: \"Tab\" # why\nx: 'y\n---\n", {"title": '"Tab"'}, True),
        ('+++\ntitle = "Tab"\ndate = 2025-04-02\n+++\n', {"title": "Tab"}, False),
        ('+++\ntitle = "Tab"\ntags = [\n+++\n', {"title": "Tab"}, True),
        ('{\n  "title": "Tab"\n}\n', {"title": "Tab"}, False),
        ('{\n  "title": "Tab",\n  "x": \n}\n', {"title": "Tab"}, True),
    ],
)  # fmt: skip
def test_front_matter_is_never_text(source: str, facts: dict[str, str], broken: bool) -> None:
    """In YAML, TOML or JSON; what is broken costs its own lines, is named, and leaves no trace in the text."""
    found, body, notice = divide(source + "Text.")
    assert body == "Text."
    assert facts.items() <= found.items()
    assert bool(notice) == broken


@pytest.mark.parametrize(
    ("facts", "named"),
    [
        ("categories:\n  - Human Resources\n  - Trip\ntags: [a b, 24]", ("Human Resources", "Trip", "a b", "24")),
        ("tags:\n  - label: API\n    permalink: /api\n  - docs", ("API", "docs")),  # Docusaurus
        ("categories: travel policy\ntag: To do", ("travel", "policy", "To do")),  # Jekyll
        ("tags: trips by train, visas,", ("trips by train", "visas")),  # Pelican
        ("Tags: [a, a, null, [b], {c: d}, ' ']", ("a",)),
        ("tags:", ()),
        ("tags: [broken, \"list\"\ntitle: Tab", ("broken", "list")),
        ("1: x\ncategories: 5", ()),
        (f"tags: [{', '.join(f't{n}' for n in range(500))}]", tuple(f"t{n}" for n in range(100))),
    ],
)  # fmt: skip
def test_front_matter_names_categories(facts: str, named: tuple[str, ...]) -> None:
    """As lists and as one text, as the makers of sites write them; what is no name is none."""
    assert categories_of(divide(f"---\n{facts}\n---\nText.")[0]) == named


@pytest.mark.parametrize("text", ["---\nA sentence.\n---\nMore.", "{ no facts", "+++", "---\n\n---\n", "{\n}\n"])
def test_what_only_looks_like_front_matter_is_text(text: str) -> None:
    """Rules and braces of an article."""
    assert divide(text) == ({}, text, "")


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1251", "Пропуск выдаёт Нина Орлова. Отдел кадров находится на третьем этаже."),
        ("cp1252", "Der Antrag wird spätestens vierzehn Tage vorher eingereicht. Grüße aus Köln – für 5 €."),
        ("shift_jis", "有給休暇は課長が承認します。領収書の原本は経理部の田中さんに渡します。"),
        ("gb18030", "休假由部门经理批准。发票原件交给财务部。"),
        ("utf-16", "naïve"),
    ],
)
def test_the_encoding_of_a_text_is_found(encoding: str, text: str) -> None:
    """Without a declaration."""
    assert decoded(text.encode(encoding)).text == text


def test_a_guess_is_named() -> None:
    """The page says that its encoding is a guess, and how sure; so it does of broken front matter."""
    assert "33% sure" in text_page(("naïve “x” café " * 20).encode("mac-roman")).notice
    assert "front matter" in text_page(b"---\ntitle: [a\n---\nText.").notice
    with pytest.raises(ArticleError):
        decoded(b"\x81\x8d\xff")


def test_a_number_or_a_colon_at_the_edge_begins_no_item() -> None:
    """What a line begins with by chance, where it was broken, is part of its sentence; a next number is an item."""
    said = (
        "The slowest part was not the copying but the rebuilding, which took from\n"
        "55. That was in the spring. The pictures of the cameras are the only such\n"
        "exception: they go after 30 days."
    )
    assert plain_text(said) == said.replace("\n", " ")
    items = "4. Ring the bell at the gate and wait until the warden of the day has come\n5. Go in and sign."
    assert plain_text(items) == items


def test_the_lines_of_a_comment_are_no_headings() -> None:
    """Lines of which each begins with the mark of a comment are text; one alone is a heading as ever."""
    text = "# Two hosts carry the load.\n# Restart them one by one.\n#\n# Never both.\n\n# Title\n\nText."
    assert plain_text(text) == "Two hosts carry the load.\nRestart them one by one.\n\nNever both.\n\n# Title\n\nText."


def test_a_command_in_a_comment_stays_on_its_line() -> None:
    """A line that ends with a path is not the first half of a sentence."""
    lines = [
        "I changed the paths of the files in this folder, and nothing else, and then I ran:",
        "git diff ':!maintenance/apply-our-patches.txt' > maintenance/patches/file-paths.patch",
        "undo those changes, all of them, and apply the patch to the folder as it was before",
    ]
    assert plain_text("\n".join(f"# {line}" for line in lines)).replace("\n\n", "\n").split("\n")[1:] == lines[1:]
