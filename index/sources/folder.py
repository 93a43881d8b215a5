"""A folder or a file as a source: what is in it, and the files that are new or changed, as articles."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from article_assistant.index import chunk
from article_assistant.index.language import WORDS_VERSION, WRITTEN_SURE, language_of
from article_assistant.index.reading import files, recognition
from article_assistant.index.reading.parse import Parser
from article_assistant.index.schema import Failure
from article_assistant.index.sources.kinds import check_no_wiki
from article_assistant.index.types import Article, ArticleError, SourceError


@dataclass(frozen=True, slots=True)
class FolderFile:
    """A file of a source, with the reason if it is left out."""

    path: Path
    reason: str | None
    bytes: int


@dataclass(frozen=True, slots=True)
class FolderFiles:
    """The files of a source, or of a part of it; `groups` are who may read them, empty where nobody said so."""

    path: Path
    files: list[FolderFile]
    others: Counter[tuple[Path, str]]
    groups: frozenset[str]


@dataclass(frozen=True, slots=True)
class FileRead:
    """What became of a file: an article, a failure, or neither where nothing changed or nothing was to be read."""

    name: str
    bytes: int
    fingerprint: str = ""
    article: Article | None = None
    failure: Failure | None = None
    notice: str = ""
    unchanged: bool = False
    untried: bool = False


def look(path: Path, address: str, readable: tuple[str, ...], groups: frozenset[str]) -> FolderFiles:
    """Raises SourceError where no file can be read, or it is a wiki's own data and nobody said who may read it."""
    if not groups:
        check_no_wiki(path)
    others = Counter[tuple[Path, str]]()
    found = list(files.files_below(path, readable, others)) if path.is_dir() else [(path, None)]
    if not any(reason is None for _, reason in found):
        known = ", ".join(readable)
        raise SourceError(
            f"there is no readable file in {address}; put articles there ({known}), or name another folder"
        )
    sized = [FolderFile(file, reason, _bytes_of(file) if reason is None else 0) for file, reason in found]
    return FolderFiles(path, sized, others, groups)


def stamps(path: Path, readable: tuple[str, ...]) -> int:
    """A number that changes whenever a file below `path` does; raises OSError where there is nothing."""
    paths = [file for file, _ in files.files_below(path, readable, Counter())] if path.is_dir() else [path]
    facts = ((one, one.lstat()) for one in paths)
    return hash(tuple((str(one), fact.st_ino, fact.st_size, fact.st_mtime_ns, fact.st_ctime_ns) for one, fact in facts))


def read_changed(
    found: FolderFiles,
    base: Path,
    label: str,
    groups: frozenset[str],
    known: Mapping[str, str],
    refused: Mapping[str, Failure],
    parser: Parser | None,
    tell: Callable[[str], None],
    most_bytes: int,
    encoder: str,
) -> Iterator[FileRead]:
    """Each file, after `tell` was told its name; without a `parser` nothing is read that is new or changed.

    Ids are `label` and the path from `base` on. `known` are fingerprints by id, `refused` is what could not be read
    before and is not tried again unless it changed.
    """
    seconds, languages = (parser.seconds, parser.languages) if parser else (0.0, "")
    # What could not be read may be readable once there is a Tesseract.
    recognising = f" {languages}" if languages and recognition.installed() else ""
    for file in found.files:
        name = id_of(file.path, base, label)
        as_on_disk = name == f"{label}/{file.path.relative_to(base).as_posix()}"
        reason = file.reason if as_on_disk else "its name is not UTF-8; rename it"
        tell(name)
        tried, untried = "", False
        try:
            if reason is not None:
                raise ArticleError(reason)
            data = files.read_bytes(file.path, most_bytes)
            fingerprint = _fingerprint(file.path, data, encoder)
            if known.get(name) == fingerprint:
                yield FileRead(name, file.bytes, fingerprint, unchanged=True)
                continue
            if parser is None:
                yield FileRead(name, file.bytes, fingerprint)
                continue
            tried = f"{fingerprint} {seconds:g}{recognising}"
            if name in refused and refused[name].fingerprint == tried:
                untried = True
                raise ArticleError(refused[name].reason)
            page = parser.read(file.path, data)
        except ArticleError as error:
            yield FileRead(name, file.bytes, failure=Failure(str(error), tried), untried=untried)
            continue
        revision = hashlib.sha256(data).hexdigest()[:16]
        language = language_of(page.text, WRITTEN_SURE)
        article = Article(
            name, page.title or file.path.stem, page.text, "", revision, page.updated, groups, page.pages, language,
            categories=tuple(sorted(page.categories)),
        )  # fmt: skip
        yield FileRead(name, file.bytes, fingerprint, article, notice=page.notice)


def id_of(path: Path, base: Path, label: str) -> str:
    """The id of the article of a file."""
    return as_text(f"{label}/{path.relative_to(base).as_posix()}")


def as_text(name: str) -> str:
    """A name from the disk as text, whatever its bytes are."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def _bytes_of(path: Path) -> int:
    """Size of a file in bytes; 0 where that is unknown."""
    try:
        return path.lstat().st_size
    except OSError:
        return 0


def _fingerprint(file: Path, data: bytes, encoder: str) -> str:
    """SHA-256 of a file's bytes, its name and the versions of reader, splitter, words and encoder, in hexadecimal."""
    versions = f"{file.name}\0{files.VERSION}\0{chunk.SPLIT_VERSION}\0{WORDS_VERSION}\0{encoder}\0".encode()
    return hashlib.sha256(versions + data).hexdigest()
