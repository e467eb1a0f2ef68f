"""The whole exchange: both venues, one ledger, one clock. Synchronous: whoever calls it does so from one thread."""

from collections.abc import Iterable, Mapping
from typing import Protocol

from sandbox.accounts import Account, Accounts
from sandbox.algos import Algo, Algos
from sandbox.book import Book
from sandbox.feeds import Feed
from sandbox.ledger import FEES, HOUSE, OUTSIDE, Ledger
from sandbox.pairs import SpotVenue
from sandbox.perp_settling import SETTLE, PerpSettlement
from sandbox.placing import Ticket
from sandbox.refusal import Refusal
from sandbox.spot_settling import SpotSettlement
from sandbox.symbols import PERPETUAL, SPOT, Symbol
from sandbox.tape import Tape
from sandbox.units import parse, share
from sandbox.venue import Market, Venue

FUNDING_MS = 8 * 3_600_000
FUNDING_PPM = 100
LIQUIDATION_PPM = 5_000
FUNDED_BEFORE = 270
"""How many fundings are told of before the exchange opened: 90 days of them."""


class Clock(Protocol):
    skew_ms: int

    def now(self) -> int: ...


class Exchange:
    """``feeds`` by base asset. Events wait in ``reports``, ``algo_reports``, ``funded`` and ``moved`` for the
    streams; ``moved`` has account, asset, units that came to spot (negative: that left), and when.
    """

    def __init__(self, clock: Clock, feeds: dict[str, Feed], seed: int) -> None:
        self.clock = clock
        self.seed = seed
        self.ledger = Ledger()
        self.accounts = Accounts()
        now = clock.now()
        self.spot = SpotVenue(self._markets(SPOT, feeds, now), self.accounts, 1_000_000)
        self.perp = Venue(self._markets(PERPETUAL, feeds, now), self.accounts, 8_000_000_000)
        self.spot.settlement = SpotSettlement(self.ledger, self._bnb)
        self.margin = PerpSettlement(self.ledger, self.mark, self.perp.open_orders)
        self.perp.settlement = self.margin
        self.algo_reports: list[tuple[Algo, int]] = []
        self.algos = Algos(self.perp, self.margin, lambda algo, at: self.algo_reports.append((algo, at)))
        self.funded: list[tuple[str, int]] = []
        self.moved: list[tuple[str, str, int, int]] = []
        self.funding_ppm = {name: FUNDING_PPM for name in self.perp.markets}
        self.next_funding_ms = (now // FUNDING_MS + 1) * FUNDING_MS
        self.funding_history = self._funded_before()
        self.tick()

    def mark(self, symbol: str) -> int:
        """The mark price: the book's middle."""
        return self.perp.market(symbol).book.mid

    def tick(self) -> None:
        """Bring both venues to the clock's time, pay funding that is due, liquidate what is under water."""
        now = self.clock.now()
        self.spot.tick(now)
        self.perp.tick(now)
        self.algos.tick(now)
        if now >= self.next_funding_ms:
            self.fund(self.next_funding_ms)
            self.next_funding_ms = (now // FUNDING_MS + 1) * FUNDING_MS
        for account in self.accounts.by_name.values():
            self._liquidate_if_due(account, now)

    def fund(self, now: int) -> None:
        """Exchange funding between every open position and the house."""
        for name in self.perp.markets:
            self.funding_history.append((name, now, self.funding_ppm[name], self.mark(name)))
            for (owner, symbol), position in self.margin.positions.items():
                if symbol == name and position.amount:
                    self.margin.fund(self.accounts.by_name[owner], name, self.funding_ppm[name], now)
                    self.funded.append((owner, now))

    def deposit(self, account: Account, asset: str, units: int, *, perp: bool = False) -> None:
        """Money from outside, or (negative) to it; it appears without an order, as a user's own transfer would."""
        wallet = account.perp if perp else account.name
        if self.ledger.free[wallet, asset] + units < 0:
            raise ValueError(f"{account.name} has less than that of {asset}")
        self.ledger.move(self.clock.now(), OUTSIDE, wallet, asset, units, "TRANSFER")

    def open_account(
        self, name: str, balances: Mapping[str, str], margin: str, *, withdrawals: bool = False
    ) -> Account:
        """A new user with money from outside, in plain decimals. Raises ValueError naming what is not one."""
        amounts = {asset: parse(text) for asset, text in balances.items()}
        wallet = parse(margin)
        for what, units in (*amounts.items(), ("margin", wallet)):
            if units is None:
                raise ValueError(f"{what}: must be a plain decimal")
        account = self.accounts.open(name, withdrawals=withdrawals)
        for asset, units in amounts.items():
            self.deposit(account, asset, units or 0)
        self.deposit(account, SETTLE, wallet or 0, perp=True)
        return account

    def transfer(self, account: Account, asset: str, units: int, *, to_perp: bool) -> int:
        """Between a user's spot and futures wallets; the entry's number. Raises -5013 when there is too little that is free:
        of a futures wallet what no position and no order needs."""
        source, target = (account.name, account.perp) if to_perp else (account.perp, account.name)
        room = self.ledger.free[source, asset]
        if not to_perp:
            room = min(room, self.margin.available(account))
        if room < units:
            raise Refusal(-5013, "Asset transfer failed: insufficient balance")
        now = self.clock.now()
        self.ledger.move(now, source, target, asset, units, "TRANSFER")
        self.moved.append((account.name, asset, -units if to_perp else units, now))
        return self.ledger.entries[-1].number

    def liquidate(self, account: Account, now: int) -> None:
        """Cancel the account's orders and close its positions at the market; the house covers what is then missing.

        What a market does not take now, for it is halted or its filters are in the way, stays until it does.
        """
        for order in self.perp.open_orders(account.name):
            self.perp.cancel(order, now)
        for algo in self.algos.open(account.name):
            self.algos.cancel(algo, now)
        for symbol, position in self.margin.held(account.name):
            side = "SELL" if position.amount > 0 else "BUY"
            name = f"autoclose-{now}{self.perp.next_id()}"
            quantity = min(abs(position.amount), self.perp.market(symbol).symbol.max_quantity)
            ticket = Ticket(side, "MARKET", "GTC", 0, 0, quantity, 0, name, reduce_only=True)  # type: ignore[arg-type]
            try:
                order = self.perp.place(account, symbol, ticket, now)
            except Refusal:
                continue
            self.ledger.move(
                now,
                account.perp,
                FEES,
                SETTLE,
                share(order.quote, LIQUIDATION_PPM),
                "INSURANCE_CLEAR",
                symbol,
            )
        missing = -self.ledger.free[account.perp, SETTLE]
        if missing > 0:
            self.ledger.move(now, HOUSE, account.perp, SETTLE, missing, "INSURANCE_CLEAR")

    def bust(self, fill_id: int, symbol: str, account: Account) -> None:
        """Void one spot fill: what was swapped goes back by new entries; the fill itself stays in the history.

        Raises ValueError when there is no such fill, or what it brought is not free any more.
        """
        fill = next(
            (f for f in self.spot.fills if (f.id, f.symbol, f.account) == (fill_id, symbol, account.name)),
            None,
        )
        if fill is None:
            raise ValueError(f"no fill {fill_id} of {account.name} on {symbol}")
        market, now = self.spot.market(symbol).symbol, self.clock.now()
        sign = 1 if fill.side == "BUY" else -1
        got, brought = (market.base, fill.quantity) if sign > 0 else (market.quote, fill.quote)
        if self.ledger.free[account.name, got] + (fill.fee if fill.fee_asset == got else 0) < brought:
            raise ValueError(f"trade: the {got} that it brought is not free any more")
        reference = f"{symbol}:{fill.order_id}:bust"
        self.ledger.move(now, HOUSE, account.name, market.quote, sign * fill.quote, "bust", reference)
        self.ledger.move(now, account.name, HOUSE, market.base, sign * fill.quantity, "bust", reference)
        self.ledger.move(now, FEES, account.name, fill.fee_asset, fill.fee, "bust", reference)

    def _liquidate_if_due(self, account: Account, now: int) -> None:
        held = self.margin.held(account.name)
        if not held:
            return
        need = sum(
            share(
                abs(position.amount) * self.mark(name) // 10**8, self.perp.market(name).symbol.maintenance_ppm
            )
            for name, position in held
        )
        if self.margin.equity(account) < need:
            self.liquidate(account, now)

    def _funded_before(self) -> list[tuple[str, int, int, int]]:
        """(symbol, time, rate, mark price) of the fundings that fell due before the exchange opened."""
        return [
            (name, at, self.funding_ppm[name], price)
            for at in (self.next_funding_ms - back * FUNDING_MS for back in range(FUNDED_BEFORE, 0, -1))
            for name, market in self.perp.markets.items()
            if (price := market.tape.price(at)) is not None
        ]

    def _bnb(self) -> int:
        market = self.spot.markets.get("BNBUSDT")
        return market.book.mid if market else 0

    def _markets(self, symbols: Iterable[Symbol], feeds: dict[str, Feed], now: int) -> list[Market]:
        return [
            Market(one, Tape(feeds[one.base], one.tick, now), Book(one.tick, one.step, self.seed))
            for one in symbols
            if one.base in feeds
        ]
