"""A MediaWiki by its XML export, one file that may be packed by gzip or bzip2: each page is an article.

The export is what Special:Export and `dumpBackup.php` write (https://www.mediawiki.org/xml/export-0.11/). It is read
as a stream, never held as a whole; what a template makes of a page is not in it.
"""

import bz2
import gzip
import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, cast
from urllib.parse import quote

import lxml.etree
from article_assistant.index.reading.page import iso_date
from article_assistant.index.sources.mediawiki import READ_SPACES
from article_assistant.index.sources.source import Access, Changes, Fetched, Listed
from article_assistant.index.types import EVERYONE, SourceError

OPENERS: dict[str, Callable[..., Any]] = {".xml": Path.open, ".gz": gzip.open, ".bz2": bz2.open}
"""How a file is read, by the ending of its name."""
TEXT_MODEL = "wikitext"
CATEGORY_SPACE = 14
"""The namespace of categories, which each wiki calls in its own language, and all call Category."""
_CATEGORY_MARK = re.compile(
    r"(?P<hides><!--|<(?P<tag>nowiki|pre|includeonly|syntaxhighlight)\b[^<>]*(?<!/)>)|(?P<shows>-->|</\w+\s*>)"
    r"|\[\[[ _]*(?P<space>[^\[\]|{}<>:\n]{1,255}?)[ _]*:(?P<name>[^\[\]|{}<>\n]{1,255})(?:\|[^\[\]\n]*)?\]\]",
    re.IGNORECASE,
)


class _Export(NamedTuple):
    """A page of the export, or a redirect: where it leads."""

    title: str
    space: int
    redirect: str
    revision: str
    time: str
    editor: str
    text: str | None


class Dump:
    """One export; see `index.sources.source.RemoteSource`. Its keys are titles, its state is JSON."""

    def __init__(self, path: Path, access: Access) -> None:
        """Raises SourceError where there is no such file, or it is packed otherwise."""
        if not path.is_file() or path.suffix.lower() not in OPENERS:
            why = "is packed in a way that is not read" if path.is_file() else "is no file that can be read"
            raise SourceError(f"{path} {why}; name a MediaWiki's export, .xml, .xml.gz or .xml.bz2")
        self.address = f"dump+file://{path}"
        self.label = path.name.split(".")[0] or "dump"
        self._path = path
        self._access = access
        self._home = ""  # the address of the wiki's main page
        self._spaces = dict[int, str]()
        self._names = dict[str, list[str]]()  # by title, the redirects that lead to it
        self._reading = threading.Lock()
        self._ahead: Iterator[_Export] = iter(())
        self._wanted, self._passed = set[str](), dict[str, _Export]()

    def changes(self, state: str) -> Changes:
        """See `RemoteSource.changes`. Of a file that has not changed nothing is read."""
        facts = self._path.stat()
        config = [sorted(self._access.namespaces), sorted(self._access.leave_out), sorted(self._access.groups)]
        now = json.dumps([facts.st_mtime_ns, facts.st_size, config])
        if state == now:
            return Changes({}, now, whole=False)
        names, revisions, left_out = dict[str, list[str]](), dict[str, str](), Counter[str]()
        spaces = set[int]()
        for entry in self._entries():
            spaces = spaces or self._read_spaces()
            if entry.redirect:
                names.setdefault(entry.redirect, []).append(entry.title)
            elif entry.space not in spaces:
                left_out[f"in the namespace {self._spaces.get(entry.space) or entry.space}"] += 1
            elif entry.text is None:
                left_out["without a text"] += 1
            elif self._access.leaves_out(entry.title):
                left_out["left out by name"] += 1
            else:
                revisions[entry.title] = entry.revision
        self._names = names
        groups = self._access.groups or frozenset({EVERYONE})
        pages = {
            title: Listed(" ".join([revision, *sorted(names.get(title, ()))]), groups)
            for title, revision in revisions.items()
        }
        return Changes(pages, now, left_out=left_out)

    def page(self, key: str) -> Fetched | None:
        """See `RemoteSource.page`. Pages asked for in the order of the file are read in one go."""
        self._wanted.add(key)
        with self._reading:
            entry = self._passed.pop(key, None) or self._next(key)
            if entry is None:  # it stands before what was read last
                self._ahead = self._entries()
                entry = self._next(key)
            self._wanted.discard(key)
        if entry is None or entry.text is None:
            return None
        names = tuple(sorted(self._names.get(key, ())))
        return Fetched(
            entry.title, entry.text.encode(), self._link(entry.title), entry.revision, iso_date(entry.time),
            entry.editor, names, ".wikitext",
            categories=categories_in(entry.text, self._spaces.get(CATEGORY_SPACE, "")),
        )  # fmt: skip

    def _next(self, key: str) -> _Export | None:
        """The page, read from where the last one was; another thread may want those on the way."""
        for entry in self._ahead:
            if entry.title == key:
                return entry
            if entry.title in self._wanted:
                self._passed[entry.title] = entry
        return None

    def _link(self, title: str) -> str:
        """Where a page is on the web, going by where the main page is."""
        place = quote(title.replace(" ", "_"), safe="/:")
        if self._access.link:
            return f"{self._access.link.rstrip('/')}/{place}"
        before, found, _ = self._home.rpartition("title=" if "title=" in self._home else "/")
        return f"{before}{found}{place}" if found else ""

    def _read_spaces(self) -> set[int]:
        """The numbers of the namespaces that are read. Raises SourceError where one is not there."""
        if not self._access.namespaces:
            return READ_SPACES | {number for number in self._spaces if number >= 100 and number % 2 == 0}
        named = {word.casefold(): number for number, name in self._spaces.items() for word in (str(number), name)}
        for name in self._access.namespaces:
            if name.casefold() not in named:
                known = ", ".join(filter(None, self._spaces.values()))
                raise SourceError(f"{self.label} has no namespace {name!r}; it has {known}, and 0 for articles")
        return {named[name.casefold()] for name in self._access.namespaces}

    def _entries(self) -> Iterator[_Export]:
        """Each page of the file with its last revision. Raises SourceError where it is no whole export."""
        try:
            with cast(BinaryIO, OPENERS[self._path.suffix.lower()](self._path, "rb")) as file:
                yield from self._parsed(file)
        except (OSError, EOFError, lxml.etree.XMLSyntaxError) as error:
            raise SourceError(f"{self._path} is broken, or no export of a MediaWiki ({error})") from error

    def _parsed(self, file: BinaryIO) -> Iterator[_Export]:
        events = lxml.etree.iterparse(
            file, events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False
        )
        root: Any = None
        for event, element in events:
            name = lxml.etree.QName(element).localname
            if root is None:
                root = element
                if name != "mediawiki":
                    raise SourceError(f"{self._path} is no export of a MediaWiki, whose root is <mediawiki>")
            if event == "start":
                continue
            if name == "revision":  # of a page with its whole history the last one is enough
                before = next(element.itersiblings("{*}revision", preceding=True), None)
                if before is not None:
                    element.getparent().remove(min(before, element, key=_time_of))
            elif element.getparent() is root:
                if name == "siteinfo":
                    self._home = _said_in(element, "base")
                    self._spaces = {int(one.get("key", 0)): one.text or "" for one in element.iter("{*}namespace")}
                elif name == "page":
                    yield _exported(element)
                root.remove(element)  # else all of the file stays in memory


def categories_in(wikitext: str, called: str = "") -> tuple[str, ...]:
    """The categories that a wikitext names by links, where the wiki has `called` their namespace so.

    >>> categories_in("[[Ort:oslo|*]] [[:Category:A]] <!-- [[Category:B]] --> [[category: By_train ]]", "Ort")
    ('By train', 'Oslo')
    """
    spaces, found, until = {"category", called.casefold()}, set[str](), ""
    for mark in _CATEGORY_MARK.finditer(wikitext):
        if until:
            until = "" if (mark["shows"] or "").replace(" ", "").casefold() == until else until
        elif mark["hides"]:
            until = f"</{mark['tag'].casefold()}>" if mark["tag"] else "-->"
        elif mark["name"] and mark["space"].replace("_", " ").casefold() in spaces:
            name = " ".join(mark["name"].replace("_", " ").split())
            found.add(name[:1].upper() + name[1:])
    return tuple(sorted(found - {""}))


def _exported(page: Any) -> _Export:
    led = page.find("{*}redirect")
    last = max(page.iterfind("{*}revision"), key=_time_of, default=None)
    text = None
    if last is not None and _said_in(last, "model") in {"", TEXT_MODEL}:
        told = last.find("{*}text")
        text = None if told is None or told.get("deleted") else told.text
    return _Export(
        title=_said_in(page, "title"),
        space=int(_said_in(page, "ns") or 0),
        redirect="" if led is None else led.get("title", ""),
        revision="" if last is None else _said_in(last, "id") or _said_in(last, "timestamp"),
        time="" if last is None else _said_in(last, "timestamp"),
        editor="" if last is None else _said_in(last, "contributor/{*}username"),
        text=text,
    )


def _time_of(revision: Any) -> str:
    return _said_in(revision, "timestamp")


def _said_in(element: Any, path: str) -> str:
    return (element.findtext(f"{{*}}{path}") or "").strip()
