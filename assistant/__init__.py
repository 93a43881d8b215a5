"""From question to cited answer, and the doors to it."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from article_assistant.opening import open
    from article_assistant.pipeline import Assistant
    from article_assistant.settings import Settings
    from article_assistant.types import Answer, Citation, User

__all__ = ["Answer", "Assistant", "Citation", "Settings", "User", "open"]
_HOMES = {"open": "opening", "Assistant": "pipeline", "Settings": "settings"}


def __getattr__(name: str) -> Any:
    """The names above, each imported when it is first asked for: to import the package loads no model."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES.get(name, 'types')}"), name)
