"""From question to answer, with a scripted answerer: what is remembered, searched, checked and stored."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from article_assistant.answering.cite import Quote, resolve
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, EVERYTHING, Hit, Scope
from article_assistant.memory import MEMORY_FILE, TURNS, Memory
from article_assistant.pipeline import GONE, PASSAGES, Assistant
from article_assistant.types import Answer, Context, Event, Found, Recourse, Turn, User, Words

from tests import parts
from tests.writers import Scripted

MIA = User("mia", frozenset({EVERYONE}))
OPERATOR = User("operator", None)


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    place = tmp_path_factory.mktemp("pipeline")
    files = {f"{number:02}.md": f"# Page {number}\n\nPage {number} is about trips." for number in range(14)}
    opened = Index.open(place / "home", parts.Words())
    parts.update(opened, parts.write(place / "docs", dict(files)))
    yield opened
    opened.close()


def test_events_come_in_their_order_and_end_with_the_answer(index: Index, memory: Memory) -> None:
    """Found with the passages, then words and citations, last one answer that says how long it took."""
    assistant = Assistant(index, Scripted("Page 3 is about trips."), memory)
    found, words, citation, answer = assistant.ask("What is page 3 about?", MIA)
    assert isinstance(found, Found)
    assert len(found.hits) == PASSAGES
    assert words == Words("Page 3 is about trips. [1]")
    assert isinstance(answer, Answer)
    assert answer.citations == (citation,)
    assert answer.question == "What is page 3 about?"
    assert set(answer.seconds) == {"find", "read", "total"}
    assert answer.seconds["total"] == pytest.approx(answer.seconds["find"] + answer.seconds["read"], abs=0.001)


def test_a_quote_is_the_article_as_it_stands(index: Index, memory: Memory) -> None:
    """The article that a citation names has the quote at its place."""
    assistant = Assistant(index, Scripted("Page 3"), memory)
    (citation,) = assistant.answer("Page 3?", MIA).citations
    article = assistant.article(citation.article, MIA)
    assert article
    assert article.text[citation.start : citation.end] == citation.quote == "Page 3"


def test_a_conversation_is_remembered_and_restated(index: Index, memory: Memory) -> None:
    """The second question is searched with what the answerer makes of both; the answer names it as asked."""
    answerer = Scripted("Page 3", None)
    assistant = Assistant(index, answerer, memory)
    assistant.answer("Page 3?", MIA, "c1")
    second = assistant.answer("And it?", MIA, "c1")
    cited = assistant.article("docs/03.md", MIA)
    assert cited
    assert answerer.turns == [[], [Turn("Page 3?", "Page 3 [1]", ("docs/03.md",), "Page 3?", (cited,))]]
    assert answerer.read[1][0] == "And it? Page 3?"
    assert second.question == "And it?"
    assistant.answer("Page 4?", User("tom", MIA.groups), "c1")
    assistant.answer("Page 5?", MIA, "c2")
    assert answerer.turns[2:] == [[], []]


def test_turns_that_the_caller_keeps_are_restated_by_the_answerer(index: Index, memory: Memory) -> None:
    """Each of a caller's own turns gets the standalone form that it would have had, and the last few count."""
    answerer = Scripted("Page 3")
    before = [Turn(f"Page {number}?", "So.", ()) for number in range(TURNS + 2)]
    (*_, answer) = Assistant(index, answerer, memory).ask("And it?", MIA, before=before)
    assert isinstance(answer, Answer)
    assert answer.standalone == f"And it? Page {TURNS + 1}?"
    given = answerer.turns[-1]
    assert [turn.question for turn in given] == [turn.question for turn in before[-TURNS:]]
    assert [turn.standalone for turn in given][:2] == ["Page 2? Page 1?", "Page 3? Page 2?"]


def test_a_forgotten_conversation_leaves_nothing(index: Index, tmp_path: Path) -> None:
    """What was asked in it is neither taken into account again nor kept in the file; others' stay."""
    memory = Memory(tmp_path)
    answerer = Scripted("Page 3", "Page 4")
    assistant = Assistant(index, answerer, memory)
    tom = User("tom", MIA.groups)
    assistant.answer("Page 3?", MIA, "c1")
    assistant.answer("Page 4?", tom, "c1")
    assistant.forget(MIA, "c1")
    assert memory.turns(MIA, "c1") == []
    assert [turn.question for turn in memory.turns(tom, "c1")] == ["Page 4?"]
    assistant.answer("And it?", MIA, "c1")
    assert answerer.turns[-1] == []
    memory.close()


def test_without_a_conversation_nothing_is_remembered(index: Index, tmp_path: Path) -> None:
    """Two single questions know nothing of one another, and leave no trace."""
    answerer = Scripted()
    with closing(Memory(tmp_path)) as memory:
        assistant = Assistant(index, answerer, memory)
        assistant.answer("One?", MIA)
        assistant.answer("Two?", MIA)
    assert answerer.turns == [[], []]
    with closing(sqlite3.connect(tmp_path / MEMORY_FILE)) as connection:
        assert connection.execute("SELECT count(*) FROM turn").fetchone() == (0,)


def test_only_what_the_person_may_see_is_read(index: Index, memory: Memory) -> None:
    """Somebody of no group gets no passage and no article; the operator gets all."""
    answerer = Scripted()
    assistant = Assistant(index, answerer, memory)
    nobody = User("nobody", frozenset())
    assistant.answer("Page 3 trips?", nobody)
    assert answerer.read == [("Page 3 trips?", [])]
    assert assistant.article("docs/03.md", nobody) is None
    assert assistant.article("docs/03.md", OPERATOR)
    assert assistant.article("docs/none.md", OPERATOR) is None


def test_a_question_that_failed_is_not_remembered(index: Index, memory: Memory) -> None:
    """An error on the way reaches the caller, and the next question starts from the turns before it."""
    answerer = Scripted(RuntimeError("broken"), "Page 3")
    assistant = Assistant(index, answerer, memory)
    with pytest.raises(RuntimeError, match="broken"):
        assistant.answer("One?", MIA, "c1")
    assistant.answer("Page 3?", MIA, "c1")
    assert answerer.turns == [[], []]


def test_an_answer_that_nobody_waits_for_is_not_remembered(index: Index, memory: Memory) -> None:
    """A reader who leaves in the middle leaves no turn behind."""
    answerer = Scripted("Page 3", None)
    assistant = Assistant(index, answerer, memory)
    events = assistant.ask("Page 3?", MIA, "c1")
    assert isinstance(next(events), Found)
    events.close()  # type: ignore[attr-defined]
    assistant.answer("Two?", MIA, "c1")
    assert answerer.turns[-1] == []


@pytest.mark.parametrize("question", ["half \ud800 a character", "'; DROP TABLE turn; --", "{x} %s \0", "🜚" * 3000])
def test_any_text_is_a_question(index: Index, tmp_path: Path, question: str) -> None:
    """Nothing in a question breaks the search, the memory or the answer as JSON."""
    memory = Memory(tmp_path)
    assistant = Assistant(index, Scripted(), memory)
    answer = assistant.answer(question, MIA, "c1")
    answer.question.encode()
    assert memory.turns(MIA, "c1")[0].question == answer.question
    memory.close()


def test_the_json_has_the_promised_keys(index: Index, memory: Memory) -> None:
    """An answer looks the same from every door."""
    document = Assistant(index, Scripted("Page 3"), memory).answer("Page 3?", MIA).as_json()
    assert set(document) == {
        "question", "answered", "short", "answer", "mode", "confidence", "citations", "nearest", "seconds",
        "standalone", "extract", "sentences", "notice", "usage", "remark", "offers",
    }  # fmt: skip
    assert set(document["citations"][0]) == {
        "number", "article", "title", "url", "heading", "quote", "start", "end", "revision", "updated",
        "page",
    }  # fmt: skip


def test_a_refusal_offers_what_the_settings_say_now(index: Index, memory: Memory) -> None:
    """Whom to ask goes with refusals only, and with those of earlier days as it is said today."""
    office, desk = Recourse("Ask the office", "mailto:office@example.org"), Recourse("Ask the desk")
    before = Assistant(index, Scripted("Page 3"), memory, [office])
    assert before.answer("Page 3?", MIA, "c1").offers == ()
    assert before.answer("Nothing like it?", MIA, "c1").as_json()["offers"] == (
        {"text": "Ask the office", "link": "mailto:office@example.org"},
    )
    kept = Assistant(index, Scripted(), memory, [desk]).conversation(MIA, "c1", 30)
    assert [answer.offers for answer in kept] == [(), (desk,)]


def test_a_conversation_is_shown_as_its_reader_may_read_it_now(tmp_path: Path, memory: Memory) -> None:
    """An old answer cites its words where they stand today; without its article, or its words, it says nothing."""
    files: dict[str, str | bytes] = {
        "a.md": "# A\n\nTrips are by train.",
        "b.md": "# B\n\nLunch is at noon.",
        "c.md": "# C\n\nDoors open at 7.",
    }
    with closing(Index.open(tmp_path / "home", parts.Words())) as index:
        parts.update(index, parts.write(tmp_path / "docs", dict(files)))
        assistant = Assistant(index, Scripted("Trips are by train.", "Lunch is at noon.", "Doors open at 7."), memory)
        said = [assistant.answer("Trips?", MIA, "c1", scope=Scope("docs/a.md"))]
        said += [assistant.answer(f"{name}?", MIA, "c1") for name in ("Lunch", "Doors")]
        assert [answer.scope for answer in said] == [Scope("docs/a.md"), EVERYTHING, EVERYTHING]
        assert assistant.conversation(MIA, "c1", 30) == said
        assert assistant.conversation(User("tom", MIA.groups), "c1", 30) == []
        files |= {"a.md": "# A\n\nFrom 2027 on: Trips are by train.", "b.md": "# B\n\nLunch is at one."}
        del files["c.md"]
        (tmp_path / "docs" / "c.md").unlink()
        parts.update(index, parts.write(tmp_path / "docs", files))
        moved, changed, gone = assistant.conversation(MIA, "c1", 30)
        (citation,) = moved.citations
        article = assistant.article(citation.article, MIA)
        assert article
        assert article.text[citation.start : citation.end] == citation.quote == "Trips are by train."
        assert citation.start > said[0].citations[0].start
        for withheld in (changed, gone):
            assert not withheld.answered
            assert withheld.notice == GONE
            assert "noon" not in str(withheld)
            assert "7" not in str(withheld)
        stranger = User(MIA.name, frozenset({"others"}))
        foreign = assistant.conversation(stranger, "c1", 30)
        assert {answer.notice for answer in foreign} == {GONE}
        assert [answer.scope for answer in foreign] == [answer.scope for answer in said]


class Plain(Scripted):
    """Refuses with the title of what is nearest in its words, but greets back."""

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:  # noqa: ARG002
        near = hits[0].article
        if question.startswith("Hello"):
            yield Answer(question, False, None, f"Ask about {near.title}.", "refused", None, (), remark=True)
            return
        nearest = resolve([Quote(near, 0, 3)])
        yield Answer(question, False, None, f"Not in {near.title}.", "refused", None, (), nearest)


def test_words_that_name_an_article_are_not_shown_without_it(tmp_path: Path, memory: Memory) -> None:
    """A refusal names what was nearest, a courtesy what there is: neither is shown to who may not read that now.

    A courtesy is no question that the articles left open, either.
    """
    with closing(Index.open(tmp_path / "home", parts.Words())) as index:
        parts.update(index, parts.write(tmp_path / "docs", {"a.md": "# Layoffs\n\nThey begin in May."}))
        assistant = Assistant(index, Plain(), memory)
        for question in ("Who?", "Hello"):
            assistant.answer(question, MIA, "c1")
        (refused,) = assistant.conversation(MIA, "c1", 30)
        assert refused.answer == "Not in Layoffs."
        (withheld,) = assistant.conversation(User(MIA.name, frozenset({"others"})), "c1", 30)
        assert withheld.notice == GONE
        assert "Layoffs" not in str(withheld)
        assert [one.question for one in memory.judged()] == ["Who?"]
