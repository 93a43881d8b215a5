"""What kind of answer a question asks for, and whether words are of that kind.

"How many" asks for a number, "when" for a date, "who" for a name; a yes-or-no question, "why", "how
to" and a list ask for sentences rather than for a few words. English only: in other languages every
question is of the kind "words", which anything fits.
"""

import calendar
import re
import unicodedata
from itertools import pairwise
from typing import Literal

from article_assistant.answering.numbers import MONTH, SCALE, UNIT, WEEKDAY, canonical, in_digits, in_unit_asked
from article_assistant.index.keyword import family, identifiers, names_in

NEGATIONS = frozenset({"no", "not", "without"})
Kind = Literal["number", "amount", "date", "name", "yes or no", "reason", "way", "list", "words"]
"""A number counts ("how many"), an amount may also be "two weeks" or "daily" ("how long", "how often")."""

_COUNTED = (
    rf"\d|\b(?:(?:{SCALE})s|dozens?|half|halves|thirds?|quarters?|twice|once|thrice|none|no|nobody|both|single|"
    r"several|few|couple|many|most|all|every|double|triple|pair|majority|minority|score|[ivx]{2,})\b|[½¼¾⅓⅔]"
)
_NUMBER = re.compile(_COUNTED, re.IGNORECASE)
_AMOUNT = re.compile(
    _COUNTED + r"|\b(?:seconds?|minutes?|hours?|days?|nights?|weeks?|months?|years?|decades?|centur(?:y|ies)|daily|"
    r"weekly|monthly|hourly|nightly|yearly|annual(?:ly)?|quarterly|always|never|ever|forever|indefinitely|lifetime|free|"
    r"nothing|until|as long|as far|permanent(?:ly)?|life|large|small|little|low|much|entire|whole)\b|[$€£%]",
    re.IGNORECASE,
)
_DATE = re.compile(
    rf"\d|\b(?:{MONTH}|(?:{WEEKDAY})s?|noon|midday|midnight|"
    r"mornings?|afternoons?|evenings?|nights?|dawn|dusk|sunrise|sunset|today|tonight|yesterday|tomorrow|now|currently|"
    r"spring|summer|autumn|fall|winter|easter|christmas|ramadan|weekends?|weekdays?|centur(?:y|ies)|decades?|years?|"
    r"months?|weeks?|days?|hours?|minutes?|seconds?|ages?|era|epoch|period|times?|dynasty|reign|war|seasons?|episode|"
    r"after|before|during|until|till|since|when|whenever|while|once|upon|as soon|later|early|earlier|late|ago|birth|"
    r"death|end|beginning|start|first|last|next|immediately|instantly|never|always|daily|weekly|monthly|annually|every|"
    r"pre-\w+|if|unless|(?-i:[A-Z])\w+(?:ic|ian))\b",
    re.IGNORECASE,
)
_NOT_A_NAME = re.compile(
    rf"(?:\W|\b(?:[\d.,:/-]+(?:st|nd|rd|th)?|{MONTH}|the|a|an|of|in|on|at|by|to|and|or|"
    r"it|its|they|them|he|she|his|her|him|their|this|that|these|those|is|are|was|were|which|who)\b)*",
    re.IGNORECASE,
)
# A question word inside the sentence asks only where a comma or a preposition leads to it; "when" that
# begins a side clause ("What happened when …?") does not.
_LEAD = "for|by|since|until|till|to|from|of|in|at|after|before|about|with|over"
_BEGIN = rf"(?:^(?:and |but |so |then )?|, |^(?:\w+ ){{0,2}}(?:{_LEAD}) )"
_MODAL = "do|does|can|could|should|must|would|may"
_PATTERNS: list[tuple[Kind, str]] = [
    ("reason", rf"{_BEGIN}(?:why\b|how come\b|what reason\b|what(?: is| was|'s) the reason\b)"),
    (
        "way",
        rf"^(?:and |but |so )?how (?:to\b|(?:{_MODAL}) (?:i|you|we|one|someone|somebody|users|people)\b)|"
        r"^what (?:do|must|should) (?:i|we|you|one) do\b|\bwhat are the steps\b|\bwhich steps\b|^what steps\b",
    ),
    (
        "list",
        r"^(?:please )?(?:list|enumerate)\b|^(?:what|which) (?:\w+ ){0,3}?\w+[^s\W]s (?:are|were|do|does|did|have|"
        r"must|should|can|belong|make|need)\b|^what (?:are|were) (?:all )?(?:the|our|my) (?:\w+ ){0,4}?\w+[^s\W]s\b",
    ),
    (
        "number",
        r"(?:(?<!know)(?<!knew)(?<!known)(?<!determined)(?<!determine)(?<!upon) |^)how many\b|^number of\b|"
        r"\bwhat(?: is| was| are| were|'s)? (?:the )?(?:total |exact |average |maximum |minimum )?"
        r"(?:number|count|percentage|proportion|population) (?:of|in|at|for)\b",
    ),
    ("amount", rf"{_BEGIN}how (?:much|long|old|high|deep|tall|wide|heavy|thick)\b"),
    (
        "date",
        rf"{_BEGIN}when\b(?!.{{3,}}, )|\bwhen\?$|"
        rf"(?:{_BEGIN}|\b)(?:what|which) (?:year|date|day|weekday|month|century|decade|time of|season)\b|"
        r"\bat what time\b|^what time\b",
    ),
    ("name", rf"{_BEGIN}(?:who|whom|whose)\b"),
    (
        "yes or no",
        r"^(?:and |but |so )?(?:is|are|was|were|am|does|do|did|can|could|may|might|must|should|shall|will|would|"
        r"has|have|had|isn't|aren't|wasn't|doesn't|don't|didn't|can't)\b(?!.*\bor\b)",
    ),
]
_ASKWORD = r"(?:who|whom|whose|what|which|when|where|why|how)\b"
_LED = "in|on|at|for|to|by|from|of|since|until|with"
_NEXT = re.compile(rf"(?:,? and (?:also )?|[?;] (?:and )?)(?=(?:(?:{_LED}) )?{_ASKWORD})", re.IGNORECASE)
_OPENS = re.compile(rf"(?!when\b[^,]*, )(?:\S+ )?{_ASKWORD}(?:\s+\S+){{2,}}", re.IGNORECASE)
_HALF = re.compile(rf"\b(?:between|both)\b|\b(?:{_ASKWORD}|about|and|or|{_LED})[\s,]*$", re.IGNORECASE)
_IN_TURN = re.compile(r"\w.*(?:[,;]|\b(?:and|but|while|whereas|or))\s(?:(?:the|for|of|on|in|a|an)\s)*$")
_BOUND = re.compile(r"(?:^|[\s(|])(?P<sign>[~≈≤≥]|[<>]=?)$")  # "about" or a limit, right before a number
_DAYS = re.compile(rf"\b(?:(?:{WEEKDAY})s?|{'|'.join(calendar.day_abbr)})\b")
_KINDS = [(kind, re.compile(pattern)) for kind, pattern in _PATTERNS]
_INSIDE = re.compile(r"[.,:/'’]\d")
_UNIT_NEXT = re.compile(rf"(?: (?:{SCALE})\b)?(?: ?-? ?{UNIT}(?![\w/]))?")


def kind_of(question: str) -> Kind:
    """What a question asks for.

    >>> kind_of("How many were captured?"), kind_of("Why?"), kind_of("Is it open?"), kind_of("Which town?")
    ('number', 'reason', 'yes or no', 'words')
    """
    plain = " ".join(question.lower().replace("’", "'").split())
    return next((kind for kind, pattern in _KINDS if pattern.search(plain)), "words")


def parts_of(question: str) -> list[str]:
    """The questions in one, at most three; the question itself where it is one.

    Each begins with a question word and goes on with two words or more.

    >>> parts_of("When does the canteen open and who runs it?")
    ['When does the canteen open?', 'Who runs it?']
    >>> parts_of("Who wrote about when and how the dam was built?")
    ['Who wrote about when and how the dam was built?']
    """
    parts = [part.strip(" ?") for part in _NEXT.split(" ".join(question.split()).rstrip("?!. "))]
    if not 1 < len(parts) <= 3 or not all(map(_OPENS.match, parts)) or any(map(_HALF.search, parts)):
        return [question]
    return [f"{part[0].upper()}{part[1:]}?" for part in parts]


def own_part(question: str, text: str, start: int, end: int) -> tuple[int, int]:
    """Of a sentence `[start, end)` that tells of several things in turn, the part about the one that is asked for.

    Things are those of one kind that have an identifier; each next one comes behind a comma or an "and".

    >>> text = "The S2 has a white lid and the S3 a black one."
    >>> text[slice(*own_part("What colour is the lid of the S3?", text, 0, len(text)))]
    'S3 a black one.'
    """
    asked = set(identifiers(question))
    if len(asked) != 1:
        return start, end
    kind = family(*asked)
    told = [
        (match.start(), {one for one in names_in(match[0]) if family(one) == kind})
        for match in re.compile(r"\S+").finditer(text, start, end)
    ]
    places = [(at, names) for at, names in told if names]
    if len(places) < 2 or len(text[start : places[0][0]].split()) > 2:
        return start, end
    between = [text[a:b].split(maxsplit=1)[1:] for (a, _), (b, _) in pairwise(places)]
    if not all(words and _IN_TURN.search(words[0]) for words in between):
        return start, end
    own = [i for i, (_, names) in enumerate(places) if asked & names]
    if len(own) != 1:
        return start, end
    return places[own[0]][0], places[own[0] + 1][0] if own[0] + 1 < len(places) else end


def is_negated(before: str) -> bool:
    """Whether words of which these stand `before` are denied by the very last one: "No " of "No alcohol"."""
    return before.lower().split()[-1:] in [[word] for word in NEGATIONS]


def names_days(text: str) -> bool:
    """Whether a text names a day of the week, in full or by its first three letters.

    >>> names_days("Mon–Fri"), names_days("Money on Sundays"), names_days("Monday's"), names_days("month")
    (True, True, True, False)
    """
    return bool(_DAYS.search(text))


def fits(kind: Kind, words: str) -> bool:
    """Whether words can be an answer of that kind. Generous: what cannot be is what matters.

    Words over the border of two cells of a table are of no kind.

    >>> fits("number", "a further seven"), fits("number", "captured"), fits("name", "the mayor"), fits("name", "1990")
    (True, False, True, False)
    >>> fits("amount", "€64 | Delta: €98"), fits("amount", "€64")
    (False, True)
    """
    if " | " in words:
        return False
    words = in_digits(words, 0)
    if kind == "number":
        return bool(_NUMBER.search(words))
    if kind == "amount":
        return bool(_AMOUNT.search(words))
    if kind == "date":
        return bool(_DATE.search(words)) or names_days(words)
    if kind == "name":
        return not _NOT_A_NAME.fullmatch(words)
    return True


def with_unit(kind: Kind, text: str, start: int, end: int, question: str = "") -> tuple[int, int]:
    """Characters `[start, end)` of a text, widened to whole words and numbers, with the currency and unit of a number.

    Where the `question` names a unit, and the sentence has the number in that one, too, it is that number.

    >>> with_unit("words", "It costs 6.50 euros.", 9, 10)
    (9, 13)
    >>> text = "It costs €58 and takes 30 working days."
    >>> [text[slice(*with_unit("amount", text, *text_span))] for text_span in [(10, 12), (23, 25)]]
    ['€58', '30 working days']
    >>> with_unit("words", "It needs ~6 GB.", 10, 14)
    (9, 14)
    """
    while 0 < start < len(text) and _cuts(text, start):
        start -= 1
    while 0 < end < len(text) and _cuts(text, end):
        end += 1
    if kind not in {"number", "amount"} and not text[start:end][:1].isdigit():
        return start, end
    line = text.rfind("\n", 0, start) + 1
    start, end = (line + place for place in in_unit_asked(question, text[line:], start - line, end - line))
    if text[start:][:1].isdigit() and (bound := _BOUND.search(text, 0, start)):
        start = bound.start("sign")
    if kind not in {"number", "amount"}:
        return start, end
    if start and text[start].isdigit() and (text[start - 1] in "±−" or unicodedata.category(text[start - 1]) == "Sc"):
        start -= 1
    if in_digits(text[start:end], 0)[-1:].isdigit() and (found := _UNIT_NEXT.match(text, end)):
        end = found.end()
    return start, end


def _cuts(text: str, at: int) -> bool:
    """Whether a place is inside a word, or inside a number like 6.50, 1,200 or 10:30."""
    before, after = text[:at][-2:], text[at : at + 2]
    if re.match(r"\w", before[-1]):
        return bool(re.match(r"\w", after)) or (before[-1].isdigit() and bool(_INSIDE.fullmatch(after)))
    return bool(_INSIDE.fullmatch(f"{before[-1]}{after[0]}")) and before[0].isdigit()


Meaning = frozenset[str]
"""What short words say, alike for two that say the same thing."""


def meaning(words: str) -> Meaning:
    """The words of a short answer in a form in which two that say the same thing are alike.

    Lower case, without punctuation, articles and filling words, numbers as digits.

    >>> meaning("a further seven") == meaning("7"), meaning("9 June 2016") == meaning("June 9, 2016")
    (True, True)
    """
    found = re.findall(
        r"(?:(?<![\w).,-])[-−])?\d+(?:[.:/]\d+)*|[^\W\d]+|[%€$£]", canonical(words, 0).lower().replace("’", "'")
    )
    return frozenset(word for word in found if word not in _FILLING) or frozenset(found)


_FILLING = frozenset(
    "a an the of in on at by about around roughly approximately nearly almost some over under more than least most "
    "up to only just further another other others additional total exactly some".split()
)
