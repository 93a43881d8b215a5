"""What an error of any provider's package means: whether another try makes sense, and what the log may say."""

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

AGAIN = frozenset({408, 409, 429})
"""The statuses below 500 with which a server asks for another try."""
REFUSED = frozenset({401, 403})
"""Those with which it refuses the key."""


def status_of(error: Exception) -> int:
    """The HTTP status_of that a server answered, 0 where it did not answer one.

    >>> status_of(ConnectionError("refused"))
    0
    """
    response = _response(error)
    return 0 if response is None else int(response.status_code)


def is_passing(error: Exception) -> bool:
    """Whether another try may do: nobody was reached, or the server says that it is busy or broken.

    >>> is_passing(ConnectionError("refused")), is_passing(ValueError("no JSON"))
    (True, False)
    """
    code = status_of(error)
    return code in AGAIN or code >= 500 or (not code and any(_is_of_connection(link) for link in _chain(error)))


def retry_after(error: Exception) -> float | None:
    """The seconds after which a server wants to be asked again, None where it says none."""
    response = _response(error)
    value = "" if response is None else response.headers.get("Retry-After", "")
    if re.fullmatch("[0-9]{1,9}", value):
        return float(value)
    with suppress(ValueError, OverflowError):
        date = parsedate_to_datetime(value)
        return max(0.0, (date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds())
    return None


def reason_of(error: Exception) -> str:
    """One line of at most 200 printable characters for the log: what the server said, without the key."""
    response, chain = _response(error), list(_chain(error))
    if response is not None:
        text = ""
        with suppress(Exception):  # a body that was not read to its end
            text = response.text
        text = f"{response.status_code} {text}"
    else:
        text = ": ".join(f"{type(link).__name__} {link}" for link in dict.fromkeys((chain[0], chain[-1])))
    keys = set[str]()
    for link in chain:
        with suppress(AttributeError, RuntimeError):  # it knows no request
            headers = link.request.headers  # type: ignore[attr-defined]
            keys.update(headers.get(name, "").removeprefix("Bearer ") for name in ("authorization", "x-api-key"))
    for key in keys - {""}:
        text = text.replace(key, "…")
    if not keys:  # nothing tells what the key is; it is one of the long words, if it is there
        text = re.sub(r"\S{20,}", "…", text)
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())[:200]


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """An error and those behind it: the packages wrap the one that tells more."""
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
    """By name, as httpx and its successor each have an error of their own."""
    return isinstance(error, OSError) or any(base.__name__ == "TransportError" for base in type(error).__mro__)
