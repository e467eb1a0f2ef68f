"""The book's limits: what uses each, and what it comes to in money. The gate refuses by these very uses."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.risk.exposure import Funds, fraction, funds, value_of
from openoutcry.risk.standing import Standing, assets, standings
from openoutcry.settings import Settings
from openoutcry.types.book import Portfolio
from openoutcry.types.orders import WorkingOrder

ZERO = Decimal(0)
LOSSES = ("max_daily_loss", "max_drawdown")
BOUNDLESS = Decimal(999_999)
"""A share of no equity: more than any limit."""


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
    def pressure(self) -> float:
        """How hard the limit presses: the share in use, nothing for a gain; a bound of 0 is always used up."""
        return 1.0 if self.used is None else max(0.0, self.used)

    @property
    def breached(self) -> bool:
        """Beyond the limit; loss limits already at it."""
        if self.rule in LOSSES:
            return self.value > 0 and self.value >= self.limit
        return self.value > self.limit


def position_use(value: Decimal, money: Funds, settings: Settings) -> LimitUse:
    """One symbol's position worth ``value`` at its worst, as a share of spendable equity."""
    return LimitUse(
        "max_position_size", _share(value, money.spendable), fraction(settings.risk.max_position_size)
    )


def exposure_use(gross: Decimal, money: Funds, settings: Settings) -> LimitUse:
    """All positions at their worst, spot and perpetual added up, as a share of spendable equity."""
    return LimitUse(
        "max_gross_exposure", _share(gross, money.spendable), fraction(settings.risk.max_gross_exposure)
    )


def positions_use(held: frozenset[str], settings: Settings) -> LimitUse:
    """Assets with a position; an asset's spot and perpetual count once."""
    return LimitUse("max_positions", Decimal(len(held)), Decimal(settings.trading.max_positions))


def daily_loss_use(money: Funds, settings: Settings) -> LimitUse:
    """Lost since the day's first equity."""
    return LimitUse("max_daily_loss", money.daily_loss, fraction(settings.risk.max_daily_loss))


def drawdown_use(money: Funds, settings: Settings) -> LimitUse:
    """Lost since the highest equity."""
    return LimitUse("max_drawdown", money.drawdown, fraction(settings.risk.max_drawdown))


def limit_uses(
    portfolio: Portfolio, working: Iterable[WorkingOrder], prices: Mapping[str, Decimal], settings: Settings
) -> tuple[LimitUse, ...]:
    """Every book limit with what uses it, open orders at their worst; the largest position stands for all.
    Raises DataUnavailable without a needed price.
    """
    orders = tuple(working)
    held = standings(portfolio, orders)
    money = funds(portfolio, orders, held, prices, settings)
    values = worst_values(held, prices)
    return (
        position_use(max(values.values(), default=ZERO), money, settings),
        exposure_use(sum(values.values(), ZERO), money, settings),
        positions_use(assets(held), settings),
        daily_loss_use(money, settings),
        drawdown_use(money, settings),
    )


def worst_values(held: Mapping[str, Standing], prices: Mapping[str, Decimal]) -> dict[str, Decimal]:
    """The largest absolute value of each symbol that open orders could make. Raises DataUnavailable."""
    return {symbol: value_of(standing.worst, prices, symbol) for symbol, standing in held.items()}


@dataclass(frozen=True, slots=True)
class LimitAmounts:
    """What the limits come to in quote units, at the present equity.

    ``position``    one symbol's position at its worst, costs paid
    ``exposure``    all positions, spot and perpetual added up
    ``margin``      perpetuals whose margin all of the equity could carry, were it all cash
    ``order``       one order
    ``daily_loss``  lost since the day's first equity, and ``drawdown`` since the highest: at these, entries end
    """

    position: Decimal
    exposure: Decimal
    margin: Decimal
    order: Decimal
    daily_loss: Decimal
    drawdown: Decimal


def limit_amounts(portfolio: Portfolio, money: Funds, settings: Settings) -> LimitAmounts:
    """The bounds that the gate holds a book with this money to."""
    risk, base = settings.risk, max(ZERO, money.spendable)
    return LimitAmounts(
        position=fraction(risk.max_position_size) * base,
        exposure=fraction(risk.max_gross_exposure) * base,
        margin=max(ZERO, money.equity) / fraction(risk.perp_margin),
        order=risk.max_order_notional,
        daily_loss=fraction(risk.max_daily_loss) * portfolio.day_start_equity,
        drawdown=fraction(risk.max_drawdown) * max(portfolio.peak_equity, money.equity),
    )


def _share(value: Decimal, equity: Decimal) -> Decimal:
    if value == 0:
        return ZERO
    return value / equity if equity > 0 else BOUNDLESS
