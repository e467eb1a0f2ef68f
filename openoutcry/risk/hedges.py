"""Hedge orders: the perpetual sold against the spot that is held, in base units, and bought back when it
is gone.
"""

from decimal import Decimal

from openoutcry.errors import DataUnavailable
from openoutcry.hedging.change import hedge_change
from openoutcry.hedging.exposures import hedge_quantity, short_quantity
from openoutcry.risk.exposure import fraction, funds
from openoutcry.risk.scene import Scene, Step, keys
from openoutcry.risk.sizing import room
from openoutcry.risk.standing import standings
from openoutcry.types.amounts import floor_to_step
from openoutcry.types.book import Position
from openoutcry.types.orders import OrderRequest

ZERO = Decimal(0)


def plan_hedge(scene: Scene, closing: tuple[Position, ...]) -> Step:
    """Bring the hedge to the wanted ratio of the spot that stays, when the change is worth trading.

    The ratio is the short perpetual over the spot quantity, 1.0 = fully hedged: the one a person asked for while
    that stands, else the vote's. Without spot the whole hedge is lifted, whatever was wanted; without a wanted
    ratio it is left alone, but never above the most that is allowed. While a hedge order is working nothing is
    added; one for spot that is gone is cancelled.
    """
    symbol = scene.snapshot.hedge_symbol
    if symbol is None or symbol not in scene.instruments:
        return Step()
    spot = _spot(scene, closing)
    positions = [p for p in scene.portfolio.positions if p.symbol == symbol]
    waiting = scene.open_orders("hedge", symbol=symbol)
    if waiting:
        gone = tuple(o for o in waiting if spot == 0 and o.request.side == "SELL")
        return Step(cancels=keys(gone), notes=("hedge: an order is still working",))
    change = _change(scene, spot, short_quantity(positions))
    if change < 0:
        quantity = min(-change, hedge_quantity(positions))
        return _bought(symbol, floor_to_step(quantity, scene.instruments[symbol].quantity_step), spot)
    return _sold(scene, symbol, change) if change > 0 else Step()


def _spot(scene: Scene, closing: tuple[Position, ...]) -> Decimal:
    leaving = {position.ordinal for position in closing}
    return sum(
        (
            p.quantity
            for p in scene.portfolio.positions
            if p.symbol == scene.snapshot.symbol and p.side == "LONG" and p.ordinal not in leaving
        ),
        ZERO,
    )


def _change(scene: Scene, spot: Decimal, short: Decimal) -> Decimal:
    """What to sell (negative: buy back) in base units."""
    told = scene.settings.hedging
    asked = scene.decision.hedge_ratio if scene.standing_hedge is None else scene.standing_hedge
    return hedge_change(
        spot,
        short,
        None if asked is None else fraction(asked),
        threshold=fraction(told.threshold),
        most=fraction(told.max_ratio),
    )


def _bought(symbol: str, quantity: Decimal, spot: Decimal) -> Step:
    if quantity <= 0:
        return Step()
    reason = "HEDGE: lifted, no spot is left" if spot == 0 else "HEDGE: reduced to the wanted ratio"
    order = OrderRequest(
        leg="hedge",
        symbol=symbol,
        side="BUY",
        type="MARKET",
        quantity=quantity,
        reduce_only=True,
        reason=reason,
    )
    return Step(orders=(order,))


def _sold(scene: Scene, symbol: str, change: Decimal) -> Step:
    quote, instrument = scene.snapshot.hedge, scene.instruments[symbol]
    faulty = any(fault.symbol == symbol for fault in scene.snapshot.faults)
    if quote is None or faulty or not scene.settings.hedging.enabled:
        return Step(notes=("hedge: no usable perpetual price",) if scene.settings.hedging.enabled else ())
    try:
        held = standings(scene.portfolio, scene.working)
        money = funds(scene.portfolio, scene.working, held, scene.prices, scene.settings)
        least, bound = room(symbol, held, money, scene.prices, scene.settings).least
    except DataUnavailable as error:
        return Step(notes=(f"hedge: {error}",))
    allowed = min(change, max(ZERO, least) / quote.price)
    notes = (f"hedge: {bound} allows {allowed:.8f} of {change:f}",) if allowed < change else ()
    quantity = floor_to_step(allowed, instrument.quantity_step)
    if quantity <= 0 or quantity * quote.price < instrument.min_notional:
        return Step(notes=notes or ("hedge: smaller than the venue's least order",))
    order = OrderRequest(
        leg="hedge",
        symbol=symbol,
        side="SELL",
        type="MARKET",
        quantity=quantity,
        reason="HEDGE: towards the wanted ratio",
    )
    return Step(orders=(order,), notes=notes)
