"""Questions with known answers become figures, each with its 95 % interval."""

import json
import math
import random
import re
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from article_assistant.index.types import Article, Hit, UserFacingError
from article_assistant.pipeline import Assistant
from article_assistant.types import Answer, Citation, Found, User

WINDOW = 1000
"""Characters of ranked text that a reader, or an LLM, might look at."""
IN_WINDOW = f"answer in first {WINDOW:,} characters"


class QuestionFileError(UserFacingError):
    """A question file that cannot be read, with the line that is wrong."""


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a question file; `answers` is empty where the articles do not answer it."""

    question: str
    answers: tuple[str, ...]
    article: str | None = None
    before: tuple[str, ...] = ()


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


def read_questions(path: Path) -> list[Question]:
    """The questions of a file of JSON lines. Raises QuestionFileError, naming the first bad line."""
    try:
        lines = path.read_text(encoding="utf-8-sig").split("\n")  # a JSON string may hold other line ends
    except (OSError, UnicodeDecodeError) as error:
        raise QuestionFileError(
            f"the question file {path} cannot be read ({error}); name a file of JSON lines"
        ) from error
    found = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
            answers, before, article = fields["answers"], fields.get("before", []), fields.get("article")
            texts = [fields["question"], *answers, *before, *([] if article is None else [article])]
            if (
                not all(isinstance(text, str) for text in texts)
                or isinstance(answers, str)
                or not fields["question"].strip()
            ):
                raise TypeError
        except (ValueError, KeyError, TypeError, AttributeError):
            raise QuestionFileError(
                f'line {number} of {path} is no question; one looks like {{"question": "…", "answers": ["…"]}}'
            ) from None
        found.append(Question(fields["question"], tuple(answers), article, tuple(before)))
    if not found:
        raise QuestionFileError(f"the question file {path} holds no question")
    return found


def normal(text: str) -> str:
    """SQuAD's normalisation (Rajpurkar et al. 2016): no case, punctuation, articles or extra spaces.

    >>> normal("The  Seven, (captured)")
    'seven captured'
    """
    bare = "".join(char for char in text.lower() if char not in set(string.punctuation))
    return " ".join(re.sub(r"\b(a|an|the)\b", " ", bare).split())


def holds(text: str, answers: Sequence[str]) -> bool:
    """Whether the words of an answer stand in a text, as whole words.

    >>> holds("Eleven were killed, seven captured.", ["seven"]), holds("seventeen", ["seven"])
    (True, False)
    """
    words = f" {normal(text)} "
    return any(f" {normal(answer)} " in words for answer in answers if normal(answer))


def f1(found: str, answers: Sequence[str]) -> float:
    """The best word overlap of a text with an answer, 0 to 1."""
    best = 0.0
    words = normal(found).split()
    for answer in answers:
        known = normal(answer).split()
        shared = sum((Counter(words) & Counter(known)).values())
        if shared:
            precision, recall = shared / len(words), shared / len(known)
            best = max(best, 2 * precision * recall / (precision + recall))
    return best


def named(article: str, title: str, name: str | None) -> bool:
    """Whether an article is the one that a question names by its title or path."""
    return name is None or name in {title, article} or article.endswith(f"/{name}")


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
    """Whether an answer stands in the first WINDOW characters of the ranked text."""
    left = WINDOW
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
            found[name] = Figure(sum(values) / len(values), *_bootstrap(values, lambda v: sum(v) / len(v)), len(values))

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
    milliseconds = [o.seconds * 1000 for o in outcomes]
    for percent in (50, 95):
        value = percentile(milliseconds, percent)
        interval = _bootstrap(milliseconds, lambda v, p=percent: percentile(v, p))  # type: ignore[misc]
        found[f"p{percent} ms"] = Figure(value, *interval, len(milliseconds))
    return found


def wilson(successes: int, of: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927), which keeps its sense near 0 and 1.

    >>> [round(bound, 3) for bound in wilson(9, 10)]
    [0.596, 0.982]
    """
    z, p = 1.959964, successes / of
    middle = (p + z * z / (2 * of)) / (1 + z * z / of)
    reach = z * math.sqrt(p * (1 - p) / of + z * z / (4 * of * of)) / (1 + z * z / of)
    return max(middle - reach, 0.0), min(middle + reach, 1.0)


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that at least `percent` % of the values do not exceed."""
    return sorted(values)[max(math.ceil(len(values) * percent / 100) - 1, 0)]


def _bootstrap(values: Sequence[float], measure: Callable[[Sequence[float]], float]) -> tuple[float, float]:
    """The 95 % interval of any measure, from 400 samples with replacement; the same every time."""
    chance = random.Random(20160609)  # noqa: S311
    samples = sorted(measure(chance.choices(values, k=len(values))) for _ in range(400))
    return samples[9], samples[389]


def _said(answer: Answer) -> str:
    """The exact words, or the first quote where there are none."""
    return answer.short or (answer.citations[0].quote if answer.citations else "")


def _hit(text: str, article: Article, question: Question) -> bool:
    return named(article.id, article.title, question.article) and holds(text, question.answers)
