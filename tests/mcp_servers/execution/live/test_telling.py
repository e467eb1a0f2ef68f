"""How an account is told: what must agree with each other is asked last, and without waiting in between."""

from pathlib import Path

import pytest

from mcp_servers.execution.venues.live.reading import TOGETHER, GatewayReader
from mcp_servers.execution.venues.live.telling import Teller
from tests.mcp_servers.execution.live.rig import Rig, order
from wire.budget import RequestBudget


@pytest.fixture
def ahead(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """How far ahead of the pace each request was let."""
    found: list[float] = []

    async def take(self: RequestBudget, cost_ms: float, *, ahead_s: float = 0.0) -> None:
        found.append(ahead_s)

    monkeypatch.setattr(RequestBudget, "take", take)
    return found


async def test_trades_and_money_are_told_together(rig: Rig, ahead: list[float]) -> None:
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
    reader.awaited = True  # nothing is traded before the first comparison
    ahead.clear()
    await Teller(reader, ["BTC/USDT"]).tell({}, 0)
    assert ahead and all(ahead)


async def test_what_an_account_asks_never_waits_behind_a_comparison(rig: Rig, ahead: list[float]) -> None:
    """Calls for one account take turns: an order would wait with whatever is asked before it."""
    await rig.place(order("entry", "BUY", "MARKET", "0.01"))
    await rig.venue.advance(rig.clock.now())
    await rig.place(order("hedge", "SELL", "MARKET", "0.01", symbol="BTC/USDT:USDT"), seq=2)
    await rig.venue.advance(rig.clock.now())
    paths = {Path(path).name for _, _, path, _ in rig.running.requests}
    assert {"exchangeInfo", "order", "myTrades", "account", "fundingRate"} <= paths
    assert all(ahead)
