"""A citation of a wiki's page leads to its section and to the very words."""

from dataclasses import replace
from pathlib import Path

import pytest
from article_assistant.answering.cite import original_at
from article_assistant.index.sources.source import Access
from article_assistant.index.types import Article, SourceError
from article_assistant.settings import Settings, SettingsError

TEXT = (
    "Ask Mia - or Tom - first.\n\n## Fees & more\n\nCity: Oslo | Fee: 180 EUR\nCity: Rome | Fee: 120 EUR\n\n"
    "- Keep the receipts.\n- Keep the receipts. Really.\n\n### 東京\n\n東京の予算、五日。\n\n"
    "One long sentence goes on and on until it has more words than anybody wants to see in an address."
)
PAGE = Article("w/P", "P", TEXT, "https://w.example/P", "1", None, frozenset(), anchors=("Fees_&_more", "東京"))


def link(quote: str, nth: int = 0) -> str:
    start = -1
    for _ in range(nth + 1):
        start = TEXT.index(quote, start + 1)
    return original_at(PAGE, start, start + len(quote)).removeprefix("https://w.example/P#")


def test_links_lead_to_the_words() -> None:
    """The section's anchor and the words as the page has them; of long quotes both ends, of the same words which."""
    assert link("Ask Mia - or Tom - first.") == ":~:text=Ask%20Mia%20%2D%20or%20Tom%20%2D%20first."
    assert link("City: Oslo | Fee: 180 EUR") == "Fees_%26_more:~:text=Oslo,180%20EUR"
    assert link("Keep the receipts.") == "Fees_%26_more:~:text=Keep%20the%20receipts."
    assert link("Keep the receipts.", 1) == "Fees_%26_more:~:text=Keep%20the%20receipts.-,Keep%20the%20receipts."
    assert link("東京の予算、五日。") == (
        "%E6%9D%B1%E4%BA%AC:~:text=%E6%9D%B1%E4%BA%AC%E3%81%AE%E4%BA%88%E7%AE%97%E3%80%81%E4%BA%94%E6%97%A5%E3%80%82"
    )
    long = link("One long sentence goes on and on until it has more words than anybody wants to see in an address.")
    assert long.partition("text=")[2] == "One%20long%20sentence%20goes%20on%20and,wants%20to%20see%20in%20an%20address."


def test_other_originals_stay_as_they_are() -> None:
    """Without known anchors an address is left alone; one with a fragment of its own too."""
    assert original_at(replace(PAGE, anchors=()), 0, 9) == "https://w.example/P"
    assert original_at(replace(PAGE, url="https://w.example/P#x"), 0, 9) == "https://w.example/P#x"
    assert original_at(PAGE, TEXT.index("Rome")) == "https://w.example/P#Fees_%26_more"


def test_what_is_said_of_a_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In `assistant.toml`, with the secret from a file or the environment; a misspelt word is an error, and no
    password shows."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "secret").write_text("sesame-open\n")
    (tmp_path / "assistant.toml").write_text(
        '[sources."mediawiki+https://w.example/"]\nuser = "Mia@reader"\npassword_file = "secret"\ngroups = ["hr"]\n'
        '[sources."dokuwiki+https://d.example"]\nuser = "admin"\n'
    )
    monkeypatch.setenv("ASSISTANT_SOURCE_PASSWORD", "other-secret")
    settings = Settings.read(home=tmp_path)
    assert list(settings.sources) == ["mediawiki+https://w.example/", "dokuwiki+https://d.example"]
    said = settings.access(["mediawiki+https://w.example", "dokuwiki+https://d.example/"])
    wiki, doku = said["mediawiki+https://w.example"], said["dokuwiki+https://d.example"]
    assert (wiki.user, wiki.secret(), wiki.groups) == ("Mia@reader", "sesame-open", frozenset({"hr"}))
    assert (doku.user, doku.secret(), doku.groups) == ("admin", "other-secret", frozenset())
    assert settings.access(["/docs"], frozenset({"it"}))["/docs"].groups == {"it"}
    assert "sesame" not in repr(said) + repr(settings)
    assert "other-secret" not in repr(said) + repr(settings)
    with pytest.raises(SourceError, match=r"password file .*gone cannot be read"):
        Access(password_file=tmp_path / "gone").secret()
    (tmp_path / "assistant.toml").write_text('[sources."mediawiki+https://w.example/"]\npasswort = "x"\n')
    with pytest.raises(SettingsError, match=r"sources\.mediawiki"):
        Settings.read(home=tmp_path)
