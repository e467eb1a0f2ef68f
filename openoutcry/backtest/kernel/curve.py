"""The equity curve, made from the trades afterwards: most runs never need it."""

import numpy as np

from openoutcry.backtest.kernel.bars import Bars, Floats
from openoutcry.backtest.kernel.compiled import compiled, part
from openoutcry.backtest.kernel.state import Funding, Records, Trade


@compiled
def equity_curve(
    trades: Records, bars: Bars, funding: Funding, start: int, balance: float, fee_pct: float, equity: Floats
) -> None:
    """Cash plus open positions at market, at the close of each bar from ``start`` on; ``equity`` begins as zeros."""
    for trade in trades:
        fee = trade.size * trade.entry_price * fee_pct
        equity[trade.entry_bar - start] -= fee
        equity[trade.exit_bar - start] += trade.pnl + fee + trade.funding
        if trade.funding != 0.0:
            spread(trade, bars, funding, equity, start)
    for i in range(len(equity)):
        balance += equity[i]
        equity[i] = balance
    for trade in trades:
        signed, entry = trade.side * trade.size, trade.entry_price
        for bar in range(trade.entry_bar, trade.exit_bar):
            equity[bar - start] += signed * (bars.close[bar] - entry)


@part
def spread(trade: Trade, bars: Bars, funding: Funding, flows: Floats, start: int) -> None:
    """Take a trade's funding from the bars at whose open it was paid."""
    for k in range(np.searchsorted(funding.bar, trade.entry_bar + 1), len(funding.bar)):
        bar = funding.bar[k]
        if bar > trade.exit_bar:
            break
        flows[bar - start] -= trade.side * trade.size * bars.open[bar] * funding.rate[k]
