"""Questions with known answers become figures; every figure against a count by hand."""

import json
from pathlib import Path

import pytest
from article_assistant.evaluation.figures import Outcome, figures, percentile, run, wilson
from article_assistant.evaluation.questions import Question, QuestionFileError, f1, holds, named, normal, read_questions
from article_assistant.index.search import Index
from article_assistant.index.types import Chunk, Hit
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.types import Answer, Citation
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import SEEDS, Words, article, modest, update, write
from tests.writers import Scripted


def question_file(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "questions.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_question_file_is_read(tmp_path: Path) -> None:
    """Questions, answers, article and earlier questions; empty lines, unknown keys and odd line ends are fine."""
    path = question_file(
        tmp_path,
        '\ufeff{"question": "How many?", "answers": ["seven", "7"], "article": "a.md", "more": 1}',
        "",
        '{"question": "And\u2028it?", "answers": [], "before": ["How many?"]}\r',
    )
    assert read_questions(path) == [
        Question("How many?", ("seven", "7"), "a.md"),
        Question("And\u2028it?", (), None, ("How many?",)),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "no json",
        "[]",
        '"text"',
        "{}",
        '{"question": "Q?"}',
        '{"question": "Q?", "answers": "seven"}',
        '{"question": "", "answers": []}',
        '{"question": 1, "answers": []}',
        '{"question": "Q?", "answers": [7]}',
        '{"question": "Q?", "answers": [], "article": 7}',
        '{"question": "Q?", "answers": null}',
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """One line with the number of the first that is wrong, and what a right one looks like."""
    with pytest.raises(QuestionFileError, match="line 2 of"):
        read_questions(question_file(tmp_path, '{"question": "Q?", "answers": []}', line))


def test_a_file_without_questions_is_refused(tmp_path: Path) -> None:
    """Missing, empty, or no text."""
    with pytest.raises(QuestionFileError, match="cannot be read"):
        read_questions(tmp_path / "missing.jsonl")
    with pytest.raises(QuestionFileError, match="holds no question"):
        read_questions(question_file(tmp_path, "", " "))
    (tmp_path / "binary").write_bytes(b"\xff\x00")
    with pytest.raises(QuestionFileError, match="cannot be read"):
        read_questions(tmp_path / "binary")


def test_the_questions_of_the_sample_articles_can_be_read() -> None:
    """Every answer of seeds/questions.jsonl stands in the article that it names, where it is a text file."""
    asked = read_questions(SEEDS / "questions.jsonl")
    assert len(asked) > 100
    for question in asked:
        if question.answers and question.article and question.article.endswith((".md", ".txt")):
            assert holds((SEEDS / question.article).read_text(), question.answers), question


def test_answers_are_compared_as_squad_does() -> None:
    """Case, punctuation, articles and spaces don't count; whole words do."""
    assert normal("The  “Seven”, (a captured)!") == "“seven” captured"
    assert holds("Seven were captured.", ["SEVEN"])
    assert not holds("Seventeen", ["seven"])
    assert not holds("anything", ["the", ""])
    assert f1("seven assailants", ["seven"]) == pytest.approx(2 / 3)
    assert f1("seven", ["eight", "Seven."]) == 1
    assert f1("", ["seven"]) == 0


@modest
@given(st.text(max_size=40), st.lists(st.text(max_size=20), max_size=3))
def test_scores_stay_between_0_and_1(text: str, answers: list[str]) -> None:
    """For any text; an answer compared with itself scores 1."""
    assert 0 <= f1(text, answers) <= 1
    assert f1(text, [*answers, text]) == (1 if normal(text) else f1(text, answers))
    assert holds(text, [text]) == bool(normal(text))


def test_an_article_is_named_by_title_or_path() -> None:
    """The whole id, its end, or the title; nothing else."""
    assert named("docs/team/a.md", "Rules", "team/a.md")
    assert named("docs/team/a.md", "Rules", "Rules")
    assert named("docs/team/a.md", "Rules", None)
    assert not named("docs/team/aa.md", "Rules", "a.md")


@modest
@given(st.integers(1, 500), st.data())
def test_the_interval_of_a_share_holds_the_share(of: int, data: st.DataObject) -> None:
    """Between 0 and 1, around the share, and narrower with more questions."""
    successes = data.draw(st.integers(0, of))
    low, high = wilson(successes, of)
    assert 0 <= low <= successes / of + 1e-9
    assert successes / of - 1e-9 <= high <= 1
    wide = wilson(successes * 4, of * 4)
    assert wide[1] - wide[0] < high - low


def test_percentiles() -> None:
    """The smallest value that so many do not exceed."""
    assert [percentile([3, 1, 2, 4], percent) for percent in (25, 50, 51, 95, 100)] == [1, 2, 3, 4, 4]
    assert percentile([5], 50) == 5


def outcome(
    answers: list[str],
    ranks: list[int],
    *quotes: str,
    short: str | None = None,
    refused: bool = False,
    seconds: float = 0.01,
) -> Outcome:
    """What came of a question: where an answer was found, and what was cited."""
    citations = tuple(
        Citation(n, "docs/a.md", "A", "", "", quote, 0, 1, "r", None) for n, quote in enumerate(quotes, 1)
    )
    answer = Answer("Q?", not refused, short, "…", "refused" if refused else "extractive", None, citations)
    one = article("Filler. " * 60 + "It was seven.", "A", "docs/a.md")
    hits = tuple(
        Hit(Chunk(one.id, 0, len(text), "", text, ()), one, rank, 1.0, 0.0, ())
        for rank, text in enumerate(["x" * 980, "It was seven. " * 5], 1)
    )
    return Outcome(Question("Q?", tuple(answers), "a.md"), answer, hits, seconds, ranks)


def test_every_figure_by_hand() -> None:
    """Four answerable questions and two others, counted on paper."""
    found = figures(
        [
            outcome(["seven"], [1, 3], "It was seven.", short="seven", seconds=0.010),
            outcome(["seven"], [3], "It was eight.", "It was seven.", short="eight", seconds=0.020),
            outcome(["eleven"], [7], "It was eight.", seconds=0.030),
            outcome(["seven"], [], refused=True, seconds=0.040),
            outcome([], [], "It was eight.", seconds=0.050),
            outcome([], [], refused=True, seconds=0.060),
        ]
    )
    values = {name: (round(figure.value, 4), figure.of) for name, figure in found.items()}
    assert values == {
        "hit@1": (0.25, 4), "hit@5": (0.5, 4), "mrr@10": (round((1 + 1 / 3 + 1 / 7) / 4, 4), 4),
        "answer in first 1,000 characters": (0.75, 4), "exact match": (0.25, 4), "f1": (0.25, 4),
        "first quote right": (0.25, 4), "citation precision": (0.5, 4), "citation recall": (0.5, 4),
        "false refusals": (0.25, 4), "false answers": (0.5, 2), "p50 ms": (30, 6), "p95 ms": (60, 6),
    }  # fmt: skip
    for figure in found.values():
        assert figure.low <= figure.value <= figure.high


def test_what_no_question_asks_for_is_left_out() -> None:
    """Only unanswerable questions: no hit@1; only answerable ones: no false answers. The same figures every time."""
    assert "hit@1" not in figures([outcome([], [], refused=True)])
    only = [outcome(["seven"], [1], "It was seven.")]
    assert "false answers" not in figures(only)
    assert figures(only * 9) == figures(only * 9)


def test_questions_are_asked_in_conversations_of_their_own(tmp_path: Path, memory: Memory) -> None:
    """Earlier questions come first, in the same conversation, and no question hears another's."""
    index = Index.open(tmp_path / "home", Words())
    update(index, write(tmp_path / "docs", {"a.md": "It was seven.", "b.md": "It was eight."}))
    answerer = Scripted(None, "It was seven.", "It was eight.")
    asked = [Question("And it?", ("seven",), "a.md", ("Was it?",)), Question("It was what?", ("eight",), "a.md")]
    ticks: list[int] = []
    first, second = run(Assistant(index, answerer, memory), asked, lambda: ticks.append(1))
    assert len(ticks) == 2
    assert [len(turns) for turns in answerer.turns] == [0, 1, 0]
    assert first.answer.citations[0].quote == "It was seven."
    assert [first.hits[rank - 1].article.id for rank in first.ranks] == ["docs/a.md"]
    assert second.ranks == []  # the answer stands in another article than the one named
    assert json.dumps(first.answer.as_json())
    index.close()
