"""How an answer is put together from what the reader found, with a reader that says what it is told."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest
from article_assistant.answering.extract import CERTAIN, Extractor
from article_assistant.answering.kind import Told as Kind
from article_assistant.answering.question import kind_of, meaning
from article_assistant.answering.rank import Contender, Features, evidence
from article_assistant.answering.reader import DOUBTED, Reading
from article_assistant.answering.refusal import NEAR_ENOUGH, least_confidence
from article_assistant.index.types import Article
from article_assistant.types import Answer, Citation, Context, Turn, Words

from tests.answering.told import Doubting, Told, article, hits


def answer(question: str, reader: Told, *articles: Article) -> Answer:
    """The answer of an extractor that refuses next to nothing."""
    *events, last = Extractor(reader, 0.5).answer(question, hits(*articles))  # type: ignore[arg-type]
    assert isinstance(last, Answer)
    assert "".join(event.text for event in events if isinstance(event, Words)) == (last.answer if events else "")
    assert tuple(event for event in events if isinstance(event, Citation)) == last.citations
    return last


AKTOBE = article("aktobe", "Eleven assailants were killed in Aktobe and seven captured.", "2016-06-09")


def test_the_short_words_come_first_and_the_quote_is_the_sentence() -> None:
    """ "Seven. [1]", and [1] is the whole sentence."""
    said = answer("How many assailants were captured in Aktobe?", Told(seven=9.0), AKTOBE)
    assert (said.answered, said.short, said.answer) == (True, "seven", "Seven. [1]")
    assert said.citations[0].quote == AKTOBE.text
    assert 0 < (said.confidence or 0) <= 1


def test_one_answer_of_two_articles_has_two_citations() -> None:
    """ "seven" here and "7" there are the same answer."""
    other = article("report", "The report says that 7 assailants were captured in Aktobe.", "2016-07-01")
    said = answer("How many assailants were captured in Aktobe?", Told(seven=9.0, **{"7": 8.8}), AKTOBE, other)
    assert said.answer in {"Seven. [1] [2]", "7. [1] [2]"}
    assert {citation.article for citation in said.citations} == {"aktobe", "report"}


def test_articles_that_disagree_are_both_shown_newest_first() -> None:
    """Two numbers for one thing: both, with their dates, the newer article's first, and it is the short answer."""
    other = article("revised", "Nine assailants were captured in Aktobe.", "2016-07-01")
    said = answer("How many assailants were captured in Aktobe?", Told(seven=9.0, Nine=8.9), AKTOBE, other)
    assert said.answer == "The articles disagree: Nine (1 July 2016) [1]; seven (9 June 2016). [2]"
    assert said.short == "Nine"
    assert [citation.article for citation in said.citations] == ["revised", "aktobe"]


def test_what_is_not_of_the_kind_asked_for_is_refused() -> None:
    """A "how many" whose best words are no number is refused, and says what was looked for."""
    said = answer(
        "How many assailants were captured in Aktobe?", Told(Aktobe=9.0), article("a", "They live in Aktobe.")
    )
    assert (said.answered, said.mode, said.short) == (False, "refused", None)
    assert "assailants" in said.answer


def test_a_why_a_way_and_a_yes_or_no_get_sentences() -> None:
    """Their answer is the sentence that decides, verbatim, without a short form."""
    text = article("door", "The door is locked at night because two bikes were stolen. It is green.")
    for question in ("Why is the door locked at night?", "Is the door locked at night?", "How do I lock the door?"):
        said = answer(question, Told(two_bikes_were_stolen=9.0), text)
        assert said.short is None
        assert said.answer.startswith("The door is locked at night because two bikes were stolen. [1]")


def test_a_way_that_is_a_list_is_given_whole() -> None:
    """Opening and steps, in order, each with the mark of the one quote that holds them all."""
    text = article("rollback", "To roll back, do this:\n\n1. Stop the queue.\n2. Copy the log.\n3. Start it again.")
    said = answer("How do I roll back?", Told(Copy_the_log=9.0), text)
    assert (
        said.answer == "To roll back, do this: [1]\n- Stop the queue. [1]\n- Copy the log. [1]\n- Start it again. [1]"
    )
    assert len(said.citations) == 1
    assert said.citations[0].quote == text.text


def test_a_line_that_introduces_code_is_followed_by_it() -> None:
    """The command, whole, below the mark of a quote that holds both; asked by its name it is not cut either."""
    text = article(
        "failover", "Nobody starts it alone.\n\nThe failover is started by hand:\n\n    dbctl failover --to b"
    )
    said = answer("How do I start the failover?", Told(started_by_hand=9.0), text)
    assert said.answer == "The failover is started by hand: [1]\n    dbctl failover --to b"
    assert said.citations[0].quote == "The failover is started by hand:\n\n    dbctl failover --to b"
    said = answer("Which command starts the failover?", Told(dbctl=9.0), text)
    assert (said.short, said.answer) == ("dbctl failover --to b", "dbctl failover --to b [1]")
    said = answer("Where to is the failover?", Told(beta=9.0), article("f", "Run this:\n\n    dbctl to: beta"))
    assert said.short == "beta"


HOURS = "# Opening hours\n\nMonday: 9 to 5\nSaturday: 10 to 2\nSunday: closed"


@pytest.mark.parametrize("question", ["What are the opening hours?", "When is the depot open?"])
def test_hours_come_with_their_days(question: str) -> None:
    """A form of days is one list, unless the question names a day."""
    said = answer(question, Told(Sunday=9.0), article("depot", HOURS))
    assert said.answer.splitlines() == [f"- {line} [1]" for line in HOURS.splitlines()[2:]]
    said = answer("When is the depot open on Sunday?", Told(Sunday=9.0), article("depot", HOURS))
    assert said.short == "Sunday"


def test_two_questions_in_one_get_two_answers() -> None:
    """Each is found by itself, what it leaves open taken from the first, and each cited; one without is named."""
    texts = [article("canteen", "The canteen opens at 11:30."), article("people", "It is run by Fatou Diop.")]
    reader, asked = Told(Fatou_Diop=9.0, **{"11:30": 9.0}), "When does the canteen open and who runs it?"

    def ask(found: dict[str, list[Article]]) -> Answer:
        context = Context(asked, (), lambda part: hits(*found.get(part, [])))
        *_, said = Extractor(reader, 0.5).answer(asked, hits(*texts), context)  # type: ignore[arg-type]
        assert isinstance(said, Answer)
        return said

    said = ask({"When does the canteen open?": texts[:1], "Who runs it (canteen open)?": texts[1:]})
    assert (said.short, said.answer) == (None, "11:30. [1] Fatou Diop. [2]")
    assert [citation.article for citation in said.citations] == ["canteen", "people"]
    said = ask({"When does the canteen open?": texts[:1]})
    assert (said.answer, said.notice) == ("11:30. [1]", "No answer was found to: Who runs it?")


def test_no_hits_are_a_refusal() -> None:
    """With nothing found there is nothing near either."""
    said = answer("How many?", Told())
    assert (said.answered, said.nearest) == (False, ())


def test_the_verifier_looks_at_the_best_passages_and_its_doubt_counts() -> None:
    """It is asked about few passages, those that the reader likes best, about more where it doubts them all, and the
    answer is less sure for its doubt."""
    question = "How many assailants were captured in Aktobe?"
    others = [article(f"b{n}", f"In Bergen number{n} were seen at the harbour in the rain.") for n in range(6)]
    doubting = Doubting(seven=9.0, number2=3.0)
    doubted = answer(question, doubting, *others, AKTOBE)
    assert [text.partition("\n")[0] for text, _ in doubting.asked] == ["aktobe", "b2", "b0", "b1", "b3"]
    assert len(doubting.asked) == DOUBTED
    believed = answer(question, Told(seven=9.0, number2=3.0), *others, AKTOBE)
    assert believed.confidence is not None
    assert doubted.confidence is not None
    assert doubted.confidence < believed.confidence


def test_a_lower_accepted_share_asks_for_more_confidence() -> None:
    """Between the measured points it is interpolated, beyond them it stays at the ends."""
    curve = [(0.4, 0.0), (0.2, 0.5), (0.1, 0.7), (0.0, 1.0)]
    assert [least_confidence(curve, share) for share in (0.5, 0.4, 0.3, 0.2, 0.1)] == pytest.approx(
        [0, 0, 0.25, 0.5, 0.7]
    )


def test_the_setting_decides_between_answer_and_refusal() -> None:
    """The same find is answered where wrong answers are accepted and refused where they hardly are."""
    weak = Told(seven=-3.0)
    found = hits(article("a", "Some seven ships of the fleet went down near Bergen in the storm."))
    lax = list(Extractor(weak, 0.5).answer("How many assailants were captured in Aktobe?", found))[-1]  # type: ignore[arg-type]
    strict = list(Extractor(weak, 0.01).answer("How many assailants were captured in Aktobe?", found))[-1]  # type: ignore[arg-type]
    assert isinstance(lax, Answer)
    assert isinstance(strict, Answer)
    assert lax.confidence == strict.confidence
    assert not strict.answered


class Counting(Told):
    """Notes how many passages it was given to read."""

    passages = 0

    def read(
        self,
        _question: str,
        passages: Sequence[tuple[str, Sequence[tuple[int, int]]]],
        fits: Callable[[str], bool] = bool,
    ) -> list[list[Reading]]:
        self.passages = len(passages)
        return super().read(_question, passages, fits)


def test_ten_passages_are_read() -> None:
    """Of a dozen found, the first ten."""
    reader = Counting(seven=9.0)
    answer("How many assailants were captured?", reader, *(article(f"a{n}", "Some were seen.") for n in range(12)))
    assert reader.passages == 10


def sentence(text: str, words: str, name: str, logit: float = 9.0, updated: str | None = None) -> Contender:
    """A candidate whose article is just this sentence."""
    (found,) = hits(article(name, text, updated))
    at = text.index(words)
    return Contender(found, 0, len(text), at, at + len(words), logit, True)


class Judging(Told):
    """A reader that judges every passage alike."""

    def __init__(self, score: float) -> None:
        super().__init__()
        self._score = score

    def judged(self, _question: str, _passage: object) -> float:
        return self._score


def composed(
    question: str, sentences: Sequence[Contender], *scores: float, judged: float = 9.0
) -> tuple[str | None, list[str], list[str]]:
    """The short words, the pieces of the text, and the articles quoted, for sentences with these scores."""
    extractor = Extractor(Judging(judged), 0.5)  # type: ignore[arg-type]
    order = sorted(range(len(scores)), key=lambda i: -scores[i])
    short, pieces = extractor._composed(question, kind_of(question), list(sentences), np.array(scores), order)
    return short, [piece.text for piece in pieces], [piece.quote.article.id for piece in pieces]


MANY = "How many were captured?"
SEVEN = sentence("In all seven were captured.", "seven", "a")


@pytest.mark.parametrize(("behind", "cited"), [(3.9, ["a", "b"]), (4.1, ["a"])])
def test_the_same_answer_is_cited_too_where_it_is_not_far_behind(behind: float, cited: list[str]) -> None:
    """Up to four logits behind the best."""
    other = sentence("They took 7 of them.", "7", "b")
    assert composed(MANY, [SEVEN, other], 9.0, 9.0 - behind) == ("seven", ["Seven.", ""][: len(cited)], cited)


def test_no_more_than_three_articles_are_cited_for_one_answer_and_each_once() -> None:
    """The best three of four; a second sentence of the same article adds nothing."""
    others = [sentence(f"They took 7 on day {name}.", "7", name) for name in "bcd"]
    again = sentence("Again it was seven.", "seven", "a")
    assert composed(MANY, [SEVEN, again, *others], 9.0, 8.9, 8.5, 8.0, 7.5)[2] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("behind", "logit", "disagree"), [(3.9, 8.0, True), (4.1, 8.0, False), (1.0, 5.1, True), (1.0, 4.9, False)]
)
def test_articles_disagree_where_both_scores_are_near(behind: float, logit: float, disagree: bool) -> None:
    """Up to four logits behind in this score and in the reader's."""
    other = sentence("They took nine of them.", "nine", "b", logit)
    _, texts, _ = composed(MANY, [SEVEN, other], 9.0, 9.0 - behind)
    assert texts[0].startswith("The articles disagree") == disagree


@pytest.mark.parametrize(("judged", "disagree"), [(4.1, True), (3.9, False)])
def test_articles_disagree_where_the_other_passage_answers_too(judged: float, disagree: bool) -> None:
    """The judge says so by itself; what is called the same behind both numbers needs no judge."""
    other = sentence("They took nine of them.", "nine", "b")
    assert (composed(MANY, [SEVEN, other], 9.0, 8.9, judged=judged)[2] == ["a", "b"]) == disagree
    alike = [sentence(f"They took {word} hostages.", word, word) for word in ("seven", "nine")]
    assert composed(MANY, alike, 9.0, 8.9, judged=judged)[2] == ["seven", "nine"]


def test_at_most_three_sides_disagree_and_only_over_numbers() -> None:
    """Four articles, four numbers: the best three are shown. Over names there is no disagreement."""
    others = [sentence(f"They took {word} of them.", word, word) for word in ("nine", "ten", "eleven")]
    assert composed(MANY, [SEVEN, *others], 9.0, 8.9, 8.8, 8.7)[2] == ["a", "nine", "ten"]
    ann, bob = sentence("It was led by Ann.", "Ann", "a"), sentence("It was led by Bob.", "Bob", "b")
    assert composed("Who led it?", [ann, bob], 9.0, 8.9)[:2] == ("Ann", ["Ann."])


def test_what_the_reader_would_not_have_said_is_no_other_side() -> None:
    """Words with a score below 0, and words of another kind, are neither cited nor a disagreement."""
    doubted = sentence("They took nine of them.", "nine", "b", -0.1)
    best = replace(SEVEN, logit=2.0)
    assert composed(MANY, [best, doubted], 9.0, 8.9)[2] == ["a"]
    assert composed(MANY, [best, replace(doubted, logit=0.0)], 9.0, 8.9)[2] == ["a", "b"]
    assert composed(MANY, [best, replace(doubted, logit=1.0, fits=False)], 9.0, 8.9)[2] == ["a"]


@pytest.mark.parametrize(("count", "short"), [(16, True), (17, False)])
def test_a_short_form_has_at_most_sixteen_words(count: int, short: bool) -> None:
    """Longer ones are no shorter than their sentence, which is given instead."""
    words = " ".join(f"w{n}" for n in range(count))
    found, texts, _ = composed("What was on board?", [sentence(f"On board was {words}.", words, "a")], 9.0)
    assert (found == words) == short
    assert texts[0].lower().startswith("w0" if short else "on board")


def test_sentences_are_added_while_they_are_near_and_say_something_else() -> None:
    """Up to one logit behind the best, three at most, and none that has most of its words in common."""
    texts = [
        "The door was locked since bikes were stolen.",
        "Nobody guards it after midnight.",
        "Insurance asked for that last spring.",
        "Rain had damaged the old frame.",
    ]
    four = [sentence(text, "the" if "the " in text else text.split()[0], f"a{n}") for n, text in enumerate(texts)]
    question = "Why was the door locked?"
    assert composed(question, four, 9.0, 8.5, 8.1, 8.05)[2] == ["a0", "a1", "a2"]
    assert composed(question, four, 9.0, 8.5, 7.9, 7.0)[2] == ["a0", "a1"]
    again = sentence("The door was locked since two bikes were stolen.", "door", "b")
    assert composed(question, [four[0], again, four[1]], 9.0, 8.9, 8.5)[2] == ["a0", "a1"]


def test_sentences_of_one_article_stand_in_its_order() -> None:
    """The best one's article first, its sentences as they follow each other there."""
    (found,) = hits(article("a", "Nobody guards it after midnight. The door was locked since bikes were stolen."))
    spans = [(0, 32), (33, 77)]
    early, best = (Contender(found, start, end, start, start + 3, 9.0, True) for start, end in spans)
    assert composed("Why was the door locked?", [best, early], 9.0, 8.5)[1] == [
        "Nobody guards it after midnight.",
        "The door was locked since bikes were stolen.",
    ]


LIGHTS = "The lights mean:\n\n- Red: water is low.\n- Green: all is well."


@pytest.mark.parametrize(
    ("question", "whole"), [("Which lights are there?", True), ("Which lights are green and well?", False)]
)
def test_one_item_is_asked_for_or_the_whole_list(question: str, whole: bool) -> None:
    """Where the words of a "which" stand in the opening it is the list, else its item."""
    (found,) = hits(article("panel", LIGHTS))
    start = LIGHTS.index("- Green")
    item = Contender(found, start, len(LIGHTS), start + 9, len(LIGHTS) - 1, 9.0, True)
    _, texts, _ = composed(question, [item], 9.0)
    assert (len(texts) > 1) == whole


def test_a_refusal_names_three_articles_and_eight_words() -> None:
    """What was looked for, cut at eight words, and the best sentence of each of the three nearest articles."""
    asked = "Did Ann Bob Carl Dora Emil Fritz Gerd Hans Ida visit Oslo?"
    texts = [article(f"t{n}", f"Nothing to see at place{n}.") for n in range(5)]
    *_, said = Extractor(Told(), 0.01).answer(asked, hits(*texts))  # type: ignore[arg-type]
    assert isinstance(said, Answer)
    assert not said.answered
    assert len(said.nearest) == 3
    assert "“Hans”" in said.answer
    assert "“Ida”" not in said.answer


def test_a_refusal_names_no_article_that_is_far() -> None:
    """What has nothing to do with the question is not shown as nearest to it; what is alike is."""
    asked = "Who is the king of Denmark?"
    near, far = hits(article("crowns", "The crown is old."), article("pumps", "The pump is new."))
    far = replace(far, cosines=(NEAR_ENOUGH - 0.01,))
    for found, named in (([near, far], ["crowns"]), ([far], [])):
        *_, said = Extractor(Told(), 0.01).answer(asked, found)  # type: ignore[arg-type]
        assert isinstance(said, Answer)
        assert [one.title for one in said.nearest] == named
        assert ("nothing in them comes near" in said.answer) == (not named)


def test_confidence_is_a_logistic_function_of_the_evidence() -> None:
    """Log odds of 0, of ln 3 and of -ln 3 are confidences of 0.5, 0.75 and 0.25."""
    extractor = Extractor(Told(), 0.5)  # type: ignore[arg-type]
    seen = evidence([meaning("seven")], np.zeros((1, len(Features._fields))), np.array([0.0]), 0)
    for odds, confidence in ((0.0, 0.5), (np.log(3), 0.75), (-np.log(3), 0.25)):
        extractor._trust = np.append(np.zeros(len(seen)), odds)
        assert extractor._confidence(seen) == pytest.approx(confidence)


STOCK = article("stock", "Part: PN-1 | Shelf: S10\nPart: PN-2 | Shelf: S26\nPart: PN-3 | Shelf: S26\n\nPN-9 is new.")


def test_only_the_row_with_the_identifier_answers() -> None:
    """Another row's shelf is no answer, however sure the reader is of it."""
    said = answer("On which shelf is PN-1?", Told(S26=12.0, S10=3.0), STOCK)
    assert (said.short, said.citations[0].quote) == ("S10", "Part: PN-1 | Shelf: S10")


def test_an_identifier_that_stands_nowhere_is_refused() -> None:
    """A number that is not there gets no answer, and the refusal shows what is near."""
    said = answer("On which shelf is PN-7?", Told(S26=12.0), STOCK)
    assert (said.answered, said.short) == (False, None)
    assert said.nearest[0].title == "stock"


def test_what_is_said_of_an_identifier_goes_on_until_the_next() -> None:
    """ "It lies on shelf S5" is said of the part named before it, and not of the one named after."""
    text = "PN-1 is a bolt. It lies on shelf S5. PN-2 is a nut. It lies on shelf S6."
    said = answer("On which shelf is PN-1?", Told(S6=12.0, S5=3.0), article("parts", text))
    assert said.short == "S5"
    listed = article("languages", "- .NET is kept by Bo.\n- VB.NET is kept by Pia.")
    assert answer("Who keeps .NET?", Told(Pia=12.0, Bo=3.0), listed).short == "Bo"
    below = article("codes", "# E11\n\nThe belt slips. Call Bo.\n\n# E12\n\nThe fan stops. Call Pia.")
    assert answer("Who do I call at E11?", Told(Pia=12.0, Bo=3.0), below).short == "Bo"


PORTS = article("ports", "Port: 22 | Service: SSH | Layer: TCP\nPort: 53 | Service: DNS | Layer: UDP\n"
                         "Port: 69 | Service: TFTP | Layer: UDP")  # fmt: skip


def test_a_row_does_not_answer_for_the_whole_table() -> None:
    """ "Which ports are blocked?" is not answered by one of them: the refusal shows the whole table."""
    said = answer("Which ports are blocked?", Told(**{"69": 12.0}), PORTS)
    assert (said.answered, said.nearest[0].quote) == (False, PORTS.text)


def test_what_the_reader_finds_in_a_row_is_asked_of_all_rows() -> None:
    """ "Which services use UDP?": the reader knows what "use" means, and the table which rows have UDP."""
    said = answer("Which services use UDP?", Told(TFTP=12.0), PORTS)
    assert said.answer == "DNS [1], TFTP. [2]"
    assert (said.short, said.confidence) == ("DNS, TFTP", 0.95)


def test_where_english_articles_say_nothing_one_in_another_language_may() -> None:
    """An English question that they do not answer gets the passage of a German article that holds its words; without
    one, it is refused."""
    english = article("Trips", "Tobias decides about them.")
    german = replace(article("Telefone", "Das Telefon von Mia Quist hat die Nummer 4471."), language="de")
    question = "How many numbers has Mia Quist?"
    assert not answer(question, Told(), english).answered
    found = answer(question, Told(), english, german)
    assert [citation.title for citation in found.citations] == ["Telefone"]
    assert found.notice


def test_a_follow_up_is_restated_in_english_only() -> None:
    """The first question and one in another language are searched as they are."""
    extractor = Extractor(Told(), 0.3)  # type: ignore[arg-type]
    turns = [Turn("How heavy is the S2?", "2.4 kg. [1]", ())]
    assert extractor.standalone("What about the S3?", turns) == "How heavy is the S3?"
    assert extractor.standalone("What about the S3?", []) == "What about the S3?"
    german = "Und wie schwer ist das Gerät, das wir im letzten Jahr gekauft haben?"
    assert extractor.standalone(german, turns) == german


def test_a_courtesy_is_told_by_what_was_typed() -> None:
    """ "Thanks!" is met as one, though words of the conversation were added to what is searched."""
    told: list[str] = []

    def kind_told(question: str) -> Kind:
        told.append(question)
        return Kind("thanks", 0.9, 0.9) if question == "Thanks!" else Kind("words", 0.9, 0.0)

    context = Context("Thanks!", (), lambda _: ())
    *_, found = Extractor(Told(), 0.5, kind_told).answer("Thanks (siren)!", [], context)  # type: ignore[arg-type]
    assert isinstance(found, Answer)
    assert found.remark
    assert told == ["Thanks!"]


ROTA = article("rota", "# On call\n\n## What is expected\n\n- Be at a keyboard within 20 minutes.\n"
                       "- No alcohol while you are first.\n\nThe bag holds no torch.")  # fmt: skip


def test_a_list_below_a_heading_that_begins_like_the_question_is_the_answer() -> None:
    """Whole, whichever of its items the reader likes best."""
    said = answer("What is expected while on call?", Told(alcohol=12.0), ROTA)
    assert said.short is None
    assert said.answer == "- Be at a keyboard within 20 minutes. [1]\n- No alcohol while you are first. [1]"


def test_what_stands_below_the_question_itself_is_sure() -> None:
    """However little the reader likes it, if title, heading and list say all that the question says; else as ever."""
    told = [answer(f"What is expected {when}?", Told(alcohol=1.0), ROTA) for when in ("while on call", "in Ghent")]
    assert told[0].answer == told[1].answer
    assert told[0].confidence == CERTAIN > (told[1].confidence or 0.0)


def test_what_a_sentence_denies_is_no_short_answer() -> None:
    """ "Alcohol" of "No alcohol" would say the opposite: the sentence answers."""
    assert (
        answer("What may the first one have?", Told(alcohol=12.0), ROTA).answer == "No alcohol while you are first. [1]"
    )
    assert answer("What is in the bag?", Told(torch=12.0), ROTA).answer == "The bag holds no torch. [1]"
