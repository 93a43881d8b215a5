"""The README stays true: it names what there is, and nothing that there is not."""

import re
from pathlib import Path

from assistant import cli
from assistant.settings import Settings

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_command_is_in_the_readme_and_no_other() -> None:
    """The README's table of commands has the commands of the program."""
    named = set(re.findall(r"^\| `assistant ([a-z]+(?: [a-z]+)?)", README, re.MULTILINE))
    there = {command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    for group in cli.app.registered_groups:
        assert group.typer_instance
        for command in group.typer_instance.registered_commands:
            assert command.callback
            there.add(f"{group.name} {command.name or command.callback.__name__}")
    assert named == there


def test_every_setting_is_in_the_readme_and_no_other() -> None:
    """The README's table of settings has the settings of the program."""
    table = README.split("## Settings")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(Settings.model_fields)


def test_every_module_is_in_the_readme_and_no_other() -> None:
    """The README's list of the code has every module of the two packages, those of index/ first."""
    named = re.findall(r"^\| `((?:index|assistant)/\w+\.py)` \|", README, re.MULTILINE)
    there = [f"{folder}/{path.name}" for folder in ("index", "assistant") for path in (ROOT / folder).glob("*.py")]
    assert set(named) == {name for name in there if not name.endswith("__init__.py")}
    assert [name.split("/")[0] for name in named] == sorted((name.split("/")[0] for name in named), reverse=True)


def test_every_module_is_read_after_what_it_imports() -> None:
    """In reading order, a module of the product comes after the modules that it imports."""
    order = re.findall(r"^\| `((?:index|assistant)/\w+)\.py` \|", README, re.MULTILINE)
    for place, name in enumerate(order):
        source = (ROOT / f"{name}.py").read_text(encoding="utf-8")
        imported = re.findall(r"^from (index|assistant)\.(\w+) import", source, re.MULTILINE)
        imported += [
            (package, module.strip())
            for package, modules in re.findall(r"^from (index|assistant) import ([\w, ]+)$", source, re.MULTILINE)
            for module in modules.split(",")
        ]
        for package, module in imported:
            assert order.index(f"{package}/{module}") < place, f"{name} imports {package}/{module}"


def test_what_the_readme_shows_is_there() -> None:
    """Pictures, files and make targets that the README names exist."""
    for path in re.findall(r"!\[[^]]*\]\(([^)]+)\)", README):
        assert (ROOT / path).is_file(), path
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    assert set(re.findall(r"\bmake (chat|test|install|check|bench)\b", README)) <= targets
    for module in re.findall(r"python -m ((?:bench|training)\.\w+)", README):
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module


def test_no_placeholder_is_left() -> None:
    """Nothing in the README waits to be filled in."""
    assert not re.findall(r"^[A-Z_]{5,}$", README, re.MULTILINE)
