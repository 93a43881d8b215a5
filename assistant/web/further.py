"""Questions that go on from an answer: what the articles that it cites answer as well."""

import threading
from itertools import islice

from article_assistant.examples import SURE, propose
from article_assistant.index.types import Article, Groups
from article_assistant.types import Answer, Answering, Ready, User
from cachetools import LRUCache

OFFERED = 3
"""Questions that are offered at most."""
LOOKED_INTO = 2
"""Cited articles from which they come at most."""
PROPOSED = 6
"""Questions of one article that are tried at most."""
MAX_KNOWN = 2000
"""Articles whose questions are kept; the least recently used are dropped."""


class Further:
    """Questions to go on with, each tried before it is offered; tried once for all who may read the same.

    Trying takes as long as a few answers, so one article is tried at a time, and nobody waits for another's.
    """

    def __init__(self, assistant: Answering) -> None:
        self._assistant = assistant
        self._known = LRUCache[tuple[Groups, str, str], list[str]](MAX_KNOWN)
        self._lock = threading.Lock()
        self._trying = threading.Lock()

    def __call__(self, user: User, conversation: str, most: int) -> list[str]:
        """Those that go on from the last of the `most` last answers of a conversation, asked in none of them."""
        kept = self._assistant.conversation(user, conversation, most)
        if not (kept and kept[-1].answered):
            return []
        asked = {answer.question.casefold() for answer in kept}
        cited = dict.fromkeys(citation.article for citation in kept[-1].citations)
        articles = [self._assistant.article(identifier, user) for identifier in islice(cited, LOOKED_INTO)]
        found = [question for article in articles if article for question in self._of(article, user)]
        return [question for question in dict.fromkeys(found) if question.casefold() not in asked][:OFFERED]

    def _of(self, article: Article, user: User) -> list[str]:
        key = user.groups, article.id, article.revision
        with self._lock:
            known = self._known.get(key)
        if known is None and self._trying.acquire(blocking=False):
            try:
                proposed = (question for question, _ in islice(propose([article]), PROPOSED))
                known = [question for question in proposed if self._is_told(question, article, user)]
                with self._lock:
                    self._known[key] = known
            finally:
                self._trying.release()
        return known or []

    def _is_told(self, question: str, article: Article, user: User) -> bool:
        """Whether the offline answer is a sure one from this article; a language model is not asked."""
        for event in self._assistant.ask(question, user):
            answer = event.answer if isinstance(event, Ready) else event
            if isinstance(answer, Answer):
                cited = {citation.article for citation in answer.citations}
                return answer.answered and (answer.confidence or 0.0) >= SURE and article.id in cited
        return False
