"""What a library costs as it grows: seconds, bytes and memory at each size, and questions with and without a filter.

One library is filled step by step. Its text is that of the training sets, again and again with every tenth
long word changed. Up to `--encoded` chunks are encoded; beyond them the vectors are those of a chunk of
the same place with noise (cosine about 0.9), so that a million chunks do not take hours of encoding.
Questions are asked by a process of its own at each size, which is where memory is read.
"""

import json
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.answering.reader import Reader
from article_assistant.index import embed
from article_assistant.index.build import found_of_nearest
from article_assistant.index.chunk import passage, split
from article_assistant.index.embed import Embedder
from article_assistant.index.generation import Generation
from article_assistant.index.search import Index
from article_assistant.index.types import Article, Chunk, Groups, Matrix
from article_assistant.pipeline import PASSAGES

from bench import data, report
from bench.plot import Line, log_plot

SETS = ("squad-train", "nq-train", "tydi-train")
SIZES = (1_000, 10_000, 100_000, 1_000_000)
NOISE = 0.48
"""Length of what is added to a vector of length 1: a cosine of 0.9."""
TOGETHER = 500
"""Articles a transaction."""
FILTERS: dict[str, Groups] = {
    "no filter": None, "all": frozenset({"all"}), "10 %": frozenset({"tenth"}), "1 %": frozenset({"hundredth"})
}  # fmt: skip
DIAGRAM = Path(__file__).parents[1] / "docs" / "growth.svg"
ROOT = Path(__file__).parents[1]


def main() -> None:
    """Run the command."""
    parser = report.options(
        __doc__ or "", "minutes for 10,000 chunks; larger sizes were not timed yet, try them with --chunks first"
    )
    parser.add_argument("--chunks", type=report.positive, default=SIZES[-1], metavar="N", help="the largest size")
    parser.add_argument("--encoded", type=report.positive, default=100_000, metavar="N", help="chunks to encode")
    parser.add_argument("--questions", type=report.positive, default=200, metavar="N", help="questions for each filter")
    parser.add_argument(
        "--home", type=Path, metavar="DIR", help="where the library grows and stays; by default a temporary folder"
    )
    parser.add_argument("--plot", action="store_true", help=f"draw {DIAGRAM.relative_to(ROOT)}")
    parser.add_argument(
        "--ask", type=Path, metavar="HOME", help="only ask the library there (used by the command itself)"
    )
    given = parser.parse_args()
    report.offline()
    if given.ask:
        sys.stdout.write(json.dumps(_asked(given.ask, given.questions)))
        return
    facts = report.machine()
    sizes = [size for size in SIZES if size < given.chunks] + [given.chunks]
    with tempfile.TemporaryDirectory(prefix="bench-") if not given.home else nullcontext(given.home) as place:
        home = Path(place) / "library"
        if home.exists():
            raise SystemExit(f"{home} is there already: name a new folder, or ask that one with --ask {home}")
        index = Index.open(home, embed.load())
        articles = _articles(index.embedder, given.encoded)
        found = []
        with index.library.writing():
            for before, size in pairwise([0, *sizes]):
                found.append(_grow(index, articles, before, size) | _cost(index, given.questions))
                report.say(f"{size:,} chunks: {json.dumps(found[-1])}")
        index.close()
    rows = [[f"{one['chunks']:,}", *(f"{one[name]:,.{digits}f}" for name, digits in COLUMNS.items())] for one in found]
    body = [
        report.table(["chunks", *COLUMNS], rows),
        f"{given.questions} questions for each filter, {PASSAGES} passages each; a filter keeps so many articles. "
        f"The first {given.encoded:,} chunks are encoded, the others have vectors made of theirs. Memory is that of a "
        "process that has asked all questions, with encoder and reader loaded.",
    ]
    report.write(given.out, "growth", "A growing library", facts, body, {"sizes": found})
    if given.plot:
        across = [float(one["chunks"]) for one in found]
        lines = [
            Line(name, across, [one[column] for one in found])
            for name, column in (
                ("question, p95 ms", "p95 ms"), ("question, 1 % may be seen, p95 ms", "1 %: p95 ms"),
                ("memory, MB", "memory MB"), ("publish 1 %, s", "publish 1 % s"), ("open, s", "open s"),
            )
        ]  # fmt: skip
        DIAGRAM.write_text(log_plot(lines, "chunks"))


COLUMNS = {
    "encode s/1,000": 2, "store s/1,000": 2, "publish s/1,000": 2, "library bytes/chunk": 0, "index bytes/chunk": 0,
    "memory MB": 0, "open s": 2, "p50 ms": 1, "p95 ms": 1, "all: p50 ms": 1, "all: p95 ms": 1, "10 %: p50 ms": 1,
    "10 %: p95 ms": 1, "1 %: p50 ms": 1, "1 %: p95 ms": 1, "recall@10": 3, "commit to found s": 3, "publish 1 % s": 1,
}  # fmt: skip
"""The figures of a size and how many digits after the point are shown."""

Made = tuple[Article, list[Chunk], Matrix, list[Matrix], float]
"""An article, its chunks, their vectors, those of their sentences, and the seconds that encoding took."""


def _articles(embedder: Embedder, encoded: int) -> Iterator[Made]:
    """Articles without end."""
    rows = [row for name in SETS for row in data.paragraphs(name)]
    titles = sorted({row.title for row in rows})
    random.Random(0).shuffle(titles)  # long articles and short ones, mixed
    order = {title: number for number, title in enumerate(titles)}
    rows.sort(key=lambda row: order[row.title])
    chance = np.random.default_rng(0)
    known: list[tuple[Matrix, list[Matrix]]] = []
    chunks = 0
    for number, (title, own) in enumerate(groupby(data.repeated(rows), key=lambda row: row.title)):
        groups = {"all", *(["tenth"] if number % 10 == 3 else []), *(["hundredth"] if number % 100 == 7 else [])}
        text = "\n\n".join(row.text for row in own)
        article = Article(f"grown/{number}", title, text, "", str(number), None, frozenset(groups))
        found = split(article, embedder)
        began = time.perf_counter()
        if chunks < encoded:
            shown = [passage(title, chunk) for chunk in found]
            vectors, sentences = embedder.passages([text for text, _ in shown], [spans for _, spans in shown])
            known += [(vectors[row : row + 1].copy(), [sentences[row]]) for row in range(len(found))]
        else:
            drawn = [known[row] for row in chance.integers(0, len(known), len(found))]
            vectors = _near(np.concatenate([vector for vector, _ in drawn]), chance)
            sentences = [
                _near(np.resize(own, (len(chunk.sentences), own.shape[1])), chance)
                for (_, (own,)), chunk in zip(drawn, found, strict=True)
            ]
        chunks += len(found)
        yield article, found, vectors, sentences, time.perf_counter() - began


def _near(vectors: Matrix, chance: np.random.Generator) -> Matrix:
    """Vectors near these."""
    noise = chance.normal(size=vectors.shape).astype(np.float32)
    moved = vectors + NOISE * noise / np.linalg.norm(noise, axis=1, keepdims=True)
    found: Matrix = moved / np.linalg.norm(moved, axis=1, keepdims=True)
    return found


def _put(index: Index, made: Sequence[Made]) -> float:
    """Commit articles; the seconds that it took."""
    source = index.library.ledger.add("/grown", "grown")
    began = time.perf_counter()
    index.store(source, [((one[0], one[0].revision, one[1]), one[2], one[3]) for one in made])
    return time.perf_counter() - began


def _grow(index: Index, articles: Iterator[Made], before: int, size: int) -> dict[str, Any]:
    """Fill the library up to a size, and change a hundredth of it; the seconds of each step."""
    index.library.for_encoder(index.embedder.version)
    chunks, encoding, storing = before, 0.0, 0.0
    waiting: list[Made] = []
    while chunks < size:
        made = next(articles)
        left = size - chunks
        waiting.append((made[0], made[1][:left], made[2][:left], made[3][:left], made[4]))
        chunks += len(waiting[-1][1])
        encoding += made[4]
        if len(waiting) == TOGETHER or chunks == size:
            storing += _put(index, waiting)
            waiting.clear()
            report.say(f"{chunks:,} of {size:,} chunks stored")
    began = time.perf_counter()
    index.publish()
    publishing = time.perf_counter() - began
    thousands = (size - before) / 1000
    return {
        "chunks": size,
        "encode s/1,000": encoding / thousands,
        "store s/1,000": storing / thousands,
        "publish s/1,000": publishing / thousands,
    }


def _cost(index: Index, questions: int) -> dict[str, float]:
    """What the library takes now: on disk, in memory, for questions, and to change."""
    home = index.library.home
    chunks = index.library.counts()["chunks"]
    on_disk = {path: path.stat().st_size for path in home.rglob("*") if path.is_file()}
    derived = sum(size for path, size in on_disk.items() if "generations" in path.parts)
    found: dict[str, float] = {
        "library bytes/chunk": (sum(on_disk.values()) - derived) / chunks,
        "index bytes/chunk": derived / chunks,
    }
    command = [sys.executable, "-m", "bench.growth", "--ask", str(home), "--questions", str(questions)]
    found |= json.loads(subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True).stdout)
    reader = Index.open(home, index.embedder)
    reader.ready()
    article = Article("grown/new", "Quorlbranch", "The quorlbranch was opened.", "", "1", None, frozenset({"all"}))
    own = split(article, index.embedder)
    shown = [passage(article.title, chunk) for chunk in own]
    vectors, sentences = index.embedder.passages([text for text, _ in shown], [spans for _, spans in shown])
    _put(index, [(article, own, vectors, sentences, 0.0)])
    began = time.perf_counter()
    while not any(hit.article.id == article.id for hit in reader.find("quorlbranch", frozenset({"all"}), 1)):
        pass
    found["commit to found s"] = time.perf_counter() - began
    reader.close()
    index.library.remove([article.id])
    changing = list[Made]()
    chance, known = np.random.default_rng(1), next(index.library.vectors(chunks))
    for old in index.library.articles(None):
        again = Article(old.id, old.title, f"{old.text} And so on.", "", f"{old.revision}+", None, old.groups)
        parts = split(again, index.embedder)
        vectors = _near(known[chance.integers(0, len(known), len(parts))], chance)
        sentences = [
            np.repeat(row[None], len(part.sentences), axis=0) for row, part in zip(vectors, parts, strict=True)
        ]
        changing.append((again, parts, vectors, sentences, 0.0))
        if sum(len(one[1]) for one in changing) >= chunks / 100:
            break
    _put(index, changing)
    began = time.perf_counter()
    index.publish()
    found["publish 1 % s"] = time.perf_counter() - began
    return found


def _asked(home: Path, questions: int) -> dict[str, float]:
    """Ask a library, as a process that serves does: milliseconds with each filter, seconds to open, megabytes."""
    embedder, reader = embed.load(), Reader()
    embedder.question("warm")
    reader.read("Who is warm?", [("It is warm.", [(0, 11)])])
    began = time.perf_counter()
    index = Index.open(home, embedder)
    index.ready()
    found = {"open s": time.perf_counter() - began}
    asked = [question for name in SETS[:2] for row in data.paragraphs(name) for question, _ in row.questions]
    drawn = random.Random(1).sample(asked, questions + 20)
    times: dict[str, list[float]] = {name: [] for name in FILTERS}
    for number, question in enumerate(drawn):
        for name, groups in FILTERS.items():
            began = time.perf_counter()
            index.find(question, groups, PASSAGES)
            if number >= 20:
                times[name].append((time.perf_counter() - began) * 1000)
    for name, own in times.items():
        for percent in (50, 95):
            # Not by `evaluation`, which brings SciPy, 60 MB that no server holds.
            at = float(np.percentile(own, percent, method="inverted_cdf"))
            found[f"p{percent} ms" if name == "no filter" else f"{name}: p{percent} ms"] = at
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines() if ":" in line)
    found["memory MB"] = int(status["VmRSS"].split()[0]) / 1000
    # Afterwards, since it takes the memory of all vectors.
    found["recall@10"] = _recall(home, index, drawn[20:])
    index.close()
    return found


def _recall(home: Path, index: Index, questions: Sequence[str]) -> float:
    """The share of the ten chunks nearest to each question, found by looking at all of them, that the graph finds."""
    generation = Generation(home / "generations" / f"gen-{index.library.state().generation}")
    asked = np.stack([index.embedder.question(question) for question in questions])
    share = found_of_nearest(generation.vectors, index.library, generation.covered, asked, 10)
    generation.close()
    return share


if __name__ == "__main__":
    report.run(main)
