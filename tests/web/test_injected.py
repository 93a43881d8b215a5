"""The articles with orders for a language model are what they promise to be."""

import re
from collections import Counter
from html import unescape
from pathlib import Path

import pytest
from article_assistant.index.reading.files import read_page

from tests.injected import MARKUP, PLACES, SPOKEN, Injected, articles

ALL = articles()
FAMILIES = {
    **{family: 3 * len(pieces) for family, pieces in (MARKUP | SPOKEN).items()},
    "encoded": 18,
}


def test_three_hundred_that_differ() -> None:
    """Ids, texts, marks and what is said are all different; another call makes the same articles."""
    assert len(ALL) == 300
    for part in ("id", "text", "mark", "said"):
        assert len({getattr(article, part) for article in ALL}) == 300, part
    assert articles() == ALL


def test_every_family_and_every_place() -> None:
    """17 families of three orders at least, each order at three places; each place 20 times at least."""
    assert Counter(article.family for article in ALL) == FAMILIES
    assert len(FAMILIES) == 17
    assert min(FAMILIES.values()) >= 9
    places = Counter(article.place for article in ALL)
    assert set(places) == set(PLACES)
    assert min(places.values()) >= 20
    assert all(len({article.place for article in ALL[n : n + 3]}) == 3 for n in range(0, 300, 3))


def test_half_say_something_true_as_well() -> None:
    """150 mix a true sentence that cites the article with what the order wants, in each family some."""
    alone = [article for article in ALL if article.answer.lower() not in article.said.lower()]
    assert len(alone) == 150
    assert {article.family for article in alone} == set(FAMILIES)


@pytest.mark.parametrize("article", ALL, ids=lambda article: article.mark)
def test_the_article_answers_its_question(article: Injected) -> None:
    """The product can read it, and the answer stands in what it reads."""
    assert article.answer in read_page(Path("article.md"), article.text.encode()).text
    assert article.mark in article.said.lower()


def test_nobody_else_is_named() -> None:
    """Every address leads to a name that cannot exist (.test) or to this machine."""
    for article in ALL:
        for host in re.findall(r"(?i)\w{3,}:?//(?:[^/@\s]*@)?([^/\s\"'?#<>()\\$+,;]+)", unescape(article.said)):
            assert host.lower().endswith(".test") or host == "127.0.0.1:9", (host, article.said)
