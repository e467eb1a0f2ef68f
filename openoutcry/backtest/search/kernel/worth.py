"""What an account was worth at a few bars, from its trades: the same bits as the whole equity curve has there."""

from openoutcry.backtest.kernel.bars import Floats, Ints
from openoutcry.backtest.kernel.compiled import compiled, part
from openoutcry.backtest.kernel.state import Records


@compiled
def worth_at(
    trades: Records, order: Ints, close: Floats, bars: Ints, balance: float, fee_pct: float, worth: Floats
) -> None:
    """Cash plus open positions at market at the close of each of ``bars`` (ascending). Not for trades that paid funding.

    ``order`` has 2 x row for each entry and 2 x row + 1 for each exit, by their bars; it is empty where they are in that order.
    """
    nth, count, first = 0, 2 * len(trades), 0
    bar = event_bar(trades, order, nth)
    for place in range(len(bars)):
        while nth < count and bar <= bars[place]:
            same, flow = bar, 0.0
            while nth < count and bar == same:
                event = order[nth] if len(order) else nth
                trade = trades[event // 2]
                fee = trade.size * trade.entry_price * fee_pct
                if event % 2 == 0:
                    flow -= fee
                else:
                    flow += trade.pnl + fee + trade.funding
                nth += 1
                bar = event_bar(trades, order, nth)
            balance += flow
        worth[place] = balance
    for trade in trades:  # in the order of entries
        while first < len(bars) and bars[first] < trade.entry_bar:
            first += 1
        place, signed = first, trade.side * trade.size
        while place < len(bars) and bars[place] < trade.exit_bar:
            worth[place] += signed * (close[bars[place]] - trade.entry_price)
            place += 1


@part
def event_bar(trades: Records, order: Ints, nth: int) -> int:
    """The bar of the nth entry or exit; 0 after the last."""
    if nth >= 2 * len(trades):
        return 0
    event = order[nth] if len(order) else nth
    trade = trades[event // 2]
    return int(trade.exit_bar if event % 2 else trade.entry_bar)
