"""Splits a language model's stream into plain sentences, each with the numbers of the passages it cites."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from article_assistant.index.chunk import sentences

MARKS = 8
"""Maximum citation marks read from one sentence."""

_CITED = r"(?:\[\s*\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*\s*\]|【\s*\d{1,3}[^】\n]{0,20}】)"
_AFTER_END = re.compile(rf"([.!?…:;]+[\"'”’»)]*)((?:\s*{_CITED})+)")
_ANY_MARK = re.compile(rf"\s*{_CITED}")
_OPEN_MARK = re.compile(r"\s*[\[【](?:[\d\s,;–-]*|\d[^】\]\n]{0,20})\Z")
_RANGE = re.compile(r"(\d{1,3})\s*[–-]\s*(\d{1,3})")
_THOUGHT = re.compile(r"\s*<think(?:ing)?>.*?</think(?:ing)?>\s*", re.DOTALL)
_THINKS = re.compile(r"\s*<(?:t|th|thi|thin|think.*)?\Z", re.DOTALL)
_PICTURE = re.compile(r"!\[[^\]\n]*\]\([^)\n]*\)|!\[[^\]\n]*\]\[[^\]\n]*\]")
_LINK = re.compile(r"\[([^\]\n]*)\]\([^)\n]*\)")
_FORMAT = re.compile(
    r"\*\*|__|`+|(?<=\s)\*(?=\S)|(?<=\S)\*(?=\s|$)|(?m:^\s*(?:#{1,6}\s+|>\s?|(?:-{3,}|\*{3,}|_{3,})\s*$))"
)
_BULLET = re.compile(r"\s*(?:[-*•]|\d{1,3}[.)])\s+")
_HIDDEN_SIGNS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


@dataclass(frozen=True, slots=True)
class Worded:
    """A sentence without marks and formatting, the passages it cites, and what follows it: `" "` or a line break."""

    text: str
    marks: tuple[int, ...]
    after: str = " "


class Wording:
    """Text that arrives in pieces, split into sentences as soon as each is complete."""

    def __init__(self) -> None:
        self._text = ""

    def feed(self, piece: str) -> Iterator[Worded]:
        """The sentences completed by this piece."""
        self._text += piece
        yield from self._taken(whole=False)

    def rest(self) -> Iterator[Worded]:
        """The sentences left at the end of the text."""
        yield from self._taken(whole=True)

    @staticmethod
    def plain(text: str) -> str:
        """A text without formatting, marks and thoughts."""
        return _bare(_spoken(text))[0]

    @property
    def open(self) -> str:
        """The unfinished last sentence, without marks."""
        return "" if _THINKS.match(self._text) else _bare(_OPEN_MARK.sub("", self._text))[0]

    def _taken(self, whole: bool) -> Iterator[Worded]:
        self._text = _spoken(self._text)
        if _THINKS.match(self._text):  # still thinking
            self._text = "" if whole else self._text
            return
        begun = None if whole else _OPEN_MARK.search(self._text)
        # A mark after the full stop belongs to the sentence before it.
        text = _AFTER_END.sub(lambda found: f"{found[2]}{found[1]}", self._text[: begun.start() if begun else None])
        found = sentences(text)
        # The last sentence, or its marks, may continue, unless its line has ended.
        if not whole and found and "\n" not in text[found[-1].end :]:
            found.pop()
        last = 0
        for sentence in found:
            last = sentence.end
            words, marks = _bare(text[sentence.start : sentence.end])
            if re.search(r"\w", words):
                yield Worded(words, marks, "\n" if re.match(r"[ \t]*\n", text[last:]) else " ")
        self._text = "" if whole else text[last:] + (begun[0] if begun else "")


def _spoken(text: str) -> str:
    """A text without the `<think>` part before an answer."""
    return _THOUGHT.sub("", text) if "</think" in text else text


def _bare(sentence: str) -> tuple[str, tuple[int, ...]]:
    """A sentence without marks, formatting, links and pictures, and the numbers of its marks.

    >>> _bare("- It was **red** [2, 4-5]. See [here](http://x)")
    ('- It was red. See here', (2, 4, 5))
    """
    numbers: list[int] = []
    for mark in re.findall(_CITED, sentence):
        inside = _RANGE.sub(lambda r: " ".join(map(str, range(int(r[1]), min(int(r[2]), int(r[1]) + MARKS) + 1))), mark)
        inside = inside.split("†")[0]
        numbers += [int(number) for number in re.findall(r"\d+", inside)]
    words = _ANY_MARK.sub("", sentence)
    words = _LINK.sub(r"\1", _PICTURE.sub("", words))
    item = _BULLET.match(words)
    words = ("- " if item else "") + _FORMAT.sub("", words[item.end() :] if item else words)
    words = " ".join(_HIDDEN_SIGNS.sub("", words).split())
    return words, tuple(dict.fromkeys(numbers))[:MARKS]
