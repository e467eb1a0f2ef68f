"""The figures of a run: against another library on real returns, by hand on small ones, and where there is nothing."""

import math
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as effort
from hypothesis import strategies as st

from openoutcry.backtest.metrics import CAP, Account, Metrics, daily_returns, figures

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    import empyrical

DATA = Path(__file__).parents[4] / "shared" / "data"
REAL = ("spot/BTCUSDT_1d", "spot/BTCUSDT_1h", "spot/ETHUSDT_1h", "perp/BTCUSDT_1h", "spot/BTCUSDT_5m_2024")
DAY = 86_400_000
MONDAY = 1_704_067_200_000
NO_TRADES = np.empty(0)


def account(
    equity: list[float] | np.ndarray, *, step: int = DAY, starting: float = 100.0, opened: int = MONDAY
) -> Account:
    values = np.asarray(equity, dtype=np.float64)
    closes = opened + step * (1 + np.arange(len(values), dtype=np.int64))
    return Account(starting, opened, closes, values)


def of(equity: list[float] | np.ndarray, pnl: list[float] | None = None, **fields: object) -> Metrics:
    whole = account(equity, **fields)
    return figures(whole, np.array(pnl or [], dtype=np.float64), np.zeros(len(whole.equity), dtype=np.bool_))


def traded(*pnl: float) -> Metrics:
    return of(100.0 + np.cumsum(pnl), list(pnl))


def real(name: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Open times, closes and the bar length of real candles."""
    path = DATA / f"{name}.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not here: real market data is only beside the development tree")
    import pyarrow.parquet as parquet

    table = parquet.read_table(path)
    stamps = table["timestamp"].to_numpy()
    return stamps, table["close"].to_numpy(), int(np.diff(stamps).min())


@pytest.mark.parametrize("name", REAL)
def test_equal_to_another_library_on_real_returns(name: str) -> None:
    """Daily returns of holding, empyrical with annualization=365 and no risk-free rate, to 1e-9."""
    stamps, closes, step = real(name)
    first, last = -(-stamps[0] // DAY) * DAY, (stamps[-1] + step) // DAY * DAY
    whole = (stamps >= first) & (stamps < last)
    stamps, closes = stamps[whole], closes[whole]
    run = Account(float(closes[0]), int(first), stamps + step, closes)
    found = figures(run, NO_TRADES, np.zeros(len(closes), dtype=np.bool_), held=run)
    by_day = {int(stamp // DAY): close for stamp, close in zip(stamps, closes, strict=True)}
    days = [by_day[day] for day in range(int(first // DAY), int(last // DAY)) if day in by_day]
    daily = np.diff(np.concatenate(([closes[0]], days))) / np.concatenate(([closes[0]], days[:-1]))
    assert len(days) == found.num_days == len(daily)
    wanted = {
        "total_return": empyrical.cum_returns_final(daily),
        "irr_annualized": empyrical.cagr(daily, annualization=365),
        "avg_daily_return": daily.mean(),
        "volatility": empyrical.annual_volatility(daily, annualization=365),
        "sharpe_ratio": empyrical.sharpe_ratio(daily, annualization=365),
        "sortino_ratio": empyrical.sortino_ratio(daily, annualization=365),
        "var_95": -empyrical.value_at_risk(daily, cutoff=0.05),
        "cvar_95": -empyrical.conditional_value_at_risk(daily, cutoff=0.05),
        "max_drawdown": -empyrical.max_drawdown(np.diff(closes) / closes[:-1]),
        "calmar_ratio": empyrical.cagr(daily, annualization=365)
        / -empyrical.max_drawdown(np.diff(closes) / closes[:-1]),
        "alpha": 0.0,
        "beta": 1.0,
    }
    told = found.to_dict()
    assert {key: told[key] for key in wanted} == pytest.approx(wanted, rel=1e-9, abs=1e-9)


def test_alpha_and_beta_equal_to_another_library() -> None:
    _, closes, _ = real("spot/BTCUSDT_1d")
    mine = account(closes[1:] ** 0.5, starting=float(closes[0]) ** 0.5)
    held = account(closes[1:], starting=float(closes[0]))
    found = figures(mine, NO_TRADES, np.zeros(len(closes) - 1, dtype=np.bool_), held=held)
    pair = daily_returns(mine), daily_returns(held)
    alpha, beta = empyrical.alpha_beta(*pair, risk_free=0.0, annualization=365)
    assert (found.alpha, found.beta) == pytest.approx((alpha, beta), rel=1e-9)
    assert found.benchmark_return == pytest.approx(closes[-1] / closes[0] - 1, rel=1e-12)


def test_parametric_value_at_risk_goes_by_name() -> None:
    daily = np.random.default_rng(5).normal(0.001, 0.02, 500)
    run = account(100.0 * np.cumprod(1 + daily))
    by_rank = figures(run, NO_TRADES, np.zeros(500, dtype=np.bool_))
    fitted = figures(run, NO_TRADES, np.zeros(500, dtype=np.bool_), var_method="parametric")
    mean, spread = daily.mean(), daily.std(ddof=1)
    assert by_rank.var_95 == pytest.approx(-np.percentile(daily, 5))
    assert fitted.var_95 == pytest.approx(1.6448536269514722 * spread - mean)
    assert fitted.cvar_95 == pytest.approx(2.0627128075074253 * spread - mean)


def test_by_hand() -> None:
    found = of([110.0, 99.0, 99.0, 121.0, 115.5], [10.0, -11.0, 22.0, -5.5])
    assert found.to_dict() == pytest.approx(
        {
            "starting_balance": 100.0,
            "ending_balance": 115.5,
            "net_pnl": 15.5,
            "total_return": 0.155,
            "num_days": 5.0,
            "irr_daily": 1.155**0.2 - 1,
            "irr_annualized": 1.155**73 - 1,
            "avg_daily_return": (0.1 - 0.1 + 0 + 2 / 9 - 1 / 22) / 5,
            "volatility": np.std([0.1, -0.1, 0, 2 / 9, -1 / 22], ddof=1) * 365**0.5,
            "sharpe_ratio": np.mean([0.1, -0.1, 0, 2 / 9, -1 / 22])
            / np.std([0.1, -0.1, 0, 2 / 9, -1 / 22], ddof=1)
            * 365**0.5,
            "sortino_ratio": np.mean([0.1, -0.1, 0, 2 / 9, -1 / 22])
            / math.sqrt((0.01 + 1 / 484) / 5)
            * 365**0.5,
            "calmar_ratio": CAP,
            "var_95": 0.1 - 0.2 * (0.1 - 1 / 22),
            "cvar_95": 0.1,
            "max_drawdown": 0.1,
            "max_drawdown_duration": 3.0,
            "gain_to_pain_ratio": (0.1 - 0.1 + 2 / 9 - 1 / 22) / (0.1 + 1 / 22),
            "total_trades": 4,
            "win_rate": 0.5,
            "profit_factor": 32 / 16.5,
            "expectancy": 15.5 / 4,
            "kelly": (16 / 8.25 * 0.5 - 0.5) / (16 / 8.25),
            "max_consecutive_wins": 1,
            "max_consecutive_losses": 1,
            "exposure": 0.0,
            "benchmark_return": None,
            "alpha": None,
            "beta": None,
        }
    )


def test_no_trades_and_a_flat_account() -> None:
    found = of([100.0] * 30)
    nothing = {
        "win_rate",
        "profit_factor",
        "expectancy",
        "kelly",
        "sharpe_ratio",
        "sortino_ratio",
        "gain_to_pain_ratio",
    }
    told = found.to_dict()
    assert {name for name, value in told.items() if value is None} == nothing | {
        "benchmark_return",
        "alpha",
        "beta",
    }
    zeros = {name for name, value in told.items() if value == 0.0}
    assert {
        "total_return",
        "irr_daily",
        "irr_annualized",
        "volatility",
        "calmar_ratio",
        "max_drawdown",
    } <= zeros


def test_one_trade() -> None:
    won, lost = traded(10.0), traded(-10.0)
    assert (won.win_rate, won.profit_factor, won.kelly, won.expectancy) == (1.0, None, None, 10.0)
    assert (lost.win_rate, lost.profit_factor, lost.kelly, lost.expectancy) == (0.0, 0.0, None, -10.0)
    assert (won.volatility, won.sharpe_ratio, won.var_95, won.sortino_ratio) == (None, None, None, None)


def test_only_wins() -> None:
    found = traded(1.0, 2.0, 3.0)
    assert (found.win_rate, found.profit_factor, found.kelly, found.max_drawdown) == (1.0, None, None, 0.0)
    assert found.sortino_ratio == found.calmar_ratio == CAP
    assert (found.var_95, found.cvar_95, found.gain_to_pain_ratio) == (0.0, 0.0, None)
    assert (found.max_consecutive_wins, found.max_consecutive_losses, found.max_drawdown_duration) == (
        3,
        0,
        0.0,
    )


def test_only_losses() -> None:
    found = traded(-1.0, -2.0, -3.0)
    assert (found.win_rate, found.profit_factor, found.kelly) == (0.0, 0.0, None)
    assert found.gain_to_pain_ratio == pytest.approx(-1.0)
    assert (found.max_consecutive_losses, found.max_drawdown_duration) == (3, 3.0)
    assert (found.sortino_ratio or 0) < 0 and (found.calmar_ratio or 0) < 0


def test_a_trade_without_profit_is_no_win() -> None:
    found = traded(0.0, 0.0)
    assert (found.win_rate, found.max_consecutive_losses, found.profit_factor, found.kelly) == (
        0.0,
        2,
        None,
        None,
    )


@pytest.mark.parametrize("end", [0.0, -20.0])
def test_ruin_has_no_growth_rate(end: float) -> None:
    found = of([50.0, end, end])
    assert found.total_return == pytest.approx(end / 100 - 1)
    assert (found.irr_daily, found.irr_annualized, found.calmar_ratio) == (None, None, None)
    assert found.max_drawdown == pytest.approx(1 - end / 100)
    assert (found.sharpe_ratio or 0) < 0 and found.cvar_95 == pytest.approx(1.0)


def test_less_than_a_day_has_no_year() -> None:
    found = of([101.0, 103.0], step=3_600_000)
    assert found.num_days == pytest.approx(2 / 24)
    assert (found.irr_daily, found.irr_annualized, found.calmar_ratio, found.volatility) == (
        None,
        None,
        None,
        None,
    )
    assert found.total_return == pytest.approx(0.03)


def test_no_bars_at_all() -> None:
    found = of([])
    assert (found.total_return, found.ending_balance, found.num_days, found.exposure) == (
        0.0,
        100.0,
        0.0,
        0.0,
    )


def test_a_day_is_a_utc_day_and_one_without_bars_returns_nothing() -> None:
    hour = 3_600_000
    closes = np.array([MONDAY + 22 * hour, MONDAY + 24 * hour, MONDAY + 25 * hour, MONDAY + 73 * hour])
    run = Account(100.0, MONDAY + 20 * hour, closes, np.array([101.0, 102.0, 103.0, 104.0]))
    assert daily_returns(run) == pytest.approx([0.02, 1 / 102, 0.0, 1 / 103])


@given(st.lists(st.floats(0.5, 2.0), min_size=2, max_size=80), st.lists(st.floats(-10, 10), max_size=40))
@effort(max_examples=60, deadline=None)
def test_figures_are_finite_or_none_and_agree(growth: list[float], pnl: list[float]) -> None:
    found = of(100.0 * np.cumprod(growth), pnl)
    told = found.to_dict()
    assert all(value is None or math.isfinite(value) for value in told.values())
    assert found.net_pnl == pytest.approx(found.ending_balance - found.starting_balance)
    if found.irr_daily is not None and found.irr_annualized is not None:
        assert (1 + found.irr_daily) ** 365 - 1 == pytest.approx(found.irr_annualized, rel=1e-9, abs=1e-9)
    assert found.max_consecutive_wins + found.max_consecutive_losses <= len(pnl)
    assert 0.0 <= found.max_drawdown <= 1.0 and 0.0 <= found.max_drawdown_duration <= found.num_days + 1e-9
    if found.win_rate is not None:
        assert found.expectancy == pytest.approx(sum(pnl) / len(pnl), abs=1e-9)
