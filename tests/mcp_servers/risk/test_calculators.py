"""Tools that work on numbers given in the call, or on stored candles."""

import math
import statistics
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mcp_servers.risk.books import NoBooks
from openoutcry.errors import BadInput, DataUnavailable
from tests.mcp_servers.risk.hosting import ask, store
from tests.openoutcry.risk.books import SPOT

RETURNS = [0.01, -0.02, 0.03, -0.01, 0.00, 0.02, -0.05, 0.04, 0.01, -0.01]


async def calculate(home: Path, tool: str, **arguments: Any) -> dict[str, Any]:
    return await ask(home, tool, NoBooks(), **arguments)


async def test_var(tmp_path: Path) -> None:
    """Sorted, the 10 % quantile lies at place 0.9: between -0.05 and -0.02."""
    found = await calculate(tmp_path, "calculate_var", returns=RETURNS, confidence_level=0.9)
    assert found["var"] == pytest.approx(0.023)
    assert found["cvar"] == pytest.approx(0.05)
    assert (found["sample_size"], found["exceedances"], found["exceedance_rate"]) == (10, 1, 0.1)
    assert (found["worst_return"], found["best_return"]) == (-0.05, 0.04)
    assert found["std_dev"] == pytest.approx(statistics.stdev(RETURNS))
    normal = await calculate(tmp_path, "calculate_var", returns=RETURNS, method="parametric")
    assert normal["var"] == pytest.approx(
        1.6448536269514722 * statistics.stdev(RETURNS) - statistics.fmean(RETURNS)
    )


async def test_hard_numbers_have_plain_answers(tmp_path: Path) -> None:
    """What a client may send within the bounds never makes NaN or infinity of it."""
    low = await calculate(tmp_path, "calculate_var", returns=RETURNS, confidence_level=0.05)
    assert low["var"] == 0.0
    for returns in ([0.0], [1e6] * 5000, [-1.0, 1e6], [-1e6, 1e6], [1e-300] * 9):
        found = await calculate(tmp_path, "calculate_sharpe", returns=returns)
        risk = await calculate(tmp_path, "calculate_var", returns=returns)
        numbers = [v for v in (*found.values(), *risk.values()) if isinstance(v, float)]
        assert numbers and all(math.isfinite(v) for v in numbers)
    fallen = await calculate(tmp_path, "calculate_drawdown", equity_curve=[1e308, 1e-308, 1e308])
    assert (fallen["max_drawdown"], fallen["recovered"]) == (1.0, True)


async def test_sharpe(tmp_path: Path) -> None:
    arguments = {"returns": RETURNS, "risk_free_rate": 0.05, "periods_per_year": 252}
    found = await calculate(tmp_path, "calculate_sharpe", **arguments)
    mean, spread = statistics.fmean(RETURNS), statistics.stdev(RETURNS)
    assert found["sharpe_ratio"] == pytest.approx((mean - 0.05 / 252) / spread * math.sqrt(252))
    assert found["annualized_volatility"] == pytest.approx(spread * math.sqrt(252))
    assert found["annualized_return"] == pytest.approx(mean * 252)
    flat = await calculate(tmp_path, "calculate_sharpe", returns=[0.01] * 5)
    assert (flat["sharpe_ratio"], flat["sortino_ratio"], flat["calmar_ratio"]) == (None, None, None)
    assert flat["interpretation"].startswith("undefined")


async def test_stored_series_end_at_as_of(tmp_path: Path) -> None:
    closes = 100 * np.exp(np.cumsum(np.random.default_rng(5).normal(0, 0.01, 400)))
    store(tmp_path, SPOT, closes)
    asked = {"symbol": "BTC-USDT", "timeframe": "60m", "bars": 100}
    found = await calculate(tmp_path, "calculate_var", at_bar=300, **asked)
    past = closes[199:300]
    ordered = np.sort(past[1:] / past[:-1] - 1)
    assert (found["symbol"], found["timeframe"], found["sample_size"], found["stale"]) == (
        SPOT,
        "1h",
        100,
        False,
    )
    assert found["var"] == pytest.approx(-(ordered[4] + 0.95 * (ordered[5] - ordered[4])))
    ratio = await calculate(tmp_path, "calculate_sharpe", at_bar=300, **asked)
    assert ratio["periods_per_year"] == 8760
    assert (await calculate(tmp_path, "calculate_var", at_bar=450, **asked))["stale"] is True
    for nothing in ({"at_bar": 1}, {"timeframe": "4h"}):
        with pytest.raises(DataUnavailable, match="candles"):
            await calculate(tmp_path, "calculate_var", **{**asked, **nothing})


async def test_position_size(tmp_path: Path) -> None:
    arguments = {"win_rate": 0.55, "avg_win": 100, "avg_loss": 100, "capital": "10000", "kelly_fraction": 0.5}
    found = await calculate(tmp_path, "calculate_position_size", **arguments)
    assert (found["kelly_percentage"], found["adjusted_kelly"]) == (pytest.approx(0.1), pytest.approx(0.05))
    assert float(found["position_size"]) == pytest.approx(500)
    assert (found["has_positive_edge"], found["edge_ratio"]) == (True, 1.0)
    none = await calculate(tmp_path, "calculate_position_size", **{**arguments, "win_rate": 0.3})
    assert (none["position_size"], none["recommendation"]) == ("0", "No edge: stake nothing")


async def test_drawdown(tmp_path: Path) -> None:
    found = await calculate(tmp_path, "calculate_drawdown", equity_curve=[100, 120, 60, 90, 120, 60])
    assert (found["max_drawdown"], found["max_drawdown_percent"], found["severity"]) == (0.5, 50.0, "severe")
    assert (found["max_drawdown_peak_idx"], found["max_drawdown_trough_idx"], found["longest_duration"]) == (
        1,
        2,
        3,
    )
    assert (found["recovered"], found["in_drawdown"], found["current_drawdown"]) == (True, True, 0.5)


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("calculate_var", {}, "returns"),
        ("calculate_var", {"returns": []}, "returns"),
        ("calculate_var", {"returns": [0.1], "symbol": SPOT}, "symbol"),
        ("calculate_var", {"returns": [0.1], "confidence_level": 1.0}, "confidence_level"),
        ("calculate_var", {"returns": [0.1], "confidence_level": 0}, "confidence_level"),
        ("calculate_var", {"returns": [0.1, 1e308]}, "returns.1"),
        ("calculate_var", {"returns": [0.1, "NaN"]}, "returns.1"),
        ("calculate_var", {"returns": [None]}, "returns.0"),
        ("calculate_var", {"returns": "0.1"}, "returns"),
        ("calculate_var", {"returns": [0.1], "method": "magic"}, "method"),
        ("calculate_sharpe", {"returns": [0.1], "risk_free_rate": 1e308}, "risk_free_rate"),
        (
            "calculate_position_size",
            {"win_rate": 0.5, "avg_win": 1e308, "avg_loss": 1, "capital": 1},
            "avg_win",
        ),
        ("calculate_var", {"returns": [0.1], "confidence": 0.9}, "confidence"),
        ("calculate_var", {"symbol": SPOT, "timeframe": "7m"}, "timeframe"),
        ("calculate_sharpe", {"returns": [0.1], "periods_per_year": 0}, "periods_per_year"),
        ("calculate_drawdown", {"equity_curve": [100, -1]}, "equity_curve.1"),
        ("calculate_drawdown", {"equity_curve": []}, "equity_curve"),
        ("calculate_position_size", {"win_rate": 2, "avg_win": 1, "avg_loss": 1, "capital": 1}, "win_rate"),
        ("calculate_position_size", {"win_rate": 0.5, "avg_win": 1, "avg_loss": 0, "capital": 1}, "avg_loss"),
        (
            "calculate_position_size",
            {"win_rate": 0.5, "avg_win": 1, "avg_loss": 1, "capital": "1e9"},
            "capital",
        ),
        ("calculate_position_size", {"win_rate": 0.5, "avg_win": 1, "avg_loss": 1}, "capital"),
    ],
)
async def test_bad_input_names_its_field(
    tmp_path: Path, tool: str, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as caught:
        await calculate(tmp_path, tool, **arguments)
    assert caught.value.field == field
