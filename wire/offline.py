"""Keeping a process on its own machine: no address but loopback and local sockets can be reached any more."""

import ipaddress
import sys
from typing import Any

from openoutcry.errors import NotAuthorised

WATCHED = frozenset({"socket.connect", "socket.sendto", "socket.getaddrinfo", "socket.gethostbyname"})
NAMES = frozenset({"localhost", None, ""})


def stay_offline() -> None:
    """From now on this process raises NotAuthorised where it would leave the machine. There is no way back."""
    sys.addaudithook(refuse)


def refuse(event: str, args: tuple[Any, ...]) -> None:
    """Raises NotAuthorised for an address elsewhere."""
    if event not in WATCHED:
        return
    host = args[0] if event in ("socket.getaddrinfo", "socket.gethostbyname") else address(args[1])
    if host in NAMES:
        return
    text = host.decode() if isinstance(host, bytes) else str(host)
    if not text.startswith("/") and not loopback(text):
        raise NotAuthorised(f"{text} is not on this machine: a replay has no network")


def address(target: Any) -> Any:
    """The host of what a socket is connected to; a path stays as it is."""
    return target[0] if isinstance(target, tuple) else target


def loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text.partition("%")[0]).is_loopback
    except ValueError:
        return text == "localhost" or text.startswith("\0")
