"""Spot and perpetual of each asset side by side."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.errors import DataUnavailable
from openoutcry.risk.exposure import is_perp
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.symbols import parse_symbol

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class AssetExposure:
    """One asset. Quantities in base units, values in quote; perpetual figures are signed, negative = short.

    ``hedge_quantity`` is the part of the short that was sold as a hedge; the rest, if any, is a position of its own.
    """

    asset: str
    spot_quantity: Decimal = ZERO
    spot_value: Decimal = ZERO
    perp_quantity: Decimal = ZERO
    perp_value: Decimal = ZERO
    hedge_quantity: Decimal = ZERO

    @property
    def net(self) -> Decimal:
        """Spot value plus signed perpetual value."""
        return self.spot_value + self.perp_value

    @property
    def hedge_ratio(self) -> float:
        """Short perpetual over spot value: 1.0 = fully hedged; 0 without spot, or where the perpetual is
        held long.
        """
        if self.spot_value <= 0 or self.perp_value >= 0:
            return 0.0
        return float(-self.perp_value / self.spot_value)


def exposures(portfolio: Portfolio, prices: Mapping[str, Decimal]) -> tuple[AssetExposure, ...]:
    """Every asset held, by name. Raises DataUnavailable when a held symbol has no price."""
    found: dict[str, AssetExposure] = {}
    for position in portfolio.positions:
        price = prices.get(position.symbol)
        if price is None:
            raise DataUnavailable(f"{position.symbol}: no price to value an open position at")
        asset = parse_symbol(position.symbol).base
        before = found.get(asset, AssetExposure(asset))
        quantity = _signed(position)
        perp = is_perp(position.symbol)
        own = (position,) if perp else ()
        found[asset] = AssetExposure(
            asset=asset,
            spot_quantity=before.spot_quantity + (ZERO if perp else quantity),
            spot_value=before.spot_value + (ZERO if perp else quantity * price),
            perp_quantity=before.perp_quantity + (quantity if perp else ZERO),
            perp_value=before.perp_value + (quantity * price if perp else ZERO),
            hedge_quantity=before.hedge_quantity + hedge_quantity(own),
        )
    return tuple(found[asset] for asset in sorted(found))


def short_quantity(perpetuals: Iterable[Position]) -> Decimal:
    """Base units short on balance, among positions in one perpetual: all of them stand against the spot, whoever
    opened them. 0 when the perpetual is held long.
    """
    return max(ZERO, -sum((_signed(p) for p in perpetuals), ZERO))


def hedge_quantity(perpetuals: Iterable[Position]) -> Decimal:
    """Base units that were sold as a hedge: what may be bought back as one."""
    return sum((-_signed(p) for p in perpetuals if p.role == "hedge"), ZERO)


def _signed(position: Position) -> Decimal:
    return position.quantity if position.side == "LONG" else -position.quantity
