"""How well a sentence is checked against its passage: rows of evidence, claim and a label by people.

    python -m bench.support FILE [--json]

FILE has a JSON line a row, gzipped or not: `{"evidence", "claim", "label": "supported" | "contradicted" |
"unsupported", "set"}`. A row is scored as the product checks a sentence of a language model against the passage
that it cites (`assistant/writing/entailment.py`). A long passage is cut as an article is, and its best part counts.
`--each 100` draws at most so many rows of each set, so that no large one hides the others. A row takes
about 0.3 s on two busy cores.
"""

import argparse
import gzip
import hashlib
import json
import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.evaluation.figures import interval_of, resampled
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.types import Article, Hit
from article_assistant.writing.entailment import FITTED, Checker
from numpy.typing import NDArray

from bench import report

FLAGGED = (0.02, 0.05, 0.1)
"""Shares of the right sentences that are flagged."""
DRAWS = 300
"""Draws of the bootstrap that gives the intervals (Efron 1979)."""
SEED = 5


@dataclass(frozen=True, slots=True)
class Row:
    """A claim and the passage that is to carry it; `right` tells whether people say that it does."""

    evidence: str
    claim: str
    right: bool
    set: str


def rows(path: Path, each: int | None = None, *, test: bool = False) -> list[Row]:
    """At most `each` rows of each set, all for None; with `test` of those whose evidence's SHA-256 ten divides."""
    found: dict[str, list[Row]] = defaultdict(list)
    for line in _lines(path):
        row: dict[str, Any] = json.loads(line)
        if test and int(hashlib.sha256(row["evidence"].encode()).hexdigest(), 16) % 10:
            continue
        name = row.get("set", path.name)
        found[name].append(Row(row["evidence"], row["claim"], row["label"] == "supported", name))
    chance = random.Random(SEED)
    return [row for _, own in sorted(found.items()) for row in chance.sample(own, min(each or len(own), len(own)))]


def _lines(path: Path) -> Iterator[str]:
    with gzip.open(path, "rt", encoding="utf-8") if path.suffix == ".gz" else path.open(encoding="utf-8") as lines:
        yield from lines


def score(row: Row, checker: Checker, embedder: embed.Embedder) -> float:
    """How sure the product is that the passage carries the claim, in logits; minus infinity where it says nothing."""
    article = Article("", "", row.evidence, "", "", None, frozenset())
    hits = [Hit(chunk, article, 1, 1.0, 0.0, ()) for chunk in split(article, embedder)]
    known = [evidence for hit in hits if (evidence := checker.evidence(row.claim, hit))]
    return max((evidence.score for evidence in known), default=-np.inf)


def auc(scores: NDArray[np.float64], right: NDArray[np.bool_]) -> float:
    """The chance that a right sentence scores above a wrong one, ties counted half; NaN where one kind is missing.

    >>> auc(np.array([1.0, 2.0, 3.0, 3.0]), np.array([False, True, True, False]))
    0.625
    """
    if right.all() or not right.any():
        return float("nan")
    above, below = scores[right][:, None], scores[~right][None]
    return float((above > below).mean() + (above == below).mean() / 2)


def caught(scores: NDArray[np.float64], right: NDArray[np.bool_], flagged: float) -> float:
    """The share of the wrong sentences below the score under which `flagged` of the right ones lie."""
    if right.all() or not right.any():
        return float("nan")
    return float((scores[~right] < np.quantile(scores[right], flagged, method="lower")).mean())


def interval(
    figure: Callable[[NDArray[np.float64], NDArray[np.bool_]], float],
    scores: NDArray[np.float64],
    right: NDArray[np.bool_],
    group: Sequence[str],
) -> tuple[float, float]:
    """An interval of 95 % by the bootstrap; rows that share their evidence are drawn together."""
    members: dict[str, list[int]] = defaultdict(list)
    for i, name in enumerate(group):
        members[name].append(i)
    parts = [np.array(part) for part in members.values()]

    def of_parts(drawn: NDArray[np.intp]) -> float:
        of = np.concatenate([parts[i] for i in drawn])
        return figure(scores[of], right[of])

    return interval_of(resampled(len(parts), of_parts, DRAWS))


def measured(asked: Sequence[Row], scores: NDArray[np.float64], least: float) -> dict[str, Any]:
    """The figures of some rows, each as value, low and high; `least` is the score that the product asks for."""
    right = np.array([row.right for row in asked])
    group = [row.evidence for row in asked]
    figures: dict[str, Callable[[NDArray[np.float64], NDArray[np.bool_]], float]] = {
        "auc": auc,
        **{f"caught at {share:.0%}": lambda s, r, share=share: caught(s, r, share) for share in FLAGGED},  # type: ignore[misc]
        "shipped caught": lambda s, r: float((s[~r] < least).mean()) if (~r).any() else float("nan"),
        "shipped flagged": lambda s, r: float((s[r] < least).mean()) if r.any() else float("nan"),
    }
    both = right.any() and not right.all()
    found: dict[str, Any] = {"rows": len(asked), "right": int(right.sum())}
    for name, figure in figures.items():
        low, high = interval(figure, scores, right, group) if both else (float("nan"), float("nan"))
        found[name] = {"value": figure(scores, right), "low": low, "high": high}
    return found


def document(asked: Sequence[Row], scores: NDArray[np.float64], least: float) -> dict[str, Any]:
    """All figures: `auc`, `shipped.caught`, `shipped.flagged`, and by set; null where a kind of row is missing."""
    whole = measured(asked, scores, least)
    sets = {}
    for name in sorted({row.set for row in asked}):
        own = np.array([row.set == name for row in asked])
        sets[name] = _plain(measured([row for row in asked if row.set == name], scores[own], least))
    return {**_plain(whole), "sets": sets}


def _plain(found: dict[str, Any]) -> dict[str, Any]:
    def number(value: float) -> float | None:
        return None if np.isnan(value) else round(value, 4)

    return {
        "rows": found["rows"],
        "right": found["right"],
        "auc": number(found["auc"]["value"]),
        "caught": {f"{share:g}": number(found[f"caught at {share:.0%}"]["value"]) for share in FLAGGED},
        "shipped": {name: number(found[f"shipped {name}"]["value"]) for name in ("caught", "flagged")},
        "intervals": {
            name: [number(figure["low"]), number(figure["high"])]
            for name, figure in found.items()
            if isinstance(figure, dict)
        },
    }


def _table(found: dict[str, Any]) -> str:
    def shown(one: dict[str, Any], value: float | None, name: str) -> str:
        low, high = one["intervals"][name]
        return "–" if value is None or low is None else f"{value:.3f} ({low:.3f} to {high:.3f})"

    lines = []
    for name, one in {"all": found, **found["sets"]}.items():
        values = [("auc", one["auc"]), *((f"caught at {s:.0%}", one["caught"][f"{s:g}"]) for s in FLAGGED)]
        values += [(f"shipped {kind}", one["shipped"][kind]) for kind in ("caught", "flagged")]
        lines.append([name, f"{one['right']} of {one['rows']}", *(shown(one, value, key) for key, value in values)])
    head = ["set", "right", "AUC", *(f"caught at {s:.0%} flagged" for s in FLAGGED), "caught", "flagged"]
    return report.table(head, lines)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("file", type=Path)
    parser.add_argument("--each", type=report.positive, metavar="N", help="draw N rows of each set, else all")
    parser.add_argument("--test", action="store_true", help="only rows whose evidence has a SHA-256 divisible by 10")
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    given = parser.parse_args()
    report.offline()
    asked = rows(given.file, given.each, test=given.test)
    embedder = embed.load()
    checker = Checker(embedder)
    scores = np.array([score(row, checker, embedder) for row in asked])
    found = document(asked, scores, json.loads(FITTED.read_text())["least"])
    print(json.dumps(found, indent=1) if given.json else _table(found))


if __name__ == "__main__":
    report.run(main)
