"""`web.gate`: only the page's routes, hosts, methods, sizes and sessions come in, with our headers out."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from article_assistant.settings import Settings
from article_assistant.web import gate, keys, routes, sessions
from article_assistant.web import server as api
from pydantic import SecretStr
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Match, Mount, Route
from starlette.testclient import TestClient
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tests import parts
from tests import served as web

PASSWORD = "correct horse"
HERE = "http://127.0.0.1:7860"


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands behind the gate: says who came and what they brought, with headers that the gate must take away."""
    request = Request(scope, receive)
    said = f"{gate.session_of(request)}|{len(await request.body())}|<script>page</script>"
    loose = {"access-control-allow-origin": "*", "server": "inner"}
    await PlainTextResponse(said, headers=loose)(scope, receive, send)


def client(base: str = HERE, **given: object) -> TestClient:
    """A browser before a gate with these settings."""
    return TestClient(gate.Gate(echo, Settings(**given)), base_url=base, follow_redirects=False)  # type: ignore[arg-type]


def session(response: Any) -> str:
    return str(response.text).partition("|")[0]


def address(entry: routes.Address) -> str:
    """An address that an entry of the table serves."""
    return entry.path.replace("{identifier:rest}", "a/b.md").replace("{name:name}", "index-A_b.js")


OPEN = [address(entry) for entry in routes.ROUTES if "GET" in entry.methods and entry.opens != "key"]
for way_in in ("/login", "/login/callback"):
    OPEN.remove(way_in)  # where there is no login it leads to the page
CLOSED_BY_PASSWORD = [address(entry) for entry in routes.ROUTES if entry.opens == "session" and "GET" in entry.methods]
DOORS = [(min(entry.methods), address(entry)) for entry in routes.ROUTES if entry.opens == "key"]
CLOSED = ["/gradio_api/info", "/gradio_api/file=http://evil.test/x", "/gradio_api/file=/etc/passwd", "/monitoring"]
CLOSED += ["/gradio_api/proxy=https://evil.test/", "/gradio_api/upload", "/gradio_api/deep_link", "/config", "/config/"]
CLOSED += ["/gradio_api/openapi.json", "/gradio_api/startup-events", "/gradio_api/call/ask", "/gradio_api/run/ask"]
CLOSED += ["/gradio_api/token", "/docs", "/openapi.json", "/manifest.json", "/pwa_icon"]
CLOSED += [
    "/gradio_api/stream/a/b/1/playlist.m3u8",
    "/gradio_api/component_server",
    "/gradio_api/vibe-code",
    "/robots.txt",
]
CLOSED += [
    "/assets/../../../etc/passwd",
    "/assets/%2e%2e/x",
    "/files/../api.py",
    "/login_check",
    "/svelte/x",
    "/static/x.js",
]
CLOSED += [
    "/gradio_api/vibe-code",
    "/static/x.js",
    "/gradio_api//queue/data",
    "/gradio_api/queue/data/",
    "/gradio_api/runs",
]


@pytest.mark.parametrize("path", OPEN)
def test_the_page_and_what_it_needs_come_in(path: str) -> None:
    """The routes of the page are let through."""
    assert client().get(path).status_code == 200


def test_the_table_names_what_there_is() -> None:
    """Each address is answered by whom the table names: our application has these routes and no other, Gradio its."""

    async def made() -> ASGIApp:
        return api.create_app(web.scripted(), Settings())

    app = parts.run(made())
    assert isinstance(app, gate.Gate)
    outer: Any = app._app
    ours = {(route.path, frozenset(route.methods or ())) for route in outer.routes if isinstance(route, Route)}
    assert ours == {(entry.path, entry.methods) for entry in routes.ROUTES if entry.by == "app"}
    (mount,) = (route for route in outer.routes if isinstance(route, Mount))
    for entry in routes.ROUTES:
        if entry.by == "gradio":
            scope = {"type": "http", "path": address(entry), "method": min(entry.methods), "root_path": ""}
            assert any(route.matches(scope)[0] == Match.FULL for route in mount.routes), entry.path


@pytest.mark.parametrize("path", CLOSED)
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_every_other_route_is_not_found(path: str, method: str) -> None:
    """Whatever else Gradio serves (files, proxies, uploads, its API, monitoring) is not there."""
    assert client().request(method, path).status_code == 404


@pytest.mark.parametrize("method", ["PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "CONNECT", "POST"])
def test_other_methods_are_refused(method: str) -> None:
    """A route answers only the methods the page uses; there is no preflight to be had."""
    response = client().request(method, "/")
    assert response.status_code == 405
    assert "access-control-allow-origin" not in response.headers


@pytest.mark.parametrize("path", ["/", "/nothing", "/article/x", "/widget.js", "/gradio_api/queue/join"])
def test_every_response_carries_the_rules(path: str) -> None:
    """Also a refusal carries the policy, and no response admits another origin, whatever the app behind says."""
    browser = client(embed_origins=("https://wiki.example.org",))
    response = browser.get(path, headers={"origin": "https://evil.test"})
    policy = response.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "object-src 'none'" in policy
    assert "frame-ancestors 'self' https://wiki.example.org" in policy
    assert "'unsafe-inline'" not in re.search(r"script-src ([^;]*)", policy)[1]  # type: ignore[index]
    assert response.headers["x-content-type-options"] == "nosniff"
    assert response.headers["referrer-policy"] == "same-origin"
    assert not [name for name in response.headers if name.startswith("access-control-")]
    assert "server" not in response.headers
    assert "x-frame-options" not in response.headers


def test_scripts_of_the_page_carry_a_nonce_of_their_own() -> None:
    """Inline scripts of the page run by a nonce that is new with each response; other pages allow none."""
    browser = client()
    nonces = set()
    for _ in range(2):
        response = browser.get("/")
        nonce = re.search(r"'nonce-([^']+)'", response.headers["content-security-policy"])
        assert nonce
        assert f'<script nonce="{nonce[1]}">' in response.text
        nonces.add(nonce[1])
    assert len(nonces) == 2
    assert "nonce" not in browser.get("/article/x").headers["content-security-policy"]


@pytest.mark.parametrize("host", ["evil.test", "127.0.0.1.evil.test", "10.0.0.1", "", "localhost.evil.test", "[::2]"])
def test_foreign_host_names_are_refused_without_a_password(host: str) -> None:
    """A name that somebody points at this machine is not answered."""
    assert client().get("/", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "host", ["localhost:7860", "127.0.0.1", "[::1]:7860", "127.1.2.3", "chat.example.org", "Chat.Example.org:80"]
)
def test_loopback_and_named_hosts_are_answered(host: str) -> None:
    """Loopback, and the names in the setting `hosts`, are answered."""
    assert client(hosts=("chat.example.org",)).get("/", headers={"host": host}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"origin": "http://localhost:7860"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"origin": HERE, "sec-fetch-site": "cross-site"},
    ],
)
def test_posts_from_other_pages_are_refused(headers: dict[str, str]) -> None:
    """What changes something must come from a page of ours, or from no page at all."""
    response = client().post("/gradio_api/queue/join", json={"session_hash": "abc"}, headers=headers)
    assert response.status_code == 403


@pytest.mark.parametrize("headers", [{}, {"origin": HERE}, {"origin": HERE, "sec-fetch-site": "same-origin"}])
def test_own_posts_come_in(headers: dict[str, str]) -> None:
    """Our own page, and a program that is no browser, may post."""
    assert client().post("/gradio_api/queue/join", json={"session_hash": "abc"}, headers=headers).status_code == 200


def test_large_bodies_are_refused_however_they_come() -> None:
    """More than 64 KB is refused, by its length and, where it names none, by what arrives."""

    def pieces(count: int) -> Iterator[bytes]:
        for _ in range(count):
            yield b"x" * 1024

    browser = client()
    assert browser.post("/gradio_api/queue/join", content=b"x" * (gate.MAX_BODY + 1)).status_code == 413
    assert browser.post("/gradio_api/queue/join", content=pieces(65)).status_code == 413
    assert browser.post("/gradio_api/queue/join", content=pieces(64)).text.split("|")[1] == str(gate.MAX_BODY)
    assert browser.get("/", headers={"content-length": "ten"}).status_code == 400
    assert browser.get("/article/" + "a" * 5000).status_code == 414


def test_a_browser_gets_a_session_and_keeps_it() -> None:
    """The page gives each browser a random session, which only a name that we gave out brings back."""
    one, other = client(), client()
    first = session(one.get("/"))
    assert len(first) > 30
    assert session(one.get("/")) == first
    assert session(other.get("/")) != first
    planted = client()
    planted.cookies.set("assistant-7860", "chosen-by-somebody")
    assert session(planted.get("/health")) == ""
    assert session(planted.get("/")) not in ("", "chosen-by-somebody")


def test_cookies_are_kept_from_scripts_and_foreign_sites() -> None:
    """Over http the cookie is HttpOnly and Lax; over https also Secure, bound to the host, and partitioned."""
    plain = client().get("/").headers["set-cookie"]
    assert plain.startswith("assistant-7860=")
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    secure = client("https://127.0.0.1").get("/").headers["set-cookie"]
    assert secure.startswith("__Host-assistant-7860=")
    assert "Secure" in secure
    assert "SameSite=None; Secure; Partitioned" in secure


def test_a_tab_belongs_to_its_first_session() -> None:
    """Who learns or guesses the name of another browser's tab can neither read its stream nor ask in it."""
    app = gate.Gate(echo, Settings())
    owner, thief, bare = (TestClient(app, base_url=HERE) for _ in range(3))
    owner.get("/")
    thief.get("/")
    join = {"session_hash": "tab1", "fn_index": 2, "data": []}
    assert owner.post("/gradio_api/queue/join", json=join).status_code == 200
    for other in (thief, bare):
        assert other.get("/gradio_api/queue/data?session_hash=tab1").status_code == 403
        assert other.get("/gradio_api/queue/data?session_hash=x&session_hash=tab1").status_code == 403
        assert other.post("/gradio_api/queue/join", json=join).status_code == 403
    assert owner.get("/gradio_api/queue/data?session_hash=tab1").status_code == 200


# ---------------------------------------------------------------- with a password


@pytest.mark.parametrize("path", CLOSED_BY_PASSWORD)
def test_a_password_closes_everything(path: str) -> None:
    """With a password nothing but the login, its style and the widget is to be had without a session."""
    response = client(password=PASSWORD).get(path)
    assert response.status_code in (303, 401)
    assert "|" not in response.text


def test_login_opens_and_logout_closes() -> None:
    """The right password opens, with a new session name; signing out ends that session for good."""
    browser = client(password=PASSWORD)
    assert browser.get("/", headers={"cookie": "assistant-7860=planted"}).headers["location"] == "/login"
    assert 'type="password"' in browser.get("/login").text
    assert browser.post("/login", data={"password": "wrong horse"}).status_code == 403
    entered = browser.post("/login", data={"password": PASSWORD})
    assert entered.status_code == 303
    assert browser.get(entered.headers["location"]).headers["location"] == "/"
    assert "SameSite=Lax" in entered.headers["set-cookie"]
    kept = {"cookie": entered.headers["set-cookie"].partition(";")[0]}
    assert session(browser.get("/"))
    browser.cookies.clear()
    assert session(browser.get("/", headers=kept))
    assert browser.get("/logout").status_code == 405
    assert browser.post("/logout", headers={"origin": "https://evil.test"}).status_code == 403
    assert browser.post("/logout", headers=kept).status_code == 303
    browser.cookies.clear()
    assert browser.get("/", headers=kept).status_code == 303


def test_login_goes_back_to_our_own_pages_only() -> None:
    """After the login the browser goes where it wanted, if that is a page of ours."""
    browser = client(password=PASSWORD)
    wanted = browser.get("/article/a%20b.md?start=1&end=5").headers["location"]
    page = browser.get(wanted).text
    assert 'value="/article/a%20b.md?start=1&amp;end=5"' in page
    for follow, goes in (
        ("/article/a%20b.md?start=1&end=5", "/article/a%20b.md?start=1&end=5"),
        ("/?embed=1", "/?embed=1"),
        ("/?embed=1#//evil.test/", "/"),
        ("/?q=//evil.test/", "/"),
        ("//evil.test/", "/"),
        ("https://evil.test/", "/"),
        ("/\\evil.test", "/"),
        ("/article/x\r\nset-cookie: a=b", "/"),
        ('"><script>', "/"),
    ):
        entered = browser.post("/login", data={"password": PASSWORD, "next": follow})
        assert browser.get(entered.headers["location"]).headers["location"] == goes


def test_guessing_is_slowed_down() -> None:
    """After five wrong passwords an address has to wait, even with the right one; it can when time has passed."""
    now = [0.0]
    tries = sessions.Tries(lambda: now[0])
    for _ in range(sessions.TRIES):
        assert tries.wait("a") == 0
        tries.count("a")
    assert tries.wait("a") == sessions.TRIES_SECONDS
    assert tries.wait("b") == 0
    now[0] += sessions.TRIES_SECONDS
    assert tries.wait("a") == 0
    browser = client(password=PASSWORD)
    codes = [browser.post("/login", data={"password": f"wrong {number}"}).status_code for number in range(6)]
    assert codes == [403] * 5 + [429]
    assert browser.post("/login", data={"password": PASSWORD}).status_code == 429


def test_a_login_ends_after_its_hours() -> None:
    """A login ends twelve hours after it began, also for who stays; an open page's session when it is unused."""
    now = [0.0]
    fixed, sliding = sessions.Sessions(False, lambda: now[0]), sessions.Sessions(True, lambda: now[0])
    one, two = fixed.begin(), sliding.begin()
    for _ in range(3):
        now[0] += 5 * 3600
        held = fixed.holds(one), sliding.holds(two)
    assert held == (False, True)
    now[0] += 13 * 3600
    assert not sliding.holds(two)


def test_real_gradio_stands_behind_the_gate() -> None:
    """With the real page: its routes answer, Gradio's others do not, and no other origin is admitted."""
    served = web.Served(web.scripted())
    try:
        with httpx.Client(base_url=served.url, headers={"origin": "http://evil.test"}, timeout=60) as browser:
            page = browser.get("/")
            assert page.status_code == 200
            assert "gradio_config" in page.text
            assert "access-control-allow-origin" not in page.headers
            assert browser.get("/gradio_api/info").status_code == 404
            # a stream that nobody began ends, and the server goes on
            assert browser.get("/gradio_api/queue/data", params={"session_hash": "x"}).status_code == 200
            session_name = page.cookies[f"assistant-{served.port}"]
            assert session_name not in page.text
    finally:
        served.stop()


def test_a_failing_app_tells_the_browser_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """An error behind the gate becomes a plain page; its reason goes to the server's log only."""

    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("the secret reason")

    response = TestClient(gate.Gate(broken, Settings()), base_url=HERE).get("/")
    assert response.status_code == 500
    assert "secret" not in response.text
    assert "the secret reason" in caplog.text


# ---------------------------------------------------------------- programs

ANY_KEY = f"{keys.PREFIX}{'x' * 43}"


async def who(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands behind the gate: says as whom a program asks, and how much it brought."""
    request = Request(scope, receive)
    user = gate.user_of(request)
    body = len(await request.body())
    await PlainTextResponse(f"{user.name if user else 'nobody'}|{body}")(scope, receive, send)


def program(home: Path, **given: object) -> TestClient:
    """A program before a gate with these settings; it keeps no cookies and follows nothing."""
    settings = Settings(home=home, **given)  # type: ignore[arg-type]
    return TestClient(gate.Gate(who, settings), base_url=HERE, follow_redirects=False)


def bearer(key: str) -> dict[str, str]:
    return {"authorization": f"Bearer {key}"}


@pytest.mark.parametrize(("method", "path"), DOORS)
def test_programs_need_no_key_where_the_page_needs_none(tmp_path: Path, method: str, path: str) -> None:
    """On loopback without a password a program comes in without a key, or with any word that is none of ours."""
    door = program(tmp_path)
    key = keys.issue(tmp_path, "bot")
    for given in ({}, bearer("none"), bearer("sk-something"), {"authorization": "Basic YTpi"}):
        assert door.request(method, path, headers=given).text.startswith("nobody|")
    assert door.request(method, path, headers=bearer(key)).text.startswith("key:bot|")


@pytest.mark.parametrize("given", [{"password": PASSWORD}, {"host": "0.0.0.0"}, {"host": "::", "password": PASSWORD}])
@pytest.mark.parametrize(("method", "path"), DOORS)
def test_programs_need_a_key_elsewhere(tmp_path: Path, given: dict[str, str], method: str, path: str) -> None:
    """With a password, or where others reach the server, nothing but a key opens: no session and no password."""
    door = program(tmp_path, **given)
    key = keys.issue(tmp_path, "bot")
    if "password" in given:
        assert door.post("/login", data={"password": PASSWORD}).status_code == 303
    for headers in ({}, {"authorization": "Basic YTpi"}, {"authorization": f"Basic {key}"}):
        refused = door.request(method, path, headers=headers)
        assert refused.status_code == 401
        assert refused.headers["www-authenticate"] == "Bearer"
        if method != "HEAD":
            assert refused.json()["error"]["type"] == "authentication_error"
            assert "\n" not in refused.json()["error"]["message"]
    assert door.request(method, path, headers=bearer(key)).text.startswith("key:bot|")
    assert door.request(method, path, headers={"authorization": f"bearer  {key}"}).text.startswith("key:bot|")
    keys.revoke(tmp_path, "bot")
    assert door.request(method, path, headers=bearer(key)).status_code == 401


def test_a_key_opens_no_page(tmp_path: Path) -> None:
    """A program's key is no login: with a password the page and its articles stay closed to it."""
    door = program(tmp_path, password=PASSWORD)
    key = keys.issue(tmp_path, "bot")
    for path in ("/", "/article/a.md", "/gradio_api/queue/data?session_hash=a"):
        assert door.get(path, headers=bearer(key)).status_code in (303, 401)


def test_a_wrong_key_is_wrong_everywhere(tmp_path: Path) -> None:
    """What looks like a key but is none, or not any more, is refused also where none is needed."""
    assert program(tmp_path).post("/v1/ask", headers=bearer(ANY_KEY)).status_code == 401


def test_guessing_keys_is_slowed_down(tmp_path: Path) -> None:
    """After five wrong keys an address has to wait; who has a right one comes in all the same."""
    door = program(tmp_path, password=PASSWORD)
    key = keys.issue(tmp_path, "bot")
    codes = [door.post("/v1/ask", headers=bearer(f"{ANY_KEY}{number}")).status_code for number in range(7)]
    assert codes == [401] * 5 + [429] * 2
    assert 0 < int(door.post("/v1/ask", headers=bearer(ANY_KEY)).headers["retry-after"]) <= sessions.TRIES_SECONDS
    assert door.post("/v1/ask", headers=bearer(key)).status_code == 200
    assert door.post("/v1/ask").status_code == 401
    assert door.post("/login", data={"password": PASSWORD}).status_code == 303


@pytest.mark.parametrize(("method", "path"), DOORS)
@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.test"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_pages_of_others_get_nothing_from_programs_doors(
    tmp_path: Path, method: str, path: str, headers: dict[str, str]
) -> None:
    """A page of another origin is refused, with or without a key, whatever it asks; there is no preflight."""
    key = keys.issue(tmp_path, "bot")
    for given in ({}, {"password": PASSWORD}):
        door = program(tmp_path, **given)
        for more in ({}, bearer(key)):
            refused = door.request(method, path, headers=headers | more)
            assert refused.status_code == 403
            assert "access-control-allow-origin" not in refused.headers
        assert door.options(path, headers=headers | {"access-control-request-method": method}).status_code == 405


def test_programs_are_served_under_our_names_only(tmp_path: Path) -> None:
    """Without a password a name that is not ours is refused, so that no page can point its own at us."""
    door = program(tmp_path)
    key = keys.issue(tmp_path, "bot")
    for more in ({}, bearer(key)):
        assert door.post("/v1/ask", headers={"host": "evil.test"} | more).status_code == 421


def test_programs_may_bring_more(tmp_path: Path) -> None:
    """A program may bring 1 MB, and not one byte more; nothing is read of who has no key."""
    door = program(tmp_path)
    assert door.post("/v1/ask", content=b"x" * gate.MAX_PROGRAM).text == f"nobody|{gate.MAX_PROGRAM}"
    refused = door.post("/v1/ask", content=b"x" * (gate.MAX_PROGRAM + 1))
    assert (refused.status_code, refused.json()["error"]["type"]) == (413, "invalid_request_error")
    pieces = (b"x" * 65536 for _ in range(gate.MAX_PROGRAM // 65536 + 1))
    assert door.post("/v1/ask", content=pieces).status_code == 413

    async def unread() -> None:
        sent: list[Message] = []

        async def receive() -> Message:
            raise AssertionError("the body was asked for")

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {"type": "http", "method": "POST", "path": "/v1/ask", "query_string": b"", "scheme": "http",
                 "headers": [(b"host", b"127.0.0.1")], "client": ("127.0.0.1", 1)}  # fmt: skip
        await gate.Gate(who, Settings(home=tmp_path, password=SecretStr(PASSWORD)))(scope, receive, send)
        assert sent[0]["status"] == 401

    parts.run(unread())


@pytest.mark.parametrize(
    "path", ["/v1/", "/v1/files", "/v1/ask/", "/v1/models/a/b", "/v1/chat", "/v1/completions", "/v1/embeddings"]
)
def test_other_doors_of_programs_are_not_there(tmp_path: Path, path: str) -> None:
    """What is not listed is not found, and programs are told so as JSON; so are other methods."""
    for method in ("GET", "POST"):
        refused = program(tmp_path).request(method, path)
        assert (refused.status_code, refused.json()["error"]["type"]) == (404, "not_found_error")
    for method, door in (("GET", "/v1/ask"), ("GET", "/mcp"), ("DELETE", "/mcp"), ("POST", "/v1/models")):
        assert program(tmp_path).request(method, door).json()["error"]["type"] == "invalid_request_error"
        assert program(tmp_path).request(method, door).status_code == 405


def test_a_failing_door_tells_programs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """An error behind the gate becomes one sentence of JSON; its reason goes to the server's log only."""

    async def broken(_scope: Scope, _receive: Receive, _send: Send) -> None:
        raise ValueError("the secret reason")

    response = TestClient(gate.Gate(broken, Settings(home=tmp_path)), base_url=HERE).post("/v1/ask")
    assert (response.status_code, response.json()["error"]["type"]) == (500, "server_error")
    assert "secret" not in response.text
    assert "the secret reason" in caplog.text
