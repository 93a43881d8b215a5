"""What a line looks like that begins a heading, an item or a question; a row's cells; and broken lines made whole."""

import re
from collections.abc import Container, Iterable
from typing import NamedTuple

from article_assistant.index.reading.placed import PageLine

CELLS = " | "
"""What stands between the cells of a row."""
CODE_MARK = "    "
"""What a line of code begins with; an item three levels in does, too."""
HEADING = re.compile(r"(#{1,6}) (\S.*)")
ITEM = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+(?=\S)")
MARK = re.compile(rf"{ITEM.pattern}|#{{1,6}} ")
"""What stands before the words of an item or a heading."""
ASKS, ANSWERS = r"Q(?:\d{0,3}:|\d{1,3}[.)])", r"A(?:\d{0,3}:|\d{1,3}[.)])"
"""What stands before a question and its answer: `Q:`, `Q3:`, `A3.`"""
BULLETS = r"[•‣◦▪●■○–\-*\ue000-\uf8ff\x7f]"
"""Signs before an item in print, those of symbol fonts among them."""
LABEL = re.compile(rf"{BULLETS}|\(?(\d{{1,3}}|[A-Za-z]|[ivxIVX]{{2,4}})[.)]|\d{{1,3}}(\.\d{{1,3}})+\.?")
"""What stands before an item or a numbered heading in print."""
LABELLED = re.compile(rf"(?:{BULLETS}|(\d{{1,3}})[.)])\s+(?=\S)")

ENDS = re.compile(r"[.!?:;…。！？：]['\"”’»)\]]*$")
_LETTER = r"[^\W\d_]"
BROKEN_WORD = re.compile(rf"((?:{_LETTER}|-)*{_LETTER})-$")
_WORD_PART = re.compile(rf"{_LETTER}(?:{_LETTER}|-)*")
_EAST = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff，。、：；（）"
_NO_SPACE = (
    (re.compile(rf"\d[–-]$|[{_EAST}]$"), re.compile(rf"[\d{_EAST}]")),
    (re.compile(r"\w-$"), re.compile(r"[\dA-Z]")),  # a code, or a word of two
)


class CellSpan(NamedTuple):
    """A cell of a row: the name of its column, "" where it has none, and characters `[start, end)`, its content."""

    column: str
    start: int
    end: int


def cells_in(row: str, at: int = 0) -> list[CellSpan]:
    """The cells of a row that begins at character `at`.

    >>> cells_in("Room: Alder | Seats: 12 | open")
    [CellSpan(column='Room', start=6, end=11), CellSpan(column='Seats', start=21, end=23), \
CellSpan(column='', start=26, end=30)]
    """
    cells = list[CellSpan]()
    for cell in row.split(CELLS):
        name, _, said = cell.partition(": ")
        end = at + len(cell)
        cells.append(CellSpan(name, end - len(said), end) if said else CellSpan("", at, end))
        at = end + len(CELLS)
    return cells


def joined(lines: Iterable[str], known: Container[str] = (), hyphenates: bool = True) -> str:
    """Lines as one, a word that was broken at the end of one whole again.

    A hyphen stays where the word is among the `known` ones with it, or its two halves are, and it is not without;
    and where a text `hyphenates` no words, all others that end its lines are part of their words.

    >>> joined(["a con-", "tract of", "2018–", "2019", "for PN-", "4711"])
    'a contract of 2018–2019 for PN-4711'
    """
    text = ""
    for line in lines:
        last = text[text.rfind(" ") + 1 :]  # to search all of it each time is quadratic
        begin, end = BROKEN_WORD.search(last), _WORD_PART.match(line)
        if begin and end and begin[1][-1].islower() and end[0][0].islower():
            whole, parted = f"{begin[1]}{end[0]}".lower(), f"{begin[1]}-{end[0]}".lower()
            parts = (begin[1].lower(), end[0].lower())
            two = not hyphenates or parted in known or all(len(part) > 2 and part in known for part in parts)
            text = text + line if two and whole not in known else text[:-1] + line
        elif not text or any(ends.search(last) and begins.match(line) for ends, begins in _NO_SPACE):
            text += line
        else:
            text += f" {line}"
    return text


def fits(line: PageLine, before: PageLine, reach: float) -> bool:
    """Whether the first word of a line would have found room on the line before, so that its break was meant."""
    first = line.words[0]
    return first.right - first.left + 0.35 * line.size < reach - before.right


def begins_item(line: PageLine, before: PageLine | None, meant: bool) -> bool:
    """Whether a line is the first of an item; a number that ends a sentence stands at the edge by chance."""
    first = line.words[0].text
    if len(line.words) < 2 or not LABEL.fullmatch(first):
        return False
    bullet = not any(map(str.isalnum, first))
    return bullet or before is None or meant or bool(ENDS.search(before.text)) or line.left < before.left - 2


def is_next_item(line: PageLine, first: PageLine) -> bool:
    """Whether a line begins the item behind the one that begins with `first`, or one in it."""
    label, above = (LABEL.fullmatch(one.words[0].text) if len(one.words) > 1 else None for one in (line, first))
    if not label or not above or not f"{label[1]}{above[1]}".isdigit():
        return False
    deeper = line.left > first.words[1].left + 2
    return int(label[1]) == (1 if deeper else int(above[1]) + 1) and (deeper or abs(line.left - first.left) < 2)
