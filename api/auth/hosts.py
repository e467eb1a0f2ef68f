"""Whose pages and names are believed: what ``Host`` and ``Origin`` say is the caller's own word.

A browser sends a page's requests to any address, 127.0.0.1 too, with the page's site as ``Origin``; a name that is made to
point here (DNS rebinding) comes as ``Host``. Neither matters to who shows a key. It does to who is let in without one, to
tickets, and to the address that is signed into a token.
"""

import re
from collections.abc import Iterable
from ipaddress import ip_address
from urllib.parse import urlsplit

Hosts = frozenset[str]
"""Names of ours beside those of the loopback, without ports, in small letters."""
HOST = re.compile(r"(?:[A-Za-z0-9._-]{1,253}|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?")


def read_hosts(text: str) -> Hosts:
    """``floor.example,10.0.0.5`` as names."""
    return frozenset(part.strip().lower() for part in text.split(",") if part.strip())


def well_formed(said: Iterable[bytes]) -> bool:
    """Whether a request's ``Host`` headers are one, and name a host (RFC 9112, section 3.2). None at all is HTTP/1.0."""
    texts = [value.decode("latin-1") for value in said]
    return not texts or (len(texts) == 1 and HOST.fullmatch(texts[0]) is not None)


def believed(host: str, hosts: Hosts) -> bool:
    """Whether ``host`` (with or without a port) is one of ``hosts`` or the loopback's."""
    if HOST.fullmatch(host) is None:
        return False
    name = _name(host)
    return name in hosts or loopback(name)


def loopback(name: str) -> bool:
    """Whether a name without a port is this machine, to every browser."""
    try:
        return name == "localhost" or ip_address(name).is_loopback
    except ValueError:
        return False


def welcome(origin: str | None, host: str, origins: tuple[str, ...]) -> bool:
    """Whether a page of ``origin`` may open a socket at ``host``: ours, one of ``origins``, or both on this machine.

    Without an origin it is no browser.
    """
    if origin is None or origin in origins:
        return True
    parts = urlsplit(origin)
    if parts.scheme not in ("http", "https") or HOST.fullmatch(parts.netloc) is None:
        return False
    return parts.netloc.lower() == host.lower() or (loopback(_name(parts.netloc)) and loopback(_name(host)))


def _name(host: str) -> str:
    """A host without its port and brackets."""
    name = host.rpartition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]
    return name.lower()
