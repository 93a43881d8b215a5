"""A backup is whole and private, holds nobody up, and comes back whole or not at all."""

import json
import os
import shutil
import sqlite3
import stat
import sys
import zipfile
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from article_assistant.index import backup
from article_assistant.index.chunk import split
from article_assistant.index.library import DATABASE, Library
from article_assistant.index.schema import SCHEMA
from article_assistant.index.search import Index
from article_assistant.index.types import LibraryBusy, LibraryError
from article_assistant.memory import MEMORY_FILE as MEMORY
from article_assistant.memory import Memory
from article_assistant.types import Turn, User

from tests.index.test_library import FIRST, entry
from tests.parts import SEEDS, Words, article, state, update

NOBODY = User("nobody", None)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with sample articles, a published generation and a conversation, that nobody has open."""
    home = tmp_path_factory.mktemp("indexed") / "home"
    index = Index.open(home, Words())
    update(index, SEEDS / "team")
    index.close()
    memory = Memory(home)
    memory.add(NOBODY, "c", Turn("Who?", "Tobias.", (), "Who?"))
    memory.close()
    return home


@pytest.fixture
def home(indexed: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may do anything to."""
    return Path(shutil.copytree(indexed, tmp_path / "home"))


@pytest.fixture
def made(home: Path, tmp_path: Path) -> Path:
    """A backup of it."""
    backup.create(home, tmp_path / "made.zip")
    return tmp_path / "made.zip"


def held(home: Path) -> dict[str, object]:
    """All that a home holds of articles and conversations, and what its search finds."""
    index, memory = Index.open(home, Words()), Memory(home)
    try:
        hits = [(hit.article.id, hit.chunk.start) for hit in index.find("Who approves a trip?", None, 5)]
        return {"state": state(index), "turns": memory.turns(NOBODY, "c"), "hits": hits}
    finally:
        index.close()
        memory.close()


def change(home: Path, name: str = "team/later.md") -> None:
    """Put one more article into a library."""
    index = Index.open(home, Words())
    add(index, name)
    index.close()


def add(index: Index, name: str = "team/later.md") -> None:
    """Put an article of one chunk into a library, as `sync` does."""
    later = article("Tobias approves a trip later.", "Later", name)
    index.replace(index.library.ledger.sources()[0], [(later, "f1", split(later, index.embedder))])


def killed(home: Path, place: Path) -> Path:
    """A copy of a home as a process left it that put an article into it and was killed: that stands in the log."""
    index = Index.open(home, Words())
    add(index)
    shutil.copytree(home, place)
    index.close()
    assert (place / f"{DATABASE}-wal").stat().st_size
    return place


def test_what_is_backed_up_comes_back(home: Path, made: Path, tmp_path: Path) -> None:
    """Articles, vectors and conversations, byte for byte, into a home that was not there; publishing embeds nothing."""
    found, kept = backup.restore(tmp_path / "new", made)
    assert kept is None
    assert found == backup.unpack(made)
    index = Index.open(tmp_path / "new", Words())
    with index.library.writing():
        index.publish()
    assert index.embedder.embedded == 0  # type: ignore[attr-defined]
    assert found.counts == index.library.counts()
    index.close()
    assert held(tmp_path / "new") == held(home)
    assert held(home)["turns"]


def test_only_its_owner_may_read_it(home: Path, tmp_path: Path) -> None:
    """Whatever the umask: the backup, what is restored from it, and what is kept of what was there."""
    mask = os.umask(0o000)
    try:
        backup.create(home, tmp_path / "made.zip")
        _, kept = backup.restore(home, tmp_path / "made.zip", force=True)
    finally:
        os.umask(mask)
    assert kept
    files = [tmp_path / "made.zip", *home.glob("*.sqlite3"), *kept.glob("*.sqlite3")]
    assert len(files) == 5
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE(kept.stat().st_mode) == 0o700


def test_nobody_waits_for_a_backup(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who writes or reads while it copies is not made to wait at all; it holds what was there when it began."""
    monkeypatch.setattr(backup, "_PAGES", 1)
    before = held(home)
    library, memory = Library.open(home), Memory(home)
    for connection in (library._connection, memory._connection):
        connection.execute("PRAGMA busy_timeout=0")  # who would have to wait fails
    steps = 0

    def meanwhile(what: str, done: int, total: int) -> None:  # noqa: ARG001
        nonlocal steps
        if what == "Copying" and library.counts()["articles"] < 40:
            library.replace(library.ledger.sources()[0], [entry(f"team/{steps}.md")])
            assert library.article(f"team/{steps}.md", None)
            steps += 1
        elif what == "Copying" and not memory.turns(NOBODY, "d"):
            memory.add(NOBODY, "d", Turn("What?", "That.", (), "What?"))

    backup.create(home, tmp_path / "made.zip", tell=meanwhile)
    assert steps > 20
    assert memory.turns(NOBODY, "d")
    library.close()
    memory.close()
    backup.restore(tmp_path / "new", tmp_path / "made.zip")
    assert held(tmp_path / "new") == before


def test_a_backup_takes_the_place_of_a_file_only_where_that_is_asked(home: Path, made: Path) -> None:
    """An existing file stays as it is without `force`; with it, it is another one that is whole."""
    before = made.read_bytes()
    with pytest.raises(LibraryError, match=r"exists already.*--force"):
        backup.create(home, made)
    assert made.read_bytes() == before
    change(home)
    backup.create(home, made, force=True)
    with closing(Library.open(home)) as library:
        assert backup.unpack(made).counts["articles"] == library.counts()["articles"]


@pytest.mark.parametrize("name", ["home/inside.zip", "home/library.sqlite3", "missing/made.zip", "."])
def test_a_place_where_no_backup_can_be_is_refused(home: Path, tmp_path: Path, name: str) -> None:
    """In the home, in a folder that is not there, in place of a folder: one line, also with `force`, and no change."""
    before = (home / DATABASE).read_bytes()
    with pytest.raises(LibraryError, match=r"name (a|another) file"):
        backup.create(home, tmp_path / name, force=True)
    assert (home / DATABASE).read_bytes() == before
    with pytest.raises(LibraryError, match="no library in"):
        backup.create(tmp_path / "missing", tmp_path / "made.zip")


def test_a_damaged_library_is_not_backed_up(home: Path, made: Path) -> None:
    """The earlier backup stays as it is, nothing is left beside it, and the line says what to do."""
    before = made.read_bytes()
    with (home / DATABASE).open("r+b") as file:
        file.seek(30 * 4096)
        file.write(b"\xaa" * 8 * 4096)
    with pytest.raises(LibraryError, match=r"no new backup; type: assistant verify"):
        backup.create(home, made, force=True)
    assert made.read_bytes() == before
    assert sorted(path.name for path in made.parent.iterdir()) == ["home", "made.zip"]


@pytest.mark.parametrize("at", ["Copying", "Writing", "Checking"])
def test_an_interrupted_backup_leaves_nothing(home: Path, made: Path, at: str) -> None:
    """Ctrl-C at any stage: the earlier backup stays as it is, and nothing is left beside it."""
    before = made.read_bytes()

    def interrupt(what: str, done: int, total: int) -> None:  # noqa: ARG001
        if what == at and (total or at != "Checking"):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        backup.create(home, made, force=True, tell=interrupt)
    assert made.read_bytes() == before
    assert sorted(path.name for path in made.parent.iterdir()) == ["home", "made.zip"]


def test_a_library_is_replaced_only_where_that_is_asked_and_nobody_has_it_open(home: Path, made: Path) -> None:
    """Without `force`, or while a process has it open: refused in one line, and nothing is changed."""
    change(home)
    before = held(home)
    with pytest.raises(LibraryError, match=r"already; --force"):
        backup.restore(home, made)
    library = Library.open(home)
    with pytest.raises(LibraryBusy, match="end it"):
        backup.restore(home, made, force=True)
    library.close()
    assert held(home) == before
    assert not list(home.glob(f"{backup.REPLACED}*"))


def test_nobody_opens_a_library_that_is_being_replaced(home: Path, made: Path) -> None:
    """A command that comes while a backup is put in place is told to try again."""

    def come(*_: object) -> None:
        with pytest.raises(LibraryBusy, match="being replaced"):
            Library.open(home)

    backup.restore(home, made, force=True, tell=come)
    Library.open(home).close()


def test_nothing_derived_from_the_replaced_library_is_used(home: Path, made: Path) -> None:
    """Its generations are gone, the restored one points to none and has a name of its own, also at a second time."""
    change(home)
    index = Index.open(home, Words())
    with index.library.writing():
        index.publish()
    names = {index.library.fact("library")}
    index.library.remove(["team/later.md"])
    index.close()
    for _ in range(2):
        backup.restore(home, made, force=True)
        assert not (home / "generations").exists()
        library = Library.open(home)
        place, _, gone = library.pending()
        assert (place.generation, place.covered, gone) == (0, 0, ())
        assert place.published != place.changes
        names.add(library.fact("library"))
        library.close()
        shutil.rmtree(next(home.glob(f"{backup.REPLACED}*")))
    assert len(names) == 3


def test_what_was_there_is_kept(home: Path, made: Path, tmp_path: Path) -> None:
    """All of it, also what stood in the log of a process that was killed; conversations too."""
    left = killed(home, tmp_path / "killed")
    shutil.rmtree(home / "generations")
    wanted = held(home)
    _, kept = backup.restore(left, made, force=True)
    assert kept
    assert held(kept) == wanted
    assert "team/later.md" not in str(held(left)["state"])


def test_a_backup_takes_the_place_of_a_damaged_library(home: Path, made: Path, tmp_path: Path) -> None:
    """What is no database any more is kept with its log, and not mixed with what is restored."""
    before = held(home)
    left = killed(home, tmp_path / "killed")
    (left / DATABASE).write_bytes(b"no database" * 5000)
    log = (left / f"{DATABASE}-wal").read_bytes()
    _, kept = backup.restore(left, made, force=True)
    assert kept
    assert (kept / DATABASE).read_bytes().startswith(b"no database")
    assert (kept / f"{DATABASE}-wal").read_bytes() == log
    assert held(left) == before


def test_conversations_of_another_library_do_not_stay(home: Path, tmp_path: Path) -> None:
    """A backup without conversations takes the place of a library with some."""
    shutil.copytree(home, tmp_path / "quiet")
    (tmp_path / "quiet" / MEMORY).unlink()
    backup.create(tmp_path / "quiet", tmp_path / "made.zip")
    backup.restore(home, tmp_path / "made.zip", force=True)
    assert not (home / MEMORY).exists()


def test_a_backup_of_an_older_version_is_brought_forward(tmp_path: Path) -> None:
    """One of the first schema: its articles are there, in tables of this version."""
    old = tmp_path / "old"
    old.mkdir()
    with closing(sqlite3.connect(old / DATABASE)) as connection, connection:
        connection.executescript(FIRST)
    connection.close()
    assert backup.create(old, tmp_path / "made.zip").schema == 1
    backup.restore(tmp_path / "new", tmp_path / "made.zip")
    library = Library.open(tmp_path / "new")
    assert library.all("PRAGMA user_version") == [(SCHEMA,)]
    assert library.article("docs/a.md", None) == entry("docs/a.md").article
    library.close()


def altered(path: Path, change: Callable[[dict[str, object]], object]) -> Path:
    """A backup like another one, but for its manifest."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    parts["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda it: it.update(backup=2), "newer version; update"),
        (lambda it: it.update(schema=SCHEMA + 1), "newer version; update"),
        (lambda it: it["files"].update({"../evil.sqlite3": it["files"][DATABASE]}), "names other files"),
        (lambda it: it["files"].update({"writer.lock": it["files"][DATABASE]}), "names other files"),
        (lambda it: it["files"].pop(DATABASE), "names other files"),
        (lambda it: it["files"][DATABASE].update(sha256="0" * 64), "is damaged"),
        (lambda it: it["files"][DATABASE].update(bytes=4096), "is damaged"),
        (lambda it: it.pop("files"), "not a whole backup"),
        (lambda it: it.update(files=[1]), "not a whole backup"),
        (lambda it: it.update(backup="1"), "not a whole backup"),
    ],
)
def test_what_is_no_backup_of_this_version_is_refused(
    made: Path, tmp_path: Path, change: Callable[[dict[str, object]], object], said: str
) -> None:
    """A newer one, names that lead elsewhere, other content than it says: one line, and no library is begun."""
    with pytest.raises(LibraryError, match=said) as caught:
        backup.restore(tmp_path / "new", altered(made, change))
    assert "\n" not in str(caught.value)
    assert "nothing was changed" in str(caught.value)
    assert list((tmp_path / "new").iterdir()) == []
    assert not (tmp_path / "evil.sqlite3").exists()


def test_a_damaged_backup_is_refused(made: Path, home: Path, tmp_path: Path) -> None:
    """Cut short or with a changed byte at many places: refused, or no byte of what it holds is another one."""
    whole, before = made.read_bytes(), held(home)
    broken, refused = tmp_path / "broken.zip", 0
    step = len(whole) // 25
    places = [*range(0, len(whole), step), *range(len(whole) - 700, len(whole), 50)]
    for place in places:
        for content in (whole[:place], whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]):
            broken.write_bytes(content)
            try:
                assert backup.unpack(broken) == backup.unpack(made)
            except LibraryError:
                refused += 1
                with pytest.raises(LibraryError):
                    backup.restore(home, broken, force=True)
    assert refused > 1.5 * len(places)
    assert held(home) == before
    assert not (home / backup.RESTORING).exists()


CHANGES = {"os.rename", "os.link", "os.remove", "os.mkdir", "os.rmdir", "shutil.rmtree", "sqlite3.connect", "open"}
"""What a process does to files, as Python tells who listens to it."""


def test_a_crash_leaves_the_old_library_or_the_new_one(home: Path, made: Path, tmp_path: Path) -> None:
    """Killed before any of its steps: articles are those of one of both, all found, and the command may be repeated."""
    new, last = held(home), 0
    change(home, "team/sooner.md")  # so that the old one without its log is neither
    left_behind = killed(home, tmp_path / "killed")
    old = held(home)
    assert old["state"] != new["state"]
    seen = set[bool]()
    for steps in range(200):
        place = Path(shutil.copytree(left_behind, tmp_path / f"crash{steps}"))
        child = os.fork()
        if not child:
            _die_after(steps, lambda: backup.restore(place, made, force=True))  # noqa: B023
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        assert ended in {0, 9}
        index = Index.open(place, Words())
        left = state(index)
        index.close()
        assert left in (old["state"], new["state"])
        seen.add(left == new["state"])
        if steps % 8 == 0:
            assert held(place)["hits"] == (new if left == new["state"] else old)["hits"]
            backup.restore(place, made, force=True)
            assert held(place) == new
        shutil.rmtree(place)
        if not ended:
            last = steps
            break
    assert last > 20
    assert seen == {True, False}


def _die_after(steps: int, work: Callable[[], object]) -> None:
    """Do something in a process that ends on the spot, as if killed, before its next change after so many."""
    left = steps

    def count(event: str, arguments: object) -> None:  # noqa: ARG001
        nonlocal left
        if event in CHANGES:
            if not left:
                os._exit(9)
            left -= 1

    try:
        sys.addaudithook(count)
        work()
        os._exit(0)
    except BaseException:
        os._exit(1)
