"""How well a question tells by itself whether its passage answers it: `python -m training.alone WORK`, 3 minutes.

A network that could tell it from the question would learn how people word near misses, not how to read. So the mix of
the judge's pairs is one in which the question says little: a balanced accuracy of 0.5 is chance, 0.55 was wanted.
"""

import argparse
from pathlib import Path

import numpy as np
from article_assistant.answering.kind import features
from article_assistant.answering.reader import pair_tokenizer
from article_assistant.index.embed import MiniLM

from training import judge, pairs, refusals
from training.kinds import fit, kept_for_test

MOST = 20_000
"""Pairs that are drawn, by the shares of the judge's mix."""


def told_alone(work: Path) -> tuple[float, int]:
    """The balanced accuracy, 0 to 1, on the half of the questions that nothing was learned from, and how many pairs.

    It is told by a logistic regression over the encoder's vectors of the question and its first words.
    """
    found, of_kind = refusals.kinds(work)
    chance, tokenizer, encoder = np.random.default_rng(pairs.SEED), pair_tokenizer(), MiniLM()
    drawn = np.concatenate([
        chance.choice(of_kind[name], min(len(of_kind[name]), round(share * MOST)), replace=False)
        for name, share in judge.MIX.items()
    ])  # fmt: skip
    asked = list[str]()
    for i in drawn:
        own = slice(found.ends[i], found.ends[i + 1])
        asked.append(tokenizer.decode(found.ids[own][found.types[own] == 0].tolist()))
    vectors = {question: features(encoder, question) for question in set(asked)}
    x = np.array([vectors[question] for question in asked], np.float64)
    answered = found.spans[drawn, 0, 0] >= 0
    learned = np.array(list(map(kept_for_test, asked)))
    times = np.where(answered, 0.5 / answered.mean(), 0.5 / (1 - answered.mean()))
    weights = fit(x[learned], np.column_stack([~answered, answered])[learned], times[learned])
    scores = np.hstack([x, np.ones((len(x), 1))]) @ weights
    says = scores[:, 1] > scores[:, 0]
    right = [(says == one)[~learned & (answered == one)].mean() for one in (False, True)]
    return float(np.mean(right)), int((~learned).sum())


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    told, of = told_alone(parser.parse_args().work)
    print(f"balanced accuracy by the question alone: {told:.3f} on {of:,} pairs")
