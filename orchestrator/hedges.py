"""Hedges that people ask for: executed and closed through the same gate, approvals, venue and ledger as the floor's."""

from collections.abc import Iterable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any

from openoutcry.errors import BadInput
from openoutcry.hedging.analysis import Wish, adjustment
from openoutcry.hedging.execution import CLOSE, EXECUTE, HedgeOrder, Telling, told
from openoutcry.hedging.exposures import exposures, hedge_quantity
from openoutcry.orders import stem
from openoutcry.settings import Settings
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.book import Portfolio
from openoutcry.types.commands import CloseHedges, ExecuteHedges
from openoutcry.types.orders import OrderRequest, Side
from openoutcry.types.symbols import parse_symbol
from orchestrator.bootstrap import LiveFloor
from orchestrator.desk import Desk
from orchestrator.manual import Wanted, act

ZERO = Decimal(0)


async def execute_hedges(
    floor: LiveFloor, desks: Iterable[Desk], command: ExecuteHedges, number: int
) -> dict[str, Any]:
    """Bring each session's hedge to the ratio asked for, and have it stand. Raises BadInput when hedging is off."""
    settings = floor.settings
    if not settings.hedging.enabled:
        raise BadInput("hedging.enabled: hedging is switched off on this floor", field="hedging.enabled")
    asked = settings.hedging.target_ratio if command.ratio is None else command.ratio
    ratio = min(asked, settings.hedging.max_ratio)
    known = tuple(desks)
    hedged = [desk for desk in known if desk.facts.hedge_symbol is not None]
    for desk in hedged:
        wanted = partial(_adjusting, desk, leg_of(number), ratio, settings)
        moved = desk.standing_hedge != ratio and _spot(desk) > 0
        await _once(floor, desk, wanted, number, ratio, moved=moved and not _waiting(desk))
    without = [desk for desk in known if desk.facts.hedge_symbol is None and ratio > 0 and _spot(desk) > 0]
    return await _answer(floor, hedged, number, EXECUTE, [_without_perpetual(desk) for desk in without])


async def close_hedges(
    floor: LiveFloor, desks: Iterable[Desk], command: CloseHedges, number: int
) -> dict[str, Any]:
    """Buy every hedge back, and have none stand. Hedge orders that still work are cancelled."""
    hedged = [desk for desk in desks if desk.facts.hedge_symbol is not None]
    for desk in hedged:
        wanted = partial(_closing, desk, leg_of(number), floor.settings)
        moved = (desk.standing_hedge != 0.0 and _spot(desk) > 0) or bool(_waiting(desk))
        await _once(floor, desk, wanted, number, 0.0, moved=moved, cancels=_waiting(desk))
    return await _answer(floor, hedged, number, CLOSE)


def leg_of(number: int) -> str:
    """How the order of a command is called in each session."""
    return f"hedge-{number}"


async def _once(
    floor: LiveFloor,
    desk: Desk,
    wanted: Wanted,
    number: int,
    ratio: float,
    *,
    moved: bool,
    cancels: tuple[tuple[int, str], ...] = (),
) -> None:
    """Act when there is something to do. A command repeated after a crash finds the order it already made."""
    made = await floor.store.order_of_leg(desk.facts.session_id, leg_of(number), desk.seq - 1)
    if made is None and (moved or wanted(desk.portfolio, desk.marks)):
        detail = {"command": number, "hedge": ratio}
        await act(floor, desk, wanted, detail, cancels=cancels, standing_hedge=ratio)


def _adjusting(
    desk: Desk, leg: str, ratio: float, settings: Settings, portfolio: Portfolio, marks: Mapping[str, Decimal]
) -> tuple[OrderRequest, ...]:
    """The order towards ``ratio``. While a hedge order is working nothing is added."""
    asset = parse_symbol(desk.facts.symbol).base
    held = next((e for e in exposures(portfolio, marks) if e.asset == asset), None)
    found = adjustment(held, Wish({asset: ratio}), settings.hedging) if held and not _waiting(desk) else None
    return () if found is None else _order(desk, leg, found.quantity, settings)


def _closing(
    desk: Desk, leg: str, settings: Settings, portfolio: Portfolio, marks: Mapping[str, Decimal]
) -> tuple[OrderRequest, ...]:
    positions = [p for p in portfolio.positions if p.symbol == desk.facts.hedge_symbol]
    return _order(desk, leg, -hedge_quantity(positions), settings)


def _order(desk: Desk, leg: str, change: Decimal, settings: Settings) -> tuple[OrderRequest, ...]:
    """Sell ``change`` of the perpetual, or buy it back when it is negative."""
    symbol = desk.facts.hedge_symbol
    side: Side = "SELL" if change > 0 else "BUY"
    if symbol is None:
        return ()
    quantity = floor_to_step(abs(change), desk.instrument(symbol, settings.venue).quantity_step)
    if quantity == 0:
        return ()
    return (
        OrderRequest(
            leg=leg,
            symbol=symbol,
            side=side,
            type="MARKET",
            quantity=quantity,
            reduce_only=side == "BUY",
            reason="HEDGE: asked for by hand",
        ),
    )


def _spot(desk: Desk) -> Decimal:
    return sum((p.quantity for p in desk.portfolio.positions if p.symbol == desk.facts.symbol), ZERO)


def _waiting(desk: Desk) -> tuple[tuple[int, str], ...]:
    """Hedge orders that still work at the venue."""
    return tuple(sorted(key for key, order in desk.working.items() if stem(order.request.leg) == "hedge"))


def _without_perpetual(desk: Desk) -> HedgeOrder:
    """Spot that nothing can be sold against."""
    pair = parse_symbol(desk.facts.symbol)
    refusal = {"rule": "known_symbol", "message": f"no perpetual of {pair} is traded here"}
    return HedgeOrder(str(pair.perpetual()), "SELL", _spot(desk), "REJECTED", refusal=refusal)


async def _answer(
    floor: LiveFloor,
    desks: Iterable[Desk],
    number: int,
    telling: Telling,
    impossible: Iterable[HedgeOrder] = (),
) -> dict[str, Any]:
    """What became of the command's orders, as the ledger has it; and what could not even be tried."""
    orders = list(impossible)
    for desk in desks:
        orders += await floor.store.hedge_orders(desk.facts.session_id, leg_of(number))
        others = (key for key in _waiting(desk) if key[1] != leg_of(number))
        orders += [HedgeOrder.working_already(desk.working[key]) for key in others]
    return told(orders, telling)
