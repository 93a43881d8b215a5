"""Questions with known answers become figures, each with its 95 % interval."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from article_assistant.evaluation.questions import Question, f1, holds, named, normal
from article_assistant.index.types import Article, Hit
from article_assistant.pipeline import Assistant
from article_assistant.types import Answer, Citation, Found, User
from numpy.typing import NDArray
from scipy import stats

RANKED_CHARACTERS = 1000
"""Characters of ranked text that a reader, or an LLM, might look at."""
IN_WINDOW = f"answer in first {RANKED_CHARACTERS:,} characters"
SAMPLES = 2000
"""Bootstrap samples behind an interval."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A measured value and its 95 % interval; `of` is how many questions it was taken from."""

    value: float
    low: float
    high: float
    of: int


@dataclass(slots=True)
class Outcome:
    """What happened to one question."""

    question: Question
    answer: Answer
    hits: tuple[Hit, ...]
    seconds: float
    ranks: list[int] = field(default_factory=list)
    """Ranks of the hits that hold an answer."""


def right(citation: Citation, question: Question) -> bool:
    """Whether a quote holds an answer and is from the article that the question names, if it names one."""
    return named(citation.article, citation.title, question.article) and holds(citation.quote, question.answers)


def exact(outcome: Outcome) -> bool:
    """Whether what was said is an answer, word for word after the normalisation; a refusal is not."""
    said = normal(_said(outcome.answer))
    return outcome.answer.answered and said in map(normal, outcome.question.answers)


def overlap(outcome: Outcome) -> float:
    """The F1 of what was said, 0 to 1; 0 for a refusal."""
    return f1(_said(outcome.answer), outcome.question.answers) if outcome.answer.answered else 0.0


def in_window(outcome: Outcome) -> bool:
    """Whether an answer stands in the first RANKED_CHARACTERS characters of the ranked text."""
    left = RANKED_CHARACTERS
    for hit in outcome.hits:
        if _hit(hit.chunk.text[:left], hit.article, outcome.question):
            return True
        left -= len(hit.chunk.text)
        if left <= 0:
            return False
    return False


def run(assistant: Assistant, questions: Sequence[Question], progress: Callable[[], None]) -> Iterator[Outcome]:
    """Ask every question as the operator, each in a conversation of its own."""
    operator = User("evaluate", None)
    for number, question in enumerate(questions):
        conversation = f"{time.time_ns()}-{number}" if question.before else None
        for earlier in question.before:
            assistant.answer(earlier, operator, conversation)
        began = time.perf_counter()
        hits: tuple[Hit, ...] = ()
        for event in assistant.ask(question.question, operator, conversation):
            if isinstance(event, Found):
                hits = event.hits
            elif isinstance(event, Answer):
                outcome = Outcome(question, event, hits, time.perf_counter() - began)
                outcome.ranks = [hit.rank for hit in hits if _hit(hit.chunk.text, hit.article, question)]
                yield outcome
        progress()


def figures(outcomes: Sequence[Outcome]) -> dict[str, Figure]:
    """Everything that is measured, by name; what no question of the file asks for is left out."""
    known = [outcome for outcome in outcomes if outcome.question.answers]
    unknown = [outcome for outcome in outcomes if not outcome.question.answers]
    found: dict[str, Figure] = {}

    def share(name: str, values: Sequence[bool]) -> None:
        if values:
            found[name] = Figure(sum(values) / len(values), *wilson(sum(values), len(values)), len(values))

    def mean(name: str, values: Sequence[float]) -> None:
        if values:
            given = np.array(values)
            interval = interval_of(resampled(len(given), lambda drawn: float(given[drawn].mean())))
            found[name] = Figure(sum(values) / len(values), *interval, len(values))

    share("hit@1", [1 in o.ranks for o in known])
    share("hit@5", [any(rank <= 5 for rank in o.ranks) for o in known])
    mean("mrr@10", [max((1 / rank for rank in o.ranks if rank <= 10), default=0.0) for o in known])
    share(IN_WINDOW, [in_window(o) for o in known])
    share("exact match", [exact(o) for o in known])
    mean("f1", [overlap(o) for o in known])
    share("first quote right", [any(right(c, o.question) for c in o.answer.citations[:1]) for o in known])
    share("citation precision", [right(c, o.question) for o in known for c in o.answer.citations])
    share("citation recall", [any(right(c, o.question) for c in o.answer.citations) for o in known])
    share("false refusals", [not o.answer.answered for o in known])
    share("false answers", [o.answer.answered for o in unknown])
    took = np.array([o.seconds * 1000 for o in outcomes])
    for percent in (50, 95):
        samples = resampled(len(took), lambda drawn, p=percent: percentile(took[drawn], p))  # type: ignore[misc]
        found[f"p{percent} ms"] = Figure(percentile(took, percent), *interval_of(samples), len(took))
    return found


def wilson(successes: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), which keeps its sense near 0 and 1.

    >>> [round(bound, 3) for bound in wilson(9, 10)]
    [0.596, 0.982]
    """
    found = stats.binomtest(successes, of).proportion_ci(method="wilson")
    return float(found.low), float(found.high)


def percentile(values: Sequence[float] | NDArray[np.float64], percent: float) -> float:
    """The smallest value that at least `percent` % of the values do not exceed."""
    return float(np.percentile(values, percent, method="inverted_cdf"))


def resampled(of: int, measure: Callable[[NDArray[np.intp]], float], samples: int = SAMPLES) -> NDArray[np.float64]:
    """A measure of bootstrap samples (Efron 1979), ascending; samples for which it is NaN are left out.

    `measure` is given the indices of a sample, drawn with replacement from `range(of)`; the same ones every time.
    """
    if of == 1:  # scipy wants two observations; a sample of one can only be drawn one way
        return np.array([measure(np.zeros(1, dtype=np.intp))])
    drawn = stats.bootstrap(
        (np.arange(of),), measure, vectorized=False, n_resamples=samples, method="percentile",
        rng=np.random.default_rng(20160609),
    ).bootstrap_distribution  # fmt: skip
    values: NDArray[np.float64] = np.sort(drawn[~np.isnan(drawn)])
    return values


def interval_of(values: NDArray[np.float64]) -> tuple[float, float]:
    """The middle 95 % of samples, bounded outwards by drawn values: between 0 and the next one lies only chance."""
    low, high = np.quantile(values, 0.025, method="lower"), np.quantile(values, 0.975, method="higher")
    return float(low), float(high)


def _said(answer: Answer) -> str:
    """The exact words, or the first quote where there are none."""
    return answer.short or (answer.citations[0].quote if answer.citations else "")


def _hit(text: str, article: Article, question: Question) -> bool:
    return named(article.id, article.title, question.article) and holds(text, question.answers)
