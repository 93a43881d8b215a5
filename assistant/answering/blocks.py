"""Lines that belong together, whole and verbatim: a list with the code below its items, a form, or code."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from article_assistant.answering.cite import Quote, Said, in_sentences, unmarked
from article_assistant.answering.question import Kind
from article_assistant.answering.rank import Contender, share
from article_assistant.index.chunk import sentences
from article_assistant.index.keyword import asked_words
from article_assistant.index.reading.lines import CODE_MARK, HEADING, ITEM
from article_assistant.index.types import Article, Hit

ITEMS = 24
"""Items that a list may have to be shown whole."""
LIST = 2_400
"""Characters that it may have, or that code may."""
ANSWER = 500
"""Characters that the answer below a question may have to be given whole."""
SAME = 0.8
"""Share of each one's words that two questions have in common where they are the same."""

_PAIR = re.compile(r"(?!.* \| )[^\W_][^:|]{0,60}: \S")
_TOGETHER = re.compile(r"(?m)(?:^.*\S.*(?:\n|\Z))+")


class Block(NamedTuple):
    """A list or code: the quote that holds all of it, what introduces it ("" where nothing does), its items or lines.

    Code below an item is on further lines of the item.
    """

    quote: Quote
    intro: str
    entries: list[str]


class _Line(NamedTuple):
    """A line with words: its characters `[start, end)`, what it is part of, whether it is right below another one."""

    start: int
    end: int
    is_code: bool
    is_item: bool
    goes_on: bool


def whole_list(article: Article, start: int, end: int) -> Block | None:
    """The list, or the form of lines like `Monday: 9 to 5`, that the sentence `[start, end)` introduces or stands in.

    None where there is no list of two or more items, or one too long to be shown.
    """
    text, lines = article.text, _lines_of(article.text)
    at = _line_at(lines, start)
    while at and lines[at].is_code:
        at -= 1
    if not lines[at].is_item:
        at += 1
        if text[:end].rstrip()[-1:] != ":" or at >= len(lines) or not lines[at].is_item:
            return None
    first = last = at
    while (before := _neighbour(lines, first, -1)) is not None:
        first = before
    while (after := _neighbour(lines, last, 1)) is not None:
        last = after
    if text[: lines[last].end].rstrip().endswith(":"):
        while last + 1 < len(lines) and lines[last + 1].is_code:
            last += 1
    items: list[str] = []
    for line in lines[first : last + 1]:
        said = text[line.start : line.end]
        if line.is_code:
            items[-1] += f"\n{said}"
        else:
            items.append(unmarked(said))
    begin, intro = lines[first].start, ""
    if first and text[: lines[first - 1].end].rstrip().endswith(":"):
        begin, intro = lines[first - 1].start, unmarked(text[lines[first - 1].start : lines[first - 1].end])
    return _whole(article, begin, lines[last].end, intro, items) if len(items) > 1 else None


def whole_code(article: Article, start: int, end: int) -> Block | None:
    """The code that the sentence `[start, end)` introduces, being the last above it, or is a line of.

    None where there is none, or it is too long to be shown.
    """
    text, lines = article.text, _lines_of(article.text)
    at = first = _line_at(lines, start)
    begin, intro = start, unmarked(text[start:end])
    if lines[at].is_code:
        while first and lines[first].goes_on:
            first -= 1
        above = text[lines[first - 1].start : lines[first - 1].end].rstrip() if first else ""
        if above.endswith(":") or HEADING.fullmatch(above):
            last = sentences(above)[-1]
            begin, intro = lines[first - 1].start + last.start, unmarked(above[last.start : last.end])
        else:
            begin, intro = lines[first].start, ""
    elif text[end : lines[at].end].strip() or at + 1 == len(lines) or not lines[at + 1].is_code:
        return None
    else:
        first = at = at + 1
    while at + 1 < len(lines) and lines[at + 1].is_code and lines[at + 1].goes_on:
        at += 1
    return _whole(article, begin, lines[at].end, intro, [text[a:b] for a, b, *_ in lines[first : at + 1]])


def as_list(block: Block) -> list[Said]:
    """A list as lines, every one of them resting on the same quote, code behind the mark of its item."""
    lines = [Said(block.intro, block.quote)] if block.intro else []
    parts = (entry.partition("\n") for entry in block.entries)
    return [*lines, *(Said(f"- {item}", block.quote, f"{end}{code}") for item, end, code in parts)]


def as_code(block: Block) -> list[Said]:
    """What introduces code, the mark of the quote, and below it the code, so that it can be copied."""
    return [Said(block.intro, block.quote, "\n" + "\n".join(block.entries))]


def in_full(chosen: Sequence[Contender], kind: Kind) -> list[Said]:
    """Sentences as they stand, each with the list or the code that it introduces or is a line of."""
    said = list[Said]()
    for one in chosen:
        article, span = one.hit.article, (one.start, one.end)
        if any(piece.quote.article == article and piece.quote.start <= one.start < piece.quote.end for piece in said):
            continue
        opens = article.text[: one.end].endswith(":")
        code = whole_code(article, *span) if one.is_code or opens or kind == "way" else None
        if code:
            said += as_code(code)
        elif opens and (found := whole_list(article, *span)):
            said += as_list(found)
        else:
            said += in_sentences([one.quote])
    return said


def answer_below(question: str, best: Contender) -> list[Said] | None:
    """The paragraph or the list of the best sentence, where it stands right below the question that was asked, as in
    an FAQ, or below a heading that begins like it."""
    text, listed = best.hit.article.text, whole_list(best.hit.article, best.start, best.end)
    begin, end = text.rfind("\n", 0, best.start) + 1, text.find("\n", best.end) % (len(text) + 1)
    heading = HEADING.fullmatch(text[: listed.quote.start if listed else begin].rstrip().rpartition("\n")[2])
    if not heading or not (_asks_the_same(question, heading[2]) or _begins_like(question, heading[2])):
        return None
    if listed:
        return as_list(listed)
    if text[begin:end].endswith(":") or end - begin > ANSWER:
        return None
    return in_sentences([Quote(best.hit.article, begin, end)])


def asked_before(question: str, hits: Sequence[Hit]) -> list[Said] | None:
    """The rest of the line of a hit whose first sentence is the question: "1. Where do I park? Behind hall 3." """
    for hit in hits:
        text = hit.article.text
        for (begin, end), (start, _) in pairwise(hit.chunk.sentences):
            if "\n" not in text[end:start] and _asks_the_same(question, unmarked(text[begin:end])):
                return in_sentences([Quote(hit.article, start, text.find("\n", start) % (len(text) + 1))])
    return None


def _asks_the_same(question: str, other: str) -> bool:
    if not other.endswith("?"):
        return False
    words, others = asked_words(question), asked_words(other)
    return min(share(words, set(others)), share(others, set(words))) >= SAME


def _begins_like(question: str, heading: str) -> bool:
    """Whether a question goes on behind the words of a heading: "What is expected" of "What is expected of me?"."""
    return " " in heading and bool(re.match(rf"{re.escape(heading)}\b", question, re.IGNORECASE))


def _whole(article: Article, begin: int, end: int, intro: str, entries: list[str]) -> Block | None:
    if end - begin > LIST or len(entries) > ITEMS:
        return None
    return Block(Quote(article, begin, end), intro, entries)


def _lines_of(text: str) -> list[_Line]:
    """The lines with words; code is what stands four spaces in, and a form what has names, with all lines around it."""
    found = []
    for together in _TOGETHER.finditer(text):
        lines = [match.span() for match in re.finditer(r".+", text[together.start() : together.end()])]
        said = [text[together.start() + a : together.start() + b] for a, b in lines]
        is_code = all(line.startswith(CODE_MARK) for line in said)
        is_form = len(lines) > 1 and not is_code and all(map(_PAIR.match, said))
        for i, (a, b) in enumerate(lines):
            is_item = is_form or (not is_code and bool(ITEM.match(said[i])))
            found.append(_Line(together.start() + a, together.start() + b, is_code, is_item, i > 0))
    return found


def _line_at(lines: list[_Line], place: int) -> int:
    return next(i for i, line in enumerate(lines) if place <= line.end)


def _neighbour(lines: list[_Line], at: int, way: int) -> int | None:
    """The item before or after an item of the same list, between which nothing but code may stand."""
    to = at + way
    while 0 <= to < len(lines) and lines[to].is_code:
        to += way
    if not 0 <= to < len(lines) or not lines[to].is_item:
        return None
    return to if abs(to - at) > 1 or lines[max(at, to)].goes_on else None
