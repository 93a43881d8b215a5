"""Words are data: each file has a version and the fields it must have."""

import string
from pathlib import Path

import pytest
from article_assistant import prompts
from article_assistant.prompts import PromptError


@pytest.mark.parametrize("name", sorted(prompts.FIELDS))
def test_the_words_that_are_shipped_load(name: str) -> None:
    """Every file of words fills with its fields, the values stand in the result as they are, and it has a version."""
    text = prompts.load_prompt(name)
    values = {field: f"{{{field}}} <b>" for field in prompts.FIELDS[name]}
    for value in values.values():
        assert value in text.format(**values)
    assert prompts.version(name) >= 1
    assert "version:" not in text


def test_every_file_is_known() -> None:
    """No file of words lies about that nothing loads."""
    assert {path.stem for path in prompts.FOLDER.glob("*.txt")} == set(prompts.FIELDS)
    prompts.check(prompts.FOLDER)


def test_a_folder_of_ones_own_takes_the_place_of_what_it_has(tmp_path: Path) -> None:
    """A team's file is used instead of ours, with its own version; what it leaves out is ours."""
    (tmp_path / "write.txt").write_text("version: 7\nBe brief.")
    prompts.check(tmp_path)
    assert (prompts.load_prompt("write", tmp_path), prompts.version("write", tmp_path)) == ("Be brief.", 7)
    assert prompts.load_prompt("restate", tmp_path) == prompts.load_prompt("restate")


def test_a_folder_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """No folder, or a file of a name that nothing reads (a slip of the pen): refused by name."""
    with pytest.raises(PromptError, match="nowhere"):
        prompts.check(tmp_path / "nowhere")
    (tmp_path / "wirte.txt").write_text("version: 1\nBe brief.")
    with pytest.raises(PromptError, match=r"wirte\.txt"):
        prompts.check(tmp_path)


@pytest.mark.parametrize("content", ["no field", "{asked} {other}", "{asked} {}", "{asked", "asked}"])
def test_a_file_with_other_fields_is_refused(tmp_path: Path, content: str) -> None:
    """Missing, unknown, nameless or broken fields: refused at load, with the file's name."""
    (tmp_path / "refused_empty.txt").write_text(f"version: 1\n{content}")
    with pytest.raises(PromptError, match=r"refused_empty\.txt"):
        prompts.load_prompt("refused_empty", tmp_path)


@pytest.mark.parametrize("content", [b"{asked}", b"version: \n{asked}", b"version: 1\n{asked} caf\xe9"])
def test_a_file_without_version_or_utf8_is_refused(tmp_path: Path, content: bytes) -> None:
    """No version in the first line, or no UTF-8: refused with the file's name."""
    (tmp_path / "refused_empty.txt").write_bytes(content)
    with pytest.raises(PromptError, match=r"refused_empty\.txt"):
        prompts.load_prompt("refused_empty", tmp_path)


def test_no_field_reaches_into_an_object() -> None:
    """The shipped words use plain names only, so that nothing but the value can be written."""
    for path in prompts.FOLDER.glob("*.txt"):
        for _, field, spec, conversion in string.Formatter().parse(path.read_text()):
            assert field is None or field.isidentifier()
            assert not spec
            assert conversion is None
