"""``/api/v1/ws``: authenticate, catch up, then follow."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Protocol
from uuid import UUID

import msgspec
import structlog
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from api.failures import DATABASE_ERRORS
from api.identity import KeyRing
from api.throttle import Rate, Throttle
from api.ws.envelope import frame
from api.ws.hub import Hub, Stream
from api.ws.protocol import CLOSE_NOW, MAX_FRAME, WRITE_TIMEOUT_S
from api.ws.subscriber import FELL_BEHIND, GOING_AWAY, POLICY, TRY_AGAIN_LATER, Closing, Subscriber
from db.identity.holder import Holder, Kind
from db.tenancy import ORG
from wire.clock import WallClock

log = structlog.get_logger()
AUTH_WITHIN_S = 5.0
RECHECK_S = 3.0
NOT_AUTHENTICATED = Closing(POLICY, "authentication failed")
KEY_ENDED = Closing(POLICY, "the key or token was revoked or has expired")
TOO_MANY = Closing(TRY_AGAIN_LATER, "too many connections")
UNAVAILABLE = Closing(TRY_AGAIN_LATER, "database unavailable")
TOO_FAST = Closing(POLICY, "too many messages")
TOO_BIG = Closing(1009, f"messages to the server are at most {MAX_FRAME} bytes")


FRAMES = Rate(per_s=10, burst=50)
"""How often one client may speak."""


class ClientFrame(msgspec.Struct, frozen=True):
    """What a client may send: ``ping`` or ``auth`` with its token."""

    type: str
    token: str = ""


class Ended(Exception):
    """The connection is to be closed by the server."""

    def __init__(self, closing: Closing) -> None:
        super().__init__(closing.reason)
        self.closing = closing


class Door(Protocol):
    """Who lets in by ticket, and knows who may stay."""

    async def ticket(self, text: str, job_id: UUID | None) -> Holder | None:
        """The holder of a ticket, which is used up."""
        ...

    async def still(self, kind: Kind, subject: UUID) -> Holder | None:
        """A holder met before, if it may still come in."""
        ...


class Turnstile:
    """How many connections there may be: in all, and not yet authenticated."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.open = 0
        self.anonymous = 0

    @property
    def full(self) -> bool:
        """True when no more may come in."""
        return self.open >= self.limit or self.anonymous >= max(16, self.limit // 8)


class Conversation:
    """One connection from accept to close."""

    job_id: UUID | None = None
    """The job a ticket must be for; None takes tickets for anything."""
    refused: Closing = NOT_AUTHENTICATED
    """What somebody hears who is nobody."""

    def __init__(
        self,
        socket: WebSocket[Any, Any, Any],
        hub: Hub,
        keys: KeyRing,
        door: Door,
        turnstile: Turnstile,
    ) -> None:
        self._socket = socket
        self._hub = hub
        self._keys = keys
        self._door = door
        self._turnstile = turnstile
        self._frames = Throttle(FRAMES)

    async def run(self, token: str | None, ticket: str | None, last_seq: int | None) -> None:
        """Serve until either side ends it."""
        await self._socket.accept()
        subscriber = Subscriber()
        try:
            if self._turnstile.full or not self._socket.scope["state"]["ruling"].allowed:
                raise Ended(TOO_MANY)
            self._turnstile.open += 1
            try:
                identity = await self._authenticate(token, ticket)
                ORG.set(identity.org_id)
                await self._converse(identity, subscriber, last_seq)
            finally:
                self._turnstile.open -= 1
        except* Ended as group:
            await self._close(_first(group).closing)
        except* DATABASE_ERRORS as group:
            log.warning("socket_database_error", error=repr(group.exceptions[0]))
            await self._close(UNAVAILABLE)
        except* WebSocketDisconnect:
            log.debug("socket_left")

    async def _converse(self, identity: Holder, subscriber: Subscriber, last_seq: int | None) -> None:
        """What is said once it is known to whom: here the org's events, until either side ends it."""
        await self._follow(await self._hub.stream(identity.org_id), subscriber, last_seq, identity)

    async def _authenticate(self, token: str | None, ticket: str | None) -> Holder:
        self._turnstile.anonymous += 1
        try:
            if ticket is not None:
                identity = await self._door.ticket(ticket, self.job_id)
                if identity is None:
                    raise Ended(self.refused)
                return identity
            let_in: Holder | None = self._socket.scope["state"].get("identity")
            if token is None and let_in is not None and let_in.kind == "open":
                return let_in
            if token is None:
                with suppress(TimeoutError):
                    async with asyncio.timeout(AUTH_WITHIN_S):
                        token = await self._first_frame()
            identity = await self._keys.identify(token) if token else None
        finally:
            self._turnstile.anonymous -= 1
        if identity is None:
            raise Ended(self.refused)
        return identity

    async def _first_frame(self) -> str | None:
        message = _parse(await self._receive())
        return message.token if message is not None and message.type == "auth" else None

    async def _follow(
        self, stream: Stream, subscriber: Subscriber, last_seq: int | None, identity: Holder
    ) -> None:
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._read(subscriber))
                tasks.create_task(self._end(subscriber))
                tasks.create_task(self._recheck(identity))
                tasks.create_task(self._write(stream, subscriber, last_seq))
        finally:
            stream.subscribers.discard(subscriber)

    async def _write(self, stream: Stream, subscriber: Subscriber, last_seq: int | None) -> None:
        subscriber.cursor = stream.head if last_seq is None else last_seq
        if last_seq is not None:
            await self._catch_up(stream, subscriber, last_seq)
        if self._hub.stopping:
            raise Ended(GOING_AWAY)
        stream.subscribers.add(
            subscriber
        )  # no await since the last look at head: nothing can fall in between
        while True:
            await self._send(await subscriber.next())

    async def _end(self, subscriber: Subscriber) -> None:
        """Does not wait for a write that is stuck."""
        raise Ended(await subscriber.closed())

    async def _catch_up(self, stream: Stream, subscriber: Subscriber, last_seq: int) -> None:
        if last_seq > stream.head:
            await stream.advance()
        if last_seq > stream.head:
            subscriber.cursor = stream.head
            await self._send(
                _notice(
                    f"last_seq {last_seq} is ahead of the stream; following from {stream.head}", stream.head
                )
            )
            return
        expected = last_seq + 1
        async for seq, text in stream.missed(last_seq):
            if seq != expected:
                await self._send(_notice(f"events {expected} to {seq - 1} are no longer kept", seq - 1))
            expected = seq + 1
            subscriber.cursor = seq
            await self._send(text)
        subscriber.cursor = max(subscriber.cursor, stream.head)

    async def _read(self, subscriber: Subscriber) -> None:
        while True:
            message = _parse(await self._receive())
            if message is None or message.type not in ("ping", "auth"):
                subscriber.put(_notice('unknown message; send {"type": "ping"}', subscriber.cursor))
            elif message.type == "ping":
                subscriber.put(frame("pong", WallClock().now(), {}, subscriber.cursor))

    async def _recheck(self, identity: Holder) -> None:
        """A revoked key, a disabled person and an expired token lose their open connections too."""
        while True:
            await asyncio.sleep(RECHECK_S)
            if identity.expires_at is not None and WallClock().now().timestamp() >= identity.expires_at:
                raise Ended(KEY_ENDED)
            try:
                still = await self._door.still(identity.kind, identity.id)
            except DATABASE_ERRORS as error:
                log.warning("key_recheck_failed", error=repr(error))
                continue
            if still is None:
                raise Ended(KEY_ENDED)

    async def _receive(self) -> str | bytes:
        message: Any = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(detail="client left", code=message.get("code", 1005))
        if not self._frames.take("").allowed:
            raise Ended(TOO_FAST)
        raw: str | bytes = message.get("text") or message.get("bytes") or b""
        if len(raw.encode() if isinstance(raw, str) else raw) > MAX_FRAME:
            raise Ended(TOO_BIG)
        return raw

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(WRITE_TIMEOUT_S):
                await self._socket.send({"type": "websocket.send", "text": text, "bytes": None})
        except TimeoutError as error:
            raise Ended(FELL_BEHIND) from error
        except OSError as error:  # how the server says that the client is gone
            raise WebSocketDisconnect(detail="client left", code=1006) from error

    async def _close(self, closing: Closing) -> None:
        extensions: Any = self._socket.scope.get("extensions") or {}
        close_now: Callable[[int, str], None] | None = extensions.get(CLOSE_NOW)
        log.info("socket_closed", code=closing.code, reason=closing.reason)
        if close_now is not None and closing.code == TRY_AGAIN_LATER:
            close_now(closing.code, closing.reason)
        else:
            await self._socket.close(code=closing.code, reason=closing.reason)


def _parse(raw: str | bytes) -> ClientFrame | None:
    try:
        return msgspec.json.decode(raw, type=ClientFrame)
    except (ValueError, RecursionError):
        return None


def _notice(text: str, seq: int) -> str:
    return frame("error", WallClock().now(), {"error": text, "severity": "low"}, seq)


def _first(group: BaseExceptionGroup[Any]) -> Ended:
    error: BaseException = group.exceptions[0]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Ended)
    return error
