"""One setting becomes an LLM: the right one, with nothing of the environment in what it sends."""

import logging
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path

import pytest
from article_assistant.settings import Settings, SettingsError
from article_assistant.writing.providers import HEADERS_SENT, load_llm
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms.llm import LLM

from tests.provider import Provider, redirect, say, status

KEY = "sk-a-key-that-nobody-may-read"
ASKED = [ChatMessage(role="user", content="Who approves a trip?")]
NAMES = ["openai-like/m", "openai/gpt-4o", "ollama/m", "anthropic/claude-opus-4-1"]
OTHERS = {
    "OPENAI_API_KEY": "own-openai",
    "OPENAI_ADMIN_KEY": "own-admin",
    "OPENAI_ORG_ID": "own-organisation",
    "OPENAI_PROJECT_ID": "own-project",
    "OPENAI_CUSTOM_HEADERS": "Authorization: own-custom\nX-Custom: own-custom",
    "OPENAI_BASE_URL": "http://127.0.0.1:1/own",
    "OPENAI_API_BASE": "http://127.0.0.1:1/own",
    "ANTHROPIC_API_KEY": "own-anthropic",
    "ANTHROPIC_AUTH_TOKEN": "own-token",
    "ANTHROPIC_BASE_URL": "http://127.0.0.1:1/own",
    "ANTHROPIC_CUSTOM_HEADERS": "X-Custom: own-custom",
    "OLLAMA_API_KEY": "own-ollama",
    "OLLAMA_HOST": "http://127.0.0.1:1",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
}
"""What lies about in the environment of somebody who uses these packages for other things, too."""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without settings, and an environment full of keys for other things."""
    monkeypatch.chdir(tmp_path)
    for name in ("ASSISTANT_LLM_KEY", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name, value in OTHERS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def provider() -> Iterator[Provider]:
    with Provider() as provider:
        yield provider


def address(provider: Provider, llm: str) -> str:
    return provider.url if llm.startswith("openai") else provider.root


def text(llm: LLM) -> str:
    """What a stream says, as others of llama-index ask for it."""
    return "".join(response.delta or "" for response in llm.stream_chat(ASKED))


@pytest.mark.parametrize("llm", NAMES)
def test_nothing_of_the_environment_is_sent(llm: str, provider: Provider) -> None:
    """Only the headers that are needed leave, only our key, and only to the address that is set."""
    provider.play(say("Tobias Okonjo."))
    made = load_llm(Settings.read(llm=llm, llm_url=address(provider, llm), llm_key=KEY))
    assert text(made) == "Tobias Okonjo."
    (asked,) = provider.requests
    assert set(asked.headers) <= HEADERS_SENT
    assert [value for value in asked.headers.values() if KEY in value] in ([KEY], [f"Bearer {KEY}"])
    assert "own-" not in str(asked.headers) + asked.text
    assert asked.body["model"] == llm.split("/")[1]


@pytest.mark.parametrize("llm", NAMES)
def test_without_a_key_none_is_sent(llm: str, provider: Provider) -> None:
    """A server that asks for none gets none, also not the provider's own key: it is for another address."""
    provider.play(say("Tobias Okonjo."))
    assert text(load_llm(Settings.read(llm=llm, llm_url=address(provider, llm)))) == "Tobias Okonjo."
    assert not {"authorization", "x-api-key"} & set(provider.requests[0].headers)


@pytest.mark.parametrize("llm", NAMES)
def test_the_first_answer_is_the_last(llm: str, provider: Provider) -> None:
    """No package tries again or goes where it is sent, whichever way it is called."""
    with Provider() as other:
        for act in (status(500), status(429), redirect(f"{other.root}/v1/chat/completions")):
            provider.play(act)
            made = load_llm(Settings.read(llm=llm, llm_url=address(provider, llm), llm_key=KEY))
            with pytest.raises(Exception):  # noqa: B017, PT011 - each package has its own
                text(made)
        assert len(provider.requests) == 3
        assert other.requests == []


@pytest.mark.parametrize("llm", NAMES)
def test_a_key_is_never_shown(llm: str, provider: Provider, caplog: pytest.LogCaptureFixture) -> None:
    """Not by the object, not in what it becomes as a record, not by an error, and not in the most talkative log."""
    caplog.set_level(logging.DEBUG)
    provider.play(status(401))
    made = load_llm(Settings.read(llm=llm, llm_url=address(provider, llm), llm_key=KEY))
    try:
        text(made)
    except Exception:
        shown = traceback.format_exc()
    assert KEY not in repr(made) + str(made.to_dict()) + str(vars(made)) + shown + caplog.text


@pytest.mark.parametrize(
    ("llm", "variable"), [("openai/gpt-4o", "OPENAI_API_KEY"), ("anthropic/claude-opus-4-1", "ANTHROPIC_API_KEY")]
)
def test_a_provider_at_home_takes_its_own_key(llm: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an address of ours its own variable will do; without that, the line says what to set."""
    assert load_llm(Settings.read(llm=llm)).metadata.model_name == llm.split("/")[1]
    monkeypatch.delenv(variable)
    with pytest.raises(SettingsError, match=f"ASSISTANT_LLM_KEY or {variable}"):
        load_llm(Settings.read(llm=llm))


@pytest.mark.parametrize("content", [f"{KEY}\n", f"  {KEY}  "])
def test_a_key_from_a_file(content: str, provider: Provider, tmp_path: Path) -> None:
    """The file holds the key and, at most, an end of line."""
    (tmp_path / "key").write_text(content)
    provider.play(say("Yes."))
    text(load_llm(Settings.read(llm="ollama/m", llm_url=provider.root, llm_key_file=tmp_path / "key")))
    assert provider.requests[0].headers["authorization"] == f"Bearer {KEY}"


@pytest.mark.parametrize("content", [None, b"", b"\n", b"first part\nsecond part", b"\xff\xfe", "kéy".encode()])
def test_a_file_without_a_key(content: bytes | None, tmp_path: Path) -> None:
    """One line that names the file, and shows nothing of what is in it."""
    path = tmp_path / "key"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SettingsError, match=str(path)) as caught:
        load_llm(Settings.read(llm="ollama/m", llm_key_file=path))
    assert "\n" not in str(caught.value)
    assert "second part" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({"llm": "gpt-4o"}, "neither a folder nor one of ollama/NAME, openai/NAME, anthropic/NAME, openai-like/NAME"),
        ({"llm": "openia/gpt-4o"}, "neither a folder nor one of"),
        ({"llm": "/models/nothing-there"}, "neither a folder nor one of"),
        ({"llm": "openai-like/m"}, "set llm_url"),
        ({"llm": "openai/gpt-1000", "llm_key": KEY}, "openai-like/gpt-1000"),
    ],
)
def test_what_cannot_be_is_named_in_one_line(given: dict[str, str], line: str) -> None:
    """An unknown provider, folder or model, or no address: the line says what to type."""
    with pytest.raises(SettingsError, match=line) as caught:
        load_llm(Settings.read(**given))
    assert "\n" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("provider", ["ollama", "anthropic", "openai-like"])
def test_a_missing_package_is_named(provider: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever did not install it reads what to type."""
    monkeypatch.setitem(sys.modules, f"llama_index.llms.{provider.replace('-', '_')}", None)
    with pytest.raises(SettingsError, match=rf"pip install 'article-assistant\[{provider}\]'"):
        load_llm(Settings.read(llm=f"{provider}/m", llm_url="http://127.0.0.1:1", llm_key=KEY))


@pytest.mark.parametrize(
    ("llm", "url", "temperature", "bounded"),
    [
        ("openai/gpt-4o", "", 0.0, True),
        ("openai/gpt-4.1-mini", "", 0.0, True),
        ("openai/ft:gpt-4o:ours", "", 0.0, True),
        ("openai/gpt-5", "", 1.0, False),
        ("openai/o3", "", 1.0, False),
        ("openai-like/gpt-1000", "https://api.openai.com/v1", 1.0, False),
        ("openai-like/gpt-oss", "http://127.0.0.1:1/v1", 0.0, True),
    ],
)
def test_the_likeliest_words_where_they_may_be_asked_for(llm: str, url: str, temperature: float, bounded: bool) -> None:
    """Temperature 0 and a bound, but not for OpenAI's models that think: they refuse both."""
    sent = load_llm(Settings.read(llm=llm, llm_url=url, llm_key=KEY))._get_model_kwargs(stream=True)  # type: ignore[attr-defined]
    assert sent["temperature"] == temperature
    assert ("max_tokens" in sent) == bounded
    assert sent["stream_options"] == {"include_usage": True}


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"llm": "ollama"}, "llm"), ({"llm": "ollama/"}, "llm"), ({"llm": " ollama/m"}, "llm"),
        ({"llm": "http://127.0.0.1:1"}, "llm"), ({"llm": "ollama/m\n"}, "llm"),
        ({"llm_url": "127.0.0.1:11434"}, "llm_url"), ({"llm_url": "https://me:secret@a.org"}, "llm_url"),
        ({"llm_url": "https://a.org?key=secret"}, "llm_url"), ({"llm_url": "ftp://a.org"}, "llm_url"),
        ({"llm_key": "two\nlines"}, "llm_key"), ({"llm_key": "kéy"}, "llm_key"),
        ({"llm_url": "http://a.org", "llm_key": "secret"}, "llm_key"),
        ({"llm_url": "http://127.0.0.1.a.org", "llm_key": "secret"}, "llm_key"),
        ({"llm_url": "http://a.org", "llm_key_file": "key"}, "llm_key_file"),
        ({"llm_key": "secret", "llm_key_file": "key"}, "llm_key_file"),
    ],
)  # fmt: skip
def test_a_setting_that_cannot_be_is_named(given: dict[str, str], name: str) -> None:
    """A form that is none, a secret in an address, two keys, or one that others on the way could read."""
    with pytest.raises(SettingsError, match=f"the setting {name} is not usable") as caught:
        Settings.read(**given)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("url", ["", "http://127.0.0.1:11434", "http://[::1]:1", "http://localhost:1", "https://a.org"])
def test_a_key_goes_to_this_machine_or_over_tls(url: str) -> None:
    """Where nobody in between can read it, a key may be set; it is not shown."""
    settings = Settings.read(llm="ollama/m", llm_url=url, llm_key=KEY)
    assert KEY not in repr(settings)
    assert load_llm(settings)
