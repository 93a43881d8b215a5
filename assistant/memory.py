"""Turns of conversations: kept in one SQLite file, bounded, each conversation for its own user alone."""

import json
import sqlite3
import threading
import time
from pathlib import Path

from article_assistant.types import Turn, User

FILE = "memory.sqlite3"
TURNS = 6
"""Turns that are looked back on."""
KEPT_DAYS = 30
"""Turns older than this are dropped, whosever they are."""

_TABLE = """
CREATE TABLE IF NOT EXISTS turn (
    number INTEGER PRIMARY KEY, user TEXT NOT NULL, conversation TEXT NOT NULL, at REAL NOT NULL,
    question TEXT NOT NULL, answer TEXT NOT NULL, articles TEXT NOT NULL, standalone TEXT NOT NULL DEFAULT ''
)
"""


class Memory:
    """What was asked and answered before, by user and conversation; safe to use from any thread."""

    def __init__(self, home: Path | None = None) -> None:
        """Keep turns in the folder `home`, or for as long as this object lives without one."""
        if home is not None:
            home.mkdir(mode=0o700, parents=True, exist_ok=True)
            (home / FILE).touch(mode=0o600)
        path = ":memory:" if home is None else str(home / FILE)
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None, timeout=10)
        self._lock = threading.Lock()
        self._connection.execute(_TABLE)
        # A file of an older version has no such column.
        if "standalone" not in {row[1] for row in self._connection.execute("PRAGMA table_info(turn)")}:
            self._connection.execute("ALTER TABLE turn ADD COLUMN standalone TEXT NOT NULL DEFAULT ''")
        self._connection.execute("CREATE INDEX IF NOT EXISTS turn_of ON turn (user, conversation)")
        self._connection.execute("DELETE FROM turn WHERE at < ?", (time.time() - KEPT_DAYS * 86400,))

    def turns(self, user: User, conversation: str) -> list[Turn]:
        """The last turns, oldest first."""
        query = (
            "SELECT question, answer, articles, standalone FROM turn WHERE user = ? AND conversation = ? "
            "ORDER BY number DESC LIMIT ?"
        )
        with self._lock:
            rows = self._connection.execute(query, (user.name, conversation, TURNS)).fetchall()
        return [Turn(row[0], row[1], tuple(json.loads(row[2])), row[3]) for row in reversed(rows)]

    def add(self, user: User, conversation: str, turn: Turn) -> None:
        """Put a turn behind the others."""
        articles = json.dumps(turn.articles)
        values = (user.name, conversation, time.time(), turn.question, turn.answer, articles, turn.standalone)
        with self._lock:
            self._connection.execute(
                "INSERT INTO turn (user, conversation, at, question, answer, articles, standalone) "
                "VALUES (?, ?, ?, ?, ?, ?, ?)",
                values,
            )

    def forget(self, user: User, conversation: str) -> None:
        """Drop a conversation."""
        with self._lock:
            self._connection.execute("DELETE FROM turn WHERE user = ? AND conversation = ?", (user.name, conversation))

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._connection.close()
