"""The ranking of sentences: what is known of each, how likely its words answer, and how sure the best one is.

The features are those of a softmax over all sentences and "none of them", which `training/sentences.py` fits.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import numpy as np
from article_assistant.answering.cite import Quote
from article_assistant.answering.question import Kind, Meaning, fits, kind_of, own_part, with_unit
from article_assistant.answering.reader import NOT_READ, Reader, Reading, looked_at_again
from article_assistant.index.chunk import passage
from article_assistant.index.keyword import UNASKED, asked_words, family, identifiers, names_in, stems
from article_assistant.index.reading.lines import CODE_MARK, ITEM
from article_assistant.index.types import Hit
from numpy.typing import NDArray

PROMISE = 12.0
"""Logits of the reader that one point of the search's score is worth where it is chosen what the judge looks at."""

_RECORD = re.compile(r".* \| |[A-ZÀ-Þ\d](?:.*?[,;\t] ?){2}(?=\S)")
PROPER = re.compile(r"(?<!^)(?<![.?!] )\b[A-Z][\w-]*\b|\b\w*\d[\w.,:-]*\b")


@dataclass(frozen=True, slots=True)
class Contender:
    """A sentence that may answer: characters `[start, end)` of its article's text, and the best words in it.

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
    def is_code(self) -> bool:
        """Whether it is a line of code."""
        text = self.hit.article.text
        line = text.rfind("\n", 0, self.start) + 1
        return text.startswith(CODE_MARK, line) and not ITEM.match(text, line)

    @property
    def quote(self) -> Quote:
        """The sentence as a quote."""
        return Quote(self.hit.article, self.start, self.end)


class Features(NamedTuple):
    """What is known of one sentence, each about -1 to 1."""

    reader: float
    reader_beside_the_best: float
    cosine: float
    cosine_beside_the_best: float
    search: float
    bm25: float
    first: float
    shared: float
    shared_with_place: float
    shared_around: float
    names_missing: float
    names_missing_in_article: float
    fits: float
    short: float
    cosine_before: float
    cosine_after: float
    verifier: float
    judge: float
    not_verified: float


class Grounds(NamedTuple):
    """What the confidence in an answer is judged by."""

    odds: float
    judge: float
    not_verified: float


def candidates(
    question: str, hits: Sequence[Hit], reader: Reader, kind: Kind | None = None
) -> tuple[list[Contender], NDArray[np.float64]]:
    """The sentences of the hits, and their features, shape `(sentences, features)`.

    Without a `kind` of answer that is asked for, patterns tell it.
    """
    fit = partial(fits, kind := kind or kind_of(question))
    passages = [passage(hit.article.title, hit.chunk) for hit in hits]
    parts = [(text, [own_part(question, text, *span) for span in spans]) for text, spans in passages]
    with reader.turn:
        readings = list(map(_without_questions, hits, reader.read(question, parts, fit)))
        best = [max((one.score for one in found), default=NOT_READ) for found in readings]
        promise = [score + PROMISE * hit.score for score, hit in zip(best, hits, strict=True)]
        verified = looked_at_again(reader, question, parts, promise, fit)
        judged = {i: reader.judged(question, parts[i]) for i in verified}
    verified = {i: _without_questions(hits[i], found) for i, found in verified.items()}
    asked = asked_words(question)
    proper = set(stems(" ".join(PROPER.findall(question)))) - UNASKED
    nearest = max((cosine for hit in hits for cosine in hit.cosines), default=0.0)
    sentences: list[Contender] = []
    rows: list[Features] = []
    for number, (hit, (_, spans), found) in enumerate(zip(hits, passages, readings, strict=True)):
        place = set(stems(f"{hit.article.title} {hit.chunk.heading}"))
        around = place | set(stems(hit.chunk.text))
        missing = _missing(proper, around)
        article = hit.article.text.lower()
        missing_everywhere = _missing(proper, {word for word in proper if word in article} | place)
        for i, ((start, end), (_, shown), reading) in enumerate(zip(hit.chunk.sentences, spans, found, strict=True)):
            checked = verified[number][i] if number in verified else None
            words = checked or reading
            # A passage shows a sentence without its mark, so places are counted from its end.
            first, last = end - (shown - words.start), end - (shown - words.end)
            first, last = with_unit(kind, hit.article.text[:end], first, last, question)
            sentence = Contender(hit, start, end, first, last, reading.score, words.fits)
            own = set(stems(sentence.text))
            cosine = hit.cosines[i]
            sentences.append(sentence)
            rows.append(
                Features(
                    reader=np.tanh(reading.score / 10),
                    reader_beside_the_best=np.tanh((reading.score - max(best)) / 4),
                    cosine=cosine,
                    cosine_beside_the_best=cosine - nearest,
                    search=hit.score,
                    bm25=min(hit.bm25, 40.0) / 40.0,
                    first=float(hit.rank == 1),
                    shared=share(asked, own),
                    shared_with_place=share(asked, own | place),
                    shared_around=share(asked, around),
                    names_missing=missing,
                    names_missing_in_article=missing_everywhere,
                    fits=float(words.fits),
                    short=float(end - start < 30),
                    # What a sentence that begins with "It" is about stands in the one before it.
                    cosine_before=hit.cosines[i - 1] if i else 0.0,
                    cosine_after=hit.cosines[i + 1] if i + 1 < len(hit.cosines) else 0.0,
                    verifier=np.tanh(checked.score / 10) if checked else 0.0,
                    judge=np.tanh(judged[number] / 10) if checked else 0.0,
                    not_verified=float(checked is None),
                )
            )
    return sentences, np.array(rows, dtype=np.float64).reshape(len(rows), len(Features._fields))


def _without_questions(hit: Hit, found: Sequence[Reading]) -> list[Reading]:
    """What was found in each sentence of a hit, but nothing in one that asks, as in an FAQ: that never answers."""
    ends = (hit.article.text[:end].rstrip('*_"”’)')[-1:] for _, end in hit.chunk.sentences)
    return [
        replace(one, score=NOT_READ, fits=False) if end == "?" else one for one, end in zip(found, ends, strict=True)
    ]


Places = frozenset[tuple[str, int]]
"""Sentences: the id of the article of each, and where in its text it begins."""


def narrowed(question: str, hits: Sequence[Hit]) -> tuple[list[Hit], Places]:
    """The hits to read, and the sentences in them that may answer: those that hold most of the identifiers asked for.

    Of a table whose columns the question names only these rows are to be read, of a list with its words only these
    items. A sentence holds what its title and headings name, what it names itself, and where that is none of the
    kind, what was named last before it, as in "PN-43481 is a bolt. It lies on shelf S10."; a row or an item stands
    alone. None may answer where one of them is held by no sentence; where the question has none, the records of others.
    """
    asked = set(identifiers(question))
    words = {word for word in asked_words(question) if not any(word in one for one in asked)}
    if not asked:
        names = set(PROPER.findall(question))
        of_others = {place for hit in hits for place in _of_others(hit, names)}
        every = {(hit.article.id, start) for hit in hits for start, _ in hit.chunk.sentences}
        return list(hits), frozenset(every - of_others)
    held = [[asked & _named_at(hit, span, asked) for span in hit.chunk.sentences] for hit in hits]
    if set[str]().union(*(one for own in held for one in own)) != asked:
        return [], frozenset()
    most = max(len(one) for own in held for one in own)
    found, places = list[Hit](), set[tuple[str, int]]()
    for hit, own in zip(hits, held, strict=True):
        kept = [i for i, one in enumerate(own) if len(one) == most]
        spans = tuple(hit.chunk.sentences[i] for i in kept)
        places.update((hit.article.id, start) for start, _ in spans)
        if kept and all(words & _record_at(hit.article.text, start) for start, _ in spans):
            cosines = tuple(hit.cosines[i] for i in kept)
            found.append(replace(hit, chunk=replace(hit.chunk, sentences=spans), cosines=cosines))
        elif kept:
            found.append(hit)
    return found, frozenset(places)


def _of_others(hit: Hit, names: set[str]) -> Iterator[tuple[str, int]]:
    """The rows, and the lines of a list like `Kettner, Dock Road, Hull`, beside which another has more of the names."""
    text, place = hit.article.text, f"{hit.article.title}\n{hit.chunk.heading}"
    patterns = [re.compile(rf"\b{re.escape(name)}\b") for name in names]
    patterns = [pattern for pattern in patterns if not pattern.search(place)]

    def among(line: str) -> set[int]:
        return {i for i, pattern in enumerate(patterns) if pattern.search(line)}

    held = dict[int, list[set[int]]]()  # by where a block begins, what each of its lines has of the names
    for start, _ in hit.chunk.sentences if patterns else ():
        first = text.rfind("\n\n", 0, start) + 2 if "\n\n" in text[:start] else 0
        if first not in held:
            lines = text[first:].partition("\n\n")[0].splitlines()
            alike = len(lines) > 1 and all(map(_RECORD.match, lines))
            held[first] = list(map(among, lines)) if alike else []
        own = among(text[text.rfind("\n", 0, start) + 1 :].partition("\n")[0])
        if any(own < other for other in held[first]):
            yield hit.article.id, start


def _record_at(text: str, at: int) -> set[str]:
    """The words (stems) of the names of the columns of a row, or of a list's item; none where neither stands there."""
    line = text[text.rfind("\n", 0, at) + 1 :].partition("\n")[0]
    if is_row(text, at):
        line = " ".join(cell.partition(": ")[0] for cell in line.split(" | "))
    elif not line.lstrip().startswith("- "):
        return set()
    return set(stems(line))


def _named_at(hit: Hit, span: tuple[int, int], asked: set[str]) -> set[str]:
    """The identifiers that a sentence of a hit holds; those of other kinds than `asked` may be left out."""
    text, kinds = hit.article.text, set(map(family, asked))
    place = names_in(f"{hit.article.title}\n{hit.chunk.heading}")
    for start, end in reversed([one for one in hit.chunk.sentences if one <= span]):
        apart = is_row(text, start) or is_row(text, span[0]) or text.startswith("- ", start)
        if "\n" in text[start : span[0]] and apart:
            break
        own = names_in(text[start:end])
        if any(family(one) in kinds for one in own):
            return place | own
    return place | names_in(text[slice(*span)])


def is_row(text: str, at: int) -> bool:
    """Whether a place in a text stands in a row of a table of several columns."""
    return " | " in text[text.rfind("\n", 0, at) + 1 : text.find("\n", at) % (len(text) + 1)]


def ranked(said: Sequence[Meaning], fitting: Sequence[bool], scores: NDArray[np.float64]) -> list[int]:
    """Sentences in the order of how likely their words answer, those that say the same thing counted together.

    `said` is what the words of each mean, `fitting` whether they are of the kind that was asked for,
    `scores` are log odds against "none of them".
    """
    together: dict[Meaning, float] = {}
    for meant, score in zip(said, scores, strict=True):
        together[meant] = float(np.logaddexp(together.get(meant, -np.inf), score))
    return sorted(range(len(said)), key=lambda i: (not fitting[i], -together[said[i]], -scores[i]))


def evidence(said: Sequence[Meaning], features: NDArray[np.float64], scores: NDArray[np.float64], best: int) -> Grounds:
    """What the confidence in sentence `best` is judged by; the other parameters as in `ranked`."""
    same = np.array([meant == said[best] for meant in said])
    others = np.append(scores[~same], 0.0)
    known = Features(*features[best])
    odds = np.logaddexp.reduce(scores[same]) - np.logaddexp.reduce(others)
    return Grounds(odds=np.clip(odds, -12, 12), judge=known.judge, not_verified=known.not_verified)


def names(features: type[Features] | type[Grounds]) -> list[str]:
    """The features by the names that the fitted model's file has for them."""
    return [name.replace("_", " ") for name in features._fields]


def share(words: Sequence[str], among: set[str]) -> float:
    """The share of the question's words that stand in `among`, longer words counting for more."""
    return sum(len(word) for word in words if word in among) / max(sum(map(len, words)), 1)


def _missing(proper: set[str], among: set[str]) -> float:
    """The share of the question's names and numbers that do not stand in `among`."""
    return len(proper - among) / len(proper) if proper else 0.0
