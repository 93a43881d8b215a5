"""The command `embed`: what to put into a wiki so that its pages have the widget."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from article_assistant.cli.console import Home, err, out, settings_of
from article_assistant.index.types import UserFacingError
from rich.markup import escape

if TYPE_CHECKING:
    from article_assistant.settings import Settings

PIECES = Path(__file__).parents[1] / "web" / "embed"
_GUESTS = {
    "mediawiki": "mediawiki.js",
    "dokuwiki": "dokuwiki.html",
    "otterwiki": "otterwiki.html",
    "tiddlywiki": "tiddlywiki.tid",
    "html": "site.html",
    "iframe": "iframe.html",
}
_SIGNED = _GUESTS | {"mediawiki": "mediawiki.php", "dokuwiki": "dokuwiki.php"}
CHECK_SECONDS = 20.0
"""How long a page may take that is looked at."""


def embed(
    context: typer.Context,
    kind: Annotated[
        Literal["mediawiki", "dokuwiki", "otterwiki", "tiddlywiki", "html", "iframe"] | None,
        typer.Argument(metavar="KIND", help="mediawiki, dokuwiki, otterwiki, tiddlywiki, html or iframe."),
    ] = None,
    home: Home = None,
    key: Annotated[
        str | None, typer.Option(metavar="ID", help="The key of identities that the wiki signs with; the last one.")
    ] = None,
    check: Annotated[
        str | None, typer.Option(metavar="URL", help="Look at this page of the wiki, and say what is missing there.")
    ] = None,
) -> None:
    """Print what to put into a wiki, for this installation; its first lines say where.

    With a key in the setting identities, MediaWiki and DokuWiki get a piece of PHP that says who reads the page.
    Without one, every reader is a guest. --check looks at a page as a browser would that is not logged in,
    and exits with 1 if the chat would not work there.

    Example:  assistant embed dokuwiki > action.php
    """
    settings = settings_of(context, home)
    if check is not None:
        _print_check(check, settings)
        return
    if kind is None:
        raise typer.BadParameter("name a kind of wiki, or a page to look at: --check https://wiki.example.org/")
    print(piece(kind, settings, key), end="")  # alone on standard output, for a file
    if not settings.embed_origins:
        err.print("The setting embed_origins is empty: no wiki's page may ask yet.", style="yellow", soft_wrap=True)
    if not settings.address:
        line = f"The setting address is not set: browsers are sent to {settings.site}, which is this machine."
        err.print(line, style="yellow", soft_wrap=True)


def _print_check(url: str, settings: "Settings") -> None:
    import httpx
    from article_assistant.cli.wikicheck import lacks

    with httpx.Client(follow_redirects=True, timeout=CHECK_SECONDS, headers={"user-agent": "Mozilla/5.0"}) as client:
        missing = lacks(url, settings, client)
    for sentence in missing:
        out.print(f"- {escape(sentence)}", soft_wrap=True)
    if missing:
        raise typer.Exit(1)
    out.print(f"The chat works in {escape(url)}, as far as can be seen without a browser.", soft_wrap=True)


def piece(kind: str, settings: "Settings", key: str | None = None) -> str:
    """The text for one kind of wiki. Raises UserFacingError for a key that there is not."""
    if key is not None and key not in settings.identities:
        named = ", ".join(settings.identities) or "none"
        raise UserFacingError(f"there is no key {key} in the setting identities; there is: {named}")
    values = {"chat": settings.site}
    if settings.identities:
        kid = key or list(settings.identities)[-1]
        signer = settings.identities[kid]
        # A private key is the wiki's alone, so its place is not known here.
        values |= {
            "kid": kid,
            "algorithm": signer.algorithm,
            "secret_file": str(signer.secret_file or "/etc/article-assistant/wiki.key"),
        }
    text = (PIECES / (_SIGNED if settings.identities else _GUESTS)[kind]).read_text(encoding="utf-8")
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value.replace("\\", "\\\\").replace("'", "\\'"))
    return text
