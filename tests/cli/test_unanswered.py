"""`assistant unanswered`: what keepers of articles learn from what was asked."""

import csv
import io
import json
from pathlib import Path

import pytest
from article_assistant.cli import main
from article_assistant.index import embed
from article_assistant.memory import Memory, Opinion
from article_assistant.types import Answer, Turn, User
from article_assistant.web.wanting import Meanings, Wanting, as_csv, grouped
from typer.testing import CliRunner

from tests.parts import Words

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


def refused(*questions: str) -> list[Opinion]:
    """Each of these was asked in vain, one a day."""
    return [Opinion(question, DAY * day, False, "", "") for day, question in enumerate(questions, start=1)]


@pytest.fixture(scope="module")
def meanings() -> Meanings:
    """By the default encoder."""
    return Meanings(embed.load)


def test_questions_that_mean_the_same_are_one(meanings: Meanings) -> None:
    """In other words, forms or order; they are called as they were asked most often, and counted together."""
    said = ["What do I do to reset my password?", *["How do I reset my password?"] * 3, "how to reset password"]
    judged = Opinion("how do i reset my password", 9 * DAY, True, "down", "Ask IT")
    (one,) = grouped([*refused(*said), judged], meanings)
    assert one.question == "how do i reset my password"
    assert (one.asked, one.refused, one.disliked, one.last, one.words) == (6, 5, 1, "1970-01-10", ("Ask IT",))
    assert set(one.wordings) == {said[0], said[-1]}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Who approves a trip?", "Who approves a trip abroad?"),
        ("Where was Laura Wright born?", "When was Laura Wright born?"),
        ("Is smoking allowed in the yard?", "Is smoking not allowed in the yard?"),
        ("Where is meeting room 12?", "Where is meeting room 13?"),
        ("How is error E1353 of the pump cleared?", "How is error E1354 of the pump cleared?"),
        ("What is the hotel limit in Oslo?", "What is the hotel limit in Bergen?"),
        ("Wer genehmigt eine Reise im Inland?", "Wer genehmigt eine Reise ins Inland?"),
    ],
)
def test_look_alikes_stay_apart(meanings: Meanings, one: str, other: str) -> None:
    """What only adds words, asks for another kind of thing, names another number or thing, or is not understood."""
    assert [found.wordings for found in grouped(refused(one, other), meanings)] == [(), ()]


def test_only_what_may_have_company_is_encoded() -> None:
    """Where nothing can be grouped no encoder is loaded; what was encoded is known the next time."""

    def never() -> Words:
        raise AssertionError("an encoder was loaded")

    nothing = {(): 0, ("Who pays?",): 1, ("Who pays?", "who pays"): 1, ("Who pays?", "Where is the mower?"): 2}
    assert {said: len(grouped(refused(*said), Meanings(never))) for said in nothing} == nothing
    encoder = Words()
    meanings = Meanings(lambda: encoder)
    alike = ["Who pays the rent of the flat?", "Who pays the rent of the house?"]
    for _ in range(2):
        grouped(refused(*alike, "Where is the lawn mower?"), meanings)
        assert encoder.embedded == 2
    grouped(refused(*alike, "Who pays the rent of the hut?"), meanings)
    assert encoder.embedded == 3


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
    assert (only["question"], only["wordings"]) == ("Who; goes, then?", [])


def test_the_command_groups_by_meaning(tmp_path: Path) -> None:
    """The other wordings stand below the most frequent one, in each form."""
    memory = Memory(tmp_path)
    other = "how to reset password"
    for question in (*["How do I reset my password?"] * 2, other):
        memory.add(MIA, "c", Turn(question, "", (), question), Answer(question, False, None, "", "refused", None, ()))
    memory.close()
    run = CliRunner().invoke
    table, lines, document = (
        run(main.app, ["unanswered", "--home", str(tmp_path), *form]).output for form in ([], ["--csv"], ["--json"])
    )
    assert f"= {other}" in table
    assert "1 question that" in table
    (row,) = csv.DictReader(io.StringIO(lines))
    assert (row["question"], row["asked"], row["wordings"]) == ("How do I reset my password?", "3", other)
    assert json.loads(document)["unanswered"][0]["wordings"] == [other]


def test_a_question_is_no_formula() -> None:
    """Whatever anybody asked stays text in a spreadsheet."""
    (row,) = csv.DictReader(io.StringIO(as_csv([Wanting("=1+1", 1, 1, 1, "2026-11-29", ("@you",), ("+2",))])))
    assert (row["question"], row["words"], row["wordings"]) == ("'=1+1", "'@you", "'+2")


def test_nothing_wanting_is_said(tmp_path: Path) -> None:
    """Without a single question there is one plain sentence."""
    assert "Nothing is wanting" in CliRunner().invoke(main.app, ["unanswered", "--home", str(tmp_path)]).output


def test_the_version_is_told() -> None:
    """`assistant --version` prints one line with the version."""
    assert CliRunner().invoke(main.app, ["--version"]).output.startswith("assistant 0.")
