"""Fits the layer that tells what kind of answer a question asks for: `python -m training.kinds`.

The questions of `training/kinds.txt` were written and labelled by hand. Those whose SHA-256 begins with an even byte
are kept for the test. A softmax with a penalty on its weights is fitted on the others and, with less weight, on
questions of Natural Questions and SQuAD (in ASSISTANT_SHARED) that the patterns of `answering.question` label in part;
`assistant/models/kinds.npz` is written. Printed are the shares told right on the test, beside those of the patterns.
"""

import hashlib
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from article_assistant.answering.kind import COURTESIES, LAYER, PLAIN, features, kinds_of
from article_assistant.answering.question import kind_of
from article_assistant.index.embed import MiniLM
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import log_softmax, logsumexp

from bench import data

LABELLED = Path(__file__).with_name("kinds.txt")
PENALTY = 0.1
"""Weight of half the squared weights beside the summed log-loss."""
QUESTIONS = 2_000
"""Questions taken from each public set."""
WEAK = 0.1
"""How often one of these counts."""


def labelled() -> list[tuple[str, str]]:
    """Each question with its kind, in the order of the file."""
    rows, kind = [], ""
    for line in filter(None, map(str.strip, LABELLED.read_text(encoding="utf-8").splitlines())):
        if line.startswith("# "):
            kind = line[2:]
        else:
            rows.append((line, kind))
    return rows


def kept_for_test(question: str) -> bool:
    """Whether a question is never trained on."""
    return hashlib.sha256(question.encode()).digest()[0] % 2 == 0


def unlabelled() -> list[str]:
    """Questions of people, of which the patterns may say what they know."""
    found = []
    for name, step in (("nq-train", 3), ("squad-train", 30)):
        asked = [question for row in data.paragraphs(name) for question, _ in row.questions]
        found += asked[::step][:QUESTIONS]
    return found


def may_be(question: str, names: Sequence[str]) -> list[bool]:
    """Which kinds an unlabelled question may have: what its pattern says; where none fits, anything about articles."""
    pattern = kind_of(question)
    if pattern in {"words", "list"}:
        return [name not in COURTESIES for name in names]
    return [PLAIN.get(name, name) == pattern or (name, pattern) == ("list", "name") for name in names]


def fit(x: NDArray[np.float64], may: NDArray[np.bool_], times: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of a softmax, shape `(features + 1, kinds)`, the last row the biases.

    Each example counts as often as `times` says and may be of any of the kinds that its row of `may` allows: the loss
    is the negative logarithm of their probabilities' sum (learning from partial labels, Jin and Ghahramani 2002).
    """
    x = np.hstack([x, np.ones((len(x), 1))])
    count = may.shape[1]
    allowed = np.where(may, 0.0, -np.inf)

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(-1, count)
        log_p = log_softmax(x @ weights, axis=1)
        right = logsumexp(log_p + allowed, axis=1)
        penalised = weights * (np.arange(len(weights)) < len(weights) - 1)[:, None]
        wrong = np.exp(log_p) - np.exp(log_p + allowed - right[:, None])
        gradient = x.T @ (wrong * times[:, None]) + PENALTY * penalised
        return float(-(right * times).sum() + PENALTY / 2 * (penalised**2).sum()), gradient.ravel()

    found = minimize(loss, np.zeros(x.shape[1] * count), jac=True, method="L-BFGS-B", options={"maxiter": 300})
    return np.asarray(found.x, np.float64).reshape(-1, count)


def main() -> None:
    """Fit, write and measure."""
    rows, encoder = labelled(), MiniLM()
    names = sorted({kind for _, kind in rows})
    learned = [(question, kind) for question, kind in rows if not kept_for_test(question)]
    others = unlabelled()
    x = np.array([features(encoder, question) for question in [*(question for question, _ in learned), *others]])
    may = [[kind == name for name in names] for _, kind in learned] + [may_be(question, names) for question in others]
    times = np.array([1.0] * len(learned) + [WEAK] * len(others))
    weights = fit(x.astype(np.float64), np.array(may), times)
    np.savez(LAYER, kinds=np.array(names), weights=weights.astype(np.float16))
    told = kinds_of(encoder)
    counts = Counter[str]()
    for question, kind in rows:
        if kept_for_test(question):
            found, pattern = told(question).kind, kind_of(question)
            counts["questions"] += 1
            counts["the layer"] += found == kind
            counts["the patterns"] += pattern == kind
            counts["the layer, in the kinds that patterns know"] += PLAIN.get(found, found) == PLAIN.get(kind, kind)
            counts["the patterns, in the kinds that they know"] += pattern == PLAIN.get(kind, kind)
    for name, count in counts.items():
        share = "" if name == "questions" else f"  {count / counts['questions']:.3f}"
        sys.stdout.write(f"{name:45} {count:4}{share}\n")


if __name__ == "__main__":
    main()
