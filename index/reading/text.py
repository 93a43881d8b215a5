"""Plain text: its lines, and the paragraphs that they were broken from."""

import re

from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.frontmatter import date_of, divide
from article_assistant.index.reading.page import Page, squeeze

_ITEM = re.compile(r"([-*•–]|\d{1,3}[.)]|[A-Za-z][.)]|[^\s:]{1,30}:)\s")


def text_page(data: bytes) -> Page:
    """Plain text; lines that were broken at a fixed width are joined again."""
    facts, body = divide(decode(data))
    lines: list[list[str]] = []  # each in its parts: to join them one by one takes hours for a long line
    for line in (line.rstrip() for line in body.expandtabs(4).split("\n")):
        begin = lines[-1][0] if lines else ""
        goes_on = len(begin) >= 50 and line and not line.startswith(" ") and not _ITEM.match(line)
        if goes_on and not re.match(r"#{1,6} |[=-]{3,}$", line) and not begin.startswith("#"):
            lines[-1].append(line)
        elif line or begin:
            lines.append([line])
    text = "\n".join(" ".join(parts) for parts in lines).strip("\n")
    first = squeeze(text.split("\n", 1)[0]).lstrip("# ")
    title = squeeze(str(facts.get("title") or "")) or (first if len(first) <= 120 else None)
    return Page(title, text, date_of(facts))
