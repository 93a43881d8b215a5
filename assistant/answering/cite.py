"""An answer's text and the quotes that it rests on: whole sentences, verbatim, or short words.

Quotes become numbered citations, each checked against the text of its article.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from urllib.parse import quote as percent

from article_assistant.answering.fragment import fragment
from article_assistant.index.chunk import PATH, page_at, sentences
from article_assistant.index.reading.lines import CODE_MARK, MARK
from article_assistant.index.types import Article
from article_assistant.types import Citation

_FIRST_WORD = re.compile(r"[^\W\d_]+(?:['’-][^\W\d_]+)*[,.;:!?…]*(?= |\Z)")
_COMMAND_SIGNS = re.compile(r"(?:^| )-|[_/\\=<>{}$@#]")
_COMMAND = rf"(?m)^{CODE_MARK}(?:[$#>] )?{{0}}(?![\w.-])|(?<![\w.-]){{0}}(?: [\w.-]+){{{{0,2}}}} --?[^\W\d]"
DISAGREE = "The articles disagree:"
"""How an answer begins of which articles say different things; ours, so a page says it in its reader's language."""


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
                url=original_at(quote.article, quote.start, quote.end) or f"/article/{percent(quote.article.id)}",
                heading=heading_at(text, quote.start),
                quote=text[quote.start : quote.end],
                start=quote.start,
                end=quote.end,
                revision=quote.article.revision,
                updated=quote.article.updated,
                page=page_at(quote.article, quote.start),
            )
        )
    return tuple(found)


def original_at(article: Article, start: int, end: int | None = None) -> str:
    """The address of an article's original, opened where characters `[start, end)` stand: at their page, or at their
    heading and, where a browser finds them, at the very words."""
    page = page_at(article, start)
    if not article.url or "#" in article.url:
        return article.url
    if page:
        return f"{article.url}#page={page}"
    if not article.anchors:  # its original is not known to have a text like ours
        return article.url
    anchor, words = percent(article.anchor(start)), fragment(article.text, start, end, article.title) if end else ""
    return f"{article.url}#{anchor}{f':~:text={words}' if words else ''}" if anchor or words else article.url


def heading_at(text: str, offset: int) -> str:
    """The path of headings above a place in a text; empty where none stands above it."""
    path: tuple[str, ...] = ()
    for sentence in sentences(text):
        if sentence.start > offset:
            break
        path = sentence.heading
    return PATH.join(path)


@dataclass(frozen=True, slots=True)
class Said:
    """A piece of an answer: unmarked text, the quote that it rests on, and what follows the mark of its citation."""

    text: str
    quote: Quote
    after: str = ""


def unmarked(sentence: str) -> str:
    """A sentence without the mark of its list or heading, on one line.

    >>> unmarked("- Steady red:  water")
    'Steady red: water'
    """
    return " ".join(MARK.sub("", sentence, count=1).split()) if MARK.match(sentence) else " ".join(sentence.split())


def short_text(words: str, article: str = "") -> str:
    """Short words as a sentence: with a capital, unless that would change a name or a command, and a full stop.

    A command is also what the text of the `article` shows as one: first in a line of code, or with an option.

    >>> short_text("seven"), short_text("sluicectl failover --to g"), short_text("St. John's Rd.")
    ('Seven.', 'sluicectl failover --to g.', "St. John's Rd.")
    >>> short_text("tar", "Or type tar -xf a.tar here."), short_text("macOS")
    ('tar.', 'macOS.')
    """
    found = _FIRST_WORD.match(words)
    first = found[0].rstrip(",.;:!?…") if found else "-"
    if not _COMMAND_SIGNS.search(words) and first[1:] == first[1:].lower() and not _is_command(first, article):
        words = words[0].upper() + words[1:]
    return stopped(words)


def stopped(words: str) -> str:
    """Words with a full stop, unless they end with a sign that ends a sentence."""
    return words if words[-1] in ".!?…" else f"{words}."


def _is_command(word: str, text: str) -> bool:
    return word == "-" or bool(re.search(_COMMAND.format(re.escape(word)), text))


def day(updated: str | None) -> str:
    """An ISO date as people write it (`9 June 2016`), anything else as it is, "" for None."""
    if updated is None:
        return ""
    try:
        value = date.fromisoformat(updated[:10])
    except ValueError:
        return updated
    return f"{value.day} {value:%B} {value.year}"


def short_answer(words: str, quotes: Sequence[Quote]) -> list[Said]:
    """The short words, with every quote that says them."""
    return [Said("" if number else short_text(words, quote.article.text), quote) for number, quote in enumerate(quotes)]


def disagreement(said: Sequence[tuple[str, Quote]]) -> list[Said]:
    """What the articles say instead of one another, each with the date of its article, in the order given."""
    parts = []
    for number, (words, quote) in enumerate(said):
        opening = f"{DISAGREE} " if number == 0 else ""
        when = f" ({day(quote.article.updated)})" if quote.article.updated else ""
        last = number == len(said) - 1
        parts.append(Said(f"{opening}{words}{when}{'.' if last else ''}", quote, "" if last else ";"))
    return parts


def gap(before: str, words: str) -> str:
    """What stands between an answer so far and its next words: an item has a line of its own, and so has what
    follows a list or code.

    >>> gap("", "Seven."), gap("Seven. [1]", ""), gap("Do:", "- One"), gap("Do:\\n- One [1]", "Then two.")
    ('', ' ', '\\n', '\\n')
    """
    last = before.rpartition("\n")[2]
    return before and ("\n" if words.startswith("- ") or (words and last.startswith(("- ", CODE_MARK))) else " ")


def in_sentences(quotes: Iterable[Quote]) -> list[Said]:
    """Sentences as they stand, each with its quote."""
    return [Said(unmarked(quote.article.text[quote.start : quote.end]), quote) for quote in quotes]
