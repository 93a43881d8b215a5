"""API keys: which programs may ask the server, and which groups' articles they may read.

A file in the home holds the name, groups and SHA-256 of each key. A key has 256 random bits and cannot be guessed
from its digest, so neither a salt nor a slow hash would add anything.
"""

import fcntl
import hashlib
import hmac
import json
import logging
import re
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from article_assistant.index.disk import private, replacing
from article_assistant.index.types import EVERYONE, UserFacingError
from article_assistant.types import User

log = logging.getLogger(__name__)

KEY_FILE = "keys.json"
PREFIX = "articles-"
"""Prefix of every key, which scanners for leaked secrets can recognise."""


class KeyFileError(UserFacingError):
    """A key that cannot be made or removed, or an unreadable key file."""


@dataclass(frozen=True, slots=True)
class Key:
    """A stored key: name, groups, time made (ISO, UTC), and SHA-256 in hexadecimal."""

    name: str
    groups: tuple[str, ...]
    made: str
    sha256: str

    @property
    def user(self) -> User:
        """The user that a program with this key acts as."""
        return User(f"key:{self.name}", frozenset(self.groups))


def issue(home: Path, name: str, groups: Sequence[str] = ()) -> str:
    """Make and return a key for these groups' articles, by default those that everyone may read.

    The key itself is not stored, so it can be shown only once. Raises KeyFileError for a taken or invalid name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", name):
        raise KeyFileError(f"{name!r} is not a valid key name: use up to 64 letters, digits, dots, dashes, underscores")
    if not all(groups):
        raise KeyFileError("the name of a group is empty; leave --group out for the articles that everyone may read")
    secret = PREFIX + secrets.token_urlsafe(32)
    made = datetime.now(UTC).isoformat(timespec="seconds")
    with _changing(home) as held:
        if any(key.name == name for key in held):
            raise KeyFileError(f"a key {name} exists; to replace it, first type: assistant key remove {name}")
        held.append(Key(name, tuple(dict.fromkeys(groups)) or (EVERYONE,), made, sha256(secret)))
    return secret


def revoke(home: Path, name: str) -> None:
    """Remove a key, which is refused from then on. Raises KeyFileError if there is none with that name."""
    with _changing(home) as held:
        kept = [key for key in held if key.name != name]
        if len(kept) == len(held):
            raise KeyFileError(f"there is no key {name}; to see all type: assistant key list")
        held[:] = kept


def stored(home: Path) -> list[Key]:
    """All keys, oldest first. Raises KeyFileError for a damaged file."""
    path = home / KEY_FILE
    try:
        found = json.loads(path.read_bytes())
        return [Key(one["name"], tuple(one["groups"]), one["made"], one["sha256"]) for one in found["keys"]]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise KeyFileError(f"the file {path} cannot be read ({error!r}); remove it and make new keys") from error


class Keys:
    """The current keys of a home: the file is read again whenever it has changed."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._seen: tuple[int, ...] | None = None
        self._held: list[Key] = []
        self._lock = threading.Lock()

    def user(self, secret: str) -> User | None:
        """The user that a key stands for, None for an unknown or removed key."""
        given = sha256(secret)
        found: User | None = None
        for key in self._now():  # compares all of them, so that the time taken reveals nothing
            if hmac.compare_digest(key.sha256, given):
                found = key.user
        return found

    def _now(self) -> list[Key]:
        with self._lock:
            try:
                facts = (self._home / KEY_FILE).stat()
                seen: tuple[int, ...] = (facts.st_ino, facts.st_mtime_ns, facts.st_size)
            except OSError:
                seen = ()
            if seen != self._seen:
                self._seen = seen
                try:
                    self._held = stored(self._home)
                except KeyFileError as error:
                    log.warning("no key is let in: %s", error)
                    self._held = []
            return self._held


@contextmanager
def _changing(home: Path) -> Iterator[list[Key]]:
    """The keys, to be changed in place; then replaces the file, one process at a time."""
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with open(home / "keys.lock", "a", opener=private) as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            held = stored(home)
            yield held
            for draft in home.glob(f"{KEY_FILE}.*"):  # of a run that was killed
                draft.unlink()
            with replacing(home / KEY_FILE) as file:
                json.dump({"keys": [asdict(key) for key in held]}, file, indent=1)
    except OSError as error:
        raise KeyFileError(f"the keys in {home} cannot be changed ({error.strerror}); check the folder") from error


def sha256(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
