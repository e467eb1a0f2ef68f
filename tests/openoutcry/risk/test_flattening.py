"""Closing everything that the floor's books hold."""

from decimal import Decimal

from openoutcry.risk.flattening import exits
from openoutcry.risk.gate import review
from openoutcry.types.orders import Approved
from tests.openoutcry.risk.books import ETH, PERP, SPOT, gate_input, holding, position, settings

STEPS = {SPOT: settings().venue.quantity_step, PERP: Decimal("0.1"), ETH: settings().venue.quantity_step}


def test_e5_what_a_fee_left_of_a_step_does_not_keep_the_rest_from_being_closed() -> None:
    book = holding(
        position(SPOT, "LONG", "0.010987"), position(PERP, "SHORT", "0.55"), position(ETH, "LONG", "0.000001")
    )
    orders = exits(book.positions, steps=STEPS, reason="enough")
    assert [(one.leg, one.symbol, one.side, one.quantity) for one in orders] == [
        ("flatten-1", SPOT, "SELL", Decimal("0.01098")),
        ("flatten-2", PERP, "BUY", Decimal("0.5")),
    ]
    for order in orders:
        assert order.reduce_only
        assert isinstance(review(order, gate_input(book, halted=True), settings()), Approved)
