"""Train the verifier on: from what people wrote to be nearly answered it learns what a passage does not say.

    python -m training.refusals data WORK                  pairs and their tokens (4 min)
    python -m training.refusals train --minutes 60 WORK    weights
    python -m training.refusals export WORK                assistant/models/verifier.onnx

It goes on from the shipped weights (`ReaderModel.shipped`), with all of `training/reader.py` but the data and the
rate: batches are drawn from five kinds of pairs in the shares of `MIX`, and the rate falls from its peak to zero
within the minutes given. Word vectors and the lowest layers stay as they are, which makes a step cheaper. A
checkpoint is written every ten minutes and on Ctrl-C; the same command goes on from it, with the minutes left.

glibc gives memory back after each step and asks for it again in the next. Told to keep it
(`MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=200000000 MALLOC_ARENA_MAX=2
OMP_WAIT_POLICY=PASSIVE`) two cores learn from 25 pairs a second instead of 14, with 8 GB.

What it made of 31,552 pairs is not shipped. Of 1,150 questions of SQuAD 2.0 dev, with 8 % of the answerable ones
refused, it answers 0.62 of the near misses where the shipped one answers 0.68, but 0.15 of the questions about
something else instead of 0.04: the mix wants passages that a search found for such questions. The mean of both models
(Wortsman et al. 2022, "Robust fine-tuning of zero-shot models") has 0.65 and 0.06, which may be chance.
"""

import argparse
import math
import random
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from article_assistant.answering.reader import VERIFIER
from article_assistant.index import embed
from numpy.typing import NDArray

from training import contrasts, pairs
from training.model import ReaderModel
from training.pairs import Tokens
from training.reader import BATCH, Steps, batches, quantised, rows_of

MIX = {"near misses": 0.44, "their neighbours": 0.30, "queries": 0.12, "near passages": 0.09, "contrasts": 0.05}
"""Shares of the pairs: questions that people wrote to be nearly answered; answered ones of the same paragraphs;
answered ones of Natural Questions and TyDi QA; questions with another passage of their article; made-up ones."""
FROZEN = 2
"""Lowest layers that stay as they are."""
PEAK = 8e-5  # rate of learning
RISE = 0.03
"""Share of the time over which the rate rises."""
SEED = 13


def data(shared: Path, work: Path, *names: str) -> None:
    """The tokens of all pairs, a file for each source, in WORK/pairs."""
    (work / "pairs").mkdir(parents=True, exist_ok=True)
    embedder = embed.load()
    for name in names or ("written", "queries", "contrasts", "told"):
        if name == "written":
            found = pairs.written(shared, embedder)
        elif name == "contrasts":
            found = contrasts.pairs(shared, embedder)
        else:
            sets = ("nq-train", "tydi-train") if name == "queries" else ("squad-train",)
            found = pairs.told(shared, embedder, sets)
        pairs.write(list(found), work / "pairs" / f"{name}.npz")


def kinds(work: Path) -> tuple[Tokens, dict[str, NDArray[np.int64]]]:
    """All pairs, and the numbers of those of each kind."""
    names = ("written", "queries", "told", "contrasts")
    files = [work / "pairs" / f"{name}.npz" for name in names]
    found = Tokens.load(files)
    sizes = [len(Tokens.load([file]).spans) for file in files]
    source = np.repeat(np.arange(len(names)), sizes)
    answered = found.spans[:, 0, 0] >= 0
    picked = {
        "near misses": (source == 0) & ~answered,
        "their neighbours": (source == 0) & answered,
        "queries": (source == 1) & answered,
        "near passages": (source == 2) & ~answered,
        "contrasts": source == 3,
    }
    return found, {name: np.flatnonzero(chosen) for name, chosen in picked.items()}


def drawn(found: Tokens, of_kind: dict[str, NDArray[np.int64]], chance: random.Random) -> Iterator[list[int]]:
    """Batches without end, of like length each; a kind's pairs are all drawn before one comes again."""
    left: dict[str, list[int]] = {name: [] for name in of_kind}
    while True:
        chosen: list[int] = []
        for name, share in MIX.items():
            for _ in range(round(share * 100 * BATCH)):
                if not left[name]:
                    left[name] = of_kind[name].tolist()
                    chance.shuffle(left[name])
                chosen.append(left[name].pop())
        lengths = np.diff(found.ends)[chosen]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        for batch in batches(ends, chance, BATCH):
            yield [chosen[i] for i in batch]


def started() -> ReaderModel:
    """The shipped verifier, its word vectors and lowest layers frozen."""
    model = ReaderModel.shipped(VERIFIER)
    for part in (model.words, model.places, model.kinds, model.embedded, *model.layers[:FROZEN]):
        part.requires_grad_(False)
    return model


def train(work: Path, minutes: float) -> None:
    """Learn for so many minutes in all, those of earlier runs in this folder counted in."""
    torch.manual_seed(SEED)
    found, of_kind = kinds(work)
    print({name: len(chosen) for name, chosen in of_kind.items()}, flush=True)
    steps, seen, spent = Steps(started()), 0, 0.0
    latest = work / "latest.pt"
    if latest.exists():
        state = torch.load(latest, map_location=steps.device, weights_only=True)
        steps.restore(state)
        seen, spent = state["seen"], state["seconds"]
        print(f"going on at {seen:,} pairs, {spent / 60:.1f} minutes", flush=True)
    asked_to_stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: asked_to_stop.append(number))
    chance = random.Random(SEED + seen)
    stream = drawn(found, of_kind, chance)
    before, began = spent, time.monotonic()
    here, saved, shown, mean = seen, began, began, math.nan
    while not asked_to_stop:
        now = time.monotonic()
        spent = before + now - began
        done = spent / (60 * minutes)
        over = done >= 1
        if over or now - saved > 600:
            saved = now
            _save(latest, steps, seen, spent)
        if over:
            break
        batch = next(stream)
        loss = steps.step(rows_of(found, batch, chance), PEAK * min(done / RISE + 0.02, (1 - done) / (1 - RISE), 1.0))
        seen += len(batch)
        mean = loss if math.isnan(mean) else 0.99 * mean + 0.01 * loss
        if now - shown > 30:
            shown = now
            speed = (seen - here) / (now - began)
            print(f"{seen:9,}  loss {mean:.3f}  {speed:.1f}/s  {minutes - spent / 60:.0f} min left", flush=True)
    _save(latest, steps, seen, spent)
    print(f"{'stopped' if asked_to_stop else 'done'}: {seen:,} pairs, {spent / 60:.1f} minutes, loss {mean:.3f}")


def trained(work: Path) -> ReaderModel:
    """The shipped weights with those that were learned since in their place."""
    model = started()
    state = torch.load(work / "latest.pt", map_location="cpu", weights_only=True)
    for mine, stored in zip((p for p in model.parameters() if p.requires_grad), state["weights"], strict=True):
        mine.data.copy_(stored)
    print(f"{state['seen']:,} pairs seen in {state['seconds'] / 60:.1f} minutes")
    return model.eval()


def _save(target: Path, steps: Steps, seen: int, spent: float) -> None:
    state: dict[str, Any] = steps.state() | {"seen": seen, "seconds": spent}
    torch.save(state, target.with_suffix(".new"))
    target.with_suffix(".new").replace(target)


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
