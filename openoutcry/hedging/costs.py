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

    @property
    def said(self) -> str:
        """In words, for a commentary."""
        if self.funding_daily is None:
            funding = "funding is unknown"
        else:
            verb = "pays" if self.funding_daily > 0 else "earns"
            funding = f"a short {verb} {abs(self.funding_daily):.3f} % a day in funding"
        side = "below" if self.basis < 0 else "above"
        return f"{funding} and is sold {abs(self.basis):.3f} % {side} the spot"


def carry_cost(funding_rate: float | None, basis_pct: float) -> CarryCost:
    """``funding_rate`` is per funding interval; when positive, longs pay shorts. ``basis_pct`` is the
    perpetual's price above the spot's, in per cent of it.
    """
    daily = None if funding_rate is None else -funding_rate * FUNDINGS_PER_DAY * 100.0
    return CarryCost(funding_daily=daily, basis=basis_pct)


def basis_pct(spot_price: float, perp_price: float) -> float:
    """The perpetual's price above the spot's, per cent of the spot's. Prices are positive."""
    return (perp_price / spot_price - 1.0) * 100.0
