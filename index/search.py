"""The index: the library with its two derived searches, fused into one ranking."""

import contextlib
import fcntl
import json
import shutil
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from llama_index.core.base.base_retriever import BaseRetriever
from llama_index.core.schema import NodeWithScore, QueryBundle, TextNode

from index.chunk import passage
from index.embed import Embedder
from index.keyword import Keyword
from index.library import Entry, Library, Source
from index.types import Article, Chunk, Groups, Hit, LibraryBusy, LibraryError
from index.vectors import Vectors

POOL = 60
"""Chunks that each of the two searches puts forward."""
BM25_WEIGHT = 0.01
"""What a point of BM25 is worth in cosine. Up to 0.02 long articles gain, from 0.01 on short ones lose."""


def fuse(cosine: Mapping[int, float], bm25: Mapping[int, float]) -> dict[int, float]:
    """One score for each chunk of `cosine`: its best sentence's cosine plus its weighted BM25 score.

    A convex combination of the scores themselves (Bruch et al. 2023, "An Analysis of Fusion Functions
    for Hybrid Retrieval"), which orders better here than reciprocal ranks do: those forget by how
    much the first is ahead. A chunk that shares no word with the question has a BM25 score of 0.

    >>> fuse({1: 0.5, 2: 0.4}, {2: 20.0})
    {1: 0.5, 2: 0.6000000000000001}
    """
    return {number: value + BM25_WEIGHT * bm25.get(number, 0.0) for number, value in cosine.items()}


class Generation:
    """One finished build of the derived indexes, in a folder of its own, held open under a shared lock.

    A generation that somebody holds is never removed.
    """

    def __init__(self, folder: Path) -> None:
        """Raises ValueError where the build is missing or not whole."""
        self.number = int(folder.name.removeprefix("gen-"))
        self.readers = 0
        try:
            self._lock = (folder / "held").open()
        except OSError as error:
            raise ValueError(f"no generation in {folder}") from error
        fcntl.flock(self._lock, fcntl.LOCK_SH)
        try:
            sizes: dict[str, int] = json.loads((folder / "held").read_text())
            if damaged := [name for name, size in sizes.items() if not _is_whole(folder / name, size)]:
                raise ValueError(f"{', '.join(damaged)} in {folder} is gone or not whole")
            self.keyword = Keyword.open(folder / "keyword")
            self.vectors = Vectors.open(folder / "vectors")
        except ValueError:
            self._lock.close()
            raise

    def close(self) -> None:
        """Let go of the build, so that it may be removed."""
        self.vectors.close()
        self._lock.close()

    @staticmethod
    def build(folder: Path, library: Library) -> None:
        """Write the vectors and the keyword index of everything in the library into a new `folder`."""
        shutil.rmtree(folder, ignore_errors=True)  # what an interrupted build left
        folder.mkdir(parents=True, mode=0o700)
        Vectors.build(folder / "vectors", ((row.number, row.vector, row.groups) for row in library.rows()))
        Keyword.build(folder / "keyword", ((row.number, row.words, row.groups) for row in library.rows()))
        # Chroma writes into its database at every opening, and answers from nothing where an index file is gone.
        files = (path for path in folder.rglob("*") if path.is_file() and not path.name.startswith("chroma.sqlite3"))
        sizes = {path.relative_to(folder).as_posix(): path.stat().st_size for path in files}
        (folder / "held").write_text(json.dumps(sizes))

    @staticmethod
    def remove(folder: Path) -> bool:
        """Remove a generation that nobody holds; False where somebody does."""
        try:
            with (folder / "held").open() as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
        except BlockingIOError:
            return False
        except FileNotFoundError:
            shutil.rmtree(folder, ignore_errors=True)
        return True


def _is_whole(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size


class Index:
    """Finds passages, and keeps what they are found in; safe to read from several threads.

    `library` and `embedder` are open to those who sync or count.
    """

    def __init__(self, library: Library, embedder: Embedder) -> None:
        self.library = library
        self.embedder = embedder
        self._folder = library.home / "generations"
        self._generation: Generation | None = None
        self._moving = threading.Lock()

    @classmethod
    def open(cls, home: Path, embedder: Embedder) -> "Index":
        """Open the index in the folder `home`, or begin an empty one."""
        return cls(Library.open(home), embedder)

    def close(self) -> None:
        """Let go of all files."""
        with self._moving:
            self._let_go()
        self.library.close()

    # --- writing, inside `with index.library.writing()` --------------------------------------------

    def replace(self, source: Source, articles: Iterable[tuple[Article, str, Sequence[Chunk]]]) -> int:
        """Embed the chunks of articles and commit all of them; the number of chunks.

        Each article comes with its fingerprint and its chunks. One that no group may see is kept
        without chunks: it is not embedded. It is found after the next `publish`.
        """
        shown = [(a, fingerprint, chunks if a.groups else ()) for a, fingerprint, chunks in articles]
        passages = [passage(article.title, chunk) for article, _, chunks in shown for chunk in chunks]
        vectors, sentences = self.embedder.passages([text for text, _ in passages], [spans for _, spans in passages])
        entries, first = [], 0
        for article, fingerprint, chunks in shown:
            own = slice(first, first + len(chunks))
            entries.append(Entry(article, fingerprint, chunks, vectors[own], sentences[own]))
            first += len(chunks)
        if entries:
            self.library.replace(source, entries)
        return len(passages)

    def publish(self) -> None:
        """Build a generation of what the library holds and point to it, unless it is published already."""
        changes = self.library.fact("changes") or "0"
        number = int(self.library.fact("generation") or 0)
        if changes == self.library.fact("published") and self._usable(number):
            return
        folder = self._folder / f"gen-{number + 1}"
        Generation.build(folder, self.library)
        Generation(folder).close()  # opens it once, with a query: a broken build is never pointed to
        self.library.publish(number + 1, int(changes))
        for old in self._folder.glob("gen-*"):
            if old != folder and not (self._generation and old.name == f"gen-{self._generation.number}"):
                Generation.remove(old)

    def ready(self) -> None:
        """Make the index able to answer: publish what an interrupted run left, embed nothing.

        Raises LibraryError where the library was made with another encoder.
        """
        made_with = self.library.fact("encoder")
        if made_with not in {None, self.embedder.version}:
            raise LibraryError(
                f"the library was made with the encoder {made_with}, the setting names {self.embedder.version}; "
                "type: assistant index SOURCE to make it anew, or set the encoder back"
            )
        if self.library.fact("changes") != self.library.fact("published") or not self._usable(
            int(self.library.fact("generation") or 0)
        ):
            with contextlib.suppress(LibraryBusy), self.library.writing():  # a writer publishes by itself
                self.publish()

    def _usable(self, number: int) -> bool:
        try:
            Generation(self._folder / f"gen-{number}").close()
        except ValueError:
            return False
        return True

    def _current(self) -> Generation:
        """The generation that the library points to; moves on when that is another one."""
        while self._generation is None or self._generation.number != int(self.library.fact("generation") or 0):
            number = int(self.library.fact("generation") or 0)
            try:
                moved = Generation(self._folder / f"gen-{number}")
            except ValueError as error:
                if number != int(self.library.fact("generation") or 0):
                    continue  # a writer has just published the next one and removed this
                raise LibraryError(
                    f"the search index of {self.library.home} is missing or damaged ({error}); "
                    "type: assistant index SOURCE (nothing is embedded again)"
                ) from error
            self._let_go()
            self._generation = moved
        return self._generation

    def _let_go(self) -> None:
        """Close the open generation, or leave that to the last of those who read it."""
        if self._generation and not self._generation.readers:
            self._generation.close()
        self._generation = None

    @contextlib.contextmanager
    def _reading(self) -> Iterator[Generation]:
        """The current generation, which stays open until the caller is done with it."""
        with self._moving:
            generation = self._current()
            generation.readers += 1
        try:
            yield generation
        finally:
            with self._moving:
                generation.readers -= 1
                if generation is not self._generation and not generation.readers:
                    generation.close()

    # --- reading -------------------------------------------------------------------------------------

    def find(self, question: str, groups: Groups, k: int) -> list[Hit]:
        """The best `k` passages for a question that `groups` may see, best first.

        Each is checked against the library before it leaves: it exists now, and may be seen.
        """
        if not question.strip() or not self.library.counts()["chunks"]:
            return []
        vector = self.embedder.question(question)
        with self._reading() as generation:
            keyword = dict(generation.keyword.best(question, groups, POOL))
            pool = keyword.keys() | dict(generation.vectors.nearest(vector, groups, POOL)).keys()
        candidates = {found.number: found for found in self.library.candidates(sorted(pool), groups)}
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
