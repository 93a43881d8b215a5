"""Errors as programs see them: one plain sentence; the reason goes to the server's log."""

import logging
import secrets
from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Any, TypeVar

from article_assistant.index.types import UserFacingError
from article_assistant.web.queue import MAX_QUESTION, Busy
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

log = logging.getLogger(__name__)

UNAVAILABLE = "The articles are not available right now. Please try again in a moment."

Form = TypeVar("Form", bound=BaseModel)


class Problem(Exception):
    """Why a request failed: an HTTP status, a plain sentence, and OpenAI's code if there is one."""

    def __init__(self, status: int, sentence: str, code: str | None = None) -> None:
        super().__init__(sentence)
        self.response = error(status, sentence, {"retry-after": "5"} if status == 429 else None, code)


def error(status: int, sentence: str, headers: dict[str, str] | None = None, code: str | None = None) -> Response:
    """The sentence in the form OpenAI's clients read."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    body = {"error": {"message": sentence, "type": kind, "param": None, "code": code}}
    return JSONResponse(body, status, headers)


def logged(what: str, wrong: Exception) -> str:
    """Writes an exception into the log under a new id, which is all that others see of it; returns the id."""
    identifier = secrets.token_hex(4)
    log.error("%s (error %s)", what, identifier, exc_info=wrong)
    return identifier


def failed(identifier: str) -> str:
    """What to tell others of an error in the log."""
    return f"Something went wrong (error {identifier}); the server's log says what."


def problem(wrong: Exception) -> Problem:
    """The Problem to report for an exception, which is logged unless the request itself is at fault."""
    if isinstance(wrong, Problem):
        return wrong
    if isinstance(wrong, Busy):
        return Problem(429, "Too many questions at the moment. Please try again shortly.")
    if isinstance(wrong, UserFacingError):
        log.warning("a question could not be answered: %s", wrong)
        return Problem(503, UNAVAILABLE)
    return Problem(500, failed(logged("a question could not be answered", wrong)))


def plainly(door: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """An endpoint that answers an exception with its sentence."""

    @wraps(door)
    async def plain(request: Request) -> Response:
        try:
            return await door(request)
        except Exception as wrong:
            return problem(wrong).response

    return plain


def parsed(given: bytes | dict[str, Any], form: type[Form]) -> Form:
    """A body, or the arguments of a call, as this model. Raises Problem: 400 for invalid JSON, else 422."""
    try:
        return form.model_validate_json(given) if isinstance(given, bytes) else form.model_validate(given)
    except ValidationError as wrong:
        first = wrong.errors(include_url=False, include_input=False)[0]
        if first["type"] == "json_invalid":
            raise Problem(400, "The body is not valid JSON.") from None
        place = ".".join(str(part) for part in first["loc"])
        raise Problem(422, f"{place or 'The body'}: {first['msg']}") from None


def checked(text: str) -> str:
    """A question without surrounding space. Raises Problem if it is empty or too long."""
    question = text.strip()
    if not question:
        raise Problem(422, "The question is empty.")
    if len(question) > MAX_QUESTION:
        raise Problem(422, f"A question can have at most {MAX_QUESTION:,} characters; this one has {len(question):,}.")
    return question
