"""The kind of a question, told by a small layer over what the default encoder makes of it.

Beside the kinds of answers that `question` knows, it knows places, how many rows of a table, what asks to sum up, and
what is no question about the articles: greetings, thanks, and questions about the assistant. `training/kinds.py` fits
the layer.
"""

import re
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple, cast

import numpy as np
from article_assistant.answering.question import Kind
from article_assistant.index.embed import Embedder
from numpy.typing import NDArray

LAYER = Path(__file__).parents[1] / "models" / "kinds.npz"
PLAIN = {
    "count": "number", "place": "words", "summary": "words", "greeting": "words", "thanks": "words",
    "assistant": "words",
}  # fmt: skip
"""What other kinds are among those that words can be of."""
COURTESIES = ("greeting", "thanks", "assistant")
BESIDE = 0.8
"""Least probability at which something counts as no question about the articles."""
FILLS = 0.7
"""Least probability at which the layer speaks where the patterns are silent, or see only how politely it is asked."""

_TOKEN = re.compile(r"\w+")


class Told(NamedTuple):
    """The likeliest kind of a question and how likely it is, and whether it is about the articles at all (0 to 1)."""

    kind: str
    sure: float
    beside: float
    """How likely it is a greeting, thanks or a question about the assistant."""

    def instead_of(self, pattern: Kind) -> Kind:
        """The kind that the words of its answer must be of, where a pattern says `pattern`: a clear one counts.

        What asks for a reason without a "why", as "What caused the delay?" does, is answered with a few words.
        """
        if self.sure < FILLS or pattern not in {"words", "yes or no"} or (pattern, self.kind) == ("words", "reason"):
            return pattern
        return cast(Kind, PLAIN.get(self.kind, self.kind))

    @property
    def is_summary(self) -> bool:
        """Whether a summary is asked for, rather than a fact."""
        return self.kind == "summary" and self.sure >= FILLS

    @property
    def is_courtesy(self) -> bool:
        """Whether it is surely no question about the articles."""
        return self.kind in COURTESIES and self.beside >= BESIDE


def features(encoder: Embedder, question: str) -> NDArray[np.float32]:
    """The vector of a question, then those of its first two words within it; shape `(3 * dimension,)`.

    A question word's state says what is asked for; the mean of all words says what it is about.
    """
    words = [match.span() for match in _TOKEN.finditer(question)][:2] or [(0, len(question))]
    vectors, pieces = encoder.passages([question], [[words[0], words[-1]]])
    return np.concatenate([vectors[0], pieces[0].ravel()])


def kinds_of(encoder: Embedder) -> Callable[[str], Told]:
    """What tells the kind of a question, with the default encoder."""
    with np.load(LAYER, allow_pickle=False) as stored:
        names, weights = stored["kinds"].tolist(), stored["weights"].astype(np.float32)

    beside = [name in COURTESIES for name in names]

    def told(question: str) -> Told:
        scores = features(encoder, question) @ weights[:-1] + weights[-1]
        likely = np.exp(scores - scores.max())
        likely /= likely.sum()
        return Told(names[int(likely.argmax())], float(likely.max()), float(likely[beside].sum()))

    return told
