"""What an error of a provider's package means: whether to retry, and what to log."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

AGAIN = frozenset({408, 409, 429})
"""HTTP statuses below 500 that are worth a retry."""
REFUSED = frozenset({401, 403})
"""HTTP statuses that mean the key is refused."""


def status_of(error: Exception) -> int:
    """The HTTP status of the server's response, 0 if there was none.

    >>> status_of(ConnectionError("refused"))
    0
    """
    response = _response(error)
    return 0 if response is None else int(response.status_code)


def is_passing(error: Exception) -> bool:
    """Whether a retry may help: the server was not reached, or says that it is busy or broken.

    >>> is_passing(ConnectionError("refused")), is_passing(ValueError("no JSON"))
    (True, False)
    """
    code = status_of(error)
    return code in AGAIN or code >= 500 or (not code and any(_is_of_connection(link) for link in _chain(error)))


def retry_after(error: Exception) -> float | None:
    """The seconds after which the server wants a retry, None if it does not say."""
    response = _response(error)
    value = "" if response is None else response.headers.get("Retry-After", "")
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    with suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(value)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None


def reason_of(error: Exception) -> str:
    """What the server said, for the log: one line of at most 200 printable characters, without the key."""
    response, chain = _response(error), list(_chain(error))
    if response is not None:
        text = ""
        with suppress(Exception):  # the body was not read completely
            text = response.text
        text = f"{response.status_code} {text}"
    else:
        text = ": ".join(f"{type(link).__name__} {link}" for link in dict.fromkeys((chain[0], chain[-1])))
    keys = set[str]()
    for link in chain:
        with suppress(AttributeError, RuntimeError):  # it has no request
            headers = link.request.headers  # type: ignore[attr-defined]
            keys.update(headers.get(name, "").removeprefix("Bearer ") for name in ("authorization", "x-api-key"))
    for key in keys - {""}:
        text = text.replace(key, "…")
    if not keys:  # the key is unknown: hide every long word, since any may be it
        text = re.sub(r"\S{20,}", "…", text)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and its causes: packages wrap the one that says more."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _response(error: Exception) -> Any:
    for link in _chain(error):
        response = getattr(link, "response", None)
        if isinstance(getattr(response, "status_code", None), int):
            return response
    return None


def _is_of_connection(error: BaseException) -> bool:
    """By name, because httpx and its successor each have their own classes."""
    return isinstance(error, OSError) or any(base.__name__ == "TransportError" for base in type(error).__mro__)
