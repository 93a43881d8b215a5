"""Train the judge: one network of base size that finds an answer's words, refuses, and checks sentences.

    python -m training.judge train --minutes 120 --fall 30 WORK   weights (4.7 pairs of 163 tokens a second, two cores)
    python -m training.judge export WORK                          assistant/models/judge.onnx (1 min)

The pairs are those of `training.refusals` (WORK/pairs) and the claims those of `training.support` (WORK/claims); both
have a `data` step. The first two logits of a token are the reader's, the last three, at the first token, those of the
support head. A batch is of one job alone; CLAIMED of all pairs are claims.

After a short rise the rate is level and falls to zero over the last `--fall` minutes. What the level part reached is
kept in WORK/level.pt, so the same command with more minutes goes on from there. A checkpoint is written every ten
minutes and on Ctrl-C or SIGTERM; the same command goes on from it. Minutes are those spent learning, in all runs.

glibc gives memory back after each step and asks for it again in the next. Told to keep it
(`MALLOC_MMAP_THRESHOLD_=4000000000 MALLOC_TRIM_THRESHOLD_=8000000000 MALLOC_TOP_PAD_=200000000 MALLOC_ARENA_MAX=2
OMP_WAIT_POLICY=PASSIVE`) two cores learn almost twice as fast, with 8 GB.
"""

import argparse
import random
import signal
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from article_assistant.answering.judge import ANSWERS, CARRIES, GRAPH
from numpy.typing import NDArray

from training import refusals, support
from training.mpnet import Mpnet
from training.pairs import Tokens
from training.reader import Steps, batches, loss_of, rows_of

Model = TypeVar("Model", bound=torch.nn.Module)
Batch = tuple[str, tuple[torch.Tensor, ...]]
"""The job, and the rows that are learned from."""

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
STEP = 60
"""Seconds that a step counts at most: what is more, the process was stopped for."""
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
        return support.loss_of(logits[..., CARRIES], mask, kinds, told)
    return loss_of(logits[..., ANSWERS], mask, kinds, told)


def drawn(
    found: Tokens,
    of_kind: Mapping[str, NDArray[np.int64]],
    mix: Mapping[str, float],
    chance: random.Random,
    size: int,
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


def train(work: Path, weights: Path, minutes: float, fall: float) -> None:
    """Learn for so many minutes in all, the rate falling over the last `fall` of them."""
    found, of_kind = refusals.kinds(work)
    told, of_set = support.kinds(work)

    def draw(chance: random.Random) -> Iterator[Batch]:
        asked = drawn(found, of_kind, MIX, chance, BATCH)
        claimed = drawn(told, of_set, support.MIX, chance, 2 * BATCH)
        while True:
            # Claims are short: twice as many make a batch.
            claims = chance.random() < CLAIMED / (2 - CLAIMED)
            rows = rows_of(told if claims else found, next(claimed if claims else asked), chance, 0.0)
            yield "claims" if claims else "questions", rows

    learn(Steps(started(weights), loss), draw, work, minutes, fall)


def learn(
    steps: Steps,
    draw: Callable[[random.Random], Iterator[Batch]],
    work: Path,
    minutes: float,
    fall: float,
    peak: float = PEAK,
    rise: int = RISE,
) -> None:
    """Learn from what `draw` gives for so many minutes in all, going on from the latest checkpoint in WORK."""
    seen, spent = 0, 0.0
    level, falling = work / "level.pt", work / f"falling-{minutes:g}.pt"
    latest = falling if falling.exists() else level
    if latest.exists():
        state = torch.load(latest, map_location=steps.device, weights_only=True)
        steps.restore(state)
        seen, spent = state["seen"], state["seconds"]
        print(f"going on from {latest.name}: {seen:,} pairs, {spent / 60:.1f} minutes", flush=True)
    stream = draw(random.Random(SEED + seen))
    stopped: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: stopped.append(number))
    means: dict[str, float] = {}
    before, here = spent, seen
    last = saved = shown = time.monotonic()

    def save(to: Path) -> None:
        torch.save(steps.state() | {"seen": seen, "seconds": spent}, to.with_suffix(".new"))
        to.with_suffix(".new").replace(to)

    while not stopped and spent < 60 * minutes:
        left = 1 - (spent - 60 * (minutes - fall)) / (60 * fall) if fall else 1.0
        if left < 1 and latest == level:
            save(level)
            latest = falling
        job, rows = next(stream)
        learned = steps.step(rows, peak * min(seen / rise + 0.02, left, 1.0))
        seen += len(rows[0])
        means[job] = 0.98 * means.get(job, learned) + 0.02 * learned
        now = time.monotonic()
        spent += min(now - last, STEP)
        last = now
        if now - saved > 600:
            saved = now
            save(latest)
        if now - shown > 60:
            shown = now
            speed = (seen - here) / (spent - before)
            losses = "  ".join(f"{name} {mean:.3f}" for name, mean in means.items())
            print(f"{seen:9,}  {losses}  {speed:.1f}/s  {minutes - spent / 60:.0f} min left", flush=True)
    save(latest)
    print(f"{'stopped' if stopped else 'done'}: {seen:,} pairs, {spent / 60:.1f} minutes, {means}")


def trained(model: Model, *ended: Path) -> Model:
    """A model as it was started, with the weights of a checkpoint, or the mean of several (Wortsman et al. 2022, "Model
    soups")."""
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for count, path in enumerate(ended):
        state = torch.load(path, map_location="cpu", weights_only=True)
        print(f"{path.name}: {state['seen']:,} pairs, {state['seconds'] / 60:.0f} minutes")
        for mine, stored in zip(learned, state["weights"], strict=True):
            mine.data += (stored - mine.data) / (count + 1)
    return model.eval()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["train", "export"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--weights", type=Path, default=Path("work/mpnet/all-mpnet-base-v2/model.safetensors"))
    parser.add_argument("--minutes", type=float, default=120, help="of learning, those of earlier runs counted in")
    parser.add_argument("--fall", type=float, default=30, help="last minutes, over which the rate falls to zero")
    parser.add_argument("--ended", type=Path, nargs="+", help="checkpoints to export, by default the latest in WORK")
    parser.add_argument("--graph", type=Path, default=GRAPH, help="where export writes")
    given = parser.parse_args()
    if given.step == "train":
        train(given.work, given.weights, given.minutes, given.fall)
    else:
        from training import judge_graph  # needs the packages of `.[train]`

        ended = given.ended or [max(given.work.glob("*.pt"), key=lambda path: path.stat().st_mtime)]
        judge_graph.write(trained(started(given.weights), *ended), given.graph)
