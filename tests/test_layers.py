"""The layers hold: nobody reads upwards, and nothing hides in a room's `__init__`."""

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def test_the_layers_hold() -> None:
    """Import-linter's contract is kept, and it names every module."""
    found = subprocess.run(
        [Path(sys.executable).parent / "lint-imports", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr
    assert "KEPT" in found.stdout


def test_every_module_lies_in_a_layer() -> None:
    """Each entry of `assistant/`, and `index` and `prompts`, stands in exactly one layer of the contract."""
    contract = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"][0]
    layers = [name.strip() for layer in contract["layers"] for name in layer.split("|")]
    there = {path.stem for path in (ROOT / "assistant").iterdir() if path.suffix == ".py" or has_modules(path)}
    assert sorted(layers) == sorted(there - {"__init__"} | {"index", "prompts"})


def test_the_product_says_its_own_name() -> None:
    """Every import of the product begins with `article_assistant`; a checkout would resolve the folders' names too."""
    for folder in ("assistant", "index", "prompts", "tests", "bench", "training"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
                names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
                assert not {name.split(".")[0] for name in names} & {"assistant", "index", "prompts"}, path


def test_a_room_itself_holds_nothing() -> None:
    """The `__init__` of a room holds a docstring, and everybody imports from its modules."""
    rooms = [ROOT / "index", *(path for path in ROOT.glob("assistant/*") if has_modules(path)), ROOT / "index/reading"]
    for room in rooms:
        (only,) = ast.parse((room / "__init__.py").read_text()).body
        assert isinstance(only, ast.Expr)


def has_modules(path: Path) -> bool:
    """Whether this is a folder of modules."""
    return (path / "__init__.py").is_file()
