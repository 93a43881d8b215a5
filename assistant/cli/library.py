"""The commands that keep a library going: status, backup, restore, verify."""

from collections import Counter
from collections.abc import Iterable
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
)
from article_assistant.index.types import UserFacingError
from article_assistant.opening import open_index, server_of
from rich.markup import escape


def status(context: typer.Context, home: Home = None, as_json: AsJson = False) -> None:
    """Say what the library holds, where from and since when, how it is searched, and what could not be read."""
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
    if not facts["sources"]:
        out.print("Nothing is indexed yet. Type: assistant index FOLDER")
        return
    from rich.table import Table

    table = Table("source", "articles", "failed", "last read to its end")
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


def backup(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to, like backup.zip.")],
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file where it exists.")] = False,
) -> None:
    """Write all that cannot be made anew into one file: articles, vectors, conversations.

    It may run while the page is served and sources are indexed. The file holds what your articles and
    the people who asked said; only its owner may read it. While it is written it takes twice its size.

    Example:  assistant backup /backups/articles.zip
    """
    from article_assistant.index.backup import create
    from rich.progress import DownloadColumn, TimeRemainingColumn, TransferSpeedColumn

    settings = settings_of(context, home)
    with progress(DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()) as advance:
        made = create(settings.home, file, force=force, tell=advance)
    size = file.stat().st_size / 1e6
    out.print(f"{_content(made.counts)} are in {escape(str(file))}, {size:,.1f} MB.", soft_wrap=True)


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `assistant backup` wrote.")],
    home: Home = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the library that is there; a copy is kept.")] = False,
) -> None:
    """Put a backup in place, and build its search index. Nothing is embedded again.

    End a running server before, and start it after. The backup is checked before anything is changed;
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
            f"What was there before is kept; remove it when you do not need it: {escape(str(kept))}", soft_wrap=True
        )
    with progress() as advance:
        advance("Building the search index", 0, 0)
        with open_index(settings) as opened, opened.library.writing():
            opened.publish()


def verify(context: typer.Context, home: Home = None, as_json: AsJson = False) -> None:
    """Check the library, its search index and its files, mend what can be, and say what was done.

    It may run while the page is served. What is derived from the library is built anew; files that others
    could read are made private. The exit code is 1 when something could not be mended; the line says what to do.
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


# --- what they say --------------------------------------------------------------------------------


def _facts(library: Any) -> dict[str, Any]:
    """What there is to say about a library, as JSON; times are UTC."""
    state, _, gone = library.pending()
    numbers, failed = library.numbers(), library.ledger.failures()
    since = int((numbers > state.covered).sum())
    folder = library.home / "generations" / f"gen-{state.generation}"
    built = folder / "held"
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
    }


def _described(facts: dict[str, Any]) -> Iterable[tuple[str, str]]:
    """Lines about a library, each a name and a text."""
    yield "encoder", facts["encoder"] or "none yet"
    yield "on disk", f"{facts['bytes'] / 1e6:,.1f} MB that a backup holds"
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
        yield "since then", f"{count(since, 'chunk')} new, found by an exact search; {gone:,} gone"
    if facts["oldest_sync"]:
        yield "oldest sync", _ago(facts["oldest_sync"])


def _bytes(paths: Iterable[Path]) -> int:
    found = 0
    for path in paths:
        try:
            found += path.stat().st_size if path.is_file() else 0
        except OSError:  # a build has removed it meanwhile
            continue
    return found


def _ago(moment: str) -> str:
    """How long ago a UTC time was, and the time."""
    then = datetime.fromisoformat(moment)
    seconds = (datetime.now(UTC) - then).total_seconds()
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{count(int(seconds // length), unit)} ago, {then:%Y-%m-%d %H:%M} UTC"
    return f"just now, {then:%Y-%m-%d %H:%M} UTC"


def _content(counts: dict[str, int]) -> str:
    return f"{count(counts['articles'], 'article')} in {count(counts['chunks'], 'chunk')}"
