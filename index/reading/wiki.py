"""Which wiki a text has the marks of."""

import re
from collections.abc import Callable

from article_assistant.index.reading.dokuwiki import dokuwiki
from article_assistant.index.reading.mediawiki import WIKI_HEADING, mediawiki

_MEDIAWIKI = re.compile(r"'''|^\{\||^\|\}|\{\{[^{}\n]+\||<ref\b|\[\[(?:Category|File|Image):|^#REDIRECT", re.MULTILINE)
_DOKUWIKI = re.compile(
    r"^={5,6} |^\^ .+ \^\s*$|\(\(.+?\)\)|\\\\\s|^ {2,}\* .*\[\[|\{\{ ?[\w:.-]+\.\w{3}|^~~\w+~~|\*\*.+?\*\*|<code",
    re.MULTILINE,
)


WikiReader = Callable[[str], tuple[str, str]]
"""From a source to a title ("" where there is none) and a text."""


def wiki_of(text: str) -> WikiReader | None:
    """The reader of a text with the marks of a wiki, None for a plain text.

    >>> wiki_of("== Beans ==\\nOrdered by '''Ann'''.").__name__
    'mediawiki'
    >>> wiki_of("One === two, or [[brackets]].")
    """
    marked = "\n=" in text or text.startswith("=")  # to look for a sign is faster than to match it
    headings = [len(found[1]) for found in WIKI_HEADING.finditer(text)] if marked else []
    if headings and headings[0] >= max(5, headings[-1] - 1):
        return dokuwiki
    if not any(sign[0] in text and sign in text for sign in ("'''", "[[", "{{", "{|", "<ref", "#REDIRECT", "**")):
        return None
    media = len(_MEDIAWIKI.findall(text))
    if not headings:
        return mediawiki if media > 1 else None
    doku = len(_DOKUWIKI.findall(text))
    if media + doku + text.count("[[") == 0:
        return None
    return dokuwiki if doku > media else mediawiki
