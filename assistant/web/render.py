"""The page's HTML: the conversation and its sources, from the templates beside this module.

Everything from outside (questions, answers, articles, titles, addresses) is text, and the templates escape all text.
There are no images but the team's own logo; the only links lead to cited articles, on our own `/article/` pages or at
an original http or https address, and to where the settings send whoever gets a refusal.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any, Literal
from urllib.parse import quote, urlencode, urlsplit

from article_assistant.answering.cite import DISAGREE, day
from article_assistant.index.types import EVERYTHING, Scope
from article_assistant.types import Answer, Citation, Sentence
from article_assistant.web.evidence import as_drawn, is_doubtful, offline_of, often, shorts, told
from article_assistant.web.quotes import cells_of, columns_of, drawn
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from jinja2.ext import Extension

UNSHOWABLE = dict.fromkeys([*range(9), 11, 12, 13, *range(14, 32), 127, *range(0xD800, 0xE000)], "\ufffd")
"""Characters not allowed in HTML, for `str.translate`: each becomes one replacement character, so offsets hold."""
_CITATION_MARK = re.compile(r"( ?)\[(\d{1,3})\]")
MOST_OTHERS = 8
"""Quotes of an article that are seen beside the one that it is opened at."""
INDENT = " " * 4
"""What a line of code begins with."""
ITEM_START = re.compile(r"( *)(?:- +|(\d{1,9})[.)] +)(?=\S)")
"""The start of a list item: its indentation, and its number if it has one."""


# ---------------------------------------------------------------- templates


class _Compact(Extension):
    """Removes line breaks and indentation at a template's tags, which only help its readers."""

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:  # noqa: ARG002
        return re.sub(r"\s*\n\s*", " ", re.sub(r"(?<=[>}])\s*\n\s*|\s*\n\s*(?=[<{]|$)", "", source))


def _showable(value: Any) -> Any:
    return value.translate(UNSHOWABLE) if type(value) is str else value


def address(citation: Citation, among: Sequence[Citation] = ()) -> str:
    """The path of our own page of the cited article, opened at the quote; the others `among` those of it are seen."""
    others = [one for one in among if one.article == citation.article and one != citation]
    places = [place for one in [citation, *others[:MOST_OTHERS]] for place in (("start", one.start), ("end", one.end))]
    return f"{article_path(citation.article)}?{urlencode(places)}#quote"


def article_path(identifier: str) -> str:
    """The path of our own page of an article."""
    # Browsers resolve `..` and `//` before the request, even as %2e; inside one segment they are safe.
    folds = any(part in {"", ".", ".."} for part in identifier.split("/"))
    return "/article/" + quote(identifier, safe="" if folds else "/", errors="replace")


def original(url: str) -> str | None:
    """`url` if it is an http or https address, else None."""
    if not re.fullmatch(r"https?://[^\s\\]+", url, re.IGNORECASE):
        return None
    try:
        parts = urlsplit(url)
        return url if parts.hostname else None
    except ValueError:
        return None


_TEMPLATES = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    auto_reload=False,
    undefined=StrictUndefined,
    finalize=_showable,
    extensions=[_Compact],
)


_TEMPLATES.filters |= {"address": address, "original": original, "day": day, "drawn": drawn}


def fill(template: str, **values: Any) -> str:
    """A template filled with these values, escaped unless they are Markup."""
    return _TEMPLATES.get_template(template).render(values)


def notice_page(title: str, sentence: str, onward: str = "", tab: bool = False) -> str:
    """A whole HTML page with one sentence, and a link to a path of ours, which opens in a tab of its own or here."""
    return fill("notice.html", title=title, sentence=sentence, onward=onward, tab=tab)


# ---------------------------------------------------------------- the conversation


@dataclass(frozen=True, slots=True)
class Shown:
    """One question of the conversation and the current state of its answer.

    Before the `answer` is complete there are the `words` and `citations` so far, and a `status` like "Reading 6
    passages…". `notice` is a plain sentence in place of an answer. While a language model writes, `ready` is the
    offline answer above its text, and `written` its sentences so far. Only `within` this scope was searched;
    `language` is that of the answer's words, "" while nobody knows.
    """

    question: str
    words: str = ""
    citations: tuple[Citation, ...] = ()
    status: str = ""
    answer: Answer | None = None
    notice: str = ""
    ready: Answer | None = None
    written: tuple[Sentence, ...] = ()
    within: Scope = EVERYTHING
    language: str = ""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Some text, `ours` or an article's, or a citation mark with its own `id`, preceded by a space if `spaced`."""

    text: str = ""
    strong: bool = False
    ours: bool = False
    citation: Citation | None = None
    address: str = ""
    spaced: bool = False
    id: str = ""


@dataclass(frozen=True, slots=True)
class Piece:
    """Parts of a line judged together; `cautioned` at the end of a run of unsupported sentences."""

    parts: list[Stretch]
    state: str = "supported"
    cautioned: bool = False


Form = Literal["text", "item", "row", "code"]
MarkedLine = tuple[Form, list[Piece]]
"""What a line is, and its pieces; those of a row are its cells."""
Blocks = list[tuple[Form, list[list[Piece]]]]
"""Consecutive lines grouped into paragraphs, lists, tables (first the names of the columns) and code."""


def conversation(turns: Sequence[Shown], ended: bool = False) -> str:
    """The conversation; `ended` adds that earlier turns have been forgotten."""
    last = turns[-1] if turns else None
    busy = last is not None and not last.answer and not last.notice
    return fill(
        "conversation.html",
        turns=[_turn(number, turn) for number, turn in enumerate(turns, start=1)],
        ended=ended,
        busy=str(busy).lower(),
        writing=busy and last and last.ready,
    )


def sources(turn: Shown | None) -> str:
    """The panel beside the conversation: the cards of the latest answer, or a hint if there are none."""
    cited, nearest = _evidence(turn)
    offline = offline_of(turn.ready, turn.answer) if turn else None
    return fill("sources.html", cited=cited, nearest=nearest, told=told(offline), short=shorts(offline))


def start(offers: Sequence[Any]) -> str:
    """Questions to begin with, each with the title of its article; None is one that may still come."""
    return fill("start.html", offers=offers)


def _turn(number: int, turn: Shown) -> dict[str, Any]:
    """The values that conversation.html shows of a turn."""
    answer = turn.answer
    cited, nearest = _evidence(turn)
    offline = offline_of(turn.ready, answer)
    words = offline.answer if offline else "" if answer else turn.words
    short, doubted = shorts(offline), is_doubtful(offline)
    written = answer.sentences if answer else turn.written
    return {
        "number": number,
        "question": turn.question,
        "within": turn.within,
        "language": turn.language,
        "searched": answer.standalone if answer and answer.standalone != turn.question else "",
        # The words are in bold only where they are more likely right than not.
        "answer": _paragraphs(words, _marker(cited, f"mark-{number}"), {} if doubted else short) if words else None,
        "refused": offline and not offline.answered and not offline.remark,
        # The assistant's own words, and no article's: said in the language of the page.
        "ours": offline and not offline.answered,
        "quoted": [(one.quote, short.get(one.number, "")) for one in offline.citations] if offline and short else [],
        "often": often(offline),
        "doubtful": doubted,
        "done": answer is not None,
        "written": _worded(written, _marker(cited, f"written-{number}")) if written else None,
        "status": "" if answer or turn.notice else turn.status,
        "notice": turn.notice or (answer.notice if answer else ""),
        "cited": cited if answer else (),
        "told": told(offline),
        "short": short,
        "nearest": nearest,
        "lost": answer and offline and not (offline.answered or offline.remark or nearest or answer.notice),
        "offers": answer.offers if answer else (),
        "usage": _used(answer.usage) if answer and answer.usage else "",
    }


def _evidence(turn: Shown | None) -> tuple[tuple[Citation, ...], tuple[Citation, ...]]:
    """A turn's citations, and a refusal's nearest passages."""
    if turn is None:
        return (), ()
    if turn.answer is None:
        return turn.citations, ()
    return turn.answer.citations, (() if turn.answer.answered else turn.answer.nearest)


def _used(usage: Mapping[str, int]) -> str:
    """What a language model was sent and used, in words."""
    about = "about " if usage.get("estimated") else ""
    tokens = usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)
    return f"Language model: {usage.get('passages', 0)} passages sent, {about}{tokens:,} tokens used."


def _marker(cited: Sequence[Citation], prefix: str) -> Callable[[str], Iterator[Stretch]]:
    """A function that splits text at citation marks; a mark's id is `prefix` and a number."""
    by_number = {citation.number: citation for citation in cited}
    numbers = count(1)

    def cut(words: str) -> Iterator[Stretch]:
        at = 0
        for found in _CITATION_MARK.finditer(words):
            citation = by_number.get(int(found[2]))
            if citation is not None:
                yield Stretch(words[at : found.start()])
                to, spaced = address(citation, cited), bool(found[1])
                yield Stretch(citation=citation, address=to, spaced=spaced, id=f"{prefix}-{next(numbers)}")
                at = found.end()
        yield Stretch(words[at:])

    return cut


def _paragraphs(words: str, marked: Callable[[str], Iterator[Stretch]], shorts: Mapping[int, str]) -> Blocks:
    """An answer's paragraphs, lists and code, with the first occurrence of each of its `shorts` in bold, in order."""
    lines, words, bold = list[MarkedLine](), as_drawn(words), list(dict.fromkeys(shorts.values()))
    columns = columns_of(words)
    opening = [Stretch(DISAGREE, ours=True)] if words.startswith(DISAGREE) else []
    for line in words.removeprefix(DISAGREE).split("\n"):
        item = ITEM_START.match(line)
        if item and item[2]:
            item = None  # the number is part of the quote, and may be what was asked for
        if line.startswith(INDENT) and (not item or (lines and lines[-1][0] == "code")):
            lines.append(("code", [Piece([Stretch(line.removeprefix(INDENT))])]))  # to be copied, so it has no marks
            continue
        said = line[item.end() :] if item else line
        if item and columns and (cells := cells_of(said)):
            if not lines or lines[-1][0] != "row":
                lines.append(("row", [Piece([Stretch(name)]) for name in columns]))
            lines.append(("row", [Piece(list(marked(content))) for _, content in cells]))
            continue
        parts: list[Stretch] = []
        if bold:
            # An answer that begins with the short answer capitalizes it.
            cited_at = _CITATION_MARK.search(said)
            before = said[: cited_at.start() if cited_at else len(said)]
            at = max(before.find(bold[0]), before.find(bold[0][0].upper() + bold[0][1:]))
            if at >= 0:
                parts = [Stretch(said[:at]), Stretch(said[at : at + len(bold[0])], strong=True)]
                said = said[at + len(bold.pop(0)) :]
        if line.strip() or opening:
            lines.append(("item" if item else "text", [Piece([*opening, *parts, *marked(said)])]))
        opening = []
    return _grouped(lines)


def _worded(sentences: Sequence[Sentence], marked: Callable[[str], Iterator[Stretch]]) -> Blocks:
    """A language model's text: unchecked sentences are pale, each run of unsupported ones has one mark."""
    lines, fresh = list[MarkedLine](), True
    for sentence, following in zip_longest(sentences, sentences[1:]):
        words = sentence.text.strip()
        if not words:
            continue
        item = ITEM_START.match(words)
        ends = sentence.state == "unsupported" and (following is None or following.state != "unsupported")
        piece = Piece(list(marked(words[item.end() :] if item else words)), sentence.state, ends)
        if fresh or item:
            lines.append(("item" if item else "text", [piece]))
        else:
            lines[-1][1].append(piece)
        fresh = sentence.text.endswith("\n")
    return _grouped(lines)


def _grouped(lines: Sequence[MarkedLine]) -> Blocks:
    return [(form, [pieces for _, pieces in own]) for form, own in groupby(lines, key=itemgetter(0))]
