"""Plain text as its author meant it: records, filled paragraphs, aligned columns, questions and answers."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from article_assistant.index.reading.encoding import decoded
from article_assistant.index.reading.frontmatter import categories_of, date_of, divide
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
_SIGN = re.compile(r"\n[^\S\n]*(?:[-*•–=_~#+:\d]|[A-Za-z][.)]|[^\s:]{1,30}:\s|[QA]\d)")
"""How a line begins that may be more than words: an item, a heading, a drawn line, a question."""
_UNDER = re.compile(r"([=~-])\1{2,}\s*")
_QUESTION_LINE = re.compile(r"[A-ZÀ-Þ](?!.*[.!?] ).{8,118}\?")
_HASHES = re.compile(r"#{1,6} ")
_PATH_OR_COLON = re.compile(r"[^/]*/.*\.[a-z]\w*|.*:")
_GAP = re.compile(rb"\0{2,}(?=\x01)")
_SHADOW = bytes(sign != ord(" ") for sign in range(256))
_ASKED_LINE = re.compile(rf"{ASKS}\s+(\S.*)")
_ANSWERED_LINE = re.compile(rf"{ANSWERS}\s+(\S.*)")


def text_page(data: bytes, otherwise: WikiReader | None = None, always: WikiReader | None = None) -> Page:
    """A text file: plain, or with the marks of MediaWiki or DokuWiki.

    One without marks is read by `otherwise`; every one by `always`, where that is given.
    """
    found = decoded(data)
    facts, body, broken = divide(found.text)
    notice = " ".join(filter(None, (found.notice, broken)))
    if wiki := always or wiki_of(body) or otherwise:
        title, text = wiki(body)
    else:
        text = plain_text(body)
        first = squeeze(text.split("\n", 1)[0]).lstrip("# ")
        title = first if len(first) <= 120 and " | " not in first else ""
    title = squeeze(str(facts.get("title") or "")) or title
    return Page(title or None, text, date_of(facts), notice, categories=categories_of(facts))


def plain_text(text: str) -> str:
    """A plain text with its paragraphs on one line each, its records as they are, and its tables as rows.

    >>> plain_text("Sat   9:00   Ann\\nSun   9:30   Bo\\nMon   8:00   Ida")
    'Sat | 9:00 | Ann\\nSun | 9:30 | Bo\\nMon | 8:00 | Ida'
    """
    blocks = _with_questions(list(_blocks(_without_running_lines(text))))
    width = _width(blocks)
    return "\n\n".join(filter(None, ("\n".join(_block(block, width)) for block in blocks)))


def _with_questions(blocks: list[list[str]]) -> list[list[str]]:
    """The blocks, questions as headings where several stand in a line of their own, each right above its answer."""
    asks = [bool(_QUESTION_LINE.fullmatch(block[0])) for block in blocks]
    below = [len(block) > 1 or not after for block, after in zip(blocks, [*asks[1:], True], strict=True)]
    if sum(map(all, zip(asks, below, strict=True))) < 2:
        return blocks
    found = []
    for block, asked, answered in zip(blocks, asks, below, strict=True):
        rest = block[1:] if asked and answered else block
        found += [[f"## {block[0]}"]] if asked and answered else []
        found += [rest] if rest else []
    return found


def _without_running_lines(text: str) -> str:
    """A text without the first and last lines of its printed pages that come again, page numbers aside."""
    if "\f" not in text:
        return text
    pages = [page.strip().split("\n") for page in text.split("\f") if page.strip()]
    edges = Counter(key for page in pages for key in {_numberless(page[0]), _numberless(page[-1])})
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


def _blocks(text: str) -> Iterator[list[str]]:
    """The lines between blank ones, without the marks of a comment: headings do not stand one below the other."""
    for block in "\n".join(map(str.rstrip, text.split("\n"))).split("\n\n"):
        if lines := block.strip("\n").split("\n"):
            comment = len(lines) > 1 and all(line == "#" or line.startswith("# ") for line in lines)
            yield from _blocks("\n".join(map(_uncommented, lines))) if comment else filter(any, [lines])


def _uncommented(line: str) -> str:
    """A line without the mark of a comment; a command, which ends with a path, ends a paragraph, as does a colon."""
    line = line[2:].rstrip()
    return f"{line}\n" if len(line) >= NARROWEST and _PATH_OR_COLON.fullmatch(line[line.rfind(" ") + 1 :]) else line


def _width(blocks: Sequence[Sequence[str]]) -> int:
    """The width that paragraphs of prose were broken at, the median of the longer ones; 0 where there is none."""
    widest = sorted(max(map(len, block)) for block in blocks if len(block) > 1 and _has_prose(block))
    return widest[len(widest) // 2] if widest else 0


def _has_prose(lines: Sequence[str]) -> bool:
    """Whether lines were one paragraph: some go on with a small letter, or a letter of a script without capitals."""
    begin = "".join([line.lstrip()[:1] for line in lines[1:]])
    small = sum(map(str.islower, begin))
    if not begin.isascii():
        small += sum(sign.isalpha() and not sign.isupper() and not sign.islower() for sign in begin)
    return small >= max(LOWER * len(begin), 1)


def _block(block: list[str], width: int) -> Iterable[str]:
    if len(block) == 1:
        return [block[0].expandtabs(4)]
    text = "\n".join(["", *block])
    apart = block[0][0] != " " and text.count("  ") >= 0.8 * len(block)
    if apart or "|" in text or "\t" in text or _SIGN.search(text):
        return _signed_block(block, width)
    return _rejoined(block, width, signed=False)


def _signed_block(block: list[str], width: int) -> Iterator[str]:
    """A block that may be a table, or whose lines may begin with a mark or be drawn."""
    lines = [line for line in block if not _is_rule(line)]
    item, under = _ITEM_OR_NAME.match(block[0]), "".join(block[1:2])
    numbered = bool(item) and block[0][0].isdigit() and abs(len(block[0]) - len(under)) < 3
    titled = bool(_UNDER.fullmatch(under)) and len(block[0]) <= 100 and (numbered or not item)
    if not (titled and "  " not in block[0]) and (rows := _column_rows(block, lines)):
        builder = TextBuilder()
        write_table(builder, *rows)
        yield builder.text()
        return
    if titled:
        yield f"{'#' if block[1][0] == '=' else '##'} {squeeze(block[0])}"
        if len(block) > 2:
            yield ""
            yield from _signed_block(block[2:], width)
        return
    lines = [line.expandtabs(4) for line in lines]
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


def _rejoined(lines: list[str], width: int, signed: bool = True) -> list[str]:
    """The lines of a block, those put together that were broken at a width; `signed`: some may begin with a mark."""
    if max(map(len, lines), default=0) < NARROWEST:
        return lines
    indents = [len(line) - len(line.lstrip()) for line in lines]
    indent = min(indents)
    inner = [line[indent:] for line in lines] if indent else lines
    most, is_prose = max(map(len, inner), default=0), _has_prose(inner)
    if len(inner) < 3 and most <= width - indent + NEAR:
        # Too little to judge by itself; where the lines are as wide as the paragraphs around, it is one.
        is_prose = is_prose or most > 0.8 * (width - indent)
        most = max(most, width - indent)
    if not signed and is_prose and max(indents) == indent and _is_filled(inner, most):
        return [" ".join(inner)]
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


def _is_filled(lines: list[str], most: int) -> bool:
    """Whether no line has room for the first word of the next one."""
    for last, line in pairwise(lines):
        word = line.find(" ")
        if len(last) < NARROWEST or len(last) + 1 + (word if word > 0 else len(line)) <= most:
            return False
    return True


def _continues(last: str, line: str, most: int, is_prose: bool, number: int) -> bool:
    """Whether `line` goes on from the line above, which has room for `most` characters; `number`: of the last item."""
    if len(last) < NARROWEST:
        return False
    if len(last) + 1 + len(line.split(" ", 1)[0]) <= most:
        # The word would have found room; who breaks lines by hand leaves some, in the midst of a sentence.
        return is_prose and line[0].islower() and len(last) > RAGGED * most and last[-1].isalnum()
    if line.startswith(" ") or _HASHES.match(line):
        return False
    if item := _ITEM_OR_NAME.match(line):
        counted = _COUNTING.match(item[1])
        by_chance = int(counted[1]) not in {1, number + 1} if counted else item[1][0].islower() and item[1][-1] == ":"
        return by_chance and last[-1] not in ".:;?!"
    if line[0].islower() or is_prose:
        return True
    # Records end with a name or a number; a sentence that was cut, with a word like "of the".
    cut = re.search(r"(?:^|\s)(\w+)$", last)
    return bool(line[0].isalnum() and cut and cut[1].islower() and len(cut[1]) <= 3 and cut[1].isalpha())


def _column_rows(block: list[str], lines: list[str]) -> tuple[list[list[Cell]], int | None] | None:
    """The rows of a block in columns, and how many are its header; `lines` are those of it that are not drawn."""
    if len(lines) < 2:
        return None
    drawn = (number for number, (one, other) in enumerate(zip(block, lines, strict=False)) if one is not other)
    ruled = next(drawn, len(lines)) if len(lines) < len(block) else None
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
    rows: list[list[str]] = []
    for line in lines:
        row = [line[start:end].strip() for start, end in places]
        if rows and not row[0] and all(cell[0].islower() for cell in row if cell):
            # What found no room goes on in the line below; a total there is a row of its own.
            rows[-1] = [f"{above} {cell}" if cell else above for above, cell in zip(rows[-1], row, strict=True)]
        else:
            rows.append(row)
    begun = [row for row in rows if row[0]]
    return (_even_rows(rows), heads) if sum(bool(row[1]) for row in begun) >= 0.8 * len(begun) else None


def _even_rows(rows: list[list[str]]) -> list[list[Cell]]:
    width = max(map(len, rows))
    return [[Cell(text) for text in [*row, *[""] * (width - len(row))]] for row in rows]


def _rivers(lines: list[str]) -> list[int]:
    """Where columns begin: behind two spaces or more that run through all lines, with words on both sides.

    Lines that begin with a mark, or with fewer spaces than a column has, are a list or code, whose deeper lines stand
    apart by chance.
    """
    own = [line for line in lines if line[0] != " "]
    if lines[0][0] == " " or len(own) < max(2, 0.5 * len(lines)):
        return []
    if sum(line[0] in "-*•–" and line[1:2] == " " for line in own) > 1:
        return []
    if sum("  " in line for line in own) < 0.8 * len(own):
        return []
    shadow = 0  # of all lines: a byte that is not 0 where any of them has a sign
    for line in lines:
        shadow |= int.from_bytes(line.encode("ascii", "replace").translate(_SHADOW), "little")
    edges = [gap.end() for gap in _GAP.finditer(shadow.to_bytes(max(map(len, lines)), "little"))]
    # A gap that only long lines have is the end of the short ones.
    edges = [at for at in edges if sum(len(line) > at for line in own) >= 0.5 * len(own)]
    return edges if edges and all(line[: edges[0]].isspace() for line in lines if line[0] == " ") else []
