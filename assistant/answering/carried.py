"""Which words a follow-up question takes from the turns before it: a small network, trained on people's rewrites.

Candidates are the content words of the cited articles' titles, of the last questions and of the last answers that the
question itself lacks. Each is told by where it stands (`PLACES`), how far from the end of it, whether it is a name, and
by the question's own words (those of a vocabulary learned with the weights) and its size. `training/followups.py` makes
`models/carried.npz`; it says what it was trained on.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import numpy as np
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.types import Turn
from numpy.typing import NDArray

MODEL = Path(__file__).parent.parent / "models" / "carried.npz"
WORD = 40
"""Maximum characters of a word that is carried over."""
MOST = 12
"""Maximum words carried over."""
EARLIER = 4
"""Turns before the last whose words are candidates."""
READ, READ_EARLIER = 80, 60
"""Words read of the last answer, and of an earlier one."""
_MARK = re.compile(r"\[\d+\]")
PLACES = ("title", "question", "restated question", "answer", "earlier question", "earlier answer")


@dataclass(slots=True)
class Candidate:
    """A word of the turns before. `nearness` by place: 1 at its beginning, falling to 0 at its end, -1 if not there."""

    word: str
    named: bool = False
    times: int = 0
    nearness: list[float] = field(default_factory=lambda: [-1.0] * len(PLACES))


def words_of(text: str) -> list[str]:
    """The words of a text as written, without surrounding punctuation."""
    return [word for piece in text.split() if (word := piece.strip("?!.,;:()[]{}<>/“”\"‘’'`*-–—…"))]


def is_name(word: str) -> bool:
    """Whether a word looks like a name, a code or a number."""
    return word[0].isupper() or any(map(str.isdigit, word))


def telling(text: str) -> list[tuple[str, str]]:
    """The content words of a text in their order, each with its stem; overlong ones are left out."""
    return [
        (word, " ".join(found))
        for word in words_of(text)
        if len(word) <= WORD and word.lower() not in UNASKED and not set(found := stems(word)) <= UNASKED
    ]


def candidates(question: str, turns: Sequence[Turn]) -> dict[str, Candidate]:
    """The content words of the turns, oldest first, that the question lacks, by their stems."""
    own = {stem for _, stem in telling(question)}
    found: dict[str, Candidate] = {}
    for place, text in _texts(turns):
        words = telling(text)
        for i, (word, stem) in enumerate(words):
            if stem in own:
                continue
            named = is_name(word) and (i > 0 or place == 0 or not word[0].isupper())
            known = found.setdefault(stem, Candidate(word if named else word.lower()))
            known.times += 1
            if named and not known.named:
                known.named, known.word = True, word
            if known.nearness[place] < 0:
                known.nearness[place] = 1 - i / len(words)
    return found


def features(question: str, turns: Sequence[Turn], vocabulary: Sequence[str]) -> NDArray[np.float32]:
    """A row for each candidate, shape `(candidates, 24 + len(vocabulary))`."""
    asked = {word.lower() for word in words_of(question)}
    own = {stem for _, stem in telling(question)}
    last = turns[-1]
    shared = [
        float(not own.isdisjoint(stem for _, stem in telling(text)))
        for text in (last.question, last.answer, " ".join(article.title for article in last.cited))
    ]
    sizes = (own, asked, turns, telling(last.answer), telling(last.question))
    of_question = [*(math.log1p(len(some)) for some in sizes), *shared]
    of_question += [float(any(map(is_name, words_of(question)[1:]))), *(float(word in asked) for word in vocabulary)]
    rows = [
        [
            *(float(near >= 0) for near in known.nearness),
            *(max(near, 0.0) for near in known.nearness),
            float(known.named),
            float(any(map(str.isdigit, known.word))),
            math.log1p(known.times),
            *of_question,
        ]
        for known in candidates(question, turns).values()
    ]
    return np.array(rows, np.float32).reshape(len(rows), 24 + len(vocabulary))


def carried(question: str, turns: Sequence[Turn], leans: bool) -> list[str]:
    """The words, at most `MOST`, that a question takes from the turns before it (oldest first), in their order.

    If nothing in it `leans` on what was said before, it takes none unless the network is sure of one, and none where it
    has a name that no turn has: then it is about something else.
    """
    model = _model()
    found = [known.word for known in candidates(question, turns).values()]
    if not found:
        return []
    rows = (features(question, turns, model["vocabulary"].tolist()) - model["mean"]) / model["scale"]
    logits = np.maximum(rows @ model["hidden"] + model["hidden_bias"], 0) @ model["out"] + model["out_bias"]
    if not leans and (logits.max() < model["sure"] or _names_something_new(question, turns)):
        return []
    order = np.argsort(-logits, kind="stable")[:MOST]
    return [found[i] for i in sorted(order) if logits[i] >= model["least"]]


def _names_something_new(question: str, turns: Sequence[Turn]) -> bool:
    """Whether a question has a name that no turn has; its first word is written large in any case."""
    known = {stem for _, text in _texts(turns) for _, stem in telling(text)}
    return any(is_name(word) and stem not in known for word, stem in telling(" ".join(words_of(question)[1:])))


def _texts(turns: Sequence[Turn]) -> Iterator[tuple[int, str]]:
    """Every text that words are taken from, with the number of its place."""
    last = turns[-1]
    if len(last.cited) == 1:  # of several, nobody knows which one is meant
        yield 0, last.cited[0].title
    yield 1, last.question
    yield 2, last.standalone or last.question
    yield 3, " ".join(_MARK.sub("", last.answer).split()[:READ])
    for turn in turns[-1 - EARLIER : -1][::-1]:
        yield 4, turn.standalone or turn.question
        yield 5, " ".join(_MARK.sub("", turn.answer).split()[:READ_EARLIER])


@cache
def _model() -> dict[str, NDArray[np.float32]]:
    with np.load(MODEL) as stored:
        return dict(stored)
