"""`web.tokens`: what a wiki signed a moment ago for us lets its person in, and nothing else does."""

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from article_assistant.identity import TokenKey
from article_assistant.index.types import EVERYONE
from article_assistant.settings import Settings, SettingsError
from article_assistant.types import User
from article_assistant.web.tokens import MAX_TOKEN, TokenError, Tokens
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

CHAT = "https://chat.example.org"
NOW = 1_900_000_000
SECRET = b"0123456789abcdef0123456789abcdef"
OTHER = b"fedcba9876543210fedcba9876543210"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = base64.b64encode(PRIVATE.public_key().public_bytes_raw()).decode()
CLAIMS = {"sub": "Mia", "groups": ["user", "sysop"], "aud": CHAT, "iat": NOW, "exp": NOW + 300}
MUTATIONS = 3_000
"""Of each of two tokens, a few seconds; `--long` makes 50,000 of each, in two minutes."""


def written(part: object) -> str:
    """A part of a token: JSON, or bytes as they are, in base64."""
    plain = part if isinstance(part, bytes) else json.dumps(part).encode()
    return base64.urlsafe_b64encode(plain).rstrip(b"=").decode()


def by_secret(data: bytes, secret: bytes = SECRET) -> bytes:
    return hmac.new(secret, data, hashlib.sha256).digest()


def token(claims: Any = CLAIMS, kid: str = "old", sign: Callable[[bytes], bytes] = by_secret, **head: Any) -> str:
    """A token made by hand, signed with the secret unless `sign` is given."""
    signed = f"{written({'alg': 'HS256', 'kid': kid, 'typ': 'JWT'} | head)}.{written(claims)}"
    return f"{signed}.{written(sign(signed.encode()))}"


def by_key(claims: Any = CLAIMS, **head: Any) -> str:
    """The same, signed with the private key."""
    return token(claims, "new", PRIVATE.sign, alg="EdDSA", **head)


@pytest.fixture
def tokens(tmp_path: Path) -> Tokens:
    """Two wikis: one is changing from a secret to a pair of keys, the other has a secret of its own."""
    (tmp_path / "secret").write_bytes(SECRET + b"\n")
    (tmp_path / "other").write_bytes(OTHER)
    keys = {
        "old": TokenKey("HS256", "wiki.example", tmp_path / "secret"),
        "new": TokenKey("EdDSA", "wiki.example", public_key=PUBLIC),
        "else": TokenKey("HS256", "else.example", tmp_path / "other"),
    }
    return Tokens(keys, CHAT, lambda: NOW + 60.0)


def refused(tokens: Tokens, given: str) -> str:
    """Why a token is refused."""
    with pytest.raises(TokenError) as error:
        tokens.user(given)
    return str(error.value)


def test_a_wiki_says_who_asks(tokens: Tokens) -> None:
    """Who asks has the groups of the token, each named behind the wiki, and everyone's; old and new keys count."""
    mia = User("wiki.example:Mia", frozenset({EVERYONE, "wiki.example:user", "wiki.example:sysop"}))
    assert tokens.user(token()) == mia
    assert tokens.user(by_key()) == mia
    theirs = tokens.user(token(kid="else", sign=lambda data: by_secret(data, OTHER)))
    assert theirs == User("else.example:Mia", frozenset({EVERYONE, "else.example:user", "else.example:sysop"}))
    assert tokens.user(token(CLAIMS | {"groups": []})).groups == frozenset({EVERYONE})
    assert tokens.user(token({name: value for name, value in CLAIMS.items() if name != "groups"})).groups == frozenset(
        {EVERYONE}
    )


def test_nothing_else_signs(tokens: Tokens) -> None:
    """No signature, that of another key, or an algorithm that is not that of the key, counts for nothing."""
    assert "algorithm" in refused(tokens, token(alg="none", sign=lambda _: b"x"))
    assert "look like" in refused(tokens, token(alg="none", sign=lambda _: b""))
    for alg in ("None", "HS512", "ES256", "RS256", "", None, ["HS256"], "hs256"):
        assert "algorithm" in refused(tokens, token(alg=alg))
    assert "signature" in refused(tokens, token(sign=lambda data: by_secret(data, OTHER)))
    assert "signature" in refused(tokens, token(kid="else"))
    public = PRIVATE.public_key().public_bytes_raw()
    for known in (public, PUBLIC.encode()):  # the public key taken for a secret
        assert "algorithm" in refused(tokens, token(kid="new", sign=partial(by_secret, secret=known)))
    assert "signature" in refused(tokens, token(kid="new", sign=by_secret, alg="EdDSA"))
    for kid in ("", "older", "../secret", None, 1, ["old"]):
        assert refused(tokens, token(kid=kid))  # type: ignore[arg-type]
    more: dict[str, Any] = {"jku": "https://evil.test", "jwk": {}, "crit": ["exp"], "b64": False, "zip": "DEF"}
    for name, value in more.items():
        assert "header" in refused(tokens, token(**{name: value}))
    assert "header" in refused(tokens, token(typ="at+jwt"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"aud": None},
        {"aud": [CHAT]},
        {"aud": [CHAT, "https://evil.test"]},
        {"aud": f"{CHAT}/"},
        {"aud": "https://evil.test"},
        {"aud": ""},
        {"exp": str(NOW + 300)},
        {"exp": NOW + 300.0},
        {"exp": None},
        {"exp": True},
        {"exp": NOW + 301},
        {"exp": NOW + 10**9},
        {"exp": 10**400},
        {"exp": NOW + 49, "iat": NOW},
        {"exp": NOW, "iat": NOW + 1},
        {"iat": str(NOW)},
        {"iat": None},
        {"iat": NOW + 71, "exp": NOW + 300},
        {"iat": NOW - 400, "exp": NOW - 200},
        {"nbf": NOW + 71},
        {"nbf": "0"},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a\nb"},
        {"sub": "x" * 256},
        {"groups": "sysop"},
        {"groups": {"sysop": 1}},
        {"groups": [""]},
        {"groups": [["sysop"]]},
        {"groups": [None]},
        {"groups": ["g"] * 201},
    ],
    ids=str,
)
def test_what_is_not_for_us_or_not_for_now_is_refused(tokens: Tokens, wrong: dict[str, Any]) -> None:
    """Audience, times, user and groups are of their type and in their range, or the token counts for nothing."""
    assert refused(tokens, token(CLAIMS | wrong))
    for name in set(wrong) - {"groups", "nbf"}:
        assert refused(tokens, token({key: value for key, value in CLAIMS.items() if key != name}))


def test_who_has_left_is_out_with_all_tokens_of_before(tmp_path: Path) -> None:
    """None that the person had counts any more, of any key, until it is over; a later one does, and others'."""
    (tmp_path / "secret").write_bytes(SECRET)
    names = {"old": TokenKey("HS256", "wiki.example", tmp_path / "secret")}
    now = [NOW + 60.0]
    tokens = Tokens(names | {"new": TokenKey("EdDSA", "wiki.example", public_key=PUBLIC)}, CHAT, lambda: now[0])
    later, ahead = ({"iat": NOW + second, "exp": NOW + 300} for second in (61, 65))
    tokens.leave(token())
    for sent in (token(), by_key(), token(CLAIMS | {"groups": []}), token(CLAIMS | {"iat": NOW + 60})):
        assert refused(tokens, sent) == "its person has left"
    assert tokens.user(token(CLAIMS | {"sub": "Ada"})).name == "wiki.example:Ada"
    assert tokens.user(token(CLAIMS | later)) == tokens.user(by_key(CLAIMS | ahead))
    tokens.leave(token(CLAIMS | ahead))  # of a wiki whose clock is ahead
    assert refused(tokens, by_key(CLAIMS | ahead)) == "its person has left"
    for passed in (100, 309):
        now[0] = NOW + passed
        assert refused(tokens, token(CLAIMS | later)) == "its person has left"
    now[0] = NOW + 310
    assert refused(tokens, token(CLAIMS | later)) == "it is over, or has not begun"
    with pytest.raises(TokenError):
        tokens.leave(token(sign=lambda data: by_secret(data, OTHER)))


def test_clocks_may_differ_a_little(tokens: Tokens) -> None:
    """Ten seconds either way are no reason to refuse."""
    for fine in ({"exp": NOW + 51}, {"iat": NOW + 70}, {"nbf": NOW + 70}):
        assert tokens.user(token(CLAIMS | fine))


def test_every_claim_stands_once_and_is_json(tokens: Tokens) -> None:
    """Names that stand twice, in claims, header or below them, and what is no object of JSON, count for nothing."""
    plain = json.dumps(CLAIMS)
    twice = (
        f'{{"sub": "root", {plain[1:]}',
        f'{plain[:-1]}, "aud": "{CHAT}"}}',
        f'{plain[:-1]}, "x": {{"a": 1, "a": 2}}}}',
    )
    for one in twice:
        assert "twice" in refused(tokens, token(one.encode()))
    head = written(b'{"alg": "none", "kid": "old", "alg": "HS256"}')
    signed = f"{head}.{written(CLAIMS)}"
    assert "twice" in refused(tokens, f"{signed}.{written(by_secret(signed.encode()))}")
    for no in (b"", b"[]", b"null", b"{", b"\xff{}", b"[" * 6000, plain.encode("utf-16"), plain.encode() + b"{}"):
        assert refused(tokens, token(no))


def test_no_other_writing_of_a_token(tokens: Tokens) -> None:
    """The same signature written otherwise is another token, and none of ours."""
    good = by_key()
    head, claims, signature = good.split(".")
    bits = chr(ord(signature[-1]) + 1)  # the last letter has four bits that no byte takes
    assert base64.urlsafe_b64decode(signature[:-1] + bits + "==") == base64.urlsafe_b64decode(signature + "==")
    others = [f"{head}.{claims}.{signature[:-1]}{bits}", f"{head}.{claims}.{signature[:9]}!{signature[9:]}"]
    others += [f"{good}==", f"{good}.", f".{good}", f" {good}", f"{good}\n", f"é{good}", good.replace(".", ".\n", 1)]
    others += [f"{head}.{claims}", f"{head}..{signature}", "", "..", "a.b.c", good * 9]
    for other in others:
        assert refused(tokens, other)
    assert "look like" in refused(tokens, token(CLAIMS | {"groups": ["g" * 200] * 60}))
    assert len(token(CLAIMS | {"groups": ["g" * 200] * 60})) > MAX_TOKEN


def test_no_mutation_of_a_token_counts(tokens: Tokens, request: pytest.FixtureRequest) -> None:
    """Bytes changed, dropped, put in, doubled or swapped at random: none of these tokens is accepted."""
    chance = random.Random(16)
    many = 50_000 if request.config.getoption("--long") else MUTATIONS
    for good in (token(), by_key()):
        for _ in range(many):
            assert refused(tokens, mutation(good, chance))


def mutation(good: str, chance: random.Random) -> str:
    """The token after one to three changes, never as it was."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_."
    changed = good
    while changed == good:
        for _ in range(chance.randint(1, 3)):
            at, to = sorted(chance.choices(range(len(changed)), k=2))
            letter = chance.choice(letters) if chance.random() < 0.9 else chr(chance.randrange(256))
            changed = chance.choice(
                [
                    changed[:at] + letter + changed[at + 1 :],
                    changed[:at] + letter + changed[at:],
                    changed[:at] + changed[at + 1 :],
                    changed[:at] + changed[to:],
                    changed[:to] + changed[at:to] + changed[to:],
                ]
            )
    return changed


def test_a_key_that_is_none_is_said_at_start(tmp_path: Path) -> None:
    """A short or missing secret, and a public key that is none, are errors in one line before anything is served."""
    (tmp_path / "short").write_bytes(SECRET[:31])
    for key in (
        TokenKey("HS256", "w", tmp_path / "short"),
        TokenKey("HS256", "w", tmp_path / "missing"),
        TokenKey("EdDSA", "w", public_key="AAAA"),
        TokenKey("EdDSA", "w", public_key="-----BEGIN PUBLIC KEY-----"),
    ):
        with pytest.raises(SettingsError, match="of k in identities"):
            Tokens({"k": key}, CHAT)


@pytest.mark.parametrize(
    "wrong",
    [
        {"algorithm": "none", "wiki": "w", "public_key": PUBLIC},
        {"algorithm": "HS256", "wiki": "w", "public_key": PUBLIC},
        {"algorithm": "EdDSA", "wiki": "w", "secret_file": "s"},
        {"algorithm": "HS256", "wiki": "w", "secret_file": "s", "public_key": PUBLIC},
        {"algorithm": "HS256", "wiki": "", "secret_file": "s"},
        {"algorithm": "HS256", "wiki": "w", "secret": "s"},
        {"algorithm": "HS256", "wiki": "w"},
    ],
    ids=str,
)
def test_a_key_fits_its_algorithm(wrong: dict[str, str]) -> None:
    """A setting that mixes the kinds of keys, or leaves one out, is an error that names it."""
    with pytest.raises(SettingsError, match="the setting identities"):
        Settings.read(identities={"k": wrong})
