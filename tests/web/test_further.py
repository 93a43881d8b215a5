"""Questions to go on with: only such as the articles of the last answer answer, for whoever may read them."""

from dataclasses import replace
from typing import Any

from article_assistant.index.types import EVERYONE
from article_assistant.types import Ready, User
from article_assistant.web.further import OFFERED, Further

from tests import served as web

MIA = User("Mia", frozenset({EVERYONE}))
ASKED = [f"Who owns the queue number {number}?" for number in range(8)]
ARTICLE = web.article("ops/owners.md", "# Owners\n\n" + "\n\n".join(f"## {one}\n\nAnna Berg." for one in ASKED))


def told(question: str, confidence: float = 0.9) -> Any:
    """A sure answer from the article."""
    return replace(web.answered(question, "Anna Berg. [1]", web.citation(ARTICLE, "Anna Berg.")), confidence=confidence)


def over(*steps: Any) -> web.Scripted:
    """An assistant whose last answer cites the article, and that then answers like this."""
    assistant = web.scripted(*steps)
    assistant.articles[ARTICLE.id] = ARTICLE
    assistant.kept["c"] = [told(ASKED[0].upper())]
    return assistant


def test_what_is_surely_answered_is_offered() -> None:
    """Not what was asked, is refused, is unsure, or is answered from elsewhere; tried once, and remembered nowhere."""
    steps = [told(ASKED[0]), web.refused(ASKED[1]), told(ASKED[2], 0.5), web.good(ASKED[3]), *map(told, ASKED[4:])]
    assistant = over(*steps)
    further = Further(assistant)
    assert further(MIA, "c", 30) == ASKED[4:6]
    assert [(question, user, name) for question, user, name in assistant.asked] == [
        (one, MIA, None) for one in ASKED[:6]
    ]
    assert further(MIA, "c", 30) == ASKED[4:6]
    assert len(assistant.asked) == 6


def test_a_few_are_offered_and_a_changed_article_is_tried_anew() -> None:
    """At most OFFERED; another revision, or other groups, are tried again."""
    assistant = over(*map(told, ASKED[:6] * 3))
    further = Further(assistant)
    assert further(MIA, "c", 30) == ASKED[1 : 1 + OFFERED]
    assistant.articles[ARTICLE.id] = replace(ARTICLE, revision="r2")
    assert further(MIA, "c", 30) == ASKED[1 : 1 + OFFERED]
    assert len(assistant.asked) == 12


def test_a_language_model_is_not_asked() -> None:
    """The offline answer tells; what comes behind it is not waited for."""
    steps = [[Ready(told(one)), AssertionError("a model is asked")] for one in ASKED[:6]]
    assert Further(over(*steps))(MIA, "c", 30) == ASKED[1 : 1 + OFFERED]


def test_nothing_follows_a_refusal_or_what_may_not_be_read() -> None:
    """Nothing is tried for an empty conversation, a refusal, or an article that is not there for whoever asks."""
    assistant = over()
    assert Further(assistant)(MIA, "none", 30) == []
    assistant.kept["c"].append(web.refused("Why?"))
    assert Further(assistant)(MIA, "c", 30) == []
    assistant.kept["c"].pop()
    del assistant.articles[ARTICLE.id]
    assert Further(assistant)(MIA, "c", 30) == []
    assert assistant.asked == []
