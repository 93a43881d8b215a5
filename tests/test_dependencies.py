"""What the product needs: each with a lower bound, tested together, and under a licence that any team can live with."""

import re
import tomllib
from collections.abc import Iterable, Iterator
from email.message import Message
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
EXTRAS = ("ollama", "anthropic", "openai-like", "mcp")
"""What users may install besides; `dev` and `train` are for those who work on the project."""

PERMISSIVE = re.compile(
    r"""(?:the\ )? (?: MIT (?:-0|-CMU)? | (?:[23]-Clause\ )? BSD (?:-[23]-Clause)? | 0BSD | ISC | Zlib | CC0-1\.0
    | BSL-1\.0 | Apache (?:-2\.0|\ 2\.0|\ Software)? (?:\ WITH\ LLVM-exception)? | PSF-2\.0 | PSFL
    | Python\ Software\ Foundation | Public\ Domain | CNRI-Python | Academic\ Free )
    (?:\ License)? (?:,?\ (?:Version\ )?2\.0)? (?:\ \((?:ISCL|AFL)\))?""",
    re.VERBOSE | re.IGNORECASE,
)
FILES = "copyleft by file: whoever changes its files passes these on; nothing beside them is touched"
JUDGED = {
    "certifi": ("Mozilla Public License 2.0 (MPL 2.0)", FILES),
    "orjson": ("MPL-2.0", FILES),
    "tqdm": ("MPL-2.0", FILES),
    "pypdfium2": (
        "dependency licenses",
        "PDFium and what it holds: BSD, Apache, MIT and the like",
    ),
    "docutils": (
        "GNU General Public License (GPL)",
        "public domain and BSD but for an Emacs mode, which is no part of the package that is installed",
    ),
    "dulwich": ("GPL-2.0-or-later", "Apache-2.0 may be chosen instead, and is"),
}
"""Packages whose licence is none of the permissive ones in part: that part, and why the package is accepted."""


def test_every_dependency_has_a_lower_bound() -> None:
    """Each dependency says from which version on it works, and the versions tested together are not below."""
    pinned = {
        canonicalize_name(name): Version(version)
        for name, version in re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), re.MULTILINE)
    }
    wanted = [*PROJECT["dependencies"], *(one for extra in PROJECT["optional-dependencies"].values() for one in extra)]
    assert len(wanted) > 30
    for requirement in map(Requirement, wanted):
        assert ">=" in {bound.operator for bound in requirement.specifier}, requirement
        assert pinned[canonicalize_name(requirement.name)] in requirement.specifier, requirement


def needed() -> dict[str, metadata.Distribution]:
    """Each package that the product needs at run time here, with those that these need in turn."""
    found: dict[str, metadata.Distribution] = {}
    seen: set[tuple[str, str]] = set()

    def walk(requirements: Iterable[str], extra: str) -> None:
        for requirement in map(Requirement, requirements):
            if requirement.marker and not requirement.marker.evaluate({"extra": extra}):
                continue
            name = canonicalize_name(requirement.name)
            for its_extra in ("", *requirement.extras):
                if (name, its_extra) not in seen:
                    seen.add((name, its_extra))
                    found[name] = metadata.distribution(name)
                    walk(found[name].requires or [], its_extra)

    walk(PROJECT["dependencies"], "")
    for extra in EXTRAS:
        walk(PROJECT["optional-dependencies"][extra], "")
    return found


def licences(facts: Message) -> Iterator[str]:
    """What a package says of its licence: the expression, else the classifiers, else the field of one line."""
    told = facts.get("License-Expression")
    named = [one.split(" :: ")[-1] for one in facts.get_all("Classifier", []) if one.startswith("License :: ")]
    named = [one for one in named if one != "OSI Approved"]
    text = (facts.get("License") or "").strip()
    line = text.partition("\n")[0].strip()  # of a whole text, the title
    if told is None and named:
        # A text tells of what is bundled too; a name must not say otherwise than the classifiers.
        yield from [*named, line] if line == text and re.search(r"GPL|General Public|Affero", line) else named
    else:
        for part in re.split(r" AND | OR |, (?!version)", told or line, flags=re.IGNORECASE):
            yield part.strip(" ()")


def unusual(facts: Message) -> set[str]:
    """The licences of a package that are no permissive ones; what is not told is "unknown"."""
    return {licence or "unknown" for licence in licences(facts) if not PERMISSIVE.fullmatch(licence)}


@pytest.mark.torch
def test_no_dependency_asks_for_more_than_a_notice() -> None:
    """Every package that is needed has a permissive licence, or is judged one by one; none is GPL or AGPL."""
    packages = needed()
    assert len(packages) > 120
    odd = {name: found for name, package in packages.items() if (found := unusual(package.metadata))}  # type: ignore[arg-type]
    assert odd == {name: {licence} for name, (licence, _) in JUDGED.items()}
    page = (ROOT / "docs" / "installing.md").read_text(encoding="utf-8")
    for name in JUDGED:
        assert re.search(rf"^\| {name} \|", page, re.MULTILINE), name


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"License-Expression": "MIT"}, set()),
        ({"License-Expression": "Apache-2.0 OR BSD-2-Clause"}, set()),
        ({"License-Expression": "MPL-2.0 AND (Apache-2.0 OR MIT)"}, {"MPL-2.0"}),
        ({"License-Expression": "GPL-3.0-or-later"}, {"GPL-3.0-or-later"}),
        ({"License-Expression": "AGPL-3.0-only", "License": "MIT"}, {"AGPL-3.0-only"}),
        ({"License": "LGPLv3+"}, {"LGPLv3+"}),
        ({"License": "GPL", "Classifier": "License :: OSI Approved :: MIT License"}, {"GPL"}),
        ({"Classifier": "License :: OSI Approved :: GNU Affero General Public License v3"},
         {"GNU Affero General Public License v3"}),
        ({"Classifier": "License :: OSI Approved"}, {"unknown"}),
        ({}, {"unknown"}),
    ],
)  # fmt: skip
def test_a_licence_is_told_from_others(told: dict[str, str], expected: set[str]) -> None:
    """A permissive licence passes however it is told; any other, and none, is named."""
    facts = Message()
    for field, value in told.items():
        facts[field] = value
    assert unusual(facts) == expected
