"""Who listens to what: sockets with their subscriptions, and the messages that a tick or an order makes."""

import asyncio
import json
from collections import defaultdict
from contextlib import suppress
from typing import TypeVar

from aiohttp import web

from sandbox import messages
from sandbox.exchange import Exchange
from sandbox.faults import Faults
from sandbox.messages import Change, Message
from sandbox.shapes import perp as perp_shape
from sandbox.shapes import spot as spot_shape
from sandbox.tape import INTERVALS
from sandbox.venue import Market, Venue

Item = TypeVar("Item")
QUEUED = 1_000
DEPTH_MS = {"100ms": 100, "250ms": 250, "500ms": 500, "1000ms": 1_000}
PARTIAL = {"depth5": 5, "depth10": 10, "depth20": 20}


class Listener:
    """One socket. ``combined`` wraps messages with their stream's name; ``user`` is whose own events it gets, on
    perpetuals for as long as ``listen_key`` lives."""

    def __init__(self, socket: web.WebSocketResponse, kind: str, *, combined: bool = False) -> None:
        self.socket = socket
        self.kind = kind
        self.combined = combined
        self.streams: set[str] = set()
        self.user: str | None = None
        self.listen_key = ""
        self.wrapped = False
        self.held: str | None = None
        self.queue: asyncio.Queue[str | None] = asyncio.Queue(QUEUED)

    def send(self, text: str) -> None:
        """Queue a message; a socket that has fallen far behind is closed."""
        try:
            self.queue.put_nowait(text)
        except asyncio.QueueFull:
            self.close()

    def close(self) -> None:
        while not self.queue.empty():
            self.queue.get_nowait()
        self.queue.put_nowait(None)

    async def write(self) -> None:
        """Send what is queued until told to stop."""
        with suppress(ConnectionError):
            while (text := await self.queue.get()) is not None:
                await self.socket.send_str(text)
        await self.socket.close(code=1001)


class Hub:
    """Hands messages to listeners, spoiled by the stream faults."""

    def __init__(self, exchange: Exchange, faults: Faults) -> None:
        self._exchange = exchange
        self._faults = faults
        self.listeners: set[Listener] = set()
        self._changes: dict[tuple[str, str, int], Change] = defaultdict(Change)
        self._sent: dict[tuple[str, str, int], tuple[int, int]] = {}
        self._bars: dict[tuple[str, str, str], int] = {}
        self._second = 0

    def flush(self) -> None:
        """Send what has happened since the last call: user events, trades, depth; once a second tickers and klines."""
        self._users()
        now = self._exchange.clock.now()
        self._expire_keys(now)
        for kind, venue in (("spot", self._exchange.spot), ("perp", self._exchange.perp)):
            self._trades(kind, venue)
            for market in venue.markets.values():
                self._depth(kind, market, now)
        if now // 1_000 != self._second:
            self._second = now // 1_000
            self._every_second(now)

    def publish(self, kind: str, stream: str, message: Message | list[Message]) -> None:
        for listener in [one for one in self.listeners if one.kind == kind and stream in one.streams]:
            body = {"stream": stream, "data": message} if listener.combined else message
            self._deliver(listener, stream, json.dumps(body))

    def tell(self, account: str, kind: str, message: Message) -> None:
        """A message for a user's own streams."""
        for listener in [one for one in self.listeners if one.kind == kind and one.user == account]:
            body = {"subscriptionId": 0, "event": message} if listener.wrapped else message
            self._deliver(listener, f"user:{message['e']}", json.dumps(body))

    def _deliver(self, listener: Listener, stream: str, text: str) -> None:
        rule = self._faults.for_message(stream) if self._faults.rules else None
        held, listener.held = listener.held, None
        match rule.kind if rule else "":
            case "drop" | "silent":
                listener.held = held
                return
            case "duplicate":
                listener.send(text)
            case "late" if rule:
                asyncio.get_running_loop().call_later(rule.seconds, listener.send, text)
                return
            case "reorder":
                listener.held = text
                return
            case "disconnect":
                listener.close()
                return
        listener.send(text)
        if held is not None:
            listener.send(held)

    def _expire_keys(self, now: int) -> None:
        """The last that a stream of an expired listen key says; the socket stays open."""
        for listener in [one for one in self.listeners if one.user is not None and one.listen_key]:
            user = self._exchange.accounts.by_name[listener.user or ""]
            if not user.hears(listener.listen_key, now):
                gone = {"e": "listenKeyExpired", "E": now, "listenKey": listener.listen_key}
                self._deliver(listener, "user:listenKeyExpired", json.dumps(gone))
                listener.user = None

    def _users(self) -> None:
        exchange = self._exchange
        for report in drained(exchange.spot.reports):
            user, symbol = (
                exchange.accounts.by_name[report.account],
                exchange.spot.market(report.order.symbol).symbol,
            )
            self.tell(report.account, "spot", spot_shape.execution_report(report))
            assets = [symbol.base, symbol.quote, *(["BNB"] if user.pays_with_bnb else [])]
            self.tell(
                report.account, "spot", spot_shape.account_position(user, exchange.ledger, assets, report.at)
            )
        for report in drained(exchange.perp.reports):
            if report.fill is not None:
                user = exchange.accounts.by_name[report.account]
                self.tell(
                    report.account,
                    "perp",
                    perp_shape.account_update(exchange, user, [report.order.symbol], "ORDER", report.at),
                )
            self.tell(report.account, "perp", perp_shape.order_update(report))
        for algo, at in drained(exchange.algo_reports):
            self.tell(algo.account, "perp", perp_shape.algo_update(algo, at))
        for name, at in drained(exchange.funded):
            user = exchange.accounts.by_name[name]
            self.tell(name, "perp", perp_shape.account_update(exchange, user, [], "FUNDING_FEE", at))
        for name, asset, units, at in drained(exchange.moved):
            user, why = exchange.accounts.by_name[name], "WITHDRAW" if units > 0 else "DEPOSIT"
            self.tell(name, "spot", spot_shape.account_position(user, exchange.ledger, [asset], at))
            self.tell(name, "spot", spot_shape.balance_update(asset, units, at))
            self.tell(name, "perp", perp_shape.account_update(exchange, user, [], why, at, change=-units))

    def _trades(self, kind: str, venue: Venue) -> None:
        for name, one in drained(venue.prints):
            self.publish(kind, f"{name.lower()}@trade", messages.trade(name, one))
            self.publish(kind, f"{name.lower()}@aggTrade", messages.aggregate(name, one))

    def _depth(self, kind: str, market: Market, now: int) -> None:
        name = market.symbol.name
        changes = market.book.changes()
        for speed in DEPTH_MS.values():
            key = (kind, name, speed)
            if changes is not None:
                self._changes[key].add(*changes)
            sent_at, previous = self._sent.get(key, (0, market.book.update_id))
            change = self._changes[key]
            if not change.last or now - sent_at < speed:
                continue
            del self._changes[key]
            self._sent[key] = (now, change.last)
            message = messages.depth(name, change, now, previous if kind == "perp" else None)
            for stream in depth_streams(name, speed, kind):
                self.publish(kind, stream, message)
            for label, levels in PARTIAL.items():
                for stream in (
                    f"{name.lower()}@{label}@{speed}ms",
                    *([f"{name.lower()}@{label}"] if speed == default_speed(kind) else []),
                ):
                    if self._wanted(kind, stream):
                        self.publish(kind, stream, messages.partial(market, levels, now, perp=kind == "perp"))
        if changes is not None and self._wanted(kind, f"{name.lower()}@bookTicker"):
            self.publish(
                kind, f"{name.lower()}@bookTicker", messages.book_ticker(market, now, perp=kind == "perp")
            )

    def _every_second(self, now: int) -> None:
        for kind, venue in (("spot", self._exchange.spot), ("perp", self._exchange.perp)):
            for mini, label in ((False, "ticker"), (True, "miniTicker")):
                wanted = [
                    one
                    for one in venue.markets.values()
                    if self._wanted(kind, f"{one.symbol.name.lower()}@{label}")
                ]
                everything = self._wanted(kind, f"!{label}@arr")
                rows = {
                    one.symbol.name: messages.day(one, now, mini=mini)
                    for one in (venue.markets.values() if everything else wanted)
                }
                for name, row in rows.items():
                    self.publish(kind, f"{name.lower()}@{label}", row)
                if everything:
                    self.publish(kind, f"!{label}@arr", list(rows.values()))
            for market in venue.markets.values():
                self._klines(kind, market, now)
        self._marks(now)

    def _klines(self, kind: str, market: Market, now: int) -> None:
        name = market.symbol.name
        for interval in INTERVALS:
            stream = f"{name.lower()}@kline_{interval}"
            if not self._wanted(kind, stream):
                continue
            bars = market.tape.bars(interval, None, None, 2, now)
            key = (kind, name, interval)
            if len(bars) == 2 and self._bars.get(key) == bars[0].start_ms:
                self.publish(kind, stream, messages.kline(name, interval, bars[0], now, closed=True))
            if bars:
                self._bars[key] = bars[-1].start_ms
                self.publish(kind, stream, messages.kline(name, interval, bars[-1], now, closed=False))

    def _marks(self, now: int) -> None:
        rows = {name: messages.mark(self._exchange, name, now) for name in self._exchange.perp.markets}
        for name, row in rows.items():
            for stream in (f"{name.lower()}@markPrice", f"{name.lower()}@markPrice@1s"):
                self.publish("perp", stream, row)
        for stream in ("!markPrice@arr", "!markPrice@arr@1s"):
            self.publish("perp", stream, list(rows.values()))

    def _wanted(self, kind: str, stream: str) -> bool:
        return any(one.kind == kind and stream in one.streams for one in self.listeners)


def default_speed(kind: str) -> int:
    return 250 if kind == "perp" else 1_000


def depth_streams(name: str, speed: int, kind: str) -> list[str]:
    named = f"{name.lower()}@depth@{speed}ms"
    return [named, f"{name.lower()}@depth"] if speed == default_speed(kind) else [named]


def drained(items: list[Item]) -> list[Item]:
    """The items, and an empty list behind."""
    taken = items[:]
    items.clear()
    return taken
