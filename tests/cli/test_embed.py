"""The command `embed`: what it prints is whole and for this installation."""

import base64
import re
from pathlib import Path

import pytest
from article_assistant.cli.embed import piece
from article_assistant.identity import TokenKey
from article_assistant.index.types import UserFacingError
from article_assistant.settings import Settings
from lxml.html import fromstring

KINDS = ("mediawiki", "dokuwiki", "html")


def settings(**keys: TokenKey) -> Settings:
    return Settings(address="https://chat.example.org", identities=keys)


@pytest.mark.parametrize("kind", KINDS)
def test_a_piece_is_for_this_installation(kind: str) -> None:
    """The address of the chat stands in it, nothing is left to fill in, and with a key the newest one signs."""
    secret = TokenKey("HS256", "wiki.example.org", Path("/etc/it's/se\\cret"))
    public = TokenKey("EdDSA", "wiki.example.org", public_key=base64.b64encode(bytes(32)).decode())
    for given in (settings(), settings(old=secret), settings(old=secret, new=public)):
        text = piece(kind, given)
        assert "https://chat.example.org/widget.js" in text or "'https://chat.example.org'" in text
        assert "{{" not in text
    if kind != "html":
        signed = piece(kind, settings(old=secret))
        assert r"'/etc/it\'s/se\\cret'" in signed
        assert "'HS256'" in signed
        assert "'EdDSA'" in piece(kind, settings(old=secret, new=public))
        assert "'new'" in piece(kind, settings(old=secret, new=public))
        assert "'old'" in piece(kind, settings(old=secret, new=public), "old")


@pytest.mark.parametrize(
    "given", [settings(), settings(old=TokenKey("HS256", "wiki.example.org", Path("/etc/secret")))]
)
def test_where_only_a_frame_is_let_in(given: Settings) -> None:
    """One frame with a name, that shows the slim page of this installation, whoever signs for the wiki's own pages."""
    frames = fromstring(f"<div>{piece('iframe', given)}</div>").findall("iframe")
    assert [(one.get("src"), one.get("title")) for one in frames] == [("https://chat.example.org/?embed=1", "Chat")]


def test_a_wiki_without_a_key_gets_what_its_check_of_scripts_lets_pass() -> None:
    """MediaWiki 1.39 throws a whole Common.js away that has a word newer than ES5."""
    line = piece("mediawiki", settings())
    assert line.rstrip().endswith("mw.loader.load( 'https://chat.example.org/widget.js' );")
    assert not re.search(r"\b(const|let|class)\b|=>|`", line)


def test_an_unknown_key_is_said() -> None:
    """Who names a key that there is not learns which there are."""
    with pytest.raises(UserFacingError, match="there is no key new in the setting identities; there is: none"):
        piece("mediawiki", settings(), "new")
