"""Orders that people ask for, and closing everything: the same gate, approvals and ledger as the floor's own."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any

from openoutcry.errors import BadInput
from openoutcry.order_states import too_small
from openoutcry.orders import stem
from openoutcry.portfolio import mark
from openoutcry.risk.flattening import exits
from openoutcry.risk.latch import rebased
from openoutcry.types.book import Portfolio, Position
from openoutcry.types.commands import HearAccount, PlaceOrder
from openoutcry.types.orders import Bracket, OrderRequest, PlannedOrder, Refused
from openoutcry.types.record import CycleRecord
from openoutcry.types.symbols import canonical
from orchestrator.books import Books
from orchestrator.bootstrap import LiveFloor
from orchestrator.bracketing import bracket_of
from orchestrator.desk import LEFT_OVER, Desk, carried, prices_of
from orchestrator.keeping import booked, keep
from orchestrator.leftovers import left_over
from orchestrator.trade import breaker, cancel, gate_input, protect_and_tell, submit
from orchestrator.turn import RoundBroker, Turn
from wire.crashpoint import crashpoint

Wanted = Callable[[Portfolio, Mapping[str, Decimal]], tuple[OrderRequest, ...]]
"""The orders wanted of a book that has everything the venue reported so far, at these prices."""
Protected = Callable[[Mapping[str, Decimal]], Bracket | None]
"""The bracket of what is ordered by hand at these prices, None for none. Raises BadInput."""


async def place_order(floor: LiveFloor, desk: Desk, command: PlaceOrder, number: int) -> dict[str, Any]:
    """Place one manual order. A command repeated after a crash finds the order it already made."""
    leg = leg_of(number)
    made = await floor.store.order_of_leg(desk.facts.session_id, leg, desk.seq - 1)
    if made is None:
        try:
            request = OrderRequest(
                leg=leg,
                symbol=canonical(command.symbol),
                side=command.side,
                type=command.type,
                quantity=command.quantity,
                price=command.price,
                stop_price=command.stop_price,
                time_in_force=command.time_in_force,
                reason="manual order",
            )
        except ValueError as error:
            raise BadInput(str(error), field="price") from error

        def protected(marks: Mapping[str, Decimal]) -> Bracket | None:
            known = replace(
                desk, marks={**marks, **desk.marks}
            )  # before the first round only a look knows a price
            return bracket_of(command, known, floor.settings)

        await act(floor, desk, exactly(request), {"command": number}, protected=protected)
        made = await floor.store.order_of_leg(desk.facts.session_id, leg, desk.seq - 1)
    return {"order_id": str(made)}


def leg_of(number: int) -> str:
    """How the order of a command is called."""
    return f"manual-{number}"


async def cancel_order(floor: LiveFloor, desk: Desk, seq: int, leg: str) -> None:
    """Cancel one working order."""
    await act(floor, desk, exactly(), {"cancel": [seq, leg]}, cancels=((seq, leg),))


async def hear_account(floor: LiveFloor, desk: Desk, command: HearAccount, number: int) -> dict[str, Any]:
    """Take in what the exchange did since the last record; ``seq`` is the record's, None when one had told of it."""
    if not await floor.store.untold(command):
        return {"session_id": command.session_id, "seq": None}
    record = await act(floor, desk, exactly(), {"heard": number})
    return {"session_id": command.session_id, "seq": record.seq}


async def flatten(floor: LiveFloor, desk: Desk, reason: str, symbol: str | None = None) -> bool:
    """Cancel every working order and close every position at market, of one symbol if named. Whether no exit was refused."""
    cancels = tuple(
        key for key, order in sorted(desk.working.items()) if symbol in (None, order.request.symbol)
    )

    def held(portfolio: Portfolio) -> tuple[Position, ...]:
        return tuple(one for one in portfolio.positions if symbol in (None, one.symbol))

    def closing(portfolio: Portfolio, marks: Mapping[str, Decimal]) -> tuple[OrderRequest, ...]:
        found, venue = held(portfolio), floor.settings.venue
        steps = {one.symbol: desk.instrument(one.symbol, venue).quantity_step for one in found}
        return exits(found, steps=steps, reason=reason)

    if cancels or held(desk.portfolio) or desk.begun:
        crashpoint("k16")
        record = await act(floor, desk, closing, {"flatten": reason}, cancels=cancels)
        if LEFT_OVER in record.detail:  # what was only heard of now is closed as well
            return await flatten(floor, desk, reason, symbol)
        return not any(stem(order.request.leg) == "flatten" and _refused(order) for order in record.orders)
    return True


def _refused(order: PlannedOrder) -> bool:
    """Whether an exit was taken by nobody. One too small to be sold is none that could be."""
    state = order.state
    return state is None or (state.status == "REJECTED" and not too_small(state))


def exactly(*requests: OrderRequest) -> Wanted:
    """These orders, whatever the venue reported."""
    return lambda portfolio, marks: requests


async def act(
    floor: LiveFloor,
    desk: Desk,
    wanted: Wanted,
    detail: dict[str, Any],
    cancels: tuple[tuple[int, str], ...] = (),
    standing_hedge: float | None = None,
    *,
    reset: bool = False,
    protected: Protected | None = None,
) -> CycleRecord:
    """One MANUAL record: what was asked, what the gate said, what the venue did.

    ``standing_hedge`` is the hedge ratio that stands from now on, unless the gate refuses something of it.
    ``reset`` lets go of the breaker: losses are counted from the equity of now. ``protected`` says how what
    the orders fill is protected; what it raises is raised before anything is done.
    """
    turn: Turn = floor.turn(desk, desk.as_of or await floor.now(), detail)
    broker: RoundBroker = floor.broker(turn)
    books = desk.books()
    seen = await floor.look(turn)
    marks = prices_of(seen.snapshot, desk.marks)
    bracket = None if protected is None else protected(marks)
    await floor.opened(turn, None, desk.portfolio)
    books.book("sync", await broker.sync())
    marks = books.valued(marks)
    await cancel(broker, books, cancels)
    gate = gate_input(
        turn, books, seen.snapshot, marks, approved_by_model=True, now=await floor.asked_at(turn)
    )
    if reset:
        books.portfolio = rebased(books.portfolio, mark(books.portfolio, marks).equity)
        gate = replace(gate, latched={})
    gate = breaker(gate, turn, books)
    asked = wanted(books.portfolio, marks)
    if bracket is not None:
        _bracketed(books, turn.seq, asked, bracket)
    orders, gate = await submit(floor, turn, broker, books, gate, asked)
    if bracket is None:
        told, gate = await left_over(turn, broker, books, gate)
    else:
        told, gate = await protect_and_tell(floor, turn, broker, books, gate)
    marks = books.valued(marks)
    gate = breaker(gate, turn, books)
    refused = any(isinstance(order.verdict, Refused) for order in orders)
    standing = desk.standing_hedge if standing_hedge is None or refused else standing_hedge
    detail = carried(books, replace(desk, standing_hedge=standing), None, marks, broker.cursor, gate)
    draft = CycleRecord(
        kind="MANUAL",
        source=desk.facts.source,
        snapshot=seen.snapshot,
        orders=(*orders, *told),
        detail=turn.detail | detail,
        **booked(turn, books, marks),
    )
    return await keep(floor, turn, draft, {})


def _bracketed(books: Books, seq: int, asked: tuple[OrderRequest, ...], bracket: Bracket) -> None:
    """Remember how what these orders fill is to be protected."""
    for request in asked:
        books.protections[seq, request.leg] = (bracket.stop_loss, bracket.take_profit)
    if bracket.trail is not None:
        books.trails[seq] = bracket.trail
