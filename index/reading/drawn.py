"""What is drawn on a page of a PDF, by PDFium: lines, coloured areas, pictures and bullets."""

import ctypes
from collections.abc import Callable
from typing import Any

import pypdfium2.raw as c
from article_assistant.index.reading.placed import Box, PageWord, Sheet

RULES_MOST = 5_000
"""Drawn lines of a page; with more it is a drawing, and no table is looked for."""
OBJECTS_MOST = 50_000
"""Objects of a page that are looked at for drawn lines and pictures."""
THIN = 3.0
"""Points up to which a filled shape is a line and not an area."""

_Matrix = tuple[float, float, float, float, float, float]
_Place = Callable[[float, float], tuple[float, float]]


def note_drawn(page: Any, made: Sheet, place: _Place) -> None:
    """Note what is drawn on a page (`FPDF_PAGE`); `place` tells where a point of the PDF comes to lie."""
    _objects(page, made, place, (1.0, 0.0, 0.0, 1.0, 0.0, 0.0), [OBJECTS_MOST], 0)
    if len(made.rules) > RULES_MOST:
        made.rules = []
    _bullets(made)


def _objects(holder: Any, made: Sheet, place: _Place, matrix: _Matrix, left: list[int], depth: int) -> None:
    """Note the lines, areas and pictures of a page, or of a form that is drawn on it."""
    count, get = (
        (c.FPDFPage_CountObjects, c.FPDFPage_GetObject)
        if depth == 0
        else (c.FPDFFormObj_CountObjects, c.FPDFFormObj_GetObject)
    )
    for i in range(count(holder)):
        left[0] -= 1
        if left[0] < 0:
            return
        thing = get(holder, i)
        kind = c.FPDFPageObj_GetType(thing)
        if kind == c.FPDF_PAGEOBJ_PATH:
            _path(thing, made, place, matrix)
        elif kind == c.FPDF_PAGEOBJ_IMAGE:
            box = _bounds(thing, place, matrix)
            made.pictured += (box.right - box.left) * (box.bottom - box.top) / max(made.width * made.height, 1.0)
        elif kind == c.FPDF_PAGEOBJ_FORM and depth < 5:
            _objects(thing, made, place, _times(_matrix_of(thing), matrix), left, depth + 1)


def _path(thing: Any, made: Sheet, place: _Place, matrix: _Matrix) -> None:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    c.FPDFPath_GetDrawMode(thing, fill, stroke)
    box = _bounds(thing, place, matrix)
    if fill.value and not stroke.value:
        red, green, blue, alpha = (ctypes.c_uint() for _ in range(4))
        c.FPDFPageObj_GetFillColor(thing, red, green, blue, alpha)
        if min(red.value, green.value, blue.value) > 250 or alpha.value == 0:
            return
        if max(box.right - box.left, box.bottom - box.top) < 8:
            made.dots.append(box)
            return
        thin = min(box.right - box.left, box.bottom - box.top) <= THIN
        (made.rules if thin else made.areas).append(_flat(box) if thin else box)
        return
    if not stroke.value:
        return
    if 1.5 < box.right - box.left < 8 and abs(box.right - box.left - box.bottom + box.top) < 1:
        made.dots.append(box)  # a hollow one
        return
    if fill.value:
        made.areas.append(box)
    own = _times(_matrix_of(thing), matrix)
    first = here = None
    for i in range(min(c.FPDFPath_CountSegments(thing), 2_000)):
        segment = c.FPDFPath_GetPathSegment(thing, i)
        x, y = ctypes.c_float(), ctypes.c_float()
        c.FPDFPathSegment_GetPoint(segment, x, y)
        point = place(*_apply(own, x.value, y.value))
        kind = c.FPDFPathSegment_GetType(segment)
        if kind == c.FPDF_SEGMENT_MOVETO:
            first = point
        elif kind == c.FPDF_SEGMENT_LINETO and here:
            _rule(made, here, point)
        here = point
        if first and c.FPDFPathSegment_GetClose(segment):
            _rule(made, here, first)


def _rule(made: Sheet, a: tuple[float, float], b: tuple[float, float]) -> None:
    if (abs(a[0] - b[0]) < 1) != (abs(a[1] - b[1]) < 1):  # straight, and longer than a point
        made.rules.append(_flat(_between(a, b)))


def _flat(box: Box) -> Box:
    """The line in the middle of a thin box."""
    if box.right - box.left < box.bottom - box.top:
        middle = (box.left + box.right) / 2
        return Box(middle, box.top, middle, box.bottom)
    middle = (box.top + box.bottom) / 2
    return Box(box.left, middle, box.right, middle)


def _bounds(thing: Any, place: _Place, matrix: _Matrix) -> Box:
    left, bottom, right, top = (ctypes.c_float() for _ in range(4))
    c.FPDFPageObj_GetBounds(thing, left, bottom, right, top)
    ends = (place(*_apply(matrix, x.value, y.value)) for x, y in ((left, bottom), (right, top)))
    return _between(*ends)


def _between(a: tuple[float, float], b: tuple[float, float]) -> Box:
    return Box(min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1]))


def _matrix_of(thing: Any) -> _Matrix:
    m = c.FS_MATRIX()
    c.FPDFPageObj_GetMatrix(thing, m)
    return m.a, m.b, m.c, m.d, m.e, m.f


def _times(m: _Matrix, n: _Matrix) -> _Matrix:
    """First `m`, then `n`."""
    turned = (*n[:4], 0.0, 0.0)
    return (*_apply(turned, m[0], m[1]), *_apply(turned, m[2], m[3]), *_apply(n, m[4], m[5]))


def _apply(m: _Matrix, x: float, y: float) -> tuple[float, float]:
    return m[0] * x + m[2] * y + m[4], m[1] * x + m[3] * y + m[5]


def _bullets(made: Sheet) -> None:
    """Bullets that are drawn become words: small and round or square, before the first word of a line."""
    dots = [box for box in made.dots if box.right - box.left < 8 and box.bottom - box.top < 8]
    if not dots or len(dots) > 500:
        return
    for dot in dots:
        middle = (dot.top + dot.bottom) / 2
        beside = [
            word
            for word in made.words
            if abs(word.base - 0.33 * word.size - middle) < 0.25 * word.size and word.right > dot.left - 2 * word.size
        ]
        if not beside:
            continue
        first = min(beside, key=lambda word: word.left)
        square = abs((dot.right - dot.left) - (dot.bottom - dot.top)) < 1
        if square and 0 < first.left - dot.right < 2 * first.size and dot.right - dot.left < 0.7 * first.size:
            made.words.append(PageWord("•", dot.left, dot.right, first.base, first.size, first.bold))
