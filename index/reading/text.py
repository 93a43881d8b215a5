"""Plain text as its author meant it: records, filled paragraphs, aligned columns, questions and answers."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from article_assistant.index.reading.encoding import decoded
from article_assistant.index.reading.frontmatter import date_of, divide
from article_assistant.index.reading.lines import ANSWERS, ASKS
from article_assistant.index.reading.page import Page, TextBuilder, squeeze
from article_assistant.index.reading.table import Cell, write_table
from article_assistant.index.reading.wiki import WikiReader, wiki_of

NARROWEST = 40
"""Characters of a line from which on it may have been broken at a fixed width."""
RAGGED = 0.7
"""Share of the widest line that a line takes which was broken by hand."""
NEAR = 4
"""Characters that a line may be wider than the usual widest one: few paragraphs have a line that is quite full."""
LOWER = 0.25
"""Share of lines that begin with a small letter in prose; records begin with a capital or a figure."""

_ITEM_OR_NAME = re.compile(r"([-*•–]|\d{1,3}(?:\.\d{1,3})*[.)]|[A-Za-z][.)]|[^\s:]{1,30}:)\s")
_COUNTING = re.compile(r"(\d+)[.)]$")
_RULE = re.compile(r"[\s|+:]*([-=_*~#])(?:\1|[ +|:]){2,}[\s|+:]*")
_UNDER = re.compile(r"([=~-])\1{2,}\s*")
_HASHES = re.compile(r"#{1,6} ")
_ASKED_LINE = re.compile(rf"{ASKS}\s+(\S.*)")
_ANSWERED_LINE = re.compile(rf"{ANSWERS}\s+(\S.*)")


def text_page(data: bytes, otherwise: WikiReader | None = None) -> Page:
    """A text file: plain, or with the marks of MediaWiki or DokuWiki; one without marks is read by `otherwise`."""
    found = decoded(data)
    facts, body, broken = divide(found.text)
    notice = " ".join(filter(None, (found.notice, broken)))
    if wiki := wiki_of(body) or otherwise:
        title, text = wiki(body)
    else:
        text = plain_text(body)
        first = squeeze(text.split("\n", 1)[0]).lstrip("# ")
        title = first if len(first) <= 120 else ""
    return Page(squeeze(str(facts.get("title") or "")) or title or None, text, date_of(facts), notice=notice)


def plain_text(text: str) -> str:
    """A plain text with its paragraphs on one line each, its records as they are, and its tables as rows.

    >>> plain_text("Sat   9:00   Ann\\nSun   9:30   Bo\\nMon   8:00   Ida")
    'Sat | 9:00 | Ann\\nSun | 9:30 | Bo\\nMon | 8:00 | Ida'
    """
    blocks = _blocks(_without_running_lines(text))
    width = _width(blocks)
    written = (block[0].expandtabs(4) if len(block) == 1 else "\n".join(_block(block, width)) for block in blocks)
    return "\n\n".join(filter(None, written))


def _without_running_lines(text: str) -> str:
    """A text without the first and last lines of its printed pages that come again, page numbers aside."""
    if "\f" not in text:
        return text
    pages = [[line for line in page.split("\n") if line.strip()] for page in text.split("\f")]
    edges = Counter(key for page in pages for key in {_numberless(line) for line in [*page[:1], *page[-1:]]})
    running = {key for key, times in edges.items() if times > 1}
    kept = []
    for page in text.split("\f"):
        lines = page.strip("\n").split("\n")
        lines = lines[1:] if _numberless(lines[0]) in running else lines
        lines = lines[:-1] if lines and _numberless(lines[-1]) in running else lines
        kept.append("\n".join(lines))
    return "\n\n".join(kept)


def _numberless(line: str) -> str:
    return re.sub(r"\d+", "0", squeeze(line))


def _blocks(text: str) -> list[list[str]]:
    """The lines between blank ones."""
    blocks: list[list[str]] = []
    begins = True
    for line in map(str.rstrip, text.split("\n")):
        if line and begins:
            blocks.append([line])
        elif line:
            blocks[-1].append(line)
        begins = not line
    return blocks


def _width(blocks: Sequence[Sequence[str]]) -> int:
    """The width that paragraphs of prose were broken at, the median of the longer ones; 0 where there is none."""
    widest = sorted(max(map(len, block)) for block in blocks if len(block) > 1 and _has_prose(block))
    return widest[len(widest) // 2] if widest else 0


def _has_prose(lines: Sequence[str]) -> bool:
    """Whether lines were one paragraph: some go on with a small letter, or a letter of a script without capitals."""
    begin = [line.lstrip()[:1] for line in lines[1:]]
    small = sum(sign.islower() or (sign.isalpha() and not sign.isupper()) for sign in begin)
    return small >= max(LOWER * len(begin), 1)


def _block(block: list[str], width: int) -> Iterator[str]:
    if rows := _column_rows(block):
        builder = TextBuilder()
        write_table(builder, *rows)
        yield builder.text()
        return
    if len(block) > 1 and _UNDER.fullmatch(block[1]) and len(block[0]) <= 100 and not _ITEM_OR_NAME.match(block[0]):
        yield f"{'#' if block[1][0] == '=' else '##'} {squeeze(block[0])}"
        if len(block) > 2:
            yield ""
            yield from _block(block[2:], width)
        return
    lines = [line.expandtabs(4) for line in block if not _is_rule(line)]
    asks = any(map(_ASKED_LINE.match, lines)) and any(map(_ANSWERED_LINE.match, lines))
    for number, line in enumerate(_rejoined(lines, width)):
        if asks and (asked := _ASKED_LINE.match(line)):
            yield from ["", f"## {squeeze(asked[1])}", ""] if number else [f"## {squeeze(asked[1])}", ""]
        elif asks and (answered := _ANSWERED_LINE.match(line)):
            yield answered[1]
        else:
            yield line


def _is_rule(line: str) -> bool:
    """Whether a line is drawn, not written."""
    return not line[-1].isalnum() and bool(_RULE.fullmatch(line))


def _rejoined(lines: list[str], width: int) -> list[str]:
    """The lines of a block, those put together that were one before they were broken at a width."""
    if all(len(line) < NARROWEST for line in lines):
        return lines
    indent = min((len(line) - len(line.lstrip()) for line in lines), default=0)
    inner = [line[indent:] for line in lines]
    most, is_prose = max(map(len, inner), default=0), _has_prose(inner)
    if len(inner) < 3 and most <= width - indent + NEAR:
        # Too little to judge by itself; where the lines are as wide as the paragraphs around, it is one.
        is_prose = is_prose or most > 0.8 * (width - indent)
        most = max(most, width - indent)
    parts: list[list[str]] = []
    number = 0  # of the last item
    hanging = 0  # where the text of an item begins, beneath which its further lines stand
    for last, line in pairwise(["", *inner]):
        own = line[hanging:] if hanging and line[:hanging].isspace() and line[hanging] != " " else line
        if (
            parts
            and _continues(last, own, most, is_prose or (own is not line and own[0].isalnum()), number)
            and not _HASHES.match(parts[-1][0])
        ):
            parts[-1].append(own)
            continue
        found = _ITEM_OR_NAME.match(line.lstrip())
        if found and (counted := _COUNTING.match(found[1])):
            number = int(counted[1])
        hanging = len(line) - len(line.lstrip()) + found.end() if found else 0
        parts.append([line])
    whole = [" ".join(one) for one in parts]
    # What was broken stands at the margin again; lines that were not, like code, stay where they are.
    return whole if len(whole) < len(lines) else lines


def _continues(last: str, line: str, most: int, is_prose: bool, number: int) -> bool:
    """Whether `line` goes on the paragraph of the line above it, which has room for `most` characters.

    `number` is that of the last item.
    """
    if len(last) < NARROWEST or line.startswith(" ") or _HASHES.match(line):
        return False
    if len(last) + 1 + len(line.split(" ", 1)[0]) <= most:
        # The word would have found room; who breaks lines by hand leaves some, in the midst of a sentence.
        return is_prose and line[0].islower() and len(last) > RAGGED * most and last[-1].isalnum()
    if item := _ITEM_OR_NAME.match(line):
        counted = _COUNTING.match(item[1])
        by_chance = int(counted[1]) not in {1, number + 1} if counted else item[1][0].islower() and item[1][-1] == ":"
        return by_chance and last[-1] not in ".:;?!"
    if line[0].islower() or is_prose:
        return True
    # Records end with a name or a number; a sentence that was cut, with a word like "of the".
    cut = re.search(r"(?:^|\s)(\w+)$", last)
    return bool(line[0].isalpha() and cut and cut[1].islower() and len(cut[1]) <= 3 and cut[1].isalpha())


def _column_rows(block: list[str]) -> tuple[list[list[Cell]], int | None] | None:
    """The rows of a block whose lines stand in columns, and how many of them are its header; None for other blocks."""
    ruled = next((number for number, line in enumerate(block) if _is_rule(line)), None)
    lines = [line for line in block if not _is_rule(line)]
    if len(lines) < 2:
        return None
    heads = 1 if ruled is not None and 0 < ruled < 3 else None
    if all("|" in line for line in lines) and all(line.strip()[0] == line.strip()[-1] == "|" for line in lines):
        return _even_rows([line.strip()[1:-1].split("|") for line in lines]), 1 if ruled is not None else None
    if all("\t" in line.strip() for line in lines) and len({line.count("\t") for line in lines}) == 1:
        return _even_rows([line.split("\t") for line in lines]), heads
    lines = [line.expandtabs(8) for line in lines]
    edges = _rivers(lines)
    if not edges or (len(lines) < 3 and heads is None and len(edges) < 2):
        return None
    places = list(pairwise([0, *edges, max(map(len, lines)) + 1]))
    rows = [[line[start:end] for start, end in places] for line in lines]
    filled = sum(all(cell.strip() for cell in row[:2]) for row in rows)
    return (_even_rows(rows), heads) if filled >= 0.8 * len(rows) else None


def _even_rows(rows: list[list[str]]) -> list[list[Cell]]:
    width = max(map(len, rows))
    return [[Cell(text) for text in [*row, *[""] * (width - len(row))]] for row in rows]


def _rivers(lines: list[str]) -> list[int]:
    """Where columns begin: behind two spaces or more that run through all lines, with words on both sides.

    Lines that begin with spaces or a mark are a list or code, whose deeper lines stand apart by chance.
    """
    if any(line[0] == " " for line in lines) or sum(bool(re.match(r"[-*•–]\\s", line)) for line in lines) > 1:
        return []
    if sum("  " in line for line in lines) < 0.8 * len(lines):
        return []
    shortest = max(len(line) for line in lines)
    free = [all(at >= len(line) or line[at] == " " for line in lines) for at in range(shortest)]
    edges = []
    for at in range(2, shortest):
        if free[at - 1] and free[at - 2] and not free[at] and any(line[:at].strip() for line in lines):
            edges.append(at)
    # A gap that only long lines have is the end of the short ones.
    return [at for at in edges if sum(len(line) > at for line in lines) >= 0.5 * len(lines)]
