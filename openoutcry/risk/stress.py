"""What sudden moves would do to the book: each scenario revalues every position at once, with no order in
between.

Historical scenarios are what BTC/USDT and ETH/USDT did on Binance spot, from the first price of the first day
to the first price of the day after the last (UTC); assets without a figure of their own move as ETH did. Shocks
move everything alike; two of them also tear spot and perpetual apart, which is what a hedged book fears.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from openoutcry.portfolio import mark
from openoutcry.risk.exposure import is_perp
from openoutcry.types.book import Portfolio
from openoutcry.types.symbols import parse_symbol


@dataclass(frozen=True, slots=True)
class Scenario:
    """``move`` of every price as a fraction, but of the assets in ``moves`` their own; ``basis`` is added to the
    move of perpetuals alone.
    """

    name: str
    move: Decimal
    basis: Decimal = Decimal(0)
    note: str = ""
    moves: Mapping[str, Decimal] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """The book after a scenario: the change and what is left, in quote units; ``drawdown`` from the
    highest equity.
    """

    scenario: Scenario
    profit: Decimal
    equity: Decimal
    drawdown: float


def _past(name: str, btc: str, eth: str, note: str) -> Scenario:
    return Scenario(name, Decimal(eth), note=note, moves={"BTC": Decimal(btc)})


HISTORICAL = (
    _past("january_2018", "-0.193", "-0.212", "2018-01-16: the bubble bursts"),
    _past("march_2020", "-0.395", "-0.447", "2020-03-12: the pandemic sell-off"),
    _past("may_2021", "-0.144", "-0.277", "2021-05-19: China's ban"),
    _past("may_2022", "-0.147", "-0.222", "2022-05-09 to 05-12: Terra collapses"),
    _past("june_2022", "-0.370", "-0.444", "2022-06-10 to 06-18: Celsius and Three Arrows fail"),
    _past("november_2022", "-0.252", "-0.322", "2022-11-06 to 11-09: FTX fails"),
    _past("august_2024", "-0.110", "-0.167", "2024-08-04 to 08-05: the yen carry trade unwinds"),
    _past("november_2024", "0.296", "0.353", "2024-11-05 to 11-12: the election rally"),
)
SHOCKS = (
    Scenario("rally_10", Decimal("0.10")),
    Scenario("rally_20", Decimal("0.20")),
    Scenario("drop_10", Decimal("-0.10")),
    Scenario("drop_20", Decimal("-0.20")),
    Scenario("drop_50", Decimal("-0.50")),
    Scenario("squeeze", Decimal("0.20"), Decimal("0.02"), "a rally in which the perpetual runs 2 % ahead"),
    Scenario(
        "basis_break", Decimal("-0.20"), Decimal("0.03"), "a drop in which the perpetual falls 3 % less"
    ),
)
SCENARIOS = (*HISTORICAL, *SHOCKS)


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
    """What a price is multiplied by; nothing falls below zero."""
    move = scenario.moves.get(parse_symbol(symbol).base, scenario.move)
    return max(Decimal(0), 1 + move + (scenario.basis if is_perp(symbol) else Decimal(0)))
