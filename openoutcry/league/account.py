"""The account of one who follows an entrant's calls through one window, after every cost."""

from dataclasses import dataclass

import numpy as np

from openoutcry.market.candles import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Line:
    """``returns`` of each bar after the first, as fractions of the account before it; fees and models are paid out of them.

    ``fees`` and ``models`` are amounts in the quote currency, ``held`` the share of bars with a position.
    """

    returns: Floats
    fills: int
    fees: float
    models: float
    held: float

    def equity(self, capital: float) -> Floats:
        """The account at the first bar's close and every later one."""
        return np.concatenate(([capital], capital * np.cumprod(1.0 + self.returns)))


def follow(
    wanted: Floats, opens: Floats, closes: Floats, *, cost: float, capital: float, usd: Floats
) -> Line:
    """Trade ``wanted`` (the position at each bar's close) at the next bar's open and mark it at its close.

    ``cost`` is the fraction of what is traded that fee, spread and slippage take; ``usd`` is what models cost at each bar's
    close. What is still held at the last close is sold there. All arrays are (bars,), two bars at least.
    """
    worth, before = capital, 0.0
    fees, models, fills = 0.0, 0.0, 0
    returns = np.zeros(len(closes) - 1)
    for bar in range(1, len(closes)):
        start, after = worth, float(wanted[bar - 1])
        spent = min(float(usd[bar - 1]), worth)
        worth = (worth - spent) * (1.0 + before * (opens[bar] / closes[bar - 1] - 1.0))
        paid = worth * abs(after - before) * cost
        worth = (worth - paid) * (1.0 + after * (closes[bar] / opens[bar] - 1.0))
        fills += after != before
        if bar == len(closes) - 1 and after:
            left = worth * after * cost
            worth, paid, fills = worth - left, paid + left, fills + 1
        fees, models, before = fees + paid, models + spent, after
        returns[bar - 1] = worth / start - 1.0 if start > 0 else 0.0
    return Line(returns, fills, fees, models, float(np.mean(wanted[:-1] != 0)))
