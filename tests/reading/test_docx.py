"""Word documents are read as Word shows them, with all changes accepted."""

import io
import zipfile

import pytest
from article_assistant.index.reading.docx import docx_page
from hypothesis import given
from hypothesis import strategies as st

from tests.parts import modest

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
SPACES = (
    f'xmlns:w="{W}" xmlns:m="http://schemas.openxmlformats.org/officeDocument/2006/math" '
    'xmlns:v="urn:schemas-microsoft-com:vml" xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006" '
    'xmlns:wps="http://schemas.microsoft.com/office/word/2010/wordprocessingShape"'
)


def packed(body: str, **parts: str) -> bytes:
    """A .docx whose document is `body`; `parts` are others of word/ by their names."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("word/document.xml", f"<w:document {SPACES}><w:body>{body}</w:body></w:document>")
        for name, content in parts.items():
            archive.writestr(f"word/{name}.xml", f"<w:{name} {SPACES}>{content}</w:{name}>")
    return out.getvalue()


def text(body: str, **parts: str) -> str:
    """What a document becomes."""
    return docx_page(packed(body, **parts)).text


def run(words: str, properties: str = "") -> str:
    return f'<w:r><w:rPr>{properties}</w:rPr><w:t xml:space="preserve">{words}</w:t></w:r>'


def p(*content: str, properties: str = "") -> str:
    """A paragraph of runs; what does not begin with a mark is a run of its words."""
    inner = "".join(one if one.startswith("<") else run(one) for one in content)
    return f"<w:p><w:pPr>{properties}</w:pPr>{inner}</w:p>"


def table(*rows: str | list[str], properties: str = "") -> str:
    """A table of rows, each a list of cells; a cell that begins with `<` is its whole content."""
    return f"<w:tbl><w:tblPr>{properties}</w:tblPr>{''.join(map(row, rows))}</w:tbl>"


def row(cells: str | list[str], properties: str = "") -> str:
    if isinstance(cells, str):
        return cells
    made = (f"<w:tc>{one if one.startswith('<') else p(one)}</w:tc>" for one in cells)
    return f"<w:tr><w:trPr>{properties}</w:trPr>{''.join(made)}</w:tr>"


BOLD = "<w:b/>"
FIELD = (
    '<w:r><w:fldChar w:fldCharType="begin"/></w:r><w:r><w:instrText>DOCPROPERTY no</w:instrText></w:r>'
    '<w:r><w:fldChar w:fldCharType="separate"/></w:r><w:r><w:t>QM-4711</w:t></w:r>'
    '<w:r><w:fldChar w:fldCharType="end"/></w:r>'
)
BOX = f"<w:r><w:pict><v:textbox><w:txbxContent>{p('Call 7733.')}</w:txbxContent></v:textbox></w:pict></w:r>"
BOTH = (
    f"<w:r><mc:AlternateContent><mc:Choice><wps:txbx><w:txbxContent>{p('Call 7733.')}</w:txbxContent></wps:txbx>"
    f"</mc:Choice><mc:Fallback>{BOX.removeprefix('<w:r>').removesuffix('</w:r>')}</mc:Fallback></mc:AlternateContent></w:r>"
)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (p("every ", "<w:del><w:r><w:delText>3</w:delText></w:r></w:del>", f"<w:ins>{run('five')}</w:ins>", " years"),
         "every five years"),
        (p(f"<w:moveFrom>{run('Ann ')}</w:moveFrom>", "is ", f"<w:moveTo>{run('Femke')}</w:moveTo>"), "is Femke"),
        (p("One ", properties="<w:rPr><w:del/></w:rPr>") + p("sentence."), "One sentence."),
        (p("fee: ", f"<w:sdt><w:sdtContent>{run('75 EUR')}</w:sdtContent></w:sdt>"), "fee: 75 EUR"),
        (f"<w:sdt><w:sdtContent>{p('In a block.')}</w:sdtContent></w:sdt>", "In a block."),
        (p("by ", f"<w:sdt><w:sdtPr><w:showingPlcHdr/></w:sdtPr><w:sdtContent>{run('Click')}</w:sdtContent></w:sdt>"),
         "by"),
        (p("no ", f"<w:fldSimple>{run('QM-4711')}</w:fldSimple>", "."), "no QM-4711."),
        (p("no ", FIELD, "."), "no QM-4711."),
        (p("in ", f"<w:smartTag>{run('Lisbon')}</w:smartTag>"), "in Lisbon"),
        (p("to ", f"<w:hyperlink>{run('help@example.org')}</w:hyperlink>"), "to help@example.org"),
        (p("at ", "<m:oMath><m:f><m:num><m:r><m:t>a+b</m:t></m:r></m:num><m:den><m:r><m:t>2</m:t></m:r></m:den></m:f>"
           "</m:oMath>"), "at (a+b)/2"),
        (p("Before.", BOX), "Before.\n\nCall 7733."),
        (p("Before.", BOTH), "Before.\n\nCall 7733."),
        (p("seen", run("unseen", "<w:vanish/>")), "seen"),
        (p("D", properties='<w:framePr w:dropCap="drop"/>') + p("rop."), "Drop."),
        (p("a", "<w:r><w:noBreakHyphen/></w:r>", "b", "<w:r><w:tab/></w:r>", "c"), "a-b c"),
        (p(run("Who pays for parking?", BOLD)) + p("Your team."), "# Who pays for parking?\n\nYour team."),
    ],
)  # fmt: skip
def test_what_word_shows_is_read_and_nothing_else(body: str, said: str) -> None:
    """Whatever wraps a run: changes as if accepted, results of fields, and each box once."""
    assert text(body) == said


@modest
@given(
    st.lists(st.sampled_from(["ins", "moveTo", "smartTag", "hyperlink", "fldSimple", "sdt", "customXml"]), max_size=8)
)
def test_wrappers_inside_one_another_hide_nothing(wrappers: list[str]) -> None:
    """A run in any nest of wrappers is read, in its place."""
    inner = run("five")
    for name in wrappers:
        inner = (
            f"<w:sdt><w:sdtContent>{inner}</w:sdtContent></w:sdt>" if name == "sdt" else f"<w:{name}>{inner}</w:{name}>"
        )
    assert text(p("every ", inner, " years")) == "every five years"


def test_notes_stand_at_their_marks() -> None:
    """Footnotes and endnotes; the lines that part them are none."""
    note = f'<w:footnote w:id="2">{p("Solveig Aune does.")}</w:footnote>'
    end = f'<w:endnote w:id="2">{p("Since May.")}</w:endnote>'
    body = p(
        "Trips need approval",
        '<w:r><w:footnoteReference w:id="2"/></w:r>',
        ".",
        '<w:r><w:endnoteReference w:id="2"/></w:r>',
    )
    assert text(body, footnotes=note, endnotes=end) == "Trips need approval [Solveig Aune does.]. [Since May.]"


def test_a_damaged_field_hides_no_paragraph_behind_it() -> None:
    """A field without an end costs its own instruction alone."""
    assert text(p("a", '<w:r><w:fldChar w:fldCharType="begin"/></w:r>') + p("b")) == "a\n\nb"


def form(field: str) -> str:
    """A field of a form."""
    ends = [f'<w:r><w:fldChar w:fldCharType="{kind}"/></w:r>' for kind in ("separate", "end")]
    return f'<w:r><w:fldChar w:fldCharType="begin"><w:ffData>{field}</w:ffData></w:fldChar></w:r>{"".join(ends)}'


@pytest.mark.parametrize(
    ("field", "shown"),
    [
        ('<w:checkBox><w:default w:val="0"/><w:checked/></w:checkBox>', "☒"),
        ('<w:checkBox><w:default w:val="1"/><w:checked w:val="0"/></w:checkBox>', "☐"),
        ('<w:checkBox><w:default w:val="1"/></w:checkBox>', "☒"),
        (
            '<w:ddList><w:result w:val="1"/><w:listEntry w:val="No"/><w:listEntry w:val="Yes"/></w:ddList>',
            "Yes",
        ),
        ('<w:ddList><w:listEntry w:val="No"/><w:listEntry w:val="Yes"/></w:ddList>', "No"),
        ('<w:ddList><w:result w:val="7"/><w:listEntry w:val="No"/></w:ddList>', ""),
    ],
)
def test_what_was_ticked_or_chosen_in_a_form(field: str, shown: str) -> None:
    """A box shows whether it is ticked, a list what was chosen of it."""
    assert text(p("Parking:", form(field), " by day")) == f"Parking:{shown} by day"


NUMBERS = (
    '<w:abstractNum w:abstractNumId="0">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1."/></w:lvl>'
    '<w:lvl w:ilvl="1"><w:start w:val="1"/><w:numFmt w:val="decimal"/><w:lvlText w:val="%1.%2"/></w:lvl>'
    '<w:lvl w:ilvl="2"><w:start w:val="1"/><w:numFmt w:val="lowerRoman"/><w:lvlText w:val="%3)"/></w:lvl>'
    "</w:abstractNum>"
    '<w:abstractNum w:abstractNumId="1">'
    '<w:lvl w:ilvl="0"><w:start w:val="1"/><w:numFmt w:val="bullet"/><w:lvlText w:val="•"/></w:lvl></w:abstractNum>'
    '<w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num><w:num w:numId="2"><w:abstractNumId w:val="1"/></w:num>'
    '<w:num w:numId="3"><w:abstractNumId w:val="0"/>'
    '<w:lvlOverride w:ilvl="0"><w:startOverride w:val="5"/></w:lvlOverride></w:num>'
)


def numbered(words: str, number: int, level: int, more: str = "") -> str:
    numbering = f'<w:numPr><w:ilvl w:val="{level}"/><w:numId w:val="{number}"/></w:numPr>'
    return p(words, properties=f"{more}{numbering}")


def test_numbers_of_headings_and_items_are_counted_as_word_does() -> None:
    """Levels, a level that begins again, a list with a start of its own, and bullets."""
    heading = '<w:outlineLvl w:val="{}"/>'.format
    body = "".join([
        numbered("Scope", 1, 0, heading(0)), numbered("Places", 1, 1, heading(1)),
        numbered("People", 1, 1, heading(1)), numbered("Rules", 1, 0, heading(0)),
        numbered("Exits", 1, 1, heading(1)), numbered("small", 1, 2), numbered("bullet", 2, 0),
        numbered("other list", 3, 0), numbered("and on", 3, 0),
    ])  # fmt: skip
    assert text(body, numbering=NUMBERS) == (
        "# 1. Scope\n\n## 1.1 Places\n\n## 1.2 People\n\n# 2. Rules\n\n## 2.1 Exits\n\n"
        "    i) small\n- bullet\n5. other list\n6. and on"
    )


def test_a_form_has_no_header() -> None:
    """Nothing shows the first row as one, so a row is a name and a value; bold names part four columns."""
    assert text(table(["Document owner", "Dana"], ["Approved by", "Ravi"])) == "Document owner: Dana\nApproved by: Ravi"
    bold = [p(run(name, BOLD)) for name in ("Author", "Version", "Reviewer", "Date")]
    form = table([bold[0], "Nils", bold[1], "2.4"], [bold[2], "Pia", bold[3], "3 May"])
    assert text(form) == "Author: Nils | Version: 2.4\nReviewer: Pia | Date: 3 May"


@pytest.mark.parametrize("how", ["bold", "shaded", "marked", "style"])
def test_a_header_is_what_the_file_shows_as_one(how: str) -> None:
    """A first row that is bold or shaded where the rest is not, marked as one, or made one by a style."""
    cells = ["City", "Hotel"]
    look = ""
    if how == "bold":
        cells = [p(run(cell, BOLD)) for cell in cells]
    elif how == "shaded":
        cells = [f'<w:tcPr><w:shd w:val="clear" w:fill="D9D9D9"/></w:tcPr>{p(cell)}' for cell in cells]
    elif how == "style":
        look = '<w:tblStyle w:val="Grid"/><w:tblLook w:val="0020"/>'
    first = row(cells, "<w:tblHeader/>" if how == "marked" else "")
    style = (
        '<w:style w:type="table" w:styleId="Grid"><w:tblStylePr w:type="firstRow"><w:rPr><w:b/></w:rPr></w:tblStylePr>'
        "</w:style>"
    )
    assert text(table(first, ["Oslo", "180"], properties=look), styles=style) == "City: Oslo | Hotel: 180"


def test_a_title_over_the_header_is_a_caption() -> None:
    """A row merged over all columns stands before the table; the one below it names the columns."""
    title = f'<w:tr><w:tc><w:tcPr><w:gridSpan w:val="3"/></w:tcPr>{p("Meeting rooms")}</w:tc></w:tr>'
    rooms = table(title, ["Room", "Seats", "Projector"], ["Alder", "12", "yes"], ["Birch", "30", "no"])
    assert text(rooms) == (
        "Meeting rooms\n\nRoom: Alder | Seats: 12 | Projector: yes\nRoom: Birch | Seats: 30 | Projector: no"
    )


def test_a_table_in_a_cell_stays_with_its_row() -> None:
    """Its rows are told with the names they have."""
    inner = table(["Leader", "Jonas Wick"])
    assert text(table(["Team", "Details"], ["Blue", p("Starts 06:00") + inner + p("")])) == (
        "Team: Details\nBlue: Starts 06:00; Leader: Jonas Wick"
    )


def test_merged_cells_stand_in_each_row_and_column() -> None:
    """A cell over two rows belongs to both."""
    merged = '<w:tcPr><w:vMerge w:val="{}"/></w:tcPr>'.format
    rows = [
        row([p(run(name, BOLD)) for name in ("Hall", "Gate", "Key")]),
        row([merged("restart") + p("North"), "1", "red"]),
        row([merged("continue") + p(""), "2", "blue"]),
    ]
    assert text(table(*rows)) == "Hall: North | Gate: 1 | Key: red\nHall: North | Gate: 2 | Key: blue"


def test_a_frame_around_text_is_no_table() -> None:
    """A table of one cell, as Word makes notices, is what stands in it."""
    assert text(table([p("Mind the step.") + p("And the door.")])) == "Mind the step.\n\nAnd the door."
