"""Markdown becomes text: it is rendered, and read as the page that it makes."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from html import escape
from itertools import pairwise

from article_assistant.index.reading.encoding import decoded
from article_assistant.index.reading.frontmatter import categories_of, date_of, divide
from article_assistant.index.reading.html import html_text
from article_assistant.index.reading.page import Page, first_heading, squeeze
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

_HEADING_ID = re.compile(r"\s*\{#[\w:.-]+\}$")
_TAG = re.compile(r"\{(?:%|\{[<%])-?\s*(/?[\w-]*)([^{}]*?)(?:[%>]\}|%)\}")
_COMMENT_END = re.compile(r"\{%-?\s*endcomment|\{\{[<%]\s*/comment")
_SHOWN = re.compile(r"\b(?:text|title)\s*=\s*\"([^\"]*)\"|^\s*\"([^\"/.]*)\"")
_ADDRESS_END = re.compile(r"(?:\]\(|=[\"']?)\S*$")
ADDRESS = 500
"""Characters before a tag among which the beginning of an address is looked for."""
_MARKED_UP = re.compile(r"[<&*_`~\[\\]")
_CODE_SPAN = re.compile(r"(`[^`]+`)")
_VARIABLE_ADDRESS = re.compile(r"(?<=\]\()\s*\{\{[^{}]*\}\}")
_NOTE_TITLE = re.compile(r"\s*(?:\{[^{}]*\}|[\w-]*)(?:\[([^\[\]]*)\]|\s+(\S.*))?")


def markdown(source: str) -> str:
    """The text of a Markdown document (CommonMark, with tables, strikethrough, definition lists and footnotes).

    Footnotes stand at the end; their marks are no words of a sentence, nor are the colons around a note (`:::tip`), the
    identifier behind a heading (`{#tip}`) and, outside of code, the tags of a site's templates (`{% include "tip" %}`,
    `{{< tip >}}`), but for the text that they show.
    """
    return html_text(rendered) if (rendered := _parser().render(source)).strip() else ""


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(deflist_plugin).use(footnote_plugin)
    parser.use(container_plugin, "note", validate=lambda said, _: bool(said.strip()), render=_note_edge)
    parser.core.ruler.after("block", "heading ids", _without_ids)
    parser.core.ruler.after("block", "template tags", _without_tags)
    parser.block.ruler.before("fence", "highlight", _highlighted, {"alt": ["paragraph", "blockquote", "list"]})
    for unseen in ("footnote_ref", "footnote_anchor"):
        parser.add_render_rule(unseen, lambda *_: "")
    return parser


def _note_edge(_: object, tokens: Sequence[Token], at: int, *__: object) -> str:
    """The beginning of a note, with its title, or its end."""
    found = _NOTE_TITLE.match(tokens[at].info) if tokens[at].nesting == 1 else None
    title = found and (found[1] or found[2])
    return "</div>" if tokens[at].nesting < 0 else f"<div><p><strong>{escape(title)}</strong></p>" if title else "<div>"


def _without_ids(state: StateCore) -> None:
    for before, token in pairwise(state.tokens):
        if before.type == "heading_open":
            token.content = _HEADING_ID.sub("", token.content)


def _without_tags(state: StateCore) -> None:
    """Leaves out what a site's generator (Jekyll, Hugo, Eleventy) replaces as it builds a page or has as a comment.

    A tag within a sentence leaves the text that it is given: `{{< tip text="Pod" >}}`, `{% channel "travel" %}`.
    """
    # A comment that never ends, an error to the generator, must not hide all the rest.
    prose = [at for at, token in enumerate(state.tokens) if token.type in {"inline", "html_block"}]
    ends = [at for at in prose if _COMMENT_END.search(state.tokens[at].content)]
    commented = False
    for at, token in enumerate(state.tokens):
        commented = commented and at <= ends[-1]
        if token.type not in {"inline", "html_block"}:
            token.hidden, token.content = token.hidden or commented, "" if commented else token.content
            continue
        # Mostly a picture or the edge of a note, whose words say nothing; in a list or a table it is what stands there.
        alone = token.level < 2 and not _TAG.sub("", token.content).strip()
        shown = list[str]()
        for piece in _CODE_SPAN.split(token.content):
            parts = [piece] if piece.startswith("`") else _TAG.split(_VARIABLE_ADDRESS.sub("", piece))
            parts = ["", "", *parts]
            for name, given, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
                commented = bool(ends) and (name == "comment" or (commented and name not in {"endcomment", "/comment"}))
                before = shown[-1][-ADDRESS:] if shown else ""
                if not (alone or commented) and (found := _SHOWN.search(given)) and not _ADDRESS_END.search(before):
                    shown.append(found[1] or found[2] or "")
                shown.append("" if commented else text)
        token.content = "".join(shown)


def _highlighted(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A block of code between `{% highlight %}` and `{% endhighlight %}`, as Jekyll has it; a rule of markdown-it."""
    begins = state.bMarks[start] + state.tShift[start]
    if not (found := _TAG.match(state.src, begins, state.eMarks[start])) or found[1] != "highlight":
        return False
    for last in range(start + 1, end):
        if "endhighlight" in state.src[state.bMarks[last] : state.eMarks[last]]:
            if not silent:
                token = state.push("fence", "code", 0)
                token.content = state.getLines(start + 1, last, state.sCount[start], True)
                state.line = last + 1
            return True
    return False


def _title(facts: Mapping[str, object]) -> str:
    """The title in the front matter, which may have marks of its own, as it is shown."""
    told = squeeze(str(facts.get("title") or "")).encode(errors="replace").decode()
    return (_MARKED_UP.search(told) and squeeze(html_text(f"<p>{_parser().renderInline(told)}</p>"))) or told


def markdown_page(data: bytes) -> Page:
    """A Markdown file, with its front matter."""
    found = decoded(data)
    facts, body, broken = divide(found.text)
    text = markdown(body)
    title = _title(facts) or first_heading(text)
    notice = " ".join(filter(None, (found.notice, broken)))
    return Page(title or None, text, date_of(facts), notice, categories=categories_of(facts))
