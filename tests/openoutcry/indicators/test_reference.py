"""The numbers are those of other people: a published table, TA-Lib's own functions, and the ``ta`` library."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openoutcry.indicators.candlesticks import PATTERN_NAMES
from openoutcry.indicators.catalogue import CATALOGUE, parse
from openoutcry.indicators.line import Array
from openoutcry.indicators.talib import ta as talib
from tests.openoutcry.indicators.series import Series, walk

# Wilder's RSI worked through bar by bar: the spreadsheet of StockCharts' ChartSchool article on RSI.
CHARTSCHOOL_CLOSES = [
    44.3389, 44.0902, 44.1497, 43.6124, 44.3278, 44.8264, 45.0955, 45.4245, 45.8433, 46.0826, 45.8931, 46.0328,
    45.6140, 46.2820, 46.2820, 46.0028, 46.0328, 46.4116, 46.2222, 45.6439, 46.2122, 46.2521, 45.7137, 46.4515,
    45.7835, 45.3548, 44.0288, 44.1783, 44.2181, 44.5672, 43.4205, 42.6628, 43.1314,
]  # fmt: skip
CHARTSCHOOL_RSI = [
    70.53, 66.32, 66.55, 69.41, 66.36, 57.97, 62.93, 63.26, 56.06, 62.38, 54.71, 50.42, 39.99, 41.46, 41.87, 45.46,
    37.30, 33.08, 37.77,
]  # fmt: skip


def test_rsi_is_the_published_table() -> None:
    found = parse("rsi:14").compute({"close": np.array(CHARTSCHOOL_CLOSES)})["value"]
    assert found[14:] == pytest.approx(CHARTSCHOOL_RSI, abs=0.006)


TALIB: dict[str, Callable[[Any, Series], Any]] = {
    "macd:12,26,9": lambda t, s: t.MACD(s["close"], 12, 26, 9),
    "ppo:12,26": lambda t, s: t.PPO(s["close"], 12, 26, 1),
    "apo:12,26": lambda t, s: t.APO(s["close"], 12, 26, 1),
    "tsi:25,13": lambda t, s: t.TSI(s["close"], 25, 13),
    "trix:15": lambda t, s: t.TRIX(s["close"], 15),
    "dema:21": lambda t, s: t.DEMA(s["close"], 21),
    "tema:21": lambda t, s: t.TEMA(s["close"], 21),
    "trima:20": lambda t, s: t.TRIMA(s["close"], 20),
    "trima:21": lambda t, s: t.TRIMA(s["close"], 21),
    "hma:16": lambda t, s: t.HMA(s["close"], 16),
    "t3:10,0.7": lambda t, s: t.T3(s["close"], 10, 0.7),
    "kama:10,2,30": lambda t, s: t.KAMA(s["close"], 10),
    "epma:14": lambda t, s: t.LINEARREG(s["close"], 14),
    "roc:12": lambda t, s: t.ROC(s["close"], 12),
    "mom:10": lambda t, s: t.MOM(s["close"], 10),
    "cmo:14": lambda t, s: t.CMOU(s["close"], 14),
    "dpo:20": lambda t, s: t.DPO(s["close"], 20),
    "rsi:14": lambda t, s: t.RSI(s["close"], 14),
    "bbands:20,2": lambda t, s: t.BBANDS(s["close"], 20, 2.0, 2.0, 0),
    "stochastic:14,3,3": lambda t, s: t.STOCH(s["high"], s["low"], s["close"], 14, 3, 0, 3, 0),
    "williams_r:14": lambda t, s: t.WILLR(s["high"], s["low"], s["close"], 14),
    "cci:20": lambda t, s: t.CCI(s["high"], s["low"], s["close"], 20),
    "uo:7,14,28": lambda t, s: t.ULTOSC(s["high"], s["low"], s["close"], 7, 14, 28),
    "ao:5,34": lambda t, s: t.AO(s["high"], s["low"], 5, 34),
    "bop": lambda t, s: t.BOP(s["open"], s["high"], s["low"], s["close"]),
    "aroon:25": lambda t, s: t.AROON(s["high"], s["low"], 25)[::-1],
    "vortex:14": lambda t, s: t.VORTEX(s["high"], s["low"], s["close"], 14),
    "mass_index:9,25": lambda t, s: t.MASSI(s["high"], s["low"], 9, 25),
    "cmf:20": lambda t, s: t.CMF(s["high"], s["low"], s["close"], s["volume"], 20),
    "mfi:14": lambda t, s: t.MFI(s["high"], s["low"], s["close"], s["volume"], 14),
    "adosc:3,10": lambda t, s: t.ADOSC(s["high"], s["low"], s["close"], s["volume"], 3, 10),
    "force_index:13": lambda t, s: t.EFI(s["close"], s["volume"], 13),
    "vwma:30": lambda t, s: t.VWMA(s["close"], s["volume"], 30),
    "psar:0.02,0.2": lambda t, s: t.SAR(s["high"], s["low"], 0.02, 0.2),
    "true_range": lambda t, s: t.TRANGE(s["high"], s["low"], s["close"]),
    "natr:14": lambda t, s: t.NATR(s["high"], s["low"], s["close"], 14),
    "smma:14": lambda t, s: t.RMA(s["close"], 14),
    "volume_sma:20": lambda t, s: t.SMA(s["volume"], 20),
    "mama:0.5,0.05": lambda t, s: t.MAMA(s["close"], 0.5, 0.05),
}


@pytest.mark.parametrize("text", sorted(TALIB))
def test_what_is_composed_is_what_talib_has_whole(text: str) -> None:
    series = walk(800, seed=6)
    expected = TALIB[text](talib, series)
    columns = expected if isinstance(expected, tuple) else (expected,)
    for (output, column), wanted in zip(parse(text).compute(series).items(), columns, strict=False):
        there = np.isfinite(wanted)  # TA-Lib begins all outputs at once
        tolerance = 1e-9 * np.abs(wanted[there]).max()
        np.testing.assert_allclose(column[there], wanted[there], rtol=1e-9, atol=tolerance, err_msg=output)


def _library(series: Series) -> dict[str, tuple[str, Array, int]]:
    """Indicator text → output, the ``ta`` library's numbers, and the bar from which seeds no longer matter."""
    pandas = pytest.importorskip("pandas")
    t = pytest.importorskip("ta")
    h, l, c, v = (pandas.Series(series[name]) for name in ("high", "low", "close", "volume"))  # noqa: E741
    cloud = t.trend.IchimokuIndicator(h, l)
    bands, keltner = (
        t.volatility.BollingerBands(c),
        t.volatility.KeltnerChannel(h, l, c, 20, 10, False, False, 2),
    )
    return {
        "sma:20": ("value", t.trend.sma_indicator(c, 20), 0),
        "ema:20": ("value", t.trend.ema_indicator(c, 20), 400),
        "wma:20": ("value", t.trend.wma_indicator(c, 20), 0),
        "kama:10,2,30": ("value", t.momentum.kama(c), 300),
        "kama:10,3,25": ("value", t.momentum.kama(c, 10, 3, 25), 300),
        "rsi:14": ("value", t.momentum.rsi(c, 14), 500),
        "stoch_rsi:14,3,3": ("value", t.momentum.stochrsi(c, 14, 3, 3), 600),
        "stochastic:14,1,3": ("d", t.momentum.stoch_signal(h, l, c, 14, 3), 0),
        "macd": ("signal", t.trend.macd_signal(c), 600),
        "ppo": ("signal", t.momentum.ppo_signal(c), 600),
        "pvo": ("signal", t.momentum.pvo_signal(v), 600),
        "tsi:25,13": ("value", t.momentum.tsi(c, 25, 13), 700),
        "kst": ("signal", t.trend.kst_sig(c), 0),
        "stc": ("value", t.trend.stc(c), 800),
        "roc:12": ("value", t.momentum.roc(c, 12), 0),
        "uo": ("value", t.momentum.ultimate_oscillator(h, l, c), 60),
        "cci:20": ("value", t.trend.cci(h, l, c, 20), 0),
        "adx:14": ("adx", t.trend.adx(h, l, c, 14), 600),
        "vortex:14": ("minus", t.trend.vortex_indicator_neg(h, l, c, 14), 30),
        "ichimoku": ("span_a", cloud.ichimoku_a(), 0),
        "ichimoku:9,26,52": ("span_b", cloud.ichimoku_b(), 0),
        "mass_index": ("value", t.trend.mass_index(h, l), 300),
        "bbands:20,2": ("percent_b", bands.bollinger_pband(), 0),
        "bbands": ("width", bands.bollinger_wband(), 0),
        "keltner:20,10,2": ("upper", keltner.keltner_channel_hband(), 400),
        "donchian:20": ("upper", t.volatility.donchian_channel_hband(h, l, c, 20, 1), 0),
        "atr:14": ("value", t.volatility.average_true_range(h, l, c, 14), 500),
        "ulcer_index:14": ("value", t.volatility.ulcer_index(c, 14), 20),
        "adi": ("value", t.volume.acc_dist_index(h, l, c, v), 0),
        "obv": ("value", t.volume.on_balance_volume(c, v), 0),
        "mfi:14": ("value", t.volume.money_flow_index(h, l, c, v, 14), 20),
        "eom:14": ("mean", t.volume.sma_ease_of_movement(h, l, v, 14), 0),
        "force_index:13": ("value", t.volume.force_index(c, v, 13), 300),
        "nvi": ("nvi", t.volume.negative_volume_index(c, v), 0),
        "vpt": ("value", t.volume.volume_price_trend(c, v), 0),
        "vwap:14": ("value", t.volume.volume_weighted_average_price(h, l, c, v, 14), 0),
    }


def test_the_ta_library_has_the_same_numbers() -> None:
    series = walk(1000, seed=3)
    for text, (output, reference, since) in _library(series).items():
        found, wanted = (
            parse(text).compute(series)[output][since:],
            np.asarray(reference, dtype=np.float64)[since:],
        )
        both = np.isfinite(found) & np.isfinite(wanted)
        assert both.sum() >= 150, text
        np.testing.assert_allclose(
            found[both], wanted[both], rtol=1e-9, atol=1e-9 * np.abs(wanted[both]).max(), err_msg=text
        )


PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text())
"""What the ``ta`` library says at some bars of a seeded walk, for where it is not installed."""


@pytest.mark.parametrize("text", sorted(PUBLISHED["values"]))
def test_the_ta_librarys_table_has_the_same_numbers(text: str) -> None:
    told = PUBLISHED["values"][text]
    found = parse(text).compute(walk(1000, seed=3))[told["output"]]
    for bar, wanted in told["at"].items():
        assert found[int(bar)] == pytest.approx(wanted, rel=1e-9, abs=1e-9 * np.nanmax(np.abs(found))), bar


BY_HAND: dict[str, Callable[[Series, int], float]] = {
    "alma:21,0.85,6": lambda s, i: _alma(s["close"][i - 20 : i + 1]),
    "volatility_stop:20,2": lambda s, i: (
        s["close"][i - 1] * (1 + 2 * _returns(s["close"][i - 20 : i + 1]).std(ddof=1))
    ),
    "realized_vol:48": lambda s, i: float(np.diff(np.log(s["close"][i - 48 : i + 1])).std(ddof=1)),
    "starc:20,15,2": lambda s, i: (
        s["close"][i - 19 : i + 1].mean() + 2 * talib.ATR(s["high"], s["low"], s["close"], 15)[i]
    ),
    "chandelier:22,3": lambda s, i: (
        s["high"][i - 21 : i + 1].max() - 3 * talib.ATR(s["high"], s["low"], s["close"], 22)[i]
    ),
    "alligator": lambda s, i: talib.RMA((s["high"] + s["low"]) / 2, 13)[i - 8],
    "donchian:20": lambda s, i: s["high"][i - 20 : i].max(),
    "vwap:14": lambda s, i: float(
        np.average(_typical(s)[i - 13 : i + 1], weights=s["volume"][i - 13 : i + 1])
    ),
}


@pytest.mark.parametrize("text", sorted(BY_HAND))
def test_definitions_no_library_has_are_worked_out_by_hand(text: str) -> None:
    series = walk(300, seed=8)
    first = next(iter(parse(text).compute(series).values()))
    for bar in (120, 200, 299):
        assert first[bar] == pytest.approx(BY_HAND[text](series, bar), rel=1e-9)


def test_pivots_are_the_floor_traders() -> None:
    """From the bar before: high 110, low 90, close 100."""
    series = {
        name: np.array([value, 1.0]) for name, value in (("high", 110.0), ("low", 90.0), ("close", 100.0))
    }
    found = {name: column[1] for name, column in parse("pivot_points").compute(series).items()}
    assert found == {"pivot": 100, "r1": 110, "s1": 90, "r2": 120, "s2": 80, "r3": 130, "s3": 70}


def test_swings_are_found_by_looking_at_every_bar() -> None:
    series, size = walk(300, seed=10), 4
    found = parse(f"swings:{size}").compute(series)
    for name, beyond in (("high", max), ("low", min)):
        values, last = series[name], np.nan
        for bar in range(300):
            middle = bar - size
            around = [values[i] for i in range(middle - size, bar + 1) if i != middle and i >= 0]
            if middle >= size and beyond(values[middle], beyond(around)) == values[middle]:
                last = values[middle]
            assert found[name][bar] == pytest.approx(last, nan_ok=True)


def test_a_trailing_stop_only_moves_with_its_trend() -> None:
    series = walk(300, seed=11, step=0.03)
    found, reach = parse("atr_trailing_stop:14,3").compute(series), 3 * talib.ATR(*_hlc(series), 14)
    stop, long, close = np.nan, True, series["close"]
    for bar in range(14, 300):
        if bar == 14:
            long = bool(close[bar] >= close[bar - 1])
            stop = close[bar] - reach[bar] if long else close[bar] + reach[bar]
        elif (close[bar] < stop) if long else (close[bar] > stop):
            long = not long
            stop = close[bar] - reach[bar] if long else close[bar] + reach[bar]
        else:
            stop = max(stop, close[bar] - reach[bar]) if long else min(stop, close[bar] + reach[bar])
        assert (found["value"][bar], found["direction"][bar]) == (pytest.approx(stop), 1.0 if long else -1.0)


def test_klingers_oscillator_in_its_short_form() -> None:
    """The first bar has nothing to move from and counts as 0."""
    series = walk(400, seed=12)
    moves = np.diff(_typical(series), prepend=_typical(series)[0])
    signed = np.sign(moves) * series["volume"]
    line = talib.EMA(signed, 34) - talib.EMA(signed, 55)
    found = parse("kvo:34,55,13").compute(series)
    np.testing.assert_allclose(found["kvo"][54:], line[54:], rtol=1e-9)
    np.testing.assert_allclose(found["signal"][66:], talib.EMA(line[54:], 13)[12:], rtol=1e-9)


def test_a_squeeze_is_bollinger_within_keltner() -> None:
    series = walk(400, seed=13)
    found = parse("ttm_squeeze:20,2,20,1.5,12").compute(series)
    upper, _, lower = talib.BBANDS(series["close"], 20, 2.0, 2.0, 0)
    centre, reach = talib.EMA(series["close"], 20), 1.5 * talib.ATR(*_hlc(series), 20)
    inside = (upper < centre + reach) & (lower > centre - reach)
    np.testing.assert_array_equal(found["on"][20:], inside[20:].astype(float))
    assert 0 < found["on"][20:].sum() < 380
    high, low = talib.MAX(series["high"], 12), talib.MIN(series["low"], 12)
    away = series["close"] - ((high + low) / 2 + talib.SMA(series["close"], 12)) / 2
    np.testing.assert_allclose(
        found["momentum"][22:], talib.LINEARREG(away[11:], 12)[11:], rtol=1e-9, atol=1e-9
    )


def test_every_indicator_has_a_reference() -> None:
    """Those of candlestick patterns are the signals made of them: tests/openoutcry/signals/published.json."""
    tables = {text.partition(":")[0] for text in (*TALIB, *PUBLISHED["values"], *BY_HAND)}
    above = {"heikin_ashi", "supertrend", "pivot_points", "swings", "atr_trailing_stop", "kvo", "ttm_squeeze"}
    assert set(CATALOGUE) - tables - above == set(PATTERN_NAMES)


def _hlc(series: Series) -> tuple[Array, Array, Array]:
    return series["high"], series["low"], series["close"]


def _returns(close: Array) -> Array:
    return np.diff(close) / close[:-1]


def _typical(series: Series) -> Array:
    return (series["high"] + series["low"] + series["close"]) / 3


def _alma(window: Array) -> float:
    weights = np.exp(-((np.arange(21) - 17) ** 2) / (2 * (21 / 6) ** 2))
    return float((weights * window).sum() / weights.sum())


def test_heikin_ashi_and_supertrend_follow_their_recurrences() -> None:
    series = walk(300, seed=9)
    found = parse("heikin_ashi").compute(series)
    assert found["open"][1:] == pytest.approx((found["open"][:-1] + found["close"][:-1]) / 2)
    assert found["close"] == pytest.approx(
        (series["open"] + series["high"] + series["low"] + series["close"]) / 4
    )
    trend = parse("supertrend:10,3").compute(series)
    up = trend["direction"][11:] > 0
    assert (
        np.where(up, series["close"][11:] >= trend["value"][11:], series["close"][11:] <= trend["value"][11:])
    ).all()
    same = up[1:] == up[:-1]
    steps = np.diff(trend["value"][11:])
    assert (np.where(up[1:], steps, -steps)[same] >= 0).all()
