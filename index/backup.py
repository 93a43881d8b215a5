"""A backup: one file with all that cannot be made anew, taken while others read and write; and the way back.

It is a zip file, stored without compression, of the SQLite files in the home (articles with their vectors,
conversations) and of `manifest.json`, which says when it was made and what must be in it. Generations are
not in it: they are built again from the library, and nothing is embedded for that.
"""

import hashlib
import json
import os
import re
import shutil
import sqlite3
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from article_assistant.index.disk import move, private, to_disk
from article_assistant.index.library import DATABASE, Library
from article_assistant.index.lock import hold
from article_assistant.index.schema import SCHEMA
from article_assistant.index.types import LibraryBusy, LibraryError

FORMAT = 1
"""Version of the manifest; a newer one is refused."""
RESTORING = "restoring"
"""Folder in the home in which a backup is unpacked; one that is there while nobody restores is a leftover."""
REPLACED = "replaced-"
"""With this begins the name of the folder in the home that keeps what a backup took the place of."""

_MANIFEST = "manifest.json"
_LIMIT = 1_000_000
"""Bytes that a manifest may have."""
_NAME = re.compile(r"[a-z_]{1,40}\.sqlite3")
_PAGES = 1000
"""Pages (of 4 KB) copied in one step: a file without a write-ahead log cannot be written to meanwhile."""
_BLOCK = 1 << 20
_NO_BACKUP = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    AttributeError,
    TypeError,
    ValueError,
    RuntimeError,
)
"""What reading a file raises that is no backup, or not whole."""
_LOGS = ("-wal", "-shm", "-journal")

Progress = Callable[[str, int, int], None]
"""Called with what is being done, and how many bytes of how many are; 0 of 0 where that is not known."""


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


def make(home: Path, path: Path, *, force: bool = False, progress: Progress = lambda *_: None) -> Backup:
    """Write a backup of the folder `home` to the file `path`, readable by its owner only.

    Others may read and write meanwhile: each SQLite file is copied as it is at one moment. The copies are
    checked, and the whole is read again, before it gets its name; until then it takes twice the room of
    the library, in a hidden folder beside `path`. Raises LibraryError where there is no library, it is
    damaged, or the file cannot be written or exists already (unless `force`).
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
                    _copy(home / name, folder / name, progress)
                    if name == DATABASE:
                        schema, counts = _about(folder / name)
                    parts[name] = _store(folder / name, archive, progress)
                    (folder / name).unlink()
                made = Backup(datetime.now(UTC).isoformat(timespec="seconds"), schema, counts, parts)
                archive.writestr(_info(_MANIFEST), json.dumps({"backup": FORMAT, **asdict(made)}, indent=1))
                archive.close()
            read(whole, progress=progress)
            _refuse_existing(path, force)
            move(whole, path)
    except OSError as error:
        raise LibraryError(f"{path} cannot be written ({error.strerror or error}); name another file") from error
    return made


def read(path: Path, into: Path | None = None, *, progress: Progress = lambda *_: None) -> Backup:
    """What a backup holds, after every byte of it was checked; unpacked into the folder `into`, if one is named.

    Raises LibraryError where it is not whole, or was made by a newer version.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open(_MANIFEST) as file:
                found = _understood(path, json.loads(file.read(_LIMIT)))
            for name, part in found.files.items():
                with open(into / name if into else os.devnull, "wb", opener=private) as target:
                    for done, block in _blocks(archive, name, part):
                        target.write(block)
                        progress("Unpacking" if into else "Checking", done, part.bytes)
    except OSError as error:
        raise LibraryError(
            f"{path} cannot be read or unpacked ({error.strerror or error}); nothing was changed"
        ) from error
    except _NO_BACKUP as error:
        raise LibraryError(f"{path} is not a whole backup ({error}); nothing was changed, take another one") from error
    return found


def restore(
    home: Path, path: Path, *, force: bool = False, progress: Progress = lambda *_: None
) -> tuple[Backup, Path | None]:
    """Put a backup in place as the library in `home`; what it holds, and the folder with what was there before.

    At every moment the old library or the new one is in place, whole. The new one is brought forward to
    this version, has a name of its own and no generation: publish one. Raises LibraryError where there is
    a library already (unless `force`), where the backup cannot be used, and LibraryBusy where another
    process has the library open.
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
                found = read(path, new, progress=progress)
                library = Library.open(new)
                library.become_another()
                library.close()
                kept = _keep(home)
                # The library comes last: where it is the new one, all is.
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


def _copy(source: Path, copy: Path, progress: Progress) -> None:
    """Copy a database as it is at one moment, and check the copy. Raises LibraryError where it is damaged."""
    size = source.stat().st_size
    try:
        with (
            closing(sqlite3.connect(source, isolation_level=None, timeout=30)) as old,
            closing(sqlite3.connect(copy, isolation_level=None)) as new,
        ):
            new.execute("PRAGMA synchronous=OFF")
            # Beside a write-ahead log a reader holds nobody up, and one transaction around all steps keeps the
            # copy from beginning anew at every commit. Without such a log writers get in between the steps.
            if old.execute("PRAGMA journal_mode").fetchone() == ("wal",):
                old.execute("BEGIN")
                old.execute("SELECT count(*) FROM sqlite_schema").fetchone()
            old.backup(
                new,
                pages=_PAGES,
                progress=lambda _, left, pages: progress("Copying", size * (pages - left) // max(pages, 1), size),
            )
            new.execute("PRAGMA journal_mode=DELETE")
            progress("Checking", 0, 0)
            problems = [str(line) for (line,) in new.execute("PRAGMA integrity_check(1)")]
            if problems != ["ok"]:
                raise sqlite3.DatabaseError(problems[0])
    except sqlite3.Error as error:
        raise LibraryError(
            f"{source} cannot be copied whole ({' '.join(str(error).split())}), so there is no new backup; "
            "type: assistant verify"
        ) from error


def _about(copy: Path) -> tuple[int, dict[str, int]]:
    """Schema and counts of a library's copy; raises LibraryError where it is no library or a newer one."""
    with closing(sqlite3.connect(copy)) as database:
        (schema,) = database.execute("PRAGMA user_version").fetchone()
        if not 0 < schema <= SCHEMA:
            raise LibraryError(
                f"the library has the schema {schema}, this version knows 1 to {SCHEMA}; update article-assistant"
            )
        counts = {
            f"{table}s": int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])
            for table in ("source", "article", "chunk")
        }
    return schema, counts


def _info(name: str) -> zipfile.ZipInfo:
    found = zipfile.ZipInfo(name, datetime.now().timetuple()[:6])
    found.external_attr = 0o600 << 16  # whoever unpacks it by hand has private files, too
    return found


def _store(path: Path, archive: zipfile.ZipFile, progress: Progress) -> Part:
    """Put a file into an archive."""
    size, done, digest = path.stat().st_size, 0, hashlib.sha256()
    with path.open("rb") as file, archive.open(_info(path.name), "w", force_zip64=True) as target:
        while block := file.read(_BLOCK):
            target.write(block)
            digest.update(block)
            done += len(block)
            progress("Writing", done, size)
    return Part(done, digest.hexdigest())


def _understood(path: Path, manifest: object) -> Backup:
    """The record of a manifest. Raises LibraryError for that of a newer version, and KeyError and others for none."""
    if not isinstance(manifest, dict) or not isinstance(manifest["backup"], int):
        raise ValueError("its manifest is none")
    if manifest["backup"] > FORMAT or manifest["schema"] > SCHEMA:
        raise LibraryError(f"{path} was made by a newer version; update article-assistant, nothing was changed")
    files = {name: Part(part["bytes"], part["sha256"]) for name, part in manifest["files"].items()}
    if DATABASE not in files or not all(_NAME.fullmatch(name) for name in files):
        raise ValueError("its manifest names other files than a backup has")
    return Backup(str(manifest["made"]), manifest["schema"], dict(manifest["counts"]), files)


def _blocks(archive: zipfile.ZipFile, name: str, part: Part) -> Iterator[tuple[int, bytes]]:
    """Pieces of a file of an archive, each with the bytes so far; raises ValueError at the end of another content."""
    done, digest = 0, hashlib.sha256()
    with archive.open(name) as file:
        while (block := file.read(_BLOCK)) and done <= part.bytes:
            digest.update(block)
            done += len(block)
            yield done, block
    if (done, digest.hexdigest()) != (part.bytes, part.sha256):
        raise ValueError(f"{name} in it is damaged")


def _keep(home: Path) -> Path | None:
    """A folder with the databases of a home that nobody else has open; what is left in the home has no log any more."""
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
    for path in logs:  # one that could not be folded in would be played into the new file
        path.unlink(missing_ok=True)
    return kept


def _fold(path: Path) -> None:
    """Bring what stands in a database's log into its file; one that is damaged stays as it is."""
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as database:
            database.execute("SELECT count(*) FROM sqlite_schema").fetchone()  # takes back what was interrupted
            database.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.DatabaseError as error:
        if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
            raise LibraryBusy(f"another program has {path} open; end it, and type the command again") from error
