"""The order protocol, step by step: what is written when, what is asked before what is sent, and what is never sent twice."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from db.halting import EVERYTHING
from mcp_servers.execution import intents, leaving, placing
from mcp_servers.execution.intents import Intent
from mcp_servers.execution.killfile import KillFile
from mcp_servers.execution.leaving import FRESH_S, TRIES, Guard, holding
from mcp_servers.execution.own_orders import GOOD_FOR, send_own, send_own_pair
from mcp_servers.execution.placing import place, place_pair
from openoutcry.canonical import derived_id
from openoutcry.errors import Fenced, NotAuthorised, VenueRejected, VenueUnknown
from openoutcry.orders import order_hash
from openoutcry.types.fence import Fence
from openoutcry.types.orders import Approval, Bracket, OrderRequest, OrderState
from tests.mcp_servers.execution.floor import KEY, approve, facts
from tests.mcp_servers.execution.memory import FILLED_AT, MemoryPool, Told
from tests.mcp_servers.execution.venue import SPOT, T0, cid, order
from wire import crashpoint
from wire.tokens import verify_approval

ENTRY = order("entry", "BUY", "MARKET", "2", reason="because\x00")
EXIT = order("exit", "SELL", "MARKET", "2", reduce_only=True)
STOP = order("stop_loss-1", "SELL", "STOP_LOSS", "2", stop_price="95", reduce_only=True, oco_group="g\x00")
TARGET = order("take_profit-1", "SELL", "TAKE_PROFIT", "2", stop_price="110", reduce_only=True, oco_group="g")
ACCOUNT, ASKER = Fence(name="account", token=3), Fence(name="orchestrator", token=5)
PAIR = ("stop_loss-1", "take_profit-1")


class Desk:
    """A database, a venue, and the guard between them."""

    def __init__(self, home: Path) -> None:
        self.pool: Any = MemoryPool()
        self.venue: Any = Told()
        self.kill = home / "kill"
        self.guard = Guard((ACCOUNT, ASKER), KillFile(self.kill))
        self.deps: Any = SimpleNamespace(pool=self.pool, kill_file=KillFile(self.kill), key=KEY)
        for fence in (ACCOUNT, ASKER):
            self.lease(fence, fence.token)

    def lease(self, fence: Fence, token: int) -> None:
        self.pool.put("leases", fence.name, {"name": fence.name, "token": token})

    def halt(self, key: str = EVERYTHING) -> None:
        self.pool.put("floor_state", key, {"value": {"reason": "enough"}})

    async def place(self, request: OrderRequest = ENTRY, **changes: Any) -> OrderState:
        approval = approve(request, 1, 0, {"reduces": request.reduce_only, **changes})
        return await place(self.pool, self.venue, Intent(facts(), 1, request, approval, T0), T0, self.guard)

    async def pair(self, *two: OrderRequest) -> list[OrderState]:
        stop, target = (Intent(facts(), 1, one, approve(one, 1, 0), T0) for one in two or (STOP, TARGET))
        return list(await place_pair(self.pool, self.venue, (stop, target), T0, self.guard))

    async def own(self, *requests: OrderRequest) -> list[OrderState]:
        under: Any = {"at": T0, "fences": (ACCOUNT,)}
        if len(requests) == 1:
            return [await send_own(self.deps, self.venue, facts(), 1, requests[0], **under)]
        pair: Any = requests
        return list(await send_own_pair(self.deps, self.venue, facts(), 1, pair, **under))


@contextmanager
def replaced_at(point: str, taken: Callable[[], None]) -> Iterator[None]:
    """Another takes a lease when the protocol passes a crash point."""
    undo = crashpoint.install(lambda name: taken() if name == point else None)
    try:
        yield
    finally:
        undo()


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    yield Desk(tmp_path)


async def test_intent_and_sent_are_written_before_anything_leaves(desk: Desk) -> None:
    seen = []

    async def look() -> None:
        seen.append(dict(desk.pool.order("entry")))

    desk.venue.meanwhile = look
    state = await desk.place()
    assert (seen[0]["status"], seen[0]["executed_quantity"], seen[0]["executed_quote_quantity"]) == (
        "SENT",
        0,
        0,
    )
    assert (seen[0]["reason"], seen[0]["oco_group"], seen[0]["created_at"]) == ("because\ufffd", None, T0)
    row = desk.pool.order("entry")
    assert (state.status, row["status"], row["venue_order_id"], row["error_message"]) == (
        "NEW",
        "NEW",
        "V-1",
        None,
    )
    assert row["id"] == derived_id(facts().session_id, "order", 1, "entry") and row["client_order_id"] == cid(
        1, "entry"
    )
    (used,) = desk.pool.tables.rows["approvals"].values()
    assert (used["order_hash"], used["standing"]) == (order_hash(ENTRY), None)
    assert desk.venue.asked == [], "what was surely never sent is not looked for"


async def test_an_intent_is_a_plan_and_nothing_of_it_is_executed(desk: Desk) -> None:
    claimed = await intents.claim(desk.pool, Intent(facts(), 1, STOP, approve(STOP, 1, 0), T0))
    row = desk.pool.order(STOP.leg)
    assert (claimed.status, row["status"], row["oco_group"]) == ("INTENT", "INTENT", "g\ufffd")
    assert (row["executed_quantity"], row["executed_quote_quantity"]) == (0, 0)


async def test_what_stands_for_an_entry_is_kept_with_its_approval(desk: Desk) -> None:
    await desk.place(bracket=Bracket.model_validate({"stop_loss": "95", "take_profit": "110"}))
    (used,) = desk.pool.tables.rows["approvals"].values()
    kept = Approval.model_validate_json(json.dumps(used["standing"]))
    verify_approval(KEY, kept)
    assert kept.bracket is not None and kept.bracket.stop_loss == 95


async def test_asked_again_it_is_looked_up_and_written_as_it_is(desk: Desk) -> None:
    first = await desk.place()
    assert await desk.place() == first and desk.venue.placed == ["entry"]
    done = {"status": "FILLED", "executed_quantity": ENTRY.quantity, "updated_at": FILLED_AT}
    desk.venue.there[cid(1, "entry")] = first.model_copy(update=done)
    assert (await desk.place()).status == "FILLED"
    row = desk.pool.order("entry")
    assert (row["status"], row["filled_at"], row["updated_at"]) == ("FILLED", FILLED_AT, FILLED_AT)
    assert desk.venue.placed == ["entry"] and len(desk.venue.asked) == 2


@pytest.mark.parametrize("left", ["SENT", "UNKNOWN"])
async def test_what_may_have_left_is_sent_when_the_venue_proves_that_it_never_came(
    desk: Desk, left: str
) -> None:
    await desk.place()
    for came in (True, False):
        desk.pool.change("entry", status=left)
        if not came:
            desk.venue.there.clear()
        assert (await desk.place()).status == desk.pool.order("entry")["status"] == "NEW"
        assert desk.venue.placed == ["entry"] * (1 if came else 2)


async def test_where_the_venue_is_silent_it_is_unknown_and_not_sent(desk: Desk) -> None:
    await desk.place()
    desk.pool.change("entry", status="SENT")
    desk.venue.silent = True
    state, row = await desk.place(), desk.pool.order("entry")
    assert (state.status, state.error) == (row["status"], row["error_message"]) == ("UNKNOWN", "silence")
    assert desk.venue.placed == ["entry"]


async def test_what_has_ended_and_the_venue_never_had_stays_as_it_ended(desk: Desk) -> None:
    desk.venue.says = VenueRejected("no")
    await desk.place()
    desk.venue.says = None
    assert (await desk.place()).status == "REJECTED" and desk.venue.placed == []
    with pytest.raises(VenueRejected, match="entry of round 1 has already ended"):
        await intents.sent(desk.pool, Intent(facts(), 1, ENTRY, approve(ENTRY, 1, 0), T0), (ACCOUNT,))
    assert desk.pool.order("entry")["status"] == "REJECTED"


async def test_an_end_that_is_told_is_written_though_a_crash_took_it_back_meanwhile(desk: Desk) -> None:
    async def crashed(name: str) -> None:
        desk.pool.change("entry", status="INTENT")  # what was committed asynchronously, and no more

    desk.halt()
    await desk.place()
    desk.venue.lookup = crashed
    assert (await desk.place()).status == desk.pool.order("entry")["status"] == "REJECTED"


@pytest.mark.parametrize(("error", "status"), [(VenueRejected, "REJECTED"), (VenueUnknown, "UNKNOWN")])
async def test_what_the_venue_says_is_a_state_with_its_reason(desk: Desk, error: Any, status: str) -> None:
    desk.venue.says = error("x" * 501)
    state, row = await desk.place(), desk.pool.order("entry")
    assert (state.status, state.error, state.updated_at) == (status, "x" * 500, T0)
    assert (row["status"], row["error_message"]) == (status, "x" * 500)


@pytest.mark.parametrize("how", ["floor", "symbol", "file", "file with a reason"])
async def test_a_halt_lets_out_what_reduces_and_nothing_else(desk: Desk, how: str) -> None:
    desk.halt(f"{EVERYTHING}:ETH/USDT")
    assert (await desk.place(order("manual-1", "BUY", "MARKET", "1"))).status == "NEW"
    if how in ("floor", "symbol"):
        desk.halt(EVERYTHING if how == "floor" else f"{EVERYTHING}:{SPOT}")
    else:
        desk.kill.write_text("enough" if "reason" in how else "")
    state, row = await desk.place(), desk.pool.order("entry")
    assert state.status == row["status"] == "REJECTED"
    said = {"file": "HALTED: kill file", "file with a reason": "HALTED: kill file: enough"}
    assert state.error == said.get(how, "HALTED: enough")
    assert (await desk.place(EXIT)).status == "NEW" and desk.venue.placed == ["manual-1", "exit"]


async def test_under_a_lease_that_another_has_nothing_leaves_and_only_the_accounts_is_asked_for_the_answer(
    desk: Desk,
) -> None:
    desk.lease(ASKER, 6)
    with pytest.raises(Fenced, match="orchestrator"):
        await desk.place()
    assert desk.venue.placed == [] and desk.pool.tables.rows.get("orders", {}) == {}
    desk.lease(ASKER, 5)
    with replaced_at("k8", lambda: desk.lease(ASKER, 6)), pytest.raises(Fenced, match="orchestrator"):
        await desk.place()
    before = dict(desk.pool.order("entry"))
    assert desk.venue.placed == [] and before["status"] == "INTENT"
    with pytest.raises(Fenced, match="orchestrator"):  # asked again, it is told nothing either
        await desk.place()
    assert desk.pool.order("entry") == before
    desk.lease(ASKER, 5)

    async def asker_gone() -> None:
        desk.lease(ASKER, 6)

    desk.venue.meanwhile = asker_gone
    assert (await desk.place()).status == desk.pool.order("entry")["status"] == "NEW"

    async def account_gone() -> None:
        desk.lease(ACCOUNT, 4)

    desk.lease(ASKER, 5)
    desk.venue.meanwhile = account_gone
    with pytest.raises(Fenced, match="account"):
        await desk.place(EXIT)
    assert desk.pool.order("exit")["status"] == "SENT"


async def test_what_waited_too_long_for_its_turn_is_checked_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def thrown() -> None:
        desk.halt()

    desk.venue.meanwhile = thrown
    monkeypatch.setattr(leaving, "monotonic", lambda: 0.0)
    monkeypatch.setattr(placing, "monotonic", lambda: FRESH_S - 0.001)
    assert (await desk.place()).status == "NEW"
    desk.pool.tables.rows["floor_state"].clear()
    monkeypatch.setattr(placing, "monotonic", lambda: FRESH_S)
    for legs in (["manual-1"], list(PAIR)):
        states = (
            [await desk.place(order(legs[0], "BUY", "MARKET", "1"))] if len(legs) == 1 else await desk.pair()
        )
        assert [one.status for one in states] == ["REJECTED"] * len(legs)
        desk.pool.tables.rows["floor_state"].clear()
    assert desk.venue.placed == ["entry"]


async def test_a_database_that_is_too_slow_to_act_upon_lets_nothing_out(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    ticks = count()
    monkeypatch.setattr(leaving, "monotonic", lambda: float(next(ticks)))
    with pytest.raises(VenueUnknown, match="too slow"):
        await desk.place()
    assert desk.venue.placed == [] and next(ticks) == 2 * TRIES


async def test_a_check_that_took_as_long_as_it_is_good_for_is_made_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    times = iter([0.0, FRESH_S, FRESH_S, FRESH_S])
    monkeypatch.setattr(leaving, "monotonic", lambda: next(times))
    monkeypatch.setattr(placing, "monotonic", lambda: 0.0)
    assert (await desk.place()).status == "NEW" and list(times) == []


@pytest.mark.parametrize("turn", [1, 2])
async def test_a_pair_leaves_on_the_older_of_its_two_checks(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, turn: int
) -> None:
    """The stop is checked at 0 and the target half as long after as a check is good for; a check later both are again."""
    checks = iter([step * FRESH_S / 2 for step in (0, 0, 1, 1, 2, 2, 3, 3)])
    looks = iter([FRESH_S, turn * FRESH_S])
    turns = iter([1, 2])
    monkeypatch.setattr(leaving, "monotonic", lambda: next(checks, 2 * FRESH_S))
    monkeypatch.setattr(placing, "monotonic", lambda: next(looks))

    async def thrown() -> None:
        if next(turns) == turn:
            desk.halt()

    desk.venue.meanwhile = thrown
    two = order("manual-1", "BUY", "MARKET", "1"), order("manual-2", "BUY", "MARKET", "1")
    assert [one.status for one in await desk.pair(*two)] == ["REJECTED", "REJECTED"]
    assert desk.venue.placed == []


async def test_an_approval_is_used_once_and_a_leg_names_one_order(desk: Desk) -> None:
    await desk.place()
    with pytest.raises(VenueRejected, match="DUPLICATE: entry of round 1"):
        await desk.place(ENTRY.model_copy(update={"quantity": ENTRY.quantity * 2}))
    used = next(iter(desk.pool.tables.rows["approvals"]))
    with pytest.raises(NotAuthorised, match="already used"):
        await desk.place(EXIT, approval_id=str(used))
    assert desk.venue.placed == ["entry"] and len(desk.pool.tables.rows["orders"]) == 1


async def test_what_nobody_heard_of_is_told_by_round_and_name(desk: Desk) -> None:
    desk.venue.says = VenueUnknown("silence")
    await desk.place()
    assert await intents.strays(desk.pool, facts().session_id, 2) == [
        (1, cid(1, "entry"), ENTRY.model_copy(update={"reason": "because\ufffd"}))
    ]
    assert await intents.strays(desk.pool, facts().session_id, 1) == []
    real, answers = desk.pool.fetch, iter([False])

    async def lost_once(*given: Any, **named: Any) -> Any:
        if next(answers, True):
            return await real(*given, **named)
        raise ConnectionResetError

    desk.pool.fetch = lost_once
    assert len(await intents.strays(desk.pool, facts().session_id, 2)) == 1


async def test_a_pair_goes_as_one_and_each_of_it_is_written(desk: Desk) -> None:
    states = await desk.pair()
    assert [(one.leg, one.status, one.venue_order_id) for one in states] == [
        (PAIR[0], "NEW", "V-1"),
        (PAIR[1], "NEW", "V-2"),
    ]
    assert [desk.pool.order(leg)["venue_order_id"] for leg in PAIR] == [
        "V-1",
        "V-2",
    ] and desk.venue.asked == []
    assert await desk.pair() == states and desk.venue.placed == list(PAIR)


@pytest.mark.parametrize("gone", [True, False])
async def test_a_pair_of_which_one_may_have_left_is_looked_up_and_never_sent(desk: Desk, gone: bool) -> None:
    desk.venue.says = VenueUnknown("silence")
    assert [(one.status, one.error) for one in await desk.pair()] == [("UNKNOWN", "silence")] * 2
    desk.venue.says = None
    desk.pool.change(PAIR[1], status="INTENT")
    if not gone:
        there = OrderState(order_seq=1, leg=PAIR[0], status="NEW", venue_order_id="V-9")
        desk.venue.there[cid(1, PAIR[0])] = there
    states = await desk.pair()
    assert [one.status for one in states] == [
        "UNKNOWN" if gone else "NEW",
        "INTENT",
    ] and desk.venue.placed == []
    assert [desk.pool.order(leg)["status"] for leg in PAIR] == [one.status for one in states]


async def test_an_end_of_one_of_a_pair_is_an_end_whatever_the_venue_does_not_say(desk: Desk) -> None:
    await desk.pair()
    desk.pool.change(PAIR[0], status="CANCELED")
    desk.venue.silent = True
    assert [one.status for one in await desk.pair()] == ["CANCELED", "NEW"]
    assert [desk.pool.order(leg)["status"] for leg in PAIR] == ["CANCELED", "NEW"]


async def test_what_a_ghost_hears_of_a_pair_is_not_written(desk: Desk) -> None:
    async def then_replaced(*given: Any) -> Any:
        states = await real(*given)
        desk.lease(ACCOUNT, ACCOUNT.token + 1)
        return states

    real, desk.venue.place_pair = desk.venue.place_pair, then_replaced
    with pytest.raises(Fenced):
        await desk.pair()
    assert [desk.pool.order(leg)["status"] for leg in PAIR] == ["SENT", "SENT"]


async def test_a_pair_that_is_refused_is_refused_as_one(desk: Desk) -> None:
    desk.venue.says = VenueRejected("no")
    assert [(one.status, one.error) for one in await desk.pair()] == [("REJECTED", "no")] * 2


async def test_the_servers_own_orders_have_an_approval_of_their_own_that_only_reduces(desk: Desk) -> None:
    desk.halt()
    (state,) = await desk.own(EXIT)
    assert (state.status, desk.venue.placed) == ("NEW", ["exit"])
    (used,) = desk.pool.tables.rows["approvals"].values()
    assert used["id"] == derived_id(facts().session_id, "approval", 1, "exit")
    assert (used["expires_at"], used["order_hash"]) == (T0 + GOOD_FOR, order_hash(EXIT))
    assert [one.status for one in await desk.own(STOP, TARGET)] == ["NEW", "NEW"]
    with pytest.raises(NotAuthorised, match="only what reduces"):
        await desk.own(ENTRY)
    other = EXIT.model_copy(update={"quantity": EXIT.quantity / 2})
    for requests in ((other,), (other, TARGET)):
        for state, request in zip(await desk.own(*requests), requests, strict=True):
            assert (state.status, state.leg, state.order_seq) == ("REJECTED", request.leg, 1)
            assert "DUPLICATE: exit" in str(state.error)


async def test_a_cancels_leases_are_checked_at_once_and_again_when_that_was_long_ago(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = [0.0]
    monkeypatch.setattr(leaving, "monotonic", lambda: at[0])
    still = await holding(desk.pool, (ACCOUNT,))
    desk.lease(ACCOUNT, 4)
    await still()
    at[0] += FRESH_S
    with pytest.raises(Fenced, match="account"):
        await still()
    with pytest.raises(Fenced, match="account"):
        await holding(desk.pool, (ACCOUNT,))
