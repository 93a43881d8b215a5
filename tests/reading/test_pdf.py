"""PDF as a person reads it: columns, boxes, tables, items, running heads, footnotes, pages."""

import io
from collections.abc import Iterable, Sequence
from pathlib import Path

import pytest
from article_assistant.index.reading import recognition
from article_assistant.index.reading.files import read_page
from article_assistant.index.reading.page import Page
from article_assistant.index.types import ArticleError
from hypothesis import assume, given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont

from tests.parts import modest

WIDTH = 0.6
"""Width of a letter of Courier, as a part of its size."""

Said = tuple[float, float, float, str]
"""A line of type: left edge and base line in points from the upper left corner, size (less than 0: bold), words."""
Rule = tuple[float, float, float, float]
"""A drawn line from a point to another, as above."""


def laid(*pages: Sequence[Said | Rule], fonts: tuple[str, str] = ("Courier", "Courier-Bold")) -> bytes:
    """A PDF with lines of two fonts and drawn lines where they are asked for; a page is 612 × 792 points."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    kids = []
    for page in pages:
        drawn = []
        for x, y, third, last in page:
            if isinstance(last, str):
                font = "/B" if third < 0 else "/F"
                said = last.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
                drawn.append(f"BT {font} {abs(third)} Tf {x} {792 - y} Td ({said}) Tj ET")
            else:
                drawn.append(f"{x} {792 - y} m {third} {792 - last} l S")
        stream = "\n".join(drawn)
        kids.append(f"{len(objects) + 1} 0 R")
        named = " ".join(
            f"/{key} << /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>"
            for key, name in zip("FB", fonts, strict=True)
        )
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents {len(objects) + 2} 0 R "
            f"/Resources << /Font << {named} >> >> >>"
        )
        objects.append(f"<< /Length {len(stream.encode('cp1252'))} >>\nstream\n{stream}\nendstream")
    objects[1] = f"<< /Type /Pages /Kids [{' '.join(kids)}] /Count {len(kids)} >>"
    body = b"".join(f"{k} 0 obj\n{one}\nendobj\n".encode("cp1252") for k, one in enumerate(objects, 1))
    return b"%PDF-1.4\n" + body + f"trailer\n<< /Size {len(objects) + 1} /Root 1 0 R >>\n%%EOF\n".encode()


def set_in(words: Iterable[str], left: float, top: float, letters: int, size: float = 10) -> list[Said]:
    """Words as a paragraph set in a column that is so many letters wide, its lines 1.2 times the size apart."""
    lines = [""]
    for word in words:
        if lines[-1] and len(lines[-1]) + 1 + len(word) > letters:
            lines.append("")
        lines[-1] = f"{lines[-1]} {word}".strip()
    return [(left, top + 1.2 * size * k, size, line) for k, line in enumerate(lines)]


def pdf(*pages: Sequence[Said | Rule]) -> Page:
    return read_page(Path("a.pdf"), laid(*pages))


def text(*pages: Sequence[Said | Rule]) -> str:
    return pdf(*pages).text


NORTH = "The north dock reopens on 4 May after the repair of the roof. Lorries use it between six and nine.".split()
MEALS = "Meals are served in the tent beside gate 7, where the queue is shortest before noon on any day.".split()


def test_columns_are_read_one_after_the_other() -> None:
    """Two columns beneath a heading, line beside line: a sentence of one is never in one of the other."""
    left, right = set_in(NORTH, 50, 120, 36), set_in(MEALS, 320, 120, 36)
    mixed = [line for pair in zip(left, right, strict=True) for line in pair]
    found = text([(50, 90, -18, "Warehouse bulletin"), *mixed])
    assert found == f"# Warehouse bulletin\n\n{' '.join(NORTH)}\n\n{' '.join(MEALS)}"


words = st.lists(st.text("abcdefghij", min_size=1, max_size=9), min_size=40, max_size=120)


@modest
@given(words, st.integers(1, 3))
def test_every_word_in_its_order(said: list[str], columns: int) -> None:
    """Any words, set in one, two or three columns of four lines or more, come back in order, in one paragraph.

    Two or three lines side by side may be rows of a table as well as columns.
    """
    letters = {1: 80, 2: 38, 3: 24}[columns]
    lines = set_in(said, 0, 0, letters)
    tall = -(-len(lines) // columns)
    assume(columns == 1 or tall >= 4)
    placed = [
        (50 + k // tall * (letters + 3) * 10 * WIDTH, 100 + 12 * (k % tall), size, line)
        for k, (_, _, size, line) in enumerate(lines)
    ]
    assert text(placed).split() == said


def test_a_sentence_goes_on_in_the_next_column_and_on_the_next_page() -> None:
    """What the end of a column breaks is one sentence again; a second page begins where it begins."""
    first, rest = set_in(NORTH, 50, 600, 40), set_in([word.lower() for word in MEALS], 50, 100, 40)
    found = pdf([*first[:2], (50, 624, 10, "Lorries use it between six and nine if")], [*rest])
    assert "six and nine if meals are served in the tent" in found.text
    assert found.pages == ((0, 1), (found.text.index("meals"), 2))


def test_boxes_side_by_side_are_kept_apart() -> None:
    """Each with its own heading; no line goes through both."""
    hours = set_in("The gatehouse opens at five and closes at ten every day.".split(), 50, 140, 30)
    parking = set_in("Guests park on level two. The fee is three euros an hour.".split(), 330, 140, 30)
    found = text([(50, 120, -12, "Opening hours"), (330, 120, -12, "Parking"), *hours, *parking])
    assert found == (
        "# Opening hours\n\nThe gatehouse opens at five and closes at ten every day.\n\n"
        "# Parking\n\nGuests park on level two. The fee is three euros an hour."
    )


def table(rows: Sequence[Sequence[str]], left: float, top: float, wide: float, ruled: bool) -> list[Said | Rule]:
    """A table with columns `wide` points apart, its first row bold, with lines around all of its cells or without."""
    said: list[Said | Rule] = [
        (left + 4 + wide * j, top + 14 + 20 * i, -10 if i == 0 else 10, cell)
        for i, row in enumerate(rows)
        for j, cell in enumerate(row)
    ]
    if ruled:
        bottom, right = top + 20 * len(rows), left + wide * len(rows[0])
        said += [(left, top + 20 * i, right, top + 20 * i) for i in range(len(rows) + 1)]
        said += [(left + wide * j, top, left + wide * j, bottom) for j in range(len(rows[0]) + 1)]
    return said


PUMP = [["Property", "Value"], ["Pressure", "16 bar"], ["Flow", "40 l/min"], ["Weight", "21 kg"]]


@pytest.mark.parametrize("ruled", [True, False])
def test_text_beside_a_table_is_kept(ruled: bool) -> None:
    """The rows of the table name their columns, with lines or without, and the text stands behind it, whole."""
    beside = set_in(
        "The seal is changed every 2,000 hours. Only Terje Moen may open the housing.".split(), 330, 113, 38
    )
    after = [(50, 260, 10, "After the change the pump runs dry.")]
    found = text([(50, 80, 10, "The pump serves the circuit."), *table(PUMP, 50, 100, 110, ruled), *beside, *after])
    assert found == (
        "The pump serves the circuit.\n\nProperty: Pressure | Value: 16 bar\nProperty: Flow | Value: 40 l/min\n"
        "Property: Weight | Value: 21 kg\n\nThe seal is changed every 2,000 hours. Only Terje Moen may open the "
        "housing.\n\nAfter the change the pump runs dry."
    )


def test_a_column_goes_on_beside_a_table_of_the_other() -> None:
    """The table stands below the text of its column, and the other column, with its gaps, comes behind it."""
    left, right = (
        "the seal is changed every year by Terje".split() * 7,
        "no part of it may be opened at sea".split() * 7,
    )
    pump = table(PUMP, 50, 215, 100, True)
    below = [*set_in(right, 330, 100, 38), (330, 250, 10, "Gates"), *set_in(right, 330, 285, 38)]
    found = text([*set_in(left, 50, 100, 38), *pump, *below])
    assert found.startswith("the seal")
    assert 0 < found.index("Property: Weight") < found.index("no part of it") < found.index("Gates")


def test_a_table_goes_on_with_its_names() -> None:
    """Over the page, where its head is not said again, and each row is on its own page."""
    rows = [["Name", "Extension", "Office"], ["Abel Brook", "4100", "A1"], ["Cara Dunn", "4107", "B2"]]
    rest = [["Zoe Amsel", "4366", "C39"], ["Benno Cord", "4373", "D40"]]
    plain = [(x, y, abs(z), w) for x, y, z, w in table(rest, 50, 60, 110, True)]
    found = pdf(table(rows, 50, 600, 110, True), plain)  # type: ignore[arg-type]
    assert "Name: Zoe Amsel | Extension: 4366 | Office: C39" in found.text
    assert found.pages == ((0, 1), (found.text.index("Name: Zoe"), 2))


def test_a_cell_of_several_columns_names_them_all() -> None:
    """Two rows of names: what stands over both columns comes before the name of each."""
    rows = [["Part", "Phone", ""], ["", "Day", "Night"], ["Boiler", "7733", "7734"], ["Gate", "7735", "7736"]]
    drawn = table(rows, 50, 100, 100, True)
    drawn = [one for one in drawn if one != (250, 100, 250, 180)]  # the line between day and night begins lower
    drawn += [(250, 120, 250, 180)]
    drawn = [one for one in drawn if one != (50, 120, 350, 120)] + [(150, 120, 350, 120)]
    found = text([(x, y, -abs(z) if y < 140 and isinstance(w, str) else z, w) for x, y, z, w in drawn])  # type: ignore[misc]
    assert (
        found == "Part: Boiler | Phone Day: 7733 | Phone Night: 7734\nPart: Gate | Phone Day: 7735 | Phone Night: 7736"
    )


def test_a_cell_over_some_columns_is_said_in_each() -> None:
    """What stands below several names belongs to all of them."""
    rows = [["Land", "Here", "There"], ["Part", "Europe", ""], ["Coin", "Euro", "Krone"]]
    drawn = [one for one in table(rows, 50, 100, 100, True) if one != (250, 100, 250, 160)]
    drawn += [(250, 100, 250, 120), (250, 140, 250, 160)]
    assert text(drawn) == "Land: Part | Here: Europe | There: Europe\nLand: Coin | Here: Euro | There: Krone"


def test_a_cell_of_several_lines_is_one() -> None:
    """Where level lines part the rows, and where white space does; a code that its edge breaks is whole."""
    words = [
        [(50, 100, -10, "Part"), (150, 100, -10, "Code"), (250, 100, -10, "Day")],
        [(50, 120, 10, "Boiler"), (150, 120, 10, "PN-"), (250, 120, 10, "9 May")],
        [(50, 132, 10, "of hall"), (150, 132, 10, "4711"), (250, 132, 10, "2030")],
        [(50, 152, 10, "Gate"), (150, 152, 10, "QM-"), (250, 152, 10, "1 June")],
        [(150, 164, 10, "2208"), (250, 164, 10, "2031")],
        [(50, 184, 10, "Pump"), (150, 184, 10, "PN-7"), (250, 184, 10, "2 July")],
        [(250, 196, 10, "2031")],
    ]
    rows = [one for row in words for one in row]
    lines: list[Rule] = [(46, y, 320, y) for y in (106, 138, 170)]
    expected = (
        "Part: Boiler of hall | Code: PN-4711 | Day: 9 May 2030\nPart: Gate | Code: QM-2208 | Day: 1 June 2031\n"
        "Part: Pump | Code: PN-7 | Day: 2 July 2031"
    )
    assert text([*rows, *lines]) == expected
    assert text(rows) == expected


def test_a_name_over_two_columns_and_a_cell_over_two_rows_without_uprights() -> None:
    """The name stands at the left of what it is over; a level line that is not below a cell goes on with it."""
    rows = [
        [(50, 100, -10, "Hall"), (150, 100, -10, "Phone")],
        [(150, 120, -10, "Day"), (250, 120, -10, "Night")],
        [(50, 140, 10, "North"), (150, 140, 10, "7733"), (250, 140, 10, "7734")],
        [(150, 160, 10, "7735"), (250, 160, 10, "7736")],
        [(50, 180, 10, "South"), (150, 180, 10, "7737"), (250, 180, 10, "7738")],
    ]
    lines: list[Rule] = [(146, 106, 320, 106), (46, 126, 320, 126), (146, 146, 320, 146), (46, 166, 320, 166)]
    assert text([*(one for row in rows for one in row), *lines]) == (
        "Hall: North | Phone Day: 7733 | Phone Night: 7734\nHall: North | Phone Day: 7735 | Phone Night: 7736\n"
        "Hall: South | Phone Day: 7737 | Phone Night: 7738"
    )


def test_two_tables_one_below_the_other_keep_their_lines() -> None:
    """Also where a line of one stands a hair beside a line of the other."""
    upper, lower = table(PUMP, 50, 400, 110, True), table(PUMP, 50.75, 100, 110, True)
    assert text([*upper, *lower]).count("Property: Pressure | Value: 16 bar") == 2


def test_rows_of_figures_within_lines_are_parted() -> None:
    """As papers set them, with no line between the rows of a group and none at the sides of the table."""
    said: list[Said | Rule] = [
        (60, 114, -10, "Layers"), (160, 114, -10, "Speed"), (260, 114, -10, "Score"),
        (60, 140, 10, "6"), (160, 134, 10, "2.73"), (260, 134, 10, "0.88"),
        (160, 146, 10, "5.39"), (260, 146, 10, "0.85"),
        (60, 160, 10, "4"), (160, 160, 10, "1.97"), (260, 160, 10, "0.83"),
    ]  # fmt: skip
    said += [(50, y, 340, y) for y in (100, 120, 150, 166)]
    said += [(x, 100, x, 166) for x in (150, 250)]
    assert text(said) == (
        "Layers: 6 | Speed: 2.73 | Score: 0.88\nLayers: 6 | Speed: 5.39 | Score: 0.85\n"
        "Layers: 4 | Speed: 1.97 | Score: 0.83"
    )


def test_forms_side_by_side_are_names_and_values() -> None:
    """Names that end with a colon stand before their values, and are no names of columns."""
    rows = [("Name:", "Ann Brook", "Kind:", "Net"), ("Town:", "Oslo", "Terms:", "Firm"), ("Gate:", "C", "Fee:", "None")]
    said = [(50 + 110 * j, 100 + 16 * i, 10, cell) for i, row in enumerate(rows) for j, cell in enumerate(row)]
    assert text(said) == "Name: Ann Brook | Kind: Net\nTown: Oslo | Terms: Firm\nGate: C | Fee: None"


def test_code_keeps_its_lines() -> None:
    """Lines in type of one width, among others that are not, with the spaces before them."""
    words = set_in([*NORTH, *MEALS], 50, 100, 60)
    code = [(50, 160, -10, "if open:"), (50 + 24, 172, -10, "go(in)"), (50, 184, -10, "done()")]
    found = read_page(Path("a.pdf"), laid([*words, *code], fonts=("Helvetica", "Courier"))).text
    assert found.endswith("\n\n    if open:\n        go(in)\n    done()")


def test_a_letter_of_short_paragraphs() -> None:
    """White space between paragraphs is none between lines, though there is more of it."""
    lines = [
        (50, 100, 10, "To whom it may concern:"),
        (50, 124, 10, "There were 20,000 bottles and 200 laptops delivered on January 23,"),
        (50, 136, 10, "2023. Three trucks were used."),
        (50, 160, 10, "Best regards,"),
        (50, 184, 10, "Mallori"),
    ]
    assert "on January 23, 2023. Three trucks were used.\n\nBest regards,\n\nMallori" in text(lines)


def test_figures_with_points_are_no_numbers_of_items() -> None:
    """A figure that looks like the number of a section is a cell where its neighbour is far away."""
    figures = [(50 + 110 * j, 100 + 16 * i, 10, f"{(i + 1) * 2}{j}0.01") for i in range(4) for j in range(2)]
    assert text(figures) == "200.01 | 210.01\n400.01 | 410.01\n600.01 | 610.01\n800.01 | 810.01"


def test_lines_of_items_are_no_paragraph() -> None:
    """Short lines below one another stay apart; an item's second line goes with it; numbers are kept."""
    names = ["Okafor Packaging 5560", "Lindqvist Glass 4471", "Harbour Tools 3382", "Stone 12"]
    assert text([(50, 100 + 12 * k, 10, name) for k, name in enumerate(names)]).split("\n\n") == names
    found = text(
        [
            (50, 100, 10, "1. Ring the bell at the gate and wait until the warden has come and"),
            (68, 112, 10, "has opened."),
            (50, 124, 10, "2. Go in."),
            (50, 136, 10, "• Bring a badge."),
        ]
    )
    assert found == (
        "1. Ring the bell at the gate and wait until the warden has come and has opened.\n2. Go in.\n- Bring a badge."
    )


def test_words_broken_at_the_end_of_a_line_are_whole() -> None:
    """A hyphen goes, and stays where the word has one elsewhere."""
    found = text(
        [
            (50, 100, 10, "Whoever wants a well-known contract asks the manage-"),
            (50, 112, 10, "ment, which keeps the list of contracts that are well-"),
            (50, 124, 10, "known to all."),
        ]
    )
    assert found == (
        "Whoever wants a well-known contract asks the management, which keeps the list of contracts that are "
        "well-known to all."
    )


def test_running_heads_and_numbers_of_pages_are_left_out() -> None:
    """What comes again on each page, also with another number, is none of the text; a table's figures are."""
    pages = [
        [
            (50, 40, 9, f"Handbook of the site {k}"),
            *set_in([f"Rule{k}", *NORTH], 50, 130, 60),
            (300, 770, 9, f"- {k} -"),
        ]
        for k in range(1, 5)
    ]
    found = text(*pages)
    assert "Handbook" not in found
    assert "-" not in found
    assert all(f"Rule{k}" in found for k in range(1, 5))
    alone = text([*set_in(NORTH, 50, 100, 60), (300, 760, 9, "13")])
    assert alone == " ".join(NORTH)


def test_footnotes_come_after_the_page() -> None:
    """A sentence that goes on over them is whole; each note is a paragraph, and on its own page."""
    note = (50, 700, 7, "1 As of the first of May, see the list of the warden.")
    other = (50, 709, 7, "2 Without Sundays.")
    first = set_in([*NORTH, "Drivers", "report", "to", "the"], 50, 560, 60)
    found = pdf([*first, note, other], set_in(["warden", "of", "the", "gate.", *MEALS], 50, 100, 60))
    assert "Drivers report to the warden of the gate." in found.text
    assert found.text.endswith("\n\n1 As of the first of May, see the list of the warden.\n\n2 Without Sundays.")
    places = dict(found.pages)
    assert places[found.text.index("warden of the gate")] == 2
    assert places[found.text.index("1 As of")] == 1


def test_type_tells_headings() -> None:
    """Larger type, and short bold lines; a word in bold at the beginning of a paragraph is no heading."""
    found = text(
        [
            (50, 80, 20, "Gate"),
            (50, 110, -10, "Opening hours"),
            *set_in(NORTH, 50, 130, 60),
            (50, 180, -10, "Note."),
            (50 + 6 * 6, 180, 10, "It is closed on Sunday."),
        ]
    )
    assert found == f"# Gate\n\n## Opening hours\n\n{' '.join(NORTH)}\n\nNote. It is closed on Sunday."


def picture(said: str) -> Image.Image:
    image = Image.new("L", (1200, 200), 255)
    ImageDraw.Draw(image).text((30, 60), said, 0, ImageFont.load_default(60))
    return image


def scan(said: str) -> bytes:
    """A PDF of one page that is a picture."""
    out = io.BytesIO()
    picture(said).save(out, "PDF", resolution=150)
    return out.getvalue()


def test_a_scan_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page that is a picture: the reason says so, and what to do."""
    with pytest.raises(ArticleError, match=r"it is a scan \(1 page.*text recognition is off"):
        read_page(Path("a.pdf"), scan("The valve is red."))
    monkeypatch.setattr(recognition, "installed", lambda: False)
    with pytest.raises(ArticleError, match="Tesseract, which could read it, is not installed"):
        read_page(Path("a.pdf"), scan("The valve is red."), "eng")


@pytest.mark.tesseract
def test_a_scan_is_recognised() -> None:
    """Where Tesseract is there, a scanned page and a picture are read; a language that it has not is named."""
    assert read_page(Path("a.pdf"), scan("The valve is red."), "eng").text == "The valve is red."
    out = io.BytesIO()
    picture("The valve is red.").save(out, "PNG")
    assert read_page(Path("a.png"), out.getvalue(), "eng").text == "The valve is red."
    with pytest.raises(ArticleError, match="Tesseract could not read it"):
        read_page(Path("a.png"), out.getvalue(), "xxx")
