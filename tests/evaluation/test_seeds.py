"""The question files beside the sample articles keep their promises."""

import json
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from article_assistant.evaluation.questions import holds, normal, read_questions
from article_assistant.index.reading.files import read_page

from tests.parts import SEEDS

FILES = sorted(path for path in SEEDS.glob("*.jsonl") if path.stem not in {"written", "spoken"})
CONTRASTS = {"left-out head", "two numbers", "two names", "before and after", "pronoun", "exception", "unit"}
FOLLOW_UPS = {"ellipsis", "pronoun", "what about", "topic change", "unanswerable", "third turn"}

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def lines(path: Path) -> list[dict[str, Any]]:
    """The lines of a question file, with the keys that evaluating passes over."""
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@cache
def text(article: str) -> str:
    """An article as it is indexed."""
    path = SEEDS / article
    return read_page(path, path.read_bytes()).text


@each_file
def test_every_line_can_be_evaluated(path: Path) -> None:
    """Each file is read as `assistant evaluate` reads it, and each line says of what kind it is."""
    assert len(read_questions(path)) == len(lines(path))
    assert all(line["kind"] for line in lines(path))


@each_file
def test_no_question_is_asked_twice(path: Path) -> None:
    """The same words may come again only after other words."""
    asked = Counter((*map(normal, line.get("before", [])), normal(line["question"])) for line in lines(path))
    assert [words for words, times in asked.items() if times > 1] == []


@pytest.mark.parametrize("path", [path for path in FILES if path.stem != "questions"], ids=lambda path: path.stem)
def test_every_answer_stands_in_the_sentence_that_is_named(path: Path) -> None:
    """A sentence is verbatim what the product reads, and its first answer is in its words."""
    for line in lines(path):
        if line["answers"]:
            assert line["sentence"] in text(line["article"]), line
            assert holds(line["sentence"], line["answers"][:1]), line


def test_every_answer_of_the_oldest_file_stands_in_its_article() -> None:
    """In files of every kind; its sentences give rows of tables as they were written, not as they are read."""
    for line in lines(SEEDS / "questions.jsonl"):
        if line["answers"]:
            assert holds(text(line["article"]), line["answers"]), line
            assert holds(line["sentence"], line["answers"]), line


@each_file
def test_what_the_articles_do_not_answer_says_so(path: Path) -> None:
    """A line without an answer is of the kind "unanswerable" and names no sentence; no other line is."""
    for line in lines(path):
        assert ("unanswerable" in line["kind"]) == (not line["answers"]), line
        assert ("sentence" in line) == ("article" in line) == bool(line["answers"]), line


def test_contrasts_are_of_every_kind() -> None:
    """Five of each kind at least, and four in each file that the articles nearly answer."""
    files = [lines(SEEDS / name) for name in ("contrasts.jsonl", "contrasts-tuning.jsonl")]
    kinds = Counter(line["kind"][1] for file in files for line in file)
    assert set(kinds) == CONTRASTS
    assert min(kinds.values()) >= 5
    assert all(sum(not line["answers"] for line in file) >= 4 for file in files)


def test_contrasts_for_tuning_are_in_no_file_that_is_measured() -> None:
    """Neither their questions nor their sentences."""
    tuning = lines(SEEDS / "contrasts-tuning.jsonl")
    measured = [line for path in FILES if not path.stem.endswith("-tuning") for line in lines(path)]
    for key in ("question", "sentence"):
        assert not {line[key] for line in tuning if key in line} & {line[key] for line in measured if key in line}


def test_conversations_have_turns_before() -> None:
    """One or two earlier questions; a third turn has two; every kind of follow-up is there."""
    asked = lines(SEEDS / "conversations.jsonl")
    assert {kind for line in asked for kind in line["kind"][1:]} == FOLLOW_UPS
    for line in asked:
        assert len(line["before"]) in {1, 2}, line
        assert "third turn" not in line["kind"] or len(line["before"]) == 2, line


def test_rewordings_share_their_answers() -> None:
    """One question, asked in other words: every line has the answers and the sentence of the first."""
    first, *others = lines(SEEDS / "captured.jsonl")
    assert first["question"] == "How many assailants were captured?"
    assert len(others) == 10
    assert all((line["answers"], line["sentence"]) == (first["answers"], first["sentence"]) for line in others)
