"""Kinds of files beside Word, HTML and text: each as a person sees it, each broken one named."""

import csv
import io
import json
import re
import zipfile
from collections.abc import Sequence
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import openpyxl
import pptx
import pytest
from article_assistant.index.reading.files import read_page
from article_assistant.index.reading.page import Page
from article_assistant.index.types import ArticleError
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.styles import Font
from pptx.util import Inches

from tests.parts import check_reason, modest

cells = st.text(st.characters(codec="utf-8", categories=("L", "N")), min_size=1, max_size=8)


def page(name: str, content: str | bytes) -> Page:
    return read_page(Path(name), content if isinstance(content, bytes) else content.encode())


def text(name: str, content: str | bytes) -> str:
    return page(name, content).text


def workbook(*sheets: tuple[str, list[list[Any]]], bold: int = 0) -> bytes:
    """A workbook of sheets, each a name and rows; of each the first `bold` rows in bold."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for row in list(sheet.iter_rows())[:bold]:
            for cell in row:
                cell.font = Font(bold=True)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def zipped(parts: dict[str, str | bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return out.getvalue()


# ---------------------------------------------------------------- tables


@pytest.mark.parametrize("sign", [",", ";", "\t"])
def test_a_row_of_values_is_a_record(sign: str) -> None:
    """Each cell behind the name of its column, whatever sign parts them; quoted ones are one cell."""
    assert text("phones.csv", f'name{sign}ext\nIda{sign}4455\n"Bo{sign} jr."{sign}4456\n') == (
        f"name: Ida | ext: 4455\nname: Bo{sign if sign != chr(9) else ''} jr. | ext: 4456"
    )


def test_values_without_names_get_none() -> None:
    """A first row of figures names nothing."""
    assert text("a.csv", "1,2\n3,4\n5,6\n") == "1: 2\n3: 4\n5: 6"


@modest
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=6))
def test_every_value_stands_in_its_row(rows: list[list[str]]) -> None:
    """Whatever the cells hold: a line a row, in order, with all of its cells."""
    out = io.StringIO()
    csv.writer(out).writerows([["first", "second", "third"], *rows])
    lines = text("a.csv", out.getvalue()).split("\n")
    assert lines == [
        " | ".join(f"{n}: {c}" for n, c in zip(("first", "second", "third"), row, strict=True)) for row in rows
    ]


def test_a_workbook_sheet_by_sheet() -> None:
    """Names of sheets are headings, a row is a record, a line over a table its title, figures as they are shown."""
    data = workbook(
        ("Parts", [["Stock of May"], [], ["Part", "Shelf"], ["PN-43481", 10], ["PN-91644", 26.5]]),
        ("Form", [["Owner", "Dana"], ["Approved by", "Ravi"]]),
    )
    assert text("a.xlsx", data) == (
        "## Parts\n\nStock of May\n\nPart: PN-43481 | Shelf: 10\nPart: PN-91644 | Shelf: 26.5\n\n"
        "## Form\n\nOwner: Dana\nApproved by: Ravi"
    )


def test_a_workbook_with_a_bold_head() -> None:
    """Bold names over words are a header, and a single sheet needs no name."""
    data = workbook(
        ("Sheet1", [["Room", "Warden", "Floor"], ["Birch", "Ciro", "two"], ["Cedar", "Lena", "one"]]), bold=1
    )
    assert text("a.xlsx", data) == ("Room: Birch | Warden: Ciro | Floor: two\nRoom: Cedar | Warden: Lena | Floor: one")


def test_a_hidden_sheet_is_not_shown() -> None:
    """What a person does not see is not there."""
    book = openpyxl.Workbook()
    book.active.append(["Seen", "yes"])
    hidden = book.create_sheet("Old")
    hidden.append(["Unseen", "no"])
    hidden.sheet_state = "hidden"
    out = io.BytesIO()
    book.save(out)
    assert text("a.xlsx", out.getvalue()) == "Seen: yes"


# ---------------------------------------------------------------- slides


def test_slides_with_their_notes() -> None:
    """A heading a slide, bullets as items, a table's rows as records, and what the speaker says."""
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Boiler room"
    slide.placeholders[1].text = "Closed on Monday\nOpen on Friday"
    table = slide.shapes.add_table(2, 2, Inches(1), Inches(5), Inches(4), Inches(1)).table
    for (i, j), said in {(0, 0): "Name", (0, 1): "Ext", (1, 0): "Ida", (1, 1): "7733"}.items():
        table.cell(i, j).text = said
    slide.notes_slide.notes_text_frame.text = "Ask Pim for the key."
    deck.slides.add_slide(deck.slide_layouts[6]).shapes.add_textbox(0, 0, 99, 99).text_frame.text = "The end"
    out = io.BytesIO()
    deck.save(out)
    assert text("a.pptx", out.getvalue()) == (
        "## Boiler room\n\n- Closed on Monday\n- Open on Friday\n\nName: Ida | Ext: 7733\n\n"
        "Notes: Ask Pim for the key.\n\n## Slide 2\n\nThe end"
    )


# ---------------------------------------------------------------- markup


def test_restructured_text() -> None:
    """Sections, lists, tables, code and notes; roles and directives of Sphinx show their content."""
    found = page(
        "a.rst",
        """\
Gate
====

.. toctree::

   other

The ramp is 4 m wide, see :ref:`the map <map>` and :func:`~gate.open`.

.. versionadded:: 2.1
   It opens by itself.

.. code-block:: sh

   gatectl open

====  =====
Name  Ext
====  =====
Ida   4455
Bo    4456
====  =====
""",
    )
    assert found.title == "Gate"
    for said in (
        "# Gate",
        "The ramp is 4 m wide, see the map and gate.open.",
        "It opens by itself.",
        "    gatectl open",
        "Name: Ida | Ext: 4455",
    ):
        assert said in found.text
    assert "other" not in found.text


def test_restructured_text_reads_no_other_file(tmp_path: Path) -> None:
    """What an article names on the disk stays there."""
    secret = tmp_path / "secret.txt"
    secret.write_text("hidden words")
    assert "hidden words" not in text(
        "a.rst", f"Text.\n\n.. include:: {secret}\n\n.. csv-table::\n   :file: {secret}\n"
    )


def test_asciidoc() -> None:
    """Sections, lists, tables and code, without their marks; an attribute is said where it is named."""
    found = page(
        "a.adoc",
        """\
= Gate
:revdate: 2025-02-03
:keeper: Hana

The *gate code* is kept by {keeper}, see link:x.html[the list].
// nobody sees this

== Steps

. Ring
. Wait
** long

.Phones
[%header,cols="1,1"]
|===
|Name |Ext
|Ida |4455
|Bo
|4456
|===

[source,sh]
----
gatectl open # <1>
----
NOTE: Closed on Sunday.

Warden:: Ciro
Deputy:: Ida

. Lock
""",
    )
    assert (found.title, found.updated) == ("Gate", "2025-02-03")
    assert found.text == (
        "# Gate\n\nThe gate code is kept by Hana, see the list.\n\n## Steps\n\n1. Ring\n2. Wait\n  - long\n\nPhones\n\n"
        "Name: Ida | Ext: 4455\nName: Bo | Ext: 4456\n\n    gatectl open\n\nNOTE: Closed on Sunday.\n\n- Warden: Ciro\n"
        "- Deputy: Ida\n1. Lock"
    )


def test_org() -> None:
    """Headlines, lists, tables and code; drawers, comments and keywords are not shown."""
    found = page(
        "a.org",
        """\
#+TITLE: Keys
#+DATE: 2025-02-03
* TODO Box 9 :team:
:PROPERTIES:
:ID: 17
:END:
The *spare key* hangs in [[file:x][box 9]].
# nobody sees this
- one
- two

| Name | Ext |
|------+-----|
| Ida  | 4455 |
** COMMENT Old
Gone.
** Open it
#+begin_src sh
keyctl open
#+end_src
""",
    )
    assert (found.title, found.updated) == ("Keys", "2025-02-03")
    assert found.text == (
        "# TODO Box 9\n\nThe spare key hangs in box 9.\n\n- one\n- two\n\nName: Ida | Ext: 4455\n\n## Open it\n\n"
        "    keyctl open"
    )


def test_mdx() -> None:
    """Markdown without imports, comments and tags; a component's title is said, code stays as it is."""
    found = page(
        "a.mdx",
        """\
---
title: Gate
---
import Tabs from '@theme/Tabs'
export const x = {
  a: 1,
}

# X

{/* nobody sees this */}
<Tabs>
  <TabItem value="l" label="Linux">
    The mdx page says hi to Lola.
  </TabItem>
</Tabs>

Use `<Tabs>` so:

```jsx
import x from '<y>'
```

```mdx-code-block
<Tabs>
  <TabItem>As MDX shows it.</TabItem>
</Tabs>
```
""",
    )
    assert found.title == "Gate"
    for said in ("# X", "Linux", "The mdx page says hi to Lola.", "Use <Tabs> so:", "    import x from '<y>'"):
        assert said in found.text
    assert found.text.endswith("\n\nAs MDX shows it.")
    for unseen in ("@theme", "nobody", "TabItem", "a: 1"):
        assert unseen not in found.text


# ---------------------------------------------------------------- books, mails, notebooks


def test_a_book_chapter_by_chapter() -> None:
    """In the order of the spine, wherever the files lie; its table of contents is none of its chapters."""
    data = zipped(
        {
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="o/b.opf"/></rootfiles></container>',
            "o/b.opf": '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata><dc:title>The Gate</dc:title>'
            '<dc:date>2025-02-03</dc:date></metadata><manifest><item id="a" href="z%20one.xhtml"/>'
            '<item id="b" href="a.xhtml"/><item id="n" href="nav.xhtml" properties="nav"/></manifest>'
            '<spine><itemref idref="n"/><itemref idref="a"/><itemref idref="b"/></spine></package>',
            "o/z one.xhtml": "<html><body><h1>One</h1><p>The gate opens.</p></body></html>",
            "o/a.xhtml": "<html><body><h1>Two</h1><p>It closes.</p></body></html>",
            "o/nav.xhtml": "<html><body><p>Contents</p></body></html>",
        }
    )
    found = page("a.epub", data)
    assert found == Page("The Gate", "# One\n\nThe gate opens.\n\n# Two\n\nIt closes.", "2025-02-03")


def test_a_mail() -> None:
    """Subject, who and when, its text and the names of what is attached."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "Ida <ida@example.org>", "team@example.org", "Gate"
    mail["Date"] = "Mon, 03 Feb 2025 10:00:00 +0000"
    mail.set_content("The code is kept by Hana.\n")
    mail.add_alternative("<p>The code is kept by <b>Hana</b>.</p>", subtype="html")
    mail.add_attachment(b"x", maintype="application", subtype="pdf", filename="map.pdf")
    found = page("a.eml", mail.as_bytes())
    assert (found.title, found.updated) == ("Gate", "2025-02-03")
    assert found.text == (
        "# Gate\n\nFrom: Ida <ida@example.org> | To: team@example.org | Date: Mon, 03 Feb 2025 10:00:00 +0000\n\n"
        "The code is kept by Hana.\n\nAttachments: map.pdf"
    )


def test_a_notebook_cell_by_cell() -> None:
    """Text as text, code as code, what it printed beneath it."""
    book = {
        "nbformat": 4,
        "cells": [
            {"cell_type": "markdown", "source": ["# Load\n", "of the *gate*"]},
            {"cell_type": "code", "source": "print(4)", "outputs": [{"output_type": "stream", "text": ["4\n"]}]},
        ],
    }
    found = page("a.ipynb", json.dumps(book))
    assert found == Page("Load", "# Load\n\nof the gate\n\n    print(4)\n\n    4", None)


# ---------------------------------------------------------------- what is broken


@pytest.mark.parametrize("kind", [".csv", ".rst", ".adoc", ".org", ".mdx", ".eml", ".ipynb", ".xhtml"])
@modest
@given(content=st.text(st.characters(codec="utf-8"), max_size=80) | st.text("=-*|[]{}<>:.#+ `\n\t\\a_1", max_size=80))
def test_any_text_is_a_page_or_a_reason(kind: str, content: str) -> None:
    """Whatever stands in it: a text or an ArticleError of one line."""
    try:
        assert page(f"a{kind}", content).text.strip()
    except ArticleError as error:
        check_reason(error)


@pytest.mark.parametrize("kind", [".xlsx", ".pptx", ".epub"])
@modest
@given(content=st.binary(min_size=1, max_size=80))
def test_any_bytes_are_a_reason(kind: str, content: bytes) -> None:
    """Damaged documents, also ones that begin well, raise nothing but ArticleError."""
    for data in (content, b"PK\x03\x04" + content, zipped({"a": content})):
        with pytest.raises(ArticleError):
            page(f"a{kind}", data)


@pytest.mark.parametrize("kind", [".xlsx", ".pptx", ".epub"])
def test_what_unpacks_to_gigabytes_is_refused(kind: str) -> None:
    """A few KB that claim to be much more are never unpacked."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive, archive.open("big", "w") as part:
        for _ in range(410):
            part.write(b"\0" * 1_000_000)
    with pytest.raises(ArticleError, match="unpacks to more than 400 MB"):
        page(f"a{kind}", out.getvalue())


def book(rows: Sequence[Sequence[object]], merged: str = "") -> str:
    """What a workbook of one sheet becomes."""
    made = openpyxl.Workbook()
    for row in rows:
        made.active.append(row)
    if merged:
        made.active.merge_cells(merged)
    out = io.BytesIO()
    made.save(out)
    return read_page(Path("a.xlsx"), out.getvalue()).text


def test_names_of_columns_in_a_workbook() -> None:
    """Over two rows with a merged cell, apart from the figures by an empty row, or over nothing but words."""
    assert book([["Zone", "Sales", None], [None, "Oslo", "Bergen"], ["North", 4, 5]], "B1:C1") == (
        "Zone: North | Sales Oslo: 4 | Sales Bergen: 5"
    )
    assert book([["In millions", None], [None, "Sales", "Profit"], [], ["North", 12, 3]]) == (
        "In millions\n\nNorth | Sales: 12 | Profit: 3"
    )
    words = [["Place", "Warden", "Deputy"], ["Hall", "Ann", "Bo"], ["Gate", "Ida", "Ole"]]
    assert book(words) == "Place: Hall | Warden: Ann | Deputy: Bo\nPlace: Gate | Warden: Ida | Deputy: Ole"


def test_a_title_above_a_file_of_records() -> None:
    """Its single cell is no name of a column."""
    said = read_page(Path("a.csv"), b"Stanley Cups,,\nTeam,Place,Cups\nBlues,STL,1\nFlyers,PHI,2\n").text
    assert said == "Stanley Cups\n\nTeam: Blues | Place: STL | Cups: 1\nTeam: Flyers | Place: PHI | Cups: 2"


def test_lists_and_tables_of_asciidoc_and_org() -> None:
    """A table without a cell is none; a block ends a numbered list; the first item stands at the edge."""
    said = read_page(Path("a.adoc"), b". Ring.\n. Go in.\n\n|===\nnothing\n|===\n\n. Sign.\n").text
    assert said == "1. Ring.\n2. Go in.\n\n1. Sign."
    assert read_page(Path("a.org"), b"* Steps\n    - one\n      - deeper\n    - two\n").text == (
        "# Steps\n\n- one\n  - deeper\n- two"
    )


def test_slides_as_they_are_shown() -> None:
    """Numbers of lists are counted, names over two rows are names; what is hidden or around a slide is left out."""
    deck = pptx.Presentation()
    slide = deck.slides.add_slide(deck.slide_layouts[1])
    slide.shapes.title.text = "Alarm"
    slide.placeholders[1].text = "Press\nthe red one\nGo out\nSee the map"
    for paragraph, (level, mark) in zip(
        slide.placeholders[1].text_frame.paragraphs,
        ((0, "buAutoNum"), (1, "buAutoNum"), (0, "buAutoNum"), (0, "buNone")),
        strict=True,
    ):
        paragraph.level = level
        element = paragraph._p.get_or_add_pPr().makeelement(pptx.oxml.ns.qn(f"a:{mark}"), {})
        paragraph._p.pPr.append(element)
        if mark == "buAutoNum":
            element.set("type", "alphaLcParenR" if level else "arabicPeriod")
    table = slide.shapes.add_table(3, 3, Inches(1), Inches(5), Inches(4), Inches(1)).table
    names = {(0, 1): "Doors", (1, 0): "Floor", (1, 1): "East", (1, 2): "West"}
    for (i, j), said in {**names, (2, 0): "First", (2, 1): "4", (2, 2): "5"}.items():
        table.cell(i, j).text = said
        table.cell(i, j).text_frame.paragraphs[0].runs[0].font.bold = i == 1
    table.cell(0, 1).merge(table.cell(0, 2))
    foot = slide.shapes.add_textbox(0, Inches(7), 99, 99)
    foot.text_frame.text = "Page 1"
    about = foot._element.nvSpPr.nvPr
    about.append(about.makeelement(pptx.oxml.ns.qn("p:ph"), {"type": "sldNum"}))
    unseen = slide.shapes.add_textbox(0, 0, 99, 99)
    unseen.text_frame.text = "Draft"
    unseen._element.nvSpPr.cNvPr.set("hidden", "1")
    old = deck.slides.add_slide(deck.slide_layouts[5])
    old.shapes.title.text = "Old"
    old._element.set("show", "0")
    out = io.BytesIO()
    deck.save(out)
    assert text("a.pptx", out.getvalue()) == (
        "## Alarm\n\n1. Press\n  a) the red one\n2. Go out\n\nSee the map\n\n"
        "Floor: First | Doors East: 4 | Doors West: 5"
    )


def test_what_stands_before_a_paragraph_may_be_the_layouts() -> None:
    """A layout without bullets makes no list."""
    deck = pptx.Presentation()
    layout = deck.slide_layouts[1]
    (style,) = layout.placeholders[1]._element.xpath("./p:txBody/a:lstStyle")
    level = style.makeelement(pptx.oxml.ns.qn("a:lvl1pPr"), {})
    style.append(level)
    level.append(level.makeelement(pptx.oxml.ns.qn("a:buNone"), {}))
    slide = deck.slides.add_slide(layout)
    slide.shapes.title.text, slide.placeholders[1].text = "Alarm", "Press the button\nGo out"
    out = io.BytesIO()
    deck.save(out)
    assert text("a.pptx", out.getvalue()) == "## Alarm\n\nPress the button\n\nGo out"


@pytest.mark.parametrize("kind", ["xlsx", "pptx"])
def test_a_file_that_does_not_say_when_it_was_saved(kind: str) -> None:
    """It has no date; libraries would say today."""
    made: Any = openpyxl.Workbook() if kind == "xlsx" else pptx.Presentation()
    if kind == "xlsx":
        made.active.append(["Hall", "Ann"])
    else:
        made.slides.add_slide(made.slide_layouts[0]).shapes.title.text = "Hall"
    out, bare = io.BytesIO(), io.BytesIO()
    made.save(out)
    assert page(f"a.{kind}", out.getvalue()).updated
    with zipfile.ZipFile(out) as whole, zipfile.ZipFile(bare, "w") as kept:
        for name in whole.namelist():
            if name == "docProps/core.xml":
                continue
            data = whole.read(name)
            if name in {"_rels/.rels", "[Content_Types].xml"}:
                data = re.sub(rb"<(?:Relationship|Override) [^>]*core[^>]*/>", b"", data)
            kept.writestr(name, data)
    assert page(f"a.{kind}", bare.getvalue()).updated is None


def test_a_mail_in_a_mail() -> None:
    """What was forwarded is read too, under its own subject; a report of delivery is none."""
    inner = EmailMessage()
    inner["From"], inner["Subject"] = "Ole <ole@example.org>", "The gate"
    inner.set_content("It is shut.\n")
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "Ida <ida@example.org>", "Fwd: The gate"
    mail.set_content("See below.\n")
    mail.add_attachment(inner)
    assert page("a.eml", mail.as_bytes()).text == (
        "# Fwd: The gate\n\nFrom: Ida <ida@example.org>\n\nSee below.\n\n"
        "## The gate\n\nFrom: Ole <ole@example.org>\n\nIt is shut."
    )


def test_the_number_of_a_printed_page_is_no_word_of_its_sentence() -> None:
    """Books mark where a page of paper began, in the midst of a sentence."""
    marked = '<p>The gate <span epub:type="pagebreak" id="p2">2</span>is <span role="doc-pagebreak">3</span>shut.</p>'
    assert text("a.xhtml", f"<html><body>{marked}</body></html>") == "The gate is shut."


def test_a_cell_with_a_broken_line() -> None:
    """The sign of AsciiDoc that breaks a line is none of the cell's words."""
    assert (
        text("a.adoc", "[%header]\n|===\n|Sort |Read\n|Tables |Yes. +\nAlone.\n|===")
        == "Sort: Tables | Read: Yes. Alone."
    )


def test_a_mail_whose_lines_flow() -> None:
    """Lines that the mail program broke are joined however short; those of its writer stay."""
    mail = "Subject: Gate\nContent-Type: text/plain; format=flowed\n\nThe gate \nis shut.\nIda \n> Who \n> asks?\n"
    assert text("a.eml", mail.encode()) == "# Gate\n\nThe gate is shut.\nIda\n> Who asks?"


def test_what_is_written_behind_an_attachment() -> None:
    """Text, picture, text: all of it is read, of alternatives one; what is attached is only named."""
    mail = EmailMessage()
    mail["Subject"] = "Gate"
    mail.set_content("The gate is shut.\n")
    mail.add_attachment(b"x", maintype="image", subtype="png", filename="gate.png")
    either = EmailMessage()
    either.set_content("Ask Ole.\n")
    either.add_alternative("<p>Ask <b>Ole</b>.</p>", subtype="html")
    mail.attach(either)
    mail.add_attachment("Day 1: dry", filename="log.txt")
    assert page("a.eml", mail.as_bytes()).text == (
        "# Gate\n\nThe gate is shut.\n\nAsk Ole.\n\nAttachments: gate.png, log.txt"
    )


@pytest.mark.parametrize(
    ("kind", "body", "said"),
    [
        ('multipart/mixed; boundary="b"', "The gate is shut.", "The gate is shut."),  # no boundary anywhere
        ("text/plain; charset=unheard-of", "Der Weg f\xfchrt zur\xfcck.", "Der Weg führt zurück."),
        ('application/octet-stream; name="gate.txt"', "x", "Attachments: gate.txt"),
    ],
)
def test_a_mail_that_says_wrongly_what_it_is(kind: str, body: str, said: str) -> None:
    """Its text is read all the same, and a mail that is one file names it."""
    mail = f"Subject: Gate\nContent-Type: {kind}\n\n{body}\n".encode("latin-1")
    assert text("a.eml", mail) == f"# Gate\n\n{said}"


def test_macros_that_nobody_knows_are_their_text() -> None:
    """A project's own macros in AsciiDoc say their text, or what they name; a block that includes something is none."""
    said = (
        "Set configprop:gate.open[] of javadoc:org.gate.Gate[format=annotation], see xref:a.adoc#b[Gates] and\n"
        "{url-docs}/gates.html[the guide].\n\ninclude-code::open/Gate[]\n\nRing at 9:30[sic]."
    )
    assert text("a.adoc", said) == ("Set gate.open of org.gate.Gate, see Gates and the guide.\n\nRing at 9:30[sic].")


def test_what_a_listing_includes_is_none_of_its_lines() -> None:
    """AsciiDoc names another file there, which is not read with it."""
    said = "Run:\n\n----\ninclude::run.sh[]\n----\n\n----\nmake\ninclude::more.sh[]\n----"
    assert text("a.adoc", said) == "Run:\n\n    make"


def test_a_head_as_in_a_mail_is_a_form() -> None:
    """The proposals for Python begin with one, in reStructuredText; its title is theirs."""
    found = page(
        "a.rst", "PEP: 602\nTitle: Yearly releases\nPost-History: a,\n   b\nStatus: Active\n\n\nOne\n===\n\nText.\n"
    )
    assert found.title == "Yearly releases"
    assert found.text.startswith(
        "- PEP: 602\n- Title: Yearly releases\n- Post-History: a, b\n- Status: Active\n\n# One"
    )
    assert page("a.rst", "Note: one.\nTwo: three.\n\nText.").text == "Note: one. Two: three.\n\nText."
