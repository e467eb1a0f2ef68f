"""A spot exchange of one pair. All amounts are integers of 1e-8; the books here are the truth a floor is held against.

Like the real one it takes the same client order id again once the order of that name is no longer open: whoever sends
twice trades twice. Every transaction is one entry of ``log``; its events are numbered from 1 without gaps.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

UNIT = 10**8
FINAL = frozenset({"FILLED", "CANCELED", "EXPIRED", "REJECTED"})
Row = tuple[int, int, int, int, int]
"""Open time in ms, open, high, low, close."""


class Refused(Exception):
    """The exchange's definitive no: ``code`` as Binance numbers it."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(f"{code} {message}")
        self.code = code


@dataclass
class Order:
    """An order as the exchange has it. ``tag`` is the client's own and means nothing here."""

    number: int
    cid: str
    side: str
    kind: str
    quantity: int
    price: int | None
    stop: int | None
    group: str | None
    reduce_only: bool
    tag: str
    listed: bool = False
    """Taken in one request with another of its group: whoever cancels one cancels both."""
    status: str = "NEW"
    filled: int = 0
    quote: int = 0
    seen_at: float = 0.0


@dataclass
class Exchange:
    """One account at one market. ``note`` hears of everything; ``now`` is the exchange's own clock in seconds."""

    cash: int
    bars: list[Row]
    bar_ms: int
    random: Random
    now: Callable[[], float]
    note: Callable[..., None]
    base: int = 0
    fee_bps: int = 10
    tick: int = UNIT // 100
    step: int = 1000
    halted: bool = False
    orders: list[Order] = field(default_factory=list)
    trades: list[dict[str, Any]] = field(default_factory=list)
    log: list[dict[str, Any]] = field(default_factory=list)
    events: int = 0
    numbered: int = 0
    """Trades of the account are numbered in the order in which they happen, whoever's they are."""
    matched: int = 0
    """Bars closed up to here have been matched (index into ``bars``)."""

    def submit(self, asked: Sequence[tuple[dict[str, Any], str]], at_ms: int) -> list[Order]:
        """Take an order, or both of a list, each with its cause. Raises Refused; then nothing exists."""
        for given, _ in asked:
            self._check(given)
        return [self._taken(given, cause, at_ms, listed=len(asked) > 1) for given, cause in asked]

    def _taken(self, given: dict[str, Any], cause: str, at_ms: int, *, listed: bool) -> Order:
        order = Order(number=len(self.orders) + 1, listed=listed, **given)
        self.orders.append(order)
        self.note("venue_accepted", cid=order.cid, number=order.number, side=order.side, type=order.kind,
                  quantity=order.quantity, price=order.price, stop=order.stop, mark=self._last(at_ms),
                  reduce_only=order.reduce_only)  # fmt: skip
        events: list[dict[str, Any]] = [{"kind": "accepted", "order": order.number}]
        if order.kind == "MARKET":
            events += self._parts(order, self._last(at_ms), at_ms, whole=True)
        self._commit(cause, events)
        return order

    def cancel(self, cid: str, cause: str, at_ms: int) -> Order | None:
        """Cancel the open order of that name, of a list both; the newest of the name comes back."""
        order = self.find(cid)
        if order is not None and order.status not in FINAL:
            others = self._group(order) if order.listed else []
            ends = [order, *(other for other in others if other.listed)]
            self._commit(cause, [self._end(each, "CANCELED", "REQUESTED") for each in ends])
        return order

    def throw_out(self, order: Order) -> None:
        """End a working order of the exchange's own accord."""
        self._commit("advance", [self._end(order, "EXPIRED", "thrown out")])

    def annotate(self, cid: str, cause: str, tag: str, reason: str) -> None:
        """The client's own note in the account's history: no order of this name will be sent again."""
        self._commit(cause, [{"kind": "rejected", "cid": cid, "tag": tag, "reason": reason}])

    def find(self, cid: str) -> Order | None:
        """The newest order of that name."""
        return next((order for order in reversed(self.orders) if order.cid == cid), None)

    def advance(self, until_ms: int) -> None:
        """Match every bar closed by then that was not matched yet."""
        while self.matched < len(self.bars) and self.bars[self.matched][0] + self.bar_ms <= until_ms:
            row = self.bars[self.matched]
            self.matched += 1
            for order in list(self.orders):
                if order.status not in FINAL and (price := self._touched(order, row)) is not None:
                    events = self._parts(order, price, row[0] + self.bar_ms, whole=self.random.random() < 0.7)
                    self._commit("advance", events)

    # the rules

    def _check(self, given: dict[str, Any]) -> None:
        if self.halted:
            raise Refused(-1013, "the market is halted")
        if any(order.cid == given["cid"] and order.status not in FINAL for order in self.orders):
            raise Refused(-2010, "Duplicate order sent.")
        if given["quantity"] <= 0 or given["quantity"] % self.step:
            raise Refused(-1013, "Filter failure: LOT_SIZE")
        if any(given[name] is not None and given[name] % self.tick for name in ("price", "stop")):
            raise Refused(-1013, "Filter failure: PRICE_FILTER")
        if given["side"] == "SELL" and given["kind"] == "MARKET" and given["quantity"] > self.base:
            raise Refused(-2010, "Account has insufficient balance for requested action.")

    def _last(self, at_ms: int) -> int:
        return next((row[4] for row in reversed(self.bars) if row[0] + self.bar_ms <= at_ms), self.bars[0][1])

    def _touched(self, order: Order, row: Row) -> int | None:
        """Where the bar lets the order trade, None when it does not."""
        _, first, high, low, _ = row
        if order.stop is not None and order.side == "SELL":
            if order.kind.startswith("STOP"):
                return min(first, order.stop) if low <= order.stop else None
            return max(first, order.stop) if high >= order.stop else None
        if order.price is not None:
            if order.side == "BUY":
                return min(first, order.price) if low <= order.price else None
            return max(first, order.price) if high >= order.price else None
        return first

    def _parts(self, order: Order, price: int, at_ms: int, *, whole: bool) -> list[dict[str, Any]]:
        """Trade what is left, in one or two pieces; of an order that is not taken ``whole``, a part of it now."""
        left = order.quantity - order.filled
        if order.side == "SELL":
            left = min(left, self.base)
        else:
            left = min(left, self.cash * UNIT // (price + price * self.fee_bps // 10_000 + 1))
            left -= left % self.step
        if left <= 0:
            return [self._end(order, "EXPIRED", "nothing left to trade")]
        first = left // self.step * self.random.choice((37, 50, 100)) // 100 * self.step or left
        pieces = [first] if first == left or not whole else [first, left - first]
        events = [self._trade(order, price, piece, at_ms) for piece in pieces]
        if order.status not in FINAL and order.kind == "MARKET":
            events.append(self._end(order, "EXPIRED", "no more at this price"))
        if order.status in FINAL:
            events += [self._end(other, "CANCELED", "OCO") for other in self._group(order)]
        return events

    def _group(self, order: Order) -> list[Order]:
        """The other working orders of its group."""
        return [
            other
            for other in self.orders
            if order.group is not None and other.group == order.group and other is not order
            and other.status not in FINAL
        ]  # fmt: skip

    def _trade(self, order: Order, price: int, quantity: int, at_ms: int) -> dict[str, Any]:
        quote = rounded(price * quantity, UNIT)
        fee = rounded(quote * self.fee_bps, 10_000)
        sign = 1 if order.side == "BUY" else -1
        self.base += sign * quantity
        self.cash -= sign * quote + fee
        order.filled, order.quote = order.filled + quantity, order.quote + quote
        order.status = "FILLED" if order.filled == order.quantity else "PARTIALLY_FILLED"
        self.numbered += 1
        trade = {"id": f"t{self.numbered}", "order": order.number, "cid": order.cid, "side": order.side,
                 "price": price, "quantity": quantity, "quote": quote, "fee": fee, "at_ms": at_ms}  # fmt: skip
        self.trades.append(trade)
        self.note("venue_trade", **trade)
        return {"kind": "filled", "order": order.number, "trade": trade}

    def _end(self, order: Order, status: str, reason: str) -> dict[str, Any]:
        order.status = status
        self.note("venue_ended", cid=order.cid, number=order.number, status=status, reason=reason)
        return {"kind": status.lower(), "order": order.number, "reason": reason}

    def _commit(self, cause: str, events: list[dict[str, Any]]) -> None:
        self.log.append({"first": self.events + 1, "cause": cause, "events": events})
        self.events += len(events)


def rounded(amount: int, by: int) -> int:
    """``amount / by`` to the nearest integer, ties to even."""
    whole, rest = divmod(amount, by)
    return whole + (2 * rest > by or (2 * rest == by and whole % 2 == 1))
