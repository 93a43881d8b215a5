"""What the judge learns of sentences beside passages, and how sure that a passage carries one is sure enough.

    python -m training.support data WORK                  claims and their tokens (2 min)
    python -m training.support calibrate                  assistant/models/support.json (12 min)
    python -m training.support measure --half test        what is caught and what is flagged wrongly of seeds/

Claims of each set come in the shares of `MIX`, never flat: half of all rows are NLI of short sentences, which are many
but not what the product meets. The threshold is that which flags FLAGGED of the right rows by people that were not
learned from, those aside which lack a number or the like. `measure` asks sentences as language models write them about
the sample articles, half of them right, the others with a wrong number, swapped names, a fact of another article, a
negation too many or too few, or half made up.
"""

import argparse
import gzip
import json
import random
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.index.types import Hit
from article_assistant.writing.entailment import FITTED, Checker
from numpy.typing import NDArray

from bench import support as bench
from training import claims
from training.pairs import Tokens

MIX = {
    "snli-mnli": 0.19, "fever-dev": 0.09, "cf-nli": 0.05, "negation-nli": 0.04, "med": 0.03, "contract-nli": 0.03,
    "conjnli-dev": 0.01, "fool-me-twice": 0.03, "begin": 0.03, "factcheck-gpt": 0.03, "attributionbench": 0.02,
    "expertqa": 0.02, "wice": 0.02, "summedits": 0.04, "propsegment-dev": 0.02, "made": 0.29, "frames": 0.06,
}  # fmt: skip
"""Shares of the sets; the last two are made-up."""
SEED = 17
SEEDS = Path(__file__).parents[1] / "seeds"
FLAGGED = 0.05
"""The share of right sentences that may be flagged."""
EACH = 120
"""Rows of each set that the threshold is calibrated on."""


def kinds(work: Path) -> tuple[Tokens, dict[str, NDArray[np.int64]]]:
    """All claims, and the numbers of those of each set."""
    files = [work / "claims" / f"{name}.npz" for name in MIX]
    ends = np.cumsum([0, *(len(Tokens.load([file]).spans) for file in files)])
    return Tokens.load(files), {name: np.arange(ends[i], ends[i + 1]) for i, name in enumerate(MIX)}


def loss_of(logits: torch.Tensor, _mask: torch.Tensor, _types: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Sum over the batch of the negative log likelihood of the labels at the first token."""
    chances = logits[:, 0].float().log_softmax(dim=1)
    either = chances[:, 1:].logsumexp(dim=1, keepdim=True)
    return -torch.cat([chances, either], dim=1).gather(1, labels[:, 0]).sum()


def kept(shared: Path) -> list[bench.Row]:
    """The open rows kept for the calibration, at most EACH of a set."""
    found: dict[str, list[bench.Row]] = defaultdict(list)
    with gzip.open(shared / "support.jsonl.gz", "rt", encoding="utf-8") as lines:
        for row in map(json.loads, lines):
            if row["licence"] == "open" and claims.part_of(row["evidence"]) == claims.DEV:
                found[row["set"]].append(
                    bench.Row(row["evidence"], row["claim"], row["label"] == "supported", row["set"])
                )
    chance = random.Random(SEED)
    return [row for name in sorted(found) for row in chance.sample(found[name], min(EACH, len(found[name])))]


def calibrate(shared: Path) -> None:
    """Write the threshold."""
    asked, embedder = kept(shared), embed.load()
    # What a rule rules out is minus infinity here.
    checker = Checker(embedder, least=-np.inf)
    scores = np.array([bench.score(row, checker, embedder) for row in asked])
    right = np.array([row.right for row in asked])
    least = float(np.quantile(scores[right & np.isfinite(scores)], FLAGGED, method="lower"))
    print(
        f"{len(asked)} rows; caught {(scores[~right] < least).mean():.3f}, flagged {(scores[right] < least).mean():.3f}"
    )
    FITTED.write_text(json.dumps({"least": round(least, 3)}) + "\n")


def sentences(half: str) -> list[dict[str, Any]]:
    """The sentences over `seeds/` of one half."""
    lines = (SEEDS / "written.jsonl").read_text(encoding="utf-8").splitlines()
    return [row for row in map(json.loads, lines) if row["half"] == half]


def score(row: dict[str, Any], checker: Checker, index: Index) -> float:
    """How sure it is that the passage with a sentence's quote carries the sentence."""
    (article,) = (one for one in index.library.articles(None) if one.id.endswith(row["article"]))
    at = article.text.index(row["quote"])
    (chunk,) = (chunk for chunk in split(article, index.embedder) if chunk.start <= at < chunk.end)
    found = checker.evidence(row["sentence"], Hit(chunk, article, 1, 1.0, 0.0, ()))
    assert found, row
    return found.score


def scored(asked: Sequence[dict[str, Any]]) -> NDArray[np.float64]:
    """The scores of sentences over `seeds/`."""
    with TemporaryDirectory() as home:
        index = Index.open(Path(home), embed.load())
        sync([str(SEEDS)], index, 50_000_000)
        checker = Checker(index.embedder)
        found = np.array([score(row, checker, index) for row in asked])
        index.close()
    return found


def measure(half: str) -> None:
    """Print what is caught of the wrong sentences, and flagged of the right ones."""
    asked = sentences(half)
    scores, right = scored(asked), np.array([row["right"] for row in asked])
    least = json.loads(FITTED.read_text())["least"]
    print(f"{len(asked)} sentences, {right.sum()} right; AUC {bench.auc(scores, right):.3f}")
    print(
        f"caught {(scores[~right] < least).mean():.3f} of the wrong ones, flagged {(scores[right] < least).mean():.3f}"
    )
    for share in bench.FLAGGED:
        print(f"  caught at {share:.0%} flagged: {bench.caught(scores, right, share):.3f}")
    for kind in sorted({row["kind"] for row in asked}):
        own = np.array([row["kind"] == kind for row in asked])
        print(f"  {kind}: {(scores[own] < least).mean():.3f} below")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["data", "calibrate", "measure"])
    parser.add_argument("work", type=Path, nargs="?", default=Path("work"))
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--half", choices=["tune", "test"], default="tune", help="of the sentences over seeds/")
    given = parser.parse_intermixed_args()
    if given.step == "data":
        claims.data(given.shared, given.work, embed.load())
    elif given.step == "calibrate":
        calibrate(given.shared)
    else:
        measure(given.half)
