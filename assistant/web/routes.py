"""Every address that is served: the application binds its endpoints to these, and the gate admits nothing else."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from starlette.convertors import PathConvertor, register_url_convertor
from starlette.routing import Route, compile_path


class _Rest(PathConvertor):
    """The rest of a path, slashes included; at least one character."""

    regex = ".+"


class _Name(PathConvertor):
    """One plain name, which cannot lead out of a folder."""

    regex = "[A-Za-z0-9_.-]+"


READ, SEND = frozenset({"GET", "HEAD"}), frozenset({"POST"})

register_url_convertor("rest", _Rest())
register_url_convertor("name", _Name())


@dataclass(frozen=True, slots=True)
class Address:
    """One address: its path in Starlette's notation, its methods, who may use it and what answers.

    `opens` is "all" for everyone; "session" if it needs a session when there is a password; "key" if it needs an
    API key unless only this machine can reach the server; "token" if it is for the pages of wikis, whose readers bring
    a token of their wiki or are guests.
    """

    path: str
    methods: frozenset[str]
    opens: Literal["all", "session", "key", "token"]
    by: Literal["app", "gate", "gradio"] = "app"

    def to(self, endpoint: Callable[..., Any]) -> Route:
        """The route from this address to its endpoint."""
        return Route(self.path, endpoint, methods=sorted(self.methods))


ARTICLE = Address("/article/{identifier:rest}", READ, "session")
HEALTH = Address("/health", READ, "all")
WIDGET = Address("/widget.js", READ, "all")
STYLE = Address("/files/page.css", READ, "all")
SLIM = Address("/files/slim.css", READ, "all")
SCRIPT = Address("/files/page.js", READ, "all")
HISTORY = Address("/files/history.js", READ, "all")
LINE_SCRIPT = Address("/files/line.js", READ, "all")
WHY_SCRIPT = Address("/files/why.js", READ, "all")
LOGO = Address("/files/logo", READ, "all")
ICON = Address("/favicon.ico", READ, "all")
RESIZER = Address("/static/js/iframeResizer.contentWindow.min.js", READ, "all")
WHERE = Address("/places", READ, "session")
TITLED = Address("/titles", READ, "session")
WORDS_SCRIPT = Address("/files/words.js", READ, "all")
WITHIN_SCRIPT = Address("/files/within.js", READ, "all")
KEEPER = Address("/keeper", READ, "session")
KEEPER_TABLE = Address("/keeper.csv", READ, "session")
CONVERSATIONS = Address("/conversations", READ, "session")
JUDGE = Address("/conversation/judge", SEND, "session")
WHY = Address("/conversation/why", SEND, "session")
FORGET = Address("/conversation/forget", SEND, "session")
ASK = Address("/v1/ask", SEND, "key")
COMPLETIONS = Address("/v1/chat/completions", SEND, "key")
MODELS = Address("/v1/models", READ, "key")
ONE_MODEL = Address("/v1/models/{name:name}", READ, "key")
WIDGET_ASK = Address("/widget/ask", SEND, "token")
WIDGET_TURNS = Address("/widget/turns", SEND, "token")
WIDGET_JUDGE = Address("/widget/judge", SEND, "token")
WIDGET_PASSAGE = Address("/widget/passage", SEND, "token")
WIDGET_FURTHER = Address("/widget/further", SEND, "token")
WIDGET_FORGET = Address("/widget/forget", SEND, "token")
WIDGET_LEAVE = Address("/widget/leave", SEND, "token")
SOURCES = Address("/v1/sources", READ, "key")
PULL = Address("/v1/sources/pull", SEND, "key")
TOOLS = Address("/mcp", SEND, "key")
LOGIN = Address("/login", READ | SEND, "all", "gate")
CALLBACK = Address("/login/callback", READ, "all", "gate")
LOGOUT = Address("/logout", SEND, "all", "gate")
# Gradio has dozens more; the page was seen to use only these.
PAGE = Address("/", READ, "session", "gradio")
ASSETS = Address("/assets/{name:name}", READ, "session", "gradio")  # scripts and styles
THEME = Address("/theme.css", READ, "session", "gradio")
APP_ID = Address("/gradio_api/app_id", READ, "all", "gradio")  # asked after a lost connection: is this the same server?
EVENT = Address("/gradio_api/queue/join", SEND, "session", "gradio")  # an event begins
STREAM = Address("/gradio_api/queue/data", READ, "session", "gradio")  # what comes of it

ROUTES = tuple(value for value in list(globals().values()) if isinstance(value, Address))
_COMPILED = [(compile_path(entry.path)[0], entry) for entry in ROUTES]


def find(path: str) -> Address | None:
    """The address that serves this path, or None."""
    return next((entry for pattern, entry in _COMPILED if pattern.fullmatch(path)), None)


def for_programs(path: str) -> bool:
    """Whether a path, served or not, is for programs and scripts, which get JSON."""
    return path.startswith(("/v1/", "/widget/")) or path == TOOLS.path


def for_wikis(path: str) -> bool:
    """Whether scripts in the pages of listed origins may ask at this path."""
    route = find(path)
    return route is not None and route.opens == "token"
