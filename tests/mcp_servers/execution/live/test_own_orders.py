"""Orders that the execution server makes by itself: sent once, looked up before they are asked for again, and never doubled."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from mcp_servers.execution.own_orders import send_own, send_own_pair
from openoutcry.canonical import derived_id
from openoutcry.types.orders import OrderRequest, OrderState
from tests.mcp_servers.execution.live.guarded import Guarded, guarding
from tests.mcp_servers.execution.live.rig import Rig, order
from tests.mcp_servers.execution.venue import SPOT

ENTRY = order("entry", "BUY", "MARKET", "0.5", symbol=SPOT)
LIST = "/api/v3/orderList/oco"


@pytest.fixture
async def guarded(rig: Rig, tmp_path: Path, fresh_database: str) -> AsyncIterator[Guarded]:
    async with guarding(rig, tmp_path, fresh_database) as opened:
        await opened.enter(ENTRY, "58000")
        yield opened


def stop(quantity: str = "0.3", leg: str = "stop_loss-1", **more: Any) -> OrderRequest:
    return order(
        leg, "SELL", "STOP_LOSS", quantity, symbol=SPOT, stop_price="58000", reduce_only=True, **more
    )


def target(quantity: str = "0.3") -> OrderRequest:
    price = {"stop_price": "65000", "reduce_only": True, "oco_group": "g"}
    return order("take_profit-1", "SELL", "TAKE_PROFIT", quantity, symbol=SPOT, **price)


async def sent(guarded: Guarded, *requests: OrderRequest) -> list[OrderState]:
    """One order, or two as a pair."""
    facts, at = guarded.rig.facts, guarded.rig.clock.now()
    async with guarded.deps.desk.account(facts) as venue:
        under: Any = {"at": at, "fences": guarded.deps.desk.fences(facts)}
        if len(requests) == 1:
            return [await send_own(guarded.deps, venue, facts, 1, requests[0], **under)]
        pair: Any = requests
        return list(await send_own_pair(guarded.deps, venue, facts, 1, pair, **under))  # type: ignore[arg-type]


async def row(guarded: Guarded, leg: str) -> Any:
    return await guarded.rig.pool.fetchrow("SELECT * FROM orders WHERE seq = 1 AND leg = $1", leg)


def lists(guarded: Guarded) -> int:
    """How often a pair was asked for."""
    return sum((verb, path) == ("POST", LIST) for _, verb, path, _ in guarded.rig.running.requests)


async def forgotten(guarded: Guarded, *legs: str) -> None:
    """As after a crash between SENT and the answer."""
    await guarded.rig.pool.execute("UPDATE orders SET status = 'SENT' WHERE leg = ANY($1)", list(legs))


async def test_a_stop_is_sent_once_under_an_approval_of_its_own(guarded: Guarded) -> None:
    (state,) = await sent(guarded, stop())
    assert (state.status, state.leg, guarded.stops()) == ("NEW", "stop_loss-1", [Decimal("0.3")])
    used = await guarded.rig.pool.fetchrow("SELECT * FROM approvals WHERE leg = 'stop_loss-1'")
    assert used["id"] == derived_id(guarded.rig.facts.session_id, "approval", 1, "stop_loss-1")
    assert ((await row(guarded, "stop_loss-1"))["status"], used["seq"]) == ("NEW", 1)
    posts = guarded.rig.posts()
    await forgotten(guarded, "stop_loss-1")
    (again,) = await sent(guarded, stop())
    assert (again.status, again.venue_order_id, guarded.rig.posts()) == ("NEW", state.venue_order_id, posts)
    assert (await row(guarded, "stop_loss-1"))["status"] == "NEW"


async def test_a_name_that_was_used_for_another_size_is_refused_and_the_venue_not_asked(
    guarded: Guarded,
) -> None:
    await sent(guarded, stop())
    posts = guarded.rig.posts()
    for requests in ([stop("0.2")], [stop("0.2", oco_group="g"), target("0.2")]):
        for state, request in zip(await sent(guarded, *requests), requests, strict=True):
            assert (state.status, state.leg, state.order_seq) == ("REJECTED", request.leg, 1)
            assert "DUPLICATE: stop_loss-1 of round 1 is another order" in str(state.error)
    assert guarded.rig.posts() == posts and guarded.stops() == [Decimal("0.3")]


async def test_what_cannot_be_looked_up_stays_unknown_and_is_not_sent_again(guarded: Guarded) -> None:
    await sent(guarded, stop())
    await forgotten(guarded, "stop_loss-1")
    posts = guarded.rig.posts()
    guarded.rig.fault("reset", method="GET", times=99)
    (state,) = await sent(guarded, stop())
    assert state.status == "UNKNOWN" and state.error and guarded.rig.posts() == posts
    kept = await row(guarded, "stop_loss-1")
    assert (kept["status"], kept["error_message"]) == ("UNKNOWN", state.error)


async def test_a_pair_is_one_list_and_each_of_it_has_its_row(guarded: Guarded) -> None:
    first, second = await sent(guarded, stop(oco_group="g"), target())
    assert [(one.leg, one.status) for one in (first, second)] == [
        ("stop_loss-1", "NEW"),
        ("take_profit-1", "NEW"),
    ]
    for state in (first, second):
        kept = await row(guarded, state.leg)
        assert (kept["status"], kept["venue_order_id"]) == ("NEW", state.venue_order_id)
    posts = guarded.rig.posts()
    await forgotten(guarded, "stop_loss-1", "take_profit-1")
    again = await sent(guarded, stop(oco_group="g"), target())
    assert [one.venue_order_id for one in again] == [first.venue_order_id, second.venue_order_id]
    assert lists(guarded) == 1 and guarded.rig.posts() == posts


async def test_a_pair_of_which_one_may_have_left_is_not_sent_again(guarded: Guarded) -> None:
    pair = stop(oco_group="g"), target()
    guarded.rig.fault("reset", path=LIST, accept=False, times=99)
    assert [one.status for one in await sent(guarded, *pair)] == ["UNKNOWN", "UNKNOWN"]
    await guarded.rig.pool.execute("UPDATE orders SET status = 'INTENT' WHERE leg = 'take_profit-1'")
    before = lists(guarded)
    states = await sent(guarded, *pair)
    assert lists(guarded) == before and guarded.stops() == []
    assert [one.leg for one in states] == ["stop_loss-1", "take_profit-1"]


async def test_a_pair_that_the_venue_refuses_is_rejected_by_name(guarded: Guarded) -> None:
    states = await sent(guarded, stop("3", oco_group="g"), target("3"))  # more than there is
    assert [(one.status, bool(one.error)) for one in states] == [("REJECTED", True)] * 2
    assert [(await row(guarded, one.leg))["status"] for one in states] == ["REJECTED"] * 2


async def test_while_halted_what_reduces_leaves(guarded: Guarded) -> None:
    (guarded.rig.home / "kill").touch()
    (state,) = await sent(guarded, stop())
    assert state.status == "NEW"
