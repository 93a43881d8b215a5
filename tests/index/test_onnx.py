"""A graph and its weights: only those that belong together are ever loaded."""

import json
import shutil
from pathlib import Path

import pytest
from article_assistant.answering.reader import READER
from article_assistant.index import embed, onnx
from article_assistant.index.types import EncoderError

WEIGHTS = embed.default_folder() / "model.safetensors"


def test_the_weights_are_the_public_ones() -> None:
    """The digest that many projects pin for all-MiniLM-L6-v2 is the one we ask for, and the package has it."""
    card = json.loads(embed.ENCODER_GRAPH.with_suffix(".json").read_text())
    assert card["sha256"] == "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
    assert onnx.digest(WEIGHTS) == card["sha256"]


def test_weights_that_were_changed_are_refused(tmp_path: Path) -> None:
    """One bit in 90 MB is enough, and the line says what to do."""
    copy = Path(shutil.copy(WEIGHTS, tmp_path))
    with copy.open("r+b") as file:
        file.seek(50_000_000)
        byte = file.read(1)[0]
        file.seek(50_000_000)
        file.write(bytes([byte ^ 1]))
    with pytest.raises(EncoderError, match=r"is not the model it should be.*reinstall") as caught:
        onnx.session(embed.ENCODER_GRAPH, copy)
    assert "\n" not in str(caught.value)


def test_missing_weights_are_named(tmp_path: Path) -> None:
    """A file that is not there is named with its path."""
    with pytest.raises(EncoderError, match=r"missing: .*nothing\.safetensors"):
        onnx.session(embed.ENCODER_GRAPH, tmp_path / "nothing.safetensors")


def test_the_graph_is_small() -> None:
    """The wheel carries the graph without its weights."""
    assert embed.ENCODER_GRAPH.stat().st_size < 1_000_000


def test_sessions_share_their_memory() -> None:
    """What one network has computed with is there for the next one, and no text's length keeps memory of its own."""
    options = onnx.session(READER).get_session_options()
    assert options.get_session_config_entry("session.use_env_allocators") == "1"
    assert not options.enable_mem_pattern
