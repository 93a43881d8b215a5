"""Questions over a whole table: each word accounted for, each row cited, or no answer from it."""

import pytest
from article_assistant.answering.rank import Contender, is_row
from article_assistant.answering.records import table_at
from article_assistant.answering.tables import from_table
from article_assistant.index.chunk import split
from article_assistant.index.types import Hit

from tests.parts import Words, article

ROOMS = "# Rooms\n\n" + "\n".join(
    f"Room: {room} | Seats: {seats} | Projector: {projector} | Floor: {floor} | City: {city}"
    for room, seats, projector, floor, city in [
        ("Alder", 12, "yes", 1, "Oslo"), ("Birch", 30, "no", 2, "Oslo"), ("Cedar", 8, "yes", 2, "New York"),
        ("Douglas", 22, "yes", 4, "Oslo"),
    ]
)  # fmt: skip


def hits(text: str) -> list[Hit]:
    page = article(text, "Meeting rooms")
    chunks = split(page, Words(limit=400))
    return [Hit(chunk, page, i, 0.5, 9.0, tuple(0.5 for _ in chunk.sentences)) for i, chunk in enumerate(chunks, 1)]


@pytest.mark.parametrize(
    ("question", "short", "rows"),
    [
        ("Which rooms have a projector?", "Alder, Cedar, Douglas", ["Alder", "Cedar", "Douglas"]),
        ("How many rooms have a projector?", "3", ["Alder", "Cedar", "Douglas"]),
        ("Which rooms have no projector?", "Birch", ["Birch"]),
        ("Which rooms are on floor 2?", "Birch, Cedar", ["Birch", "Cedar"]),
        ("Which rooms are in New York?", "Cedar", ["Cedar"]),
        ("Which rooms in Oslo have at least 20 seats?", "Birch, Douglas", ["Birch", "Douglas"]),
        ("How many rooms have more than 10 seats?", "3", ["Alder", "Birch", "Douglas"]),
        ("Which room has the most seats?", "Birch", ["Birch"]),
        ("Which room in Oslo has the fewest seats?", "Alder", ["Alder"]),
        ("List all rooms on floor 4.", "Douglas", ["Douglas"]),
        ("How many rooms are there?", "4", ["Alder", "Birch", "Cedar", "Douglas"]),
        ("How many seats does Cedar have?", "8", ["Cedar"]),
        ("On which floor is Douglas?", "4", ["Douglas"]),
    ],
)
def test_all_rows_that_meet_the_question_answer_it(question: str, short: str, rows: list[str]) -> None:
    """The values asked for or their number, and each of these rows cited, in the order of the table."""
    found = from_table(question, hits(ROOMS))
    assert found
    assert found[0] == short
    quotes = [said.quote.article.text[said.quote.start : said.quote.end] for said in found[1] if said.text]
    assert [quote.split(" | ")[0] for quote in quotes] == [f"Room: {row}" for row in rows]


@pytest.mark.parametrize(
    "question",
    [
        "How many rooms have a whiteboard?", "Which rooms are free?", "Which room is booked the most?",
        "How many rooms are in Bergen?", "Which rooms are on floor 3?", "Which rooms are not in Oslo?",
        "Which room has the most windows?", "How many seats are there?", "Why is Birch closed?",
    ],
)  # fmt: skip
def test_a_word_that_the_table_does_not_know_gets_no_answer_from_it(question: str) -> None:
    """What is neither a column, a value nor the table's own place leaves the question to the reader."""
    assert from_table(question, hits(ROOMS)) is None


MODELS = "# Models\n\n" + "\n".join(
    f"Model: {model} | English model: {english} | Required memory: {memory} | Speed: {speed} | Released: {day}"
    for model, english, memory, speed, day in [
        ("tiny", "tiny.en", "75 MiB", "10x", "2022-09-21"), ("small", "small.en", "466 MiB", "4x", "2022-10-01"),
        ("large", "N/A", "2.9 GiB", "1x", "2023-11-06"),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("Which models have no English model?", "large"),
        ("Which models have an English model?", "tiny, small"),
        ("Which models have a memory of less than 1 GiB?", "tiny, small"),
        ("Which model has the most memory?", "large"),
        ("Which model has the fastest speed?", "tiny"),
        ("Which models were released in 2022?", "tiny, small"),
        ("Which model has the latest release?", "large"),
        ("Which models have more than 100 of memory?", None),
        ("Which models have no speed?", None),
        ("Which models have 5 GiB of memory?", None),
    ],
)
def test_units_dates_and_what_is_not_there_are_understood(question: str, short: str | None) -> None:
    """A column by its last word where no other has it, its figures by their units, its empty cells by what they say."""
    found = from_table(question, hits(MODELS))
    assert (found and found[0]) == short


HOURS = "# Opening hours\n\nDay: Monday | From: 9:00 | To: 17\nDay: Sat | From: 10 | To: 14\nDay: Sunday | From: closed"
PRICES = "# Entry\n\nThe prices are:\n\nVisitor: Adults | Price: 6.50 euros\nVisitor: Children | Price: 2 euros"


@pytest.mark.parametrize(
    ("text", "question"),
    [
        (HOURS, "What are the opening hours?"),
        (HOURS, "When are the opening hours?"),
        (PRICES, "What are the prices?"),
    ],
)
def test_values_that_say_nothing_alone_come_with_their_rows(text: str, question: str) -> None:
    """Hours have their days, prices what they are for: all rows, each a line, resting on one quote."""
    found = from_table(question, hits(text))
    assert found
    assert found[0] is None
    rows = [line for line in text.splitlines() if " | " in line]
    assert [said.text for said in found[1]] == [f"- {row}" for row in rows]
    (quote,) = {said.quote for said in found[1]}
    assert quote.article.text[quote.start : quote.end] == "\n".join(rows)


@pytest.mark.parametrize(
    ("text", "question", "short"),
    [
        (HOURS, "What are the opening hours on Sunday?", "closed"),
        (HOURS, "When does the office open?", None),
        (PRICES, "What are the visitors?", "Adults, Children"),
        (PRICES, "When are the prices paid?", None),
    ],
)
def test_one_row_or_what_a_table_does_not_know_is_not_all_rows(text: str, question: str, short: str | None) -> None:
    """A value, the first column, or a word that stands nowhere in the table."""
    found = from_table(question, hits(text.replace("From: closed", "Opens: closed").replace("From", "Opens")))
    assert (found and found[0]) == short


@pytest.mark.parametrize(
    "rows",
    [
        ["Room: Alder | Seats: 12"],
        ["Room: Alder | Seats: 12", "Seats: 30 | Room: Birch"],
        ["Room: Alder | Seats: 12", "Room: Birch | 30"],
        ["Room: Alder | Room: Birch", "Room: Cedar | Room: Elm"],
    ],
)
def test_a_table_is_certain_or_none(rows: list[str]) -> None:
    """One row, columns in another order, a cell without a column or two of one name: that is not surely a table."""
    (found, *_) = hits("\n".join(rows))
    assert table_at(found, 0) is None


def test_empty_cells_and_a_corner_are_still_a_table() -> None:
    """A cell that is left out is empty, and a first column may have no name."""
    (found,) = hits("Alder | Seats: 12 | Floor: 1\nBirch | Floor: 2")
    table = table_at(found, 0)
    assert table
    assert table.columns == ("", "Seats", "Floor")
    assert table.rows[1] == {"": "Birch", "Floor": "2"}


def test_a_row_of_units_is_no_row() -> None:
    """A row below the names of the columns that names nothing and has no figure tells units: it is not counted, and
    what is said in its unit is understood."""
    text = "Compressors that were compared:\n\nSpeed: MB/s | Size: KB\n" + "\n".join(
        f"Name: {name} | Ratio: {ratio} | Speed: {speed} | Size: 12"
        for name, ratio, speed in [("Alder", 2.8, 330), ("Birch", 2.1, 620), ("Cedar", 2.2, 510)]
    )
    for asked, said in (
        ("How many compressors were compared?", "3"),
        ("Which compressor has the highest ratio?", "Alder"),
        ("Which compressors have a speed above 500 MB/s?", "Birch, Cedar"),
    ):
        found = from_table(asked, hits(text))
        assert found, asked
        assert found[0] == said


HALLS = "# Halls\n\n" + "\n".join(
    f"Hall: {hall} | Seats: {seats} | Price: {price} | Setup: {setup} | Built: {built} | Has: {has}"
    for hall, seats, price, setup, built, has in [
        ("Ash", 12, "€5", "10 min", "1998-05-02", "tea, coffee"),
        ("Beech", 30, "€12.50", "45 min (two people)", "2004-01-30", "coffee"),
        ("Cherry", 8, "€3.50", "5 min", "2015-06-09", "tea; a Windows PC"),
        ("Elm", 22, "€20", "20 min", "2016-03-01", "juice and coffee"),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("Which halls seat more than 20?", "Beech, Elm"),
        ("Which halls are under 5 euros?", "Cherry"),
        ("Which halls have a price of at most €5?", "Ash, Cherry"),
        ("Which halls have a setup longer than 15 min?", "Beech, Elm"),
        ("Which halls have a price lower than €10?", "Ash, Cherry"),
        ("Which halls were built before 2005?", "Ash, Beech"),
        ("Which halls were built after 2015?", "Elm"),
        ("Which halls were built since 2015?", "Cherry, Elm"),
        ("Which halls were built before 2015-06-09?", "Ash, Beech"),
        ("How many halls were built after 1 March 2004?", "2"),
        # another unit, a comparison in no order, figures that are no years, a comparison with the wrong sign
        ("Which halls have a price of more than 5 %?", None),
        ("Which halls have seats other than 12?", None),
        ("Which halls have seats after 12?", None),
        ("Which halls were built over 2004?", None),
        ("Which halls were built before 2004 m?", None),
    ],
)
def test_rows_are_compared_with_a_number_a_sum_of_money_or_a_day(question: str, short: str | None) -> None:
    """In the column's own unit, and years only with days or years; else the table does not answer."""
    found = from_table(question, hits(HALLS))
    assert (found and found[0]) == short


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("Which halls have coffee?", "Ash, Beech, Elm"),
        ("Which halls have Windows?", "Cherry"),
        ("How many halls have tea and coffee?", "1"),
        ("Which halls have people?", None),
        ("Which halls have windows?", None),
        ("Which halls have no coffee?", None),
    ],
)
def test_a_part_of_a_cell_is_a_name_or_one_of_several_things(question: str, short: str | None) -> None:
    """Also beside a cell that is all of it; a word of a longer text is none, nor what a cell denies."""
    found = from_table(question, hits(HALLS))
    assert (found and found[0]) == short


@pytest.mark.parametrize(
    "question",
    [
        "What is the average price?", "What is the total of seats?", "How many seats are there in total?",
        "What is the sum of the prices?", "How many seats do all halls have?", "What is the median setup?",
    ],
)  # fmt: skip
def test_sums_and_averages_are_never_made(question: str) -> None:
    """No row states them."""
    assert from_table(question, hits(HALLS)) is None


DETECTORS = "# Detectors\n\n" + "\n".join(
    f"Feature: {feature} | Alder: {alder} | Birch: {birch} | Cedar: {cedar}"
    for feature, alder, birch, cedar in [
        ("Streaming", "✅", "❌", "✅"), ("Wheel size", "500 kB", "160 kB", "~200 kB"),
        ("Licence", "MIT", "BSD", "MIT"),
    ]
)  # fmt: skip


@pytest.mark.parametrize(
    ("question", "short"),
    [
        ("Which detectors have streaming?", "Alder, Cedar"),
        ("Which detector has no streaming?", "Birch"),
        ("Which detector has the smallest wheel size?", "Birch"),
        ("Which detectors have a wheel size below 300 kB?", "Birch, Cedar"),
        ("How many detectors have the licence MIT?", "2"),
        ("What is the licence of Birch?", "BSD"),
        ("Which detectors have a logo?", None),
        ("Which detectors have the licence GPL?", None),
    ],
)
def test_a_table_on_its_side_is_turned(question: str, short: str | None) -> None:
    """Where the first cells name what the columns have, the columns are the rows, and rest on the whole table."""
    found = from_table(question, hits(DETECTORS))
    assert (found and found[0]) == short
    for said in found[1] if found and "etector" in question else ():
        assert DETECTORS.endswith(said.quote.article.text[said.quote.start : said.quote.end])


@pytest.mark.parametrize(("other", "short"), [("12", "Alder"), ("90", None)])
def test_two_tables_of_one_page_must_agree(other: str, short: str | None) -> None:
    """Where each has its own answer, and the question names neither, none is sure; by its heading one is asked."""
    text = "# Halls\n\n## North\n\n{}\n\n## South\n\n{}".format(
        "Hall: Alder | Seats: 30\nHall: Birch | Seats: 12", f"Hall: Cedar | Seats: {other}\nHall: Alder | Seats: 40"
    )
    found = from_table("Which hall has the most seats?", hits(text))
    assert (found and found[0]) == short
    south = from_table("Which south hall has the most seats?", hits(text))
    assert south
    assert south[0] == ("Alder" if short else "Cedar")


def test_a_mark_alone_is_no_answer_but_as_a_name() -> None:
    """ "*" in a later column says nothing by itself; an operator is called by its sign."""
    text = "# Operators\n\nOperator: + | Meaning: adds | Note: *\nOperator: - | Meaning: subtracts | Note: †"
    assert from_table("What is the note of the operator that adds?", hits(text)) is None
    found = from_table("Which operator adds?", hits(text))
    assert found
    assert found[0] == "+"


def test_one_of_several_that_a_question_names() -> None:
    """What a question names to choose from is an answer; what it says alone is none."""
    found = from_table("Which of Alder, Birch and Cedar has no projector?", hits(ROOMS))
    assert found
    assert found[0] == "Birch"
    assert from_table("Which room is Birch?", hits(ROOMS)) is None


def test_two_that_are_compared_by_a_word_of_no_column_are_no_answer() -> None:
    """Where the reader likes one of them, too: all that a question names is no choice."""
    found = hits(ROOMS)
    text = found[0].article.text
    start, end = next(span for span in found[0].chunk.sentences if is_row(text, span[0]))
    row = Contender(found[0], start, end, start, start + 4, 5.0, fits=True)
    for asked in ("Which is louder, Alder or Birch?", "Which room is louder, Alder or Birch?"):
        assert from_table(asked, found, row) is None
