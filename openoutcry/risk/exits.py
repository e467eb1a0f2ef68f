"""When a position is closed: the vote turned against it, or its thesis has had its time."""

from dataclasses import dataclass

from openoutcry.risk.scene import PROTECTIVE, Scene, Step, keys
from openoutcry.risk.standing import remaining
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.book import Position
from openoutcry.types.orders import OrderRequest
from openoutcry.types.timeframes import bar_length


@dataclass(frozen=True, slots=True)
class Exits:
    """The exits of a round, and the positions that are on their way out."""

    step: Step
    closing: tuple[Position, ...]


def plan_exits(scene: Scene) -> Exits:
    """Close what should be closed, at market, and take its protection and unfilled entries away."""
    step, closing = Step(), []
    for position in scene.trades:
        reason = why_close(scene, position)
        if reason is None:
            continue
        closing.append(position)
        step = _plus(step, _exit(scene, position, reason, first=len(closing) == 1))
    return Exits(step, tuple(closing))


def why_close(scene: Scene, position: Position) -> str | None:
    """The reason to close a position, or None.

    A decision for the position's own direction renews its thesis, however old it is. Otherwise the position
    is closed when its horizon has passed: that of the decision that opened it where it is known, else this
    round's.
    """
    target = scene.decision.target
    if target == position.side:
        return None
    if target != "KEEP":
        return f"SIGNAL: the floor wants {target}"
    horizon = scene.horizons.get(position.opened_seq, scene.decision.horizon_bars)
    held = bars_held(scene, position)
    return f"HORIZON: held {held} bars of {horizon}" if held >= horizon else None


def bars_held(scene: Scene, position: Position) -> int:
    """Age of a position in bars, to the nearest."""
    age = scene.snapshot.as_of - position.entry_time
    return round(age / bar_length(scene.snapshot.timeframe))


def _exit(scene: Scene, position: Position, reason: str, *, first: bool) -> Step:
    symbol = position.symbol
    guards = scene.open_orders(*PROTECTIVE, "entry", symbol=symbol)
    leaving = sum(remaining(order) for order in scene.open_orders("exit", "flatten", symbol=symbol))
    step = scene.instruments[symbol].quantity_step
    quantity = floor_to_step(position.quantity - leaving, step)
    if quantity <= 0:
        why = (
            "its exit is still working"
            if leaving
            else f"{position.quantity:f} is less than a step of {step:f}"
        )
        return Step(cancels=keys(guards) if leaving else (), notes=(f"{symbol}: {why}",))
    order = OrderRequest(
        leg="exit" if first else f"exit-{position.ordinal}",
        symbol=symbol,
        side="SELL" if position.side == "LONG" else "BUY",
        type="MARKET",
        quantity=quantity,
        reduce_only=True,
        reason=reason,
    )
    return Step(cancels=keys(guards), orders=(order,))


def _plus(one: Step, other: Step) -> Step:
    return Step(one.cancels + other.cancels, one.orders + other.orders, one.notes + other.notes)
