"""Numbers that are spelled become digits, so that "two thousand" and "2,000" are the same number."""

import re
from decimal import Decimal

from text_to_num import alpha2digit

_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
"""Powers of ten."""
_SCALED = re.compile(rf"(\d[\d,]*(?:\.\d+)?)[ \u00a0-]({'|'.join(_SCALES)})\b", re.IGNORECASE)
# "Thousands" names no number, "first" seldom counts, and a second is also a unit of time.
_NO_NUMBER = re.compile(rf"(?<![\w-])((?:{'|'.join(_SCALES)})s|first|seconds?)\b", re.IGNORECASE)
_NEGATIVE = re.compile(r"\b(?:minus|negative) (?=\d)", re.IGNORECASE)


def in_digits(text: str) -> str:
    """A text with its English number words as digits; "one" and "two" alone stay, as they are often no counts.

    >>> in_digits("two thousand of 2.5 million, minus five")
    '2000 of 2500000, -5'
    >>> in_digits("It made two trips, thousands did, on the twenty-first.")
    'It made two trips, thousands did, on the 21st.'
    """
    text = _SCALED.sub(_multiplied, text)
    parts = _NO_NUMBER.split(text)
    parts[::2] = [alpha2digit(part, "en") if part.strip() else part for part in parts[::2]]
    return _NEGATIVE.sub("-", "".join(parts))


def _multiplied(found: re.Match[str]) -> str:
    number = Decimal(found[1].replace(",", "")) * 10 ** _SCALES[found[2].lower()]
    return f"{number.normalize():f}"
