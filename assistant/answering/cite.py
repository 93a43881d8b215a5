"""Quotes become numbered citations, each checked against the text of its article."""

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import quote as percent

from article_assistant.index.chunk import PATH, sentences
from article_assistant.index.types import Article
from article_assistant.types import Citation


@dataclass(frozen=True, slots=True)
class Quote:
    """Characters `[start, end)` of an article's text, not numbered yet."""

    article: Article
    start: int
    end: int


def resolve(quotes: Iterable[Quote], first: int = 1) -> tuple[Citation, ...]:
    """Citations of quotes, numbered from `first` in their order; the same quote is cited once.

    Raises ValueError for a quote that is empty or reaches beyond its article's text.
    """
    found: list[Citation] = []
    for quote in dict.fromkeys(quotes):
        text = quote.article.text
        if not 0 <= quote.start < quote.end <= len(text):
            raise ValueError(f"[{quote.start}, {quote.end}) is no piece of {quote.article.id} ({len(text)} characters)")
        found.append(
            Citation(
                number=first + len(found),
                article=quote.article.id,
                title=quote.article.title,
                url=original_at(quote.article, quote.start) or f"/article/{percent(quote.article.id)}",
                heading=heading_at(text, quote.start),
                quote=text[quote.start : quote.end],
                start=quote.start,
                end=quote.end,
                revision=quote.article.revision,
                updated=quote.article.updated,
                page=quote.article.page(quote.start),
            )
        )
    return tuple(found)


def original_at(article: Article, offset: int) -> str:
    """The address of an article's original; where that has pages, opened at the one that a place stands on."""
    page = article.page(offset)
    return f"{article.url}#page={page}" if page and article.url and "#" not in article.url else article.url


def heading_at(text: str, offset: int) -> str:
    """The path of headings above a place in a text; empty where none stands above it."""
    path: tuple[str, ...] = ()
    for sentence in sentences(text):
        if sentence.start > offset:
            break
        path = sentence.heading
    return PATH.join(path)
