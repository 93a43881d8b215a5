"""The report of an evaluation: every cause to its outcome, and a comparison that an upgrade can hang on."""

import copy
import doctest
import json
import re
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest
from article_assistant.evaluation import report
from article_assistant.evaluation.comparison import GATES, ReportError, compare, failure, read_report
from article_assistant.evaluation.figures import Outcome, figures, run
from article_assistant.evaluation.markdown import as_markdown
from article_assistant.evaluation.questions import Question
from article_assistant.evaluation.report import (
    CAUSES,
    Report,
    cause,
    make_report,
    provenance,
)
from article_assistant.index.search import Index
from article_assistant.index.types import Article, Chunk, Hit
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.settings import Settings
from article_assistant.types import Answer, Citation
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.parts import Words, article, modest, update, write
from tests.writers import Scripted

TEXT = "It was seven in all. The others left. Nobody counted eight of them."
ONE = article(TEXT, "One", "docs/one.md")
OTHER = article("It was eight here. It was seven, too.", "Other", "docs/other.md")
MADE_WITH = {
    "made": "2024-05-01T10:00:00+00:00", "assistant": "1.0", "encoder": "words/1", "articles": 2, "chunks": 3,
    "models": {"reader.onnx": "0" * 64}, "settings": {"max_file_mb": 50},
}  # fmt: skip


def hit(of: Article, rank: int, start: int = 0, end: int | None = None) -> Hit:
    """A chunk of an article that was found."""
    end = len(of.text) if end is None else end
    return Hit(Chunk(of.id, start, end, "", of.text[start:end], ()), of, rank, 1.0, 0.0, ())


def quote(of: Article, words: str) -> Citation:
    """A quote of an article, at its place."""
    start = of.text.index(words)
    return Citation(1, of.id, of.title, "", "", words, start, start + len(words), "r1", None)


def outcome(
    answers: list[str],
    *quotes: Citation,
    short: str | None = None,
    ranks: tuple[int, ...] = (2,),
    asked: str = "How many were there?",
    confidence: float | None = None,
) -> Outcome:
    """What came of a question about `One`, whose first chunk was found second; without quotes a refusal."""
    hits = (hit(OTHER, 1), hit(ONE, 2, 0, 37), hit(ONE, 3, 38))
    mode = "extractive" if quotes else "refused"
    answer = Answer(asked, bool(quotes), short, "…", mode, confidence, quotes)  # type: ignore[arg-type]
    return Outcome(Question(asked, tuple(answers), "one.md"), answer, hits, 0.01, list(ranks) if answers else [])


RIGHT = outcome(["seven"], quote(ONE, "It was seven in all."), short="Seven")
OUTCOMES = {
    "right": [
        RIGHT,
        outcome(["seven"], quote(ONE, "It was seven in all.")),
        outcome(["seven"], quote(ONE, "The others left."), short="the seven"),
    ],
    "not found": [
        outcome(["nine"], quote(ONE, "The others left."), short="eight", ranks=()),
        outcome(["nine"], ranks=()),
    ],
    "found but not read": [
        outcome(["seven"], quote(OTHER, "It was eight here."), short="eight"),
        outcome(["seven"], quote(OTHER, "It was seven, too.")),  # not the article that the question names
        outcome(["seven"], quote(ONE, "Nobody counted eight of them."), short="eight"),  # another chunk of it
        outcome(["eight"], quote(ONE, "The others left."), short="others", ranks=(3,)),  # the chunk before
    ],
    "wrongly read": [
        outcome(["seven"], quote(ONE, "It was seven in all."), short="all"),
        outcome(["seven"], quote(OTHER, "It was eight here."), quote(ONE, "It was seven in all."), short="eight"),
        outcome(["seven"], quote(OTHER, "It was eight here."), quote(ONE, "It was seven in all.")),
        outcome(["seven"], quote(ONE, "The others left."), short="others"),
        outcome(["seven"], quote(ONE, "The others left.")),
    ],
    "wrongly refused": [outcome(["seven"])],
    "wrongly answered": [outcome([], quote(ONE, "The others left."), short="seven")],
    "rightly refused": [outcome([])],
}


@pytest.mark.parametrize("name", CAUSES)
def test_each_cause_is_given_to_the_outcome_it_describes(name: str) -> None:
    """Every cause, in each way to come to it that its definition names."""
    assert [cause(one) for one in OUTCOMES[name]] == [name] * len(OUTCOMES[name])


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    place = tmp_path_factory.mktemp("report")
    opened = Index.open(place / "home", Words())
    files: dict[str, str | bytes] = {
        "trips.md": "# Trips\n\nTobias approves trips.",
        "leave.md": "# Leave\n\nLeave is thirty days.",
    }
    update(opened, write(place / "docs", files))
    yield opened
    opened.close()


def test_a_report_is_made_of_what_was_really_asked(index: Index, memory: Memory) -> None:
    """Asked over a real index: causes, ranks, what was cited, and where it all came from; and it is JSON."""
    asked = [
        Question("Who approves trips?", ("Tobias approves trips",), "trips.md", ("Are there trips?",)),
        Question("Who approves leave?", ("Tobias",)),
        Question("How long is leave?", ("thirty days",), "leave.md"),
        Question("Who approves dogs?", ("Ann",)),
        Question("Who feeds dogs?", ()),
    ]
    answerer = Scripted(None, "Tobias approves trips.", "Leave is thirty days.", None, None, "Leave is thirty days.")
    outcomes = list(run(Assistant(index, answerer, memory), asked, lambda: None))
    made = make_report(outcomes, "ours.jsonl", provenance(index, Settings()))
    assert [row["cause"] for row in made["questions"]] == [
        "right", "found but not read", "wrongly refused", "not found", "wrongly answered",
    ]  # fmt: skip
    assert sum(made["causes"].values()) == len(asked)
    first = made["questions"][0]
    assert first["before"] == ["Are there trips?"]
    assert (first["quote"], first["cited"], first["title"]) == ("Tobias approves trips.", "docs/trips.md", "Trips")
    assert first["rank"] == outcomes[0].ranks[0]
    assert (first["exact"], first["f1"], first["confidence"]) == (True, 1.0, None)
    assert (made["questions"][2]["quote"], made["questions"][3]["rank"]) == (None, None)
    assert (made["encoder"], made["articles"], made["chunks"]) == ("words/1", 2, 2)
    assert {name: f["value"] for name, f in made["figures"].items()} == {
        name: round(f.value, 4) for name, f in figures(outcomes).items()
    }
    assert json.loads(json.dumps(made)) == made


def test_it_says_what_the_answers_depend_on_and_nothing_about_the_machine(index: Index) -> None:
    """Version, digest of each model file, the settings that may change an answer; no folder, no password."""
    found = provenance(index, Settings(password="not to be told", home=Path("/secret/place")))  # type: ignore[arg-type]
    assert found["assistant"] == metadata.version("article-assistant")
    assert {"reader.onnx", "sentences.json"} <= set(found["models"])
    assert all(re.fullmatch("[0-9a-f]{64}", digest) for digest in found["models"].values())
    assert found["settings"]["max_file_mb"] == 50
    assert set(Settings.model_fields) >= report._ELSEWHERE
    assert "secret" not in json.dumps(found)
    assert "told" not in json.dumps(found)


def many(*outcomes: tuple[int, Outcome]) -> Report:
    """A report of so many of each outcome, each question with a name of its own."""
    asked: list[Outcome] = []
    for times, one in outcomes:
        for _ in range(times):
            question = Question(f"Question {len(asked)}?", one.question.answers, one.question.article)
            asked.append(Outcome(question, one.answer, one.hits, (len(asked) + 1) / 100, one.ranks))
    return make_report(asked, "ours.jsonl", MADE_WITH)


WRONG = OUTCOMES["wrongly read"][0]
REFUSED = OUTCOMES["wrongly refused"][0]


def test_a_report_compared_with_itself_shows_no_difference() -> None:
    """Every figure differs by 0 with an interval of 0, no question moved, nothing fails."""
    made = many((5, RIGHT), (3, WRONG), (2, REFUSED), (2, outcome([])), (1, OUTCOMES["wrongly answered"][0]))
    compared = compare(json.loads(json.dumps(made)), made)
    assert set(compared["figures"]) == set(made["figures"])
    for figure in compared["figures"].values():
        assert (figure["difference"], figure["low"], figure["high"]) == (0, 0, 0)
        assert figure["verdict"] == "no clear difference"
    assert (compared["both"], compared["only_earlier"], compared["only_now"]) == (13, 0, 0)
    assert (compared["better"], compared["worse"], compared["changed"]) == ([], [], {})
    assert failure(compared) is None


def test_what_is_compared_are_the_figures_of_the_reports() -> None:
    """Over the same questions, then and now of each figure are what the two reports say; an interval holds
    the difference."""
    spread = [(1, one) for ones in OUTCOMES.values() for one in ones]
    good = [(1, RIGHT if one.question.answers == ("seven",) else one) for _, one in spread]
    earlier, now = many(*good), many(*spread)
    compared = compare(earlier, now)
    assert set(compared["figures"]) == set(now["figures"])
    for name, figure in compared["figures"].items():
        assert figure["now"] == now["figures"][name]["value"], name
        assert figure["earlier"] == earlier["figures"][name]["value"], name
        assert figure["low"] <= figure["difference"] <= figure["high"], name
        assert figure["gates"] == (name in GATES)


@pytest.mark.parametrize(
    ("then", "now", "failed"),
    [
        (RIGHT, WRONG, ["exact match", "f1"]),
        (WRONG, RIGHT, []),
        (RIGHT, REFUSED, ["exact match", "f1", "first quote right", "false refusals"]),
        (REFUSED, RIGHT, []),
        (outcome([]), OUTCOMES["wrongly answered"][0], ["false answers"]),
        (OUTCOMES["wrongly answered"][0], outcome([]), []),
    ],
)
def test_a_gate_closes_when_its_figure_is_clearly_worse(then: Outcome, now: Outcome, failed: list[str]) -> None:
    """Eight questions of twenty that turn bad close the gates that measure it, one of twenty closes none; the
    same the other way round is better."""
    rest = (12, outcome(["seven"], quote(OTHER, "It was seven, too."), short="eight"))
    compared = compare(many((8, then), rest), many((8, now), rest))
    assert compared["failed"] == failed
    assert len(compared["worse"]) == (8 if failed else 0)
    assert len(compared["better"]) == (0 if failed else 8)
    line = failure(compared)
    assert bool(line) == bool(failed)
    if line:
        assert all(name in line for name in failed)
        assert "“Question 0?”, “Question 1?”, “Question 2?” and 5 more" in line
        assert "\n" not in line
    few = compare(many((1, then), (7, then), rest), many((1, now), (7, then), rest))
    assert (few["failed"], failure(few)) == ([], None)
    assert [row["question"] for row in few["worse"] + few["better"]] == ["Question 0?"]


def test_only_the_same_questions_are_compared() -> None:
    """Another wording, article or known answers is another question; what stands twice is compared in its order."""
    earlier = make_report([RIGHT, WRONG, outcome(["eight"], asked="Else?")], "a.jsonl", MADE_WITH)
    now = make_report([WRONG, WRONG, outcome(["8"], asked="Else?"), outcome([], asked="New?")], "b.jsonl", MADE_WITH)
    compared = compare(earlier, now)
    assert (compared["both"], compared["only_earlier"], compared["only_now"]) == (2, 1, 2)
    assert [(row["was"], row["now"]) for row in compared["worse"]] == [("right", "wrongly read")]


def test_what_changed_beside_the_answers_is_named() -> None:
    """Encoder, model files, settings, number of articles: what it was and what it is."""
    now = many((1, RIGHT))
    earlier = copy.deepcopy(now) | {"encoder": "old/1", "models": {"reader.onnx": "1" * 64}, "articles": 9}
    earlier["settings"] = {"max_file_mb": 50, "gone": 1}
    assert compare(earlier, now)["changed"] == {
        "encoder": ["old/1", "words/1"], "articles": [9, 2],
        "model reader.onnx": ["1" * 12, "0" * 12], "setting gone": [1, None],
    }  # fmt: skip


def test_a_report_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """From the file comes what went into it, and it needs one question in common."""
    made = many((2, RIGHT), (1, outcome([])))
    path = tmp_path / "r.json"
    path.write_text(json.dumps(made, ensure_ascii=False), encoding="utf-8")
    assert read_report(path, [Question("Question 1?", ("seven",), "one.md")]) == made


def _without(*keys: str) -> Any:
    return {key: value for key, value in many((1, RIGHT)).items() if key not in keys}


def _with(**row: Any) -> Any:
    made = many((1, RIGHT))
    made["questions"][0] |= row  # type: ignore[typeddict-item]
    return made


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
        (b"no json", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"{}", "not a report"),
        (b"[1]", "not a report"),
        ({"report": True}, "not a report"),
        (_without() | {"report": 0}, "an older version"),
        (_without() | {"report": 2}, "a newer version"),
        (_without("questions"), "questions: Field required"),
        (_without("models"), "models: Field required"),
        (_without() | {"questions": [7]}, "questions.0: Input should be an object"),
        (_with(rank="one"), "questions.0.rank: Input should be a valid integer"),
        (_with(f1=float("nan")), "questions.0.f1: Input should be a finite number"),
        (_with(cause="bad luck"), "questions.0.cause: Input should be 'right'"),
        (_with(answers=[["seven"]]), "questions.0.answers.0: Input should be a valid string"),
        (_with(question="Another?"), "none of these questions"),
        (_with(answers=["eight"]), "none of these questions"),
    ],
)
def test_what_is_no_earlier_report_is_one_clear_line(tmp_path: Path, content: Any, said: str) -> None:
    """Missing, no JSON, no report, of another shape, damaged, about other questions: said with what to do."""
    path = tmp_path / "r.json"
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    with pytest.raises(ReportError, match=re.escape(said)) as raised:
        read_report(path, [Question("Question 0?", ("seven",), "one.md")])
    assert "\n" not in str(raised.value)
    assert "; " in str(raised.value)


def test_how_far_confidence_can_be_believed() -> None:
    """By hand: three bins, refusals and answers without a confidence left out, 1.0 in the last bin."""
    confident = [
        outcome(["seven"], quote(ONE, "It was seven in all."), short="seven", confidence=1.0),
        outcome(["seven"], quote(ONE, "It was seven in all."), short="all", confidence=0.95),
        outcome(["seven"], quote(ONE, "It was seven in all."), short="seven", confidence=0.55),
        outcome([], quote(ONE, "The others left."), short="others", confidence=0.05),
        outcome(["seven"], confidence=0.9),
        RIGHT,
    ]
    found = make_report(confident, "q.jsonl", MADE_WITH)["reliability"]
    assert found is not None
    assert found["of"] == 4
    assert [(b["from"], b["of"], b["confidence"], b["right"]) for b in found["bins"]] == [
        (0.0, 1, 0.05, 0.0), (0.5, 1, 0.55, 1.0), (0.9, 2, 0.975, 0.5),
    ]  # fmt: skip
    assert found["error"] == pytest.approx((0.05 + 0.45 + 2 * 0.475) / 4)
    assert "expected calibration error 0.362" in as_markdown(make_report(confident, "q.jsonl", MADE_WITH))
    assert make_report([RIGHT], "q.jsonl", MADE_WITH)["reliability"] is None
    assert "calibration" not in as_markdown(make_report([RIGHT], "q.jsonl", MADE_WITH))


def rendered(text: str) -> list[Token]:
    """All tokens that a Markdown reader with tables and raw HTML makes of a text."""
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(text)
    return [token for block in parsed for token in [block, *(block.children or [])]]


def test_a_report_can_be_read() -> None:
    """Every cause is defined, every question that went wrong is listed under its cause with what was expected,
    said, cited and found; those that went right are not."""
    asked = [one for ones in OUTCOMES.values() for one in ones]
    text = as_markdown(many(*((1, one) for one in asked)))
    for name, meaning in CAUSES.items():
        assert f"| {name} | {len(OUTCOMES[name])} | {meaning} |" in text
        assert (f"### {name.capitalize()} ({len(OUTCOMES[name])})" in text) == (not name.startswith("right"))
    assert "| exact match | 0.133 | 0.037 to 0.379 | 15 |" in text
    listed = re.findall(r"^\d+\. `Question (\d+)\?`$", text, re.MULTILINE)
    assert sorted(map(int, listed)) == [
        number for number, one in enumerate(asked) if cause(one) not in {"right", "rightly refused"}
    ]
    assert (
        "1. `Question 9?`\n   - expected: `seven` in `one.md`\n   - said: `all`\n"
        "   - cited: `One`: `It was seven in all.`\n   - first passage that holds an answer: rank 2\n"
    ) in text
    assert "   - expected: a refusal in `one.md`\n   - said: `seven`\n   - cited: `One`: `The others left.`\n" in text
    assert "   - said: a refusal\n   - first passage that holds an answer: none found\n" in text
    assert len([token for token in rendered(text) if token.type == "table_open"]) == 2
    assert "Nothing." in as_markdown(many((1, RIGHT)))


def test_a_comparison_can_be_read() -> None:
    """The difference of each figure, what changed, and the questions that moved, by name."""
    earlier, now = many((8, RIGHT), (4, WRONG)), many((7, WRONG), (1, RIGHT), (3, WRONG), (1, RIGHT))
    earlier["encoder"] = "old/1"
    now["comparison"] = compare(earlier, now)
    text = as_markdown(now)
    assert "## Compared with the report of `2024-05-01T10:00:00+00:00`" in text
    assert "- `encoder` was `old/1`, is `words/1`" in text
    assert re.search(r"\| exact match, gates \| 0.667 \| 0.167 \| -0.500 \| -0.\d+ to -0.\d+ \| 12 \| worse \|", text)
    assert "Significantly worse: exact match, f1." in text
    assert "### Questions that got worse (7)\n\n1. `Question 0?`: right → wrongly read (exact match, f1)\n" in text
    assert "### Questions that got better (1)\n\n1. `Question 11?`: wrongly read → right (exact match, f1)" in text
    assert len([token for token in rendered(text) if token.type == "table_open"]) == 3


UNCHANGED = compare(many((1, RIGHT)), many((1, RIGHT)))


def nasty(words: str) -> Report:
    """A report that has these words wherever words from outside may stand."""
    title = words or "x"
    evil = Article("e.md", title, words, "", "r1", None, frozenset())
    citation = Citation(1, evil.id, title, "", "", words, 0, len(words), "r1", None)
    question = Question(words, (words, "no"), words, (words,))
    answer = Answer(words, True, f"{words} and", words, "extractive", 0.4, (citation,))
    made_with = MADE_WITH | {"made": words, "encoder": words, "assistant": words, "models": {words: words}}
    one = Outcome(question, answer, (hit(evil, 1),), 0.01, [])
    made = make_report([one], words, made_with | {"settings": {words: words}})
    moved = {"question": words, "before": [words], "was": "right", "now": "not found", "figures": ["f1"]}
    made["comparison"] = UNCHANGED | {
        "earlier": {"made": words}, "changed": {words: [words, None]}, "better": [moved], "worse": [moved],
    }  # fmt: skip
    return made


PLAIN = [token.type for token in rendered(as_markdown(nasty("word")))]


@pytest.mark.parametrize(
    "words",
    [
        "![x](http://evil.example/x.png)",
        "[click](javascript:alert(1))",
        "<img src=x onerror=alert(1)>",
        "</td></table><script>alert(1)</script>",
        "<http://evil.example>",
        "a | b | c",
        "\\| \\` \\",
        "`` ` ```",
        "```\nfence",
        "`",
        "\n\n# Heading\n\n| a |\n|---|\n",
        "\u2028- item\r\n1. one\x0b\x1c***",
        "\x00\x1b[31m",
        "[ref]: http://evil.example",
        "&lt;b&gt; **bold** ~~gone~~ $x$",
    ],
)
def test_words_from_outside_stay_words(words: str) -> None:
    """Images, links, HTML, table bars, backticks, headings, line ends: each is shown as text, in its place."""
    tokens = rendered(as_markdown(nasty(words)))
    assert [token.type for token in tokens] == PLAIN
    line = " ".join(re.sub(r"[\x00\x1b]", "\ufffd", words).split())
    assert line in [token.content for token in tokens if token.type == "code_inline"]


@modest
@given(st.text(st.sampled_from("`\\|<>![]()*_~#-+=&:/\n\t \u2028ab1."), min_size=1).filter(str.strip))
def test_no_words_from_outside_break_the_report(words: str) -> None:
    """Whatever they are, headings, lists, tables and everything else stay as they are with plain words."""
    assert [token.type for token in rendered(as_markdown(nasty(words)))] == PLAIN


def test_long_words_are_cut() -> None:
    """A quote of a thousand words does not fill the page."""
    lines = as_markdown(nasty("word " * 1000)).splitlines()
    (cited,) = (line for line in lines if line.lstrip().startswith("- cited"))
    assert cited.endswith("word…`")
    assert max(map(len, lines)) < 1000


def test_examples_in_docstrings_are_true() -> None:
    """What a docstring shows is what happens."""
    assert not doctest.testmod(report).failed
