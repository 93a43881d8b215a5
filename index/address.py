"""Which addresses are of the same page of a wiki, however each is written."""

import re
from urllib.parse import parse_qs, quote, unquote, urlsplit

_SCRIPT = re.compile(r"/(?:index|doku)\.php$")
_RUN = re.compile(r"[^\W_]+")


def page_of(address: str) -> str:
    """One form for all addresses of a page; "" for what is no web address.

    Its section, and all of its query but the page's `title` or `id`, say nothing of which page it is.

    >>> page_of("https://W.example.org/index.php?title=Who%20pays%3F&action=edit#First")
    'https://w.example.org/?Who_pays?'
    """
    try:
        parts = urlsplit(address)
        host = (parts.hostname or "") + (f":{parts.port}" if parts.port else "")
    except ValueError:
        return ""
    if parts.scheme not in ("http", "https") or not host:
        return ""
    path = _SCRIPT.sub("/", unquote(parts.path)) or "/"
    named = _named(parts.query).replace(" ", "_")
    return f"{parts.scheme}://{host}{path}" + (f"?{named}" if named else "")


def like(address: str) -> tuple[str, str]:
    """Two patterns of SQL, one of which every way to write this page's address is LIKE; other pages' may be, too."""
    parts = urlsplit(address)
    name = _named(parts.query) or unquote(parts.path).rstrip("/").rpartition("/")[2]
    run = max(_RUN.findall(name), key=len, default="")
    return f"%{run}%", f"%{quote(run)}%"


def _named(query: str) -> str:
    """The name of a page in a query, "" for none."""
    found = parse_qs(query, max_num_fields=100)
    return (found.get("title") or found.get("id") or [""])[0]
