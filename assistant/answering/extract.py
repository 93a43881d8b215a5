"""The offline answerer: the sentences that answer best, verbatim, or a refusal.

The reader looks at the passages found. Their sentences are then ranked, and the best
are put together as short words, a list or whole sentences; where none is likely enough, the answer is a refusal.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from article_assistant.answering import blocks, courtesy, explaining, followup, passage, tables
from article_assistant.answering.agreement import FARTHEST, disagrees
from article_assistant.answering.blocks import answer_below, as_list, asked_before, in_full, whole_code, whole_list
from article_assistant.answering.cells import Certain, asks_several, is_certain, read_alone, whole_cell
from article_assistant.answering.cite import Said, disagreement, gap, resolve, short_answer
from article_assistant.answering.kind import Told
from article_assistant.answering.meant import Alike
from article_assistant.answering.question import Kind, is_negated, kind_of, meaning, names_days, parts_of
from article_assistant.answering.rank import (
    Contender,
    Features,
    Grounds,
    candidates,
    evidence,
    is_row,
    names,
    narrowed,
    ranked,
    share,
)
from article_assistant.answering.reader import Reader
from article_assistant.answering.refusal import least_confidence, near_ones, refusal, unread
from article_assistant.index.keyword import asked_words, stems
from article_assistant.index.language import ENGLISH, language_of
from article_assistant.index.types import Hit
from article_assistant.settings import ACCEPTED_WRONG
from article_assistant.types import Answer, Context, Event, Explanation, Turn, Words
from numpy.typing import NDArray

WEIGHTS = Path(__file__).parents[1] / "models" / "sentences.json"
READ = 10
"""Passages that the reader looks at, in one pass each."""
SOON = 3
"""Passages among which a table must stand to be asked as a whole."""
SENTENCES = 3
"""Most sentences of an answer."""
SHORT = 16
"""Most words of a short answer; more would be no shorter than the sentence."""
CURT = 6
"""Words of an answer below its question that are better not cut: "All but the server room."."""
SPOKEN = frozenset({"yes or no", "reason", "way"})  # what whole sentences answer
MARGIN = 1.0
"""Logits by which a sentence may score below the best one and still be added."""
CERTAIN = 0.95
"""The confidence of an answer that a table gives by its columns, or a text right behind or below the very question; of
the former at least that share was right in `bench.tables`."""
AGREES = 4.0
"""Logits by which a sentence that says the same may score below the best one and still be cited."""


class _Composed(NamedTuple):
    """The short words of an answer, None where there are none, the pieces of its text, and its confidence."""

    short: str | None
    pieces: list[Said]
    confidence: float


class Extractor:
    """Answers with words of the articles, verbatim; needs no LLM and no network."""

    def __init__(
        self,
        reader: Reader,
        accepted_wrong: float = ACCEPTED_WRONG,
        told: Callable[[str], Told] | None = None,
        alike: Alike | None = None,
        certain: Certain = is_certain,
    ) -> None:
        """Refuse where confidence is lower than what keeps wrong answers at `accepted_wrong` (0 to 1) of all.

        `told` tells the kind of a question; without it, patterns do, and a greeting is a question like any other;
        without `alike`, a table answers only in the words of its columns.
        """
        self._reader, self._told, self._alike, self._certain = reader, told, alike, certain
        model = json.loads(WEIGHTS.read_text())
        if model["features"] != names(Features) or model["evidence"] != names(Grounds):
            raise ValueError(f"{WEIGHTS} was made for other features; make it anew with training/sentences.py")
        self._weights = np.array(model["weights"]) / np.array(model["scale"])
        self._bias = -float(np.array(model["mean"]) @ self._weights) - float(model["none"])
        self._trust = np.array(model["trust"])
        self._least = least_confidence(model["accepted"], accepted_wrong)

    def standalone(self, question: str, turns: Sequence[Turn]) -> str:
        """The question with what it leaves to the turns before it; one that is not in English as it is."""
        return followup.standalone(question, turns) if turns and language_of(question) == ENGLISH else question

    def answer(self, question: str, hits: Sequence[Hit], context: Context | None = None) -> Iterator[Event]:
        """The words that answer, the list, or the sentences, each with its citation; or a refusal.

        Question and articles are read in English: where either is in another language, the answer is a passage.
        """
        kind = kind_of(question)
        # Numbers, amounts and dates are told by their words; for them the encoder need not be asked.
        if self._told and kind not in {"number", "amount", "date"}:
            typed = context.question if context else question
            told = self._told(typed)
            if told.is_courtesy:
                yield courtesy.reply(question, told.kind, context)
                return
            if told.is_summary and (shown := passage.instead_of_summary(question, hits, context)):
                yield from shown
                return
            # "And Brook?" says nothing of what it asks for; the question that it stands for does.
            kind = (told if typed == question else self._told(question)).instead_of(kind)
        language = language_of(question)
        parts = parts_of(question) if context and language == ENGLISH else []
        if context and len(parts) > 1 and (answered := self._each(question, parts, context)):
            yield from answered
            return
        why = context.explanation if context else None
        known = [hit for hit in hits if language == hit.article.language == ENGLISH]
        others = [hit for hit in hits if hit not in known]
        found = self._found(question, kind, known, why)
        if why:
            why.judge(others, "in another language")
        if not isinstance(found, Answer):
            yield from _told(question, *found)
        elif language == ENGLISH and not others:
            yield found
        else:
            yield from passage.answer(question, language, others, found)

    def _each(self, question: str, parts: Sequence[str], context: Context) -> Iterator[Event] | None:
        """The answers to several questions in one, each found by itself; None where none is answered."""
        pieces, sure, unanswered = list[Said](), 1.0, list[str]()
        for own in parts:
            # A later one takes what it leaves open from the first; what stands alone stays as it was asked.
            part = own if own is parts[0] else followup.standalone(f"And {own}", [Turn(parts[0], "", ())])
            part = own if part.startswith("And ") else part
            kind = kind_of(part)
            if self._told and kind not in {"number", "amount", "date"}:
                kind = self._told(part).instead_of(kind)
            hits = [hit for hit in context.find(part) if hit.article.language == ENGLISH]
            found = self._found(part, kind, hits, context.explanation)
            if isinstance(found, Answer):
                unanswered.append(own)
            else:
                pieces += found.pieces
                sure = min(sure, found.confidence)
        if not pieces:
            return None
        notice = f"No answer was found to: {' '.join(unanswered)}" if unanswered else ""
        return _told(question, None, pieces, sure, notice)

    def _found(self, question: str, kind: Kind, hits: Sequence[Hit], why: Explanation | None) -> "_Composed | Answer":
        """The answer to a question in English from hits in English, or a refusal."""
        hits = hits[:READ]
        if why:
            why.kind, why.needed = kind, round(self._least, 3)
        rows = any(is_row(hit.article.text, start) for hit in hits[:SOON] for start, _ in hit.chunk.sentences)
        if rows and (found := tables.from_table(question, hits, None, self._alike)):
            if why:
                why.way = "table"
            return _Composed(*found, CERTAIN)
        read, places = narrowed(question, hits)
        if not read:
            if why:
                explaining.unnamed(why, hits)
            return refusal(question, near_ones(unread(hits)), 0.0)
        sentences, features = candidates(question, read, self._reader, kind)
        kept = [i for i, one in enumerate(sentences) if (one.hit.article.id, one.start) in places]
        sentences, features = [sentences[i] for i in kept], features[kept]
        scores = features @ self._weights + self._bias
        said = [meaning(sentence.words) for sentence in sentences]
        order = ranked(said, [sentence.fits for sentence in sentences], scores)
        confidence = self._confidence(evidence(said, features, scores, order[0])) if order else 0.0
        best = sentences[order[0]] if order else None
        sure = best is not None and confidence >= self._least and best.fits
        row = best if rows and best and is_row(best.hit.article.text, best.start) else None
        uncertain = row is not None and kind != "yes or no"
        if row and sure and uncertain:
            alone = read_alone(question, row, kind, self._reader)
            best = row = sentences[order[0]] = alone.best
            uncertain = not self._certain(question, alone, self._alike)
        if why:
            explaining.weighed(why, hits, sentences, features, scores, order, sure)
            explaining.table_asked(why, uncertain, sure)
        many = row and (uncertain or asks_several(question))
        if many and (found := tables.from_table(question, hits, best, self._alike)):
            return _Composed(*found, CERTAIN)
        by_name = rows and kind not in {"reason", "way"} and (uncertain or not sure or (row and kind == "yes or no"))
        if by_name and (cell := tables.named_cell(question, kind, hits[:SOON], self._alike)):
            return _Composed(*cell, max(confidence, self._least))
        if best is None or not sure:
            if same := asked_before(question, hits):
                return _Composed(None, same, CERTAIN)
            return refusal(question, near_ones(sentences[i] for i in order), confidence)
        table = tables.passed_over(question, hits[:SOON], best, self._alike) if rows and not row else None
        if uncertain or table:
            return refusal(question, [table or tables.shown_whole(best)], confidence)
        if row and kind not in SPOKEN:
            sentences[order[0]] = whole_cell(best)
        composed = _Composed(*self._composed(question, kind, sentences, scores, order), confidence)
        # What stands below the question itself answers it, as surely as what stands behind it.
        told = composed.short is None and Features(*features[order[0]]).shared_around >= blocks.SAME
        below = told and composed.pieces == answer_below(question, best)
        return composed._replace(confidence=max(confidence, CERTAIN)) if below else composed

    def _confidence(self, seen: Grounds) -> float:
        """How likely an answer with this evidence is right, 0 to 1."""
        return float(1 / (1 + np.exp(-(np.array(seen) @ self._trust[:-1] + self._trust[-1]))))

    def _composed(
        self, question: str, kind: Kind, sentences: list[Contender], scores: NDArray[np.float64], order: list[int]
    ) -> tuple[str | None, list[Said]]:
        """The short words, None where there are none, and the pieces of the answer's text."""
        best = sentences[order[0]]
        days = kind == "date" and names_days(best.text) and not names_days(question)  # all days, not one, are asked for
        if (kind in {"list", "way"} or days) and (found := whole_list(best.hit.article, best.start, best.end)):
            words = asked_words(question)
            place = stems(f"{best.hit.article.title} {best.hit.chunk.heading} {found.intro}")
            # "What does the red light mean?" asks for one item, "What do the lights mean?" for all.
            if kind == "way" or share(words, set(place)) >= share(words, set(stems(best.text)) - set(place)):
                return None, as_list(found)
        spoken = kind in SPOKEN or not 0 < len(best.words.split()) <= SHORT
        below = answer_below(question, best) if spoken or kind == "words" else None
        if below and (spoken or len(below) > 1 or len(below[0].text.split()) <= CURT):
            return None, below
        # "No alcohol while you are first" must not become "Alcohol".
        spoken = spoken or is_negated(best.hit.article.text[best.start : best.first])
        if spoken:
            chosen = self._chosen(sentences, scores, order)
            return None, in_full(chosen, kind)
        if code := best.is_code and whole_code(best.hit.article, best.start, best.end):
            # A command that is named by its first word is asked for with all that it is given.
            whole = best.hit.article.text[best.start : best.end].strip()
            short = whole if whole.startswith(best.words) else best.words
            return short, [Said(short, code.quote)]
        same, against = [best], list[Contender]()
        for i in order[1:]:
            other = sentences[i]
            if not other.fits or other.logit < 0:
                continue
            behind = scores[order[0]] - scores[i]
            alike = _same(kind, best.words, other.words)
            known = [one.hit.article.id for one in [best, *against]]
            again = other.hit.article.id in [one.hit.article.id for one in same]
            if other.hit.article.id in known:
                continue
            apart = max(behind, best.logit - other.logit)
            if alike and not again and behind < AGREES and len(same) < SENTENCES:
                same.append(other)
            elif not alike and apart < FARTHEST and disagrees(question, kind, best, other, apart, again, self._reader):
                against.append(other)
        if against:
            newest = sorted([best, *against[:2]], key=lambda s: s.hit.article.updated or "", reverse=True)
            said = [(" ".join(sentence.words.split()), sentence.quote) for sentence in newest]
            return said[0][0], disagreement(said)
        short = " ".join(best.words.split())
        return short, short_answer(short, [sentence.quote for sentence in same])

    def _chosen(self, sentences: list[Contender], scores: NDArray[np.float64], order: list[int]) -> list[Contender]:
        """The best sentence and those near it that say something else; those of one article in its order."""
        chosen: list[Contender] = []
        for i in order:
            if len(chosen) == SENTENCES or scores[i] < scores[order[0]] - MARGIN:
                continue
            own = set(stems(sentences[i].text))
            if all(len(own & set(stems(other.text))) < 0.6 * len(own | set(stems(other.text))) for other in chosen):
                chosen.append(sentences[i])
        first = {sentence.hit.article.id: number for number, sentence in reversed(list(enumerate(chosen)))}
        return sorted(chosen, key=lambda sentence: (first[sentence.hit.article.id], sentence.start))


def _told(
    question: str, short: str | None, pieces: Sequence[Said], confidence: float, notice: str = ""
) -> Iterator[Event]:
    """An answer's pieces as Words with their Citations, and the Answer."""
    citations = resolve(piece.quote for piece in pieces)
    by_quote = {(c.article, c.start, c.end): c for c in citations}
    text, shown = "", set[int]()
    for piece in pieces:
        citation = by_quote[(piece.quote.article.id, piece.quote.start, piece.quote.end)]
        words = f"{gap(text, piece.text)}{piece.text}{' ' if piece.text else ''}[{citation.number}]{piece.after}"
        text += words
        yield Words(words)
        if citation.number not in shown:
            shown.add(citation.number)
            yield citation
    yield Answer(question, True, short, text, "extractive", round(confidence, 3), citations, notice=notice)


def _same(kind: Kind, one: str, other: str) -> bool:
    """Whether two short answers say the same thing; of names and numbers one may say more of it."""
    a, b = meaning(one), meaning(other)
    return a == b or (kind != "words" and bool(a & b) and (a <= b or b <= a))
