"""The reader: where in a passage the words stand that answer a question, and whether they stand there.

One pass of a six-layer encoder a passage, offline; `training/reader.py` made its weights. The judge, which is six times
as slow and learned from many passages that nearly answer, looks at the best passages with it once more (after Hu et al.
2019, "Read + Verify").
"""

import threading
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from article_assistant.answering import judge
from article_assistant.index import embed, onnx
from numpy.typing import NDArray
from tokenizers import Tokenizer

READER = Path(__file__).parents[1] / "models" / "reader.onnx"
PAIR = 320
"""Tokens of question and passage together; of the question at most 64 words are read."""
SPAN = 24
"""Tokens that an answer's exact words may have."""
TRIED = 12
"""Spans of a sentence that are tried, best first, until one is of the kind that was asked for."""
KEPT = 2000
"""Passes whose logits are kept, the last ones: of some 150 questions, about 8 MB. The judge looks at passages that were
read just before, and what somebody has asked is often asked again."""
VERIFIED = 2
"""Passages that the judge looks at too, the most promising ones."""
DOUBTED = 5
"""So many where neither of the first seems to answer."""

NOT_READ = -100.0
"""The score of a sentence that lies beyond the tokens that are read."""

SentenceSpans = Sequence[tuple[int, int]]
"""The sentences of a passage, as characters `[start, end)`."""


@dataclass(frozen=True, slots=True)
class Reading:
    """The best words inside one sentence of a passage.

    `start` and `end` are characters of the passage; `score` is the sum of the logits of the first and
    the last token less that of "not in this passage": above 0 the reader thinks that it is answered.
    `fits` tells whether the words are of the kind that was asked for.
    """

    start: int
    end: int
    score: float
    fits: bool = True


def pair_tokenizer() -> Tokenizer:
    """Two texts to tokens, at most PAIR, the second cut at its end."""
    found = Tokenizer.from_file(str(embed.default_folder() / "tokenizer.json"))
    found.no_padding()
    found.enable_truncation(PAIR, strategy="only_second")
    return found


class Reader:
    """Reads passages for a question; safe to use from several threads.

    One passage a pass: the 8-bit graph has one scale for all that it is given, and a passage's logits must not depend
    on others.
    """

    def __init__(self, threads: int = 0, graph: Path = READER, judged: Path = judge.GRAPH) -> None:
        self._tokenizer = pair_tokenizer()
        self._session = onnx.session(graph, threads=threads)
        self._judge = judge.opened(threads, judged)
        self._known = lru_cache(KEPT)(self._pass)
        self.turn: AbstractContextManager[Any] = threading.Lock()
        """Held while reading for one question: a pass takes all cores, so two at once would only delay each other."""

    def read(
        self, question: str, passages: Sequence[tuple[str, SentenceSpans]], fits: Callable[[str], bool] = bool
    ) -> list[list[Reading]]:
        """For each passage and each of its sentences (character spans), the best words in it that `fits` takes."""
        return [self._read([self._session], question, *passage, fits) for passage in passages]

    def verify(
        self, question: str, passages: Sequence[tuple[str, SentenceSpans]], fits: Callable[[str], bool] = bool
    ) -> list[list[Reading]]:
        """The same by the mean of reader and judge, which are wrong about different questions."""
        return [self._read([self._session, self._judge], question, *passage, fits) for passage in passages]

    def judged(self, question: str, passage: tuple[str, SentenceSpans]) -> float:
        """How surely a passage answers by the judge alone: the score of the best words anywhere in it."""
        text = passage[0]
        return self._read([self._judge], question, text, [(0, len(text))], bool)[0].score

    def _read(
        self, sessions: Sequence[Any], question: str, text: str, spans: SentenceSpans, fits: Callable[[str], bool]
    ) -> list[Reading]:
        question = " ".join(question.split()[:64])[:400]
        encoding = self._tokenizer.encode(question, text)
        logits = np.mean([self._known(session, question, text) for session in sessions], axis=0)
        offsets, inside = np.array(encoding.offsets), np.array(encoding.type_ids) == 1
        return [_best(logits, offsets, inside, span, lambda a, b: fits(text[a:b])) for span in spans]

    def _pass(self, session: Any, question: str, text: str) -> NDArray[np.float32]:
        encoding = self._tokenizer.encode(question, text)
        given = {
            "input_ids": np.array([encoding.ids]),
            "attention_mask": np.array([encoding.attention_mask]),
            "token_type_ids": np.array([encoding.type_ids]),
        }
        logits: NDArray[np.float32] = session.run(None, given)[0][0, :, judge.ANSWERS]
        return logits


def looked_at_again(
    reader: Reader,
    question: str,
    passages: Sequence[tuple[str, SentenceSpans]],
    promise: Sequence[float],
    fits: Callable[[str], bool] = bool,
) -> dict[int, list[Reading]]:
    """What `verify` finds in the passages of the most promise, by their number.

    They are VERIFIED where one of these seems to answer (a score above 0), else DOUBTED.
    """
    order = sorted(range(len(passages)), key=lambda i: -promise[i])
    found: dict[int, list[Reading]] = {}
    for some in (order[:VERIFIED], order[VERIFIED:DOUBTED]):
        if all(one.score <= 0 for readings in found.values() for one in readings):
            found |= zip(some, reader.verify(question, [passages[i] for i in some], fits), strict=True)
    return found


def _best(
    logits: NDArray[np.float32],
    offsets: NDArray[np.int64],
    inside: NDArray[np.bool_],
    span: tuple[int, int],
    fits: Callable[[int, int], bool],
) -> Reading:
    """Of the spans of at most SPAN tokens inside characters `[start, end)`, the best that fits, else the best."""
    start, end = span
    tokens = np.flatnonzero(
        inside & (offsets[:, 0] >= start) & (offsets[:, 1] <= end) & (offsets[:, 1] > offsets[:, 0])
    )
    if not len(tokens):  # cut off: the passage is longer than the reader reads
        return Reading(start, end, NOT_READ, False)
    pairs = logits[tokens, 0][:, None] + logits[tokens, 1][None, :]
    allowed = np.triu(np.ones_like(pairs, dtype=bool)) & ~np.triu(np.ones_like(pairs, dtype=bool), SPAN)
    pairs = np.where(allowed, pairs, -np.inf)
    none = float(logits[0].sum())
    most = min(TRIED, int(allowed.sum()))
    tried = np.argpartition(-pairs, most - 1, axis=None)[:most]
    readings = []
    for at in sorted(tried, key=lambda at: -pairs.flat[at]):
        first, last = np.unravel_index(at, pairs.shape)
        a, b = int(offsets[tokens[first], 0]), int(offsets[tokens[last], 1])
        readings.append((a, b, float(pairs[first, last]) - none))
        if fits(a, b):
            return Reading(*readings[-1], True)
    return Reading(*readings[0], False)
