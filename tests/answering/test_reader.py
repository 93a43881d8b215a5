"""`answering.reader`: the best words inside each sentence of a passage, and how sure the reader is of them."""

from collections.abc import Sequence

import numpy as np
import pytest
from article_assistant.answering.reader import PAIR, SPAN, TRIED, Reader, Reading, _best

QUESTION = "How many assailants were captured in Aktobe?"
PASSAGE = "Eleven assailants were killed in Aktobe. Seven were captured. The mayor spoke at noon."
SPANS = [(0, 40), (41, 60), (61, 86)]


@pytest.fixture(scope="module")
def reader() -> Reader:
    return Reader(threads=1)


def test_it_finds_the_words_in_their_sentence(reader: Reader) -> None:
    """The sentence that answers has the best score, above 0, and its words are the answer; places are characters."""
    ((killed, captured, mayor),) = reader.read(QUESTION, [(PASSAGE, SPANS)])
    assert PASSAGE[captured.start : captured.end] == "Seven"
    assert captured.score > max(0, killed.score, mayor.score)
    for reading, (start, end) in zip((killed, captured, mayor), SPANS, strict=True):
        assert start <= reading.start < reading.end <= end


def test_a_passage_that_does_not_answer_scores_below_zero(reader: Reader) -> None:
    """By the reader and by the verifier, which are two models."""
    passage = ("The ferry sails at noon.", [(0, 24)])
    ((read,),), ((verified,),) = reader.read(QUESTION, [passage]), reader.verify(QUESTION, [passage])
    assert read.score < 0
    assert verified.score < 0
    assert read.score != verified.score


def test_the_judge_alone_says_whether_a_passage_answers(reader: Reader) -> None:
    """By its own words, wherever in the passage, and neither as the reader does nor as both together."""
    passage = (PASSAGE, SPANS)
    alone = reader.judged(QUESTION, passage)
    assert alone > 0 > reader.judged(QUESTION, ("The ferry sails at noon.", [(0, 24)]))
    for together in (reader.read, reader.verify):
        assert alone != pytest.approx(max(one.score for one in together(QUESTION, [passage])[0]))


def test_a_passage_is_read_the_same_alone_and_among_others(reader: Reader) -> None:
    """Whatever their number, lengths and order, to the last bit."""
    texts = [PASSAGE, "It rained.", *(f"{'The mayor spoke at noon. ' * count}" for count in (9, 3, 1, 6))]
    passages: list[tuple[str, Sequence[tuple[int, int]]]] = [(text, [(0, len(text))]) for text in texts]
    together, fresh = reader.read(QUESTION, passages), Reader()
    assert reader.read(QUESTION, []) == []
    for found, passage in zip(together, passages, strict=True):
        assert fresh.read(QUESTION, [passage]) == [found]


def test_what_is_asked_again_is_not_read_again(reader: Reader) -> None:
    """What a question found in a passage is known when it is asked again, also after fifty others."""
    for number in [*range(50), 0]:
        known = reader._known.cache_info().hits
        first = reader.read(f"What is number {number}?", [("It is seven.", [(0, 12)])])
    assert reader._known.cache_info().hits == known + 1
    assert first == Reader(threads=1).read("What is number 0?", [("It is seven.", [(0, 12)])])


def test_a_sentence_beyond_what_is_read_has_the_lowest_score(reader: Reader) -> None:
    """Question and passage have 320 tokens together; the sentence that begins after them is named whole, unfit."""
    text = "word " * PAIR + "Seven were captured."
    beyond = (len(text) - 20, len(text))
    ((_, last),) = reader.read(QUESTION, [(text, [(0, 100), beyond])])
    assert last == Reading(*beyond, -100.0, False)


def test_of_a_long_question_the_beginning_is_read(reader: Reader) -> None:
    """Sixty-four words and 400 characters of it: whatever follows changes nothing, and leaves room for the passage."""
    words = [f"w{number}" for number in range(64)]
    passage = [(PASSAGE, SPANS)]
    assert reader.read(" ".join([*words, "captured"]), passage) == reader.read(" ".join(words), passage)
    assert reader.read(" ".join([*words[:63], "captured"]), passage) != reader.read(" ".join(words), passage)
    long = "captured " * 44 + "tank"
    assert len(long) == 400
    assert reader.read(f"{long}er", passage) == reader.read(long, passage)
    assert reader.read(f"{long[:-1]}g", passage) != reader.read(long, passage)


def test_words_of_the_kind_asked_for_are_preferred(reader: Reader) -> None:
    """Of the best spans the first that fits is taken, with its own score; where none fits, the best, as unfit."""
    ((any_,),) = reader.read(QUESTION, [(PASSAGE, [(0, 40)])])
    ((name,),) = reader.read(QUESTION, [(PASSAGE, [(0, 40)])], lambda words: words == "Eleven assailants")
    ((none,),) = reader.read(QUESTION, [(PASSAGE, [(0, 40)])], lambda _: False)
    assert PASSAGE[name.start : name.end] == "Eleven assailants"
    assert (any_.fits, name.fits, none.fits) == (True, True, False)
    assert name.score < any_.score
    assert (none.start, none.end, none.score) == (any_.start, any_.end, any_.score)


# --- by hand, with logits of our own ------------------------------------------------------------------


def best(
    first: dict[int, float], last: dict[int, float], tokens: int = 40, fits: str = "", none: float = 0.0
) -> Reading:
    """The best span of `tokens` words of one character each, `x x x …`, whose first token stands for no answer.

    The logits are 0 but where they are given; `fits` is the only span that fits, "a b" for tokens a to b.
    """
    logits = np.zeros((tokens + 1, 2), dtype=np.float32)
    logits[0] = none / 2
    for column, given in enumerate((first, last)):
        for token, logit in given.items():
            logits[token + 1, column] = logit
    offsets = np.array([(0, 0), *((2 * i, 2 * i + 1) for i in range(tokens))])
    inside = np.array([False] + [True] * tokens)
    place = tuple(map(int, fits.split()))
    return _best(logits, offsets, inside, (0, 2 * tokens), lambda a, b: not fits or (a // 2, b // 2) == place)


def test_the_score_is_the_two_logits_less_that_of_no_answer() -> None:
    """First and last token, and twice the logit of the passage's own first."""
    assert best({3: 5.0}, {4: 4.0}, none=2.0) == Reading(6, 9, 7.0)


def test_the_last_word_is_never_before_the_first() -> None:
    """Even where both logits say so."""
    found = best({8: 5.0}, {2: 5.0})
    assert found.start < found.end
    assert found.score == 5.0


@pytest.mark.parametrize(("apart", "score"), [(SPAN - 1, 10.0), (SPAN, 5.0)])
def test_words_have_at_most_as_many_tokens(apart: int, score: float) -> None:
    """Twenty-four from the first to the last."""
    assert SPAN == 24
    assert best({1: 5.0}, {1 + apart: 5.0}).score == score


@pytest.mark.parametrize(("place", "fits"), [(TRIED - 1, True), (TRIED, False)])
def test_twelve_spans_are_tried(place: int, fits: bool) -> None:
    """The twelfth best may be the one that fits; the thirteenth is not looked at, and the best is given as unfit."""
    assert TRIED == 12
    found = best({5: 100.0}, {5 + i: 50.0 - i for i in range(20)}, fits=f"5 {5 + place}")
    assert found == (Reading(10, 2 * (5 + place) + 1, 150.0 - place) if fits else Reading(10, 11, 150.0, False))


def test_only_tokens_wholly_inside_the_sentence_count() -> None:
    """Those of the question, of other sentences and of no characters are left out."""
    logits = np.zeros((6, 2), dtype=np.float32)
    logits[1:] = [[9, 9], [8, 8], [1, 1], [7, 7], [6, 6]]
    offsets = np.array([(0, 0), (4, 8), (0, 5), (5, 8), (8, 12), (6, 6)])
    inside = np.array([False, False, True, True, True, True])
    assert _best(logits, offsets, inside, (4, 9), lambda _a, _b: True) == Reading(5, 8, 2.0)
