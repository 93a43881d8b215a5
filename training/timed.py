"""Learning for so many minutes: batches of several kinds of pairs, a rate that rises and falls, checkpoints.

The rate rises over the first RISE of the time and falls to zero with the rest of it. A checkpoint is written every ten
minutes and on Ctrl-C or SIGTERM; the same call goes on from it, with the minutes left.

glibc gives memory back after each step and asks for it again in the next. Told to keep it
(`MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=200000000 MALLOC_ARENA_MAX=2
OMP_WAIT_POLICY=PASSIVE`) two cores learn from 25 pairs a second instead of 14, with 8 GB.
"""

import math
import random
import signal
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from training.model import ReaderModel
from training.pairs import Tokens
from training.reader import BATCH, OFTEN, Steps, batches, rows_of

RISE = 0.03
"""Share of the time over which the rate rises."""


def drawn(
    found: Tokens,
    of_kind: Mapping[str, NDArray[np.int64]],
    mix: Mapping[str, float],
    chance: random.Random,
    size: int = BATCH,
) -> Iterator[list[int]]:
    """Batches of `size` without end, of like length each; a kind's pairs are all drawn before one comes again."""
    left: dict[str, list[int]] = {name: [] for name in of_kind}
    while True:
        chosen: list[int] = []
        for name, share in mix.items():
            for _ in range(round(share * 100 * size)):
                if not left[name]:
                    left[name] = of_kind[name].tolist()
                    chance.shuffle(left[name])
                chosen.append(left[name].pop())
        lengths = np.diff(found.ends)[chosen]
        ends = np.concatenate([[0], np.cumsum(lengths)])
        for batch in batches(ends, chance, size):
            yield [chosen[i] for i in batch]


def learn(
    work: Path,
    steps: Steps,
    found: Tokens,
    of_kind: Mapping[str, NDArray[np.int64]],
    mix: Mapping[str, float],
    minutes: float,
    peak: float,
    seed: int,
    often: float = OFTEN,
) -> None:
    """Learn for so many minutes in all, those of earlier runs in this folder counted in; WORK/latest.pt has the end.

    `mix` are the shares of the kinds, `peak` the highest rate, `often` the share of pairs with hidden words.
    """
    torch.manual_seed(seed)
    print({name: len(of_kind[name]) for name in mix}, flush=True)
    seen, spent, latest = 0, 0.0, work / "latest.pt"
    if latest.exists():
        state = torch.load(latest, map_location=steps.device, weights_only=True)
        steps.restore(state)
        seen, spent = state["seen"], state["seconds"]
        print(f"going on at {seen:,} pairs, {spent / 60:.1f} minutes", flush=True)
    asked_to_stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: asked_to_stop.append(number))
    chance = random.Random(seed + seen)
    stream = drawn(found, of_kind, mix, chance)
    before, began = spent, time.monotonic()
    here, saved, shown, mean = seen, began, began, math.nan
    while not asked_to_stop:
        now = time.monotonic()
        spent = before + now - began
        done = spent / (60 * minutes)
        if done >= 1:
            break
        if now - saved > 600:
            saved = now
            _save(latest, steps, seen, spent)
        batch = next(stream)
        rate = peak * min(done / RISE + 0.02, (1 - done) / (1 - RISE), 1.0)
        loss = steps.step(rows_of(found, batch, chance, often), rate)
        seen += len(batch)
        mean = loss if math.isnan(mean) else 0.99 * mean + 0.01 * loss
        if now - shown > 30:
            shown = now
            speed = (seen - here) / (now - began)
            print(f"{seen:9,}  loss {mean:.3f}  {speed:.1f}/s  {minutes - spent / 60:.0f} min left", flush=True)
    _save(latest, steps, seen, spent)
    print(f"{'stopped' if asked_to_stop else 'done'}: {seen:,} pairs, {spent / 60:.1f} minutes, loss {mean:.3f}")


def trained(work: Path, model: ReaderModel) -> ReaderModel:
    """The model that learning began with, with what was learned since in its place."""
    state = torch.load(work / "latest.pt", map_location="cpu", weights_only=True)
    for mine, stored in zip((p for p in model.parameters() if p.requires_grad), state["weights"], strict=True):
        mine.data.copy_(stored)
    print(f"{state['seen']:,} pairs seen in {state['seconds'] / 60:.1f} minutes")
    return model.eval()


def _save(target: Path, steps: Steps, seen: int, spent: float) -> None:
    state: dict[str, Any] = steps.state() | {"seen": seen, "seconds": spent}
    torch.save(state, target.with_suffix(".new"))
    target.with_suffix(".new").replace(target)
