"""A generation: built whole, from a copy of the last where that is less work, checked, or not used."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import article_assistant.index.build
import article_assistant.index.generation
import pytest
from article_assistant.index.build import check_whole, recall
from article_assistant.index.chunk import split
from article_assistant.index.generation import Damaged, Generation
from article_assistant.index.keyword import asked_terms
from article_assistant.index.remote import Remote
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE
from article_assistant.index.vectors import NumberedVector, Vectors

from tests.chroma import Backend
from tests.parts import Words, add_numbered, article

ALL = frozenset({EVERYONE})


@pytest.fixture
def index_(backend: Backend, tmp_path: Path) -> Iterator[Index]:
    opened = Index.open(tmp_path, Words(), server=backend())
    add_numbered(opened, range(60))
    yield opened
    opened.close()


def publish(opened: Index) -> Generation:
    """The generation that is published now, held open."""
    with opened.library.writing():
        opened.publish()
    return opened.generations.open(opened.library.state().generation)


def test_the_next_one_begins_with_a_copy_of_the_last(index_: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only what is new is put in, what is gone is taken out, and both searches know."""
    publish(index_).close()
    index_.library.remove(["docs/7.md", "docs/9.md"])
    add_numbered(index_, range(60, 64))
    put = list[NumberedVector]()

    def noted(real: Callable[..., None]) -> Callable[..., None]:
        def extend(there: Any, rows: Iterable[NumberedVector], *given: Any) -> None:
            rows = list(rows)
            put.extend(rows)
            real(there, rows, *given)

        return extend

    monkeypatch.setattr(Vectors, "extend", noted(Vectors.extend))
    monkeypatch.setattr(Remote, "extend", noted(Remote.extend))
    found = publish(index_)
    try:
        assert len(put) == 4
        assert found.count == found.keyword.count == 62
        assert found.dropped == 2
        for number, there in ((7, False), (9, False), (8, True), (63, True)):
            question = f"Number{number}"
            assert bool(found.best(asked_terms(question), ALL, 5)) == there
            cosine = found.nearest(index_.embedder.question(f"{question} is about matter{number % 5}"), ALL, 1)[0][1]
            assert (cosine > 0.99) == there
    finally:
        found.close()


def test_one_is_built_from_nothing_when_too_much_is_gone(index_: Index) -> None:
    """A copy of which a quarter would be gone is not worth having."""
    publish(index_).close()
    index_.library.remove([f"docs/{n}.md" for n in range(30)])
    found = publish(index_)
    assert (found.count, found.dropped) == (30, 0)
    found.close()


def test_what_is_gone_is_forgotten_once_no_generation_holds_it(index_: Index) -> None:
    """The list of numbers that are gone does not grow for ever."""
    publish(index_).close()
    index_.library.remove(["docs/7.md"])
    assert len(index_.library.pending()[2]) == 1
    publish(index_).close()
    assert index_.library.pending()[2] == ()


def test_a_build_that_finds_too_little_is_not_pointed_to(index_: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    """Recall below what is wanted: an error that says so, the old generation stays, and answers are exact."""
    old = publish(index_)
    add_numbered(index_, range(60, 62))
    monkeypatch.setattr(article_assistant.index.build, "recall", lambda *_: 0.5)
    with pytest.raises(Exception, match=r"50\.0% of the nearest chunks, 98% are wanted"):
        publish(index_)
    assert index_.library.state().generation == old.number
    assert index_.find("Number61", ALL, 1)[0].article.id == "docs/61.md"
    old.close()


def test_recall_is_of_the_true_neighbours(index_: Index) -> None:
    """A whole build finds them all; one that lost chunks finds fewer."""
    found = publish(index_)
    numbers = index_.library.numbers()
    assert recall(found.vectors, index_.library, numbers) == 1
    if isinstance(found.vectors, Vectors):
        found.vectors._collection.delete(ids=[str(number) for number in numbers[:20]])
    elif isinstance(found.vectors, Remote):
        found.vectors.extend((), numbers[:20].tolist())
    assert recall(found.vectors, index_.library, numbers) < 0.9
    with pytest.raises(Damaged, match="holds"):
        check_whole(found, index_.library, [])
    found.close()


@pytest.mark.parametrize("name", ["held", "keyword/0.words"])
def test_another_content_of_the_same_length_is_noticed(index_: Index, name: str) -> None:
    """Zeros in place of what was written: not opened."""
    found = publish(index_)
    found.close()
    path = found.folder / name
    path.write_bytes(bytes(path.stat().st_size))
    with pytest.raises(Damaged):
        index_.generations.open(found.number)


def test_a_file_touched_while_it_is_open_is_noticed(index_: Index) -> None:
    """Emptied, replaced or removed: `whole` says no."""
    found = publish(index_)
    assert found.whole
    (found.folder / "keyword" / "0.words").write_text("{}")
    assert not found.whole
    found.close()


@pytest.mark.parametrize("rows", [0, 1000])
def test_a_search_finds_the_nearest_of_what_may_be_seen(
    backend: Backend, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: int
) -> None:
    """Whatever share of the chunks a person may see, as many come back as are wanted, all visible, best first."""
    monkeypatch.setattr(article_assistant.index.generation, "ROWS_A_NEIGHBOUR", rows)
    monkeypatch.setattr(article_assistant.index.generation, "EXACT", rows)
    opened = Index.open(tmp_path, Words(), server=backend())
    with opened.library.writing():
        opened.library.for_encoder(opened.embedder.version)
        source = opened.library.ledger.add("/docs", "docs")
        shares = {"board": 1, "staff": 4, "guests": 9}  # of ten
        articles = [
            article(
                f"Number{n} is about matter{n % 7}.",
                "",
                f"docs/{n}.md",
                frozenset({"all", *(name for name, share in shares.items() if n % 10 < share)}),
            )
            for n in range(400)
        ]
        opened.replace(source, [(one, one.revision, split(one, opened.embedder)) for one in articles])
    found = publish(opened)
    numbers = opened.library.numbers()
    vector = opened.embedder.question("matter3")
    cosines = dict(found.flat.nearest(vector, None, 400))
    try:
        for name, share in {**shares, "all": 10}.items():
            seen = {int(number) for row, number in enumerate(numbers) if row % 10 < share}
            near = found.nearest(vector, frozenset({name}), 12)
            assert {number for number, _ in near} <= seen
            best = sorted((cosines[number] for number in seen), reverse=True)[:12]
            assert [cosine for _, cosine in near] == pytest.approx(best, abs=0.002)
            words = found.best(asked_terms("matter3"), frozenset({name}), 12)
            assert len(words) == min(12, sum(number in seen for number in numbers[3::7].tolist()))
            assert {number for number, _ in words} <= seen
        assert found.nearest(vector, frozenset(), 5) == []
        assert found.nearest(vector, frozenset({"nobody"}), 5) == []
        assert found.best(asked_terms("matter3"), frozenset({"nobody"}), 5) == []
    finally:
        found.close()
        opened.close()
