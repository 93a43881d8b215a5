"""How well passages are found: ours, its two searches alone, txtai and the llama-index tutorial.

Every system indexes the same folder with the same encoder and is asked the same questions.
"""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from article_assistant.evaluation.figures import RANKED_CHARACTERS
from article_assistant.evaluation.questions import Question
from article_assistant.index import embed

from bench import data, peers, report, systems
from bench.score import DEPTH, Piece, Score, against, figures, score, share_read

Measured = tuple[dict[str, list[Score]], float]
Search = Callable[[Sequence[str], int], Iterator[list[Piece]]]

NAMES = {
    "ours": "ours",
    "ours, words": "ours, BM25 alone",
    "ours, vectors": "ours, vectors alone",
    "txtai": "txtai hybrid",
    "txtai titles": "txtai hybrid, title before each paragraph",
    "tutorial": "llama-index + Chroma tutorial",
    "tutorial 256": "the same, chunk_size=256",
}
"""What the systems are called in the table."""


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "30 to 45 minutes for squad-dev, 10 to 15 for nq-dev, on two cores")
    parser.add_argument("--set", choices=data.SETS, default="squad-dev", help="whose articles and questions")
    parser.add_argument("--questions", type=report.positive, metavar="N", help="ask a sample of N, else all")
    parser.add_argument("--articles", type=report.positive, metavar="N", help="index the first N only")
    parser.add_argument("--seed", type=int, default=0, help="which sample")
    given = parser.parse_args()
    report.offline()
    for name in peers.MODULES:
        peers.load_modules(name)
    facts = report.machine()
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        corpus = data.write(data.paragraphs(given.set), Path(folder) / "articles", given.articles)
        asked = corpus.sample(given.questions, given.seed)
        report.say(f"{given.set}: {len(corpus.texts):,} articles, {len(asked):,} questions")
        scores: dict[str, list[Score]] = {}
        read: dict[str, float] = {}
        for name in ("ours", "txtai", "txtai titles", "tutorial", "tutorial 256"):
            measured, share = _measure(name, corpus, asked, Path(folder))
            scores |= measured
            read |= dict.fromkeys(measured, share)
    rows, document = [], {}
    for name, called in NAMES.items():
        found = figures(scores[name])
        gap = against(scores["ours"], scores[name])
        # BM25 reads every word, whatever the encoder does.
        share_text = "–" if name == "ours, words" else f"{read[name]:.1%}"
        difference = "–" if name == "ours" else f"{gap.value:+.3f} ({gap.low:+.3f} to {gap.high:+.3f})"
        rows.append([called, *[report.shown(figure) for figure in found.values()], difference, share_text])
        document[called] = {
            **{label: _plain(figure) for label, figure in found.items()},
            "hit@1 minus ours": _plain(gap),
            "text read": None if name == "ours, words" else round(read[name], 4),
        }
    headings = ["system", *found, "hit@1 minus ours", "text read"]
    body = [
        f"{given.set}: {len(corpus.texts):,} articles ({sum(map(len, corpus.texts.values())):,} characters), "
        f"{len(asked):,} of {len(corpus.questions):,} questions, seed {given.seed}; intervals of 95 %.",
        report.table(headings, rows),
        f"A hit is a piece that holds an answer and is of the question's article; {DEPTH} pieces a question. The "
        f"column “hit@1 minus ours” compares the same questions in pairs. “Answer in first {RANKED_CHARACTERS:,} "
        "characters” looks at the ranked pieces one behind the other, which makes long and short pieces comparable: "
        "hit@1 and hit@5 favour long ones. "
        "“Text read” is the share of all characters that the encoder reads, within its limit "
        "of tokens: 256, but 512 in txtai. Chunk sizes of llama-index count tokens of tiktoken's cl100k_base.",
    ]
    name = f"retrieval-{given.set}"
    setup = {"set": given.set, "articles": len(corpus.texts), "questions": len(asked), "seed": given.seed}
    report.write(given.out, name, "Finding passages", facts, body, {**setup, "systems": document})


def _measure(name: str, corpus: data.Corpus, asked: Sequence[Question], folder: Path) -> Measured:
    """Index and ask one system: its scores, by the name of the search, and the share of text it reads."""
    report.say(f"{name}: indexing")
    system = systems.make(name)
    home = folder / name.replace(" ", "-")
    home.mkdir()
    system.index(corpus.folder, home)
    searches: dict[str, Search] = {name: system.search}
    if isinstance(system, systems.Ours):
        searches |= {"ours, words": system.search_words, "ours, vectors": system.search_vectors}
    questions = [question.question for question in asked]
    found: dict[str, list[Score]] = {}
    for called, search in searches.items():
        report.say(f"{called}: asking")
        ranked = search(questions, DEPTH)
        found[called] = [score(question, pieces) for question, pieces in zip(asked, ranked, strict=True)]
    share = share_read(corpus.texts, system.passages(), embed.load().tokens, system.limit)
    system.close()
    return found, share


def _plain(figure: Any) -> dict[str, float]:
    return {"value": round(figure.value, 4), "low": round(figure.low, 4), "high": round(figure.high, 4)}


if __name__ == "__main__":
    report.run(main)
