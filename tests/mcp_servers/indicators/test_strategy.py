"""evaluate_strategy: what the backtest would see at that bar, cut at as_of."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from db.candles import CandleStore, Series
from openoutcry.backtest import series as checked
from openoutcry.backtest.ranges import stop_atr
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.strategy.masks import masks
from tests.mcp_servers.indicators.hosting import SYMBOL, ask, store_walk
from tests.openoutcry.strategy.given import DEFAULTS, FILTER, LEAVE, TRIGGER, strategy

MAPPING: dict[str, Any] = {
    "name": "x",
    "asset": "BTC",
    "entry": [TRIGGER, {**FILTER, "timeframe": "4h"}],
    "exit": [LEAVE],
}


async def asked(home: Path, bars: int, **changes: Any) -> dict[str, Any]:
    return await ask(
        home, "evaluate_strategy", bars, symbol=SYMBOL, timeframe="1h", strategy={**MAPPING, **changes}
    )


async def test_it_holds_where_the_masks_of_the_whole_history_hold(tmp_path: Path) -> None:
    candles = store_walk(tmp_path, 600)
    found = strategy(**MAPPING)
    whole = masks(found, candles, "1h")
    entries, exits = np.flatnonzero(whole.entry), np.flatnonzero(whole.exit)
    assert len(entries) > 3 and len(exits) > 3
    for bar in (*entries[:4], *exits[:4], *(entries[:4] + 1), 599):
        now = await asked(tmp_path, int(bar) + 1)
        assert (now["entry"], now["exit"]) == (bool(whole.entry[bar]), bool(whole.exit[bar])), bar
        assert now["close"] == candles.close[bar]
        assert not now["stale"]
    parts = [(rule["part"], rule["name"], rule["timeframe"], rule["note"]) for rule in now["rules"]]
    assert parts == [
        ("entry", "sma_cross_up", "1h", None),
        ("entry", "is_above_sma", "4h", None),
        ("exit", "sma_cross_down", "1h", None),
    ]


async def test_its_atr_is_the_one_behind_a_backtests_stop(tmp_path: Path) -> None:
    candles = store_walk(tmp_path, 600)
    known = stop_atr(checked.Series.of(candles, "1h"), None, DEFAULTS.execution())
    for bars in (400, 600):
        assert (await asked(tmp_path, bars))["atr"] == pytest.approx(known[bars - 1], rel=1e-9)
    own = await asked(
        tmp_path, 600, execution_config={"atr_period": 5, "atr_short_weight": 1.0, "atr_long_weight": 0.0}
    )
    assert own["atr"] != pytest.approx(known[599])
    assert (await asked(tmp_path, 600, execution_config={"stop_loss_calculation": "fixed"}))["atr"] is None
    assert (await asked(tmp_path, 100))["atr"] is None, "fourteen days have not closed yet"


async def test_too_little_history_is_told_of_each_rule(tmp_path: Path) -> None:
    store_walk(tmp_path, 600)
    now = await asked(tmp_path, 3)
    assert (now["entry"], now["exit"]) == (False, False)
    notes = [rule["note"] for rule in now["rules"]]
    assert notes[0] == "too little history: needs 8 bars, there are 3"
    assert notes[1] == "too little history: needs 5 bars, there are 0"


async def test_a_series_that_ends_early_is_stale(tmp_path: Path) -> None:
    store_walk(tmp_path, 300)
    assert (await asked(tmp_path, 303))["stale"]
    with pytest.raises(DataUnavailable, match="no closed 1h candle"):
        await ask(tmp_path, "evaluate_strategy", 303, symbol="ETH/USDT", timeframe="1h", strategy=MAPPING)


async def test_shorter_bars_of_its_own_are_asked_of_the_store(tmp_path: Path) -> None:
    store_walk(tmp_path, 300)
    quick = [{**TRIGGER, "timeframe": "15m"}, {**FILTER, "timeframe": "15m"}]
    now = await asked(tmp_path, 300, entry=quick, exit=[])
    assert (now["entry"], next(rule["note"] for rule in now["rules"])) == (
        False,
        "too little history: needs 8 bars, there are 0",
    )
    stamps = 1_704_067_200_000 + 900_000 * np.arange(1200)
    prices = np.linspace(100, 200, 1200)
    CandleStore(tmp_path).merge(
        Series("binance", SYMBOL, "15m"), Candles.of(stamps, prices, prices, prices, prices, np.ones(1200))
    )
    now = await asked(tmp_path, 300, entry=quick, exit=[])
    assert [rule["note"] for rule in now["rules"]] == [None, None]
    assert now["rules"][1]["holds"]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"entry": [TRIGGER]}, "entry"),
        ({"entry": [{**TRIGGER, "name": "sma_cross_upp"}, FILTER]}, "entry[0].name"),
        ({"speling": 1}, "speling"),
        ({"execution_config": {"atr_period": 0}}, "execution_config.atr_period"),
    ],
)
async def test_a_strategy_that_is_wrong_is_told_by_field(tmp_path: Path, changes: dict, field: str) -> None:
    store_walk(tmp_path, 300)
    with pytest.raises(BadInput) as caught:
        await asked(tmp_path, 300, **changes)
    assert caught.value.field == field
