"""Whether a passage carries a sentence that somebody else worded, and which words of the article do.

Numbers, quoted words and the parts of the sentence are looked up in the passage; each word is compared with
the words of the passage by the vectors that the encoder gives them where they stand (after Zhang et al. 2020,
"BERTScore"), and for whether it is denied in one and affirmed in the other; the reader's verifier judges the
sentence and its beginnings. A logistic regression over all that (`training/support.py`) says how likely the
passage carries the sentence.
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.answering.cite import Quote
from article_assistant.answering.numbers import numbers_of, other_units, readings_of
from article_assistant.answering.reader import Reader
from article_assistant.index.chunk import passage
from article_assistant.index.embed import Embedder
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.types import Hit, Matrix
from numpy.typing import NDArray

FITTED = Path(__file__).parents[1] / "models" / "support.json"
PARTS, SHORTEST = 3, 4
"""Beginnings of a sentence that the verifier judges beside the whole, one pass each, and the least words of one."""
SAME = 0.6
"""The cosine from which on two words are taken to say the same."""
REACH = 3
"""Words that a denial denies."""
LIMIT = 15.0
"""Logits beyond which nothing is surer."""
SECOND = 0.03
"""How much a second sentence must add to the likeness of all words to be quoted too."""

_PART = re.compile(r"[^\W_]+(?:[’'][^\W_]+)*")
_ADDRESS = re.compile(r"[^\s<>\"“”]*(?:://|@)[^\s<>\"“”]+|\b[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/[^\s<>\"“”]*)?\b")
_QUOTED = re.compile(r"[\"“„«]([^\"”“»]{2,200})[\"”“»]")
_DENIED = re.compile(
    r"\b(?:not|no|never|none|nobody|nothing|neither|nor|without|cannot|except|unless|only|hardly|barely|fail(?:s|ed)?|"
    r"lack(?:s|ed)?|refus(?:es?|ed)|forbid(?:s|den)?|prohibit(?:s|ed)?|un(?:able|available|likely|paid|used))\b|n['’]t\b",
    re.IGNORECASE,
)
_DENIAL = re.compile(
    r"\b(?:(?:not|no)(?!\s+(?:more|less|fewer|later|sooner|until|only|other|doubt)\b)|never|none|nobody|nothing|neither|nor|"
    r"without|cannot|except|rather than|instead of|hardly|barely|declin(?:es?|ed)|refus(?:es?|ed)|fail(?:s|ed)?|"
    r"lack(?:s|ed)?)\b|n['’]t\b(?!\s+until\b)",
    re.IGNORECASE,
)
"""Words that deny those after them; "no more than" and "not until" do not."""
_STOP = re.compile(r"[,;:.!?()–—](?=\s|$)|\b(?:but|although|though|because|provided|which|who)\b")
_CLAUSE = re.compile(r"[,;:–—]\s+|\s+(?:and|but|or|while|which|who|because|so that|after|before|when|where)\s+")
_HARD_WORD = re.compile(r"(?:[^\W\d_]*[A-ZÀ-Þ][\w’'-]*)|\w*\d\w*")

HARD = ("numbers missing", "other units", "names missing", "quoted missing")
"""Features of which none may be above 0."""
FEATURES = (
    "numbers missing", "numbers missing in quotes", "other units", "names missing", "names missing in quotes",
    "quoted missing", "denied otherwise", "words turned", "words shared", "words shared with quotes", "least clause",
    "likeness", "least likeness", "likeness of names", "likeness of quotes", "whole", "verified",
    "beginning verified", "words",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Word:
    """A word of a text: characters `[start, end)`, whether it says something, and whether it is a name or number."""

    start: int
    end: int
    stem: str
    tells: bool
    hard: bool


def words_of(text: str) -> list[Word]:
    """The words of a text, in order."""
    found = []
    for match in _PART.finditer(text):
        own = stems(match[0])
        if not own:
            continue
        first = not text[: match.start()].rstrip() or text[: match.start()].rstrip()[-1] in ".!?:\n-•"
        hard = bool(_HARD_WORD.fullmatch(match[0])) and not (first and not any(c.isdigit() for c in match[0]))
        found.append(Word(match.start(), match.end(), own[0], not set(own) <= UNASKED, hard))
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

    What is reckoned counts only where the sentence has a word for it, like "more" or "left".

    >>> missing_numbers("It cost £300 more.", "", "It rose from £900 to £1,200.")
    frozenset()
    """
    missing = numbers_of(sentence) - readings_of(text)
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


@dataclass(frozen=True, slots=True)
class Evidence:
    """The sentences of a passage that speak for a sentence, best first, and the features, shape `(len(FEATURES),)`."""

    quotes: tuple[Quote, ...]
    features: NDArray[np.float64]


class Checker:
    """Says whether passages carry sentences; safe to use from several threads."""

    def __init__(self, reader: Reader, embedder: Embedder, model: Path | None = FITTED) -> None:
        """Without a `model`, only `evidence` is of use."""
        self._reader = reader
        self._embedder = embedder
        fitted: dict[str, Any] = {"features": list(FEATURES), "least": np.inf}
        if model:
            fitted = json.loads(model.read_text())
        if fitted["features"] != list(FEATURES):
            raise ValueError(f"{model} was made for other features; make it anew with training/support.py")
        self._weights, self._bias = np.array(fitted.get("weights", [0.0] * len(FEATURES))), fitted.get("bias", 0.0)
        self._least = float(fitted["least"])

    def carries(self, sentence: str, hit: Hit) -> tuple[Quote, ...]:
        """The one or two quotes of a passage that carry a sentence; none where it does not."""
        evidence = self.evidence(sentence, hit)
        return evidence.quotes if evidence and self.score(evidence) >= self._least else ()

    def score(self, evidence: Evidence) -> float:
        """How sure it is that the passage carries the sentence, in logits; minus infinity where a gate is shut."""
        if any(evidence.features[FEATURES.index(gate)] > 0 for gate in HARD):
            return -np.inf
        return float(evidence.features @ self._weights + self._bias)

    def evidence(self, sentence: str, hit: Hit) -> Evidence | None:
        """What speaks for a sentence in a passage, and against it; None where one of them says nothing."""
        text, spans = passage(hit.article.title, hit.chunk)
        own, theirs = words_of(sentence), words_of(text)
        telling = [i for i, word in enumerate(own) if word.tells]
        if not telling or not theirs:
            return None
        alike = self._alike(sentence, own, text, theirs)
        place = spans[0][0]  # where title and headings end
        of = [next((k for k, (a, b) in enumerate(spans) if a <= word.start < b), -1) for word in theirs]
        chosen = _closest(alike[telling], of, len(spans))
        quoted = [i for i, k in enumerate(of) if k in chosen or k < 0]
        said = text[:place] + " ".join(text[slice(*spans[k])] for k in sorted(chosen))
        stems_there, stems_quoted = {word.stem for word in theirs}, {theirs[i].stem for i in quoted}
        numbers = numbers_of(sentence)
        hard = [i for i in telling if own[i].hard]
        names = {own[i].stem for i in hard if not own[i].stem.isdigit()}
        best = alike[telling].max(axis=1)
        verified, begun = self._verified(sentence, text, spans)
        features = [
            _portion(missing_numbers(sentence, text, said), numbers),
            _portion(missing_numbers(sentence, said, said), numbers),
            float(other_units(sentence, text)),
            _portion(names - stems_there, names),
            _portion(names - stems_quoted, names),
            float(any(not _holds(text, words) for words in [*_QUOTED.findall(sentence), *_ADDRESS.findall(sentence)])),
            float(bool(_DENIED.search(sentence)) != bool(_DENIED.search(said[place:]))),
            _turned(sentence, own, text, theirs, alike[:, quoted], quoted) / 3,
            _portion({own[i].stem for i in telling} & stems_there, {own[i].stem for i in telling}),
            _portion({own[i].stem for i in telling} & stems_quoted, {own[i].stem for i in telling}),
            min(_clauses(sentence, own, alike), default=1.0),
            float(best.mean()),
            float(best.min()),
            float(alike[hard].max(axis=1).mean()) if hard else 1.0,
            float(alike[telling][:, quoted].max(axis=1).mean()) if quoted else 0.0,
            self._whole(sentence, [text[slice(*spans[k])] for k in sorted(chosen)]),
            verified,
            begun,
            min(len(telling), 30) / 30,
        ]
        quotes = tuple(Quote(hit.article, *hit.chunk.sentences[k]) for k in chosen)
        return Evidence(_joined(quotes), np.array(features, np.float64))

    def _alike(self, sentence: str, own: Sequence[Word], text: str, theirs: Sequence[Word]) -> Matrix:
        """Cosines of the words of a sentence with those of a passage, shape `(len(own), len(theirs))`."""
        spans = [[(word.start, word.end) for word in words] for words in (own, theirs)]
        _, (mine, others) = self._embedder.passages([sentence, text], spans)
        found: Matrix = mine @ others.T
        return found

    def _whole(self, sentence: str, quoted: Sequence[str]) -> float:
        """The cosine of a sentence with what is quoted."""
        vectors, _ = self._embedder.passages([sentence, " ".join(quoted)], [[], []])
        return float(vectors[0] @ vectors[1])

    def _verified(self, sentence: str, text: str, spans: Sequence[tuple[int, int]]) -> tuple[float, float]:
        """How sure the verifier is, in tens of logits, that the passage carries the sentence, and that it carries
        the beginning of it that it is surest of."""
        scores = []
        for part in [sentence, *_beginnings(sentence)]:
            (found,) = self._reader.verify(part, [(text, list(spans))])
            scores.append(float(np.clip(max(reading.score for reading in found), -LIMIT, LIMIT)) / 10)
        return scores[0], max(scores)


def _turned(
    sentence: str, own: Sequence[Word], text: str, theirs: Sequence[Word], alike: Matrix, quoted: Sequence[int]
) -> int:
    """How many words of a sentence, three at most, are denied where the quotes affirm the same, or the other way
    around. `alike` has their cosines, shape `(len(own), len(quoted))`."""
    mine, others = _denied(sentence, own), _denied(text, theirs)
    turned = 0
    for i, word in enumerate(own):
        if not word.tells or not len(quoted):
            continue
        same = [k for k, j in enumerate(quoted) if theirs[j].stem == word.stem]
        best = max(same, key=lambda k: float(alike[i, k])) if same else int(alike[i].argmax())
        if same or alike[i, best] >= SAME:
            turned += (i in mine) != (quoted[best] in others)
    return min(turned, 3)


def _denied(text: str, words: Sequence[Word]) -> frozenset[int]:
    """Which words of a text a word before them denies: the next three that tell something, up to where a part ends."""
    found = set[int]()
    for match in _DENIAL.finditer(text):
        end = _STOP.search(text, match.end())
        until = end.start() if end else len(text)
        inside = [i for i, word in enumerate(words) if match.end() <= word.start < until and word.tells]
        found.update(inside[:REACH])
    return frozenset(found)


def _beginnings(sentence: str) -> list[str]:
    """The sentence up to the end of each of its clauses but the last, PARTS of them at most.

    >>> _beginnings("The ferry left at noon, because of a strike, and nobody was told.")
    ['The ferry left at noon.', 'The ferry left at noon, because of a strike.']
    """
    ends = [match.start() for match in _CLAUSE.finditer(sentence) if len(sentence[: match.start()].split()) >= SHORTEST]
    return [sentence[:end].rstrip(" ,;:") + "." for end in ends[:PARTS]]


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


def _clauses(sentence: str, own: Sequence[Word], alike: Matrix) -> Iterator[float]:
    """For each part of a sentence how like its words are to the best of the passage."""
    cuts = [0, *(match.end() for match in _CLAUSE.finditer(sentence)), len(sentence)]
    for a, b in pairwise(cuts):
        inside = [i for i, word in enumerate(own) if a <= word.start < b and word.tells]
        if len(inside) >= 2:
            yield float(alike[inside].max(axis=1).mean())


def _joined(quotes: Sequence[Quote]) -> tuple[Quote, ...]:
    """Two quotes that stand side by side as one."""
    if len(quotes) == 2:
        a, b = sorted(quotes, key=lambda quote: quote.start)
        if not a.article.text[a.end : b.start].strip():
            return (Quote(a.article, a.start, b.end),)
    return tuple(quotes)


def _holds(text: str, words: str) -> bool:
    return " ".join(words.lower().split()).strip(" .,;") in " ".join(text.lower().split())


def _portion(some: frozenset[str] | set[str], of: frozenset[str] | set[str]) -> float:
    return len(some) / len(of) if of else 0.0
