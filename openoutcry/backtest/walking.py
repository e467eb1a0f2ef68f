"""A strategy on consecutive windows of one series: each a backtest of its own, warmed up by the bars before it.

Importing this loads the compiler, as ``run`` does.
"""

from collections.abc import Callable

from openoutcry.backtest.metrics import measure
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.run import Strategy, backtest
from openoutcry.backtest.series import Series
from openoutcry.errors import BadInput
from openoutcry.market.candles import Candles, FundingRates
from openoutcry.strategy.execution import Costs, ExecutionConfig
from openoutcry.strategy.promotion import WINDOWS, Window, sub_windows
from openoutcry.types.timeframes import from_millis

LEAST_BARS = 2
Say = Callable[[int, int, str], None]
"""Told how far it is: steps done, steps in all, and of which."""


def walk(
    strategy: Strategy,
    candles: Candles,
    *,
    first: int,
    timeframe: str,
    costs: Costs,
    config: ExecutionConfig,
    seed: int,
    funding: FundingRates | None = None,
    perpetual: Perpetual | None = None,
    say: Say = lambda done, of, word: None,
) -> tuple[tuple[Window, ...], Outcome]:
    """Three windows over the bars from ``first`` on, and one run over all of them.

    A position open at a window's end is closed there, as at the end of any backtest. Raises BadInput for too few bars.
    """
    count = max(0, len(candles) - first)
    ranges = [range(first + part.start, first + part.stop) for part in sub_windows(count)]
    if len(ranges[0]) < LEAST_BARS:
        raise BadInput(f"start: {count} bars cannot be cut into {WINDOWS} windows; give more", field="start")
    Series.of(candles, timeframe)

    def run(start: int, stop: int) -> Outcome:
        return backtest(
            strategy,
            candles[:stop],
            timeframe=timeframe,
            costs=costs,
            config=config,
            seed=seed,
            funding=funding,
            perpetual=perpetual,
            start=start,
        )

    windows = []
    for number, part in enumerate(ranges, start=1):
        say(number - 1, WINDOWS + 1, f"window {number} of {WINDOWS}")
        outcome = run(part.start, part.stop)
        windows.append(
            Window(
                number=number,
                start=from_millis(int(candles.timestamp[part.start])),
                end=from_millis(int(outcome.times()[-1])),
                metrics=measure(outcome).to_dict(),
            )
        )
    say(WINDOWS, WINDOWS + 1, "all windows together")
    return tuple(windows), run(ranges[0].start, ranges[-1].stop)
