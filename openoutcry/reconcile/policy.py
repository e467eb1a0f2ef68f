"""What is done about a difference: booked, adopted as EXTERNAL, undone by new entries, or a symbol halted.

Nothing that is not explained is ever booked as profit or loss: what is adopted stands on an account of its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field

from openoutcry.reconcile.compare import Difference
from openoutcry.types.frozen import Frozen

BARE = "an EXTERNAL position that nobody protects"
Action = Literal["book", "follow", "reverse", "adopt", "halt"]
Choice = Literal["adopt", "halt"]


class ReconcileSettings(Frozen):
    """How the account at the venue is compared with our books, and what is done about what does not agree."""

    every_s: Annotated[float, Field(ge=5.0, le=86_400.0)] = 10.0
    """Seconds between two comparisons; there is always one before anything is traded."""
    unknown_orders: Choice = "halt"
    """Open orders that we did not place: adopt them as EXTERNAL, or halt their symbol."""
    unknown_fills: Choice = "halt"
    """Fills of orders that we did not place."""
    moved_money: Choice = "adopt"
    """Deposits, withdrawals and transfers that the venue names as such."""
    unexplained: Choice = "halt"
    """Balances and positions that nothing explains."""
    restored: Choice = "halt"
    """Orders and fills with names of ours that our books do not know: a backup was restored. Everything halts, or they are
    adopted as EXTERNAL, which is for a person who has looked at them."""
    external_positions: Literal["halt", "leave"] = "halt"
    """Adopted positions in perpetuals, which nobody protects, for they are not ours to close: their symbol halts until a
    person has looked, or they are left to whoever opened them."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """A difference and what is done about it. ``reason`` is what a halt says to whoever wants to trade.

    ``halts`` is the symbol that is halted, ``"*"`` for every symbol of the account, None for none.
    """

    difference: Difference
    action: Action
    reason: str
    halts: str | None = None


def verdicts(found: Iterable[Difference], settings: ReconcileSettings) -> tuple[Verdict, ...]:
    """One word on each difference."""
    return tuple(_verdict(one, settings) for one in found)


def halted(words: Iterable[Verdict]) -> dict[str, str]:
    """Halted symbols (or ``"*"``) and why, first reason first."""
    found: dict[str, str] = {}
    for word in words:
        if word.halts is not None:
            found.setdefault(word.halts, word.reason)
    return found


def _verdict(one: Difference, settings: ReconcileSettings) -> Verdict:
    match one.kind:
        case "missing_fill":
            return Verdict(one, "book", f"a fill that was not heard of: {one.theirs}")
        case "order_moved":
            return Verdict(one, "follow", f"the order is {one.theirs} at the venue, {one.ours} here")
        case "liquidation":
            return _halt(one, "book", f"the venue liquidated: {one.theirs}")
        case "busted_fill":
            return _halt(one, "reverse", f"the venue voided a fill: {one.ours}")
        case "changed_fill":
            return _halt(one, "halt", f"a fill is {one.theirs} at the venue, {one.ours} here")
        case "vanished_order":
            return _halt(one, "halt", f"the venue does not have an order that was open: {one.ours}")
        case "restored_backup":
            why = "the venue has an order with our name that we do not know: the database is older than the account"
            return (
                Verdict(one, "adopt", why) if settings.restored == "adopt" else Verdict(one, "halt", why, "*")
            )
        case "unknown_order":
            return _chosen(one, settings.unknown_orders, f"an order that is not ours: {one.theirs}", settings)
        case "unknown_fill":
            return _chosen(one, settings.unknown_fills, f"a fill that is not ours: {one.theirs}", settings)
        case "missing_move":
            if one.move is not None and one.move.kind in ("funding", "liquidation"):
                return Verdict(one, "book", f"{one.move.kind} {one.amount} {one.move.asset}")
            return _chosen(one, settings.moved_money, f"money moved: {one.theirs} {one.amount}", settings)
        case "balance_differs":
            why = f"{one.subject} is {one.theirs}, our books say {one.ours}"
            return _chosen(one, settings.unexplained, why, settings)
        case "position_differs":
            why = f"position is {one.theirs}, our books say {one.ours}"
            return _chosen(one, settings.unexplained, why, settings)


def brought(positions: Mapping[str, Decimal], settings: ReconcileSettings) -> dict[str, str]:
    """Symbols to halt, and why, for the positions (in perpetuals) that an account held before we ever saw it."""
    if settings.external_positions == "leave":
        return {}
    return {
        symbol: f"{BARE}: the account came with a position of {amount}"
        for symbol, amount in positions.items()
        if amount
    }


def _chosen(one: Difference, choice: Choice, reason: str, settings: ReconcileSettings) -> Verdict:
    return _adopted(one, reason, settings) if choice == "adopt" else _halt(one, "halt", reason)


def _adopted(one: Difference, reason: str, settings: ReconcileSettings) -> Verdict:
    """Taken as EXTERNAL; what makes a position that nobody protects halts its symbol too."""
    position = one.kind == "position_differs" or (one.fill is not None and one.fill.turn() != 0)
    if position and settings.external_positions == "halt":
        return Verdict(one, "adopt", f"{BARE}: {reason}", one.symbol)
    return Verdict(one, "adopt", reason)


def _halt(one: Difference, action: Action, reason: str) -> Verdict:
    """The symbol halts whatever is booked; an asset that no symbol names halts the account."""
    return Verdict(one, action, reason, one.symbol or "*")
