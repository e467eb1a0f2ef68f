"""How much of the book hangs on few assets, and how alike they move."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

import numpy as np

from openoutcry.risk.returns import Floats
from openoutcry.types.book import Portfolio
from openoutcry.types.symbols import parse_symbol


@dataclass(frozen=True, slots=True)
class Concentration:
    """Shares of gross value by asset, their Herfindahl index (1 = one asset) and its inverse, the
    effective number.
    """

    shares: Mapping[str, float]
    herfindahl: float
    effective_assets: float


def concentration(portfolio: Portfolio, prices: Mapping[str, Decimal]) -> Concentration:
    """Of the open positions, by absolute value; spot and perpetual of an asset together. Symbols need a
    price.
    """
    values: dict[str, Decimal] = {}
    for position in portfolio.positions:
        base = parse_symbol(position.symbol).base
        values[base] = values.get(base, Decimal(0)) + position.quantity * prices[position.symbol]
    total = sum(values.values(), Decimal(0))
    if total == 0:
        return Concentration({}, 0.0, 0.0)
    shares = {base: float(value / total) for base, value in sorted(values.items())}
    index = sum(share * share for share in shares.values())
    return Concentration(shares, index, 1.0 / index)


def correlation(left: Floats, right: Floats) -> float | None:
    """Pearson correlation of two equally long return series; None of fewer than two, or where one does not
    move.
    """
    if len(left) < 2 or len(left) != len(right):
        return None
    first, second = left - left.mean(), right - right.mean()
    scale = float(np.sqrt(np.dot(first, first) * np.dot(second, second)))
    return min(1.0, max(-1.0, float(np.dot(first, second)) / scale)) if scale > 1e-300 else None
