"""list_signals, evaluate_signal, detect_patterns and support_resistance."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.signals.bars import Bars
from openoutcry.signals.registry import REGISTRY
from tests.mcp_servers.indicators.hosting import SYMBOL, ask, store_walk
from tests.openoutcry.indicators.series import walk


async def test_the_whole_registry_is_listed_page_by_page(tmp_path: Path) -> None:
    names: list[str] = []
    cursor = None
    while True:
        page = await ask(tmp_path, "list_signals", limit=100, **({"cursor": cursor} if cursor else {}))
        assert page["total"] == len(REGISTRY)
        names += [signal["name"] for signal in page["signals"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert names == sorted(REGISTRY)


async def test_signals_are_found_by_what_they_are(tmp_path: Path) -> None:
    page = await ask(
        tmp_path, "list_signals", category="patterns", type="FILTER", set="core", query="reversal"
    )
    assert [signal["name"] for signal in page["signals"]] == [
        "reversal_pattern_bearish",
        "reversal_pattern_bullish",
    ]
    rsi = (await ask(tmp_path, "list_signals", query="rsi_cross_up"))["signals"][0]
    assert rsi["params"]["window"] == {"type": "int", "min": 2, "max": 100, "default": 14, "required": False}
    with pytest.raises(BadInput, match="momentum"):
        await ask(tmp_path, "list_signals", category="vibes")
    with pytest.raises(BadInput, match="cursor"):
        await ask(tmp_path, "list_signals", cursor="zzz")


@pytest.mark.parametrize(
    "name", ["rsi_cross_up", "ichimoku_bullish", "obv_bullish", "doji_trigger", "multi_tf_trend_bullish"]
)
async def test_a_stored_series_is_judged_as_the_registry_judges(tmp_path: Path, name: str) -> None:
    candles = store_walk(tmp_path, 400)
    found = await ask(tmp_path, "evaluate_signal", 400, name=name, symbol=SYMBOL, timeframe="1h", last=400)
    expected = REGISTRY[name].evaluate(Bars.of(candles))
    assert found["values"] == expected.tolist()
    assert found["fired"] == bool(expected[-1])
    since = np.flatnonzero(expected[::-1])
    assert found["bars_since"] == (int(since[0]) if len(since) else None)
    assert found["timestamps"] == candles.timestamp.tolist()
    assert (found["type"], found["note"]) == (REGISTRY[name].kind, None)


async def test_own_columns_need_only_what_the_signal_requires(tmp_path: Path) -> None:
    close = walk(100)["close"].tolist()
    found = await ask(
        tmp_path, "evaluate_signal", name="is_above_sma", params={"window": 10}, series={"close": close}
    )
    assert found["fired"] == (close[-1] > np.mean(close[-10:]))
    short = await ask(tmp_path, "evaluate_signal", name="rsi_oversold", series={"close": close[:5]})
    assert short["fired"] is False and short["note"] == "too little history: needs 15 bars, there are 5"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"name": "rsi_oversolt"}, "name"),
        ({"name": "rsi_oversold", "params": {"window": 0}}, "params.window"),
        ({"name": "is_above_sma"}, "params.window"),
        ({"name": "obv_bullish", "series": {"close": [1.0, 2.0]}}, "series.volume"),
        ({"name": "rsi_oversold"}, "series.close"),
        ({"name": "rsi_oversold", "series": {"close": [1.0, -1.0]}}, "series.close.1"),
    ],
)
async def test_bad_questions_name_their_field(tmp_path: Path, arguments: dict[str, Any], field: str) -> None:
    with pytest.raises(BadInput) as refused:
        await ask(tmp_path, "evaluate_signal", **arguments)
    assert refused.value.field == field


async def test_signals_on_data_without_a_source_are_unavailable(tmp_path: Path) -> None:
    store_walk(tmp_path, 50)
    with pytest.raises(DataUnavailable, match="SmartMoneyNetflow"):
        await ask(
            tmp_path, "evaluate_signal", 50, name="smart_money_inflow_spike", symbol=SYMBOL, timeframe="1h"
        )


async def test_patterns_of_the_last_bars_are_named_newest_first(tmp_path: Path) -> None:
    series = {
        "open": [10, 10, 9.4],
        "high": [10.5, 10.1, 10.3],
        "low": [9.5, 9.4, 9.3],
        "close": [10.2, 9.5, 10.2],
    }
    found = (await ask(tmp_path, "detect_patterns", series=series))["patterns"]
    assert ("engulfing", "bullish", 0) in [(p["pattern"], p["direction"], p["bars_ago"]) for p in found]
    assert [p["bars_ago"] for p in found] == sorted(p["bars_ago"] for p in found)
    candles = store_walk(tmp_path, 300)
    stored = await ask(tmp_path, "detect_patterns", 300, symbol=SYMBOL, timeframe="1h", lookback=50)
    assert stored["patterns"]
    assert all(p["timestamp"] == candles.timestamp[-1 - p["bars_ago"]] for p in stored["patterns"])


async def test_levels_lie_where_price_turned(tmp_path: Path) -> None:
    wave = 100 + 10 * np.sin(np.arange(200) / 10)
    series = {"high": (wave + 0.2).tolist(), "low": (wave - 0.2).tolist(), "close": wave.tolist()}
    found = await ask(tmp_path, "support_resistance", series=series)
    kinds = {level["kind"]: level for level in found["levels"]}
    assert (
        kinds["resistance"]["price"] == pytest.approx(110.2, abs=0.3) and kinds["resistance"]["touches"] >= 3
    )
    assert kinds["support"]["price"] == pytest.approx(89.8, abs=0.3) and kinds["support"]["touches"] >= 3
    assert kinds["resistance"]["distance_pct"] > 0 > kinds["support"]["distance_pct"]
    pivot = (wave[-2] + 0.2 + wave[-2] - 0.2 + wave[-2]) / 3
    assert found["pivots"]["pivot"] == pytest.approx(pivot)


async def test_a_straight_line_has_no_turns_and_says_so(tmp_path: Path) -> None:
    line = [float(x) for x in range(100, 160)]
    found = await ask(tmp_path, "support_resistance", series={"high": line, "low": line, "close": line})
    assert found["levels"] == [] and "no confirmed turn" in found["note"]
