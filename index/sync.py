"""Bring the library up to date with its sources: what is new, what changed, what is gone."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from article_assistant.index import chunk
from article_assistant.index.language import WORDS_VERSION, WRITTEN_SURE, language_of
from article_assistant.index.reading import files, parse, recognition
from article_assistant.index.schema import Failure, Source
from article_assistant.index.search import Encoded, Index, Prepared
from article_assistant.index.types import EVERYONE, Article, ArticleError, LibraryError, SourceError

BATCH = 128
"""Chunks encoded and committed together: a commit then costs little, and an interruption loses little."""
LEAST, SHARE = 20_000, 0.2
"""During a run, publish once the chunks outside a generation exceed both this number and this share of all.

Until then they are searched exactly, from memory. As the library grows by a quarter or more between builds, all
builds together write a few times its size.
"""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. A file is done once its article is stored or there is nothing to store."""

    files: int
    of_files: int
    bytes: int
    of_bytes: int
    chunks: int
    doing: str


@dataclass(slots=True)
class SyncReport:
    """What a run did, by article id; for failed ones with the reason."""

    added: list[str] = field(default_factory=list)
    changed: list[str] = field(default_factory=list)
    removed: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    notices: dict[str, str] = field(default_factory=dict)
    """What was wrong with articles that were read all the same."""
    others: dict[str, int] = field(default_factory=dict)
    """How many files of kinds that are not read were left out, by their ending, which may be empty."""
    untried: int = 0
    """How many of the failed ones were unchanged since they failed before, and not tried again."""
    chunks: int = 0

    @property
    def anything(self) -> bool:
        """Whether the library has changed."""
        return bool(self.added or self.changed or self.removed)


def sync(
    sources: Sequence[str],
    index: Index,
    most_bytes: int,
    progress: Callable[[Progress], None] = lambda _: None,
    most_seconds: float = parse.SECONDS,
    retry: bool = False,
    languages: str = "",
) -> SyncReport:
    """Bring `sources` (folders or files) up to date and publish what changed.

    A file may have at most `most_bytes` and is parsed for at most `most_seconds`, in another process
    (`index.reading.parse`). Only articles of these sources are deleted. An article that cannot be read is named in
    the report and leaves the library; unless it changes, it is not tried again with the same `most_seconds` and
    `languages` (of the text in pictures), but by `retry`. After an interruption the next run
    continues from what was committed.

    Raises SourceError where a source is missing or has no readable file (nothing is deleted then) or files cannot
    be parsed at all, LibraryBusy where another process writes.
    """
    with index.library.writing(), parse.Parser(most_seconds, languages=languages) as parser:
        known = [source.address for source in index.library.ledger.sources()]
        another = index.library.fact("encoder") not in {None, index.embedder.version}
        # With another encoder all articles are dropped, so every source must be there first.
        addresses = list(dict.fromkeys([*(known if another else []), *sources]))
        kinds = files.kinds(languages)
        found = [_look(files.locate(address, kinds), address, kinds) for address in addresses]
        index.library.for_encoder(index.embedder.version)
        sizes = [file.bytes for one in found for file in one.files]
        run = _Run(index, most_bytes, parser, retry, progress, len(sizes), sum(sizes))
        for one in found:
            run.bring(one)
        index.settle(tell=run.building)
    return run.report


def forget(address: str, index: Index) -> int:
    """Drop a source, by its address or label; returns its number of articles. Raises SourceError for an unknown one."""
    with index.library.writing():
        ledger = index.library.ledger
        known = ledger.sources()
        path = str(Path(address).expanduser().resolve())
        source = next(
            (source for source in known if address in {source.address, source.label} or source.address == path), None
        )
        if source is None:
            names = ", ".join(source.address for source in known) or "none yet"
            raise SourceError(f"this library has no source {address}; its sources: {names}")
        articles = len(ledger.fingerprints(source))
        ledger.forget(source)
        index.settle()
    return articles


@dataclass(frozen=True, slots=True)
class _File:
    """A file of a source, with the reason if it is left out."""

    path: Path
    reason: str | None
    bytes: int


@dataclass(frozen=True, slots=True)
class _Found:
    """The files of a source, or of a part of it."""

    path: Path
    files: list[_File]
    others: Counter[tuple[Path, str]]


def _look(path: Path, address: str, known: tuple[str, ...]) -> _Found:
    """Raises SourceError where no file can be read."""
    others = Counter[tuple[Path, str]]()
    found = list(files.files_below(path, known, others)) if path.is_dir() else [(path, None)]
    if not any(reason is None for _, reason in found):
        raise SourceError(
            f"there is no readable file in {address}; put articles there ({', '.join(known)}), or name another folder"
        )
    sized = [_File(file, reason, _bytes_of(file) if reason is None else 0) for file, reason in found]
    return _Found(path, sized, others)


@dataclass
class _Run:
    """One run over sources: its limits, results and progress."""

    index: Index
    most_bytes: int
    parser: parse.Parser
    retry: bool
    progress: Callable[[Progress], None]
    of_files: int
    of_bytes: int
    files: int = 0
    bytes: int = 0
    publishes: bool = True
    report: SyncReport = field(default_factory=SyncReport)

    def bring(self, found: _Found) -> None:
        """Bring these files up to date. Raises SourceError where the folder contains another source."""
        ledger, report = self.index.library.ledger, self.report
        root, source = _source(found.path, self.index)
        base = root if root.is_dir() else root.parent
        source = source or ledger.add(str(root), base.name or "files")
        inside = found.path.relative_to(base).as_posix()
        place = source.label if inside == "." else f"{source.label}/{inside}"

        known = ledger.fingerprints(source, place)
        refused = {} if self.retry else ledger.failed(source)
        # What could not be read may be readable once there is a Tesseract.
        languages = self.parser.languages
        recognising = f" {languages}" if languages and recognition.installed() else ""
        failed: dict[str, Failure] = {}
        seen: set[str] = set()
        read, before = _Batch(), _Batch()
        # One batch is read and another stored while a third is encoded.
        with ThreadPoolExecutor(2) as beside:
            for file in found.files:
                as_on_disk = f"{source.label}/{file.path.relative_to(base).as_posix()}"
                name = _as_text(as_on_disk)
                reason = file.reason if name == as_on_disk else "its name is not UTF-8; rename it"
                self._say(name)
                tried = ""
                try:
                    if reason is not None:
                        raise ArticleError(reason)
                    data = files.read_bytes(file.path, self.most_bytes)
                    fingerprint = _fingerprint(file.path, data, self.index.embedder.version)
                    if known.get(name) == fingerprint:
                        seen.add(name)
                        report.unchanged += 1
                        self._count(1, file.bytes)
                        continue
                    tried = f"{fingerprint} {self.parser.seconds:g}{recognising}"
                    if name in refused and refused[name].fingerprint == tried:
                        report.untried += 1
                        raise ArticleError(refused[name].reason)
                    page = self.parser.read(file.path, data)
                except ArticleError as error:
                    failed[name] = Failure(str(error), tried)
                    self._count(1, file.bytes)
                    continue
                seen.add(name)
                if page.notice:
                    report.notices[name] = page.notice
                (report.changed if name in known else report.added).append(name)
                revision = hashlib.sha256(data).hexdigest()[:16]
                article = Article(
                    name, page.title or file.path.stem, page.text, "", revision, page.updated, frozenset({EVERYONE}),
                    page.pages, language_of(page.text, WRITTEN_SURE),
                )  # fmt: skip
                read.articles.append((article, fingerprint, chunk.split(article, self.index.embedder)))
                read.bytes += file.bytes
                if read.chunks >= BATCH:
                    read.encode(beside, self.index)
                    self._store(source, before)
                    self._keep_up()
                    read, before = _Batch(), read
            read.encode(beside, self.index)
            self._store(source, before)
            self._store(source, read)
        gone = sorted(known.keys() - seen)
        self.index.library.remove(gone)
        report.removed += [name for name in gone if name not in failed]
        report.failed |= {name: failure.reason for name, failure in failed.items()}
        others = Counter[tuple[str, str]]()
        for (folder, kind), number in found.others.items():
            below = folder.relative_to(base).as_posix()
            others[_as_text(source.label if below == "." else f"{source.label}/{below}"), _as_text(kind)] += number
            report.others[_as_text(kind)] = report.others.get(_as_text(kind), 0) + number
        ledger.synced(source, failed, place, others)
        self._say("")

    def building(self, what: str, done: int, total: int) -> None:
        """Report the progress of a build of the search index."""
        self._say(f"building the search index: {what}" + (f", {done:,} of {total:,} chunks" if total else ""))

    def _say(self, doing: str) -> None:
        self.progress(Progress(self.files, self.of_files, self.bytes, self.of_bytes, self.report.chunks, doing))

    def _count(self, files_done: int, size: int) -> None:
        self.files += files_done
        self.bytes += size

    def _store(self, source: Source, batch: "_Batch") -> None:
        """Wait until a batch is encoded, store it and count it."""
        if batch.encoded:
            self.report.chunks += self.index.store(source, batch.encoded.result())
            self._count(len(batch.articles), batch.bytes)
            self._say("")

    def _keep_up(self) -> None:
        """Publish if many chunks are outside a generation. On failure the end of the run tries again and says why."""
        if self.publishes:
            try:
                self.publishes = self.index.settle(LEAST, SHARE, self.building)
            except LibraryError:
                self.publishes = False


@dataclass(slots=True)
class _Batch:
    """Articles that are encoded and committed together, and the size of their files in bytes."""

    articles: list[Prepared] = field(default_factory=list)
    bytes: int = 0
    encoded: Future[list[Encoded]] | None = None

    @property
    def chunks(self) -> int:
        return sum(len(chunks) for _, _, chunks in self.articles)

    def encode(self, beside: ThreadPoolExecutor, index: Index) -> None:
        self.encoded = beside.submit(index.encode, self.articles)


def _as_text(name: str) -> str:
    """A name from the disk as text, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _bytes_of(path: Path) -> int:
    """Size of a file in bytes; 0 where that is unknown."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _source(path: Path, index: Index) -> tuple[Path, Source | None]:
    """The source that holds `path`, or `path` itself as a new one."""
    for source in index.library.ledger.sources():
        address = Path(source.address)
        if path == address or path.is_relative_to(address):
            return address, source
        if address.is_relative_to(path):
            raise SourceError(f"{path} holds {address}, which is a source already; type: assistant forget {address}")
    return path, None


def _fingerprint(file: Path, data: bytes, encoder: str) -> str:
    """SHA-256 of a file's bytes, its name and the versions of reader, splitter, words and encoder, in hexadecimal."""
    versions = f"{file.name}\0{files.VERSION}\0{chunk.SPLIT_VERSION}\0{WORDS_VERSION}\0{encoder}\0".encode()
    return hashlib.sha256(versions + data).hexdigest()
