"""The judge as it ships: a graph without weights, and its weights of four bits in blocks.

Each block of BLOCK weights of a column shares a step, chosen among CLIPPED for the least squared error. As the model is
loaded they become integers of eight bits with a scale a column (`answering/judge.py`), and products are of integers
with a scale a token, as in `training/reader_graph.py`: what a passage scores does not depend on what is read beside it.
Word vectors have eight bits, a scale a word. Twelve layers of 768 are 69 MB.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from article_assistant.answering.judge import PACKED, unpacked
from article_assistant.index.onnx import Tensors, digest
from numpy.typing import NDArray
from onnx import TensorProto
from safetensors.numpy import save_file

from training.encoder_graph import MICROSOFT, Graph
from training.model import HEADS
from training.mpnet import FARTHEST, WIDTH, Mpnet
from training.reader_graph import finished

BLOCK = 64
CLIPPED = np.linspace(0.7, 1.0, 13)
"""Shares of a block's largest value that the outermost step is tried at."""
EPSILON = 1e-5


def halves(weights: NDArray[np.float32]) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
    """Weights `(out, in)` as four-bit numbers around 8, two a byte, `(out, in / 2)`, and their steps `(out, blocks)`.

    The largest value of a block is the -8 of it, of which there is no counterpart on the other side.

    >>> packed, steps = halves(np.linspace(-8, 7, 64, dtype=np.float32)[None])
    >>> packed.shape, steps.shape, bool(0.7 <= steps[0, 0] <= 1)
    ((1, 32), (1, 1), True)
    """
    blocks = weights.reshape(len(weights), -1, BLOCK)
    at = np.abs(blocks).argmax(axis=-1)[..., None]
    outermost = -np.take_along_axis(blocks, at, axis=-1) / 8
    outermost = np.where(np.abs(outermost) < 1e-6, np.float32(1e-6), outermost)
    least = np.full(outermost.shape, np.inf, np.float32)
    steps, numbers = outermost, np.zeros_like(blocks)
    for share in CLIPPED:
        tried = (outermost * share).astype(np.float16).astype(np.float32)
        found = np.rint(blocks / tried).clip(-8, 7)
        lost = ((found * tried - blocks) ** 2).sum(axis=-1, keepdims=True)
        better = lost < least
        least, steps, numbers = (
            np.where(better, new, old) for new, old in ((lost, least), (tried, steps), (found, numbers))
        )
    bits = (numbers + 8).astype(np.uint8).reshape(weights.shape)
    return bits[:, ::2] | bits[:, 1::2] << np.uint8(4), steps[..., 0].astype(np.float16)


def stored(model: Mpnet) -> Tensors:
    """The tensors as they ship."""

    def plain(tensor: torch.Tensor) -> NDArray[np.float32]:
        return tensor.detach().float().numpy()

    words = plain(model.words.weight)
    step = np.maximum(np.abs(words).max(axis=1, keepdims=True) / 127, 1e-9)
    found: Tensors = {
        "words": np.rint(words / step).astype(np.int8),
        "words.scale": step,
        "places": plain(model.places.weight),
        "kinds": plain(model.kinds.weight),
        "distances": np.ascontiguousarray(plain(model.distances.weight)[model.buckets].T),
        "head.weight": np.ascontiguousarray(plain(model.head.weight).T),
        "head.bias": plain(model.head.bias),
    }
    norms = {"norm": model.embedded}
    for number, part in enumerate(model.layers):
        layer: Any = part
        norms |= {f"{number}.{name}": getattr(layer, name) for name in ("attended", "done")}
        found[f"{number}.attention.bias"] = plain(layer.query_key_value.bias)
        products = dict(zip(("query", "key", "value"), layer.query_key_value.weight.split(WIDTH), strict=True))
        for name in ("joined", "wide", "narrow"):
            products[name] = getattr(layer, name).weight
            found[f"{number}.{name}.bias"] = plain(getattr(layer, name).bias)
        for name, weights in products.items():
            found[f"{number}.{name}{PACKED}"], found[f"{number}.{name}.steps"] = halves(plain(weights))
    for name, norm in norms.items():
        found[f"{name}.weight"], found[f"{name}.bias"] = plain(norm.weight), plain(norm.bias)
    return found


class _Graph(Graph):
    """Norms as MPNet has them."""

    def norm(self, name: str, *summed: str, output: str = "") -> str:
        total, *others = summed
        for other in others:
            total = self.add("Add", total, other)
        return self.add("LayerNormalization", total, f"{name}.weight", f"{name}.bias", epsilon=EPSILON, output=output)


def build(fed: Tensors) -> bytes:
    """The graph from `input_ids`, `attention_mask` and `token_type_ids`, each `(batch, tokens)`, to `logits`."""
    graph = _Graph(fed)
    for name, number in (("from", 0), ("by", 1), ("farthest", FARTHEST)):
        graph.constant(name, np.array(number, np.int64))
    graph.constant("second", np.array([1], np.int64))
    count = graph.add("Shape", "input_ids", start=1, end=2)
    word = graph.add("Cast", graph.add("Gather", "words", "input_ids"), to=TensorProto.FLOAT)
    word = graph.add("Mul", word, graph.add("Gather", "words.scale", "input_ids"))
    places = graph.add("Slice", "places", "first", count, "first")
    state = graph.norm("norm", word, places, graph.add("Gather", "kinds", "token_type_ids"))
    mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    place = graph.add("Range", "from", graph.add("Squeeze", count), "by")
    gaps = graph.add("Sub", graph.add("Unsqueeze", place, "first"), graph.add("Unsqueeze", place, "second"))
    away = graph.add("Gather", "distances", graph.add("Add", gaps, "farthest"), axis=1)
    away = graph.add("Unsqueeze", away, "first")
    for layer in range(sum(name.endswith(".joined.scale") for name in fed)):
        values = graph.integers(state)
        parts = [graph.product(values, f"{layer}.{name}") for name in ("query", "key", "value")]
        seen = graph.add(
            "MultiHeadAttention", *parts, f"{layer}.attention.bias", mask, away, domain=MICROSOFT, num_heads=HEADS
        )
        out = graph.product(graph.integers(seen), f"{layer}.joined")
        state = graph.norm(f"{layer}.attended", out, f"{layer}.joined.bias", state)
        wide = graph.product(graph.integers(state), f"{layer}.wide")
        wide = graph.add("BiasGelu", wide, f"{layer}.wide.bias", domain=MICROSOFT)
        narrow = graph.product(graph.integers(wide), f"{layer}.narrow")
        state = graph.norm(f"{layer}.done", narrow, f"{layer}.narrow.bias", state)
    graph.add("Add", graph.add("MatMul", state, "head.weight"), "head.bias", output="logits")
    return finished(graph, "judge")


def write(model: Mpnet, target: Path) -> None:
    """Write the graph, its weights beside it, and the card that ties them together."""
    tensors, weights = stored(model), target.with_suffix(".safetensors")
    save_file(tensors, weights)
    target.write_bytes(build(unpacked(tensors)))
    target.with_suffix(".json").write_text(json.dumps({"sha256": digest(weights)}) + "\n")
    print(f"{target.name}: {(target.stat().st_size + weights.stat().st_size) / 1e6:.1f} MB")
