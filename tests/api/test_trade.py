"""Steering: sessions, the kill switch and the configuration, through the queue."""

from decimal import Decimal
from uuid import UUID

import pytest

from db import commands
from openoutcry.types.commands import StartSession, StopSession
from tests.api.test_errors import NOBODY, is_error
from tests.factories import ORG


async def test_a_session_is_started_paper_when_nothing_is_said(answered, admin):
    for given in ({}, {"mode": None}, {"mode": "paper"}, {"mode": "Paper"}):
        answer = await admin.post(
            "/api/v1/trade/start", json={"symbol": "eth-usdt", "initial_capital": 5000, **given}
        )
        assert answer.status_code == 200, answer.text
        assert (answer.json()["symbol"], answer.json()["mode"]) == ("ETH/USDT", "PAPER")
    assert answered.stand_in.executed[0] == StartSession(symbol="ETH/USDT", initial_capital=Decimal(5000))


async def test_live_is_the_floors_to_refuse(admin):
    wanted = {"symbol": "BTC/USDT", "initial_capital": 1, "mode": "live"}
    body = is_error(await admin.post("/api/v1/trade/start", json=wanted), 400, "LIVE_DISABLED")
    assert body["field"] == "mode"


MALFORMED_STARTS = [
    ({"initial_capital": 1}, "symbol"),
    ({"symbol": "BTC/USDT"}, "initial_capital"),
    ({"symbol": "BTC/USDT", "initial_capital": 0}, "initial_capital"),
    ({"symbol": "BTC/USDT", "initial_capital": -1}, "initial_capital"),
    ({"symbol": "BTC/USDT", "initial_capital": "1e5"}, "initial_capital"),
    ({"symbol": "BTC/USDT", "initial_capital": 1, "mode": "DEMO"}, "mode"),
    ({"symbol": "BTC/USDT", "initial_capital": 1, "org_id": NOBODY}, "org_id"),
]


async def test_a_malformed_start(admin):
    for body, field in MALFORMED_STARTS:
        assert (
            is_error(await admin.post("/api/v1/trade/start", json=body), 400, "INVALID_ARGUMENT")["field"]
            == field
        )


async def test_stopping_reports_your_figure_beside_the_ledgers(answered, admin):
    answer = await admin.post(
        "/api/v1/trade/stop", json={"session_id": answered.session_id, "final_capital": 0}
    )
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert (body["final_capital"], body["ledger_final_capital"]) == (0, 10123.45)
    assert (body["total_pnl"], body["total_trades"]) == (123.45, 15)
    assert answered.stand_in.executed == [
        StopSession(session_id=answered.session_id, final_capital=Decimal(0))
    ]
    again = await admin.post(
        "/api/v1/trade/stop", json={"session_id": answered.session_id, "final_capital": 0}
    )
    is_error(again, 409, "ALREADY_STOPPED")


@pytest.mark.parametrize("path", ["stop", "pause", "resume"])
async def test_a_session_that_is_not_there(admin, path):
    more = {"final_capital": 0} if path == "stop" else {}
    call = f"/api/v1/trade/{path}"
    body = is_error(await admin.post(call, json={"session_id": NOBODY, **more}), 404, "NOT_FOUND")
    assert body["error"] == "session not found"
    assert is_error(await admin.post(call, json=more), 400, "INVALID_ARGUMENT")["field"] == "session_id"
    wrong = await admin.post(call, json={"session_id": "x", **more})
    assert is_error(wrong, 400, "INVALID_ARGUMENT")["error"] == "invalid session_id format"


async def test_a_stop_without_a_final_capital_or_with_a_negative_one_is_refused(answered, admin):
    bare = await admin.post("/api/v1/trade/stop", json={"session_id": answered.session_id})
    assert is_error(bare, 400, "INVALID_ARGUMENT")["field"] == "final_capital"
    wanted = {"session_id": answered.session_id, "final_capital": -1}
    assert (
        is_error(await admin.post("/api/v1/trade/stop", json=wanted), 400, "INVALID_ARGUMENT")["field"]
        == "final_capital"
    )


async def test_pausing_and_resuming_show_in_the_session(answered, admin):
    here = {"session_id": answered.session_id}
    for path, status in (("pause", "PAUSED"), ("resume", "RUNNING")):
        answer = await admin.post(f"/api/v1/trade/{path}", json=here)
        assert answer.json()["symbol"] == "BTC/USDT"
        session = (await admin.get(f"/api/v1/sessions/{answered.session_id}")).json()["session"]
        assert session["status"] == status


async def test_the_kill_switch_is_thrown_seen_and_released(answered, admin):
    assert (await admin.get("/api/v1/trade/halt")).json()["halted"] is False
    thrown = await admin.post("/api/v1/trade/halt", json={"reason": "prices look wrong", "flatten": True})
    assert (thrown.status_code, thrown.json()["halted"], thrown.json()["reason"]) == (
        200,
        True,
        "prices look wrong",
    )
    assert (thrown.json()["by"], thrown.json()["flatten"], thrown.json()["swept"]) == (
        "the admin",
        True,
        True,
    )
    async with answered.client("viewer") as viewer:
        seen = (await viewer.get("/api/v1/trade/halt")).json()
        assert (seen["halted"], seen["reason"]) == (True, "prices look wrong")
        assert seen["since"]
    for body in ({}, {"reason": ""}):
        is_error(await admin.post("/api/v1/trade/unhalt", json=body), 400, "INVALID_ARGUMENT")
    released = await admin.post("/api/v1/trade/unhalt", json={"reason": "right again"})
    assert (released.status_code, released.json()["halted"]) == (200, False)


BAD_HALTS = [{}, {"reason": ""}, {"reason": "x" * 501}, {"reason": "x", "flatten": "yes"}]


async def test_a_halt_needs_a_reason(admin):
    for body in BAD_HALTS:
        is_error(await admin.post("/api/v1/trade/halt", json=body), 400, "INVALID_ARGUMENT")


async def test_a_floor_that_does_not_answer_is_said_with_the_commands_id(answered, admin):
    answered.stand_in.asleep = True
    object.__setattr__(answered.floor, "command_timeout_s", 0.2)
    answer = await admin.post("/api/v1/trade/pause", json={"session_id": answered.session_id})
    body = is_error(answer, 503, "COMMAND_PENDING")
    assert answer.headers["retry-after"] == str(body["retry_after"]) == "5"
    (waiting,) = await commands.pending(answered.pool, ORG)
    assert waiting.id == UUID(body["command_id"])
    assert waiting.requested_by == "the admin"


async def test_c5_the_configuration_changes_as_a_whole_and_shows_it(answered, admin):
    wanted = {"trading_mode": "PAPER", "max_position_size": 0.15, "max_positions": 5, "llm_approval_required": True,
              "initial_capital": 2500.5, "min_confidence": None}  # fmt: skip
    answer = await admin.patch("/api/v1/config", json=wanted)
    assert answer.status_code == 200, answer.text
    assert answer.json()["updates"] == {k: v for k, v in wanted.items() if v is not None}
    config = (await admin.get("/api/v1/config")).json()["config"]
    assert (config["risk"]["max_position_size"], config["risk"]["llm_approval_required"]) == (0.15, True)
    assert (config["trading"]["max_positions"], config["trading"]["initial_capital"]) == (5, 2500.5)


BAD_CHANGES = [
    ({}, None),
    ({"max_position_size": 0.1, "max_drawdown": 2}, "max_drawdown"),
    ({"max_position_size": 1.5}, "max_position_size"),
    ({"max_position_size": "NaN"}, "max_position_size"),
    ({"max_positions": 0}, "max_positions"),
    ({"max_positions": 2.5}, "max_positions"),
    ({"trading_mode": "casino"}, "trading_mode"),
    ({"trading_mode": 1}, "trading_mode"),
    ({"llm_approval_required": "yes"}, "llm_approval_required"),
    ({"database_url": "x"}, "database_url"),
    ({"llm_temperature": -1}, "llm_temperature"),
]


async def test_c5_one_bad_value_changes_nothing(answered, admin):
    for body, field in BAD_CHANGES:
        before = (await admin.get("/api/v1/config")).json()
        answer = await admin.patch("/api/v1/config", json=body)
        assert answer.status_code == 400, answer.text
        assert answer.json().get("field") == field
        assert (await admin.get("/api/v1/config")).json() == before
        assert answered.stand_in.executed == []


async def test_the_configuration_shows_no_secret_host_or_port(admin, answered):
    text = (await admin.get("/api/v1/config")).text
    for secret in ("postgres", "127.0.0.1", "password", answered.floor.database_url, "key"):
        assert secret not in text
