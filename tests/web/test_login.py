"""`web.login`: a proxy or a provider says who asks on the page, and nobody else can."""

import hashlib
import hmac
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest
from article_assistant.settings import Settings, SettingsError
from article_assistant.types import User
from article_assistant.web import gate, routes
from article_assistant.web.provider import ProviderError, id_claims
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests import served as web
from tests.ports import free_port
from tests.web.test_tokens import written

ROOT = Path(__file__).parents[2]
HERE = "http://127.0.0.1:7860"
PROXY = {"addresses": ["10.0.0.5", "10.1.0.0/24"], "user": "X-Forwarded-User", "groups": "X-Forwarded-Groups"}
MIA = {"x-forwarded-user": "mia", "x-forwarded-groups": "hr, board"}
SIGNED_IN = {"user": "login:mia", "groups": ["board", "everyone", "hr"]}
GUEST = {"user": "reader", "groups": ["everyone"]}


async def whoami(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands behind the gate: says who asks, with which groups."""
    user = gate.user_of(Request(scope, receive))
    said = {"user": user.name, "groups": sorted(user.groups or ())} if user else None
    await JSONResponse(said)(scope, receive, send)


def before(peer: str = "10.0.0.5", app: Any = None, **given: Any) -> TestClient:
    """A browser, or a proxy, at this address before a gate with these settings."""
    app = app or gate.Gate(whoami, Settings(**given))
    return TestClient(app, base_url=HERE, client=(peer, 5000), follow_redirects=False)


# ---------------------------------------------------------------- a reverse proxy


@pytest.mark.parametrize("peer", ["10.0.0.5", "10.1.0.77", "::ffff:10.0.0.5"])
def test_a_listed_proxy_says_who_asks(peer: str) -> None:
    """Who asks has the name and the groups that a proxy at a listed address gives, and everyone's."""
    page = before(peer, proxy=PROXY)
    assert page.get("/", headers=MIA).json() == SIGNED_IN
    assert page.get("/article/a.md", headers={b"x-forwarded-user": "zoë".encode()}).json() == {
        "user": "login:zoë",
        "groups": ["everyone"],
    }


@pytest.mark.parametrize("peer", ["10.0.0.6", "10.2.0.1", "127.0.0.1", "::1", "testclient", ""])
@pytest.mark.parametrize(
    "more", [{}, {"x-forwarded-for": "10.0.0.5"}, {"forwarded": "for=10.0.0.5"}, {"x-real-ip": "10.0.0.5"}]
)
def test_nobody_else_can_say_it(peer: str, more: dict[str, str]) -> None:
    """From another address the header counts for nothing: its sender is a guest where guests are, and refused else."""
    assert before(peer, proxy=PROXY, guests=True).get("/", headers=MIA | more).json() == GUEST
    refused = before(peer, proxy=PROXY).get("/", headers=MIA | more)
    assert (refused.status_code, "Not signed in" in refused.text) == (401, True)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("x-forwarded-user", "")],
        [("x-forwarded-user", "mia"), ("x-forwarded-user", "root")],
        [("x-forwarded-user", "m\x01ia")],
        [("x-forwarded-user", "m" * 300)],
        [("x-forwarded-user", "mia"), ("x-forwarded-groups", "hr"), ("x-forwarded-groups", "board")],
        [("x-forwarded-user", "mia"), ("x-forwarded-groups", "g," * 201)],
        [("remote-user", "mia")],
    ],
)
def test_what_is_no_name_or_stands_twice_is_nobody(headers: list[tuple[str, str]]) -> None:
    """A header that is missing, doubled or no name names nobody: a browser may have sent one of the two."""
    assert before(proxy=PROXY, guests=True).get("/", headers=headers).json() == GUEST


def test_a_session_is_of_one_person_with_the_groups_of_today() -> None:
    """A session ends when the proxy names somebody else or other groups; only a page begins another."""
    app = gate.Gate(whoami, Settings(proxy=PROXY))  # type: ignore[arg-type]
    page = before(app=app)
    page.get("/", headers=MIA)
    join = {"session_hash": "tab1", "data": []}
    assert page.post(routes.EVENT.path, json=join, headers=MIA).json() == SIGNED_IN
    for other in ({"x-forwarded-user": "tom"}, MIA | {"x-forwarded-groups": "hr"}):
        assert page.post(routes.EVENT.path, json=join, headers=other).status_code == 401
    assert page.post(routes.EVENT.path, json=join, headers=MIA).status_code == 401
    assert page.post(routes.EVENT.path, json=join).status_code == 401


def test_an_address_that_the_proxy_passes_on_is_believed_of_it_alone() -> None:
    """The scheme and the browser's address come from a listed proxy, also one that names no user."""
    for peer, secure in (("10.0.0.5", True), ("10.9.9.9", False)):
        page = before(peer, proxy={"addresses": ["10.0.0.5"]})
        cookie = page.get("/", headers={"x-forwarded-proto": "https"}).headers["set-cookie"]
        assert ("Secure" in cookie) == secure


def test_the_page_asks_as_its_reader() -> None:
    """What is asked on the real page is asked, and remembered, as the person whom the proxy names."""
    served = web.Served(web.scripted(web.good()), proxy={"addresses": ["127.0.0.1"], "user": "Remote-User"})
    try:
        with (
            httpx.Client(base_url=served.url, headers={"remote-user": "mia"}, timeout=60) as person,
            web.asking(person, "tab1", "What did we change?") as stream,
        ):
            assert "rotated every night" in stream.read().decode()
        with httpx.Client(base_url=served.url, timeout=60) as stranger:
            assert stranger.get("/").status_code == 401
    finally:
        served.stop()
    assert [user for _, user, _ in served.assistant.asked] == [User("login:mia", frozenset({"everyone"}))]


def test_one_login_at_a_time() -> None:
    """Two logins, an issuer over http, or a provider without our own address are errors at start."""
    oidc = {"issuer": "https://id.example.org", "client": "chat"}
    for given in (
        {"password": "correct horse", "proxy": PROXY},
        {"oidc": oidc, "proxy": PROXY, "address": HERE},
        {"oidc": oidc | {"issuer": "http://id.example.org"}, "address": HERE},
        {"oidc": oidc},
        {"proxy": PROXY | {"addresses": ["chat.example.org"]}},
        {"proxy": PROXY | {"users": "x"}},
    ):
        with pytest.raises(SettingsError):
            Settings.read(**given)
    assert Settings.read(oidc=oidc, address=HERE).login == "oidc"
    assert Settings.read(password="correct horse", proxy={"addresses": ["10.0.0.5"]}).login == "password"


# ---------------------------------------------------------------- a provider


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    """A real provider of identities on this machine, which knows mia and her groups."""
    port = free_port()
    claims = json.dumps({"sub": "mia", "groups": ["hr", "board"], "teams": "sales"})
    command = [sys.executable, "-m", "oidc_provider_mock", "--port", str(port), "--require-nonce", "true"]
    process = subprocess.Popen([*command, "--user-claims", claims], stderr=subprocess.DEVNULL)
    address = f"http://127.0.0.1:{port}"
    for _ in range(600):
        try:
            httpx.get(f"{address}/jwks")
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield address
    process.terminate()
    process.wait(10)


def signed(issuer: str, page: TestClient, path: str = "/", who: str = "mia", **changed: str) -> str:
    """The address that the provider sends a browser back to, after it signed in there; `changed` parts of the way."""
    to_login = page.get(path)
    assert to_login.status_code == 303
    url = page.get(to_login.headers["location"]).headers["location"]
    asked = {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()} | changed
    assert url.startswith(issuer)
    assert (asked["code_challenge_method"], len(asked["code_challenge"])) == ("S256", 43)
    back = httpx.post(f"{url.partition('?')[0]}?{urlencode(asked)}", data={"sub": who}).headers["location"]
    assert back.startswith(f"{HERE}/login/callback?")
    return back.removeprefix(HERE)


def at(issuer: str, **oidc: Any) -> Any:
    """A gate whose people sign in at this provider, which takes any secret."""
    oidc = {"secret_file": ROOT / "LICENSE"} | oidc
    return gate.Gate(whoami, Settings(oidc={"issuer": issuer, "client": "chat", **oidc}, address=HERE))  # type: ignore[arg-type]


def test_a_provider_says_who_asks(issuer: str) -> None:
    """Who comes back from the provider has the groups of the claim, goes where they wanted, and can sign out."""
    page = before(app=at(issuer))
    assert page.get(routes.THEME.path).status_code == 401
    entered = page.get(signed(issuer, page, "/article/a%20b.md?start=1"))
    assert entered.headers["location"] == "/article/a%20b.md?start=1"
    assert page.get("/").json() == SIGNED_IN
    assert page.post(routes.EVENT.path, json={}).json() == SIGNED_IN
    assert "Signed out" in page.post("/logout").text
    assert page.get("/").status_code == 303
    page = before(app=at(issuer, groups="teams"))
    page.get(signed(issuer, page))
    assert page.get("/").json() == SIGNED_IN | {"groups": ["everyone", "sales"]}


def test_only_the_browser_that_left_comes_back(issuer: str, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong, a missing, a used and somebody else's state are refused, with an id that the log explains."""
    app = at(issuer)
    mia, thief = before(app=app), before(app=app)
    back = signed(issuer, mia)
    thief.get("/login")
    for wrong in (back, "/login/callback", "/login/callback?state=x&code=y", "/login/callback?code=y&state="):
        refused = thief.get(wrong)
        assert refused.status_code == 403
        identifier = refused.text.partition("(Error ")[2][:8]
        assert len(identifier) == 8
        assert identifier in caplog.text
        assert "state" not in refused.text
        assert "set-cookie" not in refused.headers
    assert mia.get(back).status_code == 303
    assert mia.get(back).status_code == 403
    assert thief.get("/").status_code == 303


@pytest.mark.parametrize(("changed", "why"), [({"nonce": "x"}, "Invalid claim"), ({"client_id": "x"}, "invalid_grant")])
def test_a_token_for_another_sign_in_or_client_is_refused(
    issuer: str, changed: dict[str, str], why: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What was signed in with another nonce, or for another client, lets nobody in."""
    page = before(app=at(issuer))
    assert page.get(signed(issuer, page, **changed)).status_code == 403
    assert why in caplog.text
    assert page.get("/").status_code == 303


def test_a_provider_that_is_away_lets_nobody_in() -> None:
    """Without its provider the page stays closed and says so in words."""
    page = before(app=at(f"http://127.0.0.1:{free_port()}"))
    refused = page.get("/login")
    assert (refused.status_code, "closed at the moment" in refused.text) == (502, True)


def test_signing_in_within_a_frame_says_what_to_do(issuer: str) -> None:
    """Providers refuse to be framed, and a foreign frame keeps no login: the page says so and offers a tab."""
    framed = {"sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"}
    for page in (before(app=at(issuer)), before(password="correct horse")):
        said = page.get("/login", headers=framed)
        assert (said.status_code, "a tab of its own" in said.text) == (403, True)
        assert 'target="_blank"' in said.text
    same_site = framed | {"sec-fetch-site": "same-site"}
    assert before(password="correct horse").get("/login", headers=same_site).status_code == 200


# ---------------------------------------------------------------- its tokens

KEY = RSAKey.generate_key(2048, {"kid": "one"})
PUBLIC: dict[str, Any] = {**KeySet([KEY]).as_dict()}
CLAIMS = {"iss": "https://id.example.org", "aud": "chat", "sub": "mia", "nonce": "n"}


def id_token(key: Any = KEY, alg: str = "RS256", **changed: Any) -> str:
    """An ID token, good for a minute."""
    now = int(time.time())
    claims = {"iat": now, "exp": now + 60, **CLAIMS, **changed}
    kept = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode({"alg": alg, "kid": "one"}, kept, key, algorithms=[alg])


def test_a_token_of_the_provider_for_us_now_is_good() -> None:
    """A token with the issuer, the client, the nonce and a time that is not over is read; several audiences name us."""
    assert id_claims(id_token(), PUBLIC, "https://id.example.org", "chat", "n")["sub"] == "mia"
    several = id_token(aud=["chat", "wiki"], azp="chat")
    assert id_claims(several, PUBLIC, "https://id.example.org", "chat", "n")["aud"] == ["chat", "wiki"]


@pytest.mark.parametrize(
    "changed",
    [{name: value} for name in ("iss", "aud", "nonce") for value in ("another", "", None, ["another"])]
    + [
        {"exp": 1},
        {"exp": None},
        {"iat": None},
        {"sub": None},
        {"nbf": 2**33},
        {"aud": ["chat", "wiki"], "azp": "wiki"},
    ],
)
def test_any_other_token_is_refused(changed: dict[str, Any]) -> None:
    """A token of another issuer, audience, sign-in or time lets nobody in."""
    with pytest.raises(ProviderError):
        id_claims(id_token(**changed), PUBLIC, "https://id.example.org", "chat", "n")


def test_only_the_providers_own_key_signs() -> None:
    """Unsigned tokens, those of other keys and those signed with a public key as a secret are refused."""
    public = KEY.as_pem(private=False)
    stranger = RSAKey.generate_key(2048, {"kid": "one"})
    payload = id_token().split(".")[1]
    unsigned = f"{written({'alg': 'none'})}.{payload}."
    signed = f"{written({'alg': 'HS256', 'kid': 'one'})}.{payload}"
    by_secret = f"{signed}.{written(hmac.new(public, signed.encode(), hashlib.sha256).digest())}"
    for token in (id_token(stranger), by_secret, unsigned, "", "a.b.c", id_token() + "x"):
        with pytest.raises(ProviderError):
            id_claims(token, PUBLIC, "https://id.example.org", "chat", "n")
