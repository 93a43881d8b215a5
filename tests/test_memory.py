"""Turns of conversations: bounded, kept, and each person's own."""

import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path

from article_assistant.memory import FILE, KEPT_DAYS, TURNS, Memory
from article_assistant.types import Turn, User

MIA = User("mia", frozenset({"everyone"}))
TOM = User("tom", frozenset({"everyone"}))


def turn(number: int) -> Turn:
    restated = f"Question {number} (restated)?"
    return Turn(f"Question {number}?", f"Answer “{number}”. [1]", ("docs/a.md", "docs/ü.md"), restated)


def test_the_last_turns_come_back_oldest_first(tmp_path: Path) -> None:
    """A conversation looks back on its last turns, also after a restart."""
    memory = Memory(tmp_path)
    for number in range(TURNS + 3):
        memory.add(MIA, "one", turn(number))
    memory.close()
    again = Memory(tmp_path)
    assert again.turns(MIA, "one") == [turn(number) for number in range(3, TURNS + 3)]
    again.close()


def test_nobody_reads_what_another_asked() -> None:
    """Another person, or another conversation, sees none of it, even under the same name."""
    memory = Memory()
    memory.add(MIA, "one", turn(1))
    assert memory.turns(TOM, "one") == []
    assert memory.turns(MIA, "two") == []
    memory.forget(TOM, "one")
    assert memory.turns(MIA, "one") == [turn(1)]
    memory.forget(MIA, "one")
    assert memory.turns(MIA, "one") == []
    memory.close()


def test_old_turns_are_dropped(tmp_path: Path) -> None:
    """What is older than the promised days is gone at the next start."""
    memory = Memory(tmp_path)
    memory.add(MIA, "one", turn(1))
    memory.add(MIA, "one", turn(2))
    memory.close()
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute("UPDATE turn SET at = at - ? WHERE number = 1", ((KEPT_DAYS + 1) * 86400,))
    connection.close()
    again = Memory(tmp_path)
    assert again.turns(MIA, "one") == [turn(2)]
    again.close()


def test_a_file_of_an_older_version_goes_on(tmp_path: Path) -> None:
    """Turns that were kept before they were restated come back without that, and new ones with it."""
    with closing(sqlite3.connect(tmp_path / FILE)) as connection, connection:
        connection.execute(
            "CREATE TABLE turn (number INTEGER PRIMARY KEY, user TEXT NOT NULL, conversation TEXT NOT NULL, "
            "at REAL NOT NULL, question TEXT NOT NULL, answer TEXT NOT NULL, articles TEXT NOT NULL)"
        )
        connection.execute("INSERT INTO turn VALUES (1, 'mia', 'one', ?, 'Old?', 'Yes. [1]', '[]')", (time.time(),))
    connection.close()
    for _ in range(2):
        memory = Memory(tmp_path)
        assert memory.turns(MIA, "one")[0] == Turn("Old?", "Yes. [1]", ())
        memory.add(MIA, "one", turn(2))
        assert memory.turns(MIA, "one")[-1] == turn(2)
        memory.close()


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Nobody else on the machine reads what was asked."""
    Memory(tmp_path / "home").close()
    assert stat.S_IMODE((tmp_path / "home" / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


def test_any_thread_may_use_it() -> None:
    """Turns of many threads at once are all kept."""
    memory = Memory()
    threads = [threading.Thread(target=memory.add, args=(MIA, f"c{number}", turn(number))) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [memory.turns(MIA, f"c{number}") for number in range(20)] == [[turn(number)] for number in range(20)]
    memory.close()
