"""The words that the assistant says itself or sends to a language model, as data.

One text file each, with named fields in braces; its first line is its version. A team may have a folder of
its own, whose files take the place of those here.
"""

import re
from pathlib import Path
from string import Formatter

FOLDER = Path(__file__).parent
FIELDS = {
    "refused": {"asked", "nearest"},
    "refused_empty": {"asked"},
    "write": set[str](),
    "passages": {"passages", "question"},
    "passage": {"number", "title", "heading", "updated", "text"},
    "restate": {"turns", "question"},
    "turn": {"question", "answer"},
}
"""The fields that each file must have, no more and no fewer."""

_VERSION = re.compile(r"version: (\d{1,6})\n")


class PromptError(ValueError):
    """A file of words that is missing or unknown, has no version, or other fields than it must have."""


def load_prompt(name: str, folder: Path | None = None) -> str:
    """The text of `name`.txt, from `folder` where that has it, to be filled with `.format(…)`.

    Raises PromptError.

    >>> load_prompt("refused").format(asked="“wages”", nearest="Leave policy")
    'The articles don’t answer this. I looked for “wages”. Nearest to it: Leave policy.'
    """
    return _text(name, folder)[1]


def version(name: str, folder: Path | None = None) -> int:
    """The version of `name`.txt. Raises PromptError."""
    return _text(name, folder)[0]


def check(folder: Path) -> None:
    """Raises PromptError where a team's folder cannot be used: not there, or with a file that does not fit."""
    if not folder.is_dir():
        raise PromptError(f"there is no folder {folder} for prompts")
    for path in sorted(folder.glob("*.txt")):
        if path.stem not in FIELDS:
            raise PromptError(f"{path} is not among the prompts; there are {', '.join(sorted(FIELDS))}")
        load_prompt(path.stem, folder)


def _text(name: str, folder: Path | None) -> tuple[int, str]:
    own = folder / f"{name}.txt" if folder else None
    path = own if own and own.exists() else FOLDER / f"{name}.txt"
    try:
        text = path.read_text(encoding="utf-8")
        found = {field for _, field, _, _ in Formatter().parse(text) if field is not None}
    except (OSError, ValueError) as error:
        raise PromptError(f"{path} cannot be used: {error}") from error
    first = _VERSION.match(text)
    if not first:
        raise PromptError(f"{path} does not begin with a line like: version: 1")
    if found != FIELDS[name]:
        raise PromptError(f"{path} has the fields {sorted(found)}, it must have {sorted(FIELDS[name])}")
    return int(first[1]), text[first.end() :].strip()
