"""Learn how the features of a sentence weigh, and how sure one may be of the best of them.

    python -m training.sentences collect WORK    (13 to 18 min on two busy cores; the questions are asked once)
    python -m training.sentences fit WORK        (1 min)

Questions of every other article of `squad-dev`, of `nq-dev` and of `squad2-dev-a`, but of none whose questions
the reader learned from (`training.misses`), are asked of an index of all articles of these sets. For some the
passages that hold the answer are taken away (a near miss), for some everything of the article (a question about
something else).

A softmax over all sentences and "none of them" is fitted to which sentence holds the answer. Then a
logistic regression is fitted to whether the sentence that comes first is right, on examples that its
softmax was not fitted to (two folds): Platt scaling (Platt 1999) of three features. From its confidences
follows which share of the answers given is wrong at each threshold. docs/reliability.svg shows how far
the confidence can be believed, on examples that neither was fitted to.
"""

import argparse
import json
import pickle
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from article_assistant.answering.extract import READ, WEIGHTS
from article_assistant.answering.question import Meaning, kind_of, meaning
from article_assistant.answering.rank import Features, Grounds, candidates, evidence, names, ranked
from article_assistant.answering.reader import Reader
from article_assistant.answering.refusal import least_confidence
from article_assistant.evaluation.questions import f1, holds
from article_assistant.index import embed
from article_assistant.index.chunk import split
from article_assistant.index.search import Index
from article_assistant.index.types import EVERYONE, Article
from numpy.typing import NDArray

from training.misses import written_of
from training.pairs import paragraphs

ASKED = {"squad-dev": 1_000, "nq-dev": 670, "squad2-dev-a": 730}
ANSWERED = 0.8
"""Share of a team's questions that the articles are taken to answer: examples are weighted to that."""
NEAR, FAR = 0.08, 0.07
"""Shares of the questions whose answer, or whose whole article, is taken away."""
DIAGRAM = Path(__file__).parents[1] / "docs" / "reliability.svg"
SEED = 11


@dataclass(frozen=True, slots=True)
class Example:
    """A question's sentences: features `(sentences, features)`, what their words mean, whether these are of
    the kind asked for, which sentences hold the answer, and for which the answer given would be right."""

    features: NDArray[np.float64]
    said: tuple[Meaning, ...]
    fitting: tuple[bool, ...]
    holding: NDArray[np.bool_]
    right: NDArray[np.bool_]


def examples(shared: Path, work: Path) -> Iterator[Example]:
    """Ask the questions and look at the sentences that come back."""
    chance = random.Random(SEED)
    embedder, reader = embed.load(), Reader()
    index = Index.open(work / "sentences", embedder)
    asked: dict[str, list[tuple[str, tuple[str, ...], str]]] = {}
    with index.library.writing():
        source = index.library.ledger.add("training", "training")
        known = index.library.ledger.fingerprints(source)
        for name in ASKED:
            texts: dict[str, list[str]] = {}
            for paragraph in paragraphs(shared / f"{name}.jsonl.gz"):
                texts.setdefault(paragraph["article"], []).append(paragraph["context"])
            for title in sorted(texts):
                identifier = f"{name}/{title}"
                # The two SQuAD sets share articles; one copy is enough.
                if identifier not in known and not (name == "squad2-dev-a" and f"squad-dev/{title}" in known):
                    article = Article(identifier, title, "\n\n".join(texts[title]), "", "", None, frozenset({EVERYONE}))
                    index.replace(source, [(article, "", split(article, embedder))])
                    known[identifier] = ""
            kept = set(sorted(texts)[::2]) - set(written_of(shared))
            asked[name] = [
                (q["question"], tuple(a["text"] for a in q["answers"]), paragraph["article"])
                for paragraph in paragraphs(shared / f"{name}.jsonl.gz")
                if paragraph["article"] in kept
                for q in paragraph["questions"]
            ]
        index.publish()
    for name, most in ASKED.items():
        chance.shuffle(asked[name])
        for question, answers, holder in asked[name][:most]:
            hits = index.find(question, None, READ + 12)
            fate = chance.random()
            if fate < FAR:
                hits = [hit for hit in hits if hit.article.title != holder]
            elif fate < FAR + NEAR:
                hits = [hit for hit in hits if not (hit.article.title == holder and holds(hit.chunk.text, answers))]
            sentences, features = candidates(question, hits[:READ], reader)
            short = kind_of(question) not in {"reason", "way", "yes or no"}
            told = [s.hit.article.title == holder and holds(s.text, answers) for s in sentences]
            close = [f1(s.words, answers) if answers else 0.0 for s in sentences]
            yield Example(
                features,
                tuple(meaning(s.words) for s in sentences),
                tuple(s.fits for s in sentences),
                np.array([t and (c > 0 or not short) for t, c in zip(told, close, strict=True)], dtype=bool),
                np.array([t and (c >= 0.5 or not short) for t, c in zip(told, close, strict=True)], dtype=bool),
            )
    index.close()


@dataclass(frozen=True, slots=True)
class Weights:
    """A softmax over standardised features, with the logit of "none of them"."""

    weights: NDArray[np.float64]
    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    none: float

    def scores(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Log odds of each sentence against "none of them"."""
        found: NDArray[np.float64] = ((features - self.mean) / self.scale) @ self.weights - self.none
        return found

    def best(self, example: Example) -> tuple[int, NDArray[np.float64]]:
        """The sentence that would be answered with, and the evidence for it."""
        scores = self.scores(example.features)
        first = ranked(example.said, example.fitting, scores)[0]
        return first, np.array(evidence(example.said, example.features, scores, first))


def softmax(found: Sequence[Example]) -> Weights:
    """Fit the weights of the features to which sentences hold the answer."""
    widest = max(len(example.holding) for example in found)
    features = torch.zeros(len(found), widest, len(Features._fields), dtype=torch.float64)
    there = torch.zeros(len(found), widest, dtype=torch.bool)
    holding = torch.zeros(len(found), widest + 1, dtype=torch.bool)
    for i, example in enumerate(found):
        count = len(example.holding)
        features[i, :count] = torch.from_numpy(example.features)
        there[i, :count] = True
        holding[i, :count] = torch.from_numpy(example.holding)
        holding[i, widest] = not example.holding.any()
    mean, scale = features[there].mean(0), features[there].std(0) + 1e-6
    weights = torch.zeros(len(Features._fields), dtype=torch.float64, requires_grad=True)
    none = torch.zeros(1, dtype=torch.float64, requires_grad=True)

    def loss() -> torch.Tensor:
        scores = (((features - mean) / scale) @ weights).masked_fill(~there, -1e9)
        logits = torch.cat([scores, none.expand(len(found), 1)], dim=1)
        lost = logits.logsumexp(1) - logits.masked_fill(~holding, -1e9).logsumexp(1)
        return lost.mean() + 1e-3 * (weights**2).sum()

    _minimise(loss, [weights, none])
    return Weights(weights.detach().numpy(), mean.numpy(), scale.numpy(), float(none.detach()))


def weighed(answerable: NDArray[np.bool_]) -> NDArray[np.float64]:
    """A weight for each example, 1 in the mean, so that ANSWERED of them all are answerable."""
    share = answerable.mean()
    found: NDArray[np.float64] = np.where(answerable, ANSWERED / share, (1 - ANSWERED) / (1 - share))
    return found


def logistic(seen: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """Weights of the evidence, the intercept last, for the chance of being right."""
    inputs, target = torch.from_numpy(seen), torch.from_numpy(right.astype(np.float64))
    counts = torch.from_numpy(weight)
    mean, scale = inputs.mean(0), inputs.std(0) + 1e-6
    weights = torch.zeros(seen.shape[1] + 1, dtype=torch.float64, requires_grad=True)

    def loss() -> torch.Tensor:
        logits = ((inputs - mean) / scale) @ weights[:-1] + weights[-1]
        lost = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, counts)
        return lost + 1e-3 * (weights[:-1] ** 2).sum()

    _minimise(loss, [weights])
    slopes = (weights[:-1] / scale).detach().numpy()
    return np.append(slopes, float(weights[-1].detach()) - float(slopes @ mean.numpy()))


def _minimise(loss: Callable[[], torch.Tensor], parameters: list[torch.Tensor]) -> None:
    optimizer = torch.optim.LBFGS(parameters, max_iter=400, line_search_fn="strong_wolfe")

    def closure() -> torch.Tensor:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)


def crossed(found: Sequence[Example]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Evidence and whether right, of every example by weights fitted to the other half; folds alternate."""
    halves = [softmax(found[half::2]) for half in (0, 1)]
    seen, right = [], []
    for i, example in enumerate(found):
        first, row = halves[1 - i % 2].best(example)
        seen.append(row)
        right.append(bool(example.right[first]) and example.fitting[first])
    return np.array(seen), np.array(right)


def sure(seen: NDArray[np.float64], trust: NDArray[np.float64]) -> NDArray[np.float64]:
    """Confidences, 0 to 1."""
    found: NDArray[np.float64] = 1 / (1 + np.exp(-(seen @ trust[:-1] + trust[-1])))
    return found


def accepted(
    confidence: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]
) -> list[tuple[float, float]]:
    """Pairs of (share of wrong answers among those given, least confidence), the shares falling."""
    pairs = [(round(float(np.average(~right, weights=weight)), 4), 0.0)]
    for least in np.arange(0.02, 1.0, 0.02):
        given = confidence >= least
        if given.sum() < 30:
            break
        share = float(np.average(~right[given], weights=weight[given]))
        if share < pairs[-1][0] - 1e-4:
            pairs.append((round(share, 4), round(float(least), 3)))
    return [*(pair for pair in pairs if pair[0]), (0.0, 1.0)]


def diagram(confidence: NDArray[np.float64], right: NDArray[np.bool_], weight: NDArray[np.float64]) -> str:
    """The reliability diagram (DeGroot & Fienberg 1983) as SVG: stated confidence against share right."""
    size, edge = 260, 46
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {size + 2 * edge} {size + 2 * edge}" '
        'font-family="sans-serif" font-size="11">',
        f'<rect width="{size + 2 * edge}" height="{size + 2 * edge}" fill="#fff"/>',
        f'<path d="M{edge} {edge + size}L{edge + size} {edge}" stroke="#999" stroke-dasharray="4 3"/>',
    ]
    for i in range(10):
        inside = (confidence >= i / 10) & ((confidence < (i + 1) / 10) | (i == 9))
        count = int(inside.sum())
        if not count:
            continue
        share = float(np.average(right[inside], weights=weight[inside]))
        stated = float(np.average(confidence[inside], weights=weight[inside]))
        error = 1.96 * float(np.sqrt(max(share * (1 - share), 1e-4) / count))
        x, y = edge + stated * size, edge + size - share * size
        low, high = edge + size - max(share - error, 0) * size, edge + size - min(share + error, 1) * size
        parts.append(f'<path d="M{x:.1f} {low:.1f}V{high:.1f}" stroke="#2563a8" stroke-width="1.5"/>')
        parts.append(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="4" fill="#2563a8"/>')
        parts.append(f'<text x="{x + 6:.1f}" y="{y + 12:.1f}" fill="#555">{count}</text>')
    for tick in (0, 0.5, 1):
        along, up = edge + tick * size, edge + size - tick * size
        parts.append(f'<text x="{along}" y="{edge + size + 16}" text-anchor="middle" fill="#222">{tick:g}</text>')
        parts.append(f'<text x="{edge - 8}" y="{up + 4}" text-anchor="end" fill="#222">{tick:g}</text>')
    middle = edge + size / 2
    parts += [
        f'<rect x="{edge}" y="{edge}" width="{size}" height="{size}" fill="none" stroke="#222"/>',
        f'<text x="{middle}" y="{edge + size + 34}" text-anchor="middle" fill="#222">stated confidence</text>',
        f'<text transform="translate(14 {middle}) rotate(-90)" text-anchor="middle" fill="#222">share right</text>',
        f'<text x="{middle}" y="{edge - 16}" text-anchor="middle" fill="#222">'
        f"{len(right):,} questions it was not fitted to</text>",
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def fit(found: Sequence[Example]) -> dict[str, object]:
    """The whole model, and the diagram in docs/."""
    found = [example for example in found if len(example.said)]
    seen, right = crossed(found)
    # Twice crossed: the confidences of the diagram and of the thresholds come from the other half too. The
    # halves are of pairs of neighbours, so that both kinds of weights are in each.
    answerable = np.array([bool(example.holding.any()) for example in found])
    weight = weighed(answerable)
    part = np.arange(len(found)) // 2 % 2
    confidence = np.zeros(len(found))
    for half in (0, 1):
        confidence[part == half] = sure(
            seen[part == half], logistic(seen[part != half], right[part != half], weight[part != half])
        )
    weights, trust, curve = softmax(found), logistic(seen, right, weight), accepted(confidence, right, weight)
    DIAGRAM.write_text(diagram(confidence, right, weight))
    best = [weights.best(example)[0] for example in found]
    bins = np.minimum((confidence * 10).astype(int), 9)
    error = sum(abs(((right - confidence) * weight)[bins == i].sum()) for i in set(bins)) / weight.sum()
    print(f"{len(found):,} questions, {answerable.sum():,} of them with an answer among the passages")
    first = np.array([bool(example.holding[i]) for example, i in zip(found, best, strict=True)])
    print(f"right sentence first, of these: {first[answerable].mean():.3f}")
    print(f"right words, of these: {right[answerable].mean():.3f}; expected calibration error {error:.3f}")
    for share in (0.3, 0.25, 0.2, 0.15, 0.1, 0.05):
        given = confidence >= least_confidence(curve, share)
        wrong = (weight * ~right)[given].sum() / max(weight[given].sum(), 1e-9)
        least, refused = least_confidence(curve, share), ~given
        print(
            f"accepting {share:.0%} wrong: confidence {least:.2f}, {wrong:.3f} of the answers wrong, "
            f"refused {refused[answerable].mean():.3f} of the answerable and {refused[~answerable].mean():.3f} of the "
            "others"
        )
    return {
        "features": names(Features),
        "weights": [round(float(value), 4) for value in weights.weights],
        "mean": [round(float(value), 4) for value in weights.mean],
        "scale": [round(float(value), 4) for value in weights.scale],
        "none": round(weights.none, 4),
        "evidence": names(Grounds),
        "trust": [round(float(value), 4) for value in trust],
        "accepted": curve,
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["collect", "fit"])
    parser.add_argument("work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    kept = given.work / "examples.pickle"
    if given.step == "collect":
        kept.write_bytes(pickle.dumps(list(examples(given.shared, given.work))))
    else:
        WEIGHTS.write_text(json.dumps(fit(pickle.loads(kept.read_bytes())), indent=1) + "\n")
        print(WEIGHTS.name, "written")
