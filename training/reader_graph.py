"""The reader's graph as it ships: products of integers with a scale a token.

Before each product every token's values are divided by their largest and become eight-bit numbers, as in
`training/encoder_graph.py`. With one scale for a whole batch, as ONNX Runtime's own dynamic quantisation has it, a
passage's score would change with the passages that are read beside it.
"""

from pathlib import Path
from typing import Any

import numpy as np
import torch
from onnx import TensorProto, helper

from training.encoder_graph import MICROSOFT, Graph
from training.model import HEADS, LAYERS, WIDTH, ReaderModel

PLACES = 512


def whole(weights: torch.Tensor) -> tuple[Any, Any]:
    """Weights `(out, in)` as eight-bit integers `(in, out)`, and the scale of each column.

    >>> integers, scales = whole(torch.tensor([[127.0, -254.0]]))
    >>> integers.tolist(), scales.tolist()
    ([[64], [-127]], [2.0])
    """
    columns = weights.detach().float().numpy().T
    scales = np.maximum(np.abs(columns).max(axis=0) / 127, 1e-12).astype(np.float32)
    return np.rint(columns / scales).clip(-127, 127).astype(np.int8), scales


class _Whole(Graph):
    """A graph that holds its own weights."""

    def __init__(self) -> None:
        super().__init__({})

    def linear(self, name: str, layer: torch.nn.Linear) -> None:
        """Put a layer's weights in, as `product` wants them, and its bias."""
        integers, scales = whole(layer.weight)
        self.constant(f"{name}.weight", integers)
        self.constant(f"{name}.scale", scales)
        self.constant(f"{name}.bias", layer.bias.detach().float().numpy())

    def scaled(self, name: str, layer: torch.nn.LayerNorm) -> None:
        """Put a norm's weights in."""
        self.constant(f"{name}.weight", layer.weight.detach().float().numpy())
        self.constant(f"{name}.bias", layer.bias.detach().float().numpy())


def build(model: ReaderModel) -> bytes:
    """The graph from `input_ids`, `attention_mask` and `token_type_ids`, each `(batch, tokens)`, to `logits`."""
    graph = _Whole()
    words = model.words.weight.detach().float().numpy()
    step = float(words.max() - words.min()) / 255
    middle = np.uint8(np.rint(-words.min() / step).clip(0, 255))
    graph.constant("words", (np.rint(words / step) + middle).clip(0, 255).astype(np.uint8))
    graph.constant("words.scale", np.array(step, np.float32))
    graph.constant("words.middle", np.array(middle, np.uint8))
    graph.constant("places", model.places.weight.detach().float().numpy()[:PLACES])
    graph.constant("kinds", model.kinds.weight.detach().float().numpy())
    graph.scaled("norm", model.embedded)
    count = graph.add("Shape", "input_ids", start=1, end=2)
    places = graph.add("Slice", "places", "first", count, "first")
    word = graph.add("DequantizeLinear", graph.add("Gather", "words", "input_ids"), "words.scale", "words.middle")
    state = graph.norm("norm", word, places, graph.add("Gather", "kinds", "token_type_ids"))
    mask = graph.add("Cast", "attention_mask", to=TensorProto.INT32)
    for number in range(LAYERS):
        layer: Any = model.layers[number]
        for name in ("joined", "wide", "narrow"):
            graph.linear(f"{number}.{name}", getattr(layer, name))
        for name in ("attended", "done"):
            graph.scaled(f"{number}.{name}", getattr(layer, name))
        integers, scales = whole(layer.query_key_value.weight)
        bias = graph.constant(f"{number}.attention.bias", layer.query_key_value.bias.detach().float().numpy())
        values, parts = graph.integers(state), []
        for part, name in enumerate(("query", "key", "value")):
            here = slice(part * WIDTH, (part + 1) * WIDTH)
            graph.constant(f"{number}.{name}.weight", integers[:, here])
            graph.constant(f"{number}.{name}.scale", scales[here])
            parts.append(graph.product(values, f"{number}.{name}"))
        seen = graph.add("MultiHeadAttention", *parts, bias, mask, domain=MICROSOFT, num_heads=HEADS)
        out = graph.product(graph.integers(seen), f"{number}.joined")
        state = graph.norm(f"{number}.attended", out, f"{number}.joined.bias", state)
        wide = graph.add(
            "BiasGelu", graph.product(graph.integers(state), f"{number}.wide"), f"{number}.wide.bias", domain=MICROSOFT
        )
        narrow = graph.product(graph.integers(wide), f"{number}.narrow")
        state = graph.norm(f"{number}.done", narrow, f"{number}.narrow.bias", state)
    graph.constant("head.weight", model.head.weight.detach().float().numpy().T)
    graph.constant("head.bias", model.head.bias.detach().float().numpy())
    graph.add("Add", graph.add("MatMul", state, "head.weight"), "head.bias", output="logits")
    return finished(graph, "reader")


def finished(graph: Graph, name: str) -> bytes:
    """The model from `input_ids`, `attention_mask` and `token_type_ids`, each `(batch, tokens)`, to `logits`."""
    inputs = ("input_ids", "attention_mask", "token_type_ids")
    made = helper.make_graph(
        graph.nodes,
        name,
        [helper.make_tensor_value_info(given, TensorProto.INT64, ["batch", "tokens"]) for given in inputs],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", "tokens", "outputs"])],
        graph.constants,
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    found: bytes = helper.make_model(made, opset_imports=versions, ir_version=8).SerializeToString()
    return found


def write(model: ReaderModel, target: Path) -> None:
    """Write the graph of a model."""
    target.write_bytes(build(model))
    print(f"{target.name}: {target.stat().st_size / 1e6:.1f} MB")
