"""How well questions are answered and refused: the whole assistant over the articles of public question sets.

Only questions of every other article are asked: those of the rest helped to fit the confidence, and the reader
learned from some. The share
of wrong answers accepted is the shipped default unless told otherwise. A question about something else is
one of another set, whose articles are not in the index.
"""

import random
import tempfile
from collections.abc import Sequence
from pathlib import Path

import article_assistant
from article_assistant.evaluation.figures import Figure, Outcome, figures, run, wilson
from article_assistant.evaluation.questions import Question, f1
from article_assistant.index import embed
from article_assistant.index.search import Index
from article_assistant.index.sync import sync
from article_assistant.settings import ACCEPTED_WRONG, Settings

from bench import data, report
from bench.systems import FILE_LIMIT
from training.misses import written_of

SETS = {"squad-dev": "nq-dev", "squad2-dev-a": "nq-dev", "nq-dev": "squad-dev"}
"""Each set with the one whose questions are about something else."""


def main() -> None:
    """Run the command."""
    parser = report.options(__doc__ or "", "20 to 30 minutes for 1,000 questions of each set on two cores")
    parser.add_argument("--questions", type=report.positive, default=1_000, metavar="N", help="questions of each set")
    parser.add_argument("--sets", nargs="+", choices=list(SETS), default=list(SETS), help="which sets")
    parser.add_argument("--accepted", type=float, default=ACCEPTED_WRONG, help="the share of wrong answers accepted")
    parser.add_argument("--seed", type=int, default=0, help="which questions")
    given = parser.parse_args()
    report.offline()
    facts = report.machine()
    embedder = embed.load()
    columns: dict[str, dict[str, Figure]] = {}
    for name in given.sets:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            corpus = data.write(data.paragraphs(name), Path(folder) / "articles", unanswerable=True)
            report.say(f"{name}: indexing {len(corpus.texts):,} articles")
            index = Index.open(Path(folder) / "library", embedder)
            sync([str(corpus.folder)], index, FILE_LIMIT)
            learned = {data.file_name(title) for title in written_of(data.shared())}
            kept = set(sorted(corpus.texts)[1::2]) - learned
            asked = [question for question in corpus.questions if question.article in kept]
            far = [Question(q.question, ()) for q in _elsewhere(SETS[name])]
            chance = random.Random(given.seed)
            asked = chance.sample(asked, min(given.questions, len(asked)))
            far = chance.sample(far, min(given.questions // 2, len(far)))
            report.say(f"{name}: asking {len(asked):,} questions and {len(far):,} about something else")
            settings = Settings(home=index.library.home, accepted_wrong=given.accepted)
            with article_assistant.open(settings, index=index) as assistant:
                columns[name] = _measured(
                    list(run(assistant, asked, lambda: None)), list(run(assistant, far, lambda: None))
                )
            index.close()
    rows = list(dict.fromkeys(row for column in columns.values() for row in column))
    table = [
        [row, *(report.shown(column[row]) if row in column else "–" for column in columns.values())] for row in rows
    ]
    body = [
        f"{given.questions:,} questions of each set, seed {given.seed}; accepted share of wrong answers "
        f"{given.accepted:g}; intervals of 95 %.",
        report.table(["figure", *columns], table),
    ]
    document = {
        name: {
            row: {"value": round(f.value, 4), "low": round(f.low, 4), "high": round(f.high, 4), "of": f.of}
            for row, f in column.items()
        }
        for name, column in columns.items()
    }
    report.write(given.out, "answers", "Answers and refusals", facts, body, {"accepted": given.accepted, **document})


def _elsewhere(name: str) -> list[Question]:
    return [Question(asked, answers) for row in data.paragraphs(name) for asked, answers in row.questions if answers]


def _measured(outcomes: Sequence[Outcome], far: Sequence[Outcome]) -> dict[str, Figure]:
    """The figures of a set, with a refusal of what is not answered counted as right in one of them."""
    found = {name: figure for name, figure in figures(outcomes).items() if not name.endswith("ms")}
    if any(not outcome.question.answers for outcome in outcomes):
        scores = [_score(outcome) for outcome in outcomes]
        mean, reach = sum(scores) / len(scores), 1.96 * _deviation(scores) / len(scores) ** 0.5
        found["f1 with refusals"] = Figure(mean, mean - reach, mean + reach, len(scores))
    given = [outcome for outcome in outcomes if outcome.answer.answered]
    wrong = sum(_score(outcome) < 0.5 for outcome in given)
    found["wrong, of the answers given"] = Figure(
        wrong / max(len(given), 1), *wilson(wrong, max(len(given), 1)), len(given)
    )
    answered = sum(outcome.answer.answered for outcome in far)
    found["answered, of those about something else"] = Figure(
        answered / len(far), *wilson(answered, len(far)), len(far)
    )
    return found


def _score(outcome: Outcome) -> float:
    """F1 of what was said; of a question without an answer, whether it was refused."""
    answer = outcome.answer
    if not outcome.question.answers:
        return float(not answer.answered)
    said = answer.short or (answer.citations[0].quote if answer.citations else "")
    return f1(said, outcome.question.answers) if answer.answered else 0.0


def _deviation(values: Sequence[float]) -> float:
    mean = sum(values) / len(values)
    return float((sum((value - mean) ** 2 for value in values) / len(values)) ** 0.5)


if __name__ == "__main__":
    report.run(main)
