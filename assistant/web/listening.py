"""The address that the page is served at, taken before anything heavy is loaded, so that a mistake shows at once."""

import errno
import socket

from article_assistant.index.types import UserFacingError
from article_assistant.settings import Settings


class ServeError(UserFacingError):
    """The page cannot be served: the address is taken or unusable, or it would be open to everyone."""


def listen(settings: Settings) -> socket.socket:
    """A socket that listens at the address to serve. Raises ServeError where it is taken or there is none."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            settings.host, settings.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
    except OSError as error:
        raise ServeError(f"there is no address {settings.host} to listen on: {error.strerror or error}") from None
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(128)
    except OSError as error:
        listener.close()
        if error.errno == errno.EADDRINUSE:
            other = settings.port + 1 if settings.port < 65535 else settings.port - 1
            raise ServeError(f"port {settings.port} is in use; type: assistant serve --port {other}") from None
        raise ServeError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; "
            "choose others with --host and --port"
        ) from None
    listener.setblocking(False)
    return listener
