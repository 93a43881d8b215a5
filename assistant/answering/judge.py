"""The judge: a network of base size that says whether a passage answers a question, and whether it carries a sentence.

`training/judge.py` made its weights. They ship as numbers of four bits in blocks, which are half as large, and become
the integers of eight bits that its graph multiplies with as it is opened.
"""

from functools import cache
from pathlib import Path

import numpy as np
import onnxruntime
from article_assistant.index import onnx
from article_assistant.index.onnx import Tensors
from numpy.typing import NDArray

GRAPH = Path(__file__).parents[1] / "models" / "judge.onnx"
ANSWERS, CARRIES = slice(0, 2), slice(2, 5)
"""Its logits: of the first and last token of an answer at each token; of "supported", "contradicted" and "unsupported"
at the first."""

PACKED = ".packed"
"""Ends the name of a tensor of four-bit numbers, shape `(outputs, inputs / 2)`; `.steps` ends that of its scales."""


@cache
def opened(threads: int = 0, graph: Path = GRAPH) -> onnxruntime.InferenceSession:
    """The session of the judge on so many cores, 0 for all; opened once, since it is large."""
    return onnx.session(graph, graph.with_suffix(".safetensors"), threads, unpacked)


def unpacked(stored: Tensors) -> Tensors:
    """Each `NAME.packed` with its `NAME.steps` as `NAME.weight`, shape `(inputs, outputs)`, and `NAME.scale`.

    The other tensors stay as they are.
    """
    found = {name: tensor for name, tensor in stored.items() if not name.endswith((PACKED, ".steps"))}
    for name in stored:
        if name.endswith(PACKED):
            own = name.removesuffix(PACKED)
            found[f"{own}.weight"], found[f"{own}.scale"] = whole(stored[name], stored[f"{own}.steps"])
    return found


def whole(packed: NDArray[np.uint8], steps: NDArray[np.float16]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """Numbers of -127 to 127, shape `(inputs, outputs)`, and what one of each column is worth.

    A byte of `packed`, shape `(outputs, inputs / 2)`, holds two numbers around 8, the first in its lower half;
    `steps`, shape `(outputs, blocks)`, is what one of them is worth.

    >>> integers, scales = whole(np.array([[0x08, 0x9F]], np.uint8), np.array([[1.0, 2.0]], np.float16))
    >>> integers.T.tolist(), (integers * scales).round().T.tolist()
    ([[0, -73, 127, 18]], [[0.0, -8.0, 14.0, 2.0]])
    """
    numbers = np.stack([packed & 15, packed >> 4], axis=-1).astype(np.int8) - 8
    outputs, blocks = steps.shape
    weights = numbers.reshape(outputs, blocks, -1) * steps.astype(np.float32)[..., None]
    weights = weights.reshape(outputs, -1)
    scales = np.maximum(np.abs(weights).max(axis=1) / 127, 1e-12)
    return np.ascontiguousarray(np.rint(weights / scales[:, None]).astype(np.int8).T), scales
