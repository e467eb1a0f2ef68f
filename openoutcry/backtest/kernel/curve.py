"""The equity curve, made from the trades afterwards: most runs never need it."""

import numpy as np

from openoutcry.backtest.kernel.compiled import compiled
from openoutcry.backtest.kernel.state import Floats, Funding, Table


@compiled
def equity_curve(
    trades: Table, close: Floats, funding: Funding, opened: Floats, start: int, balance: float, fee_pct: float
) -> Floats:
    """Cash plus open positions at market, at the close of each bar from ``start`` on."""
    flows = np.zeros(len(close) - start)
    for row in range(len(trades.entry_bar)):
        first, end = trades.entry_bar[row] - start, trades.exit_bar[row] - start
        signed = trades.side[row] * trades.size[row]
        fee = trades.size[row] * trades.entry_price[row] * fee_pct
        flows[first] -= fee
        flows[end] += trades.pnl[row] + fee + trades.funding[row]
        if trades.funding[row] != 0.0:
            for k in range(np.searchsorted(funding.bar, first + start + 1), len(funding.bar)):
                if funding.bar[k] > end + start:
                    break
                flows[funding.bar[k] - start] -= signed * opened[funding.bar[k]] * funding.rate[k]
    equity = np.empty(len(flows))
    for i in range(len(flows)):
        balance += flows[i]
        equity[i] = balance
    for row in range(len(trades.entry_bar)):
        signed = trades.side[row] * trades.size[row]
        for i in range(trades.entry_bar[row] - start, trades.exit_bar[row] - start):
            equity[i] += signed * (close[i + start] - trades.entry_price[row])
    return equity
