"""Where question or article is not in English, or a summary is asked for: the passage that fits best, verbatim."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from article_assistant.answering.cite import Quote, resolve
from article_assistant.answering.rank import share
from article_assistant.answering.refusal import NEAR_ENOUGH
from article_assistant.index.keyword import asked_words, stems
from article_assistant.index.language import ENGLISH, language_of, telling, words_in
from article_assistant.index.types import Hit
from article_assistant.types import Answer, Context, Event, Words

NOTICE = "This is a passage, not an answer: short answers are given to questions in English about articles in English."
UNSUMMED = "Nothing is summed up here: this is the passage that fits best, word for word."
LEAST = 0.3
"""Least share of the question's words that a passage must hold, longer words counting for more."""
NEAREST = 3
"""Passages that a refusal names at most."""


def answer(question: str, language: str, hits: Sequence[Hit], refusal: Answer) -> Iterator[Event]:
    """The best hit as an answer with its citation, if it holds enough of the question's words; else the refusal.

    `language` is the question's; `hits` are in the order of the search, which for English ones goes by vectors that
    mean nothing here. The `refusal` is what the articles in English came to; where it names no passages, it gets those
    of the hits with a word of the question.
    """
    held = [_told(question, language, hit) for hit in hits]
    best = held.index(max(held)) if held and language == ENGLISH else 0
    if not held or held[best] < LEAST:
        nearest = {hit.article.id: _quote(hit) for hit in reversed(hits)}
        some = [hit.article.id for hit, share_held in zip(hits, held, strict=True) if share_held]
        order = [nearest[name] for name in dict.fromkeys(some)][:NEAREST]
        yield replace(refusal, nearest=refusal.nearest or resolve(order))
        return
    yield from _verbatim(question, hits[best], NOTICE)


def instead_of_summary(question: str, hits: Sequence[Hit], context: Context | None) -> Iterator[Event] | None:
    """The best hit as it stands, as nobody here sums up; None where it is not near, or nothing here is in English."""
    known = [hit for hit in hits if hit.article.language == ENGLISH]
    if language_of(question) != ENGLISH or not known or max(known[0].cosines) < NEAR_ENOUGH:
        return None
    if context and context.explanation:
        context.explanation.way = "passage"
        context.explanation.judge(known[:1], "cited")
    return _verbatim(question, known[0], UNSUMMED)


def _verbatim(question: str, hit: Hit, notice: str) -> Iterator[Event]:
    """A hit as an answer with its citation."""
    (citation,) = resolve([_quote(hit)])
    text = f"{' '.join(citation.quote.split())} [{citation.number}]"
    yield Words(text)
    yield citation
    yield Answer(question, True, None, text, "extractive", None, (citation,), notice=notice)


def _quote(hit: Hit) -> Quote:
    """The sentences of a hit, from the first to the last, without the headings above them."""
    return Quote(hit.article, hit.chunk.sentences[0][0], hit.chunk.sentences[-1][1])


def _told(question: str, language: str, hit: Hit) -> float:
    """The share of the question's telling words that stand in a passage, its title or its headings."""
    text = "\n".join((hit.article.title, hit.chunk.heading, hit.chunk.text))
    if language == ENGLISH:
        return share(asked_words(question), set(stems(text)))
    return share(telling(question, language), set(words_in(text, language)))
