"""The order protocol over MCP and a real database: approvals, rows, repeats."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid5

import pytest

from mcp_servers.execution.intents import Intent, claim, settle
from mcp_servers.execution.venues.audit import ledger_balances
from openoutcry.errors import BadInput, Fenced, NotAuthorised, ToolFailed
from openoutcry.types.fence import Fence
from openoutcry.types.orders import OrderRequest, OrderState
from tests.mcp_servers.execution.floor import (
    Floor,
    approve,
    arguments,
    facts,
    floor_in_memory,
    token,
)
from tests.mcp_servers.execution.venue import HOUR, SESSION, T0, order

ENTRY = order("entry", "BUY", "MARKET", "1", reason="because")
STOP = order("stop_loss", "SELL", "STOP_LOSS", "1", stop_price="95", reduce_only=True, oco_group="1")
TARGET = order("take_profit", "SELL", "TAKE_PROFIT", "1", stop_price="110", reduce_only=True, oco_group="1")


@pytest.fixture
async def floor(tmp_path: Path, fresh_database: str) -> AsyncIterator[Floor]:
    async with floor_in_memory(tmp_path, fresh_database) as running:
        yield running


def at_venue(floor: Floor) -> int:
    return ledger_balances(floor.home / "venue" / f"{SESSION}.jsonl").orders


async def test_a_round_places_an_entry_with_its_bracket_and_later_hears_of_it(floor: Floor) -> None:
    assert (await floor.sync(seq=1, hour=0))["fills"] == []
    done = await floor.place(ENTRY, seq=1, hour=0)
    assert (done["status"], done["order"]["venue_order_id"], done["fills"][0]["price"]) == (
        "FILLED",
        "V-000001",
        "100",
    )
    cursor = done["cursor"]
    for leg in (STOP, TARGET):
        cursor = (await floor.place(leg, seq=1, hour=0, after=cursor))["cursor"]
    news = await floor.sync(seq=2, hour=1, after=cursor)
    assert [(f["leg"], f["price"]) for f in news["fills"]] == [("stop_loss", "95")]
    assert [(o["leg"], o["status"]) for o in news["orders"]] == [
        ("stop_loss", "FILLED"),
        ("take_profit", "CANCELED"),
    ]
    row = await floor.row(1, "entry")
    assert row is not None
    assert (row["status"], row["executed_quantity"], row["executed_quote_quantity"]) == ("FILLED", 1, 100)
    assert (row["exchange"], row["reason"], row["created_at"], row["placed_at"]) == (
        "PAPER",
        "because",
        T0,
        T0,
    )
    assert row["id"] == uuid5(facts().session_id, "order:1:entry") and row["filled_at"] is not None
    used = await floor.pool.fetch("SELECT leg, order_hash FROM approvals ORDER BY leg")
    assert (used[0]["leg"], used[0]["order_hash"]) == ("entry", approve(ENTRY, 1, 0).order_hash)


async def test_the_same_leg_again_is_the_same_order(floor: Floor) -> None:
    first = await floor.place(ENTRY, seq=1, hour=0)
    again = await floor.place(ENTRY, seq=1, hour=0)
    assert {**again, "result_id": ""} == {**first, "result_id": ""} and at_venue(floor) == 1
    many = await asyncio.gather(*(floor.place(STOP, seq=1, hour=0) for _ in range(5)))
    assert {answer["order"]["venue_order_id"] for answer in many} == {"V-000002"} and at_venue(floor) == 2


async def test_a_leg_that_names_another_order_is_refused(floor: Floor) -> None:
    await floor.place(ENTRY, seq=1, hour=0)
    with pytest.raises(ToolFailed, match="DUPLICATE"):
        await floor.place(ENTRY.model_copy(update={"quantity": ENTRY.quantity * 2}), seq=1, hour=0)
    assert at_venue(floor) == 1


OTHER_SESSION = "00000000-0000-4000-8000-000000000009"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"mac": "AAAA"}, "signature"),
        ({"mac": "not base64!"}, "signature"),
        ({"session_id": OTHER_SESSION}, "signature"),
        ({"expires_at": T0 - timedelta(seconds=1)}, "signature"),
    ],
)
async def test_a_tampered_approval_places_nothing(floor: Floor, changes: dict[str, Any], why: str) -> None:
    asked = arguments(ENTRY, 1, 0)
    tampered = approve(ENTRY, 1, 0).model_copy(update=changes).model_dump(mode="json")
    with pytest.raises(NotAuthorised, match=why):
        await floor.server.call("place_order", asked | {"approval": tampered}, round_token=token(1, 0))
    assert await floor.row(1, "entry") is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"session_id": OTHER_SESSION}, "another session"),
        ({"seq": 2}, "another round"),
        ({"order_hash": "0" * 64}, "another order"),
        ({"client_order_id": "oo-aaaaaaaaaaaaaaaaaaaaaaaaaa"}, "another name"),
        ({"expires_at": T0 - timedelta(seconds=1)}, "expired"),
    ],
)
async def test_a_signed_approval_holds_for_its_order_only(
    floor: Floor, changes: dict[str, Any], why: str
) -> None:
    with pytest.raises(NotAuthorised, match=why):
        await floor.server.call(
            "place_order", arguments(ENTRY, 1, 0, changes=changes), round_token=token(1, 0)
        )
    assert await floor.row(1, "entry") is None


async def test_an_approval_is_used_once(floor: Floor) -> None:
    await floor.place(ENTRY, seq=1, hour=0)
    reused = approve(ENTRY, 1, 0).approval_id
    with pytest.raises(NotAuthorised, match="already used"):
        await floor.server.call(
            "place_order", arguments(STOP, 1, 0, changes={"approval_id": reused}), round_token=token(1, 0)
        )
    assert await floor.row(1, "stop_loss") is None


async def test_without_approval_or_round_nothing_is_placed(floor: Floor) -> None:
    wanted = {"order": ENTRY.model_dump(mode="json")}
    with pytest.raises(NotAuthorised, match="needs one"):
        await floor.server.call("place_order", wanted, round_token=token(1, 0))
    with pytest.raises(NotAuthorised, match="within its round"):
        await floor.server.call("place_order", arguments(ENTRY, 1, 0))
    with pytest.raises(NotAuthorised, match="within a round"):
        await floor.server.call("sync_account", {})
    with pytest.raises(NotAuthorised, match="another symbol"):
        foreign = order("entry", "BUY", "MARKET", "1", symbol="ETH/USDT")
        await floor.place(foreign, seq=1, hour=0)
    with pytest.raises(BadInput, match="no session"):
        await floor.server.call("sync_account", {}, round_token=token(1, 0, org_id=OTHER_SESSION))


async def test_a_rejection_is_a_state_with_its_reason(floor: Floor) -> None:
    done = await floor.place(order("entry", "BUY", "MARKET", "1000"), seq=1, hour=0)
    assert done["status"] == "REJECTED" and "INSUFFICIENT_BALANCE" in done["error"]
    row = await floor.row(1, "entry")
    assert row is not None and (row["status"], row["error_message"]) == ("REJECTED", done["error"])


async def test_cancel_and_its_repeat(floor: Floor) -> None:
    await floor.place(ENTRY, seq=1, hour=0)
    cursor = (await floor.place(STOP, seq=1, hour=0))["cursor"]
    gone = await floor.cancel(1, "stop_loss", seq=2, hour=0, after=cursor)
    assert (gone["status"], [o["status"] for o in gone["orders"]]) == ("CANCELED", ["CANCELED"])
    assert (await floor.cancel(1, "stop_loss", seq=2, hour=0, after=cursor))["cursor"] == gone["cursor"]
    with pytest.raises(BadInput, match="no order"):
        await floor.cancel(1, "hedge", seq=2, hour=0)


@pytest.mark.parametrize("left", ["INTENT", "SENT", "UNKNOWN"])
async def test_an_interrupted_order_is_sent_once_when_its_round_asks_again(floor: Floor, left: str) -> None:
    await _interrupted(floor, STOP, left, sent=False)
    done = await floor.place(STOP, seq=1, hour=0)
    assert done["status"] == "NEW" and at_venue(floor) == 2
    await _interrupted(floor, TARGET, left if left != "INTENT" else "SENT", sent=True)
    done = await floor.place(TARGET, seq=1, hour=0)
    assert done["status"] == "NEW" and at_venue(floor) == 3
    row = await floor.row(1, "take_profit")
    assert row is not None and (row["status"], row["venue_order_id"]) == ("NEW", "V-000003")


async def test_a_later_round_resolves_what_was_left_unknown(floor: Floor) -> None:
    await _interrupted(floor, STOP, "SENT", sent=False)
    await _interrupted(floor, TARGET, "SENT", sent=True)
    news = await floor.sync(seq=2, hour=0)
    states = {o["leg"]: (o["status"], o["error"]) for o in news["orders"]}
    assert states["take_profit"] == ("NEW", None)
    assert states["stop_loss"][0] == "REJECTED" and "NEVER_ARRIVED" in str(states["stop_loss"][1])
    assert (await floor.sync(seq=2, hour=0)) == news
    late = await floor.place(STOP, seq=1, hour=0)
    assert late["status"] == "REJECTED" and at_venue(floor) == 2


async def test_what_ended_while_nobody_listened_ended_when_the_venue_says(floor: Floor) -> None:
    await floor.place(ENTRY, seq=1, hour=0)
    await floor.pool.execute("UPDATE orders SET status = 'SENT', filled_at = NULL WHERE leg = 'entry'")
    await floor.sync(seq=2, hour=1)
    await floor.place(ENTRY, seq=1, hour=0)
    row = await floor.row(1, "entry")
    assert row is not None and row["status"] == "FILLED"
    assert T0 <= row["filled_at"] == row["updated_at"] < T0 + HOUR


@pytest.mark.parametrize("ended", ["FILLED", "CANCELED"])
@pytest.mark.parametrize("left", ["SENT", "NEW"])
async def test_a_row_says_no_more_than_its_round_is_told(floor: Floor, left: str, ended: str) -> None:
    # An interrupted round asks again for what has ended meanwhile: its record will say NEW, for that is what it is told, and
    # the row would go back from the end to NEW with it (seeds 2767, 9460).
    await floor.place(ENTRY, seq=1, hour=0)
    cursor = (await floor.place(STOP, seq=1, hour=0))["cursor"]
    if ended == "FILLED":
        news = await floor.sync(seq=2, hour=1, after=cursor)
    else:
        news = await floor.cancel(1, "stop_loss", seq=2, hour=0, after=cursor)
    await floor.pool.execute("UPDATE orders SET status = $1 WHERE leg = 'stop_loss'", left)
    again = await floor.place(STOP, seq=1, hour=0)
    row = await floor.row(1, "stop_loss")
    assert row is not None
    assert (again["status"], again["order"]["status"], row["status"]) == ("NEW", "NEW", "NEW")
    assert (row["executed_quantity"], row["filled_at"], row["canceled_at"]) == (0, None, None)
    assert [o["status"] for o in news["orders"]] == [ended]  # what the next round hears


async def test_a_database_that_loses_its_connections_loses_no_order(floor: Floor) -> None:
    drop = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    for seq in range(1, 6):
        await floor.pool.execute(drop)
        done = await floor.place(order("entry", "BUY", "MARKET", "1"), seq=seq, hour=0)
        assert done["status"] == "FILLED"
        await floor.pool.execute(drop)
        await floor.sync(seq=seq + 1, hour=0)
    assert at_venue(floor) == 5


async def test_p6_what_a_ghost_heard_changes_no_row_of_the_server_that_replaced_it(floor: Floor) -> None:
    await floor.place(ENTRY, seq=1, hour=0)
    lease = await floor.pool.fetchrow("SELECT name, token FROM leases WHERE name LIKE 'account:%'")
    assert lease is not None
    own = (Fence(name=lease["name"], token=lease["token"]),)
    intent = Intent(facts(), 1, STOP, approve(STOP, 1, 0), T0)
    await claim(floor.pool, intent)
    planned = await floor.row(1, "stop_loss")
    assert planned is not None and (planned["status"], planned["oco_group"]) == ("INTENT", "1")
    assert (planned["executed_quantity"], planned["executed_quote_quantity"]) == (0, 0)
    heard = OrderState(order_seq=1, leg="stop_loss", status="UNKNOWN", error="timeout")
    await settle(floor.pool, intent, heard, own)
    assert (await floor.row(1, "stop_loss"))["status"] == "UNKNOWN"  # type: ignore[index]
    await floor.pool.execute("UPDATE orders SET status = 'REJECTED' WHERE leg = 'stop_loss'")
    await floor.pool.execute("UPDATE leases SET token = token + 1 WHERE name = $1", lease["name"])
    with pytest.raises(Fenced, match="taken by another"):
        await settle(floor.pool, intent, heard, own)
    assert (await floor.row(1, "stop_loss"))["status"] == "REJECTED"  # type: ignore[index]


async def _interrupted(floor: Floor, request: OrderRequest, status: str, *, sent: bool) -> None:
    """What a crash of the server leaves: the row at ``status``, the order at the venue or not."""
    if await floor.row(1, "entry") is None:
        await floor.place(ENTRY, seq=1, hour=0)
    if sent:
        await floor.place(request, seq=1, hour=0)
        cleared = "UPDATE orders SET status = $1, venue_order_id = NULL, placed_at = NULL WHERE seq = 1 AND leg = $2"
        await floor.pool.execute(cleared, status, request.leg)
        return
    await claim(floor.pool, Intent(facts(), 1, request, approve(request, 1, 0), T0))
    await floor.pool.execute("UPDATE orders SET status = $1 WHERE leg = $2", status, request.leg)
