"""The question sets, and their articles written as files for every system to index."""

import gzip
import itertools
import json
import os
import random
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from article_assistant.evaluation.questions import Question
from article_assistant.index.types import UserFacingError

SETS = ("squad-dev", "nq-dev")
"""Sets to measure on: squad-dev has 48 long articles, nq-dev some 1,300 short pages."""


_LONG = re.compile(r"\b[a-z]{6,}\b")


class DataMissing(UserFacingError):
    """The question sets are not where they should be."""


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph of a set, the title of its article, and its questions with their answers."""

    title: str
    text: str
    questions: tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class Corpus:
    """Articles on disk: `texts` maps a file's name in `folder` to its content.

    `questions` name their article by that file name.
    """

    folder: Path
    texts: dict[str, str]
    questions: list[Question]

    def sample(self, many: int | None, seed: int) -> list[Question]:
        """`many` of the questions, the same ones for the same seed; all of them for None."""
        if many is None or many >= len(self.questions):
            return self.questions
        return random.Random(seed).sample(self.questions, many)


def shared(name: str = "data") -> Path:
    """The folder `name` (`data`: the sets) in ASSISTANT_SHARED, else in `shared` beside the checkout."""
    beside = Path(__file__).resolve().parents[2] / "shared"
    folder = Path(os.environ.get("ASSISTANT_SHARED") or beside) / name
    if not folder.is_dir():
        raise DataMissing(f"no question sets in {folder}; let ASSISTANT_SHARED name the folder that holds {name}/")
    return folder


def paragraphs(name: str) -> Iterator[Paragraph]:
    """The paragraphs of a set, in the order of its file. Raises DataMissing where there is no such set."""
    path = shared() / f"{name}.jsonl.gz"
    if not path.is_file():
        raise DataMissing(f"no question set {path}; let ASSISTANT_SHARED name the folder that holds data/")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            asked = ((q["question"], tuple(a["text"] for a in q["answers"])) for q in row["questions"])
            yield Paragraph(row["article"], row["context"], tuple(asked))


def write(
    rows: Iterable[Paragraph], folder: Path, articles: int | None = None, *, unanswerable: bool = False
) -> Corpus:
    """Write the first so many articles into the new `folder`, one .txt file each, all of them for None.

    Questions without an answer are kept only where `unanswerable` says so.

    The paragraphs of an article are joined by blank lines; its file is named after its title.
    """
    folder.mkdir(parents=True)
    names: dict[str, str] = {}
    pieces: dict[str, list[str]] = {}
    questions: list[Question] = []
    for row in rows:
        if row.title not in names:
            if articles is not None and len(names) >= articles:
                continue
            names[row.title] = file_name(row.title, pieces)
        name = names[row.title]
        pieces.setdefault(name, []).append(row.text)
        questions += [Question(asked, answers, name) for asked, answers in row.questions if answers or unanswerable]
    texts = {name: "\n\n".join(parts) for name, parts in pieces.items()}
    for name, text in texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    return Corpus(folder, texts, questions)


def repeated(rows: Sequence[Paragraph], seed: int = 0) -> Iterator[Paragraph]:
    """The rows, then, without end, copies of them in which every tenth long word is another one, under titles of
    their own and without questions."""
    chance = random.Random(seed)
    yield from rows
    words = [word for row in rows for word in _LONG.findall(row.text)]
    for number in itertools.count(2):
        for row in rows:
            text = _LONG.sub(lambda found: chance.choice(words) if chance.random() < 0.1 else found[0], row.text)
            yield Paragraph(f"{row.title} ({number})", text, ())


def file_name(title: str, taken: Iterable[str] | Sequence[str] = ()) -> str:
    """A file's name for a title: no slashes, not hidden, of bounded length, and none that is taken.

    >>> file_name("AC/DC (band)"), file_name("AC/DC (band)", ["AC_DC_(band).txt"])
    ('AC_DC_(band).txt', 'AC_DC_(band)_2.txt')
    """
    stem = re.sub(r"[^\w().,'&+-]+", "_", title).strip("._ ")[:80] or "article"
    names = (f"{stem}.txt", *(f"{stem}_{n}.txt" for n in range(2, 10_000)))
    used = set(taken)
    return next(name for name in names if name not in used)
