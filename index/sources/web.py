"""One wiki over HTTP: a patient and careful client that asks one origin and no other.

Libraries such as mwclient follow redirects to other hosts, with what they are logged in with, and have neither a
deadline for a whole answer nor a limit to its size; and all that they would save here is a loop over `continue`.
"""

import json
import ssl
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import urlsplit

import httpx
from article_assistant.index.http import careful, retries
from article_assistant.index.types import SourceError
from tenacity import Retrying

ANSWER_SECONDS = 60.0
"""How long one whole answer may take, from its first byte; the connection and each later byte have 20 s."""
LARGEST_ANSWER = 50_000_000
"""Bytes that one answer may have when it is unpacked."""
PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before each further try of a request that failed for a moment."""
FIRST = 3
"""Tries of a server that never answered."""
WITHIN = 180.0
"""Seconds after which no further try begins, whatever a server asks for."""


class Refused(SourceError):
    """The server wants somebody to log in, or somebody else."""


class NotThere(SourceError):
    """The server has nothing under this address."""


class Moved(NotThere):
    """What was there is under another address, where the server leads `to`."""

    def __init__(self, said: str, to: str) -> None:
        super().__init__(said)
        self.to = to


class Web:
    """Requests below `url`; in each stand a `login`, user and password (HTTP Basic), or a token (`bearer`)."""

    def __init__(
        self, url: str, login: tuple[str, str] | None = None, pauses: tuple[float, ...] = PAUSES, *, bearer: str = ""
    ) -> None:
        self.url = url
        self.requests = 0
        parts = urlsplit(url)
        self.path = parts.path
        self._origin = f"{parts.scheme}://{parts.netloc}"
        agent = {"User-Agent": "article-assistant (reads a wiki for its team)", "Accept-Encoding": "gzip"}
        agent |= {"Authorization": f"Bearer {bearer}"} if bearer else {}
        limits = httpx.Timeout(20.0)
        self._client = httpx.Client(headers=agent, timeout=limits, auth=login, **careful())
        self._again = retries(pauses, self._may_pass, WITHIN, lambda error: error.args[1])
        self._reached, self._failures = False, 0

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def ask(
        self,
        path: str,
        query: Mapping[str, str] | None = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        kind: str = "",
    ) -> bytes:
        """The body of an answer. `path` begins with a slash; a `form`, or `content` of this `kind`, is posted.

        Failures that pass are tried again, as late as the server asks. Raises Refused, NotThere or SourceError.
        """
        try:
            return Retrying(**self._again)(self._once, path, query, form, content, kind)
        except _Passing as error:
            raise SourceError(f"{self._origin} {error.args[0]}; try again later") from error

    def told(self, path: str) -> Mapping[str, str]:
        """What the server says of something without sending it, by name in lower case (a HEAD request)."""
        try:
            return Retrying(**self._again)(self._head, path)
        except _Passing as error:
            raise SourceError(f"{self._origin} {error.args[0]}; try again later") from error

    def json(self, path: str, query: Mapping[str, str] | None = None, form: Mapping[str, str] | None = None) -> Any:
        """The same where the answer is JSON. Raises NotThere where it is something else, such as a page to log in."""
        body = self.ask(path, query, form)
        try:
            return json.loads(body)
        except ValueError:
            raise NotThere(f"{self._origin}{path} answers with something else than data, perhaps a page to log in; "
                           "check the address, the user and the password") from None  # fmt: skip

    def _may_pass(self, error: Exception) -> bool:
        """Whether to try again: not for long where nobody ever answered, as that is a wrong address."""
        self._failures += 1
        return isinstance(error, _Passing) and (self._reached or self._failures < FIRST)

    def _once(
        self,
        path: str,
        query: Mapping[str, str] | None,
        form: Mapping[str, str] | None,
        content: bytes | None,
        kind: str,
    ) -> bytes:
        self.requests += 1
        asked: dict[str, Any] = {"params": query, "headers": {"Content-Type": kind} if kind else None}
        if form is not None or content is not None:
            asked |= {"data": form, "content": content}
        method = "GET" if form is None and content is None else "POST"
        with self._answer(method, path, **asked) as response:
            return self._body(response)

    def _head(self, path: str) -> Mapping[str, str]:
        self.requests += 1
        with self._answer("HEAD", path) as response:
            return {name.lower(): value for name, value in response.headers.items()}

    @contextmanager
    def _answer(self, method: str, path: str, **asked: Any) -> Iterator[httpx.Response]:
        """A checked answer, whose body is read inside."""
        try:
            with self._client.stream(method, self._origin + path, **asked) as response:
                self._reached = True
                self._check(response)
                yield response
        except httpx.ConnectError as error:
            if isinstance(error.__cause__ and error.__cause__.__cause__, ssl.SSLError) or "CERTIFICATE" in str(error):
                raise SourceError(
                    f"{self._origin} is not who it says ({error}); SSL_CERT_FILE names a company's own certificates"
                ) from error
            raise _Passing(f"cannot be reached ({error}); check the address", None) from error
        except httpx.TransportError as error:
            raise _Passing(f"does not answer ({type(error).__name__})", None) from error
        except httpx.DecodingError as error:
            raise _Passing("answers with damaged data", None) from error
        except httpx.InvalidURL as error:
            raise SourceError(f"{self._origin} is no address ({error})") from error

    def _check(self, response: httpx.Response) -> None:
        """Raises where an answer is none: a redirect, a refusal, a failure."""
        status = response.status_code
        if response.is_redirect:
            to = response.headers.get("location", "")
            raise Moved(f"{self._origin} leads to {to[:200]}; if the wiki is there, name that address", to)
        if status in {401, 403}:
            raise Refused(f"{self._origin} refuses (HTTP {status}); check the user, the password and their rights")
        if status == 429 or status >= 500:
            raise _Passing(f"fails (HTTP {status})", _asked_pause(response.headers.get("retry-after", "")))
        if status >= 400:
            raise NotThere(f"{response.url.copy_with(query=None)} is not there (HTTP {status}); check the address")
        if response.headers.get("content-encoding", "gzip").lower() not in {"gzip", "identity"}:
            raise SourceError(f"{self._origin} packs its answers in a way that was not asked for")

    def _body(self, response: httpx.Response) -> bytes:
        until = time.monotonic() + ANSWER_SECONDS
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise SourceError(
                    f"{self._origin} answers with more than {LARGEST_ANSWER / 1e6:.0f} MB; nothing was read of it"
                )
            if time.monotonic() > until:
                raise _Passing(f"takes more than {ANSWER_SECONDS:.0f} s for one answer", None)
        return b"".join(parts)


class _Passing(Exception):
    """A failure that may pass: what it is, and for how many seconds the server asks to wait, or None."""


def _asked_pause(value: str) -> float | None:
    """The seconds that `Retry-After` asks for; None where it asks for nothing.

    >>> _asked_pause("7"), _asked_pause("soon"), _asked_pause("")
    (7.0, None, None)
    """
    if value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (ValueError, TypeError):
        return None
