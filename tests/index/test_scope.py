"""A scope holds in the search itself: a place, a category, a span of days, with the rights of whoever asks."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from article_assistant.index.chunk import split
from article_assistant.index.schema import folded
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, EVERYTHING, Scope

from tests import parts

ALL = frozenset({EVERYONE})
LEADS = frozenset({EVERYONE, "leads"})


@pytest.fixture(scope="module", params=["built", "fresh"])
def index(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    """Fifty-four pages about trips in three folders of two sources, in a generation or still without one."""
    opened = Index.open(tmp_path_factory.mktemp("scope"), parts.Words())
    with opened.library.writing():
        opened.library.for_encoder(opened.embedder.version)
        for label, folder in (("docs", "docs/old"), ("docs", "docs/new"), ("wiki", "wiki")):
            source = opened.library.ledger.add(f"/{label}", label)
            pages = []
            for number in range(18):
                groups = frozenset({"leads"}) if number % 6 == 0 else ALL
                page = parts.article(f"Trips are told by rule {number}.", "", f"{folder}/{number}.md", groups)
                day = None if number == 17 else f"20{10 + number % 10}-06-{1 + number % 28:02}"
                named = (*(["Human Resources"] if number % 3 else []), *(["Trips_abroad"] if number % 2 else []))
                pages.append(replace(page, updated=day, categories=named))
            opened.replace(source, [(page, page.revision, split(page, opened.embedder)) for page in pages])
    if request.param == "built":
        opened.publish()
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "scope",
    [
        Scope("docs"),
        Scope("docs/new"),
        Scope("/docs/new/"),
        Scope("wiki/7.md"),
        Scope("docs/ne"),
        Scope(since="2015-06-10"),
        Scope(until="2012-06-30"),
        Scope("docs/old", "2013-06-01", "2014-06-20"),
        Scope("nowhere"),
        Scope(category="Human Resources"),
        Scope(category=" trips  ABROAD"),
        Scope("docs/new", "2013-06-01", category="human_resources"),
        Scope(category="Human"),
        EVERYTHING,
    ],
    ids=str,
)
@pytest.mark.parametrize("groups", [ALL, LEADS, None], ids=["all", "leads", "operator"])
def test_a_scope_holds_with_rights(index: Index, scope: Scope, groups: frozenset[str] | None) -> None:
    """What is found is exactly what of the library lies in the scope and may be read, by words and by meaning."""
    meant = {
        article.id
        for article in index.library.articles(groups)
        if f"{article.id}/".startswith(f"{scope.place.strip('/')}/" if scope.place else "")
        and (not scope.category or folded(scope.category) in map(folded, article.categories))
        and (not scope.since or (article.updated or "") >= scope.since)
        and (not scope.until or "" < (article.updated or "") <= scope.until)
    }
    found = index.find("Which rule tells trips?", groups, 60, scope)
    assert {hit.article.id for hit in found} == meant
    assert all(groups is None or hit.article.groups & groups for hit in found)
    few = index.find("Which rule tells trips?", groups, 5, scope)
    assert [hit.article.id for hit in few] == [hit.article.id for hit in found[:5]]
    assert all(hit.bm25 > 0 for hit in few)


def test_categories_tell_of_what_one_may_read(tmp_path: Path) -> None:
    """A list of categories counts the articles that a reader may read; one of hidden articles alone is not in it.

    Names that differ in case are one category, called as most articles call it; a new revision has its own.
    """
    with closing(Index.open(tmp_path, parts.Words())) as index, index.library.writing():
        index.library.for_encoder(index.embedder.version)
        source = index.library.ledger.add("/w", "w")

        def keep(name: str, groups: frozenset[str], *categories: str) -> None:
            page = replace(parts.article("Trips are told.", "", name, groups), categories=categories)
            index.replace(source, [(page, page.revision, split(page, index.embedder))])

        keep("w/a", ALL, "Travel")
        keep("w/b", ALL, "Travel", "Visas")
        keep("w/c", frozenset({"leads"}), "Dismissals", "travel")
        told = index.library.ledger.categories
        assert told(ALL) == {"Travel": 2, "Visas": 1}
        assert told(LEADS) == {"Dismissals": 1, "Travel": 3, "Visas": 1} == told(None)
        assert told(frozenset({"leads"})) == {"Dismissals": 1, "travel": 1}
        keep("w/b", ALL, "Passports")
        assert told(ALL) == {"Passports": 1, "Travel": 1}
        index.library.remove(["w/b"])
        assert told(ALL) == {"Travel": 1}
        index.library.ledger.regroup({"w/a": frozenset({"leads"})})
        assert told(ALL) == {}


PAGES = {
    "w/Team/Onboarding": "https://wiki.example.org/wiki/Team/Onboarding",
    "w/Who pays?": "https://wiki.example.org/wiki/Who_pays%3F",
    "w/Straße & Café": "https://wiki.example.org/wiki/Stra%C3%9Fe_%26_Caf%C3%A9",
    "d/hr:salaries": "https://docs.example.org/doku.php?id=hr:salaries",
    "d/start": "https://docs.example.org/",
    "f/notes.md": "/article/f/notes.md",
}


@pytest.mark.parametrize(
    ("addresses", "meant"),
    [
        (["https://wiki.example.org/wiki/Team/Onboarding?action=history#First_week"], {"w/Team/Onboarding"}),
        (["https://WIKI.example.org/wiki/Team%2FOnboarding"], {"w/Team/Onboarding"}),
        (["https://wiki.example.org/wiki/Who_pays%3f"], {"w/Who pays?"}),
        (["https://wiki.example.org/wiki/Straße_&_Café"], {"w/Straße & Café"}),
        (["https://wiki.example.org/wiki/stra%C3%9Fe_%26_Caf%C3%A9"], set()),
        (["https://docs.example.org/doku.php?do=edit&id=hr%3Asalaries"], {"d/hr:salaries"}),
        (["https://docs.example.org/", "https://docs.example.org/nowhere"], {"d/start"}),
        (["http://wiki.example.org/wiki/Team/Onboarding"], set()),
        (["https://wiki.example.org:8443/wiki/Team/Onboarding"], set()),
        (["https://wiki.example.org/wiki/Team"], set()),
        (["https://wiki.example.org/wiki/%"], set()),
        (["/article/f/notes.md", "", "javascript:1", "https://[", "https://w:99999999/"], set()),
    ],
    ids=str,
)
def test_a_scope_may_be_a_page_of_a_wiki(tmp_path: Path, addresses: list[str], meant: set[str]) -> None:
    """Any way to write a page's address means its article and no other; who may not read it finds nothing."""
    with closing(Index.open(tmp_path, parts.Words())) as index, index.library.writing():
        index.library.for_encoder(index.embedder.version)
        source = index.library.ledger.add("/w", "w")
        pages = [
            replace(parts.article("Trips are told by a rule.", "", name, frozenset({"leads"})), url=url)
            for name, url in PAGES.items()
        ]
        index.replace(source, [(page, page.revision, split(page, index.embedder)) for page in pages])
        scope = Scope(pages=tuple(addresses))
        assert {hit.article.id for hit in index.find("Which rule tells trips?", LEADS, 60, scope)} == meant
        assert index.find("Which rule tells trips?", ALL, 60, scope) == []
