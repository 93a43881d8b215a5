"""Questions and articles in other languages than English: a passage, verbatim, and never a short answer."""

import json
from collections import Counter
from collections.abc import Iterator

import article_assistant
import pytest
from article_assistant import opening
from article_assistant.answering.passage import NOTICE
from article_assistant.index.sync import sync
from article_assistant.pipeline import Assistant
from article_assistant.settings import Settings

from tests.parts import SEEDS

ME = article_assistant.User("operator", None)
QUESTIONS = [json.loads(line) for line in (SEEDS / "languages" / "questions.jsonl").read_text().splitlines()]


@pytest.fixture(scope="module")
def assistant(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Assistant]:
    """An assistant over the samples in other languages, and the English news."""
    settings = Settings(home=tmp_path_factory.mktemp("languages"))
    with opening.open_index(settings) as index:
        sync([str(SEEDS / "languages"), str(SEEDS / "news")], index, 10**6)
        with opening.open(settings, index=index) as opened:
            yield opened


def test_the_right_sentence_stands_in_the_passage(assistant: Assistant) -> None:
    """For at least 80 % of the questions of each language; few without an answer get a passage; none a short answer."""
    right, asked, misled = Counter[str](), Counter[str](), 0
    for line in QUESTIONS:
        answer = assistant.answer(line["question"], ME)
        assert answer.short is None
        assert answer.notice == (NOTICE if answer.answered else "")
        for citation in answer.citations:
            article = assistant.article(citation.article, ME)
            assert article is not None
            assert citation.quote == article.text[citation.start : citation.end]
        if not line["answers"]:
            misled += answer.answered
            continue
        asked[line["language"]] += 1
        right[line["language"]] += any(
            citation.article.endswith(line["article"]) and line["sentence"] in citation.quote
            for citation in answer.citations
        )
    assert {code: right[code] / count for code, count in asked.items() if right[code] < 0.8 * count} == {}
    assert misled <= 3
    assert len(asked) == 7


def test_a_refusal_says_what_is_nearest(assistant: Assistant) -> None:
    """A question whose words stand nowhere is refused, with passages of different articles beside it."""
    answer = assistant.answer("Wie viele Parkplätze gibt es vor dem Werk?", ME)
    assert not answer.answered
    assert answer.citations == ()
    assert len({citation.article for citation in answer.nearest}) == len(answer.nearest) > 0


def test_an_english_question_about_another_language_gets_a_passage(assistant: Assistant) -> None:
    """What no English article answers may stand in another one, whose name is the same in every language."""
    answer = assistant.answer("Who is Swantje Oltmanns?", ME)
    assert answer.short is None
    assert [citation.article for citation in answer.citations] == ["languages/de/abkantpresse.md"]
    assert answer.notice == NOTICE


def test_an_english_answer_is_as_it_was(assistant: Assistant) -> None:
    """Articles in other languages take nothing from an English answer."""
    answer = assistant.answer("How many assailants were captured?", ME)
    assert (answer.short, answer.notice) == ("seven", "")


def test_a_question_in_another_language_is_asked_as_it_is(assistant: Assistant) -> None:
    """The rules of follow-ups are English ones."""
    conversation = "travel"
    assistant.answer("Wer muss eine Reise ins Ausland genehmigen?", ME, conversation)
    assert assistant.answer("Und wer bestellt Ersatzteile nach?", ME, conversation).standalone == (
        "Und wer bestellt Ersatzteile nach?"
    )
