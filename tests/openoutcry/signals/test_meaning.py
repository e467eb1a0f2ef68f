"""Signals say what their names say: worked examples, and the library their definitions were published in."""

import json
from pathlib import Path

import numpy as np
import pytest

from openoutcry.signals.bars import Bars
from openoutcry.signals.registry import REGISTRY
from tests.openoutcry.indicators.series import walk
from tests.openoutcry.signals.market import bars_of, usual

DAY_MS = 86_400_000


def bars(*rows: tuple[float, float, float, float]) -> Bars:
    """Bars from (open, high, low, close)."""
    opened, high, low, close = (np.array(column, dtype=np.float64) for column in zip(*rows, strict=True))
    return Bars(opened, high, low, close, np.ones(len(rows)))


PATTERNS: dict[str, Bars] = {
    "doji_trigger": bars((10, 11, 9, 10.05)),
    "long_legged_doji_trigger": bars((10, 11, 9, 10.05)),
    "dragonfly_doji_trigger": bars((10, 10.02, 9, 10.02)),
    "gravestone_doji_trigger": bars((10, 11, 9.98, 9.98)),
    "hammer_trigger": bars((10, 10.21, 9, 10.2)),
    "hanging_man_trigger": bars((10, 10.21, 9, 10.2)),
    "inverted_hammer_trigger": bars((10, 11, 9.99, 10.2)),
    "shooting_star_trigger": bars((10, 11, 9.99, 10.2)),
    "marubozu_bullish_trigger": bars((10, 11.01, 10, 11)),
    "marubozu_bearish_trigger": bars((11, 11, 9.99, 10)),
    "spinning_top_trigger": bars((10, 10.6, 9.4, 10.2)),
    "bullish_engulfing_trigger": bars((10, 10.1, 9.4, 9.5), (9.4, 10.3, 9.3, 10.2)),
    "bearish_engulfing_trigger": bars((9.5, 10.1, 9.4, 10), (10.1, 10.2, 9.2, 9.4)),
    "bullish_harami_trigger": bars((10, 10.1, 8.9, 9), (9.2, 9.7, 9.1, 9.6)),
    "bearish_harami_trigger": bars((9, 10.1, 8.9, 10), (9.7, 9.8, 9.1, 9.3)),
    "piercing_line_trigger": bars((10, 10.1, 8.9, 9), (8.8, 9.9, 8.7, 9.7)),
    "dark_cloud_cover_trigger": bars((9, 10.1, 8.9, 10), (10.2, 10.3, 9.1, 9.3)),
    "tweezer_tops_trigger": bars((9, 10, 8.9, 9.8), (9.8, 10, 9, 9.2)),
    "tweezer_bottoms_trigger": bars((10, 10.1, 9, 9.2), (9.2, 10, 9, 9.9)),
    "morning_star_trigger": bars((10, 10.1, 8.9, 9), (8.9, 9.2, 8.6, 8.95), (9, 10, 8.9, 9.8)),
    "evening_star_trigger": bars((9, 10.1, 8.9, 10), (10.1, 10.4, 9.8, 10.05), (10, 10.1, 9, 9.2)),
    "three_white_soldiers_trigger": bars((9, 10.1, 8.9, 10), (9.5, 11.1, 9.4, 11), (10.5, 12.1, 10.4, 12)),
    "three_black_crows_trigger": bars((12, 12.1, 10.9, 11), (11.5, 11.6, 9.9, 10), (10.5, 10.6, 8.9, 9)),
    "three_inside_up_trigger": bars((10, 10.1, 8.9, 9), (9.2, 9.7, 9.1, 9.6), (9.6, 10.4, 9.5, 10.3)),
    "three_inside_down_trigger": bars((9, 10.1, 8.9, 10), (9.7, 9.8, 9.1, 9.3), (9.3, 9.4, 8.6, 8.7)),
    "inside_bar_trigger": bars((9, 11, 8, 10), (9.5, 10, 9, 9.6)),
    "outside_bar_trigger": bars((9.5, 10, 9, 9.6), (9, 11, 8, 10)),
    "bullish_pin_bar_trigger": bars((10, 10.1, 8, 10.05)),
    "bearish_pin_bar_trigger": bars((10, 12, 9.9, 9.95)),
    "two_bar_reversal_bullish_trigger": bars((10, 10.1, 8.9, 9), (9, 10.3, 8.8, 10.2)),
    "two_bar_reversal_bearish_trigger": bars((9, 10.1, 8.9, 10), (10, 10.2, 8.7, 8.8)),
    "nr7_trigger": bars(*[(10, 11 + i / 10, 9, 10) for i in range(6)], (10, 10.5, 9.5, 10)),
}


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_a_pattern_is_seen_where_it_is(name: str) -> None:
    assert REGISTRY[name].evaluate(PATTERNS[name])[-1]


def test_every_pattern_trigger_has_an_example() -> None:
    triggers = {n for n, s in REGISTRY.items() if s.category == "patterns" and s.kind == "TRIGGER"}
    assert triggers == set(PATTERNS)


def test_a_cross_is_not_above_before_and_above_now() -> None:
    close = np.array([10.0, 10, 10, 9, 9, 12, 12, 12, 8, 8], dtype=np.float64)
    series = {name: close for name in ("open", "high", "low", "close", "volume")}
    found = REGISTRY["sma_cross_up"].evaluate(bars_of(series), {"window_fast": 1, "window_slow": 3})
    assert np.flatnonzero(found).tolist() == [5]
    down = REGISTRY["sma_cross_down"].evaluate(bars_of(series), {"window_fast": 1, "window_slow": 3})
    assert np.flatnonzero(down).tolist() == [3, 8]  # equal at bar 2 is not below


def test_a_breakout_is_of_the_channel_before_the_bar() -> None:
    high = np.array([10.0] * 8 + [10.5, 13.0])
    series = {"open": high - 0.5, "high": high, "low": high - 1, "close": high - 0.1, "volume": np.ones(10)}
    found = REGISTRY["dc_upper_breakout"].evaluate(bars_of(series), {"window": 5})
    assert np.flatnonzero(found).tolist() == [8]


def test_a_divergence_fires_when_its_second_swing_is_confirmed() -> None:
    legs = (
        [100.0] * 20,
        np.linspace(100, 80, 8),
        np.linspace(81, 95, 14),
        np.linspace(94, 79, 40),
        np.linspace(80, 90, 10),
    )
    close = np.concatenate(legs)
    series = {name: close for name in ("open", "high", "low", "close", "volume")}
    found = np.flatnonzero(REGISTRY["rsi_bullish_divergence"].evaluate(bars_of(series)))
    second_low = int(np.argmin(close))
    assert found.tolist() == [second_low + 5]
    assert not REGISTRY["rsi_bearish_divergence"].evaluate(bars_of(series)).any()


def test_longer_bars_count_once_they_have_closed() -> None:
    days = 200
    close = np.concatenate((np.linspace(100, 50, 100), np.linspace(50, 120, 100)))
    stamps = (4 + np.arange(days)) * DAY_MS  # from Monday, 5 January 1970
    daily = Bars(close, close, close, close, np.ones(days), timestamp=stamps)
    up = REGISTRY["multi_tf_trend_bullish"].evaluate(daily, {"window": 3})
    down = REGISTRY["multi_tf_trend_bearish"].evaluate(daily, {"window": 3})
    assert not (up & down).any() and down[60] and up[-1]
    assert all(
        day % 7 == 6 for day in np.flatnonzero(np.diff(up.astype(int))) + 1
    )  # only ever at a week's end
    without = Bars(close, close, close, close, np.ones(days))
    assert not REGISTRY["multi_tf_trend_bullish"].evaluate(without, {"window": 3}).any()


# Their own definitions here, and why: TA-Lib's parabolic stop and MESA average; SuperTrend starts upwards at its first
# known bar; a divergence compares the RSI around the swings of price; longer bars end with Monday's first bar.
OURS = {
    "psar_bullish", "psar_bearish", "psar_reversal", "is_above_mama", "mama_cross_up", "mama_cross_down",
    "supertrend_long", "supertrend_short", "supertrend_flip_up", "supertrend_flip_down",
    "rsi_bullish_divergence", "rsi_bearish_divergence", "rsi_hidden_bullish_divergence", "rsi_hidden_bearish_divergence",
    "multi_tf_trend_bullish", "multi_tf_trend_bearish",
}  # fmt: skip


PUBLISHED = json.loads((Path(__file__).parent / "published.json").read_text())
"""At which of 330 bars the library that the definitions were published in sees each signal, as bits."""


@pytest.mark.parametrize("name", sorted(PUBLISHED["fired"]))
def test_the_published_table_sees_the_same_at_every_bar(name: str) -> None:
    signal = REGISTRY[name]
    found = signal.evaluate(bars_of(walk(330, seed=21, step=0.02)), usual(signal))
    wanted = np.unpackbits(np.frombuffer(bytes.fromhex(PUBLISHED["fired"][name]), dtype=np.uint8))
    np.testing.assert_array_equal(found, wanted[: PUBLISHED["bars"]].astype(bool))


def test_the_published_table_is_of_every_signal_that_is_not_our_own() -> None:
    assert set(PUBLISHED["fired"]) == {n for n, s in REGISTRY.items() if s.set != "onchain"} - OURS


def test_the_published_table_is_the_librarys_own() -> None:
    """Where the library is installed, a part of the table is made again."""
    pandas, kb = pytest.importorskip("pandas"), pytest.importorskip("mangrove_kb")
    __import__("mangrove_kb.signals")
    rules = kb.RuleRegistry if hasattr(kb, "RuleRegistry") else kb.registry.RuleRegistry
    market = bars_of(walk(330, seed=21, step=0.02))
    frame = pandas.DataFrame(
        {
            column.capitalize(): getattr(market, column)
            for column in ("open", "high", "low", "close", "volume")
        },
        index=pandas.to_datetime(market.timestamp, unit="ms"),
    )
    for name, told in PUBLISHED["fired"].items():
        bits = np.unpackbits(np.frombuffer(bytes.fromhex(told), dtype=np.uint8))
        fired, silent = np.flatnonzero(bits[:330]), np.flatnonzero(bits[:330] == 0)
        for last in (*fired[:2].tolist(), *fired[-2:].tolist(), *silent[-3:].tolist()):
            params = usual(REGISTRY[name])
            assert (
                bool(rules.evaluate({"name": name, "params": params}, frame.iloc[: last + 1])) == bits[last]
            )
