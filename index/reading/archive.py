"""Files that are a zip of parts: opened only where they do not unpack to more than memory holds."""

import io
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager

import lxml.etree
from article_assistant.index.reading.page import iso_date
from article_assistant.index.types import ArticleError
from lxml.etree import _Element as Element

UNPACKED_MOST = 400_000_000
"""Bytes that such a file may unpack to; a crafted one of a few KB unpacks to gigabytes."""


@contextmanager
def parts(data: bytes, what: str) -> Iterator[zipfile.ZipFile]:
    """The parts of a file. Raises ArticleError, naming `what` it is, where it is no zip or unpacks to too much."""
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        raise ArticleError(f"the {what} is encrypted, or of an older kind that cannot be read")
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except zipfile.BadZipFile as error:
        raise ArticleError(f"the {what} is broken ({error})") from error
    with archive:
        if sum(part.file_size for part in archive.infolist()) > UNPACKED_MOST:
            raise ArticleError(f"the {what} unpacks to more than {UNPACKED_MOST / 1e6:.0f} MB")
        yield archive


def xml(data: bytes) -> Element:
    """The root of an XML part, without comments; entities, which could unfold to anything, stay as they are."""
    parser = lxml.etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    return lxml.etree.fromstring(data, parser)


def saved_on(archive: zipfile.ZipFile) -> str | None:
    """The day on which an Office file was saved last, or made; None where it does not say: libraries say today then."""
    name = "docProps/core.xml"
    facts = (
        {lxml.etree.QName(fact).localname: fact.text for fact in xml(archive.read(name))}
        if name in archive.namelist()
        else {}
    )
    return iso_date(facts.get("modified")) or iso_date(facts.get("created"))
