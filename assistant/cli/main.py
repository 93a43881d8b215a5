"""The command line. Heavy modules are imported inside the commands, so that `assistant --help` loads no model."""

import os
import signal
import sys
import time
from contextlib import closing
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import article_assistant
import typer
from article_assistant.cli import keys, library
from article_assistant.cli.console import (
    AsJson,
    Home,
    check_there,
    count,
    err,
    indexing,
    out,
    print_explanation,
    print_json,
    print_report,
    settings_of,
)
from article_assistant.cli.embed import embed
from article_assistant.cli.evaluate import evaluate
from article_assistant.cli.unanswered import unanswered
from article_assistant.index.types import UserFacingError
from article_assistant.opening import kept_in_step, open_index
from rich.markup import escape

if TYPE_CHECKING:
    from article_assistant.index.search import Index
    from article_assistant.index.sync import SyncReport
    from article_assistant.settings import Settings

DAY = ["%Y-%m-%d"]
"""How a day is written on the command line."""
INTERRUPTED = 130
"""Typer's exit code for Ctrl-C."""
SEEDS = Path(__file__).resolve().parents[2] / "seeds"
"""Sample articles; in a clone only, not in an installed package."""

app = typer.Typer(
    name="assistant",
    no_args_is_help=True,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,
    add_completion=False,
)
Strict = Annotated[bool, typer.Option(help="Exit with 1 if any article could not be read.")]
Host = Annotated[
    str | None, typer.Option(help="Address to listen on, by default 127.0.0.1; any other needs a password.")
]
Port = Annotated[int | None, typer.Option(help="Port to listen on, by default 7860.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        out.print(f"assistant {version('article-assistant')}")
        raise typer.Exit


@app.callback()
def assistant(
    context: typer.Context,
    home: Home = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    """Answers questions about your articles with verbatim, cited quotes. Offline; no LLM is needed.

    [bold]Begin with[/bold]  assistant chat FOLDER   and open the address that it prints.

    Settings come from the command line, then from variables like ASSISTANT_PORT, then from the file
    assistant.toml in the current folder; docs/settings.md lists them all.
    """
    context.obj = home


@app.command()
def chat(
    context: typer.Context,
    sources: Annotated[
        list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Folders or files to index first.")
    ] = None,
    home: Home = None,
    host: Host = None,
    port: Port = None,
) -> None:
    """Index what changed in the sources, then serve the chat page and print its address.

    Without a source, the page answers from the library as it is. In a clone of the project with nothing
    indexed yet, the sample articles in seeds/ are indexed first.

    Example:  assistant chat ~/wiki-export
    """
    from article_assistant.web.listening import listen

    named = list(sources or [])
    check_there(named)
    settings = settings_of(context, home, host=host, port=port)
    listen(settings).close()  # a port that is taken is said now, not after indexing
    with open_index(settings, mends=True) as index:
        if not named and not index.library.ledger.sources():
            if not SEEDS.is_dir():
                raise UserFacingError("the library is empty; name a folder of articles: assistant chat FOLDER")
            named = [str(SEEDS)]
        if named:
            _index(index, named, settings)
        _serve_page(index, settings)


@app.command()
def index(
    context: typer.Context,
    sources: Annotated[list[str] | None, typer.Argument(metavar="[SOURCE]...", help="Folders, files, wikis.")] = None,
    home: Home = None,
    strict: Strict = False,
    retry: Annotated[bool, typer.Option("--retry", help="Try unreadable files again.")] = False,
    as_json: AsJson = False,
    group: Annotated[
        list[str] | None, typer.Option("--group", metavar="GROUP", help="Who may read these sources; can be repeated.")
    ] = None,
    everyone: Annotated[bool, typer.Option("--everyone", help="Everyone may read these sources.")] = False,
    confirm: Annotated[bool, typer.Option("--confirm", help="Let any number of articles be gone from a wiki.")] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be done, and do nothing.")] = False,
) -> None:
    """Add sources to the library, or bring them up to date.

    A source is a folder, a file or a wiki, like mediawiki+https://wiki.example/ (docs/sources.md). Only
    what changed since the last run is read again; an article that is gone from its source leaves the
    library. A file that cannot be read is named with its reason, and the others go on; it is tried again
    when it changed, or with --retry. Ctrl-C is safe: what was done stays, and the next run goes on.

    Example:  assistant index ~/wiki-export ~/handbook.pdf
    """
    check_there(sources or [])
    settings = settings_of(context, home)
    named = sources or list(settings.sources)
    if not named:
        raise typer.BadParameter("name a folder, a file or a wiki, or put sources into assistant.toml")
    groups = frozenset(["everyone"] if everyone else group or ())
    with open_index(settings) as opened:
        report = _index(
            opened, named, settings, retry=retry, as_json=as_json, groups=groups, confirmed=confirm, dry=dry_run
        )
    if strict and report.failed:
        raise typer.Exit(1)


@app.command("forget")
def forget_source(
    context: typer.Context,
    source: Annotated[str, typer.Argument(metavar="SOURCE", help="As `assistant status` shows it.")],
    home: Home = None,
) -> None:
    """Remove a source and its articles from the library. The files themselves are not touched."""
    from article_assistant.index import sync

    with open_index(settings_of(context, home)) as opened:
        articles = sync.forget(source, opened)
    out.print(f"Forgot {escape(source)}: {count(articles, 'article')}.", soft_wrap=True)


@app.command()
def ask(
    context: typer.Context,
    question: Annotated[str, typer.Argument(metavar='"QUESTION"', help="In quotation marks.")],
    home: Home = None,
    as_json: AsJson = False,
    conversation: Annotated[
        str | None, typer.Option(metavar="ID", help="Any name; questions with the same ID form one conversation.")
    ] = None,
    explain: Annotated[bool, typer.Option("--explain", help="Say what was found and what became of it.")] = False,
    place: Annotated[str, typer.Option("--in", metavar="PLACE", help="Only this source, or a folder in it.")] = "",
    category: Annotated[str, typer.Option(metavar="NAME", help="Only articles in this category.")] = "",
    since: Annotated[datetime | None, typer.Option(formats=DAY, help="Only articles of this day or later.")] = None,
    until: Annotated[datetime | None, typer.Option(formats=DAY, help="Only articles of this day or before.")] = None,
) -> None:
    """Ask one question and print the cited answer.

    Every sentence of the answer stands in an article, at the place its citation names. If the articles
    do not answer the question, the answer says so and names the nearest passages.

    Example:  assistant ask "How many assailants were captured?"
    """
    from article_assistant.index.types import Scope
    from article_assistant.types import User

    days = (day.date().isoformat() if day else "" for day in (since, until))
    scope = Scope(place, *days, category=category)
    with article_assistant.open(settings_of(context, home)) as asked:
        answer = asked.answer(question, User("operator", None), conversation, explain, scope)
    if as_json:
        print_json(answer.as_json())
        return
    for text in [answer.extract, answer.answer] if answer.extract else [answer.answer]:
        out.print(f"[bold]{escape(text)}[/bold]" if answer.answered else escape(text))
    if answer.notice:
        out.print(escape(answer.notice), style="yellow")
    for citation in answer.citations or answer.nearest:
        place = " › ".join(filter(None, (citation.title, *citation.headings)))
        mark = f"[{citation.number}]" if answer.answered else " · "
        page = f", page {citation.page}" if citation.page else ""
        out.print(f"\n{escape(mark)} {escape(place)}{page}{f', {citation.updated}' if citation.updated else ''}")
        out.print(f"    “{escape(' '.join(citation.quote.split()))}”", style="dim")
        out.print(f"    {escape(citation.article)}, characters {citation.start} to {citation.end}", style="dim")
    for offer in answer.offers:
        out.print(f"\n{escape(' – '.join(filter(None, (offer.text, offer.link))))}", soft_wrap=True)
    print_explanation(answer)


@app.command()
def serve(context: typer.Context, home: Home = None, host: Host = None, port: Port = None) -> None:
    """Serve the chat page, keep its sources in step meanwhile, and print its address. Ctrl-C stops it."""
    from article_assistant.web.listening import listen

    settings = settings_of(context, home, host=host, port=port)
    listen(settings).close()
    with open_index(settings, filled=True, mends=True) as opened:
        _serve_page(opened, settings)


@app.command()
def mcp(context: typer.Context, home: Home = None, group: keys.GroupNames = None) -> None:
    """Serve the tools search, ask and read (Model Context Protocol) over standard input and output.

    Anyone who can start this command can read the library; by default the tools see the articles that everyone
    may read. They need the extra mcp: pip install 'article-assistant\\[mcp]'
    """
    keys.check_tools()
    with article_assistant.open(settings_of(context, home)) as asked:
        keys.serve_tools(asked, group)


app.add_typer(keys.key, name="key")
app.command()(evaluate)
app.command()(unanswered)
app.command()(embed)
app.command("status")(library.print_status)
app.command("backup")(library.write_backup)
app.command("restore")(library.restore_backup)
app.command("verify")(library.verify_library)


# --- what the commands share ----------------------------------------------------------------------


def _serve_page(index: "Index", settings: "Settings") -> None:
    from article_assistant.examples import Examples
    from article_assistant.web import server
    from article_assistant.web.conversations import ANYONE
    from article_assistant.web.wanting import Meanings

    def announce(url: str) -> None:
        out.print(f"Chat with your articles at [bold]{url}[/bold]  (Ctrl-C ends)")

    with (
        article_assistant.open(settings, index=index) as serving,
        kept_in_step(settings, index.library) as kept,
        closing(Examples(serving)) as examples,
    ):
        examples.warm(ANYONE)
        server.serve_page(serving, settings, announce, examples, kept, serving.judged, Meanings(lambda: index.embedder))


def _index(
    index: "Index",
    sources: list[str],
    settings: "Settings",
    *,
    retry: bool = False,
    as_json: bool = False,
    groups: frozenset[str] = frozenset(),
    confirmed: bool = False,
    dry: bool = False,
) -> "SyncReport":
    """Bring sources up to date, showing progress and a summary."""
    from article_assistant.index.sync import sync

    began = time.monotonic()
    try:
        with indexing(quiet=as_json) as progress:
            most = settings.max_file_mb * 1_000_000
            report = sync(
                sources, index, most, progress, settings.max_parse_seconds, retry, settings.ocr,
                settings.access(sources, groups), confirmed, dry,
            )  # fmt: skip
    except KeyboardInterrupt:
        kept = index.library.counts()
        raise UserFacingError(
            f"Stopped. Finished work is kept, {count(kept['articles'], 'article')} in "
            f"{count(kept['chunks'], 'chunk')}; the same command continues from there."
        ) from None
    print_report(report, time.monotonic() - began, as_json=as_json, dry=dry)
    return report


def main() -> None:
    """Run a command; errors that the user can fix become one line and exit code 1."""
    signal.signal(signal.SIGTERM, lambda *_: _interrupt())
    os.umask(0o077)  # files written here hold articles or questions: only their owner may read them
    try:
        code = app(standalone_mode=False)  # returns the exit code of an Exit or a Ctrl-C
    except UserFacingError as error:
        _fail(" ".join(str(error).split()))
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    except BrokenPipeError:  # whoever read our output has left: `assistant status | head -1`
        sys.stderr.close()
        raise SystemExit(1) from None
    except Exception as error:
        show = getattr(error, "show", None)  # wrong usage: Typer's class for it has no public name
        if show is None:
            raise
        show()
        raise SystemExit(getattr(error, "exit_code", 2)) from None
    if code == INTERRUPTED:
        _fail("Stopped. Finished work is kept; the same command continues from there.")
    raise SystemExit(code)


def _interrupt() -> None:
    raise KeyboardInterrupt


def _fail(line: str) -> None:
    err.print(escape(line), style="red", soft_wrap=True)
    raise SystemExit(1)
