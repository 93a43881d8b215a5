"""Index a folder once with one system, and print the figures as JSON: `bench.indexing` starts this."""

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from bench import peers

if TYPE_CHECKING:
    from bench.systems import System


def measure(name: str, folder: Path) -> dict[str, float]:
    """Seconds to import, to load the model, to index; the number of passages, and the share of the text read.

    Of ours also the seconds until all is committed, those of its encoder alone, and those of the first two once more
    behind that: a machine that others share is another one half a minute later.
    """
    began = time.perf_counter()
    peers.load_modules(name)
    imported = time.perf_counter()
    from article_assistant.index import embed

    from bench import score, systems

    prepared = time.perf_counter()
    system = systems.make(name)
    loaded = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        index, committed = _index(system, folder, Path(home))
        twice = {}
        if isinstance(system, systems.Ours):
            alone = system.encoder_alone()
            system.close()
            again = _index(system, folder, Path(home) / "again")
            twice = {
                "committed": committed,
                "encoder alone": alone,
                "index again": again[0],
                "committed again": again[1],
            }
        passages = list(system.passages())
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
        read = score.share_read(texts, passages, embed.load().tokens, system.limit)
        system.close()
    seconds = {"import": imported - began, "load": loaded - prepared, "index": index, **twice}
    return {name: round(value, 3) for name, value in seconds.items()} | {
        "passages": len(passages),
        "read": round(read, 4),
    }


def _index(system: "System", folder: Path, home: Path) -> tuple[float, float]:
    """Seconds to index and answer a first search, and those until all is committed, where the system tells."""
    began = time.perf_counter()
    system.index(folder, home)
    list(system.search(["Which article was written first?"], 10))
    return time.perf_counter() - began, getattr(system, "committed", began) - began


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
