"""Stop, target and liquidation inside one bar."""

from openoutcry.backtest.kernel.bars import Bars
from openoutcry.backtest.kernel.compiled import part
from openoutcry.backtest.kernel.state import STAYS, Trade
from openoutcry.backtest.reasons import Exit
from openoutcry.backtest.terms import Terms

TP, SL, LIQUIDATION = int(Exit.TP), int(Exit.SL), int(Exit.LIQUIDATION)


@part
def touched(terms: Terms, bars: Bars, trade: Trade, bar: int) -> tuple[int, float]:
    """The level that ends a trade at this bar and its raw price; STAYS when none does.

    A level the open lies beyond fills at the open. Otherwise the stop comes before the target, or after it where the
    fill model says so. A level that is NaN is never reached.
    """
    side, stop, target, liquidation = trade.side, trade.stop, trade.target, trade.liquidation
    first, close = bars.open[bar], bars.close[bar]
    worst, best = (bars.low[bar], bars.high[bar]) if side > 0 else (bars.high[bar], bars.low[bar])
    if terms.perpetual and side * (first - liquidation) <= 0.0:
        return LIQUIDATION, first
    if terms.close_levels:
        if terms.perpetual and side * (worst - liquidation) <= 0.0:
            return LIQUIDATION, liquidation
        if side * (close - stop) <= 0.0:
            return SL, close
        return (TP, close) if side * (close - target) >= 0.0 else (STAYS, 0.0)
    if side * (first - stop) <= 0.0:
        return SL, first
    if side * (first - target) >= 0.0:
        return TP, first
    up = side * (best - target) >= 0.0
    if up and terms.target_first:
        return TP, target
    if terms.perpetual and side * (worst - liquidation) <= 0.0 and not side * (stop - liquidation) > 0.0:
        return LIQUIDATION, liquidation
    if side * (worst - stop) <= 0.0:
        return SL, stop
    return (TP, target) if up else (STAYS, 0.0)
