"""Whether a passage carries a sentence that somebody else worded, and which words of the article do.

The judge reads the sentence beside the passage and says how likely the one follows from the other. What it must never
overlook is looked up: numbers, dates, units, quoted words and addresses.
What is quoted are the sentences of the passage whose words are most like those of the sentence, by the vectors that
the encoder gives them where they stand (after Zhang et al. 2020, "BERTScore").
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from article_assistant.answering import judge
from article_assistant.answering.cite import Quote
from article_assistant.answering.numbers import numbers_of, other_units, readings_of
from article_assistant.answering.reader import pair_tokenizer
from article_assistant.index.chunk import passage
from article_assistant.index.embed import Embedder
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.types import Hit, Matrix

FITTED = Path(__file__).parents[1] / "models" / "support.json"
INPUTS = ("input_ids", "attention_mask", "token_type_ids")
RULED_OUT = 2.0
"""Taken off the score of a sentence that a rule rules out, which then never passes, but is ranked among the others."""
WORDS = 100
"""Words of a sentence that are read."""
SECOND = 0.03
"""How much a second sentence must add to the likeness of all words to be quoted too."""

_PART = re.compile(r"[^\W_]+(?:[’'][^\W_]+)*")
_ADDRESS = re.compile(r"[^\s<>\"“”]*(?:://|@)[^\s<>\"“”]+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/[^\s<>\"“”]*)?\b")
_QUOTED = re.compile(r"[\"“„«]([^\"”“»]{2,200})[\"”“»]")


_LETTERS_NUMBER = re.compile(r"\b[^\W\d_]+\d\w*")
_FULL_NAME = re.compile(r"[A-ZÀ-Þ][\w’'-]*(?:\s+[A-ZÀ-Þ][\w’'-]*)+")


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text, characters `[start, end)`, and whether it says something."""

    start: int
    end: int
    tells: bool


def words_of(text: str) -> list[Word]:
    """The words of a text, in order."""
    found = []
    for match in _PART.finditer(text):
        own = stems(match[0])
        if not own:
            continue
        found.append(Word(match.start(), match.end(), not set(own) <= UNASKED))
    return found


_RECKONED = re.compile(
    r"\b(?:more|less|fewer|left|over|under|remain\w*|rest|differ\w*|altogether|total|together|sum|increas\w*|"
    r"decreas\w*|ris\w*|rose|go(?:es)? up|went up|drop\w*|fell|falls?|grew|grows?|gain\w*|lost|later|earlier|longer|"
    r"shorter|faster|slower|cheaper|dearer|high\w*|low\w*|after|before|between|apart|spare|sav\w+)\b",
    re.IGNORECASE,
)
_ROUNDED = re.compile(
    r"\b(?:about|around|roughly|approximately|nearly|almost|some|over|under|more than|less than|fewer than|at least|"
    r"at most|up to|just)\s+(?=\S)",
    re.IGNORECASE,
)
ROUNDING = 0.15
"""How far "about 10" may be from a number of the passage, as a share of it."""


def missing_numbers(sentence: str, text: str, quoted: str) -> frozenset[str]:
    """The numbers of a sentence that `text` does not hold, nor `quoted` gives by adding, taking away or rounding.

    What is reckoned counts only where the sentence has a word for it, like "more" or "left". A spelled "two" or "first"
    may count what the passage lists: it is missing only where `quoted` gives another such number.

    >>> missing_numbers("It cost £300 more.", "", "It rose from £900 to £1,200.")
    frozenset()
    >>> missing_numbers("Two men came.", "", "Jan and Bo came."), missing_numbers("Two men came.", "", "3 men came.")
    (frozenset(), frozenset({'2'}))
    """
    stated = numbers_of(sentence)
    missing = stated - readings_of(text)
    others = [bool(match[1]) for number in numbers_of(quoted) - stated if (match := _COUNT.fullmatch(number))]
    missing -= {number for number in missing & _FEW.keys() if number[0] not in sentence and _FEW[number] not in others}
    if not missing:
        return missing
    known = [float(number) for number in numbers_of(quoted) if _PLAIN.fullmatch(number)]
    reckoned = set(known) | {value / 60 for value in known} | {value * 60 for value in known}
    if _RECKONED.search(sentence):
        reckoned |= {abs(a - b) for a in known for b in known} | {a + b for a in known for b in known}
    near = ROUNDING if _ROUNDED.search(sentence) else 1e-9

    def is_reckoned(number: str) -> bool:
        return bool(_PLAIN.fullmatch(number)) and any(
            abs(float(number) - value) <= near * max(value, 1e-9) for value in reckoned
        )

    return frozenset(number for number in missing if not is_reckoned(number))


_PLAIN = re.compile(r"\d+(?:\.\d+)?")
_COUNT = re.compile(r"\d\d?(st|nd|rd|th)?")
_FEW = {"1": False, "2": False, "3": False, "1st": True, "2nd": True, "3rd": True}
"""Numbers that are mostly spelled out and often count what stands there, and whether they are ordinal."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences of a passage that speak for a sentence, best first, and how sure it is that they carry it: the log
    odds of "supported", below what passes where the passage lacks a number, a unit, quoted words or an address."""

    quotes: tuple[Quote, ...]
    score: float


class Checker:
    """Says whether passages carry sentences; safe to use from several threads."""

    def __init__(
        self, embedder: Embedder, threads: int = 0, graph: Path = judge.GRAPH, least: float | None = None
    ) -> None:
        """`least` is the score from which on a sentence passes, the calibrated one by default."""
        self._embedder = embedder
        self._judge = judge.opened(threads, graph)
        self._tokenizer = pair_tokenizer()
        self._least = float(json.loads(FITTED.read_text())["least"]) if least is None else least

    def carries(self, sentence: str, hit: Hit) -> tuple[Quote, ...]:
        """The one or two quotes of a passage that carry a sentence; none where it does not."""
        evidence = self.evidence(sentence, hit)
        return evidence.quotes if evidence and evidence.score >= self._least else ()

    def evidence(self, sentence: str, hit: Hit) -> Evidence | None:
        """What speaks for a sentence in a passage, and how strongly; None where one of them says nothing."""
        text, spans = passage(hit.article.title, hit.chunk)
        own, theirs = words_of(sentence), words_of(text)
        telling = [i for i, word in enumerate(own) if word.tells]
        if not telling or not theirs:
            return None
        alike = self._alike(sentence, own, text, theirs)[telling]
        of = [next((k for k, (a, b) in enumerate(spans) if a <= word.start < b), -1) for word in theirs]
        chosen = _closest(alike, of, len(spans))
        quotes = _joined(tuple(Quote(hit.article, *hit.chunk.sentences[k]) for k in chosen))
        said = text[: spans[0][0]] + " ".join(text[slice(*spans[k])] for k in sorted(chosen))
        score = self._score(sentence, text)
        if ruled_out(sentence, text, said):
            score = min(score - RULED_OUT, float(np.nextafter(self._least, -np.inf)))
        return Evidence(quotes, score)

    def _score(self, sentence: str, text: str) -> float:
        """The log odds of "supported" against "contradicted" and "unsupported"."""
        found = self._tokenizer.encode(" ".join(sentence.split()[:WORDS]), text)
        rows = [np.array([row], np.int64) for row in (found.ids, found.attention_mask, found.type_ids)]
        (logits,) = self._judge.run(None, dict(zip(INPUTS, rows, strict=True)))
        carried, *others = logits[0, 0, judge.CARRIES].tolist()
        return float(carried - np.logaddexp(*others))

    def _alike(self, sentence: str, own: Sequence[Word], text: str, theirs: Sequence[Word]) -> Matrix:
        """Cosines of the words of a sentence with those of a passage, shape `(len(own), len(theirs))`."""
        spans = [[(word.start, word.end) for word in words] for words in (own, theirs)]
        _, (mine, others) = self._embedder.passages([sentence, text], spans)
        found: Matrix = mine @ others.T
        return found


def ruled_out(sentence: str, text: str, quoted: str) -> bool:
    """Whether `text` lacks a number, a unit, quoted words, an address, a code or a whole name of a sentence.

    See `missing_numbers`; a code is letters with a number behind them, a name two capitalised words or more, the first
    of a sentence aside.
    """
    literal = [word for kind in (_QUOTED, _ADDRESS, _LETTERS_NUMBER) for word in kind.findall(sentence)]
    return bool(
        missing_numbers(sentence, text, quoted)
        or other_units(sentence, text)
        or any(not _holds(text, words) for words in literal)
        or any(not known for known in _known_names(sentence, frozenset(stems(text))))
    )


def _known_names(sentence: str, there: frozenset[str]) -> Iterator[bool]:
    """For each name whether one of its words is among the stems `there`."""
    for match in _FULL_NAME.finditer(sentence):
        begins = sentence[: match.start()].rstrip()[-1:] in {"", *".!?:\n-•"}
        words = match[0].split()[begins:]
        if len(words) > 1:
            yield not there.isdisjoint(stems(" ".join(words)))


def _closest(alike: Matrix, of: Sequence[int], many: int) -> list[int]:
    """The sentence whose words are most like all of the words (rows), and a second that adds to it, if one does."""
    places = np.array(of)
    by = np.stack([alike[:, places == k].max(axis=1, initial=-1.0) for k in range(many)])
    # A title's words are there for any of its sentences.
    if (places < 0).any():
        by = np.maximum(by, alike[:, places < 0].max(axis=1) - 0.1)
    first = int(by.mean(axis=1).argmax())
    both = np.maximum(by, by[first]).mean(axis=1)
    second = int(both.argmax())
    return [first, second] if both[second] > both[first] + SECOND else [first]


def _joined(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """Two quotes that stand side by side as one."""
    if len(quotes) == 2:
        a, b = sorted(quotes, key=lambda quote: quote.start)
        if not a.article.text[a.end : b.start].strip():
            return (Quote(a.article, a.start, b.end),)
    return tuple(quotes)


def _holds(text: str, words: str) -> bool:
    return " ".join(words.lower().split()).strip(" .,;") in " ".join(text.lower().split())
