"""Bring the library up to date with its sources: what is new, what changed, what is gone."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from article_assistant.index import chunk
from article_assistant.index.reading import files, parse
from article_assistant.index.schema import Failure, Source
from article_assistant.index.search import Encoded, Index, Prepared
from article_assistant.index.sources import folder, follow, kinds
from article_assistant.index.sources.source import Access, RemoteSource, Withdrawn
from article_assistant.index.types import EVERYONE, Article, LibraryError, SourceError

BATCH = 128
"""Chunks encoded and committed together: a commit then costs little, and an interruption loses little."""
LEAST, SHARE = 20_000, 0.2
"""During a run, publish once the chunks outside a generation exceed both this number and this share of all.

Until then they are searched exactly, from memory. As the library grows by a quarter or more between builds, all
builds together write a few times its size.
"""


PAGE_BYTES = 10_000
"""Bytes that a wiki's page counts for in the progress of a run, whatever it has."""


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a run is. A file, or a wiki's page, is done once its article is stored or there is nothing to store."""

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
    readers: int = 0
    """How many articles got other readers."""
    waiting: dict[str, int] = field(default_factory=dict)
    """By source, how many articles it does not list any more: too many to believe it unless that is confirmed."""
    left_out: Counter[str] = field(default_factory=Counter)
    """What wikis hold that is not read, by reason."""
    ended: bool = False
    """Whether the run was ended before it had read all."""

    @property
    def anything(self) -> bool:
        """Whether the library has changed."""
        return bool(self.added or self.changed or self.removed or self.readers)


def sync(
    sources: Sequence[str | RemoteSource],
    index: Index,
    most_bytes: int,
    progress: Callable[[Progress], None] = lambda _: None,
    most_seconds: float = parse.SECONDS,
    retry: bool = False,
    languages: str = "",
    access: Mapping[str, Access] = MappingProxyType({}),
    confirmed: bool = False,
    dry: bool = False,
    enough: Callable[[], bool] | None = None,
) -> SyncReport:
    """Bring `sources` (folders, files, addresses of wikis or sources themselves) up to date and publish what changed.

    A file may have at most `most_bytes` and is parsed for at most `most_seconds`, in another process
    (`index.reading.parse`). Only articles of these sources are deleted. An article that cannot be read is named in
    the report and leaves the library; unless it changes, it is not tried again with the same `most_seconds` and
    `languages` (of the text in pictures), but by `retry`. After an interruption the next run
    continues from what was committed. `access` says more of sources, by address; when `confirmed`, any number of
    articles may be gone from a wiki at once. A `dry` run reports what would be done, by id, and does none of it.
    With `enough`, which is asked before each article, a run ends when that says so or another process wants to write;
    it waits for no other writer. Who may read what, and what is gone, is settled before any article is read; files that
    vanish in great number wait then as a wiki's pages do, until they are indexed by a command.

    Raises SourceError where a source is missing or has no readable file (nothing is deleted then) or files cannot
    be parsed at all, LibraryBusy where another process writes.
    """
    lock = index.library.writing(gives_way=enough is not None, waits=enough is None)
    with lock as wanted, parse.Parser(most_seconds, languages=languages) as parser:
        library, readable = index.library, files.kinds(languages)
        there = {source.address: source for source in library.ledger.sources()}
        another = library.fact("encoder") not in {None, index.embedder.version}
        # With another encoder all articles are dropped, so every source must be there first.
        named = {
            kinds.address_of(one) if isinstance(one, str) else one.address: one
            for one in [*(there if another else []), *sources]
        }
        said = {kinds.address_of(address): one for address, one in access.items()}
        found: list[folder.FolderFiles | RemoteSource] = []
        for address, one in named.items():
            given = said.get(address, Access())
            if not given.groups and address in there:
                given = replace(given, groups=there[address].groups)
            remote = kinds.remote(address, given) if isinstance(one, str) else one
            found.append(remote or folder.look(files.locate(str(one), readable), str(one), readable, given.groups))
        if not dry:
            library.for_encoder(index.embedder.version)
        sizes = [file.bytes for one in found if isinstance(one, folder.FolderFiles) for file in one.files]
        run = _Run(index, most_bytes, parser, retry, progress, len(sizes), sum(sizes), confirmed, dry)
        if enough:
            run.wanted, run.enough, run.unwatched = wanted, enough, True
        for source in found:
            if isinstance(source, folder.FolderFiles):
                run.bring(source)
            else:
                run.keep_up_with(source, said.get(source.address, Access()).groups)
        if not dry:
            with suppress(_Ended):
                index.settle(tell=run.building)
    return run.report


class _Ended(Exception):
    """A build is left to the next run."""


def forget(address: str, index: Index) -> int:
    """Drop a source, by its address or label; returns its number of articles. Raises SourceError for an unknown one."""
    with index.library.writing():
        known = index.library.ledger.sources()
        path = kinds.address_of(address)
        source = next(
            (source for source in known if address in {source.address, source.label} or source.address == path), None
        )
        if source is None:
            names = ", ".join(source.address for source in known) or "none yet"
            raise SourceError(f"this library has no source {address}; its sources: {names}")
        articles = len(index.library.ledger.fingerprints(source))
        index.library.ledger.forget(source)
        index.settle()
    return articles


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
    confirmed: bool = False
    dry: bool = False
    wanted: Callable[[], bool] = lambda: False
    enough: Callable[[], bool] = lambda: False
    unwatched: bool = False
    """Whether nobody typed a command: files that vanish in great number then wait for a word as pages do."""
    files: int = 0
    bytes: int = 0
    publishes: bool = True
    report: SyncReport = field(default_factory=SyncReport)

    def bring(self, found: folder.FolderFiles) -> None:
        """Bring these files up to date. Raises SourceError where the folder contains another source."""
        library, report = self.index.library, self.report
        root, source = _source(found.path, self.index)
        label = (root if root.is_dir() else root.parent).name or "files"
        source = source or self._added(str(root), label)
        source = replace(source, groups=found.groups or source.groups)
        base = root if root.is_dir() else root.parent
        inside = found.path.relative_to(base).as_posix()
        place = source.label if inside == "." else f"{source.label}/{inside}"
        known = library.ledger.fingerprints(source, place)
        failed: dict[str, Failure] = {}
        gone = sorted(known.keys() - {folder.id_of(file.path, base, source.label) for file in found.files})
        if self.unwatched and follow.doubtful(len(gone), len(known)):
            report.waiting[source.address], gone = len(gone), []
        source = replace(source, waiting=report.waiting.get(source.address, 0))
        self._show(source, dict.fromkeys(library.ledger.readers(source), source.groups or frozenset({EVERYONE})))
        report.removed += gone
        if not self.dry:
            library.remove(gone)
        self._store(source, self._read(found, base, source, known, failed))
        report.failed |= {name: failure.reason for name, failure in failed.items()}
        others = Counter[tuple[str, str]]()
        for (place_of, kind), number in found.others.items():
            below = place_of.relative_to(base).as_posix()
            named = folder.as_text(source.label if below == "." else f"{source.label}/{below}")
            others[named, folder.as_text(kind)] += number
            report.others[folder.as_text(kind)] = report.others.get(folder.as_text(kind), 0) + number
        if not self.dry:
            library.remove(sorted(known.keys() & failed.keys()))
            if not report.ended:
                library.ledger.synced(source, failed, place, others)
        self._say("")

    def keep_up_with(self, remote: RemoteSource, groups: frozenset[str]) -> None:
        """Bring the articles of a wiki up to date; `groups`, or else those given to it before, may read them all."""
        library, report = self.index.library, self.report
        self._say(f"asking {remote.label} what changed")
        stored = next((one for one in library.ledger.sources() if one.address == remote.address), None)
        source = stored or Source(0, remote.address, remote.label, None)
        source = replace(source, groups=groups or source.groups)
        try:
            made = follow.plan(
                remote, source, library, self.index.embedder.version, retry=self.retry, confirmed=self.confirmed
            )
        except Withdrawn:
            if stored:
                self._show(source, dict.fromkeys(library.ledger.readers(source), frozenset()))
                self.index.settle()
            raise
        if not stored:  # only now, as it has answered
            made.source = replace(self._added(remote.address, remote.label), groups=source.groups)
        self.of_files += len(made.wanted)
        self.of_bytes += len(made.wanted) * PAGE_BYTES
        report.unchanged += made.unchanged
        report.untried += made.untried
        report.left_out.update(made.changes.left_out)
        if made.waiting:
            report.waiting[remote.address] = len(made.waiting)
        report.removed += made.gone
        self._show(made.source, made.readers)
        if self.dry:
            for name in map(made.id, made.wanted):
                (report.changed if name in made.known else report.added).append(name)
            return
        library.remove(made.gone)  # before the others are fetched: what is gone is gone at once
        self._store(made.source, self._fetched(made))
        # What was not to be had this time stays; what no text can be read from any more leaves.
        library.remove(sorted(name for name, one in made.failed.items() if one.fingerprint and name in made.known))
        report.failed |= {name: failure.reason for name, failure in made.failed.items()}
        state = made.source.state if report.ended else made.state  # what is read by now is known again by its revision
        library.ledger.note(replace(made.source, state=state, waiting=len(made.waiting)))
        if not report.ended:
            library.ledger.synced(made.source, made.failed, made.source.label)
        self._say("")

    def _added(self, address: str, label: str) -> Source:
        return Source(0, address, label, None) if self.dry else self.index.library.ledger.add(address, label)

    def _show(self, source: Source, readers: Mapping[str, frozenset[str]]) -> None:
        """Give articles other readers, before anything that takes time; the groups of a source are kept as well."""
        shown = self.index.library.ledger.readers(source)
        others = {name: groups for name, groups in readers.items() if shown[name] != groups}
        self.report.readers += len(others)
        if not self.dry:
            self.index.library.ledger.note(source)
            self.index.library.ledger.regroup(others)

    def _fetched(self, made: follow.Plan) -> Iterator[tuple[Article, str, int]]:
        """The articles of a wiki's pages that are new or changed, with fingerprint and bytes."""
        for name, article, fingerprint in follow.read_wanted(made, self.index.library, self.parser):
            self._say(name)
            if self._ends():
                return
            if article is None:
                self._count(1, PAGE_BYTES)
                continue
            (self.report.changed if name in made.known else self.report.added).append(name)
            yield article, fingerprint, PAGE_BYTES

    def _read(
        self,
        found: folder.FolderFiles,
        base: Path,
        source: Source,
        known: Mapping[str, str],
        failed: dict[str, Failure],
    ) -> Iterator[tuple[Article, str, int]]:
        """The articles of files that are new or changed, with fingerprint and bytes; notes what failed."""
        report, encoder = self.report, self.index.embedder.version
        refused = {} if self.retry else self.index.library.ledger.failed(source)
        groups, parser = source.groups or frozenset({EVERYONE}), None if self.dry else self.parser
        for one in folder.read_changed(
            found, base, source.label, groups, known, refused, parser, self._say, self.most_bytes, encoder
        ):
            report.untried += one.untried
            report.unchanged += one.unchanged
            if one.failure:
                failed[one.name] = one.failure
            if not one.failure and not one.unchanged:
                (report.changed if one.name in known else report.added).append(one.name)
            if one.notice:
                report.notices[one.name] = one.notice
            if one.article is None:
                self._count(1, one.bytes)
            else:
                yield one.article, one.fingerprint, one.bytes
            if self._ends():
                return

    def _ends(self) -> bool:
        """Whether to leave the rest to the next run."""
        self.report.ended = self.report.ended or self.enough() or self.wanted()
        return self.report.ended

    def building(self, what: str, done: int, total: int) -> None:
        """Report the progress of a build of the search index."""
        if self.wanted():
            raise _Ended
        self._say(f"building the search index: {what}" + (f", {done:,} of {total:,} chunks" if total else ""))

    def _say(self, doing: str) -> None:
        self.progress(Progress(self.files, self.of_files, self.bytes, self.of_bytes, self.report.chunks, doing))

    def _count(self, files_done: int, size: int) -> None:
        self.files += files_done
        self.bytes += size

    def _store(self, source: Source, articles: Iterable[tuple[Article, str, int]]) -> None:
        """Encode and commit articles in batches: one batch is read and another stored while a third is encoded."""
        read, before = _Batch(), _Batch()
        with ThreadPoolExecutor(2) as beside:
            for article, fingerprint, size in articles:
                read.articles.append((article, fingerprint, chunk.split(article, self.index.embedder)))
                read.bytes += size
                if read.chunks >= BATCH:
                    read.encode(beside, self.index)
                    self._commit(source, before)
                    self._keep_up()
                    read, before = _Batch(), read
            read.encode(beside, self.index)
            self._commit(source, before)
            self._commit(source, read)

    def _commit(self, source: Source, batch: "_Batch") -> None:
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
            except (LibraryError, _Ended):
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


def _source(path: Path, index: Index) -> tuple[Path, Source | None]:
    """The source that holds `path`, or `path` itself as a new one."""
    for source in index.library.ledger.sources():
        address = Path(source.address)
        if path == address or path.is_relative_to(address):
            return address, source
        if address.is_relative_to(path):
            raise SourceError(f"{path} holds {address}, which is a source already; type: assistant forget {address}")
    return path, None
