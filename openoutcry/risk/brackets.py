"""The standing instruction of an entry: what is bare of its stop, what is left over, and the order that mends it.

A floor protects what a round filled within that round. Between rounds a resting order fills, an exchange throws a stop
out, a process dies: then whoever holds the account acts by the bracket that came with the entry's approval. Pure.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.orders import opposite, stem
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.orders import FINAL, Bracket, OrderRequest, OrderState, OrderType, Side

ZERO = Decimal(0)
STOP, EXIT, HALT_EXIT = "stop_loss", "guard_exit", "halt_exit"
LEAVING = frozenset({"exit", "flatten", EXIT, HALT_EXIT})
GUARDS = frozenset({STOP, "take_profit"})
Orders = Sequence[tuple[OrderRequest, OrderState]]


def by_itself(leg: str) -> bool:
    """Whether a leg names an order that the execution server made by itself: ``stop_loss-1``, ``guard_exit-2``,
    ``halt_exit-1``.
    """
    return "-" in leg and stem(leg) in (STOP, EXIT, HALT_EXIT)


@dataclass(frozen=True, slots=True)
class Covered:
    """Where a bracketed entry stands. ``bare`` is without a stop, in whole steps; ``held`` is open of it.

    ``idle`` are working guards that protect nothing any more: their position is gone, or their pair has executed.
    ``leaving``: an exit is working, which protection would race.
    """

    held: Decimal
    bare: Decimal
    leaving: bool
    idle: tuple[tuple[int, str], ...]


def covered(seq: int, leg: str, net: Decimal, orders: Orders, step: Decimal) -> Covered | None:
    """Read an entry's protection off the account. None for an entry that filled nothing (yet).

    ``net`` is the signed position in its symbol, ``orders`` everything the venue ever took, oldest first. Only what the
    entry filled and nothing has closed since is this bracket's to protect: a hedge in the same symbol is not.
    """
    names = [(state.order_seq, state.leg) for _, state in orders]
    if (seq, leg) not in names:
        return None
    at = names.index((seq, leg))
    entry, began = orders[at]
    if began.executed_quantity <= 0:
        return None
    side = opposite(entry.side)
    out = [(r, s) for r, s in orders[at + 1 :] if r.symbol == entry.symbol and r.side == side]
    closed = sum((s.executed_quantity for r, s in out if stem(s.leg) != "hedge"), ZERO)
    facing = max(net if entry.side == "BUY" else -net, ZERO)
    held = min(facing, max(began.executed_quantity - closed, ZERO))
    working = [
        (r, s) for r, s in orders if r.symbol == entry.symbol and r.side == side and s.status not in FINAL
    ]
    idle = _idle(working, orders, gone=floor_to_step(facing, step) == 0)
    stops = [(r, s) for r, s in working if stem(s.leg) == STOP and (s.order_seq, s.leg) not in idle]
    guarded = sum((r.quantity - s.executed_quantity for r, s in stops), ZERO)
    return Covered(
        held=held,
        bare=floor_to_step(max(held - guarded, ZERO), step),
        leaving=any(stem(s.leg) in LEAVING for _, s in working),
        idle=idle,
    )


def _idle(working: Orders, orders: Orders, *, gone: bool) -> tuple[tuple[int, str], ...]:
    done = {(r.symbol, r.oco_group) for r, s in orders if r.oco_group is not None and s.status == "FILLED"}
    return tuple(
        (s.order_seq, s.leg)
        for r, s in working
        if stem(s.leg) in GUARDS and r.reduce_only and (gone or (r.symbol, r.oco_group) in done)
    )


def mending(
    entry: OrderRequest, bracket: Bracket, kind: str, number: int, seq: int, quantity: Decimal
) -> OrderRequest:
    """The order that protects (``stop_loss``) or leaves (``guard_exit``) ``quantity`` of what ``entry`` filled."""
    side: Side = opposite(entry.side)
    stop = kind == STOP
    order_type: OrderType = "STOP_LOSS" if stop else "MARKET"
    return OrderRequest(
        leg=f"{kind}-{number}",
        symbol=entry.symbol,
        side=side,
        type=order_type,
        quantity=quantity,
        stop_price=bracket.stop_loss if stop else None,
        reduce_only=True,
        oco_group=f"bracket-{seq}-{number}" if stop else None,
        reason=f"{'STOP_LOSS' if stop else 'NAKED'}: by the standing instruction of round {seq}",
    )


def permits(entry: OrderRequest, bracket: Bracket, held: Decimal, request: OrderRequest) -> bool:
    """Whether the bracket lets this order out: it only reduces, by no more than is held of the entry."""
    return (
        request.reduce_only
        and request.symbol == entry.symbol
        and request.side == opposite(entry.side)
        and 0 < request.quantity <= held
        and request.type in ("STOP_LOSS", "MARKET")
        and request.stop_price in (None, bracket.stop_loss)
        and stem(request.leg) in (STOP, EXIT)
    )
