"""Where the risk is: each asset's net exposure, and what is held in spot and in perpetuals."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.hedging.exposures import exposures
from openoutcry.portfolio import mark
from openoutcry.risk.exposure import fraction, is_perp
from openoutcry.settings import RiskSettings
from openoutcry.types.amounts import cents
from openoutcry.types.book import Portfolio
from openoutcry.types.symbols import parse_symbol

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Allocation:
    """Exposure of each asset as a signed fraction of equity: spot plus perpetual, so a hedged asset is near 0.

    ``total`` adds up their absolute values. None of a book without equity: there is nothing to be a share of.
    """

    by_asset: Mapping[str, float]
    total: float


@dataclass(frozen=True, slots=True)
class Line:
    """All positions in one symbol. Quantity and value are signed, negative = short; ``leverage`` is value over the
    cash the gate sets aside for it, 1 for spot.
    """

    symbol: str
    quantity: Decimal
    value: Decimal
    average_entry: Decimal
    leverage: float


def allocation(portfolio: Portfolio, prices: Mapping[str, Decimal]) -> Allocation | None:
    """Exposure by asset, in order of name. Raises DataUnavailable when a held symbol has no price."""
    equity = mark(portfolio, prices).equity
    if equity <= 0:
        return None
    by_asset = {e.asset: float(e.net / equity) for e in exposures(portfolio, prices)}
    return Allocation(by_asset, sum(abs(share) for share in by_asset.values()))


def lines(
    portfolio: Portfolio, prices: Mapping[str, Decimal], risk: RiskSettings
) -> tuple[tuple[Line, ...], tuple[Line, ...]]:
    """Spot and perpetual positions, one line a symbol. Symbols need a price.

    A symbol whose positions cancel out exactly has no line.
    """
    quantities: dict[str, Decimal] = {}
    costs: dict[str, Decimal] = {}
    for position in portfolio.positions:
        sign = 1 if position.side == "LONG" else -1
        name = position.symbol
        quantities[name] = quantities.get(name, ZERO) + sign * position.quantity
        costs[name] = costs.get(name, ZERO) + sign * position.quantity * position.entry_price
    leverage = float(1 / fraction(risk.perp_margin))
    found = [
        Line(
            symbol=name,
            quantity=quantity,
            value=cents(quantity * prices[name]),
            average_entry=cents(abs(costs[name] / quantity)),
            leverage=leverage if is_perp(name) else 1.0,
        )
        for name, quantity in sorted(quantities.items())
        if quantity != 0
    ]
    return tuple(line for line in found if not is_perp(line.symbol)), tuple(
        line for line in found if is_perp(line.symbol)
    )


def short_name(symbol: str) -> str:
    """How the positions API names a symbol: ``BTC`` for spot, ``BTC-PERP`` for a perpetual."""
    base = parse_symbol(symbol).base
    return f"{base}-PERP" if is_perp(symbol) else base
