"""PDF where a page or a column breaks what is on it, and where lines alone tell what belongs together."""

import pytest

from tests.reading.test_pdf import MEALS, NORTH, WIDTH, Rule, Said, set_in, text

HEAD: list[Said] = [(50, 700, -10, "Hall"), (130, 700, -10, "Gate"), (190, 700, -10, "Code")]


def row(y: float, *cells: str, left: float = 50, size: float = 10) -> list[Said | Rule]:
    """A row of a table in columns that are 80 and 60 points wide."""
    return [(left + x, y, size, cell) for x, cell in zip((0, 80, 140), cells, strict=True) if cell]


def test_one_row_behind_a_break_has_its_names() -> None:
    """A row alone on the next page, or above the rest of its table, is one of the table, and none of a sentence."""
    begun = [*HEAD, *row(720, "North", "4100", "PN-1")]
    after = set_in(NORTH, 50, 120, 60)
    expected = "Hall: North | Gate: 4100 | Code: PN-1\n\nHall: South | Gate: 4107 | Code: PN-2\n\n" + " ".join(NORTH)
    assert text(begun, [*row(60, "South", "4107", "PN-2"), *after]) == expected
    lined: list[Said | Rule] = [(46, y, 240, y) for y in (706, 726)]
    rest = [*row(60, "South", "4107", "PN-2"), *row(80, "West", "4109", "PN-3"), (46, 66, 240, 66)]
    assert text([*begun, *lined], [*rest, *after]).startswith(
        "Hall: North | Gate: 4100 | Code: PN-1\n\nHall: South | Gate: 4107 | Code: PN-2\n"
        "Hall: West | Gate: 4109 | Code: PN-3\n"
    )


def test_a_sentence_behind_a_table_is_no_row() -> None:
    """Also where one of its words stands below the edge of a column."""
    after = set_in(["At", "the", "gate", *MEALS], 50, 60, 60)
    found = text([*HEAD, *row(720, "North", "4100", "PN-1")], after)
    assert found.endswith("PN-1\n\nAt the gate " + " ".join(MEALS))
    beside: list[Said | Rule] = [(50, 60, 10, "Gate"), (130, 60, 10, "Meals are served in the tent")]
    assert "Hall: Gate" not in text([*HEAD, *row(720, "North", "4100", "PN-1")], beside)


@pytest.mark.parametrize("again", [False, True])
def test_names_alone_before_a_break_name_the_rows_behind_it(again: bool) -> None:
    """Whether they are said once more there or not; a form goes on there, too."""
    rest = [*row(80, "South", "4107", "PN-2"), *row(100, "West", "4109", "PN-3")]
    said = [(x, 60, size, name) for x, _, size, name in HEAD] if again else []
    before = set_in(NORTH, 50, 600, 60)
    assert text([*before, *HEAD], [*said, *rest]) == (
        f"{' '.join(NORTH)}\n\nHall: South | Gate: 4107 | Code: PN-2\nHall: West | Gate: 4109 | Code: PN-3"
    )


def test_two_rows_of_names_alone_before_a_break() -> None:
    """With lines around them; they are no names and a row."""
    ups: list[Rule] = [(x, 686, x, 730) for x in (46, 126, 240)]
    heads = [(50, 700, -10, "Hall"), (130, 700, -10, "Phone"), (130, 720, -10, "Day"), (190, 720, -10, "Night")]
    begun: list[Said | Rule] = [*heads, *ups, (46, 686, 240, 686), (126, 708, 240, 708), (46, 730, 240, 730)]
    behind: list[Rule] = [(x, 46, x, 86) for x in (46, 126, 186, 240)]
    rest = [*row(60, "South", "4107", "4108"), *row(80, "West", "4109", "4110"), *behind]
    assert text([*begun, (186, 708, 186, 730)], [*rest, *((46, y, 240, y) for y in (46, 66, 86))]) == (
        "Hall: South | Phone Day: 4107 | Phone Night: 4108\nHall: West | Phone Day: 4109 | Phone Night: 4110"
    )


def test_a_form_goes_on_behind_a_break() -> None:
    """Its first line alone on a page is no heading with a sentence below it."""
    form = [("Town", "Oslo"), ("Gate", "C"), ("Fee", "None"), ("Day", "4 May")]
    lines = [(x, y, size, s) for y, cells in zip((700, 60, 76, 92), form, strict=True)
             for x, size, s in ((50, -10, cells[0]), (130, 10, cells[1]))]  # fmt: skip
    assert text([*set_in(NORTH, 50, 600, 60), *lines[:2]], lines[2:]) == (
        f"{' '.join(NORTH)}\n\nTown: Oslo\n\nGate: C\nFee: None\nDay: 4 May"
    )


def test_a_cell_over_rows_goes_on_behind_a_break() -> None:
    """Where no line closes it, and it has no name alone; an empty cell below a line stays empty."""
    begun = [*HEAD, *row(720, "North", "4100", "PN-1"), (46, 706, 240, 706)]
    rest = [*row(60, "", "4107", "PN-2"), *row(80, "West", "4109", "PN-3"), (46, 66, 240, 66)]
    unclosed, closed = (126, 726, 240, 726), (46, 726, 240, 726)
    said = "Gate: 4107 | Code: PN-2\nHall: West | Gate: 4109 | Code: PN-3"
    assert text([*begun, unclosed], rest) == f"Hall: North | Gate: 4100 | Code: PN-1\n\nHall: North | {said}"
    assert text([*begun, closed], rest) == f"Hall: North | Gate: 4100 | Code: PN-1\n\n{said}"
    names = [(x, 60, size, name) for x, _, size, name in HEAD]
    one = text([*begun, closed], [*names, *row(80, "", "4107", "PN-2"), (46, 66, 240, 66), (46, 86, 240, 86)])
    assert one.endswith("PN-1\n\nGate: 4107 | Code: PN-2")


def test_lines_that_a_break_leaves_open() -> None:
    """A table with lines around its cells has none above its first row on the next page, nor below the last on one."""
    ups: list[Rule] = [(x, 686, x, 730) for x in (46, 126, 186, 240)]
    begun = [*HEAD, *row(720, "North", "4100", "PN-1"), *ups, (46, 686, 240, 686), (46, 708, 240, 708)]
    behind: list[Rule] = [(x, 44, x, 88) for x in (46, 126, 186, 240)]
    rest = [*row(60, "South", "4107", "PN-2"), *row(80, "West", "4109", "PN-3"), *behind]
    assert text(begun, [*rest, (46, 66, 240, 66), (46, 88, 240, 88)]) == (
        "Hall: North | Gate: 4100 | Code: PN-1\n\nHall: South | Gate: 4107 | Code: PN-2\n"
        "Hall: West | Gate: 4109 | Code: PN-3"
    )


def test_tables_side_by_side_end_where_their_lines_do() -> None:
    """Two tables, in columns without a text, are read one after the other; so is a heading beside one."""
    left = [*((x, 100, size, name) for x, _, size, name in HEAD), *row(120, "North", "4100", "PN-1")]
    left += [(46, y, 240, y) for y in (106, 126)]
    rest = [*row(100, "South", "4107", "PN-2", left=320), *row(120, "West", "4109", "PN-3", left=320)]
    rest += [(316, y, 510, y) for y in (106, 126)]
    assert text([*left, *rest]) == (
        "Hall: North | Gate: 4100 | Code: PN-1\n\nHall: South | Gate: 4107 | Code: PN-2\n"
        "Hall: West | Gate: 4109 | Code: PN-3"
    )


def test_names_alone_beside_their_rows() -> None:
    """A column ends below the names of a table, with one line of it; the rows stand in the next one."""
    rest = [*row(100, "South", "4107", "PN-2", left=320), *row(120, "West", "4109", "PN-3", left=320)]
    rest += [(316, y, 510, y) for y in (106, 126)]
    assert text([*((x, 100, size, name) for x, _, size, name in HEAD), (46, 106, 240, 106), *rest]) == (
        "Hall: South | Gate: 4107 | Code: PN-2\nHall: West | Gate: 4109 | Code: PN-3"
    )


def test_columns_of_the_page_before() -> None:
    """Two forms beside one another, where the page before has two columns of text, are two forms."""
    first = [*set_in(NORTH * 2, 50, 100, 36), *set_in(MEALS * 2, 320, 100, 36)]
    form = [("Town", "Oslo"), ("Gate", "C"), ("Fee", "None")]
    both: list[Said | Rule] = [
        (left + x, 60 + 16 * i, size, cell)
        for left in (50, 320)
        for i, cells in enumerate(form)
        for x, size, cell in ((0, -10, cells[0]), (80, 10, cells[1]))
    ]
    assert text(first, both).endswith("\n\n" + "\n\n".join(["Town: Oslo\nGate: C\nFee: None"] * 2))


def test_a_table_above_the_title_beside_it_is_of_its_column() -> None:
    """What goes on at the head of the second column is not read before the first one."""
    title = (50, 90, -18, "Warehouse bulletin")
    left, right = set_in(NORTH * 2, 50, 120, 36), set_in(MEALS * 2, 320, 120, 36)
    lines: list[Rule] = [(x, 46, x, 66) for x in (316, 396, 456, 520)]
    lines += [(316, y, 520, y) for y in (46, 66)]
    found = text([title, *left, *right, *row(60, "South", "4107", "PN-2", left=320), *lines])
    assert found.startswith("# Warehouse bulletin")
    assert found.index("South") > found.index("nine.")


def test_a_line_over_all_cells_of_a_row_parts_it() -> None:
    """Though the cell over two rows beside them is wider than they are together."""
    said = [(50, 100, -10, "Hall and its gates by number"), (250, 100, -10, "Code"), (300, 100, -10, "Day")]
    said += [(50, 120, 10, "North"), (250, 120, 10, "PN-1"), (300, 120, 10, "9 May")]
    said += [(250, 140, 10, "PN-2"), (300, 140, 10, "8 May")]
    said += [(50, 160, 10, "South"), (250, 160, 10, "PN-3"), (300, 160, 10, "7 May")]
    lines: list[Rule] = [(46, 106, 340, 106), (246, 126, 340, 126), (46, 146, 340, 146), (46, 166, 340, 166)]
    assert "North | Code: PN-2 | Day: 8 May" in text([*said, *lines])


def test_rows_of_two_lines_that_little_white_space_parts() -> None:
    """A third of the type's size more between the rows than between the lines of a cell."""
    said: list[Said | Rule] = [(50, 100, -11, "Hall"), (130, 100, -11, "Gate"), (220, 100, -11, "Day")]
    for k, cells in enumerate(
        [("North", "4100", "May", "2030"), ("South", "4107", "June", "2031"), ("West", "4109", "July", "2032")]
    ):
        y = 117.2 + 30.7 * k
        said += [(50, y, 11, cells[0]), (130, y, 11, cells[1]), (220, y, 11, cells[2]), (220, y + 13.5, 11, cells[3])]
    assert text(said) == (
        "Hall: North | Gate: 4100 | Day: May 2030\nHall: South | Gate: 4107 | Day: June 2031\n"
        "Hall: West | Gate: 4109 | Day: July 2032"
    )


def test_numbers_that_count_begin_items() -> None:
    """However short and even the lines are; so does a first one farther to the right."""
    assert text([(50, 100, 10, "1. Ring the bell"), (50, 112, 10, "2. Wait a while")]) == (
        "1. Ring the bell\n2. Wait a while"
    )
    assert text([(50, 100, 10, "3. Ring the big bell"), (80, 112, 10, "1. At the gate")]) == (
        "3. Ring the big bell\n  1. At the gate"
    )


def test_a_short_line_at_the_end_of_a_page_is_whole() -> None:
    """What is left of the page's width shows that the next sentence is not part of it."""
    before = [*set_in(MEALS, 50, 600, 60), (80, 700, 10, "• Gate")]
    assert text(before, set_in(NORTH, 50, 60, 60)).endswith(f"\n\n- Gate\n\n{' '.join(NORTH)}")


def test_a_mark_of_a_note_that_is_little_smaller_stays_in_its_line() -> None:
    """Browsers set them in five sixths of the size."""
    first, *rest = set_in([*NORTH, *MEALS], 50, 100, 60)
    mark = (first[0] + len(first[3]) * 10 * WIDTH + 3, 94.5, 8.3, "1")
    lines = [first[3] + " 1", *(line for *_, line in rest)]
    assert text([first, mark, *rest]) == " ".join(lines)


def test_terms_and_what_they_mean() -> None:
    """A meaning that goes on over a page is read before the next term; one whose last line is a word is whole."""
    means = set_in(["Lorries", "use", "it", *MEALS], 80, 600, 60)
    first = [(50, 588, 10, "Dock"), *means[:1]]
    rest = [(x, y - means[1][1] + 60, size, said) for x, y, size, said in means[1:]]
    last = rest[-1][1]
    lane = "Trucks of every carrier wait in the lane behind the shed of"
    wide = [(80, last + 24, 10, lane), (80, last + 36, 10, "Oslo.")]
    found = text(first, [*rest, (50, last + 12, 10, "Bay"), *wide])
    assert found == (f"Dock\n\nLorries use it {' '.join(MEALS)}\n\nBay\n\n{lane} Oslo.")


def test_the_last_word_of_a_meaning() -> None:
    """Though most lines of a list of terms end where their author wished."""
    said = [(50, "Dock one"), (80, "It is shut."), (50, "Dock two"), (80, "It is open."), (50, "The lane")]
    said += [(80, "Trucks of each carrier wait there, as agreed with the town of"), (80, "Oslo.")]
    lines = [(x, 100 + 12 * k, 10, line) for k, (x, line) in enumerate(said)]
    assert text([*lines, *set_in(NORTH, 50, 300, 60)]).endswith(f"with the town of Oslo.\n\n{' '.join(NORTH)}")


def test_words_of_two_keep_their_hyphen() -> None:
    """Where a text has more of them within its lines than at their ends."""
    lines = [
        "The well-known on-call rota of the ready-made long-term plan is run",
        "by the fail-over team, in its two-day turns, and it asks for an up-",
        "keep list of the docks that are open.",
    ]
    assert "an up-keep list" in text([(50, 100 + 12 * k, 10, line) for k, line in enumerate(lines)])


def test_a_line_stretched_to_fill_its_column_is_one() -> None:
    """Its gaps are as wide as one another, which those of cells are not."""
    spread = [["Meetings", "on", "the", "dock"], ["Lorries", "queue", "at", "a"]]
    said: list[Said | Rule] = []
    for i, words in enumerate(spread):
        gap = (150 - sum(len(word) for word in words) * 10 * WIDTH) / (len(words) - 1)
        x = 50.0
        for word in words:
            said.append((x, 112 + 12 * i, 10, word))
            x += len(word) * 10 * WIDTH + gap
    lines = [(50, 100, 10, "The north dock is shut on"), *said, (50, 136, 10, "gate.")]
    assert "Meetings on the dock Lorries queue at a gate." in text(lines)
