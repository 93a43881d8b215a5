"""A Confluence, of both kinds: nobody is shown more than the wiki shows them, and what hangs at a page goes with it."""

from collections.abc import Callable, Iterator
from pathlib import Path

import article_assistant.index.sources.atlassian as atlassian
import pytest
from article_assistant.index.search import Index
from article_assistant.index.sources.confluence import Confluence
from article_assistant.index.sources.kinds import remote
from article_assistant.index.sources.source import Access
from article_assistant.index.sync import SyncReport, sync
from article_assistant.index.types import EVERYONE, SourceError

from tests.parts import MOST, Words
from tests.sources.confluence import Sheet, Stand
from tests.sources.test_web import say

GROUPS = {"staff": ("mia", "bob", "tom"), "hr": ("mia", "eve"), "it": ("bob",), "all": ("mia", "bob", "tom", "eve")}
SPACES = {"TEAM": ("everyone",), "HR": ("@staff", "eve"), "~mia": ("mia",)}


def sheets() -> list[Sheet]:
    info = (
        '<div class="confluence-information-macro"><span class="aui-icon"></span><p>Bring an identity card.</p></div>'
    )
    return [
        Sheet(1, "TEAM", "Onboarding", f"<h2 id='O-Laptop'>Laptop</h2><p>Laptops come on Mondays.</p>{info}"),
        Sheet(2, "TEAM", "Plan/B", "<p>Plan B is a picnic.</p>", 1),
        Sheet(3, "TEAM", "Draft", "<p>Half a thought.</p>", labels=("noindex",)),
        Sheet(4, "HR", "Bands", "<p>Band 7 starts at 71000.</p>", only=("@hr",)),
        Sheet(5, "HR", "Exceptions", "<p>Zephyr gets more.</p>", 4, only=("@it", "mia")),
        Sheet(6, "HR", "Holidays", "<p>Thirty days.</p>"),
        Sheet(7, "~mia", "Diary", "<p>Dear diary.</p>"),
        Sheet(11, "HR", "bands.csv", above=4, file=b"Band,Pay\n8,82000\n"),
        Sheet(12, "TEAM", "plan.md", above=2, file=b"Bring lemonade."),
        Sheet(13, "TEAM", "photo.heic", above=2, file=b"?"),
        Sheet(14, "TEAM", "draft.md", above=3, file=b"No thought."),
    ]  # fmt: skip


@pytest.fixture(params=[True, False], ids=["cloud", "data center"])
def wiki(request: pytest.FixtureRequest) -> Iterator[Stand]:
    stand = Stand(request.param, sheets(), dict(SPACES), dict(GROUPS))
    yield stand
    stand.server.close()


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    yield opened
    opened.close()


def source(wiki: Stand, **said: object) -> Confluence:
    made = remote(f"confluence+{wiki.url}", Access(**{"user": "ann", "password": "secret"} | said))  # type: ignore[arg-type]
    assert isinstance(made, Confluence)
    return made


@pytest.fixture
def read(wiki: Stand, index: Index) -> Callable[..., SyncReport]:
    return lambda **said: sync([source(wiki, **said)], index, MOST)


def seen(index: Index, *groups: str) -> list[str]:
    label = index.library.ledger.sources()[0].label
    named = frozenset({EVERYONE, *(f"{label}:{one}" for one in groups)})
    return sorted(one.id.removeprefix(f"{label}/") for one in index.library.articles(named))


TEAM = ["TEAM/Onboarding", "TEAM/Plan/B", "TEAM/Plan/B/plan.md"]


def test_everybody_sees_what_the_wiki_shows_them(wiki: Stand, index: Index, read: Callable[..., SyncReport]) -> None:
    """A page goes to whom its space and all restrictions above it let through, an attachment with its page; labels,
    kinds and other people's spaces keep things out."""
    report = read()
    assert report.failed == {}
    assert seen(index) == TEAM
    bands = ["HR/Bands", "HR/Bands/bands.csv"]
    assert seen(index, "@staff") == ["HR/Holidays", *TEAM]
    assert seen(index, "mia") == ["HR/Exceptions", *TEAM]
    assert seen(index, "mia", "@hr", "@staff") == [*bands, "HR/Exceptions", "HR/Holidays", *TEAM]
    assert seen(index, "eve") == ["HR/Holidays", *TEAM]
    assert seen(index, "@hr") == [*bands, *TEAM]  # each of them is in staff as well, or let in by name
    assert seen(index, "bob") == TEAM  # in it and staff, and not in hr above
    assert report.left_out == {
        "that keep themselves out (label noindex)": 1,
        "attachments of kinds that are not read": 1,
        "spaces that are somebody's own, or not named": 1,
    }
    if wiki.cloud:
        assert seen(index, "mia@corp.example") == seen(index, "mia")


def test_pages_as_read(wiki: Stand, index: Index, read: Callable[..., SyncReport]) -> None:
    """The rendered text with its anchors, its link, day and editor; an attachment leads to itself in the wiki."""
    read()
    label = index.library.ledger.sources()[0].label
    page = index.article(f"{label}/TEAM/Onboarding", None)
    assert page
    assert page.text == "## Laptop\n\nLaptops come on Mondays.\n\nBring an identity card."
    assert (page.title, page.anchors, page.updated, page.editor) == ("Onboarding", ("O-Laptop",), "2026-11-02", "Mia")
    assert page.url == f"{wiki.url}{'/wiki' if wiki.cloud else ''}/spaces/TEAM/pages/1"
    table = index.article(f"{label}/HR/Bands/bands.csv", None)
    assert table
    assert (table.title, table.text, table.anchors) == ("bands", "Band: 8 | Pay: 82000", ())


def test_in_step(wiki: Stand, index: Index, read: Callable[..., SyncReport]) -> None:
    """A second run fetches nothing; an edit, a new name and a deletion are followed, and a withdrawn right counts for
    all that is below it and hangs at it."""
    read()
    before = len(wiki.asked)
    assert not read().anything
    assert not any("download" in path or path.endswith(("/pages/1", "/content/1")) for path in wiki.asked[before:])
    wiki.sheets[0].version, wiki.sheets[0].body = 2, "<p>Laptops come on Fridays.</p>"
    wiki.sheets[5].title = "Leave"
    del wiki.sheets[8]
    wiki.sheets[3].only = ("ann",)
    report = read()
    assert report.readers == 3  # by the right
    assert sorted(name.partition("/")[2] for name in report.removed) == ["HR/Holidays", "TEAM/Plan/B/plan.md"]
    assert report.waiting == {}  # a new name is a move, and one page may always go
    assert seen(index, "mia", "@hr", "@staff") == ["HR/Leave", "TEAM/Onboarding", "TEAM/Plan/B"]
    assert "Fridays" in index.find("laptops", frozenset({EVERYONE}), 1)[0].article.text


def test_a_new_name_is_a_move(wiki: Stand, index: Index, read: Callable[..., SyncReport]) -> None:
    """However many there are, with all that hangs at them: the old names are gone at once, and nothing waits."""
    read()
    for sheet in wiki.sheets:
        if not sheet.file:
            sheet.title = f"New {sheet.title}"
    report = read()
    assert report.waiting == {}
    assert seen(index) == ["TEAM/New Onboarding", "TEAM/New Plan/B", "TEAM/New Plan/B/plan.md"]
    assert not read().anything


def test_labels_are_categories(wiki: Stand, index: Index, read: Callable[..., SyncReport]) -> None:
    """Those of a page, as they are today, though a label makes no new version of its page."""
    wiki.sheets[0].labels, wiki.sheets[5].labels = ("onboarding", "it"), ("leave",)
    read()
    assert index.library.ledger.categories(frozenset({EVERYONE})) == {"it": 1, "onboarding": 1}
    assert index.library.ledger.categories(None) == {"it": 1, "leave": 1, "onboarding": 1}
    wiki.sheets[0].labels = ("it",)
    label = index.library.ledger.sources()[0].label
    assert read().changed == [f"{label}/TEAM/Onboarding"]
    assert index.library.ledger.categories(frozenset({EVERYONE})) == {"it": 1}


def test_hidden_at_once_though_much_vanishes(wiki: Stand, index: Index, read: Callable[..., SyncReport]) -> None:
    """Where the user who reads is shown much less than before, nothing is deleted, and all of that is hidden."""
    wiki.sheets[:] = [Sheet(n, "TEAM", f"Page {n}", f"<p>Number {n}.</p>") for n in range(1, 30)]
    read()
    wiki.admins = ()
    wiki.tells = True
    wiki.spaces["TEAM"] = ("ann",)
    for one in wiki.sheets[:20]:
        one.only = ("mia",)
    wiki.sheets[0].only = ()
    report = read(groups=frozenset({"staff"}))
    assert list(report.waiting.values()) == [19]
    assert len(list(index.library.articles(frozenset({"staff"})))) == 10


def test_a_guest_and_a_member(wiki: Stand, index: Index, read: Callable[..., SyncReport]) -> None:
    """What a guest is shown is for everyone; a member who may not ask for rights is refused until somebody says."""
    read(user="", password="")
    assert seen(index) == TEAM
    wiki.admins, wiki.tells = (), False
    with pytest.raises(SourceError, match=r"does not tell who may read the space .*--group NAME"):
        read(user="mia")
    read(user="mia", groups=frozenset({"staff"}))
    assert "HR/Bands" in [one.id.partition("/")[2] for one in index.library.articles(frozenset({"staff"}))]
    with pytest.raises(SourceError, match=r"refuses .*; check the user, the password"):
        read(password="wrong")
    with pytest.raises(SourceError, match="shows no page of a space 'NONE'"):
        source(wiki, namespaces=("NONE",), groups=frozenset({"staff"})).changes("")


def test_a_token_without_a_name(wiki: Stand, index: Index, tmp_path: Path) -> None:
    """A personal token, in a file, says who one is."""
    (tmp_path / "token").write_text("secret\n")
    sync([source(wiki, user="", password="", password_file=tmp_path / "token")], index, MOST)
    assert "HR/Holidays" in seen(index, "@staff")
    with pytest.raises(SourceError, match="by https:// only"):
        remote("confluence+http://wiki.example", Access(password_file=tmp_path / "token"))


def test_inside_a_folder(index: Index) -> None:
    """What the Cloud keeps in a folder is for whom the folder lets in; where that is not told, for nobody."""
    pages = [Sheet(1, "HR", "Kept", "<p>In a folder.</p>", 90), Sheet(2, "HR", "Lost", "<p>Elsewhere.</p>", 91)]
    stand = Stand(True, pages, dict(SPACES), dict(GROUPS), folders={90: (0, ("@hr",))})
    try:
        sync([source(stand)], index, MOST)
        assert seen(index, "@hr") == ["HR/Kept"]
        assert seen(index, "mia", "bob", "@staff") == []
        assert len(list(index.library.articles(None))) == 2
    finally:
        stand.server.close()


def test_attachments_of_the_cloud(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are elsewhere: that place is asked, and told no password, and no other place is."""
    store = Stand(True, [], {})
    stand = Stand(True, sheets(), dict(SPACES), dict(GROUPS), media=store.url)
    try:
        monkeypatch.setattr(atlassian, "CLOUD_FILES", store.url)
        store.server.acts = [say(b"Bring lemonade.")]
        sync([source(stand)], index, MOST)
        assert "TEAM/Plan/B/plan.md" in seen(index)
        assert {path for path, _, _ in store.server.asked} == {"/file/11?token=t%3D1", "/file/12?token=t%3D1"}
        assert not any("authorization" in headers for _, _, headers in store.server.asked)
        monkeypatch.setattr(atlassian, "CLOUD_FILES", "https://elsewhere.example")
        asked = len(store.server.asked)
        stand.sheets[8].version = 2
        assert sync([source(stand)], index, MOST).changed == []
        assert len(store.server.asked) == asked
    finally:
        stand.server.close()
        store.server.close()
