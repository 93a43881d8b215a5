"""What is damaged is found; what can be made anew is mended without embedding; the rest is named with what to do."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import article_assistant.index.remote
import pytest
from article_assistant.index.generation import Generation
from article_assistant.index.library import DATABASE
from article_assistant.index.search import Index
from article_assistant.index.vectors import Vectors
from article_assistant.index.verify import Check, verify

from tests.chroma import Chroma
from tests.parts import SEEDS, Words, update


@pytest.fixture(scope="module", autouse=True)
def private() -> Iterator[None]:
    """What is written is its owner's alone, as it is from the command line."""
    mask = os.umask(0o077)
    yield
    os.umask(mask)


@pytest.fixture(scope="module")
def indexed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with sample articles and a published generation, that nobody has open."""
    home = tmp_path_factory.mktemp("indexed") / "home"
    opened = Index.open(home, Words())
    update(opened, SEEDS / "team")
    opened.close()
    return home


@pytest.fixture
def home(indexed: Path, tmp_path: Path) -> Path:
    """A copy of it that a test may do anything to."""
    return Path(shutil.copytree(indexed, tmp_path / "home"))


@pytest.fixture
def serving(home: Path) -> Iterator[Index]:
    """A running server's: it has answered a question from the generation."""
    opened = Index.open(home, Words())
    assert opened.find("Who approves a trip?", None, 3)
    yield opened
    opened.close()


def looked(home: Path) -> dict[str, Check]:
    """What a check of this home says, by the name of what was looked at; nothing was embedded for it."""
    opened = Index.open(home, Words())
    try:
        found = {check.name: check for check in verify(opened.library, opened.publish)}
    finally:
        opened.close()
    assert opened.embedder.embedded == 0  # type: ignore[attr-defined]
    assert all("\n" not in check.said for check in found.values())
    return found


def others(found: dict[str, Check], *names: str) -> set[str]:
    """The states of all checks but these."""
    return {check.state for name, check in found.items() if name not in names}


def run(home: Path, *statements: str) -> None:
    """Change a library behind everybody's back."""
    with closing(sqlite3.connect(home / DATABASE, isolation_level=None)) as connection:
        for statement in statements:
            connection.execute(statement)


def test_a_library_that_is_well_is_said_to_be(home: Path) -> None:
    """Every check says so, with counts, and no byte of the library is changed."""
    before = (home / DATABASE).read_bytes()
    found = looked(home)
    assert others(found) == {"well"}
    assert list(found) == [
        "permissions", DATABASE, "references", "articles", "search index", "keyword index", "leftovers",
    ]  # fmt: skip
    assert "articles in" in found["articles"].said
    assert (home / DATABASE).read_bytes() == before


def test_nothing_is_well_too(tmp_path: Path) -> None:
    """A library in which nothing was indexed yet has nothing to mend."""
    assert others(looked(tmp_path / "new")) == {"well"}


ONE = "(SELECT max(number) FROM chunk)"


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (f"DELETE FROM sentence WHERE chunk = {ONE}", "a chunk has no sentences"),
        (f"DELETE FROM chunk WHERE number = {ONE}", "a part of its text is in no chunk"),
        (f"UPDATE chunk SET vector = zeroblob(length(vector)) WHERE number = {ONE}", "vector"),
        (f"UPDATE chunk SET vector = zeroblob(8) WHERE number = {ONE}", "vector"),
        (f"UPDATE chunk SET terms = zeroblob(5) WHERE number = {ONE}", "words"),
        (f'UPDATE chunk SET "end" = 1000000 WHERE number = {ONE}', "outside of its text"),
        (f"UPDATE chunk SET start = start + 5 WHERE number = {ONE}", "in no chunk|outside of its chunk"),
        (f"UPDATE sentence SET vectors = zeroblob(length(vectors)) WHERE chunk = {ONE}", "a sentence's vector"),
        (f"UPDATE sentence SET vectors = x'00' WHERE chunk = {ONE}", "a sentence's vector"),
        (f"UPDATE sentence SET spans = zeroblob(length(spans)) WHERE chunk = {ONE}", "outside of its chunk"),
        ("UPDATE article SET groups = 'everyone' WHERE id = (SELECT max(id) FROM article)", "who may see it"),
        ("UPDATE article SET text = substr(text, 1, 40) WHERE id = (SELECT max(id) FROM article)", "outside"),
    ],
)
def test_an_article_that_is_not_whole_is_named(home: Path, damage: str, said: str) -> None:
    """What is wrong with it, and what to type."""
    run(home, "PRAGMA foreign_keys=ON", damage)
    opened = Index.open(home, Words())
    found = next(check for check in verify(opened.library, opened.publish) if check.name == "articles")
    opened.close()
    assert found.state == "broken"
    assert [part for part in said.split("|") if part in found.said]
    assert found.said.endswith(f"assistant index {SEEDS / 'team'}")


def test_an_article_that_is_not_whole_is_read_again(home: Path) -> None:
    """What is to be typed mends it, and reads no other article."""
    run(home, "PRAGMA foreign_keys=ON", f"DELETE FROM sentence WHERE chunk = {ONE}")
    found = looked(home)["articles"]
    opened = Index.open(home, Words())
    report = update(opened, SEEDS / "team")
    opened.close()
    assert len(report.changed) == 1
    assert report.changed[0] in found.said
    assert others(looked(home)) == {"well"}


def test_rows_that_belong_to_nothing_are_dropped(home: Path) -> None:
    """Chunks, sentences and failures whose owner is gone; the search no longer holds them either."""
    gone = "(SELECT min(id) FROM article)"
    run(
        home,
        f"INSERT INTO gone SELECT number FROM chunk WHERE article = {gone}",
        f"DELETE FROM article WHERE id = {gone}",
        "INSERT INTO failure (article, source, reason) VALUES ('x/y.md', 77, 'broken')",
        "INSERT INTO sentence VALUES (9999, x'', x'')",
    )
    found = looked(home)
    assert found["references"].state == "mended"
    assert "chunk, failure, sentence" in found["references"].said
    assert others(found, "references") == {"well"}
    assert others(looked(home)) == {"well"}


def test_an_article_without_a_source_wants_a_backup(home: Path) -> None:
    """It is truth that cannot be made anew, so it is not dropped."""
    run(home, "DELETE FROM source")
    for _ in range(2):
        found = looked(home)["references"]
        assert (found.state, found.said.endswith("assistant restore FILE --force")) == ("broken", True)


def test_nothing_is_mended_from_a_damaged_library(home: Path) -> None:
    """It is said to be damaged and what to do; what is derived from it stays as it is."""
    with (home / DATABASE).open("r+b") as file:
        file.seek(30 * 4096)
        file.write(b"\xaa" * 8 * 4096)
    shutil.rmtree(home / "generations" / "gen-1" / "keyword")
    found = looked(home)
    assert list(found) == ["permissions", DATABASE]
    assert found[DATABASE].state == "broken"
    assert "assistant restore FILE --force" in found[DATABASE].said
    assert [path.name for path in (home / "generations").iterdir()] == ["gen-1"]


def test_a_damaged_file_of_conversations_is_named(home: Path) -> None:
    """The library is well, and looked at all the same."""
    (home / "memory.sqlite3").write_bytes(b"no database" * 500)
    found = looked(home)
    assert found["memory.sqlite3"].state == "broken"
    assert "assistant restore" in found["memory.sqlite3"].said
    assert others(found, "memory.sqlite3", "permissions") == {"well"}


def without_keyword(folder: Path) -> None:
    shutil.rmtree(folder / "keyword")


def with_zeros(folder: Path) -> None:
    path = folder / "keyword" / "0.words"
    path.write_bytes(bytes(path.stat().st_size))


def without_a_chunk(folder: Path) -> None:
    """It opens and answers, and no file's digest tells."""
    vectors = Vectors.open(folder / "vectors")
    vectors._collection.delete(ids=["1"])
    vectors.close()
    Generation(folder).close()


@pytest.mark.parametrize("damage", [shutil.rmtree, without_keyword, with_zeros, without_a_chunk])
def test_a_damaged_search_index_is_built_anew(home: Path, damage: Callable[[Path], None]) -> None:
    """Gone, a file gone, another content, a chunk gone: mended, without embedding, for good."""
    damage(home / "generations" / "gen-1")
    found = looked(home)
    assert found["search index"].state == "mended"
    assert others(found, "search index", "keyword index", "leftovers") == {"well"}
    assert others(looked(home)) == {"well"}
    assert [path.name for path in (home / "generations").iterdir()] == ["gen-2"]


def test_vectors_at_a_server_are_looked_at_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """All well; a chunk gone there is put in again; a server that is away is named, and nothing is built anew."""
    monkeypatch.setattr(article_assistant.index.remote, "BUILD_RETRIES", ())
    running = Chroma(tmp_path)
    running.start()
    opened = Index.open(tmp_path / "home", Words(), server=running.server())
    try:
        update(opened, SEEDS / "team")
        embedded = opened.embedder.embedded  # type: ignore[attr-defined]

        def search_index() -> Check:
            checks = verify(opened.library, opened.publish, server=opened.server)
            return next(check for check in checks if check.name == "search index")

        assert search_index().state == "well"
        there = opened.generations.remote()
        assert there
        there.extend((), [1])
        assert search_index().state == "mended"
        assert there.holds([1]) == {1}
        before = opened.library.state()
        running.kill()
        found = search_index()
        assert (found.state, running.address in found.said) == ("broken", True)
        assert opened.library.state() == before
        assert opened.embedder.embedded == embedded  # type: ignore[attr-defined]
    finally:
        opened.close()
        running.kill()


def test_what_changed_since_the_last_build_is_no_damage(home: Path) -> None:
    """Chunks that came later, and those that are gone since, are not in the generation, or still are."""
    opened = Index.open(home, Words())
    gone = opened.library.ledger.fingerprints(opened.library.ledger.sources()[0])
    opened.library.remove(list(gone)[:1])
    opened.close()
    found = looked(home)
    assert others(found) == {"well"}
    assert "number 1" in found["search index"].said


def test_a_server_goes_on_while_its_search_index_is_mended(home: Path, serving: Index) -> None:
    """It answers as before from what it has, then from the new one; the old one goes when nobody reads it."""
    wanted = [hit.chunk for hit in serving.find("Who approves a trip?", None, 3)]
    with_zeros(home / "generations" / "gen-1")
    found = looked(home)
    assert found["search index"].state == "mended"
    assert "still read" in found["leftovers"].said
    assert (home / "generations" / "gen-1").is_dir()
    assert [hit.chunk for hit in serving.find("Who approves a trip?", None, 3)] == wanted
    serving.close()
    assert looked(home)["leftovers"].state == "mended"
    assert [path.name for path in (home / "generations").iterdir()] == ["gen-2"]


def test_what_another_process_writes_is_left_to_it(home: Path, serving: Index) -> None:
    """Nobody waits: the damage is named with who writes, and a build under way is not taken for a leftover."""
    with_zeros(home / "generations" / "gen-1")
    (home / "generations" / "gen-2").mkdir(mode=0o700)
    run(home, "PRAGMA foreign_keys=ON", f"DELETE FROM sentence WHERE chunk = {ONE}")
    with serving.library.writing():
        found = looked(home)
    for name in ("articles", "search index"):
        assert found[name].state == "broken"
        assert f"process {os.getpid()} is writing" in found[name].said
    assert found["leftovers"].state == "well"
    assert (home / "generations" / "gen-2").is_dir()


def test_what_others_could_read_is_made_private(home: Path) -> None:
    """Folders and files of the product, and no others, also when the umask lets everybody in."""
    ours = [home, home / "generations", home / "generations" / "gen-1" / "held", home / DATABASE]
    foreign = home / "notes.txt"
    foreign.touch()
    for path in [*ours, foreign]:
        path.chmod(0o755)
    found = looked(home)["permissions"]
    assert found.state == "mended"
    assert DATABASE in found.said
    assert [stat.S_IMODE(path.stat().st_mode) for path in ours] == [0o700, 0o700, 0o600, 0o600]
    assert stat.S_IMODE(foreign.stat().st_mode) == 0o755
    assert looked(home)["permissions"].state == "well"


def test_leftovers_of_interrupted_runs_are_removed(home: Path) -> None:
    """Of a build and of a restore; the generation in use, and what was replaced and kept, stay."""
    for name in ("generations/gen-2", "generations/gen-7", "restoring", "replaced-20261122T000000Z"):
        (home / name).mkdir(mode=0o700)
    found = looked(home)["leftovers"]
    assert (found.state, "gen-7" in found.said, "restoring" in found.said) == ("mended", True, True)
    assert [path.name for path in (home / "generations").iterdir()] == ["gen-1"]
    Generation(home / "generations" / "gen-1").close()
    assert not (home / "restoring").exists()
    assert (home / "replaced-20261122T000000Z").is_dir()
