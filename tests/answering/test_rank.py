"""`answering.rank`: each feature by its name, the order of sentences, and the evidence for the best one."""

from dataclasses import replace

import numpy as np
import pytest
from article_assistant.answering.question import meaning
from article_assistant.answering.rank import (
    PROMISE,
    Features,
    Grounds,
    candidates,
    evidence,
    names,
    narrowed,
    ranked,
    share,
)
from article_assistant.answering.reader import DOUBTED, VERIFIED
from article_assistant.index.keyword import asked_words
from article_assistant.index.types import Hit
from hypothesis import given
from hypothesis import strategies as st

from tests.answering.told import Told, article, hits

FEATURES, EVIDENCE = names(Features), names(Grounds)


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
    found = evidence(said, np.zeros((count, len(Features._fields))), scores, order[0])
    assert np.isfinite(found).all()


def test_each_feature_is_what_its_name_says() -> None:
    """By hand: two sentences of the first hit, one of the second, with their scores, cosines and search scores."""
    texts = (
        article("Report", "Eleven assailants were killed. It was seven who were captured in Aktobe."),
        article("Note", "Bergen saw 7 ships captured."),
    )
    first, second = hits(*texts)
    found = [replace(first, bm25=20.0, cosines=(0.1, 0.6)), replace(second, bm25=60.0, cosines=(0.4,), score=0.3)]
    reader = Told(seven=10.0, Eleven=2.0, **{"7": -4.0})
    sentences, features = candidates("How many assailants were captured in Aktobe?", found, reader)  # type: ignore[arg-type]
    eleven, seven, ships = (dict(zip(FEATURES, row, strict=True)) for row in features.tolist())
    assert [sentence.words for sentence in sentences] == ["Eleven", "seven", "7"]
    assert [len(sentence.text) for sentence in sentences] == [30, 41, 28]
    wanted = {
        "reader": (np.tanh(0.2), np.tanh(1.0), np.tanh(-0.4)),
        "reader beside the best": (np.tanh(-2.0), 0.0, np.tanh(-3.5)),
        "cosine": (0.1, 0.6, 0.4),
        "cosine beside the best": (-0.5, 0.0, -0.2),
        "search": (0.8, 0.8, 0.3),
        "bm25": (0.5, 0.5, 1.0),
        "first": (1.0, 1.0, 0.0),
        # Stems of the question: assail, captur, aktob; weighted by their lengths.
        "names missing": (0.0, 0.0, 1.0),
        "names missing in article": (0.0, 0.0, 1.0),
        "fits": (1.0, 1.0, 1.0),
        "short": (0.0, 0.0, 1.0),
        "cosine before": (0.0, 0.1, 0.0),
        "cosine after": (0.6, 0.0, 0.0),
        "verifier": (np.tanh(0.2), np.tanh(1.0), np.tanh(-0.4)),
        "judge": (np.tanh(1.0), np.tanh(1.0), np.tanh(-0.4)),
        "not verified": (0.0, 0.0, 0.0),
    }
    for name, values in wanted.items():
        assert (eleven[name], seven[name], ships[name]) == pytest.approx(values), name
    words = {word: len(word) for word in asked_words("How many assailants were captured in Aktobe?")}
    assert set(words) == {"assail", "captur", "aktob"}
    whole = sum(words.values())
    assert eleven["shared"] == pytest.approx(words["assail"] / whole)
    assert seven["shared"] == pytest.approx((words["captur"] + words["aktob"]) / whole)
    assert eleven["shared around"] == seven["shared around"] == 1.0
    assert ships["shared with place"] == pytest.approx(words["captur"] / whole)


def test_a_heading_and_a_title_count_as_place() -> None:
    """Words of the question in the title are shared with the place, not with the sentence."""
    (found,) = hits(article("Aktobe", "It was seven."))
    _, features = candidates("How many were captured in Aktobe?", [found], Told(seven=9.0))  # type: ignore[arg-type]
    row = dict(zip(FEATURES, features[0].tolist(), strict=True))
    assert (row["shared"], row["names missing"]) == (0.0, 0.0)
    assert 0 < row["shared with place"] < 1


def test_what_the_verifier_has_not_seen_is_marked() -> None:
    """Of three passages it is shown two; the third has no score of its and says so."""
    found = hits(*(article(f"a{n}", f"Ship number{n} was seen.") for n in range(3)))
    reader = Told(number0=1.0, number1=3.0, number2=5.0)
    _, features = candidates("Which ship was seen?", found, reader)  # type: ignore[arg-type]
    assert features[:, FEATURES.index("not verified")].tolist() == [1.0, 0.0, 0.0]
    for name in ("verifier", "judge"):
        assert features[:, FEATURES.index(name)].tolist() == pytest.approx([0.0, np.tanh(0.3), np.tanh(0.5)])


def test_the_words_are_those_of_both_networks() -> None:
    """Where the judge has looked too, an answer's words are those that it and the reader agree on."""

    class Corrected(Told):
        verify = Told(Tern=4.0).read

    (found,) = hits(article("Ships", "The Gull met the Tern."))
    (sentence,), features = candidates("Which ship was met?", [found], Corrected(Gull=2.0))  # type: ignore[arg-type]
    assert (sentence.words, sentence.logit) == ("Tern", 2.0)
    assert features[0, FEATURES.index("verifier")] == pytest.approx(np.tanh(0.4))


def test_evidence_is_what_its_name_says() -> None:
    """By hand: two sentences that say seven, one that says eight, at scores of 2, 1 and -1; and its bounds."""
    said = [meaning("seven"), meaning("7"), meaning("eight")]
    features = np.arange(3 * len(FEATURES), dtype=np.float64).reshape(3, -1) / 100
    seen = dict(zip(EVIDENCE, evidence(said, features, np.array([2.0, 1.0, -1.0]), 0), strict=True))
    own, rest = np.logaddexp(2, 1), np.logaddexp(-1, 0)
    assert seen["odds"] == pytest.approx(own - rest)
    for name in ("judge", "not verified"):
        assert seen[name] == features[0, FEATURES.index(name)]
    assert evidence(said, features, np.array([40.0, 1.0, -40.0]), 0).odds == 12
    assert evidence(said, features, np.array([-40.0, -40.0, 40.0]), 0).odds == -12


def test_the_neighbours_of_a_sentence_are_those_beside_it() -> None:
    """The cosines of the sentence before and after each of three; none beyond the ends."""
    (found,) = hits(article("a", "Some went. Others came. It was seven."))
    _, features = candidates("How many?", [replace(found, cosines=(0.1, 0.3, 0.7))], Told(seven=9.0))  # type: ignore[arg-type]
    before, after = (names(Features).index(name) for name in ("cosine before", "cosine after"))
    assert features[:, before].tolist() == [0.0, 0.1, 0.3]
    assert features[:, after].tolist() == [0.3, 0.7, 0.0]


def test_a_question_without_words_shares_nothing() -> None:
    """Of no words no share stands anywhere, and a share of one letter is one of one."""
    assert share([], {"a"}) == 0.0
    assert share(["a"], {"a"}) == 1.0
    assert share(["a"], set()) == 0.0


def rows(question: str, found: list[Hit], **read: float) -> list[dict[str, float]]:
    """The features of each sentence by name; the reader's words and scores are given."""
    _, features = candidates(question, found, Told(**read))  # type: ignore[arg-type]
    return [dict(zip(FEATURES, row, strict=True)) for row in features.tolist()]


@pytest.mark.parametrize(("bm25", "value"), [(0.0, 0.0), (10.0, 0.25), (40.0, 1.0), (41.0, 1.0), (400.0, 1.0)])
def test_bm25_is_counted_up_to_forty(bm25: float, value: float) -> None:
    """As a share of 40, which is the most."""
    (found,) = hits(article("a", "It was seven."))
    (row,) = rows("How many?", [replace(found, bm25=bm25)], seven=9.0)
    assert row["bm25"] == value


@pytest.mark.parametrize(("length", "short"), [(29, 1.0), (30, 0.0), (31, 0.0)])
def test_a_sentence_below_thirty_characters_is_short(length: int, short: float) -> None:
    """Thirty are not."""
    (found,) = hits(article("a", "x" * (length - 1) + "."))
    assert rows("Who?", [found])[0]["short"] == short


@pytest.mark.parametrize(("rank", "first"), [(1, 1.0), (2, 0.0), (3, 0.0)])
def test_only_the_first_hit_is_first(rank: int, first: float) -> None:
    """By its rank in the search, wherever it stands among the hits."""
    (found,) = hits(article("a", "It was seven."))
    assert rows("How many?", [replace(found, rank=rank)], seven=9.0)[0]["first"] == first


def test_words_of_another_kind_do_not_fit() -> None:
    """A number fits "how many", a name does not."""
    found = hits(article("a", "It was seven."), article("b", "It was Anna."))
    assert [row["fits"] for row in rows("How many?", found, seven=9.0, Anna=8.0)] == [1.0, 0.0]


def test_names_and_numbers_of_the_question_are_looked_for_in_passage_and_article() -> None:
    """Of Aktobe and 2016 one is missing in the passage; the first word of a question is no name."""
    text = "Bergen was calm in 2016.\n\n" + "Nothing happened here at all. " * 40 + "\n\nSome were captured in Aktobe."
    first, *_ = hits(article("a", text))
    row = rows("Captured in Aktobe were how many of 2016?", [first])[0]
    assert (row["names missing"], row["names missing in article"]) == (0.5, 0.0)
    assert rows("Who was captured?", [first])[0]["names missing"] == 0.0
    assert rows("Who was in Oslo?", [first])[0]["names missing in article"] == 1.0


def test_scores_are_taken_beside_the_best_of_all_passages() -> None:
    """The reader's by tanh of a quarter of the distance, the cosine by the distance itself; the best have 0."""
    one, two = hits(article("a", "It was seven here."), article("b", "It was eight there."))
    found = [replace(one, cosines=(0.9,)), replace(two, cosines=(0.5,))]
    best, other = rows("How many?", found, seven=6.0, eight=2.0)
    assert (best["reader beside the best"], best["cosine beside the best"]) == (0.0, 0.0)
    assert other["reader beside the best"] == pytest.approx(np.tanh(-1.0))
    assert other["cosine beside the best"] == pytest.approx(-0.4)


@pytest.mark.parametrize(
    ("scores", "seen"), [((5.0, 4.0), [4, 5]), ((0.1, -1.0), [4, 5]), ((0.0, -1.0), [4, 5, 0, 1, 2])]
)
def test_two_passages_are_verified_and_five_where_none_of_them_seems_to_answer(
    scores: tuple[float, float], seen: list[int]
) -> None:
    """The best by the reader, then in the order of the search; above a score of 0 one seems to answer."""
    found = hits(*(article(f"a{n}", f"Ship number{n} was seen.") for n in range(7)))
    values = [row["not verified"] for row in rows("Which ship?", found, number4=scores[0], number5=scores[1])]
    assert (VERIFIED, DOUBTED) == (2, 5)
    assert [i for i, value in enumerate(values) if not value] == sorted(seen)


def test_what_the_search_likes_better_is_verified_before_what_the_reader_does() -> None:
    """A tenth of a point of its score is worth somewhat more than one logit."""
    found = hits(*(article(f"a{n}", f"Ship number{n} was seen.") for n in range(4)))
    found = [replace(hit, score=score) for hit, score in zip(found, (0.9, 0.9, 0.8, 0.9), strict=True)]
    logits = {"number0": 3.0, "number1": 3.0, "number3": 3.0}
    for ahead, seen in ((PROMISE / 10 - 0.1, False), (PROMISE / 10 + 0.1, True)):
        values = [row["not verified"] for row in rows("Which ship?", found, **logits, number2=3.0 + ahead)]
        assert (values[2] == 0.0) == seen


def test_what_asks_never_answers() -> None:
    """A question in a text has no words that fit, and takes nothing from the others."""
    found = hits(article("faq", "Where is the rack? It is behind hall 3."))
    sentences, features = candidates("Where is the rack?", found, Told(Where=9.0, hall_3=2.0), "words")  # type: ignore[arg-type]
    assert [one.fits for one in sentences] == [False, True]
    assert features[1, Features._fields.index("reader_beside_the_best")] == 0


def test_without_hits_there_are_no_rows() -> None:
    """But the shape is that of the features, so that scores can be computed."""
    sentences, features = candidates("How many?", [], Told())  # type: ignore[arg-type]
    assert (sentences, features.shape) == ([], (0, len(FEATURES)))


def test_an_amount_is_taken_with_its_unit() -> None:
    """The words grow to what belongs to the number; the sentence and its quote stay verbatim."""
    text = "Bring the form. It costs 40 euros a day."
    (found,) = hits(article("a", text))
    sentences, _ = candidates("How much does it cost?", [found], Told(**{"40": 9.0}))  # type: ignore[arg-type]
    second = sentences[1]
    assert second.words == "40 euros"
    assert (second.text, second.quote.start, second.quote.end) == ("It costs 40 euros a day.", 16, len(text))


def test_words_of_a_list_item_stand_where_the_article_has_them() -> None:
    """The passage shows items without their marks; the places are those of the article."""
    text = "They were:\n\n- Anna of the harbour\n- Bert of the mill"
    (found,) = hits(article("a", text))
    sentences, _ = candidates("Who was it?", [found], Told(Bert=9.0, Anna=8.0))  # type: ignore[arg-type]
    assert [sentence.words for sentence in sentences[1:]] == ["Anna", "Bert"]


def test_what_says_the_same_is_stronger_than_the_single_best() -> None:
    """Two at 1 outweigh one at 1.5 (log of 2e against 1.5), three decimals below they do not; the better of equals
    comes first."""
    said = [meaning("eight"), meaning("seven"), meaning("7")]
    assert ranked(said, [True] * 3, np.array([1.5, 0.9, 1.0])) == [2, 1, 0]
    assert ranked(said, [True] * 3, np.array([1.8, 0.9, 1.0])) == [0, 2, 1]
    assert ranked(said, [False, True, True], np.array([9.0, 0.9, 1.0])) == [2, 1, 0]


def test_longer_words_count_for_more_of_the_share() -> None:
    """By letters: six of nine."""
    assert share(["captur", "sea"], {"captur"}) == pytest.approx(6 / 9)


def test_the_bounds_of_the_evidence() -> None:
    """Odds within 12; inside the bounds nothing is cut."""
    said, features = [meaning("seven"), meaning("eight")], np.zeros((2, len(FEATURES)))
    for score, odds in ((-11.0, -11.0), (11.9, 11.9), (12.5, 12.0), (-14.0, -12.0)):
        assert evidence(said, features, np.array([score, -40.0]), 0).odds == pytest.approx(odds)


SUPPLIERS = "Kettner GmbH, Bremen, no phone\nLindqvist AB, Malmoe, phone 4471\nOkafor Ltd, Hull, phone 5560"
ROOMS = "Room: Alder | Seats: 12\nRoom: Birch | Seats: 30"
PROSE = "Lindqvist delivers belts, rolls, and oil.\n\nIts phone, day and night, is 4471."


@pytest.mark.parametrize(
    ("text", "question", "left"),
    [
        (SUPPLIERS, "What is the phone of Lindqvist?", ["Lindqvist AB, Malmoe, phone 4471"]),
        (SUPPLIERS, "Who has a phone?", SUPPLIERS.splitlines()),
        (SUPPLIERS, "What is the phone of Moller?", SUPPLIERS.splitlines()),
        (SUPPLIERS, "Is Kettner nearer than Okafor?", [SUPPLIERS.splitlines()[0], SUPPLIERS.splitlines()[2]]),
        (ROOMS, "How many seats has Birch?", ["Room: Birch | Seats: 30"]),
        (PROSE, "What is the phone of Lindqvist?", PROSE.split("\n\n")),
    ],
)
def test_a_record_of_another_than_is_named_does_not_answer(text: str, question: str, left: list[str]) -> None:
    """Beside a row or line with the name, the others are out; where none has it, and in prose, all may answer."""
    found = hits(article("list", text))
    _, places = narrowed(question, found)
    assert [text[start:].partition("\n")[0] for _, start in sorted(places)] == left
