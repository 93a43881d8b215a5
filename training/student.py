"""Smaller networks that learn from the judge, and a table of what they can do beside it.

    python -m training.student targets WORK                          what the judge says (8 pairs a second, one core)
    python -m training.student train WORK --kind six --minutes 40    WORK/six.onnx (3.7 pairs a second, one busy core)
    python -m training.student train WORK --kind small --minutes 15  WORK/small.onnx (9 pairs a second, one busy core)
    python -m training.student measure WORK --questions 60           the table (5 min on one busy core)

The pairs are those of `training.refusals` (WORK/pairs) and the claims those of `training.support` (WORK/claims); both
have a `data` step, and a source that was not made is left out. The teacher is the judge as it ships, in eight bits.
A student learns what is true and, as much, how sure the teacher is of every place and label, softened by HEAT (Hinton
et al. 2015). `six` is every other layer of the teacher (Sanh et al. 2019, "DistilBERT") and takes its place beside the
reader; `small` is the reader as it ships, which learns the spans alone and has no judge beside it.

Training goes on from its checkpoints as that of the judge does. What it makes is not shipped.
"""

import argparse
import random
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from article_assistant.answering.judge import ANSWERS, CARRIES, GRAPH, opened
from article_assistant.answering.reader import READER, Reader, pair_tokenizer
from article_assistant.evaluation.figures import wilson
from article_assistant.index import embed, onnx
from article_assistant.writing.entailment import INPUTS, Checker
from numpy.typing import NDArray

from bench import support as bench
from training import given, judge, refusals, support
from training.model import ReaderModel
from training.mpnet import Mpnet
from training.pairs import Tokens
from training.reader import Steps, batches, chances_of, quantised, rows_of

LAYERS = (0, 2, 4, 6, 8, 10)
"""Of the teacher's, those that `six` starts from."""
HEAT = 2.0
PEAKS = {"six": 1e-4, "small": 5e-5}  # rates of learning
RISE = 300
"""Pairs over which the rate rises."""
FALL = 0.4
"""Share of the minutes over which the rate falls."""
SIZES = {"questions": judge.BATCH, "claims": 2 * judge.BATCH}
REFUSED = 0.08
TIMED = 200
"""Questions whose passages are timed."""
SEED = 29


class Soft(NamedTuple):
    """Pairs of one job, by their numbers, with the teacher's logits of it: those of the tokens of the i-th are
    `logits[ends[i]:ends[i + 1]]`, two a token for a question and three for a claim."""

    found: Tokens
    numbers: NDArray[np.int64]
    logits: NDArray[np.float16]
    ends: NDArray[np.int64]

    def rows(self, batch: Sequence[int], chance: random.Random) -> tuple[torch.Tensor, ...]:
        """What `training.reader.rows_of` gives, and the teacher's logits `(batch, tokens, 2 or 3)`."""
        rows = rows_of(self.found, self.numbers[batch].tolist(), chance, 0.0)
        own = [torch.from_numpy(self.logits[self.ends[i] : self.ends[i + 1]].astype(np.float32)) for i in batch]
        return (*rows, torch.nn.utils.rnn.pad_sequence(own, batch_first=True))


def drawn_of(work: Path, job: str) -> tuple[Tokens, Iterator[list[int]]]:
    """The pairs of a job, and the batches of them that the teacher is asked, in the shares of its own training."""
    found, of_kind = refusals.kinds(work) if job == "questions" else support.kinds(work)
    mix = judge.MIX if job == "questions" else support.MIX
    there = {name: share for name, share in mix.items() if len(of_kind[name])}
    print(f"{job}: {len(found.spans):,} pairs; without {', '.join(mix.keys() - there.keys()) or 'none'}")
    return found, judge.drawn(found, of_kind, there, random.Random(SEED), SIZES[job])


def targets(work: Path, job: str, count: int) -> None:
    """Write what the teacher says of so many pairs to WORK/JOB.npz, those already there counted in."""
    session, kept, own = opened(1), work / f"{job}.npz", ANSWERS if job == "questions" else CARRIES
    found, stream = drawn_of(work, job)
    numbers, logits, known, saved = list[int](), list[NDArray[np.float16]](), 0, time.monotonic()
    if kept.exists():
        stored = np.load(kept)
        known, logits = len(stored["numbers"]), [stored["logits"]]
    for batch in stream:
        numbers += batch
        if len(numbers) > known:
            *rows, _ = (part.numpy() for part in rows_of(found, batch, random.Random(), 0.0))
            (said,) = session.run(None, dict(zip(INPUTS, rows, strict=True)))
            logits += [row[: mask.sum(), own] for row, mask in zip(said, rows[1], strict=True)]
        if len(numbers) >= count or time.monotonic() - saved > 120:
            saved = time.monotonic()
            np.savez(kept, numbers=np.array(numbers), logits=np.concatenate(logits).astype(np.float16))
            print(f"{job}: {len(numbers):,} pairs", flush=True)
        if len(numbers) >= count:
            return


def soft_of(work: Path, job: str) -> Soft:
    """What `targets` wrote."""
    found, _ = drawn_of(work, job)
    stored = np.load(work / f"{job}.npz")
    numbers = stored["numbers"]
    return Soft(found, numbers, stored["logits"], np.concatenate([[0], np.cumsum(np.diff(found.ends)[numbers])]))


def loss(
    logits: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor, told: torch.Tensor, soft: torch.Tensor
) -> torch.Tensor:
    """Sum over the batch of the loss of what is true and of the divergence from the teacher's softened likelihoods."""
    if told.shape[1:] == (1, 1):
        own, theirs = ((part[:, 0].float() / HEAT).log_softmax(dim=1) for part in (logits[..., CARRIES], soft))
        sides = 1
    else:
        own, theirs = (
            chances_of(part.float() / HEAT, mask, kinds) for part in (logits[..., ANSWERS], soft[:, : mask.shape[1]])
        )
        sides = 2
    apart = torch.nn.functional.kl_div(own, theirs, reduction="sum", log_target=True)
    return judge.loss(logits, mask, kinds, told) + HEAT**2 * apart / sides


def started(kind: str) -> Mpnet | ReaderModel:
    """A student that has learned nothing yet; its word vectors stay as they are."""
    torch.manual_seed(SEED)
    model: Mpnet | ReaderModel
    if kind == "six":
        model = Mpnet.shipped(GRAPH.with_suffix(".safetensors"))
        model.layers = torch.nn.ModuleList(model.layers[i] for i in LAYERS)
    else:
        model = ReaderModel.shipped(READER)
    model.words.requires_grad_(False)
    return model


def train(work: Path, kind: str, minutes: float) -> None:
    """Learn for so many minutes in all, and write the graph in the form that ships."""
    jobs = {job: soft_of(work, job) for job in SIZES if kind == "six" or job == "questions"}

    def draw(chance: random.Random) -> Iterator[judge.Batch]:
        while True:
            todo = [(job, batch) for job, soft in jobs.items() for batch in batches(soft.ends, chance, SIZES[job])]
            chance.shuffle(todo)
            for job, batch in todo:
                yield job, jobs[job].rows(batch, chance)

    (work / kind).mkdir(exist_ok=True)
    judge.learn(Steps(started(kind), loss), draw, work / kind, minutes, FALL * minutes, PEAKS[kind], RISE)
    model = judge.trained(started(kind), max((work / kind).glob("*.pt"), key=lambda path: path.stat().st_mtime))
    if isinstance(model, Mpnet):
        from training import judge_graph  # needs the packages of `.[train]`

        judge_graph.write(model, work / "six.onnx")
    else:
        quantised(model, work, work / "small.onnx")


def row(found: given.Scored, other: given.Scored) -> str:
    """F1 with its interval, and by how much it is above that of another on the same questions; the near misses."""
    own, apart = (part[found.answerable] for part in (found.overlap, found.overlap - other.overlap))
    text = f"{own.mean():.3f} ± {given.reach(own):.3f} ({apart.mean():+.3f} ± {given.reach(apart):.3f})"
    if found.answerable.all():
        return text
    answered, _ = found.refused(REFUSED)
    low, high = wilson(int(answered.sum()), len(answered))
    return f"{text}; near misses answered {answered.mean():.2f} ({low:.2f} to {high:.2f})"


def measure(work: Path, shared: Path, count: int, each: int) -> None:
    """Print the table, on so many questions of each set and so many claims of each set of the test part."""
    six, small, embedder = work / "six.onnx", work / "small.onnx", embed.load()
    shipped, with_six, alone = Reader(1), Reader(1, judged=six), Reader(1, small)
    systems: dict[str, given.Read] = {
        "reader and judge": shipped.verify, "reader alone": shipped.read,
        "reader and six": with_six.verify, "small alone": alone.read,
    }  # fmt: skip
    for name in given.SETS:
        asked = list(given.questions(shared, name, count))
        found = {
            title: given.scored(asked, [given.best(read, one) for one in asked]) for title, read in systems.items()
        }
        print(f"{name}, {len(asked)} questions; in brackets, against reader and judge")
        for title, own in found.items():
            print(f"  {title}: {row(own, found['reader and judge'])}", flush=True)
    claimed = bench.rows(shared / "support.jsonl.gz", each, test=True)
    for title, graph in (("judge", GRAPH), ("six", six)):
        checker = Checker(embedder, 1, graph, -np.inf)
        auc = bench.measured(claimed, np.array([bench.score(one, checker, embedder) for one in claimed]), 0.0)["auc"]
        print(
            f"{title}, {len(claimed)} claims: AUC {auc['value']:.3f} ({auc['low']:.3f} to {auc['high']:.3f})",
            flush=True,
        )
    costs({"reader": READER, "judge": GRAPH, "six": six, "small": small}, shared)


def costs(graphs: dict[str, Path], shared: Path) -> None:
    """Print the bytes of each network, and what a pass of it costs in passes of the first, by turns on one core."""
    sessions, seconds = {}, []
    for name, graph in graphs.items():
        weights = graph.with_suffix(".safetensors")
        sessions[name] = opened(1, graph) if weights.exists() else onnx.session(graph, threads=1)
        size = sum(path.stat().st_size for path in (graph, weights) if path.exists())
        print(f"{name}: {size / 1e6:.1f} MB")
    words = pair_tokenizer()
    for one in given.questions(shared, "squad-dev", TIMED):
        found = words.encode(one.question, one.shown[0][0])
        rows = (found.ids, found.attention_mask, found.type_ids)
        fed = {name: np.array([row], np.int64) for name, row in zip(INPUTS, rows, strict=True)}
        clock = [time.perf_counter()]
        for session in sessions.values():
            session.run(None, fed)
            clock.append(time.perf_counter())
        seconds.append(np.diff(clock))
    passes = np.median(np.array(seconds) / np.array(seconds)[:, :1], axis=0)
    print(
        f"passes of the reader, median of {len(seconds)}:",
        ", ".join(f"{n} {p:.1f}" for n, p in zip(graphs, passes, strict=True)),
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["targets", "train", "measure"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument(
        "--pairs", type=int, default=10_000, help="questions to ask the judge, and a quarter as many claims"
    )
    parser.add_argument("--kind", choices=list(PEAKS), default="six", help="which student")
    parser.add_argument("--minutes", type=float, default=40, help="of learning, those of earlier runs counted in")
    parser.add_argument("--questions", type=int, default=150, help="of each set")
    parser.add_argument("--claims", type=int, default=10, help="of each set")
    told = parser.parse_args()
    if told.step == "targets":
        targets(told.work, "questions", told.pairs)
        targets(told.work, "claims", told.pairs // 4)
    elif told.step == "train":
        train(told.work, told.kind, told.minutes)
    else:
        measure(told.work, told.shared, told.questions, told.claims)
