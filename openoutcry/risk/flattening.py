"""Closing everything: what orders bring every position to zero. Pure.

``exits`` closes what the floor's books hold; ``closing`` an account by its own word, for whoever holds it while nobody
keeps those books: a halt that wants everything closed is obeyed without the orchestrator too.
"""

from collections.abc import Iterable, Mapping
from decimal import Decimal

from openoutcry.orders import stem
from openoutcry.risk.brackets import HALT_EXIT, LEAVING, Orders
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.book import Position
from openoutcry.types.orders import FINAL, OrderRequest, Side

ZERO = Decimal(0)


def exits(
    positions: Iterable[Position], *, steps: Mapping[str, Decimal], reason: str
) -> tuple[OrderRequest, ...]:
    """The market orders that close positions, each in whole steps of its symbol.

    What a fee in the asset bought left of a step cannot be sold: it stays, and does not keep the rest from being sold.
    """
    sized = ((one, floor_to_step(one.quantity, steps[one.symbol])) for one in positions)
    return tuple(
        _exit(f"flatten-{one.ordinal}", one.symbol, "SELL" if one.side == "LONG" else "BUY", quantity, reason)
        for one, quantity in sized
        if quantity > 0
    )


def closing(
    net: Mapping[str, Decimal], orders: Orders, *, steps: Mapping[str, Decimal], seq: int, reason: str
) -> tuple[OrderRequest, ...]:
    """The market orders that close ``net`` (symbol to signed quantity), in whole steps of each, beside the exits already at work.

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
        quantity = floor_to_step(max(abs(held) - leaving, ZERO), steps[symbol])
        if quantity > 0:
            out.append(_exit(f"{HALT_EXIT}-{number + len(out) + 1}", symbol, side, quantity, reason))
    return tuple(out)


def _exit(leg: str, symbol: str, side: Side, quantity: Decimal, reason: str) -> OrderRequest:
    return OrderRequest(
        leg=leg,
        symbol=symbol,
        side=side,
        type="MARKET",
        quantity=quantity,
        reduce_only=True,
        reason=f"FLATTEN: {reason}"[:500],
    )
