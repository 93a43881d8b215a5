"""Turns the setting `llm` into a llama-index LLM whose requests go to one server and carry only what it needs.

The providers' packages take keys, addresses, headers and proxies from the environment, follow redirects, repeat
requests and describe the machine to the server. Here they get HTTP clients that do none of that. The key is added
as a request leaves, so that none of their objects, `repr`s and logs ever holds it.
"""

import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import httpx
from article_assistant.index.http import abound, bound, careful
from article_assistant.settings import PROVIDERS, Settings, SettingsError

if TYPE_CHECKING:
    from llama_index.core.llms.llm import LLM

OWN = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY"}
"""The variable with a provider's key, used only at that provider's own address."""
ADDRESSES = {
    "ollama": "http://127.0.0.1:11434",
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
"""A provider's address if none is set."""
CONTEXT = 8_192
"""Context window in tokens, where the model's is not known."""
TOKENS = 2_000
"""Maximum tokens in an answer."""
STAND_IN = "put-in-as-the-request-leaves"
"""What the packages get in place of the key."""
HEADERS_SENT = frozenset(
    "host accept accept-encoding connection content-type content-length transfer-encoding user-agent "
    "authorization x-api-key anthropic-version".split()
)
"""The only headers that are sent; a package's own environment variables may add others."""


def load_llm(settings: Settings) -> "LLM":
    """The LLM that `settings.llm` names; nothing is sent yet.

    Raises SettingsError, in one line, for an unknown provider or folder, a missing package, and a missing or
    unreadable key.
    """
    if Path(settings.llm).expanduser().is_dir():
        from article_assistant.writing.local import Local

        return Local(Path(settings.llm).expanduser(), TOKENS, settings.threads)
    provider, _, name = settings.llm.partition("/")
    if provider not in PROVIDERS or not name:
        known = ", ".join(f"{known}/NAME" for known in PROVIDERS)
        raise SettingsError(f"the setting llm is {settings.llm!r}, which is neither a folder nor one of {known}")
    address = settings.llm_url or ADDRESSES.get(provider, "")
    if not address:
        raise SettingsError(f"the setting llm is {settings.llm!r}: set llm_url, the address of its server, too")
    key = _key(settings, provider)
    if not key and not settings.llm_url and provider in OWN:
        raise SettingsError(f"{provider} needs a key: put it into ASSISTANT_LLM_KEY or {OWN[provider]}")
    try:
        return _MAKE[provider](name, address.rstrip("/"), key, settings.llm_seconds)
    except ImportError as error:
        raise SettingsError(
            f"{provider} needs a package that is not installed ({error.name}): "
            f"type `pip install 'article-assistant[{provider}]'`"
        ) from error


def _key(settings: Settings, provider: str) -> str:
    """The key to send, "" for none."""
    if settings.llm_key is not None:
        return settings.llm_key.get_secret_value().strip()
    if settings.llm_key_file is not None:
        try:
            key = settings.llm_key_file.expanduser().read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not plain text"
            raise SettingsError(f"the key in {settings.llm_key_file} cannot be read: {why}") from None
        if not key or not key.isprintable():
            raise SettingsError(f"the file {settings.llm_key_file} must hold the key alone, on one line")
        return key
    return os.environ.get(OWN.get(provider, ""), "").strip() if not settings.llm_url else ""


def _openai(name: str, address: str, key: str, seconds: float) -> "LLM":
    """An OpenAI model, with the package that comes with llama-index."""
    from llama_index.llms.openai import OpenAI

    try:
        llm = OpenAI(name, **_spoken_like_openai(name, address, key, seconds))
        llm.metadata  # noqa: B018 - fails here, not at every call, for a model that the package does not know
    except ValueError:
        raise SettingsError(
            f"the installed llama-index-llms-openai does not know the model {name!r}; for a newer one set "
            f"llm = openai-like/{name}, llm_url = {address} and ASSISTANT_LLM_KEY"
        ) from None
    return llm


def _openai_like(name: str, address: str, key: str, seconds: float) -> "LLM":
    """A model behind any server with OpenAI's API."""
    from llama_index.llms.openai_like import OpenAILike

    llm: LLM = OpenAILike(
        name, is_chat_model=True, context_window=CONTEXT, **_spoken_like_openai(name, address, key, seconds)
    )
    return llm


def _spoken_like_openai(name: str, address: str, key: str, seconds: float) -> dict[str, Any]:
    careful = _client(seconds)
    # OpenAI's newer models reason first: they accept one temperature only, and count their reasoning as tokens.
    thinks = urlsplit(address).hostname == "api.openai.com" and not name.removeprefix("ft:").startswith(
        ("gpt-3", "gpt-4")
    )
    return {
        "api_base": address,
        "api_key": STAND_IN,
        "temperature": 1.0 if thinks else 0.0,
        "max_tokens": None if thinks else TOKENS,
        "max_retries": 0,
        "timeout": seconds * 2,
        "additional_kwargs": {"stream_options": {"include_usage": True}},
        "http_client": httpx.Client(**careful, event_hooks=_hooks(key)),
        "async_http_client": httpx.AsyncClient(**careful, event_hooks=_ahooks(key)),
    }


def _anthropic(name: str, address: str, key: str, seconds: float) -> "LLM":
    """An Anthropic model."""
    from llama_index.llms.anthropic import Anthropic

    llm = Anthropic(
        name,
        temperature=0.0,
        max_tokens=TOKENS,
        base_url=address,
        api_key=STAND_IN,
        max_retries=0,
        timeout=seconds * 2,
    )
    careful = _client(seconds)
    client = httpx.Client(**careful, event_hooks=_hooks(key))
    llm._client = llm._client.with_options(http_client=client)
    aclient = httpx.AsyncClient(**careful, event_hooks=_ahooks(key))
    llm._aclient = llm._aclient.with_options(http_client=aclient)
    return llm


def _ollama(name: str, address: str, key: str, seconds: float) -> "LLM":
    """A model on an Ollama server."""
    import ollama
    from llama_index.llms.ollama import Ollama

    careful = {**_client(seconds), "headers": {"Authorization": f"Bearer {STAND_IN}"}}
    llm: LLM = Ollama(
        name,
        base_url=address,
        temperature=0.0,
        context_window=CONTEXT,  # if unset, it asks the server and blocks the event loop
        thinking=False,  # the reader waits for the first word
        additional_kwargs={"num_predict": TOKENS},
        client=ollama.Client(address, **careful, event_hooks=_hooks(key)),
        async_client=ollama.AsyncClient(address, **careful, event_hooks=_ahooks(key)),
    )
    return llm


_MAKE: dict[str, Callable[[str, str, str, float], "LLM"]] = {
    "ollama": _ollama,
    "openai": _openai,
    "anthropic": _anthropic,
    "openai-like": _openai_like,
}


def _client(seconds: float) -> dict[str, Any]:
    """Arguments for every HTTP client."""
    return {
        **careful(),
        "timeout": seconds * 2,  # the caller's clock is the one that counts
        "limits": httpx.Limits(max_keepalive_connections=0),  # no stale connections, and none left to close
    }


def _hooks(key: str) -> dict[str, list[Callable[[Any], None]]]:
    """Hooks that reduce a request's headers to HEADERS_SENT, put in the real `key`, and bound the response."""

    def wall(request: httpx.Request) -> None:
        for name in set(request.headers) - HEADERS_SENT:
            del request.headers[name]
        for name, value in (("authorization", f"Bearer {key}"), ("x-api-key", key)):
            if name in request.headers:
                del request.headers[name]
                if key:
                    request.headers[name] = value

    return {"request": [wall], "response": [bound]}


def _ahooks(key: str) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
    """The same for an asynchronous client."""
    (wall,) = _hooks(key)["request"]

    async def awall(request: httpx.Request) -> None:
        wall(request)

    return {"request": [awall], "response": [abound]}
