"""Every tool over recorded candles: right at as_of, and never a bar later."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from db.candles import CandleStore, Series
from openoutcry.errors import BadInput, DataUnavailable
from openoutcry.market.candles import Candles
from openoutcry.market.spans import Span
from tests.db.candles.series_of_bars import without
from tests.mcp_servers.market.hosting import (
    HOUR,
    PERP,
    SPOT,
    START,
    ask,
    connected,
    round_token,
    stored,
    walk,
)

COUNT = 600


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("home")
    stored(home, COUNT)
    return home


async def test_the_snapshot_is_the_last_closed_bar_of_both_sides(home: Path) -> None:
    seen = await ask(home, "get_market_snapshot", 500, symbol="btc-usdt", timeframe="1H", hedge_symbol=PERP)
    spot, perp = walk(COUNT), walk(COUNT, seed=2)
    assert (seen["symbol"], seen["timeframe"], seen["source"], seen["stale"]) == (
        SPOT,
        "1h",
        "recorded",
        False,
    )
    assert seen["quote"]["price"] == f"{spot.close[499]:.2f}".rstrip("0").rstrip(".")
    assert seen["quote"]["bar"]["opened_at"] == "2024-01-21T19:00:00Z"
    assert float(seen["quote"]["bar"]["volume"]) == spot.volume[499]
    assert (seen["quote"]["bid"], seen["quote"]["ask"]) == (None, None)
    assert float(seen["hedge"]["price"]) == perp.close[499]
    assert seen["funding_rate"] == pytest.approx(1e-4 + 62e-6)
    assert seen["faults"] == []
    assert len(seen["data_digest"]) == 64
    assert len(seen["result_id"]) == 24


@settings(max_examples=25, deadline=None)
@given(bars=st.integers(60, COUNT), minutes=st.integers(0, 59))
async def test_nothing_after_as_of_changes_an_answer(
    tmp_path_factory: pytest.TempPathFactory, home: Path, bars: int, minutes: int
) -> None:
    """The same store cut off at as_of gives the same answers: what comes later cannot be seen."""
    cut = tmp_path_factory.mktemp("cut")
    stored(cut, bars)
    at = START + bars * HOUR + timedelta(minutes=minutes)
    asked: list[tuple[str, dict[str, Any]]] = [
        ("get_market_snapshot", {"symbol": SPOT, "timeframe": "1h", "hedge_symbol": PERP}),
        ("get_price", {"symbol": SPOT}),
        ("get_ticker_24h", {"symbol": PERP}),
        ("get_candles", {"symbol": SPOT, "timeframe": "1h", "limit": 100}),
        ("get_candles", {"symbol": SPOT, "timeframe": "4h", "limit": 20}),
        ("get_basis", {"symbol": SPOT, "timeframe": "1h"}),
        ("list_symbols", {}),
        ("get_data_freshness", {}),
    ]
    async with connected(home, at) as whole, connected(cut, at) as part:
        for tool, arguments in asked:
            assert await whole.call(tool, arguments) == await part.call(tool, arguments)
        paid = await whole.call("get_funding_rate", {"symbol": SPOT})
        assert datetime.fromisoformat(paid["paid_at"]) <= at < datetime.fromisoformat(paid["next_at"])


async def test_a_round_token_sets_the_time_whatever_the_floor_clock_says(home: Path) -> None:
    async with connected(home, START + 400 * HOUR) as connection:
        token = round_token(START + 300 * HOUR)
        inside = await connection.call("get_price", {"symbol": SPOT}, round_token=token)
        outside = await connection.call("get_price", {"symbol": SPOT})
        assert float(inside["price"]) == walk(COUNT).close[299]
        assert float(outside["price"]) == walk(COUNT).close[399]
        late = (START + 301 * HOUR).isoformat()
        with pytest.raises(BadInput, match="later than as_of") as refused:
            await connection.call(
                "get_candles", {"symbol": SPOT, "timeframe": "1h", "end": late}, round_token=token
            )
        assert refused.value.field == "end"


async def test_candles_come_in_columns_up_to_end(home: Path) -> None:
    end = (START + 50 * HOUR + timedelta(minutes=10)).replace(tzinfo=None).isoformat()
    seen = await ask(home, "get_candles", 500, symbol=SPOT, timeframe="1h", limit=10, end=end)
    assert seen["count"] == 10
    assert seen["close"] == walk(COUNT).close[40:50].tolist()
    assert seen["timestamp"][-1] == int((START + 49 * HOUR).timestamp() * 1000)
    assert seen["last_is_open"] is False
    days = await ask(home, "get_candles", 500, symbol=SPOT, timeframe="1d", limit=1000)
    assert days["count"] == 500 // 24
    assert days["high"][3] == walk(COUNT).high[72:96].max()


async def test_the_day_is_the_last_24_hours(home: Path) -> None:
    seen, bars = await ask(home, "get_ticker_24h", 500, symbol=SPOT), walk(COUNT)[476:500]
    assert float(seen["high_24h"]) == bars.high.max()
    assert float(seen["low_24h"]) == bars.low.min()
    assert float(seen["volume"]) == pytest.approx(bars.volume.sum())
    assert seen["price_change_percent"] == pytest.approx((bars.close[-1] / bars.open[0] - 1) * 100, abs=1e-6)


async def test_basis_and_funding(home: Path) -> None:
    seen = await ask(home, "get_basis", 500, symbol=PERP, timeframe="1h")
    spot, perp = walk(COUNT).close[499], walk(COUNT, seed=2).close[499]
    assert seen["basis_pct"] == pytest.approx((perp / spot - 1) * 100)
    assert seen["funding_annual_pct"] == pytest.approx(seen["funding_rate"] * 3 * 365 * 100)
    paid = await ask(home, "get_funding_rate", 500, symbol=SPOT)
    assert (paid["symbol"], paid["interval_hours"], paid["stale"]) == (PERP, 8.0, False)
    assert paid["paid_at"] == "2024-01-21T16:00:00Z"


async def test_what_was_not_recorded_is_unavailable_and_never_made_up(home: Path) -> None:
    for tool in ("get_order_book", "get_recent_trades", "get_open_interest"):
        with pytest.raises(DataUnavailable, match="recorded"):
            await ask(home, tool, 500, symbol=SPOT)
    with pytest.raises(DataUnavailable, match="open bar"):
        await ask(home, "get_candles", 500, symbol=SPOT, timeframe="1h", include_open=True)
    for tool in ("get_price", "get_ticker_24h"):
        with pytest.raises(DataUnavailable, match="missing"):
            await ask(home, tool, 500, symbol="ETH/USDT")
    with pytest.raises(DataUnavailable):
        await ask(home, "get_candles", 0, symbol=SPOT, timeframe="1h")
    with pytest.raises(DataUnavailable, match="no funding rate"):
        await ask(home, "get_funding_rate", 500, symbol="ETH/USDT")


@pytest.mark.parametrize(
    ("tool", "arguments", "field"),
    [
        ("get_price", {"symbol": "??"}, "symbol"),
        ("get_candles", {"symbol": SPOT, "timeframe": "7h"}, "timeframe"),
        ("get_candles", {"symbol": SPOT, "timeframe": "1h", "limit": 1001}, "limit"),
        ("get_candles", {"symbol": SPOT, "timeframe": "1h", "end": "soon"}, "end"),
        ("get_candles", {"symbol": SPOT, "timeframe": "1h", "since": 3}, "since"),
        ("get_market_snapshot", {"timeframe": "1h"}, "symbol"),
    ],
)
async def test_a_bad_argument_is_named(home: Path, tool: str, arguments: dict[str, Any], field: str) -> None:
    async with connected(home, START + 500 * HOUR) as connection:
        with pytest.raises(BadInput) as refused:
            await connection.call(tool, arguments)
    assert refused.value.field == field


async def test_faults_are_told_and_a_bad_last_bar_is_no_quote(tmp_path: Path) -> None:
    bars = walk(400)
    columns = {
        name: getattr(bars, name).copy() for name in ("timestamp", "open", "high", "low", "close", "volume")
    }
    columns["high"][299] = columns["close"][299] = columns["open"][299] * 20
    CandleStore(tmp_path).merge(Series("binance", SPOT, "1h"), Candles.of(**columns))
    at_spike = await ask(tmp_path, "get_market_snapshot", 300, symbol=SPOT, timeframe="1h", hedge_symbol=PERP)
    assert [(fault["symbol"], fault["kind"]) for fault in at_spike["faults"]] == [
        (SPOT, "spike"),
        (PERP, "missing"),
    ]
    assert (at_spike["quote"], at_spike["hedge"], at_spike["funding_rate"]) == (None, None, None)
    after = await ask(tmp_path, "get_market_snapshot", 310, symbol=SPOT, timeframe="1h")
    assert [fault["kind"] for fault in after["faults"]] == ["spike"]
    assert after["quote"] is not None
    late = await ask(tmp_path, "get_market_snapshot", 403, symbol=SPOT, timeframe="1h")
    assert ([fault["kind"] for fault in late["faults"]], late["stale"]) == (["stale"], True)
    assert float(late["quote"]["price"]) == walk(400).close[399]
    with pytest.raises(DataUnavailable, match="spike"):
        await ask(tmp_path, "get_price", 300, symbol=SPOT)


async def test_the_digest_names_the_bars_and_nothing_else(home: Path, tmp_path: Path) -> None:
    stored(tmp_path, COUNT)
    both = {"symbol": SPOT, "timeframe": "1h", "hedge_symbol": PERP}
    digests = [
        (await ask(home, "get_market_snapshot", bars, **both))["data_digest"] for bars in (400, 401, 400)
    ]
    assert digests[0] == digests[2] != digests[1]
    async with connected(tmp_path, START) as walked:
        for bars in range(390, 401):
            token = round_token(START + bars * HOUR)
            seen = await walked.call("get_market_snapshot", both, round_token=token)
        assert seen["data_digest"] == digests[0]
    alone = await ask(home, "get_market_snapshot", 400, symbol=SPOT, timeframe="1h")
    assert alone["data_digest"] != digests[0]


async def test_freshness_and_symbols(home: Path) -> None:
    listed = await ask(home, "list_symbols", 500)
    assert [(row["symbol"], row["kind"], row["timeframes"]) for row in listed["symbols"]] == [
        (SPOT, "spot", ["1h"]), (PERP, "perp", ["1h"]),
    ]  # fmt: skip
    assert listed["symbols"][0]["last_bar"] == "2024-01-21T19:00:00Z"
    assert (await ask(home, "list_symbols", 0))["symbols"] == []
    fresh = await ask(home, "get_data_freshness", COUNT + 3)
    assert fresh["series"][0]["age_seconds"] == 3 * 3600
    assert [fault["kind"] for fault in fresh["series"][0]["faults"]] == ["stale"]
    assert datetime.fromisoformat(fresh["series"][0]["last_bar"]) == datetime(2024, 1, 25, 23, tzinfo=UTC)


async def test_freshness_tells_coverage_gaps_and_outages(tmp_path: Path) -> None:
    """Whatever is asked of a stored series with holes is what the candles closed at that time say."""
    store, series = CandleStore(tmp_path), Series("binance", SPOT, "1h")
    store.merge(series, without(walk(2000), [*range(100, 110), 700, *range(1500, 1520)]))
    at = walk(2000).timestamp.tolist()
    store.remember_absent(series, [Span(at[0] - 999 * 3_600_000, at[0]), Span(at[100], at[110])], START)
    for bars, gaps, missing in (
        (50, 0, 0),
        (105, 0, 0),
        (500, 1, 10),
        (701, 1, 10),
        (705, 2, 11),
        (2000, 3, 31),
    ):
        (row,) = (await ask(tmp_path, "get_data_freshness", bars))["series"]
        assert (row["gaps"], row["missing_bars"]) == (gaps, missing)
        assert row["absent_bars"] == (10 if bars > 110 else 0)
        newest = min(bars, 100) if bars <= 110 else (700 if bars == 701 else bars)
        assert row["bars"] == newest - missing
        assert (row["first_bar"], row["last_bar"]) == tuple(
            f"{START + hour * HOUR:%Y-%m-%dT%H:%M:%SZ}" for hour in (0, newest - 1)
        )
        assert (row["age_seconds"], row["is_stale"]) == ((bars - newest) * 3600, False)


async def test_freshness_of_some_symbols_and_by_page(tmp_path: Path) -> None:
    store = CandleStore(tmp_path)
    names = [f"A{letter}/USDT" for letter in "ABCDEFG"]
    for name in names:
        store.merge(Series("binance", name, "1h"), walk(60))
    asked = {"symbols": ["aa-usdt", "ZZ/USDT"], "threshold_hours": 5}
    found = await ask(tmp_path, "get_data_freshness", 70, **asked)
    assert [(row["symbol"], row["is_stale"]) for row in found["series"]] == [("AA/USDT", True)]
    assert (found["not_stored"], found["threshold_hours"]) == (["ZZ/USDT"], 5)
    for tool in ("get_data_freshness", "list_symbols"):
        seen, cursor = [], None
        for _ in range(3):
            page = await ask(tmp_path, tool, 70, limit=3, **({"cursor": cursor} if cursor else {}))
            seen += [row["symbol"] for row in page["series" if tool == "get_data_freshness" else "symbols"]]
            cursor = page["next_cursor"]
        assert (seen, cursor) == (names, None)
        with pytest.raises(BadInput, match="cursor"):
            await ask(tmp_path, tool, 70, cursor="nonsense")
    with pytest.raises(BadInput, match="symbols"):
        await ask(tmp_path, "get_data_freshness", 70, symbols=["non sense"])
