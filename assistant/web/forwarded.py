"""What a reverse proxy says of a request: who asks, and from where.

It is believed only where the connection itself comes from a listed address: anybody can write a header.
"""

from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit

from article_assistant.identity import TrustedProxy
from article_assistant.index.types import EVERYONE
from article_assistant.types import User
from article_assistant.web.conversations import PERSON
from article_assistant.web.tokens import are_names
from starlette.datastructures import Headers
from starlette.types import Scope

PEER = "assistant.peer"
"""ASGI scope key of the address that the connection comes from, whatever the headers say."""


class Forwarded:
    """Who a proxy says asks."""

    def __init__(self, proxy: TrustedProxy) -> None:
        self._proxy = proxy

    def user(self, scope: Scope) -> User | None:
        """The user that a listed proxy names, None for nobody."""
        if not believed(self._proxy, scope.get(PEER)):
            return None
        given = Headers(scope=scope)
        users = given.getlist(self._proxy.user)
        # Two headers: the proxy has added its own to one that the browser sent.
        listed = given.getlist(self._proxy.groups) if self._proxy.groups else []
        if len(users) != 1 or len(listed) > 1:
            return None
        name = _decoded_utf8(users[0])
        groups = [group.strip() for line in listed for group in _decoded_utf8(line).split(",") if group.strip()]
        return User(f"{PERSON}{name}", frozenset({EVERYONE, *groups})) if are_names(name, groups) else None


def believed(proxy: TrustedProxy, peer: IPv4Address | IPv6Address | None) -> bool:
    """Whether a connection from there is one of the proxy's."""
    return peer is not None and any(peer in network for network in proxy.addresses)


def peer(scope: Scope) -> IPv4Address | IPv6Address | None:
    """The address that a connection comes from; an IPv4 address also where it comes in over IPv6."""
    try:
        found = ip_address(str((scope.get("client") or ("",))[0]))
    except ValueError:
        return None
    mapped = found.ipv4_mapped if isinstance(found, IPv6Address) else None
    return mapped or found


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach a server that listens on `host`."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def _decoded_utf8(header: str) -> str:
    """A header's value, which proxies send as UTF-8."""
    return header.encode("latin-1").decode("utf-8", "replace").strip()


def hostname_of(host: str) -> str:
    """The lower-case name in a Host header, without its port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""
