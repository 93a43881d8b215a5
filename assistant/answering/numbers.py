"""Numbers, dates, times, units and currencies: one reading of them for all that compares words.

text2num reads spelled numbers. English, with the thousands and decimals of both notations ("1,200.50", "1.200,50");
a date in digits alone is taken day first, unless only the other order is possible.
"""

import calendar
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal
from fractions import Fraction

from text_to_num import alpha2digit

_SCALES = {"hundred": 2, "thousand": 3, "million": 6, "billion": 9, "trillion": 12}
_LETTERS = {"k": 3, "m": 6, "bn": 9}
"""Powers of ten: in words, and as letters behind an amount of money."""
SCALE = "|".join(_SCALES)
MONTH = "|".join([*calendar.month_name[1:], *calendar.month_abbr[1:], "Sept"])
WEEKDAY = "|".join(calendar.day_name)

_SCALED = re.compile(
    rf"(\d[\d,]*(?:\.\d+)?)[ \u00a0-]({SCALE})\b|(?<=[$€£¥])(\d[\d,]*(?:\.\d+)?) ?(k|m|bn)\b", re.IGNORECASE
)
# "Thousands" names no number, "first" seldom counts, and a second is also a unit of time.
_NO_NUMBER = re.compile(rf"(?<![\w-])((?:{SCALE})s|first|seconds?)\b", re.IGNORECASE)
_NEGATIVE = re.compile(r"\b(?:minus|negative) (?=[$€£¥]?\d)", re.IGNORECASE)
_YEAR = re.compile(
    r"\b(\w+teen|eleven|twelve|twenty)[ -]((?:oh[ -])?\w+teen|ten|eleven|twelve|\w+ty(?:[ -]\w+)?|oh[ -]\w+)\b",
    re.IGNORECASE,
)


def in_digits(text: str, least: int = 3) -> str:
    """A text with its English number words as digits; numbers below `least` that stand alone stay words.

    By default these are "one" and "two", which are often no counts.

    >>> in_digits("two thousand of 2.5 million, minus five")
    '2000 of 2500000, -5'
    >>> in_digits("It made two trips, thousands did, on the twenty-first, in nineteen ninety-nine.")
    'It made two trips, thousands did, on the 21st, in 1999.'
    """
    text = _SCALED.sub(_multiplied, _YEAR.sub(_year, text))
    parts = _NO_NUMBER.split(text)
    parts[::2] = [alpha2digit(part, "en", least) if part.strip() else part for part in parts[::2]]
    return _NEGATIVE.sub("-", _SCALED.sub(_multiplied, "".join(parts)))  # it reads no "trillion"


def _multiplied(found: re.Match[str]) -> str:
    power = _SCALES[found[2].lower()] if found[2] else _LETTERS[found[4].lower()]
    return _shortest(Decimal((found[1] or found[3]).replace(",", "")) * 10**power)


def _year(found: re.Match[str]) -> str:
    """The two halves of a year as one number; of other words that stand side by side nothing changes."""
    century = alpha2digit(found[1], "en")
    rest = alpha2digit(re.sub("^oh[ -]", "", found[2].lower()), "en", 0)
    return f"{century}{rest:0>2}" if century.isdigit() and rest.isdigit() and len(rest) <= 2 else found[0]


def _shortest(number: Decimal) -> str:
    return f"{number:f}".rstrip("0").rstrip(".") if number != number.to_integral_value() else f"{number:.0f}"


def _date(found: re.Match[str]) -> str:
    """A date as "9 June 2016"."""
    day, month = found["day"], found["month"]
    if not month.isdigit():
        month = str(list(calendar.month_abbr).index(month[:3]))
    elif int(month) > 12:
        day, month = month, day
    if not 1 <= int(month) <= 12 or not 1 <= int(day) <= 31:
        return found[0]
    return f"{int(day)} {calendar.month_name[int(month)]}" + (f" {found['year']}" if found["year"] else "")


def _clock(found: re.Match[str]) -> str:
    """A time of day as "14:30"."""
    hour, half = int(found["hour"]), (found["half"] or "").lower()
    if half and 1 <= hour <= 12:
        hour = hour % 12 + 12 * (half == "p")
    return f"{hour}:{found['minute'] or '00'}"


def _ungrouped(found: re.Match[str]) -> str:
    """A number without the separators of its thousands, its decimals behind a point."""
    decimals = found.groupdict().get("decimals")
    return re.sub(r"\D", "", found["whole"]) + (f".{decimals}" if decimals else "")


def _fraction(found: re.Match[str]) -> str:
    """A fraction as a decimal number, where that is short, else as "2/3"."""
    over = 1 if not found["over"].isdigit() else int(found["over"])
    under = 4 if found["under"] == "quarter" else int(found["under"])
    if not under or found[0].isdigit() or (over >= under and "/" in found[0]):
        return found[0]
    return _ratio(Fraction(over, under))


def _ratio(value: Fraction) -> str:
    return _shortest(Decimal(value.numerator) / value.denominator) if 1000 % value.denominator == 0 else str(value)


def _half(found: re.Match[str]) -> str:
    return f"{found[1] if found[1].isdigit() else 1}.5"


def _vulgar(found: re.Match[str]) -> str:
    return _ratio(Fraction(found[1] or 0) + Fraction(unicodedata.numeric(found[2])).limit_denominator(10))


def _dozens(found: re.Match[str]) -> str:
    return str(12 * int(found[1] if (found[1] or "").isdigit() else 1))


_TH = r"(?:st|nd|rd|th)"
_CLOCK = r"(?P<hour>1\d|2[0-3]|0?\d)"
_NOTATIONS: list[tuple[str, str | Callable[[re.Match[str]], str]]] = [
    # Dates. Both days of "9 to 11 June" and of "June 9-11" are of that month.
    (rf"\bfirst(?= of (?:{MONTH})\b)", "1"),
    (rf"\bsecond(?= of (?:{MONTH})\b)", "2"),
    (rf"\b(\d\d?){_TH}?(?=(?: ?[-–] ?| to | and )\d\d?{_TH}?(?: of)? ({MONTH})\b)", r"\1 \2"),
    (rf"\b({MONTH})\.? (\d\d?){_TH}?( ?[-–] ?)(\d\d?){_TH}?\b", r"\2 \1\3\4 \1"),
    (r"\b(?P<year>\d{4})(?P<sign>[-/])(?P<month>\d\d?)(?P=sign)(?P<day>\d\d?)\b", _date),
    (r"\b(?P<day>\d\d?)(?P<sign>[-./])(?P<month>\d\d?)(?P=sign)(?P<year>\d{4})\b", _date),
    (rf"\b(?P<day>\d\d?){_TH}?(?: of)? (?P<month>{MONTH})\b\.?(?:,? (?P<year>\d{{4}})\b)?", _date),
    (rf"\b(?P<month>{MONTH})\.? (?:the )?(?P<day>\d\d?){_TH}?(?![\w:%]|[.,]\d)(?:,? (?P<year>\d{{4}})\b)?", _date),
    # Times.
    (rf"\b{_CLOCK}(?:[:.](?P<minute>[0-5]\d))? ?(?P<half>[ap])\.?m\b", _clock),
    (rf"(?<![\d:]){_CLOCK}:(?P<minute>[0-5]\d)(?P<half>)(?![\d:])", _clock),
    # Fractions, and words for numbers that text2num leaves.
    (r"(?i:\b(\d+|one|an?) and a half\b)", _half),
    (r"(\d*)([¼-¾⅐-⅞])", _vulgar),
    (r"(?i:\b(?P<over>\d+|one|an?) (?P<under>\d+(?=rd|th)|quarter)(?:rd|th)?(?:s\b|(?= of\b)))", _fraction),
    (r"\b(?P<over>[Oo]ne) (?P<under>\d+)(?:rd|th)\b", _fraction),
    (r"(?<![\w/.,])(?P<over>\d)/(?P<under>\d\d?)(?![\w/])", _fraction),
    (r"(?i:\b(?:half|halves)\b)", "0.5"),
    (r"(?i:\b(?:(\d+|an?|one) )?dozen\b)", _dozens),
    (r"(?i:\b(?:twice|double)\b)", "2"),
    (r"(\d+(?:\.\d+)?(?: degrees(?: \w+)?| ?°[CF])?) below (?:zero|0)\b", r"-\1"),
    (r"(?i:\bzero\b)", "0"),
    # Thousands and decimals; a single group behind a point is a decimal number.
    (r"(?<![\w.,])(?P<whole>\d{1,3}(?:,\d{3})+)(?:\.(?P<decimals>\d+))?(?!,?\d)", _ungrouped),
    (r"(?<![\w.,])(?P<whole>\d{1,3}(?:\.\d{3})+),(?P<decimals>\d+)(?![.,]?\d)", _ungrouped),
    (r"(?<![\w.,])(?P<whole>\d{1,3}(?:\.\d{3}){2,})(?![.,]?\d)", _ungrouped),
    (r"(?<![\w.,])(?P<whole>\d{1,3}(?:[\s'’]\d{3})+)(?:[.,](?P<decimals>\d+))?(?![.,]?\d)", _ungrouped),
    (r"(?<![\w.,])(\d+),(\d\d?)(?![\w]|[.,]\d)", r"\1.\2"),
    (r"(?<![\w.])\.(?=\d)", "0."),
]  # fmt: skip
_REWRITES = [(re.compile(pattern), said) for pattern, said in _NOTATIONS]


def canonical(text: str, least: int = 2) -> str:
    """A text with its numbers, dates and times in one notation; see `in_digits` for `least`.

    >>> canonical("Half of the 1.200.000 came on June 9th, 2016 at 2 pm, two thirds by train.")
    '0.5 of the 1200000 came on 9 June 2016 at 14:00, 2/3 by train.'
    """
    text = in_digits(re.sub(r"(?<=[a-z])-(?=(?:half|halves|quarters?|thirds?|\w+ths?)\b)", " ", text), least)
    for pattern, said in _REWRITES:
        text = pattern.sub(said, text)
    return text


_ATOM = re.compile(
    rf"(?P<day>\d\d?) (?P<month>{'|'.join(calendar.month_name[1:])})\b(?: (?P<year>\d{{4}})\b)?|"
    r"(?P<time>\d\d?:\d\d)(?![\d:])|"
    r"(?P<code>\b[\w-]*[^\W\d_]\d[\w.-]*|\b\w*[A-Z]\w*-\d[\w-]*)|"  # S3, v3.2, PN-43481: a name, not a number
    r"(?P<version>\d+(?:\.\d+){2,})|"
    rf"(?P<ordinal>\d+){_TH}\b|(?P<first>(?<!\bat )\bfirst\b(?! time|,))|(?P<second>(?<=\bthe )second\b)|"
    rf"(?P<alone>\b(?:{'|'.join(calendar.month_name[1:])})\b)|"
    r"(?P<over>\d+)/(?P<under>\d+)|"
    # A minus right before a number; between two numbers or words it is a dash.
    r"(?P<sign>(?<![\w).,-])[-−](?=[$€£¥]?\d))?[$€£¥]?(?P<number>\d+(?:\.\d+)?)"
)


def numbers_of(text: str) -> frozenset[str]:
    """The numbers that a text states, each in one form: `-5`, `2.5`, `2/3`, `3rd`, `9 June`, `14:30`, `3.2.10`.

    The year of a date stands by itself, as a text often gives it once for several; a month without a day does, too.

    >>> sorted(numbers_of("Twenty-five of 1,200 on 2016-06-09")) == sorted(numbers_of("25 of 1200 on June 9, 2016"))
    True
    """
    return frozenset(_atoms(canonical(text), whole=True))


def readings_of(text: str) -> frozenset[str]:
    """What a text supports: its numbers, the day and month of its dates, hour and minute of its times."""
    found = canonical(text)
    words = {
        f"{number}" for word, number in (("first", "1st"), ("second", "2nd")) if re.search(rf"(?i)\b{word}\b", found)
    }
    return frozenset(_atoms(found, whole=True)) | frozenset(_atoms(found, whole=False)) | words


def _atoms(text: str, *, whole: bool) -> Iterator[str]:
    """The numbers of a text in one notation; where not `whole`, the parts of those that have some."""
    for found in _ATOM.finditer(text):
        if found["day"]:
            yield from (
                (f"{found['day']} {found['month']}",)
                if whole
                else (found["day"], found["month"], _ordinal(found["day"]))
            )
            yield from [found["year"]] if found["year"] else []
        elif found["time"]:
            hour, minute = map(int, found["time"].split(":"))
            yield from (found["time"],) if whole else (str(hour), str((hour - 1) % 12 + 1), str(minute))
        elif found["over"]:
            yield from (f"{found['over']}/{found['under']}",) if whole else (found["over"], found["under"])
        elif found["ordinal"]:
            yield _ordinal(found["ordinal"])
        elif found["first"] or found["second"]:
            yield "1st" if found["first"] else "2nd"
        elif found["number"]:
            yield ("-" if found["sign"] else "") + _shortest(Decimal(found["number"]))
        elif not found["code"]:
            yield found[0]


def _ordinal(digits: str) -> str:
    number = int(digits)
    return f"{number}{'th' if 10 <= number % 100 <= 20 else {1: 'st', 2: 'nd', 3: 'rd'}.get(number % 10, 'th')}"


# --- units and currencies -------------------------------------------------------------------------

_PREFIXES = {"": "", "k": "kilo", "M": "mega", "G": "giga", "T": "tera", "c": "centi", "m": "milli", "µ": "micro"}
_BASES = {
    "m": "metre meter", "g": "gram", "l": "litre liter", "s": "second", "W": "watt", "V": "volt", "A": "ampere amp",
    "Hz": "hertz", "B": "byte", "J": "joule", "Pa": "pascal",
}  # fmt: skip
_OTHERS = {
    "min": "minute", "h": "hour hr", "day": "", "night": "", "week": "", "month": "", "year": "", "decade": "",
    "century": "centurie", "mile": "", "ft": "foot feet", "inch": "inche", "yard": "", "ha": "hectare", "acre": "",
    "t": "tonne ton", "gallon": "", "kn": "knot", "km/h": "", "mph": "", "m/s": "", "bar": "", "dB": "", "kB": "KB",
    "kg": "kilo", "s": "sec", "%": "percent per_cent", "°C": "degrees_Celsius", "°F": "degrees_Fahrenheit",
    "€": "EUR euro", "$": "USD US$ dollar", "£": "GBP", "¥": "JPY yen",
}  # fmt: skip
UNITS = {prefix + base: prefix + base for prefix in _PREFIXES for base in _BASES}
UNITS |= {
    _PREFIXES[prefix] + name + plural: prefix + base
    for prefix in _PREFIXES for base, names in _BASES.items() for name in names.split() for plural in ("", "s")
}  # fmt: skip
UNITS |= {
    name.replace("_", " ") + plural: unit
    for unit, names in _OTHERS.items() for name in [unit, *names.split()] for plural in ("", "s")
}  # fmt: skip
"""Every way to write a unit, and its one form: `kilometres` is `km`."""


def _any_of(words: Iterable[str]) -> str:
    return "|".join(map(re.escape, sorted(words, key=len, reverse=True)))


UNIT = (
    rf"(?:(?:working|business|calendar|square|cubic) )?(?:{_any_of(UNITS)}|degrees?|(?:percentage )?points?|pounds?|"
    "pence|cents?)"
)
"""A unit behind a number, those included that mean several things ("pounds")."""
_MONEY = _any_of(name for name, unit in UNITS.items() if unit in {"€", "$", "£", "¥"} and not name.islower())
_QUANTITY = re.compile(
    rf"(?:(?P<money>{_MONEY}) ?)?(?P<number>\d+(?:\.\d+)?)"
    rf"(?:(?:[\s-]|(?!s\b))(?P<unit>{_any_of(UNITS)})(?![\w/]))?"
)

_UNIT_ASKED = re.compile(rf"\b(?:[Hh]ow many|in) ({_any_of(name for name in UNITS if len(name) > 2)})(?![\w/])")


def in_unit_asked(question: str, text: str, start: int, end: int) -> tuple[int, int]:
    """Where a sentence gives a number in two units, and `[start, end)` is the other: the number as it is asked for."""
    asked = {UNITS[name] for name in _UNIT_ASKED.findall(question)}
    told = [(match.span(), UNITS[name]) for match in _QUANTITY.finditer(text) if (name := match["unit"])]
    own = [unit for (a, b), unit in told if a < end and start < b]
    others = [place for place, unit in told if unit in asked]
    return others[0] if own and len(others) == 1 and asked.isdisjoint(own) else (start, end)


def other_units(sentence: str, text: str) -> bool:
    """Whether a number of a sentence has a unit with which `text` never has it, though it has it with others.

    >>> other_units("It was 9 °F.", "It was 9 °C (48 °F)."), other_units("It took 5 minutes.", "It took 5 min.")
    (True, False)
    """
    theirs = _units(text)
    return any(number in theirs and not units <= theirs[number] for number, units in _units(sentence).items())


def _units(text: str) -> dict[str, set[str]]:
    """The units and currencies that stand with each number of a text."""
    found: dict[str, set[str]] = {}
    for match in _QUANTITY.finditer(canonical(text)):
        if written := match["money"] or match["unit"]:
            found.setdefault(_shortest(Decimal(match["number"])), set()).add(UNITS[written])
    return found
