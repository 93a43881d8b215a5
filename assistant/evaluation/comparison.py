"""An earlier report beside this one: what changed between them, and whether it is worse by more than chance."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.evaluation.figures import IN_WINDOW, interval_of, percentile, resampled
from article_assistant.evaluation.questions import Question
from article_assistant.evaluation.report import REPORT_VERSION, STRICT_RECORD, Judged, Report
from article_assistant.index.types import UserFacingError
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

Measure = Callable[[NDArray[np.intp]], float]
"""A figure of the questions with these indices."""
GATES = ("exact match", "f1", "first quote right", "false answers", "false refusals")
"""The figures that let a comparison fail."""
LESS_IS_BETTER = frozenset({"false answers", "false refusals", "p50 ms", "p95 ms"})


class _Begun(TypedDict):
    __pydantic_config__ = STRICT_RECORD  # type: ignore[misc]
    report: int


class ReportError(UserFacingError):
    """An earlier report that nothing can be compared with."""


def read_report(path: Path, asked: Sequence[Question]) -> Report:
    """An earlier report that has at least one of the questions to be asked. Raises ReportError."""
    try:
        content = path.read_bytes()
        version = TypeAdapter(_Begun).validate_json(content)["report"]
    except OSError as error:
        raise ReportError(
            f"the earlier report {path} cannot be read ({error.strerror}); name the JSON file of an earlier run"
        ) from error
    except ValidationError as error:
        problem = error.errors()[0]
        if problem["type"] == "json_invalid":
            raise ReportError(
                f"the earlier report {path} cannot be read ({problem['msg']}); name the JSON file of an earlier run"
            ) from error
        raise ReportError(
            f"{path} is not a report; name the JSON file that an earlier run wrote with --report"
        ) from error
    if version != REPORT_VERSION:
        age, cure = ("an older", "make it anew with") if version < REPORT_VERSION else ("a newer", "compare with")
        raise ReportError(
            f"{path} is a report of {age} version of the assistant (shape {version}, not {REPORT_VERSION}); "
            f"{cure} this one's"
        )
    try:
        found = TypeAdapter(Report).validate_json(content)
    except ValidationError as error:
        problem = error.errors()[0]
        where = ".".join(map(str, problem["loc"]))
        raise ReportError(
            f"the report {path} is damaged ({where}: {problem['msg']}); make it anew with --report"
        ) from error
    if not {asked_as(row) for row in found["questions"]} & {
        (question.question, question.before, question.article, tuple(sorted(question.answers))) for question in asked
    }:
        raise ReportError(
            f"the report {path} has none of these questions with the same answers; "
            "name one that was made from this question file"
        )
    return found


def asked_as(row: Judged) -> tuple[Any, ...]:
    """What makes two rows the same question. With other answers it is another: the file changed, not the assistant."""
    return row["question"], tuple(row["before"]), row["article"], tuple(sorted(row["answers"]))


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
    waiting: dict[tuple[Any, ...], list[Judged]] = {}
    for row in earlier["questions"]:
        waiting.setdefault(asked_as(row), []).append(row)
    pairs = [(waiting[asked_as(row)].pop(0), row) for row in now["questions"] if waiting.get(asked_as(row))]
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


def _shares(row: Judged) -> dict[str, tuple[float, float]]:
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


def _compared(pairs: Sequence[tuple[Judged, Judged]]) -> dict[str, dict[str, Any]]:
    """The paired differences of each figure that some of the pairs are asked for."""
    found: dict[str, dict[str, Any]] = {}
    parts = [(_shares(earlier), _shares(later)) for earlier, later in pairs]
    for name in parts[0][0] if parts else ():
        rows = np.array([(then[name], now[name]) for then, now in parts], dtype=np.float64)
        rows = rows[rows[:, :, 1].sum(axis=1) > 0]
        if rows[:, :, 1].sum(axis=0).all():
            then, now = (partial(_share, rows, at) for at in (0, 1))
            found[name] = _difference(name, then, now, len(rows))
    took = np.array([(then["milliseconds"], now["milliseconds"]) for then, now in pairs], dtype=np.float64)
    for percent in (50, 95) if pairs else ():
        then, now = (partial(_time, took[:, at], percent) for at in (0, 1))
        found[f"p{percent} ms"] = _difference(f"p{percent} ms", then, now, len(took))
    return found


def _share(rows: NDArray[np.float64], at: int, drawn: NDArray[np.intp]) -> float:
    """The share of drawn rows of shape `(n, 2, 2)`, then (`at` 0) or now (1); NaN where nothing is to divide by."""
    above, below = rows[drawn, at].sum(axis=0)
    return float(above / below) if below else math.nan


def _time(took: NDArray[np.float64], percent: float, drawn: NDArray[np.intp]) -> float:
    return percentile(took[drawn], percent)


def _difference(name: str, then: Measure, now: Measure, of: int) -> dict[str, Any]:
    """Then, now, and the interval of the difference; questions are drawn as pairs."""
    low, high = interval_of(resampled(of, lambda drawn: now(drawn) - then(drawn)))
    earlier, later = then(np.arange(of)), now(np.arange(of))
    verdict = "no clear difference"
    if low > 0 or high < 0:
        verdict = "better" if (low > 0) != (name in LESS_IS_BETTER) else "worse"
    return {
        "earlier": round(earlier, 4), "now": round(later, 4), "difference": round(later - earlier, 4),
        "low": round(low, 4), "high": round(high, 4), "of": of, "gates": name in GATES, "verdict": verdict,
    }  # fmt: skip


def _moved(then: Judged, now: Judged, way: int) -> dict[str, Any]:
    """The question, its causes, and in which figures of GATES it got better (way 1) or worse (way -1)."""
    before, after = _shares(then), _shares(now)
    signs = {name: -way if name in LESS_IS_BETTER else way for name in GATES}
    return {
        "question": now["question"],
        "before": now["before"],
        "article": now["article"],
        "was": then["cause"],
        "now": now["cause"],
        "figures": [name for name in GATES if (after[name][0] - before[name][0]) * signs[name] > 0],
    }
