"""`answering.followup`: what a question leaves to the turns before it is put in, and nothing else."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from article_assistant.answering.carried import WORD
from article_assistant.answering.followup import (
    BODY,
    BRACKETED,
    _asking,
    _is_fragment,
    _is_participle,
    _leans,
    _likest_name,
    _noun,
    _noun_place,
    _phrase,
    _replaced,
    _speaks_of,
    _verb,
    standalone,
)
from article_assistant.evaluation.questions import holds, named
from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Article, Hit
from article_assistant.memory import TURNS, Memory
from article_assistant.pipeline import Assistant
from article_assistant.types import Answer, Context, Event, Turn, User
from hypothesis import given
from hypothesis import strategies as st

from tests import parts

TUNING = parts.SEEDS / "conversations-tuning.jsonl"
MIA = User("mia", frozenset({EVERYONE}))
TOM = User("tom", frozenset({EVERYONE}))
POLICY = parts.article(
    "# Travel policy\n\nHotels are paid by the firm. Corvane provides the insurance.", "Travel policy"
)


def after(*before: str, cited: Sequence[Article] = ()) -> list[Turn]:
    """The turns of a conversation in which these questions were asked; the last one cited these articles."""
    turns: list[Turn] = []
    for question in before:
        turns.append(Turn(question, "It is so. [1]", (), standalone(question, turns)))
    return [*turns[:-1], Turn(before[-1], "It is so. [1]", (), turns[-1].standalone, tuple(cited))]


@pytest.mark.parametrize(
    ("before", "question", "expected"),
    [
        ("How heavy is the S2?", "What about the S3?", "How heavy is the S3?"),
        ("How many laptops are in Hull?", "And in Ghent?", "How many laptops are in Ghent?"),
        ("How many laptops are in Hull?", "And how many monitors?", "How many monitors are in Hull?"),
        ("Who is first on call in May?", "And second?", "Who is second on call in May?"),
        ("How many assailants were captured?", "And killed?", "How many assailants were killed?"),
        ("When did version 6.0 of Lantern come out?", "And 6.1?", "When did version 6.1 of Lantern come out?"),
        ("How long are raw messages kept?", "How about access logs?", "How long are access logs kept?"),
        ("How long is the day of an employee?", "And contractors?", "How long is the day of contractors?"),
        ("What is the per diem for Oslo?", "for Zürich?", "What is the per diem for Zürich?"),
        ("How much does the training cost?", "For how many people?", "For how many people does the training cost?"),
        ("Where did the bombing take place?", "When?", "When did the bombing take place?"),
        ("What is the weight of the first one?", "And the second one's?", "What is the weight of the second one?"),
    ],
)  # fmt: skip
def test_a_fragment_replaces_what_is_parallel(before: str, question: str, expected: str) -> None:
    """A part of a question takes the place of its like in the question before, whose other words stay."""
    assert standalone(question, after(before)) == expected


@pytest.mark.parametrize(
    ("before", "question", "expected"),
    [
        ("How long is the test tank?", "When was it built?", "When was it built (test tank)?"),
        ("Who is Almas Sadubayev?", "And where does he work?", "Where does he work (Almas Sadubayev)?"),
        ("Where did the first bombing happen?", "When was that?", "When was that (first bombing)?"),
        ("Who founded Brackenlode?", "How many work there?", "How many work there (founded Brackenlode)?"),
        ("How heavy is the S3?", "And what colour is its lid?", "What colour is its lid (S3)?"),
        ("Which firm tests our systems?", "What did they find?", "What did they find (firm tests systems)?"),
        ("How many people took a sabbatical?", "Who was the first?", "Who was the first (people took sabbatical)?"),
        ("How much is the rent?", "And when does the lease end?", "When does the lease end (rent)?"),
    ],
)  # fmt: skip
def test_a_pronoun_brings_the_words_it_stands_for(before: str, question: str, expected: str) -> None:
    """A question with an open pronoun, or with little of its own after "And", gets the earlier words in brackets."""
    assert standalone(question, after(before)) == expected


def test_turns_without_a_name_get_the_title_of_their_article() -> None:
    """Where no name says what the turns are about, the article cited last does, if it has their words."""
    other = parts.article("# Stock\n\nThere are 58 laptops.", "Hardware stock")
    turns = after("Who pays for hotels?", cited=[other, POLICY])
    assert standalone("And why is that?", turns) == "Why is that (pays hotels)?"
    turns = after("Who paid hotels?", cited=[other, POLICY])
    assert standalone("And why is that?", turns) == "Why is that (paid hotels Travel policy)?"


def test_what_was_counted_is_counted_on() -> None:
    """ "How many were …" counts what the question before counted, in the place that it named."""
    turns = after("How many assailants were captured in Aktobe?")
    assert standalone("And how many were killed?", turns) == "How many assailants were killed (Aktobe)?"


def test_a_third_turn_reaches_back_through_the_second() -> None:
    """What only the first question named is still there in the third, and later."""
    turns = after("How many laptops are in Hull?", "And how many monitors?")
    assert standalone("And in Ghent?", turns) == "How many monitors are in Ghent?"
    turns = after("How long is the test tank?", "When was it built?", "What did it cost?")
    assert "test tank" in standalone("Who paid for it?", turns)
    days = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"]
    turns = after("Who is on call on Sunday?", *[f"And on {day}?" for day in days])
    assert standalone("And on Christmas?", turns[-TURNS:]) == "Who is on call on Christmas?"


@pytest.mark.parametrize(
    "question",
    [
        "How heavy is the S3?",
        "Who is the security officer?",
        "And how many weeks does the factory in Tampere need to deliver?",
        "So what is a rating curve?",
        "But who is Daniil Kislov?",
        "How many engineers are there on the rota?",
        "Is the Moorhen big, and how many people may it carry?",
        "How long does it take to get a badge?",
        "Does Weir compress its blocks?",
        "Why did Devraj say that he could not silence the siren?",
        "What does the ministry say that the police do with robbers?",
        "What should I do when the client says that there is an error?",
    ],
)
def test_a_question_of_another_topic_stays_as_it_is(question: str) -> None:
    """What a question explains by itself is not looked for in the turns before it."""
    assert standalone(question, after("How many assailants were captured?", cited=[POLICY])) == question


def test_a_question_in_the_words_of_the_last_article_is_about_it() -> None:
    """Without a pronoun the article cited last decides: it has all the words, near one another, or it is not meant."""
    turns = after("Who approves trips?", cited=[POLICY])
    assert standalone("Who provides the insurance?", turns) == "Who provides the insurance (Travel policy)?"
    assert standalone("Who provides the laptops?", turns) == "Who provides the laptops?"
    far = parts.article(f"Corvane provides it. {'Nothing here. ' * 1000} The insurance ends.", "Long")
    question = "Who provides the insurance?"
    assert standalone(question, after("Who approves trips?", cited=[far])) == question


texts = st.text(max_size=60) | parts.lines | st.sampled_from(
    ["And?", "What about", "Why?", "it", "(((", "? ?", "And the first one's?", "how many", "of of", "May", "(a)?", "’s"]
)  # fmt: skip
turns_of = st.lists(st.builds(Turn, texts, texts, st.just(()), texts, st.just(()) | st.just((POLICY,))), max_size=TURNS)


@given(texts, turns_of)
@parts.modest
def test_any_text_is_restated(question: str, turns: list[Turn]) -> None:
    """No question and no turns fail, and what comes out is bounded and still holds a word where one was asked."""
    found = standalone(question, turns)
    assert len(found) <= len(question) + BODY + BRACKETED * (WORD + 1)
    assert found.strip() or not question.strip()


@given(texts)
def test_the_first_question_stays_as_it_is(question: str) -> None:
    """Without turns nothing is changed, whatever the question leans on."""
    assert standalone(question, []) == question


def test_long_turns_stay_bounded() -> None:
    """Six endless turns make no endless question, nor does a chain of them."""
    long = "And what about the " + "supercalifragilistic " * 90
    turns: list[Turn] = []
    for number in range(TURNS):
        question = f"{long}{number} {'x' * 900}?"
        turns.append(Turn(question, long * 20, (), standalone(question, turns)))
    for question in ("And it?", "Why?", "And in Ghent?", "And killed?", long):
        assert len(standalone(question, turns)) <= len(question) + BODY + BRACKETED * (WORD + 1)
    chain = after(*["How heavy is it?", *[f"For {'very ' * 6}long boats number {number}?" for number in range(40)]])
    assert max(len(turn.standalone) for turn in chain) <= 2 * BODY + BRACKETED * (WORD + 1)


class Restating:
    """An answerer that restates, refuses, and keeps what it was asked and told of articles."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.turns: list[Turn] = []

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        self.turns = list(turns)
        return standalone(question, turns)

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:  # noqa: ARG002
        self.asked.append(question)
        yield Answer(question, False, None, "Not answered.", "refused", None, ())


def test_nobody_gets_words_of_anothers_conversation(tmp_path: Path, memory: Memory) -> None:
    """The same name of a conversation, asked in by another person, restates nothing from it."""
    index = Index.open(tmp_path / "home", parts.Words())
    parts.update(index, parts.write(tmp_path / "docs", {"a.md": "# Salaries\n\nThe secret salary is 5,000."}))
    answerer = Restating()
    assistant = Assistant(index, answerer, memory)
    assistant.answer("How high is the secret salary of Okonjo?", MIA, "c1")
    assistant.answer("And when was it raised?", TOM, "c1")
    assistant.answer("And when was it raised?", MIA, "c2")
    assert answerer.asked[1:] == ["And when was it raised?"] * 2
    assistant.answer("And when was it raised?", MIA, "c1")
    assert answerer.asked[-1] == "When was it raised (secret salary Okonjo)?"
    index.close()


def test_a_closed_article_lends_no_title(tmp_path: Path, memory: Memory) -> None:
    """Of the articles that a turn cited, the answerer gets those that the person may read at this moment."""
    index = Index.open(tmp_path / "home", parts.Words())
    docs = parts.write(tmp_path / "docs", {"a.md": "# Salaries\n\nThe salary is 5,000."})
    parts.update(index, docs)
    answerer = Restating()
    (identifier,) = (article.id for article in index.library.articles(None))
    for groups, titles in ((frozenset({EVERYONE}), ["Salaries"]), (frozenset({"others"}), [])):
        user = User("mia", groups)
        memory.forget(user, "c1")
        memory.add(user, "c1", Turn("What?", "5,000 [1]", (identifier, "docs/gone.md"), "What?"))
        Assistant(index, answerer, memory).answer("And?", user, "c1")
        assert [article.title for article in answerer.turns[0].cited] == titles
    index.close()


def test_the_tuning_conversations_find_their_articles(tmp_path: Path) -> None:
    """Over the sample articles 93 of 100 follow-ups have their answer among the first five passages, and
    every change of topic has it first."""
    index = Index.open(tmp_path, embed.load())
    parts.update(index, parts.SEEDS)
    found: list[bool] = []
    for line in TUNING.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        if not row["answers"]:
            continue
        turns = after(*row["before"])
        hits = index.find(standalone(row["question"], turns), None, 5)
        right = [
            named(hit.article.id, hit.article.title, row["article"]) and holds(hit.chunk.text, row["answers"])
            for hit in hits
        ]
        if "topic change" in row["kind"]:
            assert right[0], row["question"]
        else:
            found.append(any(right))
    assert sum(found) >= 0.93 * len(found)
    index.close()


def test_what_there_is_of_two_things_stands_alone() -> None:
    """ "There" at the end is no pronoun where the question names what it counts."""
    question = "How many laptops and monitors are there?"
    assert standalone(question, after("Who pays for hotels?")) == question


def test_a_question_word_at_the_end_does_not_begin_the_question() -> None:
    """Only among the first three words does it say what is asked for."""
    assert _asking("The firm behind the tank serves who".split()) == 0
    assert _asking("In which town lies it".split()) > 0


# --- where the limits lie -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "fragment"),
    [
        ("When?", True), ("How big?", True), ("Which of the firms?", True), ("Which of the big firms?", False),
        ("When for us?", False), ("The second hotel stay when?", False), ("the firms", False), ("from the firms", True),
        ("for a b c d e f g?", True), ("for a b c d e f g h?", False), ("How big is it?", False), ("", False),
    ],
)  # fmt: skip
def test_a_fragment_is_short_and_asks_at_its_beginning(text: str, fragment: bool) -> None:
    """At most eight words; the question word among the first three, and at most three words after it."""
    assert _is_fragment(text, led=False) == fragment


def test_after_and_any_part_is_a_fragment() -> None:
    """ "And the firms?", but not with a verb, a pronoun or nine words."""
    assert [_is_fragment(text, led=True) for text in ("the firms", "the firms are", "their firms", "a " * 9)] == [
        True, False, False, False,
    ]  # fmt: skip


def test_a_question_that_only_ends_with_a_question_word_stands_alone() -> None:
    """It is no fragment, so nothing of it is replaced."""
    question = "Our hotel stay ends when?"
    assert standalone(question, after("Who pays for hotels?")) == question


@pytest.mark.parametrize(("length", "leans"), [(1000, True), (1001, False)])
def test_a_very_long_question_stands_alone(length: int, leans: bool) -> None:
    """From 1,001 characters on, whatever its pronouns."""
    question = f"Who was it? {'x' * (length - 12)}"
    assert (standalone(question, after("Who founded Brackenlode?")) != question) == leans


@pytest.mark.parametrize(("length", "found"), [(300, "How many laptops are in Ghent?"), (301, "And in Ghent?")])
def test_no_part_of_a_very_long_question_is_replaced(length: int, found: str) -> None:
    """Up to 300 characters it is; after a longer one, a fragment with a name is asked as it stands."""
    known = "How many laptops are in Hull"
    known = f"{known}{'y' * (length - len(known) - 1)}?"
    assert standalone("And in Ghent?", [Turn(known, "It is so. [1]", (), known)]) == found


def test_twelve_words_of_forty_characters_are_borrowed() -> None:
    """The first twelve; a word of 41 characters is none that can be looked for."""
    names = [f"Name{number}" for number in range(14)]
    restated = standalone("When was it?", after(f"Who knows {' '.join(names)}?"))
    assert restated == f"When was it (knows {' '.join(names[:11])})?"
    assert standalone("When was it?", after(f"Who knows {'X' * 40}?")) == f"When was it (knows {'X' * 40})?"
    assert standalone("When was it?", after(f"Who knows {'X' * 41}?")) == "When was it (knows)?"


def test_a_pronoun_among_many_words_of_its_own_is_explained() -> None:
    """Five words that tell something find the article; with four the earlier words are needed."""
    turns = after("Who founded Brackenlode?")
    four, five = "Was blue paint of it sold Monday?", "Was blue paint of it sold Monday evening?"
    assert standalone(four, turns) == "Was blue paint of it sold Monday (founded Brackenlode)?"
    assert standalone(five, turns) == five


def test_after_and_two_words_lean_and_three_do_not() -> None:
    """ "And what colour is the lid?" is about what was asked before; "the round lid" may be about anything."""
    turns = after("How heavy is the S3?")
    assert standalone("And what colour is the lid?", turns) == "What colour is the lid (S3)?"
    assert standalone("And what colour is the round lid?", turns) == "And what colour is the round lid?"


@pytest.mark.parametrize(
    ("before", "apart", "near"),
    [(300, 1_900, True), (300, 3_600, True), (300, 3_900, False), (700, 3_900, False), (300, 4_100, False),
     (2_001, 3_600, True), (1_990, 1_900, True), (1_990, 2_100, False)],
)  # fmt: skip
def test_words_of_an_article_stand_together_within_a_window(before: int, apart: int, near: bool) -> None:
    """Windows of 4,000 characters, each beginning in the middle of the one before."""
    text = f"{'-' * before}Corvane{' ' * apart}insurance{' ' * 4_000}"
    assert _speaks_of(parts.article(text), ["Corvane", "insurance"]) == near


def test_words_of_an_article_are_found_by_their_stems() -> None:
    """A possessive and another form count; a word inside another, and one that is not there, do not."""
    text = parts.article("Corvane pays for hotels.")
    assert _speaks_of(text, ["Corvane’s", "hotel", "paying"])
    assert not _speaks_of(text, ["vane"])
    assert not _speaks_of(text, ["Corvane", "trains"])


@pytest.mark.parametrize(
    ("word", "participle"),
    [("kept", True), ("ended", True), ("moved", True), ("captured", True), ("used", False), ("bed", False),
     ("Captured", False), ("trip", False)],
)  # fmt: skip
def test_a_participle_is_one_of_a_list_or_ends_in_ed(word: str, participle: bool) -> None:
    """Of five letters or more, and never written like a name."""
    assert _is_participle(word) == participle


def test_what_is_counted_on_is_at_most_two_long_words() -> None:
    """Eighty characters, so that the question stays bounded."""
    assert _noun("How many very large rooms do we have".split()) == ["very", "large", "rooms"]
    assert _noun(["How", "many", "x" * 80, "do", "we", "have"]) == ["x" * 80]
    assert _noun(["How", "many", "x" * 81, "do", "we", "have"]) == []
    assert _noun("How heavy is the S3".split()) == []


def test_the_phrase_that_is_replaced_is_the_likest_and_ends_before_a_determiner() -> None:
    """Of two that begin with the same preposition, the one with more of the words; "the" begins something else."""
    assert _phrase("paid at the depot at the office".split(), "at our office".split()) == (4, 7)
    assert _phrase("in Hull the firm pays".split(), "in Ghent".split()) == (0, 2)


def test_what_how_many_counts_is_the_noun_behind_it() -> None:
    """Where nothing else tells what the question is about."""
    assert _noun_place("How many assailants were captured".split()) == (2, 3)


def test_a_name_that_the_rules_miss_is_carried_over() -> None:
    """The name of the cited article comes to the words of the question before; a question of its own gets none."""
    band = parts.article("They broke up in 1969.", "Frank Zappa")
    turns = [Turn("What group disbanded?", "Zappa and the Mothers of Invention", (), "", (band,))]
    found = standalone("What kind of music did they play?", turns)
    assert found == "What kind of music did they play (group disbanded Frank Zappa)?"
    assert standalone("How tall is the Eiffel Tower?", turns) == "How tall is the Eiffel Tower?"


def test_a_question_about_what_was_just_said_takes_its_name_unless_it_names_something_new() -> None:
    """Without a pronoun too; a name that no turn has is another topic."""
    band = parts.article("They toured for years.", "Spacemen Nine")
    turns = [Turn("Who founded the band Spacemen Nine?", "Sonny Boom founded it with a friend. [1]", (), "", (band,))]
    assert standalone("Was the album a success?", turns) == "Was the album a success (Spacemen Nine)?"
    for other in ("Was the album by Blondie a success?", "But who is Daniil Kislov?"):
        assert standalone(other, turns) == other


def test_there_at_the_end_leans_unless_two_words_before_it_tell() -> None:
    """ "How many are there" of one thing asks where; of a thing that is told more closely it asks nothing more."""
    assert _leans("How many engineers are there?")
    assert not _leans("How many senior engineers are there?")


def test_a_name_takes_the_place_of_at_most_two_words_more() -> None:
    """A long row of names is not given up for a name of one word."""
    words = "Where is Mark Type Nine Alpha Kilo kept".split()
    assert _likest_name(words, ["B-52"]) == (2, 5)


def test_a_fragment_asks_with_one_of_its_first_three_words() -> None:
    """A question word that comes later belongs to what is replaced."""
    assert _replaced("for trips to where", "Who pays for hotels abroad?") == "Who pays for trips to where"
    assert _replaced("in which town", "Where is the office?") == "in which town is the office"


def test_what_is_done_to_a_thing_is_no_part_of_its_noun() -> None:
    """After a form of "be" the noun ends before the first participle."""
    words = "Is the badge of a visitor kept at the gate".split()
    assert _noun_place(words) == (1, 6)


def test_what_follows_of_belongs_to_the_subject() -> None:
    """A determiner behind "of" begins no new group of words."""
    assert _verb("siren of the town sound".split()) == 4
