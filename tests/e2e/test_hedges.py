"""What a person asks for, on a real floor: hedges executed, held, refused, closed, never made twice; orders by hand."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from db.embedded import running_url
from tests.e2e.floor import RunningFloor, open_floor, outcry
from tests.e2e.rows import fetch
from tests.e2e.test_one_tick import heard

EARLY = ("--market", "recorded", "--timeframe", "1h", "--from", "2020-01-05", "--speed", "1200")
"""A round in three seconds, on too little history for any agent to vote: what trades is what is asked for here."""
MARKET = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET"}
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
    made = floor.post("/api/v1/orders", {**MARKET, "quantity": quantity}).json()
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
def test_hedges_are_executed_held_refused_and_closed_and_orders_by_hand_go_through_the_gate(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OUTCRY_CRASHPOINT", str(tmp_path))
    with open_floor(home, *EARLY) as floor:
        quantity = buy(floor)

        before = said(floor, "hedge", "analysis")
        assert (before["risk_metrics"]["hedge_ratio"], before["current_net_exposure"]) == (0.0, 1.0)
        assert [(a["asset"], a["priority"]) for a in before["adjustments"]] == [("BTC", "high")]
        assert before["assets"]["BTC"]["basis_pct"] is not None

        a_halted_floor_refuses(floor)
        a_venue_that_dies_with_the_order_taken_makes_no_second_one(floor, quantity, tmp_path)
        it_stands(floor, quantity)

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
        half = said(floor, "hedge", "execute", "--ratio", "0.5")
        assert [float(t["amount"]) for t in half["executed_trades"]] == [
            pytest.approx(quantity / 2, abs=1e-5)
        ]

        an_order_by_hand_goes_through_the_gate_and_trouble_is_heard(floor)
        stopped_it_holds_nothing(floor)
    assert json.loads(outcry(home, "ledger", "verify", "--json").stdout)["ok"]
    assert outcry(home, "hedge", "execute", check=False).returncode == 1


def a_halted_floor_refuses(floor: RunningFloor) -> None:
    assert floor.post("/api/v1/trade/halt", {"reason": "drill"}).status_code == 200
    refused = said(floor, "hedge", "execute", code=1)
    assert (refused["status"], refused["executed_trades"]) == ("refused", [])
    assert [r["rule"] for r in refused["refused"]] == ["halted"]
    assert refused["message"].startswith("Failed to execute hedge adjustments: BTC-PERP: the floor is halted")
    by_hand = floor.post("/api/v1/orders", {**MARKET, "quantity": 0.001})
    assert by_hand.json()["order"]["refusal"]["rule"] == "halted"
    assert floor.post("/api/v1/trade/unhalt", {"reason": "over"}).status_code == 200


def a_venue_that_dies_with_the_order_taken_makes_no_second_one(
    floor: RunningFloor, quantity: float, crashpoints: Path
) -> None:
    """The execution server is killed when it has an order at the venue and has not told: the hedge."""
    killed = floor.pid("execution")
    (crashpoints / "k10").write_text("1")
    done = said(floor, "hedge", "execute", "--once", "first")
    assert floor.pid("execution") != killed
    assert (done["status"], done["message"]) == ("completed", "Successfully executed hedge adjustments")
    (trade,) = done["executed_trades"]
    assert (trade["asset"], trade["side"], float(trade["amount"])) == ("BTC-PERP", "sell", quantity)
    assert isinstance(trade["amount"], str) and float(trade["price"]) > 0
    assert said(floor, "hedge", "execute", "--once", "first") == done
    assert said(floor, "hedge", "execute")["message"] == "No hedge adjustments needed"


def it_stands(floor: RunningFloor, quantity: float) -> None:
    """The hedge is in the books, rounds later too, and a replay knows of it."""
    (asset,) = said(floor, "risk", "positions")["metrics"]
    assert (asset["symbol"], asset["spot_qty"], asset["futures_qty"]) == ("BTC", quantity, -quantity)
    assert asset["hedge_ratio"] == pytest.approx(1.0, abs=0.01)
    assert abs(asset["net_exposure"]) < 0.01 * asset["spot_value"]
    floor.wait_rounds(floor.rounds() + 3)
    assert said(floor, "hedge", "analysis")["risk_metrics"]["hedge_ratio"] == pytest.approx(1.0, abs=0.01)
    assert said(floor, "replay", "last")["identical"], "a replay knows what stands"


def an_order_by_hand_goes_through_the_gate_and_trouble_is_heard(floor: RunningFloor) -> None:
    bought = floor.post("/api/v1/orders", {**MARKET, "quantity": 0.001})
    assert bought.status_code == 201, bought.text
    assert bought.json()["order"]["status"] in ("FILLED", "NEW")
    greedy = floor.post("/api/v1/orders", {**MARKET, "quantity": 5})
    assert greedy.json()["order"]["status"] == "REJECTED"
    assert greedy.json()["order"]["refusal"]["rule"] in ("cash", "max_position_size")
    limit = {"symbol": "BTC/USDT", "side": "BUY", "type": "LIMIT", "quantity": 0.001}
    resting = floor.post("/api/v1/orders", {**limit, "price": round(0.8 * _price(floor), 2)})
    assert resting.json()["order"]["status"] == "NEW", resting.text
    trouble = [m for m in asyncio.run(heard(floor, {"error"})) if m["type"] == "error"]
    assert any("manual" in one["data"]["details"] for one in trouble), trouble


def stopped_it_holds_nothing(floor: RunningFloor) -> None:
    session = floor.get("/api/v1/sessions")["sessions"][0]["id"]
    stopped = floor.post("/api/v1/trade/stop", {"session_id": session, "final_capital": 0})
    assert stopped.status_code == 200, stopped.text
    assert floor.get("/api/v1/positions")["count"] == 0
    again = floor.post("/api/v1/trade/stop", {"session_id": session, "final_capital": 0})
    assert again.status_code == 409
