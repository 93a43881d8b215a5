"""Turns of conversations: bounded, kept, and each person's own."""

import sqlite3
import stat
import threading
import time
from contextlib import closing
from pathlib import Path

from article_assistant.memory import KEPT_DAYS, MEMORY_FILE, TURNS, Memory
from article_assistant.types import Answer, Citation, Turn, User

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
    with closing(sqlite3.connect(tmp_path / MEMORY_FILE)) as connection, connection:
        connection.execute("UPDATE turn SET at = at - ? WHERE number = 1", ((KEPT_DAYS + 1) * 86400,))
    connection.close()
    again = Memory(tmp_path)
    assert again.turns(MIA, "one") == [turn(2)]
    again.close()


def test_a_file_of_an_older_version_goes_on(tmp_path: Path) -> None:
    """Turns that were kept before they were restated come back without that, and new ones with it."""
    with closing(sqlite3.connect(tmp_path / MEMORY_FILE)) as connection, connection:
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
    assert stat.S_IMODE((tmp_path / "home" / MEMORY_FILE).stat().st_mode) == 0o600
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


def given(question: str, words: str = "Yes. [1]") -> Answer:
    """An answer with a quote, as the pipeline gives it."""
    cited = Citation(1, "docs/ü.md", "Ü", "", "A › B", "“Yes.”", 3, 9, "r1", None, 2)
    return Answer(question, True, "Yes", words, "extractive", 0.5, (cited,), seconds={"find": 0.1}, standalone=question)


def test_answers_come_back_as_they_were_given(tmp_path: Path) -> None:
    """An answer that is kept whole comes back equal after a restart; turns of an older version are left out."""
    memory = Memory(tmp_path)
    memory.add(MIA, "one", turn(1))
    memory.add(MIA, "one", turn(2), given("Q?"))
    memory.add(MIA, "one", turn(3), given("R?"))
    memory.close()
    again = Memory(tmp_path)
    assert again.answers(MIA, "one", 30) == [given("Q?"), given("R?")]
    assert again.answers(MIA, "one", 1) == [given("R?")]
    assert again.answers(TOM, "one", 30) == again.answers(MIA, "two", 30) == []
    again.close()


def test_a_thumb_belongs_to_the_last_answer_of_a_question() -> None:
    """A judgement is kept with the last answer to that question in that conversation, and changed by the next one."""
    memory = Memory()
    for _ in range(2):
        memory.add(MIA, "one", turn(1), given("Question 1?"))
    assert memory.judge(MIA, "one", "Question 1?", "down", "wrong office")
    assert not memory.judge(TOM, "one", "Question 1?", "up")
    assert not memory.judge(MIA, "one", "Never asked?", "up")
    assert [(one.thumb, one.word) for one in memory.judged()] == [("", ""), ("down", "wrong office")]
    assert memory.judge(MIA, "one", "Question 1?", "")
    assert [(one.thumb, one.word, one.answered) for one in memory.judged()] == [("", "", True)] * 2
    memory.close()


def test_how_long_turns_are_kept_can_be_said(tmp_path: Path) -> None:
    """Turns older than the days given are dropped when the memory is opened."""
    memory = Memory(tmp_path)
    memory.add(MIA, "one", turn(1))
    memory.close()
    with closing(sqlite3.connect(tmp_path / MEMORY_FILE, isolation_level=None)) as file:
        file.execute("UPDATE turn SET at = at - 2 * 86400")
    assert [turns(tmp_path, days) for days in (3, 1)] == [1, 0]


def turns(home: Path, days: int) -> int:
    """How many turns are left when the memory is opened with this retention."""
    memory = Memory(home, days)
    left = len(memory.turns(MIA, "one"))
    memory.close()
    return left


def test_own_conversations_are_listed_the_latest_first() -> None:
    """Each by its name, its first question and when it went on last; nobody else's, and no more than are wanted."""
    memory = Memory()
    shown = Answer("Question 1?", True, None, "Yes. [1]", "extractive", None, ())
    for user, name, number in ((MIA, "one", 1), (TOM, "other", 2), (MIA, "two", 3), (MIA, "one", 4)):
        memory.add(user, name, turn(number), shown)
    assert [(name, first) for name, first, _ in memory.conversations(MIA, 10)] == [
        ("one", "Question 1?"),
        ("two", "Question 3?"),
    ]
    (latest,) = memory.conversations(MIA, 1)
    assert latest[0] == "one"
    assert abs(latest[2] - time.time()) < 60
    memory.close()
