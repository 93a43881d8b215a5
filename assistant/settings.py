"""Settings, read once and frozen: command line, then environment, then `assistant.toml`, then default."""

import re
from collections.abc import Iterable
from dataclasses import replace
from mimetypes import guess_type
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

import platformdirs
from article_assistant.identity import OpenID, TokenKey, TrustedProxy
from article_assistant.index.sources.source import Access
from article_assistant.index.types import UserFacingError
from article_assistant.types import Recourse
from pydantic import Field, SecretStr, ValidationError, ValidationInfo, field_validator, model_validator
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

SETTINGS_FILE = "assistant.toml"
ACCEPTED_WRONG = 0.23
"""The share of wrong answers that is accepted where a team sets none."""
PROVIDERS = ("ollama", "openai", "anthropic", "openai-like")
"""Who may run a language model, besides this machine from a folder."""
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class SettingsError(UserFacingError):
    """A setting that is unknown or has a value it cannot have."""


class Settings(BaseSettings):
    """Everything a team can set. In the environment each name stands behind `ASSISTANT_`."""

    model_config = SettingsConfigDict(env_prefix="ASSISTANT_", toml_file=SETTINGS_FILE, frozen=True, extra="forbid")

    home: Path = Field(
        default_factory=lambda: platformdirs.user_data_path("article-assistant"),
        description="the folder of the library and everything derived from it",
    )
    name: str = Field(default="Article assistant", description="what the page calls itself", max_length=60)
    language: Literal["", "en", "de", "fr", "es", "tr", "kk", "ru", "ar"] = Field(default="", description="of the page")
    accent: str = Field(
        default="", pattern="^(#[0-9a-fA-F]{6})?$", description="the colour of links and buttons, like #24548f"
    )
    logo: Path | None = Field(default=None, description="a picture beside the name, like logo.svg or logo.png")
    welcome: str = Field(default="", description="what stands below the greeting, and below a link", max_length=400)
    offers: tuple[Recourse, ...] = Field(
        default=(), description="whom to ask or what to do when the articles do not answer", max_length=5
    )
    encoder: str = Field(
        default="all-MiniLM-L6-v2",
        description="the model that makes vectors: the shipped one, or any sentence-transformers name or folder",
    )
    threads: int = Field(default=0, ge=0, le=256, description="cores that a model may use; 0 takes all")
    vectors: str = Field(
        default="", description="the address of a Chroma server that keeps the vectors, like http://127.0.0.1:8000"
    )
    vectors_token: SecretStr | None = Field(
        default=None, description="what that server asks for in the header X-Chroma-Token"
    )
    vectors_tenant: str = Field(default="default_tenant", description="the tenant at that server", min_length=1)
    vectors_database: str = Field(default="default_database", description="the database of that tenant", min_length=1)
    accepted_wrong: float = Field(
        default=ACCEPTED_WRONG,
        ge=0.01,
        le=0.5,
        description="the share of wrong answers that is accepted: lower refuses more, higher answers more",
    )
    llm: str = Field(
        default="",
        description="the language model that words longer answers: ollama/NAME, openai/NAME, anthropic/NAME, "
        "openai-like/NAME or a local folder; none by default",
    )
    llm_url: str = Field(default="", description="the address of its server, like http://127.0.0.1:11434")
    llm_key: SecretStr | None = Field(default=None, description="the key that its server asks for")
    llm_key_file: Path | None = Field(default=None, description="a file that holds this key alone")
    llm_seconds: float = Field(
        default=60, ge=1, le=3600, description="how long its first word, and each later one, may take, in seconds"
    )
    llm_tokens_a_day: int = Field(
        default=0, ge=0, description="tokens that it may use in a day (UTC); then answers are offline ones; 0: no limit"
    )
    unsupported: Literal["mark", "remove"] = Field(
        default="mark", description="what happens to its sentences that no article supports: mark or remove"
    )
    prompts: Path | None = Field(default=None, description="a folder with words of your own for the language model")
    max_file_mb: int = Field(default=50, ge=1, le=2000, description="larger files are named and left out, in MB")
    max_parse_seconds: float = Field(
        default=60, ge=1, le=3600, description="files that take longer to parse are named and left out"
    )
    ocr: str = Field(
        default="eng",
        pattern=r"^([A-Za-z_]+(\+[A-Za-z_]+)*)?$",
        description="languages of the text in pictures and scans, like deu+eng, where Tesseract is there; empty: off",
    )
    host: str = Field(default="127.0.0.1", description="the address to listen on; another than loopback needs a login")
    port: int = Field(default=7860, ge=1, le=65535, description="the port to listen on")
    password: SecretStr | None = Field(default=None, description="one shared password that the page asks for")
    embed_origins: tuple[str, ...] = Field(
        default=(), description="origins whose pages may show the chat, like https://wiki.example.org"
    )
    address: str = Field(
        default="", description="where browsers reach the server, like https://chat.example.org; tokens are made for it"
    )
    identities: dict[str, TokenKey] = Field(
        default_factory=dict, description="the keys with which wikis sign who asks, by key id: see docs/embedding.md"
    )
    guests: bool | None = Field(
        default=None, description="whether one may ask without saying who one is; by default where there is no login"
    )
    proxy: TrustedProxy | None = Field(
        default=None, description="the reverse proxy that says who asks: see docs/signing-in.md"
    )
    oidc: OpenID | None = Field(default=None, description="where people sign in to the page: see docs/signing-in.md")
    asks_a_minute: int = Field(
        default=60, ge=0, le=100_000, description="questions that one person may ask in a minute; 0: no limit"
    )
    asks_at_once: int = Field(
        default=8, ge=0, le=10_000, description="questions of one person that are answered at a time; 0: no limit"
    )
    unsafe_open: bool = Field(
        default=False, description="whether the page may be served to other machines without any login"
    )
    keep_days: int = Field(
        default=30, ge=0, le=3650, description="how long questions and answers of conversations are kept, in days"
    )
    keepers: str = Field(default="", description="the group that sees on the page /keeper what was not answered")
    sources: dict[str, Access] = Field(
        default_factory=dict, description="what there is to say of wikis and folders, by address: see docs/sources.md"
    )
    source_password: SecretStr | None = Field(
        default=None, description="the password of the user that the address of a wiki names"
    )
    follow_seconds: float = Field(
        default=60,
        ge=0,
        le=86400,
        description="within how long what changed in a source is in the answers while the page is served, in seconds; "
        "0: only when asked for",
    )
    hosts: tuple[str, ...] = Field(
        default=(), description="further names the page is served under, like chat.example.org behind a proxy"
    )

    @field_validator("logo")
    @classmethod
    def _logo_to_show(cls, logo: Path | None) -> Path | None:
        if logo and not ((guess_type(logo.name, strict=False)[0] or "").startswith("image/") and logo.is_file()):
            raise ValueError("it is a picture that is there, like logo.svg or logo.png")
        return logo

    @field_validator("offers")
    @classmethod
    def _to_follow(cls, offers: tuple[Recourse, ...]) -> tuple[Recourse, ...]:
        """It becomes a link in pages, so nothing but an address to read or to write to may pass."""
        for one in offers:
            if not (one.text.strip() and len(one.text) <= 200):
                raise ValueError("each has a text of at most 200 characters")
            if not re.fullmatch(r"(https?://[^\s\\/@]+(/[^\s\\]*)?|mailto:[^\s\\@]+@[^\s\\@]+)?", one.link):
                raise ValueError(f"{one.link!r} is not a link like https://wiki.example.org or mailto:me@example.org")
        return offers

    @field_validator("llm")
    @classmethod
    def _provider_and_name(cls, llm: str) -> str:
        """Whether a folder is there is looked at when the model is loaded."""
        provider, _, name = llm.partition("/")
        if llm != llm.strip() or not llm.isprintable() or (provider in PROVIDERS and not name) or "://" in llm:
            raise ValueError(f"it is like {', '.join(f'{known}/NAME' for known in PROVIDERS)} or a local folder")
        return llm

    @field_validator("vectors", "llm_url")
    @classmethod
    def _plain_address(cls, address: str) -> str:
        """It is shown in the log and by `assistant status`, so no secret may stand in it."""
        parts = urlsplit(address)
        plain = parts.hostname and parts.port != 0 and "@" not in parts.netloc and not parts.query + parts.fragment
        if address and not (plain and parts.scheme in {"http", "https"}):
            raise ValueError("it is like http://127.0.0.1:8000 or https://chroma.example.org, with no password in it")
        return address

    @field_validator("vectors_token", "llm_key")
    @classmethod
    def _plain_secret(cls, secret: SecretStr | None) -> SecretStr | None:
        """It goes into a header as it is."""
        if secret is not None and not (secret.get_secret_value().isascii() and secret.get_secret_value().isprintable()):
            raise ValueError("it has printable ASCII characters only, and no end of line")
        return secret

    @field_validator("vectors_token", "llm_key", "llm_key_file")
    @classmethod
    def _secret_on_its_way(cls, secret: SecretStr | Path | None, others: ValidationInfo) -> SecretStr | Path | None:
        """Nobody in between reads it."""
        parts = urlsplit(others.data.get("vectors" if others.field_name == "vectors_token" else "llm_url", ""))
        if secret is not None and parts.scheme == "http" and parts.hostname not in LOOPBACK:
            raise ValueError("it is sent to another machine by https:// only")
        return secret

    @field_validator("llm_key_file")
    @classmethod
    def _one_key(cls, file: Path | None, others: ValidationInfo) -> Path | None:
        if file is not None and others.data.get("llm_key") is not None:
            raise ValueError("llm_key is set too, and one of them is enough")
        return file

    @field_validator("embed_origins")
    @classmethod
    def _plain_origins(cls, origins: tuple[str, ...]) -> tuple[str, ...]:
        """An origin goes into a response header as it is, so nothing but scheme, host and port may pass."""
        for origin in origins:
            if not re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", origin):
                raise ValueError(
                    f"{origin!r} is not an origin like https://wiki.example.org (no path, no slash at the end)"
                )
        return origins

    @field_validator("address")
    @classmethod
    def _plain_site(cls, address: str) -> str:
        return cls._plain_origins((address,))[0] if address else ""

    @field_validator("identities")
    @classmethod
    def _one_key_each(cls, identities: dict[str, TokenKey]) -> dict[str, TokenKey]:
        """The key that fits the algorithm and no other: a public key is never taken for a secret."""
        for kid, one in identities.items():
            fits = (one.secret_file is not None, bool(one.public_key)) == (
                one.algorithm == "HS256",
                one.algorithm == "EdDSA",
            )
            if not (kid and one.wiki and fits):
                raise ValueError(f"{kid!r} has a wiki and, for HS256, a secret_file, or, for EdDSA, a public_key")
        return identities

    @field_validator("password")
    @classmethod
    def _password_of_length(cls, password: SecretStr | None) -> SecretStr | None:
        if password is not None and len(password.get_secret_value()) < 8:
            raise ValueError("a password has at least 8 characters")
        return password

    @model_validator(mode="after")
    def _one_login(self) -> Self:
        """Two logins would each say something else of who asks; a provider sends browsers back to `address`."""
        if [self.password is not None, bool(self.proxy and self.proxy.user), self.oidc is not None].count(True) > 1:
            raise ValueError("only one of password, proxy with a user, and oidc can be the login")
        issuer = urlsplit(self.oidc.issuer if self.oidc else "https://provider.example")
        if issuer.scheme != "https" and not (issuer.scheme == "http" and issuer.hostname in LOOPBACK):
            raise ValueError("the issuer in oidc is like https://id.example.org")
        if self.oidc and not self.address:
            raise ValueError("with oidc, address is needed too: people are sent back there")
        return self

    @property
    def login(self) -> Literal["", "password", "proxy", "oidc"]:
        """How people say who they are on the page, "" where nobody is asked."""
        if self.proxy and self.proxy.user:
            return "proxy"
        return "oidc" if self.oidc else "password" if self.password else ""

    @property
    def admits_guests(self) -> bool:
        """Whether who does not say who they are may ask about what everyone may read."""
        return not self.login if self.guests is None else self.guests

    @property
    def site(self) -> str:
        """Where browsers reach the server, without a slash at the end."""
        return self.address or f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}"

    def access(self, addresses: Iterable[str], groups: frozenset[str] = frozenset()) -> dict[str, Access]:
        """What is said of these sources, by address; `groups`, where there are some, may read all of them.

        `source_password` goes to those with a user and no password of their own, and where these are on several hosts
        to none: it is one host's.
        """
        from article_assistant.index.sources.kinds import address_of, host_of

        said = {address_of(address): one for address, one in self.sources.items()}
        found = {address: said.get(address, Access()) for address in map(address_of, addresses)}
        lacking = {
            address: host for address, one in found.items()
            if not (one.password or one.password_file) and (host := host_of(address, one.user))
        }  # fmt: skip
        if self.source_password and len(set(lacking.values())) == 1:
            secret = self.source_password.get_secret_value()
            found |= {address: replace(found[address], password=secret) for address in lacking}
        return {address: replace(one, groups=groups) if groups else one for address, one in found.items()}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, TomlConfigSettingsSource(settings_cls)

    @classmethod
    def read(cls, **given: Any) -> Self:
        """The settings, with those `given` that are not None taking precedence.

        Raises SettingsError, in one line, for a value that cannot be.
        """
        try:
            return cls(**{name: value for name, value in given.items() if value is not None})
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(str(part) for part in first["loc"])
            raise SettingsError(
                f"the setting {name} is not usable: {first['msg']}; see `assistant --help`, "
                f"the variable ASSISTANT_{name.upper()} or the file {SETTINGS_FILE}"
            ) from None
        except (ValueError, OSError) as error:  # no TOML, or a list in the environment that is no JSON
            raise SettingsError(
                f"the file {SETTINGS_FILE} or a variable ASSISTANT_… cannot be read: {error} "
                '(a list in the environment is written ["https://wiki.example.org"])'
            ) from None
