"""How fresh the sources are, for programs and in a line of the page; and the door by which a wiki says: I changed."""

import asyncio
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from html import escape

from article_assistant.index.instep import Freshness, InStep
from article_assistant.types import User
from article_assistant.web import errors
from article_assistant.web.routes import PULL, SOURCES
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

NAMED_IN_LINE = 3
"""Sources that the line names at most."""


def freshness_doors(kept: InStep | None, who: Callable[[Request], User]) -> list[Route]:
    """The routes, for the sources that are `kept` in step; `who(request)` is the user whose rights apply."""

    @errors.plainly
    async def sources(request: Request) -> Response:
        told = await asyncio.to_thread(kept.told, who(request).groups) if kept else []
        return JSONResponse({"sources": [asdict(one) for one in told]})

    @errors.plainly
    async def pull(_: Request) -> Response:
        if kept is None:
            raise errors.Problem(404, "No sources are kept in step here.")
        await asyncio.to_thread(kept.pull)
        return JSONResponse({"pulling": True}, 202)

    return [SOURCES.to(sources), PULL.to(pull)]


def line(told: list[Freshness], now: datetime | None = None) -> str:
    """The page's line about its sources, as HTML; "" where nothing was read yet.

    >>> line([Freshness("wiki.example", 949, "2026-11-29T12:00:00+00:00", None)],
    ...      datetime(2026, 11, 29, 12, 2, 5, tzinfo=UTC)).replace(" data-say", "")
    '<p><span>949 articles from wiki.example</span>, <span>read</span> <span>2 minutes ago</span></p>'
    """
    read = [one.read for one in told if one.read]
    if not read:
        return ""
    names = [one.label for one in told]
    named = ", ".join(names) if len(names) <= NAMED_IN_LINE else f"{len(names)} sources"
    articles = sum(one.articles for one in told)
    counted, when = (
        f"<span data-say>{escape(text)}</span>"
        for text in (f"{_with_noun(articles, 'article')} from {named}", ago(min(read), now))
    )
    return f"<p>{counted}, <span data-say>read</span> {when}</p>"


def ago(moment: str | None, now: datetime | None = None) -> str:
    """How long ago an ISO time was, in words; "never" for None."""
    if moment is None:
        return "never"
    seconds = int(((now or datetime.now(UTC)) - datetime.fromisoformat(moment)).total_seconds())
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{_with_noun(seconds // length, unit)} ago"
    return "just now"


def _with_noun(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
