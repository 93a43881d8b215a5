"""What a question asks for is told by a layer over its words, and what is no question is answered as people expect."""

from collections.abc import Callable
from functools import partial

import article_assistant
import pytest
from article_assistant import opening
from article_assistant.answering.courtesy import REPLIES, reply
from article_assistant.answering.kind import PLAIN, Told, kinds_of
from article_assistant.answering.passage import UNSUMMED
from article_assistant.answering.question import kind_of
from article_assistant.index.embed import MiniLM
from article_assistant.settings import Settings
from article_assistant.types import Context

from tests.parts import Words
from training.kinds import kept_for_test, labelled

TEST = [(question, kind) for question, kind in labelled() if kept_for_test(question)]


@pytest.fixture(scope="module")
def told() -> Callable[[str], Told]:
    """The layer over the default encoder."""
    return kinds_of(MiniLM(1))


def test_the_layer_tells_more_than_the_patterns(told: Callable[[str], Told]) -> None:
    """Of the questions kept for the test at least 80 % are told right, and far more than by patterns, also by its
    own of their kinds."""
    layer = [told(question) for question, _ in TEST]
    right = sum(one.kind == kind for one, (_, kind) in zip(layer, TEST, strict=True)) / len(TEST)
    plain = sum(kind_of(question) == PLAIN.get(kind, kind) for question, kind in TEST) / len(TEST)
    together = sum(
        one.instead_of(kind_of(question)) == PLAIN.get(kind, kind)
        for one, (question, kind) in zip(layer, TEST, strict=True)
    ) / len(TEST)
    assert right >= 0.8
    assert together >= plain + 0.1


def test_no_question_is_taken_for_a_courtesy(told: Callable[[str], Told]) -> None:
    """Of the test's questions about articles none is; most greetings, thanks and the like are found."""
    found = {question: kind for question, kind in TEST if told(question).is_courtesy}
    assert [question for question, kind in found.items() if kind in REPLIES] == list(found)
    assert len(found) > 80


@pytest.mark.parametrize(
    ("question", "kind"),
    [
        ("How often is the tank cleaned?", "amount"),
        ("How far is it to the depot?", "amount"),
        ("Tell me who runs the night shift.", "name"),
        ("Do you know when the gate opens?", "date"),
        ("Where are the keys?", "place"),
        ("Hello!", "greeting"),
        ("Thank you", "thanks"),
        ("What can you do?", "assistant"),
        ("", None),
    ],
)
def test_ways_of_asking(told: Callable[[str], Told], question: str, kind: str | None) -> None:
    """What patterns miss, and an empty text, which is of some kind."""
    assert told(question).kind == (kind or told(question).kind)


def test_a_cause_without_a_why_is_named_in_a_few_words(told: Callable[[str], Told]) -> None:
    """It is told to be a reason, but only a "why" is answered with sentences."""
    cause, polite = "What caused the delay of the ferry?", "Can you tell me why the ferry was late?"
    assert told(cause).kind == told(polite).kind == "reason"
    assert told(cause).instead_of(kind_of(cause)) == "words"
    assert Told("reason", 1.0, 0.0).instead_of("yes or no") == "reason"


def test_what_asks_to_sum_up_gets_a_passage(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever its words: the passage that fits best as it stands, no short words, and a word why; never a number.

    A question about a fact gets its answer, and of what the articles do not tell nothing is shown.
    """
    from tests import house

    home = tmp_path_factory.mktemp("summary")
    house.sample(home)
    me = article_assistant.User("operator", None)
    with opening.open(Settings(home=home)) as assistant:
        for asked in ("Summarise the attack in Aktobe", "summary of the raids in Aktobe"):
            answer = assistant.answer(asked, me)
            (citation,) = answer.citations
            assert (answer.answered, answer.short, answer.confidence) == (True, None, None)
            assert (citation.article, answer.notice) == ("news/aktobe.txt", UNSUMMED)
            assert len(citation.quote.split()) > 20
        assert assistant.answer("How many assailants were captured?", me).short == "seven"
        assert not assistant.answer("Summarise the history of the violin", me).answered


def test_courtesies_cite_nothing_and_name_the_articles(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A greeting, thanks and a question about the assistant get a remark; the next question an answer."""
    from tests import house

    home = tmp_path_factory.mktemp("courtesy")
    house.sample(home)
    me = article_assistant.User("operator", None)
    with opening.open(Settings(home=home)) as assistant:
        for text, begins in (
            ("Hello!", "Hello."),
            ("Thanks a lot!", "You are welcome."),
            ("What can you do?", "I look"),
        ):
            answer = assistant.answer(text, me, "conversation")
            assert (answer.remark, answer.answered, answer.short, answer.confidence) == (True, False, None, None)
            assert answer.citations == answer.nearest == ()
            assert answer.answer.startswith(begins)
            assert ("“" in answer.answer) == (begins != "You are welcome.")
        answer = assistant.answer("How many assailants were captured?", me, "conversation")
        assert (answer.short, answer.remark) == ("seven", False)


@pytest.mark.parametrize("kind", REPLIES)
def test_a_reply_names_what_there_is(kind: str) -> None:
    """No, one or several titles read well, and nothing else of the library is said."""
    for titles, said in (([], ""), (["A"], "“A”."), (["A", "B", "C"], "“A”, “B”, “C”.")):
        context = Context("Hi", (), lambda _: (), titles=partial(tuple, titles))
        text = reply("Hi", kind, context).answer
        assert text.endswith(said if kind != "thanks" else "welcome.")
        assert "{" not in text


def test_another_encoder_does_not_fit_the_layer() -> None:
    """The layer is for the default encoder's vectors; those of another size are an error, not nonsense."""
    with pytest.raises(ValueError, match=r"matmul|shapes"):
        kinds_of(Words())("Who was it?")
