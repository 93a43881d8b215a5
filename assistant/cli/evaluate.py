"""The command `evaluate`: measures, reports and compares answers to questions with known answers."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import article_assistant
import typer
from article_assistant.cli.console import AsJson, Home, count, err, out, print_json, settings_of
from article_assistant.index.types import UserFacingError
from rich.markup import escape

if TYPE_CHECKING:
    from article_assistant.evaluation.report import Report

SHOWN = 20
"""Maximum better, or worse, questions shown on a terminal; a report lists all."""


def evaluate(
    context: typer.Context,
    questions: Annotated[Path, typer.Argument(metavar="QUESTIONS.jsonl", help="JSON lines, one question each.")],
    home: Home = None,
    as_json: AsJson = False,
    answers: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the answers to FILE as JSON lines, in question order.")
    ] = None,
    report: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE",
            help="Write figures, causes and failures to FILE: .md for Markdown, .json for JSON. Repeat for both.",
        ),
    ] = None,
    against: Annotated[
        Path | None,
        typer.Option(
            metavar="EARLIER.json", help="Compare with an earlier JSON report, and exit with 1 when this one is worse."
        ),
    ] = None,
) -> None:
    """Measure how well your articles are found, cited and refused, on questions whose answers you know.

    A line of the file looks like
    {"question": "Who approves a trip?", "answers": ["Tobias Okonjo"], "article": "team/travel-policy.html"}
    "article" is optional, "answers": [] means that the articles do not answer it, and
    "before": ["…"] holds earlier questions of the same conversation.

    With --against, the exit code is 1 if exact match, f1, first quote right, false answers or false refusals are
    significantly worse: the 95 % interval of the difference, over the questions in both reports, lies wholly on
    the worse side of 0. Everything is written and printed first.

    Example:  assistant evaluate questions.jsonl --report new.json --report new.md --against old.json
    """
    reports = _reports(report or [], (questions, against, answers))

    from article_assistant.evaluation.comparison import compare, failure, read_report
    from article_assistant.evaluation.figures import run
    from article_assistant.evaluation.markdown import as_markdown
    from article_assistant.evaluation.questions import read_questions
    from article_assistant.evaluation.report import make_report, provenance
    from rich.progress import Progress

    asked = read_questions(questions)
    earlier = read_report(against, asked) if against else None
    for path in (*reports, *([answers] if answers else [])):
        _check_writable(path)
    settings = settings_of(context, home)
    with (
        article_assistant.open(settings) as answering,
        Progress(console=err, transient=True) as bar,
    ):
        task = bar.add_task("Asking", total=len(asked))
        made_with = provenance(answering.index, settings)
        outcomes = list(run(answering, asked, lambda: bar.advance(task)))
    if answers is not None:
        lines = [json.dumps(outcome.answer.as_json(), ensure_ascii=False) for outcome in outcomes]
        _write_text(answers, "\n".join(lines) + "\n")
    made = make_report(outcomes, questions.name, made_with)
    if earlier is not None:
        made["comparison"] = compare(earlier, made)
    for path in reports:
        for_people = path.suffix.lower() == ".md"
        _write_text(path, as_markdown(made) if for_people else json.dumps(made, ensure_ascii=False, indent=1) + "\n")
    if as_json:
        document: dict[str, Any] = {"questions": len(asked), **made["figures"], "causes": made["causes"]}
        print_json(document | ({"comparison": made["comparison"]} if earlier is not None else {}))
    else:
        _print_figures(made)
    line = failure(made["comparison"]) if earlier is not None else None
    if line:
        raise UserFacingError(line)


def _reports(given: list[Path], others: Iterable[Path | None]) -> list[Path]:
    """The files of `--report`. Raises BadParameter for a wrong ending or a file that is one of the `others`."""
    endings = [path.suffix.lower() for path in given]
    if not set(endings) <= {".md", ".json"} or len(set(endings)) < len(endings):
        raise typer.BadParameter(
            "the file must end in .md for Markdown or .json for JSON, at most one of each", param_hint="--report"
        )
    taken = {path.resolve() for path in others if path is not None}
    for path in given:
        if path.resolve() in taken:  # overwriting the report it compares with would let the second try pass
            raise typer.BadParameter(
                f"this run already uses {path} for something else; name another file", param_hint="--report"
            )
    return given


def _check_writable(path: Path) -> None:
    """Raise UserFacingError now, not after a long run, if a file cannot be written."""
    there = path.exists()
    if there and not path.is_file() and not path.is_dir():
        return  # opening and closing a pipe would end it for its reader
    try:
        path.open("a").close()
        if not there:
            path.unlink()
    except OSError as error:
        raise UserFacingError(f"{path} cannot be written ({error.strerror}); name another file") from error


def _write_text(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8", errors="replace")  # lone surrogates, which JSON may hold
    except OSError as error:
        raise UserFacingError(f"{path} cannot be written ({error.strerror}); name another file") from error


def _print_figures(made: "Report") -> None:
    from article_assistant.evaluation.markdown import figure_text, interval
    from rich.table import Table

    def show(title: str, headings: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> None:
        table = Table(title=title, title_justify="left")
        for heading in headings:
            table.add_column(heading, justify="left" if heading in {"figure", "cause", "verdict"} else "right")
        for row in rows:
            table.add_row(*row)
        out.print(table)

    show(
        count(len(made["questions"]), "question"),
        ("figure", "value", "95 % interval", "of"),
        (
            (name, figure_text(name, f["value"]), interval(name, f["low"], f["high"]), f"{f['of']:,}")
            for name, f in made["figures"].items()
        ),
    )
    show("Outcomes", ("cause", "questions"), ((name, f"{n:,}") for name, n in made["causes"].items()))
    if "comparison" not in made:
        return
    comparison = made["comparison"]
    show(
        f"Compared with {escape(comparison['earlier']['made'])}: {count(comparison['both'], 'question')} in both",
        ("figure", "then", "now", "95 % interval of the difference", "verdict"),
        (
            (
                name,
                figure_text(name, f["earlier"]),
                figure_text(name, f["now"]),
                interval(name, f["low"], f["high"], "+"),
                f["verdict"],
            )
            for name, f in comparison["figures"].items()
        ),
    )
    for way in ("worse", "better"):
        if comparison[way]:
            out.print(f"{count(len(comparison[way]), 'question')} got {way}:")
        for row in comparison[way][:SHOWN]:
            out.print(f"  {escape(row['question'])}: {', '.join(row['figures'])}")
        if len(comparison[way]) > SHOWN:
            out.print(f"  … and {len(comparison[way]) - SHOWN:,} more; --report lists all")
