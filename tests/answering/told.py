"""A reader that says what it is told, and articles as if they had been found, for the tests of an answer's making."""

from collections.abc import Callable, Sequence
from contextlib import nullcontext

from article_assistant.answering.reader import Reading
from article_assistant.index.chunk import split
from article_assistant.index.types import EVERYONE, Article, Hit

from tests.parts import Words as WordEncoder


class Told:
    """Reads as it was told: words and the reader's score for each; in other sentences it finds nothing."""

    turn = nullcontext()

    def __init__(self, **found: float) -> None:
        self._found = {words.replace("_", " "): score for words, score in found.items()}

    def read(
        self,
        _question: str,
        passages: Sequence[tuple[str, Sequence[tuple[int, int]]]],
        fits: Callable[[str], bool] = bool,
    ) -> list[list[Reading]]:
        def one(text: str, start: int, end: int) -> Reading:
            for words, score in self._found.items():
                at = text.find(words, start, end)
                if at >= 0:
                    return Reading(at, at + len(words), score, fits(words))
            return Reading(start, end, -12.0, fits(text[start:end]))

        return [[one(text, *span) for span in spans] for text, spans in passages]

    verify = read

    def judged(self, question: str, passage: tuple[str, Sequence[tuple[int, int]]]) -> float:
        return max(one.score for one in self.verify(question, [passage])[0])


class Doubting(Told):
    """The same, but what it finds the verifier does not believe; it notes what the verifier was asked about."""

    asked: Sequence[tuple[str, Sequence[tuple[int, int]]]] = ()

    def verify(
        self,
        _question: str,
        passages: Sequence[tuple[str, Sequence[tuple[int, int]]]],
        fits: Callable[[str], bool] = bool,
    ) -> list[list[Reading]]:
        self.asked = [*self.asked, *(one for one in passages if one not in self.asked)]
        return [[Reading(start, end, -12.0, fits(text[start:end])) for start, end in spans] for text, spans in passages]


def hits(*articles: Article) -> list[Hit]:
    """Every chunk of the articles, as found one after the other."""
    encoder = WordEncoder()
    found: list[Hit] = []
    for article in articles:
        for chunk in split(article, encoder):
            near = tuple(0.6 for _ in chunk.sentences)
            found.append(Hit(chunk, article, len(found) + 1, 0.8, 20.0, near))
    return found


def article(name: str, text: str, updated: str | None = None) -> Article:
    """An article of which name, text and date matter."""
    return Article(name, name, text, "", "1", updated, frozenset({EVERYONE}))
