"""How much haste each kind of request may make, and from which address a request comes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from api.failures import Failure
from api.floor import floor_of
from api.throttle import Rate, SharedThrottle
from db import haste
from db.identity.holder import Holder
from openoutcry.errors import BadConfig

Networks = tuple[IPv4Network | IPv6Network, ...]
USUAL = Rate(per_s=100, burst=200)
CLASSES: Mapping[str, Rate] = {
    "write": Rate(per_s=50, burst=100),
    "search": Rate(per_s=20, burst=40),
    "backtests": Rate(per_s=10, burst=20),
}
"""Beside the limit on everything: what routes of a class may be asked by one caller. A route names its class; one that
changes something and names none is of ``write``."""
READING = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True)
class Limits:
    """How much one caller may ask, and whose word about addresses is believed."""

    per_key: Rate = USUAL
    per_address: Rate = USUAL
    classes: Mapping[str, Rate] = field(default_factory=lambda: dict(CLASSES))
    proxies: Networks = ()


STANDARD = Limits()


def shared(pool: Any, rate: Rate, kind: str = "") -> SharedThrottle:
    """A throttle whose buckets lie in the database; ``kind`` keeps one class's apart from another's."""

    async def share(name: str, tokens: float) -> haste.Share:
        return await haste.take(pool, kind + name, burst=rate.burst, per_s=rate.per_s, share=tokens)

    return SharedThrottle(rate, share)


async def unhurried(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
    """Stands before routes with a class of haste. Raises Failure 429."""
    kind = handler.opt.get("haste") or (None if connection.scope.get("method", "GET") in READING else "write")
    identity: Holder | None = connection.scope["state"].get("identity")
    if kind is None or identity is None:
        return
    ruling = await floor_of(connection.app).classes[kind].take(f"key:{identity.id}")
    if not ruling.allowed:
        raise Failure(
            429,
            "too many requests",
            details=f"{kind}: try again in {ruling.retry_after_s} s",
            headers={"Retry-After": str(ruling.retry_after_s)},
            retry_after=ruling.retry_after_s,
        )


def read_proxies(text: str) -> Networks:
    """``10.0.0.0/8,127.0.0.1`` as networks. Raises BadConfig."""
    found: list[IPv4Network | IPv6Network] = []
    for part in (p.strip() for p in text.split(",") if p.strip()):
        try:
            found.append(ip_network(part))
        except ValueError as error:
            name = "OUTCRY_TRUSTED_PROXIES"
            raise BadConfig(f"{name}: {part[:60]!r} is not an address or a network", field=name) from error
    return tuple(found)


def address_of(peer: str, headers: Iterable[tuple[bytes, bytes]], proxies: Networks) -> str:
    """The client's address: the peer's, or what trusted proxies say, read from the right until one is not trusted."""
    if not proxies or not _within(peer, proxies):
        return peer
    said = [value.decode("latin-1") for name, value in headers if name == b"x-forwarded-for"]
    address = peer
    for hop in reversed([part.strip() for part in ",".join(said).split(",") if part.strip()]):
        try:
            address = str(ip_address(hop))
        except ValueError:
            return address
        if not _within(address, proxies):
            return address
    return address


@lru_cache(maxsize=4096)
def neighbourhood(address: str) -> str:
    """What counts as one caller: an IPv4 address, or the /64 that one IPv6 subscriber has the whole of."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv4Address):
        return str(parsed)
    if parsed.ipv4_mapped is not None:
        return str(parsed.ipv4_mapped)
    return str(IPv6Network((parsed, 64), strict=False))


def _within(address: str, networks: Networks) -> bool:
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in networks)
