"""A live floor on hourly bars at the practice exchange: what fills between two rounds is booked without waiting for the next."""

import asyncio
from pathlib import Path
from time import monotonic
from typing import Any

import aiohttp
import asyncpg
import pytest

from chaos.rig import LiveFloor, Sandbox
from tests.patience import PATIENCE_S

TOLD = """
SELECT o.status, c.kind
FROM orders o JOIN fills f ON f.order_id = o.id JOIN cycles c ON c.session_id = f.session_id AND c.seq = f.seq
WHERE o.id = $1::uuid
"""


async def until(what: Any) -> Any:
    """The first truthy answer."""
    deadline = monotonic() + PATIENCE_S
    while monotonic() < deadline:
        if found := await what():
            return found
        await asyncio.sleep(0.2)
    raise AssertionError("not within patience")


class Trader:
    """A person who orders by hand at the floor."""

    def __init__(self, floor: LiveFloor, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.floor, self.sandbox, self.session = floor, sandbox, session

    async def said(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        answer = await self.floor.ask(self.session, method, f"/api/v1{path}", body, None, 60.0)
        return answer[1] if answer is not None and answer[0] < 300 else None

    async def price(self) -> float:
        url = f"{self.sandbox.url}/api/v3/ticker/price?symbol=BTCUSDT"
        async with self.session.get(url) as answer:
            return float((await answer.json())["price"])

    async def rests(self) -> str:
        """The id of an order that waits a little under the price."""

        async def ready() -> bool:
            sessions = await self.said("GET", "/sessions")
            return bool(sessions and sessions["sessions"])

        await until(lambda: self.floor.ready(self.session))
        await until(ready)
        order = {"symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": "0.01"}
        made = await self.said("POST", "/orders", {**order, "price": f"{await self.price() * 0.98:.0f}"})
        assert made is not None and made["order"]["status"] == "NEW", made
        return str(made["order"]["id"])

    async def filled(self, order: str) -> bool:
        told = await self.said("GET", f"/orders/{order}")
        return told is not None and told["order"]["status"] == "FILLED"


@pytest.mark.timeout(600)
async def test_e10_a_resting_orders_fill_is_in_the_ledger_before_the_next_round(tmp_path: Path) -> None:
    sandbox = Sandbox(tmp_path, 7)
    try:
        await sandbox.opened()
        floor = LiveFloor(tmp_path, sandbox, "1h")
        floor.start()
        try:
            async with aiohttp.ClientSession() as session:
                trader = Trader(floor, sandbox, session)
                order = await trader.rests()
                low = f"{await trader.price() * 0.97:.0f}"
                await sandbox.act(session, "price", symbol="BTCUSDT", price=low)
                began = monotonic()
                await until(lambda: trader.filled(order))  # an hour of patience there is not
                print(
                    f"FILLED in the order's row {monotonic() - began:.1f} s after it filled at the exchange"
                )
                connection = await asyncpg.connect(floor.database())
                told = await connection.fetch(TOLD, order)
                asked = await connection.fetch(
                    "SELECT state FROM commands WHERE body->>'kind' = 'hear_account'"
                )
                await connection.close()
            assert told and {row["status"] for row in told} == {"FILLED"}
            assert {row["kind"] for row in told} <= {"MANUAL", "ROUND"}  # a full hour may have come between
            assert [row["state"] for row in asked] == ["DONE"] or {row["kind"] for row in told} == {"ROUND"}
        finally:
            floor.stop()
    finally:
        sandbox.close()
