"""What stands on a page, with its place: words, lines of them, rectangles, and the blocks that these make.

Places are in points from the upper left corner of a page.
"""

import unicodedata
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field


class _OnBaseLine:
    """What stands on a base line reaches from its `top` to its `bottom`."""

    __slots__ = ()
    base: float
    size: float

    @property
    def top(self) -> float:
        return self.base - 0.8 * self.size

    @property
    def bottom(self) -> float:
        return self.base + 0.2 * self.size


@dataclass(slots=True)
class PageWord(_OnBaseLine):
    """A word: its left and right edge, its base line, and the size of its type, all in points.

    `mono`: all letters of its type are of one width, as in code.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool
    mono: bool = False


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle; one without a width or a height is a line."""

    left: float
    top: float
    right: float
    bottom: float


@dataclass(slots=True)
class Sheet:
    """A page: words in the order of the file, drawn lines, coloured areas, small ones, and lines that run another way.

    `pictured` is the share of the page that pictures cover, 0 to 1 or a little more.
    """

    width: float
    height: float
    words: list[PageWord] = field(default_factory=list)
    rules: list[Box] = field(default_factory=list)
    areas: list[Box] = field(default_factory=list)
    dots: list[Box] = field(default_factory=list)
    turned: list[str] = field(default_factory=list)
    pictured: float = 0.0


@dataclass(slots=True)
class PageLine(_OnBaseLine):
    """Words beside one another, read from the right where most of their letters are of such a script."""

    words: list[PageWord]
    left: float = 0.0
    right: float = 0.0
    base: float = 0.0
    size: float = 0.0
    bold: bool = False

    def __post_init__(self) -> None:
        words = self.words
        self.left, self.right = words[0].left, max(word.right for word in words)
        self.size, self.base, self.bold = round(words[0].size, 1), words[0].base, words[0].bold
        if any(word.size != words[0].size or word.bold != words[0].bold for word in words):
            sizes = Counter[float]()
            for word in words:
                sizes[round(word.size, 1)] += len(word.text)
            self.size = sizes.most_common(1)[0][0]
            self.base = max(words, key=lambda word: (round(word.size, 1), len(word.text))).base
            self.bold = all(word.bold for word in words if any(map(str.isalnum, word.text)))

    @property
    def mono(self) -> bool:
        return all(word.mono for word in self.words)

    @property
    def text(self) -> str:
        words = [word.text for word in self.words]
        if not "".join(words).isascii():
            letters = [letter for word in words for letter in word if letter.isalpha()]
            if sum(unicodedata.bidirectional(letter) in {"R", "AL"} for letter in letters) * 2 > len(letters):
                words.reverse()
        return " ".join(words)


@dataclass(slots=True)
class Table:
    """Rows of cells, all of the same length; the first `headers` of them name the columns. `edges`: left edges.

    `bold`: all of it is. `unclosed`: columns whose last cell has no line below it, where those beside it have one.
    """

    rows: list[list[str]]
    headers: int
    box: Box
    edges: list[float]
    names: list[str] = field(default_factory=list)
    bold: bool = False
    unclosed: frozenset[int] = frozenset()


@dataclass(slots=True)
class Text:
    """Lines of one column, from top to bottom. `foot`: they are footnotes."""

    lines: list[PageLine]
    box: Box = field(init=False)
    foot: bool = False
    reach: float = 0.0
    """The right edge of the lines: where one ends there, the next may go on with its sentence."""
    column: float = 0.0
    """The right edge of the column that they stand in."""

    def __post_init__(self) -> None:
        self.box = box_around(self.lines)
        self.reach = self.column = self.box.right


PageBlock = Text | Table


def box_around(things: Sequence[Box | PageLine]) -> Box:
    return Box(
        min(one.left for one in things),
        min(one.top for one in things),
        max(one.right for one in things),
        max(one.bottom for one in things),
    )


def stands_in(word: PageWord, box: Box) -> bool:
    middle = word.base - 0.3 * word.size
    return box.left - 1 <= (word.left + word.right) / 2 <= box.right + 1 and box.top - 1 <= middle <= box.bottom + 1
