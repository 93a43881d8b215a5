"""Why an answer is that one: what was found, what was thought of it, what became of it; with the rights of who asks."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import article_assistant
import pytest
from article_assistant import opening
from article_assistant.answering import explaining
from article_assistant.answering.reader import VERIFIED
from article_assistant.index.chunk import split
from article_assistant.index.sync import sync
from article_assistant.index.types import EVERYONE
from article_assistant.memory import MEMORY_FILE
from article_assistant.pipeline import PASSAGES, Assistant
from article_assistant.settings import Settings
from article_assistant.types import User

from tests import parts

ASKED = "How many assailants were captured?"
READER = User("reader", frozenset({EVERYONE}))
CLERK = User("clerk", frozenset({EVERYONE, "hr"}))


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over the sample news, and one article about the same that only the group hr may read."""
    settings = Settings(home=tmp_path_factory.mktemp("explained"))
    hidden = parts.article(
        "In the drill ninety-three assailants were captured.", "Drill", "hr/drill.md", frozenset({"hr"})
    )
    with opening.open_index(settings) as index:
        sync([str(parts.SEEDS / "news")], index, parts.MOST)
        with index.library.writing():
            source = index.library.ledger.add("/hr", "hr")
            index.replace(source, [(hidden, "r1", split(hidden, index.embedder))])
        with article_assistant.open(settings, index=index) as opened:
            yield opened


def test_an_explanation_is_there_only_where_it_is_asked_for(assistant: Assistant) -> None:
    """Without `explain` an answer has none, in its JSON neither; with it the answer is the same, and nothing of it is
    stored."""
    plain, explained = (assistant.answer(ASKED, READER, f"c{on}", on) for on in (False, True))
    assert plain.explanation is None
    assert "explanation" not in plain.as_json()
    told = json.loads(json.dumps(explained.as_json()))
    assert len(told.pop("explanation")["passages"]) == PASSAGES
    assert {**told, "seconds": 0} == {**json.loads(json.dumps(plain.as_json())), "seconds": 0}
    with closing(sqlite3.connect(assistant.index.library.home / MEMORY_FILE)) as kept:
        stored = [json.loads(row[0]) for row in kept.execute("SELECT shown FROM turn")]
    assert [one["explanation"] for one in stored] == [None, None]


def test_what_is_cited_stands_first_with_its_places_and_opinions(assistant: Assistant) -> None:
    """The cited passage comes first, found by words and by meaning; both models think that its words answer; each
    passage is the article's own text, and every other one was less likely or of another kind."""
    answer = assistant.answer(ASKED, READER, explain=True)
    why = answer.explanation
    assert why
    first, *others = why.passages
    (citation,) = answer.citations
    assert (first.article, first.verdict, first.words) == (citation.article, "cited", "seven")
    assert first.sentence == citation.quote
    assert first.by_meaning == first.by_words == 1
    assert first.reader is not None
    assert first.reader > 0
    assert first.verifier is not None
    assert first.verifier > 0
    assert first.chance is not None
    assert first.chance > 0.5
    assert {one.verdict for one in others} <= {"less likely", "of another kind"}
    assert sum(one.verifier is not None for one in why.passages) == VERIFIED
    assert sum(one.chance or 0.0 for one in why.passages) <= 1
    for one in why.passages:
        article = assistant.article(one.article, READER)
        assert article
        assert one.sentence in article.text[one.start : one.end]
    assert (why.kind, why.way, why.refused) == ("number", "sentences", "")


def test_a_refusal_says_why(assistant: Assistant) -> None:
    """What is too unsure is said to be, with the confidence that was needed; so is an identifier that nothing holds."""
    refused = assistant.answer("How many people live in Reykjavik?", READER, explain=True)
    why = refused.explanation
    assert why
    assert not refused.answered
    assert why.refused in {explaining.UNSURE, explaining.NO_KIND}
    assert why.needed is not None
    assert refused.confidence is not None
    assert refused.confidence < why.needed
    assert not any(one.verdict == "cited" for one in why.passages)
    missing = assistant.answer("What does PN-99417 cost?", READER, explain=True).explanation
    assert missing
    assert missing.refused == explaining.UNNAMED
    assert {one.verdict for one in missing.passages} == {"without what was named"}


def test_a_reader_is_told_of_nothing_that_others_may_read(assistant: Assistant) -> None:
    """The passage of an article for another group is in no explanation, though the group's own has it in front."""
    asked = "How many assailants were captured in the drill?"
    theirs = assistant.answer(asked, CLERK, explain=True)
    assert theirs.explanation
    assert "Drill" in {one.title for one in theirs.explanation.passages}
    told = json.dumps(assistant.answer(asked, READER, explain=True).as_json())
    assert "Drill" not in told
    assert "ninety" not in told


def test_a_courtesy_looks_nothing_up(assistant: Assistant) -> None:
    """A greeting is explained as one: no passage was read."""
    why = assistant.answer("Hello!", READER, explain=True).explanation
    assert why
    assert why.way == "courtesy"
    assert {one.verdict for one in why.passages} == {"not read"}
