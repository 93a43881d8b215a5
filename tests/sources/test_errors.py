"""A source that cannot be read, of each kind and for each reason, is one line that says what to do."""

import xmlrpc.client
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import article_assistant.index.sources.web as web
import pytest
from article_assistant.index.search import Index
from article_assistant.index.sources import kinds
from article_assistant.index.sources.source import Access
from article_assistant.index.sync import sync
from article_assistant.index.types import SourceError

from tests.parts import MOST, Words, write
from tests.ports import free_port
from tests.sources.test_web import Play, Server, say

PAGE = say(b"<html><body>Please log in</body></html>")
NOTHING = say(b"", 404)
MIA = Access(user="Mia@reader", password="wrong")
TOM = Access(user="tom", password="wrong", groups=frozenset({"it"}))


def mediawiki(answers: dict[str, object]) -> Play:
    """What a MediaWiki answers to each action."""

    def act(handler: BaseHTTPRequestHandler) -> None:
        sent = parse_qs(urlsplit(handler.path).query)
        say(answers[sent["action"][0] if "action" in sent else "login"])(handler)

    return act


TOKEN = {"query": {"tokens": {"logintoken": "t"}}}
DENIED = {"error": {"code": "readapidenied", "info": "You need read permission"}}
REFUSED = say(b"", 403)


def xml(*answers: Any) -> list[Play]:
    """What a DokuWiki answers, call by call, after it was asked in JSON in vain."""
    return [NOTHING, *(say(xmlrpc.client.dumps((one,), methodresponse=True).encode()) for one in answers)]


@pytest.mark.parametrize(
    ("kind", "acts", "access", "said"),
    [
        ("mediawiki", None, Access(), "cannot be reached .*; check the address"),
        ("mediawiki", [PAGE], Access(), "is no MediaWiki: .*; if there is another, name its address"),
        ("mediawiki", [NOTHING], Access(), "is no MediaWiki: .*; if there is another, name its address"),
        ("mediawiki", [mediawiki({"query": TOKEN, "login": {"login": {"result": "Failed"}}})], MIA,
         "does not let Mia@reader in; .* Special:BotPasswords"),
        ("mediawiki", [mediawiki({"query": TOKEN})], Access(user="Mia"), "there is no password .*; put it into"),
        ("mediawiki", [mediawiki({"query": DENIED})], Access(), "lets only users read .*; name one"),
        ("mediawiki", [REFUSED], Access(), "refuses .*; check the user, the password"),
        ("dokuwiki", None, Access(), "cannot be reached .*; check the address"),
        ("dokuwiki", [PAGE], Access(), "is no DokuWiki .* switch on the setting remote"),
        ("dokuwiki", [NOTHING], Access(), "is no DokuWiki .* switch on the setting remote"),
        ("dokuwiki", xml([], False), MIA, "does not let Mia@reader in; check the password"),
        ("dokuwiki", [*xml([], True), REFUSED], MIA, "does not tell Mia@reader who may read .*--group NAME"),
        ("dokuwiki", [REFUSED], Access(), "refuses .*; check the user, the password"),
        ("site", None, Access(), "cannot be reached .*; check the address"),
        ("site", [PAGE], Access(), "is no sitemap; name the address of one"),
        ("site", [NOTHING], Access(), "is no sitemap; name the address of one"),
        ("site", [say(b"", 401)], Access(), "to users only; name one"),
        ("site", [say(b"<urlset/>")], Access(), "lists no page .*; check"),
        ("confluence", None, Access(), "cannot be reached .*; check the address"),
        ("confluence", [PAGE], Access(), "is no Confluence: .*; if it is elsewhere, name its address"),
        ("confluence", [NOTHING], Access(), "is no Confluence: .*; if it is elsewhere, name its address"),
        ("confluence", [say(b"", 401)], MIA, "refuses .*; check the user, the password"),
        ("confluence", [say({"results": []})], MIA, "lists no page .*; check"),
        ("git", None, Access(), "cannot be reached .*; check the address"),
        ("git", [PAGE], Access(), "does not answer as a Git server does .*; check the address"),
        ("git", [NOTHING], Access(), "is no Git repository with a commit in it; name another"),
        ("git", [say(b"", 302, Location="/login")], Access(), "leads to another address .*; name that one"),
        ("git", [say(b"", 500)], Access(), "fails .*; try again later"),
        ("git", [say(b"", 401)], TOM, "refuses; check the user, the password"),
        ("git", [REFUSED], TOM, "refuses; check the user, the password"),
        ("git", [PAGE], MIA, "does not tell who may read it; say it: --group NAME"),
        ("site", [REFUSED], Access(), "to users only; name one"),
        ("confluence", [REFUSED], MIA, "refuses .*; check the user, the password"),
        ("xwiki", [PAGE], Access(), "does not say what it is; put its kind before it: mediawiki"),
    ],
)  # fmt: skip
def test_over_the_network(
    kind: str, acts: list[Play] | None, access: Access, said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody there, another thing there, a wrong password, no rights: nothing is kept of such a source."""
    monkeypatch.setattr(web.Web.__init__, "__defaults__", (None, (0.0,) * 6))
    server = Server() if acts else None
    try:
        if server and acts:
            server.acts = acts
        address = f"{kind}+{server.url if server else f'http://127.0.0.1:{free_port()}'}"
        assert one_line(tmp_path, address, access, said)
    finally:
        if server:
            server.close()


def test_every_kind_is_tried() -> None:
    """Of each kind of source over the network: nobody there, another thing there, nothing there, and no rights."""
    cases = test_over_the_network.pytestmark[0].args[1]  # type: ignore[attr-defined]
    for kind in kinds.KINDS:
        acts = [case[1] for case in cases if case[0] == kind]
        assert None in acts, kind
        assert [PAGE] in acts, kind
        assert [NOTHING] in acts, kind
        assert any("user" in case[3] for case in cases if case[0] == kind), kind
    local = [case[0] for case in test_on_this_machine.pytestmark[0].args[1]]  # type: ignore[attr-defined]
    for before in kinds.BY_PATH:
        assert {f"{before}{{}}/missing", f"{before}{{}}/missing.xml"} & set(local), before


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("dokuwiki+file://{}/missing", "is no DokuWiki's folder: .*; name"),
        ("dokuwiki+file://{}/rules", "cannot be read .*; let this user read it"),
        ("git+file://{}/missing", "is no Git repository with a commit in it; name another"),
        ("git+file://{}/page.xml", "is no Git repository with a commit in it; name another"),
        ("git+file://{}/empty", "is no Git repository with a commit in it; name another"),
        ("confluence+file://{}/missing", "is no export of a Confluence space .*; in Confluence: Space settings"),
        ("confluence+file://{}/page.xml", "is no export of a Confluence space .*; in Confluence: Space settings"),
        ("dump+file://{}/missing.xml", "is no file that can be read; name"),
        ("dump+file://{}/page.xml", "export"),
        ("{}/missing", "cannot be read .*; name a folder or a file"),
        ("nonsense://", "does not say what it is; put its kind before it"),
        ("{}/empty", "no readable file .*; put articles there"),
        ("mediawiki+https://", "is no address like"),
        ("https://wiki.example/", "does not say what it is; put its kind before it"),
        ("mediawiki+https://Mia:secret@wiki.example/", "holds a password; it goes into"),
        ("mediawiki+http://Mia@wiki.example/", "by https:// only"),
    ],
)
def test_on_this_machine(address: str, said: str, tmp_path: Path) -> None:
    """Folders and files that are not there, or are something else; addresses that are none."""
    conf = {"rules/conf/dokuwiki.php": "$conf['useacl'] = 1;"}
    write(tmp_path, {"page.xml": "<html/>", "rules/data/pages/start.txt": "x", **conf})
    (tmp_path / "empty").mkdir()
    line = one_line(tmp_path, address.format(tmp_path), Access(), said)
    assert "secret" not in line


def one_line(folder: Path, address: str, access: Access, said: str) -> str:
    """The error of a run over a source, which leaves nothing behind."""
    index = Index.open(folder / "home", Words())
    try:
        with pytest.raises(SourceError, match=said) as raised:
            sync([address], index, MOST, access={address: access})
        assert index.library.ledger.sources() == []
        assert "\n" not in str(raised.value)
        return str(raised.value)
    finally:
        index.close()
