"""How an account is told: what must agree with each other is asked last, and without waiting in between."""

from pathlib import Path

import pytest

from mcp_servers.execution.venues.live.reading import TOGETHER, GatewayReader
from mcp_servers.execution.venues.live.telling import Teller
from tests.mcp_servers.execution.live.rig import Rig
from wire.budget import RequestBudget


async def test_trades_and_money_are_told_together(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    ahead: list[float] = []

    async def take(self: RequestBudget, cost_ms: float, *, ahead_s: float = 0.0) -> None:
        ahead.append(ahead_s)

    monkeypatch.setattr(RequestBudget, "take", take)
    reader = GatewayReader(rig.gateway)
    await reader("spot", "openOrders", {}, weight=6)
    seen = len(rig.running.requests)
    ahead.clear()
    await Teller(reader, ["BTC/USDT", "BTC/USDT:USDT"]).tell({}, 0)
    asked = [Path(path).name for _, _, path, _ in rig.running.requests[seen:]]
    first = min(asked.index(path) for path in TOGETHER)
    assert set(asked[first:]) == TOGETHER and len(asked[first:]) == len(TOGETHER)
    assert "income" in asked[:first] and "openAlgoOrders" in asked[:first]
    assert [one > 0 for one in ahead] == [path in TOGETHER for path in asked]
