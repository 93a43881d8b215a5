"""The report of an evaluation: what became of each question, and what the answers depend on."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any, Literal, NotRequired

from article_assistant.evaluation.figures import Outcome, exact, figures, in_window, overlap, right, wilson
from article_assistant.index.search import Index
from article_assistant.settings import Settings
from article_assistant.types import Citation
from pydantic import ConfigDict
from typing_extensions import TypedDict  # pydantic takes typing's own from Python 3.12 on

REPORT_VERSION = 1
"""Version of the record; goes up when a key changes its meaning or leaves."""

Cause = Literal[
    "right", "not found", "found but not read", "wrongly read",
    "wrongly refused", "wrongly answered", "rightly refused",
]  # fmt: skip
CAUSES: dict[Cause, str] = {
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

BINS = 10
"""Bins of equal width over the confidences 0 to 1."""

_ELSEWHERE = {
    "home", "name", "encoder", "threads", "host", "port", "password", "embed_origins", "hosts",
}  # fmt: skip
"""Settings that are about the machine or the page, or in the report already. A new one is written down
until it is named here."""
_MODELS = Path(__file__).parents[1] / "models"
STRICT_RECORD = ConfigDict(strict=True, allow_inf_nan=False, extra="allow")


class Value(TypedDict):
    """A figure: its value, its 95 % interval, and how many questions it was taken from."""

    value: float
    low: float
    high: float
    of: int


Bin = TypedDict(
    "Bin", {"from": float, "to": float, "of": int, "confidence": float, "right": float, "low": float, "high": float}
)
"""The answers whose confidence lies in `[from, to)`: their mean confidence, the share right, its 95 % interval."""


class Reliability(TypedDict):
    """How far stated confidence can be believed; see `_reliability`."""

    of: int
    error: float
    bins: list[Bin]


class Judged(TypedDict):
    """What became of one question."""

    question: str
    before: list[str]
    article: str | None
    answers: list[str]
    cause: Cause
    answered: bool
    short: str | None
    quote: str | None
    cited: str | None
    """Id of the article that the first quote is of; `title` is its title."""
    title: str | None
    rank: int | None
    """Rank of the first passage that holds an answer, from 1."""
    confidence: float | None
    exact: bool
    f1: float
    first_quote_right: bool
    in_window: bool
    citations: int
    citations_right: int
    milliseconds: float


class Report(TypedDict):
    """What an evaluation found, as JSON holds it: `json.loads(json.dumps(report)) == report`."""

    __pydantic_config__ = STRICT_RECORD  # type: ignore[misc]
    report: int
    made: str
    """ISO time in UTC."""
    questions_file: str
    """Its name, without folders."""
    assistant: str
    encoder: str
    articles: int
    chunks: int
    models: dict[str, str]
    """SHA-256 of each file of `assistant/models`."""
    settings: dict[str, Any]
    """Those that may change an answer."""
    figures: dict[str, Value]
    causes: dict[str, int]
    reliability: Reliability | None
    questions: list[Judged]
    """In the order of the file."""
    comparison: NotRequired[dict[str, Any]]
    """Where there is an earlier report: what `comparison.compare` returns."""


def cause(outcome: Outcome) -> Cause:
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


def make_report(outcomes: Sequence[Outcome], questions_file: str, made_with: dict[str, Any]) -> Report:
    """The report of at least one outcome; `made_with` is what `provenance` returned."""
    rows = [_row(outcome) for outcome in outcomes]
    counts = Counter(row["cause"] for row in rows)
    measured = {
        name: {"value": round(f.value, 4), "low": round(f.low, 4), "high": round(f.high, 4), "of": f.of}
        for name, f in figures(outcomes).items()
    }
    return {
        "report": REPORT_VERSION,
        "questions_file": questions_file,
        **made_with,  # type: ignore[typeddict-item] # mypy wants the keys of made_with spelled
        "figures": measured,
        "causes": {name: counts[name] for name in CAUSES},
        "reliability": _reliability(rows),
        "questions": rows,
    }


def _row(outcome: Outcome) -> Judged:
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
        "quote": first.quote if first else None,
        "cited": first.article if first else None,
        "title": first.title if first else None,
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


def _reliability(rows: Sequence[Judged]) -> Reliability | None:
    """How far stated confidence can be believed: over the answers given, a refusal states none.

    `error` is the expected calibration error (Naeini et al. 2015): the mean distance of stated confidence
    and share right over the bins, weighted by their counts. None where no answer states a confidence.
    """
    stated = [
        (row["confidence"], row["cause"] == "right")
        for row in rows
        if row["answered"] and row["confidence"] is not None
    ]
    if not stated:
        return None
    bins, error = list[Bin](), 0.0
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
