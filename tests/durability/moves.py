"""Does a reader that moves from one generation to the next give back all that the old ones held?

A library of `--chunks` chunks is published again and again, each time with some articles changed. A reader, as
a server has it, moves on to each generation, while a second thread asks it without a pause. This prints
ten times the descriptors, threads and resident memory of the process, and the folders of generations that
are on the disk. Its exit code is 1 when more is in use at the end than at first.
"""

import os
import sys
import tempfile
import threading
import time
from pathlib import Path

from article_assistant.index.chunk import split
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, LibraryError

from bench import report
from tests.durability import history

ROWS = 10
"""How often it is looked at what is in use."""
CHANGED = 20
"""Articles that are changed for each move."""
MORE_DESCRIPTORS, MORE_THREADS, MORE_MEMORY = 40, 4, 1.25
"""What may be in use at the end more than at the first row: Chroma's own connections, and fragments of memory."""


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "8 minutes for 200 moves on two cores")
    parser.add_argument("--moves", type=report.positive, default=200, metavar="N", help="generations to move to")
    parser.add_argument("--chunks", type=report.positive, default=2_000, metavar="N", help="chunks in the library")
    given = parser.parse_args()
    facts = report.machine()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        found = _moves(Path(place), given.moves, given.chunks // history.SECTIONS)
    columns = list(found[0])
    body = [
        report.table(columns, [[f"{one[name]:,}" for name in columns] for one in found]),
        f"{given.moves:,} moves in {time.monotonic() - began:,.0f} s; memory in MB.",
    ]
    report.write(given.out, "moves", "Moves from generation to generation", facts, body, {"moves": found})
    first, last = found[0], found[-1]
    most = {
        "descriptors": first["descriptors"] + MORE_DESCRIPTORS,
        "threads": first["threads"] + MORE_THREADS,
        "memory": first["memory"] * MORE_MEMORY,
        "folders": 2,
    }
    if any(last[name] > value for name, value in most.items()):
        report.say("more is in use at the end than at the beginning: something is not given back")
        sys.exit(1)


def _moves(home: Path, moves: int, articles: int) -> list[dict[str, int]]:
    """What is in use at every tenth part of the moves; the asking thread must never fail."""
    everyone = frozenset({EVERYONE})
    writer, reader = Index.open(home, history.Marks()), Index.open(home, history.Marks())
    _publish(writer, range(articles), 0)
    done = threading.Event()
    problems, answers = list[BaseException](), 0

    def ask() -> None:
        nonlocal answers
        try:
            while not done.is_set():
                number = answers % articles
                hits = reader.find(f"mark{number}r", everyone, 5)
                if len(hits) != 5:
                    raise LibraryError(f"{len(hits)} passages were found, 5 are wanted")
                answers += 1
        except BaseException as error:
            problems.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    found = []
    try:
        for move in range(1, moves + 1):
            first = move * CHANGED % articles
            _publish(writer, range(first, min(first + CHANGED, articles)), move)
            _follow(reader, writer.library.state().generation)
            if problems:
                raise problems[0]
            if move % max(moves // ROWS, 1) == 0 or move == moves:
                found.append({"move": move, **_in_use(home), "answers": answers})
                report.say(str(found[-1]))
    finally:
        done.set()
        asking.join()
        reader.close()
        writer.close()
    return found


def _publish(writer: Index, numbers: range, revision: int) -> None:
    """Put these articles in, in this revision, and publish."""
    with writer.library.writing():
        writer.library.for_encoder(writer.embedder.version)
        source = writer.library.ledger.add("/docs", "docs")
        articles = [history.article(number, revision) for number in numbers]
        writer.replace(source, [(one, one.revision, split(one, writer.embedder)) for one in articles])
        writer.publish()


def _follow(reader: Index, generation: int) -> None:
    """Ask until the reader answers from this generation."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        reader.ready()
        with reader.generations.reading() as (held, _):
            if held and held.number == generation:
                return
        time.sleep(0.01)
    raise LibraryError(f"the reader does not move to generation {generation}; look at its log")


def _in_use(home: Path) -> dict[str, int]:
    """Descriptors, threads and resident memory (MB) of this process, and folders of generations."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "descriptors": len(list(Path("/proc/self/fd").iterdir())),
        "threads": len(list(Path("/proc/self/task").iterdir())),
        "memory": pages * os.sysconf("SC_PAGESIZE") // 1_000_000,
        "folders": len(list((home / "generations").iterdir())),
    }


if __name__ == "__main__":
    report.run(main)
