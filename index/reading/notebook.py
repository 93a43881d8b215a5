"""Jupyter notebooks: cell by cell, text as text, code as code, and what the code said."""

import json
import re
from typing import Any

from article_assistant.index.reading.html import html_page
from article_assistant.index.reading.markdown import markdown
from article_assistant.index.reading.page import Page, TextBuilder, first_heading, squeeze
from article_assistant.index.types import ArticleError


def notebook_page(data: bytes) -> Page:
    """A notebook of version 3 or 4. Raises ArticleError where the file is none."""
    try:
        book = json.loads(data)
        cells = book["cells"] if "cells" in book else [cell for sheet in book["worksheets"] for cell in sheet["cells"]]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise ArticleError("the file is no notebook") from error
    texts = []
    for cell in cells:
        source = _cell_source(cell.get("source", cell.get("input", "")))
        kind = cell.get("cell_type")
        if kind == "markdown":
            texts.append(markdown(source))
        elif kind == "code":
            texts.append(_code_block(source))
            texts += [_output(output) for output in cell.get("outputs", [])]
        elif kind == "heading":
            texts.append(f"{'#' * min(max(int(cell.get('level', 1)), 1), 6)} {squeeze(source)}")
        else:
            texts.append(squeeze(source))
    text = "\n\n".join(text for text in texts if text.strip())
    title = squeeze(str(book.get("metadata", {}).get("title") or ""))
    return Page(title or first_heading(text) or None, text, None)


def _cell_source(lines: Any) -> str:
    return lines if isinstance(lines, str) else "".join(map(str, lines))


def _code_block(text: str) -> str:
    builder = TextBuilder()
    builder.code(re.sub(r"\x1b\[[\d;]*m", "", text))  # colours of a terminal
    return builder.text()


def _output(output: dict[str, Any]) -> str:
    data = output.get("data", output)
    if "ename" in output:
        return _code_block(f"{output['ename']}: {output.get('evalue', '')}")
    html = _cell_source(data.get("text/html", data.get("html", "")))
    if "<table" in html:
        return html_page(html).text
    return _code_block(_cell_source(data.get("text/plain", data.get("text", ""))))
