"""BM25 on disk: the chunks that share words with a question, stems and whole identifiers.

Searched exactly, for those who ask: a word is as rare as it is among the chunks that they may see, and no other chunk
moves a score.
"""

import re
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import numpy as np
import tantivy
from article_assistant.index.scan import in_order, mapped, scored, top_of
from article_assistant.index.types import Terms
from numpy.typing import NDArray

_UNASKED = (
    "a an and are as at be been but by can could did do does for from had has have he her his how i if in is it its "
    "many me much my of on or our she should so than that the their them then there these they this to was we were "
    "what when where which who whom whose why will with would you your"
)

_WRAPPED = re.compile(r"^[^\w#@.+/\\~-]+|[^\w#+]+$")
_JOINT = re.compile(r"(?<!\d),|,(?!\d{3}\b)|[;|=()\[\]{}<>\"“”„‘’`*]+")
_LEADING = re.compile(r"^[^\W\d_]{2,}:(?=\w)")
_OWNER = re.compile(r"['’]s?$")
_IN_YEARS = r"(?:1\d|20)\d\d"
_SPACED = re.compile(rf"(?<![\w.-])([B-HJ-Z]|[A-Z]{{2,5}}) (?!{_IN_YEARS}\b)(\d{{3,}}(?:[.-]?\w+)*)(?!\w)")
_NO_IDENTIFIER = re.compile(
    r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d{1,3}(?:\.\d{3})+(?:,\d+)?|"  # thousands
    rf"\d\d?([./-])\d\d?\1{_IN_YEARS}|\d\d?/\d\d?/\d\d|{_IN_YEARS}([./-])[01]\d\2[0-3]\d|"  # dates
    r"\d\d?:\d\d:\d\d|"
    r"\d[\d.,]*[^\W\d_]{1,3}|"  # with a unit or an ending: 10GB, 21st
    r"\d[\d.,]*[a-z]{0,3}(?:-[a-z]{2,}|-\d+[a-z]{2})+|"  # 20-year-old, 13th-14th
    rf"[a-z]+-{_IN_YEARS}s?"  # mid-1990s
)
_IDENTIFIER = re.compile(
    r"(?=\S*\d)(?=\S*[^\W\d_])[\w.@:/\\#+~-]+|"  # letters and digits: E1353, PN-43481, v3.2
    r"\d+(?:[.:/-]\d+){2,}|"  # digits with inner signs: 3.2.10, 10.0.12.0, 4711-3-12
    r"(?!\d+000$)\d{5,}|0\d\d+|#\d\d+|"  # a long number that is not round, or one that counts nothing
    r"[^\W\d_]{1,12}(?:#|\+\+)|\.[A-Z][^\W\d_]+|"  # C#, C++, .NET
    r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+|(?:/[\w.-]+){2,}|"  # addresses, paths
    r"[^\W\d_]{2,}(?:[_.][^\W\d_]{2,})+"  # snake_case, host.example
)


FACTS = {"words": "<u4", "ends": "<i8", "numbers": "<i8", "lengths": "<i4"}
"""What is read whole of a segment: its words, where the postings of each end, its chunks' numbers and lengths."""


class Postings:
    """Finished postings, which are only read. Row i is the chunk `numbers[i]`, of `lengths[i]` words."""

    def __init__(self, folder: Path) -> None:
        """Open what `index.postings.extend` wrote. Raises OSError or ValueError where that is not whole."""
        gone = np.fromfile(folder / "gone", "<i8")
        self._segments = [Segment(folder, number) for number in range(segments(folder))]
        self._firsts = np.cumsum([0, *(len(one.numbers) for one in self._segments)])
        self.numbers = np.concatenate([gone[:0], *(one.numbers for one in self._segments)])
        self.lengths = np.concatenate([np.zeros(0, np.int32), *(one.lengths for one in self._segments)])
        self.alive = ~np.isin(self.numbers, gone)

    @property
    def count(self) -> int:
        """Chunks that are not gone."""
        return int(self.alive.sum())

    def holding(self, word: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The rows that hold a word, gone ones too, and how many times."""
        found = [one.holding(word) for one in self._segments]
        rows = [rows + first for (rows, _), first in zip(found, self._firsts, strict=False)]
        none = np.zeros(0, np.int64)
        return np.concatenate([none, *rows]), np.concatenate([none, *(times for _, times in found)])

    def best(
        self,
        rarities: Iterable[tuple[int, float]],
        mean: float,
        seen: NDArray[np.bool_],
        k: int,
        holding: int | None = None,
    ) -> list[tuple[int, float]]:
        """The best `k` of the rows `seen`, as numbers with BM25 scores (above 0), best first.

        Each word asked for comes with its rarity, `mean` is the mean length. With `holding`, a word, only chunks that
        hold it.
        """
        scores = np.zeros(len(self.numbers))
        for word, rare in rarities:
            rows, times = self.holding(word)
            scores[rows] += scored(rare, times, self.lengths[rows], mean)
        wanted = seen & (scores > 0)
        if holding is not None:
            held = np.zeros(len(wanted), bool)
            held[self.holding(holding)[0]] = True
            wanted &= held
        rows = np.flatnonzero(wanted)
        rows = rows[top_of(scores[rows], k)]
        return in_order(self.numbers[rows], scores[rows])

    def close(self) -> None:
        """Close the files; each mapping holds a descriptor."""
        self._segments = []


class Segment:
    """The postings of some chunks: of each a place among them in the lower 16 bits, and how many times above."""

    def __init__(self, folder: Path, number: int) -> None:
        facts = {name: np.fromfile(folder / f"{number}.{name}", kind) for name, kind in FACTS.items()}
        self.words, self.ends, self.numbers, self.lengths = facts.values()
        self.postings = mapped(folder / f"{number}.postings", np.dtype("<u4"))
        ends = int(self.ends[-1]) if len(self.ends) else 0
        if len(self.words) != len(self.ends) or len(self.numbers) != len(self.lengths) or ends != len(self.postings):
            raise ValueError(f"the files in {folder} do not fit together")

    def holding(self, word: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The places of the chunks that hold a word, and how many times."""
        at = int(np.searchsorted(self.words, word))
        if at == len(self.words) or self.words[at] != word:
            at_least = end = 0
        else:
            at_least, end = int(self.ends[at - 1]) if at else 0, int(self.ends[at])
        found = np.asarray(self.postings[at_least:end]).astype(np.int64)
        return found & 0xFFFF, found >> 16


def segments(folder: Path) -> int:
    """How many segments a folder holds."""
    return len(list(folder.glob("*.postings")))


def number_of(word: str) -> int:
    """The number (CRC-32) that stands for a word (a stem)."""
    return crc32(word.encode())


def terms(text: str) -> Terms:
    """The words of a text as the index stores them, each as a number, in order; its identifiers stand at the end.

    >>> terms("Captured captures").tolist()
    [1333034777, 1333034777]
    """
    return np.array([number_of(word) for word in stems(_with_names(text))], np.uint32)


def stems(text: str) -> list[str]:
    """The words of a text as the index stores them: lower case, without accents, stemmed.

    >>> stems("The captured attackers")
    ['the', 'captur', 'attack']
    """
    found: list[str] = _ANALYZER.analyze(text)
    return found


def asked_words(question: str) -> list[str]:
    """The distinct stems of a question without its stop words; with them where there are no others.

    >>> asked_words("How many attackers were there?"), asked_words("Who is it?")
    (['attack'], ['who', 'is', 'it'])
    """
    words = list(dict.fromkeys(stems(question)))
    return [word for word in words if word not in UNASKED] or words


def asked_terms(question: str) -> list[int]:
    """The same as numbers."""
    return [number_of(word) for word in asked_words(question)]


def asked_names(question: str) -> list[str]:
    """A word for each identifier that a question names, as the index stores it.

    >>> asked_names("Is PN-43481 a bolt?") == asked_names("is pn43481?") == stems(asked_names("PN 43481")[0])
    True
    """
    return [_word_of(identifier) for identifier in identifiers(question)]


def _with_names(text: str) -> str:
    """A text followed by a word for each way to name an identifier in it."""
    return " ".join([text, *sorted(map(_word_of, names_in(text)))])


def _word_of(identifier: str) -> str:
    """A word that the analyzer leaves as it is, and that stands in no text."""
    return f"named{number_of(identifier):010d}"


def _analyzer() -> tantivy.TextAnalyzer:
    """Words in lower case, without accents, stemmed for English (Porter 2)."""
    return (
        tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
        .filter(tantivy.Filter.remove_long(60))
        .filter(tantivy.Filter.lowercase())
        .filter(tantivy.Filter.ascii_fold())
        .filter(tantivy.Filter.stemmer("english"))
        .build()
    )


_ANALYZER = _analyzer()

UNASKED = frozenset([*_UNASKED.split(), *stems(_UNASKED)])
"""Stop words of questions, with their stems; leaving them out raises hit@1 by 1.7 points."""


# --- identifiers: what people ask for exactly, which meaning and stems tell badly apart


def identifiers(text: str) -> list[str]:
    """The keys of the identifiers that a text names, each once, in order.

    >>> identifiers("On which shelf is PN-43481, since 3.2.10?"), identifiers("Does C# run on PN 43481 or 4711-3-12?")
    (['pn43481', '3.2.10'], ['pn43481', 'c#', '4711-3-12'])
    >>> identifiers("In 2016, 1,200.50 of 20-year-old 10GB disks, on 2016-06-09 at 14:30, the 21st in the mid-1990s")
    []
    """
    found = dict.fromkeys(_key_of(token) for token in _as_written(text, whole=False) if _is_one(token))
    spaced = {f"{name}{number}".lower(): number.lower() for name, number in _SPACED.findall(text)}
    return [one for one in [*spaced, *found] if one not in spaced.values()]


def names_in(text: str) -> set[str]:
    """Every key by which an identifier in a text may be asked for, its number without the letters before it among them.

    >>> sorted(names_in("Part: PN-43481 | Version: v3.2.10"))
    ['3.2.10', '43481', 'pn43481']
    """
    found = {f"{name}{number}".lower() for name, number in _SPACED.findall(text)}
    for token in _as_written(text, whole=True):
        if _is_one(token):
            found.add(_key_of(token))
            alone = re.sub(r"^[^\W\d_]+[-_]?(?=\d)", "", token)
            if alone != token and _is_one(alone):
                found.add(_key_of(alone))
    return found


def family(one: str) -> str:
    """What the keys of one kind share: `pn43481` and `pn91644` are `pn0`, `4711-3-12` is `0-0-0`."""
    return re.sub(r"(?<=0)[^\W\d_]+[0a-z]*", "", re.sub(r"\d+", "0", one))


def _key_of(identifier: str) -> str:
    """What identifies one however it is written.

    >>> _key_of("PN-43481"), _key_of("pn43481"), _key_of("v3.2.10"), _key_of("4711-3-12")
    ('pn43481', 'pn43481', '3.2.10', '4711-3-12')
    """
    plain = identifier.casefold().replace("–", "-").removeprefix("#")
    return re.sub(r"^v(?=\d+\.)", "", re.sub(r"(?<=[^\W\d_])[-_](?=\d)|(?<=\d)[-_](?=[^\W\d_])", "", plain))


def _as_written(text: str, *, whole: bool) -> list[str]:
    """The words of a text as they are written, without what wraps them, and the parts of joined ones.

    A joined word is one of them, too, where `whole`.
    """
    found = []
    for word in text.split():
        parts = [part for piece in _JOINT.split(word) for part in _LEADING.split(piece)]
        if whole and (len(parts) > 1 or "/" in word):
            parts += [word, *word.split("/")]
        found += [plain for part in parts if (plain := _WRAPPED.sub("", _OWNER.sub("", _WRAPPED.sub("", part))))]
    return found


def _is_one(token: str) -> bool:
    return bool(_IDENTIFIER.fullmatch(token)) and not _NO_IDENTIFIER.fullmatch(token)
