"""The outermost layer: every answer gets a correlation id, rate-limit and security headers, and is counted.

It finds out who is asking but refuses nobody except for haste: what a caller may do, the routes declare.
"""

import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Any
from urllib.parse import parse_qsl

import structlog
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from api.auth.hosts import Hosts, believed, welcome, well_formed
from api.dialects import DIALECTS, PLAIN, Dialect, error_body, spoken
from api.encoding import encode
from api.failures import DATABASE_ERRORS, PLAIN_TEXT, Failure, envelope, invalid_query
from api.haste import Networks, address_of, neighbourhood
from api.identity import KeyRing, presented_token
from api.throttle import Ruling, SharedThrottle
from api.traffic import Traffic
from db.identity.holder import Holder
from db.tenancy import ORG

log = structlog.get_logger()
CORRELATION = re.compile(rb"[A-Za-z0-9._\-]{1,64}")
UNMETERED = frozenset({"/health", "/health/", "/api/v1/health", "/api/v1/health/"})
PASSED_ON = "/mlflow/"
"""Below this, Authorization may be the tracking server's."""
SECURITY_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
DEFAULT_HEADERS: tuple[tuple[bytes, bytes], ...] = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
)
REFUSED = "websocket.http.response"
"""ASGI's words for answering a handshake without a socket."""
UNROUTED = ("Not Found", "Bad Request")
"""Why litestar closes where there is no path, or one without a socket; its code is always 4500."""
OVERRULED = frozenset(
    name
    for name, _ in (
        *DEFAULT_HEADERS,
        *Ruling(False, limit=0, remaining=0, reset_s=0, retry_after_s=0).headers(),
    )
)
"""What a route may say in our place."""


@dataclass(frozen=True)
class Shell:
    """ASGI app around the ASGI app."""

    app: ASGIApp
    keys: KeyRing
    per_key: SharedThrottle
    per_address: SharedThrottle
    traffic: Traffic
    proxies: Networks = ()
    anyone: Holder | None = None
    hosts: Hosts = frozenset()
    """Our names beside the loopback's: whoever is let in without credentials must have called one of them."""
    origins: tuple[str, ...] = ()
    """Other sites whose pages may call."""
    ports: Mapping[int, Dialect] = field(default_factory=dict)
    plain: Mapping[str, bytes] = field(default_factory=dict)
    """What a GET of some paths is answered with, whoever asks: no route need be looked for."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        kind: str = scope["type"]
        if kind == "lifespan":
            await self.app(scope, receive, send)
            return
        state: dict[str, Any] = scope.setdefault("state", {})
        state["correlation_id"] = correlation = _correlation_id(scope)
        server = scope.get("server")
        dialect, asked = spoken(scope["headers"], server[1] if server else None, scope["path"], self.ports)
        state["dialect"], state["dialect_asked"] = dialect or PLAIN, asked
        caller = _Caller.of(scope["headers"])
        ruling = await self._admit(scope, state, caller)
        if kind == "websocket":
            state["ruling"] = ruling
            await self._socket(scope, receive, send, caller)
            return
        started = perf_counter()

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = _stamp(
                    [*message["headers"], *state.get("headers", ())], correlation, ruling
                )
                self.traffic.count(message["status"], perf_counter() - started)
            await send(message)

        if not ruling.allowed:
            await _refuse(stamped, scope, _too_many(ruling))
        elif (fault := _unfit(scope, caller)) is not None:
            await _refuse(stamped, scope, fault)
        elif dialect is None:
            await _refuse(stamped, scope, UNKNOWN_DIALECT)
        elif scope["path"] in self.plain and scope.get("method") == "GET":
            await _say(stamped, 200, self.plain[scope["path"]])
        else:
            await self.app(scope, receive, stamped)

    async def _socket(self, scope: Scope, receive: Receive, send: Send, caller: "_Caller") -> None:
        """A handshake: its answer carries the correlation id too, and says in JSON what has no socket."""
        correlation: str = scope["state"]["correlation_id"]
        shaking = True

        async def stamped(message: Message) -> None:
            nonlocal shaking
            if shaking and message["type"] == "websocket.close":
                status = 404 if message.get("reason") in UNROUTED else 500
                await _refuse(stamped, scope, Failure(status, PLAIN_TEXT[status]), REFUSED)
                return
            shaking = False
            if message["type"] in ("websocket.accept", "websocket.http.response.start"):
                message["headers"] = [
                    *message.get("headers", ()),
                    (b"x-correlation-id", correlation.encode()),
                ]
            await send(message)

        fault = _unfit(scope, caller)
        if fault is None:
            await self.app(scope, receive, stamped)
        else:
            await receive()
            await _refuse(stamped, scope, fault, REFUSED)

    async def _admit(self, scope: Scope, state: dict[str, Any], caller: "_Caller") -> Ruling:
        """Put ``identity`` or ``auth_fault`` into the state and charge the right bucket."""
        state["identity"] = None
        ORG.set(None)
        cost = 0.0 if scope["path"] in UNMETERED else 1.0
        client = scope.get("client")
        state["address"] = address_of(client[0] if client else "local", scope["headers"], self.proxies)
        address = f"ip:{neighbourhood(state['address'])}"
        token = presented_token(scope["headers"], passed_on=scope["path"].startswith(PASSED_ON))
        if token is None:
            if self.anyone is not None and self._comes_from_here(caller):
                state["identity"] = self.anyone
                ORG.set(self.anyone.org_id)
            return await self.per_address.take(address, cost)
        known, identity = self.keys.remembered(token)
        if not known:
            ruling = await self.per_address.take(address, cost)
            if not ruling.allowed:
                return ruling
            try:
                identity = await self.keys.identify(token)
            except DATABASE_ERRORS as error:
                log.warning("key_lookup_failed", error=repr(error))
                state["auth_fault"] = error
                return ruling
        if identity is None:
            return await self.per_address.take(address, cost if known else 0.0)
        state["identity"] = identity
        ORG.set(identity.org_id)
        return await self.per_key.take(f"key:{identity.id}", cost)

    def _comes_from_here(self, caller: "_Caller") -> bool:
        """Whether it was this floor that was called, by no page or by one of its own."""
        return believed(caller.host, self.hosts) and welcome(caller.origin, caller.host, self.origins)


@dataclass(frozen=True, slots=True)
class _Caller:
    """What a request says of where it comes from and whom it wants; ``hosts`` are its Host headers."""

    hosts: tuple[bytes, ...]
    origin: str | None

    @classmethod
    def of(cls, headers: Iterable[tuple[bytes, bytes]]) -> "_Caller":
        hosts, origins = [], []
        for name, value in headers:
            if name == b"host":
                hosts.append(value)
            elif name == b"origin":
                origins.append(value.decode("latin-1"))
        return cls(tuple(hosts), " ".join(origins) if origins else None)

    @property
    def host(self) -> str:
        return self.hosts[0].decode("latin-1") if self.hosts else ""


def _unfit(scope: Scope, caller: _Caller) -> Failure | None:
    """What no route need see: a Host that is none, and NUL, which no text of ours holds."""
    if not well_formed(caller.hosts):
        return BAD_HOST
    if "\0" in scope["path"]:
        return Failure(400, "invalid path", details="NUL is not text")
    query = scope["query_string"]
    if b"%00" in query or b"\0" in query:
        pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
        field = next((name.replace("\0", "") for name, value in pairs if "\0" in name + value), None)
        return invalid_query(f"{field}: NUL is not text", field)
    return None


def _correlation_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-correlation-id" and CORRELATION.fullmatch(value):
            return value.decode()
    return secrets.token_hex(16)


def _stamp(headers: list[tuple[bytes, bytes]], correlation: str, ruling: Ruling) -> list[tuple[bytes, bytes]]:
    present = {name.lower() for name, _ in headers}
    rate, rest = ruling.headers(), DEFAULT_HEADERS
    if not present.isdisjoint(OVERRULED):
        rate = [pair for pair in rate if pair[0] not in present]
        rest = tuple(pair for pair in rest if pair[0] not in present)
    return [*headers, (b"x-correlation-id", correlation.encode()), *rate, *SECURITY_HEADERS, *rest]


BAD_HOST = Failure(400, "invalid Host header", details="exactly one, a name or an address", field="Host")
UNKNOWN_DIALECT = Failure(
    400, "unknown dialect", details=f"X-API-Dialect: one of {', '.join(DIALECTS)}", field="X-API-Dialect"
)


def _too_many(ruling: Ruling) -> Failure:
    wait_s = ruling.retry_after_s
    return Failure(429, "too many requests", details=f"try again in {wait_s} s", retry_after=wait_s)


async def _refuse(send: Send, scope: Scope, failure: Failure, kind: str = "http.response") -> None:
    state: dict[str, Any] = scope["state"]
    said = envelope(failure, state["correlation_id"])
    await _say(send, failure.status, encode(error_body(said, failure.status, state["dialect"])), kind)


async def _say(send: Send, status: int, body: bytes, kind: str = "http.response") -> None:
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    start: Any = {"type": f"{kind}.start", "status": status, "headers": headers}
    await send(start)
    whole: Any = {"type": f"{kind}.body", "body": body, "more_body": False}
    await send(whole)
