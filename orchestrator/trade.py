"""From a plan to orders at the venue: each one reviewed, approved and placed in turn, then protected."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from decimal import Decimal

import structlog

from openoutcry.errors import ToolFailed, VenueRejected, VenueUnknown
from openoutcry.risk.case import GateInput
from openoutcry.risk.gate import review
from openoutcry.types.market import Instrument, Snapshot
from openoutcry.types.orders import Approved, OrderRequest, OrderState, PlannedOrder, Refused
from orchestrator.books import Books
from orchestrator.turn import Floor, RoundBroker, Turn

log = structlog.get_logger()


def instruments(turn: Turn) -> dict[str, Instrument]:
    """Trading rules of the session's symbols: the paper venue's, from the settings."""
    facts, venue = turn.desk.facts, turn.settings.venue
    return {
        symbol: Instrument(
            symbol=symbol,
            kind="perp" if symbol == facts.hedge_symbol or ":" in symbol else "spot",
            price_tick=venue.price_tick,
            quantity_step=venue.quantity_step,
            min_notional=venue.min_notional,
        )
        for symbol in (facts.symbol, facts.hedge_symbol)
        if symbol is not None
    }


def gate_input(turn: Turn, books: Books, snapshot: Snapshot | None, marks: Mapping[str, Decimal]) -> GateInput:
    """What the gate looks at, at this point of the round."""
    return GateInput(
        portfolio=books.portfolio,
        prices=marks,
        instruments=instruments(turn),
        working=books.working(),
        faults=snapshot.faults if snapshot is not None else (),
        mode=turn.desk.facts.mode,
        halted=turn.halted is not None,
        paused=turn.desk.paused,
    )


async def submit(
    floor: Floor, turn: Turn, broker: RoundBroker, books: Books, gate: GateInput, requests: Iterable[OrderRequest]
) -> tuple[tuple[PlannedOrder, ...], GateInput]:
    """Review and place orders one after another; each is reviewed against the book the ones before it left.

    Returns what became of each, and the gate's view after them.
    """
    done: list[PlannedOrder] = []
    for request in requests:
        gate = replace(gate, portfolio=books.portfolio, working=books.working())
        verdict = review(request, gate, turn.settings)
        gate = replace(gate, placed=(*gate.placed, request))
        if isinstance(verdict, Refused):
            log.info("order_refused", leg=request.leg, rule=verdict.rule, value=verdict.value, limit=verdict.limit)
            done.append(PlannedOrder(request=request, verdict=verdict))
            continue
        state = await _place(floor, turn, broker, books, request)
        done.append(PlannedOrder(request=request, verdict=Approved(order_hash=verdict.order_hash), state=state))
    return tuple(done), gate


async def _place(floor: Floor, turn: Turn, broker: RoundBroker, books: Books, request: OrderRequest) -> OrderState:
    """Place one approved order. A definitive refusal is a state; an unknown outcome is looked up, never resent."""
    books.expect(turn.seq, request)
    approval = floor.approve(turn, request)
    try:
        books.book(await broker.place(request, approval))
    except VenueUnknown as error:
        log.warning("order_unknown", leg=request.leg, error=str(error))
        try:
            # The execution server looks the order up by its id before anything else: asking again cannot double it.
            books.book(await broker.place(request, approval))
        except (VenueUnknown, ToolFailed) as again:
            log.error("order_unresolved", leg=request.leg, error=str(again))
            books.note(OrderState(order_seq=turn.seq, leg=request.leg, status="UNKNOWN", error=str(again)[:500]))
    except (VenueRejected, ToolFailed) as error:
        log.warning("order_rejected", leg=request.leg, error=str(error))
        books.note(OrderState(order_seq=turn.seq, leg=request.leg, status="REJECTED", error=str(error)[:500]))
    return books.state(turn.seq, request.leg)


async def cancel(broker: RoundBroker, books: Books, orders: Iterable[tuple[int, str]]) -> None:
    """Cancel orders at the venue; one that executed meanwhile is booked as what it did."""
    for seq, leg in orders:
        books.book(await broker.cancel(seq, leg))
