"""Files become articles: one reader a file kind, and a walk through a folder that no link leads out of."""

import io
import os
import re
import stat
import statistics
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import frontmatter
import yaml
from article_assistant.index.reading.markup import Page, TextBuilder, html, iso_date, markdown, squeeze
from article_assistant.index.types import ArticleError, SourceError
from frontmatter.default_handlers import JSONHandler, SafeLoader, YAMLHandler

VERSION = "2"
"""Changes whenever the same bytes would be read otherwise, so that files are indexed again."""
_TAGS = re.compile("(?<![\U0001f3f4\U000e0000-\U000e007f])[\U000e0000-\U000e007f]+")  # behind a black flag they name it
UNPACKED_MOST = 400_000_000
"""Bytes that a .docx may unpack to; a crafted one of a few KB unpacks to gigabytes."""
TEXT_MOST = 1_000_000
"""Characters that any file may become, and `TEXT_FOR_EACH_BYTE` more for each of its bytes.

A table repeats the names of its columns in each row: 16 KB of Markdown can become 16 MB.
"""
TEXT_FOR_EACH_BYTE = 50
NESTED_MOST = 20
"""Lists and maps inside one another in front matter; some 25,000 overflow the stack of the YAML parser."""
REFERENCES_MOST = 10
"""References (`*name`) in front matter: 100 of them, each to a list of earlier ones, unfold to terabytes."""


def read(path: Path, data: bytes) -> Page:
    """The page that `data`, the content of the file `path`, holds; the file's name is its last title.

    Raises ArticleError, whose text is the reason, for what no text can be read from.
    """
    if not data.strip():
        raise ArticleError("the file is empty")
    try:
        page = READERS[path.suffix.lower()](data)
    except ArticleError:
        raise
    except Exception as error:  # parsers of foreign formats raise anything at all
        raise ArticleError(f"the file is broken ({type(error).__name__}: {squeeze(str(error))[:120]})") from error
    if not page.text.strip():
        raise ArticleError("no text is in it (a scan needs text recognition first)")
    if len(page.text) > TEXT_MOST + TEXT_FOR_EACH_BYTE * len(data):
        raise ArticleError(f"its text would be {len(page.text) // len(data)} times as long as the file")
    title = page.title or path.stem.replace("_", " ").replace("-", " ")
    return Page(_storable(title), _storable(page.text), page.updated)


def _storable(text: str) -> str:
    """A text without what no database holds and no reader sees: halves of characters, NUL, and tag characters.

    A tag character is an invisible twin of an ASCII one: a person sees nothing where a language model reads a text.
    """
    return _TAGS.sub("", text.encode("utf-8", "replace").decode().replace("\0", ""))


def read_bytes(path: Path, most: int) -> bytes:
    """The content of a plain file of at most `most` bytes; never that of a link, a pipe or a device.

    Raises ArticleError, whose text is the reason.
    """
    try:
        # O_NONBLOCK: opening a pipe without it waits for ever.
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        reason = "is a link" if path.is_symlink() else f"cannot be opened ({error.strerror})"
        raise ArticleError(f"the file {reason}") from error
    with os.fdopen(descriptor, "rb") as file:
        facts = os.fstat(descriptor)
        if not stat.S_ISREG(facts.st_mode):
            raise ArticleError("it is not a plain file")
        if facts.st_size > most:
            raise ArticleError(f"the file has {facts.st_size / 1e6:.0f} MB, more than the {most / 1e6:.0f} MB allowed")
        return file.read()


def files_below(root: Path) -> Iterator[tuple[Path, str | None]]:
    """Every file of a known kind below the folder `root`, in the order of names, or why one is left out.

    Hidden files and folders are passed over. A link is never followed: what it points to inside
    `root` is met there, and what lies outside is none of this source's.
    """
    problems: list[tuple[Path, str | None]] = []

    def unreadable(error: OSError) -> None:
        problems.append((Path(error.filename), f"the folder cannot be opened ({error.strerror})"))

    for folder, inner, names in os.walk(root, onerror=unreadable, followlinks=False):
        here = Path(folder)
        for name in sorted(inner):
            if (here / name).is_symlink() and not name.startswith("."):
                problems.append((here / name, "it is a link to a folder; name that folder as a source of its own"))
        inner[:] = sorted(name for name in inner if not name.startswith(".") and not (here / name).is_symlink())
        for name in sorted(names):
            path = here / name
            if name.startswith(".") or path.suffix.lower() not in READERS:
                continue
            if not path.is_symlink():
                yield path, None
            elif not Path(os.path.realpath(path)).is_relative_to(root):  # Path.resolve raises for a link to itself
                yield path, "it is a link that leads out of the source"
    yield from problems


def locate(address: str) -> Path:
    """The folder or file that a source names. Raises SourceError where there is none to read."""
    if "://" in address:
        raise SourceError(f"{address} is an address; this version reads folders and files only")
    try:
        path = Path(address).expanduser().resolve(strict=True)
        if path.is_dir():
            next(path.iterdir(), None)
        elif path.suffix.lower() not in READERS:
            kinds = ", ".join(READERS)
            raise SourceError(f"{address} is of a kind that cannot be read; readable are {kinds}")
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{address} cannot be read ({reason}); name a folder or a file") from error
    return path


def decode(data: bytes) -> str:
    """Text from bytes: UTF-8 or UTF-16 by their marks, UTF-8 without one, else Windows-1252.

    Raises ArticleError where the bytes are no text.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = data.decode("utf-16")
    elif b"\0" in data:
        raise ArticleError("the file is not text")
    else:
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            try:
                text = data.decode("windows-1252")
            except UnicodeDecodeError as error:
                raise ArticleError("the file is neither UTF-8 nor Windows-1252 text; save it as UTF-8") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


class _Yaml(YAMLHandler):
    """Front matter that cannot explode; raises YAMLError for what could."""

    def load(self, fm: str, **options: object) -> Any:
        depth = references = 0
        for event in yaml.parse(fm, Loader=SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            references += isinstance(event, yaml.AliasEvent)
            if depth > NESTED_MOST or references > REFERENCES_MOST:
                raise yaml.YAMLError("this is no front matter of an article")
        return super().load(fm, **options)


def _front(data: bytes) -> tuple[dict[str, Any], str]:
    """What the front matter says, and the text behind it."""
    text = decode(data)
    try:
        kind = frontmatter.detect_format(text.strip(), [_Yaml(), JSONHandler()])
        facts, body = frontmatter.parse(text, handler=kind)
    except (yaml.YAMLError, ValueError):
        return {}, text  # a first line of dashes that begins no front matter
    return facts if isinstance(facts, dict) else {}, body


def _updated(facts: dict[str, Any]) -> str | None:
    named = (iso_date(facts.get(name)) for name in ("updated", "modified", "lastmod", "last_modified", "date"))
    return next((value for value in named if value), None)


def _markdown(data: bytes) -> Page:
    facts, body = _front(data)
    text = markdown(body)
    heading = re.search(r"^# (.+)$", text, re.MULTILINE)
    title = squeeze(str(facts.get("title") or "")) or (heading[1] if heading else None)
    return Page(title, text, _updated(facts))


_ITEM = re.compile(r"([-*•–]|\d{1,3}[.)]|[A-Za-z][.)]|[^\s:]{1,30}:)\s")


def _plain(data: bytes) -> Page:
    """Plain text; lines that were broken at a fixed width are joined again."""
    facts, body = _front(data)
    lines: list[list[str]] = []  # each in its parts: to join them one by one takes hours for a long line
    for line in (line.rstrip() for line in body.expandtabs(4).split("\n")):
        begin = lines[-1][0] if lines else ""
        goes_on = len(begin) >= 50 and line and not line.startswith(" ") and not _ITEM.match(line)
        if goes_on and not re.match(r"#{1,6} |[=-]{3,}$", line) and not begin.startswith("#"):
            lines[-1].append(line)
        elif line or begin:
            lines.append([line])
    text = "\n".join(" ".join(parts) for parts in lines).strip("\n")
    first = squeeze(text.split("\n", 1)[0]).lstrip("# ")
    title = squeeze(str(facts.get("title") or "")) or (first if len(first) <= 120 else None)
    return Page(title, text, _updated(facts))


def _pdf(data: bytes) -> Page:
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


def _docx(data: bytes) -> Page:
    import docx
    from docx.table import Table

    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ArticleError("the document is encrypted, or of the old .doc kind")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        if sum(part.file_size for part in archive.infolist()) > UNPACKED_MOST:
            raise ArticleError(f"the document unpacks to more than {UNPACKED_MOST / 1e6:.0f} MB")
    document = docx.Document(io.BytesIO(data))
    builder = TextBuilder()
    numbers: dict[int, int] = {}
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            builder.end_list()
            rows = [[cell.text for cell in row.cells] for row in block.rows]
            for row in rows[1:] or rows:
                builder.row(rows[0] if len(rows) > 1 else [], row)
            continue
        style = (block.style.name if block.style is not None else "") or ""
        depth = int(found[0]) - 1 if (found := re.search(r"\d$", style)) else 0
        if style == "Title":
            builder.heading(1, block.text)
        elif style.startswith("Heading"):
            builder.heading(depth + 1, block.text)
        elif style.startswith("List Number"):
            numbers[depth] = numbers.get(depth, 0) + 1
            builder.item(block.text, depth, numbers[depth])
            continue
        elif style.startswith("List") or (block._p.pPr is not None and block._p.pPr.numPr is not None):
            builder.item(block.text, depth)
            continue
        else:
            builder.paragraph(block.text)
        numbers.clear()
    facts = document.core_properties
    return Page(squeeze(facts.title or "") or None, builder.text(), iso_date(facts.modified or facts.created))


READERS: dict[str, Callable[[bytes], Page]] = {
    ".md": _markdown,
    ".markdown": _markdown,
    ".txt": _plain,
    ".html": html,
    ".htm": html,
    ".pdf": _pdf,
    ".docx": _docx,
}
