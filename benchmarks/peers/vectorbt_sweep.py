"""vectorbt's own sweep, run by benchmarks/sweep.py with the interpreter of an environment that has vectorbt.

Its documented way: moving averages of all windows at once, crossings, and one portfolio over all columns. Reads what to do
from standard input and prints one line of JSON.
"""

import json
import resource
import sys
from time import perf_counter, process_time

import numpy as np
import pandas as pd
import vectorbt as vbt

order = json.load(sys.stdin)
data = np.load(order["bars"])
close, opened = pd.Series(data["close"]), pd.Series(data["open"])


def run(pairs):
    """Final values and numbers of trades."""
    fast = vbt.MA.run(close, [pair[0] for pair in pairs], short_name="fast")
    slow = vbt.MA.run(close, [pair[1] for pair in pairs], short_name="slow")
    entries = fast.ma_crossed_above(slow).shift(1, fill_value=False)
    exits = fast.ma_crossed_below(slow).shift(1, fill_value=False)
    made = vbt.Portfolio.from_signals(
        close, entries, exits, price=opened, fees=order["fee"], init_cash=10_000, freq="1min"
    )
    return made.final_value().tolist(), made.trades.count().tolist()


pairs, chunk = order["pairs"], order["chunk"]
run(pairs[:2])  # compiled and warm
began, busy = perf_counter(), process_time()
final, trades = [], []
for first in range(0, len(pairs), chunk):
    values, counts = run(pairs[first : first + chunk])
    final += values
    trades += counts
took, worked = perf_counter() - began, process_time() - busy
print(
    json.dumps(
        {
            "version": vbt.__version__,
            "combinations": len(pairs),
            "combinations_per_cpu_s": round(len(pairs) / worked, 2),
            "combinations_per_s": round(len(pairs) / took, 2),
            "peak_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
            "final": final,
            "trades": trades,
        }
    )
)
