"""What is traded, and the filters an order must pass."""

from dataclasses import dataclass, replace
from typing import Literal

from sandbox.refusal import filtered
from sandbox.units import ONE, notional, parse

Kind = Literal["spot", "perp"]


@dataclass(frozen=True)
class Symbol:
    """One market. Prices and quantities in units (see units.py); rates in millionths."""

    name: str
    base: str
    quote: str
    kind: Kind
    tick: int
    step: int
    min_quantity: int
    max_quantity: int
    min_notional: int
    status: str = "TRADING"
    max_orders: int = 200
    max_algo_orders: int = 5
    maintenance_ppm: int = 4_000

    def __post_init__(self) -> None:
        if self.tick * self.step % ONE:
            raise ValueError(f"{self.name}: tick x step must be a whole unit of the quote")

    @property
    def price_decimals(self) -> int:
        return decimals(self.tick)

    @property
    def quantity_decimals(self) -> int:
        return decimals(self.step)

    def check_price(self, price: int) -> None:
        if price <= 0 or price > 1_000_000 * ONE or price % self.tick:
            raise filtered("PRICE_FILTER")

    def check_quantity(self, quantity: int) -> None:
        if not self.min_quantity <= quantity <= self.max_quantity or quantity % self.step:
            raise filtered("LOT_SIZE")

    def check_notional(self, price: int, quantity: int) -> None:
        if notional(price, quantity) < self.min_notional:
            raise filtered("NOTIONAL")

    def changed(self, **values: str) -> "Symbol":
        """The market after a filter change: ``tick``, ``step``, ``min_quantity``, ``min_notional`` as decimals, ``status``."""
        units: dict[str, object] = {}
        for name, value in values.items():
            if name == "status":
                units[name] = value
                continue
            amount = parse(value) if name in ("tick", "step", "min_quantity", "min_notional") else None
            if amount is None:
                raise ValueError(f"{name}: cannot be changed to {value!r}")
            units[name] = amount
        return replace(self, **units)  # type: ignore[arg-type]


def decimals(unit: int) -> int:
    """Decimal places of a tick or step: 2 for 0.01."""
    return max(0, 8 - (len(str(unit)) - len(str(unit).rstrip("0"))))


def spot(base: str, quote: str = "USDT", *, tick: str, step: str) -> Symbol:
    lot = units(step)
    return Symbol(base + quote, base, quote, "spot", units(tick), lot, lot, 9_000 * ONE, 5 * ONE)


def perpetual(base: str, quote: str = "USDT", *, tick: str, step: str) -> Symbol:
    lot = units(step)
    return Symbol(base + quote, base, quote, "perp", units(tick), lot, lot, 1_000 * ONE, 5 * ONE)


def units(text: str) -> int:
    amount = parse(text)
    if amount is None or amount <= 0:
        raise ValueError(f"{text!r} is not a positive decimal")
    return amount


SPOT = (
    spot("BTC", tick="0.01", step="0.00001"),
    spot("ETH", tick="0.01", step="0.0001"),
    spot("BNB", tick="0.01", step="0.001"),
)
PERPETUAL = (perpetual("BTC", tick="0.1", step="0.001"), perpetual("ETH", tick="0.01", step="0.001"))
