"""Where the book stands against each of its limits."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.risk.exposure import fraction, funds, value_of
from openoutcry.risk.standing import assets, standings
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio
from openoutcry.types.orders import WorkingOrder

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class LimitUse:
    """One limit: its use and its bound, both fractions of equity or counts. ``used`` is their ratio, None
    for a bound of 0.
    """

    rule: str
    value: Decimal
    limit: Decimal

    @property
    def used(self) -> float | None:
        """Share of the limit in use."""
        return float(self.value / self.limit) if self.limit > 0 else None

    @property
    def breached(self) -> bool:
        """Beyond the limit; loss limits already at it."""
        if self.rule in ("max_daily_loss", "max_drawdown"):
            return self.value > 0 and self.value >= self.limit
        return self.value > self.limit


def limit_uses(
    portfolio: Portfolio, working: Iterable[WorkingOrder], prices: Mapping[str, Decimal], settings: Settings
) -> tuple[LimitUse, ...]:
    """Every book limit with what uses it, open orders at their worst. Raises DataUnavailable without a
    needed price.
    """
    orders = tuple(working)
    held = standings(portfolio, orders)
    money = funds(portfolio, orders, held, prices, settings)
    risk = settings.risk
    values = {symbol: value_of(standing.worst, prices, symbol) for symbol, standing in held.items()}
    largest = max(values.values(), default=ZERO)
    return (
        LimitUse("max_position_size", _share(largest, money.equity), fraction(risk.max_position_size)),
        LimitUse(
            "max_gross_exposure",
            _share(sum(values.values(), ZERO), money.equity),
            fraction(risk.max_gross_exposure),
        ),
        LimitUse("max_positions", Decimal(len(assets(held))), Decimal(settings.trading.max_positions)),
        LimitUse("max_daily_loss", money.daily_loss, fraction(risk.max_daily_loss)),
        LimitUse("max_drawdown", money.drawdown, fraction(risk.max_drawdown)),
    )


def _share(value: Decimal, equity: Decimal) -> Decimal:
    """Of equity; of no equity, anything at all is more than any limit."""
    if value == 0:
        return ZERO
    return value / equity if equity > 0 else Decimal("999999")
