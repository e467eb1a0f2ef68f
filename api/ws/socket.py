"""``/api/v1/ws``: authenticate, catch up, then follow."""

import asyncio
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from typing import Any
from uuid import UUID

import structlog
from litestar import WebSocket
from litestar.exceptions import WebSocketDisconnect

from api.auth.hosts import welcome
from api.failures import DATABASE_ERRORS
from api.identity import presented_token
from api.throttle import Rate, Throttle
from api.ws.asking import Asked, allowed, read_query
from api.ws.closing import (
    BROKEN,
    FELL_BEHIND,
    FOREIGN,
    GOING_AWAY,
    KEY_ENDED,
    NOT_ALLOWED,
    NOT_AUTHENTICATED,
    TOO_FAST,
    TOO_LONG,
    TRY_AGAIN_LATER,
    UNAVAILABLE,
    Closing,
    Ended,
    because,
)
from api.ws.envelope import frame, gone, notice
from api.ws.frames import Auth, Ping, Subscribe, Unsubscribe, read_frame
from api.ws.hub import Stream
from api.ws.premises import Premises
from api.ws.protocol import CLOSE_NOW, MAX_FRAME, WRITE_NOW
from api.ws.subscriber import Subscriber
from api.ws.subscription import EVERYTHING, PARTS, Part, Subscription, Wish
from db.identity.holder import Holder
from db.tenancy import ORG
from openoutcry.errors import BadInput
from wire.clock import WallClock

log = structlog.get_logger()
AUTH_WITHIN_S = 5.0
RECHECK_S = 3.0
FRAMES = Rate(per_s=10, burst=50)
"""How often one client may speak."""


class Conversation:
    """One connection from accept to close."""

    job_id: UUID | None = None
    """The job a ticket must be for; None takes tickets for anything."""
    refused: Closing = NOT_AUTHENTICATED
    """What somebody hears who is nobody."""
    choices: tuple[Part, ...] = PARTS
    """What of the events a client may choose by."""
    as_they_are = True
    """Events go out as the hub tells them."""
    hears: Subscription = EVERYTHING
    """What a client hears that chooses nothing."""

    def __init__(self, socket: WebSocket[Any, Any, Any], premises: Premises) -> None:
        self._socket = socket
        self._premises = premises
        self._hub = premises.hub
        self._frames = Throttle(FRAMES)
        self._wishes: list[Wish] = []

    async def run(self) -> None:
        """Serve until either side ends it."""
        await self._socket.accept()
        try:
            async with AsyncExitStack() as inside:
                await self._serve(inside)
        except* Ended as group:
            await self._close(_first(group).closing)
        except* DATABASE_ERRORS as group:
            log.warning("socket_database_error", error=repr(group.exceptions[0]))
            await self._close(UNAVAILABLE)
        except* WebSocketDisconnect:
            log.debug("socket_left")
        except* Exception:
            log.exception("socket_failed")
            await self._close(BROKEN)

    async def _serve(self, inside: AsyncExitStack) -> None:
        state = self._socket.scope["state"]
        ruling = state["ruling"]
        if not ruling.allowed:
            wait = f"connecting too often; try again in {ruling.retry_after_s} s"
            raise Ended(Closing(TRY_AGAIN_LATER, wait))
        await inside.enter_async_context(self._premises.turnstile.in_all(state["address"]))
        if not self._origin_may():
            raise Ended(FOREIGN)
        asked = self._asked()
        identity = await self._authenticate(asked)
        self._permit(identity)
        if identity.kind != "open":
            await inside.enter_async_context(self._premises.turnstile.of_holder(identity.id))
        ORG.set(identity.org_id)
        subscriber = Subscriber()
        try:
            for wish in (asked.wish, *self._wishes):
                subscriber.subscription = await self._chosen(
                    subscriber.subscription if wish is not asked.wish else self.hears, wish
                )
        except BadInput as error:
            raise Ended(because(str(error))) from error
        await self._converse(identity, subscriber, asked.last_seq)

    async def _converse(self, identity: Holder, subscriber: Subscriber, last_seq: int | None) -> None:
        """What is said once it is known to whom: here the org's events, until either side ends it."""
        await self._follow(await self._hub.stream(identity.org_id), subscriber, last_seq, identity)

    def _permit(self, identity: Holder) -> None:
        """Raises Ended when this holder may not listen here."""
        if identity.scopes is not None:
            raise Ended(NOT_ALLOWED)

    def _origin_may(self) -> bool:
        """A page of another site may not; who is no page says no origin."""
        headers = self._socket.headers
        return welcome(headers.get("origin"), headers.get("host", ""), self._premises.origins)

    def _asked(self) -> Asked:
        try:
            asked = read_query(self._socket.query_params.dict())
            allowed(asked.wish, self.choices)
        except BadInput as error:
            raise Ended(because(str(error))) from error
        return asked

    async def _authenticate(self, asked: Asked) -> Holder:
        with self._premises.turnstile.unknown():
            token = presented_token(self._socket.scope["headers"])
            if asked.ticket is not None:
                identity = await self._premises.door.ticket(asked.ticket, self.job_id)
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
            identity = await self._premises.keys.identify(token) if token else None
        if identity is None:
            raise Ended(self.refused)
        return identity

    async def _first_frame(self) -> str | None:
        try:
            message = read_frame(await self._receive())
            if not isinstance(message, Auth):
                return None
            self._wishes.append(allowed(message.wish, self.choices))
        except BadInput as error:
            raise Ended(because(str(error)) if error.field else self.refused) from error
        return message.token

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
        if self.as_they_are:
            extensions: Any = self._socket.scope.get("extensions") or {}
            subscriber.write_now = extensions.get(WRITE_NOW)
        # No await since the last look at head: nothing can fall in between.
        stream.subscribers.add(subscriber)
        await self._pass_on(subscriber)

    async def _pass_on(self, subscriber: Subscriber) -> None:
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
            ahead = f"last_seq {last_seq} is ahead of the stream; following from {stream.head}"
            await self._send(notice(ahead, stream.head))
            return
        expected = last_seq + 1
        async for event in stream.missed(last_seq):
            if event.seq != expected:
                await self._send(gone(expected, event.seq - 1))
            expected = event.seq + 1
            subscriber.cursor = event.seq
            if subscriber.subscription.admits(event):
                await self._send(event.text)
        if expected <= stream.head:
            await self._send(gone(expected, stream.head))
        subscriber.cursor = max(subscriber.cursor, stream.head)

    async def _read(self, subscriber: Subscriber) -> None:
        while True:
            raw = await self._receive()
            try:
                await self._hear(raw, subscriber)
            except BadInput as error:
                field = {} if error.field is None else {"field": error.field}
                subscriber.put(notice(str(error), subscriber.cursor, **field))

    async def _hear(self, raw: str | bytes, subscriber: Subscriber) -> None:
        match read_frame(raw):
            case Ping():
                subscriber.put(frame("pong", WallClock().now(), {}, subscriber.cursor))
            case Auth(wish=wish) if not wish:
                return  # said already who it is
            case Unsubscribe(wish=wish) if wish:
                subscriber.subscription = subscriber.subscription.without(allowed(wish, self.choices))
                self._say_subscription(subscriber)
            case Subscribe(wish=wish) | Auth(wish=wish) if wish:
                wish = allowed(wish, self.choices)
                subscriber.subscription = await self._chosen(subscriber.subscription, wish)
                self._say_subscription(subscriber)
            case _:
                raise BadInput(
                    f"name some of {', '.join(self.choices) or 'nothing: there is no choice here'}"
                )

    def _say_subscription(self, subscriber: Subscriber) -> None:
        data = subscriber.subscription.told()
        subscriber.put(frame("subscribed", WallClock().now(), data, subscriber.cursor))

    async def _chosen(self, before: Subscription, wish: Wish) -> Subscription:
        """Raises BadInput, also for a session that is unknown, or another org's."""
        made = before.with_(wish)
        added = frozenset(
            UUID(each) for each in (made.sessions or frozenset()) - (before.sessions or frozenset())
        )
        unknown = added - await self._premises.known(added) if added else frozenset()
        if unknown:
            raise BadInput(f"sessions: no session {min(map(str, unknown))}", field="sessions")
        return made

    async def _recheck(self, identity: Holder) -> None:
        """A revoked key, a disabled person and an expired token lose their open connections too."""
        while True:
            left = (
                float("inf")
                if identity.expires_at is None
                else identity.expires_at - WallClock().now().timestamp()
            )
            await asyncio.sleep(max(0.0, min(RECHECK_S, left)))
            if identity.expires_at is not None and WallClock().now().timestamp() >= identity.expires_at:
                raise Ended(KEY_ENDED)
            try:
                still = await self._premises.standing.of(identity)
            except DATABASE_ERRORS as error:
                log.warning("key_recheck_failed", error=repr(error))
                continue
            if still is None:
                raise Ended(KEY_ENDED)
            self._permit(still)

    async def _receive(self) -> str | bytes:
        message: Any = await self._socket.receive()
        if message["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(detail="client left", code=message.get("code", 1005))
        if not self._frames.take("").allowed:
            raise Ended(TOO_FAST)
        raw: str | bytes = message.get("text") or message.get("bytes") or b""
        if len(raw.encode() if isinstance(raw, str) else raw) > MAX_FRAME:
            raise Ended(TOO_LONG)
        return raw

    async def _send(self, text: str) -> None:
        try:
            async with asyncio.timeout(self._premises.write_s):
                await self._socket.send({"type": "websocket.send", "text": text, "bytes": None})
        except TimeoutError as error:
            raise Ended(FELL_BEHIND) from error
        except (OSError, RuntimeError) as error:  # how the server says that the client is gone, or hung up on
            raise WebSocketDisconnect(detail="client left", code=1006) from error

    async def _close(self, closing: Closing) -> None:
        extensions: Any = self._socket.scope.get("extensions") or {}
        close_now: Callable[[int, str], None] | None = extensions.get(CLOSE_NOW)
        log.info("socket_closed", code=closing.code, reason=closing.reason)
        if close_now is not None and closing.code == TRY_AGAIN_LATER:
            close_now(closing.code, closing.reason)
            return
        try:
            async with asyncio.timeout(self._premises.write_s):
                await self._socket.close(code=closing.code, reason=closing.reason)
        except TimeoutError:  # it does not read what was sent before
            if close_now is not None:
                close_now(closing.code, closing.reason)
        except (OSError, RuntimeError):
            log.debug("socket_gone_before_close")


def _first(group: BaseExceptionGroup[Any]) -> Ended:
    error: BaseException = group.exceptions[0]
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    assert isinstance(error, Ended)
    return error
