"""Money on perpetuals: one cross-margin USDT wallet a user, one net position a symbol, funding and liquidation."""

from collections.abc import Callable
from dataclasses import dataclass

from sandbox.accounts import Account
from sandbox.book import Take
from sandbox.ledger import FEES, HOUSE, Ledger
from sandbox.orders import Order
from sandbox.refusal import Refusal
from sandbox.settling import Charge
from sandbox.symbols import Symbol
from sandbox.units import notional, share

DEFAULT_LEVERAGE = 20
SETTLE = "USDT"


@dataclass
class Position:
    """``amount`` signed in units of the base; ``cost`` signed in quote units: what its entry was worth, to the unit."""

    amount: int = 0
    cost: int = 0
    updated_ms: int = 0

    @property
    def entry_price(self) -> int:
        """The average entry price, cut to a unit."""
        return self.cost * 10**8 // self.amount if self.amount else 0


class PerpSettlement:
    """``mark`` gives a symbol's mark price, ``working`` an account's open orders."""

    def __init__(
        self, ledger: Ledger, mark: Callable[[str], int], working: Callable[[str], list[Order]]
    ) -> None:
        self._ledger = ledger
        self._mark = mark
        self._working = working
        self.positions: dict[tuple[str, str], Position] = {}

    def position(self, account: str, symbol: str) -> Position:
        return self.positions.setdefault((account, symbol), Position())

    def held(self, account: str) -> list[tuple[str, Position]]:
        """Positions of an account that are not flat."""
        return [
            (symbol, one)
            for (owner, symbol), one in sorted(self.positions.items())
            if owner == account and one.amount
        ]

    def unrealized(self, symbol: str, position: Position) -> int:
        return notional(self._mark(symbol), position.amount) - position.cost

    def wallet(self, account: Account) -> int:
        return self._ledger.free[account.perp, SETTLE]

    def equity(self, account: Account) -> int:
        """Wallet and unrealised profit: the margin balance."""
        return self.wallet(account) + sum(
            self.unrealized(symbol, one) for symbol, one in self.held(account.name)
        )

    def position_margin(self, account: Account) -> int:
        return sum(
            abs(notional(self._mark(symbol), one.amount)) // leverage(account, symbol)
            for symbol, one in self.held(account.name)
        )

    def order_margin(self, account: Account) -> int:
        """Margin of open orders that may open or increase a position."""
        return sum(
            notional(order.price or order.stop, self._increase(order, order.remaining))
            // leverage(account, order.symbol)
            for order in self._working(account.name)
            if not order.reduce_only and not order.close_position
        )

    def available(self, account: Account) -> int:
        return self.equity(account) - self.position_margin(account) - self.order_margin(account)

    def reserve(self, account: Account, symbol: Symbol, order: Order, takes: list[Take]) -> None:
        """Nothing is set aside: margin is what the wallet must carry. Raises -2022 and -2019."""
        if order.reduce_only:
            if not self.reducible(order):
                raise Refusal(-2022, "ReduceOnly Order is rejected.")
            return
        if not self.payable(account, symbol, order, takes):
            raise Refusal(-2019, "Margin is insufficient.")

    def payable(self, account: Account, symbol: Symbol, order: Order, takes: list[Take]) -> bool:
        more = self._increase(order, order.remaining)
        price = order.price or self._mark(symbol.name)
        return more == 0 or notional(price, more) // leverage(account, symbol.name) <= self.available(account)

    def reducible(self, order: Order) -> int:
        """How much of a position a reduce-only order can still close."""
        amount = self.position(order.account, order.symbol).amount
        return max(0, -amount if order.side == "BUY" else amount)

    def room(self, order: Order) -> int:
        """A reduce-only order ends where the position does: it never turns it around."""
        return min(order.remaining, self.reducible(order)) if order.reduce_only else order.remaining

    def settle(
        self,
        account: Account,
        symbol: Symbol,
        order: Order,
        price: int,
        quantity: int,
        *,
        maker: bool,
        at: int,
    ) -> Charge:
        position = self.position(account.name, symbol.name)
        sign = 1 if order.side == "BUY" else -1
        closing = min(quantity, abs(position.amount)) if position.amount * sign < 0 else 0
        pnl = 0
        if closing:
            part = position.cost * closing // abs(position.amount)
            pnl = -sign * notional(price, closing) - part
            position.amount += sign * closing
            position.cost -= part
        position.amount += sign * (quantity - closing)
        position.cost += sign * notional(price, quantity - closing)
        position.updated_ms = at
        reference = f"{symbol.name}:{order.id}"
        self._ledger.move(at, HOUSE, account.perp, SETTLE, pnl, "REALIZED_PNL", reference)
        rate = account.perp_maker_ppm if maker else account.perp_taker_ppm
        fee = share(notional(price, quantity), rate)
        self._ledger.move(at, account.perp, FEES, SETTLE, fee, "COMMISSION", reference)
        return Charge(fee, SETTLE, pnl)

    def release(self, order: Order) -> None:
        """Margin of an order that ended is free because the order is no longer open."""

    def release_part(self, order: Order, quantity: int) -> None:
        """Margin follows the order's size by itself."""

    def fund(self, account: Account, symbol: str, rate_ppm: int, at: int) -> int:
        """Pay or receive funding on one position; returns what the wallet gained."""
        position = self.position(account.name, symbol)
        gain = -notional(self._mark(symbol), position.amount) * rate_ppm // 1_000_000
        self._ledger.move(at, HOUSE, account.perp, SETTLE, gain, "FUNDING_FEE", symbol)
        return gain

    def _increase(self, order: Order, quantity: int) -> int:
        """The part of an order that would open or grow a position."""
        amount = self.position(order.account, order.symbol).amount
        against = -amount if order.side == "BUY" else amount
        return max(0, quantity - max(0, against))


def leverage(account: Account, symbol: str) -> int:
    return account.leverage.get(symbol, DEFAULT_LEVERAGE)
