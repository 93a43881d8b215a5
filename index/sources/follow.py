"""Follow a source: what of it is new, changed, hidden or gone, and its pages one by one as articles."""

import hashlib
import json
import re
from collections import deque
from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

from article_assistant.index import chunk
from article_assistant.index.language import WORDS_VERSION, WRITTEN_SURE, language_of
from article_assistant.index.library import Library
from article_assistant.index.reading import files
from article_assistant.index.reading.parse import Parser
from article_assistant.index.schema import Failure, Source
from article_assistant.index.sources.source import Changes, Fetched, Listed, RemoteSource, Withdrawn
from article_assistant.index.types import Article, ArticleError, SourceError

VANISHED = 0.1
"""Share of a source's articles that may be gone at once; more wait for a confirmation. One may always go."""
AT_ONCE = 3
"""Pages that are asked for at once."""


@dataclass(slots=True)
class Plan:
    """What there is to do to bring the articles of a source up to date.

    `wanted` are to be fetched, `readers` are who may see what is there, `gone` leave, and `waiting` would leave, but
    are too many.
    """

    remote: RemoteSource
    source: Source
    stamp: str
    changes: Changes
    known: dict[str, str]
    wanted: dict[str, Listed] = field(default_factory=dict)
    readers: dict[str, frozenset[str]] = field(default_factory=dict)
    gone: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)
    unchanged: int = 0
    failed: dict[str, Failure] = field(default_factory=dict)
    untried: int = 0
    missing: int = 0

    def id(self, key: str) -> str:
        """The id of the article of a page."""
        return f"{self.source.label}/{key}"

    @property
    def state(self) -> str:
        """What the next run begins with; "" to begin with the whole, after whatever needs another look."""
        unsettled = self.waiting or self.missing or any(not one.fingerprint for one in self.failed.values())
        return "" if unsettled else json.dumps({"stamp": self.stamp, "state": self.changes.state})


def plan(
    remote: RemoteSource,
    source: Source,
    library: Library,
    encoder: str,
    *,
    retry: bool = False,
    confirmed: bool = False,
) -> Plan:
    """Compare what a source lists with what the library holds of it; nothing is changed.

    With `retry` pages are tried again that could not be read, and when `confirmed` any number may be gone. Raises
    SourceError where the source does not answer, or lists nothing at all.
    """
    stamp = f"{files.VERSION} {chunk.SPLIT_VERSION} {WORDS_VERSION} {encoder}"
    known, before = library.ledger.fingerprints(source), library.ledger.failed(source)
    last = json.loads(source.state or "{}")
    goes_on = known and last.get("stamp") == stamp and all(known.values()) and not retry
    changes = remote.changes(last["state"] if goes_on else "")
    if changes.whole and not changes.pages and not (known and confirmed):
        kept = f"; its {len(known):,} articles stay, unless you type: assistant index … --confirm" if known else ""
        raise SourceError(f"{remote.address} lists no page that may be read; check the user and their rights{kept}")
    made = Plan(remote, source, stamp, changes, known)
    for key, listed in changes.pages.items():
        article, one = made.id(key), replace(listed, groups=source.groups or listed.groups)
        print_ = _fingerprint_of(stamp, one)
        if article in known:
            made.readers[article] = one.groups
        if known.get(article) == print_ and not one.again:
            made.unchanged += 1
        elif article in before and before[article].fingerprint == print_ and not retry:
            made.failed[article] = before[article]
            made.untried += 1
        else:
            made.wanted[key] = one
    if not changes.whole:
        asked = {made.id(key) for key in (*changes.pages, *changes.gone)}
        made.failed |= {name: failure for name, failure in before.items() if name not in asked}
        made.unchanged = len(known.keys() - asked)
        if source.groups:
            made.readers |= dict.fromkeys(known, source.groups)
    said = {made.id(key) for key in changes.gone} & known.keys()
    gone = known.keys() - {made.id(key) for key in changes.pages} if changes.whole else said
    unsure = gone - said if changes.whole else gone
    if doubtful(len(unsure), len(known)) and not confirmed:
        made.waiting, gone = sorted(unsure), gone - unsure
        made.readers |= dict.fromkeys(filter(lambda name: _withdrawn(remote, name, source), unsure), frozenset[str]())
    made.gone = sorted(gone)
    return made


def doubtful(gone: int, known: int) -> bool:
    """Whether too many of a source's articles vanished at once to be believed gone."""
    return gone > max(1, VANISHED * known)


def read_wanted(made: Plan, library: Library, parser: Parser) -> Iterator[tuple[str, Article | None, str]]:
    """Fetch and read what a plan wants: the id of each article, the article if it is to be stored, its fingerprint.

    What cannot be read is put into `made.failed`.
    """
    for key, waits in _ahead(made.remote, made.wanted):
        name, listed = made.id(key), made.wanted[key]
        tried = ""
        try:
            fetched = waits.result()
        except Withdrawn:
            fetched = None
        except ArticleError as error:
            made.failed[name] = Failure(str(error))
            yield name, None, ""
            continue
        if fetched is None:  # gone since it was listed, or hidden; the next listing tells
            made.missing += 1
            yield name, None, ""
            continue
        try:
            tried = _fingerprint_of(made.stamp, listed)
            page = parser.read(Path(f"{_called(key, fetched.kind)}{fetched.kind}"), fetched.body)
        except ArticleError as error:
            made.failed[name] = Failure(str(error), tried)
            yield name, None, ""
            continue
        article = Article(
            name, fetched.title or page.title or key, page.text, fetched.link, fetched.revision, fetched.updated,
            listed.groups, page.pages, language_of(page.text, WRITTEN_SURE),
            page.anchors or ("",) if fetched.link and fetched.shown else (), fetched.names, fetched.editor,
            tuple(sorted({*fetched.categories, *page.categories})),
        )  # fmt: skip
        yield name, None if listed.again and library.article(name, None) == article else article, tried


def _called(key: str, kind: str) -> str:
    """What a page that does not say its title is called: the end of its key.

    >>> _called("media/team:floor-plan.pdf", ".pdf"), _called("team:", ".html")
    ('floor-plan', 'page')
    """
    return re.split("[/:]", key)[-1].removesuffix(kind).strip(". ") or "page"


def _withdrawn(remote: RemoteSource, name: str, source: Source) -> bool:
    """Whether a page that is listed no more is there, and may not be read: a right that is withdrawn never waits."""
    try:
        remote.page(name.removeprefix(f"{source.label}/"))
    except Withdrawn:
        return True
    except (ArticleError, SourceError, KeyError):
        return False
    return False


def _ahead(remote: RemoteSource, keys: Iterable[str]) -> Iterator[tuple[str, Future[Fetched | None]]]:
    """Each page in order, while the next ones are on their way."""
    with ThreadPoolExecutor(AT_ONCE) as pool:
        coming: deque[tuple[str, Future[Fetched | None]]] = deque()
        try:
            for key in keys:
                coming.append((key, pool.submit(remote.page, key)))
                if len(coming) > 2 * AT_ONCE:
                    yield coming.popleft()
            while coming:
                yield coming.popleft()
        finally:
            for _, waiting in coming:
                waiting.cancel()


def _fingerprint_of(stamp: str, listed: Listed) -> str:
    """The fingerprint of a page: what it is read with, whether anybody sees it, and its revision."""
    return hashlib.sha256(f"{stamp}\0{bool(listed.groups)}\0{listed.revision}".encode()).hexdigest()
