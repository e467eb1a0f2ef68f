"""Conditional orders on perpetuals ("algo orders"): they wait beside the book and become an order when triggered."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sandbox.accounts import Account
from sandbox.orders import Side
from sandbox.perp_settling import PerpSettlement
from sandbox.placing import Ticket, check_open
from sandbox.refusal import Refusal, duplicate
from sandbox.venue import Venue


@dataclass
class Algo:
    """A conditional order. States: NEW, CANCELED, TRIGGERED (its order was accepted), REJECTED, EXPIRED."""

    id: int
    account: str
    symbol: str
    ticket: Ticket
    time_ms: int
    updated_ms: int
    status: str = "NEW"
    order_id: int = 0
    peak: int = 0
    triggered_ms: int = 0
    failure: str = ""
    born_ms: int = 0

    @property
    def side(self) -> Side:
        return self.ticket.side


class Algos:
    """All conditional orders of the perpetual venue."""

    def __init__(self, venue: Venue, settlement: PerpSettlement, tell: Callable[[Algo, int], None]) -> None:
        self._venue = venue
        self._settlement = settlement
        self._tell = tell
        self.all: dict[int, Algo] = {}

    def open(self, account: str, symbol: str | None = None) -> list[Algo]:
        return [
            one for one in self.all.values()
            if one.status == "NEW" and one.account == account and symbol in (None, one.symbol)
        ]  # fmt: skip

    def place(self, account: Account, name: str, ticket: Ticket, now: int) -> Algo:
        """Accept a conditional order. Raises -2021 when it would trigger at once, -4116 for a client id in use."""
        market = self._venue.market(name)
        check_open(market.symbol)
        for price in (ticket.price, ticket.stop):
            if price:
                market.symbol.check_price(price)
        if ticket.quantity:
            market.symbol.check_quantity(ticket.quantity)
        if any(one.ticket.client_id == ticket.client_id for one in self.open(account.name)):
            raise duplicate("perp")
        if len(self.open(account.name, name)) >= market.symbol.max_algo_orders * 2:
            raise Refusal(-4045, "Reach max stop order limit.")
        algo = Algo(self._venue.next_id(), account.name, name, ticket, now, now)
        if ticket.type != "TRAILING_STOP_MARKET" and self._reached(algo):
            raise Refusal(-2021, "Order would immediately trigger.")
        self.all[algo.id] = algo
        self._tell(algo, now)
        return algo

    def find(self, account: str, algo_id: int | None, client_id: str | None) -> Algo:
        """The newest conditional order of that id or client id. Raises -2013."""
        for algo in sorted(self.all.values(), key=lambda one: one.id, reverse=True):
            if algo.account == account and (algo.id == algo_id or algo.ticket.client_id == client_id):
                return algo
        raise Refusal(-2013, "Order does not exist.")

    def cancel(self, algo: Algo, now: int) -> None:
        self._end(algo, "CANCELED", now)

    def tick(self, now: int) -> None:
        """Trigger what has been reached; drop closing orders whose position is gone."""
        for algo in [one for one in self.all.values() if one.status == "NEW"]:
            if algo.ticket.close_position and not self._closable(algo):
                self._end(algo, "EXPIRED", now)
            elif self._reached(algo):
                self._trigger(algo, now)

    def _trigger(self, algo: Algo, now: int) -> None:
        ticket = algo.ticket
        quantity = self._closable(algo) if ticket.close_position else ticket.quantity
        kind = "LIMIT" if ticket.price else "MARKET"
        plain = replace(
            ticket,
            type=kind,
            stop=0,
            quantity=quantity,
            reduce_only=ticket.reduce_only or ticket.close_position,
        )
        algo.triggered_ms = now
        try:
            order = self._venue.place(self._venue.accounts.by_name[algo.account], algo.symbol, plain, now)
        except Refusal as refusal:
            algo.failure = refusal.message
            self._end(algo, "REJECTED", now)
            return
        algo.order_id = order.id
        order.original_type = ticket.type
        self._end(algo, "TRIGGERED", now)

    def _end(self, algo: Algo, status: str, now: int) -> None:
        algo.status, algo.updated_ms = status, now
        self._tell(algo, now)

    def _closable(self, algo: Algo) -> int:
        amount = self._settlement.position(algo.account, algo.symbol).amount
        return max(0, -amount if algo.side == "BUY" else amount)

    def _reached(self, algo: Algo) -> bool:
        ticket = algo.ticket
        last = self._venue.reference(self._venue.market(algo.symbol))
        if ticket.type == "TRAILING_STOP_MARKET":
            return self._trailed(algo, last)
        rising = ticket.type.startswith("STOP") == (ticket.side == "BUY")
        return last >= ticket.stop if rising else last <= ticket.stop

    def _trailed(self, algo: Algo, last: int) -> bool:
        """A trailing stop: active from its activation price on, it follows the best price by its callback rate."""
        ticket = algo.ticket
        better = min if ticket.side == "BUY" else max
        if not algo.peak:
            waiting = ticket.stop and (last > ticket.stop if ticket.side == "BUY" else last < ticket.stop)
            if waiting:
                return False
            algo.peak = last
        algo.peak = better(algo.peak, last)
        step = algo.peak * ticket.callback_ppm // 1_000_000
        return last >= algo.peak + step if ticket.side == "BUY" else last <= algo.peak - step
