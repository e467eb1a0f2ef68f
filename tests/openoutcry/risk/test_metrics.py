"""Metrics against plain-Python computations of the same definitions, and against hand-made figures."""

import math
import statistics
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort

from openoutcry.errors import BadInput
from openoutcry.risk import metrics
from openoutcry.risk.kelly import kelly
from openoutcry.risk.returns import log_returns, periods_per_year, price_returns, series, simple_returns

DATA = Path(__file__).parents[4] / "shared" / "data" / "spot" / "BTCUSDT_1d.parquet"
RETURNS = np.array([0.01, -0.02, 0.03, -0.01, 0.00, 0.02, -0.05, 0.04, 0.01, -0.01])
FLOATS = st.lists(st.floats(-0.5, 0.5), min_size=2, max_size=200).map(np.array)


@pytest.mark.parametrize(("timeframe", "periods"), [("1d", 365), ("1h", 8760), ("1m", 525_600), ("4h", 2190)])
def test_a_crypto_year_has_365_days(timeframe: str, periods: float) -> None:
    assert periods_per_year(timeframe) == periods


def test_returns() -> None:
    prices = np.array([100.0, 110.0, 99.0])
    assert simple_returns(prices) == pytest.approx([0.10, -0.10])
    assert log_returns(prices) == pytest.approx([math.log(1.1), math.log(0.9)])


@given(FLOATS)
@effort(max_examples=60, deadline=None)
def test_against_plain_python(returns: np.ndarray) -> None:
    """The same definitions written out with the standard library."""
    values, n = returns.tolist(), len(returns)
    mean, spread = statistics.fmean(values), statistics.stdev(values)
    assert metrics.volatility(returns, 365) == pytest.approx(spread * math.sqrt(365), abs=1e-9)
    if spread > 1e-9:
        wanted = (mean - 0.03 / 365) / spread * math.sqrt(365)
        assert metrics.sharpe(returns, 365, 0.03) == pytest.approx(wanted, rel=1e-6, abs=1e-9)
    downside = math.sqrt(math.fsum(min(0.0, v) ** 2 for v in values) / n)
    if downside > 1e-9:
        assert metrics.sortino(returns, 365) == pytest.approx(
            mean / downside * math.sqrt(365), rel=1e-6, abs=1e-9
        )
    edge = statistics.quantiles([*values], n=20, method="inclusive")[0]
    tail = [v for v in values if v <= edge + 1e-15]
    risk = metrics.tail_risk(returns, 0.95)
    assert risk.value_at_risk == pytest.approx(max(0.0, -edge), abs=1e-9)
    assert risk.expected_shortfall == pytest.approx(max(0.0, -statistics.fmean(tail)), abs=1e-9)
    assert risk.expected_shortfall >= risk.value_at_risk - 1e-12


def test_parametric_tail_of_a_normal_sample() -> None:
    """z(5 %) = -1.6448536, pdf(z) / 5 % = 2.0627128."""
    mean, spread = float(np.mean(RETURNS)), float(np.std(RETURNS, ddof=1))
    risk = metrics.tail_risk(RETURNS, 0.95, "parametric")
    assert risk.value_at_risk == pytest.approx(1.6448536269514722 * spread - mean)
    assert risk.expected_shortfall == pytest.approx(2.0627128075074253 * spread - mean)


def test_a_normal_sample_has_the_same_tail_by_both_methods() -> None:
    sample = np.random.default_rng(7).normal(0.0005, 0.02, 200_000)
    by_rank, by_fit = metrics.tail_risk(sample, 0.95), metrics.tail_risk(sample, 0.95, "parametric")
    assert by_rank.value_at_risk == pytest.approx(by_fit.value_at_risk, rel=0.02)
    assert by_rank.expected_shortfall == pytest.approx(by_fit.expected_shortfall, rel=0.02)


def test_annual_return_and_calmar() -> None:
    doubled = np.full(365, 2 ** (1 / 365) - 1)
    assert metrics.annual_return(doubled, 365) == pytest.approx(1.0)
    assert metrics.calmar(doubled, 365) is None  # it never fell
    fell = np.array([0.0] * 182 + [-0.2, 0.25] + [0.0] * 181)
    assert metrics.annual_return(fell, 365) == pytest.approx(0.0, abs=1e-12)
    assert metrics.calmar(fell, 365) == pytest.approx(0.0, abs=1e-12)
    assert metrics.annual_return(np.array([0.1, -1.0]), 365) is None


@pytest.mark.parametrize("returns", [np.zeros(50), np.full(50, 0.1), np.array([0.1]), np.array([])])
def test_what_does_not_exist_is_none(returns: np.ndarray) -> None:
    assert metrics.sharpe(returns, 365) is None
    assert metrics.sortino(returns, 365) is None


@pytest.mark.parametrize(
    ("equity", "deepest", "current", "peak", "trough", "longest"),
    [
        ([100], 0.0, 0.0, 0, 0, 0),
        ([100, 110, 120], 0.0, 0.0, 0, 0, 0),
        ([100, 80, 90], 0.2, 0.1, 0, 1, 2),  # never recovered: two bars under water
        ([100, 80, 100, 90, 100, 110], 0.2, 0.0, 0, 1, 2),  # recovered at the second bar
        ([100, 120, 60, 90, 120, 60], 0.5, 0.5, 1, 2, 3),
        ([100, 50, 60, 70, 80, 100, 40], 0.6, 0.6, 0, 6, 5),
    ],
)
def test_drawdown(
    equity: list[float], deepest: float, current: float, peak: int, trough: int, longest: int
) -> None:
    found = metrics.drawdown(np.array(equity, dtype=float))
    assert (found.deepest, found.current) == (pytest.approx(deepest), pytest.approx(current))
    assert (found.peak, found.trough, found.longest) == (peak, trough, longest)


@given(st.lists(st.floats(1, 1000), min_size=1, max_size=60))
@effort(max_examples=200, deadline=None)
def test_drawdown_against_a_walk_through_the_curve(equity: list[float]) -> None:
    high, since, deepest, longest = equity[0], 0, 0.0, 0
    for index, value in enumerate(equity):
        if value >= high:
            longest = (
                max(longest, index - since) if since < index - 1 or equity[index - 1] < high else longest
            )
            high, since = value, index
        else:
            deepest, longest = max(deepest, 1 - value / high), max(longest, index - since)
    found = metrics.drawdown(np.array(equity))
    assert found.deepest == pytest.approx(deepest, abs=1e-12)
    assert found.longest == longest


def test_real_returns() -> None:
    """Eight years of daily closes, by formulas written out here (AlphaPulse's, with a year of 365 days)."""
    if not DATA.exists():
        pytest.skip(f"{DATA} is not there")
    import pyarrow.parquet as pq

    close = pq.read_table(DATA).column("close").to_numpy()[-253:]
    returns = simple_returns(close)
    by_hand = close[1:] / close[:-1] - 1
    ordered = sorted(by_hand)
    place = 0.05 * (len(ordered) - 1)
    low = ordered[int(place)] + (place % 1) * (ordered[int(place) + 1] - ordered[int(place)])
    risk = metrics.tail_risk(returns, 0.95)
    assert len(returns) == 252
    assert risk.value_at_risk == pytest.approx(-low)
    assert risk.expected_shortfall == pytest.approx(-statistics.fmean(r for r in ordered if r <= low))
    assert metrics.volatility(returns, 365) == pytest.approx(statistics.stdev(by_hand) * math.sqrt(365))
    high, fall = 0.0, 0.0
    for price in close:
        high = max(high, price)
        fall = max(fall, 1 - price / high)
    assert metrics.deepest_fall(returns) == pytest.approx(fall)


@pytest.mark.parametrize(
    ("values", "where"),
    [([], "returns: needs at least 1"), ([1.0, math.nan], "returns[1]"), ([math.inf], "returns[0]")],
)
def test_a_bad_series_is_named(values: list[float], where: str) -> None:
    with pytest.raises(BadInput) as caught:
        series(values, field="returns")
    assert str(caught.value).startswith(where)
    assert caught.value.field == "returns"


@pytest.mark.parametrize(
    ("win_rate", "win", "loss", "fraction", "full", "used"),
    [
        (0.55, 100, 100, 0.5, 0.10, 0.05),
        (0.5, 200, 100, 1.0, 0.25, 0.25),
        (0.4, 100, 100, 0.5, -0.2, 0.0),
        (1.0, 100, 100, 0.5, 1.0, 0.5),
    ],
)
def test_kelly(win_rate: float, win: float, loss: float, fraction: float, full: float, used: float) -> None:
    found = kelly(win_rate, win, loss, fraction)
    assert (found.full, found.used) == (pytest.approx(full), pytest.approx(used))


def test_the_seven_figures_against_empyrical_on_real_returns() -> None:
    """An independent library with a year of 365 days; its VaR and CVaR are returns, and its drawdown is negative."""
    if not DATA.exists():
        pytest.skip(f"{DATA} is not there")
    import empyrical
    import pyarrow.parquet as pq

    close = pq.read_table(DATA).column("close").to_numpy()[-253:]
    returns = price_returns(close, field="candles")
    found = metrics.figures(returns, 365)
    assert found.volatility == pytest.approx(empyrical.annual_volatility(returns, annualization=365))
    assert found.var_95 == pytest.approx(-empyrical.value_at_risk(returns, 0.05))
    assert found.max_drawdown == pytest.approx(-empyrical.max_drawdown(returns))
    assert found.sharpe_ratio == pytest.approx(empyrical.sharpe_ratio(returns, annualization=365))
    assert found.sortino_ratio == pytest.approx(empyrical.sortino_ratio(returns, annualization=365))
    assert found.calmar_ratio == pytest.approx(empyrical.calmar_ratio(returns, annualization=365))
    assert found.cvar_95 == pytest.approx(-float(np.mean(returns[returns <= -found.var_95 + 1e-15])))
    assert found.volatility is not None and 0.1 < found.volatility < 2
    assert 0 < found.var_95 <= found.cvar_95 < 0.3


@pytest.mark.parametrize(
    ("returns", "fall"),
    [
        (np.array([0.5, -0.5, 0.5]), 0.5),
        (np.array([0.1, -1.0, 5.0]), 1.0),
        (np.array([-1.5]), 1.0),
        (np.full(5000, 1e6), 0.0),
        (np.concatenate((np.full(3000, 1e6), [-0.25])), 0.25),
        (np.array([0.0]), 0.0),
        (np.array([]), 0.0),
    ],
)
def test_the_deepest_fall_of_any_series_is_finite(returns: np.ndarray, fall: float) -> None:
    assert metrics.deepest_fall(returns) == pytest.approx(fall)


@pytest.mark.parametrize(
    ("prices", "place"),
    [
        ([], "candles: needs at least 2"),
        ([1.0], "candles: needs at least 2"),
        ([1.0, math.nan], "candles[1]"),
        ([1.0, math.inf, 1.0], "candles[1]"),
        ([1.0, 2.0, -1.0], "candles[2]"),
        ([0.0, 2.0], "candles[0]"),
        ([1.0, 1e308], "candles[1]: more than 1e+06 times"),
        ([1e-308, 1e308], "candles[1]: more than 1e+06 times"),
    ],
)
def test_bad_prices_are_named(prices: list[float], place: str) -> None:
    with pytest.raises(BadInput) as caught:
        price_returns(prices, field="candles")
    assert str(caught.value).startswith(place)
    assert caught.value.field == "candles"


def test_falls_from_the_highest_so_far_and_from_the_start() -> None:
    assert metrics.falls(np.array([100.0, 80.0, 120.0, 90.0])) == pytest.approx([0, 0.2, 0, 0.25])
    assert metrics.falls(np.array([80.0, 90.0]), 100.0) == pytest.approx([0.2, 0.1])
