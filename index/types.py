"""What the modules of `index` exchange: frozen records, arrays and errors; it imports none of them."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""One embedding, shape `(dimension,)`, of unit length."""
Matrix = NDArray[np.float32]
"""Embeddings, shape `(n, dimension)`, each row of unit length."""
Terms = NDArray[np.uint32]
"""The words of a text in order, each as a number (`index.keyword.terms`), shape `(words,)`."""

EVERYONE = "everyone"
"""The group of articles that every reader may see; files get it."""

Groups = frozenset[str] | None
"""Who asks: the names of their groups, or None for the operator, who sees every article."""


@dataclass(frozen=True, slots=True)
class Scope:
    """What to search: articles below `place`, changed from `since` to `until`, in a `category`, or of some `pages`.

    A place is a source's label, a folder in it or one article, as ids of articles begin; the days are ISO dates
    (`2016-06-09`), both included; a category is the name of one, in any case; pages are web addresses, in any form.
    "" leaves anything open, and so do no pages; an article without a date is in no span of days.
    """

    place: str = ""
    since: str = ""
    until: str = ""
    category: str = field(default="", kw_only=True)
    pages: tuple[str, ...] = field(default=(), kw_only=True)


EVERYTHING = Scope()
"""All articles."""
Numbers = NDArray[np.int64]
"""Chunks by number, ascending, shape `(chunks,)`."""
Within = Numbers | None
"""The chunks among which a search looks; None: all."""
Ranked = list[tuple[int, float]]
"""Chunks, as numbers with scores, best first."""

Tell = Callable[[str, int, int], None]
"""Called while something long is done: what it is, how much of how much is done; 0 of 0 where that is not counted."""


_MARKED = re.compile(r"^#{1,6} ", re.MULTILINE)


class UserFacingError(Exception):
    """An error that the user can fix: one line that says what happened and what to do next."""


class SourceError(UserFacingError):
    """A source cannot be read: it is missing, forbidden or empty."""


class LibraryError(UserFacingError):
    """The library cannot be used: damaged, written by a newer version, or for another encoder."""


class LibraryBusy(LibraryError):
    """Another process is writing to the library."""


class EncoderError(UserFacingError):
    """The model that makes vectors is missing, or is not the expected one."""


class ArticleError(Exception):
    """One article cannot be read, for the reason in the text; the others are."""


@dataclass(frozen=True, slots=True)
class Article:
    """One page of a wiki or one file.

    `text` is what a reader sees, as plain text: headings start with one to six `#`, list items with `- ` or a
    number, a table row is one line, code is indented by four spaces. `updated` is an ISO date (`2016-06-09`) or
    None. An article without `groups` is shown to nobody. `pages` tell on which page of its file a text stands:
    offsets, rising, each with the number (from 1) of the page of what begins there; empty where a file has no pages.
    `language` is an ISO 639-1 code. `anchors` are the fragments (or "") that lead to each heading of the text at
    `url`, in order; empty where `url` does not show that text. `names` are
    further names that lead to the article, and `editor` is who wrote this revision. `categories` are those that its
    source gives it (a wiki's categories, labels, tags), sorted, as plain names.
    """

    id: str
    title: str
    text: str
    url: str
    revision: str
    updated: str | None
    groups: frozenset[str]
    pages: tuple[tuple[int, int], ...] = ()
    language: str = "en"
    anchors: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    editor: str = ""
    categories: tuple[str, ...] = ()

    def anchor(self, offset: int) -> str:
        """The fragment of the heading above a place in the text; "" where none is known.

        >>> Article("w/A", "A", "Hi.\\n\\n## B\\n\\nYes.", "", "", None, frozenset(), anchors=("B",)).anchor(11)
        'B'
        """
        if not self.anchors:
            return ""
        above = sum(heading.start() <= offset for heading in _MARKED.finditer(self.text))
        return next((anchor for anchor in reversed(self.anchors[:above]) if anchor), "")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Characters `[start, end)` of an article's text, under the heading path `heading`.

    `sentences` are the offsets `[start, end)` of its sentences in the article's text, in order.
    """

    article: str
    start: int
    end: int
    heading: str
    text: str
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk found for a question, with its article.

    `rank` counts from 1. `score` is the fused score (higher is better, most lie between 0 and 2),
    `bm25` the keyword score (0 or more), `cosines` the similarity of the question with each of
    `chunk.sentences` (-1 to 1). `by_meaning` and `by_words` are its places, from 1, among all chunks that the two
    searches put forward; 0 by words where it shares none with the question.
    """

    chunk: Chunk
    article: Article
    rank: int
    score: float
    bm25: float
    cosines: tuple[float, ...]
    by_meaning: int = 0
    by_words: int = 0
