"""Closing an account by its own word: what orders bring every net position to zero. Pure.

For whoever holds the account while nobody keeps the floor's books: a halt that wants everything closed is obeyed without
the orchestrator too.
"""

from collections.abc import Mapping
from decimal import Decimal

from openoutcry.orders import stem
from openoutcry.risk.brackets import HALT_EXIT, LEAVING, Orders
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.orders import FINAL, OrderRequest, Side

ZERO = Decimal(0)


def closing(
    net: Mapping[str, Decimal], orders: Orders, *, step: Decimal, seq: int, reason: str
) -> tuple[OrderRequest, ...]:
    """The market orders that close ``net`` (symbol to signed quantity), in whole steps, beside the exits already at work.

    ``orders`` is everything the venue ever took, oldest first; ``seq`` is the record that the new ones are named after,
    with a number that none of its orders has.
    """
    number = sum(s.order_seq == seq and stem(s.leg) == HALT_EXIT for _, s in orders)
    out: list[OrderRequest] = []
    for symbol, held in sorted(net.items()):
        side: Side = "SELL" if held > 0 else "BUY"
        leaving = sum(
            (
                r.quantity - s.executed_quantity
                for r, s in orders
                if (r.symbol, r.side) == (symbol, side) and s.status not in FINAL and stem(s.leg) in LEAVING
            ),
            ZERO,
        )
        quantity = floor_to_step(max(abs(held) - leaving, ZERO), step)
        if quantity > 0:
            out.append(
                OrderRequest(
                    leg=f"{HALT_EXIT}-{number + len(out) + 1}",
                    symbol=symbol,
                    side=side,
                    type="MARKET",
                    quantity=quantity,
                    reduce_only=True,
                    reason=f"FLATTEN: {reason}"[:500],
                )
            )
    return tuple(out)
