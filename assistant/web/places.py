"""Where one may search: places, categories, days and titles of the articles that somebody may read, to be offered."""

import asyncio
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import accumulate

from article_assistant.index.types import Scope
from article_assistant.types import Answering, User
from article_assistant.web import errors, routes
from article_assistant.web.ask import ScopeBody
from pydantic import ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

Title = tuple[str, str, str | None]
"""An article's id, title and date."""
MOST_PLACES = 100
"""Places that are offered at most, those with the most articles."""
MOST_CATEGORIES = 500
"""Categories that are offered at most, those with the most articles."""
MOST_TITLES = 8
"""Titles that are offered at most."""
LONGEST = 100
"""Maximum characters of a title's beginning that are looked at."""


def scope_of(chosen: object) -> Scope | None:
    """The scope that the page sends as JSON, "" for everything; None for what is no scope."""
    try:
        body = ScopeBody.model_validate_json(chosen if isinstance(chosen, str) and chosen else "{}")
    except ValidationError:
        return None
    return body.scope()


def places_of(titles: Sequence[Title]) -> list[tuple[str, int]]:
    """Sources and folders in them with how many articles each holds, by name; only those that leave something out.

    >>> places_of([("a/x/1", "", None), ("a/x/2", "", None), ("a/y", "", None)])
    [('a/x', 2)]
    """
    held = Counter(
        place for identifier, *_ in titles for place in accumulate(identifier.split("/")[:-1], "{}/{}".format)
    )
    chosen = [(place, count) for place, count in held.most_common() if 1 < count < len(titles)]
    return sorted(chosen[:MOST_PLACES])


def completed(titles: Sequence[Title], typed: str) -> list[Title]:
    """Titles with a word for each word that was typed, which it begins with; those that begin so themselves first."""
    begun = typed.casefold().split()

    def fits(title: str) -> bool:
        words = title.casefold().split()
        return all(any(word.startswith(beginning) for word in words) for beginning in begun)

    found = [one for one in titles if fits(one[1])]
    return sorted(found, key=lambda one: (not one[1].casefold().startswith(typed.casefold()), one[1]))[:MOST_TITLES]


def place_doors(assistant: Answering, who: Callable[[Request], User]) -> list[Route]:
    """The routes; `who(request)` is the user whose rights apply."""

    @errors.plainly
    async def offered(request: Request) -> Response:
        titles = await asyncio.to_thread(assistant.titles, who(request))
        found = [{"place": place, "articles": count} for place, count in await asyncio.to_thread(places_of, titles)]
        held = Counter(await asyncio.to_thread(assistant.categories, who(request))).most_common(MOST_CATEGORIES)
        inside = [{"category": name, "articles": count} for name, count in sorted(held) if count < len(titles)]
        days = sorted({day[:10] for *_, day in titles if day})
        first, last = (days[0], days[-1]) if days else ("", "")
        return JSONResponse({"places": found, "categories": inside, "first": first, "last": last})

    @errors.plainly
    async def titled(request: Request) -> Response:
        typed = request.query_params.get("q", "")[:LONGEST]
        titles = await asyncio.to_thread(assistant.titles, who(request))
        found = await asyncio.to_thread(completed, titles, typed)
        return JSONResponse({"titles": [{"article": identifier, "title": title} for identifier, title, _ in found]})

    return [routes.WHERE.to(offered), routes.TITLED.to(titled)]
