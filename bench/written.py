"""One content as files of many kinds, each with the shapes that its usual programs write.

What a reader of a file never sees is in them too: deletions, navigation, running heads.
"""

import csv
import html
import io
import random
import textwrap
import zipfile
from collections.abc import Callable, Sequence

from bench.content import Block, Code, Heading, Items, Paragraph, Table

UNSEEN = "Obsolete wording that nobody may quote."
"""What stands in files and is not shown, or is none of the article."""
RUNNING = "Handbook of the site"
"""What runs above the pages of a PDF; where there is one page only, nobody can tell."""
WIDTH = 72
"""Characters in a line of a filled paragraph."""
_E = html.escape


def table_html(table: Table, chance: random.Random) -> str:
    """A table with thead, or with header cells alone."""
    out = ["<table>"]
    if table.caption:
        out.append(f"<caption>{_E(table.caption)}</caption>")
    parted = table.heads > 0 and chance.random() < 0.7
    for i, row in enumerate(table.cells):
        if parted and i in {0, table.heads}:
            out.append("<thead>" if i == 0 else "</thead><tbody>")
        cells = []
        for j, (text, across, down) in enumerate(row):
            tag = "th" if i < table.heads or (not table.heads and j == 0) else "td"
            spans = f' colspan="{across}"' * (across > 1) + f' rowspan="{down}"' * (down > 1)
            cells.append(f"<{tag}{spans}>{_E(text)}</{tag}>")
        out.append(f"<tr>{''.join(cells)}</tr>")
    return "".join([*out, "</tbody></table>" if parted else "</table>"])


def _list_html(block: Items) -> str:
    tag, out, depth = "ol" if block.ordered else "ul", [], -1
    for level, text in block.items:
        if level > depth:
            out.append(f"<{tag}>" * (level - depth))
        else:
            out.append("</li>" + f"</{tag}></li>" * (depth - level))
        out.append(f"<li>{_E(text)}")
        depth = level
    return "".join([*out, "</li>", f"</{tag}></li>" * depth, f"</{tag}>"])


def body_html(blocks: Sequence[Block], chance: random.Random) -> str:
    """The blocks as HTML, notes in a section at the end."""
    out, notes = [], list[str]()
    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"<h{block.level}>{_E(block.text)}</h{block.level}>")
        elif isinstance(block, Paragraph):
            mark = ""
            if block.note:
                notes.append(block.note)
                n = len(notes)
                mark = f'<a href="#fn{n}" class="footnote-ref" id="fnref{n}" role="doc-noteref"><sup>{n}</sup></a>'
            said = [_E(one) for one in block.sentences]
            said = [f"<em>{one}</em>" if chance.random() < 0.1 else one for one in said]
            out.append(f"<p>{' '.join(said)}{mark}</p>")
        elif isinstance(block, Items):
            out.append(_list_html(block))
        elif isinstance(block, Table):
            out.append(table_html(block, chance))
        elif isinstance(block, Code):
            out.append(f"<pre><code>{_E(chr(10).join(block.lines))}</code></pre>")
        else:
            out.append("<dl>" + "".join(f"<dt>{_E(a)}</dt><dd>{_E(b)}</dd>" for a, b in block.pairs) + "</dl>")
    if notes:
        items = (
            f'<li id="fn{n}"><p>{_E(note)}<a href="#fnref{n}" class="footnote-back" role="doc-backlink">↩︎</a></p></li>'
            for n, note in enumerate(notes, 1)
        )
        out.append(f'<section class="footnotes" role="doc-endnotes"><hr><ol>{"".join(items)}</ol></section>')
    return "\n".join(out)


def page_html(blocks: Sequence[Block], chance: random.Random) -> bytes:
    """A page with a site around it: navigation, what is hidden, a foot."""
    body = body_html(blocks, chance)
    hidden = f'<div hidden>{UNSEEN}</div><p style="display:none">{UNSEEN}</p>'
    inner = chance.choice(
        (
            f"<main>{body}{hidden}</main>",
            f"<main><article>{body}{hidden}</article></main>",
            f'<div id="content">{body}{hidden}</div>',
            f'<div class="page"><div>{body}</div>{hidden}</div>',
        )
    )
    links = "".join(f'<li><a href="/{k}">{UNSEEN}</a></li>' for k in range(5))
    title = blocks[0].text if isinstance(blocks[0], Heading) else "Page"
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{_E(title)} – Our wiki</title></head><body>"
        f"<nav><ul>{links}</ul></nav>{inner}<footer><ul>{links}</ul></footer><script>var a = 1;</script></body></html>"
    ).encode()


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("*", "\\*").replace("_", "\\_").replace("|", "\\|").replace("<", "\\<")


def markdown(blocks: Sequence[Block], chance: random.Random) -> bytes:
    """Markdown with pipe tables; those that span are HTML, as writers of Markdown do it."""
    out, notes = [], list[str]()
    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"{'#' * block.level} {_escaped(block.text)}")
        elif isinstance(block, Paragraph):
            mark = ""
            if block.note:
                notes.append(block.note)
                mark = f"[^{len(notes)}]"
            text = _escaped(block.text)
            out.append(
                (
                    textwrap.fill(text, 88, break_long_words=False, break_on_hyphens=False)
                    if chance.random() < 0.5
                    else text
                )
                + mark
            )
        elif isinstance(block, Items):
            deeper = 3 if block.ordered else 2
            marks = [f"{number}." if block.ordered else "-" for number in block.numbers()]
            out.append(
                "\n".join(
                    f"{' ' * deeper * depth}{mark} {_escaped(text)}"
                    for mark, (depth, text) in zip(marks, block.items, strict=True)
                )
            )
        elif isinstance(block, Table):
            if block.caption:
                out.append(_escaped(block.caption))
            bare = Table(block.cells, block.heads)
            if any(across > 1 or down > 1 for row in block.cells for _, across, down in row):
                out.append(table_html(bare, chance))
            else:
                grid = [[_escaped(text) for text in row] for row in block.grid()]
                grid = grid if block.heads else [[""] * len(grid[0]), *grid]
                grid.insert(1, ["---"] * len(grid[0]))
                out.append("\n".join(f"| {' | '.join(row)} |" for row in grid))
        elif isinstance(block, Code):
            out.append("```sh\n" + "\n".join(block.lines) + "\n```")
        else:
            out.append("\n\n".join(f"{_escaped(a)}\n: {_escaped(b)}" for a, b in block.pairs))
    out += [f"[^{n}]: {_escaped(note)}" for n, note in enumerate(notes, 1)]
    return ("\n\n".join(out) + "\n").encode()


def _aligned(table: Table) -> str:
    """A table in columns, its names underlined."""
    rows = [table.names(), *table.grid()[table.heads :]] if table.heads else table.grid()
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    if not table.heads:
        return "\n".join(": ".join(row) for row in rows)
    drawn = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([drawn[0], "  ".join("-" * width for width in widths), *drawn[1:]])


def plain(blocks: Sequence[Block], chance: random.Random) -> bytes:
    """A text file: filled paragraphs, or one a line; underlined headings; columns of words."""
    filled = chance.random() < 0.7
    out, notes = [], list[str]()

    def fill(text: str, first: str = "", then: str = "") -> str:
        if not filled:
            return first + text
        return textwrap.fill(
            text, WIDTH, initial_indent=first, subsequent_indent=then, break_long_words=False, break_on_hyphens=False
        )

    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"{block.text}\n{('=' if block.level == 1 else '-') * len(block.text)}")
        elif isinstance(block, Paragraph):
            notes += [block.note] * bool(block.note)
            out.append(fill(block.text + f" [{len(notes)}]" * bool(block.note)))
        elif isinstance(block, Items):
            marks = [f"{number}. " if block.ordered else "- " for number in block.numbers()]
            out.append(
                "\n".join(
                    fill(text, "   " * depth + mark, "   " * depth + " " * len(mark))
                    for mark, (depth, text) in zip(marks, block.items, strict=True)
                )
            )
        elif isinstance(block, Table):
            out += [*filter(None, [block.caption]), _aligned(block)]
        elif isinstance(block, Code):
            out.append("\n".join(f"    {line}" for line in block.lines))
        else:
            out.append("\n\n".join(fill(f"{a}: {b}") for a, b in block.pairs))
    out += [fill(f"[{n}] {note}") for n, note in enumerate(notes, 1)]
    return ("\n\n".join(out) + "\n").encode()


def rst(blocks: Sequence[Block], _: random.Random) -> bytes:
    """reStructuredText with list tables, which span nothing."""
    out, notes = [], list[str]()

    def said(text: str) -> str:
        return (
            text.replace("\\", "\\\\").replace("*", "\\*").replace("`", "\\`").replace("_", "\\_").replace("|", "\\|")
        )

    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"{said(block.text)}\n{'=-~'[block.level - 1] * (len(said(block.text)) + 2)}")
        elif isinstance(block, Paragraph):
            notes += [block.note] * bool(block.note)
            out.append(
                textwrap.fill(said(block.text), WIDTH, break_long_words=False, break_on_hyphens=False)
                + " [#]_" * bool(block.note)
            )
        elif isinstance(block, Items):
            lines, last = list[str](), 0
            for number, (depth, text) in zip(block.numbers(), block.items, strict=True):
                lines += [""] * (depth != last)
                lines.append(f"{'   ' * depth}{f'{number}.' if block.ordered else '- '} {said(text)}")
                last = depth
            out.append("\n".join(lines))
        elif isinstance(block, Table):
            out += [said(block.caption)] * bool(block.caption)
            rows = [block.names(), *block.grid()[block.heads :]] if block.heads else block.grid()
            head = f"   :header-rows: {min(block.heads, 1)}\n" if block.heads else "   :stub-columns: 1\n"
            drawn = "\n".join("   * - " + "\n     - ".join(said(cell) for cell in row) for row in rows)
            out.append(f".. list-table::\n{head}\n{drawn}")
        elif isinstance(block, Code):
            out.append(".. code-block:: sh\n\n" + "\n".join(f"   {line}" for line in block.lines))
        else:
            out.append("\n\n".join(f"{said(a)}\n   {said(b)}" for a, b in block.pairs))
    out += [f".. [#] {said(note)}" for note in notes]
    return ("\n\n".join(out) + "\n").encode()


def asciidoc(blocks: Sequence[Block], _: random.Random) -> bytes:
    """AsciiDoc; cells span as it writes that, notes stand at their marks."""
    out = []
    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"{'=' * block.level} {block.text}")
        elif isinstance(block, Paragraph):
            out.append(block.text + f"footnote:[{block.note}]" * bool(block.note))
        elif isinstance(block, Items):
            mark = "." if block.ordered else "*"
            out.append("\n".join(f"{mark * (depth + 1)} {text}" for depth, text in block.items))
        elif isinstance(block, Table):

            def cell(text: str, across: int, down: int) -> str:
                span = f"{across if across > 1 else ''}{f'.{down}' if down > 1 else ''}"
                return f"{span}{'+' * bool(span)}|{text}"

            rows = (
                [[(name, 1, 1) for name in block.names()], *block.cells[block.heads :]] if block.heads else block.cells
            )
            about = "[%header]\n" if block.heads else '[cols="h,1"]\n'
            out.append(
                f".{block.caption}\n" * bool(block.caption)
                + about
                + "|===\n"
                + "\n".join(" ".join(cell(*one) for one in row) for row in rows)
                + "\n|==="
            )
        elif isinstance(block, Code):
            out.append("[source,sh]\n----\n" + "\n".join(block.lines) + "\n----")
        else:
            out.append("\n".join(f"{a}:: {b}" for a, b in block.pairs))
    return ("\n\n".join(out) + "\n").encode()


def org(blocks: Sequence[Block], _: random.Random) -> bytes:
    """Org, its tables with a line under the names."""
    out, notes = [], list[str]()
    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"{'*' * block.level} {block.text}")
        elif isinstance(block, Paragraph):
            notes += [block.note] * bool(block.note)
            out.append(
                textwrap.fill(block.text, WIDTH, break_long_words=False, break_on_hyphens=False)
                + f"[fn:{len(notes)}]" * bool(block.note)
            )
        elif isinstance(block, Items):
            marks = [f"{number}." if block.ordered else "-" for number in block.numbers()]
            out.append(
                "\n".join(
                    f"{'   ' * depth}{mark} {text}" for mark, (depth, text) in zip(marks, block.items, strict=True)
                )
            )
        elif isinstance(block, Table):
            rows = [block.names(), *block.grid()[block.heads :]] if block.heads else block.grid()
            drawn = [f"| {' | '.join(row)} |" for row in rows]
            if block.heads:
                drawn.insert(1, f"|{'+'.join('---' for _ in rows[0])}|")
            out.append(f"#+CAPTION: {block.caption}\n" * bool(block.caption) + "\n".join(drawn))
        elif isinstance(block, Code):
            out.append("#+BEGIN_SRC sh\n" + "\n".join(f"  {line}" for line in block.lines) + "\n#+END_SRC")
        else:
            out.append("\n".join(f"- {a} :: {b}" for a, b in block.pairs))
    out += [f"[fn:{n}] {note}" for n, note in enumerate(notes, 1)]
    return ("\n\n".join(out) + "\n").encode()


def mediawiki(blocks: Sequence[Block], _: random.Random) -> bytes:
    """MediaWiki's marks; a code block is <pre>."""
    out = []
    for block in blocks:
        if isinstance(block, Heading):
            out.append(f"{'=' * block.level} {block.text} {'=' * block.level}")
        elif isinstance(block, Paragraph):
            out.append(block.text + f"<ref>{block.note}</ref>" * bool(block.note))
        elif isinstance(block, Items):
            mark = "#" if block.ordered else "*"
            out.append("\n".join(f"{mark * (depth + 1)} {text}" for depth, text in block.items))
        elif isinstance(block, Table):
            rows = []
            for i, row in enumerate(block.cells):
                drawn = []
                for j, (text, across, down) in enumerate(row):
                    spans = f'colspan="{across}" | ' * (across > 1) + f'rowspan="{down}" | ' * (down > 1)
                    drawn.append(f"{'!' if i < block.heads or (not block.heads and j == 0) else '|'} {spans}{text}")
                rows.append("|-\n" + "\n".join(drawn))
            out.append(
                '{| class="wikitable"\n' + f"|+ {block.caption}\n" * bool(block.caption) + "\n".join(rows) + "\n|}"
            )
        elif isinstance(block, Code):
            out.append("<pre>\n" + "\n".join(block.lines) + "\n</pre>")
        else:
            out.append("\n".join(f"; {a} : {b}" for a, b in block.pairs))
    return ("\n\n".join(out) + "\n").encode()


CONTAINER = """<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container"><rootfiles>
<rootfile full-path="OEBPS/a.opf" media-type="application/oebps-package+xml"/></rootfiles></container>"""
PACKAGE = """<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="i">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/"><dc:identifier id="i">i</dc:identifier>
<dc:title>Book</dc:title><dc:language>en</dc:language></metadata>
<manifest><item id="n" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="a" href="a.xhtml" media-type="application/xhtml+xml"/></manifest>
<spine><itemref idref="a"/></spine></package>"""


def epub(blocks: Sequence[Block], chance: random.Random) -> bytes:
    """A book of one chapter."""
    out = io.BytesIO()
    body = body_html(blocks, chance).replace("<hr>", "<hr/>")
    page = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title>A</title></head><body>{}</body></html>'.format
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("mimetype", "application/epub+zip")
        archive.writestr("META-INF/container.xml", CONTAINER)
        archive.writestr("OEBPS/a.opf", PACKAGE)
        archive.writestr("OEBPS/nav.xhtml", page(f'<nav><ol><li><a href="a.xhtml">{UNSEEN}</a></li></ol></nav>'))
        archive.writestr("OEBPS/a.xhtml", page(body))
    return out.getvalue()


def comma_separated(table: Table, chance: random.Random) -> bytes:
    """One table, its names in the first row; cells over several rows are repeated."""
    rows = [table.names(), *table.grid()[table.heads :]] if table.heads else table.grid()
    out = io.StringIO()
    csv.writer(out, delimiter=chance.choice(",;\t")).writerows(rows)
    return out.getvalue().encode(chance.choice(("utf-8", "utf-8-sig")))


def excel(blocks: Sequence[Block], _: random.Random) -> bytes:
    """A workbook, its tables below one another on one sheet; names are bold, numbers are numbers."""
    import openpyxl
    from openpyxl.styles import Font

    book = openpyxl.Workbook()
    sheet = book.active
    at = 1
    for table in blocks:
        assert isinstance(table, Table)
        if table.caption:
            sheet.cell(at, 1, table.caption)
            sheet.merge_cells(start_row=at, end_row=at, start_column=1, end_column=len(table.grid()[0]))
            at += 1
        taken: set[tuple[int, int]] = set()
        for i, row in enumerate(table.cells):
            j = 0
            for text, across, down in row:
                while (i, j) in taken:
                    j += 1
                cell = sheet.cell(at + i, j + 1, int(text) if text.isdigit() else text)
                cell.font = Font(bold=i < table.heads or (not table.heads and j == 0))
                if across > 1 or down > 1:
                    sheet.merge_cells(
                        start_row=at + i, start_column=j + 1, end_row=at + i + down - 1, end_column=j + across
                    )
                taken |= {(i + y, j + x) for y in range(down) for x in range(across)}
        at += len(table.cells) + 1
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


STYLE = """
body { font: %dpt/%s %s; columns: %d; column-gap: 2em; text-align: %s }
table { border-collapse: collapse; margin: 1em 0 }
td, th { padding: 3px 8px; text-align: left; vertical-align: top }
caption { text-align: left }
%s
pre { white-space: pre-wrap }
h1, h2, h3 { line-height: 1.2 }
.footnotes { font-size: 80%% }
a { color: inherit; text-decoration: none }
.footnote-back { display: none }
"""
LINED = (
    "td, th { border: 1px solid #888 }",
    "tr { border-bottom: 1px solid #888 }",
    "tr:nth-child(even) { background: #eee }",
    "thead { border-bottom: 1px solid }",
)


def printed(blocks: Sequence[Block], chance: random.Random, columns: int) -> str:
    """A page for a browser to print: its type, its edges and the lines of its tables by chance."""
    family = chance.choice(("DejaVu Serif", "DejaVu Sans"))
    # What no line shows nobody can read: which rows a cell takes.
    spans = any(down > 1 for one in blocks if isinstance(one, Table) for row in one.cells for _, _, down in row)
    leading, align = chance.choice((1.2, 1.35, 1.5)), chance.choice(("left", "justify"))
    style = STYLE % (
        chance.choice((9, 10, 11)),
        leading,
        family,
        columns,
        align,
        chance.choice(LINED[:2] if spans else LINED),
    )
    head = f"<!doctype html><html lang=en><meta charset=utf-8><style>{style}</style>"
    return f"{head}<body>{body_html(blocks, chance)}</body></html>"


WRITERS: dict[str, Callable[[Sequence[Block], random.Random], bytes]] = {
    ".html": page_html, ".md": markdown, ".txt": plain, ".rst": rst, ".adoc": asciidoc, ".org": org,
    ".mediawiki": mediawiki, ".epub": epub,
}  # fmt: skip
