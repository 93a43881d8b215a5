"""What passes between the modules of `index`: frozen records, array shapes and the errors.

Everything here is plain data, so that any module may import it and it imports none of them.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Vector = NDArray[np.float32]
"""One embedding, shape `(dimension,)`, of unit length."""
Matrix = NDArray[np.float32]
"""Embeddings, shape `(n, dimension)`, each row of unit length."""
Terms = NDArray[np.uint32]
"""The words of a text in their order, each a number (`index.keyword.terms`), shape `(words,)`."""

EVERYONE = "everyone"
"""The group of articles that any reader may see; files get it."""

Groups = frozenset[str] | None
"""Who asks: the names of their groups, or None for the operator, who sees every article."""


Tell = Callable[[str, int, int], None]
"""Called while something long is done: what it is, how much of how much is done; 0 of 0 where that is not counted."""


class UserFacingError(Exception):
    """Something that a person can mend: one line that says what happened and what to do next."""


class SourceError(UserFacingError):
    """A source that cannot be read: not there, no rights, nothing in it."""


class LibraryError(UserFacingError):
    """The library cannot be used: damaged, written by a newer version, or for another encoder."""


class LibraryBusy(LibraryError):
    """Another process is writing to the library."""


class EncoderError(UserFacingError):
    """The model that makes vectors is missing or not the one it should be."""


class ArticleError(Exception):
    """One article cannot be read; the text is its reason. The others go on."""


@dataclass(frozen=True, slots=True)
class Article:
    """One page of a wiki or one file.

    `text` is what a reader sees: plain text, a heading is a line that begins with one to six `#`,
    a list item with `- ` or its number, a table row is one line; code is indented by four spaces.
    `updated` is an ISO date (`2016-06-09`) or None. `groups` is empty for an article that is shown
    to nobody.
    """

    id: str
    title: str
    text: str
    url: str
    revision: str
    updated: str | None
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class Chunk:
    """A piece of one article's text: characters `[start, end)`, under the heading path `heading`.

    `sentences` are the offsets of its sentences in the article's text, in order.
    """

    article: str
    start: int
    end: int
    heading: str
    text: str
    sentences: tuple[tuple[int, int], ...]


@dataclass(frozen=True, slots=True)
class Hit:
    """A chunk that was found for a question, with the article it belongs to.

    `rank` counts from 1. `score` is the fused score (higher is better, most lie between 0 and 2),
    `bm25` the keyword score (0 or more), `cosines` the similarity of the question with each of
    `chunk.sentences` (-1 to 1).
    """

    chunk: Chunk
    article: Article
    rank: int
    score: float
    bm25: float
    cosines: tuple[float, ...]
