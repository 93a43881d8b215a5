"""Signing in at a provider of identities: OpenID Connect Core 1.0, the code flow with PKCE (RFC 7636).

`state` binds what comes back to the browser that left, `nonce` the ID token to this sign-in, `code_verifier` the code
to this server. Each is good once.
"""

import hmac
import secrets
from typing import Any
from urllib.parse import parse_qs, urlsplit

from article_assistant.identity import OpenID
from article_assistant.index.types import EVERYONE
from article_assistant.settings import SettingsError
from article_assistant.types import User
from article_assistant.web.conversations import PERSON
from article_assistant.web.tokens import LEEWAY, are_names
from authlib.integrations.httpx_client import AsyncOAuth2Client
from authlib.oidc.core import CodeIDToken
from cachetools import TTLCache
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

SIGN_IN_SECONDS = 600
"""How long somebody may take to sign in at the provider."""
MAX_PENDING = 10_000
"""Maximum sign-ins begun and not finished."""
KEPT_SECONDS = 3600
"""How long what the provider says of itself is kept."""
TIMEOUT = 10.0
"""Seconds that the provider may take to answer."""
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "Ed25519", "EdDSA"]
"""How an ID token may be signed: with the provider's private key, never with a secret that is also ours."""


class ProviderError(Exception):
    """Nobody is signed in; the text says why, in words for the log."""


class Provider:
    """One provider; `site` is where browsers reach us. Raises SettingsError for a secret that cannot be read."""

    def __init__(self, given: OpenID, site: str) -> None:
        self._given = given
        self._back = f"{site}/login/callback"
        self._pending = TTLCache[str, tuple[str, str, str]](MAX_PENDING, SIGN_IN_SECONDS)
        self._said = TTLCache[str, dict[str, Any]](2, KEPT_SECONDS)
        try:
            self._secret = given.secret_file.read_text(encoding="utf-8").strip() if given.secret_file else None
        except (OSError, ValueError) as error:
            raise SettingsError(f"the secret_file of oidc cannot be read ({error})") from error

    async def begin(self, follow: str) -> tuple[str, str]:
        """The provider's address to send a browser to, and the state for its cookie; `follow` is where it goes then.

        Raises whatever goes wrong on the way to the provider, as `finish` does.
        """
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        async with self._client() as client:
            at = (await self._metadata(client))["authorization_endpoint"]
            url, _ = client.create_authorization_url(at, state=state, nonce=nonce, code_verifier=verifier)
        self._pending[state] = nonce, verifier, follow
        return str(url), state

    async def finish(self, query: str, cookie: str) -> tuple[User, str]:
        """Who has signed in, and where they wanted to go. Raises ProviderError for what does not fit together."""
        given = parse_qs(query, max_num_fields=20)
        state, code = ("".join(given.get(name, [])) for name in ("state", "code"))
        if not state or not hmac.compare_digest(state.encode(), cookie.encode()):
            raise ProviderError("the state is not that of this browser")
        nonce, verifier, follow = self._pending.pop(state, ("", "", ""))
        if not nonce:
            raise ProviderError("the state is over, or was used before")
        if "error" in given or not code:
            raise ProviderError(f"the provider says {''.join(given.get('error', []))[:100]!r}")
        async with self._client() as client:
            metadata = await self._metadata(client)
            if given.get("iss", [metadata["issuer"]]) != [metadata["issuer"]]:
                raise ProviderError("the answer comes from another provider")  # RFC 9207
            token = await client.fetch_token(
                metadata["token_endpoint"], code=code, code_verifier=verifier, grant_type="authorization_code"
            )
            claims = await self._claims(client, metadata, str(token.get("id_token", "")), nonce)
            if self._given.groups not in claims and "userinfo_endpoint" in metadata:
                more = (await client.get(metadata["userinfo_endpoint"])).raise_for_status().json()
                if more.get("sub") != claims["sub"]:
                    raise ProviderError("the provider tells of somebody else")
                claims = more
        return _person(claims, self._given.groups), follow

    def _client(self) -> Any:
        return AsyncOAuth2Client(
            self._given.client,
            self._secret,
            scope=self._given.scope,
            redirect_uri=self._back,
            code_challenge_method="S256",
            token_endpoint_auth_method="client_secret_basic" if self._secret else "none",
            timeout=TIMEOUT,
        )

    async def _metadata(self, client: Any) -> dict[str, Any]:
        """What the provider says of itself (OpenID Connect Discovery 1.0)."""
        issuer = self._given.issuer.rstrip("/")
        metadata = await self._read(client, f"{issuer}/.well-known/openid-configuration")
        if metadata["issuer"].rstrip("/") != issuer:
            raise ProviderError(f"the provider calls itself {metadata['issuer']!r}")
        for name in ("authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"):
            if urlsplit(issuer).scheme == "https" and urlsplit(metadata.get(name, "https:")).scheme != "https":
                raise ProviderError(f"the provider's {name} is not https")
        return metadata

    async def _claims(self, client: Any, metadata: dict[str, Any], token: str, nonce: str) -> dict[str, Any]:
        """The claims of an ID token. If none of the keys has signed it, they are read again: it may be a new one."""
        address = metadata["jwks_uri"]
        known = address in self._said
        try:
            return id_claims(token, await self._read(client, address), metadata["issuer"], self._given.client, nonce)
        except ProviderError:
            if not known or self._said.pop(address, None) is None:
                raise
        return id_claims(token, await self._read(client, address), metadata["issuer"], self._given.client, nonce)

    async def _read(self, client: Any, address: str) -> dict[str, Any]:
        found = self._said.get(address)
        if found is None:
            response = (await client.request("GET", address, withhold_token=True)).raise_for_status()
            found = self._said[address] = dict(response.json())
        return found


def id_claims(token: str, keys: dict[str, Any], issuer: str, client: str, nonce: str) -> dict[str, Any]:
    """The claims of an ID token that the issuer has signed, now, for this client and this sign-in.

    `keys` is a JSON Web Key Set. Raises ProviderError.
    """
    try:
        found = jwt.decode(token, KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]
        wanted = {"iss": {"value": issuer}, "aud": {"value": client}}
        checked = CodeIDToken(found.claims, found.header, wanted, {"nonce": nonce, "client_id": client})
        checked.validate(leeway=LEEWAY)
    except (JoseError, ValueError, TypeError) as error:
        raise ProviderError(f"the ID token is refused: {error}") from error
    return found.claims


def _person(claims: dict[str, Any], groups_claim: str) -> User:
    """Who the claims tell of, with everyone's group and theirs."""
    name, groups = claims.get("sub"), claims.get(groups_claim, [])
    groups = [groups] if isinstance(groups, str) else groups
    if not are_names(name, groups):
        raise ProviderError(f"sub or {groups_claim} of the ID token is no name, or too many")
    return User(f"{PERSON}{name}", frozenset({EVERYONE, *groups}))
