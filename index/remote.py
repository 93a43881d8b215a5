"""The vectors of a library at a Chroma server, in one collection that is extended in place.

That is safe: chunk numbers are never reused, and every hit is checked against the library. Surplus rows do no
harm, and missing ones are put in again from the library.

The server's HTTP interface (version 2) is called directly. The client in the `chromadb` package has no timeout,
takes proxies from the environment, and builds the embedding functions that a server names, which can load code.
"""

import base64
import hashlib
import logging
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, TypeVar
from urllib.parse import quote

import httpx
import numpy as np
from article_assistant.index.http import Breaker, bound, careful, retries
from article_assistant.index.types import Vector
from article_assistant.index.vectors import HNSW, Away, Lacking, NumberedVector, near
from numpy.typing import NDArray
from tenacity import Retrying

log = logging.getLogger(__name__)
TENANT, DATABASE = "default_tenant", "default_database"
ROWS_A_REQUEST = 300
"""Chroma Cloud takes and returns no more, and larger requests are hardly faster."""
WAIT, PATIENCE = 3.0, 30.0
"""Seconds that a question waits for the server, and a build."""
PAUSE = 30.0
"""Seconds before a server that did not answer is asked again."""
BUILD_RETRIES = (0.5, 2.0)
"""Seconds before each retry of a build."""

T = TypeVar("T")


class Server:
    """A Chroma server, for use from any thread; while it is away, one question every PAUSE seconds tries it."""

    def __init__(self, address: str, token: str = "", tenant: str = TENANT, database: str = DATABASE) -> None:
        """`address` is like http://127.0.0.1:8000. Nothing is sent yet."""
        self.address = address.rstrip("/")
        self.place = f"{self.address} ({tenant}/{database})"
        self.database = f"/tenants/{quote(tenant, safe='')}/databases/{quote(database, safe='')}"
        self.why = ""
        """Why it is away, "" while it is not."""
        self.breaker = Breaker(1, PAUSE)
        self._client = httpx.Client(
            base_url=f"{self.address}/api/v2",
            headers={"X-Chroma-Token": token} if token else {},
            event_hooks={"response": [bound]},
            **careful(),
        )

    def check(self) -> None:
        """Raises Away where the server does not answer."""
        self.ask("GET", "/heartbeat", None, lambda found: int(found["nanosecond heartbeat"]))

    def ask(self, method: str, path: str, content: object, read: Callable[[Any], T], *, patient: bool = False) -> T:
        """What `read` makes of the JSON that the server answers.

        A `patient` request waits longer and is repeated, which is harmless: rows that are put in twice are there
        once. Raises Lacking where the server does not know what is asked for, otherwise Away.
        """
        if not patient and not self.breaker.allows():
            raise Away(self._said())
        timeout = httpx.Timeout(PATIENCE if patient else WAIT, connect=WAIT)
        tries = Retrying(**retries(BUILD_RETRIES if patient else (), lambda error: type(error) is Away))
        try:
            found: T = tries(self._answer, method, path, content, read, timeout)
        except Lacking:
            self._is_back()
            raise
        except Away as error:
            self.why = str(error)
            if self.breaker.failed():
                log.warning("%s; questions are searched exactly until it answers", self._said())
            raise Away(self._said()) from error
        self._is_back()
        return found

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def _answer(self, method: str, path: str, content: object, read: Callable[[Any], T], timeout: httpx.Timeout) -> T:
        """One attempt; raises Lacking, or Away with the bare reason."""
        try:
            response = self._client.request(method, path, json=content, timeout=timeout)
            if response.is_success:
                return read(response.json())
            said = f"{response.status_code} {response.reason_phrase}"
            if response.headers.get("Content-Type") == "application/json":
                found = response.json()
                said += f": {' '.join(found['message'].split())[:200]}"
                if found["error"] == "NotFoundError":
                    raise Lacking(f"{self.place} answers {said}")
            raise Away(f"it answers {said}")
        except httpx.TimeoutException as error:
            raise Away("it does not answer in time") from error
        except httpx.HTTPError as error:
            raise Away(str(error)[:200] or type(error).__name__) from error
        except (ValueError, TypeError, LookupError, RecursionError) as error:
            raise Away("it does not answer as a Chroma server does") from error

    def _is_back(self) -> None:
        self.why = ""
        if self.breaker.worked():
            log.info("the server of vectors %s answers again", self.address)

    def _said(self) -> str:
        return f"the server of vectors {self.address} cannot be used ({self.why})"


class Remote:
    """The vectors of one library and encoder at a server, searched by approximate cosine similarity (HNSW).

    A search needs at least `least` rows there.
    """

    def __init__(self, server: Server, library: str, encoder: str, least: int = 0) -> None:
        """For the library of this name and the vectors of this encoder. Nothing is sent yet."""
        self.name = f"articles-{library}-{hashlib.sha256(encoder.encode()).hexdigest()[:8]}"
        self.place = f"{server.place} {self.name}"
        self.least = least
        self._server = server
        self._path = ""  # of the collection, once its id is known
        self._counted = False

    @property
    def count(self) -> int:
        """Number of rows; 0 without a collection."""
        try:
            return self._ask("GET", "count", None, int)
        except Lacking:
            return 0

    def nearest(self, vector: Vector, k: int) -> list[tuple[int, float]]:
        """The nearest `k` chunks, as numbers with cosines, best first.

        Raises Away where the server is, Lacking where rows are missing there.
        """
        if k > ROWS_A_REQUEST:
            raise Away(f"a server of vectors is not asked for more than {ROWS_A_REQUEST} rows at once")
        if not self._counted:
            self._count()
        if not self.least:
            return []
        asked = {"query_embeddings": [vector.tolist()], "n_results": k, "include": ["distances"]}
        try:
            found = self._ask("POST", "query", asked, near)
        except Away:
            self._counted = False  # it may come back with other rows
            raise
        if len(found) < min(k, self.least):
            raise Lacking(f"{self._server.place} answers {len(found)} of {min(k, self.least)} chunks")
        return found

    def holds(self, numbers: Sequence[int]) -> set[int]:
        """Which of these chunks it holds."""
        found: set[int] = set()
        for first in range(0, len(numbers), ROWS_A_REQUEST):
            asked = {"ids": [str(number) for number in numbers[first : first + ROWS_A_REQUEST]], "include": []}
            found.update(self._ask("POST", "get", asked, _numbers, patient=True))
        return found

    def begin(self) -> None:
        """Create the collection, unless it exists."""
        asked = {"name": self.name, "get_or_create": True, "configuration": {"hnsw": HNSW}}
        self._server.ask("POST", f"{self._server.database}/collections", asked, lambda found: str(found["id"]))

    def extend(self, rows: Iterable[NumberedVector], gone: Sequence[int] = ()) -> None:
        """Add or overwrite rows, and drop the chunks that are `gone`."""
        size, packed = self._server.ask("GET", "/pre-flight-checks", None, _limits)
        rows = iter(rows)
        while batch := list(islice(rows, size)):
            vectors = [np.asarray(vector, "<f4") for _, vector in batch]
            asked = {
                "ids": [str(number) for number, _ in batch],
                "embeddings": [
                    base64.b64encode(vector.tobytes()).decode() if packed else vector.tolist() for vector in vectors
                ],
            }
            self._ask("POST", "upsert", asked, bool, patient=True)
        for first in range(0, len(gone), size):
            asked = {"ids": [str(number) for number in gone[first : first + size]]}
            self._ask("POST", "delete", asked, bool, patient=True)

    def prune(self, numbers: NDArray[np.int64], gone: Sequence[int]) -> None:
        """Drop the chunks that are `gone`, and if more than `numbers` remain, all but those."""
        self.extend((), gone)
        count = self.count
        if count > len(numbers):
            held: list[int] = []
            for first in range(0, count, ROWS_A_REQUEST):
                asked = {"limit": ROWS_A_REQUEST, "offset": first, "include": []}
                held += self._ask("POST", "get", asked, _numbers, patient=True)
            self.extend((), np.setdiff1d(held, numbers).tolist())

    def clear(self) -> None:
        """Drop the collection, if it exists."""
        with suppress(Lacking):
            self._server.ask("DELETE", f"{self._server.database}/collections/{self.name}", None, bool, patient=True)
        self.close()

    def close(self) -> None:
        """Forget the collection's id and count; the server's connections stay open."""
        self._path, self._counted = "", False

    def _count(self) -> None:
        count = self._ask("GET", "count", None, int)
        if count < self.least:
            raise Lacking(f"{self._server.place} holds {count} of {self.least} chunks")
        self._counted = True

    def _ask(self, method: str, what: str, content: object, read: Callable[[Any], T], *, patient: bool = False) -> T:
        if not self._path:
            by_name = f"{self._server.database}/collections/{self.name}"
            number = self._server.ask("GET", by_name, None, lambda found: quote(found["id"], safe=""))
            self._path = f"{self._server.database}/collections/{number}"
        try:
            return self._server.ask(method, f"{self._path}/{what}", content, read, patient=patient)
        except Lacking:
            self._path = ""  # somebody may have created another one of this name
            raise


def _numbers(found: Any) -> list[int]:
    return [int(number) for number in found["ids"]]


def _limits(found: Any) -> tuple[int, bool]:
    """Rows per request, and whether vectors may be sent as base64."""
    return min(ROWS_A_REQUEST, max(1, int(found["max_batch_size"]))), bool(found.get("supports_base64_encoding"))
