"""Running heads and page numbers, which stand on the pages of a file and are none of its text."""

import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from itertools import pairwise

from article_assistant.index.reading.placed import PageWord, Sheet
from article_assistant.index.reading.rows import WIDE, base_rows

EDGE = 0.13
"""Share of a page's height, above and below, in which running heads and numbers of pages stand."""
_PAGE_NUMBER = re.compile(r"[\W_]*(\d{1,4}|[ivxlc]{1,6})[\W_]*", re.IGNORECASE)


def without_running(sheets: Sequence[Sheet]) -> None:
    """Take away the head and foot lines that come again on other pages, and page numbers."""
    edges: list[list[tuple[tuple[str, int, int], list[PageWord]]]] = []
    times: dict[str, set[tuple[int, int, int]]] = defaultdict(set)  # the page, and where on it
    for number, one in enumerate(sheets):
        found = base_rows(one.words)
        upright = [rule for rule in one.rules if rule.left == rule.right]
        at_edge = []
        for row in {id(row): row for row in [*found[:2], *found[-2:]]}.values():
            if any(rule.top <= row[0].base <= rule.bottom for rule in upright):
                continue  # of a table
            if EDGE * one.height < row[0].base < (1 - EDGE) * one.height:
                continue
            for part in _parted(row):
                said = " ".join(word.text for word in part)
                # Of numbers alone, only those that count the pages run.
                page = _PAGE_NUMBER.fullmatch(said)
                key = f"#{int(page[1]) - number}" if page and page[1].isdigit() else re.sub(r"\d+", "0", said)
                y, x = round(part[0].base / 8), round(part[0].left / 40)
                at_edge.append(((key, y, x), part))
                times[key].add((number, y, x))
        edges.append(at_edge)
    for one, at_edge in zip(sheets, edges, strict=True):
        gone = set(map(id, _page_number(one)))
        for (key, y, x), part in at_edge:
            again = len({page for page, v, u in times[key] if abs(v - y) < 2 and abs(u - x) < 2})
            if again > 1 and (again > 2 or again > len(sheets) / 2):
                gone.update(map(id, part))
        one.words = [word for word in one.words if id(word) not in gone]
    turned = Counter(said for one in sheets for said in set(one.turned))
    for one in sheets:
        one.turned = [said for said in one.turned if turned[said] < 3 or not one.words]


def _page_number(one: Sheet) -> list[PageWord]:
    """The words of a number that stands alone above or below all others of a page, or at its edge."""
    found = base_rows(one.words)
    if len(found) < 3:
        return []
    for row, near in ((found[0], found[1]), (found[-1], found[-2])):
        apart = abs(row[0].base - near[0].base) > 2.2 * row[0].size
        edge = not EDGE * one.height < row[0].base < (1 - EDGE) * one.height
        ruled = any(rule.left == rule.right and rule.top <= row[0].base <= rule.bottom for rule in one.rules)
        if (apart or edge) and not ruled and _PAGE_NUMBER.fullmatch(" ".join(word.text for word in row)):
            return row
    return []


def _parted(row: Sequence[PageWord]) -> list[list[PageWord]]:
    """The words of a row, parted where the gap is wide."""
    parts = [[row[0]]]
    for a, b in pairwise(row):
        if b.left - a.right > WIDE * b.size:
            parts.append([])
        parts[-1].append(b)
    return parts
