"""A reader that moves on gives back what it held: the short form of `python -m tests.durability.moves`."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHORT = ["--moves", "8", "--chunks", "80"]


def test_a_reader_that_moves_gives_back_what_it_held(tmp_path: Path) -> None:
    """Eight moves while another thread asks: descriptors, threads, memory and folders stay level."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.durability.moves", *SHORT, "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "| move | descriptors | threads | memory | folders | answers |" in done.stdout


def test_what_is_not_given_back_is_noticed(tmp_path: Path) -> None:
    """A reader that keeps each generation open fails the command."""
    code = """
from tests.durability import moves
from article_assistant.index.generation import Generation
Generation.close = lambda self: None
moves.main()
"""
    done = subprocess.run(
        [sys.executable, "-c", code, *SHORT, "--out", str(tmp_path)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        cwd=ROOT,
    )
    assert done.returncode == 1, done.stdout + done.stderr
    assert "something is not given back" in done.stderr
