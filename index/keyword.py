"""BM25 on disk (tantivy): the chunks that share words with a question, identifiers among them as a whole."""

import re
from collections.abc import Iterable
from pathlib import Path
from zlib import crc32

import numpy as np
import tantivy
from article_assistant.index.types import Groups, Terms, Within

VisibleWords = tuple[int, str, frozenset[str]]
"""A chunk's number, its text with title and headings, and the groups that may see it."""

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


class Keyword:
    """A finished keyword index, which is only read."""

    def __init__(self, index: tantivy.Index) -> None:
        index.register_tokenizer("words", _analyzer())
        self._schema = index.schema
        self._searcher = index.searcher()

    @classmethod
    def extend(cls, folder: Path, rows: Iterable[VisibleWords], gone: Iterable[int] = ()) -> None:
        """Add rows to the index in `folder`, or create one there, and drop the chunks that are `gone`; atomic."""
        folder.mkdir(parents=True, exist_ok=True)
        schema = (
            tantivy.SchemaBuilder()
            .add_integer_field("chunk", fast=True, indexed=True)
            .add_text_field("words", tokenizer_name="words", index_option="freq")
            .add_text_field("group", tokenizer_name="raw", index_option="basic")
            .build()
        )
        index = tantivy.Index(schema, path=str(folder))
        index.register_tokenizer("words", _analyzer())
        # With one thread, the same rows make the same segments and scores on every machine.
        writer = index.writer(heap_size=128_000_000, num_threads=1)
        for number in gone:
            writer.delete_documents_by_term("chunk", number)
        for number, words, groups in rows:
            writer.add_document(tantivy.Document(chunk=number, words=_with_names(words), group=sorted(groups)))
        writer.commit()
        writer.wait_merging_threads()

    @classmethod
    def open(cls, folder: Path) -> "Keyword":
        """The index that `extend` wrote into `folder`. Raises ValueError where there is none."""
        return cls(tantivy.Index.open(str(folder)))

    @property
    def count(self) -> int:
        """Chunks in the index."""
        return int(self._searcher.num_docs)

    def holding(self, words: Iterable[str]) -> dict[int, int]:
        """In how many chunks each of these words (stems) occurs, by the word's number."""
        return {number_of(word): int(self._searcher.doc_freq("words", word)) for word in words}

    def best(
        self, question: str, groups: Groups, k: int, holding: str | None = None, within: Within = None
    ) -> list[tuple[int, float]]:
        """The best `k` chunks that `groups` may see, as numbers with BM25 scores (above 0), best first.

        With `holding`, one of the question's `asked_names`, only those that hold it; `within`, only of these.
        """
        words = asked_words(question)
        if not words or (groups is not None and not groups):
            return []
        asked = [(tantivy.Occur.Should, tantivy.Query.term_query(self._schema, "words", word)) for word in words]
        if holding:
            held = tantivy.Query.term_query(self._schema, "words", holding)
            asked.append((tantivy.Occur.Must, tantivy.Query.const_score_query(held, 0.0)))
        if within is not None:
            among = tantivy.Query.term_set_query(self._schema, "chunk", within.tolist())
            asked.append((tantivy.Occur.Must, tantivy.Query.const_score_query(among, 0.0)))
        query = tantivy.Query.boolean_query(asked)
        if groups is not None:
            seen = tantivy.Query.term_set_query(self._schema, "group", sorted(groups))
            query = tantivy.Query.boolean_query(
                [(tantivy.Occur.Must, query), (tantivy.Occur.Must, tantivy.Query.const_score_query(seen, 0.0))]
            )
        found = self._searcher.search(query, limit=k, count=False).hits
        numbers = self._searcher.fast_field_values("chunk", [address for _, address in found])
        return [(int(number or 0), float(score)) for number, (score, _) in zip(numbers, found, strict=True)]


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
