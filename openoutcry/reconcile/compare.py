"""What differs between our books of an account and the venue's. Pure: the same state on both sides has no differences.

Money is compared last, and only the part that the other differences do not explain: a fill that was missed is one
difference, not one of a fill and two of balances.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from openoutcry.orders import PREFIX
from openoutcry.reconcile.facts import ZERO, AccountFacts, FillFact, MoneyMove, OrderFact
from openoutcry.types.amounts import plain

Kind = Literal[
    "missing_fill",
    "unknown_fill",
    "liquidation",
    "busted_fill",
    "changed_fill",
    "order_moved",
    "vanished_order",
    "unknown_order",
    "restored_backup",
    "missing_move",
    "balance_differs",
    "position_differs",
]
LIQUIDATIONS = ("autoclose-", "adl_autoclose", "settlement_autoclose-")
"""How the venue names orders of its own that close somebody's position."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing that is not the same. ``subject`` names it: an order's name, a trade's id, an asset.

    ``ours`` and ``theirs`` are what each side has, as text; ``amount`` is theirs minus ours where that is a number.
    """

    kind: Kind
    symbol: str | None
    subject: str
    ours: str = ""
    theirs: str = ""
    amount: Decimal = ZERO
    fill: FillFact | None = None
    move: MoneyMove | None = None
    order: OrderFact | None = None


def is_ours(client_order_id: str) -> bool:
    """Whether a name is of the kind that this system gives to orders."""
    return client_order_id.startswith(PREFIX)


def differences(
    ours: AccountFacts, theirs: AccountFacts, *, named_ours: Callable[[str], bool] = is_ours
) -> tuple[Difference, ...]:
    """Everything that differs, in a fixed order: fills, orders, money moves, balances, positions."""
    known = {order.client_order_id for order in ours.orders}
    fills = _fills(ours, theirs, known, named_ours)
    moves = _moves(ours, theirs)
    explained = [*fills, *moves]
    return (
        *fills,
        *_orders(ours, theirs, known, named_ours),
        *moves,
        *_busts(ours, theirs, _balances(ours, theirs, explained)),
        *_positions(ours, theirs, explained),
    )


def _fills(
    ours: AccountFacts, theirs: AccountFacts, known: set[str], named_ours: Callable[[str], bool]
) -> list[Difference]:
    booked, told = ({fill.key: fill for fill in side.fills} for side in (ours, theirs))
    found = [
        Difference(
            _kind_of(fill, known, named_ours),
            fill.symbol,
            fill.trade_id,
            "",
            _text(fill),
            fill.quantity,
            fill,
        )
        for key, fill in told.items()
        if key not in booked and key not in ours.voided
    ]
    for key, fill in booked.items():
        other = told.get(key)
        if other is None and _within(fill, theirs.complete_from):
            found.append(
                Difference("busted_fill", fill.symbol, fill.trade_id, _text(fill), "", -fill.quantity, fill)
            )
        elif other is not None and _worth(other) != _worth(fill):
            found.append(
                Difference("changed_fill", fill.symbol, fill.trade_id, _text(fill), _text(other), fill=other)
            )
    return found


def _kind_of(fill: FillFact, known: set[str], named_ours: Callable[[str], bool]) -> Kind:
    name = fill.client_order_id
    if name in known:
        return "missing_fill"
    if name.startswith(LIQUIDATIONS):
        return "liquidation"
    return "restored_backup" if named_ours(name) else "unknown_fill"


def _within(fill: FillFact, complete_from: Mapping[str, int]) -> bool:
    first = complete_from.get(fill.symbol)
    return first is not None and fill.trade_id.isdigit() and int(fill.trade_id) >= first


def _orders(
    ours: AccountFacts, theirs: AccountFacts, known: set[str], named_ours: Callable[[str], bool]
) -> list[Difference]:
    told = {order.client_order_id: order for order in theirs.orders}
    found = []
    for name, order in told.items():
        if name not in known and (order.open or named_ours(name)):
            kind: Kind = "restored_backup" if named_ours(name) else "unknown_order"
            found.append(Difference(kind, order.symbol, name, "", _state(order), order=order))
    for order in ours.orders:
        name, other = order.client_order_id, told.get(order.client_order_id)
        if other is None:
            if order.open:
                found.append(Difference("vanished_order", order.symbol, name, _state(order), order=order))
        elif (order.open, order.executed) != (other.open, other.executed):
            moved = other.executed - order.executed
            found.append(
                Difference(
                    "order_moved", order.symbol, name, _state(order), _state(other), moved, order=other
                )
            )
    return found


def _moves(ours: AccountFacts, theirs: AccountFacts) -> list[Difference]:
    booked = {move.move_id for move in ours.moves}
    return [
        Difference("missing_move", move.symbol, move.move_id, "", move.kind, move.amount, move=move)
        for move in theirs.moves
        if move.move_id not in booked
    ]


def _balances(ours: AccountFacts, theirs: AccountFacts, explained: Iterable[Difference]) -> list[Difference]:
    expected = dict(ours.balances)
    for asset, amount in _explained(ours, explained):
        expected[asset] = expected.get(asset, ZERO) + amount
    return [
        Difference("balance_differs", None, asset, str(mine), str(there), there - mine)
        for asset, mine, there in _unequal(expected, theirs.balances)
    ]


def _busts(ours: AccountFacts, theirs: AccountFacts, left: list[Difference]) -> list[Difference]:
    """Money that went exactly as one booked spot fill came, and as no other: the venue voided it, though it still lists it."""
    gone = {one.subject: -one.amount for one in left}
    if not gone:
        return left
    listed = {fill.key for fill in theirs.fills}
    same = [
        fill
        for fill in ours.fills
        if fill.key in listed and not fill.turn() and {a: x for a, x in fill.flows().items() if x} == gone
    ]
    if len(same) != 1:
        return left
    fill = same[0]
    return [Difference("busted_fill", fill.symbol, fill.trade_id, _text(fill), "", -fill.quantity, fill)]


def _explained(ours: AccountFacts, found: Iterable[Difference]) -> Iterable[tuple[str, Decimal]]:
    booked = {fill.key: fill for fill in ours.fills}
    for one in found:
        if one.move is not None:
            yield one.move.asset, one.move.amount
        if one.fill is None:
            continue
        if one.kind == "busted_fill":
            yield from ((asset, -amount) for asset, amount in one.fill.flows().items())
            continue
        yield from one.fill.flows().items()
        if one.kind == "changed_fill":
            yield from ((asset, -amount) for asset, amount in booked[one.fill.key].flows().items())


def _positions(ours: AccountFacts, theirs: AccountFacts, explained: Iterable[Difference]) -> list[Difference]:
    booked = {fill.key: fill for fill in ours.fills}
    expected = dict(ours.positions)
    for one in explained:
        if one.fill is not None and one.fill.turn():
            turn = -one.fill.turn() if one.kind == "busted_fill" else one.fill.turn()
            if one.kind == "changed_fill":
                turn -= booked[one.fill.key].turn()
            expected[one.fill.symbol] = expected.get(one.fill.symbol, ZERO) + turn
    return [
        Difference("position_differs", symbol, symbol, str(mine), str(there), there - mine)
        for symbol, mine, there in _unequal(expected, theirs.positions)
    ]


def _unequal(
    ours: Mapping[str, Decimal], theirs: Mapping[str, Decimal]
) -> Iterable[tuple[str, Decimal, Decimal]]:
    for name in sorted({*ours, *theirs}):
        mine, there = ours.get(name, ZERO), theirs.get(name, ZERO)
        if mine != there:
            yield name, mine, there


def _worth(fill: FillFact) -> tuple[object, ...]:
    """What makes two tellings of a fill the same: amounts, not how their digits are written."""
    return fill.side, fill.price, fill.quantity, fill.quote, tuple(sorted(fill.fees)), fill.realized


def _text(fill: FillFact) -> str:
    return f"{fill.side} {plain(fill.quantity)} at {plain(fill.price)}"


def _state(order: OrderFact) -> str:
    return f"{'open' if order.open else 'final'}, {plain(order.executed)} of {plain(order.quantity)}"
