"""Fit what says how likely a passage carries a sentence: `assistant/models/support.json`.

    python -m training.support fit                 from seeds/written.jsonl, its half for tuning (2 min)
    python -m training.support measure --half test what is caught and what is flagged wrongly

Sentences as language models write them about the sample articles, half of them right, the others with a wrong
number, swapped names, a fact of another article, a negation too many or too few, or half made up.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import Hit
from article_assistant.writing.entailment import FEATURES, FITTED, HARD, Checker
from numpy.typing import NDArray

SEEDS = Path(__file__).parents[1] / "seeds"
SENTENCES = SEEDS / "written.jsonl"
FLAGGED = 0.05
"""The share of right sentences that may be flagged."""
STIFF = 5.0
"""How strongly large weights are held back."""


def rows(half: str) -> list[dict[str, Any]]:
    """The sentences of one half."""
    lines = SENTENCES.read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["half"] == half]


def features(asked: Sequence[dict[str, Any]], checker: Checker, index: Index) -> NDArray[np.float64]:
    """What is known of each sentence and the passage that it cites, shape `(len(asked), len(FEATURES))`."""
    return np.array([_evidence(row, checker, index) for row in asked])


def _evidence(row: dict[str, Any], checker: Checker, index: Index) -> NDArray[np.float64]:
    (article,) = (one for one in index.library.articles(None) if one.id.endswith(row["article"]))
    at = article.text.index(row["quote"])
    (chunk,) = (chunk for chunk in split(article, index.embedder) if chunk.start <= at < chunk.end)
    found = checker.evidence(row["sentence"], Hit(chunk, article, 1, 1.0, 0.0, ()))
    assert found, row
    return found.features


def fit(known: NDArray[np.float64], right: NDArray[np.bool_]) -> tuple[NDArray[np.float64], float]:
    """Weights and bias of a logistic regression, by Newton's steps."""
    mean, scale = known.mean(0), known.std(0) + 1e-6
    rows = np.hstack([(known - mean) / scale, np.ones((len(known), 1))])
    weights = np.zeros(rows.shape[1])
    held = np.diag([STIFF] * known.shape[1] + [0.0])
    for _ in range(30):
        chance = 1 / (1 + np.exp(-rows @ weights))
        slope = rows.T @ (chance - right) + held @ weights
        bend = (rows * (chance * (1 - chance))[:, None]).T @ rows + held
        weights -= np.linalg.solve(bend, slope)
    plain = weights[:-1] / scale
    return plain, float(weights[-1] - plain @ mean)


def caught(scores: NDArray[np.float64], right: NDArray[np.bool_], least: float) -> tuple[float, float]:
    """The share of the wrong ones below `least`, and that of the right ones."""
    return float((scores[~right] < least).mean()), float((scores[right] < least).mean())


def _folds(count: int, parts: int = 10) -> Iterator[NDArray[np.bool_]]:
    places = np.random.default_rng(0).permutation(count) % parts
    yield from (places == part for part in range(parts))


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=["fit", "measure"])
    parser.add_argument("--half", choices=["tune", "test"], default="tune")
    given = parser.parse_args()
    asked = rows("tune" if given.command == "fit" else given.half)
    right = np.array([row["right"] for row in asked])
    with TemporaryDirectory() as home:
        index = Index.open(Path(home), embed.load())
        sync([str(SEEDS)], index, 50_000_000)
        checker = Checker(Reader(), index.embedder, None)
        known = features(asked, checker, index)
        index.close()
    shut = (known[:, [FEATURES.index(gate) for gate in HARD]] > 0).any(axis=1)
    if given.command == "fit":
        scores = np.zeros(len(asked))
        for held in _folds(len(asked)):
            weights, bias = fit(known[~held & ~shut], right[~held & ~shut])
            scores[held] = known[held] @ weights + bias
        scores[shut] = -np.inf
        least = float(np.quantile(scores[right], FLAGGED, method="lower"))
        weights, bias = fit(known[~shut], right[~shut])
        model = {"features": list(FEATURES), "weights": [round(float(w), 4) for w in weights], "bias": round(bias, 4)}
        FITTED.write_text(json.dumps({**model, "least": round(least, 3)}, indent=1) + "\n")
    else:
        model = json.loads(FITTED.read_text())
        scores, least = known @ np.array(model["weights"]) + model["bias"], model["least"]
        scores[shut] = -np.inf
    order = scores[right][:, None] > scores[~right][None]
    wrong, flagged = caught(scores, right, least)
    print(f"{len(asked)} sentences, {right.sum()} right; AUC {order.mean():.3f}")
    print(f"caught {wrong:.3f} of the wrong ones, flagged {flagged:.3f} of the right ones")
    for kind in sorted({row["kind"] for row in asked}):
        own = np.array([row["kind"] == kind for row in asked])
        print(f"  {kind}: {(scores[own] < least).mean():.3f} below")


if __name__ == "__main__":
    main()
