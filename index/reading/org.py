"""Org files become text: headlines, lists, tables and code; their properties and comments are not shown."""

import re

from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.reading.table import Cell, write_table

_LISTED = re.compile(r"(\s*)(?:[-+]|(?<=\s)\*|(\d{1,3})[.)])\s+(?:\[[ X-]\]\s+)?(\S.*)")
_EMPHASIS = re.compile(r"(?<![\w*/=~_+])([*/=~_+])(?=\S)([^\n]*?\S)\1(?![\w*/=~_+])")

_FOOTNOTE = re.compile(r"\[fn:[\w-]+\] ?")
"""The mark of a footnote, in its place and before the note itself."""


def org_page(data: bytes) -> Page:
    """An Org file; headlines of deleted things (COMMENT) are left out with what is below them."""
    import orgparse

    root = orgparse.loads(decode(data).expandtabs(4))
    builder = TextBuilder()
    left_out = 0
    for node in root:
        level = getattr(node, "level", 0)
        if left_out and level > left_out:
            continue
        left_out = 0
        if level:
            heading = node.get_heading(format="plain")
            if heading.startswith("COMMENT ") or "noexport" in node.tags:
                left_out = level
                continue
            state = f"{node.todo} " if node.todo else ""
            builder.heading(level, _unmarked_text(f"{state}{heading}"))
        _org_blocks(node.get_body(format="plain"), builder)
    title = root.get_file_property("TITLE") or ""
    return Page(squeeze(title) or None, builder.text(), iso_date((root.get_file_property("DATE") or "").strip("<[")))


def _org_blocks(text: str, builder: TextBuilder) -> None:
    lines = text.split("\n")
    open_, item, indents = list[str](), None, list[int]()
    at = 0

    def flush() -> None:
        if open_:
            said = _unmarked_text(" ".join(open_))
            if item:
                builder.item(said, *item)
            else:
                builder.paragraph(said)
        open_.clear()

    while at < len(lines):
        line = lines[at].rstrip()
        at += 1
        if begin := re.match(r"\s*#\+begin_(\w+)", line, re.IGNORECASE):
            flush()
            item = None
            inside = []
            while at < len(lines) and not re.match(rf"\s*#\+end_{begin[1]}", lines[at], re.IGNORECASE):
                inside.append(lines[at])
                at += 1
            at += 1
            kind = begin[1].lower()
            if kind in {"src", "example", "export"}:
                builder.code("\n".join(inside))
            elif kind != "comment":
                _org_blocks("\n".join(inside), builder)
        elif line.lstrip().startswith("|"):
            flush()
            item = None
            rows = [line]
            while at < len(lines) and lines[at].lstrip().startswith("|"):
                rows.append(lines[at])
                at += 1
            _org_table(rows, builder)
        elif caption := re.match(r"\s*#\+caption:\s*(\S.*)", line, re.IGNORECASE):
            flush()
            builder.paragraph(_unmarked_text(caption[1]))
        elif re.match(r"\s*(?:#\+|# |#$)", line) or re.fullmatch(r"-{5,}", line):
            flush()
        elif fixed := re.match(r"\s*: ?(.*)", line) if line.lstrip().startswith((": ", ":\t")) or line == ":" else None:
            flush()
            builder.code(fixed[1], goes_on=True)
        elif found := _LISTED.fullmatch(line):
            flush()
            indents = [*(one for one in indents if one < len(found[1])), len(found[1])]
            item = (len(indents) - 1, int(found[2]) if found[2] else None)
            open_.append(found[3].replace(" :: ", ": ", 1))
        elif not line:
            flush()
            item = None
        else:
            if item and not line.startswith(" "):
                flush()
                item = None
            if not item and not line.startswith(" "):
                indents.clear()
            open_.append(line)
    flush()


def _org_table(lines: list[str], builder: TextBuilder) -> None:
    rows: list[list[Cell]] = []
    heads = 0
    for line in lines:
        if re.match(r"\s*\|-", line):
            heads = heads or len(rows)
        else:
            rows.append([Cell(_unmarked_text(cell.strip())) for cell in line.strip().strip("|").split("|")])
    width = max(map(len, rows), default=0)
    write_table(builder, [[*row, *[Cell("")] * (width - len(row))] for row in rows], heads)


def _unmarked_text(text: str) -> str:
    return _EMPHASIS.sub(r"\2", _FOOTNOTE.sub("", text))
