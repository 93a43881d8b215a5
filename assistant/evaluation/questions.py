"""Question files: questions with their known answers, and when a text holds one."""

import json
import re
import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from article_assistant.index.language import UNSPACED
from article_assistant.index.types import UserFacingError


class QuestionFileError(UserFacingError):
    """A question file that cannot be read, with the line that is wrong."""


@dataclass(frozen=True, slots=True)
class Question:
    """One line of a question file; `answers` is empty where the articles do not answer it."""

    question: str
    answers: tuple[str, ...]
    article: str | None = None
    before: tuple[str, ...] = ()


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
    """Whether the words of an answer stand in a text, as whole words where words have spaces between them.

    >>> holds("Eleven were killed, seven captured.", ["seven"]), holds("seventeen", ["seven"])
    (True, False)
    """
    words = f" {normal(text)} "
    known = [normal(answer) for answer in answers if normal(answer)]
    return any((answer if UNSPACED.search(answer) else f" {answer} ") in words for answer in known)


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
