"""The market server as a process of its own: HTTP with a token, stdio, a synthetic market, a live one."""

import asyncio
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from mcp import Client

from mcp_servers.market import tools
from mcp_servers.toolkit import discover
from openoutcry.errors import NotAuthorised
from openoutcry.market.candles import Candles
from openoutcry.types.timeframes import last_close, millis
from tests.mcp_servers.market.binance_double import BinanceDouble, serving
from tests.mcp_servers.market.hosting import KEY, PERP, SPOT, stored, walk
from tests.mcp_servers.process import over_http, over_stdio
from wire.clock import WallClock
from wire.config import floor_key, mint_tokens
from wire.connect import Connection
from wire.tokens import RoundClaims, derive_key, sign_round

TOOLS = {
    "get_market_snapshot", "get_price", "get_ticker_24h", "get_order_book", "get_candles", "get_recent_trades",
    "get_funding_rate", "get_open_interest", "get_basis", "list_symbols", "get_data_freshness", "get_book_pressure",
}  # fmt: skip


def token_of(home: Path) -> str:
    return mint_tokens(floor_key(home), "client", {"market": ("md:read",)})["market"]


async def test_a_recorded_market_over_http_and_a_forged_token(tmp_path: Path) -> None:
    stored(tmp_path, 300)
    token = token_of(tmp_path)
    with over_http("market", tmp_path, OUTCRY_MARKET="recorded", OUTCRY_TIMEFRAME="1h") as url:
        caller, stranger = Connection("market", url, token), Connection("market", url, token[:-4] + "AAAA")
        try:
            bars = await caller.call(
                "get_candles", {"symbol": SPOT, "timeframe": "1h", "limit": 50}, timeout_s=20
            )
            assert bars["close"] == walk(300).close[-50:].tolist()
            with pytest.raises(NotAuthorised):
                await stranger.call("list_symbols", {}, timeout_s=20)
            claims = RoundClaims(
                session_id="s", org_id="o", seq=1, as_of=datetime(2024, 1, 5, tzinfo=UTC), source="recorded",
                timeframe="1h", symbols=(SPOT,),
            )  # fmt: skip
            true = sign_round({"market": derive_key(floor_key(tmp_path), "market")}, claims)
            price = await caller.call("get_price", {"symbol": SPOT}, round_token=true)
            assert float(price["price"]) == walk(300).close[95]
            with pytest.raises(NotAuthorised):
                await caller.call(
                    "get_price", {"symbol": SPOT}, round_token=sign_round({"market": KEY}, claims)
                )
        finally:
            await caller.close()
            await stranger.close()


async def test_a_synthetic_market_is_filled_before_it_listens(tmp_path: Path) -> None:
    run = {
        "OUTCRY_MARKET": "synthetic",
        "OUTCRY_TIMEFRAME": "5m",
        "OUTCRY_SEED": "11",
        "OUTCRY_FROM": "2024-02-03",
    }
    with over_http("market", tmp_path, **run, OUTCRY_SYMBOLS="ETH/USDT") as url:
        assert (tmp_path / "candles/synthetic-11/ETH-USDT/5m/2024-02.parquet").exists()
        caller = Connection("market", url, token_of(tmp_path))
        try:
            claims = RoundClaims(
                session_id="s", org_id="o", seq=1, as_of=datetime(2024, 2, 3, 0, 5, tzinfo=UTC), source="synthetic",
                timeframe="5m", symbols=("ETH/USDT",),
            )  # fmt: skip
            token = sign_round({"market": derive_key(floor_key(tmp_path), "market")}, claims)
            both = {"symbol": "ETH/USDT", "timeframe": "5m", "hedge_symbol": "ETH/USDT:USDT"}
            seen = await caller.call("get_market_snapshot", both, round_token=token, timeout_s=20)
            assert (seen["source"], seen["faults"]) == ("synthetic", [])
        finally:
            await caller.close()


async def test_a_live_market_follows_an_exchange(tmp_path: Path) -> None:
    now = WallClock().now()
    first = last_close(now, "1h") - timedelta(hours=1200)
    bars = walk(1300)
    moved = millis(first) + 3_600_000 * np.arange(1300, dtype=np.int64)
    double = BinanceDouble(
        Candles.of(moved, *bars.arrays()[1:]),
        Candles.of(moved, *walk(1300, seed=2).arrays()[1:]),
        WallClock(),
    )
    async with serving(double) as url:
        run = {"OUTCRY_MARKET": "live", "OUTCRY_TIMEFRAME": "1h", "OUTCRY_CCXT_URL": url}
        server = over_stdio("market", tmp_path, **run)
        async with Client(server) as client:
            result = await client.call_tool("get_price", {"symbol": SPOT})
            assert result.structured_content is not None
            assert result.structured_content["source"] == "live"
            both = {"symbol": SPOT, "timeframe": "1h", "hedge_symbol": PERP}
            for _ in range(20):
                seen = (await client.call_tool("get_market_snapshot", both)).structured_content
                assert seen is not None
                if not seen["faults"]:
                    break
                await asyncio.sleep(0.3)
            assert float(seen["quote"]["price"]) == bars.close[1199]
    assert json.dumps(seen["faults"]) == "[]"


async def test_over_stdio_the_tools_are_read_only_and_described(tmp_path: Path) -> None:
    stored(tmp_path, 300)
    server = over_stdio("market", tmp_path, OUTCRY_MARKET="recorded")
    async with Client(server) as client:
        listed = {tool.name: tool for tool in (await client.list_tools()).tools}
        result = await client.call_tool("get_price", {"symbol": SPOT})
        refused = await client.call_tool("get_order_book", {"symbol": SPOT})
    assert set(listed) == TOOLS == {spec.name for spec in discover(tools)}
    assert all(t.description and t.annotations and t.annotations.read_only_hint for t in listed.values())
    assert result.structured_content is not None
    assert result.structured_content["price"] == f"{walk(300).close[-1]:.2f}".rstrip("0").rstrip(".")
    body = json.loads(getattr(refused.content[0], "text", ""))
    assert (refused.is_error, body["code"]) == (True, "DATA_UNAVAILABLE")
