"""Whatever dies, nothing acknowledged is lost or half there: the short form of `python -m tests.durability.crash`."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from article_assistant.index.search import Index

from tests.durability import crash, history


@pytest.fixture
def home() -> Iterator[Path]:
    with crash.place() as folder:
        yield folder / "home"


def test_the_history_holds_what_it_says(home: Path) -> None:
    """Played without a fault, each step leaves what must be found after it, and nothing is embedded to check it."""
    for number, step in enumerate(history.history(), 1):
        index = Index.open(home, history.Marks())
        with index.library.writing():
            step.do(index)
        index.close()
        assert history.check(home, number) == []


def test_the_check_notices(home: Path) -> None:
    """A lost article, one of another revision, one that is half there: each is a problem."""
    history.play(home, 0, lambda _: None)
    for query in (
        "DELETE FROM article WHERE id = 'docs/1.md'",
        "UPDATE article SET revision = 'r0' WHERE id = 'docs/1.md'",
        "DELETE FROM chunk WHERE number = (SELECT max(number) FROM chunk)",
    ):
        copy = home.parent / "copy"
        shutil.copytree(home, copy)
        index = Index.open(copy, history.Marks())
        index.library._connection.execute(query)
        index.close()
        assert history.check(copy, len(history.history()))
        shutil.rmtree(copy)


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("kill", ["--kills", "5"]),
        ("syscall", ["--every", "150", "--most", "4"]),
        ("error", ["--every", "150", "--most", "4"]),
        ("damage", ["--most", "16"]),
    ],
)
def test_whatever_dies(kind: str, options: list[str], tmp_path: Path) -> None:
    """A few trials of each kind of fault, spread over all of them; the command does the rest."""
    if kind in {"syscall", "error"} and not shutil.which("strace"):
        pytest.skip("strace is not installed")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "tests.durability.crash",
            "--kinds",
            kind,
            *options,
            "--due",
            "100",
            "--out",
            str(tmp_path),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
        cwd=Path(__file__).parents[2],
        env=os.environ,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"| {kind} |" in done.stdout
