"""What a hedge costs: funding the short pays, and the discount it is sold at."""

from dataclasses import dataclass

FUNDINGS_PER_DAY = 3
"""Perpetuals settle funding every eight hours."""


@dataclass(frozen=True, slots=True)
class CarryCost:
    """Of a short perpetual, per cent of its value. Negative figures are income; ``funding_daily`` None
    when unknown.
    """

    funding_daily: float | None
    basis: float

    @property
    def burden(self) -> float:
        """Per cent that speaks against hedging: funding paid in a day plus the discount; income counts as
        nothing.
        """
        return max(0.0, self.funding_daily or 0.0) + max(0.0, -self.basis)


def carry_cost(funding_rate: float | None, spot_price: float, perp_price: float) -> CarryCost:
    """``funding_rate`` is per funding interval; when positive, longs pay shorts. Prices are positive."""
    daily = None if funding_rate is None else -funding_rate * FUNDINGS_PER_DAY * 100.0
    return CarryCost(funding_daily=daily, basis=(perp_price / spot_price - 1.0) * 100.0)
