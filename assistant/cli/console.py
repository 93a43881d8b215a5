"""Options, output and progress bars that the commands share."""

import json
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from article_assistant.index.types import UserFacingError
from rich.console import Console
from rich.markup import escape

if TYPE_CHECKING:
    from article_assistant.index.sync import Progress, SyncReport
    from article_assistant.settings import Settings
    from article_assistant.types import Answer
    from rich.progress import ProgressColumn

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)

PACE = 60.0
"""Window, in seconds, for measuring the pace of a run: unchanged files take no time and would distort an average."""
BAR = 16
"""Columns of the bar itself."""
LINE = 10.0
"""Seconds between progress lines where no bar can be drawn."""

Home = Annotated[
    Path | None, typer.Option(metavar="DIR", help="The library's folder, else ASSISTANT_HOME or your data folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]


def settings_of(context: typer.Context, home: Path | None, **given: Any) -> "Settings":
    """The settings of a command; `--home` may stand before or after its name.

    On a terminal it first says that the command is at work, as it takes a while until there is more to say.
    """
    if err.is_terminal:
        err.print("Opening the library…", style="dim")
    from article_assistant.settings import Settings

    return Settings.read(home=home or context.obj, **given)


def check_there(sources: Iterable[str]) -> None:
    """Raises UserFacingError for a folder or file that is not there, before anything is opened or asked."""
    for source in sources:
        try:
            if "://" not in source:
                Path(source).expanduser().stat()
        except (OSError, RuntimeError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise UserFacingError(f"{source} cannot be read ({reason}); name a folder or a file") from None


@contextmanager
def progress(*columns: "ProgressColumn") -> Iterator[Callable[[str, int, int], None]]:
    """A bar on standard error that disappears at the end; yields a function of (task, amount done, total)."""
    from rich.progress import BarColumn, Progress, TextColumn

    with Progress(TextColumn("{task.description}"), BarColumn(), *columns, console=err, transient=True) as bar:
        task = bar.add_task("", total=None)
        doing = ""

        def advance(what: str, done: int, total: int) -> None:
            nonlocal doing
            if what != doing:
                bar.reset(task, description=escape(what))
                doing = what
            bar.update(task, completed=done, total=total or None)

        yield advance


class Pace:
    """As text: how far a run is, its pace over the last minute, and the time left at that pace."""

    def __init__(self) -> None:
        self.run: Progress | None = None
        self._before = deque([(time.monotonic(), 0, 0)])  # (seconds, bytes, chunks), oldest first

    def __str__(self) -> str:
        if self.run is None:
            return ""
        run = self.run
        if (run.bytes, run.chunks) != self._before[-1][1:]:  # between batches the pace stays the same
            self._before.append((time.monotonic(), run.bytes, run.chunks))
        now = self._before[-1][0]
        while len(self._before) > 2 and self._before[0][0] < now - PACE:
            self._before.popleft()
        began, size, chunks = self._before[0]
        parts = [f"{run.files:,} of {count(run.of_files, 'article')}"]
        if run.chunks > chunks:
            parts.append(f"{(run.chunks - chunks) / (now - began):,.0f} chunks/s")
        if size < run.bytes < run.of_bytes:
            # By bytes, not files: a handbook takes as long as a thousand notes.
            parts.append(f"about {_duration((run.of_bytes - run.bytes) * (now - began) / (run.bytes - size))} left")
        return ", ".join([*parts, run.doing[-60:]] if run.doing else parts)


@contextmanager
def indexing(*, quiet: bool) -> Iterator[Callable[["Progress"], None]]:
    """Shows progress on standard error: a bar on a terminal, elsewhere a line now and then, unless `quiet`."""
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    pace = Pace()
    if err.is_interactive:
        with Bar(
            TextColumn("Indexing"),
            BarColumn(BAR),
            # Cut where the line is full, as otherwise all three would be.
            TextColumn(f"{{task.fields[pace]!s:.{max(err.width - BAR - 10, 1)}}}", markup=False),
            console=err,
            transient=True,
        ) as bar:
            task = bar.add_task("", total=None, pace=pace)

            def draw(run: "Progress") -> None:
                pace.run = run
                bar.update(task, completed=run.bytes, total=run.of_bytes or None)

            yield draw
        return
    printed = time.monotonic()

    def say(run: "Progress") -> None:
        nonlocal printed
        if not quiet and time.monotonic() >= printed + LINE:
            pace.run, printed = run, time.monotonic()
            err.print(f"Indexing: {pace}", markup=False, soft_wrap=True)

    yield say


def _duration(seconds: float) -> str:
    """A rough duration.

    >>> _duration(40), _duration(200), _duration(9000)
    ('40 s', '3 min', '2.5 h')
    """
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def print_failures(failed: dict[str, str], console: Console = out) -> None:
    """List what could not be read, with reasons."""
    if failed:
        console.print(f"Could not be read ({len(failed)}):")
    for name, reason in failed.items():
        console.print(f"  {escape(name)}: {escape(reason)}", style="yellow")


def print_others(others: dict[str, int], console: Console = out) -> None:
    """Say how many files of unsupported types were left out."""
    if others:
        from article_assistant.index.reading.files import PICTURES

        kinds = ", ".join(
            f"{kind or 'no ending'} {number:,}" for kind, number in sorted(others.items(), key=_by_number)
        )
        left_out = f"{count(sum(others.values()), 'file')} of other kinds left out ({escape(kinds)})."
        hint = " Text in pictures is read where Tesseract is installed." if others.keys() & PICTURES else ""
        console.print(left_out + hint, soft_wrap=True)


def print_report(report: "SyncReport", seconds: float, *, as_json: bool, dry: bool) -> None:
    """Say what a run over sources did, or would do."""
    if as_json:
        wikis = {name: getattr(report, name) for name in ("readers", "waiting", "left_out")}
        print_json(
            {
                "added": report.added, "changed": report.changed, "removed": report.removed,
                "unchanged": report.unchanged, "chunks": report.chunks, "failed": report.failed,
                "notices": report.notices, "others": report.others,
            } | {name: value for name, value in wikis.items() if value}
        )  # fmt: skip
        return
    speed = f" ({report.chunks / seconds:,.0f} chunks/s)" if report.chunks else ""
    err.print(
        f"{'It would be' if dry else 'Indexed'}: {len(report.added):,} added, {len(report.changed):,} changed, "
        f"{len(report.removed):,} removed, {report.unchanged:,} unchanged, {len(report.failed):,} failed; "
        f"{count(report.chunks, 'chunk')} embedded, in {seconds:,.1f} s{speed}.",
        soft_wrap=True,
    )
    print_failures(report.failed, err)
    for name, notice in report.notices.items():
        err.print(f"  {escape(name)}: {escape(notice)}", style="yellow")
    print_others(report.others, err)
    print_wikis(report, err)
    if report.untried:
        err.print(f"Not tried again because unchanged: {report.untried:,}; to retry, type: assistant index --retry")


def print_explanation(answer: "Answer") -> None:
    """Say what was found for a question and what became of each passage, where that was asked for."""
    why = answer.explanation
    if why is None:
        return
    times = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in answer.seconds.items())
    sure = "" if answer.confidence is None else f"confidence {answer.confidence:.2f}, at least {why.needed} needed; "
    out.print(f"\n{sure}asked for: {why.kind or 'nothing'}; {times}", style="dim")
    if why.refused:
        out.print(f"Refused, because {why.refused}.", style="yellow")
    for sentence in why.unsupported:
        out.print(f"No article carries: {escape(sentence)}", style="yellow")
    for number, one in enumerate(why.passages, start=1):
        title = f"{number}. {' › '.join(filter(None, dict.fromkeys((one.title, *one.heading.split(' › ')))))}"
        out.print(f"{escape(title)}: [bold]{one.verdict}[/bold]", soft_wrap=True)
        figures = [f"meaning {one.meaning:.2f} (place {one.by_meaning})"]
        figures.append(f"words {one.keywords:.1f} (place {one.by_words})" if one.by_words else "no words")
        figures += [f"reader {one.reader:+.1f}"] if one.reader is not None else []
        figures += [f"verifier {one.verifier:+.1f}"] if one.verifier is not None else []
        figures += (
            [f"chance {100 * one.chance:.1f} %: “{' '.join(one.words.split())}”"] if one.chance is not None else []
        )
        out.print(f"   {escape(', '.join(figures))}", style="dim", soft_wrap=True)


def print_wikis(report: "SyncReport", console: Console = out) -> None:
    """Say what wikis hold that is not read, who may read what else, and what waits for a confirmation."""
    for reason, number in report.left_out.items():
        console.print(f"Left out: {count(number, 'page')} {escape(reason)}.", soft_wrap=True)
    if report.readers:
        console.print(f"Other readers: {count(report.readers, 'article')}.", soft_wrap=True)
    for address, number in report.waiting.items():
        console.print(waits(address, number), style="yellow", soft_wrap=True, markup=False)


def waits(address: str, number: int) -> str:
    """What to do where a source does not list many of its articles any more."""
    return (
        f"{address} does not list {count(number, 'article')} any more. They stay; if they are really gone, type: "
        f"assistant index {address} --confirm"
    )


def _by_number(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def print_json(document: Any) -> None:
    """Print one JSON document on standard output."""
    sys.stdout.write(json.dumps(document, ensure_ascii=False, indent=2) + "\n")


def count(number: int, noun: str) -> str:
    """A number with its noun.

    >>> count(1, "chunk"), count(1200, "chunk")
    ('1 chunk', '1,200 chunks')
    """
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
