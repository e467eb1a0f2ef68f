"""The kill switch on a whole floor: by command line and REST, with a dead orchestrator, through a restart of everything; and the
breaker that throws it.
"""

import json
import os
import signal
from pathlib import Path

import httpx2
import psutil
import pytest

from tests.e2e.floor import ADMIN_KEY, RunningFloor, open_floor, outcry, wait_for
from tests.patience import PATIENCE_S

SLOW = ("--market", "recorded", "--timeframe", "1h", "--from", "2020-02-01", "--speed", "10800")


def ordered(floor: RunningFloor, **more: object) -> dict[str, object]:
    body = {"symbol": "BTC/USDT", "side": "BUY", "type": "MARKET", "quantity": 0.001, **more}
    answer = floor.post("/api/v1/orders", body)
    assert answer.status_code == 201, answer.text
    return dict(answer.json()["order"])


def answered(floor: RunningFloor) -> dict[str, object] | None:
    try:
        return dict(floor.get("/api/v1/trade/halt"))
    except httpx2.TransportError:
        return None


def as_trader(floor: RunningFloor, home: Path, what: str) -> int:
    made = json.loads(outcry(home, "keys", "create", "a trader", "--role", "trader", "--json").stdout)
    return httpx2.post(
        f"{floor.address}/api/v1/trade/{what}",
        json={"reason": "I want to"},
        headers={"X-API-Key": made["key"]},
        timeout=PATIENCE_S,
        trust_env=False,
    ).status_code


def configure(floor: RunningFloor, **updates: float) -> None:
    answer = httpx2.patch(
        f"{floor.address}/api/v1/config",
        json=updates,
        headers={"X-API-Key": ADMIN_KEY},
        timeout=PATIENCE_S,
        trust_env=False,
    )
    assert answer.status_code == 200, answer.text


def tripped_and_reset(floor: RunningFloor, home: Path) -> None:
    """A loss limit is reached, latches and halts; only an admin lets go of it, and entries are possible again."""
    configure(floor, max_daily_loss=1e-7)
    ordered(floor)
    wait_for(lambda: floor.get("/api/v1/trade/halt")["halted"])
    halt = floor.get("/api/v1/trade/halt")
    assert halt["source"] == "breaker" and halt["reason"].startswith("breaker: max_daily_loss")
    configure(floor, max_daily_loss=0.05)
    assert ordered(floor)["status"] == "REJECTED"  # wherever the limit is now, it was reached
    assert as_trader(floor, home, "breaker/reset") == 403
    done = json.loads(outcry(home, "risk", "reset-breaker", "--reason", "understood", "--json").stdout)
    assert (done["released"], done["reset"][0]["rules"]) == (True, ["max_daily_loss"])
    assert not floor.get("/api/v1/trade/halt")["halted"]
    again = ordered(floor)
    assert again["status"] != "REJECTED", again


@pytest.mark.timeout(600)
def test_a_halt_is_obeyed_without_an_orchestrator_and_outlives_everything(home: Path) -> None:
    with open_floor(home, *SLOW) as floor:
        bought = ordered(floor)
        wait_for(lambda: floor.get("/api/v1/positions")["count"] > 0)
        price = float(floor.get("/api/v1/positions")["positions"][0]["entry_price"])
        resting = ordered(floor, type="LIMIT", price=round(price * 0.9, 2))
        assert (bought["status"] in ("FILLED", "NEW"), resting["status"]) == (True, "NEW"), resting

        supervisor, orchestrator = psutil.Process(floor.process.pid), floor.pid("orchestrator")
        supervisor.suspend()  # nobody starts it again
        os.kill(orchestrator, signal.SIGKILL)
        said = outcry(home, "halt", "--reason", "drill", "--flatten", "--json")
        assert json.loads(said.stdout) == {
            "halted": True, "reason": "drill", "symbol": None, "flatten": True, "swept": True,
        }  # fmt: skip
        seen = floor.get("/api/v1/trade/halt")
        assert (seen["halted"], seen["source"], seen["swept"]) == (True, "cli", True)
        supervisor.resume()
        (shown,) = json.loads(outcry(home, "status", "--json").stdout)["halts"]
        assert (shown["symbol"], shown["reason"], shown["source"]) == (None, "drill", "cli")
        assert "HALTED everything" in outcry(home, "status").stdout

        wait_for(lambda: floor.pid("orchestrator") != orchestrator)
        refused = ordered(floor)
        assert (refused["status"], refused["refusal"]["rule"]) == ("REJECTED", "halted")  # type: ignore[index]
        wait_for(lambda: floor.get("/api/v1/positions")["count"] == 0)
        orders = {order["id"]: order for order in floor.get("/api/v1/orders", limit=500)["orders"]}
        assert orders[resting["id"]]["status"] == "CANCELED"
        assert any(o["leg"].startswith("halt_exit-") and o["status"] == "FILLED" for o in orders.values())
        assert as_trader(floor, home, "unhalt") == 403
        assert floor.get("/api/v1/trade/halt")["halted"]

    assert json.loads(outcry(home, "ledger", "verify", "--json").stdout)["ok"]
    with open_floor(home, *SLOW) as floor:
        seen = wait_for(lambda: answered(floor))  # the progress file is of the floor before
        assert (seen["halted"], seen["reason"]) == (True, "drill")
        assert ordered(floor)["status"] == "REJECTED"
        opened = floor.log.read_text()  # the second opening's lines follow the first's
        assert opened.count("! HALTED everything since") == 1 and "(cli): drill. Only orders" in opened
        (home / "KILL").touch()
        still = outcry(home, "unhalt", "--reason", "over", check=False)
        assert still.returncode == 1 and "remove it first" in still.stderr
        (home / "KILL").unlink()
        assert outcry(home, "unhalt", "--reason", "over").stdout == "trading may go on\n"
        assert outcry(home, "unhalt", "--reason", "over", check=False).returncode == 1
        assert ordered(floor)["status"] != "REJECTED"
        tripped_and_reset(floor, home)
        assert floor.post("/api/v1/trade/halt", {"reason": "again"}).json()["swept"]
