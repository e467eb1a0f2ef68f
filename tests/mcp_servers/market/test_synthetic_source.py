"""The synthetic market fills the store ahead of the clock, and again the same after a restart."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from db.candles import CandleReader, CandleStore, FundingSeries, Series
from db.forecasting.making import enough
from mcp_servers.market.sources.synthetic import SyntheticSource
from openoutcry.errors import DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.market.synthetic import SyntheticMarket
from tests.mcp_servers.market.hosting import PERP, SPOT, connected, round_token

AS_OF = datetime(2024, 3, 10, 7, tzinfo=UTC)
SERIES = Series("synthetic-7", SPOT, "1h")


def source(home: Path, seed: int = 7) -> SyntheticSource:
    return SyntheticSource(CandleStore(home), seed, [SPOT], "1h")


async def test_history_and_future_are_there_for_both_sides_and_funding(tmp_path: Path) -> None:
    made, store = source(tmp_path), CandleStore(tmp_path)
    await made.ensure(SERIES, AS_OF)
    await made.close()
    bars = store.read(SERIES)
    assert store.coverage(SERIES).first == datetime(2024, 1, 1, tzinfo=UTC)
    assert store.coverage(SERIES).last == datetime(2024, 4, 30, 23, tzinfo=UTC)
    assert store.coverage(SERIES).missing == 0
    truth = SyntheticMarket(7, SPOT, "1h")
    january = truth.block(truth.index_at(datetime(2024, 1, 1, tzinfo=UTC)))
    assert bars[: len(january.spot)].same_as(january.spot)
    assert len(store.read(Series("synthetic-7", PERP, "1h"))) == len(bars)
    assert len(store.read_funding(FundingSeries("synthetic-7", PERP))) == len(bars) // 8


async def test_the_next_month_is_written_before_the_clock_gets_there(tmp_path: Path) -> None:
    made, reader = source(tmp_path), CandleReader(tmp_path)
    at, end = datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 8, 1, tzinfo=UTC)
    waits = 0
    while at < end:
        if reader.window(SERIES, at, 1).timestamp.tolist() != [int((at.timestamp() - 3600) * 1000)]:
            waits += 1
        await made.ensure(SERIES, at)
        assert reader.window(SERIES, at, 1).timestamp.tolist() == [int((at.timestamp() - 3600) * 1000)]
        at += timedelta(hours=6)
        await asyncio.sleep(0.001)
    await made.close()
    assert waits == 1


async def test_the_past_that_forecasts_need_follows_month_by_month(tmp_path: Path) -> None:
    made, store = SyntheticSource(CandleStore(tmp_path), 7, [SPOT], "15m"), CandleStore(tmp_path)
    at, first = datetime(2024, 1, 20, tzinfo=UTC), datetime(2023, 6, 1, tzinfo=UTC)
    series = Series("synthetic-7", SPOT, "15m")
    await made.ensure(series, at)
    assert store.coverage(series).first == datetime(2024, 1, 1, tzinfo=UTC)
    assert not enough(CandleReader(tmp_path), series, at)
    async with asyncio.timeout(30):
        while store.coverage(series).first > first:
            assert store.coverage(series).missing == 0
            await asyncio.sleep(0.02)
    await made.close()
    truth = SyntheticMarket(7, SPOT, "15m")
    october = truth.block(truth.index_at(datetime(2023, 10, 1, tzinfo=UTC))).spot
    kept = store.read(series, datetime(2023, 10, 1, tzinfo=UTC), datetime(2023, 11, 1, tzinfo=UTC))
    assert kept.same_as(october)
    assert enough(CandleReader(tmp_path), series, at)


async def test_closing_begins_no_further_month_of_the_past(tmp_path: Path) -> None:
    store, series = CandleStore(tmp_path), Series("synthetic-7", SPOT, "15m")
    made = SyntheticSource(CandleStore(tmp_path), 7, [SPOT], "15m")
    await made.ensure(series, datetime(2024, 1, 20, tzinfo=UTC))
    await made.close()
    assert store.coverage(series).first == datetime(2024, 1, 1, tzinfo=UTC)


async def test_another_process_or_a_restart_writes_the_same(tmp_path: Path) -> None:
    for _ in range(2):
        first, second = source(tmp_path), source(tmp_path)
        await asyncio.gather(
            first.ensure(SERIES, AS_OF), second.ensure(Series("synthetic-7", PERP, "1h"), AS_OF)
        )
        await first.close()
        await second.close()
    earlier = source(tmp_path)
    await earlier.ensure(SERIES, datetime(2022, 6, 10, tzinfo=UTC))
    await earlier.close()
    assert len(CandleReader(tmp_path).window(SERIES, datetime(2022, 6, 10, tzinfo=UTC), 1000)) == 1000


async def test_only_its_symbols_exist_and_only_since_its_beginning(tmp_path: Path) -> None:
    made = source(tmp_path)
    with pytest.raises(DataUnavailable, match="no DOGE/USDT"):
        await made.ensure(Series("synthetic-7", "DOGE/USDT", "1h"), AS_OF)
    with pytest.raises(DataUnavailable, match="begins at 2020-01-01"):
        await made.ensure(SERIES, datetime(2019, 12, 31, tzinfo=UTC))


async def test_a_store_written_by_another_generator_is_told_not_mixed(tmp_path: Path) -> None:
    bars = SyntheticMarket(8, SPOT, "1h").block(50).spot
    CandleStore(tmp_path).merge(SERIES, bars)
    made = source(tmp_path)
    with pytest.raises(DataUnavailable, match="another version of the generator"):
        await made.ensure(SERIES, AS_OF)
    kept: Candles = CandleStore(tmp_path).read(
        SERIES, datetime(2024, 3, 1, tzinfo=UTC), datetime(2024, 4, 1, tzinfo=UTC)
    )
    assert kept.same_as(bars)


async def test_the_tools_over_a_synthetic_market(tmp_path: Path) -> None:
    made = source(tmp_path)
    async with connected(tmp_path, AS_OF, source=made, kind="synthetic", exchange="synthetic-7") as client:
        token = round_token(AS_OF, "synthetic")
        both = {"symbol": SPOT, "timeframe": "1h", "hedge_symbol": PERP}
        seen = await client.call("get_market_snapshot", both, round_token=token, timeout_s=20)
        assert (seen["source"], seen["faults"]) == ("synthetic", [])
        for side in ("quote", "hedge"):
            assert float(seen[side]["bid"]) < float(seen[side]["price"]) < float(seen[side]["ask"])
        assert seen["funding_rate"] is not None
        book = await client.call("get_order_book", {"symbol": SPOT, "limit": 7}, round_token=token)
        assert (len(book["bids"]), len(book["asks"]), len(book["depth"])) == (7, 7, 3)
        assert book["bids"][0][0] == seen["quote"]["bid"]
        again = await client.call("get_order_book", {"symbol": SPOT, "limit": 7}, round_token=token)
        assert again["result_id"] == book["result_id"]
        price = await client.call("get_price", {"symbol": SPOT}, round_token=token)
        assert (price["bid"], price["ask"]) == (seen["quote"]["bid"], seen["quote"]["ask"])
        basis = await client.call("get_basis", {"symbol": SPOT}, round_token=token)
        assert abs(basis["basis_pct"]) < 1
        with pytest.raises(DataUnavailable):
            await client.call("get_recent_trades", {"symbol": SPOT})
        with pytest.raises(DataUnavailable, match="no DOGE"):
            await client.call("get_price", {"symbol": "DOGE/USDT"})
    await made.close()
