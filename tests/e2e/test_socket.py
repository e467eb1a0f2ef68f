"""The live stream of a real floor: all seven of CryptoFunk's message types, each from something that really happened."""

import asyncio
import json
from pathlib import Path

import pytest
from websockets.asyncio.client import connect

from tests.api.shaped_like import differences
from tests.api.test_live import SHAPES
from tests.e2e.floor import ADMIN_KEY, RunningFloor, open_floor


@pytest.mark.timeout(600)
def test_a_floor_emits_all_seven_types(home: Path) -> None:
    words = ("--market", "synthetic", "--timeframe", "1h", "--speed", "7200")
    with open_floor(home, *words) as floor:
        asyncio.run(_listen(floor))


async def _listen(floor: RunningFloor) -> None:
    heard: dict[str, dict] = {}
    numbers: list[int] = []
    url = floor.address.replace("http", "ws") + "/api/v1/ws?last_seq=0"
    async with connect(url, additional_headers={"X-API-Key": ADMIN_KEY}, max_queue=None) as client:
        await client.send('{"type":"ping"}')
        order = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET"}
        placed = await asyncio.to_thread(floor.post, "/api/v1/orders", {**order, "quantity": 0.001})
        assert placed.status_code == 201, placed.text
        refused = await asyncio.to_thread(floor.post, "/api/v1/orders", {**order, "quantity": 5000})
        assert refused.json()["order"]["status"] == "REJECTED", refused.text
        async with asyncio.timeout(120):
            while not SHAPES.keys() <= heard.keys():
                message = json.loads(await client.recv())
                heard[message["type"]] = message
                if message["type"] != "pong":
                    numbers.append(message["seq"])
    assert numbers == list(range(1, len(numbers) + 1))
    for kind, shape in SHAPES.items():
        assert list(heard[kind]) == ["type", "timestamp", "data", "seq"]
        assert differences(shape, heard[kind]["data"]) == [], heard[kind]
