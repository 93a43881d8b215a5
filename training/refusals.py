"""Train the verifier on: from what people wrote to be nearly answered it learns what a passage does not say.

    python -m training.refusals data WORK                  pairs and their tokens (4 min)
    python -m training.refusals train --minutes 60 WORK    weights
    python -m training.refusals export WORK                assistant/models/verifier.onnx

It goes on from the shipped weights (`ReaderModel.shipped`), with all of `training/reader.py` but the data and the
rate: batches are drawn from six kinds of pairs in the shares of `MIX`, and the rate falls from its peak to zero
within the minutes given. Word vectors and the lowest layers stay as they are, which makes a step cheaper. A
checkpoint is written every ten minutes and on Ctrl-C; the same command goes on from it, with the minutes left.

What it made so far is not shipped. Of 1,150 questions of SQuAD 2.0 dev, with 8 % of the answerable ones refused,
31,552 pairs without the searched passages answered 0.62 of the near misses where the shipped one answers 0.68, but
0.15 of the questions about something else instead of 0.04. 82,688 pairs with them, calibrated anew
(`training.sentences`), answer 0.733 (0.670 to 0.789) of the near misses where the shipped one answers 0.767 (0.705 to
0.819), refuse 0.068 of the answerable ones instead of 0.074, and answer 0.085 (0.054 to 0.132) of the questions about
something else instead of 0.060 (0.035 to 0.102): `python -m bench.answers --questions 400 --sets squad2-dev-a`, both
in one run. None of it is more than the noise.
"""

import argparse
from pathlib import Path

import numpy as np
from article_assistant.answering.reader import VERIFIER
from article_assistant.index import embed
from numpy.typing import NDArray

from training import contrasts, pairs, timed
from training.model import ReaderModel
from training.pairs import Tokens
from training.reader import Steps, quantised

MIX = {
    "near misses": 0.38, "their neighbours": 0.25, "queries": 0.10, "near passages": 0.06, "searched": 0.17,
    "contrasts": 0.04,
}  # fmt: skip
"""Shares of the pairs: questions that people wrote to be nearly answered; answered ones of the same paragraphs;
answered ones of Natural Questions and TyDi QA; questions with another passage of their article; questions with what
the product's search finds for them in other articles; made-up ones."""
FROZEN = 2
"""Lowest layers that stay as they are."""
PEAK = 1e-4  # rate of learning
SEED = 13


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
    """All pairs, and the numbers of those of each kind."""
    names = ("written", "queries", "told", "searched", "contrasts")
    files = [work / "pairs" / f"{name}.npz" for name in names]
    found = Tokens.load(files)
    sizes = [len(Tokens.load([file]).spans) for file in files]
    source = np.repeat(np.arange(len(names)), sizes)
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


def started() -> ReaderModel:
    """The shipped verifier, its word vectors and lowest layers frozen."""
    model = ReaderModel.shipped(VERIFIER)
    for part in (model.words, model.places, model.kinds, model.embedded, *model.layers[:FROZEN]):
        part.requires_grad_(False)
    return model


def train(work: Path, minutes: float) -> None:
    """Learn for so many minutes in all, those of earlier runs in this folder counted in."""
    found, of_kind = kinds(work)
    # No words of the questions are hidden: a near miss may hang on one of them.
    timed.learn(work, Steps(started()), found, of_kind, MIX, minutes, PEAK, SEED, often=0.0)


def trained(work: Path) -> ReaderModel:
    """The shipped weights with those that were learned since in their place."""
    return timed.trained(work, started())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["data", "train", "export"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--minutes", type=float, default=60, help="of training, those of earlier runs counted in")
    parser.add_argument("--only", nargs="+", default=[], metavar="KIND", help="sources to make the pairs of")
    parser.add_argument("--graph", type=Path, default=VERIFIER, help="where export writes")
    given = parser.parse_args()
    if given.step == "data":
        data(given.shared, given.work, *given.only)
    elif given.step == "export":
        quantised(trained(given.work), given.work, given.graph)
    else:
        train(given.work, given.minutes)
