"""A real DokuWiki, over its API and by its folder: nobody is shown more than the wiki shows them."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from article_assistant.index.search import Index
from article_assistant.index.sources import kinds
from article_assistant.index.sources.source import Access
from article_assistant.index.sync import sync
from article_assistant.index.types import EVERYONE, SourceError

from tests.labs import DokuWikiLab
from tests.parts import MOST, Words, write

ALL = frozenset({EVERYONE})
RULES = "* @ALL 1\n* @user 8\nhr:* @ALL 0\nhr:* @user 0\nhr:* @hr 8\n"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    yield opened
    opened.close()


def said(index: Index, groups: frozenset[str]) -> bool:
    """Whether somebody is told what band seven earns."""
    return any("Band 7 starts at 71000." in hit.article.text for hit in index.find("band 7 starts at", groups, 9))


@pytest.mark.lab
def test_over_the_network(index: Index, dokuwiki: DokuWikiLab) -> None:
    """Read by an administrator, each page goes to those whom the wiki's rules name; a second time costs four
    requests; a right that is withdrawn counts at the next run."""
    admin = dokuwiki.accounts["admin"]
    access = Access(user=admin["user"], password=admin["password"])
    wiki = kinds.remote(f"dokuwiki+{dokuwiki.url}/", access)
    assert wiki
    sync([wiki], index, MOST)
    hr = frozenset({f"{wiki.label}:@hr"})
    assert (said(index, ALL), said(index, ALL | {f"{wiki.label}:@user"}), said(index, hr)) == (False, False, True)
    page = index.article(f"{wiki.label}/team:onboarding", ALL)
    assert page
    assert (page.title, page.anchors) == ("Onboarding", ("onboarding", "laptop"))
    assert page.url == f"{dokuwiki.url}/doku.php?id=team:onboarding"
    assert "Day: Monday | What: Laptop, badge" in page.text
    again = kinds.remote(f"dokuwiki+{dokuwiki.url}/", access)
    assert not sync([again], index, MOST).anything  # type: ignore[list-item]
    assert again.web.requests == 4  # type: ignore[union-attr]
    try:
        dokuwiki.rules(RULES.replace("hr:* @hr 8", "hr:* @hr 0"))
        assert sync([again], index, MOST).readers == 1  # type: ignore[list-item]
        assert not said(index, hr)
    finally:
        dokuwiki.rules(RULES)


@pytest.mark.lab
def test_a_guest_a_member_and_nobody(index: Index, dokuwiki: DokuWikiLab) -> None:
    """A guest's list is for everyone; a member's is refused until somebody says for whom; a wrong password is told."""
    address = f"dokuwiki+{dokuwiki.url}/"
    sync([address], index, MOST)
    assert index.find("badge", ALL, 1)
    assert not said(index, frozenset({EVERYONE, "staff"}))
    hr = dokuwiki.accounts["hr"]
    access = Access(user=hr["user"], password=hr["password"])
    with pytest.raises(SourceError, match=r"does not tell labhr who may read .* --group NAME"):
        sync([address], index, MOST, access={address: access})
    named = Access(user=hr["user"], password=hr["password"], groups=frozenset({"staff"}))
    sync([address], index, MOST, access={address: named})
    assert (said(index, ALL), said(index, frozenset({"staff"}))) == (False, True)
    with pytest.raises(SourceError, match="does not let labhr in; check the password"):
        sync([address], index, MOST, access={address: Access(user=hr["user"], password="wrong")})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A DokuWiki's folder, as its program lays it out."""
    files: dict[str, str | bytes] = {
        "data/pages/start.txt": "====== Start ======\nWelcome, all.",
        "data/pages/hr/salaries.txt": "====== Salary bands ======\nBand 7 starts at 71000.",
        "data/pages/team/%C3%BCbung.txt": "Practice is on Mondays.",
        "data/meta/hr/salaries.changes": "1795947199\t127.0.0.1\tC\thr:salaries\tmia\tImported\t\t87\n",
        "data/attic/.keep": "",
        "conf/dokuwiki.php": "<?php\n$conf['useacl']      = 0;                //Use Access Control Lists?\n",
        "conf/local.php": "<?php\n$conf['useacl'] = 1;\n$conf['superuser'] = '@admin';\n",
        "conf/acl.auth.php": f"# <?php exit()?>\n{RULES}",
        "conf/users.auth.php": "# users\nmia:x:Mia:m@x:user,hr\nbob:x:Bob\\: B:b@x:user\nann:x:Ann:a@x:admin,user\n",
    }
    return write(tmp_path / "dokuwiki", files)


def test_by_its_folder(index: Index, folder: Path) -> None:
    """Pages, readers and editors from the files: the salaries are for HR and administrators."""
    wiki = kinds.remote(f"dokuwiki+file://{folder}", Access(link="https://wiki.example/"))
    assert wiki
    sync([wiki], index, MOST)
    assert [one.id for one in index.library.articles(ALL)] == ["dokuwiki/start", "dokuwiki/team:übung"]
    assert (said(index, ALL), said(index, ALL | {"dokuwiki:@user"})) == (False, False)
    assert said(index, frozenset({"dokuwiki:@hr"}))
    assert said(index, frozenset({"dokuwiki:@admin"}))
    salaries = index.article("dokuwiki/hr:salaries", None)
    assert salaries
    assert (salaries.title, salaries.editor) == ("Salary bands", "mia")
    assert salaries.url == "https://wiki.example/doku.php?id=hr:salaries"
    (folder / "conf/acl.auth.php").write_text("* @ALL 0\n* @hr 1\n")
    sync([wiki], index, MOST)
    assert list(index.library.articles(ALL)) == []


def test_what_hangs_at_its_pages(index: Index, folder: Path) -> None:
    """A file is for whom its namespace is for, and called by its name; what is not read is counted."""
    csv = "Desk,Person\n4,Ada\n"
    write(
        folder / "data/media",
        {"hr/desk_plan.csv": csv, "hr/face.heic": "?", "map.md": "# Map\n\nTurn left.", "_dummy": "x"},
    )
    wiki = kinds.remote(f"dokuwiki+file://{folder}", Access(link="https://wiki.example/"))
    assert wiki
    assert sync([wiki], index, MOST).left_out == {"attachments of kinds that are not read": 1}
    assert "dokuwiki/media/map.md" in [one.id for one in index.library.articles(ALL)]
    plan = index.article("dokuwiki/media/hr:desk_plan.csv", frozenset({"dokuwiki:@hr"}))
    assert plan
    assert (plan.title, plan.text, plan.anchors) == ("desk plan", "Desk: 4 | Person: Ada", ())
    assert plan.url == "https://wiki.example/lib/exe/fetch.php?media=hr:desk_plan.csv"
    assert index.article(plan.id, ALL | {"dokuwiki:@user"}) is None


@pytest.mark.lab
def test_files_over_the_network(index: Index, dokuwiki: DokuWikiLab) -> None:
    """What hangs at the pages comes with them: to a guest what is in the open, to HR what is in its namespace."""
    files = {"hr/desk_plan.csv": "Desk,Person\n4,Ada\n", "team/map.md": "Turn left."}
    media = write(dokuwiki.folder / "data/media", dict(files))
    try:
        sync([f"dokuwiki+{dokuwiki.url}/"], index, MOST)
        label = index.library.ledger.sources()[0].label
        assert [one.id.removeprefix(label) for one in index.library.articles(ALL) if "/media/" in one.id] == [
            "/media/team:map.md"
        ]
        admin = dokuwiki.accounts["admin"]
        access = Access(user=admin["user"], password=admin["password"])
        address = f"dokuwiki+{dokuwiki.url}/"
        sync([address], index, MOST, access={address: access})
        plan = index.article(f"{label}/media/hr:desk_plan.csv", frozenset({f"{label}:@hr"}))
        assert plan
        assert (plan.title, plan.text) == ("desk plan", "Desk: 4 | Person: Ada")
        assert index.article(plan.id, ALL | {f"{label}:@user"}) is None
        (media / "hr/desk_plan.csv").unlink()
        assert sync([address], index, MOST, access={address: access}).removed == [plan.id]
    finally:
        for name in files:
            (media / name).unlink(missing_ok=True)


def test_rules_that_cannot_be_read_show_nothing(index: Index, folder: Path) -> None:
    """Without the rules the source is refused, until somebody says who may read all of it."""
    (folder / "conf/acl.auth.php").unlink()
    address = f"dokuwiki+file://{folder}"
    with pytest.raises(SourceError, match=r"acl.auth.php cannot be read .* --group NAME"):
        sync([address], index, MOST)
    sync([address], index, MOST, access={address: Access(groups=frozenset({"hr"}))})
    assert (said(index, ALL), said(index, frozenset({"hr"}))) == (False, True)
    shutil.rmtree(folder / "data/pages")
    with pytest.raises(SourceError, match="is no DokuWiki's folder"):
        sync([address], index, MOST)


@pytest.mark.parametrize("inside", [".", "data", "data/pages", "data/pages/hr"])
def test_its_pages_are_not_read_as_files(index: Index, folder: Path, inside: str) -> None:
    """A wiki's own folder, or a part of it, named as a folder: the line says what to type instead."""
    with pytest.raises(SourceError, match=rf"assistant index dokuwiki\+file://{folder}"):
        sync([str(folder / inside)], index, MOST)
    assert index.library.ledger.sources() == []


def test_an_otter_wiki_is_recognised(index: Index, tmp_path: Path) -> None:
    """Its repository stands beside its accounts: it is read once somebody says for whom."""
    write(tmp_path / "otter", {"repository/home.md": "# Home\n\nHello.", "repository/.git/HEAD": "x", "db.sqlite": "x"})
    address = str(tmp_path / "otter" / "repository")
    with pytest.raises(SourceError, match=r"Otter Wiki .* --group NAME, or --everyone"):
        sync([address], index, MOST)
    sync([address], index, MOST, access={address: Access(groups=ALL)})
    assert [one.title for one in index.library.articles(ALL)] == ["Home"]
