"""Seconds to index one folder from end to end: read, split, embed, store, and answer a first search.

Each measurement is a process of its own, on the same cores; systems take turns, and in each round
their seconds are divided by ours.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from article_assistant.index.types import UserFacingError

from bench import data, peers, report

NAMES = {
    "ours": "ours",
    "tutorial 256": "llama-index + Chroma tutorial, chunk_size=256",
    "tutorial": "the tutorial as it is",
    "txtai": "txtai hybrid",
}
"""The systems in the order of a round, and what they are called in the table."""
ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "15 to 25 minutes for three rounds of squad-dev on two cores")
    parser.add_argument("--set", choices=data.SETS, default="squad-dev", help="whose articles")
    parser.add_argument("--articles", type=report.positive, metavar="N", help="index the first N only")
    parser.add_argument("--runs", type=report.positive, default=3, metavar="N", help="rounds")
    parser.add_argument("--cores", type=report.positive, default=2, metavar="N", help="cores that every system may use")
    given = parser.parse_args()
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: given.cores])  # those it starts inherit it
    report.offline()
    for name in peers.MODULES:
        peers.load_modules(name)
    facts = report.machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as place:
        corpus = data.write(data.paragraphs(given.set), Path(place) / "articles", given.articles)
        rounds = []
        for number in range(1, given.runs + 1):
            rounds.append({name: _apart(name, corpus.folder) for name in NAMES})
            seconds = ", ".join(f"{name} {found['index']:.1f} s" for name, found in rounds[-1].items())
            report.say(f"round {number} of {given.runs}: {seconds}")
    rows, document = [], {}
    for name, called in NAMES.items():
        found = {key: [one[name][key] for one in rounds] for key in ("import", "load", "index")}
        ratios = [one[name]["index"] / one["ours"]["index"] for one in rounds]
        last = rounds[-1][name]
        rows.append(
            [
                called,
                f"{statistics.median(found['index']):.1f}",
                f"{min(found['index']):.1f}–{max(found['index']):.1f}",
                "1" if name == "ours" else f"{statistics.median(ratios):.2f}",
                "" if name == "ours" else f"{min(ratios):.2f}–{max(ratios):.2f}",
                f"{last['passages']:,}",
                f"{last['read']:.1%}",
                f"{statistics.median(found['import']):.1f}",
                f"{statistics.median(found['load']):.1f}",
            ]
        )
        document[called] = {
            "seconds": found,
            "ratios to ours": ratios,
            **{key: last[key] for key in ("passages", "read")},
        }

    def shares(what: str) -> list[float]:
        """The encoder's part of the seconds, the mean of those before it and of those behind it."""
        ours = [one["ours"] for one in rounds]
        return [2 * one["encoder alone"] / (one[what] + one[f"{what} again"]) for one in ours]

    ceiling, committed = shares("index"), shares("committed")
    headings = [
        "system", "index s, median", "lowest–highest", "ratio to ours, median", "lowest–highest", "passages",
        "text read", "import s", "load s",
    ]  # fmt: skip
    body = [
        f"{given.set}: {len(corpus.texts):,} articles, {sum(map(len, corpus.texts.values())):,} characters; "
        f"{given.runs} rounds, {given.cores} cores.",
        report.table(headings, rows),
        "The encoder alone, given the same chunks as tokens, the longest first, takes "
        f"{statistics.median(ceiling):.0%} ({min(ceiling):.0%}–{max(ceiling):.0%}) of our seconds, and "
        f"{statistics.median(committed):.0%} ({min(committed):.0%}–{max(committed):.0%}) of those until all is "
        "committed, from when on it is found; measured between two times of indexing, of which the mean is taken.",
        "“Index” begins with the files and ends when a first search has answered; imports and the loading of models "
        "come before it and are given on the right. The ratio is that of one round, above 1 where ours is faster. "
        "“Text read” is the share of all characters that the encoder reads: a system that reads a third of the "
        "text is done sooner.",
    ]
    setup = {"set": given.set, "articles": len(corpus.texts), "runs": given.runs, "cores": given.cores}
    report.write(
        given.out,
        f"indexing-{given.set}",
        "Indexing a folder",
        facts,
        body,
        {**setup, "ceiling": ceiling, "ceiling of commits": committed, "systems": document},
    )


def _apart(name: str, folder: Path) -> dict[str, float]:
    """What `bench.once` measures, in a fresh process."""
    report.say(f"{name}: indexing")
    command = [sys.executable, "-m", "bench.once", name, str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        lines = done.stderr.strip().splitlines() or ["it said nothing"]
        raise UserFacingError(f"measuring {name} failed: {lines[-1]}")
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


if __name__ == "__main__":
    report.run(main)
