"""What somebody may not read moves nothing of what they are shown."""

from pathlib import Path

import pytest
from article_assistant.answering.extract import Extractor
from article_assistant.answering.kind import kinds_of
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.settings import ACCEPTED_WRONG

from bench.hidden import answers, differs, pairs
from tests.parts import Words


@pytest.mark.parametrize("seed", range(6))
def test_passages_are_those_of_a_library_without(tmp_path: Path, seed: int) -> None:
    """Whoever asks, published or not, after rights were withdrawn and given: passages and scores are to the last byte
    those of a library that never had the forbidden articles."""
    forbidden = found = 0
    for pair in pairs(tmp_path, Words(), seed, 20):
        forbidden += pair.forbidden
        for question in pair.questions:
            assert not differs(pair, question)
            found += bool(pair.alone.find(question, pair.groups, 1))
    assert forbidden > 5
    assert found > 10


def test_answers_are_those_of_a_library_without(tmp_path: Path) -> None:
    """So are the answers, quotes, refusals and what is nearest."""
    encoder = embed.load()
    answer = answers(Extractor(Reader(), ACCEPTED_WRONG, kinds_of(encoder)))
    for pair in pairs(tmp_path, encoder, 100, 8, readers=2):
        for question in pair.questions:
            assert not differs(pair, question, answer)
