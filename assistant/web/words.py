"""The page's words in the language of whoever reads it; those that the widget has too are the widget's (texts.json)."""

import json
import re
from functools import cache
from pathlib import Path

TEXTS_FOLDER = Path(__file__).parent / "static"
RIGHTWARD = frozenset({"ar"})
"""Languages of the catalogue that are written from right to left."""
_ASKED = re.compile(r"\s*([A-Za-z]{1,8})(?:-[A-Za-z0-9-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?)\s*)?")


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """By language, what the English words of the page are in it; `{n}` stands for a number or a name in both."""
    shared = json.loads((TEXTS_FOLDER / "texts.json").read_text(encoding="utf-8"))
    own = json.loads((TEXTS_FOLDER / "page.json").read_text(encoding="utf-8"))
    english = shared.pop("en")
    same = {language: {english[key]: text for key, text in words.items()} for language, words in shared.items()}
    return {"en": {}} | {language: same[language] | own[language] for language in own}


def language_for(asked: str, always: str = "") -> str:
    """The language to show: `always`, or the one of ours that a header `Accept-Language` likes best, or English.

    >>> language_for("nb, de-AT;q=0.8, en;q=0.5"), language_for("nb"), language_for("de", "fr")
    ('de', 'en', 'fr')
    """
    if always:
        return always
    liked = [
        (-float(found[2] or 1), place, found[1].lower())
        for place, part in enumerate(asked[:1000].split(","))
        if (found := _ASKED.fullmatch(part))
    ]
    return next((language for quality, _, language in sorted(liked) if quality and language in catalogue()), "en")


def script(language: str) -> str:
    """The script that says the page's words in a language, for the others to use."""
    given = {"language": language, "direction": "rtl" if language in RIGHTWARD else "ltr"}
    given_json = json.dumps(given | {"words": catalogue()[language]}, ensure_ascii=False, separators=(",", ":"))
    return (TEXTS_FOLDER / "words.js").read_text(encoding="utf-8").replace("__GIVEN__", given_json)
