"""The standing instruction of an entry: what is bare of its stop, what is left over, and the order that mends it.

A floor protects what a round filled within that round. Between rounds a resting order fills, an exchange throws a stop
out, a process dies: then whoever holds the account acts by the bracket that came with the entry's approval. Pure.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from decimal import Decimal

from openoutcry.orders import opposite, stem
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.orders import FINAL, Bracket, OrderRequest, OrderState, OrderType, Side

ZERO = Decimal(0)
STOP, TARGET, EXIT, HALT_EXIT = "stop_loss", "take_profit", "guard_exit", "halt_exit"
LEAVING = frozenset({"exit", "flatten", EXIT, HALT_EXIT})
GUARDS = frozenset({STOP, TARGET})
BRACKETED = frozenset({STOP, TARGET, EXIT})
MOST_TARGETS = 3
"""So often an entry's target is tried: an exchange that does not want it is not asked for ever."""
Key = tuple[int, str]
"""An order within its session: the round that placed it, and its leg."""
Orders = Sequence[tuple[OrderRequest, OrderState]]


def by_itself(leg: str) -> bool:
    """Whether a leg names an order that the execution server made by itself: ``stop_loss-1``, ``take_profit-1``,
    ``guard_exit-2``, ``halt_exit-1``.
    """
    return "-" in leg and stem(leg) in (*BRACKETED, HALT_EXIT)


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


def covered(
    key: Key, net: Decimal, orders: Orders, step: Decimal, bracketed: Collection[Key] = ()
) -> Covered | None:
    """Read an entry's protection off the account. None for an entry that filled nothing (yet).

    ``net`` is the signed position in its symbol, ``orders`` everything the venue ever took, oldest first, ``bracketed`` the
    entries in the symbol that have an instruction of their own. Only what the entry filled and nothing has closed since is
    this bracket's to protect: what no guard closed is taken from the oldest entry first, and stops cover the oldest first.
    An entry without an instruction here keeps the stops of its own round: they are not counted for a newer one.
    """
    found = {(s.order_seq, s.leg): r for r, s in orders if s.executed_quantity > 0}
    if key not in found:
        return None
    symbol, side = found[key].symbol, opposite(found[key].side)
    facing = max(net if side == "SELL" else -net, ZERO)
    working = [(r, s) for r, s in orders if (r.symbol, r.side) == (symbol, side) and s.status not in FINAL]
    idle = _idle(working, orders, gone=floor_to_step(facing, step) == 0)
    stops = [(r, s) for r, s in working if stem(s.leg) == STOP and (s.order_seq, s.leg) not in idle]
    guarded = sum((r.quantity - s.executed_quantity for r, s in stops), ZERO)
    bare = held = ZERO
    for each, quantity in lots(symbol, side, facing, orders).items():
        if each != key and each not in bracketed:
            own = (r.quantity - s.executed_quantity for r, s in stops if s.order_seq == each[0])
            guarded -= min(quantity, sum(own, ZERO))
            continue
        cover = min(quantity, guarded)
        guarded -= cover
        if each == key:
            held, bare = quantity, quantity - cover
    return Covered(
        held=held,
        bare=floor_to_step(bare, step),
        leaving=any(stem(s.leg) in LEAVING for _, s in working),
        idle=idle,
    )


def lots(symbol: str, side: Side, facing: Decimal, orders: Orders) -> dict[Key, Decimal]:
    """What is still open of each order that opened or added, oldest first; ``side`` is the side that closes, ``facing`` how
    much there is to close at all. A hedge is neither: it stands beside the position. A guard closes its own round's entry,
    not what somebody holds beside it.
    """
    open_: dict[Key, Decimal] = {}
    for request, state in orders:
        if request.symbol != symbol or stem(state.leg) == "hedge":
            continue
        if request.side != side and not request.reduce_only:
            open_[state.order_seq, state.leg] = state.executed_quantity
        elif request.side == side:
            own = state.order_seq if stem(state.leg) in BRACKETED else None
            _taken(open_, state.executed_quantity, own)
    _taken(open_, sum(open_.values(), ZERO) - facing)
    return open_


def _taken(open_: dict[Key, Decimal], quantity: Decimal, own: int | None = None) -> None:
    """Close so much, the oldest first; a guard's fill what round ``own`` opened before all else."""
    for key in sorted(open_, key=lambda key: key[0] != own):
        part = min(open_[key], max(quantity, ZERO))
        open_[key] -= part
        quantity -= part


def _idle(working: Orders, orders: Orders, *, gone: bool) -> tuple[tuple[int, str], ...]:
    done = {(r.symbol, r.oco_group) for r, s in orders if r.oco_group is not None and s.status == "FILLED"}
    return tuple(
        (s.order_seq, s.leg)
        for r, s in working
        if stem(s.leg) in GUARDS and r.reduce_only and (gone or (r.symbol, r.oco_group) in done)
    )


def untargeted(seq: int, entry: OrderRequest, orders: Orders) -> Orders:
    """The working stops of round ``seq``'s entry that stand without their target; none once that was tried often enough."""
    mine = [
        (r, s)
        for r, s in orders
        if (r.symbol, r.side, s.order_seq) == (entry.symbol, opposite(entry.side), seq)
    ]
    targets = [s for _, s in mine if stem(s.leg) == TARGET]
    if len(targets) >= MOST_TARGETS or any(s.status not in FINAL or s.status == "FILLED" for s in targets):
        return ()
    return [(r, s) for r, s in mine if stem(s.leg) == STOP and s.status not in FINAL]


def mending(
    entry: OrderRequest,
    bracket: Bracket,
    kind: str,
    number: int,
    seq: int,
    quantity: Decimal,
    stop_price: Decimal | None = None,
) -> OrderRequest:
    """The order that protects (``stop_loss``, ``take_profit``) or leaves (``guard_exit``) ``quantity`` of what ``entry``
    filled. ``stop_price`` is a stop's that has trailed.
    """
    types: dict[str, OrderType] = {STOP: "STOP_LOSS", TARGET: "TAKE_PROFIT", EXIT: "MARKET"}
    prices = {STOP: stop_price or bracket.stop_loss, TARGET: bracket.take_profit, EXIT: None}
    return OrderRequest(
        leg=f"{kind}-{number}",
        symbol=entry.symbol,
        side=opposite(entry.side),
        type=types[kind],
        quantity=quantity,
        stop_price=prices[kind],
        reduce_only=True,
        oco_group=None if kind == EXIT else f"bracket-{seq}-{number}",
        reason=f"{'NAKED' if kind == EXIT else types[kind]}: by the standing instruction of round {seq}",
    )


def permits(entry: OrderRequest, bracket: Bracket, held: Decimal, request: OrderRequest) -> bool:
    """Whether the bracket lets this order out: it only reduces, by no more than is held of the entry, at its own prices or,
    where the stop trails, at a closer one.
    """
    return (
        request.reduce_only
        and request.symbol == entry.symbol
        and request.side == opposite(entry.side)
        and 0 < request.quantity <= held
        and by_itself(request.leg)
        and _at_its_prices(entry, bracket, request)
    )


def _at_its_prices(entry: OrderRequest, bracket: Bracket, request: OrderRequest) -> bool:
    kind, price = stem(request.leg), request.stop_price
    if kind == STOP and request.type == "STOP_LOSS" and price is not None:
        trailed = bracket.trail is not None and closer(entry.side, price, bracket.stop_loss)
        return price == bracket.stop_loss or trailed
    if kind == TARGET:
        return request.type == "TAKE_PROFIT" and price == bracket.take_profit
    return kind == EXIT and request.type == "MARKET"


def closer(entry: Side, one: Decimal, other: Decimal) -> bool:
    """Whether a stop at ``one`` protects more of a position entered by ``entry`` than one at ``other``."""
    return one > other if entry == "BUY" else one < other
