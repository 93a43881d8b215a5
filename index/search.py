"""The index: the library and its two derived searches, fused into one ranking."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from article_assistant.index import publishing
from article_assistant.index.chunk import passage
from article_assistant.index.embed import Embedder
from article_assistant.index.generation import SETTLED, Damaged, Generation, Generations
from article_assistant.index.keyword import asked_names, asked_terms, number_of, terms
from article_assistant.index.language import asked, language_of
from article_assistant.index.library import Library, worded
from article_assistant.index.remote import Server
from article_assistant.index.scan import UNKNOWN, Fresh
from article_assistant.index.schema import Entry, Source
from article_assistant.index.types import EVERYTHING, Article, Chunk, Groups, Hit, Matrix, Scope, Tell, Vector, Within
from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

POOL = 60
"""Chunks that each of the two searches puts forward."""
BM25_WEIGHT = 0.01
"""Worth of one point of BM25 in cosine: from 0.01 down short articles lose, up to 0.02 long ones gain."""
Prepared = tuple[Article, str, Sequence[Chunk]]
"""An article, its fingerprint and its chunks."""
Encoded = tuple[Prepared, Matrix, list[Matrix]]
"""The same with one vector for each chunk, and for each chunk the vectors of its sentences."""


def fuse(cosine: Mapping[int, float], bm25: Mapping[int, float]) -> dict[int, float]:
    """One score for each chunk of `cosine`: its best sentence's cosine plus its weighted BM25 score.

    A convex combination of the scores themselves (Bruch et al. 2023, "An Analysis of Fusion Functions
    for Hybrid Retrieval"). It ranks better here than reciprocal rank fusion, which ignores by how much
    the first is ahead. A chunk that shares no word with the question has a BM25 score of 0.

    >>> fuse({1: 0.5, 2: 0.4}, {2: 20.0})
    {1: 0.5, 2: 0.6000000000000001}
    """
    return {number: value + BM25_WEIGHT * bm25.get(number, 0.0) for number, value in cosine.items()}


def places(scores: Mapping[int, float]) -> dict[int, int]:
    """The place of each chunk, from 1, by falling score; equal scores share the first of their places.

    >>> places({7: 0.5, 8: 20.0, 9: 0.5})
    {7: 2, 8: 1, 9: 2}
    """
    order = sorted(scores.values(), reverse=True)
    first = {score: place for place, score in reversed(list(enumerate(order, start=1)))}
    return {number: first[score] for number, score in scores.items()}


def best_of(found: Mapping[int, float], k: int) -> dict[int, float]:
    """The `k` chunks with the highest scores, ties by number.

    >>> best_of({3: 1.0, 1: 2.0, 2: 1.0}, 2)
    {1: 2.0, 2: 1.0}
    """
    return dict(sorted(found.items(), key=lambda one: (-one[1], one[0]))[:k])


class Index:
    """Finds passages, and stores what they are found in; safe to read from several threads.

    Whoever syncs or counts may use its parts: `library`, `embedder`, `generations` and `server`.
    """

    def __init__(self, library: Library, embedder: Embedder, mends: bool = False, server: Server | None = None) -> None:
        self.library = library
        self.embedder = embedder
        self.server = server
        self.generations = Generations(library, embedder, server, publishing.mend if mends else None)

    @classmethod
    def open(cls, home: Path, embedder: Embedder, mends: bool = False, server: Server | None = None) -> "Index":
        """Open the index in the folder `home`, or create an empty one; a `server`, if given, keeps the vectors.

        One that `mends` builds a new generation in the background when the last is damaged or far behind. The
        server is closed with the index.
        """
        return cls(Library.open(home), embedder, mends, server)

    def close(self) -> None:
        """Close all files and connections, and abandon a generation that is being built."""
        self.generations.close()
        if self.server:
            self.server.close()
        self.library.close()

    def ready(self) -> None:
        """Open what a question needs, so that the first one does not wait for it. Raises as `find` does."""
        with self.generations.reading():
            pass

    # --- writing, inside `with index.library.writing()`

    def replace(self, source: Source, articles: Iterable[Prepared]) -> int:
        """Encode articles and commit them; returns the number of chunks."""
        return self.store(source, self.encode(articles))

    def encode(self, articles: Iterable[Prepared]) -> list[Encoded]:
        """Articles with the vectors of their chunks, to be stored; one that no group may see has no chunks."""
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
        """Commit encoded articles, all in one transaction; returns the number of chunks."""
        entries = []
        for (article, fingerprint, chunks), vectors, sentences in encoded:
            called = " ".join([article.title, *article.names])
            words = [terms(worded(called, chunk.heading, chunk.text, article.language)) for chunk in chunks]
            entries.append(Entry(article, fingerprint, chunks, vectors, sentences, words))
        if entries:
            self.library.replace(source, entries)
        return sum(len(entry.chunks) for entry in entries)

    def publish(self, tell: Tell = lambda *_: None) -> None:
        """See `index.publishing.publish`."""
        publishing.publish(self.generations, tell)

    def settle(self, least: int = 0, share: float = SETTLED, tell: Tell = lambda *_: None) -> bool:
        """See `index.publishing.settle`."""
        return publishing.settle(self.generations, least, share, tell)

    # --- reading

    def find(self, question: str, groups: Groups, k: int, scope: Scope = EVERYTHING) -> list[Hit]:
        """The best `k` passages in a scope for a question that `groups` may see, best first.

        Those that hold more of the identifiers that the question names come before the others. Each is checked
        against the library, so it still exists and may be seen. Raises LibraryError where the library was made
        with another encoder.
        """
        if not question.strip():
            return []
        vector = self.embedder.question(question)
        language = language_of(question)
        words, names = asked(question, language), asked_names(question)
        within = None if scope == EVERYTHING else self.library.ledger.within(scope)
        reach = POOL
        while True:
            with self.generations.reading() as (generation, fresh):
                try:
                    keyword, pool, held = self._pool(generation, fresh, words, names, vector, groups, reach, within)
                except Damaged as error:
                    assert generation
                    self.generations.drop(generation, error)
                    continue
            candidates = {found.number: found for found in self.library.candidates(sorted(pool), groups)}
            # A generation still finds chunks that are gone: look further where they crowd out the others.
            if len(candidates) >= min(k, len(pool)) or len(pool) < reach or reach > 20 * POOL:
                break
            reach *= 4
        cosines = {number: found.sentences @ vector for number, found in candidates.items()}
        # An encoder that was made for other languages has nothing to say.
        understood = float(self.embedder.reads(language))
        scores = fuse({number: understood * float(values.max()) for number, values in cosines.items()}, keyword)
        meant = places({number: float(values.max()) for number, values in cosines.items()})
        worded_at = places({number: score for number, score in keyword.items() if number in candidates and score > 0})
        hits: list[Hit] = []
        # Ties in the order of articles: numbers tell only which was indexed first.
        order = sorted(
            candidates.values(), key=lambda one: (-held[one.number], -scores[one.number], one.article, one.start)
        )
        for found in order:
            number = found.number
            article = self.library.article(found.article, groups)
            # The article may have been replaced since its chunk was read a moment ago.
            if len(hits) == k or article is None or found.revision != article.revision:
                continue
            text = article.text[found.start : found.end]
            chunk = Chunk(article.id, found.start, found.end, found.heading, text, found.spans)
            scored = tuple(float(value) for value in cosines[number])
            found_at = meant[number], worded_at.get(number, 0)
            hits.append(Hit(chunk, article, len(hits) + 1, scores[number], keyword.get(number, 0.0), scored, *found_at))
        return hits

    @staticmethod
    def _pool(
        generation: Generation | None,
        fresh: Fresh,
        question: str,
        names: list[str],
        vector: Vector,
        groups: Groups,
        k: int,
        within: Within,
    ) -> tuple[dict[int, float], set[int], Counter[int]]:
        """BM25 scores, the numbers of all chunks that any search puts forward, and how many identifiers they hold."""
        words = asked_terms(question)
        held = Counter[int]()
        keyword, near = dict[int, float](), dict[int, float]()
        newer = fresh.statistics(words, groups)
        older = UNKNOWN
        if generation:
            if not generation.whole:
                raise Damaged(f"somebody changed {generation.folder}")
            older = generation.statistics(words, groups)
            near.update(generation.nearest(vector, groups, k, within))
            keyword.update(generation.best(words, groups, k, newer, within=within))
        near.update(fresh.nearest(vector, groups, k, within))
        keyword.update(fresh.best(words, groups, k, older, within=within))
        # Which chunks a generation holds tells nothing of their worth, so both together put as many forward as one.
        near, keyword = best_of(near, k), best_of(keyword, k)
        for name in map(number_of, names):
            found = dict(generation.best(words, groups, k, newer, name, within)) if generation else {}
            found = best_of(found | dict(fresh.best(words, groups, k, older, name, within)), k)
            keyword |= found
            held.update(found.keys())
        if generation and not generation.whole:  # changed while it answered
            raise Damaged(f"somebody changed {generation.folder}")
        return keyword, near.keys() | keyword.keys(), held

    @property
    def vectors(self) -> str:
        """Where its vectors are kept, in words, and why they are away if they are."""
        remote = self.generations.remote()
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
        found = []
        for hit in self._index.find(query_bundle.query_str, self._groups, self._k):
            article, chunk = hit.article, hit.chunk
            about = {name: getattr(article, name) for name in ("title", "url", "revision", "updated")}
            metadata = {"article": article.id, "heading": chunk.heading, **about}
            node = TextNode(text=chunk.text, start_char_idx=chunk.start, end_char_idx=chunk.end, metadata=metadata)
            found.append(NodeWithScore(node=node, score=hit.score))
        return found
