"""Sources are kept in step in the background: each in its turn, whatever one of them does."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from article_assistant.index.instep import ASKED_AFTER, LONGEST_WAIT, Enough, Freshness, InStep
from article_assistant.index.library import Library
from article_assistant.index.search import Index
from article_assistant.index.sources.source import Access, RemoteSource, Withdrawn
from article_assistant.index.sync import SyncReport, forget, sync
from article_assistant.index.types import SourceError
from article_assistant.settings import Settings

from tests.parts import MOST, Words, until, write
from tests.sources.shelf import ALL, Shelf

EVERY = 60.0
LATER = timedelta(days=1)


@contextmanager
def kept(
    home: Path, *shelves: Shelf, every: float = EVERY, folder: Path | None = None
) -> Iterator[tuple[InStep, Index]]:
    """Sources kept in step, as a server keeps them but for the encoder; a test gives each turn its time."""
    by_address: dict[str, RemoteSource | str] = {shelf.address: shelf for shelf in shelves}
    with closing(Index.open(home, Words())) as index:

        def bring(address: str, enough: Enough) -> SyncReport:
            return sync([by_address.get(address, address)], index, MOST, enough=enough)

        yield InStep(index.library, [*by_address, *([str(folder)] if folder else [])], every, bring), index


def shelf(name: str, pages: int = 3) -> Shelf:
    made = Shelf({f"Page {n}": f"Number{n} of {name} stands alone." for n in range(pages)})
    made.address, made.label = f"shelf+https://{name}.example", name
    return made


def now() -> datetime:
    return datetime.now(UTC)


def found(index: Index, question: str) -> list[str]:
    return [hit.article.id for hit in index.find(question, ALL, 1)]


def test_each_source_has_its_turn_once_in_its_time(tmp_path: Path) -> None:
    """What was never read is read at once, each source once; then each again after its time."""
    one, two = shelf("one"), shelf("two")
    with kept(tmp_path / "home", one, two) as (step, index):
        assert [step.turn(now()) for _ in range(3)] == [one.address, two.address, None]
        assert index.library.counts()["articles"] == 6
        for source in index.library.ledger.sources():
            read = datetime.fromisoformat(source.synced or "")
            assert step.due()[source.address] - read == timedelta(seconds=ASKED_AFTER * EVERY)
        one.pages["Page 1"] = "Quince is new here."
        assert [step.turn(now() + LATER) for _ in range(2)] == [one.address, two.address]
        assert found(index, "quince") == ["one/Page 1"]


def test_it_looks_again_when_a_source_is_due(tmp_path: Path) -> None:
    """At once, in its time, and every 5 seconds at the latest, because others add sources; never without a pause."""
    with kept(tmp_path / "home", shelf("one")) as (step, _):
        assert step.pause(now()) == 1.0  # due already: another process may be at it
        step.turn(now())
        (due,) = step.due().values()
        pauses = [step.pause(due - timedelta(seconds=seconds)) for seconds in (40, 3, 0.2)]
        assert pauses == pytest.approx([5.0, 3.0, 1.0])


def test_a_source_that_fails_stops_no_other_and_is_tried_ever_later(tmp_path: Path) -> None:
    """Its reason and since when are kept; it waits as long as it has failed so far, at most an hour; the others go on.
    When it answers again, its trouble is over."""
    one, two = shelf("one"), shelf("two")
    with kept(tmp_path / "home", one, two) as (step, index):
        step.turn(now())
        step.turn(now())
        one.away = SourceError("one does not answer;\n try later")
        two.pages["Page 1"] = "Quince is new here."
        assert {step.turn(now() + LATER), step.turn(now() + LATER)} == {one.address, two.address}
        assert found(index, "quince") == ["two/Page 1"]
        trouble = index.library.ledger.troubles()[one.address]
        assert (trouble.reason, trouble.since) == ("one does not answer; try later", trouble.at)
        began = datetime.fromisoformat(trouble.since)
        for minutes in (1, 10, 20, 600):
            at = began + timedelta(minutes=minutes)
            index.library.ledger.stumbled(one.address, "away", at.isoformat())
            wait = (step.due()[one.address] - at).total_seconds()
            assert wait == min(max(EVERY * ASKED_AFTER, minutes * 60), LONGEST_WAIT)
        assert [(told.label, told.failing) for told in step.told(ALL)] == [("one", began.isoformat()), ("two", None)]
        one.away = None
        with index.library.transaction() as connection:
            connection.execute("UPDATE trouble SET since = synced, at = synced FROM source")
        step.turn(now() + LATER)
        assert step.told(ALL)[0].failing is None


def test_a_source_that_never_answered_is_known_too(tmp_path: Path) -> None:
    """Its reason is kept, though the library has no such source; any error is one, and none ends the thread."""
    one, two = shelf("one"), shelf("two")
    one.away, two.away = SourceError("no such wiki"), RuntimeError("a bug")  # type: ignore[assignment]
    with kept(tmp_path / "home", one, two) as (step, index):
        assert {step.turn(now()), step.turn(now())} == {one.address, two.address}
        assert step.turn(now()) is None
        reasons = {address: trouble.reason for address, trouble in index.library.ledger.troubles().items()}
        assert reasons == {
            one.address: "no such wiki", two.address: "something went wrong; the log of the server says what",
        }  # fmt: skip
        assert index.library.ledger.sources() == []
        assert step.told(None) == []


def test_whoever_asks_for_a_look_gets_one(tmp_path: Path) -> None:
    """`pull` has all sources asked within seconds, also where nothing is asked for by itself, and those that failed."""
    one = shelf("one")
    with kept(tmp_path / "home", one, every=0) as (step, index):
        assert step.turn(now() + LATER) is None
        step.pull()
        assert step.turn(now()) == one.address
        assert step.turn(now() + LATER) is None
        one.away = SourceError("away")
        step.pull()
        assert step.turn(now() + timedelta(seconds=10)) == one.address
        assert step.turn(now() + LATER) is None
        one.away = None
        step.pull()
        assert step.turn(now()) is None  # it was asked a moment ago
        assert step.turn(now() + timedelta(seconds=10)) == one.address
        assert index.library.counts()["articles"] == 3


def test_one_of_several_servers_leads(tmp_path: Path) -> None:
    """What one server has read is not due for another; while one is at it, the other waits for its turn."""
    one = shelf("one")
    with kept(tmp_path / "home", one) as (first, index), kept(tmp_path / "home", one) as (second, _):
        with index.library.writing():
            assert second.turn(now()) is None
        assert index.library.ledger.troubles() == {}
        assert (first.turn(now()), second.turn(now())) == (one.address, None)
        assert second.turn(now() + LATER) == one.address
        assert first.turn(now()) is None


def test_rights_and_deletions_never_wait_for_what_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A turn that reads much ends when another source's comes, and goes on later from where it was; what the other
    hides and deletes counts meanwhile."""
    monkeypatch.setattr("article_assistant.index.instep.SLICE", -1.0)
    monkeypatch.setattr("article_assistant.index.sync.BATCH", 2)
    large, small = shelf("large", 12), shelf("small")
    with kept(tmp_path / "home", large, small) as (step, index):
        step.turn(now())
        assert index.library.counts()["articles"] < 12
        assert step.turn(now()) == small.address
        del small.pages["Page 0"]
        small.readers["Page 1"] = frozenset({"hr"})
        step.pull()
        step.turn(now() + LATER)
        assert index.library.counts()["articles"] < 14
        step.turn(now() + LATER)
        assert index.article("small/Page 0", None) is None
        assert index.article("small/Page 1", ALL) is None
        for _ in range(40):
            if index.library.counts()["articles"] == 14:
                break
            step.turn(now() + LATER)
        assert index.library.counts()["articles"] == 14
        assert len(large.fetched) < 80  # not from the beginning each time


def test_a_command_goes_first(tmp_path: Path) -> None:
    """A turn gives way to whoever wants to write, and what it had read by then stays."""
    one = shelf("one", 400)
    with kept(tmp_path / "home", one) as (step, index), closing(Library.open(tmp_path / "home")) as other:
        began, real = threading.Event(), one.page

        def page(key: str) -> object:
            began.set()
            return real(key)

        one.page = page  # type: ignore[method-assign,assignment]
        turn = threading.Thread(target=step.turn, args=(now(),))
        turn.start()
        assert began.wait(30)
        with other.writing():
            turn.join(30)
            assert not turn.is_alive()
        assert len(one.fetched) < 400
        assert index.library.ledger.troubles() == {}
        assert step.turn(now()) == one.address
        assert index.library.counts()["articles"] == 400


def test_files_that_vanish_in_great_number_wait_for_a_command(tmp_path: Path) -> None:
    """Nobody looks on: a folder that lost more than a tenth of its files keeps its articles until a command says so."""
    folder = write(tmp_path / "docs", {f"{n}.md": f"Number{n} stands alone." for n in range(10)})
    with kept(tmp_path / "home", folder=folder) as (step, index):
        step.turn(now())
        (folder / "0.md").unlink()
        step.turn(now() + LATER)
        assert index.library.counts()["articles"] == 9
        for n in range(1, 4):
            (folder / f"{n}.md").unlink()
        step.turn(now() + LATER)
        source = index.library.ledger.sources()[0]
        assert (index.library.counts()["articles"], source.waiting) == (9, 3)
        sync([str(folder)], index, MOST)
        assert (index.library.counts()["articles"], index.library.ledger.sources()[0].waiting) == (6, 0)


def test_a_right_withdrawn_from_the_whole_source_hides_at_once(tmp_path: Path) -> None:
    """A source that lets its reader in no more shows nothing any more, and says why."""
    one = shelf("one")
    with kept(tmp_path / "home", one) as (step, index):
        step.turn(now())
        one.away = Withdrawn("private now")
        step.turn(now() + LATER)
        assert (found(index, "number1"), step.told(ALL)) == ([], [])
        assert index.library.ledger.troubles()[one.address].reason == "private now"


def test_nobody_is_told_of_what_they_may_not_read(tmp_path: Path) -> None:
    """Articles are counted for those who ask, and a source of which they see nothing is not named."""
    one, two = shelf("one"), shelf("two")
    one.readers["Page 1"] = frozenset({"hr"})
    two.readers = dict.fromkeys(two.pages, frozenset({"hr"}))
    with kept(tmp_path / "home", one, two) as (step, index):
        step.turn(now())
        step.turn(now())
        read = index.library.ledger.sources()[0].synced
        assert step.told(ALL) == [Freshness("one", 2, read, None)]
        assert [told.articles for told in step.told(ALL | {"hr"})] == [3, 3]
        forget("two", index)
        assert [told.label for told in step.told(None)] == ["one"]


def test_the_thread_starts_pulls_and_ends(tmp_path: Path) -> None:
    """Started, it reads by itself; pulled, it reads again; closed, it is gone."""
    one = shelf("one")
    with kept(tmp_path / "home", one) as (step, index):
        step.start()
        until(lambda: index.library.counts()["articles"] == 3)
        one.pages["Page 3"] = "Quince is new here."
        step.pull()
        until(lambda: index.library.counts()["articles"] == 4)
        assert step.close()


def test_a_password_is_one_hosts(tmp_path: Path) -> None:
    """The password of the environment goes to the one host that needs it, and to none where several do."""
    one, two = "mediawiki+https://Mia@one.example", "mediawiki+https://Mia@two.example"
    own = {two: Access(password="theirs")}
    given = Settings(home=tmp_path, source_password="ours", sources=own)  # type: ignore[arg-type]
    assert [access.password for access in given.access([one, two, "dokuwiki+https://three.example"]).values()] == [
        "ours", "theirs", "",
    ]  # fmt: skip
    given = Settings(home=tmp_path, source_password="ours")  # type: ignore[arg-type]
    assert [access.password for access in given.access([one, two]).values()] == ["", ""]
