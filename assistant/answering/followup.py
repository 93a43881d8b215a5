"""Restates a follow-up question so that it can be asked without the turns before it.

English rules over small word lists, and a trained network that adds words (`answering.carried`). By the rules three
kinds of question depend on the previous one:

- A fragment ("And in Ghent?", "What about the S3?", "Why?") replaces its parallel part.
- A question with an unexplained pronoun, or with no content words, gets its content words in brackets.
- A question whose words all occur close together in the last cited article gets that article's title.

To a question that takes words the network adds the names that it misses; to any other question whatever words it takes
from the turns, which is mostly none. Words in brackets retrieve better than a sentence with the pronoun replaced:
the search reads words, and no grammar has to be guessed.
"""

import re
from collections.abc import Callable, Sequence

from article_assistant.answering.carried import WORD, carried, is_name, words_of
from article_assistant.index.keyword import UNASKED, stems
from article_assistant.index.types import Article
from article_assistant.types import Turn

BRACKETED = 12
"""Maximum words in brackets."""
LONG = 1000
"""Characters above which a question is taken to stand alone."""
MUCH = 5
"""Content words with which a question finds its article despite a pronoun."""
TOGETHER = 4000
"""Window, in characters, in which an article must contain all of a question's words to be its topic."""
BODY = 300
"""Maximum characters of an earlier question to replace a part of; a longer one only lends its words."""

_WH = frozenset("who whom whose what which when where why how".split())
_BE = frozenset("is are was were be been being am has have had isn't aren't wasn't weren't hasn't haven't".split())
_AUXILIARY = _BE | frozenset(
    "do does did can could will would shall should may might must don't doesn't didn't can't couldn't won't "
    "wouldn't".split()
)
_PREPOSITION = frozenset(
    "in on at for from with to by about into after before during between since until under over per than as via "
    "within without against because of".split()
)
_DETERMINER = frozenset(
    "a an the each every any some all no our my your this that these those its his her their".split()
)
_PARTICIPLE = frozenset(
    "kept paid sent held built made found lost sold bought told taken given written known shown drawn done gone "
    "worn seen set put cut read left met run begun become shot hurt struck stood got came went took gave said fell "
    "rose grew wrote began broke spoke drove led won spent called sat thrown driven spoken broken".split()
)
_EMPTY = UNASKED | frozenset(
    "him hers theirs since because else also just again exactly still get gets got happen happens happened anybody "
    "anyone anything somebody someone something everybody everyone nobody thing things".split()
)
_ORDINAL = frozenset("first second third fourth fifth last".split())

_OPENING = re.compile(r"\s*(?:(?:and|but|so|or|then|also|ok|okay|well|now)\b[\s,]*)+", re.IGNORECASE)
_ABOUT = re.compile(r"\s*(?:what about|how about|what of)\s+", re.IGNORECASE)
_PRONOUN = re.compile(
    r"\b(?:he|she|him|his|her|hers|it|its|they|them|their|theirs|this|that|these|those|there)\b", re.IGNORECASE
)
_SIDE_CLAUSE = re.compile(r", | (?:and|when|if|because|that|how|while|who|what|where|why) ", re.IGNORECASE)
_EMPTY_IT = re.compile(
    r"\s+(?:(?:takes?|took|costs?|take|cost)\b.*\bto\b|"
    r"(?:is |was )?(?:possible|allowed|necessary|true|ok|okay|enough)\b.*\b(?:to|that)\b)",
    re.IGNORECASE,
)
_ONE = re.compile(r"\b(?:the )?(?:first|second|third|last|former|latter|other) one\b(?:['’]s\b)?", re.IGNORECASE)
_BARE = re.compile(r"\bthe (?:first|second|third|last|former|latter|others?)[\s?!.]*$", re.IGNORECASE)
_INDEFINITE = re.compile(r"\ban? ", re.IGNORECASE)
_HOW_MANY = re.compile(r"(how (?:many|much)) (?=(?:were|was|are|is|have|had|got|came|\w+ed)\b)", re.IGNORECASE)
_BRACKETS = re.compile(r"(.*\S) \(([^()]*)\)\?", re.DOTALL)


def standalone(question: str, turns: Sequence[Turn]) -> str:
    """The question restated to stand alone; `turns` are oldest first.

    The result is at most `BODY + BRACKETED * (WORD + 1)` characters longer than the question.

    >>> standalone("What about the S3?", [Turn("How heavy is the S2?", "2.4 kg. [1]", ())])
    'How heavy is the S3?'
    >>> standalone("When was it built?", [Turn("How long is the test tank?", "12 metres. [1]", ())])
    'When was it built (test tank)?'
    """
    if not turns or len(question) > LONG or not words_of(question):
        return question
    ruled = _by_rules(question, turns[-1])
    body, context = _parted(ruled)
    if ruled != question and not context:
        return ruled  # a part of the earlier question is replaced
    words = carried(body, turns, ruled != question or _leans(question))
    if ruled != question:
        words = [word for word in words if is_name(word)]
    return _bracketed(body, [*context, *words]) if words else ruled


def _parted(question: str) -> tuple[str, list[str]]:
    """A question without its brackets, and the words in them.

    >>> _parted("When was it built (test tank)?")
    ('When was it built?', ['test', 'tank'])
    """
    found = _BRACKETS.fullmatch(question.strip())
    return (f"{found[1]}?", found[2].split()) if found else (question, [])


def _by_rules(question: str, last: Turn) -> str:
    """The question restated by rules, which look at the last turn alone: it carries what it took from earlier ones."""
    known, context = _parted(last.standalone or last.question)
    asked = question[lead.end() :] if (lead := _OPENING.match(question)) else question
    fragment = asked[about.end() :] if (about := _ABOUT.match(asked)) else asked
    if len(known) <= BODY and _is_fragment(fragment, bool(lead or about)):
        if replaced := _replaced(fragment, known):
            return _bracketed(replaced, context)
        return _bracketed(fragment, [*_telling(known), *context])
    own = _telling(asked)
    # "And when does the lease end?", but not "And what is a rating curve?" or "And what is Tally?"
    few = lead and len(own) <= 2 and not any(map(is_name, own)) and not _INDEFINITE.search(asked)
    if (len(own) < MUCH and _leans(asked)) or not own or (few and not _HOW_MANY.match(asked)):
        words = [*_telling(known), *context]
        if not any(map(is_name, words)):  # take the title of the article that has the words
            words += _telling(next((article.title for article in last.cited if _speaks_of(article, words)), ""))
        return _bracketed(asked, words)
    if (counted := _HOW_MANY.match(asked)) and (noun := _noun(words_of(known))):
        names = [word for word in _telling(known) if is_name(word)]
        return _bracketed(f"{counted[1]} {' '.join(noun)} {asked[counted.end() :]}", [*names, *context])
    for article in last.cited:
        if _speaks_of(article, own):
            return _bracketed(asked, _telling(article.title))
    return question


def _telling(text: str) -> list[str]:
    """The distinct content words of a text, without overlong ones."""
    before, words = "", {}
    for word in words_of(text):
        lower = word.lower()
        told = (
            before != "how" and len(word) <= WORD and lower not in _EMPTY and (lower not in _AUXILIARY or _is_may(word))
        )
        if told and not set(stems(word)) <= _EMPTY:
            words[lower] = word
        before = lower
    return list(words.values())


def _is_may(word: str) -> bool:
    """Whether a word is the month, not the auxiliary."""
    return word == "May"


def _is_participle(word: str) -> bool:
    return not is_name(word) and (word in _PARTICIPLE or (word.endswith("ed") and len(word) > 4))


def _bracketed(body: str, context: Sequence[str]) -> str:
    """A question followed, in brackets, by those context words that it lacks."""
    body = " ".join(body.split()).rstrip("?!. ")
    body = body[:1].upper() + body[1:]
    known = set(stems(body))
    words = [word for word in dict.fromkeys(context) if len(word) <= WORD and not set(stems(word)) <= known][:BRACKETED]
    return f"{body} ({' '.join(words)})?" if words else f"{body}?"


def _speaks_of(article: Article, words: Sequence[str]) -> bool:
    """Whether an article contains all the words, or words with the same stems, close together."""
    texts = (
        article.text[start : start + TOGETHER]
        for start in range(0, max(len(article.text) - TOGETHER // 2, 1), TOGETHER // 2)
    )
    patterns = []
    for word in words:
        found = stems(word)
        stem = found[0] if len(found) == 1 or found[1:] == ["s"] else word
        patterns.append(re.compile(rf"\b(?:{re.escape(word)}|{re.escape(stem)})", re.IGNORECASE))
    return any(all(pattern.search(text) for pattern in patterns) for text in texts)


# --- does it depend on the turns before? --------------------------------------------------------------


def _leans(question: str) -> bool:
    """Whether the question has a pronoun that refers to something outside it."""
    return bool(_ONE.search(question) or _BARE.search(question)) or any(
        _is_open(found.group().lower(), question[: found.start()], question[found.end() :])
        for found in _PRONOUN.finditer(question)
    )


def _is_open(pronoun: str, before: str, after: str) -> bool:
    """Whether a pronoun refers to something that the question text `before` and `after` it does not name."""
    previous = next(iter(words_of(before)[-1:]), "").lower()
    following = next(iter(words_of(after)[:1]), "").lower()
    if pronoun == "it" and _EMPTY_IT.match(after):
        return False  # "how long does it take to …"
    if pronoun in {"this", "that", "these", "those"} and not (
        not previous or not following or previous in _AUXILIARY or previous in _PREPOSITION
    ):
        return following in _AUXILIARY and previous in _WH  # else a conjunction: "he says that …"
    is_short = re.match(r"['’]s\b", after) is not None  # "there’s"
    if (
        pronoun == "there"
        and (previous in _BE or following in _BE or is_short)
        and (following or len(_telling(before)) > 1)
    ):
        return False  # "how many engineers are there on the rota"
    clauses = list(_SIDE_CLAUSE.finditer(before))
    if clauses and _telling(before[: clauses[-1].start()]):
        return False  # an earlier clause tells: "What is the Moorhen, and how many people may it carry?"
    own = _telling(before)
    if own and pronoun in {"he", "she", "it", "they"} and previous not in _AUXILIARY:
        return not (is_short or following in _AUXILIARY)  # "Why did Devraj say he could not …"
    if own and pronoun in {"his", "her", "its", "their"} and following and previous not in _AUXILIARY:
        return previous == "of" and not any(map(is_name, own))  # "Does Weir compress its blocks?"
    return True


def _is_fragment(text: str, led: bool) -> bool:
    """Whether a text is a question fragment without a verb; `led` says that "And" or "What about" came first."""
    tokens = [word.lower() for word in words_of(text) if not _is_may(word)]
    if not 0 < len(tokens) <= 8 or not _AUXILIARY.isdisjoint(tokens):
        return False
    if not _ONE.search(text) and _PRONOUN.search(text):
        return False
    asks = next((i for i, word in enumerate(tokens[:3]) if word in _WH), None)
    if asks is None:
        return led or tokens[0] in _PREPOSITION
    rest = tokens[asks + 1 :]
    return not rest or (
        tokens[asks] in {"how", "what", "which"} and len(rest) <= 3 and not any(map(_is_participle, rest))
    )


# --- which part of the earlier question does a fragment replace? --------------------------------------


def _replaced(fragment: str, known: str) -> str | None:
    """The earlier question with the fragment in place of its parallel part, or None."""
    if new := _ONE.search(fragment):
        old = _ONE.search(known)
        return known[: old.start()] + re.sub(r"['’]s$", "", new.group()) + known[old.end() :] if old else None
    part, words = words_of(fragment), words_of(known)
    if not words:
        return None
    place: tuple[int, int] | None
    bare = [word for word in part if word.lower() not in _DETERMINER]
    if not _WH.isdisjoint(word.lower() for word in part[:3]):
        place = (0, _asking(words))
    elif part[0].lower() in _PREPOSITION:
        place = _phrase(words, part) or (len(words), len(words))  # "For moving house?" adds what was open
    elif bare and all(map(is_name, bare)):
        part, place = bare, _likest_name(words, bare)
    elif len(bare) == 1 and bare[0].lower() in _ORDINAL:
        place = _last(words, lambda word: word.lower() in _ORDINAL)
    elif len(bare) == 1 and _is_participle(bare[0]):
        place = _last(words, _is_participle)
    else:
        place = _noun_place(words, len(bare))
    return None if place is None else " ".join([*words[: place[0]], *part, *words[place[1] :]])


def _last(words: Sequence[str], wanted: Callable[[str], bool]) -> tuple[int, int] | None:
    return next(((i, i + 1) for i in range(len(words) - 1, -1, -1) if wanted(words[i])), None)


def _asking(words: Sequence[str]) -> int:
    """The number of words before a question's verb: 3 ("How many weeks") in "How many weeks do …".

    >>> _asking("How many weeks do mothers receive".split()), _asking("Who insures the stock".split())
    (3, 1)
    """
    lower = [word.lower() for word in words]
    auxiliary = next((i for i, word in enumerate(lower) if word in _AUXILIARY), None)
    if auxiliary is not None:
        return auxiliary
    asks = next((i for i, word in enumerate(lower[:3]) if word in _WH), None)
    if asks is None:
        return 0
    return asks + 1 if lower[asks] in {"who", "whom"} else asks + 1 + _verb(words[asks + 1 :])


def _verb(words: Sequence[str]) -> int:
    """The index of the verb after a subject: a participle, or the last word of the first word group.

    A group ends before a determiner or a preposition other than "of".

    >>> _verb("the relay at Spurn Head serve".split()), _verb("the siren in Dendermonde sound".split())
    (5, 4)
    """
    group = 0
    for i, word in enumerate([*words, "of"]):
        end = i == len(words)
        if i and not end and _is_participle(word):
            return i
        lower = word.lower()
        follows_of = i > 0 and words[i - 1].lower() == "of"
        if end or (lower in _PREPOSITION and lower != "of") or (lower in _DETERMINER and i and not follows_of):
            if group >= 2 and not is_name(words[i - 1]):
                return i - 1
            group = 0
        elif lower not in _DETERMINER:
            group += 1
    return len(words)


def _noun_place(words: Sequence[str], count: int = 0) -> tuple[int, int] | None:
    """The span of the noun a question is about, its subject or what it counts; None for a name.

    In "the VPN session of an employee" a single noun (`count` 1) replaces "employee".
    """
    asking = _asking(words)
    start = asking
    while start < len(words) and (words[start].lower() in _AUXILIARY or words[start].lower() == "there"):
        start += 1
    tail = words[start:]
    if asking < len(words) and words[asking].lower() in _BE:
        verb = _last(tail[::-1], _is_participle)
        end = start + (len(tail) - verb[1] if verb else len(tail))
    else:
        end = start + _verb(tail)
    if not _telling(" ".join(words[start:end])):  # "How many assailants | were captured"
        start, end = 0, asking
        while start < end and (words[start].lower() in _WH | _PREPOSITION or words[start].lower() in {"many", "much"}):
            start += 1
    while start < end and words[start].lower() in _PREPOSITION:
        start += 1
    if count == 1 and "of" in words[start:end]:
        start = end - words[start:end][::-1].index("of")
    noun = words[start:end]
    return (start, end) if _telling(" ".join(noun)) and not all(map(is_name, noun)) else None


def _noun(words: Sequence[str]) -> list[str]:
    """The words that "how many" counts; empty for other questions."""
    lower = [word.lower() for word in words]
    if lower[:2] not in (["how", "many"], ["how", "much"]):
        return []
    noun = list(words[2 : _asking(words)])
    return noun if len(" ".join(noun)) <= 2 * WORD else []


def _phrase(words: Sequence[str], part: Sequence[str]) -> tuple[int, int] | None:
    """The span of the most similar phrase with the same preposition, or None."""
    lower, wanted = [word.lower() for word in words], [word.lower() for word in part]

    def likeness(start: int) -> float:
        beside = words[start + 1 : start + len(part)]
        same = sum(old.lower() == new for old, new in zip(beside, wanted[1:], strict=False))
        return same + (0.5 if beside and is_name(beside[-1]) == is_name(part[-1]) else 0.0)

    start = max((i for i, word in enumerate(lower) if word == wanted[0]), key=likeness, default=None)
    if start is None:
        return None
    end = start + 1
    while end < len(words) and (
        lower[end] in wanted[1:] or lower[end] == "of" or lower[end] not in _PREPOSITION | _AUXILIARY
    ):
        if lower[end] in _DETERMINER and end > start + 1 and lower[end - 1] not in _PREPOSITION:
            break
        end += 1
    return start, end


def _likest_name(words: Sequence[str], name: Sequence[str]) -> tuple[int, int] | None:
    """The span of the name spelled most like another: S2 for S3, 6.0 for 6.1, Hull for Ghent."""

    def shape(some: Sequence[str]) -> list[str]:
        return [re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", word)) for word in some]

    wanted = shape(name)
    places = [
        (start, end)
        for start in range(1, len(words))
        for end in range(start + 1, min(len(words), start + len(name) + 2) + 1)
        if all(map(is_name, words[start:end]))
    ]

    def likeness(place: tuple[int, int]) -> tuple[bool, bool, int]:
        found = shape(words[place[0] : place[1]])
        return (
            found == wanted,
            any("9" in word for word in found) == any("9" in word for word in wanted),
            place[1] - place[0],
        )

    return max(places, key=likeness, default=None)
