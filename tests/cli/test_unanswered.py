"""`assistant unanswered`: what keepers of articles learn from what was asked."""

import csv
import io
import json
from pathlib import Path

import pytest
from article_assistant.cli import main
from article_assistant.memory import Memory, Opinion
from article_assistant.types import Answer, Turn, User
from article_assistant.web.wanting import Wanting, as_csv, grouped
from typer.testing import CliRunner

MIA = User("mia", None)
DAY = 86400.0


def test_questions_are_grouped_by_what_they_ask() -> None:
    """Case, spaces and the question mark make no other question; what was answered and liked is left out."""
    asked = [
        Opinion("Who pays?", DAY, False, "", ""),
        Opinion("who  pays", 3 * DAY, True, "down", "the old rule"),
        Opinion("WHO PAYS?", 2 * DAY, True, "up", ""),
        Opinion("Who goes?", DAY, True, "", ""),
        Opinion("Who stays?", DAY, True, "down", ""),
    ]
    assert grouped(asked) == [
        Wanting("WHO PAYS?", 3, 1, 1, "1970-01-04", ("the old rule",)),
        Wanting("Who stays?", 1, 0, 1, "1970-01-02", ()),
    ]


@pytest.fixture
def asked(tmp_path: Path) -> Path:
    """The home of an assistant that was asked two questions, one in vain."""
    memory = Memory(tmp_path)
    for question, answered in (("Who pays?", True), ("Who; goes, then?", False)):
        answer = Answer(question, answered, None, "", "extractive" if answered else "refused", None, ())
        memory.add(MIA, "c", Turn(question, "", (), question), answer)
    memory.close()
    return tmp_path


def test_the_command_prints_a_table_csv_and_json(asked: Path) -> None:
    """All three forms have the question that was refused, and not the one that was answered."""
    run = CliRunner().invoke
    table, lines, document = (
        run(main.app, ["unanswered", "--home", str(asked), *form]) for form in ([], ["--csv"], ["--json"])
    )
    assert "Who; goes, then?" in table.output
    assert "1 question that" in table.output
    (row,) = csv.DictReader(io.StringIO(lines.output))
    assert (row["question"], row["asked"], row["refused"], row["disliked"]) == ("Who; goes, then?", "1", "1", "0")
    (only,) = json.loads(document.output)["unanswered"]
    assert only["question"] == "Who; goes, then?"


def test_a_question_is_no_formula() -> None:
    """Whatever anybody asked stays text in a spreadsheet."""
    (row,) = csv.DictReader(io.StringIO(as_csv([Wanting("=1+1", 1, 1, 1, "2026-11-29", ("@you",))])))
    assert (row["question"], row["words"]) == ("'=1+1", "'@you")


def test_nothing_wanting_is_said(tmp_path: Path) -> None:
    """Without a single question there is one plain sentence."""
    assert "Nothing is wanting" in CliRunner().invoke(main.app, ["unanswered", "--home", str(tmp_path)]).output


def test_the_version_is_told() -> None:
    """`assistant --version` prints one line with the version."""
    assert CliRunner().invoke(main.app, ["--version"]).output.startswith("assistant 0.")
