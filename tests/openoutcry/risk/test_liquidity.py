"""Costs of trading, held against formulas written out anew and a simulated spread."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles
from openoutcry.risk.execution_plan import plan, volume_by_hour
from openoutcry.risk.liquidity import corwin_schultz, cost_of, measure, stressed

DAY = 86_400_000


def bars(count: int = 40, seed: int = 4) -> Candles:
    rng = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(rng.normal(0, 0.02, count)))
    volume = rng.uniform(500, 1500, count)
    return Candles.of(np.arange(count) * DAY, close, close * 1.01, close * 0.99, close, volume)


def test_a_market_is_measured_over_its_last_thirty_days():
    daily, depth = bars(), measure(bars())
    moves = daily.close[-30:] / daily.close[-31:-1] - 1
    assert depth.days == 30
    assert depth.volatility == pytest.approx(moves.std(ddof=1))
    assert depth.volume_base == pytest.approx(daily.volume[-30:].mean())
    quote = daily.volume[-30:] * daily.close[-30:]
    assert depth.volume_quote == pytest.approx(quote.mean())
    assert depth.amihud == pytest.approx((abs(moves) / quote).mean())


def test_impact_grows_with_the_square_root():
    depth = measure(bars())
    one, four = cost_of(10, depth), cost_of(40, depth)
    assert four.impact_bps == pytest.approx(2 * one.impact_bps)
    assert one.impact_bps == pytest.approx(depth.volatility * math.sqrt(10 / depth.volume_base) * 1e4)
    assert one.cost == pytest.approx(10 * depth.price * one.total_bps / 1e4)
    assert (cost_of(depth.volume_base * 0.009, depth).liquidity, cost_of(depth.volume_base, depth).liquidity) == (
        "high", "low",
    )  # fmt: skip


def test_the_spread_of_a_simulated_market_is_found():
    """Corwin and Schultz' own experiment: 3 % volatility a day, trades at bid or ask of a 1 % spread."""
    rng, days, ticks = np.random.default_rng(1), 2000, 390
    steps = rng.normal(0, 0.03 / math.sqrt(ticks), days * ticks)
    true = np.exp(np.cumsum(steps))
    seen = true * (1 + 0.005 * rng.choice([-1, 1], days * ticks))
    table = seen.reshape(days, ticks)
    found = corwin_schultz(table.max(axis=1), table.min(axis=1)).mean()
    assert 0.006 < found < 0.018


def test_too_little_is_said():
    with pytest.raises(BadInput):
        measure(bars(4))
    quiet = bars()
    with pytest.raises(BadInput):
        measure(replace(quiet, volume=np.zeros(len(quiet))))


@given(st.floats(1e-6, 1e7), st.sampled_from(["low", "medium", "high"]), st.integers(0, 23))
def test_a_plan_trades_all_of_it_and_no_more_than_its_share(quantity, urgency, hour):
    depth = measure(bars())
    hours = np.arange(240)
    flat = np.ones(240)
    hourly = Candles.of(hours * 3_600_000, flat, flat, flat, flat, 1.0 + hours % 24)
    made = plan(quantity, urgency, depth, volume_by_hour(hourly), hour)
    traded = math.fsum(one.quantity for one in made.slices)
    assert all(one.participation <= made.rate + 1e-12 for one in made.slices)
    if made.complete:
        assert traded == pytest.approx(quantity, rel=1e-9)
    else:
        assert made.hours == 168
    assert made.strategy == ("immediate" if made.hours == 1 else "vwap")


def test_a_stressed_market_costs_more():
    depth = measure(bars())
    hard = stressed(depth, 0.75, 2.0)
    assert cost_of(10, hard).impact_bps == pytest.approx(4 * cost_of(10, depth).impact_bps)
    assert volume_by_hour(bars()) is None
