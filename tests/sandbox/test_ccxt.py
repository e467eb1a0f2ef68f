"""Unmodified ccxt clients, REST and streams, against ``outcry sandbox`` as a process."""

import asyncio
from typing import Any

import pytest

from tests.sandbox.clients import perpetual, spot

SPOT, PERP = "BTC/USDT", "BTC/USDT:USDT"
Ready = dict[str, Any]
pytestmark = pytest.mark.timeout(90)


async def test_spot_markets_and_prices(running: Ready) -> None:
    client = spot(running)
    try:
        await client.load_markets()
        assert {SPOT, "ETH/USDT", PERP} <= set(client.markets)
        market = client.markets[SPOT]
        assert (
            market["precision"]["price"],
            market["precision"]["amount"],
            market["limits"]["cost"]["min"],
        ) == (0.01, 1e-5, 5.0)
        bars = await client.fetch_ohlcv(SPOT, "1h", limit=50)
        assert len(bars) == 50
        assert all(low <= min(o, c) <= max(o, c) <= high for _, o, high, low, c, _ in bars)
        book = await client.fetch_order_book(SPOT, 10)
        assert book["bids"][0][0] < book["asks"][0][0]
        ticker = await client.fetch_ticker(SPOT)
        assert ticker["low"] <= ticker["last"] <= ticker["high"]
        assert len(await client.fetch_trades(SPOT, limit=5)) == 5
        assert {"free", "used", "total"} <= set((await client.fetch_balance())["USDT"])
    finally:
        await client.close()


async def test_spot_orders(running: Ready) -> None:
    client = spot(running)
    try:
        bought = await client.create_order(SPOT, "market", "buy", 0.01)
        assert (bought["status"], bought["filled"], bought["fees"][0]["currency"]) == ("closed", 0.01, "BTC")
        fills = await client.fetch_my_trades(SPOT)
        assert sum(one["amount"] for one in fills if one["order"] == bought["id"]) == pytest.approx(0.01)
        low = (await client.fetch_ticker(SPOT))["last"] * 0.9
        placed = await client.create_order(SPOT, "limit", "buy", 0.01, low, {"clientOrderId": "by-name"})
        assert [one["clientOrderId"] for one in await client.fetch_open_orders(SPOT)] == ["by-name"]
        found = await client.fetch_order(None, SPOT, {"clientOrderId": "by-name"})
        assert (found["id"], found["status"]) == (placed["id"], "open")
        edited = await client.edit_order(placed["id"], SPOT, "limit", "buy", 0.02, low)
        assert (await client.cancel_order(edited["id"], SPOT))["status"] == "canceled"
        stop = await client.create_order(SPOT, "market", "sell", 0.01, None, {"stopLossPrice": low})
        assert (await client.fetch_order(stop["id"], SPOT))["triggerPrice"] == pytest.approx(low, abs=0.01)
        await client.cancel_all_orders(SPOT)
        assert await client.fetch_open_orders(SPOT) == []
    finally:
        await client.close()


async def test_perpetual_orders_and_positions(running: Ready) -> None:
    client = perpetual(running)
    try:
        await client.load_markets()
        assert list(client.markets) == [PERP, "ETH/USDT:USDT"]
        assert (await client.fetch_funding_rate(PERP))["fundingRate"] == 0.0001
        await client.set_leverage(5, PERP)
        await client.create_order(PERP, "market", "sell", 0.01)
        (position,) = await client.fetch_positions([PERP])
        assert (position["side"], position["contracts"], position["leverage"]) == ("short", 0.01, 5.0)
        high = (await client.fetch_ticker(PERP))["last"] * 1.1
        stop = await client.create_order(
            PERP, "market", "buy", 0.01, None, {"stopLossPrice": high, "reduceOnly": True}
        )
        assert [one["id"] for one in await client.fetch_open_orders(PERP, params={"trigger": True})] == [
            stop["id"]
        ]
        await client.cancel_order(stop["id"], PERP, {"trigger": True})
        placed = await client.create_order(PERP, "limit", "buy", 0.01, high * 0.8, {"reduceOnly": True})
        edited = await client.edit_order(placed["id"], PERP, "limit", "buy", 0.01, high * 0.79)
        assert edited["id"] == placed["id"]
        await client.cancel_all_orders(PERP)
        closed = await client.create_order(PERP, "market", "buy", 0.01, None, {"reduceOnly": True})
        assert closed["status"] == "closed"
        assert await client.fetch_positions([PERP]) == []
    finally:
        await client.close()


async def grown(client: Any, symbol: str) -> None:
    """Wait for a book later than the first one seen: the event that opens a snapshot may end at its own number."""
    first = (await client.watch_order_book(symbol))["nonce"]
    while (await client.watch_order_book(symbol))["nonce"] <= first:
        pass


async def test_spot_streams(running: Ready) -> None:
    client = spot(running, pro=True)
    try:
        assert (await client.watch_ticker(SPOT))["last"] > 0
        await grown(client, SPOT)
        assert (await client.watch_trades(SPOT))[-1]["price"] > 0
        assert len(await client.watch_ohlcv(SPOT, "1m")) >= 1
        waiting = [
            asyncio.ensure_future(one)
            for one in (client.watch_orders(), client.watch_my_trades(), client.watch_balance())
        ]
        await asyncio.sleep(1.0)
        bought = await client.create_order(SPOT, "market", "buy", 0.01)
        orders, trades, balance = await asyncio.gather(*waiting)
        assert orders[-1]["id"] == trades[-1]["order"] == bought["id"]
        assert balance["BTC"]["free"] > 1
    finally:
        await client.close()


async def test_perpetual_streams(running: Ready) -> None:
    client = perpetual(running, pro=True)
    try:
        assert (await client.watch_ticker(PERP))["last"] > 0
        await grown(client, PERP)
        assert (await client.watch_mark_price(PERP))["markPrice"] > 0
        waiting = [asyncio.ensure_future(one) for one in (client.watch_orders(), client.watch_balance())]
        await asyncio.sleep(1.0)
        bought = await client.create_order(PERP, "market", "buy", 0.01)
        orders, balance = await asyncio.gather(*waiting)
        assert orders[-1]["id"] == bought["id"]
        assert balance["USDT"]["total"] > 0
        await client.create_order(PERP, "market", "sell", 0.01, None, {"reduceOnly": True})
    finally:
        await client.close()


async def test_orders_over_websocket_apis(running: Ready) -> None:
    one, other = spot(running, pro=True), perpetual(running, pro=True)
    try:
        for client, symbol in ((one, SPOT), (other, PERP)):
            resting = await client.create_order_ws(symbol, "limit", "buy", 0.01, 20_000)
            assert (await client.fetch_order_ws(resting["id"], symbol))["status"] == "open"
            assert (await client.cancel_order_ws(resting["id"], symbol))["status"] == "canceled"
        assert len((await one.fetch_balance_ws())["info"]["balances"]) > 0
        assert (await other.fetch_balance_ws())["info"]["canTrade"] is True
        assert await one.fetch_open_orders_ws(SPOT) == []
        held = await other.fetch_positions_ws([PERP])
        assert [position["symbol"] for position in held] in ([], [PERP])
        assert len((await other.fetch_order_book_ws(PERP))["bids"]) > 0
    finally:
        await one.close()
        await other.close()
