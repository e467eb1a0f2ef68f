"""Real candles: all five regimes occur, and the days everyone remembers are called what they were."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from openoutcry.market.candles import Candles
from openoutcry.regime.features import feature_rows
from openoutcry.regime.filter import by_regime, forward, machine
from openoutcry.regime.names import REGIMES
from openoutcry.regime.settings import RegimeSettings
from openoutcry.regime.tracking import follow, fresh
from openoutcry.regime.training import fit
from openoutcry.types.timeframes import SECONDS, from_millis

FOLDER = Path(__file__).resolve().parents[4] / "shared" / "data" / "spot"
NAMES = ("timestamp", "open", "high", "low", "close", "volume")
pytestmark = pytest.mark.skipif(not FOLDER.exists(), reason=f"no real candles at {FOLDER}")


def candles_of(name: str) -> Candles:
    table = pq.read_table(FOLDER / f"BTCUSDT_{name}.parquet")
    return Candles.of(*(table[column].to_numpy() for column in NAMES))


@pytest.mark.parametrize(("timeframe", "bars", "split"), [("1d", 2_932, 1_466), ("1h", 9_000, 6_000)])
def test_all_five_regimes_occur_in_bars_the_model_never_saw(timeframe: str, bars: int, split: int) -> None:
    candles = candles_of(timeframe)[-bars:]
    rows = feature_rows(candles, timeframe).rows
    step = SECONDS[timeframe] * 1000
    made = fit(
        rows[:split],
        timeframe=timeframe,
        trained_from=from_millis(int(candles.timestamp[0])),
        trained_until=from_millis(int(candles.timestamp[split - 1]) + step),
    )
    assert made.model.labelling == "one_to_one"
    engine = machine(made.model)
    later = rows[split:]
    said = np.array(REGIMES)[by_regime(engine, forward(engine, later).log_probabilities).argmax(axis=1)]
    shares = {name: float((said == name).mean()) for name in REGIMES}
    assert min(shares.values()) > 0.03, shares
    confirmed = follow(engine, fresh(engine), later, RegimeSettings()).changes
    assert {change.regime for change in confirmed} == set(REGIMES)


def test_remembered_days_on_daily_bars() -> None:
    """Fitted on everything before 2020, asked about what followed."""
    candles = candles_of("1d")
    rows = feature_rows(candles, "1d").rows
    split = int(np.searchsorted(candles.timestamp, 1_577_836_800_000))
    made = fit(
        rows[:split],
        timeframe="1d",
        trained_from=from_millis(int(candles.timestamp[0])),
        trained_until=from_millis(int(candles.timestamp[split])),
    )
    engine = machine(made.model)
    after = follow(engine, fresh(engine), rows[split:], RegimeSettings())
    days = candles.timestamp[split:].astype("datetime64[ms]").astype("datetime64[D]")
    believed = np.full(len(days), "unknown", dtype="<U10")
    for change in after.changes:
        believed[change.index :] = change.regime
    for day, allowed in {
        "2020-03-20": ("crisis",),
        "2021-05-25": ("crisis",),
        "2022-06-20": ("crisis",),
        "2020-12-31": ("bull", "recovery"),
        "2021-02-15": ("bull", "recovery"),
        "2023-09-10": ("sideways", "bear"),
    }.items():
        assert believed[days == np.datetime64(day)][0] in allowed, day
