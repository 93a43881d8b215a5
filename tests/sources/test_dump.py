"""A MediaWiki's export becomes articles, page by page, and only what changed in it is read again."""

import bz2
import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from article_assistant.index.search import Index
from article_assistant.index.sources.dump import Dump
from article_assistant.index.sources.kinds import remote
from article_assistant.index.sources.source import Access
from article_assistant.index.sync import SyncReport, sync
from article_assistant.index.types import SourceError

from tests.parts import MOST, Words
from tests.sources.shelf import ALL

SITE = (
    "<siteinfo><sitename>Depot</sitename><base>https://wiki.example/wiki/Main_Page</base><namespaces>"
    '<namespace key="0" case="first-letter" /><namespace key="1">Talk</namespace>'
    '<namespace key="10">Template</namespace><namespace key="12">Help</namespace>'
    '<namespace key="14">Ablage</namespace>'
    '<namespace key="100">Handbook</namespace></namespaces></siteinfo>'
)
PAGES = [
    ("Beans", 0, "The '''beans''' are ordered by [[Priya Nair]].\n\n== Store ==\n* In ''hall'' 3.\n** On shelf ** 9."),
    ("Talk:Beans", 1, "Are they good?"),
    ("Template:Box", 10, "{{{1}}}"),
    ("Handbook:Gate", 100, "The gate closes at ten."),
    ("Help:Tea & cake", 12, "Tea is at four."),
]


def page(title: str, space: int, text: str, number: int = 1, more: str = "") -> str:
    text = text.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f"<page><title>{title.replace('&', '&amp;')}</title><ns>{space}</ns><id>{number}</id>{more}"
        f"<revision><id>{number}</id><timestamp>2024-0{number}-05T06:07:08Z</timestamp>"
        "<contributor><username>Mia</username></contributor><model>wikitext</model>"
        f'<text xml:space="preserve">{text}</text></revision></page>'
    )


def export(*pages: str) -> bytes:
    root = '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" version="0.11" xml:lang="en">'
    return f"{root}{SITE}{''.join(pages)}</mediawiki>".encode()


WHOLE = export(
    *(page(*one) for one in PAGES),
    page("Coffee", 0, "#REDIRECT [[Beans]]", more='<redirect title="Beans" />'),
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    yield opened
    opened.close()


def bring(index: Index, file: Path, data: bytes, access: Access | None = None) -> SyncReport:
    file.write_bytes(data)
    address = f"dump+file://{file}"
    return sync([address], index, MOST, access={address: access} if access else {})


@pytest.mark.parametrize(("ending", "pack"), [(".xml", bytes), (".xml.gz", gzip.compress), (".xml.bz2", bz2.compress)])
def test_each_page_is_an_article(index: Index, tmp_path: Path, ending: str, pack: type[bytes]) -> None:
    """With its title, day, editor, names and place on the web; talk, templates and redirects are no articles."""
    report = bring(index, tmp_path / f"depot{ending}", pack(WHOLE))
    assert report.added == ["depot/Beans", "depot/Handbook:Gate", "depot/Help:Tea & cake"]
    assert report.left_out == {"in the namespace Talk": 1, "in the namespace Template": 1}
    article = index.article("depot/Beans", ALL)
    assert article
    assert (article.title, article.updated, article.editor, article.names) == (
        "Beans", "2024-01-05", "Mia", ("Coffee",),
    )  # fmt: skip
    assert article.url == "https://wiki.example/wiki/Beans"
    assert article.text == "The beans are ordered by Priya Nair.\n\n## Store\n\n- In hall 3.\n  - On shelf ** 9."
    assert [hit.article.id for hit in index.find("coffee", ALL, 1)] == ["depot/Beans"]


def test_categories_are_its_links(index: Index, tmp_path: Path) -> None:
    """In the wiki's own word or in English; a link to a category, or one that is no text here, puts nothing into it."""
    text = (
        "Ordered by Priya. [[:Category:Linked]] <nowiki>[[Category:Quoted]]</nowiki> <!-- [[Category:Hidden]] -->"
        "[[category:food_and drink|*]]\n[[ Ablage : Store ]][[Category:{{PAGENAME}}]][[Kategorie:Foreign]]"
        "<includeonly>[[Category:Included]]</includeonly> [[Category:Last"
    )
    bring(index, tmp_path / "depot.xml", export(page("Beans", 0, text), page("Gate", 0, "Closes at ten.")))
    beans, gate = index.article("depot/Beans", ALL), index.article("depot/Gate", ALL)
    assert beans
    assert gate
    assert (beans.categories, gate.categories) == (("Food and drink", "Store"), ())
    assert "Category" not in beans.text.partition("Quoted")[2].partition("[[Category:Last")[0]


def test_only_what_changed_is_read_again(index: Index, tmp_path: Path) -> None:
    """The same file costs nothing; in another one what has a new revision is read, and what is not there is gone."""
    file = tmp_path / "depot.xml"
    many = [page(f"Page {n}", 0, f"Number{n} stands alone.") for n in range(30)]
    bring(index, file, export(*many))
    report = sync([f"dump+file://{file}"], index, MOST)
    assert (report.unchanged, report.changed, report.removed) == (30, [], [])
    many[3], many[20] = page("Page 3", 0, "Quince is new.", 2), page("Page 20", 0, "So is fig.", 2)
    report = bring(index, file, export(*many[:29]))
    assert (report.changed, report.removed) == (["depot/Page 3", "depot/Page 20"], ["depot/Page 29"])
    assert [hit.article.id for hit in index.find("quince", ALL, 1)] == ["depot/Page 3"]


def test_what_is_said_of_it_counts(index: Index, tmp_path: Path) -> None:
    """Namespaces by name or number, pages left out, readers, and where it is on the web."""
    access = Access(
        groups=frozenset({"staff"}), namespaces=("0", "handbook"), leave_out=("Bea*",), link="https://w.org/"
    )
    report = bring(index, tmp_path / "depot.xml", WHOLE, access)
    assert report.added == ["depot/Handbook:Gate"]
    assert index.article("depot/Handbook:Gate", ALL) is None
    article = index.article("depot/Handbook:Gate", frozenset({"staff"}))
    assert article
    assert article.url == "https://w.org/Handbook:Gate"
    with pytest.raises(SourceError, match="no namespace 'Minutes'; it has Talk, Template"):
        bring(index, tmp_path / "depot.xml", WHOLE, Access(namespaces=("Minutes",)))


def test_of_a_whole_history_the_last_revision_is_read(tmp_path: Path) -> None:
    """Whatever their order in the file; a text that was deleted is none."""
    whole = page("Beans", 0, "Old.")
    newer = page("Beans", 0, "New.", 7).partition("<id>7</id><revision>")[2].removesuffix("</page>")
    whole = whole.replace("<revision>", f"<revision>{newer}<revision>", 1)
    hidden = page("Gone", 0, "").replace('<text xml:space="preserve"></text>', '<text deleted="deleted" />')
    (tmp_path / "depot.xml").write_bytes(export(whole, hidden))
    source = Dump(tmp_path / "depot.xml", Access())
    changes = source.changes("")
    assert (list(changes.pages), changes.left_out) == (["Beans"], {"without a text": 1})
    fetched = source.page("Beans")
    assert fetched
    assert (fetched.body, fetched.revision, fetched.updated) == (b"New.", "7", "2024-07-05")


def test_pages_are_handed_out_in_any_order(tmp_path: Path) -> None:
    """In the order of the file in one go; a page that was passed is found again."""
    (tmp_path / "depot.xml").write_bytes(export(*(page(f"P{n}", 0, f"{n}.") for n in range(9))))
    source = Dump(tmp_path / "depot.xml", Access())
    source.changes("")
    for number in (3, 4, 8, 0, 8, 7):
        fetched = source.page(f"P{number}")
        assert fetched
        assert fetched.body == f"{number}.".encode()
    assert source.page("P9") is None


@pytest.mark.parametrize(
    ("name", "data", "why"),
    [
        ("a.xml", b"<html><p>no</p></html>", "whose root is <mediawiki>"),
        ("a.xml", WHOLE[:900], "broken, or no export"),
        ("a.xml.gz", b"no gzip", "broken, or no export"),
        ("a.xml.bz2", bz2.compress(WHOLE)[:-9], "broken, or no export"),
        ("a.7z", b"7z", "packed in a way that is not read"),
        ("a.xml", b'<!DOCTYPE m [<!ENTITY a "aa"><!ENTITY b "&a;&a;">]><mediawiki>&b;', "broken, or no export"),
    ],
)
def test_what_is_no_whole_export_is_refused_in_one_line(
    index: Index, tmp_path: Path, name: str, data: bytes, why: str
) -> None:
    """And nothing that was read before is gone for it."""
    bring(index, tmp_path / "a.xml", WHOLE)
    with pytest.raises(SourceError, match=why) as told:
        bring(index, tmp_path / name, data)
    assert "\n" not in str(told.value)
    assert index.article("a/Beans", ALL)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Before anything is done."""
    with pytest.raises(SourceError, match="is no file that can be read"):
        remote(f"dump+file://{tmp_path}/none.xml", Access())
