"""The doors for wikis: which origins may ask, in whose name, and that no other door opens to any of them."""

import json
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from article_assistant.identity import TokenKey
from article_assistant.index.types import EVERYONE, Article
from article_assistant.settings import Settings
from article_assistant.types import User
from article_assistant.web import gate, keys, routes
from article_assistant.web import server as api
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from tests import parts
from tests import served as web
from tests.web.test_gate import address
from tests.web.test_tokens import SECRET, token

WIKI = "https://wiki.example.org"
CHAT = "http://127.0.0.1:7860"
NAME = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
PASSWORD = "correct horse"
DOORS = [entry.path for entry in routes.ROUTES if entry.opens == "token"]
FOREIGN = [
    "https://evil.test",
    "null",
    "http://wiki.example.org",
    f"{WIKI}:8443",
    f"{WIKI}.evil.test",
    "https://sub.wiki.example.org",
    "https://WIKI.example.org",
    f"{WIKI}/",
    "",
]
MANY = [f"https://site{number}.test" for number in range(491)]


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands behind the gate: says whose rights apply, with a header that the gate must take away."""
    request = Request(scope, receive)
    user = gate.user_of(request)
    said = {"user": user.name if user else None, "groups": sorted(user.groups or ()) if user else []}
    await JSONResponse(said, headers={"access-control-allow-credentials": "true"})(scope, receive, send)


def settings(home: Path, **given: Any) -> Settings:
    """Settings with one wiki, which signs with a secret."""
    home.mkdir(exist_ok=True)
    (home / "secret").write_bytes(SECRET)
    key = TokenKey("HS256", "wiki.example.org", home / "secret")
    return Settings(home=home, embed_origins=(WIKI,), identities={"old": key}, **given)


def door(home: Path, **given: Any) -> TestClient:
    """A script before a gate with these settings."""
    return TestClient(gate.Gate(who, settings(home, **given)), base_url=CHAT, follow_redirects=False)


def signed(groups: list[str], **claims: Any) -> dict[str, str]:
    """The header with a token that is good for a minute."""
    now = int(time.time())
    made = {"sub": "Mia", "groups": groups, "aud": CHAT, "iat": now, "exp": now + 60} | claims
    return {"authorization": f"Bearer {token(made)}"}


def readable(response: Any) -> bool:
    """Whether a browser shows a response to a script of another origin."""
    return any(name.startswith("access-control-") for name in response.headers)


@pytest.mark.parametrize("entry", routes.ROUTES, ids=lambda entry: entry.path)
def test_a_listed_origin_reads_the_doors_for_wikis_and_no_other(tmp_path: Path, entry: routes.Address) -> None:
    """Walks the table: only at the doors for wikis a page of a listed origin may read, and nowhere with cookies."""
    browser = door(tmp_path)
    for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "DELETE"):
        for asks in ({}, {"access-control-request-method": "POST", "access-control-request-headers": "authorization"}):
            response = browser.request(method, address(entry), headers={"origin": WIKI} | asks)
            assert "access-control-allow-credentials" not in response.headers
            assert response.headers.get("access-control-allow-origin", WIKI) == WIKI
            assert readable(response) == (entry.opens == "token"), method
            if entry.opens == "token":
                assert "origin" in response.headers["vary"].lower()
                assert response.headers["access-control-allow-methods"] == "POST"
                assert response.headers["access-control-allow-headers"] == "authorization, content-type"
                assert response.status_code == (
                    204 if method == "OPTIONS" and asks else 200 if method == "POST" else 405
                )


@pytest.mark.parametrize("entry", routes.ROUTES, ids=lambda entry: entry.path)
def test_no_foreign_origin_reads_anything(
    tmp_path: Path, entry: routes.Address, request: pytest.FixtureRequest
) -> None:
    """Origins that are not listed, some nearly, read nothing anywhere, with or without a token; `--long` tries 500."""
    browser = door(tmp_path)
    for origin in FOREIGN + (MANY if request.config.getoption("--long") else []):
        for method in ("OPTIONS", *sorted(entry.methods)):
            asks = {"access-control-request-method": "POST"} if method == "OPTIONS" else signed(["sysop"])
            response = browser.request(method, address(entry), headers={"origin": origin} | asks)
            assert not readable(response)
            if entry.opens == "token":
                assert response.status_code in (403, 405), origin


@pytest.mark.parametrize("path", DOORS)
def test_who_asks(tmp_path: Path, path: str) -> None:
    """A token brings its person's groups; nothing brings a guest, who has everyone's; a wrong token brings nobody."""
    browser = door(tmp_path)
    origin = {"origin": WIKI}
    assert browser.post(path, headers=origin).json() == {"user": "guest", "groups": [EVERYONE]}
    mia = browser.post(path, headers=origin | signed(["sysop"])).json()
    assert mia == {"user": "wiki.example.org:Mia", "groups": [EVERYONE, "wiki.example.org:sysop"]}
    key = {"authorization": f"Bearer {keys.issue(tmp_path, 'bot', ['staff'])}"}
    old = int(time.time()) - 400
    for wrong in (
        signed([], aud="https://else.test"),
        signed([], iat=old, exp=old + 300),
        key,
        {"authorization": "Bearer x"},
    ):
        refused = browser.post(path, headers=origin | wrong)
        assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
        assert refused.json()["error"]["type"] == "authentication_error"
        assert readable(refused)


@pytest.mark.parametrize(
    ("given", "lets_in"),
    [
        ({}, True),
        ({"guests": False}, False),
        ({"password": PASSWORD}, False),
        ({"password": PASSWORD, "guests": True}, True),
    ],
    ids=str,
)
def test_guests_come_in_where_a_setting_says_so(tmp_path: Path, given: dict[str, Any], lets_in: bool) -> None:
    """By default guests come in where the page is open to all; no session stands for a token."""
    browser = door(tmp_path, **given)
    if "password" in given:
        assert browser.post("/login", data={"password": PASSWORD}).status_code == 303
    for path in DOORS:
        assert (browser.post(path).status_code == 200) == lets_in
        assert browser.post(path, headers=signed([])).status_code == 200


def test_a_token_opens_nothing_else(tmp_path: Path) -> None:
    """Programs' doors need a key and the page its password, whatever token is brought."""
    browser = door(tmp_path, password=PASSWORD)
    for entry in routes.ROUTES:
        if entry.opens in ("key", "session"):
            answer = browser.request(min(entry.methods), address(entry), headers=signed(["sysop"]))
            assert answer.status_code in (303, 401, 429), entry.path  # the last: many wrong keys


def test_tokens_are_for_the_address_and_it_is_served(tmp_path: Path) -> None:
    """With an address, tokens must be made for it, and its name is answered behind a proxy."""
    browser = door(tmp_path, address="https://chat.example.org")
    named = {"host": "chat.example.org"}
    assert browser.post(DOORS[0], headers=named | signed([])).status_code == 401
    assert browser.post(DOORS[0], headers=named | signed([], aud="https://chat.example.org")).status_code == 200
    assert browser.post(DOORS[0], headers={"host": "evil.test"}).status_code == 421
    assert browser.post(DOORS[0], headers={"origin": "http://127.0.0.1:9999"}).status_code == 403


def test_what_the_doors_answer(tmp_path: Path) -> None:
    """A question is streamed in the name of who asks; the conversation is there again, is judged, and is forgotten."""
    assistant = web.scripted(web.good())

    async def made() -> Any:
        return api.create_app(assistant, settings(tmp_path))

    browser = TestClient(parts.run(made()), base_url=CHAT)
    asked = {"question": "What did we change?", "conversation": NAME, "stream": True}
    with browser.stream("POST", "/widget/ask", json=asked, headers={"origin": WIKI} | signed([])) as stream:
        events = "".join(stream.iter_text())
    assert [line[7:] for line in events.splitlines() if line.startswith("event:")][-2:] == ["citation", "answer"]
    assert [user for _, user, _ in assistant.asked] == [User("wiki.example.org:Mia", frozenset({EVERYONE}))]
    (turn,) = browser.post("/widget/turns", json={"conversation": NAME}, headers=signed([])).json()["answers"]
    assert turn == json.loads(events.split("event: answer\ndata: ")[1])
    judged = {"conversation": NAME, "question": "What did we change?", "thumb": "up"}
    assert browser.post("/widget/judge", json=judged, headers=signed([])).json() == {"kept": True}
    assert browser.post("/widget/judge", json=judged | {"question": "No?"}, headers=signed([])).status_code == 404
    assert browser.post("/widget/forget", json={"conversation": NAME}, headers=signed([])).json() == {"kept": False}
    assert assistant.forgotten == [(User("wiki.example.org:Mia", frozenset({EVERYONE})), NAME)]


def test_a_passage_is_read_with_the_rights_of_who_asks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is in the group gets the words and what is around them; for others it is as if there were no such article."""
    assistant = web.scripted()

    def held(identifier: str, user: User) -> Article | None:
        return assistant.articles.get(identifier) if "wiki.example.org:hr" in (user.groups or ()) else None

    monkeypatch.setattr(assistant, "article", held)

    async def made() -> Any:
        return api.create_app(assistant, settings(tmp_path))

    browser = TestClient(parts.run(made()), base_url=CHAT)
    start = web.TEXT.index(web.QUOTE)
    end = start + len(web.QUOTE)
    asked = {"article": "ops/incident.md", "start": start, "end": end}
    said = browser.post("/widget/passage", json=asked, headers={"origin": WIKI} | signed(["hr"])).json()
    assert said == {"before": web.TEXT[start - 2000 : start], "quote": web.QUOTE, "after": web.TEXT[end:]}
    beyond = browser.post("/widget/passage", json=asked | {"start": 10**9, "end": 5}, headers=signed(["hr"]))
    assert beyond.json() == {"before": "", "quote": "", "after": ""}
    missing = browser.post("/widget/passage", json=asked | {"article": "none"}, headers=signed(["hr"]))
    for more in ({}, signed(["ops"])):
        refused = browser.post("/widget/passage", json=asked, headers=more)
        assert (refused.status_code, refused.content) == (404, missing.content)


@pytest.mark.parametrize("name", [None, "", "a", "short", "x" * 65, "a b" * 9, "../" * 9])
def test_a_conversation_has_a_name_that_nobody_guesses(tmp_path: Path, name: str | None) -> None:
    """A door takes no conversation that another guest could come upon."""

    async def made() -> Any:
        return api.create_app(web.scripted(), settings(tmp_path))

    browser = TestClient(parts.run(made()), base_url=CHAT)
    for path in DOORS:
        body = {"question": "Why?", "thumb": "up", "conversation": name}
        assert browser.post(path, json=body).status_code == 422


def test_no_replay_after_logout(tmp_path: Path) -> None:
    """Whoever has left is let in by no token of before, at no door of a served chat; others go on, and so do guests."""
    served = web.Served(web.scripted(), **dict(settings(tmp_path)))
    try:
        with httpx.Client(base_url=served.url, headers={"origin": WIKI}) as browser:

            def status(path: str, token: dict[str, str]) -> int:
                return browser.post(path, headers=token, json={"conversation": NAME, "question": "Who?"}).status_code

            now = int(time.time())
            mia, in_another_tab = (signed([], aud=served.url, iat=now - age, exp=now + 290) for age in (0, 5))
            ada, guest = signed([], aud=served.url, sub="Ada"), dict[str, str]()
            assert {status(path, mia) for path in DOORS if path != routes.WIDGET_LEAVE.path} == {200, 422}
            assert [status(routes.WIDGET_LEAVE.path, who) for who in (guest, mia)] == [200, 200]
            assert {status(path, old) for path in DOORS for old in (mia, in_another_tab)} == {401}
            turns = routes.WIDGET_TURNS.path
            assert [status(turns, who) for who in (ada, guest)] == [200, 200]
            again = signed([], aud=served.url, iat=now + 5, exp=now + 290)
            assert status(turns, again) == 200
    finally:
        served.stop()
