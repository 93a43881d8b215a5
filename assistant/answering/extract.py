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
from article_assistant import prompts
from article_assistant.answering import followup
from article_assistant.answering.cite import Quote, resolve
from article_assistant.answering.compose import Said, disagreement, in_sentences, list_answer, short_answer, whole_list
from article_assistant.answering.question import Kind, Meaning, fits, kind_of, meaning, with_unit
from article_assistant.answering.reader import Reader
from article_assistant.index.chunk import passage
from article_assistant.index.keyword import UNASKED, asked_words, stems
from article_assistant.index.types import Hit
from article_assistant.settings import ACCEPTED_WRONG
from article_assistant.types import Answer, Citation, Context, Event, Turn, Words
from numpy.typing import NDArray

MODEL = Path(__file__).parents[1] / "models" / "sentences.json"
READ = 10
"""Passages that the reader looks at, one pass each."""
VERIFIED = 2
"""Passages, the best by the reader, that the verifier looks at too."""
SENTENCES = 3
"""Sentences that an answer has at most."""
SHORT = 16
"""Words that a short form has at most; longer ones are no shorter than their sentence."""
MARGIN = 1.0
"""How far below the best sentence's score another may lie to be added, in logits."""
SAME = 4.0
"""How far below it one may lie that says the same thing, to be cited too."""
AGAINST = 4.0
"""How far below it, by this score and by the reader's, one of another article may lie that says something else, to
be shown as a disagreement."""

_PROPER = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w-]*\b|\b\w*\d[\w.,:-]*\b")


@dataclass(frozen=True, slots=True)
class Sentence:
    """One candidate: characters `[start, end)` of its article's text, and the best words in it.

    The words are characters `[first, last)` of the text; `fits` tells whether they are of the kind that
    was asked for, `logit` is the reader's score for them.
    """

    hit: Hit
    start: int
    end: int
    first: int
    last: int
    logit: float
    fits: bool

    @property
    def text(self) -> str:
        """The sentence, verbatim."""
        return self.hit.article.text[self.start : self.end]

    @property
    def words(self) -> str:
        """The best words in it, verbatim."""
        return self.hit.article.text[self.first : self.last]

    @property
    def quote(self) -> Quote:
        """The sentence as a quote."""
        return Quote(self.hit.article, self.start, self.end)


FEATURES = (
    "reader", "reader beside the best", "cosine", "cosine beside the best", "search", "bm25", "first", "shared",
    "shared with place", "shared around", "names missing", "names missing in article", "fits", "short",
    "cosine before", "cosine after", "verifier", "not verified",
)  # fmt: skip


def candidates(question: str, hits: Sequence[Hit], reader: Reader) -> tuple[list[Sentence], NDArray[np.float64]]:
    """The sentences of the hits, and their features, shape `(sentences, len(FEATURES))`."""
    kind = kind_of(question)
    passages = [passage(hit.article.title, hit.chunk) for hit in hits]
    readings = reader.read(question, passages, lambda words: fits(kind, words))
    best = sorted(range(len(hits)), key=lambda i: -max((r.score for r in readings[i]), default=-100.0))[:VERIFIED]
    again = reader.verify(question, [passages[i] for i in best], lambda words: fits(kind, words))
    verified = dict(zip(best, again, strict=True))
    words = asked_words(question)
    proper = set(stems(" ".join(_PROPER.findall(question)))) - UNASKED
    top = max((r.score for found in readings for r in found), default=0.0)
    nearest = max((cosine for hit in hits for cosine in hit.cosines), default=0.0)
    sentences: list[Sentence] = []
    rows: list[list[float]] = []
    for number, (hit, (_, spans), found) in enumerate(zip(hits, passages, readings, strict=True)):
        place = set(stems(f"{hit.article.title} {hit.chunk.heading}"))
        around = place | set(stems(hit.chunk.text))
        missing = _missing(proper, around)
        article = hit.article.text.lower()
        missing_everywhere = _missing(proper, {word for word in proper if word in article} | place)
        for i, ((start, end), (_, shown), reading) in enumerate(zip(hit.chunk.sentences, spans, found, strict=True)):
            # A passage shows a sentence without its mark, so places are counted from its end.
            first, last = end - (shown - reading.start), end - (shown - reading.end)
            first, last = with_unit(kind, hit.article.text[:end], first, last)
            sentence = Sentence(hit, start, end, first, last, reading.score, reading.fits)
            own = set(stems(sentence.text))
            cosine = hit.cosines[i]
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
                    float(reading.fits),
                    float(end - start < 30),
                    # What a sentence that begins with "It" is about stands in the one before it.
                    hit.cosines[i - 1] if i else 0.0,
                    hit.cosines[i + 1] if i + 1 < len(hit.cosines) else 0.0,
                    np.tanh(verified[number][i].score / 10) if number in verified else 0.0,
                    float(number not in verified),
                ]
            )
    return sentences, np.array(rows, dtype=np.float64).reshape(len(rows), len(FEATURES))


def ranked(said: Sequence[Meaning], fitting: Sequence[bool], scores: NDArray[np.float64]) -> list[int]:
    """Sentences in the order of how likely their words answer, those that say the same thing counted together.

    `said` is what the words of each mean, `fitting` whether they are of the kind that was asked for,
    `scores` are log odds against "none of them".
    """
    together: dict[Meaning, float] = {}
    for meant, score in zip(said, scores, strict=True):
        together[meant] = float(np.logaddexp(together.get(meant, -np.inf), score))
    return sorted(range(len(said)), key=lambda i: (not fitting[i], -together[said[i]], -scores[i]))


EVIDENCE = (
    "odds", "ahead of the next", "reader", "cosine", "names missing", "none of them", "verifier", "not verified",
)  # fmt: skip


def evidence(
    said: Sequence[Meaning], features: NDArray[np.float64], scores: NDArray[np.float64], best: int
) -> NDArray[np.float64]:
    """What the confidence in sentence `best` is judged by, shape `(len(EVIDENCE),)`."""
    same = np.array([meant == said[best] for meant in said])
    others = np.append(scores[~same], 0.0)
    return np.array(
        [
            np.clip(np.logaddexp.reduce(scores[same]) - np.logaddexp.reduce(others), -12, 12),
            np.clip(scores[best] - scores[~same].max(initial=-20.0), -6, 12),
            features[best, FEATURES.index("reader")],
            features[best, FEATURES.index("cosine")],
            features[best, FEATURES.index("names missing")],
            np.clip(-np.logaddexp.reduce(scores), -12, 12),
            features[best, FEATURES.index("verifier")],
            features[best, FEATURES.index("not verified")],
        ]
    )


def _share(words: Sequence[str], among: set[str]) -> float:
    """The share of the question's words that stand in `among`, longer words counting for more."""
    return sum(len(word) for word in words if word in among) / max(sum(map(len, words)), 1)


def _missing(proper: set[str], among: set[str]) -> float:
    """The share of the question's names and numbers that do not stand in `among`."""
    return len(proper - among) / len(proper) if proper else 0.0


class Extractor:
    """Answers with words of the articles, verbatim; needs no LLM and no network."""

    def __init__(self, reader: Reader, accepted_wrong: float = ACCEPTED_WRONG) -> None:
        """Refuse where confidence is lower than what keeps wrong answers at `accepted_wrong` (0 to 1) of all."""
        self._reader = reader
        model = json.loads(MODEL.read_text())
        if model["features"] != list(FEATURES) or model["evidence"] != list(EVIDENCE):
            raise ValueError(f"{MODEL} was made for other features; make it anew with training/sentences.py")
        self._weights = np.array(model["weights"]) / np.array(model["scale"])
        self._bias = -float(np.array(model["mean"]) @ self._weights) - float(model["none"])
        self._trust = np.array(model["trust"])
        self._least = least_confidence(model["accepted"], accepted_wrong)
        self._refused = prompts.load("refused")
        self._refused_empty = prompts.load("refused_empty")

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        """The question with what it leaves to the turns before it."""
        return followup.standalone(question, turns)

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:  # noqa: ARG002
        """The words that answer, the list, or the sentences, each with its citation; or a refusal."""
        sentences, features = candidates(question, hits[:READ], self._reader)
        scores = features @ self._weights + self._bias
        said = [meaning(sentence.words) for sentence in sentences]
        order = ranked(said, [sentence.fits for sentence in sentences], scores)
        confidence = self._confidence(evidence(said, features, scores, order[0])) if order else 0.0
        if not order or confidence < self._least or not sentences[order[0]].fits:
            yield self._refusal(question, [sentences[i] for i in order], confidence)
            return
        short, pieces = self._composed(question, sentences, scores, order)
        citations = resolve(piece.quote for piece in pieces)
        by_quote = {(c.article, c.start, c.end): c for c in citations}
        text, shown = "", set[int]()
        for piece in pieces:
            citation = by_quote[(piece.quote.article.id, piece.quote.start, piece.quote.end)]
            between = "" if not text else "\n" if piece.text.startswith("- ") else " "
            words = f"{between}{piece.text}{' ' if piece.text else ''}[{citation.number}]{piece.after}"
            text += words
            yield Words(words)
            if citation.number not in shown:
                shown.add(citation.number)
                yield citation
        yield Answer(question, True, short, text, "extractive", round(confidence, 3), citations)

    def _confidence(self, seen: NDArray[np.float64]) -> float:
        """How likely an answer with this evidence is right, 0 to 1."""
        return float(1 / (1 + np.exp(-(seen @ self._trust[:-1] + self._trust[-1]))))

    def _composed(
        self, question: str, sentences: list[Sentence], scores: NDArray[np.float64], order: list[int]
    ) -> tuple[str | None, list[Said]]:
        """The short words, None where there are none, and the pieces of the answer's text."""
        kind, best = kind_of(question), sentences[order[0]]
        if kind in {"list", "way"} and (found := whole_list(best.hit.article, best.start, best.end)):
            quote, intro, items = found
            words = asked_words(question)
            place = stems(f"{best.hit.article.title} {best.hit.chunk.heading} {intro}")
            # "What does the red light mean?" asks for one item, "What do the lights mean?" for all.
            if kind == "way" or _share(words, set(place)) >= _share(words, set(stems(best.text)) - set(place)):
                return None, list_answer(quote, intro, items)
        if kind in {"yes or no", "reason", "way"} or not 0 < len(best.words.split()) <= SHORT:
            chosen = self._chosen(sentences, scores, order)
            return None, in_sentences(sentence.quote for sentence in chosen)
        same, against = [best], list[Sentence]()
        for i in order[1:]:
            other = sentences[i]
            if not other.fits or other.logit < 0:
                continue
            behind = scores[order[0]] - scores[i]
            alike = _same(kind, best.words, other.words)
            elsewhere = all(other.hit.article.id != known.hit.article.id for known in [*same, *against])
            if alike and elsewhere and behind < SAME and len(same) < SENTENCES:
                same.append(other)
            elif (
                not alike
                and elsewhere
                and max(behind, best.logit - other.logit) < AGAINST
                and kind in {"number", "amount", "date"}
            ):
                against.append(other)
        if against:
            newest = sorted([best, *against[:2]], key=lambda s: s.hit.article.updated or "", reverse=True)
            said = [(" ".join(sentence.words.split()), sentence.quote) for sentence in newest]
            return said[0][0], disagreement(said)
        short = " ".join(best.words.split())
        return short, short_answer(short, [sentence.quote for sentence in same])

    def _chosen(self, sentences: list[Sentence], scores: NDArray[np.float64], order: list[int]) -> list[Sentence]:
        """The best sentence and those near it that say something else; those of one article in its order."""
        chosen: list[Sentence] = []
        for i in order:
            if len(chosen) == SENTENCES or scores[i] < scores[order[0]] - MARGIN:
                continue
            own = set(stems(sentences[i].text))
            if all(len(own & set(stems(other.text))) < 0.6 * len(own | set(stems(other.text))) for other in chosen):
                chosen.append(sentences[i])
        first = {sentence.hit.article.id: number for number, sentence in reversed(list(enumerate(chosen)))}
        return sorted(chosen, key=lambda sentence: (first[sentence.hit.article.id], sentence.start))

    def _refusal(self, question: str, in_order: list[Sentence], confidence: float) -> Answer:
        """What was looked for, and the best sentence of each of the nearest articles, marked as such."""
        best = {sentence.hit.article.id: sentence for sentence in reversed(in_order)}
        order = sorted(best.values(), key=in_order.index)[:3]
        nearest: tuple[Citation, ...] = resolve(sentence.quote for sentence in order)
        asked = ", ".join(f"“{word}”" for word in _words(question)[:8]) or "nothing in particular"
        if nearest:
            text = self._refused.format(asked=asked, nearest="; ".join(citation.title for citation in nearest))
        else:
            text = self._refused_empty.format(asked=asked)
        return Answer(question, False, None, text, "refused", round(confidence, 3), (), nearest)


def _words(question: str) -> list[str]:
    """The words of a question that say what it is about, as they are written."""
    words = re.findall(r"[\w’'-]+", question)
    return list(dict.fromkeys(word for word in words if not set(stems(word)) <= UNASKED))


def _same(kind: Kind, one: str, other: str) -> bool:
    """Whether two short answers say the same thing; of names and numbers one may say more of it."""
    a, b = meaning(one), meaning(other)
    return a == b or (kind != "words" and bool(a & b) and (a <= b or b <= a))


def least_confidence(accepted: Sequence[tuple[float, float]], wrong: float) -> float:
    """The confidence below which to refuse, so that at most `wrong` of the answers given are wrong.

    `accepted` holds pairs of (share of wrong answers, confidence), the shares falling.
    """
    shares = [share for share, _ in accepted]
    return float(np.interp(wrong, shares[::-1], [confidence for _, confidence in accepted][::-1]))
