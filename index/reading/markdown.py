"""Markdown becomes text: it is rendered, and read as the page that it makes."""

import re
from collections.abc import Sequence
from html import escape
from itertools import pairwise

from article_assistant.index.reading.encoding import decoded
from article_assistant.index.reading.frontmatter import categories_of, date_of, divide
from article_assistant.index.reading.html import html_text
from article_assistant.index.reading.page import Page, first_heading, squeeze
from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token
from mdit_py_plugins.container import container_plugin
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin

_HEADING_ID = re.compile(r"\s*\{#[\w:.-]+\}$")
_NOTE_TITLE = re.compile(r"\s*(?:\{[^{}]*\}|[\w-]*)(?:\[([^\[\]]*)\]|\s+(\S.*))?")


def markdown(source: str) -> str:
    """The text of a Markdown document (CommonMark, with tables, strikethrough, definition lists and footnotes).

    Footnotes stand at the end; their marks are no words of a sentence, nor are the colons around a note (`:::tip`) and
    the identifier behind a heading (`{#tip}`).
    """
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(deflist_plugin).use(footnote_plugin)
    parser.use(container_plugin, "note", validate=lambda said, _: bool(said.strip()), render=_note_edge)
    parser.core.ruler.after("block", "heading ids", _without_ids)
    for unseen in ("footnote_ref", "footnote_anchor"):
        parser.add_render_rule(unseen, lambda *_: "")
    rendered = parser.render(source)
    return html_text(rendered) if rendered.strip() else ""


def _note_edge(_: object, tokens: Sequence[Token], at: int, *__: object) -> str:
    """The beginning of a note, with its title, or its end."""
    found = _NOTE_TITLE.match(tokens[at].info) if tokens[at].nesting == 1 else None
    title = found and (found[1] or found[2])
    return "</div>" if tokens[at].nesting < 0 else f"<div><p><strong>{escape(title)}</strong></p>" if title else "<div>"


def _without_ids(state: StateCore) -> None:
    for before, token in pairwise(state.tokens):
        if before.type == "heading_open":
            token.content = _HEADING_ID.sub("", token.content)


def markdown_page(data: bytes) -> Page:
    """A Markdown file, with its front matter."""
    found = decoded(data)
    facts, body, broken = divide(found.text)
    text = markdown(body)
    title = squeeze(str(facts.get("title") or "")) or first_heading(text)
    notice = " ".join(filter(None, (found.notice, broken)))
    return Page(title or None, text, date_of(facts), notice, categories=categories_of(facts))
