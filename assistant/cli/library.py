"""The commands that maintain a library: status, backup, restore, verify."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from article_assistant.cli.console import (
    AsJson,
    Home,
    count,
    out,
    print_failures,
    print_json,
    print_others,
    progress,
    settings_of,
    waits,
)
from article_assistant.index.types import UserFacingError
from article_assistant.opening import open_index, server_of
from rich.markup import escape


def print_status(context: typer.Context, home: Home = None, as_json: AsJson = False) -> None:
    """Show the library's articles, sources and search index, and what could not be read."""
    from article_assistant.index.library import Library

    settings = settings_of(context, home)
    library = Library.open(settings.home)
    try:
        facts = _facts(library)
    finally:
        library.close()
    if as_json:
        print_json(facts)
        return
    out.print(
        f"[bold]{count(facts['articles'], 'article')}[/bold] in {count(facts['chunks'], 'chunk')}, "
        f"in {escape(facts['home'])}"
    )
    for name, value in _described(facts):
        out.print(f"  {name + ':':14}{escape(value)}", soft_wrap=True)
    for source in facts["never_read"]:
        _print_trouble(source["source"], source)
    if not facts["sources"]:
        out.print("Nothing is indexed yet. Type: assistant index FOLDER")
        return
    from rich.table import Table

    table = Table("source", "articles", "failed", "last complete sync")
    for column in table.columns[1:3]:
        column.justify = "right"
    table.columns[0].overflow = "fold"
    for source in facts["sources"]:
        table.add_row(
            escape(source["source"]),
            f"{source['articles']:,}",
            f"{source['failed']:,}",
            _ago(source["synced"]) if source["synced"] else "never",
        )
    out.print(table)
    print_failures(facts["failed"])
    print_others(facts["others"])
    for source in facts["sources"]:
        if source["trouble"].get("lasts"):
            _print_trouble(source["source"], source["trouble"])
        if source["waiting"]:
            out.print(waits(source["source"], source["waiting"]), style="yellow", soft_wrap=True, markup=False)


def write_backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write, like backup.zip.")],
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write everything that cannot be rebuilt into one file: articles, vectors, conversations.

    It may run while the page is served and sources are indexed. The file holds the text of articles and
    conversations, so only its owner may read it. Writing it takes twice its size on disk.

    Example:  assistant backup /backups/articles.zip
    """
    from article_assistant.index.backup import create
    from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

    settings = settings_of(context, home)
    with progress(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) as advance:
        made = create(settings.home, file, force=force, tell=advance)
    size = file.stat().st_size / 1e6
    out.print(f"{_content(made.counts)} are in {escape(str(file))}, {size:,.1f} MB.", soft_wrap=True)


def restore_backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A file from `assistant backup`.")],
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the existing library; a copy is kept.")] = False,
) -> None:
    """Restore a backup and build its search index. Nothing is embedded again.

    Stop a running server first and restart it afterwards. The backup is checked before anything changes;
    whatever happens, either the old library or the new one is in place.

    Example:  assistant restore /backups/articles.zip
    """
    from article_assistant.index.backup import restore as put_back
    from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

    settings = settings_of(context, home)
    with progress(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) as advance:
        found, kept = put_back(settings.home, file, force=force, tell=advance)
    out.print(f"{_content(found.counts)}, as of {found.made}, are in {escape(str(settings.home))}.", soft_wrap=True)
    if kept:
        out.print(
            f"The earlier library is kept; remove it when you no longer need it: {escape(str(kept))}", soft_wrap=True
        )
    with progress() as advance:
        advance("Building the search index", 0, 0)
        with open_index(settings) as opened, opened.library.writing():
            opened.publish()


def verify_library(context: typer.Context, home: Home = None, as_json: AsJson = False) -> None:
    """Check the library, its search index and its files, and repair what can be repaired.

    It may run while the page is served. It rebuilds what is derived from the library, and makes files private
    that others could read. The exit code is 1 if something could not be repaired; its line says what to do.
    """
    from article_assistant.index import verify as checks
    from article_assistant.index.library import Library
    from rich.progress import MofNCompleteColumn, TimeRemainingColumn
    from rich.table import Table

    settings = settings_of(context, home)
    if not settings.home.is_dir():
        raise UserFacingError(f"there is no library in {settings.home}; set --home, or type: assistant index FOLDER")

    def publish() -> None:
        with open_index(settings) as opened:
            opened.publish()

    library, server = Library.open(settings.home), server_of(settings)
    try:
        with progress(MofNCompleteColumn(), TimeRemainingColumn()) as advance:
            found = list(checks.verify(library, publish, advance, server))
    finally:
        if server:
            server.close()
        library.close()
    well = all(check.state != "broken" for check in found)
    if as_json:
        lines = [{"name": check.name, "state": check.state, "said": check.said} for check in found]
        print_json({"home": str(settings.home), "well": well, "checks": lines})
    else:
        table = Table("check", "state", "found")
        table.columns[2].overflow = "fold"
        colours = {"well": "green", "mended": "yellow", "broken": "red"}
        for check in found:
            table.add_row(check.name, f"[{colours[check.state]}]{check.state}[/]", escape(check.said))
        out.print(table)
    if not well:
        raise typer.Exit(1)


# --- what status says -----------------------------------------------------------------------------


def _facts(library: Any) -> dict[str, Any]:
    """The status of a library as a JSON object; times are UTC."""
    state, _, gone = library.pending()
    numbers, failed = library.numbers(), library.ledger.failures()
    since = int((numbers > state.covered).sum())
    folder = library.home / "generations" / f"gen-{state.generation}"
    built = folder / "held"
    troubles = library.ledger.troubles()
    generation = (
        {
            "number": state.generation,
            "chunks": len(numbers) - since + sum(number <= state.covered for number in gone),
            "gone": sum(number <= state.covered for number in gone),
            "bytes": _bytes(folder.rglob("*")),
            "built": datetime.fromtimestamp(built.stat().st_mtime, UTC).isoformat(timespec="seconds"),
        }
        if built.is_file()
        else None
    )
    sources = [
        {
            "source": source.address,
            "label": source.label,
            "synced": source.synced,
            "articles": len(library.ledger.fingerprints(source)),
            "failed": sum(name.startswith(f"{source.label}/") for name in failed),
            "others": library.ledger.others(source),
            "waiting": source.waiting,
            "groups": sorted(source.groups),
            "trouble": _trouble(troubles.pop(source.address, None), source.synced),
        }
        for source in library.ledger.sources()
    ]
    synced = [source["synced"] for source in sources]
    others = sum((Counter(source["others"]) for source in sources), Counter[str]())
    return {
        "home": str(library.home),
        "articles": library.counts()["articles"],
        "chunks": len(numbers),
        "encoder": state.encoder,
        "bytes": _bytes(library.home.glob("*.sqlite3*")),
        "generation": generation,
        "searched_exactly": since if generation else len(numbers),
        "oldest_sync": min(synced) if synced and all(synced) else None,
        "sources": sources,
        "failed": failed,
        "others": dict(others),
        "never_read": [{"source": address} | _trouble(trouble, None) for address, trouble in troubles.items()],
    }


def _trouble(trouble: Any, synced: str | None) -> dict[str, Any]:
    """The last failure of a source: since when, the last time, why, and whether it still `lasts`; {} for none."""
    return asdict(trouble) | {"lasts": trouble.at > (synced or "")} if trouble else {}


def _print_trouble(address: str, trouble: dict[str, Any]) -> None:
    out.print(
        f"{address} is not in step since {_ago(trouble['since'])}: {trouble['reason']}",
        style="yellow", soft_wrap=True, markup=False,
    )  # fmt: skip


def _described(facts: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """The status as lines, each a name and a text."""
    yield "encoder", facts["encoder"] or "none yet"
    yield "on disk", f"{facts['bytes'] / 1e6:,.1f} MB, held by a backup"
    if generation := facts["generation"]:
        yield (
            "search index",
            f"number {generation['number']}, {count(generation['chunks'], 'chunk')}, "
            f"{generation['bytes'] / 1e6:,.1f} MB, built {_ago(generation['built'])}",
        )
    elif facts["chunks"]:
        yield "search index", "none; type: assistant verify"
    since, gone = facts["searched_exactly"], generation["gone"] if generation else 0
    if since or gone:
        yield "since then", f"{count(since, 'chunk')} new, found by exact search; {gone:,} gone"
    if facts["oldest_sync"]:
        yield "oldest sync", _ago(facts["oldest_sync"])


def _bytes(paths: Iterable[Path]) -> int:
    found = 0
    for path in paths:
        try:
            found += path.stat().st_size if path.is_file() else 0
        except OSError:  # removed by a build meanwhile
            continue
    return found


def _ago(moment: str) -> str:
    """A UTC time, and how long ago it was."""
    then = datetime.fromisoformat(moment)
    seconds = (datetime.now(UTC) - then).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{count(int(seconds // length), unit)} ago, {then:%Y-%m-%d %H:%M} UTC"
    return f"just now, {then:%Y-%m-%d %H:%M} UTC"


def _content(counts: dict[str, int]) -> str:
    return f"{count(counts['articles'], 'article')} in {count(counts['chunks'], 'chunk')}"
