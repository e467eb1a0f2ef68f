"""One venue: places, fills, cancels and triggers orders against its books. Spot and perpetuals differ in settlement alone."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

from sandbox.accounts import Account, Accounts
from sandbox.book import Book, Take
from sandbox.orders import MARKETS, Fill, Order, Side
from sandbox.placing import Ticket, check
from sandbox.refusal import Refusal, bad_symbol, duplicate, rejected, too_many
from sandbox.settling import Settlement
from sandbox.symbols import Symbol
from sandbox.tape import Print, Tape


@dataclass
class Market:
    """A symbol with its tape and book."""

    symbol: Symbol
    tape: Tape
    book: Book


@dataclass(frozen=True)
class Report:
    """What happened to an order, as a user's stream tells it: NEW, TRADE, CANCELED, EXPIRED, REPLACED, AMENDMENT …"""

    account: str
    execution: str
    order: Order
    fill: Fill | None
    at: int


class Venue:
    """All markets and orders of one kind. Not safe for threads; what happened is left in ``reports`` and ``prints``."""

    def __init__(self, markets: Iterable[Market], accounts: Accounts, first_id: int) -> None:
        self.markets = {market.symbol.name: market for market in markets}
        self.accounts = accounts
        self.settlement: Settlement
        self.orders: dict[int, Order] = {}
        self.open: dict[int, Order] = {}
        self.by_client: dict[tuple[str, str, str], list[int]] = defaultdict(list)
        self.fills: list[Fill] = []
        self.reports: list[Report] = []
        self.prints: list[tuple[str, Print]] = []
        self.accepted: list[tuple[int, Order]] = []
        self._next_id = first_id

    def market(self, name: str | None) -> Market:
        market = self.markets.get(name or "")
        if market is None:
            raise bad_symbol()
        return market

    def average(self, market: Market, now: int) -> int:
        """The price that limits may not be far from: the mean of five minutes on spot, the mark on perpetuals."""
        return (
            market.book.mid if market.symbol.kind == "perp" else market.tape.average(now) or market.book.mid
        )

    def open_orders(self, account: str, symbol: str | None = None) -> list[Order]:
        return [one for one in self.open.values() if one.account == account and symbol in (None, one.symbol)]

    def named(self, account: str, symbol: str, order_id: int | None, client_id: str | None) -> Order | None:
        """An account's order of an id, or the newest one of a client id: it is unique among open orders alone.

        Raises the Refusal of a symbol that is not traded.
        """
        self.market(symbol)
        ids = (
            [order_id] if order_id is not None else self.by_client.get((account, symbol, client_id or ""), [])
        )
        order = self.orders.get(ids[-1]) if ids else None
        mine = order is not None and (order.account, order.symbol) == (account, symbol)
        return order if mine else None

    def next_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def place(self, account: Account, name: str, ticket: Ticket, now: int) -> Order:
        """Accept an order, or raise the Refusal that says why not; what it meets at once is filled."""
        order, takes = self.prepare(account, name, ticket, now)
        market = self.market(name)
        self.settlement.reserve(account, market.symbol, order, takes)
        self.register(order, now)
        self.enter(order, takes, now)
        return order

    def prepare(self, account: Account, name: str, ticket: Ticket, now: int) -> tuple[Order, list[Take]]:
        """All checks but the money's; returns the order and what it would meet."""
        market = self.market(name)
        check(market.symbol, ticket, market.book.mid, self.average(market, now))
        if any(self.orders[one].open for one in self.by_client[account.name, name, ticket.client_id]):
            raise duplicate(market.symbol.kind)
        if len(self.open_orders(account.name, name)) >= market.symbol.max_orders:
            raise too_many(market.symbol.kind)
        order = Order(
            self.next_id(), account.name, name, ticket.client_id, ticket.side, ticket.type, ticket.tif,
            ticket.price, ticket.stop, ticket.quantity, ticket.quote_quantity, now, now,
            reduce_only=ticket.reduce_only, close_position=ticket.close_position, working_type=ticket.working_type,
            original_type=ticket.type, working=not ticket.stop,
        )  # fmt: skip
        if ticket.stop:
            if self.triggered(order, market):
                raise rejected("Stop price would trigger immediately.")
            return order, []
        takes = self._meeting(order, market)
        if ticket.quote_quantity:
            order.quantity = sum(take.quantity for take in takes)
        if takes and ticket.type == "LIMIT_MAKER":
            raise rejected("Order would immediately match and take.")
        if takes and ticket.tif == "GTX":
            raise Refusal(
                -5022,
                "Due to the order could not be executed as maker, the Post Only order will be rejected.",
            )
        if ticket.type == "MARKET" and not takes:
            raise rejected("Market order has no liquidity to trade with.")
        return order, takes

    def register(self, order: Order, now: int) -> None:
        """From here on the exchange knows the order."""
        self.orders[order.id] = order
        self.open[order.id] = order
        self.by_client[order.account, order.symbol, order.client_id].append(order.id)
        self.accepted.append((now, order))
        self.report("NEW", order, None, now)

    def enter(self, order: Order, takes: list[Take], now: int) -> None:
        """Trade what is met; then rest, or end what may not rest."""
        if order.stopped:
            return
        met = min(sum(take.quantity for take in takes), self.settlement.room(order))
        if (takes and not met) or (order.tif == "FOK" and met < order.quantity):
            self.end(order, "EXPIRED", now)
            return
        for take in takes:
            if not self._trade(order, take, now):
                break
        if order.open:
            if order.at_market or order.tif in ("IOC", "FOK"):
                self.end(order, "EXPIRED", now)
            else:
                self.market(order.symbol).book.rest(order)

    def cancel(self, order: Order, now: int, execution: str = "CANCELED") -> None:
        """Take an open order back; the other leg of a pair goes with it."""
        self.end(order, "CANCELED", now, execution)

    def end(self, order: Order, status: str, now: int, execution: str | None = None) -> None:
        """The order's last state: off the book, its funds free."""
        order.status, order.updated_ms = status, now
        self.open.pop(order.id, None)
        self.market(order.symbol).book.leave(order)
        self.settlement.release(order)
        self.report(execution or status, order, None, now)

    def shrink(self, order: Order, quantity: int, now: int) -> None:
        """Make an open order smaller, keeping its place."""
        self.settlement.release_part(order, quantity)
        order.quantity, order.updated_ms = quantity, now
        self.report("AMENDMENT", order, None, now)

    def report(self, execution: str, order: Order, fill: Fill | None, now: int) -> None:
        self.reports.append(
            Report(order.account, execution, replace(order, fills=list(order.fills)), fill, now)
        )

    def tick(self, now: int) -> None:
        """Let every market move: new quotes, a public trade, triggers, and fills of what rests."""
        for market in self.markets.values():
            price = market.tape.price(now)
            if price is None:
                market.symbol = replace(market.symbol, status="BREAK")
                continue
            if market.symbol.status != "TRADING":
                continue
            market.book.quote(price, now // 1000)
            self._print(
                market,
                price,
                market.symbol.step * (1 + now // 100 % 97),
                now,
                buyer_maker=now // 100 % 2 == 0,
            )
            self._reach(market, now)
            self._trigger(market, now)

    def triggered(self, order: Order, market: Market) -> bool:
        """Whether a stop's or take-profit's price has been reached."""
        last = self.reference(market)
        rising = order.type.startswith("STOP") == (order.side == "BUY")
        return last >= order.stop if rising else last <= order.stop

    def reference(self, market: Market) -> int:
        """The price that triggers look at: the last trade's, or the quote's before the first."""
        return market.tape.prints[-1].price if market.tape.prints else market.book.mid

    def _meeting(self, order: Order, market: Market) -> list[Take]:
        limit = 0 if order.type in MARKETS else order.price
        return market.book.sweep(order.side, limit, order.remaining, order.quote_quantity)

    def _trade(self, order: Order, take: Take, now: int) -> bool:
        """One step of a sweep. False when it ended the incoming order."""
        market = self.market(order.symbol)
        against = take.against
        if against is not None and against.account == order.account:
            self.end(against, "EXPIRED_IN_MATCH", now, "TRADE_PREVENTION")
            return True
        quantity = min(take.quantity, self.settlement.room(order))
        if against is not None:
            quantity = min(quantity, self.settlement.room(against))
            if not quantity:
                self.end(against, "EXPIRED", now)
                return True
        trade = self._print(market, take.price, quantity, now, buyer_maker=order.side == "SELL")
        if against is None:
            market.book.take(order.side, take.price, quantity)
        else:
            self.fill(against, take.price, quantity, trade.id, now, maker=True)
        self.fill(order, take.price, quantity, trade.id, now, maker=False)
        return order.open

    def _print(self, market: Market, price: int, quantity: int, now: int, *, buyer_maker: bool) -> Print:
        trade = market.tape.note(price, quantity, now, buyer_maker)
        self.prints.append((market.symbol.name, trade))
        return trade

    def fill(self, order: Order, price: int, quantity: int, trade_id: int, now: int, *, maker: bool) -> None:
        """Book one fill of an order and say so."""
        market = self.market(order.symbol)
        account = self.accounts.by_name[order.account]
        charge = self.settlement.settle(account, market.symbol, order, price, quantity, maker=maker, at=now)
        fill = Fill(
            trade_id, order.id, order.account, order.symbol, order.side, price, quantity, price * quantity // 10**8,
            charge.fee, charge.fee_asset, maker, now, charge.pnl, order.list_id,
        )  # fmt: skip
        self.fills.append(fill)
        order.fills.append(fill)
        order.executed += quantity
        order.quote += fill.quote
        order.updated_ms = now
        done = order.executed >= order.quantity if order.quantity else False
        order.status = "FILLED" if done else "PARTIALLY_FILLED"
        if done:
            self.open.pop(order.id, None)
            market.book.leave(order)
            self.settlement.release(order)
        self.report("TRADE", order, fill, now)
        if not done and not self.settlement.room(order):
            self.end(order, "EXPIRED", now)

    def _reach(self, market: Market, now: int) -> None:
        """Fill resting orders that the house's quotes have come to: in full when passed, by the level's size when touched."""
        sides: tuple[tuple[Side, Side], ...] = (("BUY", "SELL"), ("SELL", "BUY"))
        for side, other in sides:
            house = market.book.house[other]
            if not house:
                continue
            best = min(house) if other == "SELL" else max(house)
            for order in list(market.book.resting[side]):
                passed = order.price - best if side == "BUY" else best - order.price
                if passed < 0 or not order.open:
                    continue
                room = self.settlement.room(order)
                if not room:
                    self.end(order, "EXPIRED", now)
                quantity = room if passed else min(room, house.get(best, 0))
                if quantity:
                    trade = self._print(market, order.price, quantity, now, buyer_maker=side == "BUY")
                    self.fill(order, order.price, quantity, trade.id, now, maker=True)

    def _trigger(self, market: Market, now: int) -> None:
        for order in [one for one in self.open.values() if one.symbol == market.symbol.name and one.stopped]:
            if order.open and self.triggered(order, market):
                self.activate(order, market, now)

    def activate(self, order: Order, market: Market, now: int) -> None:
        """A stop becomes an order that works."""
        order.working, order.updated_ms = True, now
        takes = self._meeting(order, market)
        account = self.accounts.by_name[order.account]
        if (order.at_market and not takes) or not self.settlement.payable(
            account, market.symbol, order, takes
        ):
            self.end(order, "EXPIRED", now)
            return
        self.enter(order, takes, now)
