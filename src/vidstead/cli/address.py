"""Addresses: whether one can be listened on, and how a browser names it."""

import errno
import os
import socket
from urllib.parse import urlsplit

from vidstead.cli.errors import HostUnusable, PortTaken

ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}  # noqa: S104
"""Addresses that mean every interface, to where they are reached from this machine."""
LOCAL = {"127.0.0.1", "localhost", "::1", *ANYWHERE}


def check_port(host: str, port: int) -> None:
    """Try to bind, and let go. Raises ``PortTaken``, or ``HostUnusable`` with the system's reason."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            # Passes over connections of a server that just ended, never over one that listens.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror as error:
        raise HostUnusable(host=host, port=port, reason=error.strerror) from None
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTaken(host=host, port=port) from None
        raise HostUnusable(host=host, port=port, reason=os.strerror(error.errno or 0)) from None


def browser_url(host: str, port: int) -> str:
    """How a browser on this machine reaches a server that listens on ``host``."""
    name = "localhost" if host in LOCAL else host
    return f"http://{bracketed(name)}:{port}"


def reachable(host: str) -> str:
    """The address to connect to for a server that listens on ``host``."""
    return ANYWHERE.get(host, host)


def is_local(url: str) -> bool:
    """Whether a URL names this machine itself."""
    try:
        return (urlsplit(url).hostname or "") in LOCAL
    except ValueError:
        return False


def bracketed(host: str) -> str:
    """A host as it stands in a URL: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host
