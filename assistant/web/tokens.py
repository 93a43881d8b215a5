"""Who reads a wiki's page: tokens that the wiki's server signs for a few minutes (JWT, RFC 7519).

Stricter than the standard, because both ends are ours: a header holds `alg`, `kid` and `typ` and nothing else; each key
has one algorithm; every claim stands once; and what is signed can be written in one way only.
"""

import base64
import json
import re
import time
from binascii import Error as NoBase64
from collections.abc import Callable, Mapping
from typing import Any

from article_assistant.identity import TokenKey
from article_assistant.index.types import EVERYONE
from article_assistant.settings import SettingsError
from article_assistant.types import User
from article_assistant.web.sessions import MAX_SESSIONS
from cachetools import TTLCache
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from jwt import PyJWS
from jwt.exceptions import PyJWTError

MAX_TOKEN = 8192
"""Maximum characters of a token."""
LASTS = 300
"""Maximum seconds from `iat` to `exp`."""
LEEWAY = 10
"""Seconds by which the clocks of the two servers may differ."""
MIN_SECRET = 32
"""Minimum bytes of a secret, as RFC 7518 has it for HS256."""
MAX_GROUPS = 200
MAX_NAME = 255
"""Maximum characters of a user's or a group's name."""
_COMPACT = re.compile(r"[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+")


class TokenError(Exception):
    """A token that counts for nothing; the text says why, in words for the log."""


class Tokens:
    """The keys of wikis; `audience` is who the tokens must be for. Raises SettingsError for a key that is none."""

    def __init__(self, keys: Mapping[str, TokenKey], audience: str, clock: Callable[[], float] = time.time) -> None:
        self._keys = {kid: (one.algorithm, _verifier(kid, one), one.wiki) for kid, one in keys.items()}
        self._audience = audience
        self._clock = clock
        # When people have left, for as long as a token of before could last.
        self._left = TTLCache[str, float](MAX_SESSIONS, LASTS + 2 * LEEWAY, clock)

    def user(self, token: str) -> User:
        """Who a token is for: its groups, named behind the wiki, and everyone's. Raises TokenError."""
        user, begins = self._read(token)
        if begins <= self._left.get(user.name, 0):
            raise TokenError("its person has left")
        return user

    def leave(self, token: str) -> None:
        """Let none of the tokens count any more that this one's person has by now. Raises TokenError."""
        user, begins = self._read(token)
        self._left[user.name] = max(self._clock(), begins)

    def _read(self, token: str) -> tuple[User, int]:
        """Who a token is for, and when it begins."""
        if len(token) > MAX_TOKEN or not _COMPACT.fullmatch(token):
            raise TokenError("it does not look like a token")
        header, payload, _ = map(_decoded, token.split("."))
        head = _fields(header)
        kid, algorithm = head.get("kid"), head.get("alg")
        if not set(head) <= {"alg", "kid", "typ"} or head.get("typ", "JWT") != "JWT" or not isinstance(kid, str):
            raise TokenError("its header has more or less than alg, kid and typ")
        if kid not in self._keys:
            raise TokenError("its key is unknown")
        wanted, key, wiki = self._keys[kid]
        if algorithm != wanted:
            raise TokenError("its algorithm is not that of its key")
        try:
            PyJWS(algorithms=[wanted]).decode_complete(token, key, algorithms=[wanted])
        except PyJWTError as error:
            raise TokenError("its signature is wrong") from error
        name, groups, begins = self._claims(_fields(payload))
        return User(f"{wiki}:{name}", frozenset({EVERYONE, *(f"{wiki}:{group}" for group in groups)})), begins

    def _claims(self, claims: dict[str, Any]) -> tuple[str, list[str], int]:
        """The name, the groups, and `iat`. Raises TokenError for what is not for us or not now, or of another type."""
        if claims.get("aud") != self._audience or not isinstance(claims["aud"], str):
            raise TokenError(f"it is not for {self._audience}")
        begins, ends = claims.get("iat"), claims.get("exp")
        if type(begins) is not int or type(ends) is not int or type(claims.get("nbf", 0)) is not int:
            raise TokenError("its times are not whole numbers")
        now = self._clock()
        if not 0 < ends - begins <= LASTS:
            raise TokenError(f"it lasts longer than {LASTS} seconds, or not at all")
        if not max(begins, claims.get("nbf", 0)) - LEEWAY <= now < ends + LEEWAY:
            raise TokenError("it is over, or has not begun")
        name, groups = claims.get("sub"), claims.get("groups", [])
        if not are_names(name, groups):
            raise TokenError("its groups are no list or too many, or a name is empty, too long or no text")
        return str(name), groups, begins


def are_names(name: object, groups: object) -> bool:
    """Whether these can be the names of a user and of groups."""
    if not isinstance(groups, list) or len(groups) > MAX_GROUPS:
        return False
    return all(isinstance(one, str) and 0 < len(one) <= MAX_NAME and one.isprintable() for one in (name, *groups))


def _verifier(kid: str, one: TokenKey) -> bytes | Ed25519PublicKey:
    """What signatures are checked with."""
    if one.secret_file is None:
        try:
            return Ed25519PublicKey.from_public_bytes(base64.b64decode(one.public_key, validate=True))
        except ValueError as error:
            raise SettingsError(f"the public_key of {kid} in identities is not 32 bytes in base64") from error
    try:
        secret = one.secret_file.read_bytes().strip()
    except OSError as error:
        raise SettingsError(f"the secret of {kid} in identities cannot be read ({error})") from error
    if len(secret) < MIN_SECRET:
        raise SettingsError(f"the secret of {kid} in identities has less than {MIN_SECRET} bytes: {one.secret_file}")
    return secret


def _decoded(part: str) -> bytes:
    """A part of a token. The last letter can carry bits that are dropped: only one way to write it counts."""
    try:
        found = base64.b64decode(part + "=" * (-len(part) % 4), altchars="-_", validate=True)
    except NoBase64 as error:
        raise TokenError("it is no base64") from error
    if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != part:
        raise TokenError("it is written in another way than it was signed")
    return found


def _fields(part: bytes) -> dict[str, Any]:
    """A JSON object in which each name stands once."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise TokenError("a name stands twice in it")
        return dict(pairs)

    try:
        found = json.loads(part.decode("utf-8"), object_pairs_hook=once)
    except (ValueError, RecursionError) as error:
        raise TokenError("it is no JSON") from error
    if not isinstance(found, dict):
        raise TokenError("it is no JSON object")
    return found
