"""Documents whose content is known: blocks of every sort by chance, and the lines they should become.

Sentences are those of the articles in `seeds/`, with figures, codes and words of other scripts put in.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from article_assistant.index.reading import files

SEEDS = Path(__file__).resolve().parents[1] / "seeds"
FOREIGN = ("Łódź", "Straße", "Ελλάδα", "Москва", "İstanbul", "Ереван", "žluťoučký", "Ångström", "naïve", "Θεσσαλονίκη")
"""Words with letters that a careless encoding or font loses."""
_SENTENCE = re.compile(r"(?<=[a-z0-9)]{2}[.?!])\s+(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 to 3."""

    level: int
    text: str


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Sentences, and a footnote at their end where there is one."""

    sentences: tuple[str, ...]
    note: str = ""

    @property
    def text(self) -> str:
        return " ".join(self.sentences)


@dataclass(frozen=True, slots=True)
class Items:
    """A list: of each item how many levels in it stands, and its text. Depths never grow by more than one."""

    ordered: bool
    items: tuple[tuple[int, str], ...]

    def numbers(self) -> list[int]:
        """The number of each item on its level."""
        counts: list[int] = []
        numbers = []
        for depth, _ in self.items:
            counts = [*counts[: depth + 1], *[0] * (depth + 1 - len(counts))]
            counts[depth] += 1
            numbers.append(counts[depth])
        return numbers


@dataclass(frozen=True, slots=True)
class Table:
    """Cells as text, columns and rows that they take; the first `heads` rows name the columns, none those of a form."""

    cells: tuple[tuple[tuple[str, int, int], ...], ...]
    heads: int
    caption: str = ""

    def grid(self) -> list[list[str]]:
        """The text of each place."""
        width = sum(across for _, across, _ in self.cells[0])
        grid = [[""] * width for _ in self.cells]
        taken: set[tuple[int, int]] = set()
        for i, row in enumerate(self.cells):
            free = (j for j in range(width) if (i, j) not in taken)
            for text, across, down in row:
                left = next(free)
                for y in range(i, i + down):
                    for x in range(left, left + across):
                        grid[y][x] = text
                        taken.add((y, x))
        return grid

    def names(self) -> list[str]:
        """What stands over each column."""
        heads = self.grid()[: self.heads]
        return [" ".join(dict.fromkeys(filter(None, column))) for column in zip(*heads, strict=True)]

    def lines(self) -> list[str]:
        """Each row with the names of its columns."""
        names, grid = self.names(), self.grid()
        if not names:
            return [": ".join(row) for row in grid]
        return [
            " | ".join(f"{name}: {text}" for name, text in zip(names, row, strict=True) if text)
            for row in grid[self.heads :]
        ]


@dataclass(frozen=True, slots=True)
class Code:
    """Lines whose spaces count."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Terms:
    """Terms, each with its definition."""

    pairs: tuple[tuple[str, str], ...]


Block = Heading | Paragraph | Items | Table | Code | Terms


def lines(blocks: Sequence[Block], notes_last: bool) -> list[str]:
    """What a document should become, without marks of headings and bullets; notes at their marks, or behind all."""
    said: list[str] = []
    behind: list[str] = []
    for block in blocks:
        if isinstance(block, Heading):
            said.append(block.text)
        elif isinstance(block, Paragraph):
            said.append(block.text if notes_last or not block.note else f"{block.text} [{block.note}]")
            behind += [block.note] if block.note and notes_last else []
        elif isinstance(block, Items):
            numbers = [f"{number}. " if block.ordered else "" for number in block.numbers()]
            said += [f"{number}{text}" for number, (_, text) in zip(numbers, block.items, strict=True)]
        elif isinstance(block, Table):
            said += [*filter(None, [block.caption]), *block.lines()]
        elif isinstance(block, Code):
            said += block.lines
        else:
            said += [f"{term}: {meaning}" for term, meaning in block.pairs]
    return [*said, *behind]


def sentences(blocks: Sequence[Block]) -> list[str]:
    """All that is said outside of tables, in pieces that must stay whole."""
    said: list[str] = []
    for block in blocks:
        if isinstance(block, Heading):
            said.append(block.text)
        elif isinstance(block, Paragraph):
            said += [*block.sentences, *filter(None, [block.note])]
        elif isinstance(block, Items):
            said += [text for _, text in block.items]
        elif isinstance(block, Table):
            said += filter(None, [block.caption])
        elif isinstance(block, Code):
            said += block.lines
        else:
            said += [piece for pair in block.pairs for piece in pair]
    return said


@cache
def _sentences() -> tuple[str, ...]:
    """The sentences of the seeds."""
    found = {}
    for path in sorted(SEEDS.rglob("*.*")):
        if path.suffix in {".md", ".txt"}:
            for line in files.read_page(path, path.read_bytes()).text.split("\n"):
                if not re.match(r"#|- |\d+\. |    ", line) and " | " not in line:
                    found.update(dict.fromkeys(one for one in _SENTENCE.split(line) if one.endswith((".", "?", "!"))))
    return tuple(one for one in found if 20 < len(one) < 220 and one.isascii() and not re.search("[*_`<>|\\[\\]]", one))


class Chance:
    """Documents by chance; the same seed makes the same."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._words = [word for one in _sentences() for word in re.findall(r"\b[a-z]{4,9}\b", one)]
        self._said = 0

    def document(self, tables_only: bool = False) -> list[Block]:
        """A document of one to five sections, or of some tables."""
        chance = self._random
        if tables_only:
            return [self.table() for _ in range(chance.randint(1, 3))]
        blocks: list[Block] = [Heading(1, self._name(3).capitalize())]
        for _ in range(chance.randint(1, 5)):
            blocks += [Heading(chance.choice((2, 2, 3)) if len(blocks) > 1 else 2, self._name(3).capitalize())]
            blocks.append(self._paragraph())
            for make in chance.choices(self._makers(), k=chance.randint(1, 4)):
                block = make()
                if isinstance(block, Items) and isinstance(blocks[-1], Items):
                    blocks.append(self._paragraph())  # many kinds make one list of two
                blocks.append(block)
        return blocks

    def _makers(self) -> list[Callable[[], Block]]:
        return [self._paragraph, self._paragraph, self._items, self.table, self._code, self._terms]

    def _name(self, most: int = 2) -> str:
        return " ".join(self._random.sample(self._words, self._random.randint(1, most)))

    def _sentence(self) -> str:
        """A sentence with a word of another script, a code or a figure in it now and then; none comes twice."""
        words = self._random.choice(_sentences()).split(" ")
        self._said += 1
        words.insert(self._random.randrange(1, len(words)), f"{self._name(1)}{self._said}")
        if self._random.random() < 0.25:
            extra = self._random.choice([*FOREIGN, self._code_word(), "well-known", "C#", "10.0.12.0", "€ 6.50"])
            words.insert(self._random.randrange(1, len(words)), extra)
        return " ".join(words)

    def _code_word(self) -> str:
        return f"{self._random.choice(('PN', 'QM', 'ERR'))}-{self._random.randint(1000, 99999)}"

    def _paragraph(self) -> Paragraph:
        note = self._sentence() if self._random.random() < 0.15 else ""
        return Paragraph(tuple(self._sentence() for _ in range(self._random.randint(1, 5))), note)

    def _items(self) -> Items:
        depth, items = 0, []
        for number in range(self._random.randint(3, 7)):
            depth = self._random.randint(0, min(depth + 1, 2)) if number else 0
            items.append((depth, self._sentence() if self._random.random() < 0.5 else self._name(4).capitalize()))
        return Items(self._random.random() < 0.5, tuple(items))

    def _value(self, column: int) -> str:
        made = (
            f"{self._name(2).capitalize()} {self._random.randint(1, 99)}",
            f"{self._random.randint(1, 9999)}",
            self._code_word(),
            f"{self._random.randint(1, 28)} May {self._random.randint(2010, 2030)}",
            f"{self._random.randint(1, 99)}.{self._random.randint(10, 99)} EUR",
        )
        return made[column % len(made)]

    def table(self) -> Table:
        """A table with a header, one whose names or cells span columns or rows, or a form."""
        sort = self._random.choice(("plain", "plain", "form", "tall", "wide"))
        caption = f"{self._name(3).capitalize()}." if self._random.random() < 0.25 else ""
        width, height = self._random.randint(3, 5), self._random.randint(2, 7)
        names = [name.capitalize() for name in self._random.sample(sorted({*self._words}), width + 1)]
        body = [[(self._value(j), 1, 1) for j in range(width)] for _ in range(height)]
        if sort == "form":
            return Table(tuple(((name, 1, 1), (self._value(j), 1, 1)) for j, name in enumerate(names)), 0, caption)
        heads = [[(name, 1, 1) for name in names[:width]]]
        if sort == "wide":
            top = [*((name, 1, 2) for name in names[: width - 2]), (names[width], 2, 1)]
            heads = [top, [(name, 1, 1) for name in names[width - 2 : width]]]
        if sort == "tall":
            for i in range(0, height - 1, 2):
                body[i][0], body[i + 1] = (body[i][0][0], 1, 2), body[i + 1][1:]
        return Table(tuple(map(tuple, [*heads, *body])), len(heads), caption)

    def _code(self) -> Code:
        verbs = [self._name(1) for _ in range(self._random.randint(1, 4))]
        return Code(
            tuple(f"{'  ' * (k % 2)}{verb} --{self._name(1)} {self._code_word()}" for k, verb in enumerate(verbs))
        )

    def _terms(self) -> Terms:
        return Terms(tuple((self._name(2).capitalize(), self._sentence()) for _ in range(self._random.randint(2, 4))))


def documents(many: int, seed: int, tables_only: bool = False) -> Iterator[list[Block]]:
    """`many` documents of a seed."""
    for number in range(many):
        yield Chance(seed * 100_003 + number).document(tables_only)
