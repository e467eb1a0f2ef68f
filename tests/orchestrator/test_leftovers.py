"""I8: an order that an interrupted attempt of a record has sent is told of by the next one, and the gate counts it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from mcp_servers.execution.intents import Intent, claim
from openoutcry.ledger.chain import link
from openoutcry.ledger.outcomes import judging
from openoutcry.portfolio import opening
from openoutcry.ports import AccountSync
from openoutcry.settings import Settings, parse
from openoutcry.types.market import Snapshot
from openoutcry.types.orders import Approval, Approved, OrderRequest, OrderState, Refused
from openoutcry.types.record import CycleRecord
from openoutcry.types.votes import Ballot
from orchestrator import halts
from orchestrator.bootstrap import LiveFloor
from orchestrator.cycle import run_cycle
from orchestrator.desk import Desk
from orchestrator.halts import heed
from orchestrator.look import Seen
from orchestrator.manual import act, exactly
from orchestrator.poll import Polled
from orchestrator.replay import RecordedBroker, Recording, replay
from orchestrator.turn import RoundBroker, Turn
from tests.mcp_servers.execution.floor import ROOT, SETTINGS, Floor, approve, facts, floor_in_memory
from tests.mcp_servers.execution.venue import SPOT, T0, order
from tests.openoutcry.risk.scenes import snapshot
from tests.openoutcry.voting.ballots import SEATS, vote

LIMITS = {"max_position_size": 0.2, "max_order_notional": "100000", "max_repeats": 2}
RESTING = order("manual-1", "BUY", "LIMIT", "15", price="99")
TAKEN = order("manual-1", "BUY", "MARKET", "1")
WISHES = [order(f"manual-{number}", "BUY", "MARKET", str(number)) for number in (2, 3)]


class Killed(Exception):
    """The orchestrator died before its record was written."""


@dataclass
class Ledger:
    """Keeps what is appended; ``dies`` before the next record."""

    dies: bool = False
    records: list[CycleRecord] = field(default_factory=list)
    fence: None = None
    halt: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.halts_changed = asyncio.Event()

    async def halts(self) -> dict[str | None, Any]:
        return {None: self.halt}

    async def swept(self, symbol: str | None, *, flatten: bool) -> None:
        self.halt["swept"] = True

    async def tell_halts(self) -> None:
        return None

    async def open_round(self, *told: Any) -> None:
        return None

    async def save_ballots(self, *told: Any) -> None:
        return None

    async def append(self, facts: Any, record: CycleRecord, timings: Any, events: Any) -> str:
        if self.dies:
            raise Killed
        self.records.append(record)
        return link(record).hash

    async def newest_orders(self, *told: Any) -> list[Any]:
        return []


class Calm(LiveFloor):
    """A floor whose market stands at 100. ``recorded`` is a record that happens again; ``late``: its broker is."""

    recorded: CycleRecord | None = None
    late: bool = False
    refuses: str = ""

    async def look(self, turn: Turn) -> Seen:
        return Seen(snapshot(100, seq=turn.seq, as_of=turn.as_of), {})

    async def ask(self, turn: Turn, snapshot: Snapshot) -> Polled:
        return Polled((*(vote(name, "BUY") for name in ("technical", "trend")), vote("risk", "APPROVE")), {})

    def broker(self, turn: Turn) -> Any:
        broker = super().broker(turn) if self.recorded is None else RecordedBroker(self.recorded)
        if self.refuses:
            return Refusing(broker, self.refuses)
        return Late(broker) if self.late else broker


class Refusing:
    """A broker whose venue refuses every order for the same reason."""

    def __init__(self, broker: RoundBroker, why: str) -> None:
        self._broker, self._why = broker, why

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def place(self, request: OrderRequest, approval: Approval) -> AccountSync:
        state = OrderState(order_seq=approval.seq, leg=request.leg, status="REJECTED", error=self._why)
        return AccountSync((), (state,))


class Late:
    """A broker that says of an entry what it did only with its answer about the next order."""

    def __init__(self, broker: RoundBroker) -> None:
        self._broker, self._kept = broker, AccountSync((), ())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._broker, name)

    async def place(self, request: OrderRequest, approval: Approval) -> AccountSync:
        news = await self._broker.place(request, approval)
        if request.leg == "entry":
            self._kept = news
            return AccountSync((), (OrderState(order_seq=approval.seq, leg="entry", status="UNKNOWN"),))
        kept, self._kept = self._kept, AccountSync((), ())
        return AccountSync((*kept.fills, *news.fills), (*kept.orders, *news.orders))


@dataclass
class Trader:
    """A session that orders by hand at a real execution server."""

    server: Floor
    settings: Settings = field(default_factory=lambda: parse({"risk": LIMITS, "venue": SETTINGS.venue}))
    desk: Desk = field(init=False)
    time: datetime = T0

    def __post_init__(self) -> None:
        self.desk = self.fresh()

    def fresh(self) -> Desk:
        return Desk(
            facts(), judging(self.settings), 1, "0", opening("USDT", Decimal(10_000)), as_of=T0,
            marks={SPOT: Decimal(100)},
        )  # fmt: skip

    async def orders(
        self, *requests: OrderRequest, dies: bool = False, recorded: CycleRecord | None = None
    ) -> CycleRecord:
        """What the next record tells. Raises Killed for one that ``dies``."""
        floor = self.floor(Ledger(dies))
        floor.recorded = recorded
        floor.clock = SimpleNamespace(now=lambda: self.time)  # type: ignore[assignment]
        return await act(floor, self.desk, exactly(*requests), {})

    def floor(self, ledger: Any) -> Calm:
        return Calm(
            self.server.home, ledger, {"execution": self.server.server}, {}, SEATS, ROOT, self.settings
        )

    async def round(self, *, dies: bool = False, late: bool = False) -> CycleRecord:
        floor = self.floor(Ledger(dies))
        floor.late = late
        return await run_cycle(floor, floor.turn(self.desk, T0))


@pytest.fixture
async def trader(tmp_path: Path, fresh_database: str) -> AsyncIterator[Trader]:
    async with floor_in_memory(tmp_path, fresh_database) as running:
        yield Trader(running)


def told(record: CycleRecord) -> Mapping[str, str]:
    """By leg where an order stands, or the rule that refused it."""
    return {
        o.request.leg: o.verdict.rule if isinstance(o.verdict, Refused) else str(o.state and o.state.status)
        for o in record.orders
    }


async def interrupted(trader: Trader, request: OrderRequest) -> None:
    with pytest.raises(Killed):
        await trader.orders(request, dies=True)


async def test_what_is_refused_the_second_time_and_was_sent_the_first_time_is_no_refusal(
    trader: Trader,
) -> None:
    await interrupted(trader, RESTING)
    trader.desk.paused = True
    record = await trader.orders(RESTING)
    assert told(record) == {"manual-1": "NEW"}
    assert isinstance(record.orders[0].verdict, Approved) and record.detail["left_over"] == ["manual-1"]
    assert [w.request for w in trader.desk.working.values()] == [RESTING]
    trader.desk.paused = False  # 1,500 of 10,000 may be bought already: 0.2 is not passed by 600 more
    assert told(await trader.orders(order("manual-2", "BUY", "MARKET", "6"))) == {
        "manual-2": "max_position_size"
    }


async def test_another_record_of_the_same_number_counts_what_the_first_had_sent(trader: Trader) -> None:
    await interrupted(trader, TAKEN)
    record = await trader.orders(*WISHES)
    assert told(record) == {"manual-2": "FILLED", "manual-3": "repeat_throttle", "manual-1": "FILLED"}
    assert [(f.leg, f.quantity) for f in record.fills] == [("manual-1", 1), ("manual-2", 2)]
    assert trader.desk.portfolio.positions[0].quantity == 3
    assert [signal for _, signal in trader.desk.traffic.recent] == [f"manual {SPOT} BUY MARKET"] * 2


async def test_a_leg_that_was_sent_for_another_quantity_stands_as_it_was_sent(trader: Trader) -> None:
    await interrupted(trader, TAKEN)
    record = await trader.orders(TAKEN.model_copy(update={"quantity": Decimal(3)}))
    assert [(o.request, o.state and o.state.executed_quantity) for o in record.orders] == [(TAKEN, 1)]


async def test_asked_for_again_it_is_the_record_that_nothing_had_interrupted(trader: Trader) -> None:
    await interrupted(trader, TAKEN)
    record = await trader.orders(TAKEN)
    assert told(record) == {"manual-1": "FILLED"} and "left_over" not in record.detail
    assert [news.cause for news in record.news] == ["place:manual-1"]


async def test_what_ended_before_it_is_asked_for_again_has_ended(trader: Trader) -> None:
    # A target was cancelled while its round was interrupted, the round's stop went out after that, and its answer told of the
    # end. Asked for again, the target was told NEW, as it stood when it was placed: nobody told of its end a second time.
    await interrupted(trader, RESTING)
    await trader.server.cancel(1, "manual-1", seq=1, hour=0)
    record = await trader.orders(WISHES[0], RESTING)
    assert told(record) == {"manual-2": "FILLED", "manual-1": "CANCELED"}
    assert trader.desk.working == {}


async def test_it_is_told_the_same_way_in_a_replay(trader: Trader) -> None:
    await interrupted(trader, TAKEN)
    record = await trader.orders(*WISHES)
    trader.desk = trader.fresh()
    again = await trader.orders(*WISHES, recorded=record)
    assert link(again) == link(record)


async def test_a_round_that_only_tells_of_its_entry_recomputes_to_the_byte(trader: Trader) -> None:
    before = await trader.orders()
    with pytest.raises(Killed):
        await trader.round(dies=True)
    trader.desk.paused = True
    record = await trader.round()
    assert told(record)["entry"] == "FILLED" and record.detail["left_over"][0] == "entry"

    async def recast(snapshot: Snapshot, ballot: Ballot) -> Ballot:
        return ballot

    recording = Recording(record, before, facts(), trader.settings, trader.settings, ())
    again = await replay(recording, recast, SEATS)
    assert again.identical, again.differences


@pytest.mark.parametrize("status", ["INTENT", "SENT"])
async def test_an_order_that_never_came_is_refused_for_ever(trader: Trader, status: str) -> None:
    await claim(trader.server.pool, Intent(facts(), 1, TAKEN, approve(TAKEN, 1, 0), T0))
    await trader.server.pool.execute("UPDATE orders SET status = $1", status)
    trader.desk.paused = True
    record = await trader.orders(TAKEN)
    [left] = record.orders
    assert left.state is not None and left.state.status == "REJECTED"
    assert "NEVER_ARRIVED" in str(left.state.error) and record.fills == ()


@pytest.mark.parametrize("flatten", [True, False])
async def test_a_halt_cancels_and_closes_what_nobody_had_heard_of(trader: Trader, flatten: bool) -> None:
    await interrupted(trader, TAKEN if flatten else RESTING)
    trader.desk.begun = True  # as a restart finds it
    ledger = Ledger(halt={"reason": "drill", "swept": False, "flatten": flatten})
    ledger.halts_changed.set()
    await heed(trader.floor(ledger), [trader.desk])
    first, second = ledger.records
    assert first.detail["left_over"] == ["manual-1"] and ledger.halt["swept"]
    assert {state.leg: state.status for state in second.order_updates} == (
        {"flatten-1": "FILLED"} if flatten else {"manual-1": "CANCELED"}
    )
    assert trader.desk.portfolio.positions == () and not trader.desk.working


@pytest.mark.parametrize(
    ("why", "again"), [("-1013: MARKET_LOT_SIZE", False), ("MARKET_CLOSED: not now", True)]
)
async def test_a_halt_that_closes_everything_is_not_done_while_an_exit_is_refused(
    trader: Trader, monkeypatch: pytest.MonkeyPatch, why: str, again: bool
) -> None:
    monkeypatch.setattr(halts, "AGAIN_S", 0.0)
    await trader.orders(TAKEN)
    ledger = Ledger(halt={"reason": "drill", "swept": False, "flatten": True})
    floor = trader.floor(ledger)
    floor.refuses = why
    ledger.halts_changed.set()
    await heed(floor, [trader.desk])
    assert (ledger.halt["swept"], len(trader.desk.portfolio.positions)) == (not again, 1)
    if again:
        await asyncio.wait_for(ledger.halts_changed.wait(), 10)
        floor.refuses = ""
        await heed(floor, [trader.desk])
        assert ledger.halt["swept"] and trader.desk.portfolio.positions == ()


async def test_an_exit_that_never_came_leaves_nothing_without_its_guards(trader: Trader) -> None:
    await trader.orders()
    leaving = TAKEN.model_copy(update={"leg": "flatten-1", "side": "SELL", "reduce_only": True})
    await claim(trader.server.pool, Intent(facts(), 2, leaving, approve(leaving, 2, 0), T0))
    record = await trader.round()
    assert told(record) == {
        "entry": "FILLED", "flatten-1": "REJECTED", "stop_loss": "NEW", "take_profit": "NEW",
    }  # fmt: skip


async def test_what_an_answer_about_a_guard_tells_of_is_guarded_too(trader: Trader) -> None:
    await trader.orders(TAKEN)
    [position] = trader.desk.portfolio.positions
    stopped = position.model_copy(update={"stop_loss": Decimal(95)})
    trader.desk.portfolio = trader.desk.portfolio.model_copy(update={"positions": (stopped,)})
    record = await trader.round(late=True)
    assert told(record) == {"entry": "UNKNOWN", "stop_loss": "NEW", "take_profit": "NEW"}
    guards = {o.request.leg: o.request.reason for o in record.orders}
    assert guards["stop_loss"].endswith("position 1") and guards["take_profit"].endswith("position 2")
    # One position's stop does not end the other's target, and who has no target takes none from the other.
    assert len({o.request.oco_group for o in record.orders}) == 3
    [stop] = (await trader.round()).orders
    assert stop.request.quantity == trader.desk.portfolio.positions[1].quantity
    assert (stop.request.leg, stop.request.oco_group) == ("stop_loss", "bracket-2-p2")


async def test_a_stop_that_was_lost_comes_back_where_it_had_trailed_to(trader: Trader) -> None:
    trader.settings = parse({"risk": LIMITS | {"trailing_stop": 0.05}, "venue": SETTINGS.venue})
    await trader.round()
    [position] = trader.desk.portfolio.positions
    risen = position.model_copy(update={"entry_price": Decimal(80), "stop_loss": Decimal(95)})
    trader.desk.portfolio = trader.desk.portfolio.model_copy(update={"positions": (risen,)})
    trader.desk.working.clear()
    record = await trader.round()
    assert told(record) == {"stop_loss": "NEW", "take_profit": "NEW"}
    assert record.orders[0].request.stop_price == 95  # beyond the entry, and not back at a default below it
