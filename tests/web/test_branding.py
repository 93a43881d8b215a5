"""What a team makes its own: colour, logo, welcome, previews of links, and what a refusal offers."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from article_assistant.settings import Settings, SettingsError
from article_assistant.types import Recourse
from article_assistant.web import branding
from axe_playwright_python.sync_playwright import Axe

from tests import served as web
from tests.web.conftest import picture
from tests.web.test_page import Open, ask, open_page, serve

__all__ = ["open_page", "serve"]

OFFICE = Recourse("Ask the <office>", "mailto:office@example.org")
EDIT = Recourse("Add it to the handbook", "https://wiki.example.org/?title=Handbook&action=edit")
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"><rect width="40" height="20"/></svg>'


@pytest.fixture
def logo(tmp_path: Path) -> Path:
    (tmp_path / "logo.svg").write_text(LOGO)
    return tmp_path / "logo.svg"


@pytest.mark.parametrize("accent", ["#ffffff", "#000000", "#ffe600", "#24548f", "#00ff88", "#e4002b"])
def test_any_colour_can_be_read(accent: str) -> None:
    """In the light and in the dark, text in the accent colour and text on it have the contrast that WCAG asks for."""

    def colour(name: str, css: str) -> branding.Colour:
        found = re.search(rf"--{name}:#(..)(..)(..);", css)
        assert found
        red, green, blue = (float(int(part, 16)) for part in found.groups())
        return red, green, blue

    light, dark = branding.style(accent).split(".dark", 1)
    for css, grounds in ((light, [(255.0,) * 3, (239.0, 239.0, 236.0)]), (dark, [(28.0, 32.0, 39.0)])):
        own = colour("accent", css)
        for ground in (*grounds, colour("accent-soft", css), colour("on-accent", css)):
            assert branding.contrast(own, ground) >= 4.5, (accent, css, ground)


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("accent", "red"), ("accent", "#fff"), ("accent", "#24548f;}"), ("logo", "missing.svg"), ("logo", __file__),
        ("welcome", "x" * 401), ("offers", [{"text": ""}]), ("offers", [{"text": "x", "link": "javascript:alert(1)"}]),
        ("offers", [{"text": "x", "link": "mailto:nobody"}]), ("offers", [{"text": "x", "link": "https://a b"}]),
        ("offers", [{"text": "x", "link": "https://me:secret@a.org"}]), ("offers", [{"text": "x", "url": "https://a"}]),
        ("offers", [{"text": "x"}] * 6),
    ],
)  # fmt: skip
def test_what_cannot_be_shown_is_said_at_start(setting: str, value: object) -> None:
    """A colour that is none, a logo that is not there or no picture, a link that leads elsewhere than it should."""
    with pytest.raises(SettingsError, match=f"the setting {setting}"):
        Settings.read(**{setting: value})


@pytest.mark.parametrize("closed", [False, True])
def test_a_link_to_the_page_is_shown_as_the_teams(serve: Callable[..., web.Served], logo: Path, closed: bool) -> None:
    """Without a script, and without the password, a link shows the team's name, words and logo, not Gradio's."""
    given = {"password": "correct horse"} if closed else {}
    served = serve(name='Ask "us"', welcome="All that we know.", logo=logo, address="https://ask.example.org", **given)
    html = httpx.get(served.url, follow_redirects=True).text
    shown = dict(re.findall(r'<meta (?:property|name)="([a-z:_]+)" content="([^"]*)"', html))
    assert shown["og:title"] == "Ask &#34;us&#34;"
    assert shown["og:description"] == shown["description"] == "All that we know."
    assert shown["og:image"] == "https://ask.example.org/files/logo"
    assert shown["og:url"] == "https://ask.example.org/"
    assert len(re.findall('"og:title"', html)) == 1
    assert "raw.githubusercontent.com" not in html
    assert "Click to try out" not in html
    for path in ("/files/logo", "/favicon.ico"):
        found = httpx.get(served.url + path)
        assert (found.text, found.headers["content-type"]) == (LOGO, "image/svg+xml")
        assert "script-src 'self'" in found.headers["content-security-policy"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_is_the_teams_and_a_refusal_helps_on(
    open_page: Open, serve: Callable[..., web.Served], logo: Path, tmp_path: Path, scheme: str
) -> None:
    """Logo, welcome and colour are seen; below a refusal stand the offers, whose links open beside the page."""
    said = replace(web.refused("Where is the key?", web.citation(web.article(), web.QUOTE)), offers=(OFFICE, EDIT))
    served = serve(said, web.good(), name="Our handbook", welcome="All that we know.", logo=logo, accent="#b3005e")
    page = open_page(served.url, color_scheme=scheme)
    page.get_by_text("All that we know.").wait_for()
    page.wait_for_function("document.querySelector('.masthead img').naturalWidth === 40")
    picture(page, f"yours-start-{scheme}", tmp_path)
    ask(page, "Where is the key?")
    office = page.get_by_role("link", name="Ask the <office>")
    office.wait_for()
    assert office.get_attribute("href") == OFFICE.link
    edit = page.get_by_role("link", name=EDIT.text)
    assert (edit.get_attribute("href"), edit.get_attribute("target")) == (EDIT.link, "_blank")
    assert Axe().run(page).response["violations"] == []
    picture(page, f"yours-refusal-{scheme}", tmp_path)
    ask(page, "What did we change?")
    page.locator("a.mark").wait_for()
    assert page.locator(".turn").last.locator(".offers").count() == 0
