"""Front matter: what a file says about itself before its text begins, in YAML, TOML or JSON."""

import json
import re
import tomllib
from collections.abc import Callable
from datetime import date
from typing import Any

import yaml
from article_assistant.index.reading.page import iso_date, squeeze

NESTED_MOST = 20
"""Lists and maps inside one another in front matter; some 25,000 overflow the stack of the YAML parser."""
REFERENCES_MOST = 10
"""References (`*name`) in front matter: 100 of them, each to a list of earlier ones, unfold to terabytes."""
CATEGORIES_MOST = 100
"""Categories of one file that are kept, each of at most 255 characters, as long as MediaWiki's may be."""

_FENCED = re.compile(r"\s*^(---|\+\+\+)[ \t]*\n(.*?)^(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_BRACED = re.compile(r"\s*^(\{[ \t]*\n\s*\".*?^\})[ \t]*(?:\n|\Z)", re.MULTILINE | re.DOTALL)
_FACT = re.compile(r"""^\s*["']?([\w.-]+)["']?\s*[:=](?:\s+|(?=["']))(.*?),?\s*$""")
_COLON = re.compile(r"^(\w[\w.-]*:) +([^\s\"'\[{|>&*!%@`#][^\n]*?: [^\n]*?)[ \t]*$", re.MULTILINE)
_NESTED = re.compile(r"(?:\s|-\s|-$|#|\]|\}|$)")


def divide(text: str) -> tuple[dict[str, Any], str, str]:
    """What the front matter says, the text behind it, and a notice ("" for none) where it is broken.

    Of broken front matter the lines that are a name and a value are read; nothing of it is text. A first line of
    dashes that begins no front matter is text, and so is one that would unfold to more than memory holds.

    >>> divide("---\\ntitle: Queue: restart\\n---\\nText.")[:2]
    ({'title': 'Queue: restart'}, 'Text.')
    """
    if not (found := _FENCED.match(text) or _BRACED.match(text)):
        return {}, text, ""
    kind, inner = (
        ("JSON", found[1]) if len(found.groups()) == 1 else ("YAML" if found[1] == "---" else "TOML", found[2])
    )
    lines = inner.splitlines()
    if kind == "YAML" and not all(_FACT.match(line) or _NESTED.match(line) or line.endswith(":") for line in lines):
        lines = []  # sentences between two rules
    if not any(map(_FACT.match, lines)):
        return {}, text, ""
    load: dict[str, Callable[[str], Any]] = {"YAML": _yaml, "TOML": tomllib.loads, "JSON": json.loads}
    try:
        facts = load[kind](inner)
        if isinstance(facts, dict):
            return facts, text[found.end() :], ""
        reason = "it is no list of names and values"
    except _Explosive:
        return {}, text, ""
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 2 if mark else getattr(error, "lineno", 0)
        reason = f"line {line}" if line else squeeze(str(error))[:80]
    found_facts = {
        fact[1]: _unquoted(fact[2]) for line in lines if not line[:1].isspace() and (fact := _FACT.match(line))
    }
    if kind == "JSON":
        found_facts = {fact[1]: _unquoted(fact[2]) for line in lines if (fact := _FACT.match(line))}
    return found_facts, text[found.end() :], f"its front matter is broken ({kind}, {reason})"


class _Explosive(Exception):
    """Front matter that would unfold to more than memory or a stack holds."""


def _yaml(text: str) -> Any:
    # What people write and YAML refuses: a tab behind a name, and a colon in a title.
    text = re.sub(r"(?m)^([^\s#:][^:\n]*:)\t+", r"\1 ", text)
    text = _COLON.sub(lambda found: f"{found[1]} {json.dumps(found[2], ensure_ascii=False)}", text)
    depth = references = 0
    for event in yaml.parse(text, Loader=yaml.SafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        references += isinstance(event, yaml.AliasEvent)
        if depth > NESTED_MOST or references > REFERENCES_MOST:
            raise _Explosive
    return yaml.safe_load(text)


def _unquoted(value: str) -> str:
    value = value.strip()
    if len(value) > 1 and value[0] == value[-1] and value[0] in "\"'":
        return value[1:-1]
    return re.sub(r"\s+#.*$", "", value)


def date_of(facts: dict[str, Any]) -> str | None:
    """The day that front matter names as that of the last change."""
    named = (iso_date(facts.get(name)) for name in ("updated", "modified", "lastmod", "last_modified", "date"))
    return next((value for value in named if value), None)


def categories_of(facts: dict[str, Any]) -> tuple[str, ...]:
    """The categories and tags that front matter names: in a list, or in one text as Jekyll and others write them.

    A text is divided at its commas, or else at its spaces; `category` and `tag` name a single one, spaces and all. An
    item of a list may be a map with a `label` (Docusaurus).

    >>> categories_of({"categories": ["Human Resources", 2024], "tags": "travel, trips by train", "tag": "To do"})
    ('Human Resources', '2024', 'travel', 'trips by train', 'To do')
    """
    named = list[object]()
    for key, given in facts.items():
        match str(key).casefold(), given:
            case "categories" | "tags", list():
                named += given
            case "categories" | "tags", str():
                named += given.strip(" []").split("," if "," in given or "[" in given else None)
            case "category" | "tag", str():
                named.append(given)
    plain = (one.get("label") if isinstance(one, dict) else one for one in named[:CATEGORIES_MOST])
    found = (squeeze(str(one)).strip("\"'")[:255] for one in plain if isinstance(one, str | int | date))
    return tuple(dict.fromkeys(filter(None, found)))
