"""Filling the store through the real ccxt: three dialects of loopback exchanges, and every way one can fail."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest
from aiohttp import web

from db.candles import CandleStore, FundingSeries, Series
from db.candles.importing import Target, import_file
from db.candles.sync.request import SyncRequest
from db.candles.sync.result import SyncResult
from db.candles.sync.syncing import Syncing
from mcp_servers.market.sources.exchange_client import ExchangeClient, Paused
from mcp_servers.market.sources.history import ExchangeHistory
from mcp_servers.market.sources.patience import Patience
from openoutcry.errors import BadSymbol, BadTimeframe, DataUnavailable
from openoutcry.market.candles import Candles
from tests.db.candles.series_of_bars import without
from tests.mcp_servers.market.binance_double import BinanceDouble, ManualClock, Serving, serving
from tests.mcp_servers.market.dialects import KrakenDouble, OkxDouble
from tests.mcp_servers.market.hosting import HOUR, PERP, SPOT, START, walk
from wire.budget import RequestBudget
from wire.clock import WallClock

DATA = Path(__file__).parents[4] / "shared" / "data" / "spot" / "BTCUSDT_1h.parquet"
NOW = START + 2500 * HOUR + timedelta(minutes=20)
BTC = Series("binance", SPOT, "1h")
IMPATIENT = Patience(attempts=4, first_s=0.01, longest_s=0.02, longest_pause_s=3.0, pauses=2)


class NoWaiting(RequestBudget):
    """Pauses are kept, slots are free: Kraken's are a second apart."""

    async def take(self, cost_ms: float, *, ahead_s: float = 0.0) -> None:
        await asyncio.sleep(0)


@asynccontextmanager
async def past(
    double: Serving, name: str = "binance", clock: Any = None
) -> AsyncIterator[tuple[ExchangeHistory, list[str]]]:
    notices: list[str] = []
    async with serving(double) as url:
        client = ExchangeClient(name, url=url, timeout_s=2.0, budget=NoWaiting(clock or WallClock()))
        try:
            yield (
                ExchangeHistory(client, WallClock(), Random(1), patience=IMPATIENT, notice=notices.append),
                notices,
            )
        finally:
            await client.close()


async def synced(history: ExchangeHistory, store: CandleStore, *symbols: str, **more: Any) -> SyncResult:
    more = {"start": START - 100 * HOUR, **more}
    request = SyncRequest(exchange=history.exchange, symbols=symbols or (SPOT,), **more)
    return await Syncing(history, store, request, WallClock()).run()


def binance(bars: Candles | None = None) -> BinanceDouble:
    return BinanceDouble(bars or walk(3000), walk(3000, seed=2), ManualClock(NOW))


async def test_history_comes_from_before_the_listing_to_the_last_closed_bar(tmp_path: Path) -> None:
    store, double = CandleStore(tmp_path), binance(without(walk(3000), [*range(700, 760), 2000]))
    double.open_bar_shift = 1.0005
    async with past(double) as (history, _):
        result = await synced(history, store, SPOT, PERP, funding=True)
        assert (result.status, result.symbols_synced) == ("completed", 2)
        assert store.read(BTC).same_as(without(walk(2500), [*range(700, 760), 2000]))
        assert store.read(Series("binance", PERP, "1h")).same_as(walk(2500, seed=2))
        rates = store.read_funding(FundingSeries("binance", PERP))
        assert len(rates) == 2500 // 8 + 1
        assert set((rates.timestamp % (8 * 3_600_000)).tolist()) == {0}
        assert store.coverage(BTC).missing == 61
        first, asked = result.body(1.5, NOW), len(double.asked)
        assert first["series"][0]["absent_rows"] == 61 + 100
        assert (await synced(history, store, SPOT, PERP)).body(0.1, NOW)["new_rows"] == 0
        assert len(double.asked) == asked
    assert first["new_rows"] == 2439 + 2500 + len(rates)
    assert (first["errors"], first["sync_duration_ms"], first["completed_at"]) == (
        {},
        1500,
        "2024-04-14T04:20:00Z",
    )


@pytest.mark.parametrize(
    ("name", "kind", "newest"), [("kraken", KrakenDouble, 719), ("okx", OkxDouble, 2500)]
)
async def test_other_dialects(tmp_path: Path, name: str, kind: Any, newest: int) -> None:
    store, bars = CandleStore(tmp_path), walk(3000)
    double = kind(bars, ManualClock(NOW))
    async with past(double, name) as (history, _):
        for _ in range(2):
            asked = len(double.asked)
            assert (await synced(history, store)).status == "completed"
            assert store.read(Series(name, SPOT, "1h")).same_as(bars[2500 - newest : 2500])
        assert len(double.asked) == asked


@pytest.mark.skipif(not DATA.exists(), reason="needs the recorded candles in ../shared/data")
async def test_the_outages_of_a_real_exchange(tmp_path: Path) -> None:
    """Seven years of Binance with 28 outages: all of it arrives, and the outages are asked for once."""
    truth = CandleStore(tmp_path / "truth")
    import_file(truth, DATA, Target("binance", SPOT, "1h"), now=WallClock().now())
    real = truth.read(BTC)
    store, double = CandleStore(tmp_path), binance(real)
    double.clock = ManualClock(datetime(2025, 1, 1, 0, 30, tzinfo=UTC))
    end = int(real.timestamp.searchsorted(int(datetime(2025, 1, 1, tzinfo=UTC).timestamp() * 1000)))
    async with past(double) as (history, _):
        result = await synced(history, store, start=datetime(2017, 1, 1, tzinfo=UTC))
        assert result.status == "completed"
        assert store.read(BTC).same_as(real[:end])
        assert store.coverage(BTC).missing == 128
        asked = len(double.asked)
        assert asked < 66 + 28 * 2 + 10
        await synced(history, store, start=datetime(2017, 1, 1, tzinfo=UTC))
        assert len(double.asked) == asked


def times(count: int, answer: Callable[[], Any], among: str = "klines") -> Callable[[str], Any]:
    """The next ``count`` answers of a kind are this one."""
    left = [count]

    def fault(path: str) -> Any:
        if among not in path or not left[0]:
            return None
        left[0] -= 1
        return answer()

    return fault


PASSING: list[Any] = [
    lambda: "reset",
    lambda: web.Response(status=502, text="<html>bad gateway</html>", content_type="text/html"),
    lambda: web.Response(text="<html>checking your browser</html>", content_type="text/html"),
    lambda: web.Response(text='[[1704067200000,"1', content_type="application/json"),
    lambda: {"data": {"code": -1000, "msg": "unknown"}, "status": 500},
    lambda: {"data": [[None, "1", "2", "3", "4", "5"]]},
    lambda: {"data": [], "wait": 2.5},
]


@pytest.mark.parametrize("answer", PASSING, ids=range(len(PASSING)))
@pytest.mark.parametrize("among", ["klines", "exchangeInfo"])
async def test_what_passes_is_waited_out(tmp_path: Path, answer: Any, among: str) -> None:
    store, double = CandleStore(tmp_path), binance()
    async with past(double) as (history, notices):
        double.fault = times(1 if "wait" in str(answer()) else 3, answer, among)
        assert (await synced(history, store)).status == "completed"
        assert store.read(BTC).same_as(walk(2500))
        assert notices or "None" in str(answer())


async def test_an_exchange_that_stays_away_is_given_up_once(tmp_path: Path) -> None:
    store, double = CandleStore(tmp_path), binance()
    async with past(double) as (history, _):
        await history.listing()
        double.asked.clear()
        double.fault = lambda path: "reset" if "klines" in path else None
        result = await synced(history, store, SPOT, PERP)
        assert result.status == "failed"
        # the time, then the first series patiently and the second once; aiohttp itself repeats a question on a reset
        assert len(double.asked) <= 1 + 2 * (IMPATIENT.attempts + 1)
        assert "ExchangeNotAvailable" in str(result.body(0, NOW)["errors"][SPOT])
        double.fault = None
        assert (await synced(history, store, SPOT, PERP)).status == "completed"


async def test_empty_objects_are_no_absence(tmp_path: Path) -> None:
    store, double = CandleStore(tmp_path), binance()
    async with past(double) as (history, _):
        double.fault = lambda path: {"data": {}} if "klines" in path else None
        result = await synced(history, store)
        assert result.status == "failed"
        assert "gave nothing" in str(result.body(0, NOW)["errors"][SPOT])
        assert store.absent(BTC) == []
        double.fault = None
        assert (await synced(history, store)).status == "completed"
        assert store.read(BTC).same_as(walk(2500))


@pytest.mark.parametrize("status", [429, 418])
async def test_retry_after_is_waited_out_by_every_request(tmp_path: Path, status: int) -> None:
    store, double = CandleStore(tmp_path), binance()
    refused_at: list[float] = []
    loop = asyncio.get_running_loop()

    def refuse() -> Any:
        refused_at.append(loop.time())
        return web.Response(status=status, headers={"Retry-After": "3"}, text="{}")

    async with past(double) as (history, notices):
        await history.listing()
        double.fault = times(1, refuse)
        running = asyncio.create_task(synced(history, store))
        while not refused_at:  # noqa: ASYNC110 - the exchange tells nobody
            await asyncio.sleep(0.01)
        asked = len(double.asked)
        with pytest.raises(Paused, match="asked for a pause"):
            await ExchangeHistory(
                history._client, WallClock(), Random(1), patience=Patience(pauses=0)
            ).candles(BTC)
        assert len(double.asked) == asked
        assert (await running).status == "completed"
        assert loop.time() - refused_at[0] >= 1.0
        assert any("waiting" in notice for notice in notices)
    assert store.read(BTC).same_as(walk(2500))


@pytest.mark.parametrize(
    "header",
    ["7200", format_datetime(datetime.now(tz=UTC) + timedelta(hours=2), usegmt=True)],  # noqa: TID251
    ids=["seconds", "date"],
)
async def test_a_long_ban_is_not_waited_for_and_is_told(tmp_path: Path, header: str) -> None:
    store, double = CandleStore(tmp_path), binance()
    async with past(double) as (history, _):
        await history.listing()
        double.fault = lambda path: web.Response(status=418, headers={"Retry-After": header}, text="{}")
        result = await synced(history, store, SPOT, PERP)
        asked = len(double.asked)
        assert result.status == "failed"
        assert "too many requests" in str(result.body(0, NOW)["errors"][SPOT])
        assert (await synced(history, store, SPOT)).status == "failed"
        assert len(double.asked) == asked


async def test_what_the_exchange_lacks_is_named_with_what_it_has(tmp_path: Path) -> None:
    async with past(binance()) as (history, _):
        with pytest.raises(
            BadSymbol, match=r"symbols: binance does not list BTC/USDX; did you mean BTC/USDT"
        ):
            await history.candles(Series("binance", "BTC/USDX", "1h"))
        result = await synced(history, CandleStore(tmp_path), "BTC/USDX", SPOT)
        assert (result.status, result.symbols_synced, result.misasked) == ("partial", 1, False)
        assert (await synced(history, CandleStore(tmp_path), "BTC/USDX")).misasked
    async with past(KrakenDouble(walk(50), ManualClock(NOW)), "kraken") as (history, _):
        with pytest.raises(BadTimeframe, match=r"kraken has no 2h bars; one of 1m"):
            await history.candles(Series("kraken", SPOT, "2h"))
        with pytest.raises(DataUnavailable, match="kraken does not offer funding"):
            await history.funding(FundingSeries("kraken", PERP))
