"""A scope holds in the search itself: a place, a span of days, with the rights of whoever asks."""

from collections.abc import Iterator
from dataclasses import replace

import pytest
from article_assistant.index.chunk import split
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
                pages.append(replace(page, updated=day))
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
        and (not scope.since or (article.updated or "") >= scope.since)
        and (not scope.until or "" < (article.updated or "") <= scope.until)
    }
    found = index.find("Which rule tells trips?", groups, 60, scope)
    assert {hit.article.id for hit in found} == meant
    assert all(groups is None or hit.article.groups & groups for hit in found)
    few = index.find("Which rule tells trips?", groups, 5, scope)
    assert [hit.article.id for hit in few] == [hit.article.id for hit in found[:5]]
    assert all(hit.bm25 > 0 for hit in few)
