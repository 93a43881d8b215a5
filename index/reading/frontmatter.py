"""Front matter: what a file says about itself before its text begins."""

from typing import Any

import frontmatter
import yaml
from article_assistant.index.reading.page import iso_date
from frontmatter.default_handlers import JSONHandler, SafeLoader, YAMLHandler

NESTED_MOST = 20
"""Lists and maps inside one another in front matter; some 25,000 overflow the stack of the YAML parser."""
REFERENCES_MOST = 10
"""References (`*name`) in front matter: 100 of them, each to a list of earlier ones, unfold to terabytes."""


class _Yaml(YAMLHandler):
    """Front matter that cannot explode; raises YAMLError for what could."""

    def load(self, fm: str, **options: object) -> Any:
        depth = references = 0
        for event in yaml.parse(fm, Loader=SafeLoader):
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            references += isinstance(event, yaml.AliasEvent)
            if depth > NESTED_MOST or references > REFERENCES_MOST:
                raise yaml.YAMLError("this is no front matter of an article")
        return super().load(fm, **options)


def divide(text: str) -> tuple[dict[str, Any], str]:
    """What the front matter says, and the text behind it."""
    try:
        kind = frontmatter.detect_format(text.strip(), [_Yaml(), JSONHandler()])
        facts, body = frontmatter.parse(text, handler=kind)
    except (yaml.YAMLError, ValueError):
        return {}, text  # a first line of dashes that begins no front matter
    return facts if isinstance(facts, dict) else {}, body


def date_of(facts: dict[str, Any]) -> str | None:
    """The day that front matter names as that of the last change."""
    named = (iso_date(facts.get(name)) for name in ("updated", "modified", "lastmod", "last_modified", "date"))
    return next((value for value in named if value), None)
