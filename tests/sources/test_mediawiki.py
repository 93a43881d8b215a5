"""A real MediaWiki is followed: what is in it, what changes, and who may read it."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from article_assistant.answering.cite import original_at
from article_assistant.index.search import Index
from article_assistant.index.sources import kinds
from article_assistant.index.sources.mediawiki import MediaWiki
from article_assistant.index.sources.source import Access
from article_assistant.index.sync import SyncReport, sync
from article_assistant.index.types import EVERYONE, Article, Scope, SourceError

from tests.labs import MediaWikiLab
from tests.parts import MOST, Words
from tests.sources.conftest import PAGES

pytestmark = pytest.mark.lab
ALL = frozenset({EVERYONE})


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    yield opened
    opened.close()


def wiki(lab: MediaWikiLab, access: Access | None = None) -> MediaWiki:
    found = kinds.remote(f"mediawiki+{lab.url}/wiki/Main_Page", access or Access())
    assert isinstance(found, MediaWiki)
    return found


def update(index: Index, lab: MediaWikiLab, access: Access | None = None) -> tuple[SyncReport, int]:
    """Bring the wiki's articles up to date: the report, and how many requests it took."""
    remote = wiki(lab, access)
    said = {remote.address: access} if access else {}
    return sync([remote], index, MOST, access=said), remote.api.web.requests


def short(names: list[str]) -> list[str]:
    return sorted(name.partition("/")[2] for name in names)


def titled(index: Index, title: str) -> Article | None:
    return next((one for one in index.library.articles(None) if one.title == title), None)


def test_a_wiki_is_followed(index: Index, mediawiki: MediaWikiLab) -> None:
    """All pages with what templates make of them, then only what changed: edits, moves, deletions, redirects, and the
    pages that show a template which changed; an unchanged wiki costs one request."""
    report, asked = update(index, mediawiki)
    kept = {title for title in PAGES if title not in {"Template:Note", "Travel rules", "Diary"}} | {"Main Page"}
    assert set(short(report.added)) == kept
    assert asked <= len(kept) + 10  # what it is, its four namespaces in parts, and each page
    assert report.left_out == {"that keep themselves out (__NOINDEX__)": 1}
    policy = titled(index, "Travel policy")
    assert policy
    assert "Tobias approves trips.Note: Keep the receipts. Zephyr." in policy.text
    assert "City: Oslo | Limit: 180 EUR" in policy.text
    assert (policy.names, policy.anchors, policy.groups) == (("Travel rules",), ("Approval",), ALL)
    assert (policy.url, policy.editor) == (f"{mediawiki.url}/wiki/Travel_policy", "LabBot")
    start = policy.text.index("City")
    address = original_at(policy, start, len(policy.text))
    assert address == f"{mediawiki.url}/wiki/Travel_policy#Approval:~:text=Oslo,180%20EUR"
    assert [hit.article.title for hit in index.find("rules", ALL, 1)] == ["Travel policy"]

    report, asked = update(index, mediawiki)
    assert (report.anything, report.unchanged, asked) == (False, len(kept), 1)

    mediawiki.do("edit", title="Finance", text="Finance moved to room 99.")
    mediawiki.do("edit", title="Template:Note", text="'''Note:''' {{{1}}} Mistral.")
    mediawiki.do("edit", title="Brand new", text="A page that was not there.")
    mediawiki.do("delete", title="Page 3")
    mediawiki.do("edit", title="Travel rules", text="#REDIRECT [[Finance]]")
    report, asked = update(index, mediawiki)
    assert short(report.added) == ["Brand new"]
    assert short(report.changed) == ["Finance", "Travel policy"]
    assert short(report.removed) == ["Page 3"]
    assert asked <= 3 + 3
    changed, finance = titled(index, "Travel policy"), titled(index, "Finance")
    assert changed
    assert finance
    assert ("Mistral" in changed.text, "Zephyr" in changed.text, changed.names) == (True, False, ())
    assert ("room 99" in finance.text, finance.names) == (True, ("Travel rules",))

    mediawiki.do("move", **{"from": "Page 4", "to": "Room four", "reason": "lab"})
    mediawiki.do("move", **{"from": "Page 5", "to": "Room five", "reason": "lab", "noredirect": "1"})
    mediawiki.do("edit", title="Page 6", text="Now private. __NOINDEX__")
    report, _ = update(index, mediawiki)
    assert short(report.added) == ["Room five", "Room four"]
    assert short(report.removed) == ["Page 4", "Page 5", "Page 6"]
    four = titled(index, "Room four")
    assert four
    assert four.names == ("Page 4",)
    assert not update(index, mediawiki)[0].anything


def test_categories_are_a_page_s(index: Index, mediawiki: MediaWikiLab) -> None:
    """Those of its text and those that templates give it, none that the wiki hides, for no request more.

    Another one in a template comes to the pages that show it.
    """
    mediawiki.do("edit", title="Template:Filed", text="<includeonly>[[Category:Filed papers]]</includeonly>")
    mediawiki.do("edit", title="Category:Tracked", text="Seen by nobody. __HIDDENCAT__")
    mediawiki.do("edit", title="Filing", text="Papers go there. {{Filed}} [[category:travel]] [[Category:Tracked]]")
    report, asked = update(index, mediawiki)
    assert asked <= len(report.added) + 10
    filing = titled(index, "Filing")
    assert filing
    assert filing.categories == ("Filed papers", "Travel")
    hits = index.find("papers", ALL, 5, Scope(category="filed_papers"))
    assert [hit.article.title for hit in hits] == ["Filing"]

    mediawiki.do("edit", title="Template:Filed", text="<includeonly>[[Category:Archive]]</includeonly>")
    report, asked = update(index, mediawiki)
    assert (short(report.changed), asked) == (["Filing"], 5)
    mediawiki.do("edit", title="Finance", text="Finance sits in room 12. [[Category:Money]]")
    assert short(update(index, mediawiki)[0].changed) == ["Finance"]
    assert {"Archive", "Money"} <= index.library.ledger.categories(ALL).keys()
    assert "Filed papers" not in index.library.ledger.categories(ALL)


def test_what_is_uploaded(index: Index, mediawiki: MediaWikiLab) -> None:
    """A file is an article with the wiki's readers: called by its name, leading to itself, followed as a page is."""
    mediawiki.takes_files()
    try:
        update(index, mediawiki)
        mediawiki.upload("Desk_plan.csv", b"Desk,Person\n4,Ada\n")
        report, _ = update(index, mediawiki)
        assert short(report.added) == ["File:Desk plan.csv"]
        plan = titled(index, "Desk plan")
        assert plan
        assert (plan.text, plan.anchors, plan.groups) == ("Desk: 4 | Person: Ada", (), ALL)
        assert plan.url.startswith(f"{mediawiki.url}/images/")
        mediawiki.upload("Desk_plan.csv", b"Desk,Person\n4,Bert\n")
        assert short(update(index, mediawiki)[0].changed) == ["File:Desk plan.csv"]
        assert not update(index, mediawiki)[0].anything
        assert wiki(mediawiki).changes("").pages.keys() >= {"File:Desk plan.csv", "Finance"}
        mediawiki.do("delete", title="File:Desk plan.csv")
        assert short(update(index, mediawiki)[0].removed) == ["File:Desk plan.csv"]
    finally:
        mediawiki.settings("")


def test_an_import_without_a_trace_is_noticed(index: Index, mediawiki: MediaWikiLab) -> None:
    """What the recent changes do not tell shows in the wiki's numbers: then all of it is listed."""
    update(index, mediawiki)
    before = index.library.ledger.sources()[0].state
    assert '\\"numbers\\"' in before
    with index.library.writing():
        source = index.library.ledger.sources()[0]
        numbers = before.partition('\\"numbers\\": [')[2].partition("]")[0]
        index.library.ledger.note(replace(source, state=before.replace(f"[{numbers}]", "[1, 1]")))
        index.library.remove([source.label + "/Finance"])
    report, asked = update(index, mediawiki)
    assert (short(report.added), 5 < asked < 10) == (["Finance"], True)


def test_namespaces_and_names_can_be_chosen(index: Index, mediawiki: MediaWikiLab) -> None:
    """A source reads the namespaces it is told to, and leaves out what it is told to; an unknown one is named."""
    update(index, mediawiki, Access(namespaces=("Help", "Template"), leave_out=("Template:*",)))
    assert [one.title for one in index.library.articles(None)] == ["Help:Printing"]
    with pytest.raises(SourceError, match="no namespace 'Hlep'; it has Talk, User"):
        wiki(mediawiki, Access(namespaces=("Hlep",))).changes("")


def test_a_private_wiki(index: Index, mediawiki: MediaWikiLab) -> None:
    """It is read with a bot password, for its own groups; without one, what was read when it was public is hidden at
    once. A wrong password and nobody at all are one line each."""
    update(index, mediawiki)
    assert index.find("Finance", ALL, 1)
    mediawiki.settings("$wgGroupPermissions['*']['read'] = false;")
    with pytest.raises(SourceError, match="lets only users read who may"):
        update(index, mediawiki)
    assert index.find("Finance", ALL, 1) == []
    bot = mediawiki.accounts["bot"]
    with pytest.raises(SourceError, match=r"does not let LabBot@lab in; .*Special:BotPasswords"):
        wiki(mediawiki, Access(user=bot["user"], password="wrong")).changes("")
    with pytest.raises(SourceError, match="no password for LabBot@lab"):
        wiki(mediawiki, Access(user=bot["user"])).changes("")
    access = Access(user=bot["user"], password=bot["password"])
    report, _ = update(index, mediawiki, access)
    users = frozenset({f"{wiki(mediawiki).label}:user"})
    assert report.changed
    assert index.find("Finance", ALL, 1) == []
    assert index.find("Finance", users, 1)
    report, asked = update(index, mediawiki, access)
    assert (report.anything, asked) == (False, 4)
    mediawiki.settings("")
    update(index, mediawiki)
    assert index.find("Finance", ALL, 1)
