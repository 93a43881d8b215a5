"""Bring the library up to date with its sources: what is new, what changed, what is gone."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from index import chunk, files, parse
from index.library import Source
from index.search import Index
from index.types import EVERYONE, Article, ArticleError, Chunk, LibraryError, SourceError

BATCH = 256
"""Chunks embedded together: enough to sort them by length, few enough to commit often."""
LEAST, SHARE = 20_000, 0.2
"""Amid a run it is published when more chunks than both, a number and a share of all, are in no generation.

Until then they are searched exactly, and held in memory by who searches. Each time the library has grown by a
quarter at least, so all copies together are a few times its size.
"""

Progress = Callable[[int, int, str], None]
"""Called with files done, files in all, and the name of the one that was looked at."""


@dataclass(slots=True)
class SyncReport:
    """What a run did: article ids, and for the failed ones the reason."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    chunks: int = 0

    @property
    def anything(self) -> bool:
        """Whether the library is another one now."""
        return bool(self.added or self.changed or self.removed)


def sync(
    sources: Sequence[str],
    index: Index,
    most_bytes: int,
    progress: Progress = lambda *_: None,
    most_seconds: float = parse.SECONDS,
) -> SyncReport:
    """Bring `sources` (folders or files) up to date and publish what changed.

    A file may have `most_bytes` and take `most_seconds` to be parsed, which other processes do (`index.parse`).
    Deletes only articles of the sources named. An article that cannot be read is named in the report
    and leaves the library; the rest go on. What was committed before an interruption stays, and the
    next run goes on from there.

    Raises SourceError where a source is not there or holds no readable file (nothing is deleted
    then) or files cannot be parsed at all, LibraryBusy where another process writes.
    """
    report = SyncReport()
    with index.library.writing(), parse.Parser(most_seconds) as parser:
        known = [source.address for source in index.library.sources()]
        another = index.library.fact("encoder") not in {None, index.embedder.version}
        # Another encoder makes all vectors anew, so every source must be there before any goes.
        paths = [(files.locate(address), address) for address in dict.fromkeys([*(known if another else []), *sources])]
        index.library.for_encoder(index.embedder.version)
        for path, address in paths:
            _sync_one(path, address, index, most_bytes, parser, progress, report)
        index.settle()
    return report


def forget(address: str, index: Index) -> int:
    """Drop a source and its articles; how many there were. Raises SourceError where none is called so."""
    with index.library.writing():
        known = index.library.sources()
        path = str(Path(address).expanduser().resolve())
        source = next(
            (source for source in known if address in {source.address, source.label} or source.address == path), None
        )
        if source is None:
            names = ", ".join(source.address for source in known) or "none yet"
            raise SourceError(f"{address} is no source of this library; its sources: {names}")
        articles = len(index.library.fingerprints(source))
        index.library.forget(source)
        index.settle()
    return articles


def _sync_one(
    path: Path,
    address: str,
    index: Index,
    most_bytes: int,
    parser: parse.Parser,
    progress: Progress,
    report: SyncReport,
) -> None:
    library = index.library
    root, source = _source(path, index)
    found = list(files.files_below(path)) if path.is_dir() else [(path, None)]
    if not any(reason is None for _, reason in found):
        kinds = ", ".join(files.READERS)
        raise SourceError(f"no readable file is in {address}; put articles there ({kinds}), or name another folder")
    source = source or library.add_source(str(root), (root if root.is_dir() else root.parent).name or "files")
    base = root if root.is_dir() else root.parent
    inside = path.relative_to(base).as_posix()
    place = source.label if inside == "." else f"{source.label}/{inside}"

    known = library.fingerprints(source, place)
    failed: dict[str, str] = {}
    seen: set[str] = set()
    waiting: list[tuple[Article, str, list[Chunk]]] = []
    stored: Future[int] | None = None
    publishing = True  # until it fails: the end of the run tries again, and says why not
    with ThreadPoolExecutor(1) as beside:  # articles are read while those before them are encoded
        for done, (file, reason) in enumerate(found):
            as_on_disk = f"{source.label}/{file.relative_to(base).as_posix()}"
            name = os.fsencode(as_on_disk).decode("utf-8", "backslashreplace")
            if name != as_on_disk:
                reason = "its name is not UTF-8; rename it"
            progress(done, len(found), name)
            try:
                if reason is not None:
                    raise ArticleError(reason)
                data = files.read_bytes(file, most_bytes)
                fingerprint = _fingerprint(file, data, index.embedder.version)
                if known.get(name) == fingerprint:
                    seen.add(name)
                    report.unchanged += 1
                    continue
                page = parser.read(file, data)
            except ArticleError as error:
                failed[name] = str(error)
                continue
            seen.add(name)
            (report.changed if name in known else report.added).append(name)
            revision = hashlib.sha256(data).hexdigest()[:16]
            article = Article(
                name, page.title or file.stem, page.text, "", revision, page.updated, frozenset({EVERYONE})
            )
            waiting.append((article, fingerprint, chunk.split(article, index.embedder)))
            if sum(len(chunks) for _, _, chunks in waiting) >= BATCH:
                report.chunks += stored.result() if stored else 0
                publishing = publishing and _keep_up(index)
                stored = beside.submit(index.replace, source, waiting)
                waiting = []
        report.chunks += stored.result() if stored else 0
        report.chunks += index.replace(source, waiting)
    gone = sorted(known.keys() - seen)
    library.remove(gone)
    report.removed += [name for name in gone if name not in failed]
    report.failed |= failed
    library.synced(source, failed, place)
    progress(len(found), len(found), address)


def _keep_up(index: Index) -> bool:
    """Publish when too much is in no generation; False where that cannot be done now."""
    try:
        return index.settle(LEAST, SHARE)
    except LibraryError:
        return False


def _source(path: Path, index: Index) -> tuple[Path, Source | None]:
    """The source that holds `path`, or `path` itself as a new one."""
    for source in index.library.sources():
        address = Path(source.address)
        if path == address or path.is_relative_to(address):
            return address, source
        if address.is_relative_to(path):
            raise SourceError(f"{path} holds {address}, which is a source already; type: assistant forget {address}")
    return path, None


def _fingerprint(file: Path, data: bytes, encoder: str) -> str:
    """Bytes, name and the versions of reader, splitter and encoder, as 64 hexadecimal digits."""
    versions = f"{file.name}\0{files.VERSION}\0{chunk.VERSION}\0{encoder}\0".encode()
    return hashlib.sha256(versions + data).hexdigest()
