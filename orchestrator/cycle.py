"""One whole round on one screen: look, ask, count, plan, check, trade, record."""

import asyncio
from time import perf_counter

from openoutcry.context import context_vector
from openoutcry.portfolio import mark, roll_day
from openoutcry.risk.plan import plan_orders
from openoutcry.types.record import CycleRecord
from openoutcry.voting.tally import tally
from orchestrator.desk import Ledger, prices_of, requests_of
from orchestrator.poll import Polled
from orchestrator.trade import carry_out
from orchestrator.turn import Floor, Turn


async def run_cycle(floor: Floor, turn: Turn) -> CycleRecord:
    """Run the round and commit its record. Whatever an agent, server or venue does, the round ends in a record."""
    began, desk = perf_counter(), turn.desk
    broker = floor.broker(turn)
    seen, news = await asyncio.gather(floor.look(turn), broker.sync())
    snapshot = seen.snapshot

    ledger = Ledger(turn.seq, desk.portfolio, requests_of(desk.working.values()))
    ledger.book(news)
    marks = prices_of(snapshot, desk.marks)
    ledger.portfolio = roll_day(ledger.portfolio, turn.as_of, mark(ledger.portfolio, marks).equity)

    cast_before = await floor.opened(turn, snapshot, ledger.portfolio)
    polled = Polled(cast_before, {}) if cast_before is not None else await floor.ask(turn, snapshot)
    asked = perf_counter()

    decision = tally(snapshot, polled.ballots, floor.seats, turn.settings)
    plan = plan_orders(decision, snapshot, ledger.portfolio, ledger.working(desk.working), turn.settings)
    if plan.orders or plan.cancels:
        await floor.cast(turn, polled.ballots)
    orders = await carry_out(floor, turn, broker, ledger, plan, snapshot, marks)
    ledger.book(broker.rest())

    marked = mark(ledger.portfolio, marks)
    record = CycleRecord(
        kind="ROUND",
        seq=turn.seq,
        as_of=turn.as_of,
        source=snapshot.source,
        config_digest=turn.config_digest,
        snapshot=snapshot,
        ballots=polled.ballots,
        decision=decision,
        working=tuple(desk.working[key] for key in sorted(desk.working)),
        orders=orders,
        fills=tuple(ledger.fills),
        order_updates=ledger.states(),
        closed=tuple(ledger.closed),
        portfolio_before=desk.portfolio,
        portfolio_after=ledger.portfolio,
        equity=marked.equity,
        features=seen.features,
        context_embedding=context_vector(seen.features),
        detail={**turn.detail, "cursor": broker.cursor, "marks": marks, "notes": plan.notes},
        prev_hash=desk.head,
    )
    took = {"poll_s": polled.took_s, "to_vote_s": asked - began, "round_s": perf_counter() - began}
    desk.absorb(record, await floor.commit(turn, record, took))
    return record
