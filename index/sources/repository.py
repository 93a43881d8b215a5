"""A Git repository of texts, on this machine or over HTTPS: wikis like Gollum, Otter Wiki, GitHub's and GitLab's, docs.

Read is what its HEAD holds, and of its history who changed each file last. Dulwich reads it, without Git's program.
"""

import json
import re
import shutil
import stat
import tempfile
import threading
import time
import weakref
from collections import Counter
from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import Any, cast
from urllib.parse import quote, urlsplit

import urllib3
from article_assistant.index.http import careful
from article_assistant.index.sources.attached import ending, left_unread
from article_assistant.index.sources.source import Access, Changes, Fetched, Listed, Place
from article_assistant.index.types import EVERYONE, ArticleError, SourceError
from dulwich.client import HttpGitClient, HTTPUnauthorized
from dulwich.diff_tree import tree_changes
from dulwich.errors import GitProtocolError, HangupException, NotGitRepository
from dulwich.object_store import iter_tree_contents
from dulwich.objects import Blob, Commit, ObjectID
from dulwich.repo import BaseRepo, Repo

MOST_COMMITS = 50_000
"""Commits that are looked through for who changed a file last."""
MOST_READ, MOST_SECONDS = 2_000_000_000, 1800.0
"""Bytes that a repository may send, and for how many seconds."""
FRAME = {"_sidebar", "_footer", "_header"}
"""Files that a Gollum shows around each of its pages."""

UNREADABLE = (
    GitProtocolError,
    HangupException,
    HTTPUnauthorized,
    urllib3.exceptions.HTTPError,
    OSError,
    LookupError,
    ValueError,
)
"""What Dulwich raises where a server does not answer, or answers as none of Git does."""


class Repository:
    """One repository; see `index.sources.source.RemoteSource`. Its keys are paths, its state is JSON."""

    def __init__(self, where: Path | Place, access: Access) -> None:
        """Raises SourceError where somebody logs in and nobody says who may read it."""
        self._where = where
        self._access = access
        if isinstance(where, Path):
            self.address, self.label = f"git+file://{where}", where.name.removesuffix(".git") or "git"
        else:
            self.address, self.label = where.address, where.label.removesuffix(".git")
            if (access.user or where.user or access.password_file) and not access.groups:
                raise SourceError(f"{self.label} does not tell who may read it; say it: --group NAME, or --everyone")
        self._repo: BaseRepo | None = None
        self._files = dict[str, ObjectID]()  # by path
        self._wanted = set[bytes]()  # paths whose last change is still to be found, in the commits to come
        self._last = dict[bytes, Commit]()
        self._head: ObjectID = ObjectID(b"")
        self._one = threading.Lock()

    def changes(self, state: str) -> Changes:
        """See `RemoteSource.changes`. An unchanged repository costs one request."""
        last = json.loads(state) if state else {}
        config = [sorted(self._access.groups), list(self._access.leave_out)]
        self._head = self._newest()
        now = json.dumps({"head": self._head.decode(), "config": config})
        if last.get("head") == self._head.decode() and last["config"] == config:
            return Changes({}, now, whole=False)
        repo = self._opened()
        left_out, pages = Counter[str](), dict[str, Listed]()
        before = ObjectID(last["head"].encode()) if last and last["config"] == config else None
        tree = cast(Commit, repo[self._head]).tree
        if before is not None and before in repo.object_store:
            gone = self._changed(repo, cast(Commit, repo[before]).tree, tree, pages)
            return Changes(pages, now, whole=False, gone=frozenset(gone - pages.keys()))
        self._take(
            ((one.path, one.mode, one.sha) for one in iter_tree_contents(repo.object_store, tree)), pages, left_out
        )
        return Changes(pages, now, left_out=left_out)

    def _changed(self, repo: BaseRepo, old: ObjectID, new: ObjectID, pages: dict[str, Listed]) -> set[str]:
        """Put into `pages` what differs between two trees; the paths that the older one has of these."""
        found, gone = [], set[str]()
        for change in tree_changes(repo.object_store, old, new):
            if change.new and change.new.path:
                found.append((change.new.path, change.new.mode, change.new.sha))
            if change.old and change.old.path:
                gone.add(change.old.path.decode("utf-8", "replace"))
        self._take(found, pages, Counter())
        return gone

    def _take(self, entries: Iterable[Any], pages: dict[str, Listed], left_out: Counter[str]) -> None:
        """List the files among entries of a tree: path, mode, digest."""
        groups = self._access.groups or frozenset({EVERYONE})
        for path, mode, digest in entries:
            try:
                key = path.decode()
            except UnicodeDecodeError:
                left_out["whose names are not UTF-8"] += 1
                continue
            place = PurePosixPath(key)
            if not stat.S_ISREG(mode) or any(part.startswith(".") for part in place.parts):
                continue  # a link, another repository, settings
            if place.stem.lower() in FRAME or self._access.leaves_out(key):
                left_out["left out by name"] += 1
            elif why := left_unread(key, 0):
                left_out[why.replace("attachments", "files")] += 1
            else:
                self._files[key] = digest
                self._wanted.add(path)
                pages[key] = Listed(digest.decode(), groups)

    def page(self, key: str) -> Fetched | None:
        """See `RemoteSource.page`."""
        if key not in self._files:
            return None
        with self._one:  # Dulwich says nothing of threads
            repo = self._opened()
            body = cast(Blob, repo[self._files[key]]).as_raw_string()
            self._look_back(repo)
            commit = self._last.get(key.encode())
        if not body.strip():
            raise ArticleError("the file is empty")
        link, kind = self._link(key), ending(key)
        if commit is None:
            return Fetched("", body, link, "", kind=kind)
        day = datetime.fromtimestamp(commit.commit_time, UTC).date().isoformat()
        editor = commit.author.decode("utf-8", "replace").partition(" <")[0]
        return Fetched("", body, link, commit.id.decode()[:12], day, editor, kind=kind)

    def _look_back(self, repo: BaseRepo) -> None:
        """Find who changed what is wanted last."""
        if not self._wanted:
            return
        for entry in repo.get_walker([self._head], max_entries=MOST_COMMITS):
            commit = entry.commit
            with suppress(KeyError):  # history may be cut off
                parents = [cast(Commit, repo[parent]).tree for parent in commit.parents[:1]]
                for change in tree_changes(repo.object_store, parents[0] if parents else None, commit.tree):
                    if change.new and change.new.path in self._wanted:
                        self._wanted.discard(change.new.path)
                        self._last[change.new.path] = commit
            if not self._wanted:
                return
        self._wanted.clear()

    def _link(self, key: str) -> str:
        """Where a file is shown on the web: in a wiki or a site without its ending, elsewhere as the file it is."""
        path = quote(key, safe="/")
        bare = path.removesuffix(PurePosixPath(path).suffix)
        if self._access.link:
            return f"{self._access.link.rstrip('/')}/{bare}"
        if isinstance(self._where, Path):
            return ""
        url, lab = self._where.url.removesuffix(".git"), "gitlab" in (urlsplit(self._where.url).hostname or "")
        if url.endswith(".wiki"):
            url = url.removesuffix(".wiki")
            return f"{url}/-/wikis/{bare}" if lab else f"{url}/wiki/{bare.rpartition('/')[2]}"
        return f"{url}{'/-' if lab else ''}/blob/HEAD/{path}"

    # --- the repository itself

    def _newest(self) -> ObjectID:
        """The commit that HEAD is at. Raises SourceError where there is none."""
        hint = f"{self.address} is no Git repository with a commit in it; name another"
        try:
            if isinstance(self._where, Path):
                return ObjectID(self._opened().head())
            refs = self._client().get_refs(urlsplit(self._where.url).path.encode()).refs
            head = refs.get(b"HEAD")  # type: ignore[call-overload]
        except (KeyError, NotGitRepository) as error:
            raise SourceError(hint) from error
        except UNREADABLE as error:
            raise SourceError(f"{self.address} {_advice(error)}") from error
        if head is None:
            raise SourceError(hint)
        return ObjectID(head)

    def _opened(self) -> BaseRepo:
        """The repository, fetched first where it is elsewhere; both are put away with this source."""
        if self._repo is None:
            if isinstance(self._where, Path):
                self._repo = Repo(str(self._where))
                weakref.finalize(self, self._repo.close)
            else:
                folder = tempfile.mkdtemp(prefix="assistant-git-")
                weakref.finalize(self, shutil.rmtree, folder, ignore_errors=True)
                repo = Repo.init_bare(folder)
                weakref.finalize(self, repo.close)
                try:
                    self._client().fetch(urlsplit(self._where.url).path.encode(), repo)
                except UNREADABLE as error:
                    raise SourceError(f"{self.address} {_advice(error)}") from error
                self._repo = repo
        return self._repo

    def _client(self) -> HttpGitClient:
        assert isinstance(self._where, Place)
        parts, secret = urlsplit(self._where.url), self._access.secret()
        user = self._access.user or self._where.user or ("git" if secret else None)
        began, read = time.monotonic(), 0

        def count(size: int, _: str) -> None:
            nonlocal read
            read += size
            if read > MOST_READ or time.monotonic() - began > MOST_SECONDS:
                raise SourceError(f"{self.address} sends more than {MOST_READ / 1e9:.0f} GB, or takes too long")

        return HttpGitClient(
            f"{parts.scheme}://{parts.netloc}",
            pool_manager=_OneAddress(ssl_context=careful()["verify"], timeout=urllib3.Timeout(20.0)),
            username=user,
            password=secret or None,
            report_activity=count,
            quiet=True,
        )


class _OneAddress(urllib3.PoolManager):
    """Follows no redirect, and no proxy of the environment."""

    def urlopen(self, *asked: Any, **more: Any) -> Any:
        answer = super().urlopen(*asked, **more | {"redirect": False})
        if answer.status >= 300:  # Dulwich leaves it open
            answer.close()
        return answer


def _advice(error: Exception) -> str:
    """What is wrong with a server that Dulwich cannot read, and what to do, on one line."""
    cause = error.__cause__ or error  # of its own error Dulwich tells the words alone
    why = " ".join(str(getattr(cause, "reason", "") or cause).split())[:200] or type(error).__name__
    status = next(iter(re.findall(r"http resp (\d+)", why)), "401" if isinstance(error, HTTPUnauthorized) else "")
    if status in {"401", "403"}:
        return "refuses; check the user, the password and their rights"
    if status[:1] == "3":
        return f"does not answer as a Git server does, and leads to another address (HTTP {status}); name that one"
    if isinstance(cause, urllib3.exceptions.HTTPError | OSError):
        return f"cannot be reached ({why}); check the address; try again later"
    if status[:1] == "5" or isinstance(error, HangupException):
        return f"fails ({why}); try again later"
    return f"does not answer as a Git server does ({why}); check the address: it is the one that git clone takes"
