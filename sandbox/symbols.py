"""What is traded, and the filters an order must pass."""

from dataclasses import dataclass, replace
from typing import Literal

from sandbox.refusal import Refusal, filtered
from sandbox.units import ONE, notional, parse, share, trimmed

Kind = Literal["spot", "perp"]
MOST_PRICE = 1_000_000 * ONE
DISTANCE_PPM: dict[Kind, tuple[int, int]] = {"spot": (200_000, 5_000_000), "perp": (950_000, 1_050_000)}
"""PERCENT_PRICE: the lowest and highest price, in millionths of the price that is looked at."""


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
        if price > MOST_PRICE:
            raise self._refused("PRICE_FILTER", -4002, "Price greater than max price.")
        if price < self.tick:
            raise self._refused("PRICE_FILTER", -4013, "Price less than min price.")
        if price % self.tick:
            raise self._refused("PRICE_FILTER", -4014, "Price not increased by tick size.")

    def check_quantity(self, quantity: int) -> None:
        if quantity < self.min_quantity:
            raise self._refused("LOT_SIZE", -4004, "Quantity less than min quantity.")
        if quantity > self.max_quantity:
            raise self._refused("LOT_SIZE", -4005, "Quantity greater than max quantity.")
        if quantity % self.step:
            raise self._refused("LOT_SIZE", -1111, "Precision is over the maximum defined for this asset.")

    def check_notional(self, price: int, quantity: int) -> None:
        if notional(price, quantity) < self.min_notional:
            least = trimmed(self.min_notional)
            raise self._refused(
                "NOTIONAL",
                -4164,
                f"Order's notional must be no smaller than {least} (unless you choose reduce only).",
            )

    def check_distance(self, side: str, price: int, average: int) -> None:
        """How far a limit may be from ``average``: spot's mean of five minutes both ways, a perpetual's mark on the side
        on which the order would trade."""
        low, high = (share(average, ppm) for ppm in DISTANCE_PPM[self.kind])
        if price > high and (self.kind == "spot" or side == "BUY"):
            raise self._refused(
                "PERCENT_PRICE_BY_SIDE", -4016, f"Limit price can't be higher than {trimmed(high)}."
            )
        if price < low and (self.kind == "spot" or side == "SELL"):
            raise self._refused(
                "PERCENT_PRICE_BY_SIDE", -4024, f"Limit price can't be lower than {trimmed(low)}."
            )

    def _refused(self, spot_filter: str, code: int, message: str) -> Refusal:
        """Spot names the filter, the perpetuals have a code for each reason."""
        return filtered(spot_filter) if self.kind == "spot" else Refusal(code, message)

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
