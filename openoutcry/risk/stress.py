"""What sudden moves would do to the book: each scenario revalues every position at once, with no order in
between.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.portfolio import mark
from openoutcry.risk.exposure import is_perp
from openoutcry.types.book import Portfolio


@dataclass(frozen=True, slots=True)
class Scenario:
    """``move`` of every price as a fraction; ``basis`` is added to the move of perpetuals alone."""

    name: str
    move: Decimal
    basis: Decimal = Decimal(0)
    note: str = ""


@dataclass(frozen=True, slots=True)
class Outcome:
    """The book after a scenario: the change and what is left, in quote units; ``drawdown`` from the
    highest equity.
    """

    scenario: Scenario
    profit: Decimal
    equity: Decimal
    drawdown: float


SCENARIOS = (
    Scenario("rally_10", Decimal("0.10")),
    Scenario("drop_10", Decimal("-0.10")),
    Scenario("drop_20", Decimal("-0.20")),
    Scenario("drop_50", Decimal("-0.50")),
    Scenario("march_2020", Decimal("-0.395"), note="BTC/USDT from open to close on 2020-03-12"),
    Scenario("squeeze", Decimal("0.20"), Decimal("0.02"), "a rally in which the perpetual runs 2 % ahead"),
    Scenario(
        "basis_break", Decimal("-0.20"), Decimal("0.03"), "a drop in which the perpetual falls 3 % less"
    ),
)


def stress(
    portfolio: Portfolio, prices: Mapping[str, Decimal], scenarios: Iterable[Scenario] = SCENARIOS
) -> tuple[Outcome, ...]:
    """The book under each scenario. Raises DataUnavailable when a held symbol has no price."""
    now = mark(portfolio, prices).equity
    outcomes = []
    for scenario in scenarios:
        after = mark(
            portfolio, {symbol: price * _factor(symbol, scenario) for symbol, price in prices.items()}
        )
        outcomes.append(Outcome(scenario, after.equity - now, after.equity, after.drawdown))
    return tuple(outcomes)


def _factor(symbol: str, scenario: Scenario) -> Decimal:
    return max(Decimal(0), 1 + scenario.move + (scenario.basis if is_perp(symbol) else Decimal(0)))
