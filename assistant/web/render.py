"""The only place that makes HTML: the conversation, the sources, an article with its quote marked.

Everything that comes from outside (questions, answers, articles, titles, addresses) is text and is
escaped here. There are no images, and no links but those to citations: to our own `/article/` pages,
and to originals with an http or https address.
"""

import html
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count, groupby
from urllib.parse import quote, urlencode, urlsplit

from article_assistant.answering.compose import day
from article_assistant.index.types import Article
from article_assistant.types import Answer, Citation, Sentence

ARTICLE = "/article/"
"""Where our own article pages live."""
FRAME = "article"
"""The name of the frame beside the chat in which links to citations open."""

SURE = 0.75
"""Confidence below which an answer says how far it can be believed."""

# What HTML cannot carry is shown as the replacement character, one for one, so that offsets hold.
_UNSHOWABLE = dict.fromkeys([*range(9), 11, 12, 13, *range(14, 32), 127, *range(0xD800, 0xE000)], "\ufffd")
_MARK = re.compile(r"( ?)\[(\d{1,3})\]")
_HEADING = re.compile(r"(#{1,6} +)(?=\S)")
_ITEM = re.compile(r"( *)(?:- +|(\d{1,9})[.)] +)(?=\S)")
_BAR = re.compile(r" \| ")
_COLUMN = re.compile(r"[^:|]{1,60}: ")


@dataclass(frozen=True, slots=True)
class Shown:
    """One question of the conversation as the page shows it now.

    While the answer is on its way it consists of `words` and `citations` so far, and of a `status`
    like "Reading 6 passages…"; then `answer` takes their place. `notice` is one plain sentence that
    stands where an answer cannot. Where a language model writes on, `ready` is the offline answer above it and
    `written` its sentences so far.
    """

    question: str
    words: str = ""
    citations: tuple[Citation, ...] = ()
    status: str = ""
    answer: Answer | None = None
    notice: str = ""
    ready: Answer | None = None
    written: tuple[Sentence, ...] = ()


def text(value: str) -> str:
    """`value` as text inside HTML, also inside a quoted attribute."""
    return html.escape(value.translate(_UNSHOWABLE))


def address(citation: Citation) -> str:
    """Our own page of the cited article, opened at the quote."""
    return f"{article_path(citation.article)}?{urlencode({'start': citation.start, 'end': citation.end})}#quote"


def article_path(identifier: str) -> str:
    """The path of our own page of an article."""
    # A browser folds `..` and `//` before it asks, even where they are written %2e; inside one
    # segment they are safe.
    folds = any(part in {"", ".", ".."} for part in identifier.split("/"))
    return ARTICLE + quote(identifier, safe="" if folds else "/", errors="replace")


def original(url: str) -> str | None:
    """`url` if it leads to the article's own place on the web, else None."""
    if not re.fullmatch(r"https?://[^\s\\]+", url, re.IGNORECASE):
        return None
    try:
        parts = urlsplit(url)
        return url if parts.hostname else None
    except ValueError:
        return None


def conversation(turns: Sequence[Shown], ended: bool = False) -> str:
    """The log of the conversation; `ended` says that what was said before is forgotten."""
    notice = '<p class="notice">The earlier conversation has ended; this is a new one.</p>' if ended else ""
    # A screen reader waits with reading aloud until an answer is complete.
    last = turns[-1] if turns else None
    busy = "true" if last and not last.answer and not last.notice else "false"
    writing = " writing" if last and last.ready and busy == "true" else ""
    return (
        f'<div class="log{writing}" role="log" aria-live="polite" aria-busy="{busy}" '
        f'aria-label="Conversation" tabindex="0">'
        f"{notice}{''.join(_turn(number, turn) for number, turn in enumerate(turns, start=1))}</div>"
    )


def sources(turn: Shown | None) -> str:
    """The panel beside the conversation: the cards of the latest answer, or how to get there."""
    cited, nearest = _evidence(turn)
    if cited:
        return f'<section class="sources" aria-label="Sources"><h2>Sources</h2>{_cards(cited)}</section>'
    if nearest:
        return f'<section class="sources" aria-label="Nearest passages">{_nearest(nearest, "h2")}</section>'
    return (
        '<section class="sources empty" aria-label="Sources"><h2>Sources</h2>'
        "<p>The passages that an answer rests on appear here, word for word.</p></section>"
    )


def _turn(number: int, turn: Shown) -> str:
    parts = [f'<div class="turn"><p class="question" dir="auto">{text(turn.question)}</p>']
    cited, nearest = _evidence(turn)
    offline, written = turn.ready or turn.answer, turn.answer.sentences if turn.answer else turn.written
    if offline and turn.answer and turn.answer.mode == "generative" and not offline.answered:
        offline = None  # what it refused is answered beneath
    words = offline.answer if offline else "" if turn.answer else turn.words
    if turn.answer and turn.answer.standalone not in {"", turn.question}:
        searched = (
            f'<details class="searched"><summary>Searched as</summary><p dir="auto">{text(turn.answer.standalone)}</p>'
        )
        parts.append(f"{searched}</details>")
    if words:
        kind = "answer refusal" if offline and not offline.answered else "answer"
        parts.append(
            f'<div class="{kind}">{_paragraphs(words, cited, number, offline.short if offline else None)}</div>'
        )
    if offline and offline.short:
        own = offline.citations
        parts.extend(_quoted(citation, offline.short) for citation in own)
    if offline and offline.answered and offline.confidence is not None and offline.confidence < SURE:
        often = f"{max(round(offline.confidence * 10), 1)} in 10"
        parts.append(f'<p class="unsure">Not quite sure: of answers like this about {often} are right.</p>')
    if written:
        parts.append(_written(written, cited, number))
    if turn.status and not turn.answer and not turn.notice:
        parts.append(f'<p class="status"><span class="dots" aria-hidden="true"></span>{text(turn.status)}</p>')
    notice = turn.notice or (turn.answer.notice if turn.answer else "")
    if notice:
        parts.append(f'<p class="notice">{text(notice)}</p>')
    if turn.answer and cited:
        sources = "1 source" if len(cited) == 1 else f"{len(cited)} sources"
        parts.append(f'<details class="evidence"><summary>{sources}</summary>{_cards(cited, number)}</details>')
    if turn.answer and nearest:
        parts.append(
            f'<details class="evidence"><summary>Nearest passages</summary>{_nearest(nearest, None, number)}</details>'
        )
    if turn.answer and turn.answer.usage:
        parts.append(f'<p class="usage">{text(_used(turn.answer.usage))}</p>')
    return "".join(parts) + "</div>"


def _used(usage: Mapping[str, int]) -> str:
    """What a language model was sent and said, in words."""
    about = "about " if usage.get("estimated") else ""
    tokens = usage.get("prompt_tokens", 0) + usage.get("completion_tokens", 0)
    return f"Language model: {usage.get('passages', 0)} passages sent, {about}{tokens:,} tokens used."


def _written(sentences: Sequence[Sentence], cited: Sequence[Citation], turn: int) -> str:
    """What a language model wrote: what is not checked yet is pale, what no article supports is marked, once a run."""
    marked = _marker(cited, turn, "written")
    lines: list[tuple[str, bool]] = []
    fresh = True
    for sentence, following in zip(sentences, [*sentences[1:], None], strict=True):
        words = sentence.text.strip()
        if not words:
            continue
        item = _ITEM.match(words)
        shown = marked(words[item.end() :] if item else words)
        if sentence.state != "supported":
            shown = f'<span class="{sentence.state}">{shown}</span>'
        if sentence.state == "unsupported" and (following is None or following.state != "unsupported"):
            shown += ' <span class="caution">not in the articles</span>'
        if fresh or item:
            lines.append((shown, bool(item)))
        else:
            lines[-1] = (f"{lines[-1][0]} {shown}", lines[-1][1])
        fresh = sentence.text.endswith("\n")
    return (
        '<section class="written" aria-label="Worded by the language model"><h3>Worded by the language model</h3>'
        f"{_blocks(lines)}</section>"
    )


def _quoted(citation: Citation, short: str) -> str:
    """The sentence that short words come from, under them, with the words standing out."""
    said = " ".join(citation.quote.split())
    at = said.find(short)
    inner = text(said) if at < 0 else f"{text(said[:at])}<b>{text(short)}</b>{text(said[at + len(short) :])}"
    return f'<blockquote class="quoted" dir="auto">{inner}</blockquote>'


def _evidence(turn: Shown | None) -> tuple[tuple[Citation, ...], tuple[Citation, ...]]:
    """What a turn cites, and what a refusal names as nearest."""
    if turn is None:
        return (), ()
    if turn.answer is None:
        return turn.citations, ()
    return turn.answer.citations, (() if turn.answer.answered else turn.answer.nearest)


def _marker(cited: Sequence[Citation], turn: int, kind: str = "mark") -> Callable[[str], str]:
    """Escapes text and makes links of the marks in it that a citation has the number of."""
    by_number = {citation.number: citation for citation in cited}
    links = count(1)

    def mark(found: re.Match[str]) -> str:
        citation = by_number.get(int(found[2]))
        if citation is None:
            return found[0]
        label = text(f"Source {citation.number}: {citation.title}")
        # A no-break space, so that a mark never stands alone at the beginning of a line.
        return (
            f"{found[1].replace(' ', '&nbsp;')}"
            f'<a class="mark" id="{kind}-{turn}-{next(links)}" href="{text(address(citation))}" target="{FRAME}" '
            f'data-title="{text(citation.title)}" aria-label="{label}" title="{label}">{citation.number}</a>'
        )

    return lambda words: _MARK.sub(mark, text(words))


def _blocks(lines: Iterable[tuple[str, bool]]) -> str:
    """Paragraphs of lines of HTML, and lists of those that are items."""
    blocks: list[str] = []
    for is_item, own in groupby(lines, key=lambda line: line[1]):
        contents = [content for content, _ in own]
        if is_item:
            blocks.append("<ul>" + "".join(f'<li dir="auto">{content}</li>' for content in contents) + "</ul>")
        else:
            blocks += [f'<p dir="auto">{content}</p>' for content in contents]
    return "".join(blocks)


def _paragraphs(words: str, cited: Sequence[Citation], turn: int, short: str | None = None) -> str:
    """Paragraphs and list items of an answer, with its marks as links where a citation has their number.

    The exact words that answer, `short`, stand out where they come first.
    """
    marked = _marker(cited, turn)
    lines: list[tuple[str, bool]] = []
    for line in words.split("\n"):
        item = _ITEM.match(line)
        if item and item[2]:
            item = None  # a number is part of what was quoted, perhaps the very thing that was asked for
        said = line[item.end() :] if item else line
        content = ""
        cited_at = _MARK.search(said)
        # An answer that begins with its short words gives them a capital.
        before = said[: cited_at.start() if cited_at else len(said)]
        at = max(before.find(short), before.find(short[0].upper() + short[1:])) if short else -1
        if short and at >= 0:
            end = at + len(short)
            content = f"{text(said[:at])}<strong>{text(said[at:end])}</strong>"
            said, short = said[end:], None
        if line.strip():
            lines.append((content + marked(said), bool(item)))
    return _blocks(lines)


def _nearest(nearest: Sequence[Citation], level: str | None, turn: int = 0) -> str:
    heading = f"<{level}>Nearest passages</{level}>" if level else ""
    return f'{heading}<p class="caution">Not an answer, only what comes closest.</p>{_cards(nearest, turn, "near")}'


def _cards(citations: Iterable[Citation], turn: int = 0, kind: str = "cited") -> str:
    return f'<ol class="cards {kind}">{"".join(_card(citation, turn, kind) for citation in citations)}</ol>'


def _card(citation: Citation, turn: int, kind: str) -> str:
    key = f"{kind}-{turn}-{citation.number}"
    path = [part for part in citation.heading.split(" › ") if part]
    if path[:1] == [citation.title]:
        path = path[1:]  # the article's own title is said above
    where = " · ".join(part for part in (" › ".join(path), day(citation.updated)) if part)
    number = f'<span class="number">{citation.number}</span>' if kind == "cited" else ""
    title = text(citation.title)
    away = original(citation.url)
    link = (
        f'<a id="away-{key}" class="away" href="{text(away)}" target="_blank" rel="noopener noreferrer" '
        f'aria-label="Original of {title}">Original</a>'
        if away
        else ""
    )
    return (
        f'<li class="card"><p class="title">{number}<bdi>{title}</bdi></p>'
        + (f'<p class="where" dir="auto">{text(where)}</p>' if where else "")
        + f'<blockquote dir="auto">{text(citation.quote)}</blockquote>'
        + f'<p class="links"><a id="open-{key}" href="{text(address(citation))}" target="{FRAME}" '
        + f'data-title="{title}" aria-label="Open {title} at the quote">Open at the quote</a>{link}</p></li>'
    )


# ---------------------------------------------------------------- pages of their own


def article_page(article: Article, start: int = 0, end: int = 0) -> str:
    """A whole HTML page of an article, characters `[start, end)` of its text marked, the first as `#quote`.

    Offsets outside the text are cut to it. Every character of the text is in the page; what is only
    markup (`## `, `- `, ` | `) is there too, but hidden by the style sheet.
    """
    length = len(article.text)
    start = min(max(start, 0), length)
    end = min(max(end, start), length)
    title = text(article.title)
    lines = article.text.split("\n")
    first = next((line for line in lines if line.strip()), "")
    heading = _HEADING.match(first)
    # Most texts begin with their own title; it is then the heading of the page, not said twice.
    titled = heading is not None and first[heading.end() :].strip() == article.title.strip()
    about: list[str] = []
    if article.updated:
        about.append(f'<time datetime="{text(article.updated)}">{text(day(article.updated))}</time>')
    away = original(article.url)
    if away:
        about.append(f'<a href="{text(away)}" target="_blank" rel="noopener noreferrer">Original</a>')
    if end > start:
        about.append('<a href="#quote">To the quote</a>')
    return page(
        article.title,
        f"{'' if titled else f'<h1><bdi>{title}</bdi></h1>'}"
        f'<p class="about">{" · ".join(about)}</p>'
        f'<main class="text">{"".join(_Marked(article.text, start, end).blocks(titled))}</main>',
        "article",
    )


def page(title: str, body: str, kind: str) -> str:
    """A whole HTML page in the house style; `body` is HTML, `title` is text, `kind` a class of the body."""
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{text(title)}</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        '<meta name="robots" content="noindex"><meta name="color-scheme" content="light dark">'
        '<link rel="icon" href="/favicon.ico"><link rel="stylesheet" href="/files/page.css"></head>'
        f'<body class="plain {text(kind)}">{body}</body></html>'
    )


def notice_page(title: str, sentence: str) -> str:
    """A whole HTML page that says one thing."""
    return page(title, f'<main class="box"><h1>{text(title)}</h1><p>{text(sentence)}</p></main>', "notice")


def login_page(name: str, follow: str, problem: str = "") -> str:
    """The page that asks for the shared password; after it the browser goes to the path `follow`."""
    alert = f'<p class="problem" role="alert" id="problem">{text(problem)}</p>' if problem else ""
    described = ' aria-describedby="problem" aria-invalid="true"' if problem else ""
    return page(
        f"Sign in – {name}",
        f'<main class="box"><h1>{text(name)}</h1><p>This page is for the team. Please enter its password.</p>{alert}'
        '<form method="post" action="/login"><label for="password">Password</label>'
        f'<input id="password" name="password" type="password" required autofocus autocomplete="current-password"'
        f"{described}>"
        f'<input type="hidden" name="next" value="{text(follow)}"><button type="submit">Sign in</button></form></main>',
        "login",
    )


def masthead(name: str, leave: bool) -> str:
    """The name of the page, and a way to sign out where one had to sign in."""
    out = (
        '<form method="post" action="/logout"><button class="leave" type="submit">Sign out</button></form>'
        if leave
        else ""
    )
    return f'<div class="masthead"><h1>{text(name)}</h1>{out}</div>'


def welcome() -> str:
    """What stands where the conversation will be."""
    return (
        '<div class="welcome"><h2>What would you like to know?</h2>'
        "<p>Answers come word for word from the articles, each with a link to where it stands.</p></div>"
    )


def reading_pane() -> str:
    """The place beside the chat where an article opens."""
    return (
        '<section id="reading" aria-label="Article" hidden><div class="bar"><h2>Article</h2>'
        '<button type="button" id="close-article" aria-label="Close the article">Close</button></div>'
        f'<iframe name="{FRAME}" title="Article" src="about:blank"></iframe></section>'
    )


# ---------------------------------------------------------------- the text of an article


@dataclass(slots=True)
class _Marked:
    """A text and the stretch of it that is the quote; `named` once a mark has become `#quote`."""

    whole: str
    start: int
    end: int
    named: bool = False

    def blocks(self, titled: bool) -> Iterator[str]:
        """The text as headings, paragraphs, lists, tables and code, in its order."""
        lines = list(_lines(self.whole))
        at = 0
        while at < len(lines):
            begin, line = lines[at]
            kind = _kind(line, False)
            if kind == "blank":
                yield f"{text(line)}\n"
                at += 1
            elif kind == "heading":
                yield self._heading(begin, line, titled)
                titled = False
                at += 1
            else:
                after = at + 1
                while after < len(lines) and _kind(lines[after][1], kind == "item") == kind:
                    after += 1
                block = lines[at:after]
                if kind == "item":
                    yield self._items(block)
                elif kind == "code":
                    yield self._code(block)
                elif kind == "row":
                    yield self._rows(block)
                else:
                    yield self._plain(block)
                at = after

    def _piece(self, begin: int, end: int, seen: bool = True) -> str:
        """Characters `[begin, end)` of the text, with what belongs to the quote marked."""
        low, high = max(begin, self.start), min(end, self.end)
        if low >= high:
            return text(self.whole[begin:end])
        # An address leads to one place, and only to one that can be seen.
        first = seen and not self.named and not self.whole[low:high].isspace()
        self.named = self.named or first
        name = ' id="quote"' if first else ""
        return (
            f"{text(self.whole[begin:low])}<mark{name}>{text(self.whole[low:high])}</mark>{text(self.whole[high:end])}"
        )

    def _markup(self, begin: int, end: int) -> str:
        """Characters that only say how the others look."""
        return f'<span class="markup">{self._piece(begin, end, seen=False)}</span>' if end > begin else ""

    def _heading(self, begin: int, line: str, titled: bool) -> str:
        found = _HEADING.match(line)
        assert found
        level = 1 if titled else min(len(found[1].rstrip()) + 1, 6)
        inner = self._markup(begin, begin + found.end()) + self._piece(begin + found.end(), begin + len(line))
        return f'<h{level} dir="auto">{inner}</h{level}>\n'

    def _plain(self, lines: Sequence[tuple[int, str]]) -> str:
        last, line = lines[-1]
        return f'<p dir="auto">{self._piece(lines[0][0], last + len(line))}</p>\n'

    def _code(self, lines: Sequence[tuple[int, str]]) -> str:
        inner = "\n".join(
            self._markup(begin, begin + 4) + self._piece(begin + 4, begin + len(line)) for begin, line in lines
        )
        return f'<pre tabindex="0"><code>{inner}</code></pre>\n'

    def _items(self, lines: Sequence[tuple[int, str]]) -> str:
        """List items; how deep one stands is told by its style, so that crossing depths need no repair."""
        items = []
        for begin, line in lines:
            found = _ITEM.match(line)
            assert found
            depth = min(len(found[1]) // 2, 5)
            numbered = f' value="{int(found[2])}" class="number depth{depth}"' if found[2] else f' class="depth{depth}"'
            inner = self._markup(begin, begin + found.end()) + self._piece(begin + found.end(), begin + len(line))
            items.append(f'<li{numbered} dir="auto">{inner}</li>')
        return "<ul>" + "\n".join(items) + "</ul>\n"

    def _rows(self, lines: Sequence[tuple[int, str]]) -> str:
        rows = []
        names = set()
        for begin, line in lines:
            cells = []
            columns = []
            at = 0
            for bar in [*_BAR.finditer(line), None]:
                stop, over = (bar.start(), bar.end()) if bar else (len(line), len(line))
                column = _COLUMN.match(line, at, stop)
                name = column.end() if column else at
                columns.append(line[at:name])
                label = f'<span class="column">{self._piece(begin + at, begin + name)}</span>' if column else ""
                cells.append(
                    f'<td dir="auto">{label}{self._piece(begin + name, begin + stop)}'
                    f"{self._markup(begin + stop, begin + over)}</td>"
                )
                at = over
            names.add(tuple(columns))
            rows.append(f"<tr>{''.join(cells)}</tr>")
        # Where all rows name the same columns, the first row's names are enough for the eye.
        same = ' class="same"' if len(names) == 1 else ""
        table = f"<table{same}><tbody>" + "\n".join(rows) + "</tbody></table>"
        return f'<div class="scroll" tabindex="0">{table}</div>\n'


def _lines(whole: str) -> Iterator[tuple[int, str]]:
    """Each line of a text and where it begins."""
    begin = 0
    for line in whole.split("\n"):
        yield begin, line
        begin += len(line) + 1


def _kind(line: str, in_list: bool) -> str:
    """What a line is: blank, heading, item, code, row or plain."""
    if not line.strip():
        return "blank"
    if _HEADING.match(line):
        return "heading"
    item = _ITEM.match(line)
    # Four spaces are code, unless the line goes on with a list as one of its nested items.
    if item and (in_list or len(item[1]) < 4):
        return "item"
    if line.startswith("    "):
        return "code"
    return "row" if _BAR.search(line) else "plain"
