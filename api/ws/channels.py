"""AlphaPulse's four sockets: the org's stream, told in that product's frames."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal, TypeAlias
from uuid import UUID

import msgspec
from litestar import WebSocket

from api.encoding import encode
from api.ws.closing import POLICY, Closing, Ended
from api.ws.premises import Premises
from api.ws.socket import Conversation
from api.ws.subscriber import Subscriber
from api.ws.subscription import Part, Subscription
from db.identity.holder import Holder
from openoutcry.risk.allocation import short_name

Channel = Literal["metrics", "alerts", "portfolio", "trades"]
PERMISSION: Mapping[Channel, str] = {
    "metrics": "view_metrics",
    "alerts": "view_alerts",
    "portfolio": "view_portfolio",
    "trades": "view_trades",
}
REFUSED = Closing(POLICY, "Authentication failed")
DENIED = Closing(POLICY, "Permission denied")
SPOKEN = frozenset({"welcome", "pong", "error", "subscribed", "metrics_update", "portfolio_update"})
"""Frames that go out as they are."""
MOVES_MONEY = frozenset({"trade", "order_update", "position_update", "system_status"})
"""Events after which the account is another one."""
HEARS: Mapping[Channel, frozenset[str]] = {
    "metrics": MOVES_MONEY,
    "alerts": frozenset({"new_alert"}),
    "portfolio": MOVES_MONEY,
    "trades": frozenset({"trade"}),
}
LEAST_S = 1.0
Account: TypeAlias = Callable[[UUID], Awaitable[dict[str, Any] | None]]
"""The data of an account's frame; None where there is no account."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One frame of the org's stream."""

    type: str
    timestamp: str
    data: dict[str, Any]
    seq: int


@lru_cache(maxsize=512)
def heard(text: str) -> Heard:
    """A frame read once for all who hear it."""
    return msgspec.json.decode(text, type=Heard)


@lru_cache(maxsize=512)
def told(channel: Channel, text: str) -> str | None:
    """What a channel makes of a frame; None when it says nothing of it."""
    frame = heard(text)
    if frame.type in SPOKEN:
        return text
    if channel == "alerts" and frame.type == "new_alert":
        return text
    if channel == "trades" and frame.type == "trade":
        return encode(
            {"type": "new_trade", "timestamp": frame.timestamp, "data": _trade(frame.data), "seq": frame.seq}
        ).decode()
    return None


def _trade(data: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "id": data["trade_id"],
        "symbol": short_name(data["symbol"]),
        "instrument": data["symbol"],
        "side": data["side"].lower(),
        "quantity": data["quantity"],
        "price": data["price"],
        "timestamp": data["executed_at"],
        "fees": data["commission"],
        "order_id": data["order_id"],
        "session_id": data["session_id"],
    }


class ChannelSocket(Conversation):
    """One client of one channel."""

    refused = REFUSED
    as_they_are = False

    def __init__(
        self,
        socket: WebSocket[Any, Any, Any],
        premises: Premises,
        channel: Channel,
        account: Account | None = None,
    ) -> None:
        super().__init__(socket, premises)
        self._channel: Channel = channel
        self._account = account
        self._moved = asyncio.Event()
        self.hears = Subscription(types=HEARS[channel])
        self.choices: tuple[Part, ...] = ("symbols", "sessions") if channel == "trades" else ()

    def _permit(self, identity: Holder) -> None:
        if PERMISSION[self._channel] not in identity.permissions:
            raise Ended(DENIED)

    async def _converse(self, identity: Holder, subscriber: Subscriber, last_seq: int | None) -> None:
        stream = await self._hub.stream(identity.org_id)
        message = f"Connected to {self._channel} channel"
        await self._send(encode({"type": "welcome", "message": message, "user": identity.name}).decode())
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._follow(stream, subscriber, last_seq, identity))
            if self._account is not None:
                tasks.create_task(self._show(self._account, identity.org_id, subscriber))

    async def _show(self, account: Account, org_id: UUID, subscriber: Subscriber) -> None:
        """The account at once and then after what moves it, at most once a second, and only when it is another one."""
        before: dict[str, Any] | None = None
        while True:
            self._moved.clear()
            data = await account(org_id)
            if data is not None and data != before:
                kind, before = f"{self._channel}_update", data
                frame = {"type": kind, "timestamp": data["timestamp"], "data": data, "seq": subscriber.cursor}
                subscriber.put(encode(frame).decode())
            await asyncio.sleep(LEAST_S)
            await self._moved.wait()

    async def _send(self, text: str) -> None:
        if text.startswith('{"type":"welcome"'):
            await super()._send(text)
            return
        if heard(text).type in MOVES_MONEY:
            self._moved.set()
        said = told(self._channel, text)
        if said is not None:
            await super()._send(said)
