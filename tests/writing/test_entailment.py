"""Whether a passage carries a sentence: what closes the door at once, what is quoted, what never breaks."""

import json
from pathlib import Path

import numpy as np
import pytest
from article_assistant.answering.numbers import numbers_of
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.embed import Embedder
from article_assistant.index.types import Hit
from article_assistant.writing.entailment import FEATURES, Checker, missing_numbers, words_of
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.parts import article, lines, modest

FERRY = (
    "Officials count the passengers. The ferry had 164 people on board, 131 of them passengers and 33 crew. "
    "It left Kuryk at 9 °C (48 °F) with a sign that said “Hands off the rail”. Ask the harbour at port.example.org."
)


@pytest.fixture(scope="module")
def encoder() -> Embedder:
    return embed.load()


@pytest.fixture(scope="module")
def checker(encoder: Embedder) -> Checker:
    return Checker(Reader(), encoder)


def hit(text: str, encoder: Embedder, title: str = "Collision off Kuryk") -> Hit:
    """The first chunk of an article with this text."""
    one = article(text, title)
    return Hit(split(one, encoder)[0], one, 1, 1.0, 0.0, ())


@pytest.mark.parametrize(
    "sentence",
    [
        "The ferry had 164 people on board.",
        "There were 131 passengers on the ferry.",
        "The ferry had 164 people on board: 131 passengers and 33 crew.",
        "A sign on the ferry said “Hands off the rail”.",
    ],
)
def test_what_is_carried_is_quoted(sentence: str, checker: Checker, encoder: Embedder) -> None:
    """The sentence of the article that says it is the quote: verbatim, whole, and not the chunk."""
    (quote,) = checker.carries(sentence, hit(FERRY, encoder))
    assert quote.article.text == FERRY
    said = FERRY[quote.start : quote.end]
    assert said.endswith(".")
    assert len(said) < len(FERRY)
    assert ("rail" if "rail" in sentence else "164 people") in said


@pytest.mark.parametrize(
    "sentence",
    [
        "The ferry had 146 people on board.",
        "The ferry had about 200 people on board.",
        "The ferry, with two hundred people on board, had 33 crew.",
        "The ferry left Kuryk on 9 June with 164 people on board.",
        "The ferry left Kuryk at 9 °F.",
        "The ferry of Hanne Claes had 164 people on board.",
        "A sign on the ferry said “Hold on to the rail”.",
        "Ask the harbour at https://evil.example.net/port about the 164 people.",
    ],
)
def test_what_stands_nowhere_is_not_carried(sentence: str, checker: Checker, encoder: Embedder) -> None:
    """Another number, date, unit, name, quoted words or address: nothing else about the sentence makes up for it."""
    assert checker.carries(sentence, hit(FERRY, encoder)) == ()


@pytest.mark.parametrize("sentence", ["", "…", "So it is.", "It is what it is, and that is that."])
def test_what_says_nothing_is_not_carried(sentence: str, checker: Checker, encoder: Embedder) -> None:
    """A sentence without a word that tells something has nothing that could be looked up."""
    assert checker.evidence(sentence, hit(FERRY, encoder)) is None
    assert checker.carries(sentence, hit(FERRY, encoder)) == ()


@settings(max_examples=25)
@given(text=lines.filter(str.strip), noise=st.text(min_size=1, max_size=80))
def test_whatever_is_asked_of_it(text: str, noise: str, checker: Checker, encoder: Embedder) -> None:
    """Any sentence beside any passage gets finite features, and quotes that lie in the passage's sentences."""
    found = hit(text, encoder)
    for sentence in (noise, text[:200], f"{text[:60]} {noise}"):
        evidence = checker.evidence(sentence, found)
        if evidence is None:
            continue
        assert evidence.features.shape == (len(FEATURES),)
        assert np.isfinite(evidence.features).all()
        assert 1 <= len(evidence.quotes) <= 2
        for quote in evidence.quotes:
            assert found.chunk.start <= quote.start < quote.end <= found.chunk.end
            assert any(start == quote.start for start, _ in found.chunk.sentences)


def test_it_was_made_for_these_features(encoder: Embedder, tmp_path: Path) -> None:
    """Weights for other features are an error at the start, with what to do."""
    other = tmp_path / "support.json"
    other.write_text(json.dumps({"features": [*FEATURES[:-1], "luck"], "weights": [], "bias": 0, "least": 0}))
    with pytest.raises(ValueError, match=r"training/support\.py"):
        Checker(Reader(), encoder, other)


@pytest.mark.parametrize(
    ("sentence", "turned"),
    [
        ("The gauges were approved.", True),
        ("The gauges were not approved.", False),
        ("The wind never stopped the ferry.", True),
        ("The wind stopped the ferry.", False),
        ("It took no more than two hours.", False),
    ],
)
def test_what_is_denied_in_one_and_affirmed_in_the_other_is_seen(
    sentence: str, turned: bool, checker: Checker, encoder: Embedder
) -> None:
    """A lost or an added "not" shows in the features; "no more than" denies nothing."""
    text = "The minutes say that the gauges were not approved. The wind stopped the ferry. It took two hours."
    evidence = checker.evidence(sentence, hit(text, encoder))
    assert evidence
    assert (evidence.features[FEATURES.index("words turned")] > 0) == turned


@given(st.integers(0, 10**9))
def test_numbers_are_the_same_with_commas_and_zeros(number: int) -> None:
    """1200, 1,200 and 1200.0 are one number."""
    assert numbers_of(f"{number}") == numbers_of(f"{number:,}") == numbers_of(f"{number}.0")


@pytest.mark.parametrize(
    ("sentence", "quoted", "missing"),
    [
        ("It cost 300 more.", "It rose from 900 to 1,200.", set()),
        ("It cost 300.", "It rose from 900 to 1,200.", {"300"}),
        ("About 10 people came.", "11 people came.", set()),
        ("10 people came.", "11 people came.", {"10"}),
        ("It takes two hours.", "It takes 120 minutes.", set()),
    ],
)
def test_numbers_may_be_reckoned(sentence: str, quoted: str, missing: set[str]) -> None:
    """Sums, differences and roundings count where the sentence has a word for it."""
    assert missing_numbers(sentence, quoted, quoted) == missing


@modest
@given(st.text(max_size=200))
def test_words_lie_where_they_say(text: str) -> None:
    """In order, not overlapping, within the text."""
    at = 0
    for word in words_of(text):
        assert at <= word.start < word.end <= len(text)
        at = word.end
