"""Who is asking: an API key or access token as ``Authorization: Bearer`` or ``X-API-Key``, and what it carries."""

import hashlib
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from time import monotonic
from uuid import UUID

from db.identity.holder import ROLES, Holder
from wire.clock import WallClock

MAX_TOKEN = 2048
CACHE_S = 3.0
CACHE_SIZE = 4096
RANK: dict[str, int] = {role: rank for rank, role in enumerate(ROLES)}
Lookup = Callable[[str], Awaitable[Holder | None]]
"""Finds the holder of a token in the database; raises a database error when it cannot."""


class KeyRing:
    """Answers from memory for at most ``CACHE_S`` seconds, so that a revoked key stops within five.

    Unknown tokens are remembered too; only digests are kept, never a token.
    """

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._seen: OrderedDict[bytes, tuple[float, Holder | None]] = OrderedDict()

    def remembered(self, token: str) -> tuple[bool, Holder | None]:
        """(known, identity) from memory alone."""
        entry = self._seen.get(_digest(token))
        if entry is None or monotonic() - entry[0] > CACHE_S:
            return False, None
        holder = entry[1]
        if holder is not None and holder.expires_at is not None and _now() >= holder.expires_at:
            return True, None
        return True, holder

    async def identify(self, token: str) -> Holder | None:
        """The identity of a token, or None."""
        known, identity = self.remembered(token)
        if known:
            return identity
        asked_at = monotonic()
        identity = await self._lookup(token) if len(token) <= MAX_TOKEN else None
        self._seen[_digest(token)] = (asked_at, identity)
        self._seen.move_to_end(_digest(token))
        if len(self._seen) > CACHE_SIZE:
            self._seen.popitem(last=False)
        return identity

    def forget_login(self, login: UUID) -> None:
        """Nothing given for a login is known any more: it is looked up again."""
        for digest in [key for key, (_, holder) in self._seen.items() if holder and holder.login == login]:
            del self._seen[digest]


def _now() -> float:
    return WallClock().now().timestamp()


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def presented_token(headers: Iterable[tuple[bytes, bytes]], *, passed_on: bool = False) -> str | None:
    """The token of a request's headers. Two different credentials are none: that is an unusable token, ''.

    Where ``passed_on``, Authorization goes to another server, and is read only where there is no X-API-Key.
    """
    if passed_on:
        headers = list(headers)
        if any(name == b"x-api-key" for name, _ in headers):
            headers = [(name, value) for name, value in headers if name != b"authorization"]
    found: list[str] = []
    for name, value in headers:
        if name == b"x-api-key":
            found.append(value.decode("latin-1").strip())
        elif name == b"authorization":
            scheme, _, token = value.decode("latin-1").strip().partition(" ")
            found.append(token.strip() if scheme.lower() == "bearer" else "")
    if not found:
        return None
    return found[0] if found.count(found[0]) == len(found) else ""


def may(holder: Holder, role: str) -> bool:
    """True when the holder's role includes ``role``: admin ⊃ trader ⊃ viewer."""
    return RANK[holder.role] >= RANK[role]
