"""What every benchmark prints: a machine line, Markdown tables, a JSON file; and its errors in one line."""

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from article_assistant.index.types import UserFacingError

if TYPE_CHECKING:
    from article_assistant.evaluation.figures import Figure

PACKAGES = (
    "chromadb", "faiss-cpu", "llama-index-core", "llama-index-embeddings-huggingface",
    "llama-index-vector-stores-chroma", "numpy", "onnxruntime", "sentence-transformers", "tantivy", "tokenizers",
    "torch", "transformers", "txtai",
)  # fmt: skip


def options(what: str, takes: str) -> argparse.ArgumentParser:
    """The options of a benchmark, `--out` among them; `takes` says how long a full run takes."""
    shape = argparse.ArgumentDefaultsHelpFormatter
    parser = argparse.ArgumentParser(description=f"{what} Takes {takes}.", formatter_class=shape)
    parser.add_argument("--out", type=Path, metavar="DIR", default=Path("bench-out"), help="folder for .md and .json")
    return parser


def positive(text: str) -> int:
    """A whole number from 1 upwards, as an option's type."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not 1 or more")
    return number


def offline() -> None:
    """Keep this process and those it starts from asking model hubs; every model is a folder here."""
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1", ANONYMIZED_TELEMETRY="False")
    os.environ.update(HF_HUB_DISABLE_PROGRESS_BARS="1", TQDM_DISABLE="1")


def machine() -> dict[str, Any]:
    """Cores that this process may use, the processor, the load (jobs, one-minute mean) and versions."""
    model = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.is_file():
        named = (line.partition(":")[2] for line in facts.read_text().splitlines() if line.startswith("model name"))
        model = next(named, model).strip()
    versions = {}
    for name in PACKAGES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return {
        "cores": len(os.sched_getaffinity(0)),
        "processor": model,
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "versions": versions,
    }


def machine_line(facts: dict[str, Any]) -> str:
    """The same as one line of Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in facts["versions"].items())
    busy = ""
    if facts["load"] > facts["cores"] / 2:
        busy = " **Other programs were running: do not quote times of this run.**"
    return (
        f"Machine: {facts['cores']} cores of {facts['processor']}, load {facts['load']} at the beginning; "
        f"Python {facts['python']}; {versions}.{busy}"
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; all columns but the first are aligned to the right.

    >>> print(table(["a", "b"], [["x", "1"]]))
    | a | b |
    |---|--:|
    | x | 1 |
    """
    lines = [list(headings), ["---", *["--:"] * (len(headings) - 1)], *[list(row) for row in rows]]
    joined = ["| " + " | ".join(line) + " |" for line in lines]
    joined[1] = "|" + "|".join(lines[1]) + "|"
    return "\n".join(joined)


def shown(figure: "Figure", digits: int = 3) -> str:
    """A figure with its 95 % interval, as `0.512 (0.480–0.544)`."""
    return f"{figure.value:.{digits}f} ({figure.low:.{digits}f}–{figure.high:.{digits}f})"


def write(
    out: Path, name: str, title: str, machine_facts: dict[str, Any], body: Sequence[str], figures: dict[str, Any]
) -> None:
    """Print the report, and write it to `out` as `name.md` and, with all figures, `name.json`."""
    text = "\n\n".join([f"# {title}", machine_line(machine_facts), *body]) + "\n"
    document = {"machine": machine_facts, "date": time.strftime("%Y-%m-%d"), **figures}
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / f"{name}.md").write_text(text, encoding="utf-8")
        (out / f"{name}.json").write_text(json.dumps(document, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise UserFacingError(f"no report can be written to {out} ({error.strerror}); name another --out") from error
    sys.stdout.write(text)


def say(line: str) -> None:
    """Progress, on standard error."""
    sys.stderr.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stderr.flush()


def run(command: Callable[[], None]) -> None:
    """Run a benchmark; what a person can mend becomes one line and exit code 1."""
    try:
        command()
    except UserFacingError as error:
        sys.stderr.write(" ".join(str(error).split()) + "\n")
        raise SystemExit(1) from None
    except KeyboardInterrupt:
        sys.stderr.write("Stopped; nothing was written.\n")
        raise SystemExit(1) from None
