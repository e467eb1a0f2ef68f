"""backtesting.py on the workloads, in an environment of its own: python peer_backtesting.py BARS.npy a|b

It buys with 99.99 % of the cash, so that money differs; the bars of its entries are what is compared. Prints those and
milliseconds, indicators included.
"""

import json
import sys
import warnings
from time import perf_counter

import numpy as np
import pandas as pd
from backtesting import Strategy
from backtesting.lib import FractionalBacktest

FEE, CAPITAL = 0.001, 10_000.0
warnings.filterwarnings("ignore")


def mean(values, window):
    """Moving mean."""
    return pd.Series(values).rolling(window).mean()


class Cross(Strategy):
    """(a): crossings of two means, orders at the next open."""

    def init(self):
        self.fast = self.I(mean, self.data.Close, 20)
        self.slow = self.I(mean, self.data.Close, 50)

    def next(self):
        above, before = self.fast[-1] > self.slow[-1], self.fast[-2] > self.slow[-2]
        if above and not before and not self.position:
            self.buy()
        elif before and not above and self.position:
            self.position.close()


class Reversion(Strategy):
    """(b): RSI and mean, stop and target by the ATR at the signal."""

    def init(self):
        close, high, low = (pd.Series(column) for column in (self.data.Close, self.data.High, self.data.Low))
        move, before = close.diff().fillna(0.0), close.shift()
        gain, loss = (part.clip(lower=0.0).ewm(alpha=1 / 14, adjust=False).mean() for part in (move, -move))
        reach = np.maximum(high, before) - np.minimum(low, before)
        opened = pd.Series(self.data.Open).shift(
            -1
        )  # the fill's price, for levels relative to it; no order depends on it
        self.rsi = self.I(lambda: 100 * gain / (gain + loss))
        self.mean = self.I(mean, self.data.Close, 50)
        self.range = self.I(lambda: reach.ewm(alpha=1 / 14, adjust=False).mean())
        self.fill = self.I(lambda: opened.ffill())

    def next(self):
        if not self.position and self.rsi[-1] < 30 and self.data.Close[-1] > self.mean[-1]:
            fill, distance = self.fill[-1], 2 * self.range[-1]
            self.buy(sl=fill - distance, tp=fill + 2 * distance)


def main():
    """Run one workload."""
    columns = dict(
        zip(("Timestamp", "Open", "High", "Low", "Close", "Volume"), np.load(sys.argv[1]), strict=True)
    )
    data = pd.DataFrame(columns).drop(columns="Timestamp")
    data.index = pd.to_datetime(columns["Timestamp"], unit="ms")
    began = perf_counter()
    test = FractionalBacktest(
        data, {"a": Cross, "b": Reversion}[sys.argv[2]], cash=CAPITAL, commission=FEE, finalize_trades=True
    )
    trades = test.run()["_trades"]
    seconds = perf_counter() - began
    print(json.dumps({"entered": sorted(trades["EntryBar"].tolist()), "ms": round(seconds * 1000, 1)}))


if __name__ == "__main__":
    main()
