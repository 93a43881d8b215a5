"""The benchmarks score as the product's own evaluation does, and read the sets as they are written."""

import asyncio
import gzip
import io
import json
import math
import os
import runpy
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from article_assistant.answering.extract import Extractor
from article_assistant.answering.reader import Reader
from article_assistant.evaluation import figures as evaluate
from article_assistant.evaluation.figures import Outcome
from article_assistant.evaluation.questions import Question
from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Article, Chunk, Hit
from article_assistant.types import Answer, Citation
from PIL import Image

from bench import (
    answers,
    cold,
    data,
    exact,
    field,
    landing,
    large,
    load,
    peers,
    question,
    report,
    score,
    support,
    wikis,
)
from bench.score import Passage, Piece, Score
from tests import parts
from tests import served as web

ROOT = Path(__file__).parents[1]
ROWS = [
    {"article": "AC/DC", "context": "The band was formed in 1973.", "questions": [
        {"question": "When was the band formed?", "answers": [{"text": "1973", "start": 23}]},
        {"question": "Who plays the harp?", "answers": []},
    ]},
    {"article": "Sydney", "context": "Sydney lies on a harbour.", "questions": []},
    {"article": "AC/DC", "context": "Seven albums followed.", "questions": [
        {"question": "How many albums followed?", "answers": [{"text": "Seven", "start": 0}]},
    ]},
]  # fmt: skip


@pytest.fixture
def sets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A shared folder with one small set in it."""
    folder = tmp_path / "shared"
    (folder / "data").mkdir(parents=True)
    lines = "".join(json.dumps(row) + "\n" for row in ROWS)
    (folder / "data" / "squad-dev.jsonl.gz").write_bytes(gzip.compress(lines.encode()))
    monkeypatch.setenv("ASSISTANT_SHARED", str(folder))
    return folder


def test_articles_are_files_with_their_paragraphs_joined(sets: Path, tmp_path: Path) -> None:
    """One file an article, paragraphs in order with blank lines between; unanswerable questions are left out."""
    assert sets.is_dir()
    corpus = data.write(data.paragraphs("squad-dev"), tmp_path / "articles")
    assert sorted(path.name for path in corpus.folder.iterdir()) == ["AC_DC.txt", "Sydney.txt"]
    assert (corpus.folder / "AC_DC.txt").read_text() == "The band was formed in 1973.\n\nSeven albums followed."
    assert corpus.questions == [
        Question("When was the band formed?", ("1973",), "AC_DC.txt"),
        Question("How many albums followed?", ("Seven",), "AC_DC.txt"),
    ]


def test_questions_without_an_answer_are_kept_where_they_are_asked_for(sets: Path, tmp_path: Path) -> None:
    """They come with no answers, in their place."""
    assert sets.is_dir()
    corpus = data.write(data.paragraphs("squad-dev"), tmp_path / "articles", unanswerable=True)
    assert [question.answers for question in corpus.questions] == [("1973",), (), ("Seven",)]


def test_refusals_count_as_right_only_where_nothing_answers() -> None:
    """F1 with refusals, the wrong among the answers given, and answers to questions about something else."""

    def outcome(known: tuple[str, ...], said: str | None) -> Outcome:
        mode = "refused" if said is None else "extractive"
        answer = Answer("q", said is not None, said, said or "", mode, 0.5, ())  # type: ignore[arg-type]
        return Outcome(Question("q", known), answer, (), 0.1)

    outcomes = [outcome(("seven",), "seven"), outcome(("seven",), None), outcome((), None), outcome((), "eight")]
    found = answers._measured(outcomes, [outcome((), None), outcome((), "nine")])
    assert found["f1 with refusals"].value == 0.5
    assert found["wrong, of the answers given"].value == 0.5
    assert found["answered, of those about something else"].value == 0.5


def test_the_first_articles_only(sets: Path, tmp_path: Path) -> None:
    """A limit takes whole articles: later paragraphs of a kept one still belong to it."""
    assert sets.is_dir()
    corpus = data.write(data.paragraphs("squad-dev"), tmp_path / "articles", 1)
    assert list(corpus.texts) == ["AC_DC.txt"]
    assert "Seven albums" in corpus.texts["AC_DC.txt"]


def test_a_sample_is_the_same_for_the_same_seed() -> None:
    """So that two runs ask the same questions."""
    corpus = data.Corpus(Path(), {}, [Question(str(number), ("x",)) for number in range(50)])
    assert corpus.sample(5, 1) == corpus.sample(5, 1) != corpus.sample(5, 2)
    assert corpus.sample(None, 0) == corpus.sample(99, 0) == corpus.questions


@pytest.mark.parametrize("title", ["..", "a/../b", ".hidden", "x" * 300, "   ", "Ωmega: I/II?"])
def test_file_names_are_plain_visible_and_not_taken(title: str) -> None:
    """No title leaves the folder, hides its file or falls on another's."""
    name = data.file_name(title)
    assert "/" not in name
    assert not name.startswith(".")
    assert len(name) < 100
    assert data.file_name(title, [name]) != name


def test_missing_sets_are_one_line_and_exit_code_1(tmp_path: Path) -> None:
    """The line says where they were looked for and what to set; no traceback."""
    code = "from bench import data, report; report.run(lambda: list(data.paragraphs('squad-dev')))"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "ASSISTANT_SHARED": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert "ASSISTANT_SHARED" in done.stderr
    assert str(tmp_path) in done.stderr


def test_a_missing_peer_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """With what to type, instead of a traceback."""
    monkeypatch.setitem(peers.MODULES, "nobody", ("no_such_product",))
    with pytest.raises(peers.PeersMissing, match=r"pip install -r bench/requirements\.txt"):
        peers.load_modules("nobody")


TEXTS = [
    ("news/b.txt", "The band toured in 1980. " * 20),
    ("news/a.txt", "Nothing to see here. " * 25),
    ("news/a.txt", "It was formed in 1973, they say."),
    ("news/a.txt", "In 1980 came the best-known album."),
]


@pytest.mark.parametrize(
    ("asked", "rank"),
    [
        (Question("When?", ("1973",), "a.txt"), 3),
        (Question("When?", ("1980",), "a.txt"), 4),
        (Question("When?", ("1980",), "b.txt"), 1),
        (Question("When?", ("1980",)), 1),
        (Question("When?", ("197",), "a.txt"), 0),
        (Question("When?", ("1973",), "c.txt"), 0),
    ],
)
def test_scores_are_those_of_assistant_evaluate(asked: Question, rank: int) -> None:
    """The same ranked texts get the same figures from both, with the same intervals."""
    pieces = [Piece(article, article, text) for article, text in TEXTS]
    found = score.score(asked, pieces)
    assert found.rank == rank
    hits = tuple(
        Hit(
            Chunk(name, 0, len(text), "", text, ((0, len(text)),)),
            Article(name, name, text, "", "", None, frozenset()), place, 1.0, 0.0, (0.5,),
        )
        for place, (name, text) in enumerate(TEXTS, 1)
    )  # fmt: skip
    answer = Answer(asked.question, False, None, "", "refused", None, ())
    outcome = Outcome(asked, answer, hits, 0.1)
    outcome.ranks = [hit.rank for hit in hits if evaluate._hit(hit.chunk.text, hit.article, asked)]
    theirs = evaluate.figures([outcome])
    ours = score.figures([found])
    assert ours == {name: theirs[name] for name in ours}


def test_the_window_ends_within_a_piece() -> None:
    """An answer behind the first 1,000 characters does not count, also when its piece began before."""
    asked = Question("When?", ("1973",), "a.txt")
    before = Piece("x/b.txt", "", "x" * 990)
    assert score.score(asked, [before, Piece("x/a.txt", "", "In 1973 it was.")]) == Score(2, True)
    assert score.score(asked, [before, Piece("x/a.txt", "", "It was late in 1973.")]) == Score(2, False)


def test_only_ten_pieces_count() -> None:
    """A system that returns more than it was asked for gains nothing."""
    pieces = [Piece("a.txt", "", "-")] * 10 + [Piece("a.txt", "", "1973")]
    assert score.score(Question("When?", ("1973",)), pieces).rank == 0


def test_systems_are_compared_in_pairs() -> None:
    """The difference is 0 without any doubt where both do the same, and positive where they do better."""
    mixed = [Score(1, True), Score(2, False), Score(0, False)]
    same = score.against(mixed, mixed)
    assert (same.value, same.low, same.high) == (0.0, 0.0, 0.0)
    better = score.against([Score(2, True)] * 30, [Score(1, True)] * 30)
    assert (better.value, better.low) == (1.0, 1.0)


def _words(texts: object) -> list[list[tuple[int, int]]]:
    """A token is a word."""
    assert isinstance(texts, list)
    found = []
    for text in texts:
        spans, at = [], 0
        for word in text.split():
            at = text.index(word, at)
            spans.append((at, at + len(word)))
            at += len(word)
        found.append(spans)
    return found


def test_share_read_counts_what_lies_inside_the_limit() -> None:
    """Of four words behind a two-word title, a limit of 5 with 2 special tokens reads one."""
    texts = {"a.txt": "aaaa bbbb\n\ncccc dddd"}
    assert score.share_read(texts, [Passage("a.txt", "The title", texts["a.txt"])], _words, 5) == 0.25
    assert score.share_read(texts, [Passage("a.txt", "", texts["a.txt"])], _words, 6) == 1.0


def test_share_read_counts_overlaps_once() -> None:
    """Two passages that share a word, and one that is missing."""
    texts = {"a.txt": "aaaa bbbb cccc dddd"}
    passages = [Passage("a.txt", "", "aaaa bbbb"), Passage("a.txt", "", "bbbb cccc")]
    assert score.share_read(texts, passages, _words, 9) == 0.75


def test_share_read_refuses_a_foreign_passage() -> None:
    """A passage that its article does not hold would make the share a lie."""
    with pytest.raises(ValueError, match="not of the text"):
        score.share_read({"a.txt": "aaaa"}, [Passage("a.txt", "", "bbbb")], _words, 9)


def test_the_yardstick_is_the_chunk_nearest_to_200_tokens() -> None:
    """Whatever else is in the library, so that figures of two machines compare."""
    encoder = embed.load()
    texts = ["word " * 20, "word " * 190, "word " * 250]
    assert question._typical(texts, encoder) == texts[1]


def test_stages_add_up_without_counting_twice() -> None:
    """An inner stage is taken off the one around it."""
    ticks = iter([0.0, 1.0, 3.0, 10.0])
    watch = question.Stopwatch(lambda: next(ticks))
    with watch.stage("outer"), watch.stage("inner"):
        pass
    assert watch.seconds == {"outer": 8.0, "inner": 2.0}


def test_watched_calls_return_what_they_return_and_end_with_the_block() -> None:
    """Watching changes nothing but the clock, and leaves nothing behind."""

    class Thing:
        def double(self, number: int) -> int:
            return 2 * number

    real = Thing.double
    watch = question.Stopwatch()
    with watch.watching(Thing, "double", "doubling"):
        assert Thing().double(4) == 8
    assert list(watch.seconds) == ["doubling"]
    assert Thing.double is real


def test_systems_take_turns_and_warm_up_is_not_timed() -> None:
    """Every system is timed once for every question behind the warm-up."""
    asked = [str(number) for number in range(question.WARM + 2 * question.BLOCK + 1)]
    calls: list[str] = []

    def system(name: str) -> object:
        return lambda _: calls.append(name)

    found = question.in_turns({"a": system("a"), "b": system("b")}, asked)  # type: ignore[dict-item]
    assert {name: len(times) for name, times in found.items()} == {"a": 51, "b": 51}
    assert calls[2 * question.WARM :] == ["a"] * 25 + ["b"] * 25 + ["a"] * 25 + ["b"] * 25 + ["a", "b"]


def test_the_library_has_the_chunks_asked_for(sets: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At most so many, and the questions are of the articles that are in it."""
    assert sets.is_dir()
    rows = [data.Paragraph(f"T{n // 5}", f"Number {n}. " + "Plain words follow here. " * 40, ()) for n in range(25)]
    monkeypatch.setattr(question, "SETS", ("any",))
    monkeypatch.setattr(data, "paragraphs", lambda _: iter(rows))
    corpus, chunks = question._corpus(tmp_path / "articles", 12, embed.load())
    assert 11 <= len(chunks) <= 12
    assert 1 < len(corpus.texts) < 5
    assert "".join(corpus.texts.values()).count("Number") < 25


def test_imports_are_summed_by_package() -> None:
    """Own times add up; the longest import stands beside; the heading line is no package."""
    listing = "\n".join(
        [
            "import time: self [us] | cumulative | imported package",
            "import time:      1000 |       1000 |     numpy.linalg",
            "import time:      2000 |       5000 |   numpy",
            "import time:      4000 |       9000 | chromadb",
            "another line",
        ]
    )
    assert cold.by_package(listing) == {"chromadb": (0.004, 0.009), "numpy": (0.003, 0.005)}


def test_a_report_is_printed_and_written_twice(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The Markdown is what was printed, with the machine in it; the JSON holds the figures."""
    facts = report.machine()
    report.write(tmp_path / "new", "name", "Title", facts, [report.table(["a", "b"], [["x", "1"]])], {"figure": 1})
    printed = capsys.readouterr().out
    assert (tmp_path / "new" / "name.md").read_text() == printed
    assert f"{facts['cores']} cores" in printed
    assert "| x | 1 |" in printed
    assert json.loads((tmp_path / "new" / "name.json").read_text())["figure"] == 1


def test_intervals_hold_the_mean_and_repeat() -> None:
    """The bootstrap is seeded: the same values give the same interval."""
    values = [float(value) for value in np.linspace(0, 1, 40)]
    figure = score.mean(values)
    assert figure == score.mean(values)
    assert figure.low < figure.value < figure.high


@pytest.mark.parametrize("name", ["retrieval", "indexing", "question", "cold", "answers", "large"])
def test_help_says_how_long_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before anybody starts it; without the peers being installed."""
    monkeypatch.delitem(sys.modules, f"bench.{name}", raising=False)
    monkeypatch.setattr(sys, "argv", [f"bench.{name}", "--help"])
    with pytest.raises(SystemExit) as ended:
        runpy.run_module(f"bench.{name}", run_name="__main__")
    said = capsys.readouterr().out
    assert not ended.value.code
    assert "Takes " in said
    assert "minute" in said
    assert "--out" in said


def test_a_part_of_a_library_is_put_in_with_its_vectors(tmp_path: Path) -> None:
    """The first chunks, as they were, found as before, and nothing is encoded for it."""
    encoder = parts.Words()
    grown = Index.open(tmp_path / "grown", encoder)
    texts: dict[str, str | bytes] = {
        f"{n}.md": f"# Article {n}\n\nMark{n} lies here.\n\n## More\n\nMark{n} again." for n in range(6)
    }
    parts.update(grown, parts.write(tmp_path / "docs", texts))
    grown.close()
    index = Index.open(tmp_path / "library", encoder)
    passages, vectors = large._filled(index, tmp_path / "grown", 4)
    assert (len(passages), vectors.shape) == (4, (4, encoder.dimension))
    assert index.library.counts()["chunks"] == 4
    (hit, *_) = index.find("mark1", frozenset({EVERYONE}), 3)
    assert "Mark1" in hit.chunk.text
    index.close()


def test_a_passage_of_a_changed_copy_is_right_too() -> None:
    """The place of the first passage of the article, or of a copy, that holds an answer."""
    found = [("Oslo (2)", "It has 5 trams."), ("Bergen (2)", "It has 7 trams."), ("Bergen", "It has 7 trams.")]
    assert large._right(found, "Bergen", ["7"]) == 1
    assert large._right(found, "Bergen", ["8"]) == -1


def test_missing_cases_are_one_line_and_exit_code_1(tmp_path: Path) -> None:
    """The line says where they were looked for and what to set."""
    done = subprocess.run(
        [sys.executable, "-m", "bench.field"], cwd=ROOT, env={**os.environ, "ASSISTANT_SHARED": str(tmp_path)},
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert str(tmp_path) in done.stderr


@pytest.mark.parametrize(
    ("expected", "short", "quote", "good"),
    [
        ("4,200 EUR", "4,200 EUR", "The fee is 4,200 EUR.", True),
        ("4,200 EUR", "Payable", "The fee is payable.", False),
        ("5560", "4471 Okafor Packaging Ltd, Hull, phone 5560", "phone 4471 Okafor Packaging Ltd, phone 5560", False),
        ("Ravi Menon", "Dana Whitfield: Ravi Menon", "Owner: Approved by | Dana Whitfield: Ravi Menon", False),
        ("Birch and Cedar", "Birch and Cedar", "Room: Birch | Floor: 2\nRoom: Cedar | Floor: 2", True),
        ("Birch and Cedar", "Cedar", "Room: Cedar | Floor: 2", False),
        ("room 114, title “Badge printer”, updated 2025-04-02", "room 114", "It stands in room 114.", True),
        ("room 114, title “Badge”, updated 2025-04-02", "room 114", "It stands in room 114.", False),
        ("Bo, under the heading “Beans”, without [edit]", "Bo", "Ordered by Bo.", True),
        ("Bo, under the heading “Beans”, without [edit]", "Bo", "[edit] Ordered by Bo.", False),
        ("run --it (not capitalised, whole)", None, "Run --it", False),
        ("3, or a refusal, or the rows", "3", "3 rooms", True),
        ("a refusal: that is a category", "Omar", "Pages that Omar should check", False),
    ],
)  # fmt: skip
def test_what_is_expected_in_words_is_judged(expected: str, short: str | None, quote: str, good: bool) -> None:
    """All the words expected, in their order, on one line; a short answer of other words is wrong."""
    cited = Citation(1, "a.md", "Badge printer", "", "Coffee › Beans", quote, 0, len(quote), "", "2025-04-02")
    said = f"{short or quote} [1]"
    assert field.right(expected, Answer("?", True, short, said, "extractive", None, (cited,))) is good


def test_a_refusal_may_be_what_is_expected() -> None:
    """Where the words allow one, and nowhere else."""
    refused = Answer("?", False, None, "Not found.", "refused", None, ())
    assert field.right("a refusal", refused)
    assert field.right("3, or a refusal, or the rows", refused)
    assert not field.right("3", refused)
    assert field.right("the run says that 8 files were left out", refused)
    assert not field.right("the run says that 8 files were left out", refused, ["page.mdx"])


SENTENCES = [
    {"evidence": "The ferry carried 164 people.", "claim": "164 people were on the ferry.", "label": "supported",
     "set": "a"},
    {"evidence": "The ferry carried 164 people.", "claim": "146 people were on the ferry.", "label": "contradicted",
     "set": "a"},
    {"evidence": "The bell is made of bronze.", "claim": "The bell is bronze.", "label": "supported", "set": "b"},
    {"evidence": "The bell is made of bronze.", "claim": "Ruth Lopez cast it.", "label": "unsupported", "set": "b"},
]  # fmt: skip


@pytest.mark.parametrize("name", ["sentences.jsonl", "sentences.jsonl.gz"])
def test_a_file_of_sentences_is_measured(name: str, tmp_path: Path) -> None:
    """The command prints one JSON document: over all rows and by set, with intervals, and what the product's own
    threshold gives. What stands there and what does not are told apart."""
    lines = "".join(json.dumps(row) + "\n" for row in SENTENCES).encode()
    (tmp_path / name).write_bytes(gzip.compress(lines) if name.endswith(".gz") else lines)
    done = subprocess.run(
        [sys.executable, "-m", "bench.support", str(tmp_path / name), "--json"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    assert (found["rows"], found["right"]) == (4, 2)
    assert found["auc"] == found["sets"]["a"]["auc"] == found["sets"]["b"]["auc"] == 1.0
    assert found["caught"] == {"0.02": 1.0, "0.05": 1.0, "0.1": 1.0}
    assert found["shipped"] == {"caught": 1.0, "flagged": 0.0}
    low, high = found["intervals"]["auc"]
    assert low <= found["auc"] <= high


def test_rows_of_a_set_are_capped_and_the_test_part_goes_by_evidence(tmp_path: Path) -> None:
    """A large set does not hide a small one; claims that share their evidence are all in the test part, or none."""
    rows = [
        {
            "evidence": f"Passage {n // 3}.",
            "claim": f"Claim {n}.",
            "label": "supported",
            "set": "large" if n < 90 else "b",
        }
        for n in range(96)
    ]
    path = tmp_path / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    drawn = [row.set for row in support.rows(path, 10)]
    assert (drawn.count("large"), drawn.count("b")) == (10, 6)
    assert len(support.rows(path)) == 96
    kept = support.rows(path, test=True)
    assert 0 < len(kept) < 96
    assert all(sum(row.evidence == one.evidence for row in kept) == 3 for one in kept)


def test_what_is_caught_is_counted_below_the_share_flagged() -> None:
    """Of 20 right sentences one may be flagged at 10 %: the threshold stands on the second, what is lower is caught."""
    scores = np.array([*range(20), -1.0, 0.5, 1.0, 7.0], dtype=np.float64)
    right = np.array([True] * 20 + [False] * 4)
    assert support.caught(scores, right, 0.1) == 0.5
    assert support.caught(scores, right, 0.0) == 0.25
    assert np.isnan(support.auc(scores[:20], right[:20]))


def test_what_is_asked_for_exactly_is_found_exactly() -> None:
    """Of a table, of networks and releases, and of names with signs: nearly all right, none wrong, and what is not
    there is refused."""
    cases = [case for case in exact.cases(1, 9, [30]) if case.name.startswith(("table of 30, digits", "addr", "names"))]
    extractor, embedder = Extractor(Reader(1)), embed.load()
    judged = [one for case in cases for one in exact.measured(case, embedder, extractor)]
    verdicts = [verdict for _, _, verdict in judged]
    assert verdicts.count("wrong") == 0, judged
    assert verdicts.count("right") >= 0.95 * len(verdicts), judged
    assert all(verdict == "right" for asked, _, verdict in judged if asked.words is None)


def test_an_answer_beside_another_identifier_is_wrong() -> None:
    """The right shelf of the wrong row is wrong, as is an answer to what is not there; a refusal is missed."""
    cited = Citation(1, "stock.md", "Stock", "", "", "Part: PN-22 | Shelf: S1", 0, 22, "", None)
    answer = Answer("?", True, "S1", "S1. [1]", "extractive", 0.9, (cited,))
    refused = Answer("?", False, None, "", "refused", 0.1, ())
    assert exact.verdict_on(exact.Asked("?", "S1", "PN-22"), answer) == "right"
    assert exact.verdict_on(exact.Asked("?", "S1", "PN-2"), answer) == "wrong"
    assert exact.verdict_on(exact.Asked("?", "S11", "PN-22"), answer) == "wrong"
    assert exact.verdict_on(exact.Asked("?", None, "PN-22"), answer) == "wrong"
    assert exact.verdict_on(exact.Asked("?", None, "PN-22"), refused) == "right"
    assert exact.verdict_on(exact.Asked("?", "S1", "PN-22"), refused) == "missed"


def test_a_page_is_compared_with_what_a_browser_shows() -> None:
    """Marks and repeated names of columns count for nothing; what is left out or stands elsewhere is missed."""
    shown = wikis.words("Rooms\nTwo of them.\nB 12\t8\nsudo restart")
    ours = "# Rooms\n\nTwo of them.\n\nRoom: B 12 | Seats: 8\n\n    sudo restart"
    assert wikis.in_order(shown, wikis.words(ours)) == len(shown) == 9
    assert wikis.in_order(shown, wikis.words(ours.replace("of them", ""))) == 7
    assert wikis.in_order(shown, list(reversed(wikis.words(ours)))) == 1


def test_a_change_is_found_where_it_belongs() -> None:
    """What is found at the new place and no more at the old one has arrived; what never is comes too late."""
    found = {("Moved", "word")}
    moved = wikis.Change("move", math.inf, ("Moved", "word"), ("Told", "word"))
    stays = wikis.Change("delete", -math.inf, None, ("Gone", "word"))
    waiting = [moved, stays]
    found |= {("Told", "word"), ("Gone", "word")}
    assert wikis.settled(waiting, lambda *one: one in found, 60) == [("delete", None)]
    found.remove(("Told", "word"))
    assert wikis.settled(waiting, lambda *one: one in found, 60) == [("move", -math.inf)]
    assert waiting == []


def test_a_quote_is_sought_on_its_page_without_its_link() -> None:
    """By aligning words: marks and names of columns aside, and each of several like sentences at its own place."""
    text = "- Ask Mia.\n\nDay: Monday | What: Tour\n\nAsk Mia."
    pieces = [[0, " Ask ", False, False], [0, "Mia", False, True], [0, ".", False, False], [1, "Day", True, False],
              [2, "What", True, False], [3, "Monday ", False, False], [4, "Tour", False, False],
              [5, "Ask Mia.", False, False]]  # fmt: skip
    found = landing.aligned(text, pieces)
    assert [found[at] for at in (2, 6, 9)] == [(0, 1, 4), (1, 0, 3), (2, 0, 1)]
    assert (found[text.index("Monday")], found[text.index("Tour")]) == ((5, 0, 6), (6, 0, 4))
    assert [found[at] for at in (text.rindex("Ask"), len(text) - 1)] == [(7, 0, 3), (7, 7, 8)]


def test_a_link_has_landed_where_the_paint_and_the_quote_cover_one_another() -> None:
    """Both ways: too much paint counts as little as too little, and what is out of the window is not painted."""
    picture = Image.new("RGB", (100, 50), "white")
    picture.paste((255, 0, 255), (10, 10, 50, 20))
    stream = io.BytesIO()
    picture.save(stream, "png")
    assert landing.covered(stream.getvalue(), [(10, 10, 50, 20)]) == (1.0, 1.0)
    assert landing.covered(stream.getvalue(), [(10, 10, 30, 20)]) == (0.5, 1.0)
    assert landing.covered(stream.getvalue(), [(10, 10, 90, 20)]) == (1.0, 0.5)
    assert landing.covered(stream.getvalue(), [(10, 10, 50, 20), (10, 60, 50, 70)]) == (1.0, 0.5)
    assert landing.covered(stream.getvalue(), [(10, 60, 50, 70)]) == (0.0, 0.0)


def test_the_load_is_counted_as_it_is_answered() -> None:
    """A whole answer, a failed one and the surplus of a burst are told apart, and a missed wish is marked as that."""
    chat = web.Served(web.scripted(*[web.good()] * 3, ValueError("broken")), asks_a_minute=0, asks_at_once=0)
    server = load.Server(chat.port, os.getpid())
    try:
        found = asyncio.run(load.asked(chat.port, "What did we change?", "one"))
        assert (found.status, found.whole) == (200, True)
        assert 0 < found.told < found.first
        rows = asyncio.run(load.burst(server, 3))
    finally:
        chat.stop()
    assert [row.kept for row in rows] == [True, True, False]
    assert rows[2].measured.startswith("2 of 3")
    assert asyncio.run(load.asked(chat.port, "Anybody?", "one")).status == 0
