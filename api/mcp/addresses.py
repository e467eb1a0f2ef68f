"""From where a request to an MCP server may come: the guard against DNS rebinding that the protocol asks for."""

import socket
from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from api.failures import Failure
from api.requests import AnyRequest

LOCAL = frozenset({"localhost", socket.gethostname().lower()})


def check_addresses(request: AnyRequest, hosts: Collection[str], origins: Collection[str]) -> None:
    """A Host is an address, this machine's name or one that was configured; an Origin is this Host's or configured.

    A page that rebinds its own name to this address still sends that name. Raises Failure 421 or 403.
    """
    said = request.headers.get("host", "")
    host = _host(f"//{said}")
    if host is None or not (_is_address(host) or host in LOCAL or host in hosts):
        raise Failure(
            421,
            "misdirected request",
            code="MISDIRECTED_REQUEST",
            details=f"Host {said[:100]!r} is none of this floor's; OUTCRY_API_HOSTS names others",
        )
    origin = request.headers.get("origin")
    if origin is not None and origin not in origins and urlsplit(origin).netloc.lower() != said.lower():
        raise Failure(
            403, "forbidden origin", code="FORBIDDEN_ORIGIN", details="OUTCRY_CORS_ORIGINS names others"
        )


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
