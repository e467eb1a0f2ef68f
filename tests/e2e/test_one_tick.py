"""One tick followed through: from a candle to a row, a WebSocket message and an explanation."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
import websockets

from tests.e2e.floor import ADMIN_KEY, RunningFloor, open_floor, outcry, wait_for
from tests.patience import PATIENCE_S

RUN = (
    "--market",
    "recorded",
    "--timeframe",
    "1h",
    "--from",
    "2020-02-01",
    "--speed",
    "max",
    "--rounds",
    "80",
    "--stay",
)
TYPES = {"position_update", "order_update", "trade", "agent_status", "system_status"}


async def heard(floor: RunningFloor, until: set[str], seconds: float = PATIENCE_S) -> list[dict[str, Any]]:
    """Everything the floor's stream has said from its first message on, until each type was heard."""
    url = floor.address.replace("http", "ws") + "/api/v1/ws?last_seq=0"
    said: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(seconds),
        websockets.connect(url, additional_headers={"X-API-Key": ADMIN_KEY}) as socket,
    ):
        while not until <= {message["type"] for message in said}:
            said.append(json.loads(await socket.recv()))
        await socket.send(json.dumps({"type": "ping", "timestamp": "2025-01-15T10:30:00Z", "data": {}}))
        while said[-1]["type"] != "pong":
            said.append(json.loads(await socket.recv()))
    return said


@pytest.mark.timeout(600)
def test_a_candle_becomes_a_decision_an_order_a_fill_a_message_and_an_explanation(home: Path) -> None:
    with open_floor(home, *RUN) as floor:
        wait_for(lambda: (home / "run" / "summary.json").exists())

        entry = next(o for o in floor.get("/api/v1/orders", limit=200)["orders"] if o["leg"] == "entry")
        assert entry["status"] == "FILLED"
        decision = next(
            d
            for d in floor.get("/api/v1/decisions", limit=500)["decisions"]
            if d["created_at"] == entry["placed_at"] and d["decision"] in ("BUY", "SELL")
        )
        whole = floor.get(f"/api/v1/decisions/{decision['id']}")
        assert {vote["agent_name"] for vote in whole["votes"]} == {"technical", "trend", "risk", "hedging"}
        assert len(whole["prompt_embedding"]) == 256
        assert entry["id"] in {order["id"] for order in whole["orders"]}

        said = asyncio.run(heard(floor, TYPES))
        numbers = [message["seq"] for message in said if message["type"] in TYPES]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers))), "the stream must have no gap"
        trade = next(m["data"] for m in said if m["type"] == "trade" and m["data"]["order_id"] == entry["id"])
        assert trade["quantity"] == entry["executed_quantity"]
        assert trade["price"] * trade["quantity"] == pytest.approx(entry["executed_quote_quantity"])

        similar = floor.get(f"/api/v1/decisions/{decision['id']}/similar", limit=5)["similar"]
        again = floor.post(f"/api/v1/decisions/{decision['id']}/replay", {}).json()
        assert (again["identical"], again["differences"]) == (True, []), again
        assert again["digest"] == again["recomputed"]
        late = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.001}
        over = floor.post("/api/v1/orders", late)
        assert (over.status_code, over.json()["code"]) == (409, "RUN_COMPLETE")
        assert all(
            case["created_at"] < decision["created_at"] and case["outcome"] != "PENDING" for case in similar
        )

    told = outcry(home, "explain", decision["id"]).stdout
    for word in ("technical", "trend", "risk", "hedging", "entry", "gate", "similar"):
        assert word in told
    assert "identical" in outcry(home, "replay", decision["id"], "--verify").stdout
    assert json.loads(outcry(home, "ledger", "verify", "--json").stdout)["ok"]
