"""Orders that an interrupted attempt of a record has sent and the next attempt does not: the record tells of them.

A halt, a pause, a limit or another record of the same number has come between. The orders were approved, they are at the
venue or on their way there, and the gate counts them; nothing is sent anew without its word of now.
"""

from collections.abc import Iterable
from dataclasses import replace

import structlog

from openoutcry.orders import order_hash, stem
from openoutcry.risk.brackets import GUARDS
from openoutcry.risk.case import GateInput
from openoutcry.types.orders import Approved, OrderRequest, PlannedOrder
from orchestrator.books import Books
from orchestrator.turn import RoundBroker, Turn

log = structlog.get_logger()


def unplanned(books: Books, requests: Iterable[OrderRequest]) -> tuple[str, ...]:
    """Legs that were sent and are not planned now. Guards are planned last, when it is known what there is to guard."""
    planned = {request.leg for request in requests}
    return tuple(leg for leg in sorted(books.sent) if leg not in planned and stem(leg) not in GUARDS)


def taken_in(gate: GateInput, turn: Turn, books: Books, legs: Iterable[str]) -> GateInput:
    """The gate's view with the orders of these legs sent, and open until more is heard of them."""
    for leg in legs:
        request = books.take_in(leg)
        log.warning("order_left_over", leg=leg, seq=turn.seq)
        gate = replace(gate.counting(request), placed=(*gate.placed, request))
    return gate


async def left_over(
    turn: Turn, broker: RoundBroker, books: Books, gate: GateInput
) -> tuple[tuple[PlannedOrder, ...], GateInput]:
    """What became of every order that was sent and not asked for again, and the gate's view with them."""
    gate = taken_in(gate, turn, books, sorted(books.sent))
    books.book("rest", await broker.rest())
    told = (
        PlannedOrder(
            request=request,
            verdict=Approved(order_hash=order_hash(request)),
            state=books.state(turn.seq, request.leg),
        )
        for request in books.left_over
    )
    return tuple(told), gate
