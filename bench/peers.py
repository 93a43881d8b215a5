"""What each system imports; light itself, so that those imports can be timed."""

import importlib

from article_assistant.index.types import UserFacingError

MODULES = {
    "ours": ("article_assistant.index.embed", "article_assistant.index.search", "article_assistant.index.sync"),
    "tutorial": (
        "chromadb", "llama_index.core", "llama_index.core.node_parser", "llama_index.embeddings.huggingface",
        "llama_index.vector_stores.chroma",
    ),
    "txtai": ("txtai", "txtai.pipeline"),
}  # fmt: skip
"""Modules by the first word of a system's name."""


class PeersMissing(UserFacingError):
    """A product to measure beside ours is not installed."""


def load_modules(name: str) -> None:
    """Import what a system needs. Raises PeersMissing where it is not installed."""
    for module in MODULES[name.split()[0]]:
        try:
            importlib.import_module(module)
        except ImportError as error:
            raise PeersMissing(
                f"{module} cannot be imported ({error}); type: pip install -r bench/requirements.txt, "
                "in an environment of its own"
            ) from error
