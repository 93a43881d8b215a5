"""Settings: read once, frozen, each wrong one named in one line."""

from pathlib import Path

import pytest
from article_assistant.settings import SETTINGS_FILE, Settings, SettingsError
from pydantic import ValidationError


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without settings, and an environment without them."""
    import os

    for name in [name for name in os.environ if name.startswith("ASSISTANT_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_command_line_wins_then_environment_then_file_then_default(
    elsewhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each source gives way to the one before it."""
    assert Settings.read().port == 7860
    (elsewhere / SETTINGS_FILE).write_text('port = 1111\nname = "Ours"\n')
    assert (Settings.read().port, Settings.read().name) == (1111, "Ours")
    monkeypatch.setenv("ASSISTANT_PORT", "2222")
    assert (Settings.read().port, Settings.read().name) == (2222, "Ours")
    assert Settings.read(port=3333).port == 3333
    assert Settings.read(port=None).port == 2222


def test_settings_are_frozen() -> None:
    """Nothing changes them once they are read."""
    with pytest.raises(ValidationError, match="frozen"):
        Settings.read().port = 1


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"port": 0}, "port"), ({"port": "many"}, "port"), ({"threads": -1}, "threads"),
        ({"max_file_mb": 0}, "max_file_mb"), ({"password": "short"}, "password"), ({"prot": 1}, "prot"),
        ({"embed_origins": ["https://a.org/"]}, "embed_origins"), ({"embed_origins": ["*"]}, "embed_origins"),
        ({"embed_origins": ["https://a.org; x"]}, "embed_origins"), ({"name": "x" * 61}, "name"),
        ({"vectors": "127.0.0.1:8000"}, "vectors"), ({"vectors": "ftp://a.org"}, "vectors"),
        ({"vectors": "https://"}, "vectors"), ({"vectors": "https://me:secret@a.org"}, "vectors"),
        ({"vectors": "https://a.org?token=secret"}, "vectors"), ({"vectors": "http://[::1"}, "vectors"),
        ({"vectors": "https://a.org:many"}, "vectors"),
        ({"vectors_token": "two\nlines"}, "vectors_token"), ({"vectors_tenant": ""}, "vectors_tenant"),
        ({"vectors": "http://a.org", "vectors_token": "secret"}, "vectors_token"),
    ],
)  # fmt: skip
def test_a_value_that_cannot_be_is_named_in_one_line(given: dict[str, object], name: str) -> None:
    """The line names the setting and where it may be set."""
    with pytest.raises(SettingsError, match=f"the setting {name} is not usable.*ASSISTANT_{name.upper()}") as caught:
        Settings.read(**given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", ["prot = 1", "port = ", "port = 'x'", "[port]\na = 1", "\xff"])
def test_a_wrong_file_is_named_in_one_line(elsewhere: Path, content: str) -> None:
    """An unknown name, a wrong value, or no TOML at all: one line that names the file."""
    (elsewhere / SETTINGS_FILE).write_text(content, encoding="latin-1")
    with pytest.raises(SettingsError, match=SETTINGS_FILE) as caught:
        Settings.read()
    assert "\n" not in str(caught.value)


def test_a_wrong_variable_is_named_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A list that is no JSON is named like any other wrong value."""
    monkeypatch.setenv("ASSISTANT_EMBED_ORIGINS", "https://wiki.example.org")
    with pytest.raises(SettingsError, match="embed_origins") as caught:
        Settings.read()
    assert "\n" not in str(caught.value)


def test_a_list_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Origins come as JSON, and several are kept in their order."""
    monkeypatch.setenv("ASSISTANT_EMBED_ORIGINS", '["https://a.example.org", "http://b.example.org:8080"]')
    assert Settings.read().embed_origins == ("https://a.example.org", "http://b.example.org:8080")


@pytest.mark.parametrize(
    "address", ["", "http://127.0.0.1:8000", "http://localhost:8000", "http://[::1]:8000", "https://a.org/chroma"]
)
def test_a_token_goes_to_this_machine_or_over_tls(address: str) -> None:
    """Where nobody in between can read it, a token may be set."""
    settings = Settings.read(vectors=address, vectors_token="secret")
    assert settings.vectors == address


LONG, SHORT = "long enough", "shrt-pw"


def test_a_password_is_not_shown() -> None:
    """Printing the settings, or an error about the password, gives nothing of it away; nor of a token."""
    assert LONG not in repr(Settings.read(password=LONG, vectors_token=LONG))
    with pytest.raises(SettingsError) as caught:
        Settings.read(password=SHORT)
    assert SHORT not in str(caught.value)
