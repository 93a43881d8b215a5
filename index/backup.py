"""A backup: one file with all that cannot be rebuilt, taken while others read and write; and its restoring.

It is a zip file, without compression, of the SQLite files in the home (articles with their vectors,
conversations) and of `manifest.json`, which says when it was made and what it must contain. Generations are left
out: they are rebuilt from the library, without embedding anything.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from article_assistant.index.disk import move, private, to_disk
from article_assistant.index.library import DATABASE, Library
from article_assistant.index.lock import hold
from article_assistant.index.schema import SCHEMA, counts_of
from article_assistant.index.types import LibraryBusy, LibraryError, Tell

MANIFEST_FORMAT = 1
"""Version of the manifest; a newer one is refused."""
RESTORING = "restoring"
"""Folder in the home in which a backup is unpacked; it exists only during a restore, or after one was killed."""
REPLACED = "replaced-"
"""Prefix of folders in the home that keep what a backup replaced."""

_MANIFEST = "manifest.json"
_LIMIT = 1_000_000
"""Most bytes that are read of a manifest."""
_DATABASE_NAME = re.compile(r"[a-z_]{1,40}\.sqlite3")
_PAGES = 1000
"""Pages of 4 KB copied in one step, which blocks the writers of a file without a write-ahead log."""
_BYTES_AT_ONCE = 1 << 20
_NO_BACKUP = zipfile.BadZipFile, zlib.error, EOFError, LookupError, AttributeError, TypeError, ValueError, RuntimeError
"""What reading raises where a file is not a backup, or not a whole one."""
_LOGS = ("-wal", "-shm", "-journal")


@dataclass(frozen=True, slots=True)
class Part:
    """One file of a backup: its size in bytes and its SHA-256 as hexadecimal digits."""

    bytes: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds. `made` is a UTC time, `schema` and `counts` are the library's."""

    made: str
    schema: int
    counts: dict[str, int]
    files: dict[str, Part]


def create(home: Path, path: Path, *, force: bool = False, tell: Tell = lambda *_: None) -> Backup:
    """Write a backup of the folder `home` to the file `path`, readable by its owner only.

    Others may read and write meanwhile: each SQLite file is copied as of one moment. The backup is read again and
    checked before it gets its name; until then it takes twice the size of the library, in a hidden folder beside
    `path`. Raises LibraryError where there is no library, it is damaged, or the file cannot be written or exists
    already (unless `force`).
    """
    if not (home / DATABASE).is_file():
        raise LibraryError(f"there is no library in {home}; set --home")
    if path.resolve().is_relative_to(home.resolve()):
        raise LibraryError(f"{path} lies in the home and would be lost with it; name a file elsewhere")
    _refuse_existing(path, force)
    try:
        with hold(home), TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as temporary:
            folder, parts = Path(temporary), dict[str, Part]()
            whole = folder / path.name
            with open(whole, "xb", opener=private) as file, zipfile.ZipFile(file, "w") as archive:
                for name in sorted(found.name for found in home.glob("*.sqlite3")):
                    _copy_database(home / name, folder / name, tell)
                    if name == DATABASE:
                        schema, counts = _about(folder / name)
                    parts[name] = _store(folder / name, archive, tell)
                    (folder / name).unlink()
                made = Backup(datetime.now(UTC).isoformat(timespec="seconds"), schema, counts, parts)
                archive.writestr(_info(_MANIFEST), json.dumps({"backup": MANIFEST_FORMAT, **asdict(made)}, indent=1))
                archive.close()
            unpack(whole, tell=tell)
            _refuse_existing(path, force)
            move(whole, path)
    except OSError as error:
        raise LibraryError(f"{path} cannot be written ({error.strerror or error}); name another file") from error
    return made


def unpack(path: Path, into: Path | None = None, *, tell: Tell = lambda *_: None) -> Backup:
    """Check every byte of a backup, and unpack it into the folder `into` where one is named; returns its contents.

    Raises LibraryError where it is not whole, or was made by a newer version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open(_MANIFEST) as file:
                found = _understood(path, json.loads(file.read(_LIMIT)))
            for name, part in found.files.items():
                with open(into / name if into else os.devnull, "wb", opener=private) as target:
                    for done, block in _checked(archive, name, part):
                        target.write(block)
                        tell("Unpacking" if into else "Checking", done, part.bytes)
    except OSError as error:
        raise LibraryError(
            f"{path} cannot be read or unpacked ({error.strerror or error}); nothing was changed"
        ) from error
    except _NO_BACKUP as error:
        raise LibraryError(f"{path} is not a whole backup ({error}); nothing was changed, take another one") from error
    return found


def restore(home: Path, path: Path, *, force: bool = False, tell: Tell = lambda *_: None) -> tuple[Backup, Path | None]:
    """Make a backup the library in `home`; returns its contents, and the folder with what it replaced.

    At every moment the old library or the new one is in place, whole. The new one is brought forward to this
    version, gets a new name and has no generation yet. Raises LibraryError where there is a library already
    (unless `force`) or the backup cannot be used, LibraryBusy where another process has the library open.
    """
    try:
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with hold(home, alone=True):
            if (home / DATABASE).exists() and not force:
                raise LibraryError(f"there is a library in {home} already; --force replaces it and keeps a copy")
            new = home / RESTORING
            shutil.rmtree(new, ignore_errors=True)  # what an interrupted one left
            new.mkdir(mode=0o700)
            try:
                found = unpack(path, new, tell=tell)
                library = Library.open(new)
                library.become_another()
                library.close()
                kept = _keep(home)
                # The library comes last: once it is the new one, everything is.
                for name in sorted(found.files, key=lambda name: name == DATABASE):
                    move(new / name, home / name)
                for old in home.glob("*.sqlite3"):
                    if old.name not in found.files:
                        old.unlink()
                shutil.rmtree(home / "generations", ignore_errors=True)
            finally:
                shutil.rmtree(new, ignore_errors=True)
    except (OSError, sqlite3.Error) as error:
        raise LibraryError(f"{home} cannot be written ({error}); set --home") from error
    return found, kept


def _refuse_existing(path: Path, force: bool) -> None:
    if path.is_dir():
        raise LibraryError(f"{path} is a folder; name a file")
    if path.exists() and not force:
        raise LibraryError(f"{path} exists already; name another file, or --force to replace it")


def _copy_database(source: Path, copy: Path, tell: Tell) -> None:
    """Copy a database as of one moment, and check the copy. Raises LibraryError where it is damaged."""
    size = source.stat().st_size
    try:
        with (
            closing(sqlite3.connect(source, isolation_level=None, timeout=30)) as old,
            closing(sqlite3.connect(copy, isolation_level=None)) as new,
        ):
            new.execute("PRAGMA synchronous=OFF")
            # With a write-ahead log a reader blocks nobody, and one transaction around all steps keeps the copy
            # from restarting at every commit. Without one, writers must get in between the steps.
            if old.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                old.execute("BEGIN")
                old.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            old.backup(
                new,
                pages=_PAGES,
                progress=lambda _, left, pages: tell("Copying", size * (pages - left) // max(pages, 1), size),
            )
            new.execute("PRAGMA journal_mode=DELETE")
            tell("Checking", 0, 0)
            problems = [str(line) for (line,) in new.execute("PRAGMA integrity_check(1)")]
            if problems != ["ok"]:
                raise sqlite3.DatabaseError(problems[0])
    except sqlite3.Error as error:
        raise LibraryError(
            f"{source} cannot be copied whole ({' '.join(str(error).split())}), so there is no new backup; "
            "type: assistant verify"
        ) from error


def _about(copy: Path) -> tuple[int, dict[str, int]]:
    """Schema and counts of a library's copy. Raises LibraryError where it is not a library, or a newer one."""
    with closing(sqlite3.connect(copy)) as database:
        (schema,) = database.execute("PRAGMA user_version").fetchone()
        if not 0 < schema <= SCHEMA:
            raise LibraryError(
                f"the library has the schema {schema}, this version knows 1 to {SCHEMA}; update article-assistant"
            )
        return schema, counts_of(database)


def _info(name: str) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, datetime.now().timetuple()[:6])
    found.external_attr = 0o600 << 16  # private also when unpacked by hand
    return found


def _store(path: Path, archive: zipfile.ZipFile, tell: Tell) -> Part:
    """Add a file to an archive."""
    size, done, digest = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb") as file, archive.open(_info(path.name), "w", force_zip64=True) as target:
        while block := file.read(_BYTES_AT_ONCE):
            target.write(block)
            digest.update(block)
            done += len(block)
            tell("Writing", done, size)
    return Part(done, digest.hexdigest())


def _understood(path: Path, manifest: object) -> Backup:
    """A manifest as a record. Raises LibraryError for one of a newer version, one of _NO_BACKUP for a wrong one."""
    if not isinstance(manifest, dict) or not isinstance(manifest["backup"], int):
        raise ValueError("its manifest is not one")
    if manifest["backup"] > MANIFEST_FORMAT or manifest["schema"] > SCHEMA:
        raise LibraryError(f"{path} was made by a newer version; update article-assistant, nothing was changed")
    files = {name: Part(part["bytes"], part["sha256"]) for name, part in manifest["files"].items()}
    if DATABASE not in files or not all(_DATABASE_NAME.fullmatch(name) for name in files):
        raise ValueError("its manifest names other files than a backup has")
    return Backup(str(manifest["made"]), manifest["schema"], dict(manifest["counts"]), files)


def _checked(archive: zipfile.ZipFile, name: str, part: Part) -> Iterator[tuple[int, bytes]]:
    """Blocks of a file in an archive, each with the bytes so far. Raises ValueError at the end if it was damaged."""
    done, digest = 0, hashlib.sha256()
    with archive.open(name) as file:
        while (block := file.read(_BYTES_AT_ONCE)) and done <= part.bytes:
            digest.update(block)
            done += len(block)
            yield done, block
    if (done, digest.hexdigest()) != (part.bytes, part.sha256):
        raise ValueError(f"{name} in it is damaged")


def _keep(home: Path) -> Path | None:
    """Keep the home's databases in a folder, which is returned, and leave them in the home without their logs."""
    found = sorted(home.glob("*.sqlite3"))
    if not found:
        return None
    kept = home / f"{REPLACED}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    kept.mkdir(mode=0o700)
    logs = [path.with_name(path.name + end) for path in found for end in _LOGS]
    for path in (*found, *logs):
        if path.exists():
            try:
                os.link(path, kept / path.name)
            except OSError:  # not every file system has links
                shutil.copy2(path, kept / path.name)
    to_disk(kept)
    for path in found:
        _fold(path)
    for path in logs:  # SQLite would play one that is left into the new file
        path.unlink(missing_ok=True)
    return kept


def _fold(path: Path) -> None:
    """Bring a database's log into its file; a damaged one is left alone."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # rolls back what was interrupted
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise LibraryBusy(f"another program has {path} open; end it, and type the command again") from error
