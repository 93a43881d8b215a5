"""How an answer is put together from what the reader found, with a reader that says what it is told."""

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from article_assistant.answering.extract import (
    EVIDENCE,
    FEATURES,
    VERIFIED,
    Extractor,
    evidence,
    least_confidence,
    ranked,
)
from article_assistant.answering.question import meaning
from article_assistant.answering.reader import Reading
from article_assistant.index.chunk import split
from article_assistant.index.types import EVERYONE, Article, Hit
from article_assistant.types import Answer, Citation, Words
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import Words as WordEncoder


class Told:
    """Reads as it was told: words and the reader's score for each; in other sentences it finds nothing."""

    def __init__(self, **found: float) -> None:
        self._found = {words.replace("_", " "): score for words, score in found.items()}

    def read(
        self,
        _question: str,
        passages: Sequence[tuple[str, Sequence[tuple[int, int]]]],
        fits: Callable[[str], bool] = bool,
    ) -> list[list[Reading]]:
        def one(text: str, start: int, end: int) -> Reading:
            for words, score in self._found.items():
                at = text.find(words, start, end)
                if at >= 0:
                    return Reading(at, at + len(words), score, fits(words))
            return Reading(start, end, -12.0, fits(text[start:end]))

        return [[one(text, *span) for span in spans] for text, spans in passages]

    verify = read


class Doubting(Told):
    """The same, but what it finds the verifier does not believe; it notes what the verifier was asked about."""

    asked: Sequence[tuple[str, Sequence[tuple[int, int]]]] = ()

    def verify(
        self,
        _question: str,
        passages: Sequence[tuple[str, Sequence[tuple[int, int]]]],
        fits: Callable[[str], bool] = bool,
    ) -> list[list[Reading]]:
        self.asked = passages
        return [[Reading(start, end, -12.0, fits(text[start:end])) for start, end in spans] for text, spans in passages]


def hits(*articles: Article) -> list[Hit]:
    """Every chunk of the articles, as found one after the other."""
    encoder = WordEncoder()
    found: list[Hit] = []
    for article in articles:
        for chunk in split(article, encoder):
            near = tuple(0.6 for _ in chunk.sentences)
            found.append(Hit(chunk, article, len(found) + 1, 0.8, 20.0, near))
    return found


def article(name: str, text: str, updated: str | None = None) -> Article:
    return Article(name, name, text, "", "1", updated, frozenset({EVERYONE}))


def answer(question: str, reader: Told, *articles: Article) -> Answer:
    """The answer of an extractor that refuses next to nothing."""
    *events, last = Extractor(reader, 0.5).answer(question, hits(*articles))  # type: ignore[arg-type]
    assert isinstance(last, Answer)
    assert "".join(event.text for event in events if isinstance(event, Words)) == (last.answer if events else "")
    assert tuple(event for event in events if isinstance(event, Citation)) == last.citations
    return last


AKTOBE = article("aktobe", "Eleven assailants were killed in Aktobe and seven captured.", "2016-06-09")


def test_the_short_words_come_first_and_the_quote_is_the_sentence() -> None:
    """ "Seven. [1]", and [1] is the whole sentence."""
    said = answer("How many assailants were captured in Aktobe?", Told(seven=9.0), AKTOBE)
    assert (said.answered, said.short, said.answer) == (True, "seven", "Seven. [1]")
    assert said.citations[0].quote == AKTOBE.text
    assert 0 < (said.confidence or 0) <= 1


def test_one_answer_of_two_articles_has_two_citations() -> None:
    """ "seven" here and "7" there are the same answer."""
    other = article("report", "The report says that 7 assailants were captured in Aktobe.", "2016-07-01")
    said = answer("How many assailants were captured in Aktobe?", Told(seven=9.0, **{"7": 8.8}), AKTOBE, other)
    assert said.answer in {"Seven. [1] [2]", "7. [1] [2]"}
    assert {citation.article for citation in said.citations} == {"aktobe", "report"}


def test_articles_that_disagree_are_both_shown_newest_first() -> None:
    """Two numbers for one thing: both, with their dates, the newer article's first, and it is the short answer."""
    other = article("revised", "Nine assailants were captured in Aktobe.", "2016-07-01")
    said = answer("How many assailants were captured in Aktobe?", Told(seven=9.0, Nine=8.9), AKTOBE, other)
    assert said.answer == "The articles disagree: Nine (1 July 2016) [1]; seven (9 June 2016). [2]"
    assert said.short == "Nine"
    assert [citation.article for citation in said.citations] == ["revised", "aktobe"]


def test_what_is_not_of_the_kind_asked_for_is_refused() -> None:
    """A "how many" whose best words are no number is refused, and says what was looked for."""
    said = answer(
        "How many assailants were captured in Aktobe?", Told(Aktobe=9.0), article("a", "They live in Aktobe.")
    )
    assert (said.answered, said.mode, said.short) == (False, "refused", None)
    assert "assailants" in said.answer


def test_a_why_a_way_and_a_yes_or_no_get_sentences() -> None:
    """Their answer is the sentence that decides, verbatim, without a short form."""
    text = article("door", "The door is locked at night because two bikes were stolen. It is green.")
    for question in ("Why is the door locked at night?", "Is the door locked at night?", "How do I lock the door?"):
        said = answer(question, Told(two_bikes_were_stolen=9.0), text)
        assert said.short is None
        assert said.answer.startswith("The door is locked at night because two bikes were stolen. [1]")


def test_a_way_that_is_a_list_is_given_whole() -> None:
    """Opening and steps, in order, each with the mark of the one quote that holds them all."""
    text = article("rollback", "To roll back, do this:\n\n1. Stop the queue.\n2. Copy the log.\n3. Start it again.")
    said = answer("How do I roll back?", Told(Copy_the_log=9.0), text)
    assert (
        said.answer == "To roll back, do this: [1]\n- Stop the queue. [1]\n- Copy the log. [1]\n- Start it again. [1]"
    )
    assert len(said.citations) == 1
    assert said.citations[0].quote == text.text


def test_no_hits_are_a_refusal() -> None:
    """With nothing found there is nothing near either."""
    said = answer("How many?", Told())
    assert (said.answered, said.nearest) == (False, ())


@given(st.data())
def test_the_order_counts_what_says_the_same_together(data: st.DataObject) -> None:
    """Every sentence is in it once; fitting ones first; the first one's words have the most weight of all."""
    count = data.draw(st.integers(1, 8))
    said = [meaning(data.draw(st.sampled_from(["seven", "7", "eight", "a dog"]))) for _ in range(count)]
    fitting = [data.draw(st.booleans()) for _ in range(count)]
    scores = np.array([data.draw(st.floats(-9, 9)) for _ in range(count)])
    order = ranked(said, fitting, scores)
    assert sorted(order) == list(range(count))
    assert [fitting[i] for i in order] == sorted(fitting, reverse=True)
    weight = {meant: np.logaddexp.reduce(scores[[m == meant for m in said]]) for meant in said}
    able = [i for i in range(count) if fitting[i]] or list(range(count))
    assert weight[said[order[0]]] == pytest.approx(max(weight[said[i]] for i in able))
    found = evidence(said, np.zeros((count, len(FEATURES))), scores, order[0])
    assert found.shape == (len(EVIDENCE),)
    assert np.isfinite(found).all()


def test_the_verifier_looks_at_the_best_passages_and_its_doubt_counts() -> None:
    """It is asked about few passages, those that the reader likes best, and the answer is less sure for its doubt."""
    question = "How many assailants were captured in Aktobe?"
    others = [article(f"b{n}", f"In Bergen number{n} were seen at the harbour in the rain.") for n in range(4)]
    doubting = Doubting(seven=9.0, number2=3.0)
    doubted = answer(question, doubting, *others, AKTOBE)
    assert [text.partition("\n")[0] for text, _ in doubting.asked] == ["aktobe", "b2"]
    assert len(doubting.asked) == VERIFIED
    believed = answer(question, Told(seven=9.0, number2=3.0), *others, AKTOBE)
    assert believed.confidence is not None
    assert doubted.confidence is not None
    assert doubted.confidence < believed.confidence


def test_a_lower_accepted_share_asks_for_more_confidence() -> None:
    """Between the measured points it is interpolated, beyond them it stays at the ends."""
    curve = [(0.4, 0.0), (0.2, 0.5), (0.1, 0.7), (0.0, 1.0)]
    assert [least_confidence(curve, share) for share in (0.5, 0.4, 0.3, 0.2, 0.1)] == pytest.approx(
        [0, 0, 0.25, 0.5, 0.7]
    )


def test_the_setting_decides_between_answer_and_refusal() -> None:
    """The same find is answered where wrong answers are accepted and refused where they hardly are."""
    weak = Told(seven=-3.0)
    found = hits(article("a", "Some seven ships of the fleet went down near Bergen in the storm."))
    lax = list(Extractor(weak, 0.5).answer("How many assailants were captured in Aktobe?", found))[-1]  # type: ignore[arg-type]
    strict = list(Extractor(weak, 0.01).answer("How many assailants were captured in Aktobe?", found))[-1]  # type: ignore[arg-type]
    assert isinstance(lax, Answer)
    assert isinstance(strict, Answer)
    assert lax.confidence == strict.confidence
    assert not strict.answered
