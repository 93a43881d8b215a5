"""Articles from any llama-index reader, so that what it reads can be indexed like a file."""

from collections.abc import Iterable, Iterator

from article_assistant.index.language import WRITTEN_SURE, language_of
from article_assistant.index.reading.page import iso_date, squeeze
from article_assistant.index.types import Article
from llama_index.core.schema import Document

_TITLES = ("title", "file_name")
_ADDRESSES = ("url", "source")
# Not the file's own dates, which readers of folders give: a copy or a checkout makes them new.
_DATES = ("updated", "date")


def articles(documents: Iterable[Document], label: str, groups: frozenset[str]) -> Iterator[Article]:
    """The articles of `documents`, for `Index.replace`; their ids begin with `label`.

    Title, address and date come from the metadata that most readers fill; the revision is the
    document's hash. `groups` may see them. A document without text is passed over.
    """
    for document in documents:
        text = document.text.replace("\r\n", "\n").replace("\0", "").strip()
        facts = document.metadata
        if not text:
            continue
        title = next((squeeze(str(facts[name])) for name in _TITLES if facts.get(name)), "")
        url = next((str(facts[name]) for name in _ADDRESSES if str(facts.get(name, "")).startswith("http")), "")
        updated = next((day for name in _DATES if (day := iso_date(facts.get(name)))), None)
        language = language_of(text, WRITTEN_SURE)
        name, revision = f"{label}/{document.node_id}", document.hash[:16]
        yield Article(name, title, text, url, revision, updated, groups, language=language)
