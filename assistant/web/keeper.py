"""The page of those who keep the articles: what was asked in vain, and how the sources are."""

from collections.abc import Callable, Iterable

from article_assistant.index.instep import InStep
from article_assistant.memory import Opinion
from article_assistant.types import User
from article_assistant.web import freshness, render, routes
from article_assistant.web.wanting import Meanings, as_csv, grouped
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

MOST_ROWS = 200
"""Questions, and failures, that the page shows at most; the table of all questions is a file to download."""


def keeper_doors(
    keepers: str,
    judged: Callable[[], Iterable[Opinion]],
    kept: InStep | None,
    who: Callable[[Request], User],
    meanings: Meanings | None = None,
) -> list[Route]:
    """The routes, for users of the group `keepers` alone; for nobody where that is "".

    They see every question and every source, whatever else they may read. Questions are grouped by `meanings`.
    """

    def refused(request: Request) -> Response | None:
        if keepers and keepers in (who(request).groups or ()):
            return None
        sentence = "This page is for those who keep the articles."
        return HTMLResponse(render.notice_page("Not for you", sentence), 403)

    def shown(request: Request) -> Response:
        if found := refused(request):
            return found
        wanting = grouped(judged(), meanings)
        told = [(one, freshness.ago(one.read)) for one in kept.told(None)] if kept else []
        failures = list(kept.failures().items()) if kept else []
        more, failed = len(wanting) - MOST_ROWS, len(failures)
        given = {
            "wanting": wanting[:MOST_ROWS],
            "more": more,
            "told": told,
            "failures": failures[:MOST_ROWS],
            "failed": failed,
        }
        return HTMLResponse(render.fill("keeper.html", title="For the keepers", **given))

    def table(request: Request) -> Response:
        if found := refused(request):
            return found
        headers = {"content-disposition": 'attachment; filename="unanswered.csv"'}
        return Response(as_csv(grouped(judged(), meanings)), media_type="text/csv", headers=headers)

    return [routes.KEEPER.to(shown), routes.KEEPER_TABLE.to(table)]
