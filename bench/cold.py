"""Seconds from typing `assistant ask "…"` to the answer, with nothing loaded yet, and where they go.

The library holds the sample articles of seeds/. Every run is a process of its own; the files of the
product are in the system's cache, as after a first use. Ends with exit code 1 where the way of a
question imports torch.
"""

import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from article_assistant.index.types import UserFacingError

from bench import report

ROOT = Path(__file__).resolve().parents[1]
QUESTION = "How many assailants were captured?"
COMMAND = "from article_assistant.cli.main import main; main()"
"""What the installed command `assistant` runs."""
HEAVY = (
    "torch", "transformers", "sentence_transformers", "gradio", "openai", "onnxruntime", "chromadb", "tantivy",
    "llama_index",
)  # fmt: skip
"""Packages whose presence after a question is reported; the first must never be there."""
SHOWN = 12
"""Packages in the table of imports."""

CHECK = f"""
import atexit, json, sys
atexit.register(lambda: print(json.dumps([name for name in {HEAVY!r} if name in sys.modules]), file=sys.stderr))
{COMMAND}
"""
"""The same, and which of the packages it imported, as the last line of the error output."""

# The steps of `assistant ask`, one after the other with a clock; prints seconds by stage, and which
# of the packages named behind the question were imported.
STAGES = """
import json, sys, time
from pathlib import Path
home, question, *heavy = sys.argv[1:]
marks = [("begin", time.perf_counter())]
def mark(name): marks.append((name, time.perf_counter()))
import article_assistant.cli.main
mark("import of the command line")
from article_assistant.settings import Settings
read = Settings.read(home=Path(home))
mark("settings")
from article_assistant.index import embed
from article_assistant.index.search import Index
mark("import of the index")
embedder = embed.load(read.encoder, read.threads)
mark("loading the encoder")
index = Index.open(read.home, embedder)
index.ready()
mark("opening and checking the library")
import article_assistant
from article_assistant.pipeline import PASSAGES
from article_assistant.types import User
assistant = article_assistant.open(read, index=index)
mark("import and loading of the answerer")
hits = index.find(question, None, PASSAGES)
mark("first search")
list(assistant.answerer.answer(question, hits))
mark("first answer")
seconds = {name: at - before for (_, before), (name, at) in zip(marks, marks[1:])}
print(json.dumps({"seconds": seconds, "imported": [name for name in heavy if name in sys.modules]}))
"""


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "half a minute to two minutes")
    parser.add_argument("--runs", type=report.positive, default=5, metavar="N", help="fresh processes of each kind")
    given = parser.parse_args()
    report.offline()
    facts = report.machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        report.say("indexing seeds/")
        _python(["-c", COMMAND, "index", str(ROOT / "seeds"), "--home", home])
        ask = ["-c", COMMAND, "ask", QUESTION, "--home", home]
        help_, asked, stages, nothing = [], [], [], []
        works, why = True, ""
        for number in range(1, given.runs + 1):
            report.say(f"round {number} of {given.runs}")
            nothing.append(_python(["-c", "pass"])[0])
            help_.append(_python(["-c", COMMAND, "--help"])[0])
            if works:
                try:
                    asked.append(_python(ask)[0])
                except UserFacingError as error:
                    why = str(error)
                    report.say(f"assistant ask does not work here: {why}")
                    works = False
            stages.append(json.loads(_python(["-c", STAGES, home, QUESTION, *HEAVY])[1].splitlines()[-1]))
        listing = ask if works else ["-c", STAGES, home, QUESTION]
        heavy = stages[-1]["imported"]
        if works:
            heavy = json.loads(_python(["-c", CHECK, *ask[2:]])[2].splitlines()[-1])
        imports = by_package(_python(["-X", "importtime", *listing])[2])
    rows = [
        [name, f"{statistics.median(found):.2f}", f"{min(found):.2f}–{max(found):.2f}"]
        for name, found in (
            ('assistant ask "…"', asked),
            ("its stages, run one by one", [sum(one["seconds"].values()) for one in stages]),
            ("assistant --help", help_),
            ("Python alone", nothing),
        )
        if found
    ]
    steps = {name: statistics.median(one["seconds"][name] for one in stages) for name in stages[0]["seconds"]}
    torch = "torch" in heavy
    total = sum(own for own, _ in imports.values())
    body = [
        f"“{QUESTION}”, {given.runs} fresh processes of each kind.",
        report.table(["command", "s, median", "lowest–highest"], rows),
        "Where they go:",
        report.table(["stage", "s, median"], [[name, f"{seconds:.3f}"] for name, seconds in steps.items()]),
        f"Imports by package, from one run under `-X importtime`, which itself slows them; {total:.2f} s in all:",
        report.table(
            ["package", "s, its own modules", "s, with what its longest import pulls in"],
            [[name, f"{own:.3f}", f"{whole:.3f}"] for name, (own, whole) in list(imports.items())[:SHOWN]],
        ),
        f"Imported on the way of a question: {', '.join(heavy)}. **torch is {'' if torch else 'not '}among them.**",
    ]
    if not works:
        body.append(f"`assistant ask` ended with an error in this checkout ({why}); its stages stop before the answer.")
    document = {
        "runs": given.runs,
        "seconds": {"ask": asked, "help": help_, "python": nothing},
        "stages, median s": {name: round(seconds, 4) for name, seconds in steps.items()},
        "imports, s own and with inner": dict(list(imports.items())[:40]),
        "imported": heavy,
    }
    report.write(given.out, "cold", "A cold question", facts, body, document)
    if torch:
        raise UserFacingError("the way of a question imports torch; it must not")


def by_package(listing: str) -> dict[str, tuple[float, float]]:
    """Seconds by package from what `python -X importtime` writes, the largest first.

    The first number is what the package's own modules took; the second the longest single import of
    one of its modules with all that was imported inside it for the first time.

    >>> by_package("import time:      1500 |       2000 |   numpy.linalg")
    {'numpy': (0.0015, 0.002)}
    """
    own: dict[str, float] = defaultdict(float)
    whole: dict[str, float] = defaultdict(float)
    for spent, with_inner, name in re.findall(r"^import time:\s+(\d+) \|\s+(\d+) \|\s+([\w.]+)", listing, re.MULTILINE):
        package = name.split(".")[0]
        own[package] += int(spent) / 1e6
        whole[package] = max(whole[package], int(with_inner) / 1e6)
    return {name: (round(seconds, 6), whole[name]) for name, seconds in sorted(own.items(), key=lambda pair: -pair[1])}


def _python(arguments: list[str]) -> tuple[float, str, str]:
    """Seconds, output and error output of a fresh Python; an error where it ends with one."""
    began = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, capture_output=True, text=True, env={**os.environ, "COLUMNS": "200"}
    )
    seconds = time.perf_counter() - began
    if done.returncode:
        said = [line for line in done.stderr.splitlines() if line.strip() and not line.startswith("import time:")]
        raise UserFacingError(said[-1] if said else f"a process ended with {done.returncode}")
    return seconds, done.stdout, done.stderr


if __name__ == "__main__":
    report.run(main)
