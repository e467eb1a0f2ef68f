"""vectorbt on the workloads, in an environment of its own: python peer_vectorbt.py BARS.npy a|b numba|rust

Indicators included; the first run, which compiles, is not counted. Prints trades, final value and milliseconds.
"""

import json
import sys
from time import perf_counter

import numpy as np
import pandas as pd
import vectorbt as vbt

FEE, CAPITAL, REPEATS = 0.001, 10_000.0, 3


def cross(bars, engine):
    """(a): crossings of two means, orders at the next open."""
    close = bars["close"]
    fast, slow = (vbt.MA.run(close, window).ma for window in (20, 50))
    entries = fast.vbt.crossed_above(slow).vbt.fshift(1, fill_value=False)
    exits = fast.vbt.crossed_below(slow).vbt.fshift(1, fill_value=False)
    return vbt.Portfolio.from_signals(
        close, entries, exits, price=bars["open"], init_cash=CAPITAL, fees=FEE, engine=engine
    )


def reversion(bars, engine):
    """(b): RSI and mean, stop and target by the ATR at the signal."""
    close, opened, high, low = (bars[name] for name in ("close", "open", "high", "low"))
    move, before = close.diff().fillna(0.0), close.shift()
    gain, loss = (part.clip(lower=0.0).ewm(alpha=1 / 14, adjust=False).mean() for part in (move, -move))
    reach = np.maximum(high, before) - np.minimum(low, before)
    atr = reach.ewm(alpha=1 / 14, adjust=False).mean()
    asked = (100 * gain / (gain + loss) < 30) & (close > vbt.MA.run(close, 50).ma)
    asked.iloc[:49] = False
    stop = 2 * atr.shift() / opened
    return vbt.Portfolio.from_signals(
        close, asked.vbt.fshift(1, fill_value=False), False, open=opened, high=high, low=low, price=opened,
        sl_stop=stop, tp_stop=2 * stop, stop_entry_price="price", init_cash=CAPITAL, fees=FEE, engine=engine,
    )  # fmt: skip


def main():
    """Run one workload."""
    columns = dict(
        zip(("timestamp", "open", "high", "low", "close", "volume"), np.load(sys.argv[1]), strict=True)
    )
    bars = {name: pd.Series(column) for name, column in columns.items() if name != "timestamp"}
    work = {"a": cross, "b": reversion}[sys.argv[2]]
    portfolio, times = work(bars, sys.argv[3]), []
    for _ in range(REPEATS):
        began = perf_counter()
        work(bars, sys.argv[3])
        times.append(perf_counter() - began)
    orders = portfolio.orders.records
    entered = orders["idx"][orders["side"] == 0].tolist()
    print(
        json.dumps(
            {"value": float(portfolio.final_value()), "entered": entered, "ms": round(min(times) * 1000, 1)}
        )
    )


if __name__ == "__main__":
    main()
