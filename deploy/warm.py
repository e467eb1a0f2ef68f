"""python -m deploy.warm: compile the backtest kernels once, so that no backtest has to wait for it.

Runs a small backtest of every kind that has loops of its own. What is compiled already is only loaded.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from wire.compiling import ROOT, keep_kernels
from wire.strategies import load_trading_defaults

if TYPE_CHECKING:
    from openoutcry.backtest.series import Series
    from openoutcry.strategy.defaults import TradingDefaults

BARS = 3_000
START_MS = int(datetime(2024, 1, 1, tzinfo=UTC).timestamp() * 1000)
CROSS = {"window_fast": 5, "window_slow": 20}
ENTRY = (
    ("sma_cross_up", "TRIGGER", CROSS), ("is_above_sma", "FILTER", {"window": 10}),
    ("rsi_overbought", "FILTER", {"window": 14, "threshold": 50}),
)  # fmt: skip
EXIT = (("sma_cross_down", "TRIGGER", CROSS),)


def main() -> None:
    """Compile into the folder of this installation."""
    keep_kernels(ROOT / ".cache")
    from openoutcry.backtest.perpetual import (
        Perpetual,  # loads the compiler, which has to know the folder first
    )
    from openoutcry.backtest.run import backtest
    from openoutcry.market.candles import FundingRates
    from openoutcry.strategy.rules import parse_strategy

    defaults, series = load_trading_defaults(ROOT / ".cache"), walk()
    times = series.candles.timestamp[::480]
    funding = FundingRates.of(times, np.full(len(times), 0.0001))
    for positions in (1, 2):
        strategy = parse_strategy(
            {
                "name": "warm", "asset": "BTC/USDT:USDT", "relaxed": True, "entry": rules(ENTRY), "exit": rules(EXIT),
                "execution_config": {"max_open_positions": positions, "atr_period": 2},
            },
            defaults,
        )  # fmt: skip
        for paid in (None, funding):
            backtest(
                strategy,
                series,
                timeframe="1m",
                costs=defaults.backtest_defaults,
                funding=paid,
                perpetual=Perpetual(leverage=2.0),
            ).equity()
    search(defaults, series)


def search(defaults: "TradingDefaults", series: "Series") -> None:
    """A combination the short way and one the long way."""
    from openoutcry.backtest.fills import FillModel
    from openoutcry.backtest.search.evaluate import Evaluator, Subject
    from openoutcry.backtest.search.objective import read_objective
    from openoutcry.backtest.search.space import read_space
    from openoutcry.backtest.search.varying import mapping_of
    from openoutcry.backtest.splits import Span
    from openoutcry.strategy.rules import parse_strategy

    strategy = {
        "name": "warm", "asset": "BTC", "relaxed": True, "entry": rules(ENTRY), "exit": rules(EXIT),
        "execution_config": {"max_open_positions": 1, "atr_period": 2},
    }  # fmt: skip
    base = mapping_of(parse_strategy(strategy, defaults))
    for path in ("entry[0].params.window_fast", "reward_factor"):
        subject = Subject(
            base=base, defaults=defaults, space=read_space({path: "2:3"}), series=series, costs=defaults.backtest_defaults,
            fills=FillModel(), perpetual=None, funding=None, seed=0, objective=read_objective("sharpe_ratio", 0),
            period_ms=60_000,
        )  # fmt: skip
        Evaluator(subject).trial(0, {path: 3}, [Span(0, BARS)])


def rules(named: tuple[tuple[str, str, dict[str, int]], ...]) -> list[dict[str, object]]:
    """Rules on the base bars."""
    return [
        {"name": name, "signal_type": kind, "timeframe": "1m", "params": params}
        for name, kind, params in named
    ]


def walk() -> "Series":
    """A seeded walk of one-minute bars."""
    from openoutcry.backtest.series import Series
    from openoutcry.market.candles import Candles

    close = 100 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.001, BARS)))
    stamps = START_MS + 60_000 * np.arange(BARS)
    return Series.of(Candles.of(stamps, close, close * 1.001, close * 0.999, close, np.ones(BARS)), "1m")


if __name__ == "__main__":
    main()
