"""How large and how winding the product's code is: `python -m tests.house` prints it, `test_house` holds it.

Counted are the modules of `assistant/`, `index/` and `prompts/`, never tests, benchmarks or training. Names: what
is defined at the top level of more than one module; `log`, each module's logger, is one meaning and left out. Files
crossed: those of the product that the first question to an opened library runs through (`sys.setprofile`).
"""

import ast
import sys
import tempfile
import tomllib
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType

import article_assistant
from article_assistant import opening
from article_assistant.index import sync
from article_assistant.settings import Settings

ROOT = Path(__file__).parents[1]
FOLDERS = ("assistant", "index", "prompts")
LONG = 300
"""Lines beyond which a file counts as long."""


@dataclass(frozen=True, slots=True)
class House:
    """The figures; the values here are the most that is wanted of each."""

    rooms: int = 13
    """Modules and folders of code directly under `assistant/`."""
    crossed: int = 14
    """Files that a first question crosses."""
    names: int = 15
    """Top-level names that more than one module defines."""
    layers: int = 10
    """Layers in the import contract."""
    largest: int = 450
    """Lines of the largest file."""
    long: int = 6
    """Files of more than `LONG` lines."""
    lines: int = 11_800
    """Lines of the product."""
    readme: int = 9_216
    """Bytes of README.md."""


STANDS = House(crossed=16, lines=28_065)
"""Where more than wanted stands today: these may fall, and never grow."""


def modules() -> list[Path]:
    """Every module of the product."""
    return sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.py"))


def shared_names() -> dict[str, list[str]]:
    """Each top-level name that several modules define, with these modules' paths from the clone's root."""
    homes = defaultdict[str, set[str]](set)
    for path in modules():
        for name in _defined(ast.parse(path.read_text(encoding="utf-8")).body):
            if not name.startswith("__") and name != "log":
                homes[name].add(path.relative_to(ROOT).as_posix())
    return {name: sorted(paths) for name, paths in sorted(homes.items()) if len(paths) > 1}


def _defined(body: list[ast.stmt]) -> Iterator[str]:
    """The names that statements define."""
    for node in body:
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.name
            case ast.Assign(targets=targets):
                yield from (target.id for target in targets if isinstance(target, ast.Name))
            case ast.AnnAssign(target=ast.Name(id=name)):
                yield name


def crossed(home: Path) -> list[str]:
    """The files of the product, as paths from the clone's root, that a first question to a library runs through."""
    passed = set[Path]()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call":
            passed.add(Path(frame.f_code.co_filename))

    operator = article_assistant.User("operator", None)
    with article_assistant.open(home) as assistant:
        sys.setprofile(note)
        try:
            answer = assistant.answer("How many assailants were captured?", operator)
        finally:
            sys.setprofile(None)
    if not answer.answered:
        raise ValueError("the question that is traced was not answered")
    real = {path.resolve() for path in passed if path.suffix == ".py"}
    return [path.relative_to(ROOT).as_posix() for path in modules() if path.resolve() in real]


def layers() -> int:
    """Layers in the import contract of pyproject.toml."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    return max(len(contract.get("layers", [])) for contract in contracts)


def house(home: Path) -> House:
    """The figures of the code as it stands; `home` is a library that answers the traced question."""
    rooms = [path for path in (ROOT / "assistant").iterdir() if path.suffix == ".py" or any(path.glob("*.py"))]
    lines = [len(path.read_text(encoding="utf-8").splitlines()) for path in modules()]
    return House(
        rooms=len([path for path in rooms if path.name != "__init__.py"]),
        crossed=len(crossed(home)),
        names=len(shared_names()),
        layers=layers(),
        largest=max(lines),
        long=sum(count > LONG for count in lines),
        lines=sum(lines),
        readme=(ROOT / "README.md").stat().st_size,
    )


def sample(home: Path) -> None:
    """Put the news of `seeds/` into a new library."""
    with opening.open_index(Settings(home=home)) as index:
        sync.sync([str(ROOT / "seeds" / "news")], index, 10**8)


def main() -> None:
    """Print each figure beside the most that is wanted."""
    with tempfile.TemporaryDirectory(prefix="house-") as folder:
        sample(Path(folder))
        found = house(Path(folder))
        files = crossed(Path(folder))
    most = asdict(House())
    for name, value in asdict(found).items():
        sys.stdout.write(f"{name:8} {value:7,}  at most {most[name]:,}{'  <-' if value > most[name] else ''}\n")
    sys.stdout.write("\nA first question crosses " + ", ".join(files) + ".\n")
    for name, paths in shared_names().items():
        sys.stdout.write(f"{name}: {', '.join(paths)}\n")
    for path in modules():
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > LONG:
            sys.stdout.write(f"{path.relative_to(ROOT)}: {count} lines\n")


if __name__ == "__main__":
    main()
