"""The language of a text, and its words for the keyword search where that is not English.

The keyword index analyses English. A text in another language is followed there by words of that language's own:
its stems (Snowball), or, in scripts without spaces between words, single characters and pairs of them (Lucene's
CJK analysis), each as a made-up word that English analysis leaves as it is.
"""

import re
from functools import cache
from zlib import crc32

import tantivy
from article_assistant.index.onnx import give_back
from py3langid.langid import MODEL_FILE, LanguageIdentifier

ENGLISH = "en"
WORDS_VERSION = "1"
"""Changes whenever the same text would get another language or other words."""
ASKED_SURE = 0.5
"""Least probability at which a question counts as of a language other than English; 5 of 9,678 English ones do."""
WRITTEN_SURE = 0.9
"""The same of an article; lists of names and numbers look like any language."""
LOOKED_AT_MOST = 6_000
"""Characters of an article that its language is told by."""

_STEMMED = {
    "ar": "arabic", "da": "danish", "nl": "dutch", "fi": "finnish", "fr": "french", "de": "german", "el": "greek",
    "hu": "hungarian", "it": "italian", "no": "norwegian", "pt": "portuguese", "ro": "romanian", "ru": "russian",
    "es": "spanish", "sv": "swedish", "ta": "tamil", "tr": "turkish",
}  # fmt: skip
"""Languages by ISO 639-1 code, as tantivy names their Snowball stemmers."""
_NO_STOP_WORDS = frozenset({"ar", "el", "ro", "ta", "tr"})
"""Those that tantivy has no stop words of."""
_OTHER = "bg ca cs et fa he hi hr id ja ko lt lv pl sk sl sr th uk vi zh".split()
"""Languages that are told from one another, and have no stemmer."""
UNSPACED = re.compile("[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u30ff\u3400-\u9fff\uac00-\ud7af]+")
"""Thai, Lao, Burmese, Khmer, kana, Han and Hangul, which is spaced by phrase."""
_KANA = re.compile("[\u3041-\u309f]+")
"""Hiragana: endings and particles, for the most part."""


def language_of(text: str, sure: float = ASKED_SURE) -> str:
    """The language of a text as ISO 639-1 code; English unless another one is likelier than `sure` (0 to 1).

    >>> language_of("Who approves a trip?"), language_of("Wer genehmigt die Reise?"), language_of("誰が承認しますか")
    ('en', 'de', 'ja')
    """
    code, likely = _identifier().classify(text[:LOOKED_AT_MOST])
    return code if likely > sure else ENGLISH


@cache
def _identifier() -> LanguageIdentifier:
    """Naive Bayes over byte n-grams (Lui and Baldwin 2012), for the languages named here alone: a quarter of it."""
    whole = LanguageIdentifier.from_model_file(MODEL_FILE)
    whole.set_languages([ENGLISH, *_STEMMED, *_OTHER])
    tables = whole.nb_ptc, whole.nb_pc, whole.nb_classes, whole.tk_nextmove, whole.tk_output
    found = LanguageIdentifier(*tables, norm_probs=True, tk_row=whole.tk_row)
    del whole
    give_back()  # loading takes another 70 MB
    return found


def written(text: str, language: str) -> str:
    """What the keyword index reads of a text: the text itself, and the words of its language if that is not English.

    >>> written("Seven were captured.", "en")
    'Seven were captured.'
    """
    return text if language == ENGLISH else " ".join([text, *map(_made_up, words_in(text, language))])


def asked(question: str, language: str) -> str:
    """What the keyword search looks for: the question, or its words in what `written` makes of its language."""
    if language == ENGLISH:
        return question
    plain = [word for word in _analysis(None, None).analyze(question) if not UNSPACED.search(word)]
    known = set(_analysis(None, language).analyze(question))
    return " ".join([*(word for word in plain if word in known), *map(_made_up, telling(question, language))])


def words_in(text: str, language: str) -> list[str]:
    """The words of a text in a language, as stems, pairs of characters and single ones, in order.

    >>> words_in("Die Schlüssel der Wagen", "de"), words_in("3階の倉庫", "ja")
    (['die', 'schlussel', 'der', 'wag'], ['3', '階', '階の', 'の', 'の倉', '倉', '倉庫', '庫'])
    """
    return _analysed(text, language, stop=False)


def telling(text: str, language: str) -> list[str]:
    """The distinct words of a text that say what it is about: without stop words, and without endings in hiragana.

    >>> telling("Wo sind die Schlüssel?", "de"), telling("倉庫はどこ", "ja")
    (['schlussel'], ['倉', '倉庫', '庫', '庫は'])
    """
    found = dict.fromkeys(word for word in _analysed(text, language, stop=True) if not _KANA.fullmatch(word))
    return list(found) or list(dict.fromkeys(words_in(text, language)))


def _analysed(text: str, language: str, stop: bool) -> list[str]:
    if language == "tr":  # whose dotted and dotless i are two letters
        text = text.replace("İ", "i").replace("I", "ı")
    found, last = list[str](), 0
    analyzer = _analysis(language, language if stop else None)
    for run in UNSPACED.finditer(text):
        found += analyzer.analyze(text[last : run.start()])
        last = run.end()
        for at, character in enumerate(run[0]):
            found.append(character)
            if pair := run[0][at : at + 2][1:]:
                found.append(character + pair)
    return found + list(analyzer.analyze(text[last:]))


@cache
def _analysis(stems: str | None, stops: str | None) -> tantivy.TextAnalyzer:
    """Words in lower case, without accents; stemmed for one language, without the stop words of one."""
    built = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple()).filter(tantivy.Filter.remove_long(60))
    built = built.filter(tantivy.Filter.lowercase())
    if stops in _STEMMED and stops not in _NO_STOP_WORDS:
        built = built.filter(tantivy.Filter.stopword(_STEMMED[stops]))
    if stems in _STEMMED:
        built = built.filter(tantivy.Filter.stemmer(_STEMMED[stems]))
    return built.filter(tantivy.Filter.ascii_fold()).build()


def _made_up(word: str) -> str:
    """A word that English analysis leaves as it is, and that stands in no text."""
    return f"word{crc32(word.encode()):010d}"
