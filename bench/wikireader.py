"""llama-index's WikipediaReader, pointed at another MediaWiki: what it reads of it, in how many requests.

It has to be told the title of each page and asks for one at a time; their text is that of the extension TextExtracts,
which the wiki needs for it.
"""

import importlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from article_assistant.index.types import UserFacingError

EXTENSION = "wfLoadExtension( 'TextExtracts' );"
"""The setting of a MediaWiki that the reader needs."""


@dataclass(slots=True)
class Read:
    """Texts by title, seconds and requests that they took, and why other pages were not read, by title."""

    texts: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    requests: int = 0
    failed: dict[str, str] = field(default_factory=dict)


def read(url: str, titles: Sequence[str]) -> Read:
    """The pages of the wiki at `url` with these titles. Raises UserFacingError where the reader is not installed."""
    try:
        package: Any = importlib.import_module("wikipedia.wikipedia")
        reader = importlib.import_module("llama_index.readers.wikipedia").WikipediaReader()
    except ImportError as missing:
        wanted = "llama-index-readers-wikipedia, wikipedia and beautifulsoup4"
        raise UserFacingError(f"{missing.name} is not installed; the reader needs {wanted}") from missing
    found, sends = Read(), package.requests.get

    def counted(*args: Any, **kwargs: Any) -> Any:
        found.requests += 1
        return sends(*args, **kwargs)

    package.API_URL, package.requests.get, began = f"{url}/api.php", counted, time.perf_counter()
    try:
        for title in titles:
            try:
                # Without auto_suggest it asks for this page, and not for the first that a search finds.
                (document,) = reader.load_data([title], auto_suggest=False)
                found.texts[title] = document.text
            except Exception as error:  # whatever the reader raises costs it that page alone
                found.failed[title] = f"{type(error).__name__}: {error}"
    finally:
        package.requests.get = sends
    found.seconds = time.perf_counter() - began
    return found
