"""`answering.judge`: what it makes of its four-bit numbers, and that a passage is judged for itself."""

import subprocess
import sys

import numpy as np
import pytest
from article_assistant.answering.judge import ANSWERS, CARRIES, opened, unpacked
from article_assistant.answering.reader import pair_tokenizer
from hypothesis import given
from hypothesis import strategies as st

TOLD = "Eleven assailants were killed in Aktobe. Seven were captured."


def logits(*pairs: tuple[str, str]) -> list[np.ndarray]:
    """Those of each pair of texts, shape `(tokens, 5)`, all pairs in one batch."""
    encodings = pair_tokenizer().encode_batch(list(pairs))
    rows = np.zeros((3, len(pairs), max(len(one.ids) for one in encodings)), np.int64)
    for number, one in enumerate(encodings):
        rows[:, number, : len(one.ids)] = one.ids, one.attention_mask, one.type_ids
    names = ("input_ids", "attention_mask", "token_type_ids")
    (found,) = opened(1).run(None, dict(zip(names, rows, strict=True)))
    return [found[number, : len(one.ids)] for number, one in enumerate(encodings)]


def test_a_passage_is_judged_the_same_beside_any_other() -> None:
    """Alone and beside a longer one, whose padding it is given, its logits are the same to a millionth."""
    pair = ("How many were captured?", TOLD)
    (alone,), (beside, _) = logits(pair), logits(pair, ("Who spoke?", "The mayor spoke at noon. " * 9))
    assert np.abs(alone - beside).max() < 1e-6 * np.abs(alone).max()


def test_it_tells_what_answers_and_what_carries() -> None:
    """A passage that answers has a place likelier than none, a copied sentence is supported; of another it is not."""
    answered, not_answered = logits(("How many were captured?", TOLD), ("Who owns the ferry?", TOLD))
    for found, wanted in ((answered, True), (not_answered, False)):
        best, none = found[1:, ANSWERS].max(axis=0).sum(), found[0, ANSWERS].sum()
        assert (best > none) == wanted
    carried, foreign = logits(("Seven were captured.", TOLD), ("The ferry sails at noon.", TOLD))
    assert carried[0, CARRIES].argmax() == 0
    assert foreign[0, CARRIES].argmax() != 0


@given(st.integers(0, 2**32 - 1))
def test_four_bits_become_eight(seed: int) -> None:
    """What an integer of eight bits is worth is what its number of four bits was, to half a step; others stay."""
    chance = np.random.default_rng(seed)
    packed = chance.integers(0, 256, (3, 64), np.uint8)
    steps = chance.uniform(-0.01, 0.01, (3, 2)).astype(np.float16)
    found = unpacked({"a.packed": packed, "a.steps": steps, "norm": steps})
    assert set(found) == {"a.weight", "a.scale", "norm"}
    numbers = np.empty((3, 128))
    numbers[:, ::2], numbers[:, 1::2] = packed & 15, packed >> 4
    worth = (numbers - 8) * np.repeat(steps.astype(np.float64), 64, axis=1)
    assert found["a.weight"].dtype == np.int8
    assert np.abs(found["a.weight"].T * found["a.scale"][:, None] - worth).max() <= found["a.scale"].max() * 0.501


@pytest.mark.skipif(sys.platform != "linux", reason="tells its memory elsewhere in another way")
def test_what_loading_took_is_given_back() -> None:
    """Once opened, the judge holds little more than its weights (86 million bytes): not the copies made of them."""
    program = (
        "from article_assistant.answering.judge import opened\n"
        "def held():\n"
        " lines = dict(line.split(':', 1) for line in open('/proc/self/status'))\n"
        " return int(lines['RssAnon'].split()[0]) / 1024\n"
        "before = held(); opened(1); print(held() - before)"
    )
    said = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert float(said) < 150
