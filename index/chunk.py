"""A text becomes sentences, and sentences become chunks that the encoder reads to their end."""

import re
from bisect import bisect, bisect_left
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from article_assistant.index.embed import Embedder, Spans
from article_assistant.index.reading.lines import CELLS, HEADING
from article_assistant.index.types import Article, Chunk
from llama_index.core.node_parser import NodeParser
from llama_index.core.schema import BaseNode, NodeRelationship, TextNode
from llama_index.core.utils import get_tqdm_iterable
from pydantic import PrivateAttr

SPLIT_VERSION = "4"
"""Changes whenever the same article would be split differently, so that it is indexed again."""
BYTES = 3
"""Bytes of UTF-8 that count as a token where the encoder does not know the language and would spell its words: a kana,
or half a word in German."""
TARGET = 160
"""Tokens at which a chunk is full; a paragraph stays whole up to the encoder's limit."""
PATH = " › "
"""Separates the headings of a heading path."""
PLACE = 220
"""Most characters of title and headings that the encoder reads; that many tokens at most."""

_MARKS = re.compile(r"^(?:#{1,6} |\s*- )")
_LINE = re.compile(r"[^\n]+")
_CAPITALS = "".join(filter(str.isupper, map(chr, range(0x100, 0x530))))
"""Letters beyond Latin-1, to Cyrillic, that begin a sentence: Ş and İ as well as Š, Ω and Я."""
_END = re.compile(rf"[.!?…]+[\"'”’»)\]]*(?=\s+[\"'“‘«(\[¿¡]*[A-Z0-9À-Þ{_CAPITALS}])|[。！？]+[」』”’）]*")
_NO_END = re.compile(
    r"(?:^|[\s(\[\"'“‘])(?:[A-Z]|[A-Z]\.[A-Z]|Mr|Mrs|Ms|Dr|Prof|Sr|Jr|St|Mt|Gen|Col|Lt|Sgt|Capt|Cmdr|Rev|Hon|Gov|Sen|Rep|"
    r"Pres|No|Nos|Vol|vs|pp?|ca|cf|approx|e\.g|i\.e|al|[Ff]igs?|[Ee]q|[Ss]ec|[Cc]h|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|"
    r"Nov|Dec|Inc|Ltd|Co|Corp)$"
)
_BEFORE_NUMBER = re.compile(r"(?:^|[\s(\[\"'“‘])[a-zß-öø-ÿ]{1,3}$")
"""What abbreviates before a number: "ext. 4471", "tel. 0171", "p. 3", "art. 5". In SQuAD and Natural Questions, 66 of
70 small words of up to three letters with a full stop before a number do, and none of 6 of four."""
ABBREVIATION = 8
"""Characters of the longest abbreviation with the one before it."""


@dataclass(frozen=True, slots=True)
class TextSentence:
    """Characters `[start, end)` of a text: a sentence, a list item, a table row or a heading line.

    `block` is the number of its paragraph, list or table; `heading` is the path of headings above it, which
    for a heading ends with itself.
    """

    start: int
    end: int
    block: int
    heading: tuple[str, ...]
    is_heading: bool


def sentences(text: str) -> list[TextSentence]:
    """The sentences of a text, in order; only white space is left out.

    >>> [(s.start, s.end) for s in sentences("# A\\n\\nOne. Two!")]
    [(0, 3), (5, 9), (10, 14)]
    """
    found = []
    path: list[tuple[int, str]] = []
    block, last = 0, 0
    for line in _LINE.finditer(text):
        if not line[0].strip():
            continue
        if "\n\n" in text[last : line.start() + 1] or HEADING.match(line[0]):
            block += 1
        last = line.end()
        if heading := HEADING.fullmatch(line[0].rstrip()):
            level = len(heading[1])
            path = [*((depth, name) for depth, name in path if depth < level), (level, heading[2])]
            names = tuple(name for _, name in path)
            found.append(TextSentence(line.start(), line.start() + len(line[0].rstrip()), block, names, True))
            continue
        names = tuple(name for _, name in path)
        found.extend(TextSentence(a, b, block, names, False) for a, b in _split_line(text, line.start(), line.end()))
    return found


def _split_line(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The sentences of one line, without the white space around them; a row of cells is one."""
    line = text[start:end]
    if CELLS in line:
        yield start + len(line) - len(line.lstrip()), start + len(line.rstrip())
        return
    cuts = [m.end() for m in _END.finditer(line) if m[0] != "." or not _abbreviates(line, m.start())]
    # The number of a list item is no sentence.
    if item := re.match(r"\s*(?:\d{1,3}|[A-Za-z])[.)]\s", line):
        cuts = [cut for cut in cuts if cut > item.end()]
    for a, b in zip([0, *cuts], [*cuts, len(line)], strict=True):
        piece = line[a:b]
        if piece.strip():
            yield start + a + len(piece) - len(piece.lstrip()), start + a + len(piece.rstrip())


def _abbreviates(line: str, at: int) -> bool:
    """Whether a full stop there ends an abbreviation."""
    begin = max(at - ABBREVIATION, 0)
    numbered = line[at + 1 :].lstrip()[:1].isdigit()
    return bool(_NO_END.search(line, begin, at) or (numbered and _BEFORE_NUMBER.search(line, begin, at)))


def page_at(article: Article, offset: int) -> int | None:
    """The page of the file that a place in the text stands on; None where it has no pages.

    >>> page_at(Article("a.pdf", "A", "One. Two.", "", "", None, frozenset(), ((0, 1), (5, 2))), 5)
    2
    """
    at = bisect(article.pages, (offset, 1 << 62))
    return article.pages[at - 1][1] if at else None


def passage(title: str, chunk: Chunk) -> tuple[str, Spans]:
    """What the encoder reads for a chunk, and the spans of the chunk's sentences in that.

    First a line with its place (title and headings), then each sentence on its own line, without marks.
    """
    lines = [_place(title, chunk.heading)]
    spans: Spans = []
    at = len(lines[0]) + 1
    for start, end in chunk.sentences:
        line = chunk.text[start - chunk.start : end - chunk.start]
        lines.append(_MARKS.sub("", line))
        spans.append((at, at + len(lines[-1])))
        at += len(lines[-1]) + 1
    return "\n".join(lines), spans


def _place(title: str, heading: str) -> str:
    parts = [title, *(heading.split(PATH) if heading else [])]
    return PATH.join(part for i, part in enumerate(parts) if part and part not in parts[:i])[:PLACE]


def split(article: Article, embedder: Embedder, target: int = TARGET) -> list[Chunk]:
    """The chunks of an article, in order: cut at headings, then between paragraphs, then between sentences.

    With its place, each has at most as many tokens as the encoder reads, where that knows the language. All text
    but white space is in exactly one of them.
    """
    text = article.text
    places: dict[str, int] = {}
    known = embedder.reads(article.language)

    def sizes(texts: Sequence[str]) -> list[int]:
        return embedder.lengths(texts) if known else [len(one.encode()) // BYTES for one in texts]

    def room(piece: TextSentence) -> int:
        place = _place(article.title, PATH.join(piece.heading))
        if place not in places:
            (places[place],) = sizes([place])
        # Two special tokens, and the line breaks that join the parts.
        return max(embedder.limit - 4 - places[place], embedder.limit // 8)

    most = embedder.limit // 2
    whole = sentences(text)
    pieces, counts = list[TextSentence](), list[int]()
    # Counted for a whole article at once: a call for each sentence would take longer than the counting.
    for sentence, count in zip(whole, sizes([text[s.start : s.end] for s in whole]), strict=True):
        is_row = CELLS in text[sentence.start : sentence.end]
        fits = room(sentence) if is_row else min(most, room(sentence))
        if count <= fits:
            pieces.append(sentence)
            counts.append(count)
        else:
            (tokens,) = embedder.tokens([text[sentence.start : sentence.end]])
            cut = _cut_up(text, sentence, tokens, fits)
            pieces += cut
            counts += sizes([text[p.start : p.end] for p in cut])
    chunks: list[Chunk] = []
    for first, last in _pack(text, pieces, counts, room, target):
        inside = pieces[first : last + 1]
        start, end = inside[0].start, inside[-1].end
        # Headings are in the place already, but a chunk of headings alone has nothing else to say.
        said = [piece for piece in inside if not piece.is_heading] or inside
        spans = tuple((piece.start, piece.end) for piece in said)
        chunks.append(Chunk(article.id, start, end, PATH.join(inside[-1].heading), text[start:end], spans))
    return chunks


def _cut_up(text: str, sentence: TextSentence, spans: Spans, most: int) -> list[TextSentence]:
    """The parts of a sentence that has more than `most` tokens, which are at `spans` in it."""
    starts = [sentence.start + begin for begin, _ in spans]
    edges, first = [sentence.start], 0
    while first + most < len(starts):
        cut = starts[first + most]
        # A cut inside a cell moves back to the cell's start, one inside a word to the word's, if that is near.
        cell = text.rfind(CELLS, edges[-1] + 1, cut) + 1
        word = text.rfind(" ", max(cut - 40, edges[-1] + 1), cut) + 1
        edges.append(cell + 1 if cell else word or max(cut, edges[-1] + 1))
        first = max(bisect_left(starts, edges[-1]), first + 1)
    return [
        replace(sentence, start=b - len(text[a:b].lstrip()), end=a + len(text[a:b].rstrip()))
        for a, b in pairwise([*edges, sentence.end])
        if text[a:b].strip()
    ]


def _pack(
    text: str, pieces: Sequence[TextSentence], counts: Sequence[int], room: Callable[[TextSentence], int], target: int
) -> Iterator[tuple[int, int]]:
    """First and last piece of each chunk."""
    block_size = Counter[int]()
    for piece, count in zip(pieces, counts, strict=True):
        block_size[piece.block] += count + 1
    first, size = 0, 0
    for i, piece in enumerate(pieces[1:], 1):
        last = pieces[i - 1]
        size += counts[i - 1] + 1
        begins_block = piece.block != last.block
        # A heading, and a line like "The steps are:", stay with what they introduce.
        introduced = last.is_heading or text[last.end - 1] == ":"
        if (
            (piece.is_heading and not last.is_heading)
            or size + counts[i] + 1 > room(piece)
            or (begins_block and not introduced and size + block_size[piece.block] > target)
        ):
            yield first, i - 1
            first, size = i, 0
    if pieces:
        yield first, len(pieces) - 1


class Splitter(NodeParser):
    """The same as a llama-index node parser: one node for each chunk, with its offsets, and its heading as metadata."""

    _embedder: Embedder = PrivateAttr()

    def __init__(self, embedder: Embedder) -> None:
        super().__init__()
        self._embedder = embedder

    @classmethod
    def class_name(cls) -> str:
        return "ArticleSplitter"

    def _parse_nodes(self, nodes: Sequence[BaseNode], show_progress: bool = False, **_: Any) -> list[BaseNode]:
        found: list[BaseNode] = []
        for node in get_tqdm_iterable(nodes, show_progress, "Splitting"):
            title = str(node.metadata.get("title") or node.metadata.get("file_name") or "")
            text = node.get_content()
            article = Article(node.node_id, title, text, "", "", None, frozenset())
            source = {NodeRelationship.SOURCE: node.as_related_node_info()}
            for chunk in split(article, self._embedder):
                metadata = {**node.metadata, "heading": chunk.heading}
                place = {"start_char_idx": chunk.start, "end_char_idx": chunk.end}
                found.append(TextNode(text=chunk.text, metadata=metadata, relationships=source, **place))
        return found
