"""The README stays true: it names what there is, and nothing that there is not."""

import ast
import re
from pathlib import Path

from article_assistant.cli import main as cli
from article_assistant.settings import Settings

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


def modules() -> list[str]:
    """Every module of the product, as a path from the clone's root."""
    found = [path for folder in ("index", "assistant") for path in (ROOT / folder).rglob("*.py")]
    return [path.relative_to(ROOT).as_posix() for path in found if path.name != "__init__.py"]


def test_every_module_is_in_the_readme_and_no_other() -> None:
    """The list of the code has every module of the product, those of index/ first."""
    named = re.findall(r"^\| `((?:index|assistant)/[\w/]+\.py)` \|", README, re.MULTILINE)
    assert sorted(named) == sorted(modules())
    assert [name.split("/")[0] for name in named] == sorted((name.split("/")[0] for name in named), reverse=True)


def test_every_module_is_read_after_what_it_imports() -> None:
    """In reading order, a module of the product comes after the modules that it imports."""
    order = re.findall(r"^\| `((?:index|assistant)/[\w/]+\.py)` \|", README, re.MULTILINE)
    seen = 0
    for place, name in enumerate(order):
        for node in ast.parse((ROOT / name).read_text(encoding="utf-8")).body:
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("article_assistant"):
                for path in imported(node):
                    seen += 1
                    assert order.index(path) < place, f"{name} imports {path}"
    assert seen > len(order)


def imported(node: ast.ImportFrom) -> list[str]:
    """The modules of the product that a statement imports, as paths."""
    parts = (node.module or "").split(".")[1:]
    folder = ROOT.joinpath(*(parts if parts[:1] in (["index"], ["prompts"]) else ["assistant", *parts]))
    paths = [folder.with_suffix(".py"), *(folder / f"{name.name}.py" for name in node.names)]
    return [path.relative_to(ROOT).as_posix() for path in paths if path.is_file()]


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
