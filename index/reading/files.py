"""Files become articles: which reader a kind of file has, and a walk through a folder that no link leads out of."""

import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Collection, Container, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

from article_assistant.index.reading import recognition
from article_assistant.index.reading.asciidoc import asciidoc_page
from article_assistant.index.reading.docx import docx_page
from article_assistant.index.reading.dokuwiki import dokuwiki
from article_assistant.index.reading.epub import epub_page
from article_assistant.index.reading.html import html_page
from article_assistant.index.reading.mail import mail_page
from article_assistant.index.reading.markdown import markdown_page
from article_assistant.index.reading.mdx import mdx_page
from article_assistant.index.reading.mediawiki import mediawiki
from article_assistant.index.reading.notebook import notebook_page
from article_assistant.index.reading.org import org_page
from article_assistant.index.reading.page import Page, squeeze
from article_assistant.index.reading.pdf import pdf_page
from article_assistant.index.reading.recognition import picture_page
from article_assistant.index.reading.rst import rst_page
from article_assistant.index.reading.sheets import csv_page, excel_page
from article_assistant.index.reading.slides import slides_page
from article_assistant.index.reading.text import text_page
from article_assistant.index.types import ArticleError, SourceError

VERSION = "11"
"""Changes whenever the same bytes would be read otherwise, so that files are indexed again."""
READERS: dict[str, Callable[[bytes], Page]] = {
    ".md": markdown_page, ".markdown": markdown_page, ".txt": text_page,
    ".wiki": partial(text_page, otherwise=mediawiki), ".mediawiki": partial(text_page, otherwise=mediawiki),
    ".wikitext": partial(text_page, always=mediawiki), ".dokuwiki": partial(text_page, otherwise=dokuwiki),
    ".html": html_page, ".htm": html_page, ".xhtml": html_page, ".pdf": pdf_page, ".docx": docx_page, ".mdx": mdx_page,
    ".rst": rst_page, ".adoc": asciidoc_page, ".asciidoc": asciidoc_page, ".org": org_page, ".csv": csv_page,
    ".tsv": csv_page, ".xlsx": excel_page, ".xlsm": excel_page, ".pptx": slides_page, ".epub": epub_page,
    ".eml": mail_page, ".ipynb": notebook_page,
}  # fmt: skip
"""The reader of each kind, by the ending of the file's name in small letters."""
PICTURES: dict[str, Callable[[bytes, str], Page]] = {
    ".pdf": pdf_page,
    **dict.fromkeys((".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp"), picture_page),
}
"""The readers of what may be pictures of a text, which also take the languages it may be in."""
_TAG_CHARACTER = re.compile("[\U000e0000-\U000e007f]")
_TAGS = re.compile("(?<![\U0001f3f4\U000e0000-\U000e007f])[\U000e0000-\U000e007f]+")  # behind a black flag they name it
TEXT_MOST = 1_000_000
"""Characters that any file may become, and `TEXT_FOR_EACH_BYTE` more for each of its bytes.

A table repeats the names of its columns in each row: 16 KB of Markdown can become 16 MB.
"""
TEXT_FOR_EACH_BYTE = 50


def kinds(languages: str) -> tuple[str, ...]:
    """The kinds that are read: those of pictures only where there is a Tesseract, and `languages` are named."""
    pictures = PICTURES if languages and recognition.installed() else {}
    return tuple(dict.fromkeys([*READERS, *pictures]))


def read_page(path: Path, data: bytes, languages: str = "") -> Page:
    """The page that `data`, the content of the file `path`, holds; the file's name is its last title.

    Raises ArticleError, whose text is the reason, for what no text can be read from.
    """
    if not data.strip():
        raise ArticleError("the file is empty")
    try:
        kind = path.suffix.lower()
        page = PICTURES[kind](data, languages) if kind in PICTURES else READERS[kind](data)
    except ArticleError:
        raise
    except Exception as error:  # parsers of foreign formats raise anything at all
        raise ArticleError(f"the file is broken ({type(error).__name__}: {squeeze(str(error))[:120]})") from error
    if not page.text.strip():
        raise ArticleError("no text is in it")
    if len(page.text) > TEXT_MOST + TEXT_FOR_EACH_BYTE * len(data):
        raise ArticleError(f"its text would be {len(page.text) // len(data)} times as long as the file")
    title = page.title or path.stem.replace("_", " ").replace("-", " ")
    # What is taken out of a text moves what stands behind it.
    text, pages = _storable_text(page.text[: page.pages[0][0] if page.pages else None]), []
    for (start, number), (end, _) in pairwise([*page.pages, (len(page.text), 0)]):
        pages.append((len(text), number))
        text += _storable_text(page.text[start:end])
    categories = tuple(_storable_text(name) for name in page.categories)
    return replace(page, title=_storable_text(title), text=text, pages=tuple(pages), categories=categories)


def _storable_text(text: str) -> str:
    """A text without what no database holds and no reader sees: halves of characters, NUL, and tag characters.

    A tag character is an invisible twin of an ASCII one: a person sees nothing where a language model reads a text.
    """
    text = text.encode("utf-8", "replace").decode().replace("\0", "")
    tagged = not text.isascii() and _TAG_CHARACTER.search(text)  # to look is faster than to replace
    return _TAGS.sub("", text) if tagged else text


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


def files_below(
    root: Path, known: Container[str] = READERS, others: Counter[tuple[Path, str]] | None = None
) -> Iterator[tuple[Path, str | None]]:
    """Every file of a `known` kind below the folder `root`, in the order of names, or why one is left out.

    Files of `others` are counted by their folder and their ending, which may be empty.

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
            if name.startswith("."):
                continue
            if path.suffix.lower() not in known:
                if others is not None:
                    others[here, path.suffix.lower()] += 1
                continue
            if not path.is_symlink():
                yield path, None
            elif not Path(os.path.realpath(path)).is_relative_to(root):  # Path.resolve raises for a link to itself
                yield path, "it is a link that leads out of the source"
    yield from problems


def locate(address: str, known: Collection[str] = READERS) -> Path:
    """The folder or file that a source names. Raises SourceError where there is none to read."""
    if "://" in address:
        raise SourceError(f"{address} is an address; this version reads folders and files only")
    try:
        path = Path(address).expanduser().resolve(strict=True)
        if path.is_dir():
            next(path.iterdir(), None)
        elif path.suffix.lower() not in known:
            kinds = ", ".join(known)
            raise SourceError(f"{address} is of a kind that cannot be read; readable are {kinds}")
    except (OSError, RuntimeError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise SourceError(f"{address} cannot be read ({reason}); name a folder or a file") from error
    return path
