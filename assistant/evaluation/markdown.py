"""The report of an evaluation as Markdown, for people; `report.md.jinja` has its text."""

import re
from pathlib import Path

from article_assistant.evaluation.report import CAUSES, GOOD, Report
from jinja2 import Environment, FileSystemLoader, StrictUndefined

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


def as_markdown(report: Report) -> str:
    """The report for people. Words from outside stand in code spans, never in a table."""
    wrong = [name for name in CAUSES if name not in GOOD and report["causes"][name]]
    given = {"comparison": None, **report, "meanings": CAUSES, "wrong": wrong}
    return _MARKDOWN.get_template("report.md.jinja").render(given).rstrip() + "\n"


def figure_text(name: str, value: float, sign: str = "") -> str:
    """A value of a figure, as people read it."""
    return f"{value:{sign}.{1 if name.endswith('ms') else 3}f}"


def interval(name: str, low: float, high: float, sign: str = "") -> str:
    """The bounds of a figure, or of its difference, as people read them."""
    return f"{figure_text(name, low, sign)} to {figure_text(name, high, sign)}"


def in_code(text: str, most: int = 200) -> str:
    """Words from outside on one line, cut at `most` characters, in a code span: nothing in them is Markdown or HTML.

    >>> print(in_code("![x](http://evil) <b>"), in_code("a `tick`"), in_code(" "))
    `![x](http://evil) <b>` `` a `tick` `` (nothing)
    """
    line = " ".join(_CONTROL.sub("\ufffd", text).split())
    if not line:
        return "(nothing)"
    if len(line) > most:
        line = line[: most - 1].rstrip() + "…"
    # A span ends at a run of exactly as many backticks as it began with, so begin with one more than any inside.
    fence = "`" * (max(map(len, re.findall("`+", line)), default=0) + 1)
    pad = " " if "`" in (line[0], line[-1]) else ""
    return f"{fence}{pad}{line}{pad}{fence}"


# Markdown, not HTML: what comes from outside passes `in_code` in place of HTML's escapes.
_MARKDOWN = Environment(  # noqa: S701
    loader=FileSystemLoader(Path(__file__).parent), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
_MARKDOWN.filters |= {
    "code": in_code,
    "count": lambda number, noun: f"{number:,} {noun}{'' if number == 1 else 's'}",
    "thousands": lambda number: f"{number:,}",
}
_MARKDOWN.globals |= {"shown": figure_text, "interval": interval}
