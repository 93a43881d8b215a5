"""Who may say who asks, as the settings have it: a wiki, a reverse proxy, a provider of identities."""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class TokenKey:
    """With what a wiki's server signs who reads its pages: a file with a secret (HS256), or its public key (EdDSA).

    `public_key` is that of Ed25519: its 32 bytes in base64. A group of a token is known here behind the name of the
    wiki, as in `wiki.example:sysop`.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012 - for settings, where a misspelt word is an error

    algorithm: Literal["HS256", "EdDSA"]
    wiki: str
    secret_file: Path | None = None
    public_key: str = ""


@dataclass(frozen=True, slots=True)
class TrustedProxy:
    """A reverse proxy: from which addresses it asks, and which headers name a user and the user's groups.

    The groups have commas between them. Without `user` the proxy is believed about the browser's address alone.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    addresses: tuple[IPv4Network | IPv6Network, ...]
    user: str = ""
    groups: str = ""


@dataclass(frozen=True, slots=True)
class OpenID:
    """A provider of identities (OpenID Connect): its address, our name and secret there, the claim that lists groups.

    Without a secret we are a public client, which the standard allows with PKCE.
    """

    __pydantic_config__ = {"extra": "forbid"}  # noqa: RUF012

    issuer: str
    client: str
    secret_file: Path | None = None
    groups: str = "groups"
    scope: str = "openid profile"
