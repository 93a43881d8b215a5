"""The reader: where in a passage the words stand that answer a question, and whether they stand there.

One pass of a six-layer encoder a passage, offline; `training/reader.py` made its weights. The judge, which is six times
as slow and learned from many passages that nearly answer, looks at the best passages with it once more (after Hu et al.
2019, "Read + Verify").
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
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
    """Reads passages for a question; safe to use from several threads."""

    def __init__(self, threads: int = 0, graph: Path = READER, judged: Path = judge.GRAPH) -> None:
        self._tokenizer = pair_tokenizer()
        self._session = onnx.session(graph, threads=threads)
        self._judge = judge.opened(threads, judged)

    def read(
        self, question: str, passages: Sequence[tuple[str, SentenceSpans]], fits: Callable[[str], bool] = bool
    ) -> list[list[Reading]]:
        """For each passage and each of its sentences (character spans), the best words in it that `fits` takes."""
        return self._read([self._session], question, passages, fits)

    def verify(
        self, question: str, passages: Sequence[tuple[str, SentenceSpans]], fits: Callable[[str], bool] = bool
    ) -> list[list[Reading]]:
        """The same by the mean of reader and judge, which are wrong about different questions."""
        return self._read([self._session, self._judge], question, passages, fits)

    def _read(
        self,
        sessions: Sequence[Any],
        question: str,
        passages: Sequence[tuple[str, SentenceSpans]],
        fits: Callable[[str], bool],
    ) -> list[list[Reading]]:
        if not passages:
            return []
        question = " ".join(question.split()[:64])[:400]
        encodings = self._tokenizer.encode_batch([(question, text) for text, _ in passages])
        found: list[list[Reading]] = [[] for _ in passages]
        # In order of length and few at a time: a batch is as slow as its longest passage.
        order = sorted(range(len(passages)), key=lambda i: len(encodings[i].ids))
        for first in range(0, len(order), 4):
            batch = order[first : first + 4]
            width = max(len(encodings[i].ids) for i in batch)
            rows = np.zeros((3, len(batch), width), dtype=np.int64)
            for row, i in enumerate(batch):
                length = len(encodings[i].ids)
                rows[0, row, :length] = encodings[i].ids
                rows[1, row, :length] = 1
                rows[2, row, :length] = encodings[i].type_ids
            fed = {"input_ids": rows[0], "attention_mask": rows[1], "token_type_ids": rows[2]}
            logits = np.mean([session.run(None, fed)[0][..., judge.ANSWERS] for session in sessions], axis=0)
            for row, i in enumerate(batch):
                text, spans = passages[i]
                offsets = np.array(encodings[i].offsets)
                inside = np.array(encodings[i].type_ids) == 1
                own = logits[row, : len(offsets)]
                found[i] = [
                    _best(own, offsets, inside, span, lambda a, b, text=text: fits(text[a:b]))  # type: ignore[misc]
                    for span in spans
                ]
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
        return Reading(start, end, -100.0, False)
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
