"""The words that the assistant says itself, as data: one text file each, with named fields in braces."""

from pathlib import Path
from string import Formatter

FOLDER = Path(__file__).parent


class PromptError(ValueError):
    """A file of words that is missing, or whose fields are not the ones it must have."""


def load(name: str, *fields: str, folder: Path = FOLDER) -> str:
    """The text of `name`.txt, to be filled with `.format(…)`.

    Raises PromptError where the file is not there, or names other fields than `fields`.

    >>> load("refused", "asked", "nearest").format(asked="“wages”", nearest="Leave policy")
    'The articles don’t answer this. I looked for “wages”. Nearest to it: Leave policy.'
    """
    path = folder / f"{name}.txt"
    try:
        text = path.read_text(encoding="utf-8").strip()
        found = {field for _, field, _, _ in Formatter().parse(text) if field is not None}
    except (OSError, ValueError) as error:
        raise PromptError(f"{path} cannot be used: {error}") from error
    if found != set(fields):
        raise PromptError(f"{path} has the fields {sorted(found)}, it must have {sorted(fields)}")
    return text
