"""Out of the wiki, out of the chat: by the own logout of a real MediaWiki and a real DokuWiki."""

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from article_assistant.cli.embed import piece
from article_assistant.web import routes

from tests import served as web
from tests.parts import until
from tests.web.test_widget import ask, good, signing

pytestmark = pytest.mark.lab
Served = Callable[..., web.Served]
NAME = "a" * 32
DOORS: dict[routes.Address, dict[str, object]] = {
    routes.WIDGET_ASK: {"question": "Who?"},
    routes.WIDGET_TURNS: {},
    routes.WIDGET_JUDGE: {"question": "Who?", "thumb": "up"},
    routes.WIDGET_PASSAGE: {"article": "ops/incident.md", "start": 0, "end": 4},
    routes.WIDGET_FURTHER: {},
    routes.WIDGET_FORGET: {},
    routes.WIDGET_LEAVE: {},
}


def said(served: web.Served, origin: str, token: str) -> dict[str, int]:
    """The status that each door of the widget gives to who brings this token."""
    headers = {"origin": origin, "authorization": token}
    return {
        door.path: httpx.post(
            f"{served.url}{door.path}", headers=headers, json={"conversation": NAME, **body}
        ).status_code
        for door, body in DOORS.items()
    }


class Reader:
    """Somebody with a browser who asks on pages of a wiki, and the tokens that their widget brought."""

    def __init__(self, page: Any, served: web.Served) -> None:
        self.page, self.served, self.tokens = page, served, list[str]()
        page.context.on("request", self._note)

    def _note(self, request: Any) -> None:
        if urlsplit(request.url).path == routes.WIDGET_ASK.path:
            self.tokens.append(request.headers.get("authorization", ""))

    def asks(self, address: str) -> None:
        """Opens the widget on a page, and gets an answer there as who is logged in."""
        self.page.goto(address)
        if self.page.get_by_role("dialog").count() == 0:
            self.page.get_by_role("button", name="Ask the articles").click()
        self.served.assistant.script.append(good())
        before = len(self.tokens)
        ask(self.page)
        self.page.locator(".turn:last-of-type .tools").wait_for()
        assert before < len(self.tokens) <= before + 2  # one of the second in which one has left is fetched anew
        assert self.tokens[-1].startswith("Bearer ")
        (_, user, _) = self.served.assistant.asked[-1]
        assert user.name != "guest"

    def leaves(self, link: Any) -> None:
        """Follows a link or button that logs out, after which no token of before opens any door."""
        origin = "{0.scheme}://{0.netloc}".format(urlsplit(self.page.url))
        link.click()
        # Not by the response: of a page that is left, the browser does not always tell it.
        headers = {"origin": origin, "authorization": self.tokens[-1]}
        turns = f"{self.served.url}{routes.WIDGET_TURNS.path}"
        until(lambda: httpx.post(turns, headers=headers, json={"conversation": NAME}).status_code == 401)
        for token in self.tokens:
            assert set(said(self.served, origin, token).values()) == {401}


def test_mediawiki(page: Any, chat: Served, lab_wiki: Any, tmp_path: Any) -> None:
    """By the link of a skin, on a page after the one where one asked; by a link in a text, in German; by the form that
    asks once more, and in another tab."""
    pages = {
        "Incident.wiki": "Logs are now rotated every night.",
        "Out.wiki": "[[Spezial:Abmelden|Gehen]]",
        "Way.wiki": "[{{fullurl:Special:UserLogout}} Go]",
    }
    home, folder = lab_wiki("mediawiki", pages)
    settings = signing(tmp_path, "wiki.example", home)
    served = chat(port=settings.port, identities=settings.identities, embed_origins=(home,))
    (tmp_path / "mediawiki.php").write_text(piece("mediawiki", settings))
    local = folder / "LocalSettings.php"
    with local.open("a") as more:
        more.write(f"\nrequire_once '{tmp_path / 'mediawiki.php'}';\n")
    account = json.loads((folder / "credentials.json").read_text())["admin"]
    reader = Reader(page, served)

    def login() -> None:
        page.goto(f"{home}/index.php?title=Special:UserLogin")
        page.fill("#wpName1", account["user"])
        page.fill("#wpPassword1", account["password"])
        page.click("#wpLoginAttempt")
        page.locator("#pt-logout").wait_for()

    login()
    reader.asks(f"{home}/wiki/Incident")
    page.get_by_role("button", name="Close").click()
    page.goto(f"{home}/index.php?title=Way&action=view")
    reader.leaves(page.locator("#pt-logout a"))
    page.locator("#pt-login").wait_for()

    login()
    reader.asks(f"{home}/wiki/Incident")
    page.goto(f"{home}/wiki/Way")
    reader.leaves(page.get_by_role("link", name="Go", exact=True))
    page.wait_for_load_state()
    reader.asks(f"{home}/wiki/Incident")
    page.goto(f"{home}/wiki/Special:UserLogout")
    reader.leaves(page.locator("#mw-content-text form [type=submit]"))
    page.locator("#pt-login").wait_for()

    with local.open("a") as more:
        more.write("\n$wgLanguageCode = 'de';\n")
    login()
    reader.asks(f"{home}/wiki/Incident?uselang=en")
    page.goto(f"{home}/wiki/Out")
    reader.leaves(page.get_by_role("link", name="Gehen"))


def test_dokuwiki(page: Any, chat: Served, lab_wiki: Any, tmp_path: Any) -> None:
    """By the link of the template, in the tab where one asked and in another one."""
    home, folder = lab_wiki("dokuwiki", {"start.txt": "====== Start ======\n\nLogs are now rotated every night.\n"})
    settings = signing(tmp_path, "doku.example", home)
    served = chat(port=settings.port, identities=settings.identities, embed_origins=(home,))
    (plugins,) = {path.parent.parent for path in folder.glob("**/lib/plugins/acl/action.php")}
    (plugins / "articleassistant").mkdir()
    (plugins / "articleassistant" / "action.php").write_text(piece("dokuwiki", settings))
    account = json.loads((folder / "credentials.json").read_text())["hr"]
    reader = Reader(page, served)

    def login() -> None:
        page.goto(f"{home}/doku.php?id=start&do=login")
        page.fill("[name=u]", account["user"])
        page.fill("[name=p]", account["password"])
        page.click("form#dw__login [type=submit]")
        page.locator("a[href*='do=logout']").first.wait_for()

    login()
    reader.asks(f"{home}/doku.php?id=start")
    reader.leaves(page.locator("a[href*='do=logout']").first)
    page.locator("a[href*='do=login']").first.wait_for()

    login()
    reader.asks(f"{home}/doku.php?id=start")
    other = page.context.new_page()
    other.goto(f"{home}/doku.php?id=start")
    other.get_by_role("button", name="Ask the articles").wait_for()
    reader.leaves(other.locator("a[href*='do=logout']").first)
