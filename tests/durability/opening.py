"""Seconds from opening a library to its first answer, whole and with each part of its search index harmed.

The library is one that `python -m bench.growth --chunks 50000 --home DIR` left; it is copied for each harm. What is
imported and the encoder are there before the clock starts, as in a server that opens its library. The answer
is that of an exact search wherever the index cannot be used, and is compared with that of the whole library.
"""

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.pipeline import PASSAGES

from bench import report

QUESTIONS = ("Who wrote the first constitution of the country?", "When was the railway opened?", "What is a gauge?")
ROOT = Path(__file__).parents[2]


def _each(home: Path, harm: Callable[[Path], object]) -> None:
    """Harm every large file of the newest generation."""
    newest = max((home / "generations").iterdir(), key=lambda path: path.stat().st_mtime)
    for path in newest.rglob("*"):
        if path.is_file() and path.stat().st_size > 1000:
            harm(path)


HARMS: dict[str, Callable[[Path], object]] = {
    "whole": lambda _: None,
    "no generations": lambda home: shutil.rmtree(home / "generations"),
    "files of the generation halved": lambda home: _each(
        home, lambda path: path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    ),
    "files of the generation zeroed": lambda home: _each(
        home, lambda path: path.write_bytes(bytes(path.stat().st_size))
    ),
    "files of the generation deleted": lambda home: _each(home, Path.unlink),
}


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "2 minutes for 50,000 chunks")
    parser.add_argument("library", type=Path, metavar="HOME", help="the library that bench.growth left")
    parser.add_argument("--times", type=report.positive, default=3, metavar="N", help="openings for each harm")
    parser.add_argument("--open", action="store_true", help="only open HOME (used by the command itself)")
    given = parser.parse_args()
    report.offline()
    if given.open:
        sys.stdout.write(json.dumps(_opened(given.library)))
        return
    facts = report.machine()
    rows, found = [], {}
    right: list[list[str]] = []
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        for name, harm in HARMS.items():
            runs = []
            for _ in range(given.times):
                copy = Path(place) / "copy"
                shutil.copytree(given.library, copy)
                harm(copy)
                command = [sys.executable, "-m", "tests.durability.opening", str(copy), "--open"]
                done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True)
                runs.append(json.loads(done.stdout))
                shutil.rmtree(copy)
            right = right or runs[0]["found"]
            same = [
                len(set(a) & set(b)) / max(len(a), 1) for run in runs for a, b in zip(right, run["found"], strict=True)
            ]
            seconds = sorted(run["seconds"] for run in runs)
            rows.append(
                [name, f"{seconds[len(seconds) // 2]:.2f}", f"{seconds[-1]:.2f}", f"{sum(same) / len(same):.3f}"]
            )
            found[name] = {"seconds": seconds, "same passages": same}
            report.say(f"{name}: {rows[-1][1:]}")
    body = [
        f"{runs[0]['chunks']:,} chunks, {given.times} openings each.",
        report.table(["the library", "first answer, s", "slowest, s", "passages as of the whole one"], rows),
    ]
    report.write(given.out, "opening", "Opening a library", facts, body, found)


def _opened(home: Path) -> dict[str, object]:
    """Open a library as a server does; seconds to its first answer, and what the questions find."""
    embedder = embed.load()
    embedder.question("warm")
    began = time.perf_counter()
    index = Index.open(home, embedder, mends=True)
    first = index.find(QUESTIONS[0], None, PASSAGES)
    seconds = time.perf_counter() - began
    hits = [first, *(index.find(question, None, PASSAGES) for question in QUESTIONS[1:])]
    found = [[f"{hit.article.id}#{hit.chunk.start}" for hit in own] for own in hits]
    chunks = index.library.counts()["chunks"]
    index.close()
    return {"seconds": seconds, "found": found, "chunks": chunks}


if __name__ == "__main__":
    report.run(main)
