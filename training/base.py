"""Train the base-size network: one for three jobs, in place of the verifier and of the support head.

    python -m training.base train --minutes 120 --fall 30 WORK   weights (4.7 pairs of 163 tokens a second, two cores)
    python -m training.base export WORK                          assistant/models/verifier.onnx (2 min)
    python -m training.base measure WORK                         its figures, given the paragraph (15 min)

The pairs are those of `training.refusals` (WORK/pairs) and the claims those of `training.support` (WORK/claims); both
have a `data` step. The first two logits of a token are the reader's, the last three, at the first token, those of the
support head. A batch is of one job alone; CLAIMED of all pairs are claims.

After a short rise the rate is level and falls to zero over the last `--fall` minutes. What the level part reached is
kept in WORK/level.pt, so the same command with more minutes goes on from there. A checkpoint is written every ten
minutes and on Ctrl-C or SIGTERM; the same command goes on from it. Minutes are those spent learning, in all runs.

What two cores give depends on glibc and OpenMP: see `training/timed.py` for the settings.
"""

import argparse
import math
import random
import signal
import time
from pathlib import Path

import torch

from training import refusals, support
from training.mpnet import Mpnet
from training.reader import Steps, loss_of, rows_of
from training.timed import drawn

MIX = {
    "near misses": 0.30, "their neighbours": 0.25, "answered": 0.08, "queries": 0.13, "near passages": 0.05,
    "searched": 0.15, "contrasts": 0.04,
}  # fmt: skip
"""Shares of the pairs, of the kinds of `training.refusals`; "answered" are questions of SQuAD with their passage."""
CLAIMED = 0.2
"""Share of the claims among all pairs."""
FROZEN = 3
"""Lowest layers that stay as they are; so do the word vectors."""
BATCH = 16
PEAK = 4e-5  # rate of learning
RISE = 1_500
"""Pairs over which the rate rises."""
SPANS, CLAIMS = slice(0, 2), slice(2, 5)
"""The logits of the two jobs."""
SEED = 23


def started(weights: Path) -> Mpnet:
    """The pretrained network, its word vectors and lowest layers frozen."""
    torch.manual_seed(SEED)
    model = Mpnet.pretrained(weights, 5)
    for part in (model.words, model.places, model.embedded, model.distances, *model.layers[:FROZEN]):
        part.requires_grad_(False)
    return model


def loss(logits: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor, told: torch.Tensor) -> torch.Tensor:
    """The loss of the job of this batch: a claim has one number to learn, a question's pair several places."""
    if told.shape[1:] == (1, 1):
        return support.loss_of(logits[..., CLAIMS], mask, kinds, told)
    return loss_of(logits[..., SPANS], mask, kinds, told)


def train(work: Path, weights: Path, minutes: float, fall: float) -> None:
    """Learn for so many minutes in all, the rate falling over the last `fall` of them."""
    chance = random.Random(SEED + round(time.time()))
    steps = Steps(started(weights), loss)
    seen, spent = 0, 0.0
    level, falling = work / "level.pt", work / f"falling-{minutes:g}.pt"
    latest = falling if falling.exists() else level
    if latest.exists():
        state = torch.load(latest, map_location=steps.device, weights_only=True)
        steps.restore(state)
        seen, spent = state["seen"], state["seconds"]
        print(f"going on from {latest.name}: {seen:,} pairs, {spent / 60:.1f} minutes", flush=True)
    found, of_kind = refusals.kinds(work)
    asked = drawn(found, of_kind, MIX, chance, BATCH)
    told, of_set = support.kinds(work)
    claimed = drawn(told, of_set, support.MIX, chance, 2 * BATCH)
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: stopped.append(number))
    means = {"questions": math.nan, "claims": math.nan}
    before, began = spent, time.monotonic()
    here, saved, shown = seen, began, began

    def save(to: Path) -> None:
        torch.save(steps.state() | {"seen": seen, "seconds": spent}, to.with_suffix(".new"))
        to.with_suffix(".new").replace(to)

    while not stopped and spent < 60 * minutes:
        left = 1 - (spent - 60 * (minutes - fall)) / (60 * fall) if fall else 1.0
        if left < 1 and latest == level:
            save(level)
            latest = falling
        # Claims are short: twice as many make a batch.
        claims = chance.random() < CLAIMED / (2 - CLAIMED)
        batch = next(claimed if claims else asked)
        learned = steps.step(
            rows_of(told if claims else found, batch, chance, 0.0), PEAK * min(seen / RISE + 0.02, left, 1.0)
        )
        seen += len(batch)
        name = "claims" if claims else "questions"
        means[name] = learned if math.isnan(means[name]) else 0.98 * means[name] + 0.02 * learned
        now = time.monotonic()
        spent = before + now - began
        if now - saved > 600:
            saved = now
            save(latest)
        if now - shown > 60:
            shown = now
            speed = (seen - here) / (now - began)
            losses = "  ".join(f"{name} {mean:.3f}" for name, mean in means.items())
            print(f"{seen:9,}  {losses}  {speed:.1f}/s  {minutes - spent / 60:.0f} min left", flush=True)
    save(latest)
    print(f"{'stopped' if stopped else 'done'}: {seen:,} pairs, {spent / 60:.1f} minutes, {means}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["train"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--weights", type=Path, default=Path("work/mpnet/all-mpnet-base-v2/model.safetensors"))
    parser.add_argument("--minutes", type=float, default=120, help="of learning, those of earlier runs counted in")
    parser.add_argument("--fall", type=float, default=30, help="last minutes, over which the rate falls to zero")
    given = parser.parse_args()
    train(given.work, given.weights, given.minutes, given.fall)
