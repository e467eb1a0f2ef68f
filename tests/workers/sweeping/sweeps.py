"""A home with candles, and specs to run on them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from db.candles import CandleStore, Series
from openoutcry.backtest.fills import FillModel
from openoutcry.backtest.search.spec import Forward, SweepSpec
from openoutcry.backtest.search.trial import Trial
from openoutcry.backtest.search.varying import mapping_of
from tests.openoutcry.backtest.search.subjects import COSTS, FAST, SLOW, crossing, market
from tests.openoutcry.strategy.given import DEFAULTS
from workers.sweeping.market import same_series, stored_series
from workers.sweeping.run import run_sweep, subject_of

SERIES = Series("binance", "BTC/USDT", "1h")
PLAIN = {SLOW: {"low": 10, "high": 24, "step": 2}, FAST: {"low": 2, "high": 5, "step": 1}}


def home_with_candles(home: Path, bars: int = 2400) -> Path:
    CandleStore(home).merge(SERIES, market(bars))
    return home


def spec(home: Path, vary: dict[str, Any] | None = None, **changes: Any) -> SweepSpec:
    """A grid of 32 combinations unless told otherwise."""
    _, found = stored_series(home, "binance", "BTC/USDT", "1h", None, None)
    told = {
        "strategy": mapping_of(crossing()), "market": found, "costs": COSTS, "fills": FillModel(), "method": "grid",
        "trials": 32, "objective": "sharpe_ratio", "min_trades": 5, "vary": tuple((vary or PLAIN).items()),
        "forward": Forward(), **changes,
    }  # fmt: skip
    return SweepSpec.model_validate(told)


class Looking:
    """A watch that remembers, and does something at the first progress."""

    def __init__(self, first: Callable[[], Any] = lambda: None, stop_after: int = 10**9) -> None:
        self.seen: list[tuple[str, int, int, float | None]] = []
        self._first, self._stop_after = first, stop_after

    def progress(self, part: str, done: int, total: int, best: Trial | None) -> None:
        self.seen.append((part, done, total, None if best is None else best.score))
        if done:
            first, self._first = self._first, lambda: None
            first()

    def stopped(self) -> bool:
        return bool(self.seen) and self.seen[-1][1] >= self._stop_after


def run(home: Path, asked: SweepSpec, workers: int = 1, watch: Any = None) -> dict[str, Any]:
    """In memory."""
    subject = subject_of(asked, same_series(home, asked.market), DEFAULTS, home)
    return run_sweep(asked, subject, workers, watch or Looking())
