"""One whole round on one screen: look, ask, count, plan, check, trade, protect, record."""

import asyncio
from time import perf_counter

from openoutcry.context import context_vector
from openoutcry.learning.learned import belief
from openoutcry.portfolio import mark, roll_day
from openoutcry.risk.plan import plan_orders
from openoutcry.types.record import CycleRecord
from openoutcry.voting.tally import tally
from orchestrator.bracketing import follow
from orchestrator.desk import carried, prices_of
from orchestrator.extras import extras
from orchestrator.keeping import booked, keep
from orchestrator.poll import Polled
from orchestrator.trade import breaker, cancel, gate_input, instruments, modelled, protect_and_tell, submit
from orchestrator.turn import Floor, Turn
from wire.crashpoint import crashpoint


async def run_cycle(floor: Floor, turn: Turn) -> CycleRecord:
    """Run the round and commit its record. Whatever an agent, server or venue does, the round ends in a record."""
    began, desk, settings = perf_counter(), turn.desk, turn.settings
    broker, books = floor.broker(turn), desk.books()
    seen, news = await asyncio.gather(floor.look(turn), broker.sync())
    snapshot, marks = seen.snapshot, prices_of(seen.snapshot, desk.marks)
    crashpoint("k1")
    books.book("sync", news)
    marks = books.valued(marks)
    books.portfolio = roll_day(books.portfolio, turn.as_of, mark(books.portfolio, marks).equity)

    cast_before = await floor.opened(turn, snapshot, books.portfolio)
    crashpoint("k4")
    polled = Polled(cast_before, {}) if cast_before is not None else await floor.ask(turn, snapshot)
    asked = perf_counter()

    decision = tally(snapshot, polled.ballots, turn.seats, settings, belief(turn.learned, seen.features))
    plan = plan_orders(
        decision, snapshot, books.portfolio, books.working(), settings, instruments(turn, books, marks), desk.horizons,
        desk.standing_hedge,
    )  # fmt: skip
    if plan.orders or plan.cancels:
        crashpoint("k5")
        await floor.cast(turn, polled.ballots)
        crashpoint("k3")
    if plan.levels is not None:
        books.protections[turn.seq, "entry"] = (plan.levels.stop_loss, plan.levels.take_profit)
    await cancel(broker, books, (*plan.cancels, *follow(books, desk, settings, marks)))
    crashpoint("k6")
    gate = gate_input(turn, books, snapshot, marks, approved_by_model=modelled(polled.ballots))
    gate = breaker(gate, turn, books)
    placed, gate = await submit(floor, turn, broker, books, gate, plan.orders)
    told, gate = await protect_and_tell(floor, turn, broker, books, gate)
    marks = books.valued(marks)
    gate = breaker(gate, turn, books)

    draft = CycleRecord(
        kind="ROUND",
        source=snapshot.source,
        snapshot=snapshot,
        ballots=polled.ballots,
        decision=decision,
        orders=(*placed, *told),
        features=seen.features,
        context_embedding=context_vector(seen.features, extras(snapshot, decision, books.portfolio, marks)),
        detail=turn.detail | carried(books, desk, decision, marks, broker.cursor, gate, plan.notes),
        **booked(turn, books, marks),
    )
    took = {"poll_s": polled.took_s, "to_votes_s": asked - began, "round_s": perf_counter() - began}
    if broker.first_accepted is not None:
        took["to_order_s"] = broker.first_accepted - began
    return await keep(floor, turn, draft, took)
