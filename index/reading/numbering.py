"""The numbers of headings and items in a Word document, as Word counts them."""

import re
from dataclasses import dataclass, field

from article_assistant.index.reading.ooxml import W, is_on, value_of, whole_number
from article_assistant.index.reading.page import squeeze
from lxml.etree import _Element as Element

LETTERS_MOST = 26 * 8
"""The number up to which items are counted in letters, `a` to `zzzzzzzz`."""
_BOXES = "☐☑☒"


@dataclass(slots=True)
class _Level:
    """One level of a numbering: how its number is written, from which on, and after which level it begins again."""

    form: str
    text: str
    start: int
    restart: int | None
    legal: bool
    style: str | None


@dataclass(slots=True)
class Numbering:
    """The numbers of headings and items, as Word counts them."""

    root: Element | None
    levels: dict[str, dict[int, _Level]] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    own: dict[str, dict[int, int]] = field(default_factory=dict)
    counts: dict[str, dict[int, int]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind in self.root.findall(W + "abstractNum") if self.root is not None else ():
            self.levels[kind.get(W + "abstractNumId", "")] = {
                whole_number(level.get(W + "ilvl")): _Level(
                    value_of(level, "numFmt") or "decimal",
                    value_of(level, "lvlText") or "",
                    whole_number(value_of(level, "start")),
                    None if value_of(level, "lvlRestart") is None else whole_number(value_of(level, "lvlRestart")),
                    bool(is_on(level, "isLgl")),
                    value_of(level, "pStyle"),
                )
                for level in kind.findall(W + "lvl")
            }
        for one in self.root.findall(W + "num") if self.root is not None else ():
            number = one.get(W + "numId", "")
            self.kinds[number] = value_of(one, "abstractNumId") or ""
            starts = ((other, value_of(other, "startOverride")) for other in one.findall(W + "lvlOverride"))
            self.own[number] = {
                whole_number(other.get(W + "ilvl")): whole_number(start) for other, start in starts if start is not None
            }

    def level_of(self, number: str, style: str | None) -> int | None:
        """The level that a numbering links with a style."""
        found = self.levels.get(self.kinds.get(number, ""), {})
        return next((depth for depth, level in found.items() if style and level.style == style), None)

    def next(self, number: str, depth: int) -> str | None:
        """The next label of a numbering at a level: "3.1", "a)", "" for a bullet; None where nothing is shown."""
        kind = self.kinds.get(number, "")
        levels = self.levels.get(kind, {})
        if depth not in levels:
            return None
        counts = self.counts.setdefault(kind, {})
        if depth in (own := self.own.get(number, {})):
            counts[depth] = own.pop(depth)  # where a list of its own begins
        elif depth in counts:
            counts[depth] += 1
        else:
            counts[depth] = levels[depth].start
        for deeper, level in levels.items():
            if deeper > depth and (level.restart is None or depth < level.restart):
                counts.pop(deeper, None)

        def written(found: re.Match[str]) -> str:
            place = int(found[1]) - 1
            level = levels.get(place)
            if level is None:
                return ""
            form = "decimal" if levels[depth].legal else level.form
            return counted(counts.setdefault(place, level.start), form)

        if levels[depth].form == "bullet":
            sign = levels[depth].text.strip()
            return sign if sign in _BOXES else "" if sign else None
        if levels[depth].form == "none":
            return re.sub("%[1-9]", "", levels[depth].text).strip()
        return squeeze(re.sub("%([1-9])", written, levels[depth].text))


def counted(number: int, form: str) -> str:
    """A number in one of the forms of Word's `numFmt`; one that is none of those in digits.

    >>> counted(3, "lowerLetter"), counted(3, "upperRoman"), counted(3, "decimal")
    ('c', 'III', '3')
    """
    if form in {"lowerLetter", "upperLetter"} and 0 < number <= LETTERS_MOST:
        text = chr(ord("a") + (number - 1) % 26) * ((number - 1) // 26 + 1)
    elif form in {"lowerRoman", "upperRoman"} and 0 < number < 4_000:
        text = _roman(number)
    else:
        return f"{number:02}" if form == "decimalZero" else str(number)
    return text.upper() if form.startswith("upper") else text


def _roman(number: int) -> str:
    """A number from 1 to 3999 in Roman digits.

    >>> _roman(1994)
    'mcmxciv'
    """
    digits = "m 1000 cm 900 d 500 cd 400 c 100 xc 90 l 50 xl 40 x 10 ix 9 v 5 iv 4 i 1".split()
    text = ""
    for sign, worth in zip(digits[::2], map(int, digits[1::2]), strict=True):
        text += sign * (number // worth)
        number %= worth
    return text
