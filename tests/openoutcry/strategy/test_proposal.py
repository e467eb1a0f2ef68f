"""The order a configuration makes of a signal: where its levels lie, how large it is, and what stands in its way."""

import numpy as np
import pytest

from openoutcry.backtest.ranges import closed_days, stop_atr
from openoutcry.backtest.series import Series
from openoutcry.market.candles import Candles
from openoutcry.strategy.proposal import Account, Declined, Proposal, propose
from openoutcry.strategy.rules import RuleStrategy, parse_strategy
from tests.db.strategies.registered import defaults, mapping

RICH = Account(value=10_000.0, cash=10_000.0, open_positions=0)


def hours(count: int = 60 * 24) -> Candles:
    rng = np.random.default_rng(3)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.004, count)))
    opens = np.append(100.0, close[:-1])
    high, low = np.maximum(opens, close) * 1.001, np.minimum(opens, close) * 0.999
    stamps = np.arange(count, dtype=np.int64) * 3_600_000
    return Candles.of(stamps, opens, high, low, close, np.ones(count))


BARS = hours()
SERIES = Series.of(BARS, "1h")
DAYS = closed_days(SERIES)


def strategy(side: str = "long", reward_factor: float = 2.0, **config: object) -> RuleStrategy:
    return parse_strategy(
        mapping(execution_config=config, side=side, reward_factor=reward_factor), defaults()
    )


def proposed(found: Proposal | Declined) -> Proposal:
    assert isinstance(found, Proposal), found
    return found


@pytest.mark.parametrize("side", ["long", "short"])
def test_levels_are_those_a_backtest_would_set(side):
    asked = strategy(side, reward_factor=3.0)
    found = proposed(propose(asked, BARS, DAYS, RICH))
    config = asked.execution_config
    distance = stop_atr(SERIES, None, config)[-1] * config.atr_volatility_factor
    sign = 1 if side == "long" else -1
    assert found.price == BARS.close[-1]
    assert found.stop == pytest.approx(found.price - sign * distance)
    assert found.target == pytest.approx(found.price + sign * 3.0 * distance)
    assert found.size * distance == pytest.approx(100.0)


def test_a_size_is_cut_by_cash_units_and_amount():
    assert proposed(propose(strategy(), BARS, DAYS, RICH._replace(cash=2_000.0))).size == pytest.approx(
        2_000 / BARS.close[-1]
    )
    for limit, size in (("max_units_per_trade", 1.5), ("max_trade_amount", 300.0)):
        found = proposed(propose(strategy(**{limit: size}), BARS, DAYS, RICH))
        assert (found.size if limit == "max_units_per_trade" else found.size * found.price) == pytest.approx(
            size
        )


def test_a_fixed_stop_and_none():
    fixed = proposed(propose(strategy(stop_loss_calculation="fixed", stop_loss_pct=0.05), BARS, DAYS, RICH))
    assert fixed.stop == pytest.approx(0.95 * fixed.price)
    bare = strategy(stop_loss_calculation="none", position_size_calc="all_in")
    found = proposed(propose(bare, BARS, DAYS, RICH))
    assert (found.stop, found.target) == (None, None)
    assert found.size == pytest.approx(10_000 / found.price)


DECLINED = [
    ({}, RICH._replace(open_positions=10), "max_open_positions"),
    ({}, RICH._replace(cash=999.0), "min_balance_threshold"),
    ({"min_trade_amount": 9_999.0}, RICH._replace(cash=5_000.0), "min_trade_amount"),
]


@pytest.mark.parametrize(("config", "account", "rule"), DECLINED)
def test_what_stands_in_the_way_is_named(config, account, rule):
    found = propose(strategy(**config), BARS, DAYS, account)
    assert isinstance(found, Declined)
    assert found.rule == rule


def test_without_enough_days_the_stop_is_not_known():
    found = propose(strategy(), BARS[-100:], DAYS[-3:], RICH)
    assert isinstance(found, Declined)
    assert found.rule == "stop_loss_calculation"
