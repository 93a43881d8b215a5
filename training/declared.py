"""A question and its answer become a statement: "Who founded X?" and "A" say "A founded X."

Rules over words (after Demszky et al. 2018, "Transforming question answering datasets into natural language
inference datasets"), without a parser: the verb of a question is the first word behind its subject that WordNet
counts as one. What cannot be turned surely is dropped. Questions may be in lower case and without a mark.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SURE = 0.5
"""Share of a word's uses, as WordNet counts them, that must be as a verb."""
LONGEST = 14
"""Words that an answer may have."""

_IRREGULAR = """
arise/arose/arisen awake/awoke/awoken be/was/been bear/bore/born beat/beat/beaten become/became/become
begin/began/begun bend/bent/bent bid/bid/bid bind/bound/bound bite/bit/bitten bleed/bled/bled blow/blew/blown
break/broke/broken breed/bred/bred bring/brought/brought broadcast/broadcast/broadcast build/built/built
burst/burst/burst buy/bought/bought cast/cast/cast catch/caught/caught choose/chose/chosen cling/clung/clung
come/came/come cost/cost/cost creep/crept/crept cut/cut/cut deal/dealt/dealt dig/dug/dug do/did/done draw/drew/drawn
drink/drank/drunk drive/drove/driven eat/ate/eaten fall/fell/fallen feed/fed/fed feel/felt/felt fight/fought/fought
find/found/found flee/fled/fled fly/flew/flown forbid/forbade/forbidden forget/forgot/forgotten
forgive/forgave/forgiven freeze/froze/frozen get/got/got give/gave/given go/went/gone grind/ground/ground
grow/grew/grown hang/hung/hung have/had/had hear/heard/heard hide/hid/hidden hit/hit/hit hold/held/held hurt/hurt/hurt
keep/kept/kept know/knew/known lay/laid/laid lead/led/led leave/left/left lend/lent/lent let/let/let lie/lay/lain
lose/lost/lost make/made/made mean/meant/meant meet/met/met mistake/mistook/mistaken overcome/overcame/overcome
overtake/overtook/overtaken overthrow/overthrew/overthrown pay/paid/paid prove/proved/proven put/put/put
quit/quit/quit read/read/read rebuild/rebuilt/rebuilt ride/rode/ridden ring/rang/rung rise/rose/risen run/ran/run
say/said/said see/saw/seen seek/sought/sought sell/sold/sold send/sent/sent set/set/set shake/shook/shaken
shed/shed/shed shine/shone/shone shoot/shot/shot show/showed/shown shrink/shrank/shrunk shut/shut/shut sing/sang/sung
sink/sank/sunk sit/sat/sat sleep/slept/slept slide/slid/slid speak/spoke/spoken spend/spent/spent spin/spun/spun
split/split/split spread/spread/spread stand/stood/stood steal/stole/stolen stick/stuck/stuck strike/struck/struck
strive/strove/striven swear/swore/sworn sweep/swept/swept swim/swam/swum swing/swung/swung take/took/taken
teach/taught/taught tear/tore/torn tell/told/told think/thought/thought throw/threw/thrown undergo/underwent/undergone
understand/understood/understood undertake/undertook/undertaken wake/woke/woken wear/wore/worn weave/wove/woven
win/won/won wind/wound/wound withdraw/withdrew/withdrawn withstand/withstood/withstood write/wrote/written
"""
PAST = {row.split("/")[0]: row.split("/")[1] for row in _IRREGULAR.split()}
DONE = {row.split("/")[0]: row.split("/")[2] for row in _IRREGULAR.split()}
_BASE_OF_PAST = {past: base for base, past in PAST.items()}
_BASE_OF_DONE = {done: base for base, done in DONE.items()}
DOUBLED = frozenset(
    "stop plan admit permit submit commit occur refer prefer transfer control ban drop ship step rob beg trap wrap "
    "equip compel expel patrol propel plot spot knit slip strip omit".split()
)

BE = frozenset({"is", "are", "was", "were"})
DID = frozenset({"did", "does", "do"})
HAVE = frozenset({"has", "have", "had"})
MODAL = frozenset({"can", "could", "will", "would", "should", "must", "may", "might"})
AUXILIARY = BE | DID | HAVE | MODAL
PREPOSITION = frozenset(
    "in on at of for to from by with about as into onto over under through during after before against between among "
    "within without near like towards toward until since upon via along around across behind beyond despite throughout "
    "outside inside off per than".split()
)
DETERMINER = frozenset(
    "the a an his her its their this that these those my our your some any each every no all both most many several "
    "other another more such one two three four five six seven eight nine ten".split()
)
PRONOUN = frozenset("he she they it you we i there people someone one".split())
_ADVERB = re.compile(r"\w{3,}ly|also|first|still|now|ever|once|always|often|never|later|even|usually|last|finally|then")
_WH = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)
_TIMES = frozenset("year date day month century decade season period era".split())
_MONTH = r"(?:January|February|March|April|May|June|July|August|September|October|November|December)"
_YEAR = re.compile(r"(?:(?:early |late |mid[- ])?(?:the )?\d{3,4}s?(?: ?(?:BCE?|AD|CE))?|c\. ?\d{3,4})", re.IGNORECASE)
_TIMED = re.compile(
    r"(?:in|on|at|from|during|since|until|till|after|before|between|by|around|about|circa|when|while|as|every|once|"
    r"throughout|within|following|prior|over|for|shortly|soon)\b|"
    r"(?:\d+|several|two|three|four|five) \w+ (?:after|before|ago|later)",
    re.IGNORECASE,
)
_INSIDE = frozenset("after before when while that who which being where because if".split())
"""Words of a subject that has a verb of its own."""
_CLAUSE = re.compile(
    r"(?:it|they|he|she|there|the \w+|his \w+|her \w+|their \w+) "
    r"(?:was|were|is|are|had|has|could|did|would|wanted|believed|felt)\b",
    re.IGNORECASE,
)
_SIZES = {
    "old": "old",
    "tall": "tall",
    "long": "long",
    "high": "high",
    "deep": "deep",
    "wide": "wide",
    "thick": "thick",
}
_NUMBER = re.compile(
    r"\d|\b(?:one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|\w+teen|twenty|thirty|forty|fifty|sixty|"
    r"seventy|eighty|ninety|hundreds?|thousands?|millions?|billions?|dozens?|half|none|zero|several|many|few|single)\b",
    re.IGNORECASE,
)
_MANY = {"is": "are", "was": "were", "has": "have"}
_TWO_OBJECTS = frozenset(
    "call name give offer pay cost tell teach send grant award elect consider make appoint".split()
)


def past(base: str) -> str:
    """The past tense of a verb.

    >>> [past(verb) for verb in ("found", "carry", "stop", "visit", "write", "free")]
    ['founded', 'carried', 'stopped', 'visited', 'wrote', 'freed']
    """
    if base in PAST:
        return PAST[base]
    if base.endswith("e"):
        return f"{base}d"
    if re.search(r"[^aeiou]y$", base):
        return f"{base[:-1]}ied"
    if base in DOUBLED or re.fullmatch(r"[^aeiou]+[aeiou][bdgmnprt]", base):
        return f"{base}{base[-1]}ed"
    return f"{base}ed"


def third(base: str) -> str:
    """The third person of a verb: "carries", "goes", "has"."""
    if base in {"have", "be"}:
        return {"have": "has", "be": "is"}[base]
    if re.search(r"[^aeiou]y$", base):
        return f"{base[:-1]}ies"
    return f"{base}es" if re.search(r"(?:s|x|z|ch|sh|o)$", base) else f"{base}s"


def bases(word: str) -> list[tuple[str, str]]:
    """Verbs that a word may be a form of, with the form: base, past, done, third or ing; not all of them are verbs.

    >>> bases("written"), bases("stopped")[:2]
    ([('written', 'base'), ('write', 'done')], [('stopped', 'base'), ('stopp', 'past')])
    """
    found = [(word, "base")]
    if word in _BASE_OF_PAST:
        found.append((_BASE_OF_PAST[word], "past"))
    if word in _BASE_OF_DONE:
        found.append((_BASE_OF_DONE[word], "done"))
    if word.endswith("ed"):
        stem = word[:-2]
        found += [(stem, "past"), (f"{stem}e", "past")]
        found += [(stem[:-1], "past")] if len(stem) > 2 and stem[-1] == stem[-2] else []
        found += [(f"{stem[:-1]}y", "past")] if stem.endswith("i") else []
    elif word.endswith("ing"):
        stem = word[:-3]
        found += [(stem, "ing"), (f"{stem}e", "ing")]
        found += [(stem[:-1], "ing")] if len(stem) > 2 and stem[-1] == stem[-2] else []
    elif word.endswith("s"):
        found += [(word[:-1], "third")]
        found += [(word[:-2], "third")] if word.endswith("es") else []
        found += [(f"{word[:-3]}y", "third")] if word.endswith("ies") else []
    return found


@dataclass(frozen=True, slots=True)
class Statement:
    """A text without its full stop; its answer is `text[start:end]`. Where the answer is the subject, `said` is
    the rest."""

    text: str
    start: int
    end: int
    said: str = ""

    @property
    def answer(self) -> str:
        """The words of the answer."""
        return self.text[self.start : self.end]


class Declarer:
    """Turns questions; `counts` gives how often a lemma is met as noun, verb, adjective and adverb."""

    def __init__(self, counts: Callable[[str], Mapping[str, int]]) -> None:
        self._counts = counts
        self._known: dict[str, list[tuple[str, str, float]]] = {}

    def forms(self, word: str) -> list[tuple[str, str, float]]:
        """Verbs that a lower-case word may be, with the form, and the share of its uses as a verb."""
        if word not in self._known:
            found = []
            for base, form in bases(word):
                counts = self._counts(base)
                verb, whole = counts.get("v", 0), sum(counts.values())
                if base in PAST:
                    verb, whole = verb + 3, whole + 3
                if verb:
                    own = self._counts(word) if form != "base" else {}
                    against = sum(count for kind, count in own.items() if kind != "v")
                    share = verb / whole if form in {"base", "third"} else verb / (verb + 2 * against)
                    found.append((base, form, share))
            self._known[word] = found
        return self._known[word]

    def _verb(self, words: Sequence[str], forms: frozenset[str], first: int = 1, least: float = SURE) -> int | None:
        """Number of the first word from `first` on that is surely a verb in one of these forms."""
        if words and words[0].lower() in PRONOUN:
            first = 1
        for i in range(first, len(words)):
            word, before = words[i], words[i - 1].lower() if i else ""
            if (
                not re.fullmatch(r"[a-z]+(?:-[a-z]+)?", word)
                or before in DETERMINER | PREPOSITION
                or before.endswith(("'s", "s'", "’s", "s’"))
            ):
                continue
            if word in (PREPOSITION | DETERMINER | PRONOUN | AUXILIARY) - {"have"} or (
                word == "have" and "base" not in forms
            ):
                continue
            pronoun = i == 1 and before in PRONOUN
            if any(form in forms and (share >= least or pronoun) for _, form, share in self.forms(word)):
                return i
        return None

    def statement(self, question: str, answer: str, passage: str, start: int) -> Statement | None:
        """What a question and its answer, at `start` of the passage, say together; None where it is not sure."""
        asked = re.sub(r"\s+", " ", question).strip().rstrip("?.! ").strip()
        answer = answer.strip().strip(",;:. ") if not re.search(r"\b[A-Z]\.$", answer.strip()) else answer.strip()
        start += len(passage[start:]) - len(passage[start:].lstrip(" ,;:."))
        if answer.count('"') == 1 or answer.count("(") != answer.count(")"):
            return None
        if not answer or "\n" in answer or "?" in asked or "?" in answer or len(answer.split()) > LONGEST:
            return None
        if re.search(r"\bnot\b|n't\b|n’t\b|\bname the\b|:", asked, re.IGNORECASE) or answer.lower() in asked.lower():
            return None
        asked = re.sub(
            r"^(?:about|approximately|roughly|exactly|so|and) (?=(?:how|what)\b)", "", asked, flags=re.IGNORECASE
        )
        asked = re.sub(r"\b(what|who|where|when|why|how)['’]s\b", r"\1 is", asked, flags=re.IGNORECASE)
        before = re.search(r"(\w+) [\"“(]*$", passage[:start].split("\n")[-1])
        turned = self._turn(asked, answer, before[1] if before else "", 0)
        if turned is None or turned[0].split()[-1:] in (["a"], ["an"], ["the"]):
            return None
        if not turned[0] and several(answer):
            turned = "", turned[1], re.sub(r"^(?:is|was|has)\b", lambda one: _MANY[one[0]], turned[2])
        text = re.sub(r"\s+([,.;])", r"\1", re.sub(r"\s+", " ", " ".join(filter(None, turned)))).strip()
        if (
            _WH.match(text)
            or not 4 <= len(text.split()) <= 40
            or re.search(r"\b(\w+) \1\b", text)
            or text.count(answer) != 1
        ):
            return None
        text = text[0].upper() + text[1:]
        at = text.lower().find(answer.lower())
        said = turned[2] if not turned[0] and turned[1] and text[at + len(answer) :].strip() == turned[2] else ""
        return Statement(text, at, at + len(answer), said)

    def _turn(self, asked: str, answer: str, before: str, depth: int) -> tuple[str, str, str] | None:
        """What stands before the answer, the answer with its article or preposition, and what stands after it."""
        words = asked.split()
        if len(words) < 3:
            return None
        low = [word.lower() for word in words]
        if low[0] in PREPOSITION and len(low) > 2 and low[1] in {"what", "which", "whom", "how"}:
            return self._fronted(words, answer, before)
        if low[0] in {"who", "what", "which", "whose", "whom", "when", "where", "why", "how"}:
            words[0] = low[0]
            return self._asked(words, answer, before)
        # "In 1990, who founded X": the part in front stays there.
        if depth == 0 and (
            cut := re.match(
                r"((?:In|On|At|During|After|Before|Along|As|By|For|Under|Despite|With|Of|According|Besides|When|While)\b"
                r"[^,]*), (?=\w)",
                asked,
            )
        ):
            rest = asked[cut.end() :]
            if _WH.match(rest) or re.match(r"(?:in|on|at|for|to|by|from) (?:what|which)\b", rest):
                if cut[1].startswith("Of "):
                    return None
                turned = self._turn(rest, answer, before, 1)
                return (f"{cut[1]}, {turned[0]}", turned[1], turned[2]) if turned else None
            return None
        # "X was founded by whom", "X is from what country"
        if inside := re.search(r" (?:(?:what|which) [\w' -]+|whom?|what|when|where)$", asked, re.IGNORECASE):
            front, asks = asked[: inside.start()], inside[0].split()
            if _WH.search(front) or len(asks) > 4 or len(front.split()) < 2:
                return None
            if asks[0].lower() in {"when", "where"}:
                phrase = (timed if asks[0].lower() == "when" else placed)(answer, before)
                return (front, phrase, "") if phrase else None
            if self._verb(asks, frozenset({"base", "past", "third"})) or any(word in AUXILIARY for word in asks):
                return None
            return front, self._kind(answer, before, [word.lower() for word in asks[1:]]), ""
        return None

    def _noun(self, answer: str, before: str, kind: Sequence[str] = ()) -> str:
        """The answer with the article that it has in the passage, or "the 20th century" for "20th"."""
        if kind and re.fullmatch(r"(?:the )?(?:\d+(?:st|nd|rd|th)|first|second|third|\w+th)", answer, re.IGNORECASE):
            return f"the {answer.removeprefix('the ')} {' '.join(kind)}"
        if before.lower() in ({"the"} if answer[0].isupper() else {"the", "a", "an"}) and answer[:2].lower() not in {
            "a ",
            "an",
        }:
            return f"{before.lower()} {answer}"
        return answer

    def _fronted(self, words: list[str], answer: str, before: str) -> tuple[str, str, str] | None:
        """ "In what year did …": the answer comes at the end, with the preposition."""
        low = [word.lower() for word in words]
        helper = next((i for i in range(2, min(len(words), 8)) if low[i] in AUXILIARY), None)
        if helper is None or (low[1] == "how" and low[2] not in {"many"}):
            return None
        kind = [] if low[1] == "whom" else low[2 + (low[1] == "how") : helper]
        if any(word in PREPOSITION - {"of"} for word in kind):
            return None
        whole = self._whole(words[helper:])
        if whole is None or whole.split()[-1].lower() in PREPOSITION:
            return None
        if answer.split()[0].lower() in PREPOSITION:
            return (whole, answer, "") if answer.split()[0].lower() == low[0] else None
        said = (
            f"{answer} {' '.join(kind)}"
            if low[1] == "how" and re.fullmatch(r"[\w,.-]+", answer)
            else self._noun(answer, before, kind)
        )
        preposition = (
            timed(said, before).split()[0]
            if kind and kind[-1] in _TIMES and low[0] in {"in", "on"} and timed(said, before)
            else low[0]
        )
        return whole, f"{preposition} {said}", ""

    def _whole(self, words: list[str], gap: bool = False) -> str | None:
        """ "did X found Y" as "X founded Y"; with a gap, a `\\0` where an object is missing."""
        helper, rest = words[0].lower(), words[1:]
        if not rest or rest[0].lower() in PREPOSITION:
            return None
        if helper in BE:
            at = self._verb(rest, frozenset({"past", "done", "ing"}), least=0.3)
            if at is None:
                at = next((i for i in range(1, len(rest)) if self._adjective(rest, i)), None)
                if at is None or gap:
                    return None
            while at > 1 and _ADVERB.fullmatch(rest[at - 1]):
                at -= 1
            subject, predicate = rest[:at], [helper, *rest[at:]]
        elif helper in DID:
            at = self._verb(rest, frozenset({"base"}))
            if at is None:
                at = self._verb(rest, frozenset({"base"}), least=0.12)
            if at is None or rest[at].endswith("ing"):
                return None
            said = past(rest[at]) if helper == "did" else third(rest[at]) if helper == "does" else rest[at]
            subject, predicate = rest[:at], [said, *rest[at + 1 :]]
        else:
            forms = frozenset({"past", "done"}) if helper in HAVE else frozenset({"base"})
            at = next((i for i in range(1, len(rest)) if rest[i] in {"be", "been"}), None) or self._verb(rest, forms)
            if at is None:
                return None
            while at > 1 and _ADVERB.fullmatch(rest[at - 1]):
                at -= 1
            subject, predicate = rest[:at], [helper, *rest[at:]]
        if subject[-1].lower() in PREPOSITION | DETERMINER | {"and", "or"} or _INSIDE & {
            word.lower() for word in subject
        }:
            return None
        if not gap:
            return " ".join([*subject, *predicate])
        verbs = 1 if helper in DID else 2 + (len(predicate) > 2 and predicate[1] in {"be", "been"})
        while verbs < len(predicate) and _ADVERB.fullmatch(predicate[verbs - 1]):
            verbs += 1
        place = self._gap(predicate, verbs, rest[at] if helper in DID else predicate[verbs - 1])
        if place is None:
            return None
        return " ".join([*subject, *predicate[:place], "\0", *predicate[place:]])

    def _gap(self, words: list[str], verbs: int, verb: str) -> int | None:
        """Where in a predicate, whose first `verbs` words are verbs, an object is missing."""
        rest = [word.lower() for word in words[verbs:]]
        if not rest:
            return verbs
        if rest[-1] in PREPOSITION and rest[-1] not in {"before", "after"}:
            return len(words)
        for i, (one, two) in enumerate(pairwise(rest)):
            if one in PREPOSITION and two in PREPOSITION and (one, two) not in {("from", "within"), ("up", "to")}:
                return verbs + i + 1
        if rest[0] == "to":
            ends = next((i for i in range(2, len(rest)) if rest[i] in PREPOSITION), len(rest))
            return verbs + ends if ends == 2 else None
        if "to" in rest and any(form == "base" and share > SURE for _, form, share in self.forms(rest[-1])):
            return len(words)
        if rest[0] in PREPOSITION - {"of", "as", "than"} | {"when", "while"} or (
            _ADVERB.fullmatch(rest[0]) and len(rest) == 1
        ):
            return verbs
        if verb in _TWO_OBJECTS and not any(word in PREPOSITION for word in rest):
            return len(words)
        return None

    def _adjective(self, words: Sequence[str], i: int) -> bool:
        counts = self._counts(words[i])
        ends = i + 1 == len(words) or words[i + 1].lower() in PREPOSITION
        last = words[i - 1].lower()
        return (
            ends
            and bool(counts)
            and counts.get("a", 0) > 0.8 * sum(counts.values())
            and last not in DETERMINER | PREPOSITION | {"most", "and"}
            and not self._counts(last).get("a", 0) > 0.5 * (sum(self._counts(last).values()) or 1)
        )

    def _asked(self, words: list[str], answer: str, before: str) -> tuple[str, str, str] | None:
        low = [word.lower() for word in words]
        first = low[0]
        if first in {"when", "where", "why"}:
            return self._adjunct(words[1:], answer, before, first)
        if first == "how":
            return self._how(words[1:], answer)
        if first == "whose":
            return None
        if low[1] in AUXILIARY:
            return self._of(words[1:], self._noun(answer, before), first, ())
        if first in {"who", "whom"}:
            at = self._finite(words, 1)
            return ("", self._noun(answer, before), " ".join(words[1:])) if at == 1 and usable(answer) else None
        # "what year did …", "which team won …", "what share of …"
        helper = next((i for i in range(2, min(len(words), 8)) if low[i] in AUXILIARY), None)
        verb = self._finite(words, 2)
        if first == "what" and self._finite(words, 1) == 1 and len(words) > 2:  # "what caused …"
            return ("", self._noun(answer, before), " ".join(words[1:])) if usable(answer) else None
        if verb is not None and (helper is None or verb < helper):
            kind, rest = low[1:verb], words[verb:]
            if (
                set(kind) & (PREPOSITION - {"of"})
                or (kind[-1] in _TIMES and timed(answer, before))
                or not usable(answer)
            ):
                return None
            return "", self._kind(answer, before, kind), " ".join(rest)
        if helper is None:
            return None
        kind = low[1:helper]
        if set(kind) & (PREPOSITION - {"of"}) or any(word.endswith("ing") for word in kind):
            return None
        if kind[-1] in _TIMES and low[helper] in DID | BE | HAVE:
            return self._adjunct(words[helper:], self._noun(answer, before, kind), before, "when")
        return self._of(words[helper:], self._kind(answer, before, kind), "what", tuple(kind))

    def _kind(self, answer: str, before: str, kind: Sequence[str]) -> str:
        if "of" in kind:
            at = list(kind).index("of")
            if kind[0] in {"percentage", "percent", "share", "portion", "fraction", "proportion"} and _NUMBER.search(
                answer
            ):
                return f"{self._noun(answer, before)} {' '.join(kind[at:])}"
            noun = " ".join(kind[at + 1 :])
            if kind[0].rstrip("s") in {"type", "kind", "style", "form", "sort"} and re.fullmatch(r"[\w-]+", answer):
                return (
                    f"{answer} {noun}"
                    if self._counts(answer.lower()).get("a") and not answer.endswith(noun)
                    else answer
                )
        return self._noun(answer, before, kind)

    def _finite(self, words: Sequence[str], first: int) -> int | None:
        """Number of the first word from `first` on that is a verb in the past or the third person."""
        for i in range(first, min(len(words), first + 5)):
            word, before = words[i], words[i - 1].lower()
            if word.lower() in AUXILIARY or (i > first and word in PREPOSITION - {"of"}):
                return None
            if (
                not re.fullmatch(r"[a-z]{3,}", word)
                or before in DETERMINER | PREPOSITION
                or word in DETERMINER | PREPOSITION
            ):
                continue
            for _, form, share in self.forms(word):
                if (form == "past" and share >= SURE) or (form == "third" and share >= SURE):
                    return i
        return None

    def _of(self, words: list[str], answer: str, first: str, kind: tuple[str, ...]) -> tuple[str, str, str] | None:
        """From the auxiliary on: the answer is the subject, or an object that is missing."""
        helper, rest = words[0].lower(), words[1:]
        low = [word.lower() for word in rest]
        if not rest or not usable(answer) or low[0] == "there":
            return None
        first_forms = {form for _, form, share in self.forms(low[0]) if share > 0.3}
        at = next(
            (i for i, word in enumerate(low) if not (_ADVERB.fullmatch(word) or word in {"most", "well", "best"})), 0
        )
        if at:
            first_forms |= {form for _, form, share in self.forms(low[at]) if share > 0.3}
        stranded = low[-1] in PREPOSITION
        if helper in MODAL | HAVE:
            forms = {"base"} if helper in MODAL else {"past", "done"}
            if low[0] in {"been", "be"} or (first_forms & forms and not stranded and rest[0] == low[0]):
                return "", answer, " ".join(words)
        if helper in BE:
            if low[0] in PREPOSITION - {"like"} or (
                first_forms & {"past", "done", "ing"} and len(rest) > 1 and rest[0] == low[0]
            ):
                return ("", answer, " ".join(words)) if not stranded else None
            inner = self._verb(rest, frozenset({"past", "done", "ing"}), least=0.3)
            ends = (
                any(form in {"past", "done"} and share > 0.5 for _, form, share in self.forms(low[-1]))
                and low[-1] != "left"
            )
            if stranded and inner is None:
                if low[-1] in {"about", "for", "from", "in", "near", "like", "on", "at"} and len(rest) > 1:
                    cut = len(rest) - 1
                    while cut > 1 and (self._adjective(rest, cut - 1) or _ADVERB.fullmatch(low[cut - 1])):
                        cut -= 1
                    return " ".join([*rest[:cut], helper, *rest[cut:]]), answer, ""
                return None
            if not stranded and not ends:
                if (
                    kind
                    and not self._adjective([*kind, *rest], len(kind))
                    and not (low[0] in DETERMINER or "'s" in low[0])
                ):
                    return None
                if (
                    low[0] not in DETERMINER
                    and not any(word.endswith(("'s", "s'")) for word in low)
                    and (inner is not None or len(rest) > 4)
                ):
                    return None
                if low[0] in PRONOUN or low[-1].endswith("ing"):
                    return None
                if first == "who" or (len(" ".join(rest)) % 2 and low[:3] != ["the", "name", "of"]):
                    return "", answer, " ".join(words)
                return " ".join([*rest, helper]), answer, ""
        whole = self._whole(words, gap=True)
        if whole is None or low[-1] in {"do", "doing", "does"}:
            return None
        front, back = whole.split("\0")
        if re.search(r"\bdo(?:es)?$|\bdid$", front.strip()):
            return None
        return front.strip(), answer, back.strip()

    def _adjunct(self, words: list[str], answer: str, before: str, first: str) -> tuple[str, str, str] | None:
        """ "when did X found Y": the answer comes last, with its preposition."""
        if len(words) < 2 or words[0].lower() not in AUXILIARY:
            return None
        if first == "why":
            phrase = reasoned(answer)
        else:
            phrase = timed(answer, before) if first == "when" else placed(answer, before)
        last = words[-1].lower()
        if last in PREPOSITION:
            if last in {"to", "from"} and answer.split()[0].lower() not in PREPOSITION and first == "where":
                phrase = answer
            else:
                return None
        if not phrase:
            return None
        behind = [word.lower() for word in words]
        if any(one in PREPOSITION and two in PREPOSITION for one, two in pairwise(behind)):
            return None
        whole = self._whole(words)
        if whole is None:
            low = [word.lower() for word in words]
            plain = low[0] in BE and first != "why" and low[1] not in PREPOSITION | {"there"}
            if (
                not plain
                or any(re.search("[a-z]{3}ed$", word) for word in low)
                or self._verb(words[1:], frozenset({"past", "done", "ing", "base"}), least=0.3) is not None
            ):
                return None
            if last in PREPOSITION:
                return " ".join([*words[1:-1], words[0].lower(), last]), answer, ""
            return " ".join([*words[1:], low[0]]), phrase, ""
        return whole, phrase, ""

    def _how(self, words: list[str], answer: str) -> tuple[str, str, str] | None:
        low = [word.lower() for word in words]
        if low[0] == "many":
            return self._counted(words[1:], answer)
        if low[0] == "much" and len(words) > 2:
            if low[1] in AUXILIARY:
                if low[1] in BE:
                    if (
                        self._verb(words[2:], frozenset({"past", "done", "ing"}), least=0.3) is not None
                        or low[2] in PREPOSITION
                    ):
                        return None
                    return " ".join([*words[2:], low[1]]), answer, ""
                return self._of(words[1:], answer, "what", ()) if _NUMBER.search(answer) else None
            return self._counted(words[1:], answer)
        if (
            low[0] in {"long", "often", "far", "frequently"}
            and len(words) > 2
            and low[1] in AUXILIARY - {"is", "are", "was", "were"}
        ):
            whole = self._whole(words[1:])
            if whole is None or whole.split()[-1].lower() in PREPOSITION:
                return None
            lasting = re.search(r"\b(?:last|take|took|lasted|lasts|takes)\b", whole)
            need = low[0] == "long" and not lasting and not _TIMED.match(answer)
            return whole, f"for {answer}" if need else answer, ""
        if low[0] in {*_SIZES, "large", "big", "heavy", "hot", "fast", "far"} and len(words) > 2 and low[1] in BE:
            if (
                not _NUMBER.search(answer)
                or low[2] in PREPOSITION
                or self._verb(words[2:], frozenset({"past", "done"}), least=0.3)
            ):
                return None
            cut = next((i for i in range(3, len(words)) if low[i] in {"when", "at", "after", "before"}), len(words))
            size = "" if low[0] not in _SIZES or low[0] in answer.lower() or len(answer.split()) > 4 else _SIZES[low[0]]
            if low[0] == "old" and answer.isalpha() | answer.isdigit():
                size = "years old"
            return " ".join([*words[2:cut], low[1]]), f"{answer} {size}".strip(), " ".join(words[cut:])
        if low[0] in AUXILIARY and re.match(r"(?:by|through|with|via|using|from) \w+", answer, re.IGNORECASE):
            whole = self._whole(words)
            return (whole, answer, "") if whole and whole.split()[-1].lower() not in PREPOSITION else None
        return None

    def _counted(self, words: list[str], answer: str) -> tuple[str, str, str] | None:
        """ "how many N were …", "how many N did X …", "how many N attended …"."""
        low = [word.lower() for word in words]
        helper = next((i for i in range(1, min(len(words), 8)) if low[i] in AUXILIARY), None)
        verb = self._finite(words, 1)
        if not _NUMBER.search(answer):
            return None
        end = verb if verb is not None and (helper is None or verb < helper) else helper
        if end is None or end > 6:
            return None
        noun = words[:end]
        said = answer
        shared = {word.lower().rstrip("s") for word in answer.split()} & {word.rstrip("s") for word in low[:end]}
        bare = re.fullmatch(
            r"(?:(?:about|around|over|nearly|almost|approximately|more than|less than|fewer than|up to|at least|some|"
            r"roughly|only|just|an estimated|the) )*(?:[\w.,-]*\d[\w.,]*|[a-z-]+)"
            r"(?: (?:hundred|thousand|million|billion|dozen))?",
            answer, re.IGNORECASE,
        )  # fmt: skip
        if not shared and bare:
            said = f"{answer} {' '.join(noun)}"
        elif not shared and len(answer.split()) > 4:
            return None
        if said.lower() in {"none", "both"}:
            return None
        if end == verb and end != helper:
            return "", said, " ".join(words[end:])
        rest = words[end:]
        if low[end] in BE:
            if len(rest) > 1 and rest[1].lower() == "there":
                return f"there {low[end]}", said, " ".join(rest[2:])
            forms = (
                {form for _, form, share in self.forms(rest[1].lower()) if share > 0.3} if len(rest) > 1 else set[str]()
            )
            if len(rest) > 1 and (
                rest[1].lower() in PREPOSITION or forms & {"past", "done", "ing"} or self._adjective(rest, 1)
            ):
                return ("", said, " ".join(rest)) if rest[-1].lower() not in PREPOSITION else None
            return None
        return self._of(rest, said, "what", ())


def several(answer: str) -> bool:
    """Whether an answer takes a verb in the plural: "A and B", "additives"."""
    last = answer.split()[-1]
    return bool(
        (re.search(r"[A-Z]\w+(?:,| and) (?:the )?[A-Z]\w+$|[a-z]s? and [a-z]+$", answer) and " of " not in answer)
        or (
            re.fullmatch(r"\w*[^\Wsuiy]s", last.lower() if len(answer.split()) == 1 else last)
            and not answer.lower().startswith(("a ", "an "))
        )
        or re.fullmatch(r"people|men|women|children", last)
    )


def usable(answer: str) -> bool:
    """Whether an answer can be a subject or an object: it begins with no preposition and no verb."""
    begins = re.match(
        r"(?:in|on|at|from|by|with|to|for|because|is|are|was|were|has|have|had|that|when|if|as|due|through|during|under|"
        r"generally|it|they|he|she|of|into|can|could|will|would|which|who|and|or|but|"
        r"\w+ed (?:of|to|in|by|as|for|the|his|her|its|their|a))\b",
        answer,
        re.IGNORECASE,
    )
    tells = re.search(r"\b(?:is|are|was|were|has|can|could|will|would)\b", answer)
    return not begins and not (tells and not re.search(r"\b(?:that|which|who|where|what)\b", answer))


def timed(answer: str, before: str) -> str:
    """A time with its preposition: "in 1990", "on June 9, 2016"; empty where none is sure."""
    if _TIMED.match(answer) or answer.endswith(" ago"):
        return answer
    word = before.lower()
    if re.search(rf"\b{_MONTH}\.? \d{{1,2}}(?!\d)|\b\d{{1,2}}(?:st|nd|rd|th)?(?: of)? {_MONTH}", answer):
        return f"on {answer}"
    if _YEAR.fullmatch(answer) or re.fullmatch(rf"(?:early |late |mid-)?{_MONTH},?(?: of)? ?\d{{0,4}}", answer):
        return f"in {answer if not re.search(r'[0-9]s$', answer) or 'the' in answer else f'the {answer}'}"
    if re.search(
        r"\b(?:centur(?:y|ies)|decade|summer|winter|spring|autumn|fall|seasons?|period|age|era|years?)\b",
        answer,
        re.IGNORECASE,
    ):
        return f"in {answer if re.match(r'(?:the|a|an|late|early|mid|spring|summer) ?', answer) else f'the {answer}'}"
    if re.search(r"day\b|\bEve\b|\bnight\b", answer) and len(answer.split()) < 4:
        return f"on {answer}"
    if word in {"in", "on", "at", "during", "since", "until", "after", "before", "by", "around"}:
        return f"{word} {answer}"
    return ""


def placed(answer: str, before: str) -> str:
    """A place with the preposition that it has in the passage; empty where it has none."""
    if re.match(r"(?:in|on|at|near|from|to|along|between|around|outside|inside|within|across|under|above|below|behind|"
                r"throughout|north|south|east|west)\b", answer, re.IGNORECASE):  # fmt: skip
        return answer
    if before.lower() in {
        "in",
        "on",
        "at",
        "near",
        "from",
        "along",
        "around",
        "outside",
        "inside",
        "within",
        "across",
    }:
        return f"{before.lower()} {answer}"
    if before.lower() == "the":
        return f"in the {answer}" if answer[0].isupper() else ""
    return f"in {answer}" if re.fullmatch(r"[A-Z][\w'.-]+(?: [A-Z][\w'.-]+)?(?:, [A-Z][\w' ]+)*", answer) else ""


def reasoned(answer: str) -> str:
    """A reason with its connective; empty where none is sure."""
    if re.match(
        r"(?:because|due to|to|for|since|in order|as a result|so that|out of|through)\b", answer, re.IGNORECASE
    ):
        return answer
    if _CLAUSE.match(answer):
        return f"because {answer[0].lower()}{answer[1:]}"
    return ""
