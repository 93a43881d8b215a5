"""The report of an evaluation as Markdown, for people."""

import re
from collections.abc import Iterator, Sequence
from typing import Any

from article_assistant.evaluation.report import CAUSES, GOOD, Judged, Reliability, Report

_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


def as_markdown(report: Report) -> str:
    """The report for people. Words from outside stand in code spans, never in a table."""
    lines = [
        f"# Evaluation of {_code(report['questions_file'])}",
        "",
        f"{_count(len(report['questions']), 'question')}, asked at {_code(report['made'])} of "
        f"{_count(report['articles'], 'article')} in {_count(report['chunks'], 'chunk')}. Intervals are 95 %.",
        "",
        f"- assistant {_code(report['assistant'])}, encoder {_code(report['encoder'])}",
        *(f"- model {_code(name)}, SHA-256 {_code(digest)}" for name, digest in report["models"].items()),
        *(f"- setting {_code(name)}: {_code(str(value))}" for name, value in report["settings"].items()),
        "",
        "## Figures",
        "",
        *_table_lines(
            ("figure", "value", "interval", "of"),
            (
                (name, shown(name, f["value"]), interval(name, f["low"], f["high"]), f"{f['of']:,}")
                for name, f in report["figures"].items()
            ),
        ),
        "",
        "## What became of the questions",
        "",
        "Each question counts once; where the articles answer it, under the first step that failed. Words are "
        "compared without case, punctuation, a/an/the; a quote or a passage counts only where it is of the "
        "article that the question names, if it names one.",
        "",
        *_table_lines(
            ("cause", "questions", "meaning"),
            ((name, f"{report['causes'][name]:,}", meaning) for name, meaning in CAUSES.items()),
            text_columns=(0, 2),
        ),
        "",
        *_reliability_lines(report["reliability"]),
        "## What went wrong",
        "",
    ]
    wrong = [name for name in CAUSES if name not in GOOD and report["causes"][name]]
    for name in wrong:
        rows = [row for row in report["questions"] if row["cause"] == name]
        lines += [f"### {name.capitalize()} ({len(rows):,})", ""]
        for place, row in enumerate(rows, 1):
            lines += _question_lines(place, row)
        lines.append("")
    if not wrong:
        lines += ["Nothing.", ""]
    if report.get("comparison"):
        lines += _comparison_lines(report["comparison"])
    return "\n".join(lines).rstrip() + "\n"


def _question_lines(number: int, row: Judged) -> Iterator[str]:
    indent = " " * (len(str(number)) + 2)
    yield f"{number}. {_code(row['question'])}"
    if row["before"]:
        yield f"{indent}- asked after: {', '.join(map(_code, row['before']))}"
    where = f" in {_code(row['article'])}" if row["article"] else ""
    yield f"{indent}- expected: {', '.join(map(_code, row['answers'])) if row['answers'] else 'a refusal'}{where}"
    sure = "" if row["confidence"] is None else f", with confidence {row['confidence']:.2f}"
    said = "a refusal" if not row["answered"] else _code(row["short"]) if row["short"] else "only what is cited"
    yield f"{indent}- said: {said}{sure}"
    if row["quote"] is not None and row["title"] is not None:
        yield f"{indent}- cited: {_code(row['title'])}: {_code(row['quote'])}"
    if row["answers"]:
        rank = f"rank {row['rank']}" if row["rank"] else "none found"
        yield f"{indent}- first passage that holds an answer: {rank}"


def _reliability_lines(reliability: Reliability | None) -> Iterator[str]:
    if reliability is None:
        return
    yield from ("## How far its confidence can be believed", "")
    yield (
        f"{_count(reliability['of'], 'answer')} that stated a confidence (a refusal does not count); "
        f"expected calibration error {reliability['error']:.3f}."
    )
    yield ""
    yield from _table_lines(
        ("confidence", "answers", "stated on average", "share right", "interval"),
        (
            (
                f"{b['from']:.1f} to {b['to']:.1f}",
                f"{b['of']:,}",
                f"{b['confidence']:.3f}",
                f"{b['right']:.3f}",
                interval("", b["low"], b["high"]),
            )
            for b in reliability["bins"]
        ),
    )
    yield ""


def _comparison_lines(comparison: dict[str, Any]) -> Iterator[str]:
    yield from (f"## Compared with the report of {_code(comparison['earlier']['made'])}", "")
    yield (
        f"{_count(comparison['both'], 'question')} in both (the same words, article and answers), "
        f"{comparison['only_earlier']:,} only in the earlier one, {comparison['only_now']:,} only in this one. "
        "A difference is clear where its interval (paired bootstrap) leaves out 0."
    )
    yield ""
    for name, (then, now) in comparison["changed"].items():
        yield f"- {_code(name)} was {_code(str(then))}, is {_code(str(now))}"
    if comparison["changed"]:
        yield ""
    yield from _table_lines(
        ("figure", "then", "now", "difference", "interval", "of", "verdict"),
        (
            (
                f"{name}, gates" if f["gates"] else name,
                shown(name, f["earlier"]),
                shown(name, f["now"]),
                shown(name, f["difference"], "+"),
                interval(name, f["low"], f["high"], "+"),
                f"{f['of']:,}",
                f["verdict"],
            )
            for name, f in comparison["figures"].items()
        ),
        text_columns=(0, 6),
    )
    failed = ", ".join(comparison["failed"])
    yield ""
    yield f"Significantly worse: {failed}." if failed else "No figure that gates is significantly worse."
    for way in ("worse", "better"):
        yield from ("", f"### Questions that got {way} ({len(comparison[way]):,})", "")
        for number, row in enumerate(comparison[way], 1):
            after = f", asked after {', '.join(map(_code, row['before']))}" if row["before"] else ""
            causes = row["now"] if row["was"] == row["now"] else f"{row['was']} → {row['now']}"
            yield f"{number}. {_code(row['question'])}{after}: {causes} ({', '.join(row['figures'])})"
        if not comparison[way]:
            yield "None."


def _table_lines(
    head: Sequence[str], rows: Iterator[Sequence[str]], text_columns: Sequence[int] = (0,)
) -> Iterator[str]:
    yield f"| {' | '.join(head)} |"
    yield f"|{'|'.join('---' if i in text_columns else '--:' for i in range(len(head)))}|"
    for row in rows:
        yield f"| {' | '.join(row)} |"


def shown(name: str, value: float, sign: str = "") -> str:
    """A value of a figure, as people read it."""
    return f"{value:{sign}.{1 if name.endswith('ms') else 3}f}"


def interval(name: str, low: float, high: float, sign: str = "") -> str:
    """The bounds of a figure, or of its difference, as people read them."""
    return f"{shown(name, low, sign)} to {shown(name, high, sign)}"


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _code(text: str, most: int = 200) -> str:
    """Words from outside on one line, cut at `most` characters, in a code span: nothing in them is Markdown or HTML.

    >>> print(_code("![x](http://evil) <b>"), _code("a `tick`"), _code(" "))
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
