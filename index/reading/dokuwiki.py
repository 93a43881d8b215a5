"""What stands in the source of a page of DokuWiki, between its marks."""

import re
from itertools import takewhile

from article_assistant.index.reading.mediawiki import HELD_PLACE, WIKI_HEADING
from article_assistant.index.reading.page import TextBuilder, first_heading
from article_assistant.index.reading.table import Cell, write_table

_VERBATIM = re.compile(r"<(code|file)\b[^>]*>\n?(.*?)\n?</\1>|%%(.*?)%%|<nowiki>(.*?)</nowiki>", re.DOTALL)
_LIST_ITEM = re.compile(r"( {2,}|\t+)([*-])\s?(.*)")


def dokuwiki(source: str) -> tuple[str, str]:
    """Title ("" where there is none) and text of a page of DokuWiki."""
    builder = TextBuilder()
    held: list[tuple[str, bool, str]] = []

    def hold(text: str, is_block: bool, source: str) -> str:
        held.append((text, is_block, source))
        mark = f"\x01{len(held) - 1}\x02"
        return f"\n{mark}\n" if is_block else mark

    source = re.sub("[\x01\x02]", "", source)

    def verbatim(found: re.Match[str]) -> str:
        if found[1]:
            return hold(found[2], "\n" in found[0] or found[1] == "file", found[0])
        return hold(found[3] or found[4] or "", False, found[0])

    source = _VERBATIM.sub(verbatim, source)
    source = re.sub(r"~~[\w:!]+~~|<html>.*?</html>|<php>.*?</php>", "", source, flags=re.DOTALL)

    def shown(text: str) -> str:
        return HELD_PLACE.sub(lambda found: held[int(found[1])][0], _unmarked_words(text))

    loose: list[str] = []
    rows: list[list[str]] = []
    numbers: dict[int, int] = {}
    code = False

    def flush() -> None:
        builder.paragraph(shown("\n".join(loose)))
        loose.clear()
        if rows:
            _write_rows(builder, [[shown(part) for part in row] for row in rows])
            rows.clear()

    for line in source.split("\n"):
        place, heading, item = (
            HELD_PLACE.fullmatch(line.strip()),
            WIKI_HEADING.fullmatch(line),
            _LIST_ITEM.fullmatch(line),
        )
        is_row = line.startswith(("^", "|"))
        ends = not line.strip() or place or heading or item or line.startswith("  ")
        if ends or (rows and not is_row) or (loose and is_row):
            flush()
        if not item:
            numbers.clear()
        if place and held[int(place[1])][1]:
            builder.code(held[int(place[1])][0])
        elif heading:
            builder.heading(7 - len(heading[1]), shown(heading[2]))
        elif item:
            depth = max(len(item[1].expandtabs(2)) // 2 - 1, 0)
            for deeper in [one for one in numbers if one > depth]:
                del numbers[deeper]
            numbers[depth] = numbers.get(depth, 0) + 1 if item[2] == "-" else 0
            builder.item(shown(item[3]), depth, numbers[depth] if item[2] == "-" else None)
        elif is_row:
            rows.append(_marked_cells(line))
        elif line.startswith("  ") and line.strip():
            typed = HELD_PLACE.sub(lambda found: held[int(found[1])][2], line)  # in code a mark is none
            builder.code(typed[2:].replace("\n  ", "\n"), goes_on=code)
        elif line.strip() and not re.fullmatch("-{4,}", line.strip()):
            loose.append(re.sub("^>+ ?", "", line))
        code = line.startswith("  ") and not item
    flush()
    text = builder.text()
    return first_heading(text), text


def _unmarked_words(text: str) -> str:
    text = re.sub(r"\(\((.+?)\)\)", r" [\1]", text, flags=re.DOTALL)
    text = re.sub(r"\[\[([^\]|]+)(?:\|([^\]]*))?\]\]", _link, text)
    text = re.sub(r"\{\{[^}|]*(?:\|([^}]*))?\}\}", lambda found: (found[1] or "").strip(), text)
    text = re.sub(r"\\\\(?:\s|$)", " ", text)
    for _ in range(4):  # marks inside marks
        text = re.sub(r"(?<!:)//(?=\S)(.+?)(?<=[^\s:])//", r"\1", text)
        text = re.sub(r"(\*\*|__|'')(?=\S)(.+?)(?<=\S)\1", r"\2", text)
    return re.sub(r"</?(?:sub|sup|del|wrap|WRAP)\b[^>]*>", "", text)


def _link(found: re.Match[str]) -> str:
    if shown := (found[2] or "").strip():
        return shown
    target = found[1].strip()
    if "/" in target or "@" in target:
        return target
    return re.split("[:>]", target)[-1].replace("_", " ").lstrip("#")


def _marked_cells(line: str) -> list[str]:
    """The cells of a row, each behind the mark that it begins with; bars inside links part none."""
    inside = r"(?:\[\[.*?\]\]|\{\{.*?\}\}|[^|^])*"
    return [found[0] for found in re.finditer(rf"[|^]{inside}", line.rstrip()) if found.end() < len(line.rstrip())]


def _write_rows(builder: TextBuilder, rows: list[list[str]]) -> None:
    made: list[list[Cell]] = []
    for row in rows:
        line: list[Cell] = []
        for part in row:
            above = made[-1][len(line)] if made and len(line) < len(made[-1]) else None
            if part[1:].strip() == ":::" and above:
                line.append(above)
            elif len(part) == 1 and line:
                line.append(line[-1])  # two marks side by side: the cell before spans two columns
            else:
                line.append(Cell(part[1:].strip(), part[0] == "^"))
        made.append(line)
    heads = len(list(takewhile(lambda line: all(cell.is_name for cell in line), made)))
    write_table(builder, [line for line in made if line], heads or None)
