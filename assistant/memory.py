"""Turns of conversations: kept in one SQLite file for some days, each conversation for its own user alone."""

import json
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from article_assistant.types import Answer, Thumb, Turn, User
from pydantic import TypeAdapter

MEMORY_FILE = "memory.sqlite3"
TURNS = 6
"""Turns that are looked back on."""
KEPT_DAYS = 30
"""Turns older than this are dropped, whosever they are, unless a setting says otherwise."""

_TABLE = """
CREATE TABLE IF NOT EXISTS turn (
    number INTEGER PRIMARY KEY, user TEXT NOT NULL, conversation TEXT NOT NULL, at REAL NOT NULL,
    question TEXT NOT NULL, answer TEXT NOT NULL, articles TEXT NOT NULL, standalone TEXT NOT NULL DEFAULT '',
    shown TEXT NOT NULL DEFAULT '', thumb TEXT NOT NULL DEFAULT '', word TEXT NOT NULL DEFAULT ''
)
"""
_ADDED = ("standalone", "shown", "thumb", "word")
"""Columns that a file of an older version lacks."""
_ANSWER = TypeAdapter(Answer)


@dataclass(frozen=True, slots=True)
class Opinion:
    """How one question went: when it was asked (seconds since 1970), whether it was answered, what was said of it."""

    question: str
    at: float
    answered: bool
    thumb: Thumb
    word: str


class Memory:
    """What was asked and answered before, by user and conversation; safe to use from any thread."""

    def __init__(self, home: Path | None = None, days: int = KEPT_DAYS) -> None:
        """Keep turns for `days` in the folder `home`, or for as long as this object lives without one."""
        if home is not None:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / MEMORY_FILE).touch(mode=0o600)
        path = ":memory:" if home is None else str(home / MEMORY_FILE)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._lock = threading.Lock()
        with ExitStack() as failed:
            failed.callback(self._connection.close)
            self._prepare(days)
            failed.pop_all()

    def _prepare(self, days: int) -> None:
        """Make the table, or bring that of an older version up to this one, and drop turns older than `days`."""
        self._connection.execute(_TABLE)
        there = {row[1] for row in self._connection.execute("PRAGMA table_info(turn)")}
        for column in _ADDED:
            if column not in there:
                self._connection.execute(f"ALTER TABLE turn ADD COLUMN {column} TEXT NOT NULL DEFAULT ''")
        self._connection.execute("CREATE INDEX IF NOT EXISTS turn_of ON turn (user, conversation)")
        self._connection.execute("DELETE FROM turn WHERE at < ?", (time.time() - days * 86400,))

    def turns(self, user: User, conversation: str) -> list[Turn]:
        """The last turns, oldest first."""
        query = (
            "SELECT question, answer, articles, standalone FROM turn WHERE user = ? AND conversation = ? "
            "ORDER BY number DESC LIMIT ?"
        )
        with self._lock:
            rows = self._connection.execute(query, (user.name, conversation, TURNS)).fetchall()
        return [Turn(row[0], row[1], tuple(json.loads(row[2])), row[3]) for row in reversed(rows)]

    def add(self, user: User, conversation: str, turn: Turn, answer: Answer | None = None) -> None:
        """Put a turn behind the others, with the whole `answer` where it is to be shown again."""
        shown = _ANSWER.dump_json(answer).decode("utf-8", "replace") if answer else ""
        values = (turn.question, turn.answer, json.dumps(turn.articles), turn.standalone, shown)
        with self._lock:
            self._connection.execute(
                "INSERT INTO turn (user, conversation, at, question, answer, articles, standalone, shown) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (user.name, conversation, time.time(), *values),
            )

    def answers(self, user: User, conversation: str, most: int) -> list[Answer]:
        """The last answers as they were given, at most `most`, oldest first. Those of older versions are not there."""
        query = (
            "SELECT shown FROM turn WHERE user = ? AND conversation = ? AND shown != '' ORDER BY number DESC LIMIT ?"
        )
        with self._lock:
            rows = self._connection.execute(query, (user.name, conversation, most)).fetchall()
        return [_ANSWER.validate_json(row[0]) for row in reversed(rows)]

    def conversations(self, user: User, most: int) -> list[tuple[str, str, float]]:
        """Name, first question and last time (seconds since 1970) of a user's conversations, the last `most`."""
        query = (
            "SELECT first.conversation, first.question, latest FROM turn AS first JOIN (SELECT min(number) AS begun, "
            "max(number) AS last, max(at) AS latest FROM turn WHERE user = ? AND shown != '' GROUP BY conversation) "
            "ON first.number = begun ORDER BY last DESC LIMIT ?"
        )
        with self._lock:
            return self._connection.execute(query, (user.name, most)).fetchall()

    def judge(self, user: User, conversation: str, question: str, thumb: Thumb, word: str = "") -> bool:
        """Keep what somebody thinks of the last answer to a question; False where there is no such answer."""
        last = "SELECT max(number) FROM turn WHERE user = ? AND conversation = ? AND question = ?"
        with self._lock:
            changed = self._connection.execute(
                f"UPDATE turn SET thumb = ?, word = ? WHERE number = ({last})",
                (thumb, word, user.name, conversation, question),
            )
            return changed.rowcount > 0

    def judged(self) -> Iterator[Opinion]:
        """Every question that is kept with its answer, oldest first, as it was searched, and how it went."""
        query = (
            "SELECT CASE standalone WHEN '' THEN question ELSE standalone END, at, "
            "json_extract(shown, '$.answered'), thumb, word FROM turn WHERE shown != '' ORDER BY number"
        )
        with self._lock:
            rows = self._connection.execute(query).fetchall()
        for question, at, answered, thumb, word in rows:
            yield Opinion(question, at, bool(answered), thumb, word)

    def forget(self, user: User, conversation: str) -> None:
        """Drop a conversation."""
        with self._lock:
            self._connection.execute("DELETE FROM turn WHERE user = ? AND conversation = ?", (user.name, conversation))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
