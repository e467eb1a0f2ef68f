"""What a person's assistant can do without a round: look, preview, and ask the orchestrator."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal
from uuid import UUID

import pytest
from mcp import Client

from db import state
from db.candles import CandleReader
from db.commands import Pending, finish, pending
from db.leases import Leases
from db.ledger import append, read_head
from mcp_servers.execution.deps import ExecutionDeps
from mcp_servers.execution.desk import VenueDesk
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.lookup import KnownSessions
from mcp_servers.execution.server import build, opened
from mcp_servers.present import floor_present
from mcp_servers.toolkit import Hosting
from openoutcry.errors import BadInput, DataUnavailable, ToolFailed
from openoutcry.hedging.execution import CLOSE, EXECUTE, HedgeOrder, told
from openoutcry.portfolio import opening
from openoutcry.types.commands import (
    CancelOrder,
    CloseHedges,
    ExecuteHedges,
    PlaceOrder,
    StartSession,
    StopSession,
)
from openoutcry.types.record import CycleRecord
from tests.mcp_servers.execution.floor import KEY, SETTINGS, Floor, config, facts, floor_in_memory, halted
from tests.mcp_servers.execution.venue import PERP, SESSION, SPOT, T0, order
from wire.config import DEFAULT_ORG, FLOOR_SCOPES
from wire.connect import Connection

Answer = tuple[Literal["DONE", "FAILED"], dict[str, Any]]


@pytest.fixture
async def floor(tmp_path: Path, fresh_database: str) -> AsyncIterator[Floor]:
    async with floor_in_memory(tmp_path, fresh_database) as running:
        await state.set_clock(running.pool, T0, "recorded")
        yield running


@asynccontextmanager
async def orchestrator(floor: Floor, answer: Callable[[Pending], Answer]) -> AsyncIterator[list[Pending]]:
    """Answers every command as told, and keeps what was asked."""
    heard: list[Pending] = []

    async def work() -> None:
        while True:
            for command in await pending(floor.pool, UUID(DEFAULT_ORG)):
                heard.append(command)
                await finish(floor.pool, command.id, *answer(command))
            await asyncio.sleep(0.01)

    task = asyncio.create_task(work())
    try:
        yield heard
    finally:
        task.cancel()


async def test_orders_become_commands_and_the_answer_is_the_orders_state(floor: Floor) -> None:
    placed = await floor.place(order("manual-1", "BUY", "MARKET", "1"), seq=1, hour=0)
    refused = await floor.place(order("manual-2", "BUY", "MARKET", "1000"), seq=1, hour=0)
    answers = {"0.25": placed["order_id"], "1000": refused["order_id"]}

    def done(command: Pending) -> Answer:
        assert isinstance(command.command, PlaceOrder)
        return "DONE", {"order_id": answers[str(command.command.quantity)]}

    async with orchestrator(floor, done) as heard:
        market = {"symbol": "btcusdt", "side": "BUY", "quantity": "0.25"}
        assert (await floor.server.call("place_market_order", market))["status"] == "FILLED"
        limit: dict[str, Any] = {
            "symbol": SPOT,
            "side": "SELL",
            "quantity": "1000",
            "price": "99.5",
            "time_in_force": "IOC",
        }
        limit |= {"stop_loss": "120", "take_profit": "80.5", "trailing_stop": 0.02}
        answer = await floor.server.call("place_limit_order", limit)
        assert answer["status"] == "REJECTED" and "INSUFFICIENT_BALANCE" in answer["error"]
        wanted = order("entry", "BUY", "MARKET", "0.25").model_dump(mode="json")
        assert (await floor.server.call("place_order", {"order": wanted}))["status"] == "FILLED"
    first, second, third = (command.command for command in heard)
    assert isinstance(first, PlaceOrder) and (first.symbol, first.type, first.price) == (SPOT, "MARKET", None)
    assert isinstance(second, PlaceOrder) and (str(second.price), second.time_in_force) == ("99.5", "IOC")
    assert (str(second.stop_loss), str(second.take_profit), second.trailing_stop) == ("120", "80.5", 0.02)
    assert third == first and heard[0].requested_by == "mcp:local"


async def test_the_orchestrators_no_is_an_error_with_its_code_and_field(floor: Floor) -> None:
    def no(command: Pending) -> Answer:
        if isinstance(command.command, CancelOrder):
            return "FAILED", {"error": "it is final", "code": "ORDER_FINAL", "status": 409, "field": None}
        return "FAILED", {
            "error": "symbol: not traded",
            "code": "NO_SESSION",
            "status": 400,
            "field": "symbol",
        }

    async with orchestrator(floor, no):
        with pytest.raises(BadInput, match="not traded") as caught:
            await floor.server.call(
                "place_market_order", {"symbol": "ETH/USDT", "side": "BUY", "quantity": "1"}
            )
        assert caught.value.field == "symbol"
        with pytest.raises(ToolFailed, match="ORDER_FINAL"):
            await floor.server.call("cancel_order", {"order_id": SESSION})


async def test_sessions_are_started_and_stopped_by_the_orchestrator(floor: Floor) -> None:
    async with orchestrator(floor, lambda _: ("DONE", {"session_id": SESSION, "total_pnl": "0"})) as heard:
        begun = await floor.server.call("start_session", {"symbol": "ETH-USDT", "initial_capital": "5000"})
        ended = await floor.server.call("stop_session", {"session_id": SESSION, "final_capital": "4990.5"})
    assert (begun["status"], begun["session_id"], ended["status"]) == ("RUNNING", SESSION, "STOPPED")
    assert ended["detail"]["total_pnl"] == "0"
    start, stop = (command.command for command in heard)
    assert isinstance(start, StartSession) and (start.symbol, start.initial_capital) == ("ETH/USDT", 5000)
    assert isinstance(stop, StopSession) and str(stop.final_capital) == "4990.5"


async def test_hedges_are_executed_and_closed_by_the_orchestrator(floor: Floor) -> None:
    sold = HedgeOrder(PERP, "SELL", Decimal("0.5"), "FILLED", Decimal("0.5"), Decimal(25_000))

    def done(command: Pending) -> Answer:
        return "DONE", told([sold], EXECUTE) if command.command.kind == "execute_hedges" else told([], CLOSE)

    async with orchestrator(floor, done) as heard:
        made = await floor.server.call("execute_hedges", {"ratio": 0.8})
        gone = await floor.server.call("close_hedges", {"session_id": SESSION})
    assert made["executed_trades"] == [
        {"asset": "BTC-PERP", "side": "sell", "amount": "0.5", "price": "50000"}
    ]
    assert (made["status"], made["message"]) == ("completed", "Successfully executed hedge adjustments")
    assert (gone["status"], gone["message"]) == ("completed", "No hedge positions to close")
    first, second = (command.command for command in heard)
    assert isinstance(first, ExecuteHedges) and (first.ratio, first.session_id) == (0.8, None)
    assert isinstance(second, CloseHedges) and second.session_id == SESSION


@pytest.mark.parametrize(
    ("tool", "asked", "field"),
    [
        ("execute_hedges", {"ratio": 1.5}, "ratio"),
        ("execute_hedges", {"ratio": "NaN"}, "ratio"),
        ("close_hedges", {"session_id": 7}, "session_id"),
        ("place_market_order", {"symbol": "???", "side": "BUY", "quantity": "1"}, "symbol"),
        ("place_market_order", {"symbol": SPOT, "side": "HOLD", "quantity": "1"}, "side"),
        ("place_market_order", {"symbol": SPOT, "side": "BUY", "quantity": "NaN"}, "quantity"),
        ("place_limit_order", {"symbol": SPOT, "side": "BUY", "quantity": "1", "price": "1e5"}, "price"),
        (
            "place_market_order",
            {"symbol": SPOT, "side": "BUY", "quantity": "1", "stop_loss": "-1"},
            "stop_loss",
        ),
        ("start_session", {"symbol": SPOT, "initial_capital": "lots"}, "initial_capital"),
        ("cancel_order", {}, "order_id"),
        ("get_order_status", {"order_id": "nonsense"}, "order_id"),
        ("get_order_status", {"order_id": "oo-aaaaaaaaaaaaaaaaaaaaaaaaaa"}, "order_id"),
        ("list_orders", {"cursor": "nonsense"}, "cursor"),
        ("list_orders", {"session_id": "nonsense"}, "session_id"),
        ("get_balances", {"session_id": "00000000-0000-4000-8000-000000000000"}, "session_id"),
        ("preview_order", {"symbol": "ETH/USDT", "side": "BUY", "quantity": "1"}, "symbol"),
        ("preview_order", {"symbol": SPOT, "side": "BUY", "quantity": "0.000001"}, "quantity"),
    ],
)
async def test_bad_arguments_name_their_field(
    floor: Floor, tool: str, asked: dict[str, Any], field: str
) -> None:
    with pytest.raises(BadInput) as caught:
        await floor.server.call(tool, asked)
    assert caught.value.field == field


async def test_looking_at_orders_positions_and_balances(floor: Floor) -> None:
    await floor.place(order("entry", "BUY", "MARKET", "1"), seq=1, hour=0)
    await floor.place(order("hedge", "SELL", "MARKET", "0.5", symbol=PERP), seq=1, hour=0)
    await floor.place(order("manual-1", "BUY", "LIMIT", "1", price="50"), seq=2, hour=1)
    seen: list[str] = []
    cursor: str | None = None
    while True:
        page = await floor.server.call("list_orders", {"limit": 2} | ({"cursor": cursor} if cursor else {}))
        seen += [found["leg"] for found in page["orders"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen[0] == "manual-1" and sorted(seen[1:]) == ["entry", "hedge"]
    perps = await floor.server.call(
        "list_orders", {"symbol": "BTC-PERP", "status": "FILLED", "session_id": SESSION}
    )
    assert [found["leg"] for found in perps["orders"]] == ["hedge"]
    one = (await floor.server.call("get_order_status", {"order_id": perps["orders"][0]["client_order_id"]}))[
        "order"
    ]
    assert one == (await floor.server.call("get_order_status", {"order_id": one["order_id"]}))["order"]
    assert (one["side"], one["quantity"], one["executed_quote_quantity"]) == ("SELL", "0.5", "50")
    positions = (await floor.server.call("get_positions", {}))["positions"]
    assert [(p["symbol"], p["side"], p["quantity"]) for p in positions] == [
        (SPOT, "LONG", "1"),
        (PERP, "SHORT", "0.5"),
    ]
    cash, base = (await floor.server.call("get_balances", {}))["balances"]
    assert (cash["asset"], cash["locked"], base) == (
        "USDT", "50.05", {"asset": "BTC", "total": "1", "free": "1", "locked": "0"},
    )  # fmt: skip


async def test_a_session_that_has_not_traded_has_its_capital(floor: Floor) -> None:
    balances = (await floor.server.call("get_balances", {}))["balances"]
    assert [(b["asset"], b["total"]) for b in balances] == [("USDT", "10000")]
    assert (await floor.sync(seq=1, hour=0))[
        "cursor"
    ] == 1  # looking first did not put the account ahead of time


async def test_mode_and_stats(floor: Floor) -> None:
    mode = await floor.server.call("get_mode", {})
    assert (mode["mode"], mode["halted"], mode["sessions"], mode["source"]) == (
        "PAPER",
        None,
        [SESSION],
        "recorded",
    )
    await halted(floor.pool, "testing")
    assert (await floor.server.call("get_mode", {}))["halted"]["reason"] == "testing"
    stats = await floor.server.call("get_session_stats", {})
    assert (stats["status"], stats["detail"]["symbol"], stats["detail"]["equity"]) == (
        "RUNNING",
        SPOT,
        "10000",
    )


async def test_the_mode_is_a_resource(tmp_path: Path, fresh_database: str) -> None:
    async with opened(config(tmp_path, fresh_database), None) as server, Client(server) as client:
        content = (await client.read_resource("execution://mode")).contents[0]
        assert json.loads(getattr(content, "text", "")) == {"mode": "PAPER", "halted": None}


async def _first_record(floor: Floor) -> None:
    session = facts()
    head = await read_head(floor.pool, UUID(SESSION))
    cash = opening("USDT", session.initial_capital)
    record = CycleRecord(
        kind="OPEN", seq=0, as_of=T0, source="recorded", config_digest=session.config_digest, prev_hash=head.hash,
        portfolio_before=cash, portfolio_after=cash, equity=session.initial_capital,
    )  # fmt: skip
    await append(floor.pool, record, session, head, committed_at=T0, timings={})


async def test_a_preview_normalises_prices_and_asks_the_gate(floor: Floor) -> None:
    asked = {"symbol": SPOT, "side": "BUY", "quantity": "1.0000099", "type": "LIMIT", "price": "99.99999"}
    with pytest.raises(DataUnavailable, match="no record yet"):
        await floor.server.call("preview_order", asked)
    await _first_record(floor)
    seen = await floor.server.call("preview_order", asked)
    assert (seen["order"]["quantity"], seen["order"]["price"], seen["market_price"]) == ("1", "100", "100")
    assert (seen["expected_price"], seen["expected_fee"]) == ("100", "0.1") and seen["approved"]
    big = await floor.server.call(
        "preview_order", asked | {"quantity": "90", "type": "MARKET", "price": None}
    )
    assert not big["approved"] and big["refused"]["rule"] and at_venue(floor) == 0


def at_venue(floor: Floor) -> int:
    return len(list((floor.home / "venue").glob("*"))) if (floor.home / "venue").exists() else 0


async def test_without_an_orchestrator_the_order_stays_queued(floor: Floor, fresh_database: str) -> None:
    reader = CandleReader(floor.home)
    leases, file = Leases(fresh_database, "tests"), KillFile(floor.home / "KILL")
    desk, known = VenueDesk(floor.home, reader, SETTINGS.venue, leases), KnownSessions(floor.pool)
    deps = ExecutionDeps(floor.pool, desk, known, reader, SETTINGS, KEY, file, patience_s=0.1)
    present = floor_present(floor.pool, "recorded")
    scopes = FLOOR_SCOPES["execution"]
    server = Connection("execution", build(Hosting(deps, present, KEY, scopes, org_id=DEFAULT_ORG)))
    wanted = {"symbol": SPOT, "side": "BUY", "quantity": "1"}
    assert (await server.call("place_market_order", wanted))["status"] == "QUEUED"
    assert (await server.call("start_session", {"symbol": SPOT, "initial_capital": "1"}))[
        "status"
    ] == "QUEUED"
    assert (await server.call("execute_hedges", {}))["status"] == "QUEUED"
    assert len(await pending(floor.pool, UUID(DEFAULT_ORG))) == 3
    await server.close()


async def test_answers_fit_the_schemas_they_declare(tmp_path: Path, fresh_database: str) -> None:
    async with floor_in_memory(tmp_path, fresh_database) as floor:
        await floor.place(order("entry", "BUY", "MARKET", "1"), seq=1, hour=0)
    async with opened(config(tmp_path, fresh_database), None) as server, Client(server) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
        assert all(tool.description and tool.annotations and tool.output_schema for tool in tools.values())
        for name in ("get_mode", "list_orders", "get_positions", "get_balances", "get_session_stats"):
            assert tools[name].annotations.read_only_hint  # type: ignore[union-attr]
            answer = await client.call_tool(name, {})  # the SDK checks it against the output schema
            assert not answer.is_error and answer.structured_content, name
        rounds = {"order": order("hedge", "SELL", "LIMIT", "1", price="150").model_dump(mode="json")}
        assert (await client.call_tool("place_order", rounds | {"after": -1})).is_error
