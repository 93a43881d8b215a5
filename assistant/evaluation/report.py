"""The report of an evaluation: what went wrong and why, as JSON and as Markdown, beside an earlier one.

A report is a dict that JSON can hold, with these keys:

- `report`: the version of this shape, SCHEMA; `made`: an ISO time in UTC; `questions_file`: its name only
- `assistant`, `encoder`: versions; `articles`, `chunks`: how many the library holds; `models`: the SHA-256
  of each file of `assistant/models`; `settings`: those that may change an answer
- `figures`: {name: {value, low, high, of}}; `causes`: {cause: count}
- `reliability`: None, or {of, error, bins: [{from, to, of, confidence, right, low, high}]}
- `questions`, in the order of the file: {question, before, article, answers, cause, answered, short, quote,
  cited (an article's id), title (its title), rank (of the first hit that holds an answer, or None),
  confidence, exact, f1, first_quote_right, in_window, citations, citations_right (counts), milliseconds}
- `comparison`, where there is an earlier report: what `compare` returns
"""

import hashlib
import json
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from functools import partial
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.evaluation.figures import (
    IN_WINDOW,
    Outcome,
    Question,
    exact,
    figures,
    in_window,
    overlap,
    right,
    wilson,
)
from article_assistant.index.search import Index
from article_assistant.index.types import UserFacingError
from article_assistant.settings import Settings
from article_assistant.types import Citation
from numpy.typing import NDArray

Report = dict[str, Any]
"""As the module says; `json.loads(json.dumps(report)) == report`."""

SCHEMA = 1
"""Goes up when a key that `read` asks for changes its meaning or leaves."""

CAUSES = {
    "right": "the exact words are an answer; or, where there are none, the first quote holds one",
    "not found": "no passage found holds an answer, so nothing after the search could get it right; a refusal "
    "for want of a passage counts here",
    "found but not read": "a passage found holds an answer, but all that was cited stands elsewhere",
    "wrongly read": "an answer was cited, or something else of a passage that holds one, but the exact words "
    "(or the first quote, where there are none) are not it",
    "wrongly refused": "a passage found holds an answer, but the assistant said that the articles do not answer",
    "wrongly answered": "the articles do not answer, but the assistant did",
    "rightly refused": "the articles do not answer, and the assistant said so",
}
"""What became of a question, exactly one of these: where the articles answer it, the first step that failed.

Words are compared as SQuAD does: without case, punctuation, a/an/the. A quote or a passage counts only where
it is of the article that the question names, if it names one.
"""
GOOD = frozenset({"right", "rightly refused"})

GATES = ("exact match", "f1", "first quote right", "false answers", "false refusals")
"""The figures that let a comparison fail."""
LESS_IS_BETTER = frozenset({"false answers", "false refusals", "p50 ms", "p95 ms"})
SAMPLES = 2000
"""Samples with replacement behind each interval of a difference."""
BINS = 10

_ELSEWHERE = {
    "home", "name", "encoder", "threads", "host", "port", "password", "embed_origins", "hosts",
}  # fmt: skip
"""Settings that are about the machine or the page, or in the report already. A new one is written down
until it is named here."""
_MODELS = Path(__file__).parents[1] / "models"
_KEYS: dict[str, Any] = {
    "made": str, "questions_file": str, "assistant": str, "encoder": str, "articles": int, "chunks": int,
    "models": dict, "settings": dict, "questions": list,
}  # fmt: skip
_QUESTION_KEYS: dict[str, Any] = {
    "question": str, "before": list, "article": str | None, "answers": list, "cause": str, "answered": bool,
    "rank": int | None, "exact": bool, "f1": int | float, "first_quote_right": bool, "in_window": bool,
    "citations": int, "citations_right": int, "milliseconds": int | float,
}  # fmt: skip
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f]")


class ReportError(UserFacingError):
    """An earlier report that nothing can be compared with."""


# --- making one -----------------------------------------------------------------------------------


def cause(outcome: Outcome) -> str:
    """Why an outcome is what it is: one of CAUSES."""
    answer, question = outcome.answer, outcome.question
    if not question.answers:
        return "wrongly answered" if answer.answered else "rightly refused"
    if not answer.answered:
        return "wrongly refused" if outcome.ranks else "not found"
    if exact(outcome) if answer.short else any(right(first, question) for first in answer.citations[:1]):
        return "right"
    if any(right(c, question) or _in_a_right_hit(c, outcome) for c in answer.citations):
        return "wrongly read"
    return "found but not read" if outcome.ranks else "not found"


def _in_a_right_hit(citation: Citation, outcome: Outcome) -> bool:
    return any(
        hit.rank in outcome.ranks
        and hit.article.id == citation.article
        and citation.start < hit.chunk.end
        and citation.end > hit.chunk.start
        for hit in outcome.hits
    )


def provenance(index: Index, settings: Settings) -> dict[str, Any]:
    """What answers depend on, as it is now: the report's keys from `made` to `settings`."""
    try:
        version = metadata.version("article-assistant")
    except metadata.PackageNotFoundError:  # run from a folder that was never installed
        version = "not installed"
    files = sorted(path for path in _MODELS.iterdir() if path.suffix in {".onnx", ".json"})
    return {
        "made": datetime.now(UTC).isoformat(timespec="seconds"),
        "assistant": version,
        "encoder": index.embedder.version,
        "articles": index.library.counts()["articles"],
        "chunks": index.library.counts()["chunks"],
        "models": {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in files},
        "settings": settings.model_dump(mode="json", exclude=_ELSEWHERE),
    }


def make(outcomes: Sequence[Outcome], questions_file: str, made_with: dict[str, Any]) -> Report:
    """The report of at least one outcome; `made_with` is what `provenance` returned."""
    rows = [_row(outcome) for outcome in outcomes]
    counts = Counter(row["cause"] for row in rows)
    measured = {
        name: {"value": round(f.value, 4), "low": round(f.low, 4), "high": round(f.high, 4), "of": f.of}
        for name, f in figures(outcomes).items()
    }
    return {
        "report": SCHEMA,
        "questions_file": questions_file,
        **made_with,
        "figures": measured,
        "causes": {name: counts[name] for name in CAUSES},
        "reliability": _reliability(rows),
        "questions": rows,
    }


def _row(outcome: Outcome) -> dict[str, Any]:
    question, answer = outcome.question, outcome.answer
    rights = [right(citation, question) for citation in answer.citations]
    first = answer.citations[0] if answer.citations else None
    return {
        "question": question.question,
        "before": list(question.before),
        "article": question.article,
        "answers": list(question.answers),
        "cause": cause(outcome),
        "answered": answer.answered,
        "short": answer.short,
        "quote": first and first.quote,
        "cited": first and first.article,
        "title": first and first.title,
        "rank": min(outcome.ranks, default=None),
        "confidence": answer.confidence,
        "exact": exact(outcome),
        "f1": round(overlap(outcome), 4),
        "first_quote_right": any(rights[:1]),
        "in_window": in_window(outcome),
        "citations": len(rights),
        "citations_right": sum(rights),
        "milliseconds": round(outcome.seconds * 1000, 1),
    }


def _reliability(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    """How far stated confidence can be believed: over the answers given, a refusal states none.

    `error` is the expected calibration error (Naeini et al. 2015): the mean distance of stated confidence
    and share right over the bins, weighted by their counts. None where no answer states a confidence.
    """
    stated = [(row["confidence"], row["cause"] == "right") for row in rows if row["answered"]]
    stated = [(confidence, good) for confidence, good in stated if confidence is not None]
    if not stated:
        return None
    bins, error = [], 0.0
    for number in range(BINS):
        inside = [pair for pair in stated if min(int(pair[0] * BINS), BINS - 1) == number]
        if not inside:
            continue
        confidence = sum(pair[0] for pair in inside) / len(inside)
        goods = sum(pair[1] for pair in inside)
        low, high = wilson(goods, len(inside))
        error += abs(confidence - goods / len(inside)) * len(inside) / len(stated)
        bins.append(
            {
                "from": number / BINS, "to": (number + 1) / BINS, "of": len(inside),
                "confidence": round(confidence, 4), "right": round(goods / len(inside), 4),
                "low": round(low, 4), "high": round(high, 4),
            }
        )  # fmt: skip
    return {"of": len(stated), "error": round(error, 4), "bins": bins}


# --- beside an earlier one ------------------------------------------------------------------------


def read(path: Path, asked: Sequence[Question]) -> Report:
    """An earlier report that has at least one of the questions to be asked. Raises ReportError."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"), parse_constant=_no_number)
    except (OSError, ValueError, RecursionError) as error:
        raise ReportError(
            f"the earlier report {path} cannot be read ({error}); name the JSON file of an earlier run with --report"
        ) from error
    version = found.get("report") if isinstance(found, dict) else None
    if type(version) is not int:
        raise ReportError(f"{path} is no report; name the JSON file that an earlier run wrote with --report")
    if version != SCHEMA:
        age, cure = ("an older", "make it anew with") if version < SCHEMA else ("a newer", "compare with")
        raise ReportError(
            f"{path} is a report of {age} version of the assistant (shape {version}, not {SCHEMA}); {cure} this one's"
        )
    wrong = next(_wrong(found), None)
    if wrong:
        raise ReportError(f"the report {path} is damaged ({wrong}); make it anew with --report")
    if not {_key(row) for row in found["questions"]} & {_asked_key(question) for question in asked}:
        raise ReportError(
            f"the report {path} has none of these questions with the same answers; "
            "name one that was made from this question file"
        )
    return dict(found)


def _wrong(found: Report) -> Iterator[str]:
    """What a report lacks of what `compare` reads."""
    yield from (f"its {key} is missing or wrong" for key, kind in _KEYS.items() if not isinstance(found.get(key), kind))
    for number, row in enumerate(found["questions"], 1):
        if not isinstance(row, dict):
            yield f"its question {number} is none"
            continue
        for key, kind in _QUESTION_KEYS.items():
            if key not in row or not isinstance(row[key], kind):
                yield f"the {key} of its question {number} is missing or wrong"
        if row["cause"] not in CAUSES or not all(isinstance(text, str) for text in [*row["before"], *row["answers"]]):
            yield f"its question {number} is wrong"


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _key(row: dict[str, Any]) -> tuple[Any, ...]:
    """What makes two rows the same question. With other answers it is another: the file changed, not the assistant."""
    return row["question"], tuple(row["before"]), row["article"], tuple(sorted(row["answers"]))


def _asked_key(question: Question) -> tuple[Any, ...]:
    return question.question, question.before, question.article, tuple(sorted(question.answers))


def compare(earlier: Report, now: Report) -> dict[str, Any]:
    """What changed between two reports, over the questions that are in both.

    A question is the same where its words, those before it, its article and its answers are. Returns
    `earlier`: {made, questions_file}; `changed`: {what the answers depend on: [then, now]}; `both`,
    `only_earlier`, `only_now`: counts; `figures`: {name: {earlier, now, difference, low, high, of, gates,
    verdict}} where the interval is 95 % of a paired bootstrap (Efron 1979) and the verdict "better" or
    "worse" where it leaves 0 out, else "no clear difference"; `better` and `worse`: the questions for which
    a figure of GATES changed, [{question, before, article, was, now (causes), figures}] (a question may be in
    both); `failed`: the figures of GATES that are worse.
    """
    waiting: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in earlier["questions"]:
        waiting.setdefault(_key(row), []).append(row)
    pairs = [(waiting[_key(row)].pop(0), row) for row in now["questions"] if waiting.get(_key(row))]
    then_with, now_with = _made_with(earlier), _made_with(now)
    compared = _compared(pairs)
    return {
        "earlier": {"made": earlier["made"], "questions_file": earlier["questions_file"]},
        "changed": {
            name: [then_with.get(name), now_with.get(name)]
            for name in dict.fromkeys([*then_with, *now_with])
            if then_with.get(name) != now_with.get(name)
        },
        "both": len(pairs),
        "only_earlier": len(earlier["questions"]) - len(pairs),
        "only_now": len(now["questions"]) - len(pairs),
        "figures": compared,
        "better": [row for row in (_moved(then, later, 1) for then, later in pairs) if row["figures"]],
        "worse": [row for row in (_moved(then, later, -1) for then, later in pairs) if row["figures"]],
        "failed": [name for name in GATES if name in compared and compared[name]["verdict"] == "worse"],
    }


def failure(comparison: dict[str, Any]) -> str | None:
    """One line with the figures that are significantly worse and the first questions that got so, or None."""
    if not comparison["failed"]:
        return None
    said = []
    for name in comparison["failed"]:
        f = comparison["figures"][name]
        said.append(f"{name} {f['earlier']:.3f} → {f['now']:.3f} ({f['low']:+.3f} to {f['high']:+.3f})")
    worse = [row["question"] for row in comparison["worse"] if set(row["figures"]) & set(comparison["failed"])]
    more = f" and {len(worse) - 3} more" if len(worse) > 3 else ""
    first = ", ".join(f"“{question}”" for question in worse[:3])
    return f"significantly worse than the earlier report: {'; '.join(said)}; worse are {first}{more}"


def _made_with(report: Report) -> dict[str, Any]:
    return {
        **{key: report[key] for key in ("assistant", "encoder", "articles", "chunks")},
        **{f"model {name}": str(digest)[:12] for name, digest in report["models"].items()},
        **{f"setting {name}": value for name, value in report["settings"].items()},
    }


def _parts(row: dict[str, Any]) -> dict[str, tuple[float, float]]:
    """What a question adds to each figure that is a share or a mean: to its numerator, to its denominator."""
    known, answered = bool(row["answers"]), row["answered"]
    rank = row["rank"] or math.inf
    return {
        "hit@1": (rank <= 1, known),
        "hit@5": (rank <= 5, known),
        "mrr@10": (1 / rank if rank <= 10 else 0.0, known),
        IN_WINDOW: (row["in_window"], known),
        "exact match": (row["exact"], known),
        "f1": (row["f1"], known),
        "first quote right": (row["first_quote_right"], known),
        "citation precision": (row["citations_right"], row["citations"] if known else 0),
        "citation recall": (row["citations_right"] > 0, known),
        "false refusals": (known and not answered, known),
        "false answers": (not known and answered, not known),
    }


def _compared(pairs: Sequence[tuple[dict[str, Any], dict[str, Any]]]) -> dict[str, dict[str, Any]]:
    """The paired differences of each figure that some of the pairs are asked for."""
    found: dict[str, dict[str, Any]] = {}
    parts = [(_parts(then), _parts(now)) for then, now in pairs]
    for name in parts[0][0] if parts else ():
        rows = np.array([(then[name], now[name]) for then, now in parts], dtype=np.float64)
        rows = rows[rows[:, :, 1].sum(axis=1) > 0]
        if rows[:, :, 1].sum(axis=0).all():
            found[name] = _difference(name, rows, _share)
    milliseconds = np.array([(then["milliseconds"], now["milliseconds"]) for then, now in pairs], dtype=np.float64)
    for percent in (50, 95) if pairs else ():
        name = f"p{percent} ms"
        found[name] = _difference(name, milliseconds, partial(_percentile, percent=percent))
    return found


def _percentile(rows: NDArray[np.float64], percent: float) -> NDArray[np.float64]:
    """Then and now: the percentile of rows of shape `(n, 2)`, as `evaluate.percentile` takes it."""
    values: NDArray[np.float64] = np.percentile(rows, percent, axis=0, method="inverted_cdf")
    return values


def _share(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Then and now: the share of rows of shape `(n, 2, 2)`; NaN where a sample holds nothing to divide by."""
    sums = rows.sum(axis=0)
    shares: NDArray[np.float64] = np.divide(sums[:, 0], sums[:, 1], out=np.full(2, np.nan), where=sums[:, 1] > 0)
    return shares


def _difference(
    name: str, rows: NDArray[np.float64], measure: Callable[[NDArray[np.float64]], NDArray[np.float64]]
) -> dict[str, Any]:
    """Then, now, and the interval of the difference; questions are drawn as pairs, the same ones every time."""
    chance = np.random.default_rng(20160609)
    drawn = np.array([measure(rows[chance.integers(len(rows), size=len(rows))]) for _ in range(SAMPLES)])
    differences = drawn[:, 1] - drawn[:, 0]
    differences = differences[~np.isnan(differences)]
    # Outwards to a drawn value: a bound between 0 and the next one would call chance a difference.
    low = float(np.quantile(differences, 0.025, method="lower"))
    high = float(np.quantile(differences, 0.975, method="higher"))
    then, now = (float(value) for value in measure(rows))
    verdict = "no clear difference"
    if low > 0 or high < 0:
        verdict = "better" if (low > 0) != (name in LESS_IS_BETTER) else "worse"
    return {
        "earlier": round(then, 4), "now": round(now, 4), "difference": round(now - then, 4),
        "low": round(low, 4), "high": round(high, 4), "of": len(rows), "gates": name in GATES, "verdict": verdict,
    }  # fmt: skip


def _moved(then: dict[str, Any], now: dict[str, Any], way: int) -> dict[str, Any]:
    """The question, its causes, and in which figures of GATES it got better (way 1) or worse (way -1)."""
    before, after = _parts(then), _parts(now)
    signs = {name: -way if name in LESS_IS_BETTER else way for name in GATES}
    return {
        "question": now["question"],
        "before": now["before"],
        "article": now["article"],
        "was": then["cause"],
        "now": now["cause"],
        "figures": [name for name in GATES if (after[name][0] - before[name][0]) * signs[name] > 0],
    }


# --- as Markdown ----------------------------------------------------------------------------------


def markdown(report: Report) -> str:
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
        *_table(
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
        *_table(
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


def _question_lines(number: int, row: dict[str, Any]) -> Iterator[str]:
    indent = " " * (len(str(number)) + 2)
    yield f"{number}. {_code(row['question'])}"
    if row["before"]:
        yield f"{indent}- asked after: {', '.join(map(_code, row['before']))}"
    where = f" in {_code(row['article'])}" if row["article"] else ""
    yield f"{indent}- expected: {', '.join(map(_code, row['answers'])) if row['answers'] else 'a refusal'}{where}"
    sure = "" if row["confidence"] is None else f", with confidence {row['confidence']:.2f}"
    said = "a refusal" if not row["answered"] else _code(row["short"]) if row["short"] else "only what is cited"
    yield f"{indent}- said: {said}{sure}"
    if row["quote"] is not None:
        yield f"{indent}- cited: {_code(row['title'])}: {_code(row['quote'])}"
    if row["answers"]:
        rank = f"rank {row['rank']}" if row["rank"] else "none found"
        yield f"{indent}- first passage that holds an answer: {rank}"


def _reliability_lines(reliability: dict[str, Any] | None) -> Iterator[str]:
    if reliability is None:
        return
    yield from ("## How far its confidence can be believed", "")
    yield (
        f"{_count(reliability['of'], 'answer')} that stated a confidence (a refusal does not count); "
        f"expected calibration error {reliability['error']:.3f}."
    )
    yield ""
    yield from _table(
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
    yield from _table(
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


def _table(head: Sequence[str], rows: Iterator[Sequence[str]], text_columns: Sequence[int] = (0,)) -> Iterator[str]:
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
