"""Train the network that picks the words which a follow-up question leaves out, into assistant/models/carried.npz.

    python -m training.followups [--shared ../shared/data]      (3 min)

A word of the turns before is labelled by whether a rewrite by a person of the follow-up has it. Besides, some questions
take nothing: about something else (of other conversations, Natural Questions and SQuAD), or standing alone already.
One half of the conversations is learned from, by the SHA-256 of their names; `bench.followups` asks the other.
"""

import argparse
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from article_assistant.answering import carried
from article_assistant.types import Turn
from numpy.typing import NDArray

from bench import data
from bench.followups import FILE, Conversation, conversations

VOCABULARY = 100
"""The most frequent words of the questions, which are features."""
OTHER, FOREIGN, COMPLETE = 0.35, 0.35, 0.35
"""Examples of each kind for one follow-up: another conversation's question, one of Natural Questions or
SQuAD, one that stands alone."""
HIDDEN, EPOCHS, BATCH, RATE, DECAY = 32, 40, 256, 2e-3, 1e-2
LEAST, SURE = 0.2, 0.7
"""The least chance with which a word is carried over; and that of one at least where nothing in the question leans."""
SEED = 13


def examples(talks: Sequence[Conversation], foreign: Sequence[str]) -> Iterator[tuple[str, list[Turn], str]]:
    """Questions, the turns before, and the question as it stands alone."""
    chance = random.Random(SEED)
    rewrites = [follow_up.rewrite for talk in talks for follow_up in talk.follow_ups]
    for talk in talks:
        cited = () if talk.title.startswith("Notes ") else (talk.article,)
        known: dict[str, str] = {}
        for follow_up in talk.follow_ups:
            turns = [Turn(q, a, (), known.get(q, q), cited) for q, a in follow_up.before]
            known[follow_up.question] = follow_up.rewrite
            yield follow_up.question, turns, follow_up.rewrite
            for share, question in (
                (OTHER, chance.choice(rewrites)), (FOREIGN, chance.choice(foreign)), (COMPLETE, follow_up.rewrite)
            ):  # fmt: skip
                if chance.random() < share:
                    yield question, turns, question


def rows_of(
    found: Sequence[tuple[str, list[Turn], str]], vocabulary: Sequence[str]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Features and labels of all candidates."""
    rows, labels = [], []
    for question, turns, whole in found:
        wanted = {stem for _, stem in carried.telling(whole)}
        rows.append(carried.features(question, turns, vocabulary))
        labels += [float(stem in wanted) for stem in carried.candidates(question, turns)]
    return np.concatenate(rows), np.array(labels, np.float32)


def learned(rows: NDArray[np.float32], labels: NDArray[np.float32]) -> dict[str, NDArray[np.float32]]:
    """The weights of one hidden layer, by AdamW with a rate that falls to zero."""
    torch.manual_seed(SEED)
    mean, scale = rows.mean(0), rows.std(0) + 1e-6
    x, y = torch.from_numpy((rows - mean) / scale), torch.from_numpy(labels)
    net = torch.nn.Sequential(torch.nn.Linear(x.shape[1], HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, 1))
    steps = EPOCHS * (len(x) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), RATE, weight_decay=DECAY)
    falling = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: 1 - step / steps)
    for _ in range(EPOCHS):
        for batch in torch.randperm(len(x))[: len(x) // BATCH * BATCH].view(-1, BATCH):
            loss = torch.nn.functional.binary_cross_entropy_with_logits(net(x[batch])[:, 0], y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            falling.step()
    weights = [p.detach().numpy() for p in net.parameters()]
    return {
        "mean": mean, "scale": scale, "hidden": weights[0].T, "hidden_bias": weights[1], "out": weights[2][0],
        "out_bias": weights[3], "least": _logit(LEAST), "sure": _logit(SURE),
    }  # fmt: skip


def _logit(chance: float) -> NDArray[np.float32]:
    return np.array(np.log(chance / (1 - chance)), np.float32)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    talks = conversations(given.shared / FILE, half=1)
    words = Counter(
        word
        for talk in talks
        for follow_up in talk.follow_ups
        for word in {word.lower() for word in carried.words_of(follow_up.question)}
    )
    vocabulary = [word for word, _ in words.most_common(VOCABULARY)]
    foreign = [
        question
        for name in ("nq-train", "squad-train")
        for page in data.paragraphs(name)
        for question, _ in page.questions
    ]
    rows, labels = rows_of(list(examples(talks, foreign)), vocabulary)
    print(f"{len(talks):,} conversations, {len(rows):,} words, {labels.mean():.1%} carried over")
    weights: dict[str, Any] = {"vocabulary": np.array(vocabulary), **learned(rows, labels)}
    np.savez_compressed(carried.MODEL, **weights)


if __name__ == "__main__":
    main()
