"""Would the tests notice? Changes constants and branches of the product, one at a time, and runs the tests beside them.

A number is multiplied by three, or the condition of a branch is inverted (mutation testing: DeMillo, Lipton and
Sayward, Hints on Test Data Selection, 1978). The places are drawn by `--seed`. A change is caught when one of the
module's own tests fails, or does not end within three minutes; one that is not caught is printed as a line of code.
Nothing in the clone is touched: each change is made in a copy in a temporary folder.
"""

import argparse
import ast
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
MODULES = ("answering/extract", "answering/rank", "answering/cite", "answering/followup", "web/render")
"""What is changed where nothing is said: modules of `assistant/` whose thresholds decide what is answered and shown."""
COPIED = ("assistant", "index", "prompts", "tests", "bench", "training", "seeds", "pyproject.toml")
PATIENCE = 180.0
"""Seconds that the tests of one module may take beyond what they took unchanged; an endless loop is caught by it."""


@dataclass(frozen=True, slots=True)
class Change:
    """`[start, end)` in characters of a module's text, and what stands there instead."""

    module: str
    line: int
    start: int
    end: int
    instead: str

    def made(self, text: str) -> str:
        """The module's text with the change.

        >>> Change("m", 1, 4, 5, "9").made("a = 3")
        'a = 9'
        """
        return text[: self.start] + self.instead + text[self.end :]


def changes(module: str, text: str) -> Iterator[Change]:
    """Every change that can be made to a module's text, in its order.

    >>> [change.made("x = 2 if y else 0") for change in changes("m", "x = 2 if y else 0")]
    ['x = 6 if y else 0', 'x = 2 if not (y) else 0']
    """
    begins = [0]
    for line in text.splitlines(keepends=True):
        begins.append(begins[-1] + len(line))
    lines = text.splitlines()

    def place(line: int, column: int) -> int:
        # The tree counts columns in bytes.
        return begins[line - 1] + len(lines[line - 1].encode()[:column].decode())

    found = []
    for node in ast.walk(ast.parse(text)):
        target: ast.expr
        match node:
            case ast.Constant(value=int() | float() as value) if value and not isinstance(value, bool):
                target, instead = node, repr(value * 3)
            case ast.If(test=test) | ast.IfExp(test=test):
                target, instead = test, f"not ({ast.get_source_segment(text, test)})"
            case _:
                continue
        assert target.end_lineno is not None
        assert target.end_col_offset is not None
        start = place(target.lineno, target.col_offset)
        end = place(target.end_lineno, target.end_col_offset)
        found.append(Change(module, target.lineno, start, end, instead))
    yield from sorted(found, key=lambda change: (change.start, change.end))


def beside(module: str) -> list[str]:
    """The tests named after a module, or all of its room where none is, and the examples in it, as paths."""
    room, _, name = module.rpartition("/")
    named = sorted(ROOT.glob(f"tests/**/test_{name}.py")) or sorted((ROOT / "tests" / room).glob("test_*.py"))
    return [*(path.relative_to(ROOT).as_posix() for path in named), f"links/article_assistant/{module}.py"]


def passes(copy: Path, tests: list[str]) -> bool:
    """Whether tests pass in a copy of the clone."""
    places = os.pathsep.join([str(copy / "links"), str(copy)])
    try:
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests],
            cwd=copy,
            env={**os.environ, "PYTHONPATH": places, "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            check=False,
            timeout=PATIENCE,
        )
    except subprocess.TimeoutExpired:
        return False
    return done.returncode == 0


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, epilog="Takes 10 minutes for 30 changes on two cores.")
    parser.add_argument("modules", nargs="*", default=MODULES, metavar="ROOM/MODULE", help="modules of assistant/")
    parser.add_argument("--count", type=int, default=30, metavar="N", help="changes to make (default: 30)")
    parser.add_argument("--seed", type=int, default=0, help="which changes (default: 0)")
    given = parser.parse_args()
    texts = {module: (ROOT / "assistant" / f"{module}.py").read_text(encoding="utf-8") for module in given.modules}
    every = [change for module, text in texts.items() for change in changes(module, text)]
    drawn = random.Random(given.seed).sample(every, min(given.count, len(every)))
    missed = 0
    with tempfile.TemporaryDirectory(prefix="mutation-") as folder:
        copy = Path(folder)
        for name in COPIED:
            (shutil.copytree if (ROOT / name).is_dir() else shutil.copy)(ROOT / name, copy / name)
        (copy / "links" / "article_assistant").mkdir(parents=True)
        for entry in [*(copy / "assistant").iterdir(), copy / "index", copy / "prompts"]:
            (copy / "links" / "article_assistant" / entry.name).symlink_to(entry)
        for module in texts:
            if not passes(copy, beside(module)):
                sys.exit(f"the tests of {module} do not pass unchanged, or it has none: {beside(module)}")
        for number, change in enumerate(drawn, 1):
            text = texts[change.module]
            path = copy / "assistant" / f"{change.module}.py"
            path.write_text(change.made(text), encoding="utf-8")
            caught = not passes(copy, beside(change.module))
            path.write_text(text, encoding="utf-8")
            missed += not caught
            line = text.splitlines()[change.line - 1].strip()
            told = f"{text[change.start : change.end]} -> {change.instead}"
            sys.stdout.write(f"{number:3} {'caught' if caught else 'MISSED'}  {change.module}:{change.line}  {told}\n")
            if not caught:
                sys.stdout.write(f"            {line}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{len(drawn) - missed} of {len(drawn)} changes caught (seed {given.seed})\n")


if __name__ == "__main__":
    main()
