"""Questions whose passage nearly answers them, so that the reader learns to say "not here".

Three kinds are made of questions that are answered: the passage without the sentences that answer, the
question with a word of the passage changed to one that means something else (WordNet's opposites, and
other nouns of the same kind), and the question with its verb denied. The fourth was written by people: the
questions of a quarter of the articles of `squad2-dev-a` (Rajpurkar et al. 2018, "Know what you don't know"),
answerable or not; these articles are left out of every figure.
"""

import random
import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from article_assistant.evaluation.questions import holds
from article_assistant.index.chunk import passage, split
from article_assistant.index.embed import Embedder
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.types import Article

from training.pairs import Pair, paragraphs, places_of
from training.reworded import WordNet

WITHOUT, CHANGED, DENIED = 0.2, 0.25, 0.06
"""Chances of an answered question to be paired with the rest of its passage, to be changed, to be denied."""
WRITTEN = "squad2-dev-a"
TIMES = 3
"""How often a pass sees each question that people wrote."""
SEED = 43

_WORD = re.compile(r"(?<![\w'-])[a-z]{3,}(?![\w'-])")
_VERB = re.compile(r"\b(?:is|are|was|were|did|does|do|can|could|has|have|had|will|would|should)\b(?! not)")
_NOT = re.compile(r"\b(?:not|never|no|cannot|except|without)\b|n't\b", re.IGNORECASE)


def written_of(shared: Path) -> list[str]:
    """Titles of the articles whose unanswerable questions are learned from: every fourth, in order of title."""
    return sorted({paragraph["article"] for paragraph in paragraphs(shared / f"{WRITTEN}.jsonl.gz")})[::4]


def pairs(shared: Path, told: Iterable[Pair], words: WordNet, embedder: Embedder) -> Iterator[Pair]:
    """Of the answered pairs a share in each of the three ways, then those that people wrote."""
    chance = random.Random(SEED)
    for pair in told:
        if not pair.places:
            continue
        if chance.random() < WITHOUT and (rest := without(pair)):
            yield replace(pair, passage=rest, places=())
        if chance.random() < CHANGED and (question := _changed(pair, words, chance)):
            yield replace(pair, question=question, places=())
        if chance.random() < DENIED and (question := _denied(pair, chance)):
            yield replace(pair, question=question, places=())
    yield from _written(shared, embedder)


def without(pair: Pair) -> str | None:
    """The passage without the lines, a sentence each, that the answer may stand in; None where it is told again."""
    lines, at, kept = pair.passage.split("\n"), 0, []
    for line in lines:
        if not any(at <= start < at + len(line) for start, _ in pair.places):
            kept.append(line)
        at += len(line) + 1
    rest = "\n".join(kept)
    answers = [pair.passage[start:end] for start, end in pair.places]
    return None if len(kept) < 3 or holds(rest, answers) else rest


def _changed(pair: Pair, words: WordNet, chance: random.Random) -> str | None:
    """The question with one word of the passage changed to one that the passage does not have."""
    known = set(stems(pair.passage))
    found = [m for m in _WORD.finditer(pair.question) if m[0] not in UNASKED and set(stems(m[0])) <= known]
    chance.shuffle(found)
    for match in found:
        new = [word for word in words.rivals(match[0]) if not set(stems(word)) & known]
        if new:
            return pair.question[: match.start()] + chance.choice(new) + pair.question[match.end() :]
    return None


def _denied(pair: Pair, chance: random.Random) -> str | None:
    """The question with its first auxiliary verb denied, where neither it nor the passage denies anything."""
    match = _VERB.search(pair.question)
    if not match or match.start() == 0 or _NOT.search(pair.question) or _NOT.search(pair.passage):
        return None
    denied = {"can": "can't", "will": "won't"}.get(match[0], f"{match[0]}n't")
    if chance.random() < 0.5 and match[0] not in {"did", "does", "do"}:
        denied = f"{match[0]} {chance.choice(['not', 'never'])}"
    return pair.question[: match.start()] + denied + pair.question[match.end() :]


def _written(shared: Path, embedder: Embedder) -> Iterator[Pair]:
    titles = set(written_of(shared))
    for paragraph in paragraphs(shared / f"{WRITTEN}.jsonl.gz"):
        if paragraph["article"] not in titles:
            continue
        article = Article("", paragraph["article"], paragraph["context"], "", "", None, frozenset())
        for chunk in split(article, embedder):
            text, spans = passage(article.title, chunk)
            for asked in paragraph["questions"]:
                places = places_of(asked["answers"][0], chunk, spans, article.text) if asked["answers"] else ()
                yield from [Pair(asked["question"], text, places)] * TIMES
