"""Hedges a person asks for, on a real floor: executed, held, refused by the gate, closed, and never made twice."""

import json
from pathlib import Path
from typing import Any

import pytest

from db.embedded import running_url
from tests.e2e.floor import RunningFloor, open_floor, outcry
from tests.e2e.rows import fetch

EARLY = ("--market", "recorded", "--timeframe", "1h", "--from", "2020-01-05", "--speed", "7200")
"""Two rounds a second, on too little history for any agent to vote: what trades is what is asked for here."""
HEDGES = (
    "SELECT leg, side, status, executed_quantity, refusal FROM orders WHERE leg LIKE 'hedge%' ORDER BY seq"
)


def said(floor: RunningFloor, *words: str, code: int = 0) -> dict[str, Any]:
    """A command's answer."""
    done = outcry(floor.home, *words, "--json", check=False)
    assert done.returncode == code, done.stdout + done.stderr
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def orders(floor: RunningFloor) -> list[dict[str, Any]]:
    url = running_url(floor.home)
    assert url
    return fetch(url, HEDGES)


def buy(floor: RunningFloor) -> float:
    """A tenth of the equity in spot."""
    quantity = round(1000 / _price(floor), 4)
    body = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": quantity}
    made = floor.post("/api/v1/orders", body).json()
    assert made["order"]["status"] == "FILLED", made
    return quantity


def _price(floor: RunningFloor) -> float:
    url = running_url(floor.home)
    assert url
    (row,) = fetch(
        url,
        "SELECT body::jsonb->'detail'->'marks'->>'BTC/USDT' AS price FROM cycles ORDER BY seq DESC LIMIT 1",
    )
    return float(row["price"])


@pytest.mark.timeout(600)
def test_execute_holds_and_close_flattens(home: Path) -> None:
    with open_floor(home, *EARLY) as floor:
        quantity = buy(floor)

        before = said(floor, "hedge", "analysis")
        assert (before["risk_metrics"]["hedge_ratio"], before["current_net_exposure"]) == (0.0, 1.0)
        assert [(a["asset"], a["priority"]) for a in before["adjustments"]] == [("BTC", "high")]
        assert before["assets"]["BTC"]["basis_pct"] is not None

        assert floor.post("/api/v1/trade/halt", {"reason": "drill"}).status_code == 200
        refused = said(floor, "hedge", "execute", code=1)
        assert (refused["status"], refused["executed_trades"]) == ("refused", [])
        assert [r["rule"] for r in refused["refused"]] == ["halted"]
        assert refused["message"].startswith(
            "Failed to execute hedge adjustments: BTC-PERP: the floor is halted"
        )
        assert floor.post("/api/v1/trade/unhalt", {"reason": "over"}).status_code == 200

        done = said(floor, "hedge", "execute", "--once", "first")
        assert (done["status"], done["message"]) == ("completed", "Successfully executed hedge adjustments")
        (trade,) = done["executed_trades"]
        assert (trade["asset"], trade["side"], float(trade["amount"])) == ("BTC-PERP", "sell", quantity)
        assert isinstance(trade["amount"], str) and float(trade["price"]) > 0
        assert said(floor, "hedge", "execute", "--once", "first") == done
        assert said(floor, "hedge", "execute")["message"] == "No hedge adjustments needed"

        (asset,) = said(floor, "risk", "positions")["metrics"]
        assert (asset["symbol"], asset["spot_qty"], asset["futures_qty"]) == ("BTC", quantity, -quantity)
        assert asset["hedge_ratio"] == pytest.approx(1.0, abs=0.01)
        assert abs(asset["net_exposure"]) < 0.01 * asset["spot_value"]
        floor.wait_rounds(floor.rounds() + 3)
        assert said(floor, "hedge", "analysis")["risk_metrics"]["hedge_ratio"] == pytest.approx(1.0, abs=0.01)
        assert said(floor, "replay", "last")["identical"], "a replay knows what stands"

        closed = said(floor, "hedge", "close")
        assert closed["message"] == "Successfully closed all hedge positions"
        assert [(t["side"], float(t["amount"])) for t in closed["executed_trades"]] == [("buy", quantity)]
        assert said(floor, "risk", "positions")["futures"] == []
        assert said(floor, "hedge", "close")["message"] == "No hedge positions to close"
        made = orders(floor)
        assert [(o["side"], o["status"]) for o in made] == [
            ("SELL", "REJECTED"),
            ("SELL", "FILLED"),
            ("BUY", "FILLED"),
        ]
    assert json.loads(outcry(home, "ledger", "verify", "--json").stdout)["ok"]


@pytest.mark.timeout(600)
def test_a_venue_that_dies_with_the_order_taken_makes_no_second_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The execution server is killed the second time it has an order at the venue and has not told: the hedge."""
    monkeypatch.setenv("OUTCRY_CRASHPOINT", "k10@2")
    with open_floor(home, *EARLY) as floor:
        quantity = buy(floor)
        killed = floor.pid("execution")
        done = said(floor, "hedge", "execute", "--ratio", "0.5")
        assert floor.pid("execution") != killed
        assert [float(t["amount"]) for t in done["executed_trades"]] == [
            pytest.approx(quantity / 2, abs=1e-5)
        ]
        assert [o["status"] for o in orders(floor)] == ["FILLED"]
    assert json.loads(outcry(home, "ledger", "verify", "--json").stdout)["ok"]
    assert outcry(home, "hedge", "execute", check=False).returncode == 1
