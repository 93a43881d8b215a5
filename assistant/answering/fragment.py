"""The words by which a browser finds and highlights a quote on its original page, as a text directive.

https://wicg.github.io/scroll-to-text-fragment: `[before-,]begin[,end][,-behind]`. A browser takes the first place that
fits. So each directive is first tried on what the page is known to show, in the page's order, and the shortest is taken
that leads to the quote, or else to the beginning of it; where none does, there is none, as a wrong sentence is worse
than the section alone.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, product
from typing import NamedTuple
from urllib.parse import quote as percent

from article_assistant.index.reading.lines import CELLS, CODE_MARK, HEADING, ITEM, cells_in

NAMED_WHOLE = 12
"""Words of a quote that are all named; of a longer one its ends are, if they lead to it."""
AT_ENDS = (6, 10)
NEARBY = (3, 8)
"""Words before or behind a quote that tell it from others like it."""

_BLOCK_LINES = re.compile(r"[^\n]+(?:\n[^\n]+)*")
_WIDE_SPACE = re.compile(r"\s{2,}")  # in code a browser takes white space as it is; in our text it may have been a tab
_ITEM_TERM = re.compile(r"(\S+(?: \S+){0,5}): ")


@dataclass(frozen=True, slots=True)
class _Shown:
    """Words that stand together on a page, and where in the text; -1 for a column's name, which is in each row there.

    The term of an item may stand by itself. Beside a heading a page may show more, like a button.
    """

    words: str
    at: int
    is_item: bool = False
    is_heading: bool = False


class _Directive(NamedTuple):
    before: str
    begin: str
    end: str
    behind: str

    def __str__(self) -> str:
        parts = [f"{_escaped(self.before)}-"] if self.before else []
        parts += [_escaped(part) for part in (self.begin, self.end) if part]
        return ",".join([*parts, f"-{_escaped(self.behind)}"] if self.behind else parts)

    def found(self, page: str) -> tuple[int, int] | None:
        """The characters `[start, end)` of a page that a browser highlights; it looks at no letter's case."""
        before, begin, end, behind = map(re.escape, self)
        lead, follow = rf"{before}\s*" if before else "", rf"\s*{behind}" if behind else ""
        upto = f"(?s:.*?){end}" if end else ""
        match = re.search(f"{lead}({begin}{upto}){follow}", page, re.IGNORECASE)
        return match.span(1) if match else None


def fragment(text: str, start: int, end: int, title: str = "") -> str:
    """A text directive for characters `[start, end)` of an article's text; "" where none is known to lead to them.

    >>> fragment("- Ask Mia.\\n- Then wait, and ask Mia.", 2, 10), fragment("We are. We are. So it is.", 8, 15)
    ('Ask%20Mia.', 'We%20are.-,We%20are.')
    """
    shown = list(_shown(text))
    quoted = [number for number, one in enumerate(shown) if start < one.at + len(one.words) and -1 < one.at < end]
    if not quoted:
        return ""
    first, last = shown[quoted[0]], shown[quoted[-1]]
    begins, ends = max(start - first.at, 0), min(end - last.at, len(last.words))
    pieces = [one.words for one in shown[quoted[0] : quoted[-1] + 1]]
    pieces[-1] = pieces[-1][:ends]
    pieces[0] = pieces[0][begins:]
    # The title stands above, and a table of contents may.
    page = "\n".join([title, *(one.words for one in shown if one.is_heading), ""])
    places = []
    for one in shown:
        places.append(len(page))
        page += f"{one.words}\n"
    aim = (places[quoted[0]] + begins, places[quoted[-1]] + ends)
    before = _Shown(first.words[:begins], 0) if begins else shown[quoted[0] - 1] if quoted[0] else None
    behind = _Shown(last.words[ends:], 0) if last.words[ends:].strip() else next(iter(shown[quoted[-1] + 1 :]), None)
    cores = list(_cores(pieces, is_term=first.is_item and not begins))
    part = ""
    for (lead, follow), (opens, closes) in product(_contexts(before, behind), cores):
        directive = _Directive(lead, opens, closes, follow)
        found = directive.found(page)
        if found == aim:
            return str(directive)
        if found and found[0] == aim[0] and found[1] < aim[1]:
            part = part or str(directive)
    return part


def _cores(pieces: Sequence[str], *, is_term: bool) -> Iterator[tuple[str, str]]:
    """What a quote begins and ends with; or all of it, and "": first where it is short, never where it is in parts."""
    parts = list(chain.from_iterable(map(_WIDE_SPACE.split, pieces)))
    if is_term and len(parts) == 1 and (term := _ITEM_TERM.match(parts[0])):
        parts = [term[1], parts[0][term.end() :]]
    first, last = parts[0].split(), parts[-1].split()
    if len(parts) > 1 or len(first) > NAMED_WHOLE:
        for most in AT_ENDS:
            kept = min(most, len(first) // 2) if len(parts) == 1 else most
            yield " ".join(first[:kept]), " ".join(last[-kept:])
    if len(parts) == 1:
        yield parts[0], ""


def _contexts(before: _Shown | None, behind: _Shown | None) -> list[tuple[str, str]]:
    """What may be named before and behind a quote: nothing first, and last what a heading says."""
    found = [(0, "", "")]
    for most in NEARBY:
        lead = " ".join(_WIDE_SPACE.split(before.words.strip())[-1].split()[-most:]) if before else ""
        follow = " ".join(_WIDE_SPACE.split(behind.words.strip())[0].split()[:most]) if behind else ""
        unsure = (bool(before and before.is_heading), bool(behind and behind.is_heading))
        found += [(unsure[0], lead, ""), (unsure[1], "", follow), (any(unsure), lead, follow)]
    return [(lead, follow) for _, lead, follow in sorted(found, key=lambda one: one[0])]


def _shown(text: str) -> Iterator[_Shown]:
    """What a page shows of a text, in order: without our marks, cell by cell, the names of columns once."""
    for together in _BLOCK_LINES.finditer(text):
        lines = [(together.start() + one.start(), one[0]) for one in re.finditer(".+", together[0])]
        plain = [line for _, line in lines if not ITEM.match(line) and not HEADING.match(line)]
        if all(line.startswith(CODE_MARK) for _, line in lines):
            yield from (_Shown(line.strip(), at + len(line) - len(line.lstrip())) for at, line in lines)
        elif len(plain) > 1 or all(CELLS in line for _, line in lines):
            yield from _cells(lines)
        else:
            for at, line in lines:
                heading, item = HEADING.match(line), ITEM.match(line)
                skipped = heading.start(2) if heading else item.end() if item else 0
                yield _Shown(line[skipped:].strip(), at + skipped, bool(item), bool(heading))


def _cells(lines: Sequence[tuple[int, str]]) -> Iterator[_Shown]:
    """The cells of a table's rows, behind the names of its columns; what spans several cells stands there once."""
    rows, times = list[list[tuple[int, str, str]]](), Counter[str]()
    for at, line in lines:
        rows.append([(start, name, line[start - at : end - at]) for name, start, end in cells_in(line, at)])
        times.update({name for _, name, _ in rows[-1]})
    columns = dict.fromkeys(name for row in rows for _, name, _ in row if name and (times[name] > 1 or len(row) > 1))
    yield from (_Shown(name, -1) for name in columns)
    above = ("", "")
    for row in rows:
        left = above
        above = row[0][1:]
        for number, (at, name, value) in enumerate(row):
            if value != left[1] or (number == 0 and (name != left[0] or len(row) == 1)):
                if name and name not in columns:
                    yield _Shown(name, at - len(f"{name}: "))
                yield _Shown(value, at)
            left = (name, value)


def _escaped(words: str) -> str:
    return percent(words, safe="").replace("-", "%2D")
