"""A real MediaWiki and a real DokuWiki sign who reads them, with what `assistant embed` prints."""

import base64
import json
from pathlib import Path

import httpx
import pytest
from article_assistant.cli.embed import piece
from article_assistant.identity import TokenKey
from article_assistant.index.types import EVERYONE
from article_assistant.settings import Settings
from article_assistant.types import User
from article_assistant.web.tokens import Tokens

from tests.labs import DokuWikiLab, MediaWikiLab
from tests.web.test_tokens import PUBLIC, SECRET

pytestmark = pytest.mark.lab
CHAT = "http://127.0.0.1:7860"
KINDS = pytest.mark.parametrize("algorithm", ["HS256", "EdDSA"])


def signing(algorithm: str, wiki: str, folder: Path) -> tuple[Settings, Tokens, Path]:
    """The settings of the chat, its tokens, and the file with what the wiki signs with."""
    mine = folder / f"{algorithm}.key"
    if algorithm == "HS256":
        mine.write_bytes(SECRET)
        key = TokenKey("HS256", wiki, mine)
    else:
        mine.write_bytes(base64.b64encode(bytes(range(32))))
        key = TokenKey("EdDSA", wiki, public_key=PUBLIC)
    settings = Settings(identities={"k": key})
    return settings, Tokens(settings.identities, settings.site), mine


def installed(kind: str, settings: Settings, mine: Path) -> str:
    """What the wiki's administrator puts into the wiki: as printed, with the place of a private key filled in."""
    return piece(kind, settings).replace("/etc/article-assistant/wiki.key", str(mine))


@KINDS
def test_mediawiki(mediawiki: MediaWikiLab, tmp_path: Path, algorithm: str) -> None:
    """Who is logged in gets a token with their groups; guests and who is blocked get none; the page has the script."""
    settings, tokens, mine = signing(algorithm, "wiki.example", tmp_path)
    (tmp_path / "mediawiki.php").write_text(installed("mediawiki", settings, mine))
    local = mediawiki.folder / "LocalSettings.php"
    before = local.read_text()
    local.write_text(f"{before}\nrequire_once '{tmp_path / 'mediawiki.php'}';\n")
    try:
        with httpx.Client(base_url=mediawiki.url, timeout=30, follow_redirects=True) as browser:
            ask = {"action": "articleassistant", "format": "json"}
            refused = browser.get("/api.php", params=ask).json()
            assert (refused["error"]["code"], "token" in refused) == ("notloggedin", False)
            assert "data-token" not in browser.get("/index.php?title=Special:RecentChanges").text
            assert f'src="{CHAT}/widget.js"' in browser.get("/index.php?title=Special:RecentChanges").text
            account = mediawiki.accounts["admin"]
            query = {"action": "query", "meta": "tokens", "type": "login", "format": "json"}
            login = browser.get("/api.php", params=query).json()["query"]["tokens"]["logintoken"]
            form = {"action": "clientlogin", "username": account["user"], "password": account["password"],
                    "logintoken": login, "loginreturnurl": mediawiki.url, "format": "json"}  # fmt: skip
            assert browser.post("/api.php", data=form).json()["clientlogin"]["status"] == "PASS"
            response = browser.get("/api.php", params=ask)
            user = tokens.user(response.json()["token"])
            assert user.name == f"wiki.example:{account['user']}"
            assert {"wiki.example:sysop", "wiki.example:user", EVERYONE} <= set(user.groups or ())
            assert "private" in response.headers["cache-control"]
            page = browser.get("/index.php?title=Special:RecentChanges").text
            assert 'data-token="/api.php?action=articleassistant&amp;format=json"' in page
            assert "widget.js" not in browser.get("/index.php?title=Special:UserLogin").text
            assert "widget.js" not in browser.get("/index.php?title=Special:Preferences").text
            edit = browser.get("/api.php", params=query | {"type": "csrf"}).json()["query"]["tokens"]["csrftoken"]
            block = {"action": "block", "user": account["user"], "token": edit, "format": "json"}
            assert "block" in browser.post("/api.php", data=block).json()
            assert browser.get("/api.php", params=ask).json()["error"]["code"] == "blocked"
            browser.post("/api.php", data=block | {"action": "unblock"})
    finally:
        local.write_text(before)


@KINDS
def test_dokuwiki(dokuwiki: DokuWikiLab, tmp_path: Path, algorithm: str) -> None:
    """Who is logged in gets a token with their groups as the rules name them; guests get none."""
    settings, tokens, mine = signing(algorithm, "doku.example", tmp_path)
    (plugins,) = {path.parent.parent for path in dokuwiki.folder.glob("**/lib/plugins/acl/action.php")}
    (plugins / "articleassistant").mkdir(exist_ok=True)
    (plugins / "articleassistant" / "action.php").write_text(installed("dokuwiki", settings, mine))
    with httpx.Client(base_url=dokuwiki.url, timeout=30, follow_redirects=True) as browser:
        ask = "/lib/exe/ajax.php?call=articleassistant"
        assert (browser.get(ask).status_code, browser.get(ask).text) == (401, "")
        page = browser.get("/doku.php?id=start").text
        assert f'src="{CHAT}/widget.js"' in page
        assert "data-token" not in page
        account = dokuwiki.accounts["hr"]
        form = {"u": account["user"], "p": account["password"], "do": "login", "id": "start"}
        form["sectok"] = browser.get("/doku.php?id=start&do=login").text.partition('name="sectok" value="')[2][:32]
        page = browser.post("/doku.php", data=form).text
        assert 'data-token="/lib/exe/ajax.php?call=articleassistant"' in page
        user = tokens.user(json.loads(browser.get(ask).text)["token"])
        groups = frozenset({EVERYONE, "doku.example:@user", "doku.example:@hr", f"doku.example:{account['user']}"})
        assert user == User(f"doku.example:{account['user']}", groups)
        assert "widget.js" not in browser.get("/doku.php?id=start&do=profile").text
