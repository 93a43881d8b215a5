"""How fast files are read: kilobytes a second of each kind, those of an older version of this product beside them.

The files are written from a seed, as `bench.roundtrip` does, and filled text from the articles of SQuAD; PDF files are
printed by Chromium, and read beside PDFium alone. Each version reads them in a process of its own, in turns.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import textwrap
from collections import defaultdict
from pathlib import Path

from bench import data, report, roundtrip

READ = """
import json, sys, time
from pathlib import Path
from article_assistant.index.reading import files
read = getattr(files, "read_page", None) or files.read
rates = {}
for folder in sorted(Path(sys.argv[1]).iterdir()):
    held = [(path, path.read_bytes()) for path in sorted(folder.iterdir())]
    try:
        read(*held[0])
        began = time.perf_counter()
        for path, stored in held:
            read(path, stored)
        rates[folder.name] = sum(len(stored) for _, stored in held) / 1000 / (time.perf_counter() - began)
    except Exception as error:
        print(folder.name, error, file=sys.stderr)
print(json.dumps(rates))
"""
BARE = """
import json, sys, time
from pathlib import Path
import pypdfium2
rates = {}
for folder in sorted(Path(sys.argv[1]).glob("pdf*")):
    began, pages, size = time.perf_counter(), 0, 0
    for path in sorted(folder.iterdir()):
        size += path.stat().st_size
        for page in pypdfium2.PdfDocument(path.read_bytes()):
            pages += 1
            page.get_textpage().get_text_bounded()
    rates[folder.name] = size / 1000 / (time.perf_counter() - began)
    rates["pages a kilobyte"] = pages / size * 1000
print(json.dumps(rates))
"""


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "two minutes on two cores")
    parser.add_argument("--many", type=report.positive, default=40, help="documents of each kind")
    parser.add_argument("--older", type=Path, metavar="DIR", help="the folder that holds an older article_assistant/")
    parser.add_argument("--rounds", type=report.positive, default=5, help="times that each version reads them")
    given = parser.parse_args()
    facts = report.machine()
    rates: dict[str, dict[str, list[float]]] = defaultdict(lambda: defaultdict(list))
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        _write(Path(folder), given.many)
        for _ in range(given.rounds):
            for name, path, code in (
                ("ours", None, READ), ("older", given.older, READ), ("bare", None, BARE),
            ):  # fmt: skip
                if name != "older" or path:
                    for kind, rate in _read(code, folder, path).items():
                        rates[kind][name].append(rate)
    (pages,) = {statistics.median(rates.pop("pages a kilobyte")["bare"])}
    rows = [[kind, *_shown(kind, rates[kind], pages)] for kind in rates]
    body = [report.table(["kind", "ours, a second", "older or bare engine", "ours / that"], rows)]
    report.write(given.out, "rates", "Rates of reading", facts, body, {"kilobytes a second": rates})


def _write(folder: Path, many: int) -> None:
    """The files, a folder of each kind."""
    with roundtrip.browser_if(wanted=True) as browser:
        for number, (kind, _, stored) in enumerate(roundtrip.written_as_each(many, 1, (), browser)):
            place = folder / kind.lstrip(".")
            place.mkdir(exist_ok=True)
            (place / f"{number:05}.{'pdf' if kind.startswith('pdf') else kind.lstrip('.')}").write_bytes(stored)
    texts = data.write(data.paragraphs("squad-dev"), folder / "raw", many).texts
    for kind, edges in (("filled.txt", ("", "")), ("filled.md", ("", "")), ("filled.html", ("<p>", "</p>"))):
        (folder / kind).mkdir()
        for number, text in enumerate(texts.values()):
            said = [edges[0] + textwrap.fill(one, 79) + edges[1] for one in text.split("\n\n")]
            path = folder / kind / f"{number}.{kind.partition('.')[2]}"
            path.write_text("\n\n".join(said), encoding="utf-8")
    for path in (folder / "raw").iterdir():
        path.unlink()
    (folder / "raw").rmdir()


def _read(code: str, folder: str, links: Path | None) -> dict[str, float]:
    path = f"{links.resolve()}" if links else os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", code, folder], env={**os.environ, "PYTHONPATH": path}, capture_output=True, check=True
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


def _shown(kind: str, rates: dict[str, list[float]], pages: float) -> list[str]:
    pdf = kind.startswith("pdf")
    beside = rates.get("bare" if pdf else "older")
    ours, others = statistics.median(rates["ours"]), statistics.median(beside) if beside else None

    def shown(rate: float) -> str:
        return f"{rate * pages:.0f} pages" if pdf else f"{rate:,.0f} KB"

    return [shown(ours), shown(others) if others else "–", f"{ours / others:.2f}" if others else "–"]


if __name__ == "__main__":
    report.run(main)
