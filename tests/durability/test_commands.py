"""Each proof is a command that says what it costs."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("name", ["crash", "moves", "opening", "stop"])
def test_help_says_how_long_it_takes(name: str) -> None:
    """Before anybody starts it."""
    command = [sys.executable, "-m", f"tests.durability.{name}", "--help"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert "Takes " in done.stdout
    assert "--out" in done.stdout
