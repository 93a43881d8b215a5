"""The terminal's manners: something to see at once, mistakes before any work, bars that can be read."""

import io
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
from article_assistant.cli import console, main
from article_assistant.index.sync import Progress
from rich.console import Console
from typer.testing import CliRunner

run = CliRunner().invoke


@pytest.fixture
def taken() -> Iterator[int]:
    """A port at which something else listens."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        yield int(other.getsockname()[1])


@pytest.mark.parametrize("command", ["chat", "serve"])
def test_a_port_in_use_is_said_before_any_work(tmp_path: Path, taken: int, command: str) -> None:
    """Nothing is indexed, opened or made; the line says what to type."""
    (tmp_path / "docs").mkdir()
    given = [str(tmp_path / "docs")] if command == "chat" else []
    ended = run(main.app, [command, *given, "--port", str(taken), "--home", str(tmp_path / "home")])
    assert f"port {taken} is in use; type: assistant serve --port {taken + 1}" in str(ended.exception)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("command", ["chat", "index"])
def test_a_missing_folder_is_said_before_any_work(tmp_path: Path, command: str) -> None:
    """One of several that is not there is named, and the others are not begun with."""
    (tmp_path / "docs").mkdir()
    given = [str(tmp_path / "docs"), str(tmp_path / "gone")]
    ended = run(main.app, [command, *given, "--home", str(tmp_path / "home")])
    assert f"{tmp_path / 'gone'} cannot be read (No such file or directory)" in str(ended.exception)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_command_says_at_once_that_it_is_at_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    """On a terminal the first line comes before settings and library; elsewhere nothing is added to the output."""
    said = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=said, force_terminal=terminal, width=80))
    run(main.app, ["unanswered", "--home", str(tmp_path)])
    assert ("Opening the library…" in said.getvalue()) == terminal


def test_a_bar_can_be_read_at_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is done, how far it is and how long it takes stand whole in one line; only the name of the file is cut."""
    said = io.StringIO()
    monkeypatch.setattr(console, "err", Console(file=said, force_terminal=True, width=80, color_system=None))
    with console.indexing(quiet=False) as progress:
        progress(Progress(1, 14, 9_500, 19_000, 5, "docs/a very long folder/with a very long name of a file.md"))
    bars = [line for line in said.getvalue().replace("\r", "\n").split("\n") if "Indexing" in line]
    assert bars
    assert "1 of 14 articles" in bars[-1]
    assert " left, docs" in bars[-1]
    assert "━" * 7 in bars[-1]
    assert all(len(line.replace("\x1b[2K", "")) <= 80 for line in bars)
