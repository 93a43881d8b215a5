"""The index: the library with its two derived searches, fused into one ranking."""

import contextlib
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from article_assistant.index.build import Damaged, Generation, Tell
from article_assistant.index.chunk import passage
from article_assistant.index.embed import Embedder
from article_assistant.index.fresh import Fresh, Statistics
from article_assistant.index.keyword import asked_words, number_of, terms
from article_assistant.index.library import Library, worded
from article_assistant.index.remote import Away, Remote, Server
from article_assistant.index.schema import Entry, LibraryState, Source
from article_assistant.index.types import Article, Chunk, Groups, Hit, LibraryBusy, LibraryError, Matrix, Vector
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

log = logging.getLogger(__name__)
POOL = 60
"""Chunks that each of the two searches puts forward."""
BM25_WEIGHT = 0.01
"""What a point of BM25 is worth in cosine. Up to 0.02 long articles gain, from 0.01 on short ones lose."""
SETTLED = 0.02
"""Share of the chunks that may be new or gone before the next generation is built."""
REST = 60.0
"""Seconds between two attempts to mend."""
Read = tuple[Article, str, Sequence[Chunk]]
"""An article, its fingerprint and its chunks."""
Encoded = tuple[Read, Matrix, list[Matrix]]
"""The same with a vector a chunk, and a matrix of its sentences' vectors a chunk."""


class _GivenUp(Exception):
    """A build is given up, since the index is closed or another process wants to write."""


def fuse(cosine: Mapping[int, float], bm25: Mapping[int, float]) -> dict[int, float]:
    """One score for each chunk of `cosine`: its best sentence's cosine plus its weighted BM25 score.

    A convex combination of the scores themselves (Bruch et al. 2023, "An Analysis of Fusion Functions
    for Hybrid Retrieval"), which orders better here than reciprocal ranks do: those forget by how
    much the first is ahead. A chunk that shares no word with the question has a BM25 score of 0.

    >>> fuse({1: 0.5, 2: 0.4}, {2: 20.0})
    {1: 0.5, 2: 0.6000000000000001}
    """
    return {number: value + BM25_WEIGHT * bm25.get(number, 0.0) for number, value in cosine.items()}


class Index:
    """Finds passages, and keeps what they are found in; safe to read from several threads.

    `library` and `embedder` are open to those who sync or count.
    """

    def __init__(self, library: Library, embedder: Embedder, mends: bool = False, server: Server | None = None) -> None:
        self.library = library
        self.embedder = embedder
        self.server = server
        self._folder = library.home / "generations"
        self._mends = mends
        self._lock = threading.Lock()  # for all below
        self._generation: Generation | None = None
        self._damaged = set[int]()  # numbers of generations not to be used
        self._fresh = Fresh(embedder.dimension)  # what _generation does not hold, after so many changes:
        self._known = -1
        self._work: threading.Thread | None = None
        self._closing = threading.Event()
        self._rest = 0.0  # when it may mend again, in seconds of the monotonic clock

    @classmethod
    def open(cls, home: Path, embedder: Embedder, mends: bool = False, server: Server | None = None) -> "Index":
        """Open the index in the folder `home`, or begin an empty one; with a `server`, that keeps the vectors.

        One that `mends` builds a generation anew, beside its other work, when it finds the last one damaged
        or far behind. The server is closed with the index.
        """
        return cls(Library.open(home), embedder, mends, server)

    def close(self) -> None:
        """Let go of all files; waits for a generation that is being opened, but gives one up that is being built."""
        self._closing.set()
        if self._work:
            self._work.join()
        with self._lock:
            self._take(None)
        if self.server:
            self.server.close()
        self.library.close()

    def ready(self) -> None:
        """Open what a question needs, so that the first one does not wait for it. Raises as `find` does."""
        with self._reading():
            pass

    # --- writing, inside `with index.library.writing()` --------------------------------------------

    def replace(self, source: Source, articles: Iterable[Read]) -> int:
        """Encode the chunks of articles and commit all of them; the number of chunks."""
        return self.store(source, self.encode(articles))

    def encode(self, articles: Iterable[Read]) -> list[Encoded]:
        """Articles with the vectors of their chunks, to be stored.

        One that no group may see is kept without chunks: it is not embedded.
        """
        shown = [(a, fingerprint, chunks if a.groups else ()) for a, fingerprint, chunks in articles]
        passages = [passage(article.title, chunk) for article, _, chunks in shown for chunk in chunks]
        vectors, sentences = self.embedder.passages([text for text, _ in passages], [spans for _, spans in passages])
        encoded, first = list[Encoded](), 0
        for one in shown:
            own = slice(first, first + len(one[2]))
            encoded.append((one, vectors[own], sentences[own]))
            first = own.stop
        return encoded

    def store(self, source: Source, encoded: Iterable[Encoded]) -> int:
        """Commit encoded articles, all in one transaction; the number of chunks."""
        entries = []
        for (article, fingerprint, chunks), vectors, sentences in encoded:
            words = [terms(worded(article.title, chunk.heading, chunk.text)) for chunk in chunks]
            entries.append(Entry(article, fingerprint, chunks, vectors, sentences, words))
        if entries:
            self.library.replace(source, entries)
        return sum(len(entry.chunks) for entry in entries)

    def publish(self, tell: Tell = lambda *_: None) -> None:
        """Build a generation of what the library holds and point to it, unless it is published already.

        What is not in a generation is found all the same, by an exact search. `tell` is called meanwhile. Raises
        LibraryError where none can be built, Away (which is one) where the server of its vectors cannot be asked.
        """
        state, highest, gone = self.library.pending()
        folder = self._folder / f"gen-{state.generation + 1}"
        remote = self._remote()
        try:
            last: Generation | None = self._generation_of(state.generation)
        except Damaged:
            last = None
        try:
            if last and state.changes == state.published and last.complete:
                return
            try:
                Generation.build(folder, self.library, last, highest, gone, remote, tell=tell)
            except Damaged:
                if last is None and remote is None:
                    raise
                Generation.build(folder, self.library, None, highest, gone, remote, anew=True, tell=tell)
        except Damaged as error:
            raise LibraryError(
                f"no search index could be built ({error}); questions are answered by a slower search, "
                "check the disk and type: assistant index SOURCE"
            ) from error
        finally:
            if last:
                last.close()
        self.library.publish(state.generation + 1, state.changes, highest, gone)
        if remote:
            with contextlib.suppress(Away):  # rows that are too many wait for the next time
                remote.prune(self.library.numbers(), gone)
        for old in self._folder.glob("gen-*"):
            if old != folder:
                Generation.remove(old)

    def settle(self, least: int = 0, share: float = SETTLED, tell: Tell = lambda *_: None) -> bool:
        """Publish when so much has changed that searching it exactly begins to cost time, or nothing is published.

        So much is more than `share` of the chunks. With `least`, fewer changes than that are left for later, and
        so is a generation that cannot be used. Where the server of the vectors is away, that waits, the log
        says so, and the answer is False.
        """
        changed = self.library.changed()
        if changed < least:
            return True
        try:
            if changed > share * self.library.counts()["chunks"] or not (least or self._serves()):
                self.publish(tell)
        except Away as error:
            log.warning(
                "%s; all articles are kept and found, by a slower search. Their search index is built when a running "
                "`assistant serve` reaches the server, or when it answers and you type: assistant index SOURCE",
                error,
            )
            return False
        return True

    def _serves(self) -> bool:
        """Whether there is a generation, whole and with all of its vectors. Raises Away."""
        try:
            generation = self._generation_of(self.library.state().generation)
        except Damaged:
            return False
        try:
            return generation.complete
        finally:
            generation.close()

    def _generation_of(self, number: int) -> Generation:
        """Raises Damaged."""
        return Generation(self._folder / f"gen-{number}", self._remote())

    def _remote(self) -> Remote | None:
        """Where a server keeps the vectors of this library, for one generation."""
        name = self.library.fact("library")
        return Remote(self.server, name, self.embedder.version) if self.server and name else None

    # --- reading -------------------------------------------------------------------------------------

    def find(self, question: str, groups: Groups, k: int) -> list[Hit]:
        """The best `k` passages for a question that `groups` may see, best first.

        Each is checked against the library before it leaves: it exists now, and may be seen. Raises
        LibraryError where the library was made with another encoder.
        """
        if not question.strip():
            return []
        vector = self.embedder.question(question)
        reach = POOL
        while True:
            with self._reading() as (generation, fresh):
                try:
                    keyword, pool = self._pool(generation, fresh, question, vector, groups, reach)
                except Damaged as error:
                    assert generation
                    self._drop(generation, error)
                    continue
            candidates = {found.number: found for found in self.library.candidates(sorted(pool), groups)}
            # Chunks that are gone stay in a generation until the next one: look further where they crowd.
            if len(candidates) >= min(k, len(pool)) or len(pool) < reach or reach > 20 * POOL:
                break
            reach *= 4
        cosines = {number: found.sentences @ vector for number, found in candidates.items()}
        scores = fuse({number: float(values.max()) for number, values in cosines.items()}, keyword)
        hits: list[Hit] = []
        # Ties in the order of articles: numbers tell only which was indexed first.
        order = sorted(candidates.values(), key=lambda found: (-scores[found.number], found.article, found.start))
        for found in order:
            number = found.number
            article = self.library.article(found.article, groups)
            # The article may have been replaced since its chunk was read a moment ago.
            if len(hits) == k or article is None or found.revision != article.revision:
                continue
            text = article.text[found.start : found.end]
            chunk = Chunk(article.id, found.start, found.end, found.heading, text, found.spans)
            scored = tuple(float(value) for value in cosines[number])
            hits.append(Hit(chunk, article, len(hits) + 1, scores[number], keyword.get(number, 0.0), scored))
        return hits

    @staticmethod
    def _pool(
        generation: Generation | None, fresh: Fresh, question: str, vector: Vector, groups: Groups, k: int
    ) -> tuple[dict[int, float], set[int]]:
        """BM25 scores, and the numbers of all chunks that any of the searches puts forward."""
        words = asked_words(question)
        keyword, near = dict[int, float](), dict[int, float]()
        others = Statistics(0, 0.0, {})
        if generation:
            if not generation.whole:
                raise Damaged(f"somebody changed {generation.folder}")
            near.update(generation.nearest(vector, groups, k))
            keyword.update(generation.best(question, groups, k))
            others = generation.statistics(words)
            if not generation.whole:  # changed while it answered
                raise Damaged(f"somebody changed {generation.folder}")
        near.update(fresh.nearest(vector, groups, k))
        keyword.update(fresh.best(map(number_of, words), groups, k, others))
        return keyword, near.keys() | keyword.keys()

    @contextlib.contextmanager
    def _reading(self) -> Iterator[tuple[Generation | None, Fresh]]:
        """A generation, which stays open until the caller is done with it, and all chunks that it doesn't hold.

        The first one is opened at once. A later one is opened in a thread of its own, and until then
        the old one serves, since whatever it doesn't hold is searched exactly.
        """
        state = self.library.state()
        if state.encoder not in {None, self.embedder.version}:
            raise LibraryError(
                f"the library was made with the encoder {state.encoder}, the setting names {self.embedder.version}; "
                "type: assistant index SOURCE to make it anew, or set the encoder back"
            )
        with self._lock:
            if self._generation is None and state.generation and state.generation not in self._damaged:
                self._open(state.generation)
            generation = self._generation
            if self._known != state.changes:
                covered = generation.covered if generation else 0
                last = int(self._fresh.numbers[-1]) if len(self._fresh) else covered
                self._fresh = self._fresh.moved(self.library.numbers(covered), self.library.fresh(last))
                self._known = state.changes
            fresh = self._fresh
            if generation and generation.number != state.generation and state.generation not in self._damaged:
                self._start(self._open_beside, state.generation)
            elif self._mends and time.monotonic() >= self._rest and self._is_behind(state, generation, len(fresh)):
                self._rest = time.monotonic() + REST
                self._start(self._mend)
            if generation:
                generation.readers += 1
        try:
            yield generation, fresh
        finally:
            if generation:
                with self._lock:
                    generation.readers -= 1
                    if generation is not self._generation and not generation.readers:
                        generation.close()

    def _is_behind(self, state: LibraryState, generation: Generation | None, fresh: int) -> bool:
        """Whether a generation is to be built, so that less is searched exactly."""
        if state.generation in self._damaged or (generation and generation.lacks):
            return True
        return fresh > SETTLED * (generation.count if generation else 0)

    def _start(self, work: Callable[..., None], *given: object) -> None:
        """Do something in a thread of its own, one thing at a time."""
        if self._work is None or not self._work.is_alive():
            self._work = threading.Thread(target=work, args=given, daemon=True)
            self._work.start()

    def _open_beside(self, number: int) -> None:
        try:
            found = self._generation_of(number)
        except Damaged as error:
            # Unless a writer has published the next one meanwhile and removed this.
            if self.library.state().generation == number:
                self._refuse(number, error)
        else:
            with self._lock:
                self._take(found)
        self._rest = 0.0

    def _mend(self) -> None:
        try:
            with self.library.writing(gives_way=True) as wanted:

                def go_on(*_: object) -> None:
                    if self._closing.is_set() or wanted():
                        raise _GivenUp

                self.publish(go_on)
        except (LibraryBusy, Away, _GivenUp):
            pass  # who writes publishes by himself; that the server is away was said
        except LibraryError as error:
            log.warning("%s", error)

    def _open(self, number: int) -> None:
        """Open a generation now, or note that it is damaged; the lock is held."""
        while True:
            try:
                self._take(self._generation_of(number))
            except Damaged as error:
                moved = self.library.state().generation
                if moved != number:  # a writer has published the next one meanwhile and removed this
                    number = moved
                    continue
                self._refuse(number, error)
            return

    def _refuse(self, number: int, error: Damaged) -> None:
        """Use a generation no more, and say why."""
        if number not in self._damaged:
            log.warning("search index %d is not used, questions are searched exactly: %s", number, error)
        self._damaged.add(number)

    def _drop(self, generation: Generation, error: Damaged) -> None:
        """Close a generation that turned out to be damaged."""
        with self._lock:
            self._refuse(generation.number, error)
            if generation is self._generation:
                self._take(None)

    def _take(self, generation: Generation | None) -> None:
        """Answer from this generation from now on; the lock is held."""
        if self._generation and not self._generation.readers:
            self._generation.close()  # else the last of its readers closes it
        self._generation = generation
        self._fresh, self._known = Fresh(self.embedder.dimension), -1

    @property
    def vectors(self) -> str:
        """Where its vectors are kept, and whether that is away, in words."""
        remote = self._remote()
        if remote is None or self.server is None:
            return "in the home"
        return f"at {remote.place}" + (f", away: {self.server.why}" if self.server.why else "")

    def article(self, identifier: str, groups: Groups) -> Article | None:
        """An article as it stands in the library now, where `groups` may see it."""
        return self.library.article(identifier, groups)

    def as_retriever(self, groups: Groups, k: int = 10) -> BaseRetriever:
        """The same search as a llama-index retriever, for the articles that `groups` may see."""
        return Retriever(self, groups, k)


class Retriever(BaseRetriever):
    """Passages as llama-index nodes: offsets in the node, title, article and heading in its metadata."""

    def __init__(self, index: Index, groups: Groups, k: int) -> None:
        super().__init__()
        self._index = index
        self._groups = groups
        self._k = k

    def _retrieve(self, query_bundle: QueryBundle) -> list[NodeWithScore]:
        return [
            NodeWithScore(
                node=TextNode(
                    text=hit.chunk.text,
                    start_char_idx=hit.chunk.start,
                    end_char_idx=hit.chunk.end,
                    metadata={
                        "article": hit.article.id,
                        "title": hit.article.title,
                        "heading": hit.chunk.heading,
                        "url": hit.article.url,
                        "revision": hit.article.revision,
                        "updated": hit.article.updated,
                    },
                ),
                score=hit.score,
            )
            for hit in self._index.find(query_bundle.query_str, self._groups, self._k)
        ]
