"""A daily limit on the tokens of a language model."""

import json
import logging
import threading
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from article_assistant.index.disk import replacing

log = logging.getLogger(__name__)
BUDGET_FILE = "llm-tokens.json"
"""The file in the home with today's token count."""


class Budget:
    """Tokens used this UTC day, counted from any thread and kept in a file that other processes may share."""

    def __init__(self, tokens_a_day: int, home: Path | None = None) -> None:
        """`tokens_a_day` is 0 for no limit; without a `home` a restart starts from zero."""
        self._limit = tokens_a_day
        self._path = home / BUDGET_FILE if home else None
        self._lock = threading.Lock()
        self._day, self._tokens = "", 0

    @property
    def is_spent(self) -> bool:
        """Whether today's limit is reached."""
        with self._lock:
            return bool(self._limit) and self._used(_today()) >= self._limit

    def add(self, tokens: int) -> None:
        """Count used tokens. If the file cannot be written, only log a warning."""
        if not self._limit:
            return
        with self._lock:
            day = _today()
            self._day, self._tokens = day, self._used(day) + tokens
            try:
                self._store()
            except OSError as error:
                log.warning("%s cannot be written (%s): a restart forgets today's tokens", self._path, error)

    def _used(self, day: str) -> int:
        """The day's count: the larger of this process's and the file's."""
        used = self._tokens if self._day == day else 0
        if self._path:
            with suppress(OSError, ValueError, TypeError, LookupError):  # not there yet, or damaged
                stored = json.loads(self._path.read_text(encoding="utf-8"))
                if stored["day"] == day:
                    used = max(used, int(stored["tokens"]))
        return used

    def _store(self) -> None:
        if self._path is None:
            return
        with replacing(self._path) as file:
            json.dump({"day": self._day, "tokens": self._tokens}, file)


def _today() -> str:
    return datetime.now(UTC).date().isoformat()
