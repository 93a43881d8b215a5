"""What a question means that is not in a table's words, told by the encoder, or not at all."""

from dataclasses import replace
from typing import Any

import pytest
from article_assistant.answering import meant
from article_assistant.answering.cells import ReadCell, cell_of, is_certain, read_alone, whole_cell
from article_assistant.answering.extract import Extractor
from article_assistant.answering.measures import column
from article_assistant.answering.question import kind_of
from article_assistant.answering.rank import Contender, is_row
from article_assistant.answering.reader import Reader
from article_assistant.answering.tables import from_table, named_cell, passed_over
from article_assistant.index import embed
from article_assistant.index.reading.lines import CELLS
from article_assistant.index.types import Hit
from article_assistant.types import Answer
from hypothesis import given
from hypothesis import strategies as st

from tests.answering.test_tables import DETECTORS, hits
from tests.answering.told import Told, article
from tests.answering.told import hits as told_hits


@pytest.fixture(scope="module")
def alike() -> meant.Alike:
    """The default encoder's."""
    return meant.alike_by(embed.load())


@pytest.fixture(scope="module")
def reader() -> Reader:
    """The one that ships."""
    return Reader()


def found_words(found: list[Hit], words: str) -> Contender:
    """The first row that holds these words, which a reader likes best."""
    for hit in found:
        for start, end in hit.chunk.sentences:
            if (at := hit.article.text.find(words, start, end)) >= 0:
                return Contender(hit, start, end, at, at + len(words), 5.0, True)
    raise AssertionError(words)


LAPTOPS = "# Laptops\n\n" + "\n".join(
    f"Laptop: {laptop} | Price: {price} | Weight: {weight} | Start time: {start} | Ports: {ports}"
    for laptop, price, weight, start, ports in [
        ("T480", "€420", "1.6 kg", "21 s", "USB, HDMI"), ("X1", "€1,250", "1.1 kg", "12 s", "USB"),
        ("Pro 14", "€1,900", "1.5 kg", "9 s", "HDMI"),
    ]
)  # fmt: skip

PUMPS = "# Pumps\n\nProperty: Lift | P1: 3 to 8 m | P4: 2 to 15 m\nProperty: Noise | P1: ±48 dB | P4: ±39 dB\n"
PUMPS += "Property: Weight | P1: 2.4 kg | P4: 1.7 kg\nProperty: Colour | P1: red | P4: blue"


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("Which laptop is the cheapest?", "T480"),
        ("Which is the cheapest?", "T480"),
        ("Which laptop is the most expensive?", "Pro 14"),
        ("Which laptop costs the most?", "Pro 14"),
        ("Which laptop is the heaviest?", "T480"),
        ("Which entry has the lowest weight?", "X1"),
        ("Which laptops cost more than €500?", "X1, Pro 14"),
        ("Which laptops need HDMI?", "T480, Pro 14"),
        ("How many laptops offer USB?", "2"),
        # no such column, a noun of something else, a verb that denies
        ("Which laptop is the most popular?", None),
        ("Which laptop is the best?", None),
        ("Which laptop is the oldest?", None),
        ("Which country has the lowest weight?", None),
        ("Which laptops lack HDMI?", None),
        ("Which laptops reject HDMI?", None),
        ("Which laptop has the largest screen?", None),
    ],
)
def test_a_superlative_a_verb_and_a_noun_are_understood_or_refused(
    question: str, short: str | None, alike: meant.Alike
) -> None:
    """The column that is meant, a verb that says "have", and a noun that means a row."""
    found = from_table(question, hits(LAPTOPS), None, alike)
    assert (found and found[0]) == short
    assert from_table(question, hits(LAPTOPS)) is None, "without the encoder the table does not know"


@pytest.mark.parametrize(
    ("question", "noun", "columns", "means"),
    [
        ("Which tool is the fastest?", "tool", {"Line count": ["536", "534"], "Time": ["0.08 s", "2 s"]}, "Time"),
        ("Which size is the fastest?", "size", {"Parameters": ["39 M", "74 M"], "Relative speed": ["10x", "7x"]},
         "Relative speed"),
        ("Which car is the fastest?", "car", {"Price": ["5", "6"], "Charging time": ["1 h", "2 h"]}, None),
        ("Which room is the largest?", "room", {"Seats": ["1", "2"], "Floor": ["1", "2"]}, None),
        ("Which planet is the hottest?", "planet", {"Moons": ["1", "2"], "Orbit": ["3", "4"]}, None),
    ],
)  # fmt: skip
def test_which_column_a_superlative_measures(
    question: str, noun: str, columns: dict[str, list[str]], means: str | None, alike: meant.Alike
) -> None:
    """The one that is clearly ahead of the others, which need not be there."""
    figures = {name: figured for name, cells in columns.items() if (figured := column(cells))}
    found = meant.extreme(question, noun, figures, "fastest" in question, alike)
    assert [name for name, _ in found[:1] if len(found) == 1] == ([means] if means else [])


@pytest.mark.parametrize(("slow", "short"), [("2.5 ms", "Ash"), ("0.4 ms", None)])
def test_columns_that_agree_answer_together(slow: str, short: str | None, alike: meant.Alike) -> None:
    """Where a superlative may measure two columns, it is answered only if the same row is the first in both."""
    text = "# Codecs\n\n" + "\n".join(
        f"Codec: {codec} | Encoding time: {encoding} | Decoding time: {decoding}"
        for codec, encoding, decoding in [("Ash", "2 ms", "1 ms"), ("Elm", "3 ms", slow), ("Oak", "9 ms", "7 ms")]
    )
    found = from_table("Which codec is the fastest?", hits(text), None, alike)
    assert (found and found[0]) == short


def test_prose_that_compares_nothing_is_no_answer_to_a_comparison(alike: meant.Alike) -> None:
    """Where a table holds what a question compares, but not by what, it is shown; a text that compares may answer."""
    asked = "Which laptop is sold the most?"
    for text, is_passed in (("Laptops are sold in hall 3.", True), ("Most people buy the X1.", False)):
        found = hits(f"{text}\n\n{LAPTOPS}")
        table = passed_over(asked, found, found_words(found, text.split()[-1]), alike)
        assert bool(table) == is_passed
        assert not table or table.text.startswith("Laptop: T480")
    assert passed_over("Which laptop is sold?", found, found_words(found, "X1"), alike) is None


def test_a_mark_of_a_table_is_no_answer_beside_it() -> None:
    """What a mark means is said below a table; the rows that have it are the answer."""
    found = hits("Pier: North | Ships: *\nPier: South | Ships: 5\n\n* means that only boats land there.")
    words = found_words(found, "* means")
    mark = replace(words, last=words.first + 1)
    table = passed_over("Which piers are for boats?", found, mark, None)
    assert table
    assert table.text == "Pier: North | Ships: *\nPier: South | Ships: 5"
    assert passed_over("Which piers are for boats?", found, words, None) is None


@pytest.mark.parametrize(
    ("text", "question", "cell"),
    [
        (LAPTOPS, "How much does the X1 cost?", "€1,250"),
        (LAPTOPS, "How heavy is the X1?", "1.1 kg"),
        (LAPTOPS, "Who made the X1?", None),
        (LAPTOPS, "How heavy is the Z9?", None),
        (LAPTOPS, "How heavy are the X1 and the T480?", None),
        (LAPTOPS, "How heavy was the X1 of 2019?", None),
        (LAPTOPS, "When are the ports of the X1?", None),  # no date
        (LAPTOPS.replace("X1", "T480 X"), "How heavy is the T480 X?", "1.1 kg"),
        (LAPTOPS.replace("1.1 kg", "✓"), "What is the weight of the X1?", None),
        (PUMPS, "What is the weight of the P4?", "1.7 kg"),
    ],
)
def test_a_cell_is_named_by_its_row_and_by_what_its_column_means(
    text: str, question: str, cell: str | None, alike: meant.Alike
) -> None:
    """One row by its whole first cell, nothing else named, of the kind asked for; the table may be on its side."""
    found = named_cell(question, kind_of(question), hits(text), alike)
    assert (found and found[0]) == cell
    if found:
        (said,) = found[1]
        shown = said.quote.article.text[said.quote.start : said.quote.end]
        assert f": {cell}" in shown
        assert "\n" not in shown


ROOMS = "# Rooms\n\n" + "\n".join(
    f"Room: {room} | Seats: {seats} | Projector: {projector} | Open on Sundays: {sundays}"
    for room, seats, projector, sundays in [("Alder", 12, "yes", "no"), ("Birch", 8, "no", "no"), ("Elm", 30, "x", "x")]
)


@pytest.mark.parametrize(
    ("question", "cell"),
    [
        ("Does Alder have a projector?", "yes"),
        ("Is there a projector in Birch?", "no"),
        ("Is Elm open on Sundays?", "x"),
        # what is denied, or more than whether the row has what the column is named after
        ("Does Alder have no projector?", None),
        ("Does Alder lack a projector?", None),
        ("Is Birch without a projector?", None),
        ("Is Alder closed on Sundays?", None),
        ("Is the projector of Alder new?", None),
        ("Does Alder have a sauna?", None),
        ("Does Cedar have a projector?", None),
        ("Does Alder or Birch have a projector?", None),
    ],
)
def test_a_tick_answers_yes_or_no(question: str, cell: str | None, alike: meant.Alike) -> None:
    """Where nothing but a verb like "have" joins the row and the column; a question for words never gets one."""
    found = named_cell(question, "yes or no", hits(ROOMS), alike)
    assert (found and found[0]) == cell
    assert named_cell(question, "words", hits(ROOMS), alike) is None


def test_a_sentence_that_answers_comes_before_a_tick(alike: meant.Alike) -> None:
    """A tick is the answer where its row was found, not where a text says more."""
    texts = told_hits(article("Rooms", ROOMS), article("News", "The projector of Alder was stolen in May."))
    for found, short in (({"yes": 9.0}, "yes"), ({"stolen_in_May": 9.0}, None)):
        extractor = Extractor(Told(**found), 0.5, None, alike)  # type: ignore[arg-type]
        *_, said = extractor.answer("Does Alder have a projector?", texts)
        assert isinstance(said, Answer)
        assert said.short == short
        assert said.citations


def test_a_row_of_totals_is_said(alike: meant.Alike) -> None:
    """Where a row states it, it is no sum of ours."""
    text = "# Budget\n\nItem: Rent | Cost: €500\nItem: Power | Cost: €90\nItem: Total | Cost: €590"
    found = from_table("What is the total cost?", hits(text), None, alike)
    assert found
    assert found[0] == "€590"


def test_a_total_is_none_of_the_rows_that_it_sums_up(alike: meant.Alike) -> None:
    """It neither has the most nor is counted; asked for by its name it is said."""
    text = "# Budget\n\nItem: Rent | Cost: €500\nItem: Power | Cost: €90\nItem: Water | Cost: €110\n"
    text += "Item: Total | Cost: €700"
    for asked, short in (
        ("Which item has the most cost?", "Rent"), ("How many items are there?", "3"),
        ("Which items have a cost above €100?", "Rent, Water"), ("What is the cost of the item Total?", "€700"),
    ):  # fmt: skip
        found = from_table(asked, hits(text), None, alike)
        assert found, asked
        assert found[0] == short


FACTS = "Fact: Size | Value: 200\nFact: Age | Value: 7\n\n"
FACTS += "Version: 5.10 | Name: Breezy Badger\nVersion: 6.06 | Name: Ox | Ships: *"

DUTIES = "Duty: Warn 21 days before a certificate expires | Owner: Kerstin Falk | Due: 8 March 2024\n"
DUTIES += "Duty: Compare certificates on all hosts | Owner: Devraj Pillai | Due: 29 March 2024"


@pytest.mark.parametrize(
    ("text", "question", "words", "certain"),
    [
        (LAPTOPS, "What is the weight of the X1?", "1.1", True),
        (LAPTOPS, "Which laptop has the weight 1.1 kg?", "X1", True),
        (LAPTOPS, "What is the weight of the Z9?", "1.1", False),
        (LAPTOPS, "What is the screen of the X1?", "1.1", False),
        (LAPTOPS, "Who made the X1?", "1.1", False),
        (LAPTOPS, "What is the average weight?", "1.1", False),
        (LAPTOPS, "What is the total price?", "1,250", False),
        (LAPTOPS, "Which laptop is sold the most?", "X1", False),
        (LAPTOPS, "Which laptops have HDMI?", "T480", False),
        (DETECTORS, "What is the total wheel size?", "500 kB", False),
        (DETECTORS, "What is the wheel size of Alder?", "500 kB", True),
        (DETECTORS, "What is the price of Birch?", "500 kB", False),
        (PUMPS, "What is the weight of the P4?", "1.7", True),
        (PUMPS, "Which pump weighs 2.4 kg?", "2.4", False),
        (PUMPS, "What is the weight of the P7?", "1.7", False),
        (PUMPS, "What is the voltage of the P1?", "2.4", False),
        (DUTIES, "Who owns the duty to warn 21 days before a certificate expires?", "Kerstin Falk", True),
        (FACTS, "Which version is called Brave Badger?", "5.10", False),
        (FACTS, "Which version is called Breezy Badger?", "5.10", True),
        (FACTS, "Which version supports only ships?", "*", False),
        (FACTS, "Which names are those of ships?", "Ships", False),
        (FACTS, "Which version is called Warty-X?", "6.06", False),
    ],
)  # fmt: skip
def test_a_cell_is_certain_where_its_row_and_its_column_are_meant(
    text: str, question: str, words: str, certain: bool, alike: meant.Alike, reader: Reader
) -> None:
    """Not for another row or column, a sum, a comparison, several rows, half a name, or a mark."""
    cell = read_alone(question, found_words(hits(text), words), kind_of(question), reader)
    assert is_certain(question, cell, alike) == certain


@given(
    st.lists(st.lists(st.sampled_from(["", "2 kg", "±3 dB", "yes", "red"]), min_size=3, max_size=3), min_size=2),
    st.sampled_from(["Property: ", ""]),
)
def test_every_cell_of_every_table_can_be_judged(cells: list[list[str]], corner: str) -> None:
    """With cells left out, units below the header, or on its side."""
    names = ["P1", "P2", "P3"]
    rows = [
        " | ".join([f"{corner}row {i}" if i else "", *(f"{n}: {s}" for n, s in zip(names, row, strict=True) if s)])
        for i, row in enumerate(cells)
    ]
    (hit, *_) = hits("\n".join(row.removeprefix(" | ") or "-" for row in rows))
    text = hit.article.text
    for at in (i for i, one in enumerate(text) if one.isalnum() and is_row(text, i)):
        found = Contender(hit, at, at + 1, at, at + 1, 5.0, fits=True)
        assert is_certain("What is the row 2 of P2?", ReadCell(found, 5.0, 5.0), None) in (True, False)


@pytest.mark.parametrize(
    ("text", "question", "words", "cell"),
    [
        (LAPTOPS, "What is the weight of the X1?", "T480", "1.1 kg"),  # the row that is named, not the reader's
        (LAPTOPS, "How heavy is the X1?", "€1,250", "1.1 kg"),
        (PUMPS, "What is the weight of the P4?", "2.4", "1.7 kg"),
        (PUMPS, "How loud is the P1?", "±39", "±48 dB"),
    ],
)
def test_the_row_that_is_meant_is_read_by_itself(
    text: str, question: str, words: str, cell: str, reader: Reader
) -> None:
    """Whatever was taken for the answer among the other rows."""
    found = read_alone(question, found_words(hits(text), words), kind_of(question), reader)
    assert cell_of(found.best) == cell
    assert found.both > 0


def test_a_cell_beyond_what_is_read_of_a_row_stays(reader: Reader) -> None:
    """The passage that it was found in held that part of a long row."""
    long = " | ".join(["Hut: Ash", *(f"Note {i}: the roof was mended in spring {i}" for i in range(90)), "Beds: 1400"])
    row = found_words(hits(f"{long}\n{long.replace('Ash', 'Elm')}"), "1400")
    assert read_alone("How many beds does the hut have?", row, "number", reader).best == row


@given(
    st.lists(st.text("ab :|é7", min_size=1, max_size=9).filter(lambda cell: cell.strip(" :|")), min_size=2, max_size=6),
    st.sampled_from(["A: {} | ", "{} | ", ""]),
)
def test_what_is_read_of_a_row_is_of_one_cell(cells: list[str], first: str) -> None:
    """Words of a value, never of a column's name or of two cells, whatever the cells hold."""
    rows = [first.format("x") + " | ".join(f"B{i}: {cell.strip()}" for i, cell in enumerate(cells))] * 2
    (hit, *_) = hits("\n".join(rows))
    at = hit.article.text.find("B0")
    told: Any = Told()
    found = read_alone("What?", Contender(hit, at, at + 2, at, at + 2, 5.0, True), "words", told)
    assert CELLS not in found.best.words
    assert found.best.words in cell_of(found.best)


def test_what_names_no_columns_is_no_cell(alike: meant.Alike) -> None:
    """A line with bars between words is left to the reader."""
    found = found_words(hits("Home | News | About us\nMonday | 9:00 | Ann"), "9:00")
    assert is_certain("When does Bo come?", ReadCell(found, 5.0, 5.0), alike)
    assert whole_cell(found) == found


def test_a_short_cell_is_given_whole() -> None:
    """With its unit; a long one is left as the reader has it."""
    assert whole_cell(found_words(hits(LAPTOPS), "1.1")).words == "1.1 kg"
    long = hits("Room: Ash | Note: closed from May on for a year of repairs\nRoom: Elm | Note: open")
    assert whole_cell(found_words(long, "May")).words == "May"
