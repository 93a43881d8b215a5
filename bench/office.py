"""A content as Word and PowerPoint write it: tracked changes, controls, fields, numbering, notes, merged cells."""

import io
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from bench.content import Block, Code, Heading, Items, Paragraph, Table
from bench.written import RUNNING, UNSEEN

NOTES = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
NOTES_KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


def word(blocks: Sequence[Block], chance: random.Random) -> bytes:
    """A .docx; half of the files call a header row one, the others only show it in bold."""
    import docx
    from docx.enum.style import WD_STYLE_TYPE

    document = docx.Document()
    document.styles.add_style("Source Code", WD_STYLE_TYPE.PARAGRAPH)
    paper = _Paper(document, chance)
    for block in blocks:
        if isinstance(block, Heading):
            document.add_heading(block.text, block.level)
        elif isinstance(block, Paragraph):
            paragraph = document.add_paragraph()
            for k, one in enumerate(block.sentences):
                paper.say(paragraph, " " * (k > 0) + one)
            if block.note:
                paper.note(paragraph, block.note)
        elif isinstance(block, Items):
            paper.items(block)
        elif isinstance(block, Table):
            if block.caption:
                document.add_paragraph(block.caption, style="Caption")
            paper.table(block)
        elif isinstance(block, Code):
            for line in block.lines:
                document.add_paragraph(line, style="Source Code")
        else:
            for term, meaning in block.pairs:
                document.add_paragraph().add_run(f"{term}:").bold = True
                document.paragraphs[-1].add_run(f" {meaning}")
    paper.close()
    out = io.BytesIO()
    document.save(out)
    return out.getvalue()


class _Paper:
    """Writes into a document of python-docx what that has no words for."""

    def __init__(self, document: Any, chance: random.Random) -> None:
        self._document, self._chance = document, chance
        self._notes: list[str] = []
        self._marked = chance.random() < 0.5
        self._kinds = {ordered: self._numbering(ordered) for ordered in (False, True)}

    def say(self, paragraph: Any, text: str) -> None:
        """Add a text as one of the shapes in which Word keeps runs, often with a deletion before it."""
        inner = f"<w:r><w:t xml:space='preserve'>{_escaped(text)}</w:t></w:r>"
        field = (
            "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>DOCPROPERTY a</w:instrText></w:r>"
            f"<w:r><w:fldChar w:fldCharType='separate'/></w:r>{inner}<w:r><w:fldChar w:fldCharType='end'/></w:r>"
        )
        cut = self._chance.randrange(len(text))
        parted = "".join(
            f"<w:r><w:rPr><w:lang w:val='{tongue}'/></w:rPr><w:t xml:space='preserve'>{_escaped(part)}</w:t></w:r>"
            for tongue, part in (("en-GB", text[:cut]), ("en-US", text[cut:]))
        )
        shape = self._chance.choice((
            inner, inner, inner, parted, field,
            f"<w:ins w:id='1' w:author='a'>{inner}</w:ins>",
            f"<w:moveTo w:id='2' w:author='a'>{inner}</w:moveTo>",
            f"<w:hyperlink w:anchor='a'>{inner}</w:hyperlink>",
            f"<w:smartTag w:uri='u' w:element='place'>{inner}</w:smartTag>",
            f"<w:fldSimple w:instr='TITLE'>{inner}</w:fldSimple>",
            f"<w:sdt><w:sdtPr><w:text/></w:sdtPr><w:sdtContent>{inner}</w:sdtContent></w:sdt>",
        ))  # fmt: skip
        if self._chance.random() < 0.2:
            shape = f"<w:del w:id='3' w:author='a'><w:r><w:delText>{UNSEEN}</w:delText></w:r></w:del>{shape}"
        for element in _elements(shape):
            paragraph._p.append(element)

    def note(self, paragraph: Any, text: str) -> None:
        """Set a footnote's mark."""
        self._notes.append(text)
        number = len(self._notes) + 1
        mark = f"<w:r><w:rPr><w:vertAlign w:val='superscript'/></w:rPr><w:footnoteReference w:id='{number}'/></w:r>"
        paragraph._p.append(_elements(mark)[0])

    def _numbering(self, ordered: bool) -> int:
        root = self._document.part.numbering_part.element
        number = 90 + ordered
        levels = "".join(
            f"<w:lvl w:ilvl='{k}'><w:start w:val='1'/><w:numFmt w:val='{'decimal' if ordered else 'bullet'}'/>"
            f"<w:lvlText w:val='{f'%{k + 1}.' if ordered else '•'}'/></w:lvl>"
            for k in range(3)
        )
        kind = _elements(f"<w:abstractNum w:abstractNumId='{number}'>{levels}</w:abstractNum>")[0]
        root.insert(0, kind)
        return number

    def items(self, block: Items) -> None:
        """A list with a numbering of its own, whose numbers begin again."""
        root = self._document.part.numbering_part.element
        number = 100 + len(root)
        own = "".join(f"<w:lvlOverride w:ilvl='{k}'><w:startOverride w:val='1'/></w:lvlOverride>" for k in range(3))
        kind = f"<w:abstractNumId w:val='{self._kinds[block.ordered]}'/>"
        root.append(_elements(f"<w:num w:numId='{number}'>{kind}{own}</w:num>")[0])
        for depth, text in block.items:
            paragraph = self._document.add_paragraph(style="List Paragraph")
            about = f"<w:numPr><w:ilvl w:val='{depth}'/><w:numId w:val='{number}'/></w:numPr>"
            paragraph._p.get_or_add_pPr().append(_elements(about)[0])
            self.say(paragraph, text)

    def table(self, block: Table) -> None:
        """A table whose cells are merged as Word merges them."""
        grid = block.grid()
        table = self._document.add_table(len(grid), len(grid[0]), style="Table Grid")
        taken: set[tuple[int, int]] = set()
        for i, row in enumerate(block.cells):
            j = 0
            for text, across, down in row:
                while (i, j) in taken:
                    j += 1
                taken |= {(i + y, j + x) for y in range(down) for x in range(across)}
                cell = table.cell(i, j)
                if across > 1 or down > 1:
                    cell = cell.merge(table.cell(i + down - 1, j + across - 1))
                run = cell.paragraphs[0].add_run(text)
                run.bold = True if i < block.heads and not self._marked else None
        if block.heads and self._marked:
            for row in table.rows[: block.heads]:
                row._tr.get_or_add_trPr().append(_elements("<w:tblHeader/>")[0])

    def close(self) -> None:
        """Add the part of the footnotes."""
        from docx.opc.packuri import PackURI
        from docx.opc.part import Part
        from docx.oxml.ns import nsdecls

        notes = "".join(
            f"<w:footnote w:id='{number}'><w:p><w:r><w:footnoteRef/></w:r><w:r>"
            f"<w:t xml:space='preserve'> {_escaped(text)}</w:t></w:r></w:p></w:footnote>"
            for number, text in enumerate(self._notes, 2)
        )
        rule = "<w:footnote w:id='0' w:type='separator'><w:p><w:r><w:separator/></w:r></w:p></w:footnote>"
        data = f"<w:footnotes {nsdecls('w')}>{rule}{notes}</w:footnotes>".encode()
        main = self._document.part
        main.relate_to(Part(PackURI("/word/footnotes.xml"), NOTES_KIND, data, main.package), NOTES)


SAID = "Notes: "
"""Before what a speaker says."""


def spoken(blocks: Sequence[Block]) -> list[Block]:
    """A content for slides: what the notes of a section say is said by the speaker, behind it."""
    out: list[Block] = []
    notes: list[str] = []
    for block in [*blocks, None]:
        if (block is None or isinstance(block, Heading)) and notes:
            out += [Paragraph((f"{SAID}{notes[0]}",)), *(Paragraph((note,)) for note in notes[1:])]
            notes = []
        if isinstance(block, Paragraph) and block.note:
            notes.append(block.note)
            block = replace(block, note="")
        out += [block] if block else []
    return out


def slides(blocks: Sequence[Block], chance: random.Random) -> bytes:
    """A .pptx of a `content.spoken`: a slide for each heading, with a foot and a number; one slide is hidden."""
    import pptx

    deck = pptx.Presentation()
    slide: _Slide | None = None
    for block in blocks:
        if isinstance(block, Heading):
            slide = _Slide(deck, block.text, chance)
        elif slide:
            slide.add(block)
    hidden = _Slide(deck, UNSEEN, chance)
    hidden.slide._element.set("show", "0")
    out = io.BytesIO()
    deck.save(out)
    return out.getvalue()


class _Slide:
    """A slide of python-pptx, its shapes one below the other, but in the file as they happened to be made."""

    def __init__(self, deck: Any, title: str, chance: random.Random) -> None:
        from pptx.util import Cm

        self._chance, self._cm = chance, Cm
        self.slide = deck.slides.add_slide(deck.slide_layouts[1])
        self.slide.shapes.title.text = title
        self._body: Any = self.slide.placeholders[1]
        self._top = 4.0
        self._said: list[str] = []
        for kind, text in (("ftr", RUNNING), ("sldNum", str(len(deck.slides)))):
            foot = self._box(18)
            foot.text_frame.text = text
            about = _drawing(f"<p:ph type='{kind}' idx='{10 + len(kind)}'/>")
            foot._element.nvSpPr.nvPr.append(about)
        unseen = self._box(1)
        unseen.text_frame.text = UNSEEN
        unseen._element.nvSpPr.cNvPr.set("hidden", "1")

    def _box(self, top: float) -> Any:
        """A box for text, at a place in centimetres from above."""
        return self.slide.shapes.add_textbox(self._cm(1), self._cm(top), self._cm(20), self._cm(0.3))

    def _next(self) -> float:
        self._top += 0.5
        return self._top

    def add(self, block: Block) -> None:
        """A block beneath the others, or in the speaker's notes."""
        if isinstance(block, Paragraph) and (self._said or block.text.startswith(SAID)):
            self._said.append(block.text.removeprefix(SAID))
            self.slide.notes_slide.notes_text_frame.text = "\n".join(self._said)
        elif isinstance(block, Paragraph):
            self._lines([block.text])
        elif isinstance(block, Items):
            self._items(block)
        elif isinstance(block, Code):
            self._lines(block.lines)
        elif isinstance(block, Table):
            if block.caption:
                self._lines([block.caption])
            self._table(block)
        elif not isinstance(block, Heading):
            self._lines([f"{term}: {meaning}" for term, meaning in block.pairs])

    def _lines(self, lines: Sequence[str]) -> None:
        """Lines as paragraphs, or broken by hand, sometimes in a group."""
        box = self._box(self._next())
        box.text_frame.text = self._chance.choice("\n\v").join(lines)
        if self._chance.random() < 0.2:
            self.slide.shapes.add_group_shape([box])

    def _items(self, block: Items) -> None:
        """A list in the slide's own place for one, or in a box that shows its marks."""
        placed, self._body = self._body, None
        if placed is not None:
            placed.left, placed.top, placed.width, placed.height = map(self._cm, (1, self._next(), 20, 0.3))
        frame = (placed or self._box(self._next())).text_frame
        for k, (depth, text) in enumerate(block.items):
            paragraph = frame.paragraphs[0] if k == 0 else frame.add_paragraph()
            paragraph.text, paragraph.level = text, depth
            if block.ordered or placed is None:
                mark = "<a:buAutoNum type='arabicPeriod'/>" if block.ordered else "<a:buChar char='•'/>"
                paragraph._p.get_or_add_pPr().append(_drawing(mark))

    def _table(self, block: Table) -> None:
        """A table whose cells are merged; further rows of names are bold by hand."""
        grid = block.grid()
        at = [self._cm(size) for size in (1, self._next(), 20, 0.3)]
        table = self.slide.shapes.add_table(len(grid), len(grid[0]), *at).table
        table.first_row, table.first_col = block.heads > 0, not block.heads
        taken: set[tuple[int, int]] = set()
        for i, row in enumerate(block.cells):
            free = (j for j in range(len(grid[0])) if (i, j) not in taken)
            for text, across, down in row:
                j = next(free)
                taken |= {(i + y, j + x) for y in range(down) for x in range(across)}
                cell = table.cell(i, j)
                if across > 1 or down > 1:
                    cell.merge(table.cell(i + down - 1, j + across - 1))
                cell.text = text
                for run in cell.text_frame.paragraphs[0].runs if 0 < i < block.heads else ():
                    run.font.bold = True


def _drawing(xml: str) -> Any:
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import nsdecls

    return parse_xml(f"<p:sp {nsdecls('a', 'p')}>{xml}</p:sp>")[0]


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _elements(xml: str) -> list[Any]:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    return list(parse_xml(f"<w:p {nsdecls('w')}>{xml}</w:p>"))
