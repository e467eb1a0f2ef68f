"""When a position is opened, and how large."""

from dataclasses import dataclass

from openoutcry.errors import DataUnavailable
from openoutcry.risk.exposure import funds
from openoutcry.risk.levels import Levels, levels
from openoutcry.risk.scene import Scene, Step, keys
from openoutcry.risk.sizing import Sized, room, size_entry
from openoutcry.risk.standing import standings
from openoutcry.types.book import PositionSide
from openoutcry.types.market import Quote
from openoutcry.types.orders import OrderRequest


@dataclass(frozen=True, slots=True)
class Entry:
    """The entry of a round and the protection its position will get."""

    step: Step
    levels: Levels | None = None


def plan_entry(scene: Scene) -> Entry:
    """From flat to the wanted side: LONG buys the primary symbol, SHORT sells the perpetual.

    There is no pyramiding, and a turn takes two rounds: the old position is closed in this one, the new one
    may be opened in the next, from what the book then really is. Unfilled entries the floor no longer wants
    are cancelled.
    """
    target = scene.decision.target
    waiting = scene.open_orders("entry")
    if target == "KEEP":
        return Entry(Step())
    wanted = target in ("LONG", "SHORT") and scene.decision.entries_blocked is None
    symbol = scene.snapshot.hedge_symbol if target == "SHORT" else scene.snapshot.symbol
    stale = tuple(o for o in waiting if not wanted or o.request.symbol != symbol)
    cancels = keys(stale)
    if scene.decision.entries_blocked is not None and target != "FLAT":
        return Entry(Step(cancels, notes=(f"no entry: {scene.decision.entries_blocked}",)))
    if not wanted:
        return Entry(Step(cancels))
    if waiting:
        why = "an entry is still working" if not stale else "an entry the other way is being cancelled"
        return Entry(Step(cancels, notes=(f"no entry: {why}",)))
    if scene.trades:
        held = scene.trades[0].side
        why = (
            f"already {held}"
            if held == target
            else f"{held} is closed first; {target} may be opened next round"
        )
        return Entry(Step(notes=(f"no entry: {why}",)))
    return _opened(scene, "SHORT" if target == "SHORT" else "LONG")


def _opened(scene: Scene, side: PositionSide) -> Entry:
    quote = scene.snapshot.hedge if side == "SHORT" else scene.snapshot.quote
    if quote is None or quote.symbol not in scene.instruments:
        return Entry(Step(notes=("no entry: no usable price",)))
    decision = scene.decision
    found = levels(
        side,
        quote.price,
        scene.instruments[quote.symbol].price_tick,
        scene.settings.risk,
        stop_loss=decision.stop_loss,
        take_profit=decision.take_profit,
    )
    if found is None:
        return Entry(Step(notes=("no entry: the price tick is too coarse for a stop",)))
    try:
        sized = _sized(scene, quote, found)
    except DataUnavailable as error:
        return Entry(Step(notes=(f"no entry: {error}",)))
    if sized.reason is not None:
        return Entry(Step(notes=(f"no entry: {sized.reason}",)))
    order = OrderRequest(
        leg="entry",
        symbol=quote.symbol,
        side="BUY" if side == "LONG" else "SELL",
        type="MARKET",
        quantity=sized.quantity,
        reason=f"SIGNAL: {side} with confidence {decision.confidence:.2f}, sized by {sized.bound}",
    )
    return Entry(Step(orders=(order,)), found)


def _sized(scene: Scene, quote: Quote, found: Levels) -> Sized:
    held = standings(scene.portfolio, scene.working)
    money = funds(scene.portfolio, scene.working, held, scene.prices, scene.settings)
    return size_entry(
        price=quote.price,
        levels=found,
        confidence=scene.decision.confidence,
        size_factor=scene.decision.size_factor,
        equity=money.equity,
        room=room(quote.symbol, held, money, scene.prices, scene.settings),
        settings=scene.settings,
        instrument=scene.instruments[quote.symbol],
    )
