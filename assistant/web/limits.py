"""How much one person may ask in a minute and at the same time, so that nobody takes the others' turn."""

import time
from collections import Counter, deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from article_assistant.web import routes
from article_assistant.web.sessions import MAX_SESSIONS
from cachetools import LRUCache

ASKING = {one.path for one in (routes.EVENT, routes.ASK, routes.COMPLETIONS, routes.TOOLS, routes.WIDGET_ASK)}
"""Where questions are asked, of which each person may ask so many."""
QUEUED = ASKING - {routes.EVENT.path, routes.TOOLS.path}
"""Those of them whose requests are each one question in the line of programs."""
MINUTE = 60.0
SHARED = 50
"""How many people an address or a program's key may stand for: it may ask so many times as much as one person."""


class Limits:
    """Counts what people send, by any name of theirs. 0 is no limit."""

    def __init__(self, a_minute: int, at_once: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._a_minute = a_minute
        self._at_once = at_once
        self._clock = clock
        self._sent = LRUCache[str, deque[float]](MAX_SESSIONS)
        self._open = Counter[str]()

    def wait(self, person: str, people: int = 1) -> float:
        """Seconds until this person may send something again, 0 for now; then it counts as sent.

        One who stands for so many `people` has the share of all of them.
        """
        if self._at_once and self._open[person] >= self._at_once * people:
            return 1.0
        if not self._a_minute:
            return 0.0
        sent = self._sent.setdefault(person, deque(maxlen=self._a_minute * people))
        now = self._clock()
        if len(sent) == self._a_minute * people and sent[0] + MINUTE > now:
            return sent[0] + MINUTE - now
        sent.append(now)
        return 0.0

    @contextmanager
    def held(self, person: str) -> Iterator[None]:
        """While something of this person's is being answered."""
        self._open[person] += 1
        try:
            yield
        finally:
            self._open[person] -= 1
            if not self._open[person]:
                del self._open[person]
