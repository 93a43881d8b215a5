"""The index: two searches fused, always checked against the library, and never served from a damaged build."""

import os
import shutil
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from index.chunk import split
from index.library import Source
from index.search import Generation, Index, fuse
from index.types import EVERYONE, Article, Groups, LibraryError
from tests.parts import Words, article, modest

ALL = frozenset({EVERYONE})
BOARD = frozenset({"board"})
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
        source = index.library.add_source("/docs", "docs")
        index.replace(source, [(one, one.revision, split(one, index.embedder)) for one in articles])
        if publish:
            index.publish()
    return source


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path / "home", Words())
    put(opened, *ARTICLES)
    yield opened
    opened.close()


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


def test_a_damaged_generation_is_built_anew_and_nothing_embedded(tmp_path: Path) -> None:
    """Whichever file of a build is gone or cut short: `ready` notices and mends it from the library."""
    home = tmp_path / "home"
    opened = Index.open(home, Words())
    texts = (article(f"Number{n} stands alone. " * 3, "", f"docs/{n}.md") for n in range(1200))
    put(opened, *texts)
    expected = opened.find("number77", ALL, 3)
    opened.close()
    assert any(path.name == "data_level0.bin" for path in home.rglob("*"))
    homes = damaged(home)
    assert len(homes) > 20
    rebuilt = 0
    for copy in homes:
        encoder = Words()
        again = Index.open(copy, encoder)
        again.ready()
        rebuilt += generations(again) == ["gen-2"]
        assert [hit.chunk for hit in again.find("number77", ALL, 3)] == [hit.chunk for hit in expected]
        assert encoder.embedded == 0
        again.close()
        shutil.rmtree(copy)
    assert rebuilt == len(homes)


def test_a_generation_that_is_gone_is_said_or_mended(index: Index) -> None:
    """Without a build a question is refused in one line that says what to type; `ready` mends it."""
    home = index.library.home
    index.close()
    shutil.rmtree(home / "generations")
    opened = Index.open(home, Words())
    with pytest.raises(LibraryError, match="type: assistant index"):
        opened.find("Tobias", ALL, 10)
    opened.ready()
    assert ids(opened, "Tobias", ALL) == {"trips.md", "leave.md"}
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
    index.ready()
    assert generations(index) == before
    assert ids(index, "Tobias", ALL)


def test_a_generation_that_somebody_holds_stays(index: Index) -> None:
    """A reader in another process keeps its generation until it moves on; then it is removed."""
    code = """
        import sys
        from pathlib import Path
        from index.search import Generation
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


def test_a_reader_moves_on_to_what_is_published(index: Index) -> None:
    """A second index over the same folder, as a server has it, sees what the first one published."""
    reader = Index.open(index.library.home, Words())
    assert ids(reader, "Tobias", ALL)
    put(index, replace(ARTICLES[1], text="# Leave\n\nNora approves leave.", revision="r2"))
    assert reader.find("Nora", ALL, 1)[0].chunk.text.endswith("Nora approves leave.")
    assert not Generation.remove(index.library.home / "generations" / "gen-2")
    reader.close()


def test_a_generation_stays_open_for_those_who_read_it(index: Index) -> None:
    """One thread moves on while another is in the middle of a search: that one ends its search undisturbed."""
    with index._reading() as old:
        put(index, replace(ARTICLES[1], revision="r2"))
        assert ids(index, "Tobias", ALL)
        assert old.number == 1
        assert old.vectors.nearest(index.embedder.question("Tobias"), ALL, 5)
    put(index, replace(ARTICLES[1], revision="r3"))
    assert "gen-1" not in generations(index)


def test_questions_go_on_while_generations_change(tmp_path: Path) -> None:
    """Several threads ask while another publishes again and again: every one of them finds its passage."""
    opened = Index.open(tmp_path, Words())
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
    writer = Index.open(tmp_path, Words())
    for number in range(6):
        put(writer, replace(ARTICLES[1], revision=f"r{number}"))
    done.set()
    for thread in threads:
        thread.join()
    assert problems == []
    writer.close()
    opened.close()
