"""The offline answerer: the sentences that answer best, verbatim, or a refusal.

Each sentence of the passages found is scored by a small linear model over the features below
(a softmax over all sentences and "none of them", learned by `training/sentences.py`).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from assistant.cite import Quote, resolve
from assistant.types import Answer, Event, Turn, Words
from index.keyword import UNASKED, asked_words, stems
from index.types import Hit

MODEL = Path(__file__).parent / "models" / "sentences.json"

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|"
    r"dozens?|scores?|half|third|quarter|twice|once|none|no|both|single)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|noon|midnight|century|spring|summer|autumn|winter|"
    r"today|yesterday|tomorrow|quarterly|daily|weekly|monthly|annually|years?|days?|weeks?|months?|hours?|minutes?)\b|"
    r"\b\d{1,2}[:.]\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"(?<=[\w,;:|’'(\"“-] )[\"“(]?[A-ZÀ-Þ][\w’'-]+|^[A-ZÀ-Þ][\w’'-]+ (?:[A-ZÀ-Þ][\w’'-]+|[a-z]+ed|was|is|and)\b|\b[A-Z]{2,}\b")
_CAUSE = re.compile(
    r"\b(?:because|since|as|so that|due to|owing|caus\w+|reasons?|therefore|to \w+|in order|for|thanks|led|result\w*)\b",
    re.IGNORECASE,
)
_PROPER = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w-]*\d*\b|\b\w*\d[\w.,:-]*")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One candidate: characters `[start, end)` of the text of the hit's article."""

    hit: Hit
    start: int
    end: int
    text: str


def kind(question: str) -> str:
    """What a question asks for: number, date, name, place, cause, or thing where its words don't tell.

    >>> kind("How many were captured?"), kind("In which year was it?"), kind("What is a dead band?")
    ('number', 'date', 'thing')
    """
    asked = question.lower()
    patterns = {
        "number": r"\bhow (?:many|much|long|old|far|large|big|high|deep|tall|fast|often|wide|heavy)\b|"
        r"\bwhat (?:is the )?(?:number|percentage|percent|proportion|share|price|cost|amount|population)\b",
        "date": r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|day|month|century|decade|time)\b|\bsince when\b",
        "name": r"\bwho\b|\bwhom\b|\bwhose\b",
        "place": r"\bwhere\b|\b(?:what|which) (?:\w+ )?(?:city|country|place|state|town|region|street|room)\b",
        "cause": r"\bwhy\b|\bfor what reason\b|\bwhat (?:caused|led)\b",
    }
    return next((name for name, pattern in patterns.items() if re.search(pattern, asked)), "thing")


def fits(asked: str, question: str, sentence: str) -> float:
    """Whether a sentence holds what a question of that kind asks for: 1, 0, or 0.5 where nobody can tell."""
    pattern = {"number": _NUMBER, "date": _DATE, "name": _NAME, "place": _NAME, "cause": _CAUSE}.get(asked)
    if pattern is None:
        return 0.5
    known = {word.lower() for word in re.findall(r"[\w’'-]+", question)}
    found = (word.strip("\"“( ").lower() for word in pattern.findall(sentence))
    return 1.0 if any(word not in known for word in found) else 0.0


FEATURES = (
    "cosine", "best cosine", "score", "bm25", "first", "shared", "shared around", "shared in article", "rare shared",
    "proper missing", "proper missing in article", "fits", "long", "short", "lead",
)  # fmt: skip


def candidates(question: str, hits: Sequence[Hit]) -> tuple[list[Sentence], NDArray[np.float64]]:
    """The sentences of the hits, and their features, shape `(sentences, len(FEATURES))`."""
    words = asked_words(question)
    weights = {word: min(len(word), 10) for word in words}
    proper = {word for name in _PROPER.findall(question) for word in stems(name)} - UNASKED
    asked = kind(question)
    found: list[Sentence] = []
    rows: list[list[float]] = []
    seen: set[tuple[str, int]] = set()
    articles = {hit.article.id: set(stems(f"{hit.article.title} {hit.article.text}")) for hit in hits}
    top = hits[0].score if hits else 0.0
    for hit in hits:
        place = set(stems(f"{hit.article.title} {hit.chunk.heading}"))
        around = place | set(stems(hit.chunk.text))
        whole = articles[hit.article.id]
        for (start, end), cosine in zip(hit.chunk.sentences, hit.cosines, strict=True):
            if (hit.article.id, start) in seen:
                continue
            seen.add((hit.article.id, start))
            text = hit.article.text[start:end]
            own = set(stems(text))
            near = own | place
            found.append(Sentence(hit, start, end, text))
            rows.append(
                [
                    cosine,
                    max(hit.cosines),
                    hit.score - top,
                    min(hit.bm25, 40.0) / 40.0,
                    float(hit.rank == 1),
                    _share(own, weights),
                    _share(around, weights),
                    _share(whole, weights),
                    _share(near, weights) - _share(own, weights),
                    _missing(around, proper),
                    _missing(whole, proper),
                    fits(asked, question, text),
                    min(len(text), 400) / 400.0,
                    float(len(text) < 30),
                    float(start == hit.chunk.sentences[0][0]),
                ]
            )
    return found, np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))


def _share(words: set[str], weights: dict[str, int]) -> float:
    """The share of the question's words that stand in `words`, longer words counting for more."""
    total = sum(weights.values())
    return sum(weight for word, weight in weights.items() if word in words) / total if total else 0.0


def _missing(words: set[str], proper: set[str]) -> float:
    """The share of the question's names and numbers that do not stand in `words`."""
    return len(proper - words) / len(proper) if proper else 0.0
