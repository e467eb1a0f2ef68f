"""Every shipped strategy trades on real candles, and none of them sees the future."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from openoutcry.backtest.metrics import measure
from openoutcry.backtest.outcome import Outcome
from openoutcry.backtest.perpetual import Perpetual
from openoutcry.backtest.run import backtest
from openoutcry.market.candles import Candles
from openoutcry.strategy.execution import Costs
from openoutcry.strategy.masks import warm_up
from openoutcry.strategy.rules import RuleStrategy
from openoutcry.types.symbols import Symbol
from tests.openoutcry.strategy.given import DEFAULTS
from wire.config import CONFIG_FOLDER
from wire.strategies import load_strategy

DATA = Path(__file__).parents[4] / "shared" / "data"
SHIPPED = sorted(path.stem for path in (CONFIG_FOLDER / "strategies").glob("*.yaml"))
COSTS = Costs(fee_pct=0.001, slippage_pct=0.0005)


@cache
def candles(symbol: Symbol) -> Candles:
    """Hourly candles of 2023 on."""
    path = DATA / ("perp" if symbol.settle else "spot") / f"{symbol.joined}_1h.parquet"
    if not path.exists():
        pytest.skip(f"{path} is not here: real market data is only beside the development tree")
    import pyarrow.parquet as parquet

    table = parquet.read_table(path)
    columns = [table[name].to_numpy() for name in ("timestamp", "open", "high", "low", "close", "volume")]
    first = int(np.searchsorted(columns[0], 1_672_531_200_000))
    return Candles.of(*(column[first:] for column in columns))


def run(name: str) -> tuple[RuleStrategy, Outcome]:
    found = load_strategy(name, Path("/nowhere"), DEFAULTS)
    perpetual = Perpetual() if found.symbol.settle else None
    made = backtest(found, candles(found.symbol), timeframe="1h", costs=COSTS, seed=1, perpetual=perpetual)
    return found, made


@pytest.mark.parametrize("name", SHIPPED)
def test_it_trades_on_real_candles(name: str) -> None:
    found, made = run(name)
    figures = measure(made)
    assert figures.total_trades == len(made) >= 10
    assert int(made.trades.entry_bar[0]) > warm_up(found, "1h")
    assert {row["side"] for row in made.rows()} == {found.side}
    assert 0.0 < figures.exposure < 1.0
    assert figures.net_pnl == pytest.approx(float(made.trades.pnl.sum()), abs=1e-6)
    assert figures.expectancy == pytest.approx(figures.net_pnl / len(made), abs=1e-6)


def test_the_figures_of_a_run_are_those_of_its_trades_and_its_curve() -> None:
    _, made = run("donchian_breakout")
    figures, rows = measure(made), list(made.rows())
    wins = [row["outcome"] == "win" for row in sorted(rows, key=lambda row: row["exit_timestamp"])]
    streaks = "".join("w" if won else "l" for won in wins)
    assert figures.win_rate == sum(wins) / len(wins)
    assert figures.max_consecutive_wins == max(map(len, streaks.split("l")))
    assert figures.max_consecutive_losses == max(map(len, streaks.split("w")))
    opens, closes = made.series.candles.timestamp, made.times()
    held = np.zeros(len(opens), dtype=bool)
    for begun, over in zip(made.entry_times(), made.exit_times(), strict=True):
        held |= (closes > begun) & (opens < over)
    assert figures.exposure == held.mean()
    assert figures.ending_balance == made.equity()[-1] == pytest.approx(made.final_balance)
    bars = candles(load_strategy("donchian_breakout", Path("/nowhere"), DEFAULTS).symbol)
    assert figures.benchmark_return == pytest.approx(bars.close[-1] / bars.open[0] - 1)
