"""Whether two sentences count, measure or date the same thing: only then do different values contradict each other."""

import re

from article_assistant.answering.question import Kind
from article_assistant.answering.rank import Contender, is_row
from article_assistant.answering.reader import Reader
from article_assistant.index.chunk import passage
from article_assistant.index.keyword import UNASKED, asked_words, stems

AGAINST = 4.0
"""Largest gap in logits, in the score of sentences and in the reader's, at which other words are a disagreement."""
FARTHEST = 5.0
"""The same where both sentences name the same thing right behind their numbers: "17 dead", "25 dead"."""
ANSWERS_TOO = 4.0
"""Least score by the judge alone of a passage that disagrees. All of 49 pairs of articles that do disagree are
still found to; of 13 answers over people's articles that said so, 12 of them wrongly, three are left."""
NEXT = 2
"""Words after a number among which what it counts stands: "nine servers", "nine new servers"."""
_COUNTED = re.compile(r"\bhow many\s+(.+)|\bnumber of\s+(.+)", re.IGNORECASE)


def disagrees(
    question: str, kind: Kind, one: Contender, other: Contender, apart: float, said: bool, reader: Reader
) -> bool:
    """Whether another sentence, so many logits `apart`, contradicts one with different words.

    Where the article of the other has `said` the same as well, it disagrees only by a count of the very same thing: its
    own, beside one that it tells of. Of anything else the judge must find that the other passage answers, too.
    """
    if kind not in {"number", "amount", "date"} or not same_matter(question, kind, one, other):
        return False
    if kind == "number" and _COUNTED.search(question) and _named_alike(one, other):
        return apart < FARTHEST
    if said or apart >= AGAINST:
        return False
    with reader.turn:
        return reader.judged(question, passage(other.hit.article.title, other.hit.chunk)) >= ANSWERS_TOO


def same_matter(question: str, kind: Kind, one: Contender, other: Contender) -> bool:
    """Whether the words of two sentences answer a question about the same thing.

    Of a number, what is counted must be what the question counts, or be called the same in both ("17 dead", "25 dead"):
    "45 crew" does not contradict "312 passengers", "nine of them" may. Of an amount or a date, a word of the question
    right after one of them ("41 metres high") must stand in both.
    """
    if kind == "number" and (found := _COUNTED.search(question)):
        thing = asked_words(found[1] or found[2])[:1]
        return _named_alike(one, other) or all(_counts(sentence, thing) for sentence in (one, other))
    asked = set(asked_words(question))
    both = set(stems(one.text)) & set(stems(other.text))
    return all(asked & set(_after(sentence)[:1]) <= both for sentence in (one, other))


def _named_alike(one: Contender, other: Contender) -> bool:
    """Whether what follows the number in one sentence follows, or nearly does, that in the other."""
    first, second = (_after(sentence)[:NEXT] for sentence in (one, other))
    return bool(set(first[:1]) & set(second) | set(second[:1]) & set(first))


def _counts(sentence: Contender, thing: list[str]) -> bool:
    """Whether the number of a sentence may count this thing (a stem): it follows the number, or nothing does."""
    if is_row(sentence.hit.article.text, sentence.start):
        return set(thing) <= set(stems(sentence.text))
    after = _after(sentence)[:NEXT]
    return not after or set(thing) <= {*stems(sentence.words), *after}


def _after(sentence: Contender) -> list[str]:
    """The telling words (stems) that follow the answer's in its sentence."""
    following = stems(sentence.hit.article.text[sentence.last : sentence.end])
    return [word for word in following if word not in UNASKED]
