"""Words are data: each file has the fields it must have."""

import string
from pathlib import Path

import pytest

import prompts
from prompts import PromptError


@pytest.mark.parametrize(("name", "fields"), [("refused", ("asked", "nearest")), ("refused_empty", ("asked",))])
def test_the_words_that_are_shipped_load(name: str, fields: tuple[str, ...]) -> None:
    """Every file of words fills with its fields, and the values stand in the result as they are."""
    text = prompts.load(name, *fields)
    values = {field: f"{{{field}}} <b>" for field in fields}
    for value in values.values():
        assert value in text.format(**values)


def test_every_file_is_tested_here() -> None:
    """A new file of words is listed above."""
    assert {path.stem for path in prompts.FOLDER.glob("*.txt")} == {"refused", "refused_empty"}


@pytest.mark.parametrize("content", ["no field", "{asked} {other}", "{asked} {}", "{asked", "asked}"])
def test_a_file_with_other_fields_is_refused(tmp_path: Path, content: str) -> None:
    """Missing, unknown, nameless or broken fields: refused at load, with the file's name."""
    (tmp_path / "mine.txt").write_text(content)
    with pytest.raises(PromptError, match=r"mine\.txt"):
        prompts.load("mine", "asked", folder=tmp_path)


def test_a_missing_or_unreadable_file_is_refused(tmp_path: Path) -> None:
    """Not there, or no UTF-8: refused with the file's name."""
    (tmp_path / "latin.txt").write_bytes(b"{asked} caf\xe9")
    for name in ("latin", "missing"):
        with pytest.raises(PromptError, match=name):
            prompts.load(name, "asked", folder=tmp_path)


def test_no_field_reaches_into_an_object() -> None:
    """The shipped words use plain names only, so that nothing but the value can be written."""
    for path in prompts.FOLDER.glob("*.txt"):
        for _, field, spec, conversion in string.Formatter().parse(path.read_text()):
            assert field is None or field.isidentifier()
            assert not spec
            assert conversion is None
