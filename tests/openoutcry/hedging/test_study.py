"""The hedge study: by hand on a few bars, and on a year of real spot and perpetual candles."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from openoutcry.errors import DataUnavailable
from openoutcry.hedging.study import study_hedge
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.settings import VenueSettings
from openoutcry.types.timeframes import millis

DATA = Path(__file__).parents[4] / "shared" / "data"
HOUR = 3_600_000
VENUE = VenueSettings()
FREE = VenueSettings(taker_fee_bps=0, perp_taker_fee_bps=0, half_spread_bps=0)


def candles(closes: Any, start: int = 0) -> Candles:
    close = np.asarray(closes, dtype=float)
    stamps = start + HOUR * np.arange(len(close))
    return Candles.of(stamps, close, close, close, close, np.ones(len(close)))


def test_by_hand() -> None:
    """100, 110, 99, 105 against 101, 112, 100, 106: profits 10, -11, 6 less 11, -12, 6, and 0.1 % funding in bar 2."""
    rates = FundingRates.of([3 * HOUR], [0.001])  # due as the third bar closes, at 100
    found = study_hedge(
        candles([100, 110, 99, 105]),
        candles([101, 112, 100, 106]),
        rates,
        timeframe="1h",
        ratio=1.0,
        venue=VENUE,
    )
    assert (found.bars, found.ratio) == (4, 1.0)
    profits = np.array([-1.0, 1.0 + 0.1, 0.0])
    assert found.hedged.volatility == pytest.approx(np.std(profits / [100, 110, 99], ddof=1) * np.sqrt(8760))
    assert found.unhedged.volatility == pytest.approx(
        np.std([10 / 100, -11 / 110, 6 / 99], ddof=1) * np.sqrt(8760)
    )
    assert found.reduction == pytest.approx(1 - found.hedged.volatility / found.unhedged.volatility)
    assert (found.funding, found.basis) == (pytest.approx(0.001), pytest.approx(0.0))
    spot_cost, hedge_cost = 205 * 10.5e-4 / 100, 207 * 5.5e-4 / 100
    assert found.costs == pytest.approx(hedge_cost)
    assert found.unhedged.total_return == pytest.approx(0.05 - spot_cost)
    assert found.hedged.total_return == pytest.approx(0.001 - spot_cost - hedge_cost)
    assert found.unhedged.max_drawdown == pytest.approx(0.1)
    assert found.hedged.max_drawdown == pytest.approx(0.01)


def test_no_hedge_changes_nothing_and_half_a_hedge_halves() -> None:
    walk = 100 * np.exp(np.cumsum(np.random.default_rng(3).normal(0, 0.01, 500)))
    series = candles(walk)
    none, half, full = (
        study_hedge(series, series, FundingRates.empty(), timeframe="1h", ratio=ratio, venue=FREE)
        for ratio in (0, 0.5, 1)
    )
    assert none.hedged == none.unhedged and none.reduction == 0
    assert half.reduction == pytest.approx(0.5)
    assert full.reduction == pytest.approx(1.0)
    assert full.hedged.total_return == pytest.approx(0.0, abs=1e-12)


def test_only_shared_bars_count() -> None:
    found = study_hedge(
        candles([100, 101, 102, 103]), candles([101, 102, 103], start=HOUR), FundingRates.empty(),
        timeframe="1h", ratio=1, venue=FREE,
    )  # fmt: skip
    assert (found.bars, found.reduction) == (3, pytest.approx(1.0))
    with pytest.raises(DataUnavailable, match="share only 2 bars"):
        study_hedge(
            candles([1, 2]), candles([1, 2, 3]), FundingRates.empty(), timeframe="1h", ratio=1, venue=FREE
        )


def test_a_market_that_does_not_move_has_no_reduction() -> None:
    flat = candles([100.0] * 10)
    assert (
        study_hedge(flat, flat, FundingRates.empty(), timeframe="1h", ratio=1, venue=FREE).reduction is None
    )


@pytest.mark.parametrize("coin", ["BTC", "ETH"])
def test_a_year_of_real_candles(coin: str) -> None:
    """Over 2023 a full hedge takes away at least 90 % of the volatility, costs counted."""
    if not DATA.exists():
        pytest.skip(f"{DATA} is not there")
    import pyarrow.parquet as pq

    def read(path: Path) -> dict[str, np.ndarray]:
        table = pq.read_table(path)
        stamps = table.column("timestamp").to_numpy()
        low, high = (millis(datetime(year, 1, 1, tzinfo=UTC)) for year in (2023, 2024))
        rows = (stamps >= low) & (stamps < high)
        return {name: table.column(name).to_numpy()[rows] for name in table.column_names}

    spot, perp = (
        read(DATA / "spot" / f"{coin}USDT_1h.parquet"),
        read(DATA / "perp" / f"{coin}USDT_1h.parquet"),
    )
    paid = read(DATA / "perp" / f"{coin}USDT_funding.parquet")
    columns = ("timestamp", "open", "high", "low", "close", "volume")
    first, second = [Candles.of(*(side[name] for name in columns)) for side in (spot, perp)]
    rates = FundingRates.of(paid["timestamp"], paid["funding_rate"])
    found = study_hedge(first, second, rates, timeframe="1h", ratio=1.0, venue=VENUE)
    assert found.bars > 8700
    assert found.reduction is not None and found.reduction >= 0.90
    assert 0 < found.costs < 0.01
    assert found.hedged.max_drawdown < 0.05 < found.unhedged.max_drawdown
    whole = found.funding + found.basis - found.costs
    assert found.hedged.total_return == pytest.approx(whole - _spot_cost(spot["close"]), abs=1e-9)
    print(found)


def _spot_cost(close: np.ndarray) -> float:
    return float(close[0] + close[-1]) * 10.5e-4 / float(close[0])
