"""What a program is told when something goes wrong: one plain sentence; the reason goes to the server's log."""

from starlette.responses import JSONResponse, Response


def error(status: int, sentence: str, headers: dict[str, str] | None = None, code: str | None = None) -> Response:
    """The sentence in the form that OpenAI's clients read."""
    kinds = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}
    kind = kinds.get(status, "invalid_request_error" if status < 500 else "server_error")
    body = {"error": {"message": sentence, "type": kind, "param": None, "code": code}}
    return JSONResponse(body, status, headers)
