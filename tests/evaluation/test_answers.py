"""From a question to a cited answer, with the real encoder, the real reader and the sample articles."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import article_assistant
import pytest
from article_assistant.evaluation.questions import holds, read_questions
from article_assistant.examples import SURE, Examples
from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import EVERYONE
from article_assistant.pipeline import Assistant
from article_assistant.settings import Settings
from article_assistant.types import Answer, Citation, Found, User, Words

SEEDS = Path(__file__).parents[2] / "seeds"
OPERATOR = User("operator", None)


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over the sample articles."""
    index = Index.open(tmp_path_factory.mktemp("home"), embed.load())
    report = sync([str(SEEDS)], index, 10**8)
    assert not report.failed
    with article_assistant.open(Settings(home=index.library.home), index=index) as opened:
        yield opened
    index.close()


def test_the_first_question_of_all(assistant: Assistant) -> None:
    """How many assailants were captured: seven, from a sentence that leaves the noun out and tells another number."""
    answer = assistant.answer("How many assailants were captured?", OPERATOR)
    assert answer.answered
    assert answer.citations[0].article.endswith("news/aktobe.txt")
    assert "seven captured" in answer.citations[0].quote
    assert (answer.short, answer.answer) == ("seven", "Seven. [1]")


def test_every_quote_stands_in_its_article(assistant: Assistant) -> None:
    """For each citation, cited or nearest, the quote is the article's text at its offsets."""
    questions = read_questions(SEEDS / "questions.jsonl")
    for question in questions[::4]:
        answer = assistant.answer(question.question, OPERATOR)
        assert answer.answered == bool(answer.citations)
        for citation in (*answer.citations, *answer.nearest):
            article = assistant.article(citation.article, OPERATOR)
            assert article is not None
            assert citation.quote == article.text[citation.start : citation.end] != ""
            assert citation.url == f"/article/{citation.article}"
            assert citation.updated == article.updated


def test_an_answer_is_made_of_verbatim_words_each_with_its_mark(assistant: Assistant) -> None:
    """The short words, or the sentences, stand in the quotes; every piece of the text has the mark of a citation."""
    for question in read_questions(SEEDS / "questions.jsonl")[1:60:6]:
        answer = assistant.answer(question.question, OPERATOR)
        if not answer.answered:
            continue
        pieces = re.findall(r"(.*?) ?\[(\d)\]\s*", answer.answer)
        assert "".join(f"{words}[{number}]" for words, number in pieces) == re.sub(
            r"\s+(?=\[)|(?<=\])\s+", "", answer.answer
        )
        assert {int(number) for _, number in pieces} == {citation.number for citation in answer.citations}
        quotes = " ".join(" ".join(citation.quote.split()) for citation in answer.citations)
        if answer.short is None:
            assert all(words.removeprefix("- ") in quotes for words, _ in pieces)
        else:
            assert answer.short in quotes
            assert answer.short.lower().rstrip(".") in answer.answer.lower()


def test_what_the_articles_do_not_answer_is_refused(assistant: Assistant) -> None:
    """A refusal cites nothing, says what was looked for, and names the nearest articles where there are some near."""
    unanswered = [one.question for one in read_questions(SEEDS / "questions.jsonl") if not one.answers][:6]
    afar = ["Who won the football world cup in 1998?", "Who is the king of Denmark?"]
    named = list[bool]()
    for question in [*unanswered, *afar]:
        answer = assistant.answer(question, OPERATOR)
        if answer.answered:
            continue
        assert (answer.mode, answer.short, answer.citations) == ("refused", None, ())
        assert answer.answer.startswith("The articles don’t answer this.")
        assert all(citation.title in answer.answer for citation in answer.nearest)
        assert ("Nearest to it" in answer.answer) == bool(answer.nearest)
        named.append(bool(answer.nearest))
    assert len(named) > 4
    assert named == [True] * (len(named) - 2) + [False, False]


def test_a_later_count_is_shown_beside_the_first(assistant: Assistant) -> None:
    """The later article tells of the first count and has its own: that one stands first, with its day."""
    answer = assistant.answer("How many people died in the raids in Aktobe?", OPERATOR)
    assert answer.answer == "The articles disagree: 25 (15 June 2016) [1]; seventeen (9 June 2016). [2]"
    other = assistant.answer("How many servers do we have?", OPERATOR)
    assert "disagree" not in other.answer


def test_who_may_see_nothing_is_told_nothing(assistant: Assistant) -> None:
    """A reader without a group gets a refusal that names no article, and opens none."""
    nobody = User("nobody", frozenset())
    answer = assistant.answer("How many assailants were captured?", nobody)
    assert (answer.answered, answer.nearest) == (False, ())
    assert "ktobe" not in answer.answer
    assert assistant.article("seeds/news/aktobe.txt", nobody) is None
    assert Examples(assistant)(nobody) == []
    reader = User("reader", frozenset({EVERYONE}))
    assert assistant.answer("How many assailants were captured?", reader).answered


def test_events_come_in_order_and_end_with_the_answer(assistant: Assistant) -> None:
    """Found first, then words and citations, whose text together is that of the answer, which is last."""
    events = list(assistant.ask("What is the per diem for Oslo?", OPERATOR))
    assert isinstance(events[0], Found)
    last = events[-1]
    assert isinstance(last, Answer)
    assert all(isinstance(event, Words | Citation) for event in events[1:-1])
    assert "".join(event.text for event in events if isinstance(event, Words)) == last.answer
    assert tuple(event for event in events if isinstance(event, Citation)) == last.citations


def test_the_answer_as_json_keeps_its_form(assistant: Assistant) -> None:
    """Every key that readers of the JSON rely on is there, and it survives the way through JSON."""
    answer = assistant.answer("What is the per diem for Oslo?", OPERATOR)
    document = json.loads(json.dumps(answer.as_json()))
    assert set(document) == {
        "question", "answered", "short", "answer", "mode", "confidence", "citations", "nearest", "seconds",
        "standalone", "extract", "sentences", "notice", "usage", "remark", "offers",
    }  # fmt: skip
    assert set(document["citations"][0]) == {
        "number", "article", "title", "url", "heading", "quote", "start", "end", "revision", "updated",
        "page",
    }  # fmt: skip
    assert set(document["seconds"]) == {"find", "read", "total"}
    assert document["mode"] == "extractive"
    assert holds(document["citations"][0]["quote"], ["€84"])


def test_a_question_that_leans_on_the_last_one_finds_its_article(assistant: Assistant) -> None:
    """ "And when …?" is read together with what was asked before, in the same conversation only."""
    assistant.answer("How many assailants were captured in Aktobe?", OPERATOR, "one")
    answer = assistant.answer("And how many of them were killed?", OPERATOR, "one")
    assert answer.question == "And how many of them were killed?"
    assert "news/aktobe" in (answer.citations or answer.nearest)[0].article


def test_what_may_still_come_has_a_place(assistant: Assistant) -> None:
    """While questions are tried nobody waits, and as many places are kept as a visit has; then there are none."""
    examples = Examples(assistant, 2)
    with examples._trying:
        assert examples(OPERATOR) == [None, None]
    first = examples(OPERATOR)
    assert None not in first
    with examples._trying:
        assert examples(OPERATOR) == first


def test_examples_are_answered(assistant: Assistant) -> None:
    """The questions that the page offers get an answer without a caution, from the article that they name, and a
    second visit shows others."""
    examples = Examples(assistant, 2)
    first, second, third = (examples(OPERATOR) for _ in range(3))
    assert len(first) == 2
    assert len({*first, *second, *third}) > 2
    for offer in {*first, *second, *third}:
        assert offer
        answer = assistant.answer(offer.question, OPERATOR)
        assert answer.answered
        assert (answer.confidence or 0) >= SURE
        assert offer.title in {citation.title for citation in answer.citations}
