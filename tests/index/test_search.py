"""The index: two searches fused, always checked against the library, and never served from a damaged build."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from article_assistant.index.build import remove
from article_assistant.index.chunk import split
from article_assistant.index.library import Library
from article_assistant.index.schema import ChunkRow, Source
from article_assistant.index.search import Index, fuse
from article_assistant.index.types import EVERYONE, Article, Groups
from hypothesis import given
from hypothesis import strategies as st

from tests.chroma import Backend
from tests.parts import Words, article, modest

ALL = frozenset({EVERYONE})
BOARD = frozenset({"board"})
ROOT = Path(__file__).parents[2]
ARTICLES = [
    article("# Trips\n\nTobias Okonjo approves trips. Ask early.", "Trips", "docs/trips.md"),
    article("# Leave\n\nMia approves leave.", "Leave", "docs/leave.md"),
    article("# Salaries\n\nTobias earns zeppelins.", "Salaries", "docs/salaries.md", BOARD),
    article("# Hidden\n\nTobias hides zeppelins.", "Hidden", "docs/hidden.md", frozenset()),
]


def put(index: Index, *articles: Article, publish: bool = True) -> Source:
    """Put articles into the library as a sync does."""
    with index.library.writing():
        index.library.for_encoder(index.embedder.version)
        source = index.library.ledger.add("/docs", "docs")
        index.replace(source, [(one, one.revision, split(one, index.embedder)) for one in articles])
        if publish:
            index.publish()
    return source


@pytest.fixture
def index(backend: Backend, tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words(), server=backend())
    put(opened, *ARTICLES)
    yield opened
    opened.close()


def move(index: Index) -> None:
    """Have an index open what is published now, and wait until it is open."""
    index.generations.rests_until = 0.0
    index.ready()
    index.generations.join()


def ids(index: Index, question: str, groups: Groups) -> set[str]:
    return {hit.article.id.removeprefix("docs/") for hit in index.find(question, groups, 10)}


def generations(index: Index) -> list[str]:
    return sorted(path.name for path in (index.library.home / "generations").iterdir())


def test_the_best_passage_comes_first(index: Index) -> None:
    """Ranks count from 1, scores fall, texts and offsets agree, each sentence has its cosine."""
    hits = index.find("Who approves trips?", ALL, 10)
    assert hits[0].article.id == "docs/trips.md"
    assert [hit.rank for hit in hits] == [1, 2]
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
    for hit in hits:
        assert hit.chunk.text == hit.article.text[hit.chunk.start : hit.chunk.end]
        assert len(hit.cosines) == len(hit.chunk.sentences)
        assert hit.score == pytest.approx(max(hit.cosines) + 0.01 * hit.bm25, abs=1e-5)
    assert len(index.find("Who approves trips?", ALL, 1)) == 1


@pytest.mark.parametrize(
    ("groups", "expected"),
    [
        (ALL, {"trips.md", "leave.md"}),
        (BOARD, {"salaries.md"}),
        (ALL | BOARD, {"trips.md", "leave.md", "salaries.md"}),
        (frozenset({"guests"}), set()),
        (frozenset(), set()),
        (None, {"trips.md", "leave.md", "salaries.md"}),
    ],
)
def test_everybody_finds_what_they_may_see(index: Index, groups: Groups, expected: set[str]) -> None:
    """Search and article know the groups; an article without groups is found by nobody at all."""
    assert ids(index, "Tobias approves zeppelins", groups) == expected
    for one in ARTICLES:
        shown = groups is None or bool(one.groups & groups)
        assert (index.article(one.id, groups) is not None) == shown
        assert (one.id in {seen.id for seen in index.library.articles(groups)}) == shown


def test_asking_without_saying_who_asks_is_an_error(index: Index) -> None:
    """Forgetting the rights is a TypeError, not a leak."""
    with pytest.raises(TypeError):
        index.find("Tobias", k=10)  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        index.article("docs/trips.md")  # type: ignore[call-arg]
    with pytest.raises(TypeError):
        index.as_retriever()  # type: ignore[call-arg]


def test_an_article_without_groups_is_not_embedded(tmp_path: Path) -> None:
    """What nobody may see gets no vector, whatever its text."""
    encoder = Words()
    opened = Index.open(tmp_path, encoder)
    put(opened, ARTICLES[3])
    assert encoder.embedded == 0
    assert opened.library.counts() == {"sources": 1, "articles": 1, "chunks": 0}
    opened.close()


def test_rights_that_change_count_at_once(index: Index) -> None:
    """Groups taken away or given count from the commit, also in a generation that doesn't know yet."""
    put(index, replace(ARTICLES[0], groups=BOARD, revision="r2"), publish=False)
    assert ids(index, "Tobias approves trips", ALL) == {"leave.md"}
    put(index, replace(ARTICLES[0], groups=frozenset(), revision="r3"), publish=False)
    assert "trips.md" not in ids(index, "Tobias approves trips", None)


def test_what_was_removed_never_comes_back(index: Index) -> None:
    """Articles removed or replaced since the last generation give no hit, no old text."""
    assert "trips.md" in ids(index, "Tobias", ALL)
    index.library.remove(["docs/trips.md"])
    assert ids(index, "Who approves trips?", None) == {"leave.md", "salaries.md"}
    put(index, replace(ARTICLES[1], text="# Leave\n\nNobody approves anything any more.", revision="r2"), publish=False)
    assert not any("Mia" in hit.chunk.text for hit in index.find("Mia approves leave", None, 10))
    put(index)
    assert [hit.chunk.text for hit in index.find("anything", ALL, 10)] == [
        "# Leave\n\nNobody approves anything any more."
    ]


def test_a_question_of_nothing_finds_nothing(index: Index, tmp_path: Path) -> None:
    """White space, and any question to an empty library: no hit, no error, no generation needed."""
    assert index.find(" \n", None, 10) == []
    empty = Index.open(tmp_path / "empty", Words())
    assert empty.find("Anything?", None, 10) == []
    empty.close()


@modest
@given(question=st.text(max_size=60))
def test_any_text_is_a_question(index_of_session: Index, question: str) -> None:
    """No text makes the search fail, whatever characters it has."""
    for hit in index_of_session.find(question, ALL, 10):
        assert hit.article.groups == ALL


@pytest.fixture(scope="module")
def index_of_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    opened = Index.open(tmp_path_factory.mktemp("search"), Words())
    put(opened, *ARTICLES)
    yield opened
    opened.close()


SCORES = st.dictionaries(st.integers(0, 9), st.floats(-1, 1), max_size=8)
BM25 = st.dictionaries(st.integers(0, 9), st.floats(0, 60), max_size=8)


@modest
@given(SCORES, BM25, st.integers(0, 9), st.floats(0, 60))
def test_fusing_is_fair(cosine: dict[int, float], bm25: dict[int, float], chosen: int, more: float) -> None:
    """A better word match never lowers a chunk, equal inputs stay equal, a score depends on its own inputs alone."""
    before = fuse(cosine, bm25)
    assert before.keys() == cosine.keys()
    after = fuse(cosine, bm25 | {chosen: bm25.get(chosen, 0.0) + more})
    for number, score in before.items():
        assert after[number] >= score if number == chosen else after[number] == score
        assert fuse({number: cosine[number]}, bm25) == {number: score}
    for one in cosine:
        for other in cosine:
            if (cosine[one], bm25.get(one, 0.0)) == (cosine[other], bm25.get(other, 0.0)):
                assert before[one] == before[other]


def damaged(home: Path) -> list[Path]:
    """Copies of a home, each with one file of its generation gone or cut short."""
    files = [
        path.relative_to(home) for path in (home / "generations").rglob("*") if path.is_file() and path.stat().st_size
    ]
    homes = []
    for number, name in enumerate(files):
        for cut in (False, True):
            copy = home.parent / f"damaged-{number}-{cut}"
            shutil.copytree(home, copy)
            if cut:
                os.truncate(copy / name, (copy / name).stat().st_size // 2)
            else:
                (copy / name).unlink()
            homes.append(copy)
    return homes


def test_whatever_is_damaged_answers_go_on(tmp_path: Path) -> None:
    """Whichever file of a build is gone or cut short: the same answers at once, and a new build from the library."""
    home = tmp_path / "home"
    opened = Index.open(home, Words())
    texts = (article(f"Number{n} stands alone. " * 3, "", f"docs/{n}.md") for n in range(1200))
    put(opened, *texts)
    expected = opened.find("number77", ALL, 3)
    opened.close()
    assert any(path.name == "data_level0.bin" for path in home.rglob("*"))
    homes = damaged(home)
    assert len(homes) > 20
    for number, copy in enumerate(homes):
        encoder = Words()
        again = Index.open(copy, encoder, mends=number % 8 == 0)
        for _ in range(2):  # before and while a generation is built
            assert [hit.chunk for hit in again.find("number77", ALL, 3)] == [hit.chunk for hit in expected]
        again.generations.join()
        again.close()
        assert ("gen-2" in generations(again)) == (number % 8 == 0)
        assert encoder.embedded == 0
        shutil.rmtree(copy)


def test_a_generation_that_is_gone_is_mended_by_those_who_mend(index: Index, backend: Backend) -> None:
    """Without a build the same passages are found; only who is to mend it builds one."""
    home = index.library.home
    index.close()
    shutil.rmtree(home / "generations")
    for mends in (False, True):
        opened = Index.open(home, Words(), mends=mends, server=backend())
        assert ids(opened, "Tobias", ALL) == {"trips.md", "leave.md"}
        opened.generations.join()
        opened.close()
        assert (home / "generations").exists() == mends


def fall_behind(index: Index) -> None:
    """Much more is written than is in the search index."""
    put(index, *ARTICLES)
    put(index, *(article(f"Number{n}.", "", f"docs/{n}.md") for n in range(400)), publish=False)


def slowed(library: Library, patched: pytest.MonkeyPatch) -> threading.Event:
    """Makes this library give five rows a second to who builds; set when the first was asked for."""
    real = library.rows
    reached = threading.Event()

    def rows(after: int = 0, to: int = 2**63 - 1) -> Iterator[ChunkRow]:
        for row in real(after, to):
            reached.set()
            time.sleep(0.2)
            yield row

    patched.setattr(library, "rows", rows)
    return reached


def test_closing_does_not_wait_for_a_build(
    tmp_path: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A server that is to end while it mends a library that takes minutes ends long before that, and lets the writer's
    lock go; what the library points to is whole, and the next build throws the half one away."""
    opened = Index.open(tmp_path, Words(), mends=True, server=backend())
    fall_behind(opened)
    with monkeypatch.context() as patched:
        reached = slowed(opened.library, patched)
        assert opened.find("number7", ALL, 3)
        assert reached.wait(120)
        began = time.monotonic()
        opened.close()
        assert time.monotonic() - began < 40  # of the 80 s that a third of the build would take
    assert caplog.text == ""
    again = Index.open(tmp_path, Words(), server=backend())
    assert again.library.state().generation == 1
    assert ids(again, "number7", ALL)
    with again.library.writing():
        again.publish()
    assert generations(again)[-1] == "gen-2"
    assert again.library.changed() == 0
    again.close()


def test_one_who_mends_gives_way_to_one_who_writes(
    tmp_path: Path, backend: Backend, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who wants to write while a server mends a library for minutes waits a moment and is not turned away; the server
    answers as before, and finds what was written."""
    server, writer = (Index.open(tmp_path, Words(), mends=mends, server=backend()) for mends in (True, False))
    fall_behind(writer)
    with monkeypatch.context() as patched:
        reached = slowed(server.library, patched)
        assert server.find("number7", ALL, 3)
        assert reached.wait(120)
        began = time.monotonic()
        put(writer, article("Anna signs.", "", "docs/anna.md"))
        assert time.monotonic() - began < 40  # of the 80 s that a third of the build would take
        assert "anna.md" in ids(server, "Anna", ALL)
        assert "7.md" in ids(server, "number7", ALL)
        server.close()
    writer.close()
    assert caplog.text == ""


def test_a_generation_damaged_while_it_serves_is_used_no_more(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file emptied, overwritten or removed under an open index: the next answer is as right, the log says why."""
    harms: tuple[Callable[[Path], object], ...] = (
        lambda path: os.truncate(path, 0),
        lambda path: path.write_bytes(bytes(path.stat().st_size)),
        Path.unlink,
    )
    for number, harm in enumerate(harms):
        opened = Index.open(tmp_path / str(number), Words(), mends=True)
        put(opened, *ARTICLES)
        assert ids(opened, "Tobias", ALL) == {"trips.md", "leave.md"}
        for path in (opened.library.home / "generations" / "gen-1" / "keyword").iterdir():
            harm(path)
        caplog.clear()
        assert ids(opened, "Tobias", ALL) == {"trips.md", "leave.md"}
        assert "search index 1 is not used" in caplog.text
        opened.close()


def test_a_build_that_was_interrupted_is_not_used(index: Index) -> None:
    """What a killed build left in the next folder is thrown away, and the old generation serves until then."""
    half = index.library.home / "generations" / "gen-2"
    (half / "vectors").mkdir(parents=True)
    (half / "vectors" / "chroma.sqlite3").write_bytes(b"half")
    assert ids(index, "Tobias", ALL)
    put(index, replace(ARTICLES[1], text="# Leave\n\nNora approves leave.", revision="r2"))
    assert index.find("Nora", ALL, 1)[0].chunk.text.endswith("Nora approves leave.")
    assert generations(index) == ["gen-1", "gen-2"]  # this index still held the first when it published


def test_publishing_nothing_builds_nothing(index: Index) -> None:
    """What is published already stays as it is, and open readers go on."""
    assert ids(index, "Tobias", ALL)
    put(index)
    before = generations(index)
    with index.library.writing():
        index.publish()
        index.settle()
    index.ready()
    assert generations(index) == before
    assert ids(index, "Tobias", ALL)


def test_what_counts_as_much_is_a_share_of_what_is_there(index: Index) -> None:
    """However often articles were replaced, so that numbers run far ahead of the chunks: a change is published."""
    for number in range(160):
        put(index, replace(ARTICLES[1], revision=f"r{number}"), publish=False)
    put(index)
    before = generations(index)
    put(index, replace(ARTICLES[1], text="# Leave\n\nNora approves leave.", revision="new"), publish=False)
    with index.library.writing():
        index.settle()
    assert generations(index) != before


def test_a_generation_that_somebody_holds_stays(index: Index) -> None:
    """A reader in another process keeps its generation until it moves on; then it is removed."""
    code = """
        import sys
        from pathlib import Path
        from article_assistant.index.generation import Generation
        held = Generation(Path(sys.argv[1]))
        print("held", flush=True)
        sys.stdin.read()
    """
    folder = index.library.home / "generations" / "gen-1"
    other = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert other.stdout
        assert other.stdout.readline() == b"held\n"
        put(index, replace(ARTICLES[1], revision="r2"))
        assert generations(index) == ["gen-1", "gen-2"]
    finally:
        other.communicate()
    put(index, replace(ARTICLES[1], revision="r3"))
    assert generations(index) == ["gen-3"]


def test_a_reader_moves_on_to_what_is_published(index: Index, backend: Backend) -> None:
    """A second index over the same folder, as a server has it, sees what the first one published."""
    reader = Index.open(index.library.home, Words(), server=backend())
    assert ids(reader, "Tobias", ALL)
    put(index, replace(ARTICLES[1], text="# Leave\n\nNora approves leave.", revision="r2"))
    assert reader.find("Nora", ALL, 1)[0].chunk.text.endswith("Nora approves leave.")
    move(reader)
    assert reader.find("Nora", ALL, 1)[0].chunk.text.endswith("Nora approves leave.")
    assert not remove(index.library.home / "generations" / "gen-2")
    reader.close()


def test_one_who_mends_moves_on_at_once(index: Index, backend: Backend) -> None:
    """That it could not build while another one wrote does not keep it from what that one publishes."""
    reader = Index.open(index.library.home, Words(), mends=True, server=backend())
    assert ids(reader, "Tobias", ALL)
    with index.library.writing():
        source = index.library.ledger.sources()[0]
        added = [article(f"Number{n}.", "", f"docs/{n}.md") for n in range(20)]
        index.replace(source, [(one, one.revision, split(one, index.embedder)) for one in added])
        assert ids(reader, "number7", ALL)
        reader.generations.join()
        index.publish()
        reader.ready()
        reader.generations.join()
        with reader.generations.reading() as (generation, fresh):
            assert generation
            assert (generation.number, len(fresh)) == (2, 0)
    reader.close()


def test_another_process_knows_a_commit_from_its_next_question_on(tmp_path: Path) -> None:
    """A server is asked without a pause while another process adds, changes, hides, shows, publishes and deletes: the
    first question that begins after a commit was acknowledged already knows it, so what is gone is never shown."""
    code = """
        import json, sys, time
        from pathlib import Path
        from article_assistant.index.search import Index
        from article_assistant.index.types import EVERYONE
        from tests.parts import Words
        index = Index.open(Path(sys.argv[1]), Words(), mends=True)
        while True:
            began = time.monotonic()
            hits = index.find("Tobias approves trips", frozenset({EVERYONE}), 10)
            print(json.dumps([began, sorted({hit.chunk.text for hit in hits})]), flush=True)
    """
    writer = Index.open(tmp_path, Words())
    put(writer, *ARTICLES)
    server = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT
    )
    trips, leave = ARTICLES[:2]
    new = article("Tobias waves.", "", "docs/new.md")

    def publish() -> None:
        with writer.library.writing():
            writer.publish()

    steps: list[tuple[Callable[[], object], set[str]]] = [
        (lambda: None, {trips.text, leave.text}),
        (lambda: put(writer, new, publish=False), {trips.text, leave.text, new.text}),
        (lambda: put(writer, replace(leave, text="Mia left.", revision="r2"), publish=False),
         {trips.text, "Mia left.", new.text}),
        (lambda: put(writer, replace(trips, groups=frozenset(), revision="r2"), publish=False),
         {"Mia left.", new.text}),
        (publish, {"Mia left.", new.text}),
        (lambda: put(writer, replace(trips, revision="r3")), {trips.text, "Mia left.", new.text}),
        (lambda: writer.library.remove([new.id]), {trips.text, "Mia left."}),
        (lambda: put(writer, replace(trips, groups=BOARD, revision="r4"), publish=False), {"Mia left."}),
        (publish, {"Mia left."}),
        (lambda: writer.library.ledger.forget(writer.library.ledger.sources()[0]), set()),
    ]  # fmt: skip
    try:
        assert server.stdout
        for number, (do, expected) in enumerate(steps * 2):
            do()  # a server that mends gives way
            acknowledged = time.monotonic()
            began = 0.0
            while began < acknowledged:
                began, found = json.loads(server.stdout.readline())
            assert set(found) == expected, number
            if number % len(steps) == len(steps) - 1:
                put(writer, *ARTICLES)
    finally:
        server.kill()
        server.communicate()
    writer.close()


def test_moving_on_gives_back_what_the_old_generation_held(index: Index, backend: Backend) -> None:
    """After many moves no more descriptors and threads are in use than after the first."""
    reader = Index.open(index.library.home, Words(), server=backend())
    in_use = []
    for number in range(12):
        put(index, replace(ARTICLES[1], revision=f"r{number}"))
        move(reader)
        assert ids(reader, "Tobias", ALL)
        in_use.append((len(list(Path("/proc/self/fd").iterdir())), threading.active_count()))
    # A generation that is not given back costs at least 10; Chroma's own number of connections goes up and down.
    assert max(opened for opened, _ in in_use[1:]) < in_use[0][0] + 20
    assert max(threads for _, threads in in_use[1:]) <= in_use[0][1]
    reader.close()


def test_what_crowds_the_search_and_is_gone_hides_nothing(tmp_path: Path, backend: Backend) -> None:
    """Hundreds of removed chunks nearer to the question than all that is left: what is left is found."""
    opened = Index.open(tmp_path, Words(), server=backend())
    near = [article("Tobias approves trips.", "", f"docs/near{n}.md") for n in range(400)]
    put(opened, *near, article("Nora approves leave.", "", "docs/far.md"))
    assert opened.find("Tobias approves trips.", ALL, 10)
    opened.library.remove([one.id for one in near])
    assert [hit.article.id for hit in opened.find("Tobias approves trips.", ALL, 10)] == ["docs/far.md"]
    opened.close()


def test_a_generation_stays_open_for_those_who_read_it(index: Index) -> None:
    """One thread moves on while another is in the middle of a search: that one ends its search undisturbed."""
    with index.generations.reading() as (old, _):
        put(index, replace(ARTICLES[1], revision="r2"))
        move(index)
        assert old
        assert old.number == 1
        assert old.nearest(index.embedder.question("Tobias"), ALL, 5)
    put(index, replace(ARTICLES[1], revision="r3"))
    assert "gen-1" not in generations(index)


def test_questions_go_on_while_generations_change(tmp_path: Path, backend: Backend) -> None:
    """Several threads ask while another publishes again and again: every one of them finds its passage."""
    opened = Index.open(tmp_path, Words(), server=backend())
    put(opened, *ARTICLES)
    problems: list[BaseException] = []
    done = threading.Event()

    def ask() -> None:
        try:
            while not done.is_set():
                assert "trips.md" in ids(opened, "Tobias approves trips", ALL)
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    writer = Index.open(tmp_path, Words(), server=backend())
    for number in range(6):
        put(writer, replace(ARTICLES[1], revision=f"r{number}"))
    done.set()
    for thread in threads:
        thread.join()
    assert problems == []
    writer.close()
    opened.close()


@pytest.mark.parametrize("publish", [True, False])
def test_what_holds_the_identifier_comes_first(tmp_path: Path, publish: bool) -> None:
    """The one passage with PN-4711-3 is first, though all others have more words of the question, built or fresh."""
    words = "shelf part pieces bolt which stand on the shelf"
    opened = Index.open(tmp_path, Words())
    others = [article(f"# PN-4711-{number}\n\n{words}", "Stock", f"docs/{number}.md") for number in range(4, 90)]
    put(opened, *others, article("# Old\n\nGone: pn4711-3.", "Old", "docs/old.md"), publish=publish)
    found = opened.find("On which shelf is part PN-4711-3, of which pieces stand on the shelf?", ALL, 10)
    assert found[0].article.id == "docs/old.md"
    assert found[1].score > found[0].score
    assert opened.find("Part PN-4711-3", frozenset({"nobody"}), 10) == []
    opened.close()
