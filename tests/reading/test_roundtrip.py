"""What is written as a file of any kind comes back: words in order, sentences whole, cells under their names."""

import random
from pathlib import Path

import pytest
from article_assistant.index.reading import files
from hypothesis import given, settings
from hypothesis import strategies as st

from bench import content, roundtrip, written


@pytest.mark.parametrize("kind", roundtrip.WRITERS)
@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1_000_000))
def test_a_document_comes_back(kind: str, seed: int) -> None:
    """Headings, paragraphs, lists, tables that span, code, terms, notes: all of it, and no sentence of two."""
    blocks = roundtrip.TOLD.get(kind, list)(content.Chance(seed).document())
    said = files.read_page(Path(f"a{kind}"), roundtrip.WRITERS[kind](blocks, random.Random(seed))).text
    wrong: list[str] = []
    count = roundtrip.compared(blocks, said, kind not in roundtrip.AT_MARKS, wrong)
    assert count.in_order == count.words, said
    assert not [one for one in wrong if one.startswith(("  row", "  made"))]
    assert written.UNSEEN not in said
