"""`cli.wikicheck`: what is missing in a wiki's page is said in a sentence, and nothing else is."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from article_assistant.cli.wikicheck import _allows, lacks
from article_assistant.settings import Settings
from article_assistant.web import gate
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

WIKI = "https://wiki.example.org"
CHAT = "https://chat.example.org"
SCRIPT = f'<script src="{CHAT}/widget.js" async></script>'


async def script(scope: Scope, receive: Receive, send: Send) -> None:
    """Stands behind the gate: everything is a script."""
    await PlainTextResponse("// here", media_type="text/javascript")(scope, receive, send)


def looked(
    body: str | dict[str, Any], policy: str = "", wiki: str = WIKI, address: str = CHAT, **given: Any
) -> list[str]:
    """What is said of a page with this body, or of pages by path, before a chat with these settings."""
    settings = Settings(**{"address": address, "embed_origins": (WIKI,)} | given)
    chat = TestClient(gate.Gate(script, settings), base_url=CHAT, follow_redirects=False)
    pages = body if isinstance(body, dict) else {"/wiki/Start": body}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "chat.example.org":
            said = chat.request(request.method, str(request.url), headers=request.headers, content=request.content)
            return httpx.Response(said.status_code, headers=said.headers, content=said.content)
        if request.url.host != "wiki.example.org":
            raise httpx.ConnectError("no such host", request=request)
        found = pages.get(request.url.raw_path.decode(), pages.get(request.url.path))
        if found is None:
            return httpx.Response(404, html="<p>nothing")
        headers = {"content-security-policy": policy} if policy else {}
        return found if isinstance(found, httpx.Response) else httpx.Response(200, html=found, headers=headers)

    with httpx.Client(transport=httpx.MockTransport(answer), follow_redirects=True) as client:
        return lacks(f"{wiki}/wiki/Start", settings, client)


def test_nothing_is_said_of_a_page_that_works() -> None:
    """A script in the page, in a script of the wiki's, or in MediaWiki's Common.js is found, and nothing is missing."""
    assert looked(SCRIPT) == []
    assert looked(SCRIPT, f"default-src 'self'; script-src {CHAT}; connect-src {CHAT}") == []
    assert looked({"/wiki/Start": '<script src="/js.php"></script>', "/js.php": f"x = '{CHAT}/widget.js'"}) == []
    loader = {"/wiki/Start": '<script src="/w/load.php?modules=startup"></script>'}
    common = {"/w/load.php?modules=site&only=scripts&debug=1": f"mw.loader.load( '{CHAT}/widget.js' );"}
    assert looked(loader | common) == []
    assert looked(f'<iframe src="{CHAT}/"></iframe>') == []


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        (lambda: looked({}), "status 404"),
        (lambda: looked(SCRIPT, wiki="https://away.example"), "cannot be opened"),
        (lambda: looked("<p>a page"), "not in this page"),
        (lambda: looked(SCRIPT, embed_origins=()), f'add "{WIKI}" to embed_origins'),
        (lambda: looked(SCRIPT, address="https://other.example"), "the setting address says"),
        (lambda: looked(SCRIPT.replace("https", "http")), "which browsers refuse"),
        (lambda: looked(SCRIPT, address="https://other.example"), "add chat.example.org to hosts"),
        (lambda: looked(SCRIPT, "script-src 'self'; connect-src *"), f"does not allow {CHAT}: add it to script-src"),
        (lambda: looked(SCRIPT, f"default-src 'self'; script-src {CHAT}"), "add it to connect-src"),
        (
            lambda: looked(f"<meta http-equiv='Content-Security-Policy' content='script-src none'>{SCRIPT}"),
            "add it to script-src",
        ),
        (lambda: looked(SCRIPT.replace("chat.", "away.")), "cannot be reached"),
        (lambda: looked(SCRIPT, guests=False), "Guests may not ask"),
        (lambda: looked(SCRIPT.replace("async", 'data-token="/token"')), f"no tokens at {WIKI}/token"),
        (lambda: looked(SCRIPT.replace("async", 'data-token="https://away.example/t"')), "tokens cannot be opened"),
        (lambda: looked(f'<iframe src="{CHAT}/"></iframe>', embed_origins=()), "may not frame the chat"),
        (lambda: looked(f'<iframe src="{CHAT}/"></iframe>', "frame-src 'self'"), "add it to frame-src"),
        (lambda: looked(f'<iframe src="{CHAT}/"></iframe>', password="correct horse"), "needs a login"),
    ],
)
def test_what_is_missing_is_said(said: Callable[[], list[str]], sentence: str) -> None:
    """Each thing that keeps the chat from working has its sentence, which says what to do."""
    assert [one for one in said() if sentence in one], said()


@pytest.mark.parametrize(
    ("source", "allowed"),
    [
        ("*", True),
        ("https:", True),
        ("http:", False),
        ("'self'", False),
        ("'none'", False),
        ("chat.example.org", True),
        ("https://chat.example.org:443/", True),
        ("https://chat.example.org:8443", False),
        ("https://chat.example.org:*", True),
        ("http://chat.example.org", True),
        ("*.example.org", True),
        ("https://*.example.com", False),
        ("https://example.org", False),
        ("'nonce-abc'", True),
        ("'nonce-abd'", False),
    ],
)
def test_a_policy_is_read_as_browsers_read_it(source: str, allowed: bool) -> None:
    """Hosts, ports, schemes, wildcards and nonces count as in CSP Level 3."""
    assert _allows(f"script-src {source}", "script-src", f"{CHAT}/widget.js", "abc", WIKI) == allowed
