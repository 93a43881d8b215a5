"""One setting becomes a llama-index LLM whose requests go to one server, with nothing in them but what it needs.

The packages of the providers take keys, addresses, headers and proxies from the environment, follow redirects,
repeat requests and describe the machine to the server. Here they get HTTP clients that do none of that: the
key is put in as a request leaves, so that no object, no `repr` and no log of theirs ever holds it.
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
"""The variable that holds a provider's key, used for that provider at its own address alone."""
ADDRESSES = {
    "ollama": "http://127.0.0.1:11434",
    "openai": "https://api.openai.com/v1",
    "anthropic": "https://api.anthropic.com",
}
"""Where a provider is when no address is set."""
CONTEXT = 8_192
"""Tokens that a question with its passages and the answer may have, where the model does not say."""
TOKENS = 2_000
"""Tokens that an answer may have."""
STAND_IN = "put-in-as-the-request-leaves"
"""What the packages are given for a key."""
SENT = frozenset(
    "host accept accept-encoding connection content-type content-length transfer-encoding user-agent "
    "authorization x-api-key anthropic-version".split()
)
"""The headers that leave; a variable of a package's own may name others."""


def load(settings: Settings) -> "LLM":
    """The LLM that `settings.llm` names; nothing is sent yet.

    Raises SettingsError, in one line, for a provider or folder that is not there, a package that is missing and
    a key that is missing or cannot be read.
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
        raise SettingsError(f"{provider} asks for a key: put it into ASSISTANT_LLM_KEY or {OWN[provider]}")
    try:
        return _MAKE[provider](name, address.rstrip("/"), key, settings.llm_seconds)
    except ImportError as error:
        raise SettingsError(
            f"{provider} needs a package that is not installed ({error.name}): "
            f"type `pip install 'article-assistant[{provider}]'`"
        ) from error


def _key(settings: Settings, provider: str) -> str:
    """The key that is sent, "" for none."""
    if settings.llm_key is not None:
        return settings.llm_key.get_secret_value().strip()
    if settings.llm_key_file is not None:
        try:
            key = settings.llm_key_file.expanduser().read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is not plain text"
            raise SettingsError(f"the key in {settings.llm_key_file} cannot be read: {why}") from None
        if not key or not key.isprintable():
            raise SettingsError(f"the file {settings.llm_key_file} does not hold a key alone, in one line")
        return key
    return os.environ.get(OWN.get(provider, ""), "").strip() if not settings.llm_url else ""


def _openai(name: str, address: str, key: str, seconds: float) -> "LLM":
    """A model of OpenAI, by the package that comes with llama-index."""
    from llama_index.llms.openai import OpenAI

    try:
        llm = OpenAI(name, **_spoken_like_openai(name, address, key, seconds))
        llm.metadata  # noqa: B018 - it knows its models by name, and fails at every call for another one
    except ValueError:
        raise SettingsError(
            f"the installed llama-index-llms-openai does not know the model {name!r}; for a newer one set "
            f"llm = openai-like/{name}, llm_url = {address} and ASSISTANT_LLM_KEY"
        ) from None
    return llm


def _openai_like(name: str, address: str, key: str, seconds: float) -> "LLM":
    """A model behind any server that speaks as OpenAI's does."""
    from llama_index.llms.openai_like import OpenAILike

    llm: LLM = OpenAILike(
        name, is_chat_model=True, context_window=CONTEXT, **_spoken_like_openai(name, address, key, seconds)
    )
    return llm


def _spoken_like_openai(name: str, address: str, key: str, seconds: float) -> dict[str, Any]:
    careful = _client(seconds)
    # OpenAI's own newer models think first: they take one temperature only, and count thoughts as tokens.
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
    """A model of Anthropic."""
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
    """A model that an Ollama server runs."""
    import ollama
    from llama_index.llms.ollama import Ollama

    careful = {**_client(seconds), "headers": {"Authorization": f"Bearer {STAND_IN}"}}
    llm: LLM = Ollama(
        name,
        base_url=address,
        temperature=0.0,
        context_window=CONTEXT,  # unset, it asks the server for it on the event loop, and waits there
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
    """What every client is made with."""
    return {
        **careful(),
        "timeout": seconds * 2,  # a caller's own clock is the one that counts
        "limits": httpx.Limits(max_keepalive_connections=0),  # none that is half dead, and none to be closed
    }


def _hooks(key: str) -> dict[str, list[Callable[[Any], None]]]:
    """As a request leaves, its headers are reduced to SENT and its key becomes `key`; the response is bounded."""

    def wall(request: httpx.Request) -> None:
        for name in set(request.headers) - SENT:
            del request.headers[name]
        for name, value in (("authorization", f"Bearer {key}"), ("x-api-key", key)):
            if name in request.headers:
                del request.headers[name]
                if key:
                    request.headers[name] = value

    return {"request": [wall], "response": [bound]}


def _ahooks(key: str) -> dict[str, list[Callable[[Any], Awaitable[None]]]]:
    """The same for a client that is awaited."""
    (wall,) = _hooks(key)["request"]

    async def awall(request: httpx.Request) -> None:
        wall(request)

    return {"request": [awall], "response": [abound]}
