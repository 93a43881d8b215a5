"""Pairs that tell what a passage does not say: from people's near misses, searched ones and made-up ones.

python -m training.refusals WORK                  pairs and their tokens, in WORK/pairs (4 min)
"""

import argparse
from pathlib import Path

import numpy as np
from article_assistant.index import embed
from numpy.typing import NDArray

from training import contrasts, pairs
from training.pairs import Tokens


def data(shared: Path, work: Path, *names: str) -> None:
    """The tokens of all pairs, a file for each source, in WORK/pairs."""
    (work / "pairs").mkdir(parents=True, exist_ok=True)
    embedder = embed.load()
    for name in names or ("written", "queries", "told", "searched", "contrasts"):
        if name == "written":
            found = pairs.written(shared, embedder)
        elif name == "contrasts":
            found = contrasts.pairs(shared, embedder)
        elif name == "searched":
            found = pairs.searched(shared, embedder, work / "library")
        else:
            sets = ("nq-train", "tydi-train") if name == "queries" else ("squad-train",)
            found = pairs.told(shared, embedder, sets)
        pairs.write(list(found), work / "pairs" / f"{name}.npz")


def kinds(work: Path) -> tuple[Tokens, dict[str, NDArray[np.int64]]]:
    """All pairs of the sources that were made, and the numbers of those of each kind."""
    files = [work / "pairs" / f"{name}.npz" for name in ("written", "queries", "told", "searched", "contrasts")]
    made = [number for number, file in enumerate(files) if file.exists()]
    found = Tokens.load([files[number] for number in made])
    source = np.repeat(made, [len(Tokens.load([files[number]]).spans) for number in made])
    answered = found.spans[:, 0, 0] >= 0
    picked = {
        "near misses": (source == 0) & ~answered,
        "their neighbours": (source == 0) & answered,
        "answered": (source == 2) & answered,
        "queries": (source == 1) & answered,
        "near passages": (source == 2) & ~answered,
        "searched": source == 3,
        "contrasts": source == 4,
    }
    return found, {name: np.flatnonzero(chosen) for name, chosen in picked.items()}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--only", nargs="+", default=[], metavar="KIND", help="sources to make the pairs of")
    given = parser.parse_args()
    data(given.shared, given.work, *given.only)
