"""Learn how the features of a sentence weigh, and when none of them answers.

    python -m training.sentences WORK    (about 10 min on two cores)

Questions of `squad-dev`, `nq-dev` and one half of the articles of `squad2-dev-a` are asked of an index
of their own articles; for a third of them the passages that hold the answer are taken away, as if the
articles did not answer. A softmax over all sentences and "none of them" is fitted to which sentence
holds the answer; the threshold is the one at which REFUSED of the answerable are refused.
"""

import argparse
import json
import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch

from assistant.evaluate import holds
from assistant.extract import FEATURES, MODEL, READ, candidates
from assistant.reader import Reader
from index import embed
from index.chunk import split
from index.search import Index
from index.types import EVERYONE, Article
from training.reader import paragraphs

ASKED = {"squad-dev": 700, "nq-dev": 400, "squad2-dev-a": 700}
REFUSED = 0.01
"""The share of answerable questions that the threshold refuses on these sets."""
SEED = 11

Example = tuple[np.ndarray, np.ndarray]
"""Features, shape (sentences, features), and which sentences hold the answer."""


def examples(shared: Path, work: Path) -> Iterator[Example]:
    """Ask the questions and look at the sentences that come back."""
    chance = random.Random(SEED)
    embedder, reader = embed.load(), Reader()
    index = Index.open(work / "sentences", embedder)
    asked: dict[str, list[tuple[str, tuple[str, ...], str]]] = {}
    with index.library.writing():
        source = index.library.add_source("training", "training")
        known = index.library.fingerprints(source)
        for name in ASKED:
            texts: dict[str, list[str]] = {}
            for paragraph in paragraphs(shared / f"{name}.jsonl.gz"):
                texts.setdefault(paragraph["article"], []).append(paragraph["context"])
            kept = sorted(texts)[:: 2 if name == "squad2-dev-a" else 1]
            for title in kept:
                identifier = f"{name}/{title}"
                if identifier not in known:
                    article = Article(identifier, title, "\n\n".join(texts[title]), "", "", None, frozenset({EVERYONE}))
                    index.replace(source, [(article, "", split(article, embedder))])
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
            hits = index.find(question, None, READ + 4)
            if answers and chance.random() < 1 / 3:
                hits = [hit for hit in hits if not (hit.article.title == holder and holds(hit.chunk.text, answers))]
            sentences, features = candidates(question, hits[:READ], reader)
            # By title: both SQuAD sets have some of the same articles, and either copy answers.
            right = [s.hit.article.title == holder and holds(s.text, answers) for s in sentences]
            yield features, np.array(right, dtype=bool)
    index.close()


def fit(found: list[Example]) -> dict[str, object]:
    """Weights for standardised features, the logit of "none of them", and the threshold."""
    widest = max(len(right) for _, right in found)
    features = torch.zeros(len(found), widest, len(FEATURES), dtype=torch.float64)
    there = torch.zeros(len(found), widest, dtype=torch.bool)
    right = torch.zeros(len(found), widest + 1, dtype=torch.bool)
    for i, (rows, marks) in enumerate(found):
        features[i, : len(marks)] = torch.from_numpy(rows)
        there[i, : len(marks)] = True
        right[i, : len(marks)] = torch.from_numpy(marks)
        right[i, widest] = not marks.any()
    mean, scale = features[there].mean(0), features[there].std(0) + 1e-6
    weights = torch.zeros(len(FEATURES), dtype=torch.float64, requires_grad=True)
    none = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS([weights, none], max_iter=300, line_search_fn="strong_wolfe")

    def logits() -> torch.Tensor:
        scores = (((features - mean) / scale) @ weights).masked_fill(~there, -1e9)
        return torch.cat([scores, none.expand(len(found), 1)], dim=1)

    def loss() -> torch.Tensor:
        optimizer.zero_grad()
        all_of_them = logits()
        value = (all_of_them.logsumexp(1) - all_of_them.masked_fill(~right, -1e9).logsumexp(1)).mean()
        value = value + 1e-3 * (weights**2).sum()
        value.backward()
        return value

    optimizer.step(loss)
    with torch.no_grad():
        scores = logits()
        margin = scores[:, :-1].max(1).values - scores[:, -1]
        answerable = ~right[:, -1]
        best = scores[:, :-1].argmax(1)
        threshold = float(margin[answerable].quantile(REFUSED))
        first = right.gather(1, best[:, None])[:, 0][answerable].double().mean()
        print(f"right sentence first, of the answerable: {first:.3f}")
        print(f"refused of the unanswerable: {(margin[~answerable] < threshold).double().mean():.3f}")
    return {
        "features": list(FEATURES),
        "weights": [round(float(value), 4) for value in weights.detach()],
        "mean": [round(float(value), 4) for value in mean],
        "scale": [round(float(value), 4) for value in scale],
        "none": round(float(none.detach()), 4),
        "threshold": round(threshold, 4),
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("work", type=Path)
    parser.add_argument("--shared", type=Path, default=Path("../shared/data"))
    given = parser.parse_args()
    learned = fit(list(examples(given.shared, given.work)))
    MODEL.write_text(json.dumps(learned, indent=1) + "\n")
    print(MODEL.name, "written")
