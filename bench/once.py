"""Index a folder once with one system, and print the figures as JSON: `bench.indexing` starts this."""

import json
import sys
import tempfile
import time
from pathlib import Path

from bench import peers


def measure(name: str, folder: Path) -> dict[str, float]:
    """Seconds to import, to load the model, to index; of ours to commit all, and of its encoder alone.

    Also the number of passages, and the share of the text read.
    """
    began = time.perf_counter()
    peers.load_modules(name)
    imported = time.perf_counter()
    from bench import score, systems
    from index import embed

    prepared = time.perf_counter()
    system = systems.make(name)
    loaded = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="bench-") as home:
        ready = time.perf_counter()
        system.index(folder, Path(home))
        list(system.search(["Which article was written first?"], 10))
        done = time.perf_counter()
        passages = list(system.passages())
        texts = {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.iterdir())}
        read = score.share_read(texts, passages, embed.load().tokens, system.limit)
        committed, alone = 0.0, 0.0
        if isinstance(system, systems.Ours):
            committed, alone = system.committed - ready, system.encoder_alone()
        system.close()
    return {
        "import": round(imported - began, 3),
        "load": round(loaded - prepared, 3),
        "index": round(done - ready, 3),
        "committed": round(committed, 3),
        "encoder alone": round(alone, 3),
        "passages": len(passages),
        "read": round(read, 4),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measure(sys.argv[1], Path(sys.argv[2]))))
