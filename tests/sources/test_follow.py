"""A source is followed: what is new, changed, hidden and gone, and what only looks gone."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from article_assistant.index.search import Index
from article_assistant.index.sources.source import Access, Changes, Listed, Withdrawn
from article_assistant.index.sync import SyncReport, forget, sync
from article_assistant.index.types import ArticleError, SourceError

from tests.parts import MOST, Words, write
from tests.sources.shelf import ALL, Shelf


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    yield opened
    opened.close()


@pytest.fixture
def shelf() -> Shelf:
    return Shelf({f"Page {n}": f"Number{n} stands alone." for n in range(20)})


def follow(index: Index, shelf: Shelf, *, groups: frozenset[str] = frozenset(), **more: bool) -> SyncReport:
    access = {shelf.address: Access(groups=groups)} if groups else {}
    return sync([shelf], index, MOST, access=access, **more)  # type: ignore[arg-type]


def found(index: Index, question: str, groups: frozenset[str] = ALL) -> list[str]:
    return [hit.article.id for hit in index.find(question, groups, 1)]


def test_only_what_changed_is_fetched(index: Index, shelf: Shelf) -> None:
    """New and changed pages are fetched, gone ones leave; articles know link, revision, date, editor and anchors."""
    assert len(follow(index, shelf).added) == 20
    article = index.article("shelf/Page 3", ALL)
    assert article
    assert (article.title, article.url, article.updated, article.editor) == (
        "Page 3", "https://shelf.example/Page 3", "2026-11-29", "Mia",
    )  # fmt: skip
    assert (article.revision, article.anchors, article.anchor(3)) == ("Number3 stands alone.", ("top",), "top")
    shelf.fetched.clear()
    assert (follow(index, shelf).unchanged, shelf.fetched) == (20, [])
    shelf.pages["Page 3"] = "Quince is new here."
    del shelf.pages["Page 4"]
    report = follow(index, shelf)
    assert (report.changed, report.removed, shelf.fetched) == (["shelf/Page 3"], ["shelf/Page 4"], ["Page 3"])
    assert found(index, "quince") == ["shelf/Page 3"]
    assert index.article("shelf/Page 4", ALL) is None


def test_changes_since_a_state_leave_the_others_alone(index: Index, shelf: Shelf) -> None:
    """A source that tells changes since a state is asked with that state; what it does not name stays."""
    follow(index, shelf)
    asked = list[str]()
    shelf.pages["Page 2"] = "Another template shows here."

    def since(state: str) -> Changes:
        asked.append(state)
        return Changes({"Page 2": Listed("r2", ALL, again=True)}, "2", False, frozenset({"Page 1"}))

    shelf.since = since
    shelf.fetched.clear()
    report = follow(index, shelf)
    assert (report.removed, report.changed, report.unchanged) == (["shelf/Page 1"], ["shelf/Page 2"], 18)
    assert shelf.fetched == ["Page 2"]
    follow(index, shelf)
    assert asked == ["1", "2"]


def test_many_that_vanish_wait_for_a_word(index: Index, shelf: Shelf) -> None:
    """More than a tenth missing from a listing is not believed: the articles stay until somebody confirms it."""
    follow(index, shelf)
    kept = dict(shelf.pages)
    shelf.pages = dict(list(kept.items())[:17])
    report = follow(index, shelf)
    assert (report.removed, report.waiting) == ([], {shelf.address: 3})
    assert index.library.ledger.sources()[0].waiting == 3
    assert found(index, "number19") == ["shelf/Page 19"]
    shelf.pages = dict(kept)
    assert (follow(index, shelf).waiting, index.library.ledger.sources()[0].waiting) == ({}, 0)
    shelf.pages = dict(list(kept.items())[:17])
    assert follow(index, shelf, confirmed=True).removed == [f"shelf/Page {n}" for n in (17, 18, 19)]


def test_an_empty_listing_deletes_nothing(index: Index, shelf: Shelf) -> None:
    """A source that lists nothing is an error in one line, whether it was ever read or not."""
    with pytest.raises(SourceError, match="lists no page"):
        follow(index, Shelf())
    assert index.library.ledger.sources() == []
    follow(index, shelf)
    shelf.pages.clear()
    with pytest.raises(SourceError, match="its 20 articles stay"):
        follow(index, shelf)
    assert index.library.counts()["articles"] == 20
    shelf.away = SourceError("away")
    with pytest.raises(SourceError, match="away"):
        follow(index, shelf)
    assert index.library.counts()["articles"] == 20


def test_other_readers_embed_nothing(index: Index, shelf: Shelf) -> None:
    """A right that is given or withdrawn in the source counts at once, in the search too, and nothing is embedded."""
    follow(index, shelf)
    encoder = index.embedder
    assert isinstance(encoder, Words)
    embedded, hr = encoder.embedded, frozenset({"shelf:@hr"})
    shelf.readers["Page 7"] = hr
    shelf.fetched.clear()
    assert follow(index, shelf).readers == 1
    assert found(index, "number7") != ["shelf/Page 7"]
    assert found(index, "number7", ALL | hr) == ["shelf/Page 7"]
    assert index.article("shelf/Page 7", ALL) is None
    del shelf.readers["Page 7"]
    follow(index, shelf)
    assert found(index, "number7") == ["shelf/Page 7"]
    assert (encoder.embedded, shelf.fetched) == (embedded, [])


def test_a_page_for_nobody_is_not_embedded(index: Index, shelf: Shelf) -> None:
    """Without groups an article is found by nobody and has no chunks; when somebody may read it, it is found again."""
    follow(index, shelf)
    shelf.readers["Page 7"] = frozenset()
    follow(index, shelf)
    assert index.library.counts() == {"sources": 1, "articles": 20, "chunks": 19}
    del shelf.readers["Page 7"]
    follow(index, shelf)
    assert found(index, "number7") == ["shelf/Page 7"]


def test_withdrawn_rights_never_wait(index: Index, shelf: Shelf) -> None:
    """Pages that vanish because they may not be read any more are hidden at once, also when they are too many to be
    deleted; and so is all of a source that lets its reader read nothing any more."""
    follow(index, shelf)
    shelf.broken = {f"Page {n}": Withdrawn("not for you") for n in range(10)}
    hidden = {key: shelf.pages.pop(key) for key in list(shelf.broken)[:9]}
    report = follow(index, shelf)
    assert (report.waiting, report.readers) == ({shelf.address: 9}, 9)
    assert found(index, "number3") != ["shelf/Page 3"]
    assert found(index, "number12") == ["shelf/Page 12"]
    shelf.pages |= hidden
    shelf.broken = {}
    follow(index, shelf)
    assert found(index, "number3") == ["shelf/Page 3"]
    shelf.away = Withdrawn("private now")
    with pytest.raises(SourceError, match="private now"):
        follow(index, shelf)
    assert found(index, "number12") == []


def test_groups_that_are_given_stay(index: Index, shelf: Shelf, tmp_path: Path) -> None:
    """`--group` counts for what is there already, for folders too, and for later runs that do not repeat it."""
    folder = write(tmp_path / "docs", {"pay.md": "Band seven starts at 71000."})
    hr = frozenset({"hr"})
    sync([str(folder)], index, MOST)
    follow(index, shelf)
    given = {str(folder): Access(groups=hr), shelf.address: Access(groups=hr)}
    assert sync([str(folder), shelf], index, MOST, access=given).readers == 21
    for _ in range(2):
        assert list(index.library.articles(ALL)) == []
        assert found(index, "band seven", hr) == ["docs/pay.md"]
        write(folder, {"pay.md": "Band seven starts at 72000."})
        sync([str(folder), shelf], index, MOST)
    everyone = {str(folder): Access(groups=ALL)}
    sync([str(folder)], index, MOST, access=everyone)
    assert found(index, "band seven") == ["docs/pay.md"]


def test_what_was_not_to_be_had_comes_later(index: Index, shelf: Shelf) -> None:
    """A page that fails is named, keeps its article, and is tried at the next run; one that is gone meanwhile too."""
    follow(index, shelf)
    shelf.pages["Page 2"] = "Changed."
    shelf.broken["Page 2"] = ArticleError("the wiki stumbles")
    assert follow(index, shelf).failed == {"shelf/Page 2": "the wiki stumbles"}
    assert found(index, "number2") == ["shelf/Page 2"]
    del shelf.broken["Page 2"]
    assert follow(index, shelf).changed == ["shelf/Page 2"]
    assert index.library.ledger.failures() == {}


def test_a_dry_run_changes_nothing(index: Index, shelf: Shelf, tmp_path: Path) -> None:
    """It tells what would be done, for folders and wikis, and leaves no trace, not even of the source."""
    folder = write(tmp_path / "docs", {"a.md": "A.", "b.md": "B."})
    report = sync([shelf, str(folder)], index, MOST, dry=True)
    assert (len(report.added), shelf.fetched, index.library.ledger.sources()) == (22, [], [])
    sync([shelf, str(folder)], index, MOST)
    shelf.pages["Page 2"] = "Changed."
    del shelf.pages["Page 3"]
    write(folder, {"a.md": "Another."})
    (folder / "b.md").unlink()
    before = index.library.state()
    report = sync([shelf, str(folder)], index, MOST, dry=True)
    assert report.changed == ["shelf/Page 2", "docs/a.md"]
    assert report.removed == ["shelf/Page 3", "docs/b.md"]
    assert (index.library.state(), index.library.counts()["articles"]) == (before, 22)


def test_an_interrupted_run_goes_on(index: Index, shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was committed before a source went away is not fetched again."""
    monkeypatch.setattr("article_assistant.index.sync.BATCH", 2)
    shelf.broken["Page 15"] = SourceError("the wiki went away")
    with pytest.raises(SourceError, match="went away"):
        follow(index, shelf)
    kept = index.library.counts()["articles"]
    assert 0 < kept < 15
    shelf.broken.clear()
    shelf.fetched.clear()
    assert len(follow(index, shelf).added) == 20 - kept == len(shelf.fetched)


def test_the_state_begins_anew_where_it_must(index: Index, shelf: Shelf) -> None:
    """After another reader or encoder, and where an article is in doubt, a source is listed whole."""
    follow(index, shelf)
    source = index.library.ledger.sources()[0]
    assert json.loads(source.state)["state"] == "1"
    asked = list[str]()
    shelf.since = lambda state: asked.append(state) or Changes({k: shelf.listed(k) for k in shelf.pages}, "9")  # type: ignore[func-returns-value]
    index.library.ledger.doubt(["shelf/Page 1"])
    assert follow(index, shelf).changed == ["shelf/Page 1"]
    follow(index, shelf, retry=True)
    follow(index, shelf)
    assert asked == ["", "", "9"]


def test_a_source_is_forgotten_by_its_address(index: Index, shelf: Shelf) -> None:
    """`assistant forget` takes the address as `status` shows it, with or without a slash at its end."""
    follow(index, shelf)
    assert forget(f"{shelf.address}/", index) == 20
