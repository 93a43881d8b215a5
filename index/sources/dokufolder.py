"""A DokuWiki by its folder: the pages in `data/pages`, and who may read them by `conf/acl.auth.php`.

Pages are read as they are written, so what a plugin makes of them is not seen; over the network it is.
"""

import os
import re
from collections import Counter
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote, unquote

from article_assistant.index.reading.files import read_bytes
from article_assistant.index.sources.acl import MEDIA, Rules, readers_of, rules_of
from article_assistant.index.sources.attached import ending, left_unread
from article_assistant.index.sources.source import Access, Changes, Fetched, Listed
from article_assistant.index.types import EVERYONE, ArticleError, SourceError

LARGEST = 50_000_000
"""Bytes that a page may have."""
_SETTING = re.compile(r"""^\s*\$conf\['(\w+)'\]\s*=\s*['"]?([^;'"]*)['"]?\s*;""", re.MULTILINE)


class DokuFolder:
    """The folder of one DokuWiki; see `index.sources.source.RemoteSource`. Its keys are those of `DokuWiki`."""

    def __init__(self, folder: Path, access: Access) -> None:
        """For the wiki's folder, with `data` and `conf` in it, or its `data` with `conf` beside it."""
        data = folder if (folder / "pages").is_dir() else folder / "data"
        if not (data / "pages").is_dir():
            raise SourceError(f"{folder} is no DokuWiki's folder: there is no data/pages in it; name the wiki's own")
        self.address = f"dokuwiki+file://{folder}"
        self.label = (data.parent if data.name == "data" else data).name
        self._data = data
        self._conf = data.parent / "conf"
        self._access = access
        self._inside = dict[str, str]()  # by key, where a page is, without its ending

    def changes(self, state: str) -> Changes:  # noqa: ARG002 - to look at all files is quick
        """See `RemoteSource.changes`."""
        rules = None if self._access.groups else self._rules()
        pages, left_out = {}, Counter[str]()
        for path in self._files():
            inside = path.relative_to(self._data)
            key = unquote(inside.relative_to(inside.parts[0]).as_posix()).replace("/", ":")
            key = f"{MEDIA}{key}" if inside.parts[0] == "media" else key.removesuffix(".txt")
            try:
                facts = path.lstat()
            except OSError:  # gone this moment
                continue
            if self._access.leaves_out(key):
                left_out["left out by name"] += 1
            elif key.startswith(MEDIA) and (why := left_unread(key, facts.st_size)):
                left_out[why] += 1
            else:
                self._inside[key] = inside.as_posix()
                groups = readers_of(key, rules, self.label) if rules else self._access.groups or frozenset({EVERYONE})
                pages[key] = Listed(f"{facts.st_mtime_ns} {facts.st_size}", groups)
        return Changes(pages, left_out=left_out)

    def page(self, key: str) -> Fetched | None:
        """See `RemoteSource.page`."""
        path = self._data / self._inside[key]
        if not path.is_file():
            return None
        body = read_bytes(path, LARGEST)
        day = datetime.fromtimestamp(path.lstat().st_mtime, UTC).date().isoformat()
        revision, link, name = str(int(path.lstat().st_mtime)), self._access.link.rstrip("/"), key.removeprefix(MEDIA)
        if name != key:
            link = f"{link}/lib/exe/fetch.php?media={quote(name, safe=':')}" if link else ""
            return Fetched("", body, link, revision, day, kind=ending(name), shown=False)
        link = f"{link}/doku.php?id={quote(key, safe=':')}" if link else ""
        return Fetched("", body, link, revision, day, self._editor(self._inside[key]), kind=".dokuwiki")

    def _editor(self, inside: str) -> str:
        """Who changed a page last; "" where that is not told: a page that was put there by hand has no history."""
        history = self._data / f"meta{inside.removeprefix('pages').removesuffix('.txt')}.changes"
        with suppress(ArticleError, IndexError):
            return read_bytes(history, LARGEST).decode("utf-8", "replace").split("\n")[-2].split("\t")[4]
        return ""

    def _files(self) -> list[Path]:
        """The files of all pages and what hangs at them; no link is followed."""
        found = []

        def unreadable(error: OSError) -> None:  # what cannot be listed must not look deleted
            raise SourceError(
                f"{error.filename} cannot be read ({error.strerror}); give this user the right to read it"
            )

        for folder, _, names in os.walk(self._data / "pages", onerror=unreadable):
            found += [Path(folder, name) for name in names if name.endswith(".txt")]
        for folder, _, names in (
            os.walk(self._data / "media", onerror=unreadable) if (self._data / "media").is_dir() else ()
        ):
            found += [Path(folder, name) for name in names if not name.startswith("_")]  # as `_dummy`
        return sorted(found)

    def _rules(self) -> Rules | None:
        """The wiki's rules; None where it has none, and everyone reads it."""
        settings = dict[str, str]()
        for name in ("dokuwiki.php", "local.php", "local.protected.php"):
            if (self._conf / name).exists() or name == "local.php":
                settings |= dict(_SETTING.findall(self._read(name)))
        if settings.get("useacl", "0").strip() in {"", "0", "false"}:
            return None
        superusers = frozenset(filter(None, re.split(r"[,\s]+", settings.get("superuser", ""))))
        plain = settings.get("authtype", "authplain") == "authplain"
        rules = rules_of(self._read("acl.auth.php"))
        return Rules(rules, superusers - {"!!not", "set!!"}, _people(self._read("users.auth.php")) if plain else None)

    def _read(self, name: str) -> str:
        try:
            return (self._conf / name).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise SourceError(
                f"{self._conf / name} cannot be read ({error.strerror}), and it says who may read the wiki; let this "
                "user read it, or say who may read all pages: --group NAME"
            ) from error


def _people(text: str) -> Mapping[str, frozenset[str]]:
    """The users of a file `users.auth.php`, with their groups."""
    found = {}
    for line in text.splitlines():
        parts = re.split(r"(?<!\\):", line)
        if len(parts) >= 5 and not line.lstrip().startswith("#"):
            found[parts[0]] = frozenset(filter(None, (group.strip() for group in parts[4].split(","))))
    return found
