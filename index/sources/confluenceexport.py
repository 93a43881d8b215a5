"""A Confluence space by its HTML export, a zip: each page is an article, and each attachment of a kind that is read.

An export does not say who may read what, and keeps attachments under numbers, with their names in the pages.
"""

import threading
import zipfile
import zlib
from collections import Counter
from contextlib import suppress
from datetime import datetime
from pathlib import Path, PurePosixPath

import lxml.etree
from article_assistant.index.reading.page import squeeze
from article_assistant.index.sources.attached import MOST_BYTES, ending, left_unread
from article_assistant.index.sources.source import Access, Changes, Fetched, Listed
from article_assistant.index.types import EVERYONE, ArticleError, SourceError


class ConfluenceExport:
    """One export; see `index.sources.source.RemoteSource`. Its keys are the paths in it, without `.html`."""

    def __init__(self, path: Path, access: Access) -> None:
        self.address = f"confluence+file://{path}"
        self.label = path.name.removesuffix(".zip") or "export"
        self._path = path
        self._access = access
        self._zip: zipfile.ZipFile | None = None
        self._one = threading.Lock()

    def changes(self, state: str) -> Changes:  # noqa: ARG002 - its table of contents tells all
        """See `RemoteSource.changes`. Raises SourceError where it is no such export."""
        hint = f"{self._path} is no export of a Confluence space as HTML; in Confluence: Space settings, Export space"
        try:
            self._zip = zipfile.ZipFile(self._path)
        except (OSError, zipfile.BadZipFile) as error:
            raise SourceError(f"{hint} ({error})") from error
        parts = [part for part in self._zip.infolist() if not part.is_dir()]
        if not any(PurePosixPath(part.filename).name == "index.html" for part in parts):
            raise SourceError(hint)
        pages, left_out = dict[str, Listed](), Counter[str]()
        for part in parts:
            place = PurePosixPath(part.filename)
            attached = "attachments" in place.parts
            if place.name == "index.html" or not (attached or place.suffix == ".html"):
                continue  # what all its pages are listed in, and what makes them look well
            key = part.filename.removesuffix(".html")
            if why := left_unread(place.name, part.file_size):
                left_out[why] += 1
            elif self._access.leaves_out(key):
                left_out["left out by name"] += 1
            else:
                pages[key] = Listed(f"{part.CRC:08x} {part.file_size}", self._access.groups or frozenset({EVERYONE}))
        return Changes(pages, left_out=left_out)

    def page(self, key: str) -> Fetched | None:
        """See `RemoteSource.page`."""
        name = f"{key}.html" if self._has(f"{key}.html") else key
        body = self._part(name)
        if body is None:
            return None
        place = PurePosixPath(name)
        if "attachments" in place.parts:
            number = place.parent.name
            return Fetched(self._said_name(place), body, self._link(number), "", kind=ending(place.name), shown=False)
        root = _page_root(body)
        title = squeeze("".join(root.xpath("//*[@id='title-text']//text()")))
        space = squeeze("".join(root.xpath("(//*[@id='breadcrumbs']//a)[1]//text()")))
        told = squeeze("".join(root.xpath("(//*[@class='page-metadata'])[1]//text()")))
        people = root.xpath("//*[@class='page-metadata']//*[@class='editor' or @class='author']")
        editor = squeeze("".join(people[-1].itertext())) if people else ""
        updated = None
        with suppress(ValueError):  # in other languages than English no day is read
            updated = datetime.strptime(told.rpartition(" on ")[2], "%b %d, %Y").date().isoformat()
        return Fetched(
            title.removeprefix(f"{space} : "), body, self._link(place.stem.rpartition("_")[2]), "", updated, editor
        )

    def _said_name(self, place: PurePosixPath) -> str:
        """What the page of an attachment calls it; "" where that is not told."""
        assert self._zip
        href, number = "/".join(place.parts[-3:]), place.parent.name
        for name in self._zip.namelist():
            if name.endswith((f"_{number}.html", f"/{number}.html")):
                links = _page_root(self._part(name) or b"").xpath("//a[@href=$href]", href=href)
                return next(
                    (PurePosixPath(text).stem for one in links if (text := squeeze("".join(one.itertext())))), ""
                )
        return ""

    def _link(self, page: str) -> str:
        """Where a page is on the web, if somebody said where the wiki is."""
        link = self._access.link.rstrip("/")
        return f"{link}/pages/viewpage.action?pageId={page}" if link and page.isdigit() else ""

    def _has(self, name: str) -> bool:
        return self._zip is not None and name in self._zip.NameToInfo

    def _part(self, name: str) -> bytes | None:
        """A part of the zip, unpacked; None where there is none. Raises ArticleError where it cannot be had."""
        if not self._has(name):
            return None
        assert self._zip
        try:
            with self._one, self._zip.open(name) as file:
                data = file.read(MOST_BYTES + 1)
        except (OSError, zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
            raise ArticleError(f"it is damaged in the export ({error})") from error
        if len(data) > MOST_BYTES:
            raise ArticleError(f"it has more than {MOST_BYTES / 1e6:.0f} MB")
        return data


def _page_root(body: bytes) -> lxml.etree._Element:
    parser = lxml.etree.HTMLParser(encoding="utf-8", huge_tree=True)
    root = lxml.etree.fromstring(body, parser) if body.strip() else None
    if root is None:
        raise ArticleError("no HTML can be read from it")
    return root
