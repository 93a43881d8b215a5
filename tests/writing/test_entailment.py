"""Whether a passage carries a sentence: what closes the door at once, what is quoted, what never breaks."""

import numpy as np
import pytest
from article_assistant.answering.numbers import numbers_of
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.embed import Embedder
from article_assistant.index.types import Hit
from article_assistant.writing.entailment import Checker, missing_numbers, words_of
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
    return Checker(encoder)


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
        "The ferry m195 had 164 people on board.",
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
    """Any sentence beside any passage gets a score, and quotes that lie in the passage's sentences."""
    found = hit(text, encoder)
    for sentence in (noise, text[:200], f"{text[:60]} {noise}"):
        evidence = checker.evidence(sentence, found)
        if evidence is None:
            continue
        assert np.isfinite(evidence.score)
        assert 1 <= len(evidence.quotes) <= 2
        for quote in evidence.quotes:
            assert found.chunk.start <= quote.start < quote.end <= found.chunk.end
            assert any(start == quote.start for start, _ in found.chunk.sentences)


MINUTES = "The minutes say that the gauges were not approved. The wind stopped the ferry. Anna Weber hired Juan Lopez."


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("The gauges were not approved.", "The gauges were approved."),
        ("The wind stopped the ferry.", "The wind never stopped the ferry."),
        ("The wind stopped the ferry.", "The wind did not stop the ferry."),
        ("Anna Weber hired Juan Lopez.", "Anna Weber hired Juan Lopez, and they were married in Rome."),
    ],
)
def test_a_denial_and_an_addition_count_against_it(right: str, wrong: str, checker: Checker, encoder: Embedder) -> None:
    """With all words of the passage but a lost or added "not", or a part more, a sentence scores lower by far."""
    one, other = (checker.evidence(sentence, hit(MINUTES, encoder)) for sentence in (right, wrong))
    assert one
    assert other
    assert one.score > other.score + 1
    assert checker.carries(right, hit(MINUTES, encoder))


def test_what_is_ruled_out_never_passes(encoder: Embedder) -> None:
    """However low the threshold: a number that the passage lacks leaves the score below it."""
    checker = Checker(encoder, least=-50.0)
    assert checker.carries("The ferry had 164 people on board.", hit(FERRY, encoder))
    assert checker.carries("The ferry had 165 people on board.", hit(FERRY, encoder)) == ()


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
        ("The two of them met first in Ghent.", "Marit and Tobias met in Ghent in 1999.", set()),
        ("The three of them met in Ghent.", "Marit and 5 others met in Ghent.", {"3"}),
        ("It was the first ship.", "It was the fourth ship.", {"1st"}),
        ("It was the first ship.", "It was built in 2004.", set()),
        ("The 2 of them met in Ghent.", "Marit and Tobias met in Ghent in 1999.", {"2"}),
    ],
)
def test_numbers_may_be_reckoned(sentence: str, quoted: str, missing: set[str]) -> None:
    """Sums, differences and roundings count where the sentence has a word for it; "two" may count what is listed."""
    assert missing_numbers(sentence, quoted, quoted) == missing


@modest
@given(st.text(max_size=200))
def test_words_lie_where_they_say(text: str) -> None:
    """In order, not overlapping, within the text."""
    at = 0
    for word in words_of(text):
        assert at <= word.start < word.end <= len(text)
        at = word.end
