"""The layers hold: nobody reads upwards, and nothing hides in a package's `__init__`."""

import ast
import subprocess
import sys
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
    named = (ROOT / "pyproject.toml").read_text()
    for path in [*ROOT.glob("assistant/*.py"), *ROOT.glob("index/*.py")]:
        if path.stem != "__init__":
            assert f"{path.parent.name}.{path.stem}" in named, f"{path.name} is in no layer"


def test_a_package_itself_holds_nothing() -> None:
    """`assistant/__init__.py` and `index/__init__.py` hold a docstring, and nobody imports from them."""
    for package in ("assistant", "index"):
        (only,) = ast.parse((ROOT / package / "__init__.py").read_text()).body
        assert isinstance(only, ast.Expr)
        modules = {path.stem for path in (ROOT / package).glob("*.py")}
        for path in [*ROOT.glob("assistant/*.py"), *ROOT.glob("index/*.py")]:
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.ImportFrom) and node.module == package:
                    assert {name.name for name in node.names} <= modules, path
                assert not (isinstance(node, ast.Import) and any(name.name == package for name in node.names)), path
