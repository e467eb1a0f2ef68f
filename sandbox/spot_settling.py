"""Money on spot: funds are locked when an order is placed, swapped when it fills, freed when it ends."""

from collections.abc import Callable

from sandbox.accounts import Account
from sandbox.book import Take
from sandbox.ledger import FEES, HOUSE, Ledger
from sandbox.orders import Order
from sandbox.refusal import poor
from sandbox.settling import Charge
from sandbox.symbols import Symbol
from sandbox.units import ONE, notional, share

BNB_DISCOUNT_PPM = 750_000


class SpotSettlement:
    """``bnb_price`` gives the price of BNB in the quote asset, for users who pay their fees with it (0: not traded)."""

    def __init__(self, ledger: Ledger, bnb_price: Callable[[], int]) -> None:
        self._ledger = ledger
        self._bnb_price = bnb_price

    def reserve(self, account: Account, symbol: Symbol, order: Order, takes: list[Take]) -> None:
        asset, units = self._need(symbol, order, takes)
        self._ledger.lock(account.name, asset, units)
        order.reserved, order.reserved_asset = units, asset

    def payable(self, account: Account, symbol: Symbol, order: Order, takes: list[Take]) -> bool:
        """Whether what a triggered order meets can be paid from its lock and what is free."""
        if order.side == "SELL":
            return True
        cost = sum(notional(take.price, take.quantity) for take in takes)
        return cost <= order.reserved + self._ledger.free[account.name, symbol.quote]

    def room(self, order: Order) -> int:
        return order.remaining

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
        worth = notional(price, quantity)
        if order.side == "BUY":
            self._unlock(order, notional(order.price or price, quantity))
            paid, got, gives, takes = worth, quantity, symbol.quote, symbol.base
        else:
            self._unlock(order, quantity)
            paid, got, gives, takes = quantity, worth, symbol.base, symbol.quote
        if self._ledger.free[account.name, gives] < paid:
            raise poor()
        reference = f"{symbol.name}:{order.id}"
        self._ledger.move(at, account.name, HOUSE, gives, paid, "trade", reference)
        self._ledger.move(at, HOUSE, account.name, takes, got, "trade", reference)
        rate = account.spot_maker_ppm if maker else account.spot_taker_ppm
        fee, fee_asset = share(got, rate), takes
        if account.pays_with_bnb:
            fee, fee_asset = self._in_bnb(account, share(worth, rate), fee, takes)
        self._ledger.move(at, account.name, FEES, fee_asset, fee, "fee", reference)
        return Charge(fee, fee_asset)

    def release(self, order: Order) -> None:
        self._unlock(order, order.reserved)

    def release_part(self, order: Order, quantity: int) -> None:
        less = order.quantity - quantity
        self._unlock(order, notional(order.price, less) if order.side == "BUY" else less)

    def _in_bnb(self, account: Account, quote_fee: int, fee: int, asset: str) -> tuple[int, str]:
        price = self._bnb_price()
        if not price:
            return fee, asset
        units = share(quote_fee * ONE // price, BNB_DISCOUNT_PPM)
        return (units, "BNB") if self._ledger.free[account.name, "BNB"] >= units else (fee, asset)

    def _unlock(self, order: Order, units: int) -> None:
        part = min(units, order.reserved)
        self._ledger.unlock(order.account, order.reserved_asset, part)
        order.reserved -= part

    @staticmethod
    def _need(symbol: Symbol, order: Order, takes: list[Take]) -> tuple[str, int]:
        if order.side == "SELL":
            return symbol.base, order.quantity or sum(take.quantity for take in takes)
        if order.price:
            return symbol.quote, notional(order.price, order.quantity)
        if order.stop:
            return symbol.quote, notional(order.stop, order.quantity)
        return symbol.quote, sum(notional(take.price, take.quantity) for take in takes)
