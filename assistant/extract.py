"""The offline answerer: the sentences that answer best, verbatim, or a refusal.

The reader looks at the passages found. Each of their sentences is then scored by a small model over
the features below: a softmax over all sentences and "none of them" (`training/sentences.py`).
"""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import prompts
from assistant import followup
from assistant.cite import Quote, resolve
from assistant.reader import Reader, Reading
from assistant.types import Answer, Citation, Event, Turn, Words
from index.chunk import passage
from index.keyword import UNASKED, asked_words, stems
from index.types import Hit

MODEL = Path(__file__).parent / "models" / "sentences.json"
READ = 8
"""Passages that the reader looks at, one pass each."""
SENTENCES = 3
"""Sentences that an answer has at most."""
SHORT = 8
"""Words that a short form has at most; longer ones are no shorter than their sentence."""
MARGIN = 1.0
"""How far below the best sentence's score another may lie to be added, in logits."""

_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|"
    r"eighteen|nineteen|twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|"
    r"dozens?|half|third|quarter|twice|once|none|no|both|single)\b",
    re.IGNORECASE,
)
_DATE = re.compile(
    r"\b(?:1\d{3}|20\d\d)\b|\b(?:january|february|march|april|may|june|july|august|september|october|november|december|"
    r"monday|tuesday|wednesday|thursday|friday|saturday|sunday|noon|midnight|century|spring|summer|autumn|winter|"
    r"years?|days?|weeks?|months?|hours?|minutes?)\b|\b\d{1,2}[:.]\d\d\b|\b\d{1,2}(?:st|nd|rd|th)\b",
    re.IGNORECASE,
)
_NAME = re.compile(r"\b[A-ZÀ-Þ][\w’'-]+")
_PROPER = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w-]*\b|\b\w*\d[\w.,:-]*\b")
_WANTED = {
    "number": re.compile(
        r"\bhow (?:many|much|long|old|far|large|big|high|deep|tall|fast|often|wide|heavy)\b|"
        r"\bwhat (?:is the )?(?:number|percentage|percent|proportion|share|price|cost|amount|population)\b"
    ),
    "date": re.compile(r"\bwhen\b|\b(?:what|which) (?:\w+ )?(?:year|date|day|weekday|month|century|decade|time)\b"),
    "name": re.compile(
        r"\bwho\b|\bwhom\b|\bwhose\b|\bwhere\b|\b(?:what|which) (?:\w+ )?(?:city|country|place|person)\b"
    ),
}
_HOLDS = {"number": _NUMBER, "date": _DATE, "name": _NAME}
_MARK = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+|#{1,6} ")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One candidate: characters `[start, end)` of its article's text, and the best words in it."""

    hit: Hit
    start: int
    end: int
    reading: Reading
    words: str

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.hit.article.text[self.start : self.end]


FEATURES = (
    "reader", "reader beside the best", "cosine", "cosine beside the best", "search", "bm25", "first", "shared",
    "shared with place", "shared around", "names missing", "names missing in article", "fits", "short",
    "cosine before", "cosine after",
)  # fmt: skip


def candidates(question: str, hits: Sequence[Hit], reader: Reader) -> tuple[list[Sentence], NDArray[np.float64]]:
    """The sentences of the hits, and their features, shape `(sentences, len(FEATURES))`."""
    passages = [passage(hit.article.title, hit.chunk) for hit in hits]
    readings = reader.read(question, passages)
    words = asked_words(question)
    proper = set(stems(" ".join(_PROPER.findall(question)))) - UNASKED
    wanted = next((kind for kind, pattern in _WANTED.items() if pattern.search(question.lower())), None)
    known = set(question.lower().split())
    top = max((r.score for found in readings for r in found), default=0.0)
    nearest = max((cosine for hit in hits for cosine in hit.cosines), default=0.0)
    sentences: list[Sentence] = []
    rows: list[list[float]] = []
    for hit, (text, _), found in zip(hits, passages, readings, strict=True):
        place = set(stems(f"{hit.article.title} {hit.chunk.heading}"))
        around = place | set(stems(hit.chunk.text))
        missing = _missing(proper, around)
        article = hit.article.text.lower()
        missing_everywhere = _missing(proper, {word for word in proper if word in article} | place)
        for i, ((start, end), cosine, reading) in enumerate(zip(hit.chunk.sentences, hit.cosines, found, strict=True)):
            sentence = Sentence(hit, start, end, reading, text[reading.start : reading.end])
            own = set(stems(sentence.text))
            holds = [match.lower() for match in _HOLDS[wanted].findall(sentence.text)] if wanted else []
            sentences.append(sentence)
            rows.append(
                [
                    np.tanh(reading.score / 10),
                    np.tanh((reading.score - top) / 4),
                    cosine,
                    cosine - nearest,
                    hit.score,
                    min(hit.bm25, 40.0) / 40.0,
                    float(hit.rank == 1),
                    _share(words, own),
                    _share(words, own | place),
                    _share(words, around),
                    missing,
                    missing_everywhere,
                    0.5 if wanted is None else float(any(match not in known for match in holds)),
                    float(end - start < 30),
                    # What a sentence that begins with "It" is about stands in the one before it.
                    hit.cosines[i - 1] if i else 0.0,
                    hit.cosines[i + 1] if i + 1 < len(hit.cosines) else 0.0,
                ]
            )
    return sentences, np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))


def _share(words: Sequence[str], among: set[str]) -> float:
    """The share of the question's words that stand in `among`, longer words counting for more."""
    return sum(len(word) for word in words if word in among) / max(sum(map(len, words)), 1)


def _missing(proper: set[str], among: set[str]) -> float:
    """The share of the question's names and numbers that do not stand in `among`."""
    return len(proper - among) / len(proper) if proper else 0.0


class Extractor:
    """Answers with sentences of the articles, word for word; needs no LLM and no network."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        model = json.loads(MODEL.read_text())
        if model["features"] != list(FEATURES):
            raise ValueError(f"{MODEL} was made for other features; make it anew with training/sentences.py")
        self._weights = np.array(model["weights"]) / np.array(model["scale"])
        self._bias = -float(np.array(model["mean"]) @ self._weights)
        self._none = float(model["none"])
        self._threshold = float(model["threshold"])
        self._refused = prompts.load("refused", "asked", "nearest")
        self._refused_empty = prompts.load("refused_empty", "asked")

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        """The question with what it leaves to the turns before it put in."""
        return followup.standalone(question, turns)

    def answer(self, question: str, hits: Sequence[Hit]) -> Iterator[Event]:
        """The best sentence, up to two more that add something, each with its citation; or a refusal."""
        sentences, features = candidates(question, hits[:READ], self._reader)
        scores = features @ self._weights + self._bias - self._none
        order = [int(i) for i in np.argsort(-scores, kind="stable")]
        if not order or scores[order[0]] < self._threshold:
            yield self._refusal(question, [sentences[i] for i in order])
            return
        chosen = self._chosen(sentences, scores, order)
        citations = resolve(Quote(s.hit.article, s.start, s.end) for s in chosen)
        text = ""
        for sentence, citation in zip(chosen, citations, strict=True):
            piece = f"{' ' if text else ''}{_plain(sentence.text)} [{citation.number}]"
            text += piece
            yield Words(piece)
            yield citation
        short = chosen[0].words.split()
        words = " ".join(short) if 0 < len(short) <= SHORT else None
        yield Answer(question, True, words, text, "extractive", None, citations)

    def _chosen(self, sentences: list[Sentence], scores: NDArray[np.float64], order: list[int]) -> list[Sentence]:
        """The best sentence and those near it that say something else, or the same in another article."""
        chosen: list[Sentence] = []
        for i in order:
            if len(chosen) == SENTENCES or scores[i] < max(scores[order[0]] - MARGIN, self._threshold):
                break
            own = set(stems(sentences[i].text))
            if all(len(own & set(stems(other.text))) < 0.6 * len(own | set(stems(other.text))) for other in chosen):
                chosen.append(sentences[i])
        return chosen

    def _refusal(self, question: str, ranked: list[Sentence]) -> Answer:
        """What was looked for, and the best sentence of each of the nearest articles, marked as such."""
        best = {sentence.hit.article.id: sentence for sentence in reversed(ranked)}
        order = sorted(best.values(), key=ranked.index)[:3]
        nearest: tuple[Citation, ...] = resolve(Quote(s.hit.article, s.start, s.end) for s in order)
        asked = ", ".join(f"“{word}”" for word in _words(question)[:8]) or "nothing in particular"
        if nearest:
            text = self._refused.format(asked=asked, nearest="; ".join(citation.title for citation in nearest))
        else:
            text = self._refused_empty.format(asked=asked)
        return Answer(question, False, None, text, "refused", None, (), nearest)


def _words(question: str) -> list[str]:
    """The words of a question that say what it is about, as they are written."""
    words = re.findall(r"[\w’'-]+", question)
    return list(dict.fromkeys(word for word in words if not set(stems(word)) <= UNASKED))


def _plain(sentence: str) -> str:
    """A sentence without the mark of its list or heading, on one line."""
    return " ".join(_MARK.sub("", sentence, count=1).split()) if _MARK.match(sentence) else " ".join(sentence.split())
