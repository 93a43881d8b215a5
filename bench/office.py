"""A content as Word and PowerPoint write it: tracked changes, controls, fields, numbering, notes, merged cells."""

import io
import random
from collections.abc import Sequence
from typing import Any

from bench.content import Block, Code, Heading, Items, Paragraph, Table
from bench.written import UNSEEN

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


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _elements(xml: str) -> list[Any]:
    from docx.oxml import parse_xml
    from docx.oxml.ns import nsdecls

    return list(parse_xml(f"<w:p {nsdecls('w')}>{xml}</w:p>"))
