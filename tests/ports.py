"""Ports for servers of the tests."""

import secrets
import socket
from itertools import count

_PORTS = count(20_000 + secrets.randbelow(12_000))
"""Below the ephemeral ports of Linux (from 32,768), which a connection may take before a server does."""


def free_port() -> int:
    """A port of loopback that nothing listens on and that was not returned before."""
    while True:
        port = next(_PORTS)
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
