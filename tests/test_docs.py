"""README, docs/ and what stands beside them name what there is, each thing on its page, and nothing else."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest
from article_assistant.cli import main as cli
from article_assistant.settings import Settings
from article_assistant.web import routes
from lxml import html

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((ROOT / "docs").glob("*.md"))}
BESIDE = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("CONTRIBUTING.md", "SECURITY.md")}
EVERYTHING = {"README.md": README} | BESIDE | PAGES
CODE = "\n".join(re.findall(r"```.*?```|`[^`\n]+`", "\n".join(EVERYTHING.values()), re.DOTALL))
"""What stands as code, in a line or in a block, in any page."""


def commands() -> set[str]:
    """The commands of the program, as they are typed behind `assistant`."""
    there = {command.name or command.callback.__name__ for command in cli.app.registered_commands if command.callback}
    for group in cli.app.registered_groups:
        assert group.typer_instance
        for command in group.typer_instance.registered_commands:
            assert command.callback
            there.add(f"{group.name} {command.name or command.callback.__name__}")
    return there


def test_every_command_has_its_line_and_no_other() -> None:
    """The table of the page of commands has the commands of the program."""
    named = re.findall(r"^\| `assistant ([a-z]+(?: [a-z]+)?)", PAGES["commands.md"], re.MULTILINE)
    assert sorted(named) == sorted(commands())


def test_no_page_types_an_unknown_command() -> None:
    """Each `assistant …` that a page shows is a command."""
    typed = re.findall(r"(?:^|[`(]|\d )assistant ([a-z]+(?: (?:new|list|remove)\b)?)", CODE, re.MULTILINE)
    assert len(typed) > 20
    assert set(typed) <= commands()


def test_every_setting_has_its_line_and_no_other() -> None:
    """The table of the page of settings has the settings of the program."""
    named = re.findall(r"^\| `(\w+)` \|", PAGES["settings.md"], re.MULTILINE)
    assert sorted(named) == sorted(Settings.model_fields)


def test_every_variable_is_a_setting() -> None:
    """Each `ASSISTANT_…` that a page names sets something; ASSISTANT_SHARED is the tests' own."""
    named = set(re.findall(r"\bASSISTANT_([A-Z_]+)", CODE)) - {"SHARED"}
    assert len(named) > 5
    assert {name.lower() for name in named} <= set(Settings.model_fields)


def test_every_door_of_programs_has_its_line_and_no_other() -> None:
    """The table of doors has what a key opens: method and path, as the gate lets them in."""
    doors = re.findall(r"^\| `([A-Z]+) (/\S+)` \|", PAGES["programs.md"], re.MULTILINE)
    opened = [
        (method, re.sub(r"\{(\w+):\w+\}", r"{\1}", address.path))
        for address in routes.ROUTES
        for method in address.methods - {"HEAD"}
        if address.opens == "key"
    ]
    assert sorted(doors) == sorted(opened)


def modules() -> list[str]:
    """Every module of the product, as a path from the clone's root."""
    found = [path for folder in ("index", "assistant") for path in (ROOT / folder).rglob("*.py")]
    return [path.relative_to(ROOT).as_posix() for path in found if path.name != "__init__.py"]


def reading_order() -> list[str]:
    """The modules in the order of the page of the architecture."""
    return re.findall(r"^\| `((?:index|assistant)/[\w/]+\.py)` \|", PAGES["architecture.md"], re.MULTILINE)


def test_every_module_has_its_line_and_no_other() -> None:
    """The page of the architecture has every module of the product, those of index/ first."""
    named = reading_order()
    assert sorted(named) == sorted(modules())
    assert [name.split("/")[0] for name in named] == sorted((name.split("/")[0] for name in named), reverse=True)


def test_every_module_is_read_after_what_it_imports() -> None:
    """In reading order, a module of the product comes after the modules that it imports."""
    order = reading_order()
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


def test_the_journeys_pass_what_there_is() -> None:
    """Modules and names of the two journeys exist."""
    journeys = PAGES["architecture.md"].split("## The two journeys")[1].split("\n## ")[0]
    source = "\n".join((ROOT / name).read_text(encoding="utf-8") for name in modules())
    named = re.findall(r"`([\w.]+)`", journeys)
    assert len(named) > 15
    rooms = {path.name for folder in ("index", "assistant") for path in (ROOT / folder).rglob("*") if path.is_dir()}
    known = {Path(name).stem for name in modules()} | rooms | {"index"}
    for name in {part for dotted in named for part in dotted.split(".")}:
        assert name in known or re.search(rf"^\s*(?:async )?(?:def|class) {name}\b", source, re.MULTILINE), name


def test_what_the_pages_name_is_there() -> None:
    """Pictures, files, folders, make targets and modules to run that a page names exist."""
    for name, text in EVERYTHING.items():
        folder = (ROOT / "docs" / name).parent if name in PAGES else ROOT
        for path in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
            assert (folder / path).is_file(), f"{name}: {path}"
    targets = set(re.findall(r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    made = set(re.findall(r"(?:^|`)make (\w+)", CODE, re.MULTILINE))
    assert {"chat", "test", "docs"} <= made <= targets
    run = re.findall(r"python -m ((?:bench|training|tests\.durability)\.\w+)", CODE)
    assert len(run) > 8
    for module in run:
        assert (ROOT / f"{module.replace('.', '/')}.py").is_file(), module
    there = re.findall(r"`((?:assistant|index|prompts|seeds|bench|training|tests|docs|\.ci)/[\w./-]*)`", CODE)
    assert len(there) > 60
    for path in there:
        assert (ROOT / path).exists(), path


def test_the_readme_is_short_and_leads_to_every_page() -> None:
    """The README has at most 9 KB; it and the first page of the documentation link to every other page."""
    assert len(README.encode()) <= 9_000
    others = sorted(set(PAGES) - {"index.md"})
    for text, prefix in ((README, "docs/"), (PAGES["index.md"], "")):
        assert sorted(re.findall(rf"^\| \[[^]]+\]\({prefix}([\w-]+\.md)\)", text, re.MULTILINE)) == others


def test_the_readme_tells_the_figures_of_the_pages() -> None:
    """A figure of the README's table stands in the page of quality as well."""
    table = README.split("## How good it is")[1].split("\n## ")[0]
    figures = re.findall(r"0\.\d+(?: ± 0\.\d+)?", table)
    assert len(figures) == 14
    for figure in figures:
        assert figure in PAGES["quality.md"], figure


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The pages, built as `make docs` builds them."""
    place = tmp_path_factory.mktemp("site")
    # --quiet would keep the warnings from being counted
    command = [sys.executable, "-m", "properdocs", "build", "--strict", "--site-dir", str(place)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return place


def test_every_page_is_in_the_site(site: Path) -> None:
    """The documentation builds without a warning (no link, anchor or picture leads nowhere), and holds each page."""
    for name in PAGES:
        page = site / name.removesuffix(".md") / "index.html" if name != "index.md" else site / "index.html"
        assert html.parse(page).find(".//h1") is not None, name


def test_the_site_fetches_nothing_from_outside(site: Path) -> None:
    """Scripts, styles, fonts and pictures of the pages come from the site itself."""
    seen = 0
    for page in site.rglob("*.html"):
        for element in html.parse(page).iter():
            if isinstance(element.tag, str) and element.tag != "a":
                for address in (element.get("src"), element.get("href")):
                    if address is not None:
                        seen += 1
                        assert not re.match(r"(?:[a-z]+:)?//", address), f"{page}: {address}"
    assert seen > 100
    for style in site.rglob("*.css"):
        assert not re.search(r"(?:url\(|@import)\s*[\"']?(?:https?:)?//", style.read_text(encoding="utf-8")), style


def test_no_placeholder_is_left() -> None:
    """Nothing waits to be filled in."""
    for name, text in EVERYTHING.items():
        assert not re.findall(r"^[A-Z_]{5,}$|\bTODO\b|\bTBD\b", text, re.MULTILINE), name
