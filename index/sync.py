"""Bring the library up to date with its sources: what is new, what changed, what is gone."""

import hashlib
import os
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from article_assistant.index import chunk
from article_assistant.index.reading import files, parse
from article_assistant.index.schema import Failure, Source
from article_assistant.index.search import Encoded, Index, Prepared
from article_assistant.index.types import EVERYONE, Article, ArticleError, LibraryError, SourceError

BATCH = 128
"""Chunks encoded and committed together: enough that a commit costs little beside them, few enough to lose little."""
LEAST, SHARE = 20_000, 0.2
"""Amid a run it is published when more chunks than both, a number and a share of all, are in no generation.

Until then they are searched exactly, and held in memory by who searches. Each time the library has grown by a
quarter at least, so all copies together are a few times its size.
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. A file is done when what came of it is stored, or nothing is to be stored."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int
    chunks: int
    doing: str


@dataclass(slots=True)
class SyncReport:
    """What a run did: article ids, and for the failed ones the reason."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    untried: int = 0
    """How many of the failed ones were not tried again, since they are what they were."""
    chunks: int = 0

    @property
    def anything(self) -> bool:
        """Whether the library is another one now."""
        return bool(self.added or self.changed or self.removed)


def sync(
    sources: Sequence[str],
    index: Index,
    most_bytes: int,
    progress: Callable[[Progress], None] = lambda _: None,
    most_seconds: float = parse.SECONDS,
    retry: bool = False,
) -> SyncReport:
    """Bring `sources` (folders or files) up to date and publish what changed.

    A file may have `most_bytes` and take `most_seconds` to be parsed, which other processes do (`index.reading.parse`).
    Deletes only articles of the sources named. An article that cannot be read is named in the report
    and leaves the library; the rest go on. One that is what it was when it could not be read is not tried
    again with the same `most_seconds`, unless told to `retry`. What was committed before an interruption stays, and the
    next run goes on from there.

    Raises SourceError where a source is not there or holds no readable file (nothing is deleted
    then) or files cannot be parsed at all, LibraryBusy where another process writes.
    """
    with index.library.writing(), parse.Parser(most_seconds) as parser:
        known = [source.address for source in index.library.sources()]
        another = index.library.fact("encoder") not in {None, index.embedder.version}
        # Another encoder makes all vectors anew, so every source must be there before any goes.
        addresses = list(dict.fromkeys([*(known if another else []), *sources]))
        found = [_look(files.locate(address), address) for address in addresses]
        index.library.for_encoder(index.embedder.version)
        run = _Run(index, most_bytes, parser, retry, progress, [file for one in found for file in one.files])
        for one in found:
            run.bring(one)
        index.settle(tell=run.building)
    return run.report


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


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a source, and why it is left out, if it is."""

    path: Path
    reason: str | None
    bytes: int


@dataclass(frozen=True, slots=True)
class _Found:
    """What is there of a source, or of a part of it."""

    path: Path
    files: list[_File]


def _look(path: Path, address: str) -> _Found:
    """Raises SourceError where no file can be read."""
    found = list(files.files_below(path)) if path.is_dir() else [(path, None)]
    if not any(reason is None for _, reason in found):
        kinds = ", ".join(files.READERS)
        raise SourceError(f"no readable file is in {address}; put articles there ({kinds}), or name another folder")
    return _Found(path, [_File(file, reason, _size(file) if reason is None else 0) for file, reason in found])


class _Run:
    """One run over sources: its limits, what it did, and how far it is."""

    def __init__(
        self,
        index: Index,
        most_bytes: int,
        parser: parse.Parser,
        retry: bool,
        progress: Callable[[Progress], None],
        all_files: Sequence[_File],
    ) -> None:
        self.report = SyncReport()
        self._index = index
        self._most_bytes = most_bytes
        self._parser = parser
        self._retry = retry
        self._progress = progress
        self._files, self._of_files = 0, len(all_files)
        self._bytes, self._of_bytes = 0, sum(file.bytes for file in all_files)
        self._publishes = True

    def bring(self, found: _Found) -> None:
        """Bring what was found up to date. Raises SourceError where it holds another source."""
        library, report = self._index.library, self.report
        root, source = _source(found.path, self._index)
        source = source or library.add_source(str(root), (root if root.is_dir() else root.parent).name or "files")
        base = root if root.is_dir() else root.parent
        inside = found.path.relative_to(base).as_posix()
        place = source.label if inside == "." else f"{source.label}/{inside}"

        known = library.fingerprints(source, place)
        refused = {} if self._retry else library.failed(source)
        failed: dict[str, Failure] = {}
        seen: set[str] = set()
        read, before = _Batch(), _Batch()
        # Articles are read and stored while others are encoded; the next are at hand when the last of those end.
        with ThreadPoolExecutor(2) as beside:
            for file in found.files:
                as_on_disk = f"{source.label}/{file.path.relative_to(base).as_posix()}"
                name = os.fsencode(as_on_disk).decode("utf-8", "backslashreplace")
                reason = file.reason if name == as_on_disk else "its name is not UTF-8; rename it"
                self._say(name)
                tried = ""
                try:
                    if reason is not None:
                        raise ArticleError(reason)
                    data = files.read_bytes(file.path, self._most_bytes)
                    fingerprint = _fingerprint(file.path, data, self._index.embedder.version)
                    if known.get(name) == fingerprint:
                        seen.add(name)
                        report.unchanged += 1
                        self._count(1, file.bytes)
                        continue
                    tried = f"{fingerprint} {self._parser.seconds:g}"
                    if name in refused and refused[name].fingerprint == tried:
                        report.untried += 1
                        raise ArticleError(refused[name].reason)
                    page = self._parser.read(file.path, data)
                except ArticleError as error:
                    failed[name] = Failure(str(error), tried)
                    self._count(1, file.bytes)
                    continue
                seen.add(name)
                (report.changed if name in known else report.added).append(name)
                revision = hashlib.sha256(data).hexdigest()[:16]
                article = Article(
                    name, page.title or file.path.stem, page.text, "", revision, page.updated, frozenset({EVERYONE})
                )
                read.articles.append((article, fingerprint, chunk.split(article, self._index.embedder)))
                read.bytes += file.bytes
                if read.chunks >= BATCH:
                    read.encode(beside, self._index)
                    self._store(source, before)
                    self._keep_up()
                    read, before = _Batch(), read
            read.encode(beside, self._index)
            self._store(source, before)
            self._store(source, read)
        gone = sorted(known.keys() - seen)
        library.remove(gone)
        report.removed += [name for name in gone if name not in failed]
        report.failed |= {name: failure.reason for name, failure in failed.items()}
        library.synced(source, failed, place)
        self._say("")

    def building(self, what: str, done: int, total: int) -> None:
        """Say how far a build of the search index is."""
        self._say(f"building the search index: {what}" + (f", {done:,} of {total:,} chunks" if total else ""))

    def _say(self, doing: str) -> None:
        self._progress(Progress(self._files, self._of_files, self._bytes, self._of_bytes, self.report.chunks, doing))

    def _count(self, files_done: int, size: int) -> None:
        self._files += files_done
        self._bytes += size

    def _store(self, source: Source, batch: "_Batch") -> None:
        """Store a batch as soon as it is encoded, and count it."""
        if batch.encoded:
            self.report.chunks += self._index.store(source, batch.encoded.result())
            self._count(len(batch.articles), batch.bytes)
            self._say("")

    def _keep_up(self) -> None:
        """Publish when too much is in no generation. Where that fails, the end of the run tries again and says why."""
        if self._publishes:
            try:
                self._publishes = self._index.settle(LEAST, SHARE, self.building)
            except LibraryError:
                self._publishes = False


@dataclass(slots=True)
class _Batch:
    """Articles that are encoded and committed together, and the files' bytes."""

    articles: list[Prepared] = field(default_factory=list)
    bytes: int = 0
    encoded: Future[list[Encoded]] | None = None

    @property
    def chunks(self) -> int:
        return sum(len(chunks) for _, _, chunks in self.articles)

    def encode(self, beside: ThreadPoolExecutor, index: Index) -> None:
        self.encoded = beside.submit(index.encode, self.articles)


def _size(path: Path) -> int:
    """Bytes of a file; 0 where it cannot be asked."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0


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
