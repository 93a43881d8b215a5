"""What stands on a page of a PDF, by PDFium: words with their places, drawn lines, and what lies behind a text.

A page that lies on its side is turned. It takes a while to load, so whoever reads PDFs imports it when there is one.
"""

import ctypes
import math
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pypdfium2.raw as c
from article_assistant.index.reading.drawn import note_drawn
from article_assistant.index.reading.placed import PageWord, Sheet

_BOLD_FONT = re.compile(r"bold|black|heavy|demi|-medi$|cmbx|cmb\d", re.IGNORECASE)
_MONO_FONT = re.compile(r"mono|courier|consol|typewriter|cmtt|nimbusmon|fixed|menlo", re.IGNORECASE)
_HYPHENS = {2, 0xFFFE, 0xAD}
"""How PDFium says that a word is broken at the end of a line; or a hyphen that only shows there."""


def sheet(page: Any) -> Sheet:
    """What stands on a page (`pypdfium2.PdfPage`)."""
    left, bottom, right, top = page.get_bbox()
    # Of each quarter turn: where a point of the PDF, whose second axis goes up, comes to lie.
    turns: tuple[Callable[[float, float], tuple[float, float]], ...] = (
        lambda x, y: (x - left, top - y),
        lambda x, y: (y - bottom, x - left),
        lambda x, y: (right - x, y - bottom),
        lambda x, y: (top - y, right - x),
    )
    text = c.FPDFText_LoadPage(page.raw)
    try:
        found = list(_words_of(text))
    finally:
        c.FPDFText_ClosePage(text)
    quarters = Counter[int]()
    for piece in found:
        if piece.quarter is not None:
            quarters[piece.quarter] += len(piece.text)
    upright = quarters.most_common(1)[0][0] if quarters else 0
    place = turns[upright]
    sides = (right - left, top - bottom)
    width, height = sides if upright % 2 == 0 else sides[::-1]
    made = Sheet(width, height)
    last = None
    for piece in found:
        (x0, base), (x1, _) = place(*piece.begin), place(*piece.end)
        if not (0 <= (x0 + x1) / 2 <= width and 0 <= base <= height + piece.size):
            continue  # outside of what is shown
        if piece.quarter == upright:
            made.words.append(PageWord(piece.text, min(x0, x1), max(x0, x1), base, piece.size, piece.bold, piece.mono))
        elif last is not None and last.line == piece.line and last.quarter == piece.quarter:
            made.turned[-1] += f" {piece.text}"
            last = piece
        else:
            made.turned.append(piece.text)
            last = piece
    _level(made.words)
    note_drawn(page.raw, made, place)
    return made


def _level(words: list[PageWord]) -> None:
    """Put raised and lowered small words on the base line of the word that they stand at."""
    for i, word in enumerate(words):
        for other in words[max(i - 1, 0) : i + 2]:
            aside, gap = abs(word.base - other.base), max(word.left - other.right, other.left - word.right)
            if word.size < 0.9 * other.size and 0 < aside < 0.6 * other.size and gap < 0.5 * other.size:
                word.base = other.base
                break


@dataclass(slots=True)
class _PdfWord:
    """A word as PDFium tells it: from which point to which its base line goes, in the PDF's own system."""

    text: str
    begin: tuple[float, float]
    end: tuple[float, float]
    size: float
    bold: bool
    mono: bool
    quarter: int | None
    line: int


class _Style:
    """Size, weight and kind of the type of a text object, asked for once an object."""

    def __init__(self, text: Any) -> None:
        self._text = text
        self._known: dict[int, tuple[float, bool, bool]] = {}

    def of(self, index: int) -> tuple[float, bool, bool]:
        thing = c.FPDFText_GetTextObject(self._text, index)
        key = ctypes.cast(thing, ctypes.c_void_p).value or 0
        if key not in self._known:
            matrix = c.FS_MATRIX()
            c.FPDFText_GetMatrix(self._text, index, matrix)
            size = c.FPDFText_GetFontSize(self._text, index) * (math.hypot(matrix.c, matrix.d) or 1.0)
            bold = bool(thing) and c.FPDFTextObj_GetTextRenderMode(thing) == c.FPDF_TEXTRENDERMODE_FILL_STROKE
            name = ctypes.create_string_buffer(200)
            if thing:
                c.FPDFFont_GetBaseFontName(c.FPDFTextObj_GetFont(thing), name, 200)
            font = name.value.decode("utf-8", "replace")
            bold = bold or bool(_BOLD_FONT.search(font))
            # A font may claim any size; one of no size would make all gaps endless.
            self._known[key] = (min(max(size, 1.0), 500.0), bold, bool(_MONO_FONT.search(font)))
        return self._known[key]


def _words_of(text: Any) -> Iterator[_PdfWord]:
    """The words of a page in the order of the file."""
    style = _Style(text)
    begin, letters, line = 0, list[int](), 0
    count = c.FPDFText_CountChars(text)
    for i in range(count + 1):
        code = c.FPDFText_GetUnicode(text, i) if i < count else 32
        if code in _HYPHENS:
            letters, begin = letters or [], begin if letters else i
            letters.append(45)
            yield from _parted_words(text, style, begin, letters, line)
            letters = []
            line += 1
        elif code <= 32 or code in {0xA0, 0x200B, 0xFEFF, 0x3000} or 0x2000 <= code <= 0x200A or code == 0x202F:
            if letters:
                yield from _parted_words(text, style, begin, letters, line)
                letters = []
            line += code in {10, 13}
        else:
            if not letters:
                begin = i
            letters.append(code)


def _parted_words(text: Any, style: _Style, begin: int, letters: list[int], line: int) -> Iterator[_PdfWord]:
    """The word of these characters; several where they do not stand beside one another."""
    last = begin + len(letters) - 1
    start, end = _origin(text, begin), _origin(text, last)
    size, bold, mono = style.of(begin)
    angle = c.FPDFText_GetCharAngle(text, begin)
    turn = angle / (math.pi / 2)
    quarter = round(turn) % 4 if abs(turn - round(turn)) < 0.1 else None
    along = (end[0] - start[0], end[1] - start[1])
    drift = abs(along[1] if quarter in {0, 2} else along[0])
    ahead = abs(along[0] if quarter in {0, 2} else along[1])
    # Neighbours in the file that are none on the page come without a space between them.
    if len(letters) > 1 and quarter is not None and (drift > 0.6 * size or ahead > 1.3 * size * len(letters)):
        cut = next((i for i in range(1, len(letters)) if _apart(text, begin + i, size, quarter)), 0)
        if cut:
            yield from _parted_words(text, style, begin, letters[:cut], line)
            yield from _parted_words(text, style, begin + cut, letters[cut:], line)
            return
    box = c.FS_RECTF()
    c.FPDFText_GetLooseCharBox(text, last, box)
    reach = {0: (box.right, end[1]), 1: (end[0], box.top), 2: (box.left, end[1]), 3: (end[0], box.bottom)}
    found = "".join(map(chr, letters)).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    yield _PdfWord(found, start, reach[quarter] if quarter is not None else end, size, bold, mono, quarter, line)


def _origin(text: Any, index: int) -> tuple[float, float]:
    x, y = ctypes.c_double(), ctypes.c_double()
    c.FPDFText_GetCharOrigin(text, index, x, y)
    return x.value, y.value


def _apart(text: Any, index: int, size: float, quarter: int) -> bool:
    """Whether a character stands elsewhere than right behind the one before it."""
    (x0, y0), (x1, y1) = _origin(text, index - 1), _origin(text, index)
    ahead, aside = (x1 - x0, y1 - y0) if quarter in {0, 2} else (y1 - y0, x1 - x0)
    return abs(aside) > 0.6 * size or abs(ahead) > 2.0 * size
