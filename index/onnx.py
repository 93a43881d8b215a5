"""A model's graph and its weights become a session of ONNX Runtime.

The graph comes without weights: these are read from a safetensors file, so that the wheel stays small, nothing is
unpickled and torch is never imported.
"""

import ctypes
import hashlib
import json
import os
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

import onnxruntime
from article_assistant.index.types import EncoderError
from numpy.typing import NDArray
from safetensors.numpy import load_file


def digest(path: Path) -> str:
    """SHA-256 of a file, as 64 hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


Tensors = dict[str, NDArray[Any]]
"""Arrays by name."""


def session(
    graph: Path, weights: Path | None = None, threads: int = 0, made: Callable[[Tensors], Tensors] = dict
) -> onnxruntime.InferenceSession:
    """Open `graph` on the CPU, with the safetensors file `weights` for one that has no weights of its own.

    A JSON file beside such a graph holds the SHA-256 of its weights, and `made` turns their tensors into those
    that the graph names. `threads` is the number of cores to use, 0 for all that this process may run on.

    Raises EncoderError where the weights are missing or another file than the graph was made for.
    """
    try:
        return _loaded(graph, weights, threads, made)
    finally:
        give_back()  # loading takes twice the memory of the weights


def give_back() -> None:
    """Returns memory to the system that nothing uses any more, and that glibc would keep for what comes next."""
    with suppress(AttributeError):  # another C library
        ctypes.CDLL(None).malloc_trim(0)


def _loaded(
    graph: Path, weights: Path | None, threads: int, made: Callable[[Tensors], Tensors]
) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads or len(os.sched_getaffinity(0))
    options.log_severity_level = 3
    # Texts differ in length, and ONNX Runtime would plan a block of memory of its own for each length.
    options.enable_mem_pattern = False
    _shares_memory()
    options.add_session_config_entry("session.use_env_allocators", "1")
    values = []
    if weights is not None:
        card = json.loads(graph.with_suffix(".json").read_text())
        tensors = made(_verified(weights, card["sha256"]))
        # ONNX Runtime refuses a name that the graph lacks, and borrows the arrays until it has loaded.
        values = [onnxruntime.OrtValue.ortvalue_from_numpy(tensor) for tensor in tensors.values()]
        options.add_external_initializers(list(tensors), values)
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


@cache
def _shares_memory() -> None:
    """Gives the sessions of this process one arena to compute in, as they seldom run at the same time."""
    place = onnxruntime.OrtMemoryInfo(
        "Cpu", onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, onnxruntime.OrtMemType.DEFAULT
    )
    onnxruntime.create_and_register_allocator(place, onnxruntime.OrtArenaCfg(0, -1, -1, -1))


def _verified(weights: Path, sha256: str) -> Tensors:
    if not weights.is_file():
        raise EncoderError(f"the model's weights are missing: {weights}; reinstall the package that carries them")
    if (found := digest(weights)) != sha256:
        raise EncoderError(
            f"{weights} is not the model it should be (SHA-256 {found[:12]}…, expected {sha256[:12]}…); "
            "reinstall the package that carries it"
        )
    tensors: Tensors = load_file(weights)
    return tensors
