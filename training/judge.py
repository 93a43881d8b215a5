"""Train the judge: one network of base size that finds an answer's words, refuses, and checks sentences.

    python -m training.judge train --minutes 120 --fall 30 WORK   weights (4.7 pairs of 163 tokens a second, two cores)
    python -m training.judge export WORK                          WORK/judge.onnx (1 min)
    python -m training.judge measure WORK                         its figures, given the paragraph (8 min)

The pairs are those of `training.refusals` (WORK/pairs) and the claims those of `training.support` (WORK/claims); both
have a `data` step. The first two logits of a token are the reader's, the last three, at the first token, those of the
support head. A batch is of one job alone; CLAIMED of all pairs are claims.

After a short rise the rate is level and falls to zero over the last `--fall` minutes. What the level part reached is
kept in WORK/level.pt, so the same command with more minutes goes on from there. A checkpoint is written every ten
minutes and on Ctrl-C or SIGTERM; the same command goes on from it. Minutes are those spent learning, in all runs.

What it made so far is not shipped: of 9,424 pairs, at the level rate and with four bits, come F1 0.763 on squad-dev and
0.638 on nq-dev given the paragraph (300 questions each); of squad2-dev-a's near misses 0.63 are answered where 0.08 of
the others are refused.

What two cores give depends on glibc and OpenMP: see `training/timed.py` for the settings.
"""

import argparse
import math
import random
import signal
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from article_assistant.answering.reader import Reader
from article_assistant.evaluation.questions import f1
from article_assistant.index import embed
from article_assistant.index.chunk import passage, split
from article_assistant.index.onnx import session
from article_assistant.index.types import Article
from numpy.typing import NDArray

from training import misses, pairs, refusals, support
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
ANSWERS, CARRIES = slice(0, 2), slice(2, 5)
"""Its logits: of the first and last token of an answer at each token; of "supported", "contradicted" and "unsupported"
at the first."""
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


def trained(work: Path, weights: Path) -> Mpnet:
    """The latest weights in the folder."""
    latest = max(work.glob("*.pt"), key=lambda path: path.stat().st_mtime)
    state = torch.load(latest, map_location="cpu", weights_only=True)
    model = started(weights)
    for mine, stored in zip((p for p in model.parameters() if p.requires_grad), state["weights"], strict=True):
        mine.data.copy_(stored)
    print(f"{latest.name}: {state['seen']:,} pairs, {state['seconds'] / 60:.0f} minutes")
    return model.eval()


class Read(NamedTuple):
    """Of each question: the score of the best words, whether the paragraph answers it, and the F1 of the words."""

    score: NDArray[np.float64]
    answerable: NDArray[np.bool_]
    overlap: NDArray[np.float64]


def read(shared: Path, graph: Path, name: str, most: int) -> Read:
    """What the judge says of so many questions of a set, given the paragraph."""
    from training import judge_graph  # needs the packages of `.[train]`

    weights = graph.with_suffix(".safetensors")
    embedder, reader = embed.load(), Reader(verifier=session(graph, weights, made=judge_graph.unpacked))
    learned = misses.written_of(shared)
    asked = [
        (paragraph, question)
        for paragraph in pairs.paragraphs(shared / f"{name}.jsonl.gz")
        if paragraph["article"] not in learned
        for question in paragraph["questions"]
    ]
    random.Random(SEED).shuffle(asked)
    rows = []
    for paragraph, question in asked[:most]:
        article = Article("", paragraph["article"], paragraph["context"], "", "", None, frozenset())
        shown = [passage(article.title, chunk) for chunk in split(article, embedder)]
        found = reader.verify(question["question"], shown)
        best, text = max(
            ((one, text) for (text, _), own in zip(shown, found, strict=True) for one in own),
            key=lambda one: one[0].score,
        )
        answers = [answer["text"] for answer in question["answers"]]
        rows.append((best.score, bool(answers), f1(text[best.start : best.end], answers) if answers else 0.0))
    score, answerable, overlap = zip(*rows, strict=True)
    return Read(np.array(score), np.array(answerable), np.array(overlap))


def measure(shared: Path, graph: Path, most: int) -> None:
    """Print F1, given the paragraph, and what is answered of near misses where so many of the others are refused."""
    for name in ("squad-dev", "nq-dev", "squad2-dev-a"):
        score, answerable, overlap = read(shared, graph, name, most)
        print(f"{name}: {len(score):,} questions, F1 of the answerable {overlap[answerable].mean():.3f}")
        if answerable.all():
            continue
        for share in (0.05, 0.08, 0.1):
            least = np.quantile(score[answerable], share)
            refusing = np.where(answerable, overlap * (score >= least), score < least).mean()
            print(
                f"  {share:.0%} refused: near misses answered {(score[~answerable] >= least).mean():.3f}, "
                f"F1 with refusals {refusing:.3f}",
                flush=True,
            )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["train", "export", "measure"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--weights", type=Path, default=Path("work/mpnet/all-mpnet-base-v2/model.safetensors"))
    parser.add_argument("--minutes", type=float, default=120, help="of learning, those of earlier runs counted in")
    parser.add_argument("--fall", type=float, default=30, help="last minutes, over which the rate falls to zero")
    parser.add_argument(
        "--graph", type=Path, help="where export writes and what measure reads, WORK/judge.onnx by default"
    )
    parser.add_argument("--questions", type=int, default=1_000, help="questions of each set that measure asks")
    given = parser.parse_args()
    graph = given.graph or given.work / "judge.onnx"
    if given.step == "train":
        train(given.work, given.weights, given.minutes, given.fall)
    elif given.step == "export":
        from training import judge_graph

        judge_graph.write(trained(given.work, given.weights), graph)
    else:
        measure(given.shared, graph, given.questions)
