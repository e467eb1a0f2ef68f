"""The calculate_* tools: CryptoFunk's arguments and readings, over given numbers or a stored series."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openoutcry.errors import BadInput
from openoutcry.indicators.catalogue import CATALOGUE, parse
from tests.mcp_servers.indicators.hosting import SYMBOL, ask, store_walk
from tests.openoutcry.indicators.series import walk

RISING = [float(100 + i) for i in range(60)]
FALLING = RISING[::-1]
STILL = [50.0] * 60


@pytest.mark.parametrize(
    ("prices", "signal", "value"),
    [(RISING, "overbought", 100.0), (FALLING, "oversold", 0.0), (STILL, "neutral", 50.0)],
)
async def test_rsi_is_read(tmp_path: Path, prices: list[float], signal: str, value: float) -> None:
    found = await ask(tmp_path, "calculate_rsi", prices=prices)
    assert (found["signal"], found["value"]) == (signal, value)
    assert ("flat" in (found["note"] or "")) == (prices is STILL)


async def test_macd_crossovers_are_seen_at_the_bar_they_happen(tmp_path: Path) -> None:
    close = walk(300, seed=3)["close"]
    hist = parse("macd").compute({"close": close})["hist"]
    up = int(np.flatnonzero((hist[:-1] <= 0) & (hist[1:] > 0))[0]) + 1
    down = int(np.flatnonzero((hist[:-1] >= 0) & (hist[1:] < 0))[0]) + 1
    for at, crossover in ((up, "bullish"), (down, "bearish"), (up + 1, "none")):
        found = await ask(tmp_path, "calculate_macd", prices=close[: at + 1].tolist())
        assert found["crossover"] == crossover
        assert found["histogram"] == pytest.approx(found["macd"] - found["signal"])


@pytest.mark.parametrize(
    ("last", "signal", "position"),
    [
        (90.0, "buy", "below_lower"),
        (110.0, "sell", "above_upper"),
        (100.1, "neutral", "upper_half"),
        (99.9, "neutral", "lower_half"),
    ],
)
async def test_bollinger_bands_are_read(tmp_path: Path, last: float, signal: str, position: str) -> None:
    prices = [100.0 + (-1) ** i for i in range(30)] + [last]
    found = await ask(tmp_path, "calculate_bollinger_bands", prices=prices, period=20, std_dev=2)
    assert (found["signal"], found["position"]) == (signal, position)
    assert found["lower"] < found["middle"] < found["upper"]
    assert found["width"] == pytest.approx(100 * (found["upper"] - found["lower"]) / found["middle"])


@pytest.mark.parametrize(("prices", "trend"), [(RISING, "bullish"), (FALLING, "bearish"), (STILL, "neutral")])
async def test_ema_is_read(tmp_path: Path, prices: list[float], trend: str) -> None:
    assert (await ask(tmp_path, "calculate_ema", prices=prices, period=20))["trend"] == trend


@pytest.mark.parametrize(
    ("close", "strength", "direction"),
    [(RISING, "very_strong", "bullish"), (FALLING, "very_strong", "bearish"), (STILL, "weak", "none")],
)
async def test_adx_is_read(tmp_path: Path, close: list[float], strength: str, direction: str) -> None:
    wick = 0.0 if close is STILL else 0.5
    high, low = [c + wick for c in close], [c - wick for c in close]
    found = await ask(tmp_path, "calculate_adx", high=high, low=low, close=close)
    assert (found["strength"], found["direction"]) == (strength, direction)


@pytest.mark.parametrize("tool", ["rsi", "macd", "bollinger_bands", "ema", "adx"])
async def test_too_few_prices_are_said_to_be_too_few(tmp_path: Path, tool: str) -> None:
    names = ("high", "low", "close") if tool == "adx" else ("prices",)
    arguments: dict[str, Any] = {name: [1.0, 2.0] for name in names}
    if tool != "macd":
        arguments["period"] = 5
    found = await ask(tmp_path, f"calculate_{tool}", **arguments)
    assert "too little history" in found["note"]
    assert "unknown" in found.values()


async def test_a_stored_series_gives_what_its_prices_give(tmp_path: Path) -> None:
    candles = store_walk(tmp_path, 200)
    by_name = await ask(tmp_path, "calculate_rsi", 200, symbol=SYMBOL, timeframe="1h")
    by_prices = await ask(tmp_path, "calculate_rsi", 200, prices=candles.close.tolist())
    assert by_name["value"] == by_prices["value"]
    assert (by_name["symbol"], by_prices["symbol"]) == (SYMBOL, None)


BAD_SERIES: list[tuple[str, dict[str, Any], str]] = [
    ("calculate_rsi", {}, "prices"),
    ("calculate_rsi", {"prices": RISING, "symbol": SYMBOL}, "symbol"),
    ("calculate_rsi", {"prices": []}, "prices"),
    ("calculate_rsi", {"prices": [1.0] * 5001}, "prices"),
    ("calculate_rsi", {"prices": [1.0, -2.0]}, "prices.1"),
    ("calculate_rsi", {"prices": [1.0, 0.0]}, "prices.1"),
    ("calculate_rsi", {"prices": [1.0, float("nan")]}, "prices.1"),
    ("calculate_rsi", {"prices": [1.0, float("inf")]}, "prices.1"),
    ("calculate_rsi", {"prices": [1.0, "x"]}, "prices.1"),
    ("calculate_rsi", {"prices": RISING, "period": 1}, "period"),
    ("calculate_rsi", {"prices": RISING, "period": 2.5}, "period"),
    ("calculate_ema", {"prices": RISING}, "period"),
    ("calculate_macd", {"prices": RISING, "fast_period": 26, "slow_period": 12}, "fast_period"),
    ("calculate_bollinger_bands", {"prices": RISING, "std_dev": -1}, "std_dev"),
    ("calculate_adx", {"high": RISING, "close": RISING}, "low"),
    ("calculate_adx", {"high": RISING, "low": RISING[:-1], "close": RISING}, "low"),
    ("calculate_indicator", {"name": "rsii", "series": {"close": RISING}}, "name"),
    (
        "calculate_indicator",
        {"name": "rsi:3", "params": {"window": 4}, "series": {"close": RISING}},
        "params",
    ),
    (
        "calculate_indicator",
        {"name": "rsi", "params": {"window": 4.5}, "series": {"close": RISING}},
        "params.window",
    ),
    (
        "calculate_indicator",
        {"name": "rsi", "params": {"period": 4}, "series": {"close": RISING}},
        "params.period",
    ),
    ("calculate_indicator", {"name": "atr", "series": {"close": RISING}}, "series.high"),
    (
        "calculate_indicator",
        {"name": "obv", "series": {"close": RISING, "volume": [-1.0] * 60}},
        "series.volume.0",
    ),
    ("calculate_indicator", {"name": "rsi", "series": {"closes": RISING}}, "series.closes"),
    ("calculate_indicator", {"name": "rsi", "series": {"close": RISING}, "last": 0}, "last"),
]


@pytest.mark.parametrize(("tool", "arguments", "field"), BAD_SERIES)
async def test_bad_series_and_parameters_name_their_field(
    tmp_path: Path, tool: str, arguments: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as refused:
        await ask(tmp_path, tool, **arguments)
    assert refused.value.field == field


@pytest.mark.parametrize("prices", [[1e308] * 40, [1e308, 1e-308] * 20, [5e-324] * 40, [1.0]])
@pytest.mark.parametrize("tool", ["calculate_rsi", "calculate_macd", "calculate_bollinger_bands"])
async def test_extreme_prices_never_leave_as_anything_but_numbers_or_null(
    tmp_path: Path, tool: str, prices: list[float]
) -> None:
    found = await ask(tmp_path, tool, prices=prices)
    assert all(
        value is None or np.isfinite(value) for value in found.values() if isinstance(value, float | None)
    )


@pytest.mark.parametrize("name", sorted(CATALOGUE))
async def test_every_indicator_is_reachable_over_a_stored_series(tmp_path: Path, name: str) -> None:
    candles = store_walk(tmp_path, 900)
    found = await ask(tmp_path, "calculate_indicator", 900, name=name, symbol=SYMBOL, timeframe="1h", last=3)
    columns = {key: getattr(candles, key) for key in ("open", "high", "low", "close", "volume")}
    expected = parse(name).compute(columns)
    assert found["outputs"] == {output: column[-3:].tolist() for output, column in expected.items()}
    assert found["timestamps"] == candles.timestamp[-3:].tolist()
    assert found["needs"] == parse(name).bars and found["note"] is None
