"""reStructuredText becomes text: it is rendered by docutils, and read as the page that it makes."""

import re
from typing import Any

from article_assistant.index.reading.encoding import decode
from article_assistant.index.reading.html import html_page
from article_assistant.index.reading.page import Page, first_heading, iso_date

_MAIL_HEAD = re.compile(r"\A(?:[A-Z][\w-]*: *\S.*\n(?: +\S.*\n)*){3,}(?=\s*\n)")
"""Facts about a document above its text, written as in a mail, as those of the proposals for Python are."""
_SILENT = {
    "toctree", "only", "index", "currentmodule", "module", "contents", "sectionauthor", "codeauthor",
    "highlight", "tabularcolumns", "default-domain",
}  # fmt: skip
"""Directives of Sphinx that show no text of their own."""


def rst_page(data: bytes) -> Page:
    """A reStructuredText file; what Sphinx or another tool adds to the language shows its content."""
    from docutils.core import publish_parts

    source = _MAIL_HEAD.sub(lambda head: re.sub("(?m)^(?=\\S)", ":", head[0]), decode(data), count=1)
    _learn(source)
    made = publish_parts(
        source,
        writer="html5",
        settings_overrides={
            "file_insertion_enabled": False, "raw_enabled": False, "report_level": 5, "halt_level": 6,
            "doctitle_xform": False,
            "initial_header_level": 1, "docinfo_xform": False, "embed_stylesheet": False, "stylesheet_path": None,
            "syntax_highlight": "none", "smart_quotes": False, "line_length_limit": 1_000_000, "math_output": "LaTeX",
            "footnote_references": "brackets", "input_encoding": "unicode", "warning_stream": False,
        },
    )  # fmt: skip
    body = made["body"].replace("<aside", "<div").replace("</aside", "</div")
    body = body.replace('<span class="colon">:</span>', "")  # a term has a colon of ours
    found = html_page(f"<html><body>{body}</body></html>")
    dated = re.search(r"^:(?:date|updated|modified): *(\S+)", source, re.MULTILINE | re.IGNORECASE)
    titled = re.match(r"(?::.*\n| +.*\n)*?:Title: *(\S.*)", source)
    return Page(
        titled[1] if titled else first_heading(found.text) or None, found.text, iso_date(dated[1]) if dated else None
    )


def _learn(source: str) -> None:
    """Teach docutils the roles and directives of a source that it does not know: they show their content."""
    from docutils import nodes
    from docutils.parsers.rst import Directive, directives, roles
    from docutils.parsers.rst.languages import en

    class Shown(Directive):  # type: ignore[misc]  # docutils ships no types
        optional_arguments = 100
        final_argument_whitespace = True
        has_content = True
        option_spec: Any = None

        def run(self) -> list[Any]:
            if self.name in _SILENT:
                return []
            box = nodes.container()
            if self.arguments:
                box += nodes.paragraph("", " ".join(self.arguments))
            lines = self.content
            while lines and re.match(r":[\w-]+:", lines[0]):
                lines = lines[1:]  # options, which are not shown
            self.state.nested_parse(lines, self.content_offset, box)
            return [box]

    def role(_: str, raw: str, text: str, *_more: Any, **_named: Any) -> tuple[list[Any], list[Any]]:
        said = re.match(r"(.+?)\s*<[^<>]*>$", text, re.DOTALL)
        return [nodes.inline(raw, said[1] if said else text.lstrip("~!"))], []

    for name in set(re.findall(r"^\s*\.\. +(?:\|[^|\n]+\| +)?([\w:-]+?)::", source, re.MULTILINE)):
        if name not in en.directives and name not in directives._directives:
            directives.register_directive(name, Shown)
    for name in set(re.findall(r":([\w:+-]{1,40}):`", source)):
        if name not in en.roles and name not in roles._roles and name not in roles._role_registry:
            roles.register_local_role(name, role)
