"""Markdown becomes text: it is rendered, and read as the page that it makes."""

from article_assistant.index.reading.encoding import decoded
from article_assistant.index.reading.frontmatter import categories_of, date_of, divide
from article_assistant.index.reading.html import html_text
from article_assistant.index.reading.page import Page, first_heading, squeeze
from markdown_it import MarkdownIt
from mdit_py_plugins.deflist import deflist_plugin
from mdit_py_plugins.footnote import footnote_plugin


def markdown(source: str) -> str:
    """The text of a Markdown document (CommonMark, with tables, strikethrough, definition lists and footnotes).

    Footnotes stand at the end; their marks are no words of a sentence.
    """
    parser = MarkdownIt("commonmark").enable(["table", "strikethrough"]).use(deflist_plugin).use(footnote_plugin)
    for unseen in ("footnote_ref", "footnote_anchor"):
        parser.add_render_rule(unseen, lambda *_: "")
    rendered = parser.render(source)
    return html_text(rendered) if rendered.strip() else ""


def markdown_page(data: bytes) -> Page:
    """A Markdown file, with its front matter."""
    found = decoded(data)
    facts, body, broken = divide(found.text)
    text = markdown(body)
    title = squeeze(str(facts.get("title") or "")) or first_heading(text)
    notice = " ".join(filter(None, (found.notice, broken)))
    return Page(title or None, text, date_of(facts), notice, categories=categories_of(facts))
