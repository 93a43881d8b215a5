"""The sentences of seeds/written.jsonl, right and wrong ones about the sample articles, keep their promises."""

import json
import re
from collections import Counter
from typing import Any

import pytest

from tests.evaluation.test_seeds import text
from tests.parts import SEEDS

WRONG = {"number", "names", "article", "negation", "made-up"}
STYLES = {"near", "moderate", "free"}
WORDS = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen twenty"
).split()

with (SEEDS / "written.jsonl").open(encoding="utf-8") as file:
    ROWS: list[dict[str, Any]] = [json.loads(line) for line in file]


def numbers(words: str) -> set[str]:
    """Every number from 2 on, in digits, with its unit or month: "1.9 cm" is not "1.9 m"."""
    for value, word in enumerate(WORDS, 1):
        words = re.sub(rf"\b{word}\b", str(value), words, flags=re.IGNORECASE)
    number = r"(?:(?:January|June) )?(?:\d[\d.,:]*\d|\d)(?:\s*(?:°[CF]|centimetres|metres|weeks|months)\b)?"
    return set(re.findall(number, words)) - {"1"}


def test_three_hundred_sentences_half_of_them_right() -> None:
    """150 are right, 30 wrong in each of five ways; ids count from 1 and no sentence comes twice."""
    assert [row["id"] for row in ROWS] == list(range(1, 301))
    assert len({row["sentence"] for row in ROWS}) == 300
    assert Counter(row["kind"] for row in ROWS) == {"right": 150, **dict.fromkeys(WRONG, 30)}
    assert all(row["right"] == (row["kind"] == "right") for row in ROWS)


def test_both_halves_have_the_same_mix() -> None:
    """As many of each kind, each English article in both, and every style of wording among right and wrong ones."""
    halves = [[row for row in ROWS if row["half"] == half] for half in ("tune", "test")]
    first, second = (Counter(row["kind"] for row in half) for half in halves)
    assert first == second
    files = {path.relative_to(SEEDS).as_posix() for path in SEEDS.glob("*/*") if path.parent.name != "languages"}
    for half in halves:
        assert {row["article"] for row in half} == files
        for right in (True, False):
            styles = Counter(row["style"] for row in half if row["right"] == right)
            assert set(styles) == STYLES
            assert min(styles.values()) >= 10
            assert styles["free"] >= 20


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["id"])
def test_quotes_are_verbatim(row: dict[str, Any]) -> None:
    """A quote stands in its article as it is indexed, and a sentence is one line of plain text without marks."""
    assert row["quote"] in text(row["article"])
    assert re.fullmatch(r"[^\n\[\]<>]{20,300}[.:?!%]", row["sentence"])
    assert row["question"].strip()


def test_halves_share_no_passage() -> None:
    """What one half quotes overlaps with no quote of the other: what is tuned on is not what is measured."""
    for row in (row for row in ROWS if row["half"] == "tune"):
        begin = text(row["article"]).index(row["quote"])
        for other in (other for other in ROWS if other["half"] == "test" and other["article"] == row["article"]):
            start = text(other["article"]).index(other["quote"])
            assert start >= begin + len(row["quote"]) or begin >= start + len(other["quote"]), (row, other)


def test_wrong_numbers_differ_from_the_quote() -> None:
    """Each has a number, or one with its unit, that the quote does not have."""
    for row in ROWS:
        if row["kind"] == "number":
            assert numbers(row["sentence"]) - numbers(row["quote"]), row
