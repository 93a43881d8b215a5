"""PDF becomes text, page by page and by its layout."""

import io
import re
import statistics
from collections import Counter
from typing import Any

from article_assistant.index.reading.page import Page, TextBuilder, iso_date, squeeze
from article_assistant.index.types import ArticleError


def pdf_page(data: bytes) -> Page:
    """A PDF by its layout: larger or bold short lines are headings, ruled tables become rows."""
    import pdfplumber
    from pdfplumber.utils.exceptions import PdfminerException

    try:
        document = pdfplumber.open(io.BytesIO(data))
    except PdfminerException as error:
        cause = error.args[0] if error.args else error
        if "Password" in type(cause).__name__ or "Encrypt" in type(cause).__name__:
            raise ArticleError("the PDF is encrypted") from error
        raise ArticleError(f"the PDF is broken ({squeeze(str(cause))[:120] or type(cause).__name__})") from error
    with document:
        facts = {str(name): value for name, value in (document.metadata or {}).items()}
        builder = TextBuilder()
        pages = _without_running_lines([_pdf_page(page) for page in document.pages])
        sizes = [line.size for page in pages for line in page if isinstance(line, _Line) for _ in line.text]
        body = statistics.median(sizes) if sizes else 0.0
        larger = sorted(
            {line.size for page in pages for line in page if isinstance(line, _Line) and line.size > body * 1.1}
        )
        _pdf_blocks([piece for page in pages for piece in page], larger[::-1], builder)
    dates = (re.fullmatch(r"D:(\d{4})(\d\d)(\d\d).*", str(facts.get(name))) for name in ("ModDate", "CreationDate"))
    updated = next((iso_date("-".join(found.groups())) for found in dates if found), None)
    title = squeeze(str(facts.get("Title") or ""))
    return Page(title if title.lower() not in {"", "untitled", "(anonymous)"} else None, builder.text(), updated)


class _Line:
    """One line of a PDF page: its words, size of type in points, left edge and the gap above it."""

    def __init__(self, line: dict[str, Any], above: float | None) -> None:
        self.text = squeeze(line["text"])
        chars = line["chars"]
        self.size = round(statistics.median(char["size"] for char in chars), 1)
        self.bold = all(re.search("bold|black|heavy", char["fontname"], re.IGNORECASE) for char in chars)
        self.left = float(line["x0"])
        self.right = float(line["x1"])
        self.gap = float(line["top"]) - above if above is not None else None


_Table = list[list[str | None]]


def _pdf_page(page: Any) -> list[_Line | _Table]:
    """Lines and tables of a page, from top to bottom."""
    tables = page.find_tables()

    def outside(thing: dict[str, Any]) -> bool:
        middle = (thing["top"] + thing["bottom"]) / 2
        return not any(table.bbox[1] <= middle <= table.bbox[3] for table in tables)

    placed: list[tuple[float, _Line | _Table]] = [(table.bbox[1], table.extract()) for table in tables]
    above: float | None = None
    for line in page.filter(outside).extract_text_lines(return_chars=True):
        placed.append((line["top"], _Line(line, above)))
        above = line["bottom"]
    page.close()  # it would keep 6 MB
    return [thing for _, thing in sorted(placed, key=lambda pair: pair[0])]


def _without_running_lines(pages: list[list[_Line | _Table]]) -> list[list[_Line | _Table]]:
    """Pages without the head and foot lines that come again on most of them, page numbers aside."""

    def key(thing: _Line | _Table) -> str | None:
        return re.sub(r"\d+", "0", thing.text) if isinstance(thing, _Line) else None

    edges = Counter(name for page in pages for name in {key(thing) for thing in [*page[:2], *page[-2:]]} if name)
    running = {name for name, times in edges.items() if times > 1 and times > len(pages) / 2}
    return [[thing for thing in page if key(thing) not in running] for page in pages]


_BULLET = re.compile(r"(?:[•‣◦▪●–\-*\uf0b7\x7f]|\((?:cid:\d+)\)|(\d{1,3})[.)])\s+(?=\S)")


def _pdf_blocks(things: list[_Line | _Table], larger: list[float], builder: TextBuilder) -> None:
    """Join lines to headings, items and paragraphs by size of type, gap and left edge."""
    block: list[_Line] = []

    def flush() -> None:
        if not block:
            return
        text = block[0].text
        for line in block[1:]:
            text = (
                text[:-1] + line.text
                if re.search(r"[a-z]-$", text) and line.text[:1].islower()
                else f"{text} {line.text}"
            )
        first = block[0]
        if first.size in larger and len(text) < 200:
            builder.heading(min(larger.index(first.size) + 1, 6), text)
        elif first.bold and len(text) < 100 and not text.endswith((".", ":", ",")):
            builder.heading(min(len(larger) + 1, 6), text)
        elif bullet := _BULLET.match(text):
            builder.item(text[bullet.end() :], number=int(bullet[1]) if bullet[1] else None)
        else:
            builder.paragraph(text)
        block.clear()

    for thing in things:
        if not isinstance(thing, _Line):
            flush()
            builder.end_list()
            rows = [[cell or "" for cell in row] for row in thing]
            for row in rows[1:] or rows:
                builder.row(rows[0] if len(rows) > 1 else [], row)
            continue
        last = block[-1] if block else None
        if last and (
            thing.size != last.size
            or thing.bold != last.bold
            or _BULLET.match(thing.text)
            or (thing.gap is not None and thing.gap > 0.7 * thing.size)
        ):
            # Across pages there is no gap to measure: a sentence that has not ended goes on.
            flush()
        if thing.text:
            block.append(thing)
    flush()
