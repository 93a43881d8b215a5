"""The commands for programs: API keys, and tools over standard input and output."""

import asyncio
from typing import TYPE_CHECKING, Annotated

import typer
from article_assistant.cli.console import AsJson, Home, out, print_json, settings_of
from article_assistant.index.types import EVERYONE, UserFacingError
from rich.markup import escape

if TYPE_CHECKING:
    from article_assistant.pipeline import Assistant

key = typer.Typer(no_args_is_help=True, help="Make, list and remove API keys for programs.")
Name = Annotated[str, typer.Argument(metavar="NAME", help="What the key is for, like wiki-bot.")]
GroupNames = Annotated[
    list[str] | None, typer.Option("--group", metavar="GROUP", help="A group whose articles it may read; repeatable.")
]


@key.command()
def new(context: typer.Context, name: Name, group: GroupNames = None, home: Home = None) -> None:
    """Make a key and print it. It is shown only this once; a running server accepts it at once.

    Without --group it can read the articles that everyone may read.

    Example:  assistant key new wiki-bot
    """
    from article_assistant.web import keys

    print(keys.issue(settings_of(context, home).home, name, group or ()))  # alone on its line, for scripts


@key.command(name="list")
def list_(context: typer.Context, home: Home = None, as_json: AsJson = False) -> None:
    """List the keys with their groups and the time they were made (UTC)."""
    from article_assistant.web import keys

    held = keys.stored(settings_of(context, home).home)
    if as_json:
        print_json({"keys": [{"name": one.name, "groups": one.groups, "made": one.made} for one in held]})
        return
    for one in held:
        out.print(f"{escape(one.name)}: {escape(', '.join(one.groups))}, made {one.made}", soft_wrap=True)
    if not held:
        out.print("There are no keys. To make one type: assistant key new NAME")


@key.command("remove")
def remove_key(context: typer.Context, name: Name, home: Home = None) -> None:
    """Remove a key. A running server refuses it at once."""
    from article_assistant.web import keys

    keys.revoke(settings_of(context, home).home, name)
    out.print(f"Removed the key {escape(name)}.")


def check_tools() -> None:
    """Raise UserFacingError if the package that the tools need is missing."""
    try:
        import article_assistant.web.mcp  # noqa: F401
    except ModuleNotFoundError as missing:
        line = f"the tools need a package that is missing ({missing.name}); type: pip install 'article-assistant[mcp]'"
        raise UserFacingError(line) from None


def serve_tools(assistant: "Assistant", groups: list[str] | None) -> None:
    """Serve the tools over standard input and output to a user in these groups, by default in "everyone"."""
    from article_assistant.types import User
    from article_assistant.web import mcp
    from article_assistant.web.queue import Asking

    user = User("mcp", frozenset(groups or [EVERYONE]))
    asyncio.run(mcp.over_pipes(mcp.server(assistant, lambda _: user, Asking(1))))
