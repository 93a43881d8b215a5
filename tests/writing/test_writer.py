"""`writing.writer`: a language model's words beneath the offline answer, as far as quotes carry them."""

import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from article_assistant import prompts
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE
from article_assistant.memory import Memory
from article_assistant.pipeline import Assistant
from article_assistant.types import Answer, Citation, Context, Found, Ready, Sentence, Turn, User, Waiting, Words
from article_assistant.writing.calls import Caller
from article_assistant.writing.writer import EMPTY, LEFT_OUT, NOTHING_FOUND, PASSAGES_SENT, STOPPED, Writer, keeps

from tests import parts
from tests.writers import ByWords, Scripted, Told

MIA = User("mia", frozenset({EVERYONE}))
TRIP = "A trip is approved by Tobias."
RAIL = "Trains are booked by the office."
FILES = {
    "trips.md": f"# Trips\n\n{TRIP} {RAIL}",
    "leave.md": "# Leave\n\nLeave is approved by Amara. It lasts ten days.",
    "secret.md": "# Trips of the board\n\nA trip of the board is approved by nobody.",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Index]:
    place = tmp_path_factory.mktemp("generate")
    opened = Index.open(place / "home", parts.Words())
    parts.update(opened, parts.write(place / "docs", dict(FILES)))
    yield opened
    opened.close()


class Room:
    """An assistant with a scripted offline answerer and a scripted language model."""

    def __init__(self, index: Index, quotes: list[Any], said: list[Any], **given: Any) -> None:
        self.llm = Told(*said)
        self.caller = Caller(self.llm, 5)
        self.checker = ByWords()
        writer = Writer(Scripted(*quotes), self.caller, self.checker, **given)  # type: ignore[arg-type]
        memory = Memory()
        self.assistant = Assistant(index, writer, memory)
        weakref.finalize(self, memory.close)

    def events(self, question: str, **given: Any) -> list[Any]:
        return [e for e in self.assistant.ask(question, MIA, **given) if not isinstance(e, Waiting)]

    def answer(self, question: str, conversation: str | None = None) -> Answer:
        return self.assistant.answer(question, MIA, conversation)


def test_the_offline_answer_is_there_before_the_model_is_asked(index: Index) -> None:
    """Found, the offline words with their citation, Ready; only then the model's first word can come."""
    held = threading.Event()
    room = Room(index, [TRIP], [[held, "Tobias approved a trip is by. [1]"]])
    events = room.assistant.ask("Who approves a trip?", MIA)
    first: list[Any] = [next(events) for _ in range(4)]
    assert [type(event) for event in first] == [Found, Words, Citation, Ready]
    assert first[3].answer.answer == f"{TRIP} [1]"
    assert isinstance(next(events), Waiting)
    held.set()
    assert [type(e) for e in events if not isinstance(e, Waiting)][-1] is Answer


def test_each_sentence_is_unchecked_first_and_then_judged(index: Index) -> None:
    """A sentence shows as it comes, then with the mark of what carries it; a new quote comes before its mark."""
    room = Room(index, [TRIP], [f"{TRIP} [1] {RAIL} [1] The moon is cheese. [1]"])
    events = room.events("Who approves a trip?")
    after = events[next(i for i, event in enumerate(events) if isinstance(event, Ready)) + 1 :]
    judged = [event for event in after if isinstance(event, Sentence) and event.state != "unchecked"]
    assert [(one.number, one.text.strip(), one.state) for one in judged] == [
        (0, f"{TRIP} [1]", "supported"),
        (1, f"{RAIL} [2]", "supported"),
        (2, "The moon is cheese.", "unsupported"),
    ]
    for one in judged:
        before = after[: after.index(one)]
        assert any(isinstance(e, Sentence) and e.number == one.number and e.state == "unchecked" for e in before)
    new = next(event for event in after if isinstance(event, Citation))
    assert (new.number, new.quote) == (2, RAIL)
    assert after.index(new) < after.index(judged[1])


def test_the_answer_holds_what_is_supported_and_names_the_rest(index: Index) -> None:
    """`answer` is free of unsupported sentences, `sentences` has all, `extract` is the offline answer."""
    said = Room(index, [TRIP], [f"{TRIP} [1] The moon is cheese. [1] {RAIL} [1]"]).answer("Who approves a trip?")
    assert (said.mode, said.answered, said.notice, said.confidence) == ("generative", True, "", None)
    assert said.answer == f"{TRIP} [1] {RAIL} [2]"
    assert said.extract == f"{TRIP} [1]"
    assert [one.state for one in said.sentences] == ["supported", "unsupported", "supported"]
    assert [citation.quote for citation in said.citations] == [TRIP, RAIL]
    assert said.usage["passages"] >= 2
    assert said.usage["completion_tokens"] > 0


def test_removed_sentences_are_nowhere(index: Index) -> None:
    """With `remove` a sentence without support is in no judged event and not in the answer."""
    room = Room(index, [TRIP], [f"The moon is cheese. [1] {TRIP} [1]"], remove=True)
    events = room.events("Who approves a trip?")
    judged = [e.text.strip() for e in events if isinstance(e, Sentence) and e.state != "unchecked"]
    assert judged == ["", f"{TRIP} [1]"]
    assert [one.text.strip() for one in events[-1].sentences] == [f"{TRIP} [1]"]


@pytest.mark.parametrize("mark", ["", "[0]", "[99]", "[7][8]", "[1][1]", "【3†x】"])
def test_marks_are_ours_whatever_the_model_writes(index: Index, mark: str) -> None:
    """A mark that is missing, wrong or made up is replaced by that of the quote which carries the sentence."""
    said = Room(index, [None], [f"{TRIP} {mark}"]).answer("Who approves a trip?")
    assert said.answer == f"{TRIP} [1]"
    assert [citation.quote for citation in said.citations] == [TRIP]


@pytest.mark.parametrize(
    ("said", "notice"),
    [
        ("NO ANSWER", NOTHING_FOUND),
        ("**No answer.**", NOTHING_FOUND),
        ("The moon is cheese. [1]", LEFT_OUT),
        ("[1]", EMPTY),
        ("<think>Hm.</think>", EMPTY),
    ],
)
def test_where_nothing_holds_the_offline_answer_stands(index: Index, said: str, notice: str) -> None:
    """A refusal, unsupported text, marks alone: the offline answer, with one plain notice."""
    answer = Room(index, [TRIP], [said]).answer("Who approves a trip?")
    assert (answer.answer, answer.mode, answer.notice) == (f"{TRIP} [1]", "extractive", notice)
    refused = Room(index, [None], [said]).answer("Who approves a trip?")
    assert (refused.answered, refused.mode, refused.notice) == (False, "refused", notice)


def test_what_breaks_off_keeps_what_was_judged(index: Index) -> None:
    """An error amid the text: the sentences before it stay, the begun one goes, and one notice says so."""
    room = Room(index, [TRIP], [[f"{RAIL} [1] And half of", RuntimeError("secret reason")]])
    said = room.answer("Who approves a trip?")
    assert said.answer == f"{RAIL} [2]"
    assert said.notice
    assert "secret" not in said.notice


def test_stopping_keeps_the_offline_answer_and_is_remembered(index: Index) -> None:
    """Who presses stop gets the answer as it is while the model still waits, and the next question may lean on it."""
    held, stop = threading.Event(), threading.Event()
    room = Room(index, [TRIP, TRIP], [[f"{RAIL} [1] And ", held, "so on."], "Who approves a trip?", "NO ANSWER"])
    events: list[Any] = []
    for event in room.assistant.ask("Who approves a trip?", MIA, "c", stop):
        events.append(event)
        if isinstance(event, Sentence) and event.state == "supported":
            stop.set()
            began = time.monotonic()
    assert time.monotonic() - began < 30
    held.set()
    assert (events[-1].answer, events[-1].notice) == (f"{RAIL} [2]", STOPPED)
    room.answer("And who approves a trip?", "c")
    assert RAIL in room.llm.asked[1]


def test_only_passages_that_the_person_may_read_are_sent(index: Index) -> None:
    """The model sees the hits of whoever asks, numbered, at most PASSAGES_SENT of them, and nothing else."""
    room = Room(index, [None], ["NO ANSWER"])
    room.answer("Who approves a trip?")
    (asked,) = room.llm.asked
    assert asked.count("[1] ") == 1
    assert TRIP in asked
    assert f"[{PASSAGES_SENT + 1}]" not in asked
    nobody = Room(index, [None], ["NO ANSWER"])
    nobody.assistant.answer("Who approves a trip?", User("x", frozenset({"other"})))
    assert "Tobias" not in nobody.llm.asked[0]


def test_a_follow_up_is_worded_by_the_model_and_searched_again(index: Index) -> None:
    """The model's standalone question, in words of the conversation, is searched and shown."""
    room = Room(index, [TRIP, None], ["NO ANSWER", "Who approves leave?", "Leave is approved by Amara. [1]"])
    room.answer("Who approves a trip?", "c")
    said = room.answer("And leave?", "c")
    assert said.standalone == "Who approves leave?"
    assert said.question == "And leave?"
    assert "And leave?" in room.llm.asked[1]
    assert "Question: Who approves leave?" in room.llm.asked[2]
    assert said.answer == "Leave is approved by Amara. [1]"


@pytest.mark.parametrize(
    ("restated", "kept"),
    [
        ("Who approves leave?", True),
        ("Who approves leave in Berlin?", False),  # a word of its own
        ("Tobias.", False),  # an answer in the place of the question
        ("Who approves a trip?", False),  # the new topic is lost
        ("", False),
        ("Who approves leave? " * 30, False),
    ],
)
def test_a_restated_question_keeps_to_what_was_said(restated: str, kept: bool) -> None:
    """It has the words of the question and no others than the conversation's; else the offline one is taken."""
    turn = Turn("Who approves a trip?", f"{TRIP} [1]", ("trips.md",), "Who approves a trip?")
    assert keeps(restated, Context("And leave?", [turn], lambda _: [])) is kept


def test_a_folder_of_prompts_is_checked_at_the_start(index: Index, tmp_path: Path) -> None:
    """A file with an unknown field is an error when the writer is made, not when somebody asks."""
    (tmp_path / "write.txt").write_text("version: 2\nAnswer {politely}.")
    with pytest.raises(prompts.PromptError, match=r"write\.txt"):
        Room(index, [], [], folder=tmp_path)


def test_a_closed_answer_ends_the_call(index: Index) -> None:
    """Nobody listens any more: the iterator can be closed at any event, also while the model is waited for."""
    held = threading.Event()
    room = Room(index, [TRIP], [[held, RAIL]])
    events = room.assistant.ask("Who approves a trip?", MIA)
    for event in events:
        if isinstance(event, Waiting):
            break
    began = time.monotonic()
    events.close()  # type: ignore[attr-defined]
    assert time.monotonic() - began < 30
    held.set()
